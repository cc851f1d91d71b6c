"""Sorted half lists of a multiple-choice subset sum, and the windows of pairs (left, right) that sum near a target.

Every group of samples offers options (value, size); a half is the sorted list of sums of its groups, one option each. Adding a group merges
as many shifted copies of the list as it has options, two by two, so nothing is ever sorted. With size classes the copies are merged class
by class: class k holds the choices of k elements. Entry by entry a rank says which options: a mixed-radix number, digit g the
option of group g, the first group least significant; equal sums come in the order of their ranks where a group has one or two options.

Time O(entries * log2(options)) a step; 12 bytes an entry, up to 2.5 times that while the last group is merged.

Windows: pairs are visited row by row of `segments` (q, 4), half-open ranges [left from, left to, right from, right to) that each ascend.
"""

import numpy as np
from numba import njit

u32, u64 = np.uint32, np.uint64


@njit(cache=True, nogil=True, error_model="numpy")
def _merge(a_sums, a_ranks, a, a_end, a_value, a_rank, b_sums, b_ranks, b, b_end, b_value, b_rank, sums, ranks, k):
    """Merge two shifted runs into sums[k:], stably; returns the end."""
    end = k + (a_end - a) + (b_end - b)
    # neither run can end within as many steps as the shorter is long: no checks there, from both ends at once; and no branches, whose
    # outcome no processor foresees: `pick` is 0 for the first run, -1 for the second
    safe = min(a_end - a, b_end - b)
    a_last, b_last, last = a_end - 1, b_end - 1, end - 1
    for _ in range(safe):
        x, y = a_sums[a] + a_value, b_sums[b] + b_value
        p, q = u32(a_ranks[a] + a_rank), u32(b_ranks[b] + b_rank)
        taken = np.int64(x > y)
        pick = -taken
        sums[k] = x ^ ((x ^ y) & pick)
        ranks[k] = p ^ ((p ^ q) & u32(pick))
        a += 1 - taken
        b += taken
        k += 1
        x, y = a_sums[a_last] + a_value, b_sums[b_last] + b_value
        p, q = u32(a_ranks[a_last] + a_rank), u32(b_ranks[b_last] + b_rank)
        taken = np.int64(x <= y)
        pick = -taken
        sums[last] = x ^ ((x ^ y) & pick)
        ranks[last] = p ^ ((p ^ q) & u32(pick))
        a_last -= 1 - taken
        b_last -= taken
        last -= 1
    while k <= last:
        if b > b_last or (a <= a_last and a_sums[a] + a_value <= b_sums[b] + b_value):
            sums[k] = a_sums[a] + a_value
            ranks[k] = u32(a_ranks[a] + a_rank)
            a += 1
        else:
            sums[k] = b_sums[b] + b_value
            ranks[k] = u32(b_ranks[b] + b_rank)
            b += 1
        k += 1
    return end


@njit(cache=True, nogil=True, error_model="numpy")
def _merge_runs(runs, values, ranks_of, count, sums, ranks, out, out_ranks, spare, spare_ranks, k):
    """Merge `count` runs [where, from, to] of (0) sums, (1) out, (2) spare, shifted by values and ranks_of, into out[k:]; returns the end.

    Two by two, the two buffers in turns; a run left over is not moved while it lies in `sums`.
    """
    passes = 0
    while (1 << passes) < count:
        passes += 1
    if passes == 0:
        for j in range(runs[0, 1], runs[0, 2]):
            out[k] = sums[j] + values[0]
            out_ranks[k] = u32(ranks[j] + ranks_of[0])
            k += 1
        return k
    end = k
    for p in range(passes):
        to_out = (passes - p) % 2 == 1
        to, to_ranks = (out, out_ranks) if to_out else (spare, spare_ranks)
        at = k
        merged = 0
        for r in range(0, count, 2):
            begin = at
            s, t = runs[r, 0], runs[r + 1, 0] if r + 1 < count else 0
            a_sums, a_ranks = (sums, ranks) if s == 0 else ((out, out_ranks) if s == 1 else (spare, spare_ranks))
            if r + 1 == count:
                if s == 0:
                    runs[merged, 0], runs[merged, 1], runs[merged, 2] = 0, runs[r, 1], runs[r, 2]
                    values[merged], ranks_of[merged] = values[r], ranks_of[r]
                    merged += 1
                    break
                for j in range(runs[r, 1], runs[r, 2]):
                    to[at] = a_sums[j]
                    to_ranks[at] = a_ranks[j]
                    at += 1
            else:
                b_sums, b_ranks = (sums, ranks) if t == 0 else ((out, out_ranks) if t == 1 else (spare, spare_ranks))
                at = _merge(
                    a_sums,
                    a_ranks,
                    runs[r, 1],
                    runs[r, 2],
                    values[r],
                    ranks_of[r],
                    b_sums,
                    b_ranks,
                    runs[r + 1, 1],
                    runs[r + 1, 2],
                    values[r + 1],
                    ranks_of[r + 1],
                    to,
                    to_ranks,
                    at,
                )
            runs[merged, 0], runs[merged, 1], runs[merged, 2] = 1 if to_out else 2, begin, at
            values[merged], ranks_of[merged] = 0, u32(0)
            merged += 1
        count = merged
        end = at
    return end


@njit(cache=True, nogil=True, error_model="numpy")
def half_list(values, sizes, starts, first, last):
    """All sums of groups first to last - 1, one option each, class after class of equal size, ascending in each.

    values, sizes (options,) int64; starts (groups + 1,): group g has the options starts[g] : starts[g + 1]. Sizes of 0 give one class.
    Returns sums (entries,) int64, ranks (entries,) uint32, classes (largest size + 2,): class k is classes[k] : classes[k + 1].
    """
    largest, widest = 0, 1
    for g in range(first, last):
        most = 0
        for o in range(starts[g], starts[g + 1]):
            most = max(most, sizes[o])
        largest += most
        widest = max(widest, starts[g + 1] - starts[g])
    sums, ranks = np.zeros(1, np.int64), np.zeros(1, u32)
    classes = np.ones(largest + 2, np.int64)
    classes[0] = 0
    runs = np.empty((widest, 3), np.int64)
    run_values, run_ranks = np.empty(widest, np.int64), np.empty(widest, u32)
    for g in range(first, last):
        options = starts[g + 1] - starts[g]
        grown = sums.size * options
        out, out_ranks = np.empty(grown, np.int64), np.empty(grown, u32)
        scratch = grown if options > 2 else 0
        spare, spare_ranks = np.empty(scratch, np.int64), np.empty(scratch, u32)
        grown_classes = np.zeros(largest + 2, np.int64)
        k = np.int64(0)
        for size in range(largest + 1):
            count = np.int64(0)
            for o in range(options):
                source = size - sizes[starts[g] + o]
                if source >= 0 and classes[source] < classes[source + 1]:
                    runs[count, 0], runs[count, 1], runs[count, 2] = 0, classes[source], classes[source + 1]
                    run_values[count] = values[starts[g] + o]
                    run_ranks[count] = u32(o * sums.size)
                    count += 1
            if count > 0:
                k = _merge_runs(runs, run_values, run_ranks, count, sums, ranks, out, out_ranks, spare, spare_ranks, k)
            grown_classes[size + 1] = k
        sums, ranks, classes = out, out_ranks, grown_classes
    return sums, ranks, classes


@njit(cache=True, nogil=True, error_model="numpy")
def closest_error(left, right, segments, target):
    """Least |left + right - target| over all pairs of the segments; 2^62 if there is none."""
    best = np.int64(1) << 62
    for q in range(segments.shape[0]):
        a, a_end, b_end, b = segments[q, 0], segments[q, 1], segments[q, 2], segments[q, 3] - 1
        # two walks at once, from the first left sum and from the middle one; the second starts at the right sum that first reaches it
        c, d = (a + a_end) // 2, b
        half = c
        if c < a_end:
            low, high = b_end, b
            while low < high:
                middle = (low + high) // 2
                if left[c] + right[middle] < target:
                    low = middle + 1
                else:
                    high = middle
            d = low
        while a < half and b >= b_end and c < a_end and d >= b_end:
            difference = left[a] + right[b] - target
            best = min(best, abs(difference))
            below = np.int64(difference < 0)
            a += below
            b -= 1 - below
            difference = left[c] + right[d] - target
            best = min(best, abs(difference))
            below = np.int64(difference < 0)
            c += below
            d -= 1 - below
        for walk in range(2):
            if walk == 1:
                a, half, b = c, a_end, d
            while a < half and b >= b_end:
                difference = left[a] + right[b] - target
                best = min(best, abs(difference))
                below = np.int64(difference < 0)
                a += below
                b -= 1 - below
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def count_within(left, right, segments, low, high):
    """How many pairs of the segments sum to low .. high."""
    total = np.int64(0)
    for q in range(segments.shape[0]):
        b_first = segments[q, 2]
        top, bottom = segments[q, 3], segments[q, 3]
        for a in range(segments[q, 0], segments[q, 1]):
            while top > b_first and right[top - 1] > high - left[a]:
                top -= 1
            while bottom > b_first and right[bottom - 1] >= low - left[a]:
                bottom -= 1
            total += top - bottom
            if top == b_first:
                break
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def list_within(left, left_ranks, right, right_ranks, segments, low, high, sums, out_left, out_right, k):
    """Write the pairs that sum to low .. high from position k on: sums, left and right ranks; returns the end, -1 if they do not fit."""
    for q in range(segments.shape[0]):
        b_first = segments[q, 2]
        top = segments[q, 3]
        for a in range(segments[q, 0], segments[q, 1]):
            x = left[a]
            while top > b_first and right[top - 1] > high - x:
                top -= 1
            if top == b_first:
                break
            b = top - 1
            while b >= b_first and right[b] >= low - x:
                if k == sums.size:
                    return -1
                sums[k] = x + right[b]
                out_left[k] = left_ranks[a]
                out_right[k] = right_ranks[b]
                k += 1
                b -= 1
    return k


@njit(cache=True, nogil=True, error_model="numpy")
def count_partners(left, right, right_ranks, segments, total, counts):
    """Add to counts[rank of right] how many left sums complete it to `total`."""
    for q in range(segments.shape[0]):
        a, a_end = segments[q, 0], segments[q, 1]
        until = a
        for b in range(segments[q, 3] - 1, segments[q, 2] - 1, -1):
            wanted = total - right[b]
            while a < a_end and left[a] < wanted:
                a += 1
            until = max(until, a)
            while until < a_end and left[until] == wanted:
                until += 1
            counts[right_ranks[b]] += until - a


@njit(cache=True, nogil=True, error_model="numpy")
def list_partners(left, left_ranks, right, right_ranks, segments, total, low, high, sums, out_left, out_right, k):
    """As `list_within` for the pairs that sum to `total` whose right rank is low .. high - 1; the arrays are long enough."""
    for q in range(segments.shape[0]):
        a, a_end = segments[q, 0], segments[q, 1]
        for b in range(segments[q, 3] - 1, segments[q, 2] - 1, -1):
            wanted = total - right[b]
            while a < a_end and left[a] < wanted:
                a += 1
            if low <= right_ranks[b] < high:
                i = a
                while i < a_end and left[i] == wanted:
                    sums[k] = total
                    out_left[k] = left_ranks[i]
                    out_right[k] = right_ranks[b]
                    k += 1
                    i += 1
    return k


@njit(cache=True, nogil=True, error_model="numpy")
def look_up(ranks, table, upper):
    """Of each rank, what the two parts of its half contribute: table[rank % size] + upper[rank // size], wrapping."""
    out = np.empty(ranks.size, table.dtype)
    size = u32(table.size)
    for i in range(ranks.size):
        part = u32(ranks[i] // size)
        out[i] = table[u32(ranks[i] - part * size)] + upper[part]
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _rounded(high, low, shift, exponent):
    """(high * 2^shift + low) * 2^-exponent as float64, rounded once, half to even. 0 <= high < 2^62, 0 <= low < 2^shift <= 2^52."""
    if high == 0:
        return np.ldexp(np.float64(low), -exponent)
    room = 0
    while (high << room) >> 61 == 0:
        room += 1
    if room >= shift:
        return np.ldexp(np.float64((high << shift) | low), -exponent)
    dropped = shift - room
    word = (high << room) | (low >> dropped)
    if low & ((np.int64(1) << dropped) - 1):
        word |= 1  # far below the last bit of a float64: it only breaks a tie that is none
    return np.ldexp(np.float64(word), dropped - exponent)


@njit(cache=True, nogil=True, error_model="numpy")
def measure(highs, lows, target_high, target_low, shift, exponent, error_highs, error_lows, sums, errors):
    """Exact errors of two-word sums, to sort by, and sums and errors as float64, each rounded once.

    A sum is (high * 2^shift + low) * 2^-exponent. Errors are normal: 0 <= low < 2^shift.
    """
    for i in range(highs.size):
        for what in range(2):
            high, low = highs[i], lows[i]
            if what == 0:
                high -= target_high
                low -= target_low
            carry = low >> shift
            high += carry
            low -= carry << shift
            negative = high < 0
            if negative:
                high = -high - np.int64(low != 0)
                low = (np.int64(1) << shift) - low if low != 0 else low
            value = _rounded(high, low, shift, exponent)
            if what == 0:
                error_highs[i], error_lows[i], errors[i] = high, low, value
            else:
                sums[i] = -value if negative else value
