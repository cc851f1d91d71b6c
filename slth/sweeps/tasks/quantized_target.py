"""Quantized random subset sum for one target: integers as samples, one integer to come near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slth.sweeps.tally import Tally
from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.first import MAX_PROVEN, FirstSufficient, first_within, pieces
from slth.sweeps.tasks.quantized import MAX_M
from slth.validation import positive_int


@dataclass(frozen=True, kw_only=True)
class QuantizedTarget(FirstSufficient):
    """P(some subset of X_1..X_n has its sum within Delta of the target), integers, for several n and Delta at once.

    A trial draws the target, unless one is given, and X_1, X_2, ... uniformly from {-M..M}; they grow from the first of `ns` to the last
    until the smallest Delta is met. Counted: by Delta, the first n that suffices (`FirstSufficient`).

    Parameters
    ----------
    ns : tuple of int
        Numbers of samples, up to 44.
    m : int
        M, up to 2^20.
    deltas : tuple of int
        Delta >= 0; 0 asks for the target itself.
    target : int or None
        None draws it uniformly from {-M..M}. The empty subset meets 0.

    Notes
    -----
    Trials a second on one core, M = 1000: 770,000 for n = 12, 270,000 for ns = (8, 12, 16, 20) and deltas (0, 1).

    Source of the question: Kumar and Natale, "A Unified Framework for Quantized and Continuous Strong Lottery Tickets", 2026; for
    all targets at once `Quantized`.
    """

    kind: ClassVar[str] = "quantized-target"

    trials_a_block: int = 100_000
    ns: tuple[int, ...]
    m: int
    deltas: tuple[int, ...] = (0,)
    target: int | None = None

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        _set = object.__setattr__
        _set(self, "ns", parameters.lengths(self.ns, "ns", 1, MAX_PROVEN))
        _set(self, "m", parameters.up_to(self.m, "m", MAX_M))
        _set(self, "deltas", parameters.ascending(self.deltas, "deltas", parameters.natural))
        if self.target is not None:
            sign = -1 if parameters.real(self.target, "target") < 0 else 1
            _set(self, "target", sign * parameters.natural(sign * self.target, "target"))

    @property
    def lengths(self) -> tuple[int, ...]:
        return self.ns

    @property
    def tolerances(self) -> tuple[int, ...]:
        return self.deltas

    @property
    def _names(self) -> tuple[str, str]:
        return "n", "delta"

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        total = Tally()

        def draw(*shape: int) -> np.ndarray:
            return rng.integers(-self.m, self.m, shape, endpoint=True).astype(np.float64)

        for some in pieces(trials):
            targets = draw(some) if self.target is None else np.full(some, float(self.target))
            # integers: within Delta is within Delta + 1/2, and float64 holds their sums
            first = first_within(draw, targets, self.ns, tuple(delta + 0.5 for delta in self.deltas))
            total += self.tally_of(first)
        return total
