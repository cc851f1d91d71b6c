"""One long row, by all threads: its halves as sorted quarters, and the axis cut into slices that hold about equally many half sums."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.kernels import counting_streamed, exact_sum
from slth.threads import in_order

UNDECIDED = 2**22  # subsets compared exactly one by one; beyond, bounds are given
_INNER = 16  # samples of the longer quarter: its sums stay in the cache
_SLICE = 2**12  # left sums in a slice, about; more in the longest rows
_CHUNK = 2**20  # left sums in one piece of work, about: 30 to 80 ms
_SAMPLED = 16  # half sums drawn for each slice, to make slices hold about equally many


Counts = NDArray[np.uint64]
Advance = Callable[[float], object]
Half = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]


def at_most(
    values: NDArray[np.int64], low: int, high: int, slack: int, workers: int, tell: Advance
) -> tuple[Counts, list[NDArray[np.uint64]]] | None:
    """How many of every size are surely at most `high`, and surely less than `low`; and the masks undecided at either end, or None.

    Returns None when too many are undecided.
    """
    n = values.size
    half = min(n // 2, counting_streamed.LANES - 1)
    left, left_mask = _quarters(values[:half], 1)
    right, right_mask = _quarters(values[half:], -1)
    # beyond the reach of all sums every end is the same
    least, most = int(values[values < 0].sum()) - slack - 1, int(values[values > 0].sum()) + slack + 1
    tops = np.array([min(max(high, least), most), min(max(low - 1, least), most)])
    edges = _slices(left, right, tops, slack)
    n_chunks = max(4 * workers, 2**half // _CHUNK)
    per_chunk = -(-edges.size // n_chunks)
    chunks = [edges[start : start + per_chunk + 1] for start in range(0, edges.size - 1, per_chunk)]

    def run(chunk: NDArray[np.int64]) -> tuple[Counts, list[NDArray[np.uint64]]] | None:
        counts = np.zeros((2, n + 1), np.uint64)
        pairs, n_pairs = np.empty((2, UNDECIDED, 2), np.int64), np.zeros(2, np.int64)
        code = counting_streamed.count_chunk(left, right, tops, slack, chunk, counts, pairs, n_pairs)
        if code == counting_streamed.BLURRED:
            return None
        found = [pairs[t, : n_pairs[t]] for t in range(2)]
        return counts, [left_mask(p[:, 0]) | right_mask(p[:, 1]) << np.uint64(half) for p in found]

    total, undecided = np.zeros((2, n + 1), np.uint64), ([np.empty(0, np.uint64)], [np.empty(0, np.uint64)])
    n_undecided = 0
    for result in in_order(run, chunks, min(workers, len(chunks))):
        if result is None:
            return None
        total += result[0]
        for end, masks in zip(undecided, result[1], strict=True):
            end.append(masks)
        n_undecided += sum(masks.size for masks in result[1])
        if n_undecided > UNDECIDED:
            return None
        tell(1 / len(chunks))
    return total, [np.concatenate(masks) for masks in undecided]


def _quarters(values: NDArray[np.int64], sign: int) -> tuple[Half, Callable[[NDArray[np.int64]], NDArray[np.uint64]]]:
    """The two sorted quarters of a half, (outer, inner, outer sizes, inner sizes), and what turns a position into a mask."""
    n_outer = max(values.size - _INNER, values.size // 4)
    sums, masks = [], []
    for part in (values[:n_outer], values[n_outer:]):
        sums.append(np.empty(2**part.size + 1, np.int64))
        masks.append(np.empty(2**part.size + 1, np.uint32))
        counting_streamed.sorted_sums(part, sign, sums[-1], masks[-1])
    sizes = [exact_sum.sizes_of(m.astype(np.uint64)).astype(np.uint8) for m in masks]
    outer, inner = (m[:-1].astype(np.uint64) for m in masks)

    def mask_of(positions: NDArray[np.int64]) -> NDArray[np.uint64]:
        return outer[positions // inner.size] | inner[positions % inner.size] << np.uint64(n_outer)

    return (sums[0], sums[1], sizes[0], sizes[1]), mask_of


def _slices(left: Half, right: Half, tops: NDArray[np.int64], slack: int) -> NDArray[np.int64]:
    """Edges of slices of the axis that hold about equally many left sums l and bounds T - r: quantiles of a sample of both.

    The sample decides how long the work takes, never what comes out; its seed is fixed.
    """
    streams = [(left, 0), *((right, int(top)) for top in tops)]
    sizes = [(half[0].size - 1) * (half[1].size - 1) for half, _ in streams]
    # every slice visits every outer sum
    n_slices = sum(sizes) // (3 * max(_SLICE, min(4 * (left[0].size - 1), 2**14))) + 1
    rng = np.random.default_rng(0)
    drawn = []
    for (half, base), size in zip(streams, sizes, strict=True):
        some = int(_SAMPLED * n_slices * size / sum(sizes))
        outer, inner = (sums[rng.integers(0, sums.size - 1, some)] for sums in half[:2])
        drawn.append(base + outer + inner)
    sample = np.sort(np.concatenate(drawn))
    least = min(base + int(half[0][0]) + int(half[1][0]) for half, base in streams) - slack
    most = max(base + int(half[0][-2]) + int(half[1][-2]) for half, base in streams) + slack + 1
    edges = np.unique(sample[_SAMPLED // 2 :: _SAMPLED])
    return np.array([least, *edges[(edges > least) & (edges < most)], most])
