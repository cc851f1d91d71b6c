"""Tolerances and propagated errors, against products of fractions and networks that attain them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.networks.propagation import (
    entry_tolerance,
    layer_shapes,
    layer_tolerance,
    lipschitz_error,
    propagated_error,
)


@pytest.mark.parametrize("eps", ["1", "1/3", "1/1000"])
@pytest.mark.parametrize("depth", [1, 2, 7])
def test_propagated_error_in_fractions(eps: str, depth: int) -> None:
    exact = (1 + Fraction(eps) / (2 * depth)) ** depth - 1
    assert propagated_error(float(Fraction(eps)), depth) == pytest.approx(float(exact), rel=1e-14)
    assert propagated_error(float(Fraction(eps)), depth) <= float(Fraction(eps))


def test_extremes() -> None:
    assert propagated_error(1e-300, 10**6) == pytest.approx(5e-301)
    assert propagated_error(1, 10**9) == pytest.approx(np.expm1(0.5), rel=1e-9)
    assert layer_tolerance(1, 1) == 0.5
    np.testing.assert_allclose(entry_tolerance(1e-300, [1000, 1000]), [5e-307])


def test_lipschitz_error_is_attained_by_scalar_layers_and_contains_the_papers_case() -> None:
    norms, tolerances = [2.0, 0.5, 3.0], [0.25, 0.125, 0.5]
    assert lipschitz_error(norms, tolerances) == 2.25 * 0.625 * 3.5 - 2 * 0.5 * 3
    for depth in (1, 3, 10):
        assert lipschitz_error(np.ones(depth), layer_tolerance(0.7, depth)) == pytest.approx(
            propagated_error(0.7, depth)
        )
    # no cancellation: the difference of the products is 0 in float64
    assert lipschitz_error([1.0, 1.0], [1e-30, 1e-30]) == pytest.approx(2e-30)


def test_lipschitz_error_of_many() -> None:
    many = lipschitz_error(np.ones((4, 1, 3)), np.full((2, 3), 0.1))
    assert many.shape == (4, 2)
    np.testing.assert_allclose(many, 1.1**3 - 1)
    with pytest.warns(HypothesisWarning, match="norms >= 0"):
        some = lipschitz_error([[1.0, -1.0], [1.0, 1.0]], 0.1)
    assert np.isnan(some[0])
    assert some[1] == pytest.approx(0.21)
    with pytest.raises(ValueError, match="on the last axis"):
        lipschitz_error(1, 0.1)


def test_entry_tolerance() -> None:
    np.testing.assert_allclose(entry_tolerance(0.01, [784, 500, 10]), [0.01 / (4 * 392000), 0.01 / (4 * 5000)])
    np.testing.assert_allclose(
        entry_tolerance(0.01, [784, 500, 10], frobenius=True), 0.01 / (4 * np.sqrt([392000, 5000]))
    )
    many = entry_tolerance([[0.1, 0.2]], (2, 3, 4, 5))
    assert many.shape == (1, 2, 3)
    np.testing.assert_allclose(many[0, 1], 2 * many[0, 0])


def test_hypotheses() -> None:
    with pytest.raises(HypothesisError, match="0 < eps <= 1"):
        layer_tolerance(1.5, 2)
    with pytest.raises(HypothesisError, match="whole number depth"):
        propagated_error(0.5, 1.5)
    with pytest.raises(HypothesisError, match="0 < eps <= 1"):
        entry_tolerance(0, [2, 2])
    with pytest.warns(HypothesisWarning, match="eps > 0"):
        assert np.isnan(propagated_error([0.5, -1], 2)[1])


@pytest.mark.parametrize("widths", [[3], [], [2, 0], [2, 1.5]])
def test_widths(widths: list[float]) -> None:
    with pytest.raises(ValueError, match="at least two whole numbers"):
        layer_shapes(widths)


def test_shapes() -> None:
    assert layer_shapes((784, 500, 10)) == [(784, 500), (500, 10)]


def test_frobenius_is_yes_or_no() -> None:
    with pytest.raises(TypeError, match="frobenius must be True or False, got 'maybe'"):
        entry_tolerance(0.1, (3, 4), frobenius="maybe")  # type: ignore[arg-type]


def test_errors_beyond_float64() -> None:
    assert lipschitz_error([1e300, 1e300, 1e300], [1.0, 1.0, 1.0]) == np.inf
    assert lipschitz_error([1e300, 1e300, 0.0], [1.0, 1.0, 0.0]) == 0.0, "the last layers are both 0"
    assert lipschitz_error([1e300, 1e300, 1.0], [1.0, 1.0, 0.0]) == pytest.approx(2e300)
