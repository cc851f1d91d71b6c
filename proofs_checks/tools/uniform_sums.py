"""The density f_k of a sum of k independent U[-1, 1], enclosed: exactly for one k, and by its Fourier integral for all k from some on.

Fourier inversion, with t = s / sqrt(k):   g_k(y) = sqrt(k) f_k(y sqrt(k)) = (1/pi) int_0^oo cos(s y) sinc(s / sqrt(k))^k ds,   k >= 2.

Taking logarithms in Euler's product sinc(u) = prod_m (1 - u^2 / (m pi)^2) gives, for 0 <= u < pi,

    sinc(u) = exp(-u^2/6 - u^4/180 - R(u)),   R(u) = sum_(j >= 3) zeta(2j) u^(2j) / (j pi^(2j)),

in which no coefficient is negative: sinc(u) <= exp(-u^2/6), and R(u) / u^6 and (u^4/180 + R(u)) / u^4 increase with u. Beyond pi,
abs(sinc(u)) <= 1/u.
"""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq, fmpz

CUT = fmpq(3, 2)  # in u: below it the exponential is expanded, beyond it everything is a tail


def scaled_density(k: int, y: Any) -> Any:
    """g_k(y) for an arb y, by the alternating sum over knots; k = 1 is taken on the closed interval, where it is 1/2."""
    root = arb(k).sqrt()
    if k == 1:
        return arb(fmpq(1, 2)) if abs(y) <= 1 else arb(0)
    total = arb(0)
    for j in range(k + 1):
        reach = y * root + k - 2 * j
        if reach > 0:
            total += (-1) ** j * arb(fmpz.bin_uiui(k, j)) * reach ** (k - 1)
        else:
            # at a knot itself (k a square, y = 1) the ball contains 0, and the term is below its (k - 1)-st power
            total += abs(reach) ** (k - 1) * arb(0, 1) * arb(fmpz.bin_uiui(k, j)) if reach.contains(0) else 0
    return root * total / (arb(2) ** k * arb.fac_ui(k - 1))


def limit_density(y: int) -> Any:
    """sqrt(3 / (2 pi)) exp(-3 y^2 / 2), the limit of g_k(y)."""
    return (3 / (2 * arb.pi())).sqrt() * (arb(fmpq(-3 * y * y, 2))).exp()


def edgeworth_error(k: int) -> Any:
    """A number D with abs(g_m(1) / g_oo(1) - 1 - 3/(10 m)) <= D / m^2 for all m >= k; k >= 16.

    With q = s^4 / (180 m) and w = m (u^4/180 + R(u)), u = s / sqrt(m), the integrand is cos(s) exp(-s^2/6) exp(-w), and that of the
    right-hand side is cos(s) exp(-s^2/6) (1 - q). As q <= w and 1 - w <= exp(-w) <= 1 - w + w^2/2,

        -m R(u)  <=  exp(-w) - (1 - q)  <=  w^2/2,

    so the part s <= a sqrt(m), a = `CUT`, contributes at most the integral of exp(-s^2/6) (r s^6 + l^2 s^8 / 2) / m^2, where r = R(a) /
    a^6 and l = (a^4/180 + R(a)) / a^4. What is left are three tails, each of which falls faster than 1/m^2 from m = 16 on, so that their
    values at m = k suffice:

        int_(a sqrt(m))^oo exp(-s^2/6) ds                   <=  3 exp(-a^2 m/6) / (a sqrt(m)),         twice,
        int_(a sqrt(m))^oo exp(-s^2/6) s^4 / (180 m) ds     <=  a^3 sqrt(m) exp(-a^2 m/6) / 30,        for a^2 m >= 24,
        int_(pi sqrt(m))^oo abs(sinc(s / sqrt(m)))^m ds     <=  sqrt(m) pi^(1 - m) / (m - 1).

    (s^4 exp(-s^2/12) falls for s^2 >= 24; m^(5/2) exp(-a^2 m/6) falls for m > 15/a^2, m^(3/2) exp(-a^2 m/6) before, m^(5/2) pi^-m / (m -
    1) too.)
    """
    if k < 16:
        raise ValueError(f"the tails need k >= 16, got {k}")
    a, m = arb(CUT), arb(k)
    exponent = -(a.sin() / a).log() - a**2 / 6  # a^4/180 + R(a)
    fourth, sixth = exponent / a**4, (exponent - a**4 / 180) / a**6
    # int_0^oo s^(2j) exp(-s^2/6) ds = 3^j (2j - 1)!! sqrt(6 pi) / 2
    gauss = (6 * arb.pi()).sqrt() / 2
    body = gauss * (27 * 15 * sixth + 81 * 105 * fourth**2 / 2)
    fall = (-(a**2) * m / 6).exp()
    tails = 6 * fall / (a * m.sqrt()) + a**3 * m.sqrt() * fall / 30 + far_tail(k)
    return (body + m**2 * tails) / (arb.pi() * limit_density(1))


def far_tail(k: int) -> Any:
    """int_(pi sqrt(k))^oo abs(sinc(s / sqrt(k)))^k ds <= sqrt(k) pi^(1 - k) / (k - 1), which falls with k >= 2."""
    return arb(k).sqrt() * arb.pi() ** (1 - k) / (k - 1)
