"""The front door to coverage: which targets of an interval have a subset within epsilon."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.covering.covered import Coverage, Covered, bounds_of_gaps, bounds_of_shares
from slth.subset_sum.covering.exact_coverage import first_prefix
from slth.subset_sum.kernels import coverage as bit_set
from slth.subset_sum.kernels import coverage_walk as walk
from slth.threads import in_order, progress_bar
from slth.validation import finite_array, one_of, positive_float, worker_count

METHODS = ("auto", "exact", "grid")
MAX_EXACT = 44  # samples: half lists of 2^22 sums
MAX_JUDGED = 28  # samples: up to here "auto" settles what the grid leaves open

_WALK_UP_TO = 8  # samples: the exact walk takes 10 us, the grid 3 (measured at epsilon = 0.02)
_FINER = 16  # the second grid of "auto": it leaves few rows to the walk
_MOST_WORDS = 1 << 21  # 16 MiB of bits a thread
_BITS = 60  # sum of |samples|, interval and epsilon < 2^60 quanta
_BLOCK_NS = 2e7

Integers = NDArray[np.int64]


def coverage(
    samples: ArrayLike,
    epsilon: float,
    interval: tuple[float, float] = (-0.5, 0.5),
    size: int | tuple[int, int] | None = None,
    *,
    method: str = "auto",
    resolution: float | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> Coverage:
    """Which targets of the interval are within epsilon of the sum of some subset, and how many samples it took to cover all.

    The covered set is the union of [s - epsilon, s + epsilon] over all subset sums s, cut to the interval; the floats are taken for the
    exact numbers they are. Sums on their way outside the interval count (proofs often drop them, and so bound this from below).

    Parameters
    ----------
    samples : (..., n) float64
        Finite, of any sign and magnitude.
    epsilon : float
        > 0, in the unit of the samples.
    interval : (float, float)
        The targets: a closed interval of positive length.
    size : int or (int, int), optional
        Only subsets of exactly so many samples, or of so many to so many.
    method : {"auto", "grid", "exact"}
        "grid" tracks all sums as a bit set on a lattice and gives rigorous bounds. "exact" walks along the interval on exact sums;
        n <= 44. "auto" walks for n <= 8 and takes the grid beyond; for n <= 28 rows whose `first_n` is open after it go to a grid 16
        times as fine, then to the walk, so that `first_n` and `status` are proven there.
    resolution : float, optional
        Lattice step of the grid (rounded down to a power of two), epsilon / 8 by default. Coarser where a row would need more than
        16 MiB of bits; the bounds stay rigorous. A row of n samples is blurred by about n / 4 steps, which has to be below 2 epsilon.
    workers : int, optional
        Threads; all cores by default. The answer does not depend on it.
    progress : bool
        Show a progress bar (tqdm).

    Returns
    -------
    Coverage
        Arrays of the batch shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Grid: time O(n range / (64 resolution)) a row (times the number of sizes), 64 lattice points a step. Walk: time
    O(length / epsilon * 2^(n/2)) a prefix, log2(n) prefixes, memory O(2^(n/2)).

    Examples
    --------
    >>> from slth.subset_sum import coverage
    >>> coverage([0.25, -0.5, 0.125], 0.0625, interval=(-0.5, 0.5))
    Coverage(share=0.9375..0.9375, gap=0.0625..0.0625, first_n=> 3, NO)
    """
    one_of(method, METHODS, "method")
    rows, shape = _read(samples)
    n = rows.shape[1]
    if method == "exact" and n > MAX_EXACT:
        raise ValueError(f'method="exact" takes at most {MAX_EXACT} samples a row, got n = {n}; use method="grid"')
    radius = positive_float(epsilon, "epsilon")
    start, end = _interval(interval)
    sizes = _sizes(size, n)
    if resolution is not None and method == "exact":
        raise ValueError('resolution belongs to the grid, and method="exact" has none; leave it out')
    step = radius / 8 if resolution is None else positive_float(resolution, "resolution")
    count = worker_count(workers)
    with np.errstate(over="ignore"):
        totals = np.abs(rows).sum(axis=1) + (abs(start) + abs(end) + 2 * radius)
    if not np.isfinite(totals).all():
        raise ValueError("samples, interval and epsilon together overflow float64; divide all by a power of two")
    m = len(rows)
    uncovered, first = np.empty((m, 4), np.int64), np.empty((m, 2), np.int64)
    limits_of, exponents, used = np.empty((m, 6), np.int64), np.empty(m, np.int64), np.full(m, -1, np.int64)
    exact_first = method == "exact" or (method == "auto" and n <= _WALK_UP_TO)
    judged = method == "auto" and n <= MAX_JUDGED

    def run(block: slice) -> int:
        some = _Fixed.of(rows[block], totals[block], radius, (start, end))
        lengths, prefixes, lattice = uncovered[block], first[block], used[block]
        prefixes[:] = 0, n + 1
        left = np.arange(len(some.values))
        for finer in () if exact_first else (1, _FINER) if judged else (1,):
            lengths[left], prefixes[left], lattice[left] = some.grid(left, step / finer, sizes)
            left = left[prefixes[left, 0] != prefixes[left, 1]]
        if left.size and (exact_first or judged):
            lengths[left], prefixes[left] = some.walk(left, prefixes[left], sizes)
            lattice[left] = -1
            for i in np.flatnonzero(prefixes[:, 0] != prefixes[:, 1]).tolist() if n <= MAX_JUDGED else ():
                prefixes[i] = first_prefix(rows[block][i].tolist(), radius, (start, end), sizes)
                lengths[i] = 0 if prefixes[i, 0] <= n else lengths[i]
        limits_of[block], exponents[block] = some.limits[some.which], some.exponents
        return len(some.values)

    nanoseconds = _cost(n, exact_first, float(np.median(totals)), radius, step, end - start, sizes)
    length = max(1, int(_BLOCK_NS / nanoseconds))
    blocks = [slice(i, min(i + length, m)) for i in range(0, m, length)]
    with progress_bar(m, "row", progress) as bar:
        for done in in_order(run, blocks, min(count, m)):
            bar.update(done)
    lower, upper = bounds_of_shares(uncovered, limits_of)
    gap_lower, gap_upper = bounds_of_gaps(uncovered, exponents)
    status = np.where(first[:, 1] <= n, Covered.YES, np.where(first[:, 0] > n, Covered.NO, Covered.UNKNOWN))
    resolutions = np.where(used < 0, 0.0, np.ldexp(1.0, used - exponents))

    def shaped(field: NDArray[Any]) -> Any:
        return np.ascontiguousarray(field).reshape(shape)[()]

    return Coverage(
        lower=shaped(lower),
        upper=shaped(upper),
        gap_lower=shaped(gap_lower),
        gap_upper=shaped(gap_upper),
        first_n_lower=shaped(first[:, 0]),
        first_n_upper=shaped(first[:, 1]),
        status=shaped(status.astype(np.uint8)),
        resolution=shaped(resolutions),
        n=n,
        epsilon=radius,
        interval=(start, end),
        size=sizes,
    )


@dataclass(frozen=True)
class _Fixed:
    """Some rows in int64 quanta of 2^-exponent, and interval and epsilon in the same quanta, rounded both ways.

    values (m, n), exact (m,), exponents (m,); limits (kinds, 6): start down, start up, end down, end up, epsilon down, epsilon up, for each
    exponent in use; which (m,): the one of each row.
    """

    values: Integers
    exact: NDArray[np.bool_]
    exponents: Integers
    limits: Integers
    which: Integers

    @classmethod
    def of(
        cls, rows: NDArray[np.float64], totals: NDArray[np.float64], epsilon: float, interval: tuple[float, float]
    ) -> _Fixed:
        exponents = (_BITS - np.frexp(totals)[1]).astype(np.int64)
        kinds, which = np.unique(exponents, return_inverse=True)
        limits = np.array([_both_ways((*interval, epsilon), int(exponent)) for exponent in kinds], np.int64)
        values, exact = np.empty(rows.shape, np.int64), np.empty(len(rows), np.bool_)
        bit_set.quantize(rows, exponents, values, exact)
        return cls(values, exact, exponents, limits, which.astype(np.int64))

    def grid(
        self, some: NDArray[np.intp], resolution: float, sizes: tuple[int, int] | None
    ) -> tuple[Integers, Integers, Integers]:
        """Bounds from the bit set for the rows `some`: uncovered (k, 4), first (k, 2), log2 of the lattice step in quanta (k,)."""
        steps = np.clip(math.frexp(max(resolution, 5e-324))[1] - 1 + self.exponents[some], 0, _BITS - 1)
        uncovered, first = np.empty((some.size, 4), np.int64), np.empty((some.size, 2), np.int64)
        lowest, highest = sizes or (bit_set.ANY_SIZE, 0)
        bit_set.grid(
            self.values[some], self.exact[some], self.limits, self.which[some], steps, lowest, highest, _MOST_WORDS,
            uncovered, first,
        )  # fmt: skip
        return uncovered, first, steps

    def walk(self, some: NDArray[np.intp], first: Integers, sizes: tuple[int, int] | None) -> tuple[Integers, Integers]:
        """Bounds from the exact walk over the rows `some`, of which first (k, 2) is known: uncovered (k, 4) and a better first."""
        uncovered = np.empty((some.size, 4), np.int64)
        lowest, highest = sizes or (walk.ANY_SIZE, 0)
        walk.exact_walk(
            self.values[some], self.exact[some], self.limits, self.which[some], lowest, highest, uncovered, first
        )
        return uncovered, first


def _both_ways(numbers: Sequence[float], exponent: int) -> list[int]:
    """Each number times 2^exponent, rounded down and rounded up."""
    scaled = [Fraction(x) * Fraction(2) ** exponent for x in numbers]
    return [rounded(x) for x in scaled for rounded in (math.floor, math.ceil)]


def _read(samples: ArrayLike) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    values = finite_array(samples, "samples")
    if values.ndim == 0:
        raise ValueError("samples must have shape (..., n), got a single number; wrap it in a list")
    if values.size == 0:
        raise ValueError(f"samples must not be empty, got shape {values.shape}")
    return values.reshape(-1, values.shape[-1]), values.shape[:-1]


def _interval(interval: Any) -> tuple[float, float]:
    ends = finite_array(interval, "interval", ndim=1)
    if ends.size != 2 or not ends[0] < ends[1]:
        raise ValueError(f"interval must be two numbers (start, end) with start < end, got {interval!r}")
    return float(ends[0]), float(ends[1])


def _sizes(size: Any, n: int) -> tuple[int, int] | None:
    """(least, largest) number of chosen samples, or None where that limits nothing."""
    if size is None:
        return None
    pair = (size, size) if isinstance(size, Integral) else size
    if (
        not isinstance(pair, tuple | list)
        or len(pair) != 2
        or any(isinstance(k, bool) or not isinstance(k, Integral) for k in pair)
    ):
        raise TypeError(f"size must be an integer, a pair of integers (least, largest) or None, got {size!r}")
    least, largest = int(pair[0]), int(pair[1])
    if not 0 <= least <= largest or least > n:
        raise ValueError(f"size must satisfy 0 <= least <= largest and least <= n = {n}, got {size!r}")
    largest = min(largest, n)
    return None if (least, largest) == (0, n) else (least, largest)


def _cost(
    n: int, by_walk: bool, total: float, epsilon: float, step: float, length: float, sizes: tuple[int, int] | None
) -> float:
    """Nanoseconds a row takes, roughly (only the size of blocks depends on it)."""
    classes = 1 if sizes is None else sizes[1] + 1
    if by_walk:
        return 1000.0 + 10.0 * classes * (length / epsilon + 1) * 2 ** (n / 2)
    return 500.0 + n * (30.0 + 0.3 * classes * min(total / max(64 * step, 1e-300), _MOST_WORDS))
