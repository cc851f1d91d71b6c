"""Da Cunha, d'Amore, Giroire, Lesfari, Natale and Viennot 2023, "Revisiting the random subset sum problem" (arXiv 2204.13929).

The proof follows the share v_t of targets that t samples reach within eps by moves inside the interval. Its drift is checked on the whole
of [-1, 1], with the constant 1/2 in place of the 1/4 that the paper is content with, and so are the two stages and the tail, with a
constant. The whole numbers of Kumar and Natale go along.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks.lemma import lemma, require
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_most
from slth import laws
from slth.bounds.subset_sums.asymptotic import rss_tail_dacunha, rss_tail_discrete
from slth.bounds.subset_sums.explicit import rss_failure_explicit_full
from slth.bounds.subset_sums.explicit_discrete import rss_failure_discrete
from slth.subset_sum import coverage

_CITES = ("dacunha2023revisiting", "slth")
_DISCRETE_CITES = ("kumar2026unified", "slth")
_CONTINUOUS = ("rss_tail_dacunha", "rss_n_explicit_full", "rss_failure_explicit_full")
_DISCRETE = ("rss_tail_discrete", "rss_n_discrete", "rss_failure_discrete")


@lemma(
    "the recursion",
    means="exact",
    scope="whole numbers: all sequences of up to four samples of -3..3, tolerances 0 and 1, 5,602 in all; both claims at every target",
    bounds=(*_CONTINUOUS, *_DISCRETE),
    cites=_CITES,
)
def recursion() -> str:
    """With f_0(z) = 1 for abs(z) <= eps and f_(t+1)(z) = f_t(z) + (1 - f_t(z)) f_t(z - X_(t+1)), f_t = 0 outside the interval: f_t(z) = 1
    if and only if some subset of the first t samples has a sum within eps of z, such that taking its samples off z from the last to the
    first never leaves the interval. So f_t(z) = 1 only if z is within eps of a subset sum.
    """
    M, checked, lost = 3, 0, 0
    for tolerance in (0, 1):
        for n in range(5):
            for samples in product(range(-M, M + 1), repeat=n):
                f = {z: abs(z) <= tolerance for z in range(-M, M + 1)}
                for x in samples:
                    f = {z: f[z] or f.get(z - x, False) for z in f}
                for z, reached in f.items():
                    inside, anywhere = _paths(samples, z, M, tolerance)
                    require(reached == inside, f"f = {reached} at z = {z} for {samples}")
                    require(anywhere or not reached, f"z = {z} has no subset of {samples}")
                    lost += anywhere and not reached
                checked += 1
    return f"{checked:,} sequences; f misses {lost:,} targets that only sums outside the interval reach"


@lemma(
    "the drift: at most half of the pairs are far",
    means="symbolic",
    scope="all finite unions of intervals A in [-1, 1]; all sets A of whole numbers in -M..M, all M",
    bounds=(*_CONTINUOUS, *_DISCRETE),
    cites=("slth", "dacunha2023revisiting"),
)
def near_pairs() -> str:
    """Of the pairs (y, z) with y in A and z in [-1, 1] outside A, those with abs(z - y) > 1 make up at most half of the measure. Whole
    numbers in -M..M: those with abs(z - y) > M are at most half.

    Take y < z with z - y > 1, one in A and the other not, and the path y, z - 1, y + 1, z. The first and the last point differ in being
    in A, so two neighbours on the path do (or three pairs of them). The maps (y, z) to (y, z - 1), to (z - 1, y + 1) and to (y + 1, z)
    keep measure (Jacobians +-1) and are injective; their images are pairs y <= w <= 0, pairs w <= 0 <= u with u - w < 1, and pairs 0 <= u
    <= z: disjoint up to measure 0, and none further apart than 1. So there are at least as many near pairs as far ones. Whole numbers:
    the path is y, z - M, y + M + 1, z, and the images are y <= w <= 0, then w <= 0 < 1 <= u with u - w <= M, then 1 <= u <= z.
    """
    y, z = sympy.symbols("y z")
    path = (y, z - 1, y + 1, z)
    jacobians = [sympy.Matrix(path[i : i + 2]).jacobian([y, z]).det() for i in range(3)]
    require([abs(j) for j in jacobians] == [1, 1, 1], f"Jacobians {jacobians}")
    for inside in product((0, 1), repeat=4):
        cut = [a != b for a, b in pairwise(inside)]
        require(inside[0] == inside[3] or any(cut), f"the colouring {inside} has no cut")
    # y = -1 + p and z = 1 - q are far if r = z - y - 1 = 1 - p - q > 0; so the 1 of the path is p + q + r
    p, q, r = sympy.symbols("p q r", nonnegative=True)
    first, last = -1 + p, 1 - q
    w, u = last - 1, first + 1
    slacks = [sympy.expand(slack).subs(q, 1 - p - r) for slack in (w - first, last - u, 1 - (u - w))]
    require(slacks == [r, r, r] and (-w, u) == (q, p), f"slacks {slacks}, {-w}, {u}")
    s = sympy.symbols("s", nonnegative=True)  # whole numbers: y = -M + p, z = M - q, z - y - M = s + 1
    M = p + q + s + 1
    first, last = -M + p, M - q
    w, u = last - M, first + M + 1
    slacks = [w - first, -w, u - 1, last - u, M - (u - w)]
    require(all(sympy.expand(slack).is_nonnegative for slack in slacks), f"slacks {slacks}")
    return "three measure-preserving maps into disjoint families of near pairs; every colouring of the path is cut"


@lemma(
    "the drift: at most half of the pairs are far, counted",
    means="exact",
    scope="all unions of up to 16 equal cells of [-1, 1]; all sets of whole numbers in -M..M, M <= 7",
    bounds=(*_CONTINUOUS, *_DISCRETE),
    cites=("slth", "dacunha2023revisiting"),
    control=51,
)
def near_pairs_counted(claim: int = 50) -> str:
    """At least 50 percent of the pairs of a point of A and one of [-1, 1] outside A (or of -M..M) are not further apart than 1 (or M). The
    share 50 percent is attained, for instance by A = [-1, x].
    """
    sets, equal = 0, 0
    for cells in (2, 4, 6, 8, 10, 12, 14, 16):
        away = abs(np.subtract.outer(np.arange(cells), np.arange(cells)))
        # in halves of a cell pair: pairs of cells at distance 1 are cut in the middle
        near, total = _pairs(cells, np.where(away < cells // 2, 2, np.where(away == cells // 2, 1, 0)))
        require((100 * near >= 2 * claim * total).all(), f"less than {claim} percent near among {cells} cells")
        sets, equal = sets + len(total), equal + int((near == total).sum())
    for M in range(1, 8):
        away = abs(np.subtract.outer(np.arange(2 * M + 1), np.arange(2 * M + 1)))
        near, total = _pairs(2 * M + 1, (away <= M).astype(np.int64))
        require((100 * near >= claim * total).all(), f"less than {claim} percent near for M = {M}")
        sets += len(total)
    return f"{sets:,} sets, equality for {equal} unions of cells"


@lemma(
    "the drift",
    means="symbolic",
    scope="the step from pairs to the drift: all v in [0, 1]; U[-1, 1] and [-1, 1], or a density >= c on [-2a, 2a] and I = [-2a, 2a]",
    bounds=(*_CONTINUOUS, *_DISCRETE),
    cites=_CITES,
)
def drift() -> str:
    """E[v_(t+1) given the past] >= v_t + 2ac v_t (1 - v_t) on I = [-2a, 2a], if X has a density >= c there: for U[-1, 1] and I = [-1, 1]
    that is v_t (1 + (1 - v_t) / 2), twice the drift that the paper uses. Whole numbers: the same with 2ac = p/2, if every x of -M..M has
    probability >= p / (2M + 1).

    E of what is new is at least c times the measure of near pairs, so c / 2 times abs(A) abs(I - A) = c / 2 (4a)^2 v (1 - v); its share of
    I is 1 / (4a) of that. Whole numbers: p / (2M + 1) times half of v (1 - v) (2M + 1)^2, divided by 2M + 1.
    """
    v, a, c, p, N = sympy.symbols("v a c p N", positive=True)
    share = c * sympy.Rational(1, 2) * (4 * a * v) * (4 * a * (1 - v)) / (4 * a)
    require(sympy.expand(share - 2 * a * c * v * (1 - v)) == 0, f"the share is {share}")
    half = sympy.Rational(1, 2)
    uniform = share.subs({a: half, c: half})
    require(sympy.expand(uniform - v * (1 - v) / 2) == 0, f"U[-1, 1] has {uniform}")
    whole = p / N * sympy.Rational(1, 2) * (N * v) * (N * (1 - v)) / N
    require(sympy.expand(whole - p / 2 * v * (1 - v)) == 0, f"whole numbers have {whole}")
    return "2ac v (1 - v); v (1 - v) / 2 for U[-1, 1]; p/2 v (1 - v) for whole numbers"


@lemma(
    "stages 1 and 2, with c = 1/4",
    means="symbolic",
    scope="all v in (0, 1]; the drift 1/4 v (1 - v) of the paper, 1/2 v (1 - v) and any other below 1/2",
    bounds=("rss_tail_dacunha",),
    cites=_CITES,
)
def stages() -> str:
    """With the drift E[w] >= v + c v (1 - v): while v <= 1/2, E[w] >= (1 + c/2) v, a growth by 9/8 for c = 1/4; once v >= 1/2,
    E[1 - w] <= (1 - c/2)(1 - v), a contraction by 7/8 for c = 1/4 and by 3/4 for c = 1/2.
    """
    v, c, d = sympy.symbols("v c d", nonnegative=True)
    first = sympy.expand((v + c * v * (1 - v) - (1 + c / 2) * v).subs(v, sympy.Rational(1, 2) - d))
    require(sympy.factor(first) == sympy.factor(c * d * (sympy.Rational(1, 2) - d)), f"stage 1: {sympy.factor(first)}")
    second = sympy.expand(((1 - c / 2) * (1 - v) - (1 - v - c * v * (1 - v))).subs(v, sympy.Rational(1, 2) + d))
    require(
        sympy.factor(second) == sympy.factor(c * d * (sympy.Rational(1, 2) - d)), f"stage 2: {sympy.factor(second)}"
    )
    return "both slacks are c d (1/2 - d) >= 0, d = abs(v - 1/2)"


@lemma(
    "the tail, with C = 6.35",
    means="rigorous",
    scope="all eps in (0, 1/3), all n >= C log2(1/eps), U[-1, 1] and all targets of [-1, 1], for C = 6.35",
    bounds=("rss_tail_dacunha",),
    cites=_CITES,
    control=Fraction(63, 10),
)
def tail(claim: Fraction = Fraction(635, 100)) -> str:
    """P(some z in [-1, 1] has no subset sum within 2 eps) <= exp(-(n - C L)^2 / (4n)) for L = log2(1/eps), eps < 1/3, n >= C L, C = 6.35.

    With A = ln(4/3) and x = n - C L >= 0, the explicit bound on [-1, 1] is exp(ln 2 + 2 ln(2) L - A n). As (x^2 / n) / 4 <= x / 4, it is
    enough that (A - 1/4) x + (A C - 2 ln 2) L >= ln 2, and as L >= log2(3) that A > 1/4 and (A C - 2 ln 2) log2(3) >= ln 2. The check
    encloses both, compares the functions at 3,000 points, and rss_tail_dacunha with its formula in balls at 300.
    """
    with precision(100):
        A, two = (arb(4) / 3).log(), arb(2).log()
        slope = A - _arb(Fraction(1, 4))
        slack = (A * _arb(claim) - 2 * two) * arb(3).log() / two - two
        require(slope > 0, f"A - 1/4 is {slope}")
        require(slack > 0, f"(A C - 2 ln 2) log2(3) - ln 2 is {slack} for C = {claim}")
    C, rng = float(claim), np.random.default_rng(21)
    eps = 10.0 ** -rng.uniform(0.4772, 200, 3000)
    eps[:1000] = 10.0 ** -rng.uniform(0.4772, 3, 1000)
    n = np.ceil(C * -np.log2(eps)) + np.floor(10 ** rng.uniform(0, 3, 3000)) - 1
    stated, found = rss_tail_dacunha(n, eps, C), rss_failure_explicit_full(n, 2 * eps)
    require((found <= stated * (1 + 1e-9)).all(), "rss_tail_dacunha is below rss_failure_explicit_full")
    with precision(100):
        for count, half, value in zip(n[:300].tolist(), eps[:300].tolist(), stated[:300].tolist(), strict=True):
            x = count + arb(C) * arb(half).log() / two
            _is_formula(value, (-(x**2) / (4 * count)).exp(), f"rss_tail_dacunha at n = {count:g}, eps = {half}")
    return f"A - 1/4 = {float(slope):.4f}, slack {float(slack):.4f}"


@lemma(
    "the tail for whole numbers, with C = 7 and kappa = 11",
    means="rigorous",
    scope="all whole M >= 1, 0 <= Delta <= M, t >= C ln((M + 1)/(Delta + 1)); uniform samples, for C = 7, kappa = 11",
    bounds=("rss_tail_discrete",),
    cites=_DISCRETE_CITES,
    control=(6, 11),
)
def tail_of_whole_numbers(claim: tuple[int, int] = (7, 11)) -> str:
    """P(tau > t) <= 2 exp(-(t - C L)^2 / (kappa t)), tau the first t at which all of -M..M have a subset sum within Delta,
    L = ln((M + 1)/(Delta + 1)), t >= C L, for C = 7 and kappa = 11.

    The factor of the explicit bound, with d next to (2 Delta + 1)/4, is at most 8 M^2 / ((Delta + 1)(Delta + 2)) <= 8 exp(2 L), so with
    A = ln(4/3) and x = t - C L >= 0 the probability is at most exp(min(0, ln 8 + 2 L - A t)). And (t - C L)^2 / (kappa t) <= x / kappa. For
    x <= kappa ln 2 the right side is at least 1. Beyond, it is enough that ln 8 + 2 L - A x - A C L <= ln 2 - x / kappa: that A C >= 2, and
    (A - 1/kappa) kappa ln 2 >= ln 4. The check encloses both, compares the functions at 3,000 points, and rss_tail_discrete with its
    formula in balls at 300.
    """
    j = sympy.symbols("j", nonnegative=True)
    for Delta in (
        2 * j,
        2 * j + 1,
    ):  # d is the whole number next to (2 Delta + 1)/4 = j + 1/4 or j + 3/4, j = Delta // 2 here
        best = Delta / 2 if Delta == 2 * j else (Delta + 1) / 2
        gain = sympy.expand(2 * (2 * best + 1) * (Delta - best + 1) - (Delta + 1) * (Delta + 2))
        require(gain == 0, f"(2d + 1)(Delta - d + 1) is off by {gain} at Delta = {Delta}")
    C, kappa = claim
    with precision(100):
        A, two = (arb(4) / 3).log(), arb(2).log()
        growth, constant = A * arb(C) - 2, (A * arb(kappa) - 1) * two - 2 * two
        require(growth > 0, f"A C - 2 is {growth}")
        require(constant > 0, f"(A kappa - 3) ln 2 is {constant}")
    rng = np.random.default_rng(22)
    M = np.floor(10 ** rng.uniform(0, 12, 3000))
    Delta = np.floor(M * rng.uniform(0, 1, 3000) ** rng.integers(1, 40, 3000))
    t = np.ceil(C * np.log((M + 1) / (Delta + 1)) * (1 + 1e-9)) + np.floor(10 ** rng.uniform(0, 3, 3000))
    stated, found = rss_tail_discrete(t, M, Delta, C, kappa), rss_failure_discrete(t, M, Delta)
    require((found <= stated * (1 + 1e-9)).all(), "rss_tail_discrete is below rss_failure_discrete")
    with precision(100):
        for count, big, off, value in zip(*(some[:300].tolist() for some in (t, M, Delta, stated)), strict=True):
            x = count - C * (arb(big + 1) / arb(off + 1)).log()
            formula = 2 * (-(x**2) / (kappa * count)).exp()
            _is_formula(value, formula if formula < 1 else arb(1), f"rss_tail_discrete at t = {count:g}, M = {big:g}")
    return f"A C - 2 = {float(growth):.4f}, (A kappa - 3) ln 2 = {float(constant):.4f}"


@lemma(
    "the tail, simulated",
    means="statistical",
    scope="U[-1, 1], eps = 0.1 and 0.03, n from C log2(1/eps) on; 4,000 rows of samples, coverage of [-1, 1] bounded rigorously",
    bounds=("rss_tail_dacunha",),
    cites=_CITES,
    false_alarm=1e-9,
    control=0.5,
)
def tail_simulated(claim: float = 6.35) -> str:
    """P(some z in [-1, 1] has no subset sum of n samples within 2 eps) <= rss_tail_dacunha(n, eps, C) for C = 6.35. The control is C = 1/2.

    C = 2 is not refuted either: the constant of the theorem is far from sharp.
    """
    trials, tests = 4000, 0
    for eps in (0.1, 0.03):
        start = int(np.ceil(claim * -np.log2(eps)))
        samples = laws.get("uniform").sample((trials, start + 24), np.random.default_rng(23))
        found = coverage(samples, 2 * eps, (-1, 1), method="grid", workers=1)
        for n in range(start, start + 25, 4):
            failed = int((found.first_n_lower > n).sum())
            probability_at_most(rss_tail_dacunha(n, eps, claim), failed, trials, 1e-9 / 14, f"eps = {eps}, n = {n}")
            tests += 1
    return f"{tests} tests passed"


@lemma(
    "the tail for whole numbers, simulated",
    means="statistical",
    scope="uniform samples of -M..M, M = 8, Delta = 0 and 2, and M = 64, Delta = 0; t from 4 to 40; 4,000 rows, exact",
    bounds=("rss_failure_discrete", "rss_tail_discrete"),
    cites=_DISCRETE_CITES,
    false_alarm=1e-9,
    control=4.0,
)
def whole_numbers_simulated(claim: float = 1.0) -> str:
    """P(tau > t) <= rss_failure_discrete(t, M, Delta). The control claims the bound that holds at t already at t / 4."""
    trials, tests, seen = 4000, 0, []
    for M, Delta in ((8, 0), (8, 2), (64, 0)):
        first = _first_times(M, Delta, trials, 40)
        for t in range(4, 41, 4):
            limit = rss_failure_discrete(round(claim * t), M, Delta)
            probability_at_most(limit, int((first > t).sum()), trials, 1e-9 / 30, f"M = {M}, Delta = {Delta}, t = {t}")
            tests += 1
        seen.append(f"{int((first > 20).sum())} of {trials} need more than 20 (M = {M}, Delta = {Delta})")
    return f"{tests} tests; {'; '.join(seen)}"


def _arb(x: Fraction) -> Any:
    return arb(fmpq(x.numerator, x.denominator))


def _is_formula(found: float, formula: Any, what: str) -> None:
    require(abs(found - formula) <= formula * arb(1e-9) + arb(1e-280), f"{what} is {found}, not {formula}")


def _paths(samples: tuple[int, ...], z: int, M: int, tolerance: int) -> tuple[bool, bool]:
    """Whether some subset has a sum within the tolerance of z: with all of its path from z inside -M..M, and at all."""
    inside = anywhere = False
    for chosen in product((0, 1), repeat=len(samples)):
        rest, stays = z, True
        for take, x in zip(reversed(chosen), reversed(samples), strict=True):
            rest -= take * x
            stays = stays and abs(rest) <= M
        if abs(rest) <= tolerance:
            anywhere, inside = True, inside or stays
    return inside, anywhere


def _pairs(points: int, near: Any) -> tuple[Any, Any]:
    """For each proper subset of the points: the near pairs of a point inside and one outside, weighted by `near`, and all pairs."""
    sets = (np.arange(1, (1 << points) - 1)[:, None] >> np.arange(points)) & 1
    sizes = sets.sum(axis=1)
    return ((sets @ near) * (1 - sets)).sum(axis=1), sizes * (points - sizes)


def _first_times(M: int, Delta: int, trials: int, longest: int) -> Any:
    """For each row of uniform samples of -M..M, the first t at which all targets have a subset sum within Delta; longest + 1 if none."""
    samples = np.random.default_rng(24).integers(-M, M + 1, (trials, longest)).tolist()
    middle, everything = M * (longest + 1), (1 << (2 * M + 1)) - 1
    first = []
    for row in samples:
        sums = 1 << middle  # bit s + middle: some subset has the sum s
        for t, x in enumerate(row, 1):
            sums |= sums << x if x >= 0 else sums >> -x
            near = sums
            for k in range(1, Delta + 1):
                near |= sums << k | sums >> k
            if (near >> (middle - M)) & everything == everything:
                first.append(t)
                break
        else:
            first.append(longest + 1)
    return np.array(first)
