"""log2 of every coefficient of a product of very many polynomials, within a proven error: Cauchy's integral on circles through saddles.

Let P = prod P_j, with coefficients >= 0. At x = exp(t) the terms of P_j, divided by P_j(exp(t)), are the probabilities of an integer
X_j, and those of P of the sum S of independent X_j: [x^s] P = P(exp(t)) exp(-t s) Pr(S = s). With
phi(theta) = E exp(i theta (S - c)) = prod phi_j and theta_k = 2 pi k / n,

    (1 / n) sum_k phi(theta_k) exp(-i theta_k (s - c)) = sum_m Pr(S = s + m n),        k = 0, ..., n - 1, m over all integers.

So one pass over the factors at some tens of angles (`kernels.circle`) gives the coefficients of all s within some standard deviations of
the mean of S, and the tilts t are chosen so that these stretches cover all degrees: equally far apart in the integral of the standard
deviation over t. What is left out is bounded:

* aliases, m != 0: Pr(S >= x) <= exp(log P(exp(t')) - log P(exp(t)) - (t' - t) x) for any t' >= t (Chernoff), and t' <= t on the other side;
* angles beyond the last: |phi_j|^2 = 1 - E(1 - cos(theta (X - X'))) for an independent copy X' of X_j, so that log |phi| <= -h(theta),
  h = sum_d (1 - cos(d theta)) sum_j sum_a p_ja p_j(a + d), over d >= 1; any of the j may be left out. And with
  1 - cos y >= y^2 / 2 - y^4 / 24, log |phi| <= -(theta^2 v - theta^4 b / 24) / 2, v the variance of S and b = sum_j E (X - X')^4;
* rounding. exp(t b) is rounded, which changes a coefficient of P by at most the product of the factors' relative changes; from there on the
  rounded terms count as exact. An error of phi_j is one of sum_a p_ja (exp(i theta (a - m_j)) - 1), a small number; of products of factors
  with |phi_j| <= 1 errors add up, and while no factor is far from 1 they are relative to |phi|. The constants below are generous;
  they take functions of the C library to be within 4 units in the last place.

Time O(g w) a tilt, and about sqrt(degree) / 2 tilts. A tilted tree of products by fast Fourier transforms costs more for each
tilt and reaches no further, because what a transform rounds is relative to its largest number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from slth.census.kernels import circle
from slth.census.product.polynomials import Polynomials
from slth.census.product.tilts import ALIKE, Factors, alike, common_step, tilts
from slth.threads import in_order

Floats = NDArray[np.float64]

UNIT = 2.0**-53
REACH = 3.8  # standard deviations on each side that a tilt serves
BEYOND = 8.5  # from there to the next alias
LAST = 7.4  # the last angle, in units of 1 / standard deviation
_WHOLE = 401  # angles a turn, up to which none is left out
_SAMPLED = 4096  # factors whose differences of degrees are all counted; of more than that some


@dataclass(frozen=True, eq=False)
class Logs:
    """log2 of the coefficients `lowest`, `lowest` + 1, ... of a product, and proven bounds.

    Where a coefficient is not known to be there at all (`lower` is -inf), `log2` is that of half the upper bound.
    """

    lowest: int
    log2: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class _Pass:
    """What one pass at tilt t gave of one product; n angles a turn."""

    tilt: float
    n: int
    log: tuple[float, float]  # log of the product of sum_a c_a exp(t (a - base)), a high and a low part
    centre: int
    mean: float
    variance: float
    fourth: float
    distance: float
    largest: float
    lags: Floats  # (w,)
    phi: Floats  # (2, k)

    @classmethod
    def joined(cls, parts: Sequence[_Pass]) -> _Pass:
        """Of the product of all."""
        if len(parts) == 1:
            return parts[0]
        phi = parts[0].phi
        for part in parts[1:]:
            u, v = phi, part.phi
            phi = np.stack([u[0] * v[0] - u[1] * v[1], u[0] * v[1] + u[1] * v[0]])
        add = {
            name: sum(getattr(p, name) for p in parts) for name in ("centre", "mean", "variance", "fourth", "distance")
        }
        lags = np.zeros(max(p.lags.size for p in parts))
        for p in parts:
            lags[: p.lags.size] += p.lags
        log = sum(p.log[0] for p in parts)
        low = math.fsum([x for p in parts for x in p.log] + [-log])
        return cls(
            parts[0].tilt, parts[0].n, (log, low), largest=max(p.largest for p in parts), lags=lags, phi=phi, **add
        )

    @property
    def total(self) -> float:
        return self.log[0] + self.log[1]


def logs(parts: Sequence[Polynomials], workers: int, advance: Callable[[float], object] = lambda _: None) -> list[Logs]:
    """Of the product of all parts, then of each part alone: log2 of every coefficient, with bounds.

    Parameters
    ----------
    parts : sequence of Polynomials
        Each with at least one factor.
    workers : int
        Threads; the answer does not depend on it.
    advance : callable, optional
        Told which share of the work is done, piece by piece; they add up to 1.
    """
    factors = [Factors.of(part) for part in parts]
    if len(parts) == 1:
        return [_moved(_logs(factors, [], workers, advance)[0], parts[0].lowest)] * 2
    shared = alike(factors, REACH)
    alone = [i for i in range(len(factors)) if i not in shared]
    size = sum(len(f.rows) for f in factors)
    unit = 1 / (size + sum(len(factors[i].rows) for i in alone))
    found = dict(
        zip([-1, *shared], _logs(factors, shared, workers, lambda done: advance(done * size * unit)), strict=True)
    )
    for i in alone:
        work = len(factors[i].rows) * unit
        (found[i],) = _logs([factors[i]], [], workers, lambda done, work=work: advance(done * work))  # type: ignore[misc]
    lowest = [sum(part.lowest for part in parts), *(part.lowest for part in parts)]
    return [_moved(found[i - 1], low) for i, low in enumerate(lowest)]


def _moved(found: Logs, by: int) -> Logs:
    return Logs(found.lowest + by, found.log2, found.lower, found.upper)


def _logs(factors: list[Factors], shared: list[int], workers: int, advance: Callable[[float], object]) -> list[Logs]:
    """The product of all factors, and those parts of it that may share its angles."""
    degree = sum(f.degree for f in factors)
    step = common_step(factors)
    if step > 1:  # powers of x^step only
        spread = [Factors(np.ascontiguousarray(f.rows[:, ::step]), f.copies, f.tops // step) for f in factors]
        return [_spread(one, step) for one in _logs(spread, shared, workers, advance)]
    chosen, sigmas = tilts(factors, REACH) if degree else (np.zeros(1), np.zeros(1))
    sides = [factors, *([factors[i]] for i in shared)]

    def run(at: tuple[float, float]) -> list[_Pass]:
        tilt, sigma = at
        n = 2 * (int((REACH + BEYOND) * 1.02 * sigma) // 2) + 65
        k = min(int(LAST / (2 * math.pi) * n / max(sigma * (ALIKE if shared else 1.0), 1e-9)) + 2, (n - 1) // 2)
        k = (n - 1) // 2 if n <= _WHOLE else k
        each = [_pass(f, tilt, n, k) for f in factors]
        return [_Pass.joined(each), *(each[i] for i in shared)]

    passes: list[list[_Pass]] = []
    for found in in_order(run, zip(chosen.tolist(), sigmas.tolist(), strict=True), workers):
        passes.append(found)
        advance(1 / chosen.size)
    return [_covered(side, [p[i] for p in passes]) for i, side in enumerate(sides)]


def _spread(one: Logs, step: int) -> Logs:
    arrays = []
    for values in (one.log2, one.lower, one.upper):
        wide = np.full((values.size - 1) * step + 1, -np.inf)
        wide[::step] = values
        arrays.append(wide)
    return Logs(one.lowest * step, *arrays)


def _pass(factors: Factors, tilt: float, n: int, k: int) -> _Pass:
    width = factors.width
    b = np.arange(1 - width, width)
    turns = (np.outer(b, np.arange(1, k + 1)) + n // 2) % n - n // 2  # of 2 pi / n, within half a turn
    angles = 2 * np.pi / n * turns
    powers = np.stack([b, b**2, b**3, b**4, np.abs(b), 0 * b, 0 * b, 0 * b], axis=1).astype(np.float64)
    table = np.ascontiguousarray(np.concatenate([powers, -2 * np.sin(angles / 2) ** 2, np.sin(angles)], axis=1))
    moments, phi = np.zeros(circle.MOMENTS), np.zeros((2, k))
    with np.errstate(under="ignore"):
        weights = np.exp(np.clip(tilt * b, None, 700))  # those above 1 are not used
    lags, sparse = np.zeros(width), 1 + len(factors.rows) // _SAMPLED
    arrays = factors.rows, factors.copies, factors.tops
    largest = circle.tilted(*arrays, weights, tilt > 0, table, min(sparse, 8), moments, lags, phi)
    high, low, centre, off, variance, fourth, distance = moments.tolist()
    return _Pass(tilt, n, (high, low), int(centre), centre + off, variance, fourth, distance, float(largest), lags, phi)


def _covered(factors: list[Factors], passes: list[_Pass]) -> Logs:
    """Every coefficient from the pass whose mean is nearest, in standard deviations."""
    degree = sum(f.degree for f in factors)
    means = np.array([p.mean for p in passes])
    sigmas = np.sqrt(np.maximum([p.variance for p in passes], 1e-12))
    between = (means[:-1] * sigmas[1:] + means[1:] * sigmas[:-1]) / (sigmas[:-1] + sigmas[1:])
    edges = np.concatenate([[0], np.clip(np.ceil(between), 0, degree + 1), [degree + 1]]).astype(np.int64)
    edges = np.maximum.accumulate(edges)
    values, lower, upper = (np.empty(degree + 1) for _ in range(3))
    totals = np.array([p.total for p in passes])
    at = np.array([p.tilt for p in passes])
    # of log P(exp(t)), with exp(t a) for exp(t (a - base))
    plain = totals + np.where(at > 0, at * degree, 0.0)
    for start, stop, one in zip(edges[:-1].tolist(), edges[1:].tolist(), passes, strict=True):
        if start == stop:
            continue
        missed = _aliases(one, start, stop - 1, degree, at, plain) + _angles(one)
        here = slice(start, stop)
        _stretch(factors, one, degree, start, missed, values[here], lower[here], upper[here])
    return Logs(0, values, lower, upper)


def _aliases(one: _Pass, first: int, last: int, degree: int, at: Floats, plain: Floats) -> float:
    """Bound of the probability that S is n or more away from first, ..., last; outward for rounding."""
    own = one.total + (one.tilt * degree if one.tilt > 0 else 0.0)
    bound = 0.0
    for x, side in ((first + one.n, at >= one.tilt), (last - one.n, at <= one.tilt)):
        if 0 <= x <= degree:
            slack = 1e-10 * (np.abs(plain) + abs(own) + np.abs(at) * degree)
            exponents = plain - own - (at - one.tilt) * x + slack
            bound += math.exp(min(float(exponents[side].min()), 0.0))
    return bound


def _angles(one: _Pass) -> float:
    """Bound of (1 / n) sum |phi(theta_k)| over the angles that were left out."""
    thetas = 2 * math.pi / one.n * np.arange(one.phi.shape[1] + 1, (one.n + 1) // 2)
    h = one.lags[1:].sum() - chebyshev.chebval(np.cos(thetas), [0.0, *one.lags[1:]])
    f = 0.5 * (thetas**2 * one.variance * (1 - 1e-6) - thetas**4 * one.fourth / 24 * (1 + 1e-6))
    # h may cancel where it is small
    h = (h - 1e-9 * one.lags[1:].sum()) * (1 - 1e-6)
    return 2 / one.n * float(np.exp(-np.maximum(np.maximum(f, h), 0.0)).sum()) * (1 + 1e-6)


def _stretch(
    factors: list[Factors],
    one: _Pass,
    degree: int,
    start: int,
    missed: float,
    values: Floats,
    lower: Floats,
    upper: Floats,
) -> None:
    """Write the coefficients from `start` on, and their bounds."""
    count = sum(f.count for f in factors)
    # factors of `product`, in the kernel and here
    blocks = circle.BLOCK**2
    steps = sum(-(-len(f.rows) // blocks) + 3 * int((f.copies > 1).sum()) + 1 for f in factors)
    width = max(f.width for f in factors)
    k = one.phi.shape[1]
    thetas = 2 * math.pi / one.n * np.arange(1, k + 1)
    size = np.hypot(*one.phi)
    # of each factor less 1: its table, its sum, its logarithm or the products within its block, twice
    each = 2 * width + 40 + 16 * (circle.BLOCK + 3)
    eta = UNIT * (each * thetas * one.distance * (1 + 1e-6) + 8 * steps)
    # |phi_j|^2 >= 1 - theta^2 times the variance: how small what is kept less 1 may get, and so its relative error
    least = np.maximum(1 - thetas**2 * one.largest * (1 + 1e-6), 1e-4)
    steep = np.exp(np.minimum(-0.5 * (blocks + 1) * np.log(least), 700.0))
    wrong = 1.05 * eta * np.minimum(size * steep, 1.0)
    absolute = missed + (2 * float(wrong.sum()) + 32 * (k + 1) * UNIT * (1 + 2 * float(size.sum()))) / one.n
    p = np.empty(values.size)
    circle.densities(one.phi, one.n, start - one.centre, p)
    base = degree if one.tilt > 0 else 0
    x = np.arange(start, start + values.size) - float(base)
    # log P_j from its terms, their products and the logarithms; terms from the rounded powers of exp(t)
    relative = UNIT * ((width + 14) * count + 16 * abs(one.total) + 8 * float(np.abs(one.tilt * x).max()))
    ends = one.log[0] - one.tilt * x
    ends += one.log[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        # where nothing is known to be there, half of what there may be
        values[:] = np.where(p > absolute, p, 0.5 * np.maximum(p + absolute, 0.0))
        lower[:], upper[:] = np.maximum(p - absolute, 0.0), np.maximum(p + absolute, 0.0)
        for out, off in ((values, 0.0), (lower, -relative), (upper, relative)):
            np.log(out, out=out)
            out += ends
            out += off
            out *= 1 / math.log(2)
    lower -= 8 * UNIT * np.abs(np.where(np.isfinite(lower), lower, 0))
    upper += 8 * UNIT * np.abs(np.where(np.isfinite(upper), upper, 0))
