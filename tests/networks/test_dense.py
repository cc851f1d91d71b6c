"""`Dense`: what it computes, what it refuses."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slth.networks import Dense
from slth.networks.activations import ACTIVATIONS
from tests.reference.layers import dense as naive_dense

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=60)


def pruned(shape: tuple[int, int], density: float) -> NDArray[np.float64]:
    rng = np.random.default_rng(7)
    return np.where(rng.random(shape) < density, rng.normal(size=shape), 0.0)


@FIXED
@given(
    seed=st.integers(0, 2**32),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
    bias=st.booleans(),
    activation=st.sampled_from([*sorted(ACTIVATIONS), "leaky-relu(0.2)", "leaky-relu(-3)"]),
    scale=st.sampled_from([1.0, 0.25, 3.7]),
)
def test_equals_the_naive_loop(
    seed: int, shape: tuple[int, int, int], bias: bool, activation: str, scale: float
) -> None:
    batch, d_in, d_out = shape
    rng = np.random.default_rng(seed)
    x, weight = rng.normal(size=(batch, d_in)), rng.normal(size=(d_out, d_in))
    b = rng.normal(size=d_out) if bias else None
    layer = Dense(weight, b, activation, scale)
    np.testing.assert_allclose(layer(x), naive_dense(x, weight, b, activation, scale), rtol=1e-12, atol=1e-12)
    sequence = np.stack([x, -x, 2 * x])  # the last axis is what counts
    expected = naive_dense(sequence, weight, b, activation, scale)
    np.testing.assert_allclose(layer(sequence), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("batch", [1, 50])
def test_sparse_way_equals_the_dense_way(batch: int) -> None:
    weight = pruned((400, 300), 0.02)
    bias, x = np.linspace(-1, 1, 400), np.random.default_rng(1).normal(size=(batch, 300))
    layer = Dense(weight, bias, "relu", 2.0)
    assert layer._sparse is not None
    assert layer._sparse is layer._sparse
    np.testing.assert_allclose(layer(x), np.maximum(2.0 * (x @ weight.T + bias), 0.0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("weight", [pruned((400, 300), 0.2), pruned((20, 300), 0.02), pruned((10, 20_000), 0.02)])
def test_sparse_way_only_where_it_pays(weight: NDArray[np.float64]) -> None:
    assert Dense(weight)._sparse is None


def test_properties_and_repr() -> None:
    layer = Dense(np.array([[1.0, 0.0, 2.0], [0.0, 0.0, -0.0]]), np.array([0.0, 3.0]), "identity", 0.5)
    assert (layer.d_in, layer.d_out, layer.size, layer.kept) == (3, 2, 8, 3)
    assert repr(layer) == "Dense(3-2, identity, 8 weights, 3 kept, scale 0.5)"
    assert repr(Dense(np.ones((1000, 2)))) == "Dense(2-1000, relu, 2,000 weights)"
    assert Dense(np.ones((3, 2))).size == 6


def test_big_arrays_are_not_copied_and_not_writable() -> None:
    weight, bias = np.ones((2, 3)), np.ones(2)
    layer = Dense(weight, bias)
    assert np.shares_memory(layer.weight, weight)
    assert not layer.weight.flags.writeable
    assert layer.bias is not None
    assert not layer.bias.flags.writeable
    assert weight.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        layer.weight[0, 0] = 5.0


def test_other_types_convert_exactly() -> None:
    weight: Any = np.array([[0.1, 2.0]], dtype=np.float32)
    layer = Dense(weight, np.array([3]))
    assert layer.weight.dtype == np.float64
    assert layer.weight[0, 0] == float(np.float32(0.1))


def test_evaluation_leaves_its_input_alone() -> None:
    x = np.array([[-1.0, 2.0]])
    Dense(np.eye(2))(x)
    np.testing.assert_array_equal(x, [[-1.0, 2.0]])


def test_pickle_keeps_bits_and_protection() -> None:
    layer = Dense(pruned((400, 300), 0.02), None, "identity", 1.5)
    layer(np.ones((1, 300)))
    copy = pickle.loads(pickle.dumps(layer))
    assert copy.weight.tobytes() == layer.weight.tobytes()
    assert (copy.bias, copy.activation, copy.scale) == (None, "identity", 1.5)
    assert not copy.weight.flags.writeable
    assert "_sparse" not in vars(copy)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"weight": np.ones(3)}, ValueError, r"weight must have 2 dimension\(s\), got shape \(3,\)"),
        (
            {"weight": np.ones((0, 3))},
            ValueError,
            r"weight must have shape \(d_out, d_in\) with both >= 1, got \(0, 3\)",
        ),
        ({"weight": [[1.0, np.nan]]}, ValueError, r"weight must be finite, got nan at index \(0, 1\)"),
        ({"weight": [[1.0], [1.0, 2.0]]}, TypeError, "weight must be a rectangular array"),
        ({"weight": np.ones((2, 3)), "bias": np.ones(3)}, ValueError, r"bias must have shape \(2,\).*got \(3,\)"),
        ({"weight": np.ones((2, 3)), "bias": [0.0, np.inf]}, ValueError, "bias must be finite"),
        (
            {"weight": np.ones((2, 3)), "activation": "swish"},
            ValueError,
            "unknown activation 'swish'; choose one of 'ge",
        ),
        ({"weight": np.ones((2, 3)), "activation": None}, ValueError, "unknown activation None"),
        ({"weight": np.ones((2, 3)), "scale": 0.0}, ValueError, "scale must be > 0"),
        ({"weight": np.ones((2, 3)), "scale": "big"}, TypeError, "scale must be a positive number"),
    ],
)
def test_misuse(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Dense(**arguments)


def test_misuse_of_a_call() -> None:
    layer = Dense(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"a dense layer of 3 inputs takes \(\.\.\., 3\), got shape \(2,\)"):
        layer(np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"x must have shape \(batch, \.\.\.\), got a single number"):
        layer(3.0)
    with pytest.raises(ValueError, match="x must be finite"):
        layer([[0.0, 1.0, np.nan]])
