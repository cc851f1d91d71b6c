"""`Conv2d` against loops over every pixel, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.networks import Conv2d
from slth.networks.layers.window import pair, slid
from tests.reference.layers import convolution

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)
PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
BORDERS = st.tuples(st.integers(0, 2), st.integers(0, 2))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Conv2d, np.ndarray]:
    """A convolution and a batch of the smallest images that it takes, or a little larger ones."""
    groups = draw(st.integers(1, 3))
    share_in, share_out = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    kernel, stride, dilation = draw(PAIRS), draw(PAIRS), draw(PAIRS)
    padding = draw(BORDERS)
    least = [max(d * (k - 1) + 1 - 2 * p, 1) for d, k, p in zip(dilation, kernel, padding, strict=True)]
    size = [n + draw(st.integers(0, 3)) for n in least]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weight = rng.normal(size=(groups * share_out, share_in, *kernel))
    bias = rng.normal(size=groups * share_out) if draw(st.booleans()) else None
    name = draw(st.sampled_from(["identity", "relu", "gelu"]))
    scale = draw(st.sampled_from([1.0, 0.3]))
    layer = Conv2d(weight, bias, name, scale, stride, padding, dilation, groups)
    return layer, rng.normal(size=(draw(st.integers(1, 2)), groups * share_in, *size))


@FIXED
@given(cases())
def test_equals_the_loops(case: tuple[Conv2d, np.ndarray]) -> None:
    layer, x = case
    expected = convolution(
        x, layer.weight, layer.bias, layer.activation, layer.scale, layer.stride, layer.padding, layer.dilation,
        layer.groups,
    )  # fmt: skip
    np.testing.assert_allclose(layer(x), expected, rtol=1e-12, atol=1e-12)
    assert layer.output_shape(x.shape[1:]) == expected.shape[1:]


@FIXED
@given(cases(), st.integers(0, 2**32))
def test_is_linear_without_an_activation(case: tuple[Conv2d, np.ndarray], seed: int) -> None:
    layer, x = case
    plain = Conv2d(
        layer.weight, None, "identity", layer.scale, layer.stride, layer.padding, layer.dilation, layer.groups
    )
    y = np.random.default_rng(seed).normal(size=x.shape)
    np.testing.assert_allclose(plain(2 * x - 3 * y), 2 * plain(x) - 3 * plain(y), rtol=1e-11, atol=1e-11)


def test_a_known_image() -> None:
    """Cross-correlation, not convolution: the kernel is not turned round."""
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    kernel = np.array([[[[1.0, 0.0], [0.0, -2.0]]]])
    np.testing.assert_array_equal(Conv2d(kernel, None, "identity")(x)[0, 0], [[-10, -11, -12], [-14, -15, -16]])
    np.testing.assert_array_equal(Conv2d(kernel, np.array([1.0]), "identity", 2.0, 2, 1)(x)[0, 0, 0], [2, -6, 2])


def test_a_kernel_of_one_pixel_is_a_dense_layer() -> None:
    rng = np.random.default_rng(0)
    weight, bias, x = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(2, 3, 5, 6))
    expected = np.moveaxis(np.moveaxis(x, 1, -1) @ weight.T + bias, -1, 1)
    np.testing.assert_allclose(Conv2d(weight[:, :, None, None], bias, "identity")(x), expected, rtol=1e-13, atol=1e-14)


def test_a_kernel_of_the_whole_image_is_a_dense_layer() -> None:
    rng = np.random.default_rng(0)
    weight, x = rng.normal(size=(4, 3, 5, 6)), rng.normal(size=(2, 3, 5, 6))
    expected = x.reshape(2, -1) @ weight.reshape(4, -1).T
    np.testing.assert_allclose(Conv2d(weight, None, "identity")(x)[:, :, 0, 0], expected, rtol=1e-12, atol=1e-13)


def test_moving_the_image_moves_the_output() -> None:
    rng = np.random.default_rng(1)
    layer, x = Conv2d(rng.normal(size=(2, 1, 3, 3)), rng.normal(size=2)), rng.normal(size=(1, 1, 8, 9))
    np.testing.assert_allclose(layer(x[:, :, 1:, 2:]), layer(x)[:, :, 1:, 2:], rtol=1e-13, atol=1e-14)


def test_properties_and_repr() -> None:
    layer = Conv2d(np.ones((6, 2, 3, 5)), np.zeros(6), "relu", 0.5, (2, 1), 1, (1, 2), 3)
    assert (layer.c_in, layer.c_out, layer.kernel, layer.size, layer.kept) == (6, 6, (3, 5), 186, 180)
    assert repr(layer) == (
        "Conv2d(6-6, 3x5, relu, 186 weights, 180 kept, stride 2x1, padding 1x1, dilation 1x2, 3 groups, scale 0.5)"
    )
    assert repr(Conv2d(np.ones((1, 2, 3, 3)))) == "Conv2d(2-1, 3x3, relu, 18 weights)"
    with pytest.raises(ValueError, match="read-only"):
        layer.weight[0, 0, 0, 0] = 5.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"weight": np.ones((2, 3))}, ValueError, r"weight must have 4 dimension\(s\), got shape \(2, 3\)"),
        ({"weight": np.ones((2, 0, 3, 3))}, ValueError, "weight must have shape .* all >= 1"),
        ({"weight": np.full((1, 1, 1, 1), np.nan)}, ValueError, "weight must be finite"),
        ({"weight": np.ones((1, 1, 1, 1)) * 1j}, TypeError, "weight must hold real numbers"),
        ({"bias": np.ones(3)}, ValueError, r"bias must have shape \(4,\) like the kernels, got \(3,\)"),
        ({"bias": np.ones((4, 1))}, ValueError, "bias must have 1 dimension"),
        ({"activation": "swish"}, ValueError, "unknown activation 'swish'"),
        ({"scale": -1.0}, ValueError, "scale must be > 0"),
        ({"stride": 0}, ValueError, "stride must be >= 1, got 0"),
        ({"stride": (1, 0)}, ValueError, r"stride must be >= 1, got \(1, 0\)"),
        ({"stride": (1, 2, 3)}, TypeError, "stride must be an integer or a pair of integers"),
        ({"stride": 1.5}, TypeError, "stride must be an integer or a pair of integers, got 1.5"),
        ({"stride": True}, TypeError, "stride must be an integer"),
        ({"stride": "22"}, TypeError, "stride must be an integer"),
        ({"padding": -1}, ValueError, "padding must be >= 0, got -1"),
        ({"padding": "same"}, TypeError, "padding must be an integer"),
        ({"padding": None}, TypeError, "padding must be an integer"),
        ({"dilation": 0}, ValueError, "dilation must be >= 1"),
        ({"groups": 0}, ValueError, "groups must be >= 1, got 0"),
        ({"groups": 3}, ValueError, "groups=3 must divide the 4 output channels"),
        ({"groups": 2.0}, TypeError, "groups must be a positive integer"),
    ],
)
def test_misuse(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Conv2d(**({"weight": np.ones((4, 1, 2, 2))} | arguments))


def test_misuse_of_a_call() -> None:
    layer = Conv2d(np.ones((4, 3, 2, 2)), dilation=3)
    with pytest.raises(
        ValueError, match=r"a convolution of 3 channels takes \(3, height, width\), got shape \(2, 9, 9\)"
    ):
        layer(np.ones((1, 2, 9, 9)))
    with pytest.raises(ValueError, match=r"takes \(3, height, width\), got shape \(9, 9\)"):
        layer(np.ones((3, 9, 9)))
    with pytest.raises(ValueError, match=r"a window of 4 does not fit into 3 of an image .*add padding"):
        layer(np.ones((1, 3, 3, 9)))
    with pytest.raises(ValueError, match="x must be finite"):
        layer(np.full((1, 3, 9, 9), np.inf))


def test_images_of_any_size() -> None:
    layer = Conv2d(np.ones((4, 3, 2, 2)), padding=1, stride=2)
    assert layer.output_shape((3, None, 6)) == (4, None, 4)
    assert layer.output_shape((3, None, None)) == (4, None, None)


def test_pairs() -> None:
    assert pair(3, "stride") == (3, 3)
    assert pair([1, np.int64(2)], "stride") == (1, 2)
    assert slid((1, 7, None), (3, 3), (2, 2), (0, 0), (1, 1)) == (3, None)


@pytest.mark.parametrize("windows", [1, 200])
def test_windows_laid_out_strip_by_strip(windows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    layer = Conv2d(rng.normal(size=(6, 2, 3, 2)), rng.normal(size=6), "relu", 1.0, (2, 1), (1, 2), (1, 2), 2)
    x = rng.normal(size=(3, 4, 9, 7))
    whole = layer(x)
    monkeypatch.setattr("slth.networks.layers.convolution._WINDOWS", windows)
    np.testing.assert_allclose(layer(x), whole, rtol=1e-12, atol=1e-12)
