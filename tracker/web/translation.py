"""What errors of the rooms are called in the visitor's language: by code, with the values they carry."""

from __future__ import annotations

from collections.abc import Mapping

from tracker.identity.errors import TrackerError
from tracker.web.i18n import N_, SOURCE_LANGUAGE
from tracker.web.rendering import translate
from tracker.web.visitor import Visitor

#: Code → text. Codes without a text here are shown as the room says them, in English.
ERRORS: Mapping[str, str] = {
    "wrong_credentials": N_("The e-mail address or the password is wrong."),
    "too_many_tries": N_("Too many failed sign-ins. Wait five minutes, then try again."),
    "weak_password": N_(
        "A new password of at least 12 characters is needed, different from the present one."
    ),
    "forbidden": N_("Your role does not allow this."),
    "foreign_form": N_("The form was sent from another site and was refused."),
    "stale_form": N_("The form is out of date. Go back, reload the page and try again."),
    "agency_exists": N_("This agency code is taken."),
    "unknown_agency": N_("There is no such agency within what you may administer or see."),
    "unknown_user": N_("There is no such user within what you may administer."),
    "not_your_user": N_("The user also belongs to agencies of other administrators."),
    "unknown_token": N_("There is no such token, or it was revoked already."),
    "blank_name": N_("A name is needed."),
}


def error_text(visitor: Visitor, error: TrackerError) -> str:
    """The error in the visitor's language; English where no translation is known."""
    text = ERRORS.get(error.code)
    if text is None or visitor.language == SOURCE_LANGUAGE:
        return _sentence(error.message)
    return translate(visitor, text)


def code_text(visitor: Visitor, code: str, message: str) -> str:
    """What a code of the importers or the inventory means; `message`, in English, where it is not known."""
    text = ERRORS.get(code)
    if text is None or (visitor.language == SOURCE_LANGUAGE and message != code):
        return _sentence(message)
    return translate(visitor, text)


def _sentence(text: str) -> str:
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "!", "?", ":")) else f"{whole}."
