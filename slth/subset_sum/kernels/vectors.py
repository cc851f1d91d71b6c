"""Subset sums of vectors: a hash join of half sums in words that hold several coordinates at once.

A word has a field for each of up to four coordinates, W = sum_c q_c 2^(s_c) modulo 2^64 with q_c the sum in units of that coordinate. It is
linear: adding a sample is one addition, whatever the signs, and two sums meet if their words differ by sum_c e_c 2^(s_c) with small
e_c. Carries between fields need no guard bits, since both words are cut into cells in the same way.

All sums of the left samples are listed. Each marks the cells in its reach in a bit table and joins their chains; the sums of the right
samples are streamed through the table, in blocks that differ by one addend, and never stored. What meets is compared in exact
integers. So every subset within the window (a box around the target) is seen: a closest one inside it is proven, and an empty window
proves that there is none. Each side of the box is cut to what the samples can reach, so targets out of reach cost no more.
"""

import math

import numpy as np
from numba import njit

FOUND, MISSED, LIMIT, TIES = 0, 1, 2, 3
ANY, CLOSEST, WITHIN = 0, 1, 2
MAX_NORM, L2_NORM = 0, 1

UNITS = 8  # the window is 2^(UNITS - 1) to 2^UNITS units, so that rounding the samples to units, n/2 in all, widens it little
LOAD = 4  # the bit table has 2^LOAD cells for each left sum; for ANY it is asked more often, and has
ANY_LOAD = 8  # so many while it fits the cache
BLOCK = 10  # right sums are streamed in blocks of 2^BLOCK
LARGEST_LEFT = 17  # log2 of the left sums
FULL_PRECISION = 9007199254740992.0  # 2^53: integers up to here, and their sums, are exact in float64

u32, u64 = np.uint32, np.uint64


@njit(cache=True, nogil=True, error_model="numpy")
def _popcount(mask):
    x = mask - ((mask >> u64(1)) & u64(0x5555555555555555))
    x = (x & u64(0x3333333333333333)) + ((x >> u64(2)) & u64(0x3333333333333333))
    x = (x + (x >> u64(4))) & u64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * u64(0x0101010101010101)) >> u64(56))


@njit(cache=True, nogil=True, error_model="numpy")
def _better(mask, other):
    """Fewer elements, then the smaller mask."""
    size, other_size = _popcount(mask), _popcount(other)
    return size < other_size or (size == other_size and mask < other)


@njit(cache=True, nogil=True, error_model="numpy")
def _bit_length(x):
    bits = 0
    while x > 0:
        x >>= 1
        bits += 1
    return bits


@njit(cache=True, nogil=True, error_model="numpy")
def _all_sums(steps, sums):
    """sums[mask] = sum of the steps in mask, wrapping."""
    sums[0] = u64(0)
    for i in range(steps.size):
        size = 1 << i
        low, high = sums[:size], sums[size : 2 * size]
        for j in range(size):
            high[j] = low[j] + steps[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _key(values, target, mask, norm):
    """Largest |difference| of a coordinate, or the sum of their squares; values (d, n), target (d,)."""
    key = 0.0
    for c in range(values.shape[0]):
        difference = -target[c]
        for i in range(values.shape[1]):
            difference += values[c, i] & -np.int64((mask >> u64(i)) & u64(1))
        size = np.float64(abs(difference))
        key = max(key, size) if norm == MAX_NORM else key + size * size
    return key


@njit(cache=True, nogil=True, error_model="numpy")
def _blurred(key, norm, exact, slack, d):
    """The largest key that may belong to a subset as close as one of this key; slack: quanta that a coordinate may be off."""
    if exact and key < FULL_PRECISION:
        return key
    off = 0.0 if exact else 2.0 * slack
    if norm == MAX_NORM:
        return (key + off) * (1.0 + 2.0**-50)
    length = math.sqrt(key) + off * math.sqrt(d)
    return length * length * (1.0 + 2.0**-45)


@njit(cache=True, nogil=True, error_model="numpy")
def _keep(contenders, keys, count, bound):
    """Drop the contenders above the bound; returns how many remain."""
    kept = 0
    for q in range(count):
        if keys[q] <= bound:
            contenders[kept], keys[kept] = contenders[q], keys[q]
            kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy")
def _add(contenders, keys, count, mask, key, bound):
    """Add a contender; returns the new count, or -1 when they do not fit."""
    if count == contenders.size:
        count = _keep(contenders, keys, count, bound)
        if count > contenders.size // 2:
            return -1
    contenders[count], keys[count] = mask, key
    return count + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _box(values, target, window, geometry):
    """Cut the box target +- window to the reach of the samples: geometry[0] = centre, [1] = half its side (each coordinate).

    [2] = log2 of the units; in units [3] = the reach (rounding and carries included), [4] = the spread of the sums, [5] = their range.
    Returns 1 if the box holds every sum, -1 if it is empty, else 0.
    """
    d, n = values.shape
    whole = 1
    for c in range(d):
        low, high = np.int64(0), np.int64(0)
        square = 0.0
        for i in range(n):
            high += max(values[c, i], 0)
            low += min(values[c, i], 0)
            square += np.float64(values[c, i]) * np.float64(values[c, i])
        a, b = max(target[c] - window, low), min(target[c] + window, high)
        if a > b:
            return -1
        if a > low or b < high:
            whole = 0
        half = (b - a) // 2 + 1
        shift = max(0, _bit_length(half) - UNITS - (2 if d < 3 else 0))
        geometry[0, c] = a + (b - a) // 2
        geometry[1, c] = half
        geometry[2, c] = shift
        geometry[3, c] = (half >> shift) + 2 + ((n + 1) // 2 + 1 if shift > 0 else 0)
        # four standard deviations, and how far the left sums lie from what the right ones miss
        away = abs(np.float64(geometry[0, c]) - 0.5 * np.float64(low + high))
        geometry[4, c] = max(np.int64(min(2.0 * math.sqrt(square) + away, np.float64(high - low))) >> shift, 1)
        geometry[5, c] = (high - low) >> shift
    return whole


@njit(cache=True, nogil=True, error_model="numpy")
def _table_bits(a, mode):
    """log2 of the cells of the bit table for 2^a left sums."""
    return min(a + ANY_LOAD, max(a + LOAD, 18)) if mode == ANY else a + LOAD


@njit(cache=True, nogil=True, error_model="numpy")
def _layout(geometry, cell_bits, order, widths, shifts, cuts):
    """Which coordinates go into the words, in what order, and how their fields are cut into at most 2^cell_bits cells.

    The most telling coordinates come first: four in the first word, four in the second. The cell of a word is the sum over its fields of
    (word >> shifts[j]) & cuts[j]. Returns log2 of the number of cells.
    """
    d = order.size
    for c in range(d):
        order[c] = c
        j = c
        while j > 0:
            x, y = order[j], order[j - 1]
            if geometry[4, x] / geometry[3, x] <= geometry[4, y] / geometry[3, y]:
                break
            order[j], order[j - 1] = y, x
            j -= 1
    side, bits = np.zeros(4, np.int64), np.zeros(4, np.int64)
    for first in range(0, min(d, 8), 4):
        # as wide as the sums reach; if that is too much for a word, the widest wrap around
        fields = min(d - first, 4)
        width = widths[first : first + fields]
        for j in range(fields):
            c = order[first + j]
            width[j] = _bit_length(geometry[5, c] + 2 * geometry[3, c]) + 1
        while width.sum() > 64:
            width[np.argmax(width)] -= 1
    for j in range(min(d, 4)):
        c = order[j]
        side[j] = min(_bit_length(2 * geometry[3, c] + 1), widths[j])
        bits[j] = min(max(_bit_length(geometry[4, c]) - side[j], 0), widths[j] - side[j])
    while bits.sum() > cell_bits:
        widest = np.argmax(bits)
        bits[widest] -= 1
        side[widest] += 1
    total, place = 0, 0
    for j in range(4):
        shifts[j], cuts[j] = u64(0), u64(0)
        if bits[j] > 0:
            shifts[j] = u64(place + side[j] - total)
            cuts[j] = u64(((1 << bits[j]) - 1) << total)
            total += bits[j]
        place += widths[j]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _words(values, geometry, order, widths, first, steps):
    """The fields of coordinates order[first : first + 4] -> steps (n,) uint64; returns word of the centre, reach and test mask."""
    steps[:] = u64(0)
    place = u64(0)
    centre, reach, outside = u64(0), u64(0), u64(0)
    for j in range(first, min(first + 4, order.size)):
        c = order[j]
        shift = geometry[2, c]
        rounding = (np.int64(1) << shift) >> 1
        for i in range(values.shape[1]):
            steps[i] += u64((values[c, i] + rounding) >> shift) << place
        centre += u64((geometry[0, c] + rounding) >> shift) << place
        reach += u64(geometry[3, c]) << place
        inside = min(_bit_length(2 * geometry[3, c]), widths[j])
        outside |= u64((1 << (widths[j] - inside)) - 1) << (place + u64(inside))
        place += u64(widths[j])
    return centre, reach, outside


@njit(cache=True, nogil=True, error_model="numpy")
def _cells(words, offset, shifts, cuts, cells):
    """Cell of each word + offset: the fields' cell numbers side by side."""
    s0, s1, s2, s3 = shifts[0], shifts[1], shifts[2], shifts[3]
    c0, c1, c2, c3 = cuts[0], cuts[1], cuts[2], cuts[3]
    for j in range(words.size):
        x = words[j] + offset
        cells[j] = u32(((x >> s0) & c0) | ((x >> s1) & c1) | ((x >> s2) & c2) | ((x >> s3) & c3))


@njit(cache=True, nogil=True, error_model="numpy")
def _spread_out(cell, other, cuts, spots):
    """All cells whose number agrees, field by field, with one of the two; returns how many."""
    change = u64(cell ^ other)
    spots[0] = cell
    ways = 1
    for f in range(4):
        differs = u32(change & cuts[f])
        if differs != u32(0):
            for v in range(ways):
                spots[ways + v] = spots[v] ^ differs
            ways *= 2
    return ways


@njit(cache=True, nogil=True, error_model="numpy")
def _mark(lows, highs, cuts, factor, drop, table, starts, spots):
    """Mark every cell between lows[j] and highs[j], and count the entries of each bucket; returns how many in all."""
    starts[:] = 0
    entries = 0
    for j in range(lows.size):
        ways = 1
        spots[0] = lows[j]
        if lows[j] != highs[j]:
            ways = _spread_out(lows[j], highs[j], cuts, spots)
        for v in range(ways):
            cell = spots[v]
            table[cell >> u32(6)] |= u64(1) << u64(cell & u32(63))
            starts[(u64(cell) * factor) >> drop] += 1
        entries += ways
    return entries


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(lows, highs, cuts, factor, drop, words, starts, spots, bucket_words, owners):
    """Counts -> starts, and each bucket's words side by side with the positions they come from."""
    total = np.int32(0)
    for v in range(starts.size):
        total += starts[v]
        starts[v] = total
    for j in range(lows.size):
        ways = 1
        spots[0] = lows[j]
        if lows[j] != highs[j]:
            ways = _spread_out(lows[j], highs[j], cuts, spots)
        for v in range(ways):
            bucket = (u64(spots[v]) * factor) >> drop
            at = starts[bucket] - np.int32(1)
            starts[bucket] = at
            bucket_words[at] = words[j]
            owners[at] = j


@njit(cache=True, nogil=True, error_model="numpy")
def _ask(table, block, start, shifts, cuts, hits):
    """Positions in the block whose word start - block[i] lies in a marked cell -> hits; returns how many."""
    s0, s1, s2, s3 = shifts[0], shifts[1], shifts[2], shifts[3]
    c0, c1, c2, c3 = cuts[0], cuts[1], cuts[2], cuts[3]
    count = u64(0)
    for i in range(block.size):
        x = start - block[i]
        cell = ((x >> s0) & c0) | ((x >> s1) & c1) | ((x >> s2) & c2) | ((x >> s3) & c3)
        hits[count] = i
        count += (table[cell >> u64(6)] >> (cell & u64(63))) & u64(1)
    return np.int64(count)


@njit(cache=True, nogil=True, error_model="numpy")
def _next_of_same_size(mask):
    """The next larger mask of as many bits (Gosper)."""
    lowest = mask & -mask
    ripple = mask + lowest
    return ripple | (((mask ^ ripple) >> 2) // lowest)


@njit(cache=True, nogil=True, error_model="numpy")
def _base(values, target, inner, count, outer_order):
    """Which of the samples from `inner` on to take so that the target comes to the middle of what the others reach.

    All that help, if count < 0: returns their mask. Else the best `count` of them, one by one: they come first in the order, and the
    mask is 0.
    """
    d, n = values.shape
    rest = np.empty(d)
    for c in range(d):
        rest[c] = np.float64(target[c])
        for i in range(inner):
            rest[c] -= 0.5 * np.float64(values[c, i])
    base = np.int64(0)
    for i in range(n - inner):
        outer_order[i] = inner + i
    for k in range(n - inner if count < 0 else count):
        best, at = 0.0 if count < 0 else -np.inf, -1
        for q in range(k, k + 1 if count < 0 else n - inner):
            gain = 0.0
            for c in range(d):
                x = np.float64(values[c, outer_order[q]])
                gain += x * (2.0 * rest[c] - x)
            if gain > best:
                best, at = gain, q
        if at >= 0:
            for c in range(d):
                rest[c] -= np.float64(values[c, outer_order[at]])
            if count < 0:
                base |= np.int64(1) << k
            else:
                outer_order[k], outer_order[at] = outer_order[at], outer_order[k]
    return base


@njit(cache=True, nogil=True, error_model="numpy")
def _least(values, target):
    """No sum comes closer than this in every coordinate."""
    least = np.int64(0)
    for c in range(values.shape[0]):
        low, high = np.int64(0), np.int64(0)
        for i in range(values.shape[1]):
            high += max(values[c, i], 0)
            low += min(values[c, i], 0)
        least = max(least, max(low - target[c], target[c] - high))
    return least


@njit(cache=True, nogil=True, error_model="numpy")
def _tolerated(tolerance, norm, slack, d):
    """Keys up to the first are surely within the tolerance, keys above the second surely not."""
    if norm == MAX_NORM:
        sure, unsure = tolerance - slack, tolerance + slack
        if unsure >= FULL_PRECISION:
            sure, unsure = sure * (1.0 - 2.0**-50), unsure * (1.0 + 2.0**-50)
        return sure, unsure
    near, far = tolerance - slack * math.sqrt(d), tolerance + slack * math.sqrt(d)
    return near * near * (1.0 - 2.0**-48) if near >= 0.0 else -1.0, far * far * (1.0 + 2.0**-48)


@njit(cache=True, nogil=True, error_model="numpy")
def search(problem, norm, mode, limits, answer):
    """One instance after another: any subset within the tolerance, or the closest one.

    Parameters
    ----------
    problem : tuple of
        values (m, d, n), targets (m, d) int64 (quanta), exact (m,) bool (the conversion lost nothing), windows (m,) int64 (half side of
        the box to search; for CLOSEST beyond the least possible error), tolerances (m,) float64 (quanta, for ANY), left_bits (m,) int64
        (log2 of the left sums to begin with).
    norm : MAX_NORM or L2_NORM.
    mode : ANY (the first found within the tolerance), CLOSEST (the window grows until it holds one), WITHIN (it does not).
    limits : tuple of
        low, high (bounds of the size), budget (steps an instance may take: table look-ups and the like, 2 to 4 ns each).
    answer : tuple of
        masks (m,) uint64, codes (m,) (FOUND, MISSED (proven), LIMIT, or TIES (more contenders than fit)), contenders (m, k) uint64 and
        counts (m,) (subsets that rounding cannot tell from the best; for ANY: that may lie within; 0 if none).
    """
    values, targets, exact, windows, tolerances, left_bits = problem
    low, high, budget = limits
    masks, codes, contenders, counts = answer
    m, d, n = values.shape
    largest = min(n // 2, LARGEST_LEFT)
    n_words = 1 if d <= 4 else 2
    allocated = -1
    left = np.empty((n_words, 0), u64)
    left_masks = np.empty(0, np.int64)
    lows, highs = np.empty(0, u32), np.empty(0, u32)
    table = np.empty(0, u64)
    starts = np.empty(0, np.int32)
    bucket_words, owners = np.empty(0, u64), np.empty(0, np.int32)
    block = np.empty((n_words, 1 << BLOCK), u64)
    hits = np.empty((1 << BLOCK) + 1, np.int64)
    geometry = np.empty((6, d), np.int64)
    order, outer_order, widths = np.empty(d, np.int64), np.empty(64, np.int64), np.zeros(8, np.int64)
    steps = np.empty((n_words, n), u64)
    centre, reach, outside, start = np.zeros(2, u64), np.zeros(2, u64), np.zeros(2, u64), np.zeros(2, u64)
    shifts, cuts, spots = np.zeros(4, u64), np.zeros(4, u64), np.empty(16, u32)
    keys = np.empty(contenders.shape[1])
    sized = low > 0 or high < n
    growth = max(16.0 ** (1.0 / d), 1.5)
    for r in range(m):
        row, target = values[r], targets[r]
        slack = np.float64(0) if exact[r] else np.float64(n // 2 + 1)
        least = _least(row, target)
        window = min(least + windows[r], np.int64(1) << 61) if mode == CLOSEST else windows[r]
        excess = np.float64(max(window - least, 1))
        sure, unsure = _tolerated(tolerances[r], norm, slack, d)
        a = min(left_bits[r], largest)
        work = np.int64(0)
        codes[r], counts[r], masks[r] = LIMIT, 0, u64(0)
        overall = np.inf
        while True:
            kind = _box(row, target, window, geometry)
            inside = np.float64(window) if norm == MAX_NORM else np.float64(window) * np.float64(window)
            best, bound, best_mask = np.inf, np.inf, u64(0)
            count, offers = 0, np.int64(0)
            overflow, stopped, regrow = False, False, False
            if kind >= 0:
                if a > allocated:
                    allocated = a
                    left, left_masks = np.empty((n_words, 1 << a), u64), np.empty(1 << a, np.int64)
                    lows, highs = np.empty(1 << a, u32), np.empty(1 << a, u32)
                    table = np.empty(1 << max(_table_bits(a, mode) - 6, 0), u64)
                    starts = np.empty((2 << a) + 1, np.int32)
                cells = _layout(geometry, _table_bits(a, mode), order, widths, shifts, cuts)
                bucket_bits = min(a + 1, cells)
                factor, drop = u64(1), u64(0)
                if cells > bucket_bits:
                    factor, drop = u64(0x9E3779B97F4A7C15), u64(64 - bucket_bits)
                b = min(BLOCK, n - a)
                inner = a + b
                outer = n - inner
                for w in range(n_words):
                    centre[w], reach[w], outside[w] = _words(row, geometry, order, widths, 4 * w, steps[w])
                    _all_sums(steps[w, :a], left[w])
                    _all_sums(steps[w, a:inner], block[w])

                # the left sums: into the table and the buckets
                n_left = 1 << a
                if sized:
                    n_left = 0
                    for j in range(1 << a):
                        size = _popcount(u64(j))
                        if size <= high and size + n - a >= low:
                            for w in range(n_words):
                                left[w, n_left] = left[w, j]
                            left_masks[n_left] = j
                            n_left += 1
                _cells(left[0, :n_left], u64(0) - reach[0], shifts, cuts, lows)
                _cells(left[0, :n_left], reach[0], shifts, cuts, highs)
                buckets = starts[: (1 << bucket_bits) + 1]
                bit_table = table[: 1 << max(cells - 6, 0)]
                bit_table[:] = u64(0)
                entries = _mark(lows[:n_left], highs[:n_left], cuts, factor, drop, bit_table, buckets, spots)
                if entries > owners.size:
                    bucket_words, owners = np.empty(2 * entries, u64), np.empty(2 * entries, np.int32)
                _fill(lows[:n_left], highs[:n_left], cuts, factor, drop, left[0], buckets, spots, bucket_words, owners)
                work += 4 * (np.int64(1) << a) + 4 * entries

                # the right sums: block after block, the likely sizes first
                likely = min(max((low + high - inner) // 2, 0), outer) if sized else 0
                base = _base(row, target, inner, likely if sized else -1, outer_order)
                asked = np.int64(0)
                enough = np.int64(32) << a
                many = (np.int64(1) << 16) + (np.int64(4) << a)
                for turn in range(2 * outer + 1):
                    flips = likely + ((turn + 1) // 2 if turn & 1 else -(turn // 2))
                    if flips < 0 or flips > outer or (sized and (flips > high or flips + inner < low)):
                        continue
                    flip = (np.int64(1) << flips) - 1
                    while True:
                        picked = flip ^ base
                        for w in range(n_words):
                            start[w] = centre[w]
                            for i in range(outer):
                                if (picked >> i) & 1:
                                    start[w] -= steps[w, outer_order[i]]
                        n_hits = _ask(bit_table, block[0, : 1 << b], start[0], shifts, cuts, hits)
                        asked += np.int64(1) << b
                        work += np.int64(1) << b
                        for h in range(n_hits):
                            i = hits[h]
                            word = start[0] - block[0, i]
                            cell = u64(0)
                            for f in range(4):
                                cell |= (word >> shifts[f]) & cuts[f]
                            bucket = (cell * factor) >> drop
                            first, last = buckets[bucket], buckets[bucket + u64(1)]
                            work += last - first
                            word += reach[0]
                            for e in range(first, last):
                                if ((word - bucket_words[e]) & outside[0]) != u64(0):
                                    continue
                                j = owners[e]
                                if n_words > 1:
                                    other = start[1] - block[1, i] + reach[1] - left[1, j]
                                    if (other & outside[1]) != u64(0):
                                        continue
                                mask = u64(left_masks[j] if sized else j) | (u64(i) << u64(a))
                                for k in range(outer):
                                    mask |= u64((picked >> k) & 1) << u64(outer_order[k])
                                if sized:
                                    size = _popcount(mask)
                                    if size < low or size > high:
                                        continue
                                work += 16
                                key = _key(row, target, mask, norm)
                                offers += 1 if key <= inside else 0
                                if offers > many and mode != ANY:
                                    stopped = True
                                    break
                                if key > (unsure if mode == ANY else bound):
                                    continue
                                if mode == ANY and key <= sure:
                                    best, best_mask, stopped = key, mask, True
                                    break
                                if mode != ANY:
                                    if key < best:
                                        best, best_mask = key, mask
                                        bound = _blurred(key, norm, exact[r], slack, d)
                                    elif key == best and _better(mask, best_mask):
                                        best_mask = mask
                                    if exact[r] and best < FULL_PRECISION:
                                        continue
                                count = _add(contenders[r], keys, count, mask, key, bound)
                                if count < 0:
                                    overflow, count = True, 0
                            if stopped:
                                break
                        stopped = stopped or work > budget
                        regrow = not stopped and mode == ANY and asked > enough and a < largest
                        if stopped or regrow or flip == 0:
                            break
                        flip = _next_of_same_size(flip)
                        if flip >> outer:
                            break
                    if stopped or regrow:
                        break
            if best <= overall and best < np.inf:  # each round sees all of those that tie
                overall, masks[r] = best, best_mask
            if regrow:
                a = min(a + 2, largest)
                continue
            if mode == ANY:
                if best < np.inf:
                    codes[r] = FOUND
                elif not stopped:
                    codes[r] = TIES if overflow else MISSED
                counts[r] = count
                break
            count = _keep(contenders[r], keys, count, bound)
            if exact[r] and best < FULL_PRECISION:
                count, overflow = 0, False
            counts[r] = count
            if work > budget:
                break
            if best == np.inf:
                if kind == 1 or mode == WITHIN:
                    codes[r] = MISSED
                    break
                excess *= growth
                window = np.int64(min(np.float64(least) + excess + 1.0, 2.0**61))
                continue
            length = (bound if norm == MAX_NORM else math.sqrt(bound)) * (1.0 + 2.0**-50)
            needed = np.int64(min(length, 2.0**61)) + 1  # a window that shows every contender
            if stopped and needed >= window:
                codes[r] = TIES
                break
            if not stopped and (needed <= window or kind == 1 or mode == WITHIN):
                codes[r] = TIES if overflow else FOUND
                break
            window = needed  # where there were too many to look at, a smaller one, which still holds the best
