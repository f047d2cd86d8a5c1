"""Every operation with odd values in every place, chosen by a fixed seed: refused or answered, never a 5xx."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any
from urllib.parse import quote

from tests.api.conftest import Api

TRIES = 10
ODD = (
    "0", "1", "-1", "9223372036854775807", "9223372036854775808", "9" * 30, "x", "", "\x00", "%", "_", "'", '"',
    "2026-01-01", "2026-13-45", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "é\U0001f600",
    "a" * 190, "bnVsbA", "WzEsMl0", "WyJhIiwxXQ", "NaN", "1e400", "../..", "-cost", "all", "optimal",
)  # fmt: skip
ODD_MEMBERS: tuple[Any, ...] = (
    None, 1, -1, 2**70, "", "x" * 10_000, "\ud800", "\x00", [], {}, [1, 2], {"2027": "1e400"}, {"2027": "-0"},
    True, 1.5, "NaN",
)  # fmt: skip
ODD_BODIES: tuple[Any, ...] = (
    [], {}, None, "x", [{"text": "\x00"}], [{"text": "x" * 2_000, "version": "9" * 400}],
)  # fmt: skip
ODD_FILES = (
    ("a.xlsx", b"PK\x03\x04"),
    ("..", b"a,b\n1,2\n"),
    ("é" * 200 + ".csv", b"Asset Tag;Name\nX1;PC\n"),
)


def test_never_a_server_error(api: Api) -> None:
    random, seen = Random(7), Counter[int]()
    for path, operations in api.client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            if path.endswith("/sync"):
                continue
            for _ in range(TRIES):
                address, query = _address(random, path, operation)
                response = api.call("root", method.upper(), address, params=query, **_body(random, operation))
                seen[response.status_code] += 1
                assert response.status_code < 500, (method, address, query, response.text)
                if response.status_code >= 400:
                    assert response.headers["content-type"] == "application/problem+json"
    assert seen[200] > 20 and seen[404] > 20 and seen[422] > 100


def _address(random: Random, path: str, operation: dict[str, Any]) -> tuple[str, dict[str, str]]:
    query = {}
    for parameter in operation.get("parameters", []):
        value = random.choice(ODD)
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", quote(value or "x", safe=""))
        elif parameter["in"] == "query" and (parameter.get("required") or random.random() < 0.4):
            query[parameter["name"]] = value
    return path.removeprefix("/api/v1"), query


def _body(random: Random, operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        data = {"agency": random.choice(("A", "ZZ", "\x00", ""))}
        return {"files": {"file": random.choice(ODD_FILES)}, "data": data}
    if "application/json" not in content:
        return {}
    examples = [one["value"] for one in content["application/json"].get("examples", {}).values()]
    body = dict(examples[0]) if examples and isinstance(examples[0], dict) else None
    if body:
        body[random.choice(list(body))] = random.choice(ODD_MEMBERS)
    sent = body or random.choice(ODD_BODIES)
    return {"content": json.dumps(sent).encode(), "headers": {"Content-Type": "application/json"}}
