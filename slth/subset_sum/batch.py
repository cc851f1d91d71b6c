"""All instances of a call in one place: rows, targets, their order, what is allowed, and their fixed point."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.allowed import Allowed
from slth.subset_sum.kernels import fixed_point
from slth.subset_sum.masks import pack
from slth.validation import finite_array

MAX_SAMPLES = 64  # a mask has 64 bits

Numbers = NDArray[Any]  # float64 or int64

_INTEGER_BITS = 60  # of the sum of |samples| (times the largest coefficient) where samples are integers


@dataclass(frozen=True)
class Batch:
    """All instances of a call: (rows, n) samples, and for each of m instances its row and its target.

    Rows and targets are float64, or both int64 where the user gave integers.
    """

    rows: Numbers
    row_of: NDArray[np.int64]
    targets: Numbers
    order: NDArray[np.int64]  # instances sorted by row, so that a block holds whole rows where rows are shared
    shape: tuple[int, ...]
    row_shape: tuple[int, ...]
    most: float  # largest sum of absolute values of a row
    allowed: Allowed
    locked: NDArray[np.bool_] | None = None  # (rows, n)

    @classmethod
    def read(cls, values: Numbers, goals: Numbers) -> Batch:
        """Broadcast numbers that `read_numbers` has checked; every subset is allowed."""
        n = values.shape[-1]
        try:
            shape = np.broadcast_shapes(values.shape[:-1], goals.shape)
        except ValueError:
            raise ValueError(
                f"samples of shape {values.shape} and target of shape {goals.shape} do not broadcast: the shapes {values.shape[:-1]} "
                f"(samples without its last axis) and {goals.shape} must match or be 1 along each axis"
            ) from None
        # kernels would be compiled again for arrays that are read-only
        rows = values.reshape(-1, n) if values.flags.writeable else values.reshape(-1, n).copy()
        places = np.arange(len(rows)).reshape(values.shape[:-1])
        row_of = np.array(np.broadcast_to(places, shape), order="C").reshape(-1)
        targets = np.array(np.broadcast_to(goals, shape), order="C").reshape(-1)
        most = _check_reach(rows, row_of, targets, 1)
        order = np.arange(row_of.size) if len(rows) == row_of.size else np.argsort(row_of, kind="stable")
        return cls(rows, row_of, targets, order, shape, values.shape[:-1], most, Allowed.read(n))

    def restrict(self, allowed: Allowed) -> Batch:
        """The same instances with less, or other things, allowed."""
        largest = max(map(abs, (*allowed.coefficients, allowed.step)))
        if largest > 1:
            _check_reach(self.rows, self.row_of, self.targets, largest)
        locked = None
        if allowed.locked is not None:
            try:
                locked = np.broadcast_to(allowed.locked, (*self.row_shape, self.n)).reshape(-1, self.n)
            except ValueError:
                raise ValueError(
                    f"locked of shape {allowed.locked.shape} does not broadcast against samples of shape {(*self.row_shape, self.n)}"
                ) from None
        return replace(self, allowed=allowed, locked=locked)

    def of_size(self, size: int) -> Batch:
        """The same instances, with subsets of exactly so many elements."""
        return replace(self, allowed=replace(self.allowed, low=size, high=size, sized=True))

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

    @property
    def integral(self) -> bool:
        """Whether samples and targets are int64."""
        return bool(self.rows.dtype == np.int64)


def read_numbers(samples: ArrayLike, target: ArrayLike) -> tuple[Numbers, Numbers]:
    """Samples (..., n) and target (...) as float64, or both as int64 where both hold integers.

    Raises
    ------
    TypeError, ValueError
        If they are not finite real numbers, empty, or (one of them float64) integers that float64 would round.
    """
    values: Numbers
    goals: Numbers
    if _integral(samples) and _integral(target):
        values, goals = _int64(samples, "samples"), _int64(target, "target")
    else:
        values, goals = finite_array(samples, "samples"), finite_array(target, "target")
    if values.ndim == 0:
        raise ValueError("samples must have shape (..., n), got a single number; wrap it in a list")
    if values.size == 0 or goals.size == 0:
        raise ValueError(f"samples and target must not be empty, got shapes {values.shape} and {goals.shape}")
    return values, goals


def _integral(values: ArrayLike) -> bool:
    try:
        return not isinstance(values, np.ma.MaskedArray) and np.asarray(values).dtype.kind in "iu"
    except ValueError:  # ragged: `finite_array` says so
        return False


def _int64(values: ArrayLike, name: str) -> NDArray[np.int64]:
    raw = np.asarray(values)
    if raw.size:
        worst = max(int(raw.max()), int(raw.min()), key=abs)
        if abs(worst) >= 2**62:
            raise ValueError(
                f"{name} must be integers below 2^62 in absolute value, got {worst}; divide by a common factor"
            )
    return np.ascontiguousarray(raw, dtype=np.int64).reshape(raw.shape)


def _check_reach(rows: Numbers, row_of: NDArray[np.int64], targets: Numbers, largest: int) -> float:
    """No sum may overflow, with coefficients up to the `largest`; returns the largest sum of absolute values of a row."""
    if rows.dtype == np.int64:
        return _check_integers(rows, largest)
    return _check_floats(rows, row_of, targets, largest)


def _check_integers(rows: Numbers, largest: int) -> float:
    """Sums of |samples| times the largest coefficient stay below 2^60."""
    reach = np.abs(rows).astype(np.float64).sum(axis=1) * largest
    for row in np.flatnonzero(reach > 2.0 ** (_INTEGER_BITS - 1)).tolist():
        total = sum(map(abs, rows[row].tolist())) * largest
        if total >= 2**_INTEGER_BITS:
            raise ValueError(
                f"integer samples overflow: the absolute values of row {row}{' times the largest coefficient' * (largest > 1)} sum to "
                f"2^{math.log2(total):.1f}, and must stay below 2^{_INTEGER_BITS}; divide by a common factor"
            )
    return float(reach.max())


def _check_floats(rows: Numbers, row_of: NDArray[np.int64], targets: Numbers, largest: int) -> float:
    with np.errstate(over="ignore"):
        totals = np.abs(rows).sum(axis=1)
        if largest > 1:
            totals *= largest
        if math.isfinite(totals.max() + np.abs(targets).max()):  # a bound on all
            return float(totals.max())
        reach = totals[row_of] + np.abs(targets)
    if not np.isfinite(reach).all():
        worst = int(np.argmin(np.isfinite(reach)))
        raise ValueError(
            f"samples and target overflow float64: row {int(row_of[worst])} has absolute values that sum beyond 1.8e308 "
            f"(target {targets[worst]:g}); divide both by a power of two"
        )
    return float(totals.max())


@dataclass(frozen=True)
class FixedPoint:
    """Some instances of a batch as plain subset-sum problems in int64, for the kernels.

    What is allowed is reduced here: a locked sample, and the base coefficient of every other, move to the target; what choosing adds is the
    sample times the step. Zeros are dropped unless a size is asked for, which they may have to fill. `widen` leads back.

    Attributes
    ----------
    values, places, counts, exponents, row_exact
        See `kernels.fixed_point.quantize_rows`; of the free samples of the rows in use.
    row_of : (m,) int64
        Row of each instance, within these rows.
    targets, exact : (m,) int64, (m,) bool
        See `kernels.fixed_point.quantize_targets`.
    lows, highs : (m,) int64
        Bounds on the number of free samples chosen.
    """

    batch: Batch
    which: NDArray[np.int64]
    used: NDArray[np.int64]
    values: NDArray[np.int64]
    places: NDArray[np.uint8]
    counts: NDArray[np.int64]
    exponents: NDArray[np.int64]
    row_exact: NDArray[np.bool_]
    row_of: NDArray[np.int64]
    targets: NDArray[np.int64]
    exact: NDArray[np.bool_]
    lows: NDArray[np.int64]
    highs: NDArray[np.int64]

    @classmethod
    def of(cls, batch: Batch, which: NDArray[np.int64]) -> FixedPoint:
        allowed = batch.allowed
        used, row_of = np.unique(batch.row_of[which], return_inverse=True)
        samples = batch.rows[used]
        locked = None if batch.locked is None else batch.locked[used]
        keep = np.full(samples.shape, True) if allowed.sized else samples != 0
        if locked is not None:
            keep &= ~locked
        m, rows = which.size, used.size
        shifted = locked is not None or allowed.base != 0
        terms = samples if allowed.step == 1 else samples * allowed.step
        values, places = np.zeros(samples.shape, np.int64), np.zeros(samples.shape, np.uint8)
        counts, exponents = np.empty(rows, np.int64), np.zeros(rows, np.int64)
        row_exact, exact = np.ones(rows, np.bool_), np.ones(m, np.bool_)
        whole = np.zeros(rows, np.int64)
        if samples.dtype == np.int64:
            fixed_point.gather_rows(terms, keep, values, places, counts)
            if shifted:
                whole = (samples * _always(samples.shape, allowed, locked)).sum(axis=1)
            # |target| < 2^62 and the offset < 2^60: no overflow; beyond every reach a target may be clipped
            targets = np.clip(batch.targets[which] - whole[row_of], -(2**61), 2**61).astype(np.int64)
        else:
            headroom = max(map(abs, (*allowed.coefficients, allowed.step))).bit_length() if shifted else 0
            fixed_point.quantize_rows(terms, keep, headroom, values, places, counts, exponents, row_exact)
            fraction = np.zeros(rows)
            if shifted:
                whole, fraction = _offsets(samples, _always(samples.shape, allowed, locked), exponents)
            targets = np.empty(m, np.int64)
            fixed_point.quantize_targets(
                batch.targets[which], row_of, exponents, row_exact, whole, fraction, targets, exact
            )
        taken = np.zeros(rows, np.int64) if locked is None else locked.sum(axis=1)
        lows = np.clip(allowed.low - taken, 0, counts)[row_of]
        highs = np.minimum(allowed.high - taken, counts)[row_of]
        return cls(
            batch, which, used, values, places, counts, exponents, row_exact, row_of, targets, exact, lows, highs
        )

    @property
    def mirrored(self) -> NDArray[np.bool_]:
        """(m,) bool: whether a subset and its complement are always equally close, in a row that was rounded (target 0, signs)."""
        allowed = self.batch.allowed
        if (
            allowed.base == 0
            or allowed.base + allowed.coefficients[1] != 0
            or allowed.sized
            or self.batch.locked is not None
        ):
            return np.zeros(self.which.size, np.bool_)
        mirrored: NDArray[np.bool_] = (
            (self.batch.targets[self.which] == 0) & ~self.exact & (self.counts[self.row_of] > 1)
        )
        return mirrored

    def widen(self, masks: NDArray[np.uint64]) -> None:
        """Masks over the free samples -> masks over all samples, in place."""
        fixed_point.expand_masks(masks, self.row_of, self.places)
        if self.batch.locked is not None:
            masks |= pack(self.batch.locked[self.used])[self.row_of]

    def floats(self, i: int) -> list[float]:
        """The samples of instance i that `values` holds, where nothing but plain subsets is allowed."""
        row = self.row_of[i]
        samples: list[float] = self.batch.rows[self.used[row], self.places[row, : self.counts[row]]].tolist()
        return samples

    def integers(self, i: int) -> tuple[list[int], int, Fraction]:
        """Free samples and target of instance i as exact integers, and the unit they are multiples of: nothing is rounded."""
        row, allowed = self.row_of[i], self.batch.allowed
        samples = [Fraction(x) for x in self.batch.rows[self.used[row]].tolist()]
        goal = Fraction(self.batch.targets[self.which[i]].item())
        if self.batch.locked is not None or allowed.base:
            locked = None if self.batch.locked is None else self.batch.locked[self.used[row]]
            always = _always((self.batch.n,), allowed, locked)
            goal -= sum((c * x for c, x in zip(always.tolist(), samples, strict=True)), start=Fraction(0))
        terms = [allowed.step * samples[j] for j in self.places[row, : self.counts[row]].tolist()]
        unit = Fraction(1, math.lcm(*(f.denominator for f in (*terms, goal))))
        return [int(term / unit) for term in terms], int(goal / unit), unit

    @staticmethod
    def whole(epsilon: float, unit: Fraction) -> int:
        """Epsilon in such units, rounded down: sums are whole."""
        return int(Fraction(epsilon) / unit)


def _always(shape: tuple[int, ...], allowed: Allowed, locked: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    """The coefficient that each sample has whatever is chosen: the base, or the other one if it is locked."""
    return allowed.base + allowed.step * (np.zeros(shape, np.int64) if locked is None else locked.astype(np.int64))


def _offsets(
    samples: NDArray[np.float64], offsets: NDArray[np.int64], exponents: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """What moves to the target, in quanta: a whole number a row, and a fraction.

    Scaled by a power of two and split, a sample is exactly rint + fraction, so that the two sums lose next to nothing (64 * 2^-53).
    """
    scaled = np.ldexp(samples, exponents[:, None])
    whole = np.rint(scaled)
    rest = scaled - whole
    rest[(scaled == 0) & (samples != 0)] = 1e-300  # underflow: next to nothing, but not exactly nothing
    return (whole.astype(np.int64) * offsets).sum(axis=1), (rest * offsets).sum(axis=1)
