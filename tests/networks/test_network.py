"""`Network`: composition, blocks, shape errors, what it says about itself, saving."""

from __future__ import annotations

import errno
import os
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slth.networks import Dense, Network, RandomSource, network
from slth.networks import archive as archive_format


def naive_network(x: list[float], layers: list[tuple[list[list[float]], list[float], bool]]) -> list[float]:
    """Layers (weight, bias, relu) on one input, one number at a time."""
    for weight, bias, relu in layers:
        sums = [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(weight, bias, strict=True)]
        x = [max(value, 0.0) if relu else value for value in sums]
    return x


@pytest.mark.parametrize("widths", [(3, 2), (4, 5, 1), (2, 7, 6, 3), (1, 1, 1, 1, 1)])
def test_equals_the_naive_loop(widths: tuple[int, ...]) -> None:
    net = Network.random(widths, rng=3)
    x = np.random.default_rng(4).normal(size=(6, widths[0]))
    layers = [
        (layer.weight.tolist(), layer.bias.tolist() if layer.bias is not None else [], i < len(widths) - 2)
        for i, layer in enumerate(net.layers)
    ]
    expected = [naive_network(row, layers) for row in x.tolist()]
    np.testing.assert_allclose(net(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(net(x[0]), expected[0], rtol=1e-12, atol=1e-12)
    assert net(x[0]).shape == (widths[-1],)


@pytest.mark.parametrize("entries", [1, 64, 1000])
def test_blocks_change_nothing_but_rounding(monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    net = Network.random((10, 32, 4), rng=0)
    x = np.random.default_rng(0).normal(size=(101, 10))
    whole = net(x)
    monkeypatch.setattr(network, "BLOCK_ENTRIES", entries)
    np.testing.assert_allclose(net(x), whole, rtol=1e-12, atol=1e-12)


def test_a_huge_batch_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Network.random((2, 500, 500, 1), rng=0)
    x = np.random.default_rng(0).normal(size=(5_000, 2))  # hidden values of the whole batch: 20 MB a layer
    monkeypatch.setattr(network, "BLOCK_ENTRIES", 2**16)  # 0.5 MB
    tracemalloc.start()
    net(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3e6


def test_relu_networks_are_positively_homogeneous() -> None:
    net = Network.random((5, 20, 3), bias=False, rng=1)
    x = np.random.default_rng(2).normal(size=(9, 5))
    np.testing.assert_allclose(net(3.0 * x), 3.0 * net(x), rtol=1e-12)
    scaled = Network(tuple(Dense(layer.weight, None, layer.activation, 2.0) for layer in net.layers))
    np.testing.assert_allclose(scaled(x), 4.0 * net(x), rtol=1e-12)


def test_properties() -> None:
    net = Network(
        (Dense(np.array([[1.0, 0.0], [0.0, 0.0], [2.0, 3.0]]), np.zeros(3)), Dense(np.ones((1, 3)), None, "identity"))
    )
    assert net.widths == (2, 3, 1)
    assert (net.depth, net.size, net.kept) == (2, 12, 6)
    assert net.density == 0.5


@pytest.mark.parametrize(
    ("net", "text"),
    [
        (Network.random((64, 32, 10), rng=0), "Network(64-32-10, relu, 2,410 weights)"),
        (Network.random((3, 2), rng=0), "Network(3-2, identity, 8 weights)"),
        (Network((Dense(np.eye(2)),)), "Network(2-2, relu, 4 weights, 2 kept)"),
        (Network((Dense(np.ones((2, 2))), Dense(np.ones((2, 2))))), "Network(2-2-2, relu, 8 weights)"),
        (
            Network((Dense(np.ones((2, 2)), None, "identity"), Dense(np.ones((2, 2)), None, "relu", 0.5))),
            "Network(2-2-2, identity/relu, 8 weights, scales 1/0.5)",
        ),
    ],
)
def test_repr(net: Network, text: str) -> None:
    assert repr(net) == text


def test_html() -> None:
    html = Network.random((64, 32, 10), rng=0)._repr_html_()
    assert html.startswith("<table>")
    assert html.count("<tr>") == 3
    assert "<td>64 → 32</td><td>relu</td><td>1</td><td>2,080</td>" in html


def test_random_is_its_source() -> None:
    net = Network.random([4, 3, 2], law="normal", rng=11, bias=(False, True), activation="identity")
    source = RandomSource(11, "normal", (4, 3, 2), (False, True))
    for i, layer in enumerate(net.layers):
        np.testing.assert_array_equal(layer.weight, source.weight(i))
        assert layer.activation == "identity"
    assert net.layers[0].bias is None
    assert net.layers[1].bias is not None
    assert net.size == source.size
    assert not np.array_equal(Network.random((4, 3)).layers[0].weight, Network.random((4, 3)).layers[0].weight)


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ((), ValueError, "layers must hold at least one Dense, got none"),
        ((np.ones((2, 2)),), TypeError, "layers must be a tuple of Dense.*Network.read takes plain arrays"),
        (Dense(np.ones((2, 2))), TypeError, "layers must be a tuple of Dense"),
        (
            (Dense(np.ones((3, 2))), Dense(np.ones((2, 4)))),
            ValueError,
            r"layers\[0\] puts out 3 numbers but layers\[1\] takes 4; weights must have shape \(d_out, d_in\)",
        ),
    ],
)
def test_misuse(layers: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Network(layers)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.ones((2, 4)), ValueError, r"x must have shape \(batch, 3\) or \(3,\), got \(2, 4\); one row per input"),
        (np.ones((2, 2, 3)), ValueError, r"x must have shape"),
        (1.0, ValueError, r"got \(\)"),
        (np.ones((0, 3)), ValueError, r"x must hold at least one row, got shape \(0, 3\)"),
        ([[1.0, np.nan, 0.0]], ValueError, r"x must be finite, got nan at index \(0, 1\)"),
        ([["a", "b", "c"]], TypeError, "x must hold real numbers"),
    ],
)
def test_misuse_of_a_call(x: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Network.random((3, 2), rng=0)(x)


def test_overflow_is_an_error_that_names_the_row() -> None:
    net = Network((Dense(np.full((2, 2), 1e200)), Dense(np.full((1, 2), 1e200), None, "identity")))
    with pytest.raises(ValueError, match=r"overflows float64 for row 1 of x; scale x or the weights down"):
        net([[0.0, 0.0], [1.0, 1.0]])


def test_misuse_of_random() -> None:
    with pytest.raises(TypeError, match="widths must be a sequence"):
        Network.random(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown activation 'tanh'"):
        Network.random((5, 4, 3), activation="tanh", rng=0)


def rich() -> Network:
    rng = np.random.default_rng(5)
    return Network(
        (
            Dense(rng.normal(size=(4, 3)), rng.normal(size=4), "relu", 1 / 3),
            Dense(np.where(rng.random((5, 4)) < 0.5, -0.0, rng.normal(size=(5, 4))), None, "identity", 2.5),
            Dense(rng.normal(size=(2, 5)) * 1e-310, np.zeros(2), "relu"),
        )
    )


def assert_same(first: Network, second: Network) -> None:
    for a, b in zip(first.layers, second.layers, strict=True):
        assert a.weight.tobytes() == b.weight.tobytes()
        assert a.weight.shape == b.weight.shape
        assert (a.bias is None) == (b.bias is None)
        assert a.bias is None or b.bias is None or a.bias.tobytes() == b.bias.tobytes()
        assert (a.activation, a.scale) == (b.activation, b.scale)


def test_pickle_round_trip() -> None:
    assert_same(pickle.loads(pickle.dumps(rich())), rich())


def test_save_and_read_bit_for_bit(tmp_path: Path) -> None:
    rich().save(tmp_path / "net.npz")
    assert_same(Network.read(tmp_path / "net.npz"), rich())
    first = (tmp_path / "net.npz").read_bytes()
    rich().save(str(tmp_path / "net.npz"))
    assert (tmp_path / "net.npz").read_bytes() == first
    with np.load(tmp_path / "net.npz") as arrays:
        np.testing.assert_array_equal(arrays["W1"], rich().layers[0].weight)
        assert_same(Network.read(arrays), rich())


def test_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.npz"
    rich().save(path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            Network.random((3, 2), rng=0).save(path)
    assert_same(Network.read(path), rich())
    assert os.listdir(tmp_path) == ["net.npz"]
    with pytest.raises(ValueError, match=r"path must end in '\.npz', got .*net\.bin"):
        rich().save(tmp_path / "net.bin")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({archive_format.MARKER: np.int64(2)}, "must be the format version 1, got 2; a newer slth may read it"),
        ({archive_format.MARKER: np.array([1, 1])}, "must be the format version 1"),
        ({"activations": None}, "activations must be a row of names"),
        ({"activations": np.ones(3)}, "activations must be a row of names"),
        ({"activations": np.array(["relu", "tanh", "relu"])}, "layer 2: unknown activation 'tanh'"),
        ({"scales": np.ones(2)}, r"scales must be 3 numbers like activations, got shape \(2,\)"),
        ({"scales": np.array([1.0, -1.0, 1.0])}, "layer 2: scale must be > 0"),
        ({"W2": None}, r"missing or superfluous: \['W2'\]"),
        ({"W9": np.ones((2, 2))}, r"missing or superfluous: \['W9'\]"),
        ({"W2": np.full((5, 4), np.nan)}, "layer 2: weight must be finite"),
        ({"W2": np.array([["a"]])}, "layer 2: weight must hold real numbers"),
        ({"W2": np.ones((4, 5))}, r"layers\[0\] puts out 4 numbers but layers\[1\] takes 5"),
    ],
)
def test_files_that_do_not_fit_together(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "net.npz"
    rich().save(path)
    with np.load(path) as file:
        arrays = dict(file) | change
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ValueError, match=message) as caught:
        Network.read(path)
    assert "net.npz" in str(caught.value)
