"""Predictors of fixed-size random subset sum: the number of hits is Poisson given the samples; thresholds; blocks of samples.

Y counts the k-subsets of n independent samples whose sum comes within eps of z, gamma = k/n, Lam is the sum of all samples.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import sympy

from proofs_checks.lemma import lemma, require
from proofs_checks.tools import chance
from proofs_checks.tools.simulated import hits_by_size
from slth.bounds.subset_sums.mixture_poisson import (
    pattern_loss,
    rfss_density_threshold,
    rfss_expected,
    rfss_kmin,
    rfss_success_prob,
)

_CITES = ("slth", "natale2024sparsity")

Question = tuple[int, int, float, float]  # n, k, eps, z


@lemma(
    "step 1",
    means="symbolic",
    scope="all 1 <= k <= n, n >= 2, all samples; enumerated in fractions for n <= 7",
    bounds=("rfss_success_prob", "rfss_kmin"),
    cites=_CITES,
)
def finite_population() -> str:
    """Given the samples, with sum Lam and variance S^2 = (sum x^2 - Lam^2 / n) / (n - 1), a uniformly random k-subset has a sum of mean
    gamma Lam and variance k (1 - gamma) S^2: it contains a sample with probability k / n, a pair with k (k - 1) / (n (n - 1))."""
    n, k, total, squares = sympy.symbols("n k Lam Q", positive=True)
    choose = sympy.binomial
    require(sympy.gammasimp(choose(n - 1, k - 1) / choose(n, k) - k / n) == 0, "a sample")
    pair = k * (k - 1) / (n * (n - 1))
    require(sympy.gammasimp(choose(n - 2, k - 2) / choose(n, k) / pair) == 1, "a pair")
    variance = k / n * squares + pair * (total**2 - squares) - (k / n * total) ** 2
    claim = k * (1 - k / n) * (squares - total**2 / n) / (n - 1)
    require(sympy.simplify(variance - claim) == 0, f"variance {sympy.factor(variance)}")
    rows = 0
    for size in range(2, 8):
        row = [Fraction((7 * j * j + 3 * j) % 23 - 11, 1 + j % 3) for j in range(size)]
        spread = (sum(x * x for x in row) - sum(row) ** 2 / size) / (size - 1)
        for chosen in range(1, size + 1):
            sums = [sum(subset) for subset in itertools.combinations(row, chosen)]
            mean = Fraction(sum(sums)) / len(sums)
            require(mean == Fraction(chosen, size) * sum(row), f"mean at n = {size}, k = {chosen}")
            found = sum((x - mean) ** 2 for x in sums) / len(sums)
            require(found == chosen * (1 - Fraction(chosen, size)) * spread, f"variance at n = {size}, k = {chosen}")
            rows += 1
    return f"identity in n, k, Lam and sum x^2; {rows} enumerations agree"


@lemma(
    "step 2",
    means="statistical",
    scope="10 questions with n = 18 to 20, normal and uniform, 10,000 rows each, counted exactly",
    bounds=("rfss_success_prob", "rfss_expected"),
    cites=_CITES,
    false_alarm=1e-9,
    control=lambda n, k, eps, z, law: -math.expm1(-rfss_expected(n, k, eps, z, law)),
)
def poisson_given_the_samples(claim: Callable[..., float] = rfss_success_prob) -> str:
    """At the ten questions P(Y > 0) is within 0.04 of E[1 - exp(-lambda(X))], lambda(X) the finite-population normal mean of Y given the
    samples. The naive 1 - exp(-E[Y]) is not: it says 1.000 at n = 18, k = 9, z = 2, eps = 0.001, where the truth is 0.91 and 0.83."""
    questions: list[Question] = [
        (18, 9, 1e-4, 0.0), (18, 9, 1e-3, 2.0), (18, 5, 1e-3, 0.0), (20, 4, 1e-3, 1.0), (18, 3, 3e-3, 0.0),
    ]  # fmt: skip
    cases = list(itertools.product(questions, ("normal", "uniform")))
    pairs = []
    for seed, ((n, k, eps, z), law) in enumerate(cases):
        successes, trials = hits_by_size(n, eps, z, law, 100 + seed)
        predicted = claim(n, k, eps, z, law)
        chance.probability_is(predicted, 0.04, int(successes[k]), trials, 1e-9 / len(cases), f"{(n, k, eps, z)}, {law}")
        pairs.append(f"{predicted:.3f}/{successes[k] / trials:.3f}")
    return "predicted/simulated " + ", ".join(pairs)


@lemma(
    "step 3",
    means="statistical",
    scope="4 problems with n = 18 to 20, uniform and normal, 10,000 rows each, counted exactly",
    bounds=("rfss_kmin",),
    cites=_CITES,
    false_alarm=1e-9,
    control=1,
)
def smallest_useful_size(claim: int = 0) -> str:
    """In the four problems, with k = rfss_kmin(n, eps, p, z), subsets of k samples succeed with probability p - 0.04 at least, and those
    of k - 1 with p + 0.04 at most."""
    found = []
    problems = [
        (18, 1e-3, 0.9, 0.5, "uniform"), (20, 1e-4, 0.7, 1.0, "normal"), (20, 1e-2, 0.95, 0.2, "uniform"), (20, 1e-3, 0.5, 2.0, "normal"),
    ]  # fmt: skip
    for seed, (n, eps, p, z, law) in enumerate(problems):
        k = rfss_kmin(n, eps, p, z, law) + claim
        successes, trials = hits_by_size(n, eps, z, law, 200 + seed)
        what = f"n = {n}, eps = {eps}, z = {z}, {law}, k = {k}"
        chance.probability_at_least(p - 0.04, int(successes[k]), trials, 1e-9 / 8, what)
        chance.probability_at_most(p + 0.04, int(successes[k - 1]), trials, 1e-9 / 8, what)
        found.append(f"k = {k}: {successes[k - 1] / trials:.3f} < {p} < {successes[k] / trials:.3f}")
    return "; ".join(found)


@lemma(
    "step 4",
    means="exact",
    scope="normal samples, pairs (n, eps) with n from 3 to 2000 and eps = n 2^(-s n) for six s, where E[Y] reaches 1",
    bounds=("rfss_density_threshold", "rfss_expected"),
    cites=_CITES,
)
def first_moment_threshold() -> str:
    """For N(0, sigma^2) and z = 0, E[Y] = 1 where n H2(gamma) = log2(k / eps) + log2(pi sigma sqrt(1 - gamma)), up to Stirling's formula
    and eps -> 0: the entropy condition of Theorem 2 with c_hyp = 1 asks for as many subsets as make one success likely, and no more.
    `rfss_density_threshold` lies between the last k with E[Y] < 1 and the first with E[Y] >= 1."""
    k, eps, gamma, s, entropy = sympy.symbols("k eps gamma sigma h", positive=True)
    subsets = sympy.exp(entropy) / sympy.sqrt(2 * sympy.pi * k * (1 - gamma))
    expected = subsets * 2 * eps / (s * sympy.sqrt(2 * sympy.pi * k))
    claim = sympy.exp(entropy) * eps / (sympy.pi * s * k * sympy.sqrt(1 - gamma))
    require(sympy.simplify(expected / claim) == 1, f"E[Y] = {expected}")
    checked, off = 0, 0.0
    for n in (3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000):
        for share in (0.02, 0.1, 0.3, 0.6, 0.9, 0.99):
            tolerance = n * 2.0 ** (-share * n)
            if tolerance < 1e-290 or rfss_expected(n, max((n - 1) // 2, 1), tolerance, 0.0, "normal") < 1:
                continue
            at = n * rfss_density_threshold(n, tolerance)
            above = math.ceil(at - 1e-6)
            require(rfss_expected(n, above, tolerance, 0.0, "normal") >= 1 - 1e-6, f"E[Y] < 1 at n = {n}, k = {above}")
            if above > 1:
                require(
                    rfss_expected(n, above - 1, tolerance, 0.0, "normal") < 1, f"E[Y] >= 1 at n = {n}, k = {above - 1}"
                )
            if at > 5 and tolerance < 0.1:
                g = at / n
                bits = -at * math.log2(g) - (n - at) * math.log2(1 - g)
                off = max(off, abs(bits - math.log2(at / tolerance) - math.log2(math.pi * math.sqrt(1 - g))))
            checked += 1
    require(off < 0.05, f"the asymptotic condition is {off} bits off")
    return f"{checked} thresholds; the asymptotic condition is at most {off:.3f} bits off for k > 5"


@lemma(
    "step 5",
    means="exact",
    scope="all s of B with n <= 12 samples, 1 <= s < B; 40 rows of integers for 1 of B; the limit to B = 10^6",
    bounds=("pattern_loss",),
    cites=("slth",),
)
def blocks_of_samples() -> str:
    """Of n samples in blocks of B there are C(B, s)^(n/B) ways to take s of every block, log2 of which is pattern_loss(s, B) times
    n H2(s/B). One of every two is a plain subset sum: of the differences X_(j,2) - X_(j,1), to the target z - sum over j of X_(j,1)."""
    counted = 0
    for block in range(2, 7):
        for blocks, kept in itertools.product(range(1, 12 // block + 1), range(1, block)):
            n = block * blocks
            window = (1 << block) - 1
            patterns = sum(
                all((mask >> (block * j) & window).bit_count() == kept for j in range(blocks)) for mask in range(1 << n)
            )
            require(patterns == math.comb(block, kept) ** blocks, f"{patterns} patterns of {kept}:{block}, n = {n}")
            share = kept / block
            entropy = -share * math.log2(share) - (1 - share) * math.log2(1 - share)
            require(
                abs(pattern_loss(kept, block) * n * entropy - math.log2(patterns)) < 1e-9,
                f"pattern_loss({kept}, {block})",
            )
            counted += 1
    rng = np.random.default_rng(2)
    for _ in range(40):
        rows = rng.integers(-50, 50, (int(rng.integers(1, 8)), 2)).tolist()
        chosen = Counter(sum(pick) for pick in itertools.product(*rows))
        first = sum(row[0] for row in rows)
        differences = [row[1] - row[0] for row in rows]
        subsets = (itertools.compress(differences, bits) for bits in itertools.product((0, 1), repeat=len(rows)))
        require(chosen == Counter(first + sum(subset) for subset in subsets), f"the sums of {rows}")
    limit = pattern_loss(500_000, 1_000_000)
    require(0.99998 < limit < 1, f"pattern_loss at B = 10^6 is {limit}")
    return f"{counted} shapes; losses 2:4 {pattern_loss(2, 4):.3f}, 1:4 {pattern_loss(1, 4):.3f}, 1:8 {pattern_loss(1, 8):.3f}"
