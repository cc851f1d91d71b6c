"""Writing a network as an ONNX model (extra ``onnx``)."""

from __future__ import annotations

import os

import numpy as np

from slth.files import atomic_write
from slth.networks.network import Network


def to_onnx(network: Network, path: str | os.PathLike[str]) -> None:
    """Write `network` as ONNX: for each layer MatMul, Add, Mul by its scale and Relu, in float64; input ``x``, output ``y``.

    Pruned weights are stored as zeros. Opset 14, so that any runtime of the last years reads it.

    Raises
    ------
    ImportError
        If the package onnx is missing.
    ValueError
        If the weights exceed the 2 GiB that one ONNX file may hold.
    OSError
        If the file cannot be written; a file that was there survives.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError:
        raise ImportError("writing ONNX needs the package onnx: pip install 'slth[onnx]'") from None
    if 8 * network.size >= 2**31:
        raise ValueError(
            f"an ONNX file holds at most 2 GiB, {network.size:,} float64 weights take {network.size / 2**27:.1f} GiB"
        )
    nodes, constants = [], []
    value = "x"
    for i, layer in enumerate(network.layers):
        steps = [("MatMul", layer.weight.T)]
        if layer.bias is not None:
            steps.append(("Add", layer.bias))
        if layer.scale != 1.0:
            steps.append(("Mul", np.array(layer.scale)))
        for operator, constant in steps:
            name = f"{operator.lower()}_{i}"
            if operator == "Mul":
                # ONNX Runtime would fuse a product with the MatMul before it, in single precision; not across this identity
                nodes.append(helper.make_node("Sum", [value], [f"sum_{i}"]))
                value = f"sum_{i}"
            constants.append(numpy_helper.from_array(np.ascontiguousarray(constant), f"{name}_value"))
            nodes.append(helper.make_node(operator, [value, f"{name}_value"], [name]))
            value = name
        if layer.activation == "relu":
            nodes.append(helper.make_node("Relu", [value], [f"relu_{i}"]))
            value = f"relu_{i}"
    nodes.append(helper.make_node("Identity", [value], ["y"]))
    graph = helper.make_graph(
        nodes,
        "slth",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, ["batch", network.widths[0]])],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, ["batch", network.widths[-1]])],
        constants,
    )
    model = helper.make_model(graph, producer_name="slth", opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    checker.check_model(model)
    with atomic_write(path) as file:
        file.write(model.SerializeToString())
