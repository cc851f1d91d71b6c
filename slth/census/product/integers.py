"""The product exactly, by Kronecker's substitution: x becomes a power of ten so large that no coefficient reaches the next one's digits.

Python's `decimal` multiplies by number-theoretic transforms, its integers by Karatsuba's method: with 3.5e7 bits (400 weights of 21
candidates) the former took 8 s where the latter took 60 s.
"""

from __future__ import annotations

import heapq
import math
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Final

from slth.census.product.polynomials import Polynomials

AFFORDABLE: Final = 1e7  # bits of the product: about a second, 200 weights of 21 candidates
_DIGITS = 4000  # that Python turns into an integer at once


def cost(polynomials: Polynomials) -> float:
    """Bits of the product: (degree + 1) times those of a coefficient."""
    return (polynomials.degree + 1.0) * (polynomials.bits + 8)


def product(polynomials: Polynomials) -> list[int]:
    """Coefficients of the product from its lowest term on, `degree` + 1 of them; exact.

    The two shortest numbers are multiplied first. Time O(b log b log g) of b = `cost` bits and g factors, memory some b bytes.
    """
    digits = int(polynomials.bits * math.log10(2)) + 3
    exact = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
    heap: list[tuple[int, int, Decimal]] = []
    number = 0
    rows = zip(polynomials.rows.tolist(), polynomials.tops.tolist(), polynomials.copies.tolist(), strict=True)
    for row, top, copies in rows:
        square = Decimal("".join(str(value).zfill(digits) for value in row[top::-1]))
        while copies:
            if copies & 1:
                heap.append((square.adjusted(), number, square))
                number += 1
            copies >>= 1
            if copies:
                square = exact.multiply(square, square)
    heapq.heapify(heap)
    while len(heap) > 1:
        both = exact.multiply(heapq.heappop(heap)[2], heapq.heappop(heap)[2])
        heapq.heappush(heap, (both.adjusted(), number, both))
        number += 1
    terms = polynomials.degree + 1
    text = format(heap[0][2] if heap else Decimal(1), "f").zfill(terms * digits)
    ends = range(len(text), len(text) - terms * digits, -digits)
    return [_integer(text[end - digits : end]) for end in ends]


def _integer(text: str) -> int:
    """As `int`, which refuses thousands of digits."""
    value = 0
    for start in range(0, len(text), _DIGITS):
        part = text[start : start + _DIGITS]
        value = value * 10 ** len(part) + int(part)
    return value
