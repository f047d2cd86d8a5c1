"""What should be flagged, asset by asset in plain loops: written apart from the rules, slow and without SQL tricks.

Reads whole tables and shares nothing with tracker.lifecycle but the policy's document.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine, text

#: (asset tag, rule, subject kind, subject id, threshold, severity, ends on)
Flag = tuple[str, str, str, int, int, str, date | None]
_WORST = ("critical", "high", "medium", "low", "info")
ONE = timedelta(days=1)


def _rows(engine: Engine, table: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]


def _day(value: Any) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value is not None else None


def _over(day: date, on: date | None, flag: Any) -> bool | None:
    if on is not None:
        return day > on
    return None if flag is None else bool(flag)


class Oracle:
    """The tables of a database as lists, and a policy's document."""

    def __init__(self, engine: Engine, policy: dict[str, Any], day: date) -> None:
        self.policy, self.day = policy, day
        self.agencies = {row["id"]: row for row in _rows(engine, "agency")}
        self.assets = _rows(engine, "asset")
        self.models = {row["id"]: row for row in _rows(engine, "hardware_model")}
        self.contracts = _rows(engine, "support_contract")
        self.releases = {row["id"]: row for row in _rows(engine, "release")}
        self.products = {row["id"]: row for row in _rows(engine, "product")}
        self.versions = _rows(engine, "version")
        self.facts = {
            row["release_id"]: row for row in _rows(engine, "release_fact") if row["superseded_at"] is None
        }
        self.former = [row for row in _rows(engine, "release_fact") if row["superseded_at"] is not None]
        self.installed = defaultdict(list)
        for row in _rows(engine, "installation"):
            if row["superseded_at"] is None:
                self.installed[row["asset_id"]].append(row["title_id"])
        self.matches = {
            (row["subject_kind"], row["subject_id"], row["scope_agency_id"]): row
            for row in _rows(engine, "title_match")
        }
        meant = defaultdict(list)
        for row in _rows(engine, "exploited_product"):
            meant[row["entry_id"]].append(row["product_id"])
        self.exploited = defaultdict(list)
        for entry in _rows(engine, "exploited_entry"):
            for product_id in meant[entry["id"]]:
                self.exploited[product_id].append(entry)

    def flags(self) -> set[Flag]:
        """All that should be open."""
        found: set[Flag] = set()
        for asset in self.assets:
            if asset["it_scope"] == "other" or asset["status"] in self.policy["skipped_statuses"]:
                continue
            best: dict[tuple[str, str, int, int], tuple[int, date, str, date | None]] = {}
            for rule, kind, subject, threshold, severity, since, ends in self._asset(asset):
                key = (rule, kind, subject, threshold)
                made = (_WORST.index(severity), since or date.max, severity, ends)
                best[key] = min(best.get(key, made), made, key=lambda one: one[:2])
            found |= {(asset["asset_tag"], *key, made[2], made[3]) for key, made in best.items()}
        return found

    def _asset(self, asset: dict[str, Any]) -> Iterator[Any]:
        severity = self.policy["severities"]
        for title_id in self.installed[asset["id"]]:
            yield from self._subject(asset, "title", title_id)
        if asset["hardware_model_id"]:
            yield from self._subject(asset, "model", asset["hardware_model_id"])
        yield from self._age(asset)
        warranty = _day(asset["warranty_ends_on"])
        if warranty and self.day > warranty:
            yield "warranty-ended", "asset", 0, 0, severity["warranty-ended"], warranty + ONE, warranty
        seen = _day(asset["last_seen_on"])
        if seen and asset["status"] == "in-use" and (self.day - seen).days > self.policy["not_seen_days"]:
            yield "not-seen", "asset", 0, 0, severity["not-seen"], None, None
        if asset["condition"] == "broken" and asset["status"] != "planned":
            yield "not-repairable", "asset", 0, 0, severity["not-repairable"], None, None
        if asset["status"] == "in-use" and asset["custodian"] is None and asset["location"] is None:
            yield "no-custodian", "asset", 0, 0, severity["no-custodian"], None, None
        if self._runs_old_windows(asset) and "i5-6" in (asset["processor"] or ""):
            yield "hardware-cannot-follow", "asset", 0, 0, severity["hardware-cannot-follow"], None, None

    def _runs_old_windows(self, asset: dict[str, Any]) -> bool:
        for title_id in self.installed[asset["id"]]:
            match = self._match(asset, "title", title_id)
            if match and match["tier"] == "auto" and match["release_id"]:
                release = self.releases[match["release_id"]]
                product = self.products[release["product_id"]]
                if product["slug"] == "windows" and not release["name"].startswith("11"):
                    return True
        return False

    def _match(self, asset: dict[str, Any], kind: str, subject_id: int) -> dict[str, Any] | None:
        own = self.matches.get((kind, subject_id, asset["agency_id"]))
        return own or self.matches.get((kind, subject_id, 0))

    def _dated_model(self, asset: dict[str, Any]) -> bool:
        """Whether the shared match of its model says when support ends."""
        match = self.matches.get(("model", asset["hardware_model_id"], 0))
        if match is None or match["tier"] != "auto" or match["release_id"] is None:
            return False
        return self._phase(self.facts.get(match["release_id"]), False) != "unknown"

    def _age(self, asset: dict[str, Any]) -> Iterator[Any]:
        life = self.policy["useful_life"].get(asset["asset_class"])
        acquired = _day(asset["acquired_on"])
        unknown = (
            "lifecycle-unknown",
            "asset",
            0,
            0,
            self.policy["severities"]["lifecycle-unknown"],
            None,
            None,
        )
        if life is None:
            yield unknown
        elif life["years"] is None:
            return
        elif acquired is None:
            if asset["status"] != "planned" and not self._dated_model(asset):
                yield unknown
        else:
            last = acquired
            if asset["acquired_precision"] == "year":
                last = date(acquired.year, 12, 31)
            elif asset["acquired_precision"] == "month":
                last = date(
                    acquired.year, acquired.month, calendar.monthrange(acquired.year, acquired.month)[1]
                )
            year = last.year + life["years"]
            until = date(year, last.month, min(last.day, calendar.monthrange(year, last.month)[1]))
            if self.day > until:
                severity = self.policy["severities"]["past-useful-life"]
                yield "past-useful-life", "asset", 0, 0, severity, until + ONE, until

    def _phase(self, fact: dict[str, Any] | None, contract: bool) -> str:
        if fact is None:
            return "unknown"
        security = _over(self.day, _day(fact["security_support_ends_on"]), fact["security_support_flag"])
        if security:
            extended = _over(self.day, _day(fact["extended_support_ends_on"]), fact["extended_support_flag"])
            return "extended" if contract and extended is False else "ended"
        active = _over(self.day, _day(fact["active_support_ends_on"]), fact["active_support_flag"])
        if active is False and fact["active_support_ends_on"] is not None:
            return "active"
        if security is None:
            return "unknown"
        if active:
            return "security-only"
        return "active"

    def _covered(self, asset: dict[str, Any], match: dict[str, Any]) -> bool:
        path = self.agencies[asset["agency_id"]]["path"]
        for one in self.contracts:
            starts, ends = _day(one["starts_on"]), _day(one["ends_on"])
            assert starts and ends
            if not starts <= self.day <= ends or one["release_id"] not in (None, match["release_id"]):
                continue
            product_id = self.releases[match["release_id"]]["product_id"]
            if one["product_id"] == product_id and path.startswith(self.agencies[one["agency_id"]]["path"]):
                return True
        return False

    def _subject(self, asset: dict[str, Any], kind: str, subject_id: int) -> Iterator[Any]:
        severity = self.policy["severities"]
        match = self._match(asset, kind, subject_id)
        if match is not None and match["outcome"] == "not-tracked":
            return
        known = match is not None and match["outcome"] != "unrecognised" and match["product_id"] is not None
        sure = match is not None and known and match["tier"] == "auto" and match["release_id"] is not None
        fact = self.facts.get(match["release_id"]) if match and sure else None
        contract = bool(match and sure and self._covered(asset, match))
        phase = self._phase(fact, contract)
        if phase == "unknown" and kind == "title":
            yield "lifecycle-unknown", "asset", 0, 0, severity["lifecycle-unknown"], None, None
        if match and known and match["tier"] != "auto":
            yield "match-to-review", "asset", 0, 0, severity["match-to-review"], None, None
        if fact is None or match is None:
            return
        about = ("product", match["product_id"]) if kind == "title" else ("model", subject_id)
        for rule, threshold, level, since, ends in self._release(match, fact, phase):
            yield rule, *about, threshold, level, since, ends

    def _release(self, match: dict[str, Any], fact: dict[str, Any], phase: str) -> Iterator[Any]:
        severity = self.policy["severities"]
        security, active, extended, gone = (
            _day(fact[f"{name}_on"])
            for name in (
                "security_support_ends",
                "active_support_ends",
                "extended_support_ends",
                "discontinued",
            )
        )

        def after(on: date | None) -> date | None:
            return on + ONE if on else None

        if _over(self.day, gone, fact["discontinued_flag"]):
            yield "discontinued", 0, severity["discontinued"], after(gone), gone
        if phase == "ended":
            for rule in ("security-support-ended", "unpatchable"):
                yield rule, 0, severity[rule], after(security), security
            if _over(self.day, extended, fact["extended_support_flag"]) is False:
                rule = "extended-support-without-contract"
                yield rule, 0, severity[rule], after(security), extended
        if phase == "security-only":
            yield "active-support-ended", 0, severity["active-support-ended"], after(active), active
        ends = extended if phase == "extended" else security
        if phase != "ended" and ends is not None:
            for window in sorted(self.policy["ends_soon"], key=lambda one: one["days"]):
                if (ends - self.day).days <= window["days"]:
                    since = ends - timedelta(days=window["days"])
                    yield "security-support-ends-soon", window["days"], window["severity"], since, ends
                    break
        yield from self._patches(match, phase)
        moved = self._moved(fact)
        if moved:
            yield "dates-moved", 0, severity["dates-moved"], moved, None

    def _moved(self, fact: dict[str, Any]) -> date | None:
        start = self.day - timedelta(days=self.policy["dates_moved_days"])
        names = (
            "active_support_ends_on",
            "security_support_ends_on",
            "extended_support_ends_on",
            "discontinued_on",
        )
        for old in self.former:
            recorded, superseded = _day(old["recorded_at"]), _day(old["superseded_at"])
            assert recorded and superseded
            differs = any(old[name] is not None and _day(old[name]) != _day(fact[name]) for name in names)
            if differs and old["release_id"] == fact["release_id"] and recorded < start <= superseded:
                return _day(fact["recorded_at"])
        return None

    def _patches(self, match: dict[str, Any], phase: str) -> Iterator[Any]:
        severity, least = self.policy["severities"], self.policy["behind"]
        out = {
            row["version_key"]: _day(row["released_on"])
            for row in self.versions
            if row["release_id"] == match["release_id"] and (_day(row["released_on"]) or self.day) <= self.day
        }
        installed_on, newer = None, []
        if match["version_key"] is not None:
            installed_on = out.get(match["version_key"])
            newer = [on for key, on in out.items() if key > match["version_key"]]
        since = min((on for on in newer if on), default=None)
        late = since is None or (self.day - since).days >= least["days"]
        if phase != "ended" and newer and late and len(newer) >= least["versions"]:
            yield "behind-latest", 0, severity["behind-latest"], since, None
        if phase == "ended" or newer:
            listed = [
                one
                for one in self.exploited[match["product_id"]]
                if str(one["added_on"]) <= str(self.day)
                and (installed_on is None or str(one["added_on"]) > str(installed_on))
            ]
            unfixed = [one for one in listed if installed_on and int(one["cve_id"][4:8]) > installed_on.year]
            rule, entries = ("exploited", unfixed) if unfixed else ("exploited-possible", listed)
            if entries:
                yield rule, 0, severity[rule], min(_day(one["added_on"]) or date.max for one in entries), None
