"""Any function of JAX: the same search as in a network of slth, and a transformer block."""

from pathlib import Path

import numpy as np
import pytest

from slth import search
from slth.search.flat import Flat
from slth.search.models import read_model
from tests.search.tasks import digits, source

jax = pytest.importorskip("jax")


def two_layers(parameters: dict[str, object], x: object) -> object:
    hidden = jax.numpy.maximum(x @ parameters["0"]["weight"].T, 0)
    return hidden @ parameters["1"]["weight"].T


def parameters(seed: int = 0) -> dict[str, object]:
    return {str(i): {"weight": layer.weight} for i, layer in enumerate(source(24, seed).layers)}


def test_gradients_are_those_of_the_network() -> None:
    objective, net = digits(), source(24)
    mine, theirs = read_model(net).oracle(), search.JaxFunction(two_layers, parameters()).oracle()
    flat = Flat.of(net)
    one, other = np.empty_like(flat.values), np.empty_like(flat.values)
    x, labels = objective.inputs[:32], objective.wanted[:32]
    values = [
        oracle.gradient(flat.views(flat.values), x, labels, objective.loss, flat.views(into))
        for oracle, into in ((mine, one), (theirs, other))
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-5)
    # weights of one size cancel: a neuron at just 0 may have either slope
    assert np.median(np.abs(one - other)) < 1e-6
    assert np.allclose(mine.outputs(flat.views(flat.values), x), theirs.outputs(flat.views(flat.values), x), atol=1e-4)


def test_a_search_in_a_function() -> None:
    objective = digits()
    found = search.find(search.JaxFunction(two_layers, parameters()), objective, density=0.5, epochs=20, rng=0)
    assert found.accuracy > 0.7
    assert found.kept == round(0.5 * 64 * 24) + round(0.5 * 240)
    x = objective.held_out.astype(float)
    assert (found(x).argmax(axis=1) == objective.held_out_wanted).mean() == pytest.approx(found.accuracy)


def test_what_is_found_in_a_function_is_saved_without_its_code(tmp_path: Path) -> None:
    function, path = search.JaxFunction(two_layers, parameters()), tmp_path / "found.npz"
    found = search.find(function, digits(), density=0.5, steps=3, method="sign-search", rng=0)
    found.save(path)
    again = search.load(path, function=function)
    assert again.summary() == found.summary()
    assert all((again.mask[name] == mask).all() for name, mask in found.mask.items())
    x = digits().held_out
    assert (again(x) == found(x)).all()
    with pytest.raises(ValueError, match=r"no result.*code is not in the file; give function="):
        search.load(path)
    with pytest.raises(ValueError, match="the function given has other parameters"):
        search.load(path, function=search.JaxFunction(two_layers, parameters(1)))
    search.find(source(8), digits(), density=0.5, method="random", rng=0).save(path)
    with pytest.raises(ValueError, match="of a search in a network; leave out function="):
        search.load(path, function=function)


def block(p: dict[str, object], x: object) -> object:
    """One head of attention over 8 tokens of 8 numbers, with a residual and a norm that is not pruned."""
    tokens = x.reshape(-1, 8, 8)
    q, k, v = (tokens @ p[name] for name in ("query", "key", "value"))
    scores = jax.nn.softmax(q @ k.transpose(0, 2, 1) / np.sqrt(8), axis=-1)
    mixed = tokens + scores @ v
    normed = p["gain"] * (mixed - mixed.mean(-1, keepdims=True)) / (mixed.std(-1, keepdims=True) + 1e-5)
    return normed.reshape(-1, 64) @ p["head"]


def test_a_transformer_block() -> None:
    random = np.random.default_rng(0)
    p = {name: random.normal(size=(8, 8)) / np.sqrt(4) for name in ("query", "key", "value")}
    p |= {"gain": np.ones(8), "head": random.normal(size=(64, 10)) * np.sqrt(2 / 64)}
    function = search.JaxFunction(block, p, masked=lambda name: name != "gain")
    found = search.find(function, digits(), density=0.5, epochs=30, rng=0)
    by_chance = search.find(function, digits(), density=0.5, method="random", rng=0)
    assert "gain" not in found.mask
    assert found.accuracy > by_chance.accuracy + 0.3
    assert (found.network.parameters["gain"] == 1).all()


def test_refuses_what_is_no_array() -> None:
    with pytest.raises(TypeError, match="a must hold real numbers"):
        search.JaxFunction(two_layers, {"a": "text"})
    with pytest.raises(ValueError, match="masked leaves none"):
        search.JaxFunction(two_layers, parameters(), masked=lambda name: False)
