"""What tickets keep and cost, from sweeps, is what the tickets themselves keep."""

from __future__ import annotations

import numpy as np
import pytest

import slth
from slth import Network
from slth.sweeps import Collected, Tally, Trials, collect
from slth.sweeps.findings.sparsity import kept, prices, target_weights
from slth.sweeps.tasks import Construction, Counts


@pytest.fixture(scope="module")
def found() -> tuple[Collected, ...]:
    return collect([Construction(width=14, target="3-2", epsilons=(0.1,), trials_a_block=5)], stop=Trials(5), workers=1)


def test_kept(found: tuple[Collected, ...]) -> None:
    """The same five tickets, made again from the same numbers."""
    task = found[0].task
    words = [int(task.id[i : i + 8], 16) for i in range(0, 32, 8)]
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(0, spawn_key=(*words, 0))))
    layers, biases = [], []
    for _ in range(5):
        target = Network.random((3, 2), rng=rng)
        slth.networks.read_domain((0, 1), 3).sample(rng, 256)
        ticket = slth.approximate(target, 14, domain=(0, 1), rng=rng, workers=1)
        layers.append([int(ticket.weight_mask(layer).sum()) for layer in range(2)])
        biases.append(ticket.kept_by_layer[0] - layers[-1][0])
    (got,) = kept(found)
    assert (got.trials, got.weights) == (5, 14 * 3 * (3 + 2))
    assert got.layers == pytest.approx(np.mean(layers, axis=0))
    assert got.error == pytest.approx(np.std(layers, axis=0, ddof=1) / 5**0.5)
    assert got.density == pytest.approx(np.mean(layers, axis=0).sum() / got.weights)
    low, high = got.reuse_interval()
    assert got.reuse == pytest.approx(np.sum(layers, axis=0)[1] / (np.sum(layers, axis=0)[0] + sum(biases)))
    assert low < got.reuse < high


def test_nothing_shared_by_a_single_output() -> None:
    (answer,) = collect(
        [Construction(width=20, target="3-1", construction="fixed-size(2)", epsilons=(1,), trials_a_block=3)],
        stop=Trials(3), workers=1,
    )  # fmt: skip
    assert kept([answer])[0].reuse == 1


def test_prices() -> None:
    """Success from width 20 to 40 along a made-up curve; the density is read off between the widths."""
    answers = []
    for width, successes in ((10, 0), (20, 4), (30, 20), (40, 40)):
        task = Construction(width=width, target="4-4", epsilons=(0.1,), trials_a_block=40)
        tally = Tally(
            40,
            {
                "within": ((successes,), (0,), (0,)), "kept": (40 * 20, 40 * 60), "kept_squares": (40 * 400, 40 * 3600),
                    "kept_biases": (0, 0),
                "weights": (40 * width * 16, 40 * width * 16), "too_narrow": 0,
            },
        )  # fmt: skip
        answers.append(Collected(task, 0, Trials(40), 1, tally, tally, True))
    (price,) = prices(answers, 0.1)
    assert price.width.lower < price.width.value < price.width.upper
    assert price.width.value == pytest.approx(29, abs=3)
    assert price.overparameterisation[0] == pytest.approx(2 * price.width.value)
    assert price.density[0] == pytest.approx(80 / (32 * price.width.value), rel=1e-6)
    assert price.density[2] < price.density[0] < price.density[1]
    assert prices(answers, 0.1, error="certified") == ()  # never met


def test_targets() -> None:
    assert target_weights("digits") == 64 * 32 + 32 * 10
    assert target_weights("8-4-2") == 40


def test_misuse() -> None:
    with pytest.raises(TypeError, match="got 'counts'"):
        kept([Collected(Counts(n=3, epsilon=0.1), 0, Trials(5))])
