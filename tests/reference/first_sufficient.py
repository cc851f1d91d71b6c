"""First lengths that suffice, from their statements: every prefix, every subset, exact arithmetic."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

Prefix = Sequence[float]


def closest_error(samples: Prefix, target: float, size: int | None = None) -> Fraction:
    """Least |sum - target| over all subsets, or those of `size` elements."""
    sizes = range(len(samples) + 1) if size is None else (size,)
    exact = [Fraction(x) for x in samples]
    return min(
        abs(sum(chosen, start=Fraction(0)) - Fraction(target))
        for k in sizes
        for chosen in itertools.combinations(exact, k)
    )


def distance_of_vectors(samples: Sequence[Sequence[float]], target: Sequence[float]) -> Fraction:
    """Least max-norm distance of a sum to the target, over all subsets."""
    exact = [[Fraction(x) for x in row] for row in samples]
    return min(
        max(abs(sum((row[c] for row in chosen), start=Fraction(0)) - Fraction(goal)) for c, goal in enumerate(target))
        for k in range(len(exact) + 1)
        for chosen in itertools.combinations(exact, k)
    )


def first_places(
    stages: Iterable[Sequence[Sequence[float]]],
    targets: Sequence[float],
    epsilons: Sequence[float],
    error: Callable[[Sequence[float], float], Fraction],
) -> list[list[int]]:
    """For each trial and epsilon the first stage whose prefix is within epsilon of the target; the number of stages for none.

    A stage holds what each trial that is still open at the smallest epsilon draws in addition, in the order of the trials.
    """
    rows: list[list[float]] = [[] for _ in targets]
    found: list[list[int | None]] = [[None] * len(epsilons) for _ in targets]
    stage = -1
    for stage, drawn in enumerate(stages):
        open_ = [i for i, places in enumerate(found) if None in places]
        assert len(open_) == len(drawn)
        for i, more in zip(open_, drawn, strict=True):
            rows[i] += list(more)
            nearest = error(rows[i], targets[i])
            for e, epsilon in enumerate(epsilons):
                if found[i][e] is None and nearest <= Fraction(epsilon):
                    found[i][e] = stage
    return [[stage + 1 if place is None else place for place in places] for places in found]


def tau(samples: Sequence[int], m: int, delta: int) -> int:
    """The first t >= 1 for which every integer of {-m..m} is within delta of a subset sum of the first t; n + 1 for none."""
    sums = {0}
    for t, sample in enumerate(samples, start=1):
        sums |= {total + sample for total in sums}
        if all(any(goal + d in sums for d in range(-delta, delta + 1)) for goal in range(-m, m + 1)):
            return t
    return len(samples) + 1


def discrepancy(numbers: Sequence[int]) -> int:
    """Least |sum| over all signs."""
    return min(
        abs(sum(s * x for s, x in zip(signs, numbers, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(numbers))
    )
