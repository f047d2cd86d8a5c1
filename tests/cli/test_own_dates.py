"""Own products and overridden dates by command line, on both databases."""

from __future__ import annotations

from tests.cli.conftest import Run

ADD = (
    "catalogue",
    "local",
    "add",
    "Aplikasi Surat",
    "2.1",
    "--reason",
    "our own",
    "--document",
    "SK 12/2026",
)


def test_an_own_product_is_added_matched_and_ended(run: Run) -> None:
    made = run(*ADD, "--until", "2028-12-31", "--alias", "e-Surat", "--json").json
    assert (made["product"], made["security_support_ends_on"]) == ("local-aplikasi-surat", "2028-12-31")
    found = run("match", "e-Surat 2.1.7", "--json").json
    assert (found["outcome"], found["product"], found["release"]) == (
        "matched",
        "local-aplikasi-surat",
        "2.1",
    )
    assert "SK 12/2026" in run("catalogue", "local", "list").out
    assert "is ended" in run("catalogue", "local", "end", made["id"]).err
    assert run("catalogue", "local", "list", "--json").json == []
    assert len(run("catalogue", "local", "list", "--history", "--json").json) == 1
    assert run("match", "e-Surat 2.1.7", "--json").json["outcome"] == "unrecognised"


def test_a_day_that_is_none_is_refused(run: Run) -> None:
    ended = run(*ADD, "--until", "soon")
    assert (ended.code, "YYYY-MM-DD" in ended.err) == (2, True)
