"""Multi-head attention."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.layers.layer import Array, Layer, Shape, like, read_only, shown
from slth.networks.layers.plain import softmax
from slth.validation import finite_array, one_of, positive_int

_MASKS = ("none", "causal")
_WEIGHTS = ("query", "key", "value", "output")


@dataclass(frozen=True, eq=False, repr=False)
class Attention(Layer):
    """Scaled dot-product self-attention of H heads over a sequence (Vaswani et al. 2017).

    Each head takes its share of the rows of query, key and value: with Q = X query^T + b, and so on,
    ``softmax(Q_h K_h^T / sqrt(d_key)) V_h``; the heads side by side go through ``output``.

    Parameters
    ----------
    query, key : (H d_key, d_in) float64
    value : (H d_value, d_in) float64
    output : (d_out, H d_value) float64
    heads : int
        H.
    query_bias, key_bias, value_bias, output_bias : float64 or None
        One number for each row of the matrix.
    mask : {"none", "causal"}
        Causal: a position attends to itself and to earlier ones.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not fit, or the heads do not divide them.
    """

    kind: ClassVar[str] = "attention"

    query: NDArray[np.float64]
    key: NDArray[np.float64]
    value: NDArray[np.float64]
    output: NDArray[np.float64]
    heads: int = 1
    query_bias: NDArray[np.float64] | None = None
    key_bias: NDArray[np.float64] | None = None
    value_bias: NDArray[np.float64] | None = None
    output_bias: NDArray[np.float64] | None = None
    mask: str = "none"

    def __post_init__(self) -> None:
        object.__setattr__(self, "heads", positive_int(self.heads, "heads"))
        one_of(self.mask, _MASKS, "mask")
        for name in _WEIGHTS:
            weight = finite_array(getattr(self, name), name, ndim=2)
            if weight.size == 0:
                raise ValueError(f"{name} must not be empty, got shape {weight.shape}")
            object.__setattr__(self, name, read_only(weight))
            bias = getattr(self, f"{name}_bias")
            if bias is not None:
                checked = finite_array(bias, f"{name}_bias", ndim=1)
                if checked.shape != weight.shape[:1]:
                    raise ValueError(
                        f"{name}_bias must have shape ({len(weight)},) like the rows of {name}, got {checked.shape}"
                    )
                object.__setattr__(self, f"{name}_bias", read_only(checked))
        if self.query.shape != self.key.shape:
            raise ValueError(f"query and key must have one shape, got {self.query.shape} and {self.key.shape}")
        if self.value.shape[1] != self.d_in:
            raise ValueError(f"value must take {self.d_in} numbers like query, got shape {self.value.shape}")
        if self.output.shape[1] != len(self.value):
            raise ValueError(f"output must take the {len(self.value)} rows of value, got shape {self.output.shape}")
        if len(self.query) % self.heads or len(self.value) % self.heads:
            raise ValueError(
                f"heads={self.heads} must divide the rows of query ({len(self.query)}) and of value ({len(self.value)})"
            )

    @property
    def d_in(self) -> int:
        """Numbers a position has."""
        return int(self.query.shape[1])

    @property
    def d_out(self) -> int:
        """Numbers a position has afterwards."""
        return int(self.output.shape[0])

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        names = (*_WEIGHTS, *(f"{name}_bias" for name in _WEIGHTS))
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    @property
    def settings(self) -> dict[str, Any]:
        return {"heads": self.heads, "mask": self.mask}

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 2 or shape[1] != self.d_in:
            raise ValueError(f"this attention takes (positions, {self.d_in}), got shape {shown(shape)}")
        return shape[0], self.d_out

    def evaluate(self, x: Array) -> Array:
        query, key, value = (self._by_head(x, name) for name in _WEIGHTS[:3])
        scores = query @ key.swapaxes(-1, -2) / x.dtype.type(math.sqrt(query.shape[-1]))
        if self.mask == "causal":
            scores = np.where(np.tri(x.shape[1], dtype=np.bool_), scores, x.dtype.type(-np.inf))
        mixed = softmax(scores) @ value  # (batch, heads, positions, d_value)
        return self._mapped(mixed.swapaxes(1, 2).reshape(*x.shape[:2], -1), "output")

    def _mapped(self, x: Array, name: str) -> Array:
        bias = getattr(self, f"{name}_bias")
        values = x @ like(getattr(self, name), x).T
        return values if bias is None else values + like(bias, x)

    def _by_head(self, x: Array, name: str) -> Array:
        """(batch, heads, positions, rows / heads)."""
        values = self._mapped(x, name)
        return values.reshape(*x.shape[:2], self.heads, -1).swapaxes(1, 2)

    def __repr__(self) -> str:
        causal = ", causal" if self.mask == "causal" else ""
        return f"Attention({self.d_in}-{self.d_out}, {self.heads} heads{causal}, {self._counts()})"
