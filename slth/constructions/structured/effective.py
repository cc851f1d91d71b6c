"""From seed and masks to the target layers they stand for, and whether whole filters were kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Effective, Masks
from slth.constructions.two_layer import effective as two_layer
from slth.constructions.two_layer.deal import row_blocks
from slth.networks import Form, RandomSource


def effective_layer(source: RandomSource, masks: Masks, first: int, scale: float, form: Form) -> Effective:
    """The layer that source layers `first` and `first` + 1 stand for.

    Raises ValueError if a filter reads another input than its own, or is kept in part.
    """
    constant = _whole(source, masks, first, form)
    biases = list(masks.biases)
    if biases[first] is not None:
        biases[first] = np.zeros_like(constant)
    alone = Masks(masks.weights, tuple(biases))
    piece = two_layer.effective_layer(source, alone, first, scale, form)
    at = np.flatnonzero(constant)
    if at.size == 0:
        return piece
    values = source.bias_vector(first)
    assert values is not None
    values = np.maximum(values[at], 0.0)
    rows, hidden = source.shapes[first + 1]
    total, gain = np.empty(rows), np.empty(rows)
    for block in row_blocks(rows, hidden):
        v = source.weight_rows(first + 1, block.start, block.stop)[:, at]
        total[block], gain[block] = v @ values, np.abs(v) @ values
    # the border comes before the constants: they reach an output through every place of the kernel
    by_output = (form.outputs, form.window)
    return replace(
        piece,
        bias=piece.bias + total.reshape(by_output).sum(axis=1),
        bias_gain=piece.bias_gain + gain.reshape(by_output).sum(axis=1),
    )


def _whole(source: RandomSource, masks: Masks, first: int, form: Form) -> NDArray[np.bool_]:
    """(hidden,): which filters are constants; each filter that lives is checked to be whole."""
    hidden, d_in = source.shapes[first]
    rows = source.shapes[first + 1][0]
    width = hidden // d_in
    constant = np.zeros(hidden, np.bool_) if masks.biases[first] is None else np.asarray(masks.biases[first])
    alive = constant.copy()
    for block in row_blocks(hidden, d_in):
        bits = np.unpackbits(masks.weights[first][block], axis=1, count=d_in).astype(np.bool_)
        neuron, column = np.nonzero(bits)
        if ((block.start + neuron) // width != column).any():
            raise ValueError(f"not a structured ticket: a filter of layer {first} reads another input than its own")
        if constant[block.start + neuron].any():
            raise ValueError(f"not a structured ticket: a filter of layer {first} keeps a weight and its bias")
        alive[block.start + neuron] = True
    for block in row_blocks(rows, hidden):
        kept = np.unpackbits(masks.weights[first + 1][block], axis=1, count=hidden).astype(np.bool_)
        wanted = np.broadcast_to(alive, kept.shape)
        if form.readers < form.rows:  # a constant is read by all outputs, other filters by those of their group
            own = form.connects(np.arange(rows)[block, None], np.arange(hidden) // width)
            wanted = wanted & (constant | own)
        if source.edges is not None:
            wanted = wanted & source.edges.rows(first + 1, block.start, block.stop)
        if (kept != wanted).any():
            raise ValueError(f"not a structured ticket: layer {first + 1} keeps a filter in part")
    return constant
