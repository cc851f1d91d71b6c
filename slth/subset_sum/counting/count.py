"""The front door of counting: how many subsets of each size lie within epsilon of the target, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.batch import MAX_SAMPLES, Batch, FixedPoint, Numbers, read_numbers
from slth.subset_sum.counting import exact, grid, saddle, sampled, sandwich
from slth.subset_sum.question import together
from slth.threads import progress_bar
from slth.validation import finite_array, one_of, worker_count

Array = NDArray[np.float64]


class Certainty(Enum):
    """What a count is worth; the value says it in words."""

    EXACT = "proven: exactly so many"
    CERTIFIED = "proven: between lower and upper"
    ESTIMATED = "estimated: lower and upper are an interval, not a proof"
    HEURISTIC = "a formula without an error statement; lower and upper are trivial"


@dataclass(frozen=True, eq=False, repr=False)
class Count:
    """Numbers of subsets within epsilon of the target, by size: arrays (..., n + 1), or (...) where sizes were not asked for.

    Attributes
    ----------
    by_size : uint64, Python integers, or float64
        Integers where `exact`; else the best guess, infinite beyond float64 (`log2_by_size` is not).
    lower, upper : same shape
        Proven or estimated bounds, as `certainty` says.
    log2_by_size, log2_lower, log2_upper : float64
        Logarithms; -inf stands for none.
    certainty : Certainty
    method : str
    confidence : float or None
        Of the interval of one number, where it is estimated from draws.
    sized : bool
        Whether the last axis runs over sizes.
    """

    by_size: NDArray[Any]
    lower: NDArray[Any]
    upper: NDArray[Any]
    log2_by_size: Array
    log2_lower: Array
    log2_upper: Array
    certainty: Certainty
    method: str
    confidence: float | None
    sized: bool

    @property
    def exact(self) -> bool:
        """Whether every number is proven to be exactly that."""
        return self.certainty is Certainty.EXACT

    @property
    def total(self) -> Any:
        """All sizes together: a Python integer where exact, a float else; arrays of them for a batch."""
        if not self.sized:
            return self.by_size[()]
        if self.exact:
            return self.by_size.astype(object).sum(axis=-1)
        with np.errstate(over="ignore"):
            return np.exp2(self.log2_total)[()]

    @property
    def log2_total(self) -> Any:
        """Logarithm of the total."""
        if not self.sized:
            return self.log2_by_size[()]
        with np.errstate(divide="ignore"):
            return np.logaddexp2.reduce(self.log2_by_size, axis=-1)

    def __repr__(self) -> str:
        shape = self.by_size.shape[:-1] if self.sized else self.by_size.shape
        interval = "" if self.confidence is None else f", {100 * self.confidence:g}% intervals"
        how = f"{self.certainty.name}, method={self.method!r}{interval}"
        if shape:
            return f"Count(instances={math.prod(shape):,}, {how})"
        total = f"{self.total:,}" if self.exact and self.total < 10**15 else f"2^{float(self.log2_total):.4f}"
        most = (
            f", most at size {int(np.argmax(self.log2_by_size))}" if self.sized and self.log2_total > -math.inf else ""
        )
        return f"Count(total={total}{most}, {how})"


def count(
    samples: ArrayLike,
    target: ArrayLike,
    epsilon: ArrayLike,
    *,
    method: str = "auto",
    sizes: bool = True,
    draws: int = 4096,
    confidence: float = 0.99,
    budget: float | None = None,
    rng: Any = None,
    workers: int | None = None,
    progress: bool = False,
) -> Count:
    """How many subsets of each size have ``abs(sum - target) <= epsilon``.

    Equivalent to ``np.bincount([len(s) for s in subsets if abs(sum(s) - target) <= epsilon], minlength=n + 1)``, in exact arithmetic
    where the method is exact. Every sample is an element of its own: equal ones and zeros count as different.

    Parameters
    ----------
    samples : (..., n) float64 or int64
    target, epsilon : (...) float64 or int64
        Broadcast against the batch shape of `samples`. epsilon >= 0; its ends belong to the window.
    method : {"auto", "exact", "dynamic-programming", "sandwich", "saddle", "gaussian", "sampled"}
        exact: half lists, streamed above 30 samples, n to 64 (n = 56: seconds; 64: minutes). dynamic-programming: over (size, sum),
        exact, for integers or multiples of a common step whose sums are few, any n. sandwich: proven bounds on a grid, n to 1000 by size,
        10^4 in total. saddle: saddle point with its next term, any n, estimated. gaussian: finite-population Gaussian,
        heuristic. sampled: importance sampling, estimated with intervals. auto: exact to n = 64, above that dynamic programming
        for integers if affordable, else the saddle point.
    sizes : bool
        By size, or (dynamic-programming, sandwich, saddle, sampled) all sizes together, which costs about n times less.
    draws, confidence : int, float
        Of "sampled": draws for each size, and the confidence of each interval.
    budget : float, optional
        Additions that dynamic programming (1e10) and the sandwich (1e9) may take: it sets the grid of the latter.
    rng : seed or numpy.random.Generator, optional
        Of "sampled".
    workers : int, optional
        Threads; all cores by default. The answer does not depend on it.
    progress : bool
        Show a progress bar (tqdm).

    Returns
    -------
    Count

    Raises
    ------
    TypeError, ValueError
        For input as `subset_sum.solve` refuses it, a negative epsilon, an unknown method, one that cannot do the job, or a
        table beyond the budget (before it is allocated).

    Notes
    -----
    Exact: time O(2^(n/2)), memory O(2^(n/2)) to n = 30 and O(2^(n/4)) above. Sources: the modules
    of `slth.subset_sum.counting`.

    Examples
    --------
    >>> from slth import subset_sum
    >>> subset_sum.count([1, 2, 3, 4, 5], 6, 0).by_size
    array([0, 0, 2, 1, 0, 0], dtype=uint64)
    """
    one_of(method, METHODS, "method")
    threads = worker_count(workers)
    values, goals = read_numbers(samples, target)
    margins = finite_array(epsilon, "epsilon")
    if margins.size == 0 or not (margins >= 0).all():
        raise ValueError(f"epsilon must be >= 0, got {float(margins.min()) if margins.size else 'an empty array'}")
    batch = Batch.read(values, np.broadcast_to(goals, together(goals.shape, margins.shape)))
    margins = np.ascontiguousarray(np.broadcast_to(margins, batch.shape)).reshape(-1)
    if method == "exact" and batch.n > MAX_SAMPLES:
        raise ValueError(
            f'method="exact" takes at most {MAX_SAMPLES} samples a row, got n = {batch.n}; use "dynamic-programming" for integers, '
            '"sandwich" for proven bounds, or "saddle"'
        )
    if method in ("exact", "gaussian") and not sizes:
        raise ValueError(f'method="{method}" counts by size; leave sizes=False away, and read `total`')
    if method == "exact" or (method == "auto" and batch.n <= MAX_SAMPLES and sizes):
        return _exactly(batch, margins, threads, progress)
    options = {"draws": draws, "confidence": confidence, "budget": budget, "rng": rng, "workers": threads}
    parts = []
    with progress_bar(batch.targets.size, "instance", progress) as bar:
        for row, goal, margin in zip(batch.row_of.tolist(), batch.targets.tolist(), margins.tolist(), strict=True):
            parts.append(_one(batch.rows[row], goal, margin, method, sizes, options))
            bar.update(1)
    return _stacked(parts, batch.shape)


def _exactly(batch: Batch, margins: Array, workers: int, progress: bool) -> Count:
    """By half lists, all instances at once."""
    fixed = FixedPoint.of(batch, np.arange(batch.targets.size))
    with progress_bar(batch.targets.size, "instance", progress) as bar:
        if batch.integral:
            low, high = _integer_windows(batch.targets, margins)
            lower, upper = exact.count_batch(
                fixed.values,
                fixed.counts,
                fixed.row_of,
                low,
                high,
                np.zeros(margins.size, np.int64),
                workers=workers,
                advance=bar.update,
            )
        else:
            lower, upper = exact.count(
                fixed, batch.targets.astype(np.float64), margins, workers=workers, advance=bar.update
            )
    shape = (*batch.shape, batch.n + 1)
    lower, upper = lower.reshape(shape), upper.reshape(shape)
    with np.errstate(divide="ignore"):
        logs = np.log2(lower.astype(np.float64)), np.log2(upper.astype(np.float64))
    if (lower == upper).all():
        return Count(lower, lower, lower, logs[0], logs[0], logs[0], Certainty.EXACT, "exact", None, True)
    middle = 0.5 * (lower.astype(np.float64) + upper.astype(np.float64))
    with np.errstate(divide="ignore"):
        return Count(middle, lower, upper, np.log2(middle), *logs, Certainty.CERTIFIED, "exact", None, True)


def _integer_windows(targets: Numbers, margins: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """target - epsilon and target + epsilon, clipped to +-2^61, beyond all sums of integers."""
    wide = 2**61
    if margins.max() < wide and np.abs(targets).max() < wide:
        floors = np.floor(margins).astype(np.int64)
        return np.clip(targets - floors, -wide, wide), np.clip(targets + floors, -wide, wide)
    windows = [
        (goal - int(margin), goal + int(margin))
        for goal, margin in zip(targets.tolist(), margins.tolist(), strict=True)
    ]
    low, high = np.array([[min(max(end, -wide), wide) for end in window] for window in windows], np.int64).T
    return np.ascontiguousarray(low), np.ascontiguousarray(high)


def _one(row: Numbers, goal: float, margin: float, method: str, sizes: bool, options: dict[str, Any]) -> Count:
    if method != "auto":
        return _ONE_BY_ONE[method](row, goal, margin, sizes, options)
    if bool((row == np.rint(row)).all()):
        try:
            return _by_dynamic_programming(row, goal, margin, sizes, options)
        except ValueError:  # beyond the budget
            pass
    return _by_saddle(row, goal, margin, sizes, options)


def _by_dynamic_programming(row: Numbers, goal: float, margin: float, sizes: bool, options: dict[str, Any]) -> Count:
    budget = {} if options["budget"] is None else {"budget": options["budget"]}
    found = (grid.by_size if sizes else grid.total)(row, goal, margin, **budget)
    numbers = np.array(found, dtype=object)
    logs = np.array([math.log2(v) if v else -math.inf for v in np.atleast_1d(numbers).tolist()]).reshape(numbers.shape)
    return Count(numbers, numbers, numbers, logs, logs, logs, Certainty.EXACT, "dynamic-programming", None, sizes)


def _by_sandwich(row: Numbers, goal: float, margin: float, sizes: bool, options: dict[str, Any]) -> Count:
    budget = {} if options["budget"] is None else {"budget": options["budget"]}
    found = sandwich.sandwich(row, goal, margin, sizes=sizes, **budget)
    middle = np.logaddexp2(found.lower_log2, found.upper_log2) - 1.0
    return _from_logs(middle, found.lower_log2, found.upper_log2, Certainty.CERTIFIED, "sandwich", None, sizes)


def _by_saddle(row: Numbers, goal: float, margin: float, sizes: bool, options: dict[str, Any]) -> Count:
    found = (saddle.by_size if sizes else saddle.total)(row, goal, margin)
    spread = 3.0 * found.relative_error
    with np.errstate(divide="ignore"):
        lower = found.log2 + np.log2(np.maximum(1.0 - spread, 0.0))
    upper = found.log2 + np.log2(1.0 + spread)
    return _from_logs(found.log2, lower, upper, Certainty.ESTIMATED, "saddle", None, sizes)


def _by_gaussian(row: Numbers, goal: float, margin: float, sizes: bool, options: dict[str, Any]) -> Count:
    n = row.size
    upper = np.array([math.log2(math.comb(n, k)) for k in range(n + 1)])
    lower = np.full(n + 1, -np.inf)
    return _from_logs(saddle.gaussian(row, goal, margin), lower, upper, Certainty.HEURISTIC, "gaussian", None, True)


def _by_sampling(row: Numbers, goal: float, margin: float, sizes: bool, options: dict[str, Any]) -> Count:
    draw = {key: options[key] for key in ("draws", "confidence", "rng", "workers")}
    found = (sampled.by_size if sizes else sampled.total)(row, goal, margin, **draw)
    bounds = found.lower_log2, found.upper_log2
    return _from_logs(found.log2, *bounds, Certainty.ESTIMATED, "sampled", options["confidence"], sizes)


_ONE_BY_ONE: Final[dict[str, Callable[[Numbers, float, float, bool, dict[str, Any]], Count]]] = {
    "dynamic-programming": _by_dynamic_programming,
    "sandwich": _by_sandwich,
    "saddle": _by_saddle,
    "gaussian": _by_gaussian,
    "sampled": _by_sampling,
}
METHODS: Final = ("auto", "exact", *_ONE_BY_ONE)


def _from_logs(
    middle: Array, lower: Array, upper: Array, certainty: Certainty, method: str, confidence: float | None, sized: bool
) -> Count:
    middle, lower, upper = (np.asarray(v, np.float64) for v in (middle, lower, upper))
    with np.errstate(over="ignore"):
        numbers = np.exp2(middle), np.exp2(lower), np.exp2(upper)
    return Count(*numbers, middle, lower, upper, certainty, method, confidence, sized)


def _stacked(parts: list[Count], shape: tuple[int, ...]) -> Count:
    """One answer for the batch; its certainty is the least of its instances'."""
    worst = max(parts, key=lambda part: list(Certainty).index(part.certainty))
    methods = sorted({part.method for part in parts})

    def stack(name: str) -> NDArray[Any]:
        arrays = [getattr(part, name) for part in parts]
        if not name.startswith("log2") and len({array.dtype for array in arrays}) > 1:  # some exact, some not
            log2 = {"by_size": "log2_by_size"}.get(name, f"log2_{name}")
            with np.errstate(over="ignore"):
                arrays = [np.exp2(getattr(part, log2)) for part in parts]
        return np.stack(arrays).reshape((*shape, *arrays[0].shape))

    names = ("by_size", "lower", "upper", "log2_by_size", "log2_lower", "log2_upper")
    by_size, lower, upper, *logs = map(stack, names)
    how = worst.certainty, ", ".join(methods), worst.confidence, worst.sized
    return Count(by_size, lower, upper, logs[0], logs[1], logs[2], *how)
