"""Perturbed subset sums by enumeration: all subsets, and all corners of the box in which their elements may move."""

from itertools import product


def reachable(values, gains, c):
    """Ends of what sum(g_k (v_k + d_k)) takes for |d_k| <= c: a linear function is extreme in corners."""
    sums = [
        sum(g * (v + c * s) for v, g, s in zip(values, gains, signs, strict=True))
        for signs in product((-1, 1), repeat=len(values))
    ]
    return min(sums), max(sums)


def distance(interval, z):
    low, high = interval
    return max(0.0, low - z, z - high)


def closest(samples, z, c):
    """The least error of any subset with any movement."""
    best = abs(z)
    for bits in product((0, 1), repeat=len(samples)):
        chosen = [x for x, bit in zip(samples, bits, strict=True) if bit]
        if chosen:
            best = min(best, distance(reachable(chosen, [1.0] * len(chosen), c), z))
    return best


def least_movement(samples, z, c, steps=60):
    """The least movement with which some subset meets z exactly, by bisection; None where c is not enough."""
    if closest(samples, z, c) > 0:
        return None
    low, high = 0.0, c
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if closest(samples, z, middle) == 0 else (middle, high)
    return high
