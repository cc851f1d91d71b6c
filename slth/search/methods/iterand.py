"""Chijiwa, Yamaguchi, Ida, Umakoshi, Inoue, "Pruning randomly initialized neural networks with iterative randomization" (NeurIPS 2021).

Edge-popup; every `period` steps each pruned weight is drawn again with probability `share`. The new weights come from the law of the
old: they are picked from the layer's own original weights, at random. What is found is a subnetwork of weights never trained, but no longer
of the one source that the search began with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Array, Flat
from slth.search.method import DRAWS, Step
from slth.search.methods.ranked import Ranked
from slth.search.methods.settings import not_negative, share
from slth.validation import positive_int


@dataclass(frozen=True)
class IteRand:
    """The method; `period` in steps and `share` as in the paper, section 3, the rest as in `EdgePopup`."""

    period: int = 300
    share: float = 0.1
    momentum: float = 0.9
    decay: float = 5e-4

    def __post_init__(self) -> None:
        share(self.momentum, "momentum")
        not_negative(self.decay, "decay")
        positive_int(self.period, "period")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must be in [0, 1], got {self.share}")

    @property
    def name(self) -> str:
        return "iterand"

    def start(self, source: Flat, groups: tuple[Group, ...], seed: int) -> _Searcher:
        return _Searcher(source, groups, seed, self)


class _Searcher(Ranked):
    def __init__(self, source: Flat, groups: tuple[Group, ...], seed: int, method: IteRand) -> None:
        super().__init__(source, groups, seed, method.momentum, method.decay)
        self._period, self._share = method.period, method.share

    def learn(self, gradient: Array, step: Step) -> None:
        super().learn(gradient, step)
        if (step.number + 1) % self._period:
            return
        random = np.random.default_rng([self.seed, DRAWS, step.number])
        pruned = ~self.mask()
        for place in self.source.slices:
            own = np.flatnonzero(self.source.values[place])
            if own.size == 0:
                continue
            again = own[pruned[place][own] & (random.random(own.size) < self._share)]
            self.chosen[place][again] = self.source.values[place][random.choice(own, again.size)]

    def state(self) -> dict[str, NDArray[Any]]:
        return super().state() | {"chosen": self.chosen}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        super().restore(state)
        self.chosen[:] = state["chosen"]
