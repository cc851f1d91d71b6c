"""Is there a subset within epsilon, of a size asked for? By looking, in exact arithmetic. Imports nothing of slth."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

from tests.reference.integers import in_units, subset_sums


def is_within(samples: Sequence[float], mask: int, target: float, epsilon: float, low: int, high: int) -> bool:
    """Whether the samples in `mask` are low to high many and add up to the target up to epsilon, the border included."""
    total = sum((Fraction(x) for i, x in enumerate(samples) if mask >> i & 1), Fraction(0))
    return low <= mask.bit_count() <= high and mask >> len(samples) == 0 and abs(total - Fraction(target)) <= epsilon


def exists_within(samples: Sequence[float], target: float, epsilon: float, low: int, high: int) -> bool:
    """Whether any of the 2^n subsets is; n <= 10 takes milliseconds."""
    (*values, goal, tolerance), _ = in_units([*samples, target, epsilon])
    sums = enumerate(subset_sums(values))
    return any(low <= mask.bit_count() <= high and abs(total - goal) <= tolerance for mask, total in sums)


def exists_within_by_halves(samples: Sequence[float], target: float, epsilon: float, low: int, high: int) -> bool:
    """Equivalent to `exists_within`: for each sum and size of one half, the sums of each size of the other are searched; n = 20."""
    (*values, goal, tolerance), _ = in_units([*samples, target, epsilon])
    half = len(values) // 2
    left, right = _by_size(values[:half]), _by_size(values[half:])
    for i, some in enumerate(left):
        for j in range(max(low - i, 0), min(high - i, len(right) - 1) + 1):
            for total in some:
                at = bisect_left(right[j], goal - tolerance - total)
                if at < len(right[j]) and right[j][at] <= goal + tolerance - total:
                    return True
    return False


def _by_size(values: Sequence[int]) -> list[list[int]]:
    """The sums of each size in ascending order."""
    classes: list[set[int]] = [{0}] + [set() for _ in values]
    for done, value in enumerate(values):
        for size in range(done, -1, -1):
            classes[size + 1] |= {total + value for total in classes[size]}
    return [sorted(some) for some in classes]
