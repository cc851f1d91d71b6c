"""The census of a construction: every combination is within epsilon, and the numbers are those of brute force."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import slth
from slth import constructions, subset_sum
from slth.census import product
from slth.census.answer import Census, Scope
from slth.census.product import budget, integers, weights
from slth.census.product.curves import Side, of_polynomials
from slth.census.product.polynomials import Polynomials
from slth.census.product.prepared import Prepared
from slth.networks import Ball, Conv2d, Dense, Domain, read_domain
from slth.subset_sum import Certainty
from slth.ticket import Ticket
from tests.reference import polynomials as reference


def network(seed: int, widths: tuple[int, ...], bias: bool = True) -> slth.Network:
    rng = np.random.default_rng(seed)
    return slth.Network.read(
        [
            (rng.uniform(-0.5, 0.5, (b, a)), rng.uniform(-0.5, 0.5, b) if bias else None)
            for a, b in itertools.pairwise(widths)
        ]
    )


TWO_LAYER: Any = constructions.get("two-layer")


def nonzero(found: Census) -> dict[int, int]:
    """Numbers by size, without those of 0."""
    return {int(s): int(v) for s, v in zip(found.sizes.tolist(), found.by_size.tolist(), strict=True) if v}


def planned(
    target: slth.Network, width: int, construction: str = "two-layer", domain: Any = None, rng: int = 0
) -> Prepared:
    method: Any = constructions.get(construction)
    region = read_domain(target.usual if domain is None else domain, target.coordinates)
    widths = constructions.widths_of(width, len(target.linear))
    source = constructions.random_source(method, target, widths, "uniform", rng)
    return Prepared.of(method, source, target, widths, region)


def problems_of(plan: Prepared) -> list[constructions.Problems]:
    """Every weight of every layer."""
    return [problems for piece in plan.pieces for problems in piece.problems(0)]


def brute(
    target: slth.Network, width: int, epsilon: float, construction: str, allowed: str
) -> tuple[int, list[list[int]]]:
    """Edges always kept, and the counting polynomials of all weights, from the statement."""
    plan, method = planned(target, width, construction), constructions.get(construction)
    assert isinstance(method, constructions.TwoLayer)
    tolerances = budget.certified_tolerances(
        plan,
        method,
        target,
        read_domain(target.usual, target.coordinates),
        epsilon,
    )
    assert tolerances is not None
    found = []
    for problems in problems_of(plan):
        tolerance = tolerances[problems.layer] / problems.scale
        pairs = zip(problems.samples.tolist(), problems.targets.tolist(), strict=True)
        found += [reference.counting_polynomial(row, goal, tolerance, allowed) for row, goal in pairs]
    return sum(int((piece.neurons >= 0).sum()) for piece in plan.pieces), found


@pytest.mark.parametrize(
    ("construction", "allowed"), [("two-layer", "any"), ("fixed-size(2)", "2"), ("n-of-m(1, 2)", "1 of 2")]
)
def test_numbers_are_those_of_brute_force(construction: str, allowed: str) -> None:
    target = network(0, (2, 2, 1))
    always, polynomials = brute(target, 12, 12.0, construction, allowed)
    exact = reference.product(polynomials)
    assert any(exact)
    found = product.of_construction(target, 12, 12.0, construction=construction, rng=0)
    assert found.exact
    assert found.scope is Scope.CONSTRUCTION
    assert nonzero(found) == {always + k: v for k, v in enumerate(exact) if v}


def test_every_combination_is_certified_and_they_are_all_there() -> None:
    """All second-layer masks of a tiny source: those whose weights are within tolerance are within epsilon, and as many as counted."""
    target = slth.Network.read([(np.array([[0.4, -0.3]]), None)])
    plan = planned(target, 8, domain=(0, 1), rng=3)
    region = read_domain((0, 1), 2)
    epsilon = 1.5
    found = product.of_construction(target, 8, epsilon, domain=(0, 1), rng=3)
    tolerances = budget.certified_tolerances(plan, TWO_LAYER, target, region, epsilon)
    assert tolerances is not None
    (problems,) = problems_of(plan)
    neurons = plan.pieces[0].neurons
    real = [np.flatnonzero(row) for row in problems.samples]
    first = budget.dealt(plan).weights[0]
    always = int(np.unpackbits(first).sum())
    counted: dict[int, int] = {}
    certified: dict[int, int] = {}
    for chosen in itertools.product((False, True), repeat=sum(slots.size for slots in real)):
        kept = np.zeros((1, 16), bool)
        at, within = 0, True
        for row, goal, slots, group in zip(problems.samples, problems.targets, real, neurons, strict=True):
            some = slots[np.array(chosen[at : at + slots.size], bool)]
            at += slots.size
            kept[0, group[some]] = True
            off = sum(map(Fraction, row[some].tolist()), Fraction(0)) - Fraction(float(goal))
            within &= abs(off) <= Fraction(tolerances[0] / problems.scale)
        masks = constructions.Masks((first, np.packbits(kept, axis=1)), (None, None))
        ticket = Ticket.certified(plan.source, masks, plan.scales, "two-layer", region, target)
        size = always + sum(chosen)
        counted[size] = counted.get(size, 0) + within
        certified[size] = certified.get(size, 0) + (ticket.error_bound <= epsilon)
        assert not within or ticket.error_bound <= epsilon
    assert sum(counted.values()) > 10
    assert {k: v for k, v in counted.items() if v} == nonzero(found)
    assert sum(counted.values()) < sum(certified.values())


def convolution() -> slth.Network:
    rng = np.random.default_rng(4)
    first = Conv2d(rng.uniform(-0.5, 0.5, (2, 1, 2, 2)), np.array([0.1, -0.2]), "relu")
    grouped = Conv2d(rng.uniform(-0.5, 0.5, (2, 1, 1, 1)), None, "identity", groups=2)
    return slth.Network((first, grouped), input_shape=(1, 3, 3))


def sigmoid() -> slth.Network:
    first = Dense(np.array([[0.5, -0.4]]), np.array([0.1]), "sigmoid")
    return slth.Network((first, Dense(np.array([[0.7]]), None, "identity")))


TARGETS: list[tuple[str, slth.Network, int, Any, float]] = [
    ("dense", network(1, (3, 4, 2)), 24, None, 1.5),
    ("no bias", network(2, (4, 3, 2), bias=False), 24, (0, 1), 0.8),
    ("ball", network(3, (3, 3, 1)), 24, Ball(3, 1.0), 1.0),
    ("convolution", convolution(), 40, (0, 1), 2.0),
    ("sigmoid", sigmoid(), 24, None, 0.5),
]


@pytest.mark.parametrize(("name", "target", "width", "domain", "epsilon"), TARGETS, ids=[t[0] for t in TARGETS])
def test_random_combinations_are_within_epsilon(
    name: str, target: slth.Network, width: int, domain: Domain, epsilon: float
) -> None:
    """Of every weight a subset far off, drawn among those within its tolerance: certificate and error keep to the budget."""
    rng = np.random.default_rng(0)
    plan = planned(target, width, domain=domain)
    region = read_domain(target.usual if domain is None else domain, target.coordinates)
    tolerances = budget.certified_tolerances(plan, TWO_LAYER, target, region, epsilon)
    assert tolerances is not None
    bounds = []
    blocks = problems_of(plan)
    for way in range(6):
        for problems in blocks:
            chosen = np.zeros(problems.samples.shape, bool)
            tolerance = tolerances[problems.layer] / problems.scale
            for i, (row, goal) in enumerate(zip(problems.samples, problems.targets, strict=True)):
                real = np.flatnonzero(row)
                if not real.size:
                    continue
                subsets = rng.random((4096, real.size)) < 0.5
                off = subsets @ row[real] - goal
                closest = subset_sum.solve(row[real], goal, workers=1).chosen
                within = np.flatnonzero(np.abs(off) <= tolerance)
                # errors of one sign, as large as they get: the worst there is
                side = off[within] if way % 2 else -off[within]
                chosen[i, real] = subsets[within[int(np.argmax(side))]] if within.size else closest
            plan.pieces[problems.layer].place(problems, chosen, np.zeros(len(chosen)))
        ticket = Ticket.certified(plan.source, plan.masks(), plan.scales, "two-layer", region, target)
        bounds.append(ticket.error_bound)
        x = region.sample(rng, 200).reshape(-1, *(d or 1 for d in target.shapes[0]))
        assert ticket.error(x) <= ticket.error_bound
    assert max(bounds) <= epsilon
    assert max(bounds) > 0.05 * epsilon  # a test of something


def test_the_worst_case_is_what_the_certificate_of_worse_tickets_says() -> None:
    """Negative control: with tolerances twice as large the worst case is no longer certified."""
    target = network(1, (3, 4, 2))
    plan = planned(target, 24)
    region = read_domain(None, 3)
    tolerances = budget.certified_tolerances(plan, TWO_LAYER, target, region, 1.0)
    assert tolerances is not None
    everything = list(TWO_LAYER.effective(plan.source, budget.dealt(plan), target.skeleton, plan.scales))
    for factor, holds in ((1.0, True), (2.0, False)):
        worst = [
            budget._worst(piece, whole, factor * tau)
            for piece, whole, tau in zip(plan.pieces, everything, tolerances, strict=True)
        ]
        assert (slth.certificate.certify(worst, target, region).error_bound <= 1.0) == holds


def test_census_of_one_weight_is_the_count_of_its_subsets() -> None:
    target = slth.Network.read([(np.array([[0.3]]), None)])
    plan = planned(target, 20, domain=(0, 1))
    (problems,) = problems_of(plan)
    epsilon = 0.05
    tolerances = budget.certified_tolerances(
        plan, constructions.get("two-layer"), target, read_domain((0, 1), 1), epsilon
    )
    assert tolerances is not None
    samples = problems.samples[0][problems.samples[0] != 0]
    wanted = subset_sum.count(samples, problems.targets[0], tolerances[0] / problems.scale).by_size
    found = product.of_construction(target, 20, epsilon, domain=(0, 1), rng=0)
    lowest = int(np.argmax(wanted > 0))
    assert found.by_size.tolist() == wanted[lowest : int(np.flatnonzero(wanted)[-1]) + 1].tolist()
    assert int(found.sizes[0]) == lowest + samples.size
    assert found.layers[0].by_size.tolist() == found.by_size.tolist()


def test_everything_is_counted_with_an_infinite_epsilon() -> None:
    target = network(5, (3, 2))
    found = product.of_construction(target, 10, math.inf, rng=1)
    candidates = sum(int(np.count_nonzero(p.samples)) for p in problems_of(planned(target, 10, rng=1)))
    assert found.total == 2**candidates
    assert found.by_size.tolist() == [math.comb(candidates, k) for k in range(candidates + 1)]
    assert found.parameters == slth.approximate(target, 10, rng=1).size


def test_monotone_in_epsilon() -> None:
    target = network(6, (3, 3, 2))
    counts = [product.of_construction(target, 34, epsilon, rng=2) for epsilon in (0.2, 0.6, 2.0, 10.0, math.inf)]
    assert counts[0].smallest is not None
    for less, more in itertools.pairwise(counts):
        bigger = dict(zip(more.sizes.tolist(), more.by_size.tolist(), strict=True))
        assert all(v <= bigger.get(s, 0) for s, v in zip(less.sizes.tolist(), less.by_size.tolist(), strict=True))


def test_layers_multiply_to_the_whole() -> None:
    found = product.of_construction(network(6, (3, 3, 2)), 34, 1.0, rng=2)
    assert len(found.layers) == 2
    assert found.exact
    assert reference.product([layer.by_size.tolist() for layer in found.layers]) == found.by_size.tolist()
    assert sum(int(layer.sizes[0]) for layer in found.layers) == int(found.sizes[0])
    assert sum(layer.parameters for layer in found.layers) == found.parameters


def test_certified_where_integers_are_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    target = network(6, (3, 3, 2))
    exact = product.of_construction(target, 34, 1.0, rng=2)
    monkeypatch.setattr(integers, "AFFORDABLE", 0.0)
    found = product.of_construction(target, 34, 1.0, rng=2, workers=2)
    assert found.certainty is Certainty.CERTIFIED
    for mine, theirs in zip((found, *found.layers), (exact, *exact.layers), strict=True):
        assert mine.sizes.tolist() == theirs.sizes.tolist()
        assert (mine.log2_lower <= theirs.log2_by_size).all()
        assert (theirs.log2_by_size <= mine.log2_upper).all()
        assert mine.mode == theirs.mode
        low, high = mine.diagnostics["log2_total"]
        assert low <= math.log2(theirs.total) <= high
    assert found.diagnostics["relative_error"] < 1e-6


def test_a_ticket_and_its_plan_have_the_same_census() -> None:
    target = network(7, (2, 2))
    ticket = slth.approximate(target, 40, epsilon=0.2, domain=(0, 1), rng=3)
    found = product.of_ticket(ticket, None, 0.2)
    again = product.of_construction(target, 40, 0.2, domain=(0, 1), rng=3, workers=3)
    assert found.smallest is not None
    assert found.by_size.tolist() == again.by_size.tolist()
    assert found.sizes.tolist() == again.sizes.tolist()


def test_neurons_held_back_go_to_weights_without_a_subset() -> None:
    """Where a ticket needs its rescue rounds, so does the count."""
    target = network(1, (6, 6))
    rescued = 0
    for seed in range(12):
        plan = planned(target, 22, rng=seed)
        tolerances = budget.certified_tolerances(plan, TWO_LAYER, target, read_domain(None, 6), 0.5)
        assert tolerances is not None
        counted = weights.count_weights(plan, tolerances, 1, lambda _: None)
        found = product.of_construction(target, 22, 0.5, rng=seed)
        if not counted[0].lower.any(axis=1).all() and found.smallest is not None:
            rescued += 1
    assert rescued > 0


def test_a_weight_without_a_subset_is_named() -> None:
    found = product.of_construction(network(1, (3, 4, 2)), 10, 1e-4, rng=0)
    assert found.total == 0
    assert found.smallest is None
    assert found.mode is None
    assert "Census(none" in repr(found)
    assert found.diagnostics["missed"] > 0
    assert found.diagnostics["width"] > 10
    assert "is predicted to suffice" in found.diagnostics["reason"]


def test_epsilon_below_rounding_counts_nothing() -> None:
    for epsilon in (0.0, 1e-300, 1e-17):
        found = product.of_construction(network(1, (3, 2)), 10, epsilon, rng=0)
        assert found.total == 0
        assert "rounding" in found.diagnostics["reason"]


@pytest.mark.parametrize("name", ["malach", "orseau", "one-extra-layer", "fixed-size", "partly-frozen(0.5)"])
def test_other_constructions_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match='"two-layer", "fixed-size\\(k\\)" and "n-of-m\\(s, b\\)"'):
        product.of_construction(network(1, (3, 2)), 10, 1.0, construction=name)


def test_attention_is_refused() -> None:
    eye = np.eye(2)
    target = slth.Network((slth.networks.Attention(eye, eye, eye, eye),), input_shape=(3, 2))
    with pytest.raises(ValueError, match="attention"):
        product.of_construction(target, 10, 1.0)


@pytest.mark.parametrize(("epsilon", "error"), [(-1.0, ValueError), (math.nan, ValueError), ("x", TypeError)])
def test_bad_epsilon(epsilon: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="epsilon"):
        product.of_construction(network(1, (3, 2)), 10, epsilon)


def test_bounds_where_counts_are_bounds() -> None:
    """Counts of some weights known between two numbers only: the product lies between those of both."""
    rng = np.random.default_rng(0)
    lower = rng.integers(0, 20, (9, 6)).astype(np.uint64)
    lower[:, 2] += np.uint64(1)
    upper = lower + (rng.random((9, 6)) < 0.2).astype(np.uint64)
    sides = [Side(3, 100)]
    polynomials = [[Polynomials.grouped(x)] for x in (lower, upper)]
    found = of_polynomials(polynomials[0], polynomials[1], sides, 1.0, 1, lambda _: None)
    assert found.certainty is Certainty.CERTIFIED
    exact = [reference.product(x.tolist()) for x in (lower, upper)]
    for at, low, value, high in zip(
        (found.sizes - 3).tolist(), found.log2_lower, found.log2_by_size, found.log2_upper, strict=True
    ):
        logs = [math.log2(x[at]) if x[at] else -math.inf for x in exact]
        assert low <= logs[0] + 1e-6
        assert logs[1] <= high + 1e-6
        assert low <= value <= high
