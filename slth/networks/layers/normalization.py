"""Layer normalisation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.layers.layer import Array, Layer, Shape, like, read_only, shown
from slth.validation import finite_array, positive_float

_UNIT = 2.0**-53


@dataclass(frozen=True, eq=False, repr=False)
class LayerNorm(Layer):
    """The map ``x -> weight * (x - mean) / sqrt(variance + epsilon) + bias`` along the last axis (Ba, Kiros and Hinton 2016).

    Parameters
    ----------
    weight : (d,) float64
    bias : (d,) float64 or None
    epsilon : float > 0
    """

    kind: ClassVar[str] = "layer-norm"

    weight: NDArray[np.float64]
    bias: NDArray[np.float64] | None = None
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        weight = finite_array(self.weight, "weight", ndim=1)
        if weight.size == 0:
            raise ValueError("weight must have shape (d,), d >= 1, got (0,)")
        object.__setattr__(self, "weight", read_only(weight))
        if self.bias is not None:
            bias = finite_array(self.bias, "bias", ndim=1)
            if bias.shape != weight.shape:
                raise ValueError(f"bias must have shape {weight.shape} like weight, got {bias.shape}")
            object.__setattr__(self, "bias", read_only(bias))
        object.__setattr__(self, "epsilon", positive_float(self.epsilon, "epsilon"))

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        return {"weight": self.weight} if self.bias is None else {"weight": self.weight, "bias": self.bias}

    @property
    def settings(self) -> dict[str, Any]:
        return {"epsilon": self.epsilon}

    def output_shape(self, shape: Shape) -> Shape:
        if not shape or shape[-1] != self.weight.size:
            raise ValueError(f"this layer normalisation takes (..., {self.weight.size}), got shape {shown(shape)}")
        return shape

    def held(self, outputs: Shape) -> int:
        return 2 * super().held(outputs)

    def evaluate(self, x: Array) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.mean(centred * centred, axis=-1, keepdims=True)
        out = centred / np.sqrt(variance + x.dtype.type(self.epsilon)) * like(self.weight, x)
        if self.bias is not None:
            out += like(self.bias, x)
        return np.asarray(out)

    @property
    def norm(self) -> float:
        """A bound of the Euclidean norm of every output, rounding included: that of c / s is at most sqrt(d)."""
        d = self.weight.size
        shift = 0.0 if self.bias is None else float(np.linalg.norm(self.bias))
        return (float(np.abs(self.weight).max()) * math.sqrt(d) + shift) * (1 + (4 * d + 40) * _UNIT)

    def interval(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Bounds of the output over all inputs low <= x <= high, rounding included."""
        span = _Span.of(low, high, self.epsilon)
        ends = self.weight * span.below, self.weight * span.above
        shift = 0.0 if self.bias is None else self.bias
        outward = np.abs(self.weight) * span.blur + 4 * _UNIT * (np.abs(self.weight) * span.most + np.abs(shift))
        return np.minimum(*ends) + shift - outward, np.maximum(*ends) + shift + outward

    def moved(self, error: Array, low: Array, high: Array) -> Array:
        """How far the output can move when an input with low <= x <= high moves by `error`, rounding included.

        With c = x - mean, s = sqrt(variance + epsilon) and n = c / s, a small step dx makes ``dn = (dc - n <n, dx> / d) / s``, and
        ``<n, n> <= d``. Inputs between both lie in the box widened by `error`, over which s is smallest and each |n_i| largest; no output
        moves further than it can be anywhere there.
        """
        span = _Span.of(low - error, high + error, self.epsilon)
        d = self.weight.size
        total = error.sum(axis=-1, keepdims=True)
        centred = (error * (d - 2) + total) / d
        along = np.minimum(
            np.sqrt((error * error).sum(axis=-1, keepdims=True) / d),
            (span.most * error).sum(axis=-1, keepdims=True) / d,
        )
        moved = np.minimum((centred + span.most * along) / span.least, span.above - span.below)
        weight = np.abs(self.weight)
        shift = 0.0 if self.bias is None else np.abs(self.bias)
        rounding = 2 * weight * span.blur + 8 * _UNIT * (weight * span.most + shift)
        return np.asarray(weight * moved * (1 + (4 * d + 40) * _UNIT) + rounding)

    def __repr__(self) -> str:
        return f"LayerNorm({self.weight.size})"


@dataclass(frozen=True)
class _Span:
    """What c / sqrt(mean c^2 + epsilon), c = x - mean x, can be over low <= x <= high, arrays (..., d) or (..., 1).

    Attributes
    ----------
    below, above
        Bounds of its entries.
    most
        Bound of their absolute values.
    least
        Lower bound of the root.
    blur
        What rounding can change in an entry.
    """

    below: Array
    above: Array
    most: Array
    least: Array
    blur: Array

    @classmethod
    def of(cls, low: Array, high: Array, epsilon: float) -> _Span:
        d = low.shape[-1]
        # |c_i| <= sqrt(d sum c^2 / d): of computed numbers too, up to the roundings of the last steps
        limit = math.sqrt(d) * (1 + (d + 20) * _UNIT)
        finite = np.isfinite(low).all(axis=-1, keepdims=True) & np.isfinite(high).all(axis=-1, keepdims=True)
        low, high = np.where(finite, low, 0.0), np.where(finite, high, 0.0)
        size = np.maximum(np.abs(low), np.abs(high)).max(axis=-1, keepdims=True)
        off = (2 * d + 16) * _UNIT * size  # of a computed c
        deviation = np.sqrt(least_variance(low, high))
        root = np.sqrt(np.maximum(deviation - off, 0) ** 2 + epsilon) * (1 - 4 * _UNIT)
        others = [end.sum(axis=-1, keepdims=True) - end for end in (low, high)]
        bottom, top = (low * (d - 1) - others[1]) / d - off, (high * (d - 1) - others[0]) / d + off
        below = np.where(finite, np.maximum(bottom / np.where(bottom < 0, root, np.inf), -limit), -limit)
        above = np.where(finite, np.minimum(top / np.where(top > 0, root, np.inf), limit), limit)
        blur = np.where(finite, np.minimum((1 + math.sqrt(d)) * off / root + (d + 20) * _UNIT * limit, 2 * limit), 0.0)
        most = np.maximum(-below, above)
        return cls(below, above, most, np.where(finite, root, math.sqrt(epsilon) * (1 - 4 * _UNIT)), blur)


def least_variance(low: Array, high: Array) -> Array:
    """A lower bound of the variance along the last axis over all low <= x <= high: (..., d) -> (..., 1).

    The variance is the least mean square distance to a number m; over the box it is therefore the least, over m, mean square distance of m
    to the intervals: convex in m, and bounded below by a tangent wherever the minimum really lies.
    """
    d = low.shape[-1]
    first, last = low.min(axis=-1, keepdims=True), high.max(axis=-1, keepdims=True)
    left, right = first, last
    for _ in range(60):
        m = 0.5 * (left + right)
        falling = (np.maximum(low - m, 0) - np.maximum(m - high, 0)).sum(axis=-1, keepdims=True) > 0
        left, right = np.where(falling, m, left), np.where(falling, right, m)
    gaps = np.maximum(low - m, 0) - np.maximum(m - high, 0)
    value = (gaps * gaps).mean(axis=-1, keepdims=True)
    slope = 2 * np.abs(gaps.mean(axis=-1, keepdims=True))
    size = np.maximum(np.abs(first), np.abs(last))
    rounding = (8 * d + 64) * _UNIT * (size + last - first)
    certain = value * (1 - (2 * d + 16) * _UNIT) - (slope + rounding) * (last - first)
    return np.asarray(np.maximum(certain, 0.0))
