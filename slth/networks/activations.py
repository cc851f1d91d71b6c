"""The activations a layer may have; a new one is one entry of the table.

A name may carry a number, ``leaky-relu(0.2)``. All work on float64 and float32 and keep the type.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Activation:
    """An elementwise function and what error bounds need to know of it.

    Attributes
    ----------
    name : str
    function : callable
        Array to array; it may overwrite its argument: layers hand over sums that nobody else holds.
    lipschitz : float
        Upper bound of the absolute slope.
    ends : (float, float)
        Its limits at -inf and inf.
    turn : (float, float) or None
        Where a function that first falls and then rises is smallest, and a lower bound of its value there.
    """

    name: str
    function: Callable[[Array], Array]
    lipschitz: float = 1.0
    ends: tuple[float, float] = (-math.inf, math.inf)
    turn: tuple[float, float] | None = None

    def __call__(self, values: Array) -> Array:
        return self.function(values)

    def interval(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[Array, Array]:
        """Bounds of the values over low <= x <= high, up to the rounding of the function; infinite ends are allowed."""
        ends = []
        for x in (low, high):
            finite = np.isfinite(x)
            at = self.function(np.where(finite, x, 0.0))
            ends.append(np.where(finite, at, np.where(x < 0, *self.ends)))
        below, above = np.minimum(*ends), np.maximum(*ends)
        if self.turn is not None:
            place, least = self.turn
            below = np.where((low < place) & (high > place), least, below)
        return below, above


def _relu(values: Array) -> Array:
    return np.asarray(np.maximum(values, 0.0, out=values))


def _identity(values: Array) -> Array:
    return values


def _tanh(values: Array) -> Array:
    return np.asarray(np.tanh(values, out=values))


def _sigmoid(values: Array) -> Array:
    from scipy.special import expit

    return np.asarray(expit(values, out=values))


def _gelu(values: Array) -> Array:
    """value Phi(value), Phi the normal distribution function (Hendrycks and Gimpel 2016); exact, not the approximation by tanh."""
    from scipy.special import ndtr

    return np.asarray(np.multiply(values, ndtr(values), out=values))


def _gelu_tanh(values: Array) -> Array:
    """value (1 + tanh(sqrt(2 / pi) (value + 0.044715 value^3))) / 2: what PyTorch calls ``gelu(approximate="tanh")``."""
    inner = math.sqrt(2 / math.pi) * (values + 0.044715 * values * values * values)
    return np.asarray(np.multiply(values, 0.5 * (1.0 + np.tanh(inner)), out=values))


def _leaky(slope: float) -> Callable[[Array], Array]:
    def leaky(values: Array) -> Array:
        return np.asarray(np.multiply(values, slope, out=values, where=values < 0))

    return leaky


def _leaky_relu(name: str, slope: float) -> Activation:
    low = -math.inf if slope > 0 else 0.0 if slope == 0 else math.inf
    turn = (0.0, 0.0) if slope < 0 else None
    return Activation(name, _leaky(slope), max(1.0, abs(slope)), (low, math.inf), turn)


_ALL = (
    Activation("relu", _relu, ends=(0.0, math.inf)),
    Activation("identity", _identity),
    # steepest at sqrt(2): Phi(sqrt(2)) + sqrt(2) phi(sqrt(2)) = 1.12890...; smallest at -0.75179...: -0.169971...
    Activation("gelu", _gelu, 1.12891, (0.0, math.inf), (-0.7517915246935645, -0.169972)),
    # steepest 1.12909..., smallest -0.170041... at -0.75246...
    Activation("gelu-tanh", _gelu_tanh, 1.1292, (0.0, math.inf), (-0.7524614220710162, -0.170042)),
    _leaky_relu("leaky-relu", 0.01),
    Activation("sigmoid", _sigmoid, 0.25, (0.0, 1.0)),
    Activation("tanh", _tanh, 1.0, (-1.0, 1.0)),
)
ACTIVATIONS: Final[dict[str, Activation]] = {entry.name: entry for entry in _ALL}

_LEAKY = re.compile(r"leaky-relu\(([-+.0-9eE]{1,30})\)")


@cache
def activation(name: str) -> Activation:
    """The activation of a name.

    Raises
    ------
    ValueError
        If there is no such activation, or the slope of a leaky ReLU is not finite.
    """
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    leaky = _LEAKY.fullmatch(name) if isinstance(name, str) else None
    if leaky:
        try:
            slope = float(leaky[1])
        except ValueError:
            slope = math.nan
        if not math.isfinite(slope):
            raise ValueError(f"the slope of {name!r} must be a finite number; write for instance 'leaky-relu(0.2)'")
        return _leaky_relu(name, slope)
    raise ValueError(
        f"unknown activation {name!r}; choose one of {', '.join(map(repr, sorted(ACTIVATIONS)))}, or 'leaky-relu(SLOPE)'"
    )
