"""Sreenivasan, Sohn, Yang, Grinde, Nagle, Wang, Xing, Lee, Papailiopoulos, "Rare gems: finding lottery tickets at initialization"
(NeurIPS 2022).

Each weight has a score p in [0, 1], and is kept in the forward pass if p >= 1/2; the gradient passes straight through the rounding, p is
clipped to [0, 1], and pulled down by a squared penalty. In `freezes` rounds, evenly spaced, the weights with the smallest p are
frozen at 0, so that the density of what is not frozen falls geometrically to the one asked for. Of the weights not frozen never fewer
than the density asks for are kept, whatever their p: the network that learns in the end is the one that is found.

Clipping makes ties: near the end half of the weights have p = 1. They are broken at random, by a draw made at the start; broken by place,
they would take whole neurons (on digits, a tenth kept, that was worth 30 points of accuracy).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Array, Flat
from slth.search.method import SCORES, Step
from slth.search.methods.gates import Gates
from slth.search.methods.settings import not_negative, share
from slth.search.top import top
from slth.validation import positive_float, positive_int


@dataclass(frozen=True)
class GemMiner:
    """The method.

    Attributes
    ----------
    freezes : int
        Rounds of freezing.
    until : float
        Share of the steps after which the last round is over.
    penalty : float
        Weight decay of p.
    gain, momentum : float
        As in `Supermask`.
    """

    freezes: int = 10
    until: float = 0.8
    penalty: float = 1e-4
    gain: float = 20.0
    momentum: float = 0.9

    def __post_init__(self) -> None:
        positive_int(self.freezes, "freezes")
        if not 0 < self.until <= 1:
            raise ValueError(f"until must be a share in (0, 1], got {self.until}")
        not_negative(self.penalty, "penalty")
        positive_float(self.gain, "gain")
        share(self.momentum, "momentum")

    @property
    def name(self) -> str:
        return "gem-miner"

    def start(self, source: Flat, groups: tuple[Group, ...], seed: int) -> _Searcher:
        return _Searcher(source, groups, seed, self)


class _Searcher(Gates):
    def __init__(self, source: Flat, groups: tuple[Group, ...], seed: int, method: GemMiner) -> None:
        super().__init__(source, groups, seed, method.gain, method.momentum, method.penalty)
        self._freezes, self._until = method.freezes, method.until
        random = np.random.default_rng([seed, SCORES])
        self.scores[:] = random.random(self.scores.size, np.float32)
        self._lots = random.random(self.scores.size, np.float32)
        self._alive = source.values != 0

    def gates(self, step: Step) -> Array:
        gates = np.asarray((self.scores >= 0.5) & self._alive, np.float32)
        for group in self.groups:
            here = slice(group.start, group.stop)
            if np.count_nonzero(gates[here]) < group.keep:
                gates[here][top(self.rank()[here], group.keep)] = 1
        return gates

    def slopes(self) -> Array:
        return np.asarray(self._alive, np.float32)

    def pull(self) -> np.float32:
        return np.float32(0)

    def rank(self) -> NDArray[np.float32]:
        clipped = (self.scores <= 0) | (self.scores >= 1)
        rank = np.where(clipped, 2 * self.scores - 1 + self._lots, self.scores)  # in [-1, 0), (0, 1) and [1, 2)
        return np.where(self._alive, rank, np.float32(-2))

    def learn(self, gradient: Array, step: Step) -> None:
        super().learn(gradient, step)
        np.clip(self.scores, 0, 1, out=self.scores)
        rounds = self._freezes / (self._until * step.of)
        before, after = (min(self._freezes, int(rounds * n + 1e-9)) for n in (step.number, step.number + 1))
        if after > before:
            self._freeze(after / self._freezes)

    def _freeze(self, share: float) -> None:
        """Freeze the smallest, so that density^share of each group is left."""
        rank = self.rank()
        for group in self.groups:
            if group.count == 0:
                continue
            here = slice(group.start, group.stop)
            left = max(group.keep, round(group.count * (max(group.keep, 1) / group.count) ** share))
            alive = np.zeros(group.stop - group.start, np.bool_)
            alive[top(rank[here], left)] = True
            self._alive[here] &= alive

    def state(self) -> dict[str, NDArray[Any]]:
        return super().state() | {"alive": self._alive}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        super().restore(state)
        self._alive[:] = state["alive"]
