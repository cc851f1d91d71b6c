"""Pensia, Rajput, Nagle, Vishwakarma, Papailiopoulos, "Optimal lottery tickets via SubsetSum" (NeurIPS 2020)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slth import subset_sum
from slth.constructions.protocol import Problems
from slth.constructions.two_layer.rules.candidates import among_existing
from slth.constructions.two_layer.rules.rule import Answer, Predicted, Rule, counted
from slth.constructions.two_layer.scale import SOLVED
from slth.subset_sum.question import resolution
from slth.subset_sum.smallest import MAX_LISTED


@dataclass(frozen=True)
class AnySubset(Predicted):
    """Any subset (Pensia et al. 2020): with a tolerance the one of fewest elements within it, else the closest, proven."""

    closest: bool = False

    @property
    def name(self) -> str:
        return "two-layer"

    @property
    def rescues(self) -> int:
        return 2

    def cost(self, n: int) -> float:
        return 500 + 3 * 2 ** (min(n, SOLVED) / 2)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        samples, targets = problems.samples, problems.targets
        if samples.shape[1] > SOLVED:
            return among_existing(problems, tolerance, self.choose)
        if tolerance is None or self.closest:
            found = subset_sum.solve(samples, targets, workers=1)
            return found.chosen, found.error
        if samples.shape[1] > MAX_LISTED or tolerance < resolution(samples):
            found = subset_sum.solve(samples, targets, workers=1)
            return found.chosen, counted(found.error, tolerance)
        found = subset_sum.solve(samples, targets, objective="smallest", epsilon=tolerance, workers=1)
        chosen, errors = found.chosen, np.zeros(found.error.shape)
        missed = found.status == subset_sum.Status.NOT_FOUND
        if missed.any():
            closest = subset_sum.solve(samples[missed], targets[missed], workers=1)
            chosen[missed], errors[missed] = closest.chosen, closest.error
        return chosen, errors

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self
        if budget:
            yield AnySubset(closest=True)
