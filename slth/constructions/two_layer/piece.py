"""One layer of a two-layer ticket: its subset-sum problems, and the masks that follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.constructions.protocol import Problems
from slth.constructions.two_layer.deal import BLOCK_BYTES, Deal, enough, row_blocks
from slth.constructions.two_layer.rules import Rule
from slth.networks import Linear, RandomSource

RESCUED = 0.02  # share of the weights that are solved again in a round
EXTRA = 4  # candidates more for each half in a round
_LOOKED_AT = 1 << 18  # errors at a time, for the largest
_MOST_RESERVE = 4096  # reserve neurons looked at (their weights are held in memory)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Solved:
    """A target layer whose problems are all answered.

    Attributes
    ----------
    weights, biases : pairs
        Masks of its two source layers.
    scale : float
    errors : (rows, groups) float64
        In units of the samples.
    largest : float
        The largest of them, in the target's.
    words : str
        Which weight that is.
    """

    weights: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    biases: tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]
    scale: float
    errors: Floats
    largest: float
    words: str

    def missed(self, tolerance: float) -> int:
        """How many errors are above a tolerance."""
        return above(self.errors, tolerance, self.scale)


class Piece:
    """One linear target layer and the two source layers that stand for it, `first` and `first` + 1."""

    def __init__(self, target: Linear, source: RandomSource, first: int, deal: Deal, rule: Rule) -> None:
        self.target, self.source, self.first, self.deal, self.rule = target, source, first, deal, rule
        self.form = target.form
        self.neurons, self.gains = deal.neurons, deal.gains
        self.own = deal.neurons.shape[1] - 1  # the slot of the output's own bias
        self.reserve = deal.reserve[:_MOST_RESERVE]
        self.hidden, self.rows = source.shapes[first][0], self.form.rows
        self.kept = spool.zeros((self.rows, -(-self.hidden // 8)), np.uint8, lasting=True)
        self.kept_bias = np.zeros(self.form.outputs, np.bool_)
        if deal.bias:
            self.output_of = np.full(self.rows, -1)  # of the rows that take the bias
            self.output_of[self.form.bias_rows] = np.arange(self.form.outputs)
        self.errors = spool.zeros((self.rows, len(deal.neurons)), lasting=True)
        for block in row_blocks(self.rows, 4 * len(deal.neurons)):
            row, group = np.divmod(np.arange(self.errors[block].size), self.errors.shape[1])
            some = self.errors[block].reshape(-1)
            some[self._exist(row + block.start, group)] = np.inf
        self.scale = rule.scale(self._all_problems(1.0), self.reserve.size // EXTRA)

    def problems(self, round_: int) -> Iterator[Problems]:
        """The problems of a round: all of them first, then the worst."""
        if round_ == 0:
            yield from self._all_problems(self.scale)
        else:
            yield from self._worst_problems(max(self.rule.rescues - round_, 0) + 1)

    def _all_problems(self, scale: float) -> Iterator[Problems]:
        """Every row and group, in blocks that fit in memory, are solved in a fraction of a second, and are enough for all threads."""
        rows, groups = self.errors.shape
        for block in row_blocks(rows, max(self.hidden, self.neurons.size)):
            count = (block.stop - block.start) * groups
            step = min(self._quick(), -(-rows // 8) * groups)
            for start in range(0, count, step):
                row, group = np.divmod(np.arange(start, min(start + step, count)), groups)
                row += block.start
                real = self._exist(row, group)
                if real.any():
                    yield self._problems(row[real], group[real], scale)

    def _exist(self, rows: Ints, groups: Ints) -> NDArray[np.bool_]:
        """Which (row, group) pairs are weights of the target: not the gaps of a grouped convolution, nor biases of all rows but one."""
        half = groups < self.deal.inputs.size
        real = np.ones(rows.shape, np.bool_)
        real[half] = self.form.connects(rows[half], self.deal.inputs[groups[half]])
        if self.deal.bias:
            real[~half] = self.output_of[rows[~half]] >= 0
        return real

    def _quick(self) -> int:
        """How many problems are solved in about a tenth of a second (an interrupt waits for no more) and take few MiB."""
        n = int(self.neurons.shape[1])
        return max(1, min(int(1e8 / self.rule.cost(n)), BLOCK_BYTES // (32 * n)))

    def _worst_problems(self, rounds: int) -> Iterator[Problems]:
        """The worst, after a share of the reserve has been given away: this round and those to come have as much each."""
        count = int(np.ceil(RESCUED * self.errors.size))
        worst = largest(self.errors.reshape(-1), count)
        gained = self._give(worst, -(-self.reserve.size // rounds))
        worst = np.sort(worst[gained[worst % len(gained)]])
        for some in spool.slices(worst.size, min(self._quick(), 512)):
            row, group = np.divmod(worst[some], len(gained))
            yield self._problems(row, group, self.scale, again=True)

    def _give(self, worst: Ints, most: int) -> NDArray[np.bool_]:
        """Give about `most` reserve neurons to the halves of problems (row * groups + group), in their order; returns which gained.

        A half gains once a round, for its worst weight: what it gains may not help its others, which the next round serves.
        """
        extra = min(EXTRA, enough(self.source, self.first + 1, self.rule.most) - self.neurons.shape[1])
        gained = np.zeros(len(self.neurons), np.bool_)
        if extra <= 0 or self.reserve.size == 0:
            return gained
        hidden, d_in = self.source.shapes[self.first]
        u = spool.zeros((d_in, self.reserve.size))  # what each input gives to each of them
        for block in row_blocks(hidden, d_in):
            here = np.flatnonzero((self.reserve >= block.start) & (self.reserve < block.stop))
            if here.size:
                drawn = self.source.weight_rows(self.first, block.start, block.stop)
                u[:, here] = drawn[self.reserve[here] - block.start].T
        neurons = np.pad(self.neurons, ((0, 0), (0, extra)), constant_values=-1)
        gains = np.pad(self.gains, ((0, 0), (0, extra)))
        free, given = np.ones(self.reserve.size, np.bool_), 0
        for place in worst:
            row, group = divmod(int(place), len(gained))
            if gained[group] or group >= self.deal.inputs.size:
                continue
            if given >= most:
                break
            i, sign = self.deal.inputs[group], self.deal.signs[group]
            v = self.source.weight_rows(self.first + 1, row, row + 1)[0, self.reserve]
            gain = (
                np.where(free, np.maximum(sign * u[i], 0) if self.deal.rectified else u[i], 0) * self.deal.worth[group]
            )
            # what would bring the sum towards the target
            product = np.sign(self.target.entries(np.array(row), i)) * sign * gain * v
            best = np.argsort(-product, kind="stable")[:extra]
            best = best[product[best] > 0]
            at = np.arange(self.neurons.shape[1], self.neurons.shape[1] + best.size)
            neurons[group, at], gains[group, at] = self.reserve[best], gain[best]
            free[best] = False
            given += best.size
            gained[group] = best.size > 0
        self.neurons, self.gains, self.reserve = neurons, gains, self.reserve[free]
        return gained

    def _spans(self, rows: Ints) -> Iterator[tuple[slice, slice]]:
        """Parts of ascending rows, and the rows that each lies within, few enough to be held in memory."""
        most = max(1, BLOCK_BYTES // (8 * self.hidden))
        start = 0
        while start < rows.size:
            first = int(rows[start])
            stop = int(np.searchsorted(rows, first + most))
            yield slice(start, stop), slice(first, int(rows[stop - 1]) + 1)
            start = stop

    def _problems(self, rows: Ints, groups: Ints, scale: float, again: bool = False) -> Problems:
        """Candidates of (row, group) pairs, rows ascending: products v |u|, and for the bias also the output's own."""
        neurons, gains = np.maximum(self.neurons[groups], 0), self.gains[groups]
        samples = np.empty(neurons.shape)
        for part, within in self._spans(rows):
            v = self.source.weight_rows(self.first + 1, within.start, within.stop)
            samples[part] = v[(rows[part] - within.start)[:, None], neurons[part]]
        with np.errstate(over="ignore"):
            samples *= gains
        if not np.isfinite(samples).all():
            raise ValueError(
                f"products of weights of law {self.source.law!r} overflow float64; choose a law of smaller weights"
            )
        targets = np.empty(rows.size)
        halves = self.deal.inputs.size
        half = groups < halves
        targets[half] = self.target.entries(rows[half], self.deal.inputs[groups[half]]) * self.deal.signs[groups[half]]
        if self.deal.bias:
            own = self.source.bias_vector(self.first + 1)
            assert self.target.bias is not None
            samples[~half, self.own] = 0.0 if own is None else own[self.output_of[rows[~half]]]
            gains[~half, self.own] = 0.0
            targets[~half] = self.target.bias[self.output_of[rows[~half]]]
        if self.neurons.shape[1] > self.rule.most:  # of a sparse source; now and then more exist than can be used
            surplus = np.argsort(-np.abs(samples), axis=1, kind="stable")[:, self.rule.most :]
            np.put_along_axis(samples, surplus, 0.0, axis=1)
        # the target's own scale belongs to its weights
        return Problems(
            self.first // 2, scale, rows, groups, samples, np.abs(gains), targets * self.target.scale / scale, again
        )

    def asked(self, rows: Ints, groups: Ints) -> Problems:
        """The problems of some (row, group) pairs once more, rows ascending."""
        return self._problems(rows, groups, self.scale, again=True)

    def candidates(self, row: int, group: int) -> int:
        """How many one weight has."""
        return int(np.count_nonzero(self._problems(np.array([row]), np.array([group]), self.scale).samples))

    def where(self, row: int, group: int) -> str:
        """Which weight of the target, in words."""
        if group >= self.deal.inputs.size:
            return f"bias {self.output_of[row]}"
        half = f", {'positive' if self.deal.signs[group] > 0 else 'negative'} half" if self.deal.rectified else ""
        return f"weight ({row}, {self.deal.inputs[group]}){half}"

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: Floats) -> None:
        rows, groups = problems.rows, problems.groups
        neurons = self.neurons[groups][:, : chosen.shape[1]]
        for part, within in self._spans(rows):
            bits = np.unpackbits(self.kept[within], axis=1, count=self.hidden)
            row, slot = np.nonzero(neurons[part] >= 0)
            bits[rows[part][row] - within.start, neurons[part][row, slot]] = chosen[part][row, slot]
            self.kept[within] = np.packbits(bits, axis=1)
        bias = groups >= self.deal.inputs.size
        if self.deal.bias:
            self.kept_bias[self.output_of[rows[bias]]] = chosen[bias, self.own]
        self.errors[rows, groups] = errors

    def first_masks(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
        """Masks of layer `first`: one weight of each hidden neuron that some output uses, or its bias."""
        hidden, d_in = self.source.shapes[self.first]
        used = np.unpackbits(np.bitwise_or.reduce(self.kept, axis=0), count=hidden).astype(bool)
        halves = self.neurons[: self.deal.inputs.size]
        group, slot = np.nonzero(halves >= 0)
        neuron, column = halves[group, slot], self.deal.inputs[group]
        neuron, column = neuron[used[neuron]], column[used[neuron]]
        weights = spool.zeros((hidden, -(-d_in // 8)), np.uint8, lasting=True)
        weights[neuron, column // 8] = 128 >> (column % 8)
        if not self.deal.bias:
            return weights, None
        constants = self.neurons[-1][self.neurons[-1] >= 0]
        biases = np.zeros(hidden, np.bool_)
        biases[constants] = used[constants]
        return weights, biases

    def solved(self) -> Solved:
        """What remains of it once every round has been placed."""
        first, first_bias = self.first_masks()
        at = int(np.argmax(self.errors))
        row, group = divmod(at, self.errors.shape[1])
        off = float(self.errors[row, group]) * self.scale
        words = f"layer {self.first // 2}, {self.where(row, group)}, is {off:.3g} off with {self.candidates(row, group)} candidates"
        own_bias = self.kept_bias if self.deal.bias else None
        return Solved((first, self.kept), (first_bias, own_bias), self.scale, self.errors, off, words)


def above(errors: Floats, tolerance: float, scale: float = 1.0) -> int:
    """How many of (rows, groups) errors times a scale are above a tolerance."""
    return sum(int((errors[block] * scale > tolerance).sum()) for block in row_blocks(*errors.shape))


def largest(values: Floats, count: int) -> Ints:
    """Where the `count` largest of (n,) numbers >= 0 are, in descending order, of equal ones the first; zeros are left out.

    Time O(n log n), memory O(count) besides.
    """
    held, places, least = np.zeros(0), np.zeros(0, np.int64), 0.0
    for block in spool.slices(values.size, max(count, _LOOKED_AT)):
        new = np.flatnonzero(values[block] > least)
        held, places = np.concatenate([held, values[block][new]]), np.concatenate([places, new + block.start])
        if held.size > count:
            some = np.sort(np.argsort(-held, kind="stable")[:count])  # in their order: of equal ones the first
            held, places = held[some], places[some]
            least = float(held.min())
    return places[np.argsort(-held, kind="stable")]
