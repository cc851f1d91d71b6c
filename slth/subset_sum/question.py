"""What `solve` was asked: every keyword checked, every array broadcast."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.allowed import Allowed, Size
from slth.subset_sum.batch import Batch, Numbers, read_numbers
from slth.subset_sum.vectors.block import NORMS
from slth.subset_sum.vectors.solve import Vectors
from slth.subset_sum.vectors.solve import read as read_vectors
from slth.validation import finite_array, one_of, positive_float, positive_int, worker_count

OBJECTIVES = ("closest", "smallest", "any", "all")
ORDERS = ("error", "size")


class ResolutionWarning(UserWarning):
    """Epsilon is finer than float64 holds the samples."""


@dataclass(frozen=True)
class Question:
    """All that a solver needs to know.

    Attributes
    ----------
    objective, norm, order, k_best
        As given to `solve`.
    epsilon : (m,) float64 or int64, or None
    instances : Batch or Vectors
        Rows and targets.
    deadline : float or None
        On the clock of `time.monotonic`.
    """

    objective: str
    instances: Batch | Vectors
    epsilon: Numbers | None
    allowed: Allowed
    norm: str | None
    order: str
    k_best: int | None
    deadline: float | None
    rng: Any
    workers: int
    progress: bool

    @classmethod
    def read(
        cls,
        samples: ArrayLike,
        target: ArrayLike,
        *,
        objective: str = "closest",
        epsilon: ArrayLike | None = None,
        size: Size = None,
        pattern: tuple[int, int] | None = None,
        coefficients: Sequence[int] = (0, 1),
        locked: ArrayLike | None = None,
        k_best: int | None = None,
        norm: str | None = None,
        order: str = "error",
        time_limit: float | None = None,
        rng: Any = None,
        workers: int | None = None,
        progress: bool = False,
    ) -> Question:
        """Check everything that `solve` takes; one clear error each."""
        one_of(objective, OBJECTIVES, "objective")
        one_of(order, ORDERS, "order")
        if order != "error" and objective != "all":
            raise ValueError(f'order={order!r} belongs to objective="all", got objective={objective!r}')
        if norm is not None:
            one_of(norm, NORMS, "norm")
        count = worker_count(workers)
        deadline = None if time_limit is None else time.monotonic() + positive_float(time_limit, "time_limit")
        if k_best is not None:
            positive_int(k_best, "k_best")
            if objective != "closest":
                raise ValueError(
                    f'k_best asks for the closest subsets: it goes with objective="closest", got {objective!r}'
                )
        instances, tolerance = _instances(samples, target, epsilon, objective, norm)
        n = instances.n
        allowed = Allowed.read(n, size=size, coefficients=coefficients, pattern=pattern, locked=locked)
        if isinstance(instances, Batch):
            instances = instances.restrict(allowed)
        elif not (allowed.plain or allowed.sized):
            raise ValueError("vectors take size=, but no coefficients, pattern or locked")
        if tolerance is not None:
            tolerance = np.array(np.broadcast_to(tolerance, instances.shape), order="C").reshape(-1)
        return cls(objective, instances, tolerance, allowed, norm, order, k_best, deadline, rng, count, progress)

    @property
    def batch(self) -> Batch:
        """The instances, where they are of numbers."""
        assert isinstance(self.instances, Batch)
        return self.instances

    @property
    def n(self) -> int:
        """Samples a row."""
        return self.instances.n

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the batch."""
        return self.instances.shape

    @property
    def m(self) -> int:
        """Number of instances."""
        return int(self.instances.row_of.size)

    @property
    def late(self) -> bool:
        """Whether the time limit has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline


def _instances(
    samples: ArrayLike, target: ArrayLike, epsilon: ArrayLike | None, objective: str, norm: str | None
) -> tuple[Batch | Vectors, Numbers | None]:
    """Rows and targets, and epsilon, broadcast against each other."""
    if norm is not None:
        tolerance = _tolerance(epsilon, objective, integral=False)
        if tolerance is not None:
            goals = finite_array(target, "target")
            if goals.ndim:
                target = np.broadcast_to(goals, (*together(goals.shape[:-1], tolerance.shape), goals.shape[-1]))
        return read_vectors(samples, target), tolerance
    values, numbers = read_numbers(samples, target)
    tolerance = _tolerance(epsilon, objective, values.dtype == np.int64)
    if tolerance is not None:
        numbers = np.broadcast_to(numbers, together(numbers.shape, tolerance.shape))
    batch = Batch.read(values, numbers)
    if tolerance is not None and float(tolerance.min()) < np.spacing(batch.most):
        _warn_of_resolution(tolerance, values)
    return batch, tolerance


def _tolerance(epsilon: ArrayLike | None, objective: str, integral: bool) -> Numbers | None:
    """Epsilon as an array, or None for the objective that has none."""
    if objective == "closest":
        if epsilon is not None:
            raise ValueError(
                'epsilon belongs to the objectives "smallest", "any" and "all"; the closest subset needs none: compare its error'
            )
        return None
    if epsilon is None:
        raise ValueError(
            f'objective="{objective}" needs epsilon, how far from the target a sum may be; give a number > 0'
        )
    values = finite_array(epsilon, "epsilon")
    if values.size == 0:
        raise ValueError(f"epsilon must not be empty, got shape {values.shape}")
    if integral:  # sums are integers, and so is what they may be off by; 0 asks for a perfect hit
        if not (values >= 0).all():
            raise ValueError(f"epsilon must be >= 0 for integers, got {float(values.min())}")
        return np.asarray(np.minimum(np.floor(values), 2.0**63 - 1024), dtype=np.int64)
    if not (values > 0).all():
        raise ValueError(f"epsilon must be > 0, got {float(values.min())}")
    return values


def together(goals: tuple[int, ...], tolerances: tuple[int, ...]) -> tuple[int, ...]:
    """Target and epsilon broadcast against each other."""
    try:
        return np.broadcast_shapes(goals, tolerances)
    except ValueError:
        raise ValueError(
            f"epsilon of shape {tolerances} does not broadcast against target of shape {goals}: "
            "along each axis they must be equal or 1"
        ) from None


def resolution(samples: NDArray[np.float64]) -> float:
    """Half the last bit of the largest sample: what the samples themselves are rounded to."""
    return float(np.spacing(np.abs(samples).max())) / 2


def _warn_of_resolution(tolerance: Numbers, samples: Numbers) -> None:
    """An epsilon below half the last bit of the largest sample asks more of the data than float64 holds."""
    if samples.dtype == np.int64:
        return
    finest, largest = resolution(samples), float(np.abs(samples).max())
    if float(tolerance.min()) < finest and not bool((samples == np.rint(samples)).all()):
        warnings.warn(
            f"epsilon = {float(tolerance.min()):.3g} is below the resolution of float64 for samples up to {largest:.3g} "
            f"(half a last bit: {finest:.3g}): the answer is right for the samples as stored, whose own rounding is coarser",
            ResolutionWarning,
            stacklevel=5,  # the caller of `solve`
        )
