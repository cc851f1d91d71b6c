"""Gradients by finite differences, losses by hand, outputs by the network itself."""

import numpy as np
import pytest

import slth
from slth.networks import (
    AveragePool2d,
    Conv2d,
    Dense,
    Elementwise,
    Flatten,
    GlobalAveragePool2d,
    LayerNorm,
    MaxPool2d,
    Network,
    Residual,
)
from slth.networks.archive import rebuilt, structure
from slth.search.flat import Flat
from slth.search.gradients import LayeredOracle
from slth.search.losses import loss_and_slope
from slth.search.objective import CROSS_ENTROPY, LOSSES, SQUARED


def dense(activation: str, seed: int = 0) -> Network:
    random = np.random.default_rng(seed)
    sizes = [(6, 5), (4, 6), (3, 4)]
    layers = [
        Dense(
            random.normal(size=s),
            random.normal(size=s[0]) if i != 1 else None,
            activation if i < 2 else "identity",
            0.5 + i,
        )
        for i, s in enumerate(sizes)
    ]
    return Network(tuple(layers))


def images() -> list[Network]:
    """Every kind of layer, with strides, padding, dilation and groups."""
    random = np.random.default_rng(3)

    def conv(out: int, into: int, k: int, activation: str = "relu", **options: object) -> Conv2d:
        return Conv2d(random.normal(size=(out, into, k, k)), random.normal(size=out), activation, 0.7, **options)  # type: ignore[arg-type]

    def head(size: int) -> Dense:
        return Dense(random.normal(size=(3, size)), random.normal(size=3), "identity")

    shape = (2, 6, 5)
    return [
        Network((conv(4, 2, 3, padding=1), MaxPool2d((2, 2)), Flatten(), head(24)), shape),
        Network((conv(4, 2, 3, stride=2, padding=(1, 2)), AveragePool2d((2, 2), (1, 1)), Flatten(), head(24)), shape),
        Network((conv(4, 1, 2, "tanh", groups=2, dilation=2), GlobalAveragePool2d(), head(4)), shape),
        Network((conv(4, 2, 1), MaxPool2d((3, 3), (2, 2), (1, 1)), Elementwise("sigmoid"), Flatten(), head(36)), shape),
        Network(
            (
                conv(2, 2, 3, padding=1),
                Residual((conv(2, 2, 3, padding=1),), (), "relu"),
                GlobalAveragePool2d(),
                head(2),
            ),
            shape,
        ),
        Network((Residual((conv(3, 2, 3),), (conv(3, 2, 3, "identity"),), "tanh"), Flatten(), head(36)), shape),
    ]


def sparse() -> Network:
    """Two layers in three with few weights."""
    random = np.random.default_rng(5)
    layers = []
    for i, (d_out, d_in, share) in enumerate([(12, 6, 0.15), (5, 12, 1.0), (3, 5, 0.2)]):
        weight = random.normal(size=(d_out, d_in)) * (random.random((d_out, d_in)) < share)
        layers.append(Dense(weight, random.normal(size=d_out) if i < 2 else None, "tanh" if i < 2 else "identity", 0.8))
    return Network(tuple(layers))


NETWORKS = (
    [sparse()] + [dense(a) for a in ("relu", "tanh", "sigmoid", "identity", "leaky-relu", "leaky-relu(0.3)")] + images()
)


@pytest.mark.parametrize("net", NETWORKS, ids=repr)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient(net: Network, loss: str) -> None:
    """By finite differences of the network itself, in float64; a kink in between is met by chance only, and these seeds meet none."""
    assert net is not NETWORKS[0] or Flat.of(net).values.size < net.size
    source, oracle = Flat.of(net), LayeredOracle(net)
    assert oracle.shapes == source.shapes
    random = np.random.default_rng(1)
    x = random.normal(size=(4, *net.shapes[0])).astype(np.float32)
    wanted = random.integers(3, size=4) if loss == CROSS_ENTROPY else random.normal(size=(4, 3)).astype(np.float32)
    found = np.empty_like(source.values)
    oracle.gradient(source.views(source.values), x, wanted, loss, source.views(found))

    def value(flat: np.ndarray) -> float:
        outputs = rebuilt(structure(net), source.arrays(flat))(x.astype(np.float64))
        if loss == SQUARED:
            return float(0.5 * ((outputs - wanted) ** 2).sum() / len(x))
        powers = np.exp(outputs - outputs.max(1, keepdims=True))
        return float(-np.log(powers[np.arange(len(x)), wanted] / powers.sum(1)).mean())

    exact = source.values.astype(np.float64)
    for i in range(exact.size):
        step = np.zeros_like(exact)
        step[i] = 1e-6
        slope = (value(exact + step) - value(exact - step)) / 2e-6
        assert found[i] == pytest.approx(slope, rel=2e-3, abs=5e-4)


@pytest.mark.parametrize("net", images(), ids=repr)
def test_outputs_of_images(net: Network) -> None:
    x = np.random.default_rng(4).normal(size=(3, *net.shapes[0]))
    source = Flat.of(net)
    assert np.allclose(LayeredOracle(net).outputs(source.views(source.values), x.astype(np.float32)), net(x), atol=1e-4)


def test_outputs_are_the_networks() -> None:
    net = dense("relu")
    source = Flat.of(net)
    x = np.random.default_rng(2).normal(size=(7, 5))
    outputs = LayeredOracle(net).outputs(source.views(source.values), x.astype(np.float32))
    assert np.allclose(outputs, net(x), atol=1e-4)


def test_losses_by_hand() -> None:
    outputs = np.array([[0.0, 0.0], [np.log(3), 0.0]], np.float32)
    value, slope = loss_and_slope(outputs, np.array([0, 1]), CROSS_ENTROPY)
    assert value == pytest.approx((np.log(2) + np.log(4)) / 2, rel=1e-6)
    assert np.allclose(slope, [[-0.25, 0.25], [0.375, -0.375]])
    value, slope = loss_and_slope(outputs, np.ones((2, 2), np.float32), SQUARED)
    assert value == pytest.approx((1 + 1 + (np.log(3) - 1) ** 2 + 1) / 4, rel=1e-6)


def test_other_activations_and_layers_are_named() -> None:
    with pytest.raises(ValueError, match=r"layers\[0\]: activation 'gelu' has no gradient"):
        LayeredOracle(slth.Network((Dense(np.ones((1, 1)), None, "gelu"), Dense(np.ones((1, 1)), None, "identity"))))
    with pytest.raises(ValueError, match=r"layers\[0\], LayerNorm.*has no gradient here"):
        LayeredOracle(slth.Network((LayerNorm(np.ones(2), np.zeros(2)),), (2,)))
