r"""What phi(0) != 0 adds to every neuron of the first target layer, taken back by neurons that are nothing but phi(0).

A hidden neuron puts out phi(0) + s m u x and some curvature. The subsets that make the weights of a row therefore add t phi(0) times the
sum of their v, where t = T / (s m) and T is what v u is worth: for a sigmoid 2 T / s, thousands of times any bias. Once the weights are
placed, that sum is known, and neurons without any input, dealt for this purpose, make it up: each adds t phi(0) v and nothing else. The
candidates of the row are their v and the output's own random bias over phi(0); the subset sum is to be the bias of the target, in these
units, less the sum that is there. Whatever it misses counts T phi(0) / (s m) times, so that most of the way is gone greedily, and the rest
by the closest subset of `EXACT` candidates. Where that is too far, the weights of the row are found once more without the candidates whose
v lead away the most. All this is subsets, kept or pruned: nothing is subtracted that is not in the random network.

The scale s. A row of the ticket is off by at most about

    T [ c s^(p - 1) K + (phi(0) / (s m)) (2 gamma_k V + delta) ],    K = sum |v| |u x|^p,  V = sum |v|,

curvature, then rounding (Higham 2002, section 3.1) and what the closest subset misses, delta: the first grows with s, the second falls.
With A and B the two maxima over rows without s, A s^(p - 1) + B / s is least at s = (B / ((p - 1) A))^(1 / p); the nearest power of two is
taken. Measured on a layer 3-4 on [-1, 1]^3, width 60: a sigmoid at s = 0.1, 0.01, 1e-3, 2.4e-4, 1e-4, 1e-5, 1e-6 is off by 6.2e-4, 6.2e-6,
6.2e-8, 7.7e-8, 2.3e-7, 3.7e-6, 1.9e-5 (certified: 3.1e-3, 3.1e-5, 3.2e-7, 9.5e-8, 2.4e-7, 3.8e-6, 2.0e-5), and at the chosen 4.9e-4 by
4.0e-8 (certified 8.7e-8): a sigmoid loses about four digits to a tanh, whose phi(0) is 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slth.constructions.near_zero import ROUNDINGS, NearZero
from slth.constructions.protocol import Problems
from slth.constructions.two_layer.deal import row_blocks
from slth.constructions.two_layer.piece import Piece

EXACT = 36  # candidates of the last step: 2^-36 of their spread is about what rounding leaves
_DROPPED = (1, 2, 3, 4, 6, 8)  # candidates of each weight, round by round, in rows that are out of reach
_FAR = 2.5  # deviations of a random subset: within, there are a twentieth as many subsets as in the middle, or more
_SPREAD = 4 * 3.06 / math.sqrt(6)  # three deviations, for weights U[-1, 1]; more and the weights lack candidates

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def dead_neurons(hidden: int) -> int:
    """How many of so many neurons are to stay without input: k with k / 4 = 3.06 sqrt((hidden - k) / 6).

    k / 4 is what the weights of one sign of k neurons add up to, the root the deviation of the sum of half of the others' weights. Rows
    farther off are found once more; on small networks this beat 4 deviations as well as 2 (median and worst of 30 seeds, five shapes).
    """
    a = _SPREAD**2
    return math.ceil((math.sqrt(a * a + 4 * a * hidden) - a) / 2)


class Offsets:
    """The biases of the first target layer behind hidden neurons with phi(0) != 0.

    Parameters
    ----------
    piece : Piece
        The weights, without biases.
    dead : (k,) int64
        Hidden neurons that keep nothing.
    biases : (rows,) float64
        Of the target, its scale included.
    near_zero : NearZero
    asked : bool
        Whether its scale is given; else it is chosen once the weights are placed.
    reach : (d_in,) float64
        Largest absolute value of each input.
    """

    def __init__(
        self, piece: Piece, dead: Ints, biases: Floats, near_zero: NearZero, asked: bool, reach: Floats
    ) -> None:
        self.piece, self.dead, self.biases, self.reach = piece, dead, biases, reach
        self.near_zero, self.asked = near_zero, asked
        self.exact = min(dead.size, EXACT, piece.rule.most - 1)
        self.errors = np.full((piece.rows, 1), np.inf)

    @property
    def scale(self) -> float:
        """What a unit of v is worth in the target network."""
        return self.piece.scale * self.near_zero.lines.value / self.near_zero.unit

    def rounds(self) -> Iterator[Iterator[Problems]]:
        """Once the weights are placed: those of rows that are out of reach once more, then one problem for each row."""
        rows = np.arange(self.piece.rows)
        for dropped in _DROPPED:
            rows, far = self._out_of_reach(rows)
            if rows.size == 0:
                break
            yield self._weights(rows, far, dropped)
        self._weigh()
        yield self._biases()

    def _weights(self, rows: Ints, far: Floats, dropped: int) -> Iterator[Problems]:
        """The weights of some rows, without the candidates whose v leads away the most; far (rows,): where each should go."""
        piece, halves = self.piece, self.piece.deal.inputs.size
        for start in range(0, rows.size, max(1, 512 // halves)):
            some = slice(start, start + max(1, 512 // halves))
            row, group = np.repeat(rows[some], halves), np.tile(np.arange(halves), rows[some].size)
            found = piece.asked(row, group)
            u = piece.gains[group][:, : found.samples.shape[1]]
            v = np.divide(found.samples, u, out=np.zeros_like(u), where=u != 0)
            away = -v * np.sign(np.repeat(far[some], halves))[:, None]
            worst = np.argsort(-away, axis=1, kind="stable")[:, :dropped]
            samples = found.samples.copy()
            samples[np.arange(len(row))[:, None], worst] *= np.take_along_axis(away, worst, axis=1) <= 0
            yield replace(found, samples=samples)

    def _biases(self) -> Iterator[Problems]:
        """One for each row; the greedy part of the answer is placed at once."""
        step = max(1, min(int(1e8 / self.piece.rule.cost(self.exact + 1)), -(-self.piece.rows // 8)))
        for block in row_blocks(self.piece.rows, self.piece.hidden):
            for start in range(block.start, block.stop, step):
                rows = np.arange(start, min(start + step, block.stop))
                samples, taken, rest = self._led(rows, self.biases[rows] / self.scale)
                self._keep(rows, self.dead[self.exact :], taken)
                group = np.full(rows.size, self.piece.deal.inputs.size)
                yield Problems(0, self.scale, rows, group, samples, np.zeros(samples.shape), rest)

    def _led(self, rows: Ints, wanted: Floats | float) -> tuple[Floats, NDArray[np.bool_], Floats]:
        """Of ascending rows the candidates of the last step, which of the others are taken before, and what is left for that step."""
        piece, first = self.piece, int(rows[0])
        v = piece.source.weight_rows(piece.first + 1, first, int(rows[-1]) + 1)[rows - first]
        own = piece.source.bias_vector(piece.first + 1)
        samples = np.zeros((rows.size, self.exact + 1))
        samples[:, :-1] = v[:, self.dead[: self.exact]]
        if own is not None:
            samples[:, -1] = own[rows] / self.near_zero.lines.value
        kept = np.unpackbits(piece.kept[rows], axis=1, count=piece.hidden)
        kept[:, self.dead] = 0
        taken, rest = _greedy(v[:, self.dead[self.exact :]], wanted - (v * kept).sum(axis=1), samples)
        return samples, taken, rest

    def _out_of_reach(self, rows: Ints) -> tuple[Ints, Floats]:
        """Which of some rows are left where few subsets of the last step lead, and how far, of either sign."""
        found, far = [np.zeros(0, np.int64)], [np.zeros(0)]
        for block in row_blocks(rows.size, self.piece.hidden):
            for some in np.split(rows[block], np.flatnonzero(np.diff(rows[block]) > 1) + 1):
                samples, _, rest = self._led(some, 0.0)
                left = rest - 0.5 * samples.sum(axis=1)
                out = np.abs(left) > _FAR * 0.5 * np.sqrt((samples * samples).sum(axis=1))
                found.append(some[out])
                far.append(left[out])
        return np.concatenate(found), np.concatenate(far)

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: Floats) -> None:
        rows = problems.rows
        self._keep(rows, self.dead[: self.exact], chosen[:, :-1])
        if self.piece.source.has_bias(self.piece.first + 1):
            self.piece.kept_bias[rows] = chosen[:, -1]
        self.errors[rows, 0] = errors

    def where(self, row: int, group: int) -> str:
        """Which number of the target, in words."""
        return f"bias {row}"

    def _keep(self, rows: Ints, neurons: Ints, chosen: NDArray[np.bool_]) -> None:
        piece = self.piece
        bits = np.unpackbits(piece.kept[rows], axis=1, count=piece.hidden)
        bits[:, neurons] = chosen
        piece.kept[rows] = np.packbits(bits, axis=1)

    def _weigh(self) -> None:
        """Choose the scale, unless it is given."""
        if self.asked:
            return
        piece = self.piece
        value, slope, _, c, power = self.near_zero.lines
        halves = piece.deal.inputs.size
        group, slot = np.nonzero(piece.neurons[:halves] >= 0)
        neuron = piece.neurons[group, slot]
        size = np.zeros(piece.hidden)
        size[neuron] = np.abs(piece.gains[group, slot] * self.reach[piece.deal.inputs[group]]) ** power
        bent, whole, spread, terms = 0.0, 0.0, 0.0, 0
        for block in row_blocks(piece.rows, piece.hidden):
            v = piece.source.weight_rows(piece.first + 1, block.start, block.stop)
            squares = (v[:, self.dead[: self.exact]] ** 2).sum(axis=1)
            spread = max(spread, 0.5 * math.sqrt(float(squares.max())))
            v *= np.unpackbits(piece.kept[block], axis=1, count=piece.hidden)
            level = np.abs(v.sum(axis=1))
            np.abs(v, out=v)
            bent = max(bent, float((v @ size).max()))
            whole = max(whole, float((v.sum(axis=1) + level).max()) + spread * math.sqrt(self.exact))
            terms = max(terms, int(np.count_nonzero(v, axis=1).max()))
        if bent > 0:
            k = terms + self.dead.size + ROUNDINGS
            missed = math.sqrt(2 * math.pi) * spread * 2.0**-self.exact * (1 + math.log(piece.rows))
            falls = value / slope * (2 * k * 2.0**-53 * whole + missed)
            best = (falls / ((power - 1) * c * bent)) ** (1 / power)
            self.near_zero = self.near_zero.with_scale(math.sqrt(2) * best)


def _greedy(v: Floats, rest: Floats, samples: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Of (rows, k) weights those that bring `rest` to where half of the samples lead, the largest first, and what remains."""
    taken = np.zeros(v.shape, np.bool_)
    middle, near = 0.5 * samples.sum(axis=1), 0.25 * np.sqrt((samples * samples).sum(axis=1))
    left = rest - middle
    order = np.argsort(-np.abs(v), axis=1, kind="stable")
    every = np.arange(len(v))
    for column in order.T:
        nearer = (np.abs(left - v[every, column]) < np.abs(left)) & (np.abs(left) > near)
        taken[every, column] = nearer
        left = left - np.where(nearer, v[every, column], 0.0)
    return taken, left + middle
