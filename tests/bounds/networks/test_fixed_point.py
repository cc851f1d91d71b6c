"""The larger solution of e^t / t^2 = B, next to the double one, far from it, and where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth.bounds.networks.fixed_point import block_size, kept_products, largest_solution

# with this constant and density B = e^nats
ENTROPY = 2 - 0.75 * math.log2(3)  # H2(1/4)
C_AMP = np.array([math.log(2) ** 2 * ENTROPY / 0.25])
GAMMA = np.array([0.25])
DOUBLE = 2 - 2 * math.log(2)  # B = e^2 / 4


def solution(log_b: float) -> float:
    return float(largest_solution(GAMMA, np.array([log_b]), C_AMP)[0])


@pytest.mark.parametrize("excess", [1e-12, 1e-6, 1e-2, 1.0])
def test_next_to_the_double_solution(excess: float) -> None:
    """Newton's method is slow there: t = 2 + 2 sqrt(excess) + ..."""
    t = solution(DOUBLE + excess)
    assert t >= 2
    assert t - 2 * math.log(t) == pytest.approx(DOUBLE + excess, abs=1e-13)
    assert t == pytest.approx(2 + 2 * math.sqrt(excess), rel=max(2 * math.sqrt(excess), 1e-3))


@pytest.mark.parametrize("log_b", [10.0, 1e3, 1e15])
def test_far_away_against_lambert(log_b: float) -> None:
    from scipy.special import lambertw

    t = solution(log_b)
    assert t - 2 * math.log(t) == pytest.approx(log_b, rel=1e-14)
    if log_b < 1e3:  # e^(-log_b / 2) underflows beyond
        assert t == pytest.approx(-2 * lambertw(-math.exp(-log_b / 2) / 2, -1).real, rel=1e-12)


@pytest.mark.parametrize("log_b", [DOUBLE - 1e-9, 0.0, -5.0, -1e3])
def test_none(log_b: float) -> None:
    assert math.isnan(solution(log_b))
    assert kept_products(GAMMA, np.array([log_b]), C_AMP).tolist() == [4.0]
    assert block_size(GAMMA, np.array([log_b]), C_AMP).tolist() == [16.0]


def test_together_as_one_by_one() -> None:
    log_b = np.array([0.0, DOUBLE + 1e-3, 3.0, 40.0, 700.0])
    gamma, c_amp = np.broadcast_to(GAMMA, 5), np.broadcast_to(C_AMP, 5)
    np.testing.assert_allclose(largest_solution(gamma, log_b, c_amp), [solution(x) for x in log_b], rtol=1e-15)
