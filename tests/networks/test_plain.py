"""Layers without weights: flatten, activations of their own, softmax; and the activations themselves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.networks import Elementwise, Flatten, Softmax
from slth.networks.activations import ACTIVATIONS, activation
from slth.networks.layers.plain import softmax
from tests.reference import layers as naive

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=50)
NAMES = [*sorted(ACTIVATIONS), "leaky-relu(0.2)", "leaky-relu(-3)"]
FLOATS = st.floats(-1e6, 1e6) | st.floats(-8, 8)


@pytest.mark.parametrize("name", NAMES)
def test_activations_equal_the_formula(name: str) -> None:
    values = np.concatenate([np.linspace(-9, 9, 181), [0.0, -0.0, 1e-300, -1e-300, 30.0, -30.0, 300.0, -300.0]])
    expected = [naive.ACTIVATIONS[name](z) for z in values.tolist()]
    np.testing.assert_allclose(Elementwise(name)(values[None])[0], expected, rtol=1e-13, atol=2e-15)


@pytest.mark.parametrize("name", NAMES)
@FIXED
@given(st.lists(FLOATS, min_size=2, max_size=6))
def test_what_error_bounds_know_is_true(name: str, values: list[float]) -> None:
    """Slope, bounds over intervals and how far an error carries, at random points."""
    function = activation(name)
    x = np.sort(np.array(values))
    low, high = x[:1], x[-1:]
    slack = 1e-13 * (1 + max(1.0, function.lipschitz) * np.abs(x).max())
    below, above = function.interval(low, high)
    y = Elementwise(name)(x[None])[0]
    assert (below - slack <= y).all()
    assert (y <= above + slack).all()
    assert (np.abs(np.diff(y)) <= function.lipschitz * np.diff(x) + slack).all()
    moved = Elementwise(name).moved(np.nextafter(np.diff(x), np.inf), x[:-1], x[:-1])
    assert (np.abs(np.diff(y)) <= moved).all(), "exactly: its own rounding is in it"


@pytest.mark.parametrize("name", NAMES)
def test_the_slope_is_reached_nearly(name: str) -> None:
    """An upper bound, but not a loose one: within 0.1 % of the largest slope between neighbours."""
    x = np.linspace(-5, 5, 20001)
    steepest = np.abs(np.diff(Elementwise(name)(x[None])[0]) / np.diff(x)).max()
    assert steepest <= activation(name).lipschitz * (1 + 1e-9)
    assert steepest > 0.999 * activation(name).lipschitz


@pytest.mark.parametrize("name", NAMES)
def test_infinite_intervals(name: str) -> None:
    inf = np.array([np.inf])
    below, above = activation(name).interval(-inf, inf)
    far = Elementwise(name)(np.array([[-1e9, -0.7517915, 0.0, 1e9]]))[0]
    assert below[0] <= far.min() + 1e-12
    assert above[0] >= far.max() - 1e-12
    zero = np.zeros(1)
    assert activation(name).interval(zero, inf)[0][0] <= min(far[2], far[3])
    assert activation(name).interval(-inf, zero)[1][0] >= max(far[0], far[2]) - 1e-12
    assert not np.isnan([*activation(name).interval(inf, inf), *activation(name).interval(-inf, -inf)]).any()


@pytest.mark.parametrize(
    "name",
    ["swish", "", "RELU", "leaky-relu()", "leaky-relu(a)", "leaky-relu(1e999)", "leaky-relu(0.1)x", 3, None, ("relu",)],
)
def test_unknown_activations(name: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown activation|must be a finite number"):
        Elementwise(name)


def test_flatten_keeps_the_order() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(Flatten()(x), x.reshape(2, 12))
    assert Flatten().output_shape((3, 4)) == (12,)
    assert Flatten().output_shape(()) == (1,)
    with pytest.raises(ValueError, match=r"flatten needs an input of fixed size, got shape \(any, 4\)"):
        Flatten().output_shape((None, 4))


@FIXED
@given(st.lists(st.floats(-800, 800), min_size=1, max_size=6))
def test_softmax_equals_the_formula(scores: list[float]) -> None:
    row = Softmax()(np.array([scores]))[0]
    np.testing.assert_allclose(row, naive.softmax(scores), rtol=1e-12, atol=1e-300)
    assert math.isclose(row.sum(), 1.0, rel_tol=1e-14)


def test_softmax_of_nothing() -> None:
    np.testing.assert_array_equal(softmax(np.array([[-np.inf, -np.inf], [-np.inf, 3.0]])), [[0, 0], [0, 1]])
