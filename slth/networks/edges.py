"""Which weights of a random network there are, for sources that are sparse before anything is pruned: one bit each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.networks.bits import ones

Bits = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Shapes = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False, repr=False)
class Edges:
    """The edges of a layered network, immutable; two are equal if they hold the same edges. `Edges.read` makes them.

    Attributes
    ----------
    shapes : ((d_out, d_in), ...)
        Of the matrix of each layer.
    packed : tuple of (d_out, ceil(d_in / 8)) uint8
        Rows of bits, as `numpy.packbits` packs them; read-only.

    Raises
    ------
    ValueError
        If the bits do not fit the shapes, lie beyond the columns, or no edge is there at all.
    """

    shapes: Shapes
    packed: tuple[Bits, ...]

    def __post_init__(self) -> None:
        if len(self.packed) != len(self.shapes):
            raise ValueError(f"edges must be given for each of {len(self.shapes)} layers, got {len(self.packed)}")
        kept = []
        for layer, (bits, (d_out, d_in)) in enumerate(zip(self.packed, self.shapes, strict=True)):
            shape = (d_out, -(-d_in // 8))
            if bits.dtype != np.uint8 or bits.shape != shape:
                raise ValueError(
                    f"edge bits of layer {layer} must be uint8 of shape {shape}, they are {bits.dtype} of shape {bits.shape}"
                )
            if d_in % 8 and (bits[:, -1] & (0xFF >> d_in % 8)).any():
                raise ValueError(f"edge bits of layer {layer} lie beyond its {d_in} columns")
            mine = spool.copied(bits, np.uint8)
            mine.setflags(write=False)
            kept.append(mine)
        object.__setattr__(self, "packed", tuple(kept))
        if self.total == 0:
            raise ValueError("a random network without any edge holds nothing; give at least one edge")

    @classmethod
    def read(cls, value: Any, shapes: Shapes) -> Edges:
        """The edges that `value` describes, for layers of these shapes.

        Parameters
        ----------
        value : one of
            * `Edges` of these shapes, or the path of a file that `slth.networks.edges_file.read_edges` reads;
            * a networkx ``Graph`` or ``DiGraph`` in layers, its nodes (layer, neuron) as in `slth.networks.graph.to_networkx`, or any
              names with an attribute ``layer``: see `slth.networks.graph.edges_between`. Weights on its edges are not looked at;
            * a sequence with one entry for each layer: a boolean ``(d_out, d_in)`` array or scipy.sparse matrix (0 and 1 are taken as
              well), a networkx graph whose nodes have the attribute ``bipartite``, 0 for inputs and 1 for outputs, or None for all edges.
        shapes : ((d_out, d_in), ...)
            `slth.source_shapes` tells those of a construction.

        Raises
        ------
        ValueError, TypeError
            If it is none of these, or does not fit; the message names the layer, node or edge.
        OSError
            If a file cannot be read.

        Notes
        -----
        Time O(neurons + edges) for graphs, O(weights) else; memory one byte for each weight of a layer at a time, and the bits.
        """
        if isinstance(value, str | os.PathLike):
            from slth.networks.edges_file import read_edges

            found = read_edges(value, shapes)
            try:
                return cls.read(found, shapes)
            except (ValueError, TypeError) as error:
                raise ValueError(f"cannot read edges from {os.fsdecode(value)}: {error}") from None
        if isinstance(value, Edges):
            if value.shapes != shapes:
                raise ValueError(f"edges for layers of shapes {value.shapes} do not fit layers of shapes {shapes}")
            return value
        if hasattr(value, "is_directed") and not isinstance(value, type):
            from slth.networks.graph import edges_between

            return cls(shapes, tuple(np.packbits(layer, axis=1) for layer in edges_between(value, shapes)))
        stacked = isinstance(value, np.ndarray) and value.ndim == 3
        if isinstance(value, bytes) or not (isinstance(value, Sequence) or stacked):
            raise TypeError(
                "edges must be a networkx graph, or a sequence with a boolean matrix (d_out, d_in), a bipartite graph or None for each "
                f"layer, or a path, got {type(value).__name__}"
            )
        if len(value) != len(shapes):
            raise ValueError(
                f"edges must hold one entry for each of the {len(shapes)} random layers, of shapes {shapes}, got {len(value)}; "
                "slth.source_shapes tells the shapes"
            )
        return cls(
            shapes,
            tuple(
                np.packbits(_matrix(entry, shape, layer), axis=1)
                for layer, (entry, shape) in enumerate(zip(value, shapes, strict=True))
            ),
        )

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Edges of each layer."""
        return tuple(ones(bits) for bits in self.packed)

    @property
    def total(self) -> int:
        """All edges."""
        return sum(self.counts)

    @property
    def complete(self) -> bool:
        """Whether no edge is missing."""
        return self.total == sum(d_out * d_in for d_out, d_in in self.shapes)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of shapes and bits."""
        sha = hashlib.sha256(repr(self.shapes).encode())
        for bits in self.packed:
            sha.update(bits.data)
        return sha.hexdigest()

    def rows(self, layer: int, start: int, stop: int) -> Bools:
        """Rows `start` to `stop` of a layer: ``(stop - start, d_in) bool``."""
        bits = np.unpackbits(self.packed[layer][start:stop], axis=1, count=self.shapes[layer][1])
        return bits.view(np.bool_)

    def contain(self, layer: int, kept: Bits) -> bool:
        """Whether all the weights that packed bits (d_out, ceil(d_in / 8)) mark are there."""
        there = self.packed[layer]
        return not any((kept[some] & ~there[some]).any() for some in spool.slices(len(there), 1024))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Edges):
            return NotImplemented
        return self.shapes == other.shapes and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        every = sum(d_out * d_in for d_out, d_in in self.shapes)
        return f"Edges({self.total:,} of {every:,}, sha256 {self.digest[:12]}...)"


def _matrix(entry: Any, shape: tuple[int, int], layer: int) -> Bools:
    """Which weights (d_out, d_in) of one layer there are."""
    if entry is None:
        return np.ones(shape, np.bool_)
    if hasattr(entry, "is_directed") and not isinstance(entry, type):
        from slth.networks.graph import edges_across

        return edges_across(entry, shape, layer)
    if hasattr(entry, "tocoo"):
        sparse = entry.tocoo()
        _check_shape(sparse.shape, shape, layer)
        there = np.zeros(shape, np.bool_)
        there[sparse.row, sparse.col] |= _truth(sparse.data, layer)
        return there
    try:
        given = np.asarray(entry)
    except ValueError as error:  # ragged nested sequences
        raise TypeError(f"edges of layer {layer} must be a boolean matrix {shape}: {error}") from None
    _check_shape(given.shape, shape, layer)
    return _truth(given, layer)


def _check_shape(found: tuple[int, ...], shape: tuple[int, int], layer: int) -> None:
    if tuple(found) != shape:
        turned = " (rows are outputs: transpose it)" if tuple(found) == shape[::-1] else ""
        raise ValueError(f"edges of layer {layer} must have shape (d_out, d_in) = {shape}, got {tuple(found)}{turned}")


def _truth(values: NDArray[Any], layer: int) -> Bools:
    if values.dtype.kind not in "biuf":
        raise TypeError(f"edges of layer {layer} must be booleans, got dtype {values.dtype}")
    if values.dtype.kind != "b" and not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"edges of layer {layer} must be booleans (or 0 and 1), got other numbers; write matrix != 0 where they are weights"
        )
    return values.astype(np.bool_)
