"""Olist's marketing funnel through its kpikit.toml: known figures, each trap said, two notations that are one book."""

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from kpikit import DataError, cohorts, open_book, velocity, winloss
from kpikit.start.starting import start
from kpikit.words import Words


@pytest.fixture(scope="module")
def book(real):
    return open_book(real / "olist.toml")


@pytest.fixture(scope="module")
def facts(shared_data):
    """mql_id → (first contact, won or None, origin), from the ISO files by Python's own reader."""

    def rows(name):
        with (shared_data / "olist" / f"olist_{name}_dataset_iso.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    won = {row["mql_id"]: datetime.fromisoformat(row["won_date"]) for row in rows("closed_deals")}
    return {
        row["mql_id"]: (datetime.fromisoformat(row["first_contact_date"]), won.get(row["mql_id"]), row["origin"])
        for row in rows("marketing_qualified_leads")
    }


def finding(book, code, subject=None):
    rows = book.fitness().filter(code=code).to_dicts()
    return next((r for r in rows if subject in (None, r["subject"])), None)


def test_leads_and_wins(book, facts):
    deals = book.tables["deals"]
    assert deals.height == len(facts) == 8_000
    assert dict(deals["outcome"].value_counts().iter_rows()) == {"won": 842, "open": 8_000 - 842}
    assert book.dropped.is_empty()
    rate = winloss.win_rate(book, definition="created").to_dicts()[0]
    assert rate["value"] == pytest.approx(0.10525, abs=1e-9)  # 842 / 8,000


def test_days_from_first_contact_to_winning(book, facts):
    won = book.tables["deals"].filter(outcome="won")
    days = (won["outcome_at"] - won["created_at"]).dt.total_seconds() / 86_400
    assert days.median() == pytest.approx(14.7, abs=0.05)
    assert days.max() == pytest.approx(428, abs=0.5)
    assert days.min() == pytest.approx(-1.18, abs=0.005)
    assert (days < 0).sum() == 1
    theirs = sorted((end - begin) / timedelta(days=1) for begin, end, _ in facts.values() if end)
    # minutes against seconds; a Brazilian summer hour may lie between begin and end
    assert days.sort().to_list() == pytest.approx(theirs, abs=1 / 24 + 1e-3)


def test_the_win_before_its_first_contact_is_said_and_counts(book, facts):
    odd = [deal for deal, (begin, end, _) in facts.items() if end and end < begin]
    said = [fault for fault in book.faults if fault.rule.startswith("outcome_before_")]
    assert {(fault.rule, fault.n) for fault in said} == {
        ("outcome_before_created", 1),
        ("outcome_before_first_contact", 1),
    }
    row = list(facts).index(odd[0]) + 2  # the header is row 1
    assert {fault.row for fault in said} == {row}
    assert book.tables["deals"].filter(deal_id=odd[0])["outcome"].to_list() == ["won"]


def test_no_win_before_december_2017_so_2017_is_left_truncated(book, facts):
    first = min(end for _, end, _ in facts.values() if end).date()
    found = finding(book, "outcomes_start")
    assert first == date(2017, 12, 5)
    assert (found["status"], found["at"]) == ("look", first)
    assert found["n"] == sum(begin.date() < first for begin, _, _ in facts.values())


def test_no_lost_date_so_the_rest_are_open(book, facts):
    assert book.tables["deals"].filter(pl.col("outcome") == "lost").is_empty()
    # the cycle's curve takes them as going on, not as lost
    rows = {row["figure"]: row for row in velocity.cycle(book, horizon=180).to_dicts()}
    within = [end - begin for begin, end, _ in facts.values() if end and end >= begin]
    assert rows["won"]["n_events"] == sum(days < timedelta(days=180) for days in within)
    assert rows["lost"]["status"] != "ok"


def test_blank_origins_beside_those_called_unknown(book, facts):
    origins = Counter(origin for _, _, origin in facts.values())
    assert (origins[""], origins["unknown"]) == (60, 1_099)
    sources = book.tables["deals"]["source"]
    assert (sources.null_count(), (sources == "unknown").sum()) == (60, 1_099)
    assert finding(book, "empty", "deals.source")["n"] == 60
    said = finding(book, "nothing_said", "deals.source")
    nothing = origins["unknown"] + origins["other"]
    assert (said["status"], said["n"], said["of"], said["example"]) == ("look", nothing, 8_000 - 60, "unknown")


def test_every_instant_is_the_files_own_in_sao_paulo(book, facts):
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("America/Sao_Paulo")
    for deal, created, ended in (
        book.tables["deals"].select("deal_id", "created_at", "outcome_at").head(2_000).iter_rows()
    ):
        begin, end, _ = facts[deal]
        # a midnight that the clock skips is the day's first instant, an hour later
        assert created in (
            begin.replace(tzinfo=zone),
            (begin + timedelta(hours=1)).replace(tzinfo=zone).astimezone(UTC),
        )
        if end:
            assert ended == end.replace(tzinfo=zone, second=0)


def test_both_notations_are_one_book_to_the_minute(real, shared_data, tmp_path, book):
    text = (real / "olist.toml").read_text(encoding="utf-8")
    text = text.replace("../../../shared/data", shared_data.resolve().as_posix()).replace(
        "_dataset.csv", "_dataset_iso.csv"
    )
    (tmp_path / "olist.toml").write_text(text, encoding="utf-8")
    other = open_book(tmp_path / "olist.toml")
    minutes = [b.tables["deals"].with_columns(pl.col(pl.Datetime).dt.truncate("1m")) for b in (book, other)]
    assert minutes[0].equals(minutes[1])
    # the ISO files have seconds, the others none: their last instants lie within one minute
    assert timedelta(0) <= other.as_of - book.as_of < timedelta(minutes=1)
    assert [(fault.rule, fault.row, fault.n) for fault in other.faults] == [(f.rule, f.row, f.n) for f in book.faults]
    findings = [b.fitness() for b in (book, other)]
    assert findings[0].drop("example").equals(findings[1].drop("example"))


def test_init_cannot_guess_it_and_says_so(shared_data, tmp_path, speaks):
    # no column says won or open: that a lead stands in the other file is what says it, and no guess is made of that
    files = sorted((shared_data / "olist").glob("*dataset.csv"))
    with pytest.raises(DataError) as refused:
        start(files, tmp_path, lambda *asked: asked[2], Words("en"))
    assert speaks(refused.value) == {"no_deals_found"}
    assert list(tmp_path.iterdir()) == []


def test_cohorts_before_ends_are_known_are_refused(book, facts):
    cells = cohorts.triangle(book)
    first = cells.filter(age=1)
    # one win lies before its first contact and has no age
    assert first["n"].sum() + first["n_excluded"].sum() == 8_000
    assert first["n_excluded"].sum() == 1
    early = cells.filter(pl.col("cohort") < date(2018, 1, 1))
    assert early["cohort"].n_unique() == 3
    assert early.select("status", "reason").unique().rows() == [("refused", "outcomes_start_later")]
    assert early["value"].null_count() == early.height
    later = cells.filter(pl.col("cohort") >= date(2018, 1, 1))
    assert "refused" not in later["status"].to_list()
    begun = [begin for begin, _, _ in facts.values() if begin.date() >= date(2018, 1, 1)]
    assert later.filter(age=1)["n"].sum() + later.filter(age=1)["n_excluded"].sum() == len(begun)
    curves = cohorts.win_curves(book, by="month")
    assert curves.filter(status="refused")["cohort"].max() == date(2017, 12, 1)
    assert curves.filter(status="ok")["cohort"].min() == date(2018, 1, 1)
    # every win is in a last cell: 842, less the one without an age
    won = cells.sort("age").group_by("cohort").last()["n_events"].sum()
    assert won == 841


def test_the_newest_quarter_is_never_compared_with_those_before_ends_are_known(book):
    # at the end of March 2018 nothing had been followed long enough to see that ends begin in December 2017
    early = cohorts.newest(book.at(datetime(2018, 4, 1, tzinfo=UTC)))
    assert early["value"].to_list() == [None]
    later = cohorts.newest(book).row(0, named=True)
    assert later["usual_from"] == date(2018, 1, 1)
