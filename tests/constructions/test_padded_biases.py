"""Biases of convolutions of which no kernel place stays within the image: the border comes before the random layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
from slth.networks import Conv2d, Dense, Flatten, Network, Residual
from slth.networks.layers import Conv2dForm
from tests.attacked import attacked, domain_of
from tests.reference import layers as naive
from tests.spoiled import spoiled

RNG = np.random.default_rng(62)


def conv(out: int, into: int, kernel: tuple[int, int], padding: Any, name: str = "identity", **window: Any) -> Conv2d:
    groups = window.get("groups", 1)
    weight = RNG.uniform(-1, 1, (out, into // groups, *kernel))
    return Conv2d(weight, RNG.uniform(-1, 1, out), name, padding=padding, **window)


TARGETS = {
    "even kernel": Network((conv(2, 1, (2, 2), 1),), (1, 3, 3)),
    "more border than kernel": Network((conv(2, 2, (1, 1), (2, 1)),), (2, 2, 3)),
    "wide border": Network((conv(1, 2, (3, 3), 2, "relu", scale=1.5),), (2, 3, 3)),
    "one direction alone": Network((conv(2, 1, (3, 2), (1, 1)),), (1, 4, 3)),
    "steps": Network((conv(2, 1, (4, 4), 2, "tanh", stride=(2, 3)),), (1, 5, 6)),
    "spread out": Network((conv(2, 1, (2, 3), (2, 3), dilation=(3, 2)),), (1, 4, 5)),
    "groups": Network((conv(4, 2, (2, 2), 1, groups=2),), (2, 3, 2)),
    "in a chain": Network(
        (conv(2, 1, (2, 2), 1, "relu"), conv(2, 2, (3, 3), 1, "relu"), conv(1, 2, (2, 2), 1), Flatten(), Dense(np.ones((1, 25)))),
        (1, 3, 3),
    ),
    "in a block": Network(
        (Residual((conv(2, 2, (2, 2), 1, "relu"), conv(2, 2, (2, 2), 0)), (conv(2, 2, (1, 1), 0),)),), (2, 3, 3)
    ),
}  # fmt: skip


def by_loops(ticket: slth.Ticket, x: np.ndarray) -> np.ndarray:
    """The effective layers of a chain of convolutions, with the target's own padding: biases are biases, and borders zeros."""
    for layer, piece in zip(ticket.skeleton.forms, ticket.effective(), strict=True):
        assert isinstance(layer, Conv2dForm)

        def map_(matrix: np.ndarray, values: np.ndarray, form: Conv2dForm = layer) -> np.ndarray:
            weight = matrix.reshape(form.c_out, *form.kernel, form.c_in).transpose(0, 3, 1, 2)
            return naive.convolution(values, weight, None, "identity", 1.0, form.stride, form.padding, form.dilation)

        halves = map_(piece.positive, np.maximum(x, 0)) + map_(piece.negative, np.maximum(-x, 0))
        value = naive.ACTIVATIONS[piece.activation]
        x = np.vectorize(value)(piece.scale * (halves + piece.bias[:, None, None]))
    return x


@pytest.mark.parametrize("name", [name for name in TARGETS if not name.startswith("in a ")])
def test_the_ticket_is_what_its_effective_layers_say(name: str) -> None:
    """By plain loops, at the border too: every place of the output has the whole bias."""
    target = TARGETS[name]
    ticket = slth.approximate(target, 12, rng=1)
    x = np.random.default_rng(0).uniform(-1, 1, (3, *target.shapes[0]))  # type: ignore[arg-type]
    np.testing.assert_allclose(ticket(x), by_loops(ticket, x), rtol=1e-12, atol=1e-12)
    nothing = np.zeros((1, *target.shapes[0]))  # type: ignore[arg-type]
    (piece,), out = ticket.effective(), ticket(nothing)
    level = np.vectorize(naive.ACTIVATIONS[piece.activation])(piece.scale * piece.bias)
    np.testing.assert_allclose(out, np.broadcast_to(level[:, None, None], out.shape), rtol=1e-12)


@pytest.mark.parametrize("name", TARGETS)
def test_weights_and_biases_are_met(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    ticket = slth.approximate(target, 44, rng=2)
    assert ticket.weight_error < 0.02
    x = ticket.domain.sample(np.random.default_rng(0), 50 * target.widths[0] // ticket.domain.d)
    assert ticket.error(x.reshape(-1, *target.shapes[0])) <= ticket.error_bound  # type: ignore[arg-type]
    ticket.save(tmp_path / "t.npz")
    again = slth.load(tmp_path / "t.npz").verify(target)
    assert again.certificate == ticket.certificate
    np.testing.assert_array_equal(again(x.reshape(-1, *target.shapes[0])), ticket(x.reshape(-1, *target.shapes[0])))  # type: ignore[arg-type]
    assert ticket.network.kept == ticket.kept
    assert ticket.network.anatomy() is not None


@pytest.mark.parametrize("kind", ["unit", "positive", "mixed", "ball", "point", "below 0"])
def test_the_bound_is_never_undercut(kind: str) -> None:
    for i, target in enumerate(TARGETS.values()):
        if (i + len(kind)) % 2:
            continue  # each in half of the domains
        rng = np.random.default_rng([i, len(kind)])
        domain = domain_of(kind, target.widths[0], rng)
        ticket = slth.approximate(target, int(rng.choice([1, 3, 8])), domain=domain, rng=i, workers=1)
        attacked(ticket, target, rng)
        attacked(spoiled(ticket, target, rng, 0.1), target, rng)


def test_a_constant_elsewhere_is_refused() -> None:
    """The masks name one place of the kernel for constants, whichever it is."""
    target = TARGETS["even kernel"]
    ticket = slth.approximate(target, 12, rng=1)
    bits = np.unpackbits(ticket.masks.weights[1], axis=1, count=12).astype(bool)
    constant = np.flatnonzero(ticket.masks.biases[0])
    assert constant.size
    bits[1, constant[0]] = True
    masks = slth.constructions.Masks((ticket.masks.weights[0], np.packbits(bits, axis=1)), ticket.masks.biases)
    with pytest.raises(ValueError, match="not a two-layer ticket"):
        slth.Ticket.certified(ticket.source, masks, ticket.scales, "two-layer", ticket.domain, target)


@pytest.mark.parametrize("construction", ["fixed-size(3)", "n-of-m(1, 2)", "malach", "structured"])
def test_other_constructions(construction: str) -> None:
    for name in ("even kernel", "in a chain"):
        ticket = slth.approximate(TARGETS[name], 24, construction=construction, rng=0)
        attacked(ticket, TARGETS[name], np.random.default_rng(0))


@pytest.mark.parametrize("name", TARGETS)
def test_onnx_computes_the_same(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    target = TARGETS[name]
    ticket = slth.approximate(target, 8, rng=0)
    ticket.to_onnx(tmp_path / "t.onnx")
    session = runtime.InferenceSession(tmp_path / "t.onnx", providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).uniform(-1, 1, (4, *target.shapes[0]))  # type: ignore[arg-type]
    single = session.get_inputs()[0].type == "tensor(float)"
    (out,) = session.run(None, {session.get_inputs()[0].name: x.astype(np.float32 if single else np.float64)})
    np.testing.assert_allclose(out, ticket(x), rtol=1e-4 if single else 1e-9, atol=1e-4 if single else 1e-9)
    again = Network.read(tmp_path / "t.onnx")
    np.testing.assert_allclose(again(x), ticket(x), rtol=1e-5, atol=1e-5)


def test_other_tickets_are_as_they_were() -> None:
    """Where a place stays within the image, or there is no bias, the border stays where it was."""
    for layer in (conv(2, 1, (3, 3), 1), Conv2d(np.ones((1, 1, 2, 2)), None, "identity", padding=1)):
        target = Network((layer,), (1, 3, 3))
        ticket = slth.approximate(target, 6, rng=0)
        paddings = [part.padding for part in ticket.network.layers if isinstance(part, Conv2d)]
        assert paddings == [(0, 0), (1, 1)]
    moved = slth.approximate(TARGETS["even kernel"], 6, rng=0)
    assert [part.padding for part in moved.network.layers if isinstance(part, Conv2d)] == [(1, 1), (0, 0)]
