"""Reading ONNX: files of any origin give what ONNX Runtime computes, and what is not understood is refused by name."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slth.networks import Network
from tests.networks.onnx_models import model, node, read

onnx = pytest.importorskip("onnx")
RNG = np.random.default_rng(6)


def some(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def runtime(path: Path, x: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package = pytest.importorskip("onnxruntime")
    options = package.SessionOptions()
    options.log_severity_level = 4
    session = package.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


SQUARE = some(4, 4)
GAIN = {"s": some(4), "b": some(4), "m": some(4), "v": RNG.uniform(0.5, 2, 4)}
UNDERSTOOD: dict[str, tuple[Any, tuple[int, ...]]] = {
    "gemm": (model([node("Gemm", "x w b", "y", alpha=0.5, beta=2.0)], w=some(4, 3), b=some(3)), (5, 4)),
    "gemm transposed": (model([node("Gemm", "x w", "h", transB=1), node("Relu", "h", "y")], w=some(3, 4)), (5, 4)),
    "gemm, one bias": (model([node("Gemm", "x w b", "y")], w=some(4, 3), b=some(1, 1)), (5, 4)),
    "constants on both sides": (
        model(
            [
                node("MatMul", "x w", "a"),
                node("Add", "b a", "c"),
                node("Mul", "k c", "d"),
                node("Sub", "d b", "e"),
                node("Div", "e k", "y"),
            ],
            w=SQUARE,
            b=some(1, 4),
            k=some(4),
        ),
        (5, 4),
    ),
    "scale": (
        model([node("MatMul", "x w", "a"), node("Mul", "a k", "b"), node("Mul", "b k", "y")], w=SQUARE, k=2.5),
        (5, 4),
    ),
    "negative scale": (model([node("MatMul", "x w", "a"), node("Mul", "a k", "y")], w=SQUARE, k=-2.5), (5, 4)),
    "batch normalisation of a matrix": (
        model(
            [node("MatMul", "x w", "a"), node("BatchNormalization", "a s b m v", "y", epsilon=0.1)], w=SQUARE, **GAIN
        ),
        (5, 4),
    ),
    "batch normalisation of images": (
        model(
            [node("Conv", "x w", "a"), node("BatchNormalization", "a s b m v", "h"), node("Relu", "h", "y")],
            (None, 2, 6, 5),
            w=some(4, 2, 3, 3),
            **GAIN,
        ),
        (3, 2, 6, 5),
    ),
    "bias of images": (
        model(
            [node("Conv", "x w", "a"), node("Add", "a c", "y")], (None, 2, 6, 5), w=some(4, 2, 3, 3), c=some(4, 1, 1)
        ),
        (3, 2, 6, 5),
    ),
    "same padding": (
        model([node("Conv", "x w", "y", auto_pad="SAME_UPPER")], (None, 2, 6, 5), w=some(4, 2, 3, 5)),
        (3, 2, 6, 5),
    ),
    "strides of pools": (
        model(
            [
                node("MaxPool", "x", "a", kernel_shape=[2, 3]),
                node("AveragePool", "a", "y", kernel_shape=[2, 2], strides=[2, 1]),
            ],
            (None, 2, 6, 7),
        ),
        (3, 2, 6, 7),
    ),
    "signals": (
        model(
            [
                node("Conv", "x w", "a", pads=[2, 2], dilations=[2]),
                node("Add", "a c", "a2"),
                node("Relu", "a2", "b"),
                node("MaxPool", "b", "p", kernel_shape=[2], strides=[2]),
                node("ReduceMean", "p", "q", axes=[-1], keepdims=0),
                node("Gemm", "q z", "y"),
            ],
            (None, 2, 11),
            w=some(4, 2, 3),
            z=some(4, 2),
            c=some(1, 4, 1),
        ),
        (3, 2, 11),
    ),
    "means of channels, flat": (
        model([node("GlobalAveragePool", "x", "a"), node("Flatten", "a", "y")], (None, 2, 3, 4)),
        (3, 2, 3, 4),
    ),
    "means of channels, squeezed": (
        model([node("GlobalAveragePool", "x", "a"), node("Squeeze", "a k", "y")], (None, 2, 3, 4), k=np.array([2, 3])),
        (3, 2, 3, 4),
    ),
    "means of channels, reshaped": (
        model(
            [node("ReduceMean", "x", "a", axes=[2, 3]), node("Reshape", "a k", "y")],
            (None, 2, 3, 4),
            k=np.array([0, -1]),
        ),
        (3, 2, 3, 4),
    ),
    "flat by a shape": (
        model(
            [
                node("Shape", "x", "s"),
                node("Gather", "s i", "n"),
                node("Unsqueeze", "n i2", "n2"),
                node("Concat", "n2 m", "t", axis=0),
                node("Reshape", "x t", "y"),
            ],
            (None, 2, 3),
            i=np.array(0),
            i2=np.array([0]),
            m=np.array([-1]),
        ),
        (4, 2, 3),
    ),
    "flat by a number": (model([node("Reshape", "x t", "y")], (None, 2, 3), t=np.array([-1, 6])), (4, 2, 3)),
    "leaky": (model([node("LeakyRelu", "x", "a", alpha=0.2), node("PRelu", "a k", "y")], k=0.3), (5, 4)),
    "clip": (model([node("Clip", "x l", "a"), node("Sigmoid", "a", "b"), node("Tanh", "b", "y")], l=0.0), (5, 4)),
    "softmax": (model([node("Softmax", "x", "y", axis=1)]), (5, 4)),
    "old softmax": (model([node("Softmax", "x", "y")], opset=11), (5, 4)),
    "dropout": (
        model(
            [
                node("Identity", "x", "a"),
                node("Dropout", "a", "b"),
                node("Relu", "b", "c"),
                node("Cast", "c", "y", to=1),
            ]
        ),
        (5, 4),
    ),
    "layer normalisation": (
        model([node("LayerNormalization", "x s b", "y", epsilon=1e-3)], s=some(4), b=some(4)),
        (5, 4),
    ),
    "gelu of opset 20": (model([node("Gelu", "x", "a"), node("Gelu", "a", "y", approximate="tanh")], opset=20), (5, 4)),
    "gelu by parts": (
        model(
            [
                node("Mul", "x half", "h"),
                node("Div", "x root", "a"),
                node("Erf", "a", "b"),
                node("Add", "one b", "c"),
                node("Mul", "c h", "y"),
            ],
            half=0.5,
            one=1.0,
            root=np.sqrt(2),
        ),
        (5, 4),
    ),
    "gelu behind a layer": (
        model(
            [
                node("MatMul", "x w", "g"),
                node("Div", "g root", "a"),
                node("Erf", "a", "b"),
                node("Add", "b one", "c"),
                node("Mul", "g c", "d"),
                node("Mul", "d half", "y"),
            ],
            w=SQUARE,
            half=0.5,
            one=1.0,
            root=np.sqrt(2),
        ),
        (5, 4),
    ),
    "x + gelu(x)": (
        model(
            [
                node("Div", "x root", "a"),
                node("Erf", "a", "b"),
                node("Add", "b one", "c"),
                node("Mul", "x c", "d"),
                node("Mul", "d half", "e"),
                node("Add", "x e", "y"),
            ],
            half=0.5,
            one=1.0,
            root=np.sqrt(2),
        ),
        (5, 4),
    ),
    "block in a block": (
        model(
            [
                node("Relu", "x", "h"),
                node("MatMul", "h w", "a"),
                node("Tanh", "a", "b"),
                node("Add", "b a", "c"),
                node("Add", "c h", "y"),
            ],
            w=SQUARE,
        ),
        (5, 4),
    ),
    "nothing": (model([node("Identity", "x", "y")]), (5, 4)),
    "twice": (model([node("Add", "x x", "a"), node("Relu", "a", "y")]), (5, 4)),
    "dead ends": (model([node("MatMul", "x w", "a"), node("Sin", "a", "z"), node("Relu", "a", "y")], w=SQUARE), (5, 4)),
    "computed constants": (
        model(
            [
                onnx.helper.make_node("Constant", [], ["k"], value_floats=[1.0, 2.0, 3.0, 4.0]),
                node("Transpose", "w", "t"),
                node("Sqrt", "k", "r"),
                node("Mul", "k r", "b"),
                node("MatMul", "x t", "a"),
                node("Add", "a b", "y"),
            ],
            w=SQUARE,
        ),
        (5, 4),
    ),
    "input of a fixed batch": (
        model([node("Reshape", "x t", "a"), node("MatMul", "a w", "y")], (5, 2, 2), t=np.array([5, 4]), w=SQUARE),
        (5, 2, 2),
    ),
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_the_same_as_the_runtime(name: str, tmp_path: Path) -> None:
    made, shape = UNDERSTOOD[name]
    network = read(made, tmp_path)
    x = some(*shape)
    lifted = x[:, :, None] if name == "signals" else x
    np.testing.assert_allclose(network(lifted), runtime(tmp_path / "m.onnx", x), rtol=2e-5, atol=2e-5)


def test_layers_are_joined(tmp_path: Path) -> None:
    """Biases, scales, normalisations and activations are moved into the layer before them, where nothing else uses it."""
    kinds = {
        "gelu behind a layer": ["dense"], "constants on both sides": ["dense"], "batch normalisation of images": ["conv2d"],
        "x + gelu(x)": ["residual"], "block in a block": ["elementwise", "residual"], "dropout": ["elementwise"],
        "means of channels, squeezed": ["global-average-pool2d"], "flat by a shape": ["flatten"],
        "signals": ["conv2d", "max-pool2d", "global-average-pool2d", "dense"],
    }  # fmt: skip
    for name, expected in kinds.items():
        assert [layer.kind for layer in read(UNDERSTOOD[name][0], tmp_path).layers] == expected
    scaled = read(UNDERSTOOD["scale"][0], tmp_path).layers[0]
    assert scaled.scale == 2.5
    np.testing.assert_array_equal(scaled.weight, SQUARE.T.astype(np.float64) * 2.5)


def test_numbers_in_single_precision_are_what_was_meant(tmp_path: Path) -> None:
    assert read(UNDERSTOOD["layer normalisation"][0], tmp_path).layers[0].epsilon == 1e-3
    assert [layer.activation for layer in read(UNDERSTOOD["leaky"][0], tmp_path).layers] == [
        "leaky-relu(0.2)",
        "leaky-relu(0.3)",
    ]


def test_tokens(tmp_path: Path) -> None:
    table, places = some(7, 3), some(5, 3)
    graph = onnx.helper.make_graph(
        [node("Gather", "t x", "a"), node("Add", "a p", "y")],
        "g",
        [onnx.helper.make_tensor_value_info("x", 7, ["batch", 5])],
        [onnx.helper.make_tensor_value_info("y", 1, None)],
        [onnx.numpy_helper.from_array(table, "t"), onnx.numpy_helper.from_array(places[None], "p")],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    network = read(made, tmp_path)
    tokens = RNG.integers(0, 7, (4, 5))
    np.testing.assert_allclose(network(tokens.astype(float)), runtime(tmp_path / "m.onnx", tokens), rtol=1e-6)
    assert [layer.kind for layer in network.layers] == ["embedding"]


def test_the_shape_of_an_input(tmp_path: Path) -> None:
    made = model(
        [node("Conv", "x w", "a"), node("Flatten", "a", "b"), node("MatMul", "b z", "y")],
        ("n", 1, "h", "w"),
        w=some(2, 1, 3, 3),
        z=some(8, 3),
    )
    with pytest.raises(ValueError, match=r"node 'the Flatten of b' \(Flatten\): flatten needs an input of fixed size"):
        read(made, tmp_path)
    assert read(made, tmp_path, input_shape=(1, 4, 4)).shapes[-1] == (3,)


IMAGES = (None, 2, 6, 5)
CONV: dict[str, Any] = {"shape": IMAGES, "w": some(4, 2, 3, 3)}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            model([node("Sin", "x", "y")]),
            r"operator Sin \(node 'the Sin of y'\) is not understood; slth.networks.onnx.reader says",
        ),
        (
            model([node("FusedGemm", "x w", "y", domain="com.microsoft")], w=SQUARE),
            r"operator com\.microsoft\.FusedGemm",
        ),
        (model([node("Add", "x z", "y")], inputs="x z"), r"it has 2 inputs \(x, z\), not one"),
        (model([node("Relu", "x", "y"), node("Tanh", "x", "z")], outputs="y z"), r"it has 2 outputs \(y, z\), not one"),
        (model([node("Relu", "nothing", "y")]), r"\(Relu\): its input 'nothing' comes from nowhere"),
        (model([node("Relu", "x", "y")], ()), "declares no shape; give input_shape"),
        (model([node("MatMul", "w x", "y")], w=SQUARE), "is a constant, where the outputs of a layer are expected"),
        (model([node("Gemm", "x w", "y", transA=1)], w=SQUARE), "a Gemm that transposes its input"),
        (model([node("MatMul", "x x", "y")]), "its second argument must be a constant matrix"),
        (
            model([node("Mul", "x k", "y")], k=some(4)),
            r"\(Mul\): it is understood with a constant behind a linear layer only",
        ),
        (
            model([node("Mul", "x k", "a"), node("Relu", "a", "b"), node("MatMul", "b w", "y")], k=2.0, w=SQUARE),
            "is none of the activations",
        ),
        (model([node("Sigmoid", "x", "a"), node("Mul", "x a", "y")]), r"\(Mul\): it is understood with a constant"),
        (
            model([node("MatMul", "x w", "a"), node("Add", "a k", "y")], w=SQUARE, k=some(5, 4)),
            r"a constant of shape \(5, 4\) does not act",
        ),
        (
            model([node("MatMul", "x w", "a"), node("Add", "a k", "y")], w=SQUARE, k=some(1, 1, 4)),
            r"\(Add\): it is understood",
        ),
        (
            model([node("LayerNormalization", "x s", "y", axis=0)], s=some(4)),
            "only a normalisation along the last axis",
        ),
        (model([node("Softmax", "x", "y", axis=0)]), "only a softmax along the last axis"),
        (model([node("BatchNormalization", "x s b m v", "y")], **GAIN), "right behind a linear layer only"),
        (model([node("PRelu", "x k", "y")], k=some(4)), "a slope for each channel"),
        (model([node("Clip", "x l h", "y")], l=0.0, h=6.0), r"only a Clip to \[0, inf\)"),
        (model([node("Conv", "x w", "y", pads=[0, 0, 1, 1])], **CONV), "differs between two sides"),
        (model([node("Conv", "x w", "y", auto_pad="SAME_LOWER", strides=[2, 2])], **CONV), "auto_pad='SAME_LOWER'"),
        (model([node("Conv", "x w", "y", kernel_shape=[2, 2])], **CONV), "is not that of its weights"),
        (model([node("MaxPool", "x", "y", kernel_shape=[2, 2], ceil_mode=1)], IMAGES), "ceil_mode"),
        (
            model([node("AveragePool", "x", "y", kernel_shape=[2, 2], pads=[1, 1, 1, 1])], IMAGES),
            "leaves its border out",
        ),
        (model([node("ReduceMean", "x", "y", axes=[1])], IMAGES), r"a mean along axes \(1,\) is not understood"),
        (model([node("GlobalAveragePool", "x", "y")], IMAGES), "before Flatten, Reshape or Squeeze only"),
        (model([node("Transpose", "x", "y")]), "of constants and within attention only"),
        (
            model([node("Reshape", "x t", "y")], (None, 2, 6), t=np.array([0, 6, 2])),
            r"from \('batch', 2, 6\) to \(0, 6, 2\) is not",
        ),
        (model([node("Flatten", "x", "y", axis=2)], (None, 2, 6)), "only axis=1"),
        (model([node("Gather", "w x", "y", axis=1)], w=SQUARE), r"\(Gather\)"),
        (
            model([node("Cast", "x", "a", to=7), node("MatMul", "a w", "b"), node("Cast", "b", "y", to=7)], w=SQUARE),
            "only a Cast to floats",
        ),
    ],
)
def test_what_is_not_understood(made: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"(?s)cannot read .*m\.onnx: .*{message}"):
        read(made, tmp_path)


def test_graphs_that_are_no_nest_of_blocks(tmp_path: Path) -> None:
    start = [node("Relu", "x", "h"), node("MatMul", "h w", "a"), node("Tanh", "h", "b"), node("Add", "a b", "c")]
    for nodes in ([node("Add", "c a", "y")], [node("Sigmoid", "a", "d"), node("Add", "d c", "y")]):
        with pytest.raises(ValueError, match="no nest of blocks"):
            read(model([*start, *nodes], w=SQUARE), tmp_path)
    with pytest.raises(ValueError, match="no nest of blocks"):
        read(model([*start[:2], node("Sigmoid", "a", "z"), *start[2:], node("Add", "c z", "y")], w=SQUARE), tmp_path)


@pytest.mark.parametrize("opset", [13, 17])
@pytest.mark.parametrize("name", ["sequence", "images", "attention"])
def test_exports_of_pytorch(name: str, opset: int, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.norm, self.second = nn.Linear(8, 16), nn.LayerNorm(16), nn.Linear(16, 8)

        def forward(self, x: Any) -> Any:
            return x + self.second(nn.functional.gelu(self.norm(self.first(x))))

    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query, self.key, self.value, self.out = (nn.Linear(8, 8) for _ in range(4))

        def forward(self, x: Any) -> Any:
            b, t, d = x.shape
            q, k, v = (f(x).view(b, t, 2, 4).transpose(1, 2) for f in (self.query, self.key, self.value))
            mixed = torch.softmax(q @ k.transpose(-2, -1) / 2.0, -1) @ v
            return x + self.out(mixed.transpose(1, 2).reshape(b, t, d))

    images = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.LeakyReLU(0.2), nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2),
        nn.Flatten(), nn.Dropout(), nn.Linear(36, 3), nn.Sigmoid(),
    )  # fmt: skip
    module, shape = {
        "sequence": (Block(), (3, 5, 8)),
        "images": (images, (3, 2, 12, 12)),
        "attention": (Heads(), (3, 5, 8)),
    }[name]
    x = torch.randn(shape)
    module.train()
    module(torch.randn(shape))
    module.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for axes in (None, {"x": {0: "batch"}}):
            torch.onnx.export(
                module, x, tmp_path / "m.onnx", opset_version=opset, dynamo=False, input_names=["x"], dynamic_axes=axes
            )
            found = Network.read(tmp_path / "m.onnx")(x.numpy())
            np.testing.assert_allclose(found, module(x).detach().numpy(), rtol=2e-5, atol=2e-5)
