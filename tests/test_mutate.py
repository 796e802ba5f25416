"""The mutation script on a toy: what a test notices is caught, the rest survives, and lines are found again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.line_tests import LineTests, measure
from tests.mutants import Mutant, found_again, mutants_of
from tests.mutate import CAUGHT, SURVIVED, Asking, drawn, lines_of, listed, sources, table

PRICES = '''"""Toy prices."""

from functools import cache

FREE: int = 0


def dear(price: int, limit: int) -> bool:
    return price > limit


def names(rows):
    return [row["name"] for row in rows if row["price"] > FREE]


def half(price):
    return price / 2


@cache
def rates():
    return {"low": 9, "high": 21}


def vat(rate):
    return rates()[rate] + 100
'''
TESTS = """
import pytest

from toy.shop.prices import dear, half, names, rates, vat


@pytest.fixture(scope="module")
def listed():
    return names([{"name": "a", "price": 1}])


MADE = half(8)


def test_made_at_import():
    assert MADE == 4


def test_dear():
    assert dear(2, 1) and not dear(1, 2)


def test_listed_for_the_first(listed):
    assert isinstance(listed, list)


def test_listed_for_the_second(listed):
    assert listed == ["a"]


def test_rates_are_asked_first():
    assert set(rates()) == {"low", "high"}


def test_vat():
    assert vat("low") == 109


def test_a_failing_one():
    assert vat("high") == 0
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("toy") / "tree"
    for folder in ("toy/shop", "tests"):
        (root / folder).mkdir(parents=True)
    (root / "toy/shop/prices.py").write_text(PRICES)
    (root / "tests/__init__.py").touch()
    (root / "tests/test_prices.py").write_text(TESTS)
    (root / "tests/line_tests.py").write_text((Path(__file__).parent / "line_tests.py").read_text(encoding="utf-8"))
    return root


@pytest.fixture(scope="module")
def measured(toy) -> LineTests:
    return LineTests(measure(toy, "toy", ["tests/test_prices.py"], processes=1))


@pytest.fixture(scope="module")
def asking(toy, measured, tmp_path_factory) -> Asking:
    return Asking(toy, measured, tmp_path_factory.mktemp("copies"), processes=1)


def of(old: str, new: str, text: str = PRICES, file: str = "toy/shop/prices.py") -> Mutant:
    """The mutant that makes this line read like that."""
    (found,) = [mutant for mutant in mutants_of(file, text) if mutant.old == old and mutant.new == new]
    return found


def changes(line: str) -> set[str]:
    return {mutant.new for mutant in mutants_of("toy/shop/line.py", line)}


@pytest.mark.parametrize(
    ("line", "news"),
    [
        ("a < b", {"a <= b", "a > b"}),
        ("a == b", {"a != b"}),
        ("a is not b", {"a is b"}),
        ("a in b", {"a not in b"}),
        ("a + b", {"a - b"}),
        ("a * b", {"a / b"}),
        ("not a", {"a"}),
        ("-a", {"a"}),
        ("a and b or c", {"a or b or c", "a and b and c"}),
        ("any(a)", {"all(a)"}),
        ("pl.max_horizontal(a)", {"pl.min_horizontal(a)"}),
        ("a.first()", {"a.last()"}),
        ("a[0]", {"a[1]", "a[-1]"}),
        ("a(descending=True)", {"a(descending=False)"}),
        ("sorted(a)", {"sorted(a, reverse=True)"}),
        ('a.sort("x", "y", descending=z)', {'a.sort("x", descending=z)'}),
        ("[x for x in a if x]", {"[x for x in a]"}),
        ("a.filter(b).c", {"a.c"}),
        ('"é", a < b', {'"é", a <= b', '"é", a > b'}),  # columns are counted in bytes
    ],
)
def test_what_is_changed(line, news):
    assert changes(line) == news


@pytest.mark.parametrize("line", ['a + "text"', "a: int | None = b", "zip(a, b, strict=True)", "@a(1)\ndef f(): b"])
def test_what_would_mean_nothing_is_left_alone(line):
    assert changes(line) == set()


def test_a_change_that_a_test_notices_is_caught_by_that_test(asking):
    assert asking.verdict(of("return price > limit", "return price < limit")) == (
        CAUGHT,
        "tests/test_prices.py::test_dear",
    )


def test_a_change_that_no_test_notices_survives(asking):
    # nobody asks about a price that equals the limit
    assert asking.verdict(of("return price > limit", "return price >= limit")) == (SURVIVED, "1 of 1 tests pass")


def test_the_copy_is_whole_again_after_each_change(asking, toy):
    assert asking.verdict(of("return rates()[rate] + 100", "return rates()[rate] - 100"))[0] == CAUGHT
    # were the line before still wrong, its test would fail here
    assert asking.verdict(of("return price > limit", "return price >= limit"))[0] == SURVIVED
    assert (toy / "toy/shop/prices.py").read_text() == PRICES


def test_what_is_made_once_belongs_to_all_who_use_it(asking):
    # the fixture is made by the first test, and the cached answer by another, that would not notice
    assert asking.verdict(of('return {"low": 9, "high": 21}', 'return {"low": 10, "high": 21}')) == (
        CAUGHT,
        "tests/test_prices.py::test_vat",
    )
    line = 'return [row["name"] for row in rows if row["price"] > FREE]'
    assert asking.verdict(of(line, line.replace(">", "<"))) == (
        CAUGHT,
        "tests/test_prices.py::test_listed_for_the_second",
    )


def test_what_a_file_of_tests_makes_at_import_belongs_to_its_tests(asking):
    assert asking.verdict(of("return price / 2", "return price * 2")) == (
        CAUGHT,
        "tests/test_prices.py::test_made_at_import",
    )


def test_a_line_that_runs_at_import_asks_the_tests_of_its_module(asking):
    # of one at price 1 a list at -1 is the same, and at 1 it is empty
    assert asking.verdict(of("FREE: int = 0", "FREE: int = 1"))[0] == CAUGHT
    assert asking.verdict(of("FREE: int = 0", "FREE: int = -1"))[0] == SURVIVED


def test_a_test_that_fails_anyway_notices_nothing(measured):
    assert "tests/test_prices.py::test_a_failing_one" not in measured.seconds
    assert len(measured.seconds) == 6


def test_tests_follow_their_line_when_lines_are_put_above_it(measured):
    line = PRICES.splitlines().index("    return price > limit") + 1
    later = PRICES.replace("FREE: int = 0", "FREE: int = 0\nDEAR = 100")
    assert measured.of("toy/shop/prices.py", later, line + 1) == measured.of("toy/shop/prices.py", PRICES, line)
    assert measured.of("toy/shop/prices.py", PRICES, line) == ["tests/test_prices.py::test_dear"]


def test_a_line_is_found_by_its_text_in_a_file_that_moved():
    mutant = of("return price > limit", "return price >= limit")
    moved = {
        "toy/till/dear.py": '"""Moved."""\n\n\n' + PRICES.partition("FREE: int = 0\n\n\n")[2],
        "toy/other.py": "a = 1",
    }
    found = found_again(mutant, moved)
    assert (found.file, found.line, found.old, found.new) == ("toy/till/dear.py", 5, mutant.old, mutant.new)
    assert found.room == "till"


def test_of_lines_that_read_alike_the_one_in_the_same_function_is_found():
    twice = "def a(x):\n    return x > 1\n\n\ndef b(x):\n    return x > 1\n"
    (mutant,) = [m for m in mutants_of("toy/shop/twice.py", twice) if m.line == 6 and m.new == "return x >= 1"]
    turned = "def b(x):\n    return x > 1\n\n\ndef a(x):\n    return x > 1\n"
    assert found_again(mutant, {"toy/till/turned.py": turned}).line == 2


def test_a_line_that_was_rewritten_is_not_found():
    assert found_again(of("return price > limit", "return price >= limit"), {"toy/shop/prices.py": "a = 1\n"}) is None


def test_a_draw_repeats_itself_and_takes_one_change_a_line_and_an_equal_share_a_room(toy):
    texts = sources(toy, "toy") | {"toy/till/more.py": "\n".join(f"a{i} = b{i} < c{i}" for i in range(20))}
    found = drawn(texts, seed=3, count=6)
    assert found == drawn(texts, seed=3, count=6)
    assert found != drawn(texts, seed=4, count=6)
    assert [mutant.room for mutant in found] == ["shop"] * 3 + ["till"] * 3
    assert len({(mutant.file, mutant.line) for mutant in found}) == 6
    assert {mutant.room for mutant in drawn(texts, seed=3, count=6, rooms={"till"})} == {"till"}


def test_lines_of_a_revision_are_those_that_were_written_since(tmp_path):
    def git(*arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "toy").mkdir()
    file = tmp_path / "toy/a.py"
    file.write_text("a = 1\nb = 2\nc = 3\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "begin")
    file.write_text("a = 1\nb = 4\nc = 3\nd = 5\n")
    assert lines_of("HEAD", tmp_path, "toy") == {("toy/a.py", 2), ("toy/a.py", 4)}
    texts = sources(tmp_path, "toy")
    assert {m.line for m in drawn(texts, 1, None, lines=lines_of("HEAD", tmp_path, "toy"))} == {2, 4}


def test_the_table_counts_by_room_and_names_what_was_caught_before_and_is_not_now(tmp_path):
    base = {"line": 2, "kind": "sign", "old": "-a", "new": "a"}
    rows = [
        base | {"file": "toy/shop/a.py", "room": "shop", "verdict": CAUGHT, "by": "t", "was": SURVIVED, "was_by": ""},
        base | {"file": "toy/till/b.py", "room": "till", "verdict": SURVIVED, "by": "2 tests pass", "was": CAUGHT}
        | {"was_by": "tests/t.py::t"},
    ]  # fmt: skip
    text = table(rows)
    assert [line.split() for line in text.splitlines()[:4]] == [
        ["room", "mutants", "caught", "survived", "not", "found"],
        ["shop", "1", "1", "0", "0"],
        ["till", "1", "0", "1", "0"],
        ["all", "2", "1", "1", "0"],
    ]
    assert "toy/till/b.py:2  survived, sign; 2 tests pass\n  - -a\n  + a" in text
    assert "caught before and not now: 1\n  toy/till/b.py:2  -a  (by tests/t.py::t)" in text
    assert "toy/shop/a.py:2" not in text


def test_what_was_saved_is_read_again(tmp_path, toy):
    mutant = of("return price > limit", "return price >= limit")
    kept = tmp_path / "kept.json"
    row = {**vars(mutant), "room": "shop", "verdict": CAUGHT, "by": "t"}
    kept.write_text(json.dumps([row]))
    assert listed(kept, sources(toy, "toy")) == [(row, mutant)]


def test_the_command_tells_its_options():
    ran = subprocess.run([sys.executable, "-m", "tests.mutate", "--help"], capture_output=True, text=True, check=True,
                         cwd=Path(__file__).parents[1])  # fmt: skip
    assert "--lines-of" in ran.stdout
