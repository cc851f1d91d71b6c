"""Attention in a random network (Otsuka et al. 2025): nothing trained, masks as said, matrices close, and closer with the width."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
from slth.constructions import get
from slth.networks import Attention, Dense, Embedding, LayerNorm, Network, Residual
from slth.ticket import VerificationError
from tests.reference import merged

BIASES = ("query_bias", "key_bias", "value_bias", "output_bias")


def some(
    seed: int = 0, *, d: int = 3, heads: int = 2, d_out: int = 2, bias: bool = True, mask: str = "none"
) -> Attention:
    rng = np.random.default_rng(seed)
    rows = {"query": heads * 2, "key": heads * 2, "value": heads * 3, "output": d_out}
    arrays = {name: rng.normal(size=(n, heads * 3 if name == "output" else d)) / 2 for name, n in rows.items()}
    if bias:
        arrays |= {f"{name}_bias": rng.normal(size=n) / 2 for name, n in rows.items()}
    return Attention(**arrays, heads=heads, mask=mask)


def alone(layer: Attention, positions: int | None = None) -> Network:
    return Network((layer,), (positions, layer.d_in))


def block(d: int = 4, seed: int = 0, mask: str = "causal") -> tuple[Residual, Residual]:
    """A transformer block with the normalisation before each part."""
    rng = np.random.default_rng(seed)
    g = lambda *shape: rng.normal(size=shape) / np.sqrt(shape[-1])  # noqa: E731
    up, down = Dense(g(2 * d, d), g(2 * d), "gelu"), Dense(g(d, 2 * d), g(d), "identity")
    return (
        Residual((LayerNorm(1 + 0.1 * g(d), g(d), 0.1), some(seed, d=d, d_out=d, mask=mask))),
        Residual((LayerNorm(1 + 0.1 * g(d), g(d), 0.1), up, down)),
    )


def test_nothing_is_trained() -> None:
    """Every weight is that of the source or 0, in the place it was drawn for."""
    target = alone(some())
    ticket = slth.approximate(target, 12, rng=3)
    (layer,) = ticket.network.layers
    hidden = 12 * 3
    assert ticket.source.shapes == ((hidden, 3), (4, hidden), (hidden, 3), (2, hidden)) * 2
    assert ticket.source.bias == (0, 0, hidden, 2, 0, 0, 0, 0)
    for h in range(2):
        key, query, value, output = (ticket.source.weight(4 * h + i) * ticket.weight_mask(4 * h + i) for i in range(4))
        np.testing.assert_array_equal(layer.head("key", h), key)
        np.testing.assert_array_equal(layer.head("query", h), query[:3].T)
        np.testing.assert_array_equal(layer.head_bias("query", h), query[3])
        np.testing.assert_array_equal(layer.head("value", h), value)
        np.testing.assert_array_equal(layer.head("output", h), output)
        for inner in (key, value):
            assert (np.count_nonzero(inner, axis=1) <= 1).all()
    assert layer.key_bias is None
    own = ticket.source.bias_vector(3)
    np.testing.assert_array_equal(layer.output_bias, own * ticket.masks.biases[3])
    constants = ticket.source.bias_vector(2) * ticket.masks.biases[2]
    np.testing.assert_array_equal(layer.head_bias("value", 0), constants)
    assert not layer.head_bias("value", 1).any()
    # a hidden dimension is a constant or takes one input
    assert not (constants[layer.head("value", 0).any(axis=1)]).any()
    assert (constants < 0).any(), "without a ReLU a negative bias is as good a constant as any"
    assert (*layer.score_scale, *layer.value_scale) == tuple(ticket.scales[i] for i in (0, 2, 1, 3))
    assert layer.kept == ticket.kept
    # the biases of the values of all heads but the first are no part of the random network
    assert layer.size == ticket.size + hidden


@pytest.mark.parametrize("mask", ["none", "causal"])
@pytest.mark.parametrize("bias", [True, False])
def test_the_matrices_it_stands_for(mask: str, bias: bool) -> None:
    """What the pruned network amounts to, exactly, against the target's matrices and the certificate."""
    layer = some(1, bias=bias, mask=mask)
    target = alone(layer)
    ticket = slth.approximate(target, 16, rng=1)
    (made,) = ticket.network.layers
    effective = ticket.effective()
    errors = []
    for h in range(2):
        found = merged.scores(made.query, made.key, made.query_bias, 2, h, made.score_factor(h))
        wanted = merged.scores(layer.query, layer.key, layer.query_bias, 2, h, layer.score_factor(h))
        errors.append(_off(found, wanted))
        assert _off(found, effective[2 * h].scale * effective[2 * h].positive) < 1e-14
        np.testing.assert_array_equal(effective[2 * h].negative, -effective[2 * h].positive)
        found = merged.values(made.value, made.output, 2, h, made.value_factor(h))
        errors.append(_off(found, merged.values(layer.value, layer.output, 2, h, layer.value_factor(h))))
        assert _off(found, effective[2 * h + 1].scale * effective[2 * h + 1].positive) < 1e-14
    if bias:
        own = merged.bias(made.value_bias, made.output, made.output_bias, 2, made.value_scale)
        wanted_bias = merged.bias(layer.value_bias, layer.output, layer.output_bias, 2, (1.0, 1.0))
        errors[1] = max(errors[1], _off([own], [wanted_bias]))
    assert ticket.certificate.layer_weight_errors == pytest.approx(errors, rel=1e-6)
    assert ticket.weight_error == max(ticket.certificate.layer_weight_errors) < 2e-3
    x = np.random.default_rng(0).uniform(-1, 1, (300, 6, 3))
    assert 0 < ticket.error(x) <= ticket.error_bound < 0.02


def _off(found: Any, wanted: Any) -> float:
    return max(abs(float(y) - float(z)) for rows in zip(found, wanted, strict=True) for y, z in zip(*rows, strict=True))


def test_biases_of_keys_cost_nothing() -> None:
    layer = some(2)
    arrays = {name: array for name, array in layer.arrays.items() if name != "key_bias"}
    one, two = (
        slth.approximate(alone(attention), 10, rng=0)
        for attention in (layer, Attention(**arrays, heads=2))
    )  # fmt: skip
    for mine, theirs in zip(one.masks.weights, two.masks.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert one.error_bound == pytest.approx(two.error_bound, rel=1e-9)


def test_error_falls_exponentially_with_the_hidden_dimensions() -> None:
    """As the source's experiment, one head, 2 numbers in and 1 out: a line through log(error) against n_K = 2 width.

    Published: 0.8 exp(-0.06 n_K). Every candidate halves the error of a weight, so that a matrix of 4 weights falls like 2^(-n_K / 2)
    up to a factor; 20 sources a width, fixed seeds.
    """
    layer = some(4, heads=1, d=2, d_out=1, bias=False)
    target = alone(layer)
    x = np.random.default_rng(0).uniform(-1, 1, (200, 8, 2))
    widths = np.arange(4, 21, 4)
    errors = [
        np.mean([slth.approximate(target, int(width), rng=seed).error(x) for seed in range(20)]) for width in widths
    ]
    slope = np.polyfit(2 * widths, np.log(errors), 1)[0]
    assert slope < -0.2, f"exp({slope:.3f} n_K)"
    assert (np.diff(np.log(errors)) < -1).all()


@pytest.mark.parametrize("positions", [None, 5])
@pytest.mark.parametrize("tokens", [False, True])
def test_a_transformer_block(positions: int | None, tokens: bool, tmp_path: Path) -> None:
    """Approximated, saved, loaded and verified; normalisation, GELU and embedding stay as they are."""
    rng = np.random.default_rng(7)
    first = (Embedding(rng.normal(size=(9, 4)), rng.normal(size=(8, 4))),) if tokens else ()
    head = (LayerNorm(np.ones(4)), Dense(rng.normal(size=(3, 4)) / 2, None, "identity"))
    target = Network((*first, *block(), *head), (positions,) if tokens else (positions, 4))
    ticket = slth.approximate(target, 36, rng=1)
    assert ticket.domain.d == (positions or 1) * (1 if tokens else 4)
    assert (ticket.domain.lower[0], ticket.domain.upper[0]) == ((0, 8) if tokens else (-1, 1))
    inputs = [
        rng.integers(0, 9, (50, n)) if tokens else rng.uniform(-1, 1, (50, n, 4))
        for n in ([positions] if positions else [1, 3, 8])
    ]
    assert all(0 < ticket.error(x) <= ticket.error_bound for x in inputs)
    kinds = [layer.kind for layer in ticket.network.layers]
    assert kinds == ["embedding"] * tokens + ["residual", "residual", "layer-norm", "dense", "dense"]
    mine, theirs = ticket.network.layers[tokens], target.layers[tokens]
    np.testing.assert_array_equal(mine.body[0].weight, theirs.body[0].weight)

    ticket.save(tmp_path / "t.npz")
    loaded = slth.load(tmp_path / "t.npz")
    for x in inputs:
        np.testing.assert_array_equal(loaded(x), ticket(x))
    verified = loaded.verify(target)
    assert verified.certificate == ticket.certificate
    other = replace(some(0, d=4, d_out=4, mask="causal"), output_bias=np.zeros(4))
    changed = Network(
        (*target.layers[:tokens], Residual((theirs.body[0], other)), *target.layers[tokens + 1 :]), target.input_shape
    )
    with pytest.raises(VerificationError, match="not the network the ticket was made for"):
        loaded.verify(changed)
    ticket.plot()


@pytest.mark.parametrize("mask", ["none", "causal"])
def test_a_budget_is_kept(mask: str) -> None:
    target = Network((*block(mask=mask), Dense(np.ones((1, 4)) / 4, None, "identity")), (None, 4))
    x = np.random.default_rng(0).uniform(-1, 1, (200, 5, 4))
    kept = []
    for epsilon in (10.0, 1.0, 0.1):
        ticket = slth.approximate(target, 36, epsilon=epsilon, rng=0)
        assert ticket.error(x) <= ticket.error_bound <= epsilon
        kept.append(ticket.kept)
    assert kept == sorted(kept)
    with pytest.raises(slth.EpsilonError, match="use width=") as refused:
        slth.approximate(alone(some(mask=mask)), 8, epsilon=1e-3)
    width = refused.value.width
    assert width is not None
    assert slth.approximate(alone(some(mask=mask)), width, epsilon=1e-3, rng=0).error_bound <= 1e-3


@pytest.mark.parametrize(
    "construction", ["best-product", "malach", "orseau", "fixed-size(3)", "n-of-m(1, 3)", "partly-frozen(0.25)"]
)
def test_every_rule_serves_attention(construction: str) -> None:
    target = alone(some(bias=False))
    ticket = slth.approximate(target, 18, construction=construction, rng=0)
    x = np.random.default_rng(0).uniform(-1, 1, (100, 5, 3))
    assert ticket.error(x) <= ticket.error_bound
    if construction == "fixed-size(3)":
        for layer in (1, 3, 5, 7):
            assert (ticket.weight_mask(layer).sum(axis=1) == 9).all()


def test_widths() -> None:
    target = alone(some())
    ticket = slth.approximate(target, [8, 12, 8, 12], rng=0)
    (layer,) = ticket.network.layers
    assert layer.key.shape == (2 * 8 * 3, 3)
    assert layer.value.shape == (2 * 12 * 3, 3)
    with pytest.raises(ValueError, match=r"equally many hidden dimensions, got \(24, 27\) for the scores"):
        slth.approximate(target, [8, 12, 9, 12], rng=0)
    with pytest.raises(ValueError, match="one for each of the 4 target layers, got 1"):
        slth.approximate(target, [8], rng=0)


def test_sources_of_other_targets_are_refused() -> None:
    target = alone(some())
    ticket = slth.approximate(target, 6, rng=0)
    method = get("two-layer")
    method.check(ticket.source, target.skeleton)
    for other in (
        some(heads=1),
        some(heads=4),
        some(d=4),
        some(d_out=3),
        some(bias=False),
        Attention(**some().arrays | {"query_bias": None}, heads=2),
    ):
        with pytest.raises(ValueError, match=r"two random layers for each|do not stand for layer"):
            method.check(ticket.source, alone(other).skeleton)
    uneven = replace(ticket.source, shape=((18, 3), (4, 18), (18, 3), (2, 18), (21, 3), (4, 21), (18, 3), (2, 18)))
    with pytest.raises(ValueError, match="equally many hidden dimensions"):
        method.check(uneven, target.skeleton)


def test_every_sign_serves_every_weight() -> None:
    """Linear hidden dimensions need no halves: all of a block are candidates of its input's weights."""
    target = alone(some(bias=False))
    dims = slth.approximate(target, 20, rng=0)
    relu = slth.approximate(Network((Dense(some().query),)), 40, rng=0)
    x = np.random.default_rng(0).uniform(-1, 1, (50, 4, 3))
    assert dims.weight_error < 1e-3
    assert relu.weight_error < 1e-3
    assert dims.error(x) < 1e-3
