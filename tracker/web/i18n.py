"""Languages of the pages: English is the source, translations are .po files compiled when they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
#: Language → its own name, in the order of the language switch.
LANGUAGES: Mapping[str, str] = {"en": "English", "id": "Bahasa Indonesia"}
SOURCE_LANGUAGE = "en"


@cache
def load_translations(language: str) -> NullTranslations:
    """Translations into `language`; the source language needs none."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalog = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


def N_(text: str) -> str:  # noqa: N802 - the usual name of the marker
    """Mark `text` for translation where it is written; it is translated where it is shown."""
    return text


def pick_language(wished: str | None, own: str | None, accepted: str, default: str) -> str:
    """The language to show: chosen by cookie, the user's own, the browser's first that we have, the default."""
    for known in (wished, own):
        if known is not None and known in LANGUAGES:
            return known
    for part in accepted.split(","):
        language = part.split(";")[0].strip().split("-")[0].lower()
        # Old browsers still send the former code of Indonesian.
        language = "id" if language == "in" else language
        if language in LANGUAGES:
            return language
    return default
