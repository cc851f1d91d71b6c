"""The census of sampled shares, and in plain words what to distrust in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from slth.census.answer import Census
from slth.census.sampled.intervals import Interval
from slth.census.sampled.setting import Setting
from slth.subset_sum import Certainty

SCATTER = 2.0  # bits between runs from which on they are said to disagree
ACCEPTANCE = 0.01


def log_binomial(m: int, size: int) -> float:
    """Natural logarithm of C(m, size)."""
    if m <= 2000:
        return math.log(math.comb(m, size))
    return math.lgamma(m + 1) - math.lgamma(size + 1) - math.lgamma(m - size + 1)


def census(
    setting: Setting,
    method: str,
    shares: Mapping[int, Interval],
    exact: Mapping[int, int],
    seen: Mapping[int, int],
    diagnostics: Mapping[str, Any],
) -> Census:
    """The census of shares (of sizes that were sampled), numbers (of sizes that were looked at) and `seen` different masks within
    epsilon.

    A mask that was seen exists: numbers and lower limits are at least as large as `seen` says. Where none was seen the upper limit is at
    least one mask.
    """
    rows: list[tuple[float, float, float]] = []
    for size in setting.sizes.tolist():
        all_masks = log_binomial(setting.m, size) / math.log(2)
        if setting.all_count:
            rows.append((all_masks, all_masks, all_masks))
        elif size in exact:
            number = math.log2(exact[size]) if exact[size] else -math.inf
            rows.append((number, number, number))
        else:
            middle, lower, upper = (
                value / math.log(2) + all_masks
                for value in (shares[size].middle, shares[size].lower, shares[size].upper)
            )
            least = math.log2(seen[size]) if seen.get(size) else -math.inf
            if seen.get(size):
                middle, lower, upper = (max(value, least) for value in (middle, lower, upper))
            rows.append((min(middle, all_masks), min(lower, all_masks), min(max(upper, 0.0), all_masks)))
    middle, lower, upper = np.array(rows).T
    with np.errstate(over="ignore"):
        numbers = np.exp2(middle), np.exp2(lower), np.exp2(upper)
    for i, size in enumerate(setting.sizes.tolist()):
        if size in exact and not setting.all_count:
            for values in numbers:
                values[i] = exact[size]  # not what rounding makes of its logarithm
    return Census(
        *numbers, middle, lower, upper, Certainty.ESTIMATED, method, setting.confidence, True,
        sizes=setting.sizes, parameters=setting.m, epsilon=setting.question.epsilon,
        diagnostics={**diagnostics, "looked_at_all": tuple(exact), "warnings": tuple(diagnostics["warnings"])},
    )  # fmt: skip


def named(sizes: Iterable[int]) -> str:
    """Sizes in words: "3, 5-9"."""
    runs: list[list[int]] = []
    for size in sorted(sizes):
        if runs and size == runs[-1][1] + 1:
            runs[-1][1] = size
        else:
            runs.append([size, size])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
