r"""Two bounds on the number of subsets near a target, proven, for real samples and any n: counting on a grid, with the rounding known.

Sample x_i is rounded to h r_i, with error e_i, and the sums of the r_i are counted (`kernels.grid`). A subset's error E_S = sum e_i is
bounded in two ways, and the better bound is kept, size by size:

* always: by the k smallest and the k largest e_i;
* for all but a few: under any tilt p_i (`tilt`), a subset of sum s has probability exp(xi k + eta s - Phi), so those of the window with
  |E_S - mean| > t are at most exp(Phi - xi k - min eta s) P(|E - mean| > t), and Chernoff bounds that probability.

The first error grows with n h, the second with sqrt(n) h. Sums lost by rounding in float64 are accounted for: all terms are positive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.counting.grid import Walk
from slth.subset_sum.counting.tilt import solve
from slth.subset_sum.kernels import grid as kernel
from slth.validation import finite_array, positive_float

Array = NDArray[np.float64]
MAX_BY_SIZE = 1000  # samples: C(n, n / 2) stays far below the largest float64
_SPREADS = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0)  # t, in standard deviations of the rounding error
_BAND = 5.0  # sums further than this times sqrt(sum r_i^2) from the mean path are dropped: a share below 2 exp(-50)
_UNIT = 2.0**-53


@dataclass(frozen=True, eq=False)
class Sandwich:
    """lower <= number of subsets <= upper.

    Attributes
    ----------
    lower_log2, upper_log2 : (n + 1,) or () float64
        By size, or of all sizes; -inf stands for none.
    step : float
        Of the grid.
    """

    lower_log2: Array
    upper_log2: Array
    step: float


def sandwich(
    samples: ArrayLike,
    target: float,
    epsilon: float,
    *,
    sizes: bool = True,
    budget: float = 1e9,
    memory: float = 2.0**29,
) -> Sandwich:
    """Bounds on the number of subsets with |sum - target| <= epsilon.

    Parameters
    ----------
    samples : (n,) float64
        Any signs; n <= 1000 by size. More samples are allowed in total only.
    target, epsilon : float
        The window, ends included.
    sizes : bool
        Count every size by itself, or all together (n times less work, so a finer grid).
    budget : float
        Additions allowed; sets the step (1e9: below a second). The bounds close in as the step falls below epsilon / sqrt(n).
    memory : float
        Bytes allowed.
    """
    x = finite_array(samples, "samples", ndim=1)
    goal, width = (float(finite_array(v, name, ndim=0)) for v, name in ((target, "target"), (epsilon, "epsilon")))
    if width < 0:
        raise ValueError(f"epsilon must be >= 0, got {width}")
    budget, memory = positive_float(budget, "budget"), positive_float(memory, "memory")
    if sizes and x.size > MAX_BY_SIZE:
        raise ValueError(
            f"counts by size need n <= {MAX_BY_SIZE}, got n = {x.size}; use sizes=False, or the saddle point"
        )
    step = _finest(x, width)
    while True:
        rounded = np.rint(x / step)
        plan = _Plan.of(x, rounded, step, goal, width, sizes)
        if plan is not None and plan.work <= budget and plan.size <= memory:
            break
        # cells are as many as steps in a unit, or fewer
        excess = max(plan.work / budget, plan.size / memory) if plan is not None else 4.0
        step *= 2.0 ** max(1, math.floor(math.log2(excess)))
    return plan.bounds()


def _finest(x: Array, epsilon: float) -> float:
    """A step, a power of two, below which nothing is gained."""
    reach = float(np.abs(x).sum())
    if reach == 0:
        return 1.0
    useful = max(epsilon / (2**14 * math.sqrt(x.size)), reach * 2.0**-50, 2.0**-1000)
    numbers = [Fraction(v) for v in x.tolist() if v]
    common = max(v.denominator for v in numbers)
    unit = math.gcd(*(v.numerator * (common // v.denominator) for v in numbers))
    whole = Fraction(unit & -unit, common)  # all samples are multiples of it
    return max(2.0 ** math.floor(math.log2(useful)), float(whole))


@dataclass(frozen=True)
class _Plan:
    """A walk over the grid, what it costs, and what is needed to read its result."""

    samples: Array
    errors: Array
    step: float
    target: float
    epsilon: float
    sizes: bool
    walk: Walk
    bottom: int  # grid sum of the first counted cell
    work: float
    size: float

    @classmethod
    def of(cls, x: Array, rounded: Array, step: float, target: float, epsilon: float, sizes: bool) -> _Plan | None:
        """None if the grid is far too fine."""
        if float(np.abs(rounded).sum()) > 2**44:
            return None
        errors = x - rounded * step  # exact: the rest of a division by a power of two
        grow = (1 + 1e-12) / step
        low = math.floor((Fraction(target) - Fraction(epsilon)) / Fraction(step)) - math.ceil(
            errors[errors > 0].sum() * grow
        )
        high = math.ceil((Fraction(target) + Fraction(epsilon)) / Fraction(step)) - math.floor(
            errors[errors < 0].sum() * grow
        )
        integers = [int(v) for v in rounded]
        walk = Walk.of(integers, low, high)
        turned = -sum(v for v in integers if v < 0)
        bottom = (int(walk.items.sum()) - walk.high if walk.mirrored else walk.low) - turned
        plan = cls(x, errors, step, target, epsilon, sizes, walk, bottom, 0.0, 0.0)
        if walk.low > walk.high:
            return plan
        rows = x.size + 1
        if sizes:
            work = float(walk.ranges()[2])
            size = 8.0 * rows * (walk.high + 1) + 16.0 * rows * rows
        else:
            begin, end = plan._kept()[:2]
            work = 2.0 * float(np.maximum(end - begin, 0).sum())
            size = 16.0 * (walk.high + 2 * int(walk.items.max(initial=0)))
        return cls(x, errors, step, target, epsilon, sizes, walk, bottom, work, size)

    def bounds(self) -> Sandwich:
        rows = self.samples.size + 1
        if self.walk.low > self.walk.high:
            nothing = np.full(rows if self.sizes else (), -np.inf)
            return Sandwich(nothing, nothing.copy(), self.step)
        if self.sizes:
            low, high, _ = self.walk.ranges()
            table = np.zeros((rows, self.walk.high + 1))
            self.walk.fill([table], low, high)
            cells = table[:, self.walk.low :]
            if self.walk.mirrored:
                cells = cells[::-1, ::-1]
            sizes = np.arange(rows)
            lower, upper = self._read(cells, np.zeros(rows), np.full(rows, -np.inf), sizes)
            return Sandwich(lower, upper, self.step)
        cells, exponent, lost = self._total()
        lower, upper = self._read(cells[None, :], np.array([exponent]), np.array([lost]), None)
        return Sandwich(lower[0], upper[0], self.step)

    def _read(
        self, cells: Array, exponents: Array, lost: Array, sizes: NDArray[np.int64] | None
    ) -> tuple[Array, Array]:
        """log2 bounds from cells (rows, sums) of 2^exponent subsets each; `lost` (log) more may be missing from them."""
        n = self.samples.size
        # an exponent eta r_i is at most 100, so a weight is right to 102 units in the last place
        slack = _UNIT * ((8.0 if sizes is not None else 256.0) * n + cells.shape[1] + 256 + 4 * np.abs(exponents))
        worst = np.sort(self.errors)
        least = np.concatenate([[0.0], np.cumsum(worst)])
        most = np.concatenate([[0.0], np.cumsum(worst[::-1])])
        if sizes is None:
            least, most = least.min(keepdims=True), most.max(keepdims=True)
        rounding = 1e-12 * float(np.abs(self.errors).sum())
        z, w, h = Fraction(self.target), Fraction(self.epsilon), Fraction(self.step)
        lower, upper = np.full(len(cells), -np.inf), np.full(len(cells), np.inf)

        def count(row: int, first: int, last: int) -> float:
            """log of the cells with grid sum first..last."""
            begin, end = max(first - self.bottom, 0), max(last - self.bottom + 1, 0)
            inside = float(cells[row, begin:end].sum()) if begin < end else 0.0
            return math.log(inside) + float(exponents[row]) * math.log(2) if inside > 0 else -math.inf

        for row in range(len(cells)):
            a, b = Fraction(float(least[row]) - rounding), Fraction(float(most[row]) + rounding)
            outer = count(row, math.ceil((z - w - b) / h), math.floor((z + w - a) / h))
            upper[row] = np.logaddexp(outer + slack[row], lost[row])
            lower[row] = count(row, math.ceil((z - w - a) / h), math.floor((z + w - b) / h)) - slack[row]
        if self.errors.any():
            near = 1e-12 * abs(self.target) + 1e-12 * self.epsilon + 1e-12 * float(np.abs(self.samples).sum())
            for mean, spread, some in self._tails(sizes, self.samples, outwards=True):
                for row in np.flatnonzero(np.isfinite(some)).tolist():
                    c, t = self.target - mean[row], self.epsilon + spread[row] + near
                    outer = count(row, math.ceil((c - t) / self.step), math.floor((c + t) / self.step))
                    upper[row] = min(upper[row], np.logaddexp(np.logaddexp(outer + slack[row], lost[row]), some[row]))
            for mean, spread, some in self._tails(sizes, self.samples - self.errors, outwards=False):
                for row in np.flatnonzero(np.isfinite(some)).tolist():
                    c, t = self.target - mean[row], self.epsilon - spread[row] - near
                    inner = count(row, math.ceil((c - t) / self.step), math.floor((c + t) / self.step)) - slack[row]
                    if inner > some[row]:
                        lower[row] = max(lower[row], inner + math.log1p(-math.exp(some[row] - inner)) - slack[row])
        # rounded outwards; and numbers of subsets are whole
        outwards = [4e-16 * np.abs(np.where(np.isfinite(log), log, 0.0)) for log in (lower, upper)]
        lower, upper = (lower - outwards[0]) / math.log(2), (upper + outwards[1]) / math.log(2)
        return np.where(lower > -np.inf, np.maximum(lower, 0.0), lower), np.where(upper < 0, -np.inf, upper)

    def _tails(
        self, sizes: NDArray[np.int64] | None, values: Array, outwards: bool
    ) -> list[tuple[Array, Array, Array]]:
        """For each spread t: mean error, t, and log of the number of subsets in the window with an error further than t from the mean.

        values: the samples (window |sum - target| <= epsilon) or their grid values (window |sum + mean - target| <= epsilon - t).
        """
        n, unit = self.samples.size, float(np.abs(self.errors).max())
        e = self.errors / unit  # squares would over- or underflow
        rows = np.arange(1) if sizes is None else sizes[1:-1]
        if not rows.size:
            return []
        scale = float(np.abs(values).max()) or 1.0
        y = values / scale
        k = None if sizes is None else rows.astype(float)
        rising = np.concatenate([[0.0], np.cumsum(np.sort(y))])
        if k is None:
            bottom, top, mean = np.array([y[y < 0].sum()]), np.array([y[y > 0].sum()]), np.array([y.sum() / 2])
        else:
            bottom, top, mean = rising[rows], rising[-1] - rising[n - rows], k * y.mean()
        margin = 0.01 * (top - bottom)
        anchor = np.clip(
            np.clip(mean, (self.target - self.epsilon) / scale, (self.target + self.epsilon) / scale),
            bottom + margin,
            top - margin,
        )
        found = solve(y, k, anchor)
        # any tilt gives a valid bound
        xi = np.where(np.isfinite(found.xi), np.clip(found.xi, -100, 100), 0.0)
        eta = np.where(np.isfinite(found.eta), np.clip(found.eta, -100, 100), 0.0)
        answers = []
        t = np.multiply.outer(eta, y) + xi[:, None]
        phi = np.logaddexp(0, t).sum(axis=1)
        p = 1 / (1 + np.exp(-t))
        centre, deviation = p @ e, np.sqrt((p * (1 - p)) @ (e * e))
        if not (deviation > 0).all():
            return []
        for times in _SPREADS:
            theta = (times / deviation)[:, None] * e
            # log E exp(theta . E) under the tilt
            up = np.logaddexp(0, t + theta).sum(axis=1) - phi - times * centre / deviation
            down = np.logaddexp(0, t - theta).sum(axis=1) - phi + times * centre / deviation
            share = np.minimum(np.logaddexp(up, down) - times * times, 0.0)
            centre_error, spread = centre * unit, times * deviation * unit * (1 + 1e-12)
            if outwards:
                ends = [(self.target + sign * self.epsilon) / scale for sign in (-1, 1)]
            else:
                half = np.maximum(self.epsilon - spread, 0.0)
                ends = [(self.target - centre_error + sign * half) / scale for sign in (-1, 1)]
            # no sum is as far out as a window may be
            ends = [np.clip(end, -1e250, 1e250) for end in ends]
            with np.errstate(over="ignore"):
                least = np.minimum(eta * ends[0], eta * ends[1])
            log = phi - (0 if k is None else xi * k) - least + share
            log += 1e-12 * (np.abs(phi) + np.abs(least) + np.abs(xi) * n + 1)
            whole = [np.full(1 if sizes is None else n + 1, np.nan) for _ in range(3)]
            inner = slice(None) if sizes is None else slice(1, -1)
            for column, value in zip(whole, (centre_error, spread, log), strict=True):
                column[inner] = value
            answers.append((whole[0], whole[1], whole[2]))
        return answers

    def _kept(self) -> tuple[NDArray[np.int64], NDArray[np.int64], float, float]:
        """Grid sums kept after each pair of items, the tilt eta, and log of the number of subsets dropped."""
        walk, items = self.walk, self.walk.items.astype(float)
        begin, end = walk.kept()
        scale = float(items.max(initial=0)) or 1.0
        reach = float(items.sum())
        margin = 0.001 * reach
        anchor = min(max(min(max(reach / 2, walk.low), walk.high), margin), reach - margin)
        found = solve(items / scale, None, np.array([anchor / scale])) if reach else None
        eta = (
            float(np.clip(found.eta[0], -100, 100)) / scale if found is not None and np.isfinite(found.eta[0]) else 0.0
        )
        weights = np.exp(eta * items)
        p = weights / (1 + weights)
        path = np.cumsum(p * items)[1 + items.size % 2 :: 2]
        t = _BAND * math.sqrt(float((items * items).sum())) * (1 + 1e-9) + 1
        begin = np.maximum(begin, np.floor(path - t).astype(np.int64))
        end = np.minimum(end, np.ceil(path + t).astype(np.int64) + 1)
        # Hoeffding's inequality holds for the largest of the partial sums
        phi = float(np.log1p(weights).sum())
        lost = phi - min(eta * walk.low, eta * walk.high) + math.log(2) - 2 * _BAND**2
        return begin, np.maximum(end, begin), eta, lost + 1e-12 * abs(phi)

    def _total(self) -> tuple[Array, float, float]:
        """Cells (sums,) of 2^exponent subsets each, in order of the sum; exponent; log of the number of subsets dropped."""
        walk = self.walk
        n, items = walk.items.size, walk.items
        begin, end, eta, lost = self._kept()
        weights = np.exp(eta * items)
        odd = n % 2
        growth = np.log2(1 + weights)
        doublings = np.rint(np.cumsum(growth)).astype(np.int64)
        after = doublings[1 + odd :: 2]
        before = np.concatenate([[doublings[0] if odd else 0], after[:-1]])
        pad = 2 * int(items.max(initial=0))
        tables = [np.zeros(pad + walk.high + 1) for _ in range(2)]
        first = 2.0 ** -float(doublings[0]) if odd else 1.0
        tables[0][pad] = first
        if odd and items[0] <= walk.high:
            tables[0][pad + items[0]] += first * weights[0]
        scales = 2.0 ** (before - after).astype(float)
        second = kernel.weighted(tables[0], tables[1], pad, items[odd:], weights[odd:], scales, begin, end)
        here = tables[second][pad + walk.low : pad + walk.high + 1]
        anchor = walk.low if eta > 0 else walk.high  # the tilt grows towards the other end: no overflow
        sums = np.arange(walk.low, walk.high + 1)
        cells = here * np.exp(-eta * (sums - anchor))
        exponent = float(doublings[-1] if n else 0) - eta * anchor / math.log(2)
        # what fell below the smallest float64 on the way, in the same units
        gone = math.log(n + 1.0) + math.log(walk.high + 1.0) - 735 + exponent * math.log(2)
        return (cells[::-1] if walk.mirrored else cells), exponent, float(np.logaddexp(lost, gone))
