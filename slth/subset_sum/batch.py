"""All instances of a call in one place: rows, targets, their order, and their fixed point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.kernels import fixed_point
from slth.validation import finite_array

MAX_SAMPLES = 44


@dataclass(frozen=True)
class Batch:
    """All instances of a call: (rows, n) samples, and for each of m instances its row and its target."""

    rows: NDArray[np.float64]
    row_of: NDArray[np.int64]
    targets: NDArray[np.float64]
    order: NDArray[np.int64]  # instances sorted by row, so that a block holds whole rows where rows are shared
    shape: tuple[int, ...]

    @classmethod
    def read(cls, samples: ArrayLike, target: ArrayLike) -> Batch:
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

    def blocks(self, step: int) -> list[slice]:
        """Slices of `order`, `step` instances each."""
        return [slice(start, min(start + step, self.order.size)) for start in range(0, self.order.size, step)]

    @property
    def n(self) -> int:
        """Samples a row."""
        return int(self.rows.shape[1])

    @property
    def per_row(self) -> int:
        """Targets a row."""
        return self.targets.size // len(self.rows)


@dataclass(frozen=True)
class FixedPoint:
    """Some instances of a batch in int64, for the kernels: non-zero samples in order, scaled row by row.

    Attributes
    ----------
    samples : (rows, n) float64
        The rows in use.
    values, places, counts, exponents, row_exact
        See `kernels.fixed_point.quantize_rows`.
    row_of : (m,) int64
        Row of each instance, within these rows.
    targets, exact : (m,) int64, (m,) bool
        See `kernels.fixed_point.quantize_targets`.
    """

    samples: NDArray[np.float64]
    values: NDArray[np.int64]
    places: NDArray[np.uint8]
    counts: NDArray[np.int64]
    exponents: NDArray[np.int64]
    row_exact: NDArray[np.bool_]
    row_of: NDArray[np.int64]
    targets: NDArray[np.int64]
    exact: NDArray[np.bool_]

    @classmethod
    def of(cls, batch: Batch, which: NDArray[np.int64]) -> FixedPoint:
        used, row_of = np.unique(batch.row_of[which], return_inverse=True)
        samples = batch.rows[used]
        values, places = np.empty(samples.shape, np.int64), np.empty(samples.shape, np.uint8)
        counts, exponents = np.empty(used.size, np.int64), np.empty(used.size, np.int64)
        row_exact = np.empty(used.size, np.bool_)
        fixed_point.quantize_rows(samples, values, places, counts, exponents, row_exact)
        targets, exact = np.empty(which.size, np.int64), np.empty(which.size, np.bool_)
        fixed_point.quantize_targets(batch.targets[which], row_of, exponents, row_exact, targets, exact)
        return cls(samples, values, places, counts, exponents, row_exact, row_of, targets, exact)

    def widen(self, masks: NDArray[np.uint64]) -> None:
        """Masks over non-zero samples -> masks over all samples, in place."""
        fixed_point.expand_masks(masks, self.row_of, self.places)

    def floats(self, instance: int) -> list[float]:
        """The non-zero samples of an instance, for the exact solvers."""
        row = self.samples[self.row_of[instance]]
        return [float(x) for x in row[row != 0]]
