"""Recorded answers of the public sources, in small: four products, dated versions, builds, exploited entries."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any


def release(name: str, **more: Any) -> dict[str, Any]:
    """A release cycle as endoflife.date's API v1 tells it."""
    return {
        "name": name,
        "codename": None,
        "label": name,
        "releaseDate": "2020-01-01",
        "isLts": False,
        "ltsFrom": None,
        "isEol": False,
        "eolFrom": None,
        "isMaintained": True,
        "latest": None,
        "custom": None,
        **more,
    }


def latest(name: str, on: str | None, link: str | None = None) -> dict[str, Any]:
    """The newest version of a release."""
    return {"name": name, "date": on, "link": link}


def product(
    name: str, label: str, category: str, releases: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """A product as endoflife.date's API v1 tells it."""
    return {
        "name": name,
        "label": label,
        "category": category,
        "aliases": [],
        "tags": [category],
        "versionCommand": None,
        "identifiers": [],
        "labels": {"eol": "Security Support", "eoas": None},
        "links": {"icon": None, "html": f"https://endoflife.date/{name}", "releasePolicy": None},
        "releases": releases,
        **more,
    }


def lifecycle(generated_at: str = "2026-08-22T08:52:34+00:00") -> dict[str, Any]:
    """An answer of /api/v1/products/full."""
    postgresql = product(
        "postgresql",
        "PostgreSQL",
        "database",
        [
            release(
                "17", releaseDate="2024-09-26", eolFrom="2029-11-08", latest=latest("17.6", "2025-08-14")
            ),
            release(
                "9.6", label="9.6", isEol=True, eolFrom="2021-11-11", latest=latest("9.6.24", "2021-11-11")
            ),
        ],
        aliases=["postgres"],
        identifiers=[{"type": "cpe", "id": "cpe:/a:postgresql:postgresql"}],
    )
    temurin = product(
        "eclipse-temurin",
        "Eclipse Temurin",
        "lang",
        [
            release(
                "8",
                codename="Spider",
                isLts=True,
                isEoas=True,
                isEol=False,
                latest=latest("8u462", "2025-07-15"),
            )
        ],
        tags=["java-distribution", "lang"],
    )
    windows = product(
        "windows",
        "Microsoft Windows",
        "os",
        [
            release("11-24h2-e", eolFrom="2027-10-12", latest=latest("10.0.26100", None)),
            release("11-24h2-w", isEol=True, eolFrom="2026-01-13", latest=latest("10.0.26100", None)),
            release("7-sp1", isEol=True, eolFrom=None, latest=latest("6.1.7601", None)),
        ],
    )
    ubuntu = product(
        "ubuntu",
        "Ubuntu",
        "os",
        [
            release(
                "24.04",
                label="24.04 'Noble Numbat' (LTS)",
                codename="Noble Numbat",
                isLts=True,
                ltsFrom="2024-04-25",
                isEoas=False,
                eoasFrom="2029-05-31",
                eolFrom="2029-05-31",
                isEoes=False,
                eoesFrom="2036-04-25",
                isDiscontinued=False,
                latest=latest("24.04.3", "2025-08-07", "https://wiki.ubuntu.com/NobleNumbat"),
            )
        ],
    )
    products = [postgresql, temurin, windows, ubuntu]
    return {
        "schema_version": "1.2.1",
        "generated_at": generated_at,
        "total": len(products),
        "result": products,
    }


VERSIONS: dict[str, Any] = {
    "generated_at": "2026-08-22",
    "source": "endoflife-date/release-data",
    "result": {
        "postgres": {
            "17.0": "2024-09-26",
            "17.5": "2025-05-08",
            "9.6.24": "2021-11-11",
            "8.4.22": "2014-07-24",
        },
        "postgresql": {"17.0": "2024-09-26"},
        "eclipse-temurin": {"8u452-b09": "2025-04-15", "8u462": None},
    },
}
BUILDS: dict[str, Any] = {
    "generated_at": "2026-08-18",
    "source": "altrhombus/DataForGeeks",
    "result": {
        "win": [
            {"full_version": f"10.0.26100.{number}", "os_type": "client", "release_date": on, "kb_article": article,
             "release_type": kind, "major_version": 11, "windows_version": "24H2"}
            for number, on, article, kind in (
                (7000, "2025-12-09", "KB5071000", "Standard"),
                (7100, "2025-12-16", "KB5071001", "Preview"),
                (8100, "2026-02-10", "KB5080000", "Standard"),
            )
        ],
        "sql": [],
        "exchange": [],
    },
}  # fmt: skip
EXPLOITED: dict[str, Any] = {
    "title": "Known Exploited Vulnerabilities",
    "catalogVersion": "2025.08.25",
    "dateReleased": "2025-08-25T17:04:19.9796Z",
    "count": 2,
    "vulnerabilities": [
        {"cveID": "CVE-2025-0001", "vendorProject": "Microsoft", "product": "Windows", "dateAdded": "2025-03-11",
         "shortDescription": "prose", "dueDate": "2025-04-01", "knownRansomwareCampaignUse": "Known"},
        {"cveID": "CVE-2024-0002", "vendorProject": "Nobody", "product": "Nothing", "dateAdded": "2024-01-02",
         "shortDescription": "prose", "dueDate": "2024-01-23", "knownRansomwareCampaignUse": "Unknown"},
    ],
}  # fmt: skip


def write_upstream(directory: Path, **other: Any) -> Path:
    """The four files, gzipped; `other` replaces one by name (lifecycle, versions, builds, exploited)."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {
        "endoflife-products-full.json.gz": other.get("lifecycle", lifecycle()),
        "endoflife-versions.json.gz": other.get("versions", VERSIONS),
        "microsoft-builds.json.gz": other.get("builds", BUILDS),
        "kev.json.gz": other.get("exploited", EXPLOITED),
    }
    for name, document in files.items():
        (directory / name).write_bytes(gzip.compress(json.dumps(document).encode()))
    return directory


def write_document(path: Path, document: Any) -> str:
    """A plain JSON file; returns its path as text."""
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


def find_product(document: dict[str, Any], slug: str) -> dict[str, Any]:
    """The product of a document, to change it in place."""
    found: dict[str, Any] = next(each for each in document["result"] if each["name"] == slug)
    return found


def later(generated_at: str = "2026-11-20T06:00:00+00:00") -> dict[str, Any]:
    """The same answer, three months later, nothing else changed."""
    return copy.deepcopy(lifecycle(generated_at))
