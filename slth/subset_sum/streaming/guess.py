"""What to expect before the search: how wide a window, which sizes first, and a first subset."""

from __future__ import annotations

import math

import numpy as np

from slth.subset_sum.batch import MAX_SAMPLES
from slth.subset_sum.kernels import streamed
from slth.subset_sum.streaming.halves import Row

_SEED, _SEED_OF_TIES = 36, 20  # samples of the first guess


def sizes_of(values: Row, target: int, low: int, high: int) -> list[int | None]:
    """[None]: all sizes at once, in a wider window; or one size after the other, if subsets of these sizes are rare."""
    n = values.size
    if low == 0 and high == n:
        return [None]
    # of the subsets near the target, how many have a size that is asked for
    wanted = math.log2(32 * streamed.PAIRS) - log2_rate(values, target, low, high) + log2_rate(values, target, 0, n)
    if wanted <= n / 2 + math.log2(high - low + 1):
        return [None]
    # the sizes of most subsets first: they leave the others narrow windows
    sizes: list[int | None] = list(range(low, high + 1))
    return sizes if 2 * low > n else sizes[::-1]


def log2_rate(values: Row, target: int, low: int, high: int) -> float:
    """log2 of the subsets a quantum expected at the target."""
    if low == 0 and high == values.size:
        return float(streamed.log2_rate(values, np.int64(target), -1))
    rates = [float(streamed.log2_rate(values, np.int64(target), k)) for k in range(low, high + 1)]
    return max(rates) + math.log2(sum(2.0 ** (rate - max(rates)) for rate in rates))


def first_window(values: Row, target: int, size: int | None, low: int, high: int) -> int:
    """A window that about PAIRS subsets are expected in."""
    fewest, most = (low, high) if size is None else (size, size)
    log2_window = math.log2(streamed.PAIRS / 2) - log2_rate(values, target, fewest, most)
    return int(2.0 ** min(max(log2_window, 0.0), streamed.WIDEST - 1.0))


def guess(values: Row, target: int, low: int, high: int) -> int:
    """Mask of a subset that is close: most samples are decided one by one, largest first, and the closest subset of the rest is taken."""
    n = values.size
    order = np.argsort(-np.abs(values), kind="stable")
    free = np.zeros(n, bool)
    # of small integers few are enough, and more would only tie
    some = _SEED_OF_TIES if few_sums(values) else _SEED
    free[np.linspace(0, n - 1, min(n, some)).round().astype(np.int64)] = True
    fixed, rest = order[~free].tolist(), np.sort(order[free])
    usual = min(max(n // 2, low), high)
    take = min(max(usual * len(fixed) // max(n, 1), low - rest.size), high)
    mask, goal = 0, target - int(values[rest].sum()) // 2
    for done, i in enumerate(fixed):
        value = int(values[i])
        mean = sum(int(values[j]) for j in fixed[done + 1 :]) // 2
        if take == len(fixed) - done or (take > 0 and abs(goal - value - mean) < abs(goal - mean)):
            mask |= 1 << i
            goal -= value
            take -= 1
    taken = mask.bit_count()
    target -= sum(int(values[i]) for i in fixed if mask >> i & 1)
    found, code = np.empty(1, np.uint64), np.empty(1, np.uint8)
    fewest, most = max(low - taken, 0), min(high - taken, rest.size)
    zero = np.zeros(1, np.int64)
    streamed.closest(
        values[rest][None, :],
        np.array([rest.size]),
        zero,
        np.array([target]),
        np.ones(1, np.bool_),
        np.array([fewest]),
        np.array([most]),
        found,
        code,
    )
    local = int(found[0])
    if local >> rest.size or not fewest <= local.bit_count() <= most:
        local = (1 << fewest) - 1
    return mask | sum(1 << int(i) for q, i in enumerate(rest.tolist()) if local >> q & 1)


def few_sums(values: Row) -> bool:
    """Small integers, up to a common divisor: far fewer sums than subsets."""
    return int(np.abs(values).sum()) >> _SEED < math.gcd(*values.tolist())


def count_of(values: Row) -> int:
    if values.ndim != 1 or values.size > MAX_SAMPLES:
        raise ValueError(f"values must have shape (n,) with n <= {MAX_SAMPLES}, got {values.shape}")
    return int(values.size)
