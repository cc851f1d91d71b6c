"""Network files: every kind of layer back bit for bit, and descriptions that nobody vouches for."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slth.networks import Conv2d, Dense, Flatten, MaxPool2d, Network, Residual
from slth.networks.archive import MARKER, STRUCTURE, arrays_of, from_arrays, rebuilt, structure
from tests.networks.every_layer import LAYERS, same, some


def small() -> Network:
    body = Conv2d(some(2, 2, 3, 3), some(2), padding=1), Conv2d(some(2, 2, 1, 1), None, "identity", 0.5)
    layers = Residual(body, (), "relu"), MaxPool2d(2), Flatten(), Dense(some(3, 8), some(3), "identity")
    return Network(layers, (2, 4, 5))


@pytest.mark.parametrize("name", LAYERS)
def test_every_kind_comes_back_bit_for_bit(name: str, tmp_path: Path) -> None:
    layer, shape = LAYERS[name]
    network = Network((layer,), shape)
    network.save(tmp_path / "net.npz")
    again = Network.read(tmp_path / "net.npz")
    assert again.shapes == network.shapes
    assert same(again.layers[0], layer)
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "net.npz").read_bytes()


@pytest.mark.parametrize("shape", [(2, None, None), (2, 4, None), (2, 7, 9)])
def test_sizes_that_are_not_fixed_come_back(shape: Any, tmp_path: Path) -> None:
    network = Network((Conv2d(some(3, 2, 2, 2)), MaxPool2d(2)), shape)
    network.save(tmp_path / "net.npz")
    assert Network.read(tmp_path / "net.npz").shapes == network.shapes


def test_a_network_comes_back_whole(tmp_path: Path) -> None:
    network = small()
    network.save(tmp_path / "net.npz")
    again = Network.read(tmp_path / "net.npz")
    x = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    assert network(x).tobytes() == again(x).tobytes()
    assert repr(again) == repr(network)
    assert again.skeleton.shapes == network.skeleton.shapes
    skeleton = rebuilt(json.loads(json.dumps(structure(network.skeleton))), arrays_of(network.skeleton))
    assert structure(skeleton) == structure(network.skeleton)


Edit = Callable[[dict[str, Any]], Any]


def put(key: str, value: Any, *path: Any) -> Edit:
    """Set an entry of the description, below `path`."""

    def edit(described: dict[str, Any]) -> None:
        entry: Any = described
        for step in path:
            entry = entry[step]
        entry[key] = value

    return edit


def drop(key: str, *path: Any) -> Edit:
    def edit(described: dict[str, Any]) -> None:
        entry: Any = described
        for step in path:
            entry = entry[step]
        del entry[key]

    return edit


def nested(depth: int) -> Edit:
    def edit(described: dict[str, Any]) -> None:
        layers: list[Any] = []
        for _ in range(depth):
            layers = [{"kind": "residual", "settings": {}, "arrays": [], "body": layers, "shortcut": []}]
        described["layers"] = layers

    return edit


HOSTILE: dict[str, Edit] = {
    "no layers": put("layers", []),
    "layers null": put("layers", None),
    "layers number": put("layers", 3),
    "layers text": put("layers", "dense"),
    "layers object": put("layers", {"0": {}}),
    "layers missing": drop("layers"),
    "layer null": put("layers", [None]),
    "layer text": put("layers", ["dense"]),
    "layer list": put("layers", [[]]),
    "input missing": drop("input_shape"),
    "input null": put("input_shape", None),
    "input text": put("input_shape", "abc"),
    "input number": put("input_shape", 3),
    "input object": put("input_shape", {"a": 1}),
    "input float": put("input_shape", [2.0, 4.0, 5.0]),
    "input zero": put("input_shape", [2, 0, 5]),
    "input negative": put("input_shape", [2, -4, 5]),
    "input nested": put("input_shape", [[2], [4], [5]]),
    "input too small": put("input_shape", [2, 1, 1]),
    "input of a vector": put("input_shape", [40]),
    "another input": put("input_shape", [2, 40, 50]),
    "a huge input": put("input_shape", [2, 10**12, 10**12]),
    "unknown kind": put("kind", "other", "layers", 1),
    "kind null": put("kind", None, "layers", 1),
    "kind list": put("kind", ["dense"], "layers", 1),
    "kind object": put("kind", {"a": 1}, "layers", 1),
    "kind missing": drop("kind", "layers", 1),
    "another kind": put("kind", "dense", "layers", 1),
    "settings null": put("settings", None, "layers", 1),
    "settings list": put("settings", [2, 2], "layers", 1),
    "settings missing": drop("settings", "layers", 1),
    "settings empty": put("settings", {}, "layers", 1),
    "settings unknown": put("colour", "red", "layers", 1, "settings"),
    "settings that are arrays": put("weight", [[1.0]], "layers", 3, "settings"),
    "kernel null": put("kernel", None, "layers", 1, "settings"),
    "kernel zero": put("kernel", 0, "layers", 1, "settings"),
    "kernel nested": put("kernel", [[2], [2]], "layers", 1, "settings"),
    "kernel huge": put("kernel", [10**30, 10**30], "layers", 1, "settings"),
    "kernel nan": put("kernel", float("nan"), "layers", 1, "settings"),
    "stride object": put("stride", {"a": 1}, "layers", 1, "settings"),
    "activation object": put("activation", {"a": 1}, "layers", 0, "settings"),
    "activation list": put("activation", ["relu"], "layers", 0, "settings"),
    "activation unknown": put("activation", "swish", "layers", 3, "settings"),
    "scale nan": put("scale", float("nan"), "layers", 3, "settings"),
    "scale text": put("scale", "1", "layers", 3, "settings"),
    "scale huge": put("scale", 10**400, "layers", 3, "settings"),
    "padding huge": put("padding", [10**15, 10**15], "layers", 0, "body", 0, "settings"),
    "groups": put("groups", 2, "layers", 0, "body", 0, "settings"),
    "arrays null": put("arrays", None, "layers", 3),
    "arrays number": put("arrays", 1, "layers", 3),
    "arrays missing": drop("arrays", "layers", 3),
    "arrays fewer": put("arrays", ["weight"], "layers", 3),
    "arrays none": put("arrays", [], "layers", 3),
    "arrays more": put("arrays", ["weight", "bias", "more"], "layers", 3),
    "arrays twice": put("arrays", ["weight", "weight"], "layers", 3),
    "arrays numbers": put("arrays", [1, 2], "layers", 3),
    "arrays of another layer": put("arrays", ["../0.body.0.weight", "bias"], "layers", 3),
    "arrays nested": put("arrays", [["weight"], "bias"], "layers", 3),
    "arrays of a pool": put("arrays", ["weight"], "layers", 1),
    "body null": put("body", None, "layers", 0),
    "body empty": put("body", [], "layers", 0),
    "body missing": drop("body", "layers", 0),
    "shortcut missing": drop("shortcut", "layers", 0),
    "shortcut of another shape": put("shortcut", [{"kind": "flatten", "settings": {}, "arrays": []}], "layers", 0),
    "deeply nested": nested(33),
    "very deeply nested": nested(150),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_descriptions(name: str, tmp_path: Path) -> None:
    """One clear error that names the file, and no memory for what is only declared."""
    network = small()
    described = json.loads(json.dumps(structure(network)))
    HOSTILE[name](described)
    path = tmp_path / "net.npz"
    np.savez(path, **{MARKER: np.int64(2), STRUCTURE: np.array(json.dumps(described))}, **arrays_of(network))
    tracemalloc.start()
    with pytest.raises(ValueError) as caught:
        Network.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "net.npz" in str(caught.value)
    assert peak < 5e6
    with pytest.raises(ValueError):
        rebuilt(described, arrays_of(network))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "3",
        '"text"',
        "{}",
        "{" * 10,
        "[" * 100_000,
        '{"a":' * 100_000,
        "NaN",
        '{"layers": [' + "1" * 5000 + "]}",
    ],
    ids=range(11),
)
def test_descriptions_that_are_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    np.savez(path, **{MARKER: np.int64(2), STRUCTURE: np.array(text)}, **arrays_of(small()))
    with pytest.raises(ValueError, match=r"net\.npz"):
        Network.read(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({MARKER: np.int64(1)}, "version 2, got 1; a newer slth may read it"),
        ({MARKER: np.int64(3)}, "version 2, got 3; a newer slth may read it"),
        ({MARKER: np.array([2, 2])}, "version 2"),
        ({MARKER: np.array(2.0)}, "version 2"),
        ({MARKER: np.array(True)}, "version 2"),
        ({MARKER: np.array("2")}, "version 2"),
        ({STRUCTURE: None}, "structure must be a text|not a description"),
        ({STRUCTURE: np.ones(3)}, "structure must be a text"),
        ({STRUCTURE: np.array(["{}"])}, "structure must be a text"),
        ({STRUCTURE: np.array(b"{}")}, "structure must be a text"),
        ({"3.weight": None}, "layer 3 lacks its array '3.weight'"),
        ({"0.body.0.bias": None}, "layer 0.body.0 lacks its array '0.body.0.bias'"),
        ({"9.weight": np.ones((2, 2))}, r"its arrays \['9.weight'\] belong to no layer"),
        ({"W1": np.ones((2, 2))}, r"its arrays \['W1'\] belong to no layer"),
        ({"3.weight": np.full((3, 8), np.nan)}, "layer 3: weight must be finite"),
        ({"3.weight": np.array([["a"]])}, "layer 3: weight must hold real numbers"),
        ({"3.weight": np.ones((8, 3))}, r"layer 3: bias must have shape \(8,\)"),
        ({"3.weight": np.ones((3, 7))}, r"layers\[2\] puts out \(8,\), but layers\[3\]: a dense layer of 7 inputs"),
        ({"3.weight": np.ones((3, 8), complex)}, "layer 3: weight must hold real numbers"),
        ({"0.body.0.weight": np.ones((2, 2, 3))}, r"layer 0.body.0: weight must have 4 dimension\(s\)"),
        ({"0.body.0.weight": np.ones((2, 3, 3, 3))}, r"layers\[0\]: a convolution of 3 channels takes"),
    ],
)
def test_files_that_do_not_fit_together(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "net.npz"
    small().save(path)
    with np.load(path) as file:
        arrays = dict(file) | change
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ValueError, match=message) as caught:
        Network.read(path)
    assert "net.npz" in str(caught.value)
    with pytest.raises(ValueError, match=message):
        from_arrays({name: array for name, array in arrays.items() if array is not None})
