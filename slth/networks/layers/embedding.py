"""Embeddings: a row of a table for each token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.layers.layer import Array, Layer, Shape, like, read_only, shown
from slth.validation import finite_array


@dataclass(frozen=True, eq=False, repr=False)
class Embedding(Layer):
    """Tokens to vectors: (batch, positions) -> (batch, positions, d), ``table[token] + positions[place]``.

    Parameters
    ----------
    table : (tokens, d) float64
    positions : (most, d) float64 or None
        Added to the vectors of places 0, 1, ...; a sequence is then at most that long.

    Notes
    -----
    The input holds whole numbers in 0..tokens - 1, as floats like every input; anything else is a ValueError.
    """

    kind: ClassVar[str] = "embedding"

    table: NDArray[np.float64]
    positions: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        table = finite_array(self.table, "table", ndim=2)
        if table.size == 0:
            raise ValueError(f"table must have shape (tokens, d) with both >= 1, got {table.shape}")
        object.__setattr__(self, "table", read_only(table))
        if self.positions is not None:
            positions = finite_array(self.positions, "positions", ndim=2)
            if positions.shape[1] != table.shape[1] or not positions.size:
                raise ValueError(f"positions must have shape (most, {table.shape[1]}), got {positions.shape}")
            object.__setattr__(self, "positions", read_only(positions))

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        return {"table": self.table} if self.positions is None else {"table": self.table, "positions": self.positions}

    @property
    def settings(self) -> dict[str, Any]:
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ValueError(f"an embedding takes (positions,) of tokens, got shape {shown(shape)}")
        if self.positions is not None and shape[0] is not None and shape[0] > len(self.positions):
            raise ValueError(f"this embedding knows {len(self.positions)} positions, got {shape[0]}")
        return shape[0], int(self.table.shape[1])

    def evaluate(self, x: Array) -> Array:
        tokens = x.astype(np.int64)
        if (tokens != x).any() or tokens.min(initial=0) < 0 or tokens.max(initial=0) >= len(self.table):
            raise ValueError(f"tokens must be whole numbers in 0..{len(self.table) - 1}")
        values = like(self.table, x)[tokens]
        return values if self.positions is None else values + like(self.positions, x)[: x.shape[1]]

    def __repr__(self) -> str:
        places = "" if self.positions is None else f", {len(self.positions)} positions"
        return f"Embedding({len(self.table)} tokens, d {self.table.shape[1]}{places})"
