"""Whole filters, by the statement: a set of hidden filters, common to all numbers that they stand for; every set is looked at.

Exact rational arithmetic: every float is the fraction it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations


def error_of(
    vectors: Sequence[Sequence[float]], target: Sequence[float], own: Sequence[float], kept: Sequence[int]
) -> Fraction:
    """Largest error of a coordinate, each with its own number or without, whichever is closer."""
    worst = Fraction(0)
    for j, goal in enumerate(target):
        rest = Fraction(goal) - sum((Fraction(vectors[s][j]) for s in kept), Fraction(0))
        worst = max(worst, min(abs(rest), abs(rest - Fraction(own[j]))))
    return worst


def every_set(n: int) -> Iterator[tuple[int, ...]]:
    """All sets of filters, small ones first."""
    for size in range(n + 1):
        yield from combinations(range(n), size)


def closest_filters(
    vectors: Sequence[Sequence[float]], target: Sequence[float], own: Sequence[float]
) -> tuple[Fraction, tuple[int, ...]]:
    """The least error, and a set that has it, of as few filters as there can be."""
    return min((error_of(vectors, target, own, kept), len(kept), kept) for kept in every_set(len(vectors)))[::2]


def fewest_filters(
    vectors: Sequence[Sequence[float]], target: Sequence[float], own: Sequence[float], tolerance: float
) -> int | None:
    """How few filters, with the coordinates that need their own number counted, come within the tolerance; None if no set does."""
    found: int | None = None
    for kept in every_set(len(vectors)):
        size = len(kept)
        for j, goal in enumerate(target):
            rest = Fraction(goal) - sum((Fraction(vectors[s][j]) for s in kept), Fraction(0))
            if abs(rest) > Fraction(tolerance):
                size += 1 if abs(rest - Fraction(own[j])) <= Fraction(tolerance) else 10**6
        if size < 10**6:
            found = size if found is None else min(found, size)
    return found


def candidates(
    inner: Sequence[Sequence[float]],
    outer: Sequence[Sequence[float]],
    width: int,
    input_: int,
    sign: int,
    rows: Sequence[int],
    constants: Sequence[int],
) -> tuple[list[int], list[list[Fraction]]]:
    """Filters whose weight u to their own input has that sign, constants aside, and the vectors |u| V[rows, filter]."""
    numbers = [
        h for h in range(input_ * width, (input_ + 1) * width) if inner[h][input_] * sign > 0 and h not in constants
    ]
    return numbers, [[Fraction(abs(inner[h][input_])) * Fraction(outer[r][h]) for r in rows] for h in numbers]
