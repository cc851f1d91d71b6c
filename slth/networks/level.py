"""One level of an anatomy: its neurons, what they are connected to, and the weights that lead to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Degrees:
    """How many connections the nodes of a level have.

    Attributes
    ----------
    each : (width,) int64
    """

    each: NDArray[np.int64]

    @property
    def least(self) -> int:
        """The smallest."""
        return int(self.each.min())

    @property
    def mean(self) -> float:
        """The mean."""
        return float(self.each.mean())

    @property
    def most(self) -> int:
        """The largest."""
        return int(self.each.max())

    @property
    def histogram(self) -> NDArray[np.int64]:
        """(most + 1,) int64: how many nodes have degree 0, 1, ..."""
        return np.bincount(self.each)

    def __str__(self) -> str:
        return f"{self.least:,} / {self.mean:,.4g} / {self.most:,}"


@dataclass(frozen=True, eq=False)
class Level:
    """The neurons of one layer and the weights that lead to them.

    Every neuron is either live, a constant, a dead end, or silent. The last two are dead: with their weights and biases set to zero the
    network puts out, bit for bit, the same.

    Attributes
    ----------
    kind : str
        "input", "dense", "conv2d", or "sum" for the end of a residual block.
    fed : (width,) bool
        Some path of kept weights leads here from an input.
    heard : (width,) bool
        Some path of kept weights leads from here to an output.
    driven : (width,) bool
        Some path leads here from a kept bias, the neuron's own among them, or from a neuron whose activation does not map 0 to 0.
    paths : (width,) object
        Paths from an input to an output through each neuron, Python integers.
    fan_in, fan_out : Degrees
        Neurons from which kept weights lead to each, and to which they lead from each.
    weights, kept_weights, live_weights : int
        Weights that lead here: all, those that are not zero, and of these the ones on a path from an input to an output.
    biases, kept_biases : int
    effective : int
        Weights and biases kept here once the dead neurons are removed.
    """

    kind: str
    fed: Bools
    heard: Bools
    driven: Bools
    paths: Objects
    fan_in: Degrees
    fan_out: Degrees
    weights: int
    kept_weights: int
    live_weights: int
    biases: int
    kept_biases: int
    effective: int

    @property
    def width(self) -> int:
        """Neurons."""
        return int(self.fed.size)

    @property
    def live(self) -> Bools:
        """(width,): on a path from an input to an output."""
        return self.fed & self.heard

    @property
    def constant(self) -> Bools:
        """(width,): heard, and the same for every input: a bias of what comes after."""
        return self.heard & self.driven & ~self.fed

    @property
    def dead_end(self) -> Bools:
        """(width,): fed or driven, but no output hears of it."""
        return (self.fed | self.driven) & ~self.heard

    @property
    def silent(self) -> Bools:
        """(width,): always 0."""
        return ~(self.fed | self.driven)

    @property
    def dead(self) -> Bools:
        """(width,): a dead end or silent."""
        return self.dead_end | self.silent
