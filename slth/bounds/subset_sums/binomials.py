"""Binary entropy and binomial coefficients in bits: how many subsets, and how many subnetworks, there are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlog1py, xlogy

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement

_LN2 = math.log(2)


@dataclass(frozen=True)
class BinomialBounds:
    """log2 of a lower and an upper bound: floats, or arrays (...) float64."""

    log2_lower: Any
    log2_upper: Any


@statement(
    "entropy of a coin, in bits",
    tex=r"H_2(p) = -p \log_2 p - (1 - p) \log_2 (1 - p)",
    cites=("slth",),
    where="definition",
    mark="derived",
    checked=True,
    assumptions=("0 <= p <= 1; 0 log 0 = 0",),
    direction="exact",
)
def binary_entropy(p: ArrayLike) -> Any:
    """Entropy in bits of a coin that shows heads with probability p; relative error about 1e-15, also next to 0 and 1.

    Parameters
    ----------
    p : (...) float
        In [0, 1].

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("binary_entropy", p=p)
    (p,) = args
    args.require("0 <= p <= 1", (p >= 0) & (p <= 1))
    return args.real(lambda p: np.maximum(-(xlogy(p, p) + xlog1py(1 - p, -p)) / _LN2, 0.0))


@statement(
    "logarithm of a binomial coefficient",
    tex=r"\log_2 \binom{n}{k}",
    cites=("robbins1955stirling",),
    where="n! = sqrt(2 pi n) (n/e)^n e^r; the remainders r from their series, so that nothing cancels",
    mark="derived",
    checked=True,
    assumptions=("whole numbers 0 <= k <= n",),
    direction="exact",
)
def log2_binom(n: ArrayLike, k: ArrayLike) -> Any:
    """log2 of the number of k-subsets of n things; error below 1e-14 + 1e-15 of the value, for all n that float64 holds exactly.

    Parameters
    ----------
    n, k : (...) int
        0 <= k <= n.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("log2_binom", n=n, k=k)
    n, k = args
    args.require_whole("n", "k", least=0)
    args.require("k <= n", k <= n)
    return args.real(_log2_choose)


@statement(
    "a binomial coefficient between two multiples of 2^(n H2(k/n))",
    tex=r"\sqrt{\frac{n}{8k(n-k)}}\,2^{nH_2(k/n)} \le \binom{n}{k} \le \sqrt{\frac{n}{2\pi k(n-k)}}\,2^{nH_2(k/n)}",
    cites=("natale2024sparsity", "robbins1955stirling"),
    where="entropy bounds of the binomial, used in Theorems 2 and 5",
    mark="read",
    checked=True,
    assumptions=("whole numbers 1 <= k <= n - 1",),
    direction="two-sided",
)
def binom_entropy_bounds(n: ArrayLike, k: ArrayLike) -> BinomialBounds:
    """log2 of both sides, which are log2(4/pi)/2 = 0.174 apart whatever n and k; the lower one is attained at n = 2, k = 1.

    Parameters
    ----------
    n, k : (...) int
        1 <= k <= n - 1.

    Returns
    -------
    BinomialBounds
        Floats, or (...) float64.
    """
    args = Arguments("binom_entropy_bounds", n=n, k=k)
    n, k = args
    args.require_whole("n", "k")
    args.require("k <= n - 1", k <= n - 1)

    def times_power(factor: float) -> Any:
        return args.real(
            lambda n, k: (_entropy(n, np.minimum(k, n - k)) - 0.5 * np.log(factor * k * ((n - k) / n))) / _LN2
        )

    return BinomialBounds(times_power(8.0), times_power(2 * math.pi))


@statement(
    "how many subsets of at most k elements there are, to within a factor e^k",
    tex=r"(n/k)^k \le \binom{n}{k} \le \sum_{i \le k} \binom{n}{i} \le (en/k)^k",
    cites=("natale2024sparsity",),
    where="standard estimate of a sum of binomials; proof in proofs_checks/binomials.py",
    mark="derived",
    checked=True,
    assumptions=("whole numbers 0 <= k <= n; for k = 0 both sides are 1",),
    direction="two-sided",
)
def log2_binom_sum(n: ArrayLike, k: ArrayLike) -> BinomialBounds:
    """log2 of both sides: k log2(n/k), and k log2(e n/k).

    Parameters
    ----------
    n, k : (...) int
        0 <= k <= n.

    Returns
    -------
    BinomialBounds
        Floats, or (...) float64.
    """
    args = Arguments("log2_binom_sum", n=n, k=k)
    n, k = args
    args.require_whole("n", "k", least=0)
    args.require("k <= n", k <= n)

    def power(base: float) -> Any:
        return args.real(
            # log(n / k), without rounding n / k: k may be next to n
            lambda n, k: k * (base + np.log1p((n - k) / np.maximum(k, 1.0))) / _LN2
        )

    return BinomialBounds(power(0.0), power(1.0))


@statement(
    "logarithm of the number of subnetworks of a given density",
    tex=r"\log_2 \binom{m}{\gamma m} = m H_2(\gamma) - \tfrac12 \log_2 (2\pi m \gamma (1 - \gamma)) + o(1)",
    cites=("slth", "robbins1955stirling"),
    where="Stirling's formula for the three factorials; remainder in proofs_checks/binomials.py",
    mark="derived",
    checked=True,
    assumptions=(
        "m a whole number >= 1; 0 <= density <= 1; exact where density * m is whole, interpolated by Gamma functions else",
    ),
    direction="exact",
)
def log2_subnetworks(m: ArrayLike, density: ArrayLike) -> Any:
    """log2 of the number of masks that keep ``density * m`` of m parameters.

    Largest at density 1/2: almost all of the 2^m subnetworks keep about half of the parameters.

    Parameters
    ----------
    m : (...) int
        Parameters of the random network.
    density : (...) float
        Kept share, in [0, 1].

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("log2_subnetworks", m=m, density=density)
    m, density = args
    args.require_whole("m")
    args.require("0 <= density <= 1", (density >= 0) & (density <= 1))
    return args.real(lambda m, density: _log2_choose(m, density * m))


def _log2_choose(n: Array, k: Array) -> Array:
    """log2 Gamma(n + 1) / (Gamma(k + 1) Gamma(n - k + 1)) for 0 <= k <= n; the plain formula loses all digits from n = 10^15 on."""
    k = np.minimum(k, n - k)
    proper = k > 0
    n, k = np.where(proper, n, 2.0), np.where(proper, k, 1.0)
    remainders = _remainder(n) - _remainder(k) - _remainder(n - k)
    value = _entropy(n, k) - 0.5 * np.log(2 * math.pi * k * ((n - k) / n)) + remainders
    return np.where(proper, np.maximum(value, 0.0) / _LN2, 0.0)


def _entropy(n: Array, k: Array) -> Array:
    """n H(k/n) in nats, 0 < k <= n/2."""
    return np.asarray(k * np.log(n / k) - (n - k) * np.log1p(-k / n))


def _remainder(x: Array) -> Array:
    """log Gamma(x + 1) - log(sqrt(2 pi x) (x/e)^x), x > 0; between 1 / (12 x + 1) and 1 / (12 x) for whole x >= 1 (Robbins)."""
    large = np.maximum(x, 16.0)
    square = large * large
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / large
    small = np.minimum(x, 16.0)
    direct = gammaln(small + 1) - (small + 0.5) * np.log(small) + small - 0.5 * math.log(2 * math.pi)
    return np.where(x < 16, direct, series)
