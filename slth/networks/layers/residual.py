"""Residual blocks: what some layers make of an input, added to the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.activations import activation
from slth.networks.layers.layer import Array, Layer, Shape, shown


@dataclass(frozen=True, eq=False, repr=False)
class Residual(Layer):
    """The map ``x -> activation(body(x) + shortcut(x))``; an empty shortcut is x itself.

    Parameters
    ----------
    body, shortcut : tuple of Layer
    activation : str
        As in `Dense`.

    Raises
    ------
    TypeError
        If a part is no layer, or the body is empty.
    ValueError
        If the activation is unknown.
    """

    kind: ClassVar[str] = "residual"

    body: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()
    activation: str = "identity"

    def __post_init__(self) -> None:
        for name in ("body", "shortcut"):
            given: Sequence[Any] = getattr(self, name)
            if not isinstance(given, tuple | list) or not all(isinstance(layer, Layer) for layer in given):
                raise TypeError(f"{name} must be a tuple of layers, got {given!r}")
            object.__setattr__(self, name, tuple(given))
        if not self.body:
            raise TypeError("body must hold at least one layer")
        activation(self.activation)

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        return {
            f"{branch}.{i}.{name}": array
            for branch in ("body", "shortcut")
            for i, layer in enumerate(getattr(self, branch))
            for name, array in layer.arrays.items()
        }

    @property
    def settings(self) -> dict[str, Any]:
        return {"activation": self.activation}

    def output_shape(self, shape: Shape) -> Shape:
        ends = []
        for branch in (self.body, self.shortcut):
            end = shape
            for layer in branch:
                end = layer.output_shape(end)
            ends.append(end)
        if ends[0] != ends[1]:
            raise ValueError(
                f"the branches of a residual block end in shapes {shown(ends[0])} and {shown(ends[1])}, which must agree; "
                "give a shortcut with layers that change the shape"
            )
        return ends[0]

    def held(self, outputs: Shape) -> int:
        return 2 * super().held(outputs) + sum(part.held(outputs) for part in self.body)

    def evaluate(self, x: Array) -> Array:
        out = through(self.body, x) + through(self.shortcut, x)
        return activation(self.activation)(out)

    def __reduce__(self) -> tuple[Any, ...]:
        return Residual, (self.body, self.shortcut, self.activation)

    def __repr__(self) -> str:
        shortcut = f" + [{', '.join(map(repr, self.shortcut))}]" if self.shortcut else " + x"
        return f"Residual([{', '.join(map(repr, self.body))}]{shortcut}, {self.activation})"


def through(layers: Sequence[Layer], x: Array) -> Array:
    """What layers one after another make of x."""
    for layer in layers:
        x = layer.evaluate(x)
    return x
