"""Random subset sums of vectors (Becchetti et al. 2022): second moment, blocks, grid; with every constant explicit.

Z counts the subsets of k of m standard normal vectors of R^d whose sum is within eps of a target z of [-1, 1]^d, in every coordinate.
J is the overlap of two independent such subsets, r = J/k the correlation of their sums, alpha = k/m the share of vectors that a subset has.
The steps lead to `mrss_n_explicit`, which is of the order that the paper proves, and to two lower bounds.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from flint import arb, fmpq
from scipy.special import ndtr

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools import chance
from proofs_checks.tools.balls import precision
from proofs_checks.tools.normal_pairs import pair, window
from slth.bounds.subset_sums.vectors import (
    VectorBlock,
    mrss_block,
    mrss_lower,
    mrss_n,
    mrss_n_explicit,
    mrss_target_lower,
)

_CITES = ("becchetti2022multidimensional",)
_OWN = ("slth", *_CITES)
_UPPER = ("mrss_block", "mrss_n_explicit", "mrss_n")


@lemma("second moment, 1", means="symbolic", scope="all x, y, all k > 0, 0 <= r < 1", bounds=_UPPER, cites=_OWN)
def pair_density() -> str:
    """Two N(0, k) variables of correlation r have a joint density that is the product of their densities times
    (1 - r^2)^(-1/2) exp((2 r x y - r^2 (x^2 + y^2)) / (2 (1 - r^2) k))."""
    x, y = sympy.symbols("x y", real=True)
    k, r = sympy.symbols("k r", positive=True)
    covariance = k * sympy.Matrix([[1, r], [r, 1]])
    point = sympy.Matrix([x, y])
    exponent = -(point.T * covariance.inv() * point)[0] / 2 + (x**2 + y**2) / (2 * k)
    claim = (2 * r * x * y - r**2 * (x**2 + y**2)) / (2 * (1 - r**2) * k)
    require(sympy.simplify(exponent - claim) == 0, f"the exponent is {sympy.simplify(exponent)}")
    norm = sympy.simplify(covariance.det() / k**2 - (1 - r**2))
    require(norm == 0, f"the determinant is {covariance.det()}")
    return "exponent and determinant agree"


@lemma("second moment, 2", means="symbolic", scope="all B > 0, 0 <= r < 1", bounds=_UPPER, cites=_OWN)
def pair_on_the_box() -> str:
    """Where abs(x) <= B and abs(y) <= B, and 0 <= r < 1, that exponent is at most B^2 r / ((1 + r) k), its value at x = y = B. So two
    sums of correlation r both hit, in d coordinates, with at most (1 - r^2)^(-d/2) exp(d B^2 r / ((1 + r) k)) times the product of
    their chances, B = 1 + eps."""
    x, y = sympy.symbols("x y", real=True)
    B, k, r = sympy.symbols("B k r", positive=True)
    exponent = (2 * r * x * y - r**2 * (x**2 + y**2)) / (2 * (1 - r**2) * k)
    corner = B**2 * r / ((1 + r) * k)
    squares = r * (1 - r) * ((B**2 - x**2) + (B**2 - y**2)) + r * (x - y) ** 2  # each term >= 0 on the box
    slack = sympy.simplify(corner - exponent - squares / (2 * (1 - r**2) * k))
    require(slack == 0, f"off by {slack}")
    require(sympy.simplify(exponent.subs({x: B, y: B}) - corner) == 0, "the corner does not attain it")
    return "slack = [r (1 - r) (2 B^2 - x^2 - y^2) + r (x - y)^2] / (2 (1 - r^2) k) >= 0"


@lemma("overlap, 1", means="symbolic", scope="all d >= 1, 0 <= r <= 1/(2 sqrt(d))", bounds=_UPPER, cites=_CITES)
def little_overlap_costs_a_constant() -> str:
    """If r <= 1/(2 sqrt(d)) then (1 - r^2)^(-d/2) <= 2/sqrt(3) in every dimension d >= 1: subsets of a share alpha = 1/(4 sqrt(d)) of the
    vectors, whose overlaps are mostly below 2 alpha^2 m, have a bounded second moment. A share of larger order would not do: at
    r^2 = c/d the factor tends to exp(c/2)."""
    s = sympy.Symbol("s", positive=True)  # 1/d, in (0, 1]
    curve = sympy.log(1 - s / 4)
    second = sympy.simplify(sympy.diff(curve, s, 2))
    require(
        sympy.simplify(second + 1 / (4 - s) ** 2) == 0, f"second derivative {second}"
    )  # concave: above its chord over [0, 1]
    chord = curve.subs(s, 1) * s + curve.subs(s, 0) * (1 - s)
    require(sympy.simplify(chord - s * sympy.log(sympy.Rational(3, 4))) == 0, f"chord {chord}")
    c, d = sympy.symbols("c d", positive=True)
    limit = sympy.limit((1 - c / d) ** (-d / 2), d, sympy.oo)
    require(sympy.simplify(limit - sympy.exp(c / 2)) == 0, f"the limit is {limit}")
    return "ln(1 - s/4) is concave in s = 1/d and at least s ln(3/4), so (1 - r^2)^(d/2) >= (3/4)^(1/2)"


@lemma("overlap, 2", means="symbolic", scope="all 0 <= l < k <= m", bounds=_UPPER, cites=_OWN)
def overlap_is_below_binomial() -> str:
    """E[C(J, i)] = C(k, i)^2 / C(m, i) for the overlap J of two subsets of k of m, and (k - l)/(m - l) <= k/m, so it is at most
    C(k, i) (k/m)^i, as for k independent draws of chance k/m. Hence E[2^J] = sum over i of E[C(J, i)] <= (1 + k/m)^k <= exp(k^2/m), and
    by Markov P(J >= 2 k^2/m) <= (e/4)^(k^2/m).

    Each of the C(k, i) sets of i vectors of one subset lies in the other with probability C(m - i, k - i) / C(m, k) = C(k, i) / C(m, i),
    and C(k, i) / C(m, i) is the product of (k - l)/(m - l) over l < i. Last, 1 + x <= exp(x).
    """
    m, k, part = sympy.symbols("m k l", positive=True)
    i = sympy.Symbol("i", positive=True)
    choose = sympy.binomial
    same = sympy.gammasimp(choose(m - i, k - i) / choose(m, k) * choose(m, i) / choose(k, i))
    require(same == 1, f"the chance that i given vectors are in the other subset: ratio {same}")
    slack = sympy.factor(k / m - (k - part) / (m - part))
    require(sympy.simplify(slack - part * (m - k) / (m * (m - part))) == 0, f"slack {slack}")
    mu = sympy.Symbol("mu", positive=True)
    markov = sympy.exp(mu) / 2 ** (2 * mu)
    require(sympy.simplify(sympy.log(markov) - mu * (1 - sympy.log(4))) == 0, "Markov's bound is not (e/4)^mu")
    return "k/m - (k - l)/(m - l) = l (m - k) / (m (m - l)) >= 0"


@lemma("overlap, 2", means="exact", scope="all m <= 60, all k", bounds=_UPPER, cites=_CITES)
def overlap_tail() -> str:
    """The overlap J of two independent subsets of k of m has E[C(J, i)] = C(k, i)^2 / C(m, i) for every i, and is at least twice its mean
    k^2/m with probability at most (e/4)^(k^2/m)."""
    closest = arb(0)
    with precision(80):
        for m in range(1, 61):
            for k in range(1, m + 1):
                weights = [math.comb(k, j) * math.comb(m - k, k - j) for j in range(k + 1)]
                for i in range(k + 1) if m <= 30 else ():
                    moment = sum(math.comb(j, i) * weight for j, weight in enumerate(weights))
                    require(
                        moment * math.comb(m, i) == math.comb(k, i) ** 2 * sum(weights), f"m = {m}, k = {k}, i = {i}"
                    )
                tail = fmpq(sum(weights[math.ceil(Fraction(2 * k * k, m)) :]), sum(weights))
                ratio = arb(tail) / ((1 - arb(4).log()) * arb(fmpq(k * k, m))).exp()
                require(ratio <= 1, f"m = {m}, k = {k}: {ratio} of the bound")
                closest = closest.max(ratio)
    return f"at most {float(closest):.3f} of the bound; factorial moments exact for m <= 30"


@lemma(
    "second moment, 3", means="rigorous", scope="the blocks of d <= 3 and eps in {1, 1/2, 1/5}, targets 0 and (1, ..., 1)",
    bounds=_UPPER, cites=_OWN,
)  # fmt: skip
def second_moment_of_the_block() -> str:
    """For the sizes m and k that mrss_block takes, E[Z^2] / (E Z)^2, the average over the overlap J of (P2(J) / P1^2)^d, is at most one
    over the probability it states, which therefore is one (Cauchy-Schwarz). P1 and P2 are the chances that one N(0, k) variable, and
    that two of correlation J/k, are within eps of a coordinate of z.

    P2 is an integral over the density of the first variable, enclosed by ball arithmetic.
    """
    worst = 0.0
    for d, eps in itertools.product((1, 2, 3), (fmpq(1), fmpq(1, 2), fmpq(1, 5))):
        block = mrss_block(d, int(eps.p) / int(eps.q))
        with precision(64):
            for z in (0, 1):
                share = block.success * _moment_ratio(d, eps, fmpq(z), block)
                require(
                    share <= 1, f"d = {d}, eps = {eps}, z = {z}: success {block.success} times the ratio is {share}"
                )
                worst = max(worst, float(share))
    return f"stated success times E[Z^2] / (E Z)^2 is at most {worst:.3f}"


def _moment_ratio(d: int, eps: fmpq, z: fmpq, block: VectorBlock) -> Any:
    """E[Z^2] / (E Z)^2 as a ball."""
    m, k = block.samples, block.size
    root = arb(k).sqrt()
    u: Any = arb(z) / root
    eta: Any = arb(eps) / root
    single, total, norm = window(u, eta), arb(0), math.comb(m, k)
    for j in range(max(0, 2 * k - m), k + 1):
        weight = arb(fmpq(math.comb(k, j) * math.comb(m - k, k - j), norm))
        # P2 <= P1, with equality for a subset and itself; an overlap so unlikely needs no more
        both = single if j == k or weight < 1e-40 else pair(arb(fmpq(j, k)), u, eta)
        total += weight * (both / (single * single)) ** d
    return total


@lemma(
    "second moment, 4", means="statistical", false_alarm=1e-9, control=1.6, scope="m = 14, k = 5, d = 2, eps = 0.1, z = (0.5, -1)",
    bounds=_UPPER, cites=_CITES, slow=True,
)  # fmt: skip
def second_moment_bounds_the_chance(claim: float = 1.0) -> str:
    """P(Z > 0) >= (E Z)^2 / E[Z^2]: some subset of the given size hits with at least that probability. (The claim multiplies it.)"""
    m, k, d, eps, trials = 14, 5, 2, 0.1, 10000
    z = np.array([0.5, -1.0])
    stated = claim / _float_ratio(m, k, eps, z)
    rng = np.random.default_rng(2207)
    chosen = np.zeros((math.comb(m, k), m))
    for row, subset in enumerate(itertools.combinations(range(m), k)):
        chosen[row, list(subset)] = 1
    hits = 0
    for _ in range(trials):
        sums = chosen @ rng.standard_normal((m, d))
        hits += bool((np.abs(sums - z) <= eps).all(1).any())
    chance.probability_at_least(stated, hits, trials, 1e-9, "P(Z > 0)")
    return f"{hits} of {trials} blocks hit; (E Z)^2 / E[Z^2] = {stated:.3f}"


def _float_ratio(m: int, k: int, eps: float, z: Any) -> float:
    """E[Z^2] / (E Z)^2 by quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    points = z[:, None] + eps * nodes
    density = np.exp(-(points**2) / (2 * k)) / math.sqrt(2 * math.pi * k)
    single = (eps * weights * density).sum(1)
    expected = math.comb(m, k) * single.prod()
    total = 1 / expected  # the pairs of a subset with itself
    for j in range(max(0, 2 * k - m), k):
        share, rest = j / k, math.sqrt(k - j * j / k)
        inner = ndtr((z[:, None] + eps - share * points) / rest) - ndtr((z[:, None] - eps - share * points) / rest)
        both = (eps * weights * density * inner).sum(1)
        total += math.comb(k, j) * math.comb(m - k, k - j) / math.comb(m, k) * (both / single**2).prod()
    return float(total)


_DIMENSIONS, _ERRORS = (1, 2, 3, 7, 30, 1000, 10**6), (1.0, 0.97, 0.5, 0.37, 0.1, 1e-3, 1e-9, 1e-30, 1e-300)


@lemma(
    "the block", means="rigorous", scope="d in {1, 2, 3, 7, 30, 1000, 10^6}, eps in {1, 0.97, 1/2, 0.37, 0.1, 1e-3, 1e-9, 1e-30, 1e-300}",
    bounds=("mrss_block", "mrss_n_explicit"), cites=_OWN,
)  # fmt: skip
def block_formula() -> str:
    """With P1 >= 2 eps exp(-B^2/(2k)) / sqrt(2 pi k), B = 1 + eps, and P2 <= P1, E[Z^2] / (E Z)^2 is at most the bound for r = 2k/m plus
    (e/4)^(k^2/m) P1^(-d): pairs that overlap in less than 2 k^2/m vectors, and the others. mrss_block states at most one over that sum,
    and in these cases at least 0.44."""
    least = 1.0
    with precision(200):
        for d, error in itertools.product(_DIMENSIONS, _ERRORS):
            block = mrss_block(d, error)
            m, k, eps = arb(block.samples), arb(block.size), arb(error)
            r = 2 * k / m
            require((4 * block.size) ** 2 * d <= block.samples**2, f"d = {d}, eps = {error}: r = {r}")
            near = (1 - r * r).log() * d / -2 + d * (1 + eps) ** 2 * r / ((1 + r) * k)
            worst = (2 * arb.pi() * k).sqrt() * ((1 + eps) ** 2 / (2 * k)).exp() / (2 * eps)
            far = d * worst.log() - (arb(4).log() - 1) * k * k / m
            total = near.exp() + far.exp()
            require(arb(block.success) * total <= 1, f"d = {d}, eps = {error}: {block.success} of at most 1 / {total}")
            least = min(least, block.success)
    require(least >= 0.44, f"success {least}")
    return f"success at least {least:.4f} in {len(_DIMENSIONS) * len(_ERRORS)} cases"


@lemma(
    "boosting", means="rigorous", scope="the dimensions and errors of block_formula, delta in {1, 0.1, 1e-9}",
    bounds=("mrss_n_explicit",), cites=_CITES,
)  # fmt: skip
def boosting() -> str:
    """Disjoint blocks are independent, so b of them all miss a given target with probability at most (1 - q)^b, and some one of N targets
    is missed with probability at most N (1 - q)^b. mrss_n_explicit takes whole blocks, so many that this is at most delta for
    N = ceil(2/eps)^d targets, and one block less would not do."""
    tight = 0
    with precision(200):
        for d, eps, delta in itertools.product(_DIMENSIONS, _ERRORS, (1.0, 0.1, 1e-9)):
            block = mrss_block(d, eps / 2)
            blocks = round(mrss_n_explicit(d, eps, delta) / block.samples)
            targets = d * arb((2 / arb(eps)).ceil().upper()).log()
            miss = (1 - arb(block.success)).log()
            require(
                targets + blocks * miss <= arb(delta).log(), f"d = {d}, eps = {eps}, delta = {delta}: {blocks} blocks"
            )
            tight += bool(targets + (blocks - 1) * miss > arb(delta).log())
    cases = 3 * len(_DIMENSIONS) * len(_ERRORS)
    require(tight >= 0.9 * cases, f"one block less would do in {cases - tight} of {cases} cases")
    return f"{cases} cases; in {tight} of them one block less misses delta"


@lemma("the grid", means="exact", scope="all eps = p/q <= 1 with q <= 40", bounds=("mrss_n_explicit",), cites=_CITES)
def target_grid() -> str:
    """With N = ceil(2/eps), every number of [-1, 1] is within eps/2 of one of the N centres -1 + (2i + 1)/N; so ceil(2/eps)^d targets are
    within eps/2 of all of [-1, 1]^d, and hitting each within eps/2 hits everything within eps."""
    for q in range(1, 41):
        for p in range(1, q + 1):
            eps = Fraction(p, q)
            count = math.ceil(2 / eps)
            centres = [-1 + Fraction(2 * i + 1, count) for i in range(count)]
            gaps = [centres[0] + 1, 1 - centres[-1], *((b - a) / 2 for a, b in itertools.pairwise(centres))]
            require(max(gaps) <= eps / 2, f"eps = {eps}: a point at {max(gaps)} from the centres")
    return "820 pairs p/q"


@lemma(
    "the theorem's order", means="search", scope="42 dimensions up to 10^6, 22 errors from 1/2 down to 1e-300, delta = eps",
    bounds=("mrss_n", "mrss_n_explicit"), cites=_OWN,
)  # fmt: skip
def explicit_count_is_of_the_order_claimed() -> str:
    """The explicit count, at failure probability eps, is at most C d^3 ln(1/eps) (ln(1/eps) + ln d), the order of the theorem, with
    C = 600 for all eps <= 1/2 and C = 250 for all eps <= 1/100.

    The size k solves k = a (ln(2 pi k)/2 + B^2/(2k) - ln(2 eps)), a about 10.4 d^(3/2). As ln(k) <= k/a + ln(a) - 1, k is of the order
    d^(3/2) (ln(1/eps) + ln d), and there are 4 sqrt(d) k vectors in each of the order of d ln(1/eps) blocks.
    """
    d = np.unique(np.round(np.logspace(0, 6, 43)))[:, None]
    eps = np.append(np.logspace(-300, math.log10(0.5), 21), 0.01)
    ratio = mrss_n_explicit(d, eps, eps) / mrss_n(d, eps, 1.0)
    all_of_them, small = ratio.max(), ratio[:, eps <= 0.01].max()
    require(all_of_them <= 600 and small <= 250, f"C = {all_of_them:.0f}, and {small:.0f} where eps <= 1/100")
    return f"C = {all_of_them:.0f} where eps <= 1/2, {small:.0f} where eps <= 1/100"


@lemma(
    "main theorem", means="statistical", false_alarm=1e-9, control=0.3, scope="d = 2, eps = 0.3, C = 1: n = 19, 40 draws",
    bounds=("mrss_n",), cites=_CITES,
)  # fmt: skip
def theorem_in_the_plane(claim: float = 1.0) -> str:
    """With n = C d^3 ln(1/eps) (ln(1/eps) + ln d) normal vectors, every z in [-1, 1]^d has a subset sum within eps with high probability
    (here: 1/2 and more). C is open in the source; the claim is that 1 does here.

    A cell of a grid of side eps/8 counts as covered only if a sum lies within 15/16 eps of its centre: then all of it is covered.
    """
    d, eps, trials = 2, 0.3, 40
    n = mrss_n(d, eps, claim)
    require(n >= mrss_lower(d, eps), f"n = {n} is below the {mrss_lower(d, eps)} that counting demands")
    rng = np.random.default_rng(13944)
    covered = sum(_covers(rng.standard_normal((n, d)), eps) for _ in range(trials))
    chance.probability_at_least(0.5, covered, trials, 1e-9, f"n = {n} vectors cover")
    return f"n = {n}: all targets covered in {covered} of {trials} draws; counting demands {mrss_lower(d, eps)}"


def _covers(vectors: Any, eps: float) -> bool:
    """Whether every cell of a grid over [-1, 1]^2 lies within eps of one subset sum."""
    sums = np.zeros((1, 2))
    for vector in vectors:
        sums = np.concatenate([sums, sums + vector])
    cells = math.ceil(16 / eps)
    side = 2 / cells
    near = sums[(np.abs(sums) <= 1 + eps).all(1)]
    # a sum covers the cells whose centres are within eps - side/2 in both coordinates: a box of cells, entered in a summed-area table
    reach = eps - side / 2
    low = np.clip(np.ceil((near - reach + 1) / side - 0.5), 0, cells).astype(np.int64)
    high = np.clip(np.floor((near + reach + 1) / side - 0.5) + 1, 0, cells).astype(np.int64)
    change = np.zeros((cells + 1, cells + 1), np.int64)
    for rows, columns, sign in ((low, low, 1), (low, high, -1), (high, low, -1), (high, high, 1)):
        np.add.at(change, (rows[:, 0], columns[:, 1]), sign)
    return bool((change.cumsum(0).cumsum(1)[:cells, :cells] > 0).all())


@lemma(
    "necessity, all targets",
    means="exact",
    scope="eps = p/q <= 1 with q <= 40, d <= 12",
    bounds=("mrss_lower",),
    cites=_OWN,
)
def packing() -> str:
    """With N = ceil(1/eps) >= 2, the N^d points of [-1, 1]^d with coordinates among -1 + 2i/(N - 1) are pairwise more than 2 eps apart in
    the maximum norm, so no subset sum is within eps of two of them, and 2^n >= N^d whatever the n vectors. mrss_lower is the least such n.
    """
    cases = 0
    for q in range(1, 41):
        for p in range(1, q + 1):
            eps = Fraction(p, q)
            points = math.ceil(1 / eps)
            require(points == 1 or Fraction(2, points - 1) > 2 * eps, f"eps = {eps}: {points} points are too near")
            for d in range(1, 13):
                found = mrss_lower(d, _above(eps))
                least = (math.ceil(1 / Fraction(_above(eps))) ** d - 1).bit_length()
                require(
                    found == least, f"d = {d}, eps = {eps}: {found}, but 2^{least} is the first power >= {points}^{d}"
                )
                cases += 1
    return f"{cases} pairs of d and eps, in integers"


def _above(eps: Fraction) -> float:
    """The least float >= eps: so that its inverse, rounded up, is that of eps."""
    nearest = float(eps)
    return nearest if Fraction(nearest) >= eps else math.nextafter(nearest, math.inf)


@lemma(
    "necessity, one target",
    means="symbolic",
    scope="all d, n, eps > 0, 0 < p <= 1",
    bounds=("mrss_target_lower",),
    cites=_OWN,
)
def first_moment() -> str:
    """A nonempty subset of k normal vectors has density at most (2 pi k)^(-d/2) <= (2 pi)^(-d/2), so it is within eps of z with probability
    at most (2 eps / sqrt(2 pi))^d, and some one of fewer than 2^n with probability p <= 2^n (2 eps / sqrt(2 pi))^d; that is
    n >= d log2(sqrt(pi/2) / eps) + log2 p. The empty sum is no hit if a coordinate of z is beyond eps."""
    d, n, eps, p, k = sympy.symbols("d n eps p k", positive=True)
    bound = n * sympy.log(2) + d * sympy.log(2 * eps / sympy.sqrt(2 * sympy.pi)) - sympy.log(p)
    claim = (n - d * sympy.log(sympy.sqrt(sympy.pi / 2) / eps, 2) - sympy.log(p, 2)) * sympy.log(2)
    require(sympy.simplify(sympy.expand_log(bound - claim)) == 0, f"off by {sympy.simplify(bound - claim)}")
    x = sympy.Symbol("x", real=True)
    peak = sympy.exp(-(x**2) / (2 * k)) / sympy.sqrt(2 * sympy.pi * k)
    require(sympy.solve(sympy.diff(peak, x), x) == [0], "the density has no other peak than 0")
    for values in ((1, 0.1, 0.5), (4, 0.01, 1.0), (30, 1e-6, 0.01)):
        exact = values[0] * sympy.log(sympy.sqrt(sympy.pi / 2) / values[1], 2) + sympy.log(values[2], 2)
        require(abs(float(exact) / mrss_target_lower(*values) - 1) < 1e-12, f"mrss_target_lower{values} is not {exact}")
    return "the two forms agree"


@lemma(
    "necessity, one target", means="statistical", false_alarm=1e-9, control=0.25, scope="d = 2, eps = 0.05, n = 6, z = (0.1, -0.3)",
    bounds=("mrss_target_lower",), cites=_OWN,
)  # fmt: skip
def first_moment_holds(claim: float = 1.0) -> str:
    """The probability that 6 vectors of the plane hit a target within 0.05 is at most the p for which mrss_target_lower is 6. (The claim
    multiplies p; a quarter of it is refuted, so the bound is within a factor of four.)"""
    d, eps, n, trials = 2, 0.05, 6, 40000
    p = claim * 2.0 ** (n - mrss_target_lower(d, eps, 1.0))
    rng = np.random.default_rng(1)
    masks = (np.arange(1, 2**n)[:, None] >> np.arange(n)) & 1
    sums = masks @ rng.standard_normal((trials, n, d))
    hits = int((np.abs(sums - [0.1, -0.3]) <= eps).all(-1).any(-1).sum())
    chance.probability_at_most(p, hits, trials, 1e-9, "a hit")
    return f"{hits} of {trials} draws hit; at most {p:.4f} stated"


claimed(
    "papers_own_constants",
    "main theorem",
    "n = O(d^3 log(1/eps) (log(1/eps) + log d)) vectors suffice with high probability, with the constants and for the laws that the paper "
    "itself states.",
    why="the steps above prove the order for normal vectors with constants of their own; the paper's constants were not available",
    bounds=("mrss_n",),
    cites=_CITES,
)
claimed(
    "universality",
    "application",
    "A network whose neurons carry random vectors can, with high probability, approximate any network with polynomially more parameters.",
    why="a statement on a model of networks that is not built here",
    bounds=("mrss_n",),
    cites=_CITES,
)
