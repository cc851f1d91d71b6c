"""Errors as integers: histograms over quarter octaves, and sums of logarithms in a fixed unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.sweeps.tally import Integers

FIRST, LAST = -16, 64  # octaves: errors from 2^16 down to 2^-64; beyond, they count as the ends
BINS = 4 * (LAST - FIRST)
UNIT = (
    10  # sums of logarithms are in units of 2^-10 octaves: coarse, so that machines that round differently mostly agree
)


def octaves(errors: ArrayLike) -> NDArray[np.float64]:
    """-log2(error) of each, between the ends."""
    return -np.log2(np.clip(np.asarray(errors, np.float64), 2.0**-LAST, 2.0**-FIRST))


def histogram(errors: ArrayLike) -> tuple[int, ...]:
    """(BINS,) ints: entry i has the errors with -log2(error) in [FIRST + i / 4, FIRST + (i + 1) / 4), the ends what lies beyond."""
    places = np.floor(4 * (octaves(errors) - FIRST)).astype(np.int64)
    return tuple(np.bincount(np.minimum(places, BINS - 1), minlength=BINS).tolist())


def moments(errors: ArrayLike) -> tuple[int, int]:
    """Sum of -log2(error) in units of 2^-10, and of its square in units of 2^-20."""
    values = np.rint(octaves(errors) * 2**UNIT).astype(np.int64)
    return int(values.sum()), int((values * values).sum())


def quantile(bins: Integers, level: float) -> float:
    """The error that a share `level` of those in the histogram stays below, to a quarter octave: the upper end of its bin.

    Raises
    ------
    ValueError
        If the histogram is empty.
    """
    below = np.cumsum(np.array(bins, object)[::-1])
    if not below[-1]:
        raise ValueError("an empty histogram has no quantiles; collect some trials first")
    place = BINS - 1 - int(np.argmax(below >= level * below[-1]))
    return float(2.0 ** -(FIRST + place / 4))
