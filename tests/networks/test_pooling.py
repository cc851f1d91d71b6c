"""Pooling against loops over every window, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.networks import AveragePool2d, GlobalAveragePool2d, MaxPool2d
from tests.reference.layers import pooling

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)


@FIXED
@given(st.sampled_from(["max", "mean"]), st.integers(0, 2**32), st.data())
def test_equals_the_loops(kind: str, seed: int, data: st.DataObject) -> None:
    kernel = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = data.draw(st.none() | st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel)
    size = [max(k - 2 * p, 1) + data.draw(st.integers(0, 4)) for k, p in zip(kernel, padding, strict=True)]
    x = (
        np.random.default_rng(seed).normal(size=(2, 3, *size)) - 2.0
    )  # mostly negative: a border of zeros would be the largest
    layer = (MaxPool2d if kind == "max" else AveragePool2d)(kernel, stride, padding)
    expected = pooling(x, kind, kernel, stride or kernel, padding)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-13, atol=1e-14)
    assert layer.output_shape(x.shape[1:]) == expected.shape[1:]
    if kind == "max":
        np.testing.assert_array_equal(layer(x), expected)


def test_global_average_is_the_mean() -> None:
    x = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    np.testing.assert_allclose(GlobalAveragePool2d()(x), x.reshape(3, 2, 20).sum(axis=2) / 20, rtol=1e-13)
    assert GlobalAveragePool2d().output_shape((2, None, None)) == (2,)


def test_windows_touch_by_default() -> None:
    assert MaxPool2d(2) == MaxPool2d((2, 2), (2, 2), (0, 0))
    assert MaxPool2d((2, 3)).settings == {"kernel": (2, 3), "stride": (2, 3), "padding": (0, 0)}
    assert MaxPool2d(2) != AveragePool2d(2)
    assert [repr(p) for p in (MaxPool2d(2), AveragePool2d((3, 2), 1, 1))] == [
        "MaxPool2d(2x2)",
        "AveragePool2d(3x2, stride 1x1, padding 1x1)",
    ]
    assert (MaxPool2d(2).size, MaxPool2d(2).kept, dict(MaxPool2d(2).arrays)) == (0, 0, {})


@pytest.mark.parametrize("kind", [MaxPool2d, AveragePool2d])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"kernel": 0}, ValueError, "kernel must be >= 1, got 0"),
        ({"kernel": None}, TypeError, "kernel must be an integer or a pair"),
        ({"stride": 0}, ValueError, "stride must be >= 1"),
        ({"stride": (1,)}, TypeError, "stride must be an integer or a pair"),
        ({"padding": -1}, ValueError, "padding must be >= 0"),
        ({"padding": 2}, ValueError, r"padding must be at most half of the kernel \(3, 3\), got \(2, 2\)"),
        ({"padding": (1, 2)}, ValueError, "padding must be at most half"),
    ],
)
def test_misuse(kind: Any, arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        kind(**({"kernel": 3} | arguments))


@pytest.mark.parametrize("layer", [MaxPool2d(3), AveragePool2d(3), GlobalAveragePool2d()])
def test_misuse_of_a_call(layer: Any) -> None:
    with pytest.raises(ValueError, match=r"pooling takes \(channels, height, width\), got shape \(4, 4\)"):
        layer(np.ones((1, 4, 4)))
    if not isinstance(layer, GlobalAveragePool2d):
        with pytest.raises(ValueError, match="a window of 3 does not fit into 2"):
            layer(np.ones((1, 1, 2, 4)))
