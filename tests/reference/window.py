"""Every subset whose sum lies between two distances from a target, written from the statement, in Python integers."""

from __future__ import annotations

from collections.abc import Sequence


def within(
    samples: Sequence[int], target: int, low_error: int, high_error: int, low: int = 0, high: int | None = None
) -> list[tuple[int, int, int]]:
    """(|sum - target|, size, mask) of all subsets of low to high elements with low_error <= |sum - target| <= high_error, in order.

    Looks at all 2^n subsets; n = 14 takes a tenth of a second.
    """
    sums = [0]
    for sample in samples:
        sums += [total + sample for total in sums]
    most = len(samples) if high is None else high
    return sorted(
        (abs(total - target), mask.bit_count(), mask)
        for mask, total in enumerate(sums)
        if low_error <= abs(total - target) <= high_error and low <= mask.bit_count() <= most
    )


def closest(samples: Sequence[int], target: int, low: int = 0, high: int | None = None) -> tuple[int, int, int] | None:
    """(|sum - target|, size, mask) of the closest subset of low to high elements, then fewest, then smallest mask; None if none."""
    every = within(samples, target, 0, 2**80, low, high)
    return every[0] if every else None


def closest_of_few_sums(
    samples: Sequence[int], target: int, low: int = 0, high: int | None = None
) -> tuple[int, int, int] | None:
    """The same by dynamic programming over (sum, size): any number of samples, few different sums."""
    best = {(0, 0): 0}
    for i, sample in enumerate(samples):
        for (total, size), mask in list(best.items()):
            key, candidate = (total + sample, size + 1), mask | 1 << i
            best[key] = min(best.get(key, candidate), candidate)
    most = len(samples) if high is None else high
    return min(
        ((abs(total - target), size, mask) for (total, size), mask in best.items() if low <= size <= most), default=None
    )
