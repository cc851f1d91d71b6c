"""Tickets in networks whose weights lie on a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement

_GRID = "weights of random network and target on the grid S_delta = {-1, -1 + delta, ..., 1}, delta = 2^-j"


@statement(
    "parameters without which no network holds every quantized linear map of R^d with probability p",
    tex=r"\#\mathrm{params} \ge d^2 \log_2(2/\delta + 1) + \log_2 p",
    cites=("kumar2025quantization",),
    where="Theorem 3",
    mark="read",
    checked=True,
    assumptions=(_GRID, "each d x d target matrix with entries in S_delta is a ticket with probability >= p"),
    direction="necessary",
)
def quantized_lower(d: ArrayLike, delta: ArrayLike, p: ArrayLike) -> Any:
    """Lower bound, at least 0, on the parameters of a random network whose tickets are all d x d matrices on the grid.

    A network of s parameters has at most 2^s tickets, and there are ``(2/delta + 1)^(d^2)`` matrices.

    Parameters
    ----------
    d : (...) int
        Dimension.
    delta : (...) float
        Precision, a power of two <= 1.
    p : (...) float
        Probability of each target, in (0, 1].

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("quantized_lower", d=d, delta=delta, p=p)
    d, delta, p = args
    args.require_whole("d")
    _require_precision(args, delta)
    args.require("0 < p <= 1", (p > 0) & (p <= 1))
    return args.real(lambda d, delta, p: np.maximum(d * d * _log2_grid(delta) + np.log2(p), 0.0))


@statement(
    "products of two grid weights from which a target of precision delta^2 is exact: the threshold",
    tex=r"n > \log_2 M = 2 \log_2(1/\delta), \quad M = 1/\delta^2",
    cites=("kumar2025quantization", "borgs2001phase"),
    where="Lemma 5 and Theorem 1",
    mark="read",
    assumptions=(
        _GRID,
        "samples uniform on {-M, ..., M} in units of delta^2, which products of two grid weights are not",
        "an asymptotic threshold: solvable with probability -> 1 where log2(M)/n stays below 1 as delta -> 0",
    ),
    direction="predictor",
)
def quantized_samples(delta: ArrayLike) -> Any:
    """Smallest number of samples of precision delta^2 above the phase transition of exact subset sums.

    Parameters
    ----------
    delta : (...) float
        Precision of the weights, a power of two < 1.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("quantized_samples", delta=delta)
    (delta,) = args
    _require_precision(args, delta)
    args.require("delta < 1", delta < 1)
    return args.whole(lambda delta: 1 - 2 * np.log2(delta))


@statement(
    "width that makes a quantized target network exact, depth 2l",
    tex=r"\mathrm{width} \ge C\, d \log_2(1/\delta)",
    cites=("kumar2025quantization",),
    where="Theorem 1",
    mark="read",
    assumptions=(
        _GRID,
        "delta_in^2 <= delta^2 <= delta_t: precision of the inputs, of the random weights, of the target's weights",
        "ReLU target of depth l and width d; random network of depth 2l; samples by rejection",
    ),
    direction="sufficient",
    constants={"C": "existential in the source"},
)
def quantized_width(d: ArrayLike, delta: ArrayLike, C: ArrayLike) -> Any:
    """Width of a random network of depth 2l with a ticket that is a given quantized network of width d and depth l.

    Parameters
    ----------
    d : (...) int
        Width of the target.
    delta : (...) float
        Precision of the random weights, a power of two < 1.
    C : (...) float
        Constant, > 0.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    return _quantized_width("quantized_width", d, delta, C, power=1)


@statement(
    "width that makes a quantized target network exact, depth l + 1",
    tex=r"\mathrm{width} \ge C\, d \log_2^2(1/\delta)",
    cites=("kumar2025quantization",),
    where="Theorem 2",
    mark="read",
    confidence="medium",
    assumptions=(_GRID, "ReLU target of depth l and width d; random network of depth l + 1, without rejection"),
    direction="sufficient",
    constants={"C": "explicit in the source, but not read: only the extra factor log(1/delta) of the width was"},
)
def quantized_width_shallow(d: ArrayLike, delta: ArrayLike, C: ArrayLike) -> Any:
    """As `quantized_width`, for a random network with one layer more than the target, not twice its layers.

    Parameters
    ----------
    d, delta, C
        As in `quantized_width`.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    return _quantized_width("quantized_width_shallow", d, delta, C, power=2)


@statement(
    "failure probability of the width that makes a quantized target exact",
    tex=r"P(\mathrm{no\ ticket}) \le C\, N_t \log_2(1/\delta)^{-1/7}",
    cites=("kumar2025quantization",),
    where="Theorem 1, from Lemma 4",
    mark="read",
    assumptions=(_GRID, "the width of `quantized_width`; N_t weights in the target"),
    direction="sufficient",
    constants={"C": "existential in the source; its Lemma 4 alone gives 2 n^(-1/7), below 1 only for n > 128 samples"},
)
def quantized_failure(n_weights: ArrayLike, delta: ArrayLike, C: ArrayLike) -> Any:
    """Upper bound, at most 1, on the probability that a target of `n_weights` weights is no ticket.

    Compare `rss_failure_discrete`, which decays exponentially in the number of samples.

    Parameters
    ----------
    n_weights : (...) int
        Weights of the target, N_t.
    delta : (...) float
        Precision of the random weights, a power of two < 1.
    C : (...) float
        Constant, > 0.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("quantized_failure", n_weights=n_weights, delta=delta, C=C)
    n_weights, delta, C = args
    args.require_whole("n_weights")
    _require_precision(args, delta)
    args.require("delta < 1", delta < 1)
    args.require("C > 0", C > 0)
    return args.real(lambda n_weights, delta, C: np.minimum(C * n_weights * (-np.log2(delta)) ** (-1 / 7), 1.0))


@statement(
    "samples that suffice for every weight of precision delta_q to within Delta grid steps",
    tex=r"n \ge C \ln\frac{1/\delta_q + 1}{\Delta + 1}",
    cites=("kumar2026unified",),
    where="Theorem 3, from Theorem 2",
    mark="read",
    assumptions=(
        "X_1, ..., X_n and targets on the grid of precision delta_q in [-1, 1], that is {-M, ..., M} with M = 1/delta_q",
        "M and Delta whole numbers, 0 <= Delta <= M: Delta = 0 is exact, delta_q -> 0 at fixed Delta delta_q is the continuous case",
    ),
    direction="sufficient",
    constants={
        "C": "existential in the source; with 4 / ln(4/3) some target is missed with probability at most 8 ((Delta + 1) / (M + 1))^2, "
        "derived here"
    },
)
def discrete_n(delta_q: ArrayLike, Delta: ArrayLike, C: ArrayLike) -> Any:
    """Samples per weight in the discrete random-subset-sum theorem.

    Parameters
    ----------
    delta_q : (...) float
        Precision of the grid, in (0, 1]; 1 / delta_q is a whole number, but for rounding.
    Delta : (...) int
        Final error in grid steps.
    C : (...) float
        Constant, > 0.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("discrete_n", delta_q=delta_q, Delta=Delta, C=C)
    delta_q, Delta, C = args
    args.require("0 < delta_q <= 1", (delta_q > 0) & (delta_q <= 1))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        args.require("a whole number 1 / delta_q", abs(np.rint(1 / delta_q) * delta_q - 1) <= 4 * np.finfo(float).eps)
    args.require_whole("Delta", least=0)
    args.require("Delta <= 1 / delta_q", Delta * delta_q <= 1)
    args.require("C > 0", C > 0)
    return args.whole(lambda delta_q, Delta, C: np.ceil(C * (np.log1p(delta_q) - np.log(delta_q) - np.log1p(Delta))))


def _quantized_width(bound: str, d: ArrayLike, delta: ArrayLike, C: ArrayLike, *, power: int) -> Any:
    args = Arguments(bound, d=d, delta=delta, C=C)
    d, delta, C = args
    args.require_whole("d")
    _require_precision(args, delta)
    args.require("delta < 1", delta < 1)
    args.require("C > 0", C > 0)
    return args.whole(lambda d, delta, C: np.ceil(C * d * (-np.log2(delta)) ** power))


def _require_precision(args: Arguments, delta: Array) -> None:
    mantissa, _ = np.frexp(delta)
    args.require("delta = 2^-j with a whole j >= 0", (mantissa == 0.5) & (delta <= 1))


def _log2_grid(delta: Array) -> Array:
    """log2(2/delta + 1): points of the grid."""
    return np.asarray(1 - np.log2(delta) + np.log1p(delta / 2) / np.log(2))
