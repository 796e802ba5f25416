"""Random numbers of one purpose each, so that drawing more of one thing leaves all others as they were."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def generators(seed: int, names: tuple[str, ...]) -> dict[str, np.random.Generator]:
    """One independent generator for each purpose, so that drawing more of one thing leaves the others as they were."""
    return {name: np.random.default_rng([seed, at]) for at, name in enumerate(names)}


def stream(seed: int, *purpose: str) -> np.random.Generator:
    """The generator of a purpose by its name: the same whatever else is drawn, and in whatever order.

    >>> stream(1, "late").random() == stream(1, "late").random() != stream(1, "bias").random()
    True
    """
    return np.random.default_rng([seed, crc32("/".join(purpose).encode())])


def normal(rng: np.random.Generator, size: int | tuple[int, ...]) -> Floats:
    """Standard normal draws, by inversion."""
    return ndtri(rng.random(size) * (1 - 2e-16) + 1e-16)


def pick(rng: np.random.Generator, shares: Floats | tuple[float, ...], size: int) -> Ints:
    """Indices drawn with these shares (which need not add to 1)."""
    edges = np.cumsum(np.asarray(shares, dtype=float))
    return np.searchsorted(edges / edges[-1], rng.random(size), side="right").clip(0, len(edges) - 1)
