"""Objective "smallest": the fewest elements within epsilon."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum import closest, exact
from slth.subset_sum.answer import from_masks, settle
from slth.subset_sum.batch import Batch, FixedPoint, Numbers
from slth.subset_sum.kernels import fixed_point, size_classes
from slth.subset_sum.question import Question
from slth.subset_sum.solution import Status

MAX_LISTED = 32  # samples: beyond, half lists by size take gigabytes, and each size is searched by hash join

Answer = tuple[NDArray[np.uint64], NDArray[np.uint8]]  # masks, statuses


def cost(n: int) -> float:
    """Nanoseconds for one instance alone when all classes are needed (measured on one core; only ratios matter)."""
    return 1000.0 + 30.0 * 2 ** (n / 2)


def by_size_classes(batch: Batch, which: NDArray[np.int64], epsilon: Numbers) -> Answer:
    """Masks and statuses of the instances `which`, sorted by row; epsilon (m,) for all instances of the batch."""
    fixed = FixedPoint.of(batch, which)
    exponents = fixed.exponents[fixed.row_of].tolist()
    tolerances = [_quanta(e, exponent) for e, exponent in zip(epsilon[which].tolist(), exponents, strict=True)]
    masks = np.empty(which.size, np.uint64)
    codes = np.empty(which.size, np.uint8)
    size_classes.smallest(
        fixed.values,
        fixed.counts,
        fixed.row_of,
        fixed.targets,
        np.array(tolerances, np.int64),
        fixed.exact,
        fixed.lows,
        fixed.highs,
        masks,
        codes,
    )
    # of a clipped target the distance is not known
    codes[np.abs(fixed.targets) >= fixed_point.CLIP] = size_classes.AMBIGUOUS
    statuses = np.where(codes == size_classes.MISSED, Status.NOT_FOUND, Status.OPTIMAL).astype(np.uint8)
    for i in np.flatnonzero(codes == size_classes.AMBIGUOUS).tolist():
        masks[i], statuses[i] = _in_integers(fixed, i, epsilon[which[i]].item())
    fixed.widen(masks)
    return masks, statuses


def by_integers(batch: Batch, which: NDArray[np.int64], epsilon: Numbers) -> Answer:
    """Python integers throughout: slow, and nothing to get wrong."""
    fixed = FixedPoint.of(batch, which)
    masks, statuses = np.zeros(which.size, np.uint64), np.zeros(which.size, np.uint8)
    for i in range(which.size):
        masks[i], statuses[i] = _in_integers(fixed, i, epsilon[which[i]].item())
    fixed.widen(masks)
    return masks, statuses


def by_sizes(question: Question, which: NDArray[np.int64], workers: int = 1) -> Answer:
    """The closest subset of every size, from the smallest on, until one lies within epsilon: for long rows.

    Where time runs out the closest subset seen is the answer.
    """
    batch = question.batch
    masks, statuses = np.zeros(which.size, np.uint64), np.full(which.size, Status.NOT_FOUND, np.uint8)
    left, sure = np.arange(which.size), np.ones(which.size, np.bool_)
    nearest, errors = np.zeros(which.size, np.uint64), np.full(which.size, np.inf)
    locked = np.zeros(which.size, np.int64) if batch.locked is None else batch.locked[batch.row_of[which]].sum(axis=1)
    for size in range(max(batch.allowed.low, int(locked.min())), batch.allowed.high + 1):
        possible = left[locked[left] <= size]
        if not left.size or question.late:
            break
        if not possible.size:
            continue
        some, proven = closest.by_join(batch.of_size(size), which[possible], workers, question.deadline)
        found = from_masks(batch, which[possible], some)
        closer = found.error < errors[possible]
        nearest[possible[closer]], errors[possible[closer]] = some[closer], found.error[closer]
        hit = settle(question, found, which[possible]) == Status.WITHIN_EPSILON
        masks[possible[hit]] = some[hit]
        statuses[possible[hit]] = np.where(sure[possible[hit]], Status.OPTIMAL, Status.HEURISTIC)
        sure[possible[~hit]] &= proven[~hit] == Status.OPTIMAL
        left = np.setdiff1d(left, possible[hit])
    unsure = left if question.late else left[~sure[left]]
    masks[unsure], statuses[unsure] = nearest[unsure], Status.LIMIT if question.late else Status.HEURISTIC
    return masks, statuses


def _in_integers(fixed: FixedPoint, i: int, epsilon: float) -> tuple[int, Status]:
    values, goal, unit = fixed.integers(i)
    mask = exact.smallest_of_integers(values, goal, fixed.whole(epsilon, unit), int(fixed.lows[i]), int(fixed.highs[i]))
    return (0, Status.NOT_FOUND) if mask is None else (mask, Status.OPTIMAL)


def _quanta(epsilon: float, exponent: int) -> int:
    """Epsilon in quanta, rounded down (sums are whole quanta, and scaling by a power of two is exact), at most 2^62: beyond all sums."""
    if math.frexp(epsilon)[1] + exponent > 62:
        return 2**62
    return int(math.ldexp(epsilon, exponent))
