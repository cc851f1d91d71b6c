"""The textbook meet in the middle (Horowitz and Sahni, J. ACM 21(2), 1974) as one plain Numba kernel.

The baseline that benchmarks compare with: written with care but without tricks. Each half of the samples gives its
sorted list of subset sums by merging L with L + a, one sample at a time, and two pointers walk through the two lists.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
CHUNKS_PER_WORKER = 4


def closest_errors(samples: Array, targets: Array, *, workers: int = 1) -> Array:
    """Distance of each target to the closest subset sum of its row of samples.

    Parameters
    ----------
    samples : (m, n) float64
    targets : (m,) float64
    workers : threads that share the rows

    Returns
    -------
    (m,) float64, min over subsets S of |sum of S - target|, in float64 arithmetic: a few roundings of sum |samples|
    off the exact one.
    """
    samples = np.ascontiguousarray(samples, dtype=np.float64)
    targets = np.ascontiguousarray(targets, dtype=np.float64)
    errors = np.empty(len(targets))
    chunks = 1 if workers == 1 else max(1, min(len(targets), CHUNKS_PER_WORKER * workers))
    pieces = zip(*(np.array_split(array, chunks) for array in (samples, targets, errors)), strict=True)
    if workers == 1:
        for piece in pieces:
            _closest_errors(*piece)
    else:
        with ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(_closest_errors, *piece) for piece in pieces]:
                done.result()
    return errors


@njit(cache=True, nogil=True, error_model="numpy")
def _closest_errors(samples, targets, errors):  # type: ignore[no-untyped-def]  # (m, n), (m,), (m,): fills errors
    half = samples.shape[1] // 2
    rest = samples.shape[1] - half
    left_work = np.empty((2, 1 << half))  # shared by all instances
    right_work = np.empty((2, 1 << rest))
    for row in range(samples.shape[0]):
        left = _sorted_sums(samples[row, :half], left_work[0], left_work[1])
        right = _sorted_sums(samples[row, half:], right_work[0], right_work[1])
        errors[row] = _closest_pair(left, right, targets[row])


@njit(cache=True, nogil=True, error_model="numpy")
def _sorted_sums(samples, sums, merged):  # type: ignore[no-untyped-def]  # (k,), (2^k,), (2^k,) -> (2^k,)
    """The 2^k subset sums in ascending order, in one of the two work arrays."""
    sums[0] = 0.0
    count = 1
    for sample in samples:
        without, taken = 0, 0  # heads of L and of L + sample
        for position in range(2 * count):
            if taken == count or (without < count and sums[without] <= sums[taken] + sample):
                merged[position] = sums[without]
                without += 1
            else:
                merged[position] = sums[taken] + sample
                taken += 1
        sums, merged = merged, sums
        count *= 2
    return sums


@njit(cache=True, nogil=True, error_model="numpy")
def _closest_pair(left, right, target):  # type: ignore[no-untyped-def]  # ascending, ascending, float -> float
    """Smallest |left[i] + right[j] - target|: i climbs, j descends, and no pair passed over can be closer."""
    best = np.inf
    i, j = 0, len(right) - 1
    while i < len(left) and j >= 0:
        difference = left[i] + right[j] - target
        best = min(best, abs(difference))
        if difference > 0.0:
            j -= 1
        elif difference < 0.0:
            i += 1
        else:
            break
    return best
