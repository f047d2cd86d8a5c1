"""The description of the API: whole, with examples that fit, and true to what is answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from tests.api.conftest import Api
from tracker.catalogue.models import Product, Release
from tracker.db import reserve_ids, transaction

METHODS = {"get", "post", "put", "patch", "delete"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of the description."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield path, method, operation


def references(node: Any) -> Iterator[str]:
    """Every $ref below `node`."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_description_is_whole(sqlite_api: Api) -> None:
    document = sqlite_api.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    assert set(references(document)) <= {f"#/components/schemas/{name}" for name in schemas}
    assert set(document["components"]["securitySchemes"]) == {"token", "session", "csrf"}
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids)) > 30
    assert all(path.startswith("/api/v1/") for path in document["paths"])


def test_every_operation_is_described(sqlite_api: Api) -> None:
    document = sqlite_api.client.get("/openapi.json").json()
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["description"] and operation["tags"] and operation["security"], where
        assert set(operation["responses"]) >= {"401", "403", "422"}, where
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], where
        body = operation.get("requestBody", {}).get("content", {})
        if "application/json" in body and "{" not in path:
            assert body["application/json"].get("examples"), where
        for parameter in operation.get("parameters", []):
            if "{" + parameter["name"] + "}" in path:
                assert parameter["required"], where


def test_lists_are_pages(sqlite_api: Api) -> None:
    document = sqlite_api.client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    pages = {name for name in schemas if name.startswith("Page_")}
    assert len(pages) >= 8
    assert all(set(schemas[name]["properties"]) == {"items", "next"} for name in pages)


def add_products(api: Api) -> None:
    """The products that examples name."""
    with transaction(api.engine) as session:
        snapshot_id = session.execute(text("SELECT MIN(id) FROM catalogue_snapshot")).scalar_one()
        for slug, release in (("windows", "10-22h2"), ("libreoffice", "24.8")):
            ids = reserve_ids(session, 2)
            session.add(Product(id=ids[0], slug=slug, label=slug.title(), category="os", aliases=[], identifiers=[],
                                tags=[], labels={}, snapshot_id=snapshot_id))  # fmt: skip
            session.flush()
            session.add(
                Release(id=ids[1], product_id=ids[0], name=release, label=release, version_key=release)
            )


def test_examples_are_accepted(sqlite_api: Api) -> None:
    add_products(sqlite_api)
    document = sqlite_api.client.get("/openapi.json").json()
    sqlite_api.post("root", "/agencies", {"code": "KAB", "name": "Kabupaten", "service_area": "remote"}, 201)
    tried = 0
    for path, method, operation in operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "{" in path or path.endswith("/sync"):
            continue
        for example in body.get("examples", {}).values():
            asked = {
                one["name"]: "KAB"
                for one in operation.get("parameters", ())
                if one["in"] == "query" and one.get("required")
            }
            assert set(asked) <= {"agency"}, f"{path} asks for more than an agency"
            response = sqlite_api.call(
                "root", method.upper(), path.removeprefix("/api/v1"), json=example["value"], params=asked
            )
            assert response.status_code in (200, 201), f"{path}: {response.text}"
            tried += 1
    assert tried >= 7
