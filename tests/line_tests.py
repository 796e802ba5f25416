"""Which tests run which line: measured once with ``coverage``, kept outside git, carried along as the code changes.

The measuring is a pytest plugin (``-p tests.line_tests``). Every test is a context of its own. So is everything that
is made once for many tests, a fixture or a cached answer: its lines belong to all who use it, not to the first.
"""

import difflib
import functools
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ONCE, IMPORT = "once: ", "import "  # how the context of something that is made once begins


class Measuring:
    """What the plugin knows while a process of tests runs."""

    def __init__(self, code: Path):
        from coverage import Coverage

        self.code = code
        self.coverage = Coverage(data_file=None, include=[f"{code}/*"], config_file=False, messages=False)
        self.stack = [""]
        self.test = ""
        self.seconds: dict[str, float] = {}
        self.passed: dict[str, bool] = {}
        self.users: dict[str, set[str]] = defaultdict(set)
        self.coverage.start()

    def enter(self, context: str) -> None:
        """From here on lines belong to this context."""
        self.stack.append(context)
        self.coverage.switch_context(context)

    def leave(self) -> None:
        """Lines belong to the context before."""
        self.stack.pop()
        self.coverage.switch_context(self.stack[-1])

    def once(self, function):
        """A cached function whose lines belong to every test that asks it."""
        name = f"{ONCE}{function.__module__}.{function.__qualname__}"

        @functools.wraps(function)
        def asked(*args, **kwargs):
            self.users[name].add(self.stack[-1])
            self.enter(name)
            try:
                return function(*args, **kwargs)
            finally:
                self.leave()

        for extra in ("cache_clear", "cache_info", "cache_parameters"):
            setattr(asked, extra, getattr(function, extra))
        return asked

    def caching(self, decorator):
        """``functools.cache`` or ``lru_cache`` as it is, except that functions of this project are measured."""

        def decorate(*args, **kwargs):
            made = decorator(*args, **kwargs)
            if not hasattr(made, "cache_info"):  # lru_cache(maxsize=8) returns the decorator
                return lambda function: self._ours(function, made(function))
            return self._ours(args[0], made)

        return decorate

    def _ours(self, function, cached):
        code = getattr(function, "__code__", None)
        ours = code is not None and Path(code.co_filename).is_relative_to(self.code.parent)
        return self.once(cached) if ours and ".venv" not in code.co_filename else cached

    def tests_of(self, context: str) -> set[str]:
        """The tests that a context stands for, through things made once that used one another."""
        found, seen, todo = set(), set(), [context]
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            if name.startswith(ONCE):
                todo.extend(self.users[name])
            elif name:
                found.add(name)
        return found

    def result(self) -> dict:
        """Line → tests for every file, the tests that passed with their seconds, and the texts that were measured."""
        self.coverage.stop()
        data = self.coverage.get_data()
        names = [name for name, passed in self.passed.items() if passed]
        number = {name: position for position, name in enumerate(names)}
        files, resolved = {}, {}
        for file in sorted(data.measured_files()):
            lines, imported = {}, {}
            for line, contexts in data.contexts_by_lineno(file).items():
                for context in contexts:
                    if context not in resolved:
                        resolved[context] = {number[test] for test in self.tests_of(context) if test in number}
                    into = imported if context.startswith(f"{ONCE}{IMPORT}") else lines
                    into.setdefault(line, set()).update(resolved[context])
            files[Path(file).relative_to(self.code.parent).as_posix()] = {
                "lines": {line: sorted(tests) for line, tests in lines.items()},
                "imported": {line: sorted(tests) for line, tests in imported.items()},
            }
        seconds = {name: round(self.seconds.get(name, 0), 3) for name in names}
        return {"tests": seconds, "files": files, "not passed": sorted(self.passed.keys() - seconds.keys())}


_measuring: Measuring | None = None

if "LINE_TESTS" in os.environ and "pytest" in sys.modules:
    import pytest

    _measuring = Measuring(Path.cwd() / os.environ["LINE_TESTS_CODE"])
    functools.cache = _measuring.caching(functools.cache)
    functools.lru_cache = _measuring.caching(functools.lru_cache)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(item):
        """A test is a context; so is what it uses that was made for many."""
        started = time.monotonic()
        for name, definitions in item._fixtureinfo.name2fixturedefs.items() if hasattr(item, "_fixtureinfo") else ():
            if definitions[-1].scope != "function":
                _measuring.users[f"{ONCE}{definitions[-1].baseid}::{name}"].add(item.nodeid)
        _measuring.users[f"{ONCE}{IMPORT}{item.nodeid.partition('::')[0]}"].add(item.nodeid)
        _measuring.enter(item.nodeid)
        yield
        _measuring.leave()
        _measuring.seconds[item.nodeid] = time.monotonic() - started

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(collector):
        """What a file of tests makes when it is imported belongs to all its tests."""
        _measuring.enter(f"{ONCE}{IMPORT}{collector.nodeid}")
        yield
        _measuring.leave()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(fixturedef):
        """A fixture for many tests is measured under its own name."""
        shared = fixturedef.scope != "function"
        if shared:
            _measuring.enter(f"{ONCE}{fixturedef.baseid}::{fixturedef.argname}")
        yield
        if shared:
            _measuring.leave()

    def pytest_runtest_logreport(report):
        """Only tests that pass on the code as it is can notice a change."""
        _measuring.passed[report.nodeid] = _measuring.passed.get(report.nodeid, True) and report.outcome == "passed"

    def pytest_sessionfinish():
        """What was measured goes to the file that the variable names."""
        Path(os.environ["LINE_TESTS"]).write_text(json.dumps(_measuring.result()), encoding="utf-8")


def measure(root: Path, code: str, paths: list[str], processes: int = 2) -> dict:
    """Run these test files in so many processes, and put what each measured together."""
    files = [path for path in paths if path.endswith(".py")]
    with tempfile.TemporaryDirectory() as folder:
        running = []
        for number in range(processes):
            out = Path(folder) / f"{number}.json"
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "tests.line_tests",
                "-p",
                "no:xdist",
                "-m",
                "not slow",
            ]
            command += ["-p", "no:cacheprovider", "--hypothesis-seed=0", *files[number::processes]]
            environment = {**os.environ, "PYTHONPATH": str(root), "LINE_TESTS": str(out), "LINE_TESTS_CODE": code}
            log = (Path(folder) / f"{number}.log").open("w")
            running.append((out, log, subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)))
        parts = []
        for out, log, process in running:
            process.wait()
            log.close()
            if not out.exists():
                raise SystemExit(Path(log.name).read_text(encoding="utf-8")[-3000:])
            print("\n".join(Path(log.name).read_text(encoding="utf-8").splitlines()[-8:]))
            parts.append(json.loads(out.read_text(encoding="utf-8")))
    return together(root, parts)


def together(root: Path, parts: list[dict]) -> dict:
    """The measurements of several processes as one, with the text of every measured file."""
    tests, files, not_passed = {}, {}, []
    for part in parts:
        names, shift = list(part["tests"]), len(tests)
        tests |= part["tests"]
        not_passed += part["not passed"]
        if len(tests) != shift + len(names):
            raise ValueError("a test ran in two processes")
        for file, measured in part["files"].items():
            text = (root / file).read_text(encoding="utf-8")
            mine = files.setdefault(file, {"text": text, "lines": {}, "imported": {}})
            for how in ("lines", "imported"):
                for line, numbers in measured[how].items():
                    mine[how].setdefault(line, []).extend(number + shift for number in numbers)
    written = {name.partition("::")[0] for name in tests}
    digests = {file: digest((root / file).read_text(encoding="utf-8")) for file in sorted(written)}
    return {"tests": tests, "files": files, "not passed": not_passed, "digests": digests}


def digest(text: str) -> str:
    """By which a file of tests that was changed since is known."""
    return hashlib.sha256(text.encode()).hexdigest()


class LineTests:
    """Which tests to ask about a line, the quickest first."""

    def __init__(self, kept: dict):
        self.seconds = kept["tests"]
        self.not_passed = set(kept["not passed"])
        self.digests = kept["digests"]
        self._names = list(kept["tests"])
        self._files = kept["files"]

    def of(self, file: str, text: str, line: int) -> list[str]:
        """The tests that ran this line, and those whose file ran it when it was imported.

        Of a line no test ran (a constant, a new line): those that ran any line of the file.

        ``text`` is the file as it is now: its lines are matched with those that were measured.
        """
        if file not in self._files:
            return []
        measured = self._files[file]
        lines = measured["lines"]
        then = str(self._then(measured["text"], text, line))
        numbers = lines.get(then, []) or [number for those in lines.values() for number in those]
        numbers = set(numbers).union(measured["imported"].get(then, []))
        return sorted((self._names[number] for number in numbers), key=self.seconds.__getitem__)

    @staticmethod
    def _then(before: str, now: str, line: int) -> int | None:
        if before == now:
            return line
        matcher = difflib.SequenceMatcher(None, before.splitlines(), now.splitlines(), autojunk=False)
        for block in matcher.get_matching_blocks():
            if block.b <= line - 1 < block.b + block.size:
                return line - block.b + block.a
        return None
