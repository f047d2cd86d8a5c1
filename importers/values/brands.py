"""Brand and model that share a cell."""

from __future__ import annotations

import re

from importers.vocabulary import Vocabulary

_TOKEN = re.compile(r"[^\s/|]+")
#: What people write between maker and model.
_BETWEEN = " \t/|,;:–-"


def split_brand(text: str, vocabulary: Vocabulary) -> tuple[str | None, str | None]:
    """(brand, model) of 'ASUS X441U', 'HP / ProBook 440' or 'Dell/Latitude 7400'.

    Without a known maker, a single word without digits is a brand, and anything else a model.
    """
    ends = [match.end() for match in _TOKEN.finditer(text)][:4]
    for end in reversed(ends):
        if text[:end].casefold().rstrip(",") in vocabulary.makers:
            rest = text[end:].lstrip(_BETWEEN).rstrip()
            if rest.casefold() in vocabulary.maker_suffixes:
                return text, None
            return text[:end].rstrip(","), rest or None
    if len(ends) == 1 and not any(sign.isdigit() for sign in text):
        return text, None
    return None, text
