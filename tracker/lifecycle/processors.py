"""Which processors the next operating system takes, read from how inventories write them. Pure; the table is data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Family:
    """A family of processors and whether the operating system takes it; `supported` is None where it depends.

    `pattern` finds it in a text. A group `model` holds a model number whose leading digits are the
    generation (all but the last three), a group `generation` the generation itself: then `below` is the
    first generation that is taken.
    """

    family: str
    pattern: re.Pattern[str]
    supported: bool | None
    below: int | None
    source: str
    verify: bool

    def judge(self, text: str) -> tuple[bool, bool | None]:
        """(whether the text names this family, whether that processor is taken)."""
        found = self.pattern.search(text)
        if found is None:
            return False, None
        if self.below is None:
            return True, self.supported
        groups = found.groupdict()
        number = groups.get("generation") or (groups.get("model") or "")[:-3]
        return True, int(number) >= self.below if number else None


@dataclass(frozen=True, slots=True)
class Found:
    """What a text names: the family, and whether it is taken."""

    family: str
    supported: bool
    source: str
    verify: bool


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the next operating system asks of processors: it replaces releases of `product` that do not begin
    with `release`, and was out on `since_on`."""

    name: str
    product: str
    release: str
    since_on: date
    families: tuple[Family, ...]

    def find_family(self, text: str) -> Found | None:
        """What `text` says of a processor; None where it names none, or one of which it depends."""
        for one in self.families:
            named, supported = one.judge(text)
            if named:
                return None if supported is None else Found(one.family, supported, one.source, one.verify)
        return None


@cache
def windows_11() -> Requirement:
    """The shipped table: Windows 11."""
    path = resources.files("tracker.lifecycle.data") / "processors.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    families = tuple(
        Family(
            one["family"],
            re.compile(one["pattern"], re.IGNORECASE),
            one.get("supported"),
            one.get("below"),
            raw["sources"][one["source"]],
            one.get("verify", False),
        )
        for one in raw["families"]
    )
    return Requirement(
        raw["name"], raw["product"], raw["release"], date.fromisoformat(raw["since_on"]), families
    )
