"""Natale et al. 2024, On the Sparsity of the Strong Lottery Ticket Hypothesis: sums of exactly k of n samples (Lemma 1, Theorem 2).

Notation: S a set of k of n samples, Sigma_S its sum; H2 the binary entropy; I the overlap of two independent uniform S; c_l, c_u the
constants of Definition 1. Where the paper is content with the existence of a constant, the steps here compute one.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import ceil, comb, sqrt
from typing import Any

import numpy as np
import sympy
from flint import arb, fmpq
from numpy.typing import NDArray

from proofs_checks.lemma import lemma, require
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_least
from proofs_checks.tools.uniform_sums import edgeworth_error, far_tail, limit_density, scaled_density
from slth import laws
from slth.bounds.subset_sums.fixed_size import rfss_c_thm, rfss_c_thm_least, rfss_n, sum_bounded_constants

_PAPER = ("natale2024sparsity",)
_SUMS = ("sum_bounded_constants", "rfss_n", "rfss_c_thm")
_THEOREM_2 = ("rfss_n", "rfss_c_thm", "rfss_c_thm_least")
_FIRST = 30  # from this k on Lemma 1 rests on the Fourier integral


# ---------------------------------------------------------------------------------------------------- Definition 1 and Lemma 1


@lemma(
    "Lemma 1, shape", means="symbolic", scope="all k by induction; its pieces for k <= 6", bounds=_SUMS, cites=_PAPER
)
def sums_are_unimodal() -> str:
    """The density f_k of a sum of k independent U[-1, 1] is even and does not increase on x >= 0. So on abs(x) <= sqrt(k) it is smallest at
    x = sqrt(k), and nowhere larger than at 0.

    f_(k+1) is the average of f_k over [x - 1, x + 1], so f'_(k+1)(x) = (f_k(x + 1) - f_k(x - 1)) / 2. As f_k is even and falls, this is
    <= 0 where abs(x + 1) >= abs(x - 1), that is for x >= 0; and the average of an even function is even.
    """
    x = sympy.Symbol("x", real=True)
    require(sympy.expand((x + 1) ** 2 - (x - 1) ** 2) == 4 * x, "abs(x + 1) >= abs(x - 1) is not x >= 0")
    for k in range(2, 7):
        for knot in range(-k - 1, k + 1):
            # f_(k+1) and both shifts of f_k are polynomials between neighbouring whole numbers
            slope = sympy.diff(_density_piece(k + 1, knot, x), x)
            step = _density_piece(k, knot + 1, x + 1) - _density_piece(k, knot - 1, x - 1)
            require(sympy.expand(slope - step / 2) == 0, f"k = {k}, piece from {knot}: f' is {slope}")
    return "(x + 1)^2 - (x - 1)^2 = 4 x; f'_(k+1) = (f_k(x + 1) - f_k(x - 1)) / 2 on every piece, k = 2, ..., 6"


def _density_piece(k: int, knot: int, x: Any) -> Any:
    """The polynomial that f_k is on [knot, knot + 1]."""
    terms = [(-1) ** j * comb(k, j) * (x + k - 2 * j) ** (k - 1) for j in range(k + 1) if 2 * j - k <= knot]
    return sympy.Add(*terms) / (2**k * sympy.factorial(k - 1))


@lemma(
    "Lemma 1, c_l",
    means="rigorous",
    scope="all k >= 1",
    bounds=_SUMS,
    cites=_PAPER,
    control=0.1543,
)
def uniform_from_below(claim: float | None = None) -> str:
    """The sum of k independent U[-1, 1] has a density above c_l / sqrt(k) on [-sqrt(k), sqrt(k)] for every k >= 1, where
    c_l = sqrt(3 / (2 pi)) e^(-3/2) = 0.15418. This c_l is the largest possible: it is the limit at abs(x) = sqrt(k), which no k attains.

    By the shape it is enough to look at x = sqrt(k). For k < 30 the spline is evaluated there. For k >= 30 the Fourier integral, expanded
    to first order, gives sqrt(k) f_k(sqrt(k)) / c_l = 1 + 3/(10 k) + rest with abs(rest) <= D / k^2 (`uniform_sums.edgeworth_error`); the
    proof ends where D / 30 < 3/10. The two ways are compared for 30 <= k <= 60. (The paper's own proof, by
    a Berry-Esseen bound, leaves the constant open.)
    """
    s = sympy.Symbol("s", positive=True)
    x = sympy.Symbol("x", real=True)
    bell = sympy.sqrt(sympy.pi) / 2 * sympy.sqrt(6) * sympy.exp(-3 * x**2 / 2)  # int_0^oo cos(s x) exp(-s^2/6) ds
    require(sympy.integrate(sympy.exp(-(s**2) / 6), (s, 0, sympy.oo)) == bell.subs(x, 0), "the Gauss integral")
    require(sympy.simplify(sympy.diff(bell, x) + 3 * x * bell) == 0, "the transform of the Gauss function")
    first = sympy.simplify((-sympy.diff(bell, x, 4) / 180 / bell).subs(x, 1))
    require(first == sympy.Rational(3, 10), f"the first correction is {first} / k")
    limit_law = sympy.sqrt(3 / (2 * sympy.pi)) * sympy.exp(-3 * x**2 / 2)
    require(sympy.simplify(bell / sympy.pi - limit_law) == 0, "the limit")
    with precision(400):
        limit = limit_density(1)
        least = limit if claim is None else arb(claim)
        at_root = {k: scaled_density(k, arb(1)) for k in range(1, 61)}
        for k in range(1, _FIRST):
            require(at_root[k] > least, f"k = {k}: sqrt(k) f_k(sqrt(k)) = {float(at_root[k]):.6f}")
        error = edgeworth_error(_FIRST)
        require(error / _FIRST < arb(fmpq(3, 10)), f"D = {float(error):.3f} at k = {_FIRST}")
        require(limit >= least or claim is None, f"the limit is {float(limit):.6f}")
        for k in range(_FIRST, 61):
            rest = (at_root[k] / limit - 1 - arb(fmpq(3, 10 * k))) * k * k
            require(abs(rest) < error, f"k = {k}: rest {float(rest):.4f} / k^2 beyond D = {float(error):.4f}")
        code = sum_bounded_constants("uniform")[0]
        require(abs(arb(code) / limit - 1) < arb(2) ** -51, f"sum_bounded_constants says {code}")
        closest = min((float(at_root[k]), k) for k in range(1, _FIRST))
    return f"least for k < {_FIRST}: {closest[0]:.5f} (k = {closest[1]}); from k = {_FIRST} on D = {float(error):.3f} < {0.3 * _FIRST:g}"


@lemma("Lemma 1, c_u", means="rigorous", scope="all k >= 1", bounds=_SUMS, cites=_PAPER, control=0.7071)
def uniform_from_above(claim: float | None = None) -> str:
    """The sum of k independent U[-1, 1] has a density of at most c_u / sqrt(k) everywhere, for every k >= 1, where c_u = 1 / sqrt(2) =
    0.70711, with equality for k = 2 at 0.

    By the shape it is enough to look at x = 0, which k = 1, 2, 3 do exactly. For k >= 4 the Fourier integral is at most that of
    exp(-s^2/6) plus the tail beyond pi sqrt(k), which falls with k: sqrt(3 / (2 pi)) + sqrt(k) pi^(-k) / (k - 1).
    """
    with precision(200):
        most = arb(fmpq(1, 2)).sqrt() if claim is None else arb(claim)
        for k in (1, 2, 3):
            peak = scaled_density(k, arb(0))
            require((peak - most) < arb(2) ** -150, f"k = {k}: sqrt(k) f_k(0) = {float(peak):.6f}")
        require(
            _density_piece(2, 0, sympy.Integer(0)) == sympy.Rational(1, 2), "f_2(0) is not 1/2"
        )  # so k = 2 attains 1 / sqrt(2)
        later = limit_density(0) + far_tail(4) / arb.pi()
        require(later < most, f"k >= 4: at most {float(later):.6f}")
        code = sum_bounded_constants("uniform")[1]
        require(abs(arb(code) ** 2 * 2 - 1) < arb(2) ** -51, f"sum_bounded_constants says {code}")
    return f"k = 1, 3: 0.5, 0.64952; k = 2: 1 / sqrt(2); k >= 4: at most {float(later):.5f}"


@lemma("Definition 1, normal law", means="symbolic", scope="all k, s > 0", bounds=_SUMS, cites=_PAPER)
def normal_constants() -> str:
    """N(0, s^2) is sum-bounded with c_u = 1 / (s sqrt(2 pi)) and c_l = c_u e^(-1 / (2 s^2)), the same for every k and both attained."""
    k, s, x = (sympy.Symbol(name, positive=True) for name in "ksx")
    density = sympy.exp(-(x**2) / (2 * k * s**2)) / (s * sympy.sqrt(2 * sympy.pi * k))
    require(sympy.simplify(sympy.diff(density, x) + x * density / (k * s**2)) == 0, "it does not fall in x > 0")
    peak, edge = (sympy.simplify(sympy.sqrt(k) * density.subs(x, at)) for at in (0, sympy.sqrt(k)))
    require(k not in (peak.free_symbols | edge.free_symbols), f"{peak}, {edge} depend on k")
    for value in (0.5, 1.0, 2.0):
        found = sum_bounded_constants(f"normal(0, {value})")
        wanted = [float(side.subs(s, value)) for side in (edge, peak)]
        require(np.allclose(found, wanted, rtol=1e-14, atol=0), f"s = {value}: {found}")
    return f"sqrt(k) f_k at 0 is {peak}, at sqrt(k) {edge}"


@lemma("proof of Lemma 1, a misprint", means="symbolic", scope="one number", bounds=_SUMS, cites=_PAPER, shows="gap")
def density_at_zero() -> str:
    """The standard normal density at 0 is 1 / sqrt(2 pi) = 0.399; the proof of Lemma 1 prints 1 / (2 pi) = 0.159. Its constants are
    existential, so nothing depends on it.
    """
    x = sympy.Symbol("x", real=True)
    mass = sympy.integrate(sympy.exp(-(x**2) / 2), (x, -sympy.oo, sympy.oo))
    require(mass == sympy.sqrt(2 * sympy.pi), f"the normal density is normalised by {mass}")
    return f"the integral of exp(-x^2/2) is {mass}"


# --------------------------------------------------------------------------------------------------------------------- Theorem 2


@lemma(
    "Theorem 2, hypothesis", means="symbolic", scope="all n > k > 0", bounds=("rfss_n", "natale_lower"), cites=_PAPER
)
def entropy_grows() -> str:
    """n H2(k/n) increases with n for n > k, and is 2k at n = 2k. So the n that satisfy n H2(k/n) >= c_hyp log2(k/eps) and n >= 2k are all
    whole numbers from one on, which `rfss_n` finds.
    """
    n, k = sympy.symbols("n k", positive=True)
    bits = (k * sympy.log(n / k) - (n - k) * sympy.log(1 - k / n)) / sympy.log(2)
    slope = sympy.simplify(sympy.diff(bits, n) + sympy.log(1 - k / n) / sympy.log(2))
    require(slope == 0, f"the derivative differs from -log2(1 - k/n) by {slope}")
    require(sympy.simplify(bits.subs(n, 2 * k) - 2 * k) == 0, "the value at 2k")
    for k_, eps, smallest in ((3, "1/100", 9), (5, "1/10000", 19), (1, "1/100", 38)):
        require(rfss_n(k_, float(Fraction(eps))) == smallest, f"rfss_n({k_}, {eps})")
        with precision(100):
            for m in (smallest - 1, smallest):
                share, need = arb(fmpq(k_, m)), (arb(k_) / arb(fmpq(*map(int, eps.split("/"))))).log()
                nats = -m * (share * share.log() + (1 - share) * (1 - share).log())
                require((nats > need) == (m == smallest), f"k = {k_}, n = {m}")
    return "derivative log2(n / (n - k)) > 0; n = 9, 19, 38 for (k, eps) = (3, 0.01), (5, 0.0001), (1, 0.01)"


@lemma(
    "Theorem 2, overlap",
    means="exact",
    scope="all pairs for n <= 8; moments for n <= 40",
    bounds=_THEOREM_2,
    cites=_PAPER,
)
def overlap_law() -> str:
    """Two independent uniform k-subsets of n share i elements with probability h_i = C(k, i) C(n - k, k - i) / C(n, k): mean k^2/n,
    variance k^2 (n - k)^2 / (n^2 (n - 1)).
    """
    for n in range(2, 9):
        for k in range(1, n + 1):
            sets = [set(chosen) for chosen in combinations(range(n), k)]
            for i, share in enumerate(_overlap(n, k)):
                pairs = sum(len(one & other) == i for one in sets for other in sets)
                require(share * len(sets) ** 2 == pairs, f"n = {n}, k = {k}, i = {i}: {pairs} pairs")
    for n in range(2, 41):
        for k in range(1, n + 1):
            law = _overlap(n, k)
            mean = sum((i * h for i, h in enumerate(law)), Fraction(0))
            variance = sum((i * i * h for i, h in enumerate(law)), Fraction(0)) - mean**2
            require(mean == Fraction(k * k, n), f"n = {n}, k = {k}: mean {mean}")
            require(
                variance == Fraction(k * k * (n - k) ** 2, n * n * (n - 1)), f"n = {n}, k = {k}: variance {variance}"
            )
    return "h_i counts the pairs of sets for all k <= n <= 8; mean and variance for all k <= n <= 40"


def _overlap(n: int, k: int) -> list[Fraction]:
    return [Fraction(comb(k, i) * comb(n - k, k - i), comb(n, k)) for i in range(k + 1)]


@lemma("Theorem 2, part (i)", means="symbolic", scope="all 1 <= k < n, c_hyp >= 1", bounds=_THEOREM_2, cites=_PAPER)
def part_equal_sets() -> str:
    """If n H2(k/n) >= c_hyp log2(k/eps), c_hyp >= 1 and eps < k, two random k-subsets are equal with probability 1 / C(n, k) <= 2 sqrt(2)
    eps / sqrt(k), and this times sqrt(k) / (2 eps c_l) is at most sqrt(2) / c_l.

    1 / C(n, k) <= sqrt(8 k (n - k) / n) 2^(-n H2(k/n)), which is `binom_entropy_bounds`, <= sqrt(8 k) (eps/k)^c_hyp.
    """
    k, eps, n = sympy.symbols("k eps n", positive=True)
    bound = sympy.sqrt(8 * k) * eps / k
    require(sympy.simplify(bound - 2 * sympy.sqrt(2) * eps / sympy.sqrt(k)) == 0, f"sqrt(8 k) eps / k is {bound}")
    require(sympy.simplify(sympy.sqrt(k) * bound / (2 * eps)) == sympy.sqrt(2), "times sqrt(k) / (2 eps)")
    require(sympy.simplify(8 * k - 8 * k * (n - k) / n) == 8 * k**2 / n, "n - k <= n")
    largest = 0.0
    for size in (1, 2, 3, 5, 10, 20, 50, 200):
        for error in (0.9, 0.5, 0.1, 1e-2, 1e-4, 1e-8):
            largest = max(largest, sqrt(size) / (2 * error * comb(rfss_n(size, error), size)))
    require(largest <= sqrt(2), f"sqrt(k) / (2 eps C(n, k)) reaches {largest}")
    return f"sqrt(k) / (2 eps C(n, k)) <= sqrt(2); at n = rfss_n(k, eps) it reaches {largest:.4f}"


@lemma("Theorem 2, part (ii)", means="symbolic", scope="all 1 <= k <= n/2", bounds=_THEOREM_2, cites=_PAPER)
def part_large_overlap() -> str:
    """For k <= n/2 the overlap is at least 3k/4 with probability at most 4/k, by Chebyshev, so at most 4 / sqrt(k); and as at least one
    sample is fresh unless the sets are equal, the pairs with 3k/4 <= I < k contribute at most 2 eps c_u * 4 / sqrt(k): the paper's c eps
    / sqrt(k).

    With g = k/n <= 1/2: Var(I) = k g (1 - g)^2 n / (n - 1) <= 2 k g (1 - g)^2, and 2 g (1 - g)^2 <= 4 (3/4 - g)^2.
    """
    g = sympy.Symbol("g", real=True)
    slack = sympy.expand(4 * (sympy.Rational(3, 4) - g) ** 2 - 2 * g * (1 - g) ** 2)
    rest = g**2 - sympy.Rational(7, 2) * g + sympy.Rational(9, 4)  # falls on [0, 1/2], 3/4 at its end
    require(sympy.expand(slack - (1 - 2 * g) * rest) == 0, f"the slack is {sympy.factor(slack)}")
    require(
        rest.subs(g, sympy.Rational(1, 2)) == sympy.Rational(3, 4) and sympy.diff(rest, g).subs(g, 1) < 0, f"{rest}"
    )
    for k in range(1, 41):
        for n in range(2 * k, 2 * k + 41):
            tail = sum(_overlap(n, k)[ceil(3 * k / 4) :], Fraction(0))
            require(tail <= Fraction(4, k), f"n = {n}, k = {k}: P(I >= 3k/4) = {float(tail)}")
    return "4 (3/4 - g)^2 - 2 g (1 - g)^2 = (1 - 2g) (g^2 - 7g/2 + 9/4) >= 0 for g <= 1/2"


@lemma("Theorem 2, part (iii)", means="symbolic", scope="all 0 <= i < 3k/4", bounds=_THEOREM_2, cites=_PAPER)
def part_small_overlap() -> str:
    """Given that one sum hits, another set with i < 3k/4 shared samples hits with probability at most 2 eps c_u / sqrt(k - i) < 4 eps c_u
    / sqrt(k): its k - i fresh samples have a sum of density at most c_u / sqrt(k - i), whatever the shared ones are.
    """
    k, i = sympy.symbols("k i", positive=True)
    slack = sympy.expand(4 * (k - i) - k)
    require(slack == 3 * k - 4 * i, f"4 (k - i) - k is {slack}")
    return "4 (k - i) - k = 3k - 4i > 0"


@lemma(
    "Theorem 2, all overlaps at once",
    means="symbolic",
    scope="all 1 <= k <= n/2",
    bounds=("rfss_c_thm", "rfss_c_thm_least"),
    cites=("slth", "natale2024sparsity"),
)
def overlap_factor() -> str:
    """For 1 <= k <= n/2 the sum of h_i sqrt(k / (k - i)) over i < k is at most sqrt(4675/1764) = 1.628. (Parts (ii) and (iii) together
    give 4.)

    J = k - I. 1/j <= 1/(j + 1) + 3/((j + 1) (j + 2)) for j >= 1; E[1/(J + 1)] = (n + 1) / ((k + 1) (n - k + 1)) and E[1/((J + 1) (J +
    2))] = (n + 1) (n + 2) / ((k + 1) (k + 2) (n - k + 1) (n - k + 2)) by Vandermonde; both times k are largest at n = 2k, and then at k =
    5. Jensen's inequality takes the root.
    """
    j, k = sympy.symbols("j k", positive=True)
    slack = sympy.factor(1 / (j + 1) + 3 / ((j + 1) * (j + 2)) - 1 / j)
    require(sympy.simplify(slack - 2 * (j - 1) / (j * (j + 1) * (j + 2))) == 0, f"the slack is {slack}")
    n, m = sympy.symbols("n m", positive=True)
    for up in (1, 2):
        require(sympy.simplify(sympy.diff((n + up) / (n - k + up), n) * (n - k + up) ** 2 + k) == 0, "growth in n")
    for size in range(1, 21):
        for samples in range(2 * size, 61):
            law = _overlap(samples, size)
            rest = samples - size
            once = sum((h / (size - i + 1) for i, h in enumerate(law)), Fraction(0))
            twice = sum((h / ((size - i + 1) * (size - i + 2)) for i, h in enumerate(law)), Fraction(0))
            require(once == Fraction(samples + 1, (size + 1) * (rest + 1)), f"E[1/(J + 1)], n = {samples}, k = {size}")
            require(
                twice == once * Fraction(samples + 2, (size + 2) * (rest + 2)), f"E[1/((J + 1) (J + 2))], n = {samples}"
            )
    at_half = k * (2 * k + 1) / (k + 1) ** 2 * (1 + 6 * (k + 1) / (k + 2) ** 2)
    largest = sympy.Rational(4675, 1764)
    require(at_half.subs(k, 5) == largest, f"k = 5: {at_half.subs(k, 5)}")
    below, denominator = sympy.fraction(sympy.together(largest - at_half))
    require(all(c > 0 for c in sympy.Poly(denominator, k).all_coeffs()), f"the denominator {denominator}")
    require(all(below.subs(k, size) >= 0 for size in range(1, 7)), "k <= 6")
    shifted = sympy.Poly(sympy.expand(below.subs(k, m + 7)), m)
    require(all(c > 0 for c in shifted.all_coeffs()), f"k = m + 7: {shifted}")
    reached = max((_root_factor(2 * size, size), size) for size in range(1, 60))
    require(reached[0] < sqrt(4675 / 1764), f"{reached}")
    found = f"the sum itself reaches {reached[0]:.4f} (n = 2k, k = {reached[1]})"
    return f"slack polynomial of k = m + 7 has positive coefficients only; {found}"


def _root_factor(n: int, k: int) -> float:
    """The sum of h_i sqrt(k / (k - i)) over i < k."""
    return sum(float(h) * sqrt(k / (k - i)) for i, h in enumerate(_overlap(n, k)[:k]))


@lemma(
    "Theorem 2, any density below 1",
    means="symbolic",
    scope="all lambda < 1, 1 <= k <= lambda n",
    bounds=_THEOREM_2,
    cites=("slth", "natale2024sparsity"),
)
def overlap_factor_at_any_density() -> str:
    """For 1 <= k <= lambda n, lambda < 1, the sum of h_i sqrt(k / (k - i)) over i < k is at most sqrt(x (1 + x)), x = 1 / (1 - lambda).
    With part (i), which holds for all k < n, Theorem 2 follows for k <= lambda n too.

    As in the step before: k / (k + 1) < 1, 3 / (k + 2) <= 1, and (n + u) / (n - k + u) <= n / (n - k) <= x for u = 1, 2.
    """
    k, n, u = sympy.symbols("k n u", positive=True)
    slack = sympy.simplify((n / (n - k) - (n + u) / (n - k + u)) * (n - k) * (n - k + u))
    require(sympy.expand(slack - k * u) == 0, f"n / (n - k) - (n + u) / (n - k + u) is {slack} / ((n - k) (n - k + u))")
    for size in range(1, 25):
        for samples in range(size + 1, 2 * size + 1):
            x = samples / (samples - size)
            found = _root_factor(samples, size)
            require(found <= sqrt(x * (1 + x)), f"n = {samples}, k = {size}: {found}")
    return "n / (n - k) - (n + u) / (n - k + u) = k u / ((n - k) (n - k + u)) > 0"


@lemma(
    "Theorem 2, second moment",
    means="exact",
    scope="the function at n = 1, ..., 7 (all pairs of subsets), 12, 25, 40, all k, ten windows; the inequalities by an argument",
    bounds=("rfss_c_thm",),
    cites=("slth", "natale2024sparsity"),
)
def second_moment_bound() -> str:
    """P(some k-subset sum within eps of z) >= E[Y]^2 / E[Y^2] >= 1 / (average over pairs of k-subsets of B(overlap)), Y the number of
    such subsets, where B(i) = (c_u / c_l) sqrt(k / (k - i)) / s for i < k, B(k) = sqrt(k) / (2 eps s c_l), and s is the share of the
    window inside [-sqrt(k), sqrt(k)]. `rfss_c_thm` is never above this number, and at most a relative 1e-10 below, for n <= 40.

    Cauchy-Schwarz; P(H_S) >= 2 eps s c_l / sqrt(k) for the event H_S that S hits, and P(H_S' given H_S) <= 2 eps c_u / sqrt(k - i) by the
    k - i fresh samples.
    """
    cl, cu = 0.15, 0.75
    cases = 0
    with precision(200):
        for n in (1, 2, 3, 4, 5, 6, 7, 12, 25, 40):
            for k in range(1, n + 1):
                root = sqrt(k)
                # inside; over the edge on one side, by less and by more than the rounding of sqrt(k); at the edge; over both edges
                for eps, z in (
                    (1 / 2, 0.0),
                    (1 / 64, 0.0),
                    (2.0**-40, 1.0),
                    (1 / 64, -1.0),
                    (2.0**-20, root * (1 - 2.0**-22)),
                    (2.0**-50, root * (1 - 2.0**-51)),
                    (2.0**-50, -root),
                    (1e-300, root),
                    (1.5, 0.25),
                    (8.0, root / 3),
                ):
                    exact = _share_inside(k, eps, z) / _average_bound(n, k, eps, cl, cu)
                    found = arb(rfss_c_thm(n, k, eps, cl, cu, z))
                    require(found <= exact, f"n = {n}, k = {k}, eps = {eps}, z = {z}: {found} above {exact}")
                    require(found >= exact * (1 - arb(10) ** -10), f"n = {n}, k = {k}, eps = {eps}: {found}, {exact}")
                    cases += 1
    return f"{cases} cases (n, k, eps, z)"


def _share_inside(k: int, eps: float, z: float) -> Any:
    """The share of (z - eps, z + eps) inside [-sqrt(k), sqrt(k)], as a ball; a float z next to sqrt(k) stands for it."""
    root, size, half = arb(k).sqrt(), arb(abs(z)), arb(eps)
    below_edge = arb(0) if abs(z) == sqrt(k) else root - size
    return (below_edge.min(half) + (root + size).min(half)) / (2 * half)


def _average_bound(n: int, k: int, eps: float, cl: float, cu: float) -> Any:
    """The average of s B over all pairs of k-subsets (over their overlaps for n > 7), as a ball."""
    if n <= 7:
        sets = list(combinations(range(n), k))
        overlaps = [len(set(sets[0]) & set(other)) for other in sets]  # every first set sees the same overlaps
        weights = [Fraction(overlaps.count(i), len(sets)) for i in range(k + 1)]
    else:
        weights = _overlap(n, k)
    total = _ball(weights[k]) * arb(k).sqrt() / (2 * arb(eps) * arb(cl))
    for i in range(k):
        total += _ball(weights[i]) * (arb(cu) / arb(cl)) * (_ball(Fraction(k, k - i))).sqrt()
    return total


def _ball(value: Fraction) -> Any:
    return arb(fmpq(value.numerator, value.denominator))


@lemma(
    "Theorem 2, a constant for all n, k, eps",
    means="symbolic",
    scope="all 1 <= k <= n/2, 0 < eps < 1, abs(z) <= sqrt(k), n H2(k/n) >= log2(k/eps)",
    bounds=("rfss_n", "rfss_c_thm_least"),
    cites=("slth", "natale2024sparsity"),
)
def theorem_2() -> str:
    """If 1 <= k <= n/2, 0 < eps < 1 and n H2(k/n) >= c_hyp log2(k/eps) with c_hyp >= 1, then for each abs(z) <= sqrt(k) some k of the n
    samples of a sum-bounded law sum to within eps of z with probability at least c_l / (2 (1.628 c_u + sqrt(2))): 0.030 for U[-1, 1],
    0.059 for N(0, 1).

    The bound of the second moment, with 1.628 for the overlaps and part (i) for equal sets; at least half of the window lies in
    [-sqrt(k), sqrt(k)], as eps < 1 <= sqrt(k).
    """
    cl, cu, share = sympy.symbols("c_l c_u s", positive=True)
    factor = sympy.sqrt(sympy.Rational(4675, 1764))
    bound = 1 / ((factor * cu / cl + sympy.sqrt(2) / cl) / share)
    least = cl / (2 * (factor * cu + sympy.sqrt(2)))
    require(sympy.simplify(bound.subs(share, sympy.Rational(1, 2)) - least) == 0, "the constant")
    uniform = sum_bounded_constants("uniform")
    require(abs(rfss_c_thm_least(*uniform) / float(least.subs({cl: uniform[0], cu: uniform[1]})) - 1) < 1e-14, "code")
    lowest = 1.0
    for k in (1, 2, 3, 4, 5, 7, 10, 30, 100, 400):
        for eps in (0.99, 0.5, 0.1, 1e-3, 1e-9, 1e-100):
            n = rfss_n(k, eps)
            for samples in (n, n + 1, 2 * n, 10 * n) if n < 2**50 else (n,):
                lowest = min(lowest, rfss_c_thm(float(samples), k, eps, *uniform, z=sqrt(k) * (1 - 1e-15)))
    require(lowest >= rfss_c_thm_least(*uniform), f"rfss_c_thm falls to {lowest}")
    return f"U[-1, 1]: {rfss_c_thm_least(*uniform):.4f}; rfss_c_thm itself falls to {lowest:.4f}"


@lemma(
    "Theorem 2, by simulation",
    means="statistical",
    scope="(k, eps) = (1, 0.01), (3, 0.01), (5, 0.01), (8, 0.05); z = 0 and sqrt(k); 1000 draws each",
    bounds=_THEOREM_2,
    cites=_PAPER,
    false_alarm=1e-9,
    control=6.0,
)
def success_is_as_likely(claim: float = 1.0) -> str:
    """With n = rfss_n(k, eps) samples U[-1, 1], some k of them sum to within eps of z with probability at least `rfss_c_thm`."""
    cases = [(k, eps, z) for k, eps in ((1, 0.01), (3, 0.01), (5, 0.01), (8, 0.05)) for z in (0.0, sqrt(k))]
    constants = sum_bounded_constants("uniform")
    rates = []
    for k, eps, z in cases:
        n, draws = rfss_n(k, eps), 1000
        hits = int((np.abs(subset_sums(n, k, draws, seed=k) - z) < eps).any(axis=1).sum())
        bound = claim * rfss_c_thm(n, k, eps, *constants, z)
        probability_at_least(bound, hits, draws, 1e-9 / len(cases), f"n = {n}, k = {k}, eps = {eps}, z = {z:.3g}")
        rates.append(f"{hits / draws:.2f} >= {bound:.3f}")
    return "; ".join(rates)


def subset_sums(n: int, k: int, draws: int, seed: int) -> NDArray[np.float64]:
    """All sums of k of n samples U[-1, 1], (draws, C(n, k))."""
    chosen = np.zeros((comb(n, k), n))
    for row, subset in enumerate(combinations(range(n), k)):
        chosen[row, subset] = 1
    return laws.get("uniform").sample((draws, n), seed) @ chosen.T
