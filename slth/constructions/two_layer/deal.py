"""Which hidden neuron serves which half of which input, for one target layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.networks import RandomSource

HELD_BACK = 1 / 32  # share of the neurons kept for the worst weights
BLOCK_BYTES = 1 << 25

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of rows of at most 32 MiB of float64."""
    step = max(1, BLOCK_BYTES // (8 * columns))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def fair_share(width: int, d_in: int, groups: int, most: int, rectified: bool = True) -> int:
    """Candidates that every group can count on, up to 2.5 standard deviations of the number of neurons of one sign."""
    hidden = width * d_in
    uneven = math.ceil(2.5 * math.sqrt(hidden) / groups) if rectified else 0
    return min(width // 2 if rectified else width, (hidden - int(hidden * HELD_BACK)) // groups - uneven, most)


def enough(source: RandomSource, layer: int, most: int) -> int:
    """Neurons below source layer `layer` with which a weight has about `most` candidates: more where that layer lacks edges."""
    share = source.share(layer)
    return most if share == 1 else math.ceil(min(most / max(share, 1e-9), 1e9))


@dataclass(frozen=True)
class Deal:
    """The neurons of every group.

    Groups are the halves, in the order of their inputs (positive before negative), and last, if the layer has a bias, the constants. Where
    no ReLU follows the hidden neurons they are linear, and an input is one group that takes both signs.

    Attributes
    ----------
    inputs, signs : (halves,) int64
        Input of a half and +1 or -1; +1 where there are no halves.
    neurons : (groups, n) int64
        Hidden neurons of each group; -1 is padding. The last slot of the constants stands for the output's own bias.
    gains : (groups, n) float64
        |u| of each neuron (u itself if it is linear), for a constant its bias; 0 where there is none.
    reserve : (r,) int64
        Neurons that serve nothing yet.
    bias : bool
        Whether the last group is that of the constants.
    rectified : bool
        Whether a neuron serves one half of its input, by the sign of its weight.
    worth : (halves,) float64
        What a unit of u is worth to a half; 1 behind ReLU.
    """

    inputs: Ints
    signs: Ints
    neurons: Ints
    gains: Floats
    reserve: Ints
    bias: bool
    rectified: bool
    worth: Floats

    @classmethod
    def of(
        cls,
        source: RandomSource,
        layer: int,
        width: int,
        above: NDArray[np.bool_],
        below: NDArray[np.bool_],
        bias: bool,
        most: int,
        rectified: bool = True,
        spared: int = 0,
    ) -> Deal:
        """Deal the neurons of source layer `layer`, so many to a group that a weight has at most about `most` candidates; `above` and
        `below` (d_in,): which halves an input has, if the neurons are `rectified`. At least about `spared` are left over."""
        most = enough(source, layer + 1, most)
        d_in = source.shapes[layer][1]
        hidden = width * d_in
        back = max(int(hidden * HELD_BACK), spared)
        if not rectified:
            above, below = np.ones(d_in, np.bool_), np.zeros(d_in, np.bool_)
        entered = np.column_stack([above, below]).reshape(-1)
        inputs = np.repeat(np.arange(d_in), 2)[entered]
        signs = np.tile([1, -1], d_in)[entered]
        half_of = np.full((d_in, 2), -1)  # [input, sign < 0] -> half
        half_of[inputs, (signs < 0).astype(int)] = np.arange(inputs.size)
        if not rectified:
            half_of[:, 1] = half_of[:, 0]
        groups = inputs.size + bias
        # the signs of rectified neurons leave some over; where both signs serve an input some have to be held back
        share = min(width // 2, -(-hidden // groups)) if rectified else (hidden - back) // groups
        quota = min(max(share, 1), most)

        home = home_weights(source, layer)
        gain = np.abs(home)
        negative = home < 0
        serves = half_of[np.arange(hidden) // width, (home < 0).astype(int)]
        serves[gain == 0] = -1  # there is no such edge: the neuron is free for other inputs
        # the largest `quota` of each half stay
        order = np.lexsort((-gain, serves))
        rank = np.arange(hidden) - np.searchsorted(serves[order], serves[order])
        serves[order[rank >= quota]] = -1

        fixed = np.empty(0, np.int64)
        biases = source.bias_vector(layer)
        if biases is not None:
            usable = np.maximum(biases, 0) if rectified else np.abs(biases)
            fixed = constants(serves, gain, usable, max(min(quota, hidden // groups) - 1, 1))
            serves[fixed] = -2
        spare = np.flatnonzero(serves == -1)
        held = spare[spare.size - min(back, spare.size) :]
        serves[held] = -3
        _lend(source, layer, serves, gain, negative, half_of, quota)
        if not rectified:
            gain = np.where(negative, -gain, gain)

        n = max(quota, fixed.size + 1) if bias else quota
        neurons = np.full((groups, n), -1)
        gains = np.zeros((groups, n))
        busy = np.flatnonzero(serves >= 0)
        busy = busy[np.argsort(serves[busy], kind="stable")]
        slot = np.arange(busy.size) - np.searchsorted(serves[busy], serves[busy])
        neurons[serves[busy], slot] = busy
        gains[serves[busy], slot] = gain[busy]
        if biases is not None:
            neurons[-1, : fixed.size] = fixed
            gains[-1, : fixed.size] = biases[fixed]
        left = np.flatnonzero((serves == -1) | (serves == -3))
        return cls(inputs, signs, neurons, gains, left, bias, rectified, np.ones(inputs.size))


def home_weights(source: RandomSource, layer: int) -> Floats:
    """(hidden,): of each neuron of source layer `layer` its weight to its own input, which is that of its number over the width."""
    hidden, d_in = source.shapes[layer]
    width = hidden // d_in
    found = np.empty(hidden)
    for rows in row_blocks(hidden, d_in):
        block = source.weight_rows(layer, rows.start, rows.stop)
        found[rows] = block[np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop) // width]
    return found


def constants(serves: Ints, gain: Floats, biases: Floats, wanted: int) -> Ints:
    """Neurons that become constants: spare ones (serves -1) with the largest biases, then the weakest of the fullest halves."""
    spare = np.flatnonzero((serves == -1) & (biases > 0))
    spare = spare[np.argsort(-biases[spare], kind="stable")][:wanted]
    if spare.size < wanted:
        counts = np.bincount(serves[serves >= 0], minlength=1)
        taken: list[int] = []
        usable = np.flatnonzero((serves >= 0) & (biases > 0))
        for h in usable[np.argsort(gain[usable], kind="stable")]:
            # a half is never left with fewer than the constants themselves have
            if spare.size + len(taken) < wanted and counts[serves[h]] > spare.size + len(taken) + 1:
                counts[serves[h]] -= 1
                taken.append(int(h))
        spare = np.concatenate([spare, np.array(taken, np.int64)])
    return np.sort(spare)


def _lend(
    source: RandomSource, layer: int, serves: Ints, gain: Floats, negative: NDArray[np.bool_], half_of: Ints, quota: int
) -> None:
    """Let spare neurons serve the halves shortest of candidates, each through its largest weight there; changes serves, gain, negative."""
    counts = np.bincount(serves[serves >= 0], minlength=int(half_of.max()) + 1)
    lacking = np.where(half_of >= 0, quota - counts[half_of], 0)  # [input, sign < 0]
    columns = np.arange(len(half_of))
    for rows in row_blocks(serves.size, len(half_of)):
        spare = np.flatnonzero(serves[rows] == -1)
        if spare.size == 0:
            continue
        block = source.weight_rows(layer, rows.start, rows.stop)
        for h in spare:
            if lacking.max() <= 0:
                return
            side = (block[h] < 0).astype(int)
            need = np.where(block[h] != 0, lacking[columns, side], 0)
            i = int(np.argmax(np.where(need == need.max(), np.abs(block[h]), -1.0)))
            if need[i] > 0:
                serves[rows.start + h] = half_of[i, side[i]]
                gain[rows.start + h] = abs(block[h, i])
                negative[rows.start + h] = block[h, i] < 0
                lacking[i, half_of[i] == half_of[i, side[i]]] -= 1
