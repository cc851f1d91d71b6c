"""The file format of a network: an uncompressed ``.npz`` of plain arrays that `numpy.load` opens too.

================  ====================  ==========================================================
``slth_network``  () int64              version of the format, 1
``activations``   (L,) text             keys of `ACTIVATIONS`
``scales``        (L,) float64          one positive factor per layer
``W1``, ``W2``…   (d_out, d_in) float64  weights, layers counted from 1
``b1``, ``b2``…   (d_out,) float64      biases, where the layer has them
================  ====================  ==========================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from slth.files import write_npz
from slth.networks.layers import Dense
from slth.networks.network import Network

MARKER = "slth_network"
VERSION = 1


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write `network` to `path`, atomically; see `Network.save`."""
    name = os.fsdecode(path)
    if not name.lower().endswith(".npz"):
        raise ValueError(f"path must end in '.npz', got {name!r}")
    arrays: dict[str, Any] = {
        MARKER: np.int64(VERSION),
        "activations": np.array([layer.activation for layer in network.layers]),
        "scales": np.array([layer.scale for layer in network.layers]),
    }
    for i, layer in enumerate(network.layers, start=1):
        arrays[f"W{i}"] = layer.weight
        if layer.bias is not None:
            arrays[f"b{i}"] = layer.bias
    write_npz(name, arrays)


def from_arrays(arrays: Mapping[str, Any]) -> Network:
    """The network whose file holds `arrays`.

    Raises
    ------
    ValueError
        If the version is unknown, or an array is missing, superfluous or of the wrong shape or type.
    """
    version, activations, scales = (
        np.asarray(arrays.get(name, "missing")) for name in (MARKER, "activations", "scales")
    )
    if version.ndim or version.dtype.kind not in "iu" or version != VERSION:
        raise ValueError(f"{MARKER} must be the format version {VERSION}, got {version}; a newer slth may read it")
    if activations.ndim != 1 or activations.dtype.kind != "U":
        raise ValueError(f"activations must be a row of names, got shape {activations.shape} of {activations.dtype}")
    depth = len(activations)
    if scales.shape != (depth,) or scales.dtype.kind != "f":
        raise ValueError(f"scales must be {depth} numbers like activations, got shape {scales.shape} of {scales.dtype}")
    needed = {MARKER, "activations", "scales", *(f"W{i}" for i in range(1, depth + 1))}
    allowed = needed | {f"b{i}" for i in range(1, depth + 1)}
    if not needed <= set(arrays) <= allowed:
        wrong = sorted(needed - set(arrays)) or sorted(set(arrays) - allowed)
        raise ValueError(f"a network of {depth} layers needs arrays {sorted(needed)}; missing or superfluous: {wrong}")
    layers = []
    for i in range(1, depth + 1):
        try:
            layers.append(Dense(arrays[f"W{i}"], arrays.get(f"b{i}"), str(activations[i - 1]), float(scales[i - 1])))
        except (TypeError, ValueError) as error:
            raise ValueError(f"layer {i}: {error}") from error
    return Network(tuple(layers))
