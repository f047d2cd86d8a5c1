"""The matcher from outside: outcomes, evidence, choice by context, cells, identifiers, own aliases."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.catalogue.shipped import matcher, products
from tracker.catalogue.matching import CatalogueProduct, CatalogueRelease, Matcher, Outcome, Tier, group_key


def answer(text: str, vendor: str | None = None, version: str | None = None) -> tuple[str | None, str | None]:
    found = matcher().match(text, vendor, version)
    return found.product, found.release


def test_a_match_names_its_spans_rules_and_sources() -> None:
    text = "SQL Svr 2008R2 SP3 std"
    found = matcher().match(text)
    assert (found.outcome, found.product, found.release) == (Outcome.MATCHED, "mssqlserver", "10.50-sp3")
    assert (found.tier, found.confidence, found.method) == (Tier.AUTO, 0.95, "alias+name")
    assert [(text[start:end], what) for start, end, what in found.evidence["spans"]] == [
        ("SQL Svr", "product"), ("2008R2", "version"),
    ]  # fmt: skip
    assert found.evidence["rules"] == ["alias:mssqlserver:sql server", "release:names"]
    assert found.evidence["version_source"] == "name"
    assert found.evidence["conflicts"] == []
    assert json.loads(json.dumps(found.evidence)) == found.evidence


def test_spans_count_in_the_text_as_typed() -> None:
    text = "Microsoft® Windows® 7 Édition Professionnel"
    found = matcher().match(text)
    assert (found.product, found.release) == ("windows", "7-sp1")
    start, end, _ = found.evidence["spans"][0]
    assert text[start:end] == "Microsoft® Windows"


@pytest.mark.parametrize(
    ("text", "version", "reason"),
    [
        ("Ubuntu", None, "no-version"),
        ("Firefox 52 ESR", None, "version-not-in-catalogue"),
        ("PHP 7", None, "ambiguous-release"),
        ("Windows 11 Pro", None, "no-version"),
        ("Windows 11 23H2", None, "edition-not-stated"),
        ("Oracle Database 12c", None, "ambiguous-release"),
    ],
)
def test_a_product_without_a_release_says_why(text: str, version: str | None, reason: str) -> None:
    found = matcher().match(text, version=version)
    assert (found.outcome, found.release, found.reason) == (Outcome.PRODUCT_ONLY, None, reason)


def test_an_ambiguous_release_gives_its_candidates_and_their_ends() -> None:
    found = matcher().match("Windows 11 23H2")
    assert found.candidates == ("11-23h2-e", "11-23h2-w")
    assert (found.evidence["earliest_end"], found.evidence["latest_end"]) == ("2025-11-11", "2026-11-10")
    assert found.tier is Tier.REVIEW


def test_an_unstated_service_pack_is_the_one_supported_longest() -> None:
    found = matcher().match("SQL Server 2016")
    assert (found.release, found.confidence) == ("13.0-sp3", 0.9)
    assert answer("SQL Server 2016 SP1") == ("mssqlserver", "13.0-sp1")


@pytest.mark.parametrize(
    ("text", "version", "release"),
    [
        ("SQL Server 2016", "13.0.1742.0", "13.0"),
        ("Microsoft SQL Server 2014", "12.0.4522.0", "12.0-sp1"),
        ("Microsoft SQL Server 2008 R2", "10.52.4000.0", "10.50-sp2"),
        ("Microsoft SQL Server", "11.0.7001.0", "11.0-sp4"),
    ],
)
def test_a_build_tells_the_service_pack(text: str, version: str, release: str) -> None:
    found = matcher().match(text, version=version)
    assert (found.release, found.version) == (release, version)


def test_the_name_beats_a_contradicting_version_column_and_says_so() -> None:
    found = matcher().match("Microsoft SQL Server 2012", version="15.0.2000.5")
    assert found.release == "11.0-sp4"
    assert found.evidence["conflicts"] == ["15.0.2000.5 is no version of it"]
    assert found.tier is Tier.REVIEW
    php = matcher().match("PHP 7.4", version="8.1.2")
    assert php.release == "7.4"
    assert php.evidence["conflicts"] == ["the name says 7.4, the version column 8.1.2"]


def test_the_version_column_makes_the_name_precise() -> None:
    found = matcher().match("PostgreSQL 9.6", version="9.6.24")
    assert (found.release, found.version, found.evidence["version_source"]) == (
        "9.6",
        "9.6.24",
        "name+column",
    )
    assert answer("Microsoft Windows 10 Pro", version="10.0.19044.1288") == ("windows", "10-21h2-w")
    assert answer("Internet Explorer 8", version="2009-03-08") == ("internet-explorer", "8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Plesk 18.0.60 for Ubuntu", ("plesk", "18.0.60")),
        ("Acme Backup for Windows", (None, None)),
        ("Apache/2.4.41 (Ubuntu) PHP/7.4.3", ("apache-http-server", "2.4")),
        ("Roxen/5.2 PHP/7.4", (None, None)),
        ("Ubuntu Linux 20.04", ("ubuntu", "20.04")),
        ("Laptop Acer Aspire E5 Win 8.1", ("windows", "8.1")),
        ("Lisensi untuk Windows Server 2019", ("windows-server", "2019")),
        ("php-mbstring", (None, None)),
        ("python3.9", ("python", "3.9")),
        ("nginx/1.22", ("nginx", "1.22")),
        ("Surface Laptop Go 2", ("surface", "laptop-go-2")),
        ("Debian 9/10/11", ("debian", None)),
        ("DB Browser for SQLite 3.12", (None, None)),
    ],
)
def test_the_context_decides_which_name_is_meant(text: str, expected: tuple[str | None, str | None]) -> None:
    assert answer(text) == expected


@pytest.mark.parametrize(
    ("text", "version", "release"),
    [
        ("windows 10 ent ltsc 2021", None, "10-21h2-e-lts"),
        ("Windows 10 IoT Enterprise LTSC 2021", None, "10-21h2-iot-lts"),
        ("Windows 11 Home", "10.0.22631.4169", "11-23h2-w"),
        ("Windows 11 Enterprise", "23H2", "11-23h2-e"),
        ("Microsoft Windows [Version 10.0.19045.4291]", None, "10-22h2"),
        ("Win10 Education 1909", None, "10-1909-e"),
        ("WinXP SP3", None, "5-sp3"),
        ("Win 7 Ult 32bit bajakan", None, "7-sp1"),
    ],
)
def test_windows_clients_by_edition_feature_and_build(text: str, version: str | None, release: str) -> None:
    assert answer(text, version=version) == ("windows", release)


def test_windows_10_without_a_version_is_its_last_release_for_review_of_nothing_earlier() -> None:
    found = matcher().match("Windows 10 Pro")
    assert (found.release, found.evidence["version_source"]) == ("10-22h2", "assumed")


def test_package_addresses_and_cpe_names_mean_one_product() -> None:
    purl = matcher().match("pkg:npm/vue@2.7.14")
    assert (purl.product, purl.release, purl.version, purl.method) == ("vue", "2.7", "2.7.14", "identifier")
    assert answer("cpe:2.3:a:mozilla:firefox:115.3.0:*:*:*:*:*:*:*") == ("firefox", "115")
    assert answer("cpe:/o:fedoraproject:fedora:39") == ("fedora", "39")
    assert answer("pkg:npm/not-a-product@1.0") == (None, None)


def test_a_cell_with_several_products_gives_several_matches() -> None:
    cell = "Windows 7 Pro + Office 2010; Google Chrome 109, WinRAR 6"
    found = matcher().match_cell(cell)
    assert [(match.product, match.release) for match in found] == [
        ("windows", "7-sp1"), ("office", "2010"), ("chrome", "109"), (None, None),
    ]  # fmt: skip
    assert [match.outcome for match in found][-1] is Outcome.NOT_TRACKED
    start, end, _ = found[1].evidence["spans"][0]
    assert cell[start:end] == "Office"


def test_a_separator_inside_a_name_does_not_split_it() -> None:
    (found,) = matcher().match_cell("Veeam Backup & Replication 12")
    assert (found.product, found.release) == ("veeam-backup-and-replication", "12")
    assert len(matcher().match_cell("Microsoft Windows 7, SP1")) == 1


def test_own_aliases_outrank_the_shipped_rules() -> None:
    own = Matcher(products(), [("Siap Pakai OS", "ubuntu"), ("MySQL", "mariadb"), ("Zimbra", None)])
    assert own.match("siap pakai os 22.04").release == "22.04"
    assert own.match("MySQL 10.6").product == "mariadb"
    assert own.match("Zimbra 8.8").outcome is Outcome.NOT_TRACKED
    assert own.match("Ubuntu 22.04").evidence["rules"][0].startswith("alias:ubuntu")


def test_the_vendor_column_makes_a_bare_name_whole_and_doubts_an_ordinary_word() -> None:
    found = matcher().match("Database 19c", "Oracle Corporation")
    assert (found.product, found.release, found.method) == ("oracle-database", "19", "vendor+alias+name")
    assert [end for _, end, what in found.evidence["spans"] if what == "product"] == [12]
    assert matcher().match("Database 19c").outcome is Outcome.UNRECOGNISED
    assert matcher().match("Harbor", "VMware, Inc.", "2.9.1").tier is Tier.REVIEW
    assert matcher().match("vault", "HashiCorp", "1.15.2").product == "hashicorp-vault"


def test_suggestions_help_where_no_rule_does() -> None:
    assert matcher().match("Exchnage Srvr 2k13 micosoft").product is None
    suggested = matcher().suggest("Exchnage Srvr 2k13 micosoft")
    assert next(slug for slug, _ in suggested) == "msexchange"
    assert len(suggested) == 5
    assert all(0 < likeness <= 1 for _, likeness in suggested)
    assert matcher().suggest("") == []


def test_names_of_one_thing_share_a_group() -> None:
    assert group_key("Foo Bar 1.2 (64-bit)") == group_key("foo  bar versi 2") == "foo bar"
    assert group_key("64 bit") == "64 bit"
    assert group_key("") == ""


def test_an_endless_name_or_version_is_cut() -> None:
    assert answer("Windows 7 " + "x" * 100_000) == ("windows", "7-sp1")
    assert answer("NVIDIA Graphics Driver", version="9" * 10_000) == ("nvidia", None)
    assert answer("Microsoft Exchange Server", version="15." + "1" * 10_000)[0] == "msexchange"


def test_an_empty_catalogue_recognises_nothing() -> None:
    empty = Matcher([])
    assert empty.match("Windows 7").outcome is Outcome.UNRECOGNISED
    assert empty.match_cell("") == [empty.match("")]


def test_a_product_of_our_own_is_found_by_its_label_alone() -> None:
    made = CatalogueProduct("zimbra", "Zimbra Collaboration", releases=(CatalogueRelease("8.8"),))
    found = Matcher([made]).match("Zimbra Collaboration 8.8.15")
    assert (found.product, found.release, found.version) == ("zimbra", "8.8", "8.8.15")


def test_nearly_every_label_of_the_catalogue_finds_its_product() -> None:
    lost = [product.slug for product in products() if answer(product.label)[0] != product.slug]
    assert len(lost) <= 20, lost


def test_nearly_every_release_is_found_from_label_and_name() -> None:
    """Devices and editions apart, a product's own label and release name lead back to the release."""
    tried, lost = 0, 0
    for product in products():
        if product.category in {"device", "service"}:
            continue
        for release in product.releases:
            tried += 1
            lost += answer(f"{product.label} {release.name}") != (product.slug, release.name)
    assert tried > 6_000
    assert lost / tried < 0.03


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80), st.one_of(st.none(), st.text(max_size=20)))
def test_no_text_breaks_the_matcher(text: str, version: str | None) -> None:
    found = matcher().match(text, None, version)
    assert (found.product is None) == (found.outcome in {Outcome.NOT_TRACKED, Outcome.UNRECOGNISED})
    assert 0 <= found.confidence <= 1
    for start, end, _ in found.evidence.get("spans", ()):
        assert 0 <= start <= end <= len(text)
    assert matcher().match_cell(text)


WORDS = [
    "Windows",
    "10",
    "Server",
    "2012",
    "R2",
    "SQL",
    "+",
    ";",
    "SP",
    "for",
    "(",
    ")",
    "7.0",
    "Office",
    "64",
    "bit",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_no_mixture_of_known_words_breaks_the_matcher(words: list[str]) -> None:
    text = " ".join(words)
    for found in matcher().match_cell(text):
        for start, end, _ in found.evidence.get("spans", ()):
            assert 0 <= start <= end <= len(text)


@pytest.mark.parametrize(
    ("text", "version"),
    [("Java 8 Update 202", "8u202"), ("Java 8 upd 361 (64-bit)", "8u361"), ("Java SE 7 Update 80", "7u80")],
)
def test_updates_of_java_in_words_are_versions(text: str, version: str) -> None:
    found = matcher().match(text)
    assert (found.product, found.version) == ("oracle-jdk", version)
