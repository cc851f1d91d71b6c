"""Many sources: annealed against quenched."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import slth
from slth.census import Census, Ensemble, ensemble
from slth.census.answer import exact_census
from tests.census.exact_cases import network

TARGET = network([1, 1], 2)


def one(seed: int) -> Census:
    return slth.count_subnetworks(slth.Network.random([1, 2, 1], rng=seed), TARGET, 0.5, inputs=[[0.5], [-1.0]])


def test_numbers_of_every_source() -> None:
    found, seeds = ensemble(one, 12, rng=3), np.random.default_rng(3).integers(2**63, size=12).tolist()
    assert found.sources == 12
    by_size = np.array([one(seed).by_size for seed in seeds], float)
    with np.errstate(divide="ignore"):
        assert found.annealed == pytest.approx(np.log2(by_size.mean(axis=0)))
        assert found.log2_total == pytest.approx(np.log2(by_size.sum(axis=1)))
        assert found.quenched == pytest.approx(np.log2(by_size).mean(axis=0))
    assert found.some == pytest.approx((by_size > 0).mean(axis=0))
    for share in (0.0, 0.3, 1.0):
        assert np.isin(np.exp2(found.quantile(share)).round(), by_size).all()


@pytest.mark.parametrize("seed", range(5))
def test_annealed_is_at_least_quenched(seed: int) -> None:
    """Jensen; a source without any makes quenched -inf and the gap infinite, no source with any makes it NaN."""
    rng = np.random.default_rng(seed)
    logs = rng.normal(0, 20, (6, 9))
    logs[rng.random(logs.shape) < 0.2] = -math.inf
    logs[:, 4] = -math.inf
    logs[:, 5] = 3.0
    found = Ensemble(np.arange(9), logs, np.full(6, 8), 0.5)
    gap = found.gap
    assert math.isnan(gap[4])
    assert gap[5] == pytest.approx(0.0, abs=1e-12)
    rest = np.delete(gap, 4)
    assert (rest >= -1e-12).all()
    assert (np.isinf(rest) == np.isinf(np.delete(found.quenched, 4))).all()


def test_sizes_that_are_not_listed_have_none() -> None:
    counts = iter([exact_census(np.array([2, 1], object), np.array([3, 4]), 9, 0.1, "product"),
                   exact_census(np.array([5], object), np.array([6]), 9, 0.1, "product")])  # fmt: skip
    found = ensemble(lambda _: next(counts), 2)
    assert found.sizes.tolist() == [3, 4, 6]
    assert np.exp2(found.log2_by_size).round(9).tolist() == [[2, 1, 0], [0, 0, 5]]


def test_none_anywhere() -> None:
    found = ensemble(lambda _: exact_census(np.zeros(3, np.uint64), np.arange(3), 2, 0.1, "walk"), 3)
    assert (found.annealed == -math.inf).all()
    assert (found.log2_total == -math.inf).all()
    assert "-inf" in repr(found)


def test_what_it_refuses() -> None:
    x = np.zeros((1, 2))
    with pytest.raises(ValueError, match="sources must be >= 1"):
        ensemble(one, 0)
    with pytest.raises(TypeError, match="must return a Census, got int"):
        ensemble(lambda seed: 3, 2)  # type: ignore[arg-type, return-value]
    epsilons = iter((0.1, 0.2))
    with pytest.raises(ValueError, match=r"same epsilon, got 0\.1 and 0\.2"):
        ensemble(lambda _: exact_census(np.ones(3, np.uint64), np.arange(3), 2, next(epsilons), "walk"), 2)
    asked: Any = iter(([3], [4]))
    with pytest.raises(ValueError, match="need the same sizes"):
        ensemble(
            lambda seed: slth.count_subnetworks(
                network([2, 3, 1], 0),
                network([2, 1], 1),
                0.3,
                inputs=x,
                method="splitting",
                effort=0.1,
                rng=seed,
                sizes=next(asked),
            ),
            2,
        )


def test_the_example() -> None:
    import doctest
    import sys

    assert doctest.testmod(sys.modules["slth.census.ensemble"]).failed == 0
