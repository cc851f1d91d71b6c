"""Second-layer weights moved by at most c, so that every target weight is met as closely as that allows.

Of one target weight let S be the kept candidates, v_k their weights of the second layer, g_k = |u_k| > 0 what their neurons hand over,
r what the weight (over the scale) misses, and G the sum of g_k over S. With movements |d_k| <= c the sum moves by sum g_k d_k, which takes
every value of [-c G, c G] and no other. So the least error is max(0, |r| - c G). It is met by d_k = d for all k, with d = r / G cut off
at -c and c; where |r| <= c G nothing is left, and since |r| = |sum g_k d_k| <= G max |d_k|, no other movement that leaves nothing has a
smaller maximum. Different target weights have second-layer weights of their own, so that all are met at once, but for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Effective, Masks
from slth.constructions.two_layer.deal import row_blocks
from slth.constructions.two_layer.effective import handed_over
from slth.networks import Linear, RandomSource

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moves:
    """How far the kept second-layer weights of one target layer move, in the direction in which they raise the weight they serve.

    Attributes
    ----------
    groups : (rows, 2 columns + 1) float64
        Of those behind each entry: positive halves, negative halves, constants.
    own : (outputs,) float64
        Of the output's own bias, where it is kept.
    feeds, signs : (hidden,) int64
        Column of `groups` and sign of each neuron; -1 and 0 for those that hand nothing over.
    """

    groups: Floats
    own: Floats
    feeds: NDArray[np.int64]
    signs: NDArray[np.int64]


def best_moves(source: RandomSource, masks: Masks, first: int, piece: Effective, layer: Linear, c: float) -> Moves:
    """The best movements for one target layer, which source layers `first` and `first` + 1 stand for."""
    form = layer.form
    handover = handed_over(source, masks, first, form)
    sizes = abs(handover)
    hidden, d_in = source.shapes[first]
    gains = np.empty((form.rows, 2 * d_in + 1))
    for rows in row_blocks(form.rows, hidden):
        kept = np.unpackbits(masks.weights[first + 1][rows], axis=1, count=hidden)
        gains[rows] = np.asarray(kept.astype(np.float64) @ sizes)
    wanted = layer.matrix * (layer.scale / piece.scale)
    groups = np.zeros((form.rows, 2 * d_in + 1))
    groups[:, :d_in] = _shares(wanted - piece.positive, gains[:, :d_in], c)
    groups[:, d_in:-1] = _shares(-wanted - piece.negative, gains[:, d_in:-1], c)
    own = np.zeros(form.outputs)
    if layer.bias is not None:
        kept_own = masks.biases[first + 1]
        assert kept_own is not None
        missed = layer.bias * (layer.scale / piece.scale) - piece.bias
        shares = _shares(missed, gains[form.bias_rows, -1] + kept_own, c)
        groups[form.bias_rows, -1], own = shares, shares * kept_own
    feeds, signs = np.full(hidden, -1), np.zeros(hidden, np.int64)
    neuron, column = handover.nonzero()
    feeds[neuron], signs[neuron] = column, np.sign(handover.data[handover.data != 0]).astype(np.int64)
    return Moves(groups, own, feeds, signs)


def _shares(missed: Floats, gains: Floats, c: float) -> Floats:
    """The movement of each candidate: what is missed over the sum of the gains, within c; 0 where nothing is kept."""
    with np.errstate(over="ignore"):  # it is cut off all the same
        share = np.divide(missed, gains, out=np.zeros_like(missed), where=gains > 0)
    return np.clip(share, -c, c)


class MovedSource(RandomSource):
    """A random network of which kept second-layer weights and biases are moved."""

    __hash__ = object.__hash__

    def __init__(self, source: RandomSource, masks: Masks, moves: tuple[Moves, ...], c: float) -> None:
        super().__init__(source.seed, source.law, source.shape, source.bias, source.edges)
        object.__setattr__(self, "_masks", masks)
        object.__setattr__(self, "_moves", moves)
        object.__setattr__(self, "_c", c)

    _masks: Masks
    _moves: tuple[Moves, ...]
    _c: float

    def __eq__(self, other: object) -> bool:
        return self is other

    def weight_rows(self, layer: int, start: int, stop: int) -> Floats:
        rows = super().weight_rows(layer, start, stop)
        if layer % 2 == 0:
            return rows
        move = self._moves[layer // 2]
        kept = np.unpackbits(self._masks.weights[layer][start:stop], axis=1, count=rows.shape[1])
        row, neuron = np.nonzero(kept)
        by = move.groups[start + row, move.feeds[neuron]] * move.signs[neuron]
        rows[row, neuron] = _shifted(rows[row, neuron], by, self._c)
        return rows

    def bias_rows(self, layer: int, start: int, stop: int) -> Floats:
        biases = super().bias_rows(layer, start, stop)
        return biases if layer % 2 == 0 else _shifted(biases, self._moves[layer // 2].own[start:stop], self._c)


def _shifted(values: Floats, by: Floats, c: float) -> Floats:
    """values + by in float64, and no further than c from the values, in real arithmetic.

    If the exact difference were above c, the rounded one would be at least c, since rounding is monotone and c a float64.
    """
    inside = np.nextafter(c, 0.0)
    moved = values + by
    for _ in range(2):
        moved = np.where(np.abs(moved - values) > inside, np.nextafter(moved, values), moved)
    return np.where(np.abs(moved - values) > inside, values, moved)
