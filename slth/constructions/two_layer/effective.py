"""From seed and masks to the target layers they stand for: what a certificate rests on."""

from __future__ import annotations

from typing import Any

import numpy as np

from slth import spool
from slth.constructions.protocol import Effective, Masks
from slth.constructions.two_layer.deal import row_blocks
from slth.networks import Form, RandomSource


def handed_over(source: RandomSource, masks: Masks, first: int, form: Form) -> Any:
    """What each neuron of source layer `first` hands over, and to which group: a sparse (hidden, 2 d_in + 1) matrix, one entry a row.

    Columns are the inputs, then the inputs for relu(-x), then the constant; entries are |u|, the constant, or u itself where neurons are
    linear.
    """
    from scipy.sparse import csr_array

    hidden, d_in = source.shapes[first]
    feeds, gains = np.full(hidden, -1), np.zeros(hidden)
    for rows in row_blocks(hidden, d_in):
        bits = np.unpackbits(masks.weights[first][rows], axis=1, count=d_in)
        neuron, column = np.nonzero(bits)
        if np.unique(neuron).size != neuron.size:
            raise ValueError(f"not a two-layer ticket: a neuron of layer {first} keeps more than one weight")
        if neuron.size:
            u = source.weight_rows(first, rows.start, rows.stop)[neuron, column]
            feeds[rows.start + neuron] = column + d_in * ((u < 0) & form.rectified)
            gains[rows.start + neuron] = np.abs(u) if form.rectified else u
    kept_bias = masks.biases[first]
    if kept_bias is not None:
        biases = source.bias_vector(first)
        assert biases is not None
        if (feeds[kept_bias] >= 0).any():
            raise ValueError(f"not a two-layer ticket: a neuron of layer {first} keeps a weight and its bias")
        feeds[kept_bias] = 2 * d_in
        gains[kept_bias] = np.maximum(biases[kept_bias], 0.0) if form.rectified else biases[kept_bias]
    used = np.flatnonzero(feeds >= 0)
    return csr_array((gains[used], (used, feeds[used])), shape=(hidden, 2 * d_in + 1))


def effective_layer(source: RandomSource, masks: Masks, first: int, scale: float, form: Form) -> Effective:
    """The layer that source layers `first` and `first` + 1 stand for, from seed and masks."""
    hidden, d_in = source.shapes[first]
    outputs = source.shapes[first + 1][0]
    handover = handed_over(source, masks, first, form)
    kept_bias = masks.biases[first]
    sizes = abs(handover)
    total, gain = (spool.zeros((outputs, 2 * d_in + 1)) for _ in range(2))
    terms = 0
    for rows in row_blocks(outputs, hidden):
        kept = np.unpackbits(masks.weights[first + 1][rows], axis=1, count=hidden)
        v = source.weight_rows(first + 1, rows.start, rows.stop)
        v *= kept
        total[rows] = np.asarray(v @ handover)
        gain[rows] = np.asarray(np.abs(v, out=v) @ sizes)
        if not form.rectified:  # what the negative half would take is the same, mirrored
            total[rows, d_in:-1], gain[rows, d_in:-1] = -total[rows, :d_in], gain[rows, :d_in]
        terms = max(terms, int(np.count_nonzero(v, axis=1).max()))
    bias, bias_gain = np.zeros(form.outputs), np.zeros(form.outputs)
    if kept_bias is not None and kept_bias.any():
        # a constant is one only where the kernel never reaches into the border
        elsewhere = np.ones(outputs, np.bool_)
        elsewhere[form.bias_rows] = False
        if gain[elsewhere, -1].any():
            raise ValueError(f"not a two-layer ticket: layer {first + 1} takes a constant where it meets the border")
        bias, bias_gain = total[form.bias_rows, -1], gain[form.bias_rows, -1]
    own_mask = masks.biases[first + 1]
    if own_mask is not None:
        own = source.bias_vector(first + 1)
        assert own is not None
        bias[own_mask] += own[own_mask]
        bias_gain[own_mask] += np.abs(own[own_mask])
    return Effective(
        positive=total[:, :d_in],
        negative=total[:, d_in:-1],
        bias=bias,
        positive_gain=gain[:, :d_in],
        negative_gain=gain[:, d_in:-1],
        bias_gain=bias_gain,
        terms=terms * form.window + 1,
        scale=scale,
        activation=form.activation,
    )
