"""Linear layers as matrices: what constructions approximate, whatever the layer does with its matrix.

A `Form` is a linear layer without its weights: how a matrix (rows, columns) and a bias (outputs,) act on an input. Columns are the inputs
that a random layer can stand before, one hidden block each (neurons of a dense layer, channels of a convolution); rows are the numbers
that such an input is multiplied by: an output of a dense layer, an output channel at a place of the kernel for a convolution.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.activations import activation
from slth.networks.layers.layer import Array, Layer, Shape, shown
from slth.networks.layers.window import Pair, pair, slid
from slth.validation import positive_int

Floats = NDArray[np.float64]


class Form(Layer):
    """How a matrix acts; see the module. It has shapes like the layer, but cannot be evaluated."""

    activation: str
    bias: bool

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
        """(outputs,): the row of each output through which a constant input acts like a bias, everywhere."""

    @property
    def structure(self) -> NDArray[np.bool_] | None:
        """(rows, columns): which entries of the matrix there are; None for all."""
        return None

    @abstractmethod
    def build(self, matrix: Floats, bias: Floats | None, scale: float = 1.0) -> Layer:
        """The layer of a matrix (rows, columns)."""

    @abstractmethod
    def before(self, matrix: Floats, bias: Floats | None) -> Layer:
        """A ReLU layer (hidden, columns) that acts on every place of an input of this one by itself."""

    @abstractmethod
    def widened(self, columns: int) -> Form:
        """The same with so many inputs, all connected to all outputs."""

    @abstractmethod
    def act(self, matrix: Floats, x: Floats) -> Floats:
        """The linear map alone: one input (columns, *places) -> (outputs, *places)."""

    def reach(self, x: Floats) -> float:
        """The largest sum of the non-negative numbers x (columns, *places) that go into one output."""
        return float(x.sum())

    def spread(self, values: Floats) -> Floats:
        """One number an output (outputs,), for broadcasting against what `act` returns."""
        return values

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        return {}

    def evaluate(self, x: Array) -> Array:
        raise TypeError(f"{self!r} has no weights to evaluate with")


class Linear(Layer):
    """A layer with a weight, perhaps a bias, an activation and a scale: ``activation(scale * (linear(x) + bias))``."""

    weight: Floats
    bias: Floats | None
    activation: str
    scale: float

    @property
    @abstractmethod
    def form(self) -> Form:
        """The layer without its weights."""

    @property
    @abstractmethod
    def matrix(self) -> Floats:
        """(rows, columns): the weights as `form` takes them."""

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

    def __post_init__(self) -> None:
        positive_int(self.d_out, "d_out")
        positive_int(self.d_in, "d_in")
        activation(self.activation)

    @property
    def settings(self) -> dict[str, Any]:
        return {"d_out": self.d_out, "d_in": self.d_in, "bias": self.bias, "activation": self.activation}

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

    def before(self, matrix: Floats, bias: Floats | None) -> Layer:
        from slth.networks.layers.dense import Dense

        return Dense(matrix, bias, "relu")

    def widened(self, columns: int) -> DenseForm:
        return replace(self, d_in=columns)

    def act(self, matrix: Floats, x: Floats) -> Floats:
        return np.asarray(matrix @ x)

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
        positive_int(self.c_out, "c_out")
        positive_int(self.c_in, "c_in")
        positive_int(self.groups, "groups")
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
        # a border of zeros is no constant: the place of the kernel that never reaches beyond the image is used
        place = [-(-pad // spread) for pad, spread in zip(self.padding, self.dilation, strict=True)]
        for i, pad, spread, k in zip(place, self.padding, self.dilation, self.kernel, strict=True):
            if i * spread + pad > spread * (k - 1):
                raise ValueError(
                    f"no place of a kernel {self.kernel} stays within the image with padding {self.padding}, so that no constant can "
                    "serve as a bias; use a smaller padding, or a convolution without bias"
                )
        return np.arange(self.c_out) * self.window + place[0] * self.kernel[1] + place[1]

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

    def before(self, matrix: Floats, bias: Floats | None) -> Layer:
        from slth.networks.layers.convolution import Conv2d

        return Conv2d(matrix[:, :, None, None], bias, "relu")

    def widened(self, columns: int) -> Conv2dForm:
        return replace(self, c_in=columns, groups=1)

    def act(self, matrix: Floats, x: Floats) -> Floats:
        from slth.networks.layers.convolution import Conv2d

        weight = self._weight(np.asarray(matrix, np.float64))
        layer = Conv2d(weight, None, "identity", 1.0, self.stride, self.padding, self.dilation)
        return np.asarray(layer.evaluate(x[None])[0])

    def reach(self, x: Floats) -> float:
        single = replace(self, c_out=1, groups=1)
        return float(single.act(np.ones((self.window, self.c_in)), x).max())

    def spread(self, values: Floats) -> Floats:
        return values[:, None, None]

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3 or shape[0] != self.c_in:
            raise ValueError(
                f"a convolution of {self.c_in} channels takes ({self.c_in}, height, width), got shape {shown(shape)}"
            )
        return (self.c_out, *slid(shape, self.kernel, self.stride, self.padding, self.dilation))
