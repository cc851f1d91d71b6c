"""Random fixed-size subset sum: how many samples let subsets of exactly k of them hit a target."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement
from slth.bounds.subset_sums.binomials import binary_entropy, log2_binom
from slth.laws import Law, get

# largest value, at k = 5, of k (2k + 1) / (k + 1)^2 * (1 + 6 (k + 1) / (k + 2)^2), a bound of E[k / (k - I); I < k] for k <= n/2
_OVERLAP: Final = 4675 / 1764

_SAMPLES = "X_1, ..., X_n independent and of one sum-bounded law (sum_bounded_constants)"
_C_HYP = (
    "c_hyp >= 1: any value keeps the probability above some constant; the theorem does not say how it grows with c_hyp"
)
_C_AMP = (
    "the proof takes 8 c_hyp / c_thm and reaches k/n <= c_thm / (8 ln(k/eps)) only; for all k <= n/2, 467 / c_thm = 15541 suffices "
    "for U[-1, 1], c_thm = rfss_c_thm_least, and 940 B^2 / (c_thm p^5) for the mixtures (proofs_checks). The smallest value that holds is "
    "not known; among the k and eps >= 0.005 that simulations of n <= 44 decide, it is 2.6 (k = 1, eps = 0.4), and 1.3 for k >= 2"
)


@statement(
    "constants (c_l, c_u) of a sum-bounded law",
    tex=r"c_l / \sqrt k \le f_k(x) \text{ for } |x| \le \sqrt k, \quad f_k(x) \le c_u / \sqrt k \text{ for all } x, \quad"
    r" \text{for all } k \ge 1, \text{ with } f_k \text{ the density of } X_1 + \dots + X_k",
    cites=("natale2024sparsity",),
    where="Definition 1 and Lemma 1, which proves them to exist for U[-1, 1]; the numbers are derived",
    mark="derived",
    checked=True,
    assumptions=("one of the laws whose constants are known: uniform on [-1, 1], or centred normal",),
    direction="two-sided",
)
def sum_bounded_constants(law: str | Law = "uniform") -> tuple[float, float]:
    """The best constants c_l <= c_u known for a law; equivalent to ``slth.laws.get(law).sum_bounded()``.

    U[-1, 1]: ``sqrt(3 / (2 pi)) e^(-3/2)`` = 0.154 (the limit of large k) and ``1 / sqrt(2)`` (k = 2). N(0, s^2):
    ``e^(-1 / (2 s^2)) / (s sqrt(2 pi))`` and ``1 / (s sqrt(2 pi))``, exact for every k.

    Parameters
    ----------
    law : str or Law
        As in `slth.laws.get`.

    Returns
    -------
    (float, float)

    Raises
    ------
    ValueError
        If the law is not sum-bounded, or its constants are not known; the message says which.
    TypeError
        If it is neither a name nor a `Law`.
    """
    return get(law).sum_bounded()


@statement(
    "samples with which a k-subset sum hits a fixed target with constant probability",
    tex=r"n\,H_2(k/n) \ge c_{\mathrm{hyp}} \log_2(k/\varepsilon) \implies"
    r" P(\exists S: |S| = k, |\Sigma_S - z| < \varepsilon) \ge c_{\mathrm{thm}}",
    cites=("natale2024sparsity",),
    where="Theorem 2; the explicit success probability is rfss_c_thm",
    mark="read",
    checked=True,
    assumptions=(_SAMPLES, "one fixed target z with abs(z) <= sqrt(k)", "0 < eps < 1", "1 <= k <= n/2", "c_hyp >= 1"),
    direction="sufficient",
    constants={"c_hyp": _C_HYP},
)
def rfss_n(k: ArrayLike, eps: ArrayLike, c_hyp: ArrayLike = 1) -> Any:
    """Smallest n >= 2k with ``n H2(k/n) >= c_hyp log2(k/eps)``, H2 the binary entropy; the left side grows with n.

    Parameters
    ----------
    k : (...) int
        Size of the subsets.
    eps : (...) float
        Error, in (0, 1).
    c_hyp : (...) float
        >= 1.

    Returns
    -------
    int, or (...) float64 of whole numbers
        Exact up to the rounding of both sides, relative 1e-15; above 2^53 also of n itself.

    Raises
    ------
    OverflowError
        If it is beyond float64 (arrays: infinite).
    """
    args = Arguments("rfss_n", k=k, eps=eps, c_hyp=c_hyp)
    k, eps, c_hyp = args
    args.require_whole("k")
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("c_hyp >= 1", c_hyp >= 1)
    return args.whole(lambda k, eps, c: smallest(subset_bits, k, c * (np.log2(k) - np.log2(eps)), 2 * k))


@statement(
    "samples with which k-subset sums hit all targets at once, with probability >= 1 - eps",
    tex=r"n\,H_2(k/n) \ge c_{\mathrm{amp}} \log_2^2(k/\varepsilon) \implies"
    r" P(\forall z \in [-\sqrt k, \sqrt k]\ \exists S_z: |S_z| = k, |\Sigma_{S_z} - z| < \varepsilon) \ge 1 - \varepsilon",
    cites=("natale2024sparsity",),
    where="Corollary 1, stated there for mixtures that contain U[-1, 1] with probability p: false for some of these at k = n/2 "
    "(counterexample in proofs_checks), true for the symmetric bounded ones",
    mark="read",
    checked=True,
    assumptions=(
        "X_1, ..., X_n independent U[-1, 1]; or of a symmetric law on [-B, B] whose density is at least p times that of U[-1, 1], "
        "with c_amp depending on B and p",
        "0 < eps < 1/2",
        "1 <= k <= n/2",
    ),
    direction="sufficient",
    constants={"c_amp": _C_AMP},
)
def rfss_n_uniform(k: ArrayLike, eps: ArrayLike, c_amp: ArrayLike) -> Any:
    """Smallest n >= 2k with ``n H2(k/n) >= c_amp log2(k/eps)^2``.

    Parameters
    ----------
    k : (...) int
        Size of the subsets.
    eps : (...) float
        Error, and failure probability, in (0, 1/2).
    c_amp : (...) float
        > 0.

    Returns
    -------
    int, or (...) float64 of whole numbers
        As in `rfss_n`.
    """
    args = Arguments("rfss_n_uniform", k=k, eps=eps, c_amp=c_amp)
    _require_uniform(args)
    return args.whole(lambda k, eps, c: smallest(subset_bits, k, c * (np.log2(k) - np.log2(eps)) ** 2, 2 * k))


@statement(
    "as rfss_n_uniform, without k in the logarithm: large k only",
    tex=r"k \ge 2 c_{\mathrm{amp}} (\log_2^2 k + 2 \log_2 k \log_2 \tfrac1\varepsilon) \text{ and }"
    r" n\,H_2(k/n) \ge 2 c_{\mathrm{amp}} \log_2^2 \tfrac1\varepsilon",
    cites=("natale2024sparsity",),
    where="Corollary 2",
    mark="read",
    checked=True,
    assumptions=(
        "those of rfss_n_uniform",
        "k >= 2 c_amp (log2(k)^2 + 2 log2(k) log2(1/eps))",
    ),
    direction="sufficient",
    constants={"c_amp": "that of rfss_n_uniform"},
)
def rfss_n_simplified(k: ArrayLike, eps: ArrayLike, c_amp: ArrayLike) -> Any:
    """Smallest n >= 2k with ``n H2(k/n) >= 2 c_amp log2(1/eps)^2``; never below `rfss_n_uniform`, and 2k in most of its range.

    Parameters
    ----------
    k, eps, c_amp
        As in `rfss_n_uniform`.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("rfss_n_simplified", k=k, eps=eps, c_amp=c_amp)
    k, eps, c_amp = _require_uniform(args)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        bits = np.log2(np.maximum(k, 1))
        least = 2 * c_amp * bits * (bits - 2 * np.log2(np.abs(eps)))
    args.require("k >= 2 c_amp (log2(k)^2 + 2 log2(k) log2(1/eps))", k >= least)
    return args.whole(lambda k, eps, c: smallest(subset_bits, k, 2 * c * np.log2(eps) ** 2, 2 * k))


def _require_uniform(args: Arguments) -> tuple[Array, Array, Array]:
    k, eps, c_amp = args
    args.require_whole("k")
    args.require("0 < eps < 1/2", (eps > 0) & (eps < 0.5))
    args.require("c_amp > 0", c_amp > 0)
    return k, eps, c_amp


@statement(
    "lower bound on the probability that some k-subset sum hits a fixed target, every constant explicit",
    tex=r"P(\exists S: |S| = k, |\Sigma_S - z| < \varepsilon) \ge \left[\frac{1}{s} \sum_{i<k} h_i \frac{c_u}{c_l}"
    r" \sqrt{\frac{k}{k-i}} + \frac{\sqrt k}{2 \varepsilon s\, c_l \binom nk}\right]^{-1}, \quad"
    r" h_i = \binom ki \binom{n-k}{k-i} \Big/ \binom nk",
    cites=("slth", "natale2024sparsity"),
    where="second-moment argument of Theorem 2 with its constants kept (proofs_checks/natale_2024.py)",
    mark="derived",
    checked=True,
    assumptions=(
        _SAMPLES,
        "a fixed target z with abs(z) <= sqrt(k); s is the share of (z - eps, z + eps) inside [-sqrt(k), sqrt(k)], 1 in the bulk",
        "1 <= k <= n, eps > 0; no relation between n, k and eps",
        "0 < c_l <= c_u, c_l <= 1/2 (a density >= c_l on [-1, 1] weighs at least 2 c_l)",
    ),
    direction="sufficient",
)
def rfss_c_thm(n: ArrayLike, k: ArrayLike, eps: ArrayLike, cl: ArrayLike, cu: ArrayLike, z: ArrayLike = 0) -> Any:
    """Probability with which at least some k of n samples sum to within eps of z.

    Sound but far from sharp: 0.07 to 0.16 for U[-1, 1], z = 0, eps <= 0.1 at ``n = rfss_n(k, eps)``, where simulations succeed with 0.3 to
    1. It tends to s c_l / c_u for n to infinity, and need not grow with n (the probability does: a bound at fewer samples holds too).

    Parameters
    ----------
    n, k : (...) int
        Samples, and size of the subsets.
    eps : (...) float
        > 0.
    cl, cu : (...) float
        Constants of the law: ``rfss_c_thm(n, k, eps, *sum_bounded_constants(law))``.
    z : (...) float
        Target; the float next to sqrt(k) stands for sqrt(k).

    Returns
    -------
    float, or (...) float64
        Rounded down: below the exact value, by a relative 1e-11 + 1e-14 k or so (next to 0, by two steps of float64 at most). Time and
        memory O(k) an entry.
    """
    args = Arguments("rfss_c_thm", n=n, k=k, eps=eps, cl=cl, cu=cu, z=z)
    n, k, eps, cl, cu, z = args
    args.require_whole("n", "k")
    args.require("k <= n", k <= n)
    args.require("eps > 0", eps > 0)
    args.require("0 < cl <= cu and cl <= 1/2", (cl > 0) & (cl <= cu) & (cl <= 0.5))
    args.require("abs(z) <= sqrt(k)", np.abs(z) <= np.sqrt(np.maximum(k, 0)))

    def formula(*columns: Array) -> Array:
        with np.errstate(over="ignore"):  # n near the end of float64
            log_subsets = log2_binom(columns[0], columns[1]) * np.log(2)
        entries = zip(*columns, log_subsets, strict=True)
        return np.array([_second_moment_bound(*entry) for entry in entries], np.float64)

    return args.real(formula)


def _second_moment_bound(n: float, k: float, eps: float, cl: float, cu: float, z: float, log_subsets: float) -> float:
    root = np.sqrt(k)
    with np.errstate(over="ignore"):  # far inside
        share = 0.5 * (np.minimum(_to_the_edge(float(k), float(z)) / eps, 1.0) + np.minimum((root + abs(z)) / eps, 1.0))
    same = 0.5 * np.log(k) - np.log(2) - np.log(eps) - log_subsets
    overlap = _overlap_factor(n, k)
    others = np.log(cu) + np.log(overlap) if overlap else -np.inf
    log_bound = np.log(cl) + np.log(share) - np.logaddexp(others, same)
    return float(np.nextafter(np.exp(log_bound - 1e-11 - 1e-14 * k), 0.0))


def _to_the_edge(k: float, z: float) -> float:
    """sqrt(k) - abs(z) >= 0 to a relative 1e-15: a difference of floats errs by the rounding of sqrt(k), which may exceed eps."""
    root, size = math.sqrt(k), abs(z)
    if size >= root:  # what a caller means by sqrt(k)
        return 0.0
    return float(Fraction(k) - Fraction(size) ** 2) / (root + size)


def _overlap_factor(n: float, k: float) -> float:
    """E[sqrt(k / (k - I)); I < k] for the overlap I of two random k-subsets of n: relative accuracy 1e-12."""
    first = max(0.0, 2 * k - n)
    i = np.arange(first, k)
    if not i.size:
        return 0.0
    # logarithms of h_(i + 1) / h_i, added up from the mode in both directions: large numbers arise far from it only
    ratios = 2 * np.log(k - i) - np.log(i + 1) - np.log(n - 2 * k + i + 1)
    mode = int(np.clip((k + 1) ** 2 // (n + 2) - first, 0, i.size))
    up, down = np.cumsum(ratios[mode:]), -np.cumsum(ratios[:mode][::-1])[::-1]
    weights = np.exp(np.concatenate([down, [0.0], up]))
    return float((weights[:-1] * np.sqrt(k / (k - i))).sum() / weights.sum())


@statement(
    "a success probability of Theorem 2 that holds for all n, k, eps and z",
    tex=r"c_{\mathrm{thm}} = \frac{c_l}{2 (1.628\, c_u + \sqrt 2)}, \quad 1.628 = \sqrt{4675/1764}",
    cites=("slth", "natale2024sparsity"),
    where="proofs_checks/natale_2024.py; Theorem 2 only says that there is one",
    mark="derived",
    checked=True,
    assumptions=(
        "those of rfss_n with c_hyp = 1 (or more): n H2(k/n) >= log2(k/eps), k <= n/2, 0 < eps < 1, abs(z) <= sqrt(k)",
        "0 < c_l <= c_u, c_l <= 1/2",
    ),
    direction="sufficient",
)
def rfss_c_thm_least(cl: ArrayLike, cu: ArrayLike) -> Any:
    """Probability with which `rfss_n` samples at least suffice, whatever k, eps and z; twice that if ``abs(z) + eps <= sqrt(k)``.

    0.0300 for U[-1, 1] and 0.0586 for N(0, 1).

    Parameters
    ----------
    cl, cu : (...) float
        Constants of the law (`sum_bounded_constants`).

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("rfss_c_thm_least", cl=cl, cu=cu)
    cl, cu = args
    args.require("0 < cl <= cu and cl <= 1/2", (cl > 0) & (cl <= cu) & (cl <= 0.5))
    return args.real(lambda cl, cu: cl / (2 * (np.sqrt(_OVERLAP) * cu + np.sqrt(2))))


def subset_bits(n: Array, k: Array) -> Array:
    """n H2(k/n) for 1 <= k <= n, increasing in n; infinite for infinite n."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(np.isfinite(n), n * binary_entropy(np.where(np.isfinite(n), k / n, 0.0)), np.inf))


def smallest(grows: Callable[[Array, Array], Array], k: Array, need: Array, least: Array) -> Array:
    """Smallest whole n >= least with ``grows(n, k) >= need``, all (m,); infinite beyond float64. `grows` increases in n."""
    low, high = least - 1, least.copy()  # grows(low) < need, or low = least - 1
    with np.errstate(over="ignore"):
        while (short := grows(high, k) < need).any():
            low, high = np.where(short, high, low), np.where(short, 2 * high, high)
        while True:
            middle = np.floor(low + (high - low) / 2)
            open_ = (low < middle) & (middle < high)
            if not open_.any():
                return high
            enough = grows(np.where(open_, middle, high), k) >= need
            low, high = np.where(open_ & ~enough, middle, low), np.where(open_ & enough, middle, high)
