"""The counting lower bound, in closed form and exact: against loops over whole numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.networks.fixed_size_lower import LARGEST_DENSITY, natale_lower, natale_lower_exact


def loop_closed(d: int, k: int, eps: float) -> int:
    n = math.ceil(k / (1 - 1 / (2 * math.pi)))
    while -k * math.log2(k / n) - (n - k) * math.log2((n - k) / n) < d * d / 2 * math.log2(k / eps):
        n += 1
    return n


def loop_exact(d: int, k: int, eps: Fraction) -> int:
    n, need = k, (Fraction(k) / (4 * eps * eps)) ** (d * d)
    while (2 * math.comb(n, k)) ** 2 <= need:
        n += 1
    return n


@pytest.mark.parametrize(("d", "k"), [(1, 1), (1, 4), (2, 3), (2, 30), (3, 20), (4, 40)])
def test_smallest(d: int, k: int) -> None:
    for eps in (Fraction(1, 19), Fraction(7, 300), Fraction(3, 1000)):
        assert natale_lower(d, k, float(eps)) == loop_closed(d, k, float(eps))
        assert natale_lower_exact(d, k, float(eps)) == loop_exact(d, k, eps)


def test_ties_are_let_pass() -> None:
    # C(n, 1) > 2 from n = 3 on, equality at n = 2
    assert loop_exact(1, 1, Fraction(1, 8)) == 3
    assert natale_lower_exact(1, 1, 1 / 8) == 2


def test_closed_form_is_weaker() -> None:
    d, k, eps = np.meshgrid([1, 2, 5, 20], [1, 3, 10, 300, 10**5], [0.06, 1e-3, 1e-9], indexing="ij")
    closed, exact = natale_lower(d, k, eps), natale_lower_exact(d, k, eps)
    assert (closed <= np.maximum(exact, np.ceil(k / LARGEST_DENSITY))).all()
    for found in (closed, exact):
        assert (found[1:] >= found[:-1]).all()
        assert (found[:, :, 1:] >= found[:, :, :-1]).all()
    finite = np.isfinite(exact)
    assert finite.sum() > 40
    assert np.isinf(exact[-1, 0]).all()


def test_largest_density() -> None:
    # d = 1 and eps near 1/16: nothing but k <= lambda n is demanded of large k
    assert natale_lower(1, 1000, 0.06) == math.ceil(1000 / (1 - 1 / (2 * math.pi)))


def test_hypotheses() -> None:
    with pytest.raises(HypothesisError, match="natale_lower needs 0 < eps < 1/16"):
        natale_lower(2, 3, 1 / 16)
    with pytest.raises(HypothesisError, match=r"natale_lower_exact needs 0 < eps < sqrt\(k\) / 2"):
        natale_lower_exact(2, 4, 1)
    with pytest.raises(HypothesisError, match="a whole number d >= 1"):
        natale_lower(0.5, 3, 0.01)
    with pytest.raises(OverflowError):
        natale_lower_exact(100, 1, 1e-9)
    with pytest.warns(HypothesisWarning, match="0 < eps"):
        assert np.isnan(natale_lower_exact(2, [1, 9], 1.0)).tolist() == [True, False]
    assert isinstance(natale_lower(2, 3, 0.01), int)
