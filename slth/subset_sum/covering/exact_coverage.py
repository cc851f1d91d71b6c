"""Coverage in Python integers: the last resort, where 60 bits cannot tell whether a gap is wider than 2 epsilon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

Classes = list[list[int]]


def first_prefix(
    samples: Sequence[float], epsilon: float, interval: tuple[float, float], sizes: tuple[int, int] | None
) -> int:
    """Least t such that subsets of the first t samples come within epsilon of every target of the interval; n + 1 if there is none.

    `sizes` (lowest, highest) limits the subsets. The walk of `kernels.coverage_walk` on exact integers: time O(length / epsilon * 2^(n/2))
    Python steps a prefix, log2(n) prefixes.
    """
    fractions = [Fraction(x) for x in (*samples, epsilon, *interval)]
    common = max(f.denominator for f in fractions)  # powers of two
    *values, reach, start, end = (int(f * common) for f in fractions)
    short, enough, t = -1, len(values) + 1, len(values)
    while enough - short > 1:
        if _covers(values[:t], reach, start, end, sizes):
            enough = t
        elif t == len(values):
            return t + 1
        else:
            short = t
        t = (short + enough) // 2
    return enough


def _covers(values: Sequence[int], epsilon: int, start: int, end: int, sizes: tuple[int, int] | None) -> bool:
    half = len(values) // 2
    left, right = _classes(values[:half], sizes is not None), _classes(values[half:], sizes is not None)
    lowest, highest = sizes or (0, 0)
    pairs = [(a, b) for i, a in enumerate(left) for k, b in enumerate(right) if lowest <= i + k <= highest]
    at = start
    while at < end:
        below = max((total for a, b in pairs for total in _staircase(a, b, at + epsilon)), default=None)
        if below is None or below + epsilon < at:
            return False
        if below + epsilon == at:  # nothing more until beyond at + epsilon
            return False
        at = below + epsilon
    return True


def _classes(values: Sequence[int], by_size: bool) -> Classes:
    """Distinct sums in ascending order, by size of the subset, or all in one class."""
    classes: list[set[int]] = [{0}]
    for value in values:
        moved = [{total + value for total in sums} for sums in classes]
        if by_size:
            empty: list[set[int]] = [set()]
            classes = [a | b for a, b in zip(classes + empty, empty + moved, strict=True)]
        else:
            classes = [classes[0] | moved[0]]
    return [sorted(sums) for sums in classes]


def _staircase(left: Sequence[int], right: Sequence[int], point: int) -> Iterator[int]:
    """For each of the left sums the largest total not beyond the point, if there is one."""
    b = len(right) - 1
    for total in left:
        while b >= 0 and total + right[b] > point:
            b -= 1
        if b < 0:
            return
        yield total + right[b]
