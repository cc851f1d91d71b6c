"""All choices of one row in order of their distance to one target, ring by ring, in exact arithmetic.

The sums of both halves are listed in sorted order (`kernels.half_lists`), in fixed point. A ring holds the pairs whose fixed-point error
lies in an interval, wide enough for some thousand hits; their exact errors sort them, and what rounding might place behind a hit of
the next ring waits for it. So memory is the half lists and one ring, and the first choices come as soon as the lists are built.
"""

from __future__ import annotations

import bisect
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.kernels import half_lists
from slth.subset_sum.multiple_choice.choices import Choices

_BITS = 60  # of the largest sum in fixed point
_LOW_BITS = 52  # of what fixed point leaves over, as long as two words hold it
_RING = 2**18  # hits aimed at in the later rings
_LEAST = 2**12  # room for hits at least
_MOST = 2**20  # hits held at once

Array = NDArray[np.int64]


class Blurred(ValueError):
    """More choices agree in fixed point than can be sorted exactly."""


class Block(NamedTuple):
    """Some choices: arrays of equal length.

    Attributes
    ----------
    mask : (m,) uint64
        The mask, or the code (`Choices`).
    sum, error : (m,) float64 (or int64, see `every.Subsets`)
        Sum and its distance to the target, exact, then rounded once.
    size : (m,) int64
        Elements with a coefficient other than the first.
    """

    mask: NDArray[np.uint64]
    sum: NDArray[Any]
    error: NDArray[Any]
    size: NDArray[np.int64]

    def head(self, count: int) -> Block:
        """The first `count`."""
        return Block(self.mask[:count], self.sum[:count], self.error[:count], self.size[:count])


class _Lists(NamedTuple):
    """Both halves: sums, ranks, and where their size classes begin."""

    left: Array
    left_ranks: NDArray[np.uint32]
    left_classes: Array
    right: Array
    right_ranks: NDArray[np.uint32]
    right_classes: Array

    def segments(self, low: int, high: int) -> Array:
        """(q, 4) the pairs of classes of low to high elements together."""
        a, b = self.left_classes.tolist(), self.right_classes.tolist()
        pairs = [
            (a[i], a[i + 1], b[j], b[j + 1])
            for i in range(len(a) - 1)
            for j in range(max(low - i, 0), min(high - i, len(b) - 2) + 1)
            if a[i] < a[i + 1] and b[j] < b[j + 1]
        ]
        return np.array(pairs, np.int64).reshape(-1, 4)


class Row:
    """One row and one target in exact arithmetic: every option is an integer, a fixed-point word, and what the word leaves over.

    Parameters
    ----------
    choices : Choices
    samples, goal : (n,) ints, int
        Integers of any length: samples and target times `unit` (`exact.as_integers`).
    unit : int
        Sums and errors are reported in multiples of it.
    """

    def __init__(self, choices: Choices, samples: Sequence[int], goal: int, unit: int = 1) -> None:
        self.choices, self.unit, self.goal = choices, unit, goal
        self.options = choices.integers(samples)
        starts = choices.starts.tolist()
        reach = sum(max(map(abs, self.options[a:b])) for a, b in itertools.pairwise(starts))
        self.shift = max(reach.bit_length() - _BITS, 0)
        half = 1 << self.shift >> 1
        words = [(value + half) >> self.shift for value in self.options]
        self.words = np.array(words, np.int64)
        rest = [value - (word << self.shift) for value, word in zip(self.options, words, strict=True)]
        # a target beyond reach is moved to it: all distances shrink alike
        near = min(max(goal, -reach), reach)
        self.offset = abs(goal - near)
        self.target = (near + half) >> self.shift
        self.reach = reach >> self.shift
        # an error in quanta is off by less than this
        self.slack = choices.groups // 2 + 2 if self.shift else 0
        power = unit & (unit - 1) == 0
        self.wide = self.shift > _LOW_BITS or self.offset > 0 or not power
        self.rest = np.zeros(len(words), np.int64) if self.wide else np.array(rest, np.int64)
        self.target_rest = near - (self.target << self.shift)
        self._tables: dict[tuple[str, int, int], tuple[NDArray[Any], NDArray[Any]]] = {}

    def lists(self, by_size: bool) -> _Lists:
        """Both half lists, in size classes or all in one."""
        choices = self.choices
        sizes = choices.sizes if by_size else np.zeros_like(choices.sizes)
        _check_memory(choices)
        left = half_lists.half_list(self.words, sizes, choices.starts, 0, choices.middle)
        right = half_lists.half_list(self.words, sizes, choices.starts, choices.middle, choices.groups)
        return _Lists(*left, *right)

    def by_error(self, low: int, high: int, tolerance: int | None = None, first: int = 1024) -> Iterator[Block]:
        """Choices of low to high elements within the tolerance, sorted by error, size, code; the first ring holds about `first`."""
        least, most = self.choices.size_range
        if least >= low and most <= high:
            yield from self._rings(self.lists(by_size=False), None, tolerance, first)
        else:
            sizes = max(low, least), min(high, most)
            yield from self._rings(self.lists(by_size=True), sizes, tolerance, first)

    def by_size(self, low: int, high: int, tolerance: int | None = None, first: int = 1024) -> Iterator[Block]:
        """As `by_error`, sorted by size, error, code."""
        lists = self.lists(by_size=True)
        least, most = self.choices.size_range
        for size in range(max(low, least), min(high, most) + 1):
            yield from self._rings(lists, (size, size), tolerance, first)

    def _rings(
        self, lists: _Lists, sizes: tuple[int, int] | None, tolerance: int | None, first: int
    ) -> Iterator[Block]:
        """Ring after ring of the choices of these sizes; None where all are in one class."""
        segments = lists.segments(*(sizes or (0, 0)))
        pairs = sum((b - a) * (d - c) for a, b, c, d in segments.tolist())
        limit = self.reach + abs(self.target) + self.slack + 1
        if tolerance is not None:
            limit = min(limit, ((tolerance - self.offset) >> self.shift) + self.slack)
        if not pairs or limit < 0:
            return
        inner = int(half_lists.closest_error(lists.left, lists.right, segments, self.target)) - 1
        want = first
        width = max(want * self.reach // pairs, 1)
        waiting = _nothing()
        while inner < limit:
            outer = min(inner + width, limit)
            capacity = _MOST if outer - inner == 1 else max(4 * want, _LEAST)
            hits = self._list(lists, segments, inner, outer, capacity)
            if hits is None and outer - inner > 1:
                found = self._count(lists, segments, inner, outer)
                width = min(max((outer - inner) * want // found, 1), (outer - inner) // 2)
                continue
            if hits is None and not self.shift:
                if sizes is None:
                    lists, sizes = self.lists(by_size=True), self.choices.size_range
                    segments = lists.segments(*sizes)
                yield from self._ties(lists, sizes, outer, tolerance)
                inner = outer
                continue
            if hits is None or len(waiting[0]) > _MOST:
                raise Blurred(
                    f"more than {_MOST:,} choices have errors that agree in the leading {_BITS} bits, too many to sort; "
                    "round the samples to fewer digits, or scale them to integers"
                )
            found = len(hits[0])
            hits = tuple(np.concatenate(pair) for pair in zip(waiting, hits, strict=True))
            # beyond this an exact error may lie behind one of the next ring
            sure = None if outer == limit else outer + 1 - self.slack
            block, waiting = self._sorted(hits, sure, tolerance)
            if len(block.mask):
                yield block
            inner = outer
            width = min(max((width * want) // max(found, 1), width // 4, 1), 16 * width)
            want = min(4 * want, _RING)

    def _list(self, lists: _Lists, segments: Array, inner: int, outer: int, capacity: int) -> tuple[Any, ...] | None:
        """Sums, left and right ranks of the pairs with inner < error <= outer; None if they are more than the capacity."""
        sums, left = np.empty(capacity, np.int64), np.empty(capacity, np.uint32)
        right = np.empty_like(left)
        count = 0
        for low, high in self._windows(inner, outer):
            count = half_lists.list_within(
                lists.left,
                lists.left_ranks,
                lists.right,
                lists.right_ranks,
                segments,
                low,
                high,
                sums,
                left,
                right,
                count,
            )
            if count < 0:
                return None
        return sums[:count], left[:count], right[:count]

    def _count(self, lists: _Lists, segments: Array, inner: int, outer: int) -> int:
        return sum(
            int(half_lists.count_within(lists.left, lists.right, segments, low, high))
            for low, high in self._windows(inner, outer)
        )

    def _windows(self, inner: int, outer: int) -> list[tuple[int, int]]:
        if inner < 0:
            return [(self.target - outer, self.target + outer)]
        return [(self.target - outer, self.target - inner - 1), (self.target + inner + 1, self.target + outer)]

    def _ties(self, lists: _Lists, sizes: tuple[int, int], error: int, tolerance: int | None) -> Iterator[Block]:
        """All choices of exactly this error, sorted by size and code, however many: right rank by right rank."""
        totals = sorted({self.target - error, self.target + error})
        for size in range(sizes[0], sizes[1] + 1):
            segments = lists.segments(size, size)
            counts = np.zeros(lists.right.size, np.uint32)
            for total in totals:
                half_lists.count_partners(lists.left, lists.right, lists.right_ranks, segments, total, counts)
            ends = np.cumsum(counts, dtype=np.int64)
            del counts
            begin, done = 0, 0
            while done < ends[-1]:
                end = max(int(np.searchsorted(ends, done + _RING, side="right")), begin + 1)
                count = int(ends[end - 1]) - done
                sums, left, right = (
                    np.empty(count, np.int64),
                    np.empty(count, np.uint32),
                    np.empty(count, np.uint32),
                )
                k = 0
                for total in totals:
                    k = half_lists.list_partners(
                        lists.left,
                        lists.left_ranks,
                        lists.right,
                        lists.right_ranks,
                        segments,
                        total,
                        begin,
                        end,
                        sums,
                        left,
                        right,
                        k,
                    )
                if count:
                    yield self._sorted((sums, left, right), None, tolerance)[0]
                begin, done = end, done + count

    def _sorted(
        self, hits: tuple[Any, ...], sure: int | None, tolerance: int | None
    ) -> tuple[Block, tuple[NDArray[Any], ...]]:
        """Those hits whose exact error is below `sure` quanta and within the tolerance, sorted by error, size, code; and those to wait."""
        sums, left, right = hits
        code = self._look_up("codes", self.choices.codes, left, right)
        size = self._look_up("sizes", self.choices.sizes, left, right)
        if self.wide:
            return self._sorted_integers(hits, code, size, sure, tolerance)
        rest = self._look_up("rest", self.rest, left, right) if self.shift else np.zeros_like(sums)
        high, low = np.empty_like(sums), np.empty_like(sums)
        total, error = np.empty(sums.size), np.empty(sums.size)
        exponent = self.unit.bit_length() - 1
        half_lists.measure(sums, rest, self.target, self.target_rest, self.shift, exponent, high, low, total, error)
        order = np.argsort(high)
        ranked = high[order]
        tied = np.zeros(order.size, np.bool_)
        np.equal(ranked[1:], ranked[:-1], out=tied[1:])
        tied[:-1] |= tied[1:]
        if tied.any():
            some = order[tied]
            order[tied] = some[np.lexsort((code[some], size[some], low[some], high[some]))]
        waits = np.zeros(order.size, np.bool_) if sure is None else ranked >= sure
        within = ~waits
        if tolerance is not None:
            bound, bound_low = tolerance >> self.shift, tolerance & ((1 << self.shift) - 1)
            within &= (ranked < bound) | ((ranked == bound) & (low[order] <= bound_low))
        keep, wait = order[within], order[waits]
        return Block(code[keep], total[keep], error[keep], size[keep]), tuple(array[wait] for array in hits)

    def _sorted_integers(
        self,
        hits: tuple[Any, ...],
        code: NDArray[np.uint64],
        size: NDArray[np.int64],
        sure: int | None,
        tolerance: int | None,
    ) -> tuple[Block, tuple[NDArray[Any], ...]]:
        """The same in Python integers."""
        totals = self._look_up("options", np.array(self.options, object), hits[1], hits[2])
        errors = np.abs(totals - self.goal).tolist()
        ranked = sorted(zip(errors, size.tolist(), code.tolist(), range(len(errors)), strict=True))
        bound = None if sure is None else (sure << self.shift) + self.offset
        end = len(ranked) if bound is None else bisect.bisect_left(ranked, (bound,))
        wait = np.array([i for *_, i in ranked[end:]], np.int64)
        if tolerance is not None:
            end = min(end, bisect.bisect_left(ranked, (tolerance + 1,)))
        keep = np.array([i for *_, i in ranked[:end]], np.int64)
        block = Block(
            code[keep],
            np.array([int(total) / self.unit for total in totals[keep]]),
            np.array([error / self.unit for error, *_ in ranked[:end]]),
            size[keep],
        )
        return block, tuple(array[wait] for array in hits)

    def _look_up(
        self, name: str, options: NDArray[Any], left: NDArray[np.uint32], right: NDArray[np.uint32]
    ) -> NDArray[Any]:
        """What the options of each pair of ranks add up to."""
        look_up: Callable[..., NDArray[Any]] = _look_up_objects if options.dtype == object else half_lists.look_up
        parts = []
        for ranks, first, last in (
            (left, 0, self.choices.middle),
            (right, self.choices.middle, self.choices.groups),
        ):
            key = (name, first, last)
            if key not in self._tables:
                middle = self.choices.split(first, last)
                self._tables[key] = self._table(options, first, middle), self._table(options, middle, last)
            parts.append(look_up(ranks, *self._tables[key]))
        total: NDArray[Any] = parts[0] + parts[1]
        return total

    def _table(self, options: NDArray[Any], first: int, last: int) -> NDArray[Any]:
        table = np.zeros(1, options.dtype)
        for g in range(first, last):
            group = options[self.choices.starts[g] : self.choices.starts[g + 1]]
            table = (group[:, None] + table[None, :]).reshape(-1)
        return table


def _look_up_objects(ranks: NDArray[np.uint32], table: NDArray[Any], upper: NDArray[Any]) -> NDArray[Any]:
    quotient, remainder = np.divmod(ranks, np.uint32(table.size))
    total: NDArray[Any] = table[remainder] + upper[quotient]
    return total


def _nothing() -> tuple[NDArray[Any], ...]:
    return np.empty(0, np.int64), np.empty(0, np.uint32), np.empty(0, np.uint32)


def _check_memory(choices: Choices) -> None:
    entries = choices.entries(0, choices.middle) + choices.entries(choices.middle, choices.groups)
    need = 2 * 12 * entries  # the lists, and as much again while the last group is merged
    if need < 2**28:
        return
    free = _free_memory()
    if need > free:
        raise ValueError(
            f"the half lists need {need / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free; give fewer samples or fewer coefficients"
        )


def _free_memory() -> float:
    """Bytes free, as far as the system tells."""
    try:
        with open("/proc/meminfo") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return float("inf")
