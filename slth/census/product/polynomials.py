"""Counting polynomials of many weights: the coefficient of x^a is the number of subsets of a candidates within the tolerance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.uint64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Polynomials:
    """Non-zero polynomials with non-negative integer coefficients, equal ones once.

    Attributes
    ----------
    rows : (g, w) uint64
        Coefficients, from the lowest that is not zero.
    lows : (g,) int64
        The degree of that one.
    copies : (g,) int64
        How many weights have this polynomial.
    """

    rows: Counts
    lows: Ints
    copies: Ints

    @classmethod
    def grouped(cls, counts: Counts) -> Polynomials:
        """From counts by size (m, n + 1), one row a weight, none without an entry."""
        degrees = np.arange(counts.shape[1])
        lows = np.argmax(counts > 0, axis=1)
        moved = np.minimum(degrees + lows[:, None], degrees[-1])
        rows = np.where(degrees + lows[:, None] <= degrees[-1], np.take_along_axis(counts, moved, axis=1), 0)
        width = int(np.flatnonzero((rows > 0).any(axis=0))[-1]) + 1 if len(rows) else 1
        rows = np.ascontiguousarray(rows[:, :width].astype(np.uint64))
        # equal rows have equal keys; different ones too only by chance, and are then kept apart
        factors = np.random.default_rng(0).integers(0, 2**63, width, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        with np.errstate(over="ignore"):
            keys = (rows * factors).sum(axis=1, dtype=np.uint64) * np.uint64(131) + lows.astype(np.uint64)
        _, first, group, copies = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        same = (rows == rows[first[group]]).all() and (lows == lows[first[group]]).all()
        if not same:
            return cls(rows, lows, np.ones(len(rows), np.int64))
        return cls(rows[first], lows[first], copies)

    @classmethod
    def together(cls, parts: Sequence[Polynomials]) -> Polynomials:
        """The factors of several products."""
        width = max(part.rows.shape[1] for part in parts)
        rows = np.concatenate([np.pad(p.rows, ((0, 0), (0, width - p.rows.shape[1]))) for p in parts])
        return cls(rows, *(np.concatenate([getattr(p, name) for p in parts]) for name in ("lows", "copies")))

    @cached_property
    def tops(self) -> Ints:
        """(g,): the index of the last coefficient of each row that is not zero."""
        return np.asarray(self.rows.shape[1] - 1 - np.argmax(self.rows[:, ::-1] > 0, axis=1), np.int64)

    @property
    def lowest(self) -> int:
        """Degree of the lowest term of the product."""
        return int(self.lows @ self.copies)

    @property
    def degree(self) -> int:
        """From the lowest term of the product to the highest."""
        return int(self.tops @ self.copies)

    @property
    def count(self) -> int:
        """Number of factors."""
        return int(self.copies.sum())

    @property
    def bits(self) -> float:
        """log2 of the product at 1, and so of any coefficient, at least (a little more, for rounding)."""
        totals = self.rows.astype(np.float64).sum(axis=1)
        return math.fsum((np.log2(totals) * self.copies).tolist()) * (1 + 1e-12) + 1e-6 * self.count
