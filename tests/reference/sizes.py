"""Subset sums where the number of elements is prescribed, in exact rational arithmetic.

The canonical answer among the subsets of `low` to `high` elements: minimal |sum - target|; among ties the fewest elements; among
those the smallest mask read as an integer (bit i = element i). A zero is chosen only where a size needs it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.reference.integers import in_units, subset_sums


class Found(NamedTuple):
    """A subset, as the canonical rule ranks it."""

    error: Fraction
    size: int
    mask: int


def every_error(samples: Sequence[float], target: float) -> list[Fraction]:
    """|sum - target| of all 2^n subsets, in order of the mask."""
    (*values, goal), unit = in_units([*samples, target])
    return [Fraction(abs(total), unit) for total in subset_sums(values, -goal)]


def closest_by_size(samples: Sequence[float], target: float) -> list[Found]:
    """For every size 0 .. n its closest subset, by looking at all 2^n; of a range of sizes, the least of its entries."""
    (*values, goal), unit = in_units([*samples, target])
    errors = [abs(total) for total in subset_sums(values, -goal)]
    by_size: list[list[int]] = [[] for _ in range(len(samples) + 1)]
    for mask in range(len(errors)):
        by_size[mask.bit_count()].append(mask)
    best = [min(masks, key=lambda mask: (errors[mask], mask)) for masks in by_size]
    return [Found(Fraction(errors[mask], unit), size, mask) for size, mask in enumerate(best)]


def smallest_within(samples: Sequence[float], target: float, epsilon: float, low: int, high: int) -> int | None:
    """Mask of the fewest elements, `low` to `high`, within epsilon; then closest, then the smallest mask; None if there is none."""
    within = [found for found in closest_by_size(samples, target)[low : high + 1] if found.error <= Fraction(epsilon)]
    return min(within, key=lambda found: found.size).mask if within else None


def closest_by_size_meet(samples: Sequence[int], target: int) -> list[Found]:
    """Equivalent to `closest_by_size` for integers, in about n 2^(n/2) steps.

    Each half keeps, for every size and every value reached with it, the smallest mask. That loses nothing, since the two halves of
    a mask do not touch. For a value of the left half only the two neighbours of `target - value` on the right can be closest.
    """
    half = len(samples) // 2
    left, right = _smallest_masks(samples[:half]), _smallest_masks(samples[half:])
    best: list[Found | None] = [None] * (len(samples) + 1)
    for i, lefts in enumerate(left):
        for j, rights in enumerate(right):
            values = sorted(rights)
            for value, mask in lefts.items():
                at = bisect_left(values, target - value)
                for other in values[max(at - 1, 0) : at + 1]:
                    error = Fraction(abs(value + other - target))
                    found = Found(error, i + j, rights[other] << half | mask)
                    known = best[i + j]
                    best[i + j] = found if known is None else min(known, found)
    return [found for found in best if found is not None]


def _smallest_masks(samples: Sequence[int]) -> list[dict[int, int]]:
    """For each size, every value its subsets add up to, with the smallest mask."""
    classes: list[dict[int, int]] = [{} for _ in range(len(samples) + 1)]
    for mask in range(1 << len(samples)):
        value = sum(sample for i, sample in enumerate(samples) if mask >> i & 1)
        classes[mask.bit_count()].setdefault(value, mask)
    return classes
