"""How near the closest subset comes: the law of the smallest error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slth import laws, subset_sum
from slth.sweeps.tally import Tally
from slth.sweeps.task import Point, Task
from slth.sweeps.tasks import octaves, parameters
from slth.sweeps.tasks.first import MAX_PROVEN, pieces
from slth.validation import positive_int

UNIT = 80  # errors are summed in units of 2^-80


@dataclass(frozen=True, kw_only=True)
class ClosestError(Task):
    """The distance of a target to the closest subset sum of n samples: its mean, its law in quarter octaves.

    A trial draws a target from U[target - spread, target + spread] and n samples of the law, and finds the closest subset, proven. Its
    error is exact and rounded once, to float64. Counted: ``octaves``, a histogram of -log2(error), and ``logarithms``, sums of it and of
    its square (`slth.sweeps.tasks.octaves`); ``error``, the sum of the errors, each rounded down to a multiple of 2^-80, in that unit;
    ``within``, trials with an error of at most each of `epsilons`.

    Parameters
    ----------
    n : int
        Up to 44.
    size : int or None
        Only subsets of so many samples.
    epsilons : tuple of float
        > 0.
    law : str
    target, spread : float

    Notes
    -----
    Trials a second on one core: 690,000 for n = 10, 210,000 for n = 21, 9,000 for n = 30.

    Source: `bounds.log_closest_error` predicts it; the measurement of Pensia et al., NeurIPS 2020, and of da Cunha et al., ICLR 2022.
    """

    kind: ClassVar[str] = "closest-error"

    trials_a_block: int = 50_000
    n: int
    size: int | None = None
    epsilons: tuple[float, ...] = (0.01,)
    law: str = "uniform"
    target: float = 0.0
    spread: float = 1.0

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        _set = object.__setattr__
        _set(self, "n", parameters.up_to(self.n, "n", MAX_PROVEN))
        if self.size is not None:
            _set(self, "size", parameters.up_to(self.size, "size", self.n))
        _set(self, "epsilons", parameters.epsilons(self.epsilons))
        _set(self, "law", parameters.law_name(self.law))
        _set(self, "target", parameters.real(self.target, "target"))
        _set(self, "spread", parameters.not_negative(self.spread, "spread"))

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple({"epsilon": epsilon} for epsilon in self.epsilons)

    def successes(self, tally: Tally) -> tuple[int, ...]:
        return tally["within"] if tally.trials else (0,) * len(self.epsilons)

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        law, total = laws.get(self.law), Tally()
        for some in pieces(trials):
            targets = parameters.targets(self.target, self.spread, some, rng)
            closest = subset_sum.solve(law.sample((some, self.n), rng), targets, size=self.size, workers=1)
            if (closest.status != subset_sum.Status.OPTIMAL).any():
                raise RuntimeError(f"a closest subset of n = {self.n} samples was not proven; take a smaller n")
            errors = closest.error
            total += Tally(
                some,
                {
                    "octaves": octaves.histogram(errors),
                    "logarithms": octaves.moments(errors),
                    "error": sum(map(int, (errors * 2.0**UNIT).tolist())),
                    "within": tuple((errors <= np.array(self.epsilons)[:, None]).sum(axis=1).tolist()),
                },
            )
        return total
