"""What an export is taken for: HubSpot, Salesforce, Pipedrive, Dynamics and anybody's, in English and Dutch."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit.errors import DataError
from kpikit.reading import RawTable, read
from kpikit.schema import TABLES
from kpikit.sources.guess import guess
from kpikit.sources.vocabulary import ends, letters, meaning, sources
from tests.start import exports


def raw(name, rows):
    """A file of text cells that nobody wrote to disk."""
    frame = pl.DataFrame(
        [{k: None if v is None else str(v) for k, v in row.items()} for row in rows], infer_schema_length=None
    ).with_row_index("_row", offset=2)
    return {Path(f"{name}.csv"): RawTable(f"{name}.csv", frame)}


def guess_of(tmp_path, export):
    return guess({file: read(file) for file in exports.EXPORTS[export](tmp_path)})


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("Closed Won", "won"), ("closedwon", "won"), ("Won", "won"), ("WON", "won"), ("Gewonnen", "won"),
        ("Gesloten - gewonnen", "won"), ("Gesloten en gewonnen", "won"), ("6 - Closed Won", "won"),
        ("closed_won", "won"),
        ("Closed Lost", "lost"), ("Verloren", "lost"), ("Lost, no budget", "lost"), ("Gesloten verloren", "lost"),
        ("Deleted", "void"), ("Duplicaat", "void"), ("Test", "void"),
        ("Open", None), ("Contract sent", None), ("Wonen in Gent", None), ("Won or lost", None), ("", None),
        ("—", None),
        # stages on the way that hold a word of the end
        ("Wachten op akkoord", None), ("Klant benaderd", None), ("Contract not signed", None), ("Test gepland", None),
        ("Not won", None), ("Niet gewonnen", None), ("Nog niet verloren", None),
    ],
)  # fmt: skip
def test_what_a_value_says_of_a_deal(value, outcome):
    assert meaning(value) == outcome


def test_names_are_compared_by_letters_and_digits():
    assert letters("Deal - Value") == letters("deal_value") == "dealvalue"
    assert letters("Réden Verlies (%)") == "redenverlies"


def test_the_vocabulary_speaks_of_our_columns_alone():
    for source in sources():
        for table, columns in source.items():
            assert set(columns) <= set(TABLES[table].names)


def test_no_word_means_two_things():
    words = [word for known in ends().values() for word in known]
    assert len(words) == len(set(words))


# --- whole exports ---------------------------------------------------------------------------------------------------

#: what of theirs each of our columns is taken from
COLUMNS = {
    "hubspot_en": {
        "deal_id": "Record ID", "owner": "Deal owner", "account_id": "Associated Company", "name": "Deal Name",
        "pipeline": "Pipeline", "stage": "Deal Stage", "outcome": "Deal Stage", "amount": "Amount",
        "currency": "Currency", "created_at": "Create Date", "outcome_at": "Close Date",
        "expected_close_on": "Close Date", "loss_reason": "Closed Lost Reason", "source": "Original Traffic Source",
        "team": "HubSpot Team",
    },
    "hubspot_nl": {
        "deal_id": "Record-ID", "owner": "Dealeigenaar", "account_id": "Gekoppeld bedrijf", "name": "Dealnaam",
        "pipeline": "Pijplijn", "stage": "Dealfase", "outcome": "Dealfase", "amount": "Bedrag", "currency": "Valuta",
        "created_at": "Aanmaakdatum", "outcome_at": "Sluitingsdatum", "expected_close_on": "Sluitingsdatum",
        "loss_reason": "Reden gesloten verloren", "source": "Oorspronkelijke bron van verkeer", "team": "HubSpot-team",
    },
    "salesforce_en": {
        "deal_id": "Opportunity ID", "owner": "Opportunity Owner", "account_id": "Account Name",
        "name": "Opportunity Name", "stage": "Stage", "outcome": "Stage", "amount": "Amount",
        "currency": "Amount Currency", "created_at": "Created Date", "outcome_at": "Close Date",
        "expected_close_on": "Close Date", "probability": "Probability (%)", "source": "Lead Source",
        "deal_type": "Type",
    },
    "salesforce_nl": {
        "deal_id": "Opportunity-ID", "owner": "Eigenaar opportunity", "account_id": "Accountnaam",
        "name": "Naam opportunity", "stage": "Fase", "outcome": "Fase", "amount": "Bedrag",
        "currency": "Opportunityvaluta", "created_at": "Aanmaakdatum", "outcome_at": "Sluitingsdatum",
        "expected_close_on": "Sluitingsdatum", "probability": "Waarschijnlijkheid (%)", "source": "Leadbron",
        "deal_type": "Type",
    },
    "salesforce_api": {
        "deal_id": "Id", "owner": "OwnerId", "account_id": "AccountId", "name": "Name", "stage": "StageName",
        "outcome": "StageName", "amount": "Amount", "currency": "CurrencyIsoCode", "created_at": "CreatedDate",
        "outcome_at": "CloseDate", "expected_close_on": "CloseDate", "probability": "Probability",
        "source": "LeadSource", "deal_type": "Type",
    },
    "pipedrive_en": {
        "deal_id": "Deal - ID", "owner": "Deal - Owner", "account_id": "Deal - Organization", "name": "Deal - Title",
        "pipeline": "Deal - Pipeline", "stage": "Deal - Stage", "outcome": "Deal - Status", "amount": "Deal - Value",
        "currency": "Deal - Currency of Value", "created_at": "Deal - Deal created",
        "outcome_at": "Deal - Deal closed on", "expected_close_on": "Deal - Expected close date",
        "loss_reason": "Deal - Lost reason",
    },
    "pipedrive_nl": {
        "deal_id": "Deal - ID", "owner": "Deal - Eigenaar", "account_id": "Deal - Organisatie", "name": "Deal - Titel",
        "pipeline": "Deal - Pijplijn", "stage": "Deal - Fase", "outcome": "Deal - Status", "amount": "Deal - Waarde",
        "currency": "Deal - Valuta van waarde", "created_at": "Deal - Deal aangemaakt",
        "outcome_at": "Deal - Deal gesloten op", "expected_close_on": "Deal - Verwachte sluitdatum",
        "loss_reason": "Deal - Reden verloren",
    },
    "dynamics_en": {
        "deal_id": "(Do Not Modify) Opportunity", "owner": "Owner", "account_id": "Potential Customer", "name": "Topic",
        "stage": "Pipeline Phase", "outcome": "Status", "amount": "Est. revenue", "currency": "Currency",
        "created_at": "Created On", "outcome_at": "Actual Close Date", "expected_close_on": "Est. close date",
        "probability": "Probability",
    },
    "anything": {
        "deal_id": "Nummer", "outcome": "Hoe staat het", "amount": "Hoeveel", "created_at": "Begonnen",
        "outcome_at": "Afgelopen",
    },
}  # fmt: skip


@pytest.mark.parametrize("export", COLUMNS)
def test_every_column_of_an_export(tmp_path, export):
    found = guess_of(tmp_path, export)
    assert dict(found.table("deals").columns) == COLUMNS[export]
    assert found.language == ("nl" if export.endswith("_nl") else None)
    assert found.currency == "EUR"
    assert sorted(found.outcomes.values()).count("won") == sorted(found.outcomes.values()).count("lost") == 1
    assert set(found.outcomes) == set(found.values)
    assert found.unused_files == ()


@pytest.mark.parametrize(
    ("export", "team"),
    [("hubspot_en", ("deals", "HubSpot Team")), ("hubspot_nl", ("deals", "HubSpot-team")), ("pipedrive_en", None)],
)
def test_the_team(tmp_path, export, team):
    assert guess_of(tmp_path, export).team == team


def test_pipelines_that_no_column_names_are_one(tmp_path):
    assert guess_of(tmp_path, "salesforce_en").table("deals").constants == {"pipeline": "all"}
    assert guess_of(tmp_path, "hubspot_en").table("deals").constants == {}


def test_the_history_of_salesforce_and_the_order_of_its_stages(tmp_path):
    found = guess_of(tmp_path, "salesforce_api")
    events = found.table("stage_events")
    assert events.file.name == "OpportunityHistory.csv"
    assert dict(events.columns) == {
        "deal_id": "OpportunityId", "stage": "StageName", "entered_at": "CreatedDate", "actor": "CreatedById"
    }  # fmt: skip
    assert found.order == ("Prospecting", "Qualification", "Proposal/Price Quote")


def test_the_order_of_the_files_does_not_matter(tmp_path):
    files = exports.salesforce_api(tmp_path)
    one, other = (guess({file: read(file) for file in given}) for given in (files, files[::-1]))
    assert one == other


# --- deals -----------------------------------------------------------------------------------------------------------


def deal_rows(n=12, **columns):
    ends = ("Won", "Lost", "Open")
    return [
        {"Record ID": f"r{i}", "Deal Status": ends[i % 3], "Create Date": f"2026-01-{i + 1:02}"}
        | {k: v[i] if isinstance(v, list) else v for k, v in columns.items()}
        for i in range(n)
    ]


def test_files_without_a_row_a_deal():
    for files in (
        raw("people", [{"Name": "Ann", "Team": "North"}]),
        raw("a", [{"Name": "x", "Stage": "Qualify"}, {"Name": "y", "Stage": "Propose"}]),
        raw("empty", [{"Record ID": None, "Deal Status": None}]),
    ):
        with pytest.raises(DataError) as refused:
            guess(files)
        assert [fault.rule for fault in refused.value.faults] == ["no_deals_found"]
        for language in ("en", "nl"):
            assert next(iter(files)).name in refused.value.sentence(language)


def test_the_file_with_most_of_what_we_know_is_the_deals():
    files = raw("tasks", [{"Id": i, "Status": ("Won", "Open")[i % 2]} for i in range(9)]) | raw("x", deal_rows())
    found = guess(files)
    assert found.table("deals").file.name == "x.csv"
    assert [path.name for path in found.unused_files] == ["tasks.csv"]


def test_an_id_column_of_one_value_is_asked_about_and_not_exchanged():
    rows = [row | {"Id": "same", "Nr": f"n{i}"} for i, row in enumerate(deal_rows())]
    rows = [{k: v for k, v in row.items() if k != "Record ID"} for row in rows]
    found = guess(raw("deals export", rows))
    assert found.table("deals").columns["deal_id"] == "Id"
    (doubt,) = found.doubts
    place = ("tables", "deals", "columns", "deal_id")
    assert (doubt.code, [dict(r.settles) for r in doubt.readings]) == ("id_same", [{place: "Nr"}, {place: "Id"}])


def test_a_column_that_we_know_is_no_id_while_another_will_do():
    rows = [{k: v for k, v in row.items() if k != "Record ID"} for row in deal_rows(Nr=list("abcdefghijkl"))]
    assert guess(raw("x", rows)).table("deals").columns["deal_id"] == "Nr"  # every Create Date differs too
    named = [{"Deal Name" if k == "Nr" else k: v for k, v in row.items()} for row in rows]
    assert guess(raw("x", named)).table("deals").columns["deal_id"] == "Deal Name"


def test_a_report_without_an_id_is_refused_for_that():
    rows = [{k: v for k, v in row.items() if k != "Record ID"} for row in deal_rows(**{"Create Date": "2026-01-02"})]
    with pytest.raises(DataError) as refused:
        guess(raw("report", rows))
    assert [fault.rule for fault in refused.value.faults] != ["no_deals_found"]


def test_two_rows_too_many_do_not_dethrone_an_id():
    rows = deal_rows(200)
    rows[1]["Record ID"] = rows[0]["Record ID"]
    assert guess(raw("deals export", rows)).table("deals").columns["deal_id"] == "Record ID"


def test_a_status_wins_over_a_stage_and_a_stage_over_anything_else():
    stages = ["Closed Won", "Closed Lost", "Talk"] * 4
    both = deal_rows(**{"Deal Stage": stages, "Priority": ["won", "b", "c"] * 4})
    assert guess(raw("x", both)).table("deals").columns["outcome"] == "Deal Status"
    alone = [{k: v for k, v in row.items() if k != "Deal Status"} for row in both]
    assert guess(raw("x", alone)).table("deals").columns["outcome"] == "Deal Stage"


def test_a_status_that_never_ends_a_deal_leaves_it_to_the_stage():
    rows = deal_rows(**{"Deal Stage": ["Closed Won", "Closed Lost", "Talk"] * 4})
    rows = [row | {"Deal Status": ("Active", "Archived")[i % 2]} for i, row in enumerate(rows)]
    columns = guess(raw("x", rows)).table("deals").columns
    assert (columns["outcome"], columns["stage"]) == ("Deal Stage", "Deal Stage")


def test_what_each_value_means_whatever_else_there_is():
    ends = ["Won", "lost", "Deleted", "Op pauze", "Klant benaderd", None]
    found = guess(raw("x", deal_rows(12, **{"Deal Status": ends * 2})))
    assert found.outcomes == {
        "Won": "won",
        "lost": "lost",
        "Deleted": "void",
        "Op pauze": "open",
        "Klant benaderd": "open",
    }


@pytest.mark.parametrize(
    ("column", "values", "currency"),
    [
        ("Currency", ["EUR", "EUR", "USD"], "EUR"),
        ("Currency", ["Euro", "eur", ""], None),
        ("Amount", ["€ 5", "€ 6", "$ 7"], "EUR"),
        ("Amount", ["£5", "6", "7"], "GBP"),
        ("Amount", ["5", "6", "7"], None),
    ],
)
def test_the_currency(column, values, currency):
    assert guess(raw("x", deal_rows(**{column: values * 4}))).currency == currency


# --- the other tables ------------------------------------------------------------------------------------------------


def test_people_say_the_team_by_the_names_that_the_deals_have():
    deals = deal_rows(**{"Deal owner": ["Ann B", "Bob C", "Cem D"] * 4, "Team": "stale"})
    people = [{"Id": i, "Full Name": n, "Region": r} for i, (n, r) in enumerate((("Ann B", "N"), ("Bob C", "S")))]
    found = guess(raw("x", deals) | raw("users", people))
    assert dict(found.table("people").columns) == {"owner": "Full Name", "team": "Region"}
    assert found.team == ("people", "Region")
    assert found.team_choices == (("people", "Region"), ("deals", "Team"))
    assert "team" not in found.table("deals").columns  # people win: they know the day


def test_people_who_own_none_of_the_deals_are_left_out():
    deals = deal_rows(**{"Deal owner": ["Ann", "Bob", "Cem"] * 4})
    found = guess(raw("x", deals) | raw("users", [{"Name": "Zoe", "Team": "N"}, {"Name": "Yan", "Team": "S"}]))
    assert found.table("people") is None
    assert [path.name for path in found.unused_files] == ["users.csv"]


def test_accounts_by_the_key_that_the_deals_have():
    deals = deal_rows(Company=["Acme", "Borg", "Cave"] * 4)
    accounts = [{"Nr": i, "Company name": n, "Industry": "x"} for i, n in enumerate(("Acme", "Borg", "Cave"))]
    found = guess(raw("x", deals) | raw("companies", accounts))
    assert found.table("accounts").columns["account_id"] == "Company name"
    assert found.table("accounts").columns["industry"] == "Industry"


def test_a_list_of_stages_gives_their_order():
    stages = ["Talk", "Offer", "Closed Won", "Closed Lost"]
    deals = deal_rows(**{"Deal Stage": stages * 3})
    history = [
        {"dealId": f"r{i}", "stage": stages[k], "timestamp": f"2026-01-{k + 1:02}"} for i in range(9) for k in (0, 1)
    ]
    listed = [{"label": s, "display_order": i} for i, s in enumerate(stages)]
    found = guess(raw("x", deals) | raw("history", history) | raw("pipeline_stages", listed))
    assert dict(found.table("stages").columns) == {"stage": "label", "position": "display_order"}
    assert found.table("stages").constants == {"pipeline": "all"}
    assert found.order == ()


STAGE_NAMES = ["Talk", "Offer", "Check", "Closed Won", "Closed Lost"]


def _with_history(history):
    deals = deal_rows(15, **{"Deal Stage": STAGE_NAMES * 3})
    return guess(raw("x", deals) | raw("history", history))


def test_a_row_of_history_that_repeats_its_stage_is_no_further_step():
    # Salesforce writes a row whenever amount or date change too: r0 stays in Talk with nine rows, the others go on
    history = [{"dealId": "r0", "stage": "Talk", "timestamp": f"2026-01-{d:02}"} for d in range(1, 10)]
    history += [
        {"dealId": f"r{i}", "stage": stage, "timestamp": f"2026-01-{d:02}"}
        for i in range(1, 3)
        for d, stage in enumerate(("Talk", "Offer", "Check"), 1)
    ]
    assert _with_history(history).order == ("Talk", "Offer", "Check")


def test_a_history_of_all_properties_is_a_log_of_fields():
    # HubSpot's property history: stages are some of many values; the column `name` says which
    history = [
        {"dealId": f"r{i}", "name": name, "value": value, "timestamp": f"2026-01-{i + 1:02}"}
        for i in range(15)
        for name, value in (
            ("dealstage", STAGE_NAMES[i % 5]),
            ("amount", 1000 + i),
            ("closedate", f"2026-03-{i + 1:02}"),
        )
    ]
    found = _with_history(history)
    events = found.table("stage_events")
    assert dict(events.columns) == {"deal_id": "dealId", "stage": "value", "entered_at": "timestamp"}
    assert dict(events.grammar) == {
        "shape": "field_log",
        "field": "name",
        "fields": {"amount": "amount", "closedate": "expected_close_on", "dealstage": "stage"},
    }
    assert found.unused_files == ()


def test_a_history_of_all_properties_that_no_column_names_is_none():
    history = [
        {"dealId": f"r{i}", "value": value, "timestamp": f"2026-01-{i + 1:02}"}
        for i in range(15)
        for value in (STAGE_NAMES[i % 5], 1000 + i, f"2026-03-{i + 1:02}", f"note {i}", f"owner {i}")
    ]
    found = _with_history(history)
    assert found.table("stage_events") is None
    assert [path.name for path in found.unused_files] == ["history.csv"]


def test_a_history_of_other_deals_is_none():
    history = [{"dealId": f"z{i}", "stage": "Talk", "timestamp": "2026-01-01"} for i in range(9)] * 2
    assert _with_history(history).table("stage_events") is None


def test_the_order_of_stages_where_days_are_written_day_first():
    days = ("20-01-2026", "10-02-2026", "05-03-2026")
    history = [
        {"dealId": f"r{i}", "stage": stage, "timestamp": day}
        for i in range(6)
        for day, stage in zip(days, ("Talk", "Offer", "Check"), strict=True)
    ]
    assert _with_history(history).order == ("Talk", "Offer", "Check")


def test_our_own_names_need_no_mapping():
    deals = [{"deal_id": f"d{i}", "pipeline": "p", "outcome": ("won", "open")[i % 2], "team": "N"} for i in range(4)]
    events = [{"deal_id": "d1", "stage": "A", "entered_at": "2026-01-01"}]
    found = guess(raw("deals", deals) | raw("stage_events", events) | raw("extra", deals))
    assert [(t.name, t.columns) for t in found.tables] == [("deals", None), ("stage_events", None)]
    assert found.values == ()
    assert found.team == ("deals", "team")
    assert [path.name for path in found.unused_files] == ["extra.csv"]


def test_a_deals_csv_in_other_names_is_mapped():
    found = guess(raw("deals", deal_rows()))
    assert found.table("deals").columns["deal_id"] == "Record ID"


_CELLS = st.sampled_from(("Won", "Lost", "Open", "", None, "5", "2026-01-01", "x", "'\"]]\n=", "Gewonnen"))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(("Id", "Deal Stage", "Status", "Amount", "Close Date", "Owner", "Team", "x", "", "]]=")),
             min_size=1, max_size=5, unique=True),
    st.lists(st.lists(_CELLS, min_size=5, max_size=5), max_size=8),
)  # fmt: skip
def test_any_file_is_guessed_or_refused(headers, cells):
    rows = [dict(zip(headers, row, strict=False)) for row in cells]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(headers, pl.String)).with_row_index("_row", offset=2)
    try:
        found = guess({Path("any.csv"): RawTable("any.csv", frame)})
    except DataError as error:
        assert [fault.rule for fault in error.faults] in (["no_deals_found"], ["no_deal_id"])
        return
    deals = found.table("deals")
    assert {"deal_id", "outcome"} <= set(deals.columns)
    assert set(deals.columns.values()) <= set(headers)
    assert set(found.outcomes.values()) <= {"won", "lost", "void", "open"}
    assert {"won", "lost"} & set(found.outcomes.values())


def test_a_time_of_winning_and_one_of_losing_are_one_end():
    """Pipedrive keeps them apart; the first that is filled is the end of the deal."""
    rows = [
        {
            "Deal - ID": f"{i}",
            "Deal - Status": ("Won", "Lost", "Open")[i % 3],
            "Deal - Won time": "2026-01-02" if i % 3 == 0 else "",
            "Deal - Lost time": "2026-01-03" if i % 3 == 1 else "",
        }
        for i in range(9)
    ]
    found = guess(raw("deals", rows)).table("deals")
    assert found.columns["outcome_at"] == ["Deal - Won time", "Deal - Lost time"]
    assert found.unused == ()
