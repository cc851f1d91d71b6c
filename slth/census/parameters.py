"""The weights and biases that masks range over: numbered, switched off, and put back into a network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slth.networks import Network
from slth.networks.archive import arrays_of, rebuilt, structure
from slth.networks.layers import Mapped
from slth.networks.layers.walk import walk


@dataclass(frozen=True, eq=False)
class Parameters:
    """The m weights and biases of a network that are not zero, in the order of its arrays: of a dense layer the rows of the weight, then
    the bias. Those of normalisation and embeddings do not take part: they stay.

    A mask is (m,) bool, True where a parameter is kept.
    """

    network: Network

    @cached_property
    def places(self) -> tuple[tuple[str, NDArray[np.int64]], ...]:
        """Name of each array (as `slth.networks.archive` names it) and the flat places of its non-zero numbers."""
        masked = {
            id(a) for layer in walk(self.network.layers) if isinstance(layer, Mapped) for a in layer.arrays.values()
        }
        return tuple(
            (name, np.flatnonzero(array)) for name, array in arrays_of(self.network).items() if id(array) in masked
        )

    @cached_property
    def count(self) -> int:
        """m."""
        return sum(where.size for _, where in self.places)

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """(m,): the numbers themselves."""
        arrays = arrays_of(self.network)
        parts = [arrays[name].reshape(-1)[where] for name, where in self.places]
        return np.concatenate(parts) if parts else np.empty(0)

    @cached_property
    def array_of(self) -> NDArray[np.int64]:
        """(m,): which of `places` each belongs to."""
        return np.repeat(np.arange(len(self.places)), [where.size for _, where in self.places])

    def pruned(self, mask: NDArray[np.bool_]) -> Network:
        """The network with only the parameters of a mask (m,) kept.

        Raises
        ------
        ValueError
            If the mask has another shape.
        """
        if mask.shape != (self.count,) or mask.dtype != np.bool_:
            raise ValueError(f"mask must be ({self.count},) bool, got {mask.shape} {mask.dtype}")
        arrays, start = dict(arrays_of(self.network)), 0
        for name, where in self.places:
            array = np.zeros_like(arrays[name])
            kept = where[mask[start : start + where.size]]
            array.reshape(-1)[kept] = arrays[name].reshape(-1)[kept]
            arrays[name], start = array, start + where.size
        return rebuilt(structure(self.network), arrays)
