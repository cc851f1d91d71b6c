"""Probabilities of windows for one and for two standard normal variables, as balls."""

from __future__ import annotations

from typing import Any

from flint import acb, arb


def window(u: Any, eta: Any) -> Any:
    """P(abs(A - u) <= eta), A standard normal: a ball."""
    root = arb(2).sqrt()
    return ((arb(u) + eta) / root).erf() / 2 - ((arb(u) - eta) / root).erf() / 2


def pair(rho: Any, u: Any, eta: Any) -> Any:
    """P(abs(A - u) <= eta and abs(B - u) <= eta), standard normal of correlation rho: a ball."""
    root, rest = arb(2).sqrt(), (2 * (1 - arb(rho) ** 2)).sqrt()

    def given(x: Any, _: bool) -> Any:
        high, low = ((arb(u) + end - arb(rho) * x) / rest for end in (arb(eta), -arb(eta)))
        return (-(x**2) / 2).exp() * (high.erf() - low.erf())

    total = acb.integral(given, acb(arb(u) - eta), acb(arb(u) + eta)).real
    return total / (2 * root * arb.pi().sqrt())
