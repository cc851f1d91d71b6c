"""What the heads of an attention layer amount to: two matrices each, in exact rational arithmetic; imports nothing of slth.

The score of a key x_k for a query x_q is ``(Q x_q + b) . (K x_k) = sum_ij [x_q, 1]_i A_ij (x_k)_j``, the output of a head the average of
``O V x_k``; the biases of keys add the same to all scores of a query, those of values and output the same to every output.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

Matrix = list[list[Fraction]]


def exact(matrix: Any) -> Matrix:
    """Rows of floats as fractions."""
    return [[Fraction(float(entry)) for entry in row] for row in matrix]


def scores(query: Any, key: Any, bias: Any, heads: int, h: int, factor: float) -> Matrix:
    """A of head h, (d or d + 1, d): queries and keys (heads n, d), bias (heads n,) or None."""
    n = len(query) // heads
    mine = range(h * n, (h + 1) * n)
    rows = [[Fraction(float(query[t][i])) for t in mine] for i in range(len(query[0]))]
    if bias is not None:
        rows.append([Fraction(float(bias[t])) for t in mine])
    unit = Fraction(float(factor))
    return [
        [
            unit * sum((q * Fraction(float(key[t][j])) for q, t in zip(row, mine, strict=True)), Fraction(0))
            for j in range(len(key[0]))
        ]
        for row in rows
    ]


def values(value: Any, output: Any, heads: int, h: int, factor: float) -> Matrix:
    """B of head h, (d_out, d): values (heads n, d), output (d_out, heads n)."""
    n = len(value) // heads
    mine = range(h * n, (h + 1) * n)
    unit = Fraction(float(factor))
    return [
        [
            unit * sum((Fraction(float(row[t])) * Fraction(float(value[t][j])) for t in mine), Fraction(0))
            for j in range(len(value[0]))
        ]
        for row in output
    ]


def bias(value_bias: Any, output: Any, output_bias: Any, heads: int, factors: Sequence[float]) -> list[Fraction]:
    """What is added to every output; the output's own bias has the factor of the first head."""
    found = []
    for o, row in enumerate(output):
        total = Fraction(0) if output_bias is None else Fraction(float(factors[0])) * Fraction(float(output_bias[o]))
        if value_bias is not None:
            n = len(value_bias) // heads
            total += sum(
                (
                    Fraction(float(factors[t // n])) * Fraction(float(row[t])) * Fraction(float(value_bias[t]))
                    for t in range(len(value_bias))
                ),
                Fraction(0),
            )
        found.append(total)
    return found


def attended(x: Any, a: Sequence[Matrix], b: Sequence[Matrix], added: Sequence[Fraction], causal: bool) -> list[Any]:
    """One sequence (positions, d) through the merged matrices; exact but for the exponentials and their averages."""
    rows = exact(x)
    found = []
    for t, mine in enumerate(rows):
        seen = rows[: t + 1] if causal else rows
        out = [float(entry) for entry in added]
        for score, value in zip(a, b, strict=True):
            asked = [*mine, Fraction(1)][: len(score)]
            asking = [
                sum((q * row[j] for q, row in zip(asked, score, strict=True)), Fraction(0)) for j in range(len(mine))
            ]
            points = [sum((s * k for s, k in zip(asking, other, strict=True)), Fraction(0)) for other in seen]
            powers = [math.exp(float(p - max(points))) for p in points]
            for o, row in enumerate(value):
                each = [float(sum((v * k for v, k in zip(row, other, strict=True)), Fraction(0))) for other in seen]
                out[o] += math.fsum(p * y for p, y in zip(powers, each, strict=True)) / math.fsum(powers)
        found.append(out)
    return found
