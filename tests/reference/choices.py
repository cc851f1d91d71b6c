"""Multiple-choice subset sums in exact rational arithmetic, by looking at every choice there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from tests.reference.integers import in_units


class Choice(NamedTuple):
    """One choice, in the order in which equals are ranked: error, size, code."""

    error: Fraction
    size: int
    code: int
    sum: Fraction


def assignments(n: int, coefficients: Sequence[int], locked: Iterable[int] = ()) -> list[tuple[int, ...]]:
    """Every way to give each of n samples a coefficient, the locked ones any but the base: 0 where it is one of them, else the first."""
    held = set(locked)
    base = 0 if 0 in coefficients else coefficients[0]
    return list(product(*([c for c in coefficients if c != base or i not in held] for i in range(n))))


def patterns(n: int, s: int, block: int, locked: Iterable[int] = ()) -> list[tuple[int, ...]]:
    """Every 0/1 assignment with exactly s ones among every `block` consecutive samples, 1 at the locked ones."""
    one = [bits for bits in product((0, 1), repeat=block) if sum(bits) == s]
    held = list(locked)
    rows = [tuple(bit for bits in parts for bit in bits) for parts in product(one, repeat=n // block)]
    return [row for row in rows if all(row[i] == 1 for i in held)]


def ranked(
    ways: Iterable[tuple[int, ...]], coefficients: Sequence[int], samples: Sequence[float], target: float
) -> list[Choice]:
    """All of them, best first: smallest error, then fewest coefficients other than the base, then smallest code.

    Digit i of the code, in the base of how many coefficients there are, is the position of sample i's coefficient among them, where 0 comes
    first.
    """
    alphabet = [c for c in coefficients if c == 0] + [c for c in coefficients if c != 0]
    (*exact, goal), unit = in_units([*samples, target])
    found = []
    for way in ways:
        total = sum(c * x for c, x in zip(way, exact, strict=True))
        code = sum(alphabet.index(c) * len(alphabet) ** i for i, c in enumerate(way))
        found.append((abs(total - goal), sum(c != alphabet[0] for c in way), code, total))
    return [
        Choice(Fraction(error, unit), size, code, Fraction(total, unit)) for error, size, code, total in sorted(found)
    ]


def best_partition(numbers: Sequence[int]) -> int:
    """The least difference between the sums of two parts, by all ways to give each number a sign."""
    return min(
        abs(sum(c * x for c, x in zip(signs, numbers, strict=True))) for signs in product((-1, 1), repeat=len(numbers))
    )
