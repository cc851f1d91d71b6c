"""Weights of a sparse random network: an edge exists by chance, and then has a weight of some law."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from slth.laws.continuous import Uniform
from slth.laws.law import Floats, Law, Words, all_laws, number, unit
from slth.validation import positive_int


@dataclass(frozen=True, repr=False)
class Sparse(Law):
    """An edge that exists with probability `p` and then has a weight of the law `weights`; else 0 (Erdos-Renyi).

    The sources of Gadhikar, Mukherjee and Burkholz, "Why random pruning is all we need to start sparse" (ICML 2023). The same law as
    ``Mixture(1 - p, Discrete((0,)), weights)``, with exact sums.

    Parameters
    ----------
    p : float
        In (0, 1].
    weights : Law
        U[-1, 1] by default.

    Examples
    --------
    >>> Sparse(0.25).contains_uniform()
    0.25
    """

    p: float
    weights: Law = field(default_factory=Uniform)

    def __post_init__(self) -> None:
        all_laws(self.weights)
        if not 0 < self.p <= 1:
            raise ValueError(f"p, the probability that an edge exists, must lie in (0, 1], got {self.p}")

    @property
    def name(self) -> str:
        p = number(self.p)
        return f"sparse({p})" if self.weights == Uniform() else f"sparse({p}, {self.weights.name})"

    @property
    def formula(self) -> str:
        return rf"{number(1 - self.p)} \delta_0 + {number(self.p)} {self.weights.formula}"

    @property
    def support(self) -> tuple[float, float]:
        low, high = self.weights.support
        return (low, high) if self.p == 1 else (min(low, 0.0), max(high, 0.0))

    def density(self, x: ArrayLike) -> Floats:
        """That of the weights if p = 1; else a TypeError, there is an atom at 0."""
        return self.weights.density(x) if self.p == 1 else super().density(x)

    def probability(self, x: ArrayLike) -> Floats:
        return np.asarray((1 - self.p) * (np.asarray(x, np.float64) == 0) + self.p * self.weights.probability(x))

    def cdf(self, x: ArrayLike) -> Floats:
        return (1 - self.p) * (np.asarray(x, np.float64) >= 0) + self.p * self.weights.cdf(x)

    def moment(self, k: int) -> float:
        return (1 - self.p) * (k == 0) + self.p * self.weights.moment(k)

    def from_words(self, words: Words) -> Floats:
        """The word says whether the edge exists, and what is left of it, a uniform number again, its weight."""
        if self.p == 1:
            return self.weights.from_words(words)
        u = unit(words)
        there = u < self.p
        values = self.weights.quantile(np.clip(np.where(there, u / self.p, 0.5), 2.0**-53, 1 - 2.0**-53))
        return np.where(there, values, 0.0)

    def sum_bounded(self) -> tuple[float, float]:
        """Those of the weights if p = 1; else a ValueError: sums have an atom at 0, so no density."""
        if self.p == 1:
            return self.weights.sum_bounded()
        raise ValueError(f"the law {self.name!r} is not sum-bounded: it has an atom at 0, and so have its sums")

    def contains_uniform(self, half_width: float = 1.0) -> float:
        """p times what the weights contain."""
        return self.p * self.weights.contains_uniform(half_width)

    def cdf_of_sum(self, k: int, x: ArrayLike) -> Floats:
        """The sum of as many weights as edges exist, a binomial number: terms >= 0, so as accurate as the sums of the weights."""
        from scipy.stats import binom

        k, at = positive_int(k, "k"), np.asarray(x, np.float64)
        chances = binom.pmf(np.arange(k + 1), k, self.p).tolist()
        total = chances[0] * (at >= 0)
        for count, chance in enumerate(chances[1:], 1):
            if chance > 0:
                total = total + chance * self.weights.cdf_of_sum(count, at)
        return np.asarray(np.minimum(total, 1.0))
