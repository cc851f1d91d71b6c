"""Multi-head attention."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.layers.attention_form import MASKS, AttentionForm
from slth.networks.layers.layer import Array, Shape, like, read_only
from slth.networks.layers.linear import Linear
from slth.networks.layers.mapped import Mapped
from slth.networks.layers.merged import Merged, multiplied
from slth.networks.layers.plain import softmax
from slth.validation import finite_array, one_of, positive_float, positive_int

_WEIGHTS = ("query", "key", "value", "output")


@dataclass(frozen=True, eq=False, repr=False)
class Attention(Mapped):
    """Scaled dot-product self-attention of H heads over a sequence (Vaswani et al. 2017).

    Each head takes its share of the rows of query, key and value: with Q = X query^T + b, and so on,
    ``softmax(Q_h K_h^T / sqrt(d_key)) V_h``; the heads side by side go through ``output``. Errors and sizes of a head depend only on
    ``Q_h^T K_h`` and ``O_h V_h``, which are its linear `maps`.

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
    score_scale, value_scale : (H,) floats > 0, or None
        Positive factors that a ticket may carry: of the scores of each head, in the place of 1 / sqrt(d_key), and of what each head adds
        to the output, in the place of 1; ``output_bias`` has the factor of the first head.

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
    score_scale: tuple[float, ...] | None = None
    value_scale: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "heads", positive_int(self.heads, "heads"))
        one_of(self.mask, MASKS, "mask")
        for name in ("score_scale", "value_scale"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, self._checked_scales(name))
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

    def _checked_scales(self, name: str) -> tuple[float, ...]:
        scales = tuple(positive_float(scale, name) for scale in getattr(self, name))
        if len(scales) != self.heads:
            raise ValueError(f"{name} must hold one number for each of the {self.heads} heads, got {len(scales)}")
        return scales

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
        scales = {name: getattr(self, name) for name in ("score_scale", "value_scale")}
        given = {name: list(scale) for name, scale in scales.items() if scale is not None}
        return {"heads": self.heads, "mask": self.mask, **given}

    @property
    def form(self) -> AttentionForm:
        output_bias = self.value_bias is not None or self.output_bias is not None
        return AttentionForm(self.d_out, self.d_in, self.heads, self.query_bias is not None, output_bias, self.mask)

    @cached_property
    def maps(self) -> tuple[Linear, ...]:
        return tuple(build(h) for h in range(self.heads) for build in (self._scores, self._values))

    def head(self, name: str, h: int) -> NDArray[np.float64]:
        """Rows of head `h` in "query", "key" or "value", or its columns in "output"."""
        weight: NDArray[np.float64] = getattr(self, name)
        if name == "output":
            return np.split(weight, self.heads, axis=1)[h]
        return np.split(weight, self.heads)[h]

    def head_bias(self, name: str, h: int) -> NDArray[np.float64]:
        """The same of the bias of "query", "key" or "value"; zeros without one."""
        bias = getattr(self, f"{name}_bias")
        return np.split(np.zeros(len(getattr(self, name))) if bias is None else bias, self.heads)[h]

    def score_factor(self, h: int) -> float:
        """What the products of queries and keys of head `h` are multiplied by."""
        d_key = len(self.query) // self.heads
        return 1 / math.sqrt(d_key) if self.score_scale is None else self.score_scale[h]

    def value_factor(self, h: int) -> float:
        """What head `h` adds to the output is multiplied by it."""
        return 1.0 if self.value_scale is None else self.value_scale[h]

    def _scores(self, h: int) -> Merged:
        queries, keys = self.head("query", h), self.head("key", h)
        if self.query_bias is not None:
            queries = np.column_stack([queries, self.head_bias("query", h)])
        merged, products = multiplied(queries.T, keys)
        return Merged(merged, scale=self.score_factor(h), products=products, computed=len(keys) + 2)

    def _values(self, h: int) -> Merged:
        output, value = self.head("output", h), self.head("value", h)
        bias = gain = None
        if h == 0 and self.form.output_bias:
            first = self.value_factor(0)
            own = np.zeros(self.d_out) if self.output_bias is None else self.output_bias
            each = [
                (self.value_factor(g) / first, self.head("output", g), self.head_bias("value", g))
                for g in range(self.heads)
            ]
            bias = own + sum(s * (o @ b) for s, o, b in each)
            gain = np.abs(own) + sum(s * (np.abs(o) @ np.abs(b)) for s, o, b in each)
        merged, products = multiplied(output, value)
        return Merged(
            merged,
            bias,
            scale=self.value_factor(h),
            products=products,
            bias_products=gain,
            computed=len(self.value) + self.heads + 4,
        )

    def output_shape(self, shape: Shape) -> Shape:
        return self.form.output_shape(shape)

    def held(self, outputs: Shape) -> int:
        positions = int(outputs[0] or 1)
        return 2 * positions * (len(self.query) + len(self.value) + self.heads * positions)

    def evaluate(self, x: Array) -> Array:
        query, key, value = (self._by_head(x, name) for name in _WEIGHTS[:3])
        scores = query @ key.swapaxes(-1, -2)
        if self.score_scale is None:
            scores /= x.dtype.type(math.sqrt(query.shape[-1]))
        else:
            scores *= np.array(self.score_scale, x.dtype)[:, None, None]
        if self.mask == "causal":
            scores = np.where(np.tri(x.shape[1], dtype=np.bool_), scores, x.dtype.type(-np.inf))
        mixed = softmax(scores) @ value  # (batch, heads, positions, d_value)
        if self.value_scale is not None:
            mixed *= np.array(self.value_scale, x.dtype)[:, None, None]
        out = mixed.swapaxes(1, 2).reshape(*x.shape[:2], -1) @ like(self.output, x).T
        if self.output_bias is not None:
            out += like(self.output_bias, x) * x.dtype.type(self.value_factor(0))
        return np.asarray(out)

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
        scales = "".join(
            f", {name} {'/'.join(f'{s:g}' for s in scale)}"
            for name, scale in (("score scale", self.score_scale), ("value scale", self.value_scale))
            if scale is not None
        )
        return f"Attention({self.d_in}-{self.d_out}, {self.heads} heads{causal}, {self._counts()}{scales})"
