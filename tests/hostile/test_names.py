"""No name is an order: teams, stages, owners and segments called like a sentinel, a place or a flag stay names."""

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from kpikit import DealBook
from kpikit.book import of_team, prepare, teams
from kpikit.book.selection import asked_for
from kpikit.cli import private
from kpikit.cli.saying import as_json_text
from kpikit.errors import Refused, UsageError
from kpikit.report.review import quarterly_winloss, team_review
from kpikit.report.runs.index import write_index
from kpikit.report.runs.plan import Order, ask, plan
from kpikit.report.runs.run import run
from kpikit.review.listing.agenda import agenda
from kpikit.session.papers import prepare as papers
from kpikit.words import Words
from tests.hostile.books import AS_OF, PERIOD, book_of, plain
from tests.hostile.names import NAMES

REFUSALS = (Refused, UsageError)


def _book(people: dict[str, int]) -> DealBook:
    """Twelve deals a team, and so many people in it."""
    rows = [
        {"deal_id": f"D{k:03}-{i:02}", "pipeline": "New", "team": team, "owner": f"{k}-{i % n}", "outcome": "won",
         "created_at": AS_OF - timedelta(days=200 - i), "outcome_at": AS_OF - timedelta(days=60 - i)}
        for k, (team, n) in enumerate(people.items()) for i in range(12)
    ]  # fmt: skip
    return DealBook.from_frames(deals=pl.DataFrame(rows), as_of=AS_OF)


@pytest.fixture(scope="module")
def small():
    """Every name as a team of two, beside one of four."""
    return _book({"North": 4, **dict.fromkeys(NAMES, 2)})


@pytest.fixture(scope="module")
def place(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("names") / "book"
    prepare(small, folder)
    return folder


# --- the floor of three ----------------------------------------------------------------------------------------------


def test_there_are_enough_names_and_each_is_a_team(small):
    assert len(set(NAMES)) == len(NAMES) >= 60
    assert len(teams(small)) >= 60


def test_no_team_of_two_has_a_report_by_any_route(small):
    for team in set(teams(small)) - {"North"}:
        with pytest.raises(REFUSALS):
            of_team(small, team)
        with pytest.raises(REFUSALS):
            asked_for(small, team)
        with pytest.raises(REFUSALS):
            quarterly_winloss(small, team=team, period=PERIOD)


@pytest.mark.parametrize("team", ["all", "company", "..", "", "None"])
@pytest.mark.parametrize("report", [team_review, quarterly_winloss])
def test_the_whole_is_nothing_and_a_team_called_all_is_not_it(place, report, team):
    if team == "":
        assert report(str(place), team="", period=PERIOD).title.code in ("header.all", "header.wl.all")
        return
    with pytest.raises(REFUSALS) as told:
        report(str(place), team=team, period=PERIOD)
    assert told.value.code == ("team_or_whole" if team == "all" else "team_too_small")


def test_all_is_the_whole_where_no_team_is_called_so():
    book = _book({"North": 4, "company": 4})
    assert quarterly_winloss(book, period=PERIOD).title.code == "header.wl.all"
    assert quarterly_winloss(book, team="company", period=PERIOD).title.values["team"] == "company"


def test_a_book_without_teams_is_one_team_and_keeps_its_floor():
    rows = _book({"x": 4}).tables["deals"].select("deal_id", "pipeline", "owner", "outcome", "created_at", "outcome_at")
    few = rows.with_columns(owner=pl.when(pl.col("owner") == "0-0").then(pl.lit("a")).otherwise(pl.lit("b")))
    assert quarterly_winloss(DealBook.from_frames(deals=rows, as_of=AS_OF), period=PERIOD).title.code == "header.wl.all"
    with pytest.raises(Refused):
        quarterly_winloss(DealBook.from_frames(deals=few, as_of=AS_OF), period=PERIOD)


def test_the_whole_of_one_team_keeps_its_floor_too(tmp_path):
    with pytest.raises(Refused):
        quarterly_winloss(_book({"Duo": 2}), team="", period=PERIOD)
    prepare(_book({"Duo": 2}), tmp_path / "book")
    record, _ = plan(ask(Order(str(tmp_path / "book"), "team-review", PERIOD, tmp_path / "out", teams=("all",))))
    assert [entry.outcome.status for entry in record.entries.values()] == ["refused"]


def test_a_part_of_a_team_called_all_is_not_told_as_the_company():
    part = of_team(_book({"North": 4, "all": 4}), "all")
    assert asked_for(part, "").team == "all"


# --- folders, record, index -------------------------------------------------------------------------------------------


def test_each_team_has_a_folder_of_its_own_below_the_runs(small, place, tmp_path):
    order = Order(str(place), "team-review", PERIOD, tmp_path / "out")
    record, steps = plan(ask(order))
    assert set(steps) == set(teams(small))
    assert [team for team, step in steps.items() if step.action == "make"] == ["North"]
    folders = [entry.folder for entry in record.entries.values()]
    assert len({folder.casefold() for folder in folders}) == len(folders) == len(steps)
    for folder in folders:
        assert (tmp_path / "out" / folder).resolve().parent == tmp_path / "out"
        assert len(folder) <= 70
        assert folder not in ("all", "con", "nul")  # the first is the whole book's


def test_the_whole_and_the_team_called_all_are_two_reports(place, tmp_path):
    record, steps = plan(ask(Order(str(place), "team-review", PERIOD, tmp_path / "out", teams=("", "North"))))
    assert {team: (step.action, step.entry.folder) for team, step in steps.items()} == {
        "": ("make", "all"), "North": ("make", record.entries["North"].folder),
    }  # fmt: skip
    with pytest.raises(UsageError) as told:
        ask(Order(str(place), "team-review", PERIOD, tmp_path / "out", teams=("all",)))
    assert told.value.code == "team_or_whole"
    assert 'Write "" (nothing) for the whole book' in told.value.sentence()
    assert 'Schrijf "" (niets) voor het hele boek' in told.value.sentence("nl")


def test_record_and_index_hold_names_as_text(place, tmp_path):
    asked = replace(ask(Order(str(place), "team-review", PERIOD, tmp_path / "out")), folder=tmp_path / "out")
    record, _ = plan(asked)
    (tmp_path / "out").mkdir()
    record.save("running")
    write_index(asked, replace_folder(record, tmp_path / "out"))
    assert {path.name for path in (tmp_path / "out").iterdir()} <= {"index.html", "run.json"}


def replace_folder(record, folder):
    """The record, in another folder."""
    record.folder = folder
    record.save("running")
    held = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert {row["team"] for row in held["teams"]} == set(record.entries)
    return record


def test_only_refused_teams_leave_nothing_beside_the_record(place, small, tmp_path):
    wanted = tuple(sorted(set(teams(small)) - {"North", "all"}))
    made = run(Order(str(place), "team-review", PERIOD, tmp_path / "out", teams=wanted))
    assert made.exit_code == 4
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert {path.name for path in made.folder.iterdir()} == {"index.html", "run.json"}


@pytest.mark.parametrize("team", ["all", "company", "..", "--all-teams", "x" * 300])
def test_the_command_line_takes_a_name_for_a_name(place, tmp_path, monkeypatch, capfd, team):
    from kpikit.cli import main

    said = ["kpikit", "report", str(place), f"--team={team}", "--period", PERIOD, "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", said)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == (2 if team == "all" else 4)
    assert "Traceback" not in capfd.readouterr().err
    assert not list(tmp_path.rglob("report.html"))


# --- stages, owners, segments, reasons --------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=range(0, len(NAMES), 30))
def named(request):
    """Names for stages, owners, segments, reasons, competitors and deals; teams of six called by names too."""
    some = (NAMES * 2)[request.param : request.param + 40]

    def text(table, column, i):
        if column in ("team", "stage", "owner"):
            return [one for one in some if one.strip() and one.lower() not in ("none", "null", "nan", "all")][i]
        if column in ("segment", "source", "loss_reason", "competitor", "name", "kind", "role", "industry"):
            return some[i % len(some)]
        return plain(table, column, i)

    return book_of(text)


def test_pages_agenda_and_privacy_take_names_for_names(named, tmp_path):
    for team in teams(named):
        assert team_figures_pages(named, team, tmp_path)
    assert quarterly_winloss(named, period=PERIOD).pages
    assert agenda(named).height
    assert "Traceback" not in "\n".join(private.lines(named, Words("en"), tmp_path / "copy"))
    assert json.loads(as_json_text(private.as_plain(named, tmp_path / "copy")))["fields"]


def team_figures_pages(book, team, folder):
    """The pages of a team's reports, in words."""
    report = quarterly_winloss(book, team=team, period=PERIOD, language="nl", copy="team")
    assert report.title.values == {"team": team}
    prepare(book, folder / "book")
    review = team_review(str(folder / "book"), team=team, period=PERIOD)
    return [part.in_words(one.words) for one in (report, review) for page in one.pages for part in page.sentence]


@pytest.mark.parametrize("persons", ["off", "self"])
def test_papers_stay_in_their_folder_and_none_takes_the_place_of_another(persons, tmp_path, monkeypatch):
    monkeypatch.setattr("kpikit.session.papers.svg", lambda *_, **__: "<svg></svg>")  # what is drawn has no place

    def text(table, column, i):
        return NAMES[i % len(NAMES)] if column in ("name", "owner") else plain(table, column, i)

    book = book_of(text, persons=persons)
    written = papers(book, None, tmp_path / "deep" / "out", Words("en"))
    assert len({str(path).casefold() for path in written}) == len(written) > 1
    for path in written:
        assert path.resolve().is_relative_to(tmp_path / "deep" / "out")
    found = [Path(at) / name for at, _, names in os.walk(tmp_path) for name in names]
    assert sorted(found) == sorted(path.resolve() for path in written)


# --- the log ---------------------------------------------------------------------------------------------------------


def test_a_team_whose_name_ends_like_another_reads_its_own_sessions_only():
    from kpikit.review.team_scope import _is_everybodys, _is_its

    hashes = ["h", "h/North", "h/West/North", "h/North/", "h//North", "h/", None]
    held = pl.DataFrame({"book_hash": hashes})

    def of(which):
        return held.filter(which)["book_hash"].to_list()

    assert of(_is_its("North")) == ["h/North"]
    assert of(_is_its("West/North")) == ["h/West/North"]
    assert of(_is_its("/North")) == ["h//North"]
    assert of(_is_its("North/")) == ["h/North/"]
    assert of(_is_everybodys()) == ["h", None]


def test_a_team_called_like_an_instant_does_not_stop_the_book_from_going_back():
    book = _book({"North": 4, "@2026-07-01T09:00:00Z": 4}).replace(hash="h")
    part = of_team(book, "@2026-07-01T09:00:00Z")
    assert part.at(AS_OF) is not part
    assert part.at(datetime(2026, 6, 1, tzinfo=UTC)).as_of.date() == date(2026, 6, 1)
