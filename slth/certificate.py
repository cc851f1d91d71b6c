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

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.constructions import Effective
from slth.networks import Ball, Domain, Network

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
        The same bound after each target layer.
    layer_weight_errors : tuple of float
        The same maximum for each target layer.
    """

    error_bound: float
    weight_error: float
    layer_bounds: tuple[float, ...]
    layer_weight_errors: tuple[float, ...]


def certify(effective: Sequence[Effective], target: Network, domain: Domain) -> Certificate:
    """Bound the distance of the network that `effective` describes to `target` over `domain`.

    Time and memory O(weights of the target).

    Raises
    ------
    ValueError
        If the shapes or activations of the two do not agree, or the bound is too large for a float64.
    """
    _check_shapes(effective, target)
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow shows in the result
        proven = _certify(effective, target, domain)
    if not np.isfinite([proven.error_bound, proven.weight_error]).all():
        raise ValueError(
            f"the error bound overflows float64 on {domain!r}: the weights or the domain are too large; scale them down"
        )
    return proven


def _certify(effective: Sequence[Effective], target: Network, domain: Domain) -> Certificate:
    low, high = domain.lower, domain.upper
    error = np.zeros(domain.d)
    bounds, weight_errors = [], []
    for i, (piece, layer) in enumerate(zip(effective, target.layers, strict=True)):
        # both in the units of the layer's output
        s, t = piece.scale, layer.scale
        weight = t * layer.weight
        bias = np.zeros(layer.d_out) if layer.bias is None else t * layer.bias
        d_in = layer.d_in
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
        after_relu = i > 0 and target.layers[i - 1].activation == "relu"
        enters_negative = low < 0 if i == 0 else np.full(layer.d_in, not after_relu)
        enters_positive = (high > 0) | ~enters_negative
        weight_errors.append(
            max(
                float(d_positive[:, enters_positive].max(initial=0)),
                float(d_negative[:, enters_negative].max(initial=0)),
                float(d_bias.max()),
            )
        )
        # outward, so that every bound below holds for the exact numbers
        e_positive, e_negative = d_positive + slack_positive, d_negative + slack_negative

        radius = domain.radius if isinstance(domain, Ball) and i == 0 else None
        signed = (s * piece.positive - weight, s * piece.negative + weight, s * piece.bias - bias)
        at_target = _difference(signed, (slack_positive, slack_negative, slack_bias), low, high, radius)
        moved_low = np.maximum(low - error, 0) if after_relu else low - error
        moved_high = high + error
        at_ticket = _difference(signed, (slack_positive, slack_negative, slack_bias), moved_low, moved_high, None)
        steepest = np.maximum(
            np.where(moved_high > 0, np.abs(weight) + e_positive, 0),
            np.where(moved_low < 0, np.abs(weight) + e_negative, 0),
        )
        gap = np.minimum(at_target + steepest @ error, at_ticket + np.abs(weight) @ error) if i else at_target

        # rounding of the two evaluations themselves
        reach_low, reach_high = np.maximum(-moved_low, 0), np.maximum(moved_high, 0)
        size = np.maximum(np.abs(low), np.abs(high))
        ticket_gain = s * (piece.positive_gain @ reach_high + piece.negative_gain @ reach_low + piece.bias_gain)
        target_gain = np.abs(weight) @ size + np.abs(bias)
        gap = gap + gamma(k) * ticket_gain + gamma(d_in + 4) * target_gain + tiny

        # where the target's own numbers go, for the next layer
        centre, spread = 0.5 * (low + high), 0.5 * (high - low)
        if radius is None:
            reach = np.abs(weight) @ spread
        else:
            centre, reach = np.zeros(d_in), radius * _norms(weight)
        outward = gamma(4 * d_in + 20) * target_gain + tiny
        middle = weight @ centre + bias
        low, high = middle - reach - outward, middle + reach + outward

        # the sums above have at most a few d_in terms, all of one sign
        error = gap * (1 + gamma(8 * d_in + 40))
        if layer.activation == "relu":
            error = np.minimum(error, np.maximum(high + error, 0))
            low, high = np.maximum(low, 0), np.maximum(high, 0)
        bounds.append(float(error.max()))
    return Certificate(bounds[-1], max(weight_errors), tuple(bounds), tuple(weight_errors))


def _difference(
    signed: tuple[Array, Array, Array], slack: tuple[Array, Array, Array], low: Array, high: Array, radius: float | None
) -> Array:
    """sup |D_+ relu(x) + D_- relu(-x) + d| over low <= x <= high, or over the ball, for every output; `slack` is added on."""
    d_positive, d_negative, d_bias = signed
    up, down = np.maximum(high, 0), np.maximum(-low, 0)
    blur = slack[0] @ up + slack[1] @ down + slack[2]
    if radius is not None:
        # the slope that a coordinate adds to the largest, or takes from the smallest, value
        rising = np.maximum(np.maximum(d_positive, d_negative), 0)
        falling = np.maximum(np.maximum(-d_positive, -d_negative), 0)
        distance: Array = np.maximum(
            np.abs(d_bias + radius * _norms(rising)), np.abs(d_bias - radius * _norms(falling))
        )
        wide = np.abs(d_bias) + radius * np.maximum(_norms(rising), _norms(falling))
        return np.asarray(distance + gamma(4 * d_positive.shape[1] + 20) * wide + blur)
    # a coordinate contributes D_+ x for x > 0 and D_- |x| for x < 0: extreme at an end or at 0
    at_high = np.where(high >= 0, d_positive * up, d_negative * np.maximum(-high, 0))
    at_low = np.where(low <= 0, d_negative * down, d_positive * np.maximum(low, 0))
    inside = (low < 0) & (high > 0)
    top = np.maximum(at_high, at_low)
    bottom = np.minimum(at_high, at_low)
    top, bottom = np.where(inside, np.maximum(top, 0), top), np.where(inside, np.minimum(bottom, 0), bottom)
    # these sums may cancel: their rounding is bounded by the sums of absolute values
    magnitude = np.maximum(np.abs(top), np.abs(bottom)).sum(axis=1) + np.abs(d_bias)
    furthest = np.maximum(np.abs(top.sum(axis=1) + d_bias), np.abs(bottom.sum(axis=1) + d_bias))
    return np.asarray(furthest + gamma(top.shape[1] + 4) * magnitude + blur)


def _norms(rows: Array) -> Array:
    """Euclidean norm of each row, also where squares would underflow or overflow."""
    largest = np.abs(rows).max(axis=1, keepdims=True)
    scaled = rows / np.where(largest > 0, largest, 1.0)
    return np.asarray(largest[:, 0] * np.sqrt((scaled * scaled).sum(axis=1)))


def _check_shapes(effective: Sequence[Effective], target: Network) -> None:
    mine = [tuple(int(d) for d in piece.positive.shape[::-1]) for piece in effective]
    theirs = [(layer.d_in, layer.d_out) for layer in target.layers]
    if mine != theirs:
        raise ValueError(
            f"the ticket stands for layers {mine} (inputs, outputs), the target has {theirs}; give the target it was made for"
        )
    for i, (piece, layer) in enumerate(zip(effective, target.layers, strict=True)):
        if piece.activation != layer.activation:
            raise ValueError(
                f"layer {i} of the ticket has activation {piece.activation!r}, of the target {layer.activation!r}"
            )


def tolerances(target: Network, domain: Domain, epsilon: float) -> tuple[float, ...]:
    """Per-weight tolerances, one a layer, that together keep the certified bound within `epsilon`.

    As in Pensia et al. (theory: section 13.6): every layer gets the share epsilon / L of the budget. A layer whose weights and biases are
    all within tau adds at most tau (sum of |x_i| + 1) to each of its outputs, which the absolute weights of the layers above carry to
    the network's output; tau makes that its share. Not finite, or 0, where float64 does not reach.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _shares(target, domain, epsilon)


def _shares(target: Network, domain: Domain, epsilon: float) -> tuple[float, ...]:
    layers = target.layers
    low, high = domain.lower, domain.upper
    magnitudes = []  # bound on sum_i |x_i| + 1 at the target's input of each layer
    for layer in layers:
        magnitudes.append(float(np.maximum(np.abs(low), np.abs(high)).sum()) + 1.0)
        weight = layer.scale * layer.weight
        bias = 0 if layer.bias is None else layer.scale * layer.bias
        middle, reach = weight @ (0.5 * (low + high)) + bias, np.abs(weight) @ (0.5 * (high - low))
        low, high = middle - reach, middle + reach
        if layer.activation == "relu":
            low, high = np.maximum(low, 0), np.maximum(high, 0)
    carried = []  # largest sum of absolute path weights from a layer's neurons to one output
    paths: Array = np.eye(layers[-1].d_out)
    for layer in reversed(layers):
        carried.append(max(float(paths.sum(axis=1).max()), 1e-30))
        paths = paths @ np.abs(layer.scale * layer.weight)
    carried.reverse()
    share = 0.999 * epsilon / len(layers)
    result = [0.0] * len(layers)
    drift = [0.0] * len(layers)  # sum_i |x'_i - x_i| at each layer's input
    for _ in range(4):
        result = [share / (c * (m + d)) for c, m, d in zip(carried, magnitudes, drift, strict=True)]
        error = np.zeros(domain.d)
        for i, layer in enumerate(layers):
            drift[i] = float(error.sum())
            error = np.abs(layer.scale * layer.weight) @ error + result[i] * (magnitudes[i] + drift[i])
    return tuple(result)
