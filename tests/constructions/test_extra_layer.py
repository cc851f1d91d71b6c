"""The L + 1 construction: depth, copies, constants, exact effective weights, a certificate that holds, a file that verifies."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import slth
from slth.constructions import get
from slth.networks import Conv2d, Network
from tests.constructions.asked import asked_first, planned

RNG = np.random.default_rng(11)


def target(*widths: int, bias: bool = True, activation: str = "relu", seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    layers = []
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        name = "identity" if i == len(widths) - 2 else activation
        weight = rng.uniform(-1, 1, (b, a)) / np.sqrt(a)
        layers.append(slth.networks.Dense(weight, rng.uniform(-0.5, 0.5, b) if bias else None, name))
    return Network(tuple(layers))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["relu", "identity", "leaky-relu(0.2)", "tanh"])
def test_depth_is_one_more_and_the_certificate_holds(bias: bool, activation: str) -> None:
    net = target(10, 5, 4, 2, bias=bias, activation=activation)
    ticket = slth.approximate(net, (40, 24, 24), construction="one-extra-layer", rng=3)
    assert ticket.network.depth == net.depth + 1
    x = RNG.uniform(-1, 1, (400, 10))
    assert ticket.error(x) <= ticket.error_bound
    assert ticket.error(x) < 0.05


def test_weights_are_those_of_the_source() -> None:
    ticket = slth.approximate(target(4, 6, 3), (30, 12), construction="one-extra-layer", rng=0)
    for i, layer in enumerate(ticket.network.layers):
        np.testing.assert_array_equal(layer.weight, ticket.source.weight(i) * ticket.weight_mask(i))
    assert ticket.source.shapes == ((120, 4), (12 * (6 + 1), 120), (3, 12 * (6 + 1)))


def exact_layer(ticket: slth.Ticket, layer: int) -> NDArray[Any]:
    """(rows, columns) of a pruned layer in fractions, its scale left out."""
    weight = ticket.source.weight(layer) * ticket.weight_mask(layer)
    return np.array([[Fraction(float(w)) for w in row] for row in weight], dtype=object)


def test_effective_weights_are_sums_over_the_copies_of_an_input() -> None:
    """Written from the statement: what copy c of neuron j takes from neuron i is the sum of its kept weights to i's copies."""
    net, copies = target(2, 3, 2), 10
    ticket = slth.approximate(net, (20, copies), construction="one-extra-layer", rng=5)
    last = exact_layer(ticket, 2)
    inputs = [[sum(row[i * copies : (i + 1) * copies]) for i in range(3)] for row in last]
    piece = ticket.effective()[1]
    np.testing.assert_allclose(piece.positive, np.array(inputs, np.float64), rtol=1e-14, atol=1e-15)
    kept = ticket.masks.biases
    constants = np.maximum(ticket.scales[0] * ticket.source.bias_vector(1)[3 * copies :], 0)  # type: ignore[index]
    own = ticket.source.bias_vector(2) * kept[2]  # type: ignore[operator]
    bias = [
        float(sum(w * Fraction(float(c)) for w, c in zip(row[3 * copies :], constants, strict=True))) for row in last
    ]
    np.testing.assert_allclose(piece.bias, np.array(bias) + own, rtol=1e-13, atol=1e-15)


def test_more_copies_less_error() -> None:
    """Median of five sources: 30 copies are over five times as close as 12, the first layer being wide enough for both."""
    net = target(10, 5, 5, 2)
    x = RNG.uniform(-1, 1, (300, 10))
    few, many = (
        np.median([slth.approximate(net, (40, w, w), construction="one-extra-layer", rng=s).error(x) for s in range(5)])
        for w in (12, 30)
    )
    assert few > 5 * many


def test_a_file_verifies(tmp_path: Path) -> None:
    net = target(3, 4, 2)
    ticket = slth.approximate(net, 20, construction="one-extra-layer", rng=1)
    ticket.save(tmp_path / "t.npz")
    again = slth.load(tmp_path / "t.npz").verify(net)
    assert again.error_bound == ticket.error_bound
    x = RNG.uniform(-1, 1, (50, 3))
    np.testing.assert_array_equal(again(x), ticket(x))


def test_a_budget_is_met_with_fewer_weights() -> None:
    net = target(3, 4, 2)
    closest = slth.approximate(net, 28, construction="one-extra-layer", rng=1)
    budget = slth.approximate(net, 28, construction="one-extra-layer", rng=1, epsilon=0.5)
    assert budget.error_bound <= 0.5
    assert budget.kept < closest.kept


def test_one_layer_and_wide_ones() -> None:
    for net in (target(4, 3), target(1, 1, 1), target(2, 9, 1, bias=False)):
        ticket = slth.approximate(net, 24, construction="one-extra-layer", rng=0)
        x = RNG.uniform(-1, 1, (100, net.widths[0]))
        assert ticket.error(x) <= ticket.error_bound


def test_only_dense_networks() -> None:
    net = Network((Conv2d(np.ones((1, 1, 2, 2)), None, "identity"),), (1, 4, 4))
    with pytest.raises(ValueError, match="one-extra-layer takes networks of dense layers, got"):
        slth.approximate(net, 10, construction="one-extra-layer")


ATTACKED = [
    ("one-extra-layer", 16, "uniform"), ("one-extra-layer", (9, 1), "normal"), ("orseau", 30, None), ("malach", 60, None),
    ("fixed-size(3)", 24, None), ("best-product", 3, None), ("partly-frozen(0.3)", 14, None), ("n-of-m(1, 2)", 12, "product"),
]  # fmt: skip


@pytest.mark.parametrize(("construction", "width", "law"), ATTACKED)
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_no_input_found_by_searching_undercuts_the_certificate(
    construction: str, width: Any, law: str | None, activation: str
) -> None:
    """Corners, random points, and steps of shrinking size from the worst of them, on a box that is not symmetric and on a ball."""
    net = target(3, 4, 2, activation=activation)
    for domain in (slth.Box([-0.3, 0.5, -2.0], [1.0, 0.5, -0.5]), slth.Ball(3, 1.5)):
        ticket = slth.approximate(net, width, construction=construction, law=law, domain=domain, rng=7)
        assert 0 < searched(ticket, net) <= ticket.error_bound


def searched(ticket: slth.Ticket, net: Network) -> float:
    rng, domain = np.random.default_rng(1), ticket.domain

    def inside(x: NDArray[np.float64]) -> NDArray[np.float64]:
        x = np.clip(x, domain.lower, domain.upper)
        if isinstance(domain, slth.Ball):
            length = np.linalg.norm(x, axis=1, keepdims=True)
            x = x * np.minimum(1, domain.radius * (1 - 1e-15) / np.maximum(length, 1e-300))
        return x

    corners = np.array(list(itertools.product(*zip(domain.lower, domain.upper, strict=True))))
    x = inside(np.concatenate([corners, domain.sample(rng, 1000)]))
    found = 0.0
    for step in 0.5 ** np.arange(40):
        errors = np.abs(ticket(x) - net(x)).max(axis=1)
        found = max(found, float(errors.max()))
        x = inside(x[errors.argmax()] + step * np.concatenate([np.zeros((1, 3)), rng.standard_normal((60, 3))]))
    return found


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_a_constant_whose_bias_is_pruned_is_none(activation: str) -> None:
    """Masks may come from a file that was tampered with: what is certified is the network that they make."""
    net = target(2, 3, 2, activation=activation)
    ticket = slth.approximate(net, 12, construction="one-extra-layer", rng=1)
    biases = list(ticket.masks.biases)
    biases[1] = biases[1].copy()  # type: ignore[union-attr]
    biases[1][3 * 12 :] = False
    masks = replace(ticket.masks, biases=tuple(biases))
    pruned = slth.Ticket.certified(ticket.source, masks, ticket.scales, ticket.construction, ticket.domain, net)
    x = RNG.uniform(-1, 1, (500, 2))
    assert pruned.error(x) <= pruned.error_bound
    assert pruned.error(x) > ticket.error(x)
    effective, constant = pruned.effective()[1], 0.0 if activation == "relu" else 0.5
    v = pruned.network.layers[2].weight[:, 3 * 12 :]
    own = np.where(masks.biases[2], ticket.source.bias_vector(2), 0)
    np.testing.assert_allclose(effective.bias, constant * v.sum(axis=1) + own, rtol=1e-13, atol=1e-13)


def test_a_budget_out_of_reach_does_not_promise_that_no_width_is_enough() -> None:
    with pytest.raises(
        slth.EpsilonError, match="is not predicted: try a larger one, or ask for a larger epsilon"
    ) as caught:
        slth.approximate(target(2, 3, 1), 8, construction="one-extra-layer", epsilon=1e-3, rng=0)
    assert caught.value.width is None


def test_every_problem_is_counted_once_by_the_progress_bar() -> None:
    net = target(2, 3, 2)
    for name, width in (("one-extra-layer", (8, 4)), ("two-layer", (8, 8))):
        plan = planned(get(name), net, width, slth.Box([-1] * 2, [1] * 2), "uniform", 0)
        assert plan.unsolved == sum(problems.targets.size for problems in asked_first(plan))


def test_the_figure_shows_every_copy() -> None:
    pytest.importorskip("matplotlib")
    ticket = slth.approximate(target(2, 3, 2), (12, 4), construction="one-extra-layer", rng=0)
    title = ticket.plot().axes[3].get_title()
    assert (
        f"{2 * 4 * 3 * 2 + 4 * 3 + 3 * 2 + 2} weights" in title
    )  # both halves of the inputs, one of what a ReLU puts out
