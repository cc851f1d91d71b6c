"""Linear layers as matrices: what constructions approximate, whatever the layer does with its matrix.

A `Form` is a linear layer without its weights: how a matrix (rows, columns) and a bias (outputs,) act on an input. Columns are the inputs
that a random layer can stand before, one hidden block each (neurons of a dense layer, channels of a convolution); rows are the numbers
that such an input is multiplied by: an output of a dense layer, an output channel at a place of the kernel for a convolution.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.activations import activation
from slth.networks.layers.drawn import Drawn, Rows
from slth.networks.layers.layer import Layer, Shape, shown
from slth.networks.layers.mapped import Mapped, MappedForm
from slth.validation import positive_int

Floats = NDArray[np.float64]


class Form(MappedForm):
    """How a matrix acts; see the module. It has shapes like the layer, but cannot be evaluated.

    Attributes
    ----------
    activation : str
        After the matrix.
    bias : bool
    rectified : bool
        Whether a random layer that stands before the matrix has ReLU as its activation; else it has none.
    """

    activation: str
    bias: bool
    rectified: bool = True

    @property
    def forms(self) -> tuple[Form, ...]:
        return (self,)

    def assembled(self, parts: Sequence[tuple[Layer, ...]]) -> tuple[Layer, ...]:
        (part,) = parts
        return part

    @property
    @abstractmethod
    def columns(self) -> int:
        """Inputs of the matrix."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """Numbers of biases."""

    @property
    @abstractmethod
    def window(self) -> int:
        """Rows for each output."""

    @property
    def rows(self) -> int:
        """Rows of the matrix: ``outputs * window``, those of one output together."""
        return self.outputs * self.window

    @property
    @abstractmethod
    def bias_rows(self) -> NDArray[np.int64]:
        """(outputs,): the row of each output through which a constant of the layer `before` acts like a bias, everywhere."""

    @property
    def structure(self) -> NDArray[np.bool_] | None:
        """(rows, columns): which entries of the matrix there are; None for all."""
        return None

    def connects(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether there are entries at these places, which broadcast: what `structure` says of them, without all of it in memory."""
        return np.ones(np.broadcast_shapes(rows.shape, columns.shape), np.bool_)

    @property
    def readers(self) -> int:
        """How many entries a column of the matrix has."""
        return self.rows

    def build(self, matrix: Floats | Rows, bias: Floats | None, scale: float = 1.0) -> Layer:
        """The layer of a matrix (rows, columns); of one whose rows are made when they are needed a `Drawn`."""
        if isinstance(matrix, Rows):
            return Drawn(self, matrix, bias, scale)
        return self._layer(matrix, bias, scale)

    @abstractmethod
    def _layer(self, matrix: Floats, bias: Floats | None, scale: float) -> Layer: ...

    @abstractmethod
    def some(self, outputs: int) -> Form:
        """The same with so many outputs, connected to all inputs."""

    def before(self, matrix: Floats | Rows, bias: Floats | None, *, everywhere: bool = False) -> Layer:
        """The layer of a matrix (hidden, columns) that stands before this one; see `hidden`."""
        return self.hidden(matrix.shape[0], bias is not None, everywhere=everywhere).build(matrix, bias)

    @abstractmethod
    def hidden(self, count: int, bias: bool, *, everywhere: bool = False) -> Form:
        """A layer of so many outputs, ReLU if `rectified`, that acts on every place of an input of this one by itself.

        Where it is to act `everywhere`, or has to because `bias_rows` asks for it, the border of zeros that this form puts around its
        input comes before that layer, so that a constant of it is the same there; what has no bias of its own is 0 there as ever.
        """

    @abstractmethod
    def widened(self, columns: int, *, everywhere: bool = False) -> Form:
        """What follows `before`: the same with so many inputs, all connected to all outputs, and with no border if that has it."""

    @abstractmethod
    def act(self, matrix: Floats, x: Floats) -> Floats:
        """The linear map alone, of one input."""

    @abstractmethod
    def by_column(self, x: Floats) -> Floats:
        """(columns, places): the numbers of one input, those that the same column multiplies together."""

    @abstractmethod
    def reach(self, x: Floats) -> float:
        """The largest sum of the non-negative numbers of one input x that go into one output."""

    def spread(self, values: Floats) -> Floats:
        """One number for each output (outputs,), for broadcasting against what `act` returns."""
        return values

    output_axis: ClassVar[int] = -1  # of what the layer puts out


class Linear(Mapped):
    """A layer with a weight, perhaps a bias, an activation and a scale: ``activation(scale * (linear(x) + bias))``."""

    weight: Floats
    bias: Floats | None
    activation: str
    scale: float

    @property
    @abstractmethod
    def form(self) -> Form:
        """The layer without its weights: how `matrix` acts."""

    @property
    @abstractmethod
    def matrix(self) -> Floats:
        """(rows, columns): the weights as `form` takes them."""

    @property
    def maps(self) -> tuple[Linear, ...]:
        return (self,)

    def entries(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Floats:
        """``matrix[rows, columns]``, without all of it in memory."""
        return np.asarray(self.matrix[rows, columns])

    @abstractmethod
    def of_outputs(self, some: slice) -> Linear:
        """The layer with some of its outputs only."""

    @property
    def gain(self) -> Floats:
        """(rows, columns): sums of absolute products behind each entry of `matrix`, for rounding bounds."""
        return np.abs(self.matrix)

    @property
    def bias_gain(self) -> Floats:
        """(outputs,): the same of the bias, zeros without one."""
        return np.zeros(self.form.outputs) if self.bias is None else np.abs(self.bias)

    @property
    def roundings(self) -> int:
        """How many, at most and one after another, an entry of `matrix` and of `bias` has behind it: none where they are weights."""
        return 0

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        return {"weight": self.weight} if self.bias is None else {"weight": self.weight, "bias": self.bias}


@dataclass(frozen=True)
class DenseForm(Form):
    """A dense layer without weights: rows are outputs."""

    kind: ClassVar[str] = "dense-form"

    d_out: int
    d_in: int
    bias: bool = True
    activation: str = "relu"
    rectified: bool = True

    def __post_init__(self) -> None:
        for name in ("d_out", "d_in"):
            object.__setattr__(self, name, positive_int(getattr(self, name), name))
        for name in ("bias", "rectified"):
            object.__setattr__(self, name, bool(getattr(self, name)))
        activation(self.activation)

    @property
    def settings(self) -> dict[str, Any]:
        plain = {"d_out": self.d_out, "d_in": self.d_in, "bias": self.bias, "activation": self.activation}
        return plain if self.rectified else plain | {"rectified": False}

    @property
    def columns(self) -> int:
        return self.d_in

    @property
    def outputs(self) -> int:
        return self.d_out

    @property
    def window(self) -> int:
        return 1

    @property
    def bias_rows(self) -> NDArray[np.int64]:
        return np.arange(self.d_out)

    def _layer(self, matrix: Floats, bias: Floats | None, scale: float) -> Layer:
        from slth.networks.layers.dense import Dense

        return Dense(matrix, bias, self.activation, scale)

    def some(self, outputs: int) -> DenseForm:
        return replace(self, d_out=outputs)

    def hidden(self, count: int, bias: bool, *, everywhere: bool = False) -> DenseForm:
        return DenseForm(count, self.d_in, bias, "relu" if self.rectified else "identity")

    def widened(self, columns: int, *, everywhere: bool = False) -> DenseForm:
        return replace(self, d_in=columns)

    def act(self, matrix: Floats, x: Floats) -> Floats:
        return np.asarray(x @ matrix.T)

    def by_column(self, x: Floats) -> Floats:
        return np.moveaxis(x, -1, 0).reshape(self.d_in, -1)

    def reach(self, x: Floats) -> float:
        return float(x.sum(axis=-1).max())

    def output_shape(self, shape: Shape) -> Shape:
        if not shape or shape[-1] != self.d_in:
            raise ValueError(f"a dense layer of {self.d_in} inputs takes (..., {self.d_in}), got shape {shown(shape)}")
        return (*shape[:-1], self.d_out)
