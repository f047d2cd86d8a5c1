"""What errors of the rooms are called in the visitor's language: by code, with the values they carry."""

from __future__ import annotations

from tracker.identity.errors import TrackerError
from tracker.web.codes import TEXTS
from tracker.web.i18n import SOURCE_LANGUAGE, load_translations
from tracker.web.rendering import translate
from tracker.web.visitor import Visitor


def error_text(visitor: Visitor, error: TrackerError) -> str:
    """The error in the visitor's language; English where no translation is known."""
    text = TEXTS.get(error.code)
    if text is None or visitor.language == SOURCE_LANGUAGE:
        # A file's name is a heading of its own on the page: the sentence after it is enough.
        return _sentence(error.message.removeprefix(f"{error.detail.get('filename')}: "))
    return translate(visitor, text)


def code_text(visitor: Visitor, code: str, message: str) -> str:
    """What a code of the importers or the inventory means; `message`, in English, where it is not known."""
    return explain(visitor.language, code, message)


def explain(language: str, code: str, message: str) -> str:
    """What a code means in `language`; `message`, in English, where it is not known."""
    text = TEXTS.get(code)
    if text is None or (language == SOURCE_LANGUAGE and message != code):
        return _sentence(message)
    return load_translations(language).gettext(text)


def _sentence(text: str) -> str:
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "!", "?", ":")) else f"{whole}."
