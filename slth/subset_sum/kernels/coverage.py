"""Which targets have a subset nearby: all sums of a row as a bit set on a lattice, one shifted OR for each sample.

A sample x is a whole number of quanta; moved to the lattice of H = 2^s quanta it becomes q H + r, |r| <= H / 2. A set bit g stands for
subsets whose sums lie in [g H - low, g H + high], where low and high add up the negative and the positive r (and the rounding to
quanta). So the targets surely within epsilon are [g H + high - epsilon, g H - low + epsilon], those possibly within
[g H - low - epsilon, g H + high + epsilon]: all in integers, nothing is estimated. A sum counts only if the samples still to come can
bring it back to the interval, which halves the work. Time O(n range / (64 H)) a row and size class.
"""

import numpy as np
from numba import njit

ANY_SIZE = -1
u64 = np.uint64


@njit(cache=True, nogil=True, error_model="numpy")
def quantize(samples, exponents, values, exact):
    """values (m, n) int64 = rint(samples (m, n) * 2^exponents (m,)), each at most 1/2 off; exact (m,): none is off."""
    for r in range(samples.shape[0]):
        exponent = int(exponents[r])
        # two factors, because 2^exponent itself may overflow
        first = np.ldexp(1.0, exponent // 2)
        second = np.ldexp(1.0, exponent - exponent // 2)
        whole = True
        for i in range(samples.shape[1]):
            scaled = samples[r, i] * first * second
            nearest = np.rint(scaled)
            whole &= (nearest == scaled) & ((scaled != 0.0) | (samples[r, i] == 0.0))
            values[r, i] = np.int64(nearest)
        exact[r] = whole


@njit(cache=True, nogil=True, error_model="numpy")
def _first_bit(word):
    """Position of the lowest set bit of a word that is not 0."""
    x = (word & (~word + u64(1))) - u64(1)
    x = x - ((x >> u64(1)) & u64(0x5555555555555555))
    x = (x & u64(0x3333333333333333)) + ((x >> u64(2)) & u64(0x3333333333333333))
    x = (x + (x >> u64(4))) & u64(0x0F0F0F0F0F0F0F0F)
    x = x + (x >> u64(8))
    x = x + (x >> u64(16))
    return np.int64((x + (x >> u64(32))) & u64(127))


@njit(cache=True, nogil=True, error_model="numpy")
def _find(words, flip, position, end):
    """First position from `position` on whose bit is set after XOR with `flip`; `end` if none before it."""
    if position >= end:
        return end
    at = position >> 6
    word = ((words[at] ^ flip) >> u64(position & 63)) << u64(position & 63)
    while word == u64(0):
        at += 1
        if at << 6 >= end:
            return end
        word = words[at] ^ flip
    return min((at << 6) + _first_bit(word), end)


@njit(cache=True, nogil=True, error_model="numpy")
def _or_shifted(after, before, old, moved, shift, first, last, words):
    """after[old:] = before[old:] | (before[moved:], `shift` bits up, or down if negative), in words first to last - 1 of `words`.

    Words 0 and words - 1 are 0. Unsigned indices and two arrays, so that it is vectorised without a slice.
    """
    one = u64(1)
    up = shift >= 0
    w, bits, rest = abs(shift) >> 6, u64(abs(shift) & 63), u64(63 - (abs(shift) & 63))
    a = max(first, w + 1) if up else first
    b = last if up else min(last, words - 1 - w)
    for j in range(first, min(a, last)):
        after[old + j] = before[old + j]
    for j in range(max(b, first), last):
        after[old + j] = before[old + j]
    base = u64(old + a)
    near = u64(moved + a - w if up else moved + a + w)
    far = near - one if up else near + one
    if up:
        for j in range(b - a):
            i = u64(j)
            after[base + i] = before[base + i] | (before[near + i] << bits) | ((before[far + i] >> one) >> rest)
    else:
        for j in range(b - a):
            i = u64(j)
            after[base + i] = before[base + i] | (before[near + i] >> bits) | ((before[far + i] << one) << rest)


@njit(cache=True, nogil=True, error_model="numpy")
def _gaps(found, spare, begin, end, origin, limits, high, low, step, stop, witness, result):
    """Walks the gaps between neighbouring set bits of `found` in [begin, end): what they leave uncovered.

    Bit p of found is the lattice point p + origin. limits = a_out, a_in, b_in, b_out, epsilon rounded down, rounded up. result =
    [possibly uncovered, surely uncovered, longest possible gap, longest sure gap], in quanta; witness = a surely uncovered gap. Stops
    at the first such gap if `stop`. Changes found and spare, which is as large.
    """
    a_out, a_in, b_in, b_out, below, above = limits[0], limits[1], limits[2], limits[3], limits[4], limits[5]
    result[:] = 0
    reach = 2 * below - high - low
    blurred = reach >> step < 1  # even neighbouring lattice points leave something uncovered, for all we know
    wide = 0 if blurred else min((reach >> step) - 1, end - begin)
    done = 0
    words = (end + 63) >> 6
    while done < wide:  # bit p becomes: one of the bits p - wide, ..., p was set
        more = min(done + 1, wide - done)
        _or_shifted(spare, found, np.int64(0), np.int64(0), more, np.int64(1), words, words)
        found, spare = spare, found
        done += more
    position = begin
    while position < end:
        first = _find(found, ~u64(0), position, end)
        if first == end:
            break
        last = _find(found, u64(0), first, end)
        # no sum between `left` and `last`, which are more than `reach` apart
        left = first - wide - 1
        a_maybe, a_sure = a_out, a_in
        if first > begin:
            point = (left + origin) << step
            a_maybe, a_sure = max(a_out, point - low + below), max(a_in, point + high + above)
        b_maybe, b_sure = b_out, b_in
        if last < end:
            point = (last + origin) << step
            b_maybe, b_sure = min(b_out, point + high - below), min(b_in, point - low - above)
        if b_maybe > a_maybe:
            result[0] += b_maybe - a_maybe
            result[2] = max(result[2], b_maybe - a_maybe)
        if b_sure > a_sure:
            result[1] += b_sure - a_sure
            if b_sure - a_sure > result[3]:
                result[3] = b_sure - a_sure
                witness[0] = left + 1 if first > begin else begin
                witness[1] = last
            if stop:
                return
        position = last
    if blurred:
        result[0] = b_out - a_out
        result[2] = result[0]


@njit(cache=True, nogil=True, error_model="numpy")
def _holds(found, begin, end, origin, limits, high, low, step, witness):
    """Whether the gap in `witness` is still free of sums and still surely leaves a target uncovered."""
    if witness[1] <= witness[0] or _find(found, u64(0), witness[0], witness[1]) < witness[1]:
        return False
    a, b = limits[1], limits[2]
    if witness[0] > begin:
        a = max(a, ((witness[0] - 1 + origin) << step) + high + limits[5])
    if witness[1] < end:
        b = min(b, ((witness[1] + origin) << step) - low - limits[5])
    return b > a


@njit(cache=True, nogil=True, error_model="numpy")
def grid(values, exact, limits, which, steps, smallest, largest, most_words, uncovered, first):
    """Bounds on what no subset of `smallest` to `largest` samples covers (of any size if `smallest` is ANY_SIZE).

    values (m, n) int64 quanta; exact (m,) bool; limits (kinds, 6) int64, see `_gaps`, row r having limits[which[r]]; steps (m,) int64:
    log2 of the lattice step in quanta, raised in place where a row would need more than `most_words` words. -> uncovered (m, 4) int64, see
    `_gaps`; first (m, 2) int64: the first prefix that possibly, and that surely, covers all (n + 1: not this row).
    """
    n = values.shape[1]
    classes = 1 if smallest == ANY_SIZE else largest + 1
    moved = np.empty(n, np.int64)
    before, after = np.zeros(64, np.uint64), np.zeros(64, np.uint64)  # a sample: class k begins at k * words
    found, spare = np.zeros(64, np.uint64), np.zeros(64, np.uint64)
    witness = np.zeros(2, np.int64)
    for r in range(values.shape[0]):
        limit = limits[which[r]]
        step = steps[r] - 1
        words, scan_words = most_words + 1, 0
        high = low = positive = negative = base = top = begin = end = np.int64(0)
        while words * classes > most_words or scan_words > most_words:
            step += 1
            half = np.int64(0) if step == 0 else np.int64(1) << (step - 1)
            high = low = np.int64(0) if exact[r] else np.int64((n + 1) // 2)
            positive = negative = np.int64(0)
            for i in range(n):
                q = (values[r, i] + half) >> step
                rest = values[r, i] - (q << step)
                moved[i] = q
                high += max(rest, 0)
                low -= min(rest, 0)
                positive += max(q, 0)
                negative -= min(q, 0)
            # the lattice points that can cover something, and those that the rest of the samples can bring there
            begin = ((limit[0] - limit[5] - high) >> step) - 1
            end = ((limit[3] + limit[5] + low) >> step) + 3
            base, top = np.int64(0), np.int64(0)
            p = m = np.int64(0)
            for i in range(n):
                p += max(moved[i], 0)
                m -= min(moved[i], 0)
                base = min(base, max(-m, begin - positive + p))
                top = max(top, min(p, end + negative - m))
            words = ((top - base) >> 6) + 3
            scan_words = ((end - begin) >> 6) + 3
        steps[r] = step
        first[r] = n + 1
        uncovered[r, 0] = uncovered[r, 2] = limit[3] - limit[0]
        uncovered[r, 1] = uncovered[r, 3] = max(limit[2] - limit[1], 0)
        if begin > positive or end < -negative or (smallest != ANY_SIZE and smallest > n):
            continue  # out of reach
        if words * classes > before.size:
            before, after = np.zeros(words * classes, np.uint64), np.zeros(words * classes, np.uint64)
        if scan_words > found.size:
            found, spare = np.zeros(2 * scan_words, np.uint64), np.zeros(2 * scan_words, np.uint64)
        for j in range(words * classes):
            before[j] = u64(0)
        for j in range(words * classes):
            after[j] = u64(0)
        # the lattice point x is bit x - base + 64: a word of zeros before, and one after; `found` begins with such a word as well
        zero = 64 - base
        before[zero >> 6] = after[zero >> 6] = u64(1) << u64(zero & 63)
        skip = ((begin + zero) >> 6) - 1
        begin, end = begin + zero - 64 * skip, end + zero - 64 * skip
        origin = 64 * skip - zero
        scan_words = (end + 63) >> 6
        witness[:] = 0
        p = m = np.int64(0)
        length = limit[2] - limit[1]
        reached_high = reached_low = np.int64(0) if exact[r] else np.int64((n + 1) // 2)
        for t in range(n + 1):
            if t > 0:
                q = moved[t - 1]
                rest = values[r, t - 1] - (q << step)
                reached_high += max(rest, 0)
                reached_low -= min(rest, 0)
                p += max(q, 0)
                m -= min(q, 0)
                from_point = max(-m, begin + origin - positive + p)
                to_point = min(p, end + origin + negative - m)
                from_word = max(1, (from_point + zero) >> 6)
                to_word = min(words - 1, ((to_point + zero) >> 6) + 1)
                before, after = after, before
                if smallest == ANY_SIZE:
                    _or_shifted(after, before, np.int64(0), np.int64(0), q, from_word, to_word, words)
                else:
                    for k in range(max(1, smallest - n + t), min(t, largest) + 1):
                        _or_shifted(after, before, k * words, (k - 1) * words, q, from_word, to_word, words)
            if t < smallest:
                continue
            if t < n and t < 60 and (2 * limit[5] + reached_high + reached_low) < (length >> t):
                continue  # 2^t subsets cannot cover all
            for j in range(scan_words):
                found[j] = u64(0)
            a, b = max(1, -skip), min(scan_words, words - skip)
            for k in range(max(smallest, 0), min(t, classes - 1) + 1):
                shifted = u64(k * words + skip + a)
                for j in range(b - a):
                    found[u64(a) + u64(j)] |= after[shifted + u64(j)]
            found[begin >> 6] = (found[begin >> 6] >> u64(begin & 63)) << u64(begin & 63)
            if end & 63:
                found[end >> 6] &= (u64(1) << u64(end & 63)) - u64(1)
            if t < n and _holds(found, begin, end, origin, limit, reached_high, reached_low, step, witness):
                continue
            blur = reached_high, reached_low
            _gaps(found, spare, begin, end, origin, limit, *blur, step, t < n, witness, uncovered[r])
            if uncovered[r, 1] == 0:
                first[r, 0] = min(first[r, 0], t)
                if uncovered[r, 0] == 0:
                    first[r, 1] = t
                    break
