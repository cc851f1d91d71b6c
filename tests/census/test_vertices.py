"""The error over a whole domain: the points found hold the supremum of every mask."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from slth.census import halves, vertices, walk
from slth.census.parameters import Parameters
from slth.census.question import read_question
from slth.networks import Ball, Box, Network
from slth.networks.layers import Dense
from tests.census.exact_cases import count, layers_of, network
from tests.reference import census as slow


def slow_sup(one: list[slow.Layer], other: list[slow.Layer], low: float, high: float) -> Fraction:
    """sup |one - other| over an interval, for networks of one number: between the kinks, found neuron by neuron on pieces that are cut
    until every neuron keeps its sign."""

    def kinks(layers: list[slow.Layer]) -> set[Fraction]:
        places = {Fraction(low), Fraction(high)}
        for depth in range(1, len(layers) + 1):
            head = [*layers[: depth - 1], (*layers[depth - 1][:2], "identity", layers[depth - 1][3])]
            every = (1,) * len(slow.places(head))
            values = {x: slow.outputs(head, every, [x]) for x in places}
            for x, y in itertools.pairwise(sorted(places)):
                for a, b in zip(values[x], values[y], strict=True):
                    if a * b < 0:
                        places.add(x + (y - x) * a / (a - b))
        return places

    def at(layers: list[slow.Layer], x: Fraction) -> list[Fraction]:
        return slow.outputs(layers, (1,) * len(slow.places(layers)), [x])

    return max(abs(a - b) for x in kinks(one) | kinks(other) for a, b in zip(at(one, x), at(other, x), strict=True))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (network([1, 2, 1], 1), network([1, 2, 2, 1], 2)),
        (network([1, 2, 2], 3, bias=False), network([1, 3, 2], 4, scale=1.3)),
        (
            network([1, 2, 1], 5, activations=["leaky-relu(0.2)", "identity"]),
            network([1, 2, 1], 6, activations=["relu", "relu"]),
        ),
        (network([1, 1], 7), network([1, 3, 2, 1], 8)),
        (network([1, 2, 1, 1], 9), network([1, 2, 1], 10)),
        (
            network([1, 2, 2, 1], 11, bias=False, activations=["relu", "leaky-relu(0.3)", "identity"], scale=0.7),
            network([1, 1], 12),
        ),
        (
            network([1, 1, 1, 2, 1], 13, bias=False, activations=["identity", "relu", "relu", "identity"]),
            network([1, 2, 1], 14),
        ),
    ],
)
def test_one_number(source, target):
    """Counts over an interval, against the supremum of each mask in fractions."""
    parameters, goal = Parameters(source), layers_of(target)
    masks = np.array(list(itertools.product((False, True), repeat=parameters.count)))
    sups = [slow_sup(layers_of(parameters.pruned(mask)), goal, -0.75, 1.5) for mask in masks]
    margins = sorted(set(sups))
    for epsilon in (float(margins[0]), float(margins[len(margins) // 2]), float(margins[-1]) + 1e-9, 0.0, math.inf):
        want = np.bincount(masks.sum(axis=1), [s <= epsilon for s in sups], parameters.count + 1)
        asked = read_question(source, target, epsilon, None, (-0.75, 1.5), "sup")
        for method in (walk, halves) if source.depth <= 2 else (walk,):
            census = count(method, asked)
            assert census.exact
            assert census.by_size.tolist() == want.tolist()


@pytest.mark.parametrize("target", [network([2, 2, 1], 2), network([2, 1], 3), network([2, 1, 1], 4, bias=False)])
def test_two_numbers(target):
    """No input of a fine grid, nor a climb from its worst one, has a larger error than the points found."""
    source, box = network([2, 2, 1], 1), Box(np.array([-1.0, -0.5]), np.array([0.75, 1.0]))
    points = vertices.inputs_for(source, target, box)
    assert ((points >= box.lower) & (points <= box.upper)).all()
    axes = [np.linspace(a, b, 41) for a, b in zip(box.lower, box.upper, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    parameters, rng = Parameters(source), np.random.default_rng(0)
    for mask in rng.random((60, parameters.count)) < 0.7:
        pruned = parameters.pruned(mask)

        def error(x, pruned=pruned):
            return np.abs(pruned(x) - target(x)).max(axis=1)

        here = grid[error(grid).argmax()]
        for step in 0.05 * 0.5 ** np.arange(12):
            near = np.clip(here + step * rng.uniform(-1, 1, (50, 2)), box.lower, box.upper)
            here = np.vstack([near, here])[error(np.vstack([near, here])).argmax()]
        assert error(here[None])[0] <= error(points).max() * (1 + 1e-12) + 1e-12
        assert error(points).max() <= error(here[None])[0] + 0.02  # and the climb gets there


def test_the_walk_over_a_box_is_the_walk_over_its_points():
    source, target = network([2, 2, 1], 1), network([2, 2, 1], 2)
    points = vertices.inputs_for(source, target, Box(np.full(2, -1.0), np.ones(2)))
    for epsilon in (0.4, 0.9, 1.7):
        over_box = read_question(source, target, epsilon, None, None, "sup")
        over_points = read_question(source, target, epsilon, points, None, "sup")
        counts = [
            count(method, asked).by_size.tolist() for method in (walk, halves) for asked in (over_box, over_points)
        ]
        assert counts[0] == counts[1] == counts[2] == counts[3]


def test_a_planted_target_over_a_box():
    """An error of zero over a whole domain: the kinks are not floats, and everything is decided in integers."""
    for widths in ([1, 2, 1], [2, 2, 1]):
        source = network(widths, 5)
        parameters = Parameters(source)
        mask = np.ones(parameters.count, bool)
        mask[[0, 3]] = False
        asked = read_question(source, parameters.pruned(mask), 0.0, None, None, "sup")
        for method in (walk, halves):
            census = count(method, asked, once=("dead",), masks=True)
            assert census.exact
            assert census.total >= 1


def test_linear_networks_need_only_corners():
    source = Network((Dense(np.random.default_rng(1).uniform(-1, 1, (1, 5)), np.array([0.3]), "identity"),))
    points = vertices.inputs_for(source, source, Box(np.full(5, -1.0), np.ones(5)))
    assert sorted(map(tuple, points.tolist())) == sorted(itertools.product((-1.0, 1.0), repeat=5))


def test_a_domain_of_one_point():
    source = network([2, 2, 1], 1)
    points = vertices.inputs_for(source, source, Box(np.array([0.5, -0.5]), np.array([0.5, -0.5])))
    assert points.tolist() == [[0.5, -0.5]]


@pytest.mark.parametrize(
    ("source", "target", "domain", "words"),
    [
        (network([1, 2, 1], 1), network([1, 2, 1], 1), Ball(1), "ball"),
        (network([2, 2, 2, 1], 1), network([2, 2, 1], 1), Box(np.zeros(2), np.ones(2)), "one hidden layer"),
        (network([1, 6, 2, 1], 1), network([1, 2, 1], 1), Box(np.zeros(1), np.ones(1)), "8,191 different functions"),
        (network([3, 2, 1], 1), network([3, 1], 1), Box(np.zeros(3), np.ones(3)), "one or two numbers"),
        (network([2, 2, 1], 1), network([2, 2, 2, 1], 1), Box(np.zeros(2), np.ones(2)), "two dimensions"),
        (
            network([1, 2, 1], 1, activations=["tanh", "identity"]),
            network([1, 1], 1),
            Box(np.zeros(1), np.ones(1)),
            "relu",
        ),
        (
            network([1, 2, 1], 1, activations=["relu", "relu"]),
            network([1, 1], 1),
            Box(np.zeros(1), np.ones(1)),
            "last layer",
        ),
        (network([14, 1], 1), network([14, 1], 1), Box(np.zeros(14), np.ones(14)), "corners"),
    ],
)
def test_what_it_refuses(source, target, domain, words):
    with pytest.raises(ValueError, match=rf"{words}.*inputs=|{words}.*"):
        vertices.inputs_for(source, target, domain)
    assert "inputs=" in (vertices.why_not(source, target, domain) or "")
