"""`Ticket`: what it computes, what it says about itself, and what `verify` believes."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

import slth
from slth.constructions import Masks
from slth.networks import Dense
from tests.reference.network import forward

TARGET = slth.Network.random([3, 4, 2], rng=0)


@pytest.fixture(scope="module")
def ticket() -> slth.Ticket:
    return slth.approximate(TARGET, 8, rng=1)


def test_it_computes_what_its_network_does(ticket: slth.Ticket) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (20, 3))
    layers = [(layer.weight, layer.bias, layer.activation, layer.scale) for layer in ticket.network.layers]
    expected = [forward(layers, row) for row in x]
    np.testing.assert_allclose(ticket(x), expected, rtol=1e-12, atol=1e-13)
    assert ticket(x).shape == (20, 2)
    assert ticket(x[0]).shape == (2,)
    np.testing.assert_allclose(ticket(x[0]), expected[0], rtol=1e-12, atol=1e-13)
    assert ticket.network is ticket.network


def test_error_is_the_largest_difference(ticket: slth.Ticket) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (50, 3))
    expected = np.abs(ticket(x) - TARGET(x)).max()
    assert ticket.error(x) == expected <= ticket.error_bound
    other = slth.Network.random([3, 4, 2], rng=9)
    assert ticket.error(x, other) == np.abs(ticket(x) - other(x)).max()
    pairs = [(layer.weight, layer.bias) for layer in other.layers]
    assert ticket.error(x, pairs) == ticket.error(x, other)
    for bad in (np.zeros((2, 4)), np.full((1, 3), np.nan), np.zeros((0, 3))):
        with pytest.raises(ValueError):
            ticket.error(bad)


def test_masks_by_rows(ticket: slth.Ticket) -> None:
    for layer in range(ticket.source.depth):
        whole = ticket.weight_mask(layer)
        assert whole.dtype == bool
        assert whole.shape == ticket.source.weight(layer).shape
        assert np.array_equal(ticket.weight_mask(layer, 1, 3), whole[1:3])
        assert np.array_equal(ticket.weight_mask(layer, 2), whole[2:])


def test_large_layers_are_masked_row_by_row() -> None:
    """More than 1024 hidden neurons: the mask is unpacked in parts."""
    ticket = slth.approximate([(np.full((1, 300), 0.1), None)], 4, rng=0)
    assert ticket.source.widths == (300, 1200, 1)
    for i, layer in enumerate(ticket.network.layers):
        assert layer.weight.tobytes() == (ticket.source.weight(i) * ticket.weight_mask(i)).tobytes()


def test_what_it_says(ticket: slth.Ticket) -> None:
    assert "3-24-4-32-2" in repr(ticket)
    assert f"{ticket.error_bound:.3g}" in repr(ticket)
    html = ticket._repr_html_()
    assert html.startswith("<table>")
    assert html.endswith("</table>")
    assert html.count("<tr>") == html.count("</tr>")
    for word in ("3-4-2", "3-24-4-32-2", "uniform", f"{ticket.kept:,}", f"{ticket.weight_error:.3g}"):
        assert word in html
    for scale in ticket.scales:
        assert f"{scale:.4g}" in html, "scales are shown, never hidden"


def test_it_is_frozen_and_travels(ticket: slth.Ticket) -> None:
    with pytest.raises(FrozenInstanceError):
        ticket.scales = (1.0,)  # type: ignore[misc]
    x = np.random.default_rng(0).uniform(-1, 1, (5, 3))
    for other in (pickle.loads(pickle.dumps(ticket)), copy.deepcopy(ticket)):
        assert np.array_equal(other(x), ticket(x))
        assert other.error_bound == ticket.error_bound


# --- verify ---------------------------------------------------------------------------------------------------------


def test_verify_repeats_the_certificate(ticket: slth.Ticket, tmp_path: Path) -> None:
    path = tmp_path / "ticket.npz"
    ticket.save(path)
    loaded = slth.load(path)
    assert loaded.target is None
    x = np.zeros((1, 3))
    with pytest.raises(ValueError, match="verify"):
        loaded.error(x)
    verified = loaded.verify(TARGET)
    assert isinstance(verified, slth.Ticket)
    assert verified.certificate == ticket.certificate
    assert verified.target is not None
    assert verified.error(x) == ticket.error(x)
    assert loaded.verify([(layer.weight, layer.bias) for layer in TARGET.layers]).certificate == ticket.certificate


def one_bit_off() -> slth.Network:
    weight = TARGET.layers[0].weight.copy()
    weight[0, 0] = np.nextafter(weight[0, 0], 2)
    return slth.Network((Dense(weight, TARGET.layers[0].bias), *TARGET.layers[1:]))


@pytest.mark.parametrize(
    "other",
    [
        slth.Network.random([3, 4, 2], rng=1),
        slth.Network.random([3, 5, 2], rng=0),
        slth.Network.random([3, 2], rng=0),
        slth.Network.random([2, 4, 2], rng=0),
        slth.Network.random([3, 4, 2], rng=0, bias=False),
        slth.Network.random([3, 4, 2], rng=0, activation="identity"),
        slth.Network((*TARGET.layers[:1], replace(TARGET.layers[1], scale=2.0))),
        one_bit_off(),
    ],
)
def test_verify_refuses_another_target(ticket: slth.Ticket, other: slth.Network) -> None:
    with pytest.raises(ValueError):
        ticket.verify(other)


@pytest.mark.parametrize("name", ["error_bound", "weight_error"])
@pytest.mark.parametrize("factor", [0.0, 0.5, 0.999, -1.0, float("nan")])
def test_verify_refuses_a_better_claim(ticket: slth.Ticket, name: str, factor: float) -> None:
    claim = replace(ticket.certificate, **{name: factor * getattr(ticket.certificate, name)})
    forged = replace(ticket, certificate=claim)
    with pytest.raises(ValueError, match=name):
        forged.verify(TARGET)


@pytest.mark.parametrize("name", ["error_bound", "weight_error"])
def test_verify_replaces_a_modest_claim(ticket: slth.Ticket, name: str) -> None:
    modest = replace(ticket, certificate=replace(ticket.certificate, **{name: 2 * getattr(ticket.certificate, name)}))
    assert modest.verify(TARGET).certificate == ticket.certificate, "the recomputed one, not the claim"


def test_verify_believes_no_mask(ticket: slth.Ticket) -> None:
    bits = ticket.weight_mask(1)
    bits[0] = ~bits[0]
    weights = list(ticket.masks.weights)
    weights[1] = np.packbits(bits, axis=1)
    with pytest.raises(ValueError, match="do not trust"):
        replace(ticket, masks=Masks(tuple(weights), ticket.masks.biases)).verify(TARGET)


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("change", ["scale", "activation"])
def test_verify_checks_the_inner_layers_too(layer: int, change: str) -> None:
    """Scales and activations are part of what is evaluated: a bound that ignores them is false."""
    target = slth.Network((Dense(np.array([[0.5, 0.2]]), np.array([0.1])), Dense(np.array([[0.7]]), None, "identity")))
    ticket = slth.approximate(target, 40, rng=0)
    x = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]])
    assert ticket.error(x) <= ticket.error_bound < 1e-3
    if change == "scale":
        scales = list(ticket.scales)
        scales[layer] = 1000.0
        forged = replace(ticket, scales=tuple(scales))
    else:
        other = [
            replace(own, activation="tanh" if i == layer else own.activation) for i, own in enumerate(target.layers)
        ]
        forged = replace(ticket, skeleton=slth.Network(tuple(other)).skeleton)
    assert np.abs(forged(x) - target(x)).max() > ticket.error_bound
    with pytest.raises(ValueError):
        forged.verify(target)
