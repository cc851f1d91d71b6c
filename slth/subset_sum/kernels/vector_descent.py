"""Vectors by local search: flips of one element or two, under the Euclidean norm and the maximum norm, from many starts.

In the maximum norm a flip pays only if it pays in the worst coordinate, so that is looked at first: nearly all pairs end there. A
coordinate may have a number of its own that it takes or leaves, whichever is closer: `own`, zeros for none.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def _off(rest, own):
    """What is left of a coordinate, with its own number or without."""
    return min(abs(rest), abs(rest - own))


@njit(cache=True, nogil=True, error_model="numpy")
def _order(rest, own, values, order):
    """Coordinates by what is left of them, largest first: into order; values (d,) is overwritten. Returns the largest."""
    d = rest.size
    for c in range(d):
        values[c] = -_off(rest[c], own[c])
    order[:] = np.argsort(values)
    return -values[order[0]]


@njit(cache=True, nogil=True, error_model="numpy")
def descend(samples, own, chosen, rest):
    """The best flip of one element or of two, in the maximum norm, as long as there is one.

    samples (n, d), own (d,), chosen (n,) bool and rest (d,) = target - sum, both changed in place; returns the error.
    """
    n, d = samples.shape
    values, order = np.empty(d), np.empty(d, np.int64)
    signed = np.empty((n, d))  # what a flip takes from the rest, worst coordinate first
    ranked, ranked_own = np.empty(d), np.empty(d)
    while True:
        low = _order(rest, own, values, order)
        for c in range(d):
            ranked[c], ranked_own[c] = rest[order[c]], own[order[c]]
        for i in range(n):
            sign = -1.0 if chosen[i] else 1.0
            for c in range(d):
                signed[i, c] = sign * samples[i, order[c]]
        one, two = -1, -1
        for i in range(n):
            largest = 0.0
            for c in range(d):
                largest = max(largest, _off(ranked[c] - signed[i, c], ranked_own[c]))
                if largest >= low:
                    break
            if largest < low:
                low, one, two = largest, i, -1
        for i in range(n):
            first = ranked[0] - signed[i, 0]
            for j in range(i):
                if _off(first - signed[j, 0], ranked_own[0]) >= low:
                    continue
                largest = 0.0
                for c in range(d):
                    largest = max(largest, _off(ranked[c] - signed[i, c] - signed[j, c], ranked_own[c]))
                    if largest >= low:
                        break
                if largest < low:
                    low, one, two = largest, i, j
        if one < 0:
            return low
        before = _order(rest, own, values, order)
        _flip(samples, chosen, rest, one)
        if two >= 0:
            _flip(samples, chosen, rest, two)
        after = _order(rest, own, values, order)
        if after >= before:  # rounding alone made it look better
            return after


@njit(cache=True, nogil=True, error_model="numpy")
def _flip(samples, chosen, rest, i):
    sign = -1.0 if chosen[i] else 1.0
    for c in range(rest.size):
        rest[c] -= sign * samples[i, c]
    chosen[i] = not chosen[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _descend_squares(gram, inner, chosen):
    """The same in the Euclidean norm, singles while there are any: gram = samples @ samples.T, inner = samples @ rest; both by n alone."""
    n = inner.size
    gain, sign = np.empty(n), np.empty(n)
    for _ in range(20 * n):
        low, one, two = 0.0, -1, -1
        for i in range(n):
            sign[i] = -1.0 if chosen[i] else 1.0
            gain[i] = gram[i, i] - 2 * sign[i] * inner[i]
            if gain[i] < low:
                low, one = gain[i], i
        if one < 0:
            low = -1e-12 * gram[0, 0]
            for i in range(n):
                for j in range(i):
                    both = gain[i] + gain[j] + 2 * sign[i] * sign[j] * gram[i, j]
                    if both < low:
                        low, one, two = both, i, j
        if one < 0:
            return
        for i in range(n):
            inner[i] -= sign[one] * gram[i, one]
            if two >= 0:
                inner[i] -= sign[two] * gram[i, two]
        chosen[one] = not chosen[one]
        if two >= 0:
            chosen[two] = not chosen[two]


@njit(cache=True, nogil=True, error_model="numpy")
def left_over(samples, target, chosen):
    """target - sum of the chosen samples, (d,)."""
    n, d = samples.shape
    rest = target.copy()
    for i in range(n):
        if chosen[i]:
            for c in range(d):
                rest[c] -= samples[i, c]
    return rest


@njit(cache=True, nogil=True, error_model="numpy")
def search(samples, target, own, kicks):
    """Descents from the best subset so far with some elements flipped, every other one by way of the Euclidean norm.

    samples (n, d), target (d,), own (d,), kicks (rounds, k) elements to flip before each descent -> chosen (n,) bool, error.
    """
    n, d = samples.shape
    plain = True  # the Euclidean norm knows nothing of numbers of their own
    for c in range(d):
        plain = plain and own[c] == 0.0
    gram = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for c in range(d):
                total += samples[i, c] * samples[j, c]
            gram[i, j], gram[j, i] = total, total
    best = np.zeros(n, np.bool_)
    error = 0.0
    for c in range(d):
        error = max(error, _off(target[c], own[c]))
    inner = np.empty(n)
    for number in range(-2, kicks.shape[0]):
        chosen = best.copy() if number >= 0 else np.zeros(n, np.bool_)
        if number >= 0:
            for k in range(kicks.shape[1]):
                i = kicks[number, k]
                chosen[i] = not chosen[i]
        rest = left_over(samples, target, chosen)
        if plain and number % 2 == 0:
            for i in range(n):
                total = 0.0
                for c in range(d):
                    total += samples[i, c] * rest[c]
                inner[i] = total
            _descend_squares(gram, inner, chosen)
            rest = left_over(samples, target, chosen)
        found = descend(samples, own, chosen, rest)
        if found < error:
            error, best = found, chosen
    return best, error


@njit(cache=True, nogil=True, error_model="numpy")
def thin(samples, target, own, chosen, epsilon):
    """Leave out elements, one or two at a time or two for another one, as long as the error stays within epsilon; in place."""
    n, d = samples.shape
    rest = left_over(samples, target, chosen)
    while True:
        low, one, two, three = epsilon, -1, -1, -1
        for i in range(n):
            if chosen[i]:
                largest = 0.0
                for c in range(d):
                    largest = max(largest, _off(rest[c] + samples[i, c], own[c]))
                    if largest > low:
                        break
                if largest <= low:
                    low, one = largest, i
        for i in range(n):
            for j in range(i):
                if one >= 0 and two < 0:  # a single one is the first choice: it leaves more to be left out later
                    break
                if not (chosen[i] and chosen[j]):
                    continue
                for k in range(-1, n):
                    if k >= 0 and chosen[k]:
                        continue
                    largest = 0.0
                    for c in range(d):
                        more = samples[k, c] if k >= 0 else 0.0
                        largest = max(largest, _off(rest[c] + samples[i, c] + samples[j, c] - more, own[c]))
                        if largest > low:
                            break
                    if largest <= low:
                        low, one, two, three = largest, i, j, k
        if one < 0:
            return
        _flip(samples, chosen, rest, one)
        if two >= 0:
            _flip(samples, chosen, rest, two)
        if three >= 0:
            _flip(samples, chosen, rest, three)
