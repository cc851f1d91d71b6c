"""Local search over many moves at once: a few dozen flips or swaps of the right magnitude, and the best of their 2^free combinations."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum import closest
from slth.subset_sum.batch import Batch
from slth.subset_sum.heuristics.long_row import LongRow
from slth.validation import positive_int

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LocalSearch:
    """From the greedy subset on: choose `free` disjoint moves, solve for their best combination exactly, repeat.

    A move flips a sample (with bounds on the size: swaps one in for one out). Moves of opposite sign and nearly equal magnitude pair up
    into much smaller ones, and those again, until they are of the magnitude of the distance left; so a round brings the sum
    about 2^-free of that closer. Stops after `patience` rounds in a row without improvement, after `rounds`, or at error 0.
    """

    rounds: int = 64
    free: int = 32
    patience: int = 8
    pool: int = 4096

    def __post_init__(self) -> None:
        for name in ("rounds", "free", "patience", "pool"):
            positive_int(getattr(self, name), name)
        if self.free > closest.LISTED_TO:
            raise ValueError(f"free must be from 1 to {closest.LISTED_TO}, got {self.free}")

    def improve(
        self, row: LongRow, chosen: NDArray[np.bool_], rng: np.random.Generator, deadline: float | None
    ) -> NDArray[np.bool_]:
        """A subset at least as close as `chosen`, of an allowed size."""
        chosen = chosen.copy()
        rest = row.rest(chosen)
        idle = 0
        for _ in range(self.rounds):
            if not rest or idle >= self.patience or (deadline is not None and time.monotonic() >= deadline):
                break
            moves = self._moves(row, chosen, abs(float(rest)), rng)
            if not moves.values.size:
                break
            batch = Batch.read(moves.values[None], np.array([float(rest)]))
            mask = int(closest.by_join(batch, np.zeros(1, np.int64))[0][0])
            picked = [i for i in range(moves.values.size) if mask >> i & 1]
            flipped = [int(j) for i in picked for j in moves.members[i]]
            changed = rest + sum((1 if chosen[j] else -1) * row.exact(j) for j in flipped)
            if abs(changed) < abs(rest):
                rest, idle = changed, 0
                chosen[flipped] = ~chosen[flipped]
            else:
                idle += 1
        return chosen

    def _moves(self, row: LongRow, chosen: NDArray[np.bool_], rest: float, rng: np.random.Generator) -> _Moves:
        """At most `free` disjoint moves of about the magnitude of the rest, out of a random part of the row."""
        count = min(row.n, self.pool)
        pool = np.sort(rng.choice(row.n, count, replace=False)) if count < row.n else np.arange(count)
        values = row.samples[pool]
        pool = pool[values != 0] if not row.sized else pool
        if row.sized:
            moves = _Moves.swaps(row, chosen, pool, rng)
        else:
            change = np.where(chosen[pool], -1, 1) * row.samples[pool]
            moves = _Moves(change.astype(np.float64), pool[:, None])
        while moves.values.size > 2 * self.free:
            magnitudes = np.abs(moves.values)
            if np.partition(magnitudes, self.free)[self.free] <= 2 * rest:
                break
            paired = moves.paired()
            if paired.values.size < self.free:
                break
            moves = paired
        if moves.values.size > self.free:
            with np.errstate(divide="ignore"):
                far = np.abs(np.log(np.abs(moves.values)) - np.log(rest))
            near = np.argsort(far, kind="stable")[: 2 * self.free]
            moves = moves.part(np.sort(rng.choice(near, min(self.free, near.size), replace=False)))
        return moves


@dataclass(frozen=True, eq=False)
class _Moves:
    """values (k,): what each adds to the sum; members (k, w): the samples it flips."""

    values: Floats
    members: NDArray[np.int64]

    @classmethod
    def swaps(
        cls, row: LongRow, chosen: NDArray[np.bool_], pool: NDArray[np.int64], rng: np.random.Generator
    ) -> _Moves:
        inside, outside = rng.permutation(pool[chosen[pool]]), rng.permutation(pool[~chosen[pool]])
        count = min(inside.size, outside.size)
        out, into = inside[:count], outside[:count]
        values = (row.samples[into] - row.samples[out]).astype(np.float64)
        moves = cls(values, np.stack([out, into], axis=1))
        return moves.part(np.flatnonzero(values))

    def part(self, which: NDArray[np.int64]) -> _Moves:
        return _Moves(self.values[which], self.members[which])

    def paired(self) -> _Moves:
        """Each positive move with the negative one next in magnitude, where they are neighbours; sums that are zero are dropped."""
        order = np.argsort(np.abs(self.values), kind="stable")
        signs = np.sign(self.values[order])
        pairs = []
        at = 0
        for k in range(1, order.size):
            if k > at and signs[k] != signs[k - 1]:
                pairs.append((order[k - 1], order[k]))
                at = k + 1
        both = np.array(pairs, np.int64).reshape(-1, 2)
        values = self.values[both[:, 0]] + self.values[both[:, 1]]
        moves = _Moves(values, np.concatenate([self.members[both[:, 0]], self.members[both[:, 1]]], axis=1))
        return moves.part(np.flatnonzero(values))
