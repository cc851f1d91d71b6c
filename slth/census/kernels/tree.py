"""Pairs of vectors, one of each of two lists, whose sum lies in a box: counted by two k-d trees, whole branches at a time where possible.

Vectors are stored as columns (d, n), those of a leaf next to each other. A node knows the box around its vectors, and the sizes they
stand for.
"""

import numpy as np
from numba import njit

MOST_DEEP = 4096  # of the stack of pairs


@njit(cache=True, nogil=True, error_model="numpy")
def _split(row, order, begin, end, middle):
    """Move the entries of order[begin:end] so that row is at most row[order[middle]] before `middle`, and at least that behind."""
    low, high = begin, end - 1
    while low < high:
        pivot = row[order[(low + high) // 2]]
        i, j = low, high
        while i <= j:
            while row[order[i]] < pivot:
                i += 1
            while row[order[j]] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@njit(cache=True, nogil=True, error_model="numpy")
def build(values, widths, first, leaf, order, begins, ends, children):
    """Sort the columns of values (d, n) into a tree: `order` becomes a permutation, node 0 the root; returns the number of nodes.

    widths : (d,) sides of the window. A node is split in half along one of the `first` coordinates as long as one is wider than half the
    window, then along the widest of all, relative to the window.
    children : (nodes,) the left child of each node, the right one follows it; 0 of leaves
    """
    d, n = values.shape
    for i in range(n):
        order[i] = i
    begins[0], ends[0], children[0] = 0, n, 0
    count, node = 1, 0
    while node < count:
        begin, end = begins[node], ends[node]
        if end - begin > leaf:
            best, widest = -1, 0.0
            for stage in range(2):
                for t in range(d if stage else first):
                    low, high = np.inf, -np.inf
                    for i in range(begin, end):
                        low = min(low, values[t, order[i]])
                        high = max(high, values[t, order[i]])
                    wide = (high - low) / widths[t]
                    if wide > widest and (stage == 1 or wide > 0.5):
                        best, widest = t, wide
                if best >= 0:
                    break
            if best >= 0:
                middle = (begin + end) // 2
                _split(values[best], order, begin, end, middle)
                children[node] = count
                begins[count], ends[count], children[count] = begin, middle, 0
                begins[count + 1], ends[count + 1], children[count + 1] = middle, end, 0
                count += 2
        node += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def describe(values, kinds, polys, begins, ends, children, low, high, sizes):
    """Boxes (nodes, d) and sizes (nodes, length) of all nodes; columns of values in the order of the leaves, kinds their rows of polys."""
    for node in range(begins.size - 1, -1, -1):
        child = children[node]
        if child:
            for t in range(values.shape[0]):
                low[node, t] = min(low[child, t], low[child + 1, t])
                high[node, t] = max(high[child, t], high[child + 1, t])
            for a in range(sizes.shape[1]):
                sizes[node, a] = sizes[child, a] + sizes[child + 1, a]
        else:
            for t in range(values.shape[0]):
                row = values[t, begins[node] : ends[node]]
                low[node, t] = row.min()
                high[node, t] = row.max()
            sizes[node] = 0
            for i in range(begins[node], ends[node]):
                for a in range(sizes.shape[1]):
                    sizes[node, a] += polys[kinds[i], a]


@njit(cache=True, nogil=True, error_model="numpy")
def _leaves(left, right, a, b, low, high, slack, listing, together, away, found, used):
    """Pairs of two leaves: adds to `together` the sizes of what is surely inside; returns rows of `found` used, -1 if too few."""
    values, radii, kinds, polys, begins, ends, _, _, _, _ = left
    others, off, their_kinds, their_polys, their_begins, their_ends, _, their_low, their_high, _ = right
    d = values.shape[0]
    begin, end = their_begins[b], their_ends[b]
    n = end - begin
    sizes = np.zeros(their_polys.shape[1], np.int64)
    for i in range(begins[a], ends[a]):
        apart = False
        for t in range(d):
            x = values[t, i]
            if x + their_high[b, t] < low[t] - slack or x + their_low[b, t] > high[t] + slack:
                apart = True
                break
        if apart:
            continue
        away[:n] = -np.inf
        count, t = n, 0
        while t < d and count > 0:
            x, least, most = values[t, i], low[t], high[t]
            row = others[t, begin:end]
            count = 0
            for c in range(n):
                z = x + row[c]
                away[c] = max(away[c], max(least - z, z - most))
                count += away[c] <= slack
            t += 1
            if 8 * count < n:
                break
        if count == 0:
            continue
        hit = False
        for c in range(n):
            distance = away[c]
            if distance > slack:
                continue
            for s in range(t, d):
                z = values[s, i] + others[s, begin + c]
                distance = max(distance, max(low[s] - z, z - high[s]))
                if distance > slack:
                    break
            radius = radii[i] + off[begin + c]
            if distance > radius:
                continue
            inside = distance <= -radius
            if inside:
                hit = True
                for s in range(sizes.size):
                    sizes[s] += their_polys[their_kinds[begin + c], s]
            if listing or not inside:
                if used == found.shape[0]:
                    return -1
                found[used, 0], found[used, 1], found[used, 2] = i, begin + c, inside
                used += 1
        if hit:
            for s in range(sizes.size):
                if polys[kinds[i], s]:
                    for u in range(sizes.size - s):
                        together[s + u] += polys[kinds[i], s] * sizes[u]
            sizes[:] = 0
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def join(left, right, start, low, high, slack, listing, together, found):
    """All pairs of a vector below node `start` of one tree and any of the other; returns rows (i, j, surely inside) of `found` used.

    left, right : values (d, n), radii, kinds, polys, begins, ends, children, box from, box to, sizes
    low, high : (d,) the window, its ends inside; slack : the largest sum of two radii
    together : (length,) the sizes of what is surely inside are added to it
    found : what has to be decided exactly, and in `listing` what is inside, too. -1 is returned if it is too short.
    """
    begins, ends, children, from_a, to_a, sizes_a = left[4], left[5], left[6], left[7], left[8], left[9]
    their_begins, their_ends, their_children, from_b, to_b, sizes_b = (
        right[4],
        right[5],
        right[6],
        right[7],
        right[8],
        right[9],
    )
    d, length = low.size, together.size
    stack = np.empty((MOST_DEEP, 2), np.int64)
    stack[0, 0], stack[0, 1] = start, 0
    top, used = 1, np.int64(0)
    largest = 1
    for b in range(their_begins.size):
        if their_children[b] == 0:
            largest = max(largest, their_ends[b] - their_begins[b])
    away = np.empty(largest)
    while top > 0:
        top -= 1
        a, b = stack[top, 0], stack[top, 1]
        outside, inside = False, True
        for t in range(d):
            least, most = from_a[a, t] + from_b[b, t], to_a[a, t] + to_b[b, t]
            if most < low[t] - slack or least > high[t] + slack:
                outside = True
                break
            if least < low[t] + slack or most > high[t] - slack:
                inside = False
        if outside:
            continue
        if inside:
            for s in range(length):
                if sizes_a[a, s]:
                    for u in range(length - s):
                        together[s + u] += sizes_a[a, s] * sizes_b[b, u]
            if listing:
                if found.shape[0] - used < (ends[a] - begins[a]) * (their_ends[b] - their_begins[b]):
                    return -1
                for i in range(begins[a], ends[a]):
                    for j in range(their_begins[b], their_ends[b]):
                        found[used, 0], found[used, 1], found[used, 2] = i, j, 1
                        used += 1
            continue
        child, their_child = children[a], their_children[b]
        if child == 0 and their_child == 0:
            used = _leaves(left, right, a, b, low, high, slack, listing, together, away, found, used)
            if used < 0:
                return -1
        elif their_child == 0 or (child != 0 and ends[a] - begins[a] >= their_ends[b] - their_begins[b]):
            stack[top, 0], stack[top, 1] = child, b
            stack[top + 1, 0], stack[top + 1, 1] = child + 1, b
            top += 2
        else:
            stack[top, 0], stack[top, 1] = a, their_child
            stack[top + 1, 0], stack[top + 1, 1] = a, their_child + 1
            top += 2
    return used
