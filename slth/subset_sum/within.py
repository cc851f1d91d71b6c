"""Objective "any": some subset within epsilon of the target, at a cost that does not grow with the number of samples."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum import closest
from slth.subset_sum.answer import from_masks, settle
from slth.subset_sum.batch import MAX_SAMPLES
from slth.subset_sum.heuristics.row import solve_row
from slth.subset_sum.kernels import prefix
from slth.subset_sum.question import Question
from slth.subset_sum.solution import Status

BLOCK = 8192  # instances
_TURNS = 4  # prefixes tried
_IMPROVED_FROM = 36  # samples: from here on a local search is cheaper than a complete one, and nearly always enough
_PREFIX = 48  # samples of a longer row that are searched; those behind only bring the target near

FOUND, UNDECIDED, MISSED = prefix.FOUND, prefix.UNDECIDED, prefix.MISSED


def solve(question: Question, which: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Masks and statuses of the instances `which`, sorted by row: by a prefix, and where that does not suffice the closest subset."""
    batch, epsilon = question.batch, question.epsilon
    assert epsilon is not None
    masks, codes = np.zeros(which.size, np.uint64), np.full(which.size, UNDECIDED, np.uint8)
    if batch.allowed.plain and not batch.integral:
        used, row_of = np.unique(batch.row_of[which], return_inverse=True)
        rows = batch.rows if used.size == len(batch.rows) else batch.rows[used]
        low, high = (np.full(which.size, bound, np.int64) for bound in (batch.allowed.low, batch.allowed.high))
        masks, codes = any_within(rows, row_of, batch.targets[which], epsilon[which], low, high)
        for turn in range(1, _TURNS):
            # another prefix of the same row: what one cannot reach, the next nearly always can
            left = np.flatnonzero(codes == UNDECIDED)
            shift = turn * batch.n // _TURNS
            if not (left.size and shift):
                break
            turned = np.roll(rows[row_of[left]], -shift, axis=1)
            found, codes[left] = any_within(
                turned, np.arange(left.size), batch.targets[which[left]], epsilon[which[left]], low[left], high[left]
            )
            up, down = np.uint64(shift), np.uint64(batch.n - shift)
            masks[left] = (found << up | found >> down) & np.uint64(2**batch.n - 1)
        if batch.n >= _IMPROVED_FROM:
            _improve(question, which, masks, codes)
    statuses = np.where(codes == FOUND, Status.WITHIN_EPSILON, Status.NOT_FOUND).astype(np.uint8)
    left = np.flatnonzero(codes == UNDECIDED)
    if left.size:
        masks[left], proven = closest.by_join(batch, which[left], deadline=question.deadline)
        statuses[left] = settle(question, from_masks(batch, which[left], masks[left]), which[left])
        open_ = (statuses[left] == Status.NOT_FOUND) & (proven != Status.OPTIMAL)
        statuses[left[open_]] = proven[open_]
    return masks, statuses


def _improve(question: Question, which: NDArray[np.int64], masks: NDArray[np.uint64], codes: NDArray[np.uint8]) -> None:
    """Local search for what is still undecided: targets near the end of the reach."""
    batch, epsilon = question.batch, question.epsilon
    assert epsilon is not None
    for i in np.flatnonzero(codes == UNDECIDED).tolist():
        row, target = batch.rows[batch.row_of[which[i]]], batch.targets[which[i]].item()
        low, high = batch.allowed.low, batch.allowed.high
        picked = solve_row(row, target, low=low, high=high, deadline=question.deadline, rng=0)
        if abs(picked.rest) <= Fraction(epsilon[which[i]].item()):
            masks[i], codes[i] = sum(1 << j for j in np.flatnonzero(picked.chosen).tolist()), FOUND


def any_within(
    rows: NDArray[np.float64],
    row_of: NDArray[np.int64],
    targets: NDArray[np.float64],
    epsilon: NDArray[np.float64],
    lows: NDArray[np.int64],
    highs: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Some subset within epsilon of each target, its size from low to high; which one depends on row, target, epsilon and sizes alone.

    A prefix of p samples has 2^p subset sums, so p = log2(spread / epsilon) + 4 samples hold one within epsilon of any target near
    their mean, but for a chance of about exp(-16) (`bounds.log_closest_error`). So only that many are searched, by a vector scan
    or by a hash join of half sums; the samples behind serve to bring a far target near (greedily; with sizes, by swaps).

    Parameters
    ----------
    rows : (rows, n) float64
        Finite samples, n <= 64; the sum of a row's absolute values and a target must not overflow.
    row_of : (m,) int64
        Row of each instance.
    targets, epsilon : (m,) float64
        Finite, epsilon >= 0; an error equal to epsilon is within.
    lows, highs : (m,) int64
        Sizes allowed, both included; 0 and n leave the size free.

    Returns
    -------
    masks : (m,) uint64
        Bit i is set if sample i is chosen; 0 where nothing was found.
    codes : (m,) uint8
        FOUND: within epsilon in exact arithmetic. MISSED: proven that no such subset exists. UNDECIDED: the search gave up, a complete
        solver has to say.

    Raises
    ------
    ValueError
        If a row has more than 64 samples.

    Notes
    -----
    With s the standard deviation of a random subset's sum: time O(1) for epsilon >= s / 300, O(s / epsilon) down to s / 3000 and
    O(sqrt(s / epsilon)) below. The join goes over at most 2^17 by 2^19 sums (36 samples, milliseconds, 14 MiB) before it gives up.

    Sources: Lueker, Random Struct. Alg. 12 (1998), for the prefix; Horowitz and Sahni, J. ACM 21 (1974), for the halves; Shewchuk,
    Discrete Comput. Geom. 18 (1997), for the exact test.
    """
    if rows.shape[1] > MAX_SAMPLES:
        raise ValueError(
            f"a mask holds at most {MAX_SAMPLES} samples, got n = {rows.shape[1]}; use any_within_long, which returns bool arrays"
        )
    masks, codes = np.empty(targets.size, np.uint64), np.empty(targets.size, np.uint8)
    prefix.any_within(rows, row_of, targets, epsilon, lows, highs, masks, codes)
    return masks, codes


def any_within_long(
    rows: NDArray[np.float64], row_of: NDArray[np.int64], targets: NDArray[np.float64], epsilon: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """As `any_within` for rows of any length and any size of subset: chosen (m, n) bool and codes (m,), FOUND or UNDECIDED.

    Samples from the end of the row are taken greedily until the target lies near the mean of the first 48, which are then searched.
    Nothing is proven where nothing is found. Time O(n) at most, memory m n bytes for the answer.
    """
    n = rows.shape[1]
    head = min(n, _PREFIX)
    chosen, goals = np.empty((targets.size, n), np.bool_), np.empty(targets.size)
    prefix.bring_rows_near(rows, row_of, targets, head, chosen, goals)
    # the goals were rounded, so the search aims a little inside
    inside = epsilon * (1 - 2.0**-40)
    sizes = np.zeros(targets.size, np.int64)
    masks, codes = any_within(np.ascontiguousarray(rows[:, :head]), row_of, goals, inside, sizes, sizes + head)
    chosen[:, :head] = masks[:, None] >> np.arange(head, dtype=np.uint64) & np.uint64(1)
    codes[codes == MISSED] = UNDECIDED
    prefix.are_within(rows, row_of, targets, epsilon, chosen, codes)
    return chosen, codes
