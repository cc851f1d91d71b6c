"""The first target layer in copies: two source layers, with any activation between them (`slth.constructions.near_zero`)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.constructions.extra_layer.offsets import Offsets, dead_neurons
from slth.constructions.near_zero import NearZero
from slth.constructions.two_layer.deal import Deal, row_blocks
from slth.constructions.two_layer.piece import Piece
from slth.constructions.two_layer.rules import Rule
from slth.networks import Dense, RandomSource

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def deal_of(
    source: RandomSource, width: int, above: Bools, below: Bools, most: int, near_zero: NearZero
) -> tuple[Deal, NDArray[np.int64]]:
    """Which neuron of the inserted layer serves what, and which stay without input where phi(0) != 0."""
    value = near_zero.lines.value
    spared = dead_neurons(width * above.size) if value else 0
    deal = Deal.of(source, 0, width, above, below, source.has_bias(0), most, near_zero.halved, spared)
    dead = deal.reserve[deal.reserve.size - min(spared, deal.reserve.size) :]
    if value:
        deal = replace(deal, reserve=deal.reserve[: deal.reserve.size - dead.size])
    worth = near_zero.worth((above & below)[deal.inputs])
    gains = deal.gains.copy()
    gains[: worth.size] *= worth[:, None]
    return replace(deal, gains=gains, worth=worth), dead


def first_layer(
    layer: Dense,
    source: RandomSource,
    made: int,
    constants: int,
    dealt: tuple[Deal, NDArray[np.int64]],
    near_zero: NearZero,
    asked: bool,
    reach: Floats,
    rule: Rule,
) -> tuple[Piece, NearZero, Offsets | None]:
    """The piece, the scale that goes with it, and what takes back phi(0) if that is not 0.

    `made` copies of each neuron; behind a scale far from 1 an output's own bias is out of proportion, and so many `constants` of the next
    layer are rows without weights whose bias is to be 1, as in the paper.
    """
    deal, dead = dealt
    weight = _repeated(layer.weight, made, constants if near_zero.curved else 0)
    bias = None if layer.bias is None else np.repeat(layer.bias, made)
    if not near_zero.curved:
        return Piece(Dense(weight, bias, layer.activation, layer.scale), source, 0, deal, rule), near_zero, None
    bias = np.zeros(layer.d_out * made) if bias is None else bias
    bias = np.concatenate([bias, np.full(constants, 1 / layer.scale)])
    if near_zero.lines.value:
        piece = Piece(Dense(weight, None, layer.activation, layer.scale), source, 0, deal, rule)
        return piece, near_zero, Offsets(piece, dead, bias * layer.scale, near_zero, asked, reach)
    if not asked:
        size = np.abs(deal.gains[: deal.inputs.size]).max(axis=1)
        near_zero = near_zero.at_rounding(float((size * reach[deal.inputs]).max()))
    if deal.bias:
        gains = deal.gains.copy()
        gains[-1] = near_zero.constants(gains[-1]) / near_zero.unit
        deal = replace(deal, gains=gains)
    tiled = Dense(weight, bias if deal.bias else None, layer.activation, layer.scale)
    return Piece(tiled, source, 0, deal, rule), near_zero, None


def _repeated(weight: Floats, made: int, more: int) -> Floats:
    """Each row so many times, and `more` rows of zeros; an array that lasts."""
    rows, columns = weight.shape
    found = spool.zeros((rows * made + more, columns), lasting=True)
    for some in row_blocks(rows, columns * made):
        found[some.start * made : some.stop * made] = np.repeat(weight[some], made, axis=0)
    return found
