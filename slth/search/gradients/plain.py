"""Layers without weights: pooling, flattening, activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from slth.networks import AveragePool2d, Elementwise, Flatten, GlobalAveragePool2d, MaxPool2d
from slth.networks.layers.window import padded, windows
from slth.search.gradients.activations import slopes
from slth.search.oracle import Array


class FlattenGradient:
    """Rearranges."""

    arrays = 0

    def __init__(self, layer: Flatten) -> None:
        self._layer = layer

    def forward(self, x: Array, weights: Sequence[Array]) -> tuple[Array, Any]:
        return np.asarray(self._layer.evaluate(x), np.float32), x.shape

    def backward(self, slope: Array, kept: Any, weights: Sequence[Array], into: Sequence[Array], first: bool) -> Array:
        return slope.reshape(kept)


class ElementwiseGradient:
    """An activation alone."""

    arrays = 0

    def __init__(self, layer: Elementwise) -> None:
        self._act, self._slope = slopes(layer.activation)

    def forward(self, x: Array, weights: Sequence[Array]) -> tuple[Array, Any]:
        value = self._act(x.copy())
        return value, value

    def backward(self, slope: Array, kept: Any, weights: Sequence[Array], into: Sequence[Array], first: bool) -> Array:
        factor = self._slope(kept)
        return slope if factor is None else slope * factor


class PoolGradient:
    """The mean hands an equal share back to every place of a window, the largest all of it to the first place that holds it."""

    arrays = 0

    def __init__(self, layer: AveragePool2d | MaxPool2d) -> None:
        self._layer, self._mean = layer, isinstance(layer, AveragePool2d)

    def forward(self, x: Array, weights: Sequence[Array]) -> tuple[Array, Any]:
        layer = self._layer
        seen = windows(padded(x, layer.padding, 0.0 if self._mean else -np.inf), layer.kernel, layer.step)
        if self._mean:
            return np.asarray(seen.mean(axis=(4, 5), dtype=np.float32)), (x.shape, None)
        flat = seen.reshape(*seen.shape[:4], -1)
        place = flat.argmax(axis=-1)
        return np.take_along_axis(flat, place[..., None], axis=-1)[..., 0], (x.shape, place)

    def backward(self, slope: Array, kept: Any, weights: Sequence[Array], into: Sequence[Array], first: bool) -> Array:
        shape, place = kept
        (top, left), (height, width), step = self._layer.padding, self._layer.kernel, self._layer.step
        back = np.zeros((*shape[:2], shape[2] + 2 * top, shape[3] + 2 * left), np.float32)
        rows, columns = slope.shape[2:]
        for i in range(height):
            for j in range(width):
                share = slope / np.float32(height * width) if place is None else slope * (place == i * width + j)
                back[:, :, i : i + rows * step[0] : step[0], j : j + columns * step[1] : step[1]] += share
        return back[:, :, top : top + shape[2], left : left + shape[3]]


class GlobalPoolGradient:
    """The mean of every channel."""

    arrays = 0

    def __init__(self, layer: GlobalAveragePool2d) -> None:
        self._layer = layer

    def forward(self, x: Array, weights: Sequence[Array]) -> tuple[Array, Any]:
        return np.asarray(self._layer.evaluate(x), np.float32), x.shape

    def backward(self, slope: Array, kept: Any, weights: Sequence[Array], into: Sequence[Array], first: bool) -> Array:
        share = slope / np.float32(kept[2] * kept[3])
        return np.broadcast_to(share[:, :, None, None], kept).copy()
