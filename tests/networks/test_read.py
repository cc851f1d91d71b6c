"""Readers: every source gives the network it describes, or says why not."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from slth.networks import Network
from slth.networks.archive import arrays_of, structure

RNG = np.random.default_rng(8)
W1, B1, W2, B2 = RNG.normal(size=(4, 3)), RNG.normal(size=4), RNG.normal(size=(2, 4)), RNG.normal(size=2)
X = RNG.normal(size=(7, 3))
EXPECTED = np.maximum(X @ W1.T + B1, 0) @ W2.T + B2


class Tensor:
    """Behaves like a torch tensor that needs a gradient and lives on another device."""

    def __init__(self, values: NDArray[Any], steps: tuple[str, ...] = ()) -> None:
        self.values, self.steps, self.shape = values, steps, values.shape

    def detach(self) -> Tensor:
        return Tensor(self.values, (*self.steps, "detach"))

    def cpu(self) -> Tensor:
        return Tensor(self.values, (*self.steps, "cpu"))

    def numpy(self) -> NDArray[Any]:
        if self.steps != ("detach", "cpu"):
            raise RuntimeError("call detach and cpu first")
        if self.values.dtype == np.int8:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.values


def state_dict(wrap: Any = np.asarray) -> OrderedDict[str, Any]:
    names = {"fc.10.weight": W1, "fc.10.bias": B1, "fc.2.weight": W2, "fc.2.bias": B2}
    return OrderedDict((name, wrap(values)) for name, values in names.items())


def fitted(model: Any, y: NDArray[Any]) -> Any:
    x = np.random.default_rng(0).normal(size=(len(y), 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, y)


@pytest.mark.parametrize(
    "source",
    [
        [(W1, B1), (W2, B2)],
        ([W1.tolist(), B1.tolist()], [W2.tolist(), B2.tolist()]),
        state_dict(),
        state_dict(Tensor),
        {"W2": W2, "b2": B2, "b1": B1, "W1": W1},
        SimpleNamespace(coefs_=[W1.T, W2.T], intercepts_=[B1, B2], activation="relu", out_activation_="softmax"),
    ],
    ids=["pairs", "lists", "state_dict", "tensors", "numbered", "sklearn-like"],
)
def test_all_sources_of_one_network(source: Any) -> None:
    net = Network.read(source)
    assert [layer.activation for layer in net.layers] == ["relu", "identity"]
    assert net.layers[0].weight.tobytes() == W1.tobytes()
    np.testing.assert_allclose(net(X), EXPECTED, rtol=1e-12)
    assert Network.read(net) is net


def test_layers_without_bias_and_single_layers() -> None:
    net = Network.read([(W1, None), (W2, None)])
    np.testing.assert_allclose(net(X), np.maximum(X @ W1.T, 0) @ W2.T, rtol=1e-12)
    assert Network.read({"weight": W1}).layers[0].bias is None
    np.testing.assert_allclose(Network.read({"weight": W1, "bias": B1})(X), X @ W1.T + B1, rtol=1e-12)
    assert Network.read({"0.weight": W1, "2.weight": W2}).widths == (3, 4, 2)


def test_float32_converts_exactly() -> None:
    weight = W1.astype(np.float32)
    read = Network.read({"weight": Tensor(weight)}).layers[0].weight
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read.astype(np.float32), weight)


@pytest.mark.parametrize("wrap", [np.asarray, Tensor])
def test_later_training_does_not_change_the_network(wrap: Any) -> None:
    weight, bias = W1.copy(), B1.copy()
    net = Network.read({"weight": wrap(weight), "bias": wrap(bias)})
    weight[:], bias[:] = 0.0, 0.0
    np.testing.assert_allclose(net(X), X @ W1.T + B1, rtol=1e-12)


def test_sklearn_classifier_gives_logits() -> None:
    y = np.arange(60) % 3
    model = fitted(MLPClassifier((5, 4), max_iter=5, random_state=0), y)
    logits = Network.read(model)(X)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(odds / odds.sum(axis=1, keepdims=True), model.predict_proba(X), rtol=1e-10)


def test_sklearn_binary_classifier_gives_the_logit() -> None:
    model = fitted(MLPClassifier((5,), max_iter=5, random_state=0), np.arange(60) % 2)
    logit = Network.read(model)(X)
    assert logit.shape == (7, 1)
    np.testing.assert_allclose(1 / (1 + np.exp(-logit[:, 0])), model.predict_proba(X)[:, 1], rtol=1e-10)


@pytest.mark.parametrize("activation", ["relu", "identity", "logistic", "tanh"])
def test_sklearn_regressor(activation: str) -> None:
    model = fitted(
        MLPRegressor(hidden_layer_sizes=(6,), activation=activation, max_iter=5, random_state=0), np.linspace(-1, 1, 60)
    )
    np.testing.assert_allclose(Network.read(model)(X)[:, 0], model.predict(X), rtol=1e-10)


def test_sklearn_misuse() -> None:
    with pytest.raises(ValueError, match="this MLPClassifier is not fitted and has no weights yet; call fit first"):
        Network.read(MLPClassifier())
    model = SimpleNamespace(coefs_=[W1.T], intercepts_=[B1], activation="swish", out_activation_="identity")
    with pytest.raises(
        ValueError,
        match="activation 'swish' of the SimpleNamespace is not supported; fit it with 'relu', 'identity', 'lo",
    ):
        Network.read(model)
    model = SimpleNamespace(coefs_=[W1.T], intercepts_=[B1], activation="relu", out_activation_="exp")
    with pytest.raises(ValueError, match="output 'exp' of the SimpleNamespace is not supported"):
        Network.read(model)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("names", ["state_dict", "numbered"])
def test_npz(tmp_path: Path, save: Any, names: str) -> None:
    path = tmp_path / "net.NPZ"
    arrays: dict[str, Any] = {"W1": W1, "b1": B1, "W2": W2, "b2": B2} if names == "numbered" else dict(state_dict())
    with open(path, "wb") as file:
        save(file, **arrays)
    np.testing.assert_allclose(Network.read(path)(X), EXPECTED, rtol=1e-12)
    np.testing.assert_allclose(Network.read(str(path))(X), EXPECTED, rtol=1e-12)


def test_ten_layers_are_ordered_by_number() -> None:
    arrays = {f"W{i}": np.full((1, 1), float(i)) for i in sorted(range(1, 12), key=str)}
    assert [layer.weight[0, 0] for layer in Network.read(arrays).layers] == list(range(1, 12))


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="is a folder; name the file in it"):
        Network.read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"missing\.npz"):
        Network.read(tmp_path / "missing.npz")
    with pytest.raises(
        ValueError, match=r"net\.bin: suffix '\.bin' is not one of \.npz, \.safetensors, \.onnx, \.pt, \.pth"
    ):
        Network.read(tmp_path / "net.bin")
    (tmp_path / "net.npz").write_bytes(b"not an archive")
    with pytest.raises(ValueError, match=r"net\.npz"):
        Network.read(tmp_path / "net.npz")
    np.savez(tmp_path / "objects.npz", W1=np.array([[None]], dtype=object))
    with pytest.raises(ValueError, match=r"objects\.npz"):
        Network.read(tmp_path / "objects.npz")
    np.savez(tmp_path / "foreign.npz", images=np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"foreign\.npz: entry 'images' is no weight or bias of a dense layer"):
        Network.read(tmp_path / "foreign.npz")
    np.savez(tmp_path / "empty.npz")
    with pytest.raises(ValueError, match="a network needs at least one layer"):
        Network.read(tmp_path / "empty.npz")


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ([], ValueError, "a network needs at least one layer, got none"),
        ({}, ValueError, "a network needs at least one layer, got none"),
        ([W1, W2], TypeError, r"layers\[0\] must be a pair \(W, b\), got ndarray; write \(W, None\) without bias"),
        ([(W1, B1, 0)], TypeError, r"layers\[0\] must be a pair"),
        ([(W1, B2)], ValueError, r"layer 'layers\[0\]': bias must have shape \(4,\)"),
        (
            [(W1.T, None), (W2.T, None)],
            ValueError,
            r"layer 'layers\[0\]' puts out 3 .*'layers\[1\]', takes 2; give the",
        ),
        ([(W1, B1), (W2, [0.0, np.nan])], ValueError, r"layer 'layers\[1\]': bias must be finite, got nan"),
        ({"fc.weight": W1 * np.inf}, ValueError, "layer 'fc': weight must be finite"),
        ({"fc.weight": [["a"]]}, TypeError, "layer 'fc': weight must hold real numbers"),
        (
            {"c.weight": np.ones((8, 3, 3, 3))},
            ValueError,
            r"tensor 'c.weight' of shape \(8, 3, 3, 3\) is no weight \(d_out, d_in\) .*say what the layers are",
        ),
        ({"weight": np.ones(3)}, ValueError, r"tensor 'weight' of shape \(3,\) is no weight"),
        ({"bn.running_mean": np.ones(3)}, ValueError, "entry 'bn.running_mean' is no weight or bias"),
        ({"fc.bias": B1}, ValueError, "layer 'fc' has a bias but no weight; add the entry 'fc.weight'"),
        ({"a.weight": W2, "b.weight": W1}, ValueError, "layer 'a' puts out 2 numbers but the next layer, 'b', takes 3"),
        ({"W1": W1, "W3": W2}, ValueError, "numbered W1, W2, ... without gaps, got W1, W3"),
        ({"W1": W1, "b2": B2}, ValueError, "without gaps"),
        (
            {"weight": Tensor(np.ones((1, 1), np.int8))},
            TypeError,
            r"layer 'weight': .*BFloat16.*convert it with \.double",
        ),
        (W1, TypeError, r"got ndarray; convert it to a list of \(W, b\) pairs"),
        (SimpleNamespace(state_dict=dict), TypeError, r"got SimpleNamespace; pass its state_dict\(\)"),
        (None, TypeError, "source must be a Network, a list of"),
    ],
)
def test_misuse(source: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Network.read(source)


def test_the_shape_of_an_input() -> None:
    assert Network.read([(W1, B1)], input_shape=(5, 3)).shapes == ((5, 3), (5, 4))
    assert Network.read([(W1, B1)], input_shape=(None, 3)).shapes == ((None, 3), (None, 4))
    with pytest.raises(ValueError, match=r"layers\[0\]: .*takes \(\.\.\., 3\), got shape \(4,\)"):
        Network.read([(W1, B1)], input_shape=(4,))


def test_an_architecture_belongs_to_tensors(tmp_path: Path) -> None:
    Network.read([(W1, B1)]).save(tmp_path / "net.npz")
    for source in ([(W1, B1)], Network.read([(W1, B1)]), tmp_path / "net.npz"):
        with pytest.raises(TypeError, match=r"architecture belongs to a state_dict.*leave it out"):
            Network.read(source, ["dense"])


def test_tensors_with_the_structure_of_a_file() -> None:
    net = Network.read([(W1, B1), (W2, B2)])
    read = Network.read({name: Tensor(values) for name, values in arrays_of(net).items()}, structure(net))
    assert read(X).tobytes() == net(X).tobytes()
    with pytest.raises(ValueError, match=r"layer 1 lacks its array '1\.bias'"):
        Network.read({"0.weight": W1, "0.bias": B1}, structure(net))
