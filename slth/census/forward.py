"""Many masks of a dense network at once in floating point, with bounds of its rounding errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slth.census.parameters import Parameters
from slth.networks.activations import activation
from slth.networks.layers import Dense
from slth.networks.piecewise_linear import slope_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

UNIT = 2.0**-53
TINY = 2.0**-1022  # more than a product that underflows is off


@dataclass(frozen=True)
class Numbered:
    """A dense layer and the numbers of its parameters among those of the network, -1 for zeros: weight (d_out, d_in), bias (d_out,)."""

    layer: Dense
    weight: NDArray[np.int64]
    bias: NDArray[np.int64]

    @cached_property
    def biases(self) -> Floats:
        return np.zeros(self.layer.d_out) if self.layer.bias is None else self.layer.bias

    @property
    def count(self) -> int:
        """Parameters that are not zero."""
        return int((self.weight >= 0).sum() + (self.bias >= 0).sum())

    def kept(self, masks: Bools) -> tuple[Bools, Bools]:
        """Of masks (n, m): which weights (n, d_out, d_in) and biases (n, d_out) they keep; zeros are not kept."""
        padded = np.pad(masks, ((0, 0), (0, 1)))  # -1 finds False
        return padded[:, self.weight], padded[:, self.bias]


def numbered(parameters: Parameters) -> tuple[Numbered, ...]:
    """The layers of a dense network, in order."""
    places, start, layers = dict(parameters.places), 0, []
    for i, layer in enumerate(parameters.network.layers):
        numbers = []
        for name, shape in (("weight", layer.weight.shape), ("bias", (layer.d_out,))):
            where = places.get(f"{i}.{name}", np.empty(0, np.int64))
            array = np.full(shape, -1, np.int64)
            array.reshape(-1)[where] = np.arange(start, start + where.size)
            start += where.size
            numbers.append(array)
        layers.append(Numbered(layer, *numbers))
    return tuple(layers)


def forward(
    layers: Sequence[Numbered], masks: Bools, inputs: Floats, off: Floats, unit: float = UNIT
) -> tuple[Floats, Floats]:
    """Values (n, d, k) of the last of some layers for each mask (n, m), and bounds of their errors.

    inputs (d_in, k) with bounds `off`; `unit` is 0 where floating point is known to be exact.
    """
    tiny = TINY if unit else 0.0
    values, radii = np.broadcast_to(inputs, (len(masks), *inputs.shape)), np.broadcast_to(off, (len(masks), *off.shape))
    for item in layers:
        layer = item.layer
        kept_w, kept_b = item.kept(masks)
        weight, bias = np.where(kept_w, layer.weight, 0.0), np.where(kept_b, item.biases, 0.0)[:, :, None]
        size = np.abs(weight)
        sums = np.matmul(weight, values) + bias
        reach = np.matmul(size, np.abs(values)) + np.abs(bias)
        terms = np.matmul(kept_w.astype(np.float64), ((values != 0) | (radii != 0)).astype(np.float64))
        radii = 1.01 * (np.matmul(size, radii) + (layer.d_in + 3) * unit * reach) + 4 * tiny * terms
        if layer.scale != 1.0:
            sums = layer.scale * sums
            radii = 1.01 * (layer.scale * radii + 2 * unit * np.abs(sums)) + tiny * (radii > 0)
        values, radii = _activated(layer.activation, sums, radii, unit)
    return values, radii


def _activated(name: str, sums: Floats, radii: Floats, unit: float) -> tuple[Floats, Floats]:
    known, slope = activation(name), slope_of(name)
    if name == "relu":
        dead = sums + radii <= 0
        return np.where(dead, 0.0, np.maximum(sums, 0.0)), np.where(dead, 0.0, radii)
    if name == "identity":
        return sums, radii
    values = known(sums.copy())
    if slope is not None:
        return values, max(1.0, abs(slope)) * radii + 2 * unit * np.abs(values)
    # curved: within some units in the last place of a library that is right to 8 of them
    off = 64 * unit * np.maximum(np.abs(sums) * (1 + np.minimum(sums**2, 100.0)), 1.0)
    return values, known.lipschitz * radii + off
