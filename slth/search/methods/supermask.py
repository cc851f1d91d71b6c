"""Zhou, Lan, Liu, Yosinski, "Deconstructing lottery tickets: zeros, signs, and the supermask" (NeurIPS 2019), section 5.

Each weight is kept with probability sigmoid(score), drawn afresh in every step; the gradient passes straight through the draw to the
probability. The method has no density of its own: it begins near the one asked for, and the mask is that of the most probable weights.

With dynamic weight rescaling (the same section) the weights kept, biases apart, are multiplied by what there are / what are kept of
their array, in every draw and in the end: what is found is then a subnetwork up to one positive factor for each array. On digits
(64-100-10, a quarter kept) that is worth twenty points of accuracy; below a tenth kept the factors are so large that it does harm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from slth.search.budget import Group
from slth.search.flat import Array, Flat
from slth.search.method import DRAWS, Step
from slth.search.methods.gates import Gates
from slth.search.methods.settings import not_negative, share
from slth.validation import positive_float


@dataclass(frozen=True)
class Supermask:
    """The method.

    Attributes
    ----------
    gain : float
        What rates of edge-popup are multiplied by: slopes of a sigmoid are small, and scores have to reach several units.
    momentum, decay : float
        Of the descent; decay pulls probabilities to 1/2.
    rescale : bool
        Whether weights are rescaled by the density of the draw.
    """

    gain: float = 300.0
    momentum: float = 0.9
    decay: float = 0.0
    rescale: bool = False

    def __post_init__(self) -> None:
        positive_float(self.gain, "gain")
        share(self.momentum, "momentum")
        not_negative(self.decay, "decay")

    @property
    def name(self) -> str:
        return "supermask"

    def start(self, source: Flat, groups: tuple[Group, ...], seed: int) -> _Searcher:
        return _Searcher(source, groups, seed, self)


class _Searcher(Gates):
    def __init__(self, source: Flat, groups: tuple[Group, ...], seed: int, method: Supermask) -> None:
        super().__init__(source, groups, seed, method.gain, method.momentum, method.decay)
        self._rescale = method.rescale
        self._factors: Array | None = None
        for group in groups:  # begin at the density asked for
            density = min(max(group.keep / max(group.count, 1), 0.1), 0.99)  # below, slopes vanish
            self.scores[group.start : group.stop] = logit(density)

    def gates(self, step: Step) -> Array:
        self._chance = expit(self.scores)
        draws = np.random.default_rng([self.seed, DRAWS, step.number]).random(self.scores.size, np.float32)
        return (draws < self._chance).astype(np.float32)

    def effective(self, step: Step) -> Array:
        found = super().effective(step)
        if self._rescale:
            self._factors = self._rescaling(found != 0)
            found *= self._factors
        return found

    def learn(self, gradient: Array, step: Step) -> None:
        super().learn(gradient if self._factors is None else gradient * self._factors, step)

    def _rescaling(self, mask: NDArray[np.bool_]) -> Array:
        """(n,): what there are / what are kept of each weight array; 1 for biases."""
        factors = np.ones_like(self.scores)
        for shape, place in zip(self.source.whole, self.source.slices, strict=True):
            if len(shape) > 1:
                there, kept = int(self.present[place].sum()), int((mask[place] & self.present[place]).sum())
                factors[place] = there / max(kept, 1)
        return factors

    def weights(self) -> Array:
        if not self._rescale:
            return self.source.values
        return np.asarray(self.source.values * self._rescaling(self.mask()))

    def slopes(self) -> Array:
        return self._chance * (1 - self._chance)

    def pull(self) -> Array | np.float32:
        return np.float32(0)

    def rank(self) -> NDArray[np.float32]:
        return self.scores
