"""``make test``: the fast suite, the notebooks, the slow suite; at the end what ran, what did not, and why."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
#: tests are not notebooks: without what only those need, each process starts a second and a half sooner
LEAN = ["-p", "no:nbval"]
SUITES = {
    "fast": ["-m", "not slow", "-n", "auto", "--dist", "loadfile", "-q", *LEAN],
    "notebooks": [
        "--nbval-lax",
        "--nbval-current-env",
        "-q",
        "notebooks",
        "-o",
        "addopts=--import-mode=importlib -p no:doctest",
    ],
    # one process runs all that needs quiet, one after another: tests/conftest.py
    "slow": ["-m", "slow", "-n", "2", "--dist", "loadfile", "-q", *LEAN],
}


def run(name: str, arguments: list[str], report: Path) -> int:
    """One suite in a process of its own; its results go to a JUnit file."""
    print(f"\n== {name}", flush=True)
    command = [sys.executable, "-m", "pytest", *arguments, f"--junitxml={report}", "-o", f"junit_suite_name={name}"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def results(report: Path) -> tuple[Counter, Counter]:
    """How many passed, failed and were skipped; and the reasons of skips."""
    counts, reasons = Counter(), Counter()
    if not report.exists():
        return Counter(failed=1), reasons
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag: child for child in case}
        kind = "failed" if {"failure", "error"} & set(kinds) else "skipped" if "skipped" in kinds else "passed"
        counts[kind] += 1
        if kind == "skipped":
            reasons[re.sub(r"^Skipped: ", "", kinds["skipped"].get("message", ""))] += 1
    return counts, reasons


def main() -> int:
    """Run all suites (or those named), print the table, and fail if any failed."""
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    wanted = sys.argv[1:] or list(SUITES)
    total, why, rows, bad = Counter(), Counter(), [], False
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            started = time.monotonic()
            report = Path(folder) / f"{name}.xml"
            code = run(name, SUITES[name], report)
            counts, reasons = results(report)
            bad |= code not in (0, 5)
            total += counts
            why += reasons
            rows.append((name, counts, time.monotonic() - started))
    print(f"\n{'suite':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for name, counts, seconds in rows:
        print(f"{name:<12}{counts['passed']:>8}{counts['failed']:>8}{counts['skipped']:>9}{seconds:>9.0f}")
    for reason, n in why.most_common():
        print(f"skipped {n} × {reason}")
    print(f"\n{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return int(bad or total["failed"] > 0 or total["passed"] == 0)


if __name__ == "__main__":
    sys.exit(main())
