"""The losses of outputs, with their gradients, and what else tells how good outputs are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.search.objective import CROSS_ENTROPY

Array = NDArray[np.float32]


def loss_and_slope(outputs: Array, wanted: NDArray[Any], loss: str) -> tuple[float, Array]:
    """Mean loss of a batch and its gradient by the outputs (batch, d_out)."""
    batch = len(outputs)
    if loss == CROSS_ENTROPY:
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        sums = powers.sum(axis=1, keepdims=True)
        rows = np.arange(batch)
        value = float((np.log(sums[:, 0]) - shifted[rows, wanted]).mean(dtype=np.float64))
        slope = powers / sums
        slope[rows, wanted] -= 1
        slope /= np.float32(batch)
        return value, slope
    apart = outputs - wanted
    value = 0.5 * float((apart.astype(np.float64) ** 2).sum() / batch)
    apart /= np.float32(batch)
    return value, apart


def accuracy(outputs: Array, labels: NDArray[np.int64]) -> float:
    """Share of the inputs whose largest output is the one wanted."""
    return float((outputs.argmax(axis=1) == labels).mean())
