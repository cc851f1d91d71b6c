"""The join of half sums against the walk, and where only it can go; `test_walk` compares both with the slow twin."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth import subset_sum
from slth.census import halves, walk
from slth.census.half import Half
from slth.census.halves import Halves
from slth.census.kernels import tree
from slth.census.windows import Windows
from slth.networks import Network
from slth.networks.layers import Dense
from tests.census.exact_cases import check, count, network, planted, question, slow_masks


@pytest.mark.parametrize("name", ["relu", "tanh", "leaky-relu(0.1)", "identity"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_like_the_walk(name, outputs):
    source = network([2, 4, outputs], 1, activations=[name, "identity"])
    inputs = np.random.default_rng(2).uniform(-1, 1, (5, 2))
    target = network([2, 2, outputs], 3)
    for epsilon in (0.0, 0.1, 0.4, 0.8, 1.6, 5.0):
        asked = question(source, target, epsilon, inputs)
        ours, theirs = (count(method, asked, by_layer=True) for method in (halves, walk))
        assert ours.by_size.tolist() == theirs.by_size.tolist()
        assert ours.by_layer_size == theirs.by_layer_size
        assert ours.exact


def test_sparse_sources_and_integers():
    for seed in range(6):
        source = network([3, 4, 2], seed, integer=True)
        mask = np.random.default_rng(seed).random((4, 3)) < 0.6
        first, last = source.layers
        source = Network((Dense(first.weight * mask, first.bias), last))
        inputs = np.random.default_rng(seed).integers(-2, 3, (4, 3)).astype(float)
        for epsilon in (0.0, 0.5, 1.0, 3.0):
            asked = question(source, planted(source, seed), epsilon, inputs)
            for once in ((), ("dead",)):
                ours = count(halves, asked, once=once, masks=epsilon < 1)
                theirs = count(walk, asked, once=once, masks=epsilon < 1)
                assert ours.by_size.tolist() == theirs.by_size.tolist()
                assert epsilon >= 1 or np.array_equal(ours.masks, theirs.masks)


def test_a_planted_target_with_a_thousand_copies():
    """Exact fits that rounding leaves open, all decided: 2^k masks for k parameters that are free."""
    source = network([1, 3, 1], 3)
    target = planted(source, 4, 0.7)
    inputs = np.random.default_rng(0).uniform(-1, 1, (3, 1))
    found = slow_masks(source, target, 0.0, inputs)
    assert found
    check(halves, source, question(source, target, 0.0, inputs), found)


@pytest.mark.parametrize("epsilon", [0.003, 0.1, 2.0])
def test_forty_weights_are_a_subset_sum(epsilon):
    """2^28 masks of one linear output, and 2^40 of which few are within epsilon, against the count of subset sums."""
    for n in (28, 40) if epsilon == 0.003 else (28,):
        weights = np.random.default_rng(n).uniform(-1, 1, n)
        asked = question(
            Network((Dense(weights[None], None, "identity"),)), np.array([[0.3]]), epsilon / n, np.ones((1, n))
        )
        census = count(halves, asked)
        assert census.by_size.tolist() == subset_sum.count(weights, 0.3, epsilon / n).by_size.tolist()


def test_two_to_the_forty_masks():
    source, target = Network.random([2, 10, 1], rng=1), Network.random([2, 2, 1], rng=2)
    inputs = np.random.default_rng(0).uniform(-1, 1, (8, 2))
    asked = [question(source, target, epsilon, inputs) for epsilon in (0.1, 0.2, math.inf)]
    few, more, all_ = (count(halves, a) for a in asked)
    assert source.kept == 41
    assert (few.by_size <= more.by_size).all()
    assert (more.by_size <= all_.by_size).all()
    assert few.total < more.total < all_.total == 2**41
    assert count(halves, asked[0], workers=1).by_size.tolist() == few.by_size.tolist()


def test_the_tree_holds_every_sum_once():
    source = network([2, 7, 1], 1)
    asked = question(source, source, 0.3, np.random.default_rng(0).uniform(-1, 1, (6, 2)))
    search = Halves(Windows(asked), False, False, 1, False)
    for half in search.halves:
        values, _, kinds, polys, begins, ends, children, low, high, sizes = half.packed
        leaves = np.flatnonzero(children == 0)
        covered = np.concatenate([np.arange(begins[i], ends[i]) for i in leaves])
        assert sorted(covered.tolist()) == list(range(values.shape[1]))
        assert np.array_equal(sizes[0], polys[kinds].sum(axis=0))
        for node in range(len(begins)):
            inside = values[:, begins[node] : ends[node]]
            assert np.array_equal(low[node], inside.min(axis=1))
            assert np.array_equal(high[node], inside.max(axis=1))
        top = half.top(8)
        assert sum(ends[i] - begins[i] for i in top) == values.shape[1]
        assert np.array_equal(np.sort(half.codes), np.arange(values.shape[1]))


def test_the_kernel_counts_pairs():
    """Two lists of random vectors, joined one pair at a time by NumPy."""
    rng = np.random.default_rng(5)
    source = network([2, 7, 1], 2, activations=["tanh", "identity"])
    asked = question(source, source, 0.5, rng.uniform(-1, 1, (3, 2)))
    left, right = Halves(Windows(asked), False, False, 1, False).halves
    a, b = left.packed[0], right.packed[0]
    for width in (0.05, 0.4, 3.0):
        low, high = np.full(3, 0.1 - width), np.full(3, 0.1 + width)
        together, found = np.zeros(left.packed[3].shape[1], np.int64), np.empty((10**5, 3), np.int64)
        used = tree.join(left.packed, right.packed, 0, low, high, 0.0, False, together, found)
        inside = np.ones((a.shape[1], b.shape[1]), bool)
        for t in range(3):
            z = a[t][:, None] + b[t]
            inside &= (z >= low[t]) & (z <= high[t])
        weights = left.packed[3][left.packed[1 + 1]].sum(axis=1), right.packed[3][right.packed[2]].sum(axis=1)
        border = found[:used]
        missed = (weights[0][border[:, 0]] * weights[1][border[:, 1]]).sum() if used else 0
        assert together.sum() + missed == weights[0] @ inside @ weights[1]
        assert isinstance(left, Half)


def test_what_it_refuses():
    inputs = np.zeros((2, 2))
    deep = network([2, 2, 2, 1], 0)
    assert "one hidden layer" in (halves.why_not(question(deep, deep, 0.1, inputs)) or "")
    small = network([2, 2, 2], 0)
    assert "sup" in (halves.why_not(question(small, np.zeros(2, np.int64), 0.1, inputs, "error-rate")) or "")
    large = network([2, 15, 1], 0)
    assert "61 weights" in (halves.why_not(question(large, large, 0.1, inputs)) or "")
    larger = network([2, 40, 1], 0)
    with pytest.raises(ValueError, match="161 weights and biases"):
        count(halves, question(larger, larger, 0.1, inputs))
