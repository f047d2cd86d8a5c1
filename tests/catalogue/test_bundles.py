"""Signed bundles: out of one catalogue into another, and everything that is refused on the way."""

from __future__ import annotations

import base64
import json
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.catalogue.test_sync import NOW, THEN, changed, contents, loaded, sync
from tests.catalogue.upstream import write_document
from tracker.catalogue import actions, bundles, queries
from tracker.catalogue.schemas import SyncResult
from tracker.db import make_engine, migrate, reading, transaction
from tracker.identity.actions import ensure_root
from tracker.identity.errors import Conflict, Forbidden, Refused, TrackerError
from tracker.identity.schemas import Principal, operator
from tracker.settings import CatalogueSettings

__all__ = ["loaded"]
PRIVATE, PUBLIC = bundles.generate_keys()
TRUSTING = CatalogueSettings(trusted_keys=(bundles.generate_keys()[1], PUBLIC))


def make(engine: Engine, now: datetime = THEN) -> bytes:
    with reading(engine) as session:
        return actions.make_bundle(session, operator(), PRIVATE, now)


def take(
    engine: Engine,
    path: Path,
    content: bytes,
    settings: CatalogueSettings = TRUSTING,
    *,
    dry_run: bool = False,
    allow_older: bool = False,
) -> SyncResult:
    path.write_bytes(content)
    result = actions.sync(
        engine, operator(), str(path), THEN, settings, dry_run=dry_run, allow_older=allow_older
    )
    assert result is not None
    return result


@pytest.fixture
def empty(tmp_path: Path) -> Engine:
    """A database without a catalogue."""
    engine = make_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    migrate.upgrade(engine)
    with transaction(engine) as session:
        ensure_root(session, NOW)
    return engine


def facts(engine: Engine) -> list[object]:
    """All that a catalogue says, without the numbers of its rows."""
    with reading(engine) as session:
        slugs = [row.slug for row in queries.list_products(session, limit=500).rows]
        told = [queries.get_product(session, slug) for slug in slugs]
        status = actions.status(session, date(2026, 11, 25))
    plain = [
        replace(one, id=0, releases=tuple(
            replace(r, release_id=0, product_id=0, recorded_at=NOW) for r in one.releases
        )) for one in told
    ]  # fmt: skip
    return [*plain, status.products, status.releases, status.versions, status.exploited, status.as_of]


def test_a_bundle_brings_everything_into_an_empty_catalogue(
    loaded: Engine, empty: Engine, tmp_path: Path
) -> None:
    result = take(empty, tmp_path / "b.zip", make(loaded))
    assert (result.kind, result.as_of, result.written) == ("bundle", date(2026, 8, 22), True)
    assert result.signed_by == bundles.key_id(PUBLIC)
    assert facts(empty) == facts(loaded)
    before = contents(empty)
    again = take(empty, tmp_path / "b.zip", make(loaded, THEN + timedelta(days=1)))
    assert not again.written
    assert contents(empty) == before
    empty.dispose()


def test_a_bundle_brings_what_a_sync_elsewhere_changed(loaded: Engine, empty: Engine, tmp_path: Path) -> None:
    take(empty, tmp_path / "old.zip", make(loaded))
    sync(loaded, write_document(tmp_path / "full.json", changed()))
    told = take(empty, tmp_path / "new.zip", make(loaded), dry_run=True)
    done = take(empty, tmp_path / "new.zip", make(loaded))
    assert replace(told, dry_run=False, written=True) == done
    assert (done.products_added, len(done.changes), len(done.versions_added)) == (("zabbix",), 7, 2)
    assert facts(empty) == facts(loaded)
    empty.dispose()


def test_the_same_facts_give_the_same_bytes(loaded: Engine) -> None:
    assert make(loaded) == make(loaded)


def test_an_older_bundle_is_refused_unless_it_is_asked_for(loaded: Engine, tmp_path: Path) -> None:
    old = make(loaded)
    sync(loaded, write_document(tmp_path / "full.json", changed()))
    before = contents(loaded)
    with pytest.raises(Conflict, match="the bundle is of 2026-08-22, the catalogue is of 2026-11-20 already"):
        take(loaded, tmp_path / "old.zip", old)
    assert contents(loaded) == before
    result = take(loaded, tmp_path / "old.zip", old, allow_older=True)
    assert len(result.changes) == 7
    with reading(loaded) as session:
        assert actions.status(session, date(2026, 11, 25)).as_of == date(2026, 8, 22)
        [seven] = queries.list_release_facts(session, [queries.release_ids(session)["windows", "7-sp1"]])
    assert seven.security_support_flag is True


def repacked(content: bytes, **parts: bytes | None) -> bytes:
    """The bundle with parts replaced (`facts_jsonl=…`), left out (None) or added."""
    with zipfile.ZipFile(BytesIO(content)) as packed:
        kept: dict[str, bytes | None] = {name: packed.read(name) for name in packed.namelist()}
    kept |= {name.replace("_", "."): part for name, part in parts.items()}
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in kept.items():
            if part is not None:
                packed.writestr(name, part)
    return buffer.getvalue()


def part(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(BytesIO(content)) as packed:
        return packed.read(name)


def refused(engine: Engine, path: Path, content: bytes, settings: CatalogueSettings = TRUSTING) -> str:
    """The code of the refusal; nothing is written."""
    before = contents(engine)
    with pytest.raises(Refused, match=r"b\.zip: ") as error:
        take(engine, path, content, settings)
    assert contents(engine) == before
    return error.value.code


def test_what_no_trusted_key_signed_is_refused(loaded: Engine, tmp_path: Path) -> None:
    path, good = tmp_path / "b.zip", make(loaded)
    stranger = CatalogueSettings(trusted_keys=(bundles.generate_keys()[1],))
    assert refused(loaded, path, good, stranger) == "bundle_untrusted"
    assert refused(loaded, path, good, CatalogueSettings()) == "bundle_untrusted"
    assert refused(loaded, path, repacked(good, manifest_sig=None)) == "bundle_unsigned"
    assert refused(loaded, path, repacked(good, manifest_sig=b"?")) == "bundle_unsigned"
    other = base64.b64encode(bytes(64))
    assert refused(loaded, path, repacked(good, manifest_sig=other)) == "bundle_untrusted"


def test_a_changed_byte_is_found(loaded: Engine, tmp_path: Path) -> None:
    path, good = tmp_path / "b.zip", make(loaded)
    told = part(good, "facts.jsonl")
    assert (
        refused(loaded, path, repacked(good, facts_jsonl=told.replace(b"2029", b"2039", 1)))
        == "bundle_changed"
    )
    manifest = json.loads(part(good, "manifest.json"))
    manifest["sources"][0]["as_of"] = "2026-11-24"
    forged = repacked(good, manifest_json=json.dumps(manifest).encode())
    assert refused(loaded, path, forged) == "bundle_untrusted"
    for at in range(40, len(good), 97):
        damaged = bytearray(good)
        damaged[at] ^= 0x20
        path.write_bytes(bytes(damaged))
        before = contents(loaded) if at % 20 == 0 else None
        try:
            assert not take(loaded, path, bytes(damaged)).written
        except TrackerError as error:
            assert error.code.startswith("bundle_")
        assert before is None or contents(loaded) == before


def test_hostile_archives_are_refused(loaded: Engine, tmp_path: Path) -> None:
    path, good = tmp_path / "b.zip", make(loaded)
    assert refused(loaded, path, b"PK\x03\x04" + bytes(200)) == "bundle_damaged"
    assert refused(loaded, path, good[: len(good) // 2]) == "bundle_damaged"
    assert refused(loaded, path, repacked(good, **{"../evil": b"x"})) == "bundle_format"
    assert refused(loaded, path, repacked(good, facts_jsonl=bytes(65_000_000))) == "bundle_too_large"
    assert refused(loaded, path, repacked(good, manifest_json=bytes(2_000_000))) == "bundle_too_large"
    twice = BytesIO()
    with zipfile.ZipFile(twice, "w") as packed, pytest.warns(UserWarning, match="Duplicate"):
        for name in ("manifest.json", "manifest.sig", "facts.jsonl", "facts.jsonl"):
            packed.writestr(name, b"{}")
    assert refused(loaded, path, twice.getvalue()) == "bundle_format"


def test_only_an_administrator_of_all_agencies_makes_a_bundle(loaded: Engine) -> None:
    with reading(loaded) as session, pytest.raises(Forbidden):
        actions.make_bundle(session, Principal(7, "someone", ()), PRIVATE, NOW)
    with reading(loaded) as session, pytest.raises(Refused, match="32 bytes in base64"):
        actions.make_bundle(session, operator(), "short", NOW)


def test_an_empty_catalogue_makes_no_bundle(empty: Engine) -> None:
    with reading(empty) as session, pytest.raises(Conflict, match="no dates yet"):
        actions.make_bundle(session, operator(), PRIVATE, datetime.now(UTC))
    empty.dispose()
