"""Layers against PyTorch, in both precisions, over many shapes: the same numbers to rounding."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from slth.networks import (
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
    Network,
    Residual,
    Softmax,
)

torch: Any = pytest.importorskip("torch")
functional: Any = torch.nn.functional
ROUNDING = {np.float64: 1e-12, np.float32: 2e-5}


def tensor(values: Any, dtype: Any) -> Any:
    return None if values is None else torch.tensor(np.array(values, dtype=dtype))


def agree(layer: Layer, x: np.ndarray, theirs: Any, dtype: Any) -> None:
    mine = layer.evaluate(x.astype(dtype))
    assert mine.dtype == dtype
    assert mine.shape == tuple(theirs.shape) == (len(x), *layer.output_shape(x.shape[1:]))
    np.testing.assert_allclose(mine, theirs.detach().numpy(), rtol=ROUNDING[dtype], atol=ROUNDING[dtype])


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_convolutions(groups: int, dtype: Any) -> None:
    rng = np.random.default_rng(groups)
    options = itertools.product([(1, 1), (2, 1), (3, 2)], [(0, 0), (1, 2)], [(1, 1), (1, 2)], [(1, 1), (3, 2), (2, 5)])
    for stride, padding, dilation, kernel in options:
        weight, bias = rng.normal(size=(8, 4 // groups, *kernel)), rng.normal(size=8)
        x = rng.normal(size=(3, 4, 9, 11))
        layer = Conv2d(weight, bias, "identity", 1.0, stride, padding, dilation, groups)
        given = (tensor(v, dtype) for v in (x, weight, bias))
        agree(layer, x, functional.conv2d(*given, stride, padding, dilation, groups), dtype)


@pytest.mark.parametrize("dtype", ROUNDING)
def test_pooling(dtype: Any) -> None:
    x = np.random.default_rng(0).normal(size=(3, 2, 9, 8)) - 1.0
    t = tensor(x, dtype)
    for kernel, stride, padding in [
        ((2, 2), None, (0, 0)),
        ((3, 2), (2, 1), (1, 1)),
        ((4, 5), (3, 3), (2, 2)),
        ((1, 3), (1, 1), (0, 1)),
    ]:
        agree(MaxPool2d(kernel, stride, padding), x, functional.max_pool2d(t, kernel, stride, padding), dtype)
        agree(AveragePool2d(kernel, stride, padding), x, functional.avg_pool2d(t, kernel, stride, padding), dtype)
    agree(GlobalAveragePool2d(), x, functional.adaptive_avg_pool2d(t, 1).flatten(1), dtype)


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("d", "heads", "length"), [(8, 2, 7), (6, 3, 1), (5, 1, 4), (12, 12, 3)])
def test_attention(d: int, heads: int, length: int, bias: bool, dtype: Any) -> None:
    torch.manual_seed(0)
    theirs = torch.nn.MultiheadAttention(d, heads, bias=bias, batch_first=True, dtype=tensor(0.0, dtype).dtype)
    if bias:
        torch.nn.init.normal_(theirs.in_proj_bias)
        torch.nn.init.normal_(theirs.out_proj.bias)
    state = {name: values.numpy() for name, values in theirs.state_dict().items()}
    weights = [*np.split(state["in_proj_weight"], 3), state["out_proj.weight"]]
    biases = [*np.split(state["in_proj_bias"], 3), state["out_proj.bias"]] if bias else [None] * 4
    x = np.random.default_rng(0).normal(size=(3, length, d))
    t = tensor(x, dtype)
    causal = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
    agree(Attention(*weights, heads, *biases), x, theirs(t, t, t)[0], dtype)
    agree(Attention(*weights, heads, *biases, "causal"), x, theirs(t, t, t, attn_mask=causal)[0], dtype)


@pytest.mark.parametrize("dtype", ROUNDING)
def test_the_rest(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    x, weight, bias = rng.normal(size=(3, 7, 8)) * 4, rng.normal(size=8), rng.normal(size=8)
    t = tensor(x, dtype)
    agree(LayerNorm(weight, bias), x, functional.layer_norm(t, (8,), tensor(weight, dtype), tensor(bias, dtype)), dtype)
    agree(LayerNorm(weight, None, 0.1), x, functional.layer_norm(t, (8,), tensor(weight, dtype), None, 0.1), dtype)
    agree(Softmax(), x, functional.softmax(t, -1), dtype)
    agree(Flatten(), x, t.flatten(1), dtype)
    matrix = rng.normal(size=(5, 8))
    agree(Dense(matrix, None, "identity"), x, functional.linear(t, tensor(matrix, dtype)), dtype)
    functions: dict[str, Any] = {
        "relu": functional.relu,
        "gelu": functional.gelu,
        "gelu-tanh": lambda z: functional.gelu(z, approximate="tanh"),
        "leaky-relu": functional.leaky_relu,
        "leaky-relu(0.2)": lambda z: functional.leaky_relu(z, 0.2),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "identity": lambda z: z,
    }
    for name, function in functions.items():
        agree(Elementwise(name), x, function(t), dtype)
    tokens = rng.integers(0, 6, (3, 7))
    table = rng.normal(size=(6, 8))
    agree(Embedding(table), tokens, functional.embedding(torch.tensor(tokens), tensor(table, dtype)), dtype)


@pytest.mark.parametrize("dtype", ROUNDING)
def test_a_residual_network(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    w1, b1, w2, skip = (
        rng.normal(size=(4, 3, 3, 3)),
        rng.normal(size=4),
        rng.normal(size=(4, 4, 3, 3)),
        rng.normal(size=(4, 3, 1, 1)),
    )
    head = rng.normal(size=(5, 4))
    x = rng.normal(size=(4, 3, 8, 9))
    block = Residual(
        (Conv2d(w1, b1, "relu", stride=2, padding=1), Conv2d(w2, None, "identity", padding=1)),
        (Conv2d(skip, None, "identity", stride=2),),
        "relu",
    )
    network = Network((block, GlobalAveragePool2d(), Dense(head, None, "identity")), (3, None, None))
    t = tensor(x, dtype)
    body = functional.relu(functional.conv2d(t, tensor(w1, dtype), tensor(b1, dtype), 2, 1))
    body = functional.conv2d(body, tensor(w2, dtype), None, 1, 1)
    summed = functional.relu(body + functional.conv2d(t, tensor(skip, dtype), None, 2))
    theirs = summed.mean(dim=(2, 3)) @ tensor(head, dtype).T
    mine = network(x, dtype=dtype)
    assert mine.dtype == dtype
    np.testing.assert_allclose(mine, theirs.numpy(), rtol=10 * ROUNDING[dtype], atol=10 * ROUNDING[dtype])
