"""Attention: dimensions from the statements, the softmax bounds against drawn heads, and a ticket built from end to end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth.bounds import HypothesisError, HypothesisWarning
from slth.bounds.networks.attention import (
    linear_gadget_n,
    linear_gadget_n_explicit,
    mha_block_dims,
    mha_dims,
    mha_dims_explicit,
    mha_error,
    softmax_error,
    softmax_error_linear,
    softmax_error_sharp,
)
from slth.bounds.subset_sums.reach import rss_n_reach
from slth.subset_sum import solve


def softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def attention(X: np.ndarray, heads: list[tuple[np.ndarray, np.ndarray]], mask: np.ndarray) -> np.ndarray:
    """(T, d1) to (T, d2) by merged matrices (A, B), with scores of -inf where the mask is False."""
    return sum(softmax(np.where(mask, X @ A @ X.T, -np.inf)) @ X @ B for A, B in heads)


def test_dimensions_from_the_statement() -> None:
    found = mha_dims(16, 9, 4, 5.0, 0.01, 2.5)
    assert found.key == math.ceil(16 * 2.5 * math.log(8 * 4 * 125 * 64 / 0.01))
    assert found.value == math.ceil(16 * 2.5 * math.log(2 * 4 * 5 * 16 * 3 / 0.01))
    block = mha_block_dims(16, 4, 3, 5.0, 0.01, 2.5)
    assert block.attention == math.ceil(16 * 2.5 * math.log(32 * 4 * 125 * 64 / 0.01))
    assert block.feedforward == math.ceil(16 * 2.5 * math.log(24 * 3 * 4 * 5 * 1024 / 0.01))
    assert linear_gadget_n(3, 5, 0.1, 2.0) == math.ceil(6 * math.log(150))


def test_dimensions_at_extreme_values() -> None:
    found = mha_dims(10**4, 10**4, 100, 1e200, 1e-300, 1.0)
    wanted = math.log(800) + 600 * math.log(10) + 6 * math.log(10) + 300 * math.log(10)
    assert found.key == pytest.approx(1e4 * wanted, abs=1)
    assert linear_gadget_n(1, 1, 1e-300, 1.0) == math.ceil(300 * math.log(10))
    assert linear_gadget_n_explicit(1, 1, 1e-150, 1e-150) > linear_gadget_n_explicit(1, 1, 0.1, 0.1)


def test_dimensions_are_monotone() -> None:
    eps = np.logspace(-9, -0.1, 30)
    for dims in (mha_dims(4, 4, 2, 2.0, eps, 3.0), mha_dims_explicit(4, 4, 2, 2.0, eps, 0.01)):
        assert (np.diff(dims.key) <= 0).all()
        assert (np.diff(dims.value) <= 0).all()
    assert (np.diff(mha_dims(4, 4, np.arange(1, 30), 2.0, 0.01, 3.0).key) >= 0).all()


def test_explicit_dimensions_from_the_statement() -> None:
    def products(err: float, delta: float) -> int:
        return rss_n_reach(min(err, 1 / math.e), delta, 1.0, 1 / (2 * math.e), 0.5)

    assert linear_gadget_n_explicit(3, 5, 0.02, 0.1) == 3 * products(0.02, 0.1 / 15)
    found = mha_dims_explicit(3, 5, 2, 4.0, 0.02, 0.1)
    assert found.key == 3 * products(0.02 / (4 * 64 * 3), 0.1 / 36)
    assert found.value == 3 * products(0.02 / (16 * math.sqrt(15)), 0.1 / 60)
    assert mha_dims_explicit(3, 5, 2, 1e-3, 10.0, 1.0).key == 3 * products(1 / math.e, 1 / 36), (
        "wide tolerances count as 1/e"
    )


@pytest.mark.parametrize("e_max", [1e-6, 0.1, 0.5, 3.0])
@pytest.mark.parametrize("tokens", [2, 3, 50])
def test_softmax_error_on_drawn_heads(e_max: float, tokens: int) -> None:
    rng = np.random.default_rng(tokens)
    for _ in range(200):
        X = rng.standard_normal((tokens, 3))
        X *= 2.0 / np.linalg.norm(X, axis=1, keepdims=True)
        scores = 3 * rng.standard_normal(tokens)
        changed = scores + rng.choice([-e_max, e_max], tokens)
        moved = np.linalg.norm(softmax(scores) @ X - softmax(changed) @ X)
        assert moved <= softmax_error_sharp(2.0, e_max) * (1 + 1e-9) + 1e-15
        assert moved <= softmax_error(3, 2.0, e_max)
        if e_max <= 0.5:
            assert moved <= softmax_error_linear(3, 2.0, e_max)


@pytest.mark.parametrize("e_max", [0.01, 0.5, 2.0, 20.0])
def test_sharp_bound_is_attained(e_max: float) -> None:
    """Two opposite tokens, with scores -e/2 and e/2 that swap."""
    X, scores = np.array([[3.0, 4.0], [-3.0, -4.0]]), np.array([-e_max / 2, e_max / 2])
    moved = np.linalg.norm(softmax(scores) @ X - softmax(-scores) @ X)
    assert moved == pytest.approx(softmax_error_sharp(5.0, e_max), rel=1e-12)


def test_softmax_bounds_in_order_and_extreme() -> None:
    e = np.linspace(0, 0.5, 51)
    sharp, printed, linear = softmax_error_sharp(2.0, e), softmax_error(7, 2.0, e), softmax_error_linear(7, 2.0, e)
    assert (sharp <= 2.0 * e + 1e-15).all()
    assert (sharp <= printed).all()
    assert (printed <= linear).all()
    assert softmax_error(1, 1.0, 1e-300) == 2e-300
    assert softmax_error_sharp(1.0, 1e-300) == pytest.approx(1e-300)
    assert softmax_error(1, 1.0, 1e4) == math.inf
    assert softmax_error_sharp(1.5, 1e4) == 3.0


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("tokens", [1, 6, 200])
def test_error_of_drawn_attention(tokens: int, causal: bool) -> None:
    """Entries off by the whole tolerance, with random signs: mha_error holds for any length and mask."""
    rng = np.random.default_rng(tokens)
    d1, d2, H, alpha = 3, 2, 2, 2.0
    mask = np.tril(np.ones((tokens, tokens), bool)) if causal else np.ones((tokens, tokens), bool)
    for t_key, t_value in ((0.01, 0.0), (0.0, 0.01), (0.05, 0.02)):
        X = rng.standard_normal((tokens, d1))
        X *= alpha / np.linalg.norm(X, axis=1, keepdims=True)
        heads = [(rng.uniform(-1, 1, (d1, d1)), _of_norm_one(rng.standard_normal((d1, d2)))) for _ in range(H)]
        ticket = [
            (A + t_key * rng.choice([-1, 1], A.shape), B + t_value * rng.choice([-1, 1], B.shape)) for A, B in heads
        ]
        error = np.linalg.norm(attention(X, ticket, mask) - attention(X, heads, mask), axis=1).max()
        assert error <= mha_error(d1, d2, H, alpha, t_key, t_value) * (1 + 1e-12)


def test_a_ticket_of_attention_from_end_to_end() -> None:
    """One head, d1 = 2, d2 = 1: random matrices, masks by subset sums, and the output within what the entries promise."""
    rng = np.random.default_rng(8)
    d1, d2, alpha, each = 2, 1, 2.0, 16
    n = d1 * each
    target_query, target_key = (_of_norm_one(rng.standard_normal((d1, d1))) for _ in range(2))
    A = target_query @ target_key.T / math.sqrt(d1)
    B = _of_norm_one(rng.standard_normal((d1, d2)))
    scale = n**0.25
    query, key = rng.uniform(-scale, scale, (d1, n)), rng.uniform(-scale, scale, (d1, n))
    value, output = rng.uniform(-1, 1, (d1, n)), rng.uniform(-1, 1, (n, d2))
    block = np.repeat(np.arange(d1), each)
    keep = np.arange(d1)[:, None] == block  # hidden neuron k serves input block[k]
    # A_ij = sum over k in block j of m_ik q_ik k_jk / sqrt(n), B_ji likewise
    query_mask, output_mask = np.zeros((d1, n), bool), np.zeros((n, d2), bool)
    for j in range(d1):
        of_j = block == j
        for i in range(d1):
            query_mask[i, of_j] = _best(query[i, of_j] * key[j, of_j] / math.sqrt(n), A[i, j])
        for i in range(d2):
            output_mask[of_j, i] = _best(value[j, of_j] * output[of_j, i], B[j, i])
    masked = query * query_mask, key * keep, value * keep, output * output_mask
    t_key = np.abs(masked[0] @ masked[1].T / math.sqrt(n) - A).max()
    t_value = np.abs(masked[2] @ masked[3] - B).max()
    assert max(t_key, t_value) < 1e-2
    for tokens in (1, 5, 300):
        X = rng.standard_normal((tokens, d1))
        X *= alpha / np.linalg.norm(X, axis=1, keepdims=True)
        scores = (X @ masked[0]) @ (X @ masked[1]).T / math.sqrt(n)
        ticket = softmax(scores) @ (X @ masked[2]) @ masked[3]
        error = np.abs(ticket - attention(X, [(A, B)], np.ones((tokens, tokens), bool))).max()
        assert error <= mha_error(d1, d2, 1, alpha, t_key, t_value) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mha_dims(16, 9, 4, 3.9, 0.01, 1.0), r"alpha >= max\(sqrt\(d1\), sqrt\(d2\)\)"),
        (lambda: mha_dims(4, 25, 4, 4.9, 0.01, 1.0), r"alpha >= max"),
        (lambda: mha_dims(4, 4, 0, 2.0, 0.01, 1.0), "whole number H"),
        (lambda: mha_dims(4, 4, 1, 2.0, 1.0, 1.0), "0 < eps < 1"),
        (lambda: mha_dims(4, 4, 1, 2.0, 0.1, -1.0), "C > 0"),
        (lambda: mha_block_dims(4, 1, 0, 2.0, 0.1, 1.0), "whole number L"),
        (lambda: mha_block_dims(4, 1, 1, 1.9, 0.1, 1.0), r"alpha >= sqrt\(d1\)"),
        (lambda: linear_gadget_n(2, 2, 0.0, 1.0), "0 < eps < 1"),
        (lambda: linear_gadget_n_explicit(2, 2, 1.1, 0.1), "0 < err <= 1"),
        (lambda: linear_gadget_n_explicit(2, 2, 0.1, 0.0), "0 < delta <= 1"),
        (lambda: mha_dims_explicit(2, 2, 1, 0.0, 0.1, 0.1), "alpha > 0"),
        (lambda: softmax_error(2, 1.0, -0.1), "e_max >= 0"),
        (lambda: softmax_error_linear(2, 1.0, 0.51), "e_max <= 1/2"),
        (lambda: softmax_error_sharp(0.0, 0.1), "alpha > 0"),
        (lambda: mha_error(2, 2, 1, 1.0, -1.0, 0.0), "key_error >= 0"),
    ],
)
def test_hypotheses(call, words: str) -> None:
    with pytest.raises(HypothesisError, match=words):
        call()


def test_arrays_are_nan_where_a_hypothesis_fails() -> None:
    with pytest.warns(HypothesisWarning, match="alpha >= max"):
        found = mha_dims(4, 4, 1, [1.0, 2.0], 0.1, 1.0)
    assert np.isnan(found.key).tolist() == np.isnan(found.value).tolist() == [True, False]
    with pytest.warns(HypothesisWarning, match="e_max <= 1/2"):
        assert np.isnan(softmax_error_linear(1, 1.0, [0.1, 0.6])).tolist() == [False, True]


def test_scalars_give_python_numbers() -> None:
    assert type(mha_dims(4, 4, 1, 2.0, 0.1, 1.0).key) is int
    assert type(softmax_error_sharp(1.0, 0.1)) is float
    assert mha_dims_explicit(4, [4, 5], 1, 3.0, np.full((3, 1), 0.1), 0.1).value.shape == (3, 2)


def _of_norm_one(matrix: np.ndarray) -> np.ndarray:
    return matrix / np.linalg.norm(matrix, 2)


def _best(samples: np.ndarray, target: float) -> np.ndarray:
    return np.asarray(solve(samples, target).coefficients, bool)
