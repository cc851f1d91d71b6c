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

from slth.networks import (
    Attention,
    Conv2d,
    Dense,
    Elementwise,
    Embedding,
    Flatten,
    GlobalAveragePool2d,
    LayerNorm,
    MaxPool2d,
    Network,
    RandomSource,
    Residual,
    network,
)


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
    assert html.startswith("<table><caption>Network(64-32-10, relu, 2,410 weights)</caption>")
    assert html.count("<tr>") == 3
    assert "<td>0</td><td>dense</td><td>(32,)</td><td>relu</td><td>1</td><td>2,080</td><td>2,080</td>" in html


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
        ((), ValueError, "layers must hold at least one layer, got none"),
        (
            (np.ones((2, 2)),),
            TypeError,
            r"layers must be a tuple of layers.*got \(ndarray\); Network.read takes plain arrays",
        ),
        (Dense(np.ones((2, 2))), TypeError, "layers must be a tuple of layers such as Dense"),
        (
            (Dense(np.ones((3, 2))), Dense(np.ones((2, 4)))),
            ValueError,
            r"layers\[0\] puts out \(3,\), but layers\[1\]: a dense layer of 4 inputs takes \(\.\.\., 4\), got shape \(3,\)",
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
    with pytest.raises(ValueError, match="unknown activation 'swish'"):
        Network.random((5, 4, 3), activation="swish", rng=0)


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
        np.testing.assert_array_equal(arrays["0.weight"], rich().layers[0].weight)
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
    with pytest.raises(ValueError, match=r"path must end in '\.npz'.*, got .*net\.bin"):
        rich().save(tmp_path / "net.bin")


# --- images and sequences -------------------------------------------------------------------------------------------

SOME = np.random.default_rng(11)


def image_network(shape: tuple[int | None, ...] = (2, 8, 7)) -> Network:
    first, second = SOME.normal(size=(3, 2, 3, 3)), SOME.normal(size=(3, 3, 3, 3))
    block = Residual((Conv2d(second, SOME.normal(size=3), "identity", padding=1),), (), "relu")
    layers = (
        Conv2d(first, SOME.normal(size=3)),
        block,
        MaxPool2d(2),
        GlobalAveragePool2d(),
        Dense(SOME.normal(size=(4, 3))),
    )
    return Network(layers, shape)


def sequence_network(shape: tuple[int | None, ...] = (None,)) -> Network:
    weights = (SOME.normal(size=(6, 6)) for _ in range(4))
    attention = Residual((LayerNorm(np.ones(6)), Attention(*weights, heads=2, mask="causal")))
    feed = Residual(
        (LayerNorm(np.ones(6)), Dense(SOME.normal(size=(9, 6)), None, "gelu"), Dense(SOME.normal(size=(6, 9))))
    )
    return Network((Embedding(SOME.normal(size=(5, 6)), SOME.normal(size=(12, 6))), attention, feed), shape)


def step_by_step(net: Network, x: np.ndarray) -> np.ndarray:
    for layer in net.layers:
        x = layer(x)
    return x


@pytest.mark.parametrize("entries", [1, 500, 10**6])
def test_blocks_of_images_and_sequences(monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    monkeypatch.setattr(network, "BLOCK_ENTRIES", entries)
    for net, x in (
        (image_network(), SOME.normal(size=(23, 2, 8, 7))),
        (sequence_network(), SOME.integers(0, 5, (23, 9)).astype(float)),
    ):
        whole = net(x)
        np.testing.assert_allclose(whole, step_by_step(net, x), rtol=1e-11, atol=1e-11)
        assert whole.shape == (23, *(9 if d is None else d for d in net.shapes[-1]))
        np.testing.assert_allclose(net(x[4]), whole[4], rtol=1e-11, atol=1e-11)
        assert net(x[4]).shape == whole[4].shape
        single = net(x, dtype=np.float32)
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, whole, rtol=1e-3, atol=1e-3)
        assert net(x[4], dtype=np.float32).shape == whole[4].shape


def test_lengths_and_sizes_that_vary() -> None:
    net = sequence_network()
    for length in (1, 2, 12):
        assert net(np.zeros((3, length))).shape == (3, length, 6)
        assert net(np.zeros(length)).shape == (length, 6)
    with pytest.raises(ValueError, match=r"layers\[0\]: this embedding knows 12 positions, got 13"):
        net(np.zeros((1, 13)))
    images = image_network((2, None, None))
    for size in ((4, 4), (9, 5)):
        assert images(np.ones((3, 2, *size))).shape == (3, 4)
    with pytest.raises(ValueError, match=r"layers\[0\]: a window of 3 does not fit into 2"):
        images(np.ones((3, 2, 2, 9)))


def test_memory_of_a_convolution_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Network((Conv2d(SOME.normal(size=(4, 4, 5, 5)), padding=2), GlobalAveragePool2d()), (4, 20, 20))
    x = SOME.normal(size=(200, 4, 20, 20))  # windows of the whole batch: 64 MB
    monkeypatch.setattr(network, "BLOCK_ENTRIES", 2**17)  # 1 MB
    tracemalloc.start()
    net(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6


@pytest.mark.parametrize(
    ("net", "x", "message"),
    [
        (
            image_network(),
            np.ones((3, 2, 7, 8)),
            r"x must have shape \(batch, 2, 8, 7\) or \(2, 8, 7\), got \(3, 2, 7, 8\)",
        ),
        (image_network(), np.ones((8, 7)), r"got \(8, 7\); one row per input"),
        (image_network((2, None, None)), np.ones((1, 3, 9, 9)), r"\(batch, 2, any, any\) or \(2, any, any\), got"),
        (sequence_network(), np.ones((2, 3, 4)), r"\(batch, any\) or \(any,\), got \(2, 3, 4\)"),
        (sequence_network(), np.ones((2, 0)), "x must hold at least one row"),
        (sequence_network(), np.full((2, 3), 7.0), r"tokens must be whole numbers in 0\.\.4"),
    ],
)
def test_misuse_of_a_call_on_images_and_sequences(net: Network, x: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        net(x)


@pytest.mark.parametrize("dtype", [float, "float64", np.int64, np.float16, None])
def test_other_precisions(dtype: Any) -> None:
    with pytest.raises(TypeError, match=r"dtype must be numpy\.float64 or numpy\.float32"):
        Network.random((3, 2), rng=0)(np.ones(3), dtype=dtype)


def test_single_precision_that_overflows() -> None:
    net = Network((Dense(np.full((1, 1), 1e20)), Dense(np.full((1, 1), 1e20))))
    assert net([[1.0]])[0, 0] == 1e40
    with pytest.raises(ValueError, match="overflows float32 for row 1 of x"):
        net([[0.0], [1.0]], dtype=np.float32)


def test_what_networks_of_other_layers_say() -> None:
    net = image_network()
    assert repr(net) == (
        "Network((2, 8, 7) -> (4,), conv2d residual max-pool2d global-average-pool2d dense, 153 weights)"
    )
    assert net.shapes == ((2, 8, 7), (3, 6, 5), (3, 6, 5), (3, 3, 2), (3,), (4,))
    assert net.widths == (112, 90, 90, 18, 3, 4)
    assert not net.is_dense
    assert net._repr_html_().count("<tr>") == 6
    assert sequence_network().shapes[-1] == (None, 6)
    with pytest.raises(ValueError, match=r"the widths of a network on \(any,\) depend on the input; see shapes"):
        _ = sequence_network().widths
    assert Network((Flatten(), Elementwise("tanh")), (2, 3)).density == 1.0


def test_skeleton_and_its_layers() -> None:
    net = image_network()
    assert [layer.kind for layer in net.skeleton.layers] == [
        *("conv2d-form", "residual", "max-pool2d", "global-average-pool2d", "dense-form")
    ]
    assert [form.kind for form in net.forms] == ["conv2d-form", "conv2d-form", "dense-form"]
    assert [layer.matrix.shape for layer in net.linear] == [(form.rows, form.columns) for form in net.forms]
    assert net.skeleton.shapes == net.shapes
    assert net.skeleton.size == 0
    assert net.skeleton.forms == net.forms
    again = net.skeleton.with_linear(lambda i: (net.linear[i],))
    x = SOME.normal(size=(3, 2, 8, 7))
    assert again(x).tobytes() == net(x).tobytes()
    assert pickle.loads(pickle.dumps(net))(x).tobytes() == net(x).tobytes()


@pytest.mark.parametrize(
    ("layers", "shape", "error", "message"),
    [
        ((Conv2d(np.ones((1, 1, 1, 1))),), None, ValueError, "begins with Conv2d.* needs input_shape"),
        ((Flatten(),), None, ValueError, "needs input_shape, the shape of one input"),
        ((Flatten(),), 3, TypeError, "input_shape must be a tuple of sizes, None for any, got 3"),
        ((Flatten(),), "33", TypeError, "input_shape must be a tuple"),
        ((Flatten(),), (3, 0), ValueError, "input_shape must be >= 1"),
        ((Flatten(),), (3, None), ValueError, r"layers\[0\]: flatten needs an input of fixed size"),
        ((Dense(np.ones((1, 2))),), (3,), ValueError, r"layers\[0\]: a dense layer of 2 inputs"),
        (
            (Flatten(), Dense(np.ones((1, 5)))),
            (2, 3),
            ValueError,
            r"layers\[0\] puts out \(6,\), but layers\[1\]: a dense layer of 5 inputs",
        ),
    ],
)
def test_shapes_that_do_not_fit(layers: Any, shape: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Network(layers, shape)
