"""Tables that keep the rules of a deal book, and rows that do not: dropped, counted, said; all at once."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit.book.door.validation import DROPPED, Validated, validate
from kpikit.errors import SEVERITY, Fault
from tests.counted import calls


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


TYPES = {"deal_id": pl.String, "pipeline": pl.String, "outcome": pl.String, "amount": pl.Float64}


def deals(*rows: dict) -> pl.DataFrame:
    """Deals of which each row names only what matters to the test."""
    base = {"deal_id": "a", "pipeline": "new", "outcome": "open"}
    names = list(dict.fromkeys(["deal_id", "pipeline", "outcome", *(k for row in rows for k in row)]))
    frame = pl.DataFrame([{n: (base | row).get(n) for n in names} for row in rows], schema_overrides=TYPES)
    return frame.with_row_index("_row", offset=2)


def events(*rows: tuple) -> pl.DataFrame:
    schema = {"deal_id": pl.String, "stage": pl.String, "entered_at": pl.Datetime("us", "UTC")}
    return pl.DataFrame(list(rows), schema=schema, orient="row").with_row_index("_row", offset=2)


def stages(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"pipeline": ["new"] * len(names), "stage": names, "position": range(1, len(names) + 1)})


def said(result: Validated) -> list[tuple[str, str | None, int | None, str | None]]:
    return [(f.rule, f.column, f.row, f.value) for f in result.faults]


def test_clean_tables_pass_untouched():
    frames = {
        "deals": deals({"amount": 5.0, "created_at": at(1), "outcome": "won", "outcome_at": at(2)}),
        "stage_events": events(("a", "Qualify", at(1)), ("a", "Proposal", at(2))),
        "stages": stages("Qualify", "Proposal"),
    }
    result = validate(frames, as_of=at(3))
    assert result.faults == ()
    assert result.dropped.is_empty()
    assert result.dropped.schema == DROPPED
    assert result.frames["deals"].equals(frames["deals"])
    assert result.frames["stage_events"].equals(frames["stage_events"])


def test_required_columns_are_there():
    result = validate(
        {"deals": deals({}).drop("pipeline"), "stage_events": events(("a", "x", at(1))).drop("entered_at")}
    )
    assert [(f.rule, f.table, f.column) for f in result.faults] == [
        ("missing_column", "deals", "pipeline"),
        ("missing_column", "stage_events", "entered_at"),
    ]
    assert SEVERITY["missing_column"] == "error"


def test_required_cells_are_filled_and_every_empty_one_is_said():
    frame = deals({"deal_id": "a"}, {"deal_id": None, "pipeline": None}, {"deal_id": "c", "outcome": None})
    result = validate({"deals": frame}, files={"deals": "export.csv"})
    assert said(result) == [
        ("required_empty", "deal_id", 3, None),
        ("required_empty", "pipeline", 3, None),
        ("required_empty", "outcome", 4, None),
    ]
    assert result.frames["deals"]["_row"].to_list() == [2]
    assert result.dropped.select("table", "file", "_row", "rule", "column").rows() == [
        ("deals", "export.csv", 3, "required_empty", "deal_id"),
        ("deals", "export.csv", 4, "required_empty", "outcome"),
    ]
    assert json.loads(result.dropped["row"][1]) == {"deal_id": "c", "pipeline": "new", "outcome": None}


def test_a_header_without_rows():
    result = validate({"deals": deals({}).clear(), "stage_events": events()})
    assert [(f.rule, f.table) for f in result.faults] == [("empty_deals", "deals"), ("header_only", "stage_events")]


def test_of_a_repeated_id_the_first_row_is_kept():
    frame = deals({"amount": 1.0}, {"amount": 1.0}, {"amount": 2.0}, {"deal_id": "b", "amount": 1.0})
    result = validate({"deals": frame})
    assert said(result) == [("duplicate_row", "deal_id", 3, "a"), ("duplicate_id", "deal_id", 4, "a")]
    assert result.frames["deals"]["_row"].to_list() == [2, 5]
    assert result.dropped["rule"].to_list() == ["duplicate_row", "duplicate_id"]


def test_a_stage_may_stand_in_two_pipelines_but_not_twice_in_one():
    frame = pl.DataFrame({"pipeline": ["new", "old", "new"], "stage": ["Q", "Q", "Q"], "position": [1, 1, 2]})
    result = validate({"stages": frame})
    assert said(result) == [("duplicate_id", "stage", 4, "Q")]


def test_equal_events_are_noted_and_kept():
    result = validate({"stage_events": events(("a", "x", at(1)), ("a", "x", at(1)), ("a", "x", at(2)))})
    assert said(result) == [("repeated_row", "deal_id", 3, "a")]
    assert result.frames["stage_events"].height == 3


def test_rows_of_two_files_may_have_the_same_number():
    frame = deals({"deal_id": "a"}, {"deal_id": None}, {"deal_id": "b"}).with_columns(_row=pl.lit(2, pl.UInt32))
    result = validate({"deals": frame})
    assert result.frames["deals"]["deal_id"].to_list() == ["a", "b"]


def test_choices():
    result = validate({"deals": deals({"outcome": "maybe"}, {"deal_id": "b", "offer_asked_by": "them"})})
    assert said(result) == [("unknown_choice", "offer_asked_by", 3, "them"), ("unknown_choice", "outcome", 2, "maybe")]
    assert result.frames["deals"]["offer_asked_by"].to_list() == [None]
    assert result.dropped["_row"].to_list() == [2]


def test_amounts_and_probabilities():
    frame = deals({"amount": -5.0, "probability": 1000.0}, {"deal_id": "b", "amount": 0.0, "probability": 100.0})
    result = validate({"deals": frame})
    assert said(result) == [("negative_amount", "amount", 2, "-5.0"), ("probability_range", "probability", 2, "1000.0")]
    assert result.frames["deals"].height == 2


def test_lost_deals_whose_amount_is_always_zero():
    rows = [{"deal_id": str(i), "outcome": "lost", "amount": 0.0, "outcome_at": at(1)} for i in range(25)]
    result = validate({"deals": deals(*rows)})
    assert [(f.rule, f.n) for f in result.faults] == [("zero_amount_of_lost", 25)]
    assert validate({"deals": deals(*rows[:10])}).faults == ()


def test_lost_deals_of_which_some_amounts_are_zero_accuse_nobody():
    rows = [{"deal_id": str(i), "outcome": "lost", "amount": 0.0, "outcome_at": at(1)} for i in range(25)]
    assert validate({"deals": deals(*rows[:-1], rows[-1] | {"amount": 10.0})}).faults == ()
    # won deals and amounts that nobody filled in say nothing about the lost ones
    won = {"deal_id": "w", "outcome": "won", "amount": 10.0, "outcome_at": at(1)}
    blank = {"deal_id": "x", "outcome": "lost", "amount": None, "outcome_at": at(1)}
    result = validate({"deals": deals(*rows, won, blank)})
    assert [(f.rule, f.n) for f in result.faults] == [("zero_amount_of_lost", 25)]


def test_an_outcome_before_the_beginning():
    frame = deals(
        {"deal_id": "a", "outcome": "won", "created_at": at(5, 12), "outcome_at": at(5, 11)},
        {"deal_id": "b", "outcome": "won", "created_at": at(5, 12), "outcome_at": at(5, 0)},  # a day without a time
        {"deal_id": "c", "outcome": "lost", "created_at": at(5, 12), "outcome_at": at(4, 0)},
        {"deal_id": "d", "outcome": "won", "first_contact_at": at(5), "outcome_at": at(4)},
    )
    result = validate({"deals": frame})
    assert [(f.rule, f.row) for f in result.faults] == [
        ("outcome_before_created", 2),
        ("outcome_before_created", 4),
        ("outcome_before_first_contact", 5),
    ]
    assert result.frames["deals"].height == 4


def test_a_day_without_a_time_is_one_of_the_books_zone():
    # midnight in Brussels on 5 January is 23:00 UTC on 4 January; the deal was created at 08:00 that day
    frame = deals({"outcome": "won", "created_at": at(5, 7), "outcome_at": at(4, 23)})
    assert validate({"deals": frame}, time_zone="Europe/Brussels").faults == ()
    assert [f.rule for f in validate({"deals": frame}).faults] == ["outcome_before_created"]


def test_ends_without_a_date_and_dates_without_an_end():
    frame = deals({"outcome": "won", "outcome_at": None}, {"deal_id": "b", "outcome": "open", "outcome_at": at(9)})
    assert [(f.rule, f.row) for f in validate({"deals": frame}).faults] == [
        ("closed_without_date", 2),
        ("open_with_end", 3),
    ]


def test_rows_of_unknown_deals_are_dropped():
    activities = pl.DataFrame(
        {"activity_id": ["1", "2", "3"], "deal_id": ["a", "zz", None], "kind": ["call"] * 3, "happened_at": [at(1)] * 3}
    )
    frames = {
        "deals": deals({"deal_id": "a"}, {"deal_id": "b", "outcome": None}),
        "stage_events": events(("a", "x", at(1)), ("zz", "x", at(1)), ("b", "x", at(1))),
        "activities": activities,
    }
    result = validate(frames)
    assert [(f.rule, f.table, f.row, f.value) for f in result.faults if f.rule == "unknown_deal"] == [
        ("unknown_deal", "stage_events", 3, "zz"),
        ("unknown_deal", "stage_events", 4, "b"),
        ("unknown_deal", "activities", 3, "zz"),
    ]
    assert result.frames["stage_events"]["_row"].to_list() == [2]
    assert result.frames["activities"]["activity_id"].to_list() == ["1", "3"]


def test_ids_in_two_lengths_are_said_before_their_rows_are_dropped():
    frames = {
        "deals": deals({"deal_id": "006q000000HddohAAB"}),
        "stage_events": events(("006q000000Hddoh", "x", at(1))),
    }
    result = validate(frames)
    assert [(f.rule, f.table, f.n) for f in result.faults] == [
        ("id_15_18", "stage_events", 1),
        ("unknown_deal", "stage_events", 1),
    ]
    assert SEVERITY["id_15_18"] == "error"


def test_stages_that_nobody_declared():
    frames = {
        "deals": deals({"stage": "Won"}),
        "stage_events": events(*[("a", "Old name", at(d)) for d in range(1, 6)], ("a", "Qualify", at(9))),
        "stages": stages("Qualify"),
    }
    result = validate(frames)
    assert [(f.rule, f.table, f.value, f.n) for f in result.faults] == [
        ("unknown_stage", "deals", "Won", 1),
        ("unknown_stage", "stage_events", "Old name", 5),
    ]
    assert result.frames["stage_events"].height == 6


def history(*path: str) -> dict[str, pl.DataFrame]:
    ids = [f"d{i}" for i in range(10)]
    rows = [(i, stage, at(1 + k)) for i in ids for k, stage in enumerate(path)]
    return {"deals": deals(*[{"deal_id": i} for i in ids]), "stage_events": events(*rows)}


def test_an_order_of_stages_that_the_history_contradicts():
    frames = history("Qualify", "Proposal", "Closing")
    assert validate(frames | {"stages": stages("Qualify", "Proposal", "Closing")}).faults == ()
    result = validate(frames | {"stages": stages("Closing", "Proposal", "Qualify")})
    assert [(f.rule, f.n, f.values["moves"]) for f in result.faults] == [("stage_order", 20, 20)]
    few = {"deals": frames["deals"], "stage_events": frames["stage_events"].head(6)}
    assert validate(few | {"stages": stages("Closing", "Proposal", "Qualify")}).faults == ()


def test_the_order_of_a_big_history_is_seen_on_whole_deals(monkeypatch):
    monkeypatch.setattr("kpikit.book.door.validation._SAMPLE", 10)
    frames = history("Qualify", "Proposal", "Closing")
    monkeypatch.setattr("kpikit.book.door.validation._FEWEST_MOVES", 2)
    result = validate(frames | {"stages": stages("Closing", "Proposal", "Qualify")})
    assert [f.rule for f in result.faults] == ["stage_order"]
    assert result.faults[0].n == result.faults[0].values["moves"] < 20


def test_activities_that_are_still_to_come():
    frame = pl.DataFrame({"activity_id": ["1", "2"], "kind": ["call"] * 2, "happened_at": [at(1), at(20)]})
    assert [(f.rule, f.row) for f in validate({"activities": frame}, as_of=at(9)).faults] == [("future_activity", 3)]
    assert validate({"activities": frame}).faults == ()


def test_all_faults_come_at_once():
    frames = {
        "deals": deals({"amount": -1.0}, {"amount": 2.0}, {"deal_id": None}, {"deal_id": "c", "outcome": "won"}),
        "stage_events": events(("zz", "x", at(1)), (None, "x", at(1))),
    }
    rules = {f.rule for f in validate(frames).faults}
    assert rules == {"negative_amount", "duplicate_id", "required_empty", "unknown_deal"}


def test_many_rows_of_one_kind_are_one_fault():
    result = validate({"stage_events": events(*[(None, "x", at(1) + timedelta(hours=i)) for i in range(50)])})
    assert [(f.rule, f.row, f.n) for f in result.faults] == [("required_empty", 2, 50)]
    assert result.dropped.height == 50


IDS = st.sampled_from(["a", "b", "c", None])


@settings(max_examples=40, deadline=None)
@given(
    ids=st.lists(
        st.tuples(IDS, st.sampled_from(["new", None]), st.sampled_from(["won", "open", "x", None])), max_size=12
    ),
    moves=st.lists(st.tuples(IDS, st.sampled_from(["Q", "P", None]), st.just(at(1)) | st.none()), max_size=12),
)
def test_every_row_is_kept_or_dropped_once(ids, moves):
    frames = {
        "deals": deals(*[{"deal_id": i, "pipeline": p, "outcome": o} for i, p, o in ids] or [{}]),
        "stage_events": events(*moves),
    }
    result = validate(frames)
    for name, frame in frames.items():
        dropped = result.dropped.filter(pl.col("table") == name)["_row"].to_list()
        assert sorted([*result.frames[name]["_row"].to_list(), *dropped]) == frame["_row"].to_list()
    kept = result.frames["deals"]
    assert kept["deal_id"].is_unique().all()
    assert kept.select(pl.all_horizontal(pl.col("deal_id", "pipeline", "outcome").is_not_null()).all()).item()
    assert set(result.frames["stage_events"]["deal_id"]) <= set(kept["deal_id"])
    for rule, n in result.dropped["rule"].value_counts().rows():
        assert sum(f.n for f in result.faults if f.rule == rule) >= n
    assert all(isinstance(f, Fault) and f.rule in SEVERITY for f in result.faults)


def test_ten_times_as_many_events_are_as_many_calls():
    """Nothing is looked at row by row, so ten million events take seconds."""
    few, many = (calls(lambda n=n: _validated(n)) for n in (20_000, 200_000))
    assert many < 1.2 * few


def _validated(n):
    index = pl.int_range(n, eager=True)
    ids = (index // 10).cast(pl.String)
    frames = {
        "deals": pl.DataFrame({"deal_id": ids.unique(), "pipeline": "new", "outcome": "open"}),
        "stage_events": pl.DataFrame(
            {"deal_id": ids, "stage": "Q", "entered_at": index.cast(pl.Datetime("us", "UTC"))}
        ),
        "stages": stages("Q"),
    }
    assert validate(frames).faults == ()
