"""Subsets of each size whose sum lies in a window, for many short rows: the sums of one half ranked among those of the other.

The left half is listed once a row, in ascending order, each sum with its size in the low bits (samples are turned positive, so a sum
stays below 2^60 and leaves four bits; turning sample i means that taking it lowers the size). With every place of the list goes
a row of counters: how many sums of each size stand before it. A sum r of the right half then needs two places, those of low - r and
high - r, found by a directory of buckets, and adds the difference of their counters; the totals stay in registers while r runs
over the subsets of one size. No pair is visited, so the time is O(2^(n/2)) whatever the window; hardly a branch depends on the data.

Where samples were rounded, a sum within `slack` quanta of either end is not counted one way or the other: the instance is BLURRED.
"""

import numpy as np
from numba import njit

DONE, BLURRED = 0, 1
SIZE_BITS = 4
OFFSET = 128  # quanta, twice the slack and more, so that a place in front of all sums has a key as well
LARGEST = 2**60 - 1 - OFFSET  # sums of a half
LONGEST = 15  # samples of the left half at most: 16 counters of 16 bits, none above C(15, 7)
CACHED = 13  # the same where many targets share a row: the counters fill 2^CACHED * 32 bytes

u16, u64 = np.uint16, np.uint64
LAST = u64(2**64 - 1)


@njit(cache=True, nogil=True, error_model="numpy")
def _sorted_keys(values, keys, spare):
    """Ascending (OFFSET + sum) << 4 | size of all subsets of the turned values, closed by LAST; returns how many.

    The complement of a subset has the key `full - key`, so the upper half of every list mirrors the lower.
    """
    negative = 0
    for i in range(values.size):
        negative += 1 if values[i] < 0 else 0
    keys[0] = u64(OFFSET << SIZE_BITS) + u64(negative)
    full = keys[0] + keys[0]
    size = 1
    for i in range(values.size):
        step = u64(abs(values[i])) << u64(SIZE_BITS)
        step = step - u64(1) if values[i] < 0 else step + u64(1)
        full += step
        a, b = u64(0), u64(0)
        one = u64(1)
        for k in range(size):
            x, y = keys[a], keys[b] + step
            first = x <= y
            spare[k] = x if first else y
            a += one if first else u64(0)
            b += u64(0) if first else one
        low, high = spare[:size], spare[size : 2 * size]
        for k in range(size):
            high[size - 1 - k] = full - low[k]
        keys[: 2 * size] = spare[: 2 * size]
        size *= 2
    keys[size] = LAST
    return size


@njit(cache=True, nogil=True, error_model="numpy")
def _index(keys, size, shift, n_buckets, places, rows, steps):
    """places[c]: how many keys lie before bucket c; rows[k]: how many of each size stand before place k, 16 bits each in 4 words."""
    places[: n_buckets + 1] = 0
    r0, r1, r2, r3 = u64(0), u64(0), u64(0), u64(0)
    for k in range(size):
        rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3] = r0, r1, r2, r3
        places[(keys[k] >> shift) + u64(1)] += 1
        one = keys[k] & u64(15)
        r0 += steps[one, 0]
        r1 += steps[one, 1]
        r2 += steps[one, 2]
        r3 += steps[one, 3]
    rows[size, 0], rows[size, 1], rows[size, 2], rows[size, 3] = r0, r1, r2, r3
    before = places[0]
    for c in range(n_buckets + 1):
        before += places[c]
        places[c] = before


@njit(cache=True, nogil=True, error_model="numpy")
def _place(keys, places, shift, reach, bound):
    """How many sums are at most `bound`, and how far beyond it the next key is."""
    key = (u64(min(max(bound, np.int64(-OFFSET)), reach) + OFFSET) << u64(SIZE_BITS)) | u64(15)
    at = u64(places[key >> shift])
    at += u64(1) if keys[at] <= key else u64(0)
    at += u64(1) if keys[at] <= key else u64(0)
    while keys[at] <= key:
        at += u64(1)
    return at, keys[at] - key


@njit(cache=True, nogil=True, error_model="numpy")
def _spill(w0, w1, w2, w3, n_left, counts):
    """Add the packed counters to counts[0], counts[1], ..."""
    for lane in range(n_left + 1):
        word = w0 if lane < 4 else (w1 if lane < 8 else (w2 if lane < 12 else w3))
        counts[lane] += (word >> u64(16 * (lane & 3))) & u64(0xFFFF)


@njit(cache=True, nogil=True, error_model="numpy")
def _by_size(n, order):
    """The masks of n bits, grouped by their number of bits; returns where each group starts."""
    starts = np.zeros(n + 2, np.int64)
    bits = np.zeros(1 << n, np.uint8)
    for i in range(n):
        for mask in range(1 << i):
            bits[(1 << i) + mask] = bits[mask] + 1
    for mask in range(1 << n):
        starts[bits[mask] + 1] += 1
    for k in range(n + 1):
        starts[k + 1] += starts[k]
    fill = starts.copy()
    for mask in range(1 << n):
        order[fill[bits[mask]]] = mask
        fill[bits[mask]] += 1
    return starts


@njit(cache=True, nogil=True, error_model="numpy")
def _left_samples(n, targets):
    """How many of n samples to list for that many targets of one row: listing a sum costs about twice what ranking one costs."""
    left = n // 2
    while left < min(n, CACHED) and (4 << (2 * left)) <= targets << n:
        left += 1
    return left


@njit(cache=True, nogil=True, error_model="numpy")
def count(values, samples, row_of, lows, highs, slacks, counts, codes):
    """Subsets of each size with lows[r] <= sum <= highs[r], row after row, for n <= 30.

    values (rows, n) int64 with the sum of |values| < 2^60, of which the first samples (rows,) are used; row_of, lows, highs, slacks (m,)
    int64, equal rows best in a run; counts (m, n + 1) uint64, codes (m,) uint8.
    """
    n_max = 0
    for r in range(row_of.size):
        n_max = max(n_max, samples[row_of[r]])
    n_list = min(max(n_max // 2, CACHED), LONGEST, n_max)
    keys, spare = np.empty((1 << n_list) + 1, u64), np.empty((1 << n_list) + 1, u64)
    places = np.empty((2 << n_list) + 3, np.int32)
    rows = np.empty(((1 << n_list) + 1, 4), u64)
    by_mask = np.empty(1 << (n_max - n_max // 2), np.int64)
    right = np.empty_like(by_mask)
    order = np.empty(by_mask.size, u64)
    steps = np.zeros((16, 4), u64)
    for size in range(16):
        steps[size, size >> 2] = u64(1) << u64(16 * (size & 3))
    starts = np.zeros(2, np.int64)
    ordered, built = -1, -1
    n = n_left = n_keys = turned = 0
    reach = np.int64(0)
    shift = u64(0)
    every = 1
    for r in range(row_of.size):
        if row_of[r] != built:
            built = row_of[r]
            n = samples[built]
            run = r + 1
            while run < row_of.size and row_of[run] == built:
                run += 1
            n_left = _left_samples(n, run - r)
            left = values[built, :n_left]
            reach, turned = np.int64(0), np.int64(0)
            for i in range(n_left):
                reach += abs(left[i])
                turned += min(left[i], 0)
            if reach > LARGEST:
                continue
            n_keys = _sorted_keys(left, keys, spare)
            span = (u64(reach + OFFSET) << u64(SIZE_BITS)) | u64(15)
            shift = u64(0)
            while (span >> shift) >= u64(2 * n_keys):
                shift += u64(1)
            _index(keys, n_keys, shift, np.int64(span >> shift) + 1, places, rows, steps)
            by_mask[0] = 0
            for i in range(n - n_left):
                half = 1 << i
                old, new = by_mask[:half], by_mask[half : 2 * half]
                value = values[built, n_left + i]
                for j in range(half):
                    new[j] = old[j] + value
            if ordered != n - n_left:
                ordered = n - n_left
                starts = _by_size(ordered, order)
            for j in range(1 << (n - n_left)):
                right[j] = by_mask[order[j]]
            # so many additions keep every counter below 2^16
            largest = 1
            for j in range(n_left // 2):
                largest = largest * (n_left - j) // (j + 1)
            every = 65535 // largest
        if reach > LARGEST:
            codes[r] = BLURRED
            continue
        slack = slacks[r]
        top, bottom = highs[r] - turned - slack, lows[r] - 1 - turned - slack
        nearest = LAST
        result = counts[r]
        result[:] = u64(0)
        for size in range(n - n_left + 1):
            start, stop = starts[size], starts[size + 1]
            while start < stop:
                middle = min(start + every, stop)
                w0, w1, w2, w3 = u64(0), u64(0), u64(0), u64(0)
                same_size = right[start:middle]
                for j in range(same_size.size):
                    sum_right = same_size[j]
                    p, ahead = _place(keys, places, shift, reach, bottom - sum_right)
                    nearest = min(nearest, ahead)
                    q, ahead = _place(keys, places, shift, reach, top - sum_right)
                    nearest = min(nearest, ahead)
                    w0 += rows[q, 0] - rows[p, 0]
                    w1 += rows[q, 1] - rows[p, 1]
                    w2 += rows[q, 2] - rows[p, 2]
                    w3 += rows[q, 3] - rows[p, 3]
                _spill(w0, w1, w2, w3, n_left, result[size:])
                start = middle
        # keys less than 2 slack + 1 quanta beyond the bound, which ends in a full size
        codes[r] = BLURRED if (nearest + u64(15)) >> u64(SIZE_BITS) <= u64(2 * slack) else DONE
