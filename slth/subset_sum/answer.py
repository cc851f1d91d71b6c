"""From masks to a `Solution`: blocks of instances run by threads, sums recomputed from the samples, exactly."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.batch import Batch, FixedPoint, Numbers
from slth.subset_sum.kernels import exact_sum
from slth.subset_sum.masks import unpack
from slth.subset_sum.question import Question
from slth.subset_sum.solution import Solution, Status
from slth.threads import in_order, progress_bar

Which = NDArray[np.int64]

BLOCK_NS = 2e7  # a block of work takes about 20 ms: short enough to balance and to interrupt


def blocks(batch: Batch, cost: float) -> list[slice]:
    """Blocks of instances that cost so many nanoseconds each."""
    return batch.blocks(max(1, int(BLOCK_NS / cost)))


def in_blocks(question: Question, blocks: list[slice], run: Callable[[Which], tuple[NDArray[Any], ...]]) -> Solution:
    """Solve the instances block by block: `run` gets the indices of a block, sorted by row, and returns masks, statuses and, if there
    are more than two coefficients, (m, n) coefficients.

    Blocks not yet begun when the time is up get the smallest subset allowed and status LIMIT, those without a subset status NOT_FOUND.
    """
    batch = question.batch
    m = batch.targets.size
    masks, statuses, sizes = np.empty(m, np.uint64), np.empty(m, np.uint8), np.empty(m, np.int64)
    totals, errors = np.empty(m, batch.rows.dtype), np.empty(m, batch.rows.dtype)
    several = len(batch.allowed.coefficients) > 2
    coefficients = np.empty((m, batch.n), np.int64) if several else None

    def work(block: slice) -> int:
        which = batch.order[block]
        given = np.empty((which.size, batch.n if several else 0), np.int64)
        if question.late:
            found, status = np.empty(which.size, np.uint64), np.full(which.size, Status.LIMIT, np.uint8)
            lost = np.ones(which.size, np.bool_)
        else:
            found, status, *rest = run(which)
            given = rest[0] if rest else given
            lost = (status == Status.NOT_FOUND) | (status == Status.LIMIT) & (found == 0)
        if lost.any():
            found[lost] = least = _least(batch, which[lost])
            if coefficients is not None:
                base, other = batch.allowed.coefficients[:2]
                given[lost] = np.where(unpack(least, batch.n), other, base)
        masks[which], statuses[which] = found, status
        if coefficients is not None:
            coefficients[which] = given
        totals[which], errors[which], sizes[which] = _evaluate(batch, which, found, given if several else None)
        return which.size

    with progress_bar(m, "instance", question.progress) as bar:
        for done in in_order(work, blocks, min(question.workers, m)):
            bar.update(done)
    return _solution(batch, masks, totals, errors, sizes, statuses, coefficients, batch.shape)


def from_masks(
    batch: Batch,
    which: Which,
    masks: NDArray[np.uint64],
    statuses: NDArray[np.uint8] | None = None,
    coefficients: NDArray[np.int64] | None = None,
    shape: tuple[int, ...] | None = None,
) -> Solution:
    """The solution of the instances `which` (m,), given their masks, and coefficients (m, n) where those do not follow from the masks."""
    statuses = np.zeros(masks.size, np.uint8) if statuses is None else statuses
    sums = _evaluate(batch, which, masks, coefficients)
    return _solution(batch, masks, *sums, statuses, coefficients, masks.shape if shape is None else shape)


def _evaluate(
    batch: Batch, which: Which, masks: NDArray[np.uint64], coefficients: NDArray[np.int64] | None
) -> tuple[Numbers, Numbers, NDArray[np.int64]]:
    """Sums, errors and sizes of the instances `which`."""
    rows, row_of, targets = batch.rows, batch.row_of[which], batch.targets[which]
    totals, errors = np.empty(masks.size, rows.dtype), np.empty(masks.size, rows.dtype)
    if coefficients is None and (batch.integral or batch.allowed.coefficients != (0, 1)):
        coefficients = _two_coefficients(batch, masks)
    if coefficients is None:
        sizes = np.empty(masks.size, np.int64)
        exact_sum.chosen_sums(rows, row_of, targets, masks, totals, errors, sizes)
    else:
        sums = exact_sum.integer_sums if batch.integral else exact_sum.weighted_sums
        sums(rows, row_of, targets, coefficients, totals, errors)
        sizes = exact_sum.sizes_of(masks)
    return totals, errors, sizes


def _solution(
    batch: Batch,
    masks: NDArray[np.uint64],
    totals: Numbers,
    errors: Numbers,
    sizes: NDArray[np.int64],
    statuses: NDArray[np.uint8],
    coefficients: NDArray[np.int64] | None,
    shape: tuple[int, ...],
) -> Solution:
    shown = None
    if batch.allowed.coefficients != (0, 1):
        shown = (_two_coefficients(batch, masks) if coefficients is None else coefficients).reshape(*shape, batch.n)
    return Solution(
        mask=masks.reshape(shape)[()],
        sum=totals.reshape(shape)[()],
        error=errors.reshape(shape)[()],
        size=sizes.reshape(shape)[()],
        status=statuses.reshape(shape)[()],
        n=batch.n,
        multipliers=shown,
    )


def _two_coefficients(batch: Batch, masks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """(m, n): the base, or the other one where a sample is chosen."""
    return batch.allowed.base + batch.allowed.step * unpack(masks, batch.n).astype(np.int64)


def settle(question: Question, closest: Solution, which: Which) -> NDArray[np.uint8]:
    """Whether the closest subsets of some instances lie within epsilon: WITHIN_EPSILON or NOT_FOUND, both proven."""
    batch, epsilon = question.batch, question.epsilon
    assert epsilon is not None
    inside = closest.error <= epsilon[which]
    # rounding may have brought an error down to epsilon
    for j in np.flatnonzero((closest.error == epsilon[which]) & (not batch.integral)).tolist():
        row = batch.rows[batch.row_of[which[j]]].tolist()
        total = sum((c * Fraction(x) for c, x in zip(closest.coefficients[j].tolist(), row, strict=True)), Fraction(0))
        inside[j] = abs(total - Fraction(batch.targets[which[j]].item())) <= Fraction(epsilon[which[j]].item())
    return np.where(inside, Status.WITHIN_EPSILON, Status.NOT_FOUND).astype(np.uint8)


def _least(batch: Batch, which: Which) -> NDArray[np.uint64]:
    """The smallest subset allowed, where there is none to report: the locked samples, and the first few others that a size asks for."""
    allowed = batch.allowed
    if allowed.pattern is not None:
        return np.array([_least_of_pattern(batch, row) for row in batch.row_of[which].tolist()], np.uint64)
    fixed = FixedPoint.of(batch, which)
    masks = np.array([(1 << low) - 1 for low in fixed.lows.tolist()], np.uint64)
    fixed.widen(masks)
    return masks


def _least_of_pattern(batch: Batch, row: int) -> int:
    """In each block the locked samples, and the first few others."""
    assert batch.allowed.pattern is not None
    chosen, block = batch.allowed.pattern
    mask = 0
    for start in range(0, batch.n, block):
        places = range(start, start + block)
        locked = [] if batch.locked is None else [j for j in places if batch.locked[row, j]]
        for j in [*locked, *(j for j in places if j not in locked)][:chosen]:
            mask |= 1 << j
    return mask
