"""Multi-head attention without its weights: two linear maps a head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from slth.networks.layers.dense import Dense
from slth.networks.layers.drawn import Drawn, DrawnAttention
from slth.networks.layers.layer import Layer, Shape, shown
from slth.networks.layers.linear import DenseForm, Form
from slth.networks.layers.mapped import MappedForm
from slth.validation import one_of, positive_int

MASKS = ("none", "causal")
MOST_HEADS = 1 << 14  # a small file cannot ask for more forms


@dataclass(frozen=True)
class AttentionForm(MappedForm):
    """What is known of an `Attention` without its weights; head h has the maps 2 h (scores) and 2 h + 1 (values).

    The score of a key x for a query q is ``[q, 1]^T A x``, A (d_in + 1, d_in), without the last row if the queries have no bias; what is
    constant over the keys vanishes in the softmax, so that biases of keys do nothing. A value is ``B x``, B (d_out, d_in); weights of
    an attention add up to 1, so that the biases of values and output are one vector, which the first head's map takes. A pair of random
    matrices stands for each map: keys before queries, values before output.
    """

    kind: ClassVar[str] = "attention-form"

    d_out: int
    d_in: int
    heads: int = 1
    query_bias: bool = False
    output_bias: bool = False
    mask: str = "none"

    def __post_init__(self) -> None:
        for name in ("d_out", "d_in", "heads"):
            object.__setattr__(self, name, positive_int(getattr(self, name), name))
        for name in ("query_bias", "output_bias"):
            object.__setattr__(self, name, bool(getattr(self, name)))
        if self.heads > MOST_HEADS:
            raise ValueError(f"heads must be at most {MOST_HEADS:,}, got {self.heads:,}")
        one_of(self.mask, MASKS, "mask")

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "d_out": self.d_out,
            "d_in": self.d_in,
            "heads": self.heads,
            "query_bias": self.query_bias,
            "output_bias": self.output_bias,
            "mask": self.mask,
        }

    @property
    def forms(self) -> tuple[Form, ...]:
        found: list[Form] = []
        for h in range(self.heads):
            found.append(DenseForm(self.d_in + self.query_bias, self.d_in, False, "identity", rectified=False))
            found.append(DenseForm(self.d_out, self.d_in, self.output_bias and h == 0, "identity", rectified=False))
        return tuple(found)

    def check_hidden(self, hidden: Sequence[int]) -> None:
        for name, sizes in (("scores", hidden[::2]), ("values", hidden[1::2])):
            if len(set(sizes)) > 1:
                raise ValueError(
                    f"the heads of an attention layer must have equally many hidden dimensions, got {tuple(sizes)} for the {name}; "
                    "use one width for all heads"
                )

    def assembled(self, parts: Sequence[tuple[Layer, ...]]) -> tuple[Layer, ...]:
        from slth.networks.layers.attention import Attention

        if len(parts) == 2 * self.heads and all(isinstance(layer, Drawn) for part in parts for layer in part):
            return (DrawnAttention(self, tuple(parts)),)  # type: ignore[arg-type]
        if len(parts) != 2 * self.heads or not all(
            len(part) == 2 and all(isinstance(layer, Dense) and layer.activation == "identity" for layer in part)
            for part in parts
        ):
            raise ValueError(f"{self!r} is made of two linear layers for each of its {2 * self.heads} maps")
        pairs: list[tuple[Dense, Dense]] = list(parts)  # type: ignore[arg-type]
        scores, values = pairs[::2], pairs[1::2]
        self.check_hidden([inner.d_out for inner, _ in pairs])
        biases = [np.zeros(inner.d_out) if inner.bias is None else inner.bias for inner, _ in values]
        return (
            Attention(
                query=np.concatenate([outer.weight[: self.d_in].T for _, outer in scores]),
                key=np.concatenate([inner.weight for inner, _ in scores]),
                value=np.concatenate([inner.weight for inner, _ in values]),
                output=np.concatenate([outer.weight for _, outer in values], axis=1),
                heads=self.heads,
                query_bias=np.concatenate([outer.weight[self.d_in] for _, outer in scores])
                if self.query_bias
                else None,
                value_bias=np.concatenate(biases) if self.output_bias else None,
                output_bias=values[0][1].bias,
                mask=self.mask,
                score_scale=tuple(outer.scale for _, outer in scores),
                value_scale=tuple(outer.scale for _, outer in values),
            ),
        )

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 2 or shape[1] != self.d_in:
            raise ValueError(f"this attention takes (positions, {self.d_in}), got shape {shown(shape)}")
        return shape[0], self.d_out
