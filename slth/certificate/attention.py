"""Multi-head attention (Otsuka et al. 2025): errors of scores through the softmax, errors of values through its averages.

A head's scores are s = [x_q, 1]^T A x_k, its outputs averages of the values y_k = B x_k with the weights softmax(s). Of an error of the
scores only the part that differs between keys counts: if those of one query lie within an interval of length 2 e, the odds of any set
of keys change by a factor of at most exp(2 e), its probability by at most tanh(e / 2), and an average of numbers in [l, h] by at
most tanh(e / 2) (h - l). With x' = x + dx the ticket's inputs, A' = A + D its matrix and c the centre of the box of inputs,

    s' - s = [x_q, 1]^T D x_k + dx_q^T A' x_k + [x'_q, 1]^T A' dx_k,    and in the first two x_k - c may stand for x_k.

Averages of values that are off by at most g are off by at most g. Positions are bounded together, by one box, so that nothing depends
on the length of the sequence or on the mask, but for rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slth.certificate.linear import linear, norms
from slth.certificate.state import TINY, UNIT, Array, State, gamma
from slth.constructions import Effective
from slth.networks import Attention, Linear

LONGEST = 1 << 16  # positions, where their number is not fixed, for bounds on rounding: the scores of more take 32 GiB
# roundings, generously: a difference, an exponential (NumPy's are off by less than 4 units), a quotient, scales
_POWERS = 64


def attention(pieces: Sequence[Effective], layer: Attention, state: State) -> tuple[list[float], list[float], State]:
    """Errors of the weights and bounds of each map, and what is known behind the layer."""
    positions = len(state.low)
    here = State(
        state.low.min(axis=0), state.high.max(axis=0), state.floor.min(axis=0), state.error.max(axis=0), state.ball
    )
    # the sums over keys, of powers and of values, and that over all dimensions of all heads
    long = (positions if positions > 1 else LONGEST) * 2 + _POWERS
    roundings = long + len(layer.value) + sum(piece.terms for piece in pieces[1::2])
    maps = layer.maps
    errors: list[float] = []
    bounds: list[float] = []
    low, high, error = (np.zeros(layer.d_out) for _ in range(3))
    for h in range(layer.heads):
        weight_error, e = _scores(pieces[2 * h], maps[2 * h], layer, h, here)
        value_error, values = linear(pieces[2 * h + 1], maps[2 * h + 1], here, roundings)
        # values.low and high hold every value of the target
        shifted = np.tanh(0.5 * e) * (1 + 8 * UNIT) * (values.high - values.low)
        error = error + values.error + shifted
        low, high = low + values.low, high + values.high
        errors += [weight_error, value_error]
        bounds += [e, float(values.error.max())]
    size = np.maximum(np.abs(low), np.abs(high))
    outward = gamma(4 * layer.heads) * size + TINY
    error = error * (1 + gamma(4 * layer.heads + 8))
    low, high, error = (np.broadcast_to(x, (positions, layer.d_out)) for x in (low - outward, high + outward, error))
    return errors, bounds, State(low, high, np.full(low.shape, -np.inf), error)


def _scores(piece: Effective, merged: Linear, layer: Attention, h: int, state: State) -> tuple[float, float]:
    """The largest error of A, and half the length of an interval that holds the errors of the scores of one query."""
    d = layer.d_in
    affine = len(merged.matrix) > d
    a, a_ticket = merged.scale * merged.matrix, piece.scale * piece.positive
    gain, gain_ticket = merged.scale * merged.gain, piece.scale * piece.positive_gain
    off = np.abs(a_ticket - a) * (1 + 4 * UNIT)
    tiny = TINY * max(1.0, merged.scale, piece.scale)
    slack = gamma(piece.terms + 8) * gain_ticket + gamma(merged.roundings + 8) * gain + tiny
    known = off + slack  # every |D|
    steep = np.abs(a) + known + slack  # every |A'|, and every |A|

    size = np.maximum(np.abs(state.low), np.abs(state.high))
    centre, half = 0.5 * (state.low + state.high), 0.5 * (state.high - state.low) + 4 * UNIT * size
    moved = size + state.error
    query, queries, wide = (np.append(x, 1.0) if affine else x for x in (centre, size, moved))
    spread = np.append(half, 0.0) if affine else half
    error = np.append(state.error, 0.0) if affine else state.error
    # sup |[x_q, 1]^T D| and sup |[x'_q, 1]^T A'|, entry by entry
    rounding = gamma(4 * d + 40)
    difference = np.abs(query @ (a_ticket - a)) + spread @ off + queries @ (slack + rounding * off)
    slope = np.abs(query @ a) + (spread + error) @ np.abs(a) + wide @ (known + rounding * steep)
    moving = steep @ half
    if state.radius is not None:
        # in a ball |[x, 1]^T D|_j is at most |x| times the norm of the column, and so on
        r, further = state.radius, state.radius + float(np.linalg.norm(state.error)) * (1 + rounding)
        columns = [(norms(x[:d].T), x[d:].sum(axis=0)) for x in (known, steep)]
        difference = np.minimum(difference, (r * columns[0][0] + columns[0][1]) * (1 + rounding))
        slope = np.minimum(slope, (further * columns[1][0] + columns[1][1]) * (1 + rounding))
        moving = np.minimum(moving, r * norms(steep) * (1 + rounding))
    carried = error @ moving + slope @ state.error
    # rounding of the scores themselves, and of their differences from the largest
    target = _size(layer, h, size)
    # hidden dimensions that take part: what every row keeps
    hidden = piece.terms * len(a) + 2 * len(a)
    ticket = float(wide @ gain_ticket @ moved)
    d_key = len(layer.query) // layer.heads
    evaluated = gamma(2 * d + d_key + 24) * target + gamma(hidden + 24) * ticket
    made = float(difference @ half)
    if state.radius is not None:  # |x_q^T D x_k| <= |x_q| |D| |x_k| with Euclidean norms
        row_norms = norms(known) * (1 + rounding)
        made = min(
            made, state.radius * (state.radius * float(np.linalg.norm(row_norms[:d])) + float(row_norms[d:].sum()))
        )
    e = (made + float(carried)) * (1 + rounding) + evaluated * (1 + rounding) + tiny
    return float(off.max()), e


def _size(layer: Attention, h: int, size: Array) -> float:
    """A bound of the sums of absolute values behind a score of the target, biases of keys included."""
    query = np.abs(layer.head("query", h)) @ size + np.abs(layer.head_bias("query", h))
    key = np.abs(layer.head("key", h)) @ size + np.abs(layer.head_bias("key", h))
    return layer.score_factor(h) * float(query @ key)
