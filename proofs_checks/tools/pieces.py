"""Two-layer pieces of random networks with fractions for weights, pruned by exhaustive subset sums: the construction on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from random import Random

Matrix = list[list[Fraction]]


def apply(matrix: Matrix, x: Sequence[Fraction]) -> list[Fraction]:
    return [sum((a * b for a, b in zip(row, x, strict=True)), Fraction()) for row in matrix]


@dataclass(frozen=True)
class Piece:
    """x -> second relu(first x) after pruning, entries 0 where pruned, and the errors of its entries against the target.

    For x_j > 0 the piece multiplies x_j by target + errors_positive, for x_j < 0 by target + errors_negative.
    """

    first: Matrix
    second: Matrix
    errors_positive: Matrix
    errors_negative: Matrix

    def __call__(self, x: Sequence[Fraction]) -> list[Fraction]:
        return apply(self.second, [max(h, Fraction(0)) for h in apply(self.first, x)])


def prune(rng: Random, target: Matrix, n: int) -> Piece:
    """Draw a piece with blocks of n hidden neurons for each input and sign, and prune it to a target.

    The block of input j and sign s is made of the hidden neurons (2 j + [s < 0]) n, ..., + n - 1. A neuron keeps its weight u to input j
    if u has the sign s; each output keeps the weights v of the subset whose sum of s v u is closest to the target, by trying all.
    """
    d_out, d_in = len(target), len(target[0])
    first, second = (
        [[_weight(rng) for _ in range(c)] for _ in range(r)] for r, c in ((2 * d_in * n, d_in), (d_out, 2 * d_in * n))
    )
    errors: dict[int, Matrix] = {
        1: [[Fraction()] * d_in for _ in range(d_out)],
        -1: [[Fraction()] * d_in for _ in range(d_out)],
    }
    for j, sign in product(range(d_in), (1, -1)):
        block = range((2 * j + (sign < 0)) * n, (2 * j + (sign < 0) + 1) * n)
        for h in block:
            first[h] = [u if i == j and u * sign > 0 else Fraction(0) for i, u in enumerate(first[h])]
        for i in range(d_out):
            # relu(u x) = u x on the side where u x > 0, so that the block multiplies x by the sum of the products kept
            products = [second[i][h] * first[h][j] for h in block]
            subsets = product((0, 1), repeat=n)
            kept = min(subsets, key=lambda s: abs(sum(a for a, b in zip(products, s, strict=True) if b) - target[i][j]))
            for h, keep in zip(block, kept, strict=True):
                second[i][h] = second[i][h] if keep else Fraction(0)
            errors[sign][i][j] = sum((a for a, b in zip(products, kept, strict=True) if b), Fraction()) - target[i][j]
    return Piece(first, second, errors[1], errors[-1])


def _weight(rng: Random) -> Fraction:
    return Fraction(rng.randint(-128, 128), 128)
