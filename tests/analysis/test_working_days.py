"""The same questions in working days, by hand: the first of January 2026, day 0, is a Thursday."""

from datetime import date

import polars as pl
import pytest

from kpikit import UsageError, velocity
from tests.strategies import as_book, spell_rows

#: entered on Thursday the 1st; left after so many calendar days, on …
LEFT = [
    (1, "lost", 1),  # Friday: Thursday is behind it
    (5, "lost", 3),  # Tuesday: Thursday, Friday, Monday
    (8, "advance", 6),  # Friday of the next week: Thu Fri | Mon Tue Wed Thu are 6
    (9, "advance", 7),  # Saturday: and Friday
    (11, "advance", 7),  # Monday: the weekend adds nothing
    (12, "won", 8),
    (14, "lost", 10),  # Thursday after a fortnight
    (15, "lost", 11),
    (18, "advance", 12),  # Monday after two and a half weeks
    (28, "won", 20),  # four weeks
]


def book_of(**settings):
    return as_book(spell_rows([(0, days, kind) for days, kind, _ in LEFT], as_of=60), **settings)


def qualify(frame):
    return frame.filter(pl.col("stage") == "Qualify").to_dicts()


def test_the_median_in_working_days():
    (found,) = qualify(velocity.time_in_stage(book_of(), days="working"))
    # ten visits of 1 3 6 7 7 8 10 11 12 20 working days: five are gone at 7, the next leaves at 8, so (7 + 8) / 2
    assert (found["value"], found["unit"]) == (7.5, "working_day")
    (calendar,) = qualify(velocity.time_in_stage(book_of()))
    assert (calendar["value"], calendar["unit"]) == (11.5, "day")


def test_holidays_shorten_it():
    # without 1 January nothing had passed on Friday the 2nd: 0 2 5 6 6 7 9 10 11 19
    (found,) = qualify(velocity.time_in_stage(book_of(holidays=(date(2026, 1, 1),)), days="working"))
    assert found["value"] == 6.5


def test_an_hourly_book_counts_working_days_too():
    (found,) = qualify(velocity.time_in_stage(book_of(bin="hour"), days="working"))
    assert (found["value"], found["unit"]) == (7.5, "working_day")


def test_exits_by_a_horizon_in_working_days():
    found = {row["exit"]: row for row in qualify(velocity.exits(book_of(), horizon=7, days="working"))}
    # by 7 working days 5 of 10 have left: 2 lost, 3 on; by 7 calendar days only those of day 1 and 5
    assert found["still_there"]["value"] == pytest.approx(0.5)
    assert (found["on"]["n_events"], found["lost"]["n_events"]) == (3, 2)
    calendar = {row["exit"]: row for row in qualify(velocity.exits(book_of(), horizon=7))}
    assert calendar["still_there"]["value"] == pytest.approx(0.8)


def test_the_cycle_in_working_days():
    rows = spell_rows([(0, days, "won") for days, _, _ in LEFT] * 2, as_of=60)
    found = velocity.cycle(as_book(rows), horizon=7, days="working").to_dicts()
    assert (found[0]["value"], found[0]["unit"]) == (7.5, "working_day")
    assert found[1]["value"] == pytest.approx(0.5)


def test_a_cycle_that_came_into_view_and_ended_on_one_weekend():
    # created on Thursday the 1st, recorded on Saturday the 3rd (2 working days), won on Sunday the 4th (2): at risk
    rows = spell_rows([(0, 3, "won")] + [(0, 20, "won")] * 11, recorded=[2] + [None] * 11, as_of=60)
    found = velocity.cycle(as_book(rows), days="working").to_dicts()
    # 1 of 12 at 2 working days, the others at 14: Thu, Fri | 5 | 5 | Mon, Tue are 14
    assert (found[0]["value"], found[0]["n"], found[0]["n_excluded"]) == (14.0, 12, 0)


def test_a_comparison_in_working_days():
    now = [(31 + 3, days, kind) for days, kind, _ in LEFT]  # from Wednesday 4 February on
    before = [(0, days + 7, kind) for days, kind, _ in LEFT]
    book = as_book(spell_rows(before + now, as_of=150))
    period = book.settings.period
    asked = {"during": period("2026-02").widened(1), "before": period("2026-01"), "horizon": 5}
    calendar, working = (
        velocity.compare(book, **asked, days=days).filter(pl.col("figure") == "median", pl.col("stage") == "Qualify")
        for days in ("calendar", "working")
    )
    assert (calendar["unit"].item(), working["unit"].item()) == ("day", "working_day")
    assert working["value"].item() > calendar["value"].item()  # a shortening of a week is five working days


def test_there_are_two_clocks():
    with pytest.raises(UsageError):
        velocity.time_in_stage(book_of(), days="business")
