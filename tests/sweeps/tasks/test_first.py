"""First sufficient lengths: against every subset of every prefix, and the ties that rounding hides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slth import laws
from slth.sweeps.tally import Tally
from slth.sweeps.tasks import RSSTarget
from slth.sweeps.tasks.first import epsilons_met, first_within, pieces
from tests.reference import first_sufficient as twin


class Recorded:
    """Draws from a law, and what was drawn."""

    def __init__(self, law: str, seed: int, *tail: int) -> None:
        self.law, self.rng, self.tail = laws.get(law), np.random.default_rng(seed), tail
        self.stages: list[list[Any]] = []

    def __call__(self, trials: int, samples: int) -> np.ndarray:
        drawn = self.law.sample((trials, samples, *self.tail), self.rng)
        self.stages.append(drawn.tolist())
        return drawn


@pytest.mark.parametrize("law", ["uniform", "grid(0.25)", "binary"])
@pytest.mark.parametrize("epsilons", [(0.125,), (0.03, 0.125), (0.01, 0.05, 0.25)])
@pytest.mark.parametrize("size", [None, 2])
def test_first_within_is_what_all_subsets_say(law: str, epsilons: tuple[float, ...], size: int | None) -> None:
    """On both ways of solving (with three epsilons by closest subsets), and with many errors of exactly epsilon (grid)."""
    draw = Recorded(law, 3)
    targets = np.random.default_rng(4).integers(-8, 9, 40) / 8
    found = first_within(draw, targets, (2, 4, 7), epsilons, size=size)

    def error(samples: Any, target: float) -> Any:
        return twin.closest_error(samples, target, size)

    assert found.tolist() == twin.first_places(draw.stages, targets.tolist(), epsilons, error)


def test_first_within_of_vectors_is_what_all_subsets_say() -> None:
    draw = Recorded("normal", 5, 2)
    targets = laws.get("uniform").sample((25, 2), 6)
    found = first_within(draw, targets, (1, 4, 7), (0.2, 0.6), norm="max")
    assert found.tolist() == twin.first_places(draw.stages, targets.tolist(), (0.2, 0.6), twin.distance_of_vectors)


def test_an_error_that_rounds_to_epsilon_is_beyond_it() -> None:
    """Errors of exactly epsilon are within; those beyond are not, though they may round to the same float."""
    one, none = np.ones(1), np.zeros(1, np.int64)
    for coarse in ((1.0, 0.5, 2.0**-50), (2.0**-50,)):
        assert epsilons_met(np.array([[1 + 2.0**-50]]), one, coarse, none).tolist() == [len(coarse)]
        assert epsilons_met(np.array([[1 + 2.0**-50 + 2.0**-52]]), one, coarse, none).tolist() == [len(coarse) - 1]
    # the sum 1 + 2^-106 is farther from 0 than 1, and its distance rounds to 1
    beyond = np.array([[1.0, 2.0**-106, 5.0]])
    for coarse in ((6.0, 5.5, 1.0), (1.0,)):
        met = epsilons_met(beyond, np.zeros(1), coarse, none, size=2)
        assert met.tolist() == [len(coarse) - 1]


def test_ways_of_solving_agree() -> None:
    """Three epsilons at once by closest subsets, and one at a time."""
    rng = np.random.default_rng(8)
    samples, targets = rng.integers(-16, 17, (500, 9)) / 16, rng.integers(-32, 33, 500) / 32
    coarse = (0.25, 1 / 32, 1 / 128)
    none = np.zeros(500, np.int64)
    together = epsilons_met(samples, targets, coarse, none)
    apart = np.array([epsilons_met(samples, targets, (epsilon,), none) for epsilon in coarse]).sum(axis=0)
    assert together.tolist() == apart.tolist()


@pytest.mark.parametrize(("trials", "most", "wanted"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 3, [2]), (0, 3, [])])
def test_pieces_add_up(trials: int, most: int, wanted: list[int]) -> None:
    assert list(pieces(trials, most)) == wanted


def test_successes_accumulate_the_histogram() -> None:
    task = RSSTarget(ns=(4, 6, 8), epsilons=(0.01, 0.1))
    tally = Tally(10, {"first": ((1, 2, 3, 4), (5, 5, 0, 0))})
    assert task.successes(tally) == (1, 3, 6, 5, 10, 10)
    assert task.successes(Tally()) == (0,) * 6
    assert task.points[:4] == (
        {"epsilon": 0.01, "n": 4},
        {"epsilon": 0.01, "n": 6},
        {"epsilon": 0.01, "n": 8},
        {"epsilon": 0.1, "n": 4},
    )
