"""A genetic search over the masks of one size (Holland 1975; crossover that keeps the size: Radcliffe's random respectful recombination).

A child has what both parents keep, and, of what one of them keeps, as many at random as its size still needs; then it makes a Poisson
number of random swaps. Parents win tournaments of `tournament` members drawn at random; the `elite` best members go on as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.search.flips.method import Task
from slth.search.flips.sizes import Masks
from slth.search.flips.walkers import losses_of
from slth.search.method import DRAWS, SCORES
from slth.search.methods.settings import not_negative
from slth.validation import positive_int


@dataclass(frozen=True)
class Genetic:
    """The method; a step is a generation: all members but the elite are new.

    Attributes
    ----------
    population, elite : int
        Members, and how many of them go on; ``1 <= elite < population``.
    tournament : int
    mutations : float
        Mean number of swaps of a child.
    loss : str, optional
    """

    population: int = 32
    elite: int = 2
    tournament: int = 3
    mutations: float = 1.0
    loss: str | None = None

    def __post_init__(self) -> None:
        for name in ("population", "elite", "tournament"):
            positive_int(getattr(self, name), name)
        if self.elite >= self.population:
            raise ValueError(f"elite must be < population={self.population}, got {self.elite}; nobody would be new")
        not_negative(self.mutations, "mutations")

    @property
    def name(self) -> str:
        return "genetic"

    def launch(self, task: Task) -> _Searcher:
        return _Searcher(task, self)


class _Searcher:
    def __init__(self, task: Task, method: Genetic) -> None:
        self._task, self._method = task, method
        orders = [
            task.sizes.random_order(np.random.default_rng([task.seed, SCORES, member]))
            for member in range(method.population)
        ]
        self._masks = task.sizes.masks(np.stack(orders))
        self._losses = losses_of(task, self._masks)
        self._sort()

    def _sort(self) -> None:
        """The best member first; of equal ones the older."""
        order = np.argsort(self._losses, kind="stable")
        self._masks, self._losses = self._masks[order], self._losses[order]

    def advance(self, first: int, count: int) -> None:
        if self._task.sizes.swaps == 0:
            return
        elite, members = self._method.elite, self._method.population
        for step in range(first, first + count):
            random = np.random.default_rng([self._task.seed, DRAWS, step])
            # members are sorted, so that of those drawn the first wins
            parents = random.integers(members, size=(members - elite, 2, self._method.tournament)).min(axis=2)
            children = np.stack([self._child(self._masks[a], self._masks[b], random) for a, b in parents])
            self._masks = np.concatenate([self._masks[:elite], children])
            self._losses = np.concatenate([self._losses[:elite], losses_of(self._task, children)])
            self._sort()

    def _child(self, mother: Masks, father: Masks, random: np.random.Generator) -> Masks:
        sizes = self._task.sizes
        child, either = mother & father, np.flatnonzero(mother ^ father)
        inside = np.searchsorted(either, [sizes.starts, sizes.starts + sizes.counts])
        for low, high in inside.T.tolist():  # of a group, half of what one of them keeps
            child[random.permutation(either[low:high])[: (high - low) // 2]] = True
        order = sizes.orders(child[None])[0]
        for a, b in sizes.places(random.integers(sizes.swaps, size=random.poisson(self._method.mutations))):
            order[a], order[b] = order[b], order[a]
        child[:] = sizes.masks(order[None])[0]
        return child

    def best(self) -> Masks:
        best: Masks = self._masks[0]
        return best

    def mean(self) -> float:
        return float(self._losses.mean())

    def finished(self) -> str | None:
        return None

    def state(self) -> dict[str, NDArray[Any]]:
        return {"members": np.packbits(self._masks, axis=1), "losses": self._losses}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._masks = np.unpackbits(state["members"], axis=1, count=self._task.sizes.size).astype(np.bool_)
        self._losses = state["losses"]
