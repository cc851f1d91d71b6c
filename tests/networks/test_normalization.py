"""`LayerNorm` against loops, its invariances, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.networks import LayerNorm
from tests.reference.layers import layer_norm

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=60)


@FIXED
@given(st.integers(0, 2**32), st.integers(1, 6), st.booleans(), st.sampled_from([1e-5, 1e-12, 3.0]), st.booleans())
def test_equals_the_loops(seed: int, d: int, bias: bool, epsilon: float, sequence: bool) -> None:
    rng = np.random.default_rng(seed)
    layer = LayerNorm(rng.normal(size=d), rng.normal(size=d) if bias else None, epsilon)
    x = rng.normal(size=(2, 3, d) if sequence else (2, d))
    np.testing.assert_allclose(layer(x), layer_norm(x, layer.weight, layer.bias, epsilon), rtol=1e-9, atol=1e-10)


def test_invariances() -> None:
    """Shifts change nothing, nor does a positive factor once epsilon is negligible."""
    x = np.random.default_rng(0).normal(size=(3, 5))
    layer = LayerNorm(np.ones(5), None, 1e-300)
    np.testing.assert_allclose(layer(7 * x + 3), layer(x), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(layer(x).mean(axis=1), 0, atol=1e-15)
    np.testing.assert_allclose(layer(x).std(axis=1), 1, rtol=1e-14)


def test_a_constant_row_gives_the_bias() -> None:
    np.testing.assert_array_equal(LayerNorm(np.ones(3), np.arange(3.0))(np.full((1, 3), 5.0)), [[0, 1, 2]])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"weight": np.ones((2, 2))}, ValueError, "weight must have 1 dimension"),
        ({"weight": np.ones(0)}, ValueError, r"weight must have shape \(d,\), d >= 1"),
        ({"weight": [1.0, np.nan]}, ValueError, "weight must be finite"),
        ({"bias": np.ones(3)}, ValueError, r"bias must have shape \(2,\) like weight, got \(3,\)"),
        ({"epsilon": 0.0}, ValueError, "epsilon must be > 0"),
        ({"epsilon": "small"}, TypeError, "epsilon must be a positive number"),
    ],
)
def test_misuse(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        LayerNorm(**({"weight": np.ones(2)} | arguments))


def test_misuse_of_a_call() -> None:
    with pytest.raises(ValueError, match=r"this layer normalisation takes \(\.\.\., 2\), got shape \(3,\)"):
        LayerNorm(np.ones(2))(np.ones((1, 3)))
    assert LayerNorm(np.ones(2)).output_shape((None, 2)) == (None, 2)
    assert repr(LayerNorm(np.ones(2))) == "LayerNorm(2)"
