"""Nodes and attributes of an ONNX file that nobody vouches for."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from slth.networks.onnx.tensors import Tensors
from slth.networks.onnx.values import Known, Value

FOLDED: Final = 1 << 27  # most entries of all constants computed from constants


class Call:
    """One node, as an operator sees it."""

    def __init__(self, reader: Any, index: int, node: Any) -> None:
        self.reader, self.index, self.node = reader, index, node
        self.attributes = {entry.name: attribute_of(entry, reader.tensors) for entry in node.attribute}

    def value(self, position: int) -> Value:
        """Argument number `position` as layers."""
        found: Value = self.reader.value(self.node.input[position])
        return found

    def name(self, position: int) -> str:
        """The first name of an argument."""
        return str(self.reader.root(self.node.input[position]))

    def alone(self, position: int) -> bool:
        """Whether nothing but this node uses an argument."""
        return bool(self.reader.users(self.node.input[position]) == {self.index})

    def same(self, position: int = 0) -> Known:
        """An argument, for a node that changes nothing."""
        self.reader.rename(self.index, self.node.input[position], self.node.output[0])
        return self.reader.known[self.node.input[position]]

    def computed(self, size: int) -> None:
        """Account for a constant of so many entries, before it is made."""
        self.reader.room -= size
        if self.reader.room < 0:
            raise ValueError(f"its constants take more than {FOLDED:,} entries")

    def check_function(self, expected: Any) -> None:
        """Refuse a function that only looks like one of this package."""
        found = self.reader.functions.get(self.node.op_type)
        if found is None or [n.SerializeToString() for n in found.node] != [
            n.SerializeToString() for n in expected.node
        ]:
            raise ValueError("it is no function that this version of slth writes; write the file again")

    def integers(self, name: str, position: int | None = None) -> tuple[int, ...] | None:
        """Integers from an attribute or, since later opsets, from an argument."""
        found = self.attributes.get(name)
        if found is None and position is not None and len(self.node.input) > position and self.node.input[position]:
            found = self.reader.known[self.node.input[position]]
            if not isinstance(found, np.ndarray):
                raise ValueError(f"its {name} must be constant")
        return None if found is None else tuple(int(v) for v in np.ravel(found))


def attribute_of(entry: Any, tensors: Tensors) -> Any:
    """The value of an attribute; text decoded, a tensor as an array."""
    from onnx import AttributeProto
    from onnx.helper import get_attribute_value

    if entry.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
        raise ValueError("graphs within graphs are not understood")
    found = get_attribute_value(entry)
    if entry.type == AttributeProto.TENSOR:
        return tensors.array(found)
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else found
