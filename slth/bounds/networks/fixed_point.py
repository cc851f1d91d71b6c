"""The width that fixed-size subset sums ask for is the solution of an equation in itself: the larger one, in whole numbers."""

from __future__ import annotations

from typing import Final

import numpy as np

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.subset_sums.binomials import binary_entropy

# The products u v contain U[-1/2, 1/2], and the corollary then covers targets up to sqrt(k) / 2: all weights up to 1 from k = 4 on
LEAST_KEPT: Final = 4


def largest_solution(gamma: Array, nats: Array, c_amp: Array) -> Array:
    """The larger solution t of e^t / t^2 = c_amp gamma e^nats / (H2(gamma) ln(2)^2), NaN if there is none; nats = ln(1 / eps_i).

    Newton's method for ``t - 2 ln t = ln B`` from a point above the solution: the left side is convex and increasing for t > 2, so that
    it comes down to it without passing it.
    """
    log_b = np.log(c_amp) + np.log(gamma) - np.log(binary_entropy(gamma)) + nats - 2 * np.log(np.log(2))
    t = np.where(log_b >= 2 - 2 * np.log(2), 2 * np.maximum(log_b, 0) + 3, np.nan)
    for _ in range(100):
        with np.errstate(divide="ignore", invalid="ignore"):
            lower = np.maximum(t - (t - 2 * np.log(t) - log_b) * t / (t - 2), 2.0)
        lower = np.where(t <= 2, t, np.minimum(lower, t))
        if np.array_equal(lower, t, equal_nan=True):
            break
        t = lower
    return t


def kept_products(gamma: Array, nats: Array, c_amp: Array) -> Array:
    """Whole k = ceil(gamma n*) of the larger solution n*, but at least 4, as it is if every n will do."""
    t = largest_solution(gamma, nats, c_amp)
    with np.errstate(over="ignore"):
        k = np.where(np.isnan(t), 0.0, gamma / binary_entropy(gamma) * c_amp * (t / np.log(2)) ** 2)
    return np.maximum(np.ceil(k), LEAST_KEPT)


def block_size(gamma: Array, nats: Array, c_amp: Array) -> Array:
    """Whole n = ceil(k / gamma): k out of n are no more than the share gamma."""
    with np.errstate(over="ignore"):
        return np.ceil(kept_products(gamma, nats, c_amp) / gamma)


def require_fixed_point(args: Arguments, name: str, gamma: Array, eps: Array, c_amp: Array) -> None:
    args.require(f"0 < {name} < 1", (gamma > 0) & (gamma < 1))
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("c_amp > 0", c_amp > 0)
