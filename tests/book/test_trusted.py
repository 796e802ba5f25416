"""The trusted door: the same book as through the other one, from tables that live in an engine."""

from datetime import UTC, date, datetime

import narwhals.stable.v2 as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kpikit
from kpikit import DataError, DealBook, Settings, UsageError, velocity
from kpikit.book import open_book, trust
from kpikit.book.door import trusted
from kpikit.book.door.trusted_rules import _deal_rules
from kpikit.engine.codes import encode
from kpikit.schema import TABLES
from kpikit.words import Words
from tests.engines import duckdb_tables, spark_tables
from tests.strategies import STAGES, as_frames, day, deal_rows, spell_rows


def source_tables(book) -> dict[str, pl.DataFrame]:
    """The tables of a book as an export has them: without what the door adds."""
    return {
        name: frame.lazy().select(column.name for column in TABLES[name].columns).collect()
        for name, frame in book.tables.items()
    }


def lazy(frames):
    return {name: frame.lazy() for name, frame in frames.items()}


def assert_same(book, expected):
    assert set(book.tables) == set(expected.tables)
    for name, frame in expected.tables.items():
        one, other = (f.lazy().collect() for f in (book.tables[name], frame))
        assert one.sort(one.columns).equals(other.sort(other.columns)), name
    assert book.as_of == expected.as_of
    order = ["deal_id", "entered_at", "seq", "stage"]
    assert kpikit.engine.spells(book).sort(order).equals(kpikit.engine.spells(expected).sort(order))
    for by in ((), ["team"], ["segment"]):
        assert velocity.time_in_stage(book, by=by).equals(velocity.time_in_stage(expected, by=by).frame)
        assert velocity.exits(book, by=by).equals(velocity.exits(expected, by=by).frame)


@pytest.mark.parametrize("bucket", [1_000_000, 500])
def test_a_polars_scan(demo, tmp_path, monkeypatch, bucket):
    monkeypatch.setattr(trusted, "BUCKET", bucket)
    book = trust(tmp_path / "book", **lazy(source_tables(demo)), settings=demo.settings)
    assert_same(book, demo)
    assert book.faults == ()
    parts = sorted((tmp_path / "book" / "stage_events.parquet").iterdir())
    assert len(parts) == -(-demo.tables["deals"].lazy().collect().height // bucket)
    assert_same(open_book(tmp_path / "book"), demo)


def test_a_parquet_folder_in_buckets(demo, tmp_path, monkeypatch):
    monkeypatch.setattr(trusted, "BUCKET", 800)
    scans = {}
    for name, frame in source_tables(demo).items():
        (tmp_path / name).mkdir()
        for i, part in enumerate(frame.iter_slices(frame.height // 3 + 1)):
            part.write_parquet(tmp_path / name / f"{i}.parquet")
        scans[name] = pl.scan_parquet(tmp_path / name / "*.parquet")
    assert_same(trust(tmp_path / "book", **scans, settings=demo.settings), demo)


@pytest.mark.slow
def test_duckdb(demo, tmp_path):
    with duckdb_tables(source_tables(demo)) as relations:
        assert_same(trust(tmp_path / "book", **relations, settings=demo.settings), demo)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # pyspark says that it does not know pandas 3 yet
def test_spark(demo, tmp_path):
    (tmp_path / "spark").mkdir()
    with spark_tables(source_tables(demo), tmp_path / "spark") as frames:
        assert_same(trust(tmp_path / "book", **frames, settings=demo.settings), demo)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(deal_rows(max_deals=5), st.sampled_from([1, 2, 1000]))
def test_any_book(tmp_path_factory, rows, bucket):
    frames = as_frames(rows)
    if frames["stage_events"].is_empty():
        del frames["stage_events"]
    expected = DealBook.from_frames(**frames, as_of=rows["as_of"], settings=Settings(max_dropped=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trusted, "BUCKET", bucket)
        folder = tmp_path_factory.mktemp("any")
        book = trust(folder, **lazy(frames), as_of=rows["as_of"], settings=Settings(max_dropped=1))
    if "stage_events" in frames:
        order = ["deal_id", "entered_at", "seq", "stage", "visit"]
        assert kpikit.engine.spells(book).sort(order).equals(kpikit.engine.spells(expected).sort(order))
    for name, frame in expected.tables.items():
        one, other = (f.lazy().collect() for f in (book.tables[name], frame))
        assert one.sort(one.columns).equals(other.sort(other.columns)), name


# --- the rules -------------------------------------------------------------------------------------------------------

#: one row for each rule, after two that break none; the right-hand side says which
BROKEN = pl.DataFrame(
    [
        ("a", "New", "won", 10.0, day(0), day(9), "Qualify", 50.0, None),
        ("b", "New", "open", 5.0, day(0), None, "Qualify", None, "customer"),
        (None, "New", "open", 5.0, day(0), None, None, None, None),  # required_empty: deal_id
        ("c", "New", "gone", 5.0, day(0), None, None, None, None),  # unknown_choice: outcome; dropped
        ("d", "New", "open", 5.0, day(0), None, None, None, "nobody"),  # unknown_choice: offer_asked_by; emptied
        ("b", "New", "open", 7.0, day(0), None, None, None, None),  # duplicate_id
        ("e", "New", "open", -1.0, day(0), None, None, None, None),  # negative_amount
        ("f", "New", "won", 1.0, day(0), None, None, None, None),  # closed_without_date
        ("g", "New", "open", 1.0, day(0), day(3), None, None, None),  # open_with_end
        ("h", "New", "lost", 1.0, day(5.5), day(4.5), None, None, None),  # outcome_before_created
        ("i", "New", "lost", 1.0, day(5.5), day(5), None, None, None),  # … not: a midnight stands for its day
        ("j", "New", "open", 1.0, day(0), None, "Nowhere", 101.0, None),  # unknown_stage, probability_range
    ],
    schema={
        "deal_id": pl.String, "pipeline": pl.String, "outcome": pl.String, "amount": pl.Float64,
        "created_at": pl.Datetime("us", "UTC"), "outcome_at": pl.Datetime("us", "UTC"), "stage": pl.String,
        "probability": pl.Float64, "offer_asked_by": pl.String,
    },
    orient="row",
)  # fmt: skip
EVENTS = pl.DataFrame(
    [("a", "Qualify", day(0)), ("zz", "Qualify", day(1)), ("a", None, day(2)), ("c", "Qualify", day(3))],
    schema={"deal_id": pl.String, "stage": pl.String, "entered_at": pl.Datetime("us", "UTC")},
    orient="row",
)
COUNTED = {
    ("deals", "required_empty", "deal_id", 1, None),
    ("deals", "unknown_choice", "outcome", 1, "gone"),
    ("deals", "unknown_choice", "offer_asked_by", 1, "nobody"),
    ("deals", "duplicate_id", "deal_id", 1, "b"),
    ("deals", "negative_amount", "amount", 1, "-1.0"),
    ("deals", "closed_without_date", "outcome_at", 1, None),
    ("deals", "unknown_stage", "stage", 1, "Nowhere"),
    ("deals", "probability_range", "probability", 1, "101.0"),
    ("stage_events", "required_empty", "stage", 1, None),
    ("stage_events", "unknown_deal", "deal_id", 2, "c"),  # zz, and c, whose deal was dropped
}


def assert_counted(relations, tmp_path):
    """Every rule is counted and its rows are set aside, whatever engine holds the tables."""
    book = trust(tmp_path / "book", **relations, settings=Settings(max_dropped=1))
    dates = {(f.rule, f.value) for f in book.faults if f.rule.startswith(("outcome_before", "open_with"))}
    assert dates == {("outcome_before_created", "2026-01-05 12:00 UTC"), ("open_with_end", "2026-01-04 00:00 UTC")}
    others = {(f.table, f.rule, f.column, f.n, f.value) for f in book.faults}
    assert {fault for fault in others if fault[1] not in dict(dates)} == COUNTED
    deals = book.tables["deals"].lazy().collect()
    assert deals["deal_id"].to_list() == list("abdefghij")
    # of the two rows of b the first by all its columns is kept: the smaller amount
    assert deals.filter(pl.col("deal_id") == "b")["amount"].to_list() == [5.0]
    assert deals["offer_asked_by"].to_list() == [None, "customer", *[None] * 7]
    assert book.tables["stage_events"].lazy().select("deal_id", "stage").collect().rows() == [("a", "Qualify")]
    return book


def test_each_rule_is_counted_by_polars(tmp_path):
    book = assert_counted(lazy({"deals": BROKEN, "stage_events": EVENTS, "stages": STAGES}), tmp_path)
    for language in ("en", "nl"):
        assert all(Words(language).fault(fault) for fault in book.faults)


@pytest.mark.slow
def test_each_rule_is_counted_by_duckdb(tmp_path):
    with duckdb_tables({"deals": BROKEN, "stage_events": EVENTS, "stages": STAGES}) as relations:
        assert_counted(relations, tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_each_rule_is_counted_by_spark(tmp_path):
    (tmp_path / "spark").mkdir()
    frames = {"deals": BROKEN, "stage_events": EVENTS, "stages": STAGES}
    with spark_tables(frames, tmp_path / "spark") as relations:
        assert_counted(relations, tmp_path)


def test_the_parsed_door_finds_the_same_rules(tmp_path):
    book = DealBook.from_frames(deals=BROKEN, stage_events=EVENTS, stages=STAGES, settings=Settings(max_dropped=1))
    parsed = {(f.table, f.rule, f.column) for f in book.faults}
    mine = assert_counted(lazy({"deals": BROKEN, "stage_events": EVENTS, "stages": STAGES}), tmp_path)
    # a cell that is no choice is emptied there, and then missed: two names for one thing
    assert {(f.table, f.rule, f.column) for f in mine.faults} == parsed - {("deals", "required_empty", "outcome")}


def refused(folder, **tables):
    with pytest.raises((DataError, UsageError)) as error:
        trust(folder / "book", **lazy(tables))
    assert not (folder / "book").exists()
    return error.value


def test_what_breaks_the_contract_is_refused_before_anything_is_written(tmp_path):
    error = refused(tmp_path, deals=BROKEN.drop("outcome", "pipeline"), stage_events=EVENTS.drop("stage"))
    assert [(f.rule, f.table, f.column) for f in error.faults] == [
        ("missing_column", "deals", "pipeline"),
        ("missing_column", "deals", "outcome"),
        ("missing_column", "stage_events", "stage"),
    ]
    error = refused(
        tmp_path, deals=BROKEN.with_columns(pl.col("created_at").cast(pl.String), pl.lit("x").alias("amount"))
    )
    assert [(f.rule, f.column) for f in error.faults] == [("column_type", "amount"), ("column_type", "created_at")]
    assert "String" in str(error)
    assert [f.rule for f in refused(tmp_path, deals=BROKEN.clear()).faults] == ["empty_deals"]
    assert refused(tmp_path, deals=BROKEN, secrets=BROKEN).code == "unknown_table"
    assert refused(tmp_path, deals=BROKEN).faults[0].rule == "too_many_dropped"  # 3 of 12 rows, more than a fifth
    good = BROKEN.filter(pl.col("deal_id") == "a")
    undated = trust(tmp_path / "undated", deals=good.drop("created_at", "outcome_at").lazy())
    assert not undated.is_dated  # what counts can still be told


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError) as error:
        trust(tmp_path, deals=BROKEN.lazy(), settings=Settings(max_dropped=1))
    assert error.value.code == "folder_in_use"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_date_far_ahead_asks_for_as_of(tmp_path):
    frames = as_frames(spell_rows([(i, 3, "lost") for i in range(20)] + [(30, None, "open")]))
    late = pl.when(pl.col("deal_id") == "d0020").then(datetime(2036, 1, 1, tzinfo=UTC))
    odd = frames["deals"].with_columns(late.otherwise("created_at").alias("created_at"))
    error = refused(tmp_path, deals=odd, stage_events=frames["stage_events"], stages=STAGES)
    # the others lie in January 2026: the last of them is the event of day 30
    assert [(f.rule, f.values) for f in error.faults] == [
        ("as_of_unclear", {"last": date(2036, 1, 1), "usual": date(2026, 1, 31)})
    ]
    book = trust(tmp_path, deals=odd.lazy(), as_of=day(40))
    assert book.as_of == day(40)
    assert book.tables["deals"].lazy().collect().height == 20  # what was created later is not in it


def test_an_earlier_instant_is_the_book_as_it_was(demo, tmp_path):
    then = datetime(2026, 3, 1, tzinfo=UTC)
    tables = {
        name: t for name, t in source_tables(demo).items() if name in ("deals", "stage_events", "stages", "people")
    }
    book = trust(tmp_path, **lazy(tables), as_of=then, settings=demo.settings)
    parsed = DealBook.from_frames(**tables, as_of=then, settings=demo.settings)
    assert velocity.time_in_stage(book).equals(velocity.time_in_stage(parsed).frame)


def test_deals_of_no_team_stay_so_in_every_bucket(tmp_path, monkeypatch):
    monkeypatch.setattr(trusted, "BUCKET", 2)
    rows = spell_rows([(i, 3, "lost") for i in range(4)], team=[None, None, "A", "B"])
    book = trust(tmp_path, **lazy(as_frames(rows)), settings=Settings())
    assert book.tables["deals"].lazy().collect()["team"].to_list() == [None, None, "A", "B"]
    assert book.tables["stage_events"].lazy().collect()["team"].to_list() == [None, None, "A", "B"]


def test_numbers_as_ids_and_instants_without_a_zone(tmp_path):
    frames = as_frames(spell_rows([(i, 3, "advance") for i in range(3)]))
    number = pl.col("deal_id").str.slice(1).cast(pl.Int64)
    naive = pl.selectors.datetime().dt.replace_time_zone(None)
    given = {n: f.with_columns(number, naive) if n != "stages" else f for n, f in frames.items()}
    with duckdb_tables(given) as relations:
        book = trust(tmp_path, **relations)
    assert book.tables["deals"].lazy().collect()["deal_id"].to_list() == ["0", "1", "2"]
    assert book.as_of == day(5)
    assert kpikit.engine.histogram(book).filter(pl.col("kind") == "advance")["us"].to_list() == [3 * 3 * 86_400_000_000]


def test_the_hash_tells_books_apart(tmp_path):
    frames = as_frames(spell_rows([(i, 3, "lost") for i in range(4)], amount=[1.0, 2.0, 3.0, 4.0]))
    other = frames | {"deals": frames["deals"].with_columns(pl.col("amount") + 1)}
    hashes = [trust(tmp_path / str(i), **lazy(f)).hash for i, f in enumerate((frames, frames, other))]
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 16


@pytest.mark.slow
def test_the_hash_is_of_the_contents_whatever_the_order_the_parts_and_the_door(demo, tmp_path, monkeypatch):
    tables = source_tables(demo)
    hashes = [kpikit.prepare(demo, tmp_path / "parsed").hash]
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in tables.items()}
    for i, (some, bucket) in enumerate(((tables, 1_000_000), (shuffled, 1_000_000), (shuffled, 500))):
        monkeypatch.setattr(trusted, "BUCKET", bucket)
        hashes.append(trust(tmp_path / str(i), **lazy(some), settings=demo.settings).hash)
    assert len(set(hashes)) == 1


def test_what_fails_half_way_leaves_the_book_that_was_there(tmp_path, monkeypatch):
    monkeypatch.setattr(trusted, "BUCKET", 2)
    frames = as_frames(spell_rows([(i, 3, "lost") for i in range(6)]))
    first = trust(tmp_path / "book", **lazy(frames))
    passed = []

    def broken(tables, known=None):
        passed.append(known)
        if len(passed) == 2:
            raise KeyboardInterrupt
        return encode(tables, known)

    monkeypatch.setattr(trusted, "encode", broken)
    more = as_frames(spell_rows([(i, 9, "won") for i in range(6)]))
    for folder in ("book", "new"):
        with pytest.raises(KeyboardInterrupt):
            trust(tmp_path / folder, **lazy(more))
        assert list((tmp_path / folder).glob(".*")) == []
        passed.clear()
    again = open_book(tmp_path / "book")
    assert (again.hash, set(again.tables["deals"].collect()["outcome"])) == (first.hash, {"lost"})
    assert list((tmp_path / "new").iterdir()) == []
    monkeypatch.setattr(trusted, "encode", encode)
    (tmp_path / "new" / ".partial").mkdir()  # what a power cut leaves
    assert trust(tmp_path / "new", **lazy(more)).hash != first.hash
    assert [file.name for file in (tmp_path / "new").glob(".*")] == []


def test_a_book_may_be_made_again_from_its_own_tables(tmp_path):
    first = trust(tmp_path / "book", **lazy(as_frames(spell_rows([(i, 3, "lost") for i in range(6)]))))
    own = {name: first.tables[name].select(c.name for c in TABLES[name].columns) for name in first.tables}
    again = trust(tmp_path / "book", **own, as_of=first.as_of)
    assert again.hash == first.hash


def test_empty_texts_and_numbers_that_are_none_are_no_values(tmp_path):
    # as warehouses fill gaps: "" for a missing id, NaN for a missing amount; infinite is no amount either
    rows = spell_rows([(i, 3, "won") for i in range(12)], amount=[100.0] * 9 + [float("nan"), float("inf"), None])
    frames = as_frames(rows)
    frames["deals"] = frames["deals"].with_columns(probability=pl.lit(float("nan")))
    nobody = frames["deals"].head(1).with_columns(deal_id=pl.lit(""))
    events = frames["stage_events"].head(1).with_columns(stage=pl.lit(""))
    dirty = frames | {
        "deals": pl.concat([frames["deals"], nobody]),
        "stage_events": pl.concat([frames["stage_events"], events]),
    }
    with duckdb_tables(dirty) as relations:
        books = [trust(tmp_path / "a", **lazy(dirty)), trust(tmp_path / "b", **relations)]
    for book in books:
        assert [(f.table, f.rule, f.column, f.n) for f in book.faults] == [
            ("deals", "required_empty", "deal_id", 1),
            ("deals", "unreadable_number", "amount", 1),
            ("stage_events", "required_empty", "stage", 1),
        ]
        assert all(Words(language).fault(fault) for fault in book.faults for language in ("en", "nl"))
        assert book.tables["deals"].collect()["amount"].to_list() == [100.0] * 9 + [None] * 3
        found = velocity.throughput(book, during=book.settings.period("2026-01")).to_dicts()
        # nine wins of 100 in the days up to as-of, 14.0: ends on days 3 to 14
        assert (found[0]["n"], found[0]["n_excluded"]) == (9, 3)
        assert found[0]["value"] == pytest.approx(900 / 14)


def test_activities_of_no_deal_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(trusted, "BUCKET", 2)
    activities = pl.DataFrame(
        {
            "activity_id": ["1", "2", "3"],
            "deal_id": [None, "d0003", "zz"],
            "kind": ["call"] * 3,
            "happened_at": [day(1)] * 3,
        }
    )
    frames = as_frames(spell_rows([(i, 3, "lost") for i in range(4)]))
    book = trust(tmp_path, **lazy(frames | {"activities": activities}))
    kept = book.tables["activities"].lazy().collect()
    assert kept["activity_id"].to_list() == ["1", "2"]
    assert [(f.rule, f.n) for f in book.faults] == [("unknown_deal", 1)]
    assert nw.from_native(kept).shape[0] == 2


def teamed(teams, entered):
    """Open deals by name and team, and those of them that have an event."""
    usual = {"pipeline": "New", "stage": "Qualify", "outcome": "open", "created_at": day(1)}
    deals = [{"deal_id": name, "team": team, **usual} for name, team in teams.items()]
    events = [{"deal_id": name, "stage": "Qualify", "entered_at": day(1), "seq": 1} for name in entered]
    frames = {"deals": pl.DataFrame(deals, schema_overrides={"team": pl.String}), "stage_events": pl.DataFrame(events)}
    return {**frames, "stages": pl.DataFrame({"pipeline": ["New"], "stage": ["Qualify"], "position": [1]})}


def test_who_has_a_team_does_not_depend_on_the_buckets(tmp_path, monkeypatch):
    """a has none, b, c and d are North's; b has no event. In no bucket is a in a team "all"."""
    frames = teamed({"a": None, "b": "N", "c": "N", "d": "N"}, "acd")
    found = []
    for bucket in (1000, 2, 1):
        monkeypatch.setattr(trusted, "BUCKET", bucket)
        book = trust(tmp_path / str(bucket), **lazy(frames), as_of=day(100))
        found.append((kpikit.engine.spells(book)["team"].to_list(), book.hash))
    assert found == [found[0]] * 3
    parsed = DealBook.from_frames(**frames, as_of=day(100))
    assert kpikit.engine.spells(parsed)["team"].to_list() == found[0][0] == [None, "N", "N"]


def test_names_of_teams_are_text_where_no_event_has_one():
    book = DealBook.from_frames(**teamed({"a": None, "b": "N"}, "a"), as_of=day(100))
    assert kpikit.engine.spells(book).select("team").schema == {"team": pl.String}
    assert kpikit.engine.spells(book)["team"].to_list() == [None]


@pytest.mark.parametrize(
    ("outcome", "begun", "ended", "is_early"),
    [
        ("won", 5.5, 5.5, False),  # within the same instant
        ("won", 5.5, 5.4, True),
        ("won", 5.5, 5.6, False),
        ("won", 5.5, 5.0, False),  # midnight stands for the day
        ("won", 5.5, 4.0, True),
        ("lost", 5.5, 4.0, True),
        ("open", 5.5, 4.0, False),
    ],
)
def test_an_outcome_before_the_beginning(outcome, begun, ended, is_early):
    row = {"outcome": outcome, "created_at": day(begun), "first_contact_at": day(begun), "outcome_at": day(ended)}
    frame = nw.from_native(pl.DataFrame([row | {"amount": 1.0, "probability": 50.0}]))
    rules = {rule: expr for (rule, _), expr in _deal_rules().items() if rule.startswith("outcome_before")}
    assert len(rules) == 2
    assert [frame.select(x=expr)["x"][0] for expr in rules.values()] == [is_early] * 2
