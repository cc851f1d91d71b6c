"""N:M sparsity: as many of every block of candidates, the pattern that hardware runs fast."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slth import subset_sum
from slth.constructions.protocol import Problems, TooFewCandidatesError
from slth.constructions.two_layer.rules.candidates import by_count, fixed_moments, without_padding
from slth.constructions.two_layer.rules.rule import Answer, Predicted, Rule, counted
from slth.constructions.two_layer.scale import Candidates, Forced
from slth.validation import positive_int


@dataclass(frozen=True)
class Pattern(Predicted):
    """Exactly s of every b candidates (N:M sparsity): the closest such choice, proven; candidates that fill no b are left out.

    Parameters
    ----------
    s, b : int
        1 <= s <= b.
    """

    s: int = 2
    b: int = 4

    @property
    def name(self) -> str:
        return f"n-of-m({self.s}, {self.b})"

    def __post_init__(self) -> None:
        if not positive_int(self.s, "s") <= positive_int(self.b, "b"):
            raise ValueError(f"a pattern takes s <= b, got {self.s} of {self.b}")

    def _candidates(self, problems: Problems) -> Candidates:
        parts = []
        for samples, targets in by_count(problems):
            blocks = samples[:, : samples.shape[1] // self.b * self.b].reshape(len(targets), -1, self.b)
            low, high, mean, variance = (values.sum(axis=1) for values in fixed_moments(blocks, self.s))
            bits = np.full(len(targets), blocks.shape[1] * math.log2(math.comb(self.b, self.s)))
            parts.append(Forced(targets, low, high, mean, np.sqrt(variance), bits))
        return Forced.joined(parts)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        def solve(some: Problems) -> Answer:
            count = some.samples.shape[1]
            whole = count // self.b * self.b
            if whole == 0:
                raise TooFewCandidatesError(
                    f"a weight has {count} candidates, fewer than b = {self.b}; use a larger width, a source with more edges or a smaller b"
                )
            found = subset_sum.solve(some.samples[:, :whole], some.targets, pattern=(self.s, self.b), workers=1)
            return np.pad(found.chosen, ((0, 0), (0, count - whole))), found.error

        chosen, errors = without_padding(problems, solve)
        return chosen, counted(errors, tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self
