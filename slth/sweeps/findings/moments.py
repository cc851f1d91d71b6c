"""Counts by size, measured: means against the first moment, spread against the second, typical counts against means, and P(any)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from slth.sweeps.answer import Collected
from slth.sweeps.estimates import Estimate
from slth.sweeps.stopping import checked_confidence
from slth.sweeps.tasks import octaves
from slth.sweeps.tasks.by_size import CountsBySize

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Of the numbers Y_k of something of size k, k = 0, 1, ..., over the trials of a task.

    Attributes
    ----------
    trials : int
    mean, lower, upper : (sizes,) float64
        E[Y_k] ("annealed"), and normal intervals: to be trusted where `found` counts some hundred trials, and few of them hold the sum.
    ratio : (sizes,) float64
        E[Y_k^2] / E[Y_k]^2; NaN where none was counted.
    typical : (sizes,) float64
        2 to the power E[log2 Y_k | Y_k > 0] ("quenched"), never above E[Y_k | Y_k > 0]; NaN where none was counted.
    found : tuple of Estimate
        P(Y_k > 0).
    """

    trials: int
    mean: Array
    lower: Array
    upper: Array
    ratio: Array
    typical: Array
    found: tuple[Estimate, ...]

    @property
    def mean_found(self) -> Array:
        """E[Y_k | Y_k > 0]; NaN where none was counted."""
        hits = np.array([e.successes for e in self.found], np.float64)
        return np.asarray(self.mean * self.trials / np.where(hits, hits, np.nan))


def moments(collected: Collected, confidence: float = 0.95) -> Moments:
    """Moments of the counts of one task of kind `counts` or `census`.

    Raises
    ------
    TypeError
        If the task counts nothing by size.
    ValueError
        If it has no trials, or `confidence` is not in (0, 1).
    """
    checked_confidence(confidence)
    if not isinstance(collected.task, CountsBySize):
        raise TypeError(f"moments are those of counts by size, got a task of kind {collected.task.kind!r}")
    tally = collected.tally
    if not tally.trials:
        raise ValueError("there are no trials yet; collect some first")
    # whole numbers up to here: squares are beyond what floats hold
    sums, squares = tally["sum"], tally["squares"]
    mean = np.array([s / tally.trials for s in sums])
    variance = np.array(
        [(q * tally.trials - s * s) / tally.trials**2 for s, q in zip(sums, squares, strict=True)], np.float64
    )
    half = stats.norm.ppf((1 + confidence) / 2) * np.sqrt(variance / max(tally.trials - 1, 1))
    ratio = np.array([q * tally.trials / (s * s) if s else np.nan for s, q in zip(sums, squares, strict=True)])
    bits = [
        total / (hits * 2**octaves.UNIT) if hits else np.nan
        for total, hits in zip(tally["logarithms"], tally["found"], strict=True)
    ]
    found = tuple(e for e in collected.rows(confidence) if "size" in e.point)
    return Moments(tally.trials, mean, mean - half, mean + half, ratio, np.exp2(bits), found)
