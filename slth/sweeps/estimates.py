"""One measured probability with its interval, and the estimate that a stop at enough successes does not bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

if TYPE_CHECKING:
    from slth.sweeps.task import Point


@dataclass(frozen=True)
class Estimate:
    """A probability, estimated.

    Attributes
    ----------
    point : mapping
        What it is the probability of, among the others of its task.
    trials, successes : int
    rate : float
        The estimate; NaN without trials. Not always successes / trials: see `method`.
    lower, upper : float
        Confidence interval, of this point alone.
    confidence : float
    method : str
        How `rate` and interval were found.
    """

    point: Point
    trials: int
    successes: int
    rate: float
    lower: float
    upper: float
    confidence: float
    method: str

    @property
    def failures(self) -> int:
        """Trials without success."""
        return self.trials - self.successes

    @property
    def complement(self) -> Estimate:
        """The same of failing."""
        return replace(self, successes=self.failures, rate=1 - self.rate, lower=1 - self.upper, upper=1 - self.lower)

    def __str__(self) -> str:
        where = ", ".join(f"{name}={value}" for name, value in self.point.items())
        return (
            f"{where + ': ' if where else ''}{self.rate:.6g} [{self.lower:.6g}, {self.upper:.6g}] "
            f"({self.successes:,} of {self.trials:,}, {100 * self.confidence:g}%, {self.method})"
        )


def unbiased_rates(
    before: Sequence[int], within: Sequence[int], trials_before: int, trials_within: int, wanted: int
) -> tuple[float, ...] | None:
    """Rates of nested points after trials in blocks, stopped at the end of the first block in which all points have `wanted` successes.

    Parameters
    ----------
    before, within : sequences of int
        Successes of each point before the last block, and within it.
    trials_before, trials_within : int
    wanted : int
        At least 2.

    Returns
    -------
    tuple of float, or None
        None if the points cannot be nested: if a point with more successes in all has fewer within or before the last block.

    Notes
    -----
    Points are nested if a trial that succeeds at one point succeeds at all points of larger probability. The rarest of them stops the
    trials. Were they stopped at its r-th success, in trial N, then (r - 1) / (N - 1) would be unbiased (Haldane 1945, "On a method of
    estimating frequencies"), and so would be, for every point, its share of the first N - 1 trials: given N, the r - 1 successes of the
    rarest among them and the N - r failures are independent draws from either kind. The trials of a block are exchangeable, so the mean
    over the place of the r-th success in the last block, negative hypergeometric given the counts, is unbiased too, and varies less
    (Rao and Blackwell). With fewer than `wanted` successes at a limit fixed beforehand, plain shares complete the estimate without bias
    (Girshick, Mosteller and Savage 1946, "Unbiased estimates for certain binomial sampling problems"). Time O(trials_within).
    """
    total = [s + t for s, t in zip(before, within, strict=True)]
    trials = trials_before + trials_within
    if min(total) < wanted:
        return tuple(s / trials for s in total)
    stops = [i for i in range(len(total)) if before[i] < wanted]
    rarest = min(stops, key=lambda i: total[i], default=None)
    if rarest is None or any(t < within[rarest] or s < before[rarest] for s, t in zip(before, within, strict=True)):
        return None
    left, found = wanted - before[rarest], within[rarest]
    places = np.arange(left, trials_within - found + left + 1)  # of the r-th success within the last block
    log_weight = _log_binomial(places - 1, left - 1) + _log_binomial(trials_within - places, found - left)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    others = (places - left) / max(trials_within - found, 1)  # share of the block's other trials that came before
    return tuple(
        float(weight @ ((s + left - 1 + others * (t - found)) / (trials_before + places - 1)))
        for s, t in zip(before, within, strict=True)
    )


def _log_binomial(n: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    return np.asarray(special.gammaln(n + 1.0) - special.gammaln(k + 1.0) - special.gammaln(n - k + 1.0))
