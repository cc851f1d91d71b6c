"""Layers without weights that only rearrange or map values: flatten, an activation of its own, softmax."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from slth.networks.activations import activation
from slth.networks.layers.layer import Array, Layer, Rearranging, Shape, shown

_ULPS = 64.0  # more than SciPy's and NumPy's functions are off, in ticket and target together


@dataclass(frozen=True)
class Flatten(Rearranging):
    """All values of an input in one row: (batch, ...) -> (batch, product)."""

    kind: ClassVar[str] = "flatten"

    @property
    def settings(self) -> dict[str, Any]:
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        known = [d for d in shape if d is not None]
        if len(known) < len(shape):
            raise ValueError(f"flatten needs an input of fixed size, got shape {shown(shape)}")
        return (math.prod(known),)

    def evaluate(self, x: Array) -> Array:
        return x.reshape(len(x), -1)


@dataclass(frozen=True)
class Elementwise(Layer):
    """An activation that belongs to no layer with weights.

    Parameters
    ----------
    activation : str
        As in `Dense`.
    """

    activation: str

    kind: ClassVar[str] = "elementwise"

    def __post_init__(self) -> None:
        activation(self.activation)

    @property
    def arrays(self) -> dict[str, Any]:
        return {}

    @property
    def settings(self) -> dict[str, Any]:
        return {"activation": self.activation}

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def evaluate(self, x: Array) -> Array:
        return activation(self.activation)(x.copy())

    def rounded(self, shape: Shape) -> float:
        return (
            0.0 if self.activation in ("relu", "identity") else _ULPS * max(1.0, activation(self.activation).lipschitz)
        )

    def interval(self, low: Array, high: Array) -> tuple[Array, Array]:
        return activation(self.activation).interval(low, high)

    def moved(self, error: Array, low: Array, high: Array) -> Array:
        return moved_by(self.activation, error, low, high)


def moved_by(name: str, error: Array, low: Array, high: Array) -> Array:
    """How far an activation moves what moved by `error` from low <= x <= high, rounding included."""
    function = activation(name)
    moved = function.lipschitz * error
    if name == "relu":  # nothing moves where both stay negative
        return np.asarray(np.minimum(error, np.maximum(high + error, 0)))
    if name == "identity":
        return error
    if all(math.isfinite(end) for end in function.ends):
        moved = np.minimum(moved, function.ends[1] - function.ends[0])
    unit = _ULPS * 2.0**-53 * max(1.0, function.lipschitz)
    return np.asarray(moved + unit * (np.maximum(np.abs(low), np.abs(high)) + error + 1.0))


@dataclass(frozen=True)
class Softmax(Layer):
    """exp(x_i) / sum_j exp(x_j) along the last axis."""

    kind: ClassVar[str] = "softmax"

    @property
    def arrays(self) -> dict[str, Any]:
        return {}

    @property
    def settings(self) -> dict[str, Any]:
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        if not shape:
            raise ValueError("softmax takes at least one axis")
        return shape

    def evaluate(self, x: Array) -> Array:
        return softmax(x)

    def rounded(self, shape: Shape) -> float:
        return shape[-1] + _ULPS if shape[-1] is not None else math.inf

    def interval(self, low: Array, high: Array) -> tuple[Array, Array]:
        # exp(x_i) / (exp(x_i) + rest): least with x_i least and the others largest, and the other way round
        ends = []
        for own, other, outward in ((low, high, 1.0), (high, low, -1.0)):
            known = np.isfinite(own) & np.isfinite(other).all(axis=-1, keepdims=True)
            mine, others = np.where(known, own, 0.0), np.where(np.isfinite(other), other, 0.0)
            largest = others.max(axis=-1, keepdims=True)
            powers = np.exp(others - largest)
            total = powers.sum(axis=-1, keepdims=True)
            rest = np.maximum(total - powers + outward * (own.shape[-1] + _ULPS) * 2.0**-53 * total, 0.0)
            with np.errstate(over="ignore", invalid="ignore"):
                odds = np.where(rest > 0, rest * np.exp(largest - mine), 0.0)
            ends.append(np.where(known, 1 / (1 + odds), 0.0 if outward > 0 else 1.0))
        return ends[0], ends[1]

    def moved(self, error: Array, low: Array, high: Array) -> Array:
        """Changes of the x_j by at most e change the odds of any entry by a factor of at most exp(2 e)."""
        size = (np.maximum(np.abs(low), np.abs(high)) + error).max(axis=-1, keepdims=True)
        largest = error.max(axis=-1, keepdims=True) + 8 * 2.0**-53 * size
        most = self.interval(low, high)[1]
        moved = np.minimum(np.tanh(largest / 2), most * np.expm1(np.minimum(2 * largest, 700.0)))
        return np.asarray(moved * (1 + 1e-12) + 2 * self.rounded(low.shape) * 2.0**-53)


def softmax(x: Array) -> Array:
    """Along the last axis; rows that are -inf throughout give zeros."""
    largest = x.max(axis=-1, keepdims=True)
    powers = np.exp(x - np.where(np.isfinite(largest), largest, 0.0))
    total = powers.sum(axis=-1, keepdims=True)
    return np.asarray(powers / np.where(total > 0, total, 1.0))
