"""Number partitioning and subset sums are one problem (theory section 8; Kumar and Natale 2025, Lemma 2)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from slth.subset_sum.batch import Numbers, read_numbers


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
    values, goals = read_numbers(samples, target)
    if values.dtype == np.int64:
        return np.asarray(values.sum(axis=-1) - 2 * goals)[()]
    shape = np.broadcast_shapes(values.shape[:-1], goals.shape)
    rows = np.broadcast_to(values, (*shape, values.shape[-1])).reshape(-1, values.shape[-1])
    flat = np.broadcast_to(goals, shape).reshape(-1)
    totals = [
        float(sum(map(Fraction, row), start=-2 * Fraction(goal)))
        for row, goal in zip(rows.tolist(), flat.tolist(), strict=True)
    ]
    return np.array(totals).reshape(shape)[()]
