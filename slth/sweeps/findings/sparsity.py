"""What tickets cost and keep: from sweeps of constructions to overparameterisation against density.

The source of the question: Natale, Ferre, Giambartolomei, Giroire, Mallmann-Trenn, "On the Sparsity of the Strong Lottery Ticket
Hypothesis",
NeurIPS 2024, figure 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from slth import data
from slth.sweeps.answer import Collected
from slth.sweeps.curves.curve import curves_of
from slth.sweeps.curves.thresholds import ThresholdEstimate, find_thresholds
from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.construction import Construction

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Kept:
    """Weights kept by a construction at one width, means over random networks.

    Attributes
    ----------
    target, construction : str
    width, trials : int
        Trials in which every weight had enough candidates.
    weights : int
        Of the random network.
    layers : (layers of the random network,) float64
        Weights kept, layer by layer.
    biases : (layers,) float64
        Biases kept: first layers carry the biases of the target through them.
    error : (layers,) float64
        Standard errors of `layers`.
    """

    target: str
    construction: str
    width: int
    trials: int
    weights: int
    layers: Array
    biases: Array
    error: Array

    @property
    def density(self) -> float:
        """Of the whole ticket, biases apart."""
        return float(self.layers.sum() / self.weights)

    @property
    def reuse(self) -> float:
        """Weights kept in second layers for each number kept in a first one: how many of the target it serves."""
        return float(self.layers[1::2].sum() / self._first)

    @property
    def _first(self) -> float:
        return float(self.layers[0::2].sum() + self.biases[0::2].sum())

    def reuse_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Ends of an interval of `reuse`, from normal ones of the two sums; biases are taken to vary as the weights beside them do."""
        z = float(stats.norm.ppf(1 - (1 - confidence) / 4))
        first, second = self._first, float(self.layers[1::2].sum())
        # counts of one network may depend on one another: standard errors add up at most
        a = z * self.error[0::2].sum() * first / self.layers[0::2].sum()
        b = z * self.error[1::2].sum()
        return float((second - b) / (first + a)), float((second + b) / max(first - a, 1.0))


@dataclass(frozen=True)
class Price:
    """The width that an error takes, and what stands in the ticket there.

    Attributes
    ----------
    target, construction : str
    epsilon, level : float
    width : ThresholdEstimate
        At which the error is at most epsilon with probability `level`.
    overparameterisation : (3,) float64
        Weights of the random network for each of the target: at the width, and at the ends of its interval.
    density : (3,) float64
        Of the ticket, by interpolation between the widths measured.
    """

    target: str
    construction: str
    epsilon: float
    level: float
    width: ThresholdEstimate
    overparameterisation: Array
    density: Array


def kept(collected: Iterable[Collected]) -> tuple[Kept, ...]:
    """What each task of kind `construction` kept; those without a trial that was wide enough are left out.

    Raises
    ------
    TypeError
        If a task is of another kind.
    """
    rows = []
    for found in collected:
        task = found.task
        if not isinstance(task, Construction):
            raise TypeError(f"tickets come from tasks of kind 'construction', got {task.kind!r}")
        trials = found.tally.trials - (found.tally["too_narrow"] if found.tally.trials else 0)
        if trials:
            mean = np.array(found.tally["kept"], np.float64) / trials
            square = np.array(found.tally["kept_squares"], np.float64) / trials
            error = np.sqrt(np.maximum(square - mean**2, 0) / max(trials - 1, 1))
            weights = sum(found.tally["weights"]) // trials
            biases = np.array(found.tally["kept_biases"], np.float64) / trials
            rows.append(Kept(task.target, task.construction, task.width, trials, weights, mean, biases, error))
    return tuple(rows)


def target_weights(name: str) -> int:
    """Weights, without biases, of the target of a `Construction` task."""
    if name == "digits":
        return sum(weight.size for weight, _ in data.digits_arrays())
    return sum(a * b for a, b in pairwise(parameters.shape(name)))


def prices(
    collected: Iterable[Collected],
    epsilon: float,
    level: float = 0.5,
    *,
    error: str = "weight",
    confidence: float = 0.95,
) -> tuple[Price, ...]:
    """Width, overparameterisation and density at an error, for each target and construction whose widths reach from failure to success.

    Parameters
    ----------
    collected : iterable of Collected
        Tasks of kind `construction` that differ in their width.
    epsilon : float
        One of their tolerances.
    level : float
        Probability of success.
    error : {"weight", "certified", "seen"}
    confidence : float
        Of the widths: a probit fit in the logarithm of the width.

    Raises
    ------
    TypeError
        If a task is of another kind.
    ValueError
        If no task has this tolerance and error.
    """
    answers = list(collected)
    sizes = kept(answers)
    found = []
    for curve in curves_of(answers, "width", confidence=confidence, error=error, epsilon=epsilon):
        given = str(curve.given["target"]), str(curve.given["construction"])
        some = sorted((s for s in sizes if (s.target, s.construction) == given), key=lambda s: s.width)
        if not (curve.rate[0] < level <= curve.rate.max()):
            continue
        width = find_thresholds(curve, (level,), method="probit", scale="log", confidence=confidence)[0]
        if not math.isfinite(width.value):
            continue
        grid = float(curve.x[0]), float(curve.x[-1])
        places = np.clip([width.value, width.lower, width.upper], *grid)
        logs = np.log([s.width for s in some])
        density = np.exp(np.interp(np.log(places), logs, np.log([s.density for s in some])))
        each = some[0].weights / some[0].width / target_weights(given[0])
        found.append(Price(*given, epsilon, level, width, each * places, density))
    return tuple(found)
