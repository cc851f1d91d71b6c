"""What single methods promise beyond the loop's promises: their settings, and tasks that they must not fail."""

from __future__ import annotations

import numpy as np
import pytest

from slth import data, search
from slth.networks import Conv2d, Dense, Flatten, MaxPool2d, Network
from slth.search.budget import groups
from slth.search.flat import Flat
from slth.search.method import Step
from tests.search.tasks import digits, source

STEP = Step(0, 10, 0.1, 7)


def started(method: search.EdgePopup, net: Network, density: float, budget: str = "layer"):  # type: ignore[no-untyped-def]
    flat = Flat.of(net)
    return method.start(flat, groups(flat, density, budget), 7)


@pytest.mark.parametrize("method", list(search.METHODS))
@pytest.mark.parametrize(("density", "budget"), [(0.1, "erk"), (0.15, "global"), (0.9, "layer")])
def test_learns_at_the_ends(method: str, density: float, budget: str) -> None:
    """Where few or most are kept; a layer that begins empty comes back."""
    found = search.find(source(64), digits(), density=density, method=method, epochs=8, batch=32, budget=budget, rng=3)
    # by chance 10 %; a class at random in 359 images: 5 standard errors are 8 %
    assert found.accuracy > 0.3
    assert abs(found.density - density) < 1e-3


def images(bias: bool = False) -> Network:
    random = np.random.default_rng(0)
    kernels = [random.choice([-1.0, 1.0], (8, 1, 3, 3)), random.choice([-0.2, 0.2], (12, 8, 3, 3))]
    return Network(
        (
            Conv2d(kernels[0], np.full(8, 0.1) if bias else None, padding=1),
            MaxPool2d((2, 2)),
            Conv2d(kernels[1], None),
            Flatten(),
            Dense(random.choice([-0.2, 0.2], (10, 48)), None, "identity"),
        ),
        (1, 8, 8),
    )


@pytest.mark.parametrize("budget", ["layer", "global", "erk"])
@pytest.mark.parametrize("method", ["edge-popup", "synflow", "snip"])
def test_convolutions(budget: str, method: str) -> None:
    x, labels = data.digits_test()
    objective = search.classification(x.reshape(-1, 1, 8, 8)[:400], labels[:400])
    how = {"epochs": 8, "batch": 32} if method == "edge-popup" else {}
    found = search.find(
        images(True), objective, density=0.4, method=method, budget=budget, rng=0, scale="kaiming", **how
    )
    assert abs(found.density - 0.4) < 0.01
    if how:
        assert found.accuracy > 0.3


@pytest.mark.parametrize(("scale", "density"), [("kaiming", 1.0), ("scaled", 0.5)])
def test_scales_reach_every_kind_of_layer(scale: str, density: float) -> None:
    x = np.random.default_rng(0).random((10, 1, 8, 8))
    objective = search.classification(x, np.arange(10))
    found = search.find(images(), objective, density=0.5, method="random", scale=scale, rng=0)
    for layer in found.model.network.layers:
        if isinstance(layer, Conv2d | Dense):
            fan_in = layer.weight[0].size
            assert layer.scale**2 * (layer.weight**2).mean() == pytest.approx(2 / (density * fan_in))


def test_biprop_has_a_gain_for_an_array_with_nothing_kept() -> None:
    net = search.random_network([64, 100, 10], rng=1)
    searcher = started(search.Biprop(), net, 0.05, "global")
    last = Flat.of(net).slices[1]
    searcher.scores[last] *= 1e-6
    assert not searcher.effective(STEP)[last].any()
    assert (searcher.chosen[last] != 0).all()


def test_partly_frozen_freezes_its_shares() -> None:
    net = search.random_network([20, 50, 10], law="kaiming-normal", rng=0)
    found = [
        search.find(
            net,
            search.regression(np.ones((4, 20)), np.ones((4, 10))),
            density=0.3,
            method=search.PartlyFrozen(pruned=1.0, locked=locked),
            steps=5,
            rate=rate,
            rng=1,
        )
        for locked, rate in ((1.0, 0.1), (1.0, 5.0), (0.5, 5.0))
    ]
    for name in found[0].mask:
        # all chosen beforehand: nothing is left to the search
        assert (found[0].mask[name] == found[1].mask[name]).all()
        assert found[2].mask[name].sum() == found[0].mask[name].sum()


def test_weights_that_compete_begin_with_scores_of_one_law() -> None:
    """Otherwise a global budget begins with layers that are empty, here the one whose weights feed from 400 inputs."""
    net = search.random_network([20, 400, 10], rng=0)
    for budget, ratio in (("layer", np.sqrt(400 / 20)), ("global", 1.0)):
        first, last = Flat.of(net).views(started(search.EdgePopup(), net, 0.1, budget).scores)
        assert np.abs(first).max() / np.abs(last).max() == pytest.approx(ratio, rel=0.01)


def test_annealing_keeps_deep_networks_alive() -> None:
    net = search.random_network([64, 60, 60, 60, 10], law="kaiming-normal", rng=0)
    plain, annealed = (
        search.edge_popup(net, digits(), density=0.1, anneal=anneal, epochs=6, batch=32, budget="erk", rng=0)
        for anneal in (0.0, 0.5)
    )
    assert annealed.accuracy > plain.accuracy + 0.15


def test_gem_miner_ends_with_the_network_that_it_finds() -> None:
    net = source(16)
    method = search.GemMiner(freezes=4, until=0.5)
    searcher = started(method, net, 0.3)
    random = np.random.default_rng(0)
    for number in range(10):
        step = Step(number, 10, 0.01, 7)
        searcher.effective(step)
        searcher.learn(random.normal(size=searcher.scores.size).astype(np.float32), step)
    assert ((searcher.effective(Step(9, 10, 0.0, 7)) != 0) == searcher.mask()).all()


def test_gates_of_full_layers_are_open() -> None:
    net = source(64)
    for method in (search.Supermask(), search.RelaxedGates(), search.GemMiner()):
        searcher = started(method, net, 0.5, "erk")
        last = Flat.of(net).slices[1]
        assert (searcher.effective(STEP)[last] == Flat.of(net).values[last]).all()


def test_rescaled_supermask() -> None:
    """Zhou et al. 2019: the weights drawn are multiplied by what there are / what are drawn."""
    net = source(32, bias=True)
    flat = Flat.of(net)
    plain, rescaled = (started(search.Supermask(rescale=r), net, 0.5).effective(STEP) for r in (False, True))
    for name, shape, place in zip(flat.names, flat.whole, flat.slices, strict=True):
        kept = np.count_nonzero(plain[place])
        factor = np.float32(plain[place].size / kept) if len(shape) > 1 else 1
        assert np.allclose(rescaled[place], plain[place] * factor), name
    net = source(100)
    found = search.find(net, digits(), density=0.25, method=search.Supermask(rescale=True), epochs=8, batch=32, rng=0)
    assert not found.nothing_changed
    assert found.accuracy > 0.8
    ratios = found.network.layers[0].weight[found.mask["0.weight"]] / net.layers[0].weight[found.mask["0.weight"]]
    assert np.allclose(ratios, 4, rtol=0.01)


def test_edge_popup_anneals_its_density() -> None:
    searcher = started(search.EdgePopup(anneal=0.5), search.random_network([50, 40], law="kaiming-normal", rng=0), 0.2)
    shares = [np.count_nonzero(searcher.effective(Step(n, 10, 0.1, 7))) / 2000 for n in range(7)]
    assert np.allclose(shares, [1, 0.84, 0.68, 0.52, 0.36, 0.2, 0.2], atol=1e-3)


@pytest.mark.parametrize(
    ("method", "settings", "error"),
    [
        (search.EdgePopup, {"momentum": 1.0}, r"momentum must be in \[0, 1\), got 1.0"),
        (search.EdgePopup, {"anneal": 2}, "anneal must be in"),
        (search.Biprop, {"decay": -1}, "decay must be >= 0 and finite, got -1"),
        (search.SignSearch, {"decay": float("nan")}, "decay must be >= 0"),
        (search.IteRand, {"period": 0}, "period must be >= 1"),
        (search.IteRand, {"share": 1.5}, r"share must be in \[0, 1\]"),
        (search.GemMiner, {"until": 0}, r"until must be a share in \(0, 1\]"),
        (search.Supermask, {"gain": 0}, "gain must be > 0"),
        (search.RelaxedGates, {"sigma": -1}, "sigma must be > 0"),
        (search.PartlyFrozen, {"locked": 1.2}, "pruned and locked must be shares"),
    ],
)
def test_settings_are_checked(method: type, settings: dict[str, float], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        method(**settings)


def test_gem_miner_breaks_ties_of_clipped_scores_by_lot() -> None:
    """All p are 1: half of each array is frozen wherever it lies, so by chance every neuron keeps about half of its weights.

    16 rows of 64: the chance that one keeps fewer than 8 or more than 56 is below 1e-8.
    """
    net = source(16)
    searcher = started(search.GemMiner(), net, 0.5)
    searcher.scores[:] = 1
    searcher._freeze(1.0)
    first = Flat.of(net).views(searcher._alive)[0]
    assert first.sum() == first.size // 2
    assert 8 <= first.sum(axis=1).min() <= first.sum(axis=1).max() <= 56
    assert (searcher.mask() == searcher._alive).all()
    searcher.scores[:] = 0
    searcher.scores[5] = 0.5
    searcher._alive[:] = True
    assert np.argmax(searcher.rank()) == 5
    searcher.scores[7] = 1
    assert np.argsort(searcher.rank())[-2:].tolist() == [5, 7]
    searcher._alive[7] = False
    assert np.argmin(searcher.rank()) == 7
