"""Number partitioning and subset sums of integers, in plain Python: every subset, and differencing with a heap."""

from __future__ import annotations

import heapq
from collections.abc import Sequence


def smallest_error(samples: Sequence[int], target: int, low: int = 0, high: int | None = None) -> int:
    """Least |sum - target| over all 2^n subsets of low to high elements."""
    sums = [(0, 0)]
    for sample in samples:
        sums += [(total + sample, size + 1) for total, size in sums]
    most = len(samples) if high is None else high
    return min(abs(total - target) for total, size in sums if low <= size <= most)


def differencing(numbers: Sequence[int]) -> int:
    """What Karmarkar and Karp leave: the two largest replaced by their difference until one number is left."""
    heap = [-number for number in numbers]
    heapq.heapify(heap)
    while len(heap) > 1:
        largest = heapq.heappop(heap)
        heapq.heapreplace(heap, largest - heap[0])
    return -heap[0]
