"""Vectors, the last resort: subsets compared in exact integers, and rows of which very many subsets tie."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum import exact
from slth.subset_sum.kernels import exact_sum
from slth.subset_sum.vectors.scale import Scaled

Floats = NDArray[np.float64]

_BOX = 4096  # sums looked up for each left sum, at most
_SUMS = 22  # log2 of the half sums that are listed


@dataclass(frozen=True)
class Instance:
    """samples (n, d), target (d,): one instance, in exact arithmetic."""

    samples: Floats
    target: Floats
    norm: str
    low: int
    high: int

    def _integers(self) -> tuple[NDArray[Any], NDArray[Any], int]:
        """Samples and target in units 2^-k as Python integers, and 2^k."""
        n, d = self.samples.shape
        flat = [float(x) for x in (*self.samples.reshape(-1), *self.target)]
        unit = max(Fraction(x).denominator for x in flat)
        integers = np.array([int(Fraction(x) * unit) for x in flat], dtype=object)
        return integers[: n * d].reshape(n, d), integers[n * d :], unit

    def _distances(self, masks: Iterable[Any]) -> tuple[list[int], list[int], int]:
        """Masks, and their distances to the target: largest coordinate in units, or squared length in units squared."""
        samples, target, unit = self._integers()
        listed = [int(mask) for mask in masks]
        bits = np.array([[mask >> i & 1 for i in range(len(samples))] for mask in listed], dtype=object)
        parts = np.abs(bits.reshape(len(listed), len(samples)) @ samples - target)
        keys = parts.max(axis=1) if self.norm == "max" else (parts * parts).sum(axis=1)
        return listed, [int(key) for key in keys], unit

    def best(self, masks: Iterable[Any]) -> int:
        """The closest of the masks, exactly; then fewest elements, then the smallest mask."""
        listed, keys, _ = self._distances(masks)
        return min((key, mask.bit_count(), mask) for mask, key in zip(listed, keys, strict=True))[2]

    def first_within(self, masks: NDArray[np.uint64], epsilon: float) -> int | None:
        """The first of the masks that is within epsilon, exactly."""
        if not masks.size:
            return None
        listed, keys, unit = self._distances(masks)
        bound = Fraction(epsilon) * unit if self.norm == "max" else (Fraction(epsilon) * unit) ** 2
        return next((mask for mask, key in zip(listed, keys, strict=True) if key <= bound), None)

    def descent(self) -> int:
        """Some subset of an allowed size, improved element by element: for when a search had to stop empty-handed."""
        n = len(self.samples)
        scale = float(np.abs(self.samples).max() + np.abs(self.target).max()) or 1.0
        samples, rest = self.samples / scale, self.target / scale
        order = 2 if self.norm == "l2" else np.inf
        chosen = np.arange(n) < self.low
        rest = rest - samples[chosen].sum(axis=0)
        for _ in range(4 * n):
            change = np.where(chosen, -1.0, 1.0)[:, None] * samples
            size = int(chosen.sum())
            lengths = np.linalg.norm(rest - change, ord=order, axis=1)
            lengths[chosen if size <= self.low else np.zeros(n, bool)] = np.inf
            lengths[~chosen if size >= self.high else np.zeros(n, bool)] = np.inf
            i = int(np.argmin(lengths))
            moves: list[tuple[float, tuple[int, ...]]] = [(float(lengths[i]), (i,))]
            swaps = np.linalg.norm(rest - change[:, None] - change[None, :], ord=order, axis=2)
            swaps[chosen[:, None] == chosen[None, :]] = np.inf
            j = int(np.argmin(swaps))
            moves.append((float(swaps.reshape(-1)[j]), divmod(j, n)))
            length, which = min(moves)
            if not length < np.linalg.norm(rest, ord=order):
                break
            for k in which:
                rest = rest - change[k]
                chosen[k] = not chosen[k]
        return sum(1 << int(k) for k in np.flatnonzero(chosen))

    def settled(self, scaled: Scaled, i: int, seen: int) -> int | None:
        """The canonical closest subset where very many tie, given one that may be of them; None if out of reach.

        Half sums that are equal collapse to their best subset; for every left sum, the sums at each possible offset from what is missing
        are looked up, nearest offsets first. For small integers: there are few different sums, and few offsets.
        """
        n, d = self.samples.shape
        if d == 1 and self.low == 0 and self.high == n and n <= 44:
            return exact.closest([float(x) for x in self.samples[:, 0]], float(self.target[0]))
        if not scaled.exact[i] or n - n // 2 > _SUMS:
            return None
        values, goal = scaled.values[i], scaled.targets[i]
        differences = goal - sum((values[:, b] for b in range(n) if seen >> b & 1), np.zeros(d, np.int64))
        squares = sum(int(x) ** 2 for x in differences)
        radius = int(np.abs(differences).max()) if self.norm == "max" else math.isqrt(squares)
        if (2 * radius + 1) ** d > _BOX:
            return None
        limit = radius if self.norm == "max" else squares
        offsets = sorted(
            (key, offset)
            for offset in itertools.product(range(-radius, radius + 1), repeat=d)
            if (key := max(map(abs, offset)) if self.norm == "max" else sum(x * x for x in offset)) <= limit
        )
        # one more coordinate, the size, where that is bounded
        sized = self.low > 0 or self.high < n
        if sized:
            values = np.concatenate([values, np.ones((1, n), np.int64)])
        low = np.minimum(values, 0).sum(axis=1)
        span = np.maximum(values, 0).sum(axis=1) - low + 1
        if math.prod(int(x) for x in span) >= 2**62:
            return None
        place = np.array([math.prod(int(x) for x in span[:c]) for c in range(len(span))], np.int64)
        left = _collapsed(place @ values[:, : n // 2])
        right = _collapsed(place @ values[:, n // 2 :])
        left_sums = _coordinates(left[2], values[:, : n // 2])
        best: tuple[int, int, int] | None = None
        for key, offset in offsets:
            if best is not None and key > best[0]:
                break
            for size in range(self.low, self.high + 1) if sized else (0,):
                wanted = goal + np.array(offset)
                if sized:
                    wanted = np.append(wanted, size)
                if (wanted < low).any() or (wanted >= low + span).any():
                    continue
                missing = wanted - left_sums
                fits = (missing >= low).all(axis=1) & (missing < low + span).all(axis=1)
                codes = missing @ place
                at = np.minimum(np.searchsorted(right[0], codes), len(right[0]) - 1)
                hit = np.flatnonzero(fits & (right[0][at] == codes))
                if hit.size:
                    counts = left[1][hit] + right[1][at[hit]]
                    masks = left[2][hit] | right[2][at[hit]] << np.uint64(n // 2)
                    first = np.lexsort((masks, counts))[0]
                    found = (key, int(counts[first]), int(masks[first]))
                    best = found if best is None else min(best, found)
        return None if best is None else best[2]


def within(
    samples: Floats, targets: Floats, masks: NDArray[np.uint64], epsilon: Floats, norm: str
) -> NDArray[np.bool_]:
    """Which masks (m,) lie within epsilon (m,) of their targets, exactly."""
    n = samples.shape[1]
    return np.array(
        [
            Instance(samples[i], targets[i], norm, 0, n).first_within(masks[i : i + 1], float(epsilon[i])) is not None
            for i in range(len(masks))
        ],
        np.bool_,
    )


def _collapsed(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    """Different sums of subsets of `codes` in ascending order, each with the size and the mask of its best subset."""
    sums = np.zeros(1, np.int64)
    for code in codes:
        sums = np.concatenate([sums, sums + code])
    masks = np.arange(sums.size, dtype=np.uint64)
    counts = exact_sum.sizes_of(masks)
    order = np.lexsort((masks, counts, sums))
    first = np.ones(order.size, np.bool_)
    first[1:] = sums[order][1:] != sums[order][:-1]
    kept = order[first]
    return sums[kept], counts[kept], masks[kept]


def _coordinates(masks: NDArray[np.uint64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums (m, d) of the subsets."""
    sums = np.zeros((masks.size, len(values)), np.int64)
    for i in range(values.shape[1]):
        sums += (masks >> np.uint64(i) & np.uint64(1)).astype(np.int64)[:, None] * values[:, i]
    return sums
