"""Working days, by hand, on the calendar of May 2026 (the 1st is a Friday)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit import Settings, UsageError
from kpikit.engine import histogram
from kpikit.engine.clock import WORKING_DAY, elapsed, unit_of
from tests.strategies import as_book, day, spell_rows

HOUR = 3_600_000_000


def worked(start: datetime, end: datetime, **more) -> float:
    """Working hours between two instants of May 2026."""
    return pl.select(elapsed(pl.lit(start), pl.lit(end), WORKING_DAY, Settings(**more))).item() / HOUR


def may(on: int, hour: int = 0) -> datetime:
    return datetime(2026, 5, on, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (may(5, 9), may(5, 17), 8),  # within a Tuesday
        (may(4), may(9), 5 * 24),  # Monday 0:00 to Saturday 0:00: five days
        (may(4), may(11), 5 * 24),  # … to Monday 0:00: the same five
        (may(8, 18), may(11, 6), 12),  # Friday 18:00 to Monday 6:00: 6 + 6 hours
        (may(9, 10), may(11, 12), 12),  # from Saturday: only Monday's 12 hours
        (may(9, 10), may(10, 23), 0),  # within a weekend
        (may(6, 12), may(10, 12), 12 + 24 + 24),  # Wednesday noon to Sunday: half a day, Thursday, Friday
        (may(4), may(25), 15 * 24),  # three weeks
    ],
)
def test_by_hand(start, end, hours):
    assert worked(start, end) == hours


def test_holidays_are_not_worked():
    holidays = (date(2026, 5, 14), date(2026, 5, 25))  # Ascension Day, a Thursday; Whit Monday
    assert worked(may(11), may(18), holidays=holidays) == 4 * 24
    assert worked(may(14, 9), may(15, 9), holidays=holidays) == 9  # only the Friday morning
    assert worked(may(22), may(26), holidays=holidays) == 24  # Friday; then a long weekend
    # a holiday on a Sunday takes nothing away
    assert worked(may(4), may(11), holidays=(date(2026, 5, 10),)) == 5 * 24


def test_days_are_local_days():
    # Friday 23:00 UTC is Saturday 1:00 in Brussels; Sunday 23:00 UTC is Monday 1:00 there
    assert worked(may(8, 23), may(10, 23), time_zone="Europe/Brussels") == 1
    assert worked(may(8, 23), may(10, 23)) == 1  # in UTC: the last hour of Friday


OFF = (date(2026, 3, 30), date(2026, 4, 6), date(2026, 5, 2), date(2026, 12, 25))  # one of them a Saturday


def position(at: datetime, zone: str) -> int:
    """Working microseconds since December 2025, by numpy's count of business days."""
    local = at.astimezone(ZoneInfo(zone))
    day_of = np.datetime64(local.date())
    whole = int(np.busday_count(np.datetime64("2025-12-01"), day_of, holidays=list(OFF)))
    today = (local.hour * 60 + local.minute) * 60 if np.is_busday(day_of, holidays=list(OFF)) else 0
    return (whole * 86_400 + today) * 1_000_000


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "Africa/Cairo"]
)
def test_it_is_numpys_count_of_business_days(zone):
    random = np.random.default_rng(1)
    start, lasts = random.integers(0, 525_600, 1500), random.choice([0, 1, 59, 1440, 1441, 4000, 90_000, 200_000], 1500)
    begun = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=int(m)) for m in start]
    ended = [at + timedelta(minutes=int(m)) for at, m in zip(begun, lasts, strict=True)]
    frame = pl.DataFrame({"begun": begun, "ended": ended})
    settled = Settings(time_zone=zone, holidays=OFF)
    found = frame.select(elapsed(pl.col("begun"), pl.col("ended"), WORKING_DAY, settled)).to_series().to_list()
    assert found == [max(position(b, zone) - position(a, zone), 0) for a, b in zip(begun, ended, strict=True)]


def test_an_hour_that_clocks_repeat_never_runs_back():
    # Cairo's Thursday 29 October 2026 has the hour from 23:00 twice: 23:50 (summer) is twenty minutes before 23:10
    start, end = (datetime(2026, 10, 29, h, m, tzinfo=UTC) for h, m in ((20, 50), (21, 10)))
    assert worked(start, end, time_zone="Africa/Cairo") == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60 * 24), st.integers(0, 60 * 24), st.integers(0, 60 * 24))
def test_it_adds_up_and_never_exceeds_the_calendar(a, b, c):
    first, middle, last = (datetime.fromtimestamp(1_777_000_000 + h * 3600, UTC) for h in sorted((a, b, c)))
    assert worked(first, last) == pytest.approx(worked(first, middle) + worked(middle, last))
    assert 0 <= worked(first, last) <= (last - first).total_seconds() / 3600 + 1e-9


def test_a_histogram_in_working_days():
    # 1 January 2026 is a Thursday. Left 12 days later (Tuesday the 13th): Thu, Fri, Mon–Fri, Mon: 8 days
    book = as_book(spell_rows([(0, 12, "lost"), (1, 2, "lost"), (2, 1, "lost")], as_of=40))
    found = histogram(book, bin="working_day").select("bin", "kind", "n", "us").rows()
    # from Friday to Sunday: 1; from Saturday to Sunday: 0
    assert found == [(0, "lost", 1, 0), (1, "lost", 1, 24 * HOUR), (8, "lost", 1, 8 * 24 * HOUR)]
    # with New Year's Day and Epiphany (a Tuesday) off it is 6
    off = as_book(spell_rows([(0, 12, "lost")], as_of=40), holidays=(date(2026, 1, 1), date(2026, 1, 6)))
    assert histogram(off, bin="working_day")["us"].to_list() == [6 * 24 * HOUR]


def test_late_entry_and_windows_are_on_the_same_clock():
    # entered on Thursday the 1st, recorded on Monday the 5th (2 working days later), still there on Wednesday the 14th:
    # 1, 2, 5–9, 12, 13 are 9 days
    book = as_book(spell_rows([(0, None, "open")], recorded=[4], as_of=13))
    found = histogram(book, bin="working_day").select("bin", "kind", "n").rows()
    assert found == [(2, "entered_late", 1), (9, "open", 1)]


def test_the_unit_of_a_question():
    assert (unit_of("calendar", Settings(bin="hour")), unit_of("working", Settings())) == ("hour", "working_day")
    with pytest.raises(UsageError) as refused:
        unit_of("business", Settings())  # type: ignore[arg-type]
    assert refused.value.values["setting"] == "days"


def test_holidays_come_from_text_and_toml_alike():
    assert Settings(holidays=["2026-12-25", date(2026, 1, 1)]).holidays == (date(2026, 1, 1), date(2026, 12, 25))  # type: ignore[arg-type]
    for wrong in ("Christmas", [20261225], 3, [datetime(2026, 1, 1, tzinfo=UTC)]):
        with pytest.raises(UsageError) as refused:
            Settings(holidays=wrong)  # type: ignore[arg-type]
        assert refused.value.values["setting"] == "holidays"
    assert day(0).weekday() == 3  # what the tests above rest on
