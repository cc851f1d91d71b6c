"""Any subset within epsilon of a target: a few samples are searched, the others only bring a far target near.

2^p subset sums of p samples lie about sd sqrt(2 pi) / 2^p apart (sd: their quenched deviation), so p = log2(sd / epsilon) + 4 samples
hold a subset within epsilon of any target near their mean, all but surely, however long the row. Three steps:

1. *Base.* The first p samples are the prefix. If the target is farther than half a deviation from the mean of the prefix sums, the
   samples behind are walked from the end and each that brings the target nearer is taken, until it is near enough. With a size asked
   for, their due share is taken and then swapped one for one.
2. *Scan* (large epsilon). All 64 sums of the first FIRST samples lie in a list. The sums of the others are formed one by one, and each
   is compared with the whole list: a vector loop, a nanosecond for some 20 pairs. With sizes the list is grouped by size, and a sum of
   j samples is compared with the groups that complete it to the sizes asked for.
3. *Join* (small epsilon, or the scan missed). Sums are 64-bit words. The left ones lie in a hash table by cells a few epsilon wide; the
   right ones are formed by doubling, and each asks its cell and, near a border, the next: sqrt(sd / epsilon) sums on each side are
   enough. Doubling toggles one more sample of the base, so the sums are near the target from the first on. An exact size k is built
   into the words: every sample is moved by a constant M and the target by k M (modulo 2^64), so that sums of other sizes fall far
   away. Few elements: lists without larger subsets; many: the complement is searched. A target near an end of the reach: samples too
   large to be in (or out of) any answer are decided before.

What is FOUND is proven: a float sum counts only if it lies within epsilon by more than its rounding error can be, all else is decided
by an expansion of the exact sum (Shewchuk 1997), where |sum - target| = epsilon counts as within. MISSED is proven too: the join went
over all samples, its tolerance was widened by all that rounding can do, and no candidate passed. UNDECIDED proves nothing.
"""

import math

import numpy as np
from numba import njit

FOUND, UNDECIDED, MISSED = 0, 1, 2
PLAIN, HARD, COMPLETE = 0, 1, 2  # what a join is up to: any instance, one that a scan has missed, all samples of one
LATER = 3  # within this file: epsilon is too small for the scan

FIRST = 6  # samples in the list that is scanned: 64 sums, eight registers of eight
FEW = 8  # samples scanned against it
MOST = 12  # where the spread is hundreds of epsilon
SCANNED = 3000.0  # a spread of more epsilons than this is left to the join, which is faster then (measured)
SIZED = 11  # and where sizes matter
LEFT_BITS = 17  # the join lists at most 2^LEFT_BITS left sums
RIGHT_BITS = 19  # and 2^RIGHT_BITS right sums: 36 samples
ALL = 32  # rows this short are searched wholly before the answer is UNDECIDED
EPSILON_BITS = 20  # epsilon is 2^20 to 2^21 quanta where the row allows it

u64 = np.uint64

# the constant M; its multiples up to 64 stay 2^55 away from 0 modulo 2^64. It also spreads cells over the table
MOVE = u64(0x9E3779B97F4A7C15)

# masks of up to SIZED bits in order of size: BY_SIZE[bits, :2^bits], those of size z from SIZE_START[bits, z] on
BY_SIZE = np.zeros((SIZED + 1, 1 << SIZED), np.int16)
SIZE_START = np.zeros((SIZED + 1, SIZED + 2), np.int64)
for _bits in range(SIZED + 1):
    BY_SIZE[_bits, : 1 << _bits] = sorted(range(1 << _bits), key=lambda mask: (mask.bit_count(), mask))
    for _size in range(_bits + 1):
        SIZE_START[_bits, _size + 1 :] += math.comb(_bits, _size)


@njit(cache=True, nogil=True, error_model="numpy")
def _popcount(mask):
    x = mask - ((mask >> u64(1)) & u64(0x5555555555555555))
    x = (x & u64(0x3333333333333333)) + ((x >> u64(2)) & u64(0x3333333333333333))
    x = (x + (x >> u64(4))) & u64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * u64(0x0101010101010101)) >> u64(56))


@njit(cache=True, nogil=True, error_model="numpy")
def _add(partials, count, x):
    """Add x to the non-overlapping partials without any error; returns the new count."""
    kept = 0
    for i in range(count):
        y = partials[i]
        if abs(x) < abs(y):
            x, y = y, x
        high = x + y
        low = y - (high - x)
        if low != 0.0:
            partials[kept] = low
            kept += 1
        x = high
    partials[kept] = x
    return kept + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _leading(partials, count):
    """The largest partial that is not 0: it has the sign of the exact sum."""
    for i in range(count - 1, -1, -1):
        if partials[i] != 0.0:
            return partials[i]
    return 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _is_small(partials, count, epsilon):
    """Whether the partials' exact sum d has |d| <= epsilon."""
    # |d| <= epsilon is d - epsilon <= 0 where d > 0, and d + epsilon >= 0 where d < 0
    if _leading(partials, count) > 0.0:
        return _leading(partials, _add(partials, count, -epsilon)) <= 0.0
    return _leading(partials, _add(partials, count, epsilon)) >= 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _is_within(row, mask, target, epsilon):
    """Whether |sum of the samples in mask - target| <= epsilon in exact arithmetic (False where the sums overflow)."""
    partials = np.empty(row.size + 4)
    count = _add(partials, 0, -target)
    for i in range(row.size):
        if (mask >> u64(i)) & u64(1):
            count = _add(partials, count, row[i])
    return _is_small(partials, count, epsilon)


@njit(cache=True, nogil=True, error_model="numpy")
def _bring_near(row, first, residual, near):
    """Greedy base: samples from the end of the row down to `first`, each taken if the residual shrinks, until it is near."""
    base = u64(0)
    j = row.size - 1
    while j >= first and abs(residual) > near:
        if abs(residual - row[j]) < abs(residual):
            residual -= row[j]
            base |= u64(1) << u64(j)
        j -= 1
    return base, residual


@njit(cache=True, nogil=True, error_model="numpy")
def _bring_near_sized(row, first, picked, residual, near):
    """Base of `picked` samples from `first` on: the first of them, then swapped one for one until the residual is near.

    Returns the base, the residual and the sum of |x| over the samples first taken, which no residual on the way exceeded by much.
    """
    base = ((u64(1) << u64(picked)) - u64(1)) << u64(first) if picked > 0 else u64(0)
    reach = 0.0
    for i in range(first, first + picked):
        residual -= row[i]
        reach += abs(row[i])
    others = row.size - first - picked
    for shift in range(others):
        for i in range(picked):
            if abs(residual) <= near:
                return base, residual, reach
            j = i + shift if i + shift < others else (i + shift) % others
            change = row[first + picked + j] - row[first + i]
            if abs(residual - change) < abs(residual):
                swap = (u64(1) << u64(first + i)) | (u64(1) << u64(first + picked + j))
                if base & swap == u64(1) << u64(first + i):
                    residual -= change
                    base ^= swap
                    reach += abs(change)
    return base, residual, reach


@njit(cache=True, nogil=True, error_model="numpy")
def _double(sums, size, x):
    """The sums of a list with x added, written behind it."""
    for q in range(size):
        sums[size + q] = sums[q] + x


@njit(cache=True, nogil=True, error_model="numpy")
def _scan(row, target, epsilon, first, second):
    """Steps 1 and 2 for any size; first (64,), second (2^MOST,) float64 are work space. Returns code and mask."""
    n = row.size
    m = min(n, FIRST + FEW)
    total = 0.0
    square = 0.0
    reach = abs(target)
    for i in range(m):
        total += row[i]
        square += row[i] * row[i]
        reach += abs(row[i])
    deviation = 0.5 * math.sqrt(square)
    if deviation > SCANNED * epsilon:
        return LATER, u64(0)
    if deviation > 400.0 * epsilon:
        for i in range(m, min(n, FIRST + MOST)):
            total += row[i]
            reach += abs(row[i])
        m = min(n, FIRST + MOST)
    base, residual = _bring_near(row, m, target - 0.5 * total, 0.5 * deviation)
    # a sum and its difference to the goal take less than n + 8 roundings, each below 2^-53 reach
    tolerance = epsilon - (n + 8) * 2.0**-52 * reach
    first[0] = 0.0
    for i in range(FIRST):
        _double(first, 1 << i, row[i])
    second[0] = residual + 0.5 * total
    size = 1
    i = FIRST
    k = 0
    while True:
        goal = second[k]
        hit = 0
        for q in range(1 << FIRST):
            hit |= abs(first[q] - goal) <= tolerance
        if hit:
            break
        k += 1
        if k == size:
            if i == m:
                return UNDECIDED, u64(0)
            _double(second, size, -row[i])
            size *= 2
            i += 1
    q = 0
    while not abs(first[q] - goal) <= tolerance:
        q += 1
    return FOUND, base | u64(q) | (u64(k) << u64(FIRST))


@njit(cache=True, nogil=True, error_model="numpy")
def _scan_sized(row, target, epsilon, low, high, first, grouped, second):
    """Steps 1 and 2 for sizes from low to high. Returns code and mask."""
    n = row.size
    bits = min(FEW, n - FIRST)
    m = FIRST + bits
    size = min(max(n // 2, low), high)
    total = 0.0
    square = 0.0
    reach = abs(target)
    for i in range(m):
        total += row[i]
        square += row[i] * row[i]
        reach += abs(row[i])
    share = size / n
    variance = (square - total * total / m) * share * (1.0 - share)
    if variance > (SCANNED * epsilon) ** 2:
        return LATER, u64(0)
    if variance > (200.0 * epsilon) ** 2:
        bits = min(SIZED, n - FIRST)
        for i in range(m, FIRST + bits):
            total += row[i]
            reach += abs(row[i])
        m = FIRST + bits
    picked = (size * (n - m) + n // 2) // n
    left = size - picked
    share = left / m
    deviation = math.sqrt(max(variance, 0.0))
    base, residual, more = _bring_near_sized(row, m, picked, target - share * total, 0.5 * deviation)
    tolerance = epsilon - (3 * n + 8) * 2.0**-52 * (reach + more)
    first[0] = 0.0
    for i in range(FIRST):
        _double(first, 1 << i, row[i])
    for q in range(1 << FIRST):
        grouped[q] = first[BY_SIZE[FIRST, q]]
    second[0] = residual + share * total
    for i in range(bits):
        _double(second, 1 << i, -row[FIRST + i])
    middle = (left * bits + m // 2) // m
    for step in range(2 * bits + 2):
        # sizes of the second part, from the likeliest outwards
        z = middle + (step + 1) // 2 if step & 1 else middle - step // 2
        least, most = max(low - picked - z, 0), min(high - picked - z, FIRST)
        if z < 0 or z > bits or least > most:
            continue
        start, stop = SIZE_START[FIRST, least], SIZE_START[FIRST, most + 1]
        group = grouped[start:stop]
        for k in range(SIZE_START[bits, z], SIZE_START[bits, z + 1]):
            goal = second[BY_SIZE[bits, k]]
            hit = 0
            for q in range(group.size):
                hit |= abs(group[q] - goal) <= tolerance
            if hit:
                q = 0
                while not abs(group[q] - goal) <= tolerance:
                    q += 1
                return FOUND, base | u64(BY_SIZE[FIRST, start + q]) | (u64(BY_SIZE[bits, k]) << u64(FIRST))
    return UNDECIDED, u64(0)


@njit(cache=True, nogil=True, error_model="numpy")
def _list_size(samples, limit):
    """How many subsets of at most `limit` elements some samples have (up to 2^60)."""
    if limit >= samples:
        return 1 << min(samples, 60)
    count = 0
    term = 1
    for size in range(limit + 1):
        count += term
        term = term * (samples - size) // (size + 1)
        if count > 1 << 40:
            break
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _word(x, scale, rest):
    """x in quanta: two factors, because a power of two itself may overflow."""
    return u64(np.int64(np.rint(x * scale * rest)))


@njit(cache=True, nogil=True, error_model="numpy")
def _grow(sums, masks, size, word, bit, limit):
    """Write the subsets with one sample toggled behind the list, but none of more than `limit` elements; returns the new size."""
    if limit >= 64:
        for q in range(size):
            sums[size + q] = sums[q] + word
            masks[size + q] = masks[q] ^ bit
        return 2 * size
    end = size
    for q in range(size):
        if _popcount(masks[q]) < limit:
            sums[end] = sums[q] + word
            masks[end] = masks[q] ^ bit
            end += 1
    return end


@njit(cache=True, nogil=True, error_model="numpy")
def _parts(pool, limit, pairs, effort):
    """How many samples to list on the left and on the right, if about `pairs` pairs are expected until one is within epsilon."""
    half = pool // 2
    if effort == COMPLETE or (limit < 64 and _list_size(pool - half, limit) <= 4096):
        return half, pool - half
    wanted = math.sqrt(pairs) * (8.0 if effort == HARD else 1.0)
    left = min(1, half)
    while left < half and _list_size(left, limit) < wanted and _list_size(left + 1, limit) <= 1 << LEFT_BITS:
        left += 1
    # where a search of equal halves can follow, this one may give up early
    room = min(1 << RIGHT_BITS, 32 * _list_size(left, limit)) if pool <= ALL else 1 << RIGHT_BITS
    right = 1
    while left + right < pool and _list_size(right + 1, limit) <= room:
        # at the end a few samples more serve better here than in the base
        if pool - left - right > 6 and np.float64(_list_size(right, limit)) * _list_size(left, limit) > 64.0 * pairs:
            break
        right += 1
    return left, right


@njit(cache=True, nogil=True, error_model="numpy")
def _meet(sums, head, following, right, k, end, reach, cell_bits, shift, patience):
    """The first right word from k on that has a left word within reach (`end` if none), and the patience left, < 0 if it ran out."""
    twice = u64(2) * reach
    while k < end:
        low = u64(right[k] - reach)
        cell = low >> cell_bits
        last = u64(low + twice) >> cell_bits
        q = head[u64(cell * MOVE) >> shift]
        while q >= 0:
            if u64(sums[q] - low) <= twice:
                return k, patience
            patience -= 1
            q = following[q]
        if cell != last:
            q = head[u64(last * MOVE) >> shift]
            while q >= 0:
                if u64(sums[q] - low) <= twice:
                    return k, patience
                patience -= 1
                q = following[q]
        if patience < 0:
            break
        k += 1
    return k, patience


@njit(cache=True, nogil=True, error_model="numpy")
def _force(row, lowest, highest, target, slack, places):
    """Decide samples too large for any choice to remain: how many others there are (written to places) and the mask of those taken.

    Measured from the lowest sum, every sample only adds: one larger than target - lowest would overshoot, so it stays at its lower
    state (not chosen if positive, chosen if negative); one larger than highest - target is missed too much, and is at its upper state.
    """
    taken = u64(0)
    pool = row.size
    for i in range(pool):
        places[i] = i
    while True:
        kept = 0
        for k in range(pool):
            x = row[places[k]]
            bit = u64(1) << u64(places[k])
            if abs(x) - (target - lowest) > slack:
                if x < 0.0:
                    taken |= bit
                    highest += x
                else:
                    highest -= x
            elif abs(x) - (highest - target) > slack:
                if x > 0.0:
                    taken |= bit
                    lowest += x
                else:
                    lowest -= x
            elif x != 0.0:
                places[kept] = places[k]
                kept += 1
        if kept == pool:
            return pool, taken
        pool = kept


@njit(cache=True, nogil=True, error_model="numpy")
def _in_reach(row, target, slack, low, high):
    """Whether the target lies between the least and the largest sum of a size from low to high, up to the slack."""
    ordered = np.sort(row)
    least, most = math.inf, -math.inf
    small = 0.0
    large = 0.0
    for size in range(high + 1):
        if size > 0:
            small += ordered[size - 1]
            large += ordered[row.size - size]
        if size >= low:
            least = min(least, small)
            most = max(most, large)
    return target - most <= slack and least - target <= slack


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(mask, places):
    """A mask over the samples in places -> a mask over all samples."""
    wide = u64(0)
    for i in range(places.size):
        wide |= ((mask >> u64(i)) & u64(1)) << u64(places[i])
    return wide


@njit(cache=True, nogil=True, error_model="numpy")
def _join(row, target, epsilon, low, high, effort, sums, masks, right, right_masks):
    """Steps 1 and 3; the lists are work space, replaced where they are too short. Returns code, mask and whether all samples took part."""
    n = row.size
    free = low <= 0 and high >= n
    lowest = 0.0
    highest = 0.0
    for i in range(n):
        lowest += min(row[i], 0.0)
        highest += max(row[i], 0.0)
    total = highest - lowest + abs(target)
    if not math.isfinite(total):
        return UNDECIDED, u64(0), True
    epsilon = min(epsilon, 2.0 * total)  # every subset lies within that
    slack = epsilon + (4 * n + 8) * 2.0**-52 * total
    if target - highest > slack or lowest - target > slack:
        return MISSED, u64(0), True

    if not free and effort != PLAIN and not _in_reach(row, target, slack, low, high):
        return MISSED, u64(0), True

    # many samples: ask for the others instead
    asked = target
    flip = u64(0)
    flipped = not free and low + high > n
    if flipped:
        flip = (u64(0) - u64(1)) >> u64(64 - n)
        low, high = n - high, n - low
        target = highest + lowest - target
    places = np.empty(n, np.int64)
    forced = u64(0)
    pool = n
    if free:
        pool, forced = _force(row, lowest, highest, target, slack, places)
    else:
        for i in range(n):
            places[i] = i
    places = places[:pool]
    if pool == 0:
        if _is_within(row, forced, asked, epsilon):
            return FOUND, forced, True
        return MISSED, u64(0), True

    # fixed point: the largest power of two that keeps every sum below 2^61, unless epsilon is resolved well with less
    exponent = 61 - math.frexp(total)[1]
    if epsilon > 0.0:
        exponent = min(exponent, EPSILON_BITS + 1 - math.frexp(epsilon)[1])
    scale = math.ldexp(1.0, exponent // 2)
    rest = math.ldexp(1.0, exponent - exponent // 2)
    quanta = np.int64(math.floor(epsilon * scale * rest))
    move = MOVE if low == high else u64(0)
    goal = _word(asked, scale, rest)
    for i in range(n):
        if flipped or (forced >> u64(i)) & u64(1):
            goal -= _word(row[i], scale, rest)
    if flipped:
        goal = u64(0) - goal
    goal += u64(low) * move
    # sums are off by less than n + 2 quanta
    sure = quanta - (n + 2)
    reach = u64(quanta + (n + 3))
    values = np.empty(pool)
    square = 0.0
    for i in range(pool):
        values[i] = row[places[i]]
        if i < 24:
            square += (values[i] * scale * rest) ** 2
    # lists without the subsets that are too large pay where few elements are asked for
    limit = high if 4 * high < n else 64
    pairs = 1.25 * math.sqrt(square) * (1.0 if free else 4.0) / max(quanta, 1)
    n_left, n_right = _parts(pool, limit, pairs, effort)
    # wide cells, so that few words ask two of them; narrower where left sums are dense
    cell = u64(32) if 32.0 * _list_size(n_left, limit) < pairs else u64(4)
    cell_bits = u64(3)
    while (u64(1) << cell_bits) < cell * reach:
        cell_bits += u64(1)
    p = n_left + n_right
    words = np.empty(p, u64)
    for i in range(p):
        words[i] = _word(values[i], scale, rest) + move

    # step 1: right samples that come late stay, until they are toggled, as the base has them, so that the first sums are near already
    early = p if limit < 64 else min(p, 2 * n_left)
    prefix_total = 0.0
    square = 0.0
    for i in range(early):
        prefix_total += values[i]
        square += values[i] * values[i]
    share = 0.5
    picked = 0
    if free:
        for i in range(n):
            if (forced >> u64(i)) & u64(1):
                target -= row[i]
        base = _bring_near(values, early, target - 0.5 * prefix_total, 0.25 * math.sqrt(square))[0]
    else:
        size = min(max(n // 2, low), high)
        picked = (size * (n - early) + n // 2) // n
        share = (size - picked) / early
        near = 0.5 * math.sqrt(max(square - prefix_total * prefix_total / early, 0.0) * share * (1.0 - share))
        base = _bring_near_sized(values, early, picked, target - share * prefix_total, near)[0]
        limit -= picked if limit < 64 else 0
    # a due share of the early ones starts as chosen
    if limit == 64:
        for i in range(n_left, early):
            if math.floor((i + 1 - n_left) * share) > math.floor((i - n_left) * share):
                base |= u64(1) << u64(i)
    for i in range(pool):
        if (base >> u64(i)) & u64(1):
            goal -= _word(values[i], scale, rest) + move

    left_room, right_room = _list_size(n_left, limit), _list_size(n_right, limit)
    if left_room > sums.size:
        sums, masks = np.empty(left_room, u64), np.empty(left_room, u64)
    if right_room > right.size:
        right, right_masks = np.empty(right_room, u64), np.empty(right_room, u64)
    sums[0] = u64(0)
    masks[0] = u64(0)
    n_sums = np.int64(1)
    for i in range(n_left):
        n_sums = _grow(sums, masks, n_sums, words[i], u64(1) << u64(i), limit)
    table_bits = 4
    while (1 << table_bits) < 4 * n_sums:
        table_bits += 1
    shift = u64(64 - table_bits)
    head = np.full(1 << table_bits, -1, np.int32)
    following = np.empty(n_sums, np.int32)
    for q in range(n_sums):
        slot = u64((sums[q] >> cell_bits) * MOVE) >> shift
        following[q] = head[slot]
        head[slot] = q

    right[0] = goal
    right_masks[0] = base
    n_right_sums = np.int64(1)
    patience = 16 * (n_sums + right_room) + 4096
    added = n_left
    k = np.int64(0)
    while True:
        k, patience = _meet(sums, head, following, right, k, n_right_sums, reach, cell_bits, shift, patience)
        if patience < 0:
            return UNDECIDED, u64(0), p == pool
        if k < n_right_sums:
            for side in range(2):
                cell = u64(right[k] + reach if side else right[k] - reach) >> cell_bits
                q = head[u64(cell * MOVE) >> shift]
                while q >= 0:
                    distance = u64(sums[q] - right[k])
                    distance = min(distance, u64(u64(0) - distance))
                    mask = masks[q] | right_masks[k]
                    size = _popcount(mask)
                    if distance <= reach and (free or (low <= size and size <= high)):
                        mask = _spread(mask, places) ^ flip ^ forced
                        if (sure >= 0 and distance <= u64(sure)) or _is_within(row, mask, asked, epsilon):
                            return FOUND, mask, True
                        patience -= 20
                    q = following[q]
            k += 1
        while k == n_right_sums and added < p:
            chosen = (base >> u64(added)) & u64(1)
            word = words[added] if chosen else u64(0) - words[added]
            n_right_sums = _grow(right, right_masks, k, word, u64(1) << u64(added), limit + picked)
            added += 1
        if k == n_right_sums:
            break
    return (MISSED if p == pool else UNDECIDED), u64(0), p == pool


@njit(cache=True, nogil=True, error_model="numpy")
def any_within(rows, row_of, targets, epsilons, lows, highs, masks, codes):
    """Any subset within epsilon, one instance after another.

    rows (rows, n) float64, n <= 64, row_of (m,) int64, targets and epsilons (m,) float64, lows and highs (m,) int64 (sizes, both
    included) -> masks (m,) uint64, codes (m,) uint8. Time O(1) for an epsilon of a hundredth of the spread of the samples (0.15
    microseconds), O(sqrt(spread / epsilon)) below, whatever n.
    """
    n = rows.shape[1]
    first, grouped, second = np.empty(1 << FIRST), np.empty(1 << FIRST), np.empty(1 << MOST)
    # lists of megabytes are got from the system anew for each call: not for a few instances
    room = 16 if row_of.size > 64 else 10
    sums, sum_masks = np.empty(1 << min(room, 12), u64), np.empty(1 << min(room, 12), u64)
    right, right_masks = np.empty(1 << room, u64), np.empty(1 << room, u64)
    for r in range(row_of.size):
        row = rows[row_of[r]]
        target, epsilon, low, high = targets[r], epsilons[r], max(lows[r], 0), min(highs[r], n)
        free = low == 0 and high == n
        code, mask = LATER, u64(0)
        if low > high:
            code = MISSED
        elif low == 0 and abs(target) <= epsilon:
            code = FOUND
        elif n > FIRST:
            if free:
                code, mask = _scan(row, target, epsilon, first, second)
            else:
                code, mask = _scan_sized(row, target, epsilon, low, high, first, grouped, second)
        if code in (UNDECIDED, LATER):
            effort = HARD if code == UNDECIDED else PLAIN
            code, mask, whole = _join(row, target, epsilon, low, high, effort, sums, sum_masks, right, right_masks)
            if code == UNDECIDED and not whole and n <= ALL:
                code, mask, _ = _join(
                    row, target, epsilon, low, high, np.int64(COMPLETE), sums, sum_masks, right, right_masks
                )
        masks[r] = mask
        codes[r] = code


@njit(cache=True, nogil=True, error_model="numpy")
def bring_rows_near(rows, row_of, targets, first, chosen, goals):
    """Step 1 for rows of any length: choose from the samples behind the first `first`; goals (m,): what is left of each target, rounded.

    rows (rows, n), row_of, targets (m,) -> chosen (m, n) bool, goals (m,).
    """
    n = rows.shape[1]
    partials = np.empty(n + 2)
    for r in range(row_of.size):
        row = rows[row_of[r]]
        total = 0.0
        square = 0.0
        for i in range(first):
            total += row[i]
            square += row[i] * row[i]
        near = 0.25 * math.sqrt(square)
        residual = targets[r] - 0.5 * total
        chosen[r, :] = False
        count = _add(partials, 0, targets[r])
        for j in range(n - 1, first - 1, -1):
            if abs(residual) <= near:
                break
            if abs(residual - row[j]) < abs(residual):
                residual -= row[j]
                chosen[r, j] = True
                count = _add(partials, count, -row[j])
        goals[r] = 0.0
        for i in range(count):
            goals[r] += partials[i]


@njit(cache=True, nogil=True, error_model="numpy")
def are_within(rows, row_of, targets, epsilons, chosen, codes):
    """Codes (m,): FOUND becomes UNDECIDED where the chosen (m, n) bool samples are not within epsilon in exact arithmetic."""
    partials = np.empty(rows.shape[1] + 4)
    for r in range(row_of.size):
        if codes[r] == FOUND:
            count = _add(partials, 0, -targets[r])
            for i in range(rows.shape[1]):
                if chosen[r, i]:
                    count = _add(partials, count, rows[row_of[r], i])
            if not _is_small(partials, count, epsilons[r]):
                codes[r] = UNDECIDED
