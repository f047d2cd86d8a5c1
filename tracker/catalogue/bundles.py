"""Signed bundles: the catalogue's facts as one file for offices without internet.

A bundle is a ZIP of three parts: `manifest.json` (sources with licences and dates, SHA-256 and size of the facts,
who signed), `manifest.sig` (the Ed25519 signature of the manifest, RFC 8032) and `facts.jsonl` (a snapshot, see
snapshot.py). Nothing of it is read before the signature of a trusted key holds for the manifest, and the
manifest's hash for the facts. Keys are 32 bytes in base64; the private one stands in a file of its own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tracker.catalogue.snapshot import Snapshot, Source
from tracker.identity.errors import Refused

FORMAT = 1
MANIFEST, SIGNATURE, FACTS = "manifest.json", "manifest.sig", "facts.jsonl"
_PARTS = frozenset({MANIFEST, SIGNATURE, FACTS})
#: Signed before the manifest, so that no other signature of the same key can stand in for one of a bundle.
_PURPOSE = b"tracker catalogue bundle 1\n"
_MOST = {MANIFEST: 1_000_000, SIGNATURE: 1_000}
_MOST_FACTS = 64_000_000
_LINE_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose signature held: its facts, and the id of the key that signed it."""

    facts: Snapshot
    key_id: str


def _refuse(name: str, code: str, why: str) -> Refused:
    return Refused(code, f"{name}: {why}")


def generate_keys() -> tuple[str, str]:
    """A new (private, public) pair of keys in base64."""
    private = Ed25519PrivateKey.generate()
    return (
        base64.b64encode(private.private_bytes_raw()).decode(),
        base64.b64encode(private.public_key().public_bytes_raw()).decode(),
    )


def _key_bytes(key: str) -> bytes:
    try:
        content = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != 32:
        raise Refused("catalogue_key", "a key is 32 bytes in base64, as 'tracker catalogue keygen' makes it")
    return content


def key_id(public_key: str) -> str:
    """The short name of a public key: the first 16 hex digits of its SHA-256.

    Raises:
        Refused: this is no key.
    """
    return hashlib.sha256(_key_bytes(public_key)).hexdigest()[:16]


def is_bundle(content: bytes) -> bool:
    """Whether these bytes claim to be a ZIP."""
    return content[:4] == b"PK\x03\x04"


def pack_bundle(sources: Iterable[Source], lines: Sequence[str], private_key: str, now: datetime) -> bytes:
    """The bytes of a bundle with the snapshot `lines` of `sources`, signed.

    Raises:
        Refused: this is no private key.
    """
    signer = Ed25519PrivateKey.from_private_bytes(_key_bytes(private_key))
    public = base64.b64encode(signer.public_key().public_bytes_raw()).decode()
    facts = "".join(f"{line}\n" for line in lines).encode()
    manifest = {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "key": key_id(public),
        "sources": [{**asdict(source), "as_of": source.as_of.isoformat()} for source in sources],
        "parts": {FACTS: {"sha256": hashlib.sha256(facts).hexdigest(), "bytes": len(facts)}},
    }
    told = json.dumps(manifest, indent=1, sort_keys=True).encode()
    parts = {MANIFEST: told, SIGNATURE: base64.b64encode(signer.sign(_PURPOSE + told)), FACTS: facts}
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, content in parts.items():
            packed.writestr(zipfile.ZipInfo(name, _LINE_TIME), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def open_bundle(
    name: str, content: bytes, trusted_keys: Sequence[str], most_bytes: int = _MOST_FACTS
) -> Bundle:
    """The facts of a bundle, once its signature and hashes hold; `name` is named in errors.

    Raises:
        Refused: it is no bundle, damaged, too large, unsigned, changed, or signed by a key that is not trusted.
    """
    parts = _read_parts(name, content, most_bytes)
    signed_by = _check_signature(name, parts, trusted_keys)
    manifest = _read_manifest(name, parts[MANIFEST])
    told = manifest.get("parts", {}).get(FACTS, {})
    if told.get("sha256") != hashlib.sha256(parts[FACTS]).hexdigest():
        raise _refuse(name, "bundle_changed", f"{FACTS} is not what the manifest was signed for")
    try:
        # Text is split at line feeds only: other line ends may stand inside a name.
        return Bundle(Snapshot(lines=parts[FACTS].decode().split("\n")), signed_by)
    except (ValueError, KeyError, TypeError) as error:
        raise _refuse(name, "bundle_format", f"made by another program: {error}") from error


def _read_parts(name: str, content: bytes, most_bytes: int) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            entries = packed.infolist()
            names = [entry.filename for entry in entries]
            if SIGNATURE not in names and MANIFEST in names:
                raise _refuse(name, "bundle_unsigned", "the bundle has no signature")
            if len(names) != len(_PARTS) or set(names) != _PARTS:
                raise _refuse(
                    name, "bundle_format", f"no bundle of a catalogue: {', '.join(names)[:200] or 'empty'}"
                )
            return {one.filename: _read_part(name, packed, one, most_bytes) for one in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise _refuse(name, "bundle_damaged", f"the bundle is damaged: {error}") from error


def _read_part(name: str, packed: zipfile.ZipFile, entry: zipfile.ZipInfo, most_bytes: int) -> bytes:
    if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refuse(name, "bundle_format", f"{entry.filename} is encrypted or packed in an unknown way")
    most = _MOST.get(entry.filename, most_bytes)
    with packed.open(entry) as part:
        # What the directory says of the size may be a lie; what comes out is counted.
        content = part.read(most + 1)
    if len(content) > most:
        raise _refuse(name, "bundle_too_large", f"{entry.filename} is larger than {most:,} bytes")
    return content


def _check_signature(name: str, parts: dict[str, bytes], trusted_keys: Sequence[str]) -> str:
    if not trusted_keys:
        why = "no key is trusted: put the signer's public key into TRACKER_CATALOGUE_TRUSTED_KEYS"
        raise _refuse(name, "bundle_untrusted", why)
    try:
        signature = base64.b64decode(parts[SIGNATURE].strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refuse(name, "bundle_unsigned", "the signature cannot be read") from error
    for key in trusted_keys:
        try:
            Ed25519PublicKey.from_public_bytes(_key_bytes(key)).verify(signature, _PURPOSE + parts[MANIFEST])
        except InvalidSignature:
            continue
        return key_id(key)
    why = "the signature is of none of the trusted keys, or the manifest was changed"
    raise _refuse(name, "bundle_untrusted", why)


def _read_manifest(name: str, content: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _refuse(name, "bundle_format", "the manifest is no JSON") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _refuse(name, "bundle_format", "the bundle is of a format that this program does not know")
    return manifest
