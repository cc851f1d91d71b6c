"""Multilevel splitting against every mask: without bias, covered, and saying what it does not know."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, norm

from slth import Network
from slth.census.question import Question, read_question
from slth.census.sampled import setting, splitting
from slth.census.sampled.ladder import Ladder, pilot
from slth.census.sampled.setting import read_sizes
from slth.networks.layers import Dense, LayerNorm
from slth.subset_sum import Certainty


@cache
def case(loss: str = "sup", epsilon: float = 0.12, hidden: int = 3) -> Question:
    """A network of two inputs and 13 (17) parameters."""
    source, target = Network.random([2, hidden, 1], rng=3), Network.random([2, 2, 1], rng=5)
    x = np.random.default_rng(0).uniform(-1, 1, (8, 2))
    if loss == "error-rate":
        source = Network.random([2, hidden, 2], rng=3)
        return read_question(source, (x[:, 0] > x[:, 1]).astype(int), epsilon, x, None, loss)
    return read_question(source, target, epsilon, x, None, loss)


@cache
def losses_of_all(question: Question) -> tuple[np.ndarray, np.ndarray]:
    """Sizes and losses of all 2^m masks, layer by layer in NumPy."""
    places, m = question.parameters.places, question.parameters.count
    masks = ((np.arange(2**m)[:, None] >> np.arange(m)) & 1).astype(bool)
    values, at = question.inputs[None], 0
    arrays = {}
    for name, where in places:
        layer, kind = name.split(".")
        shape = question.source.layers[int(layer)].arrays[kind].shape
        flat = np.zeros((len(masks), math.prod(shape)))
        flat[:, where] = masks[:, at : at + where.size] * question.parameters.values[at : at + where.size]
        arrays[name], at = flat.reshape(len(masks), *shape), at + where.size
    for i, layer in enumerate(question.source.layers):
        values = values @ arrays[f"{i}.weight"].transpose(0, 2, 1) + arrays[f"{i}.bias"][:, None]
        values = np.maximum(values, 0) if layer.activation == "relu" else values
    return masks.sum(axis=1), np.array([question.measure(out, question.wanted) for out in values])


def truth(question: Question) -> np.ndarray:
    sizes, losses = losses_of_all(question)
    return np.bincount(sizes[losses <= question.epsilon + 1e-12], minlength=question.parameters.count + 1)


@pytest.fixture
def all_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """No size is small enough to be looked at."""
    monkeypatch.setattr(setting, "LOOK_AT_ALL", 0)


@pytest.mark.usefixtures("all_sampled")
@pytest.mark.parametrize(("loss", "epsilon"), [("sup", 0.12), pytest.param("error-rate", 0.13, marks=pytest.mark.slow)])
def test_intervals_cover_the_exact_census(loss: str, epsilon: float) -> None:
    """80 % intervals of few particles, over sizes and seeds: more misses than this have probability < 1e-6 if each interval covers as it
    says. Of numbers half as large again there are more (negative control)."""
    question = case(loss, epsilon)
    exact = truth(question)
    sizes = np.flatnonzero(exact >= 5)
    missed = misled = total = 0
    for seed in range(10):
        found = splitting.count(question, sizes=sizes.tolist(), confidence=0.8, effort=1 / 8, rng=seed, workers=1)
        seen = np.array([found.diagnostics["seen"][s] for s in sizes.tolist()])
        assert (seen <= exact[sizes]).all()
        assert (found.lower <= found.by_size).all()
        assert (found.by_size <= found.upper).all()
        missed += int(((exact[sizes] < found.lower - 1e-9) | (exact[sizes] > found.upper + 1e-9)).sum())
        misled += int(((1.5 * exact[sizes] < found.lower) | (1.5 * exact[sizes] > found.upper)).sum())
        total += sizes.size
    assert missed <= binom.isf(1e-6, total, 0.2) < misled


@pytest.mark.usefixtures("all_sampled")
def test_estimates_are_unbiased_even_where_moves_hardly_mix() -> None:
    """The mean of 300 runs of one step a level is within 5 standard errors of the exact share (probability of a false alarm < 1e-6); a
    tenth more is not (negative control)."""
    question, size = case(hidden=4), 8
    exact = truth(question)[size] / math.comb(question.parameters.count, size)
    asked = setting.prepared(question, [size], 0.9, None, 0, 1, False, {})
    found = pilot(asked.walker, asked.m, size, 64, np.random.default_rng(1))
    assert found.levels.size > 2
    lazy = Ladder(found.levels, np.ones_like(found.steps), found.swaps, found.log_shares)
    shares = np.array(
        [
            np.exp(splitting._run(asked, lazy, size, 400, np.random.default_rng([2, i])).log_shares[-1])
            for i in range(300)
        ]
    )
    error = shares.std(ddof=1) / math.sqrt(shares.size)
    limit = norm.isf(5e-7)
    assert abs(shares.mean() - exact) < limit * error
    assert abs(1.1 * shares.mean() - exact) > limit * error


@pytest.mark.usefixtures("all_sampled")
def test_none_seen_is_not_none() -> None:
    question = case()
    exact = truth(question)
    found = splitting.count(question, rng=0, workers=2, effort=0.25)
    assert found.certainty is Certainty.ESTIMATED
    none = np.flatnonzero(found.by_size == 0)
    assert none.size
    assert (exact[none] <= found.upper[none]).all()
    assert (found.upper[none] >= 1).all()
    assert (found.lower[none] == 0).all()
    assert any("no mask within epsilon was seen at sizes 0" in warning for warning in found.diagnostics["warnings"])
    assert found.sizes.tolist() == list(range(14))
    assert set(found.diagnostics["levels"]) == set(range(14))


def test_sizes_of_few_masks_are_looked_at() -> None:
    question = case(hidden=4)
    exact = truth(question)
    found = splitting.count(question, sizes=[0, 1, 2, 3, 14, 15, 16, 17], rng=0)
    assert found.diagnostics["looked_at_all"] == (0, 1, 2, 3, 14, 15, 16, 17)
    for numbers in (found.by_size, found.lower, found.upper):
        np.testing.assert_allclose(numbers, exact[found.sizes], rtol=1e-12)


@pytest.mark.usefixtures("all_sampled")
def test_every_mask_within_infinity() -> None:
    found = splitting.count(case(epsilon=math.inf), rng=0)
    np.testing.assert_allclose(found.by_size, [math.comb(13, s) for s in range(14)], rtol=1e-12)
    assert found.log2_total == pytest.approx(13)
    easy = splitting.count(case(epsilon=50.0), rng=0, sizes=[6], effort=0.1)  # all, but that has to be found out
    assert easy.lower[0] < easy.by_size[0] == pytest.approx(math.comb(13, 6))


@pytest.mark.usefixtures("all_sampled")
def test_exact_fits() -> None:
    """epsilon = 0: all masks that compute the very function of a target of three kept parameters, dead ends included."""
    source = case().source
    kept = np.zeros(13, np.bool_)
    kept[[0, 9, 12]] = True
    target = case().parameters.pruned(kept)
    question = read_question(source, target, 0.0, case().inputs, None, "sup")
    exact = truth(question)
    assert exact[3:7].all()
    found = splitting.count(question, sizes=[3, 4, 5, 6], confidence=0.999999, effort=0.5, rng=0)
    assert (found.lower <= exact[3:7] + 1e-9).all()
    assert (exact[3:7] <= found.upper + 1e-9).all()
    assert (found.by_size > 0).all()


@pytest.mark.usefixtures("all_sampled")
def test_same_bits_whatever_the_threads_and_the_other_sizes() -> None:
    question = case()
    found = [
        splitting.count(question, sizes=sizes, effort=0.1, rng=7, workers=workers)
        for sizes, workers in (([5, 6, 7], 1), ([5, 6, 7], 3), ([6], 2))
    ]
    np.testing.assert_array_equal(found[0].log2_by_size, found[1].log2_by_size)
    np.testing.assert_array_equal(found[0].log2_upper, found[1].log2_upper)
    assert found[2].log2_by_size[0] == found[0].log2_by_size[1]


@pytest.mark.usefixtures("all_sampled")
def test_any_network_and_any_loss() -> None:
    """A layer that is no dense one, and a loss of the user's."""
    rng = np.random.default_rng(0)
    net = Network(
        (
            Dense(rng.uniform(-1, 1, (3, 2)), rng.uniform(-1, 1, 3), "tanh"),
            LayerNorm(np.ones(3), np.zeros(3)),
            Dense(np.ones((1, 3))),
        )
    )
    x = rng.uniform(-1, 1, (4, 2))

    def mean_square(outputs: np.ndarray, wanted: Any) -> float:
        return float(((outputs - wanted) ** 2).mean())

    question = read_question(net, np.ones((4, 1)), 0.3, x, None, mean_square)
    m = question.parameters.count
    masks = ((np.arange(2**m)[:, None] >> np.arange(m)) & 1).astype(bool)
    masks = masks[masks.sum(axis=1) == 6]
    exact = sum(mean_square(question.parameters.pruned(mask)(x), 1.0) <= 0.3 for mask in masks)
    found = splitting.count(question, sizes=[6], effort=1 / 16, confidence=0.999999, rng=1)
    assert 0 < exact < len(masks)
    assert found.lower[0] <= exact <= found.upper[0]
    nan = read_question(net, np.ones((4, 1)), 0.3, x, None, lambda outputs, wanted: math.nan)
    with pytest.raises(ValueError, match="the loss of a mask is NaN"):
        splitting.count(nan, sizes=[6], rng=1)


def test_a_domain_of_one_number() -> None:
    """The error over all of [-1, 1], by the points at which it is largest."""
    source, target = Network.random([1, 4, 1], rng=0), Network.random([1, 2, 1], rng=1)
    question = read_question(source, target, 0.3, None, None, "sup")
    found = splitting.count(question, sizes=[2, 11], rng=0)
    from slth.census.sampled.walkers import with_inputs

    exact = truth(with_inputs(question))
    np.testing.assert_allclose(found.by_size, exact[[2, 11]], atol=1e-9)


def test_sizes() -> None:
    assert read_sizes(None, 64).size == 65
    assert read_sizes(None, 2410).size == 33
    assert read_sizes(None, 2410)[[0, -1]].tolist() == [0, 2410]
    assert read_sizes((3, 1, 3), 5).tolist() == [1, 3]
    for bad in ([], [-1], [6]):
        with pytest.raises(ValueError, match="sizes must be integers from 0 to 5"):
            read_sizes(bad, 5)
    with pytest.raises(TypeError, match="sizes must be integers"):
        read_sizes([1.5], 5)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"confidence": 1.0}, "confidence must lie between 0 and 1"),
        ({"effort": 0}, "effort must be > 0"),
        ({"workers": 0}, "workers must be >= 1"),
    ],
)
def test_bad_arguments(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        splitting.count(case(), **more)


def test_nothing_to_prune() -> None:
    empty = Network((Dense(np.zeros((1, 2))),))
    question = read_question(empty, np.zeros((1, 1)), 0.1, np.zeros((1, 2)), None, "sup")
    with pytest.raises(ValueError, match="no weight or bias that is not zero"):
        splitting.count(question)
