"""Lists and names by command line, on both databases."""

from __future__ import annotations

import json
from pathlib import Path

from openpyxl import load_workbook

from tests.cli.conftest import Run, write_workbook


def test_template_export_and_marked_file(run: Run, tmp_path: Path) -> None:
    assert run("imports", "template", "-o", tmp_path / "t.xlsx", "--language", "id").code == 0
    assert load_workbook(tmp_path / "t.xlsx").sheetnames == ["Aset", "Penjelasan"]
    run("agency", "add", "HEALTH", "Health office")
    batch = run("import", write_workbook(tmp_path / "a.xlsx"), "--agency", "HEALTH", "--json").json["batch"]
    assert run("imports", "problems", batch, "-o", tmp_path / "p.xlsx").code == 0
    assert load_workbook(tmp_path / "p.xlsx").sheetnames[-1] == "Problems found"
    for form in ("xlsx", "csv"):
        file = tmp_path / f"assets.{form}"
        assert run("assets", "export", "-o", file, "--agency", "HEALTH").code == 0
        again = run("import", file, "--agency", "HEALTH", "--dry-run", "--json").json
        assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 3)


def test_names_from_one_agency_to_another(run: Run, tmp_path: Path) -> None:
    for code in ("HEALTH", "WORKS"):
        run("agency", "add", code, f"{code} office")
        run("import", write_workbook(tmp_path / "a.xlsx"), "--agency", code)
    found = run("suggestions", "list", "--agency", "HEALTH", "--kind", "model", "--json").json
    assert found
    first = found[0]
    merged = run("suggestions", "merge", first["id"], "Another model", "--json").json
    assert merged == {"changed": first["assets"]}
    rest = [one["id"] for one in found[1:]]
    assert run("suggestions", "accept", *rest, "--json").json == {"names": len(rest)}
    for form in ("csv", "json"):
        file = tmp_path / f"names.{form}"
        assert run("suggestions", "export", "-o", file, "--agency", "HEALTH").code == 0
        taken = run("suggestions", "import", file, "--agency", "WORKS", "--json").json
        assert taken["names"] == len(found)
    assert run("suggestions", "list", "--agency", "WORKS", "--kind", "model", "--json").json == []
    (tmp_path / "bad.json").write_text(json.dumps([{"kind": "maker", "value": "X", "state": "open"}]))
    refused = run("suggestions", "import", tmp_path / "bad.json", "--agency", "WORKS", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "bad_names")
