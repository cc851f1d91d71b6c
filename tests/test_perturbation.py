"""`perturb`: as close as movements within c allow, weight by weight, and nothing else changed."""

from __future__ import annotations

import doctest
import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
from slth import constructions, perturbation
from slth.constructions import Problems, source_shapes
from slth.constructions.two_layer import rules
from slth.networks import Attention, Conv2d, Network
from slth.perturbation import perturb
from tests.reference import perturbed as slow

TARGET = Network.random([4, 3, 2], rng=0)
NARROW = slth.approximate(TARGET, 8, rng=0)
SERVED = slth.approximate(TARGET, 16, rng=0)  # every weight keeps something


def pruned(ticket: slth.Ticket, layer: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Weights and biases of a source layer, zero where they are not kept."""
    bias, kept = ticket.source.bias_vector(layer), ticket.masks.biases[layer]
    weight = ticket.source.weight(layer) * ticket.weight_mask(layer)
    return weight, None if bias is None or kept is None else bias * kept


def check_movements(ticket: slth.Ticket, found: perturbation.Perturbed) -> None:
    """First layers and pruned weights as they were; no kept weight moved further than c, in exact arithmetic."""
    sizes = []
    for layer in range(ticket.source.depth):
        before, after = pruned(ticket, layer), pruned(found._moved, layer)
        for old, new in zip(before, after, strict=True):
            if old is None or new is None or layer % 2 == 0:
                np.testing.assert_array_equal(old, new)
                continue
            assert not new[old == 0].any()
            pairs = zip(new[old != 0].tolist(), old[old != 0].tolist(), strict=True)
            sizes += [abs(Fraction(a) - Fraction(b)) for a, b in pairs]
    assert max(sizes) <= Fraction(found.c)
    assert found.largest_movement == pytest.approx(float(max(sizes)))
    assert found.mean_movement == pytest.approx(float(sum(sizes) / len(sizes)))


@pytest.mark.parametrize("c", [1e-3, 0.03, 0.4])
def test_every_weight_comes_as_close_as_the_corners_allow(c: float) -> None:
    """Slow twin: the interval between the extreme corners of the box of movements, for every weight and bias of the target."""
    found = perturb(NARROW, c)
    for i, (piece, layer) in enumerate(zip(found.effective(), TARGET.linear, strict=True)):
        (u, b), (v, own) = pruned(NARROW, 2 * i), pruned(NARROW, 2 * i + 1)
        assert b is not None
        assert own is not None
        assert layer.bias is not None
        s = NARROW.scales[i]
        for j, k in itertools.product(range(layer.weight.shape[0]), range(layer.weight.shape[1])):
            for sign, matrix in ((1, piece.positive), (-1, piece.negative)):
                feeding = np.flatnonzero((sign * u[:, k] > 0) & (v[j] != 0))
                interval = slow.reachable(v[j, feeding], np.abs(u[feeding, k]), c) if feeding.size else (0.0, 0.0)
                wanted = sign * layer.weight[j, k] / s
                assert abs(matrix[j, k] - wanted) == pytest.approx(slow.distance(interval, wanted), abs=1e-12)
        for j in range(layer.weight.shape[0]):
            feeding = np.flatnonzero((b > 0) & (v[j] != 0))
            values, gains = [*v[j, feeding]], [*b[feeding]]
            if own[j] != 0:
                values, gains = [*values, own[j]], [*gains, 1.0]
            interval = slow.reachable(values, gains, c)
            assert abs(piece.bias[j] - layer.bias[j] / s) == pytest.approx(
                slow.distance(interval, layer.bias[j] / s), abs=1e-12
            )
    check_movements(NARROW, found)


def test_the_certificate_is_that_of_the_moved_network() -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (2000, 4))
    last = SERVED.error_bound
    for c in (0.001, 0.01, 0.1, 5.0):
        found = perturb(SERVED, c)
        assert found.error(x) <= found.error_bound < last
        assert found.weight_error <= SERVED.weight_error
        assert SERVED.verify(TARGET).certificate == SERVED.certificate  # the ticket is as it was
        np.testing.assert_array_equal(found(x), found.network(x))
        last = found.error_bound
    assert last < 1e-9  # everything in reach is met
    assert found.largest_movement < 5


def test_without_movement_it_is_the_ticket() -> None:
    found = perturb(NARROW, 0)
    assert found.certificate == NARROW.certificate
    assert found.largest_movement == found.mean_movement == 0
    for mine, theirs in zip(found.network.layers, NARROW.network.layers, strict=True):
        np.testing.assert_array_equal(mine.weight, theirs.weight)


@pytest.mark.parametrize("c", [5e-324, 1e-300, 1e-18, 3e-16, 1e-12, 1e300])
def test_rounding_never_moves_further(c: float) -> None:
    found = perturb(NARROW, c)
    check_movements(NARROW, found)
    assert found.weight_error <= NARROW.weight_error * (1 + 1e-12)


def test_least_movement_where_nothing_is_left() -> None:
    """Once c is enough for every weight, more of it changes nothing."""
    one, two = perturb(SERVED, 5.0), perturb(SERVED, 50.0)
    assert one.largest_movement == two.largest_movement < 5
    assert perturb(SERVED, one.largest_movement).weight_error < 1e-12
    assert perturb(SERVED, 0.9 * one.largest_movement).weight_error > 1e-3


def test_a_weight_that_keeps_nothing_stays() -> None:
    weights = [np.abs(array).ravel() for layer in TARGET.linear for array in layer.arrays.values()]
    assert np.isclose(np.concatenate(weights), NARROW.weight_error, rtol=1e-15).any()
    assert perturb(NARROW, 50.0).weight_error == NARROW.weight_error


def test_other_layers_and_sources() -> None:
    rng = np.random.default_rng(1)
    kernel = rng.uniform(-1, 1, (4, 1, 3, 3))
    image = Network((Conv2d(kernel, rng.uniform(-1, 1, 4), "relu", padding=(1, 1), groups=2),), (2, 4, 4))
    square = [rng.uniform(-0.5, 0.5, (4, 4)) for _ in range(4)]
    biases = [rng.uniform(-0.5, 0.5, 4) for _ in range(4)]
    sequence = Network((Attention(*square, 2, *biases),), (3, 4))
    for target in (image, sequence):
        edges = [rng.random(shape) < 0.8 for shape in source_shapes(target, 20)]
        ticket = slth.approximate(target, 20, edges=edges, rng=0)
        found = perturb(ticket, 0.2)
        check_movements(ticket, found)
        assert found.weight_error < 0.9 * ticket.weight_error
        x = rng.uniform(-1, 1, (50, *(d or 3 for d in target.shapes[0])))
        assert found.error(x) <= found.error_bound
        assert found.error_bound < ticket.error_bound


# --- what it is, and is not -------------------------------------------------------------------------------------------


def test_it_is_no_ticket_and_says_so() -> None:
    found = perturb(NARROW, 0.05)
    assert not isinstance(found, slth.Ticket)
    assert not hasattr(found, "save")
    assert repr(found).startswith("Perturbed(")
    assert "moved by at most 0.05" in repr(found)
    assert "largest weight error" in found.summary()
    assert "<table>" in found._repr_html_()
    assert found._moved.source != NARROW.source
    assert found._moved.source == found._moved.source
    assert len({found._moved.source, NARROW.source}) == 2


def test_a_loaded_ticket_needs_its_target(tmp_path: Path) -> None:
    NARROW.save(tmp_path / "t.npz")
    loaded = slth.load(tmp_path / "t.npz")
    with pytest.raises(ValueError, match=r"does not hold its target; use perturb\(ticket, c, target\)"):
        perturb(loaded, 0.1)
    assert perturb(loaded, 0.1, TARGET).certificate == perturb(NARROW, 0.1).certificate
    other = Network.random([4, 3, 2], rng=5)
    towards = perturb(loaded, 0.1, other)
    x = np.random.default_rng(0).uniform(-1, 1, (100, 4))
    assert np.abs(towards(x) - other(x)).max() <= towards.error_bound


@pytest.mark.parametrize(
    ("c", "target", "words"),
    [
        (-1, None, "c must be >= 0 and finite, got -1.0"),
        (np.nan, None, "c must be >= 0"),
        ("much", None, "c must be a number >= 0, got 'much'"),
        (True, None, "c must be a number"),
        (None, None, "c must be a number >= 0, got None"),
        ([0.1, 0.2], None, "c must be a number >= 0, got"),
        (10**400, None, "c must be >= 0 and finite"),
        (0.1, [(np.eye(2), None)], r"layer 0 of the ticket stands for DenseForm\(.*of the target it is DenseForm\("),
    ],
)
def test_misuse(c: Any, target: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        perturb(NARROW, c, target)


def test_only_tickets() -> None:
    for other in (None, "ticket.npz", perturb(NARROW, 0.1)):
        with pytest.raises(TypeError, match="perturb moves weights of a Ticket, got"):
            perturb(other, 0.1)  # type: ignore[arg-type]


def test_only_two_layer_tickets() -> None:
    ticket = slth.approximate(TARGET, 8, construction="one-extra-layer", rng=0)
    with pytest.raises(ValueError, match="'one-extra-layer' has no second layer for each weight"):
        perturb(ticket, 0.1)


def test_examples() -> None:
    assert not doctest.testmod(perturbation).failed


# --- the rule that chooses what is best to be moved -------------------------------------------------------------------


def test_perturbable_takes_the_best_of_the_closest_of_each_size() -> None:
    rng, c = np.random.default_rng(3), 0.05
    u, v = rng.uniform(0, 1, (30, 7)), rng.uniform(-1, 1, (30, 7))
    u[::3, 5:] = 0
    u[1::3, 6], v[1::3, 6] = 0, 0
    samples, targets = u * v, rng.uniform(-1, 1, 30)
    samples[1::3, 6] = 0.3  # the output's own bias: a candidate without a first factor
    asked = Problems(0, 1.0, np.arange(30), np.zeros(30, np.int64), samples, u, targets)
    rule = rules.Perturbable(c)
    chosen, left = rule.choose(asked, None)
    assert not chosen[samples == 0].any()
    for x, g, z, mine, rest in zip(samples, u, targets, chosen, left, strict=True):
        real = np.flatnonzero(x).tolist()
        closest = [
            min(itertools.combinations(real, k), key=lambda s: abs(sum(x[list(s)]) - z))
            for k in range(1, len(real) + 1)
        ]
        gains = np.where(g > 0, g, 1.0)
        options = [max(0.0, abs(sum(x[list(s)]) - z) - c * sum(gains[list(s)])) for s in closest]
        assert rest == pytest.approx(min([abs(z), *options]), abs=1e-12)
        assert rest == pytest.approx(max(0, abs(x[mine].sum() - z) - c * gains[mine].sum()), abs=1e-12)
    _, errors = rule.choose(asked, 1e-6)
    np.testing.assert_allclose(errors, np.abs(np.where(chosen, samples, 0).sum(axis=1) - targets), atol=1e-12)


def test_perturbable_needs_fewer_candidates() -> None:
    """At width 12 and c = 0.1 the moved network is closer than that of closest subsets; its ticket, unmoved, is an ordinary one."""
    target = Network.random([6, 5, 3], rng=2)
    for seed in range(3):
        plain = slth.approximate(target, 12, rng=seed)
        ready = slth.approximate(target, 12, construction="perturbable(0.1)", rng=seed)
        assert ready.construction == "perturbable(0.1)"
        assert ready.verify(target).certificate == ready.certificate
        assert ready.weight_error >= plain.weight_error * 0.99
        assert perturb(ready, 0.1).error_bound < perturb(plain, 0.1).error_bound < plain.error_bound


def test_its_name_and_numbers() -> None:
    assert constructions.get("perturbable(0.25)").name == "perturbable(0.25)"
    assert constructions.get("perturbable").name == "perturbable(0.01)"
    with pytest.raises(ValueError, match="c must be >= 0"):
        constructions.get("perturbable(-1)")
    with pytest.raises(slth.EpsilonError, match="too narrow"):
        slth.approximate(TARGET, 8, construction="perturbable(0.1)", epsilon=1e-4, rng=0)
