"""Dense layers, sparse ones too, and convolutions, as products of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from slth.networks import Conv2d, Dense
from slth.networks.layers.window import padded, windows
from slth.search.flat import pattern
from slth.search.gradients.activations import slopes
from slth.search.gradients.product import product
from slth.search.oracle import Array


class _Affine:
    """Bias, scale and activation of a linear layer, both ways."""

    def __init__(self, layer: Dense | Conv2d) -> None:
        self.arrays = len(layer.arrays)
        self._act, self._slope = slopes(layer.activation)
        self._scale = np.float32(layer.scale)

    def _put_out(self, z: Array, bias: Array | None) -> Array:
        """What the layer makes of its linear part; writes into it."""
        if bias is not None:
            z += bias
        if self._scale != 1:
            z *= self._scale
        return self._act(z)

    def _back(self, slope: Array, value: Array) -> Array:
        """The gradient by the linear part, from that by the output."""
        factor = self._slope(value)
        if factor is not None:
            slope = slope * factor
        return slope * self._scale if self._scale != 1 else slope


class DenseGradient(_Affine):
    """One product forward, two back."""

    def forward(self, x: Array, weights: Sequence[Array]) -> tuple[Array, Any]:
        z = product(x.reshape(-1, x.shape[-1]), weights[0].T).reshape(*x.shape[:-1], -1)
        value = self._put_out(z, weights[1] if self.arrays == 2 else None)
        return value, (x, value)

    def backward(self, slope: Array, kept: Any, weights: Sequence[Array], into: Sequence[Array], first: bool) -> Array:
        x, value = kept
        slope = self._back(slope, value)
        flat, rows = x.reshape(-1, x.shape[-1]), slope.reshape(-1, slope.shape[-1])
        product(rows.T, flat, into[0])
        if self.arrays == 2:
            rows.sum(axis=0, out=into[1])
        return slope if first else product(rows, weights[0]).reshape(x.shape)


class SparseGradient(_Affine):
    """A dense layer of which few weights are not zero: only these are multiplied. Its weights come as the vector of them."""

    def __init__(self, layer: Dense, places: NDArray[np.int64]) -> None:
        super().__init__(layer)
        self._rows, self._columns = np.divmod(places, layer.d_in)
        self._shape = layer.weight.shape

    def forward(self, x: Array, weights: Sequence[Array]) -> tuple[Array, Any]:
        z = np.ascontiguousarray((self._matrix(weights[0]) @ x.T).T)
        value = self._put_out(z, weights[1] if self.arrays == 2 else None)
        return value, (x, value)

    def _matrix(self, weights: Array) -> csr_array:
        counts = np.bincount(self._rows, minlength=self._shape[0])  # places are in order of the rows
        return csr_array((weights, self._columns, np.concatenate([[0], np.cumsum(counts)])), shape=self._shape)

    def backward(self, slope: Array, kept: Any, weights: Sequence[Array], into: Sequence[Array], first: bool) -> Array:
        x, value = kept
        slope = self._back(slope, value)
        np.einsum("br,br->r", slope[:, self._rows], x[:, self._columns], out=into[0])
        if self.arrays == 2:
            slope.sum(axis=0, out=into[1])
        return slope if first else np.ascontiguousarray((self._matrix(weights[0]).T @ slope.T).T)


def dense_gradient(layer: Dense) -> DenseGradient | SparseGradient:
    """The one that suits how many weights are not zero."""
    places = pattern(layer.weight)
    return DenseGradient(layer) if places is None else SparseGradient(layer, places)


class Conv2dGradient(_Affine):
    """The windows of a batch as a matrix, so that a convolution is a dense layer of them."""

    def __init__(self, layer: Conv2d) -> None:
        super().__init__(layer)
        self._layer = layer

    def forward(self, x: Array, weights: Sequence[Array]) -> tuple[Array, Any]:
        layer = self._layer
        seen = windows(padded(x, layer.padding, 0.0), layer.kernel, layer.stride, layer.dilation)
        batch, _, rows, columns, *_ = seen.shape
        out = np.empty((batch, layer.c_out, rows, columns), np.float32)
        matrices = []
        for into, outof in self._groups():
            matrix = seen[:, into].transpose(0, 2, 3, 1, 4, 5).reshape(batch * rows * columns, -1)
            matrices.append(matrix)
            mixed = product(matrix, weights[0][outof].reshape(-1, matrix.shape[1]).T)
            out[:, outof] = mixed.reshape(batch, rows, columns, -1).transpose(0, 3, 1, 2)
        value = self._put_out(out, weights[1][:, None, None] if self.arrays == 2 else None)
        return value, (x.shape, matrices, value)

    def backward(self, slope: Array, kept: Any, weights: Sequence[Array], into: Sequence[Array], first: bool) -> Array:
        shape, matrices, value = kept
        layer = self._layer
        slope = self._back(slope, value)
        if self.arrays == 2:
            slope.sum(axis=(0, 2, 3), out=into[1])
        batch, _, rows, columns = slope.shape
        (top, left), (height, width) = layer.padding, layer.kernel
        back = np.zeros((batch, shape[1], shape[2] + 2 * top, shape[3] + 2 * left), np.float32)
        for (ins, outs), matrix in zip(self._groups(), matrices, strict=True):
            flat = slope[:, outs].transpose(0, 2, 3, 1).reshape(batch * rows * columns, -1)
            into[0][outs] = product(flat.T, matrix).reshape(into[0][outs].shape)
            if first:
                continue
            seen = product(flat, weights[0][outs].reshape(flat.shape[1], -1))
            seen = seen.reshape(batch, rows, columns, -1, height, width)
            for i in range(height):
                for j in range(width):
                    # every place of the kernel hands its share back to the pixels that it saw
                    down = slice(i * layer.dilation[0], i * layer.dilation[0] + rows * layer.stride[0], layer.stride[0])
                    across = slice(
                        j * layer.dilation[1], j * layer.dilation[1] + columns * layer.stride[1], layer.stride[1]
                    )
                    back[:, ins, down, across] += seen[..., i, j].transpose(0, 3, 1, 2)
        return back[:, :, top : top + shape[2], left : left + shape[3]]

    def _groups(self) -> list[tuple[slice, slice]]:
        """Input and output channels of each group."""
        layer = self._layer
        ins, outs = layer.c_in // layer.groups, layer.c_out // layer.groups
        return [(slice(g * ins, (g + 1) * ins), slice(g * outs, (g + 1) * outs)) for g in range(layer.groups)]
