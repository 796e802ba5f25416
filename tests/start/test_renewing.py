"""The second Monday: a newer export with the answers of the first."""

import tomllib

import pytest

from kpikit import DataError, UsageError, open_book
from kpikit.start.renewing import renewed
from kpikit.start.starting import start
from kpikit.words import LANGUAGES, Words
from tests.start import exports


def first(tmp_path):
    """A kpikit.toml with an answer and a comment of its owner."""
    made = start(exports.hubspot_en(tmp_path / "week 1"), tmp_path / "mine", None, Words("en"))
    text = made.path.read_text(encoding="utf-8").replace('"Contract Sent" = "open"', '"Contract Sent" = "lost"')
    made.path.write_text(f"# ours\n{text}", encoding="utf-8")
    return made.path


def rows_of(tmp_path):
    (file,) = exports.hubspot_en(tmp_path / "rows")
    import csv

    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def said(made):
    for language in LANGUAGES:
        assert list(made.lines(Words(language)))
    return [fault.rule for fault in made.faults]


def test_every_answer_is_kept_and_only_the_file_changes(tmp_path):
    path = first(tmp_path)
    before = path.read_text(encoding="utf-8")
    rows = rows_of(tmp_path)
    rows.append(rows[0] | {"Record ID": "new", "Deal Stage": "Closed Won"})
    newer = exports.write(tmp_path / "week 2" / "hubspot-crm-exports-all-deals-2.csv", rows)
    made = renewed([newer], path)
    assert said(made) == []
    assert path.read_text(encoding="utf-8") == before.replace(
        "../week 1/hubspot-crm-exports-all-deals.csv", "../week 2/hubspot-crm-exports-all-deals-2.csv"
    )
    assert open_book(path).tables["deals"].height == exports.N + 1
    assert [(one.table, one.now.name) for one in made.taken] == [("deals", newer.name)]


def test_what_is_gone_is_told_and_what_is_new_is_not(tmp_path):
    path = first(tmp_path)
    rows = [{k: v for k, v in row.items() if k != "Last Activity Date"} for row in rows_of(tmp_path)[3:]]
    rows = [row | {"Extra": "x"} for row in rows]
    made = renewed([exports.write(tmp_path / "later.csv", rows)], path)
    assert said(made) == ["columns_gone", "deals_gone"]
    columns, deals = made.faults
    assert columns.values["columns"] == "Last Activity Date"
    assert (deals.n, deals.values["rows"], deals.value) == (3, 40, "90000000000")
    assert made.book is not None


def test_a_column_that_an_answer_is_about_and_that_is_gone_is_refused(tmp_path):
    path = first(tmp_path)
    before = path.read_text(encoding="utf-8")
    rows = [{("Sum" if k == "Amount" else k): v for k, v in row.items()} for row in rows_of(tmp_path)]
    with pytest.raises(DataError) as refused:
        renewed([exports.write(tmp_path / "later.csv", rows)], path)
    assert [(f.rule, f.column) for f in refused.value.faults] == [("no_such_column", "Amount")]
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("value", "outcome"),
    [("Closed Lost - no budget", "lost"), ("Closed Won - partner", "won"), ("Negotiation", "open")],
)
def test_a_new_value_that_words_explain_is_learned(tmp_path, value, outcome):
    path = first(tmp_path)
    rows = rows_of(tmp_path)
    rows[0]["Deal Stage"] = value
    made = renewed([exports.write(tmp_path / "later.csv", rows)], path)
    assert dict(made.learned) == {value: outcome}
    said(made)
    assert open_book(path).tables["deals"].sort("deal_id")["outcome"][0] == outcome
    known = tomllib.loads(path.read_text(encoding="utf-8"))["tables"]["deals"]["values"]["outcome"]
    assert (known[value], known["Contract Sent"]) == (outcome, "lost")


def test_a_new_value_that_no_word_explains_is_refused_with_the_line(tmp_path):
    path = first(tmp_path)
    before = path.read_text(encoding="utf-8")
    rows = rows_of(tmp_path)
    rows[1]["Deal Stage"] = rows[5]["Deal Stage"] = "Paperwork"
    made = renewed([exports.write(tmp_path / "later.csv", rows)], path)
    (fault,) = made.error.faults
    assert (fault.rule, fault.value, fault.row, fault.n) == ("value_unknown", "Paperwork", 3, 2)
    assert '"Paperwork" = "open"' in made.error.sentence()
    assert path.read_text(encoding="utf-8") == before


def test_several_files_find_their_own_tables(tmp_path):
    made = start(exports.salesforce_api(tmp_path / "week 1"), tmp_path / "mine", None, Words("en"))
    newer = exports.salesforce_api(tmp_path / "week 2")
    stray = exports.write(tmp_path / "stray.csv", [{"a": "1", "b": "2"}])
    again = renewed([stray, *newer[::-1]], made.path)
    assert {one.table: one.now for one in again.taken} == {"deals": newer[0], "stage_events": newer[1]}
    assert again.unused == (stray,)


def test_a_config_that_maps_nothing_is_not_renewed(tmp_path):
    path = tmp_path / "kpikit.toml"
    path.write_text("# mine\n", encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        renewed(exports.hubspot_en(tmp_path), path)
    assert refused.value.code == "config_exists"
