"""Masks and what they stand for: bit i is set if sample i is chosen, n <= 64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def unpack(masks: NDArray[np.uint64], n: int) -> NDArray[np.bool_]:
    """(...) masks -> (..., n) bool."""
    bits: NDArray[np.bool_] = (masks[..., None] >> np.arange(n, dtype=np.uint64) & np.uint64(1)).astype(np.bool_)
    return bits


def pack(chosen: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """(..., n) bool -> (...) masks."""
    bits = np.left_shift(np.uint64(1), np.arange(chosen.shape[-1], dtype=np.uint64))
    masks: NDArray[np.uint64] = (chosen * bits).sum(axis=-1, dtype=np.uint64)
    return masks
