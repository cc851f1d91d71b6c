"""Convolutional and residual targets, and dense ones on sequences, small enough for slow checks."""

from __future__ import annotations

import numpy as np

import slth
from slth.networks import (
    AveragePool2d,
    Conv2d,
    Dense,
    Elementwise,
    Flatten,
    GlobalAveragePool2d,
    Layer,
    MaxPool2d,
    Network,
    Residual,
)

RNG = np.random.default_rng(41)


def some(*shape: int) -> np.ndarray:
    return RNG.uniform(-1, 1, shape)


def conv(
    out: int, into: int, kernel: int, *, bias: bool = True, name: str = "relu", scale: float = 1.0, **window: object
) -> Conv2d:
    weight = some(out, into, kernel, kernel) / kernel
    return Conv2d(weight, some(out) if bias else None, name, scale, **window)  # type: ignore[arg-type]


def dense(out: int, into: int, *, bias: bool = True, name: str = "relu") -> Dense:
    return Dense(some(out, into), some(out) if bias else None, name)


def net(shape: tuple[int, ...], *layers: Layer) -> Network:
    return Network(layers, shape)


TARGETS: dict[str, slth.Network] = {
    "one convolution": net((2, 4, 4), conv(2, 2, 3, name="identity")),
    "without bias": net((1, 4, 5), conv(2, 1, 2, bias=False)),
    "a border": net((1, 3, 3), conv(2, 1, 3, padding=1, name="identity")),
    "steps": net((2, 5, 6), conv(2, 2, 3, stride=(2, 1), padding=(1, 1), name="tanh")),
    "spread out": net((1, 7, 6), conv(2, 1, 3, dilation=(2, 1), padding=(2, 1), scale=2.5)),
    "groups": net((4, 3, 3), Conv2d(some(4, 2, 2, 2), some(4), "relu", groups=2)),
    "one channel at a time": net((3, 4, 4), Conv2d(some(3, 1, 3, 3), some(3), "identity", padding=1, groups=3)),
    "two convolutions": net((1, 5, 5), conv(2, 1, 3, padding=1), conv(2, 2, 3, name="identity")),
    "max pool": net((1, 5, 6), conv(2, 1, 3, padding=1), MaxPool2d(2), Flatten(), dense(2, 12, name="identity")),
    "average pool": net((1, 6, 5), conv(2, 1, 2), AveragePool2d((2, 3), 1, 1), conv(1, 2, 2, name="identity")),
    "pool first": net((2, 4, 4), MaxPool2d(2, 1), AveragePool2d(2), conv(2, 2, 1, name="gelu")),
    "global average": net((2, 4, 4), conv(3, 2, 3), GlobalAveragePool2d(), dense(2, 3, name="sigmoid")),
    "residual": net(
        (2, 4, 4), Residual((conv(2, 2, 3, padding=1), conv(2, 2, 3, padding=1, name="identity")), (), "relu")
    ),
    "residual with a shortcut": net(
        (1, 5, 5),
        conv(2, 1, 3, padding=1),
        Residual(
            (conv(3, 2, 3, stride=2, padding=1), conv(3, 3, 3, padding=1, name="identity", bias=False)),
            (conv(3, 2, 1, stride=2, name="identity", bias=False),),
            "relu",
        ),
        GlobalAveragePool2d(),
        dense(2, 3, name="identity"),
    ),
    "dense residual": net(
        (3,),
        Residual((dense(4, 3), dense(3, 4, name="identity")), (dense(3, 3, bias=False, name="leaky-relu(0.3)"),)),
        dense(2, 3),
    ),
    "residual within residual": net(
        (2,), Residual((Residual((dense(2, 2),), (), "tanh"), dense(2, 2, name="identity")), (), "leaky-relu(-0.5)")
    ),
    "activations between": net(
        (1, 3, 3),
        conv(2, 1, 2, name="identity"),
        Elementwise("gelu"),
        Flatten(),
        Elementwise("leaky-relu(40)"),
        dense(2, 8, name="identity"),
    ),
    "a sequence": net((3, 2), dense(3, 2), dense(2, 3, name="identity")),
    "a square sequence": net((2, 2), dense(2, 2, name="identity"), Flatten(), dense(2, 4, name="tanh")),
    "a grid of vectors": net((2, 3, 2), dense(2, 2, name="gelu"), Residual((dense(2, 2),))),
}
