"""Sums of random integers and numbers with all signs: exact moments of the number of partitions, and the least discrepancy of many rows."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import accumulate, product
from typing import Any

import numpy as np
from numpy.typing import NDArray


def sign_sums(n: int, M: int) -> list[list[int]]:
    """For m = 0..n, how many pairs (s, X) of {-1, 1}^m and {1..M}^m have s . X = z, at index z + m M."""
    rows = [[1]]
    for _ in range(n):
        row = rows[-1]
        before = [0, *accumulate(row)]
        last = len(row)
        # z comes from z - x and z + x: all of z - M..z + M but z itself
        rows.append(
            [
                before[min(z + M + 1, last)] - before[min(max(z - M, 0), last)] - (row[z] if 0 <= z < last else 0)
                for z in range(-M, last + M)
            ]
        )
    return rows


def moments(rows: list[list[int]], n: int, M: int, z: int) -> tuple[Fraction, Fraction]:
    """E U_z and E U_z^2, in fractions."""

    def chance(m: int, z: int) -> Fraction:
        return Fraction(rows[m][z + m * M], (2 * M) ** m) if abs(z) <= m * M else Fraction(0)

    parity = Fraction(sum(rows[n][(z + n * M) % 2 :: 2]), (2 * M) ** n)
    pairs = sum(math.comb(n, j) * chance(n - j, z) * chance(j, 0) for j in range(n + 1))
    first, second = 2**n * chance(n, z) / parity, 2**n * pairs / parity
    return (first / 2, second / 4) if z == 0 else (first, second)


def half_sums(x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(trials, 2^(n/2)) sums of all signs over each half of the columns; the first sign is +."""
    middle = x.shape[1] // 2
    signs = [np.array(list(product((1, -1), repeat=size))) for size in (middle, x.shape[1] - middle)]
    return x[:, :middle] @ signs[0][: 2 ** (middle - 1)].T, x[:, middle:] @ signs[1].T


def least_discrepancies(x: NDArray[Any]) -> NDArray[Any]:
    """(trials,) least discrepancy of each row, from the two halves."""
    left, right = half_sums(x)
    right = np.sort(right, axis=1)
    found = np.empty(len(x), x.dtype)
    for i, (firsts, seconds) in enumerate(zip(left, right, strict=True)):
        at = np.searchsorted(seconds, -firsts)
        above = np.abs(firsts + seconds[np.minimum(at, len(seconds) - 1)])
        below = np.abs(firsts + seconds[np.maximum(at - 1, 0)])
        found[i] = min(above.min(), below.min())
    return found
