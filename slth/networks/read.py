"""Readers: a `Network` from arrays, a scikit-learn model, a state_dict or an ``.npz`` file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.files import read_npz
from slth.networks import archive
from slth.networks.layers import Dense
from slth.networks.network import Network
from slth.validation import finite_array

# Output functions of scikit-learn that act on the logits and leave their order alone; the network stops at the logits.
LOGIT_OUTPUTS: Final = ("identity", "softmax", "logistic")


def read(source: Any) -> Network:
    """The network that `source` describes, as an independent float64 copy (float32 converts exactly).

    Parameters
    ----------
    source : one of
        * a `Network`: returned as it is;
        * a list or tuple of pairs ``(W, b)``, W ``(d_out, d_in)``, b ``(d_out,)`` or None;
        * a fitted scikit-learn ``MLPClassifier`` or ``MLPRegressor`` (anything with ``coefs_``, ``intercepts_``,
          ``activation``, ``out_activation_``) with activation "relu", "identity", "logistic" or "tanh". A softmax or logistic output is
          replaced by the identity: the network gives the logits;
        * a state_dict: names ``<prefix>.weight``, ``<prefix>.bias`` (or plain ``weight``, ``bias``) to arrays or
          tensors of dense layers, in the order in which the layers are applied;
        * a mapping of names ``W1, b1, W2, b2, ...`` to arrays;
        * a path to an ``.npz`` file that `Network.save` wrote, or that holds arrays named as in the two mappings.

        Where the source does not say, ReLU stands between the layers and nothing after the last.

    Raises
    ------
    TypeError
        If `source` is none of these.
    ValueError
        If it is, but cannot be read as a dense network with finite weights; the message names the layer.
    OSError
        If the path does not exist, is a folder or cannot be opened.
    """
    if isinstance(source, Network):
        return source
    if isinstance(source, str | os.PathLike):
        return _from_path(Path(os.fsdecode(source)))
    if isinstance(source, Mapping):
        return _from_mapping(source)
    if isinstance(source, list | tuple):
        return _from_pairs(source)
    if hasattr(source, "coefs_") or (hasattr(source, "hidden_layer_sizes") and hasattr(source, "fit")):
        return _from_sklearn(source)
    remedy = "pass its state_dict()" if hasattr(source, "state_dict") else "convert it to a list of (W, b) pairs"
    raise TypeError(
        "source must be a Network, a list of (W, b) pairs, a fitted scikit-learn MLP, a state_dict or a path, "
        f"got {type(source).__name__}; {remedy}"
    )


def _from_path(path: Path) -> Network:
    if path.is_dir():
        raise IsADirectoryError(f"cannot read {path}: it is a folder; name the file in it")
    reader = PATH_READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"cannot read {path}: suffix {path.suffix!r} is not one of {', '.join(PATH_READERS)}")
    arrays = reader(path)
    try:
        return _from_mapping(arrays)
    except (TypeError, ValueError) as error:
        raise ValueError(f"cannot read {path}: {error}") from error


PATH_READERS: Final = {".npz": read_npz}


def _from_pairs(pairs: Iterable[Any]) -> Network:
    layers = []
    for i, pair in enumerate(pairs):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise TypeError(
                f"layers[{i}] must be a pair (W, b), got {type(pair).__name__}; write (W, None) without bias"
            )
        layers.append((f"layers[{i}]", *pair))
    return _chain(layers)


def _from_sklearn(model: Any) -> Network:
    name = type(model).__name__
    if not hasattr(model, "coefs_"):
        raise ValueError(f"this {name} is not fitted and has no weights yet; call fit first")
    activation = {"logistic": "sigmoid"}.get(model.activation, model.activation)
    if activation not in ("relu", "identity", "sigmoid", "tanh"):
        raise ValueError(
            f"activation {model.activation!r} of the {name} is not supported; fit it with 'relu', 'identity', 'logistic' or 'tanh'"
        )
    if model.out_activation_ not in LOGIT_OUTPUTS:
        known = ", ".join(map(repr, LOGIT_OUTPUTS))
        raise ValueError(
            f"output {model.out_activation_!r} of the {name} is not supported; choose a loss with one of {known}"
        )
    layers = [
        (f"coefs_[{i}]", np.asarray(weight).T, bias)  # scikit-learn stores (d_in, d_out)
        for i, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True))
    ]
    return _chain(layers, activation)


def _from_mapping(arrays: Mapping[Any, Any]) -> Network:
    if archive.MARKER in arrays:
        return archive.from_arrays(arrays)
    numbered = [re.fullmatch(r"([Wb])([1-9][0-9]{0,5})", str(name)) for name in arrays]
    if arrays and all(numbered):
        return _from_numbered(arrays, sorted({int(match[2]) for match in numbered if match}))
    layers: dict[str, dict[str, Any]] = {}
    for name, values in arrays.items():
        prefix, _, kind = str(name).rpartition(".")
        if kind not in ("weight", "bias"):
            raise ValueError(
                f"entry {name!r} is not supported; names must be '<layer>.weight' and '<layer>.bias', or W1, b1, ..."
            )
        layers.setdefault(prefix, {})[kind] = values
    for prefix, entry in layers.items():
        if "weight" not in entry:
            raise ValueError(f"layer {prefix!r} has a bias but no weight; add the entry {prefix + '.weight'!r}")
        shape = np.shape(entry["weight"])
        if len(shape) != 2:
            raise ValueError(
                f"tensor {(prefix + '.weight').lstrip('.')!r} of shape {tuple(shape)} is not supported: only dense "
                "layers with weights (d_out, d_in) are; fold convolutions and normalisations into dense layers"
            )
    return _chain([(prefix or "weight", entry["weight"], entry.get("bias")) for prefix, entry in layers.items()])


def _from_numbered(arrays: Mapping[Any, Any], numbers: list[int]) -> Network:
    if numbers != list(range(1, len(numbers) + 1)) or any(f"W{i}" not in arrays for i in numbers):
        raise ValueError(f"layers must be numbered W1, W2, ... without gaps, got {', '.join(map(str, arrays))}")
    return _chain([(f"W{i}", arrays[f"W{i}"], arrays.get(f"b{i}")) for i in numbers])


def _chain(layers: list[tuple[str, Any, Any]], activation: str = "relu") -> Network:
    """Layers (name, W, b) in order; `activation` between them, none after the last."""
    if not layers:
        raise ValueError("a network needs at least one layer, got none")
    built: list[Dense] = []
    for i, (name, weight, bias) in enumerate(layers):
        try:
            last = i == len(layers) - 1
            b = None if bias is None else _own(bias, "bias")
            built.append(Dense(_own(weight, "weight"), b, "identity" if last else activation))
        except (TypeError, ValueError) as error:
            raise type(error)(f"layer {name!r}: {error}") from error
        if i and built[i - 1].d_out != built[i].d_in:
            raise ValueError(
                f"layer {layers[i - 1][0]!r} puts out {built[i - 1].d_out} numbers but the next layer, {name!r}, takes "
                f"{built[i].d_in}; give the layers in the order they are applied, with weights of shape (d_out, d_in)"
            )
    return Network(tuple(built))


def _own(values: Any, name: str) -> NDArray[np.float64]:
    """`values` (an array, or a tensor of torch or alike) as float64 that the caller cannot change afterwards."""
    if hasattr(values, "detach"):
        try:
            values = values.detach().cpu().numpy()
        except TypeError as error:  # bfloat16 and other types that NumPy lacks
            raise TypeError(
                f"{name} is a tensor that NumPy cannot hold ({error}); convert it with .double()"
            ) from error
    # Always a copy: training goes on in the memory of a state_dict, and scikit-learn's partial_fit works in place.
    return np.array(finite_array(values, name))
