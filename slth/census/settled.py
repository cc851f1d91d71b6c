"""What a kernel counted and what it handed out, made into a tally: borderline masks decided, masks listed where asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slth.census.forward import Bools
from slth.census.groups import Tables
from slth.census.tally import Tally
from slth.census.windows import INSIDE, UNDECIDED, Windows

Ints = NDArray[np.int64]


class Settled:
    """The result of one block of a walk.

    Parameters
    ----------
    first : int
        The first group of the inner block.
    below : (n, m) bool
        The masks of the layers below, nothing kept above.
    kinds, kind : list of tuples, (n,) int64
        Sizes in the layers below, and which of them each mask has.
    histograms : (kinds, length) int64
        The kernel adds to it what is surely inside, by size index.
    """

    def __init__(
        self,
        windows: Windows,
        tables: Tables,
        first: int,
        by_layer: bool,
        below: Bools,
        kinds: list[tuple[int, ...]],
        kind: Ints,
        histograms: Ints,
    ) -> None:
        self.windows, self.tables, self.first, self.by_layer = windows, tables, first, by_layer
        self.below, self.kinds, self.kind, self.histograms = below, kinds, kind, histograms
        self.open = np.zeros_like(histograms)
        self.sure: list[Bools] = [below[:0]]
        self.undecided: list[Bools] = [below[:0]]

    def settle(self, found: Ints, listing: bool) -> None:
        """Rows (config, outer index, place in the block, surely inside) that the kernel handed out."""
        if not len(found):
            return
        below, entries = self.below[found[:, 0]], self._entries(found)
        codes = np.full(len(found), INSIDE, np.int8)
        border = np.flatnonzero(found[:, 3] == 0)
        if border.size:
            masks = below[border] | self.tables.representatives(entries[border], below.shape[1])
            codes[border] = self.windows.decide(masks)
            polys = self.tables.product(entries[border])
            for histograms, code in ((self.histograms, INSIDE), (self.open, UNDECIDED)):
                chosen = codes[border] == code
                np.add.at(histograms, self.kind[found[border[chosen], 0]], polys[chosen])
        if listing:
            for list_of, code in ((self.sure, INSIDE), (self.undecided, UNDECIDED)):
                chosen = np.flatnonzero(codes == code)
                above, which = self.tables.expanded(entries[chosen], below.shape[1])
                list_of.append(below[chosen][which] | above)

    def _entries(self, found: Ints) -> Ints:
        """(n, groups): the entries that the kernel's indices stand for."""
        groups = self.tables.groups
        entries = np.zeros((len(found), len(groups)), np.int64)
        index, place = found[:, 1].copy(), found[:, 2].copy()
        for g in range(self.first - 1, -1, -1):
            entries[:, g] = index % groups[g].entries
            index //= groups[g].entries
        for g in range(self.first, len(groups)):
            entries[:, g] = place % groups[g].entries
            place //= groups[g].entries
        return entries

    def answer(self) -> tuple[Tally, Bools, Bools]:
        """What was counted, and the masks surely inside and undecided where they were listed."""
        tally = Tally()
        for below, sure, undecided in zip(self.kinds, self.histograms, self.open, strict=True):
            tally.merge(self.tables.tally(sure, undecided, self.by_layer, below))
        return tally, np.concatenate(self.sure), np.concatenate(self.undecided)
