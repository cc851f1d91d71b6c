"""Parallel tempering (Geyer 1991; Hukushima, Nemoto, J. Phys. Soc. Japan 1996) over the masks of one size.

Replicas walk like annealing's chains, each at a temperature of its own; every `sweep` steps neighbours on the ladder exchange their masks
with probability min(1, exp((1 / T_a - 1 / T_b) (E_a - E_b))), even and odd pairs in turn. So masks stuck where it is cold get out where it
is hot. What a replica does depends on its own random numbers alone: threads change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.search.flips.annealing import temperatures
from slth.search.flips.landscape import Floats
from slth.search.flips.method import Task
from slth.search.flips.sizes import Ints
from slth.search.flips.walkers import Walking, usual_change
from slth.validation import positive_int

_EXCHANGES: Final = 3  # what random numbers are for, see `slth.search.method`


@dataclass(frozen=True)
class Tempering:
    """The method; each replica does all the steps. The answer is the best mask met, not proven optimal.

    Attributes
    ----------
    replicas : int
        At least 2.
    hot, cold : float
        Ends of the ladder of temperatures, geometric, in the units of `Annealing`.
    sweep : int
        Steps between exchanges.
    loss : str, optional
    """

    replicas: int = 8
    hot: float = 1.0
    cold: float = 1e-3
    sweep: int = 200
    loss: str | None = None

    def __post_init__(self) -> None:
        if positive_int(self.replicas, "replicas") < 2:
            raise ValueError(f"replicas must be >= 2, got {self.replicas}; with one, use Annealing")
        positive_int(self.sweep, "sweep")
        temperatures(self.hot, self.cold)

    @property
    def name(self) -> str:
        return "tempering"

    def launch(self, task: Task) -> _Searcher:
        return _Searcher(task, self)


class _Searcher(Walking):
    def __init__(self, task: Task, method: Tempering) -> None:
        super().__init__(task, method.replicas)
        self._sweep = method.sweep
        self._ladder = np.geomspace(method.cold, method.hot, method.replicas) * usual_change(task, self._walkers)
        self._holds = np.arange(method.replicas)  # which mask is at each temperature

    def advance(self, first: int, count: int) -> None:
        at = first
        while at < first + count:
            stop = min(first + count, (at // self._sweep + 1) * self._sweep)
            heats = np.empty(self._holds.size)
            heats[self._holds] = self._ladder

            def slacks(row: int, steps: Ints, random: np.random.Generator, heats: Floats = heats) -> Floats:
                return float(heats[row]) * random.standard_exponential(steps.size)

            self._walkers.walk(at, stop - at, slacks)
            at = stop
            if at % self._sweep == 0:
                self._exchange(at // self._sweep)

    def _exchange(self, number: int) -> None:
        draws = np.random.default_rng([self._task.seed, _EXCHANGES, number]).standard_exponential(self._holds.size)
        for low in range(number % 2, self._holds.size - 1, 2):
            colder, hotter = self._holds[low], self._holds[low + 1]
            change = self._walkers.losses[hotter] - self._walkers.losses[colder]
            if change * (1 / self._ladder[low] - 1 / self._ladder[low + 1]) <= draws[low]:
                self._holds[low], self._holds[low + 1] = hotter, colder

    def state(self) -> dict[str, NDArray[Any]]:
        return super().state() | {"holds": self._holds}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        super().restore(state)
        self._holds[:] = state["holds"]
