"""The product of two independent weights, as a hidden neuron of the two-layer gadget multiplies them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.laws.continuous import Normal, Uniform
from slth.laws.law import Floats, Law, Words, all_laws, signed_unit
from slth.validation import positive_float

_UNITS = (Uniform(-1, 1), Uniform(0, 1), Uniform(-1, 0))


@dataclass(frozen=True, repr=False)
class Product(Law):
    """X Y of independent X and Y, both with densities; U[0, 1] U[-1, 1] by default, of density -ln|x| / 2.

    Closed forms for two uniform laws; for others `density` and `cdf` are integrals by quadrature, about 0.1 ms a point and 1e-8 exact.
    """

    first: Law = field(default_factory=lambda: Uniform(0, 1))
    second: Law = field(default_factory=Uniform)

    def __post_init__(self) -> None:
        all_laws(self.first, self.second)

    @property
    def name(self) -> str:
        plain = (self.first, self.second) == (Uniform(0, 1), Uniform())
        return "product" if plain else f"product({self.first.name}, {self.second.name})"

    @property
    def formula(self) -> str:
        return rf"{self.first.formula} \cdot {self.second.formula}"

    @property
    def support(self) -> tuple[float, float]:
        ends = [x * y if x and y else 0.0 for x in self.first.support for y in self.second.support]
        return min(ends), max(ends)

    def moment(self, k: int) -> float:
        return self.first.moment(k) * self.second.moment(k)

    def density(self, x: ArrayLike) -> Floats:
        if (rectangle := self._rectangle) is not None:
            at = np.asarray(x, np.float64)
            near = np.where(at == 0, 1e-300, np.abs(at))
            found = _slope(rectangle, near, np.where(at < 0, -1, 1))
            if self._infinite_at_zero:
                found = np.where(at == 0, np.inf, found)
            else:
                found = np.where(at == 0, np.maximum(found, _slope(rectangle, near, -1)), found)
            return found / _area(rectangle)
        return self._integral(x, lambda at, y: float(self.second.density(at / y)) / abs(y))

    def cdf(self, x: ArrayLike) -> Floats:
        if (rectangle := self._rectangle) is not None:
            at = np.asarray(x, np.float64)
            below = _area_below(rectangle, np.maximum(at, 0.0), +1)
            beyond = _area_below(rectangle, np.full(at.shape, np.inf), -1) - _area_below(
                rectangle, np.maximum(-at, 0.0), -1
            )
            return np.clip((below + beyond) / _area(rectangle), 0.0, 1.0)

        def share(at: float, y: float) -> float:
            under = float(self.second.cdf(at / y))
            return under if y > 0 else 1 - under

        return self._integral(x, share)

    def quantile(self, u: ArrayLike) -> Floats:
        if self._is_gadget:
            return _gadget_value(2 * np.asarray(u, np.float64) - 1)
        return super().quantile(u)

    def from_words(self, words: Words) -> Floats:
        return _gadget_value(signed_unit(words)) if self._is_gadget else super().from_words(words)

    def sample(self, shape: int | tuple[int, ...] = (), rng: Any = None) -> Floats:
        generator = np.random.default_rng(rng)
        return self.first.sample(shape, generator) * self.second.sample(shape, generator)

    def sum_bounded(self) -> tuple[float, float]:
        if self._infinite_at_zero:
            raise ValueError(f"the law {self.name!r} is not sum-bounded: its density is infinite at 0 (k = 1)")
        return super().sum_bounded()

    def contains_uniform(self, half_width: float = 1.0) -> float:
        """From the density at the ends: it falls away from 0 if that of either factor does."""
        a = positive_float(half_width, "half_width")
        if not any(_peaks_at_zero(factor) for factor in (self.first, self.second)):
            return super().contains_uniform(a)
        return float(2 * a * self.density([-a, a]).min())

    @property
    def _rectangle(self) -> tuple[Uniform, Uniform] | None:
        if isinstance(self.first, Uniform) and isinstance(self.second, Uniform):
            return self.first, self.second
        return None

    @property
    def _infinite_at_zero(self) -> bool:
        return all(
            law.support[0] <= 0 <= law.support[1] and float(law.density(0.0)) > 0 for law in (self.first, self.second)
        )

    @property
    def _is_gadget(self) -> bool:
        """Whether this is the law of U[0, 1] U[-1, 1]: symmetric, and both sizes uniform on [0, 1]."""
        return self.first in _UNITS and self.second in _UNITS and _UNITS[0] in (self.first, self.second)

    def _integral(self, x: ArrayLike, given: Callable[[float, float], float]) -> Floats:
        """E[given(x, X)] at each x."""
        from scipy.integrate import quad

        low, high = self.first.support
        pieces = [(low, min(high, 0.0)), (max(low, 0.0), high)]

        def one(at: float) -> float:
            return sum(
                quad(lambda y: float(self.first.density(y)) * given(at, y) if y else 0.0, a, b, limit=200)[0]
                for a, b in pieces
                if a < b
            )

        points = np.asarray(x, np.float64)
        return np.array([one(at) for at in points.reshape(-1).tolist()]).reshape(points.shape)


def _peaks_at_zero(law: Law) -> bool:
    if isinstance(law, Uniform):
        return law.low <= 0 <= law.high
    if isinstance(law, Product):
        return _peaks_at_zero(law.first) or _peaks_at_zero(law.second)
    return isinstance(law, Normal) and law.center == 0


def _gadget_value(signed: Floats) -> Floats:
    """The x of the sign of `signed` with |x| (1 - ln|x|) = |signed|, the distribution function of |x|.

    With |x| = e^-t: t - ln(1 + t) = r = -ln|signed|. This is convex, and sqrt(2 r) + r bounds t from above (Chatzigeorgiou, IEEE Commun.
    Lett. 17, 2013), so Newton's method descends to it: four steps reach 1e-15.
    """
    r = -np.log(np.abs(signed))
    t = np.sqrt(2 * r) + r
    for _ in range(5):
        excess = t - np.log1p(t) - r
        t = t - excess * (1 + t) / np.maximum(t, 1e-300)
    return np.asarray(np.copysign(np.exp(-np.maximum(t, 0.0)), signed))


def _area(rectangle: tuple[Uniform, Uniform]) -> float:
    return math.prod(law.high - law.low for law in rectangle)


def _corners(rectangle: tuple[Uniform, Uniform], sign: ArrayLike) -> list[tuple[Any, Any]]:
    """(+-1, |x y|) of the corners of the parts where x y has the sign: the area below a hyperbola is a signed sum over them."""
    parts = {
        (side, i): (
            max(0.0, side * (law.low if side > 0 else law.high)),
            max(0.0, side * (law.high if side > 0 else law.low)),
        )
        for i, law in enumerate(rectangle)
        for side in (1, -1)
    }
    corners = []
    for side in (1, -1):
        for other in (1, -1):
            (a, b), (c, d) = parts[side, 0], parts[other, 1]
            here = np.where(np.asarray(sign) == side * other, 1.0, 0.0)
            corners += [(here, b * d), (-here, a * d), (-here, b * c), (here, a * c)]
    return corners


def _slope(rectangle: tuple[Uniform, Uniform], size: Floats, sign: ArrayLike) -> Floats:
    """Derivative of `_area_below` at size > 0."""
    total = np.zeros(size.shape)
    for weight, corner in _corners(rectangle, sign):
        total += weight * np.log(np.maximum(corner / size, 1.0))
    return np.maximum(total, 0.0)


def _area_below(rectangle: tuple[Uniform, Uniform], size: Floats, sign: int) -> Floats:
    """Area of {x y of this sign, |x y| <= size}: from the origin to a corner of product p it is s + s ln(p / s), or p where s >= p."""
    total = np.zeros(size.shape)
    for weight, corner in _corners(rectangle, sign):
        if corner and weight:
            s = np.minimum(size, corner)
            total += weight * np.where(s > 0, s + s * np.log(corner / np.where(s > 0, s, corner)), 0.0)
    return total
