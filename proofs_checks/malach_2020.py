"""Malach, Yehudai, Shalev-Shwartz, Shamir, "Proving the lottery ticket hypothesis: pruning is all you need" (ICML 2020).

Every weight of the target is found by itself: among random neurons x -> v relu(u x) there is one with u near the weight and v near 1.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_most
from slth.bounds.networks.one_by_one import malach_samples, single_product_prob, single_product_samples

_SEARCH = ("malach_samples",)
_SINGLE = ("single_product_prob", "single_product_samples")
_CITES = ("malach2020proving",)


@lemma("gadget", means="symbolic", scope="all real u > 0, u' < 0, v, v', x", bounds=_SEARCH + _SINGLE, cites=_CITES)
def gadget() -> str:
    """Two hidden neurons, u > 0 with output weight v and u' < 0 with output weight v', compute u v relu(x) + abs(u') v' relu(-x): each
    serves one sign of x, so that w x = w relu(x) - w relu(-x) takes u v = w and abs(u') v' = -w.
    """
    u, s, v, v2 = sympy.symbols("u s v v2", positive=True)  # u' = -s
    for x in (sympy.Symbol("x", positive=True), sympy.Symbol("x", negative=True), sympy.Integer(0)):
        gap = (
            v * sympy.Max(u * x, 0) + v2 * sympy.Max(-s * x, 0) - (u * v * sympy.Max(x, 0) + s * v2 * sympy.Max(-x, 0))
        )
        require(sympy.simplify(gap) == 0, f"the two sides differ by {gap}")
    return "equal for x > 0, x < 0 and x = 0"


@lemma(
    "probability of one search",
    means="symbolic",
    scope="all w in [0, 1] and e in (0, 1]; w < 0 by symmetry of v",
    bounds=_SEARCH,
    cites=_CITES,
)
def hit_probability() -> str:
    """For u, v independent from U[-1, 1], w in [0, 1] and 0 < e <= 1, the event 0 <= u <= 1, abs(u - w) <= e, abs(v - 1) <= e has
    probability at least e^2 / 4.

    The interval of u has length min(1, w + e) - max(0, w - e), which is concave in w, so that it is least at w = 0 or w = 1; there it
    is e. The interval of v has length e, and the densities are 1/2.
    """
    r = sympy.Symbol("r", nonnegative=True)  # e = 1 - r
    e = sympy.Symbol("e", positive=True)
    at_zero = sympy.Min(1, 1 - r) - sympy.Max(0, -e)
    at_one = sympy.Min(1, 1 + e) - sympy.Max(0, r)
    require(sympy.simplify(at_zero - (1 - r)) == 0, f"length {at_zero} at w = 0")
    require(sympy.simplify(at_one - (1 - r)) == 0, f"length {at_one} at w = 1")
    for w, t in ((Fraction(i, 40), Fraction(j, 40)) for i in range(41) for j in range(1, 41)):
        lengths = [min(Fraction(1), y + t) - max(Fraction(0), y - t) for y in (Fraction(0), w, Fraction(1))]
        require(lengths[1] >= (1 - w) * lengths[0] + w * lengths[2], f"not concave at w = {w}, e = {t}")
        require(lengths[0] == lengths[2] == t, f"the ends are {lengths} at e = {t}")
    return "length of the interval of u: e at w = 0 and at w = 1, concave between; (e / 2) (e / 2) = e^2 / 4"


@lemma("error of the product", means="symbolic", scope="all such u, v, w", bounds=_SEARCH, cites=_CITES)
def product_error() -> str:
    """If abs(u - w) <= e, 1 - e <= v <= 1, 0 <= w <= 1 and 0 < e <= 1, then -(2 e - e^2) <= u v - w <= e, and both
    are attained.

    With u = w + s it is (w + s) v - w, affine in each of w, s and v, so that it is extreme at corners: s = e or -e, v = 1 or 1 - e, w = 0
    or 1.
    """
    e = sympy.Symbol("e", positive=True)
    corners = [
        sympy.expand((w + side * e) * v - w) for w in (0, 1) for side in (1, -1) for v in (sympy.Integer(1), 1 - e)
    ]
    slack = [e - value for value in corners] + [2 * e - e**2 + value for value in corners]
    # each is e times a polynomial of degree <= 1 in e: nonnegative on (0, 1] if it is at both ends
    for polynomial in (sympy.Poly(sympy.cancel(item / e), e) for item in slack):
        ends = [polynomial.eval(0), polynomial.eval(1)]
        require(polynomial.degree() <= 1 and min(ends) >= 0, f"slack e ({polynomial.as_expr()})")
    attained = [sympy.expand(item) == 0 for item in slack]
    require(any(attained[:8]) and any(attained[8:]), "a bound is not attained")
    return "eight corners; 2 e - e^2 attained at w = 1, u = 1 - e, v = 1 - e"


@lemma(
    "samples",
    means="rigorous",
    scope="the inequality for all eps in (0, 1), all n; the function on 31 x 16 pairs (eps, delta) from 0.9 to 1e-30",
    bounds=_SEARCH,
    cites=_CITES,
)
def samples(claim: float = 4.0) -> str:
    """If a neuron serves a half with probability at least eps^2 / 4, then n >= (4 / eps^2) ln(2 / delta) neurons serve both halves with
    probability at least 1 - delta: 2 (1 - eps^2 / 4)^n <= 2 e^(-n eps^2 / 4) <= delta.

    1 - p <= e^(-p) since ln(1 - p) + p vanishes at p = 0 and its derivative -p / (1 - p) is not positive. The function's whole number is
    enclosed against (4 / eps^2) ln(2 / delta) in ball arithmetic, relative slack 1e-13 for its rounding.
    """
    p = sympy.Symbol("p", positive=True)
    slope = sympy.diff(sympy.log(1 - p) + p, p)
    require(sympy.simplify(slope + p / (1 - p)) == 0, f"the derivative is {slope}")
    tightest = 0.0
    with precision(200):
        for i in range(31):
            for j in range(16):
                eps, delta = 0.9 * 10.0**-i, 0.9 * 10.0 ** (-2 * j)
                need = arb(claim) / arb(eps) ** 2 * (2 / arb(delta)).log()
                n = arb(malach_samples(eps, delta)) * (1 + arb(fmpq(1, 10**13)))
                require(
                    n >= need, f"{malach_samples(eps, delta)} at eps = {eps:.1g}, delta = {delta:.1g}: needs {need}"
                )
                tightest = max(tightest, float((need / n).mid()))
    return f"496 pairs; the largest need / n is {tightest:.6f}"


@lemma(
    "samples, simulated",
    means="statistical",
    scope="w = 0, 0.3 and 1, eps = 0.3, delta = 0.1, 4,000 networks each",
    false_alarm=1e-9,
    control=0.05,
    bounds=_SEARCH,
    cites=_CITES,
)
def samples_simulated(claim: float = 1.0) -> str:
    """Among n = malach_samples(eps, delta) random neurons both searches for the weight w succeed with probability at least 1 - delta."""
    rng = np.random.default_rng(2020)
    eps, delta, trials = 0.3, 0.1, 4000
    n = max(int(claim * malach_samples(eps, delta)), 1)  # the control takes a twentieth of them
    failures = []
    for w in (0.0, 0.3, 1.0):
        u, v = rng.uniform(-1, 1, (2, trials, n))
        near = np.abs(np.abs(u) - w) <= eps
        found = (near & (u > 0) & (v >= 1 - eps)).any(axis=1) & (near & (u < 0) & (v <= eps - 1)).any(axis=1)
        failures.append(int(trials - found.sum()))
        probability_at_most(delta, failures[-1], trials, 1e-9 / 3, f"a search fails at w = {w}")
    return f"n = {n}: {', '.join(map(str, failures))} failures of {trials} at most {delta:g} allowed"


@lemma(
    "one product: density",
    means="symbolic",
    scope="all z in (0, 1)",
    bounds=_SINGLE,
    cites=("pensia2020optimal", "slth"),
)
def product_density() -> str:
    """The product of u from U[0, 1] and v from U[-1, 1] has the density ln(1 / abs(z)) / 2 on [-1, 1], and P(0 <= u v <= z) is
    z (1 - ln z) / 2 for 0 <= z <= 1.

    Given u = t the product is uniform on [-t, t], of density 1 / (2 t) where t > abs(z).
    """
    z, t, y = sympy.symbols("z t y", positive=True)
    density = sympy.integrate(1 / (2 * t), (t, z, 1))
    require(sympy.simplify(density + sympy.log(z) / 2) == 0, f"density {density}")
    mass = sympy.integrate(-sympy.log(y) / 2, (y, 0, z))
    require(sympy.simplify(mass - z * (1 - sympy.log(z)) / 2) == 0, f"mass {mass}")
    require(sympy.limit(mass, z, 1) == sympy.Rational(1, 2), "the masses of both signs are not 1/2")
    return "integral of 1 / (2 t) over [z, 1] = -ln(z) / 2; masses 1/2 and 1/2"


@lemma(
    "one product: the function",
    means="exact",
    scope="11 weights x 40 errors from 0.9 to 1e-39, in balls, relative error 1e-12; samples at delta = 0.5 and 1e-9",
    bounds=_SINGLE,
    cites=("slth",),
)
def product_probability() -> str:
    """A neuron serves a half of the weight w >= 0 by its product alone with probability (F(min(w + eps, 1)) - F(w - eps)) / 2, where
    F(z) = z (1 - ln abs(z)) / 2; single_product_samples is the least n with 2 (1 - that)^n <= delta, but for the last digits of a float64.
    """

    def mass(z: arb) -> arb:
        return arb(0) if z == 0 else z * (1 - abs(z).log()) / 2

    with precision(600):
        for w in (0.0, 1e-30, 1e-9, 0.003, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1.0):
            for j in range(40):
                eps = 0.9 * 10.0**-j
                high = arb(w) + arb(eps)
                exact = (mass(high if high < 1 else arb(1)) - mass(arb(w) - arb(eps))) / 2
                error = abs(arb(single_product_prob(w, eps)) / exact - 1)
                require(error < 1e-12, f"relative error {error} at w = {w}, eps = {eps:.1g}")
                for delta in (0.5, 1e-9):
                    least = (2 / arb(delta)).log() / -(1 - exact).log()
                    n, slack = arb(single_product_samples(eps, delta, w)), arb(fmpq(1, 10**12))
                    enough = (n * (1 + slack) >= least) and ((n - 1) * (1 - slack) <= least)
                    require(enough, f"n = {n}, not {least}, at w = {w}, eps = {eps:.1g}, delta = {delta}")
    return "440 pairs, the smallest probability 1e-79; relative errors below 1e-12; 880 numbers of samples"


@lemma(
    "one product: order of the samples",
    means="symbolic",
    scope="w = 1: the limit; abs(w) <= 1/2: all eps in (0, 1/2]",
    bounds=_SINGLE,
    cites=("slth",),
)
def product_order() -> str:
    """One product within eps of w has probability at least (ln(2) / 2) eps for abs(w) <= 1/2, so that O(1 / eps) samples do, but eps^2 / 8
    to leading order at abs(w) = 1, where it still takes order 1 / eps^2.

    The density is even and falls with abs(z), so that the probability falls with abs(w). At w = 1/2, the density ln(1/z) / 2 being
    convex, its mean over [1/2 - eps, 1/2 + eps] is at least its value ln(2) / 2 at the centre, whence the probability
    (1/2) (2 eps) ln(2) / 2; for the u of the right sign, half of all.
    """
    eps, z = sympy.symbols("epsilon z", positive=True)
    at_one = (sympy.Rational(1, 2) - (1 - eps) * (1 - sympy.log(1 - eps)) / 2) / 2
    require(sympy.limit(at_one / eps**2, eps, 0, "+") == sympy.Rational(1, 8), "not eps^2 / 8 at w = 1")
    density = -sympy.log(z) / 2
    require(sympy.diff(density, z, 2) == 1 / (2 * z**2), "the density is not convex")
    require(sympy.diff(density, z) == -1 / (2 * z), "the density does not fall")
    inside = sympy.log(2) / 2
    require(sympy.simplify(density.subs(z, sympy.Rational(1, 2)) - inside) == 0, "not ln(2) / 2 at the centre")
    errors = [2.0**-j for j in range(1, 60)]
    require(
        all(single_product_prob(0.5, e) >= (1 - 1e-12) * e * math.log(2) / 2 for e in errors),
        "the function is below the bound",
    )
    samples = [single_product_samples(e, 0.1) * e * e for e in errors[9:30]]
    require(all(abs(b / a - 1) < 0.01 for a, b in pairwise(samples)), "the samples at w = 1 do not grow as 1 / eps^2")
    return "eps^2 / 8 at w = 1; (ln(2) / 2) eps = 0.3466 eps at abs(w) = 1/2 and more inside"


claimed(
    "theorem_2_1",
    "Theorem 2.1",
    "A random network of depth 2 l and width polynomial in d, n, l, 1 / eps and log(1 / delta) has, with probability at least 1 - delta, "
    "a subnetwork with O(d n + n^2 l) weights within eps of every target of depth l and width n; for equal widths that is an "
    "overparameterisation of order (m_t^2 / eps^2) log(m_t / eps).",
    why="the polynomial and its constants are not given; the steps above are its parts",
    bounds=("malach_overparameterisation", "malach_density"),
    cites=("malach2020proving", "natale2024sparsity"),
)
