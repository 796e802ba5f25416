"""What every public analysis goes through: shapes, statuses, the kind of frame, and the definition's version."""

import inspect
import re
from dataclasses import fields
from importlib import resources
from types import ModuleType

import pandas as pd
import polars as pl
import pytest

from kpikit import velocity, winloss
from kpikit.book import DealBook
from kpikit.kpi import Card, card_of, cards
from kpikit.schema import PERSON_COLUMNS, STATUSES, TABLES
from kpikit.words import Words
from tests.strategies import as_book, spell_rows

LAST = ["unit", "kpi", "definition", "status", "reason"]


def book():
    visits = [(i, 3 + i % 20, ("advance", "lost")[i % 2]) for i in range(60)] + [
        (200 + i, 3 + i % 25, ("advance", "lost")[i % 2]) for i in range(60)
    ]
    return as_book(spell_rows(visits, as_of=400, segment=["big", "small"] * 60, amount=[5.0] * 120))


def answers(which):
    asked = which.settings.period
    return {
        "time_in_stage": velocity.time_in_stage(which, by=["segment"]),
        "exits": velocity.exits(which, by=["segment"]),
        "curves": velocity.curves(which, by=["segment"]),
        "compare": velocity.compare(
            which, during=asked("2026").back(0, 12), before=asked("2026").back(6, 6), by=["segment"]
        ),
        "wins": winloss.wins(which, by=["segment"]),
    }


@pytest.mark.parametrize("name", ["time_in_stage", "exits", "curves", "compare", "wins"])
def test_shape(name):
    frame = answers(book())[name]
    assert frame.columns[0] == "segment"
    assert frame.columns[-5:] == LAST
    assert {"n", "n_excluded", "value", "low", "high"} <= set(frame.columns)
    assert set(frame["status"]) <= set(STATUSES)
    figures = frame.filter(~pl.col("status").is_in(["ok", "not_reached"]))
    assert figures["value"].null_count() == figures.height
    assert frame.filter(status="ok")["value"].null_count() == 0
    assert frame.filter(pl.col("status") != "ok")["reason"].null_count() == 0
    assert frame.filter(status="ok")["reason"].null_count() == frame.filter(status="ok").height
    card = cards()[frame["kpi"][0]]
    assert frame["definition"].unique().to_list() == [card.version]
    found = frame.filter(pl.col("low").is_not_null() & pl.col("value").is_not_null())
    assert (found["low"] <= found["value"] + 1e-9).all()
    found = frame.filter(pl.col("high").is_not_null() & pl.col("value").is_not_null())
    assert (found["high"] >= found["value"] - 1e-9).all()


def test_pandas_in_pandas_out():
    for found in answers(book().replace(answers_in="pandas")).values():
        assert isinstance(found.frame, pd.DataFrame)


def test_the_same_numbers_in_both():
    polars_, pandas_ = (velocity.time_in_stage(b) for b in (book(), book().replace(answers_in="pandas")))
    assert polars_["value"].to_list() == [None if pd.isna(value) else value for value in pandas_["value"]]
    assert polars_["n"].to_list() == pandas_["n"].tolist()
    assert polars_.columns == pandas_.columns.tolist()


def test_by_one_name_is_by_a_list_of_it():
    assert velocity.time_in_stage(book(), by="segment").equals(velocity.time_in_stage(book(), by=["segment"]).frame)


def public(module: ModuleType):
    for name in getattr(module, "__all__", dir(module)):
        value = getattr(module, name)
        if inspect.isfunction(value) and not name.startswith("_") and value.__module__.startswith("kpikit.analysis"):
            first = next(iter(inspect.signature(value).parameters.values()), None)
            if first is not None and first.annotation in ("DealBook", DealBook):
                yield name, value


@pytest.mark.parametrize(("name", "question"), [*public(velocity), *public(winloss)])
def test_every_public_analysis_is_an_answer(name, question):
    _, *rest = inspect.signature(question).parameters.values()
    assert hasattr(question, "kpi"), f"{name} does not go through @answer"
    assert question.kpi in cards()
    named = [p for p in rest if p.name != "deal_id"]  # a question about one deal names it beside the book
    assert all(p.kind is p.KEYWORD_ONLY for p in named), f"{name}: only the book may come without a name"
    assert "as_of" not in {p.name for p in rest}
    assert "persons" not in {p.name for p in rest}


# --- cards and schema ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("card", cards().values(), ids=lambda card: card.id)
def test_a_card_says_everything(card: Card):
    assert card.kind in ("action", "result", "insight")
    assert card.question.endswith("?")
    for name in ("population", "clock", "numerator", "denominator", "unit", "misleads", "gamed", "source"):
        assert len(getattr(card, name)) >= 3, name
    assert card.honest_acts, "privacy.md: every card lists the honest acts that make the figure look worse"
    assert card.version == len(card.changelog)
    assert card.changelog[-1].startswith(f"{card.version}:")
    assert len(card.floor.why) >= 10


def raw(**more):
    """A card as its file has it."""
    cycle = cards()["cycle"]
    return (
        {field.name: getattr(cycle, field.name) for field in fields(cycle)}
        | {"floor": {"n": 10, "why": "as the cycle"}}
        | more
    )


@pytest.mark.parametrize("need", ["chnages", "no_such_column", "deals.no_such_column", "no_such_table.amount", ""])
def test_a_card_with_an_unknown_need_is_refused(need):
    with pytest.raises(ValueError, match=re.escape(f"the card 'cycle' has an unknown need: {need!r}")):
        card_of(raw(needs=["created_at", need]))


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"kind": "score"}, "kind: 'score'"),
        ({"scope": "old"}, "scope: 'old'"),
        ({"floor": {"n": 1, "why": "so", "counts": "sold"}}, "floor.counts: 'sold'"),
    ],
)
def test_a_card_with_a_word_that_is_not_allowed_is_refused(more, what):
    with pytest.raises(ValueError, match=what):
        card_of(raw(**more))


@pytest.mark.parametrize("table", TABLES)
def test_a_book_without_a_table_refuses_in_words(monkeypatch, table):
    lacking = {name: frame for name, frame in book().tables.items() if name not in (table, "deals")}
    deals = book().tables["deals"]
    there = book().replace(tables=lacking | {"deals": deals.clear() if table == "deals" else deals})
    assert refused_in_words(monkeypatch, there, table)


@pytest.mark.parametrize("need", sorted({*TABLES["deals"].names} - {"deal_id", "pipeline", "outcome"}))
def test_a_book_without_a_column_refuses_in_words(monkeypatch, need):
    assert refused_in_words(monkeypatch, book().replace(tables={"deals": lost_deals().drop(need)}), need)
    empty = lost_deals().with_columns(pl.lit(None).alias(need))
    assert refused_in_words(monkeypatch, book().replace(tables={"deals": empty}), f"deals.{need}")


def test_a_column_of_another_table_is_needed_too(monkeypatch):
    bare = book().replace(tables={"deals": lost_deals()})
    assert refused_in_words(monkeypatch, bare, "revenue.amount") == "no_revenue"
    revenue = pl.DataFrame({"account_id": ["a"], "period": [1], "amount": [None]})
    empty = bare.replace(tables={"deals": lost_deals(), "revenue": revenue})
    assert refused_in_words(monkeypatch, empty, "revenue.amount") == "no_column"
    assert refused_in_words(monkeypatch, empty, "revenue.currency") == "no_column"


def lost_deals():
    return book().tables["deals"].with_columns(outcome=pl.lit("lost"))


def refused_in_words(monkeypatch, there: DealBook, need: str) -> str:
    """The one reason for which a question that needs this is refused; it has words in both languages."""
    mended = {**cards(), "cycle": card_of(raw(needs=[need]))}
    monkeypatch.setattr("kpikit.analysis.base.answer.cards", lambda: mended)
    row = velocity.cycle(there).row(0, named=True)
    assert row["status"] == "refused"
    assert all(Words(language).has(f"reason.{row['reason']}") for language in ("en", "nl"))
    return row["reason"]


def test_a_card_is_found_by_the_name_of_its_file():
    files = {f.name.removesuffix(".toml") for f in resources.files("kpikit.kpi").iterdir() if f.name.endswith(".toml")}
    assert files == set(cards())
    assert list(cards()) == sorted(files)  # in the same order on every disk


def test_the_schema_names_persons():
    everywhere = {c.name for table in TABLES.values() for c in table.columns}
    assert everywhere >= PERSON_COLUMNS
    for table in TABLES.values():
        assert len(set(table.names)) == len(table.names)
        assert set(table.key) <= set(table.names)
        for column in table.columns:
            assert column.name.endswith("_at") == (column.kind == "instant") or column.name == "at"
            assert not column.name.startswith("is_") or column.kind == "bool"
            assert not column.name.endswith("_on") or column.kind == "day"
