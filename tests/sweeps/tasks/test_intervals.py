"""All targets of an interval, and all integers: against every subset of every prefix, row by row."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from scipy.stats import binom

from slth import laws
from slth.sweeps.tasks import Partition, Quantized, QuantizedTarget, RFSSInterval, RSSInterval
from slth.sweeps.tasks.rss_interval import first_covering
from tests.reference import coverage as covering
from tests.reference import first_sufficient as twin


def test_intervals_are_covered_when_all_subsets_say_so() -> None:
    task = RSSInterval(n=9, epsilons=(0.1, 0.25), low=-0.25, high=0.75)
    found = task.measure(np.random.default_rng(1), 60)
    rows = laws.get("uniform").sample((60, 9), np.random.default_rng(1)).tolist()
    for epsilon, histogram in zip(task.epsilons, found["first"], strict=True):
        first = Counter(covering.first_prefix(row, epsilon, (-0.25, 0.75)) for row in rows)
        assert histogram == tuple(first[t] for t in range(1, 11))


def test_no_sample_at_all_counts_as_one() -> None:
    """epsilon as long as the interval: the empty sum covers it, and the first length asked for is 1."""
    task = RSSInterval(n=3, epsilons=(0.5,))
    assert task.measure(np.random.default_rng(1), 20)["first"] == ((20, 0, 0, 0),)


@pytest.mark.parametrize("k", [1, 3])
def test_intervals_are_covered_by_subsets_of_a_size(k: int) -> None:
    task = RFSSInterval(n=9, k=k, epsilons=(0.4,), law="normal", low=-0.5, high=0.5)
    found = task.measure(np.random.default_rng(2), 60)
    rows = laws.get("normal").sample((60, 9), np.random.default_rng(2)).tolist()
    ends = -0.5 * k**0.5, 0.5 * k**0.5
    first = Counter(covering.first_prefix(row, 0.4, ends, (k, k)) for row in rows)
    assert found["first"] == (tuple(first[t] for t in range(1, 11)),)
    assert k == 1 or 0 < found["first"][0][-1] < 60


@pytest.mark.parametrize("size", [None, 6])
def test_long_rows_are_settled_too(size: int | None) -> None:
    """Rows of more than 28 samples, which `coverage` leaves open here and there: as their first 28 say, where these suffice."""
    samples = laws.get("uniform").sample((400, 36), 3)
    epsilon, interval = 0.05, (-1.0, 1.0)
    long = first_covering(samples, epsilon, interval, size)
    short = first_covering(np.ascontiguousarray(samples[:, :28]), epsilon, interval, size)
    enough = short <= 28
    assert enough.any()
    assert (long[enough] == short[enough]).all()
    assert (long[~enough] > 28).all()


def test_long_rows_beyond_the_first_28() -> None:
    """Small samples first: what settles such a row is a finer grid or the walk over the whole prefix."""
    samples = laws.get("uniform").sample((12, 32), 4)
    samples[:, :26] *= 2.0**-20
    first = first_covering(samples, 0.3, (-0.5, 0.5), None)
    assert (first > 26).all()
    big = [covering.first_prefix(row[26:].tolist(), 0.3, (-0.5, 0.5)) + 26 for row in samples]
    # 26 samples of 2^-20 move a sum by less than 2^-15: the first length differs only where a gap is that narrow
    assert sum(a == b for a, b in zip(first.tolist(), big, strict=True)) >= 11


def test_tau_is_what_the_statement_says() -> None:
    task = Quantized(n=9, m=12, deltas=(2, 0, 1))
    assert task.deltas == (0, 1, 2)
    found = task.measure(np.random.default_rng(5), 300)
    rows = np.random.default_rng(5).integers(-12, 12, (300, 9), endpoint=True).tolist()
    for delta, histogram in zip(task.deltas, found["first"], strict=True):
        first = Counter(twin.tau(row, 12, delta) for row in rows)
        assert histogram == tuple(first[t] for t in range(1, 11))


def test_one_integer_is_met_when_all_subsets_say_so() -> None:
    """Targets are drawn first, then samples as they are needed; three Delta, so by closest subsets."""
    task = QuantizedTarget(ns=(2, 5), m=9, deltas=(0, 1, 3))
    found = task.measure(np.random.default_rng(10), 200)
    rng = np.random.default_rng(10)
    targets, rows = rng.integers(-9, 9, 200, endpoint=True), rng.integers(-9, 9, (200, 2), endpoint=True)
    open_ = [i for i in range(200) if twin.closest_error(rows[i].tolist(), targets[i].item()) > 0]
    more = rng.integers(-9, 9, (len(open_), 3), endpoint=True)
    places = twin.first_places([rows.tolist(), more.tolist()], targets.tolist(), (0, 1, 3), twin.closest_error)
    for column, histogram in zip(zip(*places, strict=True), found["first"], strict=True):
        assert histogram == tuple(Counter(column)[place] for place in range(3))
    task = QuantizedTarget(ns=(1,), m=1, target=-1)
    (hits,) = task.successes(task.measure(np.random.default_rng(11), 20_000))
    assert binom.cdf(hits, 20_000, 1 / 3) > 1e-7
    assert binom.sf(hits - 1, 20_000, 1 / 3) > 1e-7


def test_tau_in_law() -> None:
    """M = 1, all 3^6 rows: exact probabilities; a right program fails with probability 2e-6, ten comparisons of 2e-7."""
    task, trials = Quantized(n=6, m=1), 20_000
    hits = task.successes(task.measure(np.random.default_rng(6), trials))
    exact = Counter(twin.tau(row, 1, 0) for row in itertools.product((-1, 0, 1), repeat=6))
    for k, rows in zip(hits, accumulate(exact[t] for t in range(1, 7)), strict=True):
        p = rows / 3**6
        assert binom.cdf(k, trials, p) > 1e-7
        assert binom.sf(k - 1, trials, p) > 1e-7
        # negative control
        assert rows == 0 or binom.cdf(k, trials, p + 0.03) < 1e-7


def test_tau_on_long_rows_and_wide_ranges() -> None:
    """The lattice of the integers decides every row, whatever its length and range; with n = 60 all are covered."""
    found = Quantized(n=60, m=2**13, deltas=(0, 5)).measure(np.random.default_rng(7), 100)
    assert [sum(row) for row in found["first"]] == [100, 100]
    assert found["first"][0][-1] == 0
    found = Quantized(n=64, m=2**20).measure(np.random.default_rng(7), 2)
    assert found["first"][0][-1] == 0


def test_discrepancies_are_those_of_all_signs() -> None:
    task = Partition(n=7, bits=6)
    found = task.measure(np.random.default_rng(8), 200)
    numbers = np.random.default_rng(8).integers(1, 64, (200, 7), endpoint=True).tolist()
    bits = Counter(twin.discrepancy(row).bit_length() for row in numbers)
    assert found["discrepancy"] == tuple(bits[j] for j in range(8))
    hits = task.successes(found)
    assert hits[0] == sum(twin.discrepancy(row) <= 1 for row in numbers)
    assert len(hits) == len(task.points) == 6


def test_discrepancies_in_law() -> None:
    """n = 3, numbers from {1..4}: all 64 rows; false alarms 2e-7."""
    task, trials = Partition(n=3, bits=2), 20_000
    perfect, _ = task.successes(task.measure(np.random.default_rng(9), trials))
    assert Partition(n=3, bits=2).measure(np.random.default_rng(9), 500)["discrepancy"][3] > 0  # 4, 4, 4
    p = Fraction(sum(twin.discrepancy(row) <= 1 for row in itertools.product(range(1, 5), repeat=3)), 64)
    assert binom.cdf(perfect, trials, float(p)) > 1e-7
    assert binom.sf(perfect - 1, trials, float(p)) > 1e-7


def test_the_twins_by_hand() -> None:
    assert twin.tau([1, -1, 2], 1, 0) == 2  # 0, 1, then -1
    assert (twin.tau([2, -2], 2, 1), twin.tau([2, -2], 2, 0)) == (2, 3)
    assert (twin.discrepancy([3, 1, 1]), twin.discrepancy([4, 4, 4]), twin.discrepancy([2, 3, 5])) == (1, 4, 0)
    assert twin.closest_error([1.0, 2.0], 2.5) == Fraction(1, 2)
    assert twin.closest_error([1.0, 2.0], 2.5, 1) == Fraction(1, 2)
    assert twin.closest_error([1.0, 2.0], 2.75, 2) == Fraction(1, 4)
    assert twin.distance_of_vectors([(1.0, 0.0), (0.0, 1.0)], (1.0, 0.5)) == Fraction(1, 2)
