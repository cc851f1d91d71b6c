"""Numbers of subsets for every sum on a grid, item by item: dynamic programming over (size, sum), or over the sum alone.

Items are non-negative integers. The tables hold float64 (relative error at most 2^-53 an addition, all terms being non-negative) or
uint64, where a count is cut into limbs of LIMB bits: an item at most doubles a count, so `64 - LIMB` items are plain additions,
vectorised and without a carry, before `carry` moves what has grown over. Work: one addition a limb, item and cell in range.
"""

import numpy as np
from numba import njit

LIMB = 56  # bits
u64 = np.uint64


@njit(cache=True, nogil=True, error_model="numpy")
def ranges(items, step, low, high, need, top):
    """Which sums each size can have after each item, and still be useful.

    items (c,) int64 of one step (+1: a chosen item makes the subset larger by one; -1: smaller). low, high (c + 1, rows) int64: row 0
    given, the others filled; low > high where there is none. need (c + 1,): sums below can no longer come to the window; top: nor
    those above. Returns the number of additions.
    """
    rows = low.shape[1]
    work = 0.0  # may pass 2^63
    for j in range(items.size):
        for k in range(rows):
            a, b = low[j, k], high[j, k]
            source = k - step
            if 0 <= source < rows and low[j, source] <= high[j, source]:
                c = low[j, source] + items[j]
                d = min(high[j, source] + items[j], top)
                if c <= d:
                    work += d - max(c, need[j + 1]) + 1
                    if a > b:
                        a, b = c, d
                    else:
                        a, b = min(a, c), max(b, d)
            low[j + 1, k] = max(a, need[j + 1])
            high[j + 1, k] = b
    return work


@njit(cache=True, nogil=True, error_model="numpy")
def by_size(table, items, step, low, high, need, top):
    """Add items to table (rows, sums), in place: count[k][s] += count[k - step][s - item], within the ranges.

    Item j follows item j - 1 one row behind, so that the rows in use stay in the cache.
    """
    rows = table.shape[0]
    for front in range(rows + items.size):
        for j in range(items.size):
            place = rows - 1 - front + j  # counted from the end that the step leaves
            if place < 1 or place >= rows:
                continue
            k = place if step > 0 else rows - 1 - place
            source = k - step
            a = max(low[j, source], need[j + 1] - items[j])
            b = min(high[j, source], top - items[j]) + 1
            if a < b:
                into = table[k, a + items[j] : b + items[j]]
                old = table[source, a:b]
                for s in range(into.size):
                    into[s] += old[s]


@njit(cache=True, nogil=True, error_model="numpy")
def pair(old, new, pad, x, y, begin, end):
    """Two items at once: new[s] = old[s] + old[s - x] + old[s - y] + old[s - x - y] for s = begin..end - 1.

    old, new (pad + sums,) with zeros before sum 0; pad >= x + y.
    """
    into = new[pad + begin : pad + end]
    a = old[pad + begin : pad + end]
    b = old[pad + begin - x : pad + end - x]
    c = old[pad + begin - y : pad + end - y]
    d = old[pad + begin - x - y : pad + end - x - y]
    for s in range(into.size):
        into[s] = (a[s] + b[s]) + (c[s] + d[s])


@njit(cache=True, nogil=True, error_model="numpy")
def weighted(first, second, pad, items, weights, scales, begin, end):
    """Tilted counts: each pair of items has new[s] = scale (old[s] + v old[s - x] + w old[s - y] + v w old[s - x - y]).

    first, second (pad + sums,) float64 in turn, zero at the start but for one cell; items, weights (2 m,); scales (m,) powers of two;
    begin, end (m,) int64 never decreasing: the sums kept after each pair. Returns 1 if the answer lies in `second`.
    """
    old, new = first, second
    kept = np.int64(0)
    for i in range(scales.size):
        x, y = items[2 * i], items[2 * i + 1]
        scale = scales[i]
        v, w = scale * weights[2 * i], scale * weights[2 * i + 1]
        both = v * weights[2 * i + 1]
        for s in range(kept, begin[i]):  # dropped sums count no longer
            new[pad + s] = 0.0
        into = new[pad + begin[i] : pad + end[i]]
        a = old[pad + begin[i] : pad + end[i]]
        b = old[pad + begin[i] - x : pad + end[i] - x]
        c = old[pad + begin[i] - y : pad + end[i] - y]
        d = old[pad + begin[i] - x - y : pad + end[i] - x - y]
        for s in range(into.size):
            into[s] = (scale * a[s] + v * b[s]) + (w * c[s] + both * d[s])
        for s in range(kept, begin[i]):
            old[pad + s] = 0.0
        kept = begin[i]
        old, new = new, old
    return scales.size % 2


@njit(cache=True, nogil=True, error_model="numpy")
def carry(lower, higher, low, high):
    """Move what a limb has grown beyond LIMB bits into the next; both (rows, sums) uint64, row k in low[k]..high[k]."""
    mask = (u64(1) << u64(LIMB)) - u64(1)
    for k in range(lower.shape[0]):
        if low[k] <= high[k]:
            a = lower[k, low[k] : high[k] + 1]
            b = higher[k, low[k] : high[k] + 1]
            for s in range(a.size):
                b[s] += a[s] >> u64(LIMB)
                a[s] &= mask
