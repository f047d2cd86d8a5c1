"""What people decided about names, spread over the titles that they are about: a decision outranks the matcher.

The nearest decision holds: an agency's before its parents', those before the organisation's (the root's),
that before the shipped names. In one agency, one about exactly a name and version comes before one of its key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session

from tracker.catalogue import queries as catalogue
from tracker.catalogue.matching import Match
from tracker.catalogue.matching.deciding import METHOD, Decided, not_tracked
from tracker.catalogue.models import Product, Release
from tracker.db import table_of
from tracker.identity.models import Agency
from tracker.identity.schemas import ROOT_PATH
from tracker.inventory.decision_models import DecisionOutcome, TitleDecision
from tracker.inventory.models import SoftwareTitle, TitleMatch

_decision, _agency = table_of(TitleDecision), table_of(Agency)
_match, _title = table_of(TitleMatch), table_of(SoftwareTitle)
_product, _release = table_of(Product), table_of(Release)
_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision that holds and says what a name is."""

    id: int
    path: str
    agency: str
    key: str
    name: str
    version: str
    outcome: str
    product: str | None
    release: str | None
    reason: str
    author: str
    recorded_at: datetime

    @property
    def is_shared(self) -> bool:
        """Whether it is the whole organisation's."""
        return self.path == ROOT_PATH

    def is_about(self, name: str, version: str) -> bool:
        """Whether a title of its key is meant."""
        return not self.name or (self.name, self.version) == (name, version)


@dataclass(frozen=True, slots=True)
class Scoped:
    """What a title is in one agency; `stamp` names the matcher, the catalogue and the decision."""

    title_id: int
    agency_id: int
    key: str
    found: Match
    stamp: str


class Rulings:
    """The decisions that hold, and how each is applied to a name."""

    def __init__(self, session: Session, rulings: Iterable[Ruling]) -> None:
        self._session = session
        self._decided: dict[str, Decided] | None = None
        self._by_key: dict[str, list[Ruling]] = defaultdict(list)
        # The weaker first: of several that are about a name, the last one holds.
        for one in sorted(rulings, key=lambda one: (one.path.count("/"), bool(one.name), one.id)):
            self._by_key[one.key].append(one)

    def shared(self, key: str, name: str, version: str) -> Match | None:
        """What the organisation decided about a title, if anything."""
        held = [one for one in self._by_key.get(key, ()) if one.is_shared and one.is_about(name, version)]
        return self.apply(held[-1], name, version) if held else None

    def own(self, key: str, name: str, version: str) -> list[Ruling]:
        """Decisions of agencies below the root about a title, the weaker first."""
        return [one for one in self._by_key.get(key, ()) if not one.is_shared and one.is_about(name, version)]

    @property
    def has_own(self) -> bool:
        """Whether any agency below the root decided anything."""
        return any(not one.is_shared for held in self._by_key.values() for one in held)

    def apply(self, ruling: Ruling, name: str, version: str) -> Match:
        """What `ruling` makes of a title, with who said so in its evidence."""
        if ruling.product is None:
            found = not_tracked(name)
        else:
            found = self._product(ruling.product).match(name, version or None, ruling.release)
        found.evidence.update(
            rules=[f"decision:{ruling.id}"],
            conflicts=[],
            decided_by=ruling.author,
            decided_for=ruling.agency,
            decided_on=ruling.recorded_at.date().isoformat(),
            decided_because=ruling.reason,
        )
        return found

    def _product(self, slug: str) -> Decided:
        if self._decided is None:
            wanted = {one.product for held in self._by_key.values() for one in held}
            products = catalogue.load_index(self._session)
            self._decided = {one.slug: Decided(one) for one in products if one.slug in wanted}
        return self._decided[slug]


def load_rulings(session: Session) -> Rulings:
    """Every decision that holds, but those that only say not to ask. One statement."""
    query = (
        select(
            _decision.c.id,
            _agency.c.path,
            _agency.c.code,
            _decision.c.key,
            _decision.c.name,
            _decision.c.version,
            _decision.c.outcome,
            _product.c.slug,
            _release.c.name,
            _decision.c.reason,
            _decision.c.author,
            _decision.c.recorded_at,
        )
        .select_from(
            _decision.join(_agency, _agency.c.id == _decision.c.agency_id)
            .outerjoin(_product, _product.c.id == _decision.c.product_id)
            .outerjoin(_release, _release.c.id == _decision.c.release_id)
        )
        .where(_decision.c.superseded_at.is_(None), _decision.c.outcome != DecisionOutcome.IGNORED)
        .order_by(_decision.c.id)
    )
    return Rulings(session, [Ruling(*row) for row in session.execute(query)])


def stage_scoped(session: Session, rulings: Rulings, version: str) -> list[Scoped]:
    """Take away matches of agencies that no decision asks for as they are; returns those to be added.

    At most four statements and one per 5,000 rows taken away; one where no agency decided anything.
    """
    stored = _stored(session)
    if not rulings.has_own and not stored:
        return []
    wanted = _wanted(session, rulings) if rulings.has_own else {}
    stamps = {at: f"{version}/{ruling.id}" for at, (ruling, _) in wanted.items()}
    stale = [row_id for at, (row_id, stamp) in stored.items() if stamps.get(at) != stamp]
    for start in range(0, len(stale), _CHUNK):
        session.execute(delete(_match).where(_match.c.id.in_(stale[start : start + _CHUNK])))
    missing = [at for at in stamps if at not in stored or stored[at][1] != stamps[at]]
    made: dict[tuple[int, int], Match] = {}
    found = []
    for at in sorted(missing):
        ruling, (name, said) = wanted[at]
        # One answer per title and decision, however many agencies are below.
        if (at[0], ruling.id) not in made:
            made[at[0], ruling.id] = rulings.apply(ruling, name, said)
        found.append(Scoped(*at, ruling.key, made[at[0], ruling.id], stamps[at]))
    return found


def _stored(session: Session) -> dict[tuple[int, int], tuple[int, str]]:
    """{(title, agency): (id of the match, what made it)} of matches that decisions of agencies made."""
    query = select(
        _match.c.subject_id, _match.c.scope_agency_id, _match.c.id, _match.c.matcher_version
    ).where(_match.c.scope_agency_id != 0, _match.c.method == METHOD)
    return {(row[0], row[1]): (row[2], row[3]) for row in session.execute(query)}


def _wanted(session: Session, rulings: Rulings) -> Mapping[tuple[int, int], tuple[Ruling, tuple[str, str]]]:
    """{(title, agency): its nearest decision, and (name, version) of the title}. Two statements."""
    held = select(_decision.c.key).where(
        _decision.c.superseded_at.is_(None), _decision.c.outcome != DecisionOutcome.IGNORED
    )
    titles = session.execute(
        select(_title.c.id, _title.c.name, _title.c.version, _match.c.subject_key)
        .join(_match, _match.c.subject_id == _title.c.id)
        .where(
            _match.c.subject_kind == "title", _match.c.scope_agency_id == 0, _match.c.subject_key.in_(held)
        )
        .order_by(_title.c.id)
    ).all()
    agencies = session.execute(select(_agency.c.id, _agency.c.path).order_by(_agency.c.path)).all()
    below: dict[str, list[int]] = {}
    wanted = {}
    for title_id, name, version, key in titles:
        for ruling in rulings.own(key, name, version):
            if ruling.path not in below:
                below[ruling.path] = [at for at, path in agencies if path.startswith(ruling.path)]
            for agency_id in below[ruling.path]:
                wanted[title_id, agency_id] = (ruling, (name, version))
    return wanted
