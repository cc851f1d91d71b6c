"""Quantized random subset sum: integers as samples, and all integer targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slth import subset_sum
from slth.sweeps.tally import Tally
from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.first import FirstSufficient, pieces
from slth.validation import positive_int

MAX_LENGTH = 64
MAX_M = 2**20

_PIECE = 5_000


@dataclass(frozen=True, kw_only=True)
class Quantized(FirstSufficient):
    """P(tau > t): the first t for which every integer of {-M..M} is within Delta of a subset sum of X_1..X_t.

    A trial draws X_1..X_n uniformly from {-M..M}. Within Delta of an integer there is a subset sum exactly if the intervals of half-width
    Delta + 1/2 around the sums cover it, and the real interval [-M, M] is covered exactly if all its integers are; so tau comes from
    `subset_sum.coverage` on the integer lattice, where nothing is rounded. Counted: by Delta, tau, from 1 to n (`FirstSufficient`).

    Parameters
    ----------
    n : int
        The longest row, up to 64.
    m : int
        M, up to 2^20.
    deltas : tuple of int
        Delta >= 0.

    Notes
    -----
    Trials a second on one core: 520,000 for M = 15 and n = 24; 150,000 for M = 1023, n = 32 and three Delta; 24,000 for M = 2^16 and
    n = 40.

    Source: Kumar and Natale, "A Unified Framework for Quantized and Continuous Strong Lottery Tickets", 2026, Theorem 2, whose exponent for
    the decay of P(tau > t) has unspecified constants. For one target: "quantized-target"; for signs: "partition".
    """

    kind: ClassVar[str] = "quantized"

    trials_a_block: int = 50_000
    n: int
    m: int
    deltas: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        _set = object.__setattr__
        _set(self, "n", parameters.up_to(self.n, "n", MAX_LENGTH))
        _set(self, "m", parameters.up_to(self.m, "m", MAX_M))
        _set(self, "deltas", parameters.ascending(self.deltas, "deltas", parameters.natural))

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(range(1, self.n + 1))

    @property
    def tolerances(self) -> tuple[int, ...]:
        return self.deltas

    @property
    def _names(self) -> tuple[str, str]:
        return "n", "delta"

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        total = Tally()
        ends = (-float(self.m), float(self.m))
        for some in pieces(trials, _PIECE):
            samples = rng.integers(-self.m, self.m, (some, self.n), endpoint=True).astype(np.float64)
            first = []
            for delta in self.deltas:
                found = subset_sum.coverage(samples, delta + 0.5, ends, method="grid", resolution=1.0, workers=1)
                if (found.first_n_lower != found.first_n_upper).any():
                    raise AssertionError("on the lattice of the integers the grid decides every row")
                first.append(found.first_n_upper)
            total += self.tally_of(np.maximum(np.stack(first, axis=1), 1) - 1)
        return total
