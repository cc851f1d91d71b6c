"""Closest subset by sorted half lists and two pointers (Horowitz and Sahni 1974), for rows with many ties.

Each half list is built by merging it with itself shifted by one sample, so nothing is ever sorted. Where the fixed point is exact,
equal sums collapse to their best subset (fewest elements, then smallest mask) as they meet: integers and repeated samples then have
short lists, however many subsets tie. Where it is not, the subsets that rounding cannot tell from the best are listed, for an exact
comparison by the caller. Time O(2^(n/2)), memory 24 * 2^(n/2) bytes.
"""

import numpy as np
from numba import njit

u64 = np.uint64


@njit(cache=True, nogil=True, error_model="numpy")
def _popcount(mask):
    count = 0
    while mask != 0:
        mask &= mask - 1
        count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _better(mask, other):
    """Fewer elements, then the smaller mask."""
    size, other_size = _popcount(mask), _popcount(other)
    return size < other_size or (size == other_size and mask < other)


@njit(cache=True, nogil=True, error_model="numpy")
def _half_sums(values, collapse):
    """Ascending sums of all subsets of `values` and their masks; equal sums only once if `collapse`."""
    sums = np.empty(1 << values.size, np.int64)
    masks = np.empty(1 << values.size, np.uint32)
    spare_sums = np.empty_like(sums)
    spare_masks = np.empty_like(masks)
    sums[0] = 0
    masks[0] = 0
    size = 1
    for i in range(values.size):
        value = values[i]
        bit = np.uint32(1 << i)
        a, b, k = 0, 0, 0
        while a < size or b < size:
            if b == size or (a < size and sums[a] <= sums[b] + value):
                total, mask = sums[a], masks[a]
                a += 1
            else:
                total, mask = sums[b] + value, np.uint32(masks[b] | bit)
                b += 1
            if collapse and k > 0 and spare_sums[k - 1] == total:
                if _better(np.int64(mask), np.int64(spare_masks[k - 1])):
                    spare_masks[k - 1] = mask
            else:
                spare_sums[k] = total
                spare_masks[k] = mask
                k += 1
        sums, spare_sums = spare_sums, sums
        masks, spare_masks = spare_masks, masks
        size = k
    return sums[:size], masks[:size]


@njit(cache=True, nogil=True, error_model="numpy")
def closest_of_row(values, target, exact, contenders):
    """Closest subset of values (n,) int64, 1 <= n <= 44, to the int64 target.

    exact: returns 1 and contenders[0], the optimum. Not exact: returns how many subsets rounding cannot tell from the best, their
    masks in `contenders`, or -1 when they do not fit.
    """
    half = values.size // 2
    left, left_masks = _half_sums(values[:half], exact)
    right, right_masks = _half_sums(values[half:], exact)
    best = np.int64(2**62)
    best_mask = np.int64(-1)
    i, j = 0, right.size - 1
    while i < left.size and j >= 0:
        difference = left[i] + right[j] - target
        error = abs(difference)
        if error <= best:
            mask = np.int64(left_masks[i]) | (np.int64(right_masks[j]) << half)
            if error < best or _better(mask, best_mask):
                best_mask = mask
            best = error
        if difference < 0:
            i += 1
        else:
            j -= 1
    if exact:
        contenders[0] = u64(best_mask)
        return 1
    reach = best + 2 * values.size + 1
    count = 0
    top = right.size - 1
    for i in range(left.size):
        while top >= 0 and left[i] + right[top] - target > reach:
            top -= 1
        j = top
        while j >= 0 and left[i] + right[j] - target >= -reach:
            if count == contenders.size:
                return -1
            contenders[count] = u64(np.int64(left_masks[i]) | (np.int64(right_masks[j]) << half))
            count += 1
            j -= 1
    return count
