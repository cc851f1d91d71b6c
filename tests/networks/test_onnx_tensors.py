"""Tensors of ONNX files where they lie: the numbers that the package onnx gives, no memory for them, and no way out of the folder."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slth.networks import Network
from slth.networks.onnx import tensors
from slth.networks.onnx.tensors import Tensors
from slth.spool import out_of_core
from tests.networks.onnx_models import model, node, read

onnx: Any = pytest.importorskip("onnx")
RNG = np.random.default_rng(6)
SQUARE = RNG.normal(size=(4, 4)).astype(np.float32)


def listed(array: np.ndarray) -> Any:
    """A tensor with its numbers one by one in fields of their own."""
    kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
    return onnx.helper.make_tensor("t", kind, array.shape, array.ravel())


WAYS: dict[str, Callable[[np.ndarray], Any]] = {
    "raw": lambda array: onnx.numpy_helper.from_array(array, "t"),
    "listed": listed,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"])
def test_like_the_package(kind: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    array = (100 * RNG.normal(size=(3, 1, 5))).astype(kind)
    made = model([node("Relu", "x", "y")])
    made.graph.initializer.append(WAYS[way](array))
    made.graph.node.append(onnx.helper.make_node("Constant", [], ["c"], value=WAYS[way](array)))
    path = tmp_path / "m.onnx"
    path.write_bytes(made.SerializeToString())
    for large in (1, 1 << 30):
        monkeypatch.setattr(tensors, "LARGE", large)
        found = Tensors(str(path))
        parsed = onnx.load_model_from_string(found.model)
        left = [parsed.graph.initializer[0], parsed.graph.node[1].attribute[0].t]
        stays = large > 1 or kind == "?" or (way == "listed" and kind not in ("f4", "f8"))
        assert [bool(tensor.external_data) for tensor in left] == [not stays] * 2
        for tensor in left:
            mine = found.array(tensor)
            assert mine.dtype == array.dtype
            np.testing.assert_array_equal(mine, array)
            assert stays or not mine.flags.writeable


def test_tensors_that_say_it_in_several_ways_are_left_to_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensors, "LARGE", 1)
    tensor = onnx.numpy_helper.from_array(SQUARE, "t").SerializeToString()
    elsewhere = apart("weights.bin").graph.initializer[0].SerializeToString()
    raw = b"\x4a\x40" + (2 * SQUARE).tobytes()  # field 9 once more: the last one counts
    for odd in (tensor + raw, elsewhere + raw):
        inner = b"\x2a" + bytes([len(odd) % 128 + 128, len(odd) // 128]) + odd
        content = b"\x3a" + bytes([len(inner) % 128 + 128, len(inner) // 128]) + inner
        (tmp_path / "m.onnx").write_bytes(content)
        found = Tensors(str(tmp_path / "m.onnx"))
        assert found.model == content


def test_no_memory_for_what_lies_in_a_file(tmp_path: Path) -> None:
    wide = RNG.normal(size=(1000, 1000)).astype(np.float32)
    made = model([node("Gemm", "x w b", "h", transB=1), node("Relu", "h", "a"), node("MatMul", "a v", "y")], (None, 1000),
                 w=wide, v=wide, b=wide[0])  # fmt: skip
    onnx.save(made, tmp_path / "one.onnx")
    onnx.save(made, tmp_path / "two.onnx", save_as_external_data=True, location="two.bin", size_threshold=0)
    for name in ("one.onnx", "two.onnx"):
        with out_of_core(tmp_path):
            Network.read(tmp_path / name)  # imports
            tracemalloc.start()
            network = Network.read(tmp_path / name)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 3_000_000  # the weights take 16 MB
        np.testing.assert_array_equal(network.layers[0].weight, wide)
        np.testing.assert_array_equal(network.layers[1].weight, wide.T)


# --- data in other files ---------------------------------------------------------------------------------------------


def apart(location: str, **more: str) -> Any:
    """A model whose weights (4, 4) are told to lie elsewhere."""
    made = model([node("MatMul", "x w", "y")], w=SQUARE)
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    for key, value in more.items():
        tensor.external_data.add(key=key, value=value)
    return made


def test_data_next_to_the_model(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for location in ("weights.bin", "deep/weights.bin", "./weights.bin"):
        (tmp_path / location).write_bytes(bytes(10) + SQUARE.tobytes())
        for more in ({"offset": "10"}, {"offset": "10", "length": "64", "checksum": "0"}):
            network = read(apart(location, **more), tmp_path)
            np.testing.assert_array_equal(network.layers[0].weight, SQUARE.T)
            (tmp_path / "weights.bin").write_bytes(bytes(10) + SQUARE.tobytes())
    (tmp_path / "weights.bin").write_bytes(bytes(74))  # the network has numbers of its own
    np.testing.assert_array_equal(network.layers[0].weight, SQUARE.T)
    made = model([onnx.helper.make_node("Constant", [], ["w"], value=apart("weights.bin").graph.initializer[0]),
                  node("MatMul", "x w", "y")])  # fmt: skip
    assert not read(made, tmp_path).layers[0].weight.any()


def test_other_folders_stay_closed(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(SQUARE.tobytes())
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.bin").symlink_to(tmp_path / "secret.bin")
    (inner / "up").symlink_to(tmp_path)
    for location in (
        "../secret.bin", str(tmp_path / "secret.bin"), "link.bin", "up/secret.bin", "a/../../secret.bin", "..\\secret.bin",
        "C:secret.bin", "", "a\0b", "/dev/zero",
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"tensor 'w' of shape .* its data lie in another folder"):
            read(apart(location), inner)
    for location in ("missing.bin", ".", "up/../missing.bin"[3:]):
        with pytest.raises(ValueError, match=r"tensor 'w' of shape .* cannot be read"):
            read(apart(location), inner)
    os.mkfifo(inner / "pipe.bin")
    with pytest.raises(ValueError, match="which is not there"):
        read(apart("pipe.bin"), inner)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"offset": "1"}, "64 bytes do not lie at 1 of 64"),
        ({"offset": "-1"}, "do not lie"),
        ({"length": "63"}, "do not lie"),
        ({"offset": "x"}, "invalid literal"),
        ({"offset": "9" * 5000}, "cannot be read"),
        ({"location": "weights.bin"}, "says it twice"),
    ],
)
def test_places_that_do_not_fit(more: dict[str, str], message: str, tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(SQUARE.tobytes())
    made = apart("weights.bin")
    for key, value in more.items():
        made.graph.initializer[0].external_data.add(key=key, value=value)
    with pytest.raises(ValueError, match=message):
        read(made, tmp_path)


@pytest.mark.parametrize("dims", [[2**40, 2**40], [2**62, 4], [-1, 4], [2**31], [1] * 70])
def test_shapes_that_the_data_do_not_back(dims: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "LARGE", 1)
    (tmp_path / "weights.bin").write_bytes(SQUARE.tobytes())
    for made in (model([node("MatMul", "x w", "y")], w=SQUARE), apart("weights.bin")):
        del made.graph.initializer[0].dims[:]
        made.graph.initializer[0].dims.extend(dims)
        with pytest.raises(ValueError, match=r"tensor 'w' of shape .* cannot be read|must be a constant matrix"):
            read(made, tmp_path)


def test_types_that_are_not_read_in_place(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(SQUARE.tobytes())
    for kind in (8, 14, 16, 99):  # text, complex, bfloat16, none
        made = apart("weights.bin")
        made.graph.initializer[0].data_type = kind
        with pytest.raises(ValueError, match=f"data of type {kind} are not read from where they lie"):
            read(made, tmp_path)


def test_damaged_files_raise_value_errors_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "LARGE", 1)
    made = model([node("Gemm", "x w b", "y", alpha=0.5, beta=2.0)], w=SQUARE, b=SQUARE[0])
    whole = made.SerializeToString()
    for cut in range(0, len(whole), 3):
        with suppress(ValueError):
            read(whole[:cut], tmp_path)
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            damaged[place] = rng.integers(256)
        with suppress(ValueError):
            read(bytes(damaged), tmp_path)
    for content in (b"\x3a" + b"\xff" * 20, b"\x3b\x3c", b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x02\x00"):
        with pytest.raises(ValueError, match=r"cannot read .*m\.onnx"):
            read(content, tmp_path)
