"""The entropy condition measured: constants from thresholds, densities from many tasks, and the predictor beside simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth import bounds
from slth.sweeps import Collected, Trials, collect
from slth.sweeps.findings.fixed_size import at_density, entropy, largest, needed, predicted_cover
from slth.sweeps.tasks import RFSSInterval, RFSSTarget, RSSTarget


@pytest.fixture(scope="module")
def every() -> tuple[Collected, ...]:
    tasks = [RFSSInterval(k=k, n=16, epsilons=(e,), trials_a_block=1000) for k in (3, 4, 5, 6) for e in (0.2, 0.4)]
    return collect(tasks, workers=1, stop=Trials(1000))


def test_entropy() -> None:
    assert entropy(8, 4) == 8
    assert entropy(12, 3) == pytest.approx(12 * (0.25 * 2 + 0.75 * math.log2(4 / 3)))
    assert entropy(math.inf, 3) == math.inf
    assert all(entropy(n + 1, 3) > entropy(n, 3) for n in range(3, 40))


def test_curves_at_one_density(every: tuple[Collected, ...]) -> None:
    found = at_density(every, 2)
    assert list(found) == [0.2, 0.4]
    for epsilon, curve in found.items():
        assert curve.x.tolist() == [6, 8, 10, 12]
        assert len(set(curve.run.tolist())) == 4  # points of different tasks are independent
        for n, estimate in zip(curve.x.tolist(), curve.estimates, strict=True):
            (task,) = (one for one in every if one.task.k == n / 2 and one.task.epsilons == (epsilon,))  # type: ignore[attr-defined]
            assert estimate.successes == sum(task.tally["first"][0][: int(n)])
    assert at_density(every, 4)[0.4].x.tolist() == [12, 16]


def test_densities_need_sizes(every: tuple[Collected, ...]) -> None:
    plain = collect([RSSTarget(ns=(4,), epsilons=(0.1,), trials_a_block=10)], workers=1, stop=Trials(10))
    with pytest.raises(ValueError, match="fixed size"):
        at_density(plain, 2)
    other = collect(
        [RFSSInterval(k=3, n=16, epsilons=(0.2,), law="normal", trials_a_block=10)], workers=1, stop=Trials(10)
    )
    with pytest.raises(ValueError, match="differ in k and n only"):
        at_density([*every, *other], 2)


def test_constants_are_those_of_the_first_sufficient_n() -> None:
    tasks = [RFSSTarget(k=k, ns=tuple(range(k, 17)), epsilons=(0.05,), trials_a_block=2000) for k in (2, 3, 6)]
    found = needed(collect(tasks, workers=1, stop=Trials(2000)), lambda _: 0.5, 1)
    assert [one.k for one in found] == [2, 3, 6]
    for one in found:
        n = one.samples.value
        assert one.samples.grid[0] == 2 * one.k
        if one.k == 6:  # twelve samples are enough, and the theorem asks for no fewer
            assert (one.value, one.lower, one.upper) == (0, 0, 0)
        else:
            assert one.value == pytest.approx(n * bounds.binary_entropy(one.k / n) / math.log2(one.k / 0.05))
            assert one.lower <= one.value <= one.upper
    assert largest(found) == tuple(max(getattr(one, end) for one in found) for end in ("value", "lower", "upper"))
    assert all(one.power == 2 for one in needed(collect(tasks[:1], workers=1, stop=Trials(2000)), lambda e: 1 - e, 2))


def test_nothing_decided_has_no_constant() -> None:
    task = RFSSTarget(k=2, ns=(4, 5), epsilons=(1e-6,), trials_a_block=100)
    found = needed(collect([task], workers=1, stop=Trials(100)), lambda _: 0.5, 1)
    with pytest.raises(ValueError, match="measure more samples"):
        largest(found)


@pytest.mark.parametrize(("n", "k", "epsilon"), [(12, 6, 0.4), (16, 5, 0.2), (16, 4, 0.4)])
def test_the_predictor_of_covering(n: int, k: int, epsilon: float, every: tuple[Collected, ...]) -> None:
    """Off by at most 0.1 where it predicts 0.3 or more, as it says; 1,000 trials scatter by 0.016."""
    (task,) = (one for one in every if (one.task.k, one.task.epsilons) == (k, (epsilon,)))  # type: ignore[attr-defined]
    rate = sum(task.tally["first"][0][:n]) / task.tally.trials
    assert predicted_cover(n, k, epsilon, draws=4000) == pytest.approx(rate, abs=0.1 + 0.05)


def test_measured_covering_is_brute_force(every: tuple[Collected, ...]) -> None:
    """A few rows of one task, drawn again and looked at subset by subset."""
    task = RFSSInterval(k=3, n=9, epsilons=(0.4,), trials_a_block=20)
    found = task.measure(np.random.default_rng(5), 20)
    rows = np.random.default_rng(5).uniform(-1, 1, (20, 9))
    first = []
    for row in rows:
        least = 10
        for t in range(3, 10):
            masks = [m for m in range(2**t) if m.bit_count() == 3]
            sums = np.sort([sum(row[i] for i in range(t) if m >> i & 1) for m in masks])
            ends = np.concatenate([[-math.sqrt(3) - 0.4], sums, [math.sqrt(3) + 0.4]])
            if (np.diff(ends) <= 0.8).all():
                least = t
                break
        first.append(least)
    assert found["first"][0] == tuple(first.count(t) for t in range(1, 11))
