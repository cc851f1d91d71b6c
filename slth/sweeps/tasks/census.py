"""How many subnetworks of each size of a tiny random network come near a random target."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from slth import census
from slth.networks import Network, source_law
from slth.sweeps.tally import Tally
from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.by_size import CountsBySize
from slth.validation import positive_float, positive_int

MAX_PARAMETERS = 30


@dataclass(frozen=True, kw_only=True)
class Census(CountsBySize):
    """Numbers of masks, by the weights and biases they keep, that bring a random network within epsilon of a random target.

    A trial draws both networks and counts every mask, exactly (`slth.count_subnetworks`), for the worst error on [low, high]^d. Counted: as
    `CountsBySize`.

    Parameters
    ----------
    source, target : str
        Shapes, such as "2-6-1" and "2-1": at most 2 inputs, the same numbers of inputs and outputs, at most 30 weights and biases in the
        source.
    epsilon : float
        > 0.
    law, weights : str
        Laws of the source and of the target.
    low, high : float
        The domain, the same for all inputs.

    Notes
    -----
    Trials a second on one core: 240 for "1-5-1", 86 for "2-3-1".
    """

    kind: ClassVar[str] = "census"
    holds_gil: ClassVar[bool] = True

    trials_a_block: int = 20
    source: str
    target: str
    epsilon: float
    law: str = "uniform"
    weights: str = "uniform"
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        low, high = parameters.interval(self.low, self.high)
        _set = object.__setattr__
        _set(self, "source", parameters.shape_name(self.source))
        _set(self, "target", parameters.shape_name(self.target))
        _set(self, "epsilon", positive_float(self.epsilon, "epsilon"))
        _set(self, "law", source_law(self.law).name)
        _set(self, "weights", source_law(self.weights).name)
        _set(self, "low", low)
        _set(self, "high", high)
        source, target = parameters.shape(self.source), parameters.shape(self.target)
        if (source[0], source[-1]) != (target[0], target[-1]) or source[0] > 2:
            raise ValueError(
                f"source and target must take the same 1 or 2 inputs and give the same outputs, got {self.source} and {self.target}"
            )
        if self.largest > MAX_PARAMETERS:
            raise ValueError(
                f"a census counts 2^{self.largest} masks for {self.source}; take a source of at most {MAX_PARAMETERS} weights and biases"
            )

    @property
    def largest(self) -> int:
        widths = parameters.shape(self.source)
        return sum((d_in + 1) * d_out for d_in, d_out in pairwise(widths))

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        rows = []
        for _ in range(trials):
            source = Network.random(parameters.shape(self.source), law=self.law, rng=rng)
            target = Network.random(parameters.shape(self.target), law=self.weights, rng=rng)
            found = census.count_subnetworks(source, target, self.epsilon, domain=(self.low, self.high), workers=1)
            rows.append([int(count) for count in found.by_size])
        return self.tally_of(np.array(rows, np.uint64), 0)
