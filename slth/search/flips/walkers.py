"""Many masks that walk at once by swaps, each on random numbers of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.search.flips.landscape import Floats
from slth.search.flips.method import Task
from slth.search.flips.sizes import Ints, Masks
from slth.search.method import DRAWS, SCORES
from slth.search.result import SearchError
from slth.threads import in_order

_TOGETHER: Final = 4096  # steps in one call

Slacks = Callable[[int, Ints, np.random.Generator], Floats]
Numbers = Callable[[int, Ints, np.random.Generator], Ints]


class Walkers:
    """`count` masks of a task, random at first.

    Attributes
    ----------
    orders, masks : (count, m)
    losses, lowest : (count,)
        Of the masks now, and the lowest each has seen.
    lowest_masks : (count, m) bool
    """

    def __init__(self, task: Task, count: int) -> None:
        self.task = task
        self.orders = np.stack(
            [task.sizes.random_order(np.random.default_rng([task.seed, SCORES, row])) for row in range(count)]
        )
        self.masks = task.sizes.masks(self.orders)
        self.losses = losses_of(task, self.masks)
        self.lowest, self.lowest_masks = self.losses.copy(), self.masks.copy()

    def walk(
        self, first: int, count: int, slacks: Slacks, rows: list[int] | None = None, numbers: Numbers | None = None
    ) -> Ints:
        """Do steps first, ..., first + count - 1 of some rows.

        Parameters
        ----------
        slacks : callable
            (row, numbers of steps, random) -> how much each step may raise the loss.
        rows : list of int, optional
            All by default.
        numbers : callable, optional
            (row, numbers of steps, random) -> which swap each tries; a random one by default.

        Returns
        -------
        last : (count,) int64
            Of each row the step after its last accepted one; `first` if there is none.
        """
        last = np.full(len(self.masks), first)
        if self.task.sizes.swaps == 0:
            return last
        chosen = range(len(self.masks)) if rows is None else rows
        tried = self._random if numbers is None else numbers

        def one(row: int) -> int:
            here, found, at = slice(row, row + 1), first, first
            while at < first + count:
                stop = min(first + count, (at // _TOGETHER + 1) * _TOGETHER)
                random = np.random.default_rng([self.task.seed, DRAWS, row, at])
                steps = np.arange(at, stop)
                places = self.task.sizes.places(tried(row, steps, random))[None]
                accepted = self.task.landscape.swap(
                    self.masks[here], self.losses[here], self.orders[here], places, slacks(row, steps, random)[None],
                    self.lowest_masks[here], self.lowest[here],
                )  # fmt: skip
                if accepted[0, 0]:
                    found = at + int(accepted[0, 1])
                at = stop
            return found

        for row, found in zip(chosen, in_order(one, chosen, self.task.workers), strict=True):
            last[row] = found
        return last

    def _random(self, row: int, steps: Ints, random: np.random.Generator) -> Ints:
        return random.integers(self.task.sizes.swaps, size=steps.size)

    def best(self) -> Masks:
        """(m,): of all rows the first of the lowest."""
        best: Masks = self.lowest_masks[int(self.lowest.argmin())]
        return best

    def mean(self) -> float:
        """Of the losses now."""
        return float(self.losses.mean())

    def state(self) -> dict[str, NDArray[Any]]:
        """All that a walk depends on: losses are those of the masks, evaluated anew."""
        return {
            "orders": self.orders,
            "losses": self.losses,
            "lowest": self.lowest,
            "lowest_masks": np.packbits(self.lowest_masks, axis=1),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where `state` was taken."""
        self.orders[:], self.losses[:], self.lowest[:] = state["orders"], state["losses"], state["lowest"]
        self.masks[:] = self.task.sizes.masks(self.orders)
        self.lowest_masks[:] = np.unpackbits(state["lowest_masks"], axis=1, count=self.task.sizes.size)


class Walking:
    """What searchers have in common whose masks are `Walkers`: a subclass says in `advance` how they walk."""

    def __init__(self, task: Task, count: int) -> None:
        self._task, self._walkers = task, Walkers(task, count)

    def best(self) -> Masks:
        return self._walkers.best()

    def mean(self) -> float:
        return self._walkers.mean()

    def finished(self) -> str | None:
        return None

    def state(self) -> dict[str, NDArray[Any]]:
        return self._walkers.state()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._walkers.restore(state)


def losses_of(task: Task, masks: Masks) -> Floats:
    """(n,) of masks (n, m), in threads.

    Raises
    ------
    SearchError
        If one is not finite.
    """
    found = np.concatenate(list(in_order(lambda mask: task.landscape.losses(mask[None]), masks, task.workers)))
    if not np.isfinite(found).all():
        raise SearchError(
            f"the loss of a mask is {found[~np.isfinite(found)][0]}: the outputs overflow; scale the source's weights down "
            "(scale='kaiming')"
        )
    return found


def usual_change(task: Task, walkers: Walkers, tries: int = 64) -> float:
    """Mean change of the loss, either way, by a random swap of the first mask that changes it: what temperatures are measured in."""
    if task.sizes.swaps == 0:
        return 1.0
    random = np.random.default_rng([task.seed, SCORES, 0, 1])  # 0, 1: of no row
    places = task.sizes.places(random.integers(task.sizes.swaps, size=tries))
    orders = np.repeat(walkers.orders[:1], tries, axis=0)
    rows = np.arange(tries)
    a, b = places.T
    orders[rows, a], orders[rows, b] = orders[rows, b], orders[rows, a]
    changes = np.abs(losses_of(task, task.sizes.masks(orders)) - walkers.losses[0])
    return float(changes[changes > 0].mean()) if changes.any() else 1.0
