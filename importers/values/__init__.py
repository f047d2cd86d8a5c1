"""From one cell to one value: text, money, dates, conditions, ranges, software names. Pure."""
