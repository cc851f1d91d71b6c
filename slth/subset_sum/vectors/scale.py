"""Vectors in int64 fixed point, and what a Gaussian says about how many of their sums lie where."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.kernels.vectors import LARGEST_LEFT

ROW_BITS = 60  # sum of |samples| + |target| < 2^60 quanta in every coordinate
_PAIRS = 8.0  # subsets expected in the first window

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scaled:
    """Instances times a power of two each, one for all coordinates, so that distances keep their order.

    Attributes
    ----------
    values : (m, d, n) int64
    targets : (m, d) int64
    exponents : (m,) int64
        values = rint(samples * 2^exponent): off by 1/2 each at most, so the coordinate of an error is off by (n + 1) / 2.
    exact : (m,) bool
        Nothing was rounded. Then common factors of two are divided out, which keeps squares small.
    """

    values: NDArray[np.int64]
    targets: NDArray[np.int64]
    exponents: NDArray[np.int64]
    exact: NDArray[np.bool_]

    @classmethod
    def of(cls, samples: Floats, targets: Floats) -> Scaled:
        """From samples (m, n, d), targets (m, d)."""
        with np.errstate(under="ignore"):
            reach = np.frexp((np.abs(samples).sum(axis=1) + np.abs(targets)).max(axis=1))[1].astype(np.int64)
            exponents = ROW_BITS - reach
            up = exponents.astype(np.int32)
            scaled = np.ldexp(samples.transpose(0, 2, 1), up[:, None, None])
            goals = np.ldexp(targets, up[:, None])
            values, whole = np.rint(scaled), np.rint(goals)
            exact = (np.ldexp(values, -up[:, None, None]) == samples.transpose(0, 2, 1)).all(axis=(1, 2))
            exact &= (np.ldexp(whole, -up[:, None]) == targets).all(axis=1)
        integers, goal = np.ascontiguousarray(values).astype(np.int64), whole.astype(np.int64)
        bits = np.bitwise_or.reduce(integers, axis=(1, 2)) | np.bitwise_or.reduce(goal, axis=1)
        lowest = np.where(bits == 0, 1, bits & -bits)
        spare = np.where(exact, np.frexp(lowest.astype(np.float64))[1].astype(np.int64) - 1, 0)
        integers >>= spare[:, None, None]
        goal >>= spare[:, None]
        return cls(integers, goal, exponents - spare, exact)

    def quanta(self, epsilon: Floats) -> Floats:
        """Epsilon in quanta, not rounded unless it is beyond all sums or far below one quantum."""
        with np.errstate(over="ignore", under="ignore"):
            return np.minimum(np.ldexp(epsilon, self.exponents.astype(np.int32)), 2.0**80)

    def _covariance(self) -> tuple[Floats, Floats]:
        """Of a random subset's sum, (m, d, d); and the distance of the target from its mean in it, squared."""
        values = self.values.astype(np.float64)
        d = values.shape[1]
        covariance = values @ values.transpose(0, 2, 1) / 4
        spread = np.trace(covariance, axis1=1, axis2=2)
        covariance += np.eye(d) * (1.0 + 1e-9 * spread)[:, None, None]
        away = self.targets - values.sum(axis=2) / 2
        squared = (away * np.linalg.solve(covariance, away[:, :, None])[:, :, 0]).sum(axis=1)
        return np.linalg.slogdet(covariance)[1] / math.log(2), squared

    def windows(self, norm: int, low: int, high: int, seen: int) -> NDArray[np.int64]:
        """Half side of the box in which a few of 2^seen subsets are expected (of the allowed sizes). A guess: it costs time only."""
        d, n = self.values.shape[1:]
        log2_det, squared = self._covariance()
        subsets = math.log2(sum(math.comb(n, k) for k in range(low, high + 1))) - n + seen
        log2_density = (
            -d / 2 * math.log2(2 * math.pi) - log2_det / 2 - np.minimum(squared, 100.0) / 2 * math.log2(math.e)
        )
        log2_window = (math.log2(_PAIRS) - subsets - log2_density - _log2_volume(norm, d)) / d
        windows: NDArray[np.int64] = np.exp2(np.clip(log2_window, 0.0, 60.0)).astype(np.int64)
        return windows

    def left_bits(self, norm: int, tolerances: Floats) -> NDArray[np.int64]:
        """log2 of the left sums for ANY: about half the samples it takes until one subset is expected within the tolerance."""
        d, n = self.values.shape[1:]
        log2_det, _ = self._covariance()
        volume = _log2_volume(norm, d) + d * np.log2(np.maximum(tolerances, 0.5))
        samples = np.arange(1, n + 1)
        # with the first k samples the density is that of a Gaussian with k / n of the covariance
        log2_det = log2_det[:, None] - d * np.log2(n / samples)
        expected = samples - d / 2 * math.log2(2 * math.pi) - log2_det / 2 + volume[:, None]
        needed = np.where((expected >= 0).any(axis=1), np.argmax(expected >= 0, axis=1) + 1, n)
        bits: NDArray[np.int64] = np.clip(needed // 2 - 1, 0, LARGEST_LEFT).astype(np.int64)
        return bits


def _log2_volume(norm: int, d: int) -> float:
    """log2 of the volume of the unit ball: a cube of side 2, or Euclidean."""
    return float(d) if norm == 0 else d / 2 * math.log2(math.pi) - math.lgamma(d / 2 + 1) / math.log(2)
