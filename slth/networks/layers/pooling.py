"""Pooling: the mean or the largest of each window of an image. Nothing to prune."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from slth.networks.layers.layer import Array, Rearranging, Shape, shown
from slth.networks.layers.window import Pair, padded, pair, slid, windows


@dataclass(frozen=True, repr=False)
class _Pool2d(Rearranging):
    """Windows of `kernel`, `stride` apart (by default they touch), over images with a border of `padding`."""

    kernel: Pair
    stride: Pair | None = None
    padding: Pair = (0, 0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel", pair(self.kernel, "kernel"))
        stride = self.kernel if self.stride is None else pair(self.stride, "stride")
        object.__setattr__(self, "stride", stride)
        object.__setattr__(self, "padding", pair(self.padding, "padding", least=0))
        if any(2 * pad > k for pad, k in zip(self.padding, self.kernel, strict=True)):
            raise ValueError(f"padding must be at most half of the kernel {self.kernel}, got {self.padding}")

    @property
    def settings(self) -> dict[str, Any]:
        return {"kernel": self.kernel, "stride": self.stride, "padding": self.padding}

    @property
    def step(self) -> Pair:
        assert self.stride is not None
        return self.stride

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3:
            raise ValueError(f"pooling takes (channels, height, width), got shape {shown(shape)}")
        return (shape[0], *slid(shape, self.kernel, self.step, self.padding, (1, 1)))

    def __repr__(self) -> str:
        stride = "" if self.stride == self.kernel else f", stride {'x'.join(map(str, self.step))}"
        border = "" if self.padding == (0, 0) else f", padding {'x'.join(map(str, self.padding))}"
        return f"{type(self).__name__}({'x'.join(map(str, self.kernel))}{stride}{border})"


@dataclass(frozen=True, repr=False)
class AveragePool2d(_Pool2d):
    """The mean of every window of an image (batch, channels, height, width); a border counts as zeros."""

    kind: ClassVar[str] = "average-pool2d"

    def rounded(self, shape: Shape) -> float:
        return self.kernel[0] * self.kernel[1] + 2.0

    def evaluate(self, x: Array) -> Array:
        return np.asarray(windows(padded(x, self.padding, 0.0), self.kernel, self.step).mean(axis=(4, 5)))


@dataclass(frozen=True, repr=False)
class MaxPool2d(_Pool2d):
    """The largest value of every window of an image (batch, channels, height, width); a border never is."""

    kind: ClassVar[str] = "max-pool2d"

    def evaluate(self, x: Array) -> Array:
        return np.asarray(windows(padded(x, self.padding, -np.inf), self.kernel, self.step).max(axis=(4, 5)))


@dataclass(frozen=True)
class GlobalAveragePool2d(Rearranging):
    """The mean of every channel: (batch, channels, height, width) -> (batch, channels)."""

    kind: ClassVar[str] = "global-average-pool2d"

    def rounded(self, shape: Shape) -> float:
        return math.prod(d for d in shape[1:] if d is not None) + 2.0

    @property
    def settings(self) -> dict[str, Any]:
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3:
            raise ValueError(f"pooling takes (channels, height, width), got shape {shown(shape)}")
        return shape[:1]

    def evaluate(self, x: Array) -> Array:
        return np.asarray(x.mean(axis=(2, 3)))
