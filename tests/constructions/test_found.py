"""Tickets of masks that a search has found: made, saved, verified, attacked and shown like others."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import slth
from slth import constructions
from slth.certificate import apart
from slth.constructions import Masks
from slth.networks import RandomSource
from slth.ticket import VerificationError
from slth.ticket_file import digest
from tests.test_ticket_file import forge, parts, put

TARGET = slth.Network.random([3, 4, 2], rng=0)
SOURCE = RandomSource(7, "normal", (3, 20, 10, 2), True)
SCALES = (0.5, 0.25, 0.125)
BOX = slth.Box(np.zeros(3), np.ones(3))
FOUND = constructions.get("found")


def masks(seed: int = 0, share: float = 0.5) -> Masks:
    rng = np.random.default_rng(seed)
    return Masks(
        tuple(np.packbits(rng.random(shape) < share, axis=1) for shape in SOURCE.shapes),
        tuple(rng.random(rows) < share for rows, _ in SOURCE.shapes),
    )


def made(seed: int = 0) -> slth.Ticket:
    return slth.Ticket.certified(SOURCE, masks(seed), SCALES, "found", BOX, TARGET, SOURCE.network().skeleton)


@pytest.fixture(scope="module")
def ticket() -> slth.Ticket:
    return made()


@pytest.fixture(scope="module")
def saved(ticket: slth.Ticket, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("found") / "t.npz"
    ticket.save(path)
    return path


def test_its_layers_are_the_pruned_layers_of_the_source(ticket: slth.Ticket) -> None:
    for i, layer in enumerate(ticket.network.layers):
        kept = ticket.weight_mask(i)
        assert np.array_equal(layer.weight, SOURCE.weight(i) * kept)
        assert np.array_equal(layer.bias, SOURCE.bias_vector(i) * ticket.masks.biases[i])
        assert layer.scale == SCALES[i]
    assert [layer.activation for layer in ticket.network.layers] == ["relu", "relu", "identity"]
    for piece, layer in zip(ticket.effective(), ticket.network.layers, strict=True):
        assert np.array_equal(piece.positive, layer.weight)
        assert np.array_equal(piece.negative, -layer.weight)
        assert (piece.scale, piece.activation) == (layer.scale, layer.activation)
    assert ticket.kept == ticket.network.kept
    assert ticket.size == SOURCE.size


def test_its_certificate_is_a_distance(ticket: slth.Ticket) -> None:
    assert ticket.error_bound == apart(ticket.network, TARGET, BOX)
    assert not ticket.follows
    assert math.isnan(ticket.weight_error)
    assert ticket.certificate.layer_bounds == ticket.certificate.layer_weight_errors == ()
    assert math.isnan(ticket.theorem_bound())
    x = BOX.sample(np.random.default_rng(0), 5000)
    assert 0 < ticket.error(x) <= ticket.error_bound
    found = ticket.attack(starts=4, steps=10, rng=0)
    assert ticket.error(x) * 0.9 <= found.error <= ticket.error_bound
    assert slth.approximate(TARGET, 6, rng=0).follows


def test_saved_loaded_and_verified(ticket: slth.Ticket, saved: Path) -> None:
    loaded = slth.load(saved)
    assert loaded.target is None
    assert repr(loaded) == repr(ticket)
    verified = loaded.verify(TARGET)
    assert verified.error_bound == ticket.error_bound
    x = BOX.sample(np.random.default_rng(1), 100)
    assert verified.error(x) == ticket.error(x)
    assert verified.attack(starts=2, steps=2, rng=0).error <= verified.error_bound
    with pytest.raises(VerificationError, match=r"not the network the ticket was made for.*bound is [0-9.e+-]+$"):
        loaded.verify(slth.Network.random([3, 5, 2], rng=1))
    with pytest.raises(ValueError, match="give the target it was made for"):
        loaded.verify(slth.Network.random([3, 5, 1], rng=1))


def test_shown(ticket: slth.Ticket, saved: Path, tmp_path: Path) -> None:
    assert "weight_error" not in repr(ticket)
    assert "weight error" not in ticket.summary()
    assert "nan" not in ticket.summary() + ticket._repr_html_()
    assert "3-20-10-2" in ticket.summary()
    assert len(ticket.plot().axes) == 3
    assert len(slth.load(saved).plot().axes) == 2
    assert ticket.to_networkx().number_of_edges() > 0
    pytest.importorskip("onnx")
    ticket.to_onnx(tmp_path / "t.onnx")
    x = BOX.sample(np.random.default_rng(0), 10)
    assert np.allclose(slth.Network.read(tmp_path / "t.onnx")(x), ticket(x))


def test_a_single_layer() -> None:
    target = slth.Network.random([2, 1], rng=0)
    source = RandomSource(0, "binary", (2, 1), False)
    kept = Masks((np.packbits(np.ones((1, 2), bool), axis=1),), (None,))
    one = slth.Ticket.certified(source, kept, (1.0,), "found", slth.Ball(2, 1.0), target, source.network().skeleton)
    slopes = source.weight(0) - target.layers[0].weight
    assert one.error_bound == pytest.approx(abs(target.layers[0].bias[0]) + np.linalg.norm(slopes))
    assert len(one.plot().axes) == 3


def test_nothing_is_planned() -> None:
    assert (FOUND.name, FOUND.follows) == ("found", False)
    assert next(iter(FOUND.attempts(True))) is FOUND
    assert FOUND.sufficient_width(TARGET, (0.1,), BOX, "uniform") is None
    for refuse in (
        lambda: slth.approximate(TARGET, 10, construction="found"),
        lambda: FOUND.plan(SOURCE, TARGET, (1,), BOX),
    ):
        with pytest.raises(ValueError, match=r"masks found by slth.search.*imitation"):
            refuse()
    with pytest.raises(ValueError, match="takes none"):
        constructions.get("found(3)")
    with pytest.raises(ValueError, match="second layer"):
        slth.perturb(made(), 0.1)


def test_sources_that_do_not_fit() -> None:
    FOUND.check(SOURCE, SOURCE.network().skeleton)
    for source in (
        RandomSource(7, "normal", (3, 20, 2), True),
        RandomSource(7, "normal", (3, 20, 10, 2), False),
        RandomSource(7, "normal", (3, 20, 11, 2), True),
    ):
        with pytest.raises(ValueError, match="are those of its source"):
            FOUND.check(source, SOURCE.network().skeleton)
    image = slth.Network((slth.networks.Flatten(), *SOURCE.network().layers), (1, 3, 1)).skeleton
    with pytest.raises(ValueError, match="dense layers only"):
        FOUND.check(SOURCE, image)


HOSTILE = {
    "another construction": put("construction", "two-layer"),
    "brackets": put("construction", "found(1)"),
    "a weight error": put("weight_error", "0x0p0"),
    "infinite weight error": put("weight_error", "inf"),
    "bound nan": put("error_bound", "nan"),
    "bound negative": put("error_bound", "-0x1p0"),
    "bound infinite": put("error_bound", "inf"),
    "bounds of layers": put("layer_bounds", ["0x0p0"]),
    "weight errors of layers": put("layer_weight_errors", ["0x0p0"] * 3),
    "a scale too few": put("scales", ["0x1p0"] * 2),
    "negative scale": put("scales", ["0x1p0", "-0x1p0", "0x1p0"]),
    "huge shapes": put("shapes", [[10**12, 3], [10, 10**12], [2, 10]]),
    "other biases": put("biases", [20, 10, 0]),
    "another dimension": put("domain", {"lower": ["0x0p0"], "upper": ["0x1p0"]}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(name: str, saved: Path, tmp_path: Path) -> None:
    header, arrays = parts(saved)
    HOSTILE[name](header)
    with pytest.raises(ValueError):
        slth.load(forge(tmp_path / "t.npz", header, arrays))


def test_only_found_tickets_are_silent_about_weights(tmp_path: Path) -> None:
    other = slth.approximate(TARGET, 6, rng=0)
    with pytest.raises(VerificationError, match="weight_error"):
        replace(other, certificate=replace(other.certificate, weight_error=math.nan)).verify(TARGET)
    other.save(tmp_path / "t.npz")
    header, arrays = parts(tmp_path / "t.npz")
    for edit in (
        {"weight_error": "nan"},
        {"weight_error": "nan", "layer_bounds": [], "layer_weight_errors": []},
        {"construction": "found", "weight_error": "nan", "layer_bounds": [], "layer_weight_errors": []},
    ):
        with pytest.raises(ValueError):
            slth.load(forge(tmp_path / "u.npz", header | edit, arrays))


def test_false_claims_do_not_survive_verify(saved: Path, tmp_path: Path) -> None:
    header, arrays = parts(saved)
    for edit in (
        {"error_bound": (0.5 * float.fromhex(header["error_bound"])).hex()},
        {"domain": {"lower": ["0x0p0"] * 3, "upper": [(50.0).hex()] * 3}},
        {"scales": [(50.0).hex()] * 3},
        {"target": digest(slth.Network.random([3, 4, 2], rng=1))},
    ):
        loaded = slth.load(forge(tmp_path / "t.npz", header | edit, arrays))
        with pytest.raises(VerificationError):
            loaded.verify(TARGET)
