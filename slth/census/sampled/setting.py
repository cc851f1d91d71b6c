"""What both sampled methods begin with: the walker, the sizes, the seed, the store, and the sizes of which every mask can be looked
at."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.census.question import Question
from slth.census.sampled.dense_walkers import walker_of
from slth.census.sampled.ladder import Ladder, pilot
from slth.census.sampled.store import Store, digest_of
from slth.census.sampled.walkers import Walker, with_inputs
from slth.threads import in_order, progress_bar
from slth.validation import positive_float, worker_count

EVERY_SIZE: Final = 64  # parameters up to which all sizes are asked by default
SPREAD: Final = 33  # sizes of a larger network
LOOK_AT_ALL: Final = 2048  # masks of a size up to which each is evaluated
PILOT, RUN = 0, 1  # what a generator is for


@dataclass(frozen=True, eq=False)
class Setting:
    """A sampled census about to run."""

    question: Question
    walker: Walker
    sizes: NDArray[np.int64]
    confidence: float
    store: Store
    workers: int
    progress: bool

    @property
    def m(self) -> int:
        """Weights and biases that are not zero."""
        return self.question.parameters.count

    @property
    def sampled(self) -> list[int]:
        """The sizes that have to be sampled."""
        return [size for size in self.sizes.tolist() if not (self.all_count or self.few(size))]

    @property
    def all_count(self) -> bool:
        """Whether every mask counts."""
        return self.question.epsilon == math.inf

    def few(self, size: int) -> bool:
        """Whether there are so few masks of a size that each is evaluated."""
        return math.comb(self.m, min(size, self.m - size, 3)) <= LOOK_AT_ALL and math.comb(self.m, size) <= LOOK_AT_ALL

    def looked_at(self) -> dict[int, int]:
        """Of sizes with few masks, how many are within epsilon."""
        if self.all_count:
            return {}
        return {size: self._look(size) for size in self.sizes.tolist() if self.few(size)}

    def _look(self, size: int) -> int:
        kept = np.array(list(itertools.combinations(range(self.m), size)), np.int64)
        masks = np.zeros((len(kept), self.m), np.bool_)
        np.put_along_axis(masks, kept, True, axis=1)
        return int((self.walker.losses(masks) <= self.walker.epsilon).sum())

    def ladders(self, sizes: list[int], particles: int, bar: Any) -> dict[int, Ladder]:
        """Of each size, from the store or a pilot of its own."""

        def work(size: int) -> Ladder:
            row = self.store.get(f"ladder.{size}")
            if row is None:
                row = pilot(self.walker, self.m, size, particles, self.store.rng(PILOT, size)).row()
                self.store.put(f"ladder.{size}", row)
            bar.update()
            return Ladder.of_row(row)

        return dict(zip(sizes, in_order(work, sizes, self.workers), strict=True))

    def runs(
        self,
        keys: list[tuple[int, int]],
        length: Callable[[int], int],
        run: Callable[[int, int], NDArray[Any]],
        bar: Any,
    ) -> Iterator[NDArray[np.float64]]:
        """``run(place, number)`` of each (place, number), or what the store has of it, rows of ``length(place)``, in order."""

        def work(key: tuple[int, int]) -> NDArray[np.float64]:
            name = f"run.{key[0]}.{key[1]}"
            row = self.store.get(name, length(key[0]))
            if row is None:
                row = np.asarray(run(*key), np.float64)
                self.store.put(name, row)
            bar.update()
            return row

        return in_order(work, keys, self.workers)

    @contextmanager
    def bar(self, total: int) -> Iterator[Any]:
        """A progress bar; the store is written when it closes, also by an error."""
        try:
            with progress_bar(total, "run", self.progress) as bar:
                yield bar
        finally:
            self.store.flush()


def prepared(
    question: Question,
    sizes: Iterable[int] | None,
    confidence: float,
    store: str | os.PathLike[str] | None,
    rng: Any,
    workers: int | None,
    progress: bool,
    settings: dict[str, Any],
) -> Setting:
    """Checked arguments; `settings` names the method and everything else that the runs depend on.

    Raises
    ------
    TypeError, ValueError, OSError
        If they are not as the methods say.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    asked = with_inputs(question)
    m = asked.parameters.count
    if m == 0:
        raise ValueError(
            "the source has no weight or bias that is not zero, so there is nothing to sample; use method='walk'"
        )
    return Setting(
        asked, walker_of(asked), read_sizes(sizes, m), confidence, Store(store, digest_of(asked, settings), rng),
        worker_count(workers), progress,
    )  # fmt: skip


def read_sizes(sizes: Iterable[int] | None, m: int) -> NDArray[np.int64]:
    """Ascending sizes of masks, each once: all by default, or a spread of them where m is large.

    Raises
    ------
    TypeError, ValueError
        If they are no integers from 0 to m, or none.
    """
    if sizes is None:
        return np.arange(m + 1) if m <= EVERY_SIZE else np.unique(np.rint(np.linspace(0, m, SPREAD)).astype(np.int64))
    given = np.asarray(list(sizes))
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise TypeError(f"sizes must be integers from 0 to {m}, got {given.tolist()!r}")
    if not given.size or given.min() < 0 or given.max() > m:
        raise ValueError(
            f"sizes must be integers from 0 to {m}, the weights and biases of the source, and at least one; got {given.tolist()}"
        )
    return np.unique(given.astype(np.int64))


def scaled(number: int, effort: float, least: int) -> int:
    """A number of draws times the effort."""
    return max(least, round(number * positive_float(effort, "effort")))
