"""The flat histogram against every mask, and against splitting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from slth import Network
from slth.census.question import read_question
from slth.census.sampled import flat_histogram, setting, splitting
from tests.census.test_splitting import all_sampled, case, truth

__all__ = ["all_sampled"]


@pytest.mark.usefixtures("all_sampled")
@pytest.mark.parametrize(("loss", "epsilon"), [("sup", 0.12), pytest.param("error-rate", 0.13, marks=pytest.mark.slow)])
def test_intervals_cover_the_exact_census(loss: str, epsilon: float) -> None:
    """80 % intervals of short walks over pairs of sizes, of each pair one is looked at, so that they are independent: more misses than
    this have probability < 1e-6 if each interval covers as it says. Of three times the numbers there are more (negative control)."""
    question = case(loss, epsilon)
    exact = truth(question)
    asked, sizes = [3, 4, 6, 7, 9, 10], np.array([4, 6, 9])
    missed = misled = total = 0
    for seed in range(12):
        found = flat_histogram.count(question, sizes=asked, confidence=0.8, effort=0.15, rng=seed, workers=1)
        lower, upper = found.lower[np.searchsorted(asked, sizes)], found.upper[np.searchsorted(asked, sizes)]
        missed += int(((exact[sizes] < lower) | (exact[sizes] > upper)).sum())
        misled += int(((3 * exact[sizes] < lower) | (3 * exact[sizes] > upper)).sum())
        total += sizes.size
    assert missed <= binom.isf(1e-6, total, 0.2) < misled


@pytest.mark.usefixtures("all_sampled")
def test_all_sizes_in_one_walk() -> None:
    """As many masks as there are, within about twelve standard errors; where there is none none is seen, and that is not said to be
    certain."""
    question = case()
    exact = truth(question)
    found = flat_histogram.count(question, confidence=0.95, effort=0.3, rng=0, workers=2)
    some = exact > 0
    spread = np.maximum(found.log2_upper - found.log2_lower, 0.02)[some]
    assert (np.abs(found.log2_by_size[some] - np.log2(exact[some])) < 3 * spread).all()
    assert (found.by_size[~some] == 0).all()
    assert (found.upper[~some] >= 1).all()
    assert "no mask within epsilon was seen" in found.diagnostics["warnings"][0]
    assert found.diagnostics["descents"][0].shape == (flat_histogram.RUNS,)
    assert (found.diagnostics["descents"][0] > flat_histogram.FEW_DESCENTS).all()
    assert found.diagnostics["died"][int(np.argmax(exact))] == 0


@pytest.mark.usefixtures("all_sampled")
def test_any_network_by_itself() -> None:
    """A curved activation: evaluated mask by mask, to the same numbers as by splitting."""
    rng = np.random.default_rng(0)
    net = Network.random([1, 3, 1], rng=2, activation="tanh")
    question = read_question(net, np.zeros((3, 1)), 0.2, rng.uniform(-1, 1, (3, 1)), None, "sup")
    exact = truth_of_tanh(question)
    found = flat_histogram.count(question, sizes=[4, 5], confidence=0.999999, effort=0.05, rng=1)
    other = splitting.count(question, sizes=[4, 5], confidence=0.999999, effort=0.25, rng=1)
    for census in (found, other):
        assert all(
            low <= exact[size] <= high for size, low, high in zip((4, 5), census.lower, census.upper, strict=True)
        )


def truth_of_tanh(question) -> dict[int, int]:  # type: ignore[no-untyped-def]
    m = question.parameters.count
    masks = ((np.arange(2**m)[:, None] >> np.arange(m)) & 1).astype(bool)
    return {
        size: sum(
            question.measure(question.parameters.pruned(mask)(question.inputs), question.wanted) <= 0.2
            for mask in masks
            if mask.sum() == size
        )
        for size in (4, 5)
    }


@pytest.mark.usefixtures("all_sampled")
def test_same_bits_whatever_the_threads() -> None:
    found = [flat_histogram.count(case(), sizes=range(4, 9), effort=0.05, rng=3, workers=workers) for workers in (1, 3)]
    np.testing.assert_array_equal(found[0].log2_by_size, found[1].log2_by_size)
    np.testing.assert_array_equal(found[0].log2_lower, found[1].log2_lower)


def test_windows() -> None:
    assert flat_histogram._windows([3, 4, 5, 9]) == [[3, 4, 5], [9]]
    parts = flat_histogram._windows(list(range(60)))
    assert [len(part) for part in parts] == [30, 30]
    assert sum(parts, []) == list(range(60))  # noqa: RUF017
    assert flat_histogram._windows([]) == []


def test_few_masks_and_infinity() -> None:
    found = flat_histogram.count(case(hidden=4), sizes=[1, 2, 16], rng=0)
    np.testing.assert_allclose(found.by_size, truth(case(hidden=4))[[1, 2, 16]], atol=1e-9)
    every = flat_histogram.count(case(epsilon=math.inf), rng=0)
    assert every.log2_total == pytest.approx(13)
    assert setting.LOOK_AT_ALL > 0
