"""Linear layers, and attention, whose matrices are made when they are needed, some rows at a time, and never held as a whole.

They can be evaluated, and nothing else: the random network of a ticket takes eight bytes for every one of its weights, of which a seed and
some bits are all that has to be kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.layers.layer import Array, Layer, Shape
from slth.networks.layers.plain import softmax
from slth.spool import slices

if TYPE_CHECKING:
    from slth.networks.layers.attention_form import AttentionForm
    from slth.networks.layers.linear import Form

Floats = NDArray[np.float64]
TOGETHER = 1 << 22  # weights that act together: 32 MiB


def at_a_time(columns: int) -> int:
    """How many outputs with so many weights each are evaluated together, in layers of any kind and size."""
    return max(1, TOGETHER // columns)


@dataclass(frozen=True)
class Rows:
    """A matrix, from a function that makes rows of it.

    Attributes
    ----------
    shape : (int, int)
    rows : function of (start, stop)
        Rows `start` to `stop` (not included), (stop - start, columns) float64, the same numbers whenever it is called.
    """

    shape: tuple[int, int]
    rows: Callable[[int, int], Floats]


@dataclass(frozen=True, eq=False, repr=False)
class Drawn(Layer):
    """``form.build(matrix, bias, scale)``, of a matrix that is made while the layer is evaluated.

    Outputs are evaluated as many at a time as by the layer with its matrix, and are the same bit for bit; memory is that for so many.
    """

    kind: ClassVar[str] = "drawn"

    form: Form
    matrix: Rows
    bias: Floats | None
    scale: float = 1.0

    @property
    def arrays(self) -> Mapping[str, Floats]:
        return {}

    @property
    def settings(self) -> dict[str, Any]:
        raise TypeError(
            "a layer whose weights are made when they are needed has no description; build it of its matrix"
        )

    def output_shape(self, shape: Shape) -> Shape:
        return self.form.output_shape(shape)

    def held(self, outputs: Shape) -> int:
        return self.form.held(outputs)

    def evaluate(self, x: Array) -> Array:
        form = self.form
        shape = tuple(int(d or 1) for d in form.output_shape(x.shape[1:]))
        out = np.empty((len(x), *shape), x.dtype)
        # outputs are channels of images, and last of all else
        by_output = np.moveaxis(out, form.output_axis, 0)
        for some in slices(form.outputs, at_a_time(form.columns * form.window)):
            by_output[some] = np.moveaxis(self._some(some).evaluate(x), form.output_axis, 0)
        return out

    def _some(self, outputs: slice) -> Layer:
        """The layer of some outputs, with its matrix."""
        window, bias = self.form.window, None if self.bias is None else self.bias[outputs]
        matrix = self.matrix.rows(outputs.start * window, outputs.stop * window)
        return self.form.some(outputs.stop - outputs.start).build(matrix, bias, self.scale)


@dataclass(frozen=True, eq=False, repr=False)
class DrawnAttention(Layer):
    """Attention of heads whose maps are pairs of `Drawn` layers: but for rounding, what `AttentionForm.assembled` makes of dense ones.

    Head by head; a score ``([x_q, 1] Q^T) (K x_k)`` is evaluated from right to left, so that only rows of all matrices are needed.
    """

    kind: ClassVar[str] = "drawn-attention"

    form: AttentionForm
    pairs: tuple[tuple[Drawn, Drawn], ...]

    @property
    def arrays(self) -> Mapping[str, Floats]:
        return {}

    @property
    def settings(self) -> dict[str, Any]:
        raise TypeError(
            "attention whose weights are made when they are needed has no description; build it of its matrices"
        )

    def output_shape(self, shape: Shape) -> Shape:
        return self.form.output_shape(shape)

    @cached_property
    def hidden(self) -> int:
        """The largest hidden dimension of a head."""
        return max(inner.form.outputs for inner, _ in self.pairs)

    def held(self, outputs: Shape) -> int:
        positions = int(outputs[0] or 1)
        return 4 * math.prod(int(d or 1) for d in outputs) + 3 * positions * (self.hidden + positions)

    def evaluate(self, x: Array) -> Array:
        form = self.form
        affine = np.concatenate([x, np.ones((*x.shape[:2], 1), x.dtype)], axis=2) if form.query_bias else x
        out = np.zeros((*x.shape[:2], form.d_out), x.dtype)
        for scored, valued in zip(self.pairs[::2], self.pairs[1::2], strict=True):
            keys = scored[1].evaluate(scored[0].evaluate(x))  # A x for every key: (batch, positions, d or d + 1)
            scores = affine @ keys.swapaxes(1, 2)
            if form.mask == "causal":
                scores = np.where(np.tri(x.shape[1], dtype=np.bool_), scores, x.dtype.type(-np.inf))
            out += valued[1].evaluate(softmax(scores) @ valued[0].evaluate(x))
        return out
