"""Number partitioning and subset sums are one problem (Kumar and Natale 2025, Lemma 2)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from slth.subset_sum.batch import Batch, Numbers, read_numbers


def partition_target(samples: ArrayLike, target: ArrayLike) -> Numbers:
    """The target of the number-partitioning problem that is equivalent to a subset-sum problem.

    With the sign -1 for the chosen samples and +1 for the others, ``sum(signs * x) = L - 2 sum(x over S)``, L the sum of all samples. So
    ``solve(x, t)`` and ``solve(x, L - 2 t, coefficients=(1, -1))`` choose the same subset, and the second error is twice the first.

    Parameters
    ----------
    samples : (..., n) float64 or int64
    target : (...) float64 or int64
        t; broadcasts against the batch shape of `samples`.

    Returns
    -------
    (...) float64 or int64
        L - 2 t: exact for integers, else the exact value rounded once.

    Raises
    ------
    ValueError
        If samples and target do not broadcast, or are not finite numbers.

    Examples
    --------
    >>> from slth import subset_sum
    >>> int(subset_sum.partition_target([4, 5, 6, 7, 8], 15))  # a perfect partition of 30 into 15 and 15
    0
    """
    batch = Batch.read(*read_numbers(samples, target))  # broadcasts, and refuses what may overflow
    goals, totals = batch.targets.tolist(), [sum(map(Fraction, row)) for row in batch.rows.tolist()]
    wanted = [totals[row] - 2 * Fraction(goal) for row, goal in zip(batch.row_of.tolist(), goals, strict=True)]
    if batch.integral:
        if max(map(abs, wanted)) >= 2**62:
            raise ValueError(
                "the sum of the samples less twice the target overflows 62 bits; divide by a common factor"
            )
        return np.array([int(w) for w in wanted], np.int64).reshape(batch.shape)[()]
    try:
        return np.array([float(w) for w in wanted]).reshape(batch.shape)[()]
    except OverflowError:
        raise ValueError(
            "the sum of the samples less twice the target overflows float64; divide both by a power of two"
        ) from None
