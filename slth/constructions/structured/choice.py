"""Which hidden filters are kept as a whole: one subset of vectors for all outputs and kernel places at once.

Up to `proven` candidates the subset is the closest of all in the maximum norm (or the smallest within a tolerance), in exact arithmetic;
beyond that it is a good one, found by local search from many starts, and nothing is proven of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from slth import subset_sum
from slth.subset_sum import Status
from slth.subset_sum.kernels import vector_descent

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# (d, n): with so many coordinates at most so many candidates are looked through, in about half a second at most
_PROVEN: Final = ((2, 40), (4, 36), (8, 30), (32, 26), (128, 22), (1000, 20))
_WINDOWS: Final = 2
_KICK: Final = 6  # elements flipped before each descent; 3 and 10 came out worse


def proven(d: int) -> int:
    """Candidates up to which a subset of vectors of d coordinates is proven optimal; 0 where none is."""
    return next((most for largest, most in _PROVEN if d <= largest), 0)


@dataclass(frozen=True)
class Choice:
    """A subset of vectors.

    Attributes
    ----------
    chosen : (n,) bool
    own : (d,) bool
        Which coordinates take their own number.
    errors : (d,) float64
        What is left of each coordinate of the target.
    status : Status
        OPTIMAL: proven to be the closest, or of the smallest within the tolerance; HEURISTIC: not.
    """

    chosen: Bools
    own: Bools
    errors: Floats
    status: Status


def choose(samples: Floats, target: Floats, own: Floats | None = None, tolerance: float | None = None) -> Choice:
    """The subset whose sum is closest to the target in the maximum norm; with a tolerance one of few elements within it, if there is one.

    Equivalent, where it is proven, to the same over all subsets and all choices of own numbers; there they count as elements, too.

    Parameters
    ----------
    samples : (n, d) float64
        Vectors; one that is zero is no candidate.
    target : (d,) float64
    own : (d,) float64, optional
        A number for each coordinate that it may add to its sum by itself.
    tolerance : float, optional

    Returns
    -------
    Choice

    Notes
    -----
    Time O(2^(n/2)) to O(2^n) up to `proven(d)` candidates, the more the larger d; above that O(rounds n^2) for some 20 to 1,000 rounds.
    """
    n, d = samples.shape
    own = np.zeros(d) if own is None else own
    taken = np.zeros(n, np.bool_)
    if not target.any():
        return Choice(taken, np.zeros(d, np.bool_), np.zeros(d), Status.OPTIMAL)
    real, mine = np.flatnonzero(samples.any(axis=1)), np.flatnonzero(own)
    if real.size + mine.size == 0:
        return Choice(taken, np.zeros(d, np.bool_), np.abs(target), Status.OPTIMAL)
    used = np.ascontiguousarray(samples[real])
    if real.size + mine.size <= proven(d):
        picked, status = _exact(np.vstack([used, np.diag(own)[mine]]), target, tolerance)
        taken[real] = picked[: real.size]
        own_taken = np.zeros(d, np.bool_)
        own_taken[mine] = picked[real.size :]
        rest = target - samples[taken].sum(axis=0) - np.where(own_taken, own, 0.0)
        return Choice(taken, own_taken, np.abs(rest), status)
    taken[real] = _searched(used, target, own, tolerance)
    rest = target - samples[taken].sum(axis=0)
    own_taken = np.abs(rest - own) < np.abs(rest)
    if tolerance is not None:
        own_taken &= np.abs(rest) > tolerance
    return Choice(taken, own_taken, np.abs(np.where(own_taken, rest - own, rest)), Status.HEURISTIC)


def _exact(samples: Floats, target: Floats, tolerance: float | None) -> tuple[Bools, Status]:
    if tolerance is not None:
        found = subset_sum.solve(
            samples, target, objective="smallest", epsilon=tolerance, norm="max", workers=1, solver="vector-join"
        )
        if found.status != Status.NOT_FOUND:
            return np.asarray(found.chosen), _status(found.status)
    found = subset_sum.solve(samples, target, norm="max", workers=1)
    return np.asarray(found.chosen), _status(found.status)


def _status(status: int) -> Status:
    return Status.OPTIMAL if status == Status.OPTIMAL else Status.HEURISTIC


def searched(samples: Floats, target: Floats, own: Floats, rounds: int) -> tuple[Bools, float]:
    """The best of so many local searches, and its error: a function of the vectors alone."""
    own = np.ascontiguousarray(own)
    n, d = samples.shape
    kicks = np.random.default_rng([n, d]).integers(0, n, (rounds, _KICK))
    chosen, error = vector_descent.search(samples, target, own, kicks)
    return np.asarray(chosen), float(error)


def _searched(samples: Floats, target: Floats, own: Floats, tolerance: float | None) -> Bools:
    n, d = samples.shape
    chosen, error = searched(samples, target, own, int(np.clip(3e6 / n**2, 20, 1000)))
    if d <= _PROVEN[1][0] and not own.any():
        draw = np.random.default_rng([n, d])
        for _ in range(_WINDOWS):  # the best that a change of so many of the elements can do
            some = np.sort(draw.permutation(n)[: proven(d)])
            signs = np.where(chosen[some], -1.0, 1.0)
            rest = target - samples[chosen].sum(axis=0)
            found = subset_sum.solve(signs[:, None] * samples[some], rest, norm="max", workers=1)
            chosen[some] ^= found.chosen
        error = float(np.abs(target - samples[chosen].sum(axis=0)).max())
    if tolerance is not None and error <= tolerance:
        vector_descent.thin(samples, target, np.ascontiguousarray(own), chosen, tolerance)
    return chosen
