"""The shape of a stage history is told by its columns and cells, through ``kpikit init``, with the true visits."""

from pathlib import Path

import polars as pl
import pytest

from kpikit.engine import spells
from kpikit.sources import histories
from kpikit.sources.vocabulary import letters
from kpikit.start import starting
from kpikit.words import Words
from tests.book import processes
from tests.book.processes import LOST, STAGES, WON

STAGE_NAMES = (*STAGES["New business"], WON, LOST)


def init(folder, **files):
    """What ``kpikit init --yes`` makes of files."""
    paths = []
    for name, frame in files.items():
        paths.append(folder / f"{name}.csv")
        frame.write_csv(paths[-1])
    return starting.start(paths, folder / "book", lambda _question, _blanks, guess: guess, Words("en"))


def visits(book):
    found = spells(book).filter(pl.col("excluded").is_null())
    return (
        found.select("deal_id", "pipeline", "stage", "entered_at", "left_at", "kind")
        .sort("deal_id", "entered_at")
        .rows()
    )


def as_one_pipeline(rows):
    return [(deal, "all", *rest) for deal, _, *rest in rows]


def asked(made):
    return made.guess.table("stage_events").grammar


#: headers of a move: deal, from, to, when
MOVES = [
    ("Opportunity ID", "From Stage", "To Stage", "Last Modified"),
    ("OpportunityId", "OldValue", "NewValue", "CreatedDate"),
    ("opportunity_id", "old_value", "new_value", "created_date"),
    ("Opportunity-ID", "Van fase", "Naar fase", "Wijzigingsdatum"),
    ("deal_id", "from_stage", "stage", "changed_at"),
]


@pytest.mark.parametrize("headers", MOVES, ids=lambda headers: headers[1])
@pytest.mark.parametrize("birth", [True, False])
def test_moves_from_and_to(tmp_path, headers, birth):
    some = processes.deals(11, n=40, back=0.2)
    history = processes.from_to(some, birth=birth).rename(
        dict(zip(["Deal ID", "From", "To", "At"], headers, strict=True))
    )
    made = init(tmp_path, deals=processes.deal_file(some), history=history)
    assert asked(made) == {"shape": "from_to", "from": headers[1]}
    assert visits(made.book) == processes.truth(some)


#: headers of a change of any field (deal, field, old, new, when), and what the stage and the amount are called
LOGS = [
    (("OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate"), "StageName", "Amount", "RecordTypeId"),
    (("Opportunity ID", "Field / Event", "Old Value", "New Value", "Edit Date"), "Stage", "Amount", "Record Type"),
    (("deal_id", "field_key", "old_value", "new_value", "time"), "stage_id", "value", "pipeline_id"),
    (("item_id", "field_key", "old_value", "new_value", "log_time"), "stage_id", "value", "pipeline_id"),
    (("opportunity_id", "field", "old_value", "new_value", "created_date"), "StageName", "Amount", "RecordTypeId"),
    (("dealId", "property", None, "value", "timestamp"), "dealstage", "amount", "pipeline"),
    (("deal_id", "name", None, "value", "timestamp"), "dealstage", "amount", "pipeline"),
    (("object_id", "property_name", None, "value", "timestamp"), "dealstage", "amount", "pipeline"),
]


@pytest.mark.parametrize(
    ("headers", "stage", "amount", "pipeline"), LOGS, ids=lambda v: v if isinstance(v, str) else v[0]
)
def test_logs_of_all_fields(tmp_path, headers, stage, amount, pipeline):
    some = processes.deals(12, n=40, back=0.2, pipelines=tuple(STAGES), changes=0.2)
    names = {"Stage": stage, "Amount": amount, "Pipeline": pipeline}
    history = processes.field_log(some, with_old=headers[2] is not None).with_columns(pl.col("Field").replace(names))
    history = history.rename(
        {o: n for o, n in zip(["Deal ID", "Field", "Old", "New", "At"], headers, strict=True) if n}
    )
    history = history if headers[2] else history.drop("Old")
    made = init(tmp_path, deals=processes.deal_file(some), history=history)
    found = asked(made)
    assert (found["shape"], found["field"], found.get("from")) == ("field_log", headers[1], headers[2])
    assert found["fields"] == {stage: "stage", amount: "amount", pipeline: "pipeline"}
    assert visits(made.book) == processes.truth(some)


#: how a column of entries and one of exits are headed; {} is the stage
WIDE = [
    ('Date entered "{} (Sales Pipeline)"', 'Date exited "{} (Sales Pipeline)"'),
    ("Date entered “{}”", "Date exited “{}”"),
    ('Datum ingevoerd "{} (Verkooppijplijn)"', 'Datum verlaten "{} (Verkooppijplijn)"'),
    ('Datum van binnenkomst in "{}"', 'Datum van vertrek uit "{}"'),
    ('Datum in "{}"', 'Datum uit "{}"'),  # no list has these words: of two groups of dates the earlier is of entries
    ('Fecha de entrada "{}"', 'Fecha de salida "{}"'),
]


@pytest.mark.parametrize(("entered", "exited"), WIDE, ids=lambda header: header)
def test_a_column_a_stage_by_its_label(tmp_path, entered, exited):
    some = processes.deals(13, n=40)
    frame = processes.wide(some).rename(
        {f"in {stage}": entered.format(stage) for stage in STAGE_NAMES}
        | {f"out {stage}": exited.format(stage) for stage in STAGE_NAMES}
    )
    frame = frame.select(sorted(frame.columns))  # "all properties" come by name, not in the order of the pipeline
    made = init(tmp_path, deals=frame.drop("Pipeline"))
    assert asked(made)["shape"] == "wide"
    assert {one["stage"] for one in asked(made)["stages"]} <= set(STAGE_NAMES)
    assert all("exited" in one for one in asked(made)["stages"])
    assert visits(made.book) == as_one_pipeline(processes.truth(some))
    assert made.guess.table("deals").unused == ()


def test_columns_of_stages_in_several_pipelines(tmp_path):
    """The same name in two pipelines is two stages; deals that moved on to the other one were in both."""
    some = processes.deals(23, n=60, pipelines=tuple(STAGES), changes=0.2)
    frame = processes.wide(some, lambda pipeline, stage: f"{stage} ({pipeline})")
    frame = frame.rename(
        {n: f'Date {"entered" if n.startswith("in ") else "exited"} "{n.split(" ", 1)[1]}"' for n in frame.columns[5:]}
    )
    made = init(tmp_path, deals=frame)
    known = {d.deal_id for d in some if len({v[:2] for v in d.visits}) == len(d.visits)}  # nobody comes back to a stage
    expected = [row for row in processes.truth(some) if row[0] in known]
    assert [row for row in visits(made.book) if row[0] in known] == expected
    assert made.guess.orders == STAGES


@pytest.mark.parametrize("prefix", ["hs_v2_date", "hs_date", "property_hs_v2_date", "properties__hs_date"])
@pytest.mark.parametrize("suffix", ["", "_1234567890"])
def test_a_column_a_stage_by_the_api_s_name(tmp_path, prefix, suffix):
    some = processes.deals(14, n=40)
    ids = {stage: letters(stage) for stage in STAGE_NAMES}
    frame = processes.wide(some).rename(
        {f"in {stage}": f"{prefix}_entered_{ids[stage]}{suffix}" for stage in STAGE_NAMES}
        | {f"out {stage}": f"{prefix}_exited_{ids[stage]}{suffix}" for stage in STAGE_NAMES}
    )
    frame = frame.with_columns(pl.col("Stage").replace(ids)).drop("Pipeline")
    frame = frame.with_columns(pl.lit("2026-01-01 00:00:00").alias(f"{prefix}_entered_current_stage"))
    made = init(tmp_path, deals=frame)
    expected = [(deal, "all", letters(stage), *rest) for deal, _, stage, *rest in processes.truth(some)]
    assert visits(made.book) == expected


@pytest.mark.parametrize("header", ["Snapshot Date", "snapshot_date", "Peildatum", "Genomen", "_airbyte_extracted_at"])
def test_snapshots(tmp_path, header):
    """Deals that are seen every week; a column of days that they share is told by its cells, whatever its name."""
    some = processes.deals(15, n=30)
    shots = processes.snapshots(some).rename({"Snapshot Date": header})
    made = init(tmp_path, snapshots=shots)
    assert asked(made)["shape"] == "snapshots"
    assert made.guess.table("deals").grammar == {"latest": header}
    assert made.book.tables["deals"].height == shots["Deal ID"].n_unique()


@pytest.mark.parametrize(
    "names", [("_fivetran_start", "_fivetran_active"), ("_dlt_valid_from", None), ("dbt_valid_from", None)]
)
def test_versions(tmp_path, names):
    some = processes.deals(16, n=30, back=0.2, pipelines=tuple(STAGES), changes=0.1)
    frame = processes.versions(some).rename({"_fivetran_start": names[0]})
    frame = frame if names[1] else frame.drop("_fivetran_active", "_fivetran_end")
    made = init(tmp_path, deals=frame)
    assert asked(made)["shape"] == "versions"
    assert made.guess.table("deals").grammar == ({"keep": {names[1]: ["True"]}} if names[1] else {"latest": names[0]})
    assert made.book.tables["deals"].height == len(some)
    assert visits(made.book) == processes.truth(some)


@pytest.mark.parametrize(
    "write", [processes.long, lambda some: processes.from_to(some, birth=True)], ids=["long", "from_to"]
)
def test_a_history_alone(tmp_path, write):
    some = processes.deals(17, n=30, back=0.2)
    history = write(some).rename(
        {"To": "To Stage", "At": "Date", **({"From": "From Stage"} if write(some).width > 3 else {})}
    )
    made = init(tmp_path, history=history)
    assert made.guess.table("deals").grammar == {"made_from": "stage_events"}
    assert visits(made.book) == as_one_pipeline(processes.truth(some))


def test_the_same_names_in_two_pipelines_have_an_order_each(tmp_path):
    some = processes.deals(18, n=80, pipelines=tuple(STAGES))
    history = processes.long(some).rename({"To": "Stage", "At": "Timestamp"})
    made = init(tmp_path, deals=processes.deal_file(some), history=history)
    assert made.guess.orders == STAGES
    assert visits(made.book) == processes.truth(some)


def test_a_clean_list_of_deals_is_no_history(tmp_path):
    some = processes.deals(19, n=40)
    made = init(tmp_path, deals=processes.deal_file(some))
    assert made.guess.table("stage_events") is None


def test_an_order_is_that_of_most_deals():
    """Of nine deals that came to both, six saw B before C; where A is skipped, the order stays."""
    at = pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 9), "1d", eager=True)
    paths = [("A", "B", "C")] * 4 + [("B", "C")] * 2 + [("A", "C", "B")] * 3
    rows = [(f"d{i}", stage, at[j]) for i, path in enumerate(paths) for j, stage in enumerate(path)]
    assert histories.in_order(pl.DataFrame(rows, schema=["deal", "stage", "at"], orient="row")) == ("A", "B", "C")


@pytest.mark.parametrize("name", ["hubspot-all-properties", "hubspot-api-names", "salesforce"])
def test_the_same_300_deals_have_the_same_visits_in_every_shape(tmp_path, shared_data, name):
    folder = Path(shared_data) / "cases" / "shapes" / "same-300-deals"
    names = ["salesforce-opportunities", "salesforce-history"] if name == "salesforce" else [name]
    made = starting.start(
        [folder / f"{one}.csv" for one in names], tmp_path, lambda _question, _blanks, guess: guess, Words("en")
    )
    truth = pl.read_csv(folder / "truth_visits.csv", infer_schema=False)
    first = 90_000 if name == "salesforce" else 0
    found = {
        (
            str(int(deal[-6:]) + first),
            letters(stage),
            f"{entered:%Y-%m-%d %H:%M}",
            None if left is None else f"{left:%Y-%m-%d %H:%M}",
            kind,
        )
        for deal, _, stage, entered, left, kind in visits(made.book)
    }
    assert found == {(deal, letters(stage), entered, left, kind) for deal, stage, entered, left, kind in truth.rows()}
    assert len(found) == 747


def test_a_log_of_ids_beside_deals_with_names_and_a_list_of_both(tmp_path):
    """Pipedrive: the export names stages, pipelines and statuses; the changelog and the list of stages have ids."""
    some = processes.deals(31, n=60, back=0.2, pipelines=tuple(STAGES))
    ids = {
        (pipeline, stage): str(10 * p + s)
        for p, (pipeline, names) in enumerate(STAGES.items(), 1)
        for s, stage in enumerate(names)
    }
    status = {"open": "Open", "won": "Won", "lost": "Lost"}
    deals, log = [], []
    for deal in some:
        known = {"Deal - ID": deal.deal_id, "Deal - Pipeline": deal.pipeline, "Deal - Stage": deal.visits[-1][1]}
        times = {"Deal - Deal created": f"{deal.created:%F %T}", "Deal - Deal closed on": processes.as_text(deal.ended)}
        deals.append(known | {"Deal - Status": status[deal.outcome]} | times)
        for one, following in zip(deal.visits, deal.visits[1:], strict=False):
            log.append((deal.deal_id, "stage_id", ids[one[:2]], ids[following[:2]], f"{following[2]:%F %T}"))
        if deal.ended:
            log.append((deal.deal_id, "status", "open", deal.outcome, f"{deal.ended:%F %T}"))
    listed = [
        (ids[p, s], str(i), s, str(list(STAGES).index(p) + 1))
        for p, names in STAGES.items()
        for i, s in enumerate(names)
    ]
    made = init(
        tmp_path,
        deals=pl.DataFrame(deals, schema_overrides={"Deal - Deal closed on": pl.String}),
        changelog=pl.DataFrame(log, schema=["deal_id", "field_key", "old_value", "new_value", "time"], orient="row"),
        stages=pl.DataFrame(listed, schema=["id", "order_nr", "name", "pipeline_id"], orient="row"),
    )
    assert asked(made)["values"]["stage"]["10"] == "Qualify"
    assert made.guess.table("stages").grammar == {"values": {"pipeline": {"1": "New business", "2": "Renewal"}}}
    assert visits(made.book) == processes.truth(some)
    assert dict(made.book.tables["changes"]["field"].value_counts().iter_rows())["outcome"] == sum(
        1 for d in some if d.ended
    )


def test_a_history_that_writes_stages_as_the_api_does(tmp_path):
    """The export says "Closed Won", the history closedwon: the same letters."""
    some = processes.deals(32, n=40, back=0.2)
    history = processes.long(some).with_columns(pl.col("To").map_elements(letters, return_dtype=pl.String))
    history = history.rename({"Deal ID": "dealId", "To": "value", "At": "timestamp"})
    made = init(tmp_path, deals=processes.deal_file(some), history=history)
    assert visits(made.book) == processes.truth(some)
