"""Fivetran's connector seeds, tiny and hashed: by hand and by ``kpikit init``, they open or refuse in a sentence."""

from datetime import UTC, datetime

import polars as pl
import pytest

from kpikit import DataError, KpikitError, open_book
from kpikit.start.checking import refused_as_plain
from kpikit.start.starting import start
from kpikit.words import LANGUAGES, Words

CRMS = ("fivetran_salesforce", "fivetran_hubspot")


def _files(crm):
    from tests.conftest import ROOT

    return sorted((ROOT.parent / "shared" / "data" / crm).glob("*.csv"))


SEEDS = [(crm, file.name) for crm in CRMS for file in _files(crm)] or [(crm, "") for crm in CRMS]


def rules(book):
    return {(fault.rule, fault.row, fault.value) for fault in book.faults}


# --- by hand ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def salesforce(real):
    return open_book(real / "fivetran_salesforce.toml")


@pytest.fixture(scope="module")
def hubspot(real):
    return open_book(real / "fivetran_hubspot.toml")


def test_the_ten_opportunities(salesforce):
    deals = salesforce.tables["deals"]
    assert dict(deals["outcome"].value_counts().iter_rows()) == {"won": 5, "lost": 4, "open": 1}
    assert deals["amount"].sum() == 24_120_000 + 200_000 + 1 + 210_000
    assert salesforce.dropped.is_empty()
    assert deals["deal_id"].str.len_chars().unique().to_list() == [18]


def test_a_deal_that_closed_before_it_was_created(salesforce):
    assert ("outcome_before_created", 6, "2018-12-07 00:00 UTC") in rules(salesforce)
    # closed on the day of its creation, by a date without a time, is not before it
    assert len([fault for fault in salesforce.faults if fault.rule == "outcome_before_created"]) == 1


def test_a_probability_of_a_thousand(salesforce):
    assert ("probability_range", 2, "1000.0") in rules(salesforce)


def test_open_ends_in_the_year_9999_are_not_how_far_the_data_go(salesforce):
    assert salesforce.as_of == datetime(2019, 10, 17, 21, 33, tzinfo=UTC)


def test_what_a_connectors_version_history_is_worth(salesforce):
    found = {row["code"]: row for row in salesforce.fitness().to_dicts()}
    # each deal has one version, months after it began
    assert (found["left_truncated"]["status"], found["left_truncated"]["n"]) == ("look", 10)
    assert found["stage_mismatch"]["n"] == 0


def test_the_hubspot_deals_and_a_history_of_other_deals(hubspot):
    deals = hubspot.tables["deals"]
    assert deals.height == 44
    assert set(deals["outcome"]) == {"open"}
    assert hubspot.dropped["rule"].value_counts().rows() == [("unknown_deal", 14)]
    found = {(row["code"], row["subject"]): row for row in hubspot.fitness().to_dicts()}
    assert found["no_stage_history", "stage_events"]["status"] == "missing"
    assert found["dropped", "stage_events"]["n"] == 14


def test_a_probability_of_nought_is_not_lost(hubspot):
    stages = hubspot.tables["stages"]
    nought = stages.filter((stages["probability"] == 0) & ~stages["is_won"])
    assert nought.height >= 42
    assert stages["is_lost"].fill_null(False).sum() == 0


def test_with_its_property_history_too_much_is_of_other_deals(real, tmp_path, shared_data, speaks):
    text = (real / "fivetran_hubspot.toml").read_text(encoding="utf-8")
    text += """
[tables.changes]
file = "../../../shared/data/fivetran_hubspot/deal_property_history_data.csv"
columns = { deal_id = "deal_id", field = "name", new = "value", changed_at = "timestamp" }
"""
    text = text.replace("../../../shared/data", shared_data.resolve().as_posix())
    (tmp_path / "kpikit.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        open_book(tmp_path)
    assert {"too_many_dropped", "unknown_deal"} <= speaks(refused.value)
    assert refused.value.exit_code == 3


def test_a_salesforce_key_of_fifteen_characters_beside_one_of_eighteen(real, tmp_path, shared_data, speaks):
    text = (real / "fivetran_salesforce.toml").read_text(encoding="utf-8")
    history = (shared_data / "fivetran_salesforce" / "sf_opportunity_history_data.csv").read_text(encoding="utf-8")
    for key in open_book(real / "fivetran_salesforce.toml").tables["deals"]["deal_id"]:
        history = history.replace(key, key[:15])
    (tmp_path / "history.csv").write_text(history, encoding="utf-8")
    name = "../../../shared/data/fivetran_salesforce/sf_opportunity_history_data.csv"
    text = text.replace(name, "history.csv").replace("../../../shared/data", shared_data.resolve().as_posix())
    (tmp_path / "kpikit.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        open_book(tmp_path)
    assert "id_15_18" in speaks(refused.value)


def test_all_that_is_found_can_be_said(salesforce, hubspot):
    for book in (salesforce, hubspot):
        for language in LANGUAGES:
            for fault in book.faults:
                assert Words(language).fault(fault)


OPPORTUNITIES = "sf_opportunity_data.csv"

# --- by init ---------------------------------------------------------------------------------------------------------


def tried(files, folder, speaks):
    """init with every guess taken: the rules it refused by, or nothing if it opened."""
    try:
        made = start(files, folder, lambda *asked: asked[2], Words("nl"))
    except KpikitError as error:
        assert not folder.exists() or list(folder.iterdir()) == []
        return speaks(error)
    if made.error is None:
        return set()
    plain = refused_as_plain(made.error, Words("nl"))
    assert all(fault["message"] for fault in plain["faults"])
    return speaks(made.error)


@pytest.mark.parametrize(("crm", "name"), SEEDS)
def test_a_seed_alone(shared_data, tmp_path, speaks, crm, name):
    # no seed has a value that says won, as stages are hashed; two have flags that say it
    says = set() if name in (OPPORTUNITIES, "sf_opportunity_history_data.csv") else {"no_deals_found"}
    assert tried([shared_data / crm / name], tmp_path / "mine", speaks) == says


def test_flags_say_how_hashed_stages_end(shared_data, tmp_path):
    made = start([shared_data / "fivetran_salesforce" / OPPORTUNITIES], tmp_path / "mine", None, Words("en"))
    deals = made.book.tables["deals"]
    assert deals.height == 10
    won = deals.filter(outcome="won")
    early = won.filter(pl.col("outcome_at") < pl.col("created_at"))  # known: closed 2018-12-07, created 2018-12-19
    assert [(str(a.date()), str(b.date())) for a, b in early.select("outcome_at", "created_at").iter_rows()] == [
        ("2018-12-07", "2018-12-19")
    ]


@pytest.mark.parametrize("crm", CRMS)
def test_all_seeds_together(shared_data, tmp_path, speaks, crm):
    says = set() if crm == "fivetran_salesforce" else {"no_deals_found"}
    assert tried(sorted((shared_data / crm).glob("*.csv")), tmp_path / "mine", speaks) == says


@pytest.mark.parametrize("crm", CRMS)
def test_any_seed_as_deals_and_as_any_other_table(shared_data, tmp_path, speaks, crm):
    """Columns that a careless mapping might name: the first for the id, the second for all else. Never a traceback."""
    import polars as pl

    for file in sorted((shared_data / crm).glob("*.csv")):
        header = pl.read_csv(file, infer_schema=False, n_rows=0).columns
        one, other = (f'"{name}"' for name in (header[0], header[min(1, len(header) - 1)]))
        path = f'file = "{file.resolve().as_posix()}"'
        text = f"""
[tables.deals]
{path}
columns = {{ deal_id = {one}, outcome = {other}, amount = {other}, created_at = {other} }}
constants = {{ pipeline = "p" }}
values = {{ outcome = {{ "*" = "open", "" = "open" }} }}
[tables.people]
{path}
columns = {{ owner = {one}, team = {other} }}
"""
        (tmp_path / "kpikit.toml").write_text(text, encoding="utf-8")
        try:
            assert open_book(tmp_path).fitness().height > 10
        except KpikitError as error:
            speaks(error)
