"""The record of a run: what is read is what was written, and a file is there whole or not at all."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit.errors import UsageError
from kpikit.report.making.job import Outcome
from kpikit.report.runs.record import RECORD, Entry, Record, read
from kpikit.report.runs.run import Run

FIGURE = {"figure": "won", "stage": None, "first_on": "2026-07-01", "months": 3, "unit": "deal", "value": 15.0, "n": 15}
WHOLE = Entry(
    Outcome("Noord", "ok", 1.234, "Eleven deals wait", formats={"pdf": ""}, files={"report.html": "ab"},
            figures=(FIGURE,), restated=({**FIGURE, "now": None, "why": "data"},), last_on="2026-09-30"),
    "noord", "k1",
)  # fmt: skip


def test_what_is_read_is_what_was_written(tmp_path):
    record = Record(tmp_path, {"period": "2026Q2"})
    record.put(WHOLE)
    record.put(Entry(Outcome("Zuid", "pending"), "zuid", "k2"))
    record.save("running")
    found = read(tmp_path)
    assert found.head == {"period": "2026Q2"}
    assert list(found.entries) == ["Noord", "Zuid"]
    assert found.entries["Zuid"] == Entry(Outcome("Zuid", "pending"), "zuid", "k2")
    assert found.entries["Noord"].outcome.seconds == 1.23  # hundredths are enough
    assert found.entries["Noord"].as_dict() == WHOLE.as_dict()


def test_the_file_tells_the_last_state_of_each_team(tmp_path):
    record = Record(tmp_path, {"period": "2026Q2"})
    record.put(Entry(Outcome("Noord", "pending"), "noord"))
    record.save("running")
    record.put(WHOLE)
    record.save("finished")
    told = json.loads((tmp_path / RECORD).read_text(encoding="utf-8"))
    assert told["state"] == "finished"
    assert [team["status"] for team in told["teams"]] == ["ok"]


def test_a_run_without_teams_is_still_json(tmp_path):
    Record(tmp_path, {"period": "2026Q2"}).save("finished")
    assert json.loads((tmp_path / RECORD).read_text(encoding="utf-8"))["teams"] == []


@settings(max_examples=40)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_of_a_crm_comes_back_as_it_was(tmp_path_factory, team, reason):
    folder = tmp_path_factory.mktemp("record")
    record = Record(folder, {"period": "2026Q2"})
    record.put(Entry(Outcome(team, "failed", reason=reason), "x"))
    record.save("finished")
    assert read(folder).entries[team].outcome.reason == reason


def test_no_file_is_no_record(tmp_path):
    assert read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"teams": [{"team": "a"}]}', '{"teams": [{"nonsense": 1}]}'])
def test_what_is_no_record_is_refused(tmp_path, text):
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(UsageError, match=r"is not the run\.json of a run"):
        read(tmp_path)


def test_a_report_is_whole_only_with_every_format():
    assert Outcome("a", "ok").is_whole
    assert Outcome("a", "ok", formats={"pdf": "", "xlsx": ""}).is_whole
    assert not Outcome("a", "ok", formats={"pdf": "no browser"}).is_whole
    assert not Outcome("a", "failed").is_whole


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 4),
        ([Outcome("a", "refused")], 4),
        ([Outcome("a", "failed"), Outcome("b", "refused")], 4),
        ([Outcome("a", "ok"), Outcome("b", "refused")], 0),
        ([Outcome("a", "ok", formats={"pdf": ""})], 0),
        ([Outcome("a", "ok"), Outcome("b", "failed")], 1),
        ([Outcome("a", "ok", formats={"pdf": "no browser"})], 1),
    ],
)
def test_exit_codes(tmp_path, outcomes, code):
    """0 fine (a refusal is fine), 1 a report or a format failed, 4 nothing produced."""
    assert Run(tmp_path, tuple(outcomes)).exit_code == code
