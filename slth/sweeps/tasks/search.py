"""A search for a mask, on the digits: how many test images its subnetwork reads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any, ClassVar

import numpy as np

from slth import data, search
from slth.search.sources import LAWS
from slth.sweeps.tally import Tally
from slth.sweeps.task import Point, Task
from slth.sweeps.tasks import parameters
from slth.validation import one_of, positive_float, positive_int

TESTED = 360  # images: a fifth, never shown to the search


@dataclass(frozen=True, kw_only=True)
class Search(Task):
    """Accuracy of the mask that `slth.search.find` finds in a random network, by method and density.

    A trial draws a 64-...-10 network without biases, splits the 1797 images (three fifths to search on, one to choose the best mask, one to
    report) and searches. Counted: ``right``, trials by the number of the 360 test images read correctly. A success is an accuracy of at
    least each of `accuracies`.

    Parameters
    ----------
    method : str
        A key of `search.METHODS`, `search.FLIPS` or `search.BASELINES`.
    density : float
        In (0, 1].
    accuracies : tuple of float
        In (0, 1].
    hidden : tuple of int
        Widths of the hidden layers, in their order.
    law : str
        "signed-constant", "kaiming-normal" or "kaiming-uniform".
    epochs : float
        Passes over the images; for a method of `search.FLIPS` steps of it; without meaning for a baseline, and then to be left at None.
    batch : int
        Images a step, for a search by gradients.

    Notes
    -----
    Trials a second on one core, 128 hidden neurons: 46 for 3 epochs of edge-popup, 340 for a baseline, 15 for 30 steps of greedy flips.

    Gradients are float32 sums in the order of the local BLAS: the integers are the same on one kind of processor with one version of the
    libraries, whatever the threads. Stores of unlike machines should not be merged for this kind.

    Source: the papers of the methods (`slth.search`); 64-512-10, as in the README's table, is ``hidden=(512,)`` with epochs=60, batch=32.
    """

    kind: ClassVar[str] = "search"
    holds_gil: ClassVar[bool] = True

    trials_a_block: int = 2
    method: str
    density: float
    accuracies: tuple[float, ...] = (0.9,)
    hidden: tuple[int, ...] = (128,)
    law: str = "signed-constant"
    epochs: float | None = None
    batch: int = 32

    def __post_init__(self) -> None:
        positive_int(self.trials_a_block, "trials_a_block")
        _set = object.__setattr__
        one_of(self.method, {**search.METHODS, **search.FLIPS, **search.BASELINES}, "method")
        one_of(self.law, LAWS, "law")
        _set(self, "density", _share(self.density, "density"))
        _set(self, "accuracies", parameters.ascending(self.accuracies, "accuracies", _share))
        hidden = self.hidden if isinstance(self.hidden, tuple | list) else (self.hidden,)
        _set(self, "hidden", tuple(positive_int(width, "hidden") for width in hidden))
        _set(self, "batch", positive_int(self.batch, "batch"))
        baseline = self.method in search.BASELINES
        if baseline != (self.epochs is None):
            raise ValueError(
                f"method={self.method!r} searches for so many epochs; give epochs, such as 10"
                if self.epochs is None
                else f"method={self.method!r} does not search; leave epochs away, got {self.epochs}"
            )
        if self.epochs is not None:
            _set(self, "epochs", positive_float(self.epochs, "epochs"))

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple({"accuracy": accuracy} for accuracy in self.accuracies)

    def successes(self, tally: Tally) -> tuple[int, ...]:
        if not tally.trials:
            return (0,) * len(self.points)
        at_least = list(accumulate(reversed(tally["right"])))[::-1]
        return tuple(at_least[_enough(accuracy)] for accuracy in self.accuracies)

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        images, labels = data.digits_test()
        right = [0] * (TESTED + 1)
        for _ in range(trials):
            order = rng.permutation(len(labels))
            rest, test = order[TESTED:], order[:TESTED]
            objective = search.classification(images[rest], labels[rest], held_out=0.25, rng=rng)
            network = search.random_network([64, *self.hidden, 10], law=self.law, rng=rng)
            found = search.find(network, objective, density=self.density, method=self.method, rng=rng, **self._length())
            right[int((found(images[test]).argmax(axis=1) == labels[test]).sum())] += 1
        return Tally(trials, {"right": tuple(right)})

    def _length(self) -> dict[str, Any]:
        if self.epochs is None:
            return {}
        if self.method in search.FLIPS:
            return {"steps": max(1, round(self.epochs)), "workers": 1}
        return {"epochs": self.epochs, "batch": self.batch}


def _enough(accuracy: float) -> int:
    """The least number of images that is at least this share of all."""
    return next(count for count in range(TESTED + 1) if count / TESTED >= accuracy)


def _share(value: Any, name: str) -> float:
    number = positive_float(value, name)
    if number > 1:
        raise ValueError(f"{name} must lie in (0, 1], got {number}")
    return number
