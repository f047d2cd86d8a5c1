"""Which texts there are to translate, and bringing a .po file up to date with them.

`python -m tracker.web.messages` adds new texts to every translation, untranslated, and drops those that are gone.
"""

from __future__ import annotations

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from tracker.web.i18n import LANGUAGES, LOCALES, SOURCE_LANGUAGE

WEB = LOCALES.parent
#: Babel has two plural forms for Indonesian; Indonesian has one.
PLURALS = {"id": (1, "0")}
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
_OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}


def extract_messages() -> Catalog:
    """Every text of the pages, in the order of the files that hold them."""
    template = Catalog(project="asset-tracker", charset="utf-8")
    found = extract_from_dir(WEB, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS)
    for filename, _, message, comments, context in sorted(found, key=lambda one: (one[0], one[1])):
        template.add(message, locations=[(filename, 0)], auto_comments=comments, context=context)
    return template


def read_catalog(language: str) -> Catalog:
    """The translations of a language as its file has them."""
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return read_po(source, locale=language)


def update(language: str) -> Catalog:
    """Bring a language's file up to date; returns what it holds now."""
    catalog = read_catalog(language)
    catalog.update(extract_messages(), no_fuzzy_matching=True)
    catalog._num_plurals, catalog._plural_expr = PLURALS[language]  # type: ignore[assignment]
    catalog.obsolete.clear()
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("wb") as target:
        write_po(target, catalog, width=110, omit_header=False, no_location=True, sort_output=True)
    return catalog


def main() -> None:
    """Update every translation and say how many texts are untranslated."""
    for language in LANGUAGES:
        if language != SOURCE_LANGUAGE:
            catalog = update(language)
            missing = [message.id for message in catalog if message.id and not message.string]
            print(f"{language}: {len(catalog)} texts, {len(missing)} untranslated")


if __name__ == "__main__":
    main()
