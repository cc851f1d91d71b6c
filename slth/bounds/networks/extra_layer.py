"""Depth L+1: tickets for targets of depth L in sources with one layer more, for most activation functions.

Every neuron of the target is made several times, so that the copies of a neuron serve as the samples of the subset sums in the next layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array, HypothesisError
from slth.bounds.statement import statement
from slth.validation import finite_array, one_of

# activation: (c, power) with |(phi(y) - phi(0)) / phi'(0) - y| <= c |y|^power for all y
CURVATURE: Final = {
    "tanh": (1 / 3, 3),
    "sigmoid": (1 / 12, 3),
    "softplus": (1 / 4, 2),
    "silu": (1 / 2, 2),
    "gelu": (np.sqrt(2 / np.pi), 2),
}


@dataclass(frozen=True)
class ExtraLayerWidths:
    """Widths of a source of depth L+1.

    Attributes
    ----------
    widths : (..., L + 1) float64 of whole numbers
        n_{S,1}, ..., n_{S,L+1}; the last is that of the target.
    rho : float, or (...) float64
        What the failure probability is divided by.
    """

    widths: Array
    rho: Any


@statement(
    "tolerance of the parameters of every layer in the theorem of depth L+1",
    tex=(
        r"\epsilon_l = \frac{\epsilon}{n_{T,L} L} \left[(1 + B_{l-1})\left(1 + \frac{\epsilon}{L}\right)"
        r" \prod_{k=l+1}^{L-1}\left(\|W_T^k\|_\infty + \frac{\epsilon}{L}\right)\right]^{-1}"
    ),
    cites=("burkholz2022activation", "burkholz2022universal"),
    where="lemma on error propagation",
    mark="recalled",
    confidence="medium",
    checked=True,
    assumptions=(
        "every weight and bias of layer l is within eps_l of the target's; activations 1-Lipschitz, the last layer may be linear",
        "||W||_inf is the largest sum of absolute values in a row; B_l = sup ||x^(l)||_1 over the inputs, B_0 of the inputs themselves",
        "proven here (proofs_checks/burkholz_2022.py) if besides ||W_T^L||_inf <= 1, n_{T,k-1} eps_k <= eps / L for all k >= 2, and"
        " copies of a neuron are equal; without these there are counterexamples: `propagated_tolerances` needs none of them",
    ),
    direction="sufficient",
)
def burkholz_eps_layer(outputs: ArrayLike, norms: ArrayLike, input_norms: ArrayLike, eps: ArrayLike) -> Array:
    """eps_1, ..., eps_L.

    Parameters
    ----------
    outputs : (...) int
        n_{T,L}, outputs of the target.
    norms : (L,) float
        ||W_T^1||_inf, ..., ||W_T^L||_inf; the first and the last do not enter.
    input_norms : (L,) float
        B_0, ..., B_{L-1}.
    eps : (...) float
        Error of the output.

    Returns
    -------
    (..., L) float64
    """
    norm, reach = _layers(norms, input_norms)
    args = Arguments("burkholz_eps_layer", outputs=outputs, eps=eps)
    _, eps = args
    args.require_whole("outputs")
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    depth = len(norm)
    log_eps = np.asarray(args.real(lambda outputs, eps: np.log(eps) - np.log(outputs * depth)))[..., None]
    share = np.asarray(args.real(lambda outputs, eps: eps / depth))[..., None]
    log_gain = np.zeros((*args.shape, depth))
    log_gain[..., : max(depth - 2, 0)] = _following(np.log(norm[1:-1] + share))
    return np.asarray(np.exp(log_eps - np.log1p(reach) - np.log1p(share) - log_gain))


@statement(
    "tolerances that keep the output of a network within eps, from norms of the approximation",
    tex=r"\epsilon_l = \frac{\epsilon}{L (1 + B_{l-1}) \prod_{k=l+1}^{L} R_k}",
    cites=("slth", "burkholz2022activation"),
    where="derivation in proofs_checks/burkholz_2022.py: E_l <= R_l E_{l-1} + eps_l (1 + B_{l-1})",
    mark="derived",
    checked=True,
    assumptions=(
        "activations 1-Lipschitz; B_l >= sup ||x^(l)||_1 of the target over the inputs",
        "R_k is at least the largest sum of absolute values of the kept weights of a row in layer k of the ticket; copies of a neuron"
        " count one by one, since their errors need not cancel",
        "in layer l, the kept weights from all copies of a neuron to one copy of the next add up to the target's weight within eps_l;"
        " biases likewise",
    ),
    direction="sufficient",
)
def propagated_tolerances(row_sums: ArrayLike, input_norms: ArrayLike, eps: ArrayLike) -> Array:
    """eps_1, ..., eps_L with which every output is within eps: each layer is responsible for eps / L of it.

    Parameters
    ----------
    row_sums : (L,) float
        R_1, ..., R_L; the first does not enter. ||W_T^k||_inf + n_{T,k-1} eps_k if the ticket has one weight for each of the target.
    input_norms : (L,) float
        B_0, ..., B_{L-1}.
    eps : (...) float
        Error of the output in the maximum norm.

    Returns
    -------
    (..., L) float64
    """
    row, reach = _layers(row_sums, input_norms, "row_sums")
    if (row[1:] == 0).any():
        raise HypothesisError(f"propagated_tolerances needs row_sums > 0 after the first, got {row.tolist()}")
    args = Arguments("propagated_tolerances", eps=eps)
    (eps,) = args
    args.require("eps > 0", eps > 0)
    log_eps = np.asarray(args.real(lambda eps: np.log(eps / len(row))))[..., None]
    log_gain = np.zeros(len(row))
    log_gain[:-1] = _following(np.log(row[1:]))
    return np.asarray(np.exp(log_eps - np.log1p(reach) - log_gain))


@statement(
    "widths of a source of depth L+1 that contains a strong ticket for a target of depth L",
    tex=(
        r"n_{S,l+1} \ge C\,n_{T,l} \ln\frac{1}{\min(\epsilon_{l+1}, \delta/\rho)},\quad"
        r" \rho = C_\rho N_T^{1+\gamma} \lambda^{-(1+\gamma)} \ln\frac{1}{\min_l \min(\epsilon_l, \delta)},\quad"
        r" \lambda = \ln\frac{1}{\min_l \min(\epsilon_l, \delta)}"
    ),
    cites=("burkholz2022activation", "burkholz2022convolutional"),
    where="theorem on depth L+1",
    mark="recalled",
    confidence="medium",
    assumptions=(
        "weights and biases of the source independent, each of a law that contains U[-1, 1]; parameters of the target in [-1, 1]",
        "activation with one-sided slopes m+ and m- at 0, m+ + m- != 0; the first layer scaled into its nearly linear part",
        "0 < eps_l < 1 from burkholz_eps_layer; 0 < delta < 1; gamma > 0",
    ),
    direction="sufficient",
    constants={
        "C": "existential, > 0",
        "C_rho": "existential, > 0; printed with the same letter, with no claim that it is the same",
        "gamma": "any number > 0",
    },
)
def burkholz_width(
    widths: ArrayLike,
    eps_layers: ArrayLike,
    delta: ArrayLike,
    C: float,
    C_rho: float = 1.0,
    gamma: float = 1.0,
    parameters: float | None = None,
) -> ExtraLayerWidths:
    """Widths of all layers of the source; a rho below 1 counts as 1.

    Parameters
    ----------
    widths : (L + 1,) int
        n_{T,0}, ..., n_{T,L} of the target.
    eps_layers : (L,) float
        eps_1, ..., eps_L.
    delta : (...) float
        Failure probability.
    C, C_rho : float
        Open constants, > 0.
    gamma : float
        Exponent of the improved union bound, > 0.
    parameters : float, optional
        N_T, non-zero parameters of the target; all weights and biases by default.

    Returns
    -------
    ExtraLayerWidths
    """
    count = finite_array(widths, "widths", ndim=1)
    tolerance = finite_array(eps_layers, "eps_layers", ndim=1)
    if len(count) != len(tolerance) + 1 or not len(tolerance):
        raise ValueError(f"widths must hold one number more than eps_layers, got {len(count)} and {len(tolerance)}")
    if (count < 1).any() or (count != np.floor(count)).any():
        raise ValueError(f"widths must be whole numbers >= 1, got {count.tolist()}")
    if (tolerance <= 0).any() or (tolerance >= 1).any():
        raise HypothesisError(f"burkholz_width needs 0 < eps_l < 1, got {tolerance.tolist()}")
    total = float((count[1:] * (count[:-1] + 1)).sum()) if parameters is None else parameters
    scalars = Arguments("burkholz_width", C=C, C_rho=C_rho, gamma=gamma, parameters=total)
    scalars.require(
        "C > 0, C_rho > 0, gamma > 0 and parameters >= 1", bool(C > 0 and C_rho > 0 and gamma > 0 and total >= 1)
    )
    args = Arguments("burkholz_width", delta=delta)
    (delta,) = args
    args.require("0 < delta < 1", (delta > 0) & (delta < 1))
    log_delta = np.asarray(args.real(np.log))
    depth_log = np.maximum(-log_delta, -np.log(tolerance.min()))
    log_rho = np.maximum(np.log(C_rho) + (1 + gamma) * np.log(total) - gamma * np.log(depth_log), 0.0)
    log = np.maximum(-np.log(tolerance), (log_rho - log_delta)[..., None])
    last = np.where(np.isnan(log_rho), np.nan, count[-1])[..., None]
    with np.errstate(over="ignore"):  # beyond float64: infinite
        hidden, rho = np.ceil(C * count[:-1] * log), np.exp(log_rho)
    return ExtraLayerWidths(np.concatenate([hidden, last], axis=-1), rho if args.shape else float(rho))


@statement(
    "scale of the inputs at which an activation function is linear to a given accuracy",
    tex=r"\left|\frac{\phi(s y) - \phi(0)}{s\,\phi'(0)} - y\right| \le \mathrm{err}\quad\text{for all}\ |y| \le \mathrm{reach}",
    cites=("slth", "burkholz2022activation"),
    where="derivation in proofs_checks/burkholz_2022.py, |(phi(y) - phi(0)) / phi'(0) - y| <= c |y|^p",
    mark="derived",
    checked=True,
    assumptions=(
        "c, p: tanh 1/3, 3; sigmoid 1/12, 3; softplus 1/4, 2; silu 1/2, 2; gelu sqrt(2/pi), 2",
        "err > 0, reach > 0; ReLU and leaky ReLU are linear on each side at every scale",
    ),
    direction="sufficient",
)
def activation_scale(err: ArrayLike, reach: ArrayLike, activation: str) -> Any:
    """s = (err / (c reach^p))^(1 / (p - 1)); the next layer undoes the factor s phi'(0) by weights that are larger.

    Parameters
    ----------
    err : (...) float
        Error allowed, in units of the input.
    reach : (...) float
        Largest absolute value of the input.
    activation : {"tanh", "sigmoid", "softplus", "silu", "gelu"}

    Returns
    -------
    float, or (...) float64
    """
    curvature, power = CURVATURE[one_of(activation, CURVATURE, "activation")]
    args = Arguments("activation_scale", err=err, reach=reach)
    err, reach = args
    args.require("err > 0", err > 0)
    args.require("reach > 0", reach > 0)

    def scale(err: Array, reach: Array) -> Array:
        return np.asarray(np.exp((np.log(err) - np.log(curvature) - power * np.log(reach)) / (power - 1)))

    return args.real(scale)


def _following(logs: Array) -> Array:
    """Entry i: the sum of entries i, i+1, ... along the last axis."""
    return np.asarray(np.cumsum(logs[..., ::-1], axis=-1)[..., ::-1])


def _layers(norms: ArrayLike, input_norms: ArrayLike, name: str = "norms") -> tuple[Array, Array]:
    norm, reach = finite_array(norms, name, ndim=1), finite_array(input_norms, "input_norms", ndim=1)
    if len(norm) != len(reach) or not len(norm):
        raise ValueError(f"{name} and input_norms must hold one number a layer, got {len(norm)} and {len(reach)}")
    for label, numbers in ((name, norm), ("input_norms", reach)):
        if (numbers < 0).any():
            raise ValueError(f"{label} must be >= 0, got {numbers.tolist()}")
    return norm, reach
