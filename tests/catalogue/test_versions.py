"""Version order: literal chains of many vendors, schemes, trains, and an independent oracle."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from univers.versions import DebianVersion, MavenVersion, RpmVersion

from tracker.catalogue.versions import compare, longest_prefix_release, release_train, version_key

#: Oldest first; every version is older than all that follow it.
CHAINS: list[tuple[str | None, list[str]]] = [
    (None, ["1.2", "1.2.1", "1.2.9", "1.2.10", "1.3", "1.10", "2.0"]),
    (None, ["5.0-dev", "5.0-alpha2", "5.0-beta1", "5.0-beta11", "5.0-RC1", "5.0-rc2", "5.0", "5.0.1"]),
    (None, ["3.12.0a7", "3.12.0b1", "3.12.0rc3", "3.12.0", "3.12.1"]),
    (None, ["10.0.0-M1", "10.0.0-M10", "10.0.0", "10.0.1"]),
    (None, ["0.9.8zh", "1.0.1", "1.0.1a", "1.0.1u", "1.0.2", "3.1.4"]),
    (None, ["2005", "2008", "2008 SP4", "2008 R2", "2008 R2 SP1", "2012"]),
    (None, ["2014 RTM", "2014 SP1", "2014 SP3", "2019 CU2", "2019 CU15"]),
    (None, ["14.0.3026.27", "14.0.3456.2", "15.0.2000.5", "15.0.4430.1"]),
    (None, ["12.2(33)SXI4", "12.2(33)SXI4a", "12.2(33)SXI10", "12.2(33)SXI14"]),
    (None, ["9.1.0", "9.1.0-h2", "9.1.0-h10", "9.1.1", "9.1.16"]),
    (None, ["R77", "R77.30", "R80.10", "R81", "R81.20"]),
    (None, ["18.4R1", "18.4R1-S2", "18.4R2", "18.4R2-S10", "19.1R1"]),
    (None, ["6.45beta3", "6.45rc1", "6.45", "6.45.9", "6.46"]),
    (None, ["10g", "11g", "12c", "18c", "19c", "21c"]),
    (None, ["6.7.0-8169922", "6.7.0-14320388", "7.0.0-15843807"]),
    (None, ["7100-04-01-1543", "7100-05-00-1800", "7200-01-02-1717"]),
    (None, ["13.1", "13.2-RC3", "13.2-RELEASE", "13.2-RELEASE-p4", "14.0-RELEASE"]),
    (None, ["A01", "A09", "A10", "A21"]),
    (None, ["2022-02-28", "2022-11-03", "2023-01-05"]),
    (None, ["1.2~rc1", "1.2", "1.2.1"]),
    (None, ["21G115", "21G320", "22A380"]),
    (None, ["v16.9.1", "v16.20.2", "v18.0.0"]),
    ("java", ["5.0u22", "1.6.0_45", "7u80", "1.8.0_5", "8u202", "1.8.0_361", "8u372", "9.0.4", "11.0.2", "17.0.9+9"]),
    ("windows-feature", ["1507", "1607", "1909", "2004", "20H2", "21H1", "21H2", "24H2"]),
    ("windows-feature", ["10 1809", "10 20H2", "11 21H2", "11 25H2"]),
    ("deb", ["1.0~rc1-1", "1.0-1~bpo1", "1.0-1", "1.0-1+deb12u1", "1.0-1+deb12u10", "1.0.1-1", "1:0.5-1"]),
    ("rpm", ["1.0~rc1-1", "1.0-1", "1.0-1.el8", "1.0-2.el8", "1.0^git1-1", "1.0.1-1", "1:0.1-1"]),
]  # fmt: skip


def test_every_windows_11_is_newer_than_every_10() -> None:
    assert compare("10 22H2", "11 21H2", "windows-feature") == -1
    assert compare("11 21H2", "10 22H2", "windows-feature") == 1
    assert compare("11 23H2", "23H2", "windows-feature") == 0
    assert compare("1.0.2k-fips", "1.0.2k") == 0


@pytest.mark.parametrize(("scheme", "chain"), CHAINS)
def test_versions_stand_in_their_order(scheme: str | None, chain: list[str]) -> None:
    for older, newer in itertools.combinations(chain, 2):
        assert compare(older, newer, scheme) == -1, (older, newer)
        assert compare(newer, older, scheme) == 1, (newer, older)
    keys = [version_key(version, scheme) for version in chain]
    assert [key.encode() for key in keys] == sorted(key.encode() for key in keys)


@pytest.mark.parametrize(
    ("scheme", "a", "b"),
    [
        (None, "6.4", "6.4.0"),
        (None, "v1.20", "1.20"),
        (None, "20.04 LTS", "20.04"),
        (None, "115.6.0esr", "115.6.0"),
        (None, "15.0.4430.1 CU32", "15.0.4430.1"),
        (None, "007.1", "7.1"),
        ("java", "8u202", "1.8.0_202"),
        ("java", "8.0.2020.8", "8u202"),
        ("java", "Java 7 Update 80".removeprefix("Java "), "1.7.0_80"),
        ("deb", "1.0-0", "1.0"),
        ("rpm", "0:1.0-1", "1.0-1"),
        (None, "same text", "Same Text"),
    ],
)
def test_two_spellings_of_one_version(scheme: str | None, a: str, b: str) -> None:
    assert compare(a, b, scheme) == 0


@pytest.mark.parametrize(
    ("scheme", "a", "b"),
    [
        (None, "15.2(7)E", "15.2(4)M"),
        (None, "unknown", "1.0"),
        (None, "", ""),
        (None, "latest", "stable"),
        ("windows-feature", "22H2", "10.0.19045"),
    ],
)
def test_what_has_no_order_has_none(scheme: str | None, a: str, b: str) -> None:
    assert compare(a, b, scheme) is None


def test_forms_of_java_and_windows_are_known_without_a_hint() -> None:
    assert compare("8u202", "1.8.0_301") == -1
    assert compare("2004", "20H2") == -1


@pytest.mark.parametrize(
    ("version", "scheme", "train"),
    [
        ("15.2(7)E5", None, "15.2E"),
        ("10.0.19045.4046", None, "10.0.19045"),
        ("11 23H2", "windows-feature", "11"),
        ("8.0.36", None, None),
    ],
)
def test_the_train_is_named_where_the_version_tells_it(
    version: str, scheme: str | None, train: str | None
) -> None:
    assert release_train(version, scheme) == train


@pytest.mark.parametrize(
    ("version", "releases", "scheme", "release"),
    [
        ("10.1.5", ["10", "10.1", "1", "10.10"], None, "10.1"),
        ("10.11.2", ["10", "10.1", "1"], None, "10"),
        ("17.03.04a", ["17.3", "17.30"], None, "17.3"),
        ("1.8.0_292", ["8", "1", "11"], "java", "8"),
        ("1:2.4.57-2", ["2.4", "1"], "deb", "2.4"),
        ("v18.4", ["18", "1"], None, "18"),
        ("7", ["7.0", "7.4"], None, None),
        ("2.1", ["3.0"], None, None),
        ("3.0", [], None, None),
    ],
)
def test_a_version_belongs_to_the_longest_release_that_begins_it(
    version: str, releases: list[str], scheme: str | None, release: str | None
) -> None:
    assert longest_prefix_release(version, releases, scheme) == release


NUMBERS = st.lists(st.integers(0, 99_999), min_size=1, max_size=5).map(
    lambda parts: ".".join(map(str, parts))
)


@given(NUMBERS, NUMBERS)
def test_plain_versions_order_as_maven_orders_them(a: str, b: str) -> None:
    mine, theirs = compare(a, b), (MavenVersion(a) > MavenVersion(b)) - (MavenVersion(a) < MavenVersion(b))
    assert mine == theirs


PARTS = st.sampled_from(["0", "1", "2", "10", "a", "b", "rc", "."])
UPSTREAM = st.lists(PARTS, max_size=6).map(lambda parts: "1" + "".join(parts))


@given(UPSTREAM, UPSTREAM, st.sampled_from(["1", "2", "10", "1+b1", "1~bpo1"]))
def test_debian_versions_order_as_dpkg_does(a: str, b: str, revision: str) -> None:
    first, second = f"{a}-{revision}", f"{b}-1"
    theirs = (DebianVersion(first) > DebianVersion(second)) - (DebianVersion(first) < DebianVersion(second))
    assert compare(first, second, "deb") == (0 if first == second else theirs)


@given(UPSTREAM, UPSTREAM)
def test_rpm_versions_order_as_rpm_does(a: str, b: str) -> None:
    first, second = f"{a}-1", f"{b}-1"
    theirs = (RpmVersion(first) > RpmVersion(second)) - (RpmVersion(first) < RpmVersion(second))
    assert compare(first, second, "rpm") == theirs


@given(
    st.text(max_size=60), st.sampled_from([None, "java", "windows-feature", "deb", "rpm", "no such scheme"])
)
def test_every_text_has_a_short_ascii_key(text: str, scheme: str | None) -> None:
    key = version_key(text, scheme)
    assert key.isascii()
    assert len(key) <= 240


@given(st.text("0123456789.rcab-", max_size=12), st.text("0123456789.rcab-", max_size=12))
def test_order_is_antisymmetric(a: str, b: str) -> None:
    there, back = compare(a, b), compare(b, a)
    assert (there is None and back is None) or (there is not None and back == -there)
