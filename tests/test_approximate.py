"""The front door: what `approximate` takes, what it refuses, and how good the answer is."""

from __future__ import annotations

import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
from slth.data import digits_arrays, digits_test
from slth.networks import Dense
from slth.networks.archive import structure


def same(a: slth.Ticket, b: slth.Ticket) -> bool:
    return (
        a.source == b.source
        and a.scales == b.scales
        and structure(a.skeleton) == structure(b.skeleton)
        and [m.tobytes() for m in a.masks.weights] == [m.tobytes() for m in b.masks.weights]
        and [None if m is None else m.tobytes() for m in a.masks.biases]
        == [None if m is None else m.tobytes() for m in b.masks.biases]
        and a.certificate == b.certificate
        and a.target_digest == b.target_digest
    )


TARGET = slth.Network.random([3, 4, 2], rng=0)


# --- quality --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits() -> tuple[slth.Network, slth.Ticket]:
    target = slth.Network.read(digits_arrays())
    return target, slth.approximate(target, 42, domain=(0, 1), rng=0)


def test_digits_are_read_as_well(digits: tuple[slth.Network, slth.Ticket]) -> None:
    target, ticket = digits
    images, labels = digits_test()
    assert ticket.weight_error < 1e-3
    mine, theirs = ((net(images).argmax(axis=1) == labels).mean() for net in (ticket, target))
    assert abs(mine - theirs) <= 0.002
    assert theirs > 0.95
    assert ticket.error(images) <= ticket.error_bound < 0.01
    assert 0 < ticket.density < 0.1


def test_digits_within_a_budget_a_hundred_times_the_bound(digits: tuple[slth.Network, slth.Ticket]) -> None:
    """The closest subsets certify 8e-4 at this width and seed, so a budget of 0.1 can be met, with fewer weights."""
    target, ticket = digits
    again = slth.approximate(target, 42, domain=(0, 1), rng=0, epsilon=0.1)
    assert again.error_bound <= 0.1
    assert again.kept <= ticket.kept


# --- what it takes --------------------------------------------------------------------------------------------------


def test_targets_of_every_kind(tmp_path: Path) -> None:
    pairs = [(layer.weight, layer.bias) for layer in TARGET.layers]
    path = tmp_path / "target.npz"
    TARGET.save(path)
    kinds: list[Any] = [
        TARGET,
        pairs,
        [(w.tolist(), b.tolist()) for w, b in pairs if b is not None],
        {f"{i}.{k}": v for i, p in enumerate(pairs) for k, v in zip(("weight", "bias"), p, strict=True)},
        {f"{k}{i}": v for i, p in enumerate(pairs, 1) for k, v in zip("Wb", p, strict=True)},
        path,
        str(path),
    ]
    tickets = [slth.approximate(kind, 5, rng=1) for kind in kinds]
    assert all(same(tickets[0], ticket) for ticket in tickets)
    assert tickets[0].target is TARGET


def test_sklearn_targets() -> None:
    neural = pytest.importorskip("sklearn.neural_network")
    x = np.random.default_rng(0).random((40, 3))
    for name in ("relu", "tanh", "logistic", "identity"):
        model = neural.MLPRegressor(hidden_layer_sizes=(4,), activation=name, max_iter=2, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # two iterations do not converge
            model.fit(x, x.sum(axis=1))
        ticket = slth.approximate(model, 12, domain=(0, 1), rng=0)
        assert np.abs(ticket(x)[:, 0] - model.predict(x)).max() <= ticket.error_bound
    with pytest.raises(ValueError, match="not fitted"):
        slth.approximate(neural.MLPRegressor(), 12)


def test_the_target_may_change_afterwards() -> None:
    pairs = [(np.ones((2, 2)), np.ones(2))]
    ticket = slth.approximate(pairs, 6, rng=0)
    x = np.eye(2)
    before = ticket.error(x)
    pairs[0][0][:] = 100
    assert ticket.error(x) == before


def test_the_domain_may_change_afterwards() -> None:
    """A certificate is for the domain of the call, whatever becomes of the arrays that described it."""
    low, high = np.zeros(3), np.ones(3)
    for domain in ((low, high), slth.Box(low, high)):
        ticket = slth.approximate(TARGET, 4, domain=domain, rng=0)
        high[:] = 100
        assert np.array_equal(ticket.domain.upper, np.ones(3))
        high[:] = 1


def test_widths() -> None:
    for width in (3, np.int64(3), [3, 3], (3, 3), np.array([3, 3]), iter([3, 3])):
        assert slth.approximate(TARGET, width, rng=0).source.widths == (3, 9, 4, 12, 2)
    assert slth.approximate(TARGET, [2, 5], rng=0).source.widths == (3, 6, 4, 20, 2)


def test_rng_kinds() -> None:
    assert slth.approximate(TARGET, 4, rng=7).source.seed == 7
    for make in (lambda: np.random.SeedSequence(5), lambda: np.random.default_rng(5)):
        first, second = (slth.approximate(TARGET, 4, rng=make()) for _ in range(2))
        assert same(first, second)
        assert same(first, slth.approximate(TARGET, 4, rng=first.source.seed))
    generator = np.random.default_rng(5)
    a, b = (slth.approximate(TARGET, 4, rng=generator) for _ in range(2))
    assert a.source.seed != b.source.seed
    fresh = {slth.approximate(TARGET, 2).source.seed for _ in range(3)}
    assert len(fresh) == 3
    assert max(fresh).bit_length() > 64, "128 bits: all three below 2^64 has probability 2^-192"


def test_the_domain_is_kept() -> None:
    assert repr(slth.approximate(TARGET, 2, rng=0).domain) == "Box([-1, 1]^3)"
    ball = slth.Ball(3, 2.5)
    assert slth.approximate(TARGET, 2, rng=0, domain=ball).domain is ball
    vector = slth.approximate(TARGET, 2, rng=0, domain=([0, 1, 2], [1, 1, 9])).domain
    assert vector.lower.tolist() == [0, 1, 2]
    assert vector.upper.tolist() == [1, 1, 9]


def test_progress_says_something_only_when_asked(capfd: pytest.CaptureFixture[str]) -> None:
    slth.approximate(TARGET, 4, rng=0)
    assert capfd.readouterr() == ("", "")
    slth.approximate(TARGET, 4, rng=0, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "weight" in err


# --- epsilon --------------------------------------------------------------------------------------------------------

SHAPES: list[tuple[list[int], bool, Any]] = [
    ([3, 4, 2], True, None),
    ([3, 4, 2], False, (0, 1)),
    ([1, 1], True, None),
    ([1, 3, 1], True, None),
    ([6, 5, 4, 2], True, None),
    ([2, 2], False, slth.Ball(2)),
]


@pytest.mark.parametrize("epsilon", [1, 1e-2, pytest.param(1e-4, marks=pytest.mark.slow)])
def test_the_budget_is_kept_or_refused_with_a_width(epsilon: float) -> None:
    """The width named suffices at once in nearly all cases (an estimate, by the docstring): at least 80 % of first retries."""
    retries, failures = 0, 0
    for widths, bias, domain in SHAPES:
        for seed in range(1):
            target = slth.Network.random(widths, rng=seed, bias=bias)
            width = 2
            for attempt in range(8):
                try:
                    ticket = slth.approximate(target, width, epsilon=epsilon, domain=domain, rng=seed)
                except slth.EpsilonError as error:
                    retries += attempt == 0
                    failures += attempt == 1
                    width = check_epsilon_error(error, width, epsilon)
                else:
                    assert ticket.error_bound <= epsilon
                    break
            else:
                pytest.fail(f"eight widths, the last {width}, were not enough for {widths}, seed {seed}")
    assert failures <= 0.2 * retries, f"{failures} of {retries} first retries failed"


def check_epsilon_error(error: slth.EpsilonError, width: int, epsilon: float) -> int:
    """The message and the width it names."""
    message = str(error)
    assert isinstance(error, ValueError)
    assert f"width={width}" in message
    assert f"epsilon={epsilon:g}" in message
    assert re.search(r"layer \d, (weight \(\d, \d\)|bias \d)", message)
    assert error.width is not None
    assert f"use width={error.width}" in message
    assert error.width > width
    return error.width


@pytest.mark.parametrize("epsilon", [10, 100, 1e6])
def test_a_budget_that_the_ticket_meets_is_not_refused(epsilon: float) -> None:
    """`EpsilonError`: "if epsilon cannot be met". The ticket of the closest subsets meets these, certified."""
    for seed in range(2):
        target = slth.Network.random([3, 4, 4, 2], rng=seed)
        for width in (2, 6, 20):
            if slth.approximate(target, width, rng=seed).error_bound <= epsilon:
                assert slth.approximate(target, width, rng=seed, epsilon=epsilon).error_bound <= epsilon


def test_a_larger_budget_keeps_fewer_weights() -> None:
    """Every weight gets the smallest subset within its share: a larger share never needs a larger subset."""
    for seed in range(5):
        target = slth.Network.random([3, 4, 2], rng=seed)
        kept = [slth.approximate(target, 56, epsilon=e, rng=seed).masks.weights[1::2] for e in (0.3, 1, 3, 10)]
        bits = [sum(int(np.unpackbits(m).sum()) for m in masks) for masks in kept]
        assert bits == sorted(bits, reverse=True)
        closest = slth.approximate(target, 56, rng=seed).masks.weights[1::2]
        assert bits[0] < sum(int(np.unpackbits(m).sum()) for m in closest)


def test_workers_change_nothing_with_a_budget() -> None:
    target = slth.Network.random([4, 6, 2], rng=0)
    tickets = [slth.approximate(target, 56, epsilon=2.0, rng=1, workers=w) for w in (1, 2, 5)]
    assert all(same(tickets[0], ticket) for ticket in tickets)


def test_impossible_budgets() -> None:
    weights = [(np.array([[0.3, 0.7]]), None)]
    for epsilon in (1e-17, 1e-100, 5e-324):
        with pytest.raises(slth.EpsilonError) as caught:
            slth.approximate(weights, 6, epsilon=epsilon, rng=0)
        assert caught.value.width is None
        assert "larger epsilon" in str(caught.value)
    exact = slth.Network((Dense(np.array([[1.0]]), None, "identity"),))
    with pytest.raises(slth.EpsilonError):
        slth.approximate(exact, 80, epsilon=1e-15, domain=(1e6, 1e6), rng=0)


def test_the_error_travels_between_processes() -> None:
    error = slth.EpsilonError("too narrow", 8)
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, slth.EpsilonError)
    assert (str(again), again.width) == ("too narrow", 8)


# --- what it refuses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0, -1, [4, 0], [4], [4, 4, 4], []])
def test_bad_width_values(width: Any) -> None:
    with pytest.raises(ValueError, match="width"):
        slth.approximate(TARGET, width)


@pytest.mark.parametrize("width", [2.5, "a", "44", b"44", None, True, [4, 2.5], [4, "a"], np.array(4.0), np.array(4)])
def test_bad_width_types(width: Any) -> None:
    with pytest.raises(TypeError, match="width"):
        slth.approximate(TARGET, width)


@pytest.mark.parametrize("epsilon", [0, -1, -0.1, float("nan"), float("inf"), 0.0])
def test_bad_epsilon_values(epsilon: float) -> None:
    with pytest.raises(ValueError, match="epsilon must be > 0"):
        slth.approximate(TARGET, 4, epsilon=epsilon)


@pytest.mark.parametrize("epsilon", ["small", True, [0.1, 0.2], 1j])
def test_bad_epsilon_types(epsilon: Any) -> None:
    with pytest.raises(TypeError, match="epsilon"):
        slth.approximate(TARGET, 4, epsilon=epsilon)


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"construction": "three-layer"}, "construction.*'two-layer'"),
        ({"construction": "two-layer(1)"}, "construction 'two-layer\\(1\\)' has wrong numbers"),
        ({"construction": "fixed-size"}, "fixed-size needs a size"),
        ({"law": "cauchy"}, "law.*'normal'.*'uniform'"),
        ({"domain": (1, 0)}, "lower <= upper"),
        ({"domain": (0, np.nan)}, "domain.*finite"),
        ({"domain": (-np.inf, 0)}, "domain.*finite"),
        ({"domain": ([0, 0], [1, 1])}, "dimension"),
        ({"domain": ([0, 0, 0], [1, 1])}, "length"),
        ({"domain": slth.Ball(2)}, "dimension"),
        ({"domain": slth.Box(np.zeros(2), np.ones(2))}, "dimension"),
        ({"rng": -1}, "rng"),
        ({"workers": 0}, "workers"),
    ],
)
def test_bad_values(keywords: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        slth.approximate(TARGET, 4, **keywords)


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"construction": None}, "construction"),
        ({"construction": 3}, "construction"),
        ({"law": 3}, "law"),
        ({"domain": 5}, "domain"),
        ({"domain": "ab"}, "domain"),
        ({"domain": (0, 1, 2)}, "domain"),
        ({"domain": ("a", "b")}, "domain"),
        ({"rng": "seed"}, "rng"),
        ({"rng": 1.5}, "rng"),
        ({"workers": 1.5}, "workers"),
    ],
)
def test_bad_types(keywords: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        slth.approximate(TARGET, 4, **keywords)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_targets_that_are_not_finite(value: float) -> None:
    for bad in ([(np.array([[value, 1.0]]), None)], [(np.ones((1, 2)), np.array([value]))]):
        with pytest.raises(ValueError, match="finite"):
            slth.approximate(bad, 4)


@pytest.mark.parametrize("bad", [None, 5, object(), [np.ones((2, 2))]])
def test_targets_of_another_type(bad: Any) -> None:
    with pytest.raises(TypeError):
        slth.approximate(bad, 4)


@pytest.mark.parametrize("bad", [[], {}, [(np.ones((2, 3)), None), (np.ones((2, 3)), None)]])
def test_targets_that_are_no_network(bad: Any) -> None:
    with pytest.raises(ValueError):
        slth.approximate(bad, 4)


@pytest.mark.parametrize("weight", [1e-310, 5e-324, 1e-300])
def test_weights_next_to_nothing(weight: float) -> None:
    """Tiny weights are approximated, or refused in words that name the target; they are finite."""
    ticket = slth.approximate([(weight * np.ones((1, 2)), None)], 8, rng=0)
    assert ticket.weight_error <= 1.01 * weight


def test_targets_that_overflow() -> None:
    """A product of weights beyond float64: a ValueError, or a ticket with a bound that is a number."""
    huge = slth.Network(tuple(Dense(np.full((1, 1), 1e200), None, "identity") for _ in range(3)))
    for epsilon in (None, 1.0):
        try:
            ticket = slth.approximate(huge, 6, epsilon=epsilon, rng=0)
        except ValueError:
            continue
        assert not np.isnan(ticket.error_bound)
    for domain in (slth.Ball(2), None):
        ticket = slth.approximate([(np.full((1, 2), 1e200), None)], 6, domain=domain, rng=0)
        assert np.isfinite(ticket.error_bound)
