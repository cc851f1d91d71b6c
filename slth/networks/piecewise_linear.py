"""Networks that are piecewise linear: which activations are, and how steep they are below zero."""

from __future__ import annotations

import numpy as np

from slth.networks.activations import activation
from slth.networks.network import Network


def slope_of(name: str) -> float | None:
    """Slope below zero of a piecewise linear activation: 0 of relu, 1 of the identity; None of a curved one."""
    known = {"relu": 0.0, "identity": 1.0}
    if name in known:
        return known[name]
    if name.startswith("leaky-relu"):
        return float(activation(name)(np.array([-1.0]))[0]) * -1.0
    return None


def is_piecewise_linear(network: Network) -> bool:
    """Whether all layers are dense, their activations piecewise linear."""
    return network.is_dense and all(slope_of(layer.activation) is not None for layer in network.layers)
