"""Objective "closest": which kernel solves what, and who takes over where rounding blurs the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum import exact, streaming
from slth.subset_sum.batch import Batch, FixedPoint
from slth.subset_sum.kernels import directory, exact_sum, join, merge, size_classes, streamed
from slth.subset_sum.question import Question
from slth.subset_sum.solution import Status

Answer = tuple[NDArray[np.uint64], NDArray[np.uint8]]  # masks, statuses

STREAMED_FROM = 31  # samples: above this the halves outgrow the cache and are streamed (measured)
CHUNKED_FROM = 47  # samples: from here on an instance takes so long that it is searched in chunks, which can be stopped
LISTED_TO = 44  # samples: above this sorted lists for ties would take gigabytes
_ONE_AT_A_TIME = 34  # samples: above this the lists for ties take up to 200 MB, and threads take turns
_CONTENDERS = 4096  # subsets compared exactly one by one; beyond, an exact search takes over

_turn = threading.Lock()


def cost(n: int) -> float:
    """Nanoseconds for one instance alone (measured on one core; only ratios matter)."""
    return 500.0 + 3.5 * 2 ** (n / 2)


def listed(n: int, per_row: int) -> int:
    """How many samples to list in sorted order for `per_row` targets of one row; 0 if that does not pay."""
    best, best_cost = 0, per_row * cost(n)
    for samples in range((n + 1) // 2, min(n, 20) + 1):
        look_up = 8.0 if samples <= 16 else 25.0
        total = 15.0 * 2**samples + per_row * look_up * 2 ** (n - samples)
        if total < best_cost:
            best, best_cost = samples, total
    return best


def shared_blocks(batch: Batch, nanoseconds: float) -> list[slice]:
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


def by_shared_row(batch: Batch, which: NDArray[np.int64]) -> Answer:
    """A sorted list for each row, in which its targets look themselves up; rows of few targets by hash join. No sizes."""
    fixed = FixedPoint.of(batch, which)
    masks, codes = _nothing(which)
    sort = listed(batch.n, which.size // len(fixed.values))
    if sort:
        starts = np.searchsorted(fixed.row_of, np.arange(len(fixed.values) + 1))
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
    _join(fixed, masks, codes)
    return _finish(fixed, masks, codes)


def by_join(batch: Batch, which: NDArray[np.int64], workers: int = 1, deadline: float | None = None) -> Answer:
    """Hash join of half sums, whole where they fit the cache, else streamed.

    `workers` and `deadline` are for rows of CHUNKED_FROM samples and more.
    """
    fixed = FixedPoint.of(batch, which)
    masks, codes = _nothing(which)
    _join(fixed, masks, codes)
    return _finish(fixed, masks, codes, workers, deadline)


def by_sorted_lists(batch: Batch, which: NDArray[np.int64]) -> Answer:
    """Sorted half lists and two pointers, for every instance."""
    fixed = FixedPoint.of(batch, which)
    return _finish(fixed, *_nothing(which))


def by_integers(batch: Batch, which: NDArray[np.int64]) -> Answer:
    """Python integers throughout: slow, and nothing to get wrong."""
    fixed = FixedPoint.of(batch, which)
    masks = np.zeros(which.size, np.uint64)
    for i in range(which.size):
        values, goal, _ = fixed.integers(i)
        masks[i] = exact.closest_of_integers(values, goal, int(fixed.lows[i]), int(fixed.highs[i]))
    fixed.widen(masks)
    return masks, np.full(which.size, Status.OPTIMAL, np.uint8)


def _nothing(which: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    return np.zeros(which.size, np.uint64), np.full(which.size, join.AMBIGUOUS, np.uint8)


def _join(fixed: FixedPoint, masks: NDArray[np.uint64], codes: NDArray[np.uint8]) -> None:
    """Solve what is not solved yet."""
    unsolved = codes == join.AMBIGUOUS
    mirrored = unsolved & fixed.mirrored & (fixed.counts[fixed.row_of] < CHUNKED_FROM)
    if mirrored.any():
        _join_mirrored(fixed, np.flatnonzero(mirrored), masks, codes)
        unsolved = codes == join.AMBIGUOUS
    counts = fixed.counts[fixed.row_of]  # zeros do not count
    long = counts >= STREAMED_FROM
    for kernel, some in (
        (join.closest, unsolved & ~long),
        (streamed.closest, unsolved & long & (counts < CHUNKED_FROM)),
    ):
        left = np.flatnonzero(some)
        if left.size:
            masks[left], codes[left] = _call(kernel, fixed, fixed.counts, left)


def _join_mirrored(
    fixed: FixedPoint, which: NDArray[np.int64], masks: NDArray[np.uint64], codes: NDArray[np.uint8]
) -> None:
    """Where a subset and its complement are equally close: search those without the last sample, and take the better of the two.

    Only where rounding hides no third one (FOUND, in an inexact row): then the two are all there are.
    """
    counts = np.maximum(fixed.counts - 1, 0)
    long = counts[fixed.row_of[which]] >= STREAMED_FROM
    for kernel, left in ((join.closest, which[~long]), (streamed.closest, which[long])):
        if not left.size:
            continue
        found, code = _call(kernel, fixed, counts, left)
        every = (np.uint64(2) << counts[fixed.row_of[left]].astype(np.uint64)) - np.uint64(1)
        other = found ^ every
        sizes, others = exact_sum.sizes_of(found), exact_sum.sizes_of(other)
        better = (others < sizes) | (others == sizes) & (other < found)
        masks[left], codes[left] = np.where(better, other, found), code


def _call(
    kernel: Callable[..., None], fixed: FixedPoint, counts: NDArray[np.int64], which: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Masks and codes of some instances, of the first `counts` samples of each row."""
    found, code = np.empty(which.size, np.uint64), np.empty(which.size, np.uint8)
    rows = fixed.row_of[which]
    bounds = fixed.lows[which], np.minimum(fixed.highs[which], counts[rows])
    kernel(fixed.values, counts, rows, fixed.targets[which], fixed.exact[which], *bounds, found, code)
    return found, code


def _finish(
    fixed: FixedPoint,
    masks: NDArray[np.uint64],
    codes: NDArray[np.uint8],
    workers: int = 1,
    deadline: float | None = None,
) -> Answer:
    """Decide what is ambiguous, and lead the masks back to all samples."""
    statuses = np.full(masks.size, Status.OPTIMAL, np.uint8)
    for i in np.flatnonzero(codes == join.AMBIGUOUS).tolist():
        with _turn if _ONE_AT_A_TIME < fixed.counts[fixed.row_of[i]] <= LISTED_TO else nullcontext():
            masks[i], statuses[i] = _closest_of_ties(fixed, i, workers, deadline)
    fixed.widen(masks)
    return masks, statuses


def _closest_of_ties(fixed: FixedPoint, i: int, workers: int = 1, deadline: float | None = None) -> tuple[int, Status]:
    """Where the hash join could not decide: by sorted lists, and where rounding blurs them, in exact integers."""
    row = fixed.row_of[i]
    values, low, high = fixed.values[row, : fixed.counts[row]], int(fixed.lows[i]), int(fixed.highs[i])
    if values.size > LISTED_TO:
        return _streamed(fixed, i, workers, deadline, bar=None)
    contenders = np.empty(_CONTENDERS, np.uint64)
    if low == 0 and high == values.size:
        found = merge.closest_of_row(values, fixed.targets[i], fixed.exact[i], contenders)
    else:
        found = size_classes.closest_of_sizes(values, fixed.targets[i], low, high, fixed.exact[i], contenders)
    if fixed.exact[i]:
        return int(contenders[0]), Status.OPTIMAL
    integers, goal, _ = fixed.integers(i)
    if found > 0:
        return exact.closest_of_integers_among(contenders[:found].tolist(), integers, goal), Status.OPTIMAL
    return exact.closest_of_integers(integers, goal, low, high), Status.OPTIMAL


def by_streaming(question: Question, which: NDArray[np.int64], bar: Any) -> Answer:
    """One instance after the other, each by all threads, told to the bar; the best subset seen where time runs out."""
    batch = question.batch
    fixed = FixedPoint.of(batch, which)
    masks, statuses = np.zeros(which.size, np.uint64), np.full(which.size, Status.OPTIMAL, np.uint8)
    for i in range(which.size):
        masks[i], statuses[i] = _streamed(fixed, i, question.workers, question.deadline, bar)
        if statuses[i] == Status.HEURISTIC and fixed.counts[fixed.row_of[i]] <= LISTED_TO:
            # ties too many to list one by one
            with _turn:
                masks[i], statuses[i] = _closest_of_ties(fixed, i)
    fixed.widen(masks)
    return masks, statuses


def _streamed(fixed: FixedPoint, i: int, workers: int, deadline: float | None, bar: Any) -> tuple[int, Status]:
    """The best of the contenders; LIMIT if time ran out, HEURISTIC if there are more of them than could be compared."""
    row = fixed.row_of[i]
    found = streaming.closest_one(
        fixed.values[row, : fixed.counts[row]],
        int(fixed.targets[i]),
        bool(fixed.exact[i]),
        int(fixed.lows[i]),
        int(fixed.highs[i]),
        workers=workers,
        deadline=deadline,
        bar=bar,
    )
    integers, goal, _ = fixed.integers(i)
    mask = exact.closest_of_integers_among(found.masks.tolist(), integers, goal)
    if found.complete and (fixed.exact[i] or not found.tied):
        return mask, Status.OPTIMAL
    return mask, Status.HEURISTIC if deadline is None or time.monotonic() < deadline else Status.LIMIT
