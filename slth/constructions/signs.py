"""Which signs the numbers in a network can have, wherever it is evaluated: halves of a weight that no input enters are left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from slth.networks import Attention, Domain, Layer, Network, Residual
from slth.networks.activations import activation
from slth.networks.layers import AttentionForm, Form, Linear

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]


def halves(target: Network, domain: Domain) -> Iterator[tuple[Bools, Bools]]:
    """For each linear map: which of its columns can be positive, which negative (columns,) bool; one that is always 0 keeps one.

    Inputs are bounded by the domain, everything else by what the activations can give. Maps of attention have no ReLU before them and no
    halves: both are said to be there.
    """
    found: list[tuple[Bools, Bools]] = []
    _through(target.layers, *target.ends(domain), found)
    yield from found


def _through(layers: Sequence[Layer], low: Array, high: Array, found: list[tuple[Bools, Bools]]) -> tuple[Array, Array]:
    for layer in layers:
        if isinstance(layer, Residual):
            one, two = (_through(branch, low, high, found) for branch in (layer.body, layer.shortcut))
            low, high = activation(layer.activation).interval(one[0] + two[0], one[1] + two[1])
        elif isinstance(layer, Attention | AttentionForm):
            both = np.ones(layer.d_in, np.bool_)
            found += [(both, both)] * (2 * layer.heads)
            low, high = (np.full((len(low), layer.d_out), end) for end in (-np.inf, np.inf))
        elif isinstance(layer, Linear | Form):
            form = layer if isinstance(layer, Form) else layer.form
            below = np.asarray((form.by_column(low) < 0).any(axis=1))
            found.append((np.asarray((form.by_column(high) > 0).any(axis=1)) | ~below, below))
            ends = activation(layer.activation).interval(np.array(-np.inf), np.array(np.inf))
            shape = tuple(d for d in layer.output_shape(low.shape) if d is not None)
            low, high = (np.full(shape, float(end)) for end in ends)
        else:
            low, high = layer.interval(low, high)
    return low, high
