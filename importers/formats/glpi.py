"""The inventory of one machine as GLPI's agent writes it (JSON), turned into a sheet of one row.

Source: the schema of glpi-project/inventory_format (deviceid, itemtype, content). Names of users, product
keys and other personal content are not taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from importers.layout import Row

_HEADER: list[object] = [
    "Hostname", "Serial number", "UUID", "Asset tag", "Manufacturer", "Model", "Category", "Operating system",
    "Software",
]  # fmt: skip


def rewrite(blocks: Iterable[list[Row]]) -> Iterator[list[Row]]:
    """The blocks as they are, or the machine's own sheet when they hold a GLPI inventory."""
    for block in blocks:
        labels = [str(value) for value in block[0][1]] if block else []
        if block and block[0][0] == 1 and {"content", "deviceid"} <= set(labels):
            at = labels.index("content")
            machines = [_row_of(values[at]) for _, values in block[1:] if at < len(values)]
            yield [(1, list(_HEADER)), *((n, row) for n, row in enumerate(machines, 2) if row is not None)]
        else:
            yield block


def _row_of(text: object) -> list[object] | None:
    try:
        content = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    bios, hardware = _part(content, "bios"), _part(content, "hardware")
    system = _part(content, "operatingsystem")
    names = [_software(item) for item in content.get("softwares") or () if isinstance(item, dict)]
    return [
        hardware.get("name"),
        bios.get("ssn"),
        hardware.get("uuid"),
        bios.get("assettag"),
        bios.get("smanufacturer"),
        bios.get("smodel"),
        hardware.get("chassis_type"),
        system.get("full_name") or system.get("name"),
        "\n".join(name for name in names if name) or None,
    ]


def _part(content: dict[str, Any], name: str) -> dict[str, Any]:
    part = content.get(name)
    return part if isinstance(part, dict) else {}


def _software(item: dict[str, Any]) -> str:
    return " ".join(str(item[key]) for key in ("name", "version") if item.get(key))
