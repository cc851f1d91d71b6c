"""Otsuka, Chijiwa, Garcia-Arias, Okoshi, Kawamura, Van Chu, Fujiki, Takeuchi, Motomura, "Partially frozen random networks contain compact
strong lottery tickets" (TMLR 2025).

Edge-popup in a source of which a random share is pruned, and another locked (always kept), before the search begins: neither needs a bit
of the mask to be stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Array, Flat
from slth.search.method import DRAWS, Step
from slth.search.methods.ranked import Ranked
from slth.search.methods.settings import not_negative, share
from slth.search.top import largest


@dataclass(frozen=True)
class PartlyFrozen:
    """The method.

    Attributes
    ----------
    pruned, locked : float
        Of the weights to be pruned, and of those to be kept, the shares that are chosen at random before the search; in [0, 1]. At density
        d a share ``pruned * (1 - d)`` of all weights is frozen at 0, ``locked * d`` (p_p and p_l of the paper) at their value; with the
        same number for both, that share of every group is frozen.
    momentum, decay
        As in `EdgePopup`.
    """

    pruned: float = 0.5
    locked: float = 0.5
    momentum: float = 0.9
    decay: float = 5e-4

    def __post_init__(self) -> None:
        if not (0 <= self.pruned <= 1 and 0 <= self.locked <= 1):
            raise ValueError(f"pruned and locked must be shares in [0, 1], got {self.pruned} and {self.locked}")
        share(self.momentum, "momentum")
        not_negative(self.decay, "decay")

    @property
    def name(self) -> str:
        return "partly-frozen"

    def start(self, source: Flat, groups: tuple[Group, ...], seed: int) -> _Searcher:
        return _Searcher(source, groups, seed, self)


class _Searcher(Ranked):
    """Frozen weights have score 0, which they keep: the free ones are ranked, for the places that the locked ones leave."""

    def __init__(self, source: Flat, groups: tuple[Group, ...], seed: int, method: PartlyFrozen) -> None:
        random = np.random.default_rng([seed, DRAWS])
        self._locked = np.zeros(source.values.size, np.bool_)
        self._frozen = np.zeros(source.values.size, np.bool_)
        free = []
        for group in groups:
            own = group.start + np.flatnonzero(source.values[group.start : group.stop])
            order = random.permutation(own)
            locked, pruned = int(method.locked * group.keep), int(method.pruned * (own.size - group.keep))
            self._locked[order[:locked]] = True
            self._frozen[order[: locked + pruned]] = True
            free.append(Group(group.start, group.stop, group.keep - locked, own.size - locked - pruned))
        super().__init__(source, tuple(free), seed, method.momentum, method.decay)
        self.scores[self._frozen] = 0

    def effective(self, step: Step) -> Array:
        found = super().effective(step)
        found[self._frozen] = 0
        found[self._locked] = self.chosen[self._locked]
        return found

    def learn(self, gradient: Array, step: Step) -> None:
        gradient[self._frozen] = 0
        super().learn(gradient, step)

    def mask(self) -> NDArray[np.bool_]:
        mask = np.zeros(self.scores.size, np.bool_)
        for group in self.groups:
            here = slice(group.start, group.stop)
            free = np.where(self._frozen[here], np.float32(0), np.abs(self.scores[here]) + np.float32(1e-30))
            mask[here] = largest(free, group.keep)
        return mask | self._locked
