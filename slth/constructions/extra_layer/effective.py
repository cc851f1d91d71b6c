"""From seed and masks to the target layers they stand for, neurons in copies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.constructions.extra_layer.copies import constants
from slth.constructions.protocol import Effective, Masks
from slth.constructions.two_layer.deal import row_blocks
from slth.networks import RandomSource
from slth.networks.activations import activation
from slth.networks.layers import DenseForm

Floats = NDArray[np.float64]
Known = tuple[Floats, Floats]  # numbers, and what rounding can act on behind each


def without_constants(piece: Effective, rows: int, copies: int) -> Effective:
    """The rows that stand for outputs of the target, without the constants."""
    return Effective(
        piece.positive[:rows], piece.negative[:rows], piece.bias[:rows], piece.positive_gain[:rows],
        piece.negative_gain[:rows], piece.bias_gain[:rows], piece.terms, piece.scale, piece.activation, copies,
        False, None if piece.curvature is None else piece.curvature[:rows], piece.power,
    )  # fmt: skip


def biased(source: RandomSource, masks: Masks, layer: int, form: DenseForm, scale: float, start: int) -> Known:
    """The constants of source layer `layer` that keep their bias alone: those neurons from `start`."""
    if masks.weights[layer][start:].any():
        raise ValueError(f"not a ticket with one extra layer: a constant neuron of layer {layer} keeps a weight")
    values = constants(source, layer, start, form.activation, scale)
    alive = masks.biases[layer]
    assert alive is not None
    # one whose own bias is pruned is what the activation makes of nothing
    values = np.where(alive[start:], values, float(activation(form.activation)(np.zeros(1))[0]))
    return values, np.abs(values)


def made_of_nothing(piece: Effective, start: int) -> Known:
    """The constants of the first layer that are rows without weights: those of `piece` from `start`."""
    if piece.positive_gain[start:].any() or piece.negative_gain[start:].any():
        raise ValueError("not a ticket with one extra layer: a constant neuron of layer 1 keeps weights of the inputs")
    function = activation(piece.activation)
    with np.errstate(over="ignore"):  # an overflow shows in the bound
        values = np.asarray(function(piece.scale * piece.bias[start:]))
    # terms + 8 roundings of what they are made of, as so many times 64 of a larger number
    unsure = function.lipschitz * piece.scale * (piece.terms + 8) / 64 * piece.bias_gain[start:]
    return values, np.abs(values) + (1 + 2.0**-20) * unsure


def later_layer(
    source: RandomSource,
    masks: Masks,
    layer: int,
    form: DenseForm,
    copies: int,
    made: int,
    scale: float,
    fixed: Known,
) -> Effective:
    """Source layer `layer` as a layer of the target, once for every copy of its outputs; `fixed` are the constants it takes."""
    rows, columns = form.d_out * made, form.d_in * copies
    total, negative, gain = (spool.zeros((rows, form.d_in)) for _ in range(3))
    bias, bias_gain = np.zeros(rows), np.zeros(rows)
    terms = 0
    for block in row_blocks(rows, source.shapes[layer][1]):
        bits = np.unpackbits(masks.weights[layer][block], axis=1, count=source.shapes[layer][1])
        v = source.weight_rows(layer, block.start, block.stop)
        v *= bits[: len(v)]
        inputs = v[:, :columns].reshape(len(v), form.d_in, copies)
        total[block], gain[block] = inputs.sum(axis=2), np.abs(inputs).sum(axis=2)
        negative[block] = -total[block]
        if form.bias:
            bias[block], bias_gain[block] = v[:, columns:] @ fixed[0], np.abs(v[:, columns:]) @ fixed[1]
        terms = max(terms, int(np.count_nonzero(v, axis=1).max()))
    kept = masks.biases[layer]
    own = source.bias_vector(layer)
    if kept is not None and own is not None:
        mine = np.where(kept, own, 0.0)[:rows]
        bias, bias_gain = bias + mine, bias_gain + np.abs(mine)
    # 64: the activation that makes the constants is rounded too
    return Effective(total, negative, bias, gain, gain, bias_gain, terms + 65, scale, form.activation, made, copies > 1)
