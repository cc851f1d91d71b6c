"""The adversarial search: as good as the exact worst case where that is known, in the domain, repeatable, and never above a certificate."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import slth
from slth.certificate.adversary.gradient import forward
from slth.certificate.adversary.regions import region_of
from slth.cli import main
from slth.networks import Attention, Dense, Embedding, Flatten, Layer, LayerNorm, Network, Residual
from tests.attacked import attacked, domain_of
from tests.constructions.image_targets import TARGETS
from tests.reference import worst_input as reference
from tests.reference.network import Layer as Plain
from tests.reference.worst_case import worst_case


def plain(network: Network) -> list[Plain]:
    return [(layer.weight, layer.bias, layer.activation, layer.scale) for layer in network.layers]


def head(rng: np.random.Generator, d: int, d_out: int) -> Attention:
    return Attention(*(rng.normal(size=(r, d)) for r in (2, 2, 2)), rng.normal(size=(d_out, 2)))


def random_case(seed: int) -> tuple[slth.Ticket, Network]:
    rng = np.random.default_rng(seed)
    widths = [int(d) for d in rng.integers(2, 5, int(rng.integers(2, 5)))]
    target = Network.random(widths, rng=seed)
    domain = (-1, 1) if seed % 2 else (0, 1)
    return slth.approximate(target, int(rng.integers(4, 20)), rng=seed, domain=domain, workers=1), target


# --- how good it is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", [range(5), pytest.param(range(5, 60), marks=pytest.mark.slow)], ids=["some", "many"])
def test_the_exact_worst_case_of_small_networks(seeds: range) -> None:
    """Mixed-integer programming gives the largest error: the search finds at least 98 % of it, nearly always all."""
    shares = []
    for seed in seeds:
        ticket, target = random_case(seed)
        small = ticket.effective_network()
        exact = worst_case(plain(small), plain(target), ticket.domain.lower, ticket.domain.upper)
        found = ticket.attack(rng=0)
        assert found.error <= exact * (1 + 1e-4), "not even the exact worst case"
        assert exact <= ticket.error_bound * (1 + 1e-6), "the certificate is undercut"
        shares.append(found.error / exact)
    assert min(shares) > 0.98
    assert np.median(shares) > 0.9999


def test_at_least_as_good_as_the_slow_twin() -> None:
    """Steepest ascent and corner by corner, on the ticket itself: on average nothing that the fast search misses."""
    ratios = []
    for seed in range(4):
        ticket, target = random_case(seed)
        box = reference.Box(ticket.domain.lower, ticket.domain.upper)
        _, value = reference.worst_input(
            plain(ticket.network), plain(target), box, rng=0, samples=300, restarts=4, steps=20
        )
        ratios.append(ticket.attack(rng=0, steps=30).error / value)
    assert min(ratios) > 0.98
    assert np.mean(ratios) > 0.999


@pytest.mark.parametrize("kind", ["unit", "positive", "mixed", "huge", "tiny", "unit ball", "big ball", "small ball"])
def test_all_of_the_error_of_one_layer(kind: str) -> None:
    """Where the certificate is the supremum, the search comes within a hair of it, up to rounding."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        target = Network((Dense(rng.uniform(-1, 1, (3, 4)), rng.uniform(-1, 1, 3), "identity"),))
        ticket = slth.approximate(target, 4, domain=domain_of(kind, 4, rng), rng=seed, workers=1)
        share = attacked(ticket, target, np.random.default_rng(0), effort=5)
        assert share > (1 - 1e-6 if "ball" not in kind else 0.999)


def test_the_worst_of_all_token_sequences() -> None:
    rng = np.random.default_rng(3)
    layers = Embedding(rng.normal(size=(7, 3)), rng.normal(size=(3, 3))), head(rng, 3, 2)
    target = Network(layers, (3,))
    for domain, tokens in ((None, range(7)), ((1.5, 4.2), range(2, 5))):
        ticket = slth.approximate(target, 6, rng=0, domain=domain)
        every = np.array(list(itertools.product(tokens, repeat=3)), float)
        found = ticket.attack(rng=0, steps=30)
        assert set(found.x.astype(int)) <= set(tokens)
        assert found.error == pytest.approx(ticket.error(every), rel=1e-9)


def test_half_of_the_bound_is_caught() -> None:
    ticket, target = random_case(1)
    slack = ticket.attack(rng=0).ratio
    claimed = replace(ticket, certificate=replace(ticket.certificate, error_bound=0.9 * ticket.error_bound / slack))
    assert claimed.attack(rng=0).ratio < 1
    with pytest.raises(AssertionError):
        attacked(claimed, target, np.random.default_rng(0), effort=5)


def test_sequences_of_several_lengths() -> None:
    rng = np.random.default_rng(0)
    target = Network((Residual((LayerNorm(np.ones(3), None, 0.5), head(rng, 3, 3))),), (None, 3))
    for domain in (slth.Box(-np.ones(3), np.ones(3)), slth.Ball(3, 1.0)):
        ticket = slth.approximate(target, 8, rng=0, domain=domain)
        x = domain.sample(np.random.default_rng(1), 800).reshape(-1, 8, 3)
        found = ticket.attack(rng=0, steps=20)
        assert found.x.shape in ((2, 3), (8, 3))
        assert ticket.attack(rng=0, steps=2, positions=5).x.shape == (5, 3)
        assert ticket.error(x) < found.error <= ticket.error_bound


class Doubled(Layer):
    """A kind of layer whose slope nobody has written down."""

    kind = "doubled"
    arrays: ClassVar[Any] = {}
    settings: ClassVar[Any] = {}

    def output_shape(self, shape: Any) -> Any:
        return shape

    def evaluate(self, x: Any) -> Any:
        return 2.0 * x

    def interval(self, low: Any, high: Any) -> tuple[Any, Any]:
        return 2.0 * low, 2.0 * high

    def moved(self, error: Any, low: Any, high: Any) -> Any:
        return 2.0 * error


def test_layers_without_known_slopes() -> None:
    """By differences along random directions; tokens by chance."""
    rng = np.random.default_rng(0)
    first = Dense(rng.normal(size=(3, 4)), None, "identity")
    target = Network((first, Doubled()))
    cases = [(target, None), (target, slth.Ball(4, 1.0))]
    cases.append((Network((Embedding(rng.normal(size=(5, 4))), first, Doubled(), Flatten()), (2,)), None))
    for net, domain in cases:
        ticket = slth.approximate(net, 4, rng=0, domain=domain)
        with pytest.raises(NotImplementedError, match="slope of a layer"):
            forward(net.layers, np.zeros((1, *net.shapes[0])))
        assert attacked(ticket, net, np.random.default_rng(0), effort=4) > (0.9 if net is target else 0)


# --- what it says -----------------------------------------------------------------------------------------------------


def test_the_result() -> None:
    ticket, target = random_case(2)
    found, again = (ticket.attack(rng=5, steps=10) for _ in range(2))
    assert (found.x == again.x).all()
    assert (found.error, found.output, found.evaluations) == (again.error, again.output, again.evaluations)
    off = np.abs(ticket(found.x[None]) - target(found.x[None]))[0]
    assert found.error == off.max() == off[found.output] == ticket.error(found.x[None])
    assert found.error_bound == ticket.error_bound
    assert found.ratio == ticket.error_bound / found.error >= 1
    assert "ratio=" in repr(found)
    assert found.evaluations > 100
    assert replace(found, error=0.0).ratio == math.inf


def test_more_steps_find_no_less() -> None:
    ticket, _ = random_case(4)
    errors = [ticket.attack(rng=0, steps=steps).error for steps in (1, 5, 25)]
    assert errors[0] * (1 - 1e-9) <= errors[1] <= errors[2] * (1 + 1e-9)


def test_nothing_to_find() -> None:
    target = Network((Dense(np.zeros((2, 3)), np.zeros(2), "identity"),))
    found = slth.approximate(target, 4, rng=0).attack(rng=0, steps=2)
    assert found.error == 0
    assert found.ratio == math.inf


def test_loaded_tickets_and_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ticket, target = random_case(0)
    target.save(tmp_path / "target.npz")
    ticket.save(tmp_path / "ticket.npz")
    loaded = slth.load(tmp_path / "ticket.npz")
    with pytest.raises(ValueError, match=r"use ticket\.attack\(target\)"):
        loaded.attack()
    assert loaded.attack(target, rng=0).error == ticket.attack(rng=0).error
    for other in (random_case(1)[1], Network.random([2, 2], rng=5)):
        with pytest.raises(ValueError, match="is not the network the ticket was made for"):
            ticket.attack(other)
    arguments = ["verify", str(tmp_path / "ticket.npz"), "--target", str(tmp_path / "target.npz"), "--attack", "5"]
    assert main([*arguments[:-1], "0"]) == 2
    assert "--attack must be >= 1, got 0" in capsys.readouterr().err
    assert main(arguments) == 0
    assert f"an error of {ticket.attack(rng=0, steps=5).error:.3g} found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [({"steps": 0}, "steps"), ({"starts": 0}, "starts"), ({"positions": 0}, "positions"), ({"positions": ()}, "at least one"),
     ({"positions": 9}, "knows 4 positions")],
)  # fmt: skip
def test_misuse(options: dict[str, Any], message: str) -> None:
    rng = np.random.default_rng(0)
    target = Network((Embedding(rng.normal(size=(5, 2)), rng.normal(size=(4, 2))), head(rng, 2, 1)), (None,))
    ticket = slth.approximate(target, 4, rng=0)
    with pytest.raises(ValueError, match=message):
        ticket.attack(**({"positions": 2} | options))


# --- what it is made of -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TARGETS)
def test_the_small_network_computes_what_the_ticket_does(name: str) -> None:
    target = TARGETS[name]
    ticket = slth.approximate(target, 8, rng=0, workers=1)
    small = ticket.effective_network()
    assert small.size < ticket.size
    shape = tuple(3 if d is None else d for d in target.shapes[0])
    x = np.random.default_rng(0).uniform(-1, 1, (5, *shape))
    np.testing.assert_allclose(small(x), ticket(x), rtol=1e-9, atol=1e-9)


def test_copies_of_neurons_have_no_effective_network_and_are_attacked_themselves() -> None:
    target = Network.random([3, 4, 2], rng=0)
    ticket = slth.approximate(target, (12, 8), construction="one-extra-layer", rng=0)
    with pytest.raises(ValueError, match="8 neurons stand for each of its outputs"):
        ticket.effective_network()
    assert 0 < attacked(ticket, target, np.random.default_rng(0)) <= 1


@pytest.mark.parametrize("kind", ["unit", "mixed", "point", "zero", "huge", "unit ball", "big ball", "small ball"])
def test_regions_stay_inside(kind: str) -> None:
    rng = np.random.default_rng(0)
    domain = domain_of(kind, 5, rng)
    region = region_of(Network.random([5, 2], rng=0), domain, 1)
    x = region.starts(rng, 50)
    assert x.shape == (50, 5)
    for row in x[::7]:
        for slope in (rng.normal(size=5), np.zeros(5), np.eye(5)[2]):
            x = np.vstack([x, region.moves(row, slope)])
        x = np.vstack([x, region.kicked(rng, row)])
    assert ((domain.lower <= x) & (x <= domain.upper)).all()
    if isinstance(domain, slth.Ball):
        assert (np.linalg.norm(x / domain.radius, axis=1) <= 1).all()
