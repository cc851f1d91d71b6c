"""Which targets have a subset nearby, exactly: a walk along the interval from one covered stretch to the next.

At a point of the interval the subset that carries the walk farthest is the one with the largest sum not beyond point + epsilon; if it does
not cover the point, the next larger sum ends the gap. Both come from one pass of two pointers over the sorted sums of the two halves, so
the walk takes O(length / epsilon * 2^(n/2)) time and O(2^(n/2)) memory.
"""

import numpy as np
from numba import njit

ANY_SIZE = -1
FAR = 2**62  # quanta: beyond every sum


@njit(cache=True, nogil=True, error_model="numpy")
def _sorted_sums(values, by_size, sums, starts, spare, spare_starts):
    """Ascending sums of all subsets, class k in sums[starts[k] : starts[k + 1]]: by size, or all in class 0."""
    sums[0] = 0
    starts[0] = 0
    starts[1:] = 1
    for i in range(values.size):
        value = values[i]
        k = 0
        spare_starts[0] = 0
        for c in range(i + 2 if by_size else 1):
            a, a_end = starts[c], starts[c + 1]
            from_class = c - 1 if by_size else c
            b, b_end = (starts[from_class], starts[from_class + 1]) if from_class >= 0 else (0, 0)
            while a < a_end and b < b_end:
                left, right = sums[a], sums[b] + value
                if left <= right:
                    spare[k] = left
                    a += 1
                else:
                    spare[k] = right
                    b += 1
                k += 1
            while a < a_end:
                spare[k] = sums[a]
                a += 1
                k += 1
            while b < b_end:
                spare[k] = sums[b] + value
                b += 1
                k += 1
            spare_starts[c + 1] = k
        sums[:k] = spare[:k]
        last = i + 2 if by_size else 1
        starts[: last + 1] = spare_starts[: last + 1]
        starts[last + 1 :] = k


@njit(cache=True, nogil=True, error_model="numpy")
def _neighbours(left, left_starts, left_classes, right, right_starts, right_classes, smallest, largest, point, result):
    """result = the largest sum <= point and the smallest sum > point, over pairs of classes of `smallest` to `largest` together."""
    below, above = -FAR, FAR
    for i in range(left_classes):
        for k in range(max(0, smallest - i), min(right_classes - 1, largest - i) + 1):
            a, a_end = left_starts[i], left_starts[i + 1]
            b_end = right_starts[k]
            b = right_starts[k + 1] - 1
            while a < a_end and b >= b_end:
                total = left[a] + right[b]
                fits = total <= point
                below = max(below, total if fits else -FAR)
                above = min(above, FAR if fits else total)
                a += fits
                b -= not fits
    result[0], result[1] = below, above


@njit(cache=True, nogil=True, error_model="numpy")
def _walk(
    left, left_starts, left_classes, right, right_starts, right_classes, smallest, largest, a, b, epsilon, stop, result
):
    """result = [length of [a, b] that no sum +- epsilon covers, longest stretch of it]; stops at the first stretch if `stop`."""
    result[:] = 0
    if epsilon < 0:
        result[:] = b - a
        return
    near = np.empty(2, np.int64)
    at = a
    while at < b:
        _neighbours(
            left, left_starts, left_classes, right, right_starts, right_classes, smallest, largest, at + epsilon, near
        )
        if near[0] + epsilon > at:
            at = near[0] + epsilon
            continue
        to = min(near[1] - epsilon, b)
        result[0] += to - at
        result[1] = max(result[1], to - at)
        if stop:
            return
        at = to


@njit(cache=True, nogil=True, error_model="numpy")
def exact_walk(values, exact, limits, which, smallest, largest, uncovered, first):
    """As `coverage.grid`, by the walk: the bounds coincide where `exact` is set and the limits are whole, else they lie n quanta apart.

    `first` holds bounds when called, 0 and n + 1 if nothing is known: only prefixes between them are tried, and if the upper one is at most
    n, `uncovered` is 0.
    """
    n = values.shape[1]
    by_size = smallest != ANY_SIZE
    lowest = smallest if by_size else 0
    size = 1 << (n - n // 2)
    left, right, spare = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    left_starts, right_starts, spare_starts = (
        np.empty(n + 3, np.int64),
        np.empty(n + 3, np.int64),
        np.empty(n + 3, np.int64),
    )
    result, bounds = np.empty(2, np.int64), np.empty(2, np.int64)
    for r in range(values.shape[0]):
        limit = limits[which[r]]
        slack = np.int64(0) if exact[r] else np.int64((n + 1) // 2)
        sure = exact[r] and limit[0] == limit[1] and limit[2] == limit[3] and limit[4] == limit[5]
        for side in range(2):  # 0: possibly uncovered, 1: surely uncovered
            if side == 1 and sure:
                uncovered[r, 1], uncovered[r, 3] = uncovered[r, 0], uncovered[r, 2]
                bounds[0] = bounds[1]
                continue
            a, b = (limit[0], limit[3]) if side == 0 else (limit[1], limit[2])
            epsilon = limit[4] - slack if side == 0 else limit[5] + slack
            # the first prefix that covers all lies in (short, enough]; the whole row comes first, unless it is known to cover
            short, enough = first[r, 0] - 1, first[r, 1]
            uncovered[r, side] = uncovered[r, 2 + side] = 0
            t = n if enough > n else (short + enough) // 2
            while enough - short > 1 or t == n:
                half = t // 2
                _sorted_sums(values[r, :half], by_size, left, left_starts, spare, spare_starts)
                _sorted_sums(values[r, half:t], by_size, right, right_starts, spare, spare_starts)
                _walk(
                    left, left_starts, half + 1 if by_size else 1,
                    right, right_starts, t - half + 1 if by_size else 1,
                    lowest, largest if by_size else 0, a, b, epsilon, t < n, result,
                )  # fmt: skip
                if t == n:
                    uncovered[r, side] = max(result[0], 0)
                    uncovered[r, 2 + side] = max(result[1], 0)
                if result[0] > 0:
                    short = t
                else:
                    enough = t
                if short == n:
                    break
                t = (short + enough) // 2
            bounds[1 - side] = enough
        first[r, 0], first[r, 1] = bounds[0], bounds[1]
