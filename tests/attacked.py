"""Certificates under attack by the search of the library, and the domains on which they are."""

from __future__ import annotations

from typing import Any

import numpy as np

import slth
from slth.networks import Domain, Network

# of every coordinate
ENDS = {
    "unit": (-1, 1), "positive": (0, 1), "negative": (-1, 0), "away from 0": (0.5, 0.75), "below 0": (-0.9, -0.3), "zero": (0, 0),
    "huge": (-1e6, 1e6), "tiny": (-1e-6, 1e-6),
}  # fmt: skip
RADII = {"ball": 2.0, "unit ball": 1.0, "small ball": 1e-6, "big ball": 1e6}


def domain_of(kind: str, d: int, rng: np.random.Generator) -> Domain:
    """A box of `ENDS`, a ball of `RADII`, "mixed" (bounds of its own for every coordinate) or a "point"."""
    if kind in RADII:
        return slth.Ball(d, RADII[kind])
    if kind == "mixed":
        ends = np.sort(rng.uniform(-2, 2, (2, d)), axis=0)
        ends[:, rng.random(d) < 0.2] = 0.5
        return slth.Box(*ends)
    if kind == "point":
        at = rng.uniform(-1, 1, d)
        return slth.Box(at, at)
    low, high = ENDS[kind]
    return slth.Box(low * np.ones(d), high * np.ones(d))


def attacked(ticket: slth.Ticket, target: Network, rng: np.random.Generator, *, effort: int = 1, **more: Any) -> float:
    """The largest error found, as a share of the bound, which it must not exceed."""
    found = ticket.attack(target, starts=4, steps=6 * effort, rng=rng, **more)
    parts = found.x.reshape(-1, ticket.domain.d)
    assert ((ticket.domain.lower <= parts) & (parts <= ticket.domain.upper)).all()
    if isinstance(ticket.domain, slth.Ball):
        assert (np.linalg.norm(parts / ticket.domain.radius, axis=1) <= 1).all()
    assert found.error == ticket.error(found.x[None], target)
    assert found.error <= ticket.error_bound, f"{found.error!r} > {ticket.error_bound!r} at {found.x}"
    return found.error / ticket.error_bound
