"""Do the pooled intervals of groups hold the truth, however much or little the groups differ?

Run: ``python benchmarks/pooled.py``. A replicate is eight groups with 5 to 40 deals and true shares drawn from a beta
with mean .25 and prior size kappa: 5 (groups differ widely, sd .18) to 1,000,000 (not at all). Wanted: at least .92
at every heterogeneity. The bounds themselves take longest, so the distribution function at the truth stands for them;
that this is the same is checked on the first replicates, from which the mean width comes too.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc

from kpikit.stats import pooled_rates
from kpikit.stats.pooling import _cells

REPLICATES, SEED, GROUPS = 2_000, 20261122, 8
MEAN, CHECKED = 0.25, 40
KAPPAS = (5, 15, 40, 150, 1_000_000)


def draw(rng: np.random.Generator, mean: float, kappa: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True shares, sizes and wins of the groups of every replicate."""
    size = rng.integers(5, 41, (REPLICATES, GROUPS))
    truth = rng.beta(mean * kappa, (1 - mean) * kappa, (REPLICATES, GROUPS))
    return truth, size, rng.binomial(size, truth)


def study(mean: float, kappa: float) -> tuple[float, float, float]:
    """Coverage, mean width, and root mean square error of the values."""
    truth, size, won = draw(np.random.default_rng([SEED, int(100 * mean), int(kappa)]), mean, kappa)
    inside = 0.0
    widths, errors = [], []
    for i, (theta, n, k) in enumerate(zip(truth, size, won, strict=True)):
        a, b, weight = _cells(k.astype(float), n.astype(float))
        below = weight @ betainc(a, b, theta)  # the truth lies between the bounds where this lies between the tails
        is_inside = (below >= 0.025) & (below <= 0.975)
        inside += is_inside.mean()
        errors.append(((weight @ (a / (a + b)) - theta) ** 2).mean())
        if i < CHECKED:
            frame = pooled_rates(k, n, draws=1)
            low, high = frame["low"].to_numpy(), frame["high"].to_numpy()
            assert (((low <= theta) & (theta <= high)) == is_inside).all()
            widths.append((high - low).mean())
    return inside / REPLICATES, float(np.mean(widths)), float(np.mean(errors)) ** 0.5


def main() -> None:
    """Print the table."""
    print(f"{REPLICATES:,} replicates of {GROUPS} groups with 5 to 40 deals, seed {SEED}; nominal .95")
    print(f"{'kappa':>10}{'sd':>7}{'coverage':>10}{'se':>8}{'width':>8}{'rmse':>8}")
    for kappa in KAPPAS:
        cover, width, error = study(MEAN, kappa)
        se = (cover * (1 - cover) / REPLICATES) ** 0.5
        spread = (MEAN * (1 - MEAN) / (kappa + 1)) ** 0.5
        note = "  SHORT" if cover < 0.92 else ""
        print(f"{kappa:>10,}{spread:>7.3f}{cover:>10.4f}{se:>8.4f}{width:>8.3f}{error:>8.3f}{note}", flush=True)


if __name__ == "__main__":
    main()
