"""From seed and masks to the target layers they stand for, neurons in copies."""

from __future__ import annotations

import numpy as np

from slth.constructions.extra_layer.copies import constants
from slth.constructions.protocol import Effective, Masks
from slth.constructions.two_layer.deal import row_blocks
from slth.networks import RandomSource
from slth.networks.activations import activation
from slth.networks.layers import DenseForm


def without_constants(piece: Effective, rows: int, copies: int) -> Effective:
    """The rows that stand for outputs of the target, without the constants."""
    return Effective(
        piece.positive[:rows], piece.negative[:rows], piece.bias[:rows], piece.positive_gain[:rows],
        piece.negative_gain[:rows], piece.bias_gain[:rows], piece.terms, piece.scale, piece.activation, copies,
    )  # fmt: skip


def later_layer(
    source: RandomSource,
    masks: Masks,
    layer: int,
    form: DenseForm,
    copies: int,
    made: int,
    scales: tuple[float, ...],
    before: DenseForm,
) -> Effective:
    """Source layer `layer` as a layer of the target, once for every copy of its outputs."""
    rows, columns = form.d_out * made, form.d_in * copies
    total, gain = np.zeros((rows, form.d_in)), np.zeros((rows, form.d_in))
    bias, bias_gain = np.zeros(rows), np.zeros(rows)
    _check_constants(masks, layer - 1, columns)
    fixed = constants(source, layer - 1, columns, copies, before.activation, scales[0]) if form.bias else np.zeros(0)
    if form.bias:  # a constant whose own bias is pruned is what the activation makes of nothing
        alive = masks.biases[layer - 1]
        assert alive is not None
        fixed = np.where(alive[columns:], fixed, float(activation(before.activation)(np.zeros(1))[0]))
    terms = 0
    for block in row_blocks(rows, source.shapes[layer][1]):
        bits = np.unpackbits(masks.weights[layer][block], axis=1, count=source.shapes[layer][1])
        v = source.weight_rows(layer, block.start, block.stop)
        v *= bits[: len(v)]
        inputs = v[:, :columns].reshape(len(v), form.d_in, copies)
        total[block], gain[block] = inputs.sum(axis=2), np.abs(inputs).sum(axis=2)
        if form.bias:
            bias[block], bias_gain[block] = v[:, columns:] @ fixed, np.abs(v[:, columns:]) @ np.abs(fixed)
        terms = max(terms, int(np.count_nonzero(v, axis=1).max()))
    kept = masks.biases[layer]
    own = source.bias_vector(layer)
    if kept is not None and own is not None:
        mine = np.where(kept, own, 0.0)[:rows]
        bias, bias_gain = bias + mine, bias_gain + np.abs(mine)
    # 64: the activation that makes the constants is rounded too
    return Effective(
        total, -total, bias, gain, gain, bias_gain, terms + 65, scales[1], form.activation, made, copies > 1
    )


def _check_constants(masks: Masks, layer: int, start: int) -> None:
    if masks.weights[layer][start:].any():
        raise ValueError(f"not a ticket with one extra layer: a constant neuron of layer {layer} keeps a weight")
