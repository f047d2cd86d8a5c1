"""What people do about findings, on both databases: set by set, kept by scans, told in histories and in the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from tests.lifecycle.world import NOW, OPERATOR, TODAY, Thing, World, build
from tracker.db import new_id, reading, record_statements, table_of, transaction
from tracker.identity.errors import Forbidden, Invalid, NotFound
from tracker.identity.models import Grant, Role, User
from tracker.identity.schemas import Principal
from tracker.lifecycle import workflow
from tracker.lifecycle.actions import scan
from tracker.lifecycle.handling import Handled, count_handled, list_acts, list_episodes
from tracker.lifecycle.queries import list_findings
from tracker.lifecycle.schemas import FindingFilter, FindingRow
from tracker.lifecycle.workflow import Handling

ENDED = "security-support-ended"
THINGS = (
    Thing("A", "A-1", ["Windows 10 Pro"]),
    Thing("A1", "A1-1", ["Windows 10 Pro"]),
    Thing("B", "B-1", ["Windows 10 Pro"]),
)


@pytest.fixture
def world(engine: Engine) -> World:
    made = build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    return made


def person(engine: Engine, world: World, name: str, code: str, role: Role) -> Principal:
    """A user with `role` in the agency `code`."""
    with transaction(engine) as session:
        user_id = new_id(session)
        email = f"{name}@example.org"
        row = {"id": user_id, "email": email, "password_hash": "-", "created_at": NOW, "language": "en"}
        session.execute(table_of(User).insert().values(**row, must_change_password=False, active=True))
        granted = {"user_id": user_id, "agency_id": world.agencies[code], "role": role.value}
        session.execute(table_of(Grant).insert().values(**granted))
    return Principal(user_id, email, ((world.paths[code], role),))


def do(
    engine: Engine,
    who: Principal,
    act: Callable[..., int],
    *more: object,
    today: date = TODAY,
    **wanted: object,
) -> int:
    """One act on the findings of a filter."""
    chosen = FindingFilter(**{"rule": ENDED, **wanted})  # type: ignore[arg-type]
    with transaction(engine) as session:
        return act(Handling(session, who, replace(chosen, on=today), today, NOW), *more)


def rows(
    engine: Engine, who: Principal = OPERATOR, on: date = TODAY, **wanted: object
) -> dict[str, FindingRow]:
    """{tag: finding} of a filter."""
    chosen = FindingFilter(**{"rule": ENDED, **wanted}, on=on)  # type: ignore[arg-type]
    with reading(engine) as session:
        return {str(one.asset_tag): one for one in list_findings(session, who, chosen).items}


def handled(engine: Engine, who: Principal = OPERATOR, on: date = TODAY) -> Handled:
    with reading(engine) as session:
        return count_handled(session, who, on)


def test_acknowledging_concerns_what_one_may_handle_and_only_once(engine: Engine, world: World) -> None:
    manager, auditor = world.viewer("A"), world.viewer("A", Role.AUDITOR)
    assert do(engine, manager, workflow.acknowledge) == 2
    assert do(engine, manager, workflow.acknowledge) == 0
    found = rows(engine)
    assert {tag: one.work.acknowledged_by for tag, one in found.items()} == {
        "A-1": "viewer of A", "A1-1": "viewer of A", "B-1": None,
    }  # fmt: skip
    assert found["A-1"].work.acknowledged_at == NOW
    assert set(rows(engine, handling="new")) == {"B-1"}
    assert set(rows(engine, handling="acknowledged")) == {"A-1", "A1-1"}
    with pytest.raises(Forbidden):
        do(engine, auditor, workflow.acknowledge)
    assert (
        do(engine, Principal(None, "nobody", ((world.paths["B"], Role.IT_MANAGER),)), workflow.acknowledge)
        == 1
    )


def test_handing_over_reaches_only_what_the_other_one_sees(engine: Engine, world: World) -> None:
    below = person(engine, world, "below", "A1", Role.UPLOADER)
    other = person(engine, world, "other", "B", Role.IT_MANAGER)
    manager, due = world.viewer("A"), TODAY + timedelta(days=3)
    assert do(engine, manager, workflow.assign, below.name, due) == 1
    assert rows(engine)["A1-1"].work.assignee == below.name
    assert rows(engine)["A1-1"].to_json()["due_on"] == "2026-11-28"
    assert set(rows(engine, assignee=below.name)) == {"A1-1"}
    assert set(rows(engine, assignee="nobody")) == {"A-1", "B-1"}
    for stranger in (other.name, "none@example.org"):
        with pytest.raises(NotFound, match="sees these findings"):
            do(engine, manager, workflow.assign, stranger)
    with pytest.raises(Invalid):
        do(engine, manager, workflow.assign, below.name, TODAY - timedelta(days=1))
    assert rows(engine, on=due, handling="overdue") == {}
    assert set(rows(engine, on=due + timedelta(days=1), handling="overdue")) == {"A1-1"}
    assert handled(engine, on=due + timedelta(days=1)) == Handled(0, 0, 1)
    assert do(engine, manager, workflow.unassign) == 1
    assert (rows(engine)["A1-1"].work.assignee, rows(engine)["A1-1"].work.due_on) == (None, None)


def test_a_waiver_needs_two_persons_and_ends_by_itself(engine: Engine, world: World) -> None:
    manager, admin = world.viewer("A"), Principal(None, "admin of A", ((world.paths["A"], Role.ADMIN),))
    until = TODAY + timedelta(days=30)
    ask = (workflow.ask_waiver, "replaced in spring", "no network", until)
    assert do(engine, admin, *ask) == 2
    assert do(engine, admin, workflow.grant_waiver) == 0, "who asked may not approve"
    assert do(engine, manager, *ask) == 2
    with pytest.raises(Forbidden):
        do(engine, manager, workflow.grant_waiver)
    assert handled(engine) == Handled(0, 2, 0)
    assert rows(engine)["A-1"].waived_until is None
    assert do(engine, admin, workflow.grant_waiver, "seen") == 2
    assert handled(engine) == Handled(2, 0, 0)
    assert rows(engine)["A-1"].to_json()["waived_until"] == "2026-12-25"
    assert rows(engine)["A-1"].work.waived_by == "admin of A"
    assert set(rows(engine, handling="waived")) == {"A-1", "A1-1"}
    assert set(rows(engine)) == {"A-1", "A1-1", "B-1"}, "waived stays counted"
    after = until + timedelta(days=1)
    assert rows(engine, on=until)["A-1"].waived_until == until
    assert rows(engine, on=after)["A-1"].waived_until is None
    assert set(rows(engine, on=after, handling="not-waived")) == {"A-1", "A1-1", "B-1"}
    assert handled(engine, on=after) == Handled()


@pytest.mark.parametrize(
    ("reason", "control", "days"),
    [("", "c", 1), ("r", " ", 1), ("r", "c", -1), ("r", "c", 366), ("r" * 2001, "c", 1)],
)
def test_a_waiver_is_not_asked_for_without_its_parts(
    engine: Engine, world: World, reason: str, control: str, days: int
) -> None:
    with pytest.raises(Invalid):
        do(engine, world.viewer("A"), workflow.ask_waiver, reason, control, TODAY + timedelta(days=days))
    assert handled(engine) == Handled()


def test_a_waiver_is_refused_or_ended_early(engine: Engine, world: World) -> None:
    manager, until = world.viewer("A"), TODAY + timedelta(days=30)
    do(engine, manager, workflow.ask_waiver, "r", "c", until)
    assert do(engine, OPERATOR, workflow.refuse_waiver, "no", agency="A1") == 1
    assert do(engine, OPERATOR, workflow.grant_waiver, today=until + timedelta(days=1)) == 0, (
        "its end has passed"
    )
    assert do(engine, OPERATOR, workflow.grant_waiver) == 1
    assert do(engine, OPERATOR, workflow.end_waiver, "a way in was found") == 1
    assert handled(engine) == Handled()
    with reading(engine) as session:
        acts = list_acts(session, manager, rows(engine)["A-1"].id or 0)
    assert [one.act for one in acts] == ["waiver-asked", "waiver-granted", "waiver-ended"]
    assert acts[0].detail == {"reason": "r", "control": "c", "until": "2026-12-25"}
    assert (acts[2].actor, acts[2].detail) == ("operator", {"text": "a way in was found"})


def test_scans_keep_what_people_did_and_a_recurrence_begins_afresh(engine: Engine, world: World) -> None:
    manager, until = world.viewer("A"), TODAY + timedelta(days=90)
    do(engine, manager, workflow.ask_waiver, "r", "c", until)
    do(engine, OPERATOR, workflow.grant_waiver)
    first = rows(engine)["A-1"]
    held = text("UPDATE installation SET superseded_at = :at WHERE agency_id = :agency")
    scan(engine, OPERATOR, TODAY + timedelta(days=1), NOW)
    assert rows(engine)["A-1"] == first
    with transaction(engine) as session:
        session.execute(held, {"at": datetime(2026, 11, 26, tzinfo=UTC), "agency": world.agencies["A"]})
    scan(engine, OPERATOR, TODAY + timedelta(days=2), NOW)
    assert rows(engine, state="resolved")["A-1"].work.waived_by == "operator"
    with transaction(engine) as session:
        session.execute(text("UPDATE installation SET superseded_at = NULL"))
    scan(engine, OPERATOR, TODAY + timedelta(days=3), NOW)
    again = rows(engine)["A-1"]
    assert (again.id != first.id, again.waived_until, again.work.waived_by) == (True, None, None)
    with reading(engine) as session:
        episodes = list_episodes(session, OPERATOR, again.id or 0)
        assert [(one.id, one.resolved_on) for one in episodes] == [(first.id, TODAY + timedelta(days=2))]
        assert list_acts(session, OPERATOR, again.id or 0) == []
        with pytest.raises(NotFound):
            list_acts(session, world.viewer("B"), again.id or 0)


def test_an_act_costs_the_same_for_one_finding_and_for_many(engine: Engine) -> None:
    build(engine, [Thing("A", f"T{number}", ["Windows 10 Pro"]) for number in range(40)])
    scan(engine, OPERATOR, TODAY, NOW)
    one = next(iter(rows(engine).values()))
    with record_statements(engine) as few:
        assert do(engine, OPERATOR, workflow.comment, "seen", ids=(one.id,)) == 1
    with record_statements(engine) as many:
        assert do(engine, OPERATOR, workflow.comment, "seen") == 40
    assert len(few) == len(many) <= 16
    with record_statements(engine) as waived:
        assert do(engine, OPERATOR, workflow.ask_waiver, "r", "c", TODAY) == 40
    assert len(waived) <= len(many) + 2
    with engine.connect() as connection:
        told = connection.execute(text("SELECT action, detail FROM audit_event ORDER BY seq DESC")).first()
        assert told is not None
        assert told[0] == "finding-waiver-asked"
        assert connection.execute(text("SELECT COUNT(*) FROM finding_history")).scalar_one() == 81


def test_words_that_are_none_of_ours_are_refused(engine: Engine, world: World) -> None:
    with pytest.raises(Invalid):
        rows(engine, handling="whatever")
    with pytest.raises(Invalid):
        do(engine, OPERATOR, workflow.comment, "  ")
