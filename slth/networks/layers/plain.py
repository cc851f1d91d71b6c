"""Layers without weights that only rearrange or map values: flatten, an activation of its own, softmax."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from slth.networks.activations import activation
from slth.networks.layers.layer import Array, Layer, Rearranging, Shape, shown


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

    @property
    def rounded(self) -> float:
        return 0.0 if self.activation in ("relu", "identity") else 64.0

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
    # a few units in the last place of SciPy's and NumPy's functions, twice
    return np.asarray(moved + 64 * 2.0**-53 * (np.maximum(np.abs(low), np.abs(high)) + error + 1.0))


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


def softmax(x: Array) -> Array:
    """Along the last axis; rows that are -inf throughout give zeros."""
    largest = x.max(axis=-1, keepdims=True)
    powers = np.exp(x - np.where(np.isfinite(largest), largest, 0.0))
    total = powers.sum(axis=-1, keepdims=True)
    return np.asarray(powers / np.where(total > 0, total, 1.0))
