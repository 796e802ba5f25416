"""Up to when data speak: a date after all else is told and moves nothing, a quiet month before the last event counts.

The generator makes books with a rhythm of their own and plants a slip (or a real last event) at many distances.
"""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from kpikit import DealBook, Settings, UsageError
from kpikit.book import open_book
from tests.strategies import STAGES

DAY0 = datetime(2025, 7, 1, 8, tzinfo=UTC)
COLUMNS = ("outcome_at", "created_at", "recorded_at", "entered_at", "changed_at")


def frames(seed: int, *, n: int = 150, days: int = 330, dated: bool = False) -> dict[str, pl.DataFrame]:
    """A company with about one event a day and a history: stages entered, a change at the end, the last at day ~330.

    ``dated``: the CRM keeps days only.
    """
    rng = np.random.default_rng(seed)
    begun = np.sort(rng.uniform(0, days * 0.9, n))
    length = rng.gamma(2, 25, n)
    has_ended = begun + length < days

    def at(days_after: float) -> datetime:
        moment = DAY0 + timedelta(days=float(days_after))
        return moment.replace(hour=0, minute=0, second=0, microsecond=0) if dated else moment

    ids = [f"d{i}" for i in range(n)]
    deals = pl.DataFrame(
        {
            "deal_id": ids,
            "pipeline": ["New"] * n,
            "outcome": [("won" if i % 3 == 0 else "lost") if e else "open" for i, e in enumerate(has_ended)],
            "created_at": [at(b) for b in begun],
            "recorded_at": [at(b) for b in begun],
            "outcome_at": [at(b + k) if e else None for b, k, e in zip(begun, length, has_ended, strict=True)],
        },
        schema_overrides=dict.fromkeys(("created_at", "recorded_at", "outcome_at"), pl.Datetime("us", "UTC")),
    )
    rows = [(i, "Qualify", at(b)) for i, b in zip(ids, begun, strict=True)]
    rows += [(i, "Proposal", at(b + k / 2)) for i, b, k, e in zip(ids, begun, length, has_ended, strict=True) if e]
    events = pl.DataFrame(rows, schema=["deal_id", "stage", "entered_at"], orient="row")
    ended = [(i, at(b + k)) for i, b, k, e in zip(ids, begun, length, has_ended, strict=True) if e]
    changes = pl.DataFrame(
        {"deal_id": [i for i, _ in ended], "field": ["outcome"] * len(ended), "old": ["open"] * len(ended),
         "new": ["lost"] * len(ended), "changed_at": [t for _, t in ended]}
    )  # fmt: skip
    return {"deals": deals, "stage_events": events, "changes": changes, "stages": STAGES}


def last_of(tables: dict[str, pl.DataFrame]) -> datetime:
    """By hand: the latest of all columns that record something."""
    places = [("deals", c) for c in COLUMNS[:3]] + [("stage_events", "entered_at"), ("changes", "changed_at")]
    return max(tables[t][c].max() for t, c in places if t in tables)


def planted(tables, column, gap, rows):
    """Some cells of a column moved beyond the last instant, from ``gap`` days on; in deals that had such a date."""
    table = {"entered_at": "stage_events", "changed_at": "changes"}.get(column, "deals")
    last = last_of(tables)
    frame = tables[table]
    places = [i for i, v in enumerate(frame[column].to_list()) if v is not None and v < last - timedelta(days=60)]
    places = places[5 : 5 + rows]
    values = frame[column].to_list()
    for k, place in enumerate(places):
        values[place] = last + timedelta(days=gap + k)
    return {**tables, table: frame.with_columns(pl.Series(column, values, frame.schema[column]))}, table, places


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("column", "gap"),
    # a stage entered weeks later without anything beside it is as good as any last event: from 50 days on it is odd
    [(column, gap) for column in COLUMNS for gap in (21, 50, 166, 700, 3000) if (column, gap) != ("entered_at", 21)],
)
def test_a_slip_is_told_with_its_row_and_does_not_move_today(column, gap, rows):
    for seed in (1, 2):
        tables = frames(seed)
        last = last_of(tables)
        odd, table, places = planted(tables, column, gap, rows)
        book = DealBook.from_frames(**odd)
        assert book.as_of == last
        told = [f for f in book.faults if f.rule == "after_all_else"]
        assert {(f.table, f.column, f.values["usual"]) for f in told} == {(table, column, last.date())}
        assert [f.row for f in told] == [place + 2 for place in places]
        assert book.tables["deals"].height == tables["deals"].height
        assert book.tables["deals"]["outcome"].equals(tables["deals"]["outcome"])


@pytest.mark.parametrize("gap", [50, 166, 700, 3000])
@pytest.mark.parametrize("dated", [False, True])
def test_a_slip_in_a_file_of_deals_alone(gap, dated):
    tables = {"deals": frames(3, dated=dated)["deals"].drop("recorded_at")}
    last = max(tables["deals"][c].max() for c in ("created_at", "outcome_at"))
    values = tables["deals"]["outcome_at"].to_list()
    values[7] = last + timedelta(days=gap)
    odd = tables["deals"].with_columns(pl.Series("outcome_at", values, pl.Datetime("us", "UTC")))
    book = DealBook.from_frames(deals=odd)
    assert book.as_of == last
    assert [f.row for f in book.faults if f.rule == "after_all_else"] == [9]


def test_a_typed_midnight_among_moments_is_a_slip_weeks_ahead_already():
    deals = frames(4)["deals"].drop("recorded_at")
    last = max(deals[c].max() for c in ("created_at", "outcome_at"))
    values = deals["outcome_at"].to_list()
    midnight = (last + timedelta(days=30)).replace(hour=0, minute=0, second=0, microsecond=0)
    values[7] = midnight
    book = DealBook.from_frames(deals=deals.with_columns(pl.Series("outcome_at", values, pl.Datetime("us", "UTC"))))
    assert book.as_of == last


@pytest.mark.parametrize("quiet", [10, 31, 40, 80])
@pytest.mark.parametrize("seed", range(4))
def test_a_quiet_time_before_the_last_real_event_is_not_cut_off(quiet, seed):
    """One more deal ends after a silence, and its history says so too."""
    tables = frames(seed)
    end = last_of(tables) + timedelta(days=quiet)
    deals = tables["deals"]
    place = deals["outcome"].to_list().index("open")
    name = deals["deal_id"][place]
    is_it = pl.col("deal_id") == name
    tables["deals"] = deals.with_columns(
        outcome=pl.when(is_it).then(pl.lit("won")).otherwise("outcome"),
        outcome_at=pl.when(is_it).then(pl.lit(end)).otherwise("outcome_at"),
    )
    more = pl.DataFrame({"deal_id": [name], "field": ["outcome"], "old": ["open"], "new": ["won"], "changed_at": [end]})
    tables["changes"] = pl.concat([tables["changes"], more])
    book = DealBook.from_frames(**tables)
    assert book.as_of == end
    assert "after_all_else" not in {f.rule for f in book.faults}


@pytest.mark.parametrize("quiet", [10, 31, 40])
@pytest.mark.parametrize("column", ["created_at", "outcome_at"])
def test_a_quiet_month_counts_where_nothing_else_can_tell(quiet, column):
    for seed in range(4):
        deals = frames(seed)["deals"].drop("recorded_at")
        end = max(deals[c].max() for c in ("created_at", "outcome_at")) + timedelta(days=quiet)
        values = deals[column].to_list()
        place = deals["outcome"].to_list().index("won")
        values[place] = end
        if column == "created_at":  # a new deal, still open
            deals = deals.with_columns(
                outcome=pl.when(pl.int_range(pl.len()) == place).then(pl.lit("open")).otherwise("outcome"),
                outcome_at=pl.when(pl.int_range(pl.len()) != place).then("outcome_at"),
            )
        book = DealBook.from_frames(deals=deals.with_columns(pl.Series(column, values, pl.Datetime("us", "UTC"))))
        assert book.as_of == end


def test_a_season_that_comes_back_is_no_slip():
    """Deals in December to February only, four years long; the last winter has but one deal so far."""
    days = [
        datetime(year, 12, 1, 9, tzinfo=UTC) + timedelta(days=3 * k) for year in (2022, 2023, 2024) for k in range(30)
    ]
    days.append(datetime(2025, 12, 2, 9, tzinfo=UTC))
    n = len(days)
    deals = pl.DataFrame(
        {"deal_id": [str(i) for i in range(n)], "pipeline": ["P"] * n, "outcome": ["won"] * n, "created_at": days,
         "outcome_at": [d + timedelta(days=1) for d in days]}
    )  # fmt: skip
    assert DealBook.from_frames(deals=deals).as_of == days[-1] + timedelta(days=1)


def test_many_dates_ahead_are_no_slips():
    """A tenth of all deals: whatever that is, it is no slip of a hand."""
    deals = frames(5)["deals"].drop("recorded_at")
    last = deals["created_at"].max()
    late = pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit(last + timedelta(days=300)))
    book = DealBook.from_frames(deals=deals.with_columns(created_at=late.otherwise("created_at"), outcome_at=None,
                                                         outcome=pl.lit("open")))  # fmt: skip
    assert book.as_of == last + timedelta(days=300)


# --- the day that somebody gives


def book_of(tmp_path, settings: str):
    (tmp_path / "deals.csv").write_text(
        "deal_id,pipeline,outcome,created_at,outcome_at\na,P,won,2026-01-05,2026-02-01\nb,P,open,2026-01-06,\n"
    )
    (tmp_path / "kpikit.toml").write_text(f'[settings]\ntime_zone = "Europe/Amsterdam"\n{settings}\n')
    return open_book(tmp_path)


@pytest.mark.parametrize("given", ["2026-02-10", '"2026-02-10"'])
def test_a_day_in_the_settings_is_meant_to_its_end_where_its_owner_lives(tmp_path, given):
    book = book_of(tmp_path, f"as_of = {given}")
    assert book.as_of == datetime(2026, 2, 10, 22, 59, 59, 999999, tzinfo=UTC)  # Amsterdam is an hour ahead
    assert open_book(tmp_path, "2026-01-20").as_of.date() == date(2026, 1, 20)  # what is asked goes before
    assert open_book(tmp_path, "2026-01-20").tables["deals"]["outcome"].to_list() == ["open", "open"]


def test_a_moment_without_a_zone_is_local():
    assert Settings(time_zone="Europe/Amsterdam", as_of="2026-07-18T17:00").as_of == datetime(
        2026, 7, 18, 15, tzinfo=UTC
    )


@pytest.mark.parametrize("given", ['"soon"', '"2026-13-01"', "3", "true", "12:00:00"])
def test_what_is_no_day_is_refused_in_a_sentence(tmp_path, given):
    with pytest.raises(UsageError) as refused:
        book_of(tmp_path, f"as_of = {given}")
    assert "as_of" in str(refused.value)
    assert "as_of" in refused.value.sentence("nl")
