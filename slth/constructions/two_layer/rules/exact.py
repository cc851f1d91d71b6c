"""Kumar and Natale, "Quantization vs pruning: insights from the strong lottery ticket hypothesis" (2025)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from slth import subset_sum
from slth.constructions.protocol import Problems
from slth.constructions.two_layer.rules.candidates import among_existing
from slth.constructions.two_layer.rules.rule import Answer, Predicted, Rule, counted
from slth.validation import positive_float

_EXACT: Final = 1e-9  # of a weight: what the division by a step may round


@dataclass(frozen=True)
class Exact(Predicted):
    """No error at all (Kumar and Natale 2025), for targets whose weights are `step` times sums of products of two source weights.

    With the law "binary", whose products are 1 and -1, these are the whole multiples of `step`. Without a tolerance a weight that is not
    met is an error, not an approximation.

    Parameters
    ----------
    step : float
        What a product of 1 is worth in the target: the scale of every layer.
    """

    step: float = 1.0

    @property
    def name(self) -> str:
        return f"quantized({self.step!r})"

    def __post_init__(self) -> None:
        positive_float(self.step, "step")

    def scale(self, problems: Iterable[Problems], rescued: int) -> float:
        return self.step

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        chosen, errors = among_existing(problems, None, _closest)
        worst = int(np.argmax(errors - _EXACT * np.abs(problems.targets)))
        if tolerance is None and errors[worst] > _EXACT * abs(float(problems.targets[worst])):
            value = float(problems.targets[worst]) * self.step
            raise ValueError(
                f"{self.name} is exact or nothing, but in row {int(problems.rows[worst])} of layer {problems.layer} {value:.6g} is missed "
                f"by {float(errors[worst]) * self.step:.3g}: round the target's weights to multiples of step = {self.step:g} (law "
                "'binary'), use a larger width, or give an epsilon"
            )
        return chosen, counted(errors, tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self


def _closest(problems: Problems, tolerance: float | None) -> Answer:
    found = subset_sum.solve(problems.samples, problems.targets, workers=1)
    return found.chosen, found.error
