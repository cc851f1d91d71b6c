"""Greedy descent: swaps that lower the loss, the first that does so, until no single swap does.

The swaps of places of the order are tried in a cyclic order of their own, i -> (i + stride) mod N with a random stride prime to N: after N
steps in a row without a success every swap of the mask has been tried, so that it is a local optimum. Not a global one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.search.flips.landscape import Floats
from slth.search.flips.method import Task
from slth.search.flips.sizes import Ints, Masks
from slth.search.flips.walkers import Walkers
from slth.search.method import SCORES
from slth.validation import positive_int

_LEAST: Final = 1e-12  # what counts as lower, as a share of the first mask's loss: more than rounding


@dataclass(frozen=True)
class Greedy:
    """The method.

    Attributes
    ----------
    starts : int
        Random masks to descend from, side by side; each does all the steps, unless it ends in a local optimum.
    loss : str, optional
    """

    starts: int = 1
    loss: str | None = None

    def __post_init__(self) -> None:
        positive_int(self.starts, "starts")

    @property
    def name(self) -> str:
        return "greedy"

    def launch(self, task: Task) -> _Searcher:
        return _Searcher(task, self)


class _Searcher:
    def __init__(self, task: Task, method: Greedy) -> None:
        self._sizes = task.sizes
        self._walkers = Walkers(task, method.starts)
        self._least = max(_LEAST * float(self._walkers.losses[0]), float(np.nextafter(0, 1)))
        self._lines = [self._line(np.random.default_rng([task.seed, SCORES, row, 2])) for row in range(method.starts)]
        self._idle = np.zeros(method.starts, np.int64)  # steps since the last success

    def _line(self, random: np.random.Generator) -> tuple[int, int]:
        """First swap and stride."""
        count = max(self._sizes.swaps, 1)
        stride = 1 + int(random.integers(count))
        while math.gcd(stride, count) > 1:
            stride = 1 + int(random.integers(count))
        return int(random.integers(count)), stride

    def _numbers(self, row: int, steps: Ints, random: np.random.Generator) -> Ints:
        count, (begin, stride) = self._sizes.swaps, self._lines[row]
        first = (begin + int(steps[0]) * stride) % count  # Python's integers do not overflow; some thousand strides fit
        return (first + np.arange(steps.size) * stride) % count

    def _slacks(self, row: int, steps: Ints, random: np.random.Generator) -> Floats:
        return np.full(steps.size, -self._least)

    def advance(self, first: int, count: int) -> None:
        rows = np.flatnonzero(self._idle < self._sizes.swaps).tolist()
        last = self._walkers.walk(first, count, self._slacks, rows, self._numbers)
        for row in rows:
            self._idle[row] = first + count - last[row] + (self._idle[row] if last[row] == first else 0)

    def best(self) -> Masks:
        return self._walkers.best()

    def mean(self) -> float:
        return self._walkers.mean()

    def finished(self) -> str | None:
        if (self._idle < self._sizes.swaps).any():
            return None
        return "local optimum: no single swap lowers the loss" + (" of any start" if self._idle.size > 1 else "")

    def state(self) -> dict[str, NDArray[Any]]:
        return self._walkers.state() | {"idle": self._idle}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._walkers.restore(state)
        self._idle[:] = state["idle"]
