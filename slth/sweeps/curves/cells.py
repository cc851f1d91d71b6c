"""Trials by where they began to succeed: the form in which every likelihood of a curve is a product over cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slth.sweeps.curves.curve import Curve

Array = NDArray[np.float64]
_STEEPEST = 60.0  # change of a + b x over the smallest gap between values of x: beyond it a step is as good as a line


@dataclass(frozen=True)
class Cells:
    """Trials by where they began to succeed.

    A point by itself has two cells, successes (-inf, x] and failures (x, inf); the points x_1 < x_2 < ... of one run cut the line into
    (-inf, x_1], (x_1, x_2], ... With F log-concave the likelihood, a product of F(a + b high) - F(a + b low), is log-concave in (a, b)
    (Pratt 1981, "Concavity of the log likelihood"; Prekopa).

    Attributes
    ----------
    low, high : (cells,) float64
    counts : (..., cells) float64
        Leading axes are data sets of their own, such as bootstrap draws.
    run : (cells,) int64
    """

    low: Array
    high: Array
    counts: Array
    run: NDArray[np.int64]

    @classmethod
    def of(cls, curve: Curve) -> Cells:
        """The cells of a curve, in the units of its parameter."""
        low, high, counts, run = [], [], [], []
        for label in np.unique(curve.run):
            some = curve.run == label
            ends = np.concatenate([[-np.inf], curve.x[some], [np.inf]])
            passed = np.concatenate([[0], curve.successes[some], curve.trials[some][:1]])
            low.append(ends[:-1])
            high.append(ends[1:])
            counts.append(np.diff(passed))
            run.append(np.full(ends.size - 1, label))
        return cls(
            np.concatenate(low), np.concatenate(high), np.concatenate(counts).astype(np.float64), np.concatenate(run)
        )

    @cached_property
    def places(self) -> Array:
        """The x of the points, ascending, each once."""
        return np.unique(self.low[np.isfinite(self.low)])

    @cached_property
    def trials(self) -> Array:
        """(..., cells): of the run of each cell."""
        total = np.zeros(self.counts.shape)
        for label in np.unique(self.run):
            some = self.run == label
            total[..., some] = self.counts[..., some].sum(axis=-1, keepdims=True)
        return total

    @property
    def step(self) -> tuple[float, float] | None:
        """Where a step explains everything: the gap that lies in all cells with trials, if there is one."""
        some = self.counts > 0
        low, high = self.low[some].max(initial=-np.inf), self.high[some].min(initial=np.inf)
        return (float(low), float(high)) if low < high else None

    @cached_property
    def saturated(self) -> Array:
        """(...,): the log-likelihood of the observed shares themselves."""
        shares = np.divide(self.counts, self.trials, out=np.ones_like(self.counts), where=self.counts > 0)
        return np.asarray((self.counts * np.log(shares)).sum(axis=-1))

    def steepest(self) -> float:
        """Slope beyond which nothing changes any more."""
        gaps = np.diff(self.places)
        return _STEEPEST / float(gaps.min()) if gaps.size else _STEEPEST

    def drawn(self, shares: Array, rng: np.random.Generator, draws: int) -> Cells:
        """Data sets of as many trials, drawn from the given share of each cell."""
        counts = np.empty((draws, self.low.size))
        for label in np.unique(self.run):
            some = self.run == label
            p = shares[some] / shares[some].sum()
            counts[:, some] = rng.multinomial(int(self.counts[some].sum()), p, size=draws)
        return Cells(self.low, self.high, counts, self.run)
