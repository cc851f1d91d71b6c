"""Bounds against measurements: what a theorem says of a number, the number with its interval, and whether the two agree."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from slth.bounds import catalogue
from slth.bounds.table import Table

_HOLDS: Final = {"sufficient": "above", "necessary": "below", "exact": "equal", "predictor": "near"}


@dataclass(frozen=True)
class Verdict:
    """One bound of `slth.bounds.catalogue` and one measured quantity, put so that a sufficient bound lies above it, a necessary one below.

    Samples needed, errors and probabilities of failure are such quantities; of probabilities of success take the complement.

    Attributes
    ----------
    bound : str
        Name in the catalogue, whose direction decides what agreement is.
    quantity : str
        What was measured.
    says, value : float
    lower, upper : float
        Interval of the measured value.
    near : float
        Factor by which a predictor may be off.
    """

    bound: str
    quantity: str
    says: float
    value: float
    lower: float
    upper: float
    near: float = math.inf

    def __post_init__(self) -> None:
        if self.direction not in _HOLDS:
            raise ValueError(f"{self.bound} is {self.direction}; compare a bound that is {', '.join(_HOLDS)}")
        if not self.lower <= self.value <= self.upper or math.isnan(self.says):
            raise ValueError(
                f"{self.bound}, {self.quantity}: a number and an interval around the value wanted, got {self.says}, {self.value} in "
                f"[{self.lower}, {self.upper}]; leave out what is not known"
            )
        if not self.near >= 1:
            raise ValueError(f"a predictor is near to within a factor of at least 1, got {self.near}")

    @property
    def direction(self) -> str:
        """As in the catalogue: sufficient, necessary, exact or predictor."""
        found = _directions().get(self.bound)
        if found is None:
            raise ValueError(f"no bound {self.bound!r} in the catalogue; slth.bounds.catalogue() lists them")
        return found

    @property
    def factor(self) -> float:
        """says / value."""
        return self.says / self.value if self.value else math.inf if self.says else 1.0

    @property
    def holds(self) -> bool:
        """Whether the interval leaves room for the bound; for a predictor, whether some value in it is within the factor `near`."""
        if self.direction == "sufficient":
            return self.says >= self.lower
        if self.direction == "necessary":
            return self.says <= self.upper
        if self.direction == "exact":
            return self.lower <= self.says <= self.upper
        return self.lower <= self.says * self.near and self.says <= self.upper * self.near


def table(verdicts: Iterable[Verdict]) -> Table:
    """A row a verdict: bound, what it says, what was measured, and the factor between them."""
    rows = tuple(
        (
            v.bound,
            v.direction,
            v.quantity,
            v.says,
            v.value,
            f"{v.lower:.4g} to {v.upper:.4g}",
            v.factor,
            "yes" if v.holds else "NO",
        )
        for v in verdicts
    )
    return Table(("bound", "direction", "of", "says", "measured", "interval", "factor", "holds"), rows)


def summary(verdicts: Iterable[Verdict]) -> Table:
    """A row a bound: how many numbers it was held against, how many agree, and its factors from the least to the largest."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault((verdict.direction, verdict.bound), []).append(verdict)
    rows = []
    for direction in _HOLDS:
        for (of, bound), some in groups.items():
            if of == direction:
                factors = sorted(v.factor for v in some)
                middle = factors[len(factors) // 2]
                holds = sum(v.holds for v in some)
                rows.append(
                    (bound, f"{direction}: {_HOLDS[direction]}", len(some), holds, factors[0], middle, factors[-1])
                )
    return Table(("bound", "must lie", "numbers", "hold", "least factor", "middle", "largest"), tuple(rows))


@cache
def _directions() -> dict[str, str]:
    return {bound.name: bound.direction for bound in catalogue()}
