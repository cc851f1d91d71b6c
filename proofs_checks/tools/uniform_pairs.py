"""Two overlapping sums of uniform samples: the probability that both come near a target, as a fraction.

In units of 2, a U[-1, 1] is 2 U - 1 with U uniform on [0, 1], so k of them come within eps of z where the sum of the U comes within
e = eps / 2 of t = (z + k) / 2. With the i shared samples at a, the two remainders are independent of each other:

    P(both) = int_0^i f_i(a) q_(k - i)(t - a)^2 da,    q_m(y) = F_m(y + e) - F_m(y - e),

f_i and F_m the density and distribution of a sum of so many U: polynomials between breakpoints, which are integrated exactly.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import comb, factorial
from typing import Any

from flint import fmpq, fmpq_poly


@cache
def below(m: int, cell: int) -> Any:
    """F_m(x) = P(U_1 + ... + U_m <= x) for cell <= x <= cell + 1, a polynomial in x."""
    if cell < 0 or cell >= m:
        return fmpq_poly([int(cell >= m)])
    terms = (fmpq_poly([-j, 1]) ** m * (-1) ** j * comb(m, j) for j in range(cell + 1))
    return sum(terms, fmpq_poly([0])) / factorial(m)


def both(k: int, i: int, z: Fraction, eps: Fraction) -> Fraction:
    """P(abs(A + B - z) <= eps and abs(A + C - z) <= eps), A, B, C independent sums of i, k - i and k - i samples of U[-1, 1], i < k."""
    e, t, rest = _rational(eps / 2), _rational((z + k) / 2), k - i
    if i == 0:
        return _fraction((_value(rest, t + e) - _value(rest, t - e)) ** 2)
    ends = {fmpq(j) for j in range(i + 1)}
    ends |= {x for j in range(rest + 1) for x in (t + e - j, t - e - j) if 0 < x < i}
    knots = sorted(ends)
    total = fmpq(0)
    for low, high in pairwise(knots):
        middle = (low + high) / 2
        near = _shifted(rest, t + e, middle) - _shifted(rest, t - e, middle)
        whole = (below(i, int(middle.floor())).derivative() * near * near).integral()
        total += whole(high) - whole(low)
    return _fraction(total)


def one(k: int, z: Fraction, eps: Fraction) -> Fraction:
    """P(abs(A - z) <= eps), A the sum of k samples of U[-1, 1]."""
    e, t = _rational(eps / 2), _rational((z + k) / 2)
    return _fraction(_value(k, t + e) - _value(k, t - e))


def moment_ratio(n: int, k: int, z: Fraction, eps: Fraction) -> Fraction:
    """E[Y^2] / E[Y]^2 for the number Y of k-subsets of n samples of U[-1, 1] within eps of z."""
    hit = one(k, z, eps)
    overlapping = sum(comb(k, i) * comb(n - k, k - i) * both(k, i, z, eps) for i in range(max(2 * k - n, 0), k))
    return (overlapping + hit) / (comb(n, k) * hit**2)


def _shifted(m: int, constant: Any, near: Any) -> Any:
    """F_m(constant - a) as a polynomial in a, for a near `near`."""
    return below(m, int((constant - near).floor()))(fmpq_poly([constant, -1]))


def _value(m: int, x: Any) -> Any:
    return below(m, int(x.floor()))(x)


def _rational(x: Fraction) -> Any:
    return fmpq(x.numerator, x.denominator)


def _fraction(x: Any) -> Fraction:
    return Fraction(int(x.p), int(x.q))
