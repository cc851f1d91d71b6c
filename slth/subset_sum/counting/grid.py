"""Exact counts where the sums are few: dynamic programming over (size, sum), or over the sum alone, in integers of any length.

A negative sample -a is replaced by a: choosing it then means leaving -a out, so a chosen item takes one from the size, and all sums move
up by a. Of the window and its mirror image (complements of the subsets), the one with smaller sums is counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.kernels import grid as kernel
from slth.validation import finite_array

Ints = NDArray[np.int64]
CHUNK = 64 - kernel.LIMB  # items between two carries
MEMORY = 2 * 2**30  # bytes
ADDITIONS = 10**10


def by_size(
    samples: ArrayLike, target: float, epsilon: float = 0.0, *, budget: float = ADDITIONS, memory: float = MEMORY
) -> list[int]:
    """How many subsets of each size have |sum - target| <= epsilon: exact, nothing lost.

    Equivalent to the coefficients of y^k q^s in prod (1 + y q^x), for the sums s of the window. Samples need not be integers, only
    multiples of a common step that is not too small (decimals such as 0.1 are not: a float64 is a multiple of a power of two).

    Parameters
    ----------
    samples : (n,) float64 or integers
        Any signs; zeros and repetitions count as different samples.
    target, epsilon : float
        The window, ends included, in the units of the samples.
    budget : float
        Additions allowed (1e10: a few seconds).
    memory : float
        Bytes allowed.

    Returns
    -------
    list of n + 1 int

    Raises
    ------
    ValueError
        Before anything large is allocated, if the table needs more than `budget` or `memory`.

    Notes
    -----
    With M the number of sums up to the window and b = ceil(log2 C(n, n/2)) bits, time O(n^2 M b / 56) and memory O(n M b / 56); only sums
    that the items so far can reach, and from which the window can still be reached, are touched. n = 100, samples to 1000: 0.02 s.
    """
    walk = Walk.of(*_integers(samples, target, epsilon))
    n = walk.items.size
    rows = n + 1
    if walk.high < walk.low:
        return [0] * rows
    limbs = _limbs(math.comb(n, n // 2))
    low, high, work = walk.ranges()
    _afford(
        work * limbs,
        8 * limbs * rows * (walk.high + 1),
        budget,
        memory,
        "use `total`, which takes about n times less, or sandwich",
    )
    planes = [np.zeros((rows, walk.high + 1), np.uint64) for _ in range(limbs)]
    walk.fill(planes, low, high)
    window = [plane[:, walk.low :] for plane in planes]
    counts = [_whole([limb[k] for limb in window]) for k in range(rows)]
    return counts[::-1] if walk.mirrored else counts


def total(
    samples: ArrayLike, target: float, epsilon: float = 0.0, *, budget: float = ADDITIONS, memory: float = MEMORY
) -> int:
    """How many subsets, of any size, have |sum - target| <= epsilon: exact. Equivalent to ``sum(by_size(...))``, about n times faster.

    Parameters, errors: as `by_size`. Time O(n M n / 56), memory O(M n / 28): n in the thousands.
    """
    walk = Walk.of(*_integers(samples, target, epsilon))
    if walk.high < walk.low:
        return 0
    n = walk.items.size
    limbs = _limbs(2**n)
    begin, end = walk.kept()
    used = np.minimum(limbs, np.arange(begin.size) * 2 // kernel.LIMB + 1)
    pad = 2 * int(walk.items.max(initial=0))
    width = pad + walk.high + 1
    _afford(
        2 * int((used * (end - begin)).sum()), 16 * limbs * width, budget, memory, "use sandwich or the saddle point"
    )
    old = [np.zeros((1, width), np.uint64) for _ in range(limbs)]
    new = [np.zeros((1, width), np.uint64) for _ in range(limbs)]
    first = n % 2
    old[0][0, pad] = 1
    if first and walk.items[0] <= walk.high:
        old[0][0, pad + walk.items[0]] += np.uint64(1)
    for i in range(begin.size):
        x, y = walk.items[first + 2 * i], walk.items[first + 2 * i + 1]
        for limb in range(used[i]):
            kernel.pair(old[limb][0], new[limb][0], pad, x, y, begin[i], end[i])
        old, new = new, old
        if limbs > 1 and (i % (CHUNK // 2) == CHUNK // 2 - 1 or i == begin.size - 1):
            # sums below `begin` are no longer needed
            low, high = np.array([pad + begin[i]]), np.array([pad + end[i] - 1])
            for limb in range(min(used[i], limbs - 1)):
                kernel.carry(old[limb], old[limb + 1], low, high)
    return _whole([plane[0, pad + walk.low : pad + walk.high + 1] for plane in old])


@dataclass(frozen=True)
class Walk:
    """Integer items in the order in which they are added, and the window of their sums.

    Attributes
    ----------
    items : (n,) int64
        All >= 0: the samples >= 0 in rising order, then the others without sign, in rising order.
    negative : int
        How many of the items stand for a negative sample.
    low, high : int
        The window of sums of items, inside 0..sum(items); low > high if it is empty.
    mirrored : bool
        Whether sizes are to be read backwards.
    """

    items: Ints
    negative: int
    low: int
    high: int
    mirrored: bool

    @classmethod
    def of(cls, integers: list[int], low: int, high: int) -> Walk:
        plain, turned = sorted(v for v in integers if v >= 0), sorted(-v for v in integers if v < 0)
        everything = sum(plain) + sum(turned)
        low, high = max(low + sum(turned), 0), min(high + sum(turned), everything)
        mirrored = everything - low < high
        if mirrored:
            low, high = everything - high, everything - low
        if everything >= 2**62:
            raise ValueError(
                f"the samples span 2^{everything.bit_length()} steps of their common unit, too many for a table of sums; "
                "use exact half lists (n <= 44), sandwich, or the saddle point"
            )
        return cls(np.array(plain + turned, np.int64), len(turned), low, high, mirrored)

    @property
    def need(self) -> Ints:
        """(n + 1,) int64: after i items, smaller sums can no longer come to the window."""
        rest = np.concatenate([np.cumsum(self.items[::-1])[::-1], [0]])
        return np.asarray(np.maximum(self.low - rest, 0), np.int64)

    def kept(self) -> tuple[Ints, Ints]:
        """The sums begin..end - 1 kept after each pair of items (after the first item where n is odd)."""
        reach = np.minimum(np.concatenate([[0], np.cumsum(self.items)]), self.high) + 1
        odd = self.items.size % 2
        return self.need[2 + odd :: 2].copy(), reach[2 + odd :: 2].copy()

    def ranges(self) -> tuple[Ints, Ints, float]:
        """Useful sums of each size after each item, (n + 1, rows) int64 both, and the additions that makes."""
        rows = self.items.size + 1
        low, high = np.ones((rows, rows), np.int64), np.zeros((rows, rows), np.int64)
        low[0, self.negative], high[0, self.negative] = 0, 0
        work, need = 0.0, self.need
        for group, step in self._groups():
            after = slice(group.start, group.stop + 1)
            work += float(kernel.ranges(self.items[group], step, low[after], high[after], need[after], self.high))
        return low, high, work

    def fill(self, planes: list[NDArray[np.uint64]] | list[NDArray[np.float64]], low: Ints, high: Ints) -> None:
        """Run through the items; planes (rows, high + 1) hold the counts, as float64 or in limbs."""
        planes[0][self.negative, 0] = 1
        need = self.need
        for group, step in self._groups():
            for start in range(group.start, group.stop, CHUNK):
                stop = min(start + CHUNK, group.stop)
                after = slice(start, stop + 1)
                used = min(len(planes), start // kernel.LIMB + 1)
                for plane in planes[:used]:
                    kernel.by_size(plane, self.items[start:stop], step, low[after], high[after], need[after], self.high)
                for limb in range(min(used, len(planes) - 1)):
                    kernel.carry(planes[limb], planes[limb + 1], low[stop], high[stop])

    def _groups(self) -> list[tuple[slice, int]]:
        n = self.items.size
        return [(slice(0, n - self.negative), 1), (slice(n - self.negative, n), -1)]


def _integers(samples: ArrayLike, target: float, epsilon: float) -> tuple[list[int], int, int]:
    """Samples in units of their greatest common divisor, and the window in the same units, rounded inwards."""
    values = [Fraction(x) for x in finite_array(samples, "samples", ndim=1).tolist()]
    goal, width = (
        Fraction(float(finite_array(x, name, ndim=0))) for x, name in ((target, "target"), (epsilon, "epsilon"))
    )
    if width < 0:
        raise ValueError(f"epsilon must be >= 0, got {epsilon}")
    common = max((v.denominator for v in values), default=1)  # powers of two, so the largest serves all
    integers = [v.numerator * (common // v.denominator) for v in values]
    unit = math.gcd(*integers) or 1
    step = Fraction(unit, common)
    return [v // unit for v in integers], math.ceil((goal - width) / step), math.floor((goal + width) / step)


def _limbs(largest: int) -> int:
    """Limbs for counts up to `largest`; the last one may use all its 64 bits."""
    return 1 + max(0, -(-(largest.bit_length() - 64) // kernel.LIMB))


def _afford(additions: float, size: float, budget: float, memory: float, remedy: str) -> None:
    """Raise if the table is too large."""
    if additions > budget:
        raise ValueError(
            f"counting takes {additions:.2g} additions, more than budget={budget:.2g}; raise it, or {remedy}"
        )
    if size > memory:
        raise ValueError(f"counting takes {size:.2g} bytes, more than memory={memory:.2g}; raise it, or {remedy}")


def _whole(limbs: list[NDArray[np.uint64]]) -> int:
    """Sum of the counts of some sums, given by their limbs."""
    value = 0
    for place, limb in enumerate(limbs):
        upper, lower = int((limb >> np.uint64(32)).sum()), int((limb & np.uint64(2**32 - 1)).sum())
        value += ((upper << 32) + lower) << (place * kernel.LIMB)
    return value
