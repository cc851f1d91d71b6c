"""Convolutions and pooling of an ONNX file; those of signals become ones of images of height 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from slth.networks.layers import AveragePool2d, Conv2d, GlobalAveragePool2d, MaxPool2d
from slth.networks.onnx.values import Channels, Known, Value
from slth.networks.onnx.windows import ATTRIBUTES, conv_function, mean_function
from slth.networks.readers.arrays import owned


def conv(call: Any, x: Known, weight: Known, bias: Known = None) -> Known:
    """Conv, or the function of this package that stands for it."""
    if not isinstance(weight, np.ndarray) or not (bias is None or isinstance(bias, np.ndarray)):
        raise ValueError("its weights must be constant")
    if weight.ndim == 3:
        weight = weight[:, :, None, :]
    if weight.ndim != 4:
        raise ValueError(f"only convolutions of images are understood, not weights of shape {weight.shape}")
    groups = call.attributes.get("group", 1)
    if call.node.domain:
        channels = weight.shape[1] * groups, weight.shape[0]
        _check_function(call, lambda name, given: conv_function(name, given, channels, bias is not None))
    kernel, stride, padding, dilation = _window(call, tuple(weight.shape[2:]))
    if kernel != weight.shape[2:]:
        raise ValueError(f"kernel_shape {kernel} is not that of its weights {weight.shape}")
    offset = None if bias is None else owned(bias, "bias")
    layer = Conv2d(owned(weight, "weight"), offset, "identity", 1.0, stride, padding, dilation, groups)
    return call.value(0).then(layer)


def max_pool(call: Any, x: Known) -> Known:
    """MaxPool."""
    kernel, stride, padding, dilation = _window(call)
    if dilation != (1, 1):
        raise ValueError("pooling with dilation is not understood")
    return call.value(0).then(MaxPool2d(kernel, stride, padding))


def average_pool(call: Any, x: Known) -> Known:
    """AveragePool, or the function of this package that stands for it."""
    if call.node.domain:
        _check_function(call, mean_function)
    kernel, stride, padding, dilation = _window(call)
    if any(padding) and not call.attributes.get("count_include_pad", 0):
        raise ValueError("a mean that leaves its border out is not understood; use count_include_pad=1 or no padding")
    if dilation != (1, 1):
        raise ValueError("pooling with dilation is not understood")
    return call.value(0).then(AveragePool2d(kernel, stride, padding))


def channel_means(call: Any, value: Value, axes: tuple[int, ...] | None, keep: bool) -> Known | None:
    """The mean over all places of images, None if the axes are others."""
    if len(value.shape) != 3:
        return None
    signals = call.reader.lifted and call.node.op_type != "GlobalAveragePool"
    rank = 3 if signals else 4
    if axes is None or {axis % rank for axis in axes} != ({2} if signals else {2, 3}):
        return None
    return Channels(value) if keep else value.then(GlobalAveragePool2d())


def _window(call: Any, kernel: tuple[int, ...] = ()) -> tuple[Any, Any, Any, Any]:
    """Kernel, stride, padding and dilation, each for rows and columns."""
    given = call.attributes
    if given.get("ceil_mode", 0) or given.get("storage_order", 0):
        raise ValueError("ceil_mode and storage_order are not understood; export with the defaults")
    sizes = {name: given.get(name) for name in ("kernel_shape", "strides", "dilations")}
    lifted = {name: None if v is None else ((1,) * (2 - len(v)) + tuple(v)) for name, v in sizes.items()}
    kernel = lifted["kernel_shape"] or kernel
    stride, dilation = lifted["strides"] or (1, 1), lifted["dilations"] or (1, 1)
    if len(kernel) != 2:
        raise ValueError(f"windows of {len(kernel)} axes are not understood, only of 1 or 2")
    return kernel, stride, _padding(given, kernel, stride, dilation), dilation


def _padding(given: Any, kernel: Any, stride: Any, dilation: Any) -> tuple[int, int]:
    auto = given.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        reach = [spread * (k - 1) for k, spread in zip(kernel, dilation, strict=True)]
        if stride != (1, 1) or any(n % 2 for n in reach):
            raise ValueError(
                f"auto_pad={auto!r} with stride or an even kernel pads one side more, which is not understood"
            )
        return reach[0] // 2, reach[1] // 2
    pads = tuple(given.get("pads") or (0, 0, 0, 0)) if auto == "NOTSET" else (0, 0, 0, 0)
    if len(pads) == 2:
        pads = (0, pads[0], 0, pads[1])
    if len(pads) != 4 or pads[:2] != pads[2:]:
        raise ValueError(f"padding {pads} that differs between two sides is not understood")
    return pads[0], pads[1]


def _check_function(call: Any, build: Callable[[str, dict[str, Any]], Any]) -> None:
    given = {name: tuple(v) if isinstance(v, list) else v for name, v in call.attributes.items()}
    function = call.reader.functions.get(call.node.op_type)
    most = 0 if function is None else len(function.node)  # there is a node for each place
    if not set(ATTRIBUTES[:3]) <= set(given) or not 0 < math.prod(given["kernel_shape"]) <= most:
        raise ValueError("it is no function that this version of slth writes; write the file again")
    call.check_function(build(call.node.op_type, given))
