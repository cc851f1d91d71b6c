"""Random networks as the searches' papers draw them: laws, scales and biases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.networks import Conv2d, Dense, Layer, Network, Residual
from slth.networks.archive import arrays_of, rebuilt, structure
from slth.validation import one_of, positive_int

LAWS: Final = ("signed-constant", "kaiming-normal", "kaiming-uniform")
BIASES: Final = ("none", "non-zero", "looks-linear")
SCALES: Final = ("kaiming", "scaled")

Floats = NDArray[np.float64]


def random_network(
    widths: Sequence[int],
    *,
    law: str = "signed-constant",
    biases: str = "none",
    activation: str = "relu",
    rng: Any = None,
) -> Network:
    """A random dense network with weights of mean square 2 / fan_in.

    Parameters
    ----------
    widths : (L + 1,) ints
    law : {"signed-constant", "kaiming-normal", "kaiming-uniform"}
        +-sqrt(2 / fan_in) (Ramanujan et al. 2020), normal, or uniform (He et al. 2015).
    biases : {"none", "non-zero", "looks-linear"}
        non-zero: b_l ~ N(0, prod_{j <= l} 2 / fan_in_j) (Fischer and Burkholz 2021), uniform with that mean square for the uniform law,
        signed for the signed constant. looks-linear: besides, W = [[W0, -W0], [-W0, W0]] and b = [b0, -b0] for hidden layers of even
        widths, so that relu(z) - relu(-z) = z holds exactly; the first layer is [W0, -W0] of its inputs, the last takes differences.
    activation : str
        After every layer but the last.
    rng : seed or numpy.random.Generator, optional

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described; looks-linear needs even hidden widths.

    Notes
    -----
    What is drawn here is a network, not a seed. For results that are to become tickets (`SearchResult.ticket`) search in a `RandomSource`:
    ``RandomSource(seed, law, widths, bias=False)`` with ``scale="kaiming"`` in `find` has the law "signed-constant" for law="binary",
    "kaiming-normal" for "normal" and "kaiming-uniform" for "uniform", each layer divided by the root mean square of its own weights, which
    ReLU networks without biases do not notice but for a factor. With ``bias=True`` biases are drawn like weights and share the scale of
    their layer: mean square 2 / fan_in in every layer, where "non-zero" takes the product of that over all layers before. Looks-linear
    networks repeat their weights, which those of a `RandomSource` never do.
    """
    sizes = [positive_int(width, f"widths[{i}]") for i, width in enumerate(widths)]
    if len(sizes) < 2:
        raise ValueError(f"widths must hold at least 2 numbers (input and output), got {sizes}")
    one_of(law, LAWS, "law")
    one_of(biases, BIASES, "biases")
    mirrored = biases == "looks-linear"
    if mirrored and any(width % 2 for width in sizes[1:-1]):
        raise ValueError(f"looks-linear needs even hidden widths, got {sizes[1:-1]}")
    random = np.random.default_rng(rng)
    layers, spread = [], 1.0
    for i, (d_in, d_out) in enumerate(pairwise(sizes)):
        first, last = i == 0, i == len(sizes) - 2
        rows, columns = (d_out if last else d_out // 2, d_in if first else d_in // 2) if mirrored else (d_out, d_in)
        spread *= 2 / d_in
        weight = _draw(law, (rows, columns), 2 / d_in, random)
        bias = None if biases == "none" else _draw(law, (rows,), spread, random)
        if mirrored:
            weight, bias = _mirrored(weight, bias, first, last)
        layers.append(Dense(weight, bias, "identity" if last else activation))
    return Network(tuple(layers))


def scaled(network: Network, density: float) -> Network:
    """The network with the scale of each layer such that its weights have mean square 2 / (density * fan_in)."""
    described, arrays = structure(network), arrays_of(network)
    _rescale(network.layers, described["layers"], density)
    return rebuilt(described, arrays)


def _rescale(layers: tuple[Layer, ...], entries: list[dict[str, Any]], density: float) -> None:
    """Change the scales in the description of layers, those in residual blocks too."""
    for layer, entry in zip(layers, entries, strict=True):
        if isinstance(layer, Residual):
            _rescale(layer.body, entry["body"], density)
            _rescale(layer.shortcut, entry["shortcut"], density)
        elif isinstance(layer, Dense | Conv2d):
            fan_in = layer.weight[0].size
            size = math.sqrt(float((layer.weight * layer.weight).mean()))
            if size > 0:
                entry["settings"] = entry["settings"] | {"scale": math.sqrt(2 / (density * fan_in)) / size}


def _draw(law: str, shape: tuple[int, ...], variance: float, random: np.random.Generator) -> Floats:
    """Independent numbers with mean 0 and the variance."""
    size = np.sqrt(variance)
    if law == "signed-constant":
        return np.asarray(random.choice([-size, size], shape))
    if law == "kaiming-normal":
        return np.asarray(random.normal(0.0, size, shape))
    return np.asarray(random.uniform(-np.sqrt(3) * size, np.sqrt(3) * size, shape))


def _mirrored(weight: Floats, bias: Floats | None, first: bool, last: bool) -> tuple[Floats, Floats | None]:
    if not first:
        weight = np.hstack([weight, -weight])
    if not last:
        weight = np.vstack([weight, -weight])
        bias = None if bias is None else np.concatenate([bias, -bias])
    return weight, bias
