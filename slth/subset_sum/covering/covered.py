"""What `coverage` returns: shares, gaps and prefixes between rigorous bounds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

_MARGIN = 2.0**-50  # more than the roundings of a share add up to


class Covered(IntEnum):
    """Whether every target of the interval has a subset within epsilon; ``Covered(s).message`` says it in words."""

    NO = 0
    YES = 1
    UNKNOWN = 2

    @property
    def message(self) -> str:
        return _MESSAGES[self]


_MESSAGES = {
    Covered.NO: "proven: some target of the interval has no subset within epsilon",
    Covered.YES: "proven: every target of the interval has a subset within epsilon",
    Covered.UNKNOWN: 'not decided at this resolution; take a finer one, or method="exact"',
}


@dataclass(frozen=True, eq=False, repr=False)
class Coverage:
    """What is covered. Every array has the batch shape of the samples (numpy scalars for a single row).

    Attributes
    ----------
    lower, upper : (...) float64
        The share of the interval whose targets have a subset within epsilon lies between them; 1 and 0 are exact.
    gap_lower, gap_upper : (...) float64
        Likewise the length of the longest stretch of the interval that is not covered.
    first_n_lower, first_n_upper : (...) int64
        Likewise the least t such that the first t samples cover all of it; n + 1 means that n do not.
    status : (...) uint8 of `Covered`
        Whether all of it is covered.
    resolution : (...) float64
        Lattice step of the grid; 0 where the answer is exact (`lower` and `upper` then differ by rounding only).
    n : int
        Number of samples.
    epsilon : float
    interval : (float, float)
    size : (int, int) or None
        Least and largest number of chosen samples; None for any.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    gap_lower: NDArray[np.float64]
    gap_upper: NDArray[np.float64]
    first_n_lower: NDArray[np.int64]
    first_n_upper: NDArray[np.int64]
    status: NDArray[np.uint8]
    resolution: NDArray[np.float64]
    n: int
    epsilon: float
    interval: tuple[float, float]
    size: tuple[int, int] | None

    @property
    def covered(self) -> NDArray[np.bool_]:
        """(...) bool: every target is surely covered."""
        return np.asarray(np.asarray(self.status) == Covered.YES)

    def __repr__(self) -> str:
        if np.ndim(self.status) == 0:
            first = f"{self.first_n_lower}..{self.first_n_upper}"
            if self.first_n_lower == self.first_n_upper:
                first = str(self.first_n_upper) if self.first_n_upper <= self.n else f"> {self.n}"
            share = f"share={self.lower:.6g}..{self.upper:.6g}, gap={self.gap_lower:.3g}..{self.gap_upper:.3g}"
            return f"Coverage({share}, first_n={first}, {Covered(int(self.status)).name})"
        status, counts = np.unique(np.asarray(self.status), return_counts=True)
        names = ", ".join(f"{Covered(s).name} x{c:,}" for s, c in zip(status, counts, strict=True))
        share = f"mean share={np.mean(self.lower):.6g}..{np.mean(self.upper):.6g}"
        return f"Coverage(rows={np.size(self.status)}, samples={self.n}, {share}, covered={names})"


def bounds_of_shares(
    uncovered: NDArray[np.int64], limits: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bounds on the share that is covered, from lengths in quanta: see `kernels.coverage.grid`.

    The interval lies between [a_in, b_in] and [a_out, b_out], so dividing by the shorter one bounds from below, by the longer from above.
    """
    inner, outer = limits[:, 2] - limits[:, 1], limits[:, 3] - limits[:, 0]
    lower = 1 - uncovered[:, 0] / np.maximum(inner, 1) - _MARGIN
    upper = 1 - uncovered[:, 1] / np.maximum(outer, 1) + _MARGIN
    lower = np.where(uncovered[:, 0] == 0, 1.0, np.maximum(lower, 0.0))
    upper = np.where(uncovered[:, 1] >= outer, 0.0, np.minimum(upper, 1.0))
    return lower, upper


def bounds_of_gaps(
    uncovered: NDArray[np.int64], exponents: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bounds on the longest gap, from quanta of 2^-exponent to the unit of the samples."""
    upper, lower = np.ldexp(uncovered[:, 2:].astype(np.float64), -exponents[:, None]).T
    return (
        np.where(uncovered[:, 3] == 0, 0.0, np.nextafter(lower, 0.0)),
        np.where(uncovered[:, 2] == 0, 0.0, np.nextafter(upper, np.inf)),
    )
