"""Reading an ONNX model as a network.

Understood are Gemm, MatMul, Conv, BatchNormalization behind one of them (folded into it), Relu, LeakyRelu, PRelu with one slope, Sigmoid,
Tanh, Gelu, MaxPool, AveragePool, GlobalAveragePool, ReduceMean over places, Flatten, Reshape and Squeeze that flatten, Add and Sub and Mul
and Div by constants behind a linear layer, Add of two branches, Softmax, LayerNormalization, Gather from a table of vectors, Identity,
Dropout, Cast; Gelu, leaky ReLU, layer normalisation and attention also where they are put together from elementary operators. Everything
else is refused, by name.

A function put together from Erf, Tanh, Mul, ... is taken for an activation if it agrees with it to 1e-6 at 401 places.

Where the weights of convolutions have three axes, inputs (channels, length) are read as images (channels, 1, length).
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from slth.files import regular_size
from slth.networks.activations import ACTIVATIONS
from slth.networks.layers import Elementwise, Residual
from slth.networks.network import Network
from slth.networks.onnx.graph import DOMAIN, onnx_package
from slth.networks.onnx.nodes import FOLDED, Call
from slth.networks.onnx.operators import FUNCTIONS, OPERATORS
from slth.networks.onnx.patterns import identified
from slth.networks.onnx.tensors import Tensors
from slth.networks.onnx.values import Channels, Known, Pointwise, Value
from slth.networks.readers.folding import activated, is_open

_DEEPEST = 32  # blocks within blocks


def read_onnx(path: str | os.PathLike[str], input_shape: Any = None) -> Network:
    """The network of an ONNX file with one input and one output, the batch being the first axis of both.

    Nothing is executed, and no other file is opened but those of its own folder that it says hold its weights. Memory is taken for the
    weights in float64 (within `slth.spool.out_of_core` for blocks of them) and at most 1 GiB of constants that are computed; the files are
    mapped into memory, and must not be cut short meanwhile.

    Parameters
    ----------
    path : path
    input_shape : tuple of int or None, optional
        Shape of one input in place of the one the file declares; needed if that leaves open what a Flatten must know.

    Raises
    ------
    ImportError
        If the package onnx is missing.
    ValueError
        If it is no ONNX file, keeps weights in another folder, or holds an operator that is not understood; the message names the node.
    OSError
        If it cannot be opened.

    Notes
    -----
    Time linear in the nodes times the depth of the network.
    """
    onnx = onnx_package()
    name = os.fsdecode(path)
    regular_size(name)
    try:
        tensors = Tensors(name)
        model = onnx.load_model_from_string(tensors.model)
    except OSError:
        raise
    except Exception as error:  # whatever protobuf raises
        raise ValueError(f"cannot read {name} as ONNX: {error}") from error
    try:
        return Reader(model, tensors, input_shape).network()
    except RecursionError:
        raise ValueError(f"cannot read {name}: its blocks are too deeply nested") from None
    except (ValueError, ImportError):
        raise
    except Exception as error:  # a hostile file makes its parsers raise whatever they like
        raise ValueError(f"cannot read {name} as ONNX: {type(error).__name__}: {error}") from error


class Reader:
    """One model on its way to a network: `known` says for each name what has been found out about it."""

    def __init__(self, model: Any, tensors: Tensors, input_shape: Any) -> None:
        graph = model.graph
        if graph.sparse_initializer:
            raise ValueError("it holds sparse weights, which are not read; store them dense")
        self.functions = {function.name: function for function in model.functions if function.domain == DOMAIN}
        self.opset = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=1)
        self.tensors = tensors
        self.known: dict[str, Known] = {tensor.name: tensors.array(tensor) for tensor in graph.initializer}
        self.room = FOLDED
        self._same: dict[str, str] = {}
        if len(graph.output) != 1:
            raise ValueError(f"it has {len(graph.output)} outputs ({', '.join(o.name for o in graph.output)}), not one")
        self._output = graph.output[0].name
        self.nodes = _needed(graph.node, self._output)
        self._users: dict[str, set[int]] = {self._output: {-1}}
        for i, node in enumerate(self.nodes):
            for name in node.input:
                self._users.setdefault(name, set()).add(i)
        self.lifted = any(
            node.op_type == "Conv" and len(node.input) > 1 and getattr(self.known.get(node.input[1]), "ndim", 0) == 3
            for node in self.nodes
        )
        self.batch, self._input = self._take_input(graph, input_shape)

    def network(self) -> Network:
        """The network, once all nodes are understood."""
        for i, node in enumerate(self.nodes):
            if not _is_known(node):
                domain = f"{node.domain}." if node.domain else ""
                raise ValueError(
                    f"operator {domain}{node.op_type} (node {_called(node)!r}) is not understood; slth.networks.onnx.reader says which are"
                )
            try:
                self._understand(i, node)
            except RecursionError:
                raise
            except Exception as error:  # a hostile node too
                reason = str(error) or type(error).__name__
                raise ValueError(
                    f"node {node.name or ''.join(node.output[:1])!r} ({node.op_type}): {reason}"
                ) from error
        end = self.value(self._output)
        layers = end.layers_since(None) or (Elementwise("identity"),)
        if any(value.open != (value is not end) for value in end.path()):
            raise ValueError(
                "it uses a value within a branch that has ended in a sum, so that the graph is no nest of blocks"
            )
        if max(map(_depth, layers)) > _DEEPEST:
            raise ValueError(f"its blocks are nested more than {_DEEPEST} deep")
        return Network(layers, self._input.shape)

    def _understand(self, i: int, node: Any) -> None:
        arguments = [self.known.get(name) if name else None for name in node.input]
        missing = [name for name, found in zip(node.input, arguments, strict=True) if name and found is None]
        if missing:
            raise ValueError(f"its input {missing[0]!r} comes from nowhere")
        self.known[node.output[0]] = OPERATORS[node.op_type.rstrip("0123456789")](Call(self, i, node), *arguments)

    def _take_input(self, graph: Any, input_shape: Any) -> tuple[int | None, Value]:
        names = [given for given in graph.input if given.name not in self.known]
        if len(names) != 1:
            raise ValueError(f"it has {len(names)} inputs ({', '.join(given.name for given in names)}), not one")
        kind = names[0].type.tensor_type
        sizes = [
            dim.dim_value if dim.WhichOneof("value") == "dim_value" and dim.dim_value > 0 else None
            for dim in kind.shape.dim
        ]
        batch, shape = (sizes[0], tuple(sizes[1:])) if sizes else (None, ())
        if self.lifted and len(shape) == 2:
            shape = (shape[0], 1, shape[1])
        if input_shape is not None:
            shape = tuple(input_shape)
        if not shape:
            raise ValueError(f"its input {names[0].name!r} declares no shape; give input_shape")
        value = Value(None, None, shape)
        self.known[names[0].name] = value
        return batch, value

    def root(self, name: str) -> str:
        """The first of all names of a value."""
        while name in self._same:
            name = self._same[name]
        return name

    def users(self, name: str) -> set[int]:
        """The nodes that use a value under any of its names, -1 if it is put out."""
        return self._users.get(self.root(name), set())

    def rename(self, node: int, old: str, new: str) -> None:
        """Node `node` gives the value `old` another name."""
        root = self.root(old)
        self._users[root] = (self.users(old) - {node}) | self._users.get(new, set())
        self._same[new] = root

    def layered(self, function: Pointwise, activation: str) -> Value:
        """An activation, in the layer before it if nothing else uses what that puts out."""
        base = function.base
        if (
            base.layer is not None
            and is_open(base.layer)
            and not base.open
            and self.users(function.base_name) <= function.users
        ):
            return base.replaced(activated(base.layer, activation))
        return base.then(Elementwise(activation))

    def value(self, name: str) -> Value:
        """A value as layers."""
        found = self.known[name]
        if isinstance(found, Pointwise):
            if identified(found.values) != "identity":
                known = ", ".join(sorted(ACTIVATIONS))
                raise ValueError(
                    f"a function of every entry that is put together before it is none of the activations {known}"
                )
            return found.base
        if isinstance(found, Channels):
            raise ValueError(
                "means of channels with axes of length 1 behind them are understood before Flatten, Reshape or Squeeze only"
            )
        if not isinstance(found, Value):
            what = (
                "a constant"
                if isinstance(found, np.ndarray)
                else f"{type(found).__name__.lower()} of an unfinished pattern"
            )
            raise ValueError(f"{name!r} is {what}, where the outputs of a layer are expected")
        return found


def _is_known(node: Any) -> bool:
    name = node.op_type.rstrip("0123456789")
    return node.op_type in OPERATORS if node.domain in ("", "ai.onnx") else node.domain == DOMAIN and name in FUNCTIONS


def _called(node: Any) -> str:
    return node.name or next(iter(node.output), "without a name")


def _needed(nodes: Any, output: str) -> list[Any]:
    """The nodes that the output depends on, in order."""
    wanted, found = {output}, []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            found.append(node)
    return found[::-1]


def _depth(layer: Any) -> int:
    if not isinstance(layer, Residual):
        return 0
    return 1 + max(map(_depth, (*layer.body, *layer.shortcut)))
