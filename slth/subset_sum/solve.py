"""The front door of the laboratory: `solve`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum import exact
from slth.subset_sum.kernels import directory, exact_sum, fixed_point, join, merge
from slth.subset_sum.solution import Solution, Status
from slth.threads import in_order
from slth.validation import finite_array, one_of, worker_count

MAX_SAMPLES = 44
OBJECTIVES = ("closest",)

_STREAMED_FROM = 30  # samples: above this the halves outgrow the cache and are streamed (measured)
_CONTENDERS = 4096  # subsets compared exactly one by one; beyond, an exact search takes over
_BLOCK_NS = 2e7  # a block of work takes about 20 ms: short enough to balance and to interrupt


def solve(
    samples: ArrayLike,
    target: ArrayLike,
    *,
    objective: str = "closest",
    workers: int | None = None,
    progress: bool = False,
) -> Solution:
    """Choose, for each target, the subset of the samples whose sum is closest: proven over all 2^n subsets.

    Equivalent to ``min(all_subsets, key=lambda s: (abs(sum(s) - target), len(s), mask(s)))`` in exact arithmetic: among equally
    close subsets the one of fewest elements is taken, then the one of the smallest mask. So the answer is a function of row and
    target alone, whatever the batch, its order or the number of workers, and a sample that is zero is never chosen.

    Parameters
    ----------
    samples : (..., n) float64
        Finite, n from 1 to 44, of any sign and magnitude. The sum of absolute values and the target must not overflow.
    target : (...) float64
        Broadcasts against the batch shape of `samples` like a NumPy gufunc of signature ``(n),()->()``. A row shared by many targets
        is sorted once.
    objective : {"closest"}
        What is asked of the subset.
    workers : int, optional
        Threads; all cores by default. The answer does not depend on it.
    progress : bool
        Show a progress bar (tqdm).

    Returns
    -------
    Solution
        Arrays of the broadcast shape. `status` is OPTIMAL throughout.

    Raises
    ------
    TypeError
        If the input is not real numbers.
    ValueError
        If it holds NaN or infinity, is empty, has more than 44 samples, does not broadcast, or overflows.

    Notes
    -----
    Time O(2^(n/2)) an instance; memory O(2^(n/2)) for n below 30 and O(2^(n/4)) above, under 1 GB at n = 44 whatever the input. The sums
    are formed in 60-bit fixed point; where its rounding leaves more than one candidate, those are compared as exact integers.
    Methods: hash join of half sums (`kernels.join`), a shared sorted list (`kernels.directory`), Horowitz and Sahni, J. ACM 21
    (1974), for ties (`kernels.merge`), Schroeppel and Shamir, SIAM J. Comput. 10 (1981), in integers (`exact`).

    Examples
    --------
    >>> from slth import subset_sum
    >>> subset_sum.solve([0.5, -0.3, 0.9, 0.25], 0.44)
    Solution(chosen=[0, 1, 3], sum=0.45, error=0.01, OPTIMAL)
    """
    one_of(objective, OBJECTIVES, "objective")
    batch = _Batch.read(samples, target)
    count = worker_count(workers)
    m = batch.targets.size
    masks = np.empty(m, np.uint64)
    sums, errors = np.empty(m), np.empty(m)
    sizes = np.empty(m, np.int64)

    def run(block: slice) -> int:
        which = batch.order[block]
        masks[which] = found = _closest(batch, which)
        block_sums, block_errors, block_sizes = (
            np.empty(found.size),
            np.empty(found.size),
            np.empty(found.size, np.int64),
        )
        exact_sum.chosen_sums(
            batch.rows, batch.row_of[which], batch.targets[which], found, block_sums, block_errors, block_sizes
        )
        sums[which], errors[which], sizes[which] = block_sums, block_errors, block_sizes
        return found.size

    bar = _progress_bar(m, progress)
    for done in in_order(run, batch.blocks(), min(count, m)):
        bar.update(done)
    bar.close()
    shape = batch.shape
    return Solution(
        mask=masks.reshape(shape)[()],
        sum=sums.reshape(shape)[()],
        error=errors.reshape(shape)[()],
        size=sizes.reshape(shape)[()],
        status=np.full(shape, Status.OPTIMAL, np.uint8)[()],
        n=batch.rows.shape[1],
    )


@dataclass(frozen=True)
class _Batch:
    """All instances of a call: (rows, n) samples, and for each of m instances its row and its target."""

    rows: NDArray[np.float64]
    row_of: NDArray[np.int64]
    targets: NDArray[np.float64]
    order: NDArray[np.int64]  # instances sorted by row, so that a block holds whole rows where rows are shared
    shape: tuple[int, ...]

    @classmethod
    def read(cls, samples: ArrayLike, target: ArrayLike) -> _Batch:
        values, goals = finite_array(samples, "samples"), finite_array(target, "target")
        if values.ndim == 0:
            raise ValueError("samples must have shape (..., n), got a single number; wrap it in a list")
        if values.size == 0 or goals.size == 0:
            raise ValueError(f"samples and target must not be empty, got shapes {values.shape} and {goals.shape}")
        n = values.shape[-1]
        if n > MAX_SAMPLES:
            raise ValueError(
                f"samples must have at most {MAX_SAMPLES} entries a row for a proven optimum, got n = {n}; take a subset of them"
            )
        try:
            shape = np.broadcast_shapes(values.shape[:-1], goals.shape)
        except ValueError:
            raise ValueError(
                f"samples of shape {values.shape} and target of shape {goals.shape} do not broadcast: the shapes {values.shape[:-1]} "
                f"(samples without its last axis) and {goals.shape} must match or be 1 along each axis"
            ) from None
        rows = values.reshape(-1, n)
        row_of = np.ascontiguousarray(np.broadcast_to(np.arange(len(rows)).reshape(values.shape[:-1]), shape)).reshape(
            -1
        )
        targets = np.ascontiguousarray(np.broadcast_to(goals, shape)).reshape(-1)
        with np.errstate(over="ignore"):
            totals = np.abs(rows).sum(axis=1)
            reach = totals[row_of] + np.abs(targets)
        if not np.isfinite(reach).all():
            worst = int(np.argmin(np.isfinite(reach)))
            raise ValueError(
                f"samples and target overflow float64: row {int(row_of[worst])} has absolute values that sum beyond 1.8e308 "
                f"(target {targets[worst]:g}); divide both by a power of two"
            )
        order = np.arange(row_of.size) if len(rows) == row_of.size else np.argsort(row_of, kind="stable")
        return cls(rows, row_of, targets, order, shape)

    def blocks(self) -> list[slice]:
        """Slices of `order` of about equal cost; rows that are worth sorting once stay whole."""
        n, per_row = self.rows.shape[1], self.targets.size // len(self.rows)
        step = max(1, int(_BLOCK_NS / _single_cost(n)))
        if _listed(n, per_row):
            step = max(step // per_row, 1) * per_row
        return [slice(start, min(start + step, self.order.size)) for start in range(0, self.order.size, step)]


def _single_cost(n: int) -> float:
    """Nanoseconds for one instance alone (measured on one core; only ratios matter)."""
    return 500.0 + 3.0 * 2 ** (n / 2) * (1 if n < _STREAMED_FROM else 3)


def _listed(n: int, per_row: int) -> int:
    """How many samples to list in sorted order for `per_row` targets of one row; 0 if that does not pay."""
    best, best_cost = 0, per_row * _single_cost(n)
    for listed in range((n + 1) // 2, min(n, 20) + 1):
        look_up = 8.0 if listed <= 16 else 25.0
        cost = 15.0 * 2**listed + per_row * look_up * 2 ** (n - listed)
        if cost < best_cost:
            best, best_cost = listed, cost
    return best


def _closest(batch: _Batch, which: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Masks of the closest subsets of the instances `which`, sorted by row."""
    used, rows = np.unique(batch.row_of[which], return_inverse=True)
    samples = batch.rows[used]
    values = np.empty(samples.shape, np.int64)
    places = np.empty(samples.shape, np.uint8)
    counts, exponents = np.empty(used.size, np.int64), np.empty(used.size, np.int64)
    row_exact = np.empty(used.size, np.bool_)
    fixed_point.quantize_rows(samples, values, places, counts, exponents, row_exact)
    targets = np.empty(which.size, np.int64)
    is_exact = np.empty(which.size, np.bool_)
    fixed_point.quantize_targets(batch.targets[which], rows, exponents, row_exact, targets, is_exact)

    masks = np.zeros(which.size, np.uint64)
    codes = np.full(which.size, join.AMBIGUOUS, np.uint8)
    listed = _listed(samples.shape[1], which.size // used.size)
    if listed:
        starts = np.searchsorted(rows, np.arange(used.size + 1))
        for row in range(used.size):
            here = slice(starts[row], starts[row + 1])
            held = values[row, : counts[row]]
            directory.closest_shared(
                held, row_exact[row], min(listed, held.size), targets[here], is_exact[here], masks[here], codes[here]
            )
    left = np.flatnonzero(codes == join.AMBIGUOUS)
    kernel = join.closest if samples.shape[1] < _STREAMED_FROM else join.closest_streamed
    if left.size:
        left_masks, left_codes = np.empty(left.size, np.uint64), np.empty(left.size, np.uint8)
        kernel(values, counts, rows[left], targets[left], is_exact[left], left_masks, left_codes)
        masks[left], codes[left] = left_masks, left_codes
    fixed_point.expand_masks(masks, rows, places)
    for i in np.flatnonzero(codes == join.AMBIGUOUS):
        row = rows[i]
        masks[i] = _closest_of_ties(
            values[row], int(counts[row]), targets[i], is_exact[i], samples[row], batch.targets[which[i]]
        )
    return masks


def _closest_of_ties(
    values: Any, count: int, target: Any, is_exact: Any, samples: NDArray[np.float64], goal: float
) -> int:
    """The mask where the hash join could not decide: by sorted lists, and where rounding blurs them, in exact integers."""
    contenders = np.empty(_CONTENDERS, np.uint64)
    found = merge.closest_of_row(values[:count], target, is_exact, contenders)
    places = np.flatnonzero(samples)
    floats = [float(x) for x in samples[places]]
    if is_exact:
        mask = int(contenders[0])
    elif found > 0:
        mask = exact.closest_among((int(m) for m in contenders[:found]), floats, float(goal))
    else:
        mask = exact.closest(floats, float(goal))
    return sum(1 << int(place) for bit, place in enumerate(places) if mask >> bit & 1)


def _progress_bar(total: int, show: bool) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, disable=not show, unit="instance", unit_scale=True, leave=False)
