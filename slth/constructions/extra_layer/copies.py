"""A target layer after the first: its subset-sum problems, one for each weight and each copy of its neuron."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.constructions.protocol import Problems
from slth.constructions.two_layer.deal import row_blocks
from slth.constructions.two_layer.rules import Rule
from slth.networks import Dense, RandomSource
from slth.networks.activations import activation

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Copies:
    """A target layer after the first: subset sums over the copies of its inputs.

    Source layer `layer` has columns input * copies + copy, then `copies` constants if the layer has a bias; rows likewise for `made`
    copies of its outputs. `constants` (copies,) are what those put out; none if there is no bias.
    """

    def __init__(
        self,
        target: Dense,
        source: RandomSource,
        layer: int,
        copies: int,
        made: int,
        constants: Floats,
        rule: Rule,
    ) -> None:
        self.target, self.source, self.layer = target, source, layer
        self.copies, self.made, self.rule = copies, made, rule
        self.rows, self.inputs = target.d_out * made, target.d_in * copies
        self.groups = target.d_in + (target.bias is not None)
        hidden = source.shapes[layer][1]
        self.kept = spool.zeros((source.shapes[layer][0], -(-hidden // 8)), np.uint8, lasting=True)
        self.kept_bias = np.zeros(self.rows, np.bool_)
        self.errors = spool.zeros((self.rows, self.groups), lasting=True)
        self.errors[...] = np.inf
        self.constants = constants
        self.scale = rule.scale(self.problems(1.0), 0)

    def problems(self, scale: float | None = None) -> Iterator[Problems]:
        """Every row and group, in blocks solved in a fraction of a second."""
        step = max(1, min(int(1e8 / self.rule.cost(self.copies + 1)), -(-self.rows // 8) * self.groups))
        for block in row_blocks(self.rows, max(self.source.shapes[self.layer][1], 1)):
            count = (block.stop - block.start) * self.groups
            for start in range(0, count, step):
                row, group = np.divmod(np.arange(start, min(start + step, count)), self.groups)
                yield self._some(block.start + row, group, self.scale if scale is None else scale)

    def _some(self, rows: Ints, groups: Ints, scale: float) -> Problems:
        first = int(rows[0])  # they ascend
        v = self.source.weight_rows(self.layer, first, int(rows[-1]) + 1)
        places = groups[:, None] * self.copies + np.arange(self.copies)
        samples = np.zeros((rows.size, self.copies + (self.target.bias is not None)))
        copies = v[rows[:, None] - first, places]
        copies[np.cumsum(copies != 0, axis=1) >= self.rule.most] = 0.0  # more would take the solver long
        samples[:, : self.copies] = copies
        output = rows // self.made
        targets = np.empty(rows.size)
        weight = groups < self.target.d_in
        targets[weight] = self.target.weight[output[weight], groups[weight]]
        if self.target.bias is not None:
            own = self.source.bias_vector(self.layer)
            assert own is not None
            samples[~weight, : self.copies] *= self.constants
            samples[~weight, -1] = own[rows[~weight]]
            targets[~weight] = self.target.bias[output[~weight]]
        return Problems(
            self.layer - 1, scale, rows, groups, samples, np.zeros(samples.shape), targets * self.target.scale / scale
        )

    def where(self, row: int, group: int) -> str:
        """Which weight of the target, in words."""
        output, copy = divmod(row, self.made)
        weight = f"bias {output}" if group == self.target.d_in else f"weight ({output}, {group})"
        return weight if self.made == 1 else f"{weight} for copy {copy} of the neuron"

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: Floats) -> None:
        rows, groups = problems.rows, problems.groups
        hidden = self.source.shapes[self.layer][1]
        used, at = np.unique(rows, return_inverse=True)
        bits = np.unpackbits(self.kept[used], axis=1, count=hidden)
        places = groups[:, None] * self.copies + np.arange(self.copies)
        bits[at[:, None], places] = chosen[:, : self.copies]
        self.kept[used] = np.packbits(bits, axis=1)
        bias = groups == self.target.d_in
        self.kept_bias[rows[bias]] = chosen[bias, -1] if self.target.bias is not None else False
        self.errors[rows, groups] = errors


def constants(source: RandomSource, layer: int, start: int, name: str, scale: float) -> Floats:
    """What the constant neurons of a source layer put out: the activation of their biases."""
    biases = source.bias_vector(layer)
    assert biases is not None
    return np.asarray(activation(name)(scale * biases[start:]))
