"""Dense networks from plain arrays: pairs, or a mapping whose names say which array is which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.networks.layers import Dense
from slth.networks.network import Network
from slth.validation import finite_array


def from_pairs(pairs: Iterable[Any]) -> Network:
    """The network of pairs (W, b), b an array or None."""
    layers = []
    for i, pair in enumerate(pairs):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise TypeError(
                f"layers[{i}] must be a pair (W, b), got {type(pair).__name__}; write (W, None) without bias"
            )
        layers.append((f"layers[{i}]", *pair))
    return chain(layers)


def from_arrays(arrays: Mapping[Any, Any]) -> Network:
    """The dense network of arrays named ``W1, b1, ...`` or ``<layer>.weight``, ``<layer>.bias``."""
    numbered = [re.fullmatch(r"([Wb])([1-9][0-9]{0,5})", str(name)) for name in arrays]
    if arrays and all(numbered):
        return _from_numbered(arrays, sorted({int(match[2]) for match in numbered if match}))
    layers: dict[str, dict[str, Any]] = {}
    for name, values in arrays.items():
        prefix, _, kind = str(name).rpartition(".")
        if kind not in ("weight", "bias"):
            raise ValueError(
                f"entry {name!r} is no weight or bias of a dense layer, '<layer>.weight', '<layer>.bias' or W1, b1, ...; {_SAY}"
            )
        layers.setdefault(prefix, {})[kind] = values
    for prefix, entry in layers.items():
        if "weight" not in entry:
            raise ValueError(f"layer {prefix!r} has a bias but no weight; add the entry {prefix + '.weight'!r}")
        shape = np.shape(entry["weight"])
        if len(shape) != 2:
            name = (prefix + ".weight").lstrip(".")
            raise ValueError(
                f"tensor {name!r} of shape {tuple(shape)} is no weight (d_out, d_in) of a dense layer; {_SAY}"
            )
    return chain([(prefix or "weight", entry["weight"], entry.get("bias")) for prefix, entry in layers.items()])


_SAY = (
    "say what the layers are, for instance Network.read(source, ['conv', 'relu', ('max-pool', 2), 'flatten', 'dense'])"
)


def _from_numbered(arrays: Mapping[Any, Any], numbers: list[int]) -> Network:
    if numbers != list(range(1, len(numbers) + 1)) or any(f"W{i}" not in arrays for i in numbers):
        raise ValueError(f"layers must be numbered W1, W2, ... without gaps, got {', '.join(map(str, arrays))}")
    return chain([(f"W{i}", arrays[f"W{i}"], arrays.get(f"b{i}")) for i in numbers])


def chain(layers: list[tuple[str, Any, Any]], activation: str = "relu") -> Network:
    """Dense layers (name, W, b) in order; `activation` between them, none after the last.

    Raises
    ------
    TypeError, ValueError
        If there is none, an array is no finite real matrix or vector, or shapes do not fit; the message names the layer.
    """
    if not layers:
        raise ValueError("a network needs at least one layer, got none")
    built: list[Dense] = []
    for i, (name, weight, bias) in enumerate(layers):
        try:
            last = i == len(layers) - 1
            b = None if bias is None else owned(bias, "bias")
            built.append(Dense(owned(weight, "weight"), b, "identity" if last else activation))
        except (TypeError, ValueError) as error:
            raise type(error)(f"layer {name!r}: {error}") from error
        if i and built[i - 1].d_out != built[i].d_in:
            raise ValueError(
                f"layer {layers[i - 1][0]!r} puts out {built[i - 1].d_out} numbers but the next layer, {name!r}, takes "
                f"{built[i].d_in}; give the layers in the order they are applied, with weights of shape (d_out, d_in)"
            )
    return Network(tuple(built))


def owned(values: Any, name: str) -> NDArray[np.float64]:
    """`values` (an array, or a tensor of torch or alike) as float64 that the caller cannot change afterwards."""
    if hasattr(values, "detach"):
        try:
            values = values.detach().cpu().numpy()
        except TypeError as error:  # bfloat16 and other types that NumPy lacks
            raise TypeError(
                f"{name} is a tensor that NumPy cannot hold ({error}); convert it with .double()"
            ) from error
    # Always a copy: training goes on in the memory of a state_dict, and scikit-learn's partial_fit works in place.
    array = finite_array(values, name)
    converted = isinstance(values, np.ndarray) and not np.may_share_memory(array, values)
    return array if converted else spool.copied(array)
