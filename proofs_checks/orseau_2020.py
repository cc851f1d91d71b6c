"""Orseau, Hutter, Rivasplata, "Logarithmic pruning is all you need" (NeurIPS 2020).

A weight of [0, 1] is a greedy sum of samples out of the cells [g^(i+1), g^i], g = (sqrt 5 - 1) / 2; hyperbolic sampling fills every cell
equally often, and filling them all is a coupon collector.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import sympy
from flint import arb

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_most
from slth.bounds.networks.golden_ratio import orseau_k, orseau_samples, orseau_samples_exact, orseau_samples_mean
from slth.laws import Hyperbolic

_CELLS = ("orseau_k",)
_SAMPLES = ("orseau_samples", "orseau_samples_exact")
_CITES = ("orseau2020logarithmic", "slth")

# a + b g with whole a, b; g^2 = 1 - g
Golden = tuple[int, int]


def _power(i: int) -> Golden:
    a, b = 1, 0
    for _ in range(i):
        a, b = b, a - b
    return a, b


def _less(x: Golden, y: Golden) -> bool:
    """x < y, exactly: the sign of a + b (sqrt 5 - 1) / 2, that is of (2 a - b) + b sqrt 5."""
    a, b = y[0] - x[0], y[1] - x[1]
    p, q = 2 * a - b, b
    if p >= 0 and q >= 0:
        return p > 0 or q > 0
    if p <= 0 and q <= 0:
        return False
    return p * p > 5 * q * q if p > 0 else 5 * q * q > p * p


def _minus(x: Golden, y: Golden) -> Golden:
    return x[0] - y[0], x[1] - y[1]


@lemma(
    "golden-ratio lemma",
    means="symbolic",
    scope="all k, all w in [0, 1], all x_i in their cells: one step of the induction",
    bounds=_CELLS,
    cites=_CITES,
)
def greedy_step() -> str:
    """Let g = (sqrt 5 - 1) / 2 and x_i in [g^(i+1), g^i] for i = 1, ..., k. For every w in [0, 1] the greedy rule, r = w and then for
    each i in turn r = r - x_i if r >= x_i, ends with 0 <= r <= g^k.

    Induction: let 0 <= r <= g^(i-1). If r < x_i it stays, below g^i. Otherwise 0 <= r - x_i <= g^(i-1) - g^(i+1) = g^i (1/g - g), and
    1/g - g = 1.
    """
    g = (sympy.sqrt(5) - 1) / 2
    require(sympy.simplify(1 / g - g - 1) == 0, f"1/g - g = {sympy.simplify(1 / g - g)}")
    i = sympy.Symbol("i", integer=True, positive=True)
    gap = sympy.simplify((g ** (i - 1) - g ** (i + 1)) / g**i - 1)
    require(gap == 0, f"g^(i-1) - g^(i+1) = (1 + {gap}) g^i")
    return "1/g - g = 1, so that both branches end within [0, g^i]"


@lemma(
    "golden-ratio lemma, the worst cases",
    means="exact",
    scope="k = 1..7: every choice of ends of the cells, at and just below every jump of the residual, in Z[g]",
    bounds=_CELLS,
    cites=_CITES,
)
def greedy_exact() -> str:
    """The residual of the greedy rule stays in [0, g^k], and comes as close to g^k as one likes.

    For fixed x the residual is w minus a constant between its jumps, so that its supremum is approached from the left at jumps, or
    reached at w = 1. Those left limits follow from the rule with r > x_i in place of r >= x_i.
    """
    cases = reached = 0
    for k in range(1, 8):
        end = _power(k)
        for choice in product((0, 1), repeat=k):
            x = [_power(i + 1 + low) for i, low in enumerate(choice)]
            sums = {(0, 0), (1, 0)}
            for item in x:
                sums |= {(s[0] + item[0], s[1] + item[1]) for s in sums}
            for w in (s for s in sums if not _less((1, 0), s) and not _less(s, (0, 0))):
                at = below = w
                for item in x:
                    at = at if _less(at, item) else _minus(at, item)
                    below = _minus(below, item) if _less(item, below) else below
                cases += 1
                require(not _less(at, (0, 0)) and not _less(end, at), f"residual {at} of w = {w}, x = {x}")
                require(not _less(end, below), f"left limit {below} of w = {w}, x = {x}")
                reached += below == end
    require(reached > 0, "the supremum is never g^k")
    return f"{cases} cases, {reached} of them with g^k as the residual's limit from the left"


@lemma(
    "golden-ratio lemma, no better ratio", means="symbolic", scope="all ratios h in (0, 1)", bounds=_CELLS, cites=_CITES
)
def golden_is_least() -> str:
    """Among cells [h^(i+1), h^i], i = 1, 2, ..., the greedy rule leaves at most h^k for all k exactly if h >= g: below, x_1 = h^2 leaves
    1 - h^2 > h of w = 1. So g takes the fewest cells for an error.

    1/h - h falls with h and is 1 at h = g.
    """
    h = sympy.Symbol("h", positive=True)
    slope = sympy.diff(1 / h - h, h)
    require(sympy.simplify(slope + 1 + 1 / h**2) == 0, f"slope {slope}")
    roots = sympy.solve(sympy.Eq(1 - h**2, h), h)
    require(len(roots) == 1 and sympy.simplify(roots[0] - (sympy.sqrt(5) - 1) / 2) == 0, f"1 - h^2 = h at {roots}")
    return "1 - h^2 = h at h = g alone; 1/h - h - 1 is positive below g and negative above"


@lemma(
    "number of cells",
    means="exact",
    scope="orseau_k at eps = 10^-j / 2 and 10^-j, j = 1..300, and 0.02, 0.04, ..., 0.98, in balls",
    bounds=_CELLS,
    cites=_CITES,
)
def cells() -> str:
    """k = ceil(log(1 / eps) / log(1 / g)) is the least k with g^k <= eps."""
    with precision(4000):
        g = (arb(5).sqrt() - 1) / 2
        values = [10.0**-j / i for j in range(1, 301) for i in (1, 2)] + [i / 50 for i in range(1, 50)]
        for eps in values:
            k = orseau_k(eps)
            require(g**k <= arb(eps), f"g^{k} > eps = {eps}")
            require(g ** (k - 1) > arb(eps), f"g^{k - 1} <= eps = {eps}")
    return f"{len(values)} errors; k = 5, 10, 15 for 0.1, 0.01, 0.001"


@lemma(
    "two neighbouring cells",
    means="exact",
    scope="x_i = g^i, k = 1..10: w = 1 and the ends of all intervals of constant choice in Z[g], and their left limits",
    bounds=_CELLS,
    cites=_CITES,
)
def neighbours() -> str:
    """With x_i = g^i the greedy rule never takes two neighbouring cells of w < 1, so at most (k + 1) / 2 cells in all; w = 1 = g + g^2
    takes the first two.

    r < g^(i-1) before cell i leaves r - g^i < g^(i+1) after it is taken, so that cell i + 1 is passed by.
    """
    for k in range(1, 11):
        x = [_power(i) for i in range(1, k + 1)]
        sums = {(0, 0), (1, 0)}
        for item in x:
            sums |= {(s[0] + item[0], s[1] + item[1]) for s in sums}
        # the choice is constant from one subset sum to the next, the left one included
        for w in (s for s in sums if not _less((1, 0), s)):
            taken = []
            rest = w
            for item in x:
                taken.append(not _less(rest, item))
                rest = _minus(rest, item) if taken[-1] else rest
            pair = any(a and b for a, b in pairwise(taken))
            require(pair == (w == (1, 0) and k >= 2), f"w = {w}: taken {taken}")
    return "k <= 10: a pair of neighbours is taken at w = 1 and nowhere else"


@lemma("hyperbolic sampling", means="symbolic", scope="all k and i", bounds=_SAMPLES, cites=_CITES)
def equal_mass() -> str:
    """Under the density 1 / (2 abs(x) ln(beta / alpha)) on alpha <= abs(x) <= beta each cell [g^(i+1), g^i] inside has the probability
    ln(1 / g) / (2 ln(beta / alpha)): 1 / (2 k) if k cells make up [alpha, beta].
    """
    low, x = sympy.symbols("low x", positive=True)
    k = sympy.Symbol("k", integer=True, positive=True)
    g = sympy.Symbol("g", positive=True)
    mass = sympy.integrate(1 / (2 * x * sympy.log(1 / g**k)), (x, g * low, low))
    require(sympy.simplify(sympy.expand_log(mass - 1 / (2 * k), force=True)) == 0, f"mass {mass}")
    golden = (math.sqrt(5) - 1) / 2
    law = Hyperbolic(golden**8, golden)
    masses = np.diff(np.asarray(law.cdf(golden ** np.arange(8, 0, -1.0))))
    require(np.allclose(masses, 1 / 14, rtol=1e-12), f"the law of slth.laws has masses {masses}")
    return "ln(1 / g) / (2 k ln(1 / g)) = 1 / (2 k) whatever the cell; slth.laws agrees at k = 7"


def _missed(k: int, n: int) -> Fraction:
    """P(some of k given coupons of 2 k is not among n draws), by inclusion and exclusion."""
    terms = ((-1) ** (j + 1) * math.comb(k, j) * (2 * k - j) ** n for j in range(1, k + 1))
    return Fraction(sum(terms), (2 * k) ** n)


@lemma(
    "coupon collector, the bound",
    means="exact",
    scope="k = 1..25, delta = 2^-1, ..., 2^-20; by inclusion and exclusion in integers",
    control=0.9,
    bounds=("orseau_samples",),
    cites=_CITES,
)
def collector_bound(claim: float = 1.0) -> str:
    """n >= 2 k ln(k / delta) draws of 2 k equally likely coupons contain k given ones with probability at least 1 - delta: a given one is
    missing with probability (1 - 1 / (2 k))^n <= e^(-n / (2 k)) <= delta / k.
    """
    largest = Fraction(0)
    for k in range(1, 26):
        for j in range(1, 21):
            delta = Fraction(1, 2**j)
            n = int(claim * orseau_samples(k, float(delta)))
            missed = _missed(k, n)
            require(missed <= delta, f"P(missing) = {float(missed):.3g} > {float(delta):.3g} at k = {k}, n = {n}")
            largest = max(largest, missed / delta)
    return f"500 pairs; P(missing) is at most {float(largest):.4f} delta"


@lemma(
    "coupon collector, exactly",
    means="exact",
    scope="k = 1..12, delta = 0.99, 0.5, 0.1, 0.01, 1e-6; means for k = 1..12",
    bounds=("orseau_samples_exact", "orseau_samples_mean"),
    cites=_CITES,
)
def collector_exact() -> str:
    """The least n that misses one of the k coupons with probability at most delta is orseau_samples_exact, and the mean of the draws
    until all are there is 2 k (1 + 1/2 + ... + 1/k).

    The mean is the sum of P(missing after n draws) over n >= 0: a geometric series for each term of inclusion and exclusion.
    """
    for k in range(1, 13):
        for delta in (0.99, 0.5, 0.1, 0.01, 1e-6):
            n = orseau_samples_exact(k, delta)
            require(_missed(k, n) <= Fraction(delta) < _missed(k, n - 1), f"{n} at k = {k}, delta = {delta:g}")
        mean = sum(((-1) ** (j + 1) * math.comb(k, j) * Fraction(2 * k, j) for j in range(1, k + 1)), Fraction())
        harmonic = 2 * k * sum(Fraction(1, j) for j in range(1, k + 1))
        require(mean == harmonic, f"mean {mean}, not {harmonic}")
        require(abs(orseau_samples_mean(k) / float(mean) - 1) < 1e-13, f"mean {orseau_samples_mean(k)} at k = {k}")
    require([orseau_samples_exact(k, 0.01) for k in (5, 10, 15)] == [59, 135, 216], "the 99 % quantiles are others")
    return "60 quantiles and 12 means; k = 5, 10, 15: means 22.83, 58.58, 99.55, 99 % quantiles 59, 135, 216"


@lemma(
    "the whole construction",
    means="statistical",
    scope="eps = 0.05, delta = 0.1: 3,000 sets of samples, 11 weights each",
    false_alarm=1e-9,
    control=0.5,
    bounds=("orseau_k", "orseau_samples"),
    cites=_CITES,
)
def construction(claim: float = 1.0) -> str:
    """With n = orseau_samples(orseau_k(eps), delta) hyperbolic samples, with probability at least 1 - delta, every w in [0, 1] is within
    eps of a greedy sum of at most one sample from each cell.
    """
    eps, delta, trials = 0.05, 0.1, 3000
    k = orseau_k(eps)
    n = int(claim * orseau_samples(k, delta))
    golden = (math.sqrt(5) - 1) / 2
    edges = golden ** np.arange(k + 1, 0, -1.0)
    drawn = Hyperbolic(float(edges[0]), float(edges[-1])).sample((trials, n), 2020)
    failures = 0
    for samples in drawn:
        cell = np.searchsorted(edges, samples) - 1
        x = [samples[cell == i][:1] for i in range(k - 1, -1, -1)]
        residual = np.linspace(0, 1, 11)
        for item in x:
            residual = residual - np.where(residual >= item, item, 0) if item.size else residual
        failures += bool((residual > eps).any() or (residual < 0).any() or any(item.size == 0 for item in x))
    probability_at_most(delta, failures, trials, 1e-9, "a cell is empty or a weight is missed")
    return f"k = {k}, n = {n}: {failures} failures of {trials}, at most {delta:g} allowed"


claimed(
    "batch_sampling",
    "batch sampling",
    "The neurons of a layer are sampled together, so that a target weight costs O(log(1 / eps)) of them up to additive terms in "
    "log(1 / delta), and the network is a logarithmic factor larger in all variables but the depth.",
    why="the constants of the theorem are not stated here; orseau_samples is the plain coupon collector for a single weight",
    bounds=("orseau_samples",),
    cites=("orseau2020logarithmic",),
)
