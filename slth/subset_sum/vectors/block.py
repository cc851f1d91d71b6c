"""Some vector instances of one call: the kernel's search, its limits, and who takes over where rounding or ties leave it undecided."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.kernels import exact_sum
from slth.subset_sum.kernels import vectors as kernel
from slth.subset_sum.solution import Status
from slth.subset_sum.vectors import ties as vector_ties
from slth.subset_sum.vectors.scale import Scaled

Floats = NDArray[np.float64]
Masks = NDArray[np.uint64]

NORMS = ("max", "l2")

_BUDGET = 2**31  # steps an instance may take without a deadline: some seconds
_A_SECOND = 4e8  # steps
_SAMPLED = 38  # log2 of the subsets looked through where all of them are too many
_FEW, _MANY = 64, 2**16  # contenders kept for each instance of a block; for one alone


@dataclass(frozen=True)
class Block:
    """Some instances of one call: samples (m, n, d), targets (m, d)."""

    samples: Floats
    targets: Floats
    norm: str
    low: int
    high: int
    deadline: float | None

    def closest(self) -> tuple[Masks, NDArray[np.uint8]]:
        masks, codes, statuses = self._each(kernel.CLOSEST, None)
        statuses[codes == kernel.FOUND] = Status.OPTIMAL
        return masks, statuses

    def any_within(self, epsilon: Floats) -> tuple[Masks, NDArray[np.uint8]]:
        masks, codes, statuses = self._each(kernel.ANY, epsilon)
        statuses[codes == kernel.FOUND] = Status.WITHIN_EPSILON
        statuses[codes == kernel.MISSED] = Status.NOT_FOUND
        return masks, statuses

    def smallest(self, epsilon: Floats) -> tuple[Masks, NDArray[np.uint8]]:
        """First whether there is any at all, then size by size the closest."""
        masks, statuses = self.any_within(epsilon)
        left = np.flatnonzero(statuses != Status.NOT_FOUND)
        largest = exact_sum.sizes_of(masks)
        largest[statuses != Status.WITHIN_EPSILON] = self.high
        sure = np.ones(masks.size, np.bool_)
        for size in range(self.low, self.high + 1):
            if not left.size:
                break
            part = Block(self.samples[left], self.targets[left], self.norm, size, size, self.deadline)
            found, codes, _ = part._each(kernel.WITHIN, epsilon[left])
            sure[left] &= (codes == kernel.FOUND) | (codes == kernel.MISSED)
            inside = vector_ties.within(part.samples, part.targets, found, epsilon[left], self.norm)
            inside &= codes != kernel.MISSED
            hit = left[inside]
            masks[hit] = found[inside]
            statuses[hit] = np.where(sure[hit], Status.OPTIMAL, Status.HEURISTIC)
            left = left[~inside & (largest[left] > size)]
        for i in left.tolist():  # the budget came first
            known = statuses[i] == Status.WITHIN_EPSILON
            statuses[i] = Status.HEURISTIC if known else Status.LIMIT
        statuses[statuses == Status.WITHIN_EPSILON] = Status.HEURISTIC
        return masks, statuses

    def _each(self, mode: int, epsilon: Floats | None) -> tuple[Masks, NDArray[np.uint8], NDArray[np.uint8]]:
        """Masks, kernel codes and statuses (for the codes LIMIT and TIES); vectors that are zero are left out where that is allowed."""
        m, n, _ = self.samples.shape
        masks, codes = np.zeros(m, np.uint64), np.empty(m, np.uint8)
        sized = self.low > 0 or self.high < n
        zero = (self.samples == 0).all(axis=2)
        if sized or not zero.any():
            groups = [(np.arange(m), np.arange(n))]
        else:
            kinds, kind_of = np.unique(zero, axis=0, return_inverse=True)
            groups = [(np.flatnonzero(kind_of.reshape(-1) == k), np.flatnonzero(~z)) for k, z in enumerate(kinds)]
        for which, kept in groups:
            wanted = None if epsilon is None else epsilon[which]
            used = self.samples[which][:, kept] if kept.size else np.zeros((which.size, 1, self.targets.shape[1]))
            high = self.high if sized else used.shape[1]
            found, codes[which] = self._search(used, self.targets[which], high, mode, wanted)
            places = kept if kept.size else np.zeros(1, np.int64)
            for bit, place in enumerate(places.tolist()):
                masks[which] |= (found >> np.uint64(bit) & np.uint64(1)) << np.uint64(place)
        statuses = np.full(m, Status.LIMIT, np.uint8)
        if mode == kernel.CLOSEST and self.deadline is None:
            statuses[:] = Status.HEURISTIC
        return masks, codes, statuses

    def _search(
        self, samples: Floats, targets: Floats, high: int, mode: int, epsilon: Floats | None
    ) -> tuple[Masks, NDArray[np.uint8]]:
        scaled = Scaled.of(samples, targets)
        norm = NORMS.index(self.norm)
        m, n, d = samples.shape
        budget, seen = self._budget(n, high)
        if epsilon is None:
            windows, tolerances = scaled.windows(norm, self.low, high, seen), np.zeros(m)
        else:
            tolerances = scaled.quanta(epsilon)
            slack = np.where(scaled.exact, 0, 2 * (n // 2 + 1) * math.sqrt(d))
            windows = np.minimum(np.ceil(tolerances + slack) + 1, 2.0**61).astype(np.int64)
        left_bits = scaled.left_bits(norm, tolerances) if mode == kernel.ANY else np.full(m, kernel.LARGEST_LEFT)
        masks, codes = np.zeros(m, np.uint64), np.empty(m, np.uint8)
        contenders, counts = np.empty((m, _FEW), np.uint64), np.empty(m, np.int64)

        def search(part: slice, contenders: Masks) -> None:
            instances = (scaled.values, scaled.targets, scaled.exact, windows, tolerances, left_bits)
            answer = (masks[part], codes[part], contenders, counts[part])
            kernel.search(tuple(x[part] for x in instances), norm, mode, (self.low, high, budget), answer)

        search(slice(0, m), contenders)
        for i in np.flatnonzero((counts > (mode != kernel.ANY)) | (codes > kernel.MISSED)).tolist():
            few = contenders[i]
            if codes[i] == kernel.TIES:
                few = np.empty((1, _MANY), np.uint64)
                search(slice(i, i + 1), few)
                few = few[0]
            part = vector_ties.Instance(samples[i], targets[i], self.norm, self.low, high)
            if epsilon is not None and mode == kernel.ANY:
                picked = part.first_within(few[: counts[i]], float(epsilon[i]))
                if picked is not None:
                    masks[i], codes[i] = picked, kernel.FOUND
            elif codes[i] == kernel.FOUND:
                masks[i] = part.best(few[: counts[i]])
            elif codes[i] == kernel.TIES:
                settled = part.settled(scaled, i, int(masks[i]))
                if settled is not None:
                    masks[i], codes[i] = settled, kernel.FOUND
            if codes[i] in (kernel.LIMIT, kernel.TIES):
                seen_best = [masks[i]] if self.low <= int(masks[i]).bit_count() <= high else []
                masks[i] = part.best([part.descent(), *seen_best])
        return masks, codes

    def _budget(self, n: int, high: int) -> tuple[int, int]:
        """Steps an instance may take, and log2 of the subsets that are seen in so many."""
        steps = _BUDGET
        if self.deadline is not None:
            left = max(self.deadline - time.monotonic(), 0.0)
            steps = int(min(max(left * _A_SECOND / len(self.targets), 2**14), 2**62))
        # right sums: those whose last samples alone respect the size
        right = n - min(n // 2, kernel.LARGEST_LEFT)
        outer = max(right - kernel.BLOCK, 0)
        sizes = range(max(self.low - (n - outer), 0), min(high, outer) + 1)
        if 2 * sum(math.comb(outer, k) for k in sizes) << (right - outer) < steps:
            return steps, n
        if self.deadline is None:
            steps = 2 ** (_SAMPLED - kernel.LARGEST_LEFT + 2)
        return steps, min(n, kernel.LARGEST_LEFT + int(math.log2(steps)) - 1)
