"""Targets of every kind, of any size, written to files a row at a time: normal weights of deviation 1 / sqrt(fan-in), float32."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Kind:
    """A kind of target.

    Attributes
    ----------
    shapes : callable
        The tensors of a target of some size, which for most is a width or a number of channels.
    architecture : callable
        What they belong to, for `Network.read`.
    input_shape : callable
    domain : (float, float) or None
        Where a ticket is certified.
    suffix : str
        Of the file.
    construction : str
    sizes : tuple of int
        For the table.
    width : int
        Where others would have more candidates than can be tried for a million weights, a smaller one.
    """

    shapes: Callable[[int], Shapes]
    architecture: Callable[[int], Any]
    input_shape: Callable[[int], Any] = lambda size: None
    domain: tuple[float, float] | None = (0.0, 1.0)
    suffix: str = ".safetensors"
    construction: str = "two-layer"
    sizes: tuple[int, ...] = (316, 1000)
    width: int = 42

    @property
    def package(self) -> str:
        """What reads or writes its file."""
        return {".safetensors": "safetensors", ".pt": "torch"}.get(self.suffix, "onnx")


def dense(layers: int) -> Callable[[int], Shapes]:
    """A chain of layers, as many neurons each."""
    return lambda width: {
        f"{i}.{name}": shape for i in range(layers) for name, shape in (("weight", (width, width)), ("bias", (width,)))
    }


def convolutions(layers: int, groups: int = 1) -> Callable[[int], Shapes]:
    """Kernels of 3 x 3, as many channels each."""
    return lambda channels: {
        f"{i}.{name}": shape
        for i in range(layers)
        for name, shape in (("weight", (channels, channels // groups, 3, 3)), ("bias", (channels,)))
    }


def attention(size: int) -> Shapes:
    return {
        "in_proj_weight": (3 * size, size),
        "in_proj_bias": (3 * size,),
        "out_proj.weight": (size, size),
        "out_proj.bias": (size,),
    }


def embedding(size: int) -> Shapes:
    """So many tokens as vectors of 64 numbers, and a dense layer."""
    return {"0.weight": (size, 64), "1.weight": (10, 64)}


CONV = ("conv", {"padding": 1})
KINDS: dict[str, Kind] = {
    "1 dense": Kind(dense(1), lambda size: ["dense"]),
    "3 dense": Kind(dense(3), lambda size: ["dense", "relu"] * 2 + ["dense"]),
    "1 convolution": Kind(convolutions(1), lambda size: [CONV], lambda size: (size, 8, 8), sizes=(105, 333)),
    "3 convolutions": Kind(
        convolutions(3), lambda size: [CONV, "relu"] * 2 + [CONV], lambda size: (size, 8, 8), sizes=(105, 333)
    ),
    "grouped convolution": Kind(
        convolutions(1, 4),
        lambda size: [("conv", {"padding": 1, "groups": 4})],
        lambda size: (size, 8, 8),
        sizes=(208, 416),
    ),
    "residual block": Kind(
        convolutions(2),
        lambda size: [("residual", {"body": [CONV, "relu", CONV], "activation": "relu"})],
        lambda size: (size, 8, 8),
        sizes=(105, 333),
    ),
    "attention": Kind(
        attention,
        lambda size: [("attention", {"heads": size // 64})],
        lambda size: (None, size),
        (-1.0, 1.0),
        sizes=(256, 512),
        width=20,
    ),
    "embedding": Kind(embedding, lambda size: ["embedding", "dense"], lambda size: (None,), None, sizes=(5_000, 50_000)),
    "one-extra-layer": Kind(
        dense(3), lambda size: ["dense", "relu"] * 2 + ["dense"], construction="one-extra-layer", sizes=(100, 316), width=20
    ),
    "structured": Kind(
        convolutions(2), lambda size: [CONV, "relu", CONV], lambda size: (size, 8, 8), construction="structured", sizes=(20, 40), width=20
    ),
    "onnx": Kind(dense(3), lambda size: None, suffix=".onnx"),
    "onnx, two files": Kind(dense(3), lambda size: None, suffix=".data.onnx"),
    "torch": Kind(dense(3), lambda size: ["dense", "relu"] * 2 + ["dense"], suffix=".pt"),
}  # fmt: skip


def write(kind: Kind, size: int, path: Path) -> None:
    """The file of a target."""
    shapes = kind.shapes(size)
    if kind.suffix == ".safetensors":
        _safetensors(shapes, path)
    elif kind.suffix == ".pt":
        _torch(shapes, path)
    else:
        _onnx(shapes, path, kind.suffix.startswith(".data"))


def _rows(shape: tuple[int, ...], rng: np.random.Generator) -> Iterator[np.ndarray[Any, Any]]:
    if len(shape) == 1:
        shape = (1, *shape)
    inputs = math.prod(shape[1:])
    for _ in range(shape[0]):
        yield (rng.standard_normal(inputs) / math.sqrt(inputs)).astype("<f4")


def _safetensors(shapes: Shapes, path: Path) -> None:
    rng, header, end = np.random.default_rng(0), {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for shape in shapes.values():
            for row in _rows(shape, rng):
                file.write(row.tobytes())


def _torch(shapes: Shapes, path: Path) -> None:
    import torch

    rng = np.random.default_rng(0)
    torch.save(
        {name: torch.from_numpy(np.stack(list(_rows(shape, rng))).reshape(shape)) for name, shape in shapes.items()},
        path,
    )


def _onnx(shapes: Shapes, path: Path, apart: bool) -> None:
    """Gemm and Relu in turn."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng, nodes, value = np.random.default_rng(0), [], "x"
    tensors = [numpy_helper.from_array(np.stack(list(_rows(s, rng))).reshape(s), name) for name, s in shapes.items()]
    width = next(iter(shapes.values()))[1]
    layers = len(shapes) // 2
    for i in range(layers):
        nodes.append(helper.make_node("Gemm", [value, f"{i}.weight", f"{i}.bias"], [f"z{i}"], transB=1))
        if i + 1 < layers:
            nodes.append(helper.make_node("Relu", [f"z{i}"], [f"a{i}"]))
        value = f"a{i}"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width]) for name in ("x", f"z{layers - 1}")]
    model = helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors))
    onnx.save(model, path, save_as_external_data=apart, location=f"{path.name}.weights", size_threshold=1024)
