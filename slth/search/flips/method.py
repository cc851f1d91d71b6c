"""What a method that flips is: settings, and a search of masks that it moves by their losses alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from slth.search.flips.landscape import Landscape
from slth.search.flips.sizes import Sizes


@dataclass(frozen=True)
class Task:
    """What a search is given.

    Attributes
    ----------
    landscape : Landscape
    sizes : Sizes
    steps : int
        Of the whole search; a schedule may depend on it.
    seed : int
        Random numbers come from ``numpy.random.default_rng([seed, kind, ...])`` with what they are for, so that they are the same after an
        interruption, and whatever the number of workers.
    workers : int
        Threads; what is found does not depend on them.
    """

    landscape: Landscape
    sizes: Sizes
    steps: int
    seed: int
    workers: int


class FlipSearcher(Protocol):
    """One search under way."""

    def advance(self, first: int, count: int) -> None:
        """Do the steps first, ..., first + count - 1."""

    def best(self) -> NDArray[np.bool_]:
        """(m,): the mask of the lowest loss so far."""

    def mean(self) -> float:
        """Mean loss of its masks as they are now."""

    def finished(self) -> str | None:
        """Why it ends before all steps are done; None if it does not."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays that `restore` goes on from."""

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where `state` was taken."""


@runtime_checkable
class FlipMethod(Protocol):
    """A way to search for a mask by its losses; a small frozen object of its settings."""

    @property
    def name(self) -> str:
        """As in `slth.search.flips.FLIPS`."""

    @property
    def loss(self) -> str | None:
        """What is made small: None for the objective's own loss, "sup" or "error-rate"."""

    def launch(self, task: Task) -> FlipSearcher:
        """Begin a search from random masks."""
