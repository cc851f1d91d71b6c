"""The walk against every mask in fractions, and laws of censuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth import subset_sum
from slth.census import halves, walk
from slth.networks import Network
from slth.networks.layers import Dense
from slth.subset_sum import Certainty
from tests.census.exact_cases import check, count, layers_of, network, planted, question, slow_masks
from tests.reference import census as slow

CASES = [
    ([1, 2, 1], {}, (0.0, 0.3, 3.0)),
    ([2, 2, 2], {"bias": False}, (0.0, 0.5)),
    ([2, 2, 1], {"integer": True}, (0.0, 1.0, 2.0)),
    ([3, 2], {}, (0.0, 0.5, math.inf)),
    ([1, 2, 2, 1], {"bias": False}, (0.0, 0.3)),
    ([1, 2, 1, 1], {}, (0.0, 0.3, math.inf)),
    ([1, 1, 1, 1, 1], {}, (0.0, 0.2)),
    ([1, 2, 2, 1, 1], {"integer": True}, (0.0, 1.0)),
    ([1, 1, 2, 1], {"activations": ["leaky-relu(0.2)", "relu", "relu"], "scale": 1.5}, (0.0, 0.3)),
    ([1, 2, 1], {"activations": ["leaky-relu(-0.3)", "leaky-relu(0.1)"], "scale": 0.7}, (0.0, 0.3)),
]


@pytest.mark.parametrize(("widths", "options", "epsilons"), CASES)
def test_every_mask(widths, options, epsilons):
    source = network(widths, 1, **options)
    target = planted(source, 2)
    rng = np.random.default_rng(3)
    inputs = (
        rng.integers(-2, 3, (3, widths[0])).astype(float)
        if options.get("integer")
        else rng.uniform(-1, 1, (3, widths[0]))
    )
    for epsilon in epsilons:
        found = slow_masks(source, target, epsilon, inputs)
        asked = question(source, target, epsilon, inputs)
        check(walk, source, asked, found)
        if len(widths) <= 3:
            check(halves, source, asked, found)


def test_an_epsilon_that_errors_meet():
    """Masks at a distance of exactly epsilon belong to it; one float below they do not."""
    source, inputs = network([1, 2, 1], 5), np.array([[0.3], [-0.7]])
    target = planted(source, 1)
    layers, goal = layers_of(source), layers_of(target)
    every = (1,) * len(slow.places(goal))
    errors = []
    for mask in slow.all_masks(layers):
        pairs = [(slow.outputs(layers, mask, x)[0], slow.outputs(goal, every, x)[0]) for x in inputs]
        errors.append(max(abs(a - b) for a, b in pairs))
    for error in sorted(set(errors))[1:6]:
        for epsilon in (float(error), math.nextafter(float(error), 0), math.nextafter(float(error), 9)):
            want = sum(e <= slow.Fraction(epsilon) for e in errors)
            for method in (walk, halves):
                census = count(method, question(source, target, epsilon, inputs))
                assert census.exact
                assert census.total == want


def test_infinite_epsilon_counts_every_mask():
    for widths in ([2, 4, 1], [1, 3, 2, 2], [2, 2, 2, 2, 1], [8, 2]):
        source = network(widths, 7)
        m = source.kept
        for by_layer in (False, True):
            census = count(walk, question(source, source, math.inf, np.zeros((2, widths[0]))), by_layer=by_layer)
            assert census.by_size.tolist() == [math.comb(m, k) for k in range(m + 1)]
        # the same by going through them
        census = count(walk, question(source, source, 1e9, np.ones((2, widths[0])))) if m < 22 else census
        assert census.total == 2**m


def test_monotone_in_epsilon_and_the_same_for_any_number_of_threads():
    source, inputs = network([2, 3, 2, 1], 4), np.random.default_rng(1).uniform(-1, 1, (6, 2))
    target = network([2, 2, 1], 9)
    before = np.zeros(source.kept + 1)
    for epsilon in (0.0, 0.2, 0.5, 1.0, 2.0, math.inf):
        asked = question(source, target, epsilon, inputs)
        counts = count(walk, asked, workers=1).by_size
        assert (counts >= before).all()
        assert np.array_equal(counts, count(walk, asked, workers=3, by_layer=True).by_size)
        before = counts


def test_permuted_neurons_change_nothing():
    source, inputs = network([2, 3, 3, 1], 4, bias=False), np.random.default_rng(1).uniform(-1, 1, (4, 2))
    first, second, last = source.layers
    moved = Network(
        (
            Dense(first.weight[[2, 0, 1]]),
            Dense(second.weight[[1, 2, 0]][:, [2, 0, 1]]),
            Dense(last.weight[:, [1, 2, 0]], activation="identity"),
        )
    )
    target = network([2, 1], 3, bias=False)
    for epsilon in (0.3, 0.8):
        counts = [count(walk, question(net, target, epsilon, inputs)).by_size.tolist() for net in (source, moved)]
        assert counts[0] == counts[1]


def test_a_dead_edge_doubles_the_total():
    source, inputs = network([2, 3, 1], 4), np.random.default_rng(1).uniform(-1, 1, (4, 2))
    first, last = source.layers
    wider = Network(  # one more neuron that nobody listens to, with one weight
        (
            Dense(np.vstack([first.weight, [0.5, 0.0]]), np.append(first.bias, 0.0)),
            Dense(np.hstack([last.weight, [[0.0]]]), last.bias, "identity"),
        )
    )
    for method in (walk, halves):
        asked = [question(net, planted(source, 1), 0.4, inputs) for net in (source, wider)]
        plain, doubled = (count(method, a) for a in asked)
        assert doubled.total == 2 * plain.total > 0
        assert count(method, asked[1], once=("dead",)).total == count(method, asked[0], once=("dead",)).total


@pytest.mark.parametrize("method", [walk, halves])
def test_one_chain_of_weights_is_a_subset_sum(method):
    """A linear network with one output on inputs 1 is the sum of the weights kept."""
    rng = np.random.default_rng(8)
    for n, integer in ((10, False), (12, True)):
        weights = rng.integers(-4, 5, n).astype(float) if integer else rng.uniform(-1, 1, n)
        weights[weights == 0] = 1.0
        source = Network((Dense(weights[None], None, "identity"),))
        for goal, epsilon in ((0.25, 0.5), (1.0, 0.0), (0.1, 0.01)):
            census = count(method, question(source, np.array([[goal]]), epsilon, np.ones((1, n))))
            assert census.by_size.tolist() == subset_sum.count(weights, goal, epsilon).by_size.tolist()


def test_curved_activations():
    """Against float64, away from ties; where a planted target is to be met exactly the count is between bounds."""
    inputs = np.random.default_rng(2).uniform(-1, 1, (4, 1))
    for name in ("tanh", "sigmoid", "gelu", "gelu-tanh"):
        source = network([1, 2, 2, 1], 3, bias=False, activations=[name, name, "identity"])
        target = planted(source, 4)
        asked = question(source, target, 0.1, inputs)
        own = question(source, target(inputs), 0.1, inputs, lambda out, wanted: float(np.abs(out - wanted).max()))
        census = count(walk, asked)
        assert census.exact
        assert census.by_size.tolist() == count(walk, own).by_size.tolist()
        open_ = count(walk, question(source, target, 0.0, inputs), masks=True, once=("permuted",))
        assert open_.certainty is Certainty.CERTIFIED
        assert open_.lower.sum() < open_.upper.sum()
        shallow = network([1, 3, 1], 3, activations=[name, "identity"])
        asked = question(shallow, target, 0.2, inputs)
        assert count(halves, asked).by_size.tolist() == count(walk, asked).by_size.tolist()


def test_error_rate():
    """Against argmax in fractions; ties, of which pruned networks have many, go to the first output."""
    for integer in (True, False):
        source = network([2, 2, 2], 6, integer=integer, bias=False)
        inputs = np.random.default_rng(0).integers(-2, 3, (5, 2)).astype(float)
        labels = np.array([0, 1, 1, 0, 1])
        layers = layers_of(source)
        for epsilon in (0.0, 0.2, 0.4, 0.6, 1.0):
            found = []
            for mask in slow.all_masks(layers):
                outs = [slow.outputs(layers, mask, x) for x in inputs]
                wrong = sum(out.index(max(out)) != label for out, label in zip(outs, labels, strict=True))
                if wrong / 5 <= epsilon:
                    found.append(mask)
            check(walk, source, question(source, labels, epsilon, inputs, "error-rate"), found)


def test_own_loss_and_other_layers():
    source = Network.read(
        {"0.weight": np.ones((2, 1, 2, 2)), "3.weight": np.ones((1, 2))},
        [("conv", {}), "relu", "flatten", "dense"],
        input_shape=(1, 2, 2),
    )
    inputs = np.random.default_rng(0).uniform(0, 1, (3, 1, 2, 2))
    census = count(walk, question(source, source, 0.0, inputs), by_layer=True, masks=True)
    assert census.by_layer_size == {(8, 2): 1}
    assert census.masks.shape == (1, 2)
    assert count(walk, question(source, source, math.inf, inputs)).total == 2**10
    with pytest.raises(ValueError, match="dense networks only"):
        count(walk, question(source, source, 0.0, inputs), once=("dead",))


def test_what_it_refuses():
    wide = network([8, 8, 8, 8], 0)
    assert "2^216 masks" in walk.why_not(question(wide, wide, 0.1, np.zeros((1, 8))))
    assert walk.why_not(question(network([2, 3, 3, 1], 0), network([2, 1], 0), 0.1, np.zeros((1, 2)))) is None
    curved = network([1, 2, 1], 0, activations=["relu", "tanh"])
    with pytest.raises(ValueError, match="'tanh'"):
        count(walk, question(curved, curved, 0.1, np.zeros((1, 1))))
    many = network([2, 4, 1], 0)
    assert network([3, 5, 1], 0).kept == 26
    with pytest.raises(ValueError, match="there are 67,108,864"):
        count(walk, question(network([3, 5, 1], 0), network([3, 1], 0), math.inf, np.zeros((1, 3))), masks=True)
    assert count(walk, question(many, many, math.inf, np.zeros((1, 2)))).total == 2**17
    with pytest.raises(ValueError, match="orders"):
        count(walk, question(network([1, 8, 1], 0), network([1, 1], 0), 0.1, np.zeros((1, 1))), once=("permuted",))
    huge = Network((Dense(np.full((2, 1), 1e120)), Dense(np.full((1, 2), 1e60), None, "identity")))
    assert "2e+180" in walk.why_not(question(huge, np.zeros((1, 1)), 0.1, np.ones((1, 1))))
    labels = np.zeros(2, np.int64)
    with pytest.raises(ValueError, match="splitting"):
        count(walk, question(network([3, 6, 2], 0), labels, 0.1, np.zeros((2, 3)), "error-rate"))
