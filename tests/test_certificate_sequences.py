"""Certificates of networks on sequences under attack: attention, layer normalisation, softmax and embeddings, at any length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import slth
from slth.certificate import certify, tolerances
from slth.constructions import Effective
from slth.networks import (
    Attention,
    Dense,
    Elementwise,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    Network,
    Residual,
    Softmax,
)
from slth.networks.layers.normalization import least_variance
from tests.attacked import attacked
from tests.spoiled import spoiled

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=30)


def some_attention(rng: np.random.Generator, d: int, d_out: int, size: float = 1.0) -> Attention:
    heads = int(rng.integers(1, 3))
    rows = {"query": heads * 2, "key": heads * 2, "value": heads * 2, "output": d_out}
    arrays = {n: size * rng.normal(size=(r, heads * 2 if n == "output" else d)) for n, r in rows.items()}
    arrays |= {f"{n}_bias": rng.normal(size=r) for n, r in rows.items() if rng.random() < 0.5}
    return Attention(**arrays, heads=heads, mask=str(rng.choice(["none", "causal"])))


def body(kind: str, rng: np.random.Generator, d: int) -> tuple[Layer, ...]:
    first = some_attention(rng, d, d)
    second = some_attention(rng, d, d, 0.5)
    norm = LayerNorm(rng.normal(size=d), rng.normal(size=d), 0.5)
    dense = Dense(rng.normal(size=(d, d)), rng.normal(size=d), "gelu")
    return {
        "attention": (first,),
        "twice": (first, second),
        "block": (Residual((norm, first)), Residual((norm, dense)), norm),
        "dense first": (dense, second),
        "post": (Residual((first,)), norm, Residual((dense,)), norm),
        "softmax": (first, Softmax()),
    }[kind]


@pytest.mark.parametrize("kind", ["attention", "twice", "block", "dense first", "post", "softmax"])
@pytest.mark.parametrize("domain", ["unit", "positive", "narrow", "ball"])
def test_the_bound_is_never_undercut(kind: str, domain: str) -> None:
    """Tickets far too narrow, so that errors are large, at lengths up to 8."""
    shares = []
    for seed in (0, 1, 3):  # softmax alone of one number is always right
        rng = np.random.default_rng([seed, len(kind), len(domain)])
        d = int(rng.integers(1, 4))
        target = Network(body(kind, rng, d), (None, d))
        centre = rng.normal(size=d)
        region: Any = {
            "unit": slth.Box(-np.ones(d), np.ones(d)),
            "positive": slth.Box(np.zeros(d), np.full(d, 2.0)),
            "narrow": slth.Box(centre - 0.01, centre + 0.02),
            "ball": slth.Ball(d, 1.5),
        }[domain]
        ticket = slth.approximate(target, int(rng.integers(2, 9)), domain=region, rng=seed)
        shares.append(attacked(ticket, target, rng, positions=(1, 2, 3, 8)))
    assert max(shares) > 1e-3, "an attack that never comes near proves nothing"


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5])
@pytest.mark.parametrize("kind", ["attention", "block"])
def test_spoiled_masks(kind: str, share: float) -> None:
    """Any masks of the shape of the construction: the certificate rests on them alone, not on how they were found."""
    for seed in range(2):
        rng = np.random.default_rng([seed, len(kind)])
        target = Network(body(kind, rng, 2), (None, 2))
        region = slth.Box(np.array([-1.0, 0.0]), np.array([1.0, 0.5]))
        good = slth.approximate(target, 10, domain=region, rng=seed)
        ticket = spoiled(good, target, rng, share)
        assert ticket.weight_error > good.weight_error
        attacked(ticket, target, rng, positions=(1, 3, 8))


def pieces_of(target: Network, off: dict[int, np.ndarray]) -> list[Effective]:
    """The target's own maps as what a ticket stands for, some matrices changed."""
    found = []
    for i, m in enumerate(target.linear):
        matrix = m.matrix + off.get(i, 0.0)
        bias = np.zeros(m.form.outputs) if m.bias is None else m.bias
        found.append(
            Effective(matrix, -matrix, bias, np.abs(matrix), np.abs(matrix), np.abs(bias), 3, m.scale, m.activation)
        )
    return found


@pytest.mark.parametrize("e", [1e-6, 0.01, 0.3, 1.0, 5.0])
def test_the_softmax_bound_is_attained(e: float) -> None:
    """Two opposite tokens whose scores move by e and -e: the average moves by 2 tanh(e / 2), and no bound can be lower.

    One number a position, scores a x_q x_k, values x_k: where the target's a is -e and the ticket's e, the odds of 1 against -1
    for the query 1 go from exp(-2 e) to exp(2 e), those are 2 e to either side of even.
    """
    one = np.ones((1, 1))
    target = Network((Attention(-e * one, one, one, one),), (None, 1))
    ticket = Network((Attention(e * one, one, one, one),), (None, 1))
    proven = certify(pieces_of(target, {0: 2 * e * one}), target, slth.Box([-1.0], [1.0]))
    x = np.array([[[1.0], [-1.0]]])
    found = float(np.abs(ticket(x) - target(x)).max())
    assert found == pytest.approx(2 * np.tanh(e), rel=1e-12)
    # scores move by at most 2 e
    assert found <= proven.error_bound == pytest.approx(2 * np.tanh(2 * e / 2), rel=1e-6, abs=1e-10)
    assert proven.layer_bounds[0] == pytest.approx(2 * e, rel=1e-6, abs=1e-10)
    lower = certify(pieces_of(target, {0: 1.9 * e * one}), target, slth.Box([-1.0], [1.0]))
    assert lower.error_bound < found, "a smaller error of the weight has to give a bound that this attack undercuts"


def test_errors_of_inputs_carried_by_scores() -> None:
    """Positions (u, v): u is off before the attention and asks and answers, v is exact and averaged: only scores carry the error.

    With s = a u_q u_k and u' = (1 + d) u the scores move by a (2 d + d^2) at the corners, which is the bound exactly.
    """
    a, d = 0.05, 3.0
    first, second = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    layers = Dense(np.eye(2), None, "identity"), Attention(a * first, first, second, np.ones((1, 1)))
    target = Network(layers, (None, 2))
    stretched = Network((Dense(np.diag([1 + d, 1.0]), None, "identity"), layers[1]), (None, 2))
    proven = certify(pieces_of(target, {0: np.diag([d, 0.0])}), target, slth.Box(-np.ones(2), np.ones(2)))
    e = a * (2 * d + d * d)
    assert proven.layer_bounds[1] == pytest.approx(e, rel=1e-6)
    assert proven.error_bound == pytest.approx(2 * np.tanh(e / 2), rel=1e-6)
    x = np.array([[[1.0, 1.0], [-1.0, -1.0]]])
    found = float(np.abs(target(x) - stretched(x)).max())
    assert 0.85 * proven.error_bound <= found <= proven.error_bound


@pytest.mark.parametrize("d", [2, 8])
def test_tokens_of_a_ball(d: int) -> None:
    """An error c v v^T of the scores, |v| = 1, is c at most for tokens of norm 1; two opposite tokens come within 6 % of the bound."""
    v, c = np.full((d, 1), d**-0.5), 0.5
    layer, other = (Attention(s * v.T, v.T, v.T, np.ones((1, 1))) for s in (1e-300, c))
    target, ticket = Network((layer,), (None, d)), Network((other,), (None, d))
    proven = certify(pieces_of(target, {0: c * v @ v.T}), target, slth.Ball(d, 1.0))
    assert proven.error_bound == pytest.approx(2 * np.tanh(c / 2), rel=1e-6)
    x = np.array([[v[:, 0], -v[:, 0]]]) * (1 - 1e-15)
    assert 0.94 * proven.error_bound <= float(np.abs(target(x) - ticket(x)).max()) <= proven.error_bound


def test_only_differences_between_keys_count() -> None:
    """Keys in a narrow box far from 0: the part of an error that all share vanishes in the softmax."""
    one = np.ones((1, 1))
    target = Network((Attention(one, one, one, one),), (None, 1))
    for centre in (0.0, 10.0, 1000.0):
        proven = certify(pieces_of(target, {0: 0.1 * one}), target, slth.Box([centre - 0.1], [centre + 0.1]))
        assert proven.layer_bounds[0] == pytest.approx(0.1 * (centre + 0.1) * 0.1, rel=1e-3)


def test_rounding_alone() -> None:
    """The same matrices in other factors: all errors are rounding, which the bound covers even where scores are huge."""
    rng = np.random.default_rng(0)
    for size in (1.0, 1e3, 1e6):
        layer = some_attention(rng, 3, 2, size)
        target = Network((layer,), (None, 3))
        parts = [
            (m.form.before(np.eye(3), None), m.form.widened(3).build(m.matrix, m.bias, m.scale)) for m in layer.maps
        ]
        other = Network(layer.form.assembled(parts), (None, 3))
        pieces = [
            Effective(m.matrix, -m.matrix, b, np.abs(m.matrix), np.abs(m.matrix), np.abs(b), 4, m.scale, m.activation)
            for m in layer.maps
            for b in [np.zeros(m.form.outputs) if m.bias is None else m.bias]
        ]
        proven = certify(pieces, target, slth.Box(-np.ones(3), np.ones(3)))
        x = rng.uniform(-1, 1, (2000, 4, 3))
        assert 0 < np.abs(other(x) - target(x)).max() <= proven.error_bound
        assert proven.weight_error <= 1e-15 * size**2


def test_rounding_of_what_vanishes() -> None:
    """Large biases of keys do nothing but round the scores away: the target's own error, which the bound has to hold."""
    one = np.ones((1, 1))
    with_bias = Network((Attention(one, one, one, one, key_bias=np.array([1e13])),), (None, 1))
    without = Network((Attention(one, one, one, one),), (None, 1))
    proven = certify(pieces_of(with_bias, {}), with_bias, slth.Box([-1.0], [1.0]))
    x = np.random.default_rng(0).uniform(-1, 1, (500, 3, 1))
    found = float(np.abs(with_bias(x) - without(x)).max())
    assert 1e-4 < found <= proven.error_bound < 1


@pytest.mark.parametrize("mask", ["none", "causal"])
def test_a_fixed_number_of_positions(mask: str) -> None:
    """Boxes of their own for every position, flattened into a dense layer, with the rounding of that length."""
    rng = np.random.default_rng(5)
    layer = Attention(*(rng.normal(size=(2, 2)) for _ in range(4)), mask=mask)
    target = Network((layer, Elementwise("tanh"), Flatten(), Dense(rng.normal(size=(2, 6)), None, "identity")), (3, 2))
    low = rng.normal(size=6)
    region = slth.Box(low, low + 0.5)
    for width in (4, 10, 24):
        ticket = slth.approximate(target, width, domain=region, rng=0)
        x = region.sample(rng, 2000).reshape(-1, 3, 2)
        assert 0 < ticket.error(x) <= ticket.error_bound
    fixed = slth.approximate(Network((layer,), (3, 2)), 40, rng=0)
    open_ended = slth.approximate(Network((layer,), (None, 2)), 40, rng=0)
    assert fixed.error_bound < open_ended.error_bound < fixed.error_bound + 1e-8  # rounding of 65,536 positions


def test_tokens() -> None:
    """An embedding is exact: the bound is over its rows, and only those of the domain."""
    rng = np.random.default_rng(3)
    table, places = rng.normal(size=(6, 3)), rng.normal(size=(4, 3))
    table[5] *= 100
    target = Network((Embedding(table, places), some_attention(rng, 3, 2)), (None,))
    ticket = slth.approximate(target, 6, rng=0)
    assert repr(ticket.domain) == "Box([0, 5]^1)"
    x = rng.integers(0, 6, (500, 4))
    assert 0 < ticket.error(x) <= ticket.error_bound
    few = slth.approximate(target, 6, rng=0, domain=(0, 4))
    assert few.error_bound < ticket.error_bound / 5
    assert 0 < few.error(x % 5) <= few.error_bound
    late = Network((Dense(np.ones((3, 1))), Flatten(), Embedding(table)), (1, 1))
    with pytest.raises(ValueError, match="takes tokens, but what comes before it is approximated"):
        slth.approximate(late, 6, rng=0)


@FIXED
@given(st.integers(0, 2**32), st.integers(1, 6), st.floats(1e-6, 3), st.sampled_from([1e-5, 1e-2, 1.0]))
def test_layer_norm(seed: int, d: int, width: float, epsilon: float) -> None:
    rng = np.random.default_rng(seed)
    layer = LayerNorm(rng.normal(size=d), rng.normal(size=d) if seed % 2 else None, epsilon)
    low = rng.normal(size=d) * 10 ** rng.uniform(-2, 2)
    high = low + width * rng.random(d)
    error = rng.random(d) * 10 ** rng.uniform(-8, 0)
    below, above = layer.interval(low, high)
    moved = layer.moved(error, low, high)
    share = rng.random((400, d))
    share[200:] = np.round(share[200:])
    x = low + share * (high - low)
    steps = np.where(rng.random((400, d)) < 0.5, -1, 1) * error
    y = layer(x)
    assert ((below <= y) & (y <= above)).all()
    assert (np.linalg.norm(y, axis=1) <= layer.norm).all()
    assert (np.abs(layer(x + steps) - y) <= moved).all()
    unbounded = layer.interval(np.full(d, -np.inf), np.full(d, np.inf))
    assert ((unbounded[0] <= below + 1e-9) & (above - 1e-9 <= unbounded[1])).all()
    assert (layer.moved(np.zeros(d), low, high) <= moved).all()


@FIXED
@given(st.integers(0, 2**32), st.integers(3, 5))
def test_layer_norm_tight(seed: int, d: int) -> None:
    """Small errors at a point: the bound is at most a small factor above what an attack finds."""
    rng = np.random.default_rng(seed)
    layer, x, error = LayerNorm(np.ones(d)), rng.normal(size=d), np.full(d, 1e-5)
    steps = np.array(np.meshgrid(*[[-1e-5, 1e-5]] * d)).reshape(d, -1).T
    found = np.abs(layer(x + steps) - layer(x[None])).max(axis=0)
    assert (found <= layer.moved(error, x, x)).all()
    assert layer.moved(error, x, x).max() <= 3 * d * max(found.max(), 1e-9)


def test_layer_norm_fills_a_ball() -> None:
    """What comes out of a normalisation has norm sqrt(d), far less than the box of its entries: errors of weights count accordingly."""
    rng = np.random.default_rng(0)
    d = 16
    region = slth.Box(np.full(d, -1.0), np.ones(d))
    scale, off = 2.0, 0.01 * rng.choice([-1, 1], (d, d))
    dense = Network((LayerNorm(np.full(d, scale)), Dense(np.zeros((d, d)), None, "identity")), (None, d))
    piece = Effective(off, -off, np.zeros(d), np.abs(off), np.abs(off), np.zeros(d), d, 1.0, "identity")
    proven = certify([piece], dense, region).error_bound
    # |x| |row| = scale sqrt(d) 0.01 sqrt(d), attained up to the mean of a row's signs
    assert proven == pytest.approx(scale * d * 0.01, rel=1e-6)
    x = np.concatenate([off, -off])[:, None] * 100
    found = float(np.abs(dense.layers[0](x) @ off.T).max())
    assert 0.9 * proven <= found <= proven
    # the same for what a dense layer makes of it, and errors there
    after = Network(
        (dense.layers[0], Dense(off, None, "identity"), Dense(np.zeros((1, d)), None, "identity")), (None, d)
    )
    last = np.eye(d)[:1]
    pieces = [piece, Effective(last, -last, np.zeros(1), last, last, np.zeros(1), 1, 1.0, "identity")]
    assert 0.9 * proven <= certify(pieces, after, region).error_bound <= proven * (1 + 1e-9)
    one = np.eye(d) * 1e-3
    attended = Network((LayerNorm(np.full(d, scale)), Attention(one, one, one, one)), (None, d))
    bounds = certify(pieces_of(attended, {0: 1e3 * off}), attended, region).layer_bounds
    assert bounds[0] <= attended.linear[0].scale * scale**2 * d * d * 10 * 1.001  # |x|^2 times the norm of the matrix


def test_layer_norm_rounding() -> None:
    """Against extended precision, where it has more digits: no more is lost than the bound allows for."""
    rng = np.random.default_rng(0)
    for size, offset in ((1.0, 0.0), (1e-3, 1e3), (1.0, 1e8), (1e-9, 1.0)):
        layer = LayerNorm(np.ones(5))
        x = offset + size * rng.normal(size=(300, 5))
        wide = x.astype(np.longdouble)
        centred = wide - wide.mean(axis=1, keepdims=True)
        exact = centred / np.sqrt((centred * centred).mean(axis=1, keepdims=True) + np.longdouble(1e-5))
        off = np.abs(layer(x) - exact.astype(np.float64))
        for row in range(0, 300, 30):
            assert (off[row] <= layer.moved(np.zeros(5), x[row], x[row])).all()


@FIXED
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_least_variance(seed: int, d: int) -> None:
    """Below the variance of every point of the box, and at most a little below the smallest that a search finds."""
    rng = np.random.default_rng(seed)
    low = rng.normal(size=d)
    high = low + rng.random(d) * 10 ** rng.uniform(-3, 1)
    bound = float(least_variance(low, high)[0])
    x = low + rng.random((500, d)) * (high - low)
    assert bound <= x.var(axis=1).min() * (1 + 1e-12)
    # the nearest points of the box to (m, ..., m), for m on a grid
    clipped = np.clip(np.linspace(low.min(), high.max(), 4001)[:, None], low, high)
    found = clipped.var(axis=1).min()
    assert bound <= found * (1 + 1e-12)
    assert found - bound <= 1e-5 * (high.max() - low.min()) ** 2 + 1e-12


@FIXED
@given(st.integers(0, 2**32), st.integers(1, 6), st.floats(1e-9, 30))
def test_softmax(seed: int, d: int, width: float) -> None:
    rng = np.random.default_rng(seed)
    layer = Softmax()
    low = rng.normal(size=d) * 10 ** rng.uniform(-2, 2)
    high = low + width * rng.random(d)
    error = rng.random(d) * 10 ** rng.uniform(-8, 1)
    below, above = layer.interval(low, high)
    moved = layer.moved(error, low, high)
    share = rng.random((400, d))
    share[200:] = np.round(share[200:])
    x = low + share * (high - low)
    steps = np.where(rng.random((400, d)) < 0.5, -1, 1) * error
    y = layer(x)
    slack = layer.rounded((d,)) * 2.0**-53 * (np.abs(x).max() + 1)
    assert ((below - slack <= y) & (y <= above + slack)).all()
    assert (np.abs(layer(x + steps) - y) <= moved).all()
    assert (moved <= 1 + 1e-9).all()
    ends = layer.interval(np.full(d, -np.inf), np.full(d, np.inf))
    assert ((ends[0] <= below) & (above <= ends[1])).all()


def test_softmax_tight() -> None:
    for e in (1e-4, 0.1, 2.0):
        moved = Softmax().moved(np.full(2, e), np.array([-e, e]), np.array([-e, e]))
        found = np.abs(Softmax()(np.array([[0.0, 0.0]])) - Softmax()(np.array([[-e, e]]))).max()
        assert found <= moved.min()
        even = Softmax().moved(np.full(2, e), np.array([-e / 2, e / 2]) * 2, np.array([-e / 2, e / 2]) * 2)
        assert even.max() <= np.tanh(e / 2) * (1 + 1e-6)


def test_tolerances_keep_to_the_budget() -> None:
    """Matrices off by just the tolerance everywhere stay within epsilon."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        target = Network(body(["attention", "twice", "dense first"][seed % 3], rng, 2), (None, 2))
        region = slth.Box(-np.ones(2), np.ones(2))
        for epsilon in (1.0, 1e-3):
            allowed = tolerances(target, region, epsilon)
            signs = np.random.default_rng(seed)
            off = {
                i: tau / m.scale * np.where(signs.random(m.matrix.shape) < 0.5, -1, 1)
                for i, (tau, m) in enumerate(zip(allowed, target.linear, strict=True))
                if not m.form.rectified
            }
            pieces = pieces_of(target, off)
            bound = certify(pieces, target, region).error_bound
            assert 1e-3 * epsilon < bound <= epsilon


def test_refused() -> None:
    rng = np.random.default_rng(0)
    layer = some_attention(rng, 3, 2)
    target = Network((layer,), (None, 3))
    with pytest.raises(ValueError, match="domain must have the input dimension of the network, 3"):
        slth.approximate(target, 6, domain=slth.Ball(6))
    with pytest.raises(ValueError, match="the domain has dimension 6, the target takes 3 numbers"):
        certify(pieces_of(target, {}), target, slth.Ball(6))
    image = Network((slth.networks.Conv2d(np.ones((1, 2, 3, 3))),), (2, None, None))
    with pytest.raises(ValueError, match="only the number of positions of a sequence may be open"):
        slth.approximate(image, 4)
