"""Otsuka et al., "Partially frozen random networks contain compact strong lottery tickets" (TMLR 2025)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slth import subset_sum
from slth.constructions.protocol import Problems
from slth.constructions.two_layer.rules.candidates import among_existing
from slth.constructions.two_layer.rules.rule import Answer, Bools, Predicted, Rule, counted
from slth.constructions.two_layer.scale import SOLVED, Candidates, Forced, any_subset


@dataclass(frozen=True)
class PartlyFrozen(Predicted):
    """The closest subset that holds some candidates locked beforehand, as many as the share says (Otsuka et al. 2024), proven.

    Parameters
    ----------
    share : float
        Of the candidates of a weight, in [0, 1); which ones is random, but always the same for a weight of a layer.
    """

    share: float = 0.5

    @property
    def name(self) -> str:
        return f"partly-frozen({self.share!r})"

    def __post_init__(self) -> None:
        if not 0 <= float(self.share) < 1:
            raise ValueError(f"the locked share must lie in [0, 1), got {self.share}")

    def _locked(self, problems: Problems) -> Bools:
        """(m, n): a random share of the candidates, always the same for a weight."""
        locked = np.zeros(problems.samples.shape, np.bool_)
        for i, (row, group) in enumerate(zip(problems.rows.tolist(), problems.groups.tolist(), strict=True)):
            real = np.flatnonzero(problems.samples[i])
            draw = np.random.default_rng([0x10C4ED, problems.layer, row, group])
            locked[i, draw.permutation(real)[: int(self.share * real.size)]] = True
        return locked

    def _candidates(self, problems: Problems) -> Candidates:
        locked = self._locked(problems)
        fixed = np.where(locked, problems.samples, 0.0).sum(axis=1)
        free = any_subset(np.where(locked, 0.0, problems.samples), problems.targets)
        return Forced(
            problems.targets, free.low + fixed, free.high + fixed, free.mean + fixed, free.deviation, free.bits
        )

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        if problems.samples.shape[1] > SOLVED:
            return among_existing(problems, tolerance, self.choose)
        found = subset_sum.solve(problems.samples, problems.targets, locked=self._locked(problems), workers=1)
        return found.chosen, counted(found.error, tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self
