"""One dense layer: a weight matrix, perhaps a bias, an activation and one positive scale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.networks.activations import activation
from slth.networks.layers.drawn import at_a_time
from slth.networks.layers.layer import Array, Shape, like, read_only
from slth.networks.layers.linear import DenseForm, Linear
from slth.spool import slices
from slth.validation import finite_array, positive_float

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# A large pruned matrix is multiplied through its non-zero entries. Measured against two-threaded BLAS: break-even at a
# density near 8 %, 1.1 to 2.4 times faster at 5 %, 2 to 11 times at 1 %; with ten outputs slower at any density.
SPARSE_DENSITY = 0.05
SPARSE_SIZE = 100_000
SPARSE_OUTPUTS = 64


@dataclass(frozen=True, eq=False, repr=False)
class Dense(Linear):
    """The map ``x -> activation(scale * (x @ weight.T + bias))`` of the last axis of its input.

    Parameters
    ----------
    weight : (d_out, d_in) float64
        Row i holds the weights of output i; a zero is a pruned weight. An array that is float64 and C-contiguous
        already is not copied: do not change it afterwards.
    bias : (d_out,) float64 or None
    activation : str
        A key of `slth.networks.activations.ACTIVATIONS`, such as "relu" or "identity", or "leaky-relu(slope)".
    scale : float > 0
        The one positive factor of a layer that a ticket may carry, for weights beyond the reach of the random law.

    Raises
    ------
    ValueError
        If an entry is NaN or infinite, a shape does not fit, a dimension is 0, the activation is unknown or the
        scale is not positive.
    TypeError
        If an array does not hold real numbers.

    Notes
    -----
    One evaluation takes O(batch * d_in * d_out) time, or O(batch * kept) once a large layer is sparse.
    """

    kind: ClassVar[str] = "dense"

    weight: NDArray[np.float64]
    bias: NDArray[np.float64] | None = None
    activation: str = "relu"
    scale: float = 1.0

    def __post_init__(self) -> None:
        weight = finite_array(self.weight, "weight", ndim=2)
        if weight.size == 0:
            raise ValueError(f"weight must have shape (d_out, d_in) with both >= 1, got {weight.shape}")
        object.__setattr__(self, "weight", read_only(weight))
        if self.bias is not None:
            bias = finite_array(self.bias, "bias", ndim=1)
            if bias.shape != weight.shape[:1]:
                raise ValueError(f"bias must have shape ({weight.shape[0]},) like the rows of weight, got {bias.shape}")
            object.__setattr__(self, "bias", read_only(bias))
        activation(self.activation)
        object.__setattr__(self, "scale", positive_float(self.scale, "scale"))

    @property
    def d_in(self) -> int:
        """Numbers the layer takes."""
        return int(self.weight.shape[1])

    @property
    def d_out(self) -> int:
        """Numbers the layer puts out."""
        return int(self.weight.shape[0])

    @property
    def settings(self) -> dict[str, Any]:
        return {"activation": self.activation, "scale": self.scale}

    @cached_property
    def kept(self) -> int:
        return super().kept

    @property
    def form(self) -> DenseForm:
        return DenseForm(self.d_out, self.d_in, self.bias is not None, self.activation)

    @property
    def matrix(self) -> NDArray[np.float64]:
        return self.weight

    def of_outputs(self, some: slice) -> Dense:
        return Dense(self.weight[some], None if self.bias is None else self.bias[some], self.activation, self.scale)

    def output_shape(self, shape: Shape) -> Shape:
        return self.form.output_shape(shape)

    @cached_property
    def _sparse(self) -> csr_array[np.float64] | None:
        """`weight` by its non-zero entries if that is faster: 12 bytes each, at most 8 % of the dense array."""
        if self.weight.size <= SPARSE_SIZE or self.d_out < SPARSE_OUTPUTS:
            return None
        if np.count_nonzero(self.weight) > SPARSE_DENSITY * self.weight.size:
            return None
        from scipy.sparse import csr_array

        return csr_array(self.weight)

    @cached_property
    def _parts(self) -> tuple[Linear, ...]:
        """Of a large layer, layers of so many outputs as are evaluated together: see `Drawn`."""
        if self.d_out <= at_a_time(self.d_in):
            return ()
        return tuple(self.of_outputs(some) for some in slices(self.d_out, at_a_time(self.d_in)))

    def evaluate(self, x: Array) -> Array:
        if self._parts:
            return np.concatenate([part.evaluate(x) for part in self._parts], axis=-1)
        # activation(scale * (x @ weight.T + bias)), in one buffer
        if self._sparse is None:
            values = x @ like(self.weight, x).T
        else:
            values = np.asarray(self._sparse.astype(x.dtype, copy=False) @ x.reshape(-1, self.d_in).T).T
            values = values.reshape(*x.shape[:-1], self.d_out)
        if self.bias is not None:
            values += like(self.bias, x)
        if self.scale != 1.0:
            values *= self.scale
        return activation(self.activation)(values)

    def __repr__(self) -> str:
        scale = "" if self.scale == 1.0 else f", scale {self.scale:g}"
        return f"Dense({self.d_in}-{self.d_out}, {self.activation}, {self._counts()}{scale})"
