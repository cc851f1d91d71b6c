"""Good subsets of long rows, thousands to millions of samples, where a proof is out of reach."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum import closest, exact
from slth.subset_sum.batch import Batch
from slth.subset_sum.heuristics.long_row import LongRow
from slth.subset_sum.heuristics.partition import Partition
from slth.subset_sum.heuristics.swaps import LocalSearch
from slth.subset_sum.solution import Status
from slth.validation import one_of, positive_int

_NODES_A_SECOND = 1e7


@dataclass(frozen=True)
class Greedy:
    """Largest first: each sample is flipped if that brings the sum closer; with bounds on the size, the best of neighbours and swaps.

    `passes` > 1 starts again from random subsets and keeps the best. O(n log n); the error is about the smallest sample or gap.
    """

    passes: int = 1

    def __post_init__(self) -> None:
        positive_int(self.passes, "passes")


@dataclass(frozen=True)
class KarmarkarKarp:
    """The differencing method (Karmarkar and Karp 1982) on the samples and one more number, |2 target - total|.

    A partition of those with difference D gives a subset with error D / 2. O(n log n); the error shrinks as n^(-c log n).
    """


@dataclass(frozen=True)
class CompleteKarmarkarKarp:
    """The complete tree over the differencing method (Korf 1998), at most `budget` nodes; beyond a few hundred samples over the last few.

    Proves its answer where the tree is exhausted in exact integers: n up to about 30 with the default budget, any n where a perfect
    balance turns up.
    """

    budget: int = 10_000_000

    def __post_init__(self) -> None:
        positive_int(self.budget, "budget")


Method = Greedy | KarmarkarKarp | CompleteKarmarkarKarp | LocalSearch

METHODS: dict[str, Method] = {
    "auto": LocalSearch(),
    "greedy": Greedy(),
    "karmarkar-karp": KarmarkarKarp(),
    "complete-karmarkar-karp": CompleteKarmarkarKarp(),
    "local-search": LocalSearch(),
}


@dataclass(frozen=True, eq=False)
class Picked:
    """chosen (n,) bool; sum and error float64, recomputed: exact, then rounded once; rest, target - sum, exactly; `Status`."""

    chosen: NDArray[np.bool_]
    error: float
    sum: float
    rest: Fraction
    status: Status


def solve_row(
    samples: NDArray[Any],
    target: float,
    *,
    method: str | Method = "auto",
    low: int = 0,
    high: int | None = None,
    budget: int | None = None,
    deadline: float | None = None,
    rng: int | np.random.Generator | None = 0,
) -> Picked:
    """A subset of one row whose sum is close to the target.

    Parameters
    ----------
    samples : (n,) float64 or int64
        Any n (a million takes seconds). The sum of absolute values must not overflow (int64: stay below 2^62).
    target : float or int
    method : str or Greedy, KarmarkarKarp, CompleteKarmarkarKarp or LocalSearch
        "auto" is "local-search", which ends 10 and more decimals closer than the others from a few hundred samples on.
    low, high : int
        Bounds of the subset's size ("greedy" and "local-search").
    budget : int, optional
        Nodes of the complete tree.
    deadline : float, optional
        Time (of `time.monotonic`) at which to stop improving.
    rng : int or Generator
        Same seed, same subset.

    Returns
    -------
    Picked
        HEURISTIC, or OPTIMAL where that is proven: the tree was exhausted, or (n > 44) the error is 0 or as small as the common last bit
        of the samples permits. For n <= 44 a proven answer is the canonical one of `solve`: then fewest elements, then the smallest mask.

    Notes
    -----
    The searches work in int64 quanta: the largest |sample| is about 2^61 of them for the differencing, the sum of all below 2^62 for the
    greedy pass; local search keeps the exact distance. Error and sum are recomputed from the samples in every case.
    """
    if isinstance(method, str):
        method = METHODS[one_of(method, METHODS, "method")]
    row = LongRow.read(samples, target, low, high)
    if budget is not None:
        if not isinstance(method, CompleteKarmarkarKarp):
            raise ValueError('budget, the number of nodes, belongs to method="complete-karmarkar-karp"')
        method = CompleteKarmarkarKarp(positive_int(budget, "budget"))
    generator = np.random.default_rng(rng)
    proven = False
    if isinstance(method, Greedy):
        chosen = _greedy(row, method.passes, generator)
    elif isinstance(method, LocalSearch):
        chosen = method.improve(row, row.start(), generator, deadline)
    else:
        if row.sized:
            raise ValueError(
                f'bounds on the size (low = {row.low}, high = {row.high}) need method="local-search" or "greedy"; '
                "differencing does not control it"
            )
        nodes = 0
        if isinstance(method, CompleteKarmarkarKarp):
            nodes = method.budget
            if deadline is not None:
                nodes = int(min(nodes, max(deadline - time.monotonic(), 0.0) * _NODES_A_SECOND + 1))
        chosen, proven = Partition.of(row).solve(nodes)
    if proven and row.n <= closest.LISTED_TO:
        chosen = _canonical(row)
    rest = row.rest(chosen)
    proven |= row.n > closest.LISTED_TO and abs(rest) <= row.least_error()
    status = Status.OPTIMAL if proven else Status.HEURISTIC
    return Picked(chosen, float(abs(rest)), row.sum(chosen), rest, status)


def _greedy(row: LongRow, passes: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    best = row.start()
    if row.sized:
        return best
    for _ in range(passes - 1):
        other = row.flip_pass(rng.random(row.n) < 0.5)
        if abs(row.rest(other)) < abs(row.rest(best)):
            best = other
    return best


def _canonical(row: LongRow) -> NDArray[np.bool_]:
    """The rule among equals: what the exact solver says."""
    if np.abs(row.samples).max() <= 2**53 and abs(row.target) <= 2**53:
        batch = Batch.read(row.samples[None].astype(np.float64), np.array([float(row.target)]))
        mask = int(closest.by_join(batch, np.zeros(1, np.int64))[0][0])
    else:
        mask = exact.closest(row.samples.tolist(), row.target)
    return np.array([mask >> i & 1 for i in range(row.n)], np.bool_)
