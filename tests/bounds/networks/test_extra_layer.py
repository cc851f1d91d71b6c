"""Depth L+1: tolerances and widths from the statements, activations near 0, and propagation of errors on drawn networks."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import special

from slth.bounds import HypothesisError, HypothesisWarning
from slth.bounds.networks.extra_layer import activation_scale, burkholz_eps_layer, burkholz_width, propagated_tolerances

ACTIVATIONS = {
    "tanh": (np.tanh, 1.0),
    "sigmoid": (special.expit, 0.25),
    "softplus": (lambda y: np.logaddexp(0, y), 0.5),
    "silu": (lambda y: y * special.expit(y), 0.5),
    "gelu": (lambda y: y * special.ndtr(y), 0.5),
}


def test_tolerances_from_the_statement() -> None:
    eps, depth, outputs, norms, reach = 0.1, 4, 10, [3.0, 2.0, 0.5, 1.0], [1.0, 4.0, 2.5, 7.0]
    wanted = []
    for layer in range(1, depth + 1):
        gain = math.prod(norms[k - 1] + eps / depth for k in range(layer + 1, depth))
        wanted.append(eps / (outputs * depth) / ((1 + reach[layer - 1]) * (1 + eps / depth) * gain))
    np.testing.assert_allclose(burkholz_eps_layer(outputs, norms, reach, eps), wanted, rtol=1e-13)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_shallow_networks(depth: int) -> None:
    norms, reach = [2.0, 3.0, 4.0][:depth], [1.0, 1.0, 1.0][:depth]
    found = burkholz_eps_layer(1, norms, reach, 0.3)
    own = 0.3 / depth / 2 / (1 + 0.3 / depth)
    assert found[-1] == pytest.approx(own)
    assert found[0] == pytest.approx(own / (3.0 + 0.1) if depth == 3 else own)


def test_propagated_tolerances_from_the_statement() -> None:
    rows, reach = [9.0, 2.0, 0.5], [1.0, 4.0, 2.5]
    wanted = [0.1 / 3 / 2 / 1.0, 0.1 / 3 / 5 / 0.5, 0.1 / 3 / 3.5]
    np.testing.assert_allclose(propagated_tolerances(rows, reach, 0.1), wanted, rtol=1e-13)
    np.testing.assert_allclose(propagated_tolerances(rows, reach, [0.1, 1e-300])[1], [w * 1e-299 for w in wanted])


def test_deep_networks_do_not_overflow() -> None:
    rows, reach = np.full(2000, 1e3), np.zeros(2000)
    rows[:1000] = 1e-3
    found = propagated_tolerances(rows, reach, 0.5)
    assert found[0] == pytest.approx(0.5 / 2000 * 1e-3, rel=1e-8), "999 layers of 1e-3 undo all but one of 1000 of 1e3"
    assert burkholz_eps_layer(1, rows, reach, 0.5)[-1] > 0


def test_propagation_on_drawn_networks() -> None:
    """Every parameter off by its tolerance: the output stays within eps; with tolerances 20 times as large it does not always."""
    rng, eps = np.random.default_rng(5), 0.1
    broken = 0
    for _ in range(50):
        widths = rng.integers(2, 7, 4)
        target = [(rng.normal(0, 1, (n, m)), rng.normal(0, 0.3, n)) for m, n in pairwise(widths)]
        bound, reach = np.ones(widths[0]), []
        for W, b in target:
            reach.append(bound.sum())
            bound = np.abs(W) @ bound + np.abs(b)
        rows = [np.abs(W).sum(axis=1).max() for W, _ in target]
        tolerances = propagated_tolerances([row + 0.1 for row in rows], reach, eps)
        assert all(m * t <= 0.1 for m, t in zip(widths, tolerances, strict=False)), "the margin in row_sums is enough"
        for excess in (1, 20):
            ticket = [
                (W + excess * t * rng.choice([-1, 1], W.shape), b + excess * t)
                for (W, b), t in zip(target, tolerances, strict=True)
            ]
            x = rng.choice([-1.0, 1.0], (widths[0], 20))
            wrong = np.abs(output(target, x) - output(ticket, x)).max()
            assert excess > 1 or wrong <= eps
            broken += wrong > eps
    assert broken > 0, "negative control"


def output(network: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray) -> np.ndarray:
    for depth, (W, b) in enumerate(network, 1):
        x = W @ x + b[:, None]
        x = np.tanh(x) if depth < len(network) else x
    return x


def test_widths_from_the_statement() -> None:
    widths, tolerances, delta, C, C_rho, gamma = [3, 20, 30, 2], [1e-3, 1e-2, 1e-4], 0.05, 2.0, 5.0, 0.5
    parameters = 3 * 20 + 20 * 30 + 30 * 2 + 20 + 30 + 2
    least = math.log(1e4)
    rho = C_rho * parameters ** (1 + gamma) / least ** (1 + gamma) * least
    found = burkholz_width(widths, tolerances, delta, C, C_rho, gamma)
    assert found.rho == pytest.approx(rho)
    wanted = [
        math.ceil(C * n * math.log(1 / min(e, delta / rho))) for n, e in zip(widths[:-1], tolerances, strict=True)
    ]
    assert found.widths.tolist() == [*wanted, 2]
    fewer = burkholz_width(widths, tolerances, delta, C, C_rho, gamma, parameters=50)
    assert fewer.rho == pytest.approx(rho * (50 / parameters) ** 1.5)
    assert (fewer.widths <= found.widths).all()


def test_rho_of_less_than_one_counts_as_one() -> None:
    found = burkholz_width([1, 1], [0.5], 1e-300, 1.0, C_rho=1e-6)
    assert found.rho == 1
    assert found.widths.tolist() == [math.ceil(300 * math.log(10)), 1]


def test_widths_broadcast_over_delta() -> None:
    found = burkholz_width([3, 5, 2], [1e-3, 1e-2], [0.1, 1e-9, 1e-300], 1.0)
    assert found.widths.shape == (3, 3)
    assert (np.diff(found.widths, axis=0) >= 0).all()
    assert found.widths[0].tolist() == burkholz_width([3, 5, 2], [1e-3, 1e-2], 0.1, 1.0).widths.tolist()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("err", "reach"), [(1e-3, 1.0), (0.05, 3.0), (1e-2, 0.2)])
def test_activations_are_linear_enough(activation: str, err: float, reach: float) -> None:
    phi, slope = ACTIVATIONS[activation]
    s = activation_scale(err, reach, activation)
    y = np.linspace(-reach, reach, 2001)
    wrong = np.abs((phi(s * y) - phi(0.0)) / (s * slope) - y).max()
    assert wrong <= err * (1 + 1e-9)
    assert wrong >= 0.2 * err, "the scale is not much smaller than need be"


def test_scale_of_activations() -> None:
    assert activation_scale(1 / 3, 1.0, "tanh") == pytest.approx(1)
    assert activation_scale(1e-300, 1.0, "tanh") == pytest.approx(math.sqrt(3e-300))
    assert activation_scale([0.1, 0.2], 2.0, "softplus").tolist() == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: burkholz_eps_layer(0, [1.0], [1.0], 0.1), HypothesisError, "whole number outputs"),
        (lambda: burkholz_eps_layer(1, [1.0], [1.0], 1.0), HypothesisError, "0 < eps < 1"),
        (lambda: burkholz_eps_layer(1, [1.0, 2.0], [1.0], 0.1), ValueError, "one number a layer"),
        (lambda: burkholz_eps_layer(1, [1.0], [-1.0], 0.1), ValueError, "input_norms must be >= 0"),
        (lambda: propagated_tolerances([-1.0], [1.0], 0.1), ValueError, "row_sums must be >= 0"),
        (lambda: propagated_tolerances([1.0, 0.0], [1.0, 1.0], 0.1), HypothesisError, "row_sums > 0"),
        (lambda: propagated_tolerances([1.0], [1.0], 0.0), HypothesisError, "eps > 0"),
        (lambda: burkholz_width([1, 2], [0.1, 0.1], 0.1, 1.0), ValueError, "one number more than eps_layers"),
        (lambda: burkholz_width([1, 0], [0.1], 0.1, 1.0), ValueError, "whole numbers >= 1"),
        (lambda: burkholz_width([1, 2], [1.0], 0.1, 1.0), HypothesisError, "0 < eps_l < 1"),
        (lambda: burkholz_width([1, 2], [0.1], 1.0, 1.0), HypothesisError, "0 < delta < 1"),
        (lambda: burkholz_width([1, 2], [0.1], 0.1, 0.0), HypothesisError, "C > 0"),
        (lambda: burkholz_width([1, 2], [0.1], 0.1, 1.0, gamma=0.0), HypothesisError, "gamma > 0"),
        (lambda: activation_scale(0.0, 1.0, "tanh"), HypothesisError, "err > 0"),
        (lambda: activation_scale(0.1, 1.0, "relu"), ValueError, "unknown activation"),
    ],
)
def test_refusals(call, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_arrays_are_nan_where_a_hypothesis_fails() -> None:
    with pytest.warns(HypothesisWarning, match="0 < eps < 1"):
        found = burkholz_eps_layer(1, [1.0, 2.0], [1.0, 1.0], [0.1, 1.0])
    assert np.isnan(found).tolist() == [[False, False], [True, True]]
    with pytest.warns(HypothesisWarning, match="0 < delta < 1"):
        widths = burkholz_width([1, 2], [0.1], [0.1, 2.0], 1.0)
    assert np.isnan(widths.rho).tolist() == [False, True]
    assert np.isnan(widths.widths).tolist() == [[False, False], [True, True]]


def test_widths_beyond_float64() -> None:
    assert np.isinf(burkholz_width([3, 4, 2], [0.1, 0.1], 0.1, 1e308).widths[0])
    assert isinstance(burkholz_width([3, 4, 2], [0.1, 0.1], 0.1, 2).rho, float)
