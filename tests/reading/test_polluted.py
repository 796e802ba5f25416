"""Files with a fault of every kind and dose: right, or said, or refused; never another figure in silence."""

from collections import Counter
from datetime import UTC, datetime, time

import pytest

from kpikit.errors import SEVERITY, DataError
from kpikit.reading import Formats, parse, read
from kpikit.reading.repair.mending import LeftOut
from tests.reading.polluted import Case, clean, polluted

#: Rules that say that figures may be others than those in the file, and that they were taken nevertheless.
TAKEN = {"days_swapped", "unit_mixed", "zone_two_meanings", "id_scientific"}
CLEAN, POLLUTED = list(clean()), polluted()
COLUMNS = ("deal_id", "pipeline", "outcome", "created_at", "outcome_at", "amount", "owner")


def truth(case: Case) -> list[tuple]:
    start = lambda day: datetime.combine(day, time(), UTC)  # noqa: E731
    return [
        (d.deal_id, d.pipeline, d.outcome, start(d.created) + case.time, d.ended and start(d.ended), d.amount, d.owner)
        for d in case.deals
    ]


def verdict(case: Case, tmp_path) -> str:
    """``right``, ``refused``, ``said`` (a cell or row is missing, and its column or row is named) or ``wrong: …``."""
    formats = Formats.from_settings(case.formats)
    try:
        raw = read(case.make(tmp_path / "deals.csv"), formats)
    except DataError:
        return "refused"
    parsed = parse(raw, "deals", formats)
    faults = [*raw.faults, *parsed.faults]
    if any(SEVERITY[fault.rule] == "error" for fault in faults):
        return "refused"
    told = {(fault.column, fault.rule) for fault in faults if SEVERITY[fault.rule] != "note"}
    missing = [name for name in COLUMNS if name not in parsed.frame.columns]
    if missing:
        return f"wrong: no column {missing}"
    rows = {row[0]: row for row in parsed.frame.select(COLUMNS).rows()}
    lost = [row for row in truth(case) if row[0] not in rows]
    spare = len(parsed.frame) - len(case.deals) + len(lost)
    is_said = any(rule in TAKEN for _, rule in told) or _counted(raw.left_out) >= len(lost)
    if not is_said and (spare > 0 or lost):
        return f"wrong: {len(lost)} rows lost, {spare} too many; {sorted(told, key=str)}"
    found = "said" if lost else "right"
    for row in truth(case):
        for name, true, read_as in zip(COLUMNS, row, rows.get(row[0], row), strict=True):
            if read_as == true or (isinstance(true, float) and read_as == pytest.approx(true)):
                continue
            rules = {rule for column, rule in told if column == name}
            if isinstance(read_as, str) and read_as.replace('"', "") == true and (None, "stray_quote") in told:
                continue
            if not (rules if read_as is None else rules & TAKEN):
                return f"wrong: {row[0]} {name} is {read_as}, true {true}; {sorted(told, key=str)}"
            found = "said"
    return found


def _counted(left_out: tuple[LeftOut, ...]) -> int:
    return len(left_out)


@pytest.mark.parametrize("case", POLLUTED, ids=lambda case: case.name)
def test_no_fault_makes_a_figure_in_silence(case, tmp_path):
    assert not verdict(case, tmp_path).startswith("wrong")


@pytest.mark.parametrize("case", CLEAN, ids=lambda case: case.name)
def test_clean_files_are_right_and_nothing_is_asked(case, tmp_path):
    assert verdict(case, tmp_path) == "right"


@pytest.mark.slow
def test_most_faults_come_out_right(tmp_path):
    found = Counter(verdict(case, tmp_path) for case in POLLUTED)
    assert len(POLLUTED) >= 150
    assert found["right"] >= 0.6 * len(POLLUTED), found
