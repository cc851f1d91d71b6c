"""The file format of a network: an uncompressed ``.npz`` of plain arrays that `numpy.load` opens too.

================  ===========  ===========================================================================================
``slth_network``  () int64     version of the format, 2
``structure``     () text      JSON: ``input_shape`` and ``layers``, each with its ``kind``, its ``settings`` and, for a residual
                               block, ``body`` and ``shortcut``
``0.weight`` ...  float64      the arrays of the layers, counted from 0; those of a block as ``2.body.0.weight``
================  ===========  ===========================================================================================
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from slth.files import write_npz
from slth.networks.layers import KINDS, Layer, Residual
from slth.networks.network import Network

MARKER, STRUCTURE = "slth_network", "structure"
VERSION = 2
_DEEPEST = 32  # blocks within blocks


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write `network` to `path`, atomically; see `Network.save`."""
    name = os.fsdecode(path)
    suffix = os.path.splitext(name)[1].lower()
    if suffix == ".onnx":
        from slth.networks.onnx import to_onnx

        to_onnx(network, name)
    elif suffix == ".safetensors":
        from slth.networks.safetensors import write_safetensors

        write_safetensors(name, arrays_of(network), {"version": VERSION, STRUCTURE: structure(network)})
    elif suffix == ".npz":
        text = json.dumps(structure(network))
        write_npz(name, {MARKER: np.int64(VERSION), STRUCTURE: np.array(text), **arrays_of(network)})
    else:
        raise ValueError(f"path must end in '.npz', '.safetensors' or '.onnx', got {name!r}")


def from_arrays(arrays: Mapping[str, Any]) -> Network:
    """The network whose file holds `arrays`.

    Raises
    ------
    ValueError
        If the version is unknown, or an array is missing, superfluous or of the wrong shape or type.
    """
    version, text = (np.asarray(arrays.get(name, "missing")) for name in (MARKER, STRUCTURE))
    check_version(version.item() if version.ndim == 0 and version.dtype.kind in "iu" else version)
    if text.ndim or text.dtype.kind != "U":
        raise ValueError(f"{STRUCTURE} must be a text, got shape {text.shape} of {text.dtype}")
    try:
        described = json.loads(str(text))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{STRUCTURE} is not a description of layers: {error}") from None
    parameters = {name: values for name, values in arrays.items() if name not in (MARKER, STRUCTURE)}
    return rebuilt(described, parameters)


def check_version(version: Any) -> None:
    """Raise a ValueError if files of this version are unknown here."""
    if isinstance(version, bool) or not isinstance(version, int) or version != VERSION:
        raise ValueError(f"{MARKER} must be the format version {VERSION}, got {version}; a newer slth may read it")


def structure(network: Network) -> dict[str, Any]:
    """Everything but the arrays, as plain values for JSON."""
    assert network.input_shape is not None
    return {"input_shape": list(network.input_shape), "layers": _described(network.layers)}


def arrays_of(network: Network) -> dict[str, Any]:
    """The arrays of all layers, with the number of the layer before their names."""
    return {f"{i}.{name}": array for i, layer in enumerate(network.layers) for name, array in layer.arrays.items()}


def rebuilt(described: Any, arrays: Mapping[str, Any]) -> Network:
    """The network of a `structure` and its arrays.

    Raises
    ------
    ValueError
        If they do not belong together.
    """
    left = dict(arrays)
    try:
        layers = _layers(described["layers"], "", left, 0)
        if left:
            raise ValueError(f"its arrays {sorted(left)} belong to no layer")
        return Network(layers, tuple(described["input_shape"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it does not describe a network ({type(error).__name__}: {error})") from None


def _described(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    found = []
    for layer in layers:
        entry: dict[str, Any] = {"kind": layer.kind, "settings": layer.settings, "arrays": []}
        if isinstance(layer, Residual):
            entry |= {"body": _described(layer.body), "shortcut": _described(layer.shortcut)}
        else:
            entry["arrays"] = sorted(layer.arrays)
        found.append(entry)
    return found


def _layers(entries: Any, prefix: str, arrays: dict[str, Any], depth: int) -> tuple[Layer, ...]:
    if not isinstance(entries, list) or depth > _DEEPEST:
        raise TypeError(f"layers {prefix or 'of the network'} must be a list, not too deeply nested")
    layers = []
    for i, entry in enumerate(entries):
        at = f"{prefix}{i}."
        kind = KINDS.get(entry["kind"])
        if kind is None:
            raise ValueError(f"layer {at[:-1]} is of kind {entry['kind']!r}; known: {', '.join(KINDS)}")
        settings = {name: tuple(v) if isinstance(v, list) else v for name, v in entry["settings"].items()}
        parts: dict[str, Any] = {}
        if kind is Residual:
            parts = {b: _layers(entry[b], f"{at}{b}.", arrays, depth + 1) for b in ("body", "shortcut")}
        for name in entry["arrays"]:
            if at + name not in arrays:
                raise ValueError(f"layer {at[:-1]} lacks its array {at + name!r}")
            parts[name] = arrays.pop(at + name)
        try:
            layers.append(kind(**parts, **settings))
        except (TypeError, ValueError) as error:
            raise ValueError(f"layer {at[:-1]}: {error}") from error
    return tuple(layers)
