"""Explicit random subset sum: the derivation behind `rss_n_explicit` and its relatives, step by step.

X_1, X_2, ... are independent, each with a density >= c on [-2a, 2a]. A_t is the set of targets z in I = [-b, b] that t of them reach within
eps by moves inside I: A_0 = [-eps, eps], and A_(t+1) is A_t together with the part of A_t + X_(t+1) in I, always a finite union of closed
intervals. v_t is the share of I in A_t, R_t = (1 - v_t) / v_t. First b = a; then b = 2a, where the drift is that of `da_cunha_2022`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks.lemma import lemma, require
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_most
from slth import laws
from slth.bounds.subset_sums.explicit import (
    explicit_constants,
    rss_failure_explicit,
    rss_failure_explicit_full,
    rss_n_explicit,
    rss_n_explicit_full,
)
from slth.bounds.subset_sums.explicit_discrete import rss_failure_discrete, rss_n_discrete
from slth.subset_sum import coverage

_NEAR = ("rss_n_explicit", "rss_failure_explicit", "rss_mean_error_explicit")
_BOUNDS = (*_NEAR, "rss_n_explicit_full", "rss_failure_explicit_full")
_DISCRETE = ("rss_n_discrete", "rss_failure_discrete")
_CITES = ("slth", "dacunha2023revisiting")


@lemma(
    "step 1, a move at most doubles the share",
    means="exact",
    scope="all 1,023 unions of ten equal cells of [-a, a]; every real move, since the share is piecewise linear in it",
    bounds=(*_BOUNDS, *_DISCRETE),
    cites=_CITES,
)
def at_most_doubled() -> str:
    """If A is a finite union of intervals in [-b, b] with share v, then A together with the part of A + x in [-b, b] has a share in
    [v, min(2v, 1)], for every real x.

    Moving keeps lengths and cutting does not add any. The check measures the union: for cells of length h its share is linear in x between
    multiples of h, so that these are all there is to check.
    """
    cells = 10
    sets = _sets(cells)[1:]
    worst = Fraction(0)
    for move in range(-cells, cells + 1):
        moved = np.zeros_like(sets)
        low, high = max(move, 0), max(min(cells, cells + move), max(move, 0))
        moved[:, low:high] = sets[:, low - move : high - move]
        before, after = sets.sum(axis=1), np.maximum(sets, moved).sum(axis=1)
        require((after >= before).all() and (after <= 2 * before).all(), f"a share more than doubles at x = {move} h")
        worst = max(worst, *(Fraction(int(p), int(q)) for p, q in zip(after, before, strict=True)))
    return f"largest growth {worst}, over {len(sets)} sets and {2 * cells + 1} moves"


@lemma(
    "step 2, the drift, one pair of intervals",
    means="symbolic",
    scope="all pairs of intervals, hence by adding up all finite unions of intervals",
    bounds=_NEAR,
    cites=_CITES,
)
def drift_of_a_pair() -> str:
    """If X has a density >= c on [-2a, 2a], then E[v_(t+1) given the past] >= v_t + 2ac v_t (1 - v_t) on I = [-a, a].

    What is new is the part of A + X in the rest B of I, A and B disjoint unions of intervals J and K. As K - J lies in [-2a, 2a], where
    the density is at least c, the pair contributes E abs(K and (J + X)) >= c times the integral of abs(K and (J + x)) over all x, and this
    is abs(J) abs(K): the length of the overlap is a trapezoid in x. The sum over all pairs is c abs(A) abs(B) = c (2a)^2 v (1 - v), of
    which v_(t+1) - v_t is the share, 1/(2a). The check integrates the trapezoid for lengths m and m + d, and sums up.
    """
    m, d, x = sympy.symbols("m d x", nonnegative=True)
    # with J of length m to the left of K of length m + d, x counted from the first contact
    overlap = ((x, 0, m), (m, m, m + d), (2 * m + d - x, m + d, 2 * m + d))
    area = sum(sympy.integrate(piece, (x, low, high)) for piece, low, high in overlap)
    require(sympy.expand(area - m * (m + d)) == 0, f"the overlap integrates to {sympy.factor(area)}")
    a, c, v = sympy.symbols("a c v", positive=True)
    gain = c * (2 * a * v) * (2 * a * (1 - v)) / (2 * a)
    require(sympy.expand(gain - 2 * a * c * v * (1 - v)) == 0, f"the gain is {gain}")
    return f"the integral of the overlap is {sympy.factor(area)} = abs(J) abs(K); the gain {sympy.factor(gain)}"


@lemma(
    "step 2, the drift, whole sets",
    means="exact",
    scope="all 254 proper unions of eight equal cells of [-a, a]; densities c = 1/(8a) with the rest on one of 16 cells, and c = 1/(4a)",
    bounds=_NEAR,
    cites=_CITES,
    control=Fraction(9, 4),
)
def drift_on_cells(claim: Fraction = Fraction(2)) -> str:
    """If X has a density >= c on [-2a, 2a], then E[v_(t+1) given the past] >= v_t + 2ac v_t (1 - v_t), with equality for the density
    c = 1/(4a) on [-2a, 2a].

    Here E[v_(t+1)] is computed without Fubini's theorem, from the share as a function of X, which is linear between multiples of the cell
    length; in whole numbers.
    """
    cells = 8
    sets = _sets(cells)[1:-1]
    new = np.zeros((len(sets), 2 * cells + 1), np.int64)  # cells of (A + x) outside A, at x = (j - cells) h
    for j in range(2 * cells + 1):
        low, high = max(j - cells, 0), min(cells, j)
        new[:, j] = (sets[:, cells - j + low : cells - j + high] * (1 - sets[:, low:high])).sum(axis=1)
    sizes = sets.sum(axis=1)
    twice = new[:, 1:] + new[:, :-1]  # twice the mean over each of the 2 cells = 16 cells of x
    # densities in units of 1 / (8a): all 1, and 16 more on one cell, which is half of the mass; or all 2
    tight = []
    for weights in (*(np.ones(2 * cells, np.int64) + 16 * np.eye(2 * cells, dtype=np.int64)), np.full(2 * cells, 2)):
        c = int(weights.min())
        # the expected number of new cells is twice @ weights / 64; claimed are claim * a c v (1 - v) * 8 with a c = min(weights) / 8
        left = twice @ weights * claim.denominator
        right = claim.numerator * c * sizes * (cells - sizes)
        require((left >= right).all(), f"a drift of {claim} a c v (1 - v) fails")
        tight.append(bool((left == right).all()))
    require(claim != 2 or (tight[-1] and not any(tight[:-1])), "equality is not where it should be")
    return f"holds for {len(sets)} sets and {len(tight)} densities; an equality for all sets at c = 1/(4a)"


@lemma("step 3, the chord bound", means="symbolic", scope="all v > 0 and v <= w <= 2v", bounds=_BOUNDS, cites=_CITES)
def chord_bound() -> str:
    """1/w lies below its chord between v and 2v: 1/w <= 1/v - (w - v) / (2 v^2) for v <= w <= 2v."""
    v, s = sympy.symbols("v s", positive=True)  # w = v (1 + s), 0 <= s <= 1
    slack = 1 / v - v * s / (2 * v**2) - 1 / (v * (1 + s))
    factored = sympy.factor(sympy.simplify(slack))
    require(sympy.simplify(factored - s * (1 - s) / (2 * v * (1 + s))) == 0, f"the slack is {factored}")
    return "slack = s (1 - s) / (2 v (1 + s)) >= 0, where w = v (1 + s)"


@lemma(
    "step 4, the contraction",
    means="symbolic",
    scope="all v in (0, 1], all w between v and min(2v, 1) at random with the drift; ac in (0, 1/4]",
    bounds=(*_BOUNDS, *_DISCRETE),
    cites=_CITES,
)
def contraction() -> str:
    """If w = v_(t+1) lies in [v, min(2v, 1)] and E[w] >= v + 2ac v (1 - v), where v = v_t, then E[R_(t+1)] <= (1 - ac) R_t for
    R = (1 - v) / v. For v <= 1/2 no smaller factor follows from these two properties.

    R = 1/v - 1, and the expectation of the chord falls with E[w]. Equality: w is 2v with probability 2ac (1 - v), else v.
    """
    v, a, c = sympy.symbols("v a c", positive=True)
    drift = 2 * a * c * v * (1 - v)
    chord = 1 / v - drift / (2 * v**2) - 1
    require(sympy.simplify(chord - (1 - a * c) * (1 - v) / v) == 0, f"the chord gives {sympy.factor(chord)}")
    p = 2 * a * c * (1 - v)
    require(sympy.simplify(p * 2 * v + (1 - p) * v - v - drift) == 0, "the two values do not have the drift")
    attained = p * (1 / (2 * v) - 1) + (1 - p) * (1 / v - 1)
    require(sympy.simplify(attained - chord) == 0, "the two values do not attain it")
    return "E[R'] <= (1 - ac) (1 - v) / v, attained by w in {v, 2v}"


@lemma(
    "step 5, from measure to every target",
    means="symbolic",
    scope="all 0 < eps <= b and all z in [-b, b]; whole numbers likewise",
    bounds=(*_BOUNDS, *_DISCRETE),
    cites=_CITES,
)
def no_wide_hole() -> str:
    """If less than eps of I = [-b, b] is outside A and 0 < eps <= b, then every z in I has a point of A within eps, and so a subset sum
    within 2 eps. For whole numbers: if at most h of the points -M..M are outside A, h <= M, then each of them has a point of A within h.

    The part of I within eps of z has length min(2 eps, b - z + eps, b + z + eps, 2b), each at least eps; so A meets it. The part of
    -M..M within h of z has min(2h + 1, M - z + h + 1, M + z + h + 1, 2M + 1) points, each at least h + 1.
    """
    eps, more, left, right = sympy.symbols("eps more left right", nonnegative=True)  # left = b + z, right = b - z
    for lengths, least in (
        ((2 * eps, right + eps, left + eps, 2 * (eps + more)), eps),  # b = eps + more
        ((2 * eps + 1, right + eps + 1, left + eps + 1, 2 * (eps + more) + 1), eps + 1),
    ):
        slacks = [sympy.expand(length - least) for length in lengths]
        require(all(slack.is_nonnegative for slack in slacks), f"slacks {slacks}")
    return "all eight slacks are sums of terms >= 0"


@lemma(
    "step 6, Markov",
    means="symbolic",
    scope="all 0 < eps <= b; all whole 0 <= d <= Delta <= M, M >= 1",
    bounds=(*_BOUNDS, *_DISCRETE),
    cites=_CITES,
)
def markov() -> str:
    """With v_0 = eps/b: P(eps or more of [-b, b] is uncovered) <= (b - eps)(2b - eps) / eps^2 (1 - ac)^n <= 2 b^2 / eps^2 (1 - ac)^n. Whole
    numbers, A_0 = {-d..d}: P(more than Delta - d points are uncovered) <= (2M - 2d)(2M - Delta + d) / ((2d + 1)(Delta - d + 1)) (1 - ac)^n.

    eps or more is uncovered if and only if R_n >= eps / (2b - eps). Markov's inequality with E[R_n] <= (1 - ac)^n R_0.
    """
    eps, more = sympy.symbols("eps more", nonnegative=True)
    b = eps + more

    def ratio(share: Any) -> Any:
        return (1 - share) / share

    start, threshold = ratio(eps / b), ratio(1 - eps / (2 * b))
    factor = sympy.simplify(start / threshold)
    require(sympy.simplify(factor - (b - eps) * (2 * b - eps) / eps**2) == 0, f"the factor is {factor}")
    slack = sympy.expand(2 * b**2 - (b - eps) * (2 * b - eps))
    require(slack.is_nonnegative, f"slack {slack}")
    M, Delta, d = sympy.symbols("M Delta d", nonnegative=True)
    points = 2 * M + 1
    factor = ratio((2 * d + 1) / points) / ratio(1 - (Delta - d + 1) / points)
    stated = (2 * M - 2 * d) * (2 * M - Delta + d) / ((2 * d + 1) * (Delta - d + 1))
    require(sympy.simplify(factor - stated) == 0, f"the discrete factor is {sympy.factor(factor)}")
    return f"both factors; 2 b^2 - (b - eps)(2b - eps) = {sympy.factor(slack)}, b = eps + more"


@lemma(
    "the bounds as computed",
    means="exact",
    scope="2,400 random arguments, err down to 1e-4, delta down to 1e-6, for each of the two intervals; 400 for whole numbers",
    bounds=("rss_n_explicit", "rss_n_explicit_full", "rss_n_discrete"),
    cites=_CITES,
)
def least_n() -> str:
    """rss_n_explicit is the least whole n >= 0 with 2a^2 (1 - ac)^n <= (err/2)^2 delta, rss_n_explicit_full that with 8a^2, rss_n_discrete
    the least t >= 0 with K (1 - p/4)^t <= delta, K the least factor of step 6 over its d.

    The arguments are the floats that they are, the inequality is checked in fractions, at n and at n - 1. Where both sides agree to all but
    the last digits of a float, which no random argument meets, n may be off by one.
    """
    rng = np.random.default_rng(4)
    largest = 0
    for _ in range(2400):
        a, ac = float(2.0 ** rng.integers(-4, 5)), float(rng.uniform(0.02, 0.25))
        err, delta, c = float(a * 10 ** rng.uniform(-4, 0.3)), float(10 ** rng.uniform(-6, 0)), ac / a
        for found, width in (
            (rss_n_explicit(err, delta, a, c), Fraction(a)),
            (rss_n_explicit_full(err, delta, a, c), 2 * Fraction(a)),
        ):
            goal = (Fraction(err) / 2) ** 2 * Fraction(delta) / (2 * width**2)
            _is_least(found, 1 - Fraction(a) * Fraction(c), goal, f"err={err}, delta={delta}, a={a}, c={c}")
            largest = max(largest, found)
    for _ in range(400):
        M, p, delta = int(rng.integers(1, 200)), float(rng.uniform(0.1, 1)), float(10 ** rng.uniform(-6, 0))
        Delta = int(rng.integers(0, min(M // 3, 8) + 1))
        K = min(
            Fraction((2 * M - 2 * d) * (2 * M - Delta + d), (2 * d + 1) * (Delta - d + 1)) for d in range(Delta + 1)
        )
        found = rss_n_discrete(M, delta, Delta, p)
        _is_least(found, 1 - Fraction(p) / 4, Fraction(delta) / K, f"M={M}, Delta={Delta}, delta={delta}, p={p}")
    return f"least at every point; the largest is {largest}"


@lemma(
    "the bounds as computed, far out",
    means="exact",
    scope="72 arguments, err and delta down to 1e-300, n up to a million",
    bounds=("rss_failure_explicit", "rss_failure_explicit_full", "rss_failure_discrete"),
    cites=_CITES,
)
def failure_to_rounding() -> str:
    """rss_failure_explicit is min(1, 2a^2 / (err/2)^2 (1 - ac)^n), rss_failure_explicit_full that with 8a^2, rss_failure_discrete likewise
    with the factor of step 6, to a relative accuracy of 1e-9.

    The formula, in balls of 200 bits, contains the computed number once it is given that relative width.
    """
    points = 0
    with precision(200):
        for n in (0, 1, 17, 400, 10_000, 1_000_000):
            for err in (1.0, 0.1, 1e-3, 1e-300):
                for c, a in ((0.5, 0.5), (1e-6, 2.0), (0.25, 0.18)):
                    kept = (1 - arb(a) * arb(c)) ** n
                    for found, factor in (
                        (rss_failure_explicit(n, min(err, 2 * a), a, c), 2),
                        (rss_failure_explicit_full(n, min(err, 2 * a), a, c), 8),
                    ):
                        _is_probability(
                            found, factor * (2 * arb(a) / arb(min(err, 2 * a))) ** 2 * kept, f"{n=}, {err=}"
                        )
                    points += 1
            for M, Delta in ((1, 0), (1000, 0), (1000, 10)):
                d = min(
                    range(Delta + 1),
                    key=lambda d: Fraction((2 * M - 2 * d) * (2 * M - Delta + d), (2 * d + 1) * (Delta - d + 1)),
                )
                least = arb(fmpq((2 * M - 2 * d) * (2 * M - Delta + d), (2 * d + 1) * (Delta - d + 1)))
                _is_probability(rss_failure_discrete(n, M, Delta), least * arb(fmpq(3, 4)) ** n, f"{n=}, {M=}")
    return f"within 1e-9 at {points} points, for both intervals"


@lemma(
    "the constants c and a of laws",
    means="symbolic",
    scope="U[-1, 1], p U[-1, 1] + other, N(0, s^2) for all s > 0, U[0, 1] U[-1, 1]",
    bounds=_BOUNDS,
    cites=("slth",),
)
def constants_of_laws() -> str:
    """For a density >= c on [-2a, 2a]: laws that contain p U[-1, 1] have c = p/2 at a = 1/2; N(0, s^2) has c = phi(2a/s)/s, best at a = s/2
    with ac = phi(1)/2; the product of U[0, 1] and U[-1, 1] has c = -ln(2a)/2, best at a = 1/(2e) with ac = 1/(4e). Always ac <= 1/4.

    Both densities fall with abs(x), so that c is the density at 2a; the stationary point is the only one, and a maximum.
    `explicit_constants` finds the largest ac to nine digits.
    """
    a, s, x, u = sympy.symbols("a s x u", positive=True)
    # P(UV <= x) of U, V in [0, 1]: U <= x, or V <= x / U
    product = sympy.diff(x + sympy.integrate(x / u, (u, x, 1)), x) / 2
    require(sympy.simplify(product + sympy.log(x) / 2) == 0, f"the density of the product is {product}")
    normal = sympy.exp(-(x**2) / (2 * s**2)) / (s * sympy.sqrt(2 * sympy.pi))
    for density, best, weight, law in (
        (product, 1 / (2 * sympy.E), 1 / (4 * sympy.E), "product"),
        (normal, s / 2, sympy.exp(sympy.Rational(-1, 2)) / (2 * sympy.sqrt(2 * sympy.pi)), "normal"),
    ):
        ac = a * density.subs(x, 2 * a)
        require(
            sympy.solve(sympy.diff(ac, a), a) == [best], f"{law}: stationary at {sympy.solve(sympy.diff(ac, a), a)}"
        )
        require(sympy.simplify(sympy.diff(ac, a, 2).subs(a, best)).is_negative, f"{law}: no maximum")
        require(sympy.simplify(ac.subs(a, best) - weight) == 0, f"{law}: ac = {ac.subs(a, best)}")
        found, exact = explicit_constants(law), float(weight)
        require(abs(found.a * found.c / exact - 1) < 1e-9, f"explicit_constants({law!r}) has ac = {found.a * found.c}")
    for weight in (0.25, 1.0):
        mixed = laws.Uniform() if weight == 1 else laws.Mixture(weight, laws.Uniform(), laws.Uniform(2, 3))
        require(explicit_constants(mixed, 0.5).c == weight / 2, f"explicit_constants({mixed.name}) is off")
    return "ac = p/4, phi(1)/2 = 0.12099, 1/(4e) = 0.09197; found by explicit_constants"


@lemma(
    "the theorem",
    means="statistical",
    scope="U[-1, 1], N(0, 1), U[0, 1] U[-1, 1]; both intervals, err = 0.1 and 0.95 of their half-width, n from 8 to 72; 2,000 rows, "
    "coverage bounded rigorously",
    bounds=_BOUNDS,
    cites=("slth",),
    false_alarm=1e-9,
    control=4.0,
)
def never_violated(claim: float = 1.0) -> str:
    """P(some z in [-a, a] has no subset sum of n samples within err) <= rss_failure_explicit(n, err, a, c), and likewise on [-2a, 2a].

    A failure is counted only where `coverage` proves one. The control claims the bound that holds at n already at n / 4. With err so large
    that one sample can do, failures are not rare even where the bound is below 1.
    """
    trials, tests, below, failures = 2000, 0, 0, 0
    for law in ("uniform", "normal", "product"):
        a, c = (k := explicit_constants(law)).a, k.c
        for reach, bound in ((a, rss_failure_explicit), (2 * a, rss_failure_explicit_full)):
            samples = laws.get(law).sample((trials, 72), np.random.default_rng(5))
            for err in (0.1, 0.95 * reach):
                found = coverage(samples, err, (-reach, reach), method="grid", workers=1)
                for n in (8, 12, 16, 24, 32, 48, 72):
                    failed, limit = int((found.first_n_lower > n).sum()), bound(round(claim * n), err, a, c)
                    what = f"{law}, n = {n}, err = {err:.3g}, targets up to {reach:.3g}"
                    probability_at_most(limit, failed, trials, 1e-9 / 84, what)
                    tests += 1
                    if limit < 1:
                        below, failures = below + 1, failures + failed
    return (
        f"{tests} tests; the bound is below 1 in {below} of them, in which {failures} of {below * trials:,} rows fail"
    )


def _sets(cells: int) -> Any:
    """All unions of cells, (2^cells, cells) of 0 and 1."""
    return (np.arange(1 << cells)[:, None] >> np.arange(cells)) & 1


def _is_least(n: int, base: Fraction, goal: Fraction, what: str) -> None:
    """Require base^n <= goal, and not one less."""
    require(base**n <= goal, f"{n} is too few at {what}")
    require(n == 0 or base ** (n - 1) > goal, f"{n - 1} is enough at {what}")


def _is_probability(found: float, formula: Any, what: str) -> None:
    """Require min(1, formula) to 1e-9; numbers below 1e-280 may have lost digits or become 0."""
    if formula > 1:
        require(found == 1, f"{found} at {what}, where the formula is above 1")
    elif formula < arb(1e-280):
        require(0 <= found < 1e-279, f"{found} at {what}, where the formula is below 1e-280")
    else:
        require(abs(arb(found) / formula - 1) < arb(1e-9), f"{found} at {what}, where the formula is {formula}")
