"""Objective "closest": which kernel solves what, and who takes over where rounding blurs the answer."""

from __future__ import annotations

import threading
from contextlib import nullcontext

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum import exact
from slth.subset_sum.batch import Batch, FixedPoint
from slth.subset_sum.kernels import directory, join, merge
from slth.subset_sum.solution import Status

_STREAMED_FROM = 31  # samples: above this the halves outgrow the cache and are streamed (measured)
_ONE_AT_A_TIME = 34  # samples: above this the lists for ties take up to 200 MB, and threads take turns
_CONTENDERS = 4096  # subsets compared exactly one by one; beyond, an exact search takes over


_turn = threading.Lock()


def cost(n: int) -> float:
    """Nanoseconds for one instance alone (measured on one core; only ratios matter)."""
    return 500.0 + 3.0 * 2 ** (n / 2) * (1 if n < _STREAMED_FROM else 3)


def listed(n: int, per_row: int) -> int:
    """How many samples to list in sorted order for `per_row` targets of one row; 0 if that does not pay."""
    best, best_cost = 0, per_row * cost(n)
    for samples in range((n + 1) // 2, min(n, 20) + 1):
        look_up = 8.0 if samples <= 16 else 25.0
        total = 15.0 * 2**samples + per_row * look_up * 2 ** (n - samples)
        if total < best_cost:
            best, best_cost = samples, total
    return best


def blocks(batch: Batch, nanoseconds: float) -> list[slice]:
    """Blocks of instances of about equal cost; a row that is worth sorting is cut only into pieces that are worth it too."""
    step = max(1, int(nanoseconds / cost(batch.n)))
    sort = listed(batch.n, batch.per_row)
    if not sort:
        return batch.blocks(step)
    # as many targets as keep the look-ups busy for four times as long as the sorting took
    worth = max(step, int(8 * 2 ** (2 * sort - batch.n)))
    if batch.per_row > 2 * worth:
        return batch.blocks(worth)
    return batch.blocks(max(step // batch.per_row, 1) * batch.per_row)


def closest(batch: Batch, which: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Masks and statuses of the instances `which`, sorted by row."""
    fixed = FixedPoint.of(batch, which)
    masks = np.zeros(which.size, np.uint64)
    codes = np.full(which.size, join.AMBIGUOUS, np.uint8)
    sort = listed(batch.n, which.size // len(fixed.samples))
    if sort:
        starts = np.searchsorted(fixed.row_of, np.arange(len(fixed.samples) + 1))
        for row, count in enumerate(fixed.counts.tolist()):
            here = slice(starts[row], starts[row + 1])
            directory.closest_shared(
                fixed.values[row, :count],
                fixed.row_exact[row],
                min(sort, count),
                fixed.targets[here],
                fixed.exact[here],
                masks[here],
                codes[here],
            )
    unsolved = codes == join.AMBIGUOUS
    long = fixed.counts[fixed.row_of] >= _STREAMED_FROM  # zeros do not count
    for kernel, some in ((join.closest, unsolved & ~long), (join.closest_streamed, unsolved & long)):
        left = np.flatnonzero(some)
        if left.size:
            found, code = np.empty(left.size, np.uint64), np.empty(left.size, np.uint8)
            kernel(fixed.values, fixed.counts, fixed.row_of[left], fixed.targets[left], fixed.exact[left], found, code)
            masks[left], codes[left] = found, code
    for i in np.flatnonzero(codes == join.AMBIGUOUS).tolist():
        with _turn if batch.n > _ONE_AT_A_TIME else nullcontext():
            masks[i] = _closest_of_ties(fixed, i, float(batch.targets[which[i]]))
    fixed.widen(masks)
    return masks, np.full(which.size, Status.OPTIMAL, np.uint8)


def _closest_of_ties(fixed: FixedPoint, i: int, target: float) -> int:
    """The mask where the hash join could not decide: by sorted lists, and where rounding blurs them, in exact integers."""
    row = fixed.row_of[i]
    contenders = np.empty(_CONTENDERS, np.uint64)
    found = merge.closest_of_row(fixed.values[row, : fixed.counts[row]], fixed.targets[i], fixed.exact[i], contenders)
    if fixed.exact[i]:
        return int(contenders[0])
    if found > 0:
        return exact.closest_among((int(mask) for mask in contenders[:found]), fixed.floats(i), target)
    return exact.closest(fixed.floats(i), target)
