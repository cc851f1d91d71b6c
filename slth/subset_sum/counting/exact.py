"""Exact counts: how many subsets of each size have a sum within epsilon of the target, proven, for up to 64 samples.

Rows of at most LISTED samples are counted many at once (`kernels.counting`); a longer row is streamed, cut into chunks of the axis of
half sums that threads share (`kernels.counting_streamed`). Both count in 60-bit fixed point. Where samples were rounded, the subsets
within `slack` quanta of an end of the window are undecided; they are few, and are decided one by one in exact arithmetic, or, if they
are too many, the counts come as a lower and an upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.batch import MAX_SAMPLES, FixedPoint
from slth.subset_sum.counting.streamed import Advance, Counts, at_most
from slth.subset_sum.counting.window import Decide, windows, within
from slth.subset_sum.kernels import counting, exact_sum
from slth.threads import in_order

LISTED = 30  # samples: up to here one half, indexed, stays in the cache (measured)


def cost(n: int, workers: int = 1) -> tuple[float, float]:
    """Seconds and bytes that `count` takes for one instance of n samples (measured on one core; a rough guide)."""
    half = 2.0 ** ((n + 1) // 2)
    if n <= LISTED:
        return 1e-6 + 20e-9 * half, 2e6 + 100 * half
    seconds = 1e-3 + (30e-9 + 3e-9 * max(0, n - 44)) * half / workers
    return seconds, 2e7 * workers + 500 * 2.0 ** max(16, (n + 1) // 2 - 16) + half / 16


def count(
    fixed: FixedPoint,
    targets: NDArray[np.float64],
    epsilons: NDArray[np.float64],
    *,
    workers: int = 1,
    advance: Advance | None = None,
) -> tuple[Counts, Counts]:
    """Subsets of each size with ``abs(sum - target) <= epsilon``, in exact arithmetic.

    Parameters
    ----------
    fixed : FixedPoint
        The m instances, of n <= 64 samples, zeros included.
    targets, epsilons : (m,) float64
        Finite; epsilon >= 0.
    workers : int
        Threads. The answer does not depend on it.
    advance : callable, optional
        Told, from this thread, how many more instances are done, as a float: a long one comes in many small steps.

    Returns
    -------
    lower, upper : (m, n + 1) uint64
        Bounds of the number of subsets of 0, 1, ..., n elements; equal, and so proven, but where more than 2^22 subsets lie within
        rounding of the ends of a window (never for n <= 21; else with samples of very different scales, or decimals by the thousand ties).

    Raises
    ------
    ValueError
        If n > 64, or an epsilon is negative.

    Notes
    -----
    Time O(2^(n/2)) an instance whatever epsilon; memory O(2^(n/2)) up to n = 30 and O(2^(n/4)) above: see `cost`. A zero is
    a sample like any other, and doubles the total. Integers of few different sums are counted faster by `counting.grid`.
    """
    if (epsilons < 0).any():
        raise ValueError(
            f"epsilon must be >= 0, got {float(epsilons.min())}; give how far from the target a sum may be"
        )
    lows, highs = windows(targets, epsilons, fixed.exponents[fixed.row_of])
    # a rounded sample is less than a quantum away from what it stands for
    slacks = np.where(fixed.row_exact, 0, fixed.counts)[fixed.row_of]

    def decide(i: int) -> Decide:
        return within(fixed.floats(i), float(targets[i]), float(epsilons[i]))

    return count_batch(
        fixed.values, fixed.counts, fixed.row_of, lows, highs, slacks, decide=decide, workers=workers, advance=advance
    )


def count_batch(
    values: NDArray[np.int64],
    samples: NDArray[np.int64],
    row_of: NDArray[np.int64],
    lows: NDArray[np.int64],
    highs: NDArray[np.int64],
    slacks: NDArray[np.int64],
    *,
    decide: Callable[[int], Decide] | None = None,
    workers: int = 1,
    advance: Advance | None = None,
) -> tuple[Counts, Counts]:
    """Subsets of each size with a sum in [low, high], for m instances; in quanta, the bounds of a window uncertain by `slack`.

    values (rows, n) int64 with the sum of |values| < 2^60, of which the first samples (rows,) count and the rest are zeros; row_of, lows,
    highs, slacks (m,) int64 -> lower, upper (m, n + 1) uint64. `decide(instance)` says which masks lie in its window exactly.
    """
    m, n = row_of.size, values.shape[1]
    if n > MAX_SAMPLES:
        raise ValueError(
            f"exact counts take at most {MAX_SAMPLES} samples a row, got n = {n}; use an approximate method"
        )
    lower, upper = np.zeros((m, n + 1), np.uint64), np.zeros((m, n + 1), np.uint64)
    used = samples[row_of]
    short = np.flatnonzero(used <= LISTED)
    short = short[np.argsort(row_of[short], kind="stable")]  # a row is listed once for all its instances
    step = max(1, int(0.02 / cost(int(used[short].max(initial=0)))[0]))
    open_ = [np.flatnonzero(used > LISTED)]

    def run(which: NDArray[np.int64]) -> NDArray[np.int64]:
        found = np.empty((which.size, n + 1), np.uint64)
        codes = np.empty(which.size, np.uint8)
        counting.count(values, samples, row_of[which], lows[which], highs[which], slacks[which], found, codes)
        lower[which] = upper[which] = found
        blurred: NDArray[np.int64] = which[codes == counting.BLURRED]
        return blurred

    blocks = [short[start : start + step] for start in range(0, short.size, step)]
    results = in_order(run, blocks, max(1, min(workers, len(blocks))))
    for block, blurred in zip(blocks, results, strict=True):
        open_.append(blurred)
        if advance is not None:
            advance(float(block.size - blurred.size))
    for i in np.concatenate(open_).tolist():
        k = int(used[i])
        lower[i, : k + 1], upper[i, : k + 1] = count_by_size(
            values[row_of[i], :k],
            int(lows[i]),
            int(highs[i]),
            int(slacks[i]),
            decide=None if decide is None else decide(i),
            workers=workers,
            advance=advance,
        )
    for zeros in np.unique(n - used[used < n]).tolist():
        some = np.flatnonzero(n - used == zeros)
        for counts in (lower, upper):
            counts[some] = _with_zeros(counts[some], zeros)
    return lower, upper


def count_by_size(
    values: NDArray[np.int64],
    low: int,
    high: int,
    slack: int,
    *,
    decide: Decide | None = None,
    workers: int = 1,
    advance: Advance | None = None,
) -> tuple[Counts, Counts]:
    """As `count_batch` for one row of values (n,), streamed by all threads -> lower, upper (n + 1,) uint64."""
    n = values.size
    left = 1.0

    def told(share: float) -> Advance:
        """What is left of this instance, or a share of it, told as it gets done."""
        part = share * left

        def tell(done: float) -> None:
            nonlocal left
            left -= part * done
            if advance is not None:
                advance(part * done)

        return tell

    least, most = int(values[values < 0].sum()), int(values[values > 0].sum())
    if low + slack <= least and most <= high - slack:
        told(1.0)(1.0)
        every = np.array([math.comb(n, k) for k in range(n + 1)], np.uint64)
        return every, every.copy()
    if high + slack < least or most < low - slack:
        told(1.0)(1.0)
        return np.zeros(n + 1, np.uint64), np.zeros(n + 1, np.uint64)
    passed = at_most(values, low, high, slack, workers, told(1.0))
    if passed is not None:
        return _decided(*passed, decide)
    bounds = [np.zeros(n + 1, np.uint64) for _ in range(2)]
    for bound, inwards, share in zip(bounds, (slack, -slack), (0.5, 1.0), strict=True):
        if low + inwards <= high - inwards:
            sure = at_most(values, low + inwards, high - inwards, 0, workers, told(share))
            assert sure is not None  # nothing is undecided without slack
            bound[:] = sure[0][0] - sure[0][1]
        else:
            told(share)(1.0)
    return bounds[0], bounds[1]


def _decided(counts: Counts, undecided: list[NDArray[np.uint64]], decide: Decide | None) -> tuple[Counts, Counts]:
    """Lower and upper counts: the sure ones, and those of the undecided that lie within."""
    n = counts.shape[1] - 1
    at_high, at_low = undecided
    # surely at most high, and neither surely nor perhaps less than low
    sure = counts[0] - counts[1] - _sizes(at_low, n) + _sizes(np.intersect1d(at_low, at_high), n)
    masks = np.union1d(at_low, at_high)
    if decide is None:
        return sure, sure + _sizes(masks, n)
    found = sure + _sizes(masks[decide(masks)], n)
    return found, found.copy()


def _sizes(masks: NDArray[np.uint64], n: int) -> Counts:
    """How many of the masks have 0, 1, ..., n bits."""
    return np.bincount(exact_sum.sizes_of(masks), minlength=n + 1).astype(np.uint64)


def _with_zeros(counts: Counts, zeros: int) -> Counts:
    """Counts (m, n + 1) of rows of which `zeros` samples were left out: each may be taken or not."""
    widened = np.zeros_like(counts)
    for taken in range(zeros + 1):
        widened[:, taken:] += counts[:, : counts.shape[1] - taken] * np.uint64(math.comb(zeros, taken))
    return widened
