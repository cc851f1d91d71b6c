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
from slth.networks import Dense
from slth.networks.onnx import to_onnx


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
