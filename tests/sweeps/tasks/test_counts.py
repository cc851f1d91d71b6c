"""Counts by size: sums and squares are those of all subsets, trial by trial."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

import slth
from slth import laws
from slth.sweeps.tasks import Census, Counts, by_size
from tests.reference.counts import counts_by_size


@pytest.mark.parametrize("law", ["uniform", "grid(0.25)"])
def test_moments_are_those_of_all_subsets(law: str) -> None:
    task = Counts(n=7, epsilon=0.25, law=law, target=0.5)
    found = task.measure(np.random.default_rng(1), 60)
    rows = [counts_by_size(row, 0.5, 0.25) for row in laws.get(law).sample((60, 7), np.random.default_rng(1)).tolist()]
    columns = list(zip(*rows, strict=True))
    assert found["sum"] == tuple(map(sum, columns))
    assert found["squares"] == tuple(sum(count**2 for count in column) for column in columns)
    assert found["found"] == tuple(sum(count > 0 for count in column) for column in columns)
    totals = list(map(sum, rows))
    assert found["logarithms"] == tuple(sum(round(1024 * math.log2(c)) for c in column if c) for column in columns)
    assert found["total_logarithm"] == sum(round(1024 * math.log2(total)) for total in totals if total)
    assert (found["total"], found["total_squares"]) == (sum(totals), sum(total**2 for total in totals))
    assert found["total_found"] == sum(total > 0 for total in totals)
    assert found["between"] == 0
    assert task.successes(found) == (*found["found"], found["total_found"])
    assert task.points[-1] == {"sizes": "all"}


def test_random_targets_come_before_the_samples() -> None:
    task = Counts(n=6, epsilon=0.25, target=0.5, spread=0.75)
    rng = np.random.default_rng(2)
    targets = 0.5 + 0.75 * laws.get("uniform").sample(30, rng)
    rows = laws.get("uniform").sample((30, 6), rng).tolist()
    counts = [counts_by_size(row, target, 0.25) for row, target in zip(rows, targets.tolist(), strict=True)]
    assert task.measure(np.random.default_rng(2), 30)["sum"] == tuple(map(sum, zip(*counts, strict=True)))


def test_first_moments_of_a_binary_law() -> None:
    """X = +-1: of k samples C(n, k) C(k, j) / 2^k subsets sum to k - 2j. False alarm: |mean - E| < 6 standard errors, 2e-9 a size."""
    n, target, trials = 8, 2, 4_000
    found = Counts(n=n, epsilon=0.5, law="binary", target=float(target)).measure(np.random.default_rng(3), trials)
    for k in range(n + 1):
        ways = math.comb(k, (k - target) // 2) if k >= target and (k - target) % 2 == 0 else 0
        mean = Fraction(math.comb(n, k) * ways, 2**k)
        got = Fraction(found["sum"][k], trials)
        variance = Fraction(found["squares"][k], trials) - got**2
        assert (got - mean) ** 2 <= 36 * variance / trials
        if mean > 0 and k < n:  # negative control
            assert (got - mean * Fraction(3, 2)) ** 2 > 36 * variance / trials


def test_squares_do_not_overflow() -> None:
    """n = 34 samples of 0 and 1: counts near C(34, 17) = 2^31, and the squares of a few trials are beyond 2^63."""
    task = Counts(n=34, epsilon=100.0, law="discrete((0, 1))")
    found = task.measure(np.random.default_rng(4), 4)
    assert found["sum"] == tuple(4 * math.comb(34, k) for k in range(35))
    assert found["squares"] == tuple(4 * math.comb(34, k) ** 2 for k in range(35))
    assert found["total_squares"] == 4 * 2**68


def test_sums_of_squares_are_exact() -> None:
    counts = np.random.default_rng(6).integers(0, 2**40, (50, 3), dtype=np.uint64)
    counts[0] = 2**40 - 1, 2**32, 2**32 - 1
    assert by_size.sums_of_squares(counts) == tuple(sum(v * v for v in column) for column in counts.T.tolist())


def test_a_census_counts_every_mask() -> None:
    """A 1-1-1 network of 4 parameters: 16 masks, each evaluated on a fine grid of inputs and, between kinks, exactly."""
    task = Census(source="1-1-1", target="1-1", epsilon=0.5)
    assert task.largest == 4
    rng, wanted = np.random.default_rng(5), [0] * 5
    for _ in range(12):
        source = slth.Network.random([1, 1, 1], rng=rng)
        target = slth.Network.random([1, 1], rng=rng)
        (a, b), (c, d) = ((layer.weight.item(), layer.bias.item()) for layer in source.layers)
        (w, v) = target.layers[0].weight.item(), target.layers[0].bias.item()
        for kept in itertools.product((0, 1), repeat=4):
            a_, c_, b_, d_ = (x * k for x, k in zip((a, c, b, d), kept, strict=True))
            ends = [0.0, 1.0, *([-b_ / a_] if a_ and 0 < -b_ / a_ < 1 else [])]
            error = max(abs(c_ * max(a_ * x + b_, 0) + d_ - w * x - v) for x in ends)
            assert abs(error - 0.5) > 1e-9
            wanted[sum(kept)] += error <= 0.5
    assert task.measure(np.random.default_rng(5), 12)["sum"] == tuple(wanted)
