"""Layers of every kind by plain loops, one number at a time; imports nothing of slth.

Inputs and parameters are arrays, read entry by entry; ``math.fsum`` rounds each sum once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pair = tuple[int, int]

ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "relu": lambda z: max(z, 0.0),
    "identity": lambda z: z,
    "leaky-relu": lambda z: z if z > 0 else 0.01 * z,
    "leaky-relu(0.2)": lambda z: z if z > 0 else 0.2 * z,
    "leaky-relu(-3)": lambda z: z if z > 0 else -3 * z,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z)),
    "tanh": math.tanh,
    "gelu": lambda z: 0.5 * z * math.erfc(-z / math.sqrt(2)),
    "gelu-tanh": lambda z: 0.5 * z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
}


def dense(x: Array, weight: Array, bias: Array | None, activation: str = "identity", scale: float = 1.0) -> Array:
    """x (..., d_in) -> (..., d_out)."""
    out = np.empty((*x.shape[:-1], len(weight)))
    for at in np.ndindex(*x.shape[:-1]):
        for j, row in enumerate(weight):
            total = math.fsum([w * v for w, v in zip(row.tolist(), x[at].tolist(), strict=True)])
            out[(*at, j)] = ACTIVATIONS[activation](scale * (total + (0.0 if bias is None else float(bias[j]))))
    return out


def convolution(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    activation: str = "identity",
    scale: float = 1.0,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Array:
    """x (batch, c_in, height, width), weight (c_out, c_in / groups, kh, kw)."""
    batch, _, height, width = x.shape
    c_out, share, kh, kw = weight.shape
    rows, columns = (
        _places(n, k, i, (stride, padding, dilation)) for i, (n, k) in enumerate([(height, kh), (width, kw)])
    )
    out = np.empty((batch, c_out, rows, columns))
    for b, o, r, c in product(range(batch), range(c_out), range(rows), range(columns)):
        first = o // (c_out // groups) * share
        terms = [0.0 if bias is None else float(bias[o])]
        for i, p, q in product(range(share), range(kh), range(kw)):
            at = r * stride[0] - padding[0] + p * dilation[0], c * stride[1] - padding[1] + q * dilation[1]
            if 0 <= at[0] < height and 0 <= at[1] < width:
                terms.append(float(weight[o, i, p, q]) * float(x[b, first + i, at[0], at[1]]))
        out[b, o, r, c] = ACTIVATIONS[activation](scale * math.fsum(terms))
    return out


def pooling(x: Array, kind: str, kernel: Pair, stride: Pair, padding: Pair) -> Array:
    """kind "max": the largest within the image; "mean": the border counts as zeros."""
    batch, channels, height, width = x.shape
    rows, columns = (
        _places(n, k, i, (stride, padding, (1, 1)))
        for i, (n, k) in enumerate(zip((height, width), kernel, strict=True))
    )
    out = np.empty((batch, channels, rows, columns))
    for b, o, r, c in np.ndindex(*out.shape):
        seen = []
        for p, q in product(range(kernel[0]), range(kernel[1])):
            at = r * stride[0] - padding[0] + p, c * stride[1] - padding[1] + q
            if 0 <= at[0] < height and 0 <= at[1] < width:
                seen.append(float(x[b, o, at[0], at[1]]))
        out[b, o, r, c] = max(seen) if kind == "max" else math.fsum(seen) / (kernel[0] * kernel[1])
    return out


def attention(
    x: Array,
    weights: Sequence[Array],
    biases: Sequence[Array | None],
    heads: int,
    *,
    causal: bool = False,
) -> Array:
    """x (batch, positions, d); weights and biases of query, key, value and output."""
    query, key, value = (dense(x, w, b) for w, b in zip(weights[:3], biases[:3], strict=True))
    d_key, d_value = query.shape[2] // heads, value.shape[2] // heads
    mixed = np.zeros(value.shape)
    for b, h, t in product(range(len(x)), range(heads), range(x.shape[1])):
        seen = range(t + 1 if causal else x.shape[1])
        mine = query[b, t, h * d_key : (h + 1) * d_key]
        scores = [math.fsum((mine * key[b, s, h * d_key : (h + 1) * d_key]).tolist()) / math.sqrt(d_key) for s in seen]
        shares = softmax(scores)
        for j in range(h * d_value, (h + 1) * d_value):
            mixed[b, t, j] = math.fsum([share * float(value[b, s, j]) for share, s in zip(shares, seen, strict=True)])
    return dense(mixed, weights[3], biases[3])


def softmax(scores: Sequence[float]) -> list[float]:
    """exp(s_i) / sum_j exp(s_j)."""
    powers = [math.exp(s - max(scores)) for s in scores]
    return [power / math.fsum(powers) for power in powers]


def layer_norm(x: Array, weight: Array, bias: Array | None, epsilon: float) -> Array:
    """Along the last axis."""
    out = np.empty(x.shape)
    for at in np.ndindex(*x.shape[:-1]):
        row = x[at].tolist()
        mean = math.fsum(row) / len(row)
        variance = math.fsum([(v - mean) ** 2 for v in row]) / len(row)
        for i, v in enumerate(row):
            out[(*at, i)] = (v - mean) / math.sqrt(variance + epsilon) * weight[i] + (0.0 if bias is None else bias[i])
    return out


def embedding(tokens: Any, table: Array, positions: Array | None) -> Array:
    """tokens (batch, positions) -> (batch, positions, d)."""
    return np.array(
        [
            [
                [
                    float(table[int(token)][i]) + (0.0 if positions is None else float(positions[place][i]))
                    for i in range(table.shape[1])
                ]
                for place, token in enumerate(row)
            ]
            for row in tokens
        ]
    )


def _places(size: int, kernel: int, axis: int, window: tuple[Pair, Pair, Pair]) -> int:
    """How many windows there are, by counting them."""
    stride, padding, dilation = (pair[axis] for pair in window)
    count = 0
    while count * stride + dilation * (kernel - 1) < size + 2 * padding:
        count += 1
    return count
