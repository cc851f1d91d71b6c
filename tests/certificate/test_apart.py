"""The distance of two networks that have nothing inside in common: never below what is seen, and what makes it tight."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

import slth
from slth.certificate import apart
from slth.certificate.affine import Affine, through
from slth.networks import Attention, Conv2d, Dense, Domain, Elementwise, Embedding, Flatten, Network, Residual
from tests.attacked import domain_of


def dense(widths: list[int], rng: np.random.Generator, share: float = 1.0, activation: str = "relu") -> Network:
    """Random weights of mean square 1 / fan_in, some of them 0, and scales."""
    layers = []
    for d_in, d_out in pairwise(widths):
        weight = rng.standard_normal((d_out, d_in)) * (rng.random((d_out, d_in)) < share) / np.sqrt(d_in)
        bias = None if rng.random() < 0.3 else rng.standard_normal(d_out)
        layers.append(Dense(weight, bias, activation, float(rng.uniform(0.5, 2))))
    last = layers.pop()
    return Network((*layers, Dense(last.weight, last.bias, "identity", last.scale)))


def inputs(domain: Domain, rng: np.random.Generator, count: int = 2000) -> np.ndarray:
    """Points inside, corners of a box, and points of a sphere."""
    inside = domain.sample(rng, count)
    if isinstance(domain, slth.Ball):
        norms = np.linalg.norm(inside, axis=1, keepdims=True)
        return np.concatenate([inside, inside * (domain.radius * (1 - 1e-12) / norms)])
    corners = np.where(rng.random(inside.shape) < 0.5, domain.lower, domain.upper)
    return np.concatenate([inside, corners, [domain.lower, domain.upper]])


def seen(a: Network, b: Network, domain: Domain, rng: np.random.Generator) -> float:
    x = inputs(domain, rng)
    return float(np.abs(a(x) - b(x)).max())


KINDS = ("unit", "positive", "away from 0", "zero", "huge", "tiny", "ball", "small ball", "big ball", "mixed", "point")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("mine", "theirs"), [([3, 20, 2], [3, 5, 2]), ([10, 8, 8, 3], [10, 4, 3]), ([3, 2], [3, 6, 6, 2])]
)
def test_never_below_what_is_seen(kind: str, mine: list[int], theirs: list[int]) -> None:
    rng = np.random.default_rng(0)
    a, b = dense(mine, rng, 0.5), dense(theirs, rng)
    domain = domain_of(kind, mine[0], rng)
    bound = apart(a, b, domain)
    assert seen(a, b, domain, rng) <= bound
    if kind == "mixed":
        assert bound == pytest.approx(apart(b, a, domain), rel=1e-6)
    if kind in ("zero", "point", "tiny"):
        assert bound <= seen(a, b, domain, rng) * (1 + 1e-3) + 1e-12


@pytest.mark.parametrize("activation", ["tanh", "leaky-relu(0.2)", "gelu"])
def test_other_activations_by_intervals(activation: str) -> None:
    rng = np.random.default_rng(1)
    a, b = dense([2, 9, 2], rng, activation=activation), dense([2, 4, 2], rng)
    for domain in (slth.Box(-np.ones(2), np.ones(2)), slth.Ball(2, 1.0)):
        for first, second in ((a, b), (b, a), (a, a)):
            assert seen(first, second, domain, rng) <= apart(first, second, domain)


def test_images_and_residual_blocks() -> None:
    rng = np.random.default_rng(2)
    conv = Conv2d(rng.standard_normal((2, 1, 2, 2)), rng.standard_normal(2))
    a = Network((conv, Flatten(), Dense(rng.standard_normal((3, 8)), None, "identity")), (1, 3, 3))
    block = Residual((Dense(rng.standard_normal((9, 9)) / 9, None, "identity"),), ())
    b = Network((Flatten(), block, Dense(rng.standard_normal((3, 9)), None, "identity")), (1, 3, 3))
    domain = slth.Box(np.zeros(9), np.ones(9))
    x = inputs(domain, rng).reshape(-1, 1, 3, 3)
    assert np.abs(a(x) - b(x)).max() <= apart(a, b, domain)


def test_sequences_and_tokens() -> None:
    rng = np.random.default_rng(3)

    def attention(hidden: int, positions: int | None) -> Network:
        parts = [rng.standard_normal(shape) / 2 for shape in ((hidden, 4), (hidden, 4), (hidden, 4), (4, hidden))]
        return Network((Embedding(rng.standard_normal((6, 4))), Attention(*parts, heads=2)), (positions,))

    for positions in (3, None):
        a, b = attention(4, positions), attention(8, positions)
        x = rng.integers(0, 6, (500, 3))
        assert np.abs(a(x) - b(x)).max() <= apart(
            a, b, slth.Box(np.zeros(3 if positions else 1), np.full(3 if positions else 1, 5.0))
        )


def test_nearly_exact_for_few_inputs() -> None:
    """Boxes are halved until the bound is close to what a grid sees."""
    rng = np.random.default_rng(4)
    a, b = dense([2, 16, 1], rng), dense([2, 4, 1], rng)
    grid = np.array(list(product(np.linspace(-1, 1, 201), repeat=2)))
    box = slth.Box(-np.ones(2), np.ones(2))
    assert np.abs(a(grid) - b(grid)).max() <= apart(a, b, box) <= 1.02 * np.abs(a(grid) - b(grid)).max()
    inside = grid[(grid * grid).sum(axis=1) <= 1]
    largest = np.abs(a(inside) - b(inside)).max()
    assert largest <= apart(a, b, slth.Ball(2, 1.0)) <= 1.05 * largest


def test_what_both_do_alike_cancels() -> None:
    """Affine functions of many inputs: exact. Rounding is all that is left of a network and itself written otherwise."""
    rng = np.random.default_rng(5)
    a = Network((Dense(rng.standard_normal((4, 50)), rng.standard_normal(4), "identity"),))
    half = Dense(np.vstack([np.eye(50), np.eye(50)]), None, "identity")
    b = Network((half, Dense(np.hstack([a.layers[0].weight / 2] * 2), a.layers[0].bias, "identity")))
    assert apart(a, b, slth.Box(-np.ones(50), np.ones(50))) < 1e-11
    c = Network((Dense(a.layers[0].weight + 0.01, a.layers[0].bias, "identity"),))
    assert apart(a, c, slth.Box(-np.ones(50), np.ones(50))) == pytest.approx(0.5, rel=1e-9)
    assert apart(a, c, slth.Ball(50, 1.0)) == pytest.approx(0.01 * np.sqrt(50), rel=1e-9)


def test_affine_ends_hold_for_every_layer() -> None:
    rng = np.random.default_rng(6)
    network = dense([5, 30, 20, 4], rng)
    domain = slth.Box(-rng.random(5), rng.random(5))
    x = inputs(domain, rng)
    for depth in (1, 2, 3):
        part = Network(network.layers[:depth])
        low, high = through(part, Affine.start(domain.lower, domain.upper)).ends
        out = part(x)
        assert (low <= out).all()
        assert (out <= high).all()
        assert (high - low).max() < 40 * np.ptp(out, axis=0).max()


def test_without_room_for_noise_it_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    a, b = dense([12, 30, 30, 2], rng), dense([12, 9, 2], rng)
    domain = slth.Box(-np.ones(12), np.ones(12))
    tight = apart(a, b, domain)
    monkeypatch.setattr("slth.certificate.affine._MOST_NOISE", 100)
    assert tight < apart(a, b, domain)
    assert seen(a, b, domain, rng) <= tight


def test_bad_pairs() -> None:
    rng = np.random.default_rng(8)
    box = slth.Box(-np.ones(3), np.ones(3))
    a = dense([3, 4, 2], rng)
    for other in (dense([3, 4, 1], rng), dense([2, 4, 2], rng)):
        with pytest.raises(ValueError, match="give the target it was made for"):
            apart(a, other, box)
    with pytest.raises(ValueError, match="dimension 2"):
        apart(a, a, slth.Box(-np.ones(2), np.ones(2)))
    big = Network((Dense(np.full((2, 3), 1e200)), Dense(np.full((2, 2), 1e200))))
    with pytest.raises(ValueError, match="overflows float64"):
        apart(a, big, box)
    with pytest.raises(ValueError, match="scale them down"):
        apart(big, big, box)
    soft = Network((Elementwise("relu"),), (3,))
    assert apart(soft, soft, box) >= 0
