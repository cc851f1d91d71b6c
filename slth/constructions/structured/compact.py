"""A network without the neurons and channels that do nothing: what is left when whole filters are gone, stored as it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slth.networks import Conv2d, Dense, Layer, Network, Residual
from slth.networks.activations import activation


def compact(network: Network) -> Network:
    """The same function from smaller arrays, for instance of the network of a structured ticket.

    Of two dense layers, or two convolutions, one directly behind the other, those channels between them go that the second does not read,
    and those that are always 0. One stays in any case.

    Parameters
    ----------
    network : Network

    Returns
    -------
    Network
        Outputs are equal but for rounding: sums have fewer terms.

    Notes
    -----
    Time and memory O(weights).
    """
    return Network(_compact(network.layers), network.input_shape)


def _compact(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    found: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Residual):
            found.append(Residual(_compact(layer.body), _compact(layer.shortcut), layer.activation))
            continue
        before = found[-1] if found else None
        if (isinstance(before, Dense) and isinstance(layer, Dense)) or (
            isinstance(before, Conv2d) and isinstance(layer, Conv2d)
        ):
            found[-1:] = _pair(before, layer)
        else:
            found.append(layer)
    return tuple(found)


def _pair(first: Dense | Conv2d, second: Dense | Conv2d) -> tuple[Layer, Layer]:
    if getattr(first, "groups", 1) > 1 or getattr(second, "groups", 1) > 1:
        return first, second
    read = second.weight.any(axis=tuple(i for i in range(second.weight.ndim) if i != 1))
    speaks = first.weight.reshape(len(first.weight), -1).any(axis=1)
    if first.bias is not None:
        speaks = speaks | (first.bias != 0)
    if activation(first.activation)(np.zeros(1))[0] != 0:
        speaks = np.ones_like(speaks)
    kept = np.flatnonzero(read & speaks)
    if kept.size == 0:
        kept = np.zeros(1, np.int64)
    bias = None if first.bias is None else first.bias[kept]
    return _rebuilt(first, first.weight[kept], bias), _rebuilt(second, second.weight[:, kept], second.bias)


def _rebuilt(layer: Dense | Conv2d, weight: NDArray[np.float64], bias: NDArray[np.float64] | None) -> Layer:
    return type(layer)(np.ascontiguousarray(weight), bias, **layer.settings)
