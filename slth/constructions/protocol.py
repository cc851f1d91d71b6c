"""What a construction is: a plan of the random network, subset-sum problems block by block, and the masks that follow.

`approximate` and `Ticket` know constructions only through this protocol; a new paper is one new file and one entry of `CONSTRUCTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from slth.networks import Domain, Layer, Linear, Network, RandomSource

Bits = NDArray[np.uint8]
Shapes = tuple[tuple[int, int], ...]
# of a source layer, the pruned weights (d_out, d_in), or rows of them when they are needed, and biases
Weights = Callable[[int], tuple[Any, NDArray[np.float64] | None]]


@dataclass(frozen=True)
class Effective:
    """What a pruned piece of network does to its input, in the target's terms: the linear layer it stands for.

    ``y = activation(scale * (positive * relu(x) + negative * relu(-x) + bias + r))``, * as the layer's `Form` lets a matrix act; each entry
    is known up to the rounding of its computation. The gains bound what rounding can act on: the sums of the absolute products. Where the
    piece is not quite linear, ``|r| <= curvature * |x|**power``; else r is 0.

    Attributes
    ----------
    positive, negative : (rows, columns) float64
    bias : (outputs,) float64
    positive_gain, negative_gain : (rows, columns) float64
        Sums of absolute products behind each entry.
    bias_gain : (outputs,) float64
    terms : int
        Most numbers added up for one output, for rounding bounds.
    scale : float
    activation : str
    copies : int
        Rows for each row of the target: several neurons may stand for one of its.
    gathers : bool
        Whether an input stands for several neurons, each with an error of its own: an error is then carried by the gains.
    curvature : (rows, columns) float64 or None
        Of what the linear layer leaves out.
    power : int
        How that grows with the input.
    """

    positive: NDArray[np.float64]
    negative: NDArray[np.float64]
    bias: NDArray[np.float64]
    positive_gain: NDArray[np.float64]
    negative_gain: NDArray[np.float64]
    bias_gain: NDArray[np.float64]
    terms: int
    scale: float
    activation: str
    copies: int = 1
    gathers: bool = False
    curvature: NDArray[np.float64] | None = None
    power: int = 1

    @classmethod
    def of(cls, layer: Linear) -> Effective:
        """A linear layer as what it stands for itself."""
        form, matrix, gain = layer.form, layer.matrix, layer.gain
        return cls(
            positive=matrix,
            negative=-matrix,
            bias=np.zeros(form.outputs) if layer.bias is None else layer.bias,
            positive_gain=gain,
            negative_gain=gain,
            bias_gain=layer.bias_gain,
            terms=form.columns * form.window + layer.roundings + 1,
            scale=layer.scale,
            activation=layer.activation,
        )

    def of_outputs(self, some: slice) -> Effective:
        """The same for some outputs of the target layer, all their copies and rows."""
        window = len(self.positive) // len(self.bias)
        mine = slice(some.start * self.copies, some.stop * self.copies)
        rows = slice(mine.start * window, mine.stop * window)
        return replace(
            self,
            positive=self.positive[rows],
            negative=self.negative[rows],
            bias=self.bias[mine],
            positive_gain=self.positive_gain[rows],
            negative_gain=self.negative_gain[rows],
            bias_gain=self.bias_gain[mine],
            curvature=None if self.curvature is None else self.curvature[rows],
        )


@dataclass(frozen=True)
class Problems:
    """Some subset-sum problems of one target layer.

    Attributes
    ----------
    layer : int
        Linear layer of the target, from 0.
    scale : float
        What a unit of `samples` and `targets` is worth in the target network.
    rows, groups : (m,) int64
        Where each belongs: a row of the layer's matrix, and a group of candidates in the construction's own numbering.
    samples : (m, n) float64
        Candidates; zeros are padding.
    gains : (m, n) float64
        The first factor of a candidate that is a product of two weights, else 0.
    targets : (m,) float64
        What each subset is to sum to.
    again : bool
        Whether they have been answered before.
    """

    layer: int
    scale: float
    rows: NDArray[np.int64]
    groups: NDArray[np.int64]
    samples: NDArray[np.float64]
    gains: NDArray[np.float64]
    targets: NDArray[np.float64]
    again: bool = False


@dataclass(frozen=True)
class Masks:
    """Which weights and biases of a source are kept, one entry a layer.

    Attributes
    ----------
    weights : tuple of (d_out, ceil(d_in / 8)) uint8
        Rows of bits, as `numpy.packbits` packs them.
    biases : tuple of bool, one for each bias, or None where the layer has no bias
    """

    weights: tuple[Bits, ...]
    biases: tuple[NDArray[np.bool_] | None, ...]


@dataclass(frozen=True)
class Inserted:
    """A random layer that stands before a target layer, and which subsets its neurons are candidates of.

    Each output of the target layer takes a subset of its own for each half of each input; what a neuron hands over is there for all.

    Attributes
    ----------
    layer : int
        Linear layer of the target.
    first : int
        The inserted layer of the source; the layer behind it holds the subsets.
    outputs : int
        Rows of the layer behind it, from the first, that take subsets: one for each copy of an output and each place of a kernel.
    groups : function without arguments
        Recomputes, from seed and masks, (hidden,) int64: the half of an input, numbered from 0, that a neuron serves or could serve; -1 for
        none, and for constants.
    theorem : int or None
        The most weights that the two layers keep by the theorem of the construction; None where it does not say.
    """

    layer: int
    first: int
    outputs: int
    groups: Callable[[], NDArray[np.int64]]
    theorem: int | None = None


class TooFewCandidatesError(ValueError):
    """A weight has fewer candidates than a construction has to take; the message says how many and what helps."""


class Plan(Protocol):
    """A construction applied to one target and one random network."""

    @property
    def source(self) -> RandomSource:
        """The random network."""

    @property
    def scales(self) -> tuple[float, ...]:
        """The positive scales of the ticket, `Construction.count_scales` many, once every block has been placed."""

    @property
    def unsolved(self) -> int:
        """Problems that no answer has been placed for."""

    def rounds(self) -> Iterator[Iterator[Problems]]:
        """Rounds of subset-sum problems; the answers to one are placed before the next is drawn. Within a round block by block, in a
        fixed order, with memory for a block at a time. Every problem comes up once, and may come up `again` in a later round; rounds may
        take one layer after another, or all layers."""

    def choose(self, problems: Problems, tolerance: float | None) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Answer a block: which candidates, ``(m, n) bool``, and how far off, ``(m,)``, in the units of the samples, 0 where that is
        within the tolerance; a pure function, called from any thread."""

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: NDArray[np.float64]) -> None:
        """Take the answer to a block."""

    def masks(self) -> Masks:
        """The masks, once every block has been placed."""

    def worst(self, allowed: tuple[float, ...]) -> tuple[float, int, str]:
        """Against tolerances, one a target layer: the largest ratio of error to tolerance, how many weights exceed theirs, and which
        weight is the worst, in words."""


class Construction(Protocol):
    """A way to find a target network inside a wider, deeper random one."""

    @property
    def name(self) -> str:
        """What `slth.constructions.get` reads back."""

    @property
    def law(self) -> str:
        """Of the random weights, where the user names none."""

    @property
    def follows(self) -> bool:
        """Whether the layers of a ticket stand for those of its target, one by one; else only their inputs and outputs correspond."""

    def count_scales(self, skeleton: Network) -> int:
        """How many scales a ticket for a target of this skeleton has: one for each linear layer, and perhaps more before them."""

    def attempts(self, budget: bool) -> Iterator[Construction]:
        """What to try in turn: without a budget the first alone, else until one meets it."""

    def random_layers(self, target: Network, width: tuple[int, ...]) -> tuple[Shapes, tuple[int, ...]]:
        """(d_out, d_in) and the number of biases of each layer of the source; the same for all `attempts`."""

    def plan(self, source: RandomSource, target: Network, width: tuple[int, ...], domain: Domain) -> Plan:
        """Prepare the problems in a source of these layers, some of whose edges may be missing."""

    def sufficient_width(
        self, target: Network, tolerances: tuple[float, ...], domain: Domain, law: str
    ) -> float | None:
        """A width with which every weight is predicted to come within its layer's tolerance (estimated): infinite if no width is, None if
        this construction has no such prediction."""

    def check(self, source: RandomSource, skeleton: Network) -> None:
        """Raise ValueError if the source cannot be that of a ticket for a target of this skeleton (`Network.skeleton`)."""

    def layers(
        self, source: RandomSource, weights: Weights, skeleton: Network, scales: tuple[float, ...], at: int
    ) -> tuple[Layer, ...]:
        """The pruned layers that stand for linear layer `at` of the target."""

    def effective(
        self, source: RandomSource, masks: Masks, skeleton: Network, scales: tuple[float, ...]
    ) -> Iterable[Effective]:
        """The linear layers that the pruned source stands for, recomputed from seed and masks alone, perhaps one at a time.

        Raises ValueError if the masks do not have the shape of the construction.
        """

    def inserted(self, source: RandomSource, masks: Masks, skeleton: Network, domain: Domain) -> Iterator[Inserted]:
        """The random layers that stand before layers of the target; none where the construction inserts none."""
