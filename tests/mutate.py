"""``make mutate``: which small wrong changes would no test notice?

Each mutant is one changed line in a copy of the project. The tests that run this line are asked, those of its room
first and the quickest first of all, until one fails. A mutant that all of them pass *survives*: either the change means
nothing, or an expectation is missing. ``--lines-of REV`` asks about the lines that were written since a revision, and
``--count`` about a seeded draw of as many lines, an equal share from each room. ``--save`` keeps mutants and verdicts,
and a draw that was broken off goes on from there; ``--list`` asks about the same mutants again, which are found by
their text: it works after files have moved.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from pathlib import Path
from queue import SimpleQueue

from tests.line_tests import LineTests, digest, measure
from tests.mutants import Mutant, by_room, found_again, mutants_of

ROOT = Path(__file__).parents[1]
PACKAGE = "kpikit"
LEFT_OUT = (
    ".git",
    ".venv",
    ".venv-lowest",
    ".mutate",
    ".hypothesis",
    ".pytest_cache",
    ".ruff_cache",
    "__pycache__",
    "out",
    "dist",
)
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:nbval"]
PYTEST += ["--hypothesis-seed=0"]
CAUGHT, SURVIVED, GONE = "caught", "survived", "not found"


class Scratch:
    """A copy of the project in which one line at a time is wrong."""

    def __init__(self, root: Path, folder: Path):
        self.root = folder / "tree"
        shutil.copytree(root, self.root, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        if (root.parent / "shared").exists():
            (folder / "shared").symlink_to(root.parent / "shared")
        self._written = 0

    def write(self, file: str, text: str) -> None:
        """Write a source, each text in a second of its own: compiled code is told from old by seconds and sizes."""
        path = self.root / file
        path.write_text(text, encoding="utf-8")
        self._written += 2
        os.utime(path, (path.stat().st_mtime + self._written,) * 2)

    def fails(self, tests: list[str], seconds: float) -> str:
        """The first of these tests that fails, or why none could finish; nothing if all pass."""
        asked = self.root.parent / "asked.txt"
        asked.write_text("\n".join(tests), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        command = [*PYTEST, "-x", "--tb=no", f"@{asked}"]
        try:
            ran = subprocess.run(
                command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return f"not done after {seconds:.0f} seconds"
        if ran.returncode in (0, 5):
            return ""
        if ran.returncode == 4:  # cases of a test that a change has taken away are no failures: the others are asked
            gone = set(re.findall(r"^ERROR: not found: \S*?/tree/(.+)$", ran.stdout + ran.stderr, re.MULTILINE))
            if left := [test for test in tests if test not in gone] if gone else []:
                return self.fails(left, seconds)
        failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", ran.stdout, re.MULTILINE)
        return failed[1] if failed else f"pytest ended with {ran.returncode}"

    def tests(self) -> list[str]:
        """The tests of the fast suite as they are now."""
        command = [*PYTEST, "--collect-only", "-m", "not slow"]
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        ran = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        return [line for line in ran.stdout.splitlines() if "::" in line]


class Asking:
    """Asks the tests about mutants, in so many copies at a time."""

    def __init__(self, root: Path, line_tests: LineTests, folder: Path, processes: int, seconds: float = 60):
        self.root, self.line_tests, self.processes, self.seconds = root, line_tests, processes, seconds
        self.free: SimpleQueue[Scratch] = SimpleQueue()
        for number in range(processes):
            self.free.put(Scratch(root, folder / str(number)))
        scratch = self.free.get()
        self.now = dict.fromkeys(scratch.tests())
        self.free.put(scratch)
        self.new = [test for test in self.now if test not in line_tests.seconds and test not in line_tests.not_passed]
        self.texts = {
            file: (root / file).read_text(encoding="utf-8") for file in {test.partition("::")[0] for test in self.now}
        }
        same = {file for file, text in self.texts.items() if line_tests.digests.get(file) == digest(text)}
        self.changed = [test for test in self.now if test in line_tests.seconds and test.partition("::")[0] not in same]

    def order(self, mutant: Mutant, first: str = "") -> tuple[list[str], int]:
        """The tests that run this line, near and quick first, and those near it that are newer than the measurement.

        They end where their seconds are used up; how many there are in all comes with them.
        """
        text = (self.root / mutant.file).read_text(encoding="utf-8")
        known = [test for test in self.line_tests.of(mutant.file, text, mutant.line) if test in self.now]
        near = [test for test in known if self._is_near(test, mutant)]
        new = [test for test in self.new if self._is_near(test, mutant)]
        changed = [test for test in self.changed if self._is_near(test, mutant)]
        found, left = [], self.seconds
        every = dict.fromkeys([*([first] if first in self.now else []), *new, *near, *changed, *known])
        for test in every:
            left -= self.line_tests.seconds.get(test, 0.02)
            if left < 0 and found:
                break
            found.append(test)
        return found, len(every)

    def _is_near(self, test: str, mutant: Mutant) -> bool:
        file = test.partition("::")[0]
        if file == mutant.file or file.startswith(f"tests/{mutant.room}"):
            return True
        module = mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return module in self.texts[file]

    def verdict(self, mutant: Mutant, first: str = "") -> tuple[str, str]:
        """Was this mutant caught, and by which test?"""
        tests, n = self.order(mutant, first)
        if not tests:
            return SURVIVED, "no test runs this line"
        scratch = self.free.get()
        text = (scratch.root / mutant.file).read_text(encoding="utf-8")
        try:
            scratch.write(mutant.file, mutant.applied(text))
            by = scratch.fails(tests, 120 + 8 * self.seconds)
        finally:
            scratch.write(mutant.file, text)
            self.free.put(scratch)
        return (CAUGHT, by) if by else (SURVIVED, f"{len(tests)} of {n} tests pass")

    def verdicts(self, mutants: list[Mutant], firsts: list[str]):
        """Every mutant with its verdict, as they come."""
        with ThreadPoolExecutor(self.processes) as pool:
            yield from zip(mutants, pool.map(self.verdict, mutants, firsts), strict=True)


def sources(root: Path, package: str = PACKAGE) -> dict[str, str]:
    """Every module's text by its path."""
    paths = sorted((root / package).rglob("*.py"))
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def lines_of(revision: str, root: Path, package: str = PACKAGE) -> set[tuple[str, int]]:
    """The lines that were written since a revision."""
    command = ["git", "diff", "--unified=0", "--no-color", "--no-prefix", revision, "--", package]
    diff = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    found, file = set(), ""
    for line in diff.splitlines():
        if line.startswith("+++ "):
            file = line[4:]
        elif match := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            begin = int(match[1])
            found |= {(file, at) for at in range(begin, begin + int(match[2] or 1))}
    return found


def drawn(texts: dict[str, str], seed: int, count: int | None, rooms=None, lines=None) -> list[Mutant]:
    """One mutant a line, of lines drawn at random with an equal share for each room; all lines without a count.

    A line is drawn first, then the kind of change, then the change: a line full of numbers is not drawn more often.
    """
    chance, found = random.Random(seed), []
    every = [mutant for file, text in texts.items() for mutant in mutants_of(file, text)]
    if lines is not None:
        every = [mutant for mutant in every if (mutant.file, mutant.line) in lines]
    pools = {room: mutants for room, mutants in by_room(every).items() if rooms is None or room in rooms}
    for position, mutants in enumerate(pools.values()):
        by_line = defaultdict(lambda: defaultdict(list))
        for mutant in mutants:
            by_line[mutant.file, mutant.line][mutant.kind].append(mutant)
        order = chance.sample(sorted(by_line), len(by_line))
        share = len(order) if count is None else count // len(pools) + (position < count % len(pools))
        for place in order[:share]:
            kinds = by_line[place]
            mutant = chance.choice(kinds[chance.choice(sorted(kinds))])
            if mutant.parses(texts[mutant.file]):
                found.append(mutant)
    return found


def table(rows: list[dict]) -> str:
    """By room how many were caught, and every line on which a change was not noticed."""
    rooms = sorted({row["room"] for row in rows})
    lines = [f"{'room':<12}{'mutants':>8}{'caught':>8}{'survived':>10}{'not found':>11}"]
    for room in [*rooms, "all"]:
        counts = Counter(row["verdict"] for row in rows if room in ("all", row["room"]))
        lines.append(f"{room:<12}{counts.total():>8}{counts[CAUGHT]:>8}{counts[SURVIVED]:>10}{counts[GONE]:>11}")
    for row in rows:
        if row["verdict"] != CAUGHT:
            lines += [f"\n{row['file']}:{row['line']}  {row['verdict']}, {row['kind']}; {row['by']}"]
            lines += [f"  - {row['old']}", f"  + {row['new']}"]
    lost = [row for row in rows if row.get("was") == CAUGHT and row["verdict"] != CAUGHT]
    if any("was" in row for row in rows):
        lines.append(f"\ncaught before and not now: {len(lost)}")
        lines += [f"  {row['file']}:{row['line']}  {row['old']}  (by {row['was_by']})" for row in lost]
    return "\n".join(lines)


def kept_line_tests(root: Path, anew: bool, package: str = PACKAGE, processes: int = 2) -> LineTests:
    """The measurement in the cache folder, made where there is none: the fast suite, once."""
    kept = root / ".mutate" / "line_tests.json"
    if anew or not kept.exists():
        print("measuring which tests run which line: the fast suite, once", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            scratch = Scratch(root, Path(folder)).root
            paths = [path.relative_to(scratch).as_posix() for path in sorted((scratch / "tests").rglob("test_*.py"))]
            paths += [file for file, text in sources(scratch, package).items() if ">>>" in text]
            measured = measure(scratch, package, paths, processes)
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(measured), encoding="utf-8")
    return LineTests(json.loads(kept.read_text(encoding="utf-8")))


def listed(file: Path, texts: dict[str, str]) -> list[tuple[dict, Mutant | None]]:
    """What was saved, and where each mutant's line stands now."""
    names = {field.name for field in fields(Mutant)}
    saved = json.loads(file.read_text(encoding="utf-8"))
    return [(row, found_again(Mutant(**{name: row[name] for name in names}), texts)) for row in saved]


def answered(file: Path | None) -> dict[Mutant, dict]:
    """The verdicts that an earlier run of the same draw has saved."""
    if file is None or not file.exists():
        return {}
    names = {field.name for field in fields(Mutant)}
    return {Mutant(**{name: row[name] for name in names}): row for row in json.loads(file.read_text(encoding="utf-8"))}


def main() -> int:
    """Ask, print the table; 1 if a change went unnoticed (of a list: if one that was noticed before did)."""
    options = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__.partition("\n\n")[0])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, help="lines to change; all lines of --lines-of if left out, else 40")
    options.add_argument("--rooms", type=lambda text: set(text.split(",")), help="stats,book")
    options.add_argument("--lines-of", metavar="REV", help="only lines that were written since this revision")
    options.add_argument("--list", type=Path, metavar="FILE", help="mutants that were saved, found again by their text")
    options.add_argument("--save", type=Path, metavar="FILE", help="where verdicts are kept, to go on from")
    options.add_argument("--measure", action="store_true", help="measure anew which tests run which line")
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--seconds", type=float, default=60, help="of tests for one mutant, by their measured time")
    given = options.parse_args()
    line_tests, texts = kept_line_tests(ROOT, given.measure, processes=given.processes), sources(ROOT)
    if given.list:
        pairs = listed(given.list, texts)
    else:
        lines = lines_of(given.lines_of, ROOT) if given.lines_of else None
        count = given.count or (None if given.lines_of else 40)
        pairs = [({}, mutant) for mutant in drawn(texts, given.seed, count, given.rooms, lines)]
    rows = [row | {"verdict": GONE, "was": row["verdict"], "was_by": row["by"]} for row, at in pairs if at is None]
    known = {} if given.list else answered(given.save)
    rows += [known[mutant] for _, mutant in pairs if mutant in known]
    there = [(row, mutant) for row, mutant in pairs if mutant and mutant not in known]
    with tempfile.TemporaryDirectory() as folder:
        asking = Asking(ROOT, line_tests, Path(folder), given.processes, given.seconds)
        verdicts = asking.verdicts([mutant for _, mutant in there], [row.get("by", "") for row, _ in there])
        for (before, _), (mutant, (verdict, by)) in zip(there, verdicts, strict=True):
            print(f"{verdict:<9} {mutant.file}:{mutant.line}  {by}", flush=True)
            row = {**asdict(mutant), "room": mutant.room, "verdict": verdict, "by": by}
            rows.append(row | ({"was": before["verdict"], "was_by": before["by"]} if before else {}))
            if given.save:
                given.save.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
    print("\n" + table(rows))
    bad = [row for row in rows if row["verdict"] == SURVIVED and (not given.list or row["was"] == CAUGHT)]
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
