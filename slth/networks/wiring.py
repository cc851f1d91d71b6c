"""What in a network is connected to what: neurons, channels for images, in levels one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slth.networks.activations import activation
from slth.networks.layers import (
    AveragePool2d,
    Conv2d,
    Dense,
    Elementwise,
    Flatten,
    GlobalAveragePool2d,
    Layer,
    Linear,
    MaxPool2d,
    Residual,
    Shape,
)
from slth.networks.layers.layer import shown
from slth.networks.network import Network

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Connection:
    """Everything that one level takes from another.

    Attributes
    ----------
    source : int
        Level that is read.
    owner : (columns,) int64
        Which of its nodes each column of the weight matrix reads: several columns one channel where an image has been flattened.
    layer : Linear or None
        Whose weights these are; None where node k takes column k as it is, at the end of a residual block.
    """

    source: int
    owner: Ints
    layer: Linear | None

    @property
    def weights(self) -> int:
        """Number of weights, pruned ones included."""
        return 0 if self.layer is None else int(self.layer.weight.size)

    def kept(self, sources: int) -> csr_array[np.int64]:
        """(targets, sources): how many weights of each pair of nodes are not zero."""
        return self.joined(sources, lambda weights: np.ones(weights.size, np.int64))

    def joined(self, sources: int, of: Callable[[Floats], NDArray[Any]]) -> csr_array[Any]:
        """(targets, sources): the sum of a function of the weights of each pair of nodes, zeros left out; with no layer they are 1."""
        from scipy.sparse import csr_array

        if self.layer is None:
            targets = self.owner.size
            return csr_array((of(np.ones(targets)), (np.arange(targets), self.owner)), shape=(targets, sources))
        matrix, form = self.layer.matrix, self.layer.form
        rows, columns = np.nonzero(matrix)
        # those of the same two nodes are added up
        pairs = rows // form.window, self.owner[columns]
        return csr_array((of(matrix[rows, columns]), pairs), shape=(form.outputs, sources))


@dataclass(frozen=True, eq=False)
class Nodes:
    """One level of the graph.

    Attributes
    ----------
    kind : str
        "input", the kind of the layer, or "sum" at the end of a residual block.
    width : int
    bias : (width,) float64 or None
    revived : bool
        Whether a node that takes nothing puts out something other than 0, as a sigmoid does.
    connections : tuple of Connection
        What it takes; none for the input.
    """

    kind: str
    width: int
    bias: Floats | None
    revived: bool
    connections: tuple[Connection, ...]


@dataclass(frozen=True)
class _Signal:
    """What is between two layers: where it comes from, and which node each entry of its axis of neurons or channels belongs to."""

    level: int
    owner: Ints
    shape: Shape


def wiring(network: Network) -> tuple[Nodes, ...]:
    """The levels of a network, input first, outputs last; each takes from earlier ones.

    A node is a neuron: an entry of a vector, or a feature wherever along a sequence; or a channel of an image, at whatever place. The
    outputs are the nodes of the last level.

    Raises
    ------
    ValueError
        If a layer is none of those that connect such nodes one by one.
    """
    shape, layers = network.shapes[0], network.layers
    if isinstance(layers[0], Flatten):  # every number of the image is an input of its own
        shape, layers = network.shapes[1], layers[1:]
    width = shape[0 if len(shape) == 3 else -1]
    if width is None:
        raise ValueError(f"an input of shape {shown(shape)} has no fixed number of neurons or channels")
    levels = [Nodes("input", width, None, False, ())]
    _through(layers, _Signal(0, np.arange(width), shape), levels)
    return tuple(levels)


def _through(layers: Sequence[Layer], signal: _Signal, levels: list[Nodes]) -> _Signal:
    for layer in layers:
        shape, owner = layer.output_shape(signal.shape), signal.owner
        if isinstance(layer, Residual):
            one, two = (_through(branch, signal, levels) for branch in (layer.body, layer.shortcut))
            taken = tuple(Connection(branch.level, branch.owner, None) for branch in (one, two))
            signal = _added(levels, Nodes("sum", one.owner.size, None, _revives(layer.activation), taken), shape)
        elif isinstance(layer, Conv2d) or (isinstance(layer, Dense) and len(signal.shape) < 3):
            taken = (Connection(signal.level, owner, layer),)
            node = Nodes(layer.kind, layer.form.outputs, layer.bias, _revives(layer.activation), taken)
            signal = _added(levels, node, shape)
        elif isinstance(layer, Elementwise):
            if _revives(layer.activation):
                old = levels[signal.level]
                levels[signal.level] = Nodes(old.kind, old.width, old.bias, True, old.connections)
        elif isinstance(layer, Flatten):
            places = (shape[0] or 0) // owner.size
            spread = np.repeat(owner, places) if len(signal.shape) == 3 else np.tile(owner, places)
            signal = _Signal(signal.level, spread, shape)
        elif isinstance(layer, AveragePool2d | MaxPool2d | GlobalAveragePool2d):
            signal = _Signal(signal.level, owner, shape)
        else:
            raise ValueError(
                f"the anatomy of a network is known for dense layers on vectors and sequences, convolutions, pooling, flattening, "
                f"activations and residual blocks of these, not for {layer!r} on {shown(signal.shape)}; take the layers before or "
                "after it as a network of their own"
            )
    return signal


def _added(levels: list[Nodes], nodes: Nodes, shape: Shape) -> _Signal:
    levels.append(nodes)
    return _Signal(len(levels) - 1, np.arange(nodes.width), shape)


def _revives(name: str) -> bool:
    return bool(activation(name)(np.zeros(1))[0])
