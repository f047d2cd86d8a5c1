"""The three ways through the house by command line, on both databases."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from openpyxl import load_workbook
from sqlalchemy import Engine, text

from tests.cli.conftest import ROWS, Run, write_workbook


def _import(run: Run, tmp_path: Path) -> int:
    assert (
        run("agency", "add", "HEALTH", "Health office", "--region", "Bali", "--service-area", "rural").code
        == 0
    )
    file = write_workbook(tmp_path / "assets.xlsx")
    done = run("import", file, "--agency", "HEALTH", "--json")
    assert done.code == 0, done.err
    answer = done.json
    assert {name: answer[name] for name in ("created", "updated", "unchanged", "skipped", "rejected")} == {
        "created": 3, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 0,
    }  # fmt: skip
    return int(answer["batch"])


def test_from_spreadsheet_to_plan(run: Run, tmp_path: Path) -> None:
    _import(run, tmp_path)
    scanned = run("scan", "--json").json
    assert set(scanned) >= {
        "as_of",
        "assets",
        "installations",
        "titles",
        "coverage",
        "opened",
        "resolved",
        "open",
        "seconds",
    }
    assert (scanned["assets"], scanned["installations"], scanned["titles"]) == (3, 7, 7)
    assert scanned["opened"] == sum(scanned["open"].values())
    assert run("scan", "--json").json["opened"] == 0

    found = run("findings", "--agency", "HEALTH", "--rule", "security-support-ended", "--format", "json").json
    windows = [row for row in found if row["product"] == "windows" and row["release"].startswith("7")]
    assert [(row["asset_tag"], row["agency"], row["ends_on"]) for row in windows] == [
        ("00123", "HEALTH", "2020-01-14")
    ]
    assert set(windows[0]) >= {"asset_tag", "agency", "rule", "severity", "opened_on", "title", "product", "release",
                               "version", "ends_on", "waived_until", "evidence"}  # fmt: skip

    planned = run("plan", "new", "Refresh", "--years", "2027:2028", "--budget", "2027=150000000,2028=150000000",
                  "--agency", "HEALTH", "--json")  # fmt: skip
    assert planned.code == 0, planned.err
    plan = planned.json
    assert set(plan) >= {"plan", "objective", "bound", "gap", "years", "deferred", "seconds"}
    assert (plan["bound"], plan["gap"]) == (None, None)
    assert set(plan["years"]) == {"2027", "2028"}
    for year in plan["years"].values():
        assert Decimal(year["cost"]) <= Decimal(year["budget"]) == Decimal(150_000_000)

    output = tmp_path / "plan.xlsx"
    assert run("plan", "export", "Refresh", "-o", output).code == 0
    assert len(load_workbook(output).sheetnames) >= 3


def test_the_same_file_twice_changes_nothing(run: Run, tmp_path: Path) -> None:
    _import(run, tmp_path)
    again = run("import", tmp_path / "assets.xlsx", "--agency", "HEALTH", "--json").json
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 3)


def test_preview_apply_and_undo(run: Run, tmp_path: Path) -> None:
    _import(run, tmp_path)
    changed = [list(row) for row in ROWS]
    changed[0][2] = "Back desk"
    file = write_workbook(tmp_path / "changed.xlsx", changed)
    previewed = run("import", file, "--agency", "HEALTH", "--dry-run", "--json").json
    assert (previewed["state"], previewed["updated"], previewed["unchanged"]) == ("previewed", 1, 2)
    number = previewed["batch"]
    assert run("imports", "apply", number, "--json").json["state"] == "applied"
    second = run("imports", "apply", number, "--json")
    assert second.code == 2
    assert set(second.json) == {"error"}
    undone = run("imports", "undo", number, "--json").json
    assert (undone["restored"], undone["withdrawn"], undone["kept"]) == (1, 0, [])
    assert run("import", tmp_path / "assets.xlsx", "--agency", "HEALTH", "--json").json["unchanged"] == 3


def test_a_scan_of_another_day_stores_nothing(run: Run, tmp_path: Path) -> None:
    _import(run, tmp_path)
    past = run("scan", "--as-of", "2019-06-01", "--json").json
    assert past["as_of"] == "2019-06-01"
    assert run("findings", "--format", "json").json == []


def test_what_is_refused_writes_nothing(run: Run, tmp_path: Path) -> None:
    run("agency", "add", "HEALTH", "Health office")
    good = write_workbook(tmp_path / "good.xlsx")
    (tmp_path / "empty.xlsx").write_bytes(b"")
    (tmp_path / "cut.xlsx").write_bytes(good.read_bytes()[:1_500])
    (tmp_path / "picture.xlsx").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    for name in ("empty.xlsx", "cut.xlsx", "picture.xlsx", "missing.xlsx"):
        refused = run("import", tmp_path / name, "--agency", "HEALTH", "--json")
        assert refused.code == 2, name
        assert set(refused.json["error"]) == {"code", "message"}
    unknown = run("import", good, "--agency", "NOWHERE", "--json")
    assert unknown.code == 2
    assert "NOWHERE" in unknown.json["error"]["message"]
    assert run("imports", "list", "--json").json == []
    assert run("scan", "--json").json["assets"] == 0


def test_inspect_needs_no_database(run: Run, tmp_path: Path) -> None:
    summary = run("inspect", write_workbook(tmp_path / "a.xlsx"), "--json").json
    assert (summary["format"], summary["records"], summary["units"]) == ("xlsx", 3, 3)
    (sheet,) = summary["sheets"]
    assert (sheet["name"], sheet["header_rows"], sheet["records"]) == ("Assets", [3], 3)
    lines = run("inspect", tmp_path / "a.xlsx", "--jsonl").out.splitlines()
    assert len(lines) == 3
    assert '"asset_tag": "00123"' in lines[0]
    assert not (tmp_path / "data").exists()


def test_matching_and_version_order(run: Run) -> None:
    found = run("match", "PostgreSQL 12.9", "--json").json
    assert (found["outcome"], found["product"], found["release"], found["version"]) == (
        "matched",
        "postgresql",
        "12",
        "12.9",
    )
    lines = '{"text": "PostgreSQL 12.9"}\n{"text": "qwertyuiop"}\n'
    answers = run("match", "--jsonl", stdin=lines).out.splitlines()
    assert len(answers) == 2
    assert '"unrecognised"' in answers[1]
    assert run("versions", "compare", "1.9", "1.10", "--json").json == {"a": "1.9", "b": "1.10", "order": -1}
    assert run("match", "--jsonl", stdin="nonsense\n").code == 2


def test_backup_and_restore(run: Run, tmp_path: Path) -> None:
    _import(run, tmp_path)
    saved = tmp_path / "saved.backup"
    assert run("backup", saved).code == 0
    assert run("backup", saved).code == 2
    run("agency", "add", "LATER", "Added after the backup")
    assert run("restore", saved).code == 2
    assert run("restore", saved, "--force").code == 0
    assert run("import", tmp_path / "assets.xlsx", "--agency", "LATER", "--json").code == 2
    assert run("import", tmp_path / "assets.xlsx", "--agency", "HEALTH", "--json").json["unchanged"] == 3


def test_schema_commands_and_audit(run: Run, tmp_path: Path) -> None:
    assert run("db", "check").code == 0
    _import(run, tmp_path)
    verified = run("audit", "verify", "--json")
    assert verified.code == 0
    assert verified.json["broken_at"] is None
    assert run("db", "downgrade", "base").code == 0
    assert run("db", "upgrade").code == 0
    assert run("scan", "--json").json["assets"] == 0


def test_a_database_of_a_newer_program_is_left_alone(run: Run, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    refused = run("scan", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "schema_unknown")
    assert "9999" in refused.json["error"]["message"]
