"""Subset sums of samples that may be moved a little: `closest_perturbed`.

Xiong, Liao, Kyrillidis, "Strong lottery ticket hypothesis with epsilon-perturbation" (AISTATS 2023): if each candidate may move by at most
c, the sums of a subset S fill the interval of half-width c |S| around its sum, and fewer candidates are needed.

Measured (uniform samples in [-1, 1], targets in [-1/2, 1/2], 400 rows of seed 0; the median of the least n with which some subset of the
first n comes within epsilon once it is moved):

=======  =====  ========  ========  ========  ========  =======
epsilon  c = 0  c = 1e-4  c = 1e-3  c = 0.01  c = 0.03  c = 0.1
=======  =====  ========  ========  ========  ========  =======
0.01         7         7         7         5         4        3
0.001       11        10         8         6         4        3
0.0001      14        12         9         6         4        3
0.00001     18        12         9         6         4        3
=======  =====  ========  ========  ========  ========  =======

In this table c takes the place of a smaller epsilon: n is within 1.5 of log2(1 / max(epsilon, c n / 2)). The paper's theorem is about
small c, and states a factor of O(1 / (1 + c)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.solution import Status
from slth.subset_sum.solve import solve
from slth.validation import finite_array

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class PerturbedSolution:
    """Chosen subsets and how their elements move. Arrays have the broadcast batch shape of the call.

    Attributes
    ----------
    chosen : (..., n) bool
    sum : (...) float64
        Of the chosen samples, unmoved.
    movement : (...) float64
        By how much every chosen sample is moved, with its sign: the same for all; 0 for the empty subset.
    error : (...) float64
        Distance of the moved sum to the target, in real arithmetic: ``max(0, |target - sum| - c * size)``, rounded.
    size : (...) int64
    status : (...) uint8 of `Status`
        OPTIMAL: no subset comes closer however its elements are moved by at most c, and of those with no error left none gets by with less
        movement, up to the rounding of the numbers compared. HEURISTIC above 64 samples.
    c : float
    """

    chosen: NDArray[np.bool_]
    sum: Floats
    movement: Floats
    error: Floats
    size: NDArray[np.int64]
    status: NDArray[np.uint8]
    c: float

    def moved(self, samples: ArrayLike) -> Floats:
        """The samples (..., n), those chosen moved."""
        return np.asarray(samples, np.float64) + np.where(self.chosen, self.movement[..., None], 0.0)

    def __repr__(self) -> str:
        if np.ndim(self.size):
            return (
                f"PerturbedSolution(instances={self.size.size}, largest error={self.error.max():.3g}, "
                f"largest movement={np.abs(self.movement).max():.3g} of {self.c:g})"
            )
        return (
            f"PerturbedSolution(chosen={np.flatnonzero(self.chosen).tolist()}, sum={float(self.sum)}, movement={self.movement:.3g}, "
            f"error={self.error:.3g}, {Status(int(self.status)).name})"
        )


def closest_perturbed(
    samples: ArrayLike, target: ArrayLike, c: float, *, workers: int | None = None
) -> PerturbedSolution:
    """The subset that comes closest to each target if every chosen sample may be moved by at most c, and the movement.

    A subset of k elements whose sum is off by r reaches all of [sum - c k, sum + c k], so its error is max(0, |r| - c k), and the least
    largest movement that gives it is min(|r| / k, c), the same for all elements: any movement d has |sum d| <= k max |d|. Both grow with
    |r|, so that for each k the closest subset of exactly k elements is best (`solve` with ``size=k``, proven), and the best of n + 1 is
    taken: the least error, then the least movement, then the fewest elements. Equivalent to that minimum over all subsets.

    Parameters
    ----------
    samples : (..., n) float64
        As in `solve`.
    target : (...) float64
        Broadcasts against the batch shape of `samples`.
    c : float >= 0
        Largest movement of a sample; with 0 this is ``solve(samples, target)``.
    workers : int, optional
        Threads; all cores by default. The answer does not depend on it.

    Returns
    -------
    PerturbedSolution

    Raises
    ------
    TypeError, ValueError
        As `solve`, or if c is no number >= 0.

    Notes
    -----
    n solves with a fixed size: time O(n 2^(n/2)) an instance.

    Examples
    --------
    >>> from slth.subset_sum.perturbed import closest_perturbed
    >>> closest_perturbed([0.5, -0.3, 0.9, 0.25], 0.44, 0.02)
    PerturbedSolution(chosen=[0, 1, 3], sum=0.45, movement=-0.00333, error=0, OPTIMAL)
    >>> closest_perturbed([0.5, 0.9], 0.44, 0.02)
    PerturbedSolution(chosen=[0], sum=0.5, movement=-0.02, error=0.04, OPTIMAL)
    """
    rows, wanted = finite_array(samples, "samples"), finite_array(target, "target")
    limit = movement(c)
    if rows.ndim == 0 or rows.shape[-1] == 0:
        raise ValueError(f"samples must hold at least one number along the last axis, got shape {rows.shape}")
    n = rows.shape[-1]
    shape = np.broadcast_shapes(rows.shape[:-1], wanted.shape)
    goal = np.broadcast_to(wanted, shape)
    chosen, total = np.zeros((*shape, n), np.bool_), np.zeros(shape)
    size, status = np.zeros(shape, np.int64), np.full(shape, Status.OPTIMAL, np.uint8)
    error, needed = np.abs(goal).copy(), np.zeros(shape)  # of the empty subset
    for k in range(1, n + 1):
        found = solve(rows, wanted, size=k, workers=workers)
        rest = np.maximum(np.asarray(found.error) - limit * k, 0.0)
        least = np.minimum(np.asarray(found.error) / k, limit)
        better = (rest < error) | ((rest == error) & (least < needed))
        chosen = np.where(better[..., None], found.chosen, chosen)
        total, size = np.where(better, found.sum, total), np.where(better, k, size)
        error, needed = np.where(better, rest, error), np.where(better, least, needed)
        status = np.maximum(status, np.asarray(found.status, np.uint8))
    return PerturbedSolution(chosen, total, np.sign(goal - total) * needed, error, size, status, limit)


def movement(c: Any) -> float:
    """The largest movement that is allowed, a finite number >= 0, or an error that says so."""
    if isinstance(c, bool | np.bool_) or not isinstance(c, Real):
        raise TypeError(f"c must be a number >= 0, got {c!r}")
    try:
        value = float(c)
    except OverflowError:
        value = math.inf
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"c must be >= 0 and finite, got {value}")
    return value
