"""Convolutional networks: widths from the statements, sizes counted, and a ticket built from end to end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth.bounds import HypothesisError, HypothesisWarning
from slth.bounds.networks.convolution import cnn_width, cnn_width_explicit, structured_cnn_width
from slth.bounds.subset_sums.reach import rss_n_reach
from slth.subset_sum import solve

# LeNet5's two convolutional layers: 2,550 weights
CHANNELS, KERNEL = [1, 6, 16], 5


def convolve(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """(h, w, c) with (d, d, c, o) to (h - d + 1, w - d + 1, o), from the definition."""
    d = kernel.shape[0]
    out = np.zeros((x.shape[0] - d + 1, x.shape[1] - d + 1, kernel.shape[3]))
    for a in range(out.shape[0]):
        for b in range(out.shape[1]):
            for o in range(out.shape[2]):
                out[a, b, o] = (x[a : a + d, b : b + d] * kernel[..., o]).sum()
    return out


def test_widths_from_the_statement() -> None:
    found = cnn_width(CHANNELS, KERNEL, 0.01, 0.1, 2.5)
    assert found.n.tolist() == [math.ceil(2.5 * math.log(c * o * 25 * 2 / 0.01)) for c, o in ((1, 6), (6, 16))]
    assert found.hidden.tolist() == [2 * found.n[0], 12 * found.n[1]]
    assert found.target_parameters == 2550
    weights = sum(c * h + 25 * h * o for c, h, o in ((1, found.hidden[0], 6), (6, found.hidden[1], 16)))
    assert found.parameters == weights


def test_one_kernel_size_for_all_layers() -> None:
    one, all_ = cnn_width(CHANNELS, 3, 0.1, 0.1, 1.0), cnn_width(CHANNELS, [3, 3], 0.1, 0.1, 1.0)
    assert one.n.tolist() == all_.n.tolist()


def test_arrays_and_extremes() -> None:
    found = cnn_width(CHANNELS, KERNEL, [[0.1], [1e-300]], [0.1, 0.2, 1e-200], [1.0, 2.0, 1.0])
    assert found.n.shape == (2, 3, 2)
    assert found.parameters.shape == (2, 3)
    assert found.n[1, 1, 0] == math.ceil(2 * (math.log(300) + 300 * math.log(10)))
    assert (found.n[1] >= found.n[0]).all()
    for i, eps in enumerate((0.1, 1e-300)):
        assert found.n[i, 0].tolist() == cnn_width(CHANNELS, KERNEL, eps, 0.1, 1.0).n.tolist()


def test_explicit_widths_from_the_statement() -> None:
    found = cnn_width_explicit(CHANNELS, KERNEL, [0.1, 1e-9], 0.05)
    for row, eps in zip(found.n, (0.1, 1e-9), strict=True):
        t = math.expm1(math.log1p(eps) / 2)
        for n, (c, o) in zip(row, ((1, 6), (6, 16)), strict=True):
            samples = rss_n_reach(t / (25 * c), 0.05 / (2 * 25 * c * o), 1.0, 1 / (2 * math.e), 0.25)
            assert n == math.ceil(samples / 2)
    assert (found.n[1] > found.n[0]).all()
    assert cnn_width_explicit([1, 1], 1, 1.0, 1.0).n.shape == (1,)


def test_structured_width() -> None:
    assert structured_cnn_width(3, 2, 5, 4, 0.1, 1.5) == math.ceil(1.5 * 3**13 * 2**6 * math.log(9 * 10 * 4 / 0.1) ** 3)
    assert structured_cnn_width(1, 1, 1, 1, [0.1, 1e-300], 1.0)[1] == math.ceil((300 * math.log(10)) ** 3)


def test_a_ticket_of_a_layer_from_end_to_end() -> None:
    """2 -> 2 channels, 2 x 2 kernels: masks by subset sums on max(u, 0) v, and the output within the errors of the kernel."""
    rng = np.random.default_rng(11)
    side, inputs, outputs, each = 2, 2, 2, 40
    target = rng.uniform(-1, 1, (side, side, inputs, outputs))
    target /= np.abs(target).sum()
    u, v = rng.uniform(-1, 1, (inputs, each)), rng.uniform(-1, 1, (side, side, inputs * each, outputs))
    pointwise = np.zeros((1, 1, inputs, inputs * each))
    for j in range(inputs):
        pointwise[0, 0, j, j * each : (j + 1) * each] = u[j]
    mask = np.zeros(v.shape, bool)
    for p, q, j, o in np.ndindex(target.shape):
        of_j = slice(j * each, (j + 1) * each)
        samples = np.maximum(u[j], 0) * v[p, q, of_j, o]
        mask[p, q, of_j, o] = solve(samples, target[p, q, j, o], objective="any", epsilon=1e-4).coefficients
    x = rng.random((6, 6, inputs))
    ticket = convolve(np.maximum(convolve(x, pointwise), 0), v * mask)
    worst = np.abs(np.maximum(ticket, 0) - np.maximum(convolve(x, target), 0)).max()
    assert worst <= 1e-4 * side * side * inputs
    signed = x - 0.5
    lost = np.abs(convolve(np.maximum(convolve(signed, pointwise), 0), v * mask) - convolve(signed, target)).max()
    assert lost > 0.01, "negative control: inputs of both signs need two blocks"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: cnn_width([1], 3, 0.1, 0.1, 1.0), ValueError, "two numbers or more"),
        (lambda: cnn_width([1, 2.5], 3, 0.1, 0.1, 1.0), ValueError, "channels must be whole numbers"),
        (lambda: cnn_width([1, 2], 0, 0.1, 0.1, 1.0), ValueError, "kernels must be whole numbers"),
        (lambda: cnn_width([1, 2, 3], [3, 3, 3], 0.1, 0.1, 1.0), ValueError, "one for each of 2 layers"),
        (lambda: cnn_width([1, 2], 3, 1.0, 0.1, 1.0), HypothesisError, "0 < eps < 1"),
        (lambda: cnn_width([1, 2], 3, 0.1, 0.0, 1.0), HypothesisError, "0 < delta < 1"),
        (lambda: cnn_width([1, 2], 3, 0.1, 0.1, 0.0), HypothesisError, "C > 0"),
        (lambda: cnn_width_explicit([1, 2], 3, 1.1, 0.1), HypothesisError, "0 < eps <= 1"),
        (lambda: cnn_width_explicit([1, 2], 3, 0.1, 1.1), HypothesisError, "0 < delta <= 1"),
        (lambda: structured_cnn_width(0, 1, 1, 1, 0.1, 1.0), HypothesisError, "whole number kernel"),
        (lambda: structured_cnn_width(1, 1, 1, 1, 1.0, 1.0), HypothesisError, "0 < eps < 1"),
    ],
)
def test_refusals(call, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_arrays_are_nan_where_a_hypothesis_fails() -> None:
    with pytest.warns(HypothesisWarning, match="0 < eps < 1"):
        found = cnn_width(CHANNELS, KERNEL, [0.1, 1.0], 0.1, 1.0)
    assert np.isnan(found.n).tolist() == [[False, False], [True, True]]
    assert np.isnan(found.parameters).tolist() == [False, True]
    with pytest.warns(HypothesisWarning, match="0 < eps <= 1"):
        assert np.isnan(cnn_width_explicit(CHANNELS, KERNEL, [0.1, 2.0], 0.1).n[1]).all()
