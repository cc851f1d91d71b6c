"""Every subset of one large instance whose error lies between two bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.batch import MAX_SAMPLES
from slth.subset_sum.kernels import exact_sum, streamed
from slth.subset_sum.streaming.best import sums_of
from slth.subset_sum.streaming.guess import count_of, sizes_of
from slth.subset_sum.streaming.halves import ROOM, Chunk, Halves, Masks, Row, Search
from slth.threads import in_order


@dataclass(frozen=True)
class Listing:
    """What `within` found: masks (k,) uint64 and errors (k,) int64 (sum less target, in quanta), and whether that is all."""

    masks: Masks
    errors: NDArray[np.int64]
    complete: bool


def within(
    values: Row,
    target: int,
    low_error: int,
    high_error: int,
    low: int = 0,
    high: int = MAX_SAMPLES,
    *,
    workers: int = 1,
    limit: int = 2**22,
) -> Listing:
    """Every subset of `low` to `high` elements with low_error <= |sum - target| <= high_error, closest first.

    Parameters
    ----------
    values, target
        See `closest_one`.
    low_error, high_error : int
        In quanta, both included.
    low, high : int
        Sizes allowed, clipped to 0..n.
    workers : int
        Threads. They do not change the answer.
    limit : int
        Stop with an incomplete listing (its beginning is arbitrary) as soon as there are more.

    Returns
    -------
    Listing
        Ordered by error, then size, then mask.

    Notes
    -----
    Time O(2^(n/2)) plus about 0.2 us for each subset listed; a ring far from the target is scanned as two narrow windows, a window
    wider than 2^53 quanta as several.
    """
    n = count_of(values)
    low, high = max(low, 0), min(high, n)
    parts: list[Masks] = []
    listed, complete = 0, True
    if low <= high and low_error <= high_error:
        for goal, window in _windows(values, target, max(low_error, 0), high_error, low, high):
            for size in sizes_of(values, goal, low, high):
                fewest, most = (low, high) if size is None else (size, size)
                halves = Halves.of(values, size, fewest, most, window)
                for masks, done in _all_of(halves.search(goal, window), halves.chunks(window), workers, limit):
                    errors = np.abs(sums_of(values, masks) - target)
                    masks = masks[(errors >= low_error) & (errors <= high_error)]
                    parts.append(masks)
                    listed += masks.size
                    complete &= done
                    if listed > limit or not done:
                        complete = False
                        break
                if not complete:
                    break
            if not complete:
                break
    masks = np.concatenate([np.empty(0, np.uint64), *parts])
    errors = sums_of(values, masks) - target
    order = np.lexsort((masks, exact_sum.sizes_of(masks), np.abs(errors)))[:limit]
    return Listing(masks[order], errors[order], complete)


def _all_of(search: Search, chunks: list[Chunk], workers: int, limit: int) -> Iterator[tuple[Masks, bool]]:
    """Masks of each chunk, and whether they are all (as far as the limit)."""

    def scan(chunk: Chunk) -> tuple[Masks, bool]:
        room = min(ROOM, limit + 1)
        while True:
            masks, _, code = search.scan(chunk, room)
            if code != streamed.FULL or room > limit:
                return masks, code == 0
            room = min(8 * room, limit + 1)

    yield from in_order(scan, chunks, workers)


def _windows(
    values: Row, target: int, low_error: int, high_error: int, low: int, high: int
) -> Iterator[tuple[int, int]]:
    """Centre and half width of disjoint windows that cover every sum with an error between the two, within the reach."""
    smallest, largest = (int(end) for end in streamed.reach_of(values, low, high))
    rings = [(target - high_error, target + high_error)]
    if 2 * low_error > high_error:
        rings = [(target - high_error, target - low_error), (target + low_error, target + high_error)]
    widest = 2**60 if streamed.is_direct(2.0**values.size, 2**60) else 2**53
    for start, end in rings:
        first, last = max(start, smallest), min(end, largest)
        while first <= last:
            until = min(last, first + 2 * widest)
            window = (until - first + 1) // 2
            # may reach one quantum further than asked
            yield first + window, window
            first += 2 * window + 1
