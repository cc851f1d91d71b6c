"""Networks that others have trained, small ones or cuts of them: what `tests.benchmarks.targets` does in full, within seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
from slth import data
from slth.networks import Network
from tests.benchmarks.targets import images, language, measured, policies, sound
from tests.benchmarks.targets.target import RealTarget, folder_of
from tests.benchmarks.timing import table
from tests.data.make_policies import policy

DATA = Path(__file__).parent / "data"
ULPS = 1e-12


def checked(ticket: slth.Ticket, x: np.ndarray) -> float:
    """The largest error seen, which the certificate covers; the effective network agrees with the ticket."""
    assert ticket.target is not None
    seen = ticket.error(x)
    assert seen <= ticket.error_bound
    found = ticket(x)
    np.testing.assert_allclose(ticket.effective_network()(x), found, rtol=0, atol=ULPS * max(1.0, np.abs(found).max()))
    return seen


# --- policies -----------------------------------------------------------------------------------------------------


def test_the_policies_are_those_of_the_programs() -> None:
    ant, swingup = (Network.read(DATA / f"{name}_policy.npz") for name in ("ant", "swingup"))
    assert (ant.widths, ant.size) == ((28, 128, 64, 8), 12_488)
    assert (swingup.widths, swingup.size) == ((5, 64, 32, 1), 2_497)
    # the literals have four decimals
    for network in (ant, swingup):
        for layer in network.layers:
            np.testing.assert_allclose(layer.weight * 1e4, np.rint(layer.weight * 1e4), atol=1e-8)
    assert ant.layers[0].weight[:3, 0].tolist() == [0.2856, -0.4091, 0.3380]


def test_a_program_is_parsed_and_not_run() -> None:
    program = "import nothing_of_the_kind\nweights_x = open('a')\n"
    literals = {
        "dense1_w": "[[1.0, +2.0], [-3.0, 4.0]]",
        "dense1_b": "[0.5, -0.5]",
        "dense2_w": "[[1.0], [2.0]]",
        "dense2_b": "[3.0]",
    }
    literals |= {"final_w": "[[7.0]]", "final_b": "[8.0]"}
    program = "\n".join(f"weights_{name} = np.array({text})" for name, text in literals.items())
    found = policy("import nothing_of_the_kind\nraise SystemExit\n" + program)
    assert list(found) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert found["W1"].tolist() == [[1.0, -3.0], [2.0, 4.0]]
    with pytest.raises(ValueError, match="malformed"):
        policy("weights_dense1_w = np.array(open('a'))")


@pytest.mark.parametrize(("name", "most"), [("swingup", 0.005), ("ant", 0.03)])
def test_policies(name: str, most: float) -> None:
    target = policies.policy(name)
    ticket = slth.approximate(target.network, next(iter(target.widths.values())), domain=target.domain, rng=0)
    x = np.random.default_rng(1).uniform(-5, 5, (200, target.network.coordinates))
    assert checked(ticket, x) < most
    assert ticket.error_bound < 1.0


# --- images -------------------------------------------------------------------------------------------------------


def test_a_cut_of_a_convolutional_network() -> None:
    network = Network.read(DATA / "mnist_cut.pth", images.CONVOLUTIONAL, input_shape=(1, 28, 28))
    assert [m.weight.shape for m in network.linear] == [(2, 1, 3, 3), (3, 2, 3, 3), (8, 147), (10, 8)]
    small, _ = data.digits_test()
    pixels = np.pad(np.kron(small.reshape(-1, 8, 8), np.ones((3, 3))), ((0, 0), (2, 2), (2, 2)))
    x = ((pixels - images.MEAN) / images.DEVIATION)[:20, None]
    ends = -images.MEAN / images.DEVIATION, (1 - images.MEAN) / images.DEVIATION
    ticket = slth.approximate(network, (64, 42, 42, 42), domain=ends, rng=0)
    assert checked(ticket, x) < 0.01
    assert ticket.error_bound < 0.1


def test_the_whole_convolutional_network() -> None:
    path = folder_or_skip("ccexam") / "weights" / "mnist.pth"
    network = Network.read(path, images.CONVOLUTIONAL, input_shape=(1, 28, 28))
    assert network.size == 421_642
    cut = Network.read(DATA / "mnist_cut.pth", images.CONVOLUTIONAL, input_shape=(1, 28, 28))
    np.testing.assert_array_equal(cut.layers[2].weight, network.layers[2].weight[:3, :2])


# --- sound --------------------------------------------------------------------------------------------------------


def test_voice_activity() -> None:
    folder = folder_or_skip("pulsevad") / "data"
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    target = sound.voice("pulsevad_2.1k.onnx")
    x = sound_features()[:50]
    session = runtime.InferenceSession(str(folder / "pulsevad_2.1k.onnx"), providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"log_mel": x[:, :, 0].astype(np.float32)})[0]
    np.testing.assert_allclose(target.network(x), theirs, atol=1e-5)
    ticket = slth.approximate(target.network, 42, domain=target.domain, rng=0)
    assert checked(ticket, x) < 0.01
    # weights of 8 bits are another matter
    with pytest.raises(ValueError, match=r"operator DequantizeLinear \(node 'adapter\.bias_DequantizeLinear'\)"):
        Network.read(folder / "pulsevad_2.1k_int8.onnx")


def sound_features() -> np.ndarray:
    return np.random.default_rng(2).uniform(-sound.REACH, sound.REACH, (60, 64, 1, 21))


def test_sounds_are_the_same_every_time() -> None:
    waves = sound.sounds(6)
    assert waves.shape == (6, sound.SAMPLES)
    assert np.abs(waves).max() <= 0.3 * 1.1
    np.testing.assert_array_equal(waves, sound.sounds(6))


# --- language -----------------------------------------------------------------------------------------------------

D, HEADS, INNER, VOCABULARY, POSITIONS = 12, 2, 20, 30, 16


def tiny_bert(rng: np.random.Generator, blocks: int) -> dict[str, Any]:
    """Tensors under the names of Hugging Face."""

    def dense(rows: int, columns: int) -> dict[str, Any]:
        return {"weight": rng.normal(size=(rows, columns)) / columns**0.5, "bias": 0.1 * rng.normal(size=rows)}

    def norm() -> dict[str, Any]:
        return {"weight": rng.uniform(0.5, 1.5, D), "bias": 0.1 * rng.normal(size=D)}

    modules: dict[str, Any] = {
        "embeddings.word_embeddings": {"weight": rng.normal(size=(VOCABULARY, D))},
        "embeddings.position_embeddings": {"weight": 0.1 * rng.normal(size=(POSITIONS, D))},
        "embeddings.token_type_embeddings": {"weight": 0.1 * rng.normal(size=(2, D))},
        "embeddings.LayerNorm": norm(),
        "pooler.dense": dense(D, D),
    }
    for i in range(blocks):
        at = f"encoder.layer.{i}"
        modules |= {f"{at}.attention.self.{name}": dense(D, D) for name in ("query", "key", "value")}
        modules |= {f"{at}.attention.output.dense": dense(D, D), f"{at}.attention.output.LayerNorm": norm()}
        modules |= {f"{at}.intermediate.dense": dense(INNER, D), f"{at}.output.dense": dense(D, INNER)}
        modules |= {f"{at}.output.LayerNorm": norm()}
    tensors = {f"{module}.{name}": values for module, parts in modules.items() for name, values in parts.items()}
    return tensors | {"embeddings.position_ids": np.arange(POSITIONS)[None]}


def test_a_tiny_bert_is_that_of_torch() -> None:
    torch: Any = pytest.importorskip("torch")
    tensors = tiny_bert(np.random.default_rng(3), 2)
    network = language.bert(tensors, 2, HEADS)
    at = {name: torch.tensor(values) for name, values in tensors.items()}
    ids = np.random.default_rng(4).integers(0, VOCABULARY, 7)
    x = at["embeddings.word_embeddings.weight"][ids] + at["embeddings.position_embeddings.weight"][: len(ids)]
    x = x + at["embeddings.token_type_embeddings.weight"][0]
    norm = torch.nn.functional.layer_norm
    x = norm(x, (D,), at["embeddings.LayerNorm.weight"], at["embeddings.LayerNorm.bias"], language.EPSILON)
    for i in range(2):
        mine = f"encoder.layer.{i}"
        block = torch.nn.TransformerEncoderLayer(
            D, HEADS, INNER, 0.0, "gelu", language.EPSILON, True, dtype=torch.float64
        )
        names = ("query", "key", "value")
        block.load_state_dict({
            "self_attn.in_proj_weight": torch.cat([at[f"{mine}.attention.self.{n}.weight"] for n in names]),
            "self_attn.in_proj_bias": torch.cat([at[f"{mine}.attention.self.{n}.bias"] for n in names]),
            **{
                f"{theirs}.{kind}": at[f"{mine}.{ours}.{kind}"]
                for kind in ("weight", "bias")
                for theirs, ours in (
                    ("self_attn.out_proj", "attention.output.dense"), ("norm1", "attention.output.LayerNorm"),
                    ("linear1", "intermediate.dense"), ("linear2", "output.dense"), ("norm2", "output.LayerNorm"),
                )
            },
        })  # fmt: skip
        x = block.eval()(x[None])[0].detach()
    np.testing.assert_allclose(network(ids.astype(float)), x.numpy(), atol=1e-12)


def test_a_tiny_bert_in_a_random_network() -> None:
    network = language.bert(tiny_bert(np.random.default_rng(3), 1), 1, HEADS)
    widths = [42 if form.rectified else 21 for form in network.forms]
    ticket = slth.approximate(network, widths, rng=0)
    ids = np.random.default_rng(5).integers(0, VOCABULARY, (4, 9)).astype(float)
    assert checked(ticket, ids) < 0.01
    assert sum(measured.other_sizes(network)) == D * (VOCABULARY + POSITIONS + 6)


def test_pieces_of_words() -> None:
    words = {
        word: i for i, word in enumerate(["[UNK]", "[CLS]", "[SEP]", "un", "##believ", "##able", ",", "cafe", "##s"])
    }
    assert language.tokens("Unbelievable, Cafés xyz", words).tolist() == [1, 3, 4, 5, 6, 7, 8, 0, 2]
    assert language.tokens("un " * 200, words).shape == (128,)


# --- weights of very different sizes ------------------------------------------------------------------------------


def test_a_few_weights_far_above_the_others_stay_in_reach() -> None:
    """As in the last layers of pulsevad's larger network, where most weights are a hundred thousand times smaller than the largest."""
    rng = np.random.default_rng(6)
    weight = 1e-5 * rng.normal(size=(64, 64))
    weight.reshape(-1)[rng.choice(weight.size, 15, replace=False)] = rng.uniform(5, 7, 15)
    ticket = slth.approximate([(weight, None)], 42, domain=(0, 1), rng=0)
    assert ticket.weight_error < 0.01


# --- the benchmark ------------------------------------------------------------------------------------------------


def test_a_row() -> None:
    small, _ = data.digits_test()
    target = RealTarget(
        Network.read(data.digits_arrays()), (0, 1), lambda net: net(small[:50]), lambda *_: "fine", {"thirty": 30}
    )
    row = measured.measure("digits", target, "thirty", 1)
    assert 0 < row.seen <= row.bound
    assert row.weights == row.entries == 2_410
    assert row.itself
    again = measured.Row(**json.loads(json.dumps(row.plain())))
    assert again == row
    lines = table(measured.HEADER, [row.cells()]).splitlines()
    assert len(lines) == 3
    assert "| digits | 2,410 " in lines[2]


def test_the_peak_of_memory_is_seen() -> None:
    if np.isnan(measured.anonymous_memory()):
        pytest.skip("the system does not say")
    before = measured.anonymous_memory()
    with measured.peak_memory(0.001) as peak:
        block = np.ones(1 << 24)  # 128 MiB
        assert block[-1] == 1
        held = measured.anonymous_memory()
        del block
    assert peak[0] >= before + 0.9 * 2**27 or held < before + 2**26


def folder_or_skip(package: str) -> Path:
    try:
        return folder_of(package)
    except ModuleNotFoundError:
        pytest.skip(f"{package} is not installed")
