"""The masks of a budget, and the swaps that lead from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Flat

Ints = NDArray[np.int64]
Masks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sizes:
    """Masks (m,) over the non-zero numbers of a source that keep so many of each group.

    A mask is held with an *order* (m,) of the numbers: group by group, those kept first. A swap exchanges what stands at two places of it,
    one among the kept and one among the pruned of a group; swaps are numbered 0, ..., swaps - 1.

    Attributes
    ----------
    where : (m,) int64
        Of the non-zero numbers in the flat vector of the source.
    starts : (g,) int64
        The first of each group among them.
    counts, keeps : (g,) int64
        How many numbers a group has, and how many of them are kept.
    """

    where: Ints
    starts: Ints
    counts: Ints
    keeps: Ints

    @classmethod
    def of(cls, source: Flat, groups: tuple[Group, ...]) -> Sizes:
        """Those of a budget."""
        where = np.flatnonzero(source.values)
        starts = np.searchsorted(where, [group.start for group in groups])
        stops = np.searchsorted(where, [group.stop for group in groups])
        return cls(where, starts, stops - starts, np.array([group.keep for group in groups]))

    @property
    def size(self) -> int:
        """m."""
        return int(self.where.size)

    @cached_property
    def _first_swaps(self) -> Ints:
        """(g + 1,): number of the first swap of each group."""
        return np.concatenate([[0], np.cumsum(self.keeps * (self.counts - self.keeps))])

    @property
    def swaps(self) -> int:
        """How many swaps lead from a mask to others; 0 if there is only one mask."""
        return int(self._first_swaps[-1])

    @cached_property
    def _kept_places(self) -> Masks:
        """(m,): whether a place of an order is for a number kept."""
        kept = np.zeros(self.size, np.bool_)
        for start, keep in zip(self.starts.tolist(), self.keeps.tolist(), strict=True):
            kept[start : start + keep] = True
        return kept

    def random_order(self, random: np.random.Generator) -> Ints:
        """That of a mask drawn uniformly."""
        parts = zip(self.starts.tolist(), self.counts.tolist(), strict=True)
        return np.concatenate([start + random.permutation(count) for start, count in parts])

    def masks(self, orders: Ints) -> Masks:
        """(n, m) of orders (n, m)."""
        masks = np.empty(orders.shape, np.bool_)
        np.put_along_axis(masks, orders, np.broadcast_to(self._kept_places, orders.shape), axis=1)
        return masks

    def orders(self, masks: Masks) -> Ints:
        """(n, m) of masks (n, m): kept and pruned ones ascending."""
        group = np.repeat(np.arange(self.starts.size), self.counts)
        return np.argsort(2 * group + ~masks, axis=1, kind="stable")

    def places(self, numbers: Ints) -> Ints:
        """(..., 2): the two places of swaps (...) of these numbers."""
        group = np.searchsorted(self._first_swaps, numbers, side="right") - 1
        free = (self.counts - self.keeps)[group]
        kept, pruned = np.divmod(numbers - self._first_swaps[group], free)
        start = self.starts[group]
        return np.stack([start + kept, start + self.keeps[group] + pruned], axis=-1)
