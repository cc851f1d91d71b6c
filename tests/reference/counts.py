"""Numbers of subsets by size, from the statement: a subset counts if |sum - target| <= epsilon, every float being the fraction it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.reference.integers import in_units, subset_sums


def counts_by_size(samples: Sequence[float], target: float, epsilon: float) -> list[int]:
    """For k = 0, ..., n the number of subsets of k samples within epsilon of the target, by looking at all 2^n; n <= 14 takes a second."""
    (*values, goal, margin), _ = in_units([*samples, target, epsilon])
    counts = [0] * (len(samples) + 1)
    for mask, total in enumerate(subset_sums(values)):
        if abs(total - goal) <= margin:
            counts[mask.bit_count()] += 1
    return counts


def integer_counts_by_size(samples: Sequence[int], low: int, high: int) -> list[int]:
    """The same for integers and low <= sum <= high, by dynamic programming over sums and sizes: any n, few different sums."""
    ways = Counter({(0, 0): 1})
    for sample in samples:
        grown = Counter(ways)
        for (total, size), number in ways.items():
            grown[total + sample, size + 1] += number
        ways = grown
    counts = [0] * (len(samples) + 1)
    for (total, size), number in ways.items():
        if low <= total <= high:
            counts[size] += number
    return counts
