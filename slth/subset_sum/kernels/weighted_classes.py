"""Half lists class by class, where elements have weights of their own: the lightest subset within a tolerance.

As `size_classes`, with a whole number for each element in the place of 1: a class holds the subsets of one weight, sorted by sum, and two
classes are joined by two pointers. In float64: for callers that look at the sum of what they are given.

Time and memory O(2^(n/2)) when all classes are needed; elements of weight 0 are in all of them.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def _classes(values, weights, heaviest, sums, masks, starts, spare_sums, spare_masks, spare_starts):
    """Sums of all subsets of the values of weight 0 to `heaviest`, class after class, ascending in each; and their masks.

    Class w is sums[starts[w] : starts[w + 1]]. Returns 1 if the answer lies in the spare arrays, else 0.
    """
    sums[0] = 0.0
    masks[0] = 0
    starts[:] = 1
    starts[0] = 0
    swapped = 0
    for i in range(values.size):
        value, weight = values[i], weights[i]
        bit = np.uint32(1 << i)
        k = 0
        spare_starts[0] = 0
        for w in range(heaviest + 1):
            # class w with the new value: the old class, merged with the one that the value lifts into it
            a, a_end = starts[w], starts[w + 1]
            b, b_end = 0, 0
            if w >= weight:
                b, b_end = starts[w - weight], starts[w - weight + 1]
            while a < a_end or b < b_end:
                if b == b_end or (a < a_end and sums[a] <= sums[b] + value):
                    spare_sums[k] = sums[a]
                    spare_masks[k] = masks[a]
                    a += 1
                else:
                    spare_sums[k] = sums[b] + value
                    spare_masks[k] = masks[b] | bit
                    b += 1
                k += 1
            spare_starts[w + 1] = k
        sums, spare_sums = spare_sums, sums
        masks, spare_masks = spare_masks, masks
        starts, spare_starts = spare_starts, starts
        swapped = 1 - swapped
    return swapped


@njit(cache=True, nogil=True, error_model="numpy")
def lightest(samples, weights, targets, tolerance, heaviest, masks, found):
    """Of the subsets within the tolerance of the targets (m,) the lightest, of these the closest, if one weighs at most heaviest[r].

    samples, weights (m, n) float64 and int64 >= 0, n <= 44; samples that are 0 are not chosen. heaviest (m,) int64; below 0 nothing is
    looked for. -> masks (m,) uint64, found (m,) bool.
    """
    n = samples.shape[1]
    size = 1 << (n - n // 2)
    a0, a1, b0, b1 = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    ma0, ma1 = np.empty(size, np.uint32), np.empty(size, np.uint32)
    mb0, mb1 = np.empty(size, np.uint32), np.empty(size, np.uint32)
    values, weight, place = np.empty(n), np.empty(n, np.int64), np.empty(n, np.int64)
    for r in range(targets.size):
        found[r] = False
        masks[r] = 0
        top = heaviest[r]
        if top < 0:
            continue
        count = 0
        for i in range(n):
            if samples[r, i] != 0:
                values[count], weight[count], place[count] = samples[r, i], weights[r, i], i
                count += 1
        half = count // 2
        sa0, sa1, sb0, sb1 = (
            np.empty(top + 2, np.int64),
            np.empty(top + 2, np.int64),
            np.empty(top + 2, np.int64),
            np.empty(top + 2, np.int64),
        )
        if _classes(values[:half], weight[:half], top, a0, ma0, sa0, a1, ma1, sa1):
            left, left_masks, left_starts = a1, ma1, sa1
        else:
            left, left_masks, left_starts = a0, ma0, sa0
        if _classes(values[half:count], weight[half:count], top, b0, mb0, sb0, b1, mb1, sb1):
            right, right_masks, right_starts = b1, mb1, sb1
        else:
            right, right_masks, right_starts = b0, mb0, sb0
        for w in range(top + 1):
            best, best_a, best_b = np.inf, -1, -1
            for i in range(w + 1):
                a, a_end = left_starts[i], left_starts[i + 1]
                b, b_end = right_starts[w - i + 1] - 1, right_starts[w - i]
                while a < a_end and b >= b_end:
                    difference = left[a] + right[b] - targets[r]
                    if abs(difference) < best:
                        best, best_a, best_b = abs(difference), a, b
                    if difference < 0:
                        a += 1
                    else:
                        b -= 1
            if best <= tolerance:
                joined = np.int64(left_masks[best_a]) | (np.int64(right_masks[best_b]) << half)
                mask = np.uint64(0)
                for i in range(count):
                    if joined >> i & 1:
                        mask |= np.uint64(1) << np.uint64(place[i])
                masks[r] = mask
                found[r] = True
                break
