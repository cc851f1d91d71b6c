"""The activations a layer may have; a new one is one entry of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Activation = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def relu(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """max(value, 0), elementwise and in place."""
    return np.maximum(values, 0.0, out=values)


def identity(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values themselves."""
    return values


# Each function may overwrite its argument: layers hand over sums that nobody else holds.
ACTIVATIONS: Final[dict[str, Activation]] = {"relu": relu, "identity": identity}
