"""An Office Open XML workbook looked at before calamine: its kind, its parts, and each worksheet's reach."""

from __future__ import annotations

import posixpath
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from importers.reading.archive import Member, check_ratio, unpack
from importers.reading.sheetevents import scan_events
from importers.reading.sheetscan import SheetFacts, SheetScan
from importers.reading.xmlparts import NotPlainError, check_large_part, check_part, walk
from importers.rows import Limits, Problem, RefusedFile

CONTENT_TYPES = "[Content_Types].xml"
WORKBOOK = "xl/workbook.xml"
_SHARED_INDEX = re.compile(rb't="s"[^>]*>\s*<v>(\d{1,9})</v>')
_INLINE_TEXT = re.compile(rb"<t(?:\s[^>]*)?>([^<]+)")
# "><t>" and "</t></si>" around the text of a shared string.
_SI_MARKUP = 13
# Above this a worksheet is only checked for what calamine would not notice; expat needs a second for 60 MB.
_STRICT_BYTES = 16_000_000
_MACRO_MARKS = ("vbaproject", "macrosheet")


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A sheet as the workbook lists it. `part` is empty for a chart or dialog, which has no cells."""

    name: str
    hidden: bool
    part: str


@dataclass(slots=True)
class SharedStrings:
    """Sizes in bytes of the shared strings, and whether the part claims absurdly many of them."""

    lengths: array[int] = field(default_factory=lambda: array("L"))
    longest: int = 0
    claimed: int = 0


@dataclass(slots=True)
class Inspection:
    """What was found in a workbook. `facts` is by sheet name."""

    sheets: list[SheetPart]
    date_1904: bool
    shared: SharedStrings
    facts: dict[str, SheetFacts]
    problems: list[Problem]


def inspect(members: dict[str, Member], limits: Limits) -> Inspection:
    """Look at every part that calamine will open. Raises RefusedFile."""
    _check_kind(members)
    for name, member in members.items():
        if name.endswith(".rels") or (name.endswith(".xml") and posixpath.dirname(name) in {"", "xl"}):
            for _ in check_part(unpack(member), name, limits):
                pass
    _check_macros(members, limits)
    _check_styles(members, limits)
    sheets, date_1904 = _read_workbook(members, limits)
    shared = _scan_shared(members)
    facts: dict[str, SheetFacts] = {}
    budget = limits.decoded_text_bytes
    for sheet in sheets:
        if sheet.part:
            facts[sheet.name], used = _scan_sheet(members[sheet.part], sheet, shared, limits, budget)
            budget -= used
    for member in members.values():
        check_ratio(member, limits)
    return Inspection(sheets, date_1904, shared, facts, _notices(members, sheets, facts))


def _check_kind(members: dict[str, Member]) -> None:
    """It is a workbook of this family and not another document in the same container."""
    if WORKBOOK in members and CONTENT_TYPES in members:
        return
    if "xl/workbook.bin" in members:
        raise RefusedFile("unsupported_type", "Binary workbooks (.xlsb) are not read; save it as .xlsx.")
    if any(name.startswith(("word/", "ppt/")) for name in members):
        raise RefusedFile("type_mismatch", "The file is a text document or a presentation, not a workbook.")
    if any(name.startswith("xl/") for name in members):
        raise RefusedFile("bad_workbook", "The file is damaged: its workbook part is missing.")
    raise RefusedFile("type_mismatch", "The file is an archive, but not a workbook.")


def _check_macros(members: dict[str, Member], limits: Limits) -> None:
    """No macros of either generation, whatever the file and the parts are named."""
    marks = [name.casefold() for name in members]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Override":
            marks.append(attributes.get("ContentType", "").casefold())

    walk(unpack(members[CONTENT_TYPES]), CONTENT_TYPES, limits, start)
    if any(mark in name for name in marks for mark in _MACRO_MARKS):
        raise RefusedFile("macro_workbook", "The workbook contains macros; save it as .xlsx without them.")


def _relationships(members: dict[str, Member], limits: Limits) -> dict[str, tuple[str, str]]:
    """Relation id → (last word of its type, part) of the workbook."""
    found: dict[str, tuple[str, str]] = {}
    name = "xl/_rels/workbook.xml.rels"
    if name not in members:
        raise RefusedFile("bad_workbook", "The file is damaged: the list of its sheets' parts is missing.")

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (kind, part)

    walk(unpack(members[name]), name, limits, start)
    return found


def _read_workbook(members: dict[str, Member], limits: Limits) -> tuple[list[SheetPart], bool]:
    """The sheets in order, and whether serial numbers count from 1904."""
    relations = _relationships(members, limits)
    listed: list[tuple[str, bool, str]] = []
    date_1904 = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal date_1904
        if tag == "sheet":
            identifier = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
            hidden = attributes.get("state", "visible") != "visible"
            listed.append((attributes.get("name", ""), hidden, identifier))
            if len(listed) > limits.sheets:
                raise RefusedFile("too_many_sheets", f"The workbook has more than {limits.sheets} sheets.")
        elif tag == "workbookPr":
            date_1904 = attributes.get("date1904") in {"1", "true"}

    walk(unpack(members[WORKBOOK]), WORKBOOK, limits, start)
    sheets = []
    for name, hidden, identifier in listed:
        kind, part = relations.get(identifier, ("", ""))
        if kind not in {"worksheet", "chartsheet", "dialogsheet"} or part not in members:
            raise RefusedFile("bad_workbook", f"The file is damaged: sheet {name[:60]!r} has no part.")
        sheets.append(SheetPart(name, hidden, part if kind == "worksheet" else ""))
    return sheets, date_1904


def _check_styles(members: dict[str, Member], limits: Limits) -> None:
    """No more cell formats than a spreadsheet program itself allows."""
    styles = members.get("xl/styles.xml")
    if styles is None:
        return
    count = sum(chunk.count(b"<xf ") + chunk.count(b"<xf/") for chunk in unpack(styles))
    if count > limits.styles:
        raise RefusedFile(
            "too_many_styles", f"The workbook has {count} cell formats; {limits.styles} may be."
        )


def _scan_shared(members: dict[str, Member]) -> SharedStrings:
    """Size each shared string, from markup to markup."""
    shared = SharedStrings()
    member = members.get("xl/sharedStrings.xml")
    if member is None:
        return shared
    mark = b"<si"
    rest = b""
    for chunk in unpack(member):
        if not rest:
            shared.claimed = max(
                (int(n) for n in re.findall(rb'uniqueCount="(\d{1,20})"', chunk[:2000])), default=0
            )
            prefix = re.search(rb"<(\w+:)sst[ >]", chunk[:2000])
            mark = b"<" + prefix[1] + b"si" if prefix else mark
        pieces = (rest + chunk).split(mark)
        rest = mark + pieces.pop()
        shared.lengths.extend(map(len, pieces[1:]))
    shared.lengths.append(len(rest))
    shared.longest = max(shared.lengths)
    return shared


def _scan_sheet(
    member: Member, sheet: SheetPart, shared: SharedStrings, limits: Limits, budget: int
) -> tuple[SheetFacts, int]:
    """The facts of one worksheet and the text it decodes to, in bytes, held to what is left of the budget."""
    name = f"Sheet {sheet.name[:60]!r}"
    facts = _scan_bytes(member, name, limits)
    check_ratio(member, limits)
    if not facts.regular:
        facts = scan_events(unpack(member), name, limits, shared.lengths)
        used = facts.text_bytes
    else:
        used = facts.text_bytes + facts.shared_cells * shared.longest
        if used > budget:
            used = sum(_text_sizes(member, shared.lengths))
    if used > budget:
        raise RefusedFile(
            "text_too_large",
            f"{name} holds more than {limits.decoded_text_bytes} bytes of text, repeats counted.",
        )
    return facts, used


def _scan_bytes(member: Member, name: str, limits: Limits) -> SheetFacts:
    """The scan by bytes, over chunks that a parser has checked, or for a large plain part a search."""
    if member.size > _STRICT_BYTES:
        scan = SheetScan(name, limits)
        try:
            for chunk in check_large_part(unpack(member), name):
                scan.add(chunk)
            return scan.finish()
        except NotPlainError:
            pass
    scan = SheetScan(name, limits)
    for chunk in check_part(unpack(member), name, limits):
        scan.add(chunk)
    return scan.finish()


def _text_sizes(member: Member, lengths: array[int]) -> Iterator[int]:
    """Sizes of the texts of a worksheet of regular shape, a shared one as often as it is used."""
    rest = b""
    for chunk in unpack(member):
        rest += chunk
        cut = max(rest.rfind(b"<row"), 0)
        piece, rest = rest[:cut], rest[cut:]
        yield from _piece_sizes(piece, lengths)
    yield from _piece_sizes(rest, lengths)


def _piece_sizes(piece: bytes, lengths: array[int]) -> Iterator[int]:
    count = len(lengths)
    yield sum(lengths[i] - _SI_MARKUP for i in map(int, _SHARED_INDEX.findall(piece)) if i < count)
    yield sum(map(len, _INLINE_TEXT.findall(piece)))


def _notices(
    members: dict[str, Member], sheets: list[SheetPart], facts: dict[str, SheetFacts]
) -> list[Problem]:
    """What a person should know though it changes no value."""
    notices = []
    if any(name.startswith("xl/externalLinks/") for name in members):
        message = "The workbook refers to other files; their last values were used, nothing was opened."
        notices.append(Problem("", None, None, "external_link", message))
    if "xl/connections.xml" in members:
        message = "The workbook has data connections; none was opened."
        notices.append(Problem("", None, None, "data_connection", message))
    for sheet in sheets:
        rows = facts[sheet.name].hidden_rows if sheet.name in facts else []
        if rows and not sheet.hidden:
            message = f"{len(rows)} hidden rows were read too, the first of them row {rows[0]}."
            notices.append(Problem(sheet.name, None, None, "hidden_rows", message, str(len(rows))))
    return notices
