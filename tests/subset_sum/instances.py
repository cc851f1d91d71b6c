"""Rows and targets that solvers find hard, and what every answer must satisfy. Imports nothing that is under test but the result type."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum import Solution, Status
from tests.reference.subset_sum_exact import Subset, closest, closest_meet

Array = NDArray[np.float64]
MAX = float(np.finfo(np.float64).max)
ULP = 2.0**971  # of MAX
SUBNORMAL = 5e-324

KINDS: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "uniform": lambda rng, n: rng.uniform(-1, 1, n),
    "positive": lambda rng, n: rng.random(n),
    "integers": lambda rng, n: rng.integers(-5, 6, n).astype(float),
    "large integers": lambda rng, n: rng.integers(-(2**53), 2**53, n).astype(float),
    "decimals": lambda rng, n: np.round(rng.uniform(-1, 1, n), 1),
    "repeated": lambda rng, n: rng.choice(rng.uniform(-1, 1, 3), n),
    "all equal": lambda rng, n: np.full(n, rng.uniform(-1, 1)),
    "mostly zero": lambda rng, n: rng.uniform(-1, 1, n) * (rng.random(n) < 0.4),
    "all zero": lambda rng, n: rng.choice([0.0, -0.0], n),
    "wide": lambda rng, n: rng.uniform(-1, 1, n) * 10.0 ** rng.integers(-300, 300, n),
    "tiny": lambda rng, n: rng.uniform(-1e-300, 1e-300, n),
    "subnormal": lambda rng, n: rng.integers(-20, 21, n) * SUBNORMAL,
    "huge": lambda rng, n: rng.uniform(-1, 1, n) * (MAX / (4 * n)),
    "heavy tail": lambda rng, n: rng.standard_normal(n) ** 5,
    "dominated": lambda rng, n: np.concatenate([[1e6], rng.uniform(-1, 1, n - 1)]),
    "powers of two": lambda rng, n: rng.choice([-1.0, 1.0], n) * 2.0 ** rng.integers(-70, 70, n),
    "below the last bit": lambda rng, n: rng.choice([-1.0, 1.0], n) + rng.integers(-9, 10, n) * 2.0**-52,
    "two scales": lambda rng, n: np.where(rng.random(n) < 0.5, rng.integers(-3, 4, n), rng.uniform(-1, 1, n) * 1e-19),
}


def targets(rng: np.random.Generator, samples: Array) -> list[float]:
    """Inside the reach, at its ends, beyond, exactly reachable, one bit off, halfway between two sums, zero, absurdly small."""
    low, high = math.fsum(samples[samples < 0]), math.fsum(samples[samples > 0])
    some, other = (math.fsum(samples[rng.random(len(samples)) < 0.5]) for _ in range(2))
    return [
        0.0,
        low + rng.random() * (high - low),
        some,
        float(np.nextafter(some, math.inf)),
        float((Fraction(some) + Fraction(other)) / 2),
        high,
        low,
        1.5 * high + 1e-300,
        1.5 * low - 1e-300,
        float(rng.choice(samples)) / 3,
        1e-320,
        -1e-19,
    ]


def twin(samples: Array, target: float) -> Subset:
    """The canonical subset: all 2^n of them for few samples, else by halves."""
    row = samples.tolist()
    return closest(row, target) if len(row) <= 8 else closest_meet(row, target)


def assert_canonical(solution: Solution, samples: Array, goals: Array) -> None:
    """Every instance of `solution`, over one row, is what the slow twin says, to the last bit."""
    for i, goal in enumerate(goals.tolist()):
        expected = twin(samples, goal)
        where = f"samples={samples.tolist()}, target={goal!r}"
        assert int(solution.mask[i]) == expected.mask, where
        assert solution.sum[i] == float(expected.sum), where
        assert solution.error[i] == float(expected.error), where
        assert solution.size[i] == sum(expected.chosen), where
        assert solution.status[i] == Status.OPTIMAL


def assert_recomputed(solution: Solution, samples: Array, goals: Array) -> None:
    """Sums, errors and sizes are those of the chosen subsets, rounded once. samples (m, n), goals (m,)."""
    for row, goal, chosen, total, error, size in zip(
        samples, goals.tolist(), solution.chosen, solution.sum, solution.error, solution.size, strict=True
    ):
        assert total == math.fsum(row[chosen])
        assert error == abs(math.fsum([*row[chosen], -goal]))
        assert size == chosen.sum()
        assert not np.any(chosen & (row == 0))


def assert_same(solution: Solution, other: Solution) -> None:
    """Bit for bit the same answer."""
    for name in ("mask", "sum", "error", "size", "status"):
        np.testing.assert_array_equal(getattr(solution, name), getattr(other, name), strict=True)
    assert solution.n == other.n


def canonical_of_integers(samples: list[int], target: float) -> int:
    """Mask of the canonical subset of small integers, by dynamic programming over the sums: any n, few different sums."""
    best = {0: (0, 0)}  # for each sum the fewest elements, then the smallest mask
    for i, value in enumerate(samples):
        for total, (size, mask) in list(best.items()):
            candidate = (size + 1, mask | 1 << i)
            best[total + value] = min(best.get(total + value, candidate), candidate)
    return min((abs(Fraction(target) - total), *subset) for total, subset in best.items())[2]
