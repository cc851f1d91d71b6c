"""Subset sums of vectors: the subset whose sum lies closest to a target in R^d, or any, or the smallest, within epsilon of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.batch import MAX_SAMPLES
from slth.subset_sum.kernels import exact_sum
from slth.subset_sum.vectors.block import NORMS, Block
from slth.threads import in_order, progress_bar
from slth.validation import finite_array, one_of, worker_count

Floats = NDArray[np.float64]
Masks = NDArray[np.uint64]

OBJECTIVES = ("closest", "any", "smallest")
MAX_DIMENSION = 1000

_BLOCK_NS = 2e7


@dataclass(frozen=True)
class Vectors:
    """Instances in one place: (rows, n, d) samples, and for each of m instances its row and its (d,) target."""

    samples: Floats
    row_of: NDArray[np.int64]
    targets: Floats
    shape: tuple[int, ...]

    @property
    def n(self) -> int:
        """Vectors a row."""
        return int(self.samples.shape[1])


def read(samples: ArrayLike, target: ArrayLike) -> Vectors:
    """Samples (..., n, d) and targets (..., d), broadcast like a NumPy gufunc of signature ``(n,d),(d)->()``.

    Raises
    ------
    TypeError
        If the input is not real numbers.
    ValueError
        If it holds NaN or infinity, is empty, has more than 64 samples a row, does not broadcast, overflows, or if samples and target
        differ in dimension.
    """
    values, goals = finite_array(samples, "samples"), finite_array(target, "target")
    if values.ndim < 2:
        raise ValueError(
            f"samples must have shape (..., n, d), n vectors of d coordinates, got {values.shape}; for numbers leave the norm away"
        )
    if goals.ndim < 1:
        raise ValueError("target must have shape (..., d), got a single number; wrap it in a list")
    if values.size == 0 or goals.size == 0:
        raise ValueError(f"samples and target must not be empty, got shapes {values.shape} and {goals.shape}")
    n, d = values.shape[-2:]
    if goals.shape[-1] != d:
        raise ValueError(
            f"samples of shape {values.shape} are vectors of dimension {d}, but target of shape {goals.shape} has dimension "
            f"{goals.shape[-1]}; the last axes must be equal"
        )
    if n > MAX_SAMPLES:
        raise ValueError(f"samples must have at most {MAX_SAMPLES} vectors a row, got n = {n}; take a subset of them")
    if d > MAX_DIMENSION:
        raise ValueError(f"vectors must have at most {MAX_DIMENSION} coordinates, got d = {d}")
    try:
        shape = np.broadcast_shapes(values.shape[:-2], goals.shape[:-1])
    except ValueError:
        raise ValueError(
            f"samples of shape {values.shape} and target of shape {goals.shape} do not broadcast: the shapes {values.shape[:-2]} "
            f"(samples without their last two axes) and {goals.shape[:-1]} must match or be 1 along each axis"
        ) from None
    rows = values.reshape(-1, n, d)
    row_of = np.array(np.broadcast_to(np.arange(len(rows)).reshape(values.shape[:-2]), shape), order="C").reshape(-1)
    targets = np.broadcast_to(goals, (*shape, d)).reshape(-1, d)
    with np.errstate(over="ignore"):
        reach = np.abs(rows).sum(axis=1)[row_of] + np.abs(targets)
        fits = np.isfinite(d * reach).all(axis=1)
    if not fits.all():
        worst = int(np.argmin(fits))
        raise ValueError(
            f"samples and target overflow float64: absolute values of a coordinate sum to nearly 1.8e308 or beyond in row "
            f"{int(row_of[worst])}; divide both by a power of two"
        )
    return Vectors(rows, np.ascontiguousarray(row_of), np.ascontiguousarray(targets), shape)


def solve_vectors(
    samples: Floats,
    row_of: NDArray[np.int64],
    targets: Floats,
    *,
    objective: str = "closest",
    epsilon: Floats | None = None,
    norm: str = "max",
    low: int = 0,
    high: int | None = None,
    deadline: float | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> tuple[Masks, Floats, Floats, NDArray[np.uint8]]:
    """Choose, for each target, a subset of the vectors of its row.

    "closest" is equivalent to ``min(subsets, key=lambda s: (norm(sum(s) - target), len(s), mask(s)))`` in exact arithmetic, "smallest"
    to the same over those within epsilon with ``len(s)`` first; "any" gives some subset within epsilon, the same each time.

    Parameters
    ----------
    samples : (rows, n, d) float64
        n up to 64. As `read` returns them.
    row_of : (m,) int64
        Row of each instance.
    targets : (m, d) float64
    objective : {"closest", "any", "smallest"}
    epsilon : (m,) float64, optional
        How far from the target the sum may be, >= 0; for "any" and "smallest".
    norm : {"max", "l2"}
        Distance of sum and target: largest coordinate, or Euclidean.
    low, high : int
        Bounds of the subset's size; n if `high` is None.
    deadline : float, optional
        Time (of `time.monotonic`) at which to stop looking. Without one, an instance takes some seconds at most.
    workers : int, optional
        Threads; all cores by default. The answer does not depend on it, unless a deadline cuts it short.
    progress : bool
        Show a progress bar.

    Returns
    -------
    masks (m,) uint64, sums (m, d), errors (m,), statuses (m,) uint8 of `Status`
        OPTIMAL (proven: "closest", "smallest"), WITHIN_EPSILON, NOT_FOUND (proven; the mask is empty), HEURISTIC (a good subset, nothing
        is proven) or LIMIT (the deadline or the budget came first; for "any" and "smallest" the mask is the best seen, not within epsilon).
        Sums are exact and rounded once, and so are errors in the max-norm; Euclidean ones are off by an ulp at most.

    Notes
    -----
    "closest" takes O(2^(n/2)) for small d (d = 3: 0.05 s at n = 40) and is proven up to n = 46; above that, and where ties outnumber
    what can be compared exactly, the answer is HEURISTIC. "any" looks through a growing part of the subsets, about 1 / p of them where
    p is the chance of one subset, so its time does not grow with n: n >= d log2(1/epsilon) + a few samples are needed (first moment;
    Becchetti, da Cunha et al. 2022 give O(d^3 log^2(1/epsilon)) as enough for all targets). "smallest" goes size by size. Kernel:
    `kernels.vectors`.
    """
    one_of(objective, OBJECTIVES, "objective")
    one_of(norm, NORMS, "norm")
    n, d = samples.shape[1:]
    high = n if high is None else min(high, n)
    low = max(low, 0)
    if low > high:
        raise ValueError(f"size bounds must satisfy 0 <= low <= high <= n, got low = {low}, high = {high}, n = {n}")
    if (epsilon is None) != (objective == "closest"):
        raise ValueError(
            f'epsilon is needed by "any" and "smallest" and by them only, got {epsilon!r} for {objective!r}'
        )
    if epsilon is not None and not (epsilon >= 0).all():
        raise ValueError(f"epsilon must be >= 0, got {float(epsilon.min())}")
    m = row_of.size
    masks, statuses = np.zeros(m, np.uint64), np.empty(m, np.uint8)
    step = max(1, int(_BLOCK_NS / (20_000 + 50 * 2 ** (min(n, 40) / 2) * (1 if d <= 4 else 8))))
    if objective == "any":
        step = max(step, 64)

    def run(block: slice) -> int:
        problem = Block(samples[row_of[block]], targets[block], norm, low, high, deadline)
        if epsilon is None:
            masks[block], statuses[block] = problem.closest()
        elif objective == "any":
            masks[block], statuses[block] = problem.any_within(epsilon[block])
        else:
            masks[block], statuses[block] = problem.smallest(epsilon[block])
        return int(block.stop - block.start)

    with progress_bar(m, "instance", progress) as bar:
        for done in in_order(
            run, [slice(i, min(i + step, m)) for i in range(0, m, step)], min(worker_count(workers), m)
        ):
            bar.update(done)
    sums, errors = evaluate(samples, row_of, targets, masks, norm)
    return masks, sums, errors, statuses


def evaluate(
    samples: Floats, row_of: NDArray[np.int64], targets: Floats, masks: Masks, norm: str
) -> tuple[Floats, Floats]:
    """Sums (m, d) and errors (m,) of the chosen subsets, recomputed from the samples."""
    m, d = targets.shape
    sums, parts, sizes = np.empty((m, d)), np.empty((m, d)), np.empty(m, np.int64)
    total, part = np.empty(m), np.empty(m)
    for c in range(d):
        column, goal = np.ascontiguousarray(samples[:, :, c]), targets[:, c].copy()
        exact_sum.chosen_sums(column, row_of, goal, masks, total, part, sizes)
        sums[:, c], parts[:, c] = total, part
    errors = parts.max(axis=1) if norm == "max" else np.array([math.hypot(*row) for row in parts.tolist()])
    return sums, errors
