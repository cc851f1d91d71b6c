"""What a census says: numbers of subnetworks by size, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from slth.bounds.table import Table
from slth.census.parameters import Parameters
from slth.networks import Network
from slth.subset_sum import Certainty, Count


class Scope(Enum):
    """Which masks were counted; the value says it in words."""

    ALL = "every mask of the source"
    CONSTRUCTION = "the masks of a construction: a lower bound on all masks of the source"


@dataclass(frozen=True)
class Standing:
    """Where a ticket stands among the subnetworks that were counted.

    Attributes
    ----------
    size : int
        Weights and biases that it keeps.
    log2_number, log2_at_most : float
        log2 of the number of subnetworks of this size, and of this size or a smaller one; -inf for none.
    share : float
        Of all that were counted, the share of this size or smaller: 0 for a ticket smaller than any of them.
    """

    size: int
    log2_number: float
    log2_at_most: float
    share: float


@dataclass(frozen=True, eq=False, repr=False)
class Census(Count):
    """Numbers of subnetworks within epsilon of the target, by size: a `Count` whose elements are the weights and biases of a network.

    Attributes
    ----------
    by_size, lower, upper, log2_by_size, log2_lower, log2_upper, certainty, method, confidence
        As of `Count`; entry i is about ``sizes[i]``.
    sizes : (k,) int64
        Ascending; all of 0, ..., m in a row where every mask was counted. Sizes that are not listed have none (exact) or were not asked
        for (sampled).
    parameters : int
        m: weights and biases of the source that are not zero; masks are subsets of them.
    epsilon : float
    scope : Scope
    by_layer_size : mapping, optional
        Of each tuple of kept weights and biases in the layers how many masks, where asked for and affordable.
    masks : (count, ceil(m / 8)) uint8, optional
        The masks themselves, packed as `numpy.packbits` packs them, ordered by size and then as numbers; where asked for.
    layers : tuple of Census
        Of a construction: the census of each target layer alone.
    diagnostics : mapping
        Of sampled counts: what tells when not to trust them.
    """

    sizes: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    parameters: int = 0
    epsilon: float = math.inf
    scope: Scope = Scope.ALL
    by_layer_size: Mapping[tuple[int, ...], int] | None = None
    masks: NDArray[np.uint8] | None = None
    layers: tuple[Census, ...] = ()
    diagnostics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def log2_all(self) -> NDArray[np.float64]:
        """log2 C(m, s) of every size s: the ceiling."""
        m, s = self.parameters, self.sizes
        return np.asarray((gammaln(m + 1) - gammaln(s + 1) - gammaln(m - s + 1)) / math.log(2))

    @property
    def log2_share(self) -> NDArray[np.float64]:
        """log2 of the share of all masks of a size that approximate the target."""
        return np.asarray(self.log2_by_size - self.log2_all)

    @property
    def mode(self) -> int | None:
        """The size with the most subnetworks; None if there is none at all."""
        return int(self.sizes[int(np.argmax(self.log2_by_size))]) if self._any else None

    @property
    def smallest(self) -> int | None:
        """The smallest size at which there is one (of those counted); None if there is none at all."""
        return int(self.sizes[int(np.argmax(self.log2_by_size > -math.inf))]) if self._any else None

    def at_most(self, size: int) -> float:
        """log2 of the number of subnetworks counted that have this size or a smaller one: where a ticket of that size stands."""
        with np.errstate(divide="ignore"):
            return float(np.logaddexp2.reduce(self.log2_by_size[self.sizes <= size], initial=-math.inf))

    def standing(self, ticket: Any) -> Standing:
        """Where a ticket, or a subnetwork however found, stands on the curve.

        Parameters
        ----------
        ticket : int, Ticket or Network
            A size, or what has one: of a network the weights and biases that are not zero. On the curve of a construction a Ticket of it
            stands where it would with all first-layer parameters that feed candidates, as they are kept in every mask counted there.

        Raises
        ------
        TypeError, ValueError
            If it is none of these, or of another number of parameters than there are.
        """
        always = self.diagnostics.get("always_kept") if self.scope is Scope.CONSTRUCTION else None
        layers = getattr(ticket, "kept_by_layer", None)
        size = _size_of(ticket) if always is None or layers is None else int(always) + sum(layers[1::2])
        if not 0 <= size <= self.parameters:
            raise ValueError(f"size must lie in 0..{self.parameters:,}, the parameters of the source, got {size:,}")
        here, smaller = self.log2_by_size[self.sizes == size], self.at_most(size)
        share = 2.0 ** min(smaller - float(self.log2_total), 0.0) if self._any else 0.0
        return Standing(size, float(here[0]) if here.size else -math.inf, smaller, share)

    def masks_of(self, size: int) -> NDArray[np.uint8]:
        """(count, ceil(m / 8)): those of `masks` that have this size, as `slth.census.distances` and `clusters` take them.

        Raises
        ------
        ValueError
            If the masks were not listed.
        """
        if self.masks is None:
            raise ValueError("this census does not hold its masks; count with masks=True")
        ends = np.concatenate([[0], np.cumsum(self.lower.astype(np.int64))])
        found = np.flatnonzero(self.sizes == size)
        return self.masks[ends[found[0]] : ends[found[0] + 1]] if found.size else self.masks[:0]

    def table(self, most: int = 12) -> Table:
        """Size by size: density, log2 of the number (with its bounds where they differ), of all masks, and of the share.

        Sizes without subnetworks are left out; of more than `most` the smallest, the largest, the mode, and some evenly spread.
        """
        some = np.flatnonzero(self.log2_upper > -math.inf)
        shown = some[np.unique(np.linspace(0, some.size - 1, min(most, some.size)).astype(int))] if some.size else some
        if self._any:
            shown = np.union1d(shown, int(np.argmax(self.log2_by_size)))
        ceiling = self.log2_all
        plain = self.exact or bool(np.allclose(self.log2_lower[shown], self.log2_upper[shown], rtol=0, atol=1e-3))
        columns = ("size", "density", "log2 number", *(() if plain else ("lower", "upper")), "log2 all", "log2 share")
        rows = []
        for i in shown.tolist():
            bounds = () if plain else (round(float(self.log2_lower[i]), 3), round(float(self.log2_upper[i]), 3))
            value = round(float(self.log2_by_size[i]), 3)
            size = int(self.sizes[i])
            share = round(float(self.log2_by_size[i] - ceiling[i]), 3)
            rows.append(
                (size, round(size / max(self.parameters, 1), 4), value, *bounds, round(float(ceiling[i]), 3), share)
            )
        notes = [repr(self)] if self.scope is Scope.ALL else [repr(self), f"scope: {self.scope.value}"]
        if "reason" in self.diagnostics:  # why a construction has none
            notes.append(str(self.diagnostics["reason"]))
        notes += [str(warning) for warning in self.diagnostics.get("warnings", ())]
        return Table(columns, tuple(rows), tuple(notes))

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    @property
    def _any(self) -> bool:
        return bool((self.log2_by_size > -math.inf).any())

    def __repr__(self) -> str:
        interval = "" if self.confidence is None else f", {100 * self.confidence:g}% intervals"
        how = f"{self.certainty.name}, method={self.method!r}{interval}"
        scope = "" if self.scope is Scope.ALL else f", {self.scope.name.lower()} only"
        if not self._any:
            found = "none"
        else:
            total = f"{self.total:,}" if self.exact and self.log2_total < 50 else f"2^{float(self.log2_total):.4f}"
            found = f"{total} of 2^{self.parameters:,}, sizes from {self.smallest:,}, most at {self.mode:,}"
        return f"Census({found}, epsilon={self.epsilon:g}{scope}, {how})"


def _size_of(ticket: Any) -> int:
    if isinstance(ticket, int | np.integer) and not isinstance(ticket, bool):
        return int(ticket)
    if isinstance(ticket, Network):
        return Parameters(ticket).count
    kept = getattr(ticket, "kept", None)
    if not isinstance(kept, int):
        raise TypeError(f"ticket must be a size, a Ticket or a pruned Network, got {type(ticket).__name__}")
    return kept


def exact_census(
    by_size: NDArray[Any], sizes: NDArray[np.int64], parameters: int, epsilon: float, method: str, **more: Any
) -> Census:
    """A census of exact integers (uint64 or Python's)."""
    logs = np.array([math.log2(int(v)) if v else -math.inf for v in by_size.tolist()])
    return Census(
        by_size, by_size, by_size, logs, logs, logs, Certainty.EXACT, method, None, True,
        sizes=sizes, parameters=parameters, epsilon=epsilon, **more,
    )  # fmt: skip
