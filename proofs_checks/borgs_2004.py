"""Subsets of prescribed size, after Borgs, Chayes, Mertens and Pittel: their number near a target, and when the sorted one is best."""

from __future__ import annotations

import math
from itertools import combinations, combinations_with_replacement

import numpy as np
import sympy
from scipy.special import ndtr

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.chance import probability_at_least
from slth.bounds.subset_sums.constrained_partition import npp_bias_c, npp_kappa_c_constrained
from slth.bounds.subset_sums.counting import count_subsets_exact, count_subsets_gauss, count_subsets_saddle


@lemma(
    "counting: moments of a random subset",
    means="symbolic",
    scope="all samples, all 0 <= k <= n, n >= 2; the function at one row of 12 samples, all sizes 3..9",
    bounds=("count_subsets_gauss",),
    cites=("natale2024sparsity",),
)
def finite_population() -> str:
    """A uniformly random k-subset of n given samples, of mean m and variance v, has a sum of mean k m and variance v k (n-k)/(n-1).

    The indicators of two places have the means k/n and the mean product k (k-1) / (n (n-1)); Q and L are the sums of squares and of
    samples.
    """
    n, k, Q, L = sympy.symbols("n k Q L", positive=True)
    same, different = k / n - (k / n) ** 2, k * (k - 1) / (n * (n - 1)) - (k / n) ** 2
    variance = same * Q + different * (L**2 - Q)
    left = sympy.simplify(variance - (Q / n - (L / n) ** 2) * k * (n - k) / (n - 1))
    require(left == 0, f"a difference of {left}")
    x = np.random.default_rng(12).uniform(-1, 1, 12)
    sizes = np.arange(3, 10)
    deviation = x.std() * np.sqrt(sizes * (12 - sizes) / 11)
    ends = [(0.3 + sign * 0.01 - sizes * x.mean()) / deviation for sign in (1, -1)]
    claim = [math.comb(12, k) * (ndtr(a) - ndtr(b)) for k, a, b in zip(sizes.tolist(), *ends, strict=True)]
    found = count_subsets_gauss(x, 0.3, 0.01).by_size[sizes]
    require(np.allclose(found, claim, rtol=1e-6), f"the function gives {found}, not {claim}")
    return "k(n-k)/n^2 Q - k(n-k)/(n^2(n-1)) (L^2 - Q) = v k (n-k)/(n-1)"


@lemma(
    "counting: the saddle point",
    means="symbolic",
    scope="all samples; the formula for one sample, of which Phi is a sum",
    bounds=("count_subsets_saddle",),
    cites=("slth", "borgs2004constrained"),
)
def saddle_equations() -> str:
    """If every sample x is kept independently with probability p = e^t/(1+e^t), t = xi + eta x, then the gradient of Phi = sum
    log(1+e^t) is the mean of (size, sum), its Hessian their covariance, and each subset of size k and sum z has the probability
    exp(xi k + eta z - Phi).
    """
    xi, eta, x = sympy.symbols("xi eta x", real=True)
    phi = sympy.log(1 + sympy.exp(xi + eta * x))
    p = sympy.exp(xi + eta * x) / (1 + sympy.exp(xi + eta * x))
    for name, found, claim in (
        ("size", sympy.diff(phi, xi), p),
        ("sum", sympy.diff(phi, eta), p * x),
        ("variance of the size", sympy.diff(phi, xi, 2), p * (1 - p)),
        ("covariance", sympy.diff(phi, xi, eta), p * (1 - p) * x),
        ("variance of the sum", sympy.diff(phi, eta, 2), p * (1 - p) * x**2),
        ("a sample that is kept", p, sympy.exp(xi + eta * x) * sympy.exp(-phi)),
        ("a sample that is not", 1 - p, sympy.exp(-phi)),
    ):
        left = sympy.simplify(found - claim)
        require(left == 0, f"{name}: a difference of {left}")
    return "gradient (sum p, sum p x), Hessian sum p (1-p) [[1, x], [x, x^2]]"


@lemma(
    "counting: the predictors against the count",
    means="statistical",
    scope="n = 18, U[-1, 1], k = 9, epsilon = 0.05, z within one standard deviation, 40 draws",
    bounds=("count_subsets_exact", "count_subsets_saddle", "count_subsets_gauss"),
    cites=("slth",),
    false_alarm=1e-9,
    control=1.25,
)
def counted(factor: float = 1.0) -> str:
    """With probability at least 0.9, the number of 9-subsets of 18 samples within 0.05 of a target in the bulk is within 15 percent of
    the saddle-point estimate and within 25 percent of the Gaussian one; the exact count is that of enumeration, each time.
    """
    rng = np.random.default_rng(18)
    n, k, trials = 18, 9, 40
    x = rng.uniform(-1, 1, (trials, n))
    targets = k * x.mean(axis=1) + x.std(axis=1) * math.sqrt(k * (n - k) / (n - 1)) * rng.uniform(-1, 1, trials)
    exact = count_subsets_exact(x, targets, 0.05).by_size[:, k].astype(np.float64)
    sums = x[:, list(combinations(range(n), k))].sum(axis=2)
    require(((np.abs(sums - targets[:, None]) <= 0.05).sum(axis=1) == exact).all(), "a count differs from enumeration")
    shares = []
    for function, within in ((count_subsets_saddle, 0.15), (count_subsets_gauss, 0.25)):
        estimates = factor * function(x, targets, 0.05).by_size[:, k]
        near = int((np.abs(exact / estimates - 1) <= within).sum())
        probability_at_least(0.9, near, trials, 5e-10, f"{function.__name__} within {within:.0%}")
        shares.append(f"{near / trials:.3f} within {within:.0%}")
    return f"saddle point {shares[0]}, Gaussian {shares[1]}"


@lemma(
    "sorted phase: when the smallest numbers are the best choice",
    means="exact",
    scope="all multisets of n <= 7 integers of 1..6, all k",
    bounds=("npp_bias_c",),
    cites=("borgs2004constrained",),
)
def sorted_choice() -> str:
    """If the k smallest of n numbers weigh at least half of all, then of all k-subsets they have the least discrepancy: every other
    weighs as much or more.
    """
    sorted_cases, cases = 0, 0
    for n in range(1, 8):
        for numbers in combinations_with_replacement(range(1, 7), n):
            total = sum(numbers)
            for k in range(1, n + 1):
                cases += 1
                smallest = sum(numbers[:k])
                if 2 * smallest < total:
                    continue
                sorted_cases += 1
                least = min(abs(2 * sum(chosen) - total) for chosen in combinations(numbers, k))
                require(least == 2 * smallest - total, f"{numbers} with k = {k}: {least}")
    return f"{sorted_cases:,} of {cases:,} cases are sorted, and optimal"


@lemma(
    "sorted phase: its boundary",
    means="symbolic",
    scope="the law of large numbers: n and M to infinity, all biases",
    bounds=("npp_bias_c",),
    cites=("borgs2004constrained",),
)
def sorted_boundary() -> str:
    """Of n integers drawn uniformly from {1, ..., M}, the p n smallest weigh the share p^2 of all in the limit of large n and M. With
    p = (1 + b)/2 this is 1/2 at b = sqrt(2) - 1, more above and less below.
    """
    p, u = sympy.symbols("p u", positive=True)
    share = sympy.integrate(u, (u, 0, p)) / sympy.integrate(u, (u, 0, 1))
    roots = [root for root in sympy.solve(share - sympy.Rational(1, 2), p) if root > 0]
    require(len(roots) == 1, f"roots {roots}")
    critical = sympy.simplify(2 * roots[0] - 1)
    require(critical == sympy.sqrt(2) - 1, f"b_c = {critical}")
    require(abs(npp_bias_c() - float(critical)) < 1e-15, f"the function says {npp_bias_c()}")
    return f"share {share}, 1/2 at b = {critical} = {npp_bias_c():.6f}"


@lemma(
    "sorted phase: both sides of its boundary",
    means="statistical",
    scope="n = 2,000, M = 10^6, b_c - 0.05 and b_c + 0.05, 400 draws",
    bounds=("npp_bias_c",),
    cites=("borgs2004constrained",),
    false_alarm=1e-9,
    control=0.5,
)
def sorted_sides(critical: float = npp_bias_c()) -> str:
    """With probability at least 0.95, the (1 + b) n / 2 smallest of n = 2,000 integers drawn uniformly from {1, ..., 10^6} outweigh the
    rest at b = sqrt(2) - 1 + 0.05, and do not at b = sqrt(2) - 1 - 0.05.
    """
    rng = np.random.default_rng(2004)
    n, trials = 2000, 400
    x = np.sort(rng.integers(1, 10**6 + 1, (trials, n)), axis=1)
    outweigh = []
    for bias in (critical - 0.05, critical + 0.05):
        k = round((1 + bias) * n / 2)
        outweigh.append(int((2 * x[:, :k].sum(axis=1) >= x.sum(axis=1)).sum()))
    probability_at_least(0.95, trials - outweigh[0], trials, 5e-10, "below")
    probability_at_least(0.95, outweigh[1], trials, 5e-10, "above")
    return f"outweighed in {outweigh[0]} and {outweigh[1]} of {trials} draws"


@lemma(
    "critical number of bits at a bias: the saddle point",
    means="symbolic",
    scope="all 0 < b < sqrt(2) - 1",
    bounds=("npp_kappa_c_constrained",),
    cites=("slth", "borgs2004constrained"),
)
def rate_equations() -> str:
    """kappa_c(b) log 2 is the minimum over xi and t of the integral of log(1+e^(xi-tx)) over [0, 1], less xi g - t/4, where g = (1+b)/2.
    Its derivative in xi vanishes where e^xi = (e^(tg) - 1) / (1 - e^(-t(1-g))). At b = 0 it is log 2, at xi = t = 0; towards
    b = sqrt(2) - 1, where t grows, it tends to 0 like 2 sqrt(pi^2 d/6), d = 1/4 - g^2/2.

    A mean of log(1+e^y) over linear y, plus a linear function, is convex in (xi, t): where both derivatives vanish it is least.
    The integral is (L(xi) - L(xi - t)) / t, L(u) the integral of log(1+e^v) over v <= u. For large t both ends are steep: by the inversion
    L(u) = u^2/2 + pi^2/6 - L(-u), and with xi = tg, the objective is t d + pi^2/(6t) up to exponentially small terms.
    """
    xi, t, g, x, b, u, d = sympy.symbols("xi t g x b u d", positive=True)
    antiderivative = -sympy.log(1 + sympy.exp(xi - t * x)) / t
    inside = sympy.diff(antiderivative, x) - 1 / (1 + sympy.exp(t * x - xi))
    require(sympy.simplify(inside) == 0, f"the antiderivative of the kept share: {inside}")
    # the size is its increase over [0, 1]; it is g if (1 + e^xi) / (1 + e^(xi - t)) = e^(t g)
    best = (sympy.exp(t * g) - 1) / (1 - sympy.exp(-t * (1 - g)))
    left = sympy.simplify((1 + best) - sympy.exp(t * g) * (1 + best * sympy.exp(-t)))
    require(left == 0, f"the equation of the size leaves {left}")
    # b = 0: every integer is kept with probability 1/2, which has half the size and half of the weight 1/2
    half = sympy.Rational(1, 2)
    require(sympy.integrate(half, (x, 0, 1)) == half, "the size at xi = t = 0")
    require(sympy.integrate(x * half, (x, 0, 1)) == half * half, "the weight at xi = t = 0")
    # L(u), the integral of log(1 + e^v) over v <= u, is u^2/2 + pi^2/6 - L(-u): equal slopes, and 2 L(0) = pi^2/6
    slope = sympy.log(1 + sympy.exp(-u)) + u - sympy.log(1 + sympy.exp(u))
    require(sympy.simplify(sympy.exp(slope)) == 1, "the slopes of the inversion")
    require(-2 * sympy.polylog(2, -1).expand(func=True) == sympy.pi**2 / 6, "L(0)")
    steep = ((t * g) ** 2 / 2 + sympy.pi**2 / 6) / t - t * g * g + t / 4
    objective = t * d + sympy.pi**2 / (6 * t)
    require(sympy.simplify(steep - objective.subs(d, sympy.Rational(1, 4) - g * g / 2)) == 0, "the steep objective")
    at = sympy.pi / sympy.sqrt(6 * d)
    require(sympy.simplify(sympy.diff(objective, t).subs(t, at)) == 0, "the least t")
    require(sympy.simplify(objective.subs(t, at) - 2 * sympy.sqrt(sympy.pi**2 * d / 6)) == 0, "the least value")
    roots = [r for r in sympy.solve(sympy.Rational(1, 4) - ((1 + b) / 2) ** 2 / 2, b) if r > 0]
    require(roots == [sympy.sqrt(2) - 1], f"d vanishes at {roots}")
    near = npp_bias_c() - 1e-6
    share = npp_kappa_c_constrained(near) * math.log(2) / (2 * math.sqrt(math.pi**2 * (0.25 - (1 + near) ** 2 / 8) / 6))
    require(npp_kappa_c_constrained(0) == 1 and abs(share - 1) < 1e-6, f"the function near b_c: {share}")
    return "kappa_c(0) = 1, kappa_c(sqrt(2) - 1) = 0, and 2 sqrt(pi^2 d/6) log2(e) just below"


@lemma(
    "critical number of bits at a bias: counted",
    means="exact",
    scope="the integers 1..n for n = 40, 60, 80, all k from n/2 to 0.7 n",
    bounds=("npp_kappa_c_constrained",),
    cites=("slth", "borgs2004constrained"),
    control=1.02,
)
def rate_by_counting(factor: float = 1.0) -> str:
    """The number N of k-subsets of {1, ..., n} whose sum is exactly half of the total has log2 N = n kappa_c(b) - 2 log2 n + c with c
    between 1 and 2.6, where b = 2k/n - 1.
    """
    ends = []
    for n in (40, 60, 80):
        half, most = n * (n + 1) // 4, round(0.7 * n)
        counts = np.zeros((most + 1, half + 1), object)
        counts[0, 0] = 1
        for i in range(1, n + 1):
            counts[1:, i:] += counts[:-1, : half + 1 - i].copy()
        for k in range(n // 2, most + 1):
            kappa = factor * npp_kappa_c_constrained(2 * k / n - 1)
            ends.append(math.log2(counts[k, half]) - n * kappa + 2 * math.log2(n))
            require(1 <= ends[-1] <= 2.6, f"c = {ends[-1]:.3f} at n = {n}, k = {k}")
    return f"{len(ends)} counts, c between {min(ends):.3f} and {max(ends):.3f}"


claimed(
    "three_phases",
    "Theorem: the phase diagram",
    "For biases below sqrt(2) - 1 and kappa = log2(M)/n below its critical value there are exponentially many perfect partitions; "
    "above it the least discrepancy is M exp(-Theta(n)); for biases above sqrt(2) - 1 the sorted partition is the only optimum.",
    why="a limit of n, proved by the paper but for a small region between the first two phases",
    bounds=("npp_bias_c", "npp_kappa_c_constrained"),
    cites=("borgs2004constrained",),
)
