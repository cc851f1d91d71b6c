"""What a search found, and how it went."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.networks import Domain, Network
from slth.search.models import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from slth.ticket import Ticket


class SearchError(RuntimeError):
    """A search that cannot go on: its loss or scores are no longer finite. The message names step, cause and remedy."""


@dataclass(frozen=True, eq=False)
class History:
    """What was recorded on the way, one entry each time.

    Attributes
    ----------
    step : (r,) int64
        Steps done.
    loss : (r,) float64
        Mean loss of the batches since the record before; of a search that swaps weights, of the masks that it holds at that time.
    validation_loss, validation_accuracy : (r,) float64
        Of the mask at that time (of a search that swaps weights, its best), on the held-out inputs, or on all where none are held out; NaN
        accuracy where there are no labels.
    seconds : (r,) float64
        Since the start, time before an interruption included.
    """

    step: NDArray[np.int64]
    loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    validation_accuracy: NDArray[np.float64]
    seconds: NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class SearchResult:
    """The best mask that a search has seen: a heuristic answer, nothing is proven of it.

    Attributes
    ----------
    model : Model
        What was searched in: the random network with the scales of its layers, `NetworkModel`, or a `JaxFunction`.
    mask : dict of bool arrays
        By the names of the source's arrays: ``0.weight``, ``0.bias``, ...; True where kept.
    method : str
    loss, accuracy : float
        Of the mask on the held-out inputs, or on all where none are held out; accuracy NaN without labels. The loss is the objective's,
        or the one that a search by swaps was asked for.
    history : History
    seconds : float
    nothing_changed : bool
        Whether every kept weight is the source's own; False for methods that draw weights again, rescale them or flip signs, whose result
        is then no strong ticket of this source.
    stopped : str
        Why the search ended.
    weights : dict of float64 arrays or None
        What the mask selects from where something changed; None: the source's own weights.
    target : Network or None
        What was imitated.
    domain : Box, Ball or None
        Where, if inputs were drawn from a domain.
    """

    model: Model
    mask: dict[str, NDArray[np.bool_]]
    method: str
    loss: float
    accuracy: float
    history: History
    seconds: float
    nothing_changed: bool = True
    stopped: str = "all steps done"
    weights: dict[str, NDArray[np.float64]] | None = field(default=None)
    target: Network | None = field(default=None)
    domain: Domain | None = field(default=None)

    @cached_property
    def network(self) -> Any:
        """The pruned network, a `slth.Network`; or the pruned `JaxFunction`."""
        arrays = self.model.arrays if self.weights is None else self.weights
        return self.model.pruned({name: arrays[name] * self.mask[name] for name in arrays})

    @cached_property
    def kept(self) -> int:
        """Weights and biases kept, zeros of the source apart."""
        return sum(int(mask.sum()) for mask in self.mask.values())

    @cached_property
    def size(self) -> int:
        """Weights and biases of the source that are not zero."""
        return sum(int(np.count_nonzero(array)) for array in self.model.arrays.values())

    @property
    def density(self) -> float:
        """``kept / size``."""
        return self.kept / self.size

    @property
    def density_by_layer(self) -> dict[str, float]:
        """Share kept of the non-zero numbers of each array, by name; arrays of zeros are left out."""
        found = {}
        for name, array in self.model.arrays.items():
            if array.any():
                found[name] = float(self.mask[name][array != 0].mean())
        return found

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Evaluate the pruned network, in float64."""
        return np.asarray(self.network(x))

    def ticket(self, target: Any = None, domain: Any = None) -> Ticket:
        """The mask as a strong lottery ticket: a seed and bits, certified against a target, to be saved and verified like any other.

        Parameters
        ----------
        target : Network, or anything `Network.read` takes, optional
            With the inputs and outputs of the source, whatever its layers; by default what the search imitated. A search for labels or
            numbers has none and needs one.
        domain : Box, Ball or pair (lower, upper), optional
            Where the error is certified; by default where the imitation drew its inputs, else the target's usual domain.

        Returns
        -------
        Ticket
            Of construction "found". Its `error_bound` is rigorous but loose, except for a handful of inputs
            (`slth.certificate.apart`); `Ticket.attack` tells how much of it is seen.

        Raises
        ------
        TypeError
            If the search was in a `JaxFunction`.
        ValueError
            If it was in a network without a seed, its method changed weights, no target is known, or the two do not fit.

        Examples
        --------
        At equal numbers of kept weights a construction is far closer to its target, and its certificate is tight; the search has a smaller
        random network to choose from.

        >>> import slth
        >>> from slth import search
        >>> target = slth.Network.random([2, 3, 1], rng=0, bias=False)
        >>> proven = slth.approximate(target, 24, domain=(0, 1), rng=0)
        >>> source = slth.RandomSource(0, "binary", (2, 64, 1), bias=False)
        >>> imitation = search.imitation(target, domain=(0, 1), count=512, rng=0)
        >>> share = proven.kept / source.size
        >>> result = search.edge_popup(source, imitation, density=share, epochs=20, scale="kaiming", rng=0)
        >>> found = result.ticket()
        >>> abs(found.kept - proven.kept) <= 1, found.size < proven.size
        (True, True)
        >>> proven.error_bound < found.attack(rng=0).error <= found.error_bound
        True
        """
        from slth.search.found_ticket import ticket_of

        return ticket_of(self, target, domain)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write source, mask, history and figures to one ``.npz`` without pickles, atomically; `slth.search.load` reads it.

        What was imitated is not part of it: afterwards `ticket` needs its target. Nor is the code of a `JaxFunction`: `load` needs it.

        Raises
        ------
        OSError
            If the file cannot be written; a file that was there survives.
        """
        from slth.search.result_file import write

        write(self, path)

    def plot(self) -> Figure:
        """Losses against steps, and the density of each layer."""
        from slth import plots

        return plots.search_result(self)

    def _summary(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "kept": f"{self.kept:,} of {self.size:,} ({self.density:.2%})",
            "by layer": ", ".join(f"{name} {share:.1%}" for name, share in self.density_by_layer.items()),
            "loss": f"{self.loss:.4g}",
            "accuracy": f"{self.accuracy:.2%}" if self.accuracy == self.accuracy else "-",
            "stopped": self.stopped,
            "seconds": f"{self.seconds:.1f}",
        }

    def summary(self) -> str:
        """What was found, one line each."""
        rows = self._summary()
        return "\n".join(f"{label:<{max(map(len, rows))}}  {value}" for label, value in rows.items())

    def __repr__(self) -> str:
        accuracy = f", accuracy={self.accuracy:.2%}" if self.accuracy == self.accuracy else ""
        return f"SearchResult({self.method}, kept {self.kept:,} of {self.size:,}, loss={self.loss:.4g}{accuracy})"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{key}</th><td>{value}</td></tr>" for key, value in self._summary().items())
        return f"<table>{rows}</table>"
