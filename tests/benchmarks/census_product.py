"""The census of a construction for real targets: how many subnetworks of each size are within epsilon, with a proven error.

    python -m tests.benchmarks.census_product [digits | tree | mnist | mnist-random] [--workers 2]

digits: the shipped 64-32-10 network, width 42. mnist: 784-500-10 as in Pensia et al., trained here for an epoch (needs the extra `data`);
mnist-random: weights drawn with the spread of the trained ones, no data needed. tree: one stretch of the curve of the digits by a
tilted tree of products (`tests.reference.polynomials`), for comparison with the circles that `slth.census.product` uses.
"""

from __future__ import annotations

import argparse
import math
import resource
import time

import numpy as np

import slth
from slth.census.answer import Census
from slth.census.product import circle, of_construction, weights
from slth.census.product.budget import certified_tolerances
from slth.census.product.polynomials import Polynomials
from slth.census.product.prepared import Prepared
from slth.constructions import TwoLayer, random_source
from slth.data import digits_arrays
from slth.networks import read_domain
from tests.benchmarks.mnist import mnist, trained
from tests.reference import polynomials as reference


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds and memory of the product census.")
    parser.add_argument("what", nargs="*", default=["digits", "tree", "mnist-random"])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    of_construction(slth.Network.random([3, 4, 2], rng=0), 16, math.inf, rng=0)  # compiled before the clock starts
    for what in options.what:
        if what == "tree":
            tree()
        elif what == "digits":
            census("digits 64-32-10", slth.Network.read(digits_arrays()), 1.0, options.workers)
        else:
            network = random_mnist() if what == "mnist-random" else trained_mnist()
            census(f"{what} 784-500-10", network, 30.0, options.workers)


def census(name: str, target: slth.Network, epsilon: float, workers: int) -> Census:
    started, cpu = time.perf_counter(), time.process_time()
    found = of_construction(target, 42, epsilon, domain=(0, 1), rng=0, workers=workers)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"{name}, width 42, epsilon {epsilon:g}, {workers} threads: {seconds:.1f} s ({cpu:.1f} s of processor time)")
    print(f"  {found!r}")
    if found.smallest is None:
        print(f"  {found.diagnostics['reason']}")
        return found
    peak = float(found.log2_share.max())
    print(f"  {found.sizes.size:,} sizes, relative error at most {found.diagnostics['relative_error']:.1e}")
    print(
        f"  smallest {found.smallest:,}, most at {found.mode:,}; of all masks of a size at most a share of 2^{peak:,.0f}"
    )
    for i, layer in enumerate(found.layers):
        print(f"  layer {i}: {layer!r}")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB\n")
    return found


def tree() -> None:
    """Both ways over the same polynomials of the digits network."""
    target = slth.Network.read(digits_arrays())
    region = read_domain((0, 1), 64)
    method = TwoLayer()
    source = random_source(method, target, (42, 42), "uniform", 0)
    plan = Prepared.of(method, source, target, (42, 42), region)
    allowed = certified_tolerances(plan, method, target, region, 10.0)
    assert allowed is not None
    counted = weights.count_weights(plan, allowed, 1, lambda _: None)
    rows = [row for layer in counted for row in layer.lower.tolist() if any(row)]
    started = time.perf_counter()
    seen = reference.tilted_tree(rows, 0.0)
    seconds = time.perf_counter() - started
    width = max(map(len, rows))
    product = Polynomials.grouped(np.array([row + [0] * (width - len(row)) for row in rows], np.uint64))
    started = time.perf_counter()
    found = circle.logs([product], 1)[0]
    circles = time.perf_counter() - started
    near = seen > -math.inf
    seen, near = seen[product.lowest :][: found.log2.size], near[product.lowest :][: found.log2.size]
    print(f"{len(rows):,} polynomials, degree {product.degree:,}: a tilted tree of transforms took {seconds:.2f} s for")
    print(f"  {near.sum():,} sizes, circles {circles:.2f} s for all {near.size:,}, one thread each; ", end="")
    print(f"largest difference of log2 {np.abs(found.log2[near] - seen[near]).max():.1e}\n")


def random_mnist() -> slth.Network:
    rng = np.random.default_rng(0)
    return slth.Network.read([(rng.normal(0, 0.05, (500, 784)), None), (rng.normal(0, 0.1, (10, 500)), None)])


def trained_mnist() -> slth.Network:
    return slth.Network.read([(w, None) for w in trained(*mnist("train"), epochs=1)])


if __name__ == "__main__":
    main()
