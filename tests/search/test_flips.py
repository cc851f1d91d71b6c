"""Searches that swap weights: they find what counting all masks finds, and keep every promise of the loop."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
from slth import search
from slth.networks import Conv2d, Dense, Flatten
from slth.search.budget import groups
from slth.search.flat import Flat
from slth.search.flips.landscape import AnyLandscape, DenseLandscape
from slth.search.flips.sizes import Sizes
from tests.reference import masked as twin
from tests.search.tasks import digits, line, source

SLOPES = {"relu": 0.0, "identity": 1.0, "leaky-relu(0.2)": 0.2}
STEPS = {"greedy": 3000, "annealing": 3000, "tempering": 1500, "genetic": 60}


def described(net: slth.Network) -> twin.Layers:
    return [
        (
            layer.weight.tolist(),
            None if layer.bias is None else layer.bias.tolist(),
            SLOPES[layer.activation],
            layer.scale,
        )
        for layer in net.layers
    ]


def small(seed: int, widths: tuple[int, ...] = (2, 3, 1), activation: str = "relu") -> slth.Network:
    random = np.random.default_rng(seed)
    last = len(widths) - 2
    layers = [
        Dense(random.normal(size=(b, a)), random.normal(size=b), "identity" if i == last else activation)
        for i, (a, b) in enumerate(pairwise(widths))
    ]
    return slth.Network(tuple(layers))


def points(net: slth.Network, labels: bool, seed: int, count: int = 12) -> search.Objective:
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, (count, net.widths[0]))
    if labels:
        return search.classification(x, random.integers(net.widths[-1], size=count))
    return search.regression(x, random.uniform(-1, 1, (count, net.widths[-1])))


def losses_of_all(
    net: slth.Network, objective: search.Objective, density: float, budget: str, kind: str
) -> list[float]:
    sizes = Sizes.of(Flat.of(net), groups(Flat.of(net), density, budget))
    x, wanted = objective.inputs.astype(float).tolist(), objective.wanted.tolist()
    every = twin.masks_of_size(sizes.counts.tolist(), sizes.keeps.tolist())
    return [twin.loss(twin.switched(described(net), mask), x, wanted, kind) for mask in every]


# --- the optimum of the census ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "budget"),
    [("squared", "layer"), ("sup", "global"), ("cross-entropy", "erk"), ("error-rate", "layer"), ("squared", "global")],
)
@pytest.mark.parametrize("method", ["annealing", "tempering"])
def test_annealing_finds_the_optimum_of_the_census(method: str, budget: str, kind: str) -> None:
    """The least loss over all masks of the size, each evaluated in the twin. Seeds are fixed: no false alarms."""
    make = {
        "annealing": search.Annealing(chains=8, cold=0.01, loss=kind),
        "tempering": search.Tempering(replicas=12, cold=0.03, loss=kind),
    }
    labels = kind in ("cross-entropy", "error-rate")
    for seed in range(3):
        net = small(seed, (2, 2, 2) if labels else (2, 3, 1))
        objective = points(net, labels, seed)
        best = min(losses_of_all(net, objective, 0.5, budget, kind))
        found = search.find(
            net, objective, density=0.5, method=make[method], steps=4000, every=1000, budget=budget, rng=seed
        )
        assert found.loss == pytest.approx(best, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("method", "steps"), [(search.Greedy(starts=60), 400), (search.Genetic(mutations=2.0), 100)])
def test_so_do_many_greedy_starts_and_a_genetic_search(method: Any, steps: int) -> None:
    for seed in range(3):
        net = small(seed)
        objective = points(net, False, seed)
        best = min(losses_of_all(net, objective, 0.5, "layer", "squared"))
        found = search.find(net, objective, density=0.5, method=method, steps=steps, rng=seed)
        assert found.loss == pytest.approx(best, rel=1e-9)


def test_greedy_ends_where_no_single_swap_helps() -> None:
    net = small(3, (2, 6, 2))
    objective = points(net, False, 3, 40)
    found = search.find(net, objective, density=0.4, method="greedy", steps=100_000, rng=0)
    assert found.stopped == "local optimum: no single swap lowers the loss"
    x, wanted = objective.inputs.astype(float).tolist(), objective.wanted.tolist()
    names = list(found.mask)
    mask = np.concatenate([found.mask[name].reshape(-1) for name in names])
    ends = np.cumsum([0, *(found.mask[name].size for name in names)])
    for a, b in pairwise(ends.tolist()):
        for p in a + np.flatnonzero(mask[a:b]):
            for q in a + np.flatnonzero(~mask[a:b]):
                other = mask.copy()
                other[[p, q]] = False, True
                swapped = twin.loss(twin.switched(described(net), other.tolist()), x, wanted, "squared")
                assert swapped > found.loss - 1e-9


# --- where masks go --------------------------------------------------------------------------------------------------------------------


def test_annealing_at_one_temperature_has_boltzmanns_law() -> None:
    """Chi-square of where 4,000 chains end that start uniformly; a false alarm has probability 1e-6 (and the seed is fixed)."""
    _boltzmann(search.Annealing(chains=4000, hot=0.7, cold=0.7), lambda state: [(0.7, state["orders"])], 60)


def test_tempering_has_boltzmanns_law_at_every_temperature() -> None:
    """The same for both ends of the ladder, of 1,500 searches each."""

    def at_ladder(state: dict[str, Any]) -> list[tuple[float, Any]]:
        return [(heat, state["orders"][row][None]) for heat, row in zip((0.3, 1.5), state["holds"], strict=True)]

    _boltzmann(search.Tempering(replicas=2, hot=1.5, cold=0.3, sweep=15), at_ladder, 90, 1500)


def _boltzmann(
    method: Any, ends: Callable[[dict[str, Any]], list[tuple[float, Any]]], steps: int, searches: int = 1
) -> None:
    from scipy.stats import chi2

    from slth.search.flips.landscape import landscape_of
    from slth.search.flips.method import Task
    from slth.search.models import NetworkModel

    net = slth.Network((Dense(np.array([[0.9, -1.3, 0.4], [0.2, 0.7, -0.6]]), None, "relu"),))
    objective = points(net, False, 5)
    flat = Flat.of(net)
    sizes = Sizes.of(flat, groups(flat, 0.5, "global"))
    model = NetworkModel(net)
    landscape = landscape_of(model, model.oracle(), flat, sizes.where, objective.inputs, objective.wanted, "squared")
    every = np.array(twin.masks_of_size([6], [3]))
    losses = landscape.losses(every)
    counts: dict[float, Any] = {}
    unit = float(losses.std())
    with pytest.MonkeyPatch.context() as patch:
        for name in ("annealing", "tempering"):
            patch.setattr(f"slth.search.flips.{name}.usual_change", lambda task, walkers: unit)
        for seed in range(searches):
            searcher = method.launch(Task(landscape, sizes, steps, seed, 1))
            searcher.advance(0, steps)
            for heat, orders in ends(searcher.state()):
                numbers = sizes.masks(orders) @ (1 << np.arange(6))
                counts.setdefault(heat, np.zeros(64))[:] += np.bincount(numbers, minlength=64)
    for heat, seen in counts.items():
        chance = np.exp(-losses / (heat * unit))
        expected = chance / chance.sum() * seen.sum()
        seen = seen[every @ (1 << np.arange(6))]
        assert ((seen - expected) ** 2 / expected).sum() < chi2.isf(1e-6, len(every) - 1)
        flat_out = seen.sum() / len(every)  # negative control: it is not the uniform law
        assert ((seen - flat_out) ** 2 / flat_out).sum() > chi2.isf(1e-6, len(every) - 1)


# --- incremental against full evaluation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["squared", "sup", "cross-entropy", "error-rate"])
@pytest.mark.parametrize("activation", ["relu", "leaky-relu(0.2)"])
def test_every_step_is_a_full_evaluation(kind: str, activation: str) -> None:
    """Walks that accept everything, two blocks of inputs; the lowest loss met, and the last one, as the twin has them."""
    labels = kind in ("cross-entropy", "error-rate")
    net = small(7, (3, 4, 3, 3), activation)
    objective = points(net, labels, 8, 70)
    flat = Flat.of(net)
    sizes = Sizes.of(flat, groups(flat, 0.5, "layer"))
    random = np.random.default_rng(9)
    orders = sizes.random_order(random)[None]
    masks, replayed = sizes.masks(orders), orders[0].copy()
    places = sizes.places(random.integers(sizes.swaps, size=(1, 40)))
    x, wanted = objective.inputs.astype(float).tolist(), objective.wanted.tolist()
    seen = []
    for a, b in places[0]:
        replayed[[a, b]] = replayed[[b, a]]
        seen.append(twin.loss(twin.switched(described(net), sizes.masks(replayed[None])[0].tolist()), x, wanted, kind))
    for landscape, within in (
        (_dense(net, flat, sizes, objective, kind), 1e-12),
        (_any(net, flat, sizes, objective, kind), 1e-5),
    ):
        m, o, losses, best, lowest = masks.copy(), orders.copy(), np.empty(1), np.zeros_like(masks), np.full(1, np.inf)
        first = float(landscape.losses(masks)[0])
        accepted = landscape.swap(m, losses, o, places, np.full((1, 40), np.inf), best, lowest)
        assert accepted.tolist() == [[40, 40]]
        assert (o[0] == replayed).all()
        assert (m == sizes.masks(o)).all()
        assert losses[0] == pytest.approx(seen[-1], abs=within)
        assert lowest[0] == pytest.approx(min(first, *seen), abs=within)
        assert landscape.losses(best)[0] == pytest.approx(lowest[0], abs=within)
        assert (best.sum(axis=1) == masks.sum(axis=1)).all()


def _landscape(net: slth.Network, flat: Flat, sizes: Sizes, objective: search.Objective, kind: str) -> Any:
    from slth.search.flips.landscape import landscape_of
    from slth.search.models import NetworkModel

    model = NetworkModel(net)
    return landscape_of(model, model.oracle(), flat, sizes.where, objective.inputs, objective.wanted, kind)


def _dense(net: slth.Network, flat: Flat, sizes: Sizes, objective: search.Objective, kind: str) -> Any:
    found = _landscape(net, flat, sizes, objective, kind)
    assert isinstance(found, DenseLandscape)
    return found


def _any(net: slth.Network, flat: Flat, sizes: Sizes, objective: search.Objective, kind: str) -> AnyLandscape:
    from slth.search.gradients import LayeredOracle

    return AnyLandscape(LayeredOracle(net), flat, sizes.where, objective.inputs, objective.wanted, kind)


def test_steps_accept_what_raises_the_loss_by_at_most_their_slack() -> None:
    net = small(7, (3, 4, 2))
    objective, flat = points(net, False, 8, 70), Flat.of(net)
    sizes = Sizes.of(flat, groups(flat, 0.5, "global"))
    random = np.random.default_rng(1)
    orders = sizes.random_order(random)[None]
    places = sizes.places(random.integers(sizes.swaps, size=(1, 300)))
    slack = random.exponential(0.02, (1, 300))
    ends = []
    for make in (_dense, _any):
        o, losses = orders.copy(), np.empty(1)
        masks = sizes.masks(o)
        make(net, flat, sizes, objective, "squared").swap(
            masks, losses, o, places, slack, masks.copy(), np.full(1, np.inf)
        )
        ends.append((o, losses[0]))
    assert (ends[0][0] == ends[1][0]).all()
    assert ends[0][1] == pytest.approx(ends[1][1], abs=1e-5)


# --- what every method promises --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", list(search.FLIPS))
@pytest.mark.parametrize("budget", ["layer", "global", "erk"])
def test_every_method_beats_random_masks_and_keeps_its_budget(method: str, budget: str) -> None:
    net, objective = search.random_network([1, 16, 1], law="kaiming-normal", biases="non-zero", rng=0), line()
    found = search.find(net, objective, density=0.5, method=method, steps=STEPS[method], budget=budget, rng=3)
    chance = min(
        search.find(net, objective, density=0.5, method="random", budget=budget, rng=seed).loss for seed in range(20)
    )
    assert found.loss < chance / 2
    assert found.kept == sum(group.keep for group in groups(Flat.of(net), 0.5, budget))
    assert found.nothing_changed
    if budget == "layer":
        assert all(mask.sum() == int(0.5 * mask.size + 0.5) for mask in found.mask.values())
    assert found.loss == found.history.validation_loss[-1] == found.history.validation_loss.min()
    x = np.linspace(-1, 1, 64)[:, None]
    assert found.loss == pytest.approx(0.5 * float(((found(x) - x) ** 2).mean()), abs=1e-7)


def test_labels_and_a_validation_split() -> None:
    net, objective = source(12), digits()
    found = search.find(net, objective, density=0.5, method="annealing", steps=2000, every=100, rng=0)
    chance = search.find(net, objective, density=0.5, method="random", rng=0)
    assert found.loss < chance.loss
    assert found.accuracy > 2 * chance.accuracy
    outputs = found(objective.held_out)
    assert found.accuracy == pytest.approx(
        float((outputs.argmax(axis=1) == objective.held_out_wanted).mean()), abs=0.01
    )
    wrong = search.find(
        net, objective, density=0.5, method=search.Annealing(loss="error-rate"), steps=2000, every=100, rng=0
    )
    assert wrong.loss == pytest.approx(1 - wrong.accuracy, abs=0.01)


@pytest.mark.parametrize("method", list(search.FLIPS))
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_same_bits_for_any_workers_and_after_an_interruption(
    method: str, activation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = search.random_network([1, 6, 1], law="kaiming-normal", biases="non-zero", activation=activation, rng=0)
    objective = line()
    several = {"greedy": search.Greedy(3), "annealing": search.Annealing(3), "tempering": search.Tempering(3, sweep=30)}
    chosen = several.get(method, method)
    options: dict[str, Any] = {"density": 0.5, "method": chosen, "steps": 120 if method != "genetic" else 12, "rng": 11}
    options["every"] = options["steps"] // 6
    whole = search.find(net, objective, workers=1, **options)
    threads = search.find(net, objective, workers=3, **options)
    path, done = tmp_path / "search.npz", 0
    kind = DenseLandscape if activation == "relu" else AnyLandscape
    attribute = "losses" if method == "genetic" else "swap"
    honest, stop = getattr(kind, attribute), {"genetic": 150, "greedy": 5}.get(method, 11)

    def interrupted(self: Any, *arguments: Any) -> Any:
        nonlocal done
        done += 1
        if done == stop:
            raise KeyboardInterrupt
        return honest(self, *arguments)

    monkeypatch.setattr(kind, attribute, interrupted)
    with pytest.raises(KeyboardInterrupt):
        search.find(net, objective, checkpoint=path, workers=1, **options)
    monkeypatch.undo()
    assert path.exists()
    resumed = search.find(net, objective, checkpoint=path, **options)
    again = search.find(net, objective, checkpoint=path, **options)
    for other in (threads, resumed, again):
        assert other.loss == whole.loss
        assert other.stopped == whole.stopped
        assert all((other.mask[name] == whole.mask[name]).all() for name in whole.mask)
        for column in ("step", "loss", "validation_loss"):
            assert getattr(other.history, column).tolist() == getattr(whole.history, column).tolist()
    with pytest.raises(ValueError, match="belongs to another search"):
        search.find(net, objective, checkpoint=path, **options | {"density": 0.7})


def test_any_network_by_full_evaluation() -> None:
    random = np.random.default_rng(0)
    net = slth.Network(
        (
            Conv2d(random.normal(size=(3, 1, 3, 3)), None, "relu"),
            Flatten(),
            Dense(random.normal(size=(3, 12)) / 3, None, "identity"),
        ),
        (1, 4, 4),
    )
    x = random.normal(size=(50, 1, 4, 4))
    objective = search.classification(x, random.integers(3, size=50))
    for method in ("annealing", "genetic"):
        found = search.find(
            net, objective, density=0.5, method=method, steps=200 if method == "annealing" else 10, rng=0
        )
        chance = search.find(net, objective, density=0.5, method="random", rng=0)
        assert found.loss < chance.loss


def test_the_only_mask_and_patience() -> None:
    net = small(0)
    for method in search.FLIPS:
        found = search.find(net, points(net, False, 0), density=1.0, method=method, steps=1000, rng=0)
        assert found.stopped == "the only mask of its size"
        assert found.kept == found.size
    found = search.find(
        net, points(net, False, 0), density=0.5, method="annealing", steps=10**6, every=2000, patience=3, rng=0
    )
    assert found.stopped == "no better for 3 records"


# --- bad input -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: search.Annealing(chains=0), "chains must be >= 1, got 0"),
        (lambda: search.Annealing(hot=-1), "hot must be > 0 and finite, got -1"),
        (lambda: search.Annealing(cold=2.0), "cold must be <= hot=1.0, got 2.0"),
        (lambda: search.Tempering(replicas=1), "replicas must be >= 2, got 1; with one, use Annealing"),
        (lambda: search.Tempering(sweep=0), "sweep must be >= 1"),
        (lambda: search.Greedy(starts=0), "starts must be >= 1"),
        (lambda: search.Genetic(elite=32), "elite must be < population=32, got 32"),
        (lambda: search.Genetic(mutations=-1), "mutations must be >= 0"),
    ],
)
def test_bad_settings(make: Callable[[], Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        make()


def test_bad_options() -> None:
    net = small(0)
    objective = points(net, False, 0)
    for options, error in (
        ({"epochs": 3}, "counts steps: give steps="),
        ({}, "counts steps: give steps="),
        ({"steps": 0}, "steps must be >= 1"),
        ({"steps": 5, "workers": 0}, "workers must be >= 1"),
        ({"steps": 5, "method": search.Greedy(loss="error-rate")}, "unknown loss of outputs 'error-rate'"),
    ):
        with pytest.raises(ValueError, match=error):
            search.find(net, objective, **{"density": 0.5, "method": "greedy"} | options)
    with pytest.raises(TypeError, match="method must be a name"):
        search.find(net, objective, density=0.5, method=search.Annealing, steps=5)  # type: ignore[arg-type]
    large = search.regression(np.full((4, 2), 1e30), np.zeros((4, 1)))
    huge = slth.Network(tuple(Dense(1e200 * layer.weight, None, layer.activation) for layer in net.layers))
    with pytest.raises(search.SearchError, match="the loss of a mask is"), np.errstate(over="ignore"):
        search.find(huge, large, density=0.5, method="annealing", steps=5)
