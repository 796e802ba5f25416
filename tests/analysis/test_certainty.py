"""Three words of certainty: clear (Holm), a hint (two periods), can't tell yet (and what would have shown)."""

import polars as pl
import pytest

from kpikit.analysis.base.certainty import judge

KEYS = ["stage", "figure"]
#: one row a comparison: stage, p, value, low, high, low80, high80
SCHEMA = {
    "stage": pl.String,
    "figure": pl.String,
    **dict.fromkeys(("p", "value", "low", "high", "low80", "high80"), pl.Float64),
}


def frame(*rows):
    return pl.DataFrame([(r[0], "median", *r[1:]) for r in rows], schema=SCHEMA, orient="row")


def plain(stage, p, value=1.0, half=4.0, half80=2.5):
    return (stage, p, value, value - half, value + half, value - half80, value + half80)


def judged(now, earlier=None):
    found = judge(now, earlier if earlier is not None else now.clear(), KEYS)
    return {row["stage"]: row for row in found.to_dicts()}


def test_holm_by_hand():
    # in order .010 .020 .030 .040: × 4 = .040, × 3 = .060, × 2 = .060, × 1 = .040 → not below the one before: .060
    found = judged(frame(plain("a", 0.04), plain("b", 0.01), plain("c", 0.03), plain("d", 0.02)))
    assert {stage: row["p_holm"] for stage, row in found.items()} == pytest.approx(
        {"a": 0.06, "b": 0.04, "c": 0.06, "d": 0.06}
    )
    assert {stage: row["certainty"] for stage, row in found.items()} == {
        "a": "unknown",
        "b": "clear",
        "c": "unknown",
        "d": "unknown",
    }


def test_what_could_not_be_computed_does_not_count():
    # with one p of two missing the other is corrected by 1
    found = judged(frame(plain("a", 0.04), ("b", None, None, None, None, None, None)))
    assert found["a"]["p_holm"] == pytest.approx(0.04)
    assert found["a"]["certainty"] == "clear"
    # … and its interval is widened for 1: it stays the 95 % interval, 1 ± 4
    assert (found["a"]["low_together"], found["a"]["high_together"]) == pytest.approx((-3.0, 5.0))
    assert (found["b"]["p_holm"], found["b"]["certainty"], found["b"]["noticeable"]) == (None, "unknown", None)


@pytest.mark.parametrize(
    ("now", "before", "word"),
    [
        ((0.5, 9.0), (0.1, 3.0), "hint"),  # both above no change
        ((-9.0, -0.5), (-3.0, -0.1), "hint"),
        ((0.5, 9.0), (-3.0, -0.1), "unknown"),  # another side
        ((0.5, 9.0), (-0.1, 3.0), "unknown"),  # once only
        ((-0.5, 9.0), (0.1, 3.0), "unknown"),
        ((0.0, 9.0), (0.1, 3.0), "unknown"),  # no change is not excluded
        ((0.5, 9.0), None, "unknown"),  # nothing one period earlier
        ((0.5, 9.0), (None, None), "unknown"),
        ((0.5, None), (0.1, None), "hint"),  # an upper end that is not reached
    ],
)
def test_a_hint_needs_the_same_side_twice(now, before, word):
    rows = frame(("a", 0.2, 4.0, -1.0, 9.5, *now))
    earlier = frame(("a", 0.2, 4.0, -1.0, 9.5, *before)) if before else None
    assert judged(rows, earlier)["a"]["certainty"] == word


def test_a_hint_never_hides_what_is_clear():
    rows = frame(("a", 0.001, 4.0, 2.0, 9.5, 3.0, 8.0))
    assert judged(rows, rows)["a"]["certainty"] == "clear"


def test_noticeable_by_hand():
    # one comparison, so z = 1.96; half the interval is 3.919928 = 2 × 1.959964, so the standard error is 2:
    # 2 × (1.959964 + .841621) = 5.60317
    one = judged(frame(plain("a", 0.5, half=3.919928)))
    assert one["a"]["noticeable"] == pytest.approx(5.60317, abs=1e-4)
    assert (one["a"]["low_together"], one["a"]["high_together"]) == (
        pytest.approx(1 - 3.919928),
        pytest.approx(1 + 3.919928),
    )
    # five of them: z of 1 - .025 / 5 = .995 is 2.575829: 2 × (2.575829 + .841621) = 6.83490
    five = judged(frame(*(plain(s, 0.5, half=3.919928) for s in "abcde")))
    assert five["a"]["noticeable"] == pytest.approx(6.83490, abs=1e-4)
    assert five["a"]["low_together"] == pytest.approx(1 - 2 * 2.575829, abs=1e-4)
    assert five["a"]["high_together"] == pytest.approx(1 + 2 * 2.575829, abs=1e-4)


def test_an_open_interval_has_no_noticeable_change():
    found = judged(frame(("a", 0.5, 4.0, -1.0, None, 0.0, None)))["a"]
    assert found["noticeable"] is None
    assert found["high_together"] is None


def test_nothing_to_judge():
    found = judge(frame(), frame(), KEYS)
    assert found.height == 0
    assert {"p_holm", "certainty", "noticeable"} <= set(found.columns)


def test_order_and_rows_stay():
    rows = frame(*(plain(s, 0.5) for s in "zyxw"))
    assert judge(rows, rows, KEYS)["stage"].to_list() == list("zyxw")
