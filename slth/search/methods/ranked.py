"""What methods share that rank weights by |score|: initial scores, the largest of each group, and descent on the scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Array, Flat
from slth.search.kernels import scores as kernels
from slth.search.method import SCORES, Step
from slth.search.top import Threshold, largest


class Ranked:
    """A `slth.search.method.Searcher` whose mask is that of the largest |scores| of each group; edge-popup as it stands."""

    def __init__(
        self, source: Flat, groups: tuple[Group, ...], seed: int, momentum: float, decay: float, anneal: float = 0.0
    ) -> None:
        self.source, self.groups, self.seed = source, groups, seed
        self.momentum, self.decay, self.anneal = np.float32(momentum), np.float32(decay), anneal
        self.chosen = source.values.copy()  # the weights to select from
        random = np.random.default_rng([seed, SCORES])
        self.scores = np.empty_like(source.values)
        fans = np.repeat(source.fans_in(), [place.stop - place.start for place in source.slices])
        # weights that compete begin with scores of one law, Kaiming's uniform one with a = sqrt(5)
        for group in groups:
            for place in source.slices:
                start, stop = max(group.start, place.start), min(group.stop, place.stop)
                if start < stop:
                    reach = 1 / np.sqrt(fans[group.start : group.stop].mean())
                    self.scores[start:stop] = random.uniform(-reach, reach, stop - start)
        self.scores[source.values == 0] = 0  # no weight, never among the largest
        self.velocity = np.zeros_like(self.scores)
        self._effective = np.empty_like(self.scores)
        self._followers: dict[int, Threshold] = {}

    def effective(self, step: Step) -> Array:
        for group in self.groups:
            here = slice(group.start, group.stop)
            follower = self._followers.get(group.start)
            if follower is None:
                follower = self._followers[group.start] = Threshold(group.stop - group.start)
            threshold = follower.of(self.scores[here], self.keep(group, step.done))
            kernels.select(self.scores[here], self.chosen[here], threshold, self._effective[here])
        return self._effective

    def keep(self, group: Group, done: float) -> int:
        """How many of a group are kept at this time."""
        if not self.anneal or done >= self.anneal:
            return group.keep
        return group.keep + int((group.count - group.keep) * (1 - done / self.anneal))

    def learn(self, gradient: Array, step: Step) -> None:
        rate = np.float32(step.rate)
        kernels.descend(self.scores, self.velocity, gradient, self.chosen, rate, self.momentum, self.decay)

    def mask(self) -> NDArray[np.bool_]:
        mask = np.zeros(self.scores.size, np.bool_)
        for group in self.groups:
            here = slice(group.start, group.stop)
            mask[here] = largest(self.scores[here], group.keep)
        return mask

    def weights(self) -> Array:
        return self.chosen

    def state(self) -> dict[str, NDArray[Any]]:
        return {"scores": self.scores, "velocity": self.velocity}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.scores[:] = state["scores"]
        self.velocity[:] = state["velocity"]
