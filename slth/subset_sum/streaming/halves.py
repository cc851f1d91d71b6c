"""The two halves of a row as lists of words, and the scan of their slices for one target and window: what a thread works on."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.kernels import streamed

Row = NDArray[np.int64]
Masks = NDArray[np.uint64]
Chunk = tuple[int, int, int]  # log2 of the slices of a circle, first, last + 1

ROOM = 2**16  # subsets listed in a chunk, at first
_CHUNK = 2**24  # sums of both halves a chunk: 30 to 60 ms
_REFINEMENTS = 6  # crowded slices are quartered so often
_TAG = np.uint64(streamed.SIZE_TAG)


@dataclass(frozen=True)
class Halves:
    """The two halves of a row as lists of words: those of `size` elements, or of `low` to `high` if it is None."""

    values: Row  # as dealt
    places: NDArray[np.uint8]
    splits: tuple[int, int, int]
    size: int | None
    low: int
    high: int
    even: float
    circle: int
    collapse: int
    left: tuple[Any, ...] = field(repr=False)
    right: tuple[Any, ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        values: Row,
        size: int | None,
        low: int,
        high: int,
        window: int,
        collapse: bool = False,
        whole: bool = False,
    ) -> Halves:
        """collapse: keep one of several subsets with equal sums; whole: a circle so long that no sum comes around."""
        places, left_split, n_left, right_split = streamed.deal(values)
        dealt = values[places]
        n = values.size
        even = streamed.even_circle(dealt, n_left)
        circle = int(streamed.circle_for(even, float(n), window))
        if whole:
            circle = min(max(circle, int(np.abs(values).sum()).bit_length() + 2), 63)
        tag = np.uint64(0) if size is None else _TAG
        fewest, most = (0, n) if size is None else (size, size)
        rule = streamed.EVERY
        if collapse:
            rule = streamed.BY_SUM if low == 0 and high == n else streamed.BY_SUM_AND_SIZE
        left, right = (
            streamed.prepare(
                dealt[part], places[part], split, sign, circle, tag, fewest, most, n - len(dealt[part]), even, rule
            )
            for part, split, sign in ((slice(n_left), left_split, 1), (slice(n_left, n), right_split, -1))
        )
        splits = (int(left_split), int(n_left), int(right_split))
        return cls(dealt, places, splits, size, low, high, even, circle, rule, left, right)

    @property
    def sums(self) -> tuple[int, int]:
        """Sums of the left and of the right half."""
        return self.left[0].size * self.left[2].size, self.right[0].size * self.right[2].size

    def direct(self, window: int) -> bool:
        """All pairs are compared: few sums, or a window too wide for tables."""
        return bool(streamed.is_direct(float(math.prod(self.sums)), window))

    def holds(self, window: int) -> bool:
        """Whether these lists serve the window."""
        if window >> streamed.WIDEST and not self.direct(window):
            return False
        return not streamed.too_short(self.circle, self.even, self.values.size, window)

    def chunks(self, window: int) -> list[Chunk]:
        """All slices, in chunks that do not depend on the number of workers."""
        if self.direct(window):
            return [(-1, 0, 1)]
        slices = int(streamed.slices_for(self.even, self.circle, max(self.sums)))
        chunks = min(max(sum(self.sums) // _CHUNK, 16), 1 << slices)
        edges = [i * (1 << slices) // chunks for i in range(chunks + 1)]
        return [(slices, first, last) for first, last in pairwise(edges)]

    def search(self, target: int, window: int, deadline: float | None = None, patient: bool = True) -> Search:
        """The lists made ready for one target and window."""
        shift = int(streamed.shift_for(window, self.circle))
        left_split, n_left, right_split = self.splits
        a, b = (
            (*half[:4], streamed.shorten(half[2], shift), half[4], split, samples)
            for half, split, samples in (
                (self.left, left_split, n_left),
                (self.right, right_split, self.values.size - n_left),
            )
        )
        start = (target << (64 - self.circle)) + (self.size or 0) * int(_TAG)
        return Search(self, target, window, a, b, np.uint64(start % 2**64), shift, deadline, patient)


@dataclass(frozen=True)
class Search:
    """Lists, target and window: what a thread needs to scan a chunk."""

    halves: Halves
    target: int
    window: int
    left: tuple[Any, ...]
    right: tuple[Any, ...]
    start: np.uint64
    shift: int
    deadline: float | None
    patient: bool  # where too many sums meet, go on in smaller chunks

    def scan(self, chunk: Chunk, room: int = ROOM) -> tuple[Masks, NDArray[np.int64], int]:
        """Masks and errors of the subsets within the window that belong to the chunk, and 0, FULL, CROWDED or MET if they are not all."""
        masks, errors, code = self._scan(chunk, room)
        late = self.deadline is not None and time.monotonic() >= self.deadline
        stuck = code == streamed.MET and (not self.patient or chunk[2] - chunk[1] == 1)
        if code in (0, streamed.FULL) or stuck or chunk[0] < 0 or late:
            return masks, errors, code
        slices, first, last = chunk
        if last - first == 1:
            whole = int(streamed.slices_for(self.halves.even, self.halves.circle, max(self.halves.sums)))
            if slices >= whole + 2 * _REFINEMENTS:
                return masks, errors, code
            slices, first, last = slices + 2, 4 * first, 4 * last
        parts = []
        middle = (first + last) // 2
        for part in ((slices, first, middle), (slices, middle, last)):
            parts.append(self.scan(part, room))
            if parts[-1][2] != 0:
                break
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), parts[-1][2]

    def _scan(self, chunk: Chunk, room: int) -> tuple[Masks, NDArray[np.int64], int]:
        halves = self.halves
        masks, errors = np.empty(room, np.uint64), np.empty(room, np.int64)
        longer = max(halves.left[0].size, halves.right[0].size)
        found, code = streamed.scan(
            (halves.values, halves.places, np.int64(self.target), np.int64(self.window)),
            self.left,
            self.right,
            (self.start, np.int64(halves.circle), np.int64(self.shift)),
            (np.int64(halves.low), np.int64(halves.high)),
            chunk,
            streamed.workspace(longer, min(max(*halves.sums, 64), 1 << streamed.SLICE)),
            masks,
            errors,
        )
        return masks[:found].copy(), errors[:found].copy(), int(code)
