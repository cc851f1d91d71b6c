"""Fixed-size random subset sum by the second moment: how the number Y of k-subsets near a target varies, and what follows for P(Y > 0).

Y counts the subsets S of k of n independent samples with abs(sum - z) < eps. Two of them overlap in I ~ Hypergeometric(n, k, k) samples,
and P(Y > 0) >= E[Y]^2 / E[Y^2]. The steps are checked in `second_moment`, `moment_ratio` and `given_the_sum`
of `proofs_checks`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement
from slth.bounds.subset_sums.binomials import log2_binom

_LOG_2PI = math.log(2 * math.pi)
_STEP, _REACH = 0.2, 9.0  # trapezoidal rule over a standard normal variable
_CHANGE, _HALVINGS = (
    1e-7,
    5,
)  # its step is halved until that changes less, relatively: the error is then about the square of the change
_SAFETY = 1e-8  # more than that error, and all roundings


@statement(
    "E[Y^2] / E[Y]^2 of the number Y of k-subsets near a target, to leading order in eps",
    tex=r"\frac{E[Y^2]}{E[Y]^2} \simeq \sum_{i<k} h_i\, (1 - \rho_i^2)^{-1/2} e^{u^2 \rho_i / (1 + \rho_i)} + \frac{1}{E[Y]},\quad"
    r" h_i = \frac{\binom{k}{i}\binom{n-k}{k-i}}{\binom{n}{k}},\ \rho_i = \frac{i}{k},\ u = \frac{z}{\sigma\sqrt{k}},"
    r"\ E[Y] = \binom{n}{k} \frac{2\epsilon\,\varphi(u)}{\sigma\sqrt{k}}",
    cites=("slth", "natale2024sparsity"),
    where="derivation in proofs_checks/moment_ratio.py, after the proof of Theorem 2",
    mark="derived",
    checked=True,
    assumptions=(
        "X_1, ..., X_n independent N(0, sigma^2): then the term of overlap i < k is off by a factor of at most"
        " exp(+-eta^2 (k/(k-i) + u^2/3)), and 1/E[Y] of exp(+-eta^2 (1/2 + u^2/6)), where eta = eps / (sigma sqrt(k))",
        "other centred laws: as the local limit theorem goes, within 3% for U[-1, 1] at nine questions with n >= 18, 3 <= k <= n/2 and"
        " eps <= 0.01; 9% off at n = 10, k = 8, eps = 1/2",
    ),
    direction="predictor",
)
def rfss_moment_ratio(n: ArrayLike, k: ArrayLike, z: ArrayLike, eps: ArrayLike, sigma: ArrayLike = 1.0) -> Any:
    """E[Y^2] / E[Y]^2, as eps -> 0: P(Y > 0) is at least the inverse, up to the factors above.

    Parameters
    ----------
    n, k : (...) int
        Samples, and the size of the subsets, 1 <= k <= n.
    z, eps : (...) float
        Target, and half-width of the window.
    sigma : (...) float
        Standard deviation of the samples; sqrt(1/3) for U[-1, 1].

    Returns
    -------
    float, or (...) float64
        Infinite beyond float64. Time O(k) an entry: n = 10^6 takes a tenth of a second.
    """
    args = Arguments("rfss_moment_ratio", n=n, k=k, eps=eps, z=z, sigma=sigma)
    n, k, eps, z, sigma = args
    require_question(args, n, k, eps)
    args.require("sigma > 0", sigma > 0)
    return args.real(each_entry(_ratio))


@statement(
    "limit of E[Y^2] / E[Y]^2 for subsets of density gamma, as n and E[Y] grow",
    tex=r"\frac{E[Y^2]}{E[Y]^2} \to (1 - \gamma^2)^{-1/2} e^{u^2 \gamma / (1 + \gamma)},\quad u = \frac{z}{\sigma\sqrt{k}}",
    cites=("slth", "natale2024sparsity"),
    where="derivation in proofs_checks/moment_ratio.py: the overlap concentrates at gamma k",
    mark="derived",
    checked=True,
    assumptions=(
        "X_1, ..., X_n independent N(0, sigma^2), k/n -> gamma, E[Y] -> infinity, eps -> 0, u fixed",
        "E[Y^2] / E[Y]^2 is no smaller for any n, as eps -> 0; so for gamma > 0 the plain second moment never shows that P(Y > 0) -> 1",
    ),
    direction="exact",
)
def rfss_moment_limit(gamma: ArrayLike, u: ArrayLike = 0.0) -> Any:
    """Limit of `rfss_moment_ratio`; equal to E[lambda^2] / E[lambda]^2 of the mean that `rfss_success_prob` gives to Y.

    Parameters
    ----------
    gamma : (...) float
        Density k/n, in [0, 1).
    u : (...) float
        Target in standard deviations of a sum, z / (sigma sqrt(k)).

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("rfss_moment_limit", gamma=gamma, u=u)
    gamma, u = args
    args.require("0 <= gamma < 1", (gamma >= 0) & (gamma < 1))
    return args.real(_limit)


@statement(
    "success probability of fixed-size random subset sum among normal samples, by the second moment given the sum of all samples",
    tex=r"P(Y > 0) \ge E_u\left[\Big(\sum_{|\rho_i| < 1} h_i (1 - \rho_i^2)^{-1/2}"
    r" e^{u^2 \rho_i/(1+\rho_i) + \eta^2 + u^2 \eta^2/(3(1+\rho_i)^2)}"
    r" + \frac{(1 + [2k = n])\, e^{\eta^2/2}}{\binom{n}{k} 2 \eta\,\varphi(u)}\Big)^{-1}\right],"
    r"\ \rho_i = \frac{i/k - \gamma}{1 - \gamma},\ \eta = \min\Big(\frac{\epsilon}{\sigma\sqrt{k(1-\gamma)}}, 1\Big),"
    r"\ u \sim N\!\left(\frac{z}{\sigma\sqrt{k(1-\gamma)}}, \frac{\gamma}{1-\gamma}\right)",
    cites=("slth", "natale2024sparsity"),
    where="derivation in proofs_checks/given_the_sum.py",
    mark="derived",
    checked=True,
    assumptions=(
        "X_1, ..., X_n independent N(0, sigma^2)",
        "one target z, any; 1 <= k <= n - 1; gamma = k/n",
        "for fixed gamma in (0, 1), z = O(sqrt(n)) and eps sqrt(n) -> 0 the bound tends to 1 as n and E[Y] -> infinity: no second"
        " logarithm",
    ),
    direction="sufficient",
)
def rfss_success_normal(n: ArrayLike, k: ArrayLike, eps: ArrayLike, z: ArrayLike = 0.0, sigma: ArrayLike = 1.0) -> Any:
    """Lower bound on the probability that some k of n normal samples sum to within eps of z.

    Given the sum Lam of all samples, subset sums are normal with mean gamma Lam and variance sigma^2 k (1 - gamma), and two of them with
    overlap i have the correlation rho_i, which is 0 on average: the fluctuation of Lam, common to all subsets, is what keeps the plain
    second moment from 1.

    Parameters
    ----------
    n, k : (...) int
        Samples, and the size of the subsets, 1 <= k <= n - 1.
    eps, z : (...) float
        Half-width of the window, and target.
    sigma : (...) float
        Standard deviation of the samples.

    Returns
    -------
    float, or (...) float64
        The mean over u is a quadrature, not enclosed: its step is halved until the last two values agree to 1e-7, the result lowered by
        1e-8 (by their difference, if they never agree). It is made for small eps, and need not increase beyond: what it says of a
        smaller eps holds of a larger one too. Time O(k) an entry: 50 ms at n = 10^4.
    """
    args = Arguments("rfss_success_normal", n=n, k=k, eps=eps, z=z, sigma=sigma)
    n, k, eps, z, sigma = args
    require_question(args, n, k, eps)
    args.require("sigma > 0", sigma > 0)
    args.require("k <= n - 1", k <= n - 1)
    return args.real(each_entry(_normal))


def require_question(args: Arguments, n: Array, k: Array, eps: Array, *_: Array) -> None:
    """n samples, subsets of k of them, a window of half-width eps."""
    args.require_whole("n", "k")
    args.require("k <= n", k <= n)
    args.require("eps > 0", eps > 0)


def each_entry(one: Callable[..., float]) -> Callable[..., Array]:
    """The function of scalars at every entry."""
    return lambda *columns: np.array([one(*row) for row in zip(*columns, strict=True)], np.float64)


def log_overlap(n: float, k: float) -> tuple[Array, Array]:
    """The possible overlaps i of two k-subsets of n, and ln h_i."""
    first = max(2 * k - n, 0)
    i = np.arange(first, k + 1)
    # logarithms of h_(i + 1) / h_i, added up from the mode: no large numbers cancel
    ratios = 2 * np.log(k - i[:-1]) - np.log(i[:-1] + 1) - np.log(n - 2 * k + i[:-1] + 1)
    mode = int(np.clip((k + 1) ** 2 // (n + 2) - first, 0, ratios.size))
    log_h = np.concatenate([-np.cumsum(ratios[:mode][::-1])[::-1], [0.0], np.cumsum(ratios[mode:])])
    return i, log_h - logsumexp(log_h)


def _limit(rho: Any, u: Any) -> Any:
    """Density of two standard normals of correlation rho at (u, u), over that of independent ones."""
    return np.exp(u * u * rho / (1 + rho)) / np.sqrt((1 - rho) * (1 + rho))


def _ratio(n: float, k: float, eps: float, z: float, sigma: float) -> float:
    u = z / (sigma * math.sqrt(k))
    i, log_h = log_overlap(n, k)
    i, log_h = i[:-1], log_h[:-1]  # i = k is the same subset twice: 1 / E[Y]
    rho = i / k
    log_terms = log_h - 0.5 * np.log((k - i) * (k + i) / (k * k)) + u * u * rho / (1 + rho)
    log_expected = math.log(2) * log2_binom(n, k) + math.log(2 * eps / sigma) - 0.5 * (u * u + _LOG_2PI + math.log(k))
    with np.errstate(over="ignore"):
        return float(np.exp(logsumexp([*log_terms, -log_expected])))


def _normal(n: float, k: float, eps: float, z: float, sigma: float) -> float:
    # a subset meets z where its complement meets Lam - z, which is as far from its mean: take the smaller of the two
    spread = sigma * math.sqrt(k * (n - k) / n)
    centre, scatter = z / spread, math.sqrt(k / (n - k))
    eta = min(eps / spread, 1.0)  # a wider window contains this one, and from there on the bound would fall
    same = 2 if 2 * k == n else 1  # a subset and, as rho = -1, its complement
    small = min(k, n - k)
    i, log_h = log_overlap(n, small)
    inner = slice(same - 1, -1)
    rho = ((n * i - small * small) / (small * (n - small)))[inner]
    log_terms = log_h[inner] - 0.5 * np.log1p(-rho * rho) + eta * eta
    growth = rho / (1 + rho) + eta * eta / (3 * (1 + rho) ** 2)
    log_inverse = math.log(same) + 0.5 * (eta * eta + _LOG_2PI) - math.log(2 * eta) - math.log(2) * log2_binom(n, k)

    def integrand(x: Any) -> float:
        total = 0.0
        for at, squared in zip(x.tolist(), ((centre + scatter * x) ** 2).tolist(), strict=True):
            shared = logsumexp(log_terms + squared * growth) if log_terms.size else -math.inf
            log_bound = np.logaddexp(shared, log_inverse + 0.5 * squared)
            total += math.exp(-log_bound - 0.5 * (at * at + _LOG_2PI))
        return total

    # 1 / R falls where E[Y given u] = 1, there the slope of its logarithm is `slope`: the rule has to see that edge
    edge = math.sqrt(2 * max(-log_inverse, 0.0))
    # where E[Y given u] is small throughout, the integrand is largest here
    tilted = min(abs(centre) * scatter / (1 + scatter * scatter), 40.0)
    slope = scatter * min(edge, abs(centre) + (_REACH + tilted) * scatter)
    step = _STEP / max(1.0, scatter, slope / 8)
    half = math.ceil((_REACH + tilted) / step)
    success = step * integrand(step * np.arange(-half, half + 1))
    for _ in range(_HALVINGS):
        finer = 0.5 * (success + step * integrand(step * (np.arange(-half, half) + 0.5)))
        change, success, step, half = abs(finer - success), finer, step / 2, 2 * half
        if change <= _CHANGE * success:
            return success * (1 - _SAFETY)
    return max(success - change, 0.0)
