"""What a method of the loop is: scores that turn into effective weights, and learn from gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Flat

Array = NDArray[np.float32]

# what random numbers are for: the second entry of their seeds (0: the order of the batches, `slth.search.loop`)
SCORES, DRAWS = 1, 2


@dataclass(frozen=True)
class Step:
    """Where a search is.

    Attributes
    ----------
    number, of : int
        Steps done, and all.
    rate : float
        Learning rate of this step.
    seed : int
        Of the search; a method that draws numbers draws them from ``numpy.random.default_rng([seed, kind, number])``, so that a search
        that was interrupted goes on with the same ones.
    """

    number: int
    of: int
    rate: float
    seed: int

    @property
    def done(self) -> float:
        """Share of the steps done."""
        return self.number / self.of


class Searcher(Protocol):
    """One search under way."""

    def effective(self, step: Step) -> Array:
        """(n,): the weights that the network is evaluated with in this step."""

    def learn(self, gradient: Array, step: Step) -> None:
        """Take the gradient (n,) of the loss by them."""

    def mask(self) -> NDArray[np.bool_]:
        """(n,): the mask that the search would end with now."""

    def weights(self) -> Array:
        """(n,): the source's weights that it selects from: those given, unless the method draws others or flips signs."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays that `restore` goes on from."""

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where `state` was taken."""


class Method(Protocol):
    """A way to search for a mask by gradients; a small frozen object of its settings."""

    @property
    def name(self) -> str:
        """As in the papers."""

    def start(self, source: Flat, groups: tuple[Group, ...], seed: int) -> Searcher:
        """Begin a search among the non-zero numbers of a source."""
