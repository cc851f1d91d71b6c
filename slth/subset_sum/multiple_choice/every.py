"""Many choices instead of one: all within epsilon, in order, as an iterator; and the k closest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.multiple_choice.choices import Choices
from slth.subset_sum.multiple_choice.rings import Block, Row
from slth.validation import one_of

ORDERS = ("error", "size")
MAX_K = 10**5


class Subset(NamedTuple):
    """One choice: its mask, its sum and its distance to the target (exact; of reals rounded once), its size.

    For coefficients other than 0 and 1 the mask is a code, which ``Subsets.coefficients`` spells out.
    """

    mask: int
    sum: float | int
    error: float | int
    size: int


class Subsets:
    """Every choice within a tolerance of the target, one after the other: proven complete, sorted exactly, never all in memory.

    In order of error (then size, then mask) or of size (then error, then mask), equivalent to ``sorted(those within, key=...)``. Nothing is
    computed before the iteration begins, and each iteration starts afresh.

    Parameters
    ----------
    choices : Choices
        What may be chosen.
    samples, goal : (n,) ints, int
        Samples and target as integers of any length: the numbers times `unit` (`exact.as_integers`).
    tolerance : int or None
        Largest distance in the same unit: epsilon times `unit`, rounded down. None for all choices.
    unit : int
        Sums and errors are reported divided by it; a power of two is fastest.
    order : {"error", "size"}
    low, high : int, optional
        Sizes allowed.
    integral : bool
        Samples and goal are integers of 60 bits: so are the sums and errors reported.

    Raises
    ------
    ValueError
        If the order is unknown or the tolerance negative; while iterating, if the half lists do not fit in memory, or if more than 2^20
        choices have errors that differ, but not in their leading 60 bits.

    Notes
    -----
    Time O(2^(n/2)) before the first subset, then as much for every ring of up to 2^18 subsets, or 2^20 where one error has that many; ties
    beyond that come size by size, in the order of their masks, some 2^18 at a time. Memory: the half lists (24 * 2^(n/2) bytes
    for subsets, 400 MB at n = 48) and one ring.

    Examples
    --------
    >>> from slth.subset_sum.multiple_choice.choices import Choices
    >>> for subset in Subsets(Choices.subsets(3), [2, 3, 5], 5, 1):
    ...     print(subset)
    Subset(mask=4, sum=5.0, error=0.0, size=1)
    Subset(mask=3, sum=5.0, error=0.0, size=2)
    """

    def __init__(
        self,
        choices: Choices,
        samples: Sequence[int],
        goal: int,
        tolerance: int | None,
        *,
        unit: int = 1,
        order: str = "error",
        low: int = 0,
        high: int | None = None,
        integral: bool = False,
    ) -> None:
        if tolerance is not None and tolerance < 0:
            raise ValueError(f"epsilon must be >= 0, got {tolerance / unit}")
        self.order = one_of(order, ORDERS, "order")
        self.tolerance, self.low = tolerance, low
        self.high = choices.n if high is None else high
        self._row, self._choices = Row(choices, samples, goal, unit), choices
        # below 2^60 in sum, so nothing overflows
        self._integers = (np.array(samples, np.int64), goal) if integral else None

    def __repr__(self) -> str:
        within = "" if self.tolerance is None else " within epsilon"
        return f"Subsets(n={self._choices.n}, all{within} in order of {self.order}; iterate over it, or over blocks())"

    def coefficients(self, mask: ArrayLike) -> NDArray[np.int64]:
        """(..., n) int64: what each sample is multiplied by in the subsets of these masks (or codes), (...) uint64."""
        return self._choices.decode(mask)

    def blocks(self) -> Iterator[Block]:
        """The same choices as arrays, some thousands at a time; the concatenation is sorted."""
        walk = self._row.by_error if self.order == "error" else self._row.by_size
        for block in walk(self.low, self.high, self.tolerance):
            if self._integers is None:
                yield block
            else:
                samples, goal = self._integers
                sums = self.coefficients(block.mask) @ samples
                yield Block(block.mask, sums, np.abs(sums - goal), block.size)

    def __iter__(self) -> Iterator[Subset]:
        for block in self.blocks():
            yield from map(Subset._make, zip(*(array.tolist() for array in block), strict=True))


def k_best(
    choices: Choices,
    samples: Sequence[int],
    goal: int,
    k: int,
    tolerance: int | None = None,
    *,
    unit: int = 1,
    low: int = 0,
    high: int | None = None,
) -> Block:
    """The k closest choices, sorted by error, size, mask in exact arithmetic; fewer where there are fewer (within the tolerance).

    Equivalent to the first k of ``Subsets(...)``, with the same arguments. Raises ValueError unless 1 <= k <= 10^5.
    """
    if not 1 <= k <= MAX_K:
        raise ValueError(f"k_best must be from 1 to {MAX_K:,}, got {k}; iterate over all subsets for more")
    row = Row(choices, samples, goal, unit)
    blocks, missing = [], k
    for block in row.by_error(low, choices.n if high is None else high, tolerance, first=max(k + k // 4, 16)):
        blocks.append(block.head(missing))
        missing -= len(blocks[-1].mask)
        if missing == 0:
            break
    if not blocks:
        return Block(np.empty(0, np.uint64), np.empty(0), np.empty(0), np.empty(0, np.int64))
    return Block(*(np.concatenate(arrays) for arrays in zip(*blocks, strict=True)))
