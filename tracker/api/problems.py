"""Errors of the API: RFC 9457 problem details, the same shape for every status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"
_SCHEMA = "#/components/schemas/Problem"


class Problem(BaseModel):
    """What went wrong. `code` is stable and for programs, `detail` is for people; more members may follow."""

    model_config = ConfigDict(extra="allow")
    type: str = Field(description="Always about:blank: `code` tells problems apart.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str
    code: str
    instance: str = Field(description="The path that was asked for.")


def problem_response(
    instance: str,
    status: int,
    code: str,
    detail: str,
    *,
    more: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem as a response. `more` are further members; they never replace the agreed ones."""
    body = {
        **jsonable_encoder(dict(more or {})),
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": instance,
    }
    return JSONResponse(body, status, dict(headers or {}), media_type=MEDIA_TYPE)


def validation_errors(errors: Sequence[Any]) -> list[dict[str, object]]:
    """What a request's validation found, without the values: a value may be a secret."""
    return [
        {"where": [str(part) for part in error["loc"]], "message": error["msg"], "kind": error["type"]}
        for error in errors
    ]


_EXAMPLES: dict[int, tuple[str, str]] = {
    400: ("bad_request", "There was an error parsing the body"),
    401: ("unauthenticated", "sign in, or send a token: Authorization: Bearer trk_…"),
    403: ("forbidden", "You may not do this: scan is needed."),
    404: ("unknown_agency", "there is no agency with the code 'X'"),
    409: ("agency_exists", "the agency code 'DINKES' is taken"),
    413: ("too_large", "the request is larger than 10000000 bytes"),
    422: ("invalid_request", "body.budgets: Field required"),
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that can answer with these problems."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": _SCHEMA}, "example": _example(status)}},
        }
        for status in statuses
    }


def _example(status: int) -> dict[str, object]:
    code, detail = _EXAMPLES[status]
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": "/api/v1/…",
    }
