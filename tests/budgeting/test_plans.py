"""Plans end to end on both databases: exact rupiah, what is stored, scope, bad input, statement counts."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select

from tests.budgeting.world import NOW, TODAY, Thing, add_things, build, request
from tracker.budgeting.actions import ensure_prices, make_plan
from tracker.budgeting.models import Plan, PlanLine, PlanLineAsset, PlanYear, Price, PriceBook
from tracker.budgeting.queries import compare_plans, get_frozen_problem, get_plan, list_plans
from tracker.budgeting.ranked import fill
from tracker.budgeting.schemas import NewPlan, PlanView
from tracker.budgeting.stored import read_problem
from tracker.db import reading, record_statements, table_of, transaction
from tracker.identity.errors import Conflict, Forbidden, Invalid, NotFound
from tracker.identity.models import Role
from tracker.identity.schemas import Principal, nobody, operator

FLEET = (
    # Past useful life (4 years) with Windows 7: replaced, the upgrade comes free.
    *(
        Thing("A", "laptop", "L1", date(2018, 3, 1), findings=("win7-ended", "win7-unpatchable"), tag=tag)
        for tag in ("L0", "L1", "L2")
    ),
    # Young hardware, software ended: upgrade.
    *(Thing("A1", "desktop", "D1", date(2026, 6, 1), findings=("office-ended",)) for _ in range(2)),
    # Young hardware, software ends in 2027; hardware life ends in 2029: upgrade in 2027, replace in 2029.
    Thing("A", "desktop", "D2", date(2025, 1, 1), units=5, findings=("win11-soon",)),
    # Useful life ends in the middle of the plan, nothing else.
    Thing("B", "server", "S1", date(2023, 2, 1)),
    # Broken though young.
    Thing("B", "printer", "P1", date(2026, 1, 1), condition="broken"),
    # The maker ended the model.
    Thing("B", "network", "N1", date(2025, 1, 1), findings=("switch-ended",)),
    # Never planned.
    Thing("B", "laptop", "L1", date(2010, 1, 1), status="retired"),
    Thing("B", "laptop", "L1", date(2010, 1, 1), it_scope="other"),
    Thing("B", "laptop", "L2", date(2026, 1, 1), findings=("behind",)),
)  # fmt: skip


def plan(engine: Engine, wanted: NewPlan | None = None, who: Principal | None = None) -> PlanView:
    with transaction(engine) as session:
        return make_plan(session, who or operator(), wanted or request(), TODAY, NOW)


def rows(view: PlanView) -> list[tuple[object, ...]]:
    return [
        (line.agency, line.asset_class, line.action.value, line.year, line.quantity, str(line.unit_price))
        for line in view.lines
    ]


def count(engine: Engine, model: type) -> int:
    with reading(engine) as session:
        return int(session.execute(select(func.count()).select_from(table_of(model))).scalar_one())


def test_exact_rupiah(engine: Engine) -> None:
    build(engine, FLEET)
    view = plan(engine)
    assert sorted(rows(view)) == [
        ("A", "desktop", "replace", 2029, 5, "13659088.00"),
        ("A", "desktop", "upgrade", 2027, 5, "2832500.00"),
        ("A", "laptop", "replace", 2027, 3, "15450000.00"),
        ("A1", "desktop", "upgrade", 2027, 2, "2832500.00"),
        ("B", "network", "replace", 2027, 1, "28840000.00"),
        ("B", "printer", "replace", 2027, 1, "5665000.00"),
        ("B", "server", "replace", 2028, 1, "175048500.00"),
    ]
    # 3 × 15,450,000 + 7 × 2,832,500 + 28,840,000 + 5,665,000; 165,000,000 × 1.03²; 5 × 12,500,000 × 1.03³
    assert [(year.year, str(year.cost), year.actions) for year in view.years] == [
        (2027, "100682500.00", 12),
        (2028, "175048500.00", 1),
        (2029, "68295440.00", 5),
    ]
    assert [str(year.remaining) for year in view.years] == ["899317500.00", "824951500.00", "931704560.00"]
    assert view.deferred == ()
    assert view.warnings() == []
    assert view.objective == view.possible


def test_what_a_line_explains(engine: Engine) -> None:
    build(engine, FLEET)
    view = plan(engine)
    laptop = next(line for line in view.lines if line.asset_class == "laptop")
    assert laptop.label == "Acme L1"
    assert laptop.cohort == "2018"
    assert laptop.asset_tags == ("L0", "L1", "L2")
    # 60 + 20 + 25 is capped.
    assert laptop.risk == 100
    assert laptop.risk_explained() == (
        "Past useful life 25 + Security support ended (high) 60 + "
        "No more patches, only an upgrade helps (high) 20"
    )
    assert laptop.reason() == (
        "Useful life of 4 years ends between 1 Mar 2022 and 1 Mar 2022. "
        "Security support ended: Windows 7, 14 Jan 2020 (high). "
        "No more patches, only an upgrade helps: Windows 7 (high)."
    )
    assert laptop.reason("id") == (
        "Masa manfaat 4 tahun berakhir antara 1 Mar 2022 dan 1 Mar 2022. "
        "Dukungan keamanan telah berakhir: Windows 7, 14 Jan 2020 (tinggi). "
        "Tidak ada tambalan lagi, hanya peningkatan yang membantu: Windows 7 (tinggi)."
    )
    switch = next(line for line in view.lines if line.asset_class == "network")
    assert switch.reason() == "Security support ended: Acme N1, 30 Jun 2025 (high)."


def test_stored_rows_agree_with_the_view(engine: Engine) -> None:
    build(engine, FLEET)
    view = plan(engine)
    with reading(engine) as session:
        line, asset, year = table_of(PlanLine), table_of(PlanLineAsset), table_of(PlanYear)
        total = session.execute(
            select(func.sum(line.c.total_minor)).where(line.c.fiscal_year.is_not(None))
        ).scalar()
        assert total is not None
        assert int(total) == sum(int(one.total * 100) for one in view.lines) == 34_402_644_000
        per_year = session.execute(select(func.sum(year.c.cost_minor))).scalar()
        assert per_year is not None and int(per_year) == 34_402_644_000
        units = session.execute(
            select(line.c.position, line.c.quantity, func.sum(asset.c.units))
            .join(asset, (asset.c.agency_id == line.c.agency_id) & (asset.c.plan_line_id == line.c.id))
            .group_by(line.c.position, line.c.quantity)
        ).all()
        assert len(units) == len(view.lines)
        assert all(quantity == int(total) for _, quantity, total in units)
        again = get_plan(session, operator(), view.id)
        assert (
            again
            == view
            == get_plan(session, operator(), "plan")
            == get_plan(session, operator(), str(view.id))
        )


def test_the_same_input_gives_the_same_plan(engine: Engine) -> None:
    build(engine, FLEET)
    small = dict.fromkeys((2027, 2028, 2029), Decimal(60_000_000))
    one, other = plan(engine, request("one", budgets=small)), plan(engine, request("other", budgets=small))
    cleared = {"id": 0, "name": "", "seconds": 0.0}
    assert dataclasses.replace(one, **cleared) == dataclasses.replace(other, **cleared)  # type: ignore[arg-type]
    with reading(engine) as session:
        problem = read_problem(get_frozen_problem(session, operator(), one.id))
        answer = fill(problem)
        assert answer.objective == one.objective
        assert [line.total_minor for line in answer.lines] == [int(line.total * 100) for line in one.lines]
        comparison = compare_plans(session, operator(), "one", "other").pairs[0]
    assert comparison.unchanged == len({line.key for line in one.lines})
    assert not (comparison.added or comparison.dropped or comparison.moved or comparison.repriced)


def test_an_old_plan_stays_as_it_was(engine: Engine) -> None:
    world = build(engine, FLEET)
    view = plan(engine)
    with transaction(engine) as session:
        session.execute(table_of(Price).update().values(amount_minor=100))
        add_things(session, world, [Thing("A", "laptop", "L1", date(2015, 1, 1))])
    with reading(engine) as session:
        assert get_plan(session, operator(), view.id) == view


def test_deferrals_and_caps(engine: Engine) -> None:
    build(engine, FLEET)
    budgets = {2027: Decimal(50_000_000), 2028: Decimal(0), 2029: Decimal(30_000_000)}
    view = plan(engine, request(budgets=budgets))
    assert all(year.cost <= year.budget for year in view.years)
    assert all(line.deferral_reason() for line in view.deferred)
    assert all((line.year or 9999) <= line.due_year or line.deferral_reason() for line in view.lines)
    server = next(line for line in view.deferred if line.asset_class == "server")
    assert server.deferral_reason() == (
        "Due in 2028: 1 × IDR\xa0175,048,500 would have cost IDR\xa0175,048,500, but 2028 has no budget. "
        "Its turn did not come in any year until 2029."
    )
    assert server.deferral_reason("id") == (
        "Jatuh tempo 2028: 1 × Rp\xa0175.048.500 akan menelan Rp\xa0175.048.500, tetapi 2028 tidak "
        "beranggaran. Gilirannya tidak tiba pada tahun mana pun hingga 2029."
    )
    summary = view.summary_json()
    assert list(summary) == ["plan", "currency", "objective", "bound", "gap", "years", "deferred", "seconds"]
    assert summary["bound"] is None and summary["gap"] is None
    assert summary["years"]["2028"] == {"budget": "0.00", "cost": "0.00", "actions": 0}
    assert summary["deferred"] == sum(line.quantity for line in view.deferred) > 0


def test_mandatory_first(engine: Engine) -> None:
    young = date(2026, 1, 1)
    things = [
        Thing("A", "desktop", "D", young, findings=("win7-ended", "win7-unpatchable")) for _ in range(3)
    ]
    things.append(Thing("A", "server", "S", young, findings=("office-ended", "vpn-exploited")))
    build(engine, things)
    view = plan(engine, request(budgets=dict.fromkeys((2027, 2028, 2029), Decimal(25_000_000))))
    assert [(line.asset_class, line.year, line.mandatory) for line in view.lines] == [
        ("server", 2027, True),
        ("desktop", 2028, False),
    ]
    short = plan(engine, request("short", budgets=dict.fromkeys((2027, 2028, 2029), Decimal(20_000_000))))
    assert short.warnings()[0] == "2027 lacks IDR\xa024,720,000 for mandatory needs."
    assert short.warnings("id")[0] == "2027 kekurangan Rp\xa024.720.000 untuk kebutuhan wajib."


def test_a_class_without_price_is_listed(engine: Engine) -> None:
    build(
        engine,
        [Thing("A", "other", "X", date(2015, 1, 1), units=4), Thing("A", "laptop", "L", date(2015, 1, 1))],
    )
    view = plan(engine)
    assert [line.asset_class for line in view.lines] == ["laptop"]
    [line] = view.deferred
    assert (line.unit_price, str(line.total), line.quantity) == (None, "0.00", 4)
    assert line.deferral_reason() == (
        "Not planned: the price book has no price for Replace of class Other (4 units due in 2027). "
        "Add a price and plan again."
    )
    assert view.warnings() == ["4 units could not be priced and are listed as not planned."]
    assert view.deferred_units == 4


def test_nothing_due_is_said_clearly(engine: Engine) -> None:
    build(engine, [Thing("A", "laptop", "L", date(2026, 5, 1))])
    view = plan(engine, request(years=(2027, 2028)))
    assert (view.lines, view.deferred, view.objective, view.possible) == ((), (), 0, 0)
    assert view.warnings() == ["Nothing becomes due from 2027 to 2028 in this agency: the plan is empty."]


def test_assumptions_name_what_is_not_known(engine: Engine) -> None:
    things = [
        Thing("A", "laptop", "L", None, units=2),
        Thing("A", "laptop", "L", date(2015, 1, 1), currency="USD", units=3),
        Thing("A", "laptop", "L", date(2015, 1, 1), currency="IDR"),
    ]
    build(engine, things, scanned=False)
    view = plan(engine)
    said = "\n".join(view.assumptions())
    assert "2 units have no acquisition date: no useful life was applied to them." in said
    assert (
        "3 units were bought in other currencies (USD). What they once cost is not used: their replacement "
        "is priced in IDR, and no exchange rate is applied."
    ) in said
    assert "3.0 % a year" in said
    assert view.warnings() == [
        "No catalogue is loaded: ends of support are not part of this plan.",
        "No scan has been stored: this plan rests on useful life and condition alone.",
    ]
    assert len(view.assumptions("id")) == len(view.assumptions())


def test_precision_counts_from_the_latest_day(engine: Engine) -> None:
    build(
        engine,
        [
            Thing("A", "laptop", "L", date(2023, 1, 1), "year"),
            Thing("A", "laptop", "M", date(2024, 2, 1), "month"),
        ],
    )
    view = plan(engine)
    assert [(line.label, line.due_year) for line in view.lines] == [("Acme L", 2027), ("Acme M", 2028)]
    assert "29 Feb 2028" in view.lines[1].reason()


def test_dollars_and_other_fiscal_years(engine: Engine) -> None:
    build(engine, [Thing("A", "laptop", "L", date(2023, 11, 1))])
    view = plan(engine, request(currency="USD", years=(2027, 2028), fiscal_year_start_month=10))
    # Useful life ends on 1 November 2027: fiscal year 2028 where it begins in October.
    assert rows(view) == [("A", "laptop", "replace", 2028, 1, "1208.22")]
    assert str(view.years[1].remaining) == "999998791.78"


def test_scope(engine: Engine) -> None:
    world = build(engine, FLEET)
    a_path = f"/1/{world.agencies['A']}/"
    officer = Principal(7, "officer@a", ((a_path, Role.BUDGET_OFFICER),))
    view = plan(engine, request("own"), officer)
    assert view.agency == "A"
    assert {line.agency for line in view.lines} == {"A", "A1"}
    whole = plan(engine, request("whole"))
    part = plan(engine, request("part", agency_code="A1"))
    assert {line.agency for line in part.lines} == {"A1"}
    viewer = Principal(8, "it@b", ((f"/1/{world.agencies['B']}/", Role.IT_MANAGER),))
    with reading(engine) as session:
        assert [one.name for one in list_plans(session, operator())] == ["part", "whole", "own"]
        assert [one.name for one in list_plans(session, officer)] == ["part", "own"]
        assert list_plans(session, nobody()) == list_plans(session, viewer) == []
        for who, hidden in ((officer, whole.id), (viewer, "own"), (nobody(), view.id)):
            with pytest.raises(NotFound):
                get_plan(session, who, hidden)
            with pytest.raises(NotFound):
                compare_plans(session, who, hidden, hidden)
        with pytest.raises(NotFound):
            get_frozen_problem(session, viewer, view.id)
    for who, code in ((viewer, None), (viewer, "B"), (nobody(), None), (officer, "B"), (officer, "ROOT")):
        with pytest.raises((Forbidden, NotFound)):
            plan(engine, request("refused", agency_code=code), who)
    two = Principal(
        9, "two", ((a_path, Role.BUDGET_OFFICER), (f"/1/{world.agencies['B']}/", Role.BUDGET_OFFICER))
    )
    with pytest.raises(Invalid, match="name the one"):
        plan(engine, request("refused"), two)
    assert count(engine, Plan) == 3


def test_a_name_is_taken_once_per_agency(engine: Engine) -> None:
    build(engine, FLEET)
    plan(engine)
    before = [count(engine, model) for model in (Plan, PlanYear, PlanLine, PlanLineAsset)]
    with pytest.raises(Conflict, match="already has a plan named 'plan'"):
        plan(engine)
    assert [count(engine, model) for model in (Plan, PlanYear, PlanLine, PlanLineAsset)] == before
    plan(engine, request(agency_code="A"))
    with reading(engine) as session, pytest.raises(Conflict, match="use an id"):
        get_plan(session, operator(), "plan")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"years": (2029, 2027), "budgets": {}}, "first year 2029 is after"),
        ({"years": (2027, 2037)}, "11 years; at most 10"),
        ({"years": (1999, 2000)}, "not a fiscal year"),
        ({"budgets": {2027: Decimal(1), 2029: Decimal(1)}}, "No budget is given for 2028; write 0"),
        ({"budgets": {2026: Decimal(1)} | dict.fromkeys((2027, 2028, 2029), Decimal(1))}, "2026, outside"),
        ({"budgets": {2027: Decimal(1), 2028: Decimal(-1), 2029: Decimal(1)}}, "budget of 2028 is -1"),
        ({"budgets": {2027: Decimal("1.5"), 2028: Decimal(1), 2029: Decimal(1)}}, "whole units"),
        ({"budgets": {2027: Decimal("1.001"), 2028: Decimal(1), 2029: Decimal(1)}}, "hundredth"),
        ({"budgets": {2027: Decimal(10) ** 16, 2028: Decimal(1), 2029: Decimal(1)}}, "at most"),
        ({"method": "magic"}, "'magic' is unknown; there is: optimal, ranked"),
        ({"currency": "XYZ"}, "no price book in 'XYZ'; there is one in: IDR, USD"),
        ({"name": "  "}, "needs a name"),
        ({"name": "12"}, "plan's id"),
        ({"name": "a\nb"}, "printable"),
        ({"name": "x" * 201}, "at most 200"),
        ({"fiscal_year_start_month": 13}, "not a month"),
    ],
)
def test_bad_input(sqlite_engine: Engine, more: dict[str, object], message: str) -> None:
    build(sqlite_engine, FLEET)
    with pytest.raises(Invalid, match=message):
        plan(sqlite_engine, request(**({"name": "bad"} | more)))  # type: ignore[arg-type]
    assert count(sqlite_engine, Plan) == 0


def test_without_policy(sqlite_engine: Engine) -> None:
    build(sqlite_engine)
    with transaction(sqlite_engine) as session:
        session.connection().exec_driver_sql("DELETE FROM refresh_policy")
    with pytest.raises(Invalid, match="No refresh policy"):
        plan(sqlite_engine)


def test_prices_are_shipped_once(engine: Engine) -> None:
    build(engine)
    assert (count(engine, PriceBook), count(engine, Price)) == (2, 42)
    with transaction(engine) as session:
        assert ensure_prices(session, NOW) == 0
    assert (count(engine, PriceBook), count(engine, Price)) == (2, 42)


def test_statements_do_not_grow_with_assets(engine: Engine) -> None:
    world = build(engine, FLEET)
    with record_statements(engine) as few:
        plan(engine, request("few"))
    more = [dataclasses.replace(FLEET[at % 9], model=f"M{at}", tag="") for at in range(600)]
    with transaction(engine) as session:
        add_things(session, world, more)
    with record_statements(engine) as many:
        view = plan(engine, request("many"))
    assert len(view.lines) > 100
    assert len(many) == len(few) <= 40


def test_compare(engine: Engine) -> None:
    build(engine, FLEET)
    plan(engine, request("rich"))
    plan(engine, request("late", budgets={2027: Decimal(0), 2028: Decimal(10**9), 2029: Decimal(10**9)}))
    plan(engine, request("poor", budgets=dict.fromkeys((2027, 2028, 2029), Decimal(15_000_000))))
    with reading(engine) as session:
        late = compare_plans(session, operator(), "rich", "late").pairs[0]
        poor = compare_plans(session, operator(), "rich", "poor").pairs[0]
        back = compare_plans(session, operator(), "poor", "rich").pairs[0]
    assert {change.asset_class for change in late.moved} == {"laptop", "desktop", "network", "printer"}
    assert late.unchanged == 2
    assert "server" in {change.asset_class for change in poor.dropped}
    assert [change.key for change in back.added] == [change.key for change in poor.dropped]
    with transaction(engine) as session:
        price = table_of(Price)
        session.execute(
            price.update().where(price.c.asset_class == "server").values(amount_minor=10_000_000_000)
        )
    plan(engine, request("repriced"))
    with reading(engine) as session:
        repriced = compare_plans(session, operator(), "rich", "repriced").pairs[0]
    [change] = repriced.repriced
    assert (str(change.unit_price_before), str(change.unit_price_after)) == ("175048500.00", "106090000.00")
    assert repriced.to_json()["repriced"][0]["after"] == {"2028": 1}
