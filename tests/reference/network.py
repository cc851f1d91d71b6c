"""Dense networks evaluated by plain loops: once in floats, once in exact rational arithmetic.

A layer is (W, b, activation, scale) and computes ``activation(scale * (W x + b))``; W is (d_out, d_in), b is (d_out,)
or None, and the activation is "relu" or "identity" (None means the same).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

Layer = tuple[Any, Any, str | None, Any]


def forward_exact(layers: Sequence[Layer], x: Sequence[Any]) -> list[Fraction]:
    """The value of the network as a fraction: floats are taken as the binary fractions they are, nothing is rounded."""
    values = [_exact(entry) for entry in x]
    for weights, biases, activation, scale in layers:
        totals = []
        for row, bias in zip(weights, _biases(weights, biases), strict=True):
            total = _exact(bias)
            for weight, value in zip(row, values, strict=True):
                total += _exact(weight) * value
            totals.append(_exact(scale) * total)
        values = [max(total, Fraction(0)) for total in totals] if _is_relu(activation) else totals
    return values


def forward(layers: Sequence[Layer], x: Sequence[float]) -> list[float]:
    """The value of the network in floats; products are rounded once, and `math.fsum` rounds each sum of them once."""
    values = [float(entry) for entry in x]
    for weights, biases, activation, scale in layers:
        totals = []
        for row, bias in zip(weights, _biases(weights, biases), strict=True):
            products = [float(weight) * value for weight, value in zip(row, values, strict=True)]
            totals.append(float(scale) * math.fsum([*products, float(bias)]))
        values = [max(total, 0.0) for total in totals] if _is_relu(activation) else totals
    return values


def _biases(weights: Any, biases: Any) -> Sequence[Any]:
    return [0.0] * len(weights) if biases is None else biases


def _is_relu(activation: str | None) -> bool:
    if activation not in ("relu", "identity", None):
        raise ValueError(f'activation must be "relu", "identity" or None, got {activation!r}')
    return activation == "relu"


def _exact(value: Any) -> Fraction:
    return Fraction(value) if isinstance(value, int | Fraction) else Fraction(float(value))
