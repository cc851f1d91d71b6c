"""A task whose numbers are quickly made and easily known: coins."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slth.sweeps.tally import Tally
from slth.sweeps.task import Point, Task


@dataclass(frozen=True)
class Coins(Task):
    """Heads among trials of a coin, for several coins at once, and the sum of the draws in units of 1e-6."""

    kind: ClassVar[str] = "test-coins"

    trials_a_block: int = 10
    heads: tuple[float, ...] = (0.5,)
    seconds: float = 0.0

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple({"heads": one} for one in self.heads)

    def successes(self, tally: Tally) -> tuple[int, ...]:
        return tuple(tally["heads"])

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        if self.seconds:
            time.sleep(self.seconds)
        draws = rng.random(trials)
        heads = (draws[:, None] < np.array(self.heads)).sum(axis=0)
        return Tally(trials, {"heads": heads, "sum": int(np.rint(draws * 1e6).sum())})


@dataclass(frozen=True)
class Slow(Coins):
    """Holds the interpreter: goes to processes."""

    kind: ClassVar[str] = "test-slow-coins"
    holds_gil: ClassVar[bool] = True


@dataclass(frozen=True)
class Faulty(Coins):
    """Fails where its first draw is below `faults`."""

    kind: ClassVar[str] = "test-faulty-coins"
    faults: float = 0.1

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        if rng.random() < self.faults:
            raise ArithmeticError("the coin stands on its edge")
        return super().measure(rng, trials)


@dataclass(frozen=True)
class Deadly(Slow):
    """Kills its process where its first draw is below `faults`: always, or, with a file named, the first time alone."""

    kind: ClassVar[str] = "test-deadly-coins"
    faults: float = 0.1
    once: str = ""

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        if rng.random() < self.faults and not (self.once and os.path.exists(self.once)):
            if self.once:
                open(self.once, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().measure(rng, trials)
