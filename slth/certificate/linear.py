"""Linear layers: dense, convolutional, or the merged matrices of an attention head.

Let x be the target's input to a layer, x' the ticket's, |x' - x| <= e, and let x range over a box [low, high] known to hold it. With the
target's y = W x + b and the ticket's y' = P relu(x') + N relu(-x') + c,

    |y' - y| <= sup |(P - W) relu(x) + (N + W) relu(-x) + c - b| + max(|P|, |N|) e        (difference at x, ticket moves)
    |y' - y| <= sup |(P - W) relu(x') + (N + W) relu(-x') + c - b| + |W| e                (difference at x', target moves)

and the smaller of the two is taken for each neuron. The supremum over a box is exact, coordinate by coordinate, and over the
l2 ball, where it is the larger of |d + r norm(max(D+, D-, 0))| and |d - r norm(max(-D+, -D-, 0))|, with D+ = P - W, D- = N + W and
d = c - b. To this are added the rounding errors of evaluating the ticket and the target in float64, each bounded by
gamma_k = k u / (1 - k u) times the sums of absolute values (Higham 2002, section 3.1; any order of summation), and the computation of
the bound itself is covered in the same way.

A ticket whose first activation is not straight has y' = P relu(x') + N relu(-x') + c + r with |r| <= C |x'|^p, which adds at most
C (the largest |x'|)^p, and on a ball at most max(C) times its radius to the power p >= 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from slth.certificate.state import TINY, UNIT, Array, State, activated, gamma
from slth.constructions import Effective
from slth.networks import Form, Linear
from slth.networks.layers import DenseForm
from slth.spool import slices

_BLOCK = 1 << 19  # weights looked at together


def linear(piece: Effective, layer: Linear, state: State, roundings: int = 0) -> tuple[float, State]:
    """A linear layer: the largest error of its weights, and what is known behind it.

    `roundings` more than those of a plain layer may come one after another in the evaluation of an output. Large layers are looked at some
    outputs at a time, which takes memory for a few million numbers, and those of images.
    """
    found = [_outputs(piece.of_outputs(some), part, state, roundings) for some, part in by_outputs(layer, piece.copies)]
    if not found:
        return _outputs(piece, layer, state, roundings)
    ends = [end for _, end in found]
    low, high, floor, error = (
        side_by_side(layer, [getattr(end, name) for end in ends]) for name in ("low", "high", "floor", "error")
    )
    return max(weight_error for weight_error, _ in found), State(low, high, floor, error)


def by_outputs(layer: Linear, copies: int = 1) -> Iterator[tuple[slice, Linear]]:
    """A large layer, or one of many copies, as layers of some of its outputs each; nothing for others."""
    form = layer.form
    each = form.columns * form.window * copies
    if form.outputs * each > _BLOCK:
        for some in slices(form.outputs, max(1, _BLOCK // each)):
            yield some, layer.of_outputs(some)


def side_by_side(layer: Linear, parts: Sequence[Array]) -> Array:
    """What some outputs each of a layer put out, as what all do."""
    return np.concatenate(parts, axis=-1 if isinstance(layer.form, DenseForm) else 0)


def _outputs(piece: Effective, layer: Linear, state: State, roundings: int) -> tuple[float, State]:
    form, low, high, error = layer.form, state.low, state.high, state.error
    # both in the units of the layer's output
    s, t = piece.scale, layer.scale
    weight, gain, bias, bias_gain = layer.matrix, layer.gain, layer.bias, layer.bias_gain
    if piece.copies > 1:  # the target's outputs as often as the ticket's
        assert isinstance(form, DenseForm)
        form = replace(form, d_out=form.outputs * piece.copies)
        weight, gain, bias_gain = (np.repeat(x, piece.copies, axis=0) for x in (weight, gain, bias_gain))
        bias = None if bias is None else np.repeat(bias, piece.copies)
    weight, gain, bias_gain = t * weight, t * gain, t * bias_gain
    bias = np.zeros(form.outputs) if bias is None else t * bias
    # merged matrices are themselves computed, entries of others are what they are
    inexact = gamma(layer.roundings + 4) * gain if layer.roundings else np.zeros(weight.shape)
    inexact_bias = gamma(layer.roundings + 4) * bias_gain if layer.roundings else np.zeros(bias.shape)
    steep = np.abs(weight) + inexact
    # of a ball of all numbers together, those that a dense layer takes at a place fill no more than a ball
    radius = state.ball if isinstance(form, DenseForm) else None
    many = form.columns * form.window  # terms of an output
    k = piece.terms + 8
    # computed entries against exact ones: sums of at most `terms` products, a scale, a difference
    d_positive = np.abs(s * piece.positive - weight) * (1 + 4 * UNIT)
    d_negative = np.abs(s * piece.negative + weight) * (1 + 4 * UNIT)
    d_bias = np.abs(s * piece.bias - bias) * (1 + 4 * UNIT)
    tiny = TINY * max(1.0, s, t)
    slack_positive = gamma(k) * s * piece.positive_gain + 4 * UNIT * np.abs(weight) + inexact + tiny
    slack_negative = gamma(k) * s * piece.negative_gain + 4 * UNIT * np.abs(weight) + inexact + tiny
    slack_bias = gamma(k) * s * piece.bias_gain + 4 * UNIT * np.abs(bias) + inexact_bias + tiny
    # the halves that a target weight has: which numbers its input can be by the domain or the activation before it
    enters_negative = (form.by_column(state.floor) < 0).any(axis=1)
    enters_positive = (form.by_column(high) > 0).any(axis=1) | ~enters_negative
    weight_error = max(
        float(d_positive[:, enters_positive].max(initial=0)),
        float(d_negative[:, enters_negative].max(initial=0)),
        float(d_bias.max()),
    )
    # outward, so that every bound below holds for the exact numbers
    e_positive, e_negative = d_positive + slack_positive, d_negative + slack_negative

    signed = (s * piece.positive - weight, s * piece.negative + weight, s * piece.bias - bias)
    slacks = (slack_positive, slack_negative, slack_bias)
    at_target = _difference(form, signed, slacks, low, high, radius)
    moved_low, moved_high = np.maximum(low - error, state.floor), high + error
    gap = at_target
    if error.any() and piece.gathers:  # inputs of one column, each with an error of its own
        up, down = (s * x * (1 + gamma(k)) + tiny for x in (piece.positive_gain, piece.negative_gain))
        gap = at_target + _carried(form, (up, down), error, moved_low, moved_high)
    elif error.any():
        wider = None if radius is None else radius + float(norms(form.by_column(error).T).max())
        at_ticket = _difference(form, signed, slacks, moved_low, moved_high, wider)
        steepest = (steep + e_positive, steep + e_negative)
        gap = np.minimum(
            at_target + _carried(form, steepest, error, moved_low, moved_high),
            at_ticket + form.act(steep, error),
        )

    if piece.curvature is not None:
        bent = _left_out(form, s * piece.curvature, piece.power, moved_low, moved_high, error, radius)
        gap = gap + bent * (1 + gamma(2 * k))

    # rounding of the two evaluations themselves
    reach_low, reach_high = np.maximum(-moved_low, 0), np.maximum(moved_high, 0)
    size = np.maximum(np.abs(low), np.abs(high))
    ticket_gain = s * (
        form.act(piece.positive_gain, reach_high)
        + form.act(piece.negative_gain, reach_low)
        + form.spread(piece.bias_gain)
    )
    target_gain = form.act(gain, size) + form.spread(bias_gain)
    gap = gap + gamma(k + roundings) * ticket_gain + gamma(many + 4 + roundings) * target_gain + tiny

    # where the target's own numbers go, for the next layer
    centre, spread = 0.5 * (low + high), 0.5 * (high - low)
    reach = form.act(np.abs(weight), spread)
    outward = gamma(4 * many + 20 + 2 * (roundings + layer.roundings)) * target_gain + tiny
    middle = form.act(weight, centre) + form.spread(bias)

    # the sums above have at most a few times `many` terms, all of one sign
    error = gap * (1 + gamma(8 * many + 40))
    low, high = middle - reach - outward, middle + reach + outward
    if radius is not None:
        far = radius * norms(steep) * (1 + gamma(4 * many + 20)) + outward
        low, high = np.maximum(low, form.spread(bias) - far), np.minimum(high, form.spread(bias) + far)
    if piece.copies > 1:
        low, high = (x[..., :: piece.copies] for x in (low, high))
        error = error.reshape(*error.shape[:-1], -1, piece.copies).max(axis=-1)
    unknown = np.full(error.shape, -np.inf)
    return weight_error, activated(layer.activation, State(low, high, unknown, error))


def _left_out(
    form: Form, curvature: Array, power: int, low: Array, high: Array, error: Array, radius: float | None
) -> Array:
    """sup of curvature |x|^power over low <= x <= high, or over a ball around 0 moved by an error if that is less."""
    left = form.act(curvature, np.maximum(np.abs(low), np.abs(high)) ** power)
    if radius is None or power < 2:
        return left
    # sum C_i |x_i|^p <= max(C) max |x_i|^(p - 2) sum x_i^2
    wider = radius + float(norms(form.by_column(error).T).max())
    return np.asarray(np.minimum(left, curvature.max(axis=1) * wider**power * (1 + gamma(20))))


def _carried(form: Form, steepest: tuple[Array, Array], error: Array, low: Array, high: Array) -> Array:
    """How far an error of the input carries, with these slopes at positive and negative inputs, low <= x <= high."""
    if error.ndim == 1:
        slope = np.maximum(np.where(high > 0, steepest[0], 0), np.where(low < 0, steepest[1], 0))
        return form.act(slope, error)
    if (low >= 0).all():
        return form.act(steepest[0], np.where(high > 0, error, 0))
    return form.act(np.maximum(*steepest), error)


def _difference(
    form: Form,
    signed: tuple[Array, Array, Array],
    slack: tuple[Array, Array, Array],
    low: Array,
    high: Array,
    radius: float | None,
) -> Array:
    """sup |D_+ relu(x) + D_- relu(-x) + d| over low <= x <= high, or over a ball if that is less; `slack` is added on."""
    d_positive, d_negative, d_bias = signed
    up, down = np.maximum(high, 0), np.maximum(-low, 0)
    blur = form.act(slack[0], up) + form.act(slack[1], down) + form.spread(slack[2])
    least = np.full(blur.shape, np.inf)
    if radius is not None:
        # the slope that a coordinate adds to the largest, or takes from the smallest, value
        rising = np.maximum(np.maximum(d_positive, d_negative), 0)
        falling = np.maximum(np.maximum(-d_positive, -d_negative), 0)
        distance: Array = np.maximum(np.abs(d_bias + radius * norms(rising)), np.abs(d_bias - radius * norms(falling)))
        wide = np.abs(d_bias) + radius * np.maximum(norms(rising), norms(falling))
        # every place alike: `blur` has the shape of the outputs
        least = distance + gamma(4 * d_positive.shape[1] + 20) * wide + blur
    below, above = form.by_column(low), form.by_column(high)
    if (below == below[:, :1]).all() and (above == above[:, :1]).all():
        top, bottom = _extremes(d_positive, d_negative, below[:, 0], above[:, 0])
        ones = np.ones(low.shape)  # a border of zeros stays one
        largest, smallest = form.act(top, ones), form.act(bottom, ones)
        magnitude = form.act(np.maximum(np.abs(top), np.abs(bottom)), ones)
    else:
        largest, smallest, magnitude = _separate(form, d_positive, d_negative, low, high)
    # these sums may cancel: their rounding is bounded by the sums of absolute values
    shift = form.spread(d_bias)
    furthest = np.maximum(np.abs(largest + shift), np.abs(smallest + shift))
    rounding = gamma(6 * d_positive.shape[1] * form.window + 10) * (magnitude + np.abs(shift))
    return np.asarray(np.minimum(least, furthest + rounding + blur))


def _extremes(d_positive: Array, d_negative: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Largest and smallest of D_+ relu(x) + D_- relu(-x), entry by entry of the matrices, for low <= x <= high of its column."""
    # D_+ x for x > 0 and D_- |x| for x < 0: extreme at an end or at 0
    at_high = np.where(high >= 0, d_positive * np.maximum(high, 0), d_negative * np.maximum(-high, 0))
    at_low = np.where(low <= 0, d_negative * np.maximum(-low, 0), d_positive * np.maximum(low, 0))
    inside = (low < 0) & (high > 0)
    top, bottom = np.maximum(at_high, at_low), np.minimum(at_high, at_low)
    return np.where(inside, np.maximum(top, 0), top), np.where(inside, np.minimum(bottom, 0), bottom)


def _separate(form: Form, d_positive: Array, d_negative: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Bounds of the sums where every place of an image has bounds of its own.

    Exact where a number does not change its sign, or comes as far down as up; else up to twice too wide: with m the smaller of h and d,
    max(D_+ h, D_- d, 0) <= m max(D_+, D_-, 0) + (h - m) max(D_+, 0) + (d - m) max(D_-, 0).
    """
    up, least_up = np.maximum(high, 0), np.maximum(low, 0)
    down, least_down = np.maximum(-low, 0), np.maximum(-high, 0)
    both = np.minimum(up, down)

    def most(d_positive: Array, d_negative: Array) -> Array:
        rising, falling = np.maximum(d_positive, 0), np.maximum(d_negative, 0)
        return (
            form.act(np.maximum(rising, falling), both)
            + form.act(rising, up - both)
            - form.act(rising - d_positive, least_up)
            + form.act(falling, down - both)
            - form.act(falling - d_negative, least_down)
        )

    magnitude = form.act(np.abs(d_positive), up) + form.act(np.abs(d_negative), down)
    return most(d_positive, d_negative), -most(-d_positive, -d_negative), 2 * magnitude


def norms(rows: Array) -> Array:
    """Euclidean norm of each row, also where squares would underflow or overflow."""
    largest = np.abs(rows).max(axis=1, keepdims=True)
    scaled = rows / np.where(largest > 0, largest, 1.0)
    return np.asarray(largest[:, 0] * np.sqrt((scaled * scaled).sum(axis=1)))
