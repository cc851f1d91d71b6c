"""Where the outputs of a network lie, as affine functions of its input with noise: tighter than intervals where layers are dense.

Every number y of a layer is known as y = A (x - c) + b + E e + t, with the same c for all, |x - c| <= h coordinate by coordinate, noise
|e| <= 1 and a rest |t| <= r (affine arithmetic: Stolfi and de Figueiredo, "Self-validated numerical methods", 1997, chapter 3; for ReLU
networks Singh et al., "Fast and effective robustness certification", NeurIPS 2018). A linear layer maps all of it exactly. ReLU on
[l, u], l < 0 < u, lies between s y and s y + m for any slope s in [0, 1], with m = max((1 - s) u, -s l): relu(y) - s y is convex, largest
at an end and smallest at 0. With s = u / (u - l) half of m becomes new noise around the other half. Two networks of the same x may then
be subtracted: what they do alike cancels. The numbers bounded are the exact ones; the rounding of computing the bounds goes into r.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from slth.certificate.linear import norms
from slth.certificate.state import TINY, UNIT, Array, gamma
from slth.networks import Dense, Network

_MOST_NOISE = 1 << 24  # numbers of E; beyond, noise goes into the rest


@dataclass(frozen=True)
class Affine:
    """``slope @ (x - centre) + middle + noise @ e + t``: see the module.

    Attributes
    ----------
    slope : (n, d) float64
    middle : (n,) float64
    noise : (n, k) float64
    rest : (n,) float64
        Bound of the absolute t, rounding included.
    half : (d,) float64
        Bound of the absolute x - centre.
    radius : float or None
        Bound of the l2 norm of x - centre, if one is known.
    """

    slope: Array
    middle: Array
    noise: Array
    rest: Array
    half: Array
    radius: float | None = None

    @classmethod
    def start(cls, low: Array, high: Array, radius: float | None = None) -> Affine:
        """The input itself, low <= x <= high (d,); in a ball around 0 of the radius, if one is given."""
        centre = 0.5 * low + 0.5 * high
        size = np.maximum(np.abs(low), np.abs(high))
        half = np.maximum(high - centre, centre - low) + 4 * UNIT * size + TINY
        around = radius if radius is not None and not centre.any() else None
        d = len(low)
        return cls(np.eye(d), centre, np.zeros((d, 0)), np.zeros(d), half, around)

    @classmethod
    def box(cls, low: Array, high: Array, half: Array) -> Affine:
        """Any numbers low <= y <= high (n,), whatever x is: an interval, for what is not an affine function."""
        middle = 0.5 * low + 0.5 * high
        size = np.maximum(np.abs(low), np.abs(high))
        rest = np.maximum(high - middle, middle - low) + 4 * UNIT * size + TINY
        return cls(np.zeros((len(low), len(half))), middle, np.zeros((len(low), 0)), rest, half)

    @property
    def swing(self) -> Array:
        """(n,): bound of ``|slope @ (x - centre)| + |noise @ e|``."""
        d, k = self.slope.shape[1], self.noise.shape[1]
        moved = np.abs(self.slope) @ self.half
        if self.radius is not None:
            moved = np.minimum(moved, self.radius * norms(self.slope))
        return np.asarray((moved + np.abs(self.noise).sum(axis=1)) * (1 + gamma(2 * (d + k) + 20)) + TINY)

    @property
    def ends(self) -> tuple[Array, Array]:
        """(n,), (n,): bounds of the numbers."""
        wide = (self.swing + self.rest) * (1 + 4 * UNIT) + 4 * UNIT * np.abs(self.middle) + TINY
        return self.middle - wide, self.middle + wide

    def mapped(self, matrix: Array, bias: Array, scale: float) -> Affine:
        """``scale * (matrix @ y + bias)``."""
        size, d, k, n = np.abs(matrix), self.slope.shape[1], self.noise.shape[1], matrix.shape[1]
        # each new entry is a sum of n products and a bias, times a scale
        sums = np.abs(self.slope) @ self.half + np.abs(self.noise).sum(axis=1) + np.abs(self.middle)
        rest = scale * (size @ (self.rest + gamma(n + 8) * sums) + gamma(n + 8) * np.abs(bias))
        return replace(
            self,
            slope=scale * (matrix @ self.slope),
            middle=scale * (matrix @ self.middle + bias),
            noise=scale * (matrix @ self.noise),
            rest=rest * (1 + gamma(2 * (d + k + n) + 20)) + TINY * max(1.0, scale),
        )

    def rectified(self) -> Affine:
        """``max(y, 0)``."""
        low, high = self.ends
        crossing = (low < 0) & (high > 0)
        width = np.where(crossing, high - low, 1.0)
        s = np.where(crossing, np.clip(high / width, 0.0, 1.0), (low >= 0).astype(np.float64))
        m = np.where(crossing, np.maximum((1 - s) * high, -s * low) * (1 + 4 * UNIT), 0.0)
        # products by s, and a sum: rounding relative to all that is there
        rounding = 4 * UNIT * (np.abs(self.middle) + self.swing + np.abs(self.slope) @ self.half + self.rest + m) + TINY
        new, kept = np.flatnonzero(crossing), self.noise * s[:, None]
        rest = (s * self.rest + np.where(crossing | (low >= 0), rounding, 0.0)) * (1 + 4 * UNIT)
        if len(low) * (kept.shape[1] + len(new)) <= _MOST_NOISE:
            fresh = np.zeros((len(low), len(new)))
            fresh[new, np.arange(len(new))] = 0.5 * m[new]
            kept = np.concatenate([kept, fresh], axis=1)
        else:
            rest = (rest + 0.5 * m) * (1 + 4 * UNIT)
        return replace(self, slope=self.slope * s[:, None], middle=self.middle * s + 0.5 * m, noise=kept, rest=rest)

    def apart(self, other: Affine) -> Array:
        """(n,): bounds of the distance from another's numbers, for the same x."""
        rest = self.rest + other.rest
        slope, middle = self.slope - other.slope, self.middle - other.middle
        # differences are rounded: relative to both
        size = np.abs(self.middle) + np.abs(other.middle) + (np.abs(self.slope) + np.abs(other.slope)) @ self.half
        noise = np.concatenate([self.noise, other.noise], axis=1)
        both = Affine(
            slope, middle, noise, rest + 8 * UNIT * size * (1 + gamma(len(self.half) + 8)), self.half, self.radius
        )
        low, high = both.ends
        return np.asarray(np.maximum(-low, high))


def through(network: Network, start: Affine) -> Affine:
    """The outputs of a network for which `is_affine` holds."""
    at = start
    for layer in network.layers:
        bias = np.zeros(layer.d_out) if layer.bias is None else layer.bias
        at = at.mapped(layer.weight, bias, layer.scale)
        at = at.rectified() if layer.activation == "relu" else at
    return at


def is_affine(network: Network) -> bool:
    """Whether all layers are dense, with ReLU or nothing behind them."""
    return network.is_dense and all(
        isinstance(layer, Dense) and layer.activation in ("relu", "identity") for layer in network.layers
    )
