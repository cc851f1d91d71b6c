"""What is necessary: parameters that every prunable random network needs, by counting its subnetworks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement

_TASK = (
    "a random network with m parameters; for every W of size d x d with ||W|| <= 1, with the stated probability, some subnetwork g has "
    "sup over ||x|| <= 1 of ||W x - g(x)|| <= eps",
    "d >= 1 whole; 0 < eps < 1/2; 0 < probability <= 1",
)


@statement(
    "parameters of any random network that can be pruned to every linear map",
    tex=r"m \ge d^2 \log_2\frac{1}{2\epsilon} + \log_2 p \qquad (p = 1/2: \; d^2 \log_2\frac{1}{2\epsilon} - 1)",
    cites=("pensia2020optimal",),
    where="Theorem 2",
    mark="read",
    checked=True,
    assumptions=_TASK,
    direction="necessary",
)
def pensia_lower(d: ArrayLike, eps: ArrayLike, probability: ArrayLike = 0.5) -> Any:
    """Fewest parameters m of a random network whose 2^m subnetworks contain every d x d matrix of norm <= 1 up to eps.

    At least (1/(2 eps))^(d^2) matrices lie pairwise more than 2 eps apart, and no subnetwork is within eps of two of them: if each is
    approximated with probability p, then on average p times so many are, by as many subnetworks.

    Parameters
    ----------
    d : (...) int
        Size of the matrices.
    eps : (...) float
        Error, in (0, 1/2).
    probability : (...) float, default 0.5
        With which each matrix can be approximated; the paper has 1/2.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("pensia_lower", d=d, eps=eps, probability=probability)
    _require(args, *args)
    return args.whole(lambda d, eps, p: np.maximum(np.ceil(_bits(d, eps, p)), 0))


@statement(
    "parameters of any random network that can be pruned to every linear map, to a given density",
    tex=r"\gamma m \log_2\frac{e}{\gamma} \ge d^2 \log_2\frac{1}{2\epsilon} + \log_2 p",
    cites=("pensia2020optimal", "natale2024sparsity"),
    where="Pensia et al., remark after Theorem 2 (p = 1/2)",
    mark="read",
    checked=True,
    assumptions=(*_TASK, "the subnetworks have at most gamma m of the parameters; 0 < gamma <= 1"),
    direction="necessary",
)
def pensia_lower_sparse(d: ArrayLike, eps: ArrayLike, gamma: ArrayLike, probability: ArrayLike = 0.5) -> Any:
    """Fewest parameters m of a random network whose subnetworks of density at most gamma contain every d x d matrix of norm <= 1.

    There are at most ``(e / gamma)^(gamma m)`` of these subnetworks. Weaker than `pensia_lower` where ``gamma log2(e / gamma) > 1``, that
    is from gamma = 0.328 on.

    Parameters
    ----------
    d : (...) int
        Size of the matrices.
    eps : (...) float
        Error, in (0, 1/2).
    gamma : (...) float
        Largest density, in (0, 1].
    probability : (...) float, default 0.5
        With which each matrix can be approximated.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("pensia_lower_sparse", d=d, eps=eps, gamma=gamma, probability=probability)
    d, eps, gamma, p = args
    _require(args, d, eps, p)
    args.require("0 < gamma <= 1", (gamma > 0) & (gamma <= 1))
    with np.errstate(over="ignore"):
        return args.whole(
            lambda d, eps, gamma, p: np.maximum(
                np.ceil(_bits(d, eps, p) / (gamma * (1 - np.log(gamma)) / np.log(2))), 0
            )
        )


@statement(
    "width of any random network with one hidden layer that can be pruned to every linear map",
    tex=r"\mathrm{width} \ge \frac{1}{2d}\left(d^2 \log_2\frac{1}{2\epsilon} + \log_2 p\right) = \Omega(d \log(1/\epsilon))",
    cites=("pensia2020optimal",),
    where="Theorem 2, for d - width - d networks, which have 2 d width parameters",
    mark="read",
    checked=True,
    assumptions=(*_TASK, "the network has one hidden layer and no biases"),
    direction="necessary",
)
def pensia_lower_width(d: ArrayLike, eps: ArrayLike, probability: ArrayLike = 0.5) -> Any:
    """Fewest hidden neurons of a random network with one hidden layer that can be pruned to every d x d matrix of norm <= 1.

    Parameters
    ----------
    d : (...) int
        Size of the matrices: inputs and outputs.
    eps : (...) float
        Error, in (0, 1/2).
    probability : (...) float, default 0.5
        With which each matrix can be approximated.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("pensia_lower_width", d=d, eps=eps, probability=probability)
    _require(args, *args)
    return args.whole(lambda d, eps, p: np.maximum(np.ceil(_bits(d, eps, p) / (2 * d)), 0))


def _bits(d: Array, eps: Array, p: Array) -> Array:
    """log2 of the number of subnetworks needed."""
    return np.asarray(d * d * -(1 + np.log2(eps)) + np.log2(p))


def _require(args: Arguments, d: Array, eps: Array, probability: Array) -> None:
    args.require_whole("d")
    args.require("0 < eps < 1/2", (eps > 0) & (eps < 0.5))
    args.require("0 < probability <= 1", (probability > 0) & (probability <= 1))
