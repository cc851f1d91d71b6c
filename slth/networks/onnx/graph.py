"""An ONNX graph under construction, and the file around it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

OPSET, IR = 17, 8  # 17 knows LayerNormalization; any runtime since 2022 reads it
DOMAIN = "slth"


def onnx_package() -> Any:
    """The package onnx.

    Raises
    ------
    ImportError
        If it is missing.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise ImportError("ONNX files need the package onnx: pip install 'slth[onnx]'") from None
    return onnx


class Graph:
    """Nodes, constants and functions; every value has a name of its own."""

    def __init__(self, dtype: type[np.floating[Any]]) -> None:
        self.dtype = dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.functions: list[Any] = []
        self._onnx = onnx_package()

    @property
    def double(self) -> bool:
        """Whether values are float64."""
        return self.dtype is np.float64

    @property
    def element(self) -> int:
        """ONNX's number for the type of values."""
        return int(self._onnx.TensorProto.DOUBLE if self.double else self._onnx.TensorProto.FLOAT)

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """A node; returns the name of what it puts out."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(operator, list(inputs), [name], domain=domain, **attributes))
        return name

    def value(self, array: ArrayLike, name: str = "constant") -> str:
        """A constant in the precision of the graph."""
        return self._constant(np.asarray(array, self.dtype), name)

    def integers(self, values: ArrayLike, name: str = "integers") -> str:
        """A constant of int64, for shapes and places."""
        return self._constant(np.asarray(values, np.int64), name)

    def _constant(self, array: Any, name: str) -> str:
        named = f"{name}_{len(self.constants)}"
        self.constants.append(
            self._onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), named)
        )
        return named

    def call(self, name: str, inputs: list[str], function: Any, **attributes: Any) -> str:
        """A node that calls a function of the file's own."""
        if all(name != known.name for known in self.functions):
            self.functions.append(function)
        return self.add(name, *inputs, domain=DOMAIN, **attributes)

    def function(self, name: str, inputs: list[str], attributes: list[str]) -> Any:
        """This graph as a function, its last node the output; constants become nodes."""
        helper = self._onnx.helper
        constants = [helper.make_node("Constant", [], [tensor.name], value=tensor) for tensor in self.constants]
        opset = [helper.make_opsetid("", OPSET)]
        output = list(self.nodes[-1].output)
        return helper.make_function(DOMAIN, name, inputs, output, [*constants, *self.nodes], opset, attributes)

    def model(self, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> Any:
        """The file's content, checked; input ``x``, output ``y``, with shapes whose free lengths are text."""
        helper = self._onnx.helper
        graph = helper.make_graph(
            self.nodes,
            "slth",
            [helper.make_tensor_value_info("x", self.element, inputs)],
            [helper.make_tensor_value_info("y", self.element, output)],
            self.constants,
        )
        opsets = [helper.make_opsetid("", OPSET)] + ([helper.make_opsetid(DOMAIN, 1)] if self.functions else [])
        model = helper.make_model(
            graph, producer_name="slth", opset_imports=opsets, ir_version=IR, functions=self.functions
        )
        self._onnx.checker.check_model(model)
        return model
