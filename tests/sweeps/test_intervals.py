"""Intervals of a probability: against SciPy, published numbers, slow twins, and by their exact coverage."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from slth.sweeps.intervals import at_any_time, clopper_pearson, jeffreys, stopped_at_successes, surely_wider
from tests.reference import stopped

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=60)
KINDS = {"clopper-pearson": clopper_pearson, "jeffreys": jeffreys, "any time": at_any_time}


@pytest.mark.parametrize("trials", [1, 2, 10, 37, 1000])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_clopper_pearson_is_scipys(trials: int, confidence: float) -> None:
    for successes in {0, 1, trials // 3, trials - 1, trials}:
        theirs = stats.binomtest(successes, trials).proportion_ci(confidence, method="exact")
        assert clopper_pearson(successes, trials, confidence) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_jeffreys_is_the_published_one() -> None:
    # Brown, Cai and DasGupta 2001, table of 95 % limits for n = 7
    for successes, ends in enumerate([(0.0, 0.292), (0.016, 0.501), (0.065, 0.648)]):
        assert jeffreys(successes, 7, 0.95) == pytest.approx(ends, abs=6e-4)


def coverage(interval: Callable[[int, int, float], tuple[float, float]], trials: int, p: float) -> float:
    hit = [low <= p <= high for low, high in (interval(s, trials, 0.9) for s in range(trials + 1))]
    return float(stats.binom.pmf(np.flatnonzero(hit), trials, p).sum())


def test_exact_coverage_after_a_fixed_number_of_trials() -> None:
    grid = np.linspace(0.01, 0.99, 21)
    exact, credible, anytime = ([coverage(kind, 40, p) for p in grid] for kind in KINDS.values())
    assert min(exact) >= 0.9
    assert min(anytime) >= 0.9
    assert np.mean(credible) == pytest.approx(0.9, abs=0.015)
    assert min(credible) < 0.9  # it does not claim more


def ever_missed(interval: Callable[[int, int, float], tuple[float, float]], p: float, most: int) -> float:
    """Probability that some interval after 1, 2, ..., `most` trials does not hold p; exact."""
    alive, missed = np.array([1.0]), 0.0
    for trials in range(1, most + 1):
        alive = np.append(alive * (1 - p), 0.0) + np.append(0.0, alive * p)
        for s in np.flatnonzero(alive):
            low, high = interval(int(s), trials, 0.9)
            if not low <= p <= high:
                missed, alive[s] = missed + alive[s], 0.0
    return missed


@pytest.mark.parametrize("p", [0.05, 0.4])
def test_a_confidence_sequence_holds_at_all_times(p: float) -> None:
    assert ever_missed(at_any_time, p, 60) <= 0.1


def test_intervals_for_a_fixed_number_do_not() -> None:
    assert ever_missed(clopper_pearson, 0.4, 60) > 0.15


def test_the_confidence_sequence_is_that_of_the_mixture() -> None:
    for successes, trials in [(0, 1), (0, 9), (3, 10), (10, 10), (17, 60)]:
        low, high = at_any_time(successes, trials, 0.9)
        for end in {low, high} - {0.0, 1.0}:
            assert stopped.mixture_ratio(successes, trials - successes, end) == pytest.approx(10, rel=1e-6)
        assert low <= successes / trials <= high


def test_extremes_stay_intervals() -> None:
    for successes, trials in [(0, 10**12), (1, 10**12), (10**9, 10**9), (10**9 - 1, 10**9), (5 * 10**8, 10**9)]:
        for kind in KINDS.values():
            low, high = kind(successes, trials, 0.95)
            assert 0 <= low <= successes / trials <= high <= 1
            assert (low == 0) == (successes == 0)
            assert (high == 1) == (successes == trials)
    assert at_any_time(0, 0, 0.95) == (0, 1)
    assert stopped_at_successes(3, 10**12, 10**6, 3, 0.95)[0] == pytest.approx(6.187e-13, rel=1e-3)


@FIXED
@given(st.sampled_from(sorted(KINDS)), st.integers(1, 300), st.data(), st.floats(0.3, 0.99))
def test_laws_of_intervals(name: str, trials: int, data: st.DataObject, confidence: float) -> None:
    interval = KINDS[name]
    successes = data.draw(st.integers(0, trials - 1))
    low, high = interval(successes, trials, confidence)
    # more successes: further up; successes and failures exchanged: mirrored; more confidence: wider
    up = interval(successes + 1, trials, confidence)
    assert low <= up[0]
    assert high <= up[1]
    assert interval(trials - successes, trials, confidence) == pytest.approx((1 - high, 1 - low), abs=1e-9)
    wider = interval(successes, trials, (1 + confidence) / 2)
    assert wider[0] <= low <= high <= wider[1]


@FIXED
@given(st.integers(1, 2000), st.data(), st.floats(0.01, 0.3))
def test_a_fast_answer_is_right(trials: int, data: st.DataObject, half_width: float) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = at_any_time(successes, trials, 0.95)
    if surely_wider(successes, trials, 0.95, half_width):
        assert high - low > 2 * half_width


@pytest.mark.parametrize(
    ("successes", "trials", "last", "wanted"),
    [(3, 5, 5, 3), (5, 20, 4, 3), (4, 9, 3, 4), (3, 12, 1, 3), (6, 6, 6, 2), (1, 12, 4, 3), (0, 8, 4, 2)],
)
def test_after_enough_successes_the_interval_is_the_twins(successes: int, trials: int, last: int, wanted: int) -> None:
    found = stopped_at_successes(successes, trials, last, wanted, 0.9)
    assert found == pytest.approx(stopped.interval(successes, trials, last, wanted, 0.9), abs=1e-9)


def test_blocks_of_one_trial_give_the_negative_binomial_interval() -> None:
    low, high = stopped_at_successes(4, 30, 1, 4, 0.95)
    assert stats.nbinom.cdf(26, 4, low) == pytest.approx(0.025)  # 26 failures or fewer
    assert stats.nbinom.sf(25, 4, high) == pytest.approx(0.025)
    assert stopped_at_successes(8, 20, 20, 4, 0.95) == pytest.approx(clopper_pearson(8, 20, 0.95))


@pytest.mark.parametrize("limit", [4, 15])
def test_exact_coverage_after_enough_successes(limit: int) -> None:
    block, wanted = 5, 4
    known: dict[tuple[int, int], tuple[float, float]] = {}
    for p in (0.05, 0.2, 0.5, 0.9):
        covered = 0.0
        for blocks, before, within, probability in stopped.outcomes((p,), block, wanted, limit):
            key = before[0] + within[0], blocks * block
            if key not in known:
                known[key] = stopped_at_successes(*key, block, wanted, 0.9)
            low, high = known[key]
            covered += probability * (low <= p <= high)
        assert covered >= 0.9 - 1e-9
