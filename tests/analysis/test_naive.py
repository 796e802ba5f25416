"""What a dashboard would say, beside what is true: methods.md 1.4."""

import pytest

from kpikit import RankingRefused, velocity
from tests.strategies import as_book, spell_rows

AS_OF = 400
#: twelve deals: they advanced, were lost, or were open after so many days
TWELVE = (
    [(d, "advance") for d in (5, 8, 12, 20)]
    + [(d, "lost") for d in (10, 30, 45)]
    + [(d, "open") for d in (15, 25, 40, 60, 90)]
)


def book_of(visits, **columns):
    spells = [(AS_OF - d, None, k) if k == "open" else (50, d, k) for d, k in visits]
    return as_book(spell_rows(spells, as_of=AS_OF, **columns))


def naive(book):
    return {row["figure"]: row for row in velocity.naive(book).filter(stage="Qualify").to_dicts()}


@pytest.mark.parametrize(
    ("figure", "value", "unit"),
    [
        ("mean_of_advanced", 45 / 4, "day"),  # (5 + 8 + 12 + 20) / 4 = 11.25
        ("median_of_ended", 12, "day"),  # 5 8 10 [12] 20 30 45
        ("on_of_ended", 4 / 7, "share"),
        ("on_of_entered", 4 / 12, "share"),
    ],
)
def test_the_four_familiar_figures(figure, value, unit):
    row = naive(book_of(TWELVE))[figure]
    assert (row["value"], row["unit"], row["status"]) == (pytest.approx(value, abs=1e-12), unit, "ok")
    assert (row["low"], row["high"]) == (None, None)
    assert row["n"] == 12


def test_the_honest_figure_stands_far_from_them():
    honest = velocity.time_in_stage(book_of(TWELVE)).filter(stage="Qualify")["value"].item()
    assert honest == 30.0
    assert naive(book_of(TWELVE))["median_of_ended"]["value"] == 12.0


def test_a_deal_left_open_moves_only_the_share_of_entered():
    more = naive(book_of([*TWELVE, (200, "open"), (300, "open")]))
    assert more["on_of_entered"]["value"] == pytest.approx(4 / 14)
    assert more["on_of_ended"]["value"] == pytest.approx(4 / 7)
    assert more["mean_of_advanced"]["value"] == pytest.approx(11.25)


def test_a_win_is_on_and_nothing_ended_is_no_figure():
    won = naive(book_of([(10, "won"), (20, "lost"), (30, "open")]))
    assert (won["on_of_ended"]["value"], won["mean_of_advanced"]["value"]) == (0.5, 10.0)
    still = naive(book_of([(10, "open"), (30, "open")]))
    assert [still[k]["value"] for k in ("mean_of_advanced", "median_of_ended", "on_of_ended")] == [None] * 3
    assert still["on_of_entered"]["value"] == 0.0


def test_never_by_a_person():
    with pytest.raises(RankingRefused):
        velocity.naive(book_of(TWELVE), by=["owner"])
