"""Confidence intervals for a share whose estimates by independent runs scatter like lognormal numbers, some of them perhaps zero."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """Natural logarithms of an estimated share and of its interval; -inf stands for 0."""

    middle: float
    lower: float
    upper: float


def of_runs(logs: Array, confidence: float, least_variance: float = 0.0) -> Interval:
    """The mean of the shares exp(logs) and its interval.

    Parameters
    ----------
    logs : (runs,) float64
        -inf where a run saw nothing.
    confidence : float
    least_variance : float
        Of a logarithm: what it would be in the best of cases. The scatter of few runs may be smaller by chance, and of runs with ties is.

    Notes
    -----
    The hull of two intervals around the runs that saw something: of the mean itself (normal, by the scatter of the shares), too short
    above where the shares are skew; and Cox's for the mean of a lognormal law, log mean + s^2 / 2 +- t sqrt(s^2 / R + s^4 / (2 (R - 1)))
    (Zhou and Gao 1997, "Confidence intervals for the log-normal mean", with the quantile of Student's t), too short where the logarithms
    are skew. Where some runs saw nothing, the share of those that did gets Clopper and Pearson's interval, each part at half of the error
    probability. If only one did, the lower end is Markov's: an unbiased estimate exceeds c times what it estimates with probability at
    most 1 / c; the upper end is a share of 1.
    """
    runs = logs.size
    alive = logs[logs > -math.inf]
    if not alive.size:
        return Interval(-math.inf, -math.inf, 0.0)
    middle = float(np.logaddexp.reduce(alive)) - math.log(runs)
    alpha = 1 - confidence
    if alive.size < runs or runs == 1:
        if alive.size == 1:
            return Interval(middle, middle + math.log(alpha), 0.0)
        low, high = clopper_pearson(alive.size, runs, 1 - alpha / 2)
        part = _hull(alive, alpha / 2, least_variance)
        return Interval(
            middle, min(middle, part.lower + math.log(low)), min(0.0, max(middle, part.upper + math.log(high)))
        )
    part = _hull(alive, alpha, least_variance)
    return Interval(middle, part.lower, min(0.0, part.upper))


def _hull(logs: Array, alpha: float, least_variance: float) -> Interval:
    runs = logs.size
    middle = float(np.logaddexp.reduce(logs)) - math.log(runs)
    quantile = float(stats.t.ppf(1 - alpha / 2, runs - 1))
    shares = np.exp(logs - middle)  # of mean 1
    scatter = max(float(shares.var(ddof=1)), math.expm1(least_variance))
    half = quantile * math.sqrt(scatter / runs)
    # on the scale of logarithms, where an interval does not reach below zero
    lower, upper = middle - half, middle + half
    variance = max(float(logs.var(ddof=1)), least_variance)
    cox = float(logs.mean()) + variance / 2
    half = quantile * math.sqrt(variance / runs + variance**2 / (2 * (runs - 1)))
    return Interval(middle, min(lower, cox - half), max(upper, cox + half))


def clopper_pearson(hits: int, draws: int, confidence: float) -> tuple[float, float]:
    """Exact two-sided interval of a probability, from independent draws."""
    tail = (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, hits, draws - hits + 1)) if hits else 0.0
    high = float(stats.beta.ppf(1 - tail, hits + 1, draws - hits)) if hits < draws else 1.0
    return low, high


def proven_lower(logs: Array, confidence: float) -> float:
    """A lower limit of the logarithm of what every exp(logs) estimates without bias, right with at least this confidence whatever their
    law.

    Markov's inequality twice, at half of the error probability each: the mean of the runs exceeds c times the truth with probability at
    most 1 / c, and so do all of R runs with at most c^-R (Gomes, Hoffmann, Sabharwal and Selman 2007, "From sampling to model counting").
    """
    alpha = (1 - confidence) / 2
    mean = float(np.logaddexp.reduce(logs)) - math.log(logs.size)
    return max(mean + math.log(alpha), float(logs.min()) + math.log(alpha) / logs.size)
