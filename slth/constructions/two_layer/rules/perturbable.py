"""Xiong, Liao, Kyrillidis, "Strong lottery ticket hypothesis with epsilon-perturbation" (AISTATS 2023)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slth import subset_sum
from slth.constructions.protocol import Problems
from slth.constructions.two_layer.rules.candidates import without_padding
from slth.constructions.two_layer.rules.rule import Answer, Predicted, Rule, counted
from slth.subset_sum.perturbed import movement

_MOST = 24  # candidates: beyond, closest subsets leave little to be moved


@dataclass(frozen=True)
class Perturbable(Predicted):
    """A subset that comes close once its second-layer weights may move by at most c; the ticket itself is not moved.

    A subset S of candidates v_k |u_k| that is off by r reaches the weight to within max(0, |r| - c G), G the sum of |u_k| over S
    (`slth.perturb`). Of the closest subsets of each size, proven, the one is taken with which that is least, then the one that needs the
    least movement |r| / G, then the smallest. Subsets that are not the closest of their size are not looked at: where the |u_k| differ much
    one of them may do better (of 1,000 uniform weights with 5, 8 or 11 candidates, c from 0.003 to 0.1: at most 2 % of the weights, the
    mean error at most 2 % above that of the best of all subsets).

    Without a budget errors count as they are after the movement, so that the worst of these get more candidates; with one they count as
    they are, since the ticket has to meet it unmoved.

    Parameters
    ----------
    c : float
        >= 0, in units of the source's weights.
    """

    c: float = 0.01

    @property
    def name(self) -> str:
        return f"perturbable({self.c!r})"

    def __post_init__(self) -> None:
        movement(self.c)

    @property
    def most(self) -> int:
        return _MOST

    @property
    def rescues(self) -> int:
        return 2

    def cost(self, n: int) -> float:
        return min(n, _MOST) * (500 + 8 * 2 ** (min(n, _MOST) / 2))

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        if tolerance is None:
            return without_padding(problems, self._best)
        chosen, _ = without_padding(problems, self._best)
        sums = np.where(chosen, problems.samples, 0.0).sum(axis=1)
        return chosen, counted(np.abs(sums - problems.targets), tolerance)

    def _best(self, problems: Problems) -> Answer:
        """The choice, and what is left after the movement."""
        samples, targets = problems.samples, problems.targets
        # a bias of the output's own is no product: it moves itself
        gains = np.where(problems.gains > 0, problems.gains, 1.0)
        chosen = np.zeros(samples.shape, np.bool_)
        least, needed = np.abs(targets), np.zeros(len(targets))  # of the empty subset
        for k in range(1, samples.shape[1] + 1):
            found = subset_sum.solve(samples, targets, size=k, workers=1)
            reach = np.where(found.chosen, gains, 0.0).sum(axis=1)
            rest, by = np.maximum(found.error - self.c * reach, 0.0), np.minimum(found.error / reach, self.c)
            better = (rest < least) | ((rest == least) & (by < needed))
            chosen[better], least[better], needed[better] = found.chosen[better], rest[better], by[better]
        return chosen, least

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self
