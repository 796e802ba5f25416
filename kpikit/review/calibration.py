"""What a room can learn about itself: what came about, how far two shares are apart, how predictions came out.

Counts in, figures with ranges out; never by person. Below the floors there are counts and no figure.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kpikit import stats
from kpikit.analysis.base.population import with_wilson

#: below so many a share is one either way; so many predictions must have come out for a score
LEAST, PREDICTED = 10, 30
#: predictions are put together in these steps
STEPS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def shares(counts: pl.DataFrame) -> pl.DataFrame:
    """What share came about? ``n_events`` of ``n`` with Wilson's interval; ``too_few`` below ten.

    >>> shares(pl.DataFrame({"n": [20], "n_events": [10]})).select(pl.col("low", "high").round(3)).row(0)
    (0.299, 0.701)
    """
    found = with_wilson(counts.with_columns(pl.col("n", "n_events").cast(pl.Int64)))
    few = pl.col("n") < LEAST
    figures = [pl.when(~few).then(name).alias(name) for name in ("value", "low", "high")]
    status = pl.when(few).then(pl.lit("too_few")).otherwise(pl.lit("ok"))
    return found.with_columns(*figures, status=status, reason=pl.when(few).then(pl.lit("few_reviewed")))


def apart(k1: int, n1: int, k2: int, n2: int) -> pl.DataFrame:
    """How far apart are two shares, and can it be told?

    Newcombe's interval of k1/n1 - k2/n2. ``certainty`` is "clear" where it excludes no difference, else "unknown" with
    ``noticeable``: the difference that would have been clear four times in five. ``too_few`` below ten in either.

    >>> apart(56, 70, 48, 80).select("certainty", pl.col("low").round(4)).row(0)
    ('clear', 0.0524)
    """
    few = min(n1, n2) < LEAST
    row = stats.newcombe(k1, n1, k2, n2).select("value", "low", "high").row(0, named=True)
    clear = not few and (row["low"] > 0 or row["high"] < 0)
    seen = None if few else stats.detectable_difference(n2, n1, min(max(k2 / n2, 0.02), 0.98)).item(0, "value")
    nothing = dict.fromkeys(row)
    kinds = dict.fromkeys((*row, "noticeable"), pl.Float64)
    return pl.DataFrame(
        {
            **(nothing if few else row), "noticeable": seen, "n": n1, "n_before": n2, "n_events": k1,
            "n_events_before": k2, "certainty": "clear" if clear else "unknown", "unit": "share",
            "status": "too_few" if few else "ok", "reason": "few_reviewed" if few else None,
        },
        schema_overrides=kinds,
    )  # fmt: skip


def came_out(chances: Sequence[float], happened: Sequence[bool]) -> pl.DataFrame:
    """Of what was given a chance of about so much, how much came about?

    Returns:
        A row a step of a fifth: ``low_chance, high_chance, chance`` (the mean), ``n, n_events``, and the share with
        Wilson's interval, ``too_few`` below ten.

    >>> came_out([0.1, 0.15], [False, True]).select("n", "n_events", "status").row(0)
    (2, 1, 'too_few')
    """
    known = pl.DataFrame({"chance": chances, "is_so": happened}, schema={"chance": pl.Float64, "is_so": pl.Boolean})
    step = (pl.col("chance") * (len(STEPS) - 1)).floor().clip(0, len(STEPS) - 2).cast(pl.Int64)
    binned = known.group_by(step.alias("step")).agg(
        pl.col("chance").mean(), n=pl.len().cast(pl.Int64), n_events=pl.col("is_so").sum().cast(pl.Int64)
    ).sort("step")  # fmt: skip
    ends = {"low_chance": STEPS[:-1], "high_chance": STEPS[1:]}
    named = binned.with_columns(
        pl.col("step").replace_strict(dict(enumerate(values)), return_dtype=pl.Float64).alias(name)
        for name, values in ends.items()
    )
    return shares(named.drop("step"))


def brier(chances: Sequence[float], happened: Sequence[bool]) -> pl.DataFrame:
    """How far were the chances from what came about, and from what one rate for all would have given?

    Brier's score, the mean of (chance - what came about)²: 0 is always right, .25 says nothing. ``usual`` is the score
    of the one rate that came out; below it the room knew more than the rate. ``too_few`` below thirty.

    Source: Brier 1950; methods 6b (a score of fewer than thirty says nothing).

    >>> brier([0.5] * 30, [True] * 15 + [False] * 15).select("value", "usual").row(0)
    (0.25, 0.25)
    """
    n, k = len(chances), sum(bool(is_so) for is_so in happened)
    few = n < PREDICTED
    score = None if few else sum((p - is_so) ** 2 for p, is_so in zip(chances, happened, strict=True)) / n
    row = {"value": score, "usual": None if few else k / n * (1 - k / n), "n": n, "n_events": k, "unit": "brier",
           "status": "too_few" if few else "ok", "reason": "few_predictions" if few else None}  # fmt: skip
    return pl.DataFrame([row], schema_overrides={"value": pl.Float64, "usual": pl.Float64, "reason": pl.String})
