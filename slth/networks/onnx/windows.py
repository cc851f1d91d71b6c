"""Convolution and mean pooling in float64.

ONNX Runtime's CPU kernels of Conv and AveragePool know single precision only (1.18 to 1.31, measured). A file with float64 images therefore
carries functions ``slth.Conv...`` and ``slth.AveragePool...`` with the attributes of the operators, built from operators that do know
float64: the border by Pad, each place of the window by a strided Slice, then one product of matrices, or a mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from slth.networks.onnx.graph import Graph

ATTRIBUTES = ("kernel_shape", "strides", "pads", "dilations", "group")
_END = 2**63 - 1


def conv_function(name: str, attributes: dict[str, Any], channels: tuple[int, int], bias: bool) -> Any:
    """The function of a convolution of channels (c_in, c_out): inputs x, w as for Conv, and b if `bias`."""
    graph = Graph(np.float64)
    groups = attributes["group"]
    shares = channels[0] // groups, channels[1] // groups
    seen = _places(graph, attributes)
    size = graph.add("Shape", seen[0], start=2, end=4)
    # (batch, groups, share of c_in, rows columns) for each place, side by side
    apart = graph.integers((0, groups, shares[0], -1))
    columns = graph.add("Concat", *(graph.add("Reshape", part, apart) for part in seen), axis=2)
    kernels = graph.add("Transpose", "w", perm=(0, 2, 3, 1))  # places outside, channels inside, as in the columns
    matrix = graph.add("Reshape", kernels, graph.integers((groups, shares[1], -1)))
    product = graph.add("MatMul", matrix, columns)
    whole = graph.add("Concat", graph.integers((0, channels[1])), size, axis=0)
    out = graph.add("Reshape", product, whole)
    if bias:
        graph.add("Add", out, graph.add("Reshape", "b", graph.integers((channels[1], 1, 1))))
    return graph.function(name, ["x", "w", "b"] if bias else ["x", "w"], list(ATTRIBUTES))


def mean_function(name: str, attributes: dict[str, Any]) -> Any:
    """The function of a mean pooling whose border counts as zeros: input x."""
    graph = Graph(np.float64)
    seen = _places(graph, attributes | {"dilations": (1, 1)})
    mean = graph.add("Div", graph.add("Sum", *seen), graph.value(float(len(seen))))
    graph.add("Sum", mean)  # see `slth.networks.onnx.layers`: no MatMul may be fused with the quotient
    return graph.function(name, ["x"], [*ATTRIBUTES[:3], "count_include_pad"])


def _places(graph: Graph, attributes: dict[str, Any]) -> list[str]:
    """What each place of the window sees: (batch, channels, rows, columns) of the output, place by place."""
    image = "x"
    top, left, bottom, right = attributes["pads"]
    if any(attributes["pads"]):
        image = graph.add("Pad", image, graph.integers((0, 0, top, left, 0, 0, bottom, right)), graph.value(0.0))
    axes, steps = graph.integers((2, 3)), graph.integers(attributes["strides"])
    seen = []
    for place in np.ndindex(*attributes["kernel_shape"]):
        pairs = list(zip(place, attributes["dilations"], attributes["kernel_shape"], strict=True))
        start = [i * spread for i, spread, _ in pairs]
        # what is left of the window behind this place must still fit
        stop = [-spread * (k - 1 - i) or _END for i, spread, k in pairs]
        seen.append(graph.add("Slice", image, graph.integers(start), graph.integers(stop), axes, steps))
    return seen
