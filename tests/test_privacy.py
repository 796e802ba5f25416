"""``kpikit privacy``: every column is looked at, every personal field printed, with where it goes and who sees it."""

import json
import re

import polars as pl
import pytest
from click.testing import CliRunner

import kpikit
from kpikit import DealBook, Privacy, Settings
from kpikit.book import open_book
from kpikit.book.privacy import GOES, IMPERSONAL, IMPERSONAL_LOG, LOG, PERSONAL, SEEN, personal_fields
from kpikit.cli import kpikit as command
from kpikit.schema import PERSON_COLUMNS, TABLES
from kpikit.session.last_good_book import keep, place
from kpikit.words import LANGUAGES, Words


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_every_table_is_classified_once(table):
    personal, others = set(PERSONAL.get(table, {})), set(IMPERSONAL.get(table, ()))
    assert personal & others == set()
    assert personal | others == set(TABLES[table].names)


def test_nothing_is_classified_that_is_not_there():
    assert set(PERSONAL) | set(IMPERSONAL) == set(TABLES)


def test_every_column_of_the_review_log_is_classified():
    from kpikit.log import tables

    columns = {column.name for column in tables.ENTRIES.columns}
    assert columns == set(LOG) | set(IMPERSONAL_LOG)


def test_columns_that_nothing_is_grouped_by_name_a_person():
    names = {column for fields in PERSONAL.values() for column, field in fields.items() if field.kind == "name"}
    assert names >= PERSON_COLUMNS


def test_who_is_named_leaves_the_team_nowhere():
    for table, fields in PERSONAL.items():
        for column, field in fields.items():
            if field.kind == "name":
                assert not {"team", "company", "company_common", "company_quoted"} & set(field.goes), (table, column)


def test_where_fields_go_is_said_in_both_languages():
    fields = [*LOG.values(), *(field for some in PERSONAL.values() for field in some.values())]
    assert {where for field in fields for where in field.goes} <= set(GOES)
    for language in LANGUAGES:
        words = Words(language)
        codes = [f"privacy.goes.{where}" for where in (*GOES, "nowhere")]
        codes += [f"privacy.seen.{who}" for who in (*SEEN.values(), "nowhere")]
        codes += [f"privacy.whose.{who}" for field in fields for who in field.whose]
        codes += [f"privacy.kind.{field.kind}" for field in fields]
        assert [code for code in codes if not words.has(code)] == []


def book(**tables) -> DealBook:
    deals = pl.DataFrame(
        {"deal_id": ["a", "b"], "pipeline": ["New"] * 2, "outcome": ["open"] * 2, "created_at": ["2026-01-05"] * 2,
         "owner": ["An", None]}
    )  # fmt: skip
    return DealBook.from_frames(deals=deals, settings=Settings(privacy=Privacy(agreement="OR 2026-4")), **tables)


def test_how_far_a_field_is_filled():
    found = {(row.table, row.column): (row.n, row.n_filled) for row in personal_fields(book())}
    assert found["deals", "owner"] == (2, 1)
    assert found["deals", "customer_goal"] == (2, 0)  # the column is there in every book, empty
    assert found["notes", "text"] == (None, None)
    assert set(found) == {(table, column) for table, fields in PERSONAL.items() for column in fields}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deals.csv").write_text(
        "deal_id,pipeline,outcome,created_at,owner,team\na,New,open,2026-01-05,An,North\n", encoding="utf-8"
    )
    settings = '[privacy]\npersons = "self"\nmin_people = 6\nagreement = "OR 2026-4"\n'
    (tmp_path / "kpikit.toml").write_text(settings, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_prints_every_personal_field_and_the_settings(folder, language):
    done = CliRunner().invoke(command, ["privacy", str(folder), "--lang", language])
    assert done.exit_code == 0, done.output
    for table, fields in PERSONAL.items():
        for column in fields:
            assert f"  {table}.{column}: " in done.output
    assert [f"log.{name}" in done.output for name in LOG] == [True] * len(LOG)
    words = Words(language)
    for code in ("persons.self", "limit", "log.kept", "where"):
        assert words.say(f"privacy.{code}") in done.output
    assert "OR 2026-4" in done.output
    assert "6" in done.output.splitlines()[2]


def test_the_copy_that_a_session_keeps_is_named_and_told_to_be_deleted(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    before = CliRunner().invoke(command, ["privacy", str(folder)]).output
    assert "There is none of this book now." in before
    keep(open_book(folder), str(folder))
    after = CliRunner().invoke(command, ["privacy", str(folder)]).output
    assert f"{place(str(folder))}. It is there now" in after
    assert json.loads(CliRunner().invoke(command, ["privacy", str(folder), "--json"]).output)["copy"] == {
        "place": str(place(str(folder))), "is_there": True
    }  # fmt: skip


def test_the_command_speaks_to_machines(folder):
    done = CliRunner().invoke(command, ["privacy", str(folder), "--json"])
    found = json.loads(done.output)
    assert found["settings"] == {
        "persons": "self", "min_people": 6, "min_deals": 10, "min_team": 3, "agreement": "OR 2026-4"
    }  # fmt: skip
    owner = next(row for row in found["fields"] if (row["table"], row["column"]) == ("deals", "owner"))
    assert owner == {
        "table": "deals", "column": "owner", "whose": ["rep"], "kind": "name",
        "goes": ["counted", "company_hidden", "own"], "seen_by": ["self"], "kept": "export", "rows": 1, "filled": 1,
    }  # fmt: skip
    assert {row["column"] for row in found["log"]} == set(LOG)


def test_the_demo_says_that_no_agreement_is_named():
    done = CliRunner().invoke(command, ["privacy", "demo"])
    assert Words("en").say("privacy.no_agreement") in done.output
    assert kpikit.open_book("demo").settings.privacy.persons == "off"


# --- the papers ------------------------------------------------------------------------------------------------------

PAIRS = {"purpose": "doel", "assessment": "beoordeling", "staff": "medewerkers", "works-council": "ondernemingsraad"}


@pytest.mark.parametrize(("english", "dutch"), PAIRS.items())
def test_each_paper_stands_in_both_languages_and_links_to_the_other(root, english, dutch):
    texts = [(root / "docs" / "privacy" / f"{name}.md").read_text(encoding="utf-8") for name in (english, dutch)]
    for text, other in zip(texts, (dutch, english), strict=True):
        assert f"]({other}.md)" in text
        assert "](README.md)" in text
    marks = [re.findall(r"(?m)^(#+ |\d\. |\| |\*\*)", text) for text in texts]
    assert marks[0] == marks[1]  # the same parts, lists and tables


def test_links_and_commands_of_the_papers_exist(root):
    folder = root / "docs" / "privacy"
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.md"))
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (folder / link).exists(), link
    for name, sub in re.findall(r"`kpikit (\w+)(?: (keep|correct|export|forget))?", text):
        assert name in command.commands
        assert not sub or sub in command.commands[name].commands


@pytest.mark.parametrize("name", ["README", "works-council", "assessment", "staff"])
def test_the_limit_is_said_plainly(root, name):
    text = " ".join((root / "docs" / "privacy" / f"{name}.md").read_text(encoding="utf-8").split())
    assert re.search(r"whoever holds the (CRM's )?export", text, re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_server_keeps_of_what_was_erased_is_named(folder, root, language):
    said = CliRunner().invoke(command, ["privacy", str(folder), "--lang", language]).output
    assert "pg_wal" in said
    page = re.search(r"docs/privacy/(?:forgetting|vergeten)\.md", said)
    assert "pg_wal" in (root / page[0]).read_text(encoding="utf-8")
    told = json.loads(CliRunner().invoke(command, ["privacy", str(folder), "--json"]).output)
    assert told["log_remains_in"][0] == "pg_wal"


def test_own_fields_of_text_and_of_people_are_listed_and_numbers_are_not():
    deals = pl.DataFrame(
        {"deal_id": ["a", "b"], "pipeline": ["New"] * 2, "outcome": ["open"] * 2, "created_at": ["2026-01-05"] * 2,
         "owner": ["An", "Bo"], "Presales": ["Bo", None], "Remark": ["call Jan", None], "Seats": [3, 4]}
    )  # fmt: skip
    found = {(row.table, row.column): row for row in personal_fields(DealBook.from_frames(deals=deals))}
    assert (found["deals", "presales"].field.kind, found["deals", "presales"].field.goes) == ("name", ())
    assert (found["deals", "remark"].field.kind, found["deals", "remark"].n_filled) == ("words", 1)
    assert ("deals", "seats") not in found
