"""Burkholz 2022: depth L+1. Activations that are linear near 0, the recursion of tolerances, and neurons that are made several times.

Errors: E_l is the largest error of a neuron of layer l. Writing w~ x~ - w x = w~ (x~ - x) + (w~ - w) x for every input of a neuron gives
E_l <= R_l E_{l-1} + eps_l (1 + B_{l-1}) for 1-Lipschitz activations, with R_l the largest sum of abs(w~) of a neuron.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
import sympy
from flint import arb

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from slth.bounds.networks.extra_layer import activation_scale, burkholz_eps_layer, propagated_tolerances

_CITES = ("burkholz2022activation",)
_RECURSION = ("burkholz_eps_layer", "propagated_tolerances")
_DOWN = 1 - Fraction(1, 10**12)  # a float64 tolerance, rounded to below the true one

Layer = tuple[Sequence[Sequence[Fraction]], Sequence[Fraction]]


@lemma(
    "assumption on activations, smooth ones",
    means="symbolic",
    scope="tanh, sigmoid, softplus, SiLU, GELU; all real y",
    bounds=("activation_scale",),
    cites=_CITES,
)
def linear_near_zero() -> str:
    """The distance of (phi(y) - phi(0)) / phi'(0) from y is at most c abs(y)^p for all real y: tanh abs(y)^3 / 3, sigmoid abs(y)^3 / 12,
    softplus y^2 / 4, SiLU y^2 / 2, GELU sqrt(2/pi) y^2; each c is the best for small y.

    All five are tanh, ln cosh and erf in disguise, and these follow from derivatives that are squares or products of positive factors:
    each difference below vanishes at 0 and increases for z > 0 (the factor z - tanh z by the first line).
    """
    z, y = sympy.symbols("z", positive=True), sympy.symbols("y", real=True)
    tanh = sympy.tanh
    slopes = (
        (z - tanh(z), tanh(z) ** 2),
        (z**3 / 3 - (z - tanh(z)), (z - tanh(z)) * (z + tanh(z))),
        (z**2 / 2 - sympy.log(sympy.cosh(z)), z - tanh(z)),
        (2 * z / sympy.sqrt(sympy.pi) - sympy.erf(z), 2 / sympy.sqrt(sympy.pi) * (1 - sympy.exp(-(z**2)))),
    )
    for difference, slope in slopes:
        require(difference.subs(z, 0) == 0, f"{difference} does not vanish at 0")
        _equal(sympy.diff(difference, z), slope)
    sigmoid = 1 / (1 + sympy.exp(-y))
    softplus, silu = sympy.log(1 + sympy.exp(y)), y * sigmoid
    gelu = y * (1 + sympy.erf(y / sympy.sqrt(2))) / 2
    half = y / 2
    # tanh is odd, ln cosh z, z tanh z and z erf z are even: z > 0 decides
    _equal(sigmoid, sympy.Rational(1, 2) + tanh(half) / 2)
    _equal(sympy.exp(softplus - half), 2 * sympy.cosh(half))
    _equal(silu, half + half * tanh(half))
    _equal(gelu, half + half * sympy.erf(y / sympy.sqrt(2)))
    disguises = (
        (tanh(y), sympy.Rational(1, 3), 3),
        (sigmoid, sympy.Rational(1, 12), 3),
        (softplus, sympy.Rational(1, 4), 2),
        (silu, sympy.Rational(1, 2), 2),
        (gelu, sympy.sqrt(2 / sympy.pi), 2),
    )
    for phi, c, power in disguises:
        normalised = (phi - phi.subs(y, 0)) / sympy.diff(phi, y).subs(y, 0)
        term = sympy.series(normalised - y, y, 0, power + 1).removeO()
        require(sympy.simplify(abs(term.coeff(y, power)) - c) == 0, f"{phi} has the term {term}, not {c}")
    return "4 derivatives and 4 identities hold; the 5 Taylor coefficients equal c"


@lemma(
    "assumption on activations, the scale",
    means="exact",
    scope="5 activations, err in {1e-6, 0.01, 0.3}, reach in {0.5, 1, 20}; 41 points of abs(y) <= reach each, enclosed in balls",
    bounds=("activation_scale",),
    cites=_CITES,
)
def scale_of_inputs() -> str:
    """At inputs scaled by s = activation_scale(err, reach), (phi(s y) - phi(0)) / (s phi'(0)) is within err of y for abs(y) <= reach."""
    activations: dict[str, tuple[Callable[[Any], Any], Any]] = {
        "tanh": (lambda y: y.tanh(), arb(1)),
        "sigmoid": (lambda y: 1 / (1 + (-y).exp()), arb(1) / 4),
        "softplus": (lambda y: (1 + y.exp()).log(), arb(1) / 2),
        "silu": (lambda y: y / (1 + (-y).exp()), arb(1) / 2),
        "gelu": (lambda y: y * (1 + (y / arb(2).sqrt()).erf()) / 2, arb(1) / 2),
    }
    with precision(200):
        largest = 0.0
        for (name, (phi, slope)), err, reach in product(activations.items(), (1e-6, 0.01, 0.3), (0.5, 1.0, 20.0)):
            s = arb(activation_scale(err, reach, name))
            for step in range(-20, 21):
                y = arb(reach) * step / 20
                error = abs((phi(s * y) - phi(arb(0))) / (s * slope) - y)
                require(
                    error <= arb(err) * (1 + arb(10) ** -12), f"{name} is off by {float(error)} > {err} at {float(y)}"
                )
                largest = max(largest, float(error) / err)
    return f"errors up to {largest:.4f} err"


@lemma(
    "assumption on activations, piecewise linear ones",
    means="symbolic",
    scope="all slopes, all real x",
    bounds=("burkholz_width",),
    cites=_CITES,
)
def two_slopes() -> str:
    """If phi(x) = m+ x for x >= 0 and m- x for x < 0, then phi(x) - phi(-x) = (m+ + m-) x for every x: two neurons make a linear one,
    exactly, unless m+ + m- = 0; and one neuron does if m+ = m-. ReLU has slopes 1 and 0, leaky ReLU 1 and a.
    """
    plus, minus = sympy.symbols("m_plus m_minus", real=True)
    x = sympy.symbols("x", positive=True)
    _equal(plus * x - minus * (-x), (plus + minus) * x)  # at x
    _equal(minus * (-x) - plus * x, (plus + minus) * (-x))  # at -x
    return "phi(x) - phi(-x) = (m+ + m-) x on both sides"


@lemma(
    "error propagation, the recursion",
    means="symbolic",
    scope="all norms, all eps; computed for depths 1 to 6, all depths by the argument",
    bounds=_RECURSION,
    cites=(*_CITES, "burkholz2022universal"),
)
def recursion() -> str:
    """E_l = R_l E_{l-1} + eps_l (1 + B_{l-1}), E_0 = 0, ends at exactly eps for the tolerances of propagated_tolerances; for those of
    burkholz_eps_layer it ends at eps / n_L at most if R_k <= the norm of layer k + eps/L for all k and the last norm is at most 1.

    E_L is the sum over l of eps_l (1 + B_{l-1}) R_{l+1} ... R_L. By definition each term is eps / L for propagated_tolerances, and for
    burkholz_eps_layer eps / (n_L L) times the factor R_L / (1 + eps/L) <= 1, or 1 / (1 + eps/L) for l = L.
    """
    eps, outputs = sympy.symbols("eps n_L", positive=True)
    for depth in range(1, 7):
        rows, reach = sympy.symbols(f"R1:{depth + 1}", positive=True), sympy.symbols(f"B0:{depth}", positive=True)
        error: Any = sympy.Integer(0)
        for row, b, tolerance in zip(rows, reach, _derived(eps, rows, reach), strict=True):
            error = row * error + tolerance * (1 + b)
        _equal(error, eps)
        norms = sympy.symbols(f"W1:{depth + 1}", positive=True)
        error = sympy.Integer(0)
        for norm, b, tolerance in zip(norms, reach, _recalled(eps, norms, reach, outputs), strict=True):
            error = (norm + eps / depth) * error + tolerance * (1 + b)
        # the last layer is entered by all errors but its own
        own = eps / (outputs * depth * (1 + eps / depth))
        share_of_others = sympy.simplify((error - own) * outputs * depth / eps)
        _equal(share_of_others, (depth - 1) * (norms[-1] + eps / depth) / (1 + eps / depth))
    return "ends at eps; and at (eps / n_L) ((L - 1)(W_L + eps/L) + 1) / (L + eps), at most eps / n_L for W_L <= 1"


@lemma(
    "error propagation, the functions",
    means="exact",
    scope="400 random norms of depths 1 to 6, eps in {0.5, 1e-3}, in fractions to 12 digits",
    bounds=_RECURSION,
    cites=_CITES,
)
def functions() -> str:
    """propagated_tolerances and burkholz_eps_layer are the tolerances of `recursion`."""
    rng, compared = np.random.default_rng(12), 0
    for _ in range(200):
        depth, outputs = int(rng.integers(1, 7)), int(rng.integers(1, 20))
        norms, reach = rng.uniform(0.01, 9, depth), rng.uniform(0, 50, depth)
        for eps in (0.5, 1e-3):
            exact = [Fraction(float(x)) for x in norms], [Fraction(float(x)) for x in reach]
            found = (propagated_tolerances(norms, reach, eps), burkholz_eps_layer(outputs, norms, reach, eps))
            wanted = _derived(Fraction(eps), *exact), _recalled(Fraction(eps), *exact, outputs)
            for one, other in zip(np.concatenate(found), [*wanted[0], *wanted[1]], strict=True):
                require(abs(Fraction(float(one)) / other - 1) < Fraction(1, 10**12), f"{one} instead of {float(other)}")
                compared += 1
    return f"{compared} tolerances equal to 12 digits"


@lemma(
    "error propagation, hunt",
    means="search",
    scope="300 ReLU networks of depth 2 to 4 and width up to 5, weights up to 2, every parameter perturbed by its whole tolerance, random"
    " signs or all up; 20 inputs of [-1, 1]^n each, in fractions",
    bounds=("propagated_tolerances",),
    cites=_CITES,
    control=6.0,
    slow=True,
)
def hunt_for_errors(excess: float = 1.0) -> str:
    """A ticket whose parameters are within the tolerances of propagated_tolerances has every output within eps."""
    rng, worst, eps = np.random.default_rng(3), Fraction(0), Fraction(1, 10)
    for trial in range(300):
        widths = [int(n) for n in rng.integers(1, 6, int(rng.integers(3, 6)))]
        target = [_random_layer(rng, before, after) for before, after in pairwise(widths)]
        # interval arithmetic bounds the 1-norms; one refinement makes room for the perturbation itself in the row sums
        reach = _reach(target, widths[0])
        rows = [max(sum(map(abs, row)) for row in matrix) for matrix, _ in target]
        first = propagated_tolerances([float(row) + 1 for row in rows], [float(b) for b in reach], float(eps))
        rows = [row + n * Fraction(float(t)) for row, n, t in zip(rows, widths, first, strict=False)]
        tolerances = propagated_tolerances([float(row) for row in rows], [float(b) for b in reach], float(eps))
        tolerances = np.minimum(tolerances, first)
        ticket = [
            _perturbed(rng, layer, Fraction(float(t)) * _DOWN * Fraction(excess), bool(trial % 2))
            for layer, t in zip(target, tolerances, strict=True)
        ]
        for k in range(20):
            x = [Fraction(1)] * widths[0] if k == 0 else [Fraction(int(n), 8) for n in rng.integers(-8, 9, widths[0])]
            wrong = max(abs(a - b) for a, b in zip(_output(target, x), _output(ticket, x), strict=True))
            require(wrong <= eps, f"an output is off by {float(wrong):.4f} > {float(eps)}")
            worst = max(worst, wrong)
    return f"6,000 outputs; the largest error is {float(worst / eps):.3f} eps"


@lemma(
    "error propagation, last layer",
    means="exact",
    scope="one ReLU network 1-5-1, in fractions",
    bounds=("burkholz_eps_layer",),
    cites=_CITES,
    shows="gap",
)
def last_layer_counts() -> str:
    """The recursion as recalled leaves out the norm of the last layer: with 5 output weights of 1 and all else 0, the tolerances
    burkholz_eps_layer(1, (0, 5), (1, 0), 0.1) allow an error of more than twice 0.1.
    """
    eps = Fraction(1, 10)
    first, _ = (Fraction(float(t)) * _DOWN for t in burkholz_eps_layer(1, [0, 5], [1, 0], float(eps)))
    one, zero = Fraction(1), Fraction(0)
    target: list[Layer] = [([[zero]] * 5, [zero] * 5), ([[one] * 5], [zero])]
    ticket: list[Layer] = [([[first]] * 5, [first] * 5), ([[one] * 5], [zero])]
    wrong = abs(_output(ticket, [one])[0] - _output(target, [one])[0])
    require(wrong > 2 * eps, f"the error is only {float(wrong):.4f}")
    return f"error {float(wrong / eps):.4f} eps with a last layer of norm 5; the recursion needs norm <= 1"


@lemma(
    "error propagation, wide layers",
    means="exact",
    scope="one ReLU network 1-100-1, in fractions",
    bounds=("burkholz_eps_layer",),
    cites=_CITES,
    shows="gap",
)
def wide_layers_count() -> str:
    """The recursion as recalled bounds the norm of an approximated layer by the target's + eps/L, which takes n_{k-1} eps_k <= eps/L: a
    target 1-100-1 of zeros alone has B_1 = 0, and the tolerances of burkholz_eps_layer allow an error of more than twice 0.1.
    """
    eps = Fraction(1, 10)
    first, second = (Fraction(float(t)) * _DOWN for t in burkholz_eps_layer(1, [0, 0], [1, 0], float(eps)))
    ticket: list[Layer] = [([[first]] * 100, [first] * 100), ([[second] * 100], [second])]
    wrong = abs(_output(ticket, [Fraction(1)])[0])
    require(wrong > 2 * eps, f"the error is only {float(wrong):.4f}")
    require(100 * second > eps / 2, "the missing hypothesis holds")
    return f"error {float(wrong / eps):.4f} eps, where n_1 eps_2 = {float(100 * second):.3f} > eps/L = {float(eps / 2):.3f}"


@lemma(
    "multiplicity, equal copies",
    means="exact",
    scope="target 2-2-1, every hidden neuron made 4 times, three draws of integer samples, 50 integer inputs each",
    bounds=("burkholz_width",),
    cites=_CITES,
)
def equal_copies() -> str:
    """If all copies of a neuron have the same value, the kept weights between the copies of neuron i and a copy of neuron j act as the one
    weight that they add up to, so that each is a subset sum of its own: the ticket equals the network of these sums, at depth L+1.
    """
    rng, compared = np.random.default_rng(7), 0
    for _ in range(3):
        target = [rng.integers(-6, 7, (2, 2)), rng.integers(-6, 7, (1, 2))]
        copies = 4
        pool = rng.integers(-5, 6, (1, 2, copies))  # samples from the copies of i to output j
        kept = np.zeros_like(pool)
        for j, i in product(range(1), range(2)):
            subsets = [s for size in range(copies + 1) for s in combinations(range(copies), size)]
            best = min(subsets, key=lambda s: abs(sum(int(pool[j, i, k]) for k in s) - int(target[1][j, i])))
            kept[j, i, list(best)] = 1
        sums = (pool * kept).sum(-1)
        for x in rng.integers(-9, 10, (50, 2)):
            hidden = np.maximum(target[0] @ x, 0)
            ticket = (pool * kept).reshape(1, -1) @ np.repeat(hidden, copies)
            require((ticket == sums @ hidden).all(), f"{ticket} instead of {sums @ hidden}")
            compared += 1
    return f"{compared} outputs equal those of the network of subset sums"


@lemma(
    "construction of depth L+1",
    means="search",
    scope="12 random ReLU targets 2-2-1 in sources of depth 3: 6 samples of either sign for an input, 6 for a bias, 5 copies of a neuron,"
    " subset sums by enumeration; 25 inputs of [-1, 1]^2 each, in fractions",
    bounds=("burkholz_width", "propagated_tolerances"),
    cites=_CITES,
    control=0.2,
)
def construction(factor: float = 1.0) -> str:
    """First layer: neurons relu(u x_i) and constants. Every copy of a hidden neuron is made of subset sums of v u over u > 0, of v u over
    u < 0, and of constants; every output of subset sums over the copies. With eps_l the errors of all these sums, and R_2 the kept weights
    in abs, the output is within R_2 eps_1 (1 + B_0) + eps_2 (1 + B_1).
    """
    rng, worst = np.random.default_rng(15), Fraction(0)
    for _ in range(12):
        target = [_random_layer(rng, 2, 2), _random_layer(rng, 2, 1)]
        u = [[sign * Fraction(int(n), 32) for n in rng.integers(1, 65, 6)] for _ in range(2) for sign in (1, -1)]
        constants = [Fraction(int(n), 32) for n in rng.integers(1, 65, 6)]
        first, second = Fraction(0), Fraction(0)
        copies: list[tuple[int, list[list[Fraction]]]] = []  # neuron, weights from the 4 blocks and the constants
        for j, _copy in product(range(2), range(5)):
            weights, twice = [], [w for w in target[0][0][j] for _ in range(2)]
            for block, wanted in zip((*u, constants), [*twice, target[0][1][j]], strict=True):
                v = [Fraction(int(n), 32) for n in rng.integers(-32, 33, 6)]
                kept, wrong = _closest([a * b for a, b in zip(v, block, strict=True)], wanted)
                weights.append([a if k in kept else Fraction(0) for k, a in enumerate(v)])
                first = max(first, wrong)
            copies.append((j, weights))
        output = [Fraction(0)] * 10
        for j in range(2):
            v = [Fraction(int(n), 32) for n in rng.integers(-32, 33, 5)]
            kept, wrong = _closest(v, target[1][0][0][j])
            output[5 * j : 5 * j + 5] = [a if k in kept else Fraction(0) for k, a in enumerate(v)]
            second = max(second, wrong)
        reach = _reach(target, 2)
        bound = sum(map(abs, output), Fraction(0)) * first * (1 + reach[0]) + second * (1 + reach[1])
        for _ in range(25):
            x = [Fraction(int(n), 8) for n in rng.integers(-8, 9, 2)]
            blocks = [[max(a * x[i // 2], Fraction(0)) for a in block] for i, block in enumerate(u)] + [constants]
            ticket = target[1][1][0]  # the bias of the output is taken as it is
            for w, (_, weights) in zip(output, copies, strict=True):
                pairs = zip([a for row in weights for a in row], [h for row in blocks for h in row], strict=True)
                ticket += w * max(sum((a * h for a, h in pairs), Fraction(0)), Fraction(0))
            wrong = abs(ticket - _output(target, x)[0])
            require(wrong <= Fraction(factor) * bound, f"error {float(wrong):.4f} > {factor} * {float(bound):.4f}")
            worst = max(worst, wrong / bound)
    return f"300 outputs; the largest error is {float(worst):.3f} of the bound"


@lemma(
    "multiplicity, unequal copies",
    means="exact",
    scope="target 1-1-1 of zeros, the hidden neuron made 6 times, in fractions",
    bounds=("burkholz_eps_layer", "propagated_tolerances"),
    cites=_CITES,
    shows="gap",
)
def unequal_copies() -> str:
    """Copies of a neuron that are within the tolerance of the target, but differ, may add up: kept weights 1, -1, 1, -1, 1, -1 make the
    weight 0 exactly, yet the output is off by more than eps at the tolerances of burkholz_eps_layer. What counts is the sum of abs over the
    kept weights.
    """
    eps = Fraction(1, 10)
    first, second = (Fraction(float(t)) * _DOWN for t in burkholz_eps_layer(1, [0, 0], [1, 0], float(eps)))
    require(second <= eps / 2, "n_1 eps_2 exceeds eps/L")
    one = Fraction(1)
    copies: Layer = ([[first], [-first]] * 3, [first, -first] * 3)
    ticket: list[Layer] = [copies, ([[one, -one] * 3], [Fraction(0)])]
    wrong = abs(_output(ticket, [one])[0])
    require(wrong > eps, f"the error is only {float(wrong):.4f}")
    safe = Fraction(float(propagated_tolerances([0.2, 6], [1, 0], float(eps))[0])) * _DOWN
    repaired: list[Layer] = [([[safe], [-safe]] * 3, [safe, -safe] * 3), ticket[1]]
    right = abs(_output(repaired, [one])[0])
    require(right <= eps, "propagated_tolerances with R_2 = 6 do not repair it")
    return (
        f"error {float(wrong / eps):.4f} eps; with R_2 = 6 in propagated_tolerances it is {float(right / eps):.4f} eps"
    )


def _derived(eps: Any, rows: Sequence[Any], reach: Sequence[Any]) -> list[Any]:
    return [eps / (len(rows) * (1 + reach[i]) * math.prod(rows[i + 1 :])) for i in range(len(rows))]


def _recalled(eps: Any, norms: Sequence[Any], reach: Sequence[Any], outputs: Any) -> list[Any]:
    depth = len(norms)
    gains = [math.prod(norm + eps / depth for norm in norms[i + 1 : depth - 1]) for i in range(depth)]
    return [eps / (outputs * depth * (1 + b) * (1 + eps / depth) * gain) for b, gain in zip(reach, gains, strict=True)]


def _equal(found: Any, wanted: Any) -> None:
    difference = sympy.simplify((found - wanted).rewrite(sympy.exp))
    require(difference == 0, f"{found} is not {wanted}: {difference}")


def _output(network: Sequence[Layer], x: Sequence[Fraction]) -> list[Fraction]:
    values = list(x)
    for depth, (matrix, biases) in enumerate(network, 1):
        values = [
            sum((w * v for w, v in zip(row, values, strict=True)), b) for row, b in zip(matrix, biases, strict=True)
        ]
        if depth < len(network):
            values = [max(value, Fraction(0)) for value in values]
    return values


def _random_layer(rng: np.random.Generator, before: int, after: int) -> Layer:
    matrix = [[Fraction(int(n), 16) for n in row] for row in rng.integers(-32, 33, (after, before))]
    return matrix, [Fraction(int(n), 16) for n in rng.integers(-16, 17, after)]


def _perturbed(rng: np.random.Generator, layer: Layer, by: Fraction, up: bool) -> Layer:
    def moved(number: Fraction) -> Fraction:
        return number + by * (1 if up else int(rng.choice([-1, 1])))

    return [[moved(w) for w in row] for row in layer[0]], [moved(b) for b in layer[1]]


def _closest(samples: Sequence[Fraction], wanted: Fraction) -> tuple[tuple[int, ...], Fraction]:
    """The subset whose sum is closest, and its error: all 2^n of them."""
    subsets = (s for size in range(len(samples) + 1) for s in combinations(range(len(samples)), size))
    errors = ((abs(sum((samples[k] for k in s), Fraction(0)) - wanted), s) for s in subsets)
    error, best = min(errors)
    return best, error


def _reach(network: Sequence[Layer], inputs: int) -> list[Fraction]:
    """Upper bounds of the 1-norms B_0, ..., B_{L-1} for inputs of [-1, 1]^n."""
    bound, found = [Fraction(1)] * inputs, []
    for matrix, biases in network:
        found.append(sum(bound, Fraction(0)))
        bound = [
            sum((abs(w) * v for w, v in zip(row, bound, strict=True)), abs(b))
            for row, b in zip(matrix, biases, strict=True)
        ]
    return found


claimed(
    "union_bound",
    "theorem on depth L+1, rho",
    "The failure probability need only be divided by rho = C N^(1+g) / ln(1/t)^(1+g) times ln(1/t), t the least of all eps_l and delta, for"
    " any g > 0, in order that all subset sums succeed at once.",
    why="recalled with medium confidence; constants and the exact number of subset-sum problems are not at hand",
    bounds=("burkholz_width",),
    cites=(*_CITES, "burkholz2022universal"),
)
claimed(
    "existence",
    "theorem on depth L+1",
    "C n ln(1 / min(eps, delta / rho)) copies of the neurons of a layer suffice for all weights of the next.",
    why="the constants are existential; what is checked is the construction and the propagation of errors",
    bounds=("burkholz_width",),
    cites=(*_CITES, "burkholz2022convolutional", "lueker1998exponentially"),
)
