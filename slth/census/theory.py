"""What theory says of a census, on the same axes: entropy, first moment, counting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.bounds import binary_entropy
from slth.census.answer import Census
from slth.census.ensemble import Ensemble

_SMALL = 1000  # parameters: above, the entropy bound cannot be told from log2 C(m, s) in a figure


@dataclass(frozen=True, eq=False)
class Theory:
    """Lines for the figure of a census.

    Attributes
    ----------
    curves : mapping of (k,) float64
        log2 at the census' sizes, by name; NaN where a curve says nothing.
    thresholds : mapping of float
        Sizes, by name.
    """

    curves: Mapping[str, NDArray[np.float64]]
    thresholds: Mapping[str, float]


def theory(census: Census, sources: Ensemble | None = None) -> Theory:
    """The lines that belong to a census.

    * Of small networks ``m H(s/m)``, the entropy bound: log2 C(m, s) is below it, by (log2 m) / 2 + O(1)
      (`slth.bounds.binom_entropy_bounds`).
    * Of a construction, its first moment, and the entropy threshold of the weights: where a ticket is expected to begin (by size, as in
      `slth.bounds.rfss_density_threshold`), and the size of tickets where the candidates are just enough for all sizes together (Mertens
      1998, Borgs et al. 2001: half of the critical number for every weight). Predictors: see `slth.census.product.expected`.
    * Of a construction, counting: a source whose subnetworks serve every target of the range, weight by weight, has at least as many
      of them as there are targets two tolerances apart (Pensia et al. 2020, Theorem 2; Natale et al. 2024, Theorem 5): the smallest size s
      with log2 C(m, s) that large.
    * Of an ensemble of such sources, log2 of the mean number (annealed) and the mean of log2 (quenched).

    Parameters
    ----------
    census : Census
    sources : Ensemble, optional
    """
    m, sizes = census.parameters, census.sizes
    curves: dict[str, NDArray[np.float64]] = {}
    thresholds: dict[str, float] = {}
    if sizes.size and m <= _SMALL:
        curves["entropy: m H(s/m)"] = np.asarray(m * binary_entropy(sizes / max(m, 1)))
    expected = census.diagnostics.get("expected")
    if expected is not None and expected.sizes.size:
        order = np.argsort(expected.sizes)
        curve = np.interp(sizes, expected.sizes[order], expected.log2[order], left=math.nan, right=math.nan)
        curves["first moment (predictor)"] = curve
        if math.isfinite(expected.threshold):
            thresholds["first moment of every weight reaches 1"] = expected.threshold
        if math.isfinite(expected.critical):
            thresholds["Mertens, Borgs et al.: half the critical candidates"] = expected.critical
        enough = np.flatnonzero(census.log2_all >= expected.bits)
        if enough.size and census.log2_all.max() >= expected.bits:
            thresholds["counting: below, not for all targets"] = _first(m, expected.bits)
    if sources is not None:
        for name, curve in (("annealed", sources.annealed), ("quenched", sources.quenched)):
            finite = np.where(np.isfinite(curve), curve, math.nan)
            curves[f"{name}, {sources.sources} sources"] = np.interp(
                sizes, sources.sizes, finite, left=math.nan, right=math.nan
            )
    return Theory(curves, thresholds)


def _first(m: int, bits: float) -> float:
    """The smallest s with log2 C(m, s) >= bits, by bisection on s <= m / 2."""
    low, high = 0, m // 2
    while low < high:
        middle = (low + high) // 2
        value = (math.lgamma(m + 1) - math.lgamma(middle + 1) - math.lgamma(m - middle + 1)) / math.log(2)
        low, high = (low, middle) if value >= bits else (middle + 1, high)
    return float(low)
