"""What each theorem asks of a random network that is to contain a ticket for a given target."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import numpy as np

from slth.bounds.hypotheses import HypothesisError
from slth.bounds.networks import dense, extra_layer, golden_ratio, lower, one_by_one, propagation, quantized, signs
from slth.bounds.networks.fixed_size_lower import natale_lower_exact
from slth.bounds.requirements import Requirement, Requirements
from slth.bounds.target import Target, read_target
from slth.validation import positive_float

_ROUNDING: Final = 1e-9  # a norm up to 1 + 1e-9 counts as 1


def for_network(
    target: Any,
    epsilon: float,
    delta: float = 0.01,
    *,
    scale: bool = False,
    norms: Sequence[float] | None = None,
    density: float = 0.1,
    C: float = 3.0,
    c_amp: float = 1.0,
    precision: float = 2.0**-8,
) -> Requirements:
    """A row for each theorem: widths and parameters of the source, density promised, or why it does not apply to this target.

    Parameters
    ----------
    target : Network, sequence of int, or anything that `slth.Network.read` takes
        Whole numbers are the widths d_0, ..., d_l of any target with spectral norms `norms` and no biases.
    epsilon : float
        Largest Euclidean error for inputs in the unit ball, in (0, 1).
    delta : float
        Failure probability, in (0, 1).
    scale : bool, default False
        Make the target fit first, which is exact for ReLU networks: biases become the weights of one more neuron a layer that is
        always 1, and each matrix is divided by its norm (the last one less, if the product of the norms is below 1). The error shrinks
        by that product if it is above 1, and by sqrt(2), the length of the longest input with its additional 1, if there are biases
        (not in what is necessary: there the sqrt(2) would be no loss of the source's).
    norms : (l,) floats, optional
        Spectral norms, for a target given by its widths (default: 1).
    density : float
        That is asked of the ticket by the theorem of Natale et al.
    C, c_amp : float
        Constants that the papers leave open. The defaults are sizes to compare by, not results.
    precision : float
        Of the weights, for the bound on quantized targets: a power of two.

    Returns
    -------
    Requirements

    Raises
    ------
    ValueError, TypeError, OSError
        If the target cannot be read, or a number is out of range.
    """
    epsilon, delta = positive_float(epsilon, "epsilon"), positive_float(delta, "delta")
    if epsilon >= 1 or delta >= 1:
        raise ValueError(f"epsilon and delta must be < 1, got {epsilon:g} and {delta:g}")
    if positive_float(density, "density") > 1:
        raise ValueError(f"density must be <= 1, got {density:g}; it is the share of the source that the ticket keeps")
    positive_float(C, "C"), positive_float(c_amp, "c_amp")
    found, factor = read_target(target, norms, scale)
    eps = epsilon / factor
    # necessary conditions do without the sqrt(2): the convex hull of all (x, 1) and (-x, -1) contains the unit ball, so that two matrices
    # that differ by more than 2 t in norm do so at one of the inputs (x, 1)
    allowed = eps * found.longest
    d = min(found.widths)
    matrices = f"every {d} x {d} matrix of norm <= 1 at once, not this target alone"
    unit = _why_not(found, "norm", scale)
    reports: list[tuple[str, tuple[str, ...], str, Callable[[], dict[str, Any]], str]] = [
        ("Malach et al., u and v apart", ("malach_samples",), unit, lambda: _malach(found, eps, delta), "sufficient"),
        (
            "Malach et al., best product", ("single_product_samples",), unit,
            lambda: _best_product(found, eps, delta), "sufficient",
        ),
        ("Orseau et al., cells", ("orseau_k", "orseau_samples"), unit, lambda: _orseau(found, eps, delta), "sufficient"),
        (
            "Pensia et al., Theorem 1", ("pensia_width",), unit,
            lambda: _two_layer(dense.pensia_width(found.widths, eps, delta, C), found, f"C = {C:g} assumed"), "sufficient",
        ),
        (
            "Pensia et al., explicit", ("pensia_width_explicit", "rss_n_reach"), unit,
            lambda: _two_layer(dense.pensia_width_explicit(found.widths, eps, delta), found, "no open constant"), "sufficient",
        ),
        ("Natale et al., Theorem 3", ("sslth_width",), unit, lambda: _natale(found, eps, delta, density, c_amp), "sufficient"),
        (
            "Burkholz, depth L+1", ("burkholz_width", "burkholz_eps_layer"), _why_not(found, "entry", scale),
            lambda: _burkholz(found, eps, delta, C), "sufficient",
        ),
        ("Sreenivasan et al., signs", ("sreenivasan_dims",), unit, lambda: _signs(found, eps, C), "sufficient"),
        (
            "Pensia et al., Theorem 2", ("pensia_lower",), "",
            lambda: {"parameters": lower.pensia_lower(d, allowed, 1 - delta), "assumed": matrices}, "necessary",
        ),
        (
            "Pensia et al., of a density", ("pensia_lower_sparse",), "",
            lambda: {
                "parameters": lower.pensia_lower_sparse(d, allowed, density, 1 - delta), "density": density, "assumed": matrices,
            }, "necessary",
        ),
        (
            "Natale et al., Theorem 5", ("natale_lower_exact",), "" if delta <= 0.5 else "it is about success with probability >= 1/2",
            lambda: _natale_lower(d, found.parameters, allowed), "necessary",
        ),
        (
            "Kumar and Natale, Theorem 3", ("quantized_lower",), "",
            lambda: {
                "parameters": math.ceil(quantized.quantized_lower(d, precision, 1 - delta)),
                "assumed": f"every {d} x {d} matrix with entries in steps of {precision:g} from -1 to 1, exactly",
            }, "necessary",
        ),
    ]  # fmt: skip
    return Requirements(found, epsilon, delta, eps, tuple(_row(*report) for report in reports))


def _row(
    theorem: str, bounds: tuple[str, ...], why: str, report: Callable[[], dict[str, Any]], direction: str
) -> Requirement:
    row = Requirement(theorem, bounds, direction, why=why)
    if why:
        return row
    try:
        with np.errstate(over="ignore", divide="ignore"):  # reported as OverflowError, with the name of the bound
            found = replace(row, **report())
        if found.parameters is not None and found.parameters > sys.float_info.max:
            raise OverflowError(f"{bounds[0]}: the parameters are beyond float64")
        return found
    except (HypothesisError, OverflowError) as error:
        return replace(row, why=str(error))


def _malach(target: Target, eps: float, delta: float) -> dict[str, Any]:
    return _products(target, eps, delta, lambda tau, miss: one_by_one.malach_samples(tau / 2, miss))


def _best_product(target: Target, eps: float, delta: float) -> dict[str, Any]:
    return _products(target, eps, delta, one_by_one.single_product_samples)


def _products(target: Target, eps: float, delta: float, samples: Callable[[float, float], int]) -> dict[str, Any]:
    """A hidden layer of n neurons for each input; each weight of the target keeps two of them, so four weights."""
    tau = propagation.entry_tolerance(eps, target.widths, frobenius=True).tolist()
    widths: list[int] = [target.widths[0]]
    for d_in, d_out, tolerance in zip(target.widths[:-1], target.widths[1:], tau, strict=True):
        widths += [d_in * samples(tolerance, delta / target.parameters), d_out]
    parameters = _parameters(widths)
    return {
        "widths": tuple(widths),
        "parameters": parameters,
        "density": 4 * target.parameters / parameters,
        "assumed": "no open constant; every weight within epsilon / (2 l sqrt(d_in d_out))",
    }


def _orseau(target: Target, eps: float, delta: float) -> dict[str, Any]:
    tau = float(propagation.entry_tolerance(eps, target.widths, frobenius=True).min())
    k = golden_ratio.orseau_k(tau)
    n = golden_ratio.orseau_samples(k, delta / (2 * target.parameters))
    return {
        "why": f"its source has hyperbolic weights and shares them in a way not stated here; a weight takes {k} cells, "
        f"which {n:,} samples of one sign fill"
    }


def _two_layer(found: dense.TwoLayerWidth, target: Target, assumed: str) -> dict[str, Any]:
    widths: list[int] = [target.widths[0]]
    for hidden, d_out in zip(found.hidden.tolist(), target.widths[1:], strict=True):
        widths += [int(hidden), d_out]
    return {"widths": tuple(widths), "parameters": _parameters(widths), "assumed": assumed}


def _natale(target: Target, eps: float, delta: float, density: float, c_amp: float) -> dict[str, Any]:
    rho = max(max(a / b, b / a) for a, b in pairwise(target.widths))
    if density / rho > 0.5:
        raise HypothesisError(
            f"the density must be at most rho / 2 = {rho / 2:g}, got {density:g}; ask for a smaller one"
        )
    # the theorem has one number for error and failure
    found = dense.sslth_width(density / rho, target.widths, min(eps, delta), c_amp)
    return {**_two_layer(found, target, f"c_amp = {c_amp:g} assumed"), "density": float(found.gamma)}


def _burkholz(target: Target, eps: float, delta: float, C: float) -> dict[str, Any]:
    # ||x||_1 <= sqrt(d) ||x||_2, and ||x^(l)||_2 <= ||W_l|| ... ||W_1||
    reach = np.sqrt(target.widths[:-1]) * np.cumprod((1.0, *target.norms[:-1]))
    layers = extra_layer.burkholz_eps_layer(target.widths[-1], target.row_sums, reach, eps)
    found = extra_layer.burkholz_width(target.widths, layers, delta, C)
    widths = (target.widths[0], *(int(width) for width in found.widths))
    assumed = f"C = {C:g}, C_rho = 1, gamma = 1 assumed; the theorem is recalled, not read"
    return {"widths": widths, "parameters": _parameters(widths), "assumed": assumed}


def _signs(target: Target, eps: float, C: float) -> dict[str, Any]:
    found = signs.sreenivasan_dims(max(target.widths), len(target.widths) - 1, eps, C, C)
    hidden = found.width * (target.widths[0] + target.widths[-1]) + (found.depth - 2) * found.width**2
    assumed = f"depth {found.depth}, width {found.width:,}: C_1 = C_2 = {C:g} assumed; weights +1 and -1"
    return {"parameters": hidden, "assumed": assumed}


def _natale_lower(d: int, k: int, eps: float) -> dict[str, Any]:
    n = natale_lower_exact(d, k, eps)
    assumed = f"every {d} x {d} matrix of norm <= sqrt(k) at once, tickets of exactly k = {k:,} parameters, as many as the target's"
    return {"parameters": n, "density": k / n, "assumed": assumed}


def _parameters(widths: Sequence[int]) -> int:
    return sum(d_in * d_out for d_in, d_out in pairwise(widths))


def _why_not(target: Target, limit: str, scale: bool) -> str:
    """Which hypotheses on the target fail, and what to do."""
    if target.foreign:
        return (
            f"layer {_places(target.foreign)} has another activation than the theorem: ReLU inside, none after the last"
        )
    found = []
    if target.biased:
        found.append(f"biases in layer {_places(target.biased)}")
    if limit == "norm":
        found += [
            f"spectral norm {norm:.4g} > 1 of layer {i}" for i, norm in enumerate(target.norms) if norm > 1 + _ROUNDING
        ]
    elif target.largest > 1:
        found.append(f"weights up to {target.largest:.4g}, beyond [-1, 1]")
    return f"the theorem excludes {', '.join(found)}; use scale=True" if found else ""


def _places(layers: Sequence[int]) -> str:
    return ", ".join(map(str, layers))
