"""Charts drawn on the server, pure: figures in, rectangles and texts out. Colours are classes of the style sheet.

Each chart carries the same figures as a table, for those who do not see it and for those who want the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.web.choices import Column

_ROW = 46
_WIDTH, _HEIGHT, _LEFT, _FOOT, _TOP = 560, 240, 56, 26, 22
_LONGEST_LABEL = 48
_AXIS_LINES = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `title` is what a pointer shows, `tone` its colour."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text in the picture."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    style: str = "plain"


@dataclass(frozen=True, slots=True)
class Legend:
    """What a colour stands for."""

    tone: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the chart's table."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of `width` × `height` and the table of the same figures."""

    kind: str
    title: str
    note: str | None
    summary: str
    width: int
    height: int
    grid: tuple[Line, ...]
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    legend: tuple[Legend, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The texts around a chart."""

    title: str
    summary: str
    columns: tuple[Column, ...]
    note: str | None = None
    legend: tuple[Legend, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """One row of a chart of shares: `fraction` 0–1, `shown` beside the bar, `cells` in the table."""

    label: str
    fraction: float
    shown: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One place on the axis of a column chart: (value, tone, title) side by side, the first in the back."""

    label: str
    columns: tuple[tuple[float, str, str], ...]
    cells: tuple[str, ...]
    shown: str = ""


def shortened(text: str) -> str:
    """A label short enough for its place."""
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1].rstrip() + "…"


def share_chart(words: Words, shares: Sequence[Share]) -> Chart:
    """Horizontal bars from 0 to 100 %, one row for each share."""
    bars, labels = [], []
    for at, share in enumerate(shares):
        top = at * _ROW
        filled = round(max(0.0, min(1.0, share.fraction)) * _WIDTH, 1)
        for width, tone in ((_WIDTH, "rest"), (filled, "bad")):
            bars.append(Bar(0, top + 20, width, 14, tone, f"{share.label}: {share.shown}"))
        labels.append(Label(0, top + 13, shortened(share.label), "start", "strong"))
        labels.append(Label(_WIDTH, top + 13, share.shown, "end"))
    rows = tuple(Row(share.label, share.cells) for share in shares)
    return Chart(
        "share", words.title, words.note, words.summary, _WIDTH, max(1, len(shares)) * _ROW,
        (), tuple(bars), tuple(labels), words.legend, words.columns, rows,
    )  # fmt: skip


def nice_top(value: float) -> float:
    """The end of an axis that holds `value`: as many steps as the axis has lines, each 1, 2 or 5 × 10ⁿ."""
    step = 1.0
    while step * _AXIS_LINES < value:
        first = str(int(step))[0]
        step = step * 2.5 if first == "2" else step * 2
    return step * _AXIS_LINES


def column_chart(
    words: Words, groups: Sequence[Group], axis: Sequence[tuple[float, str]], top: float
) -> Chart:
    """Upright columns over an axis; `axis` are (value, text) of its lines, `top` is the value at the upper edge."""
    height, space = _HEIGHT - _TOP - _FOOT, _WIDTH - _LEFT
    step = space / max(1, len(groups))
    base = _TOP + height
    grid, labels = [], []
    for value, text in axis:
        y = round(base - value / top * height, 1)
        grid.append(Line(_LEFT, y, _WIDTH, y))
        labels.append(Label(_LEFT - 8, y + 4, text, "end"))
    bars: list[Bar] = []
    for at, group in enumerate(groups):
        left = _LEFT + at * step
        drawn = _group_bars(group, left, step, base, height / top)
        bars += drawn
        labels.append(Label(round(left + step / 2, 1), _HEIGHT - 8, group.label, "middle"))
        if group.shown:
            peak = min((bar.y for bar in drawn), default=base)
            labels.append(
                Label(round(left + step / 2, 1), round(peak - 5, 1), group.shown, "middle", "strong")
            )
    rows = tuple(Row(group.label, group.cells) for group in groups)
    return Chart(
        "columns", words.title, words.note, words.summary, _WIDTH, _HEIGHT,
        tuple(grid), tuple(bars), tuple(labels), words.legend, words.columns, rows,
    )  # fmt: skip


def _group_bars(group: Group, left: float, step: float, base: float, scale: float) -> list[Bar]:
    gap = step * 0.16
    each = (step - 2 * gap) / max(1, len(group.columns))
    bars = []
    for place, (value, tone, title) in enumerate(group.columns):
        tall = round(value * scale, 1)
        x = round(left + gap + place * each, 1)
        bars.append(Bar(x, round(base - tall, 1), round(each - 2, 1), tall, tone, title))
    return bars


def axis_values(top: float) -> list[float]:
    """Values of the lines of an axis, from 0 to `top`."""
    return [top * at / _AXIS_LINES for at in range(_AXIS_LINES + 1)]
