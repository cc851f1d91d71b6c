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
        known = (x >= 0) & (x < len(self.table)) & (x == np.floor(x))
        if not known.all():
            raise ValueError(f"tokens must be whole numbers in 0..{len(self.table) - 1}, got {x[~known][0]:g}")
        values = like(self.table[x.astype(np.int64)], x)
        return values if self.positions is None else values + like(self.positions[: x.shape[1]], x)

    def interval(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Bounds over all tokens between low and high (positions,): exact. One position stands for any number of them."""
        first = np.clip(np.ceil(low), 0, len(self.table) - 1).astype(np.int64)
        last = np.clip(np.floor(high), first, len(self.table) - 1).astype(np.int64)
        used = [self.table[a : b + 1] for a, b in zip(first.tolist(), last.tolist(), strict=True)]
        below, above = np.array([rows.min(axis=0) for rows in used]), np.array([rows.max(axis=0) for rows in used])
        if self.positions is None:
            return below, above
        # rounding is monotone: the largest computed sum is that of the largest numbers
        if len(low) == 1:
            return below + self.positions.min(axis=0), above + self.positions.max(axis=0)
        return below + self.positions[: len(low)], above + self.positions[: len(low)]

    def moved(self, error: Array, low: Array, high: Array) -> Array:
        """Nothing: ticket and target look up the same tokens.

        Raises
        ------
        ValueError
            If the tokens are not known exactly.
        """
        if error.any():
            raise ValueError(f"{self!r} takes tokens, but what comes before it is approximated; put it first")
        return np.zeros((len(low), self.table.shape[1]))

    def __repr__(self) -> str:
        places = "" if self.positions is None else f", {len(self.positions)} positions"
        return f"Embedding({len(self.table)} tokens, d {self.table.shape[1]}{places})"
