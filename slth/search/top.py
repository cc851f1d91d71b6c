"""The threshold that the largest scores reach, from step to step: by partition, and mostly of the few scores near the last threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slth.search.kernels import scores as kernels

Array = NDArray[np.float32]

_SHARE = 8  # at most 1 / _SHARE of the scores may lie near the threshold


class Threshold:
    """Follows the k-th largest |score| of a vector (n,) that changes little by little.

    Between two steps the threshold moves little: the scores in a band around the last one are gathered in one pass, and partitioned if the
    new threshold is among them; the band is widened or narrowed by what was found. Else all are partitioned. O(n) either way.
    """

    def __init__(self, size: int) -> None:
        self._near = np.empty(size // _SHARE + 2, np.float32)
        self._last: float | None = None
        self._width = 0.01

    def of(self, scores: Array, keep: int) -> np.float32:
        """The `keep`-th largest |score|; infinite if none is to be kept."""
        if keep == 0:
            return np.float32(np.inf)
        if self._last is not None and self._last > 0:
            low, high = np.float32(self._last * (1 - self._width)), np.float32(self._last * (1 + self._width))
            above, count = kernels.gather(scores, low, high, self._near)
            inside = keep - above  # its rank from the top among those gathered
            if count < self._near.size - 1 and 1 <= inside <= count:
                near = self._near[:count]
                near.partition(count - inside)
                # a band that holds some hundreds is wide enough
                self._width = min(self._width * (0.7 if count > 2048 else 1.3 if count < 512 else 1.0), 0.5)
                self._last = float(near[count - inside])
                return np.float32(self._last)
            self._width = min(self._width * 2, 0.5) if count < self._near.size - 1 else self._width / 2
        place = scores.size - keep
        self._last = float(np.partition(np.abs(scores), place)[place])
        return np.float32(self._last)


def largest(scores: Array, keep: int) -> NDArray[np.bool_]:
    """(n,): exactly the `keep` largest |scores|; of equal ones the first."""
    mask = np.zeros(scores.size, np.bool_)
    mask[top(np.abs(scores), keep)] = True
    return mask


def top(values: Array, keep: int) -> NDArray[np.int64]:
    """Indices of exactly the `keep` largest values; of equal ones the first."""
    if keep == 0:
        return np.empty(0, np.int64)
    threshold = np.partition(values, values.size - keep)[values.size - keep]
    above = np.flatnonzero(values > threshold)
    ties = np.flatnonzero(values == threshold)
    return np.concatenate([above, ties[: keep - above.size]])
