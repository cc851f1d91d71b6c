"""Subset sums in exact rational arithmetic: every float is the fraction it stands for, so no answer is ever rounded.

The canonical answer among equals, which every algorithm compared with these twins must give:
minimal |sum - target|; among ties the fewest elements; among those the smallest mask read as an integer (bit i =
element i). A zero is therefore never chosen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.reference.integers import in_units, subset_sums


class Subset(NamedTuple):
    """A subset of the samples: which, and what it adds up to."""

    mask: int
    chosen: list[bool]
    sum: Fraction
    error: Fraction


def closest(samples: Sequence[float], target: float) -> Subset:
    """The subset whose sum is closest to the target, by looking at all 2^n of them; n <= 14 takes under a second."""
    (*values, goal), _ = in_units([*samples, target])
    _, _, mask = min((abs(total - goal), mask.bit_count(), mask) for mask, total in enumerate(subset_sums(values)))
    return _subset(mask, samples, target)


def smallest_within(samples: Sequence[float], target: float, epsilon: float) -> Subset | None:
    """The subset of fewest elements with |sum - target| <= epsilon, then closest, then smallest mask; None if none."""
    (*values, goal, tolerance), _ = in_units([*samples, target, epsilon])
    within = [
        (mask.bit_count(), abs(total - goal), mask)
        for mask, total in enumerate(subset_sums(values))
        if abs(total - goal) <= tolerance
    ]
    return _subset(min(within)[2], samples, target) if within else None


def closest_meet(samples: Sequence[float], target: float) -> Subset:
    """Equivalent to `closest`, in 2^(n/2) steps instead of 2^n; n = 26 takes a tenth of a second.

    All numbers are multiplied by their common denominator and become integers. Each half of the samples keeps, for
    every value its subsets reach, the best of them: fewest elements, then smallest mask. That loses nothing, since
    sizes add and the two halves of a mask do not touch. For each value of the low half only the two neighbours of
    `target - value` among the values of the high half can be closest.
    """
    (*integers, goal), _ = in_units([*samples, target])
    half = len(integers) // 2
    low, high = _best_of_each_value(integers[:half]), _best_of_each_value(integers[half:])
    high_values = sorted(high)

    best: tuple[int, int, int] | None = None
    for low_value, (low_size, low_mask) in low.items():
        after = bisect_right(high_values, goal - low_value)
        for high_value in high_values[max(after - 1, 0) : after + 1]:
            high_size, high_mask = high[high_value]
            found = (abs(low_value + high_value - goal), low_size + high_size, high_mask << half | low_mask)
            if best is None or found < best:
                best = found
    assert best is not None  # both halves hold at least the empty subset
    return _subset(best[2], samples, target)


def _best_of_each_value(integers: Sequence[int]) -> dict[int, tuple[int, int]]:
    """For every value a subset adds up to: (size, mask) of the smallest such subset, then of the smallest mask."""
    best: dict[int, tuple[int, int]] = {}
    for mask, total in enumerate(subset_sums(integers)):
        candidate = (mask.bit_count(), mask)
        best[total] = min(best.get(total, candidate), candidate)
    return best


def _subset(mask: int, samples: Sequence[float], target: float) -> Subset:
    """The answer that belongs to a mask, its sum added afresh."""
    chosen = [bool(mask >> index & 1) for index in range(len(samples))]
    total = sum((Fraction(sample) for sample, taken in zip(samples, chosen, strict=True) if taken), Fraction(0))
    return Subset(mask, chosen, total, abs(total - Fraction(target)))
