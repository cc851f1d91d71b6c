"""Subsets of each size with a sum at most T, for one long row: half sums met slice by slice, in memory O(2^(n/4)).

Let l run over the sums of the left half and b = T - r over those of the right half: the subsets with sum <= T are the pairs l <= b.
Both are sums of a sorted quarter (outer) and another (inner), so whatever falls in a slice of the axis is found by one pointer for each
outer sum (after Schroeppel and Shamir, SIAM J. Comput. 10, 1981). Within a slice the l are thrown into buckets, with the number of l
of every size below each bucket as a row; a b then adds one row and compares the few l of its own bucket. All l before the slice are
known by their number of every size. Nothing is sorted, no pair is visited but in a bucket, and slices do not depend on each other.

Where samples were rounded, pairs with |l - b| <= slack are written down for an exact comparison by the caller.
Codes: DONE, or BLURRED when those are too many (ties, or samples far below a quantum).
"""

import numpy as np
from numba import njit

DONE, BLURRED = 0, 1
LANES = 32  # sizes of the left half: at most 31 samples
BUCKETS = 14  # at most 2^BUCKETS buckets a slice
CAPACITY = 1 << 15  # sums a slice; below 2^16, as rows are uint16
PEEK = 2  # words of a bucket compared without a branch
BEYOND = np.int64(2**62)
FAR = np.int64(2**63 - 1)

u16, u32, u64 = np.uint16, np.uint32, np.uint64


@njit(cache=True, nogil=True, error_model="numpy")
def sorted_sums(values, sign, sums, masks):
    """Ascending sums of all subsets of sign * values (n,), n <= 17, closed by FAR; sums (2^n + 1,) int64, masks (2^n + 1,) uint32."""
    spare_sums, spare_masks = np.empty_like(sums), np.empty_like(masks)
    sums[0] = 0
    masks[0] = 0
    size = 1
    for i in range(values.size):
        value = sign * values[i]
        bit = u32(1 << i)
        a, b = 0, 0
        sums[size] = FAR
        for k in range(2 * size):
            x = sums[a]
            y = sums[b] + value if b < size else FAR
            first = x <= y and a < size
            spare_sums[k] = x if first else y
            spare_masks[k] = masks[a] if first else masks[b] | bit
            a += 1 if first else 0
            b += 0 if first else 1
        size *= 2
        sums[:size] = spare_sums[:size]
        masks[:size] = spare_masks[:size]
    sums[size] = FAR
    masks[size] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def _position(outer, inner, bound, first):
    """first[i]: the number of inner sums with outer[i] + inner < bound; one sweep, as both lists ascend."""
    at = inner.size - 1
    for i in range(outer.size - 1):
        while at > 0 and outer[i] + inner[at - 1] >= bound:
            at -= 1
        first[i] = at


@njit(cache=True, nogil=True, error_model="numpy")
def _below(outer_sizes, inner_sizes, first, below):
    """below[k]: the number of sums of size k in front of the positions `first`, which descend."""
    inner = np.zeros(LANES, u64)
    at = 0
    for i in range(first.size - 1, -1, -1):
        while at < first[i]:
            inner[inner_sizes[at]] += u64(1)
            at += 1
        for k in range(LANES - outer_sizes[i]):
            below[outer_sizes[i] + k] += inner[k]


@njit(cache=True, nogil=True, error_model="numpy")
def _tally(outer, inner, outer_sizes, inner_sizes, first, after, bound, tally):
    """Add the number of sums of every size from the positions `first` up to `bound`; after: the positions behind them."""
    for i in range(outer.size - 1):
        at = first[i]
        while inner[at] < bound - outer[i]:
            tally[outer_sizes[i] + inner_sizes[at]] += u64(1)
            at += 1
        after[i] = at


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(outer, inner, outer_sizes, inner_sizes, first, after, origin, own, reach, words, sizes, ids):
    """Write the sums origin <= s < origin + own, as words s - origin, then those below origin + reach, to be met again.

    after: the positions behind the first kind. Returns how many, or -1 when they may not fit.
    """
    count = 0
    for i in range(outer.size - 1):
        base = outer[i] - origin
        size = outer_sizes[i]
        at = first[i]
        label = i * (inner.size - 1)
        if count > CAPACITY:
            return -1
        # the first two without a branch: written anyway, counted if they belong
        for _ in range(2):
            words[count] = base + inner[at]
            sizes[count] = size + inner_sizes[at]
            ids[count] = label + at
            taken = 1 if inner[at] < own - base else 0
            count += taken
            at += taken
        while inner[at] < own - base:
            if count > CAPACITY:
                return -1
            words[count] = base + inner[at]
            sizes[count] = size + inner_sizes[at]
            ids[count] = label + at
            count += 1
            at += 1
        after[i] = at
        while inner[at] < reach - base:
            if count > CAPACITY:
                return -1
            words[count] = base + inner[at]
            sizes[count] = size + inner_sizes[at]
            ids[count] = label + at
            count += 1
            at += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _add(row, other):
    for lane in range(row.size):  # not LANES: a loop of known length is unrolled, and no longer turned into vector code
        row[lane] += other[lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _throw(words, sizes, ids, count, shift, n_buckets, starts, rows, b_words, b_sizes, b_ids):
    """Into buckets: bucket k holds b_words[starts[k] : starts[k + 1]], and rows[k] the number of words of every size before it."""
    starts[: n_buckets + 1] = 0
    rows[: n_buckets + 1] = 0
    for j in range(count):
        k = u64(words[j] >> shift)
        starts[k + u64(1)] += 1
        rows[k + u64(1), u64(sizes[j])] += u16(1)
    for k in range(n_buckets):
        starts[k + 1] += starts[k]
        _add(rows[k + 1], rows[k])
    # starts[k] moves to the end of its bucket, and is where the next one starts
    for j in range(count):
        k = u64(words[j] >> shift)
        at = starts[k]
        starts[k] = at + 1
        b_words[at] = words[j]
        b_sizes[at] = sizes[j]
        b_ids[at] = ids[j]
    for k in range(n_buckets, 0, -1):
        starts[k] = starts[k - 1]
    starts[0] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def _query(
    q_words, q_sizes, q_ids, count, slack, shift, starts, rows, words, sizes, ids, added, met, near, pairs, n_pairs
):
    """For each of the words b: the left words of every size that are surely <= b, in `added` and `near`.

    Returns the number of pairs written so far, or -1 when they do not fit.
    """
    for q in range(count):
        size = u64(q_sizes[q])
        # these words come with twice the slack added: a left word is surely below if it is at most `sure`, perhaps if at most b
        b = q_words[q]
        sure = b - 2 * slack
        k = u64(sure >> shift)
        _add(added[size], rows[k])
        met[size] += u32(1)
        at = u64(starts[k])
        end = u64(starts[u64(b >> shift) + u64(1)])
        upto = 0  # words within slack of b
        # the first few without a branch: of another bucket they are larger, which does no harm
        for _ in range(PEEK):
            word = words[at]
            near[size + u64(sizes[at])] += u64(1) if word <= sure else u64(0)
            upto += 1 if word <= b else 0
            upto -= 1 if word <= sure else 0
            at += u64(1)
        while at < end:
            word = words[at]
            near[size + u64(sizes[at])] += u64(1) if word <= sure else u64(0)
            upto += 1 if word <= b else 0
            upto -= 1 if word <= sure else 0
            at += u64(1)
        if upto > 0:
            for j in range(starts[k], end):
                if sure < words[j] <= b:
                    if n_pairs == pairs.shape[0]:
                        return -1
                    pairs[n_pairs, 0] = ids[j]
                    pairs[n_pairs, 1] = q_ids[q]
                    n_pairs += 1
    return n_pairs


@njit(cache=True, nogil=True, error_model="numpy")
def count_chunk(left, right, tops, slack, edges, counts, pairs, n_pairs):
    """Add, for both tops T and each size, the pairs l <= T - r whose T - r lies in [edges[0], edges[-1]).

    left, right: (outer, inner, outer sizes, inner sizes), the sums closed by FAR, those of the right half with their sign turned.
    tops (2,), edges (slices + 1,) int64 ascending; counts (2, n + 1) uint64: surely at most T; pairs (2, room, 2) int64, n_pairs (2,): the
    undecided ones, by their positions (outer * number of inner sums + inner) in the halves.
    """
    a1, a2, sa1, sa2 = left
    b1, b2, sb1, sb2 = right
    room = CAPACITY + 2 * PEEK + 1
    first, after = np.empty(a1.size - 1, np.int64), np.empty(a1.size - 1, np.int64)
    firsts, afters = np.empty((2, b1.size - 1), np.int64), np.empty((2, b1.size - 1), np.int64)
    words, b_words, q_words = np.empty(room, np.int64), np.empty(room, np.int64), np.empty((2, room), np.int64)
    ids, b_ids, q_ids = np.empty(room, np.int64), np.empty(room, np.int64), np.empty((2, room), np.int64)
    sizes, b_sizes, q_sizes = np.empty(room, np.uint8), np.zeros(room, np.uint8), np.empty((2, room), np.uint8)
    starts = np.empty((1 << BUCKETS) + 2, np.int32)
    rows = np.empty(((1 << BUCKETS) + 2, LANES), u16)
    added = np.zeros((2, LANES + 4, LANES), u32)
    met = np.zeros((2, LANES + 4), u32)
    totals = np.zeros((2, LANES + 4, LANES), u64)
    below = np.zeros(LANES, u64)
    stack = np.empty(64, np.int64)
    n_queries = np.empty(2, np.int64)
    ties = np.zeros(LANES + 4, u64)

    _position(a1, a2, edges[0] - slack, first)
    _below(sa1, sa2, first, below)
    for t in range(2):
        _position(b1, b2, edges[0] - tops[t], firsts[t])
    x = edges[0]
    for s in range(edges.size - 1):
        stack[0] = edges[s + 1]
        depth = 1
        while depth > 0:
            end = stack[depth - 1]
            own, reach = end - x, end - x + 2 * slack
            n_words = _gather(a1, a2, sa1, sa2, first, after, x - slack, own, reach, words, sizes, ids)
            for t in range(2):
                origin = x - 2 * slack - tops[t]
                n_queries[t] = _gather(
                    b1, b2, sb1, sb2, firsts[t], afters[t], origin, reach, np.int64(0), q_words[t], q_sizes[t], q_ids[t]
                )
            if n_words < 0 or n_queries.min() < 0:
                if own > 1:
                    stack[depth] = x + own // 2
                    depth += 1
                    continue
                if slack > 0:
                    return BLURRED
                # too many sums that are all the same: every l <= b
                _tally(a1, a2, sa1, sa2, first, after, x + 1, below)
                for t in range(2):
                    ties[:] = u64(0)
                    _tally(b1, b2, sb1, sb2, firsts[t], afters[t], x + 1 - tops[t], ties)
                    for i in range(LANES + 4):
                        for lane in range(LANES):
                            totals[t, i, lane] += ties[i] * below[lane]
                first, after = after, first
                firsts, afters = afters, firsts
                x = end
                depth -= 1
                continue
            shift = 0
            while (reach - 1) >> shift >= min(1 << BUCKETS, max(n_words, 1)):
                shift += 1
            n_buckets = ((reach - 1) >> shift) + 1
            _throw(words, sizes, ids, n_words, shift, n_buckets, starts, rows, b_words, b_sizes, b_ids)
            b_words[n_words : n_words + PEEK] = BEYOND
            for t in range(2):
                n_pairs[t] = _query(
                    q_words[t], q_sizes[t], q_ids[t], n_queries[t], slack, shift, starts, rows, b_words, b_sizes, b_ids,
                    added[t], met[t], counts[t], pairs[t], n_pairs[t],
                )  # fmt: skip
                if n_pairs[t] < 0:
                    return BLURRED
                for i in range(LANES + 4):
                    for lane in range(LANES):
                        totals[t, i, lane] += u64(added[t, i, lane]) + u64(met[t, i]) * below[lane]
                        added[t, i, lane] = 0
                    met[t, i] = 0
            # all that lie in front of the next slice
            for j in range(n_words):
                if words[j] < own:
                    below[sizes[j]] += u64(1)
            first, after = after, first
            firsts, afters = afters, firsts
            x = end
            depth -= 1
    for t in range(2):
        for i in range(LANES + 4):
            for lane in range(LANES):
                if totals[t, i, lane] != u64(0):
                    counts[t, i + lane] += totals[t, i, lane]
    return DONE
