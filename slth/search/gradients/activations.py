"""Activations and their slopes, from the values they put out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.search.oracle import Array

Act = Callable[[Array], Array]
Slope = Callable[[Array], NDArray[Any] | None]

# the first may write into its argument; the second is None where the slope is 1 everywhere
_SLOPES: Final[dict[str, tuple[Act, Slope]]] = {
    "identity": (lambda z: z, lambda value: None),
    "relu": (lambda z: np.maximum(z, 0, out=z), lambda value: value > 0),
    "sigmoid": (lambda z: np.reciprocal(1 + np.exp(-z)), lambda value: value * (1 - value)),
    "tanh": (lambda z: np.tanh(z, out=z), lambda value: 1 - value * value),
}


def slopes(name: str) -> tuple[Act, Slope]:
    """The activation of a name, and its slope as a function of its value.

    Raises
    ------
    ValueError
        If the slope is not known from the value.
    """
    if name in _SLOPES:
        return _SLOPES[name]
    leaky = re.fullmatch(r"leaky-relu(?:\((.*)\))?", name)
    if leaky is None:
        raise ValueError(f"activation {name!r} has no gradient here; known: {', '.join((*_SLOPES, 'leaky-relu'))}")
    below = np.float32(leaky[1] or 0.01)
    return (
        lambda z: np.where(z > 0, z, below * z),
        lambda value: np.where(value > 0, np.float32(1), below),
    )
