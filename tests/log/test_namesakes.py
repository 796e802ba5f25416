"""Spellings of a name: offered with the command that reaches each, never missed and never forgotten unasked."""

import re
import string
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpikit.log.entries import Entry
from kpikit.log.namesakes import PARTICLES, namesakes
from kpikit.review import open_log


def row(text=None, author=None, owner=None):
    return {"text": text, "author": author, "owner": owner}


def spelled(name, *rows):
    return [one.spelling for one in namesakes(rows, name)]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Piet Jansen", "Then Piet  Jansen said", "Piet  Jansen"),
        ("Piet Jansen", "Then PIET JANSEN said", "PIET JANSEN"),
        ("Piet Jansen", "Ask Jansen, Piet first", "Jansen, Piet"),
        ("Piet Jansen", "Ask Jansen Piet first", "Jansen Piet"),
        ("Jansen, Piet", "Ask Piet Jansen first", "Piet Jansen"),
        ("Piet Jansen", "Ask P. Jansen", "P. Jansen"),
        ("Piet Jansen", "Ask P Jansen", "P Jansen"),
        ("Piet Jansen", "Ask Jansen, P.", "Jansen, P"),
        ("Piet Jansen", "Ask Piet J. first", "Piet J."),
        ("Piet Jansen", "PJ asked", "PJ"),
        ("Piet Jansen", "P.J. asked", "P.J."),
        ("Piet Jansen", "cc piet.jansen@example.com", "piet.jansen@example.com"),
        ("Piet Jansen", "cc <PJansen@example.com>", "PJansen@example.com"),
        ("Piet Jansen", "cc jansen_p2@mail.example.com.", "jansen_p2@mail.example.com"),
        ("Piet Jansen", "cc pietjansen@example.com", "pietjansen@example.com"),
        ("Piet Jansen", "Pièt Jánsen", "Pièt Jánsen"),
        ("Piet Jansen", "Piet Jan Jansen", "Piet Jan Jansen"),
        ("Piet Jansen", "Piet said", "Piet"),
        ("Piet Jansen", "Jansen's offer", "Jansen"),
        ("Piet Jansen", "piet_jansen", "piet_jansen"),
        ("Joe Mae", "MAE, JOE", "MAE, JOE"),
        ("Joe Mae", "J. Mae said", "J. Mae"),
        ("Piet José", "Jose\u0301 Piet said", "Jose\u0301 Piet"),
        ("Piet José", "then Piet Jose\u0301", "Piet Jose\u0301"),
        ("Piet Jansen", "Piet-Jansen", "Piet-Jansen"),
        ("Anna de Vries", "A. de Vries", "A. de Vries"),
        ("Anna de Vries", "Vries, Anna de", "Vries, Anna de"),
        ("Anna de Vries", "de Vries, Anna", "de Vries, Anna"),
        ("Anna de Vries", "Anna Vries", "Anna Vries"),
        ("Anna de Vries", "AdV", "AdV"),
        ("Anna de Vries", "a.devries@example.com", "a.devries@example.com"),
        ("René", "Rene said", "Rene"),
        ("Rene", "René said", "René"),
        ("Jürgen Müller", "Juergen Mueller", "Juergen Mueller"),
        ("Juergen Mueller", "Jürgen Müller", "Jürgen Müller"),
        ("Jørgen Łukasz", "Jorgen Lukasz", "Jorgen Lukasz"),
        ("Jean-Pierre Dupont", "J.-P. Dupont", "J.-P. Dupont"),
        ("Jean-Pierre Dupont", "Jean Pierre Dupont", "Jean Pierre Dupont"),
        ("Jean-Pierre Dupont", "Dupont Jean-Pierre", "Dupont Jean-Pierre"),
        ("Jean-Pierre Dupont", "Jean Dupont", "Jean Dupont"),
    ],
)
def test_each_kind_of_spelling_is_found_as_it_stands(name, text, found):
    assert spelled(name, row(text)) == [found]


@pytest.mark.parametrize("place", ["author", "owner"])
@pytest.mark.parametrize(
    "written",
    ["Jansen, Piet", "P. Jansen", "jansen", "Piet", "PJ", "pj", "pjansen@example.com", "Piet  Jansen", "Piet J."],
)
def test_an_author_or_owner_is_offered_whole(place, written):
    assert spelled("Piet Jansen", row(**{place: f" {written} "})) == [written]


@pytest.mark.parametrize(
    "text",
    [
        "Pietje Jansens", "stop jansenism", "the van", "a de facto rule", "K. Jansens", "jansenist@example.com",
        "pj in small letters", "p. is a letter", "Piets", "[…] said", "1 P", "",
    ],
)  # fmt: skip
def test_what_only_looks_alike_is_not_offered(text):
    assert spelled("Piet Jansen", row(text)) == []


def test_a_word_that_is_also_a_part_of_a_name_is_none_unless_it_is_written_as_one():
    assert spelled("Mark Will", row("they will go; mark it")) == []
    assert spelled("Mark Will", row("Will they?")) == ["Will"]  # only people know


@pytest.mark.parametrize("author", ["Karel Jansen", "Piet de Boer", "coach", "Jansen-Bakker, Karel"])
def test_a_colleague_who_shares_a_part_of_the_name_is_not_offered(author):
    assert spelled("Piet Jansen", row(author=author)) == []


@pytest.mark.parametrize("name", ["...", "de", "[", "(a", r"\d", "李小龙", "𝔓", "\u202ePiet", "a" * 300])
def test_any_text_can_be_asked_for(name):
    namesakes([row("some text", "de", "x")], name)


def test_a_spelling_is_counted_once_a_row():
    rows = [row("P. Jansen and P. Jansen", "P. Jansen"), row("P. Jansen")]
    assert [(one.spelling, one.n) for one in namesakes(rows, "Piet Jansen")] == [("P. Jansen", 2)]


WORDS = st.text(alphabet=string.ascii_lowercase, min_size=4, max_size=8).filter(
    lambda word: word not in {*PARTICLES, "then", "came"}
)


@given(WORDS, WORDS, st.data())
def test_whatever_is_done_to_a_name_it_is_offered(first, last, data):
    """Order, initials, capitals, accents, spaces and an address, any of them together."""
    given_, family = data.draw(st.sampled_from([first, first[0], f"{first[0]}."])), last
    parts = data.draw(st.sampled_from([(given_, " ", family), (family, ", ", given_), (family, " ", given_)]))
    written = "".join(parts)
    change = data.draw(st.sampled_from(["none", "capitals", "title", "accents", "spaces", "address"]))
    if change == "capitals":
        written = written.upper()
    elif change == "title":
        written = written.title()
    elif change == "accents":
        written = re.sub("([aou])(?!e)", lambda letter: unicodedata.normalize("NFC", letter[1] + "\u0301"), written)
    elif change == "spaces":
        written = written.replace(" ", "  ")
    elif change == "address":
        written = re.sub(r"[ ,]+", ".", written).replace("..", ".").strip(".") + "@example.com"
    name = f"{first.title()} {last.title()}"
    found = spelled(name, row(f"then {written} came"))
    assert [one.strip(" .") for one in found] == [written.strip(" .")]


# --- in the log and at the command line ------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    with open_log(tmp_path / "log.sqlite", author="coach") as log:
        log.write(Entry(kind="note", text="hers, and of P. Jansen", author="Piet  JANSEN"))
        log.write(Entry(kind="note", text="Jansen, Piet wants March; piet jansen agreed", author="Bea"))
        log.write(Entry(kind="agreement", text="ring", owner="pjansen@example.com", author="Bea"))
    return tmp_path / "log.sqlite"


def test_what_stays_is_offered_and_what_goes_is_named(path):
    with open_log(path) as log:
        assert [(one.spelling, one.n) for one in log.taken_for_same("Piet Jansen")] == [
            ("Piet  JANSEN", 1), ("piet jansen", 1)
        ]  # fmt: skip
        # what stands in his own note goes with it, and is not offered
        offered = [one.spelling for one in log.namesakes("Piet Jansen")]
        assert offered == ["Jansen, Piet", "pjansen@example.com"]
        assert log.forget("Piet Jansen") == 2
        assert log.entries(kind="note")["text"].to_list() == [None, "Jansen, Piet wants March; […] agreed"]
        assert [one.spelling for one in log.namesakes("Piet Jansen")] == offered
        for one in offered:
            assert log.forget(one) == 1
        assert log.namesakes("Piet Jansen") == ()
    assert b"ansen" not in path.read_bytes()


def kpikit(*arguments, said=None):
    command = [sys.executable, "-m", "kpikit", "log", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, input=said)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("language", "asks"), [("en", "Did you mean also"), ("nl", "Bedoelde je ook")])
def test_the_command_offers_before_it_asks(path, language, asks):
    there = ("--log", str(path), "--lang", language)
    code, _, err = kpikit("forget", "Piet Jansen", *there, said="n\n")
    assert code == 130
    assert "“Piet  JANSEN” (1)" in err
    assert f"{asks} “Jansen, Piet” (1); “pjansen@example.com” (1)?" in err
    assert f"  kpikit log forget --log {path} 'Jansen, Piet'\n" in err
    code, _, err = kpikit("forget", "Piet Jansen", "--yes", *there)
    assert code == 0
    assert asks in err
    code, out, err = kpikit("export", "Piet Jansen", *there)
    assert (code, out.strip()) == (0, "[]")
    assert f"  kpikit log export --log {path} pjansen@example.com\n" in err
    code, _, err = kpikit("forget", "Bea", "--yes", *there)
    assert (code, err) == (0, "")
