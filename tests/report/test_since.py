"""Figures restated since an earlier report: found where a book was changed by hand, and nowhere else."""

import csv
import json
from datetime import UTC, datetime

import pytest

import kpikit
from kpikit.book.basis import basis
from kpikit.errors import UsageError
from kpikit.report.figures import restated as since
from kpikit.report.review import quarterly_winloss, team_review
from kpikit.report.runs.run import Order, run
from tests.report.books import write_book

pytestmark = pytest.mark.slow

THEN, NOW = "2026Q1", "2026Q2"
#: the first quarter of 2026 on Amsterdam's days
FIRST, NEXT = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)


def _deals(folder):
    with (folder / "deals.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(folder, deals):
    with (folder / "deals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, deals[0].keys())
        writer.writeheader()
        writer.writerows(deals)


def _in_the_quarter(deal):
    return deal["outcome_at"] and FIRST <= datetime.fromisoformat(deal["outcome_at"]) < NEXT


@pytest.fixture
def folder(tmp_path):
    return write_book(tmp_path / "book", {"North": (300, 4)})


@pytest.fixture
def by_hand(folder):
    """Won in the quarter, and worth: counted in the file itself."""
    won = [deal for deal in _deals(folder) if deal["outcome"] == "won" and _in_the_quarter(deal)]
    return len(won), sum(int(deal["amount"]) for deal in won)


def _prepared(folder, name):
    return kpikit.prepare(kpikit.open_book(folder), folder.parent / name)


def _record(folder, book, report=team_review):
    """What a run on the first quarter leaves, as far as it is read."""
    seen = book.settings.period(THEN).end
    figures = json.loads(json.dumps(report(book_path(book, folder), team="North", period=THEN).facts["figures"]))
    about = {"hash": book.hash, "as_of": book.as_of.isoformat(), "seen": seen.isoformat(), "basis": basis(book, seen)}
    path = folder.parent / "run.json"
    path.write_text(json.dumps({"period": THEN, "book": about, "teams": [{"team": "North", "figures": figures}]}))
    return path


def book_path(book, folder):
    """Where a prepared book stands."""
    return next(path.parent for path in folder.parent.glob("*/kpikit-book.json") if book.hash in path.read_text())


def _restated(folder, book, record, report=team_review, **more):
    made = report(book_path(book, folder), team="North", period=NOW, since=str(record), **more)
    return made, {(row["figure"], row["stage"]): row for row in made.facts["restated"]}


@pytest.mark.parametrize("report", [team_review, quarterly_winloss])
def test_the_same_book_a_quarter_later_restates_nothing(folder, by_hand, report):
    book = _prepared(folder, "then")
    record = _record(folder, book, report)
    kept = {row["figure"]: row["value"] for row in json.loads(record.read_text())["teams"][0]["figures"]}
    assert (kept["won"], kept["won_value"]) == by_hand
    made, found = _restated(folder, book, record, report)
    assert found == {}
    heading, (said,) = made["back"].page.details[0]
    assert heading.code == "back.restated"
    assert said.in_words(made.words) == "Every figure kept of the report on Q1 2026, Jan–Mar 2026 is still the same."


def test_a_corrected_outcome_is_told_then_and_now(folder, by_hand):
    """One deal lost in the quarter was won after all: one more, and its price."""
    record = _record(folder, _prepared(folder, "then"))
    deals = _deals(folder)
    changed = next(deal for deal in deals if deal["outcome"] == "lost" and _in_the_quarter(deal))
    changed["outcome"] = "won"
    _write(folder, deals)
    made, found = _restated(folder, _prepared(folder, "now"), record, language="nl")
    won, worth = found["won", None], found["won_value", None]
    n, sum_then = by_hand
    assert (won["value"], won["now"]["value"], won["why"]) == (n, n + 1, "data")
    assert (worth["value"], worth["now"]["value"]) == (sum_then, sum_then + int(changed["amount"]))
    heading, (table,) = made["back"].page.details[0]
    assert heading.in_words(made.words) == "Anders dan de vorige keer"
    first = [cell.in_words(made.words) for cell in table.rows[0]]
    assert first == ["gewonnen klanten", "jan–mrt 2026", f"{n} deals", f"{n + 1} deals", WHY_DUTCH]


WHY_DUTCH = "er sindsdien deals zijn ingevoerd, verbeterd of verwijderd"


def test_what_was_recorded_late_is_told_as_that(folder, by_hand):
    """The book is the same; a deal won in the quarter was only entered after it."""
    deals = _deals(folder)
    late = next(deal for deal in deals if deal["outcome"] == "won" and _in_the_quarter(deal))
    for deal in deals:
        deal["recorded_at"] = "2026-04-20T10:00:00Z" if deal is late else ""
    _write(folder, deals)
    book = _prepared(folder, "then")
    _, found = _restated(folder, book, _record(folder, book))
    won = found["won", None]
    assert (won["value"], won["now"]["value"], won["why"]) == (by_hand[0] - 1, by_hand[0], "late")


def test_a_new_definition_is_told_as_that_and_only_if_the_figure_is_another(folder, by_hand):
    book = _prepared(folder, "then")
    record = _record(folder, book)
    told = json.loads(record.read_text())
    for figure in told["teams"][0]["figures"]:
        figure["definition"] = 0
        figure["value"] += figure["figure"] == "won"
    record.write_text(json.dumps(told))
    _, found = _restated(folder, book, record)
    assert {key: row["why"] for key, row in found.items()} == {("won", None): "definition"}


def test_a_stage_that_is_no_longer_there_can_no_longer_be_told(folder):
    record = _record(folder, _prepared(folder, "then"))
    assert '"Written offer"' in record.read_text()
    for name in ("stages.csv", "stage_events.csv"):
        path = folder / name
        path.write_text(path.read_text().replace("Written offer", "Quote"))
    made, found = _restated(folder, _prepared(folder, "now"), record)
    assert found["median", "Written offer"]["now"] is None
    assert ("median", "First talk") not in found
    _, (table,) = made["back"].page.details[0]
    assert "can no longer be told" in [cell.in_words(made.words) for cell in table.rows[0]]


def test_a_team_that_the_earlier_run_did_not_have(folder):
    book = _prepared(folder, "then")
    record = _record(folder, book)
    record.write_text(record.read_text().replace('"team": "North"', '"team": "South"'))
    made, found = _restated(folder, book, record)
    assert found == {}
    assert [one.code for one in made["back"].page.details[0][1]] == ["basis.absent"]


@pytest.mark.parametrize("text", ["", "{}", '{"period": "2026Q1", "book": {}, "teams": []}', '{"teams": [{}]}', "[]"])
def test_what_is_no_record_is_refused(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UsageError, match=r"is not the run\.json of a run"):
        since.read(tmp_path / "run.json")
    with pytest.raises(UsageError, match=r"is not the run\.json of a run"):
        since.read(tmp_path / "none.json")


def test_a_whole_run_after_another(folder):
    """The record, the index and the notebook; the notebook knows no path."""
    out = folder.parent / "out"
    first = run(Order(str(folder), "team-review", THEN, out))
    deals = _deals(folder)
    next(deal for deal in deals if deal["outcome"] == "lost" and _in_the_quarter(deal))["outcome"] = "won"
    _write(folder, deals)
    second = run(Order(str(folder), "team-review", NOW, out, since=first.folder / "run.json"))
    (north,) = json.loads((second.folder / "run.json").read_text())["teams"]
    assert {row["figure"] for row in north["restated"]} >= {"won", "won_value"}
    assert "of the earlier report are others now" in (second.folder / "index.html").read_text(encoding="utf-8")
    assert "Restated since last time" in (second.folder / "north" / "report.html").read_text(encoding="utf-8")
    notebook = (second.folder / "north" / "report.ipynb").read_text(encoding="utf-8")
    assert 'since = \\"since.json\\"' in notebook
    assert str(folder.parent) not in notebook
    with pytest.raises(UsageError, match="which ends after 2026Q1"):
        run(Order(str(folder), "team-review", THEN, folder.parent / "other", since=second.folder / "run.json"))
