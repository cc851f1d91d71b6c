"""An attack on certificates of networks of images or sequences, and the domains on which it is made."""

from __future__ import annotations

from typing import Any

import numpy as np

import slth
from slth.networks import Domain, Network
from tests.reference.worst_input import Box, worst_input

DOMAINS = ("unit", "positive", "negative", "away from 0", "below 0", "mixed", "point", "zero", "huge", "tiny", "ball")


def domain_of(kind: str, d: int, rng: np.random.Generator) -> Domain:
    if kind == "ball":
        return slth.Ball(d, 2.0)
    if kind == "mixed":  # every pixel has bounds of its own
        ends = np.sort(rng.uniform(-2, 2, (2, d)), axis=0)
        ends[:, rng.random(d) < 0.2] = 0.5
        return slth.Box(*ends)
    if kind == "point":
        at = rng.uniform(-1, 1, d)
        return slth.Box(at, at)
    ends_of = {
        "unit": (-1, 1), "positive": (0, 1), "negative": (-1, 0), "away from 0": (0.5, 0.75), "below 0": (-0.9, -0.3),
        "zero": (0, 0), "huge": (-1e6, 1e6), "tiny": (-1e-6, 1e-6),
    }  # fmt: skip
    low, high = ends_of[kind]
    return slth.Box(low * np.ones(d), high * np.ones(d))


def attacked(ticket: slth.Ticket, target: Network, rng: np.random.Generator, *, effort: int = 1) -> float:
    """Random points, corners, local search: the largest error found, as a share of the bound, which it must not exceed."""
    shape: Any = target.shapes[0]
    d = ticket.domain.d

    def flat(network: Any) -> Any:
        return lambda x: network(x.reshape(-1, *shape)).reshape(len(x), -1)

    box = Box(ticket.domain.lower, ticket.domain.upper)
    points = box.sample(rng, 60)
    if isinstance(ticket.domain, slth.Box) and (ticket.domain.lower == ticket.domain.upper).all():
        points = points[:1]  # all there is to try
    elif isinstance(ticket.domain, slth.Box):
        worst, _ = worst_input(flat(ticket), flat(target), box, rng=rng, samples=60, restarts=2, steps=4 * effort)
        # one coordinate at a time to its ends, 0 or a random point
        ends = np.array(
            [ticket.domain.lower, ticket.domain.upper, np.clip(np.zeros(d), ticket.domain.lower, ticket.domain.upper)]
        )
        for _ in range(2 * effort - 1):
            for i in rng.permutation(d):
                moved = np.tile(worst, (5, 1))
                moved[1:4, i] = ends[:, i]
                moved[4, i] = box.sample(rng, 1)[0, i]
                worst = moved[np.argmax(np.abs(flat(ticket)(moved) - flat(target)(moved)).max(axis=1))]
        points = np.vstack([worst, points, ends])
    else:
        points *= np.minimum(
            1, ticket.domain.radius / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-300)
        ) * (1 - 1e-12)
    gap = np.abs(flat(ticket)(points) - flat(target)(points)).max(axis=1)
    at = int(np.argmax(gap))
    assert gap[at] <= ticket.error_bound, f"{gap[at]!r} > {ticket.error_bound!r} at {points[at]}"
    return float(gap[at] / ticket.error_bound)
