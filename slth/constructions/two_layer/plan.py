"""The two-layer construction applied to one target: its subset-sum problems, and the masks that follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Masks, Problems
from slth.constructions.two_layer.deal import Deal, row_blocks
from slth.constructions.two_layer.rules import Answer, Rule
from slth.networks import Linear, RandomSource

RESCUED = 0.02  # share of the weights that are solved again in a round
EXTRA = 4  # candidates more for each half in a round
_MOST_RESERVE = 4096  # reserve neurons looked at (their weights are held in memory)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Piece:
    """One linear target layer and the two source layers that stand for it, `first` and `first` + 1."""

    def __init__(self, target: Linear, source: RandomSource, first: int, deal: Deal, rule: Rule) -> None:
        self.target, self.source, self.first, self.deal, self.rule = target, source, first, deal, rule
        self.matrix, self.form, self.structure = target.matrix, target.form, target.form.structure
        self.neurons, self.gains = deal.neurons, deal.gains
        self.own = deal.neurons.shape[1] - 1  # the slot of the output's own bias
        self.reserve = deal.reserve[:_MOST_RESERVE]
        self.hidden, self.rows = source.shapes[first][0], self.form.rows
        self.kept = np.zeros((self.rows, -(-self.hidden // 8)), np.uint8)
        self.kept_bias = np.zeros(self.form.outputs, np.bool_)
        self.errors = np.full((self.rows, len(deal.neurons)), np.inf)
        if deal.bias:
            self.output_of = np.full(self.rows, -1)  # of the rows that take the bias
            self.output_of[self.form.bias_rows] = np.arange(self.form.outputs)
        self.errors[~self._exist(*np.indices(self.errors.shape))] = 0.0
        self.scale = rule.scale(self._all_problems(1.0), self.reserve.size // EXTRA)

    def problems(self, round_: int) -> Iterator[Problems]:
        """The problems of a round: all of them first, then the worst."""
        if round_ == 0:
            yield from self._all_problems(self.scale)
        else:
            yield from self._worst_problems()

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
        if self.structure is not None:
            real[half] = self.structure[rows[half], self.deal.inputs[groups[half]]]
        if self.deal.bias:
            real[~half] = self.output_of[rows[~half]] >= 0
        return real

    def _quick(self) -> int:
        """How many problems are solved in about a tenth of a second: an interrupt waits for no more."""
        return max(1, int(1e8 / self.rule.cost(self.neurons.shape[1])))

    def _worst_problems(self) -> Iterator[Problems]:
        count = int(np.ceil(RESCUED * self.errors.size))
        order = np.argsort(-self.errors, axis=None, kind="stable")[:count]
        rows, groups = np.unravel_index(order[self.errors.reshape(-1)[order] > 0], self.errors.shape)
        gained = self._give(rows, groups)
        again = gained[groups]
        rows, groups = rows[again], groups[again]
        by_row = np.lexsort((groups, rows))
        rows, groups = rows[by_row], groups[by_row]
        step = min(self._quick(), 512)
        for start in range(0, rows.size, step):
            yield self._problems(rows[start : start + step], groups[start : start + step], self.scale)

    def _give(self, rows: Ints, groups: Ints) -> NDArray[np.bool_]:
        """Give reserve neurons to the halves of the problems, the worst problem first; returns which halves gained."""
        extra = min(EXTRA, self.rule.most - self.neurons.shape[1])
        gained = np.zeros(len(self.neurons), np.bool_)
        if extra <= 0 or self.reserve.size == 0:
            return gained
        hidden, d_in = self.source.shapes[self.first]
        u = np.empty((self.reserve.size, d_in))
        for block in row_blocks(hidden, d_in):
            here = (self.reserve >= block.start) & (self.reserve < block.stop)
            if here.any():
                u[here] = self.source.weight_rows(self.first, block.start, block.stop)[self.reserve[here] - block.start]
        neurons = np.pad(self.neurons, ((0, 0), (0, extra)), constant_values=-1)
        gains = np.pad(self.gains, ((0, 0), (0, extra)))
        free = np.ones(self.reserve.size, np.bool_)
        for row, group in zip(rows.tolist(), groups.tolist(), strict=True):
            if gained[group] or group >= self.deal.inputs.size:
                continue
            if not free.any():
                break
            i, sign = self.deal.inputs[group], self.deal.signs[group]
            v = self.source.weight_rows(self.first + 1, row, row + 1)[0, self.reserve]
            gain = np.where(free, np.maximum(sign * u[:, i], 0) if self.form.rectified else u[:, i], 0)
            # what would bring the sum towards the target
            product = np.sign(self.matrix[row, i]) * sign * gain * v
            best = np.argsort(-product, kind="stable")[:extra]
            best = best[product[best] > 0]
            at = np.arange(self.neurons.shape[1], self.neurons.shape[1] + best.size)
            neurons[group, at], gains[group, at] = self.reserve[best], gain[best]
            free[best] = False
            gained[group] = best.size > 0
        self.neurons, self.gains, self.reserve = neurons, gains, self.reserve[free]
        return gained

    def _problems(self, rows: Ints, groups: Ints, scale: float) -> Problems:
        """Candidates of (row, group) pairs, rows ascending: products v |u|, and for the bias also the output's own."""
        used, at = np.unique(rows, return_inverse=True)
        v = self.source.weight_rows(self.first + 1, int(used[0]), int(used[-1]) + 1)[used - used[0]]
        samples = v[at[:, None], np.maximum(self.neurons[groups], 0)]
        gains = self.gains[groups]
        with np.errstate(over="ignore"):
            samples *= gains
        if not np.isfinite(samples).all():
            raise ValueError(
                f"products of weights of law {self.source.law!r} overflow float64; choose a law of smaller weights"
            )
        targets = np.empty(rows.size)
        halves = self.deal.inputs.size
        half = groups < halves
        targets[half] = self.matrix[rows[half], self.deal.inputs[groups[half]]] * self.deal.signs[groups[half]]
        if self.deal.bias:
            own = self.source.bias_vector(self.first + 1)
            assert own is not None
            assert self.target.bias is not None
            samples[~half, self.own] = own[self.output_of[rows[~half]]]
            gains[~half, self.own] = 0.0
            targets[~half] = self.target.bias[self.output_of[rows[~half]]]
        # the target's own scale belongs to its weights
        return Problems(
            self.first // 2, scale, rows, groups, samples, np.abs(gains), targets * self.target.scale / scale
        )

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: Floats) -> None:
        rows, groups = problems.rows, problems.groups
        used, at = np.unique(rows, return_inverse=True)
        bits = np.unpackbits(self.kept[used], axis=1, count=self.hidden)
        neurons = self.neurons[groups][:, : chosen.shape[1]]
        real = neurons >= 0
        bits[np.broadcast_to(at[:, None], real.shape)[real], neurons[real]] = chosen[real]
        self.kept[used] = np.packbits(bits, axis=1)
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
        weights = np.zeros((hidden, -(-d_in // 8)), np.uint8)
        weights[neuron, column // 8] = 128 >> (column % 8)
        if not self.deal.bias:
            return weights, None
        constants = self.neurons[-1][self.neurons[-1] >= 0]
        biases = np.zeros(hidden, np.bool_)
        biases[constants] = used[constants]
        return weights, biases


@dataclass(frozen=True)
class TwoLayerPlan:
    """All layers; a `slth.constructions.Plan`."""

    source: RandomSource
    pieces: tuple[Piece, ...]
    rule: Rule

    @property
    def scales(self) -> tuple[float, ...]:
        return tuple(piece.scale for piece in self.pieces)

    @property
    def unsolved(self) -> int:
        return sum(int(np.isinf(piece.errors).sum()) for piece in self.pieces)

    def rounds(self) -> Iterator[Iterator[Problems]]:
        for round_ in range(1 + self.rule.rescues):
            yield (problems for piece in self.pieces for problems in piece.problems(round_))

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        return self.rule.choose(problems, tolerance)

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: Floats) -> None:
        self.pieces[problems.layer].place(problems, chosen, errors)

    def masks(self) -> Masks:
        weights: list[NDArray[np.uint8]] = []
        biases: list[NDArray[np.bool_] | None] = []
        for piece in self.pieces:
            first, first_bias = piece.first_masks()
            weights += [first, piece.kept]
            biases += [first_bias, piece.kept_bias if piece.deal.bias else None]
        return Masks(tuple(weights), tuple(biases))

    def worst(self, allowed: tuple[float, ...]) -> tuple[float, int, str]:
        over, missed, words = 0.0, 0, ""
        for layer, (piece, tolerance) in enumerate(zip(self.pieces, allowed, strict=True)):
            errors = piece.errors * piece.scale
            missed += int((errors > tolerance).sum())
            row, group = (int(i) for i in np.unravel_index(int(np.argmax(errors)), errors.shape))
            if errors[row, group] <= over * tolerance:
                continue
            over = float(errors[row, group] / tolerance)
            if group < piece.deal.inputs.size:
                place = f"layer {layer}, weight ({row}, {piece.deal.inputs[group]})"
                if piece.form.rectified:
                    place += f", {'positive' if piece.deal.signs[group] > 0 else 'negative'} half"
            else:
                place = f"layer {layer}, bias {piece.output_of[row]}"
            words = (
                f"{place}, is {errors[row, group]:.3g} off with {np.count_nonzero(piece.gains[group])} candidates, "
                f"its share of the budget is {tolerance:.3g}"
            )
        return over, missed, words
