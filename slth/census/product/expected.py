r"""What theory expects of a product census before the second random layer is drawn: first moments, and the sizes where they reach 1.

A weight z with n candidates v_h |u_h|, the v_h of mean 0 and variance s^2, has E N_k = C(n, k) P(|v_1 |u_1| + ... - z| <= tau) subsets of k
elements (over the v, of a random k-subset). The sum of k candidates is taken for normal with variance k s^2 mean(u_h^2), so that this is
a predictor, a heuristic. Weights are independent, so E of the product is the product of the E N; its coefficients are found by the saddle
point,

    log N(s) ~ min_t (log P(e^t) - t s) - log(2 pi sigma^2(t)) / 2,

as is the entropy threshold: a weight needs about the smallest k with E N_k >= 1, and a ticket the sum of these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, log_ndtr

from slth import laws
from slth.census.product.prepared import Prepared
from slth.constructions.two_layer.piece import Piece

Floats = NDArray[np.float64]

_BINS = 64  # targets of a layer that are told apart
_TILTS = 257


@dataclass(frozen=True, eq=False)
class Expectation:
    """First moments of a construction.

    Attributes
    ----------
    sizes, log2 : (t,) float64
        log2 of the expected number of combinations, at some sizes.
    threshold : float
        Sum over the weights of the smallest size with an expected number of at least 1, first-layer weights included; infinite where
        a weight has none.
    critical : float
        Sum over the weights of half the critical number of candidates, the smallest with which all subsets together are expected to hold
        one within the tolerance (Mertens 1998, Borgs et al. 2001); first-layer weights included, infinite where a weight has too few.
    bits : float
        log2 of how many targets, weight by weight in steps of two tolerances over the range of the layer, one source has to serve.
    """

    sizes: Floats
    log2: Floats
    threshold: float
    critical: float
    bits: float


def expectation(plan: Prepared, allowed: Sequence[float], shift: int) -> Expectation | None:
    """Of a plan with tolerances; None where they are infinite, or the law has no finite variance."""
    variance = laws.get(plan.source.law).variance
    if not (np.isfinite(allowed).all() and math.isfinite(variance)):
        return None
    tables, counts, threshold, critical, bits = [], [], float(shift), float(shift), 0.0
    for piece, tau in zip(plan.pieces, allowed, strict=True):
        for logs, many in _moments(piece, tau, variance):
            tables.append(logs)
            counts.append(many)
            reached = np.flatnonzero(logs >= 0)
            threshold += many * float(reached[0]) if reached.size else math.inf
            critical += many * _critical(logs) / 2
        reach = float(np.abs(piece.target.scale * piece.target.matrix).max())
        bits += piece.target.size * math.log2(max(reach / tau, 1.0))
    longest = max(len(table) for table in tables)
    table = np.full((len(tables), longest), -np.inf)
    for row, logs in zip(table, tables, strict=True):
        row[: len(logs)] = logs
    sizes, log2 = _product(table, np.array(counts, np.float64))
    return Expectation(sizes + shift, log2, threshold, critical, bits)


def _critical(logs: Floats) -> float:
    """From log E N_k of n candidates: with how many of them sum_k E N_k is at least 1; infinite if n are too few."""
    n = len(logs) - 1
    k = np.arange(n + 1)

    def log_choose(m: int) -> Floats:
        return np.asarray(gammaln(m + 1.0) - gammaln(k[: m + 1] + 1.0) - gammaln(m - k[: m + 1] + 1.0))

    near = logs - log_choose(n)  # log P that the sum of k lies near the target
    for m in range(n + 1):
        if np.logaddexp.reduce(near[: m + 1] + log_choose(m)) >= 0:
            return float(m)
    return math.inf


def _moments(piece: Piece, tau: float, variance: float) -> list[tuple[Floats, int]]:
    """log E N_k for k = 0..n of targets like one another, and how many there are of each kind."""
    found = []
    problems_ = list(piece.problems(0))
    targets = np.concatenate([np.abs(problems.targets) for problems in problems_])
    gains = np.concatenate([(problems.gains**2).sum(axis=1) for problems in problems_])
    many = np.concatenate([np.count_nonzero(problems.samples, axis=1) for problems in problems_])
    tolerance = tau / piece.scale
    for n in np.unique(many).tolist():
        here = many == n
        square = variance * float(gains[here].mean()) / max(n, 1)
        edges = np.quantile(targets[here], np.linspace(0, 1, _BINS + 1))
        kind = np.clip(np.searchsorted(edges, targets[here], side="right") - 1, 0, _BINS - 1)
        for one in np.unique(kind).tolist():
            z = float(targets[here][kind == one].mean())
            found.append((_log_expected(n, z, tolerance, square), int((kind == one).sum())))
    return found


def _log_expected(n: int, z: float, tau: float, square: float) -> Floats:
    """log C(n, k) + log P(|G_k - z| <= tau), G_k normal with variance k times `square`."""
    k = np.arange(n + 1)
    spread = np.sqrt(np.maximum(k, 1) * square)
    # P(a < G < b) for 0 <= a < b in logarithms, by the upper tails
    low, high = (z - tau) / spread, (z + tau) / spread
    above, below = log_ndtr(-low), log_ndtr(-high)
    with np.errstate(divide="ignore"):
        inside = above + np.log(-np.expm1(np.minimum(below - above, 0.0)))
    inside[0] = 0.0 if z <= tau else -np.inf
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0) + inside)


def _product(table: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Sizes and log2 of the coefficients of prod_i (sum_k e^table[i, k] x^k)^counts[i], by the saddle point, at some tilts."""
    k = np.arange(table.shape[1])
    sizes, logs = [], []
    for t in np.sinh(np.linspace(-4, 4, _TILTS)):
        tilted = table + t * k
        top = tilted.max(axis=1, keepdims=True)
        if not np.isfinite(top).all():
            return np.empty(0), np.empty(0)
        shares = np.exp(tilted - top)
        total = shares.sum(axis=1, keepdims=True)
        shares /= total
        means = shares @ k
        size = float(counts @ means)
        spread = float(counts @ (shares @ k**2 - means**2))
        if spread > 1:
            value = float(counts @ (top + np.log(total))[:, 0]) - t * size - 0.5 * math.log(2 * math.pi * spread)
            sizes.append(size)
            logs.append(value / math.log(2))
    return np.array(sizes), np.array(logs)
