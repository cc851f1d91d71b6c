"""Edge-popup against the transcription of the paper, and what every method of the loop promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slth import search
from slth.search.budget import groups
from slth.search.flat import Flat
from slth.search.gradients import LayeredOracle
from slth.search.loop import batches
from slth.search.method import Step
from tests.reference.edge_popup import edge_popup
from tests.search.tasks import digits, line, source


def test_steps_are_those_of_the_paper() -> None:
    """Same batches, same initial scores: the scores agree to float32 for 20 steps (later a score that
    rounding puts on the other side of the threshold sends them apart)."""
    # weights of one size cancel on pixels that are multiples of 1/16: a hidden neuron at just 0 would have either slope
    net, objective = search.random_network([64, 16, 10], law="kaiming-normal", rng=0), digits(0.0)
    flat = Flat.of(net)
    kept = groups(flat, 0.3, "layer")
    method = search.EdgePopup(decay=1e-3)
    searcher = method.start(flat, kept, 5)
    first = [view.copy() for view in flat.views(searcher.scores)]
    oracle, gradient = LayeredOracle(net), np.empty_like(flat.values)
    rates, seen = 0.1 * np.linspace(1, 0, 20), []
    draws = batches(len(objective.inputs), 32, 5, 0)
    for number, rate in enumerate(rates):
        chosen = next(draws)
        step = Step(number, 20, float(rate), 5)
        x, labels = objective.inputs[chosen], objective.wanted[chosen]
        oracle.gradient(flat.views(searcher.effective(step)), x, labels, objective.loss, flat.views(gradient))
        searcher.learn(gradient, step)
        seen.append((x.astype(float), labels))
    w1, w2 = flat.views(flat.values)
    expected = edge_popup(w1, w2, *first, seen, kept[0].keep, kept[1].keep, rates, 0.9, 1e-3)
    for mine, theirs in zip(flat.views(searcher.scores), expected, strict=True):
        assert np.allclose(mine, theirs, atol=5e-6)


@pytest.mark.parametrize("method", list(search.METHODS))
@pytest.mark.parametrize("budget", ["layer", pytest.param("global", marks=pytest.mark.slow)])
def test_every_method_learns_and_keeps_its_budget(method: str, budget: str) -> None:
    net, objective = source(48), digits()
    density = 0.5
    found = search.find(net, objective, density=density, method=method, epochs=20, batch=32, budget=budget, rng=3)
    by_chance = search.find(net, objective, density=density, method="random", budget=budget, rng=3)
    assert found.kept == sum(group.keep for group in groups(Flat.of(net), density, budget))
    assert found.loss < by_chance.loss
    assert found.accuracy > 0.5
    if found.nothing_changed:
        for name, mask in found.mask.items():
            layer = int(name.split(".")[0])
            assert (found.network.layers[layer].weight == net.layers[layer].weight * mask).all()
    else:
        assert method in ("biprop", "iterand", "sign-search")


@pytest.mark.parametrize("method", list(search.METHODS))
def test_same_seed_same_bits_also_after_an_interruption(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, objective = source(16, bias=True), digits()
    options = {"density": 0.4, "method": method, "steps": 60, "every": 10, "batch": 32, "rng": 11}
    whole = search.find(net, objective, **options)
    again = search.find(net, objective, **options)
    path = tmp_path / "search.npz"

    oracle_step = LayeredOracle.gradient
    done = 0

    def interrupted(self: LayeredOracle, *arguments: object) -> float:
        nonlocal done
        done += 1
        if done == 37:
            raise KeyboardInterrupt
        return oracle_step(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(LayeredOracle, "gradient", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search.find(net, objective, checkpoint=path, **options)
    monkeypatch.undo()
    resumed = search.find(net, objective, checkpoint=path, **options)
    for other in (again, resumed):
        assert other.loss == whole.loss
        assert all((other.mask[name] == whole.mask[name]).all() for name in whole.mask)
        assert other.history.loss.tolist() == whole.history.loss.tolist()
        assert all(
            (a.weight == b.weight).all() for a, b in zip(other.network.layers, whole.network.layers, strict=True)
        )


def test_a_loss_that_is_no_number_names_step_and_cause() -> None:
    objective = search.classification(np.full((8, 64), 1e38), np.arange(8))
    with pytest.raises(search.SearchError, match=r"at step 0, with learning rate"):
        search.find(source(16), objective, density=1.0, steps=20, rng=0)


@pytest.mark.parametrize("method", ["edge-popup", "supermask", "sign-search"])
def test_scores_that_overflow_are_no_answer(method: str) -> None:
    """Pruned everywhere, the network has a loss, and a finite one."""
    with pytest.raises(search.SearchError, match=r"no longer finite by step 20.*smaller rate"):
        search.find(source(16), digits(), density=0.5, steps=20, rate=1e37, method=method, rng=0)


def test_the_contract_name_is_find_with_settings() -> None:
    net, objective = source(16), digits()
    options = {"density": 0.4, "steps": 40, "rng": 5}
    one = search.edge_popup(net, objective, anneal=0.5, momentum=0.8, **options)
    other = search.find(net, objective, method=search.EdgePopup(momentum=0.8, anneal=0.5), **options)
    assert one.loss == other.loss
    assert all((one.mask[name] == other.mask[name]).all() for name in one.mask)


def test_patience_stops_and_the_best_is_kept() -> None:
    found = search.find(source(32), digits(), density=0.5, steps=4000, every=20, rate=1.0, patience=3, rng=0)
    assert found.stopped == "no better for 3 records"
    assert found.loss == found.history.validation_loss.min()
    assert found.history.step[-1] < 4000


def test_regression_and_imitation() -> None:
    net = search.random_network([1, 64, 1], biases="non-zero", rng=0)
    found = search.find(net, line(), density=0.5, steps=600, batch=16, every=100, rate=0.05, rng=0)
    assert found.loss < 0.02
    assert np.isnan(found.accuracy)
    target = search.random_network([2, 3, 1], rng=1)
    objective = search.imitation(target, count=256, rng=0)
    assert np.allclose(objective.wanted, target(objective.inputs.astype(float)).reshape(256, 1), atol=5e-6)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"density": 1.2}, "density must be in"),
        ({"method": "magic"}, "unknown method"),
        ({"steps": None}, "give steps or epochs"),
        ({"epochs": 3}, "give steps or epochs"),
        ({"scale": "large"}, "unknown scale"),
        ({"rate": -1}, "rate must be > 0"),
    ],
)
def test_bad_options(change: dict[str, object], error: str) -> None:
    options = {"density": 0.5, "steps": 10, "rng": 0} | change
    with pytest.raises(ValueError, match=error):
        search.find(source(16), digits(), **options)


def test_bad_labels() -> None:
    x = np.zeros((4, 64))
    with pytest.raises(ValueError, match="labels must be below the 10 outputs"):
        search.find(source(16), search.classification(x, [0, 1, 2, 10]), density=0.5, steps=1)
    with pytest.raises(ValueError, match="labels must be >= 0"):
        search.classification(x, [0, 1, 2, -1])
    with pytest.raises(ValueError, match="4 integers"):
        search.classification(x, [0, 1, 2])
    with pytest.raises(ValueError, match="inputs have shape"):
        search.find(source(16), search.classification(x[:, :5], [0, 1, 2, 3]), density=0.5, steps=1)
