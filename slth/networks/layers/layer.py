"""`Layer`: what a network is made of."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.validation import finite_array

Array = NDArray[Any]  # float64, or float32 where the input is
Shape = tuple[int | None, ...]  # of one input, without the batch; None is any length


class Layer(ABC):
    """A map between arrays with parameters that do not change.

    A subclass gives `kind`, `arrays`, `settings` (together what its constructor takes), `output_shape` and `evaluate`. Evaluation keeps
    float32 in float32, and otherwise works in float64.
    """

    kind: ClassVar[str]

    def rounded(self, shape: Shape) -> float:
        """Rounding error of an output of a layer without weights, in units of 2^-53 times the largest input plus one."""
        return 0.0

    @property
    @abstractmethod
    def arrays(self) -> Mapping[str, NDArray[np.float64]]:
        """Parameters by name; nested layers' with a prefix and a dot."""

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Everything else that the constructor takes, as plain values (numbers, text, lists, dicts)."""

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the output for an input of this shape, both without the batch.

        Raises
        ------
        ValueError
            If the layer does not take such an input.
        """

    def held(self, outputs: Shape) -> int:
        """Numbers that one input needs while the layer is evaluated, about; `outputs` is the shape of what comes out."""
        return math.prod(int(d or 1) for d in outputs)

    @abstractmethod
    def evaluate(self, x: Array) -> Array:
        """The output for a batch ``(batch, *shape)`` that has been checked; it may not change x."""

    def interval(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Bounds of the output over all inputs low <= x <= high (one input, infinite ends allowed), up to rounding.

        Raises
        ------
        ValueError
            If none is known for this kind of layer.
        """
        raise ValueError(
            f"no bound on what a layer {self!r} puts out is known here, so that nothing can be certified; the dense and convolutional "
            "layers before or after it can be approximated as networks of their own"
        )

    def moved(self, error: Array, low: Array, high: Array) -> Array:
        """How far the output can move when an input with low <= x <= high moves by `error`, rounding included.

        Raises
        ------
        ValueError
            If no bound is known for this kind of layer.
        """
        raise ValueError(f"no error bound is known here for a layer {self!r}")

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Evaluate on ``x (batch, *shape)``, checked first.

        Raises
        ------
        ValueError, TypeError
            If `x` is not a finite real array of a shape that the layer takes.
        """
        batch = finite_array(x, "x")
        if batch.ndim == 0:
            raise ValueError("x must have shape (batch, ...), got a single number; one row per input")
        self.output_shape(batch.shape[1:])
        return np.asarray(self.evaluate(batch))

    @property
    def size(self) -> int:
        """Number of parameters, pruned ones included."""
        return sum(int(array.size) for array in self.arrays.values())

    @property
    def kept(self) -> int:
        """Number of parameters that are not zero."""
        return sum(int(np.count_nonzero(array)) for array in self.arrays.values())

    def _counts(self) -> str:
        kept = "" if self.kept == self.size else f", {self.kept:,} kept"
        return f"{self.size:,} weights{kept}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor: arrays come out of a pickle writable, and what was derived from them need not travel.
        return _rebuilt, (type(self), dict(self.arrays), self.settings)


class Rearranging(Layer):
    """A layer without weights that is monotone and moves no two inputs further apart: each output is some input, or a mean of some."""

    @property
    def arrays(self) -> dict[str, Any]:
        return {}

    def interval(self, low: Array, high: Array) -> tuple[Array, Array]:
        return self.evaluate(low[None])[0], self.evaluate(high[None])[0]

    def moved(self, error: Array, low: Array, high: Array) -> Array:
        # both the target's and the ticket's evaluation are rounded
        size = np.maximum(np.abs(low), np.abs(high)) + error
        rounding = 2 * self.rounded(low.shape) * 2.0**-53
        return np.asarray(self.evaluate(error[None])[0] + rounding * self.evaluate(size[None])[0])


def _rebuilt(kind: type[Layer], arrays: dict[str, Any], settings: dict[str, Any]) -> Layer:
    return kind(**arrays, **settings)


def read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """A view that cannot be written to: a network is a value."""
    view = array.view()
    view.flags.writeable = False
    return view


def like(parameter: NDArray[np.float64], x: Array) -> Array:
    """A parameter in the precision of the input."""
    return parameter if x.dtype == np.float64 else parameter.astype(x.dtype)


def shown(shape: Shape) -> str:
    """A shape in a message: (3, any, 8)."""
    return "(" + ", ".join("any" if d is None else str(d) for d in shape) + ("," if len(shape) == 1 else "") + ")"
