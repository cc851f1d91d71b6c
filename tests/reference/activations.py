"""Dense networks with any activation, in mpmath to sixty digits: what float64 and the straight lines near zero are measured against.

A layer is (W, b, activation, scale) and computes ``activation(scale * (W x + b))``; b may be None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mpmath as mp

Layer = tuple[Any, Any, str, float]


def value(name: str, y: Any) -> Any:
    """An activation, from its definition."""
    if name == "identity":
        return y
    if name == "relu":
        return max(y, mp.mpf(0))
    if name.startswith("leaky-relu"):
        slope = mp.mpf(float(name[11:-1])) if "(" in name else mp.mpf(0.01)
        return y if y > 0 else slope * y
    if name == "tanh":
        return mp.tanh(y)
    if name == "sigmoid":
        return 1 / (1 + mp.exp(-y))
    if name == "gelu":
        return y * (1 + mp.erf(y / mp.sqrt(2))) / 2
    assert name == "gelu-tanh"
    return y * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (y + mp.mpf(0.044715) * y**3))) / 2


def forward(layers: Sequence[Layer], x: Sequence[float]) -> list[Any]:
    """The value of the network at x."""
    with mp.workdps(60):
        values = [mp.mpf(float(entry)) for entry in x]
        for weight, bias, name, scale in layers:
            sums = []
            for i, row in enumerate(weight):
                total = mp.mpf(0 if bias is None else float(bias[i]))
                for w, entry in zip(row, values, strict=True):
                    if w:
                        total += mp.mpf(float(w)) * entry
                sums.append(value(name, mp.mpf(float(scale)) * total))
            values = sums
        return values
