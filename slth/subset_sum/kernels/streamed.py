"""Subsets whose sum lies within a window around the target, for 17 to 64 samples: two halves, streamed slice by slice and joined.

After Schroeppel and Shamir (SIAM J. Comput. 10, 1981), without heaps. Sums are 64-bit words on a circle of 2^c quanta, wrapping on
purpose. Each half has a short *outer* and a long sorted *inner* list of words; its 2^(n/2) sums are all outer + inner. The circle is
cut into slices, and the sums of a half that lie in a slice are, for each outer word, a run of the inner list: a directory over the
top bits finds it at once, so that slices need no state and any thread can take any of them. Runs are a little too long (whole
buckets); a pair is counted only in the slice its left sum belongs to, hence exactly once.

Within a slice only 32 bits of the words are kept, and three tables thin them out. The left sums mark the cells (as wide as the
window on both sides) in a bit table; the right sums that find their cell marked mark a second table by *other* bits of the word; the
left sums that find that marked enter a chained table, in which each remaining right sum looks up its partners. A pair that met is
checked in exact integers. Wrapping and shortened words only add false meetings; no pair is lost.

Sizes cost nothing: add the same odd constant to every step and k times it to the start, and only subsets of k elements meet.
"""

import math

import numpy as np
from numba import njit

FOUND, AMBIGUOUS = 0, 1
EVERY, BY_SUM, BY_SUM_AND_SIZE = 0, 1, 2  # of several subsets with equal sums, which a list keeps
FULL, CROWDED, MET = (
    -1,
    -2,
    -3,
)  # `scan`: more subsets than room; sums in a slice, or meetings in a call, than is reasonable

SUB = 5  # a cell is 2^SUB shortened words wide: adding two shortened words is off by at most one of them
SLICE = 14  # about 2^SLICE sums a slice and half
LOAD = 7  # the first table has 2^LOAD cells for each left sum
SECOND = 17  # log2 of the cells of the second table
RUN = 6  # about 2^RUN sums of a slice come from one run of the inner list
INNER = 22  # an inner list has at most 2^INNER words
BLOCK = 64  # words are added this many at a time
DIRECT, MOST_DIRECT = 1 << 18, 1 << 22  # so few pairs are compared one by one
MOST_SUMS = 1 << 22  # in one slice of one half
MOST_MET = 1 << 20  # pairs that meet in one call, beyond a few for each sum that is asked for
PAIRS = 8.0  # pairs expected in the first window
ROOM = 4096  # pairs looked at in one window before it is called far too wide
WIDEST = 54  # log2 of the widest window
SIZE_TAG = 0x9E3779B97F4A7C15  # odd; its multiples lie far apart on every circle

u32, u64 = np.uint32, np.uint64


@njit(cache=True, nogil=True, error_model="numpy")
def _popcount(mask):
    x = mask - ((mask >> u64(1)) & u64(0x5555555555555555))
    x = (x & u64(0x3333333333333333)) + ((x >> u64(2)) & u64(0x3333333333333333))
    x = (x + (x >> u64(4))) & u64(0x0F0F0F0F0F0F0F0F)
    return np.int64(u64(x * u64(0x0101010101010101)) >> u64(56))


# ---- preparation: the lists of a half ---------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True, error_model="numpy")
def _sorted_words(steps, words, masks, spare_words, spare_masks):
    """All wrapping sums of the steps in ascending order, and their masks: merge the list with itself shifted, step by step."""
    words[0] = u64(0)
    masks[0] = u32(0)
    for i in range(steps.size):
        size = 1 << i
        step = steps[i]
        # shifted by a step that wraps, a sorted list is sorted again from the first word that wraps
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            if u64(words[middle] + step) >= step:
                low = middle + 1
            else:
                high = middle
        bit = u32(1) << u32(i)
        at, taken = 0, 0
        shifted = low & (size - 1)
        x, y = words[0], u64(words[shifted] + step)
        for k in range(2 * size):
            if taken == size or (at < size and x <= y):
                spare_words[k] = x
                spare_masks[k] = masks[at]
                at += 1
                x = words[min(at, size - 1)]
            else:
                spare_words[k] = y
                spare_masks[k] = masks[shifted] | bit
                taken += 1
                shifted = (shifted + 1) & (size - 1)
                y = u64(words[shifted] + step)
        words[: 2 * size] = spare_words[: 2 * size]
        masks[: 2 * size] = spare_masks[: 2 * size]


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(mask, places):
    """The mask over the row of a mask over samples at these places."""
    wide = u64(0)
    for i in range(places.size):
        if (mask >> u64(i)) & u64(1):
            wide |= u64(1) << u64(places[i])
    return wide


@njit(cache=True, nogil=True, error_model="numpy")
def _thin(words, masks, values, places, least, most, collapse):
    """Keep the subsets of least to most elements; if `collapse`, one of several with equal sums; returns how many are kept."""
    kept = 0
    group = 0
    for j in range(words.size):
        mask = u64(masks[j])
        size = _popcount(mask)
        if size < least or size > most:
            continue
        word = words[j]
        new = True
        if collapse != EVERY:
            if kept == 0 or words[kept - 1] != word:
                group = kept
            # equal words: equal sums, or sums a multiple of the circle apart, of which there are few
            for k in range(group, kept):
                other = u64(masks[k])
                other_size = _popcount(other)
                if collapse == BY_SUM_AND_SIZE and size != other_size:
                    continue
                difference = np.int64(0)
                for i in range(values.size):
                    difference += values[i] * (
                        np.int64((mask >> u64(i)) & u64(1)) - np.int64((other >> u64(i)) & u64(1))
                    )
                if difference == 0:
                    if size < other_size or (size == other_size and _spread(mask, places) < _spread(other, places)):
                        masks[k] = masks[j]
                    new = False
                    break
        if new:
            words[kept] = word
            masks[kept] = masks[j]
            kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy")
def list_words(values, places, steps, least, most, collapse):
    """Ascending words of the subsets of `values` (m,) int64 with least to most elements, and their masks.

    steps (m,) uint64 are the values as words, places (m,) uint8 where they stand in the row -> (words uint64, masks uint32).
    collapse: EVERY subset; BY_SUM: of equal sums only the one with fewest elements, then smallest mask over the row; BY_SUM_AND_SIZE: the
    same among those of one size. m <= 22. Time and memory O(2^m).
    """
    words = np.empty(1 << steps.size, u64)
    masks = np.empty(1 << steps.size, u32)
    _sorted_words(steps, words, masks, np.empty(words.size, u64), np.empty(words.size, u32))
    size = words.size
    if collapse != EVERY or least > 0 or most < steps.size:
        size = _thin(words, masks, values, places, least, most, collapse)
    return words[:size], masks[:size]


@njit(cache=True, nogil=True, error_model="numpy")
def directory(words, bits):
    """first[t] = how many of the ascending words have top bits below t: (2^bits + 1,) int32."""
    first = np.empty((1 << bits) + 1, np.int32)
    shift = u64(64 - bits)
    at = 0
    for j in range(words.size):
        top = np.int64(words[j] >> shift)
        while at <= top:
            first[at] = j
            at += 1
    while at < first.size:
        first[at] = words.size
        at += 1
    return first


@njit(cache=True, nogil=True, error_model="numpy")
def shorten(words, shift):
    """32 bits of each word, from bit `shift` on; padded by a block."""
    short = np.zeros(words.size + BLOCK, u32)
    for j in range(words.size):
        short[j] = u32((words[j] >> u64(shift)) & u64(0xFFFFFFFF))
    return short


# ---- one slice ----------------------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True, error_model="numpy")
def _runs(outer, start, origin, extent, first, size, begins, offsets):
    """The runs of the inner list that hold all sums in [origin, origin + extent] (and a few more); returns their total length."""
    shift = u64(64)
    cells = first.size - 1
    while cells > 1:
        cells >>= 1
        shift -= u64(1)
    total = 0
    for i in range(outer.size):
        low = u64(u64(origin - start) - outer[i])
        high = u64(low + extent)
        begin = np.int64(first[low >> shift])
        length = np.int64(first[u64(high >> shift) + u64(1)]) - begin
        if high < low or extent == u64(0xFFFFFFFFFFFFFFFF):
            length = min(length + size, size)
        begins[i] = begin
        offsets[i] = total
        total += length
    offsets[outer.size] = total
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _emit(outer, start, shift, inner, size, begins, offsets, words):
    """Write down the shortened words of the runs; `words` has a block to spare."""
    for i in range(outer.size):
        base = u32((u64(start + outer[i]) >> shift) & u64(0xFFFFFFFF))
        begin = begins[i]
        at = offsets[i]
        length = offsets[i + 1] - at
        if begin + length > size:
            for t in range(size - begin):
                words[at + t] = base + inner[begin + t]
            at += size - begin
            length -= size - begin
            begin = 0
        for t in range(0, length, BLOCK):
            source = u64(begin + t)
            sink = u64(at + t)
            for k in range(BLOCK):
                words[sink + u64(k)] = base + inner[source + u64(k)]


@njit(cache=True, nogil=True, error_model="numpy")
def _mark(table, words, reach, shift, cells):
    """Mark the cell of each word - reach and the next one: the cells within reach."""
    for j in range(words.size):
        cell = u64((u32(words[j] - reach) >> shift) & cells)
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
def _run_of(offsets, position):
    """The run that holds a position: the last i with offsets[i] <= position."""
    low, high = 0, offsets.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        if offsets[middle] <= position:
            low = middle
        else:
            high = middle
    return low


@njit(cache=True, nogil=True, error_model="numpy")
def _difference(values, places, count, target, chosen):
    """Sum - target, and the mask over the row, of the subset `chosen` of the values as they were dealt."""
    difference = -target
    mask = u64(0)
    for i in range(count):
        if (chosen >> u64(i)) & u64(1):
            difference += values[i]
            mask |= u64(1) << u64(places[i])
    return difference, mask


@njit(cache=True, nogil=True, error_model="numpy")
def workspace(n_outer, sums):
    """Buffers for `scan`: one per thread. n_outer: the longer of the outer lists; sums: expected in a slice of a half."""
    capacity = 2 * sums + BLOCK
    return (
        np.empty(n_outer, np.int64),
        np.empty(n_outer + 1, np.int64),
        np.empty(n_outer, np.int64),
        np.empty(n_outer + 1, np.int64),
        np.empty(capacity, u32),
        np.empty(capacity, u32),
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int32),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def scan(row, left, right, frame, sizes, slices, space, masks, errors):
    """List the subsets within the window whose left sums lie in the slices [k0, k1).

    row = (values (n,) int64 as dealt, places (n,) uint8 of the values in the row, target int64, window int64);
    left, right = (outer words, outer masks, inner words, inner masks, shortened inner words, directory, samples in the outer list,
    samples in the half); frame = (start word, log2 quanta a circle, shift of the shortened words);
    sizes = (fewest, most); slices = (log2 of slices a circle, or -1 to compare all pairs one by one, k0, k1); space: a `workspace`.
    Fills masks (room,) uint64 and errors (room,) int64 (sum - target); returns how many, and 0; or FULL, CROWDED or MET, if not all.
    """
    values, places, target, window = row
    a1, a1_masks, a2, a2_masks, a2_short, a_first, a_split, n_left = left
    b1, b1_masks, b2, b2_masks, b2_short, b_first, b_split, n_right = right
    start, circle, shift64 = frame
    fewest, most = sizes
    log2_slices, k0, k1 = slices
    a_begins, a_offsets, b_begins, b_offsets, left_words, right_words, left_hits, right_hits = space
    n = n_left + n_right
    reach64 = u64(window) << u64(64 - circle)
    extent = u64(0xFFFFFFFFFFFFFFFF)
    if log2_slices > 0:
        extent = (u64(1) << u64(64 - log2_slices)) - u64(1)
    wide = u64(0xFFFFFFFFFFFFFFFF)
    if log2_slices > 0 and reach64 < u64(1) << u64(61):
        wide = extent + u64(2) * reach64
        if wide < extent:
            wide = u64(0xFFFFFFFFFFFFFFFF)
    count = 0
    met, budget = 0, MOST_MET
    n_a1, n_b1 = a1.size, b1.size
    direct = log2_slices < 0

    shift = u64(shift64)
    valid = min(32, 64 - shift64)
    ring = u32((1 << valid) - 1)
    reach = u32((reach64 >> shift) + u64(2))
    bits = max(valid - SUB, 0)
    second_bits = min(SECOND, bits)
    second_shift = u32(valid - second_bits)
    second_cells = u32((1 << second_bits) - 1)
    sums = max(left_words.size - BLOCK, 64) // 2
    table_bits = 6
    while table_bits < bits and (1 << table_bits) < (sums << LOAD):
        table_bits += 1
    cells = u32((1 << table_bits) - 1)
    table = np.zeros((1 << table_bits) >> 6, u64)
    second = np.zeros((1 << max(second_bits, 6)) >> 6, u64)
    heads = np.empty(1, np.int32)
    links = np.empty(1, np.int32)
    bucket = u32(0)
    j_b = 0

    for k in range(k0, k1):
        origin = u64(0)
        if log2_slices > 0:
            origin = u64(k) << u64(64 - log2_slices)
        n_a = _runs(a1, u64(0), origin, extent, a_first, a2.size, a_begins[:n_a1], a_offsets[: n_a1 + 1])
        if n_a == 0:
            continue
        n_b = _runs(b1, start, u64(origin - reach64), wide, b_first, b2.size, b_begins[:n_b1], b_offsets[: n_b1 + 1])
        if n_b == 0:
            continue
        if max(n_a, n_b) > MOST_SUMS:
            return count, CROWDED
        if direct:
            n_hits = n_b
        else:
            if n_a + BLOCK > left_words.size:
                left_words = np.empty(2 * n_a + BLOCK, u32)
                left_hits = np.empty(2 * n_a + BLOCK, np.int32)
            if n_b + BLOCK > right_words.size:
                right_words = np.empty(2 * n_b + BLOCK, u32)
                right_hits = np.empty(2 * n_b + BLOCK, np.int32)
            _emit(a1, u64(0), shift, a2_short, a2.size, a_begins, a_offsets, left_words)
            _emit(b1, start, shift, b2_short, b2.size, b_begins, b_offsets, right_words)
            table[:] = u64(0)
            _mark(table, left_words[:n_a], reach, u32(SUB), cells)
            n_hits = _ask(table, right_words[:n_b], u32(SUB), cells, right_hits)
            second[:] = u64(0)
            for q in range(n_hits):
                word = right_words[right_hits[q]]
                cell = u64((u32(word - reach) & ring) >> second_shift)
                second[cell >> u64(6)] |= u64(1) << (cell & u64(63))
                cell = u64((u32(word + reach) & ring) >> second_shift)
                second[cell >> u64(6)] |= u64(1) << (cell & u64(63))
            n_left_hits = _ask(second, left_words[:n_a], second_shift, second_cells, left_hits)
            if n_left_hits == 0:
                continue
            # chained table of the left sums that are left
            while heads.size < n_left_hits or heads.size < 16:
                heads = np.empty(2 * heads.size, np.int32)
            if links.size < n_left_hits:
                links = np.empty(2 * n_left_hits, np.int32)
            n_heads = 16
            while n_heads < n_left_hits:
                n_heads *= 2
            bucket = u32(min(n_heads, 1 << bits) - 1)
            heads[:n_heads] = -1
            for v in range(n_left_hits):
                cell = np.int64((u32(left_words[left_hits[v]] - reach) >> u32(SUB)) & bucket)
                links[v] = heads[cell]
                heads[cell] = v
        budget += 4 * n_hits
        for q in range(n_hits):
            position = q
            looked = 0
            v = 0
            cell = u32(0)
            word = u32(0)
            if not direct:
                position = np.int64(right_hits[q])
                word = right_words[position]
                cell = (word >> u32(SUB)) & bucket
                v = np.int64(heads[np.int64(cell)])
            i_b = -1
            b_word = u64(0)
            b_mask = u64(0)
            while True:
                if direct:
                    if v == n_a:
                        break
                    at = v
                    v += 1
                else:
                    while v < 0 and looked == 0:
                        looked = 1
                        v = np.int64(heads[np.int64(u32(cell - u32(1)) & bucket)])
                    if v < 0:
                        break
                    at = np.int64(left_hits[v])
                    v = np.int64(links[v])
                    met += 1
                    if met > budget:
                        return count, MET
                    if (u32(u32(word - left_words[at]) + reach) & ring) > u32(2) * reach:
                        continue
                if i_b < 0:
                    i_b = _run_of(b_offsets[: n_b1 + 1], position)
                    j_b = (b_begins[i_b] + position - b_offsets[i_b]) % b2.size
                    b_word = u64(u64(start + b1[i_b]) + b2[j_b])
                    b_mask = u64(b1_masks[i_b]) | (u64(b2_masks[j_b]) << u64(b_split))
                i_a = _run_of(a_offsets[: n_a1 + 1], at)
                j_a = (a_begins[i_a] + at - a_offsets[i_a]) % a2.size
                a_word = u64(a1[i_a] + a2[j_a])
                if u64(a_word - origin) > extent or u64(u64(a_word - b_word) + reach64) > u64(2) * reach64:
                    continue
                chosen = u64(a1_masks[i_a]) | (u64(a2_masks[j_a]) << u64(a_split)) | (b_mask << u64(n_left))
                size = _popcount(chosen)
                if size < fewest or size > most:
                    continue
                difference, mask = _difference(values, places, n, target, chosen)
                if abs(difference) > window:
                    continue
                if count == masks.size:
                    return count, FULL
                masks[count] = mask
                errors[count] = difference
                count += 1
    return count, 0


# ---- a whole search -----------------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True, error_model="numpy")
def deal(row):
    """How the samples are dealt: positions in the row of the left outer, left inner, right outer and right inner samples.

    row (n,) int64 -> (places (n,) uint8, left outer, left half, right outer: how many each). By descending magnitude in turn to both
    halves, the larger ones of a half to its inner list: then all lists spread over the whole circle, whatever the order of the row.
    """
    n = row.size
    order = np.empty(n, np.int64)
    for i in range(n):
        j = i
        while j > 0 and abs(row[order[j - 1]]) < abs(row[i]):
            order[j] = order[j - 1]
            j -= 1
        order[j] = i
    n_left = n // 2
    places = np.empty(n, np.uint8)
    a_split = n_left - inner_samples(n_left)
    b_split = n - n_left - inner_samples(n - n_left)
    a, b = n_left - 1, n - 1
    for i in range(n):
        # largest first, each to the end of its half
        if b >= n_left and (a < 0 or (i & 3) == 0 or (i & 3) == 3):
            places[b] = order[i]
            b -= 1
        else:
            places[a] = order[i]
            a -= 1
    return places, a_split, n_left, b_split


@njit(cache=True, nogil=True, error_model="numpy")
def inner_samples(half):
    """Samples of a half that go to its inner list."""
    return min(half, max(half // 2 + 2, half - SLICE + RUN), INNER)


@njit(cache=True, nogil=True, error_model="numpy")
def even_circle(values, n_left):
    """log2 of a circle at most two standard deviations of either half long: around it sums lie evenly."""
    left = 0.0
    right = 0.0
    for i in range(values.size):
        square = np.float64(values[i]) * np.float64(values[i])
        if i < n_left:
            left += square
        else:
            right += square
    smaller = min(left, right) if n_left > 0 else right
    return 0.5 * math.log2(smaller) if smaller > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def circle_for(even, pairs, window):
    """log2 of the circle: even slices if possible, but few false meetings. even: `even_circle`; pairs: log2 of all pairs of sums."""
    wide = math.log2(max(np.float64(window), 1.0))
    few = math.ceil(pairs + 1.0 + wide - 0.5 * pairs + 6.0)
    return np.int64(min(max(math.floor(even), few, math.ceil(wide) + 9.0), 63.0))


@njit(cache=True, nogil=True, error_model="numpy")
def shift_for(window, circle):
    """From which bit on words are shortened, so that a window fits a cell."""
    reach = u64(window) << u64(64 - circle)
    shift = 0
    while (reach >> u64(shift)) > u64((1 << (SUB - 1)) - 3):
        shift += 1
    return shift


@njit(cache=True, nogil=True, error_model="numpy")
def is_direct(pairs, window):
    """Whether all pairs of sums are compared one by one: where there are few, or where the window is too wide for tables."""
    return pairs <= np.float64(DIRECT) or (window >> WIDEST != 0 and pairs <= np.float64(MOST_DIRECT))


@njit(cache=True, nogil=True, error_model="numpy")
def too_short(circle, even, samples, window):
    """Whether lists on this circle do not serve the window."""
    needed = circle_for(even, np.float64(samples), window)
    return needed > circle + 2 or (needed > circle and window >> 50 != 0)


@njit(cache=True, nogil=True, error_model="numpy")
def slices_for(even, circle, sums):
    """log2 of the number of slices for about 2^SLICE of the `sums` of a half in each."""
    slices = max(circle - np.int64(math.floor(even)), 0)
    most = 0
    while sums > 1:
        slices += 1 if sums > 1 << SLICE else 0
        most += 1 if sums > 128 else 0
        sums >>= 1
    return min(slices, most)


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(values, places, split, sign, circle, tag, fewest, most, others, even, collapse):
    """The lists of a half for `scan`, but for the shortened words. values (h,) int64 as dealt; sign -1 for the right half.

    tag: what is added to the word of each sample; fewest, most: sizes of the whole subset asked for; others: samples outside the half.
    """
    h = values.size
    steps = np.empty(h, u64)
    for i in range(h):
        word = (u64(values[i]) << u64(64 - circle)) + tag
        steps[i] = word if sign > 0 else u64(0) - word
    least = fewest - others
    outer, outer_masks = list_words(
        values[:split], places[:split], steps[:split], max(least - (h - split), 0), most, collapse
    )
    inner, inner_masks = list_words(
        values[split:], places[split:], steps[split:], max(least - split, 0), most, collapse
    )
    bits = 1
    while (1 << bits) < inner.size:
        bits += 1
    bits = min(bits + min(max(circle - np.int64(math.floor(even)), 0), 6), max(bits, INNER))
    return outer, outer_masks, inner, inner_masks, directory(inner, bits)


@njit(cache=True, nogil=True, error_model="numpy")
def log2_rate(values, target, size):
    """log2 of the subsets a quantum expected at the target: of `size` elements, of any size if -1. Gaussian."""
    n = values.size
    total = 0.0
    square = 0.0
    for i in range(n):
        x = np.float64(values[i])
        total += x
        square += x * x
    subsets = np.float64(n)
    mean = 0.5 * total
    variance = 0.25 * square
    if size >= 0:
        subsets = (math.lgamma(n + 1.0) - math.lgamma(size + 1.0) - math.lgamma(n - size + 1.0)) * 1.4426950408889634
        mean = total * size / max(n, 1)
        variance = size * (n - size) / max(n - 1.0, 1.0) * max(square / max(n, 1) - (total / max(n, 1)) ** 2, 0.0)
    deviation = max(math.sqrt(variance), 1.0)
    # the estimate is of no use far out: a window that is too narrow is widened soon
    u = min(abs(target - mean) / deviation, 4.0)
    return subsets + math.log2(0.3989422804014327 / deviation) - 0.7213475204444817 * u * u


@njit(cache=True, nogil=True, error_model="numpy")
def reach_of(values, fewest, most):
    """Smallest and largest sum of fewest to most of the values."""
    ranked = np.sort(values)
    n = values.size
    low, high = np.int64(0), np.int64(0)
    for i in range(most):
        if i < fewest or ranked[i] < 0:
            low += ranked[i]
        if i < fewest or ranked[n - 1 - i] > 0:
            high += ranked[n - 1 - i]
    return low, high


@njit(cache=True, nogil=True, error_model="numpy")
def _offer(best, error, mask):
    """best = [error, size, mask, second error]: keep the better subset by the rule, and the runner-up's error."""
    size = _popcount(mask)
    if error < best[0]:
        best[3] = best[0]
        best[0], best[1], best[2] = error, size, np.int64(mask)
    elif np.int64(mask) != best[2] or size != best[1]:
        if error == best[0] and (size < best[1] or (size == best[1] and mask < u64(best[2]))):
            best[1], best[2] = size, np.int64(mask)
        best[3] = min(best[3], error)


@njit(cache=True, nogil=True, error_model="numpy")
def closest(values, counts, rows, targets, exact, lows, highs, masks, codes):
    """Closest subset of values[rows[r], :counts] to targets[r] with lows[r] to highs[r] elements, one row at a time.

    values (rows, n) int64, counts (rows,), targets (m,) int64, exact (m,) bool, lows, highs (m,) int64 (clipped to 0..count)
    -> masks (m,) uint64, codes (m,) uint8: FOUND, or AMBIGUOUS where rounding cannot tell two subsets apart, where ties are too many
    to compare here, or where no subset has the size. Made for n from 31 to 50; right for 1 to 64. Time O(2^(n/2)), memory a few MiB
    plus O(2^(n/4)).
    """
    found_masks = np.empty(ROOM, u64)
    found_errors = np.empty(ROOM, np.int64)
    best = np.empty(4, np.int64)
    none = np.int64(1) << 62
    # literals would compile what they are handed to once more
    zero, plus, minus, every = np.int64(0), np.int64(1), np.int64(-1), np.int64(EVERY)
    space = workspace(
        1024, 1 << (SLICE if values.shape[1] // 2 >= SLICE else max(values.shape[1] - values.shape[1] // 2, 6))
    )
    for r in range(rows.size):
        n = counts[rows[r]]
        row = values[rows[r], :n]
        low, high = min(max(lows[r], 0), n), min(max(highs[r], 0), n)
        codes[r] = AMBIGUOUS
        if low > high:
            continue
        slack = np.int64(0) if exact[r] else np.int64(2 * n + 1)
        # beyond the reach the order of the subsets does not change any more
        smallest, largest = reach_of(row, low, high)
        target = min(max(targets[r], smallest), largest)
        places, a_split, n_left, b_split = deal(row)
        dealt = np.empty(n, np.int64)
        for i in range(n):
            dealt[i] = row[places[i]]
        even = even_circle(dealt, n_left)
        rate = log2_rate(dealt, target, minus)
        share = 0.0
        for k in range(low, high + 1):
            share += 2.0 ** (log2_rate(dealt, target, k) - rate)
        share = min(share, 1.0) if low > 0 or high < n else 1.0
        # sizes: look at all subsets in a wider window, or take one size after the other
        by_size = 32.0 * PAIRS / max(share, 1e-300) > 2.0 ** (0.5 * n) * (high - low + 1) and share < 1.0
        tag = u64(SIZE_TAG) if by_size else u64(0)
        fewest, most = (low, high) if by_size else (0, n)
        best[0], best[1], best[2], best[3] = none, 65, -1, none
        circle = np.int64(0)
        left = prepare(dealt[:0], places[:0], zero, plus, np.int64(63), tag, zero, zero, zero, even, every)
        right = left
        solved = True
        refusals = 0
        for step in range(high - low + 1 if by_size else 1):
            # the sizes of most subsets first: they leave the others narrow windows
            k = low + step if by_size and 2 * low > n else high - step
            if by_size:
                rate = log2_rate(dealt, target, k)
            expected = PAIRS / (share if not by_size else 1.0)
            window = np.int64(2.0 ** min(math.log2(0.5 * expected) - rate, 53.0)) + 1 + slack
            window = min(window, best[0] + slack)
            for _ in range(64):
                if circle == 0 or too_short(circle, even, n, window):
                    circle = circle_for(even, np.float64(n), window)
                    left = prepare(
                        dealt[:n_left],
                        places[:n_left],
                        a_split,
                        plus,
                        circle,
                        tag,
                        fewest,
                        most,
                        n - n_left,
                        even,
                        every,
                    )
                    right = prepare(
                        dealt[n_left:], places[n_left:], b_split, minus, circle, tag, fewest, most, n_left, even, every
                    )
                sums = max(left[0].size * left[2].size, right[0].size * right[2].size)
                direct = is_direct(
                    np.float64(left[0].size * left[2].size) * np.float64(right[0].size * right[2].size), window
                )
                if window >> WIDEST != 0 and not direct:
                    solved = False
                    break
                shift = shift_for(window, circle)
                slices = slices_for(even, circle, sums) if not direct else -1
                start = (u64(target) << u64(64 - circle)) + u64(max(k, 0)) * tag
                found, code = scan(
                    (dealt, places, target, window),
                    (left[0], left[1], left[2], left[3], shorten(left[2], shift), left[4], a_split, n_left),
                    (right[0], right[1], right[2], right[3], shorten(right[2], shift), right[4], b_split, n - n_left),
                    (start, circle, shift),
                    (k, k) if by_size else (low, high),
                    (slices, zero, 1 << max(slices, 0)),
                    space,
                    found_masks,
                    found_errors,
                )
                for q in range(found):
                    _offer(best, abs(found_errors[q]), found_masks[q])
                if code == 0:
                    if best[0] + slack <= window or (direct and window == none - 1):
                        break
                    window = min(16 * window if window < none >> 4 else none - 1, best[0] + slack)
                elif best[0] + slack < window and refusals < 4:
                    window = best[0] + slack
                    refusals += 1
                else:
                    solved = False
                    break
            if not solved:
                break
        masks[r] = u64(best[2])
        if solved and best[1] <= n and (exact[r] or best[3] > best[0] + slack):
            codes[r] = FOUND
