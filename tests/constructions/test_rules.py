"""Rules against enumeration of everything they may choose, written from their statements."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import slth
from slth import constructions
from slth.constructions import Problems
from slth.constructions.two_layer import rules


def problems(m: int, n: int, seed: int = 0, padding: int = 0, gains: bool = True) -> Problems:
    """Products of two uniform weights, as a construction hands them out; some rows end in padding."""
    rng = np.random.default_rng(seed)
    u, v = rng.uniform(0, 1, (m, n)), rng.uniform(-1, 1, (m, n))
    if padding:
        u[::2, n - padding :] = 0
    return Problems(
        0, 1.0, np.arange(m), np.zeros(m, np.int64), u * v, u if gains else np.zeros((m, n)), rng.uniform(-1, 1, m)
    )


def best(samples: NDArray[np.float64], target: float, choices: Iterable[tuple[int, ...]]) -> float:
    return min(abs(math.fsum(samples[list(choice)]) - target) for choice in choices)


def check(asked: Problems, chosen: NDArray[np.bool_], errors: NDArray[np.float64]) -> None:
    """What is reported is what is chosen, and no padding is."""
    assert not (chosen & (asked.samples == 0)).any()
    sums = np.where(chosen, asked.samples, 0).sum(axis=1)
    np.testing.assert_allclose(np.abs(sums - asked.targets), errors, atol=1e-15)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_fixed_size_is_the_closest_of_exactly_k(k: int) -> None:
    asked = problems(20, 9, padding=2)
    chosen, errors = rules.FixedSize(k).choose(asked, None)
    check(asked, chosen, errors)
    assert (chosen.sum(axis=1) == k).all()
    for samples, target, error in zip(asked.samples, asked.targets, errors, strict=True):
        real = np.flatnonzero(samples).tolist()
        assert error == pytest.approx(best(samples, target, itertools.combinations(real, k)), abs=1e-15)


@pytest.mark.parametrize(("s", "b"), [(1, 2), (2, 4), (1, 3)])
def test_pattern_is_the_closest_of_s_in_every_b(s: int, b: int) -> None:
    asked = problems(12, 9, padding=2)
    chosen, errors = rules.Pattern(s, b).choose(asked, None)
    check(asked, chosen, errors)
    for samples, target, error, row in zip(asked.samples, asked.targets, errors, chosen, strict=True):
        real = np.flatnonzero(samples)
        real = real[: real.size // b * b]
        blocks = real.reshape(-1, b).tolist()
        assert all(row[block].sum() == s for block in blocks)
        each = (itertools.combinations(block, s) for block in blocks)
        choices = (tuple(itertools.chain(*parts)) for parts in itertools.product(*each))
        assert error == pytest.approx(best(samples, target, choices), abs=1e-15)


def test_best_product_is_the_closest_single_one_or_none() -> None:
    asked = problems(50, 30, padding=5)
    chosen, errors = rules.BestProduct().choose(asked, None)
    check(asked, chosen, errors)
    assert (chosen.sum(axis=1) <= 1).all()
    for samples, target, error in zip(asked.samples, asked.targets, errors, strict=True):
        assert error == pytest.approx(min(np.abs(samples - target).min(), abs(target)))


def test_one_pair_takes_the_pair_nearest_to_size_and_one() -> None:
    """Malach's search: with many candidates the pair is within its promise, |u v - w| <= 2 e + e^2 for max(|u - w|, |v - 1|) = e."""
    asked = problems(200, 4000, seed=3)
    chosen, errors = rules.OnePair().choose(asked, None)
    check(asked, chosen, errors)
    v = np.divide(asked.samples, asked.gains)
    off = np.maximum(np.abs(asked.gains - np.abs(asked.targets)[:, None]), np.abs(v - np.sign(asked.targets)[:, None]))
    taken = chosen.any(axis=1)
    assert taken.mean() > 0.9
    np.testing.assert_allclose(off[taken][chosen[taken]], off[taken].min(axis=1))
    nearest = off[taken].min(axis=1)
    assert (errors[taken] <= 2 * nearest + nearest**2 + 1e-15).all()


def test_golden_ratio_meets_its_lemma() -> None:
    """With a candidate in each of k golden-ratio cells the rest of any weight in [0, 1] is at most g^k, either sign."""
    rng, g, k = np.random.default_rng(5), (math.sqrt(5) - 1) / 2, 12
    cells = g ** (np.arange(1, k + 1) + rng.random((300, k)))
    targets = rng.uniform(-1, 1, 300)
    samples = cells * np.sign(targets)[:, None]
    order = rng.permuted(np.tile(np.arange(k), (300, 1)), axis=1)
    asked = Problems(
        0,
        1.0,
        np.arange(300),
        np.zeros(300, np.int64),
        np.take_along_axis(samples, order, 1),
        np.ones((300, k)),
        targets,
    )
    chosen, errors = rules.GoldenRatio().choose(asked, None)
    check(asked, chosen, errors)
    assert errors.max() <= g**k * (1 + 1e-12)
    thinned = Problems(
        0, 1.0, asked.rows, asked.groups, np.where(samples == samples[:, :1], 0, samples), asked.gains, targets
    )
    assert rules.GoldenRatio().choose(thinned, None)[1].max() > g**k  # a cell is missing: the lemma no longer holds


def test_partly_frozen_holds_the_locked_ones() -> None:
    asked = problems(15, 10, padding=2)
    rule = rules.PartlyFrozen(0.3)
    locked = rule._locked(asked)
    chosen, errors = rule.choose(asked, None)
    check(asked, chosen, errors)
    assert (chosen | ~locked).all()
    assert locked.sum(axis=1).tolist() == [2 if i % 2 == 0 else 3 for i in range(15)]
    for samples, target, error, fixed in zip(asked.samples, asked.targets, errors, locked, strict=True):
        free = np.flatnonzero(~fixed & (samples != 0)).tolist()
        every = itertools.chain.from_iterable(itertools.combinations(free, k) for k in range(len(free) + 1))
        choices = ((*np.flatnonzero(fixed), *choice) for choice in every)
        assert error == pytest.approx(best(samples, target, choices), abs=1e-15)


def test_an_error_within_the_tolerance_counts_as_none() -> None:
    asked = problems(40, 12)
    for rule in (
        rules.AnySubset(),
        rules.FixedSize(4),
        rules.Pattern(2, 4),
        rules.BestProduct(),
        rules.PartlyFrozen(0.2),
    ):
        errors = rule.choose(asked, 0.05)[1]
        assert (errors == 0).any()
        assert not ((errors > 0) & (errors <= 0.05)).any()


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("two-layer", "two-layer"), ("fixed-size(5)", "fixed-size(5)"), ("n-of-m", "n-of-m(2, 4)"),
        ("n-of-m( 1,4 )", "n-of-m(1, 4)"), ("partly-frozen(0.25)", "partly-frozen(0.25)"), ("malach", "malach"),
        ("one-extra-layer", "one-extra-layer"),
    ],
)  # fmt: skip
def test_names_are_read_back(name: str, same: str) -> None:
    assert constructions.get(name).name == same
    assert constructions.get(same).name == same
    assert constructions.get(constructions.get(name)).name == same


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("three-layer", "unknown construction 'three-layer'; choose one of 'two-layer'"),
        ("two-layer(3)", "wrong numbers in its brackets"),
        ("fixed-size(0)", "k must be >= 1"),
        ("fixed-size(x)", "unknown construction"),
        ("n-of-m(5, 4)", "s <= b, got 5 of 4"),
        ("partly-frozen(1)", r"must lie in \[0, 1\)"),
        ("quantized(-1)", "step must be > 0"),
        ("__import__('os')", "unknown construction"),
    ],
)
def test_names_that_are_none(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        constructions.get(name)


TARGET = slth.Network.read(
    [(np.array([[0.4, -0.7, 0.2], [0.1, 0.9, -0.3]]), [0.1, -0.2]), (np.array([[0.5, -0.6]]), [0.3])]
)


@pytest.mark.parametrize(
    ("construction", "width", "law"),
    [
        ("fixed-size(4)", 30, None), ("n-of-m(1, 2)", 60, None), ("best-product", 300, None), ("malach", 3000, None),
        ("orseau", 300, None), ("partly-frozen(0.2)", 50, None), ("two-layer", 60, "mixture(0.5, uniform, discrete((0,), (1,)))"),
        ("two-layer", 40, "binary"),
    ],
)  # fmt: skip
def test_each_gives_a_ticket_that_saves_and_verifies(
    construction: str, width: int, law: str | None, tmp_path: Any
) -> None:
    ticket = slth.approximate(TARGET, width, construction=construction, law=law, rng=1)
    assert ticket.construction == construction
    x = np.random.default_rng(0).uniform(-1, 1, (500, 3))
    assert ticket.error(x) <= ticket.error_bound
    ticket.save(tmp_path / "t.npz")
    again = slth.load(tmp_path / "t.npz").verify(TARGET)
    assert again.error(x) == ticket.error(x)
    for i, weights in enumerate(layer.weight for layer in ticket.network.layers):
        np.testing.assert_array_equal(weights, ticket.source.weight(i) * ticket.weight_mask(i))


def test_a_budget_finds_the_smallest_size() -> None:
    ticket = slth.approximate(TARGET, 40, construction="fixed-size", epsilon=0.2, rng=0)
    assert ticket.error_bound <= 0.2
    k = int(ticket.construction.removeprefix("fixed-size(").removesuffix(")"))
    with pytest.raises(slth.EpsilonError):
        slth.approximate(TARGET, 40, construction=f"fixed-size({k - 1})", epsilon=0.2, rng=0)


def test_fixed_size_without_size_or_budget() -> None:
    with pytest.raises(ValueError, match=r"needs a size, as in construction='fixed-size\(5\)', or an epsilon"):
        slth.approximate(TARGET, 40, construction="fixed-size")
    with pytest.raises(ValueError, match="fewer than k = 30; use a larger width"):
        slth.approximate(TARGET, 40, construction="fixed-size(30)")


def test_quantized_targets_are_met_exactly() -> None:
    """Weights that are whole numbers, a source of signs: every product is one, and the pruned network is the target itself."""
    rng = np.random.default_rng(2)
    target = slth.Network.read(
        [(rng.integers(-3, 4, (4, 5)), rng.integers(-2, 3, 4)), (rng.integers(-3, 4, (2, 4)), None)]
    )
    ticket = slth.approximate(target, 40, construction="quantized(1)", rng=0)
    assert ticket.weight_error == 0
    x = rng.integers(-8, 9, (200, 5)) / 4.0
    assert ticket.error(x) == 0


def test_quantized_is_exact_or_an_error() -> None:
    with pytest.raises(
        ValueError,
        match=r"quantized\(0.25\) is exact or nothing, but in row \d of layer 0 .* round the target's weights",
    ):
        slth.approximate(TARGET, 30, construction="quantized(0.25)", rng=0)
    with pytest.raises(ValueError, match="exact or nothing"):  # a step out of all proportion
        slth.approximate(TARGET, 10, construction="quantized(1e300)", rng=0)
    ticket = slth.approximate(TARGET, 100, construction="quantized(0.1)", rng=0)
    assert ticket.weight_error < 1e-15
    within = slth.approximate(TARGET, 40, construction="quantized(0.25)", epsilon=2, rng=0)
    assert 0.01 < within.weight_error < within.error_bound <= 2


@pytest.mark.parametrize("k", [1, 3, 6])
def test_fixed_size_keeps_exactly_k_of_every_half_and_bias(k: int) -> None:
    """Counted in the masks of the ticket, after the rounds that solve the worst weights again."""
    ticket = slth.approximate(TARGET, 40, construction=f"fixed-size({k})", rng=4)
    for layer, halves in ((0, (1, -1)), (2, (1,))):
        u = ticket.source.weight(layer) * ticket.weight_mask(layer)
        above = ticket.weight_mask(layer + 1).astype(int)
        for sign in halves:
            assert (above @ (np.sign(u) == sign) == k).all()
        kept, own = ticket.masks.biases[layer], ticket.masks.biases[layer + 1]
        assert kept is not None
        assert own is not None
        assert (above @ kept + own == k).all()


def test_no_candidate_at_all_is_fewer_than_k() -> None:
    empty = Problems(0, 1.0, np.zeros(1, int), np.zeros(1, int), np.zeros((1, 5)), np.zeros((1, 5)), np.ones(1))
    for rule in (rules.FixedSize(1), rules.Pattern(1, 2)):
        with pytest.raises(constructions.TooFewCandidatesError, match="a weight has 0 candidates, fewer than"):
            rule.choose(empty, None)
        assert rule.scale([empty], 0) > 0


def test_a_size_that_is_looked_for_ends_where_the_candidates_do() -> None:
    with pytest.raises(slth.EpsilonError, match="width=12 is too narrow"):
        slth.approximate(TARGET, 12, construction="fixed-size", epsilon=1e-3, rng=0)


@pytest.mark.parametrize(
    ("law", "remedy"),
    [
        ("hyperbolic", "use width="), ("product", "use width="), ("binary", "not predicted"), ("uniform(0, 1)", "not predicted"),
        ("mixture(0.5, uniform, discrete((0,), (1,)))", "not predicted"), ("normal(0, 1e-200)", "predicted not to be enough"),
    ],
)  # fmt: skip
def test_widths_are_predicted_for_laws_that_the_predictor_speaks_of(law: str, remedy: str) -> None:
    with pytest.raises(slth.EpsilonError, match=remedy):
        slth.approximate(TARGET, 6, law=law, epsilon=0.5, rng=0)


def test_weights_too_large_to_multiply() -> None:
    with pytest.raises(ValueError, match="overflow float64; choose a law of smaller weights"):
        slth.approximate(TARGET, 6, law="discrete((1e300,), (1,))", rng=0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two-layer(3)", "'two-layer' takes none, got 1"), ("n-of-m(1, 2, 3)", "takes up to two, got 3"),
        ("fixed-size(2.5)", "k must be a positive integer"), ("fixed-size(1e)", "'1e' is no number; write for instance"),
    ],
)  # fmt: skip
def test_numbers_in_brackets_that_do_not_fit(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        constructions.get(name)


def test_a_class_is_no_construction() -> None:
    with pytest.raises(TypeError, match="construction must be a name"):
        constructions.get(constructions.TwoLayer)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["fixed-size(3)", "partly-frozen(0.5)", "n-of-m(1, 2)"])
def test_forced_candidates_are_not_blown_up_by_the_scale(name: str) -> None:
    """Narrow sources: with the scale that the reach of the largest weight asks for, errors were up to a hundred times the weights."""
    rng = np.random.default_rng(0)
    target = slth.Network.read(
        [(rng.uniform(-1, 1, (4, 3)), rng.uniform(-1, 1, 4)), (rng.uniform(-1, 1, (2, 4)), None)]
    )
    found = [slth.approximate(target, 12, construction=name, rng=seed).weight_error for seed in range(4)]
    assert max(found) < 3


def test_the_scale_heeds_weights_of_zero_that_take_candidates_all_the_same() -> None:
    """Three of three candidates of a weight of 0 sum to something; the smaller the scale, the less it is worth."""
    forced = problems(400, 3, seed=1)
    zeros = Problems(0, 1.0, forced.rows, forced.groups, forced.samples, forced.gains, np.zeros(400))
    few = Problems(0, 1.0, forced.rows[:4], forced.groups[:4], forced.samples[:4], forced.gains[:4], np.ones(4))
    rule = rules.FixedSize(3)
    assert rule.scale([few, zeros], 0) < 0.1 < rule.scale([few], 0)
    assert rule.scale([], 0) > 0
    many = [problems(30_000, 3, seed=s) for s in range(2)]  # only some of many are looked at
    assert 0.01 < rule.scale(many, 0) < 10
