"""Random subset sums of vectors: one subset has to fit in every coordinate at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement

_PAPER = "becchetti2022multidimensional"
_NORMAL = "X_1, ..., X_n independent standard normal vectors of R^d"
_DERIVATION = "derivation in proofs_checks/becchetti_2022.py, along the lines of the paper's proof"
_ROUNDING = 1e-12  # relative; keeps a count on its side of the bound, whatever the rounding of its formula
_TAIL = np.log(4 / np.e)  # P(overlap >= twice its mean) <= exp(-_TAIL mean)


@statement(
    "vectors that suffice for all targets of [-1, 1]^d",
    tex=r"n \ge C\, d^3 \ln(1/\epsilon)\,(\ln(1/\epsilon) + \ln d)",
    cites=(_PAPER,),
    where="main theorem",
    mark="read",
    assumptions=(
        _NORMAL,
        "all z in [-1, 1]^d at once, error in the maximum norm; 0 < eps < 1",
        "with high probability",
    ),
    direction="sufficient",
    constants={"C": "existential in the source; `mrss_n_explicit` is a version with every constant explicit"},
)
def mrss_n(d: ArrayLike, eps: ArrayLike, C: ArrayLike) -> Any:
    """Vectors with which, with high probability, every z in [-1, 1]^d has a subset sum within eps.

    Parameters
    ----------
    d : (...) int
        Dimension.
    eps : (...) float
        Error, in (0, 1).
    C : (...) float
        Constant, > 0.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("mrss_n", d=d, eps=eps, C=C)
    d, eps, C = args
    args.require_whole("d")
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("C > 0", C > 0)
    return args.whole(lambda d, eps, C: np.ceil(C * d**3 * -np.log(eps) * (np.log(d) - np.log(eps))))


@statement(
    "vectors without which some target of [-1, 1]^d is missed, whatever the vectors",
    tex=r"2^n \ge \lceil 1/\epsilon \rceil^d",
    cites=("slth", _PAPER),
    where="counting: that many targets lie pairwise more than 2 eps apart",
    mark="derived",
    checked=True,
    assumptions=("any vectors, random or not", "all z in [-1, 1]^d at once, error in the maximum norm; eps > 0"),
    direction="necessary",
)
def mrss_lower(d: ArrayLike, eps: ArrayLike) -> Any:
    """Fewest vectors whose 2^n subset sums can be within eps of every z in [-1, 1]^d: ``d log2(1/eps)``, rounded up.

    Parameters
    ----------
    d : (...) int
        Dimension.
    eps : (...) float
        Error, > 0.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("mrss_lower", d=d, eps=eps)
    d, eps = args
    args.require_whole("d")
    args.require("eps > 0", eps > 0)

    def count(d: Array, eps: Array) -> Array:
        # below 1e-15, rounding 1/eps up makes no difference
        per_axis = np.where(eps > 1e-15, np.log2(np.ceil(1 / np.maximum(eps, 1e-15))), -np.log2(eps))
        return np.ceil(d * per_axis * (1 - _ROUNDING))

    return args.whole(count)


@statement(
    "vectors without which one given target is missed with probability more than 1 - p",
    tex=r"n \ge d \log_2\frac{\sqrt{\pi/2}}{\epsilon} + \log_2 p",
    cites=("slth", _PAPER),
    where="first moment: each subset hits with probability at most (2 eps / sqrt(2 pi))^d",
    mark="derived",
    checked=True,
    assumptions=(_NORMAL, "one target z with a coordinate beyond eps, hit with probability >= p"),
    direction="necessary",
)
def mrss_target_lower(d: ArrayLike, eps: ArrayLike, p: ArrayLike) -> Any:
    """Lower bound, at least 0, on the number of normal vectors that hit one target within eps with probability p.

    Parameters
    ----------
    d : (...) int
        Dimension.
    eps : (...) float
        Error in the maximum norm, > 0.
    p : (...) float
        Probability of success, in (0, 1].

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("mrss_target_lower", d=d, eps=eps, p=p)
    d, eps, p = args
    args.require_whole("d")
    args.require("eps > 0", eps > 0)
    args.require("0 < p <= 1", (p > 0) & (p <= 1))
    return args.real(lambda d, eps, p: np.maximum(d * (0.5 * np.log2(np.pi / 2) - np.log2(eps)) + np.log2(p), 0.0))


@dataclass(frozen=True)
class VectorBlock:
    """A block of vectors, and the chance that one of its subsets of a given size hits a given target.

    Attributes
    ----------
    samples, size : int, or (...) float64 of whole numbers
        Vectors in the block, and in each of the subsets.
    success : float, or (...) float64
        Lower bound on the probability of a hit.
    """

    samples: Any
    size: Any
    success: Any


@statement(
    "a block of vectors that hits any one target with a constant probability",
    tex=r"P(\mathrm{hit}) \ge \Big[(1 - r^2)^{-d/2} e^{d B^2 r / ((1 + r) k)}"
    r" + (e/4)^{k^2/m} \big(\sqrt{2\pi k}\, e^{B^2/2k} / 2\epsilon\big)^d\Big]^{-1}, \quad r = 2k/m,\ B = 1 + \epsilon",
    cites=("slth", _PAPER),
    where=_DERIVATION,
    mark="derived",
    checked=True,
    assumptions=(_NORMAL, "one target z in [-1, 1]^d; subsets of k of m vectors; 0 < eps <= 1"),
    direction="sufficient",
)
def mrss_block(d: ArrayLike, eps: ArrayLike) -> VectorBlock:
    """Second moment over the subsets of one size: most pairs overlap little, and pairs that do weigh little.

    The size k is about ``10 d^(3/2) (ln(1/eps) + ln(k)/2)``, of m = 4 sqrt(d) k vectors.

    Parameters
    ----------
    d : (...) int
        Dimension.
    eps : (...) float
        Error in the maximum norm, in (0, 1].

    Returns
    -------
    VectorBlock
    """
    args = Arguments("mrss_block", d=d, eps=eps)
    d, eps = args
    _require_target(args, eps)
    return VectorBlock(
        samples=args.whole(lambda d, eps: _block(d, eps)[0]),
        size=args.whole(lambda d, eps: _block(d, eps)[1]),
        success=args.real(lambda d, eps: _block(d, eps)[2]),
    )


@statement(
    "vectors that suffice for all targets of [-1, 1]^d, every constant explicit",
    tex=r"n = m\,\Big\lceil \frac{d \ln\lceil 2/\epsilon\rceil + \ln(1/\delta)}{-\ln(1 - q)} \Big\rceil,"
    r" \quad m, q = \mathrm{samples, success\ of\ mrss\_block}(d, \epsilon/2)",
    cites=("slth", _PAPER),
    where=_DERIVATION,
    mark="derived",
    checked=True,
    assumptions=(_NORMAL, "all z in [-1, 1]^d at once, error in the maximum norm; 0 < eps <= 1; 0 < delta <= 1"),
    direction="sufficient",
)
def mrss_n_explicit(d: ArrayLike, eps: ArrayLike, delta: ArrayLike) -> Any:
    """Normal vectors with which, with probability >= 1 - delta, every z in [-1, 1]^d has a subset sum within eps.

    Blocks of `mrss_block` are independent; so many of them that all ``ceil(2/eps)^d`` centres of a grid are hit within eps/2.

    Parameters
    ----------
    d : (...) int
        Dimension.
    eps : (...) float
        Error in the maximum norm, in (0, 1].
    delta : (...) float
        Failure probability, in (0, 1].

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("mrss_n_explicit", d=d, eps=eps, delta=delta)
    d, eps, delta = args
    _require_target(args, eps)
    args.require("0 < delta <= 1", (delta > 0) & (delta <= 1))

    def count(d: Array, eps: Array, delta: Array) -> Array:
        samples, _, success = _block(d, eps / 2)
        axis = np.where(eps > 1e-15, np.log(np.ceil(2 / np.maximum(eps, 1e-15))), np.log(2.0) - np.log(eps) + 1e-14)
        return samples * np.ceil((d * axis - np.log(delta)) / -np.log1p(-success) * (1 + _ROUNDING))

    return args.whole(count)


def _require_target(args: Arguments, eps: Array) -> None:
    args.require_whole("d")
    args.require("0 < eps <= 1", (eps > 0) & (eps <= 1))


def _block(d: Array, eps: Array) -> tuple[Array, Array, Array]:
    """Samples, size and chance of success of a block: any size is allowed, and this one makes the second term at most about 1."""

    def log_worst(k: Array) -> Array:
        # one coordinate: logarithm of 1 / P(a hit), for the least likely target
        return 0.5 * np.log(2 * np.pi * k) + (1 + eps) ** 2 / (2 * k) - np.log(2 * eps)

    k = 50 * d**1.5
    for _ in range(60):  # the slope of the map is at most 5.2 d^1.5 / k: it contracts wherever k matters
        k = np.maximum(4 * d**1.5 / _TAIL * np.maximum(log_worst(k), 0.0), 5 * d**1.5)
    k = np.ceil(k)
    m = np.ceil(4 * np.sqrt(d) * k)
    r = 2 * k / m
    near = -d / 2 * np.log1p(-r * r) + d * (1 + eps) ** 2 * r / ((1 + r) * k)
    far = d * log_worst(k) * (1 + _ROUNDING / 100) - _TAIL * k * k / m * (1 - _ROUNDING / 100)
    # the last factor outweighs what rounding does to the rest, eps included
    return m, k, np.exp(-np.logaddexp(near, far)) * (1 - 1e-9)
