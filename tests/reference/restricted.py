"""Subset sums with restrictions, by trying everything in rational arithmetic: coefficients, locked elements, sizes, patterns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from tests.reference.integers import in_units


class Choice(NamedTuple):
    """One choice. `chosen` are the samples whose coefficient is not the base: 0 if that is among the coefficients, else the first."""

    error: Fraction
    size: int
    code: int  # digit i is the place of sample i's coefficient among them, the base first
    mask: int
    coefficients: tuple[int, ...]


def every_choice(
    samples: Sequence[float | int],
    target: float | int,
    *,
    coefficients: Sequence[int] = (0, 1),
    locked: Sequence[bool] | None = None,
    size: tuple[int, int] | None = None,
    pattern: tuple[int, int] | None = None,
) -> Iterator[Choice]:
    """All choices allowed, n to about 12."""
    base = 0 if 0 in coefficients else coefficients[0]
    digits = {c: i for i, c in enumerate([base, *(c for c in coefficients if c != base)])}
    (*values, goal), unit = in_units([*samples, target])
    for signs in product(coefficients, repeat=len(values)):
        chosen = [c != base for c in signs]
        if locked is not None and any(must and not is_in for must, is_in in zip(locked, chosen, strict=True)):
            continue
        if size is not None and not size[0] <= sum(chosen) <= size[1]:
            continue
        if pattern is not None:
            s, block = pattern
            if any(sum(chosen[start : start + block]) != s for start in range(0, len(chosen), block)):
                continue
        total = sum(c * x for c, x in zip(signs, values, strict=True))
        mask = sum(1 << i for i, is_in in enumerate(chosen) if is_in)
        code = sum(digits[c] * len(digits) ** i for i, c in enumerate(signs))
        yield Choice(Fraction(abs(total - goal), unit), sum(chosen), code, mask, signs)


def closest(samples: Sequence[float | int], target: float | int, **restrictions: object) -> Choice:
    """Closest, then fewest chosen, then smallest code (for two coefficients the mask)."""
    return min(every_choice(samples, target, **restrictions), key=lambda c: c[:3])  # type: ignore[arg-type]


def smallest(
    samples: Sequence[float | int], target: float | int, epsilon: float | int, **restrictions: object
) -> Choice | None:
    """Within epsilon: fewest chosen, then closest, then smallest code; None if there is none."""
    within = [c for c in every_choice(samples, target, **restrictions) if c.error <= Fraction(epsilon)]  # type: ignore[arg-type]
    return min(within, key=lambda c: (c.size, c.error, c.code), default=None)
