"""Readers: a `Network` from whatever users have, one kind of source a file; `read` is the door to all of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slth.files import read_npz
from slth.networks import archive
from slth.networks.network import Network
from slth.networks.readers.architecture import from_architecture
from slth.networks.readers.arrays import from_arrays, from_pairs, owned
from slth.networks.readers.scikit_learn import from_scikit_learn
from slth.networks.readers.torch_zip import tensors_in

SUFFIXES = (".npz", ".safetensors", ".onnx", ".pt", ".pth")


def read(source: Any, architecture: Any = None, *, input_shape: Any = None) -> Network:
    """The network that `source` describes, as an independent float64 copy (narrower floats convert exactly).

    Parameters
    ----------
    source : one of
        * a `Network`: returned as it is;
        * a list or tuple of pairs ``(W, b)``, W ``(d_out, d_in)``, b ``(d_out,)`` or None;
        * a fitted scikit-learn ``MLPClassifier`` or ``MLPRegressor`` (anything with ``coefs_``, ``intercepts_``, ``activation``,
          ``out_activation_``) with activation "relu", "identity", "logistic" or "tanh". A softmax or logistic output is replaced by the
          identity: the network gives the logits;
        * a state_dict: names to arrays or tensors, of the layers that `architecture` describes. Without one: names
          ``<prefix>.weight``, ``<prefix>.bias`` (or plain ``weight``, ``bias``) of dense layers, in the order in which they are applied;
        * a mapping of names ``W1, b1, W2, b2, ...`` to arrays;
        * a networkx ``DiGraph`` as `slth.networks.graph.to_networkx` makes them;
        * a path to an ``.npz`` or ``.safetensors`` file that `Network.save` wrote, or that holds arrays named as in the two mappings;
        * a path to an ``.onnx`` file; see `slth.networks.onnx.reader`;
        * a path to a ``.pt`` or ``.pth`` file that ``torch.save(model.state_dict(), path)`` wrote; see `slth.networks.readers.torch_zip`.

        Where the source does not say, ReLU stands between the layers and nothing after the last.
    architecture : list, or the dict that `slth.networks.archive.structure` gives, optional
        What the tensors of a state_dict belong to, layer by layer, for instance
        ``[("conv", {"padding": 1}), "batch-norm", "relu", ("max-pool", 2), "flatten", "dense"]``; see
        `slth.networks.readers.architecture`.
    input_shape : tuple of int or None, optional
        Shape of one input, such as (1, 28, 28), where the source does not say. If it begins with a convolution, images of any size are
        meant by default; before an attention or an embedding sequences of any length.

    Raises
    ------
    TypeError
        If `source` is none of these, or has an architecture of its own besides the one given.
    ValueError
        If it is, but cannot be read as a network with finite weights; the message names the layer.
    ImportError
        If a file needs a package that is not installed.
    OSError
        If the path does not exist, is a folder or cannot be opened.
    """
    if isinstance(source, str | os.PathLike):
        network = _from_path(Path(os.fsdecode(source)), architecture, input_shape)
    elif isinstance(source, Mapping):
        network = _from_mapping(source, architecture, input_shape)
    elif architecture is not None:
        raise TypeError(f"architecture belongs to a state_dict, which {type(source).__name__} is not; leave it out")
    else:
        network = _from_object(source)
    if input_shape is None or network.input_shape == input_shape:
        return network
    return Network(network.layers, input_shape)


def _from_object(source: Any) -> Network:
    if isinstance(source, Network):
        return source
    if isinstance(source, list | tuple):
        return from_pairs(source)
    if hasattr(source, "coefs_") or (hasattr(source, "hidden_layer_sizes") and hasattr(source, "fit")):
        return from_scikit_learn(source)
    if hasattr(source, "is_directed"):
        from slth.networks.graph import from_networkx

        return from_networkx(source)
    remedy = "pass its state_dict()" if hasattr(source, "state_dict") else "convert it to a list of (W, b) pairs"
    raise TypeError(
        "source must be a Network, a list of (W, b) pairs, a fitted scikit-learn MLP, a state_dict, a networkx DiGraph or a path, "
        f"got {type(source).__name__}; {remedy}"
    )


def _from_path(path: Path, architecture: Any, input_shape: Any) -> Network:
    if path.is_dir():
        raise IsADirectoryError(f"cannot read {path}: it is a folder; name the file in it")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"cannot read {path}: suffix {path.suffix!r} is not one of {', '.join(SUFFIXES)}")
    try:
        if suffix == ".onnx":
            from slth.networks.onnx.reader import read_onnx

            _refuse(architecture, "an ONNX file")
            return read_onnx(path, input_shape)
        if suffix in (".pt", ".pth"):
            return _from_mapping(tensors_in(path), architecture, input_shape)
        if suffix == ".safetensors":
            from slth.networks.safetensors import read_safetensors

            arrays, described = read_safetensors(path)
            if described is None:
                return _from_mapping(arrays, architecture, input_shape)
            return _saved(arrays, described, architecture)
        return _from_mapping(read_npz(path), architecture, input_shape)
    except (TypeError, ValueError) as error:
        text = str(error)
        raise type(error)(text if str(path) in text else f"cannot read {path}: {text}") from error


def _saved(arrays: dict[str, Any], described: dict[str, Any], architecture: Any) -> Network:
    _refuse(architecture, "a network that slth saved")
    archive.check_version(described.get("version"))
    return archive.rebuilt(described.get(archive.STRUCTURE), arrays)


def _refuse(architecture: Any, what: str) -> None:
    if architecture is not None:
        raise TypeError(f"architecture belongs to a state_dict, and {what} has its own; leave it out")


def _from_mapping(arrays: Mapping[Any, Any], architecture: Any, input_shape: Any) -> Network:
    if archive.MARKER in arrays:
        _refuse(architecture, "a network that slth saved")
        return archive.from_arrays(arrays)
    if architecture is None:
        return from_arrays(arrays)
    if isinstance(architecture, Mapping):
        return archive.rebuilt(architecture, {str(name): owned(values, str(name)) for name, values in arrays.items()})
    return from_architecture(arrays, architecture, input_shape)
