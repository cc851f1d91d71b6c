"""The best subset seen so far, and those that may tie with it."""

from __future__ import annotations

import math
import time

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.kernels import exact_sum
from slth.subset_sum.streaming.halves import Masks, Row

FARTHEST = 2**62 - 1
_CONTENDERS = 2**18  # as many ties are listed


class Best:
    """The best subset seen, and those that may tie with it."""

    def __init__(self, values: Row, target: int, slack: int, deadline: float | None) -> None:
        self.values, self.target, self.slack, self.deadline = values, target, slack, deadline
        self.error = FARTHEST
        # no subset is closer: all sums are multiples of the common divisor. Where rounded, no error below n + 1 means anything.
        divisor = math.gcd(*values.tolist())
        away = target % divisor if divisor else abs(target)
        self.floor = values.size + 1 if slack else min(away, abs(divisor - away))
        self.tied = False
        self._parts: list[Masks] = []

    def see(self, masks: Masks) -> None:
        if masks.size:
            self.error = min(self.error, int(np.abs(sums_of(self.values, masks) - self.target).min()))
            self._parts.append(masks)
            if sum(part.size for part in self._parts) > _CONTENDERS:
                self._parts = [self._ties()]

    def _ties(self) -> Masks:
        masks = np.unique(np.concatenate(self._parts))
        return masks[np.abs(sums_of(self.values, masks) - self.target) <= self.error + self.slack]

    def one(self) -> None:
        """Go on with the first contender alone: ties are too many."""
        self.tied = True
        self._parts = [self.contenders()]

    def late(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    @property
    def crowd(self) -> bool:
        """More of them than are listed."""
        return sum(part.size for part in self._parts) > _CONTENDERS

    def contenders(self) -> Masks:
        """Closest first, then fewest elements, then smallest mask."""
        masks = self._ties()
        errors = np.abs(sums_of(self.values, masks) - self.target)
        order = np.lexsort((masks, exact_sum.sizes_of(masks), errors))
        return masks[order[:1] if self.tied else order]


def sums_of(values: Row, masks: Masks) -> NDArray[np.int64]:
    """Sums of the values in the masks."""
    sums = np.zeros(masks.size, np.int64)
    for i, value in enumerate(values.tolist()):
        sums += ((masks >> np.uint64(i)) & np.uint64(1)).astype(np.int64) * value
    return sums
