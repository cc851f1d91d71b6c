"""Subset sums of vectors in exact rational arithmetic, by looking at all 2^n subsets: every float is the fraction it stands for.

Distances are compared as numbers: the largest |coordinate| of sum - target, or the sum of the squares (which orders like its root).
Rule among equally close subsets: fewest elements, then the smallest mask (bit i = vector i).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from tests.reference.integers import in_units

Vector = Sequence[float]


def distances(samples: Sequence[Vector], target: Vector, norm: str) -> Iterator[tuple[int, Fraction]]:
    """All 2^n pairs (mask, distance), in order of the mask; squared for the norm "l2"."""
    d = len(target)
    values, unit = in_units([*target, *(x for sample in samples for x in sample)])
    sums = [tuple(-x for x in values[:d])]
    for at in range(d, len(values), d):
        sums += [tuple(a + b for a, b in zip(total, values[at : at + d], strict=True)) for total in sums]
    for mask, total in enumerate(sums):
        yield (
            mask,
            Fraction(max(map(abs, total)), unit) if norm == "max" else Fraction(sum(x * x for x in total), unit**2),
        )


def closest(
    samples: Sequence[Vector], target: Vector, norm: str, low: int = 0, high: int | None = None
) -> tuple[int, Fraction]:
    """Mask and distance of the closest subset of low to high elements."""
    most = len(samples) if high is None else high
    distance, _, mask = min(
        (distance, mask.bit_count(), mask)
        for mask, distance in distances(samples, target, norm)
        if low <= mask.bit_count() <= most
    )
    return mask, distance


def smallest_within(
    samples: Sequence[Vector], target: Vector, epsilon: float, norm: str, low: int = 0, high: int | None = None
) -> int | None:
    """Mask of the subset of fewest elements within epsilon, then the closest, then the smallest mask; None if there is none."""
    most = len(samples) if high is None else high
    bound = Fraction(epsilon) if norm == "max" else Fraction(epsilon) ** 2
    inside = [
        (mask.bit_count(), distance, mask)
        for mask, distance in distances(samples, target, norm)
        if distance <= bound and low <= mask.bit_count() <= most
    ]
    return min(inside)[2] if inside else None


def distance(samples: Sequence[Vector], target: Vector, mask: int, norm: str) -> Fraction:
    """Distance of one subset; squared for the norm "l2"."""
    parts = [
        sum((Fraction(sample[c]) for i, sample in enumerate(samples) if mask >> i & 1), Fraction(0)) - Fraction(goal)
        for c, goal in enumerate(target)
    ]
    return max(map(abs, parts)) if norm == "max" else sum((x * x for x in parts), Fraction(0))
