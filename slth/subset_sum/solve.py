"""The front door of the laboratory: `solve`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum import closest, smallest
from slth.subset_sum.batch import Batch
from slth.subset_sum.kernels import exact_sum
from slth.subset_sum.solution import Solution
from slth.threads import in_order, progress_bar
from slth.validation import finite_array, one_of, worker_count

OBJECTIVES = ("closest", "smallest")

_BLOCK_NS = 2e7  # a block of work takes about 20 ms: short enough to balance and to interrupt


def solve(
    samples: ArrayLike,
    target: ArrayLike,
    *,
    objective: str = "closest",
    epsilon: ArrayLike | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> Solution:
    """Choose, for each target, the best subset of the samples: proven over all 2^n subsets, in exact arithmetic.

    "closest" is equivalent to ``min(subsets, key=lambda s: (abs(sum(s) - target), len(s), mask(s)))``: among equally close subsets
    the one of fewest elements, then of the smallest mask. "smallest" is equivalent to
    ``min(those within epsilon, key=lambda s: (len(s), abs(sum(s) - target), mask(s)))``. So the answer is a function of row and
    target alone, whatever the batch, its order or the number of workers, and a sample that is zero is never chosen.

    Parameters
    ----------
    samples : (..., n) float64
        Finite, n from 1 to 44 ("smallest": 32), of any sign and magnitude. The sum of absolute values and the target must not overflow.
    target : (...) float64
        Broadcasts against the batch shape of `samples` like a NumPy gufunc of signature ``(n),()->()``. A row shared by many targets
        is sorted once.
    objective : {"closest", "smallest"}
        The closest subset, or the one of fewest elements within `epsilon`.
    epsilon : (...) float64, optional
        Required by "smallest", > 0: how far from the target a sum may be, in exact arithmetic. Broadcasts against the
        target and the batch shape.
    workers : int, optional
        Threads; all cores by default. The answer does not depend on it.
    progress : bool
        Show a progress bar (tqdm).

    Returns
    -------
    Solution
        Arrays of the broadcast shape. `status` is OPTIMAL, or for "smallest" NOT_FOUND where no subset lies within epsilon; the
        empty subset stands in its place.

    Raises
    ------
    TypeError
        If the input is not real numbers.
    ValueError
        If it holds NaN or infinity, is empty, has too many samples, does not broadcast, or overflows; if epsilon is missing, not > 0, or
        given for "closest".

    Notes
    -----
    Time O(2^(n/2)) an instance; memory O(2^(n/2)) for n to 30 and O(2^(n/4)) above, under 1 GB at n = 44 whatever the input;
    "smallest" takes O(2^(n/2)) of both when all sizes are needed. The sums are formed in 60-bit fixed point; where its rounding
    leaves more than one candidate, those are compared as exact integers.

    Methods: hash join of half sums (`kernels.join`), a shared sorted list (`kernels.directory`), Horowitz and Sahni, J. ACM 21
    (1974), for ties (`kernels.merge`) and size by size (`kernels.size_classes`), Schroeppel and Shamir, SIAM J. Comput. 10 (1981),
    in integers (`exact`).

    Examples
    --------
    >>> from slth import subset_sum
    >>> subset_sum.solve([0.5, -0.3, 0.9, 0.25], 0.44)
    Solution(chosen=[0, 1, 3], sum=0.45, error=0.01, OPTIMAL)
    """
    one_of(objective, OBJECTIVES, "objective")
    count = worker_count(workers)
    if epsilon is not None:
        target, epsilon = _together(target, epsilon)
    batch = Batch.read(samples, target)
    tolerance = _tolerance(epsilon, objective, batch)
    m = batch.targets.size
    masks, statuses = np.empty(m, np.uint64), np.empty(m, np.uint8)
    sums, errors, sizes = np.empty(m), np.empty(m), np.empty(m, np.int64)

    def run(block: slice) -> int:
        which = batch.order[block]
        if tolerance is None:
            found, status = closest.closest(batch, which)
        else:
            found, status = smallest.smallest(batch, which, tolerance)
        total, error, size = np.empty(found.size), np.empty(found.size), np.empty(found.size, np.int64)
        exact_sum.chosen_sums(batch.rows, batch.row_of[which], batch.targets[which], found, total, error, size)
        masks[which], statuses[which] = found, status
        sums[which], errors[which], sizes[which] = total, error, size
        return found.size

    blocks = closest.blocks(batch, _BLOCK_NS) if tolerance is None else smallest.blocks(batch, _BLOCK_NS)
    with progress_bar(m, "instance", progress) as bar:
        for done in in_order(run, blocks, min(count, m)):
            bar.update(done)
    shape = batch.shape
    return Solution(
        mask=masks.reshape(shape)[()],
        sum=sums.reshape(shape)[()],
        error=errors.reshape(shape)[()],
        size=sizes.reshape(shape)[()],
        status=statuses.reshape(shape)[()],
        n=batch.n,
    )


def _tolerance(epsilon: ArrayLike | None, objective: str, batch: Batch) -> NDArray[np.float64] | None:
    """Epsilon for each instance, or None for the objective that has none."""
    if objective == "closest":
        if epsilon is not None:
            raise ValueError(
                'epsilon belongs to objective="smallest"; the closest subset needs none: compare its error'
            )
        return None
    if epsilon is None:
        raise ValueError('objective="smallest" needs epsilon, how far from the target a sum may be; give a number > 0')
    values = finite_array(epsilon, "epsilon")
    if not (values > 0).all():
        raise ValueError(f"epsilon must be > 0, got {float(values.min())}")
    if batch.n > smallest.MAX_SAMPLES:
        raise ValueError(
            f'objective="smallest" takes at most {smallest.MAX_SAMPLES} samples a row, got n = {batch.n}; take a subset of them'
        )
    return np.ascontiguousarray(np.broadcast_to(values, batch.shape)).reshape(-1)


def _together(target: ArrayLike, epsilon: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Target and epsilon broadcast against each other."""
    targets, epsilons = finite_array(target, "target"), finite_array(epsilon, "epsilon")
    try:
        shape = np.broadcast_shapes(targets.shape, epsilons.shape)
    except ValueError:
        raise ValueError(
            f"epsilon of shape {epsilons.shape} does not broadcast against target of shape {targets.shape}: "
            "along each axis they must be equal or 1"
        ) from None
    return np.broadcast_to(targets, shape), np.broadcast_to(epsilons, shape)
