"""Numbers of subsets near a target, straight from the statement: by enumeration, and by multiplying polynomials in Python integers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


def by_enumeration(samples: Sequence[float], target: float, epsilon: float) -> list[int]:
    """Subsets of each size with |sum - target| <= epsilon, ends included: all 2^n of them in exact fractions (n <= 14: a second)."""
    sums = [(0, Fraction(0))]
    for sample in samples:
        sums += [(size + 1, total + Fraction(sample)) for size, total in sums]
    counts = [0] * (len(samples) + 1)
    for size, total in sums:
        counts[size] += abs(total - Fraction(target)) <= Fraction(epsilon)
    return counts


def by_polynomial(integers: Sequence[int], target: int, epsilon: int) -> list[int]:
    """The same for integers: coefficients of prod (1 + y q^x), as a dictionary from (size, sum) to the number of subsets."""
    counts: Counter[tuple[int, int]] = Counter({(0, 0): 1})
    for value in integers:
        for (size, total), number in list(counts.items()):
            counts[size + 1, total + value] += number
    answer = [0] * (len(integers) + 1)
    for (size, total), number in counts.items():
        if abs(total - target) <= epsilon:
            answer[size] += number
    return answer


def total_by_polynomial(integers: Sequence[int], target: int, epsilon: int) -> int:
    """Subsets of any size: coefficients of prod (1 + q^x)."""
    counts: Counter[int] = Counter({0: 1})
    for value in integers:
        for total, number in list(counts.items()):
            counts[total + value] += number
    return sum(number for total, number in counts.items() if abs(total - target) <= epsilon)


def by_numpy(samples: NDArray[np.float64], target: float, epsilon: float) -> NDArray[np.int64]:
    """As `by_enumeration`, in float64 for n <= 24: wrong only if a sum lies within rounding (1e-14) of an end of the window."""
    sums, sizes = np.zeros(1), np.zeros(1, np.int8)
    for sample in samples:
        sums, sizes = np.concatenate([sums, sums + sample]), np.concatenate([sizes, sizes + 1])
    return np.bincount(sizes[np.abs(sums - target) <= epsilon], minlength=len(samples) + 1)


def irwin_hall(k: int, x: Fraction) -> Fraction:
    """P(U_1 + ... + U_k <= x), U_i uniform on [0, 1]: the volume of a cut cube, by inclusion and exclusion of its corners."""
    if x <= 0 or x >= k:
        return Fraction(int(x >= k))
    return sum(
        ((-1) ** j * math.comb(k, j) * (x - j) ** k for j in range(math.floor(x) + 1)), Fraction(0)
    ) / math.factorial(k)
