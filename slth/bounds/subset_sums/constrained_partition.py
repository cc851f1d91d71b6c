"""Number partitioning with prescribed cardinalities: (1 + b) n / 2 of n random integers against the rest, b the bias."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import spence

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement

_UNIFORM = "X_1, ..., X_n independent, uniform on {1, ..., M}; one side has (1 + b) n / 2 of them; n and M large"
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(40)


@statement(
    "bias from which on the best partition with prescribed cardinalities is the sorted one",
    tex=r"b_c = \sqrt2 - 1",
    cites=("borgs2004constrained",),
    where="phase diagram: boundary of the sorted phase",
    mark="read",
    checked=True,
    assumptions=(_UNIFORM,),
    direction="predictor",
)
def npp_bias_c() -> float:
    """For biases b above, the (1 + b) n / 2 smallest integers outweigh the rest, and no other choice of as many comes closer to balance."""
    return math.sqrt(2) - 1


@statement(
    "critical number of bits per integer at a bias: perfect partitions are exponentially many below",
    tex=r"\kappa_c(b) = \min_{\xi, \eta} \int_0^1 \log_2\left(1 + e^{\xi + \eta x}\right) dx"
    r" - \frac{1}{\ln 2}\left(\xi \frac{1 + b}{2} + \frac{\eta}{4}\right)",
    cites=("slth", "borgs2004constrained"),
    where="saddle point of the number of k-subsets with half the weight; separates the perfect from the hard phase",
    mark="derived",
    checked=True,
    assumptions=(_UNIFORM, "0 <= b <= sqrt(2) - 1; kappa = log2(M) / n"),
    direction="predictor",
)
def npp_kappa_c_constrained(b: ArrayLike) -> Any:
    """The exponential rate, in bits per integer, of the number of subsets of (1 + b) n / 2 integers with half the weight.

    1 at b = 0, and 0 at `npp_bias_c`, which it reaches with a vertical tangent.

    Parameters
    ----------
    b : (...) float
        Bias, in [0, sqrt(2) - 1].

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("npp_kappa_c_constrained", b=b)
    (b,) = args
    args.require("0 <= b <= sqrt(2) - 1", (b >= 0) & (b <= npp_bias_c()))
    return args.real(_rate)


def _rate(b: Array) -> Array:
    share = (1 + b) / 2
    # log t, t = -eta: more weight than half below the root, less above
    below, above = np.full(b.shape, -28.0), np.full(b.shape, 28.0)
    for _ in range(60):
        middle = 0.5 * (below + above)
        heavy = _saddle(share, np.exp(middle))[1] > 0
        below, above = np.where(heavy, middle, below), np.where(heavy, above, middle)
    rate = _saddle(share, np.exp(0.5 * (below + above)))[0] / math.log(2)
    return np.where(b < npp_bias_c(), np.clip(rate, 0.0, 1.0), 0.0)


def _saddle(share: Array, t: Array) -> tuple[Array, Array]:
    """The objective in nats, with the best xi for eta = -t, and by how much the weight per element exceeds 1/4.

    The equation of the size has the solution exp(xi) = (exp(t share) - 1) / (1 - exp(-t (1 - share))).
    """
    excess = np.log1p(-np.exp(-t * share)) - np.log(-np.expm1(-t * (1 - share)))  # xi - t share
    xi = t * share + excess
    # smooth integrands by quadrature
    x = 0.5 * (_POINTS + 1)
    exponents = xi[:, None] - np.minimum(t, 8.0)[:, None] * x
    integral = np.logaddexp(0, exponents) @ (0.5 * _WEIGHTS)
    weight = (x / (1 + np.exp(-exponents))) @ (0.5 * _WEIGHTS)
    smooth = integral - xi * share + t / 4, weight - 0.25
    # steep ones by the dilogarithm, the large terms of both cancelled by hand
    missing = 0.25 - 0.5 * share * share
    rest = math.pi**2 / 6 - _dilog(-xi) - _dilog(xi - t)
    steep = (
        0.5 * excess * excess / t + t * missing + rest / t,
        excess * (share + 0.5 * excess / t) / t - missing + rest / t / t - np.log1p(np.exp(xi - t)) / t,
    )
    return np.where(t < 8, smooth[0], steep[0]), np.where(t < 8, smooth[1], steep[1])


def _dilog(u: Array) -> Array:
    """The integral of log(1 + exp(v)) over v <= u, for u <= 0."""
    return np.asarray(-spence(1 + np.exp(np.minimum(u, 0.0))))
