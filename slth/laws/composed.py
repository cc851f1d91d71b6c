"""Laws made of others: mixtures, and laws a user writes down."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.laws.law import Floats, Law, Words, all_laws, number, unit


@dataclass(frozen=True, repr=False)
class Mixture(Law):
    """With probability `weight` a value of `first`, else one of `second`.

    ``Mixture(0.5, Discrete((0,)), Product())`` is the law of v relu(u): the first weight has the useful sign with probability 1/2, and the
    mixture contains U[-1/2, 1/2] with weight ln(2) / 4 (Pensia et al. 2020, Lemma on product distributions).
    """

    weight: float
    first: Law
    second: Law

    def __post_init__(self) -> None:
        all_laws(self.first, self.second)
        if not 0 < self.weight < 1:
            raise ValueError(f"weight must lie strictly between 0 and 1, got {self.weight}")

    @property
    def name(self) -> str:
        return f"mixture({number(self.weight)}, {self.first.name}, {self.second.name})"

    @property
    def formula(self) -> str:
        return f"{number(self.weight)} {self.first.formula} + {number(1 - self.weight)} {self.second.formula}"

    @property
    def support(self) -> tuple[float, float]:
        (a, b), (c, d) = self.first.support, self.second.support
        return min(a, c), max(b, d)

    def density(self, x: ArrayLike) -> Floats:
        return self._mean(self.first.density(x), self.second.density(x))

    def probability(self, x: ArrayLike) -> Floats:
        return self._mean(self.first.probability(x), self.second.probability(x))

    def cdf(self, x: ArrayLike) -> Floats:
        return self._mean(self.first.cdf(x), self.second.cdf(x))

    def moment(self, k: int) -> float:
        return self.weight * self.first.moment(k) + (1 - self.weight) * self.second.moment(k)

    def from_words(self, words: Words) -> Floats:
        """The word chooses the part, and what is left of it, a uniform number again, the value."""
        u = unit(words)
        chosen = u < self.weight
        rest = np.where(chosen, u / self.weight, (u - self.weight) / (1 - self.weight))
        rest = np.clip(rest, 2.0**-53, 1 - 2.0**-53)
        return np.where(chosen, self.first.quantile(rest), self.second.quantile(rest))

    def contains_uniform(self, half_width: float = 1.0) -> float:
        """What the parts contain, added up: contained, and the largest if both densities are least at the same point."""
        return self.weight * self.first.contains_uniform(half_width) + (1 - self.weight) * self.second.contains_uniform(
            half_width
        )

    def _mean(self, first: Floats, second: Floats) -> Floats:
        return self.weight * first + (1 - self.weight) * second


class UserLaw(Law):
    """A law given by functions; what needs a function that is missing says so.

    Parameters
    ----------
    name : str
    sample : function, optional
        ``(shape, numpy.random.Generator) -> (*shape) float64``.
    density, cdf : function, optional
        ``(...) float64 -> (...) float64``. Moments and a missing cdf are integrals of the density by quadrature.
    quantile : function, optional
        Inverse of the cdf: makes the law a function of random words, and so replaces `sample`.
    support : (float, float)
    formula : str, optional
        TeX.

    Examples
    --------
    >>> import numpy as np
    >>> law = UserLaw("triangle", density=lambda x: np.maximum(1 - abs(x), 0), sample=lambda shape, rng: rng.triangular(-1, 0, 1, shape),
    ...               support=(-1, 1))
    >>> round(law.variance, 6)
    0.166667
    """

    def __init__(
        self,
        name: str,
        *,
        sample: Callable[[Any, np.random.Generator], ArrayLike] | None = None,
        density: Callable[[Floats], ArrayLike] | None = None,
        cdf: Callable[[Floats], ArrayLike] | None = None,
        quantile: Callable[[Floats], ArrayLike] | None = None,
        support: tuple[float, float] = (-math.inf, math.inf),
        formula: str | None = None,
    ) -> None:
        if not support[0] < support[1]:
            raise ValueError(f"support must be (low, high) with low < high, got {support!r}")
        self._name, self._formula = name, rf"\text{{{name}}}" if formula is None else formula
        self._support = float(support[0]), float(support[1])
        self._functions = {"sample": sample, "density": density, "cdf": cdf, "quantile": quantile}

    @property
    def name(self) -> str:
        return self._name

    @property
    def formula(self) -> str:
        return self._formula

    @property
    def support(self) -> tuple[float, float]:
        return self._support

    def density(self, x: ArrayLike) -> Floats:
        return self._call("density", x)

    def cdf(self, x: ArrayLike) -> Floats:
        if self._functions["cdf"] is not None:
            return self._call("cdf", x)
        at = np.asarray(x, np.float64)
        low, high = self.support
        values = [self._integral(0, min(max(b, low), high)) for b in at.reshape(-1).tolist()]
        return np.asarray(np.clip(np.array(values).reshape(at.shape), 0.0, 1.0))

    def moment(self, k: int) -> float:
        return self._integral(k, self.support[1])

    def quantile(self, u: ArrayLike) -> Floats:
        if self._functions["quantile"] is None and self._functions["cdf"] is not None:
            return super().quantile(u)
        return self._call("quantile", u)

    def sample(self, shape: int | tuple[int, ...] = (), rng: Any = None) -> Floats:
        if self._functions["sample"] is None:
            return super().sample(shape, rng)
        return self._call("sample", shape, np.random.default_rng(rng))

    def _call(self, name: str, at: Any, *others: Any) -> Floats:
        function = self._functions[name]
        if function is None:
            raise NotImplementedError(f"the law {self.name!r} has no {name}: give UserLaw(..., {name}=function)")
        at = at if others else np.asarray(at, np.float64)
        return np.asarray(function(at, *others), np.float64)

    def _integral(self, k: int, high: float) -> float:
        """Integral of x^k density(x) up to `high`."""
        from scipy.integrate import quad

        low = self.support[0]
        cuts = [low, *([0.0] if low < 0 < high else []), high]  # many densities have a peak at 0
        pieces = pairwise(cuts)
        return math.fsum(quad(lambda x: x**k * float(self.density(x)), a, b, limit=200)[0] for a, b in pieces if a < b)
