"""What a scan rests on, in short: where all of it is as it was, a scan would find what stands already.

A fingerprint covers everything that a scan reads: the day, the policy, the catalogue, the matches, the
contracts and the rules themselves (`of_facts`), and the inventory of an agency (`of_inventories`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources

from sqlalchemy import delete, func, select, text
from sqlmodel import Session

from tracker.db import insert_rows, is_sqlite, table_of
from tracker.lifecycle.models import DailyRollup, Finding, ScanMark
from tracker.lifecycle.policy import Policy

finding = table_of(Finding)
mark = table_of(ScanMark)
rollup = table_of(DailyRollup)

#: Whatever of the catalogue, the matches and the contracts a verdict can depend on.
_FACTS = (
    "SELECT id FROM software_title ORDER BY id",
    "SELECT id FROM hardware_model ORDER BY id",
    "SELECT * FROM title_match ORDER BY id",
    "SELECT id, version_scheme FROM product ORDER BY id",
    "SELECT id, product_id FROM release ORDER BY id",
    "SELECT * FROM release_fact WHERE superseded_at IS NULL ORDER BY id",
    "SELECT id, release_id, version_key, name, released_on FROM version ORDER BY id",
    "SELECT * FROM exploited_entry ORDER BY id",
    "SELECT entry_id, product_id FROM exploited_product ORDER BY entry_id, product_id",
    "SELECT * FROM exploited_range ORDER BY id",
    "SELECT id, kind, as_of FROM catalogue_snapshot ORDER BY loaded_at, id",
    "SELECT * FROM fact_override WHERE superseded_at IS NULL ORDER BY agency_id, id",
    "SELECT * FROM support_contract ORDER BY agency_id, id",
    "SELECT id, path FROM agency ORDER BY id",
)
#: An asset as rules read it; row_version tells a change that was taken back from no change.
_ASSET = " || '|' || ".join(
    f"COALESCE(CAST({column} AS VARCHAR), '')"
    for column in ("id", "row_version", "asset_class", "it_scope", "status", "hardware_model_id", "units",
                   "acquired_on", "acquired_precision", "warranty_ends_on")
)  # fmt: skip
#: Ids are never used twice, so a changed set of installations has another count or another sum; the product
#: tells which title is on which asset. Everything stays below 64 bits.
_INSTALLATIONS = """SELECT agency_id, COUNT(*), SUM(id % 2147483647), SUM(
    ((asset_id % 2147483647) * 1000003 + id) % 2147483647 * (title_id % 2147483629) % 2147483587)
    FROM installation WHERE superseded_at IS NULL GROUP BY agency_id"""


@cache
def _rules() -> bytes:
    """The code of this room and of the version order: a better rule is a reason to scan again."""
    digest = hashlib.sha256()
    room = sorted(resources.files("tracker.lifecycle").iterdir(), key=lambda one: one.name)
    for source in (*room, resources.files("tracker.catalogue").joinpath("versions.py")):
        if source.name.endswith(".py"):
            digest.update(source.read_bytes())
    return digest.digest()


def of_facts(session: Session, policy: Policy, day: date) -> str:
    """The fingerprint of all that is no inventory. One statement each."""
    digest = hashlib.sha256(_rules())
    digest.update(f"{day}|{policy.id}|{policy.label}".encode())
    for sql in _FACTS:
        digest.update(sql.encode())
        for row in session.execute(text(sql)):
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def of_inventories(session: Session, facts: str) -> dict[int, str]:
    """{agency: fingerprint of `facts` and of all its assets and installations}. Two statements."""
    joined = (
        f"group_concat({_ASSET}, ';')"
        if is_sqlite(session)
        else f"md5(string_agg({_ASSET}, ';' ORDER BY id))"
    )
    assets = f"SELECT agency_id, {joined} FROM asset GROUP BY agency_id"  # noqa: S608 - columns named here
    found: dict[int, str] = {}
    held = {row[0]: tuple(int(value) for value in row[1:]) for row in session.execute(text(_INSTALLATIONS))}
    for agency_id, listed in session.execute(text(assets)):
        told = f"{facts}|{listed}|{held.get(agency_id)}"
        found[agency_id] = hashlib.sha256(told.encode()).hexdigest()
    return found


def find_unchanged(
    session: Session, agencies: Iterable[int], day: date, fingerprints: Mapping[int, str]
) -> tuple[dict[int, int], dict[int, dict[str, int]]]:
    """Agencies that a scan would leave as they are: how many assets, and the counts of the day.

    The last scan rested on the same fingerprint, and as many findings are open as it counted. Three statements.
    """
    wanted = set(agencies)
    marks = session.execute(select(mark.c.agency_id, mark.c.fingerprint, mark.c.assets))
    same = {row[0]: row[2] for row in marks if row[0] in wanted and fingerprints.get(row[0]) == row[1]}
    if not same:
        return {}, {}
    counted: dict[int, dict[str, int]] = {agency_id: {} for agency_id in same}
    rows = session.execute(
        select(rollup.c.agency_id, rollup.c.measure, rollup.c.value).where(rollup.c.day == day)
    )
    for agency_id, measure, value in rows:
        if agency_id in counted:
            counted[agency_id][measure] = value
    is_open = finding.c.resolved_on.is_(None)
    counts = select(finding.c.agency_id, func.count()).where(is_open).group_by(finding.c.agency_id)
    standing = {row[0]: row[1] for row in session.execute(counts)}
    kept = [one for one in same if _open(counted[one]) == standing.get(one, 0)]
    return {one: same[one] for one in kept}, {one: counted[one] for one in kept}


def _open(counted: Mapping[str, int]) -> int:
    return sum(value for measure, value in counted.items() if measure.startswith("open:"))


def keep_marks(
    session: Session, agencies: Sequence[int], fingerprints: Mapping[int, str], assets: Mapping[int, int]
) -> None:
    """Note what the scan of `agencies` rested on, where it is news. One statement, else three."""
    rows = session.execute(select(mark.c.agency_id, mark.c.fingerprint).where(mark.c.agency_id.in_(agencies)))
    stored = {row[0]: row[1] for row in rows}
    news = [one for one in agencies if stored.get(one) != fingerprints.get(one, "")]
    if not news:
        return
    session.execute(delete(mark).where(mark.c.agency_id.in_(news)))
    fresh = ((one, fingerprints.get(one, ""), assets.get(one, 0)) for one in news)
    insert_rows(session, ScanMark, ("agency_id", "fingerprint", "assets"), fresh)
