r"""How many subsets of each size to expect near a target, before the samples are drawn.

By linearity E N_k = C(n, k) P(|X_1 + ... + X_k - z| <= epsilon).

Uniform laws: exactly up to EXACT terms (Irwin-Hall, in fractions); normal laws: in closed form. Every other probability is the integral

    P = 1 / (2 pi i)  int exp(k K(s) - s z) 2 sinh(s epsilon) / s ds,   K(s) = log E exp(s X),

along the line Re s = eta through the saddle point, by the trapezoidal rule: no cancellation, so the relative error is near 1e-13 even
where P = 1e-200, and for a law of bounded support the step of the rule makes no error at all (the aliases lie outside the support).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import gammaln

from slth import laws
from slth.laws import Law
from slth.laws.discrete import Atoms
from slth.subset_sum.counting.saddle import log_normal
from slth.validation import positive_float, positive_int

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
EXACT = 40  # terms
_NODES = 600  # of the quadrature of a density, in each piece


@dataclass(frozen=True, eq=False)
class Expected:
    """Expected numbers of subsets.

    Attributes
    ----------
    log2 : (m,) float64
        -inf where none is possible.
    relative_error : (m,) float64
        Estimated error of the numbers: of the arithmetic where they are exact, else of quadrature and truncation as well.
    """

    log2: Array
    relative_error: Array


def log2_expected(
    n: int, target: float, epsilon: float, law: Law | str = "uniform", *, sizes: ArrayLike | None = None
) -> Expected:
    """log2 of the expected number of subsets of each size, among n independent samples, with |sum - target| <= epsilon.

    Parameters
    ----------
    n : int
    target, epsilon : float
    law : Law or str
        Name or object (`slth.laws`). Its density may jump or have a logarithmic pole at 0 and at the ends of its support, and should be
        smooth between.
    sizes : (m,) int, optional
        All 0..n by default.

    Returns
    -------
    Expected, arrays (m,)

    Notes
    -----
    A uniform law takes a millisecond a size, others some hundredths of a second. Two to five terms of a law that is neither uniform nor
    normal are less precise (to about a percent), since their density is not smooth; `relative_error` shows it.
    """
    n = positive_int(n, "n")
    target = float(target)
    if not math.isfinite(target):
        raise ValueError(f"target must be finite, got {target}")
    epsilon = positive_float(epsilon, "epsilon")
    wanted = np.arange(n + 1) if sizes is None else np.atleast_1d(np.asarray(sizes, np.int64))
    if wanted.size and (wanted.min() < 0 or wanted.max() > n):
        raise ValueError(f"sizes must lie within 0..n = {n}, got {wanted.min()}..{wanted.max()}")
    window = _window(_law(law))
    found = [window(int(k), target, epsilon) if k else _empty(target, epsilon) for k in wanted]
    chosen = (gammaln(n + 1) - gammaln(wanted + 1) - gammaln(n - wanted + 1)) / math.log(2)
    logs = np.array([log for log, _ in found])
    rounding = 1e-15 * (gammaln(n + 1) + np.abs(np.where(np.isfinite(logs), logs, 0.0)) + 1)
    return Expected(chosen + logs / math.log(2), rounding + np.array([error for _, error in found]))


def _law(law: Law | str) -> Law:
    """A law by name; objects with the same attributes will do."""
    if not isinstance(law, str) and hasattr(law, "density") and hasattr(law, "variance"):
        return law
    return laws.get(law)


def _empty(target: float, epsilon: float) -> tuple[float, float]:
    return (0.0 if abs(target) <= epsilon else -math.inf), 0.0


def _window(law: Law) -> Callable[[int, float, float], tuple[float, float]]:
    """(k, target, epsilon) -> log P(|sum of k - target| <= epsilon) and its relative error."""
    if isinstance(law, laws.Normal):
        mean, variance = law.mean, law.variance

        def normal(k: int, target: float, epsilon: float) -> tuple[float, float]:
            spread = math.sqrt(k * variance)
            return float(log_normal(np.array([(target - k * mean) / spread]), np.array([epsilon / spread]))[0]), 1e-11

        return normal
    if isinstance(law, laws.Uniform):
        a, b = law.support
        transform = _Transform(a, b, b - a, _uniform_cumulant(a, b), 2**16)
        return lambda k, z, e: irwin_hall(k, z, e, a, b) if k <= EXACT else transform.window(k, z, e)
    if isinstance(law, Atoms):
        step = float(np.diff(law.atoms[0]).min(initial=math.inf))

        def differences(k: int, target: float, epsilon: float) -> tuple[float, float]:
            # both ends belong to the window, and a sum at its lower end must not count as below it
            low = target - epsilon - 1e-6 * min(step, 1.0)
            high_share, low_share = (float(law.cdf_of_sum(k, x)) for x in (target + epsilon, low))
            share = high_share - low_share
            return (math.log(share), 4e-16 * k * high_share / share) if share > 0 else (-math.inf, 0.0)

        return differences
    return _Density(law).window


def irwin_hall(k: int, target: float, epsilon: float, low: float, high: float) -> tuple[float, float]:
    """log P(|X_1 + ... + X_k - target| <= epsilon) for X uniform on [low, high], in fractions: exact before the last rounding."""
    width = Fraction(high) - Fraction(low)
    ends = [(Fraction(target) + sign * Fraction(epsilon) - k * Fraction(low)) / width for sign in (-1, 1)]
    # on a common denominator the sum is one of integers
    common = math.lcm(*(end.denominator for end in ends))
    scaled = [min(max(end.numerator * (common // end.denominator), 0), k * common) for end in ends]
    volumes = []
    for x in scaled:
        volumes.append(sum((-1) ** j * math.comb(k, j) * (x - j * common) ** k for j in range(x // common + 1)))
    difference = volumes[1] - volumes[0]
    if difference == 0:
        return -math.inf, 0.0
    log = _log_ratio(difference, common**k * math.factorial(k))
    return log, 1e-15 * (1 + abs(log))


def _log_ratio(a: int, b: int) -> float:
    """log(a / b) without the cancellation of two large logarithms."""
    shift = a.bit_length() - b.bit_length()
    quotient = (a << max(64 - shift, 0)) // (b << max(shift - 64, 0))
    return math.log(quotient) + (shift - 64) * math.log(2)


@dataclass(frozen=True)
class _Transform:
    """The integral along the line, for a law on [low, high] with cumulant function K."""

    low: float
    high: float
    scale: float  # of the law: its width, or (support infinite) 80 standard deviations
    cumulant: Callable[[Complex], Complex]
    points: int  # on the line, at most

    def window(self, k: int, target: float, epsilon: float) -> tuple[float, float]:
        first, last = max(target - epsilon, k * self.low), min(target + epsilon, k * self.high)
        if not first < last:
            return -math.inf, 0.0
        z, half = target, epsilon
        if k * self.low > target - epsilon or k * self.high < target + epsilon:
            z, half = 0.5 * (first + last), 0.5 * (last - first)
        eta = self._saddle(k, first, last)
        # aliases of the window miss the support, or lie 40 standard deviations away
        reach = self.scale * (k if math.isfinite(self.high - self.low) else math.sqrt(k))
        step = 2 * math.pi / (reach + 2 * half)
        # up to a factor exp(k K(eta) - eta anchor), the largest value on the line
        anchor = first if eta > 0 else last
        log = k * float(self.cumulant(np.array([complex(eta)]))[0].real) - eta * anchor
        total, largest, points = 0.0, 0.0, 256
        begin = 0
        while begin < self.points:
            t = step * np.arange(begin, begin + points)
            s = np.asarray(eta + 1j * t, np.complex128)
            with np.errstate(under="ignore"):
                if abs(eta) * half < 1:
                    both = 2 * np.exp(eta * anchor - s * z) * np.sinh(s * half)  # no cancellation
                else:
                    both = np.exp(s * (half - z) + eta * anchor) - np.exp(-s * (half + z) + eta * anchor)
                ratio = np.where(s == 0, 2 * half, both / np.where(s == 0, 1, s))
                values = (np.exp(k * (self.cumulant(s) - self.cumulant(np.array([complex(eta)])))) * ratio).real
            if begin == 0:
                values[0] *= 0.5
            total += float(values.sum())
            tail = float(np.abs(values[-points // 4 :]).max())
            largest = max(largest, float(np.abs(values).max()))
            begin += points
            if tail < 1e-18 * largest:
                break
            points *= 2
        value = total * step / math.pi
        # the rest falls at least like t^-(k + 1) where the density jumps
        rest = 4 * tail * begin * step / math.pi
        if not value > 0:
            return -math.inf, math.inf
        # of the exponents, which are large in the tails
        rounding = 1e-13 + 2e-15 * (k + abs(log) + abs(eta * anchor) + abs(eta) * k * self.scale)
        return log + math.log(value), (rest + 1e-16 * largest * begin * step) / value + rounding

    def _saddle(self, k: int, first: float, last: float) -> float:
        """eta with k K'(eta) = the point of the window nearest to the mean, kept off the ends of the support."""
        scale = self.scale

        def slope(eta: float) -> float:
            h = 1e-4 / scale
            ends = self.cumulant(np.array([complex(eta + h), complex(eta - h)])).real
            return float((ends[0] - ends[1]) / (2 * h))

        margin = 1e-3 * (self.high - self.low) if math.isfinite(self.high - self.low) else 0.0
        goal = min(max(min(max(slope(0.0), first / k), last / k), self.low + margin), self.high - margin)
        reach = 1.0 / scale
        while slope(reach) < goal or slope(-reach) > goal:
            reach *= 2
            if reach * scale > 1e4:
                break
        if not slope(-reach) < goal < slope(reach):
            return 0.0
        return float(brentq(lambda eta: slope(eta) - goal, -reach, reach, xtol=1e-6 / scale))


def _uniform_cumulant(low: float, high: float) -> Callable[[Complex], Complex]:
    middle, half = 0.5 * (low + high), 0.5 * (high - low)

    def cumulant(s: Complex) -> Complex:
        u = s * half
        u = np.where(u.real < 0, -u, u)  # log(sinh u / u) is even
        small = np.abs(u) < 1e-4
        v = np.where(small, 1, u)
        return np.asarray(
            s * middle + np.where(small, u * u / 6, v + np.log(-np.expm1(-2 * v) / (2 * v))), np.complex128
        )

    return cumulant


class _Density:
    """A law known by its density: quadrature nodes that bear poles and jumps at 0 and at the ends of the support."""

    def __init__(self, law: Law) -> None:
        self._law = law
        deviation = math.sqrt(law.variance)
        low, high = law.support
        self._ends = [low, *([0.0] if low < 0 < high else []), high]
        transforms = []
        for count in (_NODES, _NODES // 2):
            x, w = self._nodes(self._ends, count)
            w = w * law.density(x)
            keep = w > 0
            x, w = x[keep], w[keep] / w[keep].sum()
            scale = high - low if math.isfinite(high - low) else 80 * deviation
            transforms.append(_Transform(low, high, scale, _discrete_cumulant(x, w), 1024))
        self._fine, self._rough = transforms

    def window(self, k: int, target: float, epsilon: float) -> tuple[float, float]:
        if k == 1:
            first, last = max(target - epsilon, self._ends[0]), min(target + epsilon, self._ends[-1])
            if not first < last:
                return -math.inf, 0.0
            ends = [first, *(e for e in self._ends[1:-1] if first < e < last), last]
            masses = []
            for count in (_NODES, _NODES // 2):
                x, w = self._nodes(ends, count)
                masses.append(float(w @ self._law.density(x)))
            if masses[0] <= 0:
                return -math.inf, 0.0
            return math.log(masses[0]), abs(masses[1] / masses[0] - 1) + 1e-14
        log, error = self._fine.window(k, target, epsilon)
        rough, _ = self._rough.window(k, target, epsilon)
        return log, error + (abs(math.expm1(min(rough - log, 1.0))) if math.isfinite(log) else 0.0)

    def _nodes(self, ends: list[float], count: int) -> tuple[Array, Array]:
        """Double-exponential rules (Takahasi and Mori 1974) between consecutive ends; the line is folded where an end is infinite."""
        u = np.linspace(-1, 1, count)
        h = u[1] - u[0]
        parts = []
        for a, b in pairwise(ends):
            if math.isfinite(a) and math.isfinite(b):
                v = 3.1 * u
                g = 0.5 * math.pi * np.sinh(v)
                # distance from the nearer end, without cancellation
                off = (b - a) / (1 + np.exp(2 * np.abs(g)))
                x = np.where(g < 0, a + off, b - off)
                w = (b - a) * 0.5 * 3.1 * h * 0.5 * math.pi * np.cosh(v) / np.cosh(g) ** 2
            else:
                origin = a if math.isfinite(a) else b if math.isfinite(b) else self._law.mean
                unit = math.sqrt(self._law.variance)
                if math.isfinite(a) or math.isfinite(b):
                    v = 4.5 * u
                    distance = unit * np.exp(v - np.exp(-v))
                    sign = 1.0 if math.isfinite(a) else -1.0
                    x, w = origin + sign * distance, distance * (1 + np.exp(-v)) * 4.5 * h
                else:
                    v = 4.5 * u
                    x, w = origin + unit * np.sinh(v), unit * np.cosh(v) * 4.5 * h
            parts.append((x, w))
        return np.concatenate([x for x, _ in parts]), np.concatenate([w for _, w in parts])


def _discrete_cumulant(x: Array, w: Array) -> Callable[[Complex], Complex]:
    def cumulant(s: Complex) -> Complex:
        answer = np.empty(s.size, np.complex128)
        for begin in range(0, s.size, 256):
            here = s[begin : begin + 256]
            shift = np.maximum(here.real * x.min(), here.real * x.max())
            answer[begin : begin + 256] = shift + np.log(np.exp(np.multiply.outer(here, x) - shift[:, None]) @ w)
        return answer

    return cumulant
