"""Tickets in random networks of signs (Sreenivasan et al. 2022): binary digits, doublings, and finding the signs wanted.

The steps reconstruct the construction whose order of depth and width the paper states; they are exact, but need not be its own in detail.
All weights are +1 or -1, or pruned. A network computes 2^b w x instead of w x: the factor 2^b is common to all, and is taken as known.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import sympy
from flint import arb, fmpq

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from slth.bounds.networks.signs import sreenivasan_dims

_BOUNDS = ("sreenivasan_dims",)
_CITES = ("sreenivasan2022finding",)


@lemma(
    "digits",
    means="exact",
    scope="b <= 8; all w = i/1000 of [-1, 1], and all midpoints of digits",
    bounds=_BOUNDS,
    cites=_CITES,
)
def binary_digits() -> str:
    """Every w of [-1, 1] is within 2^-b of sign(w) m/2^b, where m = min(floor(2^b abs(w)), 2^b - 1) has b binary digits."""
    worst = Fraction(0)
    for b in range(1, 9):
        numbers = [Fraction(i, 1000) for i in range(-1000, 1001)] + [
            Fraction(2 * i + 1, 2 ** (b + 1)) for i in range(2**b)
        ]
        for w in numbers:
            m = min(math.floor(2**b * abs(w)), 2**b - 1)
            require(0 <= m < 2**b, f"w = {w}, b = {b}: {m} needs more digits")
            error = abs(abs(w) - Fraction(m, 2**b)) * 2**b
            require(error <= 1, f"w = {w}, b = {b}: off by {error} units")
            worst = max(worst, error)
    return f"error at most {float(worst):.3f} units of 2^-b"


def _chain(digits: tuple[int, ...], sign: int, x: int) -> int:
    """A network of signs and ReLUs: 2 ReLUs a layer double, 2 copy the input, and 1 connection a digit is kept or pruned; returns m x.

    Two branches carry the positive and the negative part of the input, and sums of both only meet in the output.
    """
    total = 0
    for part, outer in ((1, 1), (-1, -1)):
        held = [max(part * x, 0)]  # copies of relu(+-x), layer by layer
        doubled = [0, 0]
        for digit in digits:  # most significant digit first: Horner's rule
            copy = max(held[0], 0)
            # both neurons of the layer compute the same sum, with weights +1 or none: that is what doubles in the next layer
            value = max(doubled[0] + doubled[1] + (copy if digit else 0), 0)
            held, doubled = [copy], [value, value]
        total += outer * sign * doubled[0]
    return total


@lemma(
    "doublings",
    means="exact",
    scope="all numbers of b <= 8 digits, both signs, x in {-5, ..., 5}",
    bounds=_BOUNDS,
    cites=_CITES,
)
def doubling_chain() -> str:
    """A chain of b layers of ReLUs, in which two equal neurons carry the number so far, one a copy of the input, and all weights are 1 or
    pruned, computes m relu(x) for every m of b binary digits: v becomes v + v, plus relu(x) where the digit is 1. A second chain for
    relu(-x), and signs at the end, give m x and -m x."""
    cases = 0
    for b in range(1, 9):
        for digits in product((0, 1), repeat=b):
            m = int("".join(map(str, digits)), 2)
            for sign, x in product((1, -1), range(-5, 6)):
                require(_chain(digits, sign, x) == sign * m * x, f"digits {digits}, sign {sign}, x = {x}")
                cases += 1
    return f"{cases} outputs, in integers"


@lemma("depth", means="rigorous", scope="all d, l >= 1 and 0 < eps <= 1/2", bounds=_BOUNDS, cites=_CITES)
def depth_is_of_the_order_stated() -> str:
    """If every weight is within 2^-b <= eps/(2 l d^2) of the target's, layers of operator norm at most 1 are within eps/(2l) of theirs and
    the network within (1 + eps/(2l))^l - 1 <= eps. The least such b, and two layers more for splitting and joining, give a depth
    l (b + 2) <= 9 l ln(d l/eps): sreenivasan_dims with C_1 = 9.

    (1 + eps/(2l))^l <= exp(eps/2), convex in eps and at most 1 + eps at 0 and 1. And b + 2 <= 4 + log2(l d^2/eps) <= 4 + (2/ln 2) y
    for y = ln(d l/eps) >= ln 2; at most 9 y where y >= 4/(9 - 2/ln 2).
    """
    with precision(80):
        require(arb(fmpq(1, 2)).exp() <= 2, "exp(1/2) is above 1 + 1")
        ln2 = arb(2).log()
        crossing = 4 / (9 - 2 / ln2)
        require(crossing <= ln2, f"4 + (2/ln 2) y exceeds 9 y up to y = {crossing}")
    cases = 0
    for d, depth, eps in product((1, 2, 10, 1000), (1, 2, 10, 1000), (0.5, 0.1, 1e-9, 1e-100)):
        b = (math.ceil(2 * depth * d * d / Fraction(eps)) - 1).bit_length()
        stated = sreenivasan_dims(d, depth, eps, 9, 1).depth
        require(
            depth * (b + 2) <= stated, f"d = {d}, l = {depth}, eps = {eps}: {depth * (b + 2)} layers, {stated} stated"
        )
        with precision(80):
            layers = 9 * depth * (arb(d * depth) / arb(eps)).log()
            require(stated - 1 < layers <= stated, f"{stated} is not {layers}, rounded up")
        cases += 1
    return f"9 y is enough from y = {float(crossing):.3f} < ln 2 on; sreenivasan_dims agrees at {cases} points"


@lemma(
    "signs",
    means="exact",
    scope="E <= 6 connections with r <= 5 candidates each, all draws",
    bounds=_BOUNDS,
    cites=_CITES,
    control=1,
)
def enough_candidates(claim: int = 0) -> str:
    """If each of E connections can be taken from r candidates of its own, whose weights are +1 or -1 with probability 1/2 each, then one of
    the sign wanted is there for all with probability (1 - 2^-r)^E >= 1 - E 2^-r; so r = ceil(log2(E/delta)) candidates suffice for
    failure delta: the logarithm in the width. (The claim lowers r.)

    Counted over all draws, with the wanted signs +1; the probability is the same for other signs.
    """
    cases = 0
    for E, r in product(range(1, 7), range(1, 6)):
        if E * r > 16:
            continue
        served = sum(
            all((draw >> (r * i)) & (2**r - 1) for i in range(E)) for draw in range(2 ** (E * r))
        )  # a bit is 1 where the weight is +1
        chance = Fraction(served, 2 ** (E * r))
        require(chance == (1 - Fraction(1, 2**r)) ** E, f"E = {E}, r = {r}: {chance}")
        require(chance >= 1 - Fraction(E, 2**r), f"E = {E}, r = {r}: {chance}")
        cases += 1
    for E in range(1, 700):
        for inverse in (2, 10, 1000):
            r = (E * inverse - 1).bit_length() - claim  # ceil(log2(E / delta)), delta = 1 / inverse
            require((1 - Fraction(1, 2**r)) ** E >= 1 - Fraction(1, inverse), f"E = {E}, delta = 1/{inverse}: r = {r}")
    return f"{cases} pairs (E, r) over all draws; r = ceil(log2(E/delta)) for E < 700"


@lemma("union", means="symbolic", scope="all E >= 1, r >= 0", bounds=_BOUNDS, cites=_CITES)
def bernoulli() -> str:
    """(1 - q)^E >= 1 - E q for 0 <= q <= 1 and whole E >= 1: by induction, (1 - q)(1 - E q) = 1 - (E + 1) q + E q^2."""
    q, E = sympy.symbols("q E", nonnegative=True)
    step = sympy.expand((1 - q) * (1 - E * q) - (1 - (E + 1) * q))
    require(sympy.simplify(step - E * q**2) == 0, f"the step is off by {step}")
    return "induction step: E q^2 >= 0"


claimed(
    "main_theorem",
    "main theorem",
    "A random network of signs of depth Theta(l log(d l/eps)) and width Theta(d log^2(d l/eps)) contains, with high "
    "probability, a ticket within eps of a given target network of depth l and width d.",
    why="the paper's own construction and constants were not available; that width and depth hold together is not put to the test",
    bounds=_BOUNDS,
    cites=_CITES,
)
