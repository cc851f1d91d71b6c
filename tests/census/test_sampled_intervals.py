"""Intervals of sampled shares: they cover as often as they say, whatever the scatter."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from slth.census.sampled.intervals import clopper_pearson, of_runs, proven_lower

TRIALS = 400


@pytest.mark.parametrize("sigma", [0.05, 0.5, 1.5])
def test_lognormal_runs_are_covered(sigma: float) -> None:
    """16 lognormal estimates of share exp(-20): 90 % intervals miss it more often than chance allows with probability < 1e-6; of a share
    30 % or two sigma less they do (negative control)."""
    rng = np.random.default_rng(0)
    truth, missed, misled = -20.0, 0, 0
    for _ in range(TRIALS):
        found = of_runs(truth - sigma**2 / 2 + sigma * rng.standard_normal(16), 0.9)
        missed += not found.lower <= truth <= found.upper
        wrong = truth - max(0.3, 2 * sigma)
        misled += not found.lower <= wrong <= found.upper
    limit = binom.isf(1e-6, TRIALS, 0.1)
    assert missed <= limit < misled


def test_runs_that_die_are_covered() -> None:
    """A third of the runs see nothing; the bound on false alarms is as above."""
    rng = np.random.default_rng(1)
    truth, missed = math.log(2 / 3) - 10, 0
    for _ in range(TRIALS):
        logs = np.where(rng.random(16) < 1 / 3, -np.inf, -10 - 0.02 + 0.2 * rng.standard_normal(16))
        found = of_runs(logs, 0.9)
        missed += not found.lower <= truth <= found.upper
    assert missed <= binom.isf(1e-6, TRIALS, 0.1)


@pytest.mark.parametrize("heavy", [0.5, 3.0])
def test_the_proven_lower_limit_needs_no_law(heavy: float) -> None:
    """Whatever the scatter, it lies above the truth at most 5 % of the times (a false alarm has probability < 1e-6)."""
    rng = np.random.default_rng(2)
    above = sum(proven_lower(-(heavy**2) / 2 + heavy * rng.standard_normal(16), 0.95) > 0 for _ in range(TRIALS))
    assert above <= binom.isf(1e-6, TRIALS, 0.05)


def test_edges() -> None:
    nothing = of_runs(np.full(16, -np.inf), 0.95)
    assert (nothing.middle, nothing.lower, nothing.upper) == (-math.inf, -math.inf, 0.0)
    one = of_runs(np.array([-5.0] + [-np.inf] * 15), 0.95)
    assert one.middle == pytest.approx(-5 - math.log(16))
    assert one.lower == pytest.approx(one.middle + math.log(0.05))
    assert one.upper == 0.0
    # equal runs still leave the scatter that the best of runs would have
    assert of_runs(np.full(16, -5.0), 0.95, 0.04).upper > -5 + 0.05
    assert clopper_pearson(0, 10, 0.9) == (0.0, pytest.approx(1 - 0.05**0.1))
    assert clopper_pearson(10, 10, 0.9) == (pytest.approx(0.05**0.1), 1.0)
