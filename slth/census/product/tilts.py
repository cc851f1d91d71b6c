"""Which tilts serve all coefficients of a product, from a sample of its factors: what is proven does not depend on them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.census.product.polynomials import Polynomials

Floats = NDArray[np.float64]

ALIKE = 0.8  # share of the standard deviation from which on a part makes use of the angles of the whole
_SAMPLED = 4096  # factors that are looked at
_IRREGULAR = 30.0  # standard deviations below which stretches are half as long
_FEW = 2000  # distinct factors below which they are


@dataclass(frozen=True, eq=False)
class Factors:
    """A product for the kernel."""

    rows: Floats
    copies: NDArray[np.int64]
    tops: NDArray[np.int64]

    @classmethod
    def of(cls, polynomials: Polynomials) -> Factors:
        return cls(polynomials.rows.astype(np.float64), polynomials.copies, polynomials.tops)

    @property
    def count(self) -> int:
        return int(self.copies.sum())

    @property
    def degree(self) -> int:
        return int(self.tops @ self.copies)

    @property
    def width(self) -> int:
        return int(self.rows.shape[1])

    def some(self) -> tuple[Factors, float]:
        """A sample of the rows, and how many each stands for."""
        step = -(-len(self.rows) // _SAMPLED)
        if step == 1:
            return self, 1.0
        at = np.random.default_rng(0).permutation(len(self.rows))[:_SAMPLED]
        return Factors(self.rows[at], self.copies[at], self.tops[at]), self.count / float(self.copies[at].sum())


def common_step(factors: list[Factors]) -> int:
    """Greatest common divisor of the degrees that occur."""
    used = {int(a) for f in factors for a in np.flatnonzero((f.rows > 0).any(axis=0))}
    return math.gcd(*used) or 1  # of no degree at all: 0


def _rough(factors: list[Factors]) -> Callable[[float], tuple[float, float, float]]:
    """Mean from the bottom, mean from the top and standard deviation of the product at a tilt, about."""
    samples = [f.some() for f in factors]

    def at(tilt: float) -> tuple[float, float, float]:
        below = above = variance = 0.0
        for sample, many in samples:
            a = np.arange(sample.width)
            base = sample.tops if tilt > 0 else np.zeros_like(sample.tops)
            with np.errstate(under="ignore"):
                q = sample.rows * np.exp(np.clip(tilt * (a - base[:, None]), -745, 700))
            q /= q.sum(axis=1, keepdims=True)
            copies = many * sample.copies
            mean = q @ a
            below += float(copies @ mean)
            above += float(copies @ np.maximum(sample.tops - mean, 0))
            centred = a - mean[:, None]
            variance += float(copies @ (q * centred * centred).sum(axis=1))
        return below, above, math.sqrt(variance)

    return at


def tilts(factors: list[Factors], reach: float) -> tuple[Floats, Floats]:
    """Tilts whose stretches cover all degrees, and the standard deviations there, about."""
    at = _rough(factors)
    ends = []
    for sign, side in ((-1, 0), (1, 1)):
        far = 1.0
        while at(sign * far)[side] > 1.5 and far < 300:
            far *= 1.25
        ends.append(sign * far)
    grid = np.linspace(ends[0], ends[1], 601)
    sigma = np.array([at(t)[2] for t in grid.tolist()])
    # near the ends, and of few factors, the sum is far from normal, and far from its mean there may be hardly anything
    close = np.where((sigma < _IRREGULAR) | (sum(len(f.rows) for f in factors) < _FEW), 2.0, 1.0) * sigma
    along = np.concatenate([[0], np.cumsum(0.5 * (close[1:] + close[:-1]) * np.diff(grid))])
    count = int(along[-1] / (2 * reach)) + 2
    chosen = np.interp(np.linspace(0, along[-1], count), along, grid)
    return chosen, np.interp(chosen, grid, sigma)


def alike(factors: list[Factors], reach: float) -> list[int]:
    """The parts that are nearly as wide as the whole at every tilt."""
    if common_step(factors) > 1 or not all(f.degree for f in factors):
        return []
    chosen, _ = tilts(factors, reach)
    some = chosen[:: -(-chosen.size // 16)].tolist()
    whole = np.array([_rough(factors)(t)[2] for t in some])
    return [
        i for i, f in enumerate(factors) if (np.array([_rough([f])(t)[2] for t in some]) > 1.02 * ALIKE * whole).all()
    ]
