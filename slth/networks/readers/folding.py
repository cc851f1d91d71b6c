"""Two layers as one: an activation, or a multiple of each output, that is moved into the layer before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.networks.layers import Conv2d, Dense, Layer, Residual

Floats = NDArray[np.float64]


def is_open(layer: Any) -> bool:
    """Whether what the layer puts out is a sum that an activation can still be applied to."""
    return isinstance(layer, Dense | Conv2d | Residual) and layer.activation == "identity"


def activated(layer: Layer, name: str) -> Layer:
    """An open layer, then an activation."""
    assert isinstance(layer, Dense | Conv2d | Residual)
    return replace(layer, activation=name)


def folded(layer: Dense | Conv2d, factor: Floats | None, offset: Floats | None) -> Dense | Conv2d:
    """An open layer, its outputs then multiplied by `factor` and moved by `offset` (outputs,): exact but for one rounding a weight.

    A bias that was missing becomes `offset` bit for bit.
    """
    weight, bias = layer.weight, layer.bias
    if factor is not None:
        weight = spool.computed(np.multiply, weight, factor.reshape(-1, *(1,) * (weight.ndim - 1)))
        bias = None if bias is None else bias * factor
    if offset is not None:
        moved = offset if layer.scale == 1.0 else offset / layer.scale
        bias = moved if bias is None else bias + moved
    return replace(layer, weight=weight, bias=bias)


def normalized(
    layer: Dense | Conv2d, mean: Floats, variance: Floats, weight: Floats | None, bias: Floats | None, epsilon: float
) -> Dense | Conv2d:
    """An open layer, then a batch normalisation ``weight * (y - mean) / sqrt(variance + epsilon) + bias`` with fixed statistics.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a variance plus epsilon is not positive.
    """
    outputs = len(layer.weight)
    for name, values in (("mean", mean), ("variance", variance), ("weight", weight), ("bias", bias)):
        if values is not None and values.shape != (outputs,):
            raise ValueError(
                f"{name} of the batch normalisation must have shape ({outputs},) like the layer before it, got {values.shape}"
            )
    if variance.min() + epsilon <= 0:
        raise ValueError(f"a variance must be > -{epsilon}, got {variance.min()}")
    factor = (1.0 if weight is None else weight) / np.sqrt(variance + epsilon)
    # scale (W x + b) -> factor scale (W x + b) + bias - factor mean
    offset = -mean * factor if bias is None else bias - mean * factor
    return folded(layer, factor, offset)
