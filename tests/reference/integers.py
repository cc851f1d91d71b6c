"""Exact arithmetic without fractions: numbers times their common denominator are integers, which add and compare much faster."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction


def in_units(numbers: Iterable[float | Fraction]) -> tuple[list[int], int]:
    """The numbers as integers and the unit: number i is integer i / unit, exactly. For floats the unit is a power of two."""
    fractions = [Fraction(x) for x in numbers]
    unit = math.lcm(*(x.denominator for x in fractions))
    return [x.numerator * (unit // x.denominator) for x in fractions], unit


def subset_sums(values: Sequence[int], start: int = 0) -> list[int]:
    """The sums of all 2^n subsets, from `start` on, in order of the mask."""
    sums = [start]
    for value in values:
        sums += [total + value for total in sums]
    return sums
