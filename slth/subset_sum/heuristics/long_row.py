"""A long row with its target: validated, summed exactly, and a first subset of an allowed size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.kernels import heuristics as kernel
from slth.validation import finite_array

_INT_REACH = 2**62
_SWAPS = 32  # single swaps after the start of a bounded size
_LOOKED_AT = 20_000  # elements that may leave, in each

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class LongRow:
    """samples (n,) float64 or int64; target a float or an int; size bounds 0 <= low <= high <= n."""

    samples: NDArray[Any]
    target: float | int
    low: int
    high: int

    @classmethod
    def read(cls, samples: NDArray[Any], target: float, low: int, high: int | None) -> LongRow:
        if isinstance(samples, np.ndarray) and samples.dtype == np.int64 and samples.ndim == 1:
            values: NDArray[Any] = np.ascontiguousarray(samples)
            if float(np.abs(values.astype(np.float64)).sum()) + abs(target) >= _INT_REACH:
                raise ValueError("int64 samples and target must sum to less than 2^62 in absolute value; give float64")
        else:
            values = finite_array(samples, "samples", ndim=1)
        if values.size == 0:
            raise ValueError("samples must not be empty")
        goal = float(finite_array(target, "target", ndim=0)) if not isinstance(target, int) else int(target)
        if values.dtype == np.float64:
            goal = float(goal)
            with np.errstate(over="ignore"):
                if not math.isfinite(float(np.abs(values).sum()) + abs(goal)):
                    raise ValueError("samples and target overflow float64: divide both by a power of two")
        n = values.size
        most = n if high is None else min(int(high), n)
        if not 0 <= low <= most:
            raise ValueError(f"size bounds must satisfy 0 <= low <= high <= n, got low = {low}, high = {most}, n = {n}")
        return cls(values, goal, int(low), most)

    @property
    def n(self) -> int:
        return int(self.samples.size)

    @property
    def sized(self) -> bool:
        return self.low > 0 or self.high < self.n

    def sum(self, chosen: Bools) -> float:
        """Sum of the chosen samples, exact and rounded once."""
        part = self.samples[chosen]
        return math.fsum(part.tolist()) if part.dtype == np.float64 else float(int(part.sum()))

    def error(self, chosen: Bools) -> float:
        """Distance of their sum to the target, exact and rounded once."""
        return abs(float(self.rest(chosen)))

    def rest(self, chosen: Bools) -> Fraction:
        """target - sum, exactly."""
        part = self.samples[chosen]
        if part.dtype == np.int64:
            return Fraction(self.target) - int(part.sum())
        terms = [*(-part).tolist(), self.target]
        total = Fraction(0)
        while high := math.fsum(terms):  # what it leaves is 2^-53 of it
            total += Fraction(high)
            terms.append(-high)
        return total

    def least_error(self) -> Fraction:
        """No subset is closer: all sums are multiples of the last bit (integers: of the divisor) that the samples share."""
        values = self.samples[self.samples != 0]
        if not values.size:
            return abs(Fraction(self.target))
        if values.dtype == np.int64:
            unit = Fraction(int(np.gcd.reduce(values)))
        else:
            fractions, exponents = np.frexp(values)
            integers = np.ldexp(fractions, 53).astype(np.int64)
            lowest = np.frexp((integers & -integers).astype(np.float64))[1] + exponents - 54
            unit = Fraction(2) ** int(lowest.min())
        beyond = Fraction(self.target) % unit
        return min(beyond, unit - beyond)

    def flip_pass(self, chosen: Bools) -> Bools:
        """Largest first, each sample flipped if that helps; in quanta of 2^-62 of the sum of all."""
        if self.samples.dtype == np.int64:
            values = self.samples
            goal = round(Fraction(self.target))
        else:
            total = float(np.abs(self.samples).sum()) + abs(self.target)
            exponent = 61 - math.frexp(total)[1]
            with np.errstate(under="ignore"):
                values = np.rint(np.ldexp(self.samples, exponent)).astype(np.int64)
            goal = round(Fraction(self.target) * Fraction(2) ** exponent)
        order = np.argsort(-np.abs(values), kind="stable")
        flipped = chosen.copy()
        kernel.flip_pass(values, order, flipped, np.int64(goal - int(values[chosen].sum())))
        nonzero: Bools = flipped & (self.samples != 0)
        return nonzero

    def start(self) -> Bools:
        """The greedy subset; if its size is not allowed, neighbours in sorted order, and then single swaps."""
        greedy = self.flip_pass(np.zeros(self.n, np.bool_))
        size = int(greedy.sum())
        if self.low <= size <= self.high:
            return greedy
        order = np.argsort(self.samples, kind="stable")
        values = self.samples[order].astype(np.float64)
        # scaled, so that no sum overflows
        scale = float(np.abs(values).max()) or 1.0
        sums = np.concatenate([[0.0], np.cumsum(values / scale)])
        goal = float(self.target) / scale
        sizes = np.arange(self.low, self.high + 1)
        outside = np.maximum(np.maximum(sums[sizes] - goal, goal - (sums[-1] - sums[self.n - sizes])), 0.0)
        count = int(sizes[np.lexsort((np.abs(sizes - size), outside))[0]])
        windows = sums[count:] - sums[: self.n + 1 - count]
        first = int(np.argmin(np.abs(windows - goal)))
        chosen = np.zeros(self.n, np.bool_)
        chosen[order[first : first + count]] = True
        self._swap(chosen)
        return chosen

    def _swap(self, chosen: Bools) -> None:
        """Best single swaps, in place, while they help."""
        rest = self.rest(chosen)
        for _ in range(_SWAPS):
            inside, outside = np.flatnonzero(chosen), np.flatnonzero(~chosen)
            if not (inside.size and outside.size and rest):
                return
            inside = inside[:: max(1, inside.size // _LOOKED_AT)]
            outside = outside[np.argsort(self.samples[outside], kind="stable")]
            values = self.samples[outside].astype(np.float64)
            wanted = self.samples[inside].astype(np.float64) + float(rest)
            after = np.searchsorted(values, wanted)
            best = None
            for at in (np.maximum(after - 1, 0), np.minimum(after, values.size - 1)):
                missed = np.abs(values[at] - wanted)
                k = int(np.argmin(missed))
                if best is None or missed[k] < best[0]:
                    best = (float(missed[k]), int(inside[k]), int(outside[at[k]]))
            assert best is not None
            _, out, into = best
            changed = rest + self.exact(out) - self.exact(into)
            if abs(changed) >= abs(rest):
                return
            rest = changed
            chosen[out], chosen[into] = False, True

    def exact(self, i: int) -> Fraction:
        """Sample i as a fraction."""
        return Fraction(self.samples[i].item())
