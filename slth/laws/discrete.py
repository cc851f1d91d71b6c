"""Discrete laws: binary weights and quantized grids."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.laws.law import Floats, Law, number
from slth.validation import finite_array, positive_float, positive_int


class Atoms(Law):
    """A law of finitely many values. Subclasses give `atoms`: ascending values, and their probabilities, each (v,) float64."""

    @property
    @abstractmethod
    def atoms(self) -> tuple[Floats, Floats]: ...

    @property
    def support(self) -> tuple[float, float]:
        values, _ = self.atoms
        return float(values[0]), float(values[-1])

    def probability(self, x: ArrayLike) -> Floats:
        values, chances = self.atoms
        at = np.asarray(x, np.float64)
        place = np.minimum(np.searchsorted(values, at), values.size - 1)
        return np.where(values[place] == at, chances[place], 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        values, chances = self.atoms
        cumulative = np.concatenate([[0.0], np.cumsum(chances)])
        cumulative[-1] = 1.0
        return np.asarray(cumulative[np.searchsorted(values, np.asarray(x, np.float64), side="right")])

    def moment(self, k: int) -> float:
        values, chances = self.atoms
        return math.fsum((values**k * chances).tolist())

    def quantile(self, u: ArrayLike) -> Floats:
        values, chances = self.atoms
        place = np.searchsorted(np.cumsum(chances)[:-1], np.asarray(u, np.float64), side="right")
        return np.asarray(values[place])

    def sum_bounded(self) -> tuple[float, float]:
        raise ValueError(f"the law {self.name!r} is not sum-bounded: it has no density")

    def contains_uniform(self, half_width: float = 1.0) -> float:
        """0: there is no density."""
        positive_float(half_width, "half_width")
        return 0.0

    def cdf_of_sum(self, k: int, x: ArrayLike) -> Floats:
        """By repeated convolution: values at equal distances only. Points within 1e-9 of a step below an atom count as the atom."""
        k = positive_int(k, "k")
        values, chances = self.atoms
        step = float(np.diff(values).min()) if values.size > 1 else 1.0
        places = (values - values[0]) / step
        if np.abs(places - np.rint(places)).max() > 1e-9:
            return super().cdf_of_sum(k, x)
        one = np.zeros(round(places[-1]) + 1)
        one[np.rint(places).astype(np.int64)] = chances
        total = np.ones(1)
        for _ in range(k):
            total = np.convolve(total, one)
        cumulative = np.concatenate([[0.0], np.minimum(np.cumsum(total), 1.0)])
        cumulative[-1] = 1.0
        place = np.floor((np.asarray(x, np.float64) - k * values[0]) / step + 1e-9) + 1
        return np.asarray(cumulative[np.clip(place, 0, total.size).astype(np.int64)])


@dataclass(frozen=True, repr=False)
class Binary(Atoms):
    """-1 or 1, equally likely; or another pair."""

    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not -math.inf < self.low < self.high < math.inf:
            raise ValueError(f"a binary law needs finite low < high, got {self.low} and {self.high}")

    @property
    def name(self) -> str:
        return "binary" if (self.low, self.high) == (-1, 1) else f"binary({number(self.low)}, {number(self.high)})"

    @property
    def formula(self) -> str:
        return rf"\mathcal{{U}}\{{{number(self.low)}, {number(self.high)}\}}"

    @property
    def atoms(self) -> tuple[Floats, Floats]:
        return np.array([self.low, self.high], np.float64), np.array([0.5, 0.5])


@dataclass(frozen=True, repr=False)
class Grid(Atoms):
    """S_delta = {-1, -1 + delta, ..., 1}, equally likely (Kumar and Natale 2025); 2 / delta must be a whole number."""

    delta: float = 0.25

    def __post_init__(self) -> None:
        positive_float(self.delta, "delta")
        steps = 2 / self.delta
        if steps < 1 or abs(steps - round(steps)) > 1e-9 * steps:
            raise ValueError(
                f"2 / delta must be a whole number, got delta={self.delta}; use a power of two, such as 0.25"
            )

    @property
    def name(self) -> str:
        return "grid" if self.delta == 0.25 else f"grid({number(self.delta)})"

    @property
    def formula(self) -> str:
        return rf"\mathcal{{U}}\{{-1, -1 + {number(self.delta)}, \dots, 1\}}"

    @cached_property
    def atoms(self) -> tuple[Floats, Floats]:
        steps = round(2 / self.delta)
        values = (2 * np.arange(steps + 1) - steps) / steps  # exactly symmetric
        return values, np.full(steps + 1, 1 / (steps + 1))


@dataclass(frozen=True, repr=False)
class Discrete(Atoms):
    """Any finitely many different values; equally likely unless `probabilities` says otherwise."""

    values: tuple[float, ...]
    probabilities: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        values = finite_array(self.values, "values", ndim=1)
        if values.size == 0 or np.unique(values).size != values.size:
            raise ValueError(f"values must be one or more different numbers, got {self.values!r}")
        object.__setattr__(self, "values", tuple(float(x) for x in values))
        if self.probabilities is None:
            return
        chances = finite_array(self.probabilities, "probabilities", ndim=1)
        if chances.shape != values.shape or not (chances > 0).all() or abs(chances.sum() - 1) > 1e-9:
            raise ValueError(
                f"probabilities must be {values.size} numbers > 0 that add up to 1, one for each value, got {self.probabilities!r}"
            )
        object.__setattr__(self, "probabilities", tuple(float(x) for x in chances))

    @property
    def name(self) -> str:
        return self._written(number)

    @property
    def formula(self) -> str:
        return self._written(number).replace("discrete", r"\text{discrete}")

    def _written(self, text: Any) -> str:
        values = ", ".join(text(x) for x in self.values)
        if self.probabilities is None:
            return f"discrete(({values},))" if len(self.values) == 1 else f"discrete(({values}))"
        return f"discrete(({values},), ({', '.join(text(p) for p in self.probabilities)},))"

    @cached_property
    def atoms(self) -> tuple[Floats, Floats]:
        values = np.array(self.values)
        chances = np.full(values.size, 1 / values.size) if self.probabilities is None else np.array(self.probabilities)
        order = np.argsort(values)
        return values[order], chances[order]
