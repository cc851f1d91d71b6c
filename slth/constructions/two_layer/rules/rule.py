"""What a rule is, and what most rules have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Problems
from slth.constructions.two_layer.scale import SOLVED, Candidates, any_subset

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Answer = tuple[Bools, Floats]

MANY: Final = 100_000  # candidates, for rules that look at each once


class Rule(Protocol):
    """How to choose among candidates."""

    @property
    def name(self) -> str:
        """Of the construction that chooses so; `slth.constructions.get` reads it back."""

    @property
    def most(self) -> int:
        """Candidates of one weight that can be used."""

    @property
    def rescues(self) -> int:
        """Rounds in which the worst weights are given more candidates."""

    def cost(self, n: int) -> float:
        """Nanoseconds for one weight with n candidates, about."""

    def scale(self, problems: Iterable[Problems], rescued: int) -> float:
        """The positive scale of a layer with these problems, of which so many can be given more candidates later."""

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        """Which candidates (m, n), and the errors (m,); an error within the tolerance, if there is one, counts as 0."""

    def attempts(self, budget: bool) -> Iterator[Rule]:
        """The rules to try in turn until the budget is met."""


@dataclass(frozen=True)
class Predicted:
    """What most rules have in common."""

    @property
    def most(self) -> int:
        return SOLVED

    @property
    def rescues(self) -> int:
        return 0

    def cost(self, n: int) -> float:
        return 1000 + 8 * 2 ** (min(n, SOLVED) / 2)

    def scale(self, problems: Iterable[Problems], rescued: int) -> float:
        return Candidates.joined(self._candidates(p) for p in problems).best_scale(rescued if self.rescues else 0)

    def _candidates(self, problems: Problems) -> Candidates:
        """What the predictor of errors needs to know."""
        return any_subset(problems.samples, problems.targets)


def reaching(problems: Iterable[Problems]) -> float:
    """The scale that brings the largest target to 1, about where a single product ends."""
    largest = max((float(np.abs(p.targets).max(initial=0)) for p in problems), default=0.0)
    return largest or 1.0


def counted(errors: Floats, tolerance: float | None) -> Floats:
    """An error within the tolerance counts as 0."""
    return errors if tolerance is None else np.where(errors <= tolerance, 0.0, errors)
