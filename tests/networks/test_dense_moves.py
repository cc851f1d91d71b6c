"""The moves of dense networks: losses against the twin in fractions, and uniform masks stay uniform."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from slth import Network
from slth.census.question import Question, read_question
from slth.census.sampled.dense_walkers import DenseWalker, walker_of
from slth.census.sampled.walkers import AnyWalker
from slth.networks.layers import Dense
from tests.reference import census as twin


def network(
    widths: list[int], seed: int, activation: str = "relu", last: str = "identity", bias: bool = True
) -> Network:
    rng = np.random.default_rng(seed)
    layers = []
    for i, (d_in, d_out) in enumerate(pairwise(widths)):
        weight = rng.uniform(-1, 1, (d_out, d_in))
        weight[rng.random(weight.shape) < 0.2] = 0.0
        name = last if i == len(widths) - 2 else activation
        layers.append(Dense(weight, rng.uniform(-1, 1, d_out) if bias else None, name, float(rng.uniform(0.5, 2))))
    return Network(tuple(layers))


def described(net: Network) -> list[Any]:
    return [
        (layer.weight.tolist(), None if layer.bias is None else layer.bias.tolist(), layer.activation, layer.scale)
        for layer in net.layers
    ]


def masks_of(net: Network, count: int, rng: np.random.Generator) -> np.ndarray:
    m = int(sum(np.count_nonzero(a) for layer in net.layers for a in layer.arrays.values()))
    return rng.random((count, m)) < rng.random((count, 1))


NETWORKS = {
    "one hidden layer": (network([2, 5, 1], 0), 7),
    "no hidden layer": (network([3, 2], 1), 4),
    "three layers, two blocks of inputs": (network([3, 4, 4, 2], 2), 70),
    "leaky, without biases, active at the end": (network([2, 4, 3, 3], 3, "leaky-relu(0.2)", "relu", bias=False), 9),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("loss", ["sup", "error-rate"])
def test_losses_are_those_of_the_twin(name: str, loss: str) -> None:
    net, k = NETWORKS[name]
    rng = np.random.default_rng(4)
    x = rng.uniform(-1, 1, (k, net.widths[0]))
    wanted = rng.uniform(-1, 1, (k, net.widths[-1])) if loss == "sup" else rng.integers(0, net.widths[-1], k)
    question = read_question(net, wanted, 1.0, x, None, loss)
    masks = masks_of(net, 12, rng)
    found = walker_of(question).losses(masks)
    for mask, value in zip(masks, found, strict=True):
        outputs = [twin.outputs(described(net), tuple(int(b) for b in mask), row.tolist()) for row in x]
        if loss == "sup":
            error = max(
                abs(o - w)
                for row, want in zip(outputs, wanted.tolist(), strict=True)
                for o, w in zip(row, want, strict=True)
            )
            assert abs(float(error) - value) < 1e-13
        else:
            wrong = [row.index(max(row)) != label for row, label in zip(outputs, wanted.tolist(), strict=True)]
            assert value == np.mean(wrong)
    assert isinstance(walker_of(question), DenseWalker)
    np.testing.assert_allclose(AnyWalker(question).losses(masks), found, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("loss", ["sup", "error-rate"])
@pytest.mark.parametrize("most", [1, 3])
def test_swaps_keep_size_and_level(name: str, loss: str, most: int) -> None:
    net, k = NETWORKS[name]
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, (k, net.widths[0]))
    wanted = rng.uniform(-1, 1, (k, net.widths[-1])) if loss == "sup" else rng.integers(0, net.widths[-1], k)
    walker = walker_of(read_question(net, wanted, 1.0, x, None, loss))
    masks = masks_of(net, 20, rng)
    losses = walker.losses(masks)
    level = float(np.median(losses))
    masks, losses = masks[losses <= level], losses[losses <= level]
    before = masks.copy()
    accepted = walker.swap(masks, losses, level + walker.margin, 60, most, rng)
    assert 0 < accepted <= 60 * len(masks)
    assert (masks.sum(axis=1) == before.sum(axis=1)).all()
    assert (masks != before).any()
    assert (losses <= level + walker.margin).all()
    np.testing.assert_array_equal(losses, walker.losses(masks))


def question_of_ten() -> Question:
    rng = np.random.default_rng(6)
    net = network([2, 3, 1], 8)
    return read_question(net, rng.uniform(-0.5, 0.5, (5, 1)), 0.1, rng.uniform(-1, 1, (5, 2)), None, "sup")


def all_masks(m: int, size: int) -> np.ndarray:
    every = ((np.arange(2**m)[:, None] >> np.arange(m)) & 1).astype(bool)
    return every[every.sum(axis=1) == size]


@pytest.mark.parametrize("kind", [DenseWalker, AnyWalker])
@pytest.mark.parametrize("most", [1, 2])
def test_uniform_masks_stay_uniform(kind: Any, most: int) -> None:
    """Chi-square test of where independent uniform masks are after 8 steps; a false alarm has probability 1e-6 (and the test fixed
    draws)."""
    question = question_of_ten()
    walker, m = kind(question), question.parameters.count
    every = all_masks(m, m // 2)
    losses = walker.losses(every)
    level = float(np.quantile(losses, 0.4)) + walker.margin
    inside = every[losses <= level]
    rng = np.random.default_rng(7)

    def statistic(start: np.ndarray, steps: int) -> float:
        masks = inside[start].copy()
        walker.swap(masks, walker.losses(masks), level, steps, most, rng)
        numbers = masks @ (1 << np.arange(m))
        places = np.searchsorted(np.sort(inside @ (1 << np.arange(m))), numbers)
        counts, expected = np.bincount(places, minlength=len(inside)), len(start) / len(inside)
        return float(((counts - expected) ** 2 / expected).sum())

    limit = chi2.isf(1e-6, len(inside) - 1)
    draws = 30 * len(inside)
    assert statistic(rng.integers(0, len(inside), draws), 8) < limit
    # negative control: masks that are not uniform to begin with are told from uniform ones
    assert statistic(rng.integers(0, len(inside) // 2, draws), 1) > limit


def test_ties_of_outputs_do_not_depend_on_the_way_there() -> None:
    """Outputs without any kept weight are exactly equal, the first is the largest; many steps later still."""
    net = network([4, 6, 4], 9)
    rng = np.random.default_rng(10)
    x, labels = rng.uniform(-1, 1, (30, 4)), rng.integers(0, 4, 30)
    question = read_question(net, labels, 1.0, x, None, "error-rate")
    walker, m = walker_of(question), question.parameters.count
    masks = np.zeros((8, m), np.bool_)
    for mask in masks:
        mask[rng.choice(m, m // 5, replace=False)] = True
    losses = walker.losses(masks)
    walker.swap(masks, losses, 1.0, 3000, 1, rng)
    np.testing.assert_array_equal(
        losses, [np.mean(question.parameters.pruned(mask)(x).argmax(axis=1) != labels) for mask in masks]
    )
