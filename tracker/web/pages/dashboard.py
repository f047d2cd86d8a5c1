"""The first page: how obsolete things are, what ends soon, what cannot be patched, and how much of it is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import Request, Response

from tracker.db import reading, transaction
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.inventory import actions as inventory
from tracker.lifecycle import actions, queries
from tracker.lifecycle.handling import Handled, count_handled
from tracker.lifecycle.schemas import Coverage, Dashboard
from tracker.lifecycle.trends import TrendDay, list_trend
from tracker.web.charts import (
    Chart,
    Group,
    Legend,
    Row,
    Share,
    Words,
    axis_values,
    column_chart,
    nice_top,
    share_chart,
)
from tracker.web.choices import Column, address, columns
from tracker.web.flash import Flash, redirect
from tracker.web.formats import Formats
from tracker.web.forms import Form
from tracker.web.i18n import N_
from tracker.web.rendering import formats_for, render, translate
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router, safe_target

router = page_router()
_MOST_AGENCIES = 20
_TREND_DAYS = 90
#: A column is drawn for each day as long as there is room; then for every second one, and so on.
_MOST_COLUMNS = 15


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline number with what it rests on."""

    label: str
    value: str
    note: str
    tone: str
    url: str | None


@dataclass(frozen=True, slots=True)
class RuleCount:
    """Open findings of a rule."""

    rule: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """All of the dashboard; `figures` is empty before the first scan."""

    has_assets: bool
    is_scanned: bool
    may_import: bool
    may_scan: bool
    scanned_on: str
    coverage: str
    figures: tuple[Figure, ...]
    agencies: Chart | None
    hidden_agencies: int
    ending: Chart | None
    trend: Chart | None
    rules: tuple[RuleCount, ...]
    rule_columns: tuple[Column, ...]


def coverage_text(visitor: Visitor, formats: Formats, seen: Coverage) -> str:
    """How much of what is installed is known, as one line."""
    return translate(
        visitor,
        N_("Coverage: %(matched)s of %(tracked)s installations matched, %(dated)s with known dates"),
        matched=formats.share(seen.matched, seen.tracked),
        tracked=formats.number(seen.tracked),
        dated=formats.share(seen.dated, seen.tracked),
    )


def _figures(visitor: Visitor, formats: Formats, board: Dashboard, handled: Handled) -> tuple[Figure, ...]:
    covered = translate(
        visitor,
        N_("coverage %(dated)s"),
        dated=formats.share(board.coverage.dated, board.coverage.tracked),
    )
    ending = sum(units for _, units in board.ending_by_month)

    def of_all(count: int) -> str:
        words = translate(visitor, N_("%(share)s of %(all)s"), share=formats.share(count, board.assets),
                          all=formats.number(board.assets))  # fmt: skip
        return f"{words} · {covered}"

    def figure(label: str, count: int, tone: str, url: str | None) -> Figure:
        return Figure(translate(visitor, label), formats.number(count), of_all(count), tone, url)

    return (
        figure(N_("Obsolete"), board.obsolete, "bad", "/findings"),
        figure(N_("Ends in the next 12 months"), ending, "warn", "/findings?rule=security-support-ends-soon"),
        figure(N_("Not patched"), board.unpatched, "warn", "/findings?rule=behind-latest"),
        figure(N_("Cannot be patched"), board.unpatchable, "bad", "/findings?rule=unpatchable"),
        figure(N_("Unknown"), board.unknown, "main", "/findings?rule=lifecycle-unknown"),
        *_waived(visitor, formats, handled),
    )  # fmt: skip


def _waived(visitor: Visitor, formats: Formats, handled: Handled) -> tuple[Figure, ...]:
    """A figure only where there is something: waived findings are counted in the others too."""
    if not handled.waived:
        return ()
    label, note = translate(visitor, N_("Waived findings")), translate(visitor, N_("counted above as well"))
    return (Figure(label, formats.number(handled.waived), note, "plain", "/findings?handling=waived"),)


def _by_agency(visitor: Visitor, formats: Formats, board: Dashboard, names: dict[str, str]) -> Chart | None:
    found = [row for row in board.obsolete_by_agency if row[2]][:_MOST_AGENCIES]
    if not found:
        return None
    shares = [
        Share(
            names.get(code, code),
            obsolete / held,
            f"{formats.share(obsolete, held)} ({formats.number(obsolete)}/{formats.number(held)})",
            (formats.number(obsolete), formats.number(held), formats.share(obsolete, held)),
        )
        for code, obsolete, held in found
    ]
    worst = max(shares, key=lambda share: share.fraction)
    words = Words(
        translate(visitor, N_("Obsolete share by agency")),
        translate(
            visitor,
            N_("Bars of the obsolete share of each agency; the largest is %(name)s with %(share)s."),
            name=worst.label,
            share=worst.shown,
        ),
        columns(visitor, N_("Agency"), N_("Obsolete"), N_("Assets"), N_("Share"), numbers=(1, 2, 3)),
        coverage_text(visitor, formats, board.coverage),
    )
    return share_chart(words, shares)


def _by_month(visitor: Visitor, formats: Formats, board: Dashboard) -> Chart | None:
    most = max((units for _, units in board.ending_by_month), default=0)
    if not most:
        return None
    top = nice_top(most)
    groups = [
        Group(
            formats.short_month(month),
            ((units, "warn", f"{formats.month(month)}: {formats.number(units)}"),),
            (formats.number(units),),
            formats.number(units) if units else "",
        )
        for month, units in board.ending_by_month
    ]
    words = Words(
        translate(visitor, N_("What ends in the next 12 months")),
        translate(
            visitor, N_("Columns of units whose security support ends, by month; at most %(most)s."),
            most=formats.number(most),
        ),
        columns(visitor, N_("Month"), N_("Units"), numbers=(1,)),
        coverage_text(visitor, formats, board.coverage),
        (Legend("warn", translate(visitor, N_("Units on which the security support of something ends"))),),
    )  # fmt: skip
    axis = [(value, formats.number(round(value))) for value in axis_values(top)]
    return column_chart(words, groups, axis, top)


def _by_day(visitor: Visitor, formats: Formats, board: Dashboard, trend: list[TrendDay]) -> Chart | None:
    """One column of obsolete and one of unpatched units for each counted day, always with the last one."""
    if len(trend) < 2:
        return None
    step = -(-len(trend) // _MOST_COLUMNS)
    shown = trend[(len(trend) - 1) % step :: step]
    names = [translate(visitor, name) for name in (N_("Obsolete"), N_("Not patched"))]
    groups = [
        Group(
            formats.day(one.day).rsplit(" ", 1)[0] if at % 2 == (len(shown) - 1) % 2 else "",
            tuple(
                (value, tone, f"{formats.day(one.day)} · {name}: {formats.number(value)}")
                for value, tone, name in zip(
                    (one.obsolete, one.unpatched), ("bad", "warn"), names, strict=True
                )
            ),
            tuple(formats.number(value) for value in (one.obsolete, one.unpatched, one.unknown, one.assets)),
        )
        for at, one in enumerate(shown)
    ]
    top = nice_top(max(1, *(max(one.obsolete, one.unpatched) for one in shown)))
    words = Words(
        translate(visitor, N_("Day by day")),
        translate(
            visitor,
            N_("Columns of obsolete and unpatched units by day, from %(first)s to %(last)s."),
            first=formats.day(shown[0].day),
            last=formats.day(shown[-1].day),
        ),
        columns(visitor, N_("Day"), N_("Obsolete"), N_("Not patched"), N_("Unknown"), N_("Assets"),
                numbers=(1, 2, 3, 4)),
        coverage_text(visitor, formats, board.coverage),
        (Legend("bad", names[0]), Legend("warn", names[1])),
    )  # fmt: skip
    rows = tuple(Row(formats.day(one.day), group.cells) for one, group in zip(shown, groups, strict=True))
    axis = [(value, formats.number(round(value))) for value in axis_values(top)]
    return replace(column_chart(words, groups, axis, top), rows=rows)


def _page(
    visitor: Visitor,
    formats: Formats,
    board: Dashboard,
    names: dict[str, str],
    trend: list[TrendDay],
    handled: Handled,
) -> DashboardPage:
    held = [row for row in board.obsolete_by_agency if row[2]]
    rules = sorted(board.open.items(), key=lambda item: (-item[1], item[0]))
    return DashboardPage(
        has_assets=board.assets > 0,
        is_scanned=board.counted_on is not None,
        may_import=visitor.may(Permission.IMPORT),
        may_scan=visitor.may(Permission.SCAN),
        scanned_on=formats.day(board.counted_on),
        coverage=coverage_text(visitor, formats, board.coverage),
        figures=_figures(visitor, formats, board, handled),
        agencies=_by_agency(visitor, formats, board, names),
        hidden_agencies=max(0, len(held) - _MOST_AGENCIES),
        ending=_by_month(visitor, formats, board),
        trend=_by_day(visitor, formats, board, trend),
        rules=tuple(RuleCount(rule, count, address("/findings", {"rule": rule})) for rule, count in rules if count),
        rule_columns=columns(visitor, N_("Rule"), N_("Open findings"), numbers=(1,)),
    )  # fmt: skip


@router.get("/")
def show_dashboard(request: Request, visitor: SignedIn) -> Response:
    """The dashboard of everything that the visitor may see."""
    with reading(get_engine(request)) as session:
        board = queries.dashboard(session, visitor.principal, visitor.today)
        names = {agency.code: agency.name for agency in list_agencies(session, visitor.principal)}
        handled = count_handled(session, visitor.principal, visitor.today)
        trend = list_trend(session, visitor.principal, visitor.today, _TREND_DAYS)
    page = _page(visitor, formats_for(request, visitor), board, names, trend, handled)
    return render(request, visitor, "dashboard.html", page)


@router.post("/scan")
def scan_now(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Match what is new and bring the findings of the visitor's agencies up to today."""
    visitor.need(Permission.SCAN)
    engine = get_engine(request)
    with transaction(engine) as session:
        inventory.match_titles(session, visitor.now)
    result = actions.scan(engine, visitor.principal, visitor.today, visitor.now)
    formats = formats_for(request, visitor)
    values = {"opened": formats.number(result.opened), "resolved": formats.number(result.resolved)}
    return redirect(
        safe_target(form.text("next")), Flash("scan-done", values), secure=get_settings(request).cookie_secure
    )
