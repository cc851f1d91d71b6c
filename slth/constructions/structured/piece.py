"""One layer of a structured ticket: its vector problems, and the masks that follow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.constructions.protocol import Bits, Problems
from slth.constructions.structured.choice import proven
from slth.constructions.structured.filters import Filters, filters
from slth.constructions.structured.scale import Predicted, tried_scale
from slth.constructions.two_layer.deal import row_blocks
from slth.networks import Linear, RandomSource

_BLOCK_BYTES = 1 << 27  # of candidates held at a time
_TRIED = 6  # vectors that decide about the scale

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Piece:
    """One linear target layer and the two source layers that stand for it, `first` and `first` + 1."""

    def __init__(
        self, target: Linear, source: RandomSource, first: int, above: Bools, below: Bools, scale: float | None = None
    ) -> None:
        self.target, self.source, self.first = target, source, first
        self.form = target.form
        self.groups = filters(source, first, above, below, self.form)
        rows, hidden = source.shapes[first + 1]
        self.kept = spool.zeros((rows, -(-hidden // 8)), np.uint8, lasting=True)
        self.kept_bias = np.zeros(self.form.outputs, np.bool_)
        self.used = np.zeros(hidden, np.bool_)
        # by row and group; of a bias the first row of its output stands for it
        self.errors = spool.zeros((rows, len(self.groups)), lasting=True)
        for g, group in enumerate(self.groups):
            self.errors[self._rows(group), g] = np.where(self._target(group).any(), np.inf, 0.0)
        self.scale = self._best_scale() if scale is None else scale

    def _best_scale(self) -> float:
        if not self._wanted:
            return 1.0
        largest = self.target.scale * max(float(np.abs(self._target(self.groups[g])).max()) for g in self._wanted)
        predicted = Predicted.of(self._problems(largest))
        hard = [self._wanted[i] for i in predicted.worst(_TRIED)]
        return largest * tried_scale(list(self._block(hard, largest)), predicted.scale)

    @property
    def _wanted(self) -> list[int]:
        """Groups that have anything to approximate."""
        return [g for g, group in enumerate(self.groups) if self._target(group).any()]

    def _rows(self, group: Filters) -> Ints:
        """The rows that stand for the coordinates of a group."""
        if group.input is None:
            return np.arange(self.form.outputs) * self.form.window
        return np.flatnonzero(self.form.connects(np.arange(self.form.rows), np.array(group.input)))

    def _target(self, group: Filters) -> Floats:
        if group.input is None:
            assert self.target.bias is not None
            return self.target.bias
        return group.sign * self.target.entries(self._rows(group), np.array(group.input))

    def problems(self) -> Iterator[Problems]:
        """One for each group that has anything to approximate."""
        yield from self._problems(self.scale)

    def _problems(self, scale: float) -> Iterator[Problems]:
        """The layer is drawn once for all groups whose candidates fit into a block."""
        block: list[int] = []
        size = 0
        for g in self._wanted:
            more = 8 * self.form.rows * self.groups[g].neurons.size
            if block and size + more > _BLOCK_BYTES:
                yield from self._block(block, scale)
                block, size = [], 0
            block.append(g)
            size += more
        if block:
            yield from self._block(block, scale)

    def _block(self, block: list[int], scale: float) -> Iterator[Problems]:
        rows, hidden = self.source.shapes[self.first + 1]
        neurons = np.concatenate([self.groups[g].neurons for g in block])
        v = np.empty((rows, neurons.size))
        for part in row_blocks(rows, hidden):
            v[part] = self.source.weight_rows(self.first + 1, part.start, part.stop)[:, neurons]
        at = 0
        for g in block:
            group = self.groups[g]
            mine = slice(at, at + group.neurons.size)
            at = mine.stop
            rows_of = self._rows(group)
            samples = v[rows_of, mine]
            with np.errstate(over="ignore"):
                if group.input is None:  # a constant reaches an output through all places of the kernel
                    samples = v[:, mine].reshape(self.form.outputs, self.form.window, -1).sum(axis=1)
                samples = samples * group.gains
            gains = np.broadcast_to(group.gains, samples.shape)
            if group.input is None:
                own = self.source.bias_vector(self.first + 1)
                assert own is not None
                samples = np.column_stack([samples, own])
                gains = np.column_stack([gains, np.zeros(own.size)])
            if not np.isfinite(samples).all():
                raise ValueError(
                    f"products of weights of law {self.source.law!r} overflow float64; choose a law of smaller weights"
                )
            # the target's own scale belongs to its weights
            targets = self._target(group) * self.target.scale / scale
            yield Problems(
                self.first // 2, scale, rows_of, np.full(rows_of.size, g), samples, gains, np.asarray(targets)
            )

    def place(self, problems: Problems, chosen: Bools, errors: Floats) -> None:
        g = int(problems.groups[0])
        group = self.groups[g]
        kept = group.neurons[chosen[0, : group.neurons.size]]
        rows = np.arange(self.form.rows) if group.input is None else problems.rows
        for h in kept.tolist():
            self.kept[rows, h // 8] |= np.uint8(128 >> h % 8)
        self.used[kept] = True
        if group.input is None:
            self.kept_bias[:] = chosen[:, -1]
        self.errors[problems.rows, g] = errors

    def masks(self) -> tuple[tuple[Bits, Bits], tuple[Bools | None, Bools | None]]:
        """Of weights and biases of the two layers: a hidden filter that is kept has its one weight, or its bias, and all that reads it."""
        hidden, d_in = self.source.shapes[self.first]
        weights = spool.zeros((hidden, -(-d_in // 8)), np.uint8, lasting=True)
        biases = np.zeros(hidden, np.bool_)
        for group in self.groups:
            kept = group.neurons[self.used[group.neurons]]
            if group.input is None:
                biases[kept] = True
            else:
                weights[kept, group.input // 8] = 128 >> group.input % 8
        edges = self.source.edges
        read = self.kept
        if edges is not None:
            read = spool.copied(self.kept, np.uint8)
            np.bitwise_and(read, edges.packed[self.first + 1], out=read)
        return (weights, read), (biases, self.kept_bias) if self.form.bias else (None, None)

    def described(self, row: int, g: int) -> str:
        group = self.groups[g]
        if group.input is None:
            place, d = f"bias {row // self.form.window}", self.form.outputs
            n = group.neurons.size + d
        else:
            place = f"weight ({row}, {group.input}), {'positive' if group.sign > 0 else 'negative'} half"
            d, n = self._rows(group).size, group.neurons.size
        how = "proven optimal" if n <= proven(d) else "heuristic"
        return f"{place}, is {self.errors[row, g] * self.scale:.3g} off with {group.neurons.size} filters for {d} numbers at once ({how})"
