"""Cores and patterns against paths followed one by one and all orders of the neurons."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from slth.census import halves, walk
from slth.census.forward import numbered
from slth.census.identical import core, patterns
from slth.census.parameters import Parameters
from slth.networks import Network
from slth.networks.layers import Dense
from tests.census.exact_cases import count, layers_of, network, planted, question, slow_masks
from tests.reference import census as slow


@pytest.mark.parametrize("widths", [[1, 2, 1], [2, 1, 2], [1, 2, 2, 1], [1, 1, 1, 1], [2, 2]])
@pytest.mark.parametrize("integer", [False, True])
def test_cores(widths, integer):
    source = network(widths, 2, integer=integer, bias=len(widths) != 4 or widths[1] == 1)
    layers = layers_of(source)
    masks = np.array(list(slow.all_masks(layers)), bool)
    got = core(numbered(Parameters(source)), masks)
    want = np.array([slow.without_dead_ends(layers, tuple(map(int, mask))) for mask in masks], bool)
    assert np.array_equal(got, want.reshape(got.shape))
    assert np.array_equal(core(numbered(Parameters(source)), got), got)


def test_a_core_computes_the_same():
    source = network([2, 3, 2, 1], 3)
    parameters = Parameters(source)
    masks = np.random.default_rng(1).random((40, parameters.count)) < 0.4
    x = np.random.default_rng(2).uniform(-1, 1, (5, 2))
    for mask, kept in zip(masks, core(numbered(parameters), masks), strict=True):
        assert np.allclose(parameters.pruned(mask)(x), parameters.pruned(kept)(x), rtol=0, atol=1e-14)


@pytest.mark.parametrize("widths", [[1, 2, 1], [2, 3, 1], [1, 2, 2, 1], [1, 3, 2, 1]])
def test_patterns(widths):
    source = network(widths, 2, bias=len(widths) == 3 and widths[1] == 2)
    layers = layers_of(source)
    masks = [mask for i, mask in enumerate(slow.all_masks(layers)) if i % 3 == 0]
    found = patterns(numbered(Parameters(source)), np.array(masks, bool))
    assert len(found) == len(slow.up_to_order(layers, masks))
    as_given = {tuple(map(int, mask)) for mask in found}
    assert len(slow.up_to_order(layers, sorted(as_given))) == len(found)


def test_all_patterns_of_one_layer_are_multisets():
    """h neurons of f parameters: C(2^f + h - 1, h) multisets, for each choice of biases of the outputs."""
    source = network([1, 3, 1], 1)
    asked = question(source, source, math.inf, np.zeros((1, 1)))
    for method in (walk, halves):
        assert count(method, asked, once=("permuted",)).total == 2 * math.comb(8 + 3 - 1, 3)


def test_orbits_with_a_mask_that_fits():
    source, inputs = network([1, 3, 1], 1, bias=False), np.array([[0.5], [-0.3]])
    target = planted(source, 3)
    found = slow_masks(source, target, 0.2, inputs)
    layers = layers_of(source)
    cores = [mask for mask in found if slow.without_dead_ends(layers, mask) == mask]
    for method in (walk, halves):
        asked = question(source, target, 0.2, inputs)
        assert count(method, asked, once=("permuted",)).total == len(slow.up_to_order(layers, found))
        both = count(method, asked, once=("dead", "permuted"), masks=True)
        assert both.total == len(slow.up_to_order(layers, cores)) == len(both.masks)


def test_zeros_of_the_source_stay_in_place():
    """Neurons with other zeros are told apart: only the first two may change places."""
    weight, last = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 0.0]]), np.ones((1, 3))
    source = Network((Dense(weight), Dense(last, None, "identity")))
    layers = numbered(Parameters(source))
    masks = np.array(list(itertools.product((False, True), repeat=8)))
    # two neurons of three parameters as multisets, the third apart with two
    assert len(patterns(layers, masks)) == math.comb(8 + 1, 2) * 4
