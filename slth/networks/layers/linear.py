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
from slth.networks.layers.layer import Layer, Shape, shown
from slth.networks.layers.mapped import Mapped, MappedForm
from slth.networks.layers.window import Pair, pair, slid
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

    @abstractmethod
    def build(self, matrix: Floats, bias: Floats | None, scale: float = 1.0) -> Layer:
        """The layer of a matrix (rows, columns)."""

    @abstractmethod
    def before(self, matrix: Floats, bias: Floats | None, *, everywhere: bool = False) -> Layer:
        """The layer (hidden, columns), ReLU if `rectified`, that acts on every place of an input of this one by itself.

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

    def build(self, matrix: Floats, bias: Floats | None, scale: float = 1.0) -> Layer:
        from slth.networks.layers.dense import Dense

        return Dense(matrix, bias, self.activation, scale)

    def before(self, matrix: Floats, bias: Floats | None, *, everywhere: bool = False) -> Layer:
        from slth.networks.layers.dense import Dense

        return Dense(matrix, bias, "relu" if self.rectified else "identity")

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


@dataclass(frozen=True)
class Conv2dForm(Form):
    """A convolution without weights: columns are input channels, rows are (output channel, kernel row, kernel column)."""

    kind: ClassVar[str] = "conv2d-form"

    c_out: int
    c_in: int
    kernel: Pair
    bias: bool = True
    activation: str = "relu"
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        for name in ("c_out", "c_in", "groups"):
            object.__setattr__(self, name, positive_int(getattr(self, name), name))
        object.__setattr__(self, "bias", bool(self.bias))
        if self.c_in % self.groups or self.c_out % self.groups:
            raise ValueError(f"groups={self.groups} must divide {self.c_in} input and {self.c_out} output channels")
        for name, least in (("kernel", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
            object.__setattr__(self, name, pair(getattr(self, name), name, least=least))
        activation(self.activation)

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "c_out": self.c_out,
            "c_in": self.c_in,
            "kernel": self.kernel,
            "bias": self.bias,
            "activation": self.activation,
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "groups": self.groups,
        }

    @property
    def columns(self) -> int:
        return self.c_in

    @property
    def outputs(self) -> int:
        return self.c_out

    @property
    def window(self) -> int:
        return self.kernel[0] * self.kernel[1]

    @property
    def bias_rows(self) -> NDArray[np.int64]:
        # a border of zeros is no constant: the place of the kernel that never reaches beyond the image is used, and if there is none the
        # border comes before the random layer, and any place will do
        row, column = self._inside or (0, 0)
        return np.arange(self.c_out) * self.window + row * self.kernel[1] + column

    @property
    def _inside(self) -> Pair | None:
        """A place of the kernel that stays within every image, if there is one."""
        row, column = (-(-pad // spread) for pad, spread in zip(self.padding, self.dilation, strict=True))
        for i, pad, spread, k in zip((row, column), self.padding, self.dilation, self.kernel, strict=True):
            if i * spread + pad > spread * (k - 1):
                return None
        return row, column

    def _border_first(self, everywhere: bool) -> bool:
        return everywhere or (self.bias and self._inside is None)

    @property
    def structure(self) -> NDArray[np.bool_] | None:
        if self.groups == 1:
            return None
        mine = np.arange(self.rows) // (self.rows // self.groups)
        return np.asarray(mine[:, None] == np.arange(self.c_in) // (self.c_in // self.groups))

    def _weight(self, matrix: Floats) -> Floats:
        """(rows, columns) -> (c_out, columns, height, width)."""
        return np.ascontiguousarray(matrix.reshape(self.c_out, *self.kernel, -1).transpose(0, 3, 1, 2))

    def build(self, matrix: Floats, bias: Floats | None, scale: float = 1.0) -> Layer:
        from slth.networks.layers.convolution import Conv2d

        # the matrix of a grouped convolution holds zeros where channels are not connected
        return Conv2d(self._weight(matrix), bias, self.activation, scale, self.stride, self.padding, self.dilation)

    def before(self, matrix: Floats, bias: Floats | None, *, everywhere: bool = False) -> Layer:
        from slth.networks.layers.convolution import Conv2d

        border = self.padding if self._border_first(everywhere) else (0, 0)
        return Conv2d(matrix[:, :, None, None], bias, "relu", padding=border)

    def widened(self, columns: int, *, everywhere: bool = False) -> Conv2dForm:
        border = (0, 0) if self._border_first(everywhere) else self.padding
        return replace(self, c_in=columns, groups=1, padding=border)

    def act(self, matrix: Floats, x: Floats) -> Floats:
        from slth.networks.layers.convolution import Conv2d

        weight = self._weight(np.asarray(matrix, np.float64))
        layer = Conv2d(weight, None, "identity", 1.0, self.stride, self.padding, self.dilation)
        return np.asarray(layer.evaluate(x[None])[0])

    def by_column(self, x: Floats) -> Floats:
        return x.reshape(self.c_in, -1)

    def reach(self, x: Floats) -> float:
        single = replace(self, c_out=self.groups)
        seen = np.ones((single.rows, self.c_in))
        if single.structure is not None:
            seen *= single.structure
        return float(single.act(seen, x).max())

    def spread(self, values: Floats) -> Floats:
        return values[:, None, None]

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3 or shape[0] != self.c_in:
            raise ValueError(
                f"a convolution of {self.c_in} channels takes ({self.c_in}, height, width), got shape {shown(shape)}"
            )
        return (self.c_out, *slid(shape, self.kernel, self.stride, self.padding, self.dilation))
