"""Random networks have the moments that the papers ask for."""

import numpy as np
import pytest

from slth import search


@pytest.mark.parametrize("law", ["signed-constant", "kaiming-normal", "kaiming-uniform"])
def test_mean_squares(law: str) -> None:
    """Sample mean squares of 10^4 and more numbers: 5 standard errors, false alarms below 1e-5 in all."""
    net = search.random_network([200, 300, 100], law=law, biases="non-zero", rng=0)
    spread = 1.0
    for layer, d_in in zip(net.layers, (200, 300), strict=True):
        spread *= 2 / d_in
        for numbers, variance in ((layer.weight, 2 / d_in), (layer.bias, spread)):
            squares = numbers**2 / variance
            assert abs(squares.mean() - 1) <= 5 * np.sqrt(2 / squares.size)
    if law == "signed-constant":
        assert np.unique(np.abs(net.layers[0].weight)).size == 1


def test_looks_linear_is_linear_at_birth() -> None:
    net = search.random_network([5, 8, 6, 3], biases="looks-linear", law="kaiming-normal", rng=0)
    x = np.random.default_rng(0).normal(size=(50, 5))
    zero, ones = net(np.zeros((1, 5))), net(np.eye(5))
    assert np.allclose(net(x), zero + x @ (ones - zero))


def test_no_biases() -> None:
    assert all(layer.bias is None for layer in search.random_network([3, 4, 2], rng=0).layers)


def test_same_seed_same_bits() -> None:
    one, other = (search.random_network([3, 4, 2], biases="non-zero", rng=7) for _ in range(2))
    assert (one.layers[0].weight == other.layers[0].weight).all()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"widths": [3]}, "at least 2 numbers"),
        ({"widths": [3, 5, 2], "biases": "looks-linear"}, "even hidden widths"),
        ({"widths": [3, 2], "law": "cauchy"}, "unknown law"),
    ],
)
def test_bad_input(options: dict[str, object], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        search.random_network(**options)
