"""Diffenderfer, Kailkhura, "Multi-prize lottery ticket hypothesis: finding accurate binary neural networks by pruning a randomly weighted
network" (ICLR 2021), algorithm biprop.

Edge-popup on the signs of the weights: a kept weight acts as alpha * sign(w), with one gain for each layer, the mean |w| of those kept,
alpha = |M * W|_1 / |M|_1, which minimises the squared distance of the two for a given mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Array, Flat
from slth.search.method import Step
from slth.search.methods.edge_popup import EdgePopup
from slth.search.methods.ranked import Ranked


@dataclass(frozen=True)
class Biprop(EdgePopup):
    """The method, with the settings of `EdgePopup`."""

    @property
    def name(self) -> str:
        return "biprop"

    def start(self, source: Flat, groups: tuple[Group, ...], seed: int) -> _Searcher:
        return _Searcher(source, groups, seed, self.momentum, self.decay, self.anneal)


class _Searcher(Ranked):
    def effective(self, step: Step) -> Array:
        mask = super().effective(step) != 0
        self._binarise(mask)
        return np.where(mask, self.chosen, np.float32(0))

    def _binarise(self, mask: NDArray[np.bool_]) -> None:
        """Give each array its signs times the gain of its mask; that of all its weights where none is kept, so that it can come back."""
        values = self.source.values
        for place in self.source.slices:
            kept = np.abs(values[place][mask[place]])
            if kept.size == 0:
                kept = np.abs(values[place][values[place] != 0])
            gain = np.float32(kept.mean(dtype=np.float64)) if kept.size else np.float32(0)
            self.chosen[place] = np.sign(values[place]) * gain

    def mask(self) -> NDArray[np.bool_]:
        mask = super().mask()
        self._binarise(mask)
        return mask
