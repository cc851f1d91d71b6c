"""Rows of bits, as `numpy.packbits` packs them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.spool import slices

_BLOCK = 1 << 22  # bytes at a time
_BIT_COUNT = np.array([i.bit_count() for i in range(256)], np.uint8)


def ones(packed: NDArray[np.uint8]) -> int:
    """How many bits of (..., bytes) uint8 are set; memory for a few MiB besides."""
    flat = packed.reshape(-1)
    return sum(int(counts(flat[here]).sum(dtype=np.int64)) for here in slices(flat.size, _BLOCK))


def counts(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How many bits of each byte are set."""
    count: Any = getattr(np, "bitwise_count", _BIT_COUNT.__getitem__)  # new in NumPy 2
    return np.asarray(count(packed))
