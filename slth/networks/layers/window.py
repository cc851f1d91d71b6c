"""Windows that slide over images: what convolution and pooling share."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from slth.networks.layers.layer import Array, Shape, shown

Pair = tuple[int, int]


def pair(value: Any, name: str, *, least: int = 1) -> Pair:
    """An int for both directions, or one for rows and one for columns; each >= `least`."""
    both = (value, value) if isinstance(value, Integral) else value
    try:
        rows, columns = both
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be an integer or a pair of integers, got {value!r}") from None
    if not all(isinstance(v, Integral) and not isinstance(v, bool) for v in (rows, columns)):
        raise TypeError(f"{name} must be an integer or a pair of integers, got {value!r}")
    if min(rows, columns) < least:
        raise ValueError(f"{name} must be >= {least}, got {value!r}")
    return int(rows), int(columns)


def slid(shape: Shape, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> tuple[int | None, int | None]:
    """Rows and columns of windows in an image (channels, height, width)."""
    found: list[int | None] = []
    for size, k, step, pad, spread in zip(shape[1:], kernel, stride, padding, dilation, strict=True):
        if size is None:
            found.append(None)
            continue
        room = size + 2 * pad - spread * (k - 1) - 1
        if room < 0:
            raise ValueError(
                f"a window of {spread * (k - 1) + 1} does not fit into {size + 2 * pad} of an image of shape {shown(shape)}; "
                "add padding"
            )
        found.append(room // step + 1)
    return found[0], found[1]


def padded(x: Array, padding: Pair, value: float) -> Array:
    """Images (batch, channels, height, width) with a border."""
    if padding == (0, 0):
        return x
    border = ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2)
    return np.pad(x, border, constant_values=value)


def windows(x: Array, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> Array:
    """(batch, channels, rows, columns, height, width): a view of every window."""
    reach = tuple(spread * (k - 1) + 1 for k, spread in zip(kernel, dilation, strict=True))
    seen = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(2, 3))
    return seen[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
