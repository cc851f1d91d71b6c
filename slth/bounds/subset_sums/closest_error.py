"""How close the closest of all 2^n subset sums comes to a target: a predictor, not a bound."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from slth.bounds.statement import statement

Array = NDArray[np.float64]


@statement(
    "logarithm of the error of the closest of all 2^n subset sums, given the samples",
    tex=r"\ln \frac{1}{2r(z)},\quad r(z) = \frac{2^n}{\sigma}\,\phi\left(\frac{z - \Lambda/2}{\sigma}\right),\ "
    r"\Lambda = \sum_i X_i,\ \sigma^2 = \tfrac14 \sum_i X_i^2",
    cites=("slth",),
    where="moments of a uniformly random subset; Gaussian density of the sums, spacings as in a Poisson process",
    mark="derived",
    checked=True,
    assumptions=(
        "the 2^n sums lie like a Gaussian: n >= 8 or so, samples of comparable size, z in the bulk",
        "z is not Lambda/2 itself, where a subset and its complement are equally close and the error is twice as large",
    ),
    direction="predictor",
)
def log_closest_error(target: Array, positive: Array, total: Array, deviation: Array, n: Array | float) -> Array:
    """Natural logarithm of the predicted error of the closest subset, given the samples.

    A uniformly random subset of samples with sum L and sum of squares Q has mean L / 2 and variance Q / 4. If the 2^n sums lie like a
    Gaussian of these moments, ``rate = 2^n phi((z - L / 2) / sd) / sd`` of them lie in a unit around z, and the closest is about
    ``1 / (2 rate)`` away. No sum lies beyond the positive or below the negative samples together: a target out of this reach is missed
    by the distance to it.

    Parameters
    ----------
    target : (...) float64
        z.
    positive, total, deviation : (...) float64
        Sum of the positive samples, sum of all samples L, and sd = sqrt(Q) / 2 > 0.
    n : (...) float64
        Number of samples.

    Returns
    -------
    (...) float64
        Estimated, typically within a factor of 3 in the bulk; too optimistic near the edge of the reach.
    """
    u = (target - 0.5 * total) / deviation
    spacing = np.log(deviation * math.sqrt(math.pi / 2)) + 0.5 * u * u - n * math.log(2)
    beyond = np.maximum(np.maximum(target - positive, total - positive - target), 1e-300)
    return np.asarray(np.maximum(spacing, np.log(beyond)))
