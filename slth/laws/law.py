"""`Law`: what the package asks of a distribution of weights, and what follows from little of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]


class Law(ABC):
    """A distribution of real numbers.

    A subclass gives `name`, `formula`, `support`, `cdf`, `moment` and either `quantile` or `from_words`; a law with a density overrides
    `density`, a discrete one `probability`. `UserLaw` makes a law of functions. Arrays go in and out in any shape.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What `slth.laws.get` reads back, for the laws that are built in."""

    @property
    @abstractmethod
    def formula(self) -> str:
        """The distribution in TeX."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """Smallest closed interval of probability 1."""

    @abstractmethod
    def cdf(self, x: ArrayLike) -> Floats:
        """P(X <= x)."""

    @abstractmethod
    def moment(self, k: int) -> float:
        """E[X^k], k >= 0."""

    @property
    def mean(self) -> float:
        return self.moment(1)

    @property
    def variance(self) -> float:
        return self.moment(2) - self.moment(1) ** 2

    def density(self, x: ArrayLike) -> Floats:
        """Probability density at x; a TypeError where there is none."""
        raise TypeError(f"the law {self.name!r} has no density; use probability(x)")

    def probability(self, x: ArrayLike) -> Floats:
        """P(X = x): 0 unless the law is discrete."""
        return np.zeros(np.shape(x))

    def quantile(self, u: ArrayLike) -> Floats:
        """The value that the law stays below with probability u in (0, 1); by bisection on `cdf` unless there is a formula."""
        goal = np.asarray(u, np.float64)
        low, high = self.support
        if not (np.isfinite(low) and np.isfinite(high)):
            raise NotImplementedError(f"the law {self.name!r} has no quantile: define quantile(u), or use sample")
        below, above = np.full(goal.shape, low), np.full(goal.shape, high)
        for _ in range(64):
            middle = 0.5 * (below + above)
            short = self.cdf(middle) < goal
            below, above = np.where(short, middle, below), np.where(short, above, middle)
        return np.asarray(0.5 * (below + above))

    def from_words(self, words: Words) -> Floats:
        """Independent values of the law from independent uniform 64-bit words, one each: a pure function, the same for ever."""
        return self.quantile(unit(words))

    def sample(self, shape: int | tuple[int, ...] = (), rng: Any = None) -> Floats:
        """Independent values, `shape` of them, from ``np.random.default_rng(rng)``."""
        return np.asarray(self.from_words(random_words(shape, rng)))

    def sum_bounded(self) -> tuple[float, float]:
        """(c_l, c_u) such that for all k the density of a sum of k lies above c_l / sqrt(k) on [-sqrt(k), sqrt(k)] and below c_u / sqrt(k).

        Definition 1 of Natale et al. 2024. A ValueError says why a law has no such constants, or that they are not known.
        """
        raise ValueError(f"the law {self.name!r} has no known sum-bounded constants; give c_l and c_u by hand")

    def contains_uniform(self, half_width: float = 1.0) -> float:
        """Largest p such that the density is at least p times that of U[-half_width, half_width]."""
        raise ValueError(
            f"which uniform law {self.name!r} contains is not known; give p by hand: 2 a min density over [-a, a]"
        )

    def cdf_of_sum(self, k: int, x: ArrayLike) -> Floats:
        """P(X_1 + ... + X_k <= x) of k independent values, where it is known to rounding."""
        raise NotImplementedError(
            f"the law {self.name!r} has no exact cdf of a sum; simulate it, or use a normal approximation"
        )

    def __repr__(self) -> str:
        return f"<law {self.name}>"


def all_laws(*parts: Any) -> None:
    """Raise TypeError unless every part of a composed law is one."""
    for part in parts:
        if not isinstance(part, Law):
            raise TypeError(f"a composed law is made of laws, got {part!r}; write for instance Uniform(0, 1)")


def unit(words: Words) -> Floats:
    """The midpoints of 2^52 equal cells of (0, 1): exact in float64, with 53 bits the last one would round to 1."""
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def signed_unit(words: Words) -> Floats:
    """The odd multiples of 2^-53 in (-1, 1), equally likely: spacing 2^-52, no rounding, never 0, the same on every machine.

    With u = (word >> 11) * 2^-53 in [0, 1), this is 2 u - 1 moved up by half a step of its grid.
    """
    odd = ((words >> np.uint64(10)) | np.uint64(1)).astype(np.int64) - (1 << 53)
    return odd.astype(np.float64) * 2.0**-53


def random_words(shape: int | tuple[int, ...], rng: Any) -> Words:
    """Uniform 64-bit words."""
    words: Words = np.asarray(np.random.default_rng(rng).integers(0, 2**64, shape, dtype=np.uint64))
    return words


def number(x: float) -> str:
    """A parameter as it stands in a name."""
    return repr(int(x)) if float(x).is_integer() and abs(x) < 1e15 else repr(float(x))
