"""One kind of layer after the other as ONNX nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from slth.networks.activations import activation
from slth.networks.layers import (
    Attention,
    AveragePool2d,
    Conv2d,
    Dense,
    Elementwise,
    Embedding,
    Flatten,
    GlobalAveragePool2d,
    Layer,
    LayerNorm,
    MaxPool2d,
    Residual,
    Softmax,
)
from slth.networks.onnx.gaussian import gelu_function
from slth.networks.onnx.graph import Graph
from slth.networks.onnx.windows import conv_function, mean_function


def written(graph: Graph, layers: Sequence[Layer], x: str) -> str:
    """Layers one after another behind the value x; returns the value that they put out.

    Raises
    ------
    ValueError
        If a layer has no counterpart in ONNX, or none that ONNX Runtime evaluates in this precision.
    """
    for layer in layers:
        if type(layer) not in _WRITERS:
            raise ValueError(f"a layer of kind {layer.kind!r} cannot be written as ONNX, {layer!r}")
        x = _WRITERS[type(layer)](graph, layer, x)
    return x


def _dense(graph: Graph, layer: Dense, x: str) -> str:
    return _finished(graph, layer, _mapped(graph, x, layer.weight, layer.bias))


def _mapped(graph: Graph, x: str, weight: Any, bias: Any) -> str:
    out = graph.add("MatMul", x, graph.value(weight.T, "weight"))
    return out if bias is None else graph.add("Add", out, graph.value(bias, "bias"))


def _finished(graph: Graph, layer: Dense | Conv2d, value: str) -> str:
    if layer.scale != 1.0:
        value = _scaled(graph, "Mul", value, layer.scale)
    return _activated(graph, layer.activation, value)


def _scaled(graph: Graph, operator: str, value: str, factor: Any) -> str:
    """A product or quotient. ONNX Runtime would fuse one by a number with the MatMul before or behind it, in single precision; not across
    a sum of one."""
    return graph.add("Sum", graph.add(operator, graph.add("Sum", value), graph.value(factor, "factor")))


def _activated(graph: Graph, name: str, x: str) -> str:
    if name == "identity":
        return x
    if name in ("relu", "sigmoid", "tanh"):
        return graph.add(name.capitalize(), x)
    if name == "gelu":
        if graph.double:
            return graph.call("Gelu", [x], gelu_function("Gelu"))
        normal = graph.add("Add", graph.add("Erf", graph.add("Div", x, graph.value(math.sqrt(2)))), graph.value(1.0))
        return graph.add("Mul", graph.add("Mul", x, normal), graph.value(0.5))
    if name == "gelu-tanh":
        cube = graph.add("Mul", graph.add("Mul", x, x), x)
        bent = graph.add("Add", x, graph.add("Mul", cube, graph.value(0.044715)))
        inner = graph.add("Tanh", graph.add("Mul", bent, graph.value(math.sqrt(2 / math.pi))))
        return graph.add("Mul", graph.add("Mul", x, graph.add("Add", inner, graph.value(1.0))), graph.value(0.5))
    slope = -float(activation(name)(np.array([-1.0]))[0])
    # LeakyRelu would hold the slope in single precision
    return graph.add("Max" if slope <= 1 else "Min", x, graph.add("Mul", x, graph.value(slope, "slope")))


def _conv2d(graph: Graph, layer: Conv2d, x: str) -> str:
    attributes: dict[str, Any] = {
        "kernel_shape": layer.kernel,
        "strides": layer.stride,
        "pads": (*layer.padding, *layer.padding),
        "dilations": layer.dilation,
        "group": layer.groups,
    }
    inputs = [x, graph.value(layer.weight, "weight")]
    if layer.bias is not None:
        inputs.append(graph.value(layer.bias, "bias"))
    if graph.double:
        name = f"Conv{len(graph.functions)}"
        function = conv_function(name, attributes, (layer.c_in, layer.c_out), layer.bias is not None)
        value = graph.call(name, inputs, function, **attributes)
    else:
        value = graph.add("Conv", *inputs, **attributes)
    return _finished(graph, layer, value)


def _max_pool(graph: Graph, layer: MaxPool2d, x: str) -> str:
    return graph.add("MaxPool", x, kernel_shape=layer.kernel, strides=layer.step, pads=(*layer.padding, *layer.padding))


def _average_pool(graph: Graph, layer: AveragePool2d, x: str) -> str:
    attributes: dict[str, Any] = {
        "kernel_shape": layer.kernel,
        "strides": layer.step,
        "pads": (*layer.padding, *layer.padding),
        "count_include_pad": 1,
    }
    if not graph.double:
        return graph.add("AveragePool", x, **attributes)
    name = f"AveragePool{len(graph.functions)}"
    return graph.call(name, [x], mean_function(name, attributes), **attributes)


def _global_average_pool(graph: Graph, layer: GlobalAveragePool2d, x: str) -> str:
    return graph.add("ReduceMean", x, axes=(2, 3), keepdims=0)


def _flatten(graph: Graph, layer: Flatten, x: str) -> str:
    return graph.add("Flatten", x, axis=1)


def _softmax(graph: Graph, layer: Softmax, x: str) -> str:
    return graph.add("Softmax", x, axis=-1)


def _elementwise(graph: Graph, layer: Elementwise, x: str) -> str:
    return _activated(graph, layer.activation, x)


def _residual(graph: Graph, layer: Residual, x: str) -> str:
    both = written(graph, layer.body, x), written(graph, layer.shortcut, x)
    return _activated(graph, layer.activation, graph.add("Add", *both))


def _layer_norm(graph: Graph, layer: LayerNorm, x: str) -> str:
    weight = graph.value(layer.weight, "weight")
    if not graph.double:
        bias = [] if layer.bias is None else [graph.value(layer.bias, "bias")]
        return graph.add("LayerNormalization", x, weight, *bias, axis=-1, epsilon=layer.epsilon)
    # LayerNormalization would hold epsilon in single precision
    centred = graph.add("Sub", x, graph.add("ReduceMean", x, axes=(-1,)))
    variance = graph.add("ReduceMean", graph.add("Mul", centred, centred), axes=(-1,))
    deviation = graph.add("Sqrt", graph.add("Add", variance, graph.value(layer.epsilon, "epsilon")))
    out = graph.add("Mul", graph.add("Div", centred, deviation), weight)
    return out if layer.bias is None else graph.add("Add", out, graph.value(layer.bias, "bias"))


def _embedding(graph: Graph, layer: Embedding, x: str) -> str:
    vectors = graph.add("Gather", graph.value(layer.table, "table"), graph.add("Cast", x, to=7), axis=0)  # 7: int64
    if layer.positions is None:
        return vectors
    count = graph.add("Shape", x, start=1, end=2)
    first, axis = graph.integers([0]), graph.integers([0])
    return graph.add("Add", vectors, graph.add("Slice", graph.value(layer.positions, "positions"), first, count, axis))


def _attention(graph: Graph, layer: Attention, x: str) -> str:
    split = graph.integers((0, 0, layer.heads, -1))
    query, key, value = (
        graph.add("Reshape", _mapped(graph, x, getattr(layer, name), getattr(layer, f"{name}_bias")), split)
        for name in ("query", "key", "value")
    )
    turned = graph.add("Transpose", query, perm=(0, 2, 1, 3)), graph.add("Transpose", key, perm=(0, 2, 3, 1))
    scores = graph.add("MatMul", *turned)  # (batch, heads, positions, positions)
    if layer.score_scale is None:
        scores = _scaled(graph, "Div", scores, math.sqrt(len(layer.query) // layer.heads))
    else:
        scores = _scaled(graph, "Mul", scores, np.reshape(layer.score_scale, (-1, 1, 1)))
    if layer.mask == "causal":
        scores = graph.add("Add", scores, _causal(graph, scores))
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), graph.add("Transpose", value, perm=(0, 2, 1, 3)))
    if layer.value_scale is not None:
        mixed = _scaled(graph, "Mul", mixed, np.reshape(layer.value_scale, (-1, 1, 1)))
    joined = graph.add("Reshape", graph.add("Transpose", mixed, perm=(0, 2, 1, 3)), graph.integers((0, 0, -1)))
    bias = None if layer.output_bias is None else layer.output_bias * layer.value_factor(0)
    return _mapped(graph, joined, layer.output, bias)


def _causal(graph: Graph, scores: str) -> str:
    """-inf above the diagonal, 0 elsewhere."""
    from onnx.numpy_helper import from_array

    shape = graph.add("Shape", scores, start=2, end=4)
    full = graph.add("ConstantOfShape", shape, value=from_array(np.array([-np.inf], graph.dtype)))
    return graph.add("Trilu", full, graph.integers(1), upper=1)


_WRITERS: Final[dict[type[Layer], Callable[..., str]]] = {
    Attention: _attention,
    AveragePool2d: _average_pool,
    Conv2d: _conv2d,
    Dense: _dense,
    Elementwise: _elementwise,
    Embedding: _embedding,
    Flatten: _flatten,
    GlobalAveragePool2d: _global_average_pool,
    LayerNorm: _layer_norm,
    MaxPool2d: _max_pool,
    Residual: _residual,
    Softmax: _softmax,
}
