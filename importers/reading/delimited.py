"""Delimited text: its encoding, delimiter and quoting found from the text itself; every value stays text."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter, deque
from itertools import islice

from importers.reading.messages import BROKEN_OFF, CellError, Values
from importers.reading.sink import Sink
from importers.rows import RawSheet, RefusedFile

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 64_000
_SAMPLE_RECORDS = 200
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?$", re.IGNORECASE)
_CONTROL = re.compile("[\x01-\x08\x0b\x0e-\x1f\x7f]")
# What office texts in Windows-1252 use besides letters.
_OFFICE_SIGNS = frozenset("“”‘’–—…•€£©®™°²³µ½¼¾±×÷´·«»§¹ºª\xa0")


def read_delimited(data: bytes, name: str, sink: Sink) -> None:
    """Send the one sheet of a delimited text. Raises RefusedFile."""
    text = decode(data)
    if len(text) > sink.limits.decoded_text_bytes:
        raise RefusedFile("text_too_large", f"The file holds {len(text)} characters of text.")
    if not text.strip():
        raise RefusedFile("empty_file", "The file holds nothing but blanks.")
    csv.field_size_limit(sink.limits.cell_chars)
    delimiter, first, width = _find_delimiter(text)
    strict = _check_quotes(text, delimiter, sink.limits.cell_chars)
    odd = _CONTROL.search(text) is not None
    headed = False
    if not sink.may_hold(text.count("\n")):
        rows = csv.reader(_lines(text), delimiter=delimiter, strict=strict)
        sink.expect(sum(1 for row in rows if any(row)))
    sink.begin(RawSheet(name, False))
    for number, row in enumerate(csv.reader(_lines(text), delimiter=delimiter, strict=strict), 1):
        if len(row) > sink.limits.columns:
            raise RefusedFile(
                "too_many_columns", f"Row {number} has {len(row)} columns; {sink.limits.columns} may be."
            )
        if number >= first:
            values: Values = [_value(value) for value in row] if odd else [value or None for value in row]
            if headed and len(row) * 2 < width:
                _mark_broken(values, width)
            headed = headed or len(row) == width
            sink.row(number, values)
    sink.end()


def decode(data: bytes) -> str:
    """The text of a file: by its mark, else UTF-8, UTF-16 without a mark, Windows-1252, or a guess.

    Raises RefusedFile 'csv_encoding' when none fits, 'csv_control' when the text holds NUL characters.
    """
    text = _decode_known(data)
    if text is None:
        text = _decode_guess(data)
    text = text.rstrip("\x1a")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RefusedFile("csv_control", f"Line {line} holds a NUL character, which is no text.")
    return text


def _decode_known(data: bytes) -> str | None:
    """The text in an encoding that proves itself, else None."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise RefusedFile("csv_encoding", f"The text is marked as {encoding} but is not.") from None
    half = len(data[:2000]) // 2
    for encoding, zeros in (("utf-16-le", data[1:2000:2]), ("utf-16-be", data[0:2000:2])):
        # Latin text in UTF-16 has a zero in nearly every other byte.
        if half > 8 and zeros.count(0) > half * 0.8:
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                break
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _decode_guess(data: bytes) -> str:
    """Windows-1252 when the text makes sense in it, else what charset-normalizer is sure of."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    if text and _is_office_text(text):
        return text
    if len(data) - len(data.translate(None, bytes(range(128, 256)))) >= 16:
        from charset_normalizer import from_bytes

        best = from_bytes(data[:_SAMPLE_CHARACTERS], threshold=0.1).best()
        if best is not None and best.percent_chaos == 0:
            try:
                return data.decode(best.encoding)
            except UnicodeDecodeError:
                pass
    message = "The text is neither UTF-8 nor Windows-1252; save it as CSV UTF-8."
    raise RefusedFile("csv_encoding", message)


def _is_office_text(text: str) -> bool:
    """Whether everything above ASCII is a letter or a sign that people type."""
    return all(
        sign in _OFFICE_SIGNS or unicodedata.category(sign)[0] == "L" for sign in set(text) if sign > "\x7f"
    )


def _lines(text: str) -> io.StringIO:
    """Lines as the csv module wants them: with their own ends, an old Mac's '\\r' included."""
    if "\n" not in text:
        text = text.replace("\r", "\n")
    return io.StringIO(text, newline="")


def _find_delimiter(text: str) -> tuple[str, int, int]:
    """The delimiter, the first row that is data (the second when the first names the separator), and how
    many values most lines have.
    """
    sample = text[:_SAMPLE_CHARACTERS]
    named = _SEPARATOR_LINE.match(text[: text.find("\n") + 1][:20])
    if named:
        return named[1], 2, _score(sample, named[1])[1]
    scores = {delimiter: _score(sample, delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best, 1, scores[best][1]


def _mark_broken(values: Values, width: int) -> None:
    """Say in the first absent cell that the line ends too soon.

    Spreadsheets leave out blank cells at the end of lines, so that only lines of less than half of the
    usual values are suspected; one lone value is a title or a remark.
    """
    if sum(value is not None for value in values) > 1:
        values.append(CellError(f"{BROKEN_OFF}{len(values)} of {width} values"))


def _score(sample: str, delimiter: str) -> tuple[float, int]:
    """How evenly a delimiter cuts the records: the share of records with the commonest count, its size."""
    counts: Counter[int] = Counter()
    try:
        for row in islice(csv.reader(_lines(sample), delimiter=delimiter), _SAMPLE_RECORDS):
            if row and any(row):
                counts[len(row)] += 1
    except csv.Error:
        pass
    cut = {count: records for count, records in counts.items() if count > 1}
    if not cut:
        return 0.0, 0
    width, records = max(cut.items(), key=lambda item: (item[1], item[0]))
    return round(records / counts.total(), 1), width


def _check_quotes(text: str, delimiter: str, longest: int) -> bool:
    """Whether quotes can be read strictly. Raises RefusedFile for a quote never closed or a cell too long."""
    try:
        deque(csv.reader(_lines(text), delimiter=delimiter, strict=True), maxlen=0)
    except csv.Error as error:
        reason = str(error)
        if "field larger" in reason:
            raise RefusedFile(
                "cell_too_long", f"A value is longer than {longest} characters; is a quote left open?"
            ) from None
        if "unexpected end" in reason:
            raise RefusedFile("csv_quote", "A quote is opened and never closed.") from None
    else:
        return True
    return _check_loose_quotes(text, delimiter, longest)


def _check_loose_quotes(text: str, delimiter: str, longest: int) -> bool:
    """False when the text can be read with quotes inside values; RefusedFile when it cannot."""
    lines = deque([0, 0], maxlen=2)
    reader = csv.reader(_lines(text), delimiter=delimiter)
    try:
        for _ in reader:
            lines.append(reader.line_num)
    except csv.Error as error:
        if "field larger" in str(error):
            raise RefusedFile(
                "cell_too_long", f"A value is longer than {longest} characters; is a quote left open?"
            ) from None
        raise RefusedFile("csv_quote", f"The text cannot be cut into values: {error}.") from None
    if lines[1] - lines[0] > 1 and text.count('"') % 2:
        raise RefusedFile("csv_quote", f"A quote is opened in line {lines[0] + 1} and never closed.")
    return False


def _value(value: str) -> CellError | str | None:
    """A value, or the control character that makes it unusable."""
    match = _CONTROL.search(value)
    return CellError(f"forbidden character U+{ord(match[0]):04X}") if match else value or None
