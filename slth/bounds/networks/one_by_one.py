"""Weights approximated one by one, each by a single product u v of random weights: the first proof, and what it costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement

_NEURONS = (
    "n hidden neurons, each with an input weight u and an output weight v, all independent from U[-1, 1]",
    "target weight abs(w) <= 1 as w x = w relu(x) - w relu(-x): one neuron with u > 0 and one with u < 0 are kept",
)


@statement(
    "hidden neurons among which a target weight has its two, u near w and v near 1",
    tex=r"n \ge \frac{4}{\epsilon^2} \ln\frac{2}{\delta}",
    cites=("malach2020proving",),
    where="lemmas behind Theorem 2.1; the factor 4 derived: each search succeeds with probability >= eps^2 / 4 a neuron",
    mark="recalled",
    confidence="high",
    checked=True,
    assumptions=(*_NEURONS, "sought: abs(u - w) <= eps, abs(v - 1) <= eps up to signs, then abs(u v - w) <= 2 eps", "0 < eps, delta < 1"),
    direction="sufficient",
)  # fmt: skip
def malach_samples(eps: ArrayLike, delta: ArrayLike) -> Any:
    """Hidden neurons with which, with probability >= 1 - delta, both halves of a weight find u within eps of it and v within eps of 1.

    The product u v then errs by at most ``2 eps - eps^2``.

    Parameters
    ----------
    eps : (...) float
        Allowed distance of u from w and of v from 1, in (0, 1).
    delta : (...) float
        Failure probability, in (0, 1).

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("malach_samples", eps=eps, delta=delta)
    eps, delta = args
    _require_unit(args, "eps", eps)
    _require_unit(args, "delta", delta)
    with np.errstate(over="ignore"):
        return args.whole(lambda eps, delta: np.ceil((np.log(2) - np.log(delta)) * (2 / eps) ** 2))


@statement(
    "probability that one hidden neuron's product is within eps of a target weight",
    tex=r"p(w, \epsilon) = \frac12\left[F(\min(|w| + \epsilon, 1)) - F(|w| - \epsilon)\right], \quad F(z) = \frac{z}{2}(1 - \ln|z|)",
    cites=("slth", "pensia2020optimal"),
    where="distribution of U[0, 1] U[-1, 1], times the probability 1/2 that u has the sign of the half",
    mark="derived",
    checked=True,
    assumptions=(*_NEURONS, "0 <= abs(w) <= 1; 0 < eps < 1"),
    direction="exact",
)
def single_product_prob(w: ArrayLike, eps: ArrayLike) -> Any:
    """Probability that a hidden neuron serves a half of the target weight w: u has its sign, and the product is within eps of w.

    About ``(eps / 2) ln(1 / abs(w))`` inside (0, 1), but ``eps^2 / 8`` at abs(w) = 1.

    Parameters
    ----------
    w : (...) float
        Target weight, in [-1, 1].
    eps : (...) float
        Error, in (0, 1).

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("single_product_prob", w=w, eps=eps)
    w, eps = args
    args.require("abs(w) <= 1", np.abs(w) <= 1)
    _require_unit(args, "eps", eps)
    return args.real(_hit)


@statement(
    "hidden neurons among which a target weight has its two, each the best single product",
    tex=r"n \ge \frac{\ln(2/\delta)}{-\ln(1 - p(w, \epsilon))}",
    cites=("slth", "malach2020proving"),
    where="union bound over the two halves; Malach et al. look for u and v separately",
    mark="derived",
    checked=True,
    assumptions=(*_NEURONS, "0 <= abs(w) <= 1; 0 < eps, delta < 1"),
    direction="sufficient",
)
def single_product_samples(eps: ArrayLike, delta: ArrayLike, w: ArrayLike = 1.0) -> Any:
    """Hidden neurons with which, with probability >= 1 - delta, both halves of the target weight w find a product u v within eps of it.

    ``O(ln(1/delta) / eps)`` for abs(w) bounded away from 1, and still ``O(ln(1/delta) / eps^2)`` for abs(w) = 1, the worst case and the
    default: products of U[-1, 1] are hardly ever near 1.

    Parameters
    ----------
    eps : (...) float
        Error of the product, in (0, 1).
    delta : (...) float
        Failure probability, in (0, 1).
    w : (...) float, default 1
        Target weight, in [-1, 1]; the result holds for all smaller ones, too.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("single_product_samples", eps=eps, delta=delta, w=w)
    eps, delta, w = args
    _require_unit(args, "eps", eps)
    _require_unit(args, "delta", delta)
    args.require("abs(w) <= 1", np.abs(w) <= 1)
    with np.errstate(over="ignore", divide="ignore"):
        return args.whole(lambda eps, delta, w: np.ceil((np.log(2) - np.log(delta)) / -np.log1p(-_hit(w, eps))))


@statement(
    "overparameterisation of the first proof, as an end point of the trade-off against density",
    tex=r"\frac{m}{m_t} = C\, \frac{m_t^2}{\epsilon^2} \ln\frac{m_t}{\epsilon}",
    cites=("natale2024sparsity", "malach2020proving"),
    where="Natale et al., figure 1 and section on related work: O((m_t^2 / eps^2) log(m_t / eps)) for equal widths",
    mark="read",
    assumptions=("targets of equal widths with m_t parameters", "0 < eps < 1; m_t >= 1 whole"),
    direction="sufficient",
    constants={"C": "not given: the source has O( )"},
    unchecked="an order of growth, quoted without its constant",
)
def malach_overparameterisation(m_t: ArrayLike, eps: ArrayLike, C: ArrayLike) -> Any:
    """Parameters of the random network for each parameter of the target, in the order of Malach et al.

    Parameters
    ----------
    m_t : (...) int
        Parameters of the target.
    eps : (...) float
        Error of the network, in (0, 1).
    C : (...) float
        Constant of the order, > 0.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("malach_overparameterisation", m_t=m_t, eps=eps, C=C)
    m_t, eps, C = args
    _require_order(args, m_t, eps, C)
    with np.errstate(over="ignore"):
        return args.real(lambda m_t, eps, C: C * (m_t / eps) ** 2 * (np.log(m_t) - np.log(eps)))


@statement(
    "density of the tickets of the first proof, as an end point of the trade-off against overparameterisation",
    tex=r"\gamma = C\, \frac{\epsilon^2}{m_t^2} \quad (\text{up to logarithms})",
    cites=("natale2024sparsity", "malach2020proving"),
    where="Natale et al., figure 1 and section on related work: O~(eps^2 / m_t^2) for equal widths",
    mark="read",
    assumptions=("targets of equal widths with m_t parameters", "0 < eps < 1; m_t >= 1 whole"),
    direction="sufficient",
    constants={"C": "not given, and it hides logarithms: the source has O~( )"},
    unchecked="an order of growth, quoted without its constant",
)
def malach_density(m_t: ArrayLike, eps: ArrayLike, C: ArrayLike) -> Any:
    """Density of the tickets, at most 1, in the order of Malach et al.; their size is of the order of the target's.

    Parameters
    ----------
    m_t : (...) int
        Parameters of the target.
    eps : (...) float
        Error of the network, in (0, 1).
    C : (...) float
        Constant of the order, > 0.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("malach_density", m_t=m_t, eps=eps, C=C)
    m_t, eps, C = args
    _require_order(args, m_t, eps, C)
    return args.real(lambda m_t, eps, C: np.minimum(C * (eps / m_t) ** 2, 1.0))


def _hit(w: Array, eps: Array) -> Array:
    """Half of F(high) - F(low), F odd, without cancellation where low > 0."""
    low, high = np.abs(w) - eps, np.minimum(np.abs(w) + eps, 1.0)
    length = np.minimum(2 * eps, (1 - np.abs(w)) + eps)
    with np.errstate(divide="ignore", invalid="ignore"):
        # F(high) - F(low) = [-length ln high + low (x - ln(1 + x))] / 2 where x = length / low
        apart = (-length * np.log(high) + low * _log1p_remainder(length / low)) / 2
        across = _odd(high) - _odd(low)
    return np.where(low > 0, apart, across) / 2


def _odd(z: Array) -> Array:
    """z (1 - ln abs(z)) / 2, 0 at 0."""
    return np.where(z == 0, 0.0, z * (1 - np.log(np.abs(z)))) / 2


def _log1p_remainder(x: Array) -> Array:
    """x - ln(1 + x), for small x by its series."""
    small = np.minimum(x, 0.01)
    series = small**2 * np.polyval([(-1) ** j / (j + 2) for j in range(8, -1, -1)], small)
    return np.where(x <= 0.01, series, x - np.log1p(x))


def _require_unit(args: Arguments, name: str, value: Array) -> None:
    args.require(f"0 < {name} < 1", (value > 0) & (value < 1))


def _require_order(args: Arguments, m_t: Array, eps: Array, C: Array) -> None:
    args.require_whole("m_t")
    _require_unit(args, "eps", eps)
    args.require("C > 0", C > 0)
