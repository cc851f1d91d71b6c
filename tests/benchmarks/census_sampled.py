"""Sampled censuses: swaps a second against evaluating every mask with NumPy in batches, and splitting against the flat histogram.

    python -m tests.benchmarks.census_sampled [--quick]

A step swaps a kept with a pruned parameter, computes the loss and keeps the swap if it is within the level, in which a quarter of random
masks lie.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np

from slth import Network
from slth.census.question import Question, read_question
from slth.census.sampled import flat_histogram, splitting
from slth.census.sampled.dense_walkers import walker_of
from slth.census.sampled.ladder import random_masks
from slth.census.sampled.walkers import AnyWalker, Walker
from tests.benchmarks.timing import in_turn, ratio, table

PARTICLES = 64


def questions() -> dict[str, Question]:
    rng = np.random.default_rng(0)
    small, large = rng.uniform(-1, 1, (16, 2)), rng.uniform(0, 1, (64, 64))
    deep = rng.uniform(-1, 1, (64, 8))
    labels = Network.random([64, 32, 10], rng=2)(large).argmax(axis=1)
    return {
        "2-16-1, sup, 16 inputs": _sup([2, 16, 1], small),
        "64-32-10, sup, 64 inputs": _sup([64, 32, 10], large),
        "64-32-10, error rate, 64 inputs": read_question(
            Network.random([64, 32, 10], rng=1), labels, 0.6, large, None, "error-rate"
        ),
        "8-16-16-3, sup, 64 inputs": _sup([8, 16, 16, 3], deep),
    }


def _sup(widths: list[int], x: np.ndarray) -> Question:
    return read_question(Network.random(widths, rng=1), 0.3 * Network.random(widths, rng=2)(x), 0.1, x, None, "sup")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer turns, smaller censuses")
    quick = parser.parse_args().quick
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}; times of one run, ratios paired within it\n")
    swaps(3 if quick else 7)
    censuses(0.1 if quick else 0.25)


def swaps(repeats: int) -> None:
    """One thread each; NumPy multiplies stacks of matrices of all particles."""
    rows = []
    for name, question in questions().items():
        m = question.parameters.count
        fast, plain = walker_of(question), AnyWalker(question)
        masks = random_masks(4 * PARTICLES, m, m // 2, np.random.default_rng(1))
        losses = fast.losses(masks)
        level = float(np.quantile(losses, 0.25)) + fast.margin
        start = masks[losses <= level][:PARTICLES]
        rate = 0.0

        def run(walker: Walker, steps: int, start: np.ndarray = start, level: float = level) -> float:
            particles = start.copy()
            found = walker.losses(particles)
            return walker.swap(particles, found, level, steps, 1, np.random.default_rng(2)) / (len(start) * steps)

        rate = run(fast, 200)
        steps = {"NumPy": 10, "slth": 1000}
        seconds = in_turn({"NumPy": lambda: run(plain, 10), "slth": lambda: run(fast, 1000)}, repeats)  # noqa: B023
        each = {key: [t / (len(start) * steps[key]) for t in times] for key, times in seconds.items()}
        rows.append(
            [
                name,
                f"{m:,}",
                f"{rate:.0%}",
                f"{1 / statistics.median(each['NumPy']):,.0f}",
                f"{1 / statistics.median(each['slth']):,.0f}",
                ratio(each, "NumPy", "slth"),
            ]
        )
    print(table(["network", "m", "accepted", "NumPy, swaps a second", "slth", "times"], rows), "\n")


def censuses(effort: float) -> None:
    """log2 of the number of masks of one size with its interval, both methods, one and two threads."""
    rows = []
    for name, size in (("2-16-1, sup, 16 inputs", 32), ("64-32-10, error rate, 64 inputs", 1200)):
        question = questions()[name]
        for method, count in (("splitting", splitting.count), ("flat histogram", flat_histogram.count)):
            seconds = []
            for workers in (1, 2):
                begun = time.perf_counter()
                found = count(question, sizes=[size], effort=effort, rng=0, workers=workers)
                seconds.append(time.perf_counter() - begun)
            rows.append(
                [
                    name,
                    method,
                    f"{found.log2_by_size[0]:.2f} [{found.log2_lower[0]:.2f}, {found.log2_upper[0]:.2f}]",
                    f"{found.log2_all[0]:.2f}",
                    f"{seconds[0]:.1f}",
                    f"{seconds[0] / seconds[1]:.1f}",
                ]
            )
    print(table(["network", "method", "log2 N", "log2 C(m, s)", "seconds, 1 thread", "2 threads over 1"], rows))


if __name__ == "__main__":
    main()
