"""`Attention` against loops over every pair of positions, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.networks import Attention
from tests.reference.layers import attention

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=60)


@FIXED
@given(st.integers(0, 2**32), st.integers(1, 3), st.booleans(), st.booleans(), st.data())
def test_equals_the_loops(seed: int, heads: int, bias: bool, causal: bool, data: st.DataObject) -> None:
    d_in, d_key, d_value, d_out, length, batch = (data.draw(st.integers(1, 3)) for _ in range(6))
    rng = np.random.default_rng(seed)
    rows = (heads * d_key, heads * d_key, heads * d_value, d_out)
    weights = [rng.normal(size=(r, heads * d_value if i == 3 else d_in)) for i, r in enumerate(rows)]
    biases = [rng.normal(size=r) if bias else None for r in rows]
    layer = Attention(*weights, heads, *biases, "causal" if causal else "none")
    x = rng.normal(size=(batch, length, d_in))
    expected = attention(x, weights, biases, heads, causal=causal)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-11, atol=1e-12)
    assert layer.output_shape((length, d_in)) == (length, d_out)


def some(mask: str = "none", heads: int = 2) -> Attention:
    rng = np.random.default_rng(0)
    return Attention(*(rng.normal(size=(4, 4)) for _ in range(4)), heads=heads, mask=mask)


def test_positions_are_exchangeable_without_a_mask() -> None:
    x = np.random.default_rng(1).normal(size=(2, 5, 4))
    order = np.array([3, 0, 4, 1, 2])
    np.testing.assert_allclose(some()(x[:, order]), some()(x)[:, order], rtol=1e-12, atol=1e-13)
    assert not np.allclose(some("causal")(x[:, order]), some("causal")(x)[:, order])


def test_causal_sees_nothing_later() -> None:
    rng = np.random.default_rng(1)
    x, other = rng.normal(size=(2, 1, 6, 4))
    other[:, :3] = x[:, :3]
    np.testing.assert_allclose(some("causal")(x)[:, :3], some("causal")(other)[:, :3], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(some("causal")(x[:, :3]), some("causal")(x)[:, :3], rtol=1e-12, atol=1e-13)


def test_scores_beyond_the_exponential() -> None:
    """One score far above the others: all weight on it, no overflow."""
    eye = np.eye(2)
    layer = Attention(1e3 * eye, 1e3 * eye, eye, eye)
    np.testing.assert_array_equal(layer(np.array([[[1.0, 0.0], [0.0, 1.0]]])), [[[1.0, 0.0], [0.0, 1.0]]])


def test_properties_and_repr() -> None:
    layer = some("causal")
    assert (layer.d_in, layer.d_out, layer.size) == (4, 4, 64)
    assert repr(layer) == "Attention(4-4, 2 heads, causal, 64 weights)"
    assert layer.output_shape((None, 4)) == (None, 4)
    with pytest.raises(ValueError, match="read-only"):
        layer.query[0, 0] = 1.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"heads": 0}, ValueError, "heads must be >= 1"),
        ({"heads": 2.0}, TypeError, "heads must be a positive integer"),
        ({"heads": 3}, ValueError, r"heads=3 must divide the rows of query \(4\) and of value \(4\)"),
        ({"mask": "future"}, ValueError, "unknown mask 'future'; choose one of 'causal', 'none'"),
        ({"mask": np.ones((2, 2))}, ValueError, "unknown mask"),
        ({"query": np.ones(4)}, ValueError, "query must have 2 dimension"),
        ({"query": np.ones((0, 4))}, ValueError, "query must not be empty"),
        ({"query": np.ones((2, 4))}, ValueError, r"query and key must have one shape, got \(2, 4\) and \(4, 4\)"),
        ({"value": np.ones((4, 3))}, ValueError, "value must take 4 numbers like query"),
        ({"value": np.ones((6, 4))}, ValueError, r"output must take the 6 rows of value"),
        ({"output": np.ones((4, 5))}, ValueError, "output must take the 4 rows of value"),
        ({"key": np.full((4, 4), np.nan)}, ValueError, "key must be finite"),
        ({"key_bias": np.ones(3)}, ValueError, r"key_bias must have shape \(4,\) like the rows of key, got \(3,\)"),
        ({"output_bias": np.full(4, np.inf)}, ValueError, "output_bias must be finite"),
        ({"value_bias": "abcd"}, (TypeError, ValueError), "value_bias"),
    ],
)
def test_misuse(arguments: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Attention(**({name: np.ones((4, 4)) for name in ("query", "key", "value", "output")} | arguments))


def test_misuse_of_a_call() -> None:
    for wrong in ((1, 5, 3), (1, 4), (1, 2, 5, 4)):
        with pytest.raises(ValueError, match=r"takes \(positions, 4\), got shape"):
            some()(np.ones(wrong))
