"""Closest subset by a hash join: halve the samples, and find the two half sums that meet within a window around the target.

No list is sorted. All sums of a half are written down in the order of their masks (position = mask), as fixed-point words that wrap
around. The circle of words is cut into cells one window wide; a bit table marks the cells in reach of a left sum, and every right
sum asks it whether anything can lie within the window of `target - right`. The few that remain mark a small table of their own,
which the left sums ask in turn; what is left on both sides is compared pair by pair, in exact integers. Every pair whose error is below
the window survives (wrapping only adds false candidates), so once a pair is found well inside the window its optimum is proven.
The window is guessed from a Gaussian density of subset sums (theory: a quenched mean and variance) so that about eight pairs are
expected; a wrong guess costs another round, never the proof.

`closest` keeps both halves whole, 2^(n/2) words. `closest_streamed` produces them slice by slice from sorted quarters (after
Schroeppel and Shamir 1981), so that the table stays in cache however long the halves are: O(2^(n/2)) time, O(2^(n/4)) memory.

Rule among equally close subsets: fewest elements, then the smallest mask. Codes: FOUND, or AMBIGUOUS when the fixed-point
rounding cannot tell two subsets apart or ties are too many to compare here (a sorting solver takes over).
"""

import math

import numpy as np
from numba import njit

FOUND, AMBIGUOUS = 0, 1

SUB = 10  # a cell is 2^SUB words wide: rounding the samples to words moves a sum by less than 5 % of a cell
LOAD = 8  # the bit table of left sums has 2^LOAD cells for each
SURVIVOR_LOAD = 9  # and that of the right sums that survived it, so that few left sums survive in turn
PAIRS = 8.0  # pairs expected in the first window
MAX_PAIRS = 512  # more than this in a window: it is far too wide
INNER = 14  # streamed: the longer quarter has at most 2^INNER sums
SLICE = 13  # streamed: about 2^SLICE sums a slice
WIDEST = 61  # a window of 2^61 quanta holds every pair

u32, u64 = np.uint32, np.uint64


@njit(cache=True, nogil=True, error_model="numpy")
def _popcount(mask):
    x = mask - ((mask >> u64(1)) & u64(0x5555555555555555))
    x = (x & u64(0x3333333333333333)) + ((x >> u64(2)) & u64(0x3333333333333333))
    x = (x + (x >> u64(4))) & u64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * u64(0x0101010101010101)) >> u64(56))


@njit(cache=True, nogil=True, error_model="numpy")
def _bits(size, load):
    """log2 of the number of cells of a table for `size` sums."""
    bits = 7
    while (1 << bits) < (size << load):
        bits += 1
    return bits


@njit(cache=True, nogil=True, error_model="numpy")
def _all_sums(steps, sums):
    """sums[mask] = sums[0] + sum of the steps in mask, wrapping."""
    for i in range(steps.size):
        size = 1 << i
        low, high = sums[:size], sums[size : 2 * size]
        for j in range(size):
            high[j] = low[j] + steps[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _mark(table, words, shift, cells):
    """Mark the cell of each word and the next one: words hold sum - window, so these are the cells within the window.

    The circle must be a whole number of tables long: the last cell is followed by the first.
    """
    for j in range(words.size):
        cell = u64((words[j] >> shift) & cells)
        bit = cell & u64(63)
        table[cell >> u64(6)] |= u64(3) << bit
        if bit == u64(63):
            table[((cell + u64(1)) & u64(cells)) >> u64(6)] |= u64(1)


@njit(cache=True, nogil=True, error_model="numpy")
def _ask(table, words, shift, cells, hits):
    """Positions of the words whose cell is marked -> hits; returns how many."""
    count = u64(0)
    for j in range(words.size):
        cell = u64((words[j] >> shift) & cells)
        if (table[cell >> u64(6)] >> (cell & u64(63))) & u64(1):
            hits[count] = j
            count += u64(1)
    return np.int64(count)


@njit(cache=True, nogil=True, error_model="numpy")
def _first_window(values, target):
    """log2 of the window (in quanta) that about PAIRS subsets are expected to meet."""
    total = 0.0
    square = 0.0
    for i in range(values.size):
        x = np.float64(values[i])
        total += x
        square += x * x
    deviation = 0.5 * math.sqrt(square)
    u = (target - 0.5 * total) / deviation
    # rate = 2^n phi(u) / deviation subsets a quantum, on both sides of the target
    log2_rate = values.size + math.log2(0.3989422804014327 / deviation) - 0.7213475204444817 * u * u
    return min(max(math.floor(math.log2(0.5 * PAIRS) - log2_rate), np.float64(SUB)), np.float64(WIDEST))


@njit(cache=True, nogil=True, error_model="numpy")
def _offer(best, error, mask):
    """best = [error, size, mask, second error]: keep the better subset by the rule, and the runner-up's error."""
    if error < best[0]:
        best[3] = best[0]
        best[0], best[1], best[2] = error, _popcount(u64(mask)), mask
    elif mask != best[2]:
        if error == best[0]:
            size = _popcount(u64(mask))
            if size < best[1] or (size == best[1] and mask < best[2]):
                best[1], best[2] = size, mask
        best[3] = min(best[3], error)


@njit(cache=True, nogil=True, error_model="numpy")
def _error(values, target, mask):
    difference = -target
    for i in range(values.size):
        difference += values[i] & -((mask >> i) & 1)
    return abs(difference)


@njit(cache=True, nogil=True, error_model="numpy")
def _beyond_reach(values, target, slack):
    """+1 / -1 if the target lies surely above / below every sum, else 0."""
    low = np.int64(0)
    high = np.int64(0)
    for i in range(values.size):
        high += max(values[i], 0)
        low += min(values[i], 0)
    if target >= high + slack:
        return 1
    if target <= low - slack:
        return -1
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _all_of_sign(values, sign):
    mask = np.int64(0)
    for i in range(values.size):
        if values[i] * sign > 0:
            mask |= np.int64(1) << i
    return mask


@njit(cache=True, nogil=True, error_model="numpy")
def _next_window(found, window, low, high):
    """The next window to try after one that held too few (found < 0) or too many pairs; -1 when none is left."""
    if found < 0:
        low = window
        window = min(window + 4, (low + high + 1) // 2 if high <= WIDEST else WIDEST)
    else:
        high = window
        window = max(window - 4, (low + high) // 2 if low >= SUB else SUB)
    if window <= low or window >= high:
        window = -1
    return window, low, high


@njit(cache=True, nogil=True, error_model="numpy")
def closest(values, counts, rows, targets, exact, masks, codes):
    """Closest subset of values[rows[r], :counts] to targets[r], one row at a time, for n <= 30.

    values (rows, n) int64, counts (rows,), targets (m,) int64, exact (m,) bool -> masks (m,) uint64, codes (m,) uint8.
    Time O(2^(n/2)), memory 8 * 2^(n/2) bytes.
    """
    n_max = 0
    for r in range(rows.size):
        n_max = max(n_max, counts[rows[r]])
    left_words = np.empty(1 << (n_max // 2), u32)
    right_words = np.empty(1 << (n_max - n_max // 2), u32)
    left_hits = np.empty(left_words.size + 1, np.int32)
    right_hits = np.empty(right_words.size + 1, np.int32)
    right_marks = np.empty(right_words.size + 1, u32)
    steps = np.empty(64, u32)
    tables = np.empty((1 << _bits(left_words.size, LOAD)) >> 6, u64)
    small_tables = np.empty((1 << _bits(max(right_words.size, 256), 5)) >> 6, u64)
    best = np.empty(4, np.int64)
    half = u32(1 << (SUB - 1))
    shift = u32(SUB)
    for r in range(rows.size):
        n = counts[rows[r]]
        row = values[rows[r], :n]
        target = targets[r]
        slack = np.int64(0) if exact[r] else np.int64(2 * n + 1)
        codes[r] = FOUND
        side = _beyond_reach(row, target, slack) if n > 0 else 1
        if side != 0:
            masks[r] = u64(_all_of_sign(row, side))
            continue
        n_left = n // 2
        n_right = n - n_left
        left = left_words[: 1 << n_left]
        right = right_words[: 1 << n_right]
        bits = min(_bits(left.size, LOAD), 32 - SUB)
        table = tables[: (1 << bits) >> 6]
        cells = u32((1 << bits) - 1)
        window = np.int64(_first_window(row, target))
        low, high = np.int64(SUB - 1), np.int64(WIDEST + 1)
        codes[r] = AMBIGUOUS
        while window >= 0:
            scale = window + 1 - SUB
            rounding = np.int64(1) << (scale - 1)
            for i in range(n_left):
                steps[i] = u32((row[i] + rounding) >> scale)
            left[0] = u32(0) - half
            _all_sums(steps[:n_left], left)
            for i in range(n_right):
                steps[i] = u32(-((row[n_left + i] + rounding) >> scale))
            right[0] = u32((target + rounding) >> scale)
            _all_sums(steps[:n_right], right)

            table[:] = 0
            _mark(table, left, shift, cells)
            n_hits = _ask(table, right, shift, cells, right_hits)
            found = MAX_PAIRS
            if n_hits * 4 <= right.size or n_hits <= 64:
                for q in range(n_hits):
                    right_marks[q] = right[right_hits[q]] - half
                for j in range(left.size):
                    left[j] += half
                small_bits = min(_bits(max(n_hits, 16), SURVIVOR_LOAD), 32 - SUB)
                while (1 << small_bits) > small_tables.size << 6:
                    small_bits -= 1
                small = small_tables[: (1 << small_bits) >> 6]
                small[:] = 0
                _mark(small, right_marks[:n_hits], shift, u32((1 << small_bits) - 1))
                n_left_hits = _ask(small, left, shift, u32((1 << small_bits) - 1), left_hits)
                reach = half + u32(n + 1)
                best[0] = np.int64(1) << 62
                best[1], best[2], best[3] = 64, -1, best[0]
                found = 0
                if n_left_hits * n_hits > 64 * (left.size + right.size):
                    found = MAX_PAIRS
                for v in range(n_left_hits):
                    if found >= MAX_PAIRS:
                        break
                    word = u32(left[left_hits[v]] - half + reach)
                    for q in range(n_hits):
                        if u32(word - right_marks[q]) <= u32(2) * reach:
                            mask = np.int64(left_hits[v]) | (np.int64(right_hits[q]) << n_left)
                            error = _error(row, target, mask)
                            _offer(best, error, mask)
                            # the rest met only because words wrap
                            found += 1 if error >> window == 0 else 0
            if found < MAX_PAIRS:
                if best[0] + slack <= (np.int64(1) << window) - (np.int64(n + 1) << scale) or window == WIDEST:
                    # every subset this close was seen
                    masks[r] = u64(best[2])
                    if exact[r] or best[3] > best[0] + slack:
                        codes[r] = FOUND
                    break
                found = -1
            window, low, high = _next_window(found, window, low, high)


@njit(cache=True, nogil=True, error_model="numpy")
def _sorted_sums(steps, sums, masks, spare_sums, spare_masks):
    """All wrapping sums of the steps in ascending order, and their masks: merge the list with itself shifted, step by step."""
    sums[0] = u64(0)
    masks[0] = 0
    for i in range(steps.size):
        size = 1 << i
        step = steps[i]
        # shifted by a step that wraps, a sorted list is sorted again from the first sum that wraps
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            if u64(sums[middle] + step) >= step:
                low = middle + 1
            else:
                high = middle
        bit = np.int64(1) << i
        at, taken = 0, 0
        shifted = low & (size - 1)
        x, y = sums[0], u64(sums[shifted] + step)
        for k in range(2 * size):
            if taken == size or (at < size and x <= y):
                spare_sums[k] = x
                spare_masks[k] = masks[at]
                at += 1
                x = sums[min(at, size - 1)]
            else:
                spare_sums[k] = y
                spare_masks[k] = masks[shifted] | bit
                taken += 1
                shifted = (shifted + 1) & (size - 1)
                y = u64(sums[shifted] + step)
        sums[: 2 * size] = spare_sums[: 2 * size]
        masks[: 2 * size] = spare_masks[: 2 * size]


@njit(cache=True, nogil=True, error_model="numpy")
def _log2_spread(values):
    """log2 of about four standard deviations of a random subset's sum."""
    square = 0.0
    for i in range(values.size):
        square += np.float64(values[i]) * np.float64(values[i])
    return np.int64(math.ceil(1.0 + 0.5 * math.log2(square)))


@njit(cache=True, nogil=True, error_model="numpy")
def _rewind(outer, inner, start, origin, first):
    """first[i]: where in the circle of `inner` the sums outer[i] + inner begin to lie at or after `origin`."""
    for i in range(outer.size):
        low, high = 0, inner.size
        bound = u64(origin - start - outer[i])
        while low < high:
            middle = (low + high) // 2
            if inner[middle] < bound:
                low = middle + 1
            else:
                high = middle
        first[i] = low


@njit(cache=True, nogil=True, error_model="numpy")
def _slice(outer, inner, start, origin, extent, margin, first, taken, sums, ids):
    """Write the sums start + outer + inner that lie in [origin, origin + extent], then those up to `margin` further on.

    The first kind are taken for good (each is written once over all slices), the second will be met again in the next slice.
    Returns how many, or -1 when they do not fit.
    """
    count = 0
    capacity = sums.size - 1
    wrap = inner.size - 1
    for i in range(outer.size):
        base = start + outer[i]
        at = taken[i]
        while at < inner.size:
            j = (first[i] + at) & wrap
            word = u64(base + inner[j])
            if u64(word - origin) > extent:
                break
            if count >= capacity:
                return -1
            sums[count] = word
            ids[count] = (i << 16) | j
            count += 1
            at += 1
        taken[i] = at
        if margin > u64(0):
            ahead = at
            while ahead < at + inner.size:
                j = (first[i] + ahead) & wrap
                word = u64(base + inner[j])
                if u64(word - origin - extent - u64(1)) >= margin:
                    break
                if count >= capacity:
                    return -1
                sums[count] = word
                ids[count] = (i << 16) | j
                count += 1
                ahead += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def closest_streamed(values, counts, rows, targets, exact, masks, codes):
    """As `closest`, for n from 16 to 60: the halves are produced slice by slice. Memory a few MiB plus O(2^(n/4))."""
    one = u64(1)
    capacity = (4 << SLICE) + 64
    left = np.empty(capacity, u64)
    right = np.empty(capacity, u64)
    left_ids = np.empty(capacity, np.int64)
    right_ids = np.empty(capacity, np.int64)
    left_hits = np.empty(capacity, np.int32)
    right_hits = np.empty(capacity, np.int32)
    right_marks = np.empty(capacity, u64)
    tables = np.empty((1 << (SLICE + LOAD)) >> 6, u64)
    small_tables = np.empty((1 << (SLICE + 6)) >> 6, u64)
    best = np.empty(4, np.int64)
    steps = np.empty(64, u64)
    for r in range(rows.size):
        n = counts[rows[r]]
        row = values[rows[r], :n]
        target = targets[r]
        slack = np.int64(0) if exact[r] else np.int64(2 * n + 1)
        codes[r] = FOUND
        side = _beyond_reach(row, target, slack) if n > 0 else 1
        if side != 0:
            masks[r] = u64(_all_of_sign(row, side))
            continue
        n_left = n // 2
        n_right = n - n_left
        left_outer, right_outer = max(n_left - INNER, n_left // 2 - 2), max(n_right - INNER, n_right // 2 - 2)
        a1 = np.empty(1 << left_outer, u64)
        a2 = np.empty(1 << (n_left - left_outer), u64)
        b1 = np.empty(1 << right_outer, u64)
        b2 = np.empty(1 << (n_right - right_outer), u64)
        ma1, ma2 = np.empty(a1.size, np.int64), np.empty(a2.size, np.int64)
        mb1, mb2 = np.empty(b1.size, np.int64), np.empty(b2.size, np.int64)
        first_a, taken_a = np.empty(a1.size, np.int64), np.empty(a1.size, np.int64)
        first_b, taken_b = np.empty(b1.size, np.int64), np.empty(b1.size, np.int64)
        shorter = 0
        log2_slices = max(n_left - SLICE, 0)
        extent = u64(0) - one if log2_slices == 0 else (one << u64(64 - log2_slices)) - one
        window = np.int64(_first_window(row, target))
        low, high = np.int64(SUB - 1), np.int64(WIDEST + 1)
        codes[r] = AMBIGUOUS
        while window >= 0:
            scale = window + 1 - SUB
            rounding = np.int64(1) << (scale - 1)
            # the circle of words is a few standard deviations of a subset sum long, so that slices are evenly filled
            circle = max(_log2_spread(row) - scale - shorter, SUB + 7)
            align = u64(64 - circle)
            half = one << (u64(SUB - 1) + align)
            shift = u64(SUB) + align
            reach = half + (u64(n + 1) << align)
            bits = min(SLICE + LOAD, circle - SUB)
            cells = u64((1 << bits) - 1)
            table = tables[: (1 << bits) >> 6]
            for i in range(n):
                word = u64((row[i] + rounding) >> scale) << align
                steps[i] = word if i < n_left else u64(0) - word
            start = u64((target + rounding) >> scale) << align
            _sorted_sums(steps[:left_outer], a1, ma1, left, left_ids)
            _sorted_sums(steps[left_outer:n_left], a2, ma2, left, left_ids)
            _sorted_sums(steps[n_left : n_left + right_outer], b1, mb1, left, left_ids)
            _sorted_sums(steps[n_left + right_outer : n], b2, mb2, left, left_ids)
            _rewind(a1, a2, u64(0), u64(0), first_a)
            _rewind(b1, b2, start, u64(0) - half, first_b)
            taken_a[:] = 0
            taken_b[:] = 0
            best[0] = np.int64(1) << 62
            best[1], best[2], best[3] = 64, -1, best[0]
            found = 0
            for k in range(1 << log2_slices):
                origin = u64(k) << u64(64 - log2_slices) if log2_slices > 0 else u64(0)
                n_a = _slice(a1, a2, u64(0), origin, extent, u64(0), first_a, taken_a, left, left_ids)
                n_b = _slice(
                    b1, b2, start, u64(origin - half), extent, u64(2) * half, first_b, taken_b, right, right_ids
                )
                if n_a < 0 or n_b < 0:
                    found = -2
                    break
                for j in range(n_a):
                    left[j] -= half
                table[:] = 0
                _mark(table, left[:n_a], shift, cells)
                n_hits = _ask(table, right[:n_b], shift, cells, right_hits)
                if n_hits * 4 > n_b and n_hits > 64:
                    found = MAX_PAIRS
                    break
                for q in range(n_hits):
                    right_marks[q] = right[right_hits[q]] - half
                for j in range(n_a):
                    left[j] += half
                small_bits = min(_bits(max(n_hits, 16), SURVIVOR_LOAD), SLICE + 6, circle - SUB)
                small = small_tables[: (1 << small_bits) >> 6]
                small[:] = 0
                _mark(small, right_marks[:n_hits], shift, u64((1 << small_bits) - 1))
                n_left_hits = _ask(small, left[:n_a], shift, u64((1 << small_bits) - 1), left_hits)
                if n_left_hits * n_hits > 64 * (n_a + n_b):
                    found = MAX_PAIRS
                for v in range(n_left_hits):
                    if found >= MAX_PAIRS:
                        break
                    word = left[left_hits[v]] - half + reach
                    for q in range(n_hits):
                        if u64(word - right_marks[q]) <= u64(2) * reach:
                            a, b = left_ids[left_hits[v]], right_ids[right_hits[q]]
                            mask = ma1[a >> 16] | (ma2[a & 0xFFFF] << left_outer)
                            mask |= (mb1[b >> 16] | (mb2[b & 0xFFFF] << right_outer)) << n_left
                            error = _error(row, target, mask)
                            _offer(best, error, mask)
                            found += 1 if error >> window == 0 else 0
                if found >= MAX_PAIRS:
                    break
            if found == -2:
                # a slice overflowed: wrap the sums around more often, unless they are tied rather than bunched
                shorter += 2
                if circle > SUB + 7 and shorter < 12:
                    continue
                break
            if found < MAX_PAIRS:
                if best[0] + slack <= (np.int64(1) << window) - (np.int64(n + 1) << scale) or window == WIDEST:
                    masks[r] = u64(best[2])
                    if exact[r] or best[3] > best[0] + slack:
                        codes[r] = FOUND
                    break
                found = -1
            window, low, high = _next_window(found, window, low, high)
