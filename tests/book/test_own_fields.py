"""Own fields: columns that kpikit has no name for are kept, typed, asked for by name, and never in the way."""

import string
from datetime import UTC, date, datetime

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kpikit
from kpikit import DealBook, RankingRefused, Settings, UsageError, winloss
from kpikit.book import open_book, trust
from kpikit.book.own_fields import OwnField, declared, own_name
from tests.hostile.strings import STRINGS
from tests.strategies import STAGES

N = 40
DEALS = pl.DataFrame(
    {
        "deal_id": [f"d{i:02}" for i in range(N)],
        "pipeline": ["New"] * N,
        "outcome": ["won", "lost"] * (N // 2),
        "created_at": ["2026-01-05"] * N,
        "outcome_at": ["2026-02-01"] * (N - 10) + ["2026-03-01"] * 10,
        "owner": ["An", "Bo", "Cy", "Di", "Ed"] * (N // 5),
        "Product line": ["Basic"] * 20 + ["Pro"] * 20,
    }
)


def own(book, name):
    return next(field for field in book.own if field.name == name)


def toml_book(
    tmp_path, own_lines, text="id,stage,end,Product line,Seats\na,Won,2026-02-01,Pro,3\nb,Lost,2026-02-02,,4\n"
):
    (tmp_path / "deals.csv").write_text(text, encoding="utf-8")
    (tmp_path / "kpikit.toml").write_text(
        f"""[tables.deals]
file = "deals.csv"
columns = {{ deal_id = "id", outcome = "stage", outcome_at = "end" }}
constants = {{ pipeline = "New" }}
values.outcome = {{ Won = "won", Lost = "lost" }}
[tables.deals.own]
{own_lines}
""",
        encoding="utf-8",
    )
    return open_book(tmp_path)


# --- declared in a kpikit.toml


def test_what_is_declared_is_kept_under_its_name(tmp_path):
    book = toml_book(
        tmp_path, 'product_line = { column = "Product line", known = "created" }\nseats = { column = "Seats" }'
    )
    assert book.tables["deals"].select("product_line", "seats").rows() == [("Pro", 3.0), (None, 4.0)]
    assert own(book, "product_line") == OwnField("deals", "product_line", "Product line", "created", "text")
    assert (own(book, "seats").kind, own(book, "seats").known) == ("number", "end")
    assert [f.rule for f in book.faults] == []


def test_what_nobody_names_is_named_among_what_was_noticed(tmp_path):
    book = toml_book(tmp_path, 'seats = { column = "Seats", kind = "text" }')
    assert own(book, "seats").kind == "text"
    (fault,) = (f for f in book.faults if f.rule == "columns_unused")
    assert (fault.n, fault.values["names"]) == (1, "Product line")


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        ('seats = { column = "Zetels" }', None, "Zetels"),
        ('seats = { column = "Seats", known = "later" }', "setting_value", "later"),
        ('seats = { column = "Seats", known = "stage:" }', "setting_value", "stage:"),
        ('seats = { column = "Seats", kind = "money" }', "setting_value", "money"),
        ('seats = { column = "Seats", kwown = "end" }', "unknown_setting", "kwown"),
        ('"Seats (n)" = { column = "Seats" }', "own_name", "seats_n"),
        ("seats = { column = 3 }", "setting_kind", "3"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(tmp_path, lines, code, said):
    with pytest.raises((UsageError, kpikit.DataError)) as refused:
        toml_book(tmp_path, lines)
    assert code is None or refused.value.code == code
    for language in ("en", "nl"):
        assert said in refused.value.sentence(language)


def test_only_deals_and_accounts_have_own_fields():
    with pytest.raises(UsageError) as refused:
        declared("people", {"size": {}})
    assert refused.value.code == "own_table"
    assert declared("accounts", {"size": {}})["size"].header == "size"


# --- kinds, by the values


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2,5", None], "number"),
        (["1.000", "2.500,50", "3"], "number"),
        (["00101", "12", "7"], "text"),  # a code, no number
        (["1234567890123456", "2", "3"], "text"),  # more digits than a number keeps
        (["1", "2", "many"], "text"),  # one cell that is none: text, and nothing is lost
        (["2026-01-05", "2026-02-28", None], "day"),
        (["2026-01-05", "soon", None], "text"),
        (["yes", "no", None], "bool"),
        (["Ja", "nee", "ja"], "bool"),
        (["x", "y", "x"], "text"),  # both are words for yes: that tells nobody anything
        (["1", "0", "1"], "number"),
        (["", None, " "], "text"),
        (["Pro", "Basic", "Pro"], "text"),
    ],
)
def test_the_kind_is_what_all_values_are(cells, kind):
    deals = DEALS.head(3).with_columns(pl.Series("thing", cells, pl.String)).drop("Product line")
    book = DealBook.from_frames(deals=deals)
    assert own(book, "thing").kind == kind
    filled = [cell for cell in cells if cell and cell.strip()]
    assert book.tables["deals"]["thing"].count() == len(filled)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], "number"),
        ([True, False, None], "bool"),
        ([date(2026, 1, 5), None, None], "day"),
        ([datetime(2026, 1, 5, 12, tzinfo=UTC), None, None], "day"),
        ([None, None, None], "text"),
    ],
)
def test_typed_frames_keep_their_kinds(values, kind):
    deals = DEALS.head(3).drop("Product line").with_columns(pl.Series("thing", values))
    assert own(DealBook.from_frames(deals=deals), "thing").kind == kind


# --- frames


def test_further_columns_of_a_frame_are_kept_as_known_with_the_end():
    book = DealBook.from_frames(deals=DEALS)
    assert own(book, "product_line") == OwnField("deals", "product_line", "Product line", "end", "text")
    assert book.tables["deals"]["product_line"].to_list() == DEALS["Product line"].to_list()


def test_a_call_can_say_when_they_are_known():
    said = {"deals": {"line": {"column": "Product line", "known": "created"}}}
    book = DealBook.from_frames(deals=DEALS.to_pandas(), own=said)
    assert own(book, "line").known == "created"
    with pytest.raises(UsageError) as refused:
        DealBook.from_frames(deals=DEALS, own={"deals": {"line": {"column": "Line"}}})
    assert refused.value.code == "own_column"


def test_what_no_cell_can_hold_and_what_has_no_place_is_named():
    deals = DEALS.with_columns(lists=pl.Series([[1]] * N))
    events = pl.DataFrame({"deal_id": ["d00"], "stage": ["Qualify"], "entered_at": ["2026-01-05"], "mood": ["good"]})
    book = DealBook.from_frames(deals=deals, stage_events=events, stages=STAGES)
    left = {f.table: f.values["names"] for f in book.faults if f.rule == "columns_unused"}
    assert left == {"deals": "lists", "stage_events": "mood"}


def test_a_folder_of_tables_keeps_them_too(tmp_path):
    DEALS.write_csv(tmp_path / "deals.csv")
    assert open_book(tmp_path).tables["deals"]["product_line"].n_unique() == 2


# --- names: words of a CRM, never an order


@given(st.text(max_size=80))
def test_any_heading_has_a_name(header):
    name = own_name(header)
    assert declared("deals", {name: {"column": header}})[name].header == header
    assert own_name(header, [name]) != name


@pytest.mark.parametrize("text", list(STRINGS.values())[:60] if isinstance(STRINGS, dict) else list(STRINGS)[:60])
def test_hostile_headings_do_nothing(text):
    text = str(text)
    deals = DEALS.rename({"Product line": text}) if text not in DEALS.columns and text != "_row" else DEALS
    book = DealBook.from_frames(deals=deals)
    (field,) = book.own
    assert set(field.column) <= {c for c in field.column if c.isalnum() or c == "_"}
    frame = winloss.win_rate(book, by=field.name, definition="closed").frame
    assert sorted(frame["n"].to_list()) == [20, 20]


def test_two_headings_of_one_name_stay_apart():
    book = DealBook.from_frames(deals=DEALS.with_columns(pl.Series("product line", ["x"] * N)))
    assert {field.name: field.header for field in book.own} == {
        "product_line": "Product line", "product_line_2": "product line",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["n", "value", "status", "outcome_team", "is_late", "team_begun", "stage_2", "at"])
def test_names_of_ours_change_no_figure(name):
    plain = winloss.win_rate(DealBook.from_frames(deals=DEALS), definition="finished").frame
    book = DealBook.from_frames(deals=DEALS.rename({"Product line": name}))
    assert winloss.win_rate(book, definition="finished").frame.equals(plain)
    by = winloss.win_rate(book, definition="finished", by=own(book, name).column).frame
    assert sorted(by["n"].to_list()) == [20, 20]


# --- asked for


def test_grouped_by_any_of_its_names():
    book = DealBook.from_frames(deals=DEALS)
    for by in ("product_line", "Product line", ["product_line"]):
        frame = winloss.win_rate(book, by=by, definition="closed").frame
        # 20 of each, every other one won
        assert frame.select("product_line", "n", "n_events").sort("product_line").rows() == [
            ("Basic", 20, 10), ("Pro", 20, 10),
        ]  # fmt: skip


def test_mixed_over():
    book = DealBook.from_frames(deals=DEALS)
    mixed = winloss.pooled(book, by="segment", mix="Product line").frame
    assert mixed.height == 1
    answer = winloss.mix_and_rate(book, during="2026-02", before="2026-03", by="product_line")
    assert "product_line" in answer.frame["dimension"].to_list()


def test_a_person_is_refused_by_any_name():
    deals = DEALS.with_columns(pl.col("owner").str.to_uppercase().alias("Who made it"))
    deals = deals.with_columns(pl.Series("SDR", ["x"] * N), pl.Series("Mail", ["a@b.nl"] * N))
    book = DealBook.from_frames(deals=deals)
    for name in ("who_made_it", "Who made it", "sdr", "mail"):
        with pytest.raises(RankingRefused):
            winloss.win_rate(book, by=name, definition="closed")
    assert not own(book, "product_line").is_person


def test_half_of_the_cells_decide_who_is_a_person():
    mixed = ["An"] * 19 + ["Zon"] * 21
    assert not own(DealBook.from_frames(deals=DEALS.with_columns(pl.Series("f", mixed))), "f").is_person
    mixed = ["An"] * 20 + ["Zon"] * 20
    assert own(DealBook.from_frames(deals=DEALS.with_columns(pl.Series("f", mixed))), "f").is_person


def test_fields_of_accounts_stand_with_their_deals():
    deals = DEALS.with_columns(account_id=pl.Series(["a", "b"] * 20))
    accounts = pd.DataFrame({"account_id": ["a", "b", "c"], "Sector": ["Zorg", "Bouw", "Rest"], "Seats": [1, 2, 3]})
    book = DealBook.from_frames(deals=deals.with_columns(pl.Series("seats", ["x"] * N)), accounts=accounts)
    frame = winloss.win_rate(book, by="sector", definition="closed").frame
    assert frame.select("sector", "n").sort("sector").rows() == [("Bouw", 20), ("Zorg", 20)]
    assert book.tables["deals"]["account_seats"].to_list() == [1.0, 2.0] * 20
    assert book.tables["accounts"]["seats"].to_list() == [1.0, 2.0, 3.0]


# --- they stay


def test_a_prepared_book_has_them(tmp_path):
    book = DealBook.from_frames(deals=DEALS, own={"deals": {"line": {"column": "Product line", "known": "created"}}})
    kept = kpikit.prepare(book, tmp_path / "book")
    assert kept.own == book.own
    assert kept.tables["deals"].collect().equals(book.tables["deals"])
    assert open_book(tmp_path / "book").own == book.own


def test_what_is_known_when_is_part_of_what_a_book_says(tmp_path):
    hashes = {
        kpikit.prepare(
            DealBook.from_frames(
                deals=DEALS, own={"deals": {"product_line": {"column": "Product line", "known": known}}}
            ),
            tmp_path / known,
        ).hash
        for known in ("created", "end")
    }
    assert len(hashes) == 2


@pytest.mark.parametrize("known", ["created", "end", "offer", "stage:Proposal"])
def test_the_past_knows_of_a_field_what_was_known_then(known):
    deals = pl.DataFrame(
        {
            "deal_id": ["ended", "later", "open"],
            "pipeline": ["New"] * 3,
            "outcome": ["won", "lost", "open"],
            "created_at": ["2026-01-05"] * 3,
            "outcome_at": ["2026-02-01", "2026-04-01", None],
            "offered_at": ["2026-01-20", "2026-03-20", "2026-01-25"],
            "thing": ["x", "y", "z"],
        }
    )
    events = pl.DataFrame(
        {
            "deal_id": ["ended", "ended", "later", "later", "open", "open"],
            "stage": ["Qualify", "Proposal"] * 3,
            "entered_at": ["2026-01-05", "2026-01-20", "2026-01-05", "2026-03-20", "2026-01-05", "2026-01-25"],
        }
    )
    book = DealBook.from_frames(
        deals=deals, stage_events=events, stages=STAGES, own={"deals": {"thing": {"known": known}}}
    )
    then = book.at(datetime(2026, 3, 1, tzinfo=UTC)).tables["deals"]["thing"].to_list()
    assert then == {"created": ["x", "y", "z"], "end": ["x", None, None]}.get(known, ["x", None, "z"])
    assert book.at(book.as_of).tables["deals"]["thing"].to_list() == ["x", "y", "z"]


def test_changes_of_a_field_are_taken_back_by_any_of_its_names():
    changes = pl.DataFrame(
        {
            "deal_id": ["d00", "d01"],
            "field": ["Product line", "product_line"],
            "old": ["Pro", "Pro"],
            "new": ["Basic", "Basic"],
            "changed_at": ["2026-01-20", "2026-01-10"],
        }
    )
    said = {"deals": {"product_line": {"column": "Product line", "known": "created"}}}
    book = DealBook.from_frames(deals=DEALS, changes=changes, own=said)
    then = book.at(datetime(2026, 1, 15, tzinfo=UTC)).tables["deals"]
    assert then["product_line"].to_list()[:3] == ["Pro", "Basic", "Basic"]


def test_the_trusted_door_keeps_them(tmp_path):
    typed = (
        DealBook.from_frames(deals=DEALS)
        .tables["deals"]
        .select("deal_id", "pipeline", "outcome", "created_at", "outcome_at", "owner", "product_line")
    )
    typed = typed.rename({"product_line": "Product line"}).with_columns(
        pl.col("owner").alias("Second"), seats=pl.lit(3), lists=pl.Series([[1]] * N)
    )
    said = {"deals": {"line": {"column": "Product line", "known": "created"}}}
    book = trust(tmp_path / "book", deals=typed.lazy(), own=said, settings=Settings())
    assert {f.name: (f.kind, f.known, f.is_person) for f in book.own} == {
        "line": ("text", "created", False), "second": ("text", "end", True), "seats": ("number", "end", False),
    }  # fmt: skip
    assert [f.values["names"] for f in book.faults if f.rule == "columns_unused"] == ["lists"]
    assert winloss.win_rate(book, by="line", definition="closed").frame["n"].to_list() == [20, 20]


def test_a_book_without_own_fields_is_as_it_was():
    assert kpikit.open_book("demo").own == ()


# --- drivers


def test_a_field_known_early_can_be_a_driver_and_one_of_the_end_cannot():
    deals = DEALS.with_columns(offered_at=pl.lit("2026-01-10"))
    early = DealBook.from_frames(deals=deals, own={"deals": {"line": {"column": "Product line", "known": "created"}}})
    frame = winloss.drivers(early, declared=["line"]).frame
    assert frame["driver"].to_list() == ["line"]
    with pytest.raises(UsageError) as refused:
        winloss.drivers(DealBook.from_frames(deals=deals), declared=["product_line"])
    assert refused.value.code == "own_driver_too_late"


def test_letters_of_any_script_make_a_name():
    assert own_name("Größe") == "größe"
    assert set(own_name("a-b c")) <= set(string.ascii_lowercase + "_")
