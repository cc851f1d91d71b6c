"""ONNX files that nobody vouches for: refused with a ValueError, without executing or allocating anything."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from slth.networks import AveragePool2d, Network
from tests.networks.onnx_models import model, node, read

onnx = pytest.importorskip("onnx")
RNG = np.random.default_rng(6)


def some(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


SQUARE = some(4, 4)
GEMM = model([node("Gemm", "x w b", "y", alpha=0.5, beta=2.0)], w=some(4, 3), b=some(3))


@pytest.mark.parametrize("depth", [40, 200, 1500])
def test_deep_nesting_is_refused(depth: int, tmp_path: Path) -> None:
    nodes = [node("Relu", "x", "h0")]
    for i in range(depth):
        nodes += [node("Relu", f"h{i}", f"a{i}"), node("Add", f"a{i} x", f"h{i + 1}")]
    with pytest.raises(ValueError, match=r"cannot read .*nested"):
        read(model([*nodes, node("Identity", f"h{depth}", "y")]), tmp_path)


def test_damaged_files(tmp_path: Path) -> None:
    whole = GEMM.SerializeToString()
    for content in (b"", b"\xff" * 100, whole[: len(whole) // 2], b"PK\x03\x04", bytes(1000)):
        with pytest.raises(ValueError, match=r"cannot read .*m\.onnx"):
            read(content, tmp_path)
    rng = np.random.default_rng(0)
    for _ in range(300):  # any byte of it
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            damaged[place] = rng.integers(256)
        with suppress(ValueError):
            read(bytes(damaged), tmp_path)


@pytest.mark.parametrize("dims", [[2**40, 2**40], [2**62, 4], [-1, 4], [2**31]])
def test_shapes_that_the_data_do_not_back(dims: list[int], tmp_path: Path) -> None:
    made = model([node("MatMul", "x w", "y")], w=SQUARE)
    del made.graph.initializer[0].dims[:]
    made.graph.initializer[0].dims.extend(dims)
    with pytest.raises(ValueError, match=r"cannot read .*m\.onnx"):
        read(made, tmp_path)


def test_constants_do_not_grow_without_end(tmp_path: Path) -> None:
    nodes = [node("Add", "c r", "c0")]
    nodes += [node("Concat", f"c{i} c{i}", f"c{i + 1}", axis=0) for i in range(60)]
    with pytest.raises(ValueError, match="its constants take more than 134,217,728 entries"):
        read(model([*nodes, node("Add", "x c60", "y")], c=some(1000, 1), r=some(1, 1000)), tmp_path)
    with pytest.raises(ValueError, match="its constants take more than"):
        read(
            model([node("Add", "c r", "c0"), node("Add", "x c0", "y")], c=some(100_000, 1), r=some(1, 100_000)),
            tmp_path,
        )


def test_graphs_within_graphs_are_refused(tmp_path: Path) -> None:
    inner = onnx.helper.make_graph([], "inner", [], [])
    made = model([node("Relu", "x", "y", body=inner)])
    with pytest.raises(ValueError, match="graphs within graphs are not understood"):
        read(made, tmp_path)


def test_functions_are_compared_with_those_slth_writes(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    Network((AveragePool2d(2),), (1, 4, 4)).save(path)
    made = onnx.load(path)
    made.functions[0].node[-1].op_type = "Mul"
    with pytest.raises(ValueError, match="it is no function that this version of slth writes"):
        read(made, tmp_path)
    del made.functions[:]
    with pytest.raises(ValueError, match="it is no function that this version of slth writes"):
        read(made, tmp_path)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Network.read(tmp_path / "missing.onnx")
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(ValueError, match="it is no regular file"):
        Network.read(tmp_path / "pipe.onnx")
    read(GEMM, tmp_path)
    with pytest.raises(TypeError, match="architecture belongs to a state_dict, and an ONNX file has its own"):
        Network.read(tmp_path / "m.onnx", ["dense"])


def test_functions_that_double_with_every_node(tmp_path: Path) -> None:
    nodes = [node("Mul", "x x", "p0")] + [node("Mul", f"p{i} p{i}", f"p{i + 1}") for i in range(200)]
    with pytest.raises(ValueError, match="is none of the activations"):
        read(model([*nodes, node("MatMul", "p200 w", "y")], w=SQUARE), tmp_path)
