"""Counts by size, added up exactly: first and second moments, and how often there is any."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.sweeps.tally import Tally
from slth.sweeps.task import Point, Task
from slth.sweeps.tasks import octaves

Words = NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True)
class CountsBySize(Task):
    """Trials that count something of each size, 0 to `largest`, exactly.

    The tally holds rows by size: ``sum`` and ``squares`` of the counts, ``found``, the trials that counted any, and ``logarithms``, sums
    of log2 of the counts above 0 in units of 2^-`octaves.UNIT` (a typical count, where the mean belongs to the few largest); and the same
    of all sizes together, ``total``, ``total_squares``, ``total_found`` and ``total_logarithm``. A success is a count above 0. ``between``:
    trials with a count that was not settled (a sum within rounding of the end of the window); they enter with their proven lower bounds.
    """

    @property
    @abstractmethod
    def largest(self) -> int:
        """The largest size."""

    @property
    def points(self) -> tuple[Point, ...]:
        return (*({"size": k} for k in range(self.largest + 1)), {"sizes": "all"})

    def successes(self, tally: Tally) -> tuple[int, ...]:
        return (*tally["found"], tally["total_found"]) if tally.trials else (0,) * len(self.points)

    def tally_of(self, counts: Words, between: int) -> Tally:
        """Of the counts (trials, largest + 1) of some trials, at most 2^20 of them, each of fewer than 2^40 in all."""
        totals = counts.sum(axis=1, keepdims=True)
        return Tally(
            len(counts),
            {
                "sum": tuple(counts.sum(axis=0).tolist()),
                "squares": sums_of_squares(counts),
                "found": tuple((counts > 0).sum(axis=0).tolist()),
                "logarithms": logarithms(counts),
                "total": int(totals.sum()),
                "total_squares": sums_of_squares(totals)[0],
                "total_found": int((totals > 0).sum()),
                "total_logarithm": logarithms(totals)[0],
                "between": between,
            },
        )


def sums_of_squares(counts: Words) -> tuple[int, ...]:
    """Exactly the sum over the rows of the squares of (rows, k) integers below 2^40, at most 2^20 rows; the squares overflow 64 bits."""
    mask, half = np.uint64(2**32 - 1), np.uint64(32)
    high, low = counts >> half, counts & mask
    square = low * low
    parts = (high * high, 64), (high * low, 33), (square >> half, 32), (square & mask, 0)
    columns = [[total << shift for total in part.sum(axis=0).tolist()] for part, shift in parts]
    return tuple(map(sum, zip(*columns, strict=True)))


def logarithms(counts: Words) -> tuple[int, ...]:
    """Sums over the rows of log2 of (rows, k) integers, those of 0 left out, each rounded to units of 2^-`octaves.UNIT`."""
    bits = np.log2(np.maximum(counts, np.uint64(1)).astype(np.float64))
    return tuple(np.rint(bits * 2**octaves.UNIT).astype(np.int64).sum(axis=0).tolist())
