"""The pilot of a size: levels of the loss from the bulk down to epsilon, and how far to move at each, found adaptively and then held
fixed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from slth.census.sampled.walkers import Array, Masks, Walker

KEEP = 0.25  # share of the particles that should reach the next level
MOST_STEPS = 400
MOST_SWAPS = 32  # a step
PATIENCE = 6  # times that particles are moved on without any of them getting lower


@dataclass(frozen=True, eq=False)
class Ladder:
    """Levels and moves for the masks of one size.

    Attributes
    ----------
    levels : (L,) float64
        Descending, the last is epsilon.
    steps, swaps : (L - 1,) int64
        After each level but the last: steps of every particle, and most swaps of a step.
    log_shares : (L,) float64
        The pilot's own estimate of the share of masks within each level; -inf where it saw none.
    """

    levels: Array
    steps: NDArray[np.int64]
    swaps: NDArray[np.int64]
    log_shares: Array

    @property
    def reached(self) -> bool:
        """Whether the pilot saw a mask within epsilon."""
        return bool(self.log_shares[-1] > -math.inf)

    def row(self) -> Array:
        """All of it as one row of numbers."""
        return np.concatenate([self.levels, self.steps, self.swaps, self.log_shares])

    @staticmethod
    def of_row(row: Array) -> Ladder:
        """The ladder that wrote a row.

        Raises
        ------
        ValueError
            If none did.
        """
        count = (row.size + 2) // 4
        if row.size != 4 * count - 2 or count < 1:
            raise ValueError(f"the store holds a ladder of {row.size} numbers; it is damaged, delete it")
        levels, steps, swaps, shares = np.split(row, [count, 2 * count - 1, 3 * count - 2])
        return Ladder(levels, steps.astype(np.int64), swaps.astype(np.int64), shares)


def random_masks(count: int, m: int, size: int, rng: np.random.Generator) -> Masks:
    """(count, m) uniform masks of a size."""
    masks = np.zeros((count, m), np.bool_)
    masks[:, :size] = True
    return np.asarray(rng.permuted(masks, axis=1))


def resampled(survivors: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`count` of the survivors, each as often in the mean and as nearly as often as can be."""
    whole, rest = divmod(count, survivors.size)
    return np.concatenate([np.tile(survivors, whole), rng.choice(survivors, rest, replace=False)])


@dataclass
class _Pilot:
    """Particles on their way down."""

    walker: Walker
    masks: Masks
    losses: Array
    rng: np.random.Generator
    swaps: int = 1
    levels: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    most: list[int] = field(default_factory=list)
    log_shares: list[float] = field(default_factory=list)
    log_share: float = 0.0

    def next_level(self) -> float | None:
        """The loss that a share KEEP of the particles has at most; one further down where too many have it; None if no particle is
        lower."""
        margin = self.walker.margin
        beaten = (
            self.levels[-1] - 2 * margin if self.levels else math.inf
        )  # what the level was set for, less the margin
        ordered = np.sort(self.losses)
        level = ordered[math.ceil(KEEP * ordered.size) - 1]
        if level >= beaten:
            below = ordered[ordered < beaten]
            if not below.size:
                return None
            level = below[-1]
        elif np.mean(ordered <= level + margin) > 0.6:  # many have the same loss
            below = ordered[ordered < level - margin]
            if below.size > 0.1 * ordered.size:
                level = below[-1]
        return float(level)

    def reach(self, level: float) -> None:
        survivors = np.flatnonzero(self.losses <= level)
        self.log_share += math.log(survivors.size / self.losses.size) if survivors.size else -math.inf
        self.levels.append(level)
        self.log_shares.append(self.log_share)
        if survivors.size:
            chosen = resampled(survivors, self.losses.size, self.rng)
            self.masks, self.losses = self.masks[chosen], self.losses[chosen]

    def tune(self, turnover: float) -> tuple[int, int]:
        """Steps and most swaps a step so that about `turnover` swaps are accepted by every particle, by a few steps of all of them."""
        size = int(self.masks[0].sum())
        most_swaps = max(1, min(size, self.masks.shape[1] - size, MOST_SWAPS))
        self.swaps = min(self.swaps, most_swaps)
        rate = 0.0
        for _ in range(6):
            rate = self.move(4, self.swaps)
            if rate > 0.5 and 2 * self.swaps <= most_swaps:
                self.swaps *= 2
            elif rate < 0.15 and self.swaps > 1:
                self.swaps //= 2
            else:
                break
        each = max(rate, 1 / MOST_STEPS) * (self.swaps + 1) / 2
        return int(np.clip(math.ceil(turnover / each), 8, MOST_STEPS)), self.swaps

    def move(self, steps: int, swaps: int) -> float:
        """Rate of acceptance."""
        accepted = self.walker.swap(self.masks, self.losses, self.levels[-1], steps, swaps, self.rng)
        return accepted / (steps * self.losses.size)


def pilot(walker: Walker, m: int, size: int, particles: int, rng: np.random.Generator) -> Ladder:
    """Levels and moves for the masks of a size out of m, by adaptive multilevel splitting (Cerou and Guyader 2007)."""
    masks = random_masks(particles, m, size, rng)
    state = _Pilot(walker, masks, walker.losses(masks), rng)
    turnover = max(4.0, min(size, m - size) / 2)
    steps, swaps, patience = 0, 1, PATIENCE
    while True:
        level = state.next_level()
        if level is not None and level > walker.epsilon:
            state.reach(level + walker.margin)
            steps, swaps = state.tune(turnover)
            state.move(steps, swaps)
            state.steps.append(steps)
            state.most.append(swaps)
            patience = PATIENCE
        elif level is None and patience and 0 < size < m:
            patience -= 1
            steps, swaps = MOST_STEPS, state.most[-1]
            state.move(steps, swaps)
            state.steps[-1] = min(state.steps[-1] + steps, 2 * MOST_STEPS)
        else:
            state.reach(walker.epsilon)
            break
    return Ladder(
        np.array(state.levels),
        np.array(state.steps, np.int64),
        np.array(state.most, np.int64),
        np.array(state.log_shares),
    )
