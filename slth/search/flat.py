"""All weights and biases of a source as one float32 vector, with a view for each array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.networks import Network
from slth.networks.archive import arrays_of

Array = NDArray[np.float32]

SPARSE: Final = 0.25  # matrices with a smaller share of non-zero weights are stored, and multiplied, by these alone


@dataclass(frozen=True, eq=False)
class Flat:
    """The arrays of a network one after another; of a sparse matrix only the weights that are not zero.

    Attributes
    ----------
    names : tuple of str
        As `slth.networks.archive` names them: ``0.weight``, ``0.bias``, ...
    whole : tuple of tuples
        Shapes of the arrays.
    places : tuple of (nnz,) int64 or None
        Flat places of the numbers stored; None for all.
    values : (n,) float32
    """

    names: tuple[str, ...]
    whole: tuple[tuple[int, ...], ...]
    places: tuple[NDArray[np.int64] | None, ...]
    values: Array

    @classmethod
    def of(cls, network: Network) -> Flat:
        """Those of a network."""
        return cls.of_arrays(arrays_of(network))

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Flat:
        """Those of any arrays by name."""
        places = tuple(pattern(array) for array in arrays.values())
        parts = [a.reshape(-1) if p is None else a.reshape(-1)[p] for a, p in zip(arrays.values(), places, strict=True)]
        shapes = tuple(array.shape for array in arrays.values())
        return cls(tuple(arrays), shapes, places, np.concatenate(parts).astype(np.float32))

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the arrays as they are stored: (nnz,) for a sparse matrix."""
        return tuple(s if p is None else p.shape for s, p in zip(self.whole, self.places, strict=True))

    @property
    def slices(self) -> tuple[slice, ...]:
        """Where each array lies."""
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in self.shapes)]).tolist()
        return tuple(slice(a, b) for a, b in pairwise(ends))

    def views(self, vector: NDArray[Any]) -> list[NDArray[Any]]:
        """A vector (n,) cut into the stored arrays, without copies."""
        return [vector[place].reshape(shape) for place, shape in zip(self.slices, self.shapes, strict=True)]

    def arrays(self, vector: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """A vector (n,) as arrays of the network, zeros where nothing is stored."""
        found = {}
        for name, shape, place, view in zip(self.names, self.whole, self.places, self.views(vector), strict=True):
            if place is None:
                found[name] = view
            else:
                found[name] = np.zeros(shape, vector.dtype)
                found[name].reshape(-1)[place] = view
        return found

    def fans_in(self) -> list[int]:
        """Numbers that feed one output of each array, on average; those of its weight for a bias."""
        fans, last = [], 1
        for shape, stored in zip(self.whole, self.shapes, strict=True):
            if len(shape) > 1:
                last = max(1, round(np.prod(stored) / shape[0]))
            fans.append(last)
        return fans


def pattern(array: NDArray[Any]) -> NDArray[np.int64] | None:
    """Flat places of the non-zero weights of a sparse matrix; None for any other array."""
    if array.ndim != 2 or np.count_nonzero(array) >= SPARSE * array.size:
        return None
    return np.flatnonzero(array)
