"""Dense networks of piecewise linear activations in exact arithmetic: what decides a mask that floating point leaves open.

Floats are integers over powers of two, and relu, leaky relu and identity commute with positive factors. So a network at a rational input
p / q is evaluated in integers: at p, with its biases times q.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slth.networks import Network
from slth.networks.layers import Dense
from slth.networks.piecewise_linear import slope_of

Integers = NDArray[np.object_]


def as_integers(array: NDArray[np.float64] | float) -> tuple[Integers, int]:
    """(n, e) with array == n / 2^e exactly, n of the same shape."""
    ratios = [value.as_integer_ratio() for value in np.asarray(array, np.float64).reshape(-1).tolist()]
    e = max((q.bit_length() - 1 for _, q in ratios), default=0)
    numbers = np.empty(len(ratios), np.object_)
    numbers[:] = [p << (e - q.bit_length() + 1) for p, q in ratios]
    return numbers.reshape(np.shape(array)), e


@dataclass(frozen=True, eq=False)
class Points:
    """Rational inputs: numerators (k, d) over denominators (k,), positive."""

    numerators: Integers
    denominators: Integers

    @classmethod
    def of_floats(cls, inputs: NDArray[np.float64]) -> Points:
        """Inputs (k, d) as the fractions they are."""
        numbers, e = as_integers(inputs)
        return cls(numbers, np.full(len(inputs), 1 << e, np.object_))

    @classmethod
    def of_fractions(cls, points: Sequence[Sequence[Fraction]]) -> Points:
        """Each point a row of fractions."""
        numerators = np.empty((len(points), len(points[0])), np.object_)
        denominators = np.empty(len(points), np.object_)
        for i, point in enumerate(points):
            denominators[i] = math.lcm(*(x.denominator for x in point))
            numerators[i] = [x.numerator * (denominators[i] // x.denominator) for x in point]
        return cls(numerators, denominators)

    @cached_property
    def floats(self) -> NDArray[np.float64]:
        """(k, d): each coordinate rounded once."""
        rows = [
            [p / q for p in row] for row, q in zip(self.numerators.tolist(), self.denominators.tolist(), strict=True)
        ]
        return np.array(rows, np.float64).reshape(self.numerators.shape)

    @cached_property
    def off(self) -> NDArray[np.float64]:
        """(k, d): bounds of the rounding of `floats`; 0 where there is none."""
        exact = np.array(
            [
                [Fraction(p, q) == Fraction(x) for p, x in zip(row, near, strict=True)]
                for row, q, near in zip(
                    self.numerators.tolist(), self.denominators.tolist(), self.floats.tolist(), strict=True
                )
            ],
            np.bool_,
        ).reshape(self.numerators.shape)
        return np.where(exact, 0.0, np.spacing(np.abs(self.floats)))


@dataclass(frozen=True, eq=False)
class ExactNetwork:
    """Layers in integers: of each (weight, its e, bias, its e, scale, its e, slope below zero, its e)."""

    layers: tuple[tuple[Integers, int, Integers, int, int, int, int, int], ...]

    @classmethod
    def of(cls, network: Network) -> ExactNetwork:
        """Of a network for which `is_piecewise_linear` holds."""
        return cls(tuple(_in_integers(layer) for layer in network.layers))

    @cached_property
    def exponent(self) -> int:
        """Outputs are integers over the denominator of the input and 2^exponent."""
        e = 0
        for _, ew, _, eb, _, es, _, el in self.layers:
            e = max(e + ew, eb) + es + el
        return e

    def outputs(self, points: Points, kept: Sequence[tuple[Integers, Integers]] | None = None) -> Integers:
        """(k, d_out) integers; `kept` are 0 or 1 for the weights and biases of each layer."""
        values, e = points.numerators, 0
        for i, (weight, ew, bias, eb, scale, es, slope, el) in enumerate(self.layers):
            w, b = (weight, bias) if kept is None else (weight * kept[i][0], bias * kept[i][1])
            common = max(e + ew, eb)
            values = (values @ w.T) * (1 << (common - e - ew)) + points.denominators[:, None] * b * (1 << (common - eb))
            e = common + es + el
            values = values * scale
            values = np.where(values > 0, values * (1 << el), values * slope)
        return values

    def fractions(self, points: Points) -> Integers:
        """(k, d_out) fractions."""
        values, e = self.outputs(points), self.exponent
        rows = [
            [Fraction(v, q << e) for v in row]
            for row, q in zip(values.tolist(), points.denominators.tolist(), strict=True)
        ]
        out = np.empty(values.shape, np.object_)
        out[:] = rows
        return out


def _in_integers(layer: Dense) -> tuple[Integers, int, Integers, int, int, int, int, int]:
    slope = slope_of(layer.activation)
    assert slope is not None
    bias = np.zeros(layer.d_out) if layer.bias is None else layer.bias
    (scale, es), (below, el) = as_integers(layer.scale), as_integers(slope)
    return *as_integers(layer.weight), *as_integers(bias), int(scale[()]), es, int(below[()]), el


def fractions_of(array: NDArray[np.float64]) -> Integers:
    """Floats as fractions, of the same shape."""
    out = np.empty(array.size, np.object_)
    out[:] = [Fraction(x) for x in array.reshape(-1).tolist()]
    return out.reshape(array.shape)


def float_below(x: Fraction) -> float:
    """The largest float that is not above x."""
    try:
        near = float(x)
    except OverflowError:
        return sys.float_info.max if x > 0 else -math.inf
    return near if Fraction(near) <= x else math.nextafter(near, -math.inf)


def float_above(x: Fraction) -> float:
    """The smallest float that is not below x."""
    return -float_below(-x)


def largest_sum(network: Network, largest: float) -> float:
    """A bound on every number that any mask of a dense network meets, on inputs of at most this size; infinite if beyond float64."""
    with np.errstate(over="ignore"):
        for layer in network.layers:
            bias = np.zeros(layer.d_out) if layer.bias is None else layer.bias
            sums = float((np.abs(layer.weight).sum(axis=1) * largest + np.abs(bias)).max())
            largest = sums * max(layer.scale, 1.0) * max(1.0, abs(slope_of(layer.activation) or 0.0))
    return largest


def is_whole(network: Network, points: Points) -> bool:
    """Whether floating point makes no error at all, for any mask: every sum is a multiple of one power of two, and below 2^53 of them.

    Holds for weights, biases and inputs that are small integers (or small multiples of a power of two).
    """
    if points.off.any() or not all(layer.activation in ("relu", "identity") for layer in network.layers):
        return False
    (_, e), largest = as_integers(points.floats), float(np.abs(points.floats).max())
    for layer in network.layers:
        bias = np.zeros(layer.d_out) if layer.bias is None else layer.bias
        (_, ew), (_, eb), (_, es) = as_integers(layer.weight), as_integers(bias), as_integers(layer.scale)
        largest = float((np.abs(layer.weight).sum(axis=1) * largest + np.abs(bias)).max()) * max(layer.scale, 1.0)
        e = max(e + ew, eb) + es
        if e > 1000 or not largest < 2.0 ** (52 - e):
            return False
    return True
