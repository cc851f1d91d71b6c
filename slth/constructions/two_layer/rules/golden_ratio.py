"""Orseau, Hutter, Rivasplata, "Logarithmic pruning is all you need" (NeurIPS 2020)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from slth.constructions.protocol import Problems
from slth.constructions.two_layer.rules.rule import MANY, Answer, Predicted, Rule, counted, reaching


@dataclass(frozen=True)
class GoldenRatio(Predicted):
    """Greedy subtraction (Orseau et al. 2020): from the largest candidate of the weight's sign down, each that still fits is taken.

    With a candidate in every cell [g^(i+1), g^i], i = 1..c, g the golden ratio (sqrt(5) - 1) / 2, a weight in [0, 1] is met within g^c.
    """

    @property
    def name(self) -> str:
        return "orseau"

    @property
    def most(self) -> int:
        return MANY

    def cost(self, n: int) -> float:
        return 30.0 * n

    def scale(self, problems: Iterable[Problems], rescued: int) -> float:
        return reaching(problems)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        aligned = problems.samples * np.sign(problems.targets)[:, None]
        order = np.argsort(-aligned, axis=1, kind="stable")
        sizes = np.take_along_axis(aligned, order, axis=1)
        rest = np.abs(problems.targets)
        taken = np.zeros(sizes.shape, np.bool_)
        enough = 0.0 if tolerance is None else tolerance
        for i in range(sizes.shape[1]):
            fits = (sizes[:, i] > 0) & (sizes[:, i] <= rest) & (rest > enough)
            rest = np.where(fits, rest - sizes[:, i], rest)
            taken[:, i] = fits
        chosen = np.zeros(taken.shape, np.bool_)
        np.put_along_axis(chosen, order, taken, axis=1)
        return chosen, counted(rest, tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self
