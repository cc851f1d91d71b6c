"""Fixed-size random subset sum by the second moment, with constants (this project's derivation, after Theorem 2 of Natale et al. 2024).

Y counts the k-subsets S of n independent samples whose sum comes within eps of z; gamma = k/n. Two independent uniformly random k-subsets
S, S' overlap in I samples, h_i = P(I = i), J = k - I. `moment_ratio` computes E[Y^2] for normal samples, `given_the_sum` goes beyond.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import sympy

from proofs_checks.lemma import lemma, require
from proofs_checks.tools.uniform_pairs import both, moment_ratio, one
from slth import laws
from slth.bounds.subset_sums.fixed_size import rfss_c_thm
from slth.bounds.subset_sums.mixture_poisson import rfss_expected
from slth.bounds.subset_sums.moments import log_overlap

_CITES = ("slth", "natale2024sparsity")
_PLAIN = ("rfss_c_thm", "rfss_moment_ratio")
_ALL = (*_PLAIN, "rfss_success_normal")


@lemma("step 1", means="symbolic", scope="every Y >= 0 with 0 < E[Y^2] < oo", bounds=_ALL, cites=_CITES)
def cauchy_schwarz() -> str:
    """For a random number Y >= 0 with 0 < E[Y^2] < oo, P(Y > 0) >= E[Y]^2 / E[Y^2]: with c = E[Y] / P(Y > 0), and Y 1(Y > 0) = Y, the
    square (Y - c 1(Y > 0))^2 has the expectation E[Y^2] - E[Y]^2 / P(Y > 0), which is not negative."""
    first, second, positive = sympy.symbols("E1 E2 P", positive=True)
    c = first / positive
    expanded = second - 2 * c * first + c**2 * positive
    require(sympy.simplify(expanded - (second - first**2 / positive)) == 0, f"the square is {expanded}")
    return "E[(Y - c 1(Y > 0))^2] = E[Y^2] - E[Y]^2 / P(Y > 0)"


@lemma("step 2", means="exact", scope="all pairs of k-subsets, all 1 <= k <= n <= 9", bounds=_ALL, cites=_CITES)
def overlap_is_hypergeometric() -> str:
    """Two independent uniformly random k-subsets of n samples have i in common with probability
    h_i = C(k, i) C(n - k, k - i) / C(n, k)."""
    pairs = 0
    for n in range(1, 10):
        for k in range(1, n + 1):
            subsets = [sum(1 << j for j in chosen) for chosen in itertools.combinations(range(n), k)]
            found = Counter((a & b).bit_count() for a in subsets for b in subsets)
            sizes, log_h = log_overlap(n, k)
            for i, log in zip(sizes.tolist(), log_h.tolist(), strict=True):
                exact = math.comb(k, i) * math.comb(n - k, k - i)
                require(found.pop(i, 0) == exact * len(subsets), f"n = {n}, k = {k}, overlap {i}")
                require(
                    abs(math.exp(log) * len(subsets) / exact - 1) < 1e-13, f"log_overlap at n = {n}, k = {k}, i = {i}"
                )
            require(not found, f"n = {n}, k = {k}: overlaps {sorted(found)}")
            pairs += len(subsets) ** 2
    return f"{pairs:,} pairs, and slth.bounds.subset_sums.moments.log_overlap to 1e-13"


@lemma(
    "step 3",
    means="symbolic",
    scope="all 1 <= k <= n, n >= 2, given Vandermonde's identity (which is counted for up to 20 + 20 things)",
    bounds=_ALL,
    cites=_CITES,
)
def overlap_moments() -> str:
    """The overlap I of two independent uniformly random k-subsets of n has mean k^2 / n and variance k^2 (n - k)^2 / (n^2 (n - 1)): i
    C(k, i) = k C(k - 1, i - 1), i (i - 1) C(k, i) = k (k - 1) C(k - 2, i - 2), and Vandermonde's identity, sum over i of C(a, i) C(b, c
    - i) = C(a + b, c)."""
    n, k, i = sympy.symbols("n k i", positive=True, integer=True)
    choose = sympy.binomial
    for a, b, c in itertools.product(range(21), range(21), range(41)):
        require(
            sum(math.comb(a, j) * math.comb(b, c - j) for j in range(c + 1)) == math.comb(a + b, c), f"{a}, {b}, {c}"
        )
    one_less = sympy.gammasimp(i * choose(k, i) / (k * choose(k - 1, i - 1)))
    two_less = sympy.gammasimp(i * (i - 1) * choose(k, i) / (k * (k - 1) * choose(k - 2, i - 2)))
    require(one_less == 1 and two_less == 1, f"ratios {one_less}, {two_less}")
    mean = k * sympy.gammasimp(choose(n - 1, k - 1) / choose(n, k))
    factorial_moment = k * (k - 1) * sympy.gammasimp(choose(n - 2, k - 2) / choose(n, k))
    variance = sympy.simplify(factorial_moment + mean - mean**2)
    require(sympy.simplify(mean - k**2 / n) == 0, f"mean {mean}")
    require(sympy.simplify(variance - k**2 * (n - k) ** 2 / (n**2 * (n - 1))) == 0, f"variance {variance}")
    return "mean k^2/n, variance k^2 (n-k)^2 / (n^2 (n-1))"


@lemma(
    "step 4",
    means="symbolic",
    scope="all 1 <= k <= n, given Vandermonde's identity; the sums also in integers for n <= 60",
    bounds=_PLAIN,
    cites=_CITES,
)
def few_fresh_samples() -> str:
    """Of two independent uniformly random k-subsets of n, let the second have J = k - I samples that the first has not. Then E[1 / (J +
    1)] = (n + 1) / ((k + 1) (n - k + 1)), so E[k / J; J >= 1] <= 2 (n + 1) / (n - k + 1), which is below 2 / (1 - gamma)
    for k < n."""
    n, k, j = sympy.symbols("n k j", positive=True, integer=True)
    choose = sympy.binomial
    shifted = sympy.gammasimp(choose(n - k, j) / (j + 1) / (choose(n - k + 1, j + 1) / (n - k + 1)))
    require(shifted == 1, f"ratio {shifted}")
    # sum over j of C(n-k+1, j+1) C(k, k-j) is C(n+1, k+1): the missing term j = -1 has C(k, k+1) = 0
    inverse = sympy.gammasimp(choose(n + 1, k + 1) / ((n - k + 1) * choose(n, k)))
    require(sympy.simplify(inverse - (n + 1) / ((k + 1) * (n - k + 1))) == 0, f"E[1/(J+1)] = {inverse}")
    # 1/J <= 2/(J+1) for J >= 1, and k/(k+1) < 1; the last step: (n+1)/(n-k+1) < n/(n-k)
    slack = sympy.factor(n / (n - k) - (n + 1) / (n - k + 1))
    require(sympy.simplify(slack - k / ((n - k) * (n - k + 1))) == 0, f"slack {slack}")
    for size, chosen in ((a, b) for a in range(1, 61) for b in range(1, a + 1)):
        total = sum(
            Fraction(math.comb(size - chosen, i) * math.comb(chosen, chosen - i), i + 1) for i in range(chosen + 1)
        )
        exact = Fraction(size + 1, (chosen + 1) * (size - chosen + 1)) * math.comb(size, chosen)
        require(total == exact, f"n = {size}, k = {chosen}")
    return "slack of the last step: k / ((n-k)(n-k+1)) > 0"


@lemma(
    "step 5",
    means="exact",
    scope="laws on {-1, 1}, {-1, 0, 2}, {0, 1/2, 3}, skew weights; all k <= n <= 5, 7 targets, 2 windows",
    bounds=("rfss_expected", *_PLAIN),
    cites=_CITES,
)
def second_moment_by_overlap() -> str:
    """Let Y count the k-subsets of n independent samples whose sum is within eps of z, H and H' the events that two of them are, h_i the
    probability that two independent uniformly random ones overlap in i samples. Then E[Y] = C(n, k) P(H) and E[Y^2] = C(n, k)^2 sum over
    i of h_i P(H and H' given I = i); and E[Y]^2 / E[Y^2] <= P(Y > 0) <= E[Y]."""
    half = Fraction(1, 2)
    values: list[dict[Fraction, Fraction]] = [
        {Fraction(-1): half, Fraction(1): half},
        {Fraction(-1): Fraction(1, 2), Fraction(0): Fraction(1, 3), Fraction(2): Fraction(1, 6)},
        {Fraction(0): Fraction(1, 5), half: Fraction(1, 5), Fraction(3): Fraction(3, 5)},
    ]
    cases, closest = 0, Fraction(0)
    for law in values:
        sums = [_convolved(law, m) for m in range(6)]
        for n, k in ((a, b) for a in range(1, 6) for b in range(1, a + 1)):
            rows = _rows(law, n, k)
            for z, eps in itertools.product((Fraction(j, 2) for j in range(-2, 5)), (Fraction(0), Fraction(3, 4))):
                first, second, positive = _moments_of_rows(rows, z, eps)
                hit = sum(p for x, p in sums[k].items() if abs(x - z) <= eps)
                require(first == math.comb(n, k) * hit, f"E[Y] at n = {n}, k = {k}, z = {z}")
                by_overlap = Fraction(0)
                for i in range(max(2 * k - n, 0), k + 1):
                    joint = sum(
                        p * sum(q for y, q in sums[k - i].items() if abs(x + y - z) <= eps) ** 2
                        for x, p in sums[i].items()
                    )
                    by_overlap += math.comb(n, k) * math.comb(k, i) * math.comb(n - k, k - i) * joint
                require(second == by_overlap, f"E[Y^2] at n = {n}, k = {k}, z = {z}")
                if second:
                    require(
                        first**2 / second <= positive <= first, f"P(Y > 0) = {positive} at n = {n}, k = {k}, z = {z}"
                    )
                    closest = max(closest, first**2 / second / positive)
                cases += 1
    coins = rfss_expected(10, 4, 0.5, 2.0, "binary")
    require(abs(coins - 210 * 0.25) < 1e-9, f"rfss_expected of 10 coins, 4 of which sum to 2: {coins}, not 52.5")
    return f"{cases} cases; E[Y]^2 / E[Y^2] comes up to {float(closest):.3f} of P(Y > 0)"


@lemma(
    "step 6",
    means="exact",
    scope="U[-1, 1], k <= 8, all i < k, z in {0, 1/2, 1, 5/2}, eps in {1/2, 1/10, 1/1000}, in fractions",
    bounds=("rfss_c_thm",),
    cites=_CITES,
    control=Fraction(49, 100),
)
def fresh_samples_decide(claim: Fraction = Fraction(1, 2)) -> str:
    """If sums of m samples have a density of at most c_u / sqrt(m), for all m, then P(S' hits, given that S does and an overlap of i <
    k) <= 2 eps c_u / sqrt(k - i): whatever S contains, the k - i samples that only S' has are independent of it, their sum has a density
    of at most c_u / sqrt(k - i), and has to fall into a window of length 2 eps."""
    require(abs(laws.get("uniform").sum_bounded()[1] ** 2 - 0.5) < 1e-15, "c_u of the uniform law is not 1 / sqrt(2)")
    largest = Fraction(0)
    for k, z, eps in itertools.product(
        range(1, 9), map(Fraction, ("0", "1/2", "1", "5/2")), map(Fraction, (".5", ".1", ".001"))
    ):
        if one(k, z, eps) == 0:
            continue
        for i in range(k):
            share = both(k, i, z, eps) / one(k, z, eps)
            used = share**2 * (k - i) / (4 * eps**2 * claim)
            require(used <= 1, f"k = {k}, i = {i}, z = {z}, eps = {eps}: {float(used):.4f} of the bound, squared")
            largest = max(largest, used)
    return f"the ratio to the bound is at most {math.sqrt(largest):.4f}"


@lemma(
    "step 7",
    means="exact",
    scope="U[-1, 1], k <= 6, 12 values of n from k to 400, abs(z) + eps <= sqrt(k) for 4 z and 3 eps, in fractions",
    bounds=("rfss_c_thm",),
    cites=_CITES,
    control=1.5,
)
def explicit_constant(claim: float = 1.0) -> str:
    """If sums of m samples have a density >= c_l / sqrt(m) on [-sqrt(m), sqrt(m)] and <= c_u / sqrt(m) everywhere, and
    abs(z) + eps <= sqrt(k), then P(H) >= 2 eps c_l / sqrt(k), and E[Y]^2 / E[Y^2] is at least
    1 / (sum over i < k of h_i (c_u / c_l) sqrt(k / (k - i)) + sqrt(k) / (2 eps c_l C(n, k)))."""
    c_l, c_u = laws.get("uniform").sum_bounded()
    largest, cases = 0.0, 0
    for k, z, eps in itertools.product(
        range(1, 7), map(Fraction, ("0", "1/2", "1", "2")), map(Fraction, (".3", ".01", "1e-6"))
    ):
        if (abs(z) + eps) ** 2 > k:
            continue
        hit = float(one(k, z, eps))
        require(hit >= 2 * float(eps) * c_l / math.sqrt(k), f"P(H) = {hit} at k = {k}, z = {z}, eps = {eps}")
        for n in {max(n, k) for n in (k, k + 1, 2 * k - 1, 2 * k, 2 * k + 1, 3 * k, 10, 20, 40, 90, 200, 400)}:
            stated = rfss_c_thm(n, k, float(eps), c_l, c_u, float(z))
            proven = stated * claim
            exact = 1 / float(moment_ratio(n, k, z, eps))
            require(proven <= exact, f"{proven:.4f} > {exact:.4f} at n = {n}, k = {k}, z = {z}, eps = {eps}")
            largest, cases = max(largest, proven / exact), cases + 1
            terms = [
                math.comb(k, i) * math.comb(n - k, k - i) * c_u / c_l * math.sqrt(k / (k - i))
                for i in range(max(2 * k - n, 0), k)
            ]
            formula = math.comb(n, k) / (sum(terms) + math.sqrt(k) / (2 * float(eps) * c_l))
            require(abs(stated / formula - 1) < 1e-10, f"rfss_c_thm is {stated}, not {formula}")
    return f"{cases} cases; rfss_c_thm is at most {largest:.3f} of E[Y]^2 / E[Y^2]"


@lemma(
    "step 8",
    means="symbolic",
    scope="all 1 <= k <= lam n and eps; the function at random (n, k, eps, c_l, c_u) with n to 10^5",
    bounds=("rfss_c_thm",),
    cites=("slth", "natale2024sparsity", "robbins1955stirling"),
)
def any_density() -> str:
    """For samples whose sums are bounded as in `explicit_constant`, and any lam < 1, without a condition such as k = o(sqrt(n)): if
    1 <= k <= lam n, n H2(k/n) >= log2(k/eps) and abs(z) + eps <= sqrt(k), then P(Y > 0) >= c_l / (c_u sqrt(2 / (1 - lam)) + sqrt(2)).

    Both terms of `explicit_constant`: E[sqrt(k/J); J >= 1] <= sqrt(E[k/J; J >= 1]) <= sqrt(2 / (1 - lam)) by Cauchy and Schwarz and
    `few_fresh_samples`; and C(n, k) >= sqrt(n / (8 k (n - k))) 2^(n H2(k/n)) (`binomials.entropy_bounds`), where 2^(n H2) >= k / eps.
    """
    n, k, eps, c_l = sympy.symbols("n k eps c_l", positive=True)
    # i = k: C(n, k) >= sqrt(n / (8 k (n - k))) 2^(n H2), and 2^(n H2) >= k / eps
    subsets = sympy.sqrt(n / (8 * k * (n - k))) * k / eps
    same = sympy.sqrt(k) / (2 * eps * c_l * subsets)
    rest = sympy.powsimp(sympy.expand_power_base(sympy.simplify(same**2 * c_l**2), force=True))
    require(sympy.simplify(rest - 2 * (n - k) / n) == 0, f"c_l^2 times the square of the term i = k is {rest}")
    rng = np.random.default_rng(5)
    least, drawn = math.inf, 0
    for _ in range(1000):
        size = int(10 ** rng.uniform(0.31, 5))
        chosen = min(max(int(size * rng.uniform(0, 0.95)), 1), size - 1, 3000)
        lam, c_low = chosen / size, rng.uniform(0.05, 0.5)
        c_high = c_low * rng.uniform(1, 4)
        entropy = -chosen * math.log2(lam) - (size - chosen) * math.log2(1 - lam)
        if entropy - math.log2(chosen) > 1000:
            continue
        tolerance = chosen * 2.0**-entropy  # the smallest that the condition allows
        if tolerance > math.sqrt(chosen):
            continue
        proven = rfss_c_thm(size, chosen, tolerance, c_low, c_high)
        floor = c_low / (c_high * math.sqrt(2 / (1 - lam)) + math.sqrt(2))
        require(proven >= floor * (1 - 1e-9), f"rfss_c_thm = {proven} < {floor} at n = {size}, k = {chosen}")
        least, drawn = min(least, proven / floor), drawn + 1
    require(drawn >= 500, f"only {drawn} draws within the hypotheses")
    return f"the square of the term i = k is 2 (1 - gamma) / c_l^2 <= 2 / c_l^2; rfss_c_thm / floor >= {least:.3f} in {drawn} draws"


def _convolved(law: dict[Fraction, Fraction], m: int) -> dict[Fraction, Fraction]:
    """The law of a sum of m."""
    sums = {Fraction(0): Fraction(1)}
    for _ in range(m):
        grown: dict[Fraction, Fraction] = {}
        for (x, p), (y, q) in itertools.product(sums.items(), law.items()):
            grown[x + y] = grown.get(x + y, Fraction(0)) + p * q
        sums = grown
    return sums


def _rows(law: dict[Fraction, Fraction], n: int, k: int) -> list[tuple[Fraction, Counter[Fraction]]]:
    """Probability of every multiset of n samples, and the sums of its k-subsets."""
    rows = []
    for row in itertools.combinations_with_replacement(sorted(law), n):
        orders = math.factorial(n) // math.prod(math.factorial(row.count(x)) for x in law)
        probability = math.prod((law[x] for x in row), start=Fraction(orders))
        rows.append((probability, Counter(sum(subset, Fraction(0)) for subset in itertools.combinations(row, k))))
    return rows


def _moments_of_rows(
    rows: list[tuple[Fraction, Counter[Fraction]]], z: Fraction, eps: Fraction
) -> tuple[Fraction, Fraction, Fraction]:
    """E[Y], E[Y^2] and P(Y > 0) over all rows."""
    first = second = positive = Fraction(0)
    for probability, sums in rows:
        y = sum(number for x, number in sums.items() if abs(x - z) <= eps)
        first, second, positive = (
            first + y * probability,
            second + y * y * probability,
            positive + (y > 0) * probability,
        )
    return first, second, positive
