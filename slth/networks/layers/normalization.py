"""Layer normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.layers.layer import Array, Layer, Shape, like, read_only, shown
from slth.validation import finite_array, positive_float


@dataclass(frozen=True, eq=False, repr=False)
class LayerNorm(Layer):
    """The map ``x -> weight * (x - mean) / sqrt(variance + epsilon) + bias`` along the last axis (Ba, Kiros and Hinton 2016).

    Parameters
    ----------
    weight : (d,) float64
    bias : (d,) float64 or None
    epsilon : float > 0
    """

    kind: ClassVar[str] = "layer-norm"

    weight: NDArray[np.float64]
    bias: NDArray[np.float64] | None = None
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        weight = finite_array(self.weight, "weight", ndim=1)
        if weight.size == 0:
            raise ValueError("weight must have shape (d,), d >= 1, got (0,)")
        object.__setattr__(self, "weight", read_only(weight))
        if self.bias is not None:
            bias = finite_array(self.bias, "bias", ndim=1)
            if bias.shape != weight.shape:
                raise ValueError(f"bias must have shape {weight.shape} like weight, got {bias.shape}")
            object.__setattr__(self, "bias", read_only(bias))
        object.__setattr__(self, "epsilon", positive_float(self.epsilon, "epsilon"))

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        return {"weight": self.weight} if self.bias is None else {"weight": self.weight, "bias": self.bias}

    @property
    def settings(self) -> dict[str, Any]:
        return {"epsilon": self.epsilon}

    def output_shape(self, shape: Shape) -> Shape:
        if not shape or shape[-1] != self.weight.size:
            raise ValueError(f"this layer normalisation takes (..., {self.weight.size}), got shape {shown(shape)}")
        return shape

    def evaluate(self, x: Array) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.mean(centred * centred, axis=-1, keepdims=True)
        out = centred / np.sqrt(variance + x.dtype.type(self.epsilon)) * like(self.weight, x)
        if self.bias is not None:
            out += like(self.bias, x)
        return np.asarray(out)

    def __repr__(self) -> str:
        return f"LayerNorm({self.weight.size})"
