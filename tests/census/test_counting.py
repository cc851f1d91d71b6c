"""The front door: what it chooses, what it takes, and what it refuses and how."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import slth
from slth.census import METHODS, Census, Scope
from slth.census.parameters import Parameters
from slth.networks import Ball, RandomSource
from slth.subset_sum import Certainty
from tests.census.exact_cases import layers_of, network, slow_masks
from tests.reference import census as slow

X = np.array([[-1.0, 0.5], [0.25, 1.0], [0.75, -0.5]])
SOURCE, TARGET = network([2, 2, 1], 1), network([2, 1, 1], 2)
LARGE, DEEP = network([2, 20, 1], 1), network([2, 8, 8, 1], 3)


def count(source: Any = SOURCE, target: Any = TARGET, epsilon: Any = 0.6, **options: Any) -> Census:
    return slth.count_subnetworks(source, target, epsilon, **({"inputs": X} | options))


def sampled(**options: Any) -> Census:
    return count(**({"method": "splitting", "effort": 0.1, "rng": 0, "sizes": [2]} | options))


@pytest.mark.parametrize("method", ["auto", "walk", "halves"])
def test_exact_methods_are_brute_force(method: str) -> None:
    found = count(method=method, masks=True, by_layer=True)
    wanted = slow.by_size(layers_of(SOURCE), slow_masks(SOURCE, TARGET, 0.6, X))
    assert found.exact
    assert found.by_size.tolist() == wanted
    assert found.total == sum(wanted)
    assert found.masks is not None
    assert sum((found.by_layer_size or {}).values()) == len(found.masks) == sum(wanted)


@pytest.mark.parametrize(
    ("source", "options", "method"),
    [
        (SOURCE, {}, "walk"),
        (network([2, 6, 1], 1, bias=False), {}, "walk"),
        (network([2, 7, 1], 1), {}, "halves"),
        (LARGE, {"sizes": [3], "effort": 0.1}, "splitting"),
        (DEEP, {"sizes": [3], "effort": 0.1}, "splitting"),
        (SOURCE, {"loss": "error-rate", "target": [0, 0, 0]}, "walk"),
    ],
)
def test_auto_takes_the_first_that_applies(source: Any, options: dict[str, Any], method: str) -> None:
    found = count(source, **({"rng": 0} | options))
    assert found.method == method
    assert found.exact == (method != "splitting")


def test_every_method_is_named() -> None:
    assert METHODS == ("auto", "walk", "halves", "product", "splitting", "flat-histogram")
    with pytest.raises(ValueError, match=r"unknown method 'brute'.*'halves'"):
        count(method="brute")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sizes": [2]}, "sizes= has no meaning for method='walk'"),
        ({"store": "here.npz"}, "store= has no meaning for method='walk'"),
        ({"method": "walk", "confidence": 0.9}, "confidence= has no meaning"),
        ({"method": "halves", "effort": 2.0}, "effort= has no meaning"),
        ({"method": "splitting", "once": "dead"}, "once= has no meaning for method='splitting'"),
        ({"method": "flat-histogram", "by_layer": True}, "by_layer= has no meaning"),
        ({"method": "splitting", "masks": True}, "masks= has no meaning"),
    ],
)
def test_options_that_a_method_does_not_take(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        count(**options)


@pytest.mark.parametrize("option", [{"once": "dead"}, {"by_layer": True}, {"masks": True}])
def test_too_large_for_what_only_exact_methods_do(option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"only exact methods take .*161 weights and biases"):
        count(network([2, 40, 1], 1), **option)


@pytest.mark.parametrize(
    ("source", "method", "words"),
    [
        (LARGE, "walk", r"81 weights and biases that are not zero: 2\^81 masks.*splitting"),
        (LARGE, "halves", r"81 weights and biases that are not zero.*to 62.*splitting"),
        (DEEP, "halves", r"one hidden layer.*a sampled method"),
        (DEEP, "walk", r"105 weights.*flat-histogram"),
        (network([2, 12, 1], 1), "walk", r"49 weights.*\"halves\", or \"splitting\""),
        (SOURCE, "product", "give a Ticket"),
    ],
)
def test_too_large_says_how_large_and_which_method_can(source: Any, method: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        count(source, method=method)


@pytest.mark.parametrize("method", ["walk", "halves", "splitting", "flat-histogram"])
def test_the_ends_of_epsilon(method: str) -> None:
    m = Parameters(SOURCE).count
    every = count(epsilon=math.inf, method=method)
    assert every.log2_total == pytest.approx(m, abs=1e-9)
    if method in ("walk", "halves"):
        assert every.by_size.tolist() == [math.comb(m, s) for s in range(m + 1)]
    exact_fit = count(
        SOURCE, SOURCE, 0, method=method, **({} if every.exact else {"rng": 0, "effort": 0.1, "sizes": [m]})
    )
    assert exact_fit.by_size[-1] == 1


@pytest.mark.parametrize(
    ("epsilon", "error"),
    [(-0.1, ValueError), (math.nan, ValueError), (-math.inf, ValueError), ("0.1", TypeError), (None, TypeError)],
)
def test_bad_epsilon(epsilon: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="epsilon must be"):
        count(epsilon=epsilon)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"inputs": np.zeros((0, 2))}, ValueError, "at least one row"),
        ({"inputs": []}, ValueError, "at least one row"),
        ({"inputs": np.zeros((3, 5))}, ValueError, r"shape \(2,\), got an array of shape \(3, 5\)"),
        ({"inputs": [0.5, 1.0]}, ValueError, "one input a row"),
        ({"inputs": [[np.nan, 0.0]]}, ValueError, "finite"),
        ({"domain": (0, 1)}, ValueError, "not both"),
        ({"target": network([3, 1], 0)}, ValueError, "the source takes shape"),
        ({"target": network([2, 2], 0)}, ValueError, "puts out"),
        ({"target": network([3, 1], 0), "inputs": None}, ValueError, "the source takes shape"),
        ({"target": np.zeros(3)}, ValueError, r"outputs of shape \(3, 1\)"),
        ({"target": np.zeros((3, 1)), "inputs": None}, ValueError, "needs the inputs="),
        ({"inputs": None, "domain": Ball(2, 1.0)}, ValueError, "ball"),
        ({"loss": "l2"}, ValueError, "unknown loss 'l2'"),
        ({"loss": 3}, TypeError, "name or a function"),
        ({"loss": "error-rate", "target": [0, 0]}, ValueError, "3 integer labels"),
        ({"loss": "error-rate", "target": [0.0, 0, 0]}, ValueError, "3 integer labels"),
        ({"loss": "error-rate", "target": [0, 0, 1]}, ValueError, r"0\.\.0, got 0\.\.1"),
        ({"loss": "error-rate", "target": [0, 0, 0], "inputs": None}, ValueError, "needs inputs"),
        ({"once": "deaf"}, ValueError, "unknown once 'deaf'"),
        ({"once": 3}, TypeError, "once must be"),
        ({"workers": 0}, ValueError, "workers"),
        ({"source": None}, TypeError, "source must be"),
    ],
)
def test_bad_input(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        count(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sizes": []}, "sizes must be integers in"),
        ({"sizes": 3}, "sizes must be integers in"),
        ({"sizes": "ab"}, "sizes must be integers in"),
        ({"sizes": [1.5]}, "sizes must be integers in"),
        ({"sizes": [-1]}, "sizes must lie in"),
        ({"sizes": [99]}, "sizes must lie in"),
        ({"confidence": 95}, "confidence must lie between 0 and 1"),
        ({"confidence": 0}, "confidence must be > 0"),
        ({"effort": 0}, "effort must be > 0"),
        ({"effort": math.inf}, "effort must be > 0"),
    ],
)
def test_bad_options_of_sampled_methods(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sampled(**options)


@pytest.mark.parametrize("method", ["splitting", "flat-histogram"])
def test_options_of_sampled_methods(method: str) -> None:
    """The sizes asked, each once and in order; the same seed the same bits, whatever the threads; the exact number within."""
    options: dict[str, Any] = {"method": method, "sizes": (4, 3, 3), "confidence": 0.999, "effort": 0.2}
    one, two = (count(rng=5, workers=workers, **options) for workers in (1, 2))
    assert one.sizes.tolist() == [3, 4]
    assert one.confidence == 0.999
    assert one.certainty is Certainty.ESTIMATED
    assert (one.log2_by_size == two.log2_by_size).all()
    exact = count().by_size[[3, 4]].astype(float)
    assert ((one.lower <= exact) & (exact <= one.upper)).all()


def test_a_store_of_another_task(tmp_path: Any) -> None:
    store = tmp_path / "state.npz"
    options: dict[str, Any] = {
        "method": "splitting",
        "sizes": [8],
        "effort": 0.1,
        "store": store,
        "source": network([2, 7, 1], 3),
    }
    first = count(rng=1, **options)
    again = count(**options)
    assert (first.log2_by_size == again.log2_by_size).all()
    with pytest.raises(ValueError, match="another"):
        count(epsilon=0.7, **options)
    with pytest.raises(ValueError, match="another"):
        count(**(options | {"inputs": X + 0.1}))


def test_outputs_labels_and_own_losses() -> None:
    """Outputs instead of a network; labels; a function of outputs and whatever was given as wanted."""
    by_network, wanted = count(), TARGET(X)
    assert count(target=wanted).by_size.tolist() == by_network.by_size.tolist()
    assert count(target=wanted.tolist()).by_size.tolist() == by_network.by_size.tolist()
    own = count(target=wanted[:, 0], loss=lambda outputs, goal: float(np.abs(outputs[:, 0] - goal).max()))
    assert own.by_size.tolist() == by_network.by_size.tolist()
    wide, labels = network([2, 2, 2], 4), np.array([0, 1, 1])
    rate = count(wide, labels, 0.34, loss="error-rate")
    mine = count(wide, labels, 0.34, loss=lambda outputs, goal: float((outputs.argmax(axis=1) != goal).mean()))
    assert rate.by_size.tolist() == mine.by_size.tolist()
    assert count(wide, labels.tolist(), 0.34, loss="error-rate").by_size.tolist() == rate.by_size.tolist()


def test_a_domain_of_numbers_and_the_usual_one() -> None:
    usual, given = count(inputs=None), count(inputs=None, domain=(-1, 1))
    assert usual.by_size.tolist() == given.by_size.tolist()
    assert (count(inputs=None, domain=(-0.1, 0.1)).by_size >= usual.by_size).all()
    assert (count(inputs=X).by_size >= usual.by_size).all()  # an error on some points is no larger


def test_random_sources_and_pairs() -> None:
    source = RandomSource(7, "uniform", (2, 2, 1))
    assert count(source).by_size.tolist() == count(source.network()).by_size.tolist()
    pairs = [(layer.weight, layer.bias) for layer in source.network().layers]
    assert count(pairs).by_size.tolist() == count(source).by_size.tolist()


def test_tickets_are_counted_under_their_construction() -> None:
    target = slth.Network.read([([[0.5, -0.3]], None)])
    ticket = slth.approximate(target, 16, rng=0)
    found = slth.count_subnetworks(ticket, target, 0.3)
    assert found.scope is Scope.CONSTRUCTION
    assert found.method == "product"
    assert found.by_size.tolist() == slth.count_subnetworks(ticket, None, 0.3, method="product").by_size.tolist()
    for option in (
        {"once": "dead"},
        {"masks": True},
        {"inputs": X},
        {"sizes": [1]},
        {"loss": "error-rate"},
        {"store": "x"},
    ):
        with pytest.raises(ValueError, match="has no meaning for method='product'"):
            slth.count_subnetworks(ticket, target, 0.3, **option)
    with pytest.raises(ValueError, match=r"ticket\.source\.network\(\)"):
        slth.count_subnetworks(ticket, target, 0.3, method="walk")


def test_a_source_of_zeros() -> None:
    nothing = slth.Network.read([([[0.0, 0.0]], None)])
    assert count(nothing, nothing, 0.0).by_size.tolist() == [1]
    with pytest.raises(ValueError, match="nothing to sample"):
        count(nothing, nothing, 0.0, method="splitting")
