"""Objective "smallest": the fewest elements within epsilon."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum import exact
from slth.subset_sum.batch import Batch, FixedPoint
from slth.subset_sum.kernels import fixed_point, size_classes
from slth.subset_sum.solution import Status

MAX_SAMPLES = 32


def cost(n: int) -> float:
    """Nanoseconds for one instance alone when all classes are needed (measured on one core; only ratios matter)."""
    return 1000.0 + 30.0 * 2 ** (n / 2)


def blocks(batch: Batch, nanoseconds: float) -> list[slice]:
    """Blocks of instances of about equal cost."""
    return batch.blocks(max(1, int(nanoseconds / cost(batch.n))))


def smallest(
    batch: Batch, which: NDArray[np.int64], epsilon: NDArray[np.float64]
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Masks and statuses of the instances `which`, sorted by row; epsilon (m,) for all instances of the batch."""
    fixed = FixedPoint.of(batch, which)
    exponents = fixed.exponents[fixed.row_of].tolist()
    tolerances = [_quanta(e, exponent) for e, exponent in zip(epsilon[which].tolist(), exponents, strict=True)]
    masks = np.empty(which.size, np.uint64)
    codes = np.empty(which.size, np.uint8)
    size_classes.smallest(
        fixed.values,
        fixed.counts,
        fixed.row_of,
        fixed.targets,
        np.array(tolerances, np.int64),
        fixed.exact,
        masks,
        codes,
    )
    # of a clipped target the distance is not known
    codes[np.abs(fixed.targets) >= fixed_point.CLIP] = size_classes.AMBIGUOUS
    statuses = np.full(which.size, Status.OPTIMAL, np.uint8)
    for i in np.flatnonzero(codes == size_classes.AMBIGUOUS).tolist():
        mask = exact.smallest_within(fixed.floats(i), float(batch.targets[which[i]]), float(epsilon[which[i]]))
        codes[i] = size_classes.MISSED if mask is None else size_classes.FOUND
        masks[i] = mask or 0
    statuses[codes == size_classes.MISSED] = Status.NOT_FOUND
    fixed.widen(masks)
    return masks, statuses


def _quanta(epsilon: float, exponent: int) -> int:
    """Epsilon in quanta, rounded down (sums are whole quanta, and scaling by a power of two is exact), at most 2^62: beyond all sums."""
    if math.frexp(epsilon)[1] + exponent > 62:
        return 2**62
    return int(math.ldexp(epsilon, exponent))
