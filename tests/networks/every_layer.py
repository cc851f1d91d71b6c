"""One or more layers of every kind, with the shape of an input each takes; for tests that ask the same of all."""

from __future__ import annotations

import numpy as np

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
    Residual,
    Softmax,
)
from slth.networks.layers import Conv2dForm, DenseForm

RNG = np.random.default_rng(2)


def some(*shape: int) -> np.ndarray:
    """Numbers with signed zeros and some that are no multiples of anything."""
    values = RNG.normal(size=shape)
    values[RNG.random(shape) < 0.2] = -0.0
    return values


LAYERS: dict[str, tuple[Layer, tuple[int, ...]]] = {
    "dense": (Dense(some(3, 4), some(3), "gelu", 1 / 3), (4,)),
    "dense without bias": (Dense(some(3, 4)), (5, 4)),
    "conv2d": (Conv2d(some(4, 2, 3, 2), some(4), "tanh", 2.5, (2, 1), (1, 0), (1, 2)), (2, 5, 6)),
    "conv2d in groups": (Conv2d(some(4, 2, 1, 1), None, "leaky-relu(0.3)", groups=2), (4, 3, 3)),
    "average pool": (AveragePool2d((2, 3), 1, (1, 1)), (2, 4, 5)),
    "max pool": (MaxPool2d(2), (2, 4, 5)),
    "global average": (GlobalAveragePool2d(), (3, 4, 5)),
    "flatten": (Flatten(), (2, 3, 4)),
    "elementwise": (Elementwise("leaky-relu(-0.5)"), (2, 3)),
    "softmax": (Softmax(), (2, 3)),
    "layer norm": (LayerNorm(some(4), some(4), 1e-3), (5, 4)),
    "layer norm without bias": (LayerNorm(some(4)), (4,)),
    "embedding": (Embedding(some(6, 3), some(5, 3)), (5,)),
    "embedding without positions": (Embedding(some(6, 3)), (5,)),
    "attention": (
        Attention(some(4, 3), some(4, 3), some(6, 3), some(5, 6), 2, some(4), some(4), some(6), some(5), "causal"),
        (4, 3),
    ),
    "attention without biases": (Attention(some(4, 3), some(4, 3), some(2, 3), some(3, 2), 1), (4, 3)),
    "residual": (Residual((Conv2d(some(2, 2, 3, 3), some(2), padding=1),), (), "relu"), (2, 4, 4)),
    "residual within residual": (
        Residual(
            (Residual((Dense(some(3, 3)), LayerNorm(some(3)))), Elementwise("gelu")), (Dense(some(3, 3), some(3)),)
        ),
        (2, 3),
    ),
    "dense form": (DenseForm(3, 4, False, "sigmoid"), (4,)),
    "conv2d form": (Conv2dForm(4, 2, (3, 2), True, "relu", (2, 1), (1, 0), (1, 2), 2), (2, 5, 6)),
    "attention form": (
        Attention(some(4, 3), some(4, 3), some(6, 3), some(5, 6), 2, None, some(4), None, None, "causal").form,
        (4, 3),
    ),
    "residual of forms": (Residual((DenseForm(3, 3), DenseForm(3, 3)), (Elementwise("relu"),)), (3,)),
}
WITHOUT_WEIGHTS = ("dense form", "conv2d form", "attention form", "residual of forms")  # that cannot be evaluated


def inputs(name: str, batch: int) -> np.ndarray:
    """A batch that the layer of this name takes."""
    layer, shape = LAYERS[name]
    rng = np.random.default_rng(len(name))
    if isinstance(layer, Embedding):
        return rng.integers(0, len(layer.table), (batch, *shape)).astype(np.float64)
    return rng.normal(size=(batch, *shape))


def same(first: Layer, second: Layer) -> bool:
    """Bit for bit, part by part."""
    if isinstance(first, Residual) and isinstance(second, Residual):
        parts = [(first.body, second.body), (first.shortcut, second.shortcut)]
        return first.activation == second.activation and all(
            len(a) == len(b) and all(map(same, a, b)) for a, b in parts
        )
    return (
        type(first) is type(second)
        and first.settings == second.settings
        and list(first.arrays) == list(second.arrays)
        and all(
            a.shape == b.shape and a.tobytes() == b.tobytes()
            for a, b in zip(first.arrays.values(), second.arrays.values(), strict=True)
        )
    )
