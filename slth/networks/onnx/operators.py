"""What an ONNX operator makes of what is known of its arguments, operator by operator."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from scipy.special import erf

from slth.networks.layers import (
    Conv2d,
    Dense,
    Elementwise,
    LayerNorm,
    Softmax,
)
from slth.networks.onnx.arithmetic import arithmetic, numbers, vector
from slth.networks.onnx.gaussian import gelu_function
from slth.networks.onnx.images import average_pool, channel_means, conv, max_pool
from slth.networks.onnx.patterns import (
    attended,
    attention_step,
    normalization_step,
    pointwise,
    shortest,
)
from slth.networks.onnx.shapes import (
    cast,
    concatenated,
    constant,
    filled,
    flattened,
    gathered,
    reshaped,
    shape_of,
    sliced,
    squeezed,
    transposed,
    triangle,
    unsqueezed,
)
from slth.networks.onnx.values import Floats, Known, Pointwise, Scores, Statistic, Value
from slth.networks.readers.folding import activated, is_open, normalized


def _weight(found: Known, turned: bool = False) -> Floats:
    """The weights (outputs, inputs) of a constant (inputs, outputs), or the other way round."""
    if not isinstance(found, np.ndarray) or found.ndim != 2:
        raise ValueError("its second argument must be a constant matrix")
    return numbers(found if turned else found.T)


def _matmul(call: Any, left: Known, right: Known) -> Known:
    if isinstance(left, Scores) and left.stage == "joined":
        return attended(left, _weight(right))
    step = attention_step("MatMul", (left, right))
    if step is not None:
        return step
    return call.value(0).then(Dense(_weight(right), None, "identity"))


def _gemm(call: Any, left: Known, right: Known, bias: Known = None) -> Known:
    if call.attributes.get("transA", 0):
        raise ValueError("a Gemm that transposes its input is not understood")
    alpha, beta = (shortest(np.float32(call.attributes.get(name, 1.0))) for name in ("alpha", "beta"))
    weight = _weight(right, bool(call.attributes.get("transB", 0)))
    if alpha != 1.0:
        np.multiply(weight, alpha, out=weight)
    layer = Dense(weight, None, "identity")
    if bias is not None:
        if not isinstance(bias, np.ndarray):
            raise ValueError("its third argument must be constant")
        layer = replace(layer, bias=vector(bias, layer, call) * (1.0 if beta == 1.0 else beta))
    return call.value(0).then(layer)


def _function(operation: Callable[..., Any]) -> Callable[..., Known]:
    """An operator that is a part of activations only."""

    def apply(call: Any, x: Known) -> Known:
        if isinstance(x, np.ndarray):
            call.computed(x.size)
            return np.asarray(operation(x), x.dtype)
        found = normalization_step(call.node.op_type, (x,)) or pointwise(operation, call, (x,))
        if found is None:
            raise ValueError("it is understood within an activation or a layer normalisation only")
        return found

    return apply


def _activation(name: str, operation: Callable[..., Any]) -> Callable[..., Known]:
    """An operator that is an activation, or a part of one."""

    def apply(call: Any, x: Known, *_: Known) -> Known:
        if isinstance(x, Pointwise):
            return pointwise(operation, call, (x,))
        return _applied(call, name)

    return apply


def _applied(call: Any, name: str) -> Value:
    value: Value = call.value(0)
    if value.layer is not None and is_open(value.layer) and not value.open and call.alone(0):
        return value.replaced(activated(value.layer, name))
    return value.then(Elementwise(name))


def _leaky(call: Any, x: Known) -> Known:
    return _applied(call, f"leaky-relu({shortest(np.float32(call.attributes.get('alpha', 0.01)))!r})")


def _prelu(call: Any, x: Known, slope: Known) -> Known:
    if not isinstance(slope, np.ndarray) or slope.size != 1:
        raise ValueError("a slope for each channel is not understood, only one for all")
    return _applied(call, f"leaky-relu({shortest(slope.reshape(-1)[0])!r})")


def _gelu(call: Any, x: Known) -> Known:
    if call.node.domain:
        call.check_function(gelu_function(call.node.op_type))
    return _applied(call, "gelu-tanh" if call.attributes.get("approximate", "none") == "tanh" else "gelu")


def _clip(call: Any, x: Known, low: Known = None, high: Known = None) -> Known:
    low = call.attributes.get("min", -math.inf) if low is None else low
    high = call.attributes.get("max", math.inf) if high is None else high
    if not (np.size(low) == 1 and float(np.ravel(low)[0]) == 0 and float(np.ravel(high)[0]) > 1e30):
        raise ValueError("only a Clip to [0, inf), a ReLU, is understood")
    return _applied(call, "relu")


def _batch_normalization(call: Any, x: Known, *parameters: Known) -> Known:
    value = call.value(0)
    if not (isinstance(value.layer, Dense | Conv2d) and is_open(value.layer) and not value.open and call.alone(0)):
        raise ValueError("it is understood right behind a linear layer only, whose outputs nothing else uses")
    if call.attributes.get("training_mode", 0) or not all(isinstance(p, np.ndarray) for p in parameters):
        raise ValueError("its statistics must be constant")
    weight, bias, mean, variance = map(numbers, parameters)
    epsilon = shortest(np.float32(call.attributes.get("epsilon", 1e-5)))
    return value.replaced(normalized(value.layer, mean, variance, weight, bias, epsilon))


def _layer_normalization(call: Any, x: Known, weight: Known, bias: Known = None) -> Known:
    value = call.value(0)
    if call.attributes.get("axis", -1) not in (-1, len(value.shape)):
        raise ValueError("only a normalisation along the last axis is understood")
    epsilon = shortest(np.float32(call.attributes.get("epsilon", 1e-5)))
    return value.then(LayerNorm(numbers(weight), None if bias is None else numbers(bias), epsilon))


def _softmax(call: Any, x: Known) -> Known:
    rank = 4 if isinstance(x, Scores) else len(call.value(0).shape) + 1
    axis = call.attributes.get("axis", -1 if call.reader.opset >= 13 else 1)
    if axis not in (-1, rank - 1):
        raise ValueError("only a softmax along the last axis is understood")
    if isinstance(x, Scores) and x.stage == "scores":
        return replace(x, stage="weights")
    return call.value(0).then(Softmax())


def _reduce_mean(call: Any, x: Known, axes: Known = None) -> Known:
    along = call.integers("axes", 1)
    keep = bool(call.attributes.get("keepdims", 1))
    if isinstance(x, Statistic) and x.stage == "square" and along in ((-1,), (len(x.base.shape),)) and keep:
        return replace(x, stage="variance")
    value = call.value(0)
    means = channel_means(call, value, along, keep)
    if means is not None:
        return means
    if along in ((-1,), (len(value.shape),)) and keep:
        return Statistic(value, "mean")
    raise ValueError(
        f"a mean along axes {along} is not understood, only over the places of images or within a normalisation"
    )


FUNCTIONS: Final = ("AveragePool", "Conv", "Gelu")  # of the file's own, with a number behind the name
OPERATORS: Final[dict[str, Callable[..., Known]]] = {
    "Add": arithmetic("Add", np.add),
    "AveragePool": average_pool,
    "BatchNormalization": _batch_normalization,
    "Cast": cast,
    "Clip": _clip,
    "Concat": concatenated,
    "Constant": constant,
    "ConstantOfShape": filled,
    "Conv": conv,
    "Div": arithmetic("Div", np.divide),
    "Dropout": lambda call, x, *_: call.same(),
    "Erf": _function(erf),
    "Flatten": flattened,
    "Gather": gathered,
    "Gelu": _gelu,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda call, x: channel_means(call, call.value(0), (2, 3), True),
    "Identity": lambda call, x: call.same(),
    "LayerNormalization": _layer_normalization,
    "LeakyRelu": _leaky,
    "MatMul": _matmul,
    "Max": arithmetic("Max", np.maximum),
    "MaxPool": max_pool,
    "Min": arithmetic("Min", np.minimum),
    "Mul": arithmetic("Mul", np.multiply),
    "PRelu": _prelu,
    "Pow": arithmetic("Pow", np.power),
    "ReduceMean": _reduce_mean,
    "Relu": _activation("relu", lambda x: np.maximum(x, 0.0)),
    "Reshape": reshaped,
    "Shape": shape_of,
    "Sigmoid": _activation("sigmoid", lambda x: 1.0 / (1.0 + np.exp(-x))),
    "Slice": sliced,
    "Softmax": _softmax,
    "Sqrt": _function(np.sqrt),
    "Squeeze": squeezed,
    "Sub": arithmetic("Sub", np.subtract),
    "Sum": arithmetic("Add", np.add),
    "Tanh": _activation("tanh", np.tanh),
    "Transpose": transposed,
    "Trilu": triangle,
    "Unsqueeze": unsqueezed,
}
