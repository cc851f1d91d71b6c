"""Subsets of a fixed size, measured against the entropy condition n H2(k/n) >= c log2(k/epsilon)^power of its theorems.

The source of the questions: Natale, Ferre, Giambartolomei, Giroire, Mallmann-Trenn, "On the Sparsity of the Strong Lottery Ticket
Hypothesis", NeurIPS 2024: Theorem 2 (one target, constant probability, power 1) and Corollary 1 (all targets, probability
1 - epsilon, power 2), whose constants c_hyp and c_amp have no published values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from slth.bounds import binary_entropy
from slth.sweeps.answer import Collected
from slth.sweeps.curves.curve import Curve, curves_of
from slth.sweeps.curves.thresholds import ThresholdEstimate, find_thresholds

Array = NDArray[np.float64]


def entropy(n: float, k: float) -> float:
    """n H2(k/n), bits of a subset of k of n; it grows with n."""
    return float(n * binary_entropy(k / n)) if n < math.inf else math.inf


def at_density(collected: Iterable[Collected], ratio: int, *, confidence: float = 0.95) -> dict[float, Curve]:
    """Success along n = ratio * k, everything else being equal: a curve for each epsilon, its points from a task each.

    Raises
    ------
    ValueError
        If the tasks have no k, or differ in more than k and n.
    """
    found: dict[float, list[tuple[int, Curve]]] = {}
    for curve in curves_of(collected, "n", confidence=confidence):
        if "k" not in curve.given:
            raise ValueError(f"densities need tasks of fixed size, got {curve!r}")
        k = int(curve.given["k"])
        part = curve.between(ratio * k, ratio * k)
        if part.x.size:
            found.setdefault(float(curve.given["epsilon"]), []).append((k, part))
    curves = {}
    for epsilon, parts in sorted(found.items()):
        others = [{name: v for name, v in part.given.items() if name not in ("k", "n")} for _, part in parts]
        if any(other != others[0] for other in others):
            raise ValueError(f"curves at one density may differ in k and n only, got {others}")
        n = [float(ratio * k) for k, _ in parts]
        given = {**others[0], "n / k": ratio}
        curves[epsilon] = Curve.of(n, [part.estimates[0] for _, part in parts], given=given)
    return curves


@dataclass(frozen=True)
class Needed:
    """Samples that a success probability takes, and what they say about a constant.

    Attributes
    ----------
    k : int
    epsilon, level : float
    samples : ThresholdEstimate
        The first n >= 2k that was measured and reaches the level; the theorems ask for nothing below.
    power : int
        Of the logarithm.
    """

    k: int
    epsilon: float
    level: float
    samples: ThresholdEstimate
    power: int

    def constant(self, n: float) -> float:
        """c with n H2(k/n) = c log2(k/epsilon)^power; 0 up to n = 2k, where the theorems begin, so that any c will do."""
        return entropy(n, self.k) / math.log2(self.k / self.epsilon) ** self.power if n > 2 * self.k else 0.0

    @property
    def value(self) -> float:
        """The constant at the first sufficient n."""
        return self.constant(self.samples.value)

    @property
    def lower(self) -> float:
        """Lower end of its interval."""
        return self.constant(self.samples.lower)

    @property
    def upper(self) -> float:
        """Upper end of its interval."""
        return self.constant(self.samples.upper)


def needed(
    collected: Iterable[Collected], level: Callable[[float], float], power: int, *, confidence: float = 0.95
) -> tuple[Needed, ...]:
    """The constant that each k and epsilon asks for; intervals by the exact isotonic method, without a model.

    Parameters
    ----------
    collected : iterable of Collected
        Of kind rfss-target or rfss-interval, of one law and kind of target.
    level : epsilon -> probability
    power : int
        1 for c_hyp, 2 for c_amp.
    confidence : float
        Of all intervals together (each has 1 - (1 - confidence) / m of m), so that the largest of them holds with it too.
    """
    answers = list(collected)
    pairs = len(curves_of(answers, "n"))
    each = 1 - (1 - confidence) / max(pairs, 1)
    found = []
    for curve in curves_of(answers, "n", confidence=each):
        k, epsilon = int(curve.given["k"]), float(curve.given["epsilon"])
        part = curve.between(2 * k)
        if part.x.size and epsilon < k:
            wanted = level(epsilon)
            samples = find_thresholds(part, (wanted,))[0]
            found.append(Needed(k, epsilon, wanted, samples, power))
    return tuple(found)


def largest(each: Iterable[Needed]) -> tuple[float, float, float]:
    """The smallest constant that suits all of these, and its interval; pairs whose grid ends too early are left out."""
    inside = [one for one in each if math.isfinite(one.samples.upper)]
    if not inside:
        raise ValueError("no k and epsilon reached the level on its grid of n; measure more samples")
    return max(one.value for one in inside), max(one.lower for one in inside), max(one.upper for one in inside)


def predicted_cover(n: int, k: int, epsilon: float, *, draws: int = 20_000) -> float:
    """Predicted P(every target of [-sqrt(k), sqrt(k)] is within epsilon of a sum of k of n samples from U[-1, 1]).

    Given the samples, sums of k are taken for a Poisson process of the normal rate with their mean and variance (sampling without
    replacement), cut where the k largest and the k smallest samples end; averaged over fixed draws. The counterpart of
    `bounds.rss_cover_prob`, not proven: within 0.03 of what is measured at densities 1/4 to 1/2 where success exceeds 0.9, off by up to
    0.09 below (too optimistic for small epsilon).
    """
    samples = np.sort(np.random.default_rng(n * 64 + k).uniform(-1, 1, (draws, n)), axis=1)
    total, top, bottom = samples.sum(axis=1), samples[:, -k:].sum(axis=1), samples[:, :k].sum(axis=1)
    deviation = np.sqrt(k * (1 - k / n) * samples.var(axis=1, ddof=1))
    log_peak = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    log_peak = log_peak - np.log(deviation * math.sqrt(2 * math.pi))
    reach = math.sqrt(k)

    def rate(z: Array) -> Array:
        away = (z[None, :] - k / n * total[:, None]) / deviation[:, None]
        return np.asarray(np.exp(np.minimum(log_peak[:, None] - away**2 / 2, 600.0)))

    nodes, weights = np.polynomial.legendre.leggauss(40)
    inside = rate(reach * nodes)
    gaps = (inside * np.exp(-np.minimum(2 * epsilon * inside, 700.0))) @ weights * reach
    ends = -np.expm1(-2 * epsilon * rate(np.array([-reach, reach]))).mean(axis=1)
    reached = (top >= reach - epsilon) & (bottom <= epsilon - reach)
    return float((reached * ends * np.exp(-gaps)).mean())
