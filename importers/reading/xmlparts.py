"""One pass of a strict XML parser over each part that a reader opens: no DTD, UTF-8, bounded depth."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from xml.parsers import expat

from importers.rows import Limits, RefusedFile

_CONTROL = bytes(set(range(32)) - {9, 10, 13})
# A nest that opens and closes within a step of this many bytes goes unseen, and is no danger.
_DEPTH_STEP = 4_096
_CLOSED = re.compile(rb"</(?:\w+:)?worksheet\s*>\s*$")
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding=[\"']([^\"']*)")
_UTF8_NAMES = {"utf-8", "utf8", "us-ascii", "ascii"}


def new_parser(name: str) -> expat.XMLParserType:
    """An expat parser that stops at a DTD and at any encoding but UTF-8."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def on_doctype(*_: object) -> None:
        raise RefusedFile("xml_dtd", f"{name} declares a document type, which a spreadsheet never needs.")

    def on_declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _UTF8_NAMES:
            raise RefusedFile("xml_encoding", f"{name} is encoded as {encoding[:40]}; UTF-8 may be.")

    parser.StartDoctypeDeclHandler = on_doctype
    parser.XmlDeclHandler = on_declaration
    return parser


def feed(parser: expat.XMLParserType, chunk: bytes, name: str, *, final: bool = False) -> None:
    """Parse a further chunk. Raises RefusedFile when it is not well formed."""
    try:
        parser.Parse(chunk, final)
    except expat.ExpatError as error:
        raise RefusedFile("bad_workbook", f"{name} is damaged: {error}.") from None
    except ValueError as error:
        raise RefusedFile("xml_encoding", f"{name} has an unknown encoding: {error}.") from None


class Depth:
    """Counts open elements by bytes, at the ends of chunks: cheap, and exact enough for parsers that do
    not recurse. A '<' in a comment or in CDATA is no element, so that a part with them is not counted.
    """

    def __init__(self, limits: Limits, name: str) -> None:
        self._limit = limits.xml_depth
        self._name = name
        self._depth = 0
        self._last = b""
        self._trusted = True

    def add(self, chunk: bytes) -> None:
        """Count a chunk; RefusedFile when more elements are open at its end than may be."""
        joined = self._last + chunk
        self._depth += chunk.count(b"<") - 2 * joined.count(b"</") - joined.count(b"/>") - joined.count(b"<?")
        self._trusted = self._trusted and b"<!" not in joined
        self._last = chunk[-1:]
        if self._trusted and self._depth > self._limit + 1:
            raise too_deep(self._name, self._limit)


def too_deep(name: str, limit: int) -> RefusedFile:
    """The refusal of a part whose elements nest too deeply."""
    return RefusedFile("xml_depth", f"{name} nests more than {limit} elements.")


def check_part(chunks: Iterable[bytes], name: str, limits: Limits) -> Iterator[bytes]:
    """Pass the chunks of a part through, parsed strictly on the way."""
    parser = new_parser(name)
    depth = Depth(limits, name)
    first = True
    for chunk in chunks:
        feed(parser, chunk, name)
        if first:
            _check_head(chunk[:200], name)
        first = False
        for at in range(0, len(chunk), _DEPTH_STEP):
            depth.add(chunk[at : at + _DEPTH_STEP])
        yield chunk
    feed(parser, b"", name, final=True)


class NotPlainError(Exception):
    """A part holds declarations or comments, so that only a parser can say what it is."""


def check_large_part(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """As `check_part`, for parts that a second parser would make slow: what calamine lets pass is looked for
    by bytes (control characters, a cut end); the rest it refuses itself. Raises NotPlainError at the first
    declaration or comment.
    """
    head = tail = b""
    for chunk in chunks:
        if not head:
            head = chunk
            _check_head(chunk[:200], name)
        if b"<!" in chunk or (tail[-1:] == b"<" and chunk[:1] == b"!"):
            raise NotPlainError
        if len(chunk.translate(None, _CONTROL)) != len(chunk):
            raise RefusedFile("bad_workbook", f"{name} is damaged: it holds control characters.")
        tail = (tail + chunk)[-200:]
        yield chunk
    if not _CLOSED.search(tail):
        raise RefusedFile("bad_workbook", f"{name} is damaged: it is cut off.")


def _check_head(head: bytes, name: str) -> None:
    """Check the declaration at the start of a part: UTF-8 or nothing."""
    if head[:2] in {b"\xfe\xff", b"\xff\xfe"} or b"\0" in head[:4]:
        raise RefusedFile("xml_encoding", f"{name} is not encoded as UTF-8.")
    named = _ENCODING.search(head)
    if named and named[1].decode("latin-1").lower() not in _UTF8_NAMES:
        raise RefusedFile("xml_encoding", f"{name} is encoded as {named[1][:40]!r}; UTF-8 may be.")


def walk(
    chunks: Iterable[bytes],
    name: str,
    limits: Limits,
    on_start: Callable[[str, dict[str, str]], None],
    on_end: Callable[[str], None] | None = None,
    on_text: Callable[[str], None] | None = None,
) -> None:
    """Parse a part by events, with names freed of their prefixes and the depth counted exactly."""
    parser = new_parser(name)
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > limits.xml_depth:
            raise too_deep(name, limits.xml_depth)
        on_start(tag.rpartition(":")[2], attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if on_end is not None:
            on_end(tag.rpartition(":")[2])

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    if on_text is not None:
        parser.CharacterDataHandler = on_text
    for chunk in chunks:
        feed(parser, chunk, name)
    feed(parser, b"", name, final=True)
