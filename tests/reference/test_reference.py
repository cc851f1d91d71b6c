"""The twins against each other and against answers known by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from scipy import signal

from tests.reference import layers as naive
from tests.reference.network import Layer, forward, forward_exact
from tests.reference.subset_sum_exact import closest, closest_meet, smallest_within
from tests.reference.textbook import closest_errors
from tests.reference.worst_input import Ball, Box, worst_input

ROUNDING = 2.0**-52

KINDS = ("uniform", "halves", "zeros", "tiny", "wide")


def rows(kind: str, rng: np.random.Generator, n: int) -> tuple[list[float], float]:
    """A row of n samples and a target: plain, full of ties, full of zeros, subnormal, or of very different sizes."""
    uniform = rng.uniform(-1, 1, n + 1)
    values = {
        "uniform": uniform,
        "halves": rng.integers(-3, 4, n + 1) / 2,
        "zeros": uniform * rng.integers(0, 2, n + 1),
        "tiny": rng.integers(-9, 10, n + 1) * 5e-324,
        "wide": uniform * 2.0 ** rng.integers(-60, 60, n + 1),
    }[kind]
    return values[:n].tolist(), float(values[n])


@pytest.mark.parametrize("kind", KINDS)
def test_meet_in_the_middle_gives_the_canonical_subset(kind: str) -> None:
    rng = np.random.default_rng(1)
    for n in (0, 1, 2, 3, 5, 8, 9):
        for _ in range(6):
            samples, target = rows(kind, rng, n)
            assert closest_meet(samples, target) == closest(samples, target)


def test_canonical_rule_by_hand() -> None:
    assert closest([1.0, 2.0, 3.0], 3.0).mask == 0b100  # fewest elements
    assert closest([2.0, 2.0, 0.0], 2.0).mask == 0b001  # smallest mask, no zero
    assert closest([1.0, -1.0], 0.0).mask == 0  # the empty subset is a subset
    assert closest([1.0, 3.0], 2.0).mask == 0b01  # both one off; one element each
    assert closest([0.1, 0.2], 0.3).error == Fraction(0.1) + Fraction(0.2) - Fraction(0.3) == Fraction(1, 2**55)
    answer = closest([0.5, 0.25], 0.7)
    assert (answer.chosen, answer.sum, answer.error) == ([True, True], Fraction(3, 4), Fraction(3, 4) - Fraction(0.7))


def test_smallest_within() -> None:
    assert smallest_within([1.0, 2.0, 2.75], 3.0, 0.25).mask == 0b100  # an error equal to epsilon is within
    assert smallest_within([1.0, 2.0, 2.75], 3.0, 0.125).mask == 0b011
    assert smallest_within([1.0, 2.0, 2.75], 3.0, 0.0).error == 0
    assert smallest_within([1.0, 2.0, 2.75], 0.25, 0.25).mask == 0
    assert smallest_within([2.75, 3.25, 3.125], 3.0, 0.25).mask == 0b100  # closest of three singles
    assert smallest_within([2.75, 3.25], 3.0, 0.25).mask == 0b01
    assert smallest_within([1.0, 1.0], 5.0, 0.5) is None
    rng = np.random.default_rng(2)
    samples, target = rows("uniform", rng, 9)
    best = closest(samples, target)
    assert smallest_within(samples, target, float(best.error) * (1 + 1e-9)).error == best.error


@pytest.mark.parametrize("workers", [1, 3])
def test_textbook_finds_the_exact_errors(workers: int) -> None:
    rng = np.random.default_rng(3)
    for n in (1, 2, 7, 12):
        samples, targets = rng.uniform(-1, 1, (10, n)), rng.uniform(-1, 1, 10)
        exact = [float(closest_meet(row, target).error) for row, target in zip(samples, targets, strict=True)]
        np.testing.assert_allclose(
            closest_errors(samples, targets, workers=workers), exact, rtol=0, atol=2 * (n + 1) ** 2 * ROUNDING
        )


def test_textbook_is_exact_on_integers_and_on_nothing() -> None:
    rng = np.random.default_rng(4)
    samples, targets = rng.integers(-40, 40, (30, 8)).astype(float), rng.integers(-90, 90, 30) / 4
    exact = [float(closest(row, target).error) for row, target in zip(samples, targets, strict=True)]
    np.testing.assert_array_equal(closest_errors(samples, targets), exact)
    np.testing.assert_array_equal(closest_errors(np.empty((2, 0)), np.array([-1.5, 0.0])), [1.5, 0.0])
    assert closest_errors(np.empty((0, 5)), np.empty(0), workers=2).shape == (0,)


def random_layers(rng: np.random.Generator, widths: list[int]) -> list[Layer]:
    """Dense layers with weights and biases in [-1, 1], a scale of 3/4, and a ReLU after all but the last."""
    activations = ["relu"] * (len(widths) - 2) + ["identity"]
    return [
        (rng.uniform(-1, 1, (after, before)), rng.uniform(-1, 1, after), activation, 0.75)
        for (before, after), activation in zip(pairwise(widths), activations, strict=True)
    ]


def test_float_and_exact_forward_agree() -> None:
    rng = np.random.default_rng(5)
    layers = random_layers(rng, [5, 7, 6, 3])
    x = rng.uniform(-1, 1, 5)
    np.testing.assert_allclose(forward(layers, x), [float(y) for y in forward_exact(layers, x)], rtol=0, atol=1e-14)


def test_exact_forward_rounds_nothing() -> None:
    layers: list[Layer] = [([[0.1, 0.2], [-1.0, 0.0]], [0.3, 0.0], "relu", 3.0), ([[1.0, 1.0]], None, None, 1)]
    assert forward_exact(layers, [1.0, 1.0]) == [3 * (Fraction(0.1) + Fraction(0.2) + Fraction(0.3))]
    with pytest.raises(ValueError, match="activation"):
        forward_exact([([[1.0]], None, "tanh", 1.0)], [1.0])


def test_worst_input_of_a_linear_difference() -> None:
    """|a . x| is at most ||a||_1 on the box [-1, 1]^d and radius ||a||_2 on a ball; both are attained."""
    rng = np.random.default_rng(6)
    a, b = rng.standard_normal((2, 3, 20))
    largest = {"box": np.abs(a - b).sum(axis=1).max(), "ball": 2 * np.linalg.norm(a - b, axis=1).max()}
    for f, g in (([(a, None, None, 1.0)], [(b, None, None, 1.0)]), (lambda x: x @ a.T, lambda x: x @ b.T)):
        x, value = worst_input(f, g, Box(-np.ones(20), np.ones(20)))
        assert value == pytest.approx(largest["box"], rel=1e-12)
        assert np.abs((a - b) @ x).max() == pytest.approx(value, rel=1e-12)
        x, value = worst_input(f, g, Ball(20, 2.0))
        assert value == pytest.approx(largest["ball"], rel=1e-6)
        assert np.linalg.norm(x) <= 2 * (1 + 1e-12)


def test_worst_input_of_relu_networks() -> None:
    """Attacks stay in the domain, report what they evaluate, and beat plain sampling by far."""
    rng = np.random.default_rng(7)
    f, g = random_layers(rng, [16, 30, 4]), random_layers(rng, [16, 30, 4])
    low, high = -rng.random(16), rng.random(16)
    points = rng.uniform(low, high, (4000, 16))
    sampled = max(np.abs(np.subtract(forward(f, x), forward(g, x))).max() for x in points[:400])
    x, value = worst_input(f, g, Box(low, high))
    assert np.all(low <= x)
    assert np.all(x <= high)
    assert value == pytest.approx(np.abs(np.subtract(forward(f, x), forward(g, x))).max(), rel=1e-12)
    assert value > 1.3 * sampled
    corners = np.where(np.arange(2**16)[:, None] >> np.arange(16) & 1, high, low)
    assert value >= 0.999 * np.abs(run(f, corners) - run(g, corners)).max()


def run(layers: list[Layer], x: np.ndarray) -> np.ndarray:
    """The layers on a batch, in NumPy."""
    for weights, biases, activation, scale in layers:
        x = scale * (x @ weights.T + biases)
        x = np.maximum(x, 0.0) if activation == "relu" else x
    return x


# --- layers ---------------------------------------------------------------------------------------------------------


def test_convolution_against_scipy() -> None:
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(6, 7)), rng.normal(size=(3, 2))
    x, weight = image[None, None], kernel[None, None]
    np.testing.assert_allclose(naive.convolution(x, weight)[0, 0], signal.correlate2d(image, kernel, "valid"))
    whole = signal.correlate2d(np.pad(image, ((2, 2), (1, 1))), kernel, "valid")
    np.testing.assert_allclose(naive.convolution(x, weight, padding=(2, 1))[0, 0], whole)
    np.testing.assert_allclose(naive.convolution(x, weight, padding=(2, 1), stride=(3, 2))[0, 0], whole[::3, ::2])
    spread = np.zeros((5, 3))
    spread[::2, ::2] = kernel
    expected = signal.correlate2d(image, spread, "valid")
    np.testing.assert_allclose(naive.convolution(x, weight, dilation=(2, 2))[0, 0], expected)


def test_groups_are_convolutions_side_by_side() -> None:
    rng = np.random.default_rng(1)
    x, weight, bias = rng.normal(size=(2, 4, 4, 5)), rng.normal(size=(6, 2, 2, 3)), rng.normal(size=6)
    parts = [
        naive.convolution(x[:, 2 * g : 2 * g + 2], weight[3 * g : 3 * g + 3], bias[3 * g : 3 * g + 3]) for g in (0, 1)
    ]
    np.testing.assert_array_equal(naive.convolution(x, weight, bias, groups=2), np.concatenate(parts, axis=1))


def test_layers_by_hand() -> None:
    assert naive.dense(np.array([1.0, 2.0]), np.array([[3.0, -4.0]]), np.array([1.0]), "relu", 2.0).tolist() == [0.0]
    x = np.arange(6.0).reshape(1, 1, 2, 3)
    assert naive.pooling(x, "max", (2, 2), (1, 1), (0, 0)).tolist() == [[[[4.0, 5.0]]]]
    assert naive.pooling(x, "mean", (2, 2), (2, 2), (1, 1)).tolist() == [[[[0.0, 0.75], [0.75, 2.25]]]]
    assert naive.pooling(-x - 1, "max", (2, 2), (2, 2), (1, 1)).tolist() == [[[[-1.0, -2.0], [-4.0, -5.0]]]]
    assert naive.softmax([0.0, np.log(3.0)]) == pytest.approx([0.25, 0.75])
    row = naive.layer_norm(np.array([[1.0, 3.0]]), np.array([1.0, 2.0]), np.array([0.0, 1.0]), 3.0)
    np.testing.assert_allclose(row, [[-0.5, 2.0]])
    assert naive.embedding([[1, 0]], np.array([[1.0], [2.0]]), np.array([[10.0], [20.0]])).tolist() == [
        [[12.0], [21.0]]
    ]
    one = [np.eye(1)] * 4
    equal = naive.attention(np.array([[[0.0], [0.0], [3.0]]]), [np.zeros((1, 1)), *one[1:]], [None] * 4, 1)
    np.testing.assert_allclose(equal, [[[1.0]] * 3])
    causal = naive.attention(
        np.array([[[1.0], [2.0], [6.0]]]), [np.zeros((1, 1)), *one[1:]], [None] * 4, 1, causal=True
    )
    np.testing.assert_allclose(causal, [[[1.0], [1.5], [3.0]]])
    values = {
        "relu": 0.0,
        "leaky-relu": -0.02,
        "sigmoid": 0.11920292202211755,
        "tanh": -0.9640275800758169,
        "gelu": -0.04550026389635842,
        "gelu-tanh": -0.04540230591222494,
    }
    for name, value in values.items():
        assert naive.ACTIVATIONS[name](-2.0) == pytest.approx(value, rel=1e-12)
