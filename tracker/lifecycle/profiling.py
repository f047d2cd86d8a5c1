"""Profiles of the assets of a chunk in SQL, what judging them gives, and the risk that is stored of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from tracker.db import insert_rows
from tracker.lifecycle import temporary
from tracker.lifecycle.counting import RULES, unpacked
from tracker.lifecycle.evaluation import Cause
from tracker.lifecycle.fanout import Source
from tracker.lifecycle.judging import Bench, Judged, judge_profiles
from tracker.lifecycle.profiles import (
    BARE,
    CRITICALITIES,
    CRITICALITY_AT,
    EDGE,
    INTERNET,
    WORST_AT,
    YEARS_AT,
)

#: Classes that run software: one of them with nothing recorded on it is not known.
_COMPUTERS = ("laptop", "desktop", "server", "mobile", "virtual-machine")
#: What is summed over the findings of an asset: by severity, and by rule.
_PACKS = ("severities", *(f"pack_{n}" for n in range(temporary.PACKS)))


def _asset_bits() -> str:
    levels = " ".join(
        f"WHEN '{level}' THEN {at << CRITICALITY_AT}" for at, level in enumerate(CRITICALITIES, start=1)
    )
    return (
        f"CASE WHEN a.is_edge THEN {EDGE} ELSE 0 END + CASE WHEN a.internet_facing THEN {INTERNET} ELSE 0 END"
        f" + CASE a.criticality {levels} ELSE 0 END"
    )


def _rule_bits() -> str:
    return " + ".join(f"CASE WHEN {unpacked(n)} > 0 THEN {1 << n} ELSE 0 END" for n in range(len(RULES)))


def stage_profiles(session: Session, source: Source) -> None:
    """Fill scan_profile with every asset of the chunk that rules look at. Two statements."""
    temporary.empty(session, temporary.PROFILE)
    columns = f"agency_id, asset_id, units, {', '.join(_PACKS)}, profile"
    sums = ", ".join(f"CAST(SUM(v.{pack}) AS BIGINT) AS {pack}" for pack in _PACKS)
    session.execute(
        text(
            f"""INSERT INTO scan_profile ({columns})
            SELECT a.agency_id, a.id, a.units, {", ".join(f"x.{pack}" for pack in _PACKS)},
              CAST({_rule_bits()} AS BIGINT) + {_asset_bits()} + x.years * CAST({1 << YEARS_AT} AS BIGINT)
              + x.worst * CAST({1 << WORST_AT} AS BIGINT)
            FROM (SELECT w.agency_id, w.asset_id, {sums}, MAX(v.years) AS years, MAX(v.weight) AS worst
                  FROM scan_wanted w CROSS JOIN scan_verdict v WHERE v.no = w.no
                  GROUP BY w.agency_id, w.asset_id) AS x
            CROSS JOIN {source.asset} a WHERE a.agency_id = x.agency_id AND a.id = x.asset_id"""  # noqa: S608
        )
    )
    zeros = ", ".join("0" for _ in _PACKS)
    classes = ", ".join(f"'{name}'" for name in _COMPUTERS)
    source.run(
        session,
        f"""INSERT INTO scan_profile ({columns})
        SELECT a.agency_id, a.id, a.units, {zeros}, CAST({_asset_bits()} AS BIGINT)
          + CASE WHEN a.asset_class IN ({classes}) AND NOT EXISTS (SELECT 1 FROM installation i
              WHERE i.agency_id = a.agency_id AND i.asset_id = a.id AND {source.held})
            THEN CAST({BARE} AS BIGINT) ELSE 0 END
        FROM scan_chunk k CROSS JOIN {source.asset} a
        WHERE a.agency_id = k.agency_id AND {source.kept("a.id")}
          AND NOT EXISTS (SELECT 1 FROM scan_profile p WHERE p.agency_id = a.agency_id AND p.asset_id = a.id)""",  # noqa: S608
    )
    temporary.analyze(session, temporary.PROFILE)


#: The condition's id and the ids of verdicts by key for causes that are new: stored ones, or provisional
#: numbers where nothing is stored.
Ids = Callable[[Sequence[Cause]], tuple[int, Mapping[str, int]]]


def judge_chunk(session: Session, bench: Bench, ids: Ids) -> int:
    """Judge the profiles of the chunk that no chunk before had, and add the findings of the ruleset to
    scan_wanted; how many. One statement, and four more where there is something to add."""
    fresh = session.execute(
        text(
            """SELECT DISTINCT p.profile FROM scan_profile p
            WHERE NOT EXISTS (SELECT 1 FROM scan_judged j WHERE j.profile = p.profile)"""
        )
    ).scalars()
    judged = judge_profiles([int(number) for number in fresh], bench.policy)
    if judged:
        _keep_judged(session, bench, judged, ids)
    if not bench.numbers:
        return 0
    made: Any = session.execute(
        text(
            """INSERT INTO scan_wanted (agency_id, asset_id, condition_id, no)
            SELECT p.agency_id, p.asset_id, v.condition_id, j.no
            FROM scan_profile p CROSS JOIN scan_judged j CROSS JOIN scan_verdict v
            WHERE j.profile = p.profile AND j.no > 0 AND v.no = j.no"""
        )
    )
    temporary.analyze(session, temporary.WANTED)
    return int(made.rowcount)


def _keep_judged(session: Session, bench: Bench, judged: Sequence[Judged], ids: Ids) -> None:
    fresh: list[tuple[int, Cause]] = []
    rows = []
    for one in judged:
        no = 0
        if one.cause is not None:
            no, is_new = bench.number(one.cause)
            if is_new:
                fresh.append((no, one.cause))
        rows.append((one.number, one.risk.score, one.risk.band, no))
    insert_rows(session, temporary.JUDGED, ("profile", "score", "band", "no"), iter(rows))
    temporary.analyze(session, temporary.JUDGED)
    if fresh:
        condition_id, verdicts = ids([cause for _, cause in fresh])
        columns = [column.name for column in temporary.VERDICT.columns]
        made = (
            (no, verdicts[cause.key], condition_id, cause.verdict.rule.value, cause.verdict.severity,
             cause.verdict.ends_on, 0, 0, *(0 for _ in _PACKS)) for no, cause in fresh
        )  # fmt: skip
        insert_rows(session, temporary.VERDICT, columns, made)
        temporary.analyze(session, temporary.VERDICT)


def count_judged(session: Session) -> list[tuple[int, str, int, int]]:
    """(agency, band, units, findings of the ruleset) of the chunk. One statement."""
    rows = session.execute(
        text(
            """SELECT p.agency_id, j.band, SUM(p.units), SUM(CASE WHEN j.no > 0 THEN 1 ELSE 0 END)
            FROM scan_profile p CROSS JOIN scan_judged j WHERE j.profile = p.profile
            GROUP BY p.agency_id, j.band"""
        )
    )
    return [(int(agency), str(band), int(units), int(found)) for agency, band, units, found in rows]


_DIFFERS = "(r.profile <> p.profile OR r.band <> j.band OR COALESCE(r.score, -1) <> COALESCE(j.score, -1))"


def keep_risk(session: Session) -> int:
    """Make the stored risk of the chunk equal to what was judged; how many rows differed.

    Two statements where nothing differs, else four at most.
    """
    differing, here = session.execute(
        text(
            f"""SELECT COALESCE(SUM(CASE WHEN r.asset_id IS NULL OR {_DIFFERS} THEN 1 ELSE 0 END), 0), COUNT(r.asset_id)
            FROM scan_profile p CROSS JOIN scan_judged j LEFT JOIN asset_risk r
              ON r.agency_id = p.agency_id AND r.asset_id = p.asset_id
            WHERE j.profile = p.profile"""  # noqa: S608
        )
    ).one()
    held = session.execute(
        text("SELECT COUNT(*) FROM asset_risk WHERE agency_id IN (SELECT agency_id FROM scan_chunk)")
    ).scalar_one()
    if held > here:
        session.execute(
            text(
                """DELETE FROM asset_risk WHERE agency_id IN (SELECT agency_id FROM scan_chunk)
                AND NOT EXISTS (SELECT 1 FROM scan_profile p
                  WHERE p.agency_id = asset_risk.agency_id AND p.asset_id = asset_risk.asset_id)"""
            )
        )
    if differing:
        session.execute(
            text(
                f"""INSERT INTO asset_risk (agency_id, asset_id, profile, score, band)
                SELECT p.agency_id, p.asset_id, p.profile, j.score, j.band
                FROM scan_profile p CROSS JOIN scan_judged j LEFT JOIN asset_risk r
                  ON r.agency_id = p.agency_id AND r.asset_id = p.asset_id
                WHERE j.profile = p.profile AND (r.asset_id IS NULL OR {_DIFFERS})
                ON CONFLICT (agency_id, asset_id) DO UPDATE
                  SET profile = excluded.profile, score = excluded.score, band = excluded.band"""  # noqa: S608
            )
        )
    return int(differing) + int(held) - int(here)
