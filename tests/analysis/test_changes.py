"""Differences between two windows: square-and-add of the two figures, and a p-value."""

from math import sqrt

import numpy as np
import polars as pl
import pytest

from kpikit import UsageError, velocity
from tests.strategies import as_book, spell_rows

EARLIER, LATER = (0, 150), (200, 150)  # first day of entry and how many days entries go on


def book_of(seed, *, n=60, slower=1.0):
    """Two crowds of visits half a year apart: January to June, and July to December."""
    rng = np.random.default_rng(seed)
    visits = []
    for (start, spread), factor in ((EARLIER, 1.0), (LATER, slower)):
        for _ in range(n):
            days = int(rng.integers(1, 25) * factor)
            kind = rng.choice(["advance", "lost", "back"], p=[0.5, 0.4, 0.1])
            visits.append((int(start + rng.integers(0, spread - 60)), days, "advance" if kind == "back" else str(kind)))
    return as_book(spell_rows(visits, as_of=400))


def windows(book):
    return book.settings.period("2026").back(-6, 6), book.settings.period("2026").back(0, 6)


def changes(book, **asked):
    later, earlier = windows(book)
    found = velocity.compare(book, during=later, before=earlier, **asked).filter(pl.col("stage") == "Qualify")
    return {row["figure"]: row for row in found.to_dicts()}


@pytest.mark.parametrize("seed", range(3))
def test_a_difference_joins_the_two_intervals(seed):
    book = book_of(seed, slower=1.6)
    later, earlier = windows(book)
    found = changes(book, horizon=20)
    pairs = {
        "median": [
            velocity.time_in_stage(book, during=w).filter(pl.col("stage") == "Qualify").to_dicts()[0]
            for w in (later, earlier)
        ]
    }
    for name in ("on", "lost", "still_there"):
        where = (pl.col("stage") == "Qualify") & (pl.col("exit") == name)
        pairs[name] = [velocity.exits(book, during=w, horizon=20).filter(where).to_dicts()[0] for w in (later, earlier)]
    for name, (now, then) in pairs.items():
        assert (found[name]["n"], found[name]["n_before"]) == (now["n"], then["n"])
        gap = now["value"] - then["value"]
        # square-and-add (Zou & Donner 2008): how far each figure may be off on the side that matters
        low = gap - sqrt((now["value"] - now["low"]) ** 2 + (then["high"] - then["value"]) ** 2)
        high = gap + sqrt((now["high"] - now["value"]) ** 2 + (then["value"] - then["low"]) ** 2)
        assert found[name]["value"] == pytest.approx(gap, abs=1e-9)
        assert found[name]["low"] == pytest.approx(low, abs=1e-9), name
        assert found[name]["high"] == pytest.approx(high, abs=1e-9), name
        assert low <= found[name]["low80"] <= gap <= found[name]["high80"] <= high


def test_units_and_horizon():
    found = changes(book_of(1))
    assert found["median"]["unit"] == "day"
    assert {found[name]["unit"] for name in ("on", "lost", "still_there")} == {"share"}
    assert found["on"]["horizon"] == 60.0


def test_the_other_way_round_is_the_same_difference():
    book = book_of(2, slower=1.5)
    later, earlier = windows(book)
    one, two = (
        {
            r["figure"]: r
            for r in velocity.compare(book, during=a, before=b, horizon=20)
            .filter(pl.col("stage") == "Qualify")
            .to_dicts()
        }
        for a, b in ((later, earlier), (earlier, later))
    )
    for name in ("median", "on", "lost", "still_there"):
        assert one[name]["value"] == pytest.approx(-two[name]["value"])
        assert one[name]["low"] == pytest.approx(-two[name]["high"])
        assert one[name]["p"] == pytest.approx(two[name]["p"])


def test_a_large_change_is_seen_and_none_is_not():
    slow, same = changes(book_of(3, slower=2.4), horizon=20), changes(book_of(3, slower=1.0), horizon=20)
    assert slow["median"]["value"] > 0
    assert slow["median"]["p"] < 0.01
    assert slow["median"]["low"] > 0
    assert same["median"]["p"] > 0.05
    assert same["median"]["low"] < 0 < same["median"]["high"]


def test_floors_hold_on_both_sides():
    few = as_book(
        spell_rows([(i, 5 + i, "lost") for i in range(9)] + [(200 + i, 5 + i, "lost") for i in range(40)], as_of=400)
    )
    found = changes(few)
    assert (found["median"]["status"], found["median"]["reason"]) == ("too_few", "few_deals")
    for name in ("value", "low", "high", "low80", "high80", "p"):
        assert found["median"][name] is None


@pytest.mark.parametrize("seed", range(12))
def test_shares_p_is_below_five_in_a_hundred_where_the_interval_excludes_no_change(seed):
    found = changes(book_of(seed, slower=1 + seed / 12), horizon=20)
    for name in ("on", "lost", "still_there"):
        row = found[name]
        if row["status"] == "ok" and abs(row["p"] - 0.05) > 0.002:
            assert (row["p"] < 0.05) == (row["low"] > 0 or row["high"] < 0), name


@pytest.mark.parametrize("seed", [33, 38])
def test_the_medians_p_never_disagrees_with_its_interval(seed):
    row = changes(book_of(seed, slower=1.3), horizon=20)["median"]
    assert (row["p"] < 0.05) == (row["low"] > 0 or row["high"] < 0)


def test_windows_that_overlap_are_refused():
    book = book_of(1)
    with pytest.raises(UsageError):
        velocity.compare(book, during=book.settings.period("2026"), before=book.settings.period("2026Q2"))


def test_no_difference_where_a_window_was_not_followed_to_the_horizon():
    visits = [(160, 3 + i % 10, "lost") for i in range(12)] + [(160, None, "open")] * 8  # seen for 20 days before July
    visits += [(200, 3 + i % 10, "lost") for i in range(12)] + [(200, None, "open")] * 8
    book = as_book(spell_rows(visits, as_of=400))
    _later, earlier = windows(book)
    before = velocity.exits(book, during=earlier, horizon=60).filter(pl.col("exit") == "still_there")
    assert before["status"].to_list()[0] == "not_reached"
    assert changes(book, horizon=60)["still_there"]["status"] == "not_reached"
