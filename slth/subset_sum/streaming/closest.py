"""The closest subset of one large instance, and all that rounding cannot tell from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.batch import MAX_SAMPLES
from slth.subset_sum.kernels import exact_sum, streamed
from slth.subset_sum.streaming.best import FARTHEST, Best, sums_of
from slth.subset_sum.streaming.guess import count_of, few_sums, first_window, guess, sizes_of
from slth.subset_sum.streaming.halves import Halves, Masks, Row
from slth.threads import in_order

_SORTED = 2**22  # sums of a half that are sorted as a last resort


@dataclass(frozen=True)
class Found:
    """What `closest_one` knows when it returns.

    Attributes
    ----------
    masks : (k,) uint64
        The contenders, closest first, then fewest elements, then smallest mask; never empty unless no subset has the size.
    errors : (k,) int64
        Their sums less the target, in quanta.
    complete : bool
        Whether every subset was looked at, directly or by exclusion. Then the optimum is among the contenders, unless `tied`.
    tied : bool
        The contenders were too many to list, or collapsed because rounding hid them: the first is one of them, the same for every
        number of workers. Where the fixed point is exact it is a closest subset, else within 2 n + 1 quanta of one.
    bound : int
        Proven: no subset is closer to the target than so many quanta. 0 if nothing is proven.
    """

    masks: Masks
    errors: NDArray[np.int64]
    complete: bool
    tied: bool
    bound: int


def closest_one(
    values: Row,
    target: int,
    exact: bool,
    low: int = 0,
    high: int = MAX_SAMPLES,
    *,
    workers: int = 1,
    deadline: float | None = None,
    bar: Any = None,
) -> Found:
    """The subset of `low` to `high` elements whose sum is closest to the target, and all that rounding cannot tell from it.

    A window around the target in which about eight subsets are expected is scanned, chunk by chunk; the best subset seen decides
    whether the window was wide enough, or how wide it must be. Contenders are all subsets whose error is within 2 n + 1 quanta of
    the best (where exact: those that tie with it; of equal ones in a quarter of the row only the one of fewest elements, then
    smallest mask, so that the first contender is the canonical answer). Where ties are too many to list the search goes on below
    their error; it stops where nothing can be closer: error 0, or the distance of the target to a multiple of the common divisor.
    A first guess, from the closest subset of 36 of the samples, is always there.

    Parameters
    ----------
    values : (n,) int64
        Up to 64 samples in quanta, of which the absolute values sum to less than 2^60.
    target : int
        In quanta, |target| <= 2^61.
    exact : bool
        Whether samples and target are exact in fixed point.
    low, high : int
        Sizes allowed, clipped to 0..n.
    workers : int
        Threads. They do not change the answer.
    deadline : float, optional
        A `time.monotonic` after which to stop, within a chunk or two (0.1 s; from n = 58 on not before the lists are made, 0.3 s).
    bar : tqdm, optional
        Reset for each window to the sums to go through, and advanced.

    Raises
    ------
    ValueError
        For more than 64 samples.

    Notes
    -----
    Time O(2^(n/2)): about 1.6 ns for each of the 2 * 2^(n/2) sums on one thread (n = 48: 0.06 s; n = 56: 1 s; n = 64: 30 s).
    A target in a gap between sums that is wider than the smallest of them by far (one sample that dominates many) may be left incomplete.
    """
    n = count_of(values)
    low, high = max(low, 0), min(high, n)
    if low > high:
        return Found(np.empty(0, np.uint64), np.empty(0, np.int64), True, False, 0)
    slack = 0 if exact else 2 * n + 1
    smallest, largest = (int(end) for end in streamed.reach_of(values, low, high))
    # beyond the reach the order of the subsets does not change any more
    goal = min(max(target, smallest), largest)
    best = Best(values, goal, slack, deadline)
    best.see(np.array([guess(values, goal, low, high)], np.uint64))
    complete, proven = True, FARTHEST
    for size in sizes_of(values, goal, low, high):
        window = min(first_window(values, goal, size, low, high) + slack, best.error + slack)
        done, empty = _one_size(best, size, low, high, max(window, min(best.floor, best.error)), workers, bar)
        complete &= done
        proven = min(proven, empty)
        if best.late() and not done:
            proven = proven if size is None or low == high else 0
            break
    bound = min(proven, best.error) + abs(target - goal) - (0 if exact else n + 1)
    masks = best.contenders()
    errors = sums_of(values, masks) - target
    return Found(masks, errors, complete, best.tied, max(bound, 0))


def _one_size(
    best: Best, size: int | None, low: int, high: int, window: int, workers: int, bar: Any
) -> tuple[bool, int]:
    """Go through the subsets of one size (None: of low to high elements); returns whether all, and an error that none is below."""
    fewest, most = (low, high) if size is None else (size, size)
    empty = 0
    collapse, whole, patient = best.slack == 0, best.slack == 0 and few_sums(best.values), False
    halves = None
    while True:
        window = min(window, FARTHEST)
        if best.late():
            return False, empty
        if halves is None or not halves.holds(window):
            halves = Halves.of(best.values, size, fewest, most, window, collapse, whole)
            if not halves.holds(window):
                return False, empty
        chunks = halves.chunks(window)
        if bar is not None:
            bar.reset(total=sum(halves.sums))
        at = 0
        while at < len(chunks):
            search = halves.search(best.target, window, best.deadline, patient)
            code = 0
            scans = in_order(search.scan, chunks[at:], workers)
            try:
                for masks, _, code in scans:
                    best.see(masks)
                    if best.late() and (code != 0 or at + 1 < len(chunks)):
                        return False, empty
                    if best.crowd:
                        code = streamed.FULL
                    if code != 0:
                        break
                    at += 1
                    if bar is not None:
                        bar.update(sum(halves.sums) / len(chunks))
            finally:
                scans.close()  # type: ignore[attr-defined]
            if code == 0:
                continue
            if best.error + best.slack < window:
                window = best.error + best.slack
            elif not patient and code == streamed.MET:
                patient = True
            elif best.error <= best.floor:
                best.tied = True
                return True, best.error
            elif window >= best.error:
                best.one()
                window = best.error - 1
            elif not collapse or not whole:
                # rounding hides ties: keep one of those with equal sums in quanta; then keep apart what is a circle apart
                whole |= collapse
                best.tied |= not collapse
                collapse = True
                halves = Halves.of(best.values, size, fewest, most, window, collapse, whole)
                chunks, at = halves.chunks(window), 0
            elif (fewest, most) == (0, best.values.size) and max(halves.sums) <= _SORTED:
                # a gap with crowds at its edges: sorted lists do not mind
                best.see(_by_sorting(halves, best.target))
                best.one()
                return True, best.error
            else:
                return False, empty
        empty = window + 1
        needed = best.error - 1 if best.tied else best.error + best.slack
        if needed <= window or window == FARTHEST:
            return True, best.error
        window = min(16 * window + 15, best.error + best.slack)


def _by_sorting(halves: Halves, target: int) -> Masks:
    """A closest subset of the listed ones by sorted halves: the one of fewest elements, then smallest mask, of those met first."""
    left_split, n_left, right_split = halves.splits
    sums, masks = [], []
    for half, start, split in ((halves.left, 0, left_split), (halves.right, n_left, n_left + right_split)):
        end = n_left if start == 0 else halves.values.size
        parts = half[1].astype(np.uint64), half[3].astype(np.uint64)
        outer, inner = sums_of(halves.values[start:split], parts[0]), sums_of(halves.values[split:end], parts[1])
        sums.append((outer[:, None] + inner).ravel())
        masks.append(
            (
                _spread(parts[0], halves.places[start:split])[:, None] | _spread(parts[1], halves.places[split:end])
            ).ravel()
        )
    order = np.argsort(sums[1], kind="stable")
    at = np.searchsorted(sums[1][order], target - sums[0])
    right = order[np.concatenate([np.maximum(at - 1, 0), np.minimum(at, order.size - 1)])]
    errors = np.abs(np.tile(sums[0], 2) + sums[1][right] - target)
    nearest = np.flatnonzero(errors == errors.min())
    found: Masks = np.tile(masks[0], 2)[nearest] | masks[1][right[nearest]]
    first: Masks = found[np.lexsort((found, exact_sum.sizes_of(found)))[:1]]
    return first


def _spread(masks: Masks, places: NDArray[np.uint8]) -> Masks:
    """Masks over the row of masks over samples at these places."""
    wide = np.zeros(masks.size, np.uint64)
    for i, place in enumerate(places.tolist()):
        wide |= ((masks >> np.uint64(i)) & np.uint64(1)) << np.uint64(place)
    return wide
