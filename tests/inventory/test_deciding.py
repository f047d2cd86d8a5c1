"""What people decide about names: who outranks whom, what is matched again, and who sees what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from tests.lifecycle.world import NOW, OPERATOR, TODAY, Thing, World, add_title, build, install
from tracker.db import reading, record_statements, transaction
from tracker.identity.errors import NotFound, Refused
from tracker.identity.models import Role
from tracker.identity.schemas import Principal
from tracker.inventory import alias_files, deciding, review_queue
from tracker.inventory.matching import match_titles
from tracker.inventory.queue_schemas import Decided, NewDecision, QueueFilter, QueuePage

LATER = NOW + timedelta(hours=1)
#: Title → tags of the assets that it is on.
INSTALLED = {
    "Kantorku Pro 3": ("A-1", "A-2", "A1-1"),
    "kantorku pro versi 4": ("A-1",),
    "Kasda Rahasia 7": ("B-1", "B-2"),
    "Kantorku Pro 5": ("B-1",),
}


def world_of(engine: Engine) -> World:
    """Two assets of A and B each, one of A1, below A; nothing of the catalogue knows the names on them."""
    places = {"A-1": "A", "A-2": "A", "A1-1": "A1", "B-1": "B", "B-2": "B"}
    world = build(engine, [Thing(agency, tag) for tag, agency in places.items()])
    with transaction(engine) as session:
        session.execute(text("DELETE FROM title_match"))
        for name, tags in INSTALLED.items():
            add_title(session, world, name)
            for tag in tags:
                install(session, world, places[tag], tag, name)
        match_titles(session, NOW)
    return world


def decide(engine: Engine, who: Principal, agency: str, text: str, **more: object) -> Decided:
    given = {"agency": agency, "text": text, "product": "nginx"} | more
    with transaction(engine) as session:
        return deciding.decide(session, who, NewDecision(**given), LATER)


def queue(engine: Engine, who: Principal, **wanted: str) -> QueuePage:
    with reading(engine) as session:
        return review_queue.list_queue(session, who, TODAY, QueueFilter(**wanted))


def keys(page: QueuePage) -> list[tuple[str, int, int]]:
    return [(group.key, group.assets, group.title_count) for group in page.items]


def matches(engine: Engine, world: World, name: str) -> dict[str, tuple[str, str | None, str | None]]:
    """{agency ('' shared): (outcome, product, release)} of the title."""
    codes = {number: code for code, number in world.agencies.items()} | {0: ""}
    sql = """SELECT m.scope_agency_id, m.outcome, p.slug, r.name FROM title_match m
        LEFT JOIN product p ON p.id = m.product_id LEFT JOIN release r ON r.id = m.release_id
        WHERE m.subject_id = :title AND m.subject_kind = 'title'"""
    with engine.connect() as connection:
        rows = connection.execute(text(sql), {"title": world.titles[name]}).all()
    return {codes[row[0]]: (row[1], row[2], row[3]) for row in rows}


def stored(engine: Engine) -> dict[int, tuple[object, ...]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, subject_id, scope_agency_id, outcome FROM title_match"))
        return {row[0]: tuple(row) for row in rows}


UNKNOWN = ("unrecognised", None, None)


def test_the_queue_groups_names_and_puts_the_heaviest_first(engine: Engine) -> None:
    world_of(engine)
    everything = queue(engine, OPERATOR)
    assert keys(everything) == [("kantorku pro", 4, 3), ("kasda rahasia", 2, 1)]
    first = everything.items[0]
    assert (first.score, first.nearness, everything.total, everything.confident) == (8, 2, 2, 0)
    assert [(title.name, title.assets) for title in first.titles] == [
        ("Kantorku Pro 3", 3), ("kantorku pro versi 4", 1), ("Kantorku Pro 5", 1),
    ]  # fmt: skip
    assert [one.product for one in first.suggestions] == ["windows", "office", "debian"]
    assert keys(queue(engine, OPERATOR, text="RAHASIA")) == [("kasda rahasia", 2, 1)]
    assert keys(queue(engine, OPERATOR, kind="product-only")) == []
    assert keys(queue(engine, OPERATOR, reason="no-name-known"))[0] == ("kantorku pro", 4, 3)


def test_the_queue_has_pages(engine: Engine) -> None:
    world_of(engine)
    with reading(engine) as session:
        first = review_queue.list_queue(session, OPERATOR, TODAY, limit=1)
        second = review_queue.list_queue(session, OPERATOR, TODAY, after=first.next_cursor, limit=1)
    assert (keys(first), keys(second)) == ([("kantorku pro", 4, 3)], [("kasda rahasia", 2, 1)])
    assert (first.next_cursor, second.next_cursor, first.total) == ("8-kantorku pro", None, 2)


def test_statements_do_not_grow_with_names(engine: Engine) -> None:
    world = world_of(engine)
    with record_statements(engine) as few:
        queue(engine, OPERATOR)
    with transaction(engine) as session:
        for n in range(50):
            add_title(session, world, f"Sesuatu {'abcdefghij'[n % 10]}{'klmno'[n // 10]}x")
            install(session, world, "A", "A-1", list(world.titles)[-1])
        match_titles(session, NOW)
    with record_statements(engine) as many:
        assert queue(engine, OPERATOR).total == 52
    assert len([sql for sql in few if sql != "BEGIN"]) == len([sql for sql in many if sql != "BEGIN"]) == 5


def test_an_agency_sees_its_own_names_only(engine: Engine) -> None:
    world = world_of(engine)
    of_a, of_a1, of_b = (world.viewer(code) for code in ("A", "A1", "B"))
    assert keys(queue(engine, of_a)) == [("kantorku pro", 3, 2)]
    assert keys(queue(engine, of_a1)) == [("kantorku pro", 1, 1)]
    assert keys(queue(engine, of_b)) == [("kasda rahasia", 2, 1), ("kantorku pro", 1, 1)]
    assert [title.name for title in queue(engine, of_a).items[0].titles] == [
        "Kantorku Pro 3", "kantorku pro versi 4",
    ]  # fmt: skip
    assert keys(queue(engine, of_a, text="rahasia")) == []
    assert keys(queue(engine, Principal(None, "nobody", ()))) == []
    with pytest.raises(NotFound), reading(engine) as session:
        review_queue.list_queue(session, of_a, TODAY, QueueFilter(agency="B"))


def test_guessed_numbers_tell_nothing(engine: Engine) -> None:
    world = world_of(engine)
    of_a = world.viewer("A")
    hidden, missing = world.titles["Kasda Rahasia 7"], 10**12
    told = []
    for number in (hidden, missing):
        with pytest.raises(NotFound) as looked, reading(engine) as session:
            review_queue.get_title(session, of_a, number)
        with pytest.raises(NotFound) as decided, transaction(engine) as session:
            new = NewDecision(agency="A", title_id=number, product="nginx")
            deciding.decide(session, of_a, new, LATER)
        told.append([str(error.value).replace(str(number), "N") for error in (looked, decided)])
    assert told[0] == told[1]
    # A name that only B has: the answer counts A's titles, of which there are none.
    assert decide(engine, of_a, "A", "Kasda Rahasia").titles == 0
    own = decide(engine, world.viewer("B"), "B", "Kasda Rahasia", product="office").decisions[0]
    with reading(engine) as session:
        assert [one.agency for one in deciding.list_decisions(session, of_a)] == ["A"]
        assert [row["agency"] for row in alias_files.export_aliases(session, of_a)] == ["A"]
    with pytest.raises(NotFound), transaction(engine) as session:
        deciding.take_back(session, of_a, own.id, LATER)


def test_the_nearest_decision_holds(engine: Engine) -> None:
    world = world_of(engine)
    name = "Kantorku Pro 3"
    assert matches(engine, world, name) == {"": UNKNOWN}
    decide(engine, OPERATOR, "ROOT", "kantorku PRO", product="office", release="2021")
    office = ("matched", "office", "2021")
    assert matches(engine, world, name) == {"": office}
    decide(engine, world.viewer("A"), "A", "Kantorku Pro", product="debian", release="12")
    debian = ("matched", "debian", "12")
    assert matches(engine, world, name) == {"": office, "A": debian, "A1": debian}
    made = decide(engine, world.viewer("A"), "A1", "Kantorku Pro", outcome="not-tracked", product=None)
    assert matches(engine, world, name) == {"": office, "A": debian, "A1": ("not-tracked", None, None)}
    with transaction(engine) as session:
        deciding.take_back(session, world.viewer("A1"), made.decisions[0].id, LATER)
    assert matches(engine, world, name) == {"": office, "A": debian, "A1": debian}


def test_a_decision_touches_only_the_titles_that_it_is_about(engine: Engine) -> None:
    world = world_of(engine)
    before = stored(engine)
    made = decide(engine, world.viewer("A"), "A", "Kantorku Pro", release="1.28")
    after = stored(engine)
    assert before.items() <= after.items()
    about = {world.titles[name] for name in INSTALLED if "antorku" in name}
    assert {row[1] for number, row in after.items() if number not in before} == about
    assert made.titles == 2
    decide(engine, OPERATOR, "ROOT", "Kasda Rahasia", release="1.28")
    changed = {row[1] for number, row in before.items() if number not in stored(engine)}
    assert changed == {world.titles["Kasda Rahasia 7"]}


def test_a_decision_can_be_about_exactly_one_name(engine: Engine) -> None:
    world = world_of(engine)
    with transaction(engine) as session:
        new = NewDecision(agency="ROOT", title_id=world.titles["Kantorku Pro 3"], exact=True, product="debian",
                          release="12")  # fmt: skip
        deciding.decide(session, OPERATOR, new, LATER)
    assert matches(engine, world, "Kantorku Pro 3") == {"": ("matched", "debian", "12")}
    assert matches(engine, world, "Kantorku Pro 5") == {"": UNKNOWN}


def test_the_release_can_be_told_by_the_version(engine: Engine) -> None:
    world = world_of(engine)
    with transaction(engine) as session:
        add_title(session, world, "Gerbang Web 1.28.1")
        install(session, world, "A", "A-1", "Gerbang Web 1.28.1")
        match_titles(session, NOW)
    decide(engine, world.viewer("A"), "A", "Gerbang Web")
    assert matches(engine, world, "Gerbang Web 1.28.1")["A"] == ("matched", "nginx", "1.28")
    decide(engine, world.viewer("A"), "A", "Kantorku Pro")
    assert matches(engine, world, "Kantorku Pro 3")["A"] == ("product-only", "nginx", None)


def test_what_is_ignored_leaves_the_queue_and_changes_no_match(engine: Engine) -> None:
    world = world_of(engine)
    before = stored(engine)
    decide(engine, world.viewer("A"), "A", "Kantorku Pro", outcome="ignored", product=None)
    assert stored(engine) == before
    assert keys(queue(engine, world.viewer("A"))) == []
    assert keys(queue(engine, world.viewer("A1"))) == []
    assert ("kantorku pro", 1, 1) in keys(queue(engine, OPERATOR))


def test_decisions_hold_under_a_newer_catalogue(engine: Engine) -> None:
    world = world_of(engine)
    decide(engine, world.viewer("A"), "A", "Kantorku Pro", release="1.28")
    decide(engine, OPERATOR, "ROOT", "Kasda Rahasia", product="office", release="2021")
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO catalogue_snapshot (id, source, kind, licence, as_of, sha256, loaded_at, counts)"
                " SELECT 999999, source, kind, licence, as_of, 'newer', loaded_at, counts FROM catalogue_snapshot"
            )
        )
        assert match_titles(session, LATER) == len(world.titles)
    assert matches(engine, world, "Kantorku Pro 3")["A1"] == ("matched", "nginx", "1.28")
    assert matches(engine, world, "Kasda Rahasia 7") == {"": ("matched", "office", "2021")}
    before = stored(engine)
    with transaction(engine) as session:
        assert match_titles(session, LATER) == 0
    assert stored(engine) == before


def test_only_who_manages_there_decides(engine: Engine) -> None:
    world = world_of(engine)
    for who, agency in (
        (world.viewer("A", Role.AUDITOR), "A"),
        (world.viewer("A", Role.UPLOADER), "A"),
        (world.viewer("A"), "B"),
        (world.viewer("A"), "ROOT"),
    ):
        with pytest.raises(NotFound):
            decide(engine, who, agency, "Kantorku Pro")
    assert stored(engine) and matches(engine, world, "Kantorku Pro 3") == {"": UNKNOWN}


def audited(engine: Engine) -> Sequence[tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT action, actor FROM audit_event WHERE subject_kind = 'title-decision' ORDER BY seq")
        )
        return [(row[0], row[1]) for row in rows]


def test_saying_the_same_again_changes_nothing_and_saying_otherwise_supersedes(engine: Engine) -> None:
    world = world_of(engine)
    of_a = world.viewer("A")
    first = decide(engine, of_a, "A", "Kantorku Pro", reason="own")
    assert decide(engine, of_a, "A", "kantorku pro 9", reason="own").decisions == ()
    second = decide(engine, of_a, "A", "Kantorku Pro", product="debian")
    assert audited(engine) == [("names-decided", of_a.name)] * 2
    with reading(engine) as session:
        everything = deciding.list_decisions(session, of_a, history=True)
        holding = deciding.list_decisions(session, of_a)
    assert [one.id for one in everything] == [first.decisions[0].id, second.decisions[0].id]
    assert (everything[0].superseded_at, everything[0].superseded_by) == (LATER, of_a.name)
    assert [(one.product, one.reason, one.author) for one in holding] == [("debian", "", of_a.name)]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_decisions_go_out_and_come_in_again(engine: Engine, form: str) -> None:
    world = world_of(engine)
    of_a = world.viewer("A")
    decide(engine, of_a, "A", "=Kantorku Pro", reason="=SUM(1)", release="1.28")
    decide(engine, of_a, "A1", "Kantorku Pro 5", exact=True, outcome="not-tracked", product=None)
    with reading(engine) as session:
        rows = alias_files.export_aliases(session, of_a)
        content = (alias_files.write_csv if form == "csv" else alias_files.write_json)(rows).encode()
        ids = [one.id for one in deciding.list_decisions(session, of_a)]
    assert (b"'=SUM" in content) == (form == "csv")
    read = alias_files.read_file(content)
    with transaction(engine) as session:
        assert alias_files.import_aliases(session, of_a, read, LATER).unchanged == 2
        for number in ids:
            deciding.take_back(session, of_a, number, LATER)
    assert matches(engine, world, "Kantorku Pro 3") == {"": UNKNOWN}
    with transaction(engine) as session:
        came = alias_files.import_aliases(session, of_a, read, LATER)
    assert (came.added, came.replaced, came.unchanged, came.refused) == (2, 0, 0, ())
    with reading(engine) as session:
        assert alias_files.export_aliases(session, of_a) == rows
    nginx = ("matched", "nginx", "1.28")
    assert matches(engine, world, "Kantorku Pro 3") == {"": UNKNOWN, "A": nginx, "A1": nginx}


def test_a_file_that_says_otherwise_is_told_row_by_row(engine: Engine) -> None:
    world = world_of(engine)
    of_a = world.viewer("A")
    decide(engine, of_a, "A", "Kantorku Pro")
    rows: list[dict[str, object]] = [
        {"agency": "A", "key": "kantorku pro", "outcome": "ignored"},
        {"agency": "B", "key": "kantorku pro", "outcome": "ignored"},
        {"agency": "A", "key": "lain", "outcome": "product", "product": "nosuch"},
        {"agency": "A", "key": "lain", "outcome": "perhaps"},
        {"agency": "A", "key": "lain", "outcome": "not-tracked"},
    ]
    with transaction(engine) as session:
        came = alias_files.import_aliases(session, of_a, rows, LATER)
    assert (came.added, came.replaced, came.unchanged) == (1, 0, 0)
    assert [(one.row, one.code) for one in came.refused] == [
        (1, "conflict"), (2, "unknown_agency"), (3, "product_unknown"), (4, "bad-row"),
    ]  # fmt: skip
    with transaction(engine) as session:
        came = alias_files.import_aliases(session, of_a, rows[:1], LATER, replace=True)
        assert (came.added, came.replaced) == (0, 1)
        assert [one.outcome for one in deciding.list_decisions(session, of_a, "A")] == [
            "not-tracked",
            "ignored",
        ]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[1, 2]", b"{", b"a,b\n1,2\n", b"[" * 50_000])
def test_a_file_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        alias_files.read_file(content)
