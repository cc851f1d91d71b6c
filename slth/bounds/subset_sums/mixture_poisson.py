r"""Predicted success of fixed-size random subset sum, smallest useful sizes, and expected numbers of subsets.

Given the samples, a uniformly random k-subset has mean gamma Lam and variance k (1 - gamma) S^2, where gamma = k/n, Lam is the sum of all
samples and S^2 their variance (divisor n - 1): sampling from a finite population. So about lambda = C(n, k) P(abs(N - z) <= eps) of
the k-subsets come near z, N normal with these moments; their number is taken for a Poisson variable, and averaged over Lam and S^2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainccinv, gammaincinv, ndtr, roots_hermitenorm

from slth import laws
from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement
from slth.bounds.subset_sums.binomials import binary_entropy, log2_binom, log2_subnetworks
from slth.bounds.subset_sums.moments import each_entry, require_question
from slth.laws import Law

_LN2 = math.log(2)
_VARIANCES = 16  # nodes for S^2
_REACH = 9.0  # standard deviations of Lam
_SIZES = 4096  # looked at together


@statement(
    "probability that some k of n samples sum to within eps of a target",
    tex=r"P(Y > 0) \approx E\left[1 - e^{-\lambda}\right],\quad \lambda = \binom{n}{k} P(|N - z| \le \epsilon),\ "
    r"N \sim N\left(\gamma \Lambda,\ k (1 - \gamma) S^2\right)",
    cites=("slth",),
    where='"mixture Poisson": derivation in proofs_checks/mixture_poisson.py',
    mark="derived",
    checked=True,
    assumptions=(
        "X_1, ..., X_n independent, of a law with a density and four moments",
        "Lam taken as normal and S^2, independent of it, as a gamma variable with its own mean and variance (both exact for normal laws)",
        "off from simulation (n = 12 and 18, abs(z) <= 2, eps = 1e-4 to 0.1) by at most 0.04 for normal samples; by 0.06 for uniform"
        " ones and k >= 3; by 0.3 for uniform ones and k <= 2, whose sums are not nearly normal, and for products U[0, 1] U[-1, 1] where"
        " z is two or more deviations out",
        "too optimistic for k > n/2: off by up to 0.06 for normal and 0.13 for uniform samples at n = 28, and failures that it takes for"
        " rare can be a hundred times as frequent (n = 28, k = 16, eps = 0.1, uniform: 0.002 measured)",
    ),
    direction="predictor",
)
def rfss_success_prob(
    n: ArrayLike, k: ArrayLike, eps: ArrayLike, z: ArrayLike = 0.0, law: Law | str = "uniform"
) -> Any:
    """Predicted probability that a given target has a k-subset sum within eps. `rfss_success_normal` proves one, lower, for normal laws.

    Parameters
    ----------
    n, k : (...) int
        Samples, and the size of the subsets, 1 <= k <= n. For k = n the one subset is everything, and the probability exact.
    eps, z : (...) float
        Half-width of the window, and target.
    law : Law or str
        Name or object (`slth.laws`).

    Returns
    -------
    float, or (...) float64
        By quadrature: nothing is drawn. A few milliseconds an entry.

    Raises
    ------
    ValueError
        If the law has atoms: its subset sums coincide.
    """
    args = Arguments("rfss_success_prob", n=n, k=k, eps=eps, z=z)
    require_question(args, *args)
    some = _with_density(law)
    return args.real(each_entry(lambda n, k, eps, z: _success(int(n), int(k), eps, z, some)))


@statement(
    "smallest size k of subsets with which a target is met with a given probability",
    tex=r"k^* = \min\{k \ge 1: E[1 - e^{-\lambda_k}] \ge p\}",
    cites=("slth",),
    where="rfss_success_prob, size by size",
    mark="derived",
    checked=True,
    assumptions=("those of rfss_success_prob", "the empty set, which does where abs(z) <= eps, is not asked"),
    direction="predictor",
)
def rfss_kmin(n: ArrayLike, eps: ArrayLike, p: ArrayLike, z: ArrayLike = 0.0, law: Law | str = "uniform") -> Any:
    """Predicted smallest useful size: the sparsest tickets have about so many weights in place of one.

    Parameters
    ----------
    n : (...) int
        Samples.
    eps : (...) float
        Half-width of the window.
    p : (...) float
        Probability that is asked for, in (0, 1).
    z : (...) float
        Target.
    law : Law or str
        Name or object (`slth.laws`).

    Returns
    -------
    int, or None if no k <= n will do; (...) float64 with NaN for none
        Time of `rfss_success_prob` for each size from where C(n, k) is large enough: at most n.
    """
    args = Arguments("rfss_kmin", n=n, eps=eps, p=p, z=z)
    n, eps, p, _ = args
    args.require_whole("n")
    args.require("n <= 2^53", n <= 2**53)
    args.require("eps > 0", eps > 0)
    args.require("0 < p < 1", (p > 0) & (p < 1))
    some = _with_density(law)
    sizes = args.real(each_entry(lambda n, eps, p, z: _smallest(int(n), eps, p, z, some)))
    if args.shape:
        return np.where(np.isinf(sizes), np.nan, sizes)
    return None if math.isinf(sizes) else int(sizes)


@statement(
    "expected number of k-subsets of n samples within eps of a target",
    tex=r"E[Y] = \binom{n}{k} P(|X_1 + \dots + X_k - z| \le \epsilon) \ge P(Y > 0)",
    cites=("slth",),
    where="linearity of expectation, and Markov's inequality",
    mark="derived",
    checked=True,
    assumptions=("X_1, ..., X_n independent and of the law",),
    direction="exact",
)
def rfss_expected(n: ArrayLike, k: ArrayLike, eps: ArrayLike, z: ArrayLike = 0.0, law: Law | str = "uniform") -> Any:
    """E[Y]; where it is below 1, also an upper bound on the probability of success. Equal to ``2**subset_sum.log2_expected(...).log2``.

    Parameters
    ----------
    n, k : (...) int
        Samples, and the size of the subsets, 1 <= k <= n.
    eps, z : (...) float
        Half-width of the window, and target.
    law : Law or str
        Name or object (`slth.laws`).

    Returns
    -------
    float, or (...) float64
        Infinite beyond float64 (`slth.subset_sum.log2_expected` is not). Exact to rounding for uniform and normal laws.
    """
    args = Arguments("rfss_expected", n=n, k=k, eps=eps, z=z)
    require_question(args, *args)
    some = laws.get(law)
    with np.errstate(over="ignore"):
        return args.real(each_entry(lambda n, k, eps, z: np.exp2(_log2_expected(int(n), int(k), eps, z, some))))


@statement(
    "smallest density at which one subset near the target is to be expected",
    tex=r"\gamma^* = \min\left\{\frac{k}{n}: \binom{n}{k} P(|N(0, k \sigma^2) - z| \le \epsilon) \ge 1\right\}"
    r" \text{, at } z = 0: n H_2(\gamma^*) \simeq \log_2(\gamma^* n / \epsilon) + \log_2(\pi \sigma \sqrt{1 - \gamma^*})",
    cites=("slth", "natale2024sparsity"),
    where="first moment; up to a constant it is the entropy condition of Theorem 2 with c_hyp = 1",
    mark="derived",
    checked=True,
    assumptions=(
        "X_1, ..., X_n independent and centred; the sum of k of them taken as normal",
        "exact for normal laws: below gamma* the probability of success is below 1, and falls like E[Y]",
    ),
    direction="predictor",
)
def rfss_density_threshold(n: ArrayLike, eps: ArrayLike, z: ArrayLike = 0.0, sigma: ArrayLike = 1.0) -> Any:
    """First-moment threshold in the density k/n, the left edge of the phase diagram of fixed-size random subset sum.

    Parameters
    ----------
    n : (...) int
        Samples.
    eps, z : (...) float
        Half-width of the window, and target.
    sigma : (...) float
        Standard deviation of the samples; sqrt(1/3) for U[-1, 1].

    Returns
    -------
    float, or (...) float64
        In [1/n, 1/2), between whole k by the gamma function; 1/n where one sample is enough. Densities up to 1/2 are considered: if
        E[Y] < 1 at all of them, a hypothesis fails.
    """
    args = Arguments("rfss_density_threshold", n=n, eps=eps, z=z, sigma=sigma)
    n, eps, z, sigma = args
    args.require_whole("n")
    args.require("eps > 0", eps > 0)
    args.require("sigma > 0", sigma > 0)
    most = args.real(lambda n, *question: _log_expected(n, _top(n), *question))
    args.require("E[Y] >= 1 at k = n/2 (more samples, or a larger eps)", most >= 0)
    return args.real(_threshold)


@statement(
    "share of the entropy of free subsets that s:B sparsity keeps",
    tex=r"\frac{\log_2 \binom{B}{s}^{n/B}}{n H_2(s/B)} = \frac{\log_2 \binom{B}{s}}{B H_2(s/B)}",
    cites=("slth",),
    where="counting: s of every B samples",
    mark="derived",
    checked=True,
    assumptions=("whole numbers 1 <= s <= B - 1",),
    direction="exact",
)
def pattern_loss(s: ArrayLike, B: ArrayLike) -> Any:
    """Factor by which choosing s of every B samples, instead of any n s/B of n, shrinks the exponent of the number of subsets.

    An s:B ticket so needs about 1 / pattern_loss times the samples of a free one of the same density: 2:4 0.646, 1:4 0.616, 1:8 0.690.

    Parameters
    ----------
    s, B : (...) int
        Kept samples, and samples in a block.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("pattern_loss", s=s, B=B)
    s, B = args
    args.require_whole("s", "B")
    args.require("s <= B - 1", s <= B - 1)
    return args.real(lambda s, B: log2_binom(B, s) / (B * binary_entropy(s / B)))


def _with_density(law: Law | str) -> Law:
    some = laws.get(law)
    if np.any(some.probability(some.sample(64, 0)) > 0):
        raise ValueError(f"the law {some.name!r} has atoms, whose sums coincide; this predictor needs a density")
    return some


def _log2_expected(n: int, k: int, eps: float, z: float, law: Law) -> float:
    from slth.subset_sum import log2_expected

    # of k samples there is one k-subset; the binomials of `log2_expected` lose all digits towards n = 10^15
    return float(log2_binom(n, k)) + float(log2_expected(k, z, eps, law, sizes=[k]).log2[0])


def _success(n: int, k: int, eps: float, z: float, law: Law) -> float:
    from slth.subset_sum.counting.saddle import log_normal

    if k == n:
        return 2 ** _log2_expected(n, n, eps, z, law)
    variances, weights = _sample_variances(n, law)
    spreads = np.sqrt(k * (n - k) / n * variances)
    log_subsets = _LN2 * log2_binom(n, k)
    # P(Y > 0 | Lam) falls from 1 to 0 where lambda = 1, there the slope of ln lambda is `slope`: the rule has to see that edge
    scatter, spread = math.sqrt(k / (n - k)), float(spreads.min())
    log_most = max(float(log_subsets + log_normal(np.array(0.0), np.array(eps / spread))), 0.0)
    furthest = scatter * _REACH + abs(z - k * law.mean) / spread
    slope = scatter * min(math.sqrt(2 * log_most), furthest)
    step = 0.3 / max(1.0, scatter, slope)
    x = np.arange(-_REACH, _REACH + step, step)
    normal = step * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    centre = k * law.mean + k / n * math.sqrt(n * law.variance) * x
    success = 0.0
    for weight, spread in zip(weights, spreads, strict=True):
        log_mean = log_subsets + log_normal((z - centre) / spread, np.full(x.shape, eps / spread))
        success += weight * float(normal @ -np.expm1(-np.exp(np.minimum(log_mean, 50.0))))
    return min(success, 1.0)


def _sample_variances(n: int, law: Law) -> tuple[Array, Array]:
    """Nodes and weights for S^2, n >= 2: a gamma variable of its mean and variance, as a function of a normal one."""
    mean, variance = law.mean, law.variance
    fourth = law.moment(4) - 4 * mean * law.moment(3) + 6 * mean**2 * law.moment(2) - 3 * mean**4
    shape = n / (fourth / variance**2 - (n - 3) / (n - 1))
    y, weights = roots_hermitenorm(_VARIANCES)
    standard = np.where(y < 0, gammaincinv(shape, ndtr(y)), gammainccinv(shape, ndtr(-y)))
    return np.asarray(variance / shape * standard), np.asarray(weights / weights.sum())


def _smallest(n: int, eps: float, p: float, z: float, law: Law) -> float:
    if n > 1:
        # success is at most the largest mean of the Poisson variable: nothing smaller will do
        variance = _sample_variances(n, law)[0].min()
        for first in range(1, n, _SIZES):  # the smallest size is small, however many samples
            k = np.arange(float(first), float(min(first + _SIZES, n)))
            least = np.sqrt(k * ((n - k) / n) * variance)
            log_most = _LN2 * np.asarray(log2_binom(n, k)) + np.log(2 * eps / math.sqrt(2 * math.pi) / least)
            for size in k[log_most >= math.log(p)].tolist():
                if _success(n, int(size), eps, z, law) >= p:
                    return float(size)
    return float(n) if _success(n, n, eps, z, law) >= p else math.inf


def _top(n: Array) -> Array:
    """The size at which E[Y] is largest for a target of 0, and below which it grows: just under n / 2."""
    return np.maximum((n - 1) / 2, 1.0)


def _log_expected(n: Array, k: Array, eps: Array, z: Array, sigma: Array) -> Array:
    from slth.subset_sum.counting.saddle import log_normal

    spread = sigma * np.sqrt(k)
    return np.asarray(_LN2 * log2_subnetworks(n, k / n) + log_normal(z / spread, eps / spread))


def _threshold(n: Array, eps: Array, z: Array, sigma: Array) -> Array:
    low, high = np.ones_like(n), _top(n)
    enough = _log_expected(n, low, eps, z, sigma) >= 0
    for _ in range(64):
        middle = 0.5 * (low + high)
        short = _log_expected(n, middle, eps, z, sigma) < 0
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.where(enough, 1.0, high) / n
