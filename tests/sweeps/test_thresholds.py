"""Thresholds: fits against slow twins, coverage by simulation, and what is said where the data cannot tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from slth.sweeps.curves.cells import Cells
from slth.sweeps.curves.fits import Likelihood, fitted
from slth.sweeps.curves.links import LINKS
from slth.sweeps.curves.monotone import isotonic
from slth.sweeps.curves.thresholds import METHODS, Status, find_thresholds
from tests.reference import curves as reference
from tests.sweeps.drawn import curve_of, drawn

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)
X = [1.0, 2.0, 2.5, 3.0, 4.0, 5.5, 6.0]
RISING = [2, 5, 9, 11, 23, 29, 30]
N = list(range(6, 21))
LOGISTIC = [1 / (1 + math.exp(-0.9 * (n - 11.3))) for n in N]
TRUE = {level: 11.3 + math.log(level / (1 - level)) / 0.9 for level in (0.5, 0.9, 0.99)}


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("name", sorted(LINKS))
def test_likelihoods_derivatives_and_maxima_are_the_twins(name: str, shared: bool) -> None:
    found = curve_of(X, RISING, 30, shared=shared)
    likelihood = Likelihood(Cells.of(found), LINKS[name])
    twin = reference.shared if shared else reference.independent

    def value(v: list[float]) -> float:
        return twin(name, v[0], v[1], X, RISING, 30)

    at, h = ([0.2, 0.4] if name == "exponential" else [-2.5, 0.8]), 1e-5
    here = likelihood.derivatives(np.array(at[0]), np.array(at[1]))
    assert float(here[0]) == pytest.approx(value(at), rel=1e-12)
    for i, step in enumerate(([h, 0.0], [0.0, h])):
        up, down = ([v + sign * s for v, s in zip(at, step, strict=True)] for sign in (1, -1))
        assert here[1][i] == pytest.approx((value(up) - value(down)) / (2 * h), rel=1e-5)
        slopes = [likelihood.derivatives(np.array(a), np.array(b))[1] for a, b in (up, down)]
        assert here[2][i] == pytest.approx((slopes[0] - slopes[1]) / (2 * h), rel=1e-5)
    fit = fitted(Cells.of(found), LINKS[name])
    best = [float(fit.a), float(fit.b)]
    assert value(best) == pytest.approx(float(fit.value), rel=1e-12)
    for a in (-0.02, 0.0, 0.02):
        for b in (-0.01, 0.0, 0.01):
            if name != "exponential" or best[0] + a + best[1] + b > 0:
                assert value([best[0] + a, best[1] + b]) <= float(fit.value) + 1e-9


def test_deviance_is_that_of_the_binomials() -> None:
    found = curve_of(X, RISING, 30)
    fit = fitted(Cells.of(found), LINKS["logit"])
    p = [reference.LAWS["logit"](float(fit.a) + float(fit.b) * x) for x in X]
    wanted = 2 * sum(
        s * math.log(s / 30 / q) + ((30 - s) * math.log((1 - s / 30) / (1 - q)) if s < 30 else 0.0)
        for s, q in zip(RISING, p, strict=True)
    )
    assert fit.deviance == pytest.approx(wanted)
    assert fit.degrees == 5


@FIXED
@given(st.lists(st.integers(0, 12), min_size=1, max_size=9))
def test_isotonic_rates_are_the_twins(successes: list[int]) -> None:
    trials = [12 + i for i in range(len(successes))]
    rates = [s / t for s, t in zip(successes, trials, strict=True)]
    _, found = isotonic(np.arange(len(trials), dtype=float), np.array(successes), np.array(trials))
    assert found == pytest.approx(reference.monotone(rates, trials))


@pytest.mark.parametrize("shared", [False, True])
def test_coverage(shared: bool) -> None:
    # of 25 intervals of 95 % more than 5 miss with probability 1.2e-3; "exact" ones miss less often
    rng, missed, wrong = np.random.default_rng(7), dict.fromkeys(("exact", "likelihood", "bootstrap"), 0), 0
    for _ in range(25):
        found = drawn(N, LOGISTIC, 150, rng, shared=shared)
        for interval in missed:
            method = "isotonic" if interval == "exact" else "logit"
            (e,) = find_thresholds(found, (0.9,), method=method, interval=interval, rng=1, draws=80)
            missed[interval] += not e.lower < TRUE[0.9] <= e.upper
            wrong += interval == "likelihood" and not e.lower < TRUE[0.9] + 1 <= e.upper
    assert missed["exact"] <= 2
    assert max(missed.values()) <= 5
    assert wrong >= 20  # the negative control: a threshold that is off by one


def test_one_ladder_of_trials_says_less_than_as_many_trials_at_each_point() -> None:
    same = [round(300 * p) for p in LOGISTIC]
    apart, together = (
        find_thresholds(curve_of(N, same, 300, shared=shared), (0.5,), method="logit")[0] for shared in (False, True)
    )
    assert together.upper - together.lower > 1.5 * (apart.upper - apart.lower)


def test_profile_interval_is_where_the_likelihood_has_fallen() -> None:
    found = curve_of(X, RISING, 30)
    (e,) = find_thresholds(found, (0.5,), method="logit")
    best = float(fitted(Cells.of(found), LINKS["logit"]).value)
    for end in (e.lower, e.upper):
        fall = optimize.minimize_scalar(
            lambda b, x=end: -reference.independent("logit", -b * x, b, X, RISING, 30),
            bounds=(0.01, 6),
            method="bounded",
        ).fun
        assert fall + best == pytest.approx(3.841458820694124 / 2, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_methods_agree_where_data_are_plenty(method: str, scale: str) -> None:
    rng = np.random.default_rng(3)
    for e in find_thresholds(drawn(N, LOGISTIC, 20_000, rng), (0.5, 0.9), method=method, scale=scale):
        assert e.status is Status.INSIDE
        assert e.value == pytest.approx(TRUE[e.level], abs=1.0 if method == "isotonic" else 0.4)
        assert e.lower < e.value <= e.upper


def test_a_wrong_model_is_seen() -> None:
    found = drawn(N, LOGISTIC, 2_000, np.random.default_rng(3))
    assert find_thresholds(found, method="cloglog")[0].p_value < 1e-6
    assert find_thresholds(found, method="logit")[0].p_value > 1e-3  # false alarm: 1e-3, of one fixed draw
    falling = find_thresholds(curve_of([1, 2, 3, 4], [90, 70, 50, 30], 100), method="logit")[0]
    assert falling.p_value < 1e-6


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("interval", [None, "bootstrap"])
@pytest.mark.parametrize(
    ("successes", "status", "lower", "upper"),
    [
        ([0, 0, 0, 0], Status.ABOVE, 4, math.inf),
        ([0, 0, 0, 1], Status.ABOVE, 4, math.inf),
        ([200, 200, 200, 200], Status.BELOW, -math.inf, 1),
        ([199, 200, 200, 200], Status.BELOW, -math.inf, 1),
    ],
)
def test_nothing_is_claimed_beyond_the_grid(
    method: str, interval: str | None, successes: list[int], status: Status, lower: float, upper: float
) -> None:
    for e in find_thresholds(
        curve_of([1, 2, 3, 4], successes, 200), (0.5, 0.9), method=method, interval=interval, rng=0
    ):
        assert (e.status, e.lower, e.upper) == (status, lower, upper)
        assert math.isinf(e.value)
        assert ("> 4" if status is Status.ABOVE else "<= 1") in str(e)


@pytest.mark.parametrize("method", METHODS)
def test_a_step_is_known_up_to_its_gap(method: str) -> None:
    for shared in (False, True):
        (e,) = find_thresholds(curve_of([1, 2, 3, 4], [0, 0, 200, 200], 200, shared=shared), (0.5,), method=method)
        assert e.status is Status.INSIDE
        assert e.between == (2, 3)
        assert 2 <= e.lower < 2.2 < e.value <= e.upper <= 3
    (e,) = find_thresholds(curve_of([1, 2, 3, 4], [0, 0, 200, 200], 200), (0.5,), method="probit", interval="bootstrap")
    assert (e.lower, e.upper) == (2, 3)


def test_half_everywhere_says_nothing() -> None:
    for method in METHODS:
        (e,) = find_thresholds(curve_of([1, 2, 3], [50, 50, 50], 100), (0.5,), method=method)
        assert (e.lower, e.upper) == (-math.inf, math.inf)
        assert "(..., ...]" in str(e)


def test_a_bootstrap_can_be_drawn_again() -> None:
    found = curve_of(X, RISING, 30)
    for method in ("isotonic", "logit"):
        first, again, other = (
            find_thresholds(found, method=method, interval="bootstrap", rng=seed, draws=200) for seed in (4, 4, 5)
        )
        assert first == again
        assert method == "isotonic" or first != other


@FIXED
@given(st.lists(st.integers(0, 40), min_size=2, max_size=8), st.floats(0.1, 0.9), st.sampled_from(METHODS))
def test_laws_of_thresholds(successes: list[int], level: float, method: str) -> None:
    x = [float(i + 1) for i in range(len(successes))]
    one, higher = find_thresholds(curve_of(x, successes, 40), (level, min(level + 0.05, 0.99)), method=method)
    assert one.lower <= one.value <= one.upper
    assert one.value <= higher.value + 1e-6
    assert one.lower <= higher.lower + 1e-6
    assert one.upper <= higher.upper + 1e-6
    # in other units the same
    (moved,) = find_thresholds(curve_of([3 * v - 7 for v in x], successes, 40), (level,), method=method)
    assert moved.status is one.status
    if one.status is Status.INSIDE:
        assert moved.value == pytest.approx(3 * one.value - 7, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": (1.0,)}, r"a level must be in \(0, 1\), such as 0.5, got 1.0"),
        ({"method": "probits"}, "unknown method 'probits'"),
        ({"interval": "likelihood"}, "interval \"likelihood\" does not go with method 'isotonic'"),
        ({"method": "logit", "interval": "exact"}, 'interval "exact" does not go with'),
        ({"method": "logit", "scale": "log2"}, "unknown scale"),
        ({"method": "logit", "scale": "log"}, 'scale "log" needs n > 0, got 0'),
        ({"confidence": 95}, "confidence must be in"),
        ({"draws": 0}, "draws must be >= 1"),
    ],
)
def test_misuse(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_thresholds(curve_of([0, 1], [1, 3], 4), **options)  # type: ignore[arg-type]


def test_points_without_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="every point of a curve needs trials"):
        find_thresholds(curve_of([], [], 1))
