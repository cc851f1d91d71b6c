"""Lower bounds by counting subnetworks, against counts in integers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.networks.lower import pensia_lower, pensia_lower_sparse, pensia_lower_width


def fewest(d: int, eps: Fraction, p: Fraction) -> int:
    """Smallest m with 2^m >= p (1 / (2 eps))^(d^2)."""
    need, m = p / (2 * eps) ** (d * d), 0
    while 2**m < need:
        m += 1
    return m


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("eps", ["1/100", "1/3", "49/100", "1/12345"])
@pytest.mark.parametrize("p", ["1/2", "1", "1/1000"])
def test_counted(d: int, eps: str, p: str) -> None:
    assert pensia_lower(d, float(Fraction(eps)), float(Fraction(p))) == fewest(d, Fraction(eps), Fraction(p))


def test_values() -> None:
    assert pensia_lower(1, 0.25) == 0
    assert pensia_lower(10, 0.25) == 99
    assert pensia_lower(10, 0.25, 1) == 100
    assert pensia_lower(500, 0.01) == math.ceil(250000 * math.log2(50) - 1)
    assert pensia_lower(1000, 1e-300) == math.ceil(1e6 * (300 * math.log2(10) - 1) - 1)
    assert pensia_lower_width(10, 0.25) == math.ceil(99 / 20)
    assert pensia_lower_width(500, 0.01) == math.ceil((250000 * math.log2(50) - 1) / 1000)


def test_sparse() -> None:
    """At gamma = 1 a factor log2(e) weaker; as 1 / (gamma log2(1 / gamma)) for small gamma."""
    assert pensia_lower_sparse(10, 0.25, 1) == math.ceil(99 / math.log2(math.e))
    assert pensia_lower_sparse(10, 0.25, 0.5) == math.ceil(99 / (0.5 * math.log2(2 * math.e)))
    assert pensia_lower_sparse(10, 0.25, 0.328) > 98 >= pensia_lower_sparse(10, 0.25, 0.34)
    assert pensia_lower_sparse(100, 0.01, 1e-200) == pytest.approx((1e4 * math.log2(50)) / (1e-200 * 665.8), rel=1e-3)
    gamma = np.linspace(0.01, 1, 100)
    assert (np.diff(pensia_lower_sparse(30, 0.01, gamma)) <= 0).all()


def test_hypotheses() -> None:
    for eps in (0, 0.5):
        with pytest.raises(HypothesisError, match="0 < eps < 1/2"):
            pensia_lower(3, eps)
    with pytest.raises(HypothesisError, match="whole number d"):
        pensia_lower_width(2.5, 0.1)
    with pytest.raises(HypothesisError, match="probability"):
        pensia_lower(3, 0.1, 0)
    with pytest.raises(HypothesisError, match="gamma"):
        pensia_lower_sparse(3, 0.1, 1.1)
    with pytest.warns(HypothesisWarning, match="1 of 3 entries are NaN"):
        many = pensia_lower(3, [0.1, 0.7, 0.01])
    np.testing.assert_array_equal(np.isnan(many), [False, True, False])
