"""From seed and masks to the target layers they stand for: what a certificate rests on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.constructions.near_zero import RELU, NearZero
from slth.constructions.protocol import Effective, Masks
from slth.constructions.two_layer.deal import row_blocks
from slth.networks import Form, RandomSource

Floats = NDArray[np.float64]


def handed_over(source: RandomSource, masks: Masks, first: int, form: Form) -> Any:
    """What each neuron of source layer `first` hands over, and to which group: a sparse (hidden, 2 d_in + 1) matrix, one entry a row.

    Columns are the inputs, then the inputs for relu(-x), then the constant; entries are |u|, the constant, or u itself where neurons are
    linear.
    """
    from scipy.sparse import csr_array

    hidden, d_in = source.shapes[first]
    feeds, u, biases = _kept(source, masks, first)
    feeds[feeds >= 0] += (d_in * ((u < 0) & form.rectified))[feeds >= 0]
    gains = np.abs(u) if form.rectified else u
    kept_bias = masks.biases[first]
    if kept_bias is not None:
        feeds[kept_bias] = 2 * d_in
        gains[kept_bias] = np.maximum(biases[kept_bias], 0.0) if form.rectified else biases[kept_bias]
    used = np.flatnonzero(feeds >= 0)
    return csr_array((gains[used], (used, feeds[used])), shape=(hidden, 2 * d_in + 1))


def _near_zero(source: RandomSource, masks: Masks, first: int, hidden: NearZero) -> tuple[Any, Any]:
    """The same of neurons with any activation, which hand over both halves and phi(0), and what is left out: (hidden, d_in) bounds."""
    from scipy.sparse import csr_array

    neurons, d_in = source.shapes[first]
    feeds, u, biases = _kept(source, masks, first)
    fed = np.flatnonzero(feeds >= 0)
    column, u = feeds[fed], u[fed]
    every = np.arange(neurons)
    values = np.concatenate([*hidden.slopes(u), hidden.constants(biases)])
    places = np.concatenate([fed, fed, every]), np.concatenate([column, column + d_in, np.full(neurons, 2 * d_in)])
    some = np.flatnonzero(values)
    handover = csr_array((values[some], (places[0][some], places[1][some])), shape=(neurons, 2 * d_in + 1))
    if not hidden.curved:
        return handover, None
    return handover, csr_array((hidden.left_out(u), (fed, column)), shape=(neurons, d_in))


def _kept(source: RandomSource, masks: Masks, first: int) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Of each neuron of source layer `first` the input whose weight it keeps (-1 for none), that weight, and the bias that it keeps."""
    hidden, d_in = source.shapes[first]
    feeds, weights, kept = np.full(hidden, -1), np.zeros(hidden), np.zeros(hidden)
    for rows in row_blocks(hidden, d_in):
        bits = np.unpackbits(masks.weights[first][rows], axis=1, count=d_in)
        neuron, column = np.nonzero(bits)
        if np.unique(neuron).size != neuron.size:
            raise ValueError(f"not a two-layer ticket: a neuron of layer {first} keeps more than one weight")
        if neuron.size:
            feeds[rows.start + neuron] = column
            weights[rows.start + neuron] = source.weight_rows(first, rows.start, rows.stop)[neuron, column]
    kept_bias = masks.biases[first]
    if kept_bias is not None:
        biases = source.bias_vector(first)
        assert biases is not None
        if (feeds[kept_bias] >= 0).any():
            raise ValueError(f"not a two-layer ticket: a neuron of layer {first} keeps a weight and its bias")
        kept[kept_bias] = biases[kept_bias]
    return feeds, weights, kept


def effective_layer(
    source: RandomSource, masks: Masks, first: int, scale: float, form: Form, near_zero: NearZero = RELU
) -> Effective:
    """The layer that source layers `first` and `first` + 1 stand for, from seed and masks."""
    hidden, d_in = source.shapes[first]
    outputs = source.shapes[first + 1][0]
    if near_zero == RELU or not form.rectified:
        handover, left_out = handed_over(source, masks, first, form), None
    else:
        handover, left_out = _near_zero(source, masks, first, near_zero)
    sizes = abs(handover)
    total, gain = (spool.zeros((outputs, 2 * d_in + 1)) for _ in range(2))
    curvature = None if left_out is None else spool.zeros((outputs, d_in))
    terms = 0
    for rows in row_blocks(outputs, hidden):
        kept = np.unpackbits(masks.weights[first + 1][rows], axis=1, count=hidden)
        v = source.weight_rows(first + 1, rows.start, rows.stop)
        v *= kept
        total[rows] = np.asarray(v @ handover)
        gain[rows] = np.asarray(np.abs(v, out=v) @ sizes)
        if left_out is not None and curvature is not None:
            curvature[rows] = np.asarray(v @ left_out)
        if not form.rectified:  # what the negative half would take is the same, mirrored
            total[rows, d_in:-1], gain[rows, d_in:-1] = -total[rows, :d_in], gain[rows, :d_in]
        terms = max(terms, int(np.count_nonzero(v, axis=1).max()))
    bias, bias_gain = np.zeros(form.outputs), np.zeros(form.outputs)
    if handover[:, [2 * d_in]].nnz:
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
        terms=terms * form.window + 1 + (0 if near_zero == RELU else near_zero.roundings),
        scale=scale,
        activation=form.activation,
        curvature=curvature,
        power=near_zero.lines.power,
    )
