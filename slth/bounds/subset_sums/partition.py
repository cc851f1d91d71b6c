"""Number partitioning: how many sign vectors balance n random integers of 1..M, and how close the best of them comes.

A sign vector s has the discrepancy ``abs(s . X)``; s and -s are the same partition. A partition is perfect if its discrepancy is 0, or 1
where the sum of the integers is odd.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement

_UNIFORM = "X_1, ..., X_n independent, uniform on {1, ..., M}"


@dataclass(frozen=True)
class SolvableProbability:
    """Probability that some partition has a given discrepancy: floats, or arrays (...) float64.

    Attributes
    ----------
    lower : from the second moment (Cauchy-Schwarz), mean / (1 + mean).
    upper : from the first moment (Markov), at most 1.
    poisson : 1 - exp(-mean), as if the number of partitions were a Poisson variable.
    """

    lower: Any
    upper: Any
    poisson: Any


@statement(
    "critical number of bits per integer: perfect partitions exist below, not above",
    tex=r"\kappa_c(n) = 1 - \frac{\log_2 (\pi n / 6)}{2n}",
    cites=("mertens1998phase", "borgs2001phase"),
    where="Mertens, where the expected number of perfect partitions is 1; transition proved by Borgs, Chayes and Pittel",
    mark="recalled",
    confidence="high",
    checked=True,
    assumptions=(_UNIFORM, "kappa = log2(M) / n; sharp as n grows, in a window of kappa of width O(1/n)"),
    direction="predictor",
)
def npp_kappa_c(n: ArrayLike) -> Any:
    """log2(M) / n at which `npp_expected_perfect` is 1.

    Parameters
    ----------
    n : (...) int
        Integers to be partitioned, >= 1.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("npp_kappa_c", n=n)
    args.require_whole("n")
    return args.real(lambda n: 1 - np.log2(math.pi * n / 6) / (2 * n))


@statement(
    "expected number of sign vectors that balance integers of even sum",
    tex=r"2^n \sqrt{\frac{6}{\pi n}} \frac{1}{M}",
    cites=("mertens1998phase",),
    where="expected number of perfect partitions; local central limit theorem with E X^2 = M^2 / 3",
    mark="recalled",
    confidence="high",
    checked=True,
    assumptions=(_UNIFORM, "given an even sum; s and -s both counted", "relative error O(1/n + 1/M)"),
    direction="predictor",
)
def npp_expected_perfect(n: ArrayLike, M: ArrayLike) -> Any:
    """Expected number of sign vectors of discrepancy 0, given that the sum of the integers is even.

    Parameters
    ----------
    n : (...) int
        Integers, >= 1.
    M : (...) int
        They are 1..M; give numbers beyond 2^53 as floats. M >= 2.

    Returns
    -------
    float, or (...) float64
        Infinite beyond float64.
    """
    args = Arguments("npp_expected_perfect", n=n, M=M)
    _require(args)
    return args.real(lambda n, M: _exp2(n + 0.5 * np.log2(6 / (math.pi * n)) - np.log2(M)))


@statement(
    "expected number of partitions of discrepancy z, given that the sum has the parity of z",
    tex=r"\rho_n e^{-z^2/(2nM^2c_M)},\quad \rho_n = \frac{2^{n+1}}{M\sqrt{2\pi n c_M}},\quad "
    r"c_M = \frac13 + \frac1{2M} + \frac1{6M^2}",
    cites=("kumar2025quantization", "borgs2001phase"),
    where="Lemma 1, from the work of Borgs, Chayes and Pittel",
    mark="read",
    checked=True,
    assumptions=(_UNIFORM, "relative error O(1/n) for z = O(M sqrt(n))"),
    direction="predictor",
)
def bcp_rho(n: ArrayLike, M: ArrayLike, z: ArrayLike = 0) -> Any:
    """``rho_n exp(-z^2 / (2 n M^2 c_M))``, where ``M^2 c_M = E X^2``.

    For z > 0 the expected number of partitions (s and -s counted once) of discrepancy z, given that the sum of the integers has the
    parity of z. For z = 0 every such partition has two sign vectors: it is the expected number of these, and of partitions there are half
    as many.

    Parameters
    ----------
    n : (...) int
        Integers, >= 1.
    M : (...) int
        They are 1..M; give numbers beyond 2^53 as floats. M >= 2.
    z : (...) int
        Discrepancy, >= 0.

    Returns
    -------
    float, or (...) float64
        Infinite beyond float64.
    """
    args = Arguments("bcp_rho", n=n, M=M, z=z)
    _require(args)
    args.require_whole("z", least=0)
    return args.real(lambda n, M, z: _exp2(_log2_rho(n, M, z)))


@statement(
    "probability that a partition of discrepancy z exists, from its first two moments",
    tex=r"\frac{\lambda}{1 + \lambda} \le P(\exists s: s \cdot X = z) \le \lambda,\quad "
    r"\lambda = \rho_n e^{-z^2/(2nM^2c_M)}\ (z > 0),\ \tfrac12 \rho_n\ (z = 0)",
    cites=("kumar2025quantization", "borgs2001phase"),
    where="as Lemma 1, by Markov and Cauchy-Schwarz; here with both moments to leading order",
    mark="derived",
    checked=True,
    assumptions=(
        _UNIFORM,
        "given that the sum has the parity of z",
        "moments to leading order: relative errors O(1/n) for z = O(M sqrt(n)) are left out",
    ),
    direction="predictor",
)
def npp_solvable_prob(n: ArrayLike, M: ArrayLike, z: ArrayLike = 0) -> SolvableProbability:
    """Lower and upper end, and the Poisson value between them, of the probability that n integers have a partition of discrepancy z.

    A subset sum of n integers hits t if they have a partition of discrepancy ``abs(sum - 2 t)``: the parity is right by itself.

    Parameters
    ----------
    n, M, z : (...) int
        As in `bcp_rho`.

    Returns
    -------
    SolvableProbability
        Floats, or (...) float64.
    """
    args = Arguments("npp_solvable_prob", n=n, M=M, z=z)
    _require(args)
    args.require_whole("z", least=0)

    def of_mean(formula: Any) -> Any:
        return args.real(lambda n, M, z: formula(_exp2(_log2_rho(n, M, z) - (z == 0))))

    return SolvableProbability(
        lower=of_mean(lambda mean: np.minimum(mean, 1e300) / (1 + np.minimum(mean, 1e300))),
        upper=of_mean(lambda mean: np.minimum(mean, 1.0)),
        poisson=of_mean(lambda mean: -np.expm1(-mean)),
    )


@statement(
    "probability of a perfect partition, across the critical window",
    tex=r"1 - \tfrac12 e^{-\rho_n/2}\left(1 + e^{-\rho_n/2}\right)",
    cites=("borgs2001phase",),
    where="limit within the scaling window log2 M = n - (1/2) log2 n + O(1)",
    mark="recalled",
    confidence="high",
    checked=True,
    assumptions=(
        _UNIFORM,
        "n large: discrepancy 0 if the sum is even, a Poisson number of mean rho_n/2; 1 if odd, rho_n",
    ),
    direction="predictor",
)
def npp_perfect_prob(n: ArrayLike, M: ArrayLike) -> Any:
    """Probability that n integers of 1..M have a perfect partition; rho_n is ``bcp_rho(n, M)``.

    Parameters
    ----------
    n, M : (...) int
        As in `bcp_rho`.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("npp_perfect_prob", n=n, M=M)
    _require(args)

    def probability(n: Array, M: Array) -> Array:
        half = 0.5 * _exp2(_log2_rho(n, M, np.zeros_like(n)))
        return np.asarray(-0.5 * (np.expm1(-half) + np.expm1(-2 * half)))

    return args.real(probability)


@statement(
    "mean of the least discrepancy of real numbers",
    tex=r"E \min_s \left|\sum_i s_i X_i\right| \approx \sqrt{2\pi n\, E X^2}\; 2^{-n}",
    cites=("mertens1998phase", "borgs2001phase"),
    where="the least discrepancy is about exponential; the least ones together about a Poisson process",
    mark="recalled",
    confidence="high",
    checked=True,
    assumptions=("X_1, ..., X_n independent, of one law with a bounded density and a finite second moment", "n large"),
    direction="predictor",
)
def npp_discrepancy(n: ArrayLike, second_moment: ArrayLike) -> Any:
    """Typical least ``abs(s . X)`` over all sign vectors s; the law is about exponential with this mean.

    Parameters
    ----------
    n : (...) int
        Numbers, >= 1.
    second_moment : (...) float
        E X^2 > 0: 1/3 for U[-1, 1], s^2 for N(0, s^2).

    Returns
    -------
    float, or (...) float64
        0 below float64.
    """
    args = Arguments("npp_discrepancy", n=n, second_moment=second_moment)
    n, second_moment = args
    args.require_whole("n")
    args.require("second_moment > 0", second_moment > 0)
    return args.real(lambda n, moment: _exp2(0.5 * (np.log2(2 * math.pi * n) + np.log2(moment)) - n))


def _require(args: Arguments) -> None:
    args.require_whole("n")
    args.require_whole("M", least=2)


def _log2_rho(n: Array, M: Array, z: Array) -> Array:
    c = 1 / 3 + 1 / (2 * M) + 1 / (6 * M) / M
    with np.errstate(over="ignore"):
        exponent = (z / M) ** 2 / (2 * n * c * math.log(2))
    return np.asarray(n + 1 - np.log2(M) - 0.5 * np.log2(2 * math.pi * n * c) - exponent)


def _exp2(x: Array) -> Array:
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.exp2(x))
