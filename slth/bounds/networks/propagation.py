"""How errors of weights and layers add up to the error of a network, and the tolerances that follow."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement
from slth.validation import finite_array

_NETWORK = (
    "target f(x) = W_l s(... s(W_1 x)), spectral norms ||W_i|| <= 1, s the ReLU (or any 1-Lipschitz s with s(0) = 0)",
    "error: sup over ||x|| <= 1 of the Euclidean norm",
)


def layer_shapes(widths: ArrayLike) -> list[tuple[int, int]]:
    """``[(d_0, d_1), ..., (d_(l-1), d_l)]`` of a network with these widths.

    Raises
    ------
    TypeError, ValueError
        Unless there are at least two widths, all whole numbers >= 1.
    """
    sizes = finite_array(widths, "widths", ndim=1)
    if sizes.size < 2 or (sizes < 1).any() or (sizes != np.floor(sizes)).any():
        raise ValueError(f"widths must be at least two whole numbers >= 1 (d_0, ..., d_l), got {widths!r}")
    whole = [int(size) for size in sizes]
    return list(pairwise(whole))


@statement(
    "error of a network whose layers are each within layer_tolerance",
    tex=r"\left(1 + \frac{\epsilon}{2\ell}\right)^{\ell} - 1 \le e^{\epsilon/2} - 1 \le \epsilon \quad (\epsilon \le 1)",
    cites=("pensia2020optimal", "natale2024sparsity"),
    where="last step of the proofs of Pensia et al., Theorem 1, and Natale et al., Theorem 3",
    mark="read",
    checked=True,
    assumptions=(
        *_NETWORK,
        "layer i: ||g_i(x) - s(W_i x)|| <= eps/(2l) ||x|| for all x",
        "eps > 0; depth l >= 1 whole",
    ),
    direction="sufficient",
)
def propagated_error(eps: ArrayLike, depth: ArrayLike) -> Any:
    """Bound on the error of the network when layer i is within eps/(2l) of its target: ``(1 + eps / (2 l))^l - 1``, below eps if eps <= 1.

    Parameters
    ----------
    eps : (...) float
        Twice the sum of the layers' tolerances.
    depth : (...) int
        Layers l of the target.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("propagated_error", eps=eps, depth=depth)
    eps, depth = args
    args.require("eps > 0", eps > 0)
    args.require_whole("depth")
    with np.errstate(over="ignore"):
        return args.real(lambda eps, depth: np.expm1(depth * np.log1p(eps / (2 * depth))))


@statement(
    "error of a network whose layers have any norms and any tolerances",
    tex=r"\prod_{i=1}^{\ell} (L_i + \tau_i) - \prod_{i=1}^{\ell} L_i",
    cites=("slth", "pensia2020optimal"),
    where="the recursion behind the last step of Pensia et al., Theorem 1, for layers of any norm",
    mark="derived",
    checked=True,
    assumptions=(
        "target layers f_i with f_i(0) = 0 and Lipschitz constants L_i >= 0",
        "layers g_i with ||g_i(x) - f_i(x)|| <= tau_i ||x|| for all x",
        "error: sup over ||x|| <= 1 of ||g_l(...g_1(x)) - f_l(...f_1(x))||",
    ),
    direction="sufficient",
)
def lipschitz_error(norms: ArrayLike, tolerances: ArrayLike) -> Any:
    """Bound on the error of a network from the Lipschitz constants of its layers and their tolerances; attained by scalar layers.

    Parameters
    ----------
    norms : (..., l) float
        Lipschitz constants L_1, ..., L_l of the target's layers.
    tolerances : (..., l) float
        tau_1, ..., tau_l: errors of the layers on unit vectors.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("lipschitz_error", norms=norms, tolerances=tolerances)
    if not args.shape:
        raise ValueError("lipschitz_error needs one norm and one tolerance a layer on the last axis, got two numbers")
    norms, tolerances = args
    args.require("norms >= 0 and tolerances >= 0", (norms >= 0) & (tolerances >= 0))
    each = args.real(lambda norm, tolerance: norm + tolerance)  # NaN where a hypothesis fails
    met = ~np.isnan(each).any(axis=-1)
    reached, error = np.ones(args.shape[:-1]), np.zeros(args.shape[:-1])
    with np.errstate(over="ignore"):  # beyond float64: infinite
        for i in range(args.shape[-1]):
            # a sum of terms >= 0, so that nothing cancels: the difference of the products would lose small tolerances
            error = _times(norms[..., i], error) + _times(tolerances[..., i], reached)
            reached = _times(each[..., i], reached)
    error = np.where(met, error, np.nan)
    return error if error.ndim else float(error)


@statement(
    "tolerance of a layer with which the network is within eps",
    tex=r"\frac{\epsilon}{2\ell}",
    cites=("pensia2020optimal", "natale2024sparsity"),
    where="proofs of Pensia et al., Theorem 1, and Natale et al., Theorem 3",
    mark="read",
    checked=True,
    assumptions=(*_NETWORK, "0 < eps <= 1; depth l >= 1 whole"),
    direction="sufficient",
)
def layer_tolerance(eps: ArrayLike, depth: ArrayLike) -> Any:
    """Error that each of the l layers may have on unit vectors, so that the network has at most eps: `propagated_error` <= eps.

    Parameters
    ----------
    eps : (...) float
        Error of the network, in (0, 1].
    depth : (...) int
        Layers l of the target.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("layer_tolerance", eps=eps, depth=depth)
    eps, depth = args
    _require_eps(args, eps)
    args.require_whole("depth")
    return args.real(lambda eps, depth: eps / (2 * depth))


@statement(
    "tolerance of an entry of a weight matrix with which the network is within eps",
    tex=r"\frac{\epsilon}{2\ell\, d_{i-1} d_i}, \quad \text{and already}\quad \frac{\epsilon}{2\ell \sqrt{d_{i-1} d_i}}",
    cites=("pensia2020optimal", "natale2024sparsity", "slth"),
    where="proofs of Pensia et al., Theorem 1, and Natale et al., Theorem 3; the square root by the Frobenius norm",
    mark="read",
    checked=True,
    assumptions=(
        *_NETWORK,
        "layer i of the network is s(V x) with abs(V_jk - W_jk) at most the tolerance (two-layer pieces: entries of both halves)",
        "0 < eps <= 1",
    ),
    direction="sufficient",
)
def entry_tolerance(eps: ArrayLike, widths: ArrayLike, *, frobenius: bool = False) -> Any:
    """Error that each entry of each weight matrix may have, layer by layer, so that the network has at most eps.

    Parameters
    ----------
    eps : (...) float
        Error of the network, in (0, 1].
    widths : (l + 1,) int
        d_0, ..., d_l of the target.
    frobenius : bool, default False
        The wider tolerance with sqrt(d_(i-1) d_i) in place of the papers' d_(i-1) d_i: an error matrix with entries of at most t has
        spectral norm at most its Frobenius norm, so at most sqrt(d_(i-1) d_i) t.

    Returns
    -------
    (..., l) float64
    """
    if not isinstance(frobenius, bool | np.bool_):
        raise TypeError(f"frobenius must be True or False, got {frobenius!r}")
    shapes = layer_shapes(widths)
    args = Arguments("entry_tolerance", eps=eps)
    (eps,) = args
    _require_eps(args, eps)
    sizes: Array = np.array([float(d_in) * d_out for d_in, d_out in shapes])
    whole = np.asarray(args.real(lambda eps: eps / (2 * len(shapes))))
    return whole[..., None] / (np.sqrt(sizes) if frobenius else sizes)


def _times(a: Array, b: Array) -> Array:
    """The product, 0 also for 0 times infinity: that stands for a large number."""
    with np.errstate(invalid="ignore"):
        return np.where((a == 0) | (b == 0), 0.0, a * b)


def _require_eps(args: Arguments, eps: Array) -> None:
    args.require("0 < eps <= 1", (eps > 0) & (eps <= 1))
