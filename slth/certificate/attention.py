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

from slth.certificate.linear import linear
from slth.certificate.scores import scores
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
    d, rows = layer.d_in, len(piece.positive)
    found = scores(piece, merged, state)
    size = np.maximum(np.abs(state.low), np.abs(state.high))
    half = 0.5 * (state.high - state.low) + 4 * UNIT * size
    error = np.append(state.error, np.zeros(rows - d))
    carried = error @ found.moving + found.slope @ state.error
    # rounding of the scores themselves, and of their differences from the largest
    target = _size(layer, h, size)
    # hidden dimensions that take part: what every row keeps
    hidden = piece.terms * rows + 2 * rows
    d_key = len(layer.query) // layer.heads
    evaluated = gamma(2 * d + d_key + 24) * target + gamma(hidden + 24) * found.gain
    made = float(found.difference @ half)
    if state.radius is not None and found.row_norms is not None:
        # |x_q^T D x_k| <= |x_q| |D| |x_k| with Euclidean norms
        each = found.row_norms
        made = min(made, state.radius * (state.radius * float(np.linalg.norm(each[:d])) + float(each[d:].sum())))
    tiny = TINY * max(1.0, merged.scale, piece.scale)
    e = (made + float(carried)) * (1 + gamma(4 * d + 40)) + evaluated * (1 + gamma(4 * d + 40)) + tiny
    return found.weight_error, e


def _size(layer: Attention, h: int, size: Array) -> float:
    """A bound of the sums of absolute values behind a score of the target, biases of keys included."""
    query = np.abs(layer.head("query", h)) @ size + np.abs(layer.head_bias("query", h))
    key = np.abs(layer.head("key", h)) @ size + np.abs(layer.head_bias("key", h))
    return layer.score_factor(h) * float(query @ key)
