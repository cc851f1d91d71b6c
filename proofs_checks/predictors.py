"""The sharp predictors of random subset sum, which are no theorems: what of them is exact, and how close they come to enumeration.

Given the samples X_1, ..., X_n, a uniformly random subset has a sum of mean L / 2 and variance Q / 4, L = sum X_i, Q = sum X_i^2.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb, factorial, floor
from typing import Any

import numpy as np
import sympy

from proofs_checks.lemma import lemma, require
from proofs_checks.tools.chance import probability_is
from slth import laws
from slth.bounds.subset_sums.closest_error import log_closest_error
from slth.bounds.subset_sums.covering import rss_cover_prob, rss_n_counting, rss_n_first_moment, rss_target_prob
from slth.subset_sum import coverage

_CITES = ("slth",)
_PREDICTORS = ("rss_target_prob", "rss_cover_prob", "log_closest_error")


@lemma(
    "mean and variance, given the samples",
    means="symbolic",
    scope="all n and all samples: by induction, and as polynomials in X_1, ..., X_n for n <= 6 from all 2^n sums",
    bounds=_PREDICTORS,
    cites=_CITES,
)
def quenched_moments() -> str:
    """Given X_1, ..., X_n, the 2^n subset sums have mean L / 2, variance Q / 4 and third central moment 0, where L is the sum of the X_i
    and Q that of their squares.

    One more sample x turns each sum s into s and s + x. Less their mean, the sums are all +-X_1/2 +- ... +- X_n/2.
    """
    m, v, x = sympy.symbols("m v x")
    mean = (m + m + x) / 2
    square = ((v + m**2) + (v + m**2 + 2 * m * x + x**2)) / 2
    require(sympy.expand(mean - (m + x / 2)) == 0, f"the mean becomes {mean}")
    require(
        sympy.expand(square - mean**2 - (v + x**2 / 4)) == 0, f"the variance becomes {sympy.expand(square - mean**2)}"
    )
    for n in range(1, 7):
        X = sympy.symbols(f"x1:{n + 1}")
        centred = [sum(s * x / 2 for s, x in zip(signs, X, strict=True)) for signs in product((1, -1), repeat=n)]
        first, second, third = (sympy.expand(sum(sympy.expand(c**k) for c in centred) / 2**n) for k in (1, 2, 3))
        require(first == third == 0, f"odd moments {first} and {third} at n = {n}")
        require(sympy.expand(second - sum(x**2 for x in X) / 4) == 0, f"the variance at n = {n} is {second}")
    return "the induction closes; all 126 sums for n <= 6 agree"


@lemma(
    "one target",
    means="statistical",
    scope="U[-1, 1], N(0, 1), U[0, 1] U[-1, 1]; n = 8 and 10, eps = 0.01; n = 13, eps = 0.001; z = 0.1, 0.5, 1; 6,000 rows, all sums",
    bounds=("rss_target_prob",),
    cites=_CITES,
    false_alarm=1e-9,
    control=1.5,
)
def one_target(claim: float = 1.0) -> str:
    """rss_target_prob differs from the probability that some subset of n samples has a sum within eps of z by at most 0.03 for the uniform
    and the normal law, and by at most 0.06 for the product law. The control is a prediction for eps three halves as large.
    """
    trials, most, tests = 6000, 0.0, 0
    for law in ("uniform", "normal", "product"):
        for n, eps in ((8, 0.01), (10, 0.01), (13, 0.001)):
            samples = laws.get(law).sample((trials, n), np.random.default_rng([7, n]))
            targets = np.array([0.1, 0.5, 1.0])
            hits = np.zeros(3, np.int64)
            for rows in np.array_split(samples, max(trials * 2**n >> 21, 1)):
                sums = _sums(rows)
                hits += [int((np.abs(sums - z) <= eps).any(axis=1).sum()) for z in targets]
            predicted = rss_target_prob(n, claim * eps, targets, law)
            for z, hit, p in zip(targets, hits.tolist(), predicted.tolist(), strict=True):
                tolerance = 0.06 if law == "product" else 0.03
                probability_is(p, tolerance, hit, trials, 1e-9 / 27, f"{law}, n = {n}, eps = {eps}, z = {z}")
                most, tests = max(most, abs(hit / trials - p)), tests + 1
    return f"{tests} tests; at most {most:.3f} off, sampling error included"


@lemma(
    "all targets of an interval",
    means="statistical",
    scope="U[-1, 1], N(0, 1), U[0, 1] U[-1, 1]; eps = 0.1, 0.03, 0.01; [-1/2, 1/2] and [-1, 1]; n = 6 to 17; 4,000 rows, exact coverage",
    bounds=("rss_cover_prob",),
    cites=_CITES,
    false_alarm=1e-9,
    control=1.5,
    slow=True,
)
def all_targets(claim: float = 1.0) -> str:
    """rss_cover_prob differs from the probability that every z of the interval has a subset sum within eps by at most 0.1 where it is at
    least 0.1, by at most 0.07 where it is at least 0.4, and by at most 0.02 where it is at least 0.95. The control is a prediction for
    eps three halves as large.
    """
    trials, tests = 4000, 0
    most = [0.0, 0.0, 0.0]
    n = np.arange(6, 18)
    for law in ("uniform", "normal", "product"):
        samples = laws.get(law).sample((trials, 17), np.random.default_rng(8))
        for eps in (0.1, 0.03, 0.01):
            for end in (0.5, 1.0):
                first = coverage(samples, eps, (-end, end), workers=1).first_n_upper
                for count, p in zip(n.tolist(), rss_cover_prob(n, claim * eps, (-end, end), law).tolist(), strict=True):
                    if p < 0.1:
                        continue
                    part = 0 if p < 0.4 else 1 if p < 0.95 else 2
                    covered, what = int((first <= count).sum()), f"{law}, n = {count}, eps = {eps}, [-{end}, {end}]"
                    probability_is(p, (0.1, 0.07, 0.02)[part], covered, trials, 1e-9 / 216, what)
                    most[part], tests = max(most[part], abs(covered / trials - p)), tests + 1
    return f"{tests} tests; at most {', '.join(f'{off:.3f}' for off in most)} off in the three ranges, sampling error included"


@lemma(
    "the closest sum",
    means="statistical",
    scope="U[-1, 1], n = 8, 10, 12; a target within one standard deviation of L / 2; 6,000 rows each, all subset sums",
    bounds=("log_closest_error",),
    cites=_CITES,
    false_alarm=1e-9,
    control=1.5,
)
def closest_sum(claim: float = 1.0) -> str:
    """The distance of the closest subset sum from a target in the bulk is about exponential with mean exp(log_closest_error): it is below x
    times that with probability 1 - exp(-x), to 0.04, for x = 1/4, 1 and 3. The control takes three halves of the prediction for it.
    """
    trials, most = 6000, 0.0
    for n in (8, 10, 12):
        rng = np.random.default_rng([9, n])
        samples = laws.get("uniform").sample((trials, n), rng)
        total, deviation = samples.sum(axis=1), 0.5 * np.sqrt((samples**2).sum(axis=1))
        target = 0.5 * total + deviation * rng.uniform(-1, 1, trials)
        predicted = np.exp(log_closest_error(target, np.maximum(samples, 0).sum(axis=1), total, deviation, float(n)))
        closest = np.concatenate(
            [
                np.abs(_sums(rows) - at[:, None]).min(axis=1)
                for rows, at in zip(np.array_split(samples, 16), np.array_split(target, 16), strict=True)
            ]
        )
        for x in (0.25, 1.0, 3.0):
            below = int((closest <= x * claim * predicted).sum())
            probability_is(1 - float(np.exp(-x)), 0.04, below, trials, 1e-9 / 9, f"x = {x}, n = {n}")
            most = max(most, abs(below / trials - 1 + float(np.exp(-x))))
    return f"nine tests; at most {most:.3f} off, sampling error included"


@lemma(
    "counting, from below",
    means="exact",
    scope="2,000 random floats eps and L between 1e-300 and 1e300, and powers of two; attained for n <= 12, eps = 1/64",
    bounds=("rss_n_counting",),
    cites=_CITES,
)
def packing() -> str:
    """If every z of an interval of length 2L is within eps of one of the 2^n subset sums, then 2^n >= L / eps, for 2^n intervals of length
    2 eps cover no more than their length. rss_n_counting is the least such n, and the samples 2 eps, 4 eps, 8 eps, ... attain it.
    """
    rng = np.random.default_rng(10)
    pairs = (10.0 ** rng.uniform(-300, 300, (2000, 2))).tolist() + [
        [2.0**-i, 2.0**j] for i in range(9) for j in range(-9, 9)
    ]
    for eps, L in pairs:
        n, ratio = rss_n_counting(eps, L), Fraction(L) / Fraction(eps)
        require(2**n >= ratio and (n == 0 or 2 ** (n - 1) < ratio), f"rss_n_counting({eps}, {L}) is {n}")
    eps = 1 / 64
    for n in range(1, 13):
        samples, end = [2 * eps * 2.0**i for i in range(n)], 2**n * 2 * eps - eps
        found = coverage(samples, eps, (-eps, end), method="exact")
        require(found.lower == 1 and rss_n_counting(eps, (end + eps) / 2) == n, f"not attained at n = {n}")
    return f"the least n at {len(pairs):,} points; attained for n = 1 to 12"


@lemma(
    "first moment, from below",
    means="exact",
    scope="U[-1, 1]: n <= 12, eps = 1/2, 1/10, 1/1000, z = 0.6, 1, 2, in fractions; rss_n_first_moment at 2,000 random arguments",
    bounds=("rss_n_first_moment",),
    cites=_CITES,
    control=Fraction(1, 2),
)
def first_moment(claim: Fraction = Fraction(1)) -> str:
    """If the samples have densities <= D and abs(z) > eps, then the expected number of subset sums within eps of z, and so the probability
    that there is one, is at most (2^n - 1) 2 eps D. rss_n_first_moment is the least n for which this reaches p.

    The density of a sum of independent numbers is an average of the density of one of them. For U[-1, 1], D = 1/2, the expectation is
    computed from the distribution functions of Irwin and Hall. The control claims half of the bound.
    """
    closest = Fraction(0)
    for eps in (Fraction(1, 2), Fraction(1, 10), Fraction(1, 1000)):
        for z in (Fraction(3, 5), Fraction(1), Fraction(2)):
            for n in range(1, 13):
                expected = sum(comb(n, k) * (_cdf(k, z + eps) - _cdf(k, z - eps)) for k in range(1, n + 1))
                limit = claim * (2**n - 1) * 2 * eps / 2
                require(
                    expected <= limit,
                    f"{float(expected):.4g} sums expected, at most {float(limit):.4g} claimed, n = {n}, z = {z}",
                )
                closest = max(closest, expected / limit)
    rng = np.random.default_rng(13)
    for _ in range(2000):
        eps, p, D = 10.0 ** -float(rng.uniform(0, 250)), float(rng.uniform(0.001, 1)), float(10 ** rng.uniform(-2, 2))
        n, sums = rss_n_first_moment(eps, p, D), Fraction(p) / (2 * Fraction(eps) * Fraction(D))
        require(2**n - 1 >= sums and (n == 1 or 2 ** (n - 1) - 1 < sums), f"rss_n_first_moment({eps}, {p}, {D}) is {n}")
    return f"the expectation is at most {float(closest):.3f} of the bound"


def _sums(rows: Any) -> Any:
    """All subset sums of each row, (rows, 2^n) float64."""
    sums = np.zeros((len(rows), 1))
    for x in rows.T:
        sums = np.concatenate([sums, sums + x[:, None]], axis=1)
    return sums


def _cdf(k: int, x: Fraction) -> Fraction:
    """P(sum of k numbers of U[-1, 1] <= x), by the alternating sum of Irwin and Hall."""
    at = (x + k) / 2
    if at <= 0:
        return Fraction(0)
    if at >= k:
        return Fraction(1)
    return sum(((-1) ** j * comb(k, j) * (at - j) ** k for j in range(floor(at) + 1)), Fraction(0)) / factorial(k)
