"""A file without dates: what only counts is answered, what needs a clock is refused in words, in every question."""

import json
from inspect import Parameter, signature

import polars as pl
import pytest
from click.testing import CliRunner

import kpikit
from kpikit import DealBook, winloss
from kpikit.book.fitness.needs import WITHOUT_CLOCK
from kpikit.book.opening import open_book
from kpikit.cli import kpikit as command
from kpikit.kpi import cards
from kpikit.report.review import quarterly_winloss, team_review
from kpikit.words import LANGUAGES, Words

#: 30 won, 40 lost, 5 set aside, 15 open; even numbers are of product A
DEALS = pl.DataFrame(
    {
        "deal_id": [f"d{i}" for i in range(90)],
        "pipeline": ["P"] * 90,
        "outcome": ["won"] * 30 + ["lost"] * 40 + ["void"] * 5 + ["open"] * 15,
        "loss_reason": [None] * 30 + ["price"] * 30 + ["no budget"] * 10 + [None] * 20,
        "owner": ["An", "Bo", "Cy", "Di", "Ed"] * 18,
        "amount": [100.0] * 90,
        "Product": ["A", "B"] * 45,
    }
)


@pytest.fixture
def book():
    return DealBook.from_frames(deals=DEALS)


def test_it_opens_and_says_that_it_has_no_dates(book, tmp_path):
    assert (book.is_dated, repr(book)) == (False, "DealBook: 90 deals, no dates")
    assert kpikit.open_book("demo").is_dated
    kept = kpikit.prepare(book, tmp_path / "book")
    assert not kept.is_dated
    assert not open_book(tmp_path / "book").is_dated


@pytest.mark.parametrize(
    ("definition", "n", "value"),
    [("closed", 70, 30 / 70), ("finished", 75, 30 / 75), ("won_to_lost", 70, 30 / 40), ("value", 70, 30 / 70)],
)
def test_rates_are_counted(book, definition, n, value):
    row = winloss.win_rate(book, definition=definition).frame.to_dicts()[0]
    assert (row["n"], row["value"], row["status"], row["reason"]) == (n, pytest.approx(value), "ok", None)


def test_by_a_field_and_whatever_the_period_all_of_it_counts_and_the_answer_says_so(book):
    frame = winloss.win_rate(book, by="product", definition="closed", during="2026Q2").frame
    assert frame.select("product", "n", "n_events", "reason").sort("product").rows() == [
        ("A", 35, 15, "no_dates_all"), ("B", 35, 15, "no_dates_all"),
    ]  # fmt: skip
    pooled = winloss.pooled(book, by="product").frame
    assert pooled["n"].sum() == 75
    wins = {row["figure"]: row["value"] for row in winloss.wins(book).frame.to_dicts()}
    assert (wins["won"], wins["won_value"]) == (30, 3000)
    reasons = winloss.reasons(book).frame
    assert dict(reasons.select("loss_reason", "n_events").rows()) == {"price": 30, "no budget": 10}


def questions():
    for room in ("winloss", "velocity", "cohorts", "retention", "interviews"):
        module = getattr(kpikit, room)
        for name in module.__all__:
            ask = getattr(module, name)
            if hasattr(ask, "kpi") and "owner" not in signature(ask).parameters:  # a person's own page is not shown
                yield pytest.param(ask, id=f"{room}.{name}")


@pytest.mark.parametrize("ask", list(questions()))
def test_every_question_is_answered_or_refused_in_words(book, ask):
    periods = {"during": "2026Q2", "before": "2026Q1", "deal_id": "d0", "by": "team"}
    given = {
        name: periods[name]
        for name, p in signature(ask).parameters.items()
        if p.default is Parameter.empty and name in periods
    }
    frame = ask(book, **given).frame
    card = frame["kpi"][0] if frame.height else ask.kpi
    if card in WITHOUT_CLOCK:
        assert set(frame["status"]) <= {"ok", "too_few", "suppressed", "refused"}
        return
    assert set(frame["status"]) == {"refused"}
    assert set(frame["reason"]) == {"no_dates"}
    for language in LANGUAGES:
        assert Words(language).has("reason.no_dates")


def test_every_question_of_the_list_is_one():
    assert set(cards()) >= WITHOUT_CLOCK


def test_one_date_makes_it_a_book_with_dates():
    dated = DealBook.from_frames(deals=DEALS.with_columns(created_at=pl.Series(["2026-01-05"] + [None] * 89)))
    assert dated.is_dated
    assert winloss.win_rate(dated, definition="closed").frame["status"].to_list() == ["refused"]
    assert winloss.win_rate(dated, definition="closed").frame["reason"].to_list() == ["no_outcome_at"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make", [team_review, quarterly_winloss])
@pytest.mark.parametrize("copy", ["team", "company"])
def test_both_reports_tell_what_counts(tmp_path, language, make, copy):
    DEALS.write_csv(tmp_path / "deals.csv")
    report = make(tmp_path, period="2026Q2", language=language, copy=copy)
    front, back = report.pages
    assert front.title.values == {"n": 75, "won": 30}  # 30 + 40 + 5
    shown = report["front"]._repr_mimebundle_()["text/plain"]
    assert ("A" in shown) == (copy == "team") or "Product" not in shown
    assert "1970" not in shown + report["back"]._repr_mimebundle_()["text/plain"]
    assert back.id == "back"
    assert report["reasons" if make is quarterly_winloss else "time"] is None


def test_check_says_how_they_stand(tmp_path):
    DEALS.write_csv(tmp_path / "deals.csv")
    told = CliRunner().invoke(command, ["check", str(tmp_path)], standalone_mode=False)
    assert "30 won, 40 lost, 15 open, 5 set aside" in told.output
    assert "1970" not in told.output
    plain = CliRunner().invoke(command, ["check", str(tmp_path), "--json"], standalone_mode=False)
    assert json.loads(plain.output)["as_of"] is None
