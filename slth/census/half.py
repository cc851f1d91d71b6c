"""The sums of the neurons of one half, in a k-d tree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.census.forward import Floats
from slth.census.groups import Tables, merged
from slth.census.kernels import tree as kernel
from slth.census.windows import Windows

Ints = NDArray[np.int64]

_LEAF = 64  # vectors
_SIZES = 2**26  # numbers in the sizes of all nodes
_MERGED = 2**26  # numbers in a list in which equal sums are looked for


@dataclass(frozen=True, eq=False)
class Half:
    """Sums of some groups, one entry of each; equal ones together where that is sure.

    Attributes
    ----------
    radii : (n,) float64
        Bounds of the rounding of the sums.
    codes, code_starts : int64, (n + 1,)
        Which combinations of entries have sum i: codes[code_starts[i] : code_starts[i + 1]], mixed radix, the first group the lowest digit.
    packed : tuple of arrays
        What the kernel takes; see `kernels.tree.join`.
    """

    tables: Tables
    chosen: Sequence[int]
    radii: Floats
    codes: Ints
    code_starts: Ints
    packed: tuple[Any, ...]

    @classmethod
    def of(cls, tables: Tables, chosen: Sequence[int], windows: Windows) -> Half:
        """The sums of the chosen groups, coordinates in the order of the windows."""
        order, length = windows.order, tables.polys.shape[1]
        values, radii, kinds = np.zeros((order.size, 1)), np.zeros(1), np.zeros(1, np.int64)
        polys = np.zeros((1, length), np.int64)
        polys[0, 0] = 1
        for g in chosen:
            group = tables.groups[g]
            assert group.values is not None
            assert group.radii is not None
            entries = group.values.T[order]
            values = (entries[:, :, None] + values[:, None, :]).reshape(order.size, -1)
            radii = (group.radii[:, None] + radii).reshape(-1)
            own = tables.polys[tables.starts[g] : tables.starts[g + 1]]
            kinds, polys = _multiplied(own, kinds, polys)
        codes, starts = np.arange(radii.size), np.arange(radii.size + 1)
        if (
            windows.unit == 0 and radii.size * max(order.size, length) <= _MERGED
        ):  # sums are exact, and equal ones surely equal
            which, first = merged(np.ascontiguousarray(values.T), radii, True)
            codes = np.argsort(which, kind="stable")
            starts = np.concatenate([[0], np.cumsum(np.bincount(which))]).astype(np.int64)
            table, kinds = np.unique(
                np.add.reduceat(polys[kinds[codes]], starts[:-1], axis=0), axis=0, return_inverse=True
            )
            values, radii, polys, kinds = values[:, first], radii[first], table, kinds.reshape(-1)
        widths = windows.high[order] - windows.low[order]
        return cls._sorted(tables, chosen, values, radii, kinds, polys, codes, starts, widths)

    @classmethod
    def _sorted(
        cls, tables: Tables, chosen: Sequence[int], values: Floats, radii: Floats, kinds: Ints, polys: Ints, codes: Ints,
        starts: Ints, widths: Floats,
    ) -> Half:  # fmt: skip
        n = radii.size
        leaf = max(_LEAF, math.ceil(2 * n * polys.shape[1] / _SIZES))
        spans = np.ptp(values, axis=1)
        sides = np.maximum(widths, 1e-9 * spans)
        sides = np.where(sides > 0, sides, 1.0)
        values = np.ascontiguousarray(values)
        nodes = 4 * (n // leaf) + 4
        order, begins, ends, children = (np.zeros(size, np.int64) for size in (n, nodes, nodes, nodes))
        count = kernel.build(values, sides, _coordinates(spans, sides, n, leaf), leaf, order, begins, ends, children)
        begins, ends, children = begins[:count], ends[:count], children[:count]
        values, radii, kinds = np.ascontiguousarray(values[:, order]), radii[order], kinds[order]
        d = len(values)
        low, high, sizes = np.empty((count, d)), np.empty((count, d)), np.empty((count, polys.shape[1]), np.int64)
        kernel.describe(values, kinds, polys, begins, ends, children, low, high, sizes)
        lengths = np.diff(starts)[order]
        places = np.repeat(starts[order] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        moved = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        packed = (values, radii, kinds, polys, begins, ends, children, low, high, sizes)
        return cls(tables, chosen, radii, codes[places], moved, packed)

    def top(self, count: int) -> list[int]:
        """Nodes that hold all sums once, about so many."""
        children = self.packed[6]
        nodes = [0]
        while len(nodes) < count and any(children[node] for node in nodes):
            nodes = [
                below
                for node in nodes
                for below in ((children[node], children[node] + 1) if children[node] else (node,))
            ]
        return [int(node) for node in nodes]

    def write(self, entries: Ints, codes: Ints) -> None:
        """Put the entries that codes stand for into (n, groups)."""
        left = codes.copy()
        for g in self.chosen:
            n = self.tables.groups[g].entries
            entries[:, g] = left % n
            left //= n


def _coordinates(spans: Floats, sides: Floats, n: int, leaf: int) -> int:
    """Along how many coordinates, the most telling first, a tree is split: so that the fewest leaves of two such trees may meet."""
    shares = []
    for q in range(1, min(4, spans.size) + 1):
        side = min(1.0, (leaf / n) ** (1 / q))
        meeting = (2 * side * spans[:q] + sides[:q]) / np.maximum(2 * spans[:q], 1e-300)
        shares.append(float(np.minimum(meeting, 1.0).prod()))
    return int(np.argmin(shares)) + 1


def _multiplied(own: Ints, kinds: Ints, polys: Ints) -> tuple[Ints, Ints]:
    """Sizes of all pairs of an entry and a sum: which row of a table each has, and the table."""
    forms, form = np.unique(own, axis=0, return_inverse=True)
    length = polys.shape[1]
    table = np.zeros((len(forms) * len(polys), length), np.int64)
    for i, poly in enumerate(forms):
        block = table[i * len(polys) : (i + 1) * len(polys)]
        for b in np.flatnonzero(poly).tolist():
            block[:, b:] += poly[b] * polys[:, : length - b]
    rows, which = np.unique(table, axis=0, return_inverse=True)
    return which.reshape(-1)[(form.reshape(-1)[:, None] * len(polys) + kinds).reshape(-1)], rows
