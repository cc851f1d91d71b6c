"""Closest subset by a hash join: halve the samples, and find the two half sums that meet within a window around the target.

No list is sorted. All sums of a half are written down in the order of their masks (position = mask), as fixed-point words that wrap
around. The circle of words is cut into cells one window wide; a bit table marks the cells in reach of a left sum, and every right
sum asks it whether anything can lie within the window of `target - right`. The few that remain mark a small table of their own,
which the left sums ask in turn; what is left on both sides is compared pair by pair, in exact integers. Every pair whose error is below
the window survives (wrapping only adds false candidates), so once a pair is found well inside the window its optimum is proven.
The window is guessed from a Gaussian density of subset sums (theory: a quenched mean and variance) so that about eight pairs are
expected; a wrong guess costs another round, never the proof.

Where sizes are restricted, most pairs that meet have a wrong size. Three ways keep them apart (`_way`): look at the size of each pair,
if many subsets have a size of the range; or move every word by a constant times its size, so that pairs of a wrong size meet only by
accident, at no cost at all, if there is one size; or list the halves by size, leave out sizes that nothing can complete, and mark
each left sum once for each size of the range, which is cheapest where the range is at the tail of all sizes.

Both halves are kept whole, 2^(n/2) words, so n is at most 30; for longer rows there is `kernels.streamed`.

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
WIDEST = 61  # a window of 2^61 quanta holds every pair
SPARE = 2048  # marks beyond one for every other right sum
MET = 8192  # pairs kept for exact comparison, at most
BUCKETS = 4096
SIZE = 0xBDEF7BDF  # an element more moves a word by this: its multiples up to 30 lie evenly over any circle of 2^17 to 2^32 words
FEW = 512  # comparisons: up to these, no buckets are needed
FILTER, TAG, CLASSES = 0, 1, 2  # see _way

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
def _log2_rate(values, target):
    """log2 of the expected number of subsets a quantum around the target: 2^n phi(u) / deviation, u deviations off the mean."""
    total = 0.0
    square = 0.0
    for i in range(values.size):
        x = np.float64(values[i])
        total += x
        square += x * x
    deviation = 0.5 * math.sqrt(max(square, 1.0))
    u = (target - 0.5 * total) / deviation
    return values.size + math.log2(0.3989422804014327 / deviation) - 0.7213475204444817 * u * u


@njit(cache=True, nogil=True, error_model="numpy")
def _first_window(log2_rate):
    """log2 of the window (in quanta, on both sides of the target) that about PAIRS subsets are expected to meet."""
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
def _size_rate(values, target, low, high, binomials):
    """Expected number of subsets of `low` to `high` elements a quantum around the target; and how far off it is, in deviations.

    Given the samples, the sum of k of them has mean k m and variance k (n - k) / n s^2 (a draw without replacement). The second
    number is the least over k.
    """
    n = values.size
    total = 0.0
    square = 0.0
    for i in range(n):
        x = np.float64(values[i])
        total += x
        square += x * x
    mean = total / n
    variance = max((square - total * mean) / max(n - 1, 1), 1e-15 * square, 1.0)
    rate = 0.0
    nearest = np.inf
    for k in range(max(low, 1), min(high, n - 1) + 1):
        spread = variance * (k * (n - k) / n)
        u = target - k * mean
        nearest = min(nearest, u * u / spread)
        rate += binomials[k] * math.exp(-0.5 * u * u / spread) / math.sqrt(spread)
    return max(0.3989422804014327 * rate, 1e-300), math.sqrt(nearest)


@njit(cache=True, nogil=True, error_model="numpy")
def _end_of_reach(values, target, slack, low, high):
    """If the target lies surely above or below every sum of `low` to `high` elements: (True, mask of that last sum), else (False, 0).

    The largest sum takes every positive value, as far as the sizes allow. Which of equal values enter is settled by the smallest
    mask; where rounding blurs which of two is the larger, the mask is -1.
    """
    order = np.empty(64, np.int64)
    n = values.size
    for side in (1, -1):
        positive = 0
        for i in range(n):
            value = values[i] * side
            positive += 1 if value > 0 else 0
            at = i
            while at > 0 and values[order[at - 1]] * side < value:
                order[at] = order[at - 1]
                at -= 1
            order[at] = i
        taken = min(max(positive, low), high)
        total = np.int64(0)
        mask = np.int64(0)
        for at in range(taken):
            total += values[order[at]]
            mask |= np.int64(1) << order[at]
        if (target - total) * side >= slack:
            # a value is rounded by less than one quantum, and its sign is sure
            cut = 0 < taken < n and taken != positive
            if slack > 0 and cut and abs(values[order[taken - 1]] - values[order[taken]]) < 2:
                mask = np.int64(-1)
            return True, mask
    return False, np.int64(0)


@njit(cache=True, nogil=True, error_model="numpy")
def _positions(n, order, starts):
    """Positions 0 .. 2^n - 1 by number of elements: those of size i are order[starts[i] : starts[i + 1]]."""
    starts[: n + 2] = 0
    for j in range(1 << n):
        starts[_popcount(u64(j)) + 1] += 1
    for i in range(1, n + 2):
        starts[i] += starts[i - 1]
    for j in range(1 << n):
        i = _popcount(u64(j))
        order[starts[i]] = j
        starts[i] += 1
    for i in range(n, -1, -1):
        starts[i + 1] = starts[i]
    starts[0] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def _way(n, low, high, pairs):
    """How to keep sizes apart: FILTER the pairs that meet, TAG all words with their size, or list only the CLASSES of use.

    `pairs` of any size are expected in the window. Costs in nanoseconds, measured; only ratios matter.
    """
    n_left = n // 2
    n_right = n - n_left
    if low < high and pairs < 32.0:
        return FILTER
    lefts, rights, marks = 0.0, 0.0, 0.0
    count = 1.0
    for i in range(n_left + 1):
        runs = min(high - low, high - i) - max(high - n_right - i, 0) + 1
        if runs > 0:
            lefts += count
            marks += count * runs
        count *= (n_left - i) / (i + 1.0)
    count = 1.0
    for j in range(n_right + 1):
        if low - n_left <= j <= high:
            rights += count
        count *= (n_right - j) / (j + 1.0)
    whole = 2.0**n_left + 2.0**n_right
    listed = 1.2 * (lefts + rights) + 1.8 * marks
    if low == high:
        return CLASSES if lefts + rights < 0.5 * whole else TAG
    return CLASSES if listed < 1.25 * whole + 25.0 * pairs else FILTER


@njit(cache=True, nogil=True, error_model="numpy")
def _mark_classes(table, words, starts, first, last, n_right, low, high, tag, shift, cells):
    """Mark the words of classes `first` to `last`: a right sum of j elements asks for high - j, so class i marks i to i + high - low.

    words[starts[i] - starts[first] :] is class i, tagged i.
    """
    for i in range(first, last + 1):
        some = words[starts[i] - starts[first] : starts[i + 1] - starts[first]]
        t_first, t_last = max(high - n_right - i, 0), min(high - low, high - i)
        if t_first <= t_last:
            some += tag * u32(t_first)
            for _ in range(t_first, t_last + 1):
                _mark(table, some, shift, cells)
                some += tag
            some -= tag * u32(t_last + 1)


@njit(cache=True, nogil=True, error_model="numpy")
def _unfold(words, hits, n_hits, order, n_left, low, high, tag, half, marks, owners):
    """Write each word that was hit under every tag it may meet: j elements on the right meet low - j to high - j on the left.

    marks[q] belongs to hits[owners[q]]. Returns how many, or -1 when they do not fit.
    """
    count = 0
    for q in range(n_hits):
        j = _popcount(u64(order[hits[q]]))
        first, last = max(high - j - n_left, 0), min(high - low, high - j)
        if count + last - first + 1 > marks.size:
            return -1
        word = words[hits[q]] - half - tag * u32(first)
        for _ in range(first, last + 1):
            marks[count] = word
            owners[count] = q
            word -= tag
            count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _pairs(words, hits, n_hits, marks, n_marks, shift, reach, half, heads, following, room, lefts, rights):
    """Pairs of a word that was hit and a mark that lie at most `reach` apart (words hold sum + half): hits[lefts[p]], marks[rights[p]].

    Marks wait in buckets two cells wide, a little more than 2 reach, so a word looks into two. Returns how many; when it
    gives up after so many, -1 - that.
    """
    count, looked = 0, 0
    width = u32(2) * reach
    above = reach - half
    buckets = 2
    while buckets < min(n_marks, heads.size):
        buckets *= 2
    last = u32(buckets - 1)
    wide = shift + u32(1)
    heads[:buckets] = -1
    for q in range(n_marks):
        bucket = (marks[q] >> wide) & last
        following[q] = heads[bucket]
        heads[bucket] = q
    for v in range(n_hits):
        word = u32(words[hits[v]] + above)
        for b in range(2):
            q = heads[u32((word >> wide) - u32(b)) & last]
            while q >= 0:
                looked += 1
                if u32(word - marks[q]) <= width:
                    if count == room:
                        return -1 - count
                    lefts[count] = v
                    rights[count] = q
                    count += 1
                q = following[q]
        if looked > 16 * (words.size + room):
            return -1 - count
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def closest(values, counts, rows, targets, exact, lows, highs, masks, codes):
    """Closest subset of lows[r] to highs[r] of the values[rows[r], :counts] to targets[r], one row at a time, for n <= 30.

    values (rows, n) int64, counts (rows,), targets, lows, highs (m,) int64, exact (m,) bool -> masks (m,) uint64, codes (m,) uint8.
    Sizes are clipped to 0 .. counts. Zeros among the values are welcome only where sizes are restricted.
    Time O(2^(n/2)), memory 24 * 2^(n/2) bytes.
    """
    n_max = 0
    for r in range(rows.size):
        n_max = max(n_max, counts[rows[r]])
    left_words = np.empty(1 << (n_max // 2), u32)
    right_words = np.empty(1 << (n_max - n_max // 2), u32)
    left_hits = np.empty(left_words.size + 1, np.int32)
    right_hits = np.empty(right_words.size + 1, np.int32)
    right_marks = np.empty(right_words.size // 2 + SPARE, u32)
    following = np.empty(right_marks.size, np.int16)
    heads = np.empty(BUCKETS, np.int16)
    lefts, rights = np.empty(MET, np.int16), np.empty(MET, np.int16)
    steps = np.empty(64, u32)
    tables = np.empty((1 << _bits(left_words.size, LOAD)) >> 6, u64)
    small_tables = np.empty((1 << _bits(max(right_words.size, 256), 5)) >> 6, u64)
    best = np.empty(4, np.int64)
    half = u32(1 << (SUB - 1))
    shift = u32(SUB)
    # for restricted sizes, filled when first needed: binomials; positions by size, and the words in that order
    restricted = False
    for r in range(rows.size):
        restricted |= lows[r] > 0 or highs[r] < counts[rows[r]]
    binomials = np.empty(65, np.float64)
    listed = 1 if restricted else 0
    left_order, right_order = (
        np.empty(left_words.size * listed, np.int16),
        np.empty(right_words.size * listed, np.int16),
    )
    left_listed, right_listed = np.empty(left_words.size * listed, u32), np.empty(right_words.size * listed, u32)
    owners = np.empty(right_marks.size * listed, np.int16)
    left_starts, right_starts = np.empty(64, np.int64), np.empty(64, np.int64)
    n_binomials, n_ordered = -1, -1
    for r in range(rows.size):
        n = counts[rows[r]]
        row = values[rows[r], :n]
        target = targets[r]
        slack = np.int64(0) if exact[r] else np.int64(2 * n + 1)
        fewest, most = min(max(lows[r], 0), n), min(max(highs[r], 0), n)
        sized = fewest > 0 or most < n
        n_left = n // 2
        n_right = n - n_left
        codes[r] = FOUND
        way = FILTER
        room = 2 * MAX_PAIRS
        if not sized:
            side = _beyond_reach(row, target, slack) if n > 0 else 1
            if side != 0:
                masks[r] = u64(_all_of_sign(row, side))
                continue
            window = np.int64(_first_window(_log2_rate(row, target)))
        else:
            if fewest == most and (most == 0 or most == n):
                masks[r] = (u64(1) << u64(most)) - u64(1)
                continue
            if n != n_binomials:
                n_binomials = n
                binomials[0] = 1.0
                for k in range(n):
                    binomials[k + 1] = binomials[k] * (n - k) / (k + 1)
            rate, deviations = _size_rate(row, target, fewest, most, binomials)
            if deviations > 1.0:
                beyond, mask = _end_of_reach(row, target, slack, fewest, most)
                if beyond:
                    masks[r] = u64(max(mask, 0))
                    codes[r] = FOUND if mask >= 0 else AMBIGUOUS
                    continue
            window = np.int64(_first_window(math.log2(rate)))
            pairs = 2.0 ** min(window + 1 + _log2_rate(row, target), 60.0)
            way = _way(n, fewest, most, pairs)
            if way == FILTER:
                room = np.int64(min(room + 4.0 * pairs, np.float64(MET)))
        left, right = left_words[: 1 << n_left], right_words[: 1 << n_right]
        left_first, right_first = 0, 0
        if way == CLASSES:
            if n != n_ordered:
                n_ordered = n
                _positions(n_left, left_order, left_starts)
                _positions(n_right, right_order, right_starts)
            left_first, right_first = max(fewest - n_right, 0), max(fewest - n_left, 0)
            left = left_listed[: left_starts[min(most, n_left) + 1] - left_starts[left_first]]
            right = right_listed[: right_starts[min(most, n_right) + 1] - right_starts[right_first]]
        tag = u32(0) if way == FILTER else u32(SIZE)
        bits = min(_bits(1 << n_left, LOAD), 32 - SUB)
        table = tables[: (1 << bits) >> 6]
        cells = u32((1 << bits) - 1)
        low, high = np.int64(SUB - 1), np.int64(WIDEST + 1)
        codes[r] = AMBIGUOUS
        while window >= 0:
            scale = window + 1 - SUB
            rounding = np.int64(1) << (scale - 1)
            for i in range(n_left):
                steps[i] = u32((row[i] + rounding) >> scale) + tag
            left_words[0] = u32(0) - half
            _all_sums(steps[:n_left], left_words)
            for i in range(n_right):
                steps[i] = u32(-((row[n_left + i] + rounding) >> scale)) - tag
            right_words[0] = u32((target + rounding) >> scale) + tag * u32(most)
            _all_sums(steps[:n_right], right_words)

            table[:] = 0
            if way == CLASSES:
                for j in range(left.size):
                    left[j] = left_words[left_order[left_starts[left_first] + j]]
                for j in range(right.size):
                    right[j] = right_words[right_order[right_starts[right_first] + j]]
                left_last = min(most, n_left)
                _mark_classes(table, left, left_starts, left_first, left_last, n_right, fewest, most, tag, shift, cells)
            else:
                _mark(table, left, shift, cells)
            n_hits = _ask(table, right, shift, cells, right_hits)
            found = MAX_PAIRS
            tied = 0
            if n_hits * 4 <= 1 << n_right or n_hits <= 64:
                n_marks = n_hits
                if way == CLASSES:
                    order = right_order[right_starts[right_first] :]
                    n_marks = _unfold(
                        right, right_hits, n_hits, order, n_left, fewest, most, tag, half, right_marks, owners
                    )
                else:
                    for q in range(n_hits):
                        right_marks[q] = right[right_hits[q]] - half
                fits = n_marks >= 0
                n_marks = max(n_marks, 0)
                for j in range(left.size):
                    left[j] += half
                small_bits = min(_bits(max(n_marks, 16), SURVIVOR_LOAD), 32 - SUB)
                while (1 << small_bits) > small_tables.size << 6:
                    small_bits -= 1
                small = small_tables[: (1 << small_bits) >> 6]
                small[:] = 0
                _mark(small, right_marks[:n_marks], shift, u32((1 << small_bits) - 1))
                n_left_hits = _ask(small, left, shift, u32((1 << small_bits) - 1), left_hits)
                reach = half + u32(n + 1)
                best[0] = np.int64(1) << 62
                best[1], best[2], best[3] = 64, -1, best[0]
                n_pairs = np.int64(0)
                if n_left_hits * n_marks <= FEW:
                    for v in range(n_left_hits):
                        word = u32(left[left_hits[v]] - half + reach)
                        for q in range(n_marks):
                            if u32(word - right_marks[q]) <= u32(2) * reach:
                                lefts[n_pairs] = v
                                rights[n_pairs] = q
                                n_pairs += 1
                else:
                    n_pairs = _pairs(
                        left,
                        left_hits,
                        n_left_hits,
                        right_marks,
                        n_marks,
                        shift,
                        reach,
                        half,
                        heads,
                        following,
                        room,
                        lefts,
                        rights,
                    )
                found = 0 if fits and n_pairs >= 0 else MAX_PAIRS
                for p in range(n_pairs if n_pairs >= 0 else -1 - n_pairs):
                    if way == CLASSES:
                        mask = np.int64(left_order[left_starts[left_first] + left_hits[lefts[p]]])
                        at = right_starts[right_first] + right_hits[owners[rights[p]]]
                        mask |= np.int64(right_order[at]) << n_left
                    else:
                        mask = np.int64(left_hits[lefts[p]]) | (np.int64(right_hits[rights[p]]) << n_left)
                    if not sized or fewest <= _popcount(u64(mask)) <= most:
                        error = _error(row, target, mask)
                        tied = 1 if error < best[0] else tied + (error == best[0])
                        _offer(best, error, mask)
                        # the rest met only because words wrap
                        found += 1 if error >> window == 0 else 0
            if tied >= MAX_PAIRS:
                break  # a narrower window holds them too
            if found < MAX_PAIRS:
                if best[0] + slack <= (np.int64(1) << window) - (np.int64(n + 1) << scale) or window == WIDEST:
                    # every subset this close was seen
                    masks[r] = u64(best[2])
                    if exact[r] or best[3] > best[0] + slack:
                        codes[r] = FOUND
                    break
                found = -1
            window, low, high = _next_window(found, window, low, high)
