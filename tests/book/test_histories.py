"""Every shape of a stage history gives the true visits back, or says what it cannot."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kpikit import UsageError, open_book
from kpikit.engine import spells
from kpikit.engine.spells import defined
from tests.book import processes
from tests.book.processes import LOST, STAGES, WON

COLUMNS = {"deal_id": "Deal ID", "pipeline": "Pipeline", "stage": "Stage", "outcome": "Stage", "created_at": "Created"}
VALUES = {"outcome": {WON: "won", LOST: "lost", "*": "open"}}
ORDERS = {"pipelines": {name: list(order) for name, order in STAGES.items()}, "won": [WON], "lost": [LOST]}
EVENT = {"deal_id": "Deal ID", "stage": "To", "entered_at": "At"}
SHAPES = {
    "long": (processes.long, {"columns": EVENT}),
    "from_to": (processes.from_to, {"columns": EVENT, "from": "From"}),
    "field_log": (
        processes.field_log,
        {
            "columns": EVENT | {"stage": "New"},
            "from": "Old",
            "field": "Field",
            "fields": {"Stage": "stage", "Pipeline": "pipeline", "Amount": "amount"},
        },
    ),
}
few = settings(max_examples=8, deadline=None)


def toml(tables, zone):
    lines = ["[settings]", f'time_zone = "{zone}"']
    for name, table in tables.items():
        lines += [f"[tables.{name}]", *(f"{json.dumps(key)} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines)


def _value(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def book_of(folder, now, history, asked, *, zone="UTC", stages=None, **changed):
    """A book of a file of deals and one of their history."""
    folder.mkdir(exist_ok=True)
    history.write_csv(folder / "history.csv")
    table = {"file": "history.csv", **asked}
    tables = {"stage_events": table, "stages": stages or ORDERS}
    if now is not None:
        now.write_csv(folder / "deals.csv")
        columns = COLUMNS | {"outcome_at": "Close Date"}
        tables["deals"] = {"file": "deals.csv", "columns": columns, "values": VALUES}
    tables |= changed
    (folder / "kpikit.toml").write_text(toml(tables, zone), encoding="utf-8")
    return open_book(folder)


def visits(book):
    found = spells(book).filter(pl.col("excluded").is_null())
    return (
        found.select("deal_id", "pipeline", "stage", "entered_at", "left_at", "kind")
        .sort("deal_id", "entered_at")
        .rows()
    )


def told(book):
    return {fault.rule: fault for fault in book.faults}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("histories")


@few
@given(
    st.integers(0, 10**6), st.sampled_from(sorted(SHAPES)), st.sampled_from(["UTC", "America/New_York"]), st.randoms()
)
def test_a_log_of_one_pipeline_gives_the_visits_back(folder, seed, shape, zone, draw):
    """Deals skip, come back, are won, lost or open; rows stand in any order; times are local ones."""
    some = processes.deals(seed, back=0.3)
    write, asked = SHAPES[shape]
    rows = write(some).rows()
    draw.shuffle(rows)
    history = pl.DataFrame(rows, schema=write(some).schema, orient="row")
    book = book_of(folder, processes.deal_file(some), history, {"shape": shape, **asked}, zone=zone)
    expected = [
        (*row[:3], processes.moved(row[3], zone), processes.moved(row[4], zone), row[5])
        for row in processes.truth(some)
    ]
    assert visits(book) == expected
    assert not {"history_disagrees", "log_gaps", "first_stage_unplaced", "unknown_stage"} & set(told(book))


@few
@given(st.integers(0, 10**6))
def test_a_deal_that_changed_its_pipeline_is_counted_where_it_was(folder, seed):
    some = processes.deals(seed, pipelines=tuple(STAGES), changes=0.3, back=0.2)
    write, asked = SHAPES["field_log"]
    book = book_of(folder, processes.deal_file(some), write(some), {"shape": "field_log", **asked})
    assert visits(book) == processes.truth(some)
    order = ["deal_id", "entered_at", "seq", "stage"]  # the definition, which runs in other engines, says the same
    assert_frame_equal(spells(book).sort(order), defined(book).sort(order), check_dtypes=False)


@few
@given(st.integers(0, 10**6))
def test_without_old_values_the_value_before_is_the_old_one(folder, seed):
    some = processes.deals(seed, back=0.3)
    asked = {k: v for k, v in SHAPES["field_log"][1].items() if k != "from"}
    history = processes.field_log(some, with_old=False)
    book = book_of(folder, processes.deal_file(some), history, {"shape": "field_log", **asked})
    assert visits(book) == processes.truth(some)
    assert "changes" not in book.tables  # one value each: the first value of a field is no change of it


def test_other_fields_of_a_log_are_changes(folder):
    some = processes.deals(7)
    write, asked = SHAPES["field_log"]
    book = book_of(folder, processes.deal_file(some), write(some), {"shape": "field_log", **asked})
    amounts = book.tables["changes"].filter(pl.col("field") == "amount")
    assert amounts.height == len(some)
    assert amounts.select("old", "new").unique().rows() == [("100.0", "250.0")]


def test_fields_that_nobody_named_are_counted(folder):
    some = processes.deals(7)
    write, asked = SHAPES["field_log"]
    history = pl.concat(
        [write(some), write(some).filter(pl.col("Field") == "Amount").with_columns(Field=pl.lit("Mood"))]
    )
    book = book_of(folder, processes.deal_file(some), history, {"shape": "field_log", **asked})
    fault = told(book)["log_fields_unused"]
    assert (fault.n, fault.values["fields"]) == (len(some), "mood")


@few
@given(st.integers(0, 10**6))
def test_a_column_a_stage_gives_the_visits_back_where_nobody_came_back(folder, seed):
    """Skipped stages bear the next one's instant: they are no visits of no time."""
    some = processes.deals(seed)
    frame = processes.wide(some)
    stages = [
        {"stage": stage, "entered": f"in {stage}", "exited": f"out {stage}"}
        for stage in (*STAGES["New business"], WON, LOST)
    ]
    asked = {"shape": "wide", "columns": {"deal_id": "Deal ID"}, "stages": stages}
    book = book_of(folder, processes.deal_file(some), frame, asked)
    assert visits(book) == processes.truth(some)
    assert "overwritten_visits" not in told(book)


@few
@given(st.integers(0, 10**6))
def test_a_column_a_stage_says_which_deals_came_back(folder, seed):
    """Only the last visit to each stage is kept: what is given is true, and those deals are counted."""
    some = processes.deals(seed, back=0.4)
    again = {d.deal_id for d in some if len({v[1] for v in d.visits}) < len(d.visits)}
    stages = [
        {"stage": stage, "entered": f"in {stage}", "exited": f"out {stage}"}
        for stage in (*STAGES["New business"], WON, LOST)
    ]
    asked = {"shape": "wide", "columns": {"deal_id": "Deal ID"}, "stages": stages}
    book = book_of(folder, processes.deal_file(some), processes.wide(some), asked)
    true = {row[:5] for row in processes.truth(some)}
    whole = {row[:5] for row in true if row[0] not in again}
    given_ = {row[:5] for row in visits(book)}
    assert whole <= given_
    assert {row for row in given_ if row[0] not in again} == whole
    fault = told(book).get("overwritten_visits")
    assert (fault.n if fault else 0) == len(again)


def test_entered_in_one_instant_are_skips(folder):
    """By hand: S1 on 1 January, S2 = S3 = S4 = won on 10 January 15:08:40.710: one visit of 9 days and some hours."""
    at = "2026-01-10 15:08:40.710"
    row = {"Deal ID": "a", "Pipeline": "P", "Stage": WON, "Created": "2026-01-01 00:00:00", "Close Date": at}
    deals = pl.DataFrame([row])
    stamps = pl.DataFrame([{"Deal ID": "a", "S1": "2026-01-01 00:00:00", "S2": at, "S3": at, "S4": at, WON: at}])
    asked = {
        "shape": "wide",
        "columns": {"deal_id": "Deal ID"},
        "stages": [{"stage": stage, "entered": stage} for stage in ("S1", "S2", "S3", "S4", WON)],
    }
    stages = {"order": ["S1", "S2", "S3", "S4"], "won": [WON]}
    book = book_of(folder, deals, stamps, asked, stages=stages)
    assert visits(book) == [
        (
            "a",
            "P",
            "S1",
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 10, 15, 8, 40, 710_000, tzinfo=UTC),
            "won",
        ),
    ]
    assert told(book)["skipped_stages"].n == 3


def test_times_that_the_export_tells_itself_are_a_check(folder):
    """Three hours in A by the dates; the export says 3 h of deal a, and 5 h of deal b, which had been there before."""
    deals = pl.DataFrame(
        [
            {"Deal ID": name, "Pipeline": "P", "Stage": "B", "Created": "2026-01-01 09:00:00", "Close Date": None}
            for name in ("a", "b")
        ],
        schema_overrides={"Close Date": pl.String},
    )
    stamps = pl.DataFrame(
        [
            {"Deal ID": name, "A": "2026-01-01 09:00:00", "B": "2026-01-01 12:00:00", "ms": hours * 3_600_000}
            for name, hours in (("a", 3), ("b", 5))
        ]
    )
    stages = [{"stage": "A", "entered": "A", "time": "ms"}, {"stage": "B", "entered": "B"}]
    asked = {"shape": "wide", "columns": {"deal_id": "Deal ID"}, "stages": stages}
    book = book_of(folder, deals, stamps, asked, stages={"order": ["A", "B"]})
    fault = told(book)["time_in_stage_disagrees"]
    assert (fault.n, fault.values["of"], fault.values["deal"]) == (1, 2, "b")


@few
@given(st.integers(0, 10**6), st.sampled_from([1, 7]))
def test_snapshots_give_each_stage_in_the_first_one_in_which_it_is_seen(folder, seed, days):
    some = processes.deals(seed, n=12)
    shots = processes.snapshots(some, days)
    expected = {}
    for at, deal, stage, _ in shots.rows():
        expected.setdefault((deal, stage), datetime.fromisoformat(at).replace(tzinfo=UTC))
    asked = {
        "shape": "snapshots",
        "columns": {"deal_id": "Deal ID", "stage": "Stage", "entered_at": "Snapshot Date"},
    }
    columns = {k: v for k, v in COLUMNS.items() if k != "pipeline"}
    deals = {
        "file": "history.csv", "latest": "Snapshot Date", "columns": columns, "values": VALUES,
        "constants": {"pipeline": "New business"},
    }  # fmt: skip
    book = book_of(folder, None, shots, asked, deals=deals)
    assert book.tables["deals"].height == shots["Deal ID"].n_unique()
    found = {(d, s): at for d, _, s, at, _, _ in visits(book)}
    assert found == {key: at for key, at in expected.items() if key[1] not in (WON, LOST)}
    for deal in some:  # what is seen lies in the days after what happened
        for stage, at, _ in deal.steps():
            if (deal.deal_id, stage) in found:
                assert timedelta() <= found[deal.deal_id, stage] - at <= timedelta(days=days)
    assert told(book)["snapshot_days"].values["days"] == days


@few
@given(st.integers(0, 10**6))
def test_versions_give_the_visits_back(folder, seed):
    some = processes.deals(seed, back=0.3, pipelines=tuple(STAGES), changes=0.2)
    columns = {name: name for name in ("deal_id", "pipeline", "stage", "created_at")}
    deals = {
        "file": "history.csv", "keep": {"_fivetran_active": ["true"]}, "values": VALUES,
        "columns": columns | {"outcome": "stage", "outcome_at": "close_date"},
    }  # fmt: skip
    named = {"deal_id": "deal_id", "stage": "stage", "pipeline": "pipeline", "entered_at": "_fivetran_start"}
    book = book_of(folder, None, processes.versions(some), {"shape": "versions", "columns": named}, deals=deals)
    assert book.tables["deals"].height == len(some)
    assert visits(book) == processes.truth(some)


@few
@given(st.integers(0, 10**6), st.sampled_from(["long", "from_to"]))
def test_deals_are_made_from_a_history_alone(folder, seed, shape):
    some = processes.deals(seed, back=0.3)
    write = processes.long if shape == "long" else lambda deals: processes.from_to(deals, birth=True)
    deals = {"made_from": "stage_events", "values": VALUES, "constants": {"pipeline": "New business"}}
    book = book_of(folder, None, write(some), {"shape": shape, **SHAPES[shape][1]}, deals=deals)
    assert visits(book) == processes.truth(some)
    made = book.tables["deals"].select("deal_id", "outcome", "outcome_at")
    assert sorted(made.rows()) == sorted((d.deal_id, d.outcome, d.ended) for d in some)
    assert told(book)["deals_from_history"].n == len(some)


def test_a_deal_that_never_moved_has_been_where_it_is(folder):
    deals = pl.DataFrame(
        [
            {"Deal ID": "a", "Pipeline": "P", "Stage": "B", "Created": "2026-01-01 09:00:00", "Close Date": None},
            {"Deal ID": "b", "Pipeline": "P", "Stage": "A", "Created": "2026-01-02 09:00:00", "Close Date": None},
        ],
        schema_overrides={"Close Date": pl.String},
    )
    log = pl.DataFrame([{"Deal ID": "a", "From": "A", "To": "B", "At": "2026-01-05 10:00:00"}])
    book = book_of(folder, deals, log, {"shape": "from_to", **SHAPES["from_to"][1]}, stages={"order": ["A", "B"]})
    assert visits(book) == [
        ("a", "P", "A", datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 5, 10, tzinfo=UTC), "advance"),
        ("a", "P", "B", datetime(2026, 1, 5, 10, tzinfo=UTC), None, "open"),
        ("b", "P", "A", datetime(2026, 1, 2, 9, tzinfo=UTC), None, "open"),
    ]
    assert told(book)["never_moved"].n == 1


def _old_and_new(n_old, *, in_log):
    """Deals of 2024 that ended then, in the log or not, and ten of 2025 that moved once."""
    ids = [f"o{i}" for i in range(n_old)]
    old = [
        {
            "Deal ID": i,
            "Pipeline": "P",
            "Stage": LOST,
            "Created": "2024-01-01 09:00:00",
            "Close Date": "2024-02-01 09:00:00",
        }
        for i in ids
    ]
    new = [
        {"Deal ID": f"n{i}", "Pipeline": "P", "Stage": "B", "Created": "2025-01-01 09:00:00", "Close Date": None}
        for i in range(10)
    ]
    new[-1]["Created"] = "2025-01-05 08:00:00"  # an hour before the log's first row: nothing of it was missed
    new.append(new[0] | {"Deal ID": "o-still", "Stage": "A", "Created": "2024-01-01 09:00:00"})
    moves = [{"Deal ID": f"n{i}", "From": "A", "To": "B", "At": "2025-01-05 09:00:00"} for i in range(10)]
    moves += [{"Deal ID": i, "From": "A", "To": LOST, "At": "2024-02-01 09:00:00"} for i in ids if in_log]
    return pl.DataFrame(old + new, schema_overrides={"Close Date": pl.String}), pl.DataFrame(moves)


@pytest.mark.parametrize("in_log", [True, False])
def test_a_log_that_begins_after_deals_had_ended_does_not_know_their_stages(folder, in_log):
    deals, log = _old_and_new(5, in_log=in_log)
    stages = {"order": ["A", "B"], "lost": [LOST]}
    book = book_of(folder, deals, log, {"shape": "from_to", **SHAPES["from_to"][1]}, stages=stages)
    early = [row for row in visits(book) if row[0].startswith("o")]
    assert (len(early), "log_begins_late" in told(book)) == ((6, False) if in_log else (0, True))
    assert [row[2] for row in visits(book) if row[0] == "n9"] == ["A", "B"]
    if not in_log:  # the six, and the nine that were created days before the log's first row
        assert told(book)["log_begins_late"].n == 15


def test_moves_that_are_missing_are_counted(folder):
    some = processes.deals(3, n=30)
    history = processes.from_to(some)
    twice = history.group_by("Deal ID").len().filter(pl.col("len") > 2)["Deal ID"][0]
    rows = history.with_row_index("i")
    cut = rows.filter(pl.col("Deal ID") == twice)["i"][1]
    kept = rows.filter(pl.col("i") != cut).drop("i")
    book = book_of(folder, processes.deal_file(some), kept, {"shape": "from_to", **SHAPES["from_to"][1]})
    assert told(book)["log_gaps"].n == 1


def test_a_history_that_ends_elsewhere_than_its_deal_is_told(folder):
    some = processes.deals(5)
    open_ = next(d for d in some if d.outcome == "open" and len(d.visits) > 1)
    deals = processes.deal_file(some).with_columns(
        Stage=pl.when(pl.col("Deal ID") == open_.deal_id).then(pl.lit("Elsewhere")).otherwise("Stage")
    )
    book = book_of(folder, deals, processes.from_to(some), {"shape": "from_to", **SHAPES["from_to"][1]})
    fault = told(book)["history_disagrees"]
    assert (fault.n, fault.values["deal"], fault.values["stated"]) == (1, open_.deal_id, "Elsewhere")


@pytest.mark.parametrize(
    ("asked", "setting"),
    [
        ({"shape": "tall"}, "tables.stage_events.shape"),
        ({"shape": "from_to"}, "tables.stage_events.from"),
        ({"shape": "field_log", "field": "F"}, "tables.stage_events.fields"),
        ({"shape": "wide"}, "tables.stage_events.stages"),
        ({"from": "From"}, "tables.stage_events.from"),  # long has no column of where from
        ({"shape": "from_to", "from": "From", "field": "F"}, "tables.stage_events.field"),
        ({"shape": "from_to", "from": "From", "columns": {"deal_id": "Deal ID"}}, "tables.stage_events.columns.stage"),
    ],
)
def test_a_shape_says_what_it_needs(folder, asked, setting):
    some = processes.deals(1)
    with pytest.raises(UsageError) as refused:
        book_of(folder, processes.deal_file(some), processes.from_to(some), {"columns": EVENT, **asked})
    assert refused.value.values["setting"] == setting


def test_an_open_deal_that_left_its_last_stage_is_in_none_that_has_a_column(folder):
    deals = pl.DataFrame(
        [
            {"Deal ID": name, "Pipeline": "P", "Stage": "B", "Created": "2026-01-01 09:00:00", "Close Date": None}
            for name in ("a", "b")
        ],
        schema_overrides={"Close Date": pl.String},
    )
    stamps = pl.DataFrame(
        [
            {"Deal ID": "a", "A": "2026-01-01 09:00:00", "out": "2026-01-04 09:00:00"},
            {"Deal ID": "b", "A": "2026-01-01 09:00:00", "out": None},
        ]
    )
    asked = {
        "shape": "wide", "columns": {"deal_id": "Deal ID"},
        "stages": [{"stage": "A", "entered": "A", "exited": "out"}],
    }  # fmt: skip
    book = book_of(folder, deals, stamps, asked, stages={"order": ["A", "B"]})
    assert visits(book) == [
        ("a", "P", "A", datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 4, 9, tzinfo=UTC), "advance"),
        ("b", "P", "A", datetime(2026, 1, 1, 9, tzinfo=UTC), None, "open"),
    ]
    assert told(book)["overwritten_visits"].n == 1


def test_the_latest_row_is_the_last_of_equals_and_unreadable_times_are_told(folder):
    rows = [("a", "X", "2026-01-01"), ("a", "Y", "2026-01-08"), ("a", "Z", "2026-01-08"), ("a", "W", "soon")]
    shots = pl.DataFrame(rows, schema=["Deal ID", "Stage", "Day"], orient="row")
    shots = shots.with_columns(Created=pl.lit("2026-01-01"))
    columns = {k: v for k, v in COLUMNS.items() if k != "pipeline"}
    deals = {
        "file": "history.csv", "latest": "Day", "columns": columns, "values": {"outcome": {"*": "open"}},
        "constants": {"pipeline": "P"},
    }  # fmt: skip
    asked = {"shape": "snapshots", "columns": {"deal_id": "Deal ID", "stage": "Stage", "entered_at": "Day"}}
    settings_ = {"order": ["X", "Y", "Z", "W"]}
    book = book_of(folder, None, shots, asked, stages=settings_, deals=deals)
    assert book.tables["deals"]["stage"].to_list() == ["Z"]
    assert told(book)["unreadable_date"].row == 5
    assert (told(book)["earlier_rows"].n, told(book)["earlier_rows"].values["of"]) == (3, 4)


def test_rows_that_are_not_kept_are_counted_and_deals_without_another_too(folder):
    some = processes.deals(41)
    frame = processes.versions(some)
    gone = some[0].deal_id
    frame = frame.with_columns(
        _fivetran_active=pl.when(pl.col("deal_id") == gone).then(pl.lit("False")).otherwise("_fivetran_active")
    )
    columns = {name: name for name in ("deal_id", "pipeline", "stage", "created_at")} | {"outcome": "stage"}
    deals = {"file": "history.csv", "keep": {"_fivetran_active": ["TRUE"]}, "values": VALUES, "columns": columns}
    asked = {
        "shape": "versions",
        "columns": {"deal_id": "deal_id", "stage": "stage", "entered_at": "_fivetran_start"},
    }
    book = book_of(folder, None, frame, asked, deals=deals)
    assert gone not in book.tables["deals"]["deal_id"].to_list()
    fault = told(book)["rows_not_kept"]
    assert (fault.values["deals"], fault.values["of"] - fault.n) == (1, len(some) - 1)


@pytest.mark.parametrize(
    ("at", "unplaced"),
    [
        ("2026-01-01", False),
        ("2026-01-01 08:00:00", True),
        ("2026-01-01 09:00:00", False),
        ("2025-12-31", True),
    ],
)
def test_a_move_known_by_its_day_may_be_of_the_day_of_creation(folder, at, unplaced):
    """Created on 1 January at 9:00 and moved that day: a visit of no days; at 8:00 or a day before it is an error."""
    deals = pl.DataFrame(
        [{"Deal ID": "a", "Pipeline": "P", "Stage": "B", "Created": "2026-01-01 09:00:00", "Close Date": None}],
        schema_overrides={"Close Date": pl.String},
    )
    log = pl.DataFrame([{"Deal ID": "a", "From": "A", "To": "B", "At": at}])
    asked = {"shape": "from_to", **SHAPES["from_to"][1]}
    book = book_of(folder, deals, log, asked, stages={"order": ["A", "B"]})
    firsts = [("A", timedelta())] if not unplaced else []
    assert [(row[2], row[4] and row[4] - row[3]) for row in visits(book)] == [*firsts, ("B", None)]
    assert ("first_stage_unplaced" in told(book)) is unplaced


@pytest.mark.parametrize("clock", ["", " 10:00:00"])
def test_stages_of_one_day_are_skips_only_where_the_columns_have_times(folder, clock):
    deals = pl.DataFrame(
        [{"Deal ID": "a", "Pipeline": "P", "Stage": "C", "Created": "2026-01-01", "Close Date": None}],
        schema_overrides={"Close Date": pl.String},
    )
    stamps = pl.DataFrame(
        [{"Deal ID": "a", "A": f"2026-01-01{clock}", "B": f"2026-01-05{clock}", "C": f"2026-01-05{clock}"}]
    )
    asked = {
        "shape": "wide", "columns": {"deal_id": "Deal ID"},
        "stages": [{"stage": stage, "entered": stage} for stage in ("A", "B", "C")],
    }  # fmt: skip
    book = book_of(folder, deals, stamps, asked, stages={"order": ["A", "B", "C"]})
    found = [row[2] for row in visits(book) if row[2] != "(overwritten)"]
    assert found == (["A", "C"] if clock else ["A", "B", "C"])
    assert told(book)["skipped_stages" if clock else "same_day_stages"].n == 1


@pytest.mark.parametrize("stayed", ["B", "C"])
def test_of_two_stages_in_one_instant_the_deal_was_in_the_one_it_stayed_in(folder, stayed):
    """B and C on 5 January at 9:00. C was left in that instant: it stayed in B. Or B was: it stayed in C."""
    at, later = "2026-01-05 09:00:00", "2026-01-09 09:00:00"
    deals = pl.DataFrame(
        [{"Deal ID": "a", "Pipeline": "P", "Stage": "D", "Created": "2026-01-01 09:00:00", "Close Date": None}],
        schema_overrides={"Close Date": pl.String},
    )
    out_b, out_c = (later, at) if stayed == "B" else (at, later)
    stamps = pl.DataFrame(
        [
            {
                "Deal ID": "a", "A": "2026-01-01 09:00:00", "out A": at, "B": at, "out B": out_b, "C": at,
                "out C": out_c, "D": later, "out D": None,
            }
        ]
    )  # fmt: skip
    stages = [{"stage": stage, "entered": stage, "exited": f"out {stage}"} for stage in "ABCD"]
    asked = {"shape": "wide", "columns": {"deal_id": "Deal ID"}, "stages": stages}
    book = book_of(folder, deals, stamps, asked, stages={"order": list("ABCD")})
    assert [row[2] for row in visits(book)] == ["A", stayed, "D"]
