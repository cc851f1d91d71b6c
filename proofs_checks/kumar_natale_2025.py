"""Quantized strong lottery tickets (Kumar and Natale 2025), and the exponential form of their tail (2026).

S_delta is the grid {-1, -1 + delta, ..., 1}, delta = 2^-j; in grid steps, the integers {-M, ..., M} with M = 1/delta. RSS asks for a subset
with sum t, NPP for signs with signed sum z. The moments of the number of partitions (Lemma 1) are checked in borgs_2001.py, the
exponential tail in explicit_rss.py and da_cunha_2022.py.
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from slth.bounds.networks.quantized import discrete_n, quantized_failure, quantized_lower, quantized_samples
from slth.bounds.subset_sums.explicit_discrete import rss_failure_discrete
from slth.bounds.subset_sums.partition import bcp_rho
from slth.subset_sum import partition_target

_CITES = ("kumar2025quantization",)
_LEMMA_1 = (*_CITES, "borgs2001phase")
_2026 = ("kumar2026unified",)
_THRESHOLD = ("quantized_samples", "quantized_width", "quantized_width_shallow")


@lemma(
    "the grid", means="exact", scope="delta = 2^-j for j <= 16", bounds=("quantized_lower",), cites=_CITES, slow=True
)
def grid() -> str:
    """S_delta = {-1, -1 + delta, ..., 1} has 2/delta + 1 points, and a d x d matrix over it has log2 (2/delta + 1)^(d^2) bits: what
    quantized_lower counts."""
    for j in range(17):
        delta = Fraction(1, 2**j)
        points = {-1 + i * delta for i in range(2 ** (j + 1) + 1)}
        require(max(points) == 1 and 0 in points, f"delta = {delta}: the grid does not end at 1, or leaves out 0")
        require(len(points) == 2 / delta + 1, f"delta = {delta}: {len(points)} points")
        for d in (1, 3, 100):
            with precision(100):
                bits = d * d * arb(len(points)).log() / arb(2).log()
                found = quantized_lower(d, float(delta), 1.0)
                require(abs(bits - found) < bits * 1e-14, f"quantized_lower({d}, {delta}, 1) is {found}, not {bits}")
    return "17 grids, d in {1, 3, 100}"


@lemma("Lemma 2", means="symbolic", scope="all samples and targets", bounds=_THRESHOLD, cites=_CITES)
def subset_sums_are_partitions() -> str:
    """Let L be the sum of the samples. With sign -1 on S and +1 elsewhere, the signed sum is L - 2 sum(S). So RSS with target t is solvable
    if and only if NPP with target L - 2t is, by the same subset."""
    for n in range(1, 7):
        x = sympy.symbols(f"x1:{n + 1}")
        b = sympy.symbols(f"b1:{n + 1}")  # 1 in S, else 0; the identity is linear in each, so it holds for all subsets
        signed = sum((1 - 2 * chosen) * value for chosen, value in zip(b, x, strict=True))
        chosen_sum = sum(chosen * value for chosen, value in zip(b, x, strict=True))
        require(sympy.expand(signed - (sum(x) - 2 * chosen_sum)) == 0, f"n = {n}")
    return "signed sum = L - 2 sum(S), term by term: (1 - 2 b) x = x - 2 b x"


@lemma(
    "Lemma 2", means="exact", scope="all multisets of n <= 5 integers of {-3, ..., 3}, all targets of {-16, ..., 16}",
    bounds=_THRESHOLD, cites=_CITES,
)  # fmt: skip
def both_problems_solved() -> str:
    """RSS with target t is solvable exactly if NPP with target L - 2t is, L the sum of the samples, as slth.subset_sum.partition_target
    computes it."""
    targets, pairs = np.arange(-16, 17), 0
    for n in range(1, 6):
        for samples in combinations_with_replacement(range(-3, 4), n):
            sums = {sum(choice) for choice in product(*((0, x) for x in samples))}
            signed = {sum(choice) for choice in product(*((-x, x) for x in samples))}
            for t, z in zip(targets.tolist(), np.asarray(partition_target(samples, targets)).tolist(), strict=True):
                require((t in sums) == (z in signed), f"samples {samples}, t = {t}, z = {z}")
                pairs += 1
    return f"{pairs} pairs of samples and target"


@lemma("Lemma 1, the constant", means="symbolic", scope="all M >= 1", bounds=("bcp_rho",), cites=_LEMMA_1)
def second_moment_of_the_law() -> str:
    """c_M = 1/3 + 1/(2M) + 1/(6 M^2) is E X^2 / M^2 for X uniform on {1, ..., M}, and for abs(X) given X != 0, X uniform on
    {-M, ..., M}; for X itself, zeros included, E X^2 / M^2 = 1/3 + 1/(3M). Zeros change no sum, and a sample's sign no NPP; so the constant
    is right for the number of samples that are not 0."""
    M, i = sympy.symbols("M i", positive=True, integer=True)
    stated = sympy.Rational(1, 3) + 1 / (2 * M) + 1 / (6 * M**2)
    squares = sympy.summation(i**2, (i, 1, M))
    require(sympy.simplify(squares / M / M**2 - stated) == 0, "not the second moment on 1..M")
    require(sympy.simplify(2 * squares / (2 * M) / M**2 - stated) == 0, "not that of the nonzero samples")
    symmetric = sympy.simplify(2 * squares / (2 * M + 1) / M**2)
    require(sympy.simplify(symmetric - sympy.Rational(1, 3) - 1 / (3 * M)) == 0, f"E X^2 / M^2 = {symmetric}")
    for n, big in ((10, 5), (40, 1000)):
        rho = sympy.Integer(2) ** (n + 1) / sympy.sqrt(2 * sympy.pi * n * big**2 * stated.subs(M, big))
        require(
            abs(float(rho) / bcp_rho(n, big) - 1) < 1e-12, f"bcp_rho({n}, {big}) is {bcp_rho(n, big)}, not {float(rho)}"
        )
    return "E X^2 = (M + 1)(2M + 1)/6 on {1, ..., M}; M (M + 1)/3 on {-M, ..., M}"


def _subset_sums(n: int, M: int) -> dict[int, int]:
    """How many pairs of samples in ({-M, ..., M} without 0)^n and a subset have each sum."""
    counts = {0: 1}
    for _ in range(n):
        grown: Counter[int] = Counter()
        for total, count in counts.items():
            grown[total] += 2 * M * count
            for x in range(1, M + 1):
                grown[total + x] += count
                grown[total - x] += count
        counts = grown
    return counts


@lemma(
    "from Lemma 1 to Lemma 4: the target L - 2t is random", means="exact", control=1.5,
    scope="n in {12, 24, 36}, M in {2, 5, 16}, abs(t) <= 2M", bounds=("bcp_rho", *_THRESHOLD), cites=_CITES,
)  # fmt: skip
def expected_number_of_subsets(claim: float = 1.0) -> str:
    """Lemma 1 is for a fixed target z, but L - 2t depends on the samples. At the first moment this does no harm: for X_i uniform on
    {-M, ..., M} without 0 and abs(t) <= 2M, the expected number of subsets with sum t is, up to a factor 1 +- 1/n, what Lemma 1 gives on
    average over an L that is normal: rho_n E exp(-(L - 2t)^2 / (2 n E X^2)) = rho_n exp(-t^2 / (n E X^2)) / sqrt(2). (The claim
    multiplies it.)"""
    t, s2 = sympy.symbols("t s2", positive=True)
    L = sympy.Symbol("L", real=True)
    law = sympy.exp(-(L**2) / (2 * s2)) / sympy.sqrt(2 * sympy.pi * s2)
    mean = sympy.integrate(sympy.expand(law * sympy.exp(-((L - 2 * t) ** 2) / (2 * s2))), (L, -sympy.oo, sympy.oo))
    require(sympy.simplify(mean - sympy.exp(-(t**2) / s2) / sympy.sqrt(2)) == 0, f"the average is {mean}")
    worst = 0.0
    for n, M in product((12, 24, 36), (2, 5, 16)):
        counts = _subset_sums(n, M)
        second = n * (M + 1) * (2 * M + 1) / 6
        for goal in range(2 * M + 1):
            exact = Fraction(counts[goal], (2 * M) ** n)
            stated = claim * bcp_rho(n, M) * math.exp(-(goal**2) / second) / math.sqrt(2)
            off = abs(float(exact) / stated - 1)
            require(
                off <= 1 / n, f"n = {n}, M = {M}, t = {goal}: {float(exact):.6g} subsets expected, {stated:.6g} stated"
            )
            worst = max(worst, n * off)
    return f"exact expectation within a factor 1 +- {worst:.2f}/n"


@lemma(
    "Lemma 1, the inequalities", means="exact", scope="all samples in {-M, ..., M}^n for (n, M) = (3, 4), (4, 3), (5, 2), (6, 2); all t",
    bounds=("quantized_failure", *_THRESHOLD), cites=_CITES,
)  # fmt: skip
def moments_bound_the_chance() -> str:
    """For the number Y of subsets with sum t, t fixed, (E Y)^2 / E Y^2 <= P(Y > 0) <= E Y (Cauchy-Schwarz and Markov): here for subset
    sums directly, whose target is not random."""
    cases, tightest = 0, Fraction(0)
    for n, M in ((3, 4), (4, 3), (5, 2), (6, 2)):
        samples = np.array(list(product(range(-M, M + 1), repeat=n)))
        masks = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        sums = samples @ masks.T
        for t in range(-n * M, n * M + 1):
            hits = (sums == t).sum(1)
            first, second = Fraction(int(hits.sum()), len(hits)), Fraction(int((hits**2).sum()), len(hits))
            solvable = Fraction(int((hits > 0).sum()), len(hits))
            require(first**2 / second <= solvable <= first, f"n = {n}, M = {M}, t = {t}: {first}, {second}, {solvable}")
            tightest = max(tightest, first**2 / second / solvable)
            cases += 1
    return f"{cases} targets; the lower bound reaches up to {float(tightest):.3f} of the probability"


@lemma(
    "Lemma 4", means="symbolic", scope="all n >= 2, all laws of mean 0 on [-M, M]", bounds=("quantized_failure",), cites=_CITES
)  # fmt: skip
def range_of_the_sum() -> str:
    """Independent X_i of mean 0 in [-M, M] have abs(X_1 + ... + X_n) >= s with probability at most 2 exp(-2 s^2 / (n (2M)^2)) (Hoeffding;
    proven for this case in gadhikar_2023.py). For s = sqrt(2/7) M sqrt(n ln n), natural logarithm, this is 2 n^(-1/7): the rate of the
    theorem, which says something only for n > 128."""
    n, M = sympy.symbols("n M", positive=True)
    s = sympy.sqrt(sympy.Rational(2, 7)) * M * sympy.sqrt(n * sympy.log(n))
    exponent = sympy.simplify(-2 * s**2 / (n * (2 * M) ** 2))
    require(sympy.simplify(exponent + sympy.log(n) / 7) == 0, f"the exponent is {exponent}")
    require(
        sympy.solve(sympy.Eq(2 * n ** sympy.Rational(-1, 7), 1), n) == [128], "2 n^(-1/7) = 1 elsewhere than at n = 128"
    )
    for j in (2, 64, 1024):  # log2(1/delta) = j; quantized_failure has no other n
        stated, found = float(2 * sympy.Integer(j) ** sympy.Rational(-1, 7)), quantized_failure(1, 2.0**-j, 2.0)
        require(abs(found - min(stated, 1.0)) < 1e-13, f"quantized_failure at delta = 2^-{j} is {found}, not {stated}")
    return "2 exp(-ln(n)/7) = 2 n^(-1/7), which is 1 at n = 128"


@lemma(
    "Lemma 4", means="exact", scope="X uniform on {-M, ..., M}, M in {1, 2, 8, 40}, n <= 60", bounds=("quantized_failure",), cites=_CITES
)  # fmt: skip
def range_of_the_sum_is_kept() -> str:
    """For X_i uniform on {-M, ..., M} and 2 <= n <= 60, abs(X_1 + ... + X_n) >= sqrt(2/7) M sqrt(n ln n) has probability at most
    2 n^(-1/7)."""
    largest = 0.0
    for M in (1, 2, 8, 40):
        counts = [1]
        for n in range(1, 61):
            # multiply by 1 + x + ... + x^(2M), by running sums
            running = [0]
            for c in [*counts, *[0] * (2 * M)]:
                running.append(running[-1] + c)
            counts = [running[i + 1] - running[max(i - 2 * M, 0)] for i in range(len(running) - 1)]
            if n < 2:
                continue
            with precision(80):
                beyond = sum(
                    c for i, c in enumerate(counts) if not arb(fmpq(7 * (i - n * M) ** 2, 2 * M * M * n)) < arb(n).log()
                )
                bound = 2 * (-arb(n).log() / 7).exp()
                chance = arb(fmpq(beyond, (2 * M + 1) ** n))
                require(chance <= bound, f"M = {M}, n = {n}: {chance}, but at most {bound} stated")
                largest = max(largest, float(chance / bound))
    return f"at most {largest:.2f} of the bound"


@lemma("Lemma 5", means="exact", scope="delta = 2^-j for j <= 8", bounds=_THRESHOLD, cites=_CITES, slow=True)
def products_have_twice_the_bits() -> str:
    """The product of two numbers of S_delta lies in S_(delta^2): in units of delta^2 it is an integer of {-M, ..., M}, M = 1/delta^2, with
    2 log2(1/delta) = log2(M) bits besides the sign. So kappa = log2(M)/n < 1 needs n > 2 log2(1/delta): quantized_samples."""
    for j in range(1, 9):
        steps = 2**j
        fine = Fraction(1, steps**2)
        grid = [Fraction(i, steps) for i in range(-steps, steps + 1)]
        allowed = {i * fine for i in range(-(steps**2), steps**2 + 1)}
        require(all(a * b in allowed for a in grid[steps:] for b in grid), f"a product is not on the grid of {fine}")
        threshold = (steps**2).bit_length() - 1  # log2 of M, exactly
        found = quantized_samples(1 / steps)
        require(found > threshold >= found - 1, f"quantized_samples(1/{steps}) is {found}, log2(M) = {threshold}")
    return "8 grids; smallest n above the threshold: 2 log2(1/delta) + 1"


@lemma(
    "Lemma 5, rejection", means="exact", shows="gap", scope="delta = 2^-j for 2 <= j <= 8", bounds=_THRESHOLD, cites=_CITES
)  # fmt: skip
def products_leave_gaps() -> str:
    """Found: products of two uniform weights of S_delta, delta <= 1/4, leave out more than a third of the numbers of S_(delta^2), among
    them every multiple of delta^2 by a prime above 1/delta. So no rejection of products makes them uniform on S_(delta^2), the law of
    Lemma 1. Rejection can make them uniform on S_delta, but then keeps a share below delta of the products, and the 2 log2(1/delta)
    samples kept are of the order log2(1/delta)/delta drawn, not log2(1/delta). How the paper's rejection step avoids this is not known
    here."""
    shares, kept = [], []
    for j in range(2, 9):
        steps = 2**j
        numbers = np.arange(-steps, steps + 1)
        counts = Counter(np.multiply.outer(numbers, numbers).ravel().tolist())
        missing = 2 * steps**2 + 1 - len(counts)
        primes = [p for p in range(steps + 1, steps**2) if counts[p] == 0 and sympy.isprime(p)]
        require(
            len(primes) == sympy.primepi(steps**2) - sympy.primepi(steps),
            f"delta = 1/{steps}: a large prime is a product",
        )
        require(3 * missing > 2 * steps**2 + 1, f"delta = 1/{steps}: only {missing} numbers are left out")
        # the largest share that rejection can keep with every value of S_delta equally likely
        rarest = min(counts[i * steps] for i in range(-steps, steps + 1))
        share = Fraction(rarest * len(numbers), len(numbers) ** 2)
        require(
            rarest > 0 and share < Fraction(1, steps), f"delta = 1/{steps}: {float(share)} of the products can be kept"
        )
        shares.append(missing / (2 * steps**2 + 1))
        kept.append(float(share))
    return f"{shares[0]:.2f} of S_(delta^2) missing at delta = 1/4, {shares[-1]:.2f} at 1/256, where {kept[-1]:.3f} can be kept"


claimed(
    "theorem_1",
    "Theorem 1",
    "A random network of depth 2l and width O(d log(1/delta)) with weights of precision delta contains, with probability at least "
    "1 - N_t O(log(1/delta)^(-1/7)), a ticket that is a given network of width d, depth l and N_t weights of precision delta_t >= delta^2.",
    why="the union over the weights rests on Lemma 4 for products after rejection; the paper's constants were not available",
    bounds=("quantized_width", "quantized_failure"),
    cites=_CITES,
)
claimed(
    "theorem_2",
    "Theorem 2",
    "Depth l + 1 suffices without rejection sampling, at a width larger by a further factor log(1/delta).",
    why="only the order of the width was read",
    bounds=("quantized_width_shallow",),
    cites=_CITES,
)


@lemma(
    "Theorem 3", means="exact", scope="networks x -> sum of w_i v_i x with h <= 3 hidden neurons, delta = 1 and 1/2, all weights",
    bounds=("quantized_lower",), cites=_CITES,
)  # fmt: skip
def counting_parameters() -> str:
    """Fewer functions than masks: if every d x d matrix over S_delta is a ticket with probability >= p, then p (2/delta + 1)^(d^2) <=
    E[number of tickets] <= E 2^(nonzero weights) <= 2^(parameters). Here for d = 1: from all weights, the least probability p over the
    targets, and quantized_lower at that p.

    A hidden neuron acts through the product of its two weights: h neurons have 2^h masks that differ, and the bound is at most h.
    """
    least_slack = math.inf
    for h, steps in ((1, 1), (2, 1), (3, 1), (1, 2), (2, 2)):
        numbers = range(-steps, steps + 1)
        products = [w * v for w in numbers for v in numbers]  # in units of delta^2
        hit: Counter[int] = Counter()
        tickets = masks = 0
        for chosen in product(products, repeat=h):
            found = {sum(choice) for choice in product(*((0, x) for x in chosen))}
            nonzero = sum(x != 0 for x in chosen)
            require(len(found) <= 2**nonzero, f"{chosen} has {len(found)} tickets of {2**nonzero} masks")
            tickets, masks = tickets + len(found), masks + 2**nonzero
            hit.update(target for target in found if target % steps == 0 and abs(target) <= steps * steps)
        draws = len(products) ** h
        p = min(Fraction(hit[steps * i], draws) for i in range(-steps, steps + 1))
        require(
            p * (2 * steps + 1) <= Fraction(tickets, draws) <= Fraction(masks, draws), f"h = {h}, delta = 1/{steps}"
        )
        if p > 0:
            bound = quantized_lower(1, 1 / steps, float(p))
            require(bound <= h, f"h = {h}, delta = 1/{steps}: {bound:.3f} bits > {h}")
            least_slack = min(least_slack, h - bound)
    return f"bits needed stay {least_slack:.3f} below the number of products, at the least"


@lemma(
    "2026, Theorem 3",
    means="symbolic",
    scope="all M >= 1, 0 <= Delta <= M; the functions at 266 points up to M = 2^40",
    bounds=("discrete_n",),
    cites=("slth", *_2026),
)
def samples_with_an_explicit_constant() -> str:
    """Let rho = (M + 1)/(Delta + 1). The explicit bound on the failure probability of n uniform samples (rss_failure_discrete) is at most
    8 rho^2 (3/4)^n; so C ln(rho) samples, C = 4/ln(4/3), leave some target of {-M, ..., M} without a sum within Delta with probability at
    most 8/rho^2. Hence the theorem, whose C is open; N weights of their own samples take 8 N/rho^2.

    The factor before (3/4)^n is at most 8 M^2 / ((Delta + 1)(Delta + 2)), from the step on whole numbers in da_cunha_2022.py.
    """
    M, Delta = sympy.symbols("M Delta", nonnegative=True)
    rho = (M + 1) / (Delta + 1)
    slack = sympy.factor(8 * rho**2 - 8 * M**2 / ((Delta + 1) * (Delta + 2)))
    claim = 8 * ((Delta + 2) * (2 * M + 1) + M**2) / ((Delta + 1) ** 2 * (Delta + 2))
    require(sympy.simplify(slack - claim) == 0, f"8 rho^2 exceeds the factor by {slack}")
    r = sympy.Symbol("r", positive=True)
    left = sympy.log(8 * r**2) + 4 * sympy.log(r) / sympy.log(sympy.Rational(4, 3)) * sympy.log(sympy.Rational(3, 4))
    require(sympy.simplify(sympy.expand_log(left - sympy.log(8 / r**2))) == 0, f"what is left is exp({left})")
    points, constant = 0, 4 / math.log(4 / 3)
    for big in 2.0 ** np.arange(41):
        for tolerance in sorted({0.0, *np.floor(big * np.array([0.001, 0.1, 0.5, 0.9])), big - 1, big}):
            n = discrete_n(1 / big, tolerance, constant)
            missed, stated = rss_failure_discrete(n, big, tolerance), 8 * ((tolerance + 1) / (big + 1)) ** 2
            require(
                missed <= stated, f"M = {big:.0f}, Delta = {tolerance:.0f}: {missed} after {n} samples, {stated} stated"
            )
            points += 1
    return f"8 rho^2 rho^-4; {points} points"


@lemma(
    "2026, Theorem 2", means="exact", scope="all samples of {-M, ..., M}^t, (t, M) = (6, 1), (12, 1), (6, 2), (12, 2), (10, 3), all Delta",
    bounds=("rss_failure_discrete", "rss_tail_discrete"), cites=_2026, control=0.25,
)  # fmt: skip
def exact_failures(factor: float = 1.0) -> str:
    """The probability that t uniform samples of {-M, ..., M} leave some target of {-M, ..., M} without a subset sum within Delta, from all
    samples, is at most rss_failure_discrete, and so at most rss_tail_discrete for the constants of da_cunha_2022.py. (The claim multiplies
    the bound.)

    Samples that differ in their order count together, with their multinomial coefficient.
    """
    rows = []
    for t, M in ((6, 1), (12, 1), (6, 2), (12, 2), (10, 3)):
        for Delta, failing in enumerate(_failing(t, M)):
            failures, bound = Fraction(failing, (2 * M + 1) ** t), rss_failure_discrete(t, M, Delta)
            require(failures <= Fraction(factor * bound), f"t = {t}, M = {M}, Delta = {Delta}: {failures} > {bound}")
            if Delta == 0:
                rows.append(f"({t}, {M}): {float(failures):.3f} <= {bound:.3f}")
    return ", ".join(rows)


def _failing(t: int, M: int) -> list[int]:
    """How many of the samples {-M, ..., M}^t leave a target of {-M, ..., M} without a subset sum within Delta, for Delta = 0, ..., M."""
    failing = [0] * (M + 1)
    for samples in combinations_with_replacement(range(-M, M + 1), t):
        orders = math.factorial(t)
        for repeated in Counter(samples).values():
            orders //= math.factorial(repeated)
        near = 1 << t * M  # bit s + t M: some subset has the sum s
        for x in samples:
            near |= near << x if x >= 0 else near >> -x
        for Delta in range(M + 1):
            targets = near >> (t - 1) * M & (1 << 2 * M + 1) - 1
            if targets == (1 << 2 * M + 1) - 1:
                break
            failing[Delta] += orders
            near |= near << 1 | near >> 1
    return failing
