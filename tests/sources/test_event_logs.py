"""A file that looks like an event log: its columns by name or by their cells, and its activities with counts."""

from pathlib import Path

import polars as pl
import pytest

from kpikit.reading import from_frame, read
from kpikit.sources.event_logs import event_log

_THREE = [
    ("k1", "Aanvraag", "2026-01-05 09:00", "ann"),
    ("k1", "Offerte", "2026-01-07 09:00", "bob"),
    ("k1", "Gewonnen", "2026-01-09 09:00", "bob"),
    ("k2", "Aanvraag", "2026-01-06 09:00", "ann"),
    ("k2", "Verloren", "2026-01-08 09:00", "ann"),
    ("k3", "Aanvraag", "2026-01-07 09:00", "bob"),
]
#: four times three cases
ROWS = [(f"{part}{case}", *rest) for part in "abcd" for case, *rest in _THREE]
HEADERS = [
    ("case:concept:name", "concept:name", "time:timestamp", "org:resource"),
    ("Case ID", "Activity", "Complete Timestamp", "Resource"),
    ("case", "act", "t", "who"),  # only the case and the activity have known names
    ("Dossier", "Stap", "Tijdstip", "Behandelaar"),
    ("nr", "wat", "wanneer", "door wie"),  # nothing has: by what stands in them
]


def log(headers, rows=ROWS):
    return from_frame(pl.DataFrame(rows, schema=list(headers), orient="row"), "log.csv")


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: headers[0])
def test_the_columns_of_a_log(headers):
    found = event_log(log(headers))
    assert (found.case, found.activity, found.time) == headers[:3]
    assert dict(found.activities) == {"Aanvraag": 12, "Gewonnen": 4, "Offerte": 4, "Verloren": 4}
    assert dict(found.outcomes) == {"Gewonnen": "won", "Verloren": "lost"}
    assert found.order == ("Aanvraag", "Offerte")
    assert (found.lifecycle, found.phases) == (None, ())


def test_the_phases_of_activities_are_told():
    rows = [(*row, phase) for row in ROWS for phase in ("start", "complete")]
    found = event_log(log(("case", "activity", "time", "who", "lifecycle:transition"), rows))
    assert (found.lifecycle, found.phases) == ("lifecycle:transition", ("complete", "start"))
    assert dict(found.attributes) == {"owner": "who"}


@pytest.mark.parametrize(
    "rows",
    [
        [(f"k{i}", "Aanvraag", "2026-01-05 09:00", "ann") for i in range(6)],  # a row a case
        [("k1", f"P{i}", "2026-01-05 09:00", "ann") for i in range(6)] * 2,  # lines of an order: one time
        [(f"k{i % 2}", "Aanvraag", f"2026-01-{i + 1:02} 09:00", "ann") for i in range(6)],  # one activity
        [(f"k{i % 2}", f"A{i % 3}", "soon", "ann") for i in range(6)],  # no times
    ],
    ids=["a row a case", "one time", "one activity", "no times"],
)
def test_what_is_no_log(rows):
    assert event_log(log(HEADERS[1], rows)) is None


@pytest.mark.parametrize(
    "file", ["init/01-line-items/export.csv", "init/09-flags/export.csv", "shapes/same-300-deals/hubspot-api-names.csv"]
)
def test_a_list_of_deals_is_no_log(shared_data, file):
    assert event_log(read(Path(shared_data) / "cases" / file)) is None


def test_the_log_of_a_bank(shared_data):
    found = event_log(read(Path(shared_data) / "bpic2012" / "bpic2012.parquet"))
    assert (found.activities["A_SUBMITTED"], found.activities["A_DECLINED"]) == (13_087, 7_635)  # published
    assert found.phases == ("COMPLETE", "SCHEDULE", "START")
