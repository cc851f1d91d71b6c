"""How many samples it takes to hit a target or to cover an interval: sharp predictions, and counting arguments from below.

Given the samples, a uniformly random subset has mean L / 2 and variance Q / 4 (L the sum of the samples, Q that of their squares), so about
``rate(z) = 2^n phi((z - L / 2) / sd) / sd`` subset sums lie in a unit around z, sd = sqrt(Q) / 2, and none beyond the sum of all positive
or of all negative samples. The predictors take them for a Poisson process of this rate and average over the samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth import laws
from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement
from slth.laws import Law

_DRAWS = 1 << 16  # of all samples: the averages have a standard error of at most 1 / 512
_SEED = 1998
_GAUSSIAN_FROM = 257  # samples: from here on their sums are taken for Gaussian
_NODES = 16  # of the integral over targets, in each stretch of one standard deviation
_PREDICTED = (
    "X_1, ..., X_n i.i.d. of the law, which has a density (an atom at 0 is allowed: such a sample counts as missing)",
    "approximation: given the samples, the subset sums lie like a Poisson process of the Gaussian rate with their mean and variance, "
    "cut where the positive or the negative samples end (there it is too optimistic)",
    "the average over samples is one over 65,536 fixed draws: standard error at most 0.002; from n = 257 on L and Q are Gaussian",
)


@statement(
    "probability that one target is hit",
    tex=r"P \approx \mathbb{E}_X\left[1 - e^{-2 \varepsilon\,\mathrm{rate}(z)}\right], \quad "
    r"\mathrm{rate}(z) = 2^n \varphi\left(\frac{z - L/2}{\sqrt{Q}/2}\right) \frac{2}{\sqrt{Q}}",
    cites=("slth",),
    where="quenched Gaussian rate, Poisson statistics; compared with enumeration in proofs_checks/predictors.py",
    mark="derived",
    checked=True,
    assumptions=_PREDICTED,
    direction="predictor",
)
def rss_target_prob(n: ArrayLike, eps: ArrayLike, z: ArrayLike, law: Law | str = "uniform") -> Any:
    """Predicted probability that some subset of n samples has a sum within eps of z; 1 where the empty one has.

    Parameters
    ----------
    n : (...) int
        Samples.
    eps : (...) float
        > 0.
    z : (...) float
        Target.
    law : Law or str
        Name or object (`slth.laws`).

    Returns
    -------
    float, or (...) float64
        The same for the same arguments: nothing is drawn anew. Time O(n) for the largest n, plus about 2 ms an entry.
    """
    args = Arguments("rss_target_prob", n=n, eps=eps, z=z)
    n, eps, z = args
    args.require_whole("n")
    args.require("n <= 2^53", n <= 2**53)
    args.require("eps > 0", eps > 0)
    some = _with_density(law)

    def given(drawn: _Drawn, eps: float, z: float) -> float:
        if abs(z) <= eps:  # the empty sum
            return 1.0
        return drawn.average(-np.expm1(-drawn.expected(z, eps)), z, z, eps)

    return args.real(lambda n, *point: _averages(given, some, n, *point))


@statement(
    "probability that all targets of an interval are hit at once",
    tex=r"P \approx \mathbb{E}_X\left[\left(1 - e^{-2 \varepsilon\,\mathrm{rate}(\partial I)}\right) "
    r"\exp\left(-\int_I \mathrm{rate}(z)\, e^{-2 \varepsilon\,\mathrm{rate}(z)}\, dz\right)\right]",
    cites=("slth",),
    where="given the samples, a Poisson process hits an end of the interval (the mean of both is taken), and the number of gaps that "
    "begin inside is nearly Poisson; compared with simulation in proofs_checks/predictors.py",
    mark="derived",
    checked=True,
    assumptions=(
        *_PREDICTED,
        "rough where it predicts less than 0.1, and too optimistic for targets near the edge of what all samples together reach",
    ),
    direction="predictor",
)
def rss_cover_prob(
    n: ArrayLike, eps: ArrayLike, interval: tuple[ArrayLike, ArrayLike] = (-0.5, 0.5), law: Law | str = "uniform"
) -> Any:
    """Predicted probability that every z of the interval has a subset sum of n samples within eps; 1 where the empty one is.

    Parameters
    ----------
    n : (...) int
        Samples.
    eps : (...) float
        > 0.
    interval : pair of (...) float
        Smallest and largest target.
    law : Law or str
        Name or object (`slth.laws`).

    Returns
    -------
    float, or (...) float64
        The same for the same arguments: nothing is drawn anew. Time O(n) for the largest n, plus about 20 ms an entry.
    """
    try:
        low, high = interval
    except (TypeError, ValueError):
        raise ValueError(f"interval must be a pair, smallest and largest target, got {interval!r}") from None
    args = Arguments("rss_cover_prob", n=n, eps=eps, low=low, high=high)
    n, eps, low, high = args
    args.require_whole("n")
    args.require("n <= 2^53", n <= 2**53)
    args.require("eps > 0", eps > 0)
    args.require("low < high", low < high)
    some = _with_density(law)

    def given(drawn: _Drawn, eps: float, low: float, high: float) -> float:
        if max(-low, high) <= eps:  # the empty sum
            return 1.0
        gaps = np.zeros(drawn.deviation.shape)
        for z, weight in _quadrature(low, high, float(np.median(drawn.deviation))):
            log_rate = drawn.log_rate(z)
            gaps += weight * np.exp(np.minimum(log_rate - drawn.expected(z, eps), 700.0))
        hit = -0.5 * (np.expm1(-drawn.expected(low, eps)) + np.expm1(-drawn.expected(high, eps)))
        return drawn.average(hit * np.exp(-gaps), low, high, eps)

    return args.real(lambda n, *point: _averages(given, some, n, *point))


@statement(
    "samples without which no interval of half-width L is covered, whatever they are",
    tex=r"2^n \ge L / \varepsilon",
    cites=("slth",),
    where="packing: 2^n intervals of length 2 eps cover at most 2^n 2 eps",
    mark="derived",
    checked=True,
    assumptions=("none on the samples", "targets: all of an interval of length 2 L at once", "eps > 0, L > 0"),
    direction="necessary",
)
def rss_n_counting(eps: ArrayLike, L: ArrayLike = 0.5) -> Any:
    """Least n with 2^n >= L / eps: fewer samples leave some target of any interval of length 2 L more than eps away.

    Parameters
    ----------
    eps : (...) float
        Error, > 0.
    L : (...) float
        Half-width of the interval of targets, > 0.

    Returns
    -------
    int, or (...) float64 of whole numbers
        Exact also where L / eps is a power of two.
    """
    args = Arguments("rss_n_counting", eps=eps, L=L)
    eps, L = args
    args.require("eps > 0", eps > 0)
    args.require("L > 0", L > 0)

    def least(eps: Array, L: Array) -> Array:
        # eps = m 2^e, m in [1/2, 1): L <= eps 2^n compares mantissas, without a rounding
        (m, e), (m_l, e_l) = np.frexp(eps), np.frexp(L)
        return np.maximum((e_l - e + (m_l > m)).astype(np.float64), 0.0)

    return args.whole(least)


@statement(
    "samples without which one target is not hit with probability p",
    tex=r"(2^n - 1)\, 2 \varepsilon D \ge p",
    cites=("slth",),
    where="first moment: every sum of one or more samples has a density <= D, so it is within eps of z with probability <= 2 eps D",
    mark="derived",
    checked=True,
    assumptions=(
        "X_1, ..., X_n independent, each with a density <= D",
        "one target z, fixed before the samples are drawn, abs(z) > eps (the empty sum does not hit it)",
        "eps > 0; 0 < p <= 1; D > 0",
    ),
    direction="necessary",
)
def rss_n_first_moment(eps: ArrayLike, p: ArrayLike, D: ArrayLike = 0.5) -> Any:
    """Least n with which the expected number of subset sums within eps of a target can reach p.

    Parameters
    ----------
    eps : (...) float
        Error, > 0.
    p : (...) float
        Probability that is asked for, in (0, 1].
    D : (...) float
        Upper bound of the density of each sample; 1/2 for U[-1, 1], 1 / (s sqrt(2 pi)) for N(m, s^2).

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("rss_n_first_moment", eps=eps, p=p, D=D)
    eps, p, D = args
    args.require("eps > 0", eps > 0)
    args.require("0 < p <= 1", (p > 0) & (p <= 1))
    args.require("D > 0", D > 0)

    def least(eps: Array, p: Array, D: Array) -> Array:
        log2_sums = np.log2(p) - 1 - np.log2(eps) - np.log2(D)  # of the number of non-empty subsets needed
        more = np.logaddexp2(0.0, log2_sums)
        # rounded down by more than the roundings: a necessary n must not come out too large
        return np.asarray(np.maximum(np.ceil(more - 1e-13 * (1 + np.abs(log2_sums))), 1.0))

    return args.whole(least)


class _Drawn:
    """The fixed draws, given the sums of all samples, of the positive ones and of the squares, and the number that is not 0: (draws,)."""

    def __init__(self, total: Array, positive: Array, squares: Array, present: Array) -> None:
        self._mean, self._positive, self._negative = 0.5 * total, positive, total - positive
        self._none = squares == 0
        self.deviation = np.where(self._none, 1.0, 0.5 * np.sqrt(squares))
        self._log_peak = present * math.log(2) - np.log(self.deviation) - 0.5 * math.log(2 * math.pi)

    def log_rate(self, z: float) -> Array:
        u = (z - self._mean) / self.deviation
        log: Array = self._log_peak - 0.5 * u * u
        return log

    def expected(self, z: float, eps: float) -> Array:
        """Number of sums within eps of z, at most e^50."""
        return np.asarray(np.exp(np.minimum(self.log_rate(z) + math.log(2 * eps), 50.0)))

    def average(self, probability: Array, low: float, high: float, eps: float) -> float:
        """Mean of the probabilities, 0 where the largest or the smallest sum does not come within eps of the targets."""
        reached = (self._positive >= high - eps) & (self._negative <= low + eps)
        # where all samples are 0, the empty sum is the only one
        return float((reached * np.where(self._none, 1.0, probability)).mean())


def _averages(given: Callable[..., float], law: Law, n: Array, *points: Array) -> Array:
    """``given(draws, *point)`` at each entry, entries of the same n together."""
    found = np.empty(n.shape)
    counts = np.unique(n).astype(np.int64)
    small, large = counts[counts < _GAUSSIAN_FROM], counts[counts >= _GAUSSIAN_FROM]
    for count, drawn in chain(_drawn(law, small.tolist()), _gaussian(law, large.tolist())):
        for i in np.flatnonzero(n == count).tolist():
            found[i] = given(drawn, *(float(p[i]) for p in points))
    return found


def _drawn(law: Law, counts: list[int]) -> Iterator[tuple[int, _Drawn]]:
    """Column i of the draws has a seed of its own, so that n samples are the first n of any larger number."""
    total, positive, squares, present = np.zeros((4, _DRAWS))
    for i in range(max(counts, default=0)):
        column = law.sample(_DRAWS, np.random.default_rng([_SEED, i]))
        total, positive = total + column, positive + np.maximum(column, 0.0)
        squares, present = squares + column * column, present + (column != 0)
        if i + 1 in counts:
            yield i + 1, _Drawn(total, positive, squares, present)


def _gaussian(law: Law, counts: list[int]) -> Iterator[tuple[int, _Drawn]]:
    """The same with the sums of X, X^2 and [X != 0] jointly Gaussian."""
    if not counts:
        return
    first, second, third, fourth = (law.moment(k) for k in (1, 2, 3, 4))
    share = 1.0 - float(law.probability(0.0))
    mean = np.array([first, second, share])
    covariance = np.array([[second, third, first], [third, fourth, second], [first, second, share]]) - np.outer(
        mean, mean
    )
    values, vectors = np.linalg.eigh(covariance)
    noise = (vectors * np.sqrt(np.maximum(values, 0.0))) @ np.random.default_rng(_SEED).standard_normal((3, _DRAWS))
    for n in counts:
        total, squares, present = n * mean[:, None] + math.sqrt(n) * noise
        # a reach that never limits: with so many samples the rate has become small long before
        yield n, _Drawn(total, np.full(_DRAWS, np.inf), np.maximum(squares, 0.0), present)


def _with_density(law: Law | str) -> Law:
    """The law, unless it has atoms other than 0: its subset sums coincide, and no rate describes them."""
    some = laws.get(law)
    values = some.sample(64, np.random.default_rng(_SEED))
    values = values[values != 0]
    if not values.size or np.any(some.probability(values) > 0):
        raise ValueError(f"the law {some.name!r} has atoms, whose sums coincide; these predictors need a density")
    return some


def _quadrature(low: float, high: float, scale: float) -> Iterator[tuple[float, float]]:
    """Gauss-Legendre nodes and weights on [low, high], in stretches about as long as the rate takes to change."""
    stretches = min(max(math.ceil((high - low) / scale), 1), 64)
    x, weights = np.polynomial.legendre.leggauss(_NODES)
    half = 0.5 * (high - low) / stretches
    for k in range(stretches):
        centre = low + (2 * k + 1) * half
        yield from zip((centre + half * x).tolist(), (half * weights).tolist(), strict=True)
