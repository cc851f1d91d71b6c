"""Multidimensional random subset sum: vectors, and a target vector that some subset comes near in every coordinate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slth import laws
from slth.sweeps.tally import Tally
from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.first import FirstSufficient, first_within, pieces
from slth.validation import positive_int

MAX_LENGTH = 40  # vectors: proven in milliseconds
MAX_DIMENSION = 64

_PIECE = 2_000


@dataclass(frozen=True, kw_only=True)
class Vectors(FirstSufficient):
    """P(some subset of n vectors in R^d has its sum within epsilon of the target in the max-norm), for several n and epsilon at once.

    A trial draws vectors with independent entries of the law, and a target from U[-reach, reach]^d (if `reach` is 0 the origin, which the
    empty subset meets). The vectors grow from the first of `ns` to the last until the smallest epsilon is met; every step is proven.
    Counted: by epsilon, the first n that suffices (`FirstSufficient`).

    Parameters
    ----------
    d : int
        Dimension.
    ns : tuple of int
        Numbers of vectors, up to 40.
    epsilons : tuple of float
    law : str
    reach : float

    Notes
    -----
    Trials a second on one core: 95,000 for d = 1 and ns to 12, 25,000 for d = 3 and ns to 20 (epsilon = 0.1); 3,000 for d = 6 and ns to 24.

    Source of the question: Becchetti, da Cunha et al., "On the multidimensional random subset sum problem", 2022: n = O(d^3
    log^2(1/epsilon)) suffices for all targets; about d log2(1/epsilon) are needed (first moment).
    """

    kind: ClassVar[str] = "vectors"

    trials_a_block: int = 5_000
    d: int
    ns: tuple[int, ...]
    epsilons: tuple[float, ...]
    law: str = "normal"
    reach: float = 1.0

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        _set = object.__setattr__
        _set(self, "d", parameters.up_to(self.d, "d", MAX_DIMENSION))
        _set(self, "ns", parameters.lengths(self.ns, "ns", 1, MAX_LENGTH))
        _set(self, "epsilons", parameters.epsilons(self.epsilons))
        _set(self, "law", parameters.law_name(self.law))
        _set(self, "reach", parameters.not_negative(self.reach, "reach"))

    @property
    def lengths(self) -> tuple[int, ...]:
        return self.ns

    @property
    def tolerances(self) -> tuple[float, ...]:
        return self.epsilons

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        law, total = laws.get(self.law), Tally()
        for some in pieces(trials, _PIECE):
            targets = self.reach * laws.Uniform().sample((some, self.d), rng)
            first = first_within(
                lambda m, n: law.sample((m, n, self.d), rng), targets, self.ns, self.epsilons, norm="max"
            )
            total += self.tally_of(first)
        return total
