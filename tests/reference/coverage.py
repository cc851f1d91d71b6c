"""Which targets lie within epsilon of a subset sum, by looking at all 2^n subsets in exact rational arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple


class Covered(NamedTuple):
    """Share of the interval that is covered, length of its longest stretch that is not, and whether all of it is covered."""

    share: Fraction
    gap: Fraction
    all: bool


def covered(
    samples: Sequence[float], epsilon: float, interval: tuple[float, float], sizes: tuple[int, int] | None = None
) -> Covered:
    """The union of [s - epsilon, s + epsilon] over the sums s of subsets (of sizes[0] to sizes[1] samples), cut to the interval.

    The union is closed, so what it leaves of the interval is made of stretches of positive length: all is covered if there is none.
    """
    sums = [(0, Fraction(0))]
    for sample in samples:
        sums += [(size + 1, total + Fraction(sample)) for size, total in sums]
    low, high = sizes or (0, len(samples))
    radius = Fraction(epsilon)
    start, end = map(Fraction, interval)
    stretches = []
    at = start  # the interval is settled up to here
    for total in sorted({total for size, total in sums if low <= size <= high}):
        if total + radius < at:
            continue
        if total - radius >= end:
            break
        if total - radius > at:
            stretches.append(total - radius - at)
        at = total + radius
    if at < end:
        stretches.append(end - at)
    return Covered(1 - sum(stretches, Fraction(0)) / (end - start), max(stretches, default=Fraction(0)), not stretches)


def first_prefix(
    samples: Sequence[float], epsilon: float, interval: tuple[float, float], sizes: tuple[int, int] | None = None
) -> int:
    """Least t such that the first t samples cover the whole interval; n + 1 if there is none."""
    for t in range(len(samples) + 1):
        if covered(samples[:t], epsilon, interval, sizes or (0, t)).all:
            return t
    return len(samples) + 1
