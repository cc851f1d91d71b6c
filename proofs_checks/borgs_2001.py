"""Number partitioning after Mertens and Borgs, Chayes and Pittel: moments, the critical window, the least discrepancy.

X_1, ..., X_n are independent and uniform on {1, ..., M}; Z_z is the number of sign vectors s with s . X = z; U_z the number of partitions
of discrepancy z, that is Z_z for z > 0 and Z_0 / 2 for z = 0, always given that X_1 + ... + X_n has the parity of z.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import sympy
from flint import arb

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_least, probability_at_most, probability_is
from proofs_checks.tools.sign_sums import half_sums, least_discrepancies, moments, sign_sums
from slth.bounds.subset_sums.closest_error import log_closest_error
from slth.bounds.subset_sums.partition import (
    bcp_rho,
    npp_discrepancy,
    npp_expected_perfect,
    npp_kappa_c,
    npp_perfect_prob,
    npp_solvable_prob,
)

_BCP = ("borgs2001phase", "kumar2025quantization")


@lemma(
    "first and second moment",
    means="exact",
    scope="all M^n vectors for (n, M) = (3, 6), (4, 5), (5, 4), (6, 3), all z >= 0",
    bounds=("bcp_rho", "npp_solvable_prob"),
    cites=_BCP,
)
def moment_identities() -> str:
    """Let X_1, ..., X_n be independent and uniform on {1, ..., M}, Z_z the number of sign vectors s with s . X = z, and W_m a sum of m
    such integers with random signs. Then E Z_z = 2^n P(W_n = z) and E Z_z^2 = 2^n times the sum over j of C(n, j) P(W_(n-j) = z)
    P(W_j = 0). Given that X_1 + ... + X_n has the parity of z, the number U_z of partitions of discrepancy z (Z_z for z > 0, Z_0 /
    2 for z = 0) has (E U_z)^2 / E U_z^2 <= P(U_z > 0) <= E U_z.

    Two sign vectors that differ at j places hit z both if the sum over the others is z and that over these is 0. The second line is
    Cauchy-Schwarz and Markov.
    """
    cases = 0
    for n, M in ((3, 6), (4, 5), (5, 4), (6, 3)):
        rows = sign_sums(n, M)
        signs = np.array(list(product((-1, 1), repeat=n)))
        vectors = np.array(list(product(range(1, M + 1), repeat=n)))
        sums = vectors @ signs.T
        odd = vectors.sum(axis=1) % 2
        for z in range(n * M + 1):
            found = (sums == z).sum(axis=1)[odd == z % 2]
            partitions = found // 2 if z == 0 else found
            size = len(found)
            first, second = moments(rows, n, M, z)
            require(first == Fraction(int(partitions.sum()), size), f"E U at n = {n}, M = {M}, z = {z} is not {first}")
            require(second == Fraction(int((partitions**2).sum()), size), f"E U^2 at n = {n}, M = {M}, z = {z}")
            solvable = Fraction(int((partitions > 0).sum()), size)
            require(solvable <= first, f"Markov at n = {n}, M = {M}, z = {z}")
            require(second == 0 or first**2 / second <= solvable, f"Cauchy-Schwarz at n = {n}, M = {M}, z = {z}")
            cases += 1
    return f"{cases} moments of both orders equal those over all vectors, in fractions; both inequalities hold"


def _bulk(n: int, M: int) -> range:
    """z from 0 to two standard deviations of s . X."""
    return range(int(2 * math.sqrt(n * (M + 1) * (2 * M + 1) / 6)) + 1)


@lemma(
    "Lemma 1 of Kumar and Natale: first moment",
    means="exact",
    scope="all 4 <= n <= 40, 2 <= M <= 16, and M = 64; 0 <= z <= 2 sqrt(n E X^2)",
    bounds=("bcp_rho",),
    cites=_BCP,
    control=0.3,
)
def first_moment(constant: float = 1.0) -> str:
    """Let X_1, ..., X_n be independent and uniform on {1, ..., M}, and rho_n = 2^(n+1) / sqrt(2 pi n E X^2), E X^2 = M^2 c_M. Given that
    X_1 + ... + X_n has the parity of z, the expected number of partitions of discrepancy z > 0, or twice that number for z = 0, is
    rho_n exp(-z^2/(2 n E X^2)) up to a factor 1 +- 1/n, for z up to two standard deviations of s . X.
    """
    worst, where = 0.0, ""
    for M in (*range(2, 17), 64):
        rows = sign_sums(40, M)
        for n in range(4, 41):
            row = rows[n]
            parities = [sum(row[(z + n * M) % 2 :: 2]) for z in (0, 1)]
            zs = [z for z in _bulk(n, M) if z <= n * M]
            exact = [2**n * row[z + n * M] / parities[z % 2] for z in zs]
            errors = n * np.abs(bcp_rho(n, M, zs) / np.array(exact) - 1)
            if errors.max() > worst:
                worst, where = float(errors.max()), f"n = {n}, M = {M}, z = {zs[int(errors.argmax())]}"
    require(worst <= constant, f"relative error {worst:.3f}/n at {where}, {constant}/n claimed")
    return f"largest relative error {worst:.3f}/n, at {where}"


@lemma(
    "Lemma 1 of Kumar and Natale: first moment, M to infinity",
    means="rigorous",
    scope="all n >= 3, z = 0; the function for n to 200, where the density is in fractions",
    bounds=("bcp_rho",),
    cites=_BCP,
    control=0.1,
)
def first_moment_limit(constant: float = 0.4) -> str:
    """As M grows, M rho_n / 2^(n+1), where rho_n = 2^(n+1) / sqrt(2 pi n E X^2) for X uniform on {1, ..., M}, tends to sqrt(3/(2 pi n)),
    and M P(s . X = 0), for random signs s, to the density at 0 of the sum of n variables U[-1, 1]. The first limit exceeds the second by
    a share between 0 and 0.4/n.

    Up to n = 200 the density is a fraction (Irwin-Hall). Beyond, it is the integral of (sin t/t)^n / pi over t > 0, of which t > pi
    contributes at most pi^(-n) / (n-1). By the product of the sine, log(sin t/t) = -t^2/6 - t^4/180 - ..., all terms negative: so
    it is at most -t^2/6 - t^4/180, and exp(-y) <= 1 - y + y^2/2; and for t <= 2 it is at least -t^2/6 - R t^4, R from its value at
    2, and exp(-y) >= 1 - y. Under the Gaussian weight exp(-n t^2/6), t^4 has the mean 27/n^2, t^8 the mean 8505/n^4, and t > 2 the
    share of at most exp(-2n/3).
    """
    worst = 0.0
    for n in range(3, 201):
        terms = ((-1) ** j * math.comb(n, j) * (n - 2 * j) ** (n - 1) for j in range((n + 1) // 2))
        density = float(Fraction(sum(terms), math.factorial(n - 1) * 2**n))
        excess = n * (bcp_rho(n, 2.0**60) * 2.0 ** (59 - n) / density - 1)
        require(0 <= excess <= constant, f"excess {excess:.4f}/n at n = {n}, between 0 and {constant}/n claimed")
        worst = max(worst, excess)
    with precision(128):
        least: Any = arb(200)
        # n times each share; all of them decrease in n, as 3/(2n) < log(pi) and 1/n < 2/3
        beyond_pi = least * arb.pi() ** -200 / 199 * (2 * arb.pi() * least / 3).sqrt()
        beyond_two = least * (-2 * least / 3).exp()
        fourth = (-(arb(2).sin() / 2).log() - arb(2) / 3) / 16
        above = fourth * 27 + beyond_two + beyond_pi  # n x, the density being at least the first limit times 1 - x
        below = arb(27) / 180 - arb(8505) / 64800 / least - beyond_pi
        require(below > 0, f"n times the deficit of the density: {below}")
        largest = above / (1 - above / least)
        require(largest < constant, f"excess {largest}/n beyond n = 200, {constant}/n claimed")
        evidence = f"{float(below):.3f}/n to {float(largest):.3f}/n"
    return f"excess between 0 and {worst:.3f}/n up to n = 200, {evidence} beyond"


@lemma(
    "Lemma 1 of Kumar and Natale: second moment",
    means="exact",
    scope="n = 12, 16, 20, 28, 40 and M = 2, 3, 4, 8, 16, 32; all 0 <= z <= 2 sqrt(n E X^2)",
    bounds=("npp_solvable_prob",),
    cites=_BCP,
    control=0.5,
)
def second_moment(constant: float = 2.0) -> str:
    """Let X_1, ..., X_n be independent and uniform on {1, ..., M}, and U_z the number of partitions of discrepancy z, given that X_1 + ...
    + X_n has the parity of z. Then E U_z (U_z - 1) is (E U_z)^2 up to a factor 1 +- 2/n: partitions are asymptotically
    uncorrelated, and (E U_z)^2 / E U_z^2 is close to E U_z / (1 + E U_z).
    """
    worst, where = 0.0, ""
    for M in (2, 3, 4, 8, 16, 32):
        rows = sign_sums(40, M)
        for n in (12, 16, 20, 28, 40):
            for z in _bulk(n, M):
                first, second = moments(rows, n, M, z)
                error = n * abs(float((second - first) / first**2) - 1)
                if error > worst:
                    worst, where = error, f"n = {n}, M = {M}, z = {z}"
    require(worst <= constant, f"relative error {worst:.3f}/n at {where}, {constant}/n claimed")
    return f"largest relative error {worst:.3f}/n, at {where}"


@lemma(
    "critical number of bits",
    means="symbolic",
    scope="all n >= 1; the functions for n to 1000",
    bounds=("npp_kappa_c", "npp_expected_perfect", "bcp_rho"),
    cites=("mertens1998phase", "borgs2001phase"),
)
def critical_bits() -> str:
    """2^n sqrt(6/(pi n)) / M = 1 exactly where log2(M)/n = 1 - log2(pi n/6)/(2n). The left side is the limit of rho_n = 2^(n+1) / sqrt(2
    pi n E X^2) for large M, X uniform on {1, ..., M}, and sqrt(6/pi) 2^(-lambda) where log2 M = n - (1/2) log2 n + lambda.
    """
    n, M, shift = sympy.symbols("n M lambda", positive=True)
    expected = 2**n * sympy.sqrt(6 / (sympy.pi * n)) / M
    critical = n * (1 - sympy.log(sympy.pi * n / 6, 2) / (2 * n))
    require(sympy.simplify(expected.subs(M, 2**critical) - 1) == 0, "the expected number at kappa_c is not 1")
    c = sympy.Rational(1, 3) + 1 / (2 * M) + 1 / (6 * M**2)
    rho = 2 ** (n + 1) / (M * sympy.sqrt(2 * sympy.pi * n * c))
    require(sympy.limit(sympy.simplify(rho / expected), M, sympy.oo) == 1, "rho_n against Mertens' number")
    mean_square = sympy.simplify((M + 1) * (2 * M + 1) / 6 - M**2 * c)
    require(mean_square == 0, "M^2 c_M is not E X^2")
    window = sympy.simplify(expected.subs(M, 2 ** (n - sympy.log(n, 2) / 2 + shift)) * 2**shift)
    require(sympy.simplify(window - sympy.sqrt(6 / sympy.pi)) == 0, f"the number in the window is {window}")
    sizes = np.arange(1, 1001)
    logs = sizes * npp_kappa_c(sizes)
    numbers = npp_expected_perfect(sizes[10:], np.floor(np.exp2(logs[10:])))
    # the floor changes M >= 450 by a share of at most 1/M
    require(
        np.abs(numbers - 1).max() < 2.0 ** -logs[10] * 1.01 + 1e-12, f"the function is {np.abs(numbers - 1).max()} off"
    )
    return "2^n sqrt(6/(pi n)) / M = sqrt(6/pi) 2^(-lambda) in the window, and 1 at kappa_c(n)"


@lemma(
    "expected number of perfect partitions",
    means="exact",
    scope="all 4 <= n <= 40, 2 <= M <= 24",
    bounds=("npp_expected_perfect",),
    cites=("mertens1998phase",),
    control=0.5,
)
def perfect_partitions(constant: float = 1.0) -> str:
    """Let X_1, ..., X_n be independent and uniform on {1, ..., M}. 2^n sqrt(6/(pi n)) / M exceeds the expected number of sign vectors s
    with s . X = 0, given that X_1 + ... + X_n is even, by a factor between 1 and 1 + 1/n + 1/M.
    """
    worst = 0.0
    for M in range(2, 25):
        rows = sign_sums(40, M)
        for n in range(4, 41):
            row = rows[n]
            exact = Fraction(2**n * row[n * M], sum(row[(n * M) % 2 :: 2]))
            excess = npp_expected_perfect(n, M) / float(exact) - 1
            require(excess >= 0, f"below the exact number by {-excess:.3g} at n = {n}, M = {M}")
            worst = max(worst, excess / (1 / n + 1 / M))
    require(worst <= constant, f"exceeds it by {worst:.3f} (1/n + 1/M), {constant} claimed")
    return f"excess between 0 and {worst:.3f} (1/n + 1/M)"


@lemma(
    "probability of a perfect partition across the window",
    means="statistical",
    scope="n = 18, M = 2^14, 2^16, 2^18, 10,000 draws each; within 0.03",
    bounds=("npp_perfect_prob", "npp_solvable_prob"),
    cites=("borgs2001phase",),
    false_alarm=1e-9,
    control=2.0,
)
def window(factor: float = 1.0) -> str:
    """Let X_1, ..., X_n be independent and uniform on {1, ..., M}, rho = 2^(n+1) / sqrt(2 pi n E X^2). The probability of a perfect
    partition is about 1 - exp(-rho/2) (1 + exp(-rho/2)) / 2: given an even sum, there are about Poisson(rho/2) partitions of
    discrepancy 0; given an odd one, about Poisson(rho) of discrepancy 1.
    """
    rng = np.random.default_rng(2001)
    n, trials, shares = 18, 10_000, []
    for M in (2**14, 2**16, 2**18):
        x = rng.integers(1, M + 1, (trials, n))
        least, odd = least_discrepancies(x), x.sum(axis=1) % 2
        perfect = int((least <= 1).sum())
        claim = npp_perfect_prob(n, M / factor)
        probability_is(claim, 0.03, perfect, trials, 8e-11, f"perfect partition, M = {M}")
        shares.append(f"{perfect / trials:.3f} against {claim:.3f}")
        for parity in (0, 1):
            solved, drawn = int((least[odd == parity] == parity).sum()), int((odd == parity).sum())
            both = npp_solvable_prob(n, M / factor, parity)
            probability_is(both.poisson, 0.03, solved, drawn, 8e-11, f"discrepancy {parity}, M = {M}")
            probability_at_least(both.lower - 0.03, solved, drawn, 2e-11, f"discrepancy {parity}, M = {M}")
            probability_at_most(both.upper + 0.03, solved, drawn, 2e-11, f"discrepancy {parity}, M = {M}")
    return f"n = 18, M = 2^14, 2^16, 2^18: {', '.join(shares)}"


@lemma(
    "least discrepancy of real numbers",
    means="statistical",
    scope="n = 20, U[-1, 1] and N(0, 1), 6,000 draws each; survival function at half, one and two means within 0.03",
    bounds=("npp_discrepancy",),
    cites=("mertens1998phase", "borgs2001phase"),
    false_alarm=1e-9,
    control=1.3,
)
def least_discrepancy(factor: float = 1.0) -> str:
    """The least abs(s . X) over all sign vectors s, for n independent real numbers X_i of a law with bounded density, is about exponential
    with mean sqrt(2 pi n E X^2) 2^(-n).
    """
    rng = np.random.default_rng(1998)
    n, trials, shares = 20, 6_000, []
    for name, x, square in (
        ("U[-1, 1]", rng.uniform(-1, 1, (trials, n)), 1 / 3),
        ("N(0, 1)", rng.standard_normal((trials, n)), 1.0),
    ):
        scaled = least_discrepancies(x) / (factor * npp_discrepancy(n, square))
        for means in (0.5, 1.0, 2.0):
            above = int((scaled > means).sum())
            probability_is(math.exp(-means), 0.03, above, trials, 1.5e-10, f"{name}, more than {means} means")
        shares.append(f"{name} {np.mean(scaled > 1):.3f}")
    return f"P(more than the mean), 1/e = 0.368 predicted: {', '.join(shares)}"


@lemma(
    "spacing of the least discrepancies",
    means="statistical",
    scope="n = 14, U[-1, 1], 6,000 draws; within 0.03",
    bounds=("npp_discrepancy",),
    cites=("borgs2001phase",),
    false_alarm=1e-9,
    control=0.6,
)
def spacing(exponent: float = 1.0) -> str:
    """The least values of abs(s . X) over all partitions of n independent real numbers X_i lie about like a Poisson process: the ratio r
    of the least to the second least is uniform on [0, 1], P(r <= t) = t.
    """
    rng = np.random.default_rng(14)
    trials = 6_000
    left, right = half_sums(rng.uniform(-1, 1, (trials, 14)))
    ratios = np.empty(trials)
    for i in range(trials):
        least = np.partition(np.abs(left[i][:, None] + right[i]).ravel(), 1)[:2]
        ratios[i] = least[0] / least[1]
    for t in (0.25, 0.5, 0.75):
        probability_is(t**exponent, 0.03, int((ratios <= t).sum()), trials, 3e-10, f"r <= {t}")
    return f"P(r <= 1/4, 1/2, 3/4) = {', '.join(f'{np.mean(ratios <= t):.3f}' for t in (0.25, 0.5, 0.75))}"


@lemma(
    "closest subset sum, given the samples",
    means="statistical",
    scope="n = 16, U[-1, 1], 4,000 draws, z = Lambda/2 + u sd for u in [-1, 1], and z = Lambda/2; within 0.03",
    bounds=("log_closest_error",),
    cites=("slth",),
    false_alarm=1e-9,
    control=1.3,
)
def closest_sum(factor: float = 1.0) -> str:
    """The error of the closest of all 2^n subset sums to z is about exponential with mean 1/(2 rate), the prediction of
    log_closest_error; at z = Lambda/2, half the sum of the samples, with twice this mean, as each subset is as close there as its
    complement.
    """
    rng = np.random.default_rng(16)
    n, trials = 16, 4_000
    x = rng.uniform(-1, 1, (trials, n))
    deviation = 0.5 * np.sqrt((x * x).sum(axis=1))
    shift = deviation * rng.uniform(-1, 1, trials)
    positive, total = np.maximum(x, 0).sum(axis=1), x.sum(axis=1)
    # sum over S = (Lambda + s . X) / 2 for a sign vector s: the error at Lambda/2 + shift is |s . X - 2 shift| / 2
    left, right = half_sums(x)
    everything = np.concatenate([left, -left], axis=1)
    shares = []
    for offset, mean in ((shift, 1.0), (np.zeros(trials), 2.0)):
        predicted = np.exp(log_closest_error(0.5 * total + offset, positive, total, deviation, n))
        ratios = np.empty(trials)
        for i in range(trials):
            seconds = np.sort(right[i])
            at = np.searchsorted(seconds, 2 * offset[i] - everything[i])
            near = np.stack([seconds[np.minimum(at, len(seconds) - 1)], seconds[np.maximum(at - 1, 0)]])
            ratios[i] = np.abs(everything[i] + near - 2 * offset[i]).min() / 2 / predicted[i]
        above = int((ratios > mean * factor).sum())
        probability_is(math.exp(-1), 0.03, above, trials, 5e-10, f"more than {mean} predictions")
        shares.append(f"{above / trials:.3f}")
    return f"P(more than the prediction) = {shares[0]}, at Lambda/2 P(more than twice) = {shares[1]}; 1/e = 0.368"


claimed(
    "phase_transition",
    "Theorem: the transition at kappa = 1",
    "If log2 M = n - (1/2) log2 n + lambda_n, a perfect partition exists with probability tending to 1 for lambda_n -> -oo and to 0 for "
    "lambda_n -> +oo; for kappa < 1 there are exponentially many.",
    why="a limit of n; the moments behind it are checked to n = 40, the probability itself at n = 18",
    bounds=("npp_kappa_c", "npp_perfect_prob"),
    cites=("borgs2001phase",),
)
