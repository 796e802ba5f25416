"""What two runs rest on: said in the report, the index and at the command line where it differs, and never joined."""

import json
import re
import shutil

import pytest
from click.testing import CliRunner

from kpikit.cli import kpikit as command
from kpikit.errors import UsageError
from kpikit.report.review import quarterly_winloss, team_review
from kpikit.report.runs.run import Order, run
from kpikit.words import Words
from tests.report.books import SETTINGS, write_book
from tests.report.own_templates import SHOWN, write_template

pytestmark = pytest.mark.slow

THEN, NOW = "2026Q1", "2026Q2"
TEAMS = {"North": (90, 4), "South": (90, 4)}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A book and a run on its first quarter, in one zone and with one fiscal year."""
    folder = tmp_path_factory.mktemp("basis")
    write_book(folder / "book", TEAMS)
    write_template(folder / "own.ipynb", "1", SHOWN)
    run(Order(str(folder / "book"), "team-review", THEN, folder / "then", teams=("North", "")))
    run(_order(folder))
    return folder


@pytest.fixture
def place(begun, tmp_path):
    shutil.copytree(begun, tmp_path / "place")
    return tmp_path / "place"


def _order(place, **more):
    given = {"template": str(place / "own.ipynb"), "out": place / "out"} | more
    return Order(str(place / "book"), period=NOW, **given)


def _set(place, text):
    (place / "book" / "kpikit.toml").write_text(text, encoding="utf-8")


def _rename(place, was, now):
    path = place / "book" / "deals.csv"
    path.write_text(re.sub(rf"(?m)^(D\d+),{was},", rf"\1,{now},", path.read_text(encoding="utf-8")), encoding="utf-8")


def _since(place, report=team_review, team="North", language="en"):
    """The part of a later report that tells what is another, in words; and the figures that it calls others."""
    record = place / "then" / THEN / "run.json"
    made = report(place / "book", team=team, period=NOW, since=str(record), language=language)
    heading, said = made["back"].page.details[0]
    assert heading.code == "back.restated"
    return [one.in_words(made.words) if hasattr(one, "in_words") else "a table" for one in said], made.facts["restated"]


SAME = "Every figure kept of the report on Q1 2026, Jan–Mar 2026 is still the same."
APART = "So the earlier figures are not held against these."


def test_a_run_writes_down_what_its_figures_rest_on(place):
    record = json.loads((place / "then" / THEN / "run.json").read_text(encoding="utf-8"))
    rests = record["book"]["basis"]
    assert (rests["time_zone"], rests["fiscal_year_starts"], rests["currency"]) == ("Europe/Amsterdam", 4, "EUR")
    assert list(rests["teams"]) == ["North", "South"]
    assert rests["seen"] == record["book"]["seen"]
    assert [row["team"] for row in record["teams"]] == ["", "North"]  # the whole is called by nothing


@pytest.mark.parametrize("team", ["North", "", "all"])
@pytest.mark.parametrize("report", [team_review, quarterly_winloss])
def test_where_nothing_is_another_all_is_held_against_all(place, report, team):
    assert _since(place, report, team) == ([SAME], ())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (SETTINGS.replace("Europe/Amsterdam", "UTC"), "Counted in the time zone UTC now; before, in Europe/Amsterdam."),
        (SETTINGS.replace("= 4", "= 1"), "The fiscal year begins in month 1 now; before, in month 4."),
        (SETTINGS.replace("EUR", "USD"), "Amounts are in USD now; before, in EUR."),
        (
            SETTINGS + "holidays = [2026-01-01]\n",
            "Days off are others now. New ones of that time: 2026-01-01; none any more: none.",
        ),
        (SETTINGS + 'bin = "hour"\n', "Time is counted by hour now; before, by day."),
    ],
)  # fmt: skip
def test_another_setting_is_said_and_no_figure_is_held_against_another(place, settings, said):
    _set(place, settings)
    assert _since(place) == ([said, APART], ())
    assert _since(place, team="") == ([said, APART], ())


def test_it_is_said_in_dutch_too(place):
    _set(place, SETTINGS.replace("Europe/Amsterdam", "UTC"))
    assert _since(place, language="nl")[0] == [
        "Nu geteld in de tijdzone UTC; eerder in Europe/Amsterdam.",
        "Daarom worden de eerdere cijfers niet met deze vergeleken.",
    ]


def test_the_earlier_period_is_named_by_the_fiscal_year_it_was_counted_by(place):
    """FY2025Q4 began in January 2026 then; with a year that begins in January it would end in December 2025."""
    path = place / "then" / THEN / "run.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"period": "2026Q1"', '"period": "FY2025Q4"'))
    _set(place, SETTINGS.replace("= 4", "= 1"))
    made = team_review(place / "book", team="North", period=NOW, since=str(path))
    assert [one.code for one in made["back"].page.details[0][1]] == ["basis.fiscal_year_starts", "basis.apart"]
    _set(place, SETTINGS.replace("= 4", "= 2"))  # FY2025Q4 is then November to January
    with pytest.raises(UsageError, match="FY2025Q4"):
        run(Order(str(place / "book"), "team-review", "2025Q4", place / "x", since=path))


def test_teams_that_were_merged_are_named_and_not_joined(place):
    _rename(place, "South", "North")
    said, figures = _since(place)
    assert said == [
        "Teams are others now. The same deals were then with North and South; now they are with North.", APART
    ]  # fmt: skip
    assert figures == ()
    said, _ = _since(place, team="")  # the whole book has the same deals as before
    assert said == [said[0], SAME]


def test_a_team_that_was_renamed_has_no_earlier_report(place):
    _rename(place, "North", "Noord")
    said, figures = _since(place, team="Noord")
    assert said == [
        "Teams are others now. The same deals were then with North; now they are with Noord.",
        "The earlier run has no report on this team, so there is nothing to hold against this one.",
    ]
    assert figures == ()


def test_a_team_called_all_is_not_held_against_the_whole_of_before(place):
    _rename(place, "South", "all")
    record = str(place / "then" / THEN / "run.json")
    made = team_review(place / "book", team="", period=NOW, since=record)
    assert [one.code for one in made["back"].page.details[0][1]] == ["basis.teams", "back.restated.none"]
    made = run(_order(place, out=place / "new", template="team-review", since=place / "then" / THEN / "run.json",
                      teams=("North", "")))  # fmt: skip
    assert {outcome.team: len(outcome.restated) for outcome in made.outcomes} == {"": 0, "North": 0}


def test_a_record_without_it_is_said_to_be_unknown(place):
    path = place / "then" / THEN / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["book"]["basis"]
    path.write_text(json.dumps(record))
    said, _ = _since(place)
    assert said[0].startswith("How the earlier figures were counted")
    assert said[1:] == [SAME]


def test_the_index_and_the_command_say_it(place):
    _set(place, SETTINGS.replace("Europe/Amsterdam", "Europe/Brussels"))
    record = str(place / "then" / THEN / "run.json")
    for language, said in (
        ("en", "Counted in the time zone Europe/Brussels now; before, in Europe/Amsterdam."),
        ("nl", "Nu geteld in de tijdzone Europe/Brussels; eerder in Europe/Amsterdam."),
    ):
        out = place / language
        order = [
            "report",
            str(place / "book"),
            "--team",
            "North",
            "--period",
            NOW,
            "--out",
            str(out),
            "--since",
            record,
        ]
        done = CliRunner().invoke(command, [*order, "--lang", language])
        assert done.exit_code == 0, done.output
        assert said in done.output
        index = (out / NOW / "index.html").read_text(encoding="utf-8")
        page = (out / NOW / "north" / "report.html").read_text(encoding="utf-8")
        apart = Words(language).say("basis.apart")
        assert [said in text and apart in text for text in (index, page)] == [True, True]


# --- a folder in which a run stood -----------------------------------------------------------------------------------


def _index(place):
    return (place / "out" / NOW / "index.html").read_text(encoding="utf-8")


def test_a_run_that_goes_on_with_other_settings_says_so_and_keeps_nothing(place):
    assert "rested on something else" not in _index(place)
    _set(place, SETTINGS.replace("Europe/Amsterdam", "UTC"))
    made = run(_order(place, going_on="resume"))
    assert made.kept == ()
    assert "The run that stood in this folder rested on something else; every report was made anew." in _index(place)
    assert "Counted in the time zone UTC now; before, in Europe/Amsterdam." in _index(place)
    again = run(_order(place, going_on="resume"))
    assert (set(again.kept), again.notices) == ({"North", "South"}, ())
    assert "rested on something else" not in _index(place)


def test_a_team_that_is_none_any_more_leaves_the_folder_and_that_is_said(place):
    (place / "out" / NOW / "south" / "mine.txt").write_text("somebody's own")
    _rename(place, "South", "North")
    run(_order(place, going_on="resume"))
    folder = place / "out" / NOW
    assert "No longer a team of this book: South." in _index(place)
    assert [path.name for path in (folder / "south").iterdir()] == ["mine.txt"]
    assert (folder / "north" / "report.html").exists()
    assert [row["team"] for row in json.loads((folder / "run.json").read_text())["teams"]] == ["North"]


def test_a_folder_named_in_a_record_lies_in_the_run_s_own(place):
    """A record that was changed takes nothing away elsewhere."""
    other = place / "elsewhere"
    other.mkdir()
    (other / "report.html").write_text("somebody's own")
    path = place / "out" / NOW / "run.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"folder": "south"', '"folder": "../../elsewhere"'))
    _rename(place, "South", "North")
    run(_order(place, going_on="resume"))
    assert (other / "report.html").read_text() == "somebody's own"


def test_only_failed_does_not_mix_two_definitions(place):
    path = place / "out" / NOW / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["book"]["basis"]["definitions"]["wins"] += 1
    path.write_text(json.dumps(record))
    with pytest.raises(UsageError, match=r"other definitions \(wins\)"):
        run(_order(place, going_on="failed"))
    made = run(_order(place, going_on="resume"))
    assert [notice.code for notice in made.notices] == ["basis.made_anew", "basis.definitions"]
