"""Exports as people have them: right, or refused in words; never wrong with nothing said."""

from zoneinfo import ZoneInfo

import pytest

from kpikit.errors import KpikitError
from kpikit.start.starting import understand
from tests.start import habits


def verdict(habit, folder):
    """Right, refused, or what was found in place of the truth."""
    try:
        made = understand(habit.write(folder), folder / "mine", None)
    except KpikitError:
        return "refused"
    if not made.is_clear:
        return "refused"
    deals = made.book.tables["deals"].select("name", "outcome", "amount", "created_at", "outcome_at").rows()
    # a moment in UTC and a day in the zone of the book are both the day that was written
    found = [
        {
            (*cells, begun and begun.astimezone(zone).date(), ended and ended.astimezone(zone).date())
            for *cells, begun, ended in deals
        }
        for zone in (ZoneInfo("UTC"), ZoneInfo(made.book.settings.time_zone))
    ]
    return "right" if habit.meant() in found and len(deals) == len(habit.meant()) else found


@pytest.mark.parametrize("habit", habits.HABITS, ids=lambda habit: habit.name)
def test_what_a_file_tells_comes_out_and_what_it_does_not_is_asked(habit, tmp_path):
    found = verdict(habit, tmp_path)
    assert found in (("right",) if habit.can_be_known else ("right", "refused"))
