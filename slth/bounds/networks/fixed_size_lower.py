"""Parameters that a network needs before pruning it to k of them can give every linear map: a counting lower bound."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement
from slth.bounds.subset_sums.binomials import log2_binom
from slth.bounds.subset_sums.fixed_size import smallest, subset_bits

LARGEST_DENSITY: Final = 1 - 1 / (2 * np.pi)

_PRUNED = (
    "a random network with n parameters such that, for every d x d matrix W of spectral norm at most sqrt(k), with probability >= 1/2 "
    "some subnetwork of exactly k parameters is within eps of x -> W x on the unit ball"
)


@statement(
    "parameters that are necessary to prune to k of them, closed form",
    tex=r"n\,H_2(k/n) \ge \tfrac{d^2}{2} \log_2 \frac k\varepsilon",
    cites=("natale2024sparsity",),
    where="Theorem 5",
    mark="read",
    checked=True,
    assumptions=(_PRUNED, "1 <= k <= lambda n, lambda = 1 - 1/(2 pi)", "0 < eps < 1/16"),
    direction="necessary",
)
def natale_lower(d: ArrayLike, k: ArrayLike, eps: ArrayLike) -> Any:
    """Smallest n >= k / lambda with ``n H2(k/n) >= (d^2 / 2) log2(k/eps)``; below k / lambda the theorem says nothing.

    So a result of just k / lambda does not exclude smaller n; above it, `natale_lower_exact` asks for more, about twice the bits. As
    there, equality to a relative 1e-14 is let pass.

    Parameters
    ----------
    d : (...) int
        Dimension of the linear maps.
    k : (...) int
        Parameters that are left.
    eps : (...) float
        Error, in (0, 1/16).

    Returns
    -------
    int, or (...) float64 of whole numbers

    Raises
    ------
    OverflowError
        If it is beyond float64 (arrays: infinite).
    """
    args = Arguments("natale_lower", d=d, k=k, eps=eps)
    d, k, eps = args
    args.require_whole("d", "k")
    args.require("0 < eps < 1/16", (eps > 0) & (eps < 1 / 16))

    def formula(d: Array, k: Array, eps: Array) -> Array:
        bits = 0.5 * d * d * (np.log2(k) - np.log2(eps))
        return smallest(subset_bits, k, bits * (1 - 1e-14), np.ceil(k / LARGEST_DENSITY))

    return args.whole(formula)


@statement(
    "parameters that are necessary to prune to k of them, with the binomial itself",
    tex=r"\binom nk > \frac12 \left(\frac{\sqrt k}{2\varepsilon}\right)^{d^2}",
    cites=("natale2024sparsity",),
    where="proof of Theorem 5, before the entropy bound",
    mark="read",
    checked=True,
    assumptions=(_PRUNED, "k >= 1", "0 < eps < sqrt(k) / 2"),
    direction="necessary",
)
def natale_lower_exact(d: ArrayLike, k: ArrayLike, eps: ArrayLike) -> Any:
    """Smallest n >= k with ``C(n, k) >= (sqrt(k) / (2 eps))^(d^2) / 2``.

    There is one subnetwork for each of the C(n, k) choices, and none is within eps of two maps that lie more than 2 eps apart; a packing
    holds (sqrt(k) / (2 eps))^(d^2) of those, half of which have to be met on average.

    Parameters
    ----------
    d, k : (...) int
        As in `natale_lower`.
    eps : (...) float
        Error, in (0, sqrt(k) / 2).

    Returns
    -------
    int, or (...) float64 of whole numbers
        Up to the rounding of both logarithms; equality to a relative 1e-14 is let pass, so that at a tie it is one too small.

    Raises
    ------
    OverflowError
        If it is beyond float64 (arrays: infinite).
    """
    args = Arguments("natale_lower_exact", d=d, k=k, eps=eps)
    d, k, eps = args
    args.require_whole("d", "k")
    args.require("0 < eps < sqrt(k) / 2", (eps > 0) & (eps < 0.5 * np.sqrt(np.maximum(k, 0))))

    def formula(d: Array, k: Array, eps: Array) -> Array:
        bits = d * d * (0.5 * np.log2(k) - 1 - np.log2(eps)) - 1
        # what is necessary must not come out too large at a tie
        return smallest(_log2_subsets, k, bits - 1e-14 * np.abs(bits), k)

    return args.whole(formula)


def _log2_subsets(n: Array, k: Array) -> Array:
    """log2 C(n, k); infinite for infinite n."""
    return np.asarray(np.where(np.isfinite(n), log2_binom(np.where(np.isfinite(n), n, k), k), np.inf))
