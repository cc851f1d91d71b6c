"""Ramanujan, Wortsman, Kembhavi, Farhadi, Rastegari, "What's hidden in a randomly weighted neural network?" (CVPR 2020).

Every weight w has a score; the network runs on the weights whose |score| is among the largest of their layer. The gradient passes
straight through the choice: d loss / d score = sign(score) * w * d loss / d (effective weight), section 3, for pruned weights too, so that
they may come back.
"""

from __future__ import annotations

from dataclasses import dataclass

from slth.search.budget import Group
from slth.search.flat import Flat
from slth.search.methods.ranked import Ranked
from slth.search.methods.settings import not_negative, share


@dataclass(frozen=True)
class EdgePopup:
    """The method.

    Attributes
    ----------
    momentum, decay : float
        Of the stochastic gradient descent on the scores.
    anneal : float
        Share of the steps over which the density falls, linearly, from 1 to the one asked for (Fischer and Burkholz 2021); 0, as in the
        paper: not at all. Deep or sparse networks need it: in 64-100-100-50-10 with a tenth kept (global budget), 0.5 raised the accuracy
        on digits from 25 to 91 %.
    """

    momentum: float = 0.9
    decay: float = 5e-4
    anneal: float = 0.0

    def __post_init__(self) -> None:
        share(self.momentum, "momentum")
        not_negative(self.decay, "decay")
        share(self.anneal, "anneal")

    @property
    def name(self) -> str:
        return "edge-popup"

    def start(self, source: Flat, groups: tuple[Group, ...], seed: int) -> Ranked:
        return Ranked(source, groups, seed, self.momentum, self.decay, self.anneal)
