"""Number partitioning: how even the most even split of random integers is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

import numpy as np

from slth import subset_sum
from slth.sweeps.tally import Tally
from slth.sweeps.task import Point, Task
from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.first import MAX_PROVEN, pieces
from slth.validation import positive_int


@dataclass(frozen=True, kw_only=True)
class Partition(Task):
    """P(discrepancy < 2^j) of n integers drawn uniformly from {1..2^bits}, for all j at once.

    The discrepancy is the least absolute value of a sum with signs; below 2 (j = 1) the partition is perfect. With the sign of the first
    number fixed, it is the distance of the total to a subset sum of twice the others; these are proven, on integers below 2^53. Counted:
    ``discrepancy``, trials by the number of bits of the discrepancy, 0 to `bits` + 1. (Adding a number can make the best split worse, so
    each n is a task of its own.)

    Parameters
    ----------
    n : int
        2 to 44.
    bits : int
        1 to 46.

    Notes
    -----
    Trials a second on one core: 770,000 for n = 12, 360,000 for n = 20.

    Source: Borgs, Chayes, Pittel, "Phase transition and finite-size scaling for the integer partitioning problem", Random Structures and
    Algorithms 19 (2001): perfect partitions appear near bits = n.
    """

    kind: ClassVar[str] = "partition"

    trials_a_block: int = 100_000
    n: int
    bits: int

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        object.__setattr__(self, "n", parameters.up_to(self.n, "n", MAX_PROVEN, 2))
        object.__setattr__(self, "bits", parameters.up_to(self.bits, "bits", 46))

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple({"n": self.n, "below_bits": j} for j in range(1, self.bits + 1))

    def successes(self, tally: Tally) -> tuple[int, ...]:
        if not tally.trials:
            return (0,) * len(self.points)
        return tuple(accumulate(tally["discrepancy"]))[1 : self.bits + 1]

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        total = Tally()
        for some in pieces(trials):
            numbers = rng.integers(1, 2**self.bits, (some, self.n), endpoint=True)
            best = subset_sum.solve(2.0 * numbers[:, 1:], numbers.sum(axis=1).astype(np.float64), workers=1)
            if (best.status != subset_sum.Status.OPTIMAL).any():
                raise RuntimeError(f"a partition of n = {self.n} integers was not settled; take a smaller n")
            # the exponent of frexp is the number of bits of a whole number below 2^53
            bits = np.frexp(best.error)[1]
            total += Tally(some, {"discrepancy": tuple(np.bincount(bits, minlength=self.bits + 2).tolist())})
        return total
