"""Where an attack may look, and how it moves there: boxes, balls and tokens, of one position or of several.

Inputs are rows (n,) of numbers here. A region proposes inputs to start from and, of an input and the slopes of the error there, where it
may be larger: at the far ends that the slopes point to, for all coordinates or the most promising ones, or part of the way there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slth.networks import Ball, Domain, Embedding, Network

Floats = NDArray[np.float64]

_INSIDE = 1 - 1e-12  # of a radius, so that rounding leaves nothing outside
_PARTS = (0.5, 0.125, 1 / 32, 1 / 128, 1 / 1024)


class Region(Protocol):
    """A set of inputs (n,)."""

    def starts(self, rng: np.random.Generator, count: int) -> Floats:
        """Inputs (count, n): some drawn uniformly, some extreme."""

    def moves(self, x: Floats, slope: Floats) -> Floats:
        """Inputs (m, n) where a function with this slope at x (n,) may be larger."""

    def kicked(self, rng: np.random.Generator, x: Floats) -> Floats:
        """An input near x (n,), some of whose coordinates are drawn anew."""


def region_of(network: Network, domain: Domain, positions: int) -> Region:
    """The inputs of a network, with so many positions where their number is open."""
    groups = positions if None in network.shapes[0] else 1
    first = network.layers[0]
    lower, upper = np.tile(domain.lower, groups), np.tile(domain.upper, groups)
    if isinstance(first, Embedding):
        last = len(first.table) - 1
        return _Tokens(np.clip(np.ceil(lower), 0, last), np.clip(np.floor(upper), 0, last), first.table)
    return _Balls(domain, groups) if isinstance(domain, Ball) else _Cuboid(lower, upper)


@dataclass(frozen=True)
class _Cuboid:
    """All x with lower <= x <= upper, both (n,)."""

    lower: Floats
    upper: Floats

    def starts(self, rng: np.random.Generator, count: int) -> Floats:
        """The ends of the diagonal and the point nearest to 0, then a third inside, a third corners, a third of ends and zeros."""
        share = rng.random((count, len(self.lower)))
        third = max(1, count // 3)
        share[third:] = np.round(share[third:])
        points = self.lower + share * (self.upper - self.lower)
        nearest = np.clip(0.0, self.lower, self.upper)
        points[2 * third :] = np.where(rng.random(points[2 * third :].shape) < 0.3, nearest, points[2 * third :])
        return self._inside(np.vstack([self.lower, self.upper, nearest, points])[:count])

    def moves(self, x: Floats, slope: Floats) -> Floats:
        goal = np.where(slope > 0, self.upper, np.where(slope < 0, self.lower, x))
        gain = slope * (goal - x)
        ranked = np.argsort(-gain, kind="stable")[: max(1, np.count_nonzero(gain > 0))]
        counts = np.unique(np.geomspace(1, len(ranked), 2 + int(np.log2(len(ranked)))).astype(int))
        some = np.tile(x, (len(counts), 1))
        for row, count in zip(some, counts, strict=True):
            row[ranked[:count]] = goal[ranked[:count]]
        part = [x + share * (goal - x) for share in _PARTS]
        span = self.upper - self.lower
        steepest = slope * (span / max(float(span.max()), 1e-300))
        steepest = span * (steepest / max(float(np.abs(steepest).max()), 1e-300))
        along = [x + share * steepest for share in _PARTS]
        return self._inside(np.vstack([some, part, along]))

    def kicked(self, rng: np.random.Generator, x: Floats) -> Floats:
        which = rng.random(len(x)) < 0.5 * len(x) ** -rng.random()
        which[rng.integers(len(x))] = True
        return np.where(which, self.starts(rng, 4)[3], x)

    def _inside(self, x: Floats) -> Floats:
        return np.asarray(np.clip(x, self.lower, self.upper), np.float64)


@dataclass(frozen=True)
class _Balls:
    """Each of so many groups of coordinates in the ball."""

    ball: Ball
    groups: int

    def starts(self, rng: np.random.Generator, count: int) -> Floats:
        """Half inside, half on the sphere."""
        points = self.ball.sample(rng, count * self.groups)
        points[::2] = self._onto(points[::2])
        return self._inside(points.reshape(count, -1))

    def moves(self, x: Floats, slope: Floats) -> Floats:
        parts, slopes = x.reshape(self.groups, -1), slope.reshape(self.groups, -1)
        goal = np.where(slopes.any(axis=1, keepdims=True), self._onto(slopes), parts)
        ranked = np.argsort(-((goal - parts) * slopes).sum(axis=1), kind="stable")
        found = []
        for share in (1.0, *_PARTS):
            moved = parts + share * (goal - parts)
            found += [moved, self._onto(moved)]
            if share > _PARTS[2] and self.groups > 1:
                one = parts.copy()
                one[ranked[0]] = moved[ranked[0]]
                found.append(one)
        return self._inside(np.array(found).reshape(len(found), -1))

    def kicked(self, rng: np.random.Generator, x: Floats) -> Floats:
        noise = rng.standard_normal(x.shape) * self.ball.radius / np.sqrt(self.ball.d)
        return self._inside(x + 0.3 * noise)

    def _onto(self, parts: Floats) -> Floats:
        """Rows pulled out to the sphere; 0 stays."""
        largest = np.abs(parts).max(axis=1, keepdims=True)  # first, so that no square overflows or vanishes
        scaled = parts / np.where(largest > 0, largest, 1.0)
        norms = np.linalg.norm(scaled, axis=1, keepdims=True)
        return np.asarray(scaled * (self.ball.radius * _INSIDE / np.where(norms > 0, norms, 1.0)))

    def _inside(self, x: Floats) -> Floats:
        parts = x.reshape(-1, self.ball.d)
        norms = np.linalg.norm(parts / self.ball.radius, axis=1, keepdims=True)
        return np.asarray(np.where(norms > _INSIDE, self._onto(parts), parts).reshape(x.shape))


@dataclass(frozen=True)
class _Tokens:
    """Whole numbers from lower to upper, both (n,), that a table (tokens, d) is asked for."""

    lower: Floats
    upper: Floats
    table: Floats

    def starts(self, rng: np.random.Generator, count: int) -> Floats:
        size = (count, len(self.lower))
        return rng.integers(self.lower.astype(int), self.upper.astype(int), size, endpoint=True).astype(np.float64)

    def moves(self, x: Floats, slope: Floats) -> Floats:
        """Swap tokens by the slope with respect to their vectors (n, d): the best for each position, and the best swaps of one."""
        worth = slope @ self.table.T
        worth -= worth[np.arange(len(x)), x.astype(int)][:, None]
        every = np.arange(len(self.table))
        worth[(every < self.lower[:, None]) | (every > self.upper[:, None])] = -np.inf
        goal = worth.argmax(axis=1)
        ranked = np.argsort(-worth.max(axis=1), kind="stable")
        found = []
        for count in np.unique(np.geomspace(1, len(x), 2 + int(np.log2(len(x)))).astype(int)):
            found.append(x.copy())
            found[-1][ranked[:count]] = goal[ranked[:count]]
        for swap in np.argsort(-worth, axis=None, kind="stable")[:8]:
            place, token = divmod(int(swap), len(self.table))
            if np.isfinite(worth[place, token]):
                found.append(x.copy())
                found[-1][place] = token
        return np.array(found)

    def kicked(self, rng: np.random.Generator, x: Floats) -> Floats:
        which = rng.random(len(x)) < 0.2
        which[rng.integers(len(x))] = True
        return np.where(which, self.starts(rng, 1)[0], x)
