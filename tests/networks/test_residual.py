"""Residual blocks: both branches added, shapes that must agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slth.networks import Conv2d, Dense, Elementwise, Flatten, Residual
from tests.reference.layers import ACTIVATIONS, convolution

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", ["identity", "relu", "tanh"])
def test_equals_the_sum(name: str) -> None:
    first, second, skip = RNG.normal(size=(3, 2, 3, 3)), RNG.normal(size=(4, 3, 3, 3)), RNG.normal(size=(4, 2, 1, 1))
    x = RNG.normal(size=(2, 2, 6, 5))
    layers = Conv2d(first, None, "relu", stride=2, padding=1), Conv2d(second, None, "identity", padding=1)
    block = Residual(layers, (Conv2d(skip, None, "identity", stride=2),), name)
    body = convolution(convolution(x, first, None, "relu", 1.0, (2, 2), (1, 1)), second, padding=(1, 1))
    expected = np.vectorize(ACTIVATIONS[name])(body + convolution(x, skip, stride=(2, 2)))
    np.testing.assert_allclose(block(x), expected, rtol=1e-12, atol=1e-12)


def test_an_empty_shortcut_is_the_input() -> None:
    x = RNG.normal(size=(4, 3))
    dense = Dense(RNG.normal(size=(3, 3)))
    np.testing.assert_array_equal(Residual((dense,))(x), dense(x) + x)
    np.testing.assert_array_equal(Residual((Elementwise("identity"),), (), "relu")(x), np.maximum(2 * x, 0))


def test_repr_and_parts() -> None:
    block = Residual([Dense(np.ones((2, 2)))], [Elementwise("relu")], "relu")  # type: ignore[arg-type]
    assert isinstance(block.body, tuple)
    assert isinstance(block.shortcut, tuple)
    assert list(block.arrays) == ["body.0.weight"]
    assert repr(block) == "Residual([Dense(2-2, relu, 4 weights)] + [Elementwise(activation='relu')], relu)"
    assert repr(Residual((Flatten(),))) == "Residual([Flatten()] + x, identity)"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"body": ()}, TypeError, "body must hold at least one layer"),
        ({"body": Dense(np.eye(2))}, TypeError, "body must be a tuple of layers, got Dense"),
        ({"body": (np.eye(2),)}, TypeError, "body must be a tuple of layers"),
        ({"body": None}, TypeError, "body must be a tuple of layers, got None"),
        ({"shortcut": None}, TypeError, "shortcut must be a tuple of layers, got None"),
        ({"shortcut": (1,)}, TypeError, "shortcut must be a tuple of layers"),
        ({"activation": "swish"}, ValueError, "unknown activation 'swish'"),
    ],
)
def test_misuse(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Residual(**({"body": (Dense(np.eye(2)),)} | arguments))


def test_branches_of_two_shapes() -> None:
    block = Residual((Dense(np.ones((3, 2))),))
    with pytest.raises(
        ValueError, match=r"end in shapes \(3,\) and \(2,\), which must agree; give a shortcut with layers that change"
    ):
        block(np.ones((1, 2)))
