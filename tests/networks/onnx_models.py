"""Small ONNX models, written by the package onnx."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slth.networks import Network


def node(operator: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    """A node; names of inputs and outputs apart by blanks."""
    from onnx import helper

    return helper.make_node(
        operator, inputs.split(), outputs.split(), name=f"the {operator} of {outputs}", **attributes
    )


def model(
    nodes: Sequence[Any], shape: Sequence[Any] = (None, 4), opset: int = 17, inputs: str = "x", outputs: str = "y",
    functions: Sequence[Any] = (), **constants: Any,
) -> Any:  # fmt: skip
    """A model of nodes and constants in float32 (integers stay integers)."""
    from onnx import helper, numpy_helper

    arrays = {
        name: np.asarray(v) if np.asarray(v).dtype.kind == "i" else np.asarray(v, np.float32)
        for name, v in constants.items()
    }
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, 1, shape) for name in inputs.split()],
        [helper.make_tensor_value_info(name, 1, None) for name in outputs.split()],
        [numpy_helper.from_array(v, name) for name, v in arrays.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("slth", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=list(functions))


def read(made: Any, tmp_path: Path, **options: Any) -> Network:
    """What a model, or the content of a file, is read as."""
    path = tmp_path / "m.onnx"
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    return Network.read(path, **options)
