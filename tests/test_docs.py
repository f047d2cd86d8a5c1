"""What the program has, its documents name: settings, commands, rules, make targets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tracker.cli import app
from tracker.lifecycle.policy import rule_documents
from tracker.lifecycle.ruledocs import write_page
from tracker.lifecycle.rules import Rule
from tracker.settings import IMPORT_LIMITS, load_settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def _commands(group: Any, path: str) -> Iterator[str]:
    children = getattr(group, "commands", None)
    if children is None:
        yield path
        return
    for name, child in children.items():
        yield from _commands(child, f"{path} {name}")


@pytest.mark.parametrize("command", sorted(_commands(typer.main.get_command(app), "tracker")))
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"`{command}[ `]", (DOCS / "commands.md").read_text(encoding="utf-8"))


def test_every_setting_and_its_default_is_documented() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    source = (ROOT / "tracker" / "settings.py").read_text(encoding="utf-8")
    names = set(re.findall(r'"(TRACKER_[A-Z_]*[A-Z])"', source))
    assert len(names) >= 15
    for name in names:
        assert f"| `{name}` |" in text
    for limit, default in IMPORT_LIMITS.items():
        assert f"| `TRACKER_IMPORT_MAX_{limit.upper()}` | {default} |" in text


def test_documented_settings_exist() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(TRACKER_IMPORT_MAX_[A-Z0-9_]+)`", text, re.M))
    assert documented == {f"TRACKER_IMPORT_MAX_{limit.upper()}" for limit in IMPORT_LIMITS}
    assert load_settings({}).import_limits == IMPORT_LIMITS


def test_the_page_of_rules_is_the_one_that_the_rules_write() -> None:
    """Written again by `python -m tracker.lifecycle.ruledocs > docs/rules.md`."""
    assert (DOCS / "rules.md").read_text(encoding="utf-8") == write_page()
    assert set(rule_documents()) == {rule.value for rule in Rule}


def test_the_readme_shows_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert targets == {"setup", "demo", "test", "serve", "check", "bench"}
    for target in targets - {"setup"}:
        assert f"make {target}" in text


def test_links_between_documents_lead_somewhere() -> None:
    for document in (ROOT / "README.md", *DOCS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"
