"""Reading what a form sends: only from our own pages, only with the visitor's token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.datastructures import FormData

from tracker.identity.errors import Forbidden
from tracker.web.visitor import Guest, Visitor

#: As many as a sheet may have columns, and some more.
MOST_FIELDS = 300
TOKEN_FIELD = "csrf_token"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a form, without those left blank."""

    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        """The field's text, '' when blank or absent."""
        return self.fields.get(name, "")

    def find(self, name: str) -> str | None:
        """The field's text, None when blank or absent."""
        return self.fields.get(name) or None


def check_origin(request: Request) -> None:
    """Browsers say where a form comes from; another site's is refused.

    Raises:
        Forbidden: the form was sent from elsewhere.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("foreign_form", "the form was sent from another site")


def check_token(visitor: Visitor, token: object) -> None:
    """Compare the form's token with the visitor's.

    Raises:
        Forbidden: it is missing or another one.
    """
    if not isinstance(token, str) or not secrets.compare_digest(token.encode(), visitor.csrf_token.encode()):
        raise Forbidden("stale_form", "the form is out of date: go back, reload the page and try again")


async def read_form(request: Request, visitor: Guest) -> Posted:
    """The form of a request, checked.

    Raises:
        Forbidden: it comes from another site or without the visitor's token.
    """
    check_origin(request)
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
        check_token(visitor, form.get(TOKEN_FIELD))
        return posted(form)


def posted(form: FormData) -> Posted:
    """The text fields of a parsed form."""
    texts = {key: value for key, value in form.items() if isinstance(value, str) and key != TOKEN_FIELD}
    # Passwords are taken as typed, spaces included.
    trimmed = {key: value if "password" in key else value.strip() for key, value in texts.items()}
    return Posted({key: value for key, value in trimmed.items() if value})


Form = Annotated[Posted, Depends(read_form)]


def field_errors(error: ValidationError) -> dict[str, str]:
    """{field: what is wrong} of a Pydantic error, the first of each field."""
    found: dict[str, str] = {}
    for one in error.errors():
        name = str(one["loc"][0]) if one["loc"] else ""
        found.setdefault(name, one["msg"].removeprefix("Value error, "))
    return found
