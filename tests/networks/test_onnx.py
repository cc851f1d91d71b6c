"""ONNX: a runtime that knows nothing of slth gives the same outputs."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
from slth.networks import Attention, AveragePool2d, Conv2d, Dense, Elementwise, Embedding, Network, Residual
from slth.networks.onnx import to_onnx
from tests.networks.every_layer import LAYERS, WITHOUT_WEIGHTS, inputs, same


def run(path: Path, x: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["x"]
    assert [o.name for o in session.get_outputs()] == ["y"]
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("widths", [(1, 1), (3, 4, 2), (2, 3, 3, 1)])
def test_the_same_outputs(widths: tuple[int, ...], bias: bool, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    target = slth.Network.random(widths, rng=0, bias=bias)
    ticket = slth.approximate(target, 7, rng=1)
    path = tmp_path / "ticket.onnx"
    ticket.to_onnx(path)
    x = np.random.default_rng(0).uniform(-1, 1, (33, widths[0]))
    found = run(path, x)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, ticket(x), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(run(path, x[:1]), ticket(x[:1]), rtol=1e-12, atol=1e-13)


def test_activations_and_scales(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    network = slth.Network(
        (
            Dense(np.array([[1.0, -2.0], [0.0, 0.5]]), np.array([0.25, -1.0]), "identity", 3.0),
            Dense(np.array([[1.0, 1.0], [-1.0, 0.0]]), None, "relu", 0.125),
            Dense(np.eye(2), np.ones(2), "relu"),
        )
    )
    to_onnx(network, tmp_path / "n.onnx")
    x = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_allclose(run(tmp_path / "n.onnx", x), network(x), rtol=1e-13, atol=1e-14)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'slth\[onnx\]'"):
        Network.read(Path(__file__).with_suffix(".onnx"))
    with pytest.raises(ImportError, match=r"pip install 'slth\[onnx\]'"):
        to_onnx(slth.Network.random([1, 1], rng=0), tmp_path / "n.onnx")
    assert os.listdir(tmp_path) == []


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    network = slth.Network.random([1, 1], rng=0)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        to_onnx(network, tmp_path / "nowhere" / "n.onnx")
    with pytest.raises(IsADirectoryError):
        to_onnx(network, tmp_path)


def test_too_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    monkeypatch.setattr(slth.Network, "size", 2**28)
    with pytest.raises(ValueError, match="2 GiB"):
        to_onnx(slth.Network.random([1, 1], rng=0), tmp_path / "n.onnx")
    to_onnx(slth.Network.random([1, 1], rng=0), tmp_path / "n.onnx", dtype=np.float32)


WRITTEN = [name for name in LAYERS if name not in WITHOUT_WEIGHTS]


def of_one(name: str, free: bool) -> Network:
    """The network of one layer; `free`: for images or sequences of any size, where the layer takes them."""
    layer, shape = LAYERS[name]
    if free and isinstance(layer, Attention | Embedding):
        return Network((layer,), (None, *shape[1:]))
    if free and len(shape) == 3 and name != "flatten":
        return Network((layer,), (shape[0], None, None))
    return Network((layer,), shape)


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("name", WRITTEN)
def test_every_kind_of_layer(name: str, free: bool, tmp_path: Path) -> None:
    """In float64 a runtime computes the same up to the order of sums, and the file holds the network bit for bit."""
    pytest.importorskip("onnx")
    network, path = of_one(name, free), tmp_path / "n.onnx"
    network.save(path)
    x = inputs(name, 6)
    found = run(path, x)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, network(x), rtol=1e-12, atol=1e-13)
    read = Network.read(path)
    if name != "residual within residual":  # where an activation that stood alone is moved into the block before it
        assert same(read.layers[0], network.layers[0])
    assert read.input_shape == network.input_shape
    assert read(x).tobytes() == network(x).tobytes()


@pytest.mark.parametrize("name", WRITTEN)
def test_every_kind_of_layer_in_single_precision(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    network, path = of_one(name, False), tmp_path / "n.onnx"
    to_onnx(network, path, dtype=np.float32)
    x = inputs(name, 6).astype(np.float32)
    found = run(path, x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, network(x), rtol=2e-5, atol=2e-5)
    read = Network.read(path)
    assert read.layers[0].kind == network.layers[0].kind
    np.testing.assert_allclose(read(x), network(x), rtol=2e-5, atol=2e-5)


def test_products_stay_in_double_precision(tmp_path: Path) -> None:
    """ONNX Runtime fuses a number with the MatMul before or behind it, as float32, where it can."""
    pytest.importorskip("onnx")
    rng = np.random.default_rng(0)
    square = rng.normal(size=(3, 3))
    plain = Dense(square, None, "identity")
    for layers in (
        (Dense(square, None, "identity", 1 / 3), plain),
        (plain, Dense(square, None, "identity", 1 / 3)),
        (Dense(square, None, "gelu-tanh", 1 / 3), plain),
        (AveragePool2d((1, 3), 1, (0, 1)), plain),
    ):
        x = rng.normal(size=(4, 2, 2, 3))
        network = Network(layers, (2, 2, 3))
        network.save(tmp_path / "n.onnx")
        np.testing.assert_allclose(run(tmp_path / "n.onnx", x), network(x), rtol=1e-13, atol=1e-14)


def test_gelu_in_double_precision(tmp_path: Path) -> None:
    """Against the definition by the error function, at places of every size."""
    from math import erf, erfc, sqrt

    pytest.importorskip("onnx")
    network = Network((Elementwise("gelu"), Elementwise("gelu")), (1,))
    network.save(tmp_path / "two.onnx")
    single = Network(network.layers[:1], (1,))
    single.save(tmp_path / "n.onnx")
    x = np.concatenate([np.linspace(-40, 40, 4001), np.logspace(-300, 300, 601), -np.logspace(-300, 300, 601)])
    expected = [v * 0.5 * (erfc(-v / sqrt(2)) if v < 0 else 1 + erf(v / sqrt(2))) for v in x.tolist()]
    np.testing.assert_allclose(run(tmp_path / "n.onnx", x[:, None])[:, 0], expected, rtol=4e-15, atol=2e-16)
    np.testing.assert_allclose(run(tmp_path / "two.onnx", x[:, None]), network(x[:, None]), rtol=1e-14, atol=1e-15)
    assert [layer.activation for layer in Network.read(tmp_path / "two.onnx").layers] == ["gelu", "gelu"]


def test_pruned_networks_of_every_kind(tmp_path: Path) -> None:
    """The pruned network of a ticket: two layers in the place of each, with scales."""
    pytest.importorskip("onnx")
    rng = np.random.default_rng(3)

    def small(*shape: int) -> np.ndarray:
        return rng.uniform(-0.3, 0.3, shape)

    images = Network(
        (
            Conv2d(small(2, 1, 3, 3), small(2), padding=1),
            Residual((Conv2d(small(2, 2, 1, 1), None, "identity"),), (), "relu"),
        ),
        (1, 5, 5),
    )
    for target in (images,):
        ticket = slth.approximate(target, 8, rng=1)
        path = tmp_path / "t.onnx"
        ticket.to_onnx(path)
        x = rng.uniform(-1, 1, (4, *(5 if d is None else d for d in target.shapes[0])))
        np.testing.assert_allclose(run(path, x), ticket(x), rtol=1e-11, atol=1e-12)
        assert Network.read(path)(x).tobytes() == ticket(x).tobytes()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("mask", ["none", "causal"])
def test_attention_with_scales_of_heads(mask: str, bias: bool, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    rng = np.random.default_rng(3)
    query, key, value, output = (rng.normal(size=shape) for shape in ((4, 3), (4, 3), (6, 3), (5, 6)))
    layer = Attention(
        query,
        key,
        value,
        output,
        2,
        None,
        None,
        None,
        rng.normal(size=5) if bias else None,
        mask,
        (0.3, 1.7),
        (0.1, 3.0),
    )
    network = Network((layer,), (None, 3))
    network.save(tmp_path / "n.onnx")
    x = rng.normal(size=(4, 6, 3))
    np.testing.assert_allclose(run(tmp_path / "n.onnx", x), network(x), rtol=1e-12, atol=1e-13)
    read = Network.read(tmp_path / "n.onnx")
    assert read(x).tobytes() == network(x).tobytes()
    assert read.layers[0].settings == layer.settings


def test_misuse(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    network = slth.Network.random([1, 1], rng=0)
    with pytest.raises(TypeError, match=r"dtype must be numpy\.float64 or numpy\.float32"):
        to_onnx(network, tmp_path / "n.onnx", dtype=np.float16)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a layer of kind 'dense-form' cannot be written as ONNX"):
        to_onnx(network.skeleton, tmp_path / "n.onnx")
    with pytest.raises(ValueError, match=r"a weight overflows float32; write with dtype=numpy\.float64"):
        to_onnx(Network((Dense(np.full((1, 1), 1e300)),)), tmp_path / "n.onnx", dtype=np.float32)
    with pytest.raises(ValueError, match=r"path must end in '\.npz', '\.safetensors' or '\.onnx', got 'n\.pt'"):
        network.save("n.pt")
    assert os.listdir(tmp_path) == []


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    network = of_one("conv2d", True)
    for name in ("a.onnx", "b.onnx"):
        network.save(tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
