"""Natale, Ferre, Giambartolomei, Giroire, Mallmann-Trenn, "On the sparsity of the strong lottery ticket hypothesis" (NeurIPS 2024)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slth import subset_sum
from slth.constructions.protocol import Problems, TooFewCandidatesError
from slth.constructions.two_layer.rules.candidates import by_count, fixed_moments, without_padding
from slth.constructions.two_layer.rules.rule import Answer, Predicted, Rule, counted
from slth.constructions.two_layer.scale import SOLVED, Candidates, Forced
from slth.validation import positive_int


@dataclass(frozen=True)
class FixedSize(Predicted):
    """Exactly k of the candidates of every weight, zero or not (Natale et al. 2024): the closest such subset, proven.

    Theorem 3 counts 4 d_in d_out k weights for a layer, as if no two outputs used the same neuron; `Ticket.reuse` counts how many do.

    Parameters
    ----------
    k : int, optional
        By default the smallest with which the budget is met, which there has to be.
    """

    k: int | None = None

    @property
    def name(self) -> str:
        return "fixed-size" if self.k is None else f"fixed-size({self.k})"

    def __post_init__(self) -> None:
        if self.k is not None:
            object.__setattr__(self, "k", positive_int(self.k, "k"))

    @property
    def rescues(self) -> int:
        return 2

    def _candidates(self, problems: Problems) -> Candidates:
        assert self.k is not None
        k = self.k
        parts = []
        for samples, targets in by_count(problems):
            n = samples.shape[1]
            low, high, mean, variance = fixed_moments(samples, min(k, n))
            bits = np.full(len(targets), math.log2(math.comb(n, min(k, n))))
            parts.append(Forced(targets, low, high, mean, np.sqrt(variance), bits))
        return Forced.joined(parts)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        k = self.k
        assert k is not None

        def solve(some: Problems) -> Answer:
            count = some.samples.shape[1]
            if count < k:
                raise TooFewCandidatesError(
                    f"a weight has {count} candidates, fewer than k = {k}; use a larger width, a source with more edges or a smaller k"
                )
            found = subset_sum.solve(some.samples, some.targets, size=k, workers=1)
            return found.chosen, found.error

        chosen, errors = without_padding(problems, solve)
        return chosen, counted(errors, tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        if self.k is not None:
            yield self
        elif budget:
            yield from (FixedSize(k) for k in range(1, SOLVED // 2 + 1))
        else:
            raise ValueError(
                "fixed-size needs a size, as in construction='fixed-size(5)', or an epsilon to find the smallest size for"
            )
