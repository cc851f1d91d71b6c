"""One hidden layer: every neuron contributes one of some vectors to the outputs, so the neurons split into two halves to be joined.

Exact: meeting in the middle (Horowitz and Sahni 1974), for vectors and by size; 2^40 masks are two lists of at most 2^20 vectors. Whatever
the activation, a neuron is but a list of vectors; those that are surely equal (of all masks without a way out, or that never make the
neuron active) are one, with the number of masks of each size. Pairs whose sum lies in the window are counted by two k-d trees
(`kernels.tree`), whole branches at a time, so that a large epsilon costs no enumeration.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slth.census.answer import Census
from slth.census.forward import Bools, numbered
from slth.census.groups import Tables, groups_of, most_entries
from slth.census.half import Half
from slth.census.identical import why_not_permuted
from slth.census.kernels import tree as kernel
from slth.census.question import Question
from slth.census.tally import Tally, census
from slth.census.walk import MOST_PARAMETERS, inputs_of, why_not_windows
from slth.census.windows import INSIDE, UNDECIDED, Windows
from slth.threads import in_order, progress_bar

MOST_LIST = 2**24  # vectors of a half
MOST_NUMBERS = 2**28  # in both lists: 2 GiB, twice that at worst while they are sorted
MOST_BITS = 46.0  # log2 of the pairs

_FREE = 16  # groups of which every split is tried
_ROWS = 2**12
_TASKS = 64

Ints = NDArray[np.int64]


def count(
    question: Question, *, once: Iterable[str], by_layer: bool, masks: bool, workers: int, progress: bool
) -> Census:
    """The census of a network with at most one hidden layer, from two lists of half sums.

    Parameters
    ----------
    question, once, by_layer, masks, workers, progress
        As of `slth.census.walk.count`.

    Returns
    -------
    Census
        Exact, with the same proviso for curved activations.

    Raises
    ------
    ValueError
        If `why_not` says why not, or more masks would have to be listed than fit.

    Notes
    -----
    With n vectors in each half, of d numbers each (those put out on all inputs): memory 16 n d bytes, and as much again while they are
    sorted; at most some 4 GiB. Time O(n d log n) and what the pairs of leaves take that may meet: few for a small epsilon, or a very large
    one; up to all n^2 pairs, 0.5 to 4 nanoseconds each, where the windows of many inputs matter and a good part of the masks meets them.
    """
    kinds = set(once)
    problem = why_not(question, once=kinds)
    if problem is not None:
        raise ValueError(problem)
    search = Halves(Windows(question), "dead" in kinds, by_layer, workers, progress)
    return census(question, search, "halves", permuted="permuted" in kinds, by_layer=by_layer, masks=masks)


def why_not(question: Question, *, once: Iterable[str] = ()) -> str | None:
    """Why a question is not for this method; None if it is."""
    source, m = question.source, question.parameters.count
    if not question.is_sup:
        return f'"halves" joins sums within epsilon and so needs loss="sup", got {question.loss!r}: use "walk", or a sampled method'
    if not source.is_dense or len(source.layers) > 2:
        return (
            f'"halves" takes dense networks with one hidden layer (or none), not {source!r}: use "walk" if it is small, else a '
            "sampled method"
        )
    if "permuted" in set(once):
        problem = why_not_permuted(numbered(question.parameters))
        if problem is not None:
            return problem
    problem = why_not_windows(question)
    if problem is not None:
        return problem
    sampled = 'use "splitting" or "flat-histogram"'
    if m > MOST_PARAMETERS:
        return (
            f'the source has {m} weights and biases that are not zero; "halves" counts to {MOST_PARAMETERS}: {sampled}'
        )
    entries, _ = most_entries(question)
    d = source.widths[-1] * inputs_of(question)
    left, right = _split(entries)
    sizes = [math.prod(entries[g] for g in half) for half in (left, right)]
    bits = sum(math.log2(size) for size in sizes)
    if max(sizes) > MOST_LIST or sum(sizes) * d > MOST_NUMBERS or bits > MOST_BITS:
        return (
            f"the source has {m} weights and biases that are not zero: two lists of {sizes[0]:,} and {sizes[1]:,} vectors of {d:,} "
            f'numbers; "halves" takes lists to {MOST_LIST:,}, {MOST_NUMBERS:,} numbers and 2^{MOST_BITS:.0f} pairs: take fewer inputs, '
            f"or {sampled}"
        )
    return None


def _split(entries: Sequence[int]) -> tuple[list[int], list[int]]:
    """Groups of so many entries in two halves, so that the larger product is as small as may be (to 16 groups, else nearly so)."""
    logs = [math.log2(n) for n in entries]
    order = sorted(range(len(entries)), key=lambda g: -logs[g])
    free, fixed = order[:_FREE], order[_FREE:]
    subsets = (np.arange(1 << max(len(free) - 1, 0))[:, None] >> np.arange(len(free))) & 1  # the last one stays
    away = np.abs(subsets @ np.array([2 * logs[g] for g in free]) - sum(logs[g] for g in free))
    moved = subsets[int(away.argmin())]
    right = [g for g, bit in zip(free, moved.tolist(), strict=True) if bit]
    left = [g for g, bit in zip(free, moved.tolist(), strict=True) if not bit]
    for g in fixed:
        lighter = left if sum(logs[i] for i in left) <= sum(logs[i] for i in right) else right
        lighter.append(g)
    return sorted(left), sorted(right)


@dataclass(frozen=True, eq=False)
class Halves:
    """The join of a sup error; `without_dead` leaves out masks with dead ends."""

    windows: Windows
    without_dead: bool
    by_layer: bool
    workers: int
    progress: bool

    @cached_property
    def tables(self) -> Tables:
        groups = groups_of(self.windows, self.without_dead)
        return Tables.of(groups, self.by_layer, len(self.windows.layers) > 1)

    @cached_property
    def halves(self) -> tuple[Half, Half]:
        left, right = _split([group.entries for group in self.tables.groups])
        windows = self.windows
        return Half.of(self.tables, left, windows), Half.of(self.tables, right, windows)

    def tally(self) -> Tally:
        if math.isinf(self.windows.question.epsilon):  # every mask
            sure = self.tables.every()
            return self.tables.tally(sure, 0 * sure, self.by_layer)
        sure = np.zeros(self.tables.polys.shape[1], np.int64)
        undecided = np.zeros_like(sure)
        for inside, pairs in self._run(False):
            sure += inside
            codes, polys = self._decided(pairs)
            sure += polys[codes == INSIDE].sum(axis=0)
            undecided += polys[codes == UNDECIDED].sum(axis=0)
        return self.tables.tally(sure, undecided, self.by_layer)

    def listed(self) -> tuple[Bools, Bools]:
        m = self.windows.question.parameters.count
        sure, undecided = [np.zeros((0, m), np.bool_)], [np.zeros((0, m), np.bool_)]
        for _, pairs in self._run(True):
            codes = np.where(pairs[:, 2] == 1, INSIDE, 0)
            border = pairs[:, 2] == 0
            codes[border] = self._decided(pairs[border])[0]
            sure.append(self._expanded(pairs[codes == INSIDE]))
            undecided.append(self._expanded(pairs[codes == UNDECIDED]))
        return np.concatenate(sure), np.concatenate(undecided)

    def _run(self, listing: bool) -> Iterator[tuple[Ints, Ints]]:
        left, right = self.halves
        slack = float(left.radii.max() + right.radii.max())
        order = self.windows.order
        low, high = self.windows.low[order], self.windows.high[order]

        def work(start: int) -> tuple[Ints, Ints]:
            rows = _ROWS
            while True:
                inside, found = np.zeros(self.tables.polys.shape[1], np.int64), np.empty((rows, 3), np.int64)
                used = kernel.join(left.packed, right.packed, start, low, high, slack, listing, inside, found)
                if used >= 0:
                    return inside, found[:used]
                rows *= 8

        starts = left.top(_TASKS)
        with progress_bar(len(starts), "part", self.progress) as bar:
            for result in in_order(work, starts, self.workers):
                yield result
                bar.update(1)

    def _entries(self, pairs: Ints) -> Ints:
        """(n, groups): entries of the first combination that each pair stands for."""
        entries = np.zeros((len(pairs), len(self.tables.groups)), np.int64)
        for half, rows in zip(self.halves, pairs.T[:2], strict=True):
            half.write(entries, half.codes[half.code_starts[rows]])
        return entries

    def _decided(self, pairs: Ints) -> tuple[NDArray[np.int8], Ints]:
        """Codes of borderline pairs, and the sizes (n, length) of the masks they stand for."""
        if not len(pairs):
            return np.zeros(0, np.int8), np.zeros((0, self.tables.polys.shape[1]), np.int64)
        entries = self._entries(pairs)  # where rounding matters a pair is one combination
        codes = self.windows.decide(self.tables.representatives(entries, self.windows.question.parameters.count))
        return codes, self.tables.product(entries)

    def _expanded(self, pairs: Ints) -> Bools:
        """All masks that some pairs stand for."""
        left, right = self.halves
        counts = [
            half.code_starts[rows + 1] - half.code_starts[rows]
            for half, rows in ((left, pairs[:, 0]), (right, pairs[:, 1]))
        ]
        totals = counts[0] * counts[1]
        which = np.repeat(np.arange(len(pairs)), totals)
        rest = np.arange(which.size) - np.repeat(np.cumsum(totals) - totals, totals)
        entries = np.zeros((which.size, len(self.tables.groups)), np.int64)
        left.write(entries, left.codes[left.code_starts[pairs[which, 0]] + rest % counts[0][which]])
        right.write(entries, right.codes[right.code_starts[pairs[which, 1]] + rest // counts[0][which]])
        return self.tables.expanded(entries, self.windows.question.parameters.count)[0]
