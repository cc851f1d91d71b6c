"""The certificate of a ticket: bounds carried from the inputs to the outputs, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from slth.certificate.attention import attention
from slth.certificate.linear import linear
from slth.certificate.state import TINY, UNIT, State, activated
from slth.constructions import Effective
from slth.networks import Attention, Domain, Flatten, Layer, LayerNorm, Linear, Network, Residual


@dataclass(frozen=True)
class Certificate:
    """What is proven of a ticket and its target on a domain.

    Attributes
    ----------
    error_bound : float
        No x of the domain has |ticket(x) - target(x)| above it, in any output, as computed in float64.
    weight_error : float
        max |effective weight - target weight| over all target weights and biases, both halves; of attention the merged matrices'. NaN where
        the layers of the ticket do not stand for those of the target; the two tuples are then empty.
    layer_bounds : tuple of float
        The same bound after each linear map of the target; of attention, bounds on scores and values.
    layer_weight_errors : tuple of float
        The same maximum for each linear map of the target.
    """

    error_bound: float
    weight_error: float
    layer_bounds: tuple[float, ...]
    layer_weight_errors: tuple[float, ...]


def certify(effective: Iterable[Effective], target: Network, domain: Domain) -> Certificate:
    """Bound the distance of the network that `effective` describes to `target` over `domain`.

    Time of a few evaluations of the target, and O(its weights); memory for a piece of `effective` at a time. Of sequences every position is
    within the domain, and where their length is not fixed the bound holds for any, rounding for up to
    `slth.certificate.attention.LONGEST` positions.

    Raises
    ------
    ValueError
        If the shapes or activations of the two do not agree, no bound is known for a kind of layer, or the bound is too large for a
        float64.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow shows in the result
        proven = _certify(effective, target, domain)
    if not np.isfinite([proven.error_bound, proven.weight_error]).all():
        raise ValueError(
            f"the error bound overflows float64 on {domain!r}: the weights or the domain are too large; scale them down"
        )
    return proven


def _certify(effective: Iterable[Effective], target: Network, domain: Domain) -> Certificate:
    found = _Found(_checked(effective, target), [], [])
    end = _through(target.layers, State.start(target, domain), found)
    for _ in found.pieces:  # there are no more: `_checked` says so
        pass
    return Certificate(
        float(end.error.max()), max(found.weight_errors, default=0.0), tuple(found.bounds), tuple(found.weight_errors)
    )


def enclosed(network: Network, domain: Domain) -> State:
    """Where the outputs of a network lie: low and high of the exact numbers, error of evaluating them, twice.

    Raises ValueError where no bound is known for a kind of layer.
    """
    found = _Found(map(Effective.of, network.linear), [], [])
    return _through(network.layers, State.start(network, domain), found)


@dataclass(frozen=True)
class _Found:
    """Pieces not yet used, and what each used one gave."""

    pieces: Iterator[Effective]
    bounds: list[float]
    weight_errors: list[float]


def _through(layers: Sequence[Layer], state: State, found: _Found) -> State:
    for layer in layers:
        if isinstance(layer, Residual):
            state = _residual(layer, state, found)
        elif isinstance(layer, Attention):
            pieces = [next(found.pieces) for _ in layer.form.forms]
            errors, bounds, state = attention(pieces, layer, state)
            found.weight_errors.extend(errors)
            found.bounds.extend(bounds)
        elif isinstance(layer, Linear):
            piece = next(found.pieces)
            error, state = linear(piece, layer, state)
            found.weight_errors.append(error)
            found.bounds.append(float(state.error.max()))
        else:
            state = _plain(layer, state)
    return state


def _plain(layer: Layer, state: State) -> State:
    """A layer without weights, the same in ticket and target."""
    low, high = layer.interval(state.low, state.high)
    slack = _slack(layer, state)
    floor = layer.interval(state.floor, np.full_like(state.floor, np.inf))[0]
    floor = np.where(np.isfinite(floor) & (floor != 0), floor - slack, floor)
    error = layer.moved(state.error, state.low, state.high)
    if isinstance(layer, Flatten):
        places = state.low.size // state.low.shape[-1]
        norm = None if state.norm is None else state.norm * math.sqrt(places) * (1 + 4 * UNIT)
        return State(low - slack, high + slack, floor, error, state.radius, norm)
    norm = layer.norm if isinstance(layer, LayerNorm) else None
    return State(low - slack, high + slack, floor, error, norm=norm)


def _slack(layer: Layer, state: State) -> float:
    """What rounding can move an output of a layer without weights."""
    size = float(np.maximum(np.abs(state.low), np.abs(state.high)).max() + state.error.max())
    return layer.rounded(state.low.shape) * UNIT * (size + 1.0)


def _residual(layer: Residual, state: State, found: _Found) -> State:
    body, shortcut = (_through(branch, state, found) for branch in (layer.body, layer.shortcut))
    low, high, floor = body.low + shortcut.low, body.high + shortcut.high, body.floor + shortcut.floor
    size = np.maximum(np.abs(low), np.abs(high))
    error = (body.error + shortcut.error) * (1 + 4 * UNIT)
    error = error + 4 * UNIT * (size + error)
    outward = 2 * UNIT * size + TINY
    return activated(layer.activation, State(low - outward, high + outward, floor, error))


def _checked(effective: Iterable[Effective], target: Network) -> Iterator[Effective]:
    """The pieces, each once its shape and activation are seen to be those of the target."""
    for i, (piece, layer) in enumerate(zip_longest(effective, target.linear)):
        mine = None if piece is None else (piece.positive.shape[1], len(piece.positive) // piece.copies)
        theirs = None if layer is None else (layer.form.columns, layer.form.rows)
        if mine != theirs:
            raise ValueError(
                f"the ticket stands for layers of other shapes: layer {i} is {mine or 'none'} (inputs, outputs), of the target "
                f"{theirs or 'none'}; give the target it was made for"
            )
        if piece.activation != layer.activation:
            raise ValueError(
                f"layer {i} of the ticket has activation {piece.activation!r}, of the target {layer.activation!r}"
            )
        yield piece
