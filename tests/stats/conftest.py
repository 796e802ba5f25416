"""The shared data sets, where they are."""

from pathlib import Path

import polars as pl
import pytest

from kpikit.stats import survival


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(__file__).parents[3] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"shared: …/{folder.parent.name}/{folder.name} is not here")
    return folder


@pytest.fixture
def twelve() -> dict[str, list]:
    """Twelve spells in one stage: 4 advanced, 3 lost, 5 still there; and from when each was seen."""
    return {
        "time": [5, 8, 12, 20, 10, 30, 45, 15, 25, 40, 60, 90],
        "exit": ["advance"] * 4 + ["lost"] * 3 + ["open"] * 5,
        "event": [1] * 7 + [0] * 5,
        "entry": [0, 0, 3, 0, 4, 10, 20, 0, 12, 30, 0, 45],
    }


@pytest.fixture
def counted():
    """Spells as counts."""

    def counts(time, exit_, entry=None) -> pl.DataFrame:
        import numpy as np

        late = None if entry is None else np.asarray(entry, float)
        return survival.as_counts(np.asarray(time, float), list(exit_), late)

    return counts
