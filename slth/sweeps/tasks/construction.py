"""A construction at a width: how near it comes to a target, and what it keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from slth import constructions, data
from slth.approximation import approximate
from slth.constructions import TooFewCandidatesError
from slth.networks import Network, read_domain, source_law
from slth.networks.bits import ones
from slth.sweeps.tally import Tally
from slth.sweeps.task import Point, Task
from slth.sweeps.tasks import octaves, parameters
from slth.validation import positive_int

ERRORS: Final = ("weight", "certified", "seen")

_SEEN = 256  # inputs drawn for a random target


@dataclass(frozen=True, kw_only=True)
class Construction(Task):
    """`slth.approximate` in fresh random networks: errors against width, and weights kept layer by layer.

    A trial draws a random network, and a target unless that is "digits", and prunes the one to the other. Three errors of the ticket are
    measured: "weight" (the largest of an effective weight), "certified" (of the outputs, on [low, high]^d) and "seen" (of the outputs, on
    the 1797 test images for the digits, else on 256 random inputs). Counted, for each of the three: ``within`` (trials with an error of at
    most each epsilon: the successes), ``octaves`` (histogram of -log2) and ``logarithms`` (sums of it and of its square), all as in
    `slth.sweeps.tasks.octaves`. By layer of the random network: sums of the weights kept and of their squares (``kept``, ``kept_squares``),
    of the biases kept (``kept_biases``), and of all weights (``weights``). ``too_narrow``: trials in which a weight had fewer candidates
    than the construction takes; they count as failures, and in no other sum. In "two-layer" and its rules the outputs share the edges of
    the first random layer: ``(kept[0] + kept_biases[0]) / kept[1]`` is 1 where none serves two weights or biases.

    Parameters
    ----------
    width : int
        Widening factor.
    epsilons : tuple of float
        > 0; shared by the three errors.
    target : str
        "digits", the trained 64-32-10 network, or the shape of a random one, such as "8-4-2".
    weights : str
        Law of the weights and biases of a random target.
    construction : str
        As in `slth.approximate`: "two-layer", "fixed-size(5)", ...
    law : str or None
        Of the random network; that of the construction by default.
    low, high : float
        The domain, the same for all inputs.

    Notes
    -----
    Trials a second on one core: 7 for the digits at width 42, 45 for "8-4-2" at width 20.

    Errors of outputs are differences of float64 sums in the order of the local BLAS. On machines of different kinds an error e of outputs y
    moves by about 1e-15 y, and an integer changes in about 1e-12 y / e of the trials: too many, for small e, to merge stores with common
    blocks from unlike machines.
    """

    kind: ClassVar[str] = "construction"
    holds_gil: ClassVar[bool] = True

    trials_a_block: int = 4
    width: int
    epsilons: tuple[float, ...]
    target: str = "digits"
    weights: str = "uniform"
    construction: str = "two-layer"
    law: str | None = None
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        low, high = parameters.interval(self.low, self.high)
        _set = object.__setattr__
        method = constructions.get(self.construction)
        if not method.follows:
            raise ValueError(
                f"construction={self.construction!r} is not made for a target; take another, or the kind 'search'"
            )
        _set(self, "construction", method.name)
        _set(self, "law", None if self.law is None else source_law(self.law).name)
        _set(self, "weights", source_law(self.weights).name)
        _set(self, "width", positive_int(self.width, "width"))
        _set(self, "epsilons", parameters.epsilons(self.epsilons))
        _set(self, "target", "digits" if self.target == "digits" else parameters.shape_name(self.target))
        _set(self, "low", low)
        _set(self, "high", high)

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple({"error": error, "epsilon": epsilon} for error in ERRORS for epsilon in self.epsilons)

    def successes(self, tally: Tally) -> tuple[int, ...]:
        if not tally.trials:
            return (0,) * len(self.points)
        return tuple(hits for row in tally["within"] for hits in row)

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        return sum((self._one(rng) for _ in range(trials)), Tally())

    def _one(self, rng: np.random.Generator) -> Tally:
        if self.target == "digits":
            target, inputs = _digits()
        else:
            target = Network.random(parameters.shape(self.target), law=self.weights, rng=rng)
            inputs = read_domain((self.low, self.high), target.coordinates).sample(rng, _SEEN)
        try:
            ticket = approximate(
                target,
                self.width,
                construction=self.construction,
                law=self.law,
                domain=(self.low, self.high),
                rng=rng,
                workers=1,
            )
        except TooFewCandidatesError:
            none = tuple((0,) * len(self.epsilons) for _ in ERRORS)
            return Tally(1, {"within": none, "too_narrow": 1})
        errors = ticket.weight_error, ticket.error_bound, ticket.error(inputs)
        kept = tuple(map(ones, ticket.masks.weights))
        biases = tuple(all_ - weights for all_, weights in zip(ticket.kept_by_layer, kept, strict=True))
        shapes = ticket.source.shapes
        return Tally(
            1,
            {
                "within": tuple(tuple(int(error <= epsilon) for epsilon in self.epsilons) for error in errors),
                "octaves": tuple(octaves.histogram([error]) for error in errors),
                "logarithms": tuple(octaves.moments([error]) for error in errors),
                "kept": kept,
                "kept_squares": tuple(count * count for count in kept),
                "kept_biases": biases,
                "weights": tuple(math.prod(shape) for shape in shapes),
                "too_narrow": 0,
            },
        )


@cache
def _digits() -> tuple[Network, NDArray[np.float64]]:
    """The trained network, and its test images."""
    return Network.read(data.digits_arrays()), data.digits_test()[0]
