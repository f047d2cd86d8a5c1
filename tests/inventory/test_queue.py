"""The queue of names: proposals accepted together, the nearest end of what a name may mean, names of a fresh import."""

from __future__ import annotations

import json

from sqlalchemy import Engine, text

from tests.inventory.test_deciding import LATER, keys, matches, queue, world_of
from tests.inventory.world import NOW, build, load, pc, software
from tests.lifecycle.world import OPERATOR, TODAY, World
from tracker.db import reading, record_statements, transaction
from tracker.identity.schemas import operator
from tracker.inventory import deciding, review_queue
from tracker.inventory.matching import match_new
from tracker.inventory.queue_schemas import QueueFilter


def _propose(engine: Engine, world: World, confidence: float, *names: str) -> None:
    """Let the matcher have taken these names for nginx without being sure."""
    sql = """UPDATE title_match SET outcome = 'product-only', tier = 'review', product_id = :product, confidence = :sure
        WHERE subject_kind = 'title' AND subject_id = :title"""
    with transaction(engine) as session:
        for name in names:
            given = {"product": world.products["nginx"], "sure": confidence, "title": world.titles[name]}
            session.execute(text(sql), given)


def test_all_that_is_nearly_sure_is_accepted_at_once(engine: Engine) -> None:
    world = world_of(engine)
    _propose(engine, world, 0.8, "Kantorku Pro 3", "kantorku pro versi 4", "Kantorku Pro 5")
    _propose(engine, world, 0.7, "Kasda Rahasia 7")
    assert [(one.key, one.is_confident) for one in queue(engine, OPERATOR).items] == [
        ("kantorku pro", True), ("kasda rahasia", False),
    ]  # fmt: skip
    with transaction(engine) as session:
        made = deciding.accept_confident(session, OPERATOR, "ROOT", QueueFilter(), TODAY, LATER)
    (decision,) = made.decisions
    assert (decision.key, decision.product, decision.reason, made.titles) == (
        "kantorku pro", "nginx", "accepted as proposed", 3,
    )  # fmt: skip
    assert keys(queue(engine, OPERATOR)) == [("kasda rahasia", 2, 1)]
    for name in ("Kantorku Pro 3", "Kantorku Pro 5"):
        assert matches(engine, world, name)[""][1] == "nginx"


def test_the_earliest_end_of_what_a_name_may_mean_counts(engine: Engine) -> None:
    world = world_of(engine)
    told = {"Kantorku Pro 3": "2027-03-01", "Kasda Rahasia 7": "2035-01-01"}
    _propose(engine, world, 0.7, *told)
    with transaction(engine) as session:
        for name, end in told.items():
            session.execute(
                text(
                    "UPDATE title_match SET evidence = :told WHERE subject_id = :title AND subject_kind = 'title'"
                ),
                {"told": json.dumps({"earliest_end": end}), "title": world.titles[name]},
            )
    assert [(one.key, one.nearness, one.score) for one in queue(engine, OPERATOR).items] == [
        ("kantorku pro", 4, 16), ("kasda rahasia", 1, 2),
    ]  # fmt: skip


def test_names_of_an_import_wait_as_soon_as_it_is_applied(engine: Engine) -> None:
    build(engine)
    load(
        engine,
        [
            pc(1, "P-1", software=[software("Kantorku Pro 3")]),
            pc(2, "P-2", software=[software("Kantorku Pro 4")]),
        ],
    )
    with reading(engine) as session:
        found = review_queue.list_queue(session, operator(), TODAY)
    assert keys(found) == [("kantorku pro", 2, 2)]
    with record_statements(engine) as statements:
        match_new(engine, NOW)
    assert len([sql for sql in statements if sql.startswith("SELECT")]) == 2
    assert not [sql for sql in statements if sql.startswith(("INSERT", "DELETE", "UPDATE"))]
