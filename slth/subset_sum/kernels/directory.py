"""Many targets, one row: the sums of most of the samples are sorted once, each target then looks its few remaining sums up.

The sorted list carries a directory (a bucket for every 2^shift quanta, about one sum each), so a look-up costs a few steps whatever
the length of the list. For each of the 2^(n-p) sums b of the remaining samples the list entries on either side of target - b are
compared: no closer pair with that b exists, so the best of all is the optimum. Equal sums collapse, in the list, to the better subset
where the fixed point is exact; where it is not, a runner-up within rounding of the best is reported as AMBIGUOUS.
"""

import numpy as np
from numba import njit

FOUND, AMBIGUOUS = 0, 1
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
    size, other_size = _popcount(mask), _popcount(other)
    return size < other_size or (size == other_size and mask < other)


@njit(cache=True, nogil=True, error_model="numpy")
def _sorted_sums(values, collapse, sums, masks, spare_sums, spare_masks):
    """Ascending sums of all subsets of `values` and their masks, built by merging; returns how many (equal ones once if asked)."""
    sums[0] = 0
    masks[0] = 0
    size = 1
    for i in range(values.size):
        value = values[i]
        bit = np.uint32(1 << i)
        a, b, k = 0, 0, 0
        while a < size and b < size:
            # one is taken, without a branch
            x, y = sums[a], sums[b] + value
            first = x <= y
            spare_sums[k] = x if first else y
            spare_masks[k] = masks[a] if first else masks[b] | bit
            a += 1 if first else 0
            b += 0 if first else 1
            k += 1
        while a < size:
            spare_sums[k] = sums[a]
            spare_masks[k] = masks[a]
            a += 1
            k += 1
        while b < size:
            spare_sums[k] = sums[b] + value
            spare_masks[k] = masks[b] | bit
            b += 1
            k += 1
        size = 0
        for j in range(k):
            if collapse and size > 0 and sums[size - 1] == spare_sums[j]:
                if _better(np.int64(spare_masks[j]), np.int64(masks[size - 1])):
                    masks[size - 1] = spare_masks[j]
            else:
                sums[size] = spare_sums[j]
                masks[size] = spare_masks[j]
                size += 1
    return size


@njit(cache=True, nogil=True, error_model="numpy")
def closest_shared(values, row_exact, listed, targets, exact, masks, codes):
    """Closest subset of values (n,) int64 to each of targets (m,) int64, with the sums of the first `listed` samples kept sorted.

    exact (m,) bool -> masks (m,) uint64, codes (m,) uint8. Time O(2^listed + m 2^(n - listed)), memory 32 * 2^listed bytes.
    """
    n = values.size
    size = 1 << listed
    sums = np.empty(size, np.int64)
    list_masks = np.empty(size, np.uint32)
    buckets = np.empty(2 * size + 3, np.int32)
    spare_sums = np.empty(size, np.int64)
    spare_masks = np.empty(size, np.uint32)
    size = _sorted_sums(values[:listed], row_exact, sums, list_masks, spare_sums, spare_masks)
    lowest = sums[0]
    span = sums[size - 1] - lowest
    shift = 0
    while (span >> shift) > 2 * size:
        shift += 1
    n_buckets = (span >> shift) + 1
    # buckets[c] = first position whose sum lies in bucket c or later
    at = 0
    for c in range(n_buckets + 1):
        while at < size and (sums[at] - lowest) >> shift < c:
            at += 1
        buckets[c] = at
    n_others = 1 << (n - listed)
    others = np.empty(n_others, np.int64)
    others[0] = 0
    for i in range(n - listed):
        for j in range(1 << i):
            others[(1 << i) + j] = others[j] + values[listed + i]
    for r in range(targets.size):
        slack = np.int64(0) if exact[r] else np.int64(2 * n + 1)
        best = np.int64(2**62)
        second = best
        best_mask = np.int64(-1)
        best_at = 0
        for other in range(n_others):
            wanted = targets[r] - others[other]
            offset = wanted - lowest
            if offset <= 0:
                at = 0
            elif offset > span:
                at = size
            else:
                at = buckets[offset >> shift]
                while sums[at] < wanted:
                    at += 1
            # sums[at - 1] < wanted <= sums[at]
            for k in range(max(at - 1, 0), min(at + 1, size)):
                error = abs(sums[k] - wanted)
                if error <= best:
                    mask = np.int64(list_masks[k]) | (np.int64(other) << listed)
                    if error < best or _better(mask, best_mask):
                        best_mask = mask
                        best_at = k
                    second = best
                    best = error
                elif error < second:
                    second = error
        codes[r] = FOUND
        masks[r] = u64(best_mask)
        if not exact[r]:
            near = second <= best + slack
            if best_at > 0:
                near |= sums[best_at] - sums[best_at - 1] <= 2 * best + slack
            if best_at + 1 < size:
                near |= sums[best_at + 1] - sums[best_at] <= 2 * best + slack
            if near:
                codes[r] = AMBIGUOUS
