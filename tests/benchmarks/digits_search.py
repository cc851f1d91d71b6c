"""Every search, and every mask without one, on the digits that ship with slth: test accuracy at equal density, five seeds.

    python -m tests.benchmarks.digits_search [--seeds 5] [--epochs 60] [--methods gem-miner ...]

A 64-512-10 network of signed constants, never trained. 1,797 images: 60 % to search on, 20 % to choose the best mask, 20 % to report. A
seed draws the network, the split and the search. The dense network of the same shape, trained by the same descent, stands beside.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

import slth
from slth import data, search
from slth.search.flat import Flat
from slth.search.gradients import LayeredOracle
from slth.search.loop import batches, evaluate
from tests.benchmarks.cells import interval
from tests.benchmarks.timing import table

WIDTHS = (64, 512, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description="Every search on the digits.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=float, default=60)
    parser.add_argument("--densities", type=float, nargs="+", default=[0.1, 0.3, 0.5])
    parser.add_argument("--methods", nargs="+", default=[*search.METHODS, *search.BASELINES])
    options = parser.parse_args()
    rows = []
    for method in options.methods:
        row, started = [method], time.perf_counter()
        for density in options.densities:
            row.append(interval([run(method, density, seed, options.epochs) for seed in range(options.seeds)]))
        each = (time.perf_counter() - started) / (options.seeds * len(options.densities))
        rows.append([*row, f"{each:.1f} s"])
        print(" | ".join(rows[-1]), flush=True)
    upper = interval([dense(seed, options.epochs) for seed in range(options.seeds)])
    rows.append(["all weights, trained", *["" for _ in options.densities[:-1]], upper, ""])
    print(table(["method", *(f"{density:.0%} kept" for density in options.densities), "a run"], rows))


def run(method: str, density: float, seed: int, epochs: float) -> float:
    """Test accuracy of one search."""
    source, objective, test, labels = task(seed)
    options = {} if method in search.BASELINES else {"epochs": epochs, "batch": 32}
    found = search.find(source, objective, density=density, method=method, rng=seed, **options)
    return float((found(test).argmax(axis=1) == labels).mean())


def task(seed: int) -> tuple[slth.Network, search.Objective, np.ndarray, np.ndarray]:
    """Network, images to search on and to validate, images to test, their labels."""
    images, labels = data.digits_test()
    order = np.random.default_rng([seed, 7]).permutation(len(labels))
    rest, test = order[: len(order) * 4 // 5], order[len(order) * 4 // 5 :]
    objective = search.classification(images[rest], labels[rest], held_out=0.25, rng=seed)
    return search.random_network(WIDTHS, rng=seed), objective, images[test], labels[test]


def dense(seed: int, epochs: float) -> float:
    """The dense network, its weights trained."""
    source, objective, test, labels = task(seed)
    aside = replace(objective, held_out=test.astype(np.float32), held_out_wanted=labels)
    return trained(source, aside, epochs, seed, batch=32, rate=0.05)


def trained(
    source: slth.Network, objective: search.Objective, epochs: float, seed: int, *, batch: int, rate: float
) -> float:
    """Accuracy on the held-out inputs of the network whose weights are trained by the descent that the searches use on scores."""
    flat, oracle = Flat.of(source), LayeredOracle(source)
    weights, gradient, velocity = flat.values.copy(), np.empty_like(flat.values), np.zeros_like(flat.values)
    steps = int(epochs * (len(objective.inputs) // batch))
    draws = batches(len(objective.inputs), batch, seed, 0)
    for step in range(steps):
        chosen = next(draws)
        x, wanted = objective.inputs[chosen], objective.wanted[chosen]
        oracle.gradient(flat.views(weights), x, wanted, objective.loss, flat.views(gradient))
        velocity = np.float32(0.9) * velocity + gradient + np.float32(5e-4) * weights
        weights -= np.float32(rate * (1 + np.cos(np.pi * step / steps)) / 2) * velocity
    return evaluate(oracle, flat.views(weights), objective)[1]


if __name__ == "__main__":
    main()
