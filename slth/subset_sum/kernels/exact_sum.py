"""Sums of chosen samples, correctly rounded: the partial-sums method of Shewchuk (1997), as in Python's ``math.fsum``."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def _add(partials, count, x):
    """Add x to the non-overlapping partials without any error; returns the new count."""
    kept = 0
    for i in range(count):
        y = partials[i]
        if abs(x) < abs(y):
            x, y = y, x
        high = x + y
        low = y - (high - x)
        if low != 0.0:
            partials[kept] = low
            kept += 1
        x = high
    partials[kept] = x
    return kept + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _round(partials, count):
    """The partials' exact sum, rounded once, half to even."""
    i = count - 1
    high = partials[i]
    low = 0.0
    while i > 0:
        i -= 1
        x = high
        y = partials[i]
        high = x + y
        low = y - (high - x)
        if low != 0.0:
            break
    # a tie is broken by the sign of the next partial
    if i > 0 and ((low < 0.0 and partials[i - 1] < 0.0) or (low > 0.0 and partials[i - 1] > 0.0)):
        y = low * 2.0
        x = high + y
        if y == x - high:
            high = x
    return high


@njit(cache=True, nogil=True, error_model="numpy")
def chosen_sums(samples, rows, targets, masks, sums, errors, sizes):
    """Sum, error and size of each chosen subset.

    samples (rows, n), rows (m,), targets (m,), masks (m,) uint64 -> sums, errors (m,) float64, sizes (m,) int64; both floats are
    the exact value rounded once.
    """
    partials = np.empty(samples.shape[1] + 2)
    one = np.uint64(1)
    for r in range(masks.shape[0]):
        row = rows[r]
        mask = masks[r]
        count = 0
        size = 0
        i = 0
        while mask != np.uint64(0):
            if mask & one:
                count = _add(partials, count, samples[row, i])
                size += 1
            mask >>= one
            i += 1
        sums[r] = _round(partials, count) if count else 0.0
        count = _add(partials, count, -targets[r])
        errors[r] = abs(_round(partials, count))
        sizes[r] = size


@njit(cache=True, nogil=True, error_model="numpy")
def weighted_sums(samples, rows, targets, multipliers, sums, errors):
    """As `chosen_sums` with a whole number of times each sample: multipliers (m, n) int64."""
    partials = np.empty(12 * samples.shape[1] + 2)
    for r in range(targets.shape[0]):
        row = rows[r]
        count = 0
        for i in range(samples.shape[1]):
            # bit by bit: a sample times a power of two is exact
            times = abs(multipliers[r, i])
            x = samples[row, i] if multipliers[r, i] > 0 else -samples[row, i]
            while times != 0:
                if times & 1:
                    count = _add(partials, count, x)
                times >>= 1
                if times != 0:
                    x *= 2.0
        sums[r] = _round(partials, count) if count else 0.0
        count = _add(partials, count, -targets[r])
        errors[r] = abs(_round(partials, count))


@njit(cache=True, nogil=True, error_model="numpy")
def integer_sums(samples, rows, targets, multipliers, sums, errors):
    """As `weighted_sums` in int64; the caller has checked that nothing overflows."""
    for r in range(targets.shape[0]):
        total = np.int64(0)
        for i in range(samples.shape[1]):
            total += multipliers[r, i] * samples[rows[r], i]
        sums[r] = total
        errors[r] = abs(total - targets[r])


@njit(cache=True, nogil=True, error_model="numpy")
def sizes_of(masks):
    """Number of set bits of each mask: (m,) uint64 -> (m,) int64."""
    sizes = np.empty(masks.size, np.int64)
    for r in range(masks.shape[0]):
        mask = masks[r]
        size = 0
        while mask != np.uint64(0):
            mask &= mask - np.uint64(1)
            size += 1
        sizes[r] = size
    return sizes
