"""Products of counting polynomials, from the statement: integers by the schoolbook, and in float64 by a tilted tree of transforms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


def product(polynomials: Sequence[Sequence[int]]) -> list[int]:
    """Coefficients, the lowest degree first, in Python's integers."""
    whole = [1]
    for polynomial in polynomials:
        longer = [0] * (len(whole) + len(polynomial) - 1)
        for i, a in enumerate(whole):
            for j, b in enumerate(polynomial):
                longer[i + j] += a * b
        whole = longer
    return whole


def counting_polynomial(samples: Sequence[float], target: float, tolerance: float, allowed: str = "any") -> list[int]:
    """How many subsets of each size have a sum within the tolerance; zeros are no elements. Exact; all subsets are looked at.

    allowed: "any", "k" for a number k of elements, or "s of b": s of every b elements, without those at the end that fill no b.
    """
    real = [Fraction(x) for x in samples if x != 0]
    counts = [0] * (len(samples) + 1)
    for chosen in itertools.product((0, 1), repeat=len(real)):
        total = sum((x for x, c in zip(real, chosen, strict=True) if c), Fraction(0))
        if abs(total - Fraction(target)) <= Fraction(tolerance) and _fits(chosen, allowed):
            counts[sum(chosen)] += 1
    return counts


def _fits(chosen: tuple[int, ...], allowed: str) -> bool:
    if allowed == "any":
        return True
    if " of " not in allowed:
        return sum(chosen) == int(allowed)
    s, b = map(int, allowed.split(" of "))
    blocks = [chosen[i * b : (i + 1) * b] for i in range(len(chosen) // b)]
    return len(blocks) > 0 and all(sum(block) == s for block in blocks) and not any(chosen[len(blocks) * b :])


def tilted_tree(polynomials: Sequence[Sequence[int]], tilt: float) -> NDArray[np.float64]:
    """log2 of the coefficients near the mean at a tilt, -inf where rounding may hide them: a tree of products by fast Fourier transforms.

    Each factor is divided by its value at exp(tilt), so that coefficients become probabilities; what a transform rounds is relative to
    the largest of them, so that some 6 standard deviations are seen with a relative error of 1e-6.
    """
    logs, factors = [], []
    for polynomial in polynomials:
        values = np.array(polynomial, float) * np.exp(tilt * np.arange(len(polynomial)))
        logs.append(math.log(values.sum()))
        factors.append(values / values.sum())
    while len(factors) > 1:
        pairs = [factors[i : i + 2] for i in range(0, len(factors), 2)]
        factors = [_convolved(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    (found,) = factors
    seen = found > 1e-7 * found.max()
    result = np.full(found.size, -np.inf)
    degrees = np.arange(found.size)
    result[seen] = (math.fsum(logs) - tilt * degrees[seen] + np.log(found[seen])) / math.log(2)
    return result


def _convolved(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    if min(a.size, b.size) < 64:
        return np.convolve(a, b)
    size = a.size + b.size - 1
    return np.asarray(np.fft.irfft(np.fft.rfft(a, size) * np.fft.rfft(b, size), size))
