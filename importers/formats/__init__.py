"""Known formats: how they are recognised and which of their sheets list assets."""
