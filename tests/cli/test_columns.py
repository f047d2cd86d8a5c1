"""What columns hold, by command line: said with an import, remembered, listed and forgotten."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run


def test_columns_by_command(run: Run, tmp_path: Path) -> None:
    assert run("agency", "add", "HEALTH", "Health office").code == 0
    file = tmp_path / "list.csv"
    file.write_text("Asset Tag,Asset Name,Category,Kunci=1\nK-1,Reception,Desktop,Budi\n")
    done = run("import", file, "--agency", "HEALTH", "--map", "Kunci=1=custodian", "--json")
    assert (done.code, done.json["created"]) == (0, 1)
    found = run("columns", "list", "--agency", "HEALTH", "--json").json
    assert [(one["header"], one["field"]) for one in found] == [("Kunci=1", "custodian")]
    wrong = run("import", file, "--agency", "HEALTH", "--map", "Kunci=colour", "--json")
    assert (wrong.code, wrong.json["error"]["code"]) == (2, "unknown-field")
    assert "asset_tag" in wrong.json["error"]["message"]
    assert run("import", file, "--agency", "HEALTH", "--map", "Kunci").code == 2
    assert run("columns", "set", "Ref=notes", "Ruang=location", "--agency", "HEALTH").code == 0
    assert run("columns", "forget", "Ref", "--agency", "HEALTH", "--json").json == {"forgotten": 1}
    assert run("columns", "forget", "Ref", "--agency", "HEALTH").code == 2
    assert run("columns", "forget", "--agency", "HEALTH", "--json").json == {"forgotten": 2}


def test_a_replacement_by_command(run: Run, tmp_path: Path) -> None:
    assert run("agency", "add", "HEALTH", "Health office").code == 0
    file = tmp_path / "list.csv"
    file.write_text("Asset Tag,Asset Name,Category\nK-1,Reception,Desktop\nK-2,Hall,Laptop\n")
    assert run("import", file, "--agency", "HEALTH").code == 0
    file.write_text("Asset Tag,Asset Name,Category\nK-1,Reception,Desktop\n")
    asked = run("import", file, "--agency", "HEALTH", "--policy", "replace", "--json")
    assert (asked.code, asked.json["error"]["code"]) == (2, "confirmation-needed")
    done = run("import", file, "--agency", "HEALTH", "--policy", "replace", "--confirm", "--json")
    assert (done.code, done.json["retiring"], done.json["unchanged"]) == (0, 1, 1)
