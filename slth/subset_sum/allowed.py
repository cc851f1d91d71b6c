"""Which subsets count: sizes, elements that are always in, coefficients other than 0 and 1, patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Size = int | tuple[int, int] | None

_LARGEST_COEFFICIENT = 1024


@dataclass(frozen=True)
class Allowed:
    """Restrictions on the choice, read from the keywords of `solve`.

    A sample is *chosen* if its coefficient is not the base: 0 if that is among the coefficients, else the first of them. Size counts the
    chosen: elements for plain subsets, non-zero coefficients for (-1, 0, 1), elements of one side for number partitioning (-1, 1).

    Attributes
    ----------
    low, high : int
        Fewest and most chosen, `locked` ones included.
    sized : bool
        Whether that restricts anything.
    coefficients : tuple of int
        Base first.
    pattern : (int, int) or None
        Exactly s of every B consecutive samples.
    locked : (..., n) bool or None
        Always chosen. Broadcasts against the samples.
    """

    low: int
    high: int
    sized: bool
    coefficients: tuple[int, ...]
    pattern: tuple[int, int] | None
    locked: NDArray[np.bool_] | None

    @classmethod
    def read(
        cls,
        n: int,
        *,
        size: Size = None,
        coefficients: Sequence[int] = (0, 1),
        pattern: tuple[int, int] | None = None,
        locked: ArrayLike | None = None,
    ) -> Allowed:
        """Check the keywords for rows of n samples; one clear error each."""
        blocks = None if pattern is None else _pattern(pattern, n)
        low, high = _sizes(size, n)
        always = None if locked is None else _locked(locked, n)
        values = _coefficients(coefficients)
        if blocks is not None:
            if values != (0, 1):
                raise ValueError(
                    f"pattern={blocks} and coefficients={values} exclude each other; a pattern is of plain subsets"
                )
            if size is not None:
                raise ValueError(
                    f"pattern={blocks} fixes the size at {blocks[0] * n // blocks[1]} of {n}; leave out size={size!r}"
                )
        if always is not None:
            most = int(always.sum(axis=-1).max())
            if most > high:
                raise ValueError(
                    f"{most} elements are locked, but size allows at most {high}; allow more, or lock fewer"
                )
        return cls(low, high, low > 0 or high < n, values, blocks, always)

    @property
    def base(self) -> int:
        """Coefficient of a sample that is not chosen."""
        return self.coefficients[0]

    @property
    def step(self) -> int:
        """What choosing adds to the coefficient, where there are two."""
        return self.coefficients[-1] - self.coefficients[0]

    @property
    def reducible(self) -> bool:
        """Whether this is a plain subset-sum problem in other numbers: two coefficients, their difference a power of two, no pattern.

        (A power of two keeps the products exact.) This is the reduction to and from number partitioning (Kumar and
        Natale 2025, Lemma 2): the sum with signs s is ``sum(x) - 2 sum(x over S)``.
        """
        step = abs(self.step)
        return self.pattern is None and len(self.coefficients) == 2 and step & (step - 1) == 0

    @property
    def plain(self) -> bool:
        """Subsets as they are: no restriction but perhaps on the size."""
        return self.pattern is None and self.coefficients == (0, 1) and self.locked is None


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _sizes(size: Size, n: int) -> tuple[int, int]:
    if size is None:
        return 0, n
    bounds = tuple(size) if isinstance(size, tuple | list) else (size, size)
    if len(bounds) != 2 or not all(_is_integer(b) for b in bounds):
        raise TypeError(f"size must be an integer k or a pair (lo, hi) of integers, got {size!r}")
    low, high = int(bounds[0]), int(bounds[1])
    if not 0 <= low <= high <= n:
        raise ValueError(f"size must satisfy 0 <= lo <= hi <= n = {n}, got {size!r}")
    return low, high


def _pattern(pattern: Any, n: int) -> tuple[int, int]:
    if not isinstance(pattern, tuple | list) or len(pattern) != 2 or not all(_is_integer(b) for b in pattern):
        raise TypeError(f"pattern must be a pair of integers (s, B), s of every B consecutive samples, got {pattern!r}")
    chosen, block = int(pattern[0]), int(pattern[1])
    if not (block >= 1 and 0 <= chosen <= block):
        raise ValueError(f"pattern must satisfy 0 <= s <= B and B >= 1, got {pattern!r}")
    if n % block:
        raise ValueError(
            f"pattern {chosen} of {block} needs n to be a multiple of {block}, got n = {n}; pad or cut the samples"
        )
    return chosen, block


def _coefficients(coefficients: Any) -> tuple[int, ...]:
    try:
        values = tuple(coefficients)
    except TypeError:
        raise TypeError(f"coefficients must be a sequence of integers such as (-1, 1), got {coefficients!r}") from None
    if not all(_is_integer(c) for c in values):
        raise TypeError(f"coefficients must be integers, got {coefficients!r}; multiply the samples instead")
    values = tuple(int(c) for c in values)
    if len(values) < 2 or len(set(values)) != len(values):
        raise ValueError(f"coefficients must be at least two different integers, got {coefficients!r}")
    if max(map(abs, values)) > _LARGEST_COEFFICIENT:
        raise ValueError(f"coefficients must be at most {_LARGEST_COEFFICIENT} in size, got {coefficients!r}")
    return (0, *(c for c in values if c)) if 0 in values else values


def _locked(locked: ArrayLike, n: int) -> NDArray[np.bool_]:
    array = np.asarray(locked)
    if array.dtype != np.bool_:
        raise TypeError(f"locked must be boolean, one entry a sample, got dtype {array.dtype}")
    if array.ndim == 0 or array.shape[-1] != n:
        raise ValueError(f"locked must have {n} entries on its last axis, one a sample, got shape {array.shape}")
    return array
