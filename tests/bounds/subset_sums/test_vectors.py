"""Random subset sums of vectors: bounds against integers, exact small cases and simulation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.subset_sums.vectors import mrss_block, mrss_lower, mrss_n, mrss_n_explicit, mrss_target_lower


def test_mrss_n() -> None:
    for d, eps, C in ((1, 0.5, 1.0), (3, 0.01, 2.5), (1000, 1e-9, 0.1)):
        log = math.log(1 / eps)
        assert mrss_n(d, eps, C) == math.ceil(C * d**3 * log * (log + math.log(d)))
    assert mrss_n(10**6, 1e-300, 1.0) > 10**18


def test_mrss_lower_in_integers() -> None:
    for d, inverse in itertools.product((1, 2, 5, 30), (1, 2, 3, 4, 7, 8, 100, 1024)):
        n = mrss_lower(d, 1 / inverse)
        assert 2**n >= inverse**d
        assert n == 0 or 2 ** (n - 1) < inverse**d


def test_mrss_lower_at_extremes() -> None:
    assert mrss_lower(7, 3.5) == 0  # the empty sum is within eps of everything
    assert mrss_lower(1, 1e-300) == math.ceil(300 * math.log2(10))
    assert mrss_lower(10**6, 1e-300) == pytest.approx(3e8 * math.log2(10), rel=1e-9)
    counts = mrss_lower(2, np.array([0.5, 0.4999, 0.25, 1e-16, 1e-15, 1e-14]))
    np.testing.assert_array_equal(counts[:3], [2, 4, 4])
    assert counts[3] >= counts[4] >= counts[5]


@pytest.mark.parametrize("n", [1, 3, 5])
def test_fewer_vectors_than_mrss_lower_miss_a_target(n: int) -> None:
    """Any vectors: of the ceil(1/eps)^2 points of the packing, 2^n sums are within eps of at most 2^n."""
    eps = 0.15
    assert n < mrss_lower(2, eps)
    rng = np.random.default_rng(n)
    axis = np.linspace(-1, 1, math.ceil(1 / eps))
    points = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    masks = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    for _ in range(50):
        sums = masks @ rng.uniform(-1, 1, (n, 2))
        near = (np.abs(points[:, None] - sums) <= eps).all(-1)
        assert (near.sum(0) <= 1).all()
        assert not near.any(1).all()


def test_mrss_target_lower_is_the_first_moment() -> None:
    for d, eps, p in ((1, 0.1, 1.0), (5, 1e-3, 0.25), (1000, 1e-9, 1e-6)):
        n = mrss_target_lower(d, eps, p)
        log_chance = n * math.log(2) + d * math.log(2 * eps / math.sqrt(2 * math.pi))
        assert log_chance == pytest.approx(math.log(p), abs=1e-6)
    assert mrss_target_lower(1, 2.0, 1.0) == 0.0
    assert mrss_target_lower(10**6, 1e-300, 1.0) == pytest.approx(
        1e6 * (300 * math.log2(10) + 0.5 * math.log2(math.pi / 2))
    )


def test_mrss_block_from_its_statement() -> None:
    for d, eps in ((1, 1.0), (1, 0.1), (4, 0.05), (9, 1e-6)):
        block = mrss_block(d, eps)
        m, k = block.samples, block.size
        assert k <= m / (4 * math.sqrt(d))
        r, B = 2 * k / m, 1 + eps
        near = (1 - r * r) ** (-d / 2) * math.exp(d * B * B * r / ((1 + r) * k))
        far = (math.e / 4) ** (k * k / m) * (math.sqrt(2 * math.pi * k) * math.exp(B * B / (2 * k)) / (2 * eps)) ** d
        assert block.success == pytest.approx(1 / (near + far), rel=1e-6)
        assert block.success <= 1 / (near + far)


def test_mrss_block_is_met_by_simulation() -> None:
    """d = 1, eps = 1: subsets of 19 of 76 normal numbers. A random choice of a few thousand of them already hits the target.

    The block fails with probability at most 0.55 by the bound; that none of 40 blocks does has probability 0.45^40 < 1e-13 if it were
    tight, so the bound is far from tight, and 40 hits are consistent with it.
    """
    block = mrss_block(1, 1.0)
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(40):
        vectors = rng.standard_normal(block.samples)
        order = rng.random((2000, block.samples)).argsort(1)[:, : block.size]
        hits += bool((np.abs(vectors[order].sum(1) - 1.0) <= 1.0).any())
    assert hits >= block.success * 40


def test_mrss_n_explicit_is_whole_blocks() -> None:
    for d, eps, delta in ((1, 1.0, 1.0), (2, 0.3, 0.1), (7, 1e-3, 1e-9)):
        n, block = mrss_n_explicit(d, eps, delta), mrss_block(d, eps / 2)
        blocks, rest = divmod(n, block.samples)
        assert rest == 0
        targets = math.ceil(2 / eps) ** d
        assert targets * (1 - block.success) ** blocks <= delta * (1 + 1e-9)
        assert targets * (1 - block.success) ** (blocks - 1) > delta


def test_bounds_are_in_order() -> None:
    d = np.array([1, 2, 5, 50, 1000])[:, None]
    eps = np.array([0.5, 0.1, 1e-3, 1e-30])
    enough = mrss_n_explicit(d, eps, 0.5)
    assert (enough > mrss_lower(d, eps)).all()
    assert (enough > mrss_target_lower(d, eps, 0.5)).all()
    assert (np.diff(enough, axis=1) > 0).all()
    assert (np.diff(enough, axis=0) > 0).all()
    assert (mrss_n_explicit(d, eps, 1e-9) > enough).all()


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: mrss_n(1.5, 0.1, 1), "whole number d"),
        (lambda: mrss_n(1, 1.0, 1), "0 < eps < 1"),
        (lambda: mrss_n(1, 0.1, 0), "C > 0"),
        (lambda: mrss_lower(0, 0.1), "whole number d"),
        (lambda: mrss_lower(1, 0.0), "eps > 0"),
        (lambda: mrss_target_lower(1, 0.1, 1.5), "0 < p <= 1"),
        (lambda: mrss_block(1, 1.5), "0 < eps <= 1"),
        (lambda: mrss_n_explicit(1, 0.5, 0), "0 < delta <= 1"),
    ],
)
def test_hypotheses(call: Callable[[], object], match: str) -> None:
    with pytest.raises(HypothesisError, match=match):
        call()


def test_arrays_are_nan_outside_the_hypotheses() -> None:
    with pytest.warns(HypothesisWarning, match="mrss_block"):
        block = mrss_block(2, [0.5, 1.5])
    assert np.isfinite(block.samples[0])
    assert np.isnan(block.success[1])
    with pytest.warns(HypothesisWarning, match="mrss_n_explicit"):
        assert np.isnan(mrss_n_explicit([0, 1], 0.5, 0.5)).tolist() == [True, False]
