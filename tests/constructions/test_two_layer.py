"""The two-layer construction: masks of the promised form, and every subset the closest of all."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import slth
from slth.certificate import tolerances
from slth.constructions import CONSTRUCTIONS, Masks
from slth.networks import Dense
from tests.constructions.asked import asked_first, planned
from tests.constructions.pruned_pair import Halves, pairs
from tests.reference.network import Layer
from tests.reference.subset_sum_exact import closest, smallest_within

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=30)
TWO_LAYER = CONSTRUCTIONS["two-layer"]()


def plain(network: slth.Network) -> list[Layer]:
    """The layers as the slow twins want them."""
    return [(layer.weight, layer.bias, layer.activation, layer.scale) for layer in network.layers]


def network(
    seed: int, widths: tuple[int, ...], *, bias: bool = True, names: tuple[str, ...] | None = None
) -> slth.Network:
    rng = np.random.default_rng(seed)
    names = names or ("relu",) * (len(widths) - 2) + ("identity",)
    return slth.Network(
        tuple(
            Dense(rng.uniform(-1, 1, (b, a)), rng.uniform(-1, 1, b) if bias else None, name)
            for a, b, name in zip(widths, widths[1:], names, strict=False)
        )
    )


TARGETS: dict[str, slth.Network] = {
    "one layer": network(0, (3, 2)),
    "one layer, relu at the end": network(1, (3, 2), names=("relu",)),
    "two layers": network(2, (3, 4, 2)),
    "three layers": network(3, (2, 3, 3, 2)),
    "no biases": network(4, (3, 4, 2), bias=False),
    "identity between layers": network(5, (2, 3, 2), names=("identity", "identity")),
    "mixed": network(6, (2, 3, 3, 1), names=("identity", "relu", "relu")),
    "one input": network(7, (1, 1)),
    "one input, no bias": network(8, (1, 3, 1), bias=False),
    "a scale of its own": slth.Network(
        (
            Dense(np.array([[0.5, -0.25], [1.0, 2.0]]), np.array([0.1, -3.0]), "relu", 7.5),
            Dense(np.array([[1.0, -1.0]]), None, "identity", 0.125),
        )
    ),
    "zero weights": slth.Network(
        (
            Dense(np.array([[0.0, 0.5], [0.0, 0.0]]), np.array([0.0, 0.3])),
            Dense(np.array([[0.0, 1.0]]), np.zeros(1), "identity"),
        )
    ),
    "an all-zero layer": slth.Network((Dense(np.zeros((3, 2)), np.zeros(3)), Dense(np.ones((1, 3)), None, "identity"))),
    "biases in one layer only": slth.Network((Dense(np.ones((2, 2)), None), Dense(np.eye(2), np.ones(2), "identity"))),
    "large and small": slth.Network(
        (Dense(np.array([[1e6, -1e6]]), np.array([1e6])), Dense(np.array([[1e-6]]), None, "identity"))
    ),
}
WIDTHS = (1, 2, 3, 7, 12)


def check_form(ticket: slth.Ticket, target: slth.Network, factors: tuple[int, ...]) -> None:
    """Everything that is promised of the form of a ticket, and the weights of it against the source."""
    assert ticket.source.depth == 2 * target.depth
    expected = [target.widths[0]]
    for layer, factor in zip(target.layers, factors, strict=True):
        expected += [factor * layer.d_in, layer.d_out]
    assert ticket.source.widths == tuple(expected) == ticket.network.widths
    for i, layer in enumerate(ticket.network.layers):
        drawn, mask = ticket.source.weight(i), ticket.weight_mask(i)
        assert mask.shape == drawn.shape
        assert layer.weight.tobytes() == (drawn * mask).tobytes()
        assert (drawn[mask] == layer.weight[mask]).all()
        assert np.array_equal(layer.weight != 0, mask), "the law never draws 0, so what is kept is not 0"
        bias, kept = ticket.source.bias_vector(i), ticket.masks.biases[i]
        assert (bias is None) == (target.layers[i // 2].bias is None)
        if bias is None:
            assert layer.bias is None
            assert kept is None
        else:
            assert layer.bias is not None
            assert kept is not None
            assert layer.bias.tobytes() == (bias * kept).tobytes()
        own = target.layers[i // 2]
        assert layer.activation == ("relu" if i % 2 == 0 else own.activation)
        assert layer.scale > 0
        if i % 2 == 0:
            assert layer.scale == 1.0
            numbers = mask.sum(axis=1) + (0 if kept is None else kept)
            assert numbers.max() <= 1, "a hidden neuron keeps one weight or its bias"
    counted = sum(layer.kept for layer in ticket.network.layers)
    assert ticket.kept == counted == sum(ticket.kept_by_layer)
    assert ticket.size == ticket.network.size
    assert ticket.density == ticket.kept / ticket.size


def exact_errors(found: Halves, layer: Dense, entered: tuple[Any, Any]) -> list[Fraction]:
    """|effective - target| of all weights (those halves that can be entered) and biases of a layer."""
    errors = []
    t = Fraction(layer.scale)
    for j in range(layer.d_out):
        for i in range(layer.d_in):
            w = t * Fraction(float(layer.weight[j, i]))
            if entered[0][i]:
                errors.append(abs(found.positive[j][i] - w))
            if entered[1][i]:
                errors.append(abs(found.negative[j][i] + w))
        b = Fraction(0) if layer.bias is None else t * Fraction(float(layer.bias[j]))
        errors.append(abs(found.bias[j] - b))
    return errors


@pytest.mark.parametrize("law", ["uniform", "normal"])
@pytest.mark.parametrize("name", TARGETS)
def test_form_and_weights(name: str, law: str) -> None:
    target = TARGETS[name]
    for width in WIDTHS if law == "uniform" else WIDTHS[-1:]:
        ticket = slth.approximate(target, width, law=law, rng=width)
        check_form(ticket, target, (width,) * target.depth)
        below = np.ones(target.widths[0], bool)
        worst = []
        for found, layer in zip(pairs(plain(ticket.network)), target.layers, strict=True):
            errors = exact_errors(found, layer, (np.ones(layer.d_in, bool), below))
            worst.append(max(errors))
            below = np.full(layer.d_out, layer.activation != "relu")
        assert float(max(worst)) <= ticket.weight_error * (1 + 1e-12) + 1e-13 * ticket.scales[-1]
        if "zero" not in name:  # there, some inputs are always 0
            assert ticket.weight_error == pytest.approx(float(max(worst)), rel=1e-9, abs=1e-12)
            assert ticket.certificate.layer_weight_errors == pytest.approx(
                [float(w) for w in worst], rel=1e-9, abs=1e-12
            )


def test_the_weight_error_counts_every_weight() -> None:
    """Also of weights whose input is always 0 on the domain: "max over all target weights and biases"."""
    dead = slth.Network(
        (Dense(np.array([[0.5], [0.5]]), np.array([-9.0, 0.1])), Dense(np.array([[0.9, 0.1]]), None, "identity"))
    )
    for seed in range(20):
        ticket = slth.approximate(dead, (12, 2), rng=seed)
        second = pairs(plain(ticket.network))[1]
        errors = exact_errors(second, dead.layers[1], (np.ones(2, bool), np.zeros(2, bool)))
        assert float(max(errors)) <= ticket.weight_error * (1 + 1e-12)


@FIXED
@given(st.integers(0, 2**32), st.integers(1, 3), st.data())
def test_form_of_any_target(seed: int, depth: int, data: st.DataObject) -> None:
    widths = tuple(data.draw(st.lists(st.integers(1, 4), min_size=depth + 1, max_size=depth + 1)))
    factors = tuple(data.draw(st.lists(st.integers(1, 9), min_size=depth, max_size=depth)))
    names = tuple(data.draw(st.lists(st.sampled_from(["relu", "identity"]), min_size=depth, max_size=depth)))
    target = network(seed, widths, bias=data.draw(st.booleans()), names=names)
    low = data.draw(st.sampled_from([-1.0, 0.0, 0.5]))
    ticket = slth.approximate(target, factors, rng=seed, domain=(low, 1.0), workers=1)
    check_form(ticket, target, factors)
    if low >= 0:
        assert (ticket.network.layers[0].weight >= 0).all(), "the negative half is absent"


def test_a_half_that_is_never_entered_is_absent() -> None:
    target = TARGETS["two layers"]
    low, high = np.array([0.0, -1.0, -1.0]), np.array([1.0, 0.0, 1.0])
    ticket = slth.approximate(target, 10, domain=(low, high), rng=1)
    first = ticket.network.layers[0].weight
    assert (first[:, 0] >= 0).all()
    assert (first[:, 1] <= 0).all()
    assert (first[:, 2] > 0).any()
    assert (first[:, 2] < 0).any()
    assert (ticket.network.layers[2].weight >= 0).all(), "after ReLU nothing is negative"
    between = slth.approximate(TARGETS["identity between layers"], 10, rng=1).network.layers[2].weight
    assert (between > 0).any()
    assert (between < 0).any()


def test_one_sided_inputs_have_the_better_ticket() -> None:
    """Half as many problems for as many neurons; over 20 seeds the mean of the log error must be lower."""
    target = TARGETS["one layer"]
    gap = [
        np.log(
            slth.approximate(target, 10, rng=s, domain=(0, 1)).weight_error
            / slth.approximate(target, 10, rng=s).weight_error
        )
        for s in range(20)
    ]
    assert np.mean(gap) < 0


# --- every subset is the closest ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "width", "domain"),
    [
        ("one layer", 8, (-1, 1)),
        ("one layer", 16, (-1, 1)),
        ("two layers", 10, (0, 1)),
        ("mixed", 9, (-1, 1)),
        ("a scale of its own", 12, (-1, 0)),
        ("one input", 13, (-1, 1)),
    ],
)
def test_every_subset_is_the_closest_by_brute_force(name: str, width: int, domain: tuple[float, float]) -> None:
    """The plan is driven with the slow twin in the place of the solver: the same masks must come out."""
    target = TARGETS[name]
    ticket = slth.approximate(target, width, domain=domain, rng=5)
    plan = planned(TWO_LAYER, target, (width,) * target.depth, ticket.domain, "uniform", 5)
    asked = set()
    for round_ in plan.rounds():
        for problems in round_:
            answers = []
            for row, group, samples, goal in zip(
                problems.rows.tolist(), problems.groups.tolist(), problems.samples, problems.targets, strict=True
            ):
                used = np.flatnonzero(samples)
                found = closest(samples[used].tolist(), float(goal))
                chosen = np.zeros(samples.size, bool)
                chosen[used] = found.chosen
                answers.append((chosen, float(found.error)))
                asked.add((problems.layer, row, group))
            plan.place(problems, np.array([a[0] for a in answers]), np.array([a[1] for a in answers]))
    assert len(asked) >= sum(layer.size for layer in target.layers)
    masks = plan.masks()
    assert [m.tobytes() for m in masks.weights] == [m.tobytes() for m in ticket.masks.weights]
    for mine, theirs in zip(masks.biases, ticket.masks.biases, strict=True):
        assert (mine is None and theirs is None) or np.array_equal(mine, theirs)


@pytest.mark.parametrize("epsilon", [0.3, 3.0])
def test_within_a_budget_every_subset_is_the_smallest(epsilon: float) -> None:
    """As above, with the tolerances of the budget; a budget so large that the first round suffices."""
    target = network(13, (2, 2, 1))
    width = 26
    ticket = slth.approximate(target, (width,) * 2, epsilon=10 * epsilon, domain=(0, 1), rng=6)
    allowed = tolerances(target, ticket.domain, 10 * epsilon)
    plan = planned(TWO_LAYER, target, (width,) * 2, ticket.domain, "uniform", 6)
    for problems in asked_first(plan):
        for row, group, samples, goal in zip(
            problems.rows.tolist(), problems.groups.tolist(), problems.samples, problems.targets, strict=True
        ):
            used = samples[samples != 0].tolist()
            assert len(used) <= 14
            found = smallest_within(used, float(goal), allowed[problems.layer] / problems.scale)
            assert found is not None
            bits = ticket.weight_mask(2 * problems.layer + 1)
            chosen = np.zeros(samples.size, bool)
            chosen[np.flatnonzero(samples)] = found.chosen
            neurons = plan.pieces[problems.layer].neurons[group][: samples.size]
            assert np.array_equal(bits[row][neurons[neurons >= 0]], chosen[neurons >= 0])


def test_no_weight_is_further_off_than_the_best_of_its_candidates() -> None:
    """From the pruned network alone: among the neurons that a half uses, no subset for an output in the first round does better."""
    target = network(9, (2, 3), bias=False)
    for seed in range(5):
        ticket = slth.approximate(target, 12, rng=seed)
        plan = planned(TWO_LAYER, target, (12,), ticket.domain, "uniform", seed)
        found = pairs(plain(ticket.network))[0]
        for problems in asked_first(plan):
            for row, group, samples, goal in zip(
                problems.rows.tolist(), problems.groups.tolist(), problems.samples, problems.targets, strict=True
            ):
                best = closest(samples[samples != 0].tolist(), float(goal)).error * Fraction(problems.scale)
                i, sign = divmod(group, 2)
                w = Fraction(float(target.layers[0].weight[row, i]))
                error = abs(found.positive[row][i] - w) if sign == 0 else abs(found.negative[row][i] + w)
                assert error <= best + Fraction(1e-14)


# --- effective layers: what a certificate rests on ------------------------------------------------------------------


def test_the_reserve_lasts_for_every_round() -> None:
    """A half gains once a round, for its worst weight; were all given away in the first, its second worst would stay out of reach."""
    rng = np.random.default_rng(0)
    target = slth.Network.read([(rng.choice([-1.0, 1.0], (400, 30)) * rng.uniform(0.5, 3.0, (400, 30)) ** 2, None)])
    plan = planned(TWO_LAYER, target, (20,), slth.Box([-1] * 30, [1] * 30), "uniform", 0)
    reserves = []
    for problems in plan.rounds():
        for block in problems:
            plan.place(block, *plan.choose(block, None))
        reserves.append(plan.pieces[0].reserve.size)
    whole, first, second = reserves
    assert whole > 8
    assert whole // 2 >= first > whole // 2 - 4
    assert second == 0


def flipped(masks: Masks, rng: np.random.Generator, share: float, widths: tuple[int, ...]) -> Masks:
    """Random flips that keep the form: any bit above, any own bias; below, kept weights and biases are dropped."""
    weights, biases = [], []
    for layer, (packed, bias) in enumerate(zip(masks.weights, masks.biases, strict=True)):
        bits = np.unpackbits(packed, axis=1, count=widths[layer]).astype(bool)
        flip = rng.random(bits.shape) < share
        bits = bits ^ flip if layer % 2 else bits & ~flip
        weights.append(np.packbits(bits, axis=1))
        if bias is not None:
            flip = rng.random(bias.shape) < share
            bias = bias ^ flip if layer % 2 else bias & ~flip
        biases.append(bias)
    return Masks(tuple(weights), tuple(biases))


@pytest.mark.parametrize("name", TARGETS)
def test_effective_layers_equal_the_slow_twin(name: str) -> None:
    target = TARGETS[name]
    rng = np.random.default_rng(0)
    for width in (1, 4, 9):
        ticket = slth.approximate(target, width, rng=width)
        for share in (0.0, 0.2):
            masks = flipped(ticket.masks, rng, share, ticket.source.widths)
            other = slth.Ticket.certified(
                ticket.source, masks, ticket.scales, ticket.construction, ticket.domain, target
            )
            pieces = TWO_LAYER.effective(other.source, other.masks, other.skeleton, other.scales)
            for piece, twin in zip(pieces, pairs(plain(other.network)), strict=True):
                for mine, theirs, gain in (
                    (piece.positive, twin.positive, piece.positive_gain),
                    (piece.negative, twin.negative, piece.negative_gain),
                    (piece.bias, twin.bias, piece.bias_gain),
                ):
                    exact = np.array(theirs, dtype=object)
                    assert mine.shape == exact.shape
                    unit = Fraction(piece.scale)
                    for index, value in np.ndenumerate(exact):
                        allowed = Fraction(1e-15) * (piece.terms + 8) * Fraction(float(gain[index]))
                        assert abs(Fraction(float(mine[index])) - value / unit) <= allowed


def test_masks_of_another_form_are_refused() -> None:
    target = TARGETS["one layer"]
    ticket = slth.approximate(target, 4, rng=0)

    def certified(masks: Masks) -> slth.Ticket:
        return slth.Ticket.certified(ticket.source, masks, ticket.scales, ticket.construction, ticket.domain, target)

    bits = ticket.weight_mask(0)
    row = int(np.argmax(bits.any(axis=1)))
    more = bits.copy()
    more[row] = True
    weights = (np.packbits(more, axis=1), *ticket.masks.weights[1:])
    with pytest.raises(ValueError, match="more than one weight"):
        certified(Masks(weights, ticket.masks.biases))
    first_bias = ticket.masks.biases[0]
    assert first_bias is not None
    both = first_bias.copy()
    both[row] = True
    with pytest.raises(ValueError, match="a weight and its bias"):
        certified(Masks(ticket.masks.weights, (both, *ticket.masks.biases[1:])))


# --- determinism and the width --------------------------------------------------------------------------------------


def same(a: slth.Ticket, b: slth.Ticket) -> bool:
    return (
        a.source == b.source
        and a.scales == b.scales
        and [m.tobytes() for m in a.masks.weights] == [m.tobytes() for m in b.masks.weights]
        and [None if m is None else m.tobytes() for m in a.masks.biases]
        == [None if m is None else m.tobytes() for m in b.masks.biases]
        and a.certificate == b.certificate
    )


@pytest.mark.parametrize("law", ["uniform", "normal"])
def test_workers_change_nothing(law: str) -> None:
    target = network(10, (6, 20, 17, 3))
    first = slth.approximate(target, (8, 9, 12), law=law, rng=4, workers=1)
    for workers in (2, 5, None):
        assert same(first, slth.approximate(target, (8, 9, 12), law=law, rng=4, workers=workers))
    assert not same(first, slth.approximate(target, (8, 9, 12), law=law, rng=5, workers=1))


def test_more_width_is_better() -> None:
    """The mean log weight error of 10 seeds falls with every step, and by 2.5 nats in all, a quarter of 2^(-width / 2) or more."""
    target = network(11, (3, 4, 2))
    widths = (8, 14, 20, 26)
    means = [np.mean([np.log(slth.approximate(target, w, rng=s).weight_error) for s in range(10)]) for w in widths]
    assert (np.diff(means) < 0).all()
    assert means[-1] - means[0] < -2.5


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("d_in", [1, 2, 3, 8])
def test_the_promised_candidates(d_in: int, bias: bool) -> None:
    """About width / 2 candidates a weight, or an equal share of the neurons where the biases need some of them."""
    target = network(12, (d_in, 4), bias=bias)
    width = 24
    counts = []
    for seed in range(10):
        plan = planned(TWO_LAYER, target, (width,), slth.Box(-np.ones(d_in), np.ones(d_in)), "uniform", seed)
        for problems in asked_first(plan):
            counts += np.count_nonzero(problems.samples[problems.groups < 2 * d_in], axis=1).tolist()
    assert np.mean(counts) >= 0.8 * width * d_in / (2 * d_in + bias)
