"""Decided names as files: csv for people, json for programs; from one agency or installation to another."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping

from pydantic import TypeAdapter, ValidationError

from importers.own import bare, protect
from tracker.identity.errors import Refused
from tracker.inventory.suggestions import DecidedName

FIELDS = tuple(DecidedName.model_fields)
#: So many names are read at once.
MOST_NAMES = 20_000
_names = TypeAdapter(list[DecidedName])


def to_csv(names: Iterable[Mapping[str, object]]) -> str:
    """Names under a row of headings; nothing in them is taken for a formula."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(FIELDS)
    for name in names:
        writer.writerow(["" if name[field] is None else protect(str(name[field])) for field in FIELDS])
    return target.getvalue()


def to_json(names: Iterable[Mapping[str, object]]) -> str:
    """Names as a list of objects."""
    return json.dumps(
        [{field: name[field] for field in FIELDS} for name in names], ensure_ascii=False, indent=1
    )


def read_names(content: bytes) -> list[DecidedName]:
    """The names of a csv or json file.

    Raises:
        Refused: the file is neither, holds too many names, or one that is no decision.
    """
    try:
        text = content.decode("utf-8-sig").lstrip()
        rows = json.loads(text) if text.startswith("[") else list(_csv_rows(text))
        if not isinstance(rows, list) or len(rows) > MOST_NAMES:
            raise Refused("bad_names", f"the file is no list of at most {MOST_NAMES} names")
        return _names.validate_python(rows)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refused("bad_names", f"name {where}: {first['msg']}") from error
    except (ValueError, csv.Error) as error:
        raise Refused("bad_names", "the file is neither csv nor json of names") from error


def _csv_rows(text: str) -> Iterable[dict[str, object]]:
    for row in csv.DictReader(io.StringIO(text, newline="")):
        yield {field: bare(row.get(field)) or None for field in FIELDS if row.get(field)}
