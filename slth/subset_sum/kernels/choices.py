"""Closest choice of one option a group, by a hash join of the sums of two halves: nothing is sorted.

All sums of a half are written down at the position that is their rank (a mixed-radix number, digit g the option of group g, the first
group least significant). The axis is cut into cells twice as wide as the window reaches to either side. The left sums mark the cells
within their reach in a bit table, every right sum asks it whether anything can lie within the window of target - right, the few
that remain mark a table of their own for the left sums to ask, and so on, each time by another hash, until few pairs are left to
compare. Every pair within the window survives, so once one is found in it, the closest is proven. The window is guessed from a
Gaussian of the same mean and variance so that about eight pairs are expected; a wrong guess costs another round, never the proof.

Rule among equally close choices: fewest elements, then the smallest code. Codes: FOUND, MISSED (no choice has such a size), or AMBIGUOUS
when rounding cannot tell two choices apart or ties are too many. Time O(entries of both halves), memory 12 bytes an entry.
"""

import math

import numpy as np
from numba import njit

FOUND, AMBIGUOUS, MISSED = 0, 1, 2

NARROWEST = 6  # log2 of the narrowest window, in quanta
LOAD = 5  # a bit table has 2^LOAD cells for each sum that marks it,
LARGE = 2**18  # and 2^(LOAD - 2) where so many sums mark it that it would leave the cache
FEW = 4096  # pairs that are compared without asking again
PAIRS = 8.0  # pairs expected in the first window
MAX_PAIRS = 512  # more than this in a window: it is far too wide
WIDEST = 61  # a window of 2^61 quanta holds every pair

u64 = np.uint64
GOLDEN = u64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: the hashes are its powers


@njit(cache=True, nogil=True, error_model="numpy")
def _bits(size, load):
    """log2 of the number of cells of a table for `size` sums."""
    bits = 7
    while (1 << bits) < (size << load):
        bits += 1
    return bits


@njit(cache=True, nogil=True, error_model="numpy")
def _first_window(values, starts, target):
    """log2 of the window (in quanta) that about PAIRS choices are expected to meet: Gaussian, of the same mean and variance."""
    mean, variance, log2_choices = 0.0, 0.0, 0.0
    for g in range(starts.size - 1):
        count = starts[g + 1] - starts[g]
        total, square = 0.0, 0.0
        for o in range(starts[g], starts[g + 1]):
            total += np.float64(values[o])
        for o in range(starts[g], starts[g + 1]):
            square += (np.float64(values[o]) - total / count) ** 2
        mean += total / count
        variance += square / count
        log2_choices += math.log2(np.float64(count))
    deviation = max(math.sqrt(variance), 1.0)
    u = (target - mean) / deviation
    log2_rate = log2_choices + math.log2(0.3989422804014327 / deviation) - 0.7213475204444817 * u * u
    return np.int64(min(max(math.floor(math.log2(0.5 * PAIRS) - log2_rate), np.float64(NARROWEST)), np.float64(WIDEST)))


@njit(cache=True, nogil=True, error_model="numpy")
def _next_window(found, window, low, high):
    """The next window to try after one that held too few (found < 0) or too many pairs; -1 when none is left."""
    if found < 0:
        low = window
        window = min(window + 4, (low + high + 1) // 2 if high <= WIDEST else WIDEST)
    else:
        high = window
        window = max(window - 4, (low + high) // 2 if low >= NARROWEST else NARROWEST)
    if window <= low or window >= high:
        window = -1
    return window, low, high


@njit(cache=True, nogil=True, error_model="numpy")
def _total(values, sizes, codes, starts, first, last, rank):
    """Sum, size and code of the choice of that rank of the groups first to last - 1."""
    total, size, code = np.int64(0), np.int64(0), u64(0)
    for g in range(first, last):
        count = starts[g + 1] - starts[g]
        o = starts[g] + rank % count
        rank //= count
        total += values[o]
        size += sizes[o]
        code += codes[o]
    return total, size, code


@njit(cache=True, nogil=True, error_model="numpy")
def _extreme(values, sizes, codes, starts, target, slack, exact):
    """The choice of the largest or least sum, where the target surely lies beyond all sums: status, code, size. Status -1: it does not."""
    low, high = np.int64(0), np.int64(0)
    for g in range(starts.size - 1):
        least, most = values[starts[g]], values[starts[g]]
        for o in range(starts[g], starts[g + 1]):
            least, most = min(least, values[o]), max(most, values[o])
        low += least
        high += most
    sign = 0
    if target >= high + slack:
        sign = 1
    elif target <= low - slack:
        sign = -1
    status, size, code = FOUND, np.int64(0), u64(0)
    if sign == 0:
        return -1, code, size
    for g in range(starts.size - 1):
        best = starts[g]
        for o in range(starts[g], starts[g + 1]):
            difference = sign * (values[o] - values[best])
            if difference > 0 or (difference == 0 and sizes[o] < sizes[best]):
                best = o
        for o in range(starts[g], starts[g + 1]):
            if not exact and o != best and sign * (values[best] - values[o]) <= slack:
                status = AMBIGUOUS
        size += sizes[best]
        code += codes[best]
    return status, code, size


@njit(cache=True, nogil=True, error_model="numpy")
def _all_sums(values, starts, first, last, sign, base, sums):
    """sums[rank] = base + sign * (the options of that rank), in quanta."""
    for g in range(first, last):
        base += sign * values[starts[g]]
    sums[0] = base
    size = 1
    for g in range(first, last):
        low = sums[:size]
        for o in range(1, starts[g + 1] - starts[g]):
            step = sign * (values[starts[g] + o] - values[starts[g]])
            high = sums[o * size : (o + 1) * size]
            for j in range(size):
                high[j] = low[j] + step
        size *= starts[g + 1] - starts[g]


@njit(cache=True, nogil=True, error_model="numpy")
def _mark(table, words, reach, shift, cells):
    """Mark the cells, 2^shift = 2 reach wide, within reach of each word; the table is the circle of the low bits of the cell."""
    for j in range(words.size):
        cell = u64((words[j] - reach) >> shift) & cells
        bit = cell & u64(63)
        table[cell >> u64(6)] |= u64(3) << bit
        if bit == u64(63):
            table[((cell + u64(1)) & cells) >> u64(6)] |= u64(1)


@njit(cache=True, nogil=True, error_model="numpy")
def _ask(table, words, shift, cells, hits):
    """Positions of the words whose cell is marked -> hits; returns how many."""
    count = u64(0)
    for j in range(words.size):
        cell = u64(words[j] >> shift) & cells
        hits[count] = j
        count += (table[cell >> u64(6)] >> (cell & u64(63))) & u64(1)
    return np.int64(count)


@njit(cache=True, nogil=True, error_model="numpy")
def _meet(table, marking, marks, n_marks, asking, hits, n_hits, reach, shift, factor):
    """Keep those of hits[:n_hits] whose word may lie within reach of one of the marks, by a fresh hash; n_hits < 0: ask all words."""
    bits = min(_bits(max(n_marks, 16), LOAD), _bits(table.size, 6))
    for j in range((1 << bits) >> 6):
        table[j] = u64(0)
    down = u64(64 - bits)
    for j in range(n_marks):
        cell = u64((marking[marks[j]] - reach) >> shift)
        for _ in range(2):
            at = u64(cell * factor) >> down
            table[at >> u64(6)] |= u64(1) << (at & u64(63))
            cell = u64(cell + u64(1))
    count = u64(0)
    if n_hits < 0:
        for j in range(asking.size):
            at = u64(u64(asking[j] >> shift) * factor) >> down
            hits[count] = j
            count += (table[at >> u64(6)] >> (at & u64(63))) & u64(1)
    else:
        for q in range(n_hits):
            j = hits[q]
            at = u64(u64(asking[j] >> shift) * factor) >> down
            hits[count] = j
            count += (table[at >> u64(6)] >> (at & u64(63))) & u64(1)
    return np.int64(count)


@njit(cache=True, nogil=True, error_model="numpy")
def closest(values, sizes, codes, starts, middle, rounding, rows, targets, exact, lows, highs, found_codes, statuses):
    """Closest choice for each instance among those of lows[r] to highs[r] elements.

    values (rows, options) int64; sizes, codes (options,); starts (groups + 1,): group g has the options starts[g] : starts[g + 1]; middle:
    groups of the left half; rounding: half quanta by which a sum may be off; rows, targets, exact, lows, highs (m,) -> found_codes (m,)
    uint64, statuses (m,) uint8.
    """
    groups = starts.size - 1
    n_left, n_right = 1, 1
    least, most = 0, 0
    for g in range(groups):
        least += sizes[starts[g] : starts[g + 1]].min()
        most += sizes[starts[g] : starts[g + 1]].max()
        if g < middle:
            n_left *= starts[g + 1] - starts[g]
        else:
            n_right *= starts[g + 1] - starts[g]
    left, right = np.empty(n_left, np.int64), np.empty(n_right, np.int64)
    left_hits, right_hits = np.empty(n_left + 1, np.int32), np.empty(n_right + 1, np.int32)
    bits = _bits(n_left, LOAD if n_left < LARGE else LOAD - 2)
    table = np.empty((1 << bits) >> 6, u64)
    cells = u64((1 << bits) - 1)
    for r in range(rows.size):
        row = values[rows[r]]
        target = targets[r]
        slack = np.int64(0) if exact[r] else np.int64(rounding + 1)
        low_size, high_size = lows[r], highs[r]
        status, code, size = _extreme(row, sizes, codes, starts, target, slack, exact[r])
        if status >= 0 and low_size <= size <= high_size:
            statuses[r] = status
            found_codes[r] = code
            continue
        _all_sums(row, starts, np.int64(0), middle, np.int64(1), np.int64(0), left)
        _all_sums(row, starts, middle, groups, np.int64(-1), target, right)
        window = _first_window(row, starts, target)
        low, high = np.int64(NARROWEST - 1), np.int64(WIDEST + 1)
        statuses[r] = AMBIGUOUS
        strange = 0
        while window >= 0:
            reach = np.int64(1) << window
            shift = window + 1
            table[:] = u64(0)
            _mark(table, left, reach, shift, cells)
            n_right_hits = _ask(table, right, shift, cells, right_hits)
            found = MAX_PAIRS
            best, second = np.int64(1) << 62, np.int64(1) << 62
            best_size, best_code = np.int64(0), u64(0)
            if n_right_hits * 2 <= n_right or n_right_hits <= 64:
                factor = GOLDEN
                n_left_hits = _meet(
                    table, right, right_hits, n_right_hits, left, left_hits, np.int64(-1), reach, shift, factor
                )
                pairs = n_left * n_right_hits
                while FEW < n_left_hits * n_right_hits < pairs // 2:
                    pairs = n_left_hits * n_right_hits
                    factor = u64(factor * GOLDEN)
                    n_right_hits = _meet(
                        table, left, left_hits, n_left_hits, right, right_hits, n_right_hits, reach, shift, factor
                    )
                    factor = u64(factor * GOLDEN)
                    n_left_hits = _meet(
                        table, right, right_hits, n_right_hits, left, left_hits, n_left_hits, reach, shift, factor
                    )
                found = 0
                if n_left_hits * n_right_hits > n_left + n_right + (1 << 16):
                    found = MAX_PAIRS
                for v in range(n_left_hits):
                    if found >= MAX_PAIRS:
                        break
                    word = left[left_hits[v]]
                    for q in range(n_right_hits):
                        error = abs(word - right[right_hits[q]])
                        if error <= reach:
                            found += 1
                            _, a_size, a_code = _total(
                                row, sizes, codes, starts, np.int64(0), middle, np.int64(left_hits[v])
                            )
                            _, b_size, b_code = _total(
                                row, sizes, codes, starts, middle, groups, np.int64(right_hits[q])
                            )
                            size, code = a_size + b_size, u64(a_code + b_code)
                            if size < low_size or size > high_size:
                                continue
                            if error < best:
                                second = best
                                best, best_size, best_code = error, size, code
                            elif code != best_code or size != best_size:
                                if error == best and (size < best_size or (size == best_size and code < best_code)):
                                    best_size, best_code = size, code
                                second = min(second, error)
            if found < MAX_PAIRS:
                if best + slack <= reach:  # every choice this close was seen
                    found_codes[r] = best_code
                    if exact[r] or second > best + slack:
                        statuses[r] = FOUND
                    break
                strange += found == 0
                found = -1
            else:
                strange += 1 + (low >= NARROWEST)
            if exact[r] and strange >= 2 and low_size <= least and high_size >= most:
                break  # sums that bunch so are tied: `closest_of_ties` keeps each once
            window, low, high = _next_window(found, window, low, high)


@njit(cache=True, nogil=True, error_model="numpy")
def _distinct_sums(values, sizes, starts, first, last):
    """The different sums of these groups in ascending order, each with its best choice as size * 2^32 + rank."""
    sums, best = np.zeros(1, np.int64), np.zeros(1, np.int64)
    stride = 1
    for g in range(first, last):
        grown, grown_best = np.empty(0, np.int64), np.empty(0, np.int64)
        for o in range(starts[g], starts[g + 1]):
            value = values[o]
            key = (sizes[o] << 32) + (o - starts[g]) * stride
            out, out_best = np.empty(grown.size + sums.size, np.int64), np.empty(grown.size + sums.size, np.int64)
            a, b, k = 0, 0, 0
            while a < grown.size or b < sums.size:
                if b == sums.size or (a < grown.size and grown[a] <= sums[b] + value):
                    total, choice = grown[a], grown_best[a]
                    a += 1
                else:
                    total, choice = sums[b] + value, best[b] + key
                    b += 1
                if k > 0 and out[k - 1] == total:
                    out_best[k - 1] = min(out_best[k - 1], choice)
                else:
                    out[k] = total
                    out_best[k] = choice
                    k += 1
            grown, grown_best = out[:k], out_best[:k]
        stride *= starts[g + 1] - starts[g]
        sums, best = grown, grown_best
    return sums, best


@njit(cache=True, nogil=True, error_model="numpy")
def closest_of_ties(values, sizes, codes, starts, middle, rows, targets, found_codes):
    """As `closest` for exact rows of any size, however many choices tie: equal sums are kept once, so integers have short lists."""
    low_bits = (np.int64(1) << 32) - 1
    groups = starts.size - 1
    for r in range(rows.size):
        row = values[rows[r]]
        left, left_best = _distinct_sums(row, sizes, starts, np.int64(0), middle)
        right, right_best = _distinct_sums(row, sizes, starts, middle, groups)
        error = np.int64(1) << 62
        size, left_rank, right_rank = np.int64(0), np.int64(0), np.int64(0)
        a, b = 0, right.size - 1
        # sums that differ are all passed where they come closest
        while a < left.size and b >= 0:
            difference = left[a] + right[b] - targets[r]
            if abs(difference) <= error:
                x, y = left_best[a], right_best[b]
                other_size, other_left, other_right = (x >> 32) + (y >> 32), x & low_bits, y & low_bits
                if (
                    abs(difference) < error
                    or other_size < size
                    or (
                        other_size == size
                        and (other_right < right_rank or (other_right == right_rank and other_left < left_rank))
                    )
                ):
                    size, left_rank, right_rank = other_size, other_left, other_right
                error = abs(difference)
            if difference < 0:
                a += 1
            else:
                b -= 1
        _, _, left_code = _total(row, sizes, codes, starts, np.int64(0), middle, left_rank)
        _, _, right_code = _total(row, sizes, codes, starts, middle, groups, right_rank)
        found_codes[r] = u64(left_code + right_code)
