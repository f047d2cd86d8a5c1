"""`make bench`: every figure of docs/benchmarks.md, as a ratio to a floor measured in the same run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def run(step: str, folder: Path, rows: int, module: str = "tests.benchmarks.steps") -> dict[str, Any]:
    """One step in a process of its own; adds `rss_mb`, the largest resident size of it or of its readers."""
    words = [sys.executable, "-m", module, step, str(folder), str(rows)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{step} failed")
    figures: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return {**figures, "rss_mb": usage.ru_maxrss // 1024}


def best(step: str, folder: Path, rows: int, times: int = 3, by: str = "seconds") -> dict[str, Any]:
    """The fastest of several runs: a floor is what the machine can do, not what it did on a busy moment."""
    return min((_fresh(step, folder, rows) for _ in range(times)), key=lambda found: found[by])


def _fresh(step: str, folder: Path, rows: int) -> dict[str, Any]:
    for left in folder.glob("floor.db*"):
        left.unlink()
    return run(step, folder, rows)


def bench_import(folder: Path, rows: int) -> None:
    """Import of a workbook: time, memory, statements."""
    for count in (rows // 10, rows):
        run("make_file", folder, count)
    read, insert = best("read_floor", folder, rows), best("insert_floor", folder, rows)
    small, full = run("import_file", folder, rows // 10), run("import_file", folder, rows)
    stored = best("stored_floor", folder, rows)
    floor, full_floor = read["seconds"] + insert["seconds"], read["seconds"] + stored["seconds"]
    print(f"import of {rows:,} rows × 20 columns (xlsx, SQLite)")
    print(f"  floor: read {read['seconds']:.2f} s + insert {insert['seconds']:.2f} s = {floor:.2f} s")
    print(f"  preview {full['preview']:.2f} s, apply {full['apply']:.2f} s, together {full['seconds']:.2f} s: "
          f"{full['seconds'] / floor:.2f} × floor")  # fmt: skip
    print(f"  against reading and a bare insert of the {stored['rows']:,} rows that are stored "
          f"({stored['seconds']:.2f} s): {full['seconds'] / full_floor:.2f} ×")  # fmt: skip
    print(f"  the same file again (all unchanged): preview {full['again']:.2f} s")
    print(f"  largest process {full['rss_mb']} MB; statements for {rows // 10:,} and {rows:,} rows: preview "
          f"{small['preview_statements']} and {full['preview_statements']}, apply {small['apply_statements']} and "
          f"{full['apply_statements']}")  # fmt: skip


def bench_scan(folder: Path, assets: int) -> None:
    """Scan of many installations of few titles."""
    made = run("make_world", folder, assets)
    found = run("scan", folder, assets)
    floor = best("scan_floor", folder, assets, by="cpu")
    print(f"scan of {assets:,} assets, {assets * 10:,} installations, {found['titles']:,} titles (SQLite)")
    print(f"  matching the titles {made['match_seconds']:.2f} s")
    print(
        f"  floor: bare join of {floor['rows']:,} rows {floor['seconds']:.2f} s (processor {floor['cpu']:.2f} s)"
    )
    print(f"  first scan {found['seconds']:.2f} s (processor {found['cpu']:.2f} s: {found['cpu'] / floor['cpu']:.2f} × "
          f"floor), {found['opened']:,} findings opened, largest process {found['rss_mb']} MB")  # fmt: skip
    print(f"  second scan {found['second']:.2f} s (processor {found['second_cpu']:.2f} s: "
          f"{found['second_cpu'] / floor['cpu']:.2f} × floor), opened {found['opened_again']}, "
          f"wrote rows: {found['wrote_again']}")  # fmt: skip


def bench_lists(folder: Path, assets: int) -> None:
    """Pages of 50 over the world of the scan."""
    found = run("lists", folder, assets)
    print(f"asset list of 50 out of {assets:,}, filtered and sorted (60 requests)")
    for face in ("page", "api"):
        print(f"  {face}: median {found[face]['median_ms']:.1f} ms, p95 {found[face]['p95_ms']:.1f} ms")


def bench_match(folder: Path, count: int) -> None:
    """Distinct names through the matcher, in processor time."""
    found = run("match_names", folder, count, "tests.benchmarks.names")
    print(f"matching of {count:,} distinct names, one core, processor time")
    print(f"  index {found['index_cpu']:.2f} s; all names {found['cpu']:.2f} s; one name: median "
          f"{found['median_us']:.0f} µs, p99 {found['p99_us']:.0f} µs; largest process {found['rss_mb']} MB, of it "
          f"{found['grown_mb']} MB by index and matching")  # fmt: skip
    print(f"  for comparison, ten million bare additions beside it: {found['bare_cpu']:.2f} s")


def main() -> None:
    """Run all parts, or the ones named."""
    parts = {"import": bench_import, "scan": bench_scan, "lists": bench_lists, "match": bench_match}
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; all when absent")
    parser.add_argument("--rows", type=int, default=100_000)
    given = parser.parse_args()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as name:
        if "lists" in given.parts and "scan" not in given.parts:
            run("make_world", Path(name), given.rows)
        for part in given.parts or parts:
            parts[part](Path(name), given.rows)


if __name__ == "__main__":
    main()
