"""A product of two matrices as one dense map: what a pair of random matrices without a ReLU in between stands for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.networks.layers.dense import Dense
from slth.networks.layers.linear import DenseForm

Floats = NDArray[np.float64]
_BLOCK = 1 << 21  # numbers of a product made together


def multiplied(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """``left @ right`` and ``abs(left) @ abs(right)``, arrays that last, made some rows at a time."""
    shape = len(left), right.shape[1]
    product, size = (spool.zeros(shape, lasting=True) for _ in range(2))
    absolute = np.abs(right)
    for rows in spool.slices(len(left), max(1, _BLOCK // shape[1])):
        product[rows] = left[rows] @ right
        size[rows] = np.abs(left[rows]) @ absolute
    return product, size


@dataclass(frozen=True, eq=False, repr=False)
class Merged(Dense):
    """A dense map without activation whose entries were computed; the parameters of `Dense` and what bounds their rounding.

    Parameters
    ----------
    products : (d_out, d_in) float64
        Sums of the absolute products behind each weight.
    bias_products : (d_out,) float64 or None
        The same of each bias.
    computed : int
        Roundings behind each.
    """

    kind: ClassVar[str] = "merged"

    activation: str = "identity"
    products: Floats = field(default_factory=lambda: np.zeros((1, 1)))
    bias_products: Floats | None = None
    computed: int = 0

    def __reduce__(self) -> tuple[Any, ...]:
        parts = self.products, self.bias_products, self.computed
        return Merged, (self.weight, self.bias, self.activation, self.scale, *parts)

    @property
    def form(self) -> DenseForm:
        return DenseForm(self.d_out, self.d_in, self.bias is not None, self.activation, rectified=False)

    def of_outputs(self, some: slice) -> Merged:
        bias = (None if x is None else x[some] for x in (self.bias, self.bias_products))
        weight, products, scale = self.weight[some], self.products[some], self.scale
        return Merged(weight, next(bias), self.activation, scale, products, next(bias), self.computed)

    @property
    def gain(self) -> Floats:
        return self.products

    @property
    def bias_gain(self) -> Floats:
        return np.zeros(self.d_out) if self.bias_products is None else self.bias_products

    @property
    def roundings(self) -> int:
        return self.computed
