"""Constructions and searches: what a trial counts is what `approximate` and `find` give, once more."""

from __future__ import annotations

import math

import numpy as np
import pytest

import slth
from slth import data, search
from slth.sweeps.tally import Tally
from slth.sweeps.tasks import Construction, Search, octaves
from slth.sweeps.tasks.search import TESTED


def test_a_construction_counts_what_approximate_gives() -> None:
    task = Construction(width=14, epsilons=(0.01, 0.1, 1.0), target="3-2", low=-1.0)
    found = task.measure(np.random.default_rng(1), 3)
    rng, tickets, seen = np.random.default_rng(1), [], []
    for _ in range(3):
        target = slth.Network.random([3, 2], rng=rng)
        inputs = -1 + 2 * rng.random((256, 3))
        ticket = slth.approximate(target, 14, domain=(-1, 1), rng=rng, workers=1)
        tickets.append(ticket)
        seen.append(ticket.error(inputs))
    errors = [[t.weight_error for t in tickets], [t.error_bound for t in tickets], seen]
    assert found["within"] == tuple(
        tuple(sum(e <= epsilon for e in row) for epsilon in task.epsilons) for row in errors
    )
    assert task.successes(found) == tuple(hits for row in found["within"] for hits in row)
    assert [sum(row) for row in found["octaves"]] == [3, 3, 3]
    for row, (first, second) in zip(errors, found["logarithms"], strict=True):
        logs = [-math.log2(e) for e in row]
        assert first / 2**10 == pytest.approx(sum(logs), abs=1.5e-3)
        assert second / 2**20 == pytest.approx(sum(x * x for x in logs), rel=2e-3, abs=2e-3)
    masks = [[int(t.weight_mask(layer).sum()) for layer in range(2)] for t in tickets]
    assert found["kept"] == tuple(map(sum, zip(*masks, strict=True)))
    assert found["kept_squares"] == tuple(sum(k * k for k in layer) for layer in zip(*masks, strict=True))
    all_ = [sum(layer) for layer in zip(*(t.kept_by_layer for t in tickets), strict=True)]
    assert [w + b for w, b in zip(found["kept"], found["kept_biases"], strict=True)] == all_
    assert found["weights"] == tuple(3 * math.prod(shape) for shape in tickets[0].source.shapes)
    assert found["too_narrow"] == 0
    assert {point["error"] for point in task.points} == {"weight", "certified", "seen"}


def test_a_fixed_size_keeps_that_many_edges() -> None:
    """Each of 2 x 3 weights and 3 biases keeps exactly 3 products; the edges of the first layer are shared between the outputs."""
    task = Construction(width=20, epsilons=(1.0,), target="2-3", construction="fixed-size(3)")
    found = task.measure(np.random.default_rng(2), 4)
    second, biases = found["kept"][1], found["kept_biases"][1]
    first = found["kept"][0] + found["kept_biases"][0]
    assert second + biases == 4 * 3 * 9
    assert first < second


def test_too_narrow_a_network_is_a_failure() -> None:
    task = Construction(width=4, epsilons=(100.0,), target="2-2", construction="fixed-size(30)")
    found = task.measure(np.random.default_rng(3), 2)
    assert found.trials == found["too_narrow"] == 2
    assert task.successes(found) == (0, 0, 0)
    good = Tally(1, {"within": ((1,), (1,), (1,)), "kept": (3, 4), "too_narrow": 0})
    assert task.successes(found + good) == (1, 1, 1)


def test_the_digits() -> None:
    task = Construction(width=20, epsilons=(0.1, 10.0))
    found = task.measure(np.random.default_rng(4), 1)
    ticket = slth.approximate(slth.Network.read(data.digits_arrays()), 20, domain=(0, 1), rng=np.random.default_rng(4))
    weight, certified, seen = (octaves.quantile(row, 1.0) for row in found["octaves"])
    assert ticket.weight_error <= weight < 2**0.26 * ticket.weight_error
    assert ticket.error_bound <= certified < 2**0.26 * ticket.error_bound
    assert seen <= certified
    assert sum(found["kept"]) + sum(found["kept_biases"]) == ticket.kept
    assert sum(found["weights"]) + sum(shape[0] for shape in ticket.source.shapes) == ticket.size


@pytest.mark.parametrize(
    ("error", "bin_"), [(1.0, 64), (0.99, 64), (0.5, 68), (2.0, 60), (2.0**-0.25 * 0.999, 65), (0.0, 319), (1e9, 0), (1e-30, 319)]
)  # fmt: skip
def test_octaves_of_an_error(error: float, bin_: int) -> None:
    assert octaves.histogram([error]).index(1) == bin_
    assert len(octaves.histogram([error])) == octaves.BINS == 320


def test_quantiles_bound_the_errors_below_them() -> None:
    errors = (0.5 ** np.random.default_rng(5).uniform(0, 10, 101)).tolist()
    bins = octaves.histogram(errors)
    for level in (0.0, 0.5, 1.0):
        bound = octaves.quantile(bins, level)
        rank = sorted(errors)[max(math.ceil(level * 101) - 1, 0)]
        assert level == 0 or rank <= bound <= 2**0.25 * rank
    with pytest.raises(ValueError, match="collect some trials"):
        octaves.quantile((0,) * 320, 0.5)


def test_a_search_counts_test_images() -> None:
    task = Search(method="edge-popup", density=0.5, epochs=1, hidden=(16,), accuracies=(0.05, 0.1, 1.0))
    found = task.measure(np.random.default_rng(6), 1)
    rng = np.random.default_rng(6)
    images, labels = data.digits_test()
    order = rng.permutation(1797)
    objective = search.classification(images[order[360:]], labels[order[360:]], held_out=0.25, rng=rng)
    network = search.random_network([64, 16, 10], rng=rng)
    result = search.find(network, objective, density=0.5, epochs=1, batch=32, rng=rng)
    right = int((result(images[order[:360]]).argmax(axis=1) == labels[order[:360]]).sum())
    assert found["right"][right] == 1
    assert sum(found["right"]) == 1
    assert task.successes(found) == tuple(int(right >= wanted) for wanted in (18, 36, 360))


def test_accuracies_are_reached_from_below() -> None:
    """As many images as it takes: 0.9 is 324 of 360 exactly, whatever the last bit of 0.9 is."""
    task = Search(method="random", density=0.5, accuracies=(0.9,))
    for right, hit in ((323, 0), (324, 1), (360, 1)):
        counts = tuple(int(i == right) for i in range(TESTED + 1))
        assert task.successes(Tally(1, {"right": counts})) == (hit,)


@pytest.mark.parametrize("method", ["greedy", "magnitude"])
def test_flips_and_baselines_run_too(method: str) -> None:
    epochs = 5 if method == "greedy" else None
    found = Search(method=method, density=0.5, hidden=(4,), epochs=epochs).measure(np.random.default_rng(7), 1)
    assert sum(found["right"]) == 1
