"""Gadhikar, Mukherjee, Burkholz 2023: sources with random masks; and, for comparison, sources with locked weights (Otsuka et al.).

Two ways to count: one available edge for every place of a construction, or the binomial number of samples that a subset sum has left.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import sympy
from flint import arb

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from slth.bounds.networks.sparse_source import (
    er_samples,
    er_samples_chernoff,
    er_slt_width,
    er_width,
    er_width_factor,
    locked_shift,
)

_CITES = ("gadhikar2023random",)
_DENSITIES = (0.01, 0.1, 0.5, 0.7, 0.99)


@lemma(
    "available edges",
    means="exact",
    scope="p in {0.01, 0.1, 0.5, 0.7, 0.99}, delta in {0.31, 0.012, 1e-9}, widths 1 and 7, in fractions",
    bounds=("er_width",),
    cites=_CITES,
)
def one_available_edge() -> str:
    """Of g edges, each there with probability p independently, none is with probability (1 - p)^g; er_width / n_T is the least whole g for
    which that is at most delta.
    """
    cases = 0
    for p, delta, width in product(_DENSITIES, (0.31, 0.012, 1e-9), (1, 7)):
        group, rest = divmod(er_width(width, p, delta), width)
        missing = 1 - Fraction(p)
        require(rest == 0, f"{width} neurons do not share equally")
        require(
            missing**group <= Fraction(delta) < missing ** (group - 1), f"group of {group} at p = {p}, delta = {delta}"
        )
        cases += 1
    return f"{cases} cases, each the least"


@lemma(
    "factor of the width",
    means="symbolic",
    scope="all 0 < p < 1",
    bounds=("er_width_factor", "er_slt_width"),
    cites=_CITES,
)
def factor_below_one_over_p() -> str:
    """1 / ln(1 / (1 - p)) < 1/p for 0 < p < 1, with 1/p the factor by which thinned samples become fewer on average."""
    p = sympy.symbols("p", positive=True)
    gap = -sympy.log(1 - p) - p
    require(
        gap.subs(p, 0) == 0 and sympy.simplify(sympy.diff(gap, p) - p / (1 - p)) == 0,
        "ln(1/(1-p)) - p does not increase",
    )
    for density in _DENSITIES:
        with precision(128):
            exact = -1 / (1 - arb(density)).log()
            require(abs(exact / arb(er_width_factor(density)) - 1) < 1e-14, f"the function differs at p = {density}")
    return "ln(1 / (1 - p)) - p is 0 at p = 0 and has the derivative p / (1 - p) > 0"


@lemma(
    "factor of the width, dense sources",
    means="exact",
    scope="p = 1 - 2^-20, eps = delta = 0.01, rho = 1, C = 3",
    bounds=("er_slt_width", "er_width_factor"),
    cites=_CITES,
    shows="gap",
)
def factor_vanishes() -> str:
    """The width C n ln(1/eps) / ln(1/(1-p)) as recalled falls below any number as p goes to 1, while subset sums of m copies of a neuron
    need 2^m >= 1/eps to come within eps of every number of [-1, 1]: C cannot be one constant for all p.
    """
    width = er_slt_width(1, 1 - 2.0**-20, 0.01, 0.01, 3.0)
    sums, needed = 2**width, math.ceil(1 / 0.01)
    require(sums < needed, f"{sums} sums, {needed} needed")
    return f"width {width}: {sums} subset sums, where {needed} intervals of length 2 eps are to be covered"


@lemma(
    "thinned samples",
    means="exact",
    scope="3 edges, samples uniform on -2, ..., 2, availability 1/3, success: targets -1 and 1 both reached; all 1,000 cases, in fractions",
    bounds=("er_samples", "er_samples_chernoff"),
    cites=("slth", "gadhikar2023random"),
)
def thinning() -> str:
    """P(success of n thinned samples) = sum over m of P(Bin(n, p) = m) P(success of m samples), which is at least P(Bin(n, p) >= r) times
    P(success of r samples): availability is independent of the values, and success never decreases with m.
    """
    values, p, n = range(-2, 3), Fraction(1, 3), 3

    def covered(samples: tuple[int, ...]) -> bool:
        return _sums(samples) >= {-1, 1}

    success = [Fraction(sum(map(covered, product(values, repeat=m))), len(values) ** m) for m in range(n + 1)]
    direct = sum(
        (
            p ** sum(there) * (1 - p) ** (n - sum(there)) / Fraction(len(values) ** n)
            for samples in product(values, repeat=n)
            for there in product((0, 1), repeat=n)
            if covered(tuple(x for x, is_there in zip(samples, there, strict=True) if is_there))
        ),
        Fraction(0),
    )
    weights = [math.comb(n, m) * p**m * (1 - p) ** (n - m) for m in range(n + 1)]
    mixed = sum((w * s for w, s in zip(weights, success, strict=True)), Fraction(0))
    require(direct == mixed, f"{direct} by enumeration, {mixed} by the number available")
    require(success == sorted(success), f"success is not monotone: {success}")
    for r in range(n + 1):
        require(direct >= sum(weights[r:]) * success[r], f"fails at r = {r}")
    return f"both are {direct}; all {n + 1} lower bounds hold"


@lemma(
    "thinned samples, the function",
    means="exact",
    scope="n_rss in {1, 2, 13, 60, 400}, p in {0.01, 0.1, 0.5, 0.7, 0.99}, delta in {0.3, 0.012, 1e-9}, enclosed in balls",
    bounds=("er_samples", "er_samples_chernoff"),
    cites=("slth", "gadhikar2023random"),
)
def binomial_tail() -> str:
    """er_samples is the least n with P(Bin(n, p) < n_rss) <= delta, and er_samples_chernoff is at least as large."""
    cases, ratio = 0, 0.0
    for r, p, delta in product((1, 2, 13, 60, 400), _DENSITIES, (0.3, 0.012, 1e-9)):
        n = er_samples(r, p, delta)
        require(_fewer(n, r, p) <= arb(delta), f"n = {n} is not enough for n_rss = {r}, p = {p}, delta = {delta}")
        require(_fewer(n - 1, r, p) > arb(delta), f"n = {n} is not the least for n_rss = {r}, p = {p}, delta = {delta}")
        closed = er_samples_chernoff(r, p, delta)
        require(closed >= n, f"closed form {closed} < {n}")
        cases, ratio = cases + 1, max(ratio, closed / n)
    return f"{cases} cases, each the least; the closed form is at most {ratio:.3f} times as large"


@lemma(
    "thinned samples, density",
    means="exact",
    scope="laws on 5 integers with 3 edges, availability 1/3, in fractions",
    bounds=("er_samples",),
    cites=("slth", "gadhikar2023random"),
)
def thinned_density() -> str:
    """A sample that is there with probability p, and 0 otherwise, has the subset sums of the thinned ones, and any value x other than 0
    with p times the probability: where a density of at least c is asked for, p c takes its place.
    """
    p, weights = Fraction(1, 3), {x: Fraction(k, 15) for k, x in enumerate((-3, -1, 1, 2, 4), 1)}
    thinned = {0: 1 - p} | {x: p * w for x, w in weights.items()}
    require(sum(thinned.values()) == 1 and all(thinned[x] == p * w for x, w in weights.items()), "not a law")
    by_law: dict[frozenset[int], Fraction] = {}
    for chosen in product(thinned.items(), repeat=3):
        reached = _sums(tuple(x for x, _ in chosen))
        by_law[reached] = by_law.get(reached, Fraction(0)) + math.prod((w for _, w in chosen), start=Fraction(1))
    by_mask: dict[frozenset[int], Fraction] = {}
    for chosen in product(weights.items(), repeat=3):
        for there in product((False, True), repeat=3):
            reached = _sums(tuple(x for (x, _), is_there in zip(chosen, there, strict=True) if is_there))
            weight = math.prod(
                (w * (p if is_there else 1 - p) for (_, w), is_there in zip(chosen, there, strict=True)),
                start=Fraction(1),
            )
            by_mask[reached] = by_mask.get(reached, Fraction(0)) + weight
    require(by_law == by_mask, "the laws of the sets of subset sums differ")
    return f"{len(by_law)} sets of subset sums, equal probabilities"


@lemma(
    "thinned samples, closed form",
    means="symbolic",
    scope="all n_rss >= 1, 0 < p <= 1, 0 < delta < 1",
    bounds=("er_samples_chernoff",),
    cites=("slth", "gadhikar2023random"),
)
def chernoff() -> str:
    """P(Bin(n, p) <= m - t) <= exp(-t^2 / (2 m)) for m = n p and 0 <= t < m; so n p = r + L + sqrt(L^2 + 2 r L) leaves fewer than r with
    probability at most exp(-L) = delta, and more n with less.

    E exp(-s Bin) <= exp(m (exp(-s) - 1)), and Markov at s = -ln(1 - x), x = t / m, give exp(-m h(x)) with h(x) = (1 - x) ln(1 - x) + x.
    h(0) = h'(0) = 0 and h'' = 1 / (1 - x) >= 1 make h(x) >= x^2 / 2. er_samples_chernoff is that n, rounded up.
    """
    x, m = sympy.symbols("x m", positive=True)
    h = (1 - x) * sympy.log(1 - x) + x
    s = -sympy.log(1 - x)
    exponent = m * (sympy.exp(-s) - 1) + s * m * (1 - x)
    require(sympy.simplify(exponent + m * h) == 0, f"the exponent is {exponent}")
    require(h.subs(x, 0) == 0 and sympy.diff(h, x).subs(x, 0) == 0, "h or h' does not vanish at 0")
    require(sympy.simplify(sympy.diff(h, x, 2) - 1 / (1 - x)) == 0, "h'' is not 1 / (1 - x)")
    r, log = sympy.symbols("r L", positive=True)
    mean = r + log + sympy.sqrt(log**2 + 2 * r * log)
    require(sympy.simplify(sympy.expand((mean - r) ** 2 - 2 * mean * log)) == 0, "t^2 / (2 m) is not L")
    for enough, p, delta in product((1, 2, 13, 60, 400), _DENSITIES, (0.3, 0.012, 1e-9)):
        with precision(128):
            L = -arb(delta).log()
            exact = (enough + L + (L**2 + 2 * enough * L).sqrt()) / arb(p)
            found = er_samples_chernoff(enough, p, delta)
            require(found - 1 < exact <= found, f"the function gives {found}, where n is {exact}")
    return "h'' = 1 / (1 - x) >= 1, and (m - r)^2 = 2 m L at m = r + L + sqrt(L^2 + 2 r L)"


@lemma(
    "locked weights",
    means="exact",
    scope="6 integers of which 2 are locked, all targets; sums of up to 24 signs for the tail, delta in {0.5, 0.1, 1e-3}",
    bounds=("locked_shift",),
    cites=("otsuka2025frozen",),
)
def locked_weights() -> str:
    """A ticket that contains all locked samples has the sum z if and only if its free ones have z minus the sum of the locked; and that
    sum exceeds locked_shift(n, delta) with probability at most delta for n independent signs.
    """
    samples, locked = (5, -3, 2, 7, -6, 1), (0, 3)
    free = [i for i in range(6) if i not in locked]
    shift = sum(samples[i] for i in locked)
    tickets = {
        sum(samples[i] for i in range(6) if mask[i])
        for mask in product((0, 1), repeat=6)
        if all(mask[i] for i in locked)
    }
    shifted = {
        shift + sum(samples[i] for i, kept in zip(free, mask, strict=True) if kept)
        for mask in product((0, 1), repeat=4)
    }
    require(tickets == shifted, f"{tickets ^ shifted} are sums on one side")
    tightest = Fraction(0)
    for n, delta in product(range(1, 25), (0.5, 0.1, 1e-3)):
        far = sum(math.comb(n, k) for k in range(n + 1) if abs(2 * k - n) > locked_shift(n, delta))
        require(Fraction(far, 2**n) <= Fraction(delta), f"{far} of 2^{n} exceed the shift at delta = {delta}")
        tightest = max(tightest, Fraction(far, 2**n) / Fraction(delta))
    return f"{len(tickets)} sums agree; tails at most {float(tightest):.3f} delta"


@lemma(
    "locked weights, tail",
    means="symbolic",
    scope="all n, all laws of mean 0 on [-b, b], all delta",
    bounds=("locked_shift",),
    cites=("otsuka2025frozen",),
)
def hoeffding() -> str:
    """A sum of n independent variables of mean 0 in [-b, b] exceeds b sqrt(2 n ln(2/delta)) in abs with probability at most delta.

    exp is convex, so that E exp(s X) <= cosh(s b) <= exp(s^2 b^2 / 2): the coefficients 1 / (2k)! and 1 / (2^k k!) have the ratio
    1 * 3 * ... * (2k - 1) >= 1. Markov at s = L / (n b^2) gives exp(-L^2 / (2 n b^2)) on either side. locked_shift is that L.
    """
    k, n, b, s, L, delta = sympy.symbols("k n b s L delta", positive=True)
    ratio = (
        sympy.factorial(2 * k + 2)
        / (2 ** (k + 1) * sympy.factorial(k + 1))
        / (sympy.factorial(2 * k) / (2**k * sympy.factorial(k)))
    )
    require(sympy.simplify(sympy.gammasimp(ratio) - (2 * k + 1)) == 0, f"ratio of ratios {sympy.gammasimp(ratio)}")
    exponent = (n * s**2 * b**2 / 2 - s * L).subs(s, L / (n * b**2))
    require(sympy.simplify(exponent + L**2 / (2 * n * b**2)) == 0, f"exponent {exponent}")
    at_shift = sympy.exp(exponent.subs(L, b * sympy.sqrt(2 * n * sympy.log(2 / delta))))
    require(sympy.simplify(at_shift - delta / 2) == 0, f"either side has {at_shift}")
    for locked, chance, largest in product((1, 7, 1000), (0.5, 1e-9), (1.0, 0.3)):
        with precision(128):
            exact = arb(largest) * (2 * locked * (2 / arb(chance)).log()).sqrt()
            found = locked_shift(locked, chance, largest)
            require(abs(found / exact - 1) < 1e-14, f"the function gives {found}, where L is {exact}")
    return "either side has probability at most delta / 2"


def _sums(samples: tuple[int, ...]) -> frozenset[int]:
    sums = {0}
    for x in samples:
        sums |= {s + x for s in sums}
    return frozenset(sums)


def _fewer(n: int, r: int, p: float) -> Any:
    """P(Bin(n, p) < r), in a ball."""
    with precision(256):
        odds = arb(p) / (1 - arb(p))
        term = total = (1 - arb(p)) ** n
        for k in range(1, min(r, n + 1)):
            term = term * (n - k + 1) / k * odds
            total += term
        return total


claimed(
    "width",
    "theorem on strong lottery tickets in Erdos-Renyi sources",
    "A source of depth L+1 with edges of density p contains a ticket for every target of depth L when every layer is wider than a dense"
    " source's by a factor of order 1 / ln(1 / (1 - p)).",
    why="constants are existential and recalled; er_samples is the version whose every step is checked",
    bounds=("er_slt_width", "er_width_factor"),
    cites=(*_CITES, "burkholz2022activation"),
)
claimed(
    "necessity",
    "theorem on three layers",
    "For some targets with three layers, a wider random network is necessary by a factor of order 1 / ln(1 / (1 - p)).",
    why="recalled without its proof",
    bounds=("er_width_factor",),
    cites=_CITES,
)
