"""How many subsets of each size come near a target: moments of the counts, for the first and second moment method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slth import laws, subset_sum
from slth.sweeps.tally import Tally
from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.by_size import CountsBySize
from slth.sweeps.tasks.first import pieces
from slth.validation import positive_float, positive_int

MAX_COUNTED = 40  # samples: a count takes milliseconds

_PIECE = 1_000


@dataclass(frozen=True, kw_only=True)
class Counts(CountsBySize):
    """Numbers of subsets of n samples, by size k, whose sum lies within epsilon of the target.

    A trial draws n samples of the law and a target from U[target - spread, target + spread], and counts exactly. Counted: sums of the
    counts and of their squares by size (their means estimate E[Y_k] and E[Y_k^2] without bias), and the trials with any
    (`CountsBySize`): P(Y_k > 0) for all sizes k of one n at once, the phase diagram of fixed sizes along a line of constant n.

    Parameters
    ----------
    n : int
        Up to 40.
    epsilon : float
        > 0; a sum at a distance of exactly epsilon is within.
    law : str
    target, spread : float

    Notes
    -----
    Trials a second on one core: 100,000 for n = 12, 35,000 for n = 20, 1,200 for n = 30.

    Source: `subset_sum.log2_expected` is the first moment; Natale et al., NeurIPS 2024, proof of Theorem 2, uses both moments.
    """

    kind: ClassVar[str] = "counts"

    trials_a_block: int = 4_000
    n: int
    epsilon: float
    law: str = "uniform"
    target: float = 0.0
    spread: float = 0.0

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        _set = object.__setattr__
        _set(self, "n", parameters.up_to(self.n, "n", MAX_COUNTED))
        _set(self, "epsilon", positive_float(self.epsilon, "epsilon"))
        _set(self, "law", parameters.law_name(self.law))
        _set(self, "target", parameters.real(self.target, "target"))
        _set(self, "spread", parameters.not_negative(self.spread, "spread"))

    @property
    def largest(self) -> int:
        return self.n

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        law, total = laws.get(self.law), Tally()
        for some in pieces(trials, _PIECE):
            targets = parameters.targets(self.target, self.spread, some, rng)
            found = subset_sum.count(law.sample((some, self.n), rng), targets, self.epsilon, method="exact", workers=1)
            between = (found.lower != found.upper).any(axis=1)
            total += self.tally_of(found.lower.astype(np.uint64), int(between.sum()))
        return total
