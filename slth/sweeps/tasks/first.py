"""Tasks that ask for the first sufficient length: a trial grows its samples until they suffice, and one histogram answers every length."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth import subset_sum
from slth.sweeps.tally import Tally
from slth.sweeps.task import Point, Task

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Draw = Callable[[int, int], Floats]  # (trials, samples) -> samples of each trial, along axis 1

MAX_PROVEN = 44  # samples: up to here every answer of the solvers is proven
_ALL_AT_ONCE = 14  # samples: up to here the closest subset costs less than asking for more than two epsilons in turn
_PIECE = 50_000  # trials worked on together: some 10 MiB


@dataclass(frozen=True, kw_only=True)
class FirstSufficient(Task):
    """Per tolerance, a histogram of the first of some `lengths` at which a trial succeeds; more samples never hurt.

    The tally holds ``first``: for each tolerance a row of ``len(lengths) + 1`` integers, trials by the first sufficient length, the last
    entry for none of them. Successes at a length are the trials that had succeeded by then. All points of one task share its trials, so
    their frequencies depend on each other (the rows of ``first`` are multinomial); different tasks are independent.
    """

    @property
    @abstractmethod
    def lengths(self) -> tuple[int, ...]:
        """Lengths asked for, ascending: numbers of samples, or widths."""

    @property
    @abstractmethod
    def tolerances(self) -> tuple[float, ...]:
        """What success is measured with, ascending."""

    @property
    def _names(self) -> tuple[str, str]:
        """What a length and a tolerance are called in `points`."""
        return "n", "epsilon"

    @property
    def points(self) -> tuple[Point, ...]:
        length, tolerance = self._names
        return tuple({tolerance: margin, length: n} for margin in self.tolerances for n in self.lengths)

    def successes(self, tally: Tally) -> tuple[int, ...]:
        if not tally.trials:
            return (0,) * len(self.points)
        return tuple(hits for row in tally["first"] for hits in accumulate(row[:-1]))

    def tally_of(self, first: Integers) -> Tally:
        """From places in `lengths` (trials, tolerances); ``len(lengths)`` for none."""
        longest = len(self.lengths)
        rows = tuple(tuple(np.bincount(column, minlength=longest + 1).tolist()) for column in first.T)
        return Tally(len(first), {"first": rows})


def pieces(trials: int, most: int = _PIECE) -> Iterator[int]:
    """`trials` as a sum of numbers, the first ones equal to `most`."""
    yield from (min(most, trials - done) for done in range(0, trials, most))


def first_within(
    draw: Draw, targets: ArrayLike, lengths: tuple[int, ...], epsilons: tuple[float, ...], **question: Any
) -> Integers:
    """For each trial and epsilon, the place in `lengths` of the first prefix that has a subset within epsilon of the trial's target.

    Samples are drawn as they are needed: those of the first length for all trials, more for the trials that are still open at the smallest
    epsilon. So a trial costs what its own first length asks for, and a rare failure is followed at nearly no cost.

    Parameters
    ----------
    draw : (trials, samples) -> (trials, samples, ...) float64
    targets : (trials,) or (trials, d) float64
    lengths, epsilons : ascending
    **question
        Passed on to `subset_sum.solve`: `size`, `norm`.

    Returns
    -------
    (trials, epsilons) int64
        ``len(lengths)`` where no prefix suffices.
    """
    goals = np.asarray(targets, np.float64)
    coarse = epsilons[::-1]
    first = np.full((len(goals), len(coarse)), len(lengths))
    open_ = np.arange(len(goals))
    met = np.zeros(len(goals), np.int64)  # of `coarse`: whoever meets one has met all before it
    samples = draw(len(goals), lengths[0])
    for place, n in enumerate(lengths):
        if place:
            samples = np.concatenate([samples, draw(len(samples), n - samples.shape[1])], axis=1)
        now = epsilons_met(samples, goals[open_], coarse, met[open_], **question)
        for i in range(len(coarse)):
            first[open_[(met[open_] <= i) & (now > i)], i] = place
        met[open_] = now
        left = now < len(coarse)
        if not left.any():
            break
        samples, open_ = samples[left], open_[left]
    return first[:, ::-1]


def epsilons_met(
    samples: Floats, targets: Floats, coarse: tuple[float, ...], met: Integers, **question: Any
) -> Integers:
    """How many of the descending epsilons `coarse` are met by some subset, of which `met` are known; exact, and proven."""
    n = samples.shape[1]
    if n <= _ALL_AT_ONCE and len(coarse) > 2:
        closest = subset_sum.solve(samples, targets, workers=1, **question)
        _all_proven(closest.status, n)
        found = (closest.error[:, None] <= np.array(coarse)).sum(axis=1)
        # an error that was rounded to epsilon may lie beyond it
        beyond = np.flatnonzero(closest.error == np.array(coarse)[np.maximum(found, 1) - 1])
        found[beyond] -= 1
    else:
        found = met.copy()
        beyond = np.flatnonzero(found < len(coarse))
    while beyond.size:
        epsilon = np.array(coarse)[found[beyond]]
        some = subset_sum.solve(
            samples[beyond], targets[beyond], objective="any", epsilon=epsilon, workers=1, **question
        )
        _all_proven(some.status, n)
        beyond = beyond[some.status == subset_sum.Status.WITHIN_EPSILON]
        found[beyond] += 1
        beyond = beyond[found[beyond] < len(coarse)]
    return np.asarray(found)


def _all_proven(status: NDArray[np.uint8], n: int) -> None:
    lost = np.isin(status, (subset_sum.Status.HEURISTIC, subset_sum.Status.LIMIT))
    if lost.any():
        raise RuntimeError(
            f"{int(lost.sum())} of {lost.size} subset sums of n = {n} samples were not settled; take a smaller n"
        )
