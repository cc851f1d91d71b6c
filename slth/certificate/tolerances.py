"""From a budget for the whole network to the errors that its weights may have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from slth.certificate.linear import by_outputs, norms, side_by_side
from slth.certificate.state import Array
from slth.networks import Attention, Domain, Elementwise, Layer, LayerNorm, Linear, Network, Residual, Softmax
from slth.networks.activations import activation
from slth.networks.layers import DenseForm
from slth.spool import slices

_HALVINGS = 60
_BLOCK = 1 << 19  # entries of a matrix looked at together


def tolerances(target: Network, domain: Domain, epsilon: float) -> tuple[float, ...]:
    """Per-weight tolerances, one a linear map, that together keep the certified bound within `epsilon`.

    As in Pensia et al.: every map gets the share epsilon / L of the budget. A map whose weights and biases are
    all within tau adds at most tau (sum of |x_i| + 1) to each of its outputs, which the absolute weights of the layers above carry to
    the network's output; tau makes that its share. Attention and normalisation do not carry errors in proportion: there the shares are
    found by iteration, and scaled down until they keep to the budget together. Not finite, or 0, where float64 does not reach.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _shares(target, domain, epsilon)


def _shares(target: Network, domain: Domain, epsilon: float) -> tuple[float, ...]:
    count = len(target.linear)
    start = _Flow(*target.ends(domain), None)
    share = 0.999 * epsilon / count
    proportional = not any(_curved(target.layers))

    def carried(i: int, made: float) -> float:
        unit = [0.0] * count
        unit[i] = made
        end = _flow(target.layers, start, _Injected(unit, None, [], iter(range(count))))
        return max(float(end.moved().max()) / made, 1e-30)

    factors = [carried(i, 1.0 if proportional else share) for i in range(count)]
    if not proportional:
        # an error is carried further in proportion the smaller it is, or the larger
        factors = [max(c, carried(i, max(share / c, 1e-290))) for i, c in enumerate(factors)]
    result = [0.0] * count
    for _ in range(4):
        injected = _Injected([0.0] * count, result, [], iter(range(count)))
        _flow(target.layers, start, injected)
        result = [share / (c * reach) for c, reach in zip(factors, injected.reaches, strict=True)]
    for _ in range(0 if proportional else _HALVINGS):
        together = _flow(target.layers, start, _Injected([0.0] * count, result, [], iter(range(count))))
        if float(together.moved().max()) <= 0.999 * epsilon:
            break
        result = [tau / 2 for tau in result]
    return tuple(result)


def _curved(layers: Sequence[Layer]) -> Iterator[bool]:
    """Of each layer whether it carries errors otherwise than in proportion."""
    for layer in layers:
        if isinstance(layer, Residual):
            yield from _curved((*layer.body, *layer.shortcut))
        else:
            yield isinstance(layer, Attention | LayerNorm | Softmax)


@dataclass(frozen=True)
class _Flow:
    """Bounds of the target's numbers, how far an error made so far has moved them (None: not at all), and `State.norm`."""

    low: Array
    high: Array
    error: Array | None
    norm: float | None = None

    def moved(self) -> Array:
        return np.zeros(self.low.shape) if self.error is None else self.error

    def total(self) -> float:
        """The largest sum of absolute values at a place, of the ticket's numbers."""
        moved = self.moved()
        box = float((np.maximum(np.abs(self.low), np.abs(self.high)) + moved).sum(axis=-1).max())
        if self.norm is None:
            return box
        return min(box, math.sqrt(self.low.shape[-1]) * self.norm + float(moved.sum(axis=-1).max()))


@dataclass(frozen=True)
class _Injected:
    """Errors that linear layers make: `unit` on every output, or `tolerance` on every weight; `reaches` gathers sum |x'_i| + 1."""

    unit: list[float]
    tolerance: list[float] | None
    reaches: list[float]
    count: Iterator[int]

    def made(self, reach: float) -> float:
        """The error that the next map makes, whose weights act on so much."""
        i = next(self.count)
        self.reaches.append(reach)
        return self.unit[i] + (0.0 if self.tolerance is None else self.tolerance[i] * reach)


def _flow(layers: Sequence[Layer], state: _Flow, injected: _Injected) -> _Flow:
    for layer in layers:
        if isinstance(layer, Residual):
            one, two = (_flow(branch, state, injected) for branch in (layer.body, layer.shortcut))
            summed = _Flow(one.low + two.low, one.high + two.high, one.moved() + two.moved())
            state = _flow((Elementwise(layer.activation),), summed, injected)
        elif isinstance(layer, Attention):
            state = _attended(layer, state, injected)
        elif isinstance(layer, Linear):
            form = layer.form
            size = np.maximum(np.abs(state.low), np.abs(state.high)) + state.moved()
            made = injected.made((state.total() if isinstance(form, DenseForm) else form.reach(size)) + 1.0)
            parts = [_behind(part, state) for _, part in by_outputs(layer)] or [_behind(layer, state)]
            # large layers come in parts, of some outputs each
            low, high, carried = (
                side_by_side(layer, ends) if len(parts) > 1 else ends[0] for ends in zip(*parts, strict=True)
            )
            low, high = activation(layer.activation).interval(low, high)
            error = made + carried if state.error is not None or made else None
            steepest = activation(layer.activation).lipschitz
            state = _Flow(low, high, None if error is None else steepest * error)
        else:
            low, high = layer.interval(state.low, state.high)
            error = None if state.error is None else layer.moved(state.error, state.low, state.high)
            state = _Flow(low, high, error, layer.norm if isinstance(layer, LayerNorm) else None)
    return state


def _behind(layer: Linear, state: _Flow) -> tuple[Array, Array, Array]:
    """Bounds of what a linear layer puts out before its activation, and how far it carries the error so far."""
    form, weight = layer.form, layer.scale * layer.matrix
    bias = np.zeros(form.outputs) if layer.bias is None else layer.scale * layer.bias
    middle = form.act(weight, 0.5 * (state.low + state.high)) + form.spread(bias)
    size = np.abs(weight, out=weight)
    spread = form.act(size, 0.5 * (state.high - state.low))
    carried = np.zeros(middle.shape) if state.error is None else form.act(size, state.error)
    return middle - spread, middle + spread, carried


def _attended(layer: Attention, state: _Flow, injected: _Injected) -> _Flow:
    """As in `slth.certificate.attention`, without rounding."""
    low, high, error = state.low.min(axis=0), state.high.max(axis=0), state.moved().max(axis=0)
    total, half = state.total(), 0.5 * (high - low)
    maps = layer.maps
    ends_low, ends_high, carried = (np.zeros(layer.d_out) for _ in range(3))
    centre = 0.5 * (low + high)
    for scores, values in zip(maps[::2], maps[1::2], strict=True):
        affine = scores.form.rows > layer.d_in
        slope, spread, reached = np.zeros((3, layer.d_in))
        for here in slices(scores.form.rows, max(1, _BLOCK // layer.d_in)):
            a = scores.scale * scores.matrix[here]
            slope += (np.append(centre, 1.0) if affine else centre)[here] @ a
            a = np.abs(a, out=a)
            spread += (np.append(half + error, 0.0) if affine else half + error)[here] @ a
            reached += (np.append(error, 0.0) if affine else error)[here] @ a
        slope = np.abs(slope) + spread
        made = injected.made((total + affine) * total + 1.0)
        e = made + reached @ half + slope @ error
        made = injected.made(total + 1.0)
        parts = []
        for here in slices(layer.d_out, max(1, _BLOCK // layer.d_in)):
            b = values.scale * values.matrix[here]
            bias = 0.0 if values.bias is None else values.scale * values.bias[here]
            reach = np.abs(b) @ half if state.norm is None else np.minimum(np.abs(b) @ half, state.norm * norms(b))
            parts.append((b @ centre + bias - reach, b @ centre + bias + reach, np.abs(b) @ error, reach))
        least, most, moving, reach = (np.concatenate(part) for part in zip(*parts, strict=True))
        ends_low, ends_high = ends_low + least, ends_high + most
        carried = carried + made + moving + 2 * np.tanh(0.5 * e) * reach
    shape = len(state.low), layer.d_out
    moved = np.broadcast_to(carried, shape) if carried.any() else None
    return _Flow(np.broadcast_to(ends_low, shape), np.broadcast_to(ends_high, shape), moved)
