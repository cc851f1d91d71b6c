"""The window [target - epsilon, target + epsilon] without rounding: in quanta for the kernels, mask by mask for what they leave open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.exact import as_integers
from slth.subset_sum.kernels.fixed_point import CLIP

Decide = Callable[[NDArray[np.uint64]], NDArray[np.bool_]]

_LIMB = 46  # bits


def windows(
    targets: NDArray[np.float64], epsilons: NDArray[np.float64], exponents: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The quanta from target - epsilon (rounded up) to target + epsilon (rounded down), both exactly; clipped to +-2^61, out of reach."""
    return -_floor_of_sum(-targets, epsilons, exponents), _floor_of_sum(targets, epsilons, exponents)


def within(samples: Sequence[float], target: float, epsilon: float) -> Decide:
    """Which of the masks (k,) over these samples have ``abs(sum - target) <= epsilon``, in exact arithmetic.

    Every number is an integer in a common unit, cut into limbs of 46 bits: 66 of those add up exactly in float64.
    """
    (*values, margin), goal = as_integers([*samples, epsilon], target)
    n_limbs = max(abs(v).bit_length() for v in (*values, abs(goal) + margin)) // _LIMB + 1

    def limbs(v: int) -> list[float]:
        sign = -1.0 if v < 0 else 1.0
        return [sign * (abs(v) >> (_LIMB * k) & (2**_LIMB - 1)) for k in range(n_limbs)]

    table = np.array([limbs(v) for v in values]).reshape(len(values), n_limbs)
    least, most = np.array(limbs(goal - margin)), np.array(limbs(goal + margin))
    places = np.arange(len(values), dtype=np.uint64)

    def not_negative(numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
        for k in range(n_limbs - 1):
            numbers[:, k + 1] += np.floor(numbers[:, k] * 2.0**-_LIMB)
        return numbers[:, -1] >= 0

    def decide(masks: NDArray[np.uint64]) -> NDArray[np.bool_]:
        answer = np.empty(masks.size, np.bool_)
        for start in range(0, masks.size, 2**14):
            some = masks[start : start + 2**14]
            sums = (some[:, None] >> places & np.uint64(1)).astype(np.float64) @ table
            answer[start : start + 2**14] = not_negative(sums - least) & not_negative(most - sums)
        return answer

    return decide


def _floor_of_sum(a: NDArray[np.float64], b: NDArray[np.float64], exponents: NDArray[np.int64]) -> NDArray[np.int64]:
    """floor((a + b) 2^exponent) without rounding, clipped: a + b is a float64 and its rounding error another (Knuth's two-sum)."""
    powers = exponents.astype(np.int32)  # no ldexp takes int64 everywhere
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        total = a + b
        back = total - a
        error = np.where(np.isfinite(total), (a - (total - back)) + (b - back), 0.0)
        whole, rest = np.ldexp(total, powers), np.ldexp(error, powers)
    below = np.floor(whole)
    # the error is at most half a unit in the last place: beside a fraction it does not reach the next integer
    fraction = (whole != below) | ((whole == 0) & (total != 0))
    below = np.where((whole == 0) & (total < 0), -1.0, below)
    step = np.where((rest == 0) & (error < 0), -1.0, np.floor(rest))
    clipped = np.clip(below, -CLIP, CLIP)
    return clipped.astype(np.int64) + np.where(fraction | (clipped != below), 0.0, step).astype(np.int64)
