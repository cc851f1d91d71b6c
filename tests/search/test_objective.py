"""Objectives: what they split, draw and refuse."""

from __future__ import annotations

import numpy as np
import pytest

from slth import search
from slth.networks import Conv2d, Dense, Flatten, LayerNorm, Network
from tests.search.tasks import digits, line, source

X = np.zeros((4, 3))


def test_the_split_is_a_split() -> None:
    x = np.arange(40.0)[:, None]
    objective = search.regression(x, x, held_out=0.25, rng=0)
    assert (len(objective.inputs), len(objective.held_out)) == (30, 10)
    assert sorted([*objective.inputs[:, 0], *objective.held_out[:, 0]]) == list(range(40))
    assert (objective.inputs == objective.wanted).all()
    assert (objective.held_out == objective.held_out_wanted).all()
    again = search.regression(x, x, held_out=0.25, rng=0)
    assert (again.inputs == objective.inputs).all()
    assert repr(objective) == "Objective(squared, 30 inputs of 1, 10 held out)"


def test_imitation_draws_from_the_domain_or_takes_inputs() -> None:
    target = search.random_network([2, 3, 1], rng=1)
    drawn = search.imitation(target, domain=(2, 3), count=100, held_out=0.1, rng=0)
    assert drawn.inputs.min() >= 2
    assert drawn.inputs.max() <= 3
    assert drawn.target is not None
    taken = search.imitation(target, inputs=[[1.0, 2.0]])
    assert taken.wanted == pytest.approx(target(np.array([[1.0, 2.0]])), rel=1e-6)
    with pytest.raises(ValueError, match="not both"):
        search.imitation(target, inputs=[[1.0, 2.0]], domain=(0, 1))


@pytest.mark.parametrize(
    ("labels", "kind", "error"),
    [
        ([0, 1, 2], ValueError, r"labels must be 4 integers, one an input, got an array of shape \(3,\)"),
        ([[0], [1], [2], [3]], ValueError, "one an input"),
        ([0.0, 1.0, 2.0, 3.0], TypeError, r"labels must be integers, got dtype float64.*labels.astype\(int\)"),
        (["a", "b", "c", "d"], TypeError, "labels must be integers"),
        ([0, 1, 2, -1], ValueError, "labels must be >= 0, got -1"),
        (np.array([0, 1, 2, 2**63], np.uint64), ValueError, "labels must be below 2"),
    ],
)
def test_bad_labels(labels: object, kind: type[Exception], error: str) -> None:
    with pytest.raises(kind, match=error):
        search.classification(X, labels)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "error"),
    [
        (np.full((4, 3), np.nan), "x must be finite, got nan"),
        (np.full((4, 3), -np.inf), "x must be finite, got -inf"),
        (np.full((4, 3), 1e300), r"x must be within float32 \(3.4e38\), got 1e\+300; scale"),
        (np.zeros((0, 3)), "at least one input"),
        (np.zeros((4, 0)), "at least one input"),
        (np.zeros(4), "one a row"),
    ],
)
def test_bad_inputs(x: np.ndarray, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        search.classification(x, [0, 1, 2, 3])
    with pytest.raises(ValueError, match=error):
        search.regression(x, np.zeros((4, 1)))


def test_bad_outputs_and_shares() -> None:
    with pytest.raises(ValueError, match=r"y must have shape \(4, outputs\), got \(4,\); reshape it with y\[:, None\]"):
        search.regression(X, np.zeros(4))
    with pytest.raises(ValueError, match="y must be within float32"):
        search.regression(X, np.full((4, 1), 1e39))
    for share in (1.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match=r"held_out must be a share in \[0, 1\)"):
            search.regression(X, X, held_out=share)


def pixels(*layers: object) -> Network:
    return Network((*layers, Flatten(), Dense(np.ones((2, 4)), None, "identity")), (1, 2, 2))  # type: ignore[arg-type]


def test_inputs_and_outputs_that_do_not_fit_the_network() -> None:
    conv = pixels(Conv2d(np.ones((1, 1, 1, 1))))
    options = {"density": 0.5, "steps": 1}
    with pytest.raises(ValueError, match=r"shape \(4,\), the network takes \(1, 2, 2\); give x.reshape\(-1, 1, 2, 2\)"):
        search.find(conv, search.classification(np.ones((3, 4)), [0, 1, 1]), **options)
    with pytest.raises(ValueError, match=r"the network takes \(1, 2, 2\); give other inputs"):
        search.find(conv, search.classification(np.ones((3, 5)), [0, 1, 1]), **options)
    with pytest.raises(ValueError, match="labels must be below the 2 outputs of the network, got 7"):
        search.find(conv, search.classification(np.ones((3, 1, 2, 2)), [0, 1, 7]), **options)
    with pytest.raises(ValueError, match="3 outputs are wanted, the network puts out 2"):
        search.find(conv, search.regression(np.ones((3, 1, 2, 2)), np.ones((3, 3))), **options)
    with pytest.raises(TypeError, match="objective must be made by"):
        search.find(conv, (X, X), **options)  # type: ignore[arg-type]


def test_a_layer_without_a_gradient_is_named() -> None:
    net = Network((Dense(np.ones((2, 3)), None), LayerNorm(np.ones(2), np.zeros(2))), (3,))
    with pytest.raises(ValueError, match=r"layers\[1\], LayerNorm.*search in a JaxFunction"):
        search.find(net, search.regression(X, np.ones((4, 2))), density=0.5, steps=1)


@pytest.mark.parametrize("method", [*search.METHODS, *search.BASELINES])
@pytest.mark.parametrize("budget", ["layer", "global", "erk"])
def test_strange_networks(method: str, budget: str) -> None:
    """One weight; a layer of zeros; batches larger than the data; everything kept."""
    how = {} if method in search.BASELINES else {"steps": 4, "batch": 1000, "every": 1}
    one = Network((Dense(np.ones((1, 1)), None, "identity"),))
    found = search.find(one, line(), density=1, method=method, budget=budget, rng=0, **how)
    assert found.kept == 1
    net = Network((*source(4).layers, Dense(np.zeros((2, 10)), np.ones(2), "identity")))
    objective = search.classification(np.random.default_rng(0).random((8, 64)), np.arange(8) % 2)
    if method == "synflow":
        with pytest.raises(ValueError, match="no flow"):
            search.find(net, objective, density=0.5, method=method, budget=budget, rng=0)
        return
    found = search.find(net, objective, density=0.5, method=method, budget=budget, rng=0, **how)
    assert not found.mask["2.weight"].any()
    assert abs(found.kept - (256 + 40 + 2) / 2) <= 2


def test_extreme_densities_and_zeros() -> None:
    for density in (1e-9, 5e-4):
        with pytest.raises(ValueError, match=r"keeps none; ask for a larger one"):
            search.find(source(8), digits(), density=density, steps=1, budget="global")
    with pytest.warns(UserWarning, match=r"leaves none of the 80 numbers of 1.weight"):
        search.find(source(8), digits(), density=0.005, steps=1, rng=0)
    with pytest.raises(TypeError, match=r"density must be a number, got '0\.5'"):
        search.find(source(8), digits(), density="0.5", steps=1)  # type: ignore[arg-type]
    zeros = Network((Dense(np.zeros((2, 3)), None, "identity"),))
    with pytest.raises(ValueError, match="all weights of the network are 0"):
        search.find(zeros, search.regression(X, np.ones((4, 2))), density=0.5, steps=1)


def test_baselines_refuse_what_they_would_ignore() -> None:
    for option in ("steps", "epochs", "rate", "batch", "every", "patience"):
        with pytest.raises(ValueError, match=f"'snip' gives its mask at once.*leave out {option}="):
            search.find(source(8), digits(), density=0.5, method="snip", **{option: 3})
    for option in ("rate", "batch"):
        with pytest.raises(ValueError, match=f"no gradients; leave out {option}="):
            search.find(source(8), digits(), density=0.5, method="greedy", steps=3, **{option: 3})
    with pytest.raises(TypeError, match=r"a method such as EdgePopup\(\)"):
        search.find(source(8), digits(), density=0.5, method=search.EdgePopup, steps=3)  # type: ignore[arg-type]
