"""Two-dimensional convolution as products of matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.networks.activations import activation
from slth.networks.layers.convolution_form import Conv2dForm
from slth.networks.layers.drawn import at_a_time
from slth.networks.layers.layer import Array, Shape, like, read_only
from slth.networks.layers.linear import Linear
from slth.networks.layers.window import Pair, padded, pair, windows
from slth.spool import slices
from slth.validation import finite_array, positive_float, positive_int

_WINDOWS = 1 << 23  # numbers of windows laid out together: 64 MiB


@dataclass(frozen=True, eq=False, repr=False)
class Conv2d(Linear):
    """The map ``x -> activation(scale * (weight * x + bias))`` of images, * the cross-correlation of deep learning.

    Parameters
    ----------
    weight : (c_out, c_in / groups, height, width) float64
        Kernels; a zero is a pruned weight. Channels are split into `groups`, each of which sees its own inputs.
    bias : (c_out,) float64 or None
    activation : str
        As in `Dense`.
    scale : float > 0
    stride, padding, dilation : int or (int, int)
        Steps of the kernel, rows and columns of zeros added on both sides, and distance between kernel entries.
    groups : int

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    Notes
    -----
    Time O(batch * outputs * c_in * height * width); memory for the windows of a batch, ``height * width`` times the input (none for 1x1
    kernels), up to 64 MiB, or those of one row. `Network` evaluates in blocks.
    """

    kind: ClassVar[str] = "conv2d"

    weight: NDArray[np.float64]
    bias: NDArray[np.float64] | None = None
    activation: str = "relu"
    scale: float = 1.0
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        weight = finite_array(self.weight, "weight", ndim=4)
        if weight.size == 0:
            raise ValueError(f"weight must have shape (c_out, c_in, height, width), all >= 1, got {weight.shape}")
        object.__setattr__(self, "weight", read_only(weight))
        if self.bias is not None:
            bias = finite_array(self.bias, "bias", ndim=1)
            if bias.shape != weight.shape[:1]:
                raise ValueError(f"bias must have shape ({weight.shape[0]},) like the kernels, got {bias.shape}")
            object.__setattr__(self, "bias", read_only(bias))
        activation(self.activation)
        object.__setattr__(self, "scale", positive_float(self.scale, "scale"))
        object.__setattr__(self, "stride", pair(self.stride, "stride"))
        object.__setattr__(self, "padding", pair(self.padding, "padding", least=0))
        object.__setattr__(self, "dilation", pair(self.dilation, "dilation"))
        object.__setattr__(self, "groups", positive_int(self.groups, "groups"))
        if weight.shape[0] % self.groups:
            raise ValueError(f"groups={self.groups} must divide the {weight.shape[0]} output channels")

    @property
    def c_in(self) -> int:
        """Channels the layer takes."""
        return int(self.weight.shape[1]) * self.groups

    @property
    def c_out(self) -> int:
        """Channels the layer puts out."""
        return int(self.weight.shape[0])

    @property
    def kernel(self) -> Pair:
        """Height and width of the kernels."""
        return int(self.weight.shape[2]), int(self.weight.shape[3])

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "activation": self.activation,
            "scale": self.scale,
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "groups": self.groups,
        }

    @property
    def form(self) -> Conv2dForm:
        return Conv2dForm(
            self.c_out, self.c_in, self.kernel, self.bias is not None, self.activation, self.stride, self.padding,
            self.dilation, self.groups,
        )  # fmt: skip

    @property
    def matrix(self) -> NDArray[np.float64]:
        share_out, share_in = self.c_out // self.groups, self.c_in // self.groups
        whole = spool.zeros((self.c_out, *self.kernel, self.c_in))
        for g in range(self.groups):
            out, into = slice(g * share_out, (g + 1) * share_out), slice(g * share_in, (g + 1) * share_in)
            whole[out, :, :, into] = self.weight[out].transpose(0, 2, 3, 1)
        return whole.reshape(-1, self.c_in)

    def entries(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
        out, row, column = np.unravel_index(rows, (self.c_out, *self.kernel))
        share = self.c_in // self.groups
        found = self.weight[out, columns % share, row, column]
        return found if self.groups == 1 else np.where(self.form.connects(rows, columns), found, 0.0)

    def of_outputs(self, some: slice) -> Conv2d:
        """The layer with some of its outputs only; one of groups becomes one of a single group, with zeros between channels that are not
        connected."""
        weight = self.weight[some]
        if self.groups > 1:
            share_out, share_in = self.c_out // self.groups, self.c_in // self.groups
            weight = np.zeros((len(weight), self.c_in, *self.kernel))
            for i, out in enumerate(range(*some.indices(self.c_out))):
                first = out // share_out * share_in
                weight[i, first : first + share_in] = self.weight[out]
        bias = None if self.bias is None else self.bias[some]
        return Conv2d(weight, bias, self.activation, self.scale, self.stride, self.padding, self.dilation)

    def output_shape(self, shape: Shape) -> Shape:
        return self.form.output_shape(shape)

    def held(self, outputs: Shape) -> int:
        return self.form.held(outputs)

    def evaluate(self, x: Array) -> Array:
        weight = like(self.weight, x)
        seen = windows(padded(x, self.padding, 0.0), self.kernel, self.stride, self.dilation)
        batch, _, rows, columns, *_ = seen.shape
        share_in, share_out = self.c_in // self.groups, self.c_out // self.groups
        out = np.empty((batch, self.c_out, rows, columns), x.dtype)
        for g in range(self.groups):
            kernels = weight[g * share_out : (g + 1) * share_out].reshape(share_out, -1)
            # rows of images whose windows take no more memory than those of a block of `Network`
            for strip in slices(rows, max(1, _WINDOWS // max(1, batch * columns * kernels.shape[1]))):
                # (batch, rows, columns, c, h, w) as a matrix; for 1x1 kernels without stride this is the image itself
                part = seen[:, g * share_in : (g + 1) * share_in, strip].transpose(0, 2, 3, 1, 4, 5)
                matrix = part.reshape(batch * (strip.stop - strip.start) * columns, -1)
                for some in slices(share_out, at_a_time(kernels.shape[1])):
                    values = (matrix @ kernels[some].T).reshape(batch, strip.stop - strip.start, columns, -1)
                    here = slice(g * share_out + some.start, g * share_out + some.stop)
                    out[:, here, strip] = values.transpose(0, 3, 1, 2)
        if self.bias is not None:
            out += like(self.bias, x)[:, None, None]
        if self.scale != 1.0:
            out *= self.scale
        return activation(self.activation)(out)

    def __repr__(self) -> str:
        more = "".join(
            f", {name} {'x'.join(map(str, value))}"
            for name, value, plain in (
                ("stride", self.stride, (1, 1)),
                ("padding", self.padding, (0, 0)),
                ("dilation", self.dilation, (1, 1)),
            )
            if value != plain
        )
        more += f", {self.groups} groups" if self.groups > 1 else ""
        more += "" if self.scale == 1.0 else f", scale {self.scale:g}"
        size = "x".join(map(str, self.kernel))
        return f"Conv2d({self.c_in}-{self.c_out}, {size}, {self.activation}, {self._counts()}{more})"
