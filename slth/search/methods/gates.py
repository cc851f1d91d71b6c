"""What methods share whose weights pass random gates in [0, 1], learnt by the gradient through the gates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Array, Flat
from slth.search.method import Step
from slth.search.top import top


class Gates(ABC):
    """A `slth.search.method.Searcher` with a score for each gate; the mask is that of the highest ranks of each group."""

    def __init__(
        self, source: Flat, groups: tuple[Group, ...], seed: int, gain: float, momentum: float, decay: float
    ) -> None:
        self.source, self.groups, self.seed = source, groups, seed
        self.gain, self.momentum, self.decay = np.float32(gain), np.float32(momentum), np.float32(decay)
        self.scores = np.zeros_like(source.values)
        self.velocity = np.zeros_like(self.scores)
        self.present = source.values != 0
        self.certain = np.zeros(self.scores.size, np.bool_)  # where all weights of a group are kept there is no choice
        for group in groups:
            self.certain[group.start : group.stop] = group.keep == group.count

    @abstractmethod
    def gates(self, step: Step) -> Array:
        """(n,): the gates of this step, a pure function of scores, seed and step."""

    @abstractmethod
    def slopes(self) -> Array:
        """(n,): the slope of the last gates by the scores."""

    @abstractmethod
    def pull(self) -> Array | np.float32:
        """(n,) or a number: the slope of the regulariser by the scores."""

    @abstractmethod
    def rank(self) -> NDArray[np.float32]:
        """(n,): what the mask takes the largest of."""

    def effective(self, step: Step) -> Array:
        gates = self.gates(step)
        gates[self.certain] = 1
        return self.source.values * gates

    def learn(self, gradient: Array, step: Step) -> None:
        slope = gradient * self.source.values * self.slopes() + self.pull() + self.decay * self.scores
        self.velocity *= self.momentum
        self.velocity += slope
        self.scores -= np.float32(step.rate) * self.gain * self.velocity

    def mask(self) -> NDArray[np.bool_]:
        mask = np.zeros(self.scores.size, np.bool_)
        rank = self.rank()
        for group in self.groups:
            here = slice(group.start, group.stop)
            own = np.flatnonzero(self.source.values[here])
            mask[group.start + own[top(rank[here][own], group.keep)]] = True
        return mask

    def weights(self) -> Array:
        return self.source.values

    def state(self) -> dict[str, NDArray[Any]]:
        return {"scores": self.scores, "velocity": self.velocity}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.scores[:] = state["scores"]
        self.velocity[:] = state["velocity"]
