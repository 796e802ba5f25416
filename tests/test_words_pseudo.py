"""A language that does not exist, made from English with every letter changed: whatever stays English was never words.

It stands for the third language: French, say, needs a folder of words and nothing else (tests/test_third_language.py).
"""

import json
import re
import shutil
import string

import pytest
from click.testing import CliRunner

import kpikit
from kpikit import errors, languages
from kpikit import words as words_package
from kpikit.analysis.base.coding import of_words
from kpikit.errors import DataError, UsageError
from kpikit.languages import LANGUAGES
from kpikit.report.review import quarterly_winloss, team_review
from kpikit.show.document import index
from kpikit.show.page import message
from kpikit.words import Words
from tests.hostile.test_strings import Reader

PSEUDO = "qq"
_LETTERS = str.maketrans(string.ascii_letters, "àƀçđéƒĝĥîĵķļɱñöþɋřšťûṽŵẋýžÀƁÇĐÉƑĜĤÎĴĶĻṀÑÖÞɊŘŠŤÛṼŴẊÝŽ")
_BLANK = re.compile(r"(\{[^{}]*\})")
#: words that no sentence of ours holds: units, names and dates that the libraries write
_NOT_OURS = of_words(
    """january february march april may june july august september october november december jan feb mar apr jun jul
    aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday and eur kpikit crm html json csv
    toml hubspot excel pdf utc"""
)


def changed(form: str) -> str:
    """A sentence in the language that does not exist; its blanks are left alone."""
    return "⟦" + "".join(p if p.startswith("{") else p.translate(_LETTERS) for p in _BLANK.split(form)) + "⟧"


@pytest.fixture(scope="module")
def pseudo(tmp_path_factory):
    """The package with a third language."""
    with pytest.MonkeyPatch.context() as patch:
        english = words_package._catalogue("en")
        made = {code: tuple(changed(form) for form in forms) for code, forms in english.items()}
        real = words_package._catalogue
        patch.setattr(words_package, "_catalogue", lambda language: made if language == PSEUDO else real(language))
        folder = tmp_path_factory.mktemp("languages") / "words"
        shutil.copytree(languages.FOLDER, folder)
        shutil.copytree(folder / "en", folder / PSEUDO)
        patch.setattr(languages, "FOLDER", folder)
        patch.setattr(errors, "LANGUAGES", (*LANGUAGES, PSEUDO))
        yield PSEUDO
    languages.language.cache_clear()


def vocabulary(book) -> set[str]:
    """Every word that stands in a book itself."""
    found = set()
    for frame in book.tables.values():
        for name, dtype in frame.lazy().collect_schema().items():
            found |= {name.casefold()}
            if dtype == kpikit.book.deal_book.pl.String:
                texts = frame.lazy().select(name).unique().collect()[name].drop_nulls().to_list()
                found |= {word.casefold() for text in texts for word in re.findall(r"[A-Za-z]+", text)}
        found |= set(frame.lazy().collect_schema().names())
    return found


def english(text: str, allowed: set[str]) -> list[str]:
    """Runs of plain letters that are neither ours in the third language nor the book's nor a library's."""
    words = re.findall(r"(?<![\w/.@-])[A-Za-z]{3,}(?![\w/@-]|\.\w)", text)
    return sorted({word for word in words if word.casefold() not in allowed})


def visible(html: str) -> str:
    reader = Reader(html)
    described = re.findall(r'(?:aria-label|title|alt|data-label)="([^"]*)"', html)
    return "\n".join([*reader.text, *described])


def test_the_third_language_changes_every_letter():
    assert changed("Half within {n} days ({low:range})") == "⟦Ĥàļƒ ŵîťĥîñ {n} đàýš ({low:range})⟧"
    assert english("⟦Ĥàļƒ⟧ of them, Qualify", {"qualify"}) == ["them"]


@pytest.mark.slow
@pytest.mark.parametrize("which", [team_review, quarterly_winloss])
@pytest.mark.parametrize("copy", ["team", "company"])
def test_no_page_of_a_report_stays_english(pseudo, demo, which, copy):
    report = which("demo", team="North", period="FY2026Q2", language=pseudo, copy=copy)
    allowed = vocabulary(demo) | _NOT_OURS
    left = {}
    for page in report.pages:
        bundle = report[page.id]._repr_mimebundle_()
        left[page.id] = english(visible(bundle["text/html"]) + bundle["text/plain"], allowed)
    heading = report._repr_mimebundle_()
    left["heading"] = english(visible(heading["text/html"]), allowed)
    assert {name: words for name, words in left.items() if words} == {}


def test_the_index_does_not_stay_english(pseudo):
    said = message("index.title", period=kpikit.open_book("demo").settings.period("FY2026Q2"))
    row = {"team": "⟦⟧", "link": "a/report.html", "finding": message("index.failed"), "figures": (), "made_on": None}
    row |= {
        "links": [(f"index.link.{name}", "a/x") for name in ("html", "pdf", "xlsx", "summary", "notebook", "failed")]
    }
    row |= {"warnings": (message("index.restated", n=2), message("index.stopped", cell=3, reason="⟦⟧"))}
    rows = [row | {"status": status} for status in ("ok", "failed", "refused", "pending")]
    html = index(Words(pseudo), title=said, lines=(message("header.copy.team"),), rows=rows)
    assert english(visible(html), _NOT_OURS) == []


@pytest.fixture
def badly_filled(tmp_path):
    (tmp_path / "deals.csv").write_text(
        "deal_id,pipeline,outcome,created_at,amount\na,New,open,2026-01-05,12x\n,New,won,2026-99-05,3\nb,New,,x,1\n",
        encoding="utf-8",
    )
    return tmp_path


def said_by(*arguments: str) -> str:
    from kpikit.cli import kpikit as command

    done = CliRunner().invoke(command, [*arguments, "--lang", PSEUDO])
    if isinstance(done.exception, (UsageError, DataError)):
        return done.output + done.exception.sentence(PSEUDO)
    return done.output


#: what the commands say about a book: names of commands, columns, files and settings stay
_COMMANDS = of_words(
    """new open won lost void stage stages team people segment source amount currency created deals deal accounts
    activities contacts interviews notes revenue rates happenings changes criteria owner true false none file self off
    check report init months log keep correct export forget privacy agreement persons north south east west all pip
    install python utf"""
)  # fmt: skip


@pytest.mark.parametrize("command", ["check", "privacy"])
def test_a_command_about_a_book_does_not_stay_english(pseudo, demo, command):
    said = said_by(command, "demo")
    assert "⟦" in said
    assert english(said, vocabulary(demo) | _NOT_OURS | _COMMANDS) == []


def test_faults_of_a_bad_export_do_not_stay_english(pseudo, badly_filled):
    said = said_by("check", str(badly_filled))
    assert "⟦" in said
    assert english(said, _NOT_OURS | _COMMANDS | {"outcome"}) == []


def test_init_does_not_stay_english(pseudo, root, tmp_path):
    files = [str(root / "data" / "demo" / f"{name}.csv") for name in ("deals", "stage_events", "stages")]
    said = said_by("init", *files, "--yes", "--out", str(tmp_path / "made"))
    assert "⟦" in said
    book = vocabulary(kpikit.open_book("demo")) | _NOT_OURS | _COMMANDS
    assert english(said.replace(str(tmp_path), ""), book) == []


def test_errors_do_not_stay_english(pseudo):
    for error in (UsageError("period", period="Q9"), UsageError("language", language="xx", allowed="en, nl")):
        assert english(error.sentence(pseudo), set()) == []


# --- ready for a third language --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "n", "one"), [
    ("en_GB", 0, False), ("en_GB", 1, True), ("en_GB", 2, False), ("nl_NL", 0, False), ("nl_NL", 1, True),
    ("fr_FR", 0, True), ("fr_FR", 1, True), ("fr_FR", 2, False),
])  # fmt: skip
def test_singular_and_plural_as_each_language_has_them(locale, n, one):
    assert words_package._is_one(locale, n) is one


def test_words_in_charts_may_hold_an_apostrophe():
    """French has one in every other sentence: no expression of a chart may end at it."""
    from kpikit.show.charts.cohorts import _lookup

    assert json.loads(re.fullmatch(r"\((.*)\)\[datum\.value\]", _lookup({"now": "d'avant"}))[1]) == {"now": "d'avant"}
