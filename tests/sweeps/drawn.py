"""Curves with a known probability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from slth.sweeps.curves.curve import Curve
from slth.sweeps.estimates import Estimate
from slth.sweeps.intervals import clopper_pearson


def curve_of(x: Sequence[float], successes: Sequence[int], trials: int, *, shared: bool = False, **given: Any) -> Curve:
    """With Clopper and Pearson's intervals."""
    rows = [
        Estimate(
            {"n": place}, trials, int(s), s / trials, *clopper_pearson(int(s), trials, 0.95), 0.95, "clopper-pearson"
        )
        for place, s in zip(x, successes, strict=True)
    ]
    return Curve.of(x, rows, run=[0] * len(rows) if shared else None, given=given)


def drawn(
    x: Sequence[float], p: Sequence[float], trials: int, rng: np.random.Generator, *, shared: bool = False
) -> Curve:
    """Trials of their own at each x, or one ladder of them."""
    if shared:
        level = rng.random(trials)
        return curve_of(x, [int((level < q).sum()) for q in p], trials, shared=True)
    return curve_of(x, rng.binomial(trials, p).tolist(), trials)
