"""Safetensors: what slth writes it reads back bit for bit, what others write is a state_dict, and hostile files are refused."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slth.networks import Conv2d, Dense, Network
from tests.networks.every_layer import LAYERS, same

safetensors = pytest.importorskip("safetensors")
RNG = np.random.default_rng(4)


def raw(path: Path, header: Any, data: bytes = b"") -> Path:
    """A file in the format, from its definition."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


@pytest.mark.parametrize("name", LAYERS)
def test_every_kind_of_layer_bit_for_bit(name: str, tmp_path: Path) -> None:
    layer, shape = LAYERS[name]
    path = tmp_path / "net.safetensors"
    network = Network((layer,), shape)
    network.save(path)
    read = Network.read(path)
    assert read.input_shape == shape
    assert same(read.layers[0], layer)
    first = path.read_bytes()
    network.save(str(path))
    assert path.read_bytes() == first


def test_others_open_the_file(tmp_path: Path) -> None:
    network = Network.random([3, 4, 2], rng=0)
    network.save(tmp_path / "n.SAFETENSORS")
    from safetensors.numpy import load_file

    arrays = load_file(tmp_path / "n.SAFETENSORS")
    assert sorted(arrays) == ["0.bias", "0.weight", "1.bias", "1.weight"]
    assert arrays["1.weight"].tobytes() == network.layers[1].weight.tobytes()


def test_a_file_without_a_description_is_a_state_dict(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    kernel, weight, bias = RNG.normal(size=(2, 1, 3, 3)), RNG.normal(size=(3, 8)), RNG.normal(size=3)
    path = tmp_path / "m.safetensors"
    # "10" comes behind "2": numbers count as numbers
    save_file({"net.10.weight": weight, "net.10.bias": bias, "net.2.weight": kernel}, path, {"format": "pt"})
    net = Network.read(path, ["conv", "relu", "flatten", "dense"], input_shape=(1, 4, 4))
    assert same(net.layers[0], Conv2d(kernel))
    assert same(net.layers[2], Dense(weight, bias, "identity"))
    with pytest.raises(ValueError, match=r"cannot read .*m\.safetensors: tensor 'net\.2\.weight' of shape .* say what"):
        Network.read(path)


@pytest.mark.parametrize("kind", ["F64", "F32", "F16", "BF16", "I64", "I8", "U16", "BOOL"])
def test_types_of_numbers(kind: str, tmp_path: Path) -> None:
    types: dict[str, Any] = {
        "F64": "<f8",
        "F32": "<f4",
        "F16": "<f2",
        "I64": "<i8",
        "I8": "i1",
        "U16": "<u2",
        "BOOL": "?",
    }
    values = np.array([[1.0, 0.0, 1.0]]) if kind == "BOOL" else np.array([[1.0, 3.0, 100.0]])
    upper = (values.astype("<f4").view("<u4") >> 16).astype("<u2")
    data = (upper if kind == "BF16" else values.astype(types[kind])).tobytes()
    path = raw(
        tmp_path / "t.safetensors", {"weight": {"dtype": kind, "shape": [1, 3], "data_offsets": [0, len(data)]}}, data
    )
    np.testing.assert_array_equal(Network.read(path).layers[0].weight, values)


def test_bfloat16_of_pytorch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    weight = torch.randn(4, 5).bfloat16()
    save_file({"weight": weight}, tmp_path / "t.safetensors")
    np.testing.assert_array_equal(Network.read(tmp_path / "t.safetensors").layers[0].weight, weight.double().numpy())


SIX = {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48]}


@pytest.mark.parametrize(
    ("header", "data"),
    [
        (b"", b""),
        (b"{", b""),
        (b"[" * 100_000, b""),
        ({"weight": SIX}, b"\0" * 47),
        ({"weight": SIX}, b"\0" * 49),
        ({"weight": SIX | {"data_offsets": [0, 2**62]}}, b"\0" * 48),
        ({"weight": SIX | {"shape": [2**40, 2**40]}}, b"\0" * 48),
        ({"weight": SIX | {"shape": [2**62, 3]}}, b"\0" * 48),
        ({"weight": SIX | {"shape": [-2, -3]}}, b"\0" * 48),
        ({"weight": SIX | {"dtype": "O"}}, b"\0" * 48),
        ({"a.weight": SIX, "b.weight": SIX}, b"\0" * 48),
        ({"weight": SIX | {"data_offsets": [8, 56]}}, b"\0" * 56),
    ],
)
def test_damaged_files(header: Any, data: bytes, tmp_path: Path) -> None:
    path = raw(tmp_path / "bad.safetensors", header, data)
    with pytest.raises(ValueError, match=r"cannot read .*bad\.safetensors"):
        Network.read(path)


def test_a_header_that_is_longer_than_the_file(tmp_path: Path) -> None:
    for content in (b"", b"\xff" * 8, b"\xff" * 7 + b"\x7f" + b"{}", b"\x10" + b"\0" * 7 + b"{}"):
        path = tmp_path / "bad.safetensors"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"cannot read .*bad\.safetensors"):
            Network.read(path)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "7", "[]", "{}", '{"version": 2}', '{"version": 2, "structure": {}}', '{"version": true, "structure": {}}',
        '{"version": 3, "structure": {"input_shape": [3], "layers": []}}', '{"version": 2, "structure": ' + "[" * 100_000,
    ],
)  # fmt: skip
def test_damaged_descriptions(text: str, tmp_path: Path) -> None:
    header = {"__metadata__": {"slth_network": text}, "0.weight": SIX}
    with pytest.raises(ValueError, match=r"cannot read .*bad\.safetensors"):
        Network.read(raw(tmp_path / "bad.safetensors", header, b"\0" * 48))


def test_a_type_without_a_counterpart(tmp_path: Path) -> None:
    header = {"weight": {"dtype": "F8_E4M3", "shape": [1, 2], "data_offsets": [0, 2]}}
    with pytest.raises(ValueError, match=r"'weight' holds values of type F8_E4M3, not one of F64.*convert it to F32"):
        Network.read(raw(tmp_path / "t.safetensors", header, b"\0\0"))


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Network.read(tmp_path / "missing.safetensors")
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(ValueError, match="it is no regular file"):
        Network.read(tmp_path / "pipe.safetensors")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        Network.random([1, 1], rng=0).save(tmp_path / "nowhere" / "n.safetensors")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "n.safetensors"
    Network.random([1, 1], rng=0).save(path)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match=r"pip install 'slth\[safetensors\]'"):
        Network.read(path)
    with pytest.raises(ImportError, match=r"pip install 'slth\[safetensors\]'"):
        Network.random([1, 1], rng=0).save(tmp_path / "m.safetensors")
    assert os.listdir(tmp_path) == ["n.safetensors"]
