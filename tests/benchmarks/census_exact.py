"""The exact census of tiny networks: the walk against masks in batches of NumPy, threads, and the join of half sums.

python -m tests.benchmarks.census_exact [--quick]
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import sys

import numpy as np
from numpy.typing import NDArray

from slth.census import Census, count_subnetworks
from slth.networks import Network
from tests.benchmarks.timing import in_turn, ratio, table

EPSILON = 1.0
WALKS = ([2, 4, 1], [2, 5, 1], [2, 4, 2], [2, 3, 3, 1], [1, 3, 2, 2, 1])
BATCH = 2**12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer turns, no two lists of 2^20 vectors")
    quick = parser.parse_args().quick
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}; times of one run, ratios paired within it\n")
    walks(quick)
    threads(quick)
    halves(quick)
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB")


def instance(widths: list[int], inputs: int) -> tuple[Network, Network, NDArray[np.float64]]:
    rng = np.random.default_rng(widths)
    source, target = Network.random(widths, rng=1), Network.random([widths[0], 2, widths[-1]], rng=2)
    return source, target, rng.uniform(-1, 1, (inputs, widths[0]))


def count(widths: list[int], epsilon: float, inputs: int = 16, *, method: str, workers: int) -> Census:
    source, target, x = instance(widths, inputs)
    return count_subnetworks(source, target, epsilon, inputs=x, method=method, workers=workers)


def in_batches(widths: list[int], inputs: int = 16) -> tuple[NDArray[np.int64], float]:
    """Counts by size with NumPy alone: masks in batches, one batched matrix product a layer; and the share of masks that were looked at.

    Of a large network an even sample of the batches, all of the same cost.
    """
    source, target, x = instance(widths, inputs)
    wanted, m = target(x), source.size
    batches = range(0, 1 << m, BATCH)
    some = batches[:: max(1, len(batches) // 64)]
    counts = np.zeros(m + 1, np.int64)
    for begin in some:
        bits = (np.arange(begin, begin + BATCH)[:, None] >> np.arange(m)) & 1
        values, taken = np.broadcast_to(x, (BATCH, *x.shape)), 0
        for layer in source.layers:
            weight, bias = layer.weight, layer.bias
            kept = bits[:, taken : taken + weight.size].reshape(BATCH, *weight.shape) * weight
            taken += weight.size
            values = values @ kept.transpose(0, 2, 1) + (bits[:, taken : taken + bias.size] * bias)[:, None]
            taken += bias.size
            if layer.activation == "relu":
                np.maximum(values, 0.0, out=values)
        within = np.abs(values - wanted).max(axis=(1, 2)) <= EPSILON
        counts += np.bincount(bits.sum(axis=1)[within], minlength=m + 1)
    return counts, len(some) / len(batches)


def walks(quick: bool) -> None:
    """One thread each."""
    rows = []
    for widths in WALKS:
        m = instance(widths, 1)[0].size
        seconds = in_turn(
            {
                "numpy": lambda: in_batches(widths),  # noqa: B023
                "slth": lambda: count(widths, EPSILON, method="walk", workers=1),  # noqa: B023
            },
            repeats=3 if quick else 5,
        )
        counts, share = in_batches(widths)
        census = count(widths, EPSILON, method="walk", workers=1)
        seconds["numpy"] = [t / share for t in seconds["numpy"]]
        agree = census.by_size.tolist() == counts.tolist() if share == 1.0 else "of a sample"
        rate = 2**m / statistics.median(seconds["slth"]) / 1e6
        rows.append(
            [
                "-".join(map(str, widths)),
                str(m),
                f"{census.total / 2**m:.3f}",
                f"{rate:,.0f}",
                ratio(seconds, "numpy", "slth"),
                str(agree),
            ]
        )
    header = ["network", "parameters", "share within", "million masks a second", "x NumPy in batches", "counts agree"]
    print(table(header, rows), end="\n\n")


def threads(quick: bool) -> None:
    """Two threads over one, where there is enough to share."""
    rows = []
    cases: list[tuple[list[int], float, str]] = [
        ([2, 3, 2, 2, 1], 0.4, "walk"),
        ([2, 9, 1], 1.0, "walk"),
        ([2, 10, 1], 1.0, "halves"),
    ]
    for widths, epsilon, method in cases:
        seconds = in_turn(
            {str(n): lambda n=n: count(widths, epsilon, method=method, workers=n) for n in (1, 2)},  # type: ignore[misc]  # noqa: B023
            repeats=3 if quick else 5,
        )
        rows.append(
            [
                "-".join(map(str, widths)),
                method,
                *(f"{statistics.median(seconds[n]):.2f}" for n in "12"),
                ratio(seconds, "1", "2"),
            ]
        )
    print(table(["network", "method", "s, 1 thread", "s, 2 threads", "2 threads over 1"], rows), end="\n\n")


def halves(quick: bool) -> None:
    """The join, from small to infinite epsilon; the last networks have two lists of 2^20 different vectors."""
    rows = []
    for widths, inputs in [([2, 10, 1], 16)] if quick else [([2, 10, 1], 16), ([40, 1], 4), ([40, 1], 16)]:
        # with 2^40 different pairs a large share within epsilon takes minutes
        for epsilon in (0.01, 0.1, math.inf) if widths[0] == 40 else (0.01, 0.1, 0.3, 1.0, math.inf):
            runs = {"join": lambda w=widths, e=epsilon, k=inputs: count(w, e, k, method="halves", workers=2)}
            seconds = in_turn(runs, repeats=1)["join"]
            census = count(widths, epsilon, inputs, method="halves", workers=2)
            rows.append(
                [
                    "-".join(map(str, widths)),
                    str(inputs),
                    f"2^{census.parameters}",
                    f"{epsilon:g}",
                    f"{census.total:,}",
                    f"{seconds[0]:.2f}",
                ]
            )
    print(table(["network", "inputs", "masks", "epsilon", "within", "s, 2 threads"], rows), end="\n\n")


if __name__ == "__main__":
    main()
