"""Where a network is used: the set of inputs over which an approximation is certified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.validation import finite_array, positive_float, positive_int


@dataclass(frozen=True, eq=False)
class Box:
    """All x with lower <= x <= upper, coordinate by coordinate.

    Parameters
    ----------
    lower, upper : (d,) float64
        Finite, lower <= upper.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    def __post_init__(self) -> None:
        lower, upper = (
            finite_array(self.lower, "domain lower", ndim=1),
            finite_array(self.upper, "domain upper", ndim=1),
        )
        if lower.shape != upper.shape or lower.size == 0:
            raise ValueError(
                f"domain bounds must be two vectors of one length, got shapes {lower.shape} and {upper.shape}"
            )
        if (lower > upper).any():
            i = int(np.argmax(lower > upper))
            raise ValueError(f"domain must have lower <= upper, got [{lower[i]:g}, {upper[i]:g}] at coordinate {i}")
        for name, bound in (("lower", lower), ("upper", upper)):
            own = bound.copy()  # a certificate rests on it: nobody else may change it
            own.flags.writeable = False
            object.__setattr__(self, name, own)

    @property
    def d(self) -> int:
        return self.lower.size

    def sample(self, rng: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Uniform points ``(count, d)``."""
        return self.lower + (self.upper - self.lower) * rng.random((count, self.d))

    def __repr__(self) -> str:
        low, high = np.unique(self.lower), np.unique(self.upper)
        if low.size == high.size == 1:
            return f"Box([{low[0]:g}, {high[0]:g}]^{self.d})"
        return f"Box(d={self.d}, from {low[0]:g} to {high[-1]:g})"


@dataclass(frozen=True)
class Ball:
    """All x of dimension d with Euclidean norm at most `radius`."""

    d: int
    radius: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "d", positive_int(self.d, "domain dimension"))
        object.__setattr__(self, "radius", positive_float(self.radius, "domain radius"))

    @property
    def lower(self) -> NDArray[np.float64]:
        """Lower corner of the box around the ball."""
        return np.full(self.d, -self.radius)

    @property
    def upper(self) -> NDArray[np.float64]:
        """Upper corner of the box around the ball."""
        return np.full(self.d, self.radius)

    def sample(self, rng: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Uniform points ``(count, d)``."""
        directions = rng.standard_normal((count, self.d))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        points: NDArray[np.float64] = self.radius * rng.random((count, 1)) ** (1 / self.d) * directions
        return points

    def __repr__(self) -> str:
        return f"Ball(d={self.d}, radius={self.radius:g})"


Domain = Box | Ball


def read_domain(domain: Any, d: int) -> Domain:
    """A `Box` or `Ball` of dimension d from None ([-1, 1]^d), a pair (lower, upper) of numbers or vectors, a Box or a Ball.

    Raises
    ------
    ValueError, TypeError
        If the domain is something else, not finite, or of another dimension.
    """
    if domain is None:
        domain = (-1.0, 1.0)
    region: Domain
    if isinstance(domain, Box | Ball):
        region = domain
    else:
        if not isinstance(domain, tuple | list) or len(domain) != 2:
            raise TypeError(f"domain must be None, a pair (lower, upper), a slth.Box or a slth.Ball, got {domain!r}")
        region = Box(*(_vector(bound, d) for bound in domain))
    if region.d != d:
        raise ValueError(f"domain must have the input dimension of the network, {d}, got {region!r}")
    return region


def _vector(bound: ArrayLike, d: int) -> NDArray[np.float64]:
    values = finite_array(bound, "domain")
    return np.full(d, float(values)) if values.ndim == 0 else values
