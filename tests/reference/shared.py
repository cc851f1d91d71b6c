"""Subsets for several targets with a small union, by looking at all of them."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np


def fewest_new(samples: list[float], target: float, tolerance: float, held: list[bool]) -> tuple[int, float] | None:
    """Fewest elements that are not held in a subset within the tolerance, and the least error of such a subset; None if there is none."""
    best = None
    for size in range(len(samples) + 1):
        for some in combinations(range(len(samples)), size):
            error = abs(sum(samples[i] for i in some) - target)
            new = sum(not held[i] for i in some)
            if error <= tolerance and (best is None or (new, error) < best):
                best = new, error
    return best


def within(samples: np.ndarray, target: float, tolerance: float) -> np.ndarray:
    """(2^n,) bool: which masks have a sum within the tolerance."""
    masks = np.arange(2 ** len(samples))
    sums = sum(np.where(masks >> i & 1, x, 0.0) for i, x in enumerate(samples.tolist()))
    return np.asarray(np.abs(sums - target) <= tolerance)


def least_union(samples: np.ndarray, targets: np.ndarray, tolerance: float) -> int | None:
    """Elements of the smallest union of subsets, one within the tolerance of each target; None if some target has none.

    A set can be the union (or hold it) if it holds a subset for every target: said of each set by its subsets, element after element.
    """
    every = np.ones(2 ** len(samples), np.bool_)
    for target in targets.tolist():
        holds = within(samples, target, tolerance)
        for i in range(len(samples)):
            pairs = holds.reshape(-1, 2, 2**i)  # [without i, with i]
            pairs[:, 1] |= pairs[:, 0]
        every &= holds
    sets = np.flatnonzero(every).tolist()
    return min(mask.bit_count() for mask in sets) if sets else None


def least_union_by_tuples(samples: np.ndarray, targets: np.ndarray, tolerance: float) -> int | None:
    """The same from all tuples of subsets."""
    lists = [np.flatnonzero(within(samples, target, tolerance)).tolist() for target in targets.tolist()]
    unions = (int(np.bitwise_or.reduce(some)).bit_count() for some in product(*lists))
    return min(unions, default=None)
