"""Closest subset as number partitioning: one more number, and two sides.

With signs s_i = +1 for the chosen and -1 for the others, 2 (sum - target) = sum s_i x_i - (2 target - total). So a partition of the numbers
|x_i| and |2 target - total| into two sides whose sums differ by D is a subset with error D / 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.heuristics.long_row import LongRow
from slth.subset_sum.kernels import heuristics as kernel

_TREE = 400  # numbers that the complete tree branches over: the largest ones before are only differenced
_BITS = 61


@dataclass(frozen=True, eq=False)
class Partition:
    """numbers (n + 1,) int64 >= 0, the last |2 target - total|; signs (n,) that make them of the samples; exact: nothing was rounded."""

    numbers: NDArray[np.int64]
    signs: NDArray[np.int64]
    exact: bool

    @classmethod
    def of(cls, row: LongRow) -> Partition:
        if row.samples.dtype == np.int64:
            values, exponent, exact = row.samples.copy(), 0, True
        else:
            exponent = _BITS - math.frexp(float(np.abs(row.samples).max()))[1]
            with np.errstate(under="ignore"):
                scaled = np.rint(np.ldexp(row.samples, exponent))
                exact = bool((np.ldexp(scaled, -exponent) == row.samples).all())
            values = scaled.astype(np.int64)
        goal = Fraction(row.target) * Fraction(2) ** exponent
        # the sum of n int64, in two parts that cannot overflow
        total = (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())
        extra = round(2 * goal) - total
        exact &= 2 * goal == round(2 * goal)
        # common factors of two are of no use
        bits = int(np.bitwise_or.reduce(np.abs(values))) | abs(extra)
        spare = min((bits & -bits).bit_length() - 1, 62) if exact and bits else 0
        values, extra = values >> spare, extra >> spare
        down = max(extra.bit_length() - _BITS, 0)
        if down:
            values, extra, exact = (values + (1 << min(down, 62) >> 1)) >> min(down, 62), extra >> down, False
        signs = np.sign(values) * (-1 if extra < 0 else 1)
        return cls(np.append(np.abs(values), abs(extra)), signs, exact)

    def solve(self, nodes: int) -> tuple[NDArray[np.bool_], bool]:
        """Chosen (n,), and whether that is proven; nodes: of the complete tree, 0 for plain differencing."""
        numbers = self.numbers
        m = numbers.size
        remain = min(m, _TREE) if nodes else 1
        order = np.argsort(-numbers, kind="stable")
        kept, dropped = np.empty(m - remain, np.int64), np.empty(m - remain, np.int64)
        rest, items = np.empty(remain, np.int64), np.empty(remain, np.int64)
        kernel.differencing(numbers, order, remain, kept, dropped, rest, items)
        sides = np.ones(m, np.int64)
        proven = False
        if nodes:
            total = sum(int(x) for x in rest)
            down = max(total.bit_length() - _BITS, 0)
            tree = rest >> down
            first, second, same = (
                np.empty(remain - 1, np.int64),
                np.empty(remain - 1, np.int64),
                np.empty(remain - 1, np.bool_),
            )
            _, complete = kernel.complete(tree, nodes, first, second, same)
            lost = down > 0 and bool((rest & ((1 << down) - 1)).any())
            proven = bool(complete) and self.exact and remain == m and not lost
            of_rest = np.ones(remain, np.int64)
            kernel.colour(first, second, same, of_rest)
            sides[items] = of_rest
        kernel.colour(kept, dropped, np.zeros(kept.size, np.bool_), sides)
        # the extra number stands on the side of the samples that are left out
        chosen: NDArray[np.bool_] = sides[:-1] * self.signs == -sides[-1]
        return chosen, proven
