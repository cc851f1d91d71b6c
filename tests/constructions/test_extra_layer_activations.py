"""One extra layer with another activation than ReLU: no ReLU in it, and a certificate that covers curvature, phi(0) and rounding."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import slth
from slth.constructions import get
from slth.networks import Dense, Network
from tests.constructions.asked import planned
from tests.reference import activations

INSERTED = ["identity", "leaky-relu(0.3)", "leaky-relu(-0.5)", "tanh", "gelu", "gelu-tanh", "sigmoid"]
SMOOTH = ["tanh", "gelu", "gelu-tanh", "sigmoid"]
BOX = slth.Box([-0.3, 0.5, -2.0], [1.0, 0.5, -0.5])


def target(*widths: int, bias: bool = True, activation: str = "tanh", seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    layers = []
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        name = "identity" if i == len(widths) - 2 else activation
        weight = rng.uniform(-1, 1, (b, a)) / np.sqrt(a)
        layers.append(Dense(weight, rng.uniform(-0.5, 0.5, b) if bias else None, name))
    return Network(tuple(layers))


def found(net: Network, width: Any, inserted: str, **more: Any) -> slth.Ticket:
    return slth.approximate(net, width, construction=f"one-extra-layer({inserted})", rng=3, **more)


def drawn(ticket: slth.Ticket) -> list[activations.Layer]:
    """The pruned random network, from seed and masks alone."""
    inserted = ticket.construction.removeprefix("one-extra-layer(").removesuffix(")")
    names = [inserted, *(form.activation for form in ticket.skeleton.forms)]
    layers: list[activations.Layer] = []
    for i, name in enumerate(names):
        own, kept = ticket.source.bias_vector(i), ticket.masks.biases[i]
        bias = None if own is None or kept is None else own * kept
        layers.append((ticket.source.weight(i) * ticket.weight_mask(i), bias, name, ticket.scales[i]))
    return layers


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("inserted", INSERTED)
def test_the_ticket_is_its_seed_and_masks(inserted: str, bias: bool) -> None:
    """Float64 against sixty digits: what the certificate allows for rounding, at the very least 1e-9."""
    net = target(3, 3, 2, bias=bias)
    ticket = found(net, (20, 6), inserted)
    x = np.random.default_rng(0).uniform(-1, 1, (4, 3))
    exact = np.array([[float(v) for v in activations.forward(drawn(ticket), row)] for row in x])
    np.testing.assert_allclose(ticket(x), exact, rtol=0, atol=1e-7 if inserted == "sigmoid" else 1e-12)
    assert [layer.activation for layer in ticket.network.layers] == [inserted, "tanh", "identity"]


@pytest.mark.parametrize("inserted", INSERTED)
def test_the_first_layer_is_its_matrices_and_what_they_leave_out(inserted: str) -> None:
    """``positive relu(x) + negative relu(-x) + bias``, to sixty digits, is off by no more than ``curvature |x|**power``."""
    net = Network((replace(target(3, 4).layers[0], activation="identity"),))  # type: ignore[type-var]
    ticket = found(net, 24, f"{inserted}" if inserted not in SMOOTH else f"{inserted}, 0.05")
    name = inserted
    piece = ticket.effective()[0]
    layers = drawn(ticket)
    layers[0] = (*layers[0][:2], name, ticket.scales[0])
    largest = 0.0
    for x in np.random.default_rng(1).uniform(-2, 2, (6, 3)):
        line = piece.positive @ np.maximum(x, 0) + piece.negative @ np.maximum(-x, 0) + piece.bias
        off = np.abs([float(v - w) for v, w in zip(activations.forward(layers, x), piece.scale * line, strict=True)])
        rounding = 1e-13 * piece.scale * (piece.positive_gain @ np.abs(x) + piece.bias_gain)
        assert (piece.curvature is None) == (name not in SMOOTH)
        bent = 0.0 if piece.curvature is None else piece.scale * piece.curvature @ np.abs(x) ** piece.power
        assert (off <= bent + rounding).all()
        largest = max(largest, float((off / np.maximum(bent, 1e-300)).max()))
    assert name not in SMOOTH or largest > 0.05  # the bound is one of this curvature


CASES = [
    (inserted, activation, bias, domain)
    for i, inserted in enumerate(INSERTED)
    for j, domain in enumerate((slth.Box([-1] * 3, [1] * 3), BOX, slth.Ball(3, 1.5), slth.Box([0] * 3, [1] * 3)))
    for activation, bias in ((["relu", "tanh", "sigmoid", "gelu", "leaky-relu(0.2)"][(i + j) % 5], (i + j) % 3 > 0),)
]


@pytest.mark.parametrize(("inserted", "activation", "bias", "domain"), CASES)
def test_no_input_found_by_searching_undercuts_the_certificate(
    inserted: str, activation: str, bias: bool, domain: Any
) -> None:
    """Later layers carry the target's own activation: their copies and constants go through it."""
    net = target(3, 4, 2, bias=bias, activation=activation)
    ticket = found(net, (26, 8), inserted, domain=domain)
    corners = np.array(list(itertools.product(*zip(domain.lower, domain.upper, strict=True))))
    x = np.concatenate(
        [corners * (1 if isinstance(domain, slth.Box) else 0.57), domain.sample(np.random.default_rng(1), 400)]
    )
    seen = max(ticket.error(x), ticket.attack(rng=0, steps=15, starts=4).error)
    assert 0 < seen <= ticket.error_bound


@pytest.mark.parametrize("inserted", SMOOTH)
@pytest.mark.parametrize("scale", ["1.0", "0.03", "1e-4", "1e-9"])
def test_the_certificate_holds_at_any_scale(inserted: str, scale: str) -> None:
    """A dense grid of one input, where curvature, phi(0) or rounding is most of the error."""
    net = target(1, 2, bias=True)
    ticket = found(net, 30, f"{inserted}, {scale}")
    assert ticket.scales[0] == float(scale)
    seen = ticket.error(np.linspace(-1, 1, 4001)[:, None])
    assert 0 < seen <= ticket.error_bound


def test_the_scale_chosen_for_a_sigmoid_is_near_the_best() -> None:
    """Curvature grows with s, rounding and the level of phi(0) fall: the bound is within 3 of the least of nine scales."""
    net = target(3, 4)
    chosen = found(net, 44, "sigmoid")
    bounds = [found(net, 44, f"sigmoid, {chosen.scales[0] * 8.0**k!r}").error_bound for k in range(-4, 5)]
    assert chosen.error_bound <= 3 * min(bounds)
    assert bounds[0] > 10 * min(bounds) < bounds[-1]


@pytest.mark.parametrize("inserted", ["tanh", "gelu"])
def test_where_nothing_is_lost_to_rounding_the_curvature_is_none(inserted: str) -> None:
    net = target(3, 4)
    straight = found(net, 40, "identity")
    bent = found(net, 40, inserted)
    assert bent.error_bound <= 2 * straight.error_bound
    assert found(net, 40, f"{inserted}, 0.1").error_bound > 1e3 * bent.error_bound


def test_one_block_serves_both_signs() -> None:
    """Where m_+ = m_- a weight has all candidates: at half the width it is as close as with ReLU (median of five sources)."""
    net = target(10, 5, bias=False, activation="relu")
    tanh, relu = (
        np.median([slth.approximate(net, w, construction=c, rng=s).error_bound for s in range(5)])
        for c, w in (("one-extra-layer(tanh)", 22), ("one-extra-layer", 40))
    )
    assert tanh < 3 * relu


@pytest.mark.parametrize(("inserted", "slopes"), [("leaky-relu(0.3)", (1.0, 0.3)), ("leaky-relu(-3)", (1.0, -3.0))])
def test_the_halves_of_two_slopes(inserted: str, slopes: tuple[float, float]) -> None:
    """Where an input takes both signs A = -B = w / (m_+ + m_-); where it is never negative, the one half is w / m_+."""
    net = target(4, 3, bias=False)
    for domain, worth in (((-1, 1), sum(slopes)), ((0, 1), 1.0)):
        ticket = found(net, 40, inserted, domain=domain)
        u, v = ticket.source.weight(0) * ticket.weight_mask(0), ticket.source.weight(1) * ticket.weight_mask(1)
        above = ticket.scales[1] * v @ np.maximum(u, 0) * worth
        np.testing.assert_allclose(above, net.linear[0].matrix, atol=1e-3)
        below = ticket.scales[1] * v @ np.maximum(-u, 0) * worth
        np.testing.assert_allclose(below, -net.linear[0].matrix if domain[0] else 0.0, atol=1e-3)


def test_neurons_that_take_back_phi_0_keep_nothing() -> None:
    ticket = found(target(3, 4, 2), (26, 8), "sigmoid")
    alive = ticket.weight_mask(0).any(axis=1)
    used = ticket.weight_mask(1).any(axis=0)
    assert (used & ~alive).sum() > 5
    level = 0.5 * (ticket.source.weight(1) * ticket.weight_mask(1)).sum(axis=1)
    own = ticket.source.bias_vector(1) * ticket.masks.biases[1]  # type: ignore[operator]
    bias = np.repeat(ticket.target.linear[0].bias, 8)  # type: ignore[union-attr, arg-type]
    # all phi(0) together are the bias; two thousandths of the scale would be 20
    np.testing.assert_allclose(ticket.scales[1] * (level + own)[: bias.size], bias, atol=0.02)


@pytest.mark.parametrize(("widths", "width"), [((1, 3, 1), 36), ((2, 5, 2), 36), ((8, 6), 20)])
def test_the_level_of_phi_0_stays_within_reach(widths: tuple[int, ...], width: int) -> None:
    """Five sources: a row out of reach would be off by the whole scale, a thousand or so."""
    net = target(*widths)
    for seed in range(5):
        ticket = slth.approximate(net, width, construction="one-extra-layer(sigmoid)", rng=seed)
        assert ticket.certificate.layer_weight_errors[0] < 0.3


@pytest.mark.parametrize("inserted", ["leaky-relu(0.3)", "tanh", "sigmoid"])
def test_a_file_verifies(inserted: str, tmp_path: Path) -> None:
    net = target(3, 4, 2)
    ticket = found(net, 20, inserted)
    ticket.save(tmp_path / "t.npz")
    again = slth.load(tmp_path / "t.npz").verify(net)
    assert (again.error_bound, again.scales, again.construction) == (
        ticket.error_bound,
        ticket.scales,
        f"one-extra-layer({inserted})",
    )
    assert len(again.scales) == 3
    replace(ticket, scales=ticket.scales[1:]).save(tmp_path / "few.npz")
    with pytest.raises(ValueError, match="one positive scale a linear layer"):
        slth.load(tmp_path / "few.npz")
    x = np.random.default_rng(0).uniform(-1, 1, (20, 3))
    np.testing.assert_array_equal(again(x), ticket(x))


def test_threads_change_nothing() -> None:
    net = target(4, 5, 2)
    one, two = (found(net, 24, "sigmoid", workers=workers) for workers in (1, 2))
    assert one.error_bound == two.error_bound
    for mine, other in zip(one.masks.weights, two.masks.weights, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_missing_edges_and_other_laws() -> None:
    net = target(4, 3, 2)
    for inserted in ("tanh", "sigmoid", "leaky-relu(0.3)"):
        for law in ("sparse(0.7)", "normal"):
            ticket = found(net, (40, 10), inserted, law=law)
            assert ticket.error(np.random.default_rng(0).uniform(-1, 1, (200, 4))) <= ticket.error_bound


@pytest.mark.parametrize("inserted", ["tanh", "sigmoid"])
def test_a_budget_is_met_with_fewer_weights(inserted: str) -> None:
    net = target(3, 4, 2)
    closest = found(net, 28, inserted)
    budget = found(net, 28, inserted, epsilon=0.5)
    assert budget.error_bound <= 0.5
    assert budget.kept < closest.kept
    with pytest.raises(slth.EpsilonError, match="is not predicted"):
        found(net, 8, inserted, epsilon=1e-6)


@pytest.mark.parametrize("inserted", ["tanh", "sigmoid", "leaky-relu(0.3)"])
def test_masks_that_were_tampered_with_are_certified_as_they_are(inserted: str) -> None:
    """A tenth of the kept weights of the second layer and all biases of constants are pruned: worse, and certified to be."""
    net = target(2, 3, 2)
    ticket = found(net, (20, 8), inserted)
    weights, biases, rng = list(ticket.masks.weights), list(ticket.masks.biases), np.random.default_rng(0)
    weights[1] = weights[1] & np.packbits(rng.random((len(weights[1]), ticket.source.shapes[1][1])) < 0.9, axis=1)
    biases = [None if bias is None else np.zeros_like(bias) for bias in biases]
    masks = replace(ticket.masks, weights=tuple(weights), biases=tuple(biases))
    pruned = slth.Ticket.certified(ticket.source, masks, ticket.scales, ticket.construction, ticket.domain, net)
    x = rng.uniform(-1, 1, (500, 2))
    assert ticket.error(x) < pruned.error(x) <= pruned.error_bound


@pytest.mark.parametrize("inserted", ["tanh", "sigmoid"])
def test_constants_that_keep_weights_of_the_inputs_are_none(inserted: str) -> None:
    net = target(2, 3, 2)
    ticket = found(net, (20, 8), inserted)
    weights = list(ticket.masks.weights)
    weights[1] = weights[1].copy()
    weights[1][3 * 8 :] = 255
    masks = replace(ticket.masks, weights=tuple(weights))
    with pytest.raises(ValueError, match="a constant neuron of layer 1 keeps weights of the inputs"):
        slth.Ticket.certified(ticket.source, masks, ticket.scales, ticket.construction, ticket.domain, net)


@pytest.mark.parametrize("scales", [(1e-200, 1.0, 1.0), (1e200, 1.0, 1.0), (1e-5, 1e308, 1.0), (1e90, 1.0, 1e300)])
def test_scales_of_a_hostile_file_are_refused(scales: tuple[float, ...]) -> None:
    net = target(2, 3, 2, activation="relu")
    ticket = found(net, (12, 4), "gelu")
    with pytest.raises(ValueError, match=r"overflows float64|must lie within"):
        slth.Ticket.certified(ticket.source, ticket.masks, scales, ticket.construction, ticket.domain, net)


def test_every_problem_is_counted_once_by_the_progress_bar() -> None:
    for name in ("one-extra-layer(tanh)", "one-extra-layer(sigmoid)"):
        plan = planned(get(name), target(2, 3, 2), (12, 4), slth.Box([-1] * 2, [1] * 2), "uniform", 0)
        expected, asked = plan.unsolved, 0
        for round_ in plan.rounds():
            for problems in round_:
                asked += 0 if problems.again else problems.targets.size
                plan.place(problems, *plan.choose(problems, None))
        assert (asked, plan.unsolved) == (expected, 0)


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("one-extra-layer(relu)", "one-extra-layer"),
        ("one-extra-layer(tanh)", "one-extra-layer(tanh)"),
        ("one-extra-layer( leaky-relu(0.2) )", "one-extra-layer(leaky-relu(0.2))"),
        ("one-extra-layer(sigmoid, 1e-3)", "one-extra-layer(sigmoid, 0.001)"),
    ],
)
def test_names_are_read_back(name: str, same: str) -> None:
    assert get(name).name == same
    assert get(same).name == same


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("one-extra-layer(leaky-relu(-1))", "add up to 0, so that it is even"),
        ("one-extra-layer(abs)", "unknown activation 'abs'"),
        ("one-extra-layer(tanh, 0)", "scale of an inserted layer must lie within"),
        ("one-extra-layer(tanh, -1)", "scale of an inserted layer must lie within"),
        ("one-extra-layer(tanh, 1e400)", "scale of an inserted layer must lie within"),
        ("one-extra-layer(tanh, nan)", "scale of an inserted layer must lie within"),
        ("one-extra-layer(tanh, x)", "'x' is no number"),
        ("one-extra-layer(relu, 0.5)", "straight on both sides of 0 at any scale"),
        ("one-extra-layer(tanh, 1, 2)", "takes up to two, got 3"),
        ("malach(tanh)", "unknown construction"),
    ],
)
def test_names_that_are_none(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get(name)


def test_no_network_of_the_shape_of_the_target_is_said_to_do_the_same() -> None:
    ticket = found(target(3, 4), 20, "tanh, 0.5")
    with pytest.raises(ValueError, match="no network of the target's shape"):
        ticket.effective_network()
    x: NDArray[np.float64] = np.random.default_rng(0).uniform(-1, 1, (300, 3))
    assert ticket.error(x) <= 1.001 * ticket.attack(rng=0).error
