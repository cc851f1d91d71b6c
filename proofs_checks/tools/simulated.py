"""Random rows, and how many of them have a subset near the target, counted exactly by size."""

from __future__ import annotations

from typing import Any

import numpy as np

from slth import laws
from slth.subset_sum import count


def hits_by_size(n: int, eps: float, z: float, law: str, seed: int) -> tuple[Any, int]:
    """In how many of the random rows some subset comes within eps of z, by size, and how many rows there are."""
    rows = 10_000
    samples = laws.get(law).sample((rows, n), 9000 + seed)
    found = count(samples, np.full(rows, z), eps, method="exact", workers=1)
    return (found.by_size > 0).sum(axis=0), rows
