"""Weights out of a bag of golden-ratio cells: how many cells an error takes, and how many samples fill them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement

_LOG_GOLDEN: Final = float(np.log((1 + np.sqrt(5)) / 2))

_MOST: Final = 100_000  # cells of the exact law: more would take an hour

_CELLS = "cells [g^(i+1), g^i], i = 1..k, g = (sqrt 5 - 1) / 2: one sample in each gives every w in [0, 1] up to g^k"
_LAW = (
    "samples independent, with the hyperbolic density 1 / (2 k ln(1/g) abs(x)) on g^(k+1) <= abs(x) <= g: each of the 2k cells of "
    "both signs has probability 1 / (2k)"
)


@statement(
    "golden-ratio cells that give every weight of [0, 1] within eps",
    tex=r"k = \left\lceil \log_{1/g}(1/\epsilon) \right\rceil, \quad g = \tfrac{\sqrt5 - 1}{2}",
    cites=("orseau2020logarithmic", "slth"),
    where="golden-ratio decomposition; the greedy lemma derived in proofs_checks/orseau_2020.py",
    mark="derived",
    checked=True,
    assumptions=(_CELLS, "greedy: the residual r starts at w; for i = 1..k, r <- r - x_i if r >= x_i", "0 < eps < 1"),
    direction="sufficient",
)
def orseau_k(eps: ArrayLike) -> Any:
    """Cells, each with one sample in it, of which a greedy subset sums up to w - eps <= sum <= w for every w in [0, 1].

    Parameters
    ----------
    eps : (...) float
        Error, in (0, 1).

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("orseau_k", eps=eps)
    (eps,) = args
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    return args.whole(lambda eps: np.ceil(-np.log(eps) / _LOG_GOLDEN))


@statement(
    "samples that fill all golden-ratio cells of one sign",
    tex=r"n \ge 2k \ln\frac{k}{\delta}",
    cites=("slth", "orseau2020logarithmic"),
    where="coupon collector with a union bound; the paper's own theorem shares samples over a layer (not stated here)",
    mark="derived",
    checked=True,
    assumptions=(_LAW, "k >= 1 whole; 0 < delta < 1"),
    direction="sufficient",
)
def orseau_samples(k: ArrayLike, delta: ArrayLike) -> Any:
    """Samples with which, with probability >= 1 - delta, each of the k cells of one sign holds one.

    Parameters
    ----------
    k : (...) int
        Cells of one sign, as from `orseau_k`.
    delta : (...) float
        Failure probability, in (0, 1).

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("orseau_samples", k=k, delta=delta)
    _require(args, *args)
    return args.whole(lambda k, delta: np.ceil(2 * k * (np.log(k) - np.log(delta))))


@statement(
    "samples that fill all golden-ratio cells of one sign, exactly as many as it takes",
    tex=r"n = \min\left\{n : \sum_{j=1}^{k} (-1)^{j+1} \binom{k}{j} \left(1 - \frac{j}{2k}\right)^n \le \delta\right\}",
    cites=("slth", "orseau2020logarithmic"),
    where="coupon collector, k of 2k equally likely coupons",
    mark="derived",
    checked=True,
    assumptions=(_LAW, "k >= 1 whole; 0 < delta < 1"),
    direction="exact",
)
def orseau_samples_exact(k: ArrayLike, delta: ArrayLike) -> Any:
    """Fewest samples with which the k cells of one sign are all filled with probability >= 1 - delta.

    Equivalent to the alternating sum of inclusion and exclusion, computed as a Markov chain of the number of filled cells, whose terms
    are all positive: O(k^2 ln(k / delta)) time.

    Parameters
    ----------
    k : (...) int
        Cells of one sign, as from `orseau_k`; at most 100,000.
    delta : (...) float
        Failure probability, in (0, 1).

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("orseau_samples_exact", k=k, delta=delta)
    k, delta = args
    _require(args, k, delta)
    args.require(f"k <= {_MOST:,} (its time grows like k^2; orseau_samples is a bound in closed form)", k <= _MOST)
    return args.whole(_collect)


@statement(
    "mean number of samples until all golden-ratio cells of one sign are filled",
    tex=r"E\,T = 2k \sum_{j=1}^{k} \frac1j",
    cites=("slth", "orseau2020logarithmic"),
    where="coupon collector, k of 2k equally likely coupons",
    mark="derived",
    checked=True,
    assumptions=(_LAW, "k >= 1 whole"),
    direction="exact",
)
def orseau_samples_mean(k: ArrayLike) -> Any:
    """Mean number of samples drawn until each of the k cells of one sign holds one.

    Parameters
    ----------
    k : (...) int
        Cells of one sign, as from `orseau_k`.

    Returns
    -------
    float, or (...) float64
    """
    from scipy.special import digamma

    args = Arguments("orseau_samples_mean", k=k)
    args.require_whole("k")
    return args.real(lambda k: 2 * k * (digamma(k + 1) + np.euler_gamma))


def _collect(k: Array, delta: Array) -> Array:
    pairs, place = np.unique(np.column_stack([k, delta]), axis=0, return_inverse=True)
    return np.array([_samples_until(int(cells), float(miss)) for cells, miss in pairs])[place.reshape(-1)]


def _samples_until(k: int, delta: float) -> float:
    """Draws until the chain of filled cells 0, ..., k has at most the probability delta outside k."""
    empty = k - np.arange(k)  # cells still empty in the states 0, ..., k - 1
    forth = empty / (2 * k)
    stay = 1 - forth
    state: Array = np.zeros(k)
    state[0] = 1.0
    n = 0
    while (outside := state.sum()) > delta:
        if outside < 1e-100:  # so that tiny numbers go on shrinking
            state, delta = state * 1e100, delta * 1e100
        moved = state[:-1] * forth[:-1]
        state *= stay
        state[1:] += moved
        n += 1
    return float(n)


def _require(args: Arguments, k: Array, delta: Array) -> None:
    args.require_whole("k")
    args.require("0 < delta < 1", (delta > 0) & (delta < 1))
