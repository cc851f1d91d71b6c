"""A rigorous bound on how far a pruned random network is from its target over a whole domain, rounding included.

Layer by layer (theory: the error propagation of the network theorems, with actual weights in place of norms at most 1). Let x be the
target's input to a layer, x' the ticket's, |x' - x| <= e, and let x range over a box [low, high] known to hold it. With the target's
y = W x + b and the ticket's y' = P relu(x') + N relu(-x') + c,

    |y' - y| <= sup |(P - W) relu(x) + (N + W) relu(-x) + c - b| + max(|P|, |N|) e        (difference at x, ticket moves)
    |y' - y| <= sup |(P - W) relu(x') + (N + W) relu(-x') + c - b| + |W| e                (difference at x', target moves)

and the smaller of the two is taken for each neuron. The supremum over a box is exact, coordinate by coordinate, and over the
l2 ball, where it is the larger of |d + r norm(max(D+, D-, 0))| and |d - r norm(max(-D+, -D-, 0))|, with D+ = P - W, D- = N + W and
d = c - b. ReLU moves no two numbers apart, and none at all where both stay negative. To this are added the rounding errors of evaluating
the ticket and the target in float64, each bounded by gamma_k = k u / (1 - k u) times the sums of absolute values (Higham 2002, section
3.1; any order of summation), and the computation of the bound itself is covered in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.constructions import Effective
from slth.networks import Ball, Domain, Elementwise, Flatten, Form, Layer, Linear, Network, Residual
from slth.networks.activations import activation

Array = NDArray[np.float64]
UNIT = 2.0**-53  # unit roundoff of float64
TINY = 1e-290  # more than any number of underflows adds up to


def gamma(k: int) -> float:
    """Bound on the relative error of k roundings in a row: k u / (1 - k u)."""
    return k * UNIT / (1 - k * UNIT)


@dataclass(frozen=True)
class Certificate:
    """What is proven of a ticket and its target on a domain.

    Attributes
    ----------
    error_bound : float
        No x of the domain has |ticket(x) - target(x)| above it, in any output, as computed in float64.
    weight_error : float
        max |effective weight - target weight| over all target weights and biases, both halves.
    layer_bounds : tuple of float
        The same bound after each linear layer of the target.
    layer_weight_errors : tuple of float
        The same maximum for each linear layer of the target.
    """

    error_bound: float
    weight_error: float
    layer_bounds: tuple[float, ...]
    layer_weight_errors: tuple[float, ...]


def certify(effective: Sequence[Effective], target: Network, domain: Domain) -> Certificate:
    """Bound the distance of the network that `effective` describes to `target` over `domain`.

    Time and memory of a few evaluations of the target, and O(its weights).

    Raises
    ------
    ValueError
        If the shapes or activations of the two do not agree, no bound is known for a kind of layer, or the bound is too large for a
        float64.
    """
    _check_shapes(effective, target)
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow shows in the result
        proven = _certify(effective, target, domain)
    if not np.isfinite([proven.error_bound, proven.weight_error]).all():
        raise ValueError(
            f"the error bound overflows float64 on {domain!r}: the weights or the domain are too large; scale them down"
        )
    return proven


@dataclass(frozen=True)
class _State:
    """What is known of the numbers between two layers, arrays of their shape.

    Attributes
    ----------
    low, high
        Where the target's lie.
    floor
        Below which neither the target's nor the ticket's ever lie, whatever the error; -inf for nothing known.
    error
        How far the ticket's are from the target's.
    radius
        Of the l2 ball that the numbers fill, if that is what they do.
    """

    low: Array
    high: Array
    floor: Array
    error: Array
    radius: float | None = None


def _certify(effective: Sequence[Effective], target: Network, domain: Domain) -> Certificate:
    shape = tuple(d for d in target.shapes[0] if d is not None)
    low, high = domain.lower.reshape(shape), domain.upper.reshape(shape)
    start = _State(low, high, low, np.zeros(shape), domain.radius if isinstance(domain, Ball) else None)
    found = _Found(iter(effective), [], [])
    end = _through(target.layers, start, found)
    return Certificate(
        float(end.error.max()), max(found.weight_errors, default=0.0), tuple(found.bounds), tuple(found.weight_errors)
    )


@dataclass(frozen=True)
class _Found:
    """Pieces not yet used, and what each used one gave."""

    pieces: Iterator[Effective]
    bounds: list[float]
    weight_errors: list[float]


def _through(layers: Sequence[Layer], state: _State, found: _Found) -> _State:
    for layer in layers:
        if isinstance(layer, Residual):
            state = _residual(layer, state, found)
        elif isinstance(layer, Linear):
            piece = next(found.pieces)
            error, state = _linear(piece, layer, state)
            found.weight_errors.append(error)
            found.bounds.append(float(state.error.max()))
        else:
            state = _plain(layer, state)
    return state


def _plain(layer: Layer, state: _State) -> _State:
    """A layer without weights, the same in ticket and target."""
    low, high = layer.interval(state.low, state.high)
    slack = _slack(layer, state)
    floor = layer.interval(state.floor, np.full_like(state.floor, np.inf))[0]
    floor = np.where(np.isfinite(floor) & (floor != 0), floor - slack, floor)
    error = layer.moved(state.error, state.low, state.high)
    radius = state.radius if isinstance(layer, Flatten) else None
    return _State(low - slack, high + slack, floor, error, radius)


def _slack(layer: Layer, state: _State) -> float:
    """What rounding can move an output of a layer without weights."""
    size = float(np.maximum(np.abs(state.low), np.abs(state.high)).max() + state.error.max())
    return layer.rounded * UNIT * (size + 1.0)


def _residual(layer: Residual, state: _State, found: _Found) -> _State:
    body, shortcut = (_through(branch, state, found) for branch in (layer.body, layer.shortcut))
    low, high, floor = body.low + shortcut.low, body.high + shortcut.high, body.floor + shortcut.floor
    size = np.maximum(np.abs(low), np.abs(high))
    error = (body.error + shortcut.error) * (1 + 4 * UNIT)
    error = error + 4 * UNIT * (size + error)
    outward = 2 * UNIT * size + TINY
    return _activated(layer.activation, _State(low - outward, high + outward, floor, error))


def _activated(name: str, state: _State) -> _State:
    """An activation, the same in ticket and target."""
    function = Elementwise(name)
    slack = 0.0 if name in ("relu", "identity") else 64 * UNIT
    low, high = function.interval(state.low, state.high)
    floor = function.interval(state.floor, np.full_like(state.floor, np.inf))[0]
    error = function.moved(state.error, state.low, state.high)
    return _State(low - slack * (np.abs(low) + 1), high + slack * (np.abs(high) + 1), floor - slack, error)


def _linear(piece: Effective, layer: Linear, state: _State) -> tuple[float, _State]:
    """A linear layer: the largest error of its weights, and what is known behind it."""
    form, low, high, error = layer.form, state.low, state.high, state.error
    # both in the units of the layer's output
    s, t = piece.scale, layer.scale
    weight = t * layer.matrix
    bias = np.zeros(form.outputs) if layer.bias is None else t * layer.bias
    many = form.columns * form.window  # terms of an output
    k = piece.terms + 8
    # computed entries against exact ones: sums of at most `terms` products, a scale, a difference
    d_positive = np.abs(s * piece.positive - weight) * (1 + 4 * UNIT)
    d_negative = np.abs(s * piece.negative + weight) * (1 + 4 * UNIT)
    d_bias = np.abs(s * piece.bias - bias) * (1 + 4 * UNIT)
    tiny = TINY * max(1.0, s, t)
    slack_positive = gamma(k) * s * piece.positive_gain + 4 * UNIT * np.abs(weight) + tiny
    slack_negative = gamma(k) * s * piece.negative_gain + 4 * UNIT * np.abs(weight) + tiny
    slack_bias = gamma(k) * s * piece.bias_gain + 4 * UNIT * np.abs(bias) + tiny
    # the halves that a target weight has: which numbers its input can be by the domain or the activation before it
    places = tuple(range(1, low.ndim))
    enters_negative = (state.floor < 0).any(axis=places)
    enters_positive = (high > 0).any(axis=places) | ~enters_negative
    weight_error = max(
        float(d_positive[:, enters_positive].max(initial=0)),
        float(d_negative[:, enters_negative].max(initial=0)),
        float(d_bias.max()),
    )
    # outward, so that every bound below holds for the exact numbers
    e_positive, e_negative = d_positive + slack_positive, d_negative + slack_negative

    signed = (s * piece.positive - weight, s * piece.negative + weight, s * piece.bias - bias)
    slacks = (slack_positive, slack_negative, slack_bias)
    at_target = _difference(form, signed, slacks, low, high, state.radius)
    moved_low, moved_high = np.maximum(low - error, state.floor), high + error
    gap = at_target
    if error.any():
        at_ticket = _difference(form, signed, slacks, moved_low, moved_high, None)
        steepest = (np.abs(weight) + e_positive, np.abs(weight) + e_negative)
        gap = np.minimum(
            at_target + _carried(form, steepest, error, moved_low, moved_high),
            at_ticket + form.act(np.abs(weight), error),
        )

    # rounding of the two evaluations themselves
    reach_low, reach_high = np.maximum(-moved_low, 0), np.maximum(moved_high, 0)
    size = np.maximum(np.abs(low), np.abs(high))
    ticket_gain = s * (
        form.act(piece.positive_gain, reach_high)
        + form.act(piece.negative_gain, reach_low)
        + form.spread(piece.bias_gain)
    )
    target_gain = form.act(np.abs(weight), size) + form.spread(np.abs(bias))
    gap = gap + gamma(k) * ticket_gain + gamma(many + 4) * target_gain + tiny

    # where the target's own numbers go, for the next layer
    centre, spread = 0.5 * (low + high), 0.5 * (high - low)
    if state.radius is None or low.ndim > 1:
        reach = form.act(np.abs(weight), spread)
    else:
        centre, reach = np.zeros(low.shape), state.radius * _norms(weight)
    outward = gamma(4 * many + 20) * target_gain + tiny
    middle = form.act(weight, centre) + form.spread(bias)

    # the sums above have at most a few times `many` terms, all of one sign
    error = gap * (1 + gamma(8 * many + 40))
    unknown = np.full(error.shape, -np.inf)
    return weight_error, _activated(
        layer.activation, _State(middle - reach - outward, middle + reach + outward, unknown, error)
    )


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
    """sup |D_+ relu(x) + D_- relu(-x) + d| over low <= x <= high, or over the ball, for every output; `slack` is added on."""
    d_positive, d_negative, d_bias = signed
    up, down = np.maximum(high, 0), np.maximum(-low, 0)
    blur = form.act(slack[0], up) + form.act(slack[1], down) + form.spread(slack[2])
    if radius is not None and low.ndim == 1:
        # the slope that a coordinate adds to the largest, or takes from the smallest, value
        rising = np.maximum(np.maximum(d_positive, d_negative), 0)
        falling = np.maximum(np.maximum(-d_positive, -d_negative), 0)
        distance: Array = np.maximum(
            np.abs(d_bias + radius * _norms(rising)), np.abs(d_bias - radius * _norms(falling))
        )
        wide = np.abs(d_bias) + radius * np.maximum(_norms(rising), _norms(falling))
        return np.asarray(distance + gamma(4 * d_positive.shape[1] + 20) * wide + blur)
    one = low.reshape(len(low), -1)[:, 0], high.reshape(len(high), -1)[:, 0]
    if all((x.reshape(len(x), -1) == first[:, None]).all() for x, first in zip((low, high), one, strict=True)):
        top, bottom = _extremes(d_positive, d_negative, *one)
        ones = np.ones(low.shape)  # a border of zeros stays one
        above, below = form.act(top, ones), form.act(bottom, ones)
        magnitude = form.act(np.maximum(np.abs(top), np.abs(bottom)), ones)
    else:
        above, below, magnitude = _separate(form, d_positive, d_negative, low, high)
    # these sums may cancel: their rounding is bounded by the sums of absolute values
    shift = form.spread(d_bias)
    furthest = np.maximum(np.abs(above + shift), np.abs(below + shift))
    return np.asarray(furthest + gamma(6 * d_positive.shape[1] * form.window + 10) * (magnitude + np.abs(shift)) + blur)


def _extremes(d_positive: Array, d_negative: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Largest and smallest of D_+ relu(x) + D_- relu(-x), entry by entry of the matrices, for low <= x <= high of its column."""
    # D_+ x for x > 0 and D_- |x| for x < 0: extreme at an end or at 0
    at_high = np.where(high >= 0, d_positive * np.maximum(high, 0), d_negative * np.maximum(-high, 0))
    at_low = np.where(low <= 0, d_negative * np.maximum(-low, 0), d_positive * np.maximum(low, 0))
    inside = (low < 0) & (high > 0)
    top, bottom = np.maximum(at_high, at_low), np.minimum(at_high, at_low)
    return np.where(inside, np.maximum(top, 0), top), np.where(inside, np.minimum(bottom, 0), bottom)


def _separate(form: Form, d_positive: Array, d_negative: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Bounds of the sums where every place of an image has bounds of its own: exact where none changes sign, else up to twice too wide."""
    parts = [np.maximum(sign * matrix, 0) for matrix in (d_positive, d_negative) for sign in (1, -1)]
    most_up, least_up = np.maximum(high, 0), np.maximum(low, 0)
    most_down, least_down = np.maximum(-low, 0), np.maximum(-high, 0)
    above = (
        form.act(parts[0], most_up)
        - form.act(parts[1], least_up)
        + form.act(parts[2], most_down)
        - form.act(parts[3], least_down)
    )
    below = (
        form.act(parts[0], least_up)
        - form.act(parts[1], most_up)
        + form.act(parts[2], least_down)
        - form.act(parts[3], most_down)
    )
    magnitude = form.act(np.abs(d_positive), most_up) + form.act(np.abs(d_negative), most_down)
    return above, below, 2 * magnitude


def _norms(rows: Array) -> Array:
    """Euclidean norm of each row, also where squares would underflow or overflow."""
    largest = np.abs(rows).max(axis=1, keepdims=True)
    scaled = rows / np.where(largest > 0, largest, 1.0)
    return np.asarray(largest[:, 0] * np.sqrt((scaled * scaled).sum(axis=1)))


def _check_shapes(effective: Sequence[Effective], target: Network) -> None:
    mine = [tuple(int(d) for d in piece.positive.shape[::-1]) for piece in effective]
    theirs = [(form.columns, form.rows) for form in target.forms]
    if mine != theirs:
        raise ValueError(
            f"the ticket stands for layers {mine} (inputs, outputs), the target has {theirs}; give the target it was made for"
        )
    for i, (piece, layer) in enumerate(zip(effective, target.linear, strict=True)):
        if piece.activation != layer.activation:
            raise ValueError(
                f"layer {i} of the ticket has activation {piece.activation!r}, of the target {layer.activation!r}"
            )


def tolerances(target: Network, domain: Domain, epsilon: float) -> tuple[float, ...]:
    """Per-weight tolerances, one a linear layer, that together keep the certified bound within `epsilon`.

    As in Pensia et al. (theory: section 13.6): every layer gets the share epsilon / L of the budget. A layer whose weights and biases are
    all within tau adds at most tau (sum of |x_i| + 1) to each of its outputs, which the absolute weights of the layers above carry to
    the network's output; tau makes that its share. Not finite, or 0, where float64 does not reach.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _shares(target, domain, epsilon)


def _shares(target: Network, domain: Domain, epsilon: float) -> tuple[float, ...]:
    count = len(target.linear)
    start = _Flow(domain.lower.reshape(target.shapes[0]), domain.upper.reshape(target.shapes[0]), None)  # type: ignore[arg-type]
    carried = []
    for i in range(count):
        unit = [0.0] * count
        unit[i] = 1.0
        end = _flow(target.layers, start, _Injected(unit, None, [], iter(range(count))))
        carried.append(max(float(end.moved().max()), 1e-30))
    share = 0.999 * epsilon / count
    result = [0.0] * count
    for _ in range(4):
        injected = _Injected([0.0] * count, result, [], iter(range(count)))
        _flow(target.layers, start, injected)
        result = [share / (c * reach) for c, reach in zip(carried, injected.reaches, strict=True)]
    return tuple(result)


@dataclass(frozen=True)
class _Flow:
    """Bounds of the target's numbers, and how far an error made so far has moved them (None: not at all)."""

    low: Array
    high: Array
    error: Array | None

    def moved(self) -> Array:
        return np.zeros(self.low.shape) if self.error is None else self.error


@dataclass(frozen=True)
class _Injected:
    """Errors that linear layers make: `unit` on every output, or `tolerance` on every weight; `reaches` gathers sum |x'_i| + 1."""

    unit: list[float]
    tolerance: list[float] | None
    reaches: list[float]
    count: Iterator[int]


def _flow(layers: Sequence[Layer], state: _Flow, injected: _Injected) -> _Flow:
    for layer in layers:
        if isinstance(layer, Residual):
            one, two = (_flow(branch, state, injected) for branch in (layer.body, layer.shortcut))
            summed = _Flow(one.low + two.low, one.high + two.high, one.moved() + two.moved())
            state = _flow((Elementwise(layer.activation),), summed, injected)
        elif isinstance(layer, Linear):
            i, form = next(injected.count), layer.form
            weight = layer.scale * layer.matrix
            bias = np.zeros(form.outputs) if layer.bias is None else layer.scale * layer.bias
            size = np.maximum(np.abs(state.low), np.abs(state.high)) + state.moved()
            reach = form.reach(size) + 1.0
            injected.reaches.append(reach)
            middle = form.act(weight, 0.5 * (state.low + state.high)) + form.spread(bias)
            spread = form.act(np.abs(weight), 0.5 * (state.high - state.low))
            made = injected.unit[i] + (0.0 if injected.tolerance is None else injected.tolerance[i] * reach)
            error = None
            if state.error is not None or made:
                error = made + (
                    form.act(np.abs(weight), state.moved()) if state.error is not None else np.zeros(middle.shape)
                )
            low, high = activation(layer.activation).interval(middle - spread, middle + spread)
            steepest = activation(layer.activation).lipschitz
            state = _Flow(low, high, None if error is None else steepest * error)
        else:
            low, high = layer.interval(state.low, state.high)
            error = None if state.error is None else layer.moved(state.error, state.low, state.high)
            state = _Flow(low, high, error)
    return state
