"""Rates that do not fall along a parameter, and where they reach a level: nothing else is assumed of a curve."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from slth.sweeps.curves.cells import Cells
from slth.sweeps.curves.curve import Curve

Array = NDArray[np.float64]
Counts = NDArray[np.int64] | NDArray[np.float64]


def isotonic(x: Array, successes: Counts, trials: Counts) -> tuple[Array, Array]:
    """The likeliest rates that do not fall along x, and the values of x, each once.

    Robertson, Wright and Dykstra 1988, "Order restricted statistical inference": the weighted least-squares fit is it.
    """
    places, where = np.unique(x, return_inverse=True)
    hits, total = np.bincount(where, successes), np.bincount(where, trials)
    return places, np.asarray(optimize.isotonic_regression(hits / total, weights=total).x)


def first_reaching(places: Array, rates: Array, level: float) -> float:
    """The first place whose rate reaches the level; -inf if that is the first of all, inf if none does."""
    reached = np.flatnonzero(rates >= level)
    return math.inf if not reached.size else -math.inf if reached[0] == 0 else float(places[reached[0]])


def before(places: Array, value: float) -> float:
    """The place before this one."""
    return value if value == -math.inf else float(places[np.searchsorted(places, value) - 1])


def exact_interval(curve: Curve, level: float) -> tuple[float, float]:
    """(low, high] that holds the first x at which the probability is `level`, as surely as the points' intervals hold their probabilities.

    Let L and U be the ends of these intervals, each missed with probability at most alpha / 2. From the smallest x on, as long as U <
    level, the threshold is above; only the first x at or above the threshold can go wrong, with probability at most alpha / 2. From the
    largest x on, as long as L >= level, it is at or below, likewise: a test of ordered hypotheses in a fixed sequence, which needs neither
    a correction for their number nor independence.
    """
    below, reached = curve.upper < level, curve.lower >= level
    steps = int(np.argmin(np.append(below, False)))  # leading points that are below
    low = float(curve.x[steps - 1]) if steps else -math.inf
    steps = int(np.argmin(np.append(reached[::-1], False)))
    high = float(curve.x[-steps]) if steps else math.inf
    return low, high


def redrawn(curve: Curve, rng: np.random.Generator, draws: int) -> list[Array]:
    """Isotonic rates of data drawn again from the observed shares."""
    cells = Cells.of(curve)
    again = cells.drawn(cells.counts / cells.trials, rng, draws).counts
    passed = np.empty((draws, curve.x.size))
    for label in np.unique(cells.run):
        passed[:, curve.run == label] = again[:, cells.run == label].cumsum(axis=1)[:, :-1]
    return [isotonic(curve.x, row, curve.trials)[1] for row in passed]
