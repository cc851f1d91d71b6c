"""Natale et al. 2024, On the Sparsity of the Strong Lottery Ticket Hypothesis: all targets at once (Corollaries 1, 2), lower bound
(Theorem 5).

Notation: S a set of k of n samples; H2 the binary entropy; c the success probability of Theorem 2, r the number of subsamples.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, combinations_with_replacement, pairwise
from math import ceil, comb, exp, floor, log, log1p, log2, sqrt

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks.lemma import lemma, require
from proofs_checks.natale_2024 import subset_sums
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_least
from slth.bounds.networks.fixed_size_lower import LARGEST_DENSITY, natale_lower, natale_lower_exact
from slth.bounds.subset_sums.fixed_size import (
    rfss_c_thm_least,
    rfss_n_simplified,
    rfss_n_uniform,
    subset_bits,
    sum_bounded_constants,
)

_PAPER = ("natale2024sparsity",)
_LOWER = ("natale_lower", "natale_lower_exact")


@lemma(
    "Corollary 1, amplification",
    means="symbolic",
    scope="all k >= 1, 0 < eps < 1/2, 0 < c <= 1",
    bounds=("rfss_n_uniform",),
    cites=_PAPER,
)
def amplification() -> str:
    """If each of r >= (4/c) ln(k/eps) disjoint subsamples hits a target within eps/2 with probability at least c, all miss it with
    probability at most (1 - c)^r <= (eps/k)^4; so some of 4 sqrt(k) / eps targets, which are spaced so that every z in [-sqrt(k),
    sqrt(k)] is within eps/2 of one, is missed by all with probability at most 4 eps^3 k^(-7/2) <= eps, for eps < 1/2.

    (1 - c)^r <= e^(-c r). [-sqrt(k), sqrt(k)] is cut into ceil(2 sqrt(k) / eps) <= 4 sqrt(k) / eps equal cells, of length at most eps;
    the targets are their centres.
    """
    k, eps, c, x = sympy.symbols("k eps c x", positive=True)
    missed = sympy.exp(-c * (4 / c) * sympy.log(k / eps))
    require(sympy.simplify(missed - (eps / k) ** 4) == 0, f"exp(-c r) is {missed}")
    total = sympy.powsimp(sympy.simplify(4 * sympy.sqrt(k) / eps * (eps / k) ** 4))
    require(sympy.simplify(total - eps * (4 * eps**2) * k ** sympy.Rational(-7, 2)) == 0, f"the union bound is {total}")
    require((4 * eps**2).subs(eps, sympy.Rational(1, 2)) == 1, "4 eps^2 <= 1 at eps = 1/2")
    require(sympy.simplify(2 * x - (x + 1)) == x - 1, "ceil(x) <= 2 x for x >= 1")
    return "(1 - c)^r 4 sqrt(k) / eps <= eps (4 eps^2) k^(-7/2)"


@lemma(
    "Corollary 1, entropy of a subsample",
    means="symbolic",
    scope="k r <= n/2, 0 < eps < 1/2",
    bounds=("rfss_n_uniform",),
    cites=_PAPER,
)
def subsample_entropy() -> str:
    """With c_amp = 8 c_hyp / c and r = (4/c) ln(k/eps): if n H2(k/n) >= c_amp log2(k/eps)^2, and k is at most half of n/r, then the
    subsample of n/r samples satisfies the hypothesis of Theorem 2 for eps/2, (n/r) H2(k r / n) >= c_hyp log2(2k/eps).

    H2 increases on [0, 1/2], so H2(k r / n) >= H2(k/n). n/r is taken for a whole number.
    """
    bits, c, c_hyp = sympy.symbols("L c c_hyp", positive=True)  # L = log2(k/eps) > 1
    r = 4 / c * bits * sympy.log(2)
    entropy = sympy.simplify(8 * c_hyp / c * bits**2 / r)
    require(sympy.simplify(entropy - 2 * c_hyp * bits / sympy.log(2)) == 0, f"(n/r) H2(k/n) >= {entropy}")
    require(1 / sympy.log(2) > 1, "log2(e) > 1")
    return "(n/r) H2(k/n) >= 2 c_hyp log2(e) log2(k/eps) >= c_hyp (1 + log2(k/eps)), as log2(k/eps) > 1"


@lemma(
    "Corollary 1, a gap at constant density",
    means="rigorous",
    scope="all k >= 1, 0 < eps < 1/2, 0 < c <= 1",
    bounds=("rfss_n_uniform",),
    cites=_PAPER,
    shows="gap",
)
def amplification_needs_low_density() -> str:
    """The statement of Corollary 1 allows all k <= n/2. Its proof takes k samples out of a subsample of n/r, r = (4/c) ln(k/eps). That
    has fewer than k samples as soon as k/n > c / (4 ln(k/eps)): for every k/n >= 0.361, and k = n/2 in particular, whatever c <= 1 and
    eps < 1/2. As written the proof covers densities of at most c / (8 ln(k/eps)) (Theorem 2 with k at most half of the subsample), not a
    constant density for eps to 0. This is no evidence against the statement: steps below prove it for U[-1, 1], with a larger c_amp.
    """
    with precision(100):
        fewest = 4 * arb(2).log()  # r at c = 1, k = 1, eps = 1/2: it only grows from there
        require(fewest > 2, f"r >= {fewest}")
        require(1 / fewest < arb(fmpq(361, 1000)), f"1 / r <= {1 / fewest}")
    # the smallest even n with k = n/2 that meets the corollary with the explicit constants
    c = rfss_c_thm_least(*sum_bounded_constants("uniform"))
    eps, short, k = 0.01, 1, 2**30
    while k - short > 1:
        middle = (short + k) // 2
        short, k = (short, middle) if rfss_n_uniform(middle, eps, 8 / c) == 2 * middle else (middle, k)
    size = floor(2 * k * c / (4 * log(k / eps)))
    require(size < k, f"k = {k}: subsamples of {size}")
    found = f"the corollary needs k >= {_two_digits(k)}, and its subsamples have {_two_digits(size)} samples"
    return f"r >= 4 ln 2 > 2; with c = {c:.4f}, eps = {eps}, n = 2k: {found}"


def _two_digits(value: int) -> str:
    return f"{float(f'{value:.1e}'):,.0f}"


@lemma(
    "Corollary 1, by simulation",
    means="statistical",
    scope="(k, eps) = (3, 0.3), (4, 0.45), (6, 0.45), (8, 0.45); k/n from 0.19 to 0.44; 200 draws each",
    bounds=("rfss_n_uniform",),
    cites=_PAPER,
    false_alarm=1e-9,
    control=0.25,
)
def uniform_success_at_small_sizes(claim: float = 1.0) -> str:
    """With n = rfss_n_uniform(k, eps, c_amp = 1) samples U[-1, 1], every z in [-sqrt(k), sqrt(k)] is within eps of the sum of k of them,
    with probability at least 1 - eps. (A smaller c_amp than the proof's, at densities that the proof does not reach, for a few small k.)
    """
    cases = ((3, 0.3), (4, 0.45), (6, 0.45), (8, 0.45))
    rates = []
    for k, eps in cases:
        n, draws = rfss_n_uniform(k, eps, claim), 200
        sums = np.sort(subset_sums(n, k, draws, seed=k), axis=1)
        beyond = np.full((draws, 1), np.inf)
        low, high = np.hstack([-beyond, sums]) + eps, np.hstack([sums, beyond]) - eps
        missed = (np.maximum(low, -sqrt(k)) < np.minimum(high, sqrt(k))).any(axis=1)
        hits = draws - int(missed.sum())
        probability_at_least(1 - eps, hits, draws, 1e-9 / len(cases), f"n = {n}, k = {k}, eps = {eps}")
        rates.append(f"{hits / draws:.2f} >= {1 - eps:.2f} (k/n = {k}/{n})")
    return "; ".join(rates)


@lemma(
    "Corollary 1 at any density: coarse targets",
    means="exact",
    scope="by an argument for all; every row of 6 samples from -1, -1/2, 0, 1/2, 1 and every k",
    bounds=("rfss_n_uniform",),
    cites=("slth", "natale2024sparsity"),
)
def chain_of_swaps() -> str:
    """Of samples in [-1, 1], every number between the smallest and the largest sum of k is within 1 of the sum of some k.

    Swapping one element at a time leads from the k smallest to the k largest; each swap changes the sum by at most 2.
    """
    largest = 0
    rows = list(combinations_with_replacement(range(-2, 3), 6))  # halves; the order of a row does not matter
    for row in rows:
        for k in range(1, 6):
            sums = sorted({sum(chosen) for chosen in combinations(row, k)})
            gaps = [high - low for low, high in pairwise(sums)]
            largest = max([largest, *gaps])
            require(largest <= 4, f"{row} / 2, k = {k}: sums {sums} / 2")
    return f"{len(rows)} rows; the widest gap between neighbouring sums is {largest / 2:g}"


@lemma(
    "Corollary 1 at any density: how far coarse targets reach",
    means="symbolic",
    scope="all k >= 1, n_A >= 7k/4",
    bounds=("rfss_n_uniform",),
    cites=("slth", "natale2024sparsity"),
)
def reach_of_largest_sum() -> str:
    """Of n_A >= 7k/4 samples U[-1, 1] the k largest sum to less than k/4 - t with probability at most exp(-t^2 / (2k)); the k smallest
    likewise.

    Take the larger of each of p = min(k, n_A - k) >= 3k/4 pairs, and k - p single samples: k independent terms in [-1, 1], with mean p/3
    >= k/4. Hoeffding's inequality.
    """
    x, t = sympy.symbols("x t", real=True)
    larger = sympy.integrate(x * (x + 1) / 2, (x, -1, 1))  # density of the larger of two: 2 * 1/2 * (x + 1)/2
    require(larger == sympy.Rational(1, 3), f"the larger of two has mean {larger}")
    k = sympy.Symbol("k", positive=True)
    require(sympy.Rational(7, 4) * k - k == 3 * k / 4 and 3 * k / 4 * larger == k / 4, "p/3 >= k/4")
    require(sympy.simplify(-2 * t**2 / (4 * k) + t**2 / (2 * k)) == 0, "Hoeffding's exponent for k terms of range 2")
    return f"mean of the larger of two: {larger}; p/3 >= k/4"


@lemma(
    "Corollary 1 at any density",
    means="rigorous",
    scope="U[-1, 1]; all 1 <= k <= n/2, 0 < eps < 1/2",
    bounds=("rfss_n_uniform", "rfss_n_simplified"),
    cites=("slth", "natale2024sparsity"),
    control=78,
)
def corollary_1_at_any_density(claim: int = 80) -> str:
    """Corollary 1 holds for U[-1, 1] and all 1 <= k <= n/2 with c_amp = 467 / c, where c <= 1/8 is a success probability of Theorem 2 for
    all z (`rfss_c_thm_least`: c = 0.03005, c_amp = 15541): for k <= 80 log2(k/eps) by the paper's proof, for larger k with coarse targets
    from other samples.

    L = log2(k/eps) > 1, n >= n H2(k/n) >= (467/c) L^2, and r = ceil((4/c) ln(k/eps)) <= 2.9 L / c blocks.

    (a) k <= 80 L. Blocks of m = floor(n/r) >= 161 L - 1 >= 2k samples have at least (n/r) H2(k r / n) - 1 >= 161 L - 1 >= L + 1 =
    log2(2k/eps) bits: the derivative log2(x / (x - k)) of x H2(k/x) falls, and is at most 1 at m >= 2k. The rest is the amplification.

    (b) k > 80 L. Blocks of m = ceil(L) + 2 samples, r m <= 11.6 L^2 / c <= n/8 in all; k* = floor(m/2) <= 2 L of a block are taken, with
    m H2(k*/m) >= 2 k* >= m - 1 >= log2(2k/eps). The other k' = k - k* come from the n_A >= 7n/8 >= 7k'/4 samples outside the blocks: for
    each z in [-sqrt(k), sqrt(k)] some k' of them sum to within 1 <= sqrt(k*) of z, unless their largest or smallest sum is short of
    sqrt(k), which has probability at most 2 exp(-(k'/4 - sqrt(k))^2 / (2k')) <= 2 exp(-L ln 2) <= eps/2, as k >= 4. What is left of each z
    of the amplification is a target of the blocks, which are independent of it: all of r blocks miss one of them with probability at
    most 4 eps^3 k^(-7/2) <= eps/2.
    """
    with precision(100):
        size = arb(claim)  # k >= size * L
        ln2 = arb(2).log()
        require(4 * ln2 + arb(fmpq(1, 8)) < arb(fmpq(29, 10)), "r <= 2.9 L / c for c <= 1/8, L >= 1")
        require(arb(fmpq(29, 10)) * (2 * size + 1) < 467, "(a): n/r >= (2 K + 1) L")
        require(8 * 4 * arb(fmpq(29, 10)) < 467, "(b): r m <= (2.9 L / c) 4 L <= n/8")
        share = 1 - 2 / size  # k' >= k - 2 L >= share * k
        rate = size * share / 32 * (1 - 4 / (size.sqrt() * share)) ** 2
        require(1 - 4 / (size.sqrt() * share) > 0, "(b): k'/4 > sqrt(k)")
        require(rate > ln2, f"(b): (k'/4 - sqrt(k))^2 / (2k') >= {float(rate):.4f} L")
        most = arb(fmpq(1, 2)) / (2 * (arb(fmpq(4675, 1764)).sqrt() / 2 + arb(2).sqrt()))
        require(most < arb(fmpq(1, 8)), f"c reaches {float(most):.4f}")
    _exponent_as_product()
    # 2 exp(-L ln 2) = 2 eps/k <= eps/2, and 4 eps^3 k^(-7/2) <= eps/2 as 8 eps^2 <= 2 <= k^(7/2), for k >= 4
    c = rfss_c_thm_least(*sum_bounded_constants("uniform"))
    carried_out = 0
    for k in (500, 800, 858, 900, 2000, 10**4, 10**6, 10**9):
        for eps in (0.49, 0.01, 1e-9, 1e-300):
            for hit in (c, 0.125):
                if 467 / hit * log2(k / eps) ** 2 < 1000 * k:  # float64 holds n
                    _carry_out(k, eps, 467 / hit, hit, claim)
                    carried_out += 1
    found = f"(k'/4 - sqrt(k))^2 / (2k') >= {float(rate):.4f} L > {float(ln2):.4f} L"
    return f"{found}; c_amp = {ceil(467 / c)}; carried out in whole numbers for {carried_out} (k, eps, c)"


@lemma(
    "Corollary 1, mixtures",
    means="exact",
    scope="the algebra for all; Hoeffding against the binomial tail for n <= 60, p = 1/4, 1/2, 3/4",
    bounds=("rfss_n_uniform",),
    cites=_PAPER,
)
def mixture() -> str:
    """If each sample is U[-1, 1] with probability p, and n >= log2(k/eps) / (p - a)^2 with a < p, at most a n of them are with
    probability at most exp(-2 (p - a)^2 n) <= (eps/k)^(2 / ln 2) <= (eps/k)^2. That n is no more than the entropy hypothesis with c_hyp
    >= (p - a)^(-2) demands, as H2 <= 1.

    Given N >= a n uniform samples, N H2(k/N) >= a n H2(k / (a n)) >= a n H2(k/n) for k <= a n/2: Corollary 1 follows for such k, with
    the larger of c_amp / a and (p - a)^(-2) for c_amp, and failure probability eps + (eps/k)^2.
    """
    bits, gap, n = sympy.symbols("L d n", positive=True)
    exponent = sympy.simplify((-2 * gap**2 * n).subs(n, bits / gap**2))
    require(exponent == -2 * bits, f"the exponent is {exponent}")  # exp(-2 log2(k/eps)) = (eps/k)^(2 / ln 2)
    require(1 / sympy.log(2) > 1, "2 / ln 2 > 2")
    closest = 0.0
    for p in (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)):
        for size in range(1, 61):
            tail = Fraction(0)
            for few in range(ceil(p * size)):
                tail += comb(size, few) * p**few * (1 - p) ** (size - few)
                bound = float(np.exp(-2 * size * float(p - Fraction(few, size)) ** 2))
                require(float(tail) <= bound, f"n = {size}, p = {p}: P(B <= {few}) = {float(tail)} above {bound}")
                closest = max(closest, float(tail) / bound)
    return f"exponent -2 log2(k/eps); the binomial tail is at most {closest:.3f} of Hoeffding's bound"


@lemma(
    "Corollary 1, mixtures and large k",
    means="rigorous",
    scope="p = 1/4, the other part U[2, 3], k = n/2, even n >= 400, eps < 1/2",
    bounds=("rfss_n_uniform",),
    cites=("slth", "natale2024sparsity"),
    shows="gap",
)
def mixture_needs_small_sets() -> str:
    """Corollary 1, read for every mixture that contains U[-1, 1] with a probability p > 0 and every k <= n/2, does not hold, whatever
    c_amp(p): if samples are U[-1, 1] with probability 1/4 and U[2, 3] else, and k = n/2, then no k of them sum to within 1/2 of 0 with
    probability at least 1 - exp(-n/288) > 3/4, for n >= 400.

    With N uniform ones, any k sum to at least 2 (k - N) - N = n - 3 N. That is below 1/2 only if N > (n - 1/2) / 3 >= n/4 + n/24. And
    n H2(1/2) = n exceeds c_amp log2(k/eps)^2 for large n; the corollary would make 0 a hit with probability 1 - eps > 1/2.
    """
    n = sympy.Symbol("n", positive=True)
    slack = sympy.expand((n - sympy.Rational(1, 2)) / 3 - n / 4 - n / 24)
    require(slack == n / 24 - sympy.Rational(1, 6), f"the slack is {slack}")  # > 0 for n > 4
    require(2 * sympy.Rational(1, 24) ** 2 == sympy.Rational(1, 288), "Hoeffding's exponent")
    with precision(100):
        require((-arb(fmpq(400, 288))).exp() < arb(fmpq(1, 4)), "exp(-400/288)")
    size = 400
    enough = sum(comb(size, few) * 3 ** (size - few) for few in range(size + 1) if 2 * (size - 3 * few) < 1)
    chance = float(Fraction(enough, 4**size))
    require(chance < 0.25, f"n = 400: {chance}")
    return f"n = 400: the exact binomial probability of enough uniform samples is {chance:.1g}"


@lemma(
    "Corollary 1, symmetric mixtures",
    means="rigorous",
    scope="symmetric laws on [-B, B], B >= 1, with density at least p times that of U[-1, 1]; all 1 <= k <= n/2, 0 < eps < 1/2",
    bounds=("rfss_n_uniform", "rfss_n_simplified"),
    cites=("slth", "natale2024sparsity"),
    control=78,
)
def corollary_1_for_symmetric_mixtures(claim: int = 80) -> str:
    """Corollary 1 holds for all 1 <= k <= n/2 if the samples have a symmetric law on [-B, B], B >= 1, whose density is at least p times
    that of U[-1, 1], with c_amp = 940 B^2 / (c p^5), c <= 1/8 a success probability of Theorem 2 for U[-1, 1] and all z.

    As for U[-1, 1], with blocks of which only the uniform samples are used. N of x are uniform, N >= floor(p x) with probability >= 1/2
    (a binomial with whole mean has it for its median; N lies stochastically above that of mean floor(p x)), so a block hits with
    probability at least c/2, and r <= 5.8 L / c. K = 80 B^2 / p^4, n >= 940 B^2 L^2 / (c p^5), hence p n / r >= (2 K + 2) L.

    (a) k <= K L. floor(p floor(n/r)) >= p n / r - 2 >= 2 K L >= 2k uniform samples have at least (p n / r) H2(k r / (p n)) - 2 >=
    (p/r) n H2(k/n) - 2 >= 2 K L >= L + 1 bits (as above; down from p n / r by less than 2).

    (b) k > K L. Blocks of m <= 6 L B^2 / p samples with floor(p m) >= y = ceil(L + 2 B^2), r m <= n/8; k* = floor(y/2) of them, B^2 <= k*
    <= 2 L B^2, have 2 k* >= L + 1 bits. The k' = k - k* outside come within B <= sqrt(k*) of each z by swaps that change the sum by at
    most 2 B. The larger of two samples has mean E abs(X - X') / 2 >= p^2/3, so the k' largest sum to less than sqrt(k) with probability
    at most exp(-(k' p^2/4 - sqrt(k))^2 / (2 k' B^2)) <= exp(-L ln 2).
    """
    x, y = sympy.symbols("x y", real=True)
    apart = 2 * sympy.integrate(sympy.integrate((x - y) / 4, (y, -1, x)), (x, -1, 1))
    require(apart / 2 == sympy.Rational(1, 3), f"E abs(X - X') is {apart} for U[-1, 1]")
    for size in range(1, 61):
        for mean in range(1, size + 1):
            below = sum(comb(size, few) * mean**few * (size - mean) ** (size - few) for few in range(mean))
            require(2 * below <= size**size, f"n = {size}, p = {mean}/{size}: P(N < {mean}) > 1/2")
    with precision(100):
        kappa, ln2 = arb(claim), arb(2).log()
        require(4 * ln2 + arb(fmpq(1, 8)) < arb(fmpq(29, 10)), "r <= 2.9 L / (c/2)")
        # times c p^5 / (B^2 L^2), at p = B = 1, where both sides are closest
        require(arb(fmpq(58, 10)) * (2 * kappa + 2) < 940, "(a): p n / r >= (2 K + 2) L")
        require(arb(fmpq(58, 10)) * 6 * 8 < 940, "(b): r m <= n/8")
        share = 1 - 2 / kappa  # k' >= k - 2 L B^2 >= (1 - 2 p^4 / kappa) k
        require(1 - 4 / (kappa.sqrt() * share) > 0, "(b): k' p^2 / 4 > sqrt(k)")
        rate = kappa * share / 32 * (1 - 4 / (kappa.sqrt() * share)) ** 2
        require(rate > ln2, f"(b): the exponent is at least {float(rate):.4f} L")
    _exponent_as_product()
    carried_out = 0
    for p, width in (
        (Fraction(1), 1),
        (Fraction(9, 10), 1),
        (Fraction(1, 2), 2),
        (Fraction(1, 10), 3),
        (Fraction(1), 5),
    ):
        for k, eps in ((10**4, 0.49), (10**5, 0.01), (10**8, 0.4), (10**9, 1e-12), (10**12, 0.3)):
            c_amp = 8 * 940 * width**2 / float(p) ** 5
            if k >= c_amp * log2(k / eps) ** 2 / 1000:  # float64 holds n
                _carry_out(k, eps, c_amp, 1 / 16, claim * width**2 / float(p) ** 4, p, width)
                carried_out += 1
    found = f"exponent at least {float(rate):.4f} L > {float(ln2):.4f} L; 5.8 (2 * 80 + 2) = 939.6 < 940"
    return f"{found}; carried out in whole numbers for {carried_out} (k, eps, p, B)"


def _exponent_as_product() -> None:
    """(k' p^2/4 - sqrt(k))^2 / (2 k' B^2) = k' p^4 / (32 B^2) (1 - 4 sqrt(k) / (k' p^2))^2, which grows with k' as long as the bracket
    is > 0; at k' = s k, k = K L, K = 80 B^2 / p^4, L = 1 the second term is 4 / (s sqrt(80) B).
    """
    k, some, p, b, s = sympy.symbols("k k' p B s", positive=True)
    left = (some * p**2 / 4 - sympy.sqrt(k)) ** 2 / (2 * some * b**2)
    second = 4 * sympy.sqrt(k) / (some * p**2)
    require(sympy.simplify(left - some * p**4 / (32 * b**2) * (1 - second) ** 2) == 0, "the exponent")
    least = second.subs(some, s * k).subs(k, 80 * b**2 / p**4)
    require(sympy.simplify(least - 4 / (s * sympy.sqrt(80) * b)) == 0, f"the second term is {least}")


def _carry_out(
    k: int, eps: float, c_amp: float, hit: float, kappa: float, p: Fraction = Fraction(1), width: int = 1
) -> None:
    """The construction in whole numbers at the smallest n: every hypothesis that it uses, and the sum of its failure probabilities."""
    bits = log2(k / eps)
    n, r = rfss_n_uniform(k, eps, c_amp), ceil(4 / hit * log(k / eps))
    case = f"k = {k}, eps = {eps:g}, c_amp = {c_amp:.6g}"
    if k <= kappa * bits:
        uniform, few, short = floor(p * (n // r)), k, 0.0
    else:
        uniform = ceil(bits + 2 * width**2)
        few = uniform // 2
        rest, outside = k - few, n - r * ceil(uniform / p)
        require(4 * outside >= 7 * rest, f"{case}: {outside} samples outside the blocks for {rest}")
        require(few >= width**2, f"{case}: {few} of a block")
        excess = rest * float(p) ** 2 / 4 - sqrt(k)
        require(excess > 0, f"{case}: the largest sum of {rest} is not beyond sqrt(k)")
        short = 2 * exp(-(excess**2) / (2 * rest * width**2))
    require(uniform >= 2 * few, f"{case}: {few} of {uniform}")
    found = float(subset_bits(np.array(float(uniform)), np.array(float(few))))
    require(found >= log2(2 * few / eps), f"{case}: {few} of {uniform}, {found:.4g} bits")
    failure = short + ceil(2 * sqrt(k) / eps) * exp(r * log1p(-hit))
    require(failure <= eps, f"{case}: failure probability {failure:.3g}")


@lemma(
    "Corollary 2", means="symbolic", scope="all 1 <= k <= n/2, 0 < eps < 1", bounds=("rfss_n_simplified",), cites=_PAPER
)
def simplified_hypothesis() -> str:
    """If k >= 2 c_amp (log2(k)^2 + 2 log2(k) log2(1/eps)) and k <= n/2, then n H2(k/n) >= 2 c_amp log2(1/eps)^2 implies
    n H2(k/n) >= c_amp log2(k/eps)^2.

    n H2(k/n) >= 2k for n >= 2k, so half of n H2(k/n) is above k/2, the other half above c_amp log2(1/eps)^2.
    """
    c, a, b, k = sympy.symbols("c a b k", positive=True)  # a = log2 k, b = log2(1/eps)
    slack = (k / 2 + c * b**2) - c * (a + b) ** 2
    require(sympy.expand(slack - (k - 2 * c * (a**2 + 2 * a * b)) / 2) == 0, f"the slack is {sympy.factor(slack)}")
    compared = 0
    for k_ in (30, 100, 1000, 10**5):
        for eps in (0.4, 0.1, 1e-3):
            for c_amp in (1e-3, 0.1, 1.0, 10.0):
                if k_ >= 2 * c_amp * (np.log2(k_) ** 2 - 2 * np.log2(k_) * np.log2(eps)) * (1 + 1e-12):
                    pair = rfss_n_simplified(k_, eps, c_amp), rfss_n_uniform(k_, eps, c_amp)
                    require(pair[0] >= pair[1], f"k = {k_}, eps = {eps}, c_amp = {c_amp}: {pair}")
                    compared += 1
    return f"slack (k - 2 c_amp (a^2 + 2 a b)) / 2 >= 0, a = log2 k, b = log2(1/eps); {compared} cases of the two functions"


# ---------------------------------------------------------------------------------------------------------------------- Theorem 5


@lemma(
    "Theorem 5, packing and counting",
    means="exact",
    scope="the function for d <= 3, k <= 20, eps = 1/5, ..., 1/1000 (n above 10^10 to a relative 1e-11); the packing for d = 1",
    bounds=_LOWER,
    cites=_PAPER,
)
def packing_and_counting() -> str:
    """If for every d x d matrix W of norm at most sqrt(k), with probability >= 1/2, one of the C(n, k) subnetworks with k of n parameters
    is within eps of x -> W x on the unit ball, then C(n, k) > (sqrt(k) / (2 eps))^(d^2) / 2, for 2 eps < sqrt(k). `natale_lower_exact` is
    the smallest n with at least that many.

    Start with a W of norm sqrt(k), and add such W as long as their mutual distances stay above 2 eps. This ends with more than
    (sqrt(k) / (2 eps))^(d^2) of them, as the balls of radius 2 eps around them cover the ball of radius sqrt(k) in dimension d^2, and the
    first one sticks out of it. No subnetwork is within eps of two of them, so at most C(n, k) are met; on average at least half of them
    are.
    """
    for k in range(1, 21):
        for inverse in (5, 17, 100, 1000):
            # d = 1: whole multiples of a step just above 2 eps in [-sqrt(k), sqrt(k)]
            points = 2 * floor(sqrt(k) * inverse / 2 * (1 - 1e-12)) + 1
            require(points > sqrt(k) * inverse / 2, f"d = 1, k = {k}, eps = 1/{inverse}: {points} points")
    cases = 0
    for d in (1, 2, 3):
        for k in range(1, 21):
            for inverse in (5, 17, 100, 1000):
                n = natale_lower_exact(d, k, 1 / inverse)
                need = Fraction(k * inverse * inverse, 4) ** (d * d)  # squared
                near = 0 if n < 10**10 else n // 10**11  # rounding
                require((2 * comb(n + near, k)) ** 2 >= need, f"d = {d}, k = {k}, eps = 1/{inverse}: n = {n} too small")
                fewer = (2 * comb(n - 1 - near, k)) ** 2
                require(n == k or fewer < need, f"d = {d}, k = {k}, eps = 1/{inverse}: n = {n} too large")
                cases += 1
    return f"{cases} cases (d, k, eps)"


@lemma(
    "Theorem 5, closed form",
    means="symbolic",
    scope="all d >= 1, 1 <= k <= lambda n, 0 < eps < 1/16",
    bounds=_LOWER,
    cites=_PAPER,
)
def closed_lower_bound() -> str:
    """If C(n, k) > (sqrt(k) / (2 eps))^(d^2) / 2, 1 <= k <= (1 - 1/(2 pi)) n and eps < 1/16, then n H2(k/n) >= (d^2 / 2) log2(k/eps).

    By C(n, k) <= sqrt(n / (2 pi k (n - k))) 2^(n H2(k/n)) (`binom_entropy_bounds`), and as 2 pi (n - k) >= n, n H2(k/n) >= log2(k)/2 +
    d^2 log2(sqrt(k) / (2 eps)) - 1. Minus the claim that is log2(k)/2 + d^2 (log2(1/eps)/2 - 1) - 1, which grows with d and k and is 0 at
    d = k = 1, eps = 1/16.
    """
    a, b, e = sympy.symbols("a b e", real=True)  # a = log2 k >= 0, b = log2(1/eps), e = d^2 >= 1
    slack = sympy.expand(a / 2 + e * (a / 2 + b - 1) - 1 - e / 2 * (a + b))
    require(sympy.expand(slack - (a / 2 + e * (b / 2 - 1) - 1)) == 0, f"the slack is {slack}")
    # b = 4 + t, e = 1 + u with t, u >= 0
    t, u = sympy.symbols("t u", nonnegative=True)
    terms = sympy.Poly(sympy.expand(slack.subs({b: 4 + t, e: 1 + u})), a, t, u)
    require(all(c > 0 for c in terms.coeffs()), f"the slack is {terms}")
    n, k = sympy.symbols("n k", positive=True)
    edge = (2 * sympy.pi * (n - k) / n).subs(k, n * (1 - 1 / (2 * sympy.pi)))
    require(sympy.simplify(edge) == 1, "2 pi (n - k) / n at k = lambda n")
    d, size, eps = np.meshgrid([1, 2, 3, 5, 10], [1, 2, 5, 10, 50, 200], [0.0624, 0.01, 1e-4, 1e-8], indexing="ij")
    closed, exact = natale_lower(d, size, eps), natale_lower_exact(d, size, eps)
    require(
        (closed <= np.maximum(exact, np.ceil(size / LARGEST_DENSITY))).all(), "natale_lower above natale_lower_exact"
    )
    return f"slack {terms.as_expr()} >= 0, where log2(1/eps) = 4 + t, d^2 = 1 + u, a = log2 k"
