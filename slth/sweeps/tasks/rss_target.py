"""Random subset sum for one target: how many samples until some subset comes within epsilon of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slth import laws
from slth.sweeps.tally import Tally
from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.first import MAX_PROVEN, FirstSufficient, first_within, pieces
from slth.validation import positive_int


@dataclass(frozen=True, kw_only=True)
class RSSTarget(FirstSufficient):
    """P(some subset of n samples has its sum within epsilon of the target), for several n and epsilon at once.

    A trial draws samples of the law, and a target from U[target - spread, target + spread] (if `spread` is 0 the number itself; the empty
    subset meets a target of 0). The samples grow from the first of `ns` to the last until the smallest epsilon is met; each step is settled
    by a proven subset sum. Counted: by epsilon, the first n that suffices (`FirstSufficient`). Failure probabilities down to 10^-6 are
    within reach: at a larger n only the trials cost anything that have failed so far.

    Parameters
    ----------
    ns : tuple of int
        Numbers of samples, up to 44.
    epsilons : tuple of float
        > 0; a sum at a distance of exactly epsilon is within.
    law : str
        Name of a law (`slth.laws.get`).
    target, spread : float

    Notes
    -----
    Trials a second on one core: 1,600,000 for n = 20 and epsilon = 0.01; 900,000 for ns = (12, 16, 20, 24); 150,000 for ns from 4 to 24 in
    steps of two and epsilons from 0.1 to 0.001.

    Source of the question: Lueker, "Exponentially small bounds on the expected optimum of the partition and subset sum problems", Random
    Structures and Algorithms 12 (1998); da Cunha et al., "Revisiting the random subset sum problem", ESA 2023.
    """

    kind: ClassVar[str] = "rss-target"

    trials_a_block: int = 100_000
    ns: tuple[int, ...]
    epsilons: tuple[float, ...]
    law: str = "uniform"
    target: float = 0.0
    spread: float = 1.0

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        _set = object.__setattr__
        _set(self, "ns", parameters.lengths(self.ns, "ns", 1, MAX_PROVEN))
        _set(self, "epsilons", parameters.epsilons(self.epsilons))
        _set(self, "law", parameters.law_name(self.law))
        _set(self, "target", parameters.real(self.target, "target"))
        _set(self, "spread", parameters.not_negative(self.spread, "spread"))

    @property
    def lengths(self) -> tuple[int, ...]:
        return self.ns

    @property
    def tolerances(self) -> tuple[float, ...]:
        return self.epsilons

    @property
    def _scale(self) -> float:
        """What targets are multiplied by."""
        return 1.0

    @property
    def _size(self) -> int | None:
        """How many samples a subset must have."""
        return None

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        law, total = laws.get(self.law), Tally()
        for some in pieces(trials):
            targets = parameters.targets(self.target, self.spread, some, rng)
            first = first_within(
                lambda m, n: law.sample((m, n), rng),
                self._scale * targets,
                self.ns,
                self.epsilons,
                size=self._size,
            )
            total += self.tally_of(first)
        return total
