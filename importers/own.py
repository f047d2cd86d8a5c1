"""Our own list: the template that agencies fill in and the export of their assets (data/own.json).

What is written by these names is read by them without guessing: columns by header alone, classes and states
by the words offered, a software per line. A leading apostrophe keeps a spreadsheet from taking a text for a
formula; `protect` adds it and `bare` takes it away again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

from importers.drafts import Draft, Issue, Setter
from importers.rows import SoftwareName, SoftwareRole
from importers.values.text import compact, text_of
from importers.vocabulary import read_data

LANGUAGES = ("en", "id")
#: The reason for which the example row of the template is skipped.
EXAMPLE = "example-row"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MARK = "'"
#: What Excel holds in a cell.
CELL_CHARACTERS = 32_767
SOFTWARE_FIELDS: Mapping[str, SoftwareRole] = {
    "own_system": SoftwareRole.OPERATING_SYSTEM,
    "own_office": SoftwareRole.OFFICE,
    "own_database": SoftwareRole.DATABASE,
    "own_software": SoftwareRole.APPLICATION,
}


@dataclass(frozen=True, slots=True)
class OwnColumn:
    """A column of the list: its field, kind (text, choice, whole, date, amount), width and words by language."""

    field: str
    kind: str
    width: int
    names: Mapping[str, str]
    about: Mapping[str, str]
    example: Mapping[str, str | int]
    export_only: bool


@dataclass(frozen=True, slots=True)
class OwnList:
    """Everything that is said of our own list. `words` is {field: {stored value: {language: word}}}."""

    columns: tuple[OwnColumn, ...]
    words: Mapping[str, Mapping[str, Mapping[str, str]]]
    signature: tuple[str, ...]
    list_sheet: Mapping[str, str]
    guide_sheet: Mapping[str, str]
    problem_sheet: Mapping[str, str]
    guide_headers: Mapping[str, tuple[str, ...]]
    problem_headers: Mapping[str, tuple[str, ...]]
    example_mark: Mapping[str, str]

    def template_columns(self) -> tuple[OwnColumn, ...]:
        """The columns that people fill in."""
        return tuple(column for column in self.columns if not column.export_only)

    def word(self, field: str, value: str | None, language: str) -> str | None:
        """The word for a stored value, the value itself where there is none."""
        if value is None:
            return None
        known = self.words[field].get(value)
        return known[language] if known else value


@cache
def own_list() -> OwnList:
    """The list as shipped."""
    data = read_data("own")
    columns = tuple(
        OwnColumn(
            field=entry["field"],
            kind=entry["kind"],
            width=entry["width"],
            names=entry["names"],
            about=entry.get("about", {}),
            example=entry.get("example", {}),
            export_only=entry.get("export_only", False),
        )
        for entry in data["columns"]
    )
    return OwnList(
        columns=columns,
        words=data["words"],
        signature=tuple(data["signature"]),
        list_sheet=data["list_sheet"],
        guide_sheet=data["guide_sheet"],
        problem_sheet=data["problem_sheet"],
        guide_headers={name: tuple(texts) for name, texts in data["guide_headers"].items()},
        problem_headers={name: tuple(texts) for name, texts in data["problem_headers"].items()},
        example_mark=data["example_mark"],
    )


@cache
def example_marks() -> frozenset[str]:
    """What stands in the first cell of the template's example row, in any language."""
    return frozenset(own_list().example_mark.values())


def protect(text: str) -> str:
    """`text` for a cell of our own list: with an apostrophe before what looks like a formula or begins with one."""
    shown = "".join(" " if sign < " " and sign not in "\t\r\n" else sign for sign in text)
    if shown.startswith(_MARK) or shown.lstrip(" ").startswith(_DANGEROUS):
        shown = _MARK + shown
    return shown[:CELL_CHARACTERS]


def bare(value: object) -> object:
    """The cell as it was before `protect`."""
    return value[1:] if type(value) is str and value.startswith(_MARK) else value


def bared(setter: Setter) -> Setter:
    """`setter` for cells that `protect` may have marked."""

    def run(draft: Draft, value: object) -> Issue | None:
        return setter(draft, bare(value))

    return run


def software_line(name: str, version: str, publisher: str) -> str:
    """A software as one line of a cell: 'name | version | publisher', as few parts as say it."""
    parts = [part.replace("|", "||") for part in (name, version, publisher)]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return " | ".join(parts)


def read_software_line(line: str, role: SoftwareRole) -> SoftwareName | None:
    """What `software_line` wrote, or a name alone; None for a blank line."""
    parts = [part.replace("\0", "|").strip() for part in line.replace("||", "\0").split("|")]
    name, version, publisher = (*parts, "", "")[:3]
    return SoftwareName(name, version or None, publisher or None, role) if name else None


def _choice(field: str) -> Setter:
    code = "class-unknown" if field == "stated_class" else "scope-unknown"
    known = {
        compact(word): value
        for value, words in own_list().words[field].items()
        for word in (*words.values(), value)
    }

    def run(draft: Draft, value: object) -> Issue | None:
        text = text_of(value)
        found = known.get(compact(text))
        if found is None:
            return (code, "the word is none of those to choose from") if compact(text) else None
        setattr(draft, field, found)
        return None

    return run


def _software(role: SoftwareRole) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        lines = str(value).splitlines() if isinstance(value, str) else [text_of(value)]
        names = tuple(item for line in lines if (item := read_software_line(line, role)))
        if names:
            draft.software.append(names)
            if role is SoftwareRole.OPERATING_SYSTEM:
                first = names[0]
                draft.record.os = " ".join(filter(None, (first.publisher, first.name, first.version)))
        return None

    return run


def _content_key(draft: Draft, value: object) -> Issue | None:
    draft.record.content_key = text_of(value) or None
    return None


#: How the fields that only our own list has are read.
SETTERS: Mapping[str, Callable[[], Setter]] = {
    "stated_class": lambda: _choice("stated_class"),
    "stated_scope": lambda: _choice("stated_scope"),
    "content_key": lambda: _content_key,
    **{field: partial(_software, role) for field, role in SOFTWARE_FIELDS.items()},
}
