"""What the title block above a table says: whose things these are, and in which room they stand."""

from __future__ import annotations

from collections.abc import Sequence

from importers.layout import Row
from importers.values.text import compact, text_of
from importers.vocabulary import Vocabulary

_LONGEST = 120


def read_titles(rows: Sequence[Row], vocabulary: Vocabulary) -> dict[str, str]:
    """{'agency_text': …, 'location': …} from lines such as 'SKPD : Dinas …' or 'RUANGAN', ': Lab'."""
    found: dict[str, str] = {}
    for _, values in rows:
        texts = [text for value in values if (text := text_of(value))]
        line = " ".join(texts)
        name, colon, rest = line.partition(":")
        if not colon or not rest.strip() or len(rest) > _LONGEST:
            continue
        field = vocabulary.titles.get(compact(name))
        if field and field not in found:
            found[field] = rest.strip()
    return found
