"""Sign search: every weight keeps its absolute value, and its sign is searched for; the weights with the smallest scores are pruned.

After Zhou, Lan, Liu, Yosinski, "Deconstructing lottery tickets" (NeurIPS 2019), section 4, where the sign is what matters of a weight.
The effective weight is |w| sign(score) where |score| is among the largest: the gradient passes straight through to the score, times |w|.
What is found uses absolute values of the source, not its signs: it is no subnetwork of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Array, Flat
from slth.search.method import Step
from slth.search.methods.ranked import Ranked
from slth.search.methods.settings import not_negative, share


@dataclass(frozen=True)
class SignSearch:
    """The method; see `EdgePopup` for its settings."""

    momentum: float = 0.9
    decay: float = 5e-4

    def __post_init__(self) -> None:
        share(self.momentum, "momentum")
        not_negative(self.decay, "decay")

    @property
    def name(self) -> str:
        return "sign-search"

    def start(self, source: Flat, groups: tuple[Group, ...], seed: int) -> _Searcher:
        return _Searcher(source, groups, seed, self.momentum, self.decay)


class _Searcher(Ranked):
    """`Ranked` multiplies the slope by sign(score), so that selecting from |w| sign(score) gives |w| times the gradient."""

    def effective(self, step: Step) -> Array:
        np.copysign(self.source.values, self.scores, out=self.chosen)
        return super().effective(step)

    def mask(self) -> NDArray[np.bool_]:
        np.copysign(self.source.values, self.scores, out=self.chosen)
        return super().mask()
