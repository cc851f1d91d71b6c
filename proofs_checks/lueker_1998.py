"""Lueker 1998, "Exponentially small bounds on the expected optimum of the partition and subset sum problems".

The paper's own proof, by martingale concentration of the covered share, is not rebuilt here. Its statements in the forms in which they are
used follow from the explicit bounds (`explicit_rss`), with constants: the expected optimum falls exponentially, and n >= C ln(2 / min(eps,
delta)) samples reach all of [-1, 1]. Samples that only contain a uniform law are thinned to it.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb, log, sqrt

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_most
from slth import laws
from slth.bounds.subset_sums.asymptotic import rss_lueker_constant, rss_n_lueker
from slth.bounds.subset_sums.explicit import rss_mean_error_explicit, rss_n_explicit_full
from slth.subset_sum import coverage

_CITES = ("lueker1998exponentially", "slth")
_BOUNDS = ("rss_n_lueker", "rss_lueker_constant")


@lemma(
    "laws that contain a uniform one",
    means="exact",
    scope="p = 1/3, n <= 4, uniform on {-2..2}, two other laws, two target sets, both tolerances 0 and 1; all outcomes, in fractions",
    bounds=_BOUNDS,
    cites=_CITES,
)
def thinning() -> str:
    """If each sample is uniform with probability p and else of another law, then the probability that n of them reach all targets is at
    least that of K uniform ones, where K is binomial (n, p); in particular a law contains at least what its uniform part does.

    The samples that are drawn from the uniform part are K uniform ones, and whatever they reach, all n reach. The check enumerates both
    sides.
    """
    uniform = {x: Fraction(1, 5) for x in range(-2, 3)}
    p, least = Fraction(1, 3), []
    for other in ({5: Fraction(1)}, {-1: Fraction(1, 2), 3: Fraction(1, 2)}):
        mixed = {x: p * uniform.get(x, Fraction(0)) + (1 - p) * other.get(x, Fraction(0)) for x in {**uniform, **other}}
        for targets, tolerance in product((range(-1, 2), range(3)), (0, 1)):
            alone = [_reaches(uniform, k, targets, tolerance) for k in range(5)]
            for n in range(1, 5):
                thinned = sum((comb(n, k) * p**k * (1 - p) ** (n - k) * alone[k] for k in range(n + 1)), Fraction(0))
                gain = _reaches(mixed, n, targets, tolerance) - thinned
                require(gain >= 0, f"thinning gains {gain} at n = {n}, targets {targets}, tolerance {tolerance}")
                least.append(gain)
    return f"{len(least)} comparisons; the mixture is ahead by {float(min(least)):.3g} to {float(max(least)):.3g}"


@lemma(
    "theorem, with a constant",
    means="rigorous",
    scope="all eps and delta in (0, 1), all p in (0, 1]",
    bounds=(*_BOUNDS, "rss_n_explicit_full"),
    cites=_CITES,
)
def constant() -> str:
    """Samples with a density of at least p times that of U[-1, 1]: n >= C ln(2 / min(eps, delta)) of them reach every z in [-1, 1] within
    eps with probability at least 1 - delta, for C = 3 / -ln(1 - p/4).

    With a = 1/2, c = p/2 the explicit bound on [-2a, 2a] = [-1, 1] asks for n >= ln(8 / (eps^2 delta)) / -ln(1 - p/4), and with m =
    min(eps, delta) 8 / (eps^2 delta) <= (2 / m)^3: in logarithms x = ln(1/eps), y = ln(1/delta), the difference of the two sides is
    3 max(x, y) - 2x - y, which is d or 2d for d = abs(x - y). The check is this identity, the value of C in balls, and both functions at
    3,000 points.
    """
    x, y, d = sympy.symbols("x y d", nonnegative=True)
    slacks = [sympy.expand(3 * (x + d) - 2 * x - (x + d)), sympy.expand(3 * (y + d) - 2 * (y + d) - y)]
    require(slacks == [2 * d, d], f"slacks {slacks}")
    with precision(100):
        for p in (1.0, 0.5, 1e-3, 1e-9):
            exact = 3 / -(1 - arb(p) / 4).log()
            require(
                abs(arb(rss_lueker_constant(p)) / exact - 1) < arb(1e-14), f"rss_lueker_constant({p}) is not {exact}"
            )
    rng = np.random.default_rng(11)
    most = 0.0
    eps, delta = 10.0 ** -(rng.uniform(0.01, 300, (2, 1000)) ** rng.choice([0.2, 1.0], (2, 1000)))
    for p in (1.0, 0.3, 1e-4):
        stated, needed = rss_n_lueker(eps, delta, rss_lueker_constant(p)), rss_n_explicit_full(eps, delta, 0.5, p / 2)
        require(
            (stated * (1 + 1e-12) >= needed).all(), f"rss_n_lueker asks for less than rss_n_explicit_full at p = {p}"
        )
        most = max(most, float((needed / stated).max()))
    return f"C(1) = {rss_lueker_constant():.4f}; the explicit bound asks for at most {most:.4f} of it"


@lemma(
    "theorem, with a constant: simulated",
    means="statistical",
    scope="U[-1, 1]; eps = delta = 0.1, 0.03 and 0.01; 4,000 rows of samples, coverage of [-1, 1] bounded rigorously",
    bounds=_BOUNDS,
    cites=_CITES,
    false_alarm=1e-9,
    control=1.0,
)
def enough(claim: float | None = None) -> str:
    """rss_n_lueker(eps, delta, C) samples of U[-1, 1] reach every z in [-1, 1] within eps with probability at least 1 - delta, for
    C = 3 / ln(4/3) = 10.43. The control is C = 1.
    """
    C = rss_lueker_constant() if claim is None else claim
    trials, seen = 4000, []
    for eps in (0.1, 0.03, 0.01):
        n = rss_n_lueker(eps, eps, C)
        samples = laws.get("uniform").sample((trials, n), np.random.default_rng(12))
        found = coverage(samples, eps, (-1, 1), method="grid", workers=1)
        probability_at_most(
            eps, int((found.first_n_lower > n).sum()), trials, 1e-9 / 3, f"eps = delta = {eps}, n = {n}"
        )
        seen.append(f"{int(np.quantile(found.first_n_upper, 1 - eps, method='higher'))} of {n}")
    return f"enough with probability 1 - delta: {', '.join(seen)}"


@lemma(
    "abstract: the expected optimum",
    means="symbolic",
    scope="all n >= 0, all a > 0, 0 < ac <= 1/4",
    bounds=("rss_mean_error_explicit",),
    cites=_CITES,
)
def expected_optimum() -> str:
    """The error at the worst target of [-a, a] has expectation at most 4 sqrt(2) a (1 - ac)^(n/2), if the samples have a density >= c on
    [-2a, 2a]: exponentially small, as the abstract claims of the optimum of partition and subset sum.

    P(error > t) <= min(1, s^2 / t^2) with s = sqrt(8) a (1 - ac)^(n/2) by the explicit bound, for t in (0, 2a], and the error is at most
    a, by the empty sum. The expectation is the integral of P over t, at most that of min(1, s^2 / t^2) over all t > 0: s + s.
    """
    s, t = sympy.symbols("s t", positive=True)
    integral = s + sympy.integrate(s**2 / t**2, (t, s, sympy.oo))
    require(sympy.simplify(integral - 2 * s) == 0, f"the integral is {integral}")
    with precision(100):
        for n, a, c in ((0, 1.0, 0.01), (10, 0.5, 0.5), (37, 0.18, 0.25), (500, 3.0, 0.05), (4000, 0.5, 0.5)):
            exact = 4 * arb(2).sqrt() * arb(a) * (1 - arb(a) * arb(c)) ** (arb(n) * arb(fmpq(1, 2)))
            exact = exact if exact < arb(a) else arb(a)
            found = rss_mean_error_explicit(n, a, c)
            require(abs(arb(found) / exact - 1) < arb(1e-12), f"rss_mean_error_explicit({n}, {a}, {c}) is {found}")
    return "the integral is 2 s, and the function agrees with it to 1e-12"


@lemma(
    "abstract: the expected optimum, simulated",
    means="statistical",
    scope="U[-1, 1], targets in [-1/2, 1/2], n = 4, 14, 20 and 28; 600 rows each, the worst error from all sums of up to 12; Hoeffding",
    bounds=("rss_mean_error_explicit",),
    cites=_CITES,
    false_alarm=1e-9,
    control=6.0,
)
def mean_error(claim: float = 1.0) -> str:
    """E sup over z in [-1/2, 1/2] of min over S of abs(z - sum of S) <= 2 sqrt(2) (3/4)^(n/2) for n samples of U[-1, 1]. The control claims
    the same at a sixth of the samples.

    More than 12 samples are given the error of their first 12, which is no smaller. Up to n = 12 the bound is the error of the empty sum.
    """
    trials, means = 600, []
    margin = 0.5 * sqrt(log(4 / 1e-9) / (2 * trials))  # of a mean of numbers in [0, 1/2]
    for n in (4, 14, 20, 28):
        samples = laws.get("uniform").sample((trials, min(n, 12)), np.random.default_rng(n))
        mean = float(_worst_errors(samples).mean())
        limit = rss_mean_error_explicit(round(claim * n))
        require(mean <= limit + margin, f"mean error {mean:.4f} at n = {n}, claimed {limit:.2g}")
        means.append(f"{'at most ' if n > 12 else ''}{mean:.3g} of {limit:.3g} at n = {n}")
    return "; ".join(means)


claimed(
    "martingale",
    "the paper's own proof",
    "The covered share is a process whose logarithmic odds drift upwards; martingale concentration gives the exponential tail, with "
    "constants that the papers on lottery tickets do not state.",
    why="the constants are not published in a form that could be checked; the statement itself is proven above with others",
    bounds=("rss_n_lueker",),
    cites=("lueker1998exponentially",),
)


def _reaches(law: dict[int, Fraction], n: int, targets: range, tolerance: int) -> Fraction:
    """P(every target has a subset sum of n samples within the tolerance), over all outcomes."""
    total = Fraction(0)
    for outcome in product(law, repeat=n):
        sums = {0}
        for x in outcome:
            sums |= {s + x for s in sums}
        if all(any(abs(z - s) <= tolerance for s in sums) for z in targets):
            chance = Fraction(1)
            for x in outcome:
                chance *= law[x]
            total += chance
    return total


def _worst_errors(samples: np.ndarray) -> np.ndarray:
    """Distance of the worst z in [-1/2, 1/2] from the subset sums of each row, (rows,)."""
    sums = np.zeros((len(samples), 1))
    for x in samples.T:
        sums = np.concatenate([sums, sums + x[:, None]], axis=1)
    sums.sort(axis=1)
    # the worst targets are the ends, and the middles of gaps as far as they lie inside
    candidates = np.clip(0.5 * (sums[:, 1:] + sums[:, :-1]), -0.5, 0.5)
    candidates = np.concatenate([candidates, np.full((len(sums), 1), -0.5), np.full((len(sums), 1), 0.5)], axis=1)
    worst = np.empty(len(sums))
    for i, (row, points) in enumerate(zip(sums, candidates, strict=True)):
        place = np.searchsorted(row, points)
        below, above = row[np.maximum(place - 1, 0)], row[np.minimum(place, row.size - 1)]
        worst[i] = np.minimum(np.abs(points - below), np.abs(points - above)).max()
    return worst
