"""Heuristics for long rows: a pass of flips, the differencing of Karmarkar and Karp, and its complete tree (Korf). All in int64."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def flip_pass(values, order, chosen, rest):
    """Go through the samples in the given order and flip each that brings the sum closer.

    values (n,) int64, order (n,), chosen (n,) bool changed in place, rest = target - sum; returns the new rest.
    """
    for i in order:
        step = -values[i] if chosen[i] else values[i]
        if abs(rest - step) < abs(rest):
            rest -= step
            chosen[i] = not chosen[i]
    return rest


@njit(cache=True, nogil=True, error_model="numpy")
def _sink(keys, items, size):
    """Restore the heap (largest first) whose root was replaced."""
    key, item = keys[0], items[0]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] > keys[child]:
            child += 1
        if keys[child] <= key:
            break
        keys[at], items[at] = keys[child], items[child]
        at = child
    keys[at], items[at] = key, item


@njit(cache=True, nogil=True, error_model="numpy")
def _rise(keys, items, at):
    """Restore the heap whose last entry is new."""
    key, item = keys[at], items[at]
    while at > 0:
        parent = (at - 1) // 2
        if keys[parent] >= key:
            break
        keys[at], items[at] = keys[parent], items[parent]
        at = parent
    keys[at], items[at] = key, item


@njit(cache=True, nogil=True, error_model="numpy")
def differencing(numbers, order, remain, kept, dropped, rest, rest_items):
    """Replace the two largest numbers by their difference until `remain` are left.

    numbers (n,) int64 >= 0, order (n,) their descending order -> kept, dropped (n - remain,): in step k the item dropped[k] goes to
    the side opposite to kept[k], which stands for the difference from then on; rest, rest_items (remain,): what is left, descending.
    The numbers are taken from a sorted list and the differences from a heap; when the list is used up, the heap is sorted to be the
    next one. So most steps touch only the end of the heap. O(n log n).
    """
    n = numbers.size
    items = order.copy()
    keys = numbers[order]
    heap_keys = np.empty(n, np.int64)
    heap_items = np.empty(n, order.dtype)
    at, end, size = 0, n, 0
    for step in range(n - remain):
        if at == end:
            by_size = np.argsort(-heap_keys[:size], kind="mergesort")
            items = heap_items[by_size]
            keys = heap_keys[by_size]
            at, end, size = 0, by_size.size, 0
        # the largest two: on a tie from the list
        for k in range(2):
            if size > 0 and (at == end or heap_keys[0] > keys[at]):
                key, item = heap_keys[0], heap_items[0]
                size -= 1
                if size > 0:
                    heap_keys[0], heap_items[0] = heap_keys[size], heap_items[size]
                    _sink(heap_keys, heap_items, size)
            else:
                key, item = keys[at], items[at]
                at += 1
            if k == 0:
                first, kept[step] = key, item
            else:
                dropped[step] = item
                heap_keys[size], heap_items[size] = first - key, kept[step]
                size += 1
                _rise(heap_keys, heap_items, size - 1)
    for k in range(remain):
        if size > 0 and (at == end or heap_keys[0] > keys[at]):
            rest[k], rest_items[k] = heap_keys[0], heap_items[0]
            size -= 1
            if size > 0:
                heap_keys[0], heap_items[0] = heap_keys[size], heap_items[size]
                _sink(heap_keys, heap_items, size)
        else:
            rest[k], rest_items[k] = keys[at], items[at]
            at += 1


@njit(cache=True, nogil=True, error_model="numpy")
def colour(kept, dropped, same, sides):
    """Sides (+1 or -1) of the items from those of the items that were never dropped: the steps backwards."""
    for k in range(kept.size - 1, -1, -1):
        sides[dropped[k]] = sides[kept[k]] if same[k] else -sides[kept[k]]


@njit(cache=True, nogil=True, error_model="numpy")
def complete(numbers, budget, kept, dropped, same):
    """The tree of Korf (1998): the two largest go to opposite sides (their difference first) or to the same side (their sum).

    numbers (m,) int64 >= 0 in descending order, sum < 2^62 -> kept, dropped (m - 1,), same (m - 1,) bool of the best partition.
    Returns the difference of its sides, and 1 if no better one exists, else 0 (after `budget` nodes). Cut where the largest
    outweighs the rest, where at most four are left (differencing is optimal), and when the difference is 0 or 1 and the parity says so.
    """
    m = numbers.size
    keys = np.empty((m, m), np.int64)
    items = np.empty((m, m), np.int32)
    totals = np.empty(m, np.int64)
    state = np.zeros(m, np.int8)
    path_same = np.zeros(m, np.bool_)
    keys[0] = numbers
    items[0] = np.arange(m)
    totals[0] = numbers.sum()
    perfect = totals[0] & 1
    best = np.int64(2**62)
    depth = 0
    nodes = 0
    while depth >= 0:
        size = m - depth
        row, row_items = keys[depth], items[depth]
        if state[depth] == 0:
            nodes += 1
            difference = 2 * row[0] - totals[depth]
            if difference >= 0 or size == 1:
                if difference < best:
                    best = difference
                    for k in range(depth):
                        kept[k], dropped[k], same[k] = items[k, 0], items[k, 1], path_same[k]
                    for k in range(1, size):
                        kept[depth + k - 1], dropped[depth + k - 1] = row_items[0], row_items[k]
                        same[depth + k - 1] = False
                    if best == perfect:
                        return best, 1
                depth -= 1
                continue
            if nodes > budget and best < np.int64(2**62):
                return best, 0
        if state[depth] == 2 or (state[depth] == 1 and size <= 4):
            depth -= 1
            continue
        together = state[depth] == 1
        path_same[depth] = together
        key = row[0] + row[1] if together else row[0] - row[1]
        below, below_items = keys[depth + 1], items[depth + 1]
        k = 2
        while k < size and row[k] > key:
            below[k - 2], below_items[k - 2] = row[k], row_items[k]
            k += 1
        below[k - 2], below_items[k - 2] = key, row_items[0]
        while k < size:
            below[k - 1], below_items[k - 1] = row[k], row_items[k]
            k += 1
        totals[depth + 1] = totals[depth] if together else totals[depth] - 2 * row[1]
        state[depth] += 1
        state[depth + 1] = 0
        depth += 1
    return best, 1
