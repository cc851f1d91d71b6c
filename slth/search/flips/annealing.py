"""Kirkpatrick, Gelatt, Vecchi, "Optimization by simulated annealing" (Science 1983), over the masks of one size.

A step proposes one of the swaps that lead from the mask, each as likely as the others, and accepts it with Metropolis' probability
min(1, exp(-change / T)): iff the loss rises by at most T times an exponential number. T falls geometrically from step to step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slth.search.flips.landscape import Floats
from slth.search.flips.method import Task
from slth.search.flips.sizes import Ints
from slth.search.flips.walkers import Walking, usual_change
from slth.validation import positive_float, positive_int


@dataclass(frozen=True)
class Annealing:
    """The method: step s of S has the temperature ``hot * (cold / hot) ** (s / S)``. The answer is the best mask met, not proven optimal.

    Attributes
    ----------
    chains : int
        Independent ones, side by side; each does all the steps.
    hot, cold : float
        Temperatures of the start and the end, in units of the mean change of the loss by a random swap of the first mask.
    loss : str, optional
    """

    chains: int = 1
    hot: float = 1.0
    cold: float = 1e-3
    loss: str | None = None

    def __post_init__(self) -> None:
        positive_int(self.chains, "chains")
        temperatures(self.hot, self.cold)

    @property
    def name(self) -> str:
        return "annealing"

    def launch(self, task: Task) -> _Searcher:
        return _Searcher(task, self)


class _Searcher(Walking):
    def __init__(self, task: Task, method: Annealing) -> None:
        super().__init__(task, method.chains)
        self._hot, self._ratio = method.hot * usual_change(task, self._walkers), method.cold / method.hot

    def _slacks(self, row: int, steps: Ints, random: np.random.Generator) -> Floats:
        heats = self._hot * self._ratio ** (steps / self._task.steps)
        return heats * random.standard_exponential(steps.size)

    def advance(self, first: int, count: int) -> None:
        self._walkers.walk(first, count, self._slacks)


def temperatures(hot: float, cold: float) -> None:
    """Raise a ValueError unless ``0 < cold <= hot``."""
    positive_float(hot, "hot")
    if positive_float(cold, "cold") > hot:
        raise ValueError(f"cold must be <= hot={hot}, got {cold}; the temperature falls from hot to cold")
