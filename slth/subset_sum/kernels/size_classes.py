"""Halves listed size by size: fewest elements within epsilon, and the closest subset of given sizes for rows with many ties.

Half lists are sorted class by class (a class holds the subsets of one size) and joined by two pointers: for a size k every pair of
classes (i, k - i) is walked once, which finds the closest subset of exactly k elements. The first k whose closest lies within epsilon
is the smallest; only classes up to the size in question are built, and few are needed where epsilon is not tiny. Where the fixed point
is exact, equal sums of a class collapse to the smallest mask.

Time and memory O(2^(n/2)) when all classes are needed. Codes: FOUND, MISSED (proven: no subset lies within epsilon), AMBIGUOUS (rounding
cannot tell, an exact search takes over).
"""

import numpy as np
from numba import njit

FOUND, AMBIGUOUS, MISSED = 0, 1, 2
u64 = np.uint64


@njit(cache=True, nogil=True, error_model="numpy")
def _classes(values, largest, collapse, sums, masks, starts, spare_sums, spare_masks, spare_starts):
    """Sums of all subsets of at most `largest` of the values, class after class, ascending in each; and their masks.

    Class k is sums[starts[k] : starts[k + 1]]. Returns 1 if the answer lies in the spare arrays, else 0.
    """
    sums[0] = 0
    masks[0] = 0
    starts[:] = 1
    starts[0] = 0
    swapped = 0
    for i in range(values.size):
        value = values[i]
        bit = np.uint32(1 << i)
        k = 0
        spare_starts[0] = 0
        for size in range(min(i + 1, largest) + 1):
            # class `size` with the new value: the old class, merged with the class below, shifted
            a, a_end = starts[size], starts[size + 1]
            b, b_end = (starts[size - 1], starts[size]) if size > 0 else (0, 0)
            begin = k
            while a < a_end or b < b_end:
                if b == b_end or (a < a_end and sums[a] <= sums[b] + value):
                    total, mask = sums[a], masks[a]
                    a += 1
                else:
                    total, mask = sums[b] + value, np.uint32(masks[b] | bit)
                    b += 1
                if collapse and k > begin and spare_sums[k - 1] == total:
                    spare_masks[k - 1] = min(spare_masks[k - 1], mask)
                else:
                    spare_sums[k] = total
                    spare_masks[k] = mask
                    k += 1
            spare_starts[size + 1] = k
        for size in range(min(i + 1, largest) + 1, largest + 1):
            spare_starts[size + 1] = k
        sums, spare_sums = spare_sums, sums
        masks, spare_masks = spare_masks, masks
        starts, spare_starts = spare_starts, starts
        swapped = 1 - swapped
    return swapped


@njit(cache=True, nogil=True, error_model="numpy")
def _closest_of_size(k, left, left_masks, left_starts, right, right_masks, right_starts, half, target, best):
    """best = [error, mask, second error]: improved by every subset of exactly k elements."""
    n_left = left_starts.size - 2
    n_right = right_starts.size - 2
    for i in range(max(0, k - n_right), min(k, n_left) + 1):
        a, a_end = left_starts[i], left_starts[i + 1]
        b_end = right_starts[k - i]
        b = right_starts[k - i + 1] - 1
        begin_a, begin_b = a, b
        at_a, at_b = -1, -1
        while a < a_end and b >= b_end:
            difference = left[a] + right[b] - target
            error = abs(difference)
            if error <= best[0]:
                mask = np.int64(left_masks[a]) | (np.int64(right_masks[b]) << half)
                best[2] = best[0]
                if error < best[0] or mask < best[1]:
                    best[1] = mask
                    at_a, at_b = a, b
                best[0] = error
            elif error < best[2]:
                best[2] = error
            if difference < 0:
                a += 1
            else:
                b -= 1
        if at_a >= 0:
            # the pointers may pass over a neighbour of the best that is as good but for rounding
            for a, b in ((at_a - 1, at_b), (at_a + 1, at_b), (at_a, at_b - 1), (at_a, at_b + 1)):
                if begin_a <= a < a_end and b_end <= b <= begin_b:
                    best[2] = min(best[2], abs(left[a] + right[b] - target))


@njit(cache=True, nogil=True, error_model="numpy")
def _halves(values, largest, collapse):
    """Classes of both halves up to `largest` elements: sums, masks and starts of each."""
    half = values.size // 2
    n_left, n_right = min(largest, half), min(largest, values.size - half)
    a, b = 1 << half, 1 << (values.size - half)
    left, spare = np.empty(a, np.int64), np.empty(a, np.int64)
    left_masks, spare_masks = np.empty(a, np.uint32), np.empty(a, np.uint32)
    left_starts, spare_starts = np.empty(n_left + 2, np.int64), np.empty(n_left + 2, np.int64)
    if _classes(values[:half], n_left, collapse, left, left_masks, left_starts, spare, spare_masks, spare_starts):
        left, left_masks, left_starts = spare, spare_masks, spare_starts
    right, spare = np.empty(b, np.int64), np.empty(b, np.int64)
    right_masks, spare_masks = np.empty(b, np.uint32), np.empty(b, np.uint32)
    right_starts, spare_starts = np.empty(n_right + 2, np.int64), np.empty(n_right + 2, np.int64)
    if _classes(values[half:], n_right, collapse, right, right_masks, right_starts, spare, spare_masks, spare_starts):
        right, right_masks, right_starts = spare, spare_masks, spare_starts
    return left, left_masks, left_starts, right, right_masks, right_starts


@njit(cache=True, nogil=True, error_model="numpy")
def closest_of_sizes(values, target, low, high, exact, contenders):
    """Closest subset of `low` to `high` of the values (n,) int64, 0 <= low <= high <= n <= 44, to the int64 target.

    exact: returns 1 and contenders[0], the optimum: closest, then fewest elements, then the smallest mask. Not exact: returns how
    many subsets rounding cannot tell from the best, their masks in `contenders`, or -1 when they do not fit.
    """
    half = values.size // 2
    left, left_masks, left_starts, right, right_masks, right_starts = _halves(values, high, exact)
    n_left, n_right = left_starts.size - 2, right_starts.size - 2
    best = np.empty(3, np.int64)
    least = np.int64(2**62)
    for k in range(low, high + 1):
        best[0] = np.int64(2**62)
        best[1], best[2] = -1, best[0]
        _closest_of_size(k, left, left_masks, left_starts, right, right_masks, right_starts, half, target, best)
        if best[0] < least:
            least = best[0]
            contenders[0] = u64(best[1])
        if exact and least == 0:
            break
    if exact:
        return 1
    reach = least + 2 * values.size + 1
    count = 0
    for k in range(low, high + 1):
        for i in range(max(0, k - n_right), min(k, n_left) + 1):
            begin, top = right_starts[k - i], right_starts[k - i + 1] - 1
            for a in range(left_starts[i], left_starts[i + 1]):
                while top >= begin and left[a] + right[top] - target > reach:
                    top -= 1
                b = top
                while b >= begin and left[a] + right[b] - target >= -reach:
                    if count == contenders.size:
                        return -1
                    contenders[count] = u64(np.int64(left_masks[a]) | (np.int64(right_masks[b]) << half))
                    count += 1
                    b -= 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def smallest(values, counts, rows, targets, tolerances, exact, lows, highs, masks, codes):
    """Smallest subset of lows[r] to highs[r] of the values[rows[r], :counts] within tolerances[r] of targets[r].

    Then the closest, then the smallest mask. values (rows, n) int64, counts (rows,), targets, tolerances, lows, highs (m,) int64,
    exact (m,) bool -> masks (m,) uint64, codes (m,) uint8. Sizes are clipped to 0 .. counts.
    """
    n_max = 0
    for r in range(rows.size):
        n_max = max(n_max, counts[rows[r]])
    size = 1 << (n_max - n_max // 2)
    a0, a1, b0, b1 = (
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
    )
    ma0, ma1 = np.empty(size, np.uint32), np.empty(size, np.uint32)
    mb0, mb1 = np.empty(size, np.uint32), np.empty(size, np.uint32)
    best = np.empty(3, np.int64)
    for r in range(rows.size):
        n = counts[rows[r]]
        row = values[rows[r], :n]
        half = n // 2
        slack = np.int64(0) if exact[r] else np.int64(n + 1)  # of one error
        codes[r] = MISSED
        masks[r] = u64(0)
        built = -1
        left, left_masks, left_starts = a0, ma0, np.empty(0, np.int64)
        right, right_masks, right_starts = b0, mb0, np.empty(0, np.int64)
        fewest, most = min(max(lows[r], 0), n), min(max(highs[r], 0), n)
        for k in range(fewest, most + 1):
            if k > built:
                built = min(max(2 * built, 2, k), most)
                sa0, sa1 = np.empty(min(built, half) + 2, np.int64), np.empty(min(built, half) + 2, np.int64)
                sb0, sb1 = np.empty(min(built, n - half) + 2, np.int64), np.empty(min(built, n - half) + 2, np.int64)
                swapped = _classes(row[:half], min(built, half), exact[r], a0, ma0, sa0, a1, ma1, sa1)
                left, left_masks, left_starts = (a1, ma1, sa1) if swapped else (a0, ma0, sa0)
                swapped = _classes(row[half:], min(built, n - half), exact[r], b0, mb0, sb0, b1, mb1, sb1)
                right, right_masks, right_starts = (b1, mb1, sb1) if swapped else (b0, mb0, sb0)
            best[0] = np.int64(2**62)
            best[1], best[2] = -1, best[0]
            _closest_of_size(k, left, left_masks, left_starts, right, right_masks, right_starts, half, targets[r], best)
            if best[0] > tolerances[r] + slack:
                continue
            masks[r] = u64(best[1])
            sure = best[0] <= tolerances[r] - slack and (exact[r] or best[2] > best[0] + 2 * slack)
            codes[r] = FOUND if sure else AMBIGUOUS
            break
