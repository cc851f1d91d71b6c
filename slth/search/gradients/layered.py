"""A network of layers that know their gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

from numpy.typing import NDArray

from slth.networks import (
    AveragePool2d,
    Conv2d,
    Dense,
    Elementwise,
    Flatten,
    GlobalAveragePool2d,
    Layer,
    MaxPool2d,
    Network,
    Residual,
)
from slth.search.flat import Flat
from slth.search.gradients.activations import slopes
from slth.search.gradients.linear import Conv2dGradient, dense_gradient
from slth.search.gradients.plain import ElementwiseGradient, FlattenGradient, GlobalPoolGradient, PoolGradient
from slth.search.losses import loss_and_slope
from slth.search.oracle import Array


class LayerGradient(Protocol):
    """A layer forward and back, with any weights."""

    arrays: int  # how many of the weights are its own

    def forward(self, x: Array, weights: Sequence[Array]) -> tuple[Array, Any]:
        """What it puts out, and what `backward` needs."""

    def backward(self, slope: Array, kept: Any, weights: Sequence[Array], into: Sequence[Array], first: bool) -> Array:
        """The gradient by its input, from that by its output; the one by its weights is written to `into`. What it returns is not used if
        it is the `first` layer."""


class ResidualGradient:
    """Two branches, whose gradients add up."""

    def __init__(self, layer: Residual) -> None:
        self._body, self._shortcut = _gradients(layer.body, "body of "), _gradients(layer.shortcut, "shortcut of ")
        self._inside = sum(part.arrays for part in self._body)
        self.arrays = self._inside + sum(part.arrays for part in self._shortcut)
        self._act, self._slope = slopes(layer.activation)

    def forward(self, x: Array, weights: Sequence[Array]) -> tuple[Array, Any]:
        body, kept_body = forward(self._body, x, weights[: self._inside])
        shortcut, kept_shortcut = forward(self._shortcut, x, weights[self._inside :])
        value = self._act(body + shortcut)
        return value, (value, kept_body, kept_shortcut)

    def backward(self, slope: Array, kept: Any, weights: Sequence[Array], into: Sequence[Array], first: bool) -> Array:
        value, kept_body, kept_shortcut = kept
        factor = self._slope(value)
        slope = slope if factor is None else slope * factor
        at = self._inside
        body = backward(self._body, slope, kept_body, weights[:at], into[:at], False)
        return body + backward(self._shortcut, slope, kept_shortcut, weights[at:], into[at:], False)


KINDS: Final[dict[type[Layer], Callable[[Any], LayerGradient]]] = {
    AveragePool2d: PoolGradient,
    Conv2d: Conv2dGradient,
    Dense: dense_gradient,
    Elementwise: ElementwiseGradient,
    Flatten: FlattenGradient,
    GlobalAveragePool2d: GlobalPoolGradient,
    MaxPool2d: PoolGradient,
    Residual: ResidualGradient,
}


class LayeredOracle:
    """An `Oracle` of a network whose layers are among `KINDS`. The positive scales of its layers act on whatever weights are given.

    Raises
    ------
    ValueError
        If there is a layer of another kind, or an activation whose slope is not known; the message names it.
    """

    def __init__(self, network: Network) -> None:
        self.shapes = Flat.of(network).shapes
        self._layers = _gradients(network.layers, "")

    def outputs(self, weights: Sequence[Array], x: Array) -> Array:
        out = forward(self._layers, x, weights)[0]
        return out.reshape(len(out), -1)

    def gradient(
        self, weights: Sequence[Array], x: Array, wanted: NDArray[Any], loss: str, into: Sequence[Array]
    ) -> float:
        out, kept = forward(self._layers, x, weights)
        found, slope = loss_and_slope(out.reshape(len(out), -1), wanted, loss)
        backward(self._layers, slope.reshape(out.shape), kept, weights, into, True)
        return found


def forward(layers: Sequence[LayerGradient], x: Array, weights: Sequence[Array]) -> tuple[Array, list[Any]]:
    """Layers one after another, and what each needs to go back."""
    found = []
    for layer, own in zip(layers, _shares(layers, weights), strict=True):
        x, kept = layer.forward(x, own)
        found.append(kept)
    return x, found


def backward(
    layers: Sequence[LayerGradient],
    slope: Array,
    kept: list[Any],
    weights: Sequence[Array],
    into: Sequence[Array],
    first: bool,
) -> Array:
    """The way back; `first` says that the gradient by the input is not needed."""
    parts = list(zip(layers, kept, _shares(layers, weights), _shares(layers, into), strict=True))
    for i, (layer, own_kept, own, own_into) in reversed(list(enumerate(parts))):
        slope = layer.backward(slope, own_kept, own, own_into, first and i == 0)
    return slope


def _shares(layers: Sequence[LayerGradient], arrays: Sequence[Array]) -> Iterator[Sequence[Array]]:
    """The arrays of each layer."""
    start = 0
    for layer in layers:
        yield arrays[start : start + layer.arrays]
        start += layer.arrays


def _gradients(layers: Sequence[Layer], where: str) -> list[LayerGradient]:
    found = []
    for i, layer in enumerate(layers):
        if type(layer) not in KINDS:
            known = ", ".join(sorted(kind.__name__ for kind in KINDS))
            raise ValueError(
                f"{where}layers[{i}], {layer!r}, has no gradient here; use {known}, or search in a JaxFunction, which takes any"
            )
        try:
            found.append(KINDS[type(layer)](layer))
        except ValueError as error:
            raise ValueError(f"{where}layers[{i}]: {error}") from None
    return found
