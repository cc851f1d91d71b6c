"""The two linear maps of each head of `Attention`: what they are, and that they are all that matters."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import slth
from slth.networks import Attention, Dense, Flatten, Residual
from slth.networks.layers import AttentionForm, DenseForm
from slth.networks.layers.merged import Merged
from tests.reference import merged

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)


def some(seed: int, *, heads: int = 2, d: int = 3, scaled: bool = False, **missing: Any) -> Attention:
    rng = np.random.default_rng(seed)
    d_key, d_value, d_out = rng.integers(1, 4, 3)
    rows = {"query": heads * d_key, "key": heads * d_key, "value": heads * d_value, "output": d_out}
    arrays = {name: rng.normal(size=(n, heads * d_value if name == "output" else d)) for name, n in rows.items()}
    arrays |= {f"{name}_bias": rng.normal(size=n) for name, n in rows.items()}
    scales = {name: tuple(rng.uniform(0.2, 3, heads)) for name in ("score_scale", "value_scale")} if scaled else {}
    mask = "causal" if seed % 2 else "none"
    return Attention(**arrays | {"heads": heads, "mask": mask} | scales | missing)


def twins(layer: Attention) -> tuple[list[merged.Matrix], list[merged.Matrix], list[Fraction]]:
    heads = layer.heads
    value_factors = layer.value_scale or (1.0,) * heads
    score_factors = layer.score_scale or (1 / np.sqrt(len(layer.query) // heads),) * heads
    return (
        [merged.scores(layer.query, layer.key, layer.query_bias, heads, h, score_factors[h]) for h in range(heads)],
        [merged.values(layer.value, layer.output, heads, h, value_factors[h]) for h in range(heads)],
        merged.bias(layer.value_bias, layer.output, layer.output_bias, heads, value_factors),
    )


BIASES = st.fixed_dictionaries(
    {f"{name}_bias": st.booleans() for name in ("query", "key", "value", "output")}
).map(lambda given: {name: None for name, there in given.items() if not there})  # fmt: skip


@FIXED
@given(st.integers(0, 2**32), st.integers(1, 3), st.booleans(), BIASES)
def test_the_maps_are_the_products(seed: int, heads: int, scaled: bool, missing: dict[str, None]) -> None:
    layer = some(seed, heads=heads, scaled=scaled, **missing)
    a, b, added = twins(layer)
    maps = layer.maps
    assert len(maps) == 2 * heads == len(layer.form.forms)
    for h in range(heads):
        for found, expected in ((maps[2 * h], a[h]), (maps[2 * h + 1], b[h])):
            assert found.form == layer.form.forms[2 * h + (found is maps[2 * h + 1])]
            assert not found.form.rectified
            off = np.array([[float(Fraction(float(y)) * Fraction(found.scale) - z) for y, z in zip(*rows, strict=True)]
                            for rows in zip(found.matrix, expected, strict=True)])  # fmt: skip
            assert (np.abs(off) <= (found.roundings + 4) * 2.0**-53 * found.scale * found.gain + 1e-300).all()
    assert (maps[1].bias is not None) == bool({"value_bias", "output_bias"} - missing.keys())
    assert all(m.bias is None for i, m in enumerate(maps) if i != 1)
    if maps[1].bias is not None:
        off_bias = [
            float(Fraction(float(y)) * Fraction(maps[1].scale) - z) for y, z in zip(maps[1].bias, added, strict=True)
        ]
        assert (np.abs(off_bias) <= (maps[1].roundings + 8) * 2.0**-53 * maps[1].scale * maps[1].bias_gain).all()


@FIXED
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 4), st.booleans(), BIASES)
def test_the_maps_are_all_that_matters(
    seed: int, heads: int, positions: int, scaled: bool, missing: dict[str, None]
) -> None:
    layer = some(seed, heads=heads, scaled=scaled, **missing)
    x = np.random.default_rng(seed).normal(size=(positions, 3))
    expected = merged.attended(x, *twins(layer), layer.mask == "causal")
    np.testing.assert_allclose(layer(x[None])[0], expected, rtol=1e-10, atol=1e-11)


@FIXED
@given(st.integers(0, 2**32), st.booleans(), BIASES)
def test_the_biases_of_keys_do_nothing(seed: int, scaled: bool, missing: dict[str, None]) -> None:
    layer = some(seed, scaled=scaled, **missing)
    without = some(seed, scaled=scaled, **missing | {"key_bias": None})
    x = np.random.default_rng(seed).normal(size=(2, 5, 3))
    np.testing.assert_allclose(layer(x), without(x), rtol=1e-11, atol=1e-12)
    assert layer.form == without.form


def pair(form: DenseForm, inner: np.ndarray, outer: np.ndarray, bias: np.ndarray | None, scale: float) -> Any:
    return form.before(inner, None), form.widened(len(inner)).build(outer, bias, scale)


@pytest.mark.parametrize("seed", range(4))
def test_put_together_from_pairs(seed: int) -> None:
    """Any factors of the merged matrices give the same layer: here the trivial ones, inner = identity."""
    layer = some(seed, scaled=seed > 1)
    parts = [pair(m.form, np.eye(3), m.matrix, m.bias, m.scale) for m in layer.maps]
    (made,) = layer.form.assembled(parts)
    assert isinstance(made, Attention)
    assert made.form == layer.form
    assert made.score_scale == tuple(m.scale for m in layer.maps[::2])
    x = np.random.default_rng(seed).normal(size=(2, 4, 3))
    np.testing.assert_allclose(made(x), layer(x), rtol=1e-10, atol=1e-11)
    for name in ("key", "value"):
        np.testing.assert_array_equal(getattr(made, name), np.tile(np.eye(3), (2, 1)))


def test_inside_a_network() -> None:
    layer = some(1)
    d_out = layer.d_out
    dense = Dense(np.ones((2, d_out)), None, "relu")
    block = Residual((layer, Dense(np.ones((3, d_out)), np.ones(3), "gelu")))
    network = slth.Network((block, layer, dense), (None, 3))
    forms = layer.form.forms
    assert network.forms == (*forms, DenseForm(3, d_out, True, "gelu"), *forms, dense.form)
    assert [m.form for m in network.linear] == list(network.forms)
    skeleton = network.skeleton
    assert skeleton.forms == network.forms
    assert skeleton.linear == ()
    assert skeleton.size == 0
    assert skeleton.mapped == (layer.form, block.body[1].form, layer.form, dense.form)
    assert skeleton.shapes == network.shapes

    def rebuilt(at: int) -> Any:
        found = network.linear[at]
        if isinstance(found, Merged):
            return pair(found.form, np.eye(3), found.matrix, found.bias, found.scale)
        return (found,)

    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    for made in (network.with_linear(rebuilt), skeleton.with_linear(rebuilt)):
        assert [layer.kind for layer in made.layers] == ["residual", "attention", "dense"]
        np.testing.assert_allclose(made(x), network(x), rtol=1e-9, atol=1e-9)


def test_travels(tmp_path: Path) -> None:
    """Scales survive pickles and files bit for bit; forms too."""
    layer = some(3, scaled=True)
    network = slth.Network((layer,), (None, 3))
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    network.save(tmp_path / "n.npz")
    read = slth.Network.read(tmp_path / "n.npz")
    for other in (read, pickle.loads(pickle.dumps(network))):
        assert other.layers[0].score_scale == layer.score_scale
        assert other.layers[0].value_scale == layer.value_scale
        np.testing.assert_array_equal(other(x), network(x))
    assert len(network.linear) == 4  # now cached, and pickled
    (again,) = pickle.loads(pickle.dumps(network)).layers
    for mine, theirs in zip(pickle.loads(pickle.dumps(network)).linear + again.maps, layer.maps * 2, strict=True):
        for name in ("weight", "bias", "gain", "bias_gain", "scale", "roundings", "form"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))
    network.skeleton.save(tmp_path / "s.npz")
    assert slth.Network.read(tmp_path / "s.npz").layers == (layer.form,)
    assert "score scale" in repr(layer)


def test_domains_of_sequences() -> None:
    layer = some(1)
    assert slth.Network((layer,), (None, 3)).coordinates == 3
    assert slth.Network((layer,), (5, 3)).coordinates == 15
    assert slth.Network((layer,), (5, 3)).usual == (-1.0, 1.0)
    tokens = slth.networks.Embedding(np.ones((7, 3)))
    assert slth.Network((tokens, layer), (None,)).coordinates == 1
    assert slth.Network((tokens, layer), (5,)).coordinates == 5
    assert slth.Network((tokens, layer), (5,)).usual == (0.0, 6.0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"score_scale": (1.0,)}, ValueError, "score_scale must hold one number for each of the 2 heads, got 1"),
        ({"value_scale": (1.0, 0.0)}, ValueError, "value_scale must be"),
        ({"value_scale": (1.0, np.nan)}, ValueError, "value_scale"),
    ],
)
def test_scales_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        some(1, **arguments)


def test_forms_refused() -> None:
    form = AttentionForm(2, 3, 2)
    with pytest.raises(TypeError, match="has no weights"):
        form.evaluate(np.zeros((1, 2, 3)))
    with pytest.raises(ValueError, match="two linear layers for each of its 4 maps"):
        form.assembled([(Dense(np.ones((3, 3))),)] * 4)
    with pytest.raises(ValueError, match="two linear layers for each of its 4 maps"):
        form.assembled([(Flatten(), Flatten())] * 4)
    narrow, wide = (pair(form.forms[0], np.ones((n, 3)), np.ones((3, n)), None, 1.0) for n in (3, 6))
    values = pair(form.forms[1], np.ones((3, 3)), np.ones((2, 3)), None, 1.0)
    with pytest.raises(ValueError, match=r"equally many hidden dimensions, got \(3, 6\) for the scores"):
        form.assembled([narrow, values, wide, values])
    with pytest.raises(ValueError, match="unknown mask"):
        AttentionForm(2, 3, 2, mask="future")
    with pytest.raises(ValueError, match="heads must be >= 1"):
        AttentionForm(2, 3, 0)
    with pytest.raises(ValueError, match="heads must be at most 16,384, got 1,000,000,000"):
        AttentionForm(2, 3, 10**9)
    with pytest.raises(ValueError, match=r"takes \(positions, 3\), got shape \(3,\)"):
        form.output_shape((3,))


@pytest.mark.parametrize("block", [1, 5, 1 << 21])
def test_maps_made_and_taken_apart_by_rows(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What bounds the rounding of a merged matrix goes with its rows."""
    monkeypatch.setattr("slth.networks.layers.merged._BLOCK", block)
    layer = some(3, d=5)
    for merged_map in layer.maps:
        whole = merged_map.matrix
        here = slice(len(whole) // 2, len(whole))
        part = merged_map.of_outputs(here)
        assert type(part) is Merged
        assert (part.roundings, part.scale) == (merged_map.roundings, merged_map.scale)
        np.testing.assert_array_equal(part.matrix, whole[here])
        np.testing.assert_array_equal(part.gain, merged_map.gain[here])
        np.testing.assert_array_equal(part.bias_gain, merged_map.bias_gain[here])
    queries, keys = layer.head("query", 1), layer.head("key", 1)
    stacked = np.column_stack([queries, layer.head_bias("query", 1)])
    np.testing.assert_allclose(layer.maps[2].matrix, stacked.T @ keys, rtol=1e-13)
    np.testing.assert_allclose(layer.maps[2].gain, np.abs(stacked).T @ np.abs(keys), rtol=1e-13)
