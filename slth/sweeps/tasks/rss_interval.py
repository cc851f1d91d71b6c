"""Random subset sum for all targets of an interval: how many samples until every one of them is within epsilon of some subset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from slth import laws, subset_sum
from slth.sweeps.tally import Tally
from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.first import MAX_PROVEN, FirstSufficient, pieces
from slth.validation import positive_int

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_JUDGED = 28  # samples: up to here `coverage` settles every row
_PIECE = 5_000


@dataclass(frozen=True, kw_only=True)
class RSSInterval(FirstSufficient):
    """P(every target of [low, high] is within epsilon of a subset sum of n samples), for all n up to the one given and several epsilon.

    A trial draws n samples of the law; for each epsilon the first prefix that covers the interval is found by `subset_sum.coverage` and
    proven. Counted: by epsilon, the first sufficient length, 1 to n (`FirstSufficient`).

    Parameters
    ----------
    n : int
        The longest row, up to 44.
    epsilons : tuple of float
        > 0.
    law : str
    low, high : float
        The targets, ends included.

    Notes
    -----
    Trials a second on one core, n = 24: 95,000 for epsilons (0.1, 0.01), 10,000 for epsilon = 0.001.

    Source: Lueker 1998; da Cunha et al., "Revisiting the random subset sum problem", ESA 2023, Theorem 1.
    """

    kind: ClassVar[str] = "rss-interval"

    trials_a_block: int = 5_000
    n: int
    epsilons: tuple[float, ...]
    law: str = "uniform"
    low: float = -0.5
    high: float = 0.5

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        low, high = parameters.interval(self.low, self.high)
        _set = object.__setattr__
        _set(self, "n", parameters.up_to(self.n, "n", MAX_PROVEN))
        _set(self, "epsilons", parameters.epsilons(self.epsilons))
        _set(self, "law", parameters.law_name(self.law))
        _set(self, "low", low)
        _set(self, "high", high)

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(range(1, self.n + 1))

    @property
    def tolerances(self) -> tuple[float, ...]:
        return self.epsilons

    @property
    def _interval(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def _size(self) -> int | None:
        return None

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        law, total = laws.get(self.law), Tally()
        for some in pieces(trials, _PIECE):
            samples = law.sample((some, self.n), rng)
            first = [first_covering(samples, epsilon, self._interval, self._size) for epsilon in self.epsilons]
            # no samples are a prefix too, but a length is at least 1
            total += self.tally_of(np.maximum(np.stack(first, axis=1), 1) - 1)
        return total


def first_covering(samples: Floats, epsilon: float, interval: tuple[float, float], size: int | None) -> Integers:
    """For each row of `samples` (trials, n), the least t such that the first t samples cover the interval; n + 1 for none. Proven."""
    n = samples.shape[1]
    found = subset_sum.coverage(samples, epsilon, interval, size, workers=1)
    lower, upper = np.array(found.first_n_lower), np.array(found.first_n_upper)
    # `coverage` leaves some rows of more than 28 samples open: those that 28 surely cover, then with finer grids, then by the walk
    for most, options in (
        (_JUDGED, {}),
        (n, {"resolution": epsilon / 128}),
        (n, {"resolution": epsilon / 2048}),
        (n, {"method": "exact"}),
    ):
        left = np.flatnonzero((lower != upper) & (np.minimum(upper, n) <= most))
        lengths = np.full(left.size, _JUDGED) if most < n else np.minimum(upper[left], n)
        for length in np.unique(lengths).tolist():
            some = left[lengths == length]
            again = subset_sum.coverage(samples[some, :length], epsilon, interval, size, workers=1, **options)
            lower[some] = np.maximum(lower[some], again.first_n_lower)
            upper[some] = np.minimum(upper[some], again.first_n_upper)
    if (lower != upper).any():
        raise RuntimeError(f"whether n = {n} samples cover {interval} could not be settled; take a smaller n")
    return lower
