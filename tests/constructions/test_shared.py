"""Several targets in one random network: what the choice of subsets promises, and what is saved."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import slth
from slth import constructions, subset_sum
from slth.certificate import tolerances
from slth.constructions import Masks
from slth.constructions.two_layer.plan import TwoLayerPlan
from slth.constructions.two_layer.shared import SharedPlan, Sharing, fewest_new
from slth.networks import Conv2d, Dense, Flatten, Network, read_domain
from tests.constructions.asked import asked_first, planned
from tests.reference import shared as reference

FIXED = settings(derandomize=True, deadline=None, database=None, max_examples=40)


def smallest(samples: np.ndarray, targets: np.ndarray, tolerance: float) -> subset_sum.Solution:
    return subset_sum.solve(samples, targets, objective="smallest", epsilon=tolerance)


@pytest.mark.parametrize("n", [1, 2, 5, 9, 10])
def test_fewest_new_against_all_subsets(n: int) -> None:
    rng = np.random.default_rng(n)
    m, tolerance = 40, 0.15
    samples = rng.uniform(-1, 1, (m, n)) * (rng.random((m, n)) < 0.9)
    targets = rng.uniform(-0.7, 0.7, m)
    held = rng.random((m, n)) < rng.random((m, 1))
    first = smallest(samples, targets, tolerance)
    met = first.status == subset_sum.Status.OPTIMAL
    samples, targets, held, chosen = samples[met], targets[met], held[met], first.chosen[met]
    assert met.any()
    found = fewest_new(samples, targets, tolerance, held, chosen)
    for row, target, mine, old, new in zip(samples, targets, held, chosen, found, strict=True):
        error = abs(row[new].sum() - target)
        best = reference.fewest_new(row.tolist(), float(target), tolerance, mine.tolist())
        assert best is not None
        assert int((new & ~mine).sum()) == best[0]
        assert error <= tolerance
        assert not new[row == 0].any()
        if int((old & ~mine).sum()) == best[0]:
            assert (new == old).all()
        else:
            assert error == pytest.approx(best[1], abs=1e-15)


@FIXED
@given(st.integers(1, 14), st.integers(0, 2**32 - 1))
def test_what_is_held_is_free(n: int, seed: int) -> None:
    """All held: nothing to improve. None held: the smallest subset is the best. Holding more never costs more."""
    rng = np.random.default_rng(seed)
    samples, targets = rng.uniform(-1, 1, (3, n)), rng.uniform(-0.5, 0.5, 3)
    first = smallest(samples, targets, 0.1)
    met = first.status == subset_sum.Status.OPTIMAL
    samples, targets, chosen = samples[met], targets[met], first.chosen[met]
    for held in (np.ones_like(chosen), np.zeros_like(chosen)):
        assert (fewest_new(samples, targets, 0.1, held, chosen) == chosen).all()
    some = rng.random(chosen.shape) < 0.4
    more = some | (rng.random(chosen.shape) < 0.4)
    cost = [(fewest_new(samples, targets, 0.1, h, chosen) & ~h).sum(axis=1) for h in (some, more)]
    assert (cost[1] <= cost[0]).all()


def test_the_reference_of_the_union() -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        samples, targets = rng.uniform(-1, 1, 7), rng.uniform(-0.5, 0.5, 3)
        assert reference.least_union(samples, targets, 0.1) == reference.least_union_by_tuples(samples, targets, 0.1)


def one_after_another(samples: np.ndarray, targets: np.ndarray, tolerance: float) -> tuple[int, int, int] | None:
    """Elements of the smallest subsets: their sum, their union; and of the union of what `fewest_new` makes of them."""
    first = smallest(samples, targets, tolerance)
    if (first.status != subset_sum.Status.OPTIMAL).any():
        return None
    held = np.zeros((1, samples.size), np.bool_)
    for target, chosen in zip(targets, first.chosen, strict=True):
        held |= fewest_new(samples[None], np.array([target]), tolerance, held, chosen[None])
    return int(first.size.sum()), int(first.chosen.any(axis=0).sum()), int(held.sum())


@pytest.mark.parametrize(("n", "tolerance"), [(10, 0.05), (14, 0.01), (17, 0.01)])
def test_what_is_saved(n: int, tolerance: float) -> None:
    """Four targets in [-1/2, 1/2], samples of U[-1, 1], as in the paper: means of 40 draws, within loose bounds of those measured."""
    rng = np.random.default_rng(n)
    rows = []
    while len(rows) < 40:
        samples, targets = rng.uniform(-1, 1, n), rng.uniform(-0.5, 0.5, 4)
        found = one_after_another(samples, targets, tolerance)
        if found is not None:
            least = reference.least_union(samples, targets, tolerance)
            assert least is not None
            assert least <= found[2] <= found[1] <= found[0]
            rows.append((*found, least))
    separate, plain, greedy, least = np.mean(rows, axis=0)
    # measured: 0.63, 0.62, 0.65 of the sum; 0.85, 0.80, 0.84 of the plain union; 1.12, 1.14, 1.17 times the least
    assert greedy <= 0.75 * separate
    assert greedy <= 0.92 * plain
    assert greedy <= 1.25 * least


TARGETS = [slth.Network.random([6, 5, 3], rng=i) for i in range(3)]


@pytest.fixture(scope="module")
def shared() -> slth.SharedTickets:
    return slth.approximate_all(TARGETS, 36, epsilon=0.5, rng=0)


def test_each_is_a_ticket_of_its_own(shared: slth.SharedTickets) -> None:
    assert len(shared) == 3
    x = np.random.default_rng(0).uniform(-1, 1, (50, 6))
    for ticket, target in zip(shared, TARGETS, strict=True):
        assert ticket.source == shared.source
        assert ticket.error_bound <= 0.5
        assert ticket.verify(target).certificate == ticket.certificate
        assert ticket.error(x) <= ticket.error_bound
    assert shared[1] is shared.tickets[1]
    assert shared.error_bound == max(t.error_bound for t in shared)


def test_the_union_holds_what_any_ticket_keeps(shared: slth.SharedTickets) -> None:
    kept = 0
    for layer in range(4):
        some = np.logical_or.reduce([t.weight_mask(layer) for t in shared])
        bits = np.unpackbits(shared.union.weights[layer], axis=1, count=some.shape[1])
        assert (bits == some).all()
        biases = np.logical_or.reduce([t.masks.biases[layer] for t in shared])
        assert (shared.union.biases[layer] == biases).all()
        kept += int(some.sum() + biases.sum())
    assert shared.kept == kept
    assert shared.separate == sum(t.kept for t in shared)
    assert shared.saved == 1 - shared.kept / shared.separate


def test_fewer_than_without_looking(shared: slth.SharedTickets) -> None:
    plain = slth.SharedTickets.of(slth.approximate(t, 36, epsilon=0.5, rng=0) for t in TARGETS)
    assert shared.kept < 0.95 * plain.kept
    assert (shared[0].masks.weights[1] == plain[0].masks.weights[1]).all()
    assert shared.saved > 0.3


def test_a_target_again_costs_nothing() -> None:
    one, two = (
        slth.approximate_all(some, 30, epsilon=1.0, rng=0) for some in (TARGETS[:2], [*TARGETS[:2], TARGETS[0]])
    )
    assert one.kept == two.kept
    assert all((a == b).all() for a, b in zip(two[0].masks.weights, two[2].masks.weights, strict=True))


def test_workers_do_not_matter(shared: slth.SharedTickets) -> None:
    again = slth.approximate_all(TARGETS, iter([36, 36]), epsilon=0.5, rng=0, workers=1)
    for a, b in zip(shared.union.weights, again.union.weights, strict=True):
        assert (a == b).all()


def test_every_weight_adds_as_few_as_it_can() -> None:
    """Block by block against all subsets, with what the masks of another target hold: weights, and the outputs' own biases."""
    method, domain, width = constructions.get("two-layer"), read_domain((-1, 1), 2), (24, 24)
    one, two = (slth.Network.random([2, 8, 2], rng=i) for i in (1, 2))
    other = slth.approximate(one, 24, rng=3, epsilon=2.0)
    plan = planned(Sharing(method, other.masks), two, width, domain, "uniform", 3)
    assert isinstance(plan, SharedPlan)
    allowed = tolerances(two, domain, 2.0)
    compared = improved = 0
    for problems in asked_first(plan):
        tolerance = allowed[problems.layer] / problems.scale
        chosen, errors = plan.choose(problems, tolerance)
        before, _ = plan.plan.choose(problems, tolerance)
        piece = plan.plan.pieces[problems.layer]
        kept = np.unpackbits(other.masks.weights[piece.first + 1], axis=1, count=piece.hidden).astype(bool)
        own = other.masks.biases[piece.first + 1]
        assert own is not None
        for i, (row, group) in enumerate(zip(problems.rows, problems.groups, strict=True)):
            if errors[i] > 0:
                assert (chosen[i] == before[i]).all()
                continue
            neurons = piece.neurons[group]
            held = np.where(neurons >= 0, kept[row, neurons], False)
            if group == piece.deal.inputs.size:
                held[piece.own] = own[row]
            real = problems.samples[i] != 0
            samples = problems.samples[i, real]
            best = reference.fewest_new(samples.tolist(), float(problems.targets[i]), tolerance, held[real].tolist())
            assert best is not None
            assert int((chosen[i] & ~held).sum()) == best[0]
            compared += 1
            improved += int((before[i] & ~held).sum()) > best[0]
    assert compared > 40
    assert improved >= 5


def test_without_epsilon_there_is_no_choice() -> None:
    found = slth.approximate_all(TARGETS, 12, rng=5)
    for ticket, target in zip(found, TARGETS, strict=True):
        alone = slth.approximate(target, 12, rng=5)
        assert all((a == b).all() for a, b in zip(ticket.masks.weights, alone.masks.weights, strict=True))


@pytest.mark.parametrize("construction", ["best-product", "fixed-size(3)"])
def test_other_constructions_share_the_source(construction: str) -> None:
    found = slth.approximate_all(TARGETS[:2], 16, epsilon=1e3, construction=construction, rng=0)
    assert found.separate >= found.kept > 0
    alone = slth.approximate(TARGETS[1], 16, epsilon=1e3, construction=construction, rng=0)
    assert all((a == b).all() for a, b in zip(found[1].masks.weights, alone.masks.weights, strict=True))


def test_images() -> None:
    rng = np.random.default_rng(0)
    targets = [
        Network((Conv2d(rng.normal(size=(2, 1, 2, 2)) / 2), Flatten(), Dense(rng.normal(size=(2, 8)) / 3)), (1, 3, 3))
        for _ in range(2)
    ]
    found = slth.approximate_all(targets, 36, epsilon=0.5, rng=0, domain=(0, 1))
    plain = slth.SharedTickets.of(slth.approximate(t, 36, epsilon=0.5, rng=0, domain=(0, 1)) for t in targets)
    assert found.kept <= plain.kept
    assert found.error_bound <= 0.5


def test_misuse() -> None:
    with pytest.raises(TypeError, match="approximate takes a single one"):
        slth.approximate_all(TARGETS[0], 12)
    with pytest.raises(ValueError, match="at least one network"):
        slth.approximate_all([], 12)
    with pytest.raises(ValueError, match="target 1 is Network"):
        slth.approximate_all([TARGETS[0], slth.Network.random([6, 4, 3], rng=0)], 12)
    with pytest.raises(slth.EpsilonError, match=r"^target 0: width=4 is too narrow") as caught:
        slth.approximate_all(TARGETS, 4, epsilon=1e-3, rng=0)
    assert caught.value.width is not None
    with pytest.raises(ValueError, match="at least one ticket"):
        slth.SharedTickets.of([])
    with pytest.raises(ValueError, match="that of ticket 1"):
        slth.SharedTickets.of(slth.approximate(TARGETS[0], 6, rng=seed) for seed in (0, 1))


def test_shown(shared: slth.SharedTickets) -> None:
    assert f"together {shared.kept:,} of" in repr(shared)
    assert "less than the sum" in shared.summary()
    assert shared._repr_html_().count("<tr>") == 5
    assert isinstance(shared.union, Masks)
    assert dataclasses.is_dataclass(shared)
    assert not isinstance(Sharing(constructions.get("two-layer"), shared.union), TwoLayerPlan)
