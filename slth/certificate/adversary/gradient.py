"""Slopes of a network with respect to its input, by running it backwards (reverse mode), one kind of layer a function.

For searches, not for proofs: slopes of activations are central differences, and at kinks any of the two sides will do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from slth.networks import Attention, Embedding, Flatten, Layer, LayerNorm, Residual, Softmax
from slth.networks.activations import activation
from slth.networks.layers import AveragePool2d, Conv2d, Dense, Elementwise, GlobalAveragePool2d, MaxPool2d
from slth.networks.layers.plain import softmax
from slth.networks.layers.window import Pair, padded, windows

Floats = NDArray[np.float64]
Back = Callable[[Floats], Floats]  # slopes with respect to the output -> with respect to the input


def forward(layers: Sequence[Layer], x: Floats) -> tuple[Floats, Back]:
    """What layers one after another make of x (batch, ...), and the way back from slopes of a number with respect to it.

    Behind an embedding the slopes are those with respect to the vectors it looks up.

    Raises
    ------
    NotImplementedError
        If the slope of a kind of layer is not known here.
    """
    way = []
    for layer in layers:
        x, back = through(layer, x)
        way.append(back)

    def backwards(slope: Floats) -> Floats:
        for back in reversed(way):
            slope = back(slope)
        return slope

    return x, backwards


@singledispatch
def through(layer: Layer, x: Floats) -> tuple[Floats, Back]:
    """One layer: its output, and the way back."""
    raise NotImplementedError(f"the slope of a layer {layer!r} is not known here")


def _activated(name: str, values: Floats) -> tuple[Floats, Back]:
    function = activation(name)
    if name == "identity":
        return values, lambda slope: slope
    if name == "relu":
        alive = values > 0
        return np.where(alive, values, 0.0), lambda slope: slope * alive
    step = 1e-6 * (1 + np.abs(values))
    steepness = (function(values + step) - function(values - step)) / (2 * step)
    return function(values.copy()), lambda slope: slope * steepness


@through.register
def _(layer: Dense, x: Floats) -> tuple[Floats, Back]:
    linear = x @ layer.weight.T + (0.0 if layer.bias is None else layer.bias)
    out, back = _activated(layer.activation, layer.scale * linear)
    return out, lambda slope: layer.scale * (back(slope) @ layer.weight)


@through.register
def _(layer: Conv2d, x: Floats) -> tuple[Floats, Back]:
    out, back = _activated(layer.activation, replace(layer, activation="identity").evaluate(x))
    kernels = layer.matrix.reshape(layer.c_out, *layer.kernel, layer.c_in)

    def backwards(slope: Floats) -> Floats:
        inner = layer.scale * back(slope)
        parts = np.einsum("bokl,ohwi->hwbikl", inner, kernels, optimize=True)
        return _gathered(parts, x, layer.padding, layer.stride, layer.dilation)

    return out, backwards


@through.register
def _(layer: AveragePool2d, x: Floats) -> tuple[Floats, Back]:
    def backwards(slope: Floats) -> Floats:
        share = slope / (layer.kernel[0] * layer.kernel[1])
        return _gathered(np.broadcast_to(share, (*layer.kernel, *share.shape)), x, layer.padding, layer.step, (1, 1))

    return layer.evaluate(x), backwards


@through.register
def _(layer: MaxPool2d, x: Floats) -> tuple[Floats, Back]:
    seen = windows(padded(x, layer.padding, -np.inf), layer.kernel, layer.step)
    flat = seen.reshape(*seen.shape[:4], -1)
    at = flat.argmax(axis=4)

    def backwards(slope: Floats) -> Floats:
        first = np.arange(flat.shape[4])[:, None, None, None, None] == at
        parts = (slope * first).reshape(*layer.kernel, *slope.shape)
        return _gathered(parts, x, layer.padding, layer.step, (1, 1))

    return np.asarray(flat.max(axis=4)), backwards


def _gathered(parts: Floats, x: Floats, padding: Pair, stride: Pair, dilation: Pair) -> Floats:
    """Add up parts (height, width, batch, channels, rows, columns), one for each place of a kernel, where it saw the image x."""
    whole = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding[0], x.shape[3] + 2 * padding[1]))
    rows, columns = parts.shape[-2:]
    for i in range(parts.shape[0]):
        for j in range(parts.shape[1]):
            top, left = i * dilation[0], j * dilation[1]
            down, right = top + stride[0] * (rows - 1) + 1, left + stride[1] * (columns - 1) + 1
            whole[:, :, top : down : stride[0], left : right : stride[1]] += parts[i, j]
    return whole[:, :, padding[0] : padding[0] + x.shape[2], padding[1] : padding[1] + x.shape[3]]


@through.register
def _(layer: GlobalAveragePool2d, x: Floats) -> tuple[Floats, Back]:
    places = x.shape[2] * x.shape[3]
    return layer.evaluate(x), lambda slope: np.broadcast_to(slope[:, :, None, None] / places, x.shape)


@through.register
def _(layer: Flatten, x: Floats) -> tuple[Floats, Back]:
    return layer.evaluate(x), lambda slope: slope.reshape(x.shape)


@through.register
def _(layer: Elementwise, x: Floats) -> tuple[Floats, Back]:
    return _activated(layer.activation, x)


@through.register
def _(layer: Softmax, x: Floats) -> tuple[Floats, Back]:
    out = layer.evaluate(x)
    return out, lambda slope: _through_softmax(out, slope)


def _through_softmax(shares: Floats, slope: Floats) -> Floats:
    return np.asarray(shares * (slope - (slope * shares).sum(axis=-1, keepdims=True)))


@through.register
def _(layer: LayerNorm, x: Floats) -> tuple[Floats, Back]:
    centred = x - x.mean(axis=-1, keepdims=True)
    root = np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + layer.epsilon)
    normal = centred / root

    def backwards(slope: Floats) -> Floats:
        own = slope * layer.weight
        along = (own * normal).mean(axis=-1, keepdims=True)
        return np.asarray((own - own.mean(axis=-1, keepdims=True) - normal * along) / root)

    return layer.evaluate(x), backwards


@through.register
def _(layer: Embedding, x: Floats) -> tuple[Floats, Back]:
    return layer.evaluate(x), lambda slope: slope


@through.register
def _(layer: Residual, x: Floats) -> tuple[Floats, Back]:
    body, back_body = forward(layer.body, x)
    shortcut, back_shortcut = forward(layer.shortcut, x)
    out, back = _activated(layer.activation, body + shortcut)

    def backwards(slope: Floats) -> Floats:
        inner = back(slope)
        return back_body(inner) + back_shortcut(inner)

    return out, backwards


@through.register
def _(layer: Attention, x: Floats) -> tuple[Floats, Back]:
    def by_head(values: Floats) -> Floats:  # (batch, positions, rows) -> (batch, heads, positions, rows / heads)
        return values.reshape(*values.shape[:2], layer.heads, -1).swapaxes(1, 2)

    def in_rows(values: Floats) -> Floats:
        return values.swapaxes(1, 2).reshape(*x.shape[:2], -1)

    def mapped(weight: Floats, bias: Floats | None) -> Floats:
        return by_head(x @ weight.T + (0.0 if bias is None else bias))

    query, key = mapped(layer.query, layer.query_bias), mapped(layer.key, layer.key_bias)
    value = mapped(layer.value, layer.value_bias)
    factors = np.array([layer.score_factor(h) for h in range(layer.heads)])[:, None, None]
    value_factors = np.array([layer.value_factor(h) for h in range(layer.heads)])[:, None, None]
    scores = factors * (query @ key.swapaxes(-1, -2))
    if layer.mask == "causal":
        scores = np.where(np.tri(x.shape[1], dtype=np.bool_), scores, -np.inf)
    shares = softmax(scores)

    def backwards(slope: Floats) -> Floats:
        mixed = value_factors * by_head(slope @ layer.output)
        of_scores = factors * _through_softmax(shares, mixed @ value.swapaxes(-1, -2))
        parts = (
            (of_scores @ key, layer.query),
            (of_scores.swapaxes(-1, -2) @ query, layer.key),
            (shares.swapaxes(-1, -2) @ mixed, layer.value),
        )
        return np.asarray(sum(in_rows(part) @ weight for part, weight in parts))

    return layer.evaluate(x), backwards
