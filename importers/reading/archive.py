"""The zip container checked before any parser opens it: its directory first, then every byte of it.

Readers disagree about archives that contradict themselves; such a file is refused rather than guessed at.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from importers.rows import Limits, RefusedFile

_CHUNK = 1 << 18
_LOCAL_HEADER = 30
_END_RECORD = 22
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside the archive and where its packed bytes stand."""

    name: str
    method: int
    packed: memoryview
    size: int
    crc: int


def open_archive(data: bytes, limits: Limits) -> dict[str, Member]:
    """The members by name, after every check of the directory. Raises RefusedFile."""
    _check_end(data)
    try:
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, struct.error, ValueError, OverflowError, UnicodeError) as error:
        raise RefusedFile("bad_workbook", f"The file is damaged: {error}.") from None
    except NotImplementedError as error:
        raise RefusedFile("zip_method", f"The file is packed in an unusual way: {error}.") from None
    if len(entries) > limits.zip_entries:
        raise RefusedFile("zip_entries", f"The file holds {len(entries)} parts; {limits.zip_entries} may be.")
    _check_names(entries)
    _check_methods(entries)
    members = _locate(data, entries)
    _check_sizes(entries, limits)
    return members


def unpack(member: Member) -> Iterator[bytes]:
    """The bytes of a member in chunks, counted and summed. Raises RefusedFile for any contradiction."""
    chunks: Iterator[bytes]
    if member.method == zipfile.ZIP_STORED:
        chunks = (bytes(member.packed[at : at + _CHUNK]) for at in range(0, len(member.packed), _CHUNK))
    else:
        chunks = _inflate(member)
    total = crc = 0
    for chunk in chunks:
        total += len(chunk)
        if total > member.size:
            raise RefusedFile("zip_size_mismatch", f"{member.name} is larger than it says ({member.size}).")
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if total != member.size:
        raise RefusedFile("zip_size_mismatch", f"{member.name} has {total} bytes, not {member.size}.")
    if crc != member.crc:
        raise RefusedFile("bad_workbook", f"The file is damaged: the checksum of {member.name} is wrong.")


def _inflate(member: Member) -> Iterator[bytes]:
    """Inflate in bounded steps, so that a bomb is stopped by the count and not by memory."""
    engine = zlib.decompressobj(-15)
    at = 0
    pending: bytes | memoryview = b""
    try:
        while not engine.eof:
            if not pending:
                pending = member.packed[at : at + _CHUNK]
                at += len(pending)
                if not pending:
                    break
            chunk = engine.decompress(pending, _CHUNK)
            pending = engine.unconsumed_tail
            if chunk:
                yield chunk
    except zlib.error as error:
        raise RefusedFile("bad_workbook", f"The file is damaged in {member.name}: {error}.") from None


def _check_end(data: bytes) -> None:
    """The archive ends where the file ends."""
    at = data.rfind(b"PK\5\6", max(0, len(data) - _END_RECORD - 0xFFFF))
    if at < 0:
        if b"PK\5\6" in data:
            raise RefusedFile("trailing_data", "Other data follows the end of the workbook.")
        raise RefusedFile("bad_workbook", "The file is cut off: its end is missing.")
    comment = data[at + 20 : at + _END_RECORD]
    if len(comment) < 2 or at + _END_RECORD + int.from_bytes(comment, "little") != len(data):
        raise RefusedFile("trailing_data", "Other data follows the end of the workbook.")


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    """Names stay inside the archive, and no two of them could be the same file."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename.replace("\\", "/")
        if name.startswith("/") or "\0" in name or ".." in name.split("/") or name[1:2] == ":":
            raise RefusedFile(
                "zip_member_name", f"The file holds a part with a forbidden name: {name[:80]!r}."
            )
        folded = name.casefold()
        if folded in seen:
            raise RefusedFile("zip_duplicate", f"The file holds {name[:80]!r} twice.")
        seen.add(folded)


def _check_methods(entries: list[zipfile.ZipInfo]) -> None:
    """Only stored and deflated members, none of them encrypted."""
    for entry in entries:
        if entry.flag_bits & 0x1:
            raise RefusedFile("encrypted", "The file is protected by a password; remove the password first.")
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise RefusedFile(
                "zip_method",
                f"{entry.filename[:80]!r} is packed by method {entry.compress_type}; 0 or 8 may be.",
            )


def _check_sizes(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Declared sizes, which `unpack` later holds the members to."""
    total = sum(entry.file_size for entry in entries)
    if total > limits.expanded_bytes:
        raise RefusedFile(
            "expands_too_much", f"The file unpacks to {total} bytes; {limits.expanded_bytes} may be."
        )
    for entry in entries:
        if entry.file_size > limits.part_bytes:
            raise RefusedFile(
                "expands_too_much",
                f"{entry.filename[:80]!r} unpacks to {entry.file_size} bytes; {limits.part_bytes} may be.",
            )


def check_ratio(member: Member, limits: Limits) -> None:
    """No member that unpacks to a suspicious multiple of its size.

    Done after its content was looked at in a stream, because a fault found there says more.
    """
    ratio = member.size // max(len(member.packed), 1)
    if member.size > _MEGABYTE and ratio > limits.ratio_above_1mb:
        raise RefusedFile(
            "expands_too_much",
            f"{member.name[:80]!r} unpacks to {ratio} times its size; {limits.ratio_above_1mb} may be.",
        )


def _locate(data: bytes, entries: list[zipfile.ZipInfo]) -> dict[str, Member]:
    """Where each member's bytes are; local headers agree with the directory and nothing overlaps."""
    view = memoryview(data)
    members: dict[str, Member] = {}
    end = 0
    for entry in sorted(entries, key=lambda item: item.header_offset):
        start = entry.header_offset
        if start < end:
            raise RefusedFile("zip_overlap", f"{entry.filename[:80]!r} overlaps another part of the file.")
        header = data[start : start + _LOCAL_HEADER]
        if start < 0 or len(header) < _LOCAL_HEADER or header[:4] != b"PK\3\4":
            raise RefusedFile(
                "bad_workbook", f"The file is damaged: {entry.filename[:80]!r} is not in its place."
            )
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        name = data[start + _LOCAL_HEADER : start + _LOCAL_HEADER + name_length]
        if _decode(name, entry) != entry.orig_filename:
            raise RefusedFile("bad_workbook", f"The file is damaged: {entry.filename[:80]!r} has two names.")
        first = start + _LOCAL_HEADER + name_length + extra_length
        end = first + entry.compress_size
        if end > len(data):
            raise RefusedFile("bad_workbook", f"The file is cut off inside {entry.filename[:80]!r}.")
        members[entry.filename] = Member(
            entry.filename, entry.compress_type, view[first:end], entry.file_size, entry.CRC
        )
    return members


def _decode(name: bytes, entry: zipfile.ZipInfo) -> str:
    """A local header's name as the directory's is read: UTF-8 by flag, else the old code page."""
    try:
        return name.decode("utf-8" if entry.flag_bits & 0x800 else "cp437")
    except UnicodeDecodeError:
        return ""
