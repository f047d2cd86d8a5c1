"""What a scan counts in a chunk of agencies: findings, severities, endings, assets, coverage. One statement each."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text
from sqlmodel import Session

from tracker.lifecycle import temporary
from tracker.lifecycle.fanout import CHOSEN_BOTH, Source
from tracker.lifecycle.policy import SEVERITIES
from tracker.lifecycle.rules import Rule

RULES = tuple(Rule)


def count_wanted(session: Session, groups: Mapping[str, frozenset[str]]) -> list[dict[str, int]]:
    """Per agency of the chunk: open findings by rule number (`r0`…), and by the name of each group the units
    of assets for which any of its rules holds. One statement, one pass over scan_profile."""
    outer = [f"SUM({unpacked(n)}) AS r{n}" for n in range(len(RULES))]
    outer += [
        f"SUM(CASE WHEN {_any(rules)} THEN x.units ELSE 0 END) AS {name}" for name, rules in groups.items()
    ]
    rows = session.execute(
        text(f"SELECT x.agency_id AS agency_id, {', '.join(outer)} FROM scan_profile x GROUP BY x.agency_id")  # noqa: S608
    )
    return [{name: int(value) for name, value in row._mapping.items()} for row in rows]


def packed(rule_no: int) -> tuple[int, ...]:
    """One finding of the rule, to be summed: several rules share a number, each has 15 bits of it."""
    pack, place = divmod(rule_no, temporary.RULES_PER_PACK)
    return tuple(1 << _PLACE * place if n == pack else 0 for n in range(temporary.PACKS))


#: An asset has a finding of a rule for each product at most: fewer than 2¹⁵.
_PLACE = 15


def unpacked(rule_no: int) -> str:
    """SQL: how many findings of the rule an asset has, from the sums of `x`."""
    pack, place = divmod(rule_no, temporary.RULES_PER_PACK)
    return f"((x.pack_{pack} >> {_PLACE * place}) & {(1 << _PLACE) - 1})"


def _any(rules: frozenset[str]) -> str:
    counts = [unpacked(n) for n, rule in enumerate(RULES) if rule.value in rules]
    return " + ".join(counts) + " > 0" if counts else "1 = 0"


def packed_severity(severity: str) -> int:
    """One finding of the severity, to be summed: an asset has fewer than 2¹² of each."""
    return 1 << _SEVERITY_PLACE * SEVERITIES.index(severity)


_SEVERITY_PLACE = 12


def count_severities(session: Session) -> list[tuple[int, str, int]]:
    """(agency, severity, findings) of the chunk, those of the ruleset apart. Two statements."""
    mask = (1 << _SEVERITY_PLACE) - 1
    sums = ", ".join(f"SUM((x.severities >> {_SEVERITY_PLACE * n}) & {mask})" for n in range(len(SEVERITIES)))
    rows = session.execute(
        text(f"SELECT x.agency_id, {sums} FROM scan_profile x GROUP BY x.agency_id")  # noqa: S608
    )
    counted = [
        (int(agency), severity, int(count))
        for agency, *counts in rows
        for severity, count in zip(SEVERITIES, counts, strict=True)
        if count
    ]
    judged = session.execute(
        text(
            """SELECT p.agency_id, v.severity, COUNT(*)
            FROM scan_judged j CROSS JOIN scan_verdict v CROSS JOIN scan_profile p
            WHERE j.no > 0 AND v.no = j.no AND p.profile = j.profile GROUP BY p.agency_id, v.severity"""
        )
    )
    return counted + [(int(agency), str(severity), int(count)) for agency, severity, count in judged]


def count_ending(session: Session, source: Source) -> list[tuple[int, str, int]]:
    """(agency, YYYY-MM, units) of assets on which something's security support ends in that month, this one
    or one of the next twelve, whatever the policy warns of."""
    if not source.has("ending"):
        return []
    of_title, of_model = (
        CHOSEN_BOTH.format(at=at, kind=kind) for at, kind in (("i", "title"), ("a", "model"))
    )
    rows = source.run(
        session,
        f"""SELECT x.agency_id, x.month, SUM(a.units)
        FROM (SELECT i.agency_id, i.asset_id, p.month
              FROM scan_chunk k CROSS JOIN installation i CROSS JOIN scan_ending p
              WHERE i.agency_id = k.agency_id AND {source.held} AND {source.kept("i.asset_id")}
                AND p.is_model = 0 AND p.subject_id = i.title_id AND {of_title}
              UNION
              SELECT a.agency_id, a.id, p.month
              FROM scan_chunk k CROSS JOIN {source.asset} a CROSS JOIN scan_ending p
              WHERE a.agency_id = k.agency_id AND {source.kept("a.id")}
                AND p.is_model = 1 AND p.subject_id = a.hardware_model_id AND {of_model}) AS x
        CROSS JOIN {source.asset} a WHERE a.agency_id = x.agency_id AND a.id = x.asset_id
        GROUP BY x.agency_id, x.month""",  # noqa: S608
    )
    return [(int(agency), str(month), int(units)) for agency, month, units in rows]


def count_assets(session: Session, source: Source) -> list[tuple[int, int, int]]:
    """(agency, assets, units) of the chunk's assets that rules look at."""
    rows = session.execute(
        text(
            f"""SELECT a.agency_id, COUNT(*), SUM(a.units) FROM scan_chunk k CROSS JOIN {source.asset} a
            WHERE a.agency_id = k.agency_id AND {source.kept("a.id")} GROUP BY a.agency_id"""  # noqa: S608
        )
    )
    return [(int(agency), int(assets), int(units)) for agency, assets, units in rows]


def count_coverage(session: Session, source: Source) -> list[tuple[int, ...]]:
    """(agency, installations, tracked, matched, dated, not_tracked) of the chunk; installations are rows, the
    others sum units. One statement.

    Nearly every asset is one unit with shared matches: those are counted by title alone, further units and
    agencies' own matches are added as differences.
    """
    live = f"{source.held} AND {source.kept('i.asset_id')}"
    sums = ", ".join(f"SUM(x.{name})" for name in temporary.MEASURES)
    once = ", ".join(f"SUM(t.{name}) AS {name}" for name in temporary.MEASURES)
    further = ", ".join(f"SUM(t.{name} * (a.units - 1))" for name in temporary.MEASURES)
    own = ", ".join(f"SUM(t.{name} * a.units)" for name in temporary.MEASURES)
    rows = source.run(
        session,
        f"""SELECT x.agency_id, SUM(x.installations), {sums} FROM (
        SELECT k.agency_id AS agency_id, COUNT(*) AS installations, {once}
        FROM scan_chunk k CROSS JOIN installation i CROSS JOIN scan_title t
        WHERE i.agency_id = k.agency_id AND {live} AND t.title_id = i.title_id GROUP BY k.agency_id
        UNION ALL
        SELECT i.agency_id, 0, {further}
        FROM scan_chunk k CROSS JOIN {source.asset} a CROSS JOIN installation i CROSS JOIN scan_title t
        WHERE a.agency_id = k.agency_id AND a.units > 1 AND i.agency_id = a.agency_id AND i.asset_id = a.id
          AND {live} AND t.title_id = i.title_id GROUP BY i.agency_id
        UNION ALL
        SELECT i.agency_id, 0, {own}
        FROM scan_own_title t CROSS JOIN scan_chunk k CROSS JOIN installation i CROSS JOIN {source.asset} a
        WHERE k.agency_id = t.agency_id AND i.agency_id = t.agency_id AND i.title_id = t.title_id AND {live}
          AND a.agency_id = i.agency_id AND a.id = i.asset_id GROUP BY i.agency_id
        ) AS x GROUP BY x.agency_id""",  # noqa: S608
    )
    return [tuple(int(value) for value in row) for row in rows]
