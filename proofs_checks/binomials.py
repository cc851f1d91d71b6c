"""Binomial coefficients: Robbins' form of Stirling's formula, the entropy bounds that follow, and the identities that the proofs quote.

The remainder r_n is defined by n! = sqrt(2 pi n) (n/e)^n e^(r_n).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import sympy
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs_checks.lemma import lemma, require
from proofs_checks.tools.balls import precision
from slth.bounds.subset_sums.binomials import (
    binary_entropy,
    binom_entropy_bounds,
    log2_binom,
    log2_binom_sum,
    log2_subnetworks,
)

_ROBBINS = ("robbins1955stirling",)
_FACTORIALS = ("log2_binom", "binom_entropy_bounds", "log2_subnetworks")


def _positive(expression: Any, least: dict[Any, int], what: str) -> None:
    """Refuted unless a rational function is > 0 for all symbols >= their least values: only positive coefficients when moved there."""
    moved = sympy.together(expression.subs({symbol: symbol + low for symbol, low in least.items()}, simultaneous=True))
    numerator, denominator = (sympy.Poly(sympy.expand(part), *least) for part in sympy.fraction(moved))
    coefficients = [*numerator.coeffs(), *denominator.coeffs()]
    same_sign = all(c > 0 for c in coefficients) or all(c < 0 for c in coefficients)
    constant = numerator.eval(dict.fromkeys(least, 0)) != 0
    require(same_sign and constant, f"{what}: the slack {sympy.factor(expression)} is not visibly positive")


def _zero(expression: Any, what: str) -> None:
    left = sympy.simplify(expression)
    require(left == 0, f"{what}: a difference of {left} is left")


@lemma(
    "Robbins 1955, inequality (1): the differences",
    means="symbolic",
    scope="all n >= 1",
    bounds=_FACTORIALS,
    cites=_ROBBINS,
    control=0,
)
def robbins_differences(shift: int = 1) -> str:
    """Let r_n be the logarithm of n! / (sqrt(2 pi n) (n/e)^n). For every n >= 1: 1/(12n+1) - 1/(12(n+1)+1) < r_n - r_(n+1) < 1/(12n) -
    1/(12(n+1)).

    With x = 1/(2n+1), r_n - r_(n+1) = (n + 1/2) log(1 + 1/n) - 1 = artanh(x)/x - 1 = sum over j >= 1 of x^(2j)/(2j+1). By 3 <= 2j + 1
    <= 3^j, with equality for j = 1 only, the sum lies between two geometric series.
    """
    n, j = sympy.symbols("n j", positive=True)
    x = sympy.Symbol("x", positive=True)
    at_n = 1 / (2 * n + 1)
    _zero(((1 + x) / (1 - x)).subs(x, at_n) - (1 + 1 / n), "the argument of the logarithm")
    _zero(1 / (2 * at_n) - (n + sympy.Rational(1, 2)), "the factor of the logarithm")

    def stirling(y: Any) -> Any:
        return sympy.log(2 * sympy.pi * y) / 2 + y * sympy.log(y) - y

    # log n! - log (n+1)! is -log(n+1)
    step = -sympy.log(n + 1) - stirling(n) + stirling(n + 1)
    series = (n + sympy.Rational(1, 2)) * (sympy.log(n + 1) - sympy.log(n)) - 1
    _zero(sympy.expand(sympy.expand_log(step - series, force=True)), "r_n - r_(n+1) = (n + 1/2) log(1 + 1/n) - 1")
    # artanh and its series: equal at 0, and derivatives equal by the geometric series
    _zero(sympy.diff(sympy.log((1 + x) / (1 - x)) / 2, x) - 1 / (1 - x**2), "the derivative of artanh")
    _zero(sympy.diff(x ** (2 * j + 1) / (2 * j + 1), x) - x ** (2 * j), "the derivative of a term")
    above = sympy.simplify((x**2 / (3 * (1 - x**2))).subs(x, at_n))
    _zero(above - (1 / (12 * n) - 1 / (12 * (n + 1))), "the upper series")
    below = sympy.simplify(((x**2 / 3) / (1 - x**2 / 3)).subs(x, at_n))
    claimed = 1 / (12 * n + shift) - 1 / (12 * (n + 1) + shift)
    _positive(below - claimed, {n: 1}, "the lower series")
    # 3^j >= 2j + 1: true for j = 1, and 3^(j+1) - (2 (j+1) + 1) >= 3 (2j + 1) - (2j + 3) = 4j
    _zero(3 * (2 * j + 1) - (2 * (j + 1) + 1) - 4 * j, "the induction for 3^j >= 2j + 1")
    return f"upper series = 1/(12n) - 1/(12(n+1)); lower series - claim = {sympy.factor(below - claimed)}"


@lemma("Stirling's constant (Wallis)", means="symbolic", scope="all n >= 1", bounds=_FACTORIALS, cites=_ROBBINS)
def stirling_constant() -> str:
    """For every n >= 1: 4^n / sqrt(pi (n + 1/2)) <= C(2n, n) <= 4^n / sqrt(pi n). Hence r_n, the logarithm of n! / (sqrt(2 pi n) (n/e)^n),
    tends to 0, and with its differences 1/(12n+1) < r_n < 1/(12n).

    I_m, the integral of sin^m over [0, pi/2], decreases in m and has m I_m I_(m-1) = pi/2. As I_(2n) = (pi/2) C(2n, n) / 4^n, its
    square lies between I_(2n) I_(2n+1) and I_(2n) I_(2n-1). The r_n converge, by their differences, and r_(2n) - 2 r_n -> 0 leaves 0
    as their limit.
    """
    x = sympy.Symbol("x")
    m, n = sympy.symbols("m n", positive=True, integer=True)
    parts = sympy.diff(sympy.cos(x) * sympy.sin(x) ** (m - 1), x) / sympy.sin(x) ** (m - 2)
    parts = sympy.powsimp(sympy.expand(parts)).subs(sympy.cos(x) ** 2, 1 - sympy.sin(x) ** 2)
    _zero(parts - ((m - 1) - m * sympy.sin(x) ** 2), "integration by parts: m I_m = (m-1) I_(m-2)")
    first = sympy.integrate(sympy.sin(x), (x, 0, sympy.pi / 2)) * sympy.pi / 2
    _zero(first - sympy.pi / 2, "1 I_1 I_0")
    # I_(2n) = (2n-1)/(2n) I_(2n-2), as C(2n, n) / 4^n does
    ratio = (sympy.binomial(2 * n, n) / 4**n) / (sympy.binomial(2 * n - 2, n - 1) / 4 ** (n - 1))
    _zero(sympy.combsimp(ratio) - (2 * n - 1) / (2 * n), "the recursion of C(2n, n) / 4^n")
    # (2/pi)^2 times pi / (2 (2n+1)) and pi / (4n)
    _zero((2 / sympy.pi) ** 2 * sympy.pi / (2 * (2 * n + 1)) - 1 / (sympy.pi * (n + sympy.Rational(1, 2))), "lower end")
    _zero((2 / sympy.pi) ** 2 * sympy.pi / (4 * n) - 1 / (sympy.pi * n), "upper end")

    def stirling(y: Any) -> Any:
        return sympy.log(2 * sympy.pi * y) / 2 + y * sympy.log(y) - y

    main = sympy.expand_log(stirling(2 * n) - 2 * stirling(n))
    _zero(main - sympy.expand_log(n * sympy.log(4) - sympy.log(sympy.pi * n) / 2), "C(2n, n) by Stirling's formula")
    return (
        "log C(2n, n) = n log 4 - log(pi n)/2 + r_(2n) - 2 r_n, with C(2n, n) sqrt(pi n) / 4^n in [sqrt(n/(n+1/2)), 1]"
    )


@lemma(
    "entropy bounds of the binomial",
    means="rigorous",
    scope="all n >= 2, 1 <= k <= n - 1",
    bounds=("binom_entropy_bounds",),
    cites=("natale2024sparsity", "robbins1955stirling"),
    control=Fraction(79, 10),
)
def entropy_bounds(factor: Fraction = Fraction(8)) -> str:
    """For all whole 1 <= k <= n - 1: sqrt(n/(8k(n-k))) 2^(n H2(k/n)) <= C(n, k) <= sqrt(n/(2 pi k(n-k))) 2^(n H2(k/n)), with equality
    on the left at n = 2, k = 1.

    By Stirling's formula, C(n, k) is the right side times exp(r_n - r_k - r_m), m = n - k. Robbins' bounds make the exponent at most
    1/(12n) - 1/(12k+1) - 1/(12m+1) < 0, and at least g(k, m) = 1/(12n+1) - 1/(12k) - 1/(12m), which increases in k and in m. So away
    from k = m = 1 it is at least g(1, 2), and exp(g(1, 2)) exceeds sqrt(2 pi/8); k = m = 1 is C(2, 1) = 2 itself.
    """
    k, m = sympy.symbols("k m", positive=True)
    n = k + m

    def stirling(y: Any) -> Any:
        return sympy.log(2 * sympy.pi * y) / 2 + y * sympy.log(y) - y

    entropy = -n * (k / n * sympy.log(k / n) + m / n * sympy.log(m / n))
    right = sympy.log(n / (2 * sympy.pi * k * m)) / 2 + entropy
    difference = sympy.expand_log(stirling(n) - stirling(k) - stirling(m) - right, force=True)
    _zero(sympy.expand(difference), "Stirling's formula for the three factorials")
    _positive(1 / (12 * k + 1) + 1 / (12 * m + 1) - 1 / (12 * n), {k: 1, m: 1}, "the upper exponent is negative")
    lower = 1 / (12 * n + 1) - 1 / (12 * k) - 1 / (12 * m)
    _positive(sympy.diff(lower, k), {k: 1, m: 1}, "the lower exponent increases in k")
    _zero(lower.subs({k: m, m: k}, simultaneous=True) - lower, "its symmetry")
    at_one_two = lower.subs({k: 1, m: 2})
    with precision(128):
        share = (arb(int(at_one_two.p)) / int(at_one_two.q)).exp()
        needed = (2 * arb.pi() / (arb(factor.numerator) / factor.denominator)).sqrt()
        require(share > needed, f"exp(g(1, 2)) = {share} against sqrt(2 pi/{factor}) = {needed}")
        evidence = f"exp(g(1, 2)) = {float(share):.4f} > sqrt(2 pi/8) = {float(needed):.4f}"
    # the square of C(2, 1) against that of its lower bound, 2 / (factor 1 1) 2^4
    require(32 / factor <= 4, f"n = 2, k = 1: 4 < {32 / factor}, squared")
    return f"{evidence}; C(2, 1) = 2 = sqrt(2/8) 2^2"


@lemma(
    "entropy bounds of the binomial: the function",
    means="exact",
    scope="all 1 <= k < n <= 256, against integers; floating-point error below 1e-12",
    bounds=("binom_entropy_bounds", "log2_binom"),
    cites=("natale2024sparsity",),
)
def entropy_bounds_by_integers() -> str:
    """For all 1 <= k < n <= 256 the two numbers that binom_entropy_bounds returns enclose log2 of the integer C(n, k), which
    log2_binom returns.
    """
    pairs = [(n, k) for n in range(2, 257) for k in range(1, n)]
    ns, ks = ([pair[i] for pair in pairs] for i in (0, 1))
    bounds, values = binom_entropy_bounds(ns, ks), log2_binom(ns, ks)
    slack_below, slack_above, worst = math.inf, math.inf, 0.0
    with precision(96):
        for (n, k), lower, upper, value in zip(pairs, bounds.log2_lower, bounds.log2_upper, values, strict=True):
            exact = arb(math.comb(n, k)).log() / arb(2).log()
            worst = max(worst, abs(float(exact - arb(float(value)))))
            slack_below = min(slack_below, float(exact - arb(float(lower))))
            slack_above = min(slack_above, float(arb(float(upper)) - exact))
    require(worst < 1e-12, f"log2_binom is {worst:.1e} off")
    require(slack_below > -1e-12, f"the lower bound is {-slack_below:.2e} bits too high")
    require(slack_above > 0, f"the upper bound is {-slack_above:.2e} bits too low")
    return f"{len(pairs):,} pairs; least slack {max(round(slack_below, 9), 0.0):.0f} bits below (at n = 2), {slack_above:.6f} above"


@lemma(
    "logarithm of a binomial: the function",
    means="search",
    scope="n to 2^53, any k; 400 derandomised examples against enclosures by 256-bit log-Gamma",
    bounds=("log2_binom", "log2_subnetworks"),
    cites=_ROBBINS,
)
def log_binomial_by_balls() -> str:
    """log2_binom(n, k) is within 1e-14 + 1e-15 log2 C(n, k) of log2 C(n, k) for all whole 0 <= k <= n < 2^53."""
    seen = 0

    @settings(derandomize=True, database=None, deadline=None, max_examples=400)
    @given(st.integers(1, 53), st.data())
    def agrees(bits: int, data: Any) -> None:
        nonlocal seen
        n = data.draw(st.integers(2 ** (bits - 1), 2**bits - 1))
        k = data.draw(st.integers(0, n) | st.integers(0, min(n, 40)) | st.integers(n - min(n, 40), n))
        seen += 1
        with precision(256):
            parts = (arb(n + 1).lgamma() - arb(k + 1).lgamma() - arb(n - k + 1).lgamma()) / arb(2).log()
            error = abs(float(arb(float(log2_binom(n, k))) - parts))
            allowed = 1e-14 + 1e-15 * abs(float(parts))
        require(error <= allowed, f"log2_binom({n}, {k}) is {error:.2e} off, {allowed:.2e} allowed")

    agrees()
    return f"{seen} examples, none worse than 1e-14 + 1e-15 of the value"


@lemma(
    "sums of binomials",
    means="symbolic",
    scope="all 1 <= k <= n",
    bounds=("log2_binom_sum",),
    cites=("natale2024sparsity",),
)
def binomial_sum() -> str:
    """For whole 1 <= k <= n: (n/k)^k <= C(n, k) <= C(n, 0) + ... + C(n, k) <= (e n/k)^k; and if k <= n/2, the sum is at most 2^(n
    H2(k/n)).

    Left: C(n, k) is the product over i < k of (n-i)/(k-i), each factor at least n/k. Right: as n/k >= 1, C(n, i) <= C(n, i)
    (n/k)^(k-i); the sum of these over all i is (n/k)^k (1 + k/n)^n, and log(1 + y) <= y. Entropy: with p = k/n <= 1/2, p^i
    (1-p)^(n-i) >= p^k (1-p)^(n-k) for i <= k, so that the sum times 2^(-n H2(p)) is at most (p + 1 - p)^n = 1.
    """
    n, k, i, y = sympy.symbols("n k i y", positive=True)
    _zero((n - i) / (k - i) - n / k - i * (n - k) / (k * (k - i)), "a factor of the product: slack i (n-k) / (k (k-i))")
    slope = sympy.simplify(sympy.diff(y - sympy.log(1 + y), y))
    _zero(slope - y / (1 + y), "the slope of y - log(1 + y)")
    p = sympy.Symbol("p", positive=True)
    # p^i (1-p)^(n-i) over p^k (1-p)^(n-k) is ((1-p)/p)^(k-i)
    quotient = (i - k) * sympy.log(p) + (k - i) * sympy.log(1 - p) - (k - i) * (sympy.log(1 - p) - sympy.log(p))
    _zero(sympy.expand(quotient), "the entropy step")
    return "slacks: i (n-k)/(k (k-i)); y - log(1+y), of slope y/(1+y); ((1-p)/p)^(k-i) >= 1"


@lemma(
    "sums of binomials: the function",
    means="exact",
    scope="all 0 <= k <= n <= 120, against integers",
    bounds=("log2_binom_sum", "binary_entropy"),
    cites=("natale2024sparsity",),
)
def binomial_sum_by_integers() -> str:
    """For all 0 <= k <= n <= 120 the numbers of log2_binom_sum enclose log2 of C(n, k) and of C(n, 0) + ... + C(n, k); for k <= n/2
    the latter is at most n H2(k/n), H2 by binary_entropy.
    """
    least = math.inf
    for n in range(1, 121):
        ks = list(range(n + 1))
        bounds = log2_binom_sum(n, ks)
        entropies = n * binary_entropy([k / n for k in ks])
        together = 0
        for k, lower, upper, entropy in zip(ks, bounds.log2_lower, bounds.log2_upper, entropies, strict=True):
            together += math.comb(n, k)
            require(lower <= math.log2(math.comb(n, k)) + 1e-12, f"(n/k)^k > C(n, k) at n = {n}, k = {k}")
            require(math.log2(together) <= upper + 1e-12, f"the sum exceeds (en/k)^k at n = {n}, k = {k}")
            if 2 * k <= n:
                require(math.log2(together) <= entropy + 1e-12, f"the sum exceeds 2^(n H2) at n = {n}, k = {k}")
            if k:
                least = min(least, upper - math.log2(together))
    return f"7,380 pairs; least slack of the upper bound {least:.6f} bits"


@lemma(
    "entropy: monotone in n and k",
    means="symbolic",
    scope="all real 0 < k < n",
    bounds=("binary_entropy", "rfss_n"),
    cites=("natale2024sparsity",),
)
def entropy_monotone() -> str:
    """n H2(k/n) increases in n for fixed k, without bound, with derivative log2(n/(n-k)) > 0; it increases in k up to n/2, with
    derivative log2((n-k)/k). So the smallest n with n H2(k/n) >= c is found by bisection.
    """
    n, k = sympy.symbols("n k", positive=True)
    rest = sympy.Symbol("m", positive=True)  # n - k
    bits = sympy.log(2)
    entropy = (n * sympy.log(n) - k * sympy.log(k) - (n - k) * sympy.log(n - k)) / bits
    definition = -(k / (k + rest) * sympy.log(k / (k + rest)) + rest / (k + rest) * sympy.log(rest / (k + rest)))
    form = sympy.expand_log((k + rest) * definition / bits - entropy.subs(n, k + rest), force=True)
    _zero(sympy.expand(form), "n H2(k/n) = n log n - k log k - (n-k) log(n-k), in bits")
    _zero(sympy.diff(entropy, n) - (sympy.log(n) - sympy.log(n - k)) / bits, "the derivative in n")
    _zero(sympy.diff(entropy, k) - (sympy.log(n - k) - sympy.log(k)) / bits, "the derivative in k")
    # without bound: both terms of k log2(n/k) + (n-k) log2(n/(n-k)) are positive
    terms = (k * sympy.log((k + rest) / k) + rest * sympy.log((k + rest) / rest)) / bits
    _zero(sympy.expand(sympy.expand_log(terms, force=True) - entropy.subs(n, k + rest)), "its two terms")
    return "d/dn = log2(n/(n-k)) > 0, d/dk = log2((n-k)/k) >= 0 for k <= n/2; n H2(k/n) >= k log2(n/k)"


@lemma(
    "entropy: from both sides",
    means="symbolic",
    scope="all 0 < p <= 1/2 (the second line: all 0 < p < 1)",
    bounds=("binary_entropy",),
    cites=("natale2024sparsity", "pensia2020optimal"),
)
def entropy_inequalities() -> str:
    """For 0 < p <= 1/2: H2(p) >= 4 p (1-p) >= 2 p. For 0 < p < 1: p log2(1/p) <= H2(p) <= p log2(e/p).

    f = H2 - 4 p (1-p) has f(0) = f(1/2) = f'(1/2) = 0, and f'' = 8 - 1/(log(2) p (1-p)) increases on (0, 1/2] from -oo to a positive
    number. Where f'' >= 0, f lies above its tangent at 1/2, which is 0; before that it is concave, between 0 and a number >= 0. The
    second line: H2(p) - p log2(1/p) = -(1-p) log2(1-p) >= 0, and p + (1-p) log(1-p) vanishes at 0 and has the slope -log(1-p) > 0.
    """
    p = sympy.Symbol("p", positive=True)
    half = sympy.Rational(1, 2)
    entropy = -(p * sympy.log(p) + (1 - p) * sympy.log(1 - p)) / sympy.log(2)
    f = entropy - 4 * p * (1 - p)
    _zero(sympy.limit(f, p, 0), "f(0)")
    _zero(f.subs(p, half), "f(1/2)")
    _zero(sympy.diff(f, p).subs(p, half), "f'(1/2)")
    bend = sympy.diff(f, p, 2)
    _zero(bend - (8 - 1 / (sympy.log(2) * p * (1 - p))), "f''")
    at_half = bend.subs(p, half)
    require(at_half > 0, f"f''(1/2) = {at_half}")
    _zero(sympy.diff(p * (1 - p), p) - (1 - 2 * p), "p (1-p) increases to 1/2")
    _zero(4 * p * (1 - p) - 2 * p - 2 * p * (1 - 2 * p), "4 p (1-p) - 2 p")
    gap = p + (1 - p) * sympy.log(1 - p)
    _zero(gap.subs(p, 0), "the gap of the upper bound at 0")
    _zero(sympy.diff(gap, p) + sympy.log(1 - p), "its slope")
    upper = p * (1 - sympy.log(p)) / sympy.log(2)
    _zero(sympy.expand(upper - entropy - gap / sympy.log(2)), "the gap of the upper bound")
    return f"f''(1/2) = 8 - 4/log(2) = {float(at_half):.4f} > 0; slack of the upper bound: (p + (1-p) log(1-p)) / log 2"


@lemma(
    "number of subnetworks of a density",
    means="symbolic",
    scope="all m >= 2 and whole 1 <= density * m <= m - 1; the function for m to 400",
    bounds=("log2_subnetworks",),
    cites=("slth", "robbins1955stirling"),
)
def subnetworks() -> str:
    """For k = density * m whole, 1 <= k <= m - 1: log2 C(m, k) = m H2(density) - (1/2) log2(2 pi m density (1-density)) - e, with 0 <
    e < (1/k + 1/(m-k)) log2(e)/12.

    The difference is r_k + r_(m-k) - r_m in nats, and Robbins' bounds enclose it.
    """
    k, m = sympy.symbols("k m", positive=True)  # m: the other m - k
    n = k + m
    _positive(1 / (12 * k + 1) + 1 / (12 * m + 1) - 1 / (12 * n), {k: 1, m: 1}, "the remainder is negative")
    _positive(1 / (12 * n + 1), {k: 1, m: 1}, "and above -(1/k + 1/(m-k))/12")
    density = k / n
    spread = sympy.simplify(n * density * (1 - density) - k * m / n)
    _zero(spread, "m density (1-density) = k (m-k)/m")
    largest = 0.0
    for size in range(2, 401):
        kept = range(1, size)
        shares = [count / size for count in kept]
        values, entropies = log2_subnetworks(size, shares), size * binary_entropy(shares)
        for count, share, value, entropy in zip(kept, shares, values, entropies, strict=True):
            missing = entropy - 0.5 * math.log2(2 * math.pi * size * share * (1 - share)) - value
            allowed = (1 / count + 1 / (size - count)) / 12 * math.log2(math.e)
            require(-1e-12 < missing < allowed + 1e-12, f"e = {missing} at m = {size}, k = {count}")
            largest = max(largest, missing / allowed)
    return f"0 < e; over m <= 400 the function's e is at most {largest:.4f} of the bound"


@lemma(
    "Vandermonde's identity and the overlap of two random subsets",
    means="exact",
    scope="all 0 <= k <= n <= 40 (the recursions behind them: all n, k)",
    bounds=("log2_binom", "rfss_moment_ratio", "rfss_c_thm"),
    cites=("natale2024sparsity",),
)
def hypergeometric() -> str:
    """The overlap I of two independent uniform k-subsets of n things has P(I = i) = C(k, i) C(n-k, k-i) / C(n, k); these sum to 1, E
    I = k^2/n and, for n >= 2, Var I = k^2 (n-k)^2 / (n^2 (n-1)).

    The sum is Vandermonde's; the moments follow from it by i C(k, i) = k C(k-1, i-1).
    """
    k, i = sympy.symbols("k i", positive=True, integer=True)
    absorbed = sympy.gammasimp((i * sympy.binomial(k, i) / (k * sympy.binomial(k - 1, i - 1))).rewrite(sympy.gamma))
    _zero(absorbed - 1, "absorption")
    pairs = 0
    for n in range(1, 41):
        for size in range(n + 1):
            weights = [math.comb(size, j) * math.comb(n - size, size - j) for j in range(size + 1)]
            whole = math.comb(n, size)
            require(sum(weights) == whole, f"the sum over i is not C({n}, {size})")
            mean = Fraction(sum(j * w for j, w in enumerate(weights)), whole)
            variance = Fraction(sum(j * j * w for j, w in enumerate(weights)), whole) - mean**2
            require(mean == Fraction(size * size, n), f"E I = {mean} at n = {n}, k = {size}")
            if n >= 2:
                expected = Fraction(size**2 * (n - size) ** 2, n**2 * (n - 1))
                require(variance == expected, f"Var I = {variance} at n = {n}, k = {size}")
            pairs += 1
    return f"{pairs} pairs, in fractions: sum 1, mean k^2/n, variance k^2 (n-k)^2/(n^2 (n-1))"
