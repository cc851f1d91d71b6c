"""What a reader knows of the values of an ONNX graph: layers after layers, as a tree whose root is the input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.networks.layers import Elementwise, Layer, Residual, Shape

Floats = NDArray[np.float64]


class Value:
    """What `layer` makes of the value `parent`; the input of the network has neither.

    A graph is a network of layers if its branches are nested: what happens between a value and the sum in which its branches end
    concerns nobody else. `open` counts the branches that have begun here and not ended yet; `closed` values lie within a branch that has.
    """

    def __init__(self, parent: Value | None, layer: Layer | None, shape: Shape) -> None:
        self.parent, self.layer, self.shape = parent, layer, shape
        self.open = 0
        self.closed = False

    def then(self, layer: Layer) -> Value:
        """What a layer makes of this value."""
        if self.closed:
            raise ValueError(
                "it uses a value within a branch that has ended in a sum, so that the graph is no nest of blocks"
            )
        shape = layer.output_shape(self.shape)
        self.open += 1
        return Value(self, layer, shape)

    def replaced(self, layer: Layer) -> Value:
        """This value, which nobody else uses, as what another layer makes of its parent."""
        assert self.parent is not None
        self.close()
        return self.parent.then(layer)

    def close(self) -> None:
        """Nothing may follow this value any more."""
        assert self.parent is not None
        self.closed = True
        self.parent.open -= 1

    def layers_since(self, start: Value | None) -> tuple[Layer, ...]:
        """The layers between `start`, an earlier value on the path, and this one."""
        found: list[Layer] = []
        value = self
        while value is not start and value.layer is not None and value.parent is not None:
            found.append(value.layer)
            value = value.parent
        return tuple(reversed(found))

    def path(self) -> list[Value]:
        """From the input to this value."""
        found: list[Value] = [self]
        while found[-1].parent is not None:
            found.append(found[-1].parent)
        return found[::-1]


def merged(first: Value, second: Value, build: Callable[[tuple[Layer, ...], tuple[Layer, ...]], Layer]) -> Value:
    """What ``build(layers to first, layers to second)`` makes of the last value that both branches come from.

    Raises
    ------
    ValueError
        If something else uses a value within one of the branches.
    """
    ours, theirs = first.path(), second.path()
    common = 0
    while common < min(len(ours), len(theirs)) and ours[common] is theirs[common]:
        common += 1
    start = ours[common - 1]
    for end, inner in ((first, ours[common:]), (second, theirs[common:])):
        for value in inner:
            if value.closed or value.open != (value is not end):
                raise ValueError("it ends a branch that something else uses, so that the graph is no nest of blocks")
    layer = build(first.layers_since(start), second.layers_since(start))
    for branch in (ours[common:], theirs[common:]):
        for value in branch:
            value.closed = True
        start.open -= bool(branch)
    return start.then(layer)


def summed(first: Value, second: Value) -> Value:
    """The sum of two branches, as a residual block."""

    def block(body: tuple[Layer, ...], shortcut: tuple[Layer, ...]) -> Layer:
        if not body and not shortcut:
            body = (Elementwise("identity"),)
        return Residual(body, shortcut) if body else Residual(shortcut, body)

    return merged(first, second, block)


@dataclass(frozen=True)
class Pointwise:
    """A function of every entry of `base` that is put together from several nodes, by its values at some places.

    `users` are the nodes that use `base` itself.
    """

    base: Value
    base_name: str
    values: Floats
    users: frozenset[int]


@dataclass(frozen=True)
class Statistic:
    """A stage of a layer normalisation of `base`: mean, centred, square, variance, shifted, deviation."""

    base: Value
    stage: str
    epsilon: float = 0.0


@dataclass(frozen=True)
class Channels:
    """The mean of every channel of the images `base`, with axes of length 1 behind it."""

    base: Value


@dataclass(frozen=True)
class Heads:
    """A stage of attention: what a dense layer puts out, split into heads, with the axes in an order."""

    dense: Value
    heads: int
    order: str  # "bphd": batch, positions, heads, numbers of a head


@dataclass(frozen=True)
class Scores:
    """A later stage of attention: products of queries and keys, times `factor`, perhaps masked, after softmax, mixed, joined."""

    query: Heads
    key: Heads
    factor: float = 1.0
    mask: str = "none"
    stage: str = "scores"
    value: Heads | None = None
    scales: tuple[float, ...] | None = None  # one a head, of the products
    value_scales: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Dims:
    """A vector of integers from shapes; None is the length of the batch or another free one, and `axes` says which axis it comes from."""

    sizes: tuple[int | None, ...]
    axes: tuple[int | None, ...]


@dataclass(frozen=True)
class Fill:
    """A matrix that holds one value: everywhere, or above the diagonal only."""

    value: float
    triangle: bool = False


@dataclass(frozen=True)
class Rows:
    """The first rows of a constant matrix, one for each position."""

    table: Floats


Known = Any  # an array (a constant), or one of the classes above
