"""Tickets in networks whose weights are signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement


@statement(
    "width at which a random binary network holds any target network",
    tex=r"\mathrm{width} = C_1\, l d^{3/2} / \epsilon + C_2\, l d \ln(l d / \epsilon)",
    cites=("diffenderfer2021multiprize",),
    where="existence theorem of multi-prize tickets",
    mark="read",
    assumptions=(
        "target of width d and depth l; 0 < eps < 1",
        "binary weights, any signs: the form O(...) alone was read",
    ),
    direction="sufficient",
    constants={
        "C_1": "existential in the source, which states O(...)",
        "C_2": "existential in the source, which states O(...)",
    },
    unchecked="only the order of the width is known here, not the construction behind it",
)
def mpt_width(d: ArrayLike, depth: ArrayLike, eps: ArrayLike, C_1: ArrayLike, C_2: ArrayLike) -> Any:
    """Width of a binary network with a ticket within eps of any target network; polynomial in 1/eps.

    Parameters
    ----------
    d, depth : (...) int
        Width and depth of the target.
    eps : (...) float
        Error, in (0, 1).
    C_1, C_2 : (...) float
        Constants of the two terms, > 0.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("mpt_width", d=d, depth=depth, eps=eps, C_1=C_1, C_2=C_2)
    d, depth, eps, C_1, C_2 = args
    _require_network(args, eps)
    args.require("C_1, C_2 > 0", (C_1 > 0) & (C_2 > 0))

    def width(d: Array, depth: Array, eps: Array, C_1: Array, C_2: Array) -> Array:
        with np.errstate(over="ignore"):  # beyond float64: infinite, and a scalar raises OverflowError
            first = C_1 * depth * d**1.5 / eps
        return np.ceil(first + C_2 * depth * d * _log_size(d, depth, eps))

    return args.whole(width)


@dataclass(frozen=True)
class SignNetwork:
    """Dimensions of a random network with weights +1 and -1.

    Attributes
    ----------
    depth, width : int, or (...) float64 of whole numbers
    """

    depth: Any
    width: Any


@statement(
    "depth and width at which a random network of signs holds any target network",
    tex=r"\mathrm{depth} = C_1\, l \ln(d l/\epsilon), \quad \mathrm{width} = C_2\, d \ln^2(d l/\epsilon)",
    cites=("sreenivasan2022finding",),
    where="main theorem",
    mark="read",
    assumptions=(
        "target of width d and depth l; 0 < eps < 1",
        "weights +1 or -1 with probability 1/2 each, independent",
    ),
    direction="sufficient",
    constants={
        "C_1": "existential in the source, which states Theta(...)",
        "C_2": "existential in the source, which states Theta(...)",
    },
)
def sreenivasan_dims(d: ArrayLike, depth: ArrayLike, eps: ArrayLike, C_1: ArrayLike, C_2: ArrayLike) -> SignNetwork:
    """Depth and width of a random network of signs with a ticket within eps of any target network.

    Parameters
    ----------
    d, depth : (...) int
        Width and depth of the target.
    eps : (...) float
        Error, in (0, 1).
    C_1, C_2 : (...) float
        Constants of depth and width, > 0.

    Returns
    -------
    SignNetwork
    """
    args = Arguments("sreenivasan_dims", d=d, depth=depth, eps=eps, C_1=C_1, C_2=C_2)
    d, depth, eps, C_1, C_2 = args
    _require_network(args, eps)
    args.require("C_1, C_2 > 0", (C_1 > 0) & (C_2 > 0))
    return SignNetwork(
        depth=args.whole(lambda d, depth, eps, C_1, C_2: np.ceil(C_1 * depth * _log_size(d, depth, eps))),
        width=args.whole(lambda d, depth, eps, C_1, C_2: np.ceil(C_2 * d * _log_size(d, depth, eps) ** 2)),
    )


def _require_network(args: Arguments, eps: Array) -> None:
    args.require_whole("d", "depth")
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))


def _log_size(d: Array, depth: Array, eps: Array) -> Array:
    """ln(d l / eps)."""
    return np.asarray(np.log(d) + np.log(depth) - np.log(eps))
