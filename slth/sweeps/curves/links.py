"""Distributions F that a success curve F(a + b x) may follow; all with log-concave densities, so that likelihoods have one maximum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Function = Callable[[Array], Array]


@dataclass(frozen=True)
class Link:
    """A distribution on the line.

    Attributes
    ----------
    name : str
    log_below, log_above : function
        log F and log (1 - F).
    log_density : function
        log f.
    slope : function
        f' / f.
    quantile : function
        The inverse of F.
    """

    name: str
    log_below: Function
    log_above: Function
    log_density: Function
    slope: Function
    quantile: Function


def _log_less(x: Array) -> Array:
    """log(1 - exp(-x)) for x >= 0."""
    return np.where(x < 0.7, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))


def _exp(x: Array) -> Array:
    return np.exp(np.minimum(x, 200.0))


LINKS: dict[str, Link] = {
    "logit": Link(
        "logit",
        lambda x: -np.logaddexp(0.0, -x),
        lambda x: -np.logaddexp(0.0, x),
        lambda x: -np.logaddexp(0.0, -x) - np.logaddexp(0.0, x),
        lambda x: -np.tanh(x / 2),
        special.logit,
    ),
    "probit": Link(
        "probit",
        special.log_ndtr,
        lambda x: special.log_ndtr(-x),
        lambda x: -(x**2) / 2 - 0.5 * np.log(2 * np.pi),
        lambda x: -x,
        special.ndtri,
    ),
    # failures of exp(-exp(x)): many rare and nearly independent ways to succeed
    "cloglog": Link(
        "cloglog",
        lambda x: _log_less(_exp(x)),
        lambda x: -_exp(x),
        lambda x: x - _exp(x),
        lambda x: 1 - _exp(x),
        lambda p: np.log(-np.log1p(-p)),
    ),
    # failures of exp(-x): log-linear
    "exponential": Link(
        "exponential",
        lambda x: _log_less(np.maximum(x, 0.0)),
        lambda x: -np.maximum(x, 0.0),
        lambda x: np.where(x >= 0, -x, -np.inf),
        lambda x: np.full_like(x, -1.0),
        lambda p: -np.log1p(-p),
    ),
}
