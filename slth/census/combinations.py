"""The walk through all masks, by combinations of what the neurons of the last hidden layer can add to the outputs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.census.batches import all_masks
from slth.census.forward import Bools, Numbered
from slth.census.groups import Tables, code_of, groups_of
from slth.census.kernels import walk as kernel
from slth.census.settled import Settled
from slth.census.tally import Tally
from slth.census.windows import Windows
from slth.threads import in_order, progress_bar

_BLOCK = 10  # log2 of the combinations evaluated side by side
_STEP = 21  # log2 of the combinations a thread takes at a time
_CONFIGS = 2**12  # masks of the layers below that are evaluated at a time
_ROWS = 2**14

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Block:
    """Masks begin to end of the layers below, and with each of them the combinations from first to last of the outer groups."""

    begin: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Walk:
    """The walk of a sup error; `without_dead` leaves out masks with dead ends."""

    windows: Windows
    without_dead: bool
    by_layer: bool
    workers: int
    progress: bool

    @cached_property
    def deep(self) -> bool:
        return len(self.windows.layers) > 2

    @cached_property
    def tables(self) -> Tables:
        groups = groups_of(self.windows, self.without_dead, fixed=not self.deep)
        return Tables.of(groups, self.by_layer, len(self.windows.layers) > 1)

    @cached_property
    def inner(self) -> tuple[int, int]:
        """The first group of the block, and how many combinations the block has."""
        first, size = len(self.tables.groups), 1
        while first > 0 and (size == 1 or size * self.tables.groups[first - 1].entries <= 1 << _BLOCK):
            first -= 1
            size *= self.tables.groups[first].entries
        return first, size

    @cached_property
    def outer(self) -> int:
        """Combinations of the groups outside the block."""
        return math.prod(group.entries for group in self.tables.groups[: self.inner[0]])

    @cached_property
    def below(self) -> int:
        """Parameters of the layers below; they come first."""
        return sum(item.count for item in self.windows.layers[:-2])

    def tally(self) -> Tally:
        tally = Tally()
        if math.isinf(self.windows.question.epsilon) and not (self.deep and self.without_dead):
            return self._every()
        for part, _, _ in self._run(False):
            tally.merge(part)
        return tally

    def listed(self) -> tuple[Bools, Bools]:
        parts = list(self._run(True))
        return np.concatenate([sure for _, sure, _ in parts]), np.concatenate([undecided for _, _, undecided in parts])

    def _every(self) -> Tally:
        """All masks, without looking at them."""
        tally, above = Tally(), self.tables.every()
        counts = [item.count for item in self.windows.layers[:-2]]
        for below in itertools.product(*(range(count + 1) for count in counts)):
            ways = math.prod(math.comb(count, size) for count, size in zip(counts, below, strict=True))
            tally.merge(self.tables.tally(ways * above, 0 * above, self.by_layer, below))
        return tally

    def _run(self, listing: bool) -> Iterator[tuple[Tally, Bools, Bools]]:
        step = self.inner[1]
        total = (1 << self.below) * self.outer * step
        self.windows.order, self.windows.margin  # noqa: B018 - computed once, before the threads ask
        with progress_bar(total, "mask", self.progress) as bar:
            for found in in_order(lambda block: self._block(block, listing), self._blocks(), self.workers):
                yield found
                bar.update(total / self._block_count)

    @property
    def _block_count(self) -> int:
        size = max(1, (1 << _STEP) // self.inner[1])
        if self.outer > size:
            return (1 << self.below) * -(-self.outer // size)
        return -(-(1 << self.below) // self._configs)

    @property
    def _configs(self) -> int:
        return min(1 << self.below, max(1, min(_CONFIGS, (1 << _STEP) // (self.inner[1] * self.outer))))

    def _blocks(self) -> Iterator[Block]:
        size = max(1, (1 << _STEP) // self.inner[1])
        for begin in range(0, 1 << self.below, self._configs):
            end = min(begin + self._configs, 1 << self.below)
            for first in range(0, self.outer, size):
                yield Block(begin, end, first, min(first + size, self.outer))

    def _block(self, block: Block, listing: bool) -> tuple[Tally, Bools, Bools]:
        return self._deep_block(block, listing) if self.deep else self._flat_block(block, listing)

    def _flat_block(self, block: Block, listing: bool) -> tuple[Tally, Bools, Bools]:
        windows, tables = self.windows, self.tables
        first, inner = self.inner
        values, radii = self._entries
        slack = float(sum(radii[a:b].max() for a, b in zip(tables.starts[:-1], tables.starts[1:], strict=True)))
        histogram = np.zeros((1, tables.polys.shape[1]), np.int64)
        found = np.empty((max(_ROWS, 2 * inner), 4), np.int64)
        nothing = np.zeros((1, windows.question.parameters.count), np.bool_)
        result = Settled(
            windows,
            tables,
            first,
            self.by_layer,
            nothing,
            [()],
            np.zeros(1, np.int64),
            histogram,
        )
        index, order = block.first, windows.order
        while index < block.last:
            index, used = kernel.walk(
                values, radii, tables.polys, tables.starts, first, inner, order, windows.low[order], windows.high[order], slack,
                index, block.last, listing, histogram[0], found,
            )  # fmt: skip
            result.settle(found[:used], listing)
        return result.answer()

    @cached_property
    def _entries(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        groups = self.tables.groups
        d = self.windows.low.size
        values = [group.values for group in groups if group.values is not None]
        radii = [group.radii for group in groups if group.radii is not None]
        return np.concatenate([np.empty((0, d)), *values]), np.concatenate([np.empty(0), *radii])

    def _deep_block(self, block: Block, listing: bool) -> tuple[Tally, Bools, Bools]:
        windows, tables = self.windows, self.tables
        first, inner = self.inner
        masks = np.zeros((block.end - block.begin, windows.question.parameters.count), np.bool_)
        masks[:, : self.below] = all_masks(block.begin, block.end, self.below)
        needs = np.full(len(masks), -1, np.int64)
        if self.without_dead:
            masks, needs = self._alive(masks)
        kinds, kind = self._kinds(masks)
        histograms = np.zeros((len(kinds), tables.polys.shape[1]), np.int64)
        result = Settled(windows, tables, first, self.by_layer, masks, kinds, kind, histograms)
        found = np.empty((max(_ROWS, 2 * inner), 4), np.int64)
        layer, groups, cover, spread = self._described
        config, index, order = 0, block.first, windows.order
        while config < len(masks) and index < block.last:
            config, index, used = kernel.walk_deep(
                masks[:, : self.below], windows.inputs, windows.off, self._below, layer, groups, spread, windows.unit, windows.tiny,
                windows.margin, tables.polys, cover, needs, tables.starts, first, inner, block.last, order, windows.low[order],
                windows.high[order], kind, config, index, listing, histograms, found,
            )  # fmt: skip
            result.settle(found[:used], listing)
        return result.answer()

    def _kinds(self, masks: Bools) -> tuple[list[tuple[int, ...]], Ints]:
        """The sizes that masks have in the layers below (or all together), and which of these each has."""
        layers = self.windows.layers[:-2]
        if not self.by_layer:
            return [(size,) for size in range(self.below + 1)], masks[:, : self.below].sum(axis=1)
        sizes = [masks[:, _numbers(item)].sum(axis=1) for item in layers]
        bases = [item.count + 1 for item in layers]
        known, kind = np.unique(np.ravel_multi_index(sizes, bases), return_inverse=True)
        return list(zip(*(x.tolist() for x in np.unravel_index(known, bases)), strict=True)), kind.reshape(-1)

    def _alive(self, masks: Bools) -> tuple[Bools, Ints]:
        """Masks of the layers below without dead ends, and the neurons below the last hidden layer that it has to use, as bits."""
        kept = [item.kept(masks) for item in self.windows.layers[:-2]]
        fed = [weight.any(axis=2) | bias for weight, bias in kept]
        alive = np.ones(len(masks), np.bool_)
        for (weight, _), neurons in zip(kept[1:], fed[:-1], strict=True):
            alive &= (weight.any(axis=1) == neurons).all(axis=1)
        needs = (fed[-1].astype(np.int64) << np.arange(fed[-1].shape[1])).sum(axis=1)
        return masks[alive], needs[alive]

    @cached_property
    def _below(self) -> tuple[Any, ...]:
        """The layers below the last hidden one as the kernel takes them."""
        layers = self.windows.layers[:-2]
        codes = [code_of(item.layer.activation) for item in layers]
        numbers = [np.concatenate([item.layer.weight, item.biases[:, None]], axis=1).reshape(-1) for item in layers]
        bits = [np.concatenate([item.weight, item.bias[:, None]], axis=1).reshape(-1) for item in layers]
        return (
            np.array([layers[0].layer.d_in, *(item.layer.d_out for item in layers)], np.int64),
            np.array([item.layer.scale for item in layers]),
            np.array([code for code, _ in codes], np.int64),
            np.array([slope for _, slope in codes]),
            np.concatenate(numbers),
            np.concatenate(bits),
        )

    @cached_property
    def _described(self) -> tuple[Any, Any, Ints, float]:
        """The last two layers as the kernel takes them: layer, groups, what each entry uses of the neurons below, spread."""
        middle, last = self.windows.layers[-2], self.windows.layers[-1]
        weights, multiplied, outward, rows, cover = [], [], [], [], []
        ins, outs = [0], [0]
        for i in range(last.layer.d_in):
            columns = np.flatnonzero(middle.weight[i] >= 0)
            biased = bool(middle.bias[i] >= 0)
            weights += [*middle.layer.weight[i, columns].tolist(), *([float(middle.biases[i])] if biased else [])]
            multiplied += [*columns.tolist(), *([middle.layer.d_in] if biased else [])]
            into = np.flatnonzero(last.weight[:, i] >= 0)
            outward += last.layer.weight[into, i].tolist()
            rows += into.tolist()
            ins.append(len(weights))
            outs.append(len(outward))
            group = self.tables.groups[i]
            bits = np.concatenate([1 << columns, [0] if biased else []]).astype(np.int64)
            firsts = group.masks[np.minimum(group.starts[:-1], group.masks.size - 1)]
            used = ((firsts[:, None] >> np.arange(bits.size)) & 1) * bits
            cover.append(used.sum(axis=1) if self.without_dead else np.zeros(group.entries, np.int64))
        for r in np.flatnonzero(last.bias >= 0).tolist():
            outward.append(float(last.biases[r]))
            rows.append(r)
            outs.append(len(outward))
            cover.append(np.zeros(2, np.int64))
        layer = (float(middle.layer.scale), *code_of(middle.layer.activation))
        integers = [np.array(x, np.int64) for x in (ins, multiplied, rows, outs)]
        groups = (np.array(weights), integers[0], integers[1], np.array(outward), integers[2], integers[3])
        spread = 4.0 * (self.windows.question.parameters.count + 4)
        return layer, groups, np.concatenate(cover).astype(np.int64), spread


def _numbers(item: Numbered) -> Ints:
    """Of all parameters of a layer."""
    return np.concatenate([item.weight[item.weight >= 0], item.bias[item.bias >= 0]])
