"""Writing a network as an ONNX model."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from slth.files import atomic_write
from slth.networks.layers import Shape
from slth.networks.network import Network
from slth.networks.onnx.graph import Graph
from slth.networks.onnx.layers import written


def to_onnx(network: Network, path: str | os.PathLike[str], *, dtype: type[np.floating[Any]] = np.float64) -> None:
    """Write `network` as ONNX of opset 17 that ONNX Runtime evaluates on a CPU: input ``x``, output ``y``, both of type `dtype`.

    Pruned weights are stored as zeros. In float64 the file holds the very weights, and `Network.read` gives back a network with the same
    outputs bit for bit (an activation that stands alone is moved into the layer before it); convolutions, mean pooling and the activation
    "gelu", for which ONNX Runtime has no float64 kernels, are then functions made of operators that have (`slth.networks.onnx.windows`,
    `slth.networks.onnx.gaussian`). In float32 they are the plain operators, faster, and weights are rounded unless they were float32.

    Parameters
    ----------
    network : Network
    path : path
    dtype : numpy.float64 or numpy.float32

    Raises
    ------
    ImportError
        If the package onnx is missing.
    TypeError
        If `dtype` is neither.
    ValueError
        If the weights exceed the 2 GiB that one ONNX file may hold, a layer has no weights yet, or a number overflows float32.
    OSError
        If the file cannot be written; a file that was there survives.
    """
    if dtype not in (np.float64, np.float32):
        raise TypeError(f"dtype must be numpy.float64 or numpy.float32, got {dtype!r}")
    graph = Graph(dtype)
    itemsize = np.dtype(dtype).itemsize
    if itemsize * network.size >= 2**31:
        raise ValueError(
            f"an ONNX file holds at most 2 GiB, {network.size:,} {np.dtype(dtype)} weights take "
            f"{itemsize * network.size / 2**30:.1f} GiB"
        )
    with np.errstate(over="raise"):
        try:
            value = written(graph, network.layers, "x")
        except FloatingPointError:
            raise ValueError("a weight overflows float32; write with dtype=numpy.float64") from None
    from onnx.helper import make_node

    graph.nodes.append(make_node("Identity", [value], ["y"]))
    shapes = network.shapes
    model = graph.model(_named(shapes[0]), _named(shapes[-1]))
    with atomic_write(path) as file:
        file.write(model.SerializeToString(deterministic=True))


def _named(shape: Shape) -> tuple[str | int, ...]:
    """Batch and shape with names for free lengths; one axis has the same name before and after."""
    return ("batch", *(f"length{i}" if d is None else d for i, d in enumerate(shape)))
