"""Exponential fits: they find the rate, say how well, and tell when there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from slth.sweeps.curves.decay import fit_decay
from tests.reference import curves as reference
from tests.sweeps.drawn import curve_of, drawn

X = list(range(8, 25, 2))
FALLING = [3 * math.exp(-0.4 * x) for x in X]


@pytest.mark.parametrize("shared", [False, True])
def test_coverage_of_the_rate(shared: bool) -> None:
    # of 20 intervals of 95 % more than 5 miss with probability 4e-4
    rng, missed, doubted = np.random.default_rng(5), 0, 0
    for _ in range(20):
        found = fit_decay(drawn(X, [1 - q for q in FALLING], 3_000, rng, shared=shared))
        missed += not found.lower <= 0.4 <= found.upper
        doubted += found.p_value < 0.05
    assert missed <= 5
    assert doubted <= 5


def test_the_fit_is_the_twins() -> None:
    successes = [100 - s for s in (40, 18, 9, 3, 0)]
    found = fit_decay(curve_of([0, 1, 2, 3, 4], successes, 100))

    def best(rate: float) -> float:
        def short(a: float) -> float:
            return -reference.independent("exponential", a, rate, [0, 1, 2, 3, 4], successes, 100)

        return -float(optimize.minimize_scalar(short, bounds=(0.01, 3), method="bounded", options={"xatol": 1e-10}).fun)

    top = optimize.minimize_scalar(lambda rate: -best(rate), bounds=(0.1, 3), method="bounded", options={"xatol": 1e-9})
    assert found.rate == pytest.approx(top.x, abs=1e-5)
    for end in (found.lower, found.upper):
        assert best(end) + top.fun == pytest.approx(-3.841458820694124 / 2, abs=1e-5)
    assert found(0.0) == pytest.approx(math.exp(found.log_amplitude))
    assert found([-50.0, 1.0])[0] == 1
    assert found(2.0) == pytest.approx(found(0.0) * math.exp(-2 * found.rate))
    assert "rate in" in str(found)


def test_another_law_is_seen_to_be_none() -> None:
    rng = np.random.default_rng(0)
    found = fit_decay(drawn(X, [1 - math.exp(-0.01 * x**2) for x in X], 10**6, rng))
    assert found.p_value < 1e-9


def test_only_the_tail_is_fitted() -> None:
    # nothing succeeds at first, then failures halve
    found = fit_decay(curve_of([0, 1, 2, 3, 4, 5], [0, 0, 0, 512, 768, 896], 1024))
    assert found.span == (3, 5)
    assert found.rate == pytest.approx(math.log(2), abs=1e-6)
    assert found.degrees == 1
    later = fit_decay(curve_of([0, 1, 2, 3], [10, 512, 768, 896], 1024), low=1, high=3)
    assert later.span == (1, 3)


def test_failures_that_grow_have_rate_zero() -> None:
    found = fit_decay(curve_of([1, 2, 3], [80, 70, 65], 100))
    assert found.rate == found.lower == 0
    assert 0 < found.upper < 0.2
    assert found.p_value < 0.2


@pytest.mark.parametrize(
    ("successes", "message"),
    [
        (
            [10, 10, 10],
            "needs failures and successes; 0 of 30 trials at 3 values of n failed; take other values or more trials",
        ),
        ([0, 0, 0], "30 of 30 trials"),
        ([0, 0, 5], r"failures at two values of n or more from the first success on, got \[3.0\]"),
        ([5, 10, 10], r"got \[1.0\]"),
    ],
)
def test_too_little_is_said_to_be(successes: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_decay(curve_of([1, 2, 3], successes, 10))


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="at 0 values of n"):
        fit_decay(curve_of([1, 2, 3], [1, 2, 3], 10), low=7)
