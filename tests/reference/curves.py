"""Success curves, slowly: monotone rates by their formula, likelihoods written out trial by trial."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence


def monotone(rates: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Isotonic regression by the max-min formula: the largest over starts of the smallest over ends of a weighted mean."""

    def mean(i: int, j: int) -> float:
        return sum(r * w for r, w in zip(rates[i : j + 1], weights[i : j + 1], strict=True)) / sum(weights[i : j + 1])

    size = len(rates)
    return [max(min(mean(i, j) for j in range(k, size)) for i in range(k + 1)) for k in range(size)]


LAWS: dict[str, Callable[[float], float]] = {
    "logit": lambda x: 1 / (1 + math.exp(-x)),
    "probit": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
    "cloglog": lambda x: 1 - math.exp(-math.exp(x)),
    "exponential": lambda x: 1 - math.exp(-max(x, 0.0)),
}


def independent(name: str, a: float, b: float, x: Sequence[float], successes: Sequence[int], trials: int) -> float:
    """Log-likelihood of independent binomial counts with P = F(a + b x), without their coefficients."""
    total = 0.0
    for place, s in zip(x, successes, strict=True):
        p = LAWS[name](a + b * place)
        total += (s * math.log(p) if s else 0.0) + ((trials - s) * math.log(1 - p) if s < trials else 0.0)
    return total


def shared(name: str, a: float, b: float, x: Sequence[float], successes: Sequence[int], trials: int) -> float:
    """Log-likelihood of trials of which each begins to succeed somewhere: multinomial, without its coefficient."""
    ends = [0.0, *(LAWS[name](a + b * place) for place in x), 1.0]
    counts = [0, *successes, trials]
    return sum(
        (counts[i + 1] - counts[i]) * math.log(ends[i + 1] - ends[i]) if counts[i + 1] > counts[i] else 0.0
        for i in range(len(ends) - 1)
    )
