"""A state_dict with a description of what its tensors belong to.

An architecture is a list, one entry a layer, in the order of evaluation. An entry is a name, or a pair of a name and options:

======================================  ========================================================================================
``"dense"`` (``"linear"``)              weight (d_out, d_in), perhaps bias
``"conv"`` (``"conv2d"``)               weight (c_out, c_in / groups, height, width), perhaps bias; options of `Conv2d`
``"batch-norm"``                        running_mean, running_var, perhaps weight and bias, folded into the layer before it; ``epsilon``
``"layer-norm"``                        weight (d,), perhaps bias; ``epsilon``
``"embedding"``                         weight (tokens, d); ``positions``: name of the tensor of position vectors
``("attention", {"heads": 4})``         in_proj_weight and out_proj.weight as in PyTorch's MultiheadAttention, perhaps biases; ``mask``.
                                        Of four dense layers: their prefixes as ``query``, ``key``, ``value``, ``output``
``("max-pool", 2)``                     without tensors, like ``"average-pool"``; options ``kernel``, ``stride``, ``padding``
``"global-average-pool"``               without tensors, like ``"flatten"``, ``"softmax"`` and ``"dropout"`` (which does nothing)
``"relu"``, ``"gelu"``, ...             an activation of `slth.networks.activations`, moved into the layer before it where that has none
``("residual", [...])``                 entries of the body, added to the input; ``{"body": [...], "shortcut": [...]}`` where that is
                                        changed too
======================================  ========================================================================================

The tensors of a module share a prefix, ``features.0.weight`` and ``features.0.bias``. Entries with tensors take the modules in the order
of the state_dict, a residual block's body before its shortcut; the option ``prefix`` names one instead. Every tensor has to be taken.
Tensors pruned by PyTorch, ``weight_orig`` and ``weight_mask``, are multiplied.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.networks.activations import ACTIVATIONS, activation
from slth.networks.layers import (
    Attention,
    AveragePool2d,
    Conv2d,
    Dense,
    Elementwise,
    Embedding,
    Flatten,
    GlobalAveragePool2d,
    Layer,
    LayerNorm,
    MaxPool2d,
    Residual,
    Shape,
    Softmax,
)
from slth.networks.network import Network
from slth.networks.readers.folding import activated, is_open, normalized
from slth.networks.readers.modules import Module, Modules

_DEEPEST = 32  # blocks within blocks
Options = dict[str, Any]


def from_architecture(tensors: Mapping[Any, Any], architecture: Any, input_shape: Any = None) -> Network:
    """The network of a state_dict whose layers are described; see the module.

    Raises
    ------
    TypeError, ValueError
        If an entry is unknown, finds no tensors or ones of another kind, or tensors are left; the message names entry and tensors.
    """
    if isinstance(architecture, str) or not isinstance(architecture, list | tuple):
        raise TypeError(
            f"architecture must be a list of entries such as 'dense' or ('conv', {{'padding': 1}}), got {architecture!r:.80}"
        )
    modules = Modules(tensors, reserved=_named(architecture, 0))
    layers = _layers(architecture, modules, "", 0)
    modules.check_all_taken()
    if not layers:
        raise ValueError("architecture must hold at least one layer, got none")
    shape = assumed_input(layers) if input_shape is None else input_shape
    try:
        return Network(layers, shape)
    except ValueError as error:
        if input_shape is None and "fixed size" in str(error):
            raise ValueError(f"{error}; give input_shape, such as input_shape=(1, 28, 28)") from None
        raise


def assumed_input(layers: tuple[Layer, ...]) -> Shape | None:
    """Inputs of any size where the first layer that does say something about them leaves it open; None where none does."""
    flat = list(_unnested(layers))
    sequence = any(isinstance(layer, Attention) for layer in flat)
    for layer in flat:
        match layer:
            case Conv2d():
                return layer.c_in, None, None
            case Embedding():
                return (None,)
            case Attention():
                return None, layer.d_in
            case Dense() | LayerNorm():
                width = layer.weight.shape[-1]
                return (None, width) if sequence else (width,)
            case Elementwise() | Softmax():
                continue
            case _:
                return None
    return None


def _unnested(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    for layer in layers:
        if isinstance(layer, Residual):
            yield from _unnested(layer.body)
        else:
            yield layer


def _layers(entries: Any, modules: Modules, at: str, depth: int) -> tuple[Layer, ...]:
    if not isinstance(entries, list | tuple) or depth > _DEEPEST:
        raise TypeError(f"architecture{at} must be a list of entries, not too deeply nested, got {entries!r:.80}")
    layers: list[Layer] = []
    for i, entry in enumerate(entries):
        here = f"{at}[{i}]"
        name, options = _entry(entry, here)
        if name == "residual":
            body = _layers(options.pop("body", None), modules, f"{here}.body", depth + 1)
            shortcut = _layers(options.pop("shortcut", []), modules, f"{here}.shortcut", depth + 1)
            layers.append(_made(here, entry, "", Residual, body, shortcut, **options))
        elif name in _WITH_TENSORS:
            module = _taken(modules, name, options, here)
            build = _WITH_TENSORS[name]
            if name == "batch-norm":
                options["layer"] = layers.pop() if layers else None
            layers.append(_made(here, entry, module.prefix, build, module, **options))
            module.check_all_taken(f"architecture{here} ({name!r})")
        elif name in _WITHOUT:
            kind = _WITHOUT[name]
            if kind is not None:
                layers.append(_made(here, entry, "", kind, **options))
        else:
            _activate(layers, name, here)
    return tuple(layers)


def _entry(entry: Any, here: str) -> tuple[str, Options]:
    """Name and options, the short forms of options written out."""
    name, options = entry if isinstance(entry, list | tuple) and len(entry) == 2 else (entry, {})
    if not isinstance(name, str):
        raise TypeError(f"architecture{here} must be a name or a pair (name, options), got {entry!r:.80}")
    if isinstance(options, Mapping):
        options = dict(options)
    elif name in _SHORT:
        options = {_SHORT[name]: options}
    else:
        raise TypeError(f"options of architecture{here} ({name!r}) must be a dict, got {options!r:.80}")
    if name == "residual":
        allowed = {"body", "shortcut", "activation"}
    elif name in _WITH_TENSORS:
        allowed = {"prefix", *inspect.signature(_WITH_TENSORS[name]).parameters} - {"module", "layer"}
    elif _WITHOUT.get(name) is not None:
        allowed = set(inspect.signature(_WITHOUT[name]).parameters)  # type: ignore[arg-type]
    else:
        allowed = set()
    unknown = set(map(str, options)) - allowed
    if unknown:
        raise TypeError(
            f"architecture{here} ({name!r}) has no option {', '.join(sorted(unknown))}; it takes {', '.join(sorted(allowed)) or 'none'}"
        )
    return name, options


def _named(entries: Any, depth: int) -> frozenset[str]:
    """Prefixes that entries name, which entries without one leave alone."""
    found: set[str] = set()
    if not isinstance(entries, list | tuple) or depth > _DEEPEST:
        return frozenset()
    for entry in entries:
        if isinstance(entry, list | tuple) and len(entry) == 2:
            options = {"body": entry[1]} if isinstance(entry[1], list | tuple) else entry[1]
            if isinstance(options, Mapping):
                found |= {str(options[key]) for key in ("prefix", *_PROJECTIONS) if key in options}
                found |= {name for key in ("body", "shortcut") for name in _named(options.get(key), depth + 1)}
                if "positions" in options:
                    found.add(str(options["positions"]).rpartition(".")[0])
    return frozenset(found)


def _taken(modules: Modules, name: str, options: Options, here: str) -> Module:
    where = f"architecture{here} ({name!r})"
    if "query" in options:
        parts = {key: modules.take(str(options.pop(key, key)), where) for key in _PROJECTIONS}
        return Module.joined(parts)
    if "positions" in options:
        options["positions"] = modules.tensor(str(options["positions"]), where)
    prefix = options.pop("prefix", None)
    return modules.take(None if prefix is None else str(prefix), where)


def _made(here: str, entry: Any, prefix: str, build: Callable[..., Layer], *parts: Any, **options: Any) -> Layer:
    try:
        return build(*parts, **options)
    except (TypeError, ValueError) as error:
        name = entry if isinstance(entry, str) else entry[0]
        tensors = f", tensors {prefix + '.*'!r}" if prefix else ""
        raise type(error)(f"architecture{here} ({name!r}{tensors}): {error}") from error


def _activate(layers: list[Layer], name: str, here: str) -> None:
    try:
        activation(name)
    except ValueError:
        names = ", ".join(sorted((*_WITH_TENSORS, *_WITHOUT, *ACTIVATIONS, "residual")))
        raise ValueError(f"unknown entry {name!r} at architecture{here}; known: {names}") from None
    if layers and is_open(layers[-1]):
        layers[-1] = activated(layers[-1], name)
    else:
        layers.append(Elementwise(name))


def _dense(module: Module, activation: str = "identity", scale: float = 1.0) -> Layer:
    return Dense(module.take("weight", 2), module.get("bias"), activation, scale)


def _conv(
    module: Module, activation: str = "identity", scale: float = 1.0, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Layer:  # fmt: skip
    return Conv2d(module.take("weight", 4), module.get("bias"), activation, scale, stride, padding, dilation, groups)


def _batch_norm(module: Module, layer: Any = None, epsilon: float = 1e-5) -> Layer:
    if not (isinstance(layer, Dense | Conv2d) and is_open(layer)):
        raise ValueError(
            f"it must stand right behind a dense layer or a convolution, to be folded into it, not behind {layer!r}"
        )
    module.get("num_batches_tracked")
    mean, variance = module.take("running_mean", 1), module.take("running_var", 1)
    return normalized(layer, mean, variance, module.get("weight"), module.get("bias"), epsilon)


def _layer_norm(module: Module, epsilon: float = 1e-5) -> Layer:
    return LayerNorm(module.take("weight", 1), module.get("bias"), epsilon)


def _embedding(module: Module, positions: NDArray[np.float64] | None = None) -> Layer:
    if positions is not None and positions.shape[:1] == (1,) and positions.ndim == 3:  # as vision transformers store it
        positions = positions[0]
    return Embedding(module.take("weight", 2), positions)


def _attention(
    module: Module, heads: int = 1, mask: str = "none", query: Any = None, key: Any = None, value: Any = None, output: Any = None
) -> Layer:  # fmt: skip
    # query, key, value and output are options that `_taken` has seen to
    names = _PROJECTIONS[:3]
    if module.has("in_proj_weight"):
        stacked = module.take("in_proj_weight", 2)
        if len(stacked) % 3:
            raise ValueError(f"in_proj_weight must have shape (3 d, d), got {stacked.shape}")
        weights = dict(zip(names, np.split(stacked, 3), strict=True))
    else:
        weights = {name: module.take(f"{name[0]}_proj_weight", 2) for name in names}
    bias = module.get("in_proj_bias")
    if bias is not None and bias.shape != (sum(map(len, weights.values())),):
        raise ValueError(f"in_proj_bias must have shape ({sum(map(len, weights.values()))},), got {bias.shape}")
    ends = np.cumsum([len(weights[name]) for name in names[:2]])
    q, k, v = [None] * 3 if bias is None else np.split(bias, ends)
    output, output_bias = module.take("out_proj.weight", 2), module.get("out_proj.bias")
    return Attention(weights["query"], weights["key"], weights["value"], output, heads, q, k, v, output_bias, mask)


_PROJECTIONS: Final = ("query", "key", "value", "output")
_SHORT: Final = {"max-pool": "kernel", "average-pool": "kernel", "attention": "heads", "residual": "body"}
_WITH_TENSORS: Final[dict[str, Callable[..., Layer]]] = {
    "dense": _dense,
    "linear": _dense,
    "conv": _conv,
    "conv2d": _conv,
    "batch-norm": _batch_norm,
    "layer-norm": _layer_norm,
    "embedding": _embedding,
    "attention": _attention,
}
_WITHOUT: Final[dict[str, Callable[..., Layer] | None]] = {
    "max-pool": MaxPool2d,
    "max-pool2d": MaxPool2d,
    "average-pool": AveragePool2d,
    "average-pool2d": AveragePool2d,
    "global-average-pool": GlobalAveragePool2d,
    "global-average-pool2d": GlobalAveragePool2d,
    "flatten": Flatten,
    "softmax": Softmax,
    "dropout": None,
}
