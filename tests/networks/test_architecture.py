"""State_dicts with an architecture: the tensors go where the description says, or the message says which do not."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from slth.networks import (
    Attention,
    AveragePool2d,
    Conv2d,
    Dense,
    Elementwise,
    Embedding,
    Flatten,
    GlobalAveragePool2d,
    LayerNorm,
    MaxPool2d,
    Network,
    Residual,
    Softmax,
)
from tests.networks.every_layer import same

RNG = np.random.default_rng(5)


def some(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


IMAGES = {
    "features.0.weight": some(4, 2, 3, 3),
    "features.0.bias": some(4),
    "features.3.weight": some(6, 2, 1, 1),
    "head.weight": some(3, 6),
    "head.bias": some(3),
}


def test_images() -> None:
    net = Network.read(
        IMAGES,
        [
            ("conv", {"padding": 1, "stride": (2, 1)}), "relu", ("max-pool", 2), "dropout", ("conv2d", {"groups": 2}), "gelu",
            ("average-pool", {"kernel": 2, "stride": 1, "padding": 1}), "global-average-pool", "linear", "softmax",
        ],
    )  # fmt: skip
    kernels = list(IMAGES.values())
    expected = (
        Conv2d(kernels[0], kernels[1], "relu", 1.0, (2, 1), 1),
        MaxPool2d(2),
        Conv2d(kernels[2], None, "gelu", groups=2),
        AveragePool2d(2, 1, 1),
        GlobalAveragePool2d(),
        Dense(kernels[3], kernels[4], "identity"),
        Softmax(),
    )
    assert all(map(same, net.layers, expected))
    assert net.input_shape == (2, None, None)


def test_flatten_needs_a_size() -> None:
    tensors = {"0.weight": some(2, 1, 3, 3), "1.weight": some(3, 8)}
    with pytest.raises(ValueError, match=r"flatten needs an input of fixed size.*give input_shape, such as"):
        Network.read(tensors, ["conv", "flatten", "dense"])
    net = Network.read(tensors, ["conv", "flatten", "dense"], input_shape=(1, 4, 4))
    assert net.shapes == ((1, 4, 4), (2, 2, 2), (8,), (3,))


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("layer", ["conv", "dense"])
def test_batch_normalization_is_folded(layer: str, bias: bool, affine: bool) -> None:
    tensors: dict[str, Any] = {"a.weight": some(3, 2, 2, 2) if layer == "conv" else some(3, 2)}
    if bias:
        tensors["a.bias"] = some(3)
    mean, variance, gain, shift = some(3), RNG.uniform(0.1, 2, 3), some(3), some(3)
    if affine:
        tensors |= {"b.weight": gain, "b.bias": shift}
    tensors |= {"b.running_mean": mean, "b.running_var": variance, "b.num_batches_tracked": np.array(7)}
    net = Network.read(tensors, [layer, ("batch-norm", {"epsilon": 1e-3}), "relu"])
    plain = Network.read({k: v for k, v in tensors.items() if k.startswith("a")}, [layer])
    x = some(4, 2, 5, 5) if layer == "conv" else some(4, 2)
    axes = (slice(None), None, None) if layer == "conv" else (slice(None),)
    expected = (plain(x) - mean[axes]) / np.sqrt(variance[axes] + 1e-3)
    if affine:
        expected = expected * gain[axes] + shift[axes]
    assert net.depth == 1
    np.testing.assert_allclose(net(x), np.maximum(expected, 0), rtol=1e-12, atol=1e-13)


def test_batch_normalization_that_cannot_be_folded() -> None:
    norm = {"b.running_mean": some(2), "b.running_var": np.ones(2)}
    for architecture in (["batch-norm", "dense"], ["dense", "relu", "batch-norm"]):
        with pytest.raises(ValueError, match="it must stand right behind a dense layer or a convolution"):
            Network.read(
                {**norm, "a.weight": some(2, 2)} if architecture[0] != "dense" else {"a.weight": some(2, 2), **norm},
                architecture,
            )
    with pytest.raises(ValueError, match=r"'b\.\*'\): mean of the batch normalisation must have shape \(3,\)"):
        Network.read({"a.weight": some(3, 2), **norm}, ["dense", "batch-norm"])
    with pytest.raises(ValueError, match="a variance must be > -1e-05, got -1"):
        Network.read({"a.weight": some(2, 2), **norm, "b.running_var": -np.ones(2)}, ["dense", "batch-norm"])


def test_residual_blocks_take_the_body_before_the_shortcut() -> None:
    tensors = {f"{i}.weight": some(*shape) for i, shape in enumerate([(3, 2), (3, 3), (3, 2), (3, 3)])}
    w = list(tensors.values())
    net = Network.read(
        tensors,
        [("residual", {"body": ["dense", "relu", "dense"], "shortcut": ["dense"]}), "tanh", ("residual", ["dense"])],
    )
    expected = (
        Residual((Dense(w[0]), Dense(w[1], None, "identity")), (Dense(w[2], None, "identity"),), "tanh"),
        Residual((Dense(w[3], None, "identity"),)),
    )
    assert all(map(same, net.layers, expected))


def test_sequences() -> None:
    stacked, out = some(12, 4), some(4, 4)
    tensors = {
        "tokens.weight": some(7, 4),
        "places": some(1, 5, 4),
        "attn.in_proj_weight": stacked,
        "attn.in_proj_bias": some(12),
        "attn.out_proj.weight": out,
        "attn.out_proj.bias": some(4),
        "norm.weight": some(4),
        "norm.bias": some(4),
    }
    entries: list[Any] = [
        ("embedding", {"positions": "places"}),
        ("residual", [("attention", {"heads": 2, "mask": "causal"})]),
        ("layer-norm", {"epsilon": 1e-6}),
        "gelu-tanh",
    ]
    net = Network.read(tensors, entries)
    q, k, v = np.split(stacked, 3)
    biases = np.split(tensors["attn.in_proj_bias"], 3)
    expected = (
        Embedding(tensors["tokens.weight"], tensors["places"][0]),
        Residual((Attention(q, k, v, out, 2, *biases, tensors["attn.out_proj.bias"], "causal"),)),
        LayerNorm(tensors["norm.weight"], tensors["norm.bias"], 1e-6),
        Elementwise("gelu-tanh"),
    )
    assert all(map(same, net.layers, expected))
    assert net.input_shape == (None,)


def test_attention_of_four_layers() -> None:
    weights = {"q": some(4, 3), "k": some(4, 3), "v": some(6, 3), "o": some(3, 6)}
    tensors = {f"{name}.weight": weight for name, weight in weights.items()} | {"q.bias": some(4), "o.bias": some(3)}
    options = {"query": "q", "key": "k", "value": "v", "output": "o", "heads": 2}
    (layer,) = Network.read(tensors, [("attention", options)]).layers
    expected = Attention(*weights.values(), 2, tensors["q.bias"], np.zeros(4), np.zeros(6), tensors["o.bias"])
    assert same(layer, expected)


def test_attention_of_three_matrices() -> None:
    tensors = {
        "m.q_proj_weight": some(4, 4),
        "m.k_proj_weight": some(4, 4),
        "m.v_proj_weight": some(4, 4),
        "m.out_proj.weight": some(4, 4),
    }
    (layer,) = Network.read(tensors, [("attention", 2)]).layers
    assert same(layer, Attention(*tensors.values(), heads=2))


def test_prefixes_name_tensors_in_any_order() -> None:
    tensors = {"b.weight": some(2, 3), "x.weight": some(3, 3), "a.weight": some(3, 3)}
    net = Network.read(tensors, [("dense", {"prefix": "a"}), "relu", "dense", "relu", ("dense", {"prefix": "b"})])
    assert [layer.weight.tobytes() for layer in net.layers] == [tensors[f"{n}.weight"].tobytes() for n in "axb"]


def test_an_activation_behind_another_stands_alone() -> None:
    net = Network.read({"weight": some(2, 2)}, ["sigmoid", "dense", "relu", "tanh", "leaky-relu(0.2)"])
    assert [layer.kind for layer in net.layers] == ["elementwise", "dense", "elementwise", "elementwise"]
    assert net.layers[1].activation == "relu"
    assert net.input_shape == (2,)


def test_the_network_is_independent_of_the_tensors() -> None:
    tensors = {"weight": np.ones((2, 2))}
    net = Network.read(tensors, ["dense"])
    tensors["weight"][:] = 0
    assert net.layers[0].weight.all()


def test_flatten_first() -> None:
    net = Network.read({"weight": some(3, 12)}, ["flatten", "dense"], input_shape=[1, 3, 4])
    assert net.shapes == ((1, 3, 4), (12,), (3,))
    assert isinstance(net.layers[0], Flatten)


TWO = {"a.weight": some(3, 2), "b.weight": some(2, 3)}


@pytest.mark.parametrize(
    ("tensors", "architecture", "error", "message"),
    [
        (TWO, ["dense"], ValueError, "tensors 'b.weight' belong to no entry of the architecture; add an entry, or drop"),
        (TWO, ["dense", "dense", "dense"], ValueError, "architecture[2] ('dense') finds no tensors any more"),
        (TWO, ["dense", "conv"], ValueError, "('conv', tensors 'b.*'): tensor 'b.weight' must have 4 axes, got shape (2, 3)"),
        (TWO, ["dense", ("residual", ["conv"])], ValueError, "architecture[1].body[0] ('conv', tensors 'b.*')"),
        (TWO, ["dense", "layer-norm"], ValueError, "tensor 'b.weight' must have 1 axes, got shape (2, 3)"),
        (TWO, ["dense", "attention"], ValueError, "tensor 'b.q_proj_weight' is missing"),
        (TWO, [("dense", {"prefix": "c"}), "dense"], ValueError, "finds no tensors 'c.*'; prefixes left: 'a', 'b'"),
        (TWO, [("dense", {"prefix": "a"}), ("dense", {"prefix": "a"})], ValueError, "finds no tensors 'a.*'; prefixes left: 'b'"),
        (TWO, [("dense", {"width": 3})], TypeError, "architecture[0] ('dense') has no option width; it takes activation, prefix, scale"),
        (TWO, [("dense", 3)], TypeError, "options of architecture[0] ('dense') must be a dict, got 3"),
        (TWO, [("relu", {"slope": 1})], TypeError, "('relu') has no option slope; it takes none"),
        (TWO, ["dense", "swish"], ValueError, "unknown entry 'swish' at architecture[1]; known: attention, average-pool"),
        (TWO, [7], TypeError, "architecture[0] must be a name or a pair (name, options), got 7"),
        (TWO, "dense", TypeError, "architecture must be a list of entries such as"),
        (TWO, [("residual", {})], TypeError, "architecture[0].body must be a list of entries"),
        (TWO, [("max-pool", 0)], ValueError, "architecture[0] ('max-pool'): kernel must be >= 1, got 0"),
        ({}, [], ValueError, "architecture must hold at least one layer"),
        ({**TWO, "b.more": some(2)}, ["dense", "dense"], ValueError, "architecture[1] ('dense') knows no use for 'b.more'"),
        ({"a.weight": some(3, 2) * np.nan}, ["dense"], ValueError, "architecture[0] ('dense', tensors 'a.*'): a.weight must be finite"),
        ({"e.weight": some(3, 2)}, [("embedding", {"positions": "p"})], ValueError, "('embedding') finds no tensor 'p'"),
        ({"m.in_proj_weight": some(4, 2)}, ["attention"], ValueError, "in_proj_weight must have shape (3 d, d), got (4, 2)"),
    ],
)  # fmt: skip
def test_misuse(tensors: Any, architecture: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        Network.read(tensors, architecture)


def test_deep_nesting_is_refused() -> None:
    nested: Any = ["relu"]
    for _ in range(40):
        nested = [("residual", nested)]
    with pytest.raises(TypeError, match="not too deeply nested"):
        Network.read({}, nested)


def test_tensors_that_pytorch_pruned() -> None:
    weight, mask = some(3, 2), np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    for prefix in ("fc.", ""):
        tensors = {f"{prefix}bias": some(3), f"{prefix}weight_orig": weight, f"{prefix}weight_mask": mask}
        (layer,) = Network.read(tensors, ["dense"]).layers
        assert same(layer, Dense(weight * mask, tensors[f"{prefix}bias"], "identity"))
    with pytest.raises(ValueError, match=r"fc\.weight_mask must have shape \(3, 2\) like weight_orig, got \(1, 2\)"):
        Network.read({"fc.weight_orig": weight, "fc.weight_mask": mask[:1]}, ["dense"])


def test_pytorch_models() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, 2, dilation=2, groups=2),
        nn.GELU(), nn.Flatten(), nn.Linear(24, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 3),
    ).double()  # fmt: skip
    model.train()
    model(torch.randn(30, 2, 14, 14).double())
    net = Network.read(
        model.eval().state_dict(),
        [
            ("conv", {"padding": 1}), "batch-norm", "relu", ("max-pool", 2), ("conv", {"stride": 2, "dilation": 2, "groups": 2}),
            "gelu", "flatten", "dense", "layer-norm", "tanh", "dense",
        ],
        input_shape=(2, 14, 14),
    )  # fmt: skip
    x = some(3, 2, 14, 14)
    np.testing.assert_allclose(net(x), model(torch.tensor(x)).detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("first", [False, True])
def test_pytorch_transformer(first: bool) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(8, 2, 12, 0.0, "gelu", batch_first=True, norm_first=first).double().eval()
    attention = [("attention", {"heads": 2, "prefix": "self_attn"})]
    feed = [("dense", {"prefix": "linear1"}), "gelu", ("dense", {"prefix": "linear2"})]
    norms = [("layer-norm", {"prefix": f"norm{i}"}) for i in (1, 2)]
    if first:
        entries = [("residual", [norms[0], *attention]), ("residual", [norms[1], *feed])]
    else:
        entries = [("residual", attention), norms[0], ("residual", feed), norms[1]]
    net = Network.read(layer.state_dict(), entries)
    x = some(3, 5, 8)
    np.testing.assert_allclose(net(x), layer(torch.tensor(x)).detach().numpy(), rtol=1e-9, atol=1e-11)
