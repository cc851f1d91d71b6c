"""Layers that hold linear maps, and such layers without their weights.

Most hold one map and are that map (`slth.networks.layers.linear`); an attention layer holds two a head. Constructions see the maps of a
network as one flat list, and hand back a layer, or two, for each; the form of a layer puts together what stands for it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slth.networks.layers.layer import Array, Layer

if TYPE_CHECKING:
    from slth.networks.layers.linear import Form, Linear


class Mapped(Layer):
    """A layer with weights that constructions approximate."""

    @property
    @abstractmethod
    def maps(self) -> tuple[Linear, ...]:
        """The linear maps in it."""

    @property
    @abstractmethod
    def form(self) -> MappedForm:
        """The layer without the weights of its maps."""


class MappedForm(Layer):
    """A `Mapped` layer without weights: it has shapes, but cannot be evaluated."""

    @property
    @abstractmethod
    def forms(self) -> tuple[Form, ...]:
        """The forms of its maps, in the order of `Mapped.maps`."""

    def check_hidden(self, hidden: Sequence[int]) -> None:
        """Raise ValueError if maps with so many hidden neurons (dimensions) each cannot be put together."""

    @abstractmethod
    def assembled(self, parts: Sequence[tuple[Layer, ...]]) -> tuple[Layer, ...]:
        """The layers of a network that stand for it, made of those that stand for each of its maps.

        Raises
        ------
        ValueError
            If they do not fit together.
        """

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        return {}

    def evaluate(self, x: Array) -> Array:
        raise TypeError(f"{self!r} has no weights to evaluate with")
