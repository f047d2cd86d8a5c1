"""Working on findings and digests by command line, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.conftest import Run, write_workbook

UNTIL = (datetime.now(UTC).date() + timedelta(days=20)).isoformat()


def test_findings_are_handled_and_subscribed(run: Run, tmp_path: Path) -> None:
    run("agency", "add", "HEALTH", "Health office")
    run("import", write_workbook(tmp_path / "a.xlsx"), "--agency", "HEALTH")
    run("scan")
    found = run("findings", "--agency", "HEALTH", "--format", "json").json
    first = found[0]["id"]
    assert "1 findings" in run("finding", "acknowledge", "--id", first).err
    assert f"{len(found) - 1} findings" in run("finding", "acknowledge", "--agency", "HEALTH").err
    assert "1 findings" in run("finding", "comment", "Asked the maker.", "--id", first).err
    waived = run("finding", "waive", UNTIL, "--reason", "r", "--control", "c", "--id", first)
    assert "1 findings" in waived.err
    assert "0 findings" in run("finding", "approve", "--id", first).err, "the operator asked"
    assert "1 findings" in run("finding", "refuse", "--id", first).err
    told = run("finding", "show", first, "--json").json
    assert [one["act"] for one in told["history"]] == [
        "acknowledged",
        "commented",
        "waiver-asked",
        "waiver-refused",
    ]
    assert told["acknowledged_by"] == "operator"
    assert run("finding", "show", 1).code == 2
    assert run("finding", "comment", "x").code == 2
    assert run("finding", "assign", "nobody@example.org", "--agency", "HEALTH").code == 2
    assert run("notifications", "add", "HEALTH", "it@example.org", "--severity", "high").code == 0
    assert "it@example.org" in run("notifications", "list").out
    assert run("notifications", "send").code == 2
