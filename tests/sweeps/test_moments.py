"""Moments of counts are those of the counts themselves, brute force trial by trial."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from slth import laws
from slth.sweeps import Collected, Trials, collect
from slth.sweeps.findings.moments import moments
from slth.sweeps.tasks import Counts, RSSTarget
from tests.reference.counts import counts_by_size


@pytest.fixture(scope="module")
def found() -> Collected:
    return collect([Counts(n=7, epsilon=0.5, target=0.25, trials_a_block=60)], stop=Trials(60))[0]


def test_moments(found: Collected) -> None:
    task = found.task
    words = [int(task.id[i : i + 8], 16) for i in range(0, 32, 8)]
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(0, spawn_key=(*words, 0))))
    rows = [counts_by_size(row, 0.25, 0.5) for row in laws.get("uniform").sample((60, 7), rng).tolist()]
    got = moments(found)
    for k, column in enumerate(zip(*rows, strict=True)):
        mean = statistics.mean(column)
        assert got.mean[k] == pytest.approx(mean)
        half = 1.959964 * statistics.stdev(column) / math.sqrt(60)
        assert (got.lower[k], got.upper[k]) == pytest.approx((mean - half, mean + half), rel=1e-5)
        some = [c for c in column if c]
        assert got.found[k].successes == len(some)
        if some:
            assert got.ratio[k] == pytest.approx(statistics.mean(c * c for c in column) / mean**2)
            assert got.typical[k] == pytest.approx(statistics.geometric_mean(some), rel=1e-3)
            assert got.mean_found[k] == pytest.approx(statistics.mean(some))
            assert got.typical[k] <= got.mean_found[k] * 1.001
        else:
            assert np.isnan([got.ratio[k], got.typical[k], got.mean_found[k]]).all()


def test_misuse(found: Collected) -> None:
    with pytest.raises(TypeError, match="got a task of kind 'rss-target'"):
        moments(collect([RSSTarget(ns=(2,), epsilons=(0.1,), trials_a_block=5)], stop=Trials(5))[0])
    with pytest.raises(ValueError, match="confidence must be in"):
        moments(found, 1.5)
    with pytest.raises(ValueError, match="no trials yet"):
        moments(Collected(found.task, 0, Trials(60)))
