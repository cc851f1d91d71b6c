"""Add, Sub, Mul, Div and the like: parts of linear layers, of activations and of patterns, or the sum of two branches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from slth import spool
from slth.networks.layers import Attention, Conv2d, Dense, Embedding, LayerNorm
from slth.networks.onnx.patterns import attention_step, biased, normalization_step, pointwise
from slth.networks.onnx.values import Floats, Known, Rows, Value, summed
from slth.networks.readers.arrays import owned
from slth.networks.readers.folding import folded, is_open


def numbers(array: Any) -> Floats:
    """A constant as float64 that belongs to the network alone."""
    return owned(array, "a constant")


def vector(constant: Any, layer: Any, call: Any) -> Any:
    """One number for each output of a dense layer or a convolution, from a constant that broadcasts against them."""
    outputs = len(layer.weight)
    places = (1 if call.reader.lifted else 2) if isinstance(layer, Conv2d) else 0
    shape = (1,) * (constant.ndim - places - 1) + (outputs,) + (1,) * places
    if constant.size == 1:
        return np.full(outputs, float(constant.reshape(-1)[0]))
    if constant.shape != shape[-constant.ndim :] or constant.size != outputs:
        raise ValueError(f"a constant of shape {constant.shape} does not act on each of {outputs} outputs by itself")
    return numbers(constant).reshape(outputs)


def arithmetic(name: str, operation: Callable[..., Any]) -> Callable[..., Known]:
    """The reading of an operator of two arguments."""

    def apply(call: Any, left: Known, right: Known = None) -> Known:
        if right is None:  # Sum, Max, Min of one argument; Sum serves as an identity
            return call.same()
        if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
            call.computed(math.prod(np.broadcast_shapes(left.shape, right.shape)))
            if name == "Div" and left.dtype.kind in "iu":  # towards zero
                return np.asarray(np.fix(left / right), left.dtype)
            return np.asarray(operation(left, right))
        if name == "Add" and isinstance(right, Rows):
            value = call.value(0)
            assert isinstance(value.layer, Embedding)
            assert not value.open
            return value.replaced(replace(value.layer, positions=right.table))
        commutes = name in ("Add", "Mul")
        for first, second in ((left, right), (right, left))[: 1 + commutes]:
            for step in (normalization_step, attention_step):
                found = step(name, (first, second))
                if found is not None:
                    return found
        constant = 0 if isinstance(left, np.ndarray) else 1 if isinstance(right, np.ndarray) else None
        if constant is not None and (commutes or constant == 1):
            found = _into_layer(call, name, 1 - constant, (left, right)[constant])
            if found is not None:
                return found
        twice = name == "Add" and left is right and isinstance(left, Value)
        function = None if twice else pointwise(operation, call, (left, right))
        if function is not None:
            return function
        if name == "Add" and constant is None:
            return summed(call.value(0), call.value(1))
        raise ValueError("it is understood with a constant behind a linear layer only, or within an activation")

    return apply


def _into_layer(call: Any, name: str, position: int, constant: Any) -> Value | None:
    """A constant that is added to, or multiplies, the outputs of a layer, moved into that layer; None if it cannot be."""
    found = call.reader.known[call.node.input[position]]
    if not isinstance(found, Value) or found.open or found.layer is None or not call.alone(position):
        return None
    if name not in ("Add", "Sub", "Mul", "Div") or constant.ndim > len(found.shape) + 1:
        return None
    layer = found.layer
    if name in ("Sub", "Div"):
        constant = -constant if name == "Sub" else 1.0 / numbers(constant)
    adds = name in ("Add", "Sub")
    if isinstance(layer, Dense | Conv2d) and is_open(layer):
        if adds:
            return found.replaced(folded(layer, None, vector(constant, layer, call)))
        if constant.size == 1 and constant.reshape(-1)[0] > 0 and layer.scale == 1.0:
            return found.replaced(replace(layer, scale=float(constant.reshape(-1)[0])))
        return found.replaced(folded(layer, vector(constant, layer, call), None))
    if isinstance(layer, Attention) and adds:
        return found.replaced(biased(layer, np.broadcast_to(numbers(constant), (layer.d_out,))))
    if isinstance(layer, LayerNorm) and constant.shape[-1:] == layer.weight.shape == (constant.size,):
        each = numbers(constant).reshape(-1)
        if adds:
            return found.replaced(replace(layer, bias=each if layer.bias is None else layer.bias + each))
        moved = None if layer.bias is None else layer.bias * each
        return found.replaced(replace(layer, weight=layer.weight * each, bias=moved))
    width = layer.table.shape[1] if isinstance(layer, Embedding) else 0
    if isinstance(layer, Embedding) and adds and layer.positions is None and constant.shape[-1:] == (width,):
        rows = numbers(constant).reshape(-1, width)
        if len(rows) == 1:  # to every place the same
            return found.replaced(replace(layer, table=spool.computed(lambda table: table + rows, layer.table)))
        return found.replaced(replace(layer, positions=rows))
    return None
