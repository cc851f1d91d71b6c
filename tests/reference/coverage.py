"""Which targets lie within epsilon of a subset sum, by looking at all 2^n subsets in exact rational arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.reference.integers import in_units, subset_sums


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
    (*values, radius, start, end), unit = in_units([*samples, epsilon, *interval])
    low, high = sizes or (0, len(samples))
    sums = {total for mask, total in enumerate(subset_sums(values)) if low <= mask.bit_count() <= high}
    stretches = []
    at = start  # the interval is settled up to here
    for total in sorted(sums):
        if total + radius < at:
            continue
        if total - radius >= end:
            break
        if total - radius > at:
            stretches.append(total - radius - at)
        at = total + radius
    if at < end:
        stretches.append(end - at)
    share = 1 - Fraction(sum(stretches), end - start)
    return Covered(share, Fraction(max(stretches, default=0), unit), not stretches)


def first_prefix(
    samples: Sequence[float], epsilon: float, interval: tuple[float, float], sizes: tuple[int, int] | None = None
) -> int:
    """Least t such that the first t samples cover the whole interval; n + 1 if there is none."""
    for t in range(len(samples) + 1):
        if covered(samples[:t], epsilon, interval, sizes or (0, t)).all:
            return t
    return len(samples) + 1
