"""Two-dimensional convolution without its weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.activations import activation
from slth.networks.layers.layer import Layer, Shape, shown
from slth.networks.layers.linear import Form
from slth.networks.layers.window import Pair, pair, slid
from slth.validation import positive_int

Floats = NDArray[np.float64]


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
        return self.connects(np.arange(self.rows)[:, None], np.arange(self.c_in))

    def connects(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.asarray(rows // (self.rows // self.groups) == columns // (self.c_in // self.groups))

    @property
    def readers(self) -> int:
        return self.rows // self.groups

    def _weight(self, matrix: Floats) -> Floats:
        """(rows, columns) -> (c_out, columns, height, width)."""
        return np.ascontiguousarray(matrix.reshape(self.c_out, *self.kernel, -1).transpose(0, 3, 1, 2))

    def _layer(self, matrix: Floats, bias: Floats | None, scale: float) -> Layer:
        from slth.networks.layers.convolution import Conv2d

        # the matrix of a grouped convolution holds zeros where channels are not connected
        return Conv2d(self._weight(matrix), bias, self.activation, scale, self.stride, self.padding, self.dilation)

    def some(self, outputs: int) -> Conv2dForm:
        return replace(self, c_out=outputs, groups=1)

    def hidden(self, count: int, bias: bool, *, everywhere: bool = False) -> Conv2dForm:
        border = self.padding if self._border_first(everywhere) else (0, 0)
        return Conv2dForm(count, self.c_in, (1, 1), bias, "relu", padding=border)

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
        single = replace(self, c_out=1, c_in=self.c_in // self.groups, groups=1)
        ones = np.ones((single.rows, single.c_in))
        return max(float(single.act(ones, part).max()) for part in np.split(x, self.groups))

    def spread(self, values: Floats) -> Floats:
        return values[:, None, None]

    output_axis: ClassVar[int] = 1

    def held(self, outputs: Shape) -> int:
        size = math.prod(int(d or 1) for d in outputs)
        return size + self.window * self.c_in * size // self.c_out  # the windows

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3 or shape[0] != self.c_in:
            raise ValueError(
                f"a convolution of {self.c_in} channels takes ({self.c_in}, height, width), got shape {shown(shape)}"
            )
        return (self.c_out, *slid(shape, self.kernel, self.stride, self.padding, self.dilation))
