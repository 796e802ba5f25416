"""The kpikit.toml that init writes: what it says, in either language, and that TOML reads it back as it was meant."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit.sources.guess import Guess, TableGuess
from kpikit.start.draft import Choices, config, text
from kpikit.words import LANGUAGES, Words

DEALS = TableGuess(
    "deals",
    Path("/data/x/deals export.csv"),
    {"deal_id": "Nr", "team": "Ploeg", "stage": "Fase", "amount": "Bedrag", "outcome": "Fase"},
    {"pipeline": "all"},
    ("Notitie", "Kleur"),
)
EVENTS = TableGuess("stage_events", Path("/data/history.csv"), {"deal_id": "Deal", "stage": "Naar", "entered_at": "Op"})
PEOPLE = TableGuess("people", Path("/data/x/mensen.csv"), {"owner": "Naam", "team": "Regio"}, {}, ("Baas",))
OUTCOMES = {"Gewonnen": "won", "Weg": "lost", "Dubbel": "void", "Loopt": "open"}


def guess_of(*tables, order=(), unused=()):
    return Guess(
        tables or (DEALS,), OUTCOMES, tuple(OUTCOMES), "EUR", language="nl", order=order,
        unused_files=tuple(map(Path, unused)),
    )  # fmt: skip


def choices(**changed):
    given = {
        "won": ("Gewonnen",), "lost": ("Weg",), "void": ("Dubbel",), "team": ("deals", "Ploeg"), "currency": "EUR",
        "fiscal_year_starts": 4, "time_zone": "Europe/Amsterdam", "formats": {},
    }  # fmt: skip
    return Choices(**(given | changed))


FOLDER = Path("/data/x/mine")


def drafted(guess, chosen, language="en", folder=FOLDER):
    made = config(guess, chosen, folder)
    written = text(guess, made, Words(language))
    assert tomllib.loads(written) == {"formats": {}} | made
    return written


def test_an_english_draft():
    assert drafted(guess_of(), choices()) == (
        """\
# What kpikit understood of this export. Correct what is wrong; kpikit check says what it makes of it.

[settings]
time_zone = "Europe/Amsterdam"  # a day begins at midnight here
fiscal_year_starts = 4  # the month in which your fiscal year starts, 1 to 12
currency = "EUR"  # sums are given in it; other currencies need a table of rates

[privacy]
persons = "off"  # "self": a person's own pages exist, for that person alone; nobody is ever compared

[formats]  # only what the reader cannot find out by itself

[tables.deals]
file = "../deals export.csv"

[tables.deals.columns]  # kpikit's name = the column in your file
deal_id = "Nr"
team = "Ploeg"
stage = "Fase"
amount = "Bedrag"
outcome = "Fase"

[tables.deals.constants]  # the same for every row
pipeline = "all"

[tables.deals.values]  # what is written in the file = what it means (open, won, lost, void)
outcome = { "Gewonnen" = "won", "Weg" = "lost", "Dubbel" = "void", "Loopt" = "open" }
# Not used: Notitie, Kleur
"""
    )


def test_a_dutch_draft():
    written = drafted(guess_of(DEALS, unused=["/data/anders.csv"]), choices(formats={"date_order": "dmy"}), "nl")
    assert written.startswith(
        "# Wat kpikit van deze export begreep. Verbeter wat niet klopt; kpikit check zegt wat het ervan maakt.\n"
    )
    for line in (
        'time_zone = "Europe/Amsterdam"  # een dag begint hier om middernacht',
        "fiscal_year_starts = 4  # de maand waarin je boekjaar begint, 1 tot en met 12",
        'date_order = "dmy"  # 03-04-2026 is 3 april (dmy) of 4 maart (mdy)',
        "[tables.deals.columns]  # naam in kpikit = kolom in je bestand",
        "[tables.deals.constants]  # voor elke rij hetzelfde",
        "[tables.deals.values]  # wat er in het bestand staat = wat het betekent (open, won, lost, void)",
        "# Niet gebruikt: Notitie, Kleur",
        "# Niet gebruikte bestanden: anders.csv",
    ):
        assert line in written.splitlines()


def test_both_languages_say_the_same():
    drafts = [drafted(guess_of(DEALS, EVENTS, order=("A",)), choices(), language) for language in LANGUAGES]
    one, other = map(tomllib.loads, drafts)
    assert one == other
    assert drafts[0] != drafts[1]


def test_without_a_currency_the_line_is_there_to_be_filled_in():
    written = drafted(guess_of(), choices(currency=None))
    assert '# currency = "EUR"  # sums are given in it; other currencies need a table of rates' in written


def test_values_that_nobody_calls_an_end_are_open():
    made = config(guess_of(), choices(won=("Weg",), lost=(), void=()), FOLDER)
    assert made["tables"]["deals"]["values"]["outcome"] == {
        "Gewonnen": "open", "Weg": "won", "Dubbel": "open", "Loopt": "open"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("team", "deals_team", "has_people"),
    [
        (("deals", "Ploeg"), "Ploeg", False),
        (("deals", "Kleur"), "Kleur", False),
        (("people", "Regio"), None, True),
        (None, None, True),
    ],
)
def test_where_the_team_stands(team, deals_team, has_people):
    made = config(guess_of(DEALS, PEOPLE), choices(team=team), FOLDER)
    assert made["tables"]["deals"]["columns"].get("team") == deals_team
    assert ("people" in made["tables"]) == has_people


def test_the_order_of_stages_and_what_closes_them():
    made = config(guess_of(DEALS, EVENTS, order=("Nieuw", "Offerte")), choices(), FOLDER)
    assert made["tables"]["stages"] == {
        "pipeline": "all", "order": ["Nieuw", "Offerte"], "won": ["Gewonnen"], "lost": ["Weg"]
    }  # fmt: skip
    assert "stages" not in config(guess_of(DEALS, EVENTS), choices(), FOLDER)["tables"]


def test_a_file_in_our_own_names_needs_its_name_alone():
    own = TableGuess("deals", Path("/data/x/mine/deals.csv"))
    made = config(Guess((own,), {}, (), None, language=None), choices(team=("deals", "team")), FOLDER)
    assert made["tables"] == {"deals": {"file": "deals.csv"}}


def test_formats_only_where_something_was_settled():
    assert "formats" not in config(guess_of(), choices(), FOLDER)
    assert config(guess_of(), choices(formats={"decimal": ","}), FOLDER)["formats"] == {"decimal": ","}


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    (
        '"',
        "'''",
        "]]",
        "\n[x]\n",
        "# ",
        "\\",
        "\x1b[2J",
        "\x7f",
        "\x00",
        "{0.x}",
        "\u2028",
        "=",
        "\\U0001F600",
        "a\r\nb = 1",
    )
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(_TEXT, min_size=5, max_size=5),
    st.lists(_TEXT, max_size=4, unique=True),
    st.lists(_TEXT, max_size=3),
    st.sampled_from(LANGUAGES),
)
def test_any_names_and_values_come_back_as_they_were(names, values, unused, language):
    columns = dict(zip(("deal_id", "team", "stage", "amount", "outcome"), names, strict=True))
    deals = TableGuess("deals", Path("/data/deals.csv"), columns, {"pipeline": names[0]}, tuple(unused))
    events = TableGuess("stage_events", Path("/data/e.csv"), {"deal_id": names[1], "stage": names[2]})
    guess = Guess(
        (deals, events), dict.fromkeys(values, "open"), tuple(values), None, language=None, order=tuple(values),
        unused_files=tuple(Path(f"/data/{name.replace('/', '').replace(chr(0), '')}x") for name in unused),
    )  # fmt: skip
    chosen = choices(won=tuple(values[:1]), lost=tuple(values[1:2]), void=(), team=("deals", names[1]))
    made = config(guess, chosen, FOLDER)
    written = text(guess, made, Words(language))
    assert tomllib.loads(written) == {"formats": {}} | made
    assert all(c.isprintable() or c == "\n" for line in written.splitlines() if line.startswith("#") for c in line)
