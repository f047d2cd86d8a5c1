"""Lists, one asset, coverage: filters, order, pages, and who sees what."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, delete
from sqlmodel import Session

from tests.inventory.world import LATER, NOW, OPERATOR, assets, build, detail, load, pc, preview, software
from tracker.db import insert_rows, reading, record_statements, reserve_ids, table_of, transaction
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.schemas import Principal, nobody
from tracker.inventory import actions, queries
from tracker.inventory.models import TitleMatch
from tracker.inventory.schemas import AssetFilter, AssetRow, Coverage, InstallationView


def _stock(engine: Engine) -> dict[str, Principal]:
    people = build(engine)
    load(engine, [
        pc(2, "A-1", name="100% legal_name", serial="XYZ", brand="Dell", model="OptiPlex", cost=Decimal(5), currency="IDR"),
        pc(3, "A-2", name="plain", asset_class="laptop", acquired_on=date(2020, 1, 1), acquired_precision="year"),
        pc(4, "A-3", name="back\\slash", status="retired", condition="broken"),
        pc(5, None, name="no tag", hostname="srv-01", asset_class="server"),
    ])  # fmt: skip
    load(engine, [pc(2, "A1-1", name="child")], "A1")
    load(engine, [pc(2, "B-1", name="other")], "B")
    return people


def _names(engine: Engine, principal: Principal, **wanted: str) -> list[str]:
    return [asset.name for asset in assets(engine, principal, **wanted)]


_FILTERS: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["no tag", "100% legal_name", "plain", "back\\slash", "child", "other"]),
    ({"agency": "A"}, ["no tag", "100% legal_name", "plain", "back\\slash", "child"]),
    ({"agency": "A1"}, ["child"]),
    ({"agency": "NOPE"}, []),
    ({"text": "0%"}, ["100% legal_name"]),
    ({"text": "l_n"}, ["100% legal_name"]),
    ({"text": "k\\s"}, ["back\\slash"]),
    ({"text": "%"}, ["100% legal_name"]),
    ({"text": " xyz "}, ["100% legal_name"]),
    ({"text": "SRV-0"}, ["no tag"]),
    ({"text": "optiplex"}, ["100% legal_name"]),
    ({"text": "dell"}, ["100% legal_name"]),
    ({"text": "'"}, []),
    ({"asset_class": "laptop"}, ["plain"]),
    ({"status": "retired"}, ["back\\slash"]),
    ({"condition": "broken"}, ["back\\slash"]),
    ({"manufacturer": "dell"}, ["100% legal_name"]),
    ({"manufacturer": "Del"}, []),
    ({"model": "OPTIPLEX", "manufacturer": "Dell"}, ["100% legal_name"]),
]


def test_filters(engine: Engine) -> None:
    _stock(engine)
    for wanted, names in _FILTERS:
        with reading(engine) as session:
            page = queries.list_assets(session, OPERATOR, AssetFilter(**wanted), counted=True)
        assert ([asset.name for asset in page.items], page.total) == (names, len(names)), wanted


def test_pages_follow_each_other_in_every_order(engine: Engine) -> None:
    _stock(engine)
    with reading(engine) as session:
        for name in ("asset_tag", "name", "asset_class", "acquired_on", "cost", "id"):
            for order in (name, f"-{name}"):
                whole = queries.list_assets(session, OPERATOR, sort=order, counted=True)
                assert (len(whole.items), whole.total, whole.next_cursor) == (6, 6, None)
                assert _in_pages(session, order) == whole.items
        assert [a.asset_tag for a in _in_pages(session, "-asset_tag")] == [
            "B-1",
            "A1-1",
            "A-3",
            "A-2",
            "A-1",
            None,
        ]


def _in_pages(session: Session, order: str) -> list[AssetRow]:
    """Everything, by pages of two."""
    found, cursor = [], None
    for _ in range(3):
        page = queries.list_assets(session, OPERATOR, sort=order, after=cursor, limit=2)
        assert len(page.items) == 2
        found.extend(page.items)
        cursor = page.next_cursor
    assert cursor is None
    return found


def test_a_bad_sort_or_cursor_is_refused(engine: Engine) -> None:
    with reading(engine) as session:
        for more in (
            {"sort": "password"},
            {"after": "x"},
            {"after": "bnVsbA"},
            {"after": "é"},
            {"after": "WzEsMl0"},
        ):
            with pytest.raises(Invalid):
                queries.list_assets(session, OPERATOR, **{"sort": "acquired_on", **more})  # type: ignore[arg-type]


def test_nobody_sees_what_is_not_theirs(engine: Engine) -> None:
    people = _stock(engine)
    batch = preview(engine, [pc(2, "A-9")])
    assert _names(engine, people["B"]) == ["other"]
    assert _names(engine, people["B"], agency="A") == []
    assert _names(engine, people["A1"]) == ["child"]
    assert len(_names(engine, people["A"])) == 5
    assert _names(engine, nobody()) == []
    asset_id = detail(engine, "A-1").asset.id
    for stranger in (people["B"], people["A1"], nobody()):
        with reading(engine) as session:
            assert queries.find_asset(session, stranger, asset_id) is None
            with pytest.raises(NotFound, match=f"no asset {asset_id}"):
                queries.get_asset(session, stranger, asset_id)
            with pytest.raises(NotFound, match=f"no import batch {batch.id}"):
                queries.get_batch(session, stranger, batch.id)
            assert queries.list_batch_rows(session, stranger, batch.id) == []
            assert batch.id not in [b.id for b in queries.list_batches(session, stranger)]
            assert queries.coverage(session, nobody()) == Coverage(0, 0, 0, 0)
        for act in (actions.apply, actions.undo):
            with pytest.raises(NotFound):
                act(engine, stranger, batch.id, LATER)
    with reading(engine) as session:
        assert next(b.id for b in queries.list_batches(session, people["A"])) == batch.id


def test_batch_rows_come_in_pages_and_by_outcome(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(row, f"X{row}") for row in range(2, 9)])
    batch = preview(engine, [pc(row, f"T{row % 5}") for row in range(2, 8)])
    with reading(engine) as session:
        found: list[int] = []
        after = 0
        for _ in range(3):
            rows = queries.list_batch_rows(session, OPERATOR, batch.id, after_id=after, limit=2)
            found.extend(row.row for row in rows)
            after = rows[-1].id
        assert found == [2, 3, 4, 5, 6, 7]
        assert queries.list_batch_rows(session, OPERATOR, batch.id, after_id=after) == []
        assert [r.row for r in queries.list_batch_rows(session, OPERATOR, batch.id, "rejected")] == [7]


def test_one_asset_is_six_statements(engine: Engine) -> None:
    _stock(engine)
    load(engine, [pc(2, "A-1", name="100% legal_name", os="Windows 10")])
    asset_id = detail(engine, "A-1").asset.id
    with record_statements(engine) as statements, reading(engine) as session:
        held = queries.get_asset(session, OPERATOR, asset_id)
    assert len([sql for sql in statements if sql.startswith("SELECT")]) == 5
    match = held.installations[0].match
    assert match is not None
    assert (match.outcome, match.reason) == ("unrecognised", "no-name-known")


def test_coverage_counts_units_and_lets_the_agencys_own_match_outrank(engine: Engine) -> None:
    people = build(engine)
    load(engine, [pc(2, "T1", units=3, software=(software("Known", "1"), software("Driver"))),
                  pc(3, "T2", status="retired", software=(software("Known", "1"),))])  # fmt: skip
    load(engine, [pc(2, "T1", software=(software("Known", "1"),))], "B")
    titles = {item.name: item.title_id for item in detail_titles(engine)}
    with reading(engine) as session:
        assert queries.coverage(session, OPERATOR) == Coverage(7, 0, 0, 0)
    columns = ("id", "subject_kind", "subject_id", "scope_agency_id", "outcome", "confidence", "tier", "method",
               "evidence", "matcher_version", "matched_at")  # fmt: skip
    with transaction(engine) as session:
        b = int(people["B"].grants[0][0].strip("/").split("/")[-1])
        ids = reserve_ids(session, 3)
        session.execute(delete(table_of(TitleMatch)))
        insert_rows(session, TitleMatch, columns, [
            (ids[0], "title", titles["Known"], 0, "matched", 1.0, "auto", "t", {}, "1", NOW),
            (ids[1], "title", titles["Driver"], 0, "not-tracked", 1.0, "none", "t", {}, "1", NOW),
            (ids[2], "title", titles["Known"], b, "unrecognised", 0.0, "none", "t", {}, "1", NOW),
        ])  # fmt: skip
    with reading(engine) as session:
        assert queries.coverage(session, people["A"]) == Coverage(3, 3, 0, 3)
        assert queries.coverage(session, people["B"]) == Coverage(1, 0, 0, 0)
        assert queries.coverage(session, OPERATOR) == Coverage(4, 3, 0, 3)


def detail_titles(engine: Engine) -> list[InstallationView]:
    """What is installed on A's T1."""
    with reading(engine) as session:
        (asset,) = queries.list_assets(session, OPERATOR, AssetFilter(text="T1", agency="A")).items
        return list(queries.get_asset(session, OPERATOR, asset.id).installations)
