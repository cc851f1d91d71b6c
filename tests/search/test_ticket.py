"""From what a search has found to a ticket, and back from its file."""

from __future__ import annotations

import doctest
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import slth
from slth import search
from slth.networks import RandomSource
from slth.search import result as result_module
from tests.search.tasks import digits

TARGET = slth.Network.random([2, 3, 1], rng=0)
SOURCE = RandomSource(3, "binary", (2, 24, 1), (True, False))
IMITATION = search.imitation(TARGET, domain=(0, 1), count=256, rng=0)


@pytest.fixture(scope="module")
def result() -> search.SearchResult:
    return search.edge_popup(SOURCE, IMITATION, density=0.5, epochs=5, scale="kaiming", rng=0)


def test_the_example() -> None:
    """Edge-popup and a construction at equal kept weights."""
    tried = doctest.testmod(result_module)
    assert tried.attempted >= 9
    assert not tried.failed


def test_the_ticket_is_the_pruned_network(result: search.SearchResult) -> None:
    ticket = result.ticket()
    assert ticket.source is SOURCE
    assert (ticket.kept, ticket.size) == (result.kept, result.size)
    for mine, theirs in zip(ticket.network.layers, result.network.layers, strict=True):
        assert np.array_equal(mine.weight, theirs.weight)
        assert (mine.bias is None) == (theirs.bias is None)
        assert mine.bias is None or np.array_equal(mine.bias, theirs.bias)
        assert (mine.scale, mine.activation) == (theirs.scale, theirs.activation)
    x = np.random.default_rng(0).random((500, 2))
    assert np.array_equal(ticket(x), result(x))
    assert ticket.error(x) <= ticket.error_bound
    assert repr(ticket.domain) == "Box([0, 1]^2)"


def test_saved_and_verified_like_any_other(result: search.SearchResult, tmp_path: Path) -> None:
    ticket = result.ticket()
    ticket.save(tmp_path / "t.npz")
    verified = slth.load(tmp_path / "t.npz").verify(TARGET)
    x = np.random.default_rng(0).random((100, 2))
    assert np.array_equal(verified(x), result(x))
    assert verified.error(x) == ticket.error(x) <= verified.error_bound == ticket.error_bound
    assert verified.attack(starts=4, steps=5, rng=0).error <= verified.error_bound


def test_domain_and_target(result: search.SearchResult) -> None:
    assert result.ticket(domain=(-2, 2)).error_bound > result.ticket().error_bound
    assert repr(result.ticket(TARGET).domain) == "Box([-1, 1]^2)"
    ball = slth.Ball(2, 0.5)
    assert result.ticket(TARGET, domain=ball).domain is ball
    deeper = slth.Network.random([2, 5, 4, 1], rng=1)
    assert result.ticket(deeper).error(np.zeros((1, 2)), deeper) <= result.ticket(deeper).error_bound
    given = search.imitation(TARGET, inputs=np.zeros((8, 2)))
    assert given.domain is None
    once = search.edge_popup(SOURCE, given, density=0.5, steps=1, rng=0)
    assert repr(once.ticket().domain) == "Box([-1, 1]^2)"


def test_masks_without_a_search() -> None:
    ticket = search.find(SOURCE, IMITATION, density=0.3, method="random", rng=0).ticket()
    assert ticket.kept == pytest.approx(0.3 * SOURCE.size, abs=2)
    assert set(ticket.scales) == {1.0}


def test_missing_edges_stay_missing(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    edges = [rng.random(shape) < 0.5 for shape in SOURCE.shapes]
    source = RandomSource(3, "uniform", (2, 24, 1), False, edges)
    for method, steps in (("edge-popup", 20), ("random", None)):
        ticket = search.find(source, IMITATION, density=0.5, method=method, steps=steps, rng=0).ticket()
        assert all((ticket.weight_mask(i) <= kept).all() for i, kept in enumerate(edges))
        ticket.save(tmp_path / "t.npz")
        assert slth.load(tmp_path / "t.npz").verify(TARGET).kept == ticket.kept


def test_labels_need_a_target() -> None:
    source = RandomSource(0, "normal", (64, 48, 10), False)
    result = search.edge_popup(source, digits(), density=0.5, steps=5, scale="kaiming", rng=0)
    with pytest.raises(ValueError, match=r"use result\.ticket\(target\)"):
        result.ticket()
    target = slth.Network.read(slth.data.digits_arrays())
    ticket = result.ticket(target, (0, 1))
    images = slth.data.digits_test()[0]
    assert ticket.error(images) <= ticket.error_bound
    assert "64-48-10, found" in repr(ticket)
    with pytest.raises(ValueError, match="give the target it was made for"):
        result.ticket(TARGET)


def test_sources_without_a_seed() -> None:
    network = search.random_network([2, 8, 1], rng=0)
    with pytest.raises(ValueError, match=r"without its seed; search in slth\.RandomSource"):
        search.edge_popup(network, IMITATION, density=0.5, steps=1, rng=0).ticket()


@pytest.mark.parametrize("method", ["sign-search", "biprop"])
def test_weights_that_were_changed(method: str) -> None:
    source = RandomSource(3, "normal", (2, 24, 1), False)
    result = search.find(source, IMITATION, density=0.5, method=method, epochs=3, rng=0)
    assert not result.nothing_changed
    with pytest.raises(ValueError, match=f"{method}.*changed weights"):
        result.ticket()


def test_functions_have_no_seed() -> None:
    pytest.importorskip("jax")
    function = search.JaxFunction(lambda w, x: x @ w["a"], {"a": np.ones((2, 1))})
    found = search.edge_popup(function, IMITATION, density=0.5, steps=1, rng=0)
    with pytest.raises(TypeError, match="no seed"):
        found.ticket()


@pytest.mark.parametrize(
    ("law", "drawn"), [("binary", "signed-constant"), ("normal", "kaiming-normal"), ("uniform", "kaiming-uniform")]
)
def test_the_laws_of_random_networks(law: str, drawn: str) -> None:
    """Scaled weights of a source have the mean square and the shape of those of `random_network`."""
    source = RandomSource(0, law, (50, 400, 10), False)
    model = search.find(
        source, search.regression(np.zeros((4, 50)), np.zeros((4, 10))), density=1.0, method="random", scale="kaiming"
    ).model
    other = search.random_network([50, 400, 10], law=drawn, rng=0)
    for mine, theirs in zip(model.network.layers, other.layers, strict=True):
        weight = mine.scale * mine.weight
        assert (weight**2).mean() == pytest.approx(2 / mine.d_in, rel=1e-9)
        assert (theirs.weight**2).mean() == pytest.approx(2 / mine.d_in, rel=0.1)
        assert (weight**4).mean() == pytest.approx((theirs.weight**4).mean(), rel=0.2)


def test_the_file_of_a_result_remembers_the_seed(result: search.SearchResult, tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    result.save(path)
    loaded = search.load(path)
    assert loaded.model.source == SOURCE
    assert loaded.ticket(TARGET, (0, 1)).error_bound == result.ticket().error_bound
    with pytest.raises(ValueError, match=r"use result\.ticket\(target\)"):
        loaded.ticket()
    for wrong in (
        RandomSource(4, "binary", (2, 24, 1), (True, False)),
        RandomSource(3, "normal", (2, 24, 1), (True, False)),
        RandomSource(3, "binary", (2, 10**9, 1), (True, False)),
        RandomSource(3, "binary", (2, 24, 1), True),
    ):
        replace(result, model=replace(result.model, source=wrong)).save(path)
        with pytest.raises(ValueError, match="its seed does not give"):
            search.load(path)
