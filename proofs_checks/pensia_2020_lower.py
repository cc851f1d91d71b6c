"""Pensia, Rajput, Nagle, Vishwakarma, Papailiopoulos, "Optimal lottery tickets via SubsetSum" (NeurIPS 2020), Theorem 2.

A packing of matrices, at most one of them for each subnetwork, and counting.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from random import Random

import sympy
from flint import arb, fmpq

from proofs_checks.lemma import lemma, require
from proofs_checks.tools.balls import precision
from slth.bounds.networks.lower import pensia_lower, pensia_lower_sparse, pensia_lower_width

_LOWER = ("pensia_lower", "pensia_lower_sparse", "pensia_lower_width")
_CITES = ("pensia2020optimal",)


@lemma(
    "lower bound, packing",
    means="symbolic",
    scope="all d and eps < 1/2 by the argument of the second paragraph, its Jacobian for d <= 4; explicit packings for d = 1, 2",
    bounds=_LOWER,
    cites=_CITES,
)
def packing() -> str:
    """The matrices of size d x d with norm at most 1 contain at least (1 / (2 eps))^(d^2) matrices that are pairwise more than 2 eps apart.

    Take a largest such set P. No further matrix can be added, so that the balls of radius 2 eps about P cover the unit ball; volume in
    d^2 dimensions scales with the power d^2 of the radius, whence size(P) (2 eps)^(d^2) >= 1. For d = 1 and 2 grids do: entries on
    s Z in [-1 / d, 1 / d], s just above 2 eps, have Frobenius norm at most 1 and differ by s or more in some entry.
    """
    r = sympy.Symbol("r", positive=True)
    for d in range(1, 5):
        entries = sympy.symbols(f"w0:{d * d}")
        jacobian = sympy.Matrix([r * w for w in entries]).jacobian(entries).det()
        require(sympy.simplify(jacobian - r ** (d * d)) == 0, f"d = {d}: volume scales by {jacobian}")
    for d in (1, 2):
        for j in range(2, 200):
            eps = Fraction(1, j) * Fraction(99, 100)
            s = 2 * eps * Fraction(10**9 + 1, 10**9)
            # multiples of s shifted to begin at -1/d; twice that for d = 1, where [-1, 1] is all there is
            points = 1 + math.floor(Fraction(2, d) / s)
            count, need = points ** (d * d), (1 / (2 * eps)) ** (d * d)
            require(count >= need, f"d = {d}, eps = {eps}: {count} points, {float(need):.6g} needed")
    return "Jacobians r^(d^2); grids for d = 1, 2 and 198 values of eps"


@lemma(
    "lower bound, one matrix a subnetwork",
    means="exact",
    scope="the triangle inequality in general; all subnetworks of 60 random networks x -> (sum of v_k u_k) x with up to 8 parameters",
    bounds=_LOWER,
    cites=_CITES,
)
def one_matrix_each() -> str:
    """A function within eps of W x and of W' x on the unit ball shows abs(W - W') <= 2 eps: it is within eps of at most one matrix of the
    packing. So, if each is approximated with probability at least p, there are at least p times as many subnetworks as matrices.

    The second part is the mean: the expected number of approximated matrices is at least p size(P), so that some network has that many.
    """
    rng = Random(9)
    eps = Fraction(1, 9)
    step = 2 * eps + Fraction(1, 1000)
    packed = [i * step - 1 for i in range(math.floor(2 / step) + 1)]
    most = 0
    for _ in range(60):
        k = rng.randint(1, 4)
        weights = [Fraction(rng.randint(-50, 50), 50) for _ in range(2 * k)]
        reached, functions = set(), set()
        for mask in product((0, 1), repeat=2 * k):
            slope = sum((mask[i] * weights[i] * mask[k + i] * weights[k + i] for i in range(k)), Fraction())
            near = [w for w in packed if abs(w - slope) <= eps]
            require(len(near) <= 1, f"the slope {slope} is within {eps} of {near}")
            functions.add(slope)
            reached.update(near)
        require(
            len(reached) <= len(functions) <= 2 ** (2 * k), f"{len(reached)} matrices by {len(functions)} subnetworks"
        )
        most = max(most, len(reached))
    return f"60 networks; at most {most} of {len(packed)} matrices by one of them"


@lemma(
    "lower bound",
    means="exact",
    scope="d = 1..6, eps = 1/3, 0.1, 1/64, 10^-6, p = 1/2, 1, 0.01: least m with 2^m >= p (1 / (2 eps))^(d^2), in integers",
    control=1.5,
    bounds=("pensia_lower", "pensia_lower_width"),
    cites=_CITES,
)
def lower_bound(claim: float = 1.0) -> str:
    """2^m >= p (1 / (2 eps))^(d^2) exactly from m = ceil(d^2 log2(1 / (2 eps)) + log2(p)) on, and a network with one hidden layer of
    width h has m = 2 d h.
    """
    for d, eps, p in product(
        range(1, 7),
        (Fraction(1, 3), Fraction(1, 10), Fraction(1, 64), Fraction(1, 10**6)),
        (Fraction(1, 2), Fraction(1), Fraction(1, 100)),
    ):
        need = p / (2 * eps) ** (d * d)
        least = next(m for m in range(10**4) if 2**m >= need)
        m = math.ceil(claim * pensia_lower(d, float(eps), float(p)))
        require(m == least, f"{m}, but {least} parameters are the fewest at d = {d}, eps = {eps}, p = {p}")
        width = pensia_lower_width(d, float(eps), float(p))
        require(
            2 * d * width >= least > 2 * d * (width - 1) or width == least == 0,
            f"width {width} at d = {d}, eps = {eps}",
        )
    return "72 cases, equal"


@lemma(
    "lower bound with a density",
    means="exact",
    scope="all m <= 120 and all subnetworks of at most s = 1..m parameters; d = 1..4, eps = 0.1 and 1/64, gamma = s / m",
    bounds=("pensia_lower_sparse",),
    cites=_CITES,
)
def sparse_lower_bound() -> str:
    """There are at most (e / gamma)^(gamma m) subnetworks with at most gamma m of m parameters, so that
    gamma m log2(e / gamma) >= d^2 log2(1 / (2 eps)) - 1.

    gamma^(i - gamma m) >= 1 for i <= gamma m, so that there are at most the sum over all i of C(m, i) gamma^(i - gamma m), which is
    (1 + gamma)^m / gamma^(gamma m) <= e^(gamma m) / gamma^(gamma m). Counts are compared in integers, with 2718281828 / 10^9 < e.
    """
    tight = 0.0
    for m in range(1, 121):
        count = 1
        for s in range(1, m + 1):
            count += math.comb(m, s)
            allowed = (2718281828 * m) ** s
            require(count * (10**9 * s) ** s <= allowed, f"{count} subnetworks of at most {s} of {m}")
            tight = max(tight, math.log2(count) / (s * math.log2(math.e * m / s)))
    reached = 0
    for d, eps, m in product(range(1, 5), (Fraction(1, 10), Fraction(1, 64)), (40, 80, 120)):
        need = 1 / (2 * eps) ** (d * d) / 2
        for s in range(1, m + 1):
            if sum(math.comb(m, i) for i in range(s + 1)) >= need:
                least = pensia_lower_sparse(d, float(eps), s / m)
                require(m >= least, f"m = {m} with s = {s} has enough subnetworks, but the bound is {least}")
                reached += 1
    for d, eps, s in product(range(1, 5), (Fraction(1, 10), Fraction(1, 64)), range(1, 101)):
        least = pensia_lower_sparse(d, float(eps), s / 100)
        bits, enough = s / 100 * math.log2(math.e * 100 / s), -d * d * math.log2(2 * eps) - 1
        require(
            least * bits >= enough * (1 - 1e-12), f"m = {least} violates the inequality at d = {d}, gamma = {s} / 100"
        )
        require((least - 1) * bits < enough, f"m = {least - 1} satisfies the inequality at d = {d}, gamma = {s} / 100")
    return f"7260 counts, log2 at most {tight:.4f} of the bound; {reached} networks with enough subnetworks all allowed"


@lemma(
    "remark on the lower bound with a density",
    means="rigorous",
    scope="all gamma in (0, 1]",
    shows="gap",
    bounds=("pensia_lower_sparse",),
    cites=_CITES,
)
def remark() -> str:
    """The available copy remarks that log2(e / gamma) <= 1. It is at least log2(e) = 1.44 for every gamma <= 1, a misprint for >= 1:
    dropping the factor would strengthen the bound beyond what counting gives.

    e / gamma falls with gamma, so that the least value is at gamma = 1. With m = 100 and gamma = 1/10 there are 1.9e13 subnetworks, more
    than 2^(gamma m) = 1024.
    """
    with precision(100):
        require(arb(1).exp().log() / arb(2).log() > arb(fmpq(144, 100)), "log2(e) <= 1.44")
    count = sum(math.comb(100, i) for i in range(11))
    require(count > 2**10, f"{count} subnetworks")
    return f"log2(e / 1) > 1.44; {count} subnetworks of density 1/10 of 100 parameters, 2^10 without the factor"
