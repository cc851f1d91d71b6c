"""Explicit random subset sum for targets beyond the reach of one sample: what `rss_n_reach` adds to `rss_n_explicit`.

One group of samples covers [-r, r], r = a or 2a. The samples of the other group with size at most 2a bring a target of [-L, L] there, one
after the other, if those of its sign add up to at least L - r.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import sympy
from flint import arb

from proofs_checks.lemma import lemma, require
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_most
from slth.bounds.subset_sums.explicit import rss_n_explicit, rss_n_explicit_full
from slth.bounds.subset_sums.reach import rss_n_reach

_BOUNDS = ("rss_n_reach", "pensia_width_explicit")
_CITES = ("slth", "dacunha2023revisiting")


@lemma(
    "step 1, carrying a target into the covered interval",
    means="exact",
    scope="all sequences of up to 5 whole parts in 1, ..., 2a, a = 1, 2, r = a and 2a, all whole targets from r to r plus their sum",
    bounds=_BOUNDS,
    cites=_CITES,
    control=3,
)
def carried(longest: int = 2) -> str:
    """Let 0 < a <= r, let y_1, ..., y_m be in (0, 2a], and r <= z <= r + y_1 + ... + y_m. If one goes through the y_i and subtracts each
    from z as long as z > r, then z ends in [-r, r].

    Above r a part of at most 2a <= 2r leaves more than -r; below, nothing is subtracted any more; and if z were above r at the end, all
    parts would have been subtracted. A target below -r is its mirror image.
    """
    cases = 0
    for a, m in product((1, 2), range(1, 6)):
        for r, parts in product((a, 2 * a), product(range(1, longest * a + 1), repeat=m)):
            z = np.arange(r, r + sum(parts) + 1)
            for part in parts:
                z = np.where(z > r, z - part, z)
            require(
                (np.abs(z) <= r).all(),
                f"parts {parts} bring some target to {z[np.abs(z).argmax()]}, outside [-{r}, {r}]",
            )
            cases += z.size
    return f"{cases:,} targets, all in [-r, r] in the end"


@lemma(
    "step 2, the transform of a part",
    means="symbolic",
    scope="all a, lambda > 0",
    bounds=_BOUNDS,
    cites=_CITES,
)
def transform() -> str:
    """If Y has at least the density c on (0, 2a] and is 0 otherwise, then E exp(-lambda Y) <= 1 - c (2a - (1 - exp(-2 a lambda)) / lambda)
    for lambda > 0.

    1 - E exp(-lambda Y) is the integral of (1 - exp(-lambda y)) >= 0 over the law of Y, so at least c times the integral over (0, 2a].
    """
    y, a, rate = sympy.symbols("y a lambda", positive=True)
    integral = sympy.integrate(1 - sympy.exp(-rate * y), (y, 0, 2 * a))
    formula = 2 * a - (1 - sympy.exp(-2 * a * rate)) / rate
    require(sympy.simplify(integral - formula) == 0, f"the integral is {integral}")
    return "integral of 1 - exp(-lambda y) over (0, 2a] = 2a - (1 - exp(-2 a lambda)) / lambda"


@lemma(
    "step 3, the samples that carry",
    means="statistical",
    scope="U[-1, 1] (a = c = 1/2), L = 1.5, 2, 3, 6, delta = 0.5; 100,000 draws each",
    bounds=_BOUNDS,
    cites=_CITES,
    false_alarm=1e-9,
    control=0.35,
)
def samples_that_carry(share: float = 1.0) -> str:
    """The second group of `rss_n_reach` has parts of either sign that add up to at least L - r, except with probability delta / 2:
    P(sum < s) <= exp(lambda s) (E exp(-lambda Y))^m for each sign and every lambda > 0, and the first group fails with delta / 2.
    """
    rng, draws, delta = np.random.default_rng(20), 100_000, 0.5
    found = []
    for reach in (1.5, 2.0, 3.0, 6.0):
        n = rss_n_reach(0.1, delta, reach)
        # the group that covers [-1, 1] is the cheaper one for these
        m, distance = n - rss_n_explicit_full(0.1, delta / 2), reach - 1.0
        require(m < n - rss_n_explicit(0.1, delta / 2), "the group that covers [-1/2, 1/2] is larger")
        m = round(share * m)
        parts = rng.uniform(-1, 1, (draws, m)).astype(np.float32)
        short = (np.maximum(parts, 0).sum(axis=1) < distance) | (np.maximum(-parts, 0).sum(axis=1) < distance)
        failed = int(short.sum())
        probability_at_most(delta / 2, failed, draws, 1e-9, f"L = {reach:g}, m = {m}")
        found.append(f"{reach:g}: {failed / draws:.3f}")
    return f"share of draws that fall short, by L: {', '.join(found)}; at most {delta / 2:g} allowed"


@lemma(
    "the bound as computed",
    means="exact",
    scope="400 random arguments: 2^-4 <= a <= 16, L up to 12a, err down to 1e-6, delta down to 1e-6; enclosed in balls",
    bounds=_BOUNDS,
    cites=_CITES,
)
def enough_and_few() -> str:
    """rss_n_reach(err, delta, L, a, c) is at least ceil(cover_r) + ceil(carry_r) for r = a or r = 2a and some lambda > 0, where, with share
    = delta / 2 if r < L and delta if not, cover_r = ln(2 r^2 / ((err / 2)^2 share)) / -ln(1 - ac), and carry_r, 0 if r >= L, is what step 2
    gives: (lambda (L - r) + ln(4 / delta)) / -ln(1 - c (2a - (1 - exp(-2 a lambda)) / lambda)). And no r and lambda tried need less.

    3,601 values of lambda are tried in floats, of which the best is enclosed.
    """
    rng, largest = np.random.default_rng(21), 0
    for _ in range(400):
        a, ac = float(2.0 ** rng.integers(-4, 5)), float(rng.uniform(0.02, 0.25))
        c, L, delta = (
            ac / a,
            a * float(rng.uniform(0, 3) if rng.integers(2) else rng.uniform(0, 12)),
            float(10 ** -rng.uniform(0, 6)),
        )
        err = 2 * a * float(10 ** -rng.uniform(0, 6))
        found = rss_n_reach(err, delta, L, a, c)
        with precision(128):
            needed = min(_cover(r, err, delta, L, a, c) + _carry(r, delta, L, a, c) for r in (a, 2 * a))
        require(found == needed, f"{found} instead of {needed} at {err=}, {delta=}, {L=}, {a=}, {c=}")
        largest = max(largest, found)
    return f"equal at every point; the largest is {largest}"


def _cover(r: float, err: float, delta: float, L: float, a: float, c: float) -> int:
    share = arb(delta) / 2 if r < L else arb(delta)
    return _ceil((2 * (2 * arb(r) / arb(err)) ** 2 / share).log() / -(1 - arb(a) * arb(c)).log())


def _carry(r: float, delta: float, L: float, a: float, c: float) -> int:
    if r >= L:
        return 0
    rates = np.logspace(-3, 6, 3601) / (2 * a)
    steps = (rates * (L - r) + np.log(4 / delta)) / -np.log1p(-c * (2 * a + np.expm1(-2 * a * rates) / rates))
    rate = arb(float(rates[steps.argmin()]))
    kept = 1 - arb(c) * (2 * arb(a) - (1 - (-2 * arb(a) * rate).exp()) / rate)
    return _ceil((rate * (arb(L) - arb(r)) + (4 / arb(delta)).log()) / -kept.log())


def _ceil(x: Any) -> int:
    whole = x.ceil().unique_fmpz()
    require(whole is not None, f"{x} is too close to a whole number")
    return max(int(whole), 0)
