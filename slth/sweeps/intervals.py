"""Confidence intervals of a probability: for a fixed number of trials, at any time, and after stopping at enough successes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, special, stats

from slth.census.sampled.intervals import clopper_pearson

__all__ = ["at_any_time", "clopper_pearson", "jeffreys", "stopped_at_successes"]

Interval = tuple[float, float]
_PRIOR = 0.5  # of the mixture; Krichevsky and Trofimov's
_MARGIN = 1e-6  # of a logit, for rounding
_FARTHEST = 700.0  # logit of the smallest probability that is told from 0


def jeffreys(successes: int, trials: int, confidence: float) -> Interval:
    """Equal-tailed credible interval under the prior Beta(1/2, 1/2), with end 0 at no success and end 1 at no failure.

    Its coverage is close to the confidence on average, and below it at some probabilities (Brown, Cai and DasGupta 2001, "Interval
    estimation for a binomial proportion", section 4.3); `clopper_pearson` is never below.
    """
    tail, failures = (1 - confidence) / 2, trials - successes
    low = float(stats.beta.ppf(tail, successes + 0.5, failures + 0.5)) if successes else 0.0
    high = float(stats.beta.ppf(1 - tail, successes + 0.5, failures + 0.5)) if failures else 1.0
    return low, high


def at_any_time(successes: int, trials: int, confidence: float) -> Interval:
    """The interval of a confidence sequence: with this confidence all intervals, after every number of trials, hold the probability.

    So it is valid whatever the rule by which the trials were stopped.

    Notes
    -----
    The mixture of likelihood ratios M(p) = B(s + 1/2, f + 1/2) / (B(1/2, 1/2) p^s (1 - p)^f) is a martingale of mean 1 if p is the
    probability, and exceeds 1 / alpha ever with probability at most alpha (Ville). The interval is {p : M(p) < 1 / alpha} (Robbins 1970,
    "Statistical methods related to the law of the iterated logarithm").
    """
    if trials == 0:
        return 0.0, 1.0
    failures = trials - successes
    least = _least_likelihood(successes, failures, confidence)

    def excess(logit: float) -> float:
        return _log_likelihood(successes, failures, logit) - least

    low = _probability(excess, 0.0, successes / trials) if successes else 0.0
    high = _probability(excess, successes / trials, 1.0) if failures else 1.0
    return low, high


def surely_wider(successes: int, trials: int, confidence: float, half_width: float) -> bool:
    """Whether `at_any_time` is certainly wider than twice `half_width`; a fast "no" may be wrong, a "yes" is not."""
    if trials == 0:
        return True
    failures, rate = trials - successes, successes / trials
    least = _least_likelihood(successes, failures, confidence)
    ends = (rate - half_width, rate + half_width)
    return all(
        0.0 < end < 1.0 and _log_likelihood(successes, failures, math.log(end / (1 - end))) > least for end in ends
    )


def stopped_at_successes(successes: int, trials: int, last: int, wanted: int, confidence: float) -> Interval:
    """Exact interval after trials in blocks, stopped at the end of the first block with at least `wanted` successes in all.

    Parameters
    ----------
    successes, trials : int
        In all blocks, the last one included.
    last : int
        Trials of the last block.
    wanted : int
        Successes that ended it. With fewer `successes` the trials ended at a limit that was fixed beforehand.

    Notes
    -----
    Clopper and Pearson's tail inversion over the outcomes in the order of their evidence for a large probability: the earlier block first,
    then the more successes. With S' the successes before the last block and S all of them, an outcome of s successes and those before it in
    that order are the event S' >= wanted or S >= s, whose probability grows with p. One block alone gives Clopper and Pearson's interval,
    blocks of one trial that of the negative binomial law. Time O(wanted) a step of the root finder.
    """
    least = clopper_pearson(min(successes, wanted), trials, confidence)[0]
    low, high = clopper_pearson(successes, trials, confidence)
    if successes < wanted:
        return low, high
    most = clopper_pearson(wanted - 1, trials, confidence)[1]
    before, tail = trials - last, (1 - confidence) / 2
    earlier = np.arange(min(wanted, before + 1))  # successes before the last block that do not end the trials

    def later(logit: float, most: int) -> float:
        """Probability of S' < wanted and S <= most."""
        p = float(special.expit(logit))
        return float(stats.binom.pmf(earlier, before, p) @ stats.binom.cdf(most - earlier, last, p))

    # S >= s is part of the event, and the event of S >= wanted: between the ends for these two lies that for the event
    low = _probability(lambda logit: 1 - tail - later(logit, successes - 1), least, low)
    if successes < trials:
        high = _probability(lambda logit: later(logit, successes) - tail, most, high)
    return low, high


def _least_likelihood(successes: int, failures: int, confidence: float) -> float:
    """Log-likelihood below which a probability is given up."""
    mixture = special.betaln(successes + _PRIOR, failures + _PRIOR) - special.betaln(_PRIOR, _PRIOR)
    return float(mixture) + math.log1p(-confidence)


def _log_likelihood(successes: int, failures: int, logit: float) -> float:
    up, down = -float(np.logaddexp(0.0, -logit)), -float(np.logaddexp(0.0, logit))
    return (successes * up if successes else 0.0) + (failures * down if failures else 0.0)


def _probability(function: Callable[[float], float], low: float, high: float) -> float:
    """The probability between two, ends included, at which a function of the logit changes its sign."""
    start, stop = np.clip(special.logit([low, high]), -_FARTHEST, _FARTHEST)
    return float(special.expit(optimize.brentq(function, start - _MARGIN, stop + _MARGIN, xtol=1e-12, rtol=1e-14)))
