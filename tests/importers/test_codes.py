"""docs/formats.md explains every code that a file can be refused with or a row can be pointed out by."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from importers import layout_rows
from importers.rows import Record

ROOT = Path(__file__).parents[2]
SOURCES = (*(ROOT / "importers").rglob("*.py"), ROOT / "tracker" / "inventory" / "staging.py",
           ROOT / "tracker" / "inventory" / "lookalikes.py")  # fmt: skip
#: Words that stand where codes do and are none: fields of a record, kinds of rows.
_OTHER = {field.name for field in fields(Record)} | {layout_rows.NUMBERS, layout_rows.GROUP}
_CODE = re.compile(r"[a-z]+(?:[-_][a-z0-9]+)+|encrypted")
#: Calls with the place of their code among the arguments.
_CALLS = {"RefusedFile": 0, "Problem": 3, "_problem": 2, "_refuse": 0, "Day": 2, "Money": 2}
_ROW = re.compile(r"^\| `([a-z0-9_-]+)` \|", re.MULTILINE)


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may stand for: itself, or either side of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _codes_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        for argument in node.args[_CALLS[name] :][:1] if name in _CALLS else ():
            yield from _texts(argument)
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        if node.targets[0].id in ("code", "overflow"):
            yield from _texts(node.value)
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
        if node.targets[0].attr == "overflow":
            yield from _texts(node.value)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and node.value.elts:
        yield from _texts(node.value.elts[0])
    elif isinstance(node, ast.Tuple) and len(node.elts) == 3:
        yield from _texts(node.elts[1])


def codes_of_sources() -> set[str]:
    """Every code that the importers and the staging of their records give."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            found.update(code for code in _codes_of(node) if _CODE.fullmatch(code))
    return found - _OTHER


def test_the_table_of_codes_is_that_of_the_code() -> None:
    documented = _ROW.findall((ROOT / "docs" / "formats.md").read_text("utf-8"))
    assert sorted(documented) == sorted(codes_of_sources())


def test_a_code_stands_in_the_table_once() -> None:
    documented = _ROW.findall((ROOT / "docs" / "formats.md").read_text("utf-8"))
    assert len(documented) == len(set(documented))
