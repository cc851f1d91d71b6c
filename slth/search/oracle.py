"""What a search knows of a network: the loss of a batch, and its gradient by the effective weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Oracle(Protocol):
    """Evaluates a network of a fixed shape with any weights, in float32.

    `weights` is one array for each of `shapes`: the effective weights and biases, already masked.
    """

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the weights, in the order of the network's arrays."""

    def outputs(self, weights: Sequence[Array], x: Array) -> Array:
        """(batch, d_out)."""

    def gradient(
        self, weights: Sequence[Array], x: Array, wanted: NDArray[Any], loss: str, into: Sequence[Array]
    ) -> float:
        """The mean loss of a batch; its gradient by `weights` is written to `into`."""
