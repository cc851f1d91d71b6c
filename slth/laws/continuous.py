"""Uniform, normal and hyperbolic laws. SciPy is imported where it is used: importing slth stays cheap."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from slth.laws.irwin_hall import irwin_hall_cdf, irwin_hall_density
from slth.laws.law import Floats, Law, Words, number, signed_unit
from slth.validation import positive_float, positive_int


@dataclass(frozen=True, repr=False)
class Uniform(Law):
    """U[low, high]; [-1, 1] by default."""

    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"a uniform law needs finite low < high, got [{self.low}, {self.high}]")

    @property
    def name(self) -> str:
        plain = (self.low, self.high) == (-1, 1)
        return "uniform" if plain else f"uniform({number(self.low)}, {number(self.high)})"

    @property
    def formula(self) -> str:
        return rf"\mathcal{{U}}[{number(self.low)}, {number(self.high)}]"

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def mean(self) -> float:
        return 0.5 * (self.low + self.high)

    @property
    def variance(self) -> float:
        return (self.high - self.low) ** 2 / 12

    def density(self, x: ArrayLike) -> Floats:
        at = np.asarray(x, np.float64)
        return np.where((at >= self.low) & (at <= self.high), 1 / (self.high - self.low), 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        return np.clip((np.asarray(x, np.float64) - self.low) / (self.high - self.low), 0.0, 1.0)

    def moment(self, k: int) -> float:
        # sum of low^i high^(k - i) over i, divided by k + 1: no cancellation for a narrow law
        return math.fsum(self.low**i * self.high ** (k - i) for i in range(k + 1)) / (k + 1)

    def quantile(self, u: ArrayLike) -> Floats:
        return self.low + (self.high - self.low) * np.asarray(u, np.float64)

    def from_words(self, words: Words) -> Floats:
        """[-1, 1]: the odd multiples of 2^-53 in (-1, 1), equally likely, bit for bit; other intervals: these, moved."""
        signed = signed_unit(words)
        if (self.low, self.high) == (-1, 1):
            return signed
        return np.clip(self.mean + 0.5 * (self.high - self.low) * signed, self.low, self.high)

    def sum_bounded(self) -> tuple[float, float]:
        """U[-1, 1]: c_l = sqrt(3 / (2 pi)) e^(-3/2) = 0.15418 and c_u = 1 / sqrt(2), the best constants.

        Proven for all k in proofs_checks/natale_2024.py: c_l is the infimum, the limit of large k and never attained; c_u is attained
        at k = 2.
        """
        if (self.low, self.high) != (-1, 1):
            return super().sum_bounded()
        return math.sqrt(1.5 / math.pi) * math.exp(-1.5), math.sqrt(0.5)

    def contains_uniform(self, half_width: float = 1.0) -> float:
        a = positive_float(half_width, "half_width")
        return 2 * a / (self.high - self.low) if self.low <= -a and a <= self.high else 0.0

    def cdf_of_sum(self, k: int, x: ArrayLike) -> Floats:
        """Irwin-Hall, by a recursion of positive terms: relative accuracy about k roundings for any k, in either tail of x - k low."""
        return irwin_hall_cdf(positive_int(k, "k"), (np.asarray(x, np.float64) - k * self.low) / (self.high - self.low))

    def density_of_sum(self, k: int, x: ArrayLike) -> Floats:
        """Density of the sum of k independent values."""
        width = self.high - self.low
        return irwin_hall_density(positive_int(k, "k"), (np.asarray(x, np.float64) - k * self.low) / width) / width


@dataclass(frozen=True, repr=False)
class Normal(Law):
    """N(center, deviation^2); N(0, 1) by default."""

    center: float = 0.0
    deviation: float = 1.0

    def __post_init__(self) -> None:
        positive_float(self.deviation, "deviation")
        if not math.isfinite(self.center):
            raise ValueError(f"center must be finite, got {self.center}")

    @property
    def name(self) -> str:
        plain = (self.center, self.deviation) == (0, 1)
        return "normal" if plain else f"normal({number(self.center)}, {number(self.deviation)})"

    @property
    def formula(self) -> str:
        return rf"\mathcal{{N}}({number(self.center)}, {number(self.deviation**2)})"

    @property
    def support(self) -> tuple[float, float]:
        return -math.inf, math.inf

    @property
    def mean(self) -> float:
        return self.center

    @property
    def variance(self) -> float:
        return self.deviation**2

    def density(self, x: ArrayLike) -> Floats:
        z = self._standard(x)
        return np.exp(-0.5 * z * z) / (self.deviation * math.sqrt(2 * math.pi))

    def cdf(self, x: ArrayLike) -> Floats:
        from scipy.special import ndtr

        return np.asarray(ndtr(self._standard(x)))

    def moment(self, k: int) -> float:
        # E[(m + s Z)^k]: E[Z^i] = (i - 1)!! for even i
        even = range(0, k + 1, 2)
        double = [math.prod(range(1, i, 2)) for i in even]
        return math.fsum(
            math.comb(k, i) * self.center ** (k - i) * self.deviation**i * d for i, d in zip(even, double, strict=True)
        )

    def quantile(self, u: ArrayLike) -> Floats:
        """N(0, 1) from words: magnitudes between 2.8e-16 and 8.21.

        The words are reproducible everywhere, the quantile as far as `scipy.special.ndtri` and the machine's logarithm are: to the last
        bits.
        """
        from scipy.special import ndtri

        return np.asarray(self.center + self.deviation * np.asarray(ndtri(np.asarray(u, np.float64)), np.float64))

    def sum_bounded(self) -> tuple[float, float]:
        """Exact: c_u = 1 / (s sqrt(2 pi)), c_l = c_u e^(-1 / (2 s^2)) (proofs_checks/natale_2024.py)."""
        if self.center != 0:
            raise ValueError(f"the law {self.name!r} is not sum-bounded: its sums drift away from 0; subtract the mean")
        peak = 1 / (self.deviation * math.sqrt(2 * math.pi))
        return peak * math.exp(-0.5 / self.deviation**2), peak

    def contains_uniform(self, half_width: float = 1.0) -> float:
        a = positive_float(half_width, "half_width")
        return float(2 * a * self.density([-a, a]).min())

    def cdf_of_sum(self, k: int, x: ArrayLike) -> Floats:
        k = positive_int(k, "k")
        return Normal(k * self.center, math.sqrt(k) * self.deviation).cdf(x)

    def _standard(self, x: ArrayLike) -> Floats:
        return (np.asarray(x, np.float64) - self.center) / self.deviation


@dataclass(frozen=True, repr=False)
class Hyperbolic(Law):
    """Density 1 / (2 |x| ln(high / low)) for low <= |x| <= high: every golden-ratio cell weighs the same (Orseau et al. 2020)."""

    low: float = 0.01
    high: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high < math.inf:
            raise ValueError(f"a hyperbolic law needs 0 < low < high, got low={self.low}, high={self.high}")

    @property
    def name(self) -> str:
        plain = (self.low, self.high) == (0.01, 1)
        return "hyperbolic" if plain else f"hyperbolic({number(self.low)}, {number(self.high)})"

    @property
    def formula(self) -> str:
        return rf"\propto 1/|x| \text{{ on }} {number(self.low)} \le |x| \le {number(self.high)}"

    @property
    def support(self) -> tuple[float, float]:
        return -self.high, self.high

    @property
    def _span(self) -> float:
        return math.log(self.high / self.low)

    def density(self, x: ArrayLike) -> Floats:
        size = np.abs(np.asarray(x, np.float64))
        inside = (size >= self.low) & (size <= self.high)
        return np.where(inside, 0.5 / (np.where(inside, size, 1.0) * self._span), 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        at = np.asarray(x, np.float64)
        share = np.log(np.clip(np.abs(at), self.low, self.high) / self.low) / self._span
        return np.where(at < 0, 0.5 * (1 - share), 0.5 * (1 + share))

    def moment(self, k: int) -> float:
        if k == 0:
            return 1.0
        return 0.0 if k % 2 else (self.high**k - self.low**k) / (k * self._span)

    def quantile(self, u: ArrayLike) -> Floats:
        return self._value(2 * np.asarray(u, np.float64) - 1)

    def from_words(self, words: Words) -> Floats:
        return self._value(signed_unit(words))

    def _value(self, signed: Floats) -> Floats:
        size = np.clip(self.low * np.exp(self._span * np.abs(signed)), self.low, self.high)
        return np.copysign(size, signed)

    def sum_bounded(self) -> tuple[float, float]:
        raise ValueError(f"the law {self.name!r} is not sum-bounded: it has no density around 0 (k = 1)")

    def contains_uniform(self, half_width: float = 1.0) -> float:
        """0: there is no density around 0."""
        positive_float(half_width, "half_width")
        return 0.0
