"""Masks without a search: their scores by hand, or by finite differences."""

import numpy as np
import pytest

from slth import search
from slth.networks import Dense, Network
from slth.search.baselines import BASELINES
from slth.search.flat import Flat
from slth.search.gradients import LayeredOracle
from tests.search.tasks import digits, line, source


def scores(name: str, net: Network, objective: search.Objective) -> np.ndarray:
    flat = Flat.of(net)
    return BASELINES[name].score(flat.values, flat, LayeredOracle(net), objective, 0)


def loss(net: Network, flat: np.ndarray, objective: search.Objective) -> float:
    """Half the mean squared distance, in float64."""
    views = Flat.of(net).views(flat)
    layers = [Dense(view, None, layer.activation) for view, layer in zip(views, net.layers, strict=True)]
    outputs = Network(tuple(layers))(objective.inputs.astype(float))
    return float(0.5 * ((outputs - objective.wanted) ** 2).sum(axis=1).mean())


def slope(net: Network, flat: np.ndarray, objective: search.Objective) -> np.ndarray:
    steps = 1e-5 * np.eye(flat.size)
    return np.array([(loss(net, flat + s, objective) - loss(net, flat - s, objective)) / 2e-5 for s in steps])


def test_snip_and_grasp_by_finite_differences() -> None:
    net, objective = search.random_network([1, 6, 1], activation="tanh", rng=0), line()
    flat = Flat.of(net).values.astype(float)
    g = slope(net, flat, objective)
    assert np.allclose(scores("snip", net, objective), np.abs(flat * g), rtol=1e-3, atol=1e-5)
    step = 1e-4 * g / np.linalg.norm(g)
    curved = (slope(net, flat + step, objective) - slope(net, flat - step, objective)) / 2e-4 * np.linalg.norm(g)
    assert np.allclose(
        scores("grasp", net, objective), flat * curved, rtol=0.02, atol=1e-3 * np.abs(flat * curved).max()
    )


def test_synflow_by_paths() -> None:
    """The score of a weight is the sum over paths through it of the products of absolute weights, up to a factor for each layer."""
    net = search.random_network([3, 4, 5, 2], rng=1)
    a, b, c = (np.abs(layer.weight) for layer in net.layers)
    found = Flat.of(net).views(scores("synflow", net, search.regression(np.ones((1, 3)), np.ones((1, 2)))))
    paths = np.einsum("ij,jk,kl->ijkl", c, b, a)
    for view, axes in zip(found, [(0, 1), (0, 3), (2, 3)], strict=True):
        exact = paths.sum(axis=axes)
        assert np.allclose(view / view.sum(), exact / exact.sum(), rtol=1e-5)


def test_synflow_does_not_break_the_network() -> None:
    """In rounds a layer is never emptied before the others, however few weights are left (Tanaka et al.)."""
    net = source(64)
    found = search.find(net, digits(), density=0.005, method="synflow", budget="global", rng=0)
    assert min(found.density_by_layer.values()) > 0
    assert found.network.anatomy().paths > 0


@pytest.mark.parametrize("name", list(BASELINES))
@pytest.mark.parametrize("budget", ["layer", "global", "erk"])
def test_keep_the_budget(name: str, budget: str) -> None:
    net = source(32, bias=True)
    found = search.find(net, digits(), density=0.3, method=name, budget=budget, rng=0)
    assert abs(found.kept - 0.3 * net.kept) <= 3
    assert found.stopped == "no search"


def test_magnitude_keeps_the_largest() -> None:
    net = search.random_network([4, 5, 2], law="kaiming-normal", rng=0)
    found = search.find(net, search.regression(np.ones((2, 4)), np.ones((2, 2))), density=0.5, method="magnitude")
    for name, mask in found.mask.items():
        weight = np.abs(net.layers[int(name[0])].weight)
        assert weight[mask].min() >= weight[~mask].max()
