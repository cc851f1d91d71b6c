"""The sum of k independent U[0, 1] (Irwin-Hall) without the alternating sum that loses all digits from k = 20 on.

Its density M_k is the cardinal B-spline: M_1 = 1 on [0, 1), M_k(x) = (x M_(k-1)(x) + (k - x) M_(k-1)(x - 1)) / (k - 1), in which no term is
negative, so nothing cancels. The distribution function is the sum of M_(k+1)(x - j) over j >= 0, for the same reason as accurate, and in
the upper half one minus its mirror image.
"""

from __future__ import annotations

import numpy as np

from slth.laws.law import Floats


def _splines(k: int, x: Floats) -> tuple[Floats, Floats]:
    """M_k at t, t + 1, ..., t + k - 1 for the fractional part t of x, shape (k, x.size); and the whole part of x."""
    whole = np.floor(x)
    t = x - whole
    values = np.zeros((k, x.size))
    values[0] = 1.0
    for j in range(2, k + 1):
        for i in range(j - 1, -1, -1):
            below = values[i - 1] if i else 0.0
            values[i] = ((t + i) * values[i] + (j - t - i) * below) / (j - 1)
    return values, whole


def irwin_hall_density(k: int, x: Floats) -> Floats:
    """Density of the sum of k at x, any shape. Time O(k^2) and memory O(k) a point."""
    flat = np.clip(np.asarray(x, np.float64).reshape(-1), -1.0, k + 1.0)
    values, whole = _splines(k, flat)
    row = whole.astype(np.int64)
    inside = (row >= 0) & (row < k)
    found = np.where(inside, values[np.clip(row, 0, k - 1), np.arange(flat.size)], 0.0)
    return np.asarray(found.reshape(np.shape(x)))


def irwin_hall_cdf(k: int, x: Floats) -> Floats:
    """P(sum of k <= x), any shape. Time O(k^2) and memory O(k) a point."""
    flat = np.asarray(x, np.float64).reshape(-1)
    upper = flat > 0.5 * k
    lower_half = np.clip(np.where(upper, k - flat, flat), -1.0, 0.5 * k)
    values, whole = _splines(k + 1, lower_half)
    total = np.where(np.arange(k + 1)[:, None] <= whole, values, 0.0).sum(axis=0)
    return np.asarray(np.where(upper, 1.0 - total, total).reshape(np.shape(x)))
