"""A target network as the theorems see it: widths and norms, after biases were folded in and norms divided out if asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from slth.bounds.hypotheses import Array
from slth.bounds.networks.propagation import layer_shapes
from slth.networks import Network
from slth.validation import finite_array


@dataclass(frozen=True)
class Target:
    """What the theorems want to know of a target.

    Attributes
    ----------
    widths : tuple of int
        d_0, ..., d_l.
    norms : tuple of float
        Spectral norms of the weight matrices, scales included; upper bounds, up to rounding.
    row_sums : tuple of float
        Largest sum of absolute weights in a row of each layer, or an upper bound.
    largest : float
        Largest absolute value of a weight or bias, or an upper bound.
    biased : tuple of int
        Layers with biases other than 0, counted from 0.
    foreign : tuple of int
        Layers before the last whose activation is not the ReLU.
    longest : float
        Largest norm of an input: 1, or sqrt(2) after biases were folded in.
    """

    widths: tuple[int, ...]
    norms: tuple[float, ...]
    row_sums: tuple[float, ...]
    largest: float
    biased: tuple[int, ...] = ()
    foreign: tuple[int, ...] = ()
    longest: float = 1.0

    @property
    def parameters(self) -> int:
        """Weights, without biases."""
        return sum(d_in * d_out for d_in, d_out in pairwise(self.widths))


def read_target(source: Any, norms: Sequence[float] | None, scale: bool) -> tuple[Target, float]:
    """The target that `source` describes, and the factor by which its outputs were divided.

    Scaling is exact for ReLU networks, which are homogeneous. Biases become weights from a neuron that is always 1, one more in each
    layer below the last; an input (x, 1) has norm <= sqrt(2) for x in the unit ball. Then each matrix is divided by its norm, and the
    last one multiplied by their product if that is below 1.

    Parameters
    ----------
    source : Network, sequence of int, or anything that `Network.read` takes
    norms : (l,) floats, optional
        Spectral norms, for widths only.
    scale : bool

    Returns
    -------
    Target
    float
        >= 1.
    """
    if isinstance(source, list | tuple | np.ndarray) and all(isinstance(width, Real) for width in source):
        return _of_widths(source, norms, scale)
    if norms is not None:
        raise ValueError("norms belong to a target that is given by its widths; a network has norms of its own")
    network = Network.read(source)
    if not network.is_dense:
        raise ValueError(
            f"for_network compares theorems about dense networks, got {network!r}; for convolutions see bounds.cnn_width_explicit, for "
            "attention bounds.mha_dims_explicit"
        )
    weights = [layer.scale * layer.weight for layer in network.layers]
    biases = [None if layer.bias is None else layer.scale * layer.bias for layer in network.layers]
    biased = tuple(i for i, bias in enumerate(biases) if bias is not None and bias.any())
    foreign = tuple(i for i, layer in enumerate(network.layers[:-1]) if layer.activation != "relu")
    factor = longest = 1.0
    if scale and not foreign:
        if biased:
            weights, biased, factor = _folded(weights, biases), (), math.sqrt(2)
            longest = factor
        norm = [float(np.linalg.norm(weight, 2)) for weight in weights]
        factor *= _product(norm)
        share = min(1.0, math.prod(norm))
        divided = [weight / (size if size > 0 else 1.0) for weight, size in zip(weights, norm, strict=True)]
        weights = [*divided[:-1], divided[-1] * share]
        biases = [None] * len(weights)
    entries = [np.abs(weight).max() for weight in weights] + [np.abs(bias).max() for bias in biases if bias is not None]
    widths = (weights[0].shape[1], *(weight.shape[0] for weight in weights))
    return (
        Target(
            tuple(int(width) for width in widths),
            tuple(float(np.linalg.norm(weight, 2)) for weight in weights),
            tuple(float(np.abs(weight).sum(axis=1).max()) for weight in weights),
            float(max(entries)),
            biased,
            foreign,
            longest,
        ),
        factor,
    )


def _of_widths(source: Any, norms: Sequence[float] | None, scale: bool) -> tuple[Target, float]:
    shapes = layer_shapes(source)
    norm = np.ones(len(shapes)) if norms is None else finite_array(norms, "norms", ndim=1)
    if norm.size != len(shapes) or (norm < 0).any():
        raise ValueError(f"norms must be {len(shapes)} numbers >= 0, one a layer, got {norms!r}")
    factor = 1.0
    if scale:
        product = min(1.0, math.prod(norm.tolist()))
        factor, norm = _product(norm.tolist()), np.where(norm > 0, 1.0, 0.0)
        norm[-1] = product
    # ||W||_inf <= sqrt(d_in) ||W||, and no entry is above ||W||
    row_sums = tuple(float(size * math.sqrt(d_in)) for size, (d_in, _) in zip(norm, shapes, strict=True))
    widths = (shapes[0][0], *(d_out for _, d_out in shapes))
    return Target(widths, tuple(float(size) for size in norm), row_sums, float(norm.max())), factor


def _product(norms: Sequence[float]) -> float:
    """By what the outputs are divided, at least 1."""
    product = max(1.0, math.prod(norms))
    if not math.isfinite(product):
        sizes = ", ".join(f"{norm:.3g}" for norm in norms)
        raise ValueError(
            f"the norms of the layers, {sizes}, have a product beyond float64; give a target of smaller weights"
        )
    return product


def _folded(weights: list[Array], biases: list[Array | None]) -> list[Array]:
    """[[W, b], [0, 1]] in each layer, without the last row in the last."""
    folded = []
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        d_out = weight.shape[0]
        with_bias = np.column_stack([weight, np.zeros(d_out) if bias is None else bias])
        constant = np.eye(1, with_bias.shape[1], with_bias.shape[1] - 1)
        folded.append(with_bias if i == len(weights) - 1 else np.vstack([with_bias, constant]))
    return folded
