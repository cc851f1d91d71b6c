"""Closest subset of n uniform samples, each instance with samples of its own: slth, the textbook, np.sort, CP-SAT, HiGHS.

    python -m tests.benchmarks.closest [--quick]

Also: one row shared by many targets, growth with the number of instances, threads, and memory at n = 44.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time

import numpy as np

from slth import subset_sum
from tests.benchmarks import peers
from tests.benchmarks.timing import in_turn, ratio, table
from tests.reference import textbook
from tests.reference.subset_sum_exact import closest_meet

INSTANCES = {16: 100_000, 21: 40_000, 24: 10_000, 28: 2_000, 32: 400, 40: 24, 44: 6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the instances, fewer turns, no general solvers"
    )
    quick = parser.parse_args().quick
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}; times of one run, ratios paired within it\n")
    sizes(quick)
    shared_rows(quick)
    growth(quick)
    if not quick:
        general_solvers()
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB")


def instances(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, m])
    return rng.uniform(-1, 1, (m, n)), rng.uniform(-1, 1, m)


def sizes(quick: bool) -> None:
    """Own samples for each instance, two threads; np.sort on one, of lists as long as the two halves have sums."""
    rows = []
    for n, m in INSTANCES.items():
        m = max(m // 10, 2) if quick else m
        samples, targets = instances(n, m)
        few = max(2, m // 8)
        rng = np.random.default_rng(0)
        lists = [rng.random((max(1, few // 8), 1 << k)) for k in (n // 2, n - n // 2)]
        seconds = in_turn(
            {
                "textbook": lambda: textbook.closest_errors(samples[:few], targets[:few], workers=2),  # noqa: B023
                "sort": lambda: [np.sort(half, axis=1) for half in lists],  # noqa: B023
                "slth": lambda: subset_sum.solve(samples, targets, workers=2),  # noqa: B023
                "slth, 1 thread": lambda: subset_sum.solve(samples[: m // 2 or 1], targets[: m // 2 or 1], workers=1),  # noqa: B023
            },
            repeats=3 if quick else 7,
        )
        counts = {"textbook": few, "sort": len(lists[0]), "slth": m, "slth, 1 thread": m // 2 or 1}
        each = {name: [t / counts[name] for t in times] for name, times in seconds.items()}
        reference = textbook.closest_errors(samples[:few], targets[:few], workers=2)
        agree = np.abs(subset_sum.solve(samples[:few], targets[:few]).error - reference) < 1e-12
        rows.append(
            [
                str(n),
                f"{m:,}",
                f"{1 / statistics.median(each['slth']):,.0f}",
                ratio(each, "textbook", "slth"),
                ratio(each, "sort", "slth, 1 thread"),
                ratio(each, "slth, 1 thread", "slth"),
                f"{agree.sum():,} of {few:,}",
            ]
        )
    header = [
        "n",
        "instances",
        "slth, a second, 2 threads",
        "x textbook, 2 threads",
        "x np.sort of the two lists, 1 thread",
    ]
    print(table([*header, "2 threads over 1", "errors equal the textbook's"], rows), end="\n\n")


def shared_rows(quick: bool) -> None:
    """Rows of 21 samples, 784 targets each: the shape of Pensia et al.'s experiment."""
    rows = 20 if quick else 200
    rng = np.random.default_rng(1)
    samples, targets = rng.uniform(-0.46, 0.54, (rows, 1, 21)), rng.laplace(0, 0.03, (rows, 784))
    seconds = in_turn(
        {
            "shared": lambda: subset_sum.solve(samples, targets, workers=2),
            "apart": lambda: subset_sum.solve(np.repeat(samples[:2], 784, axis=1), targets[:2], workers=2),
        },
        repeats=5,
    )
    each = {"shared": [t / rows for t in seconds["shared"]], "apart": [t / 2 for t in seconds["apart"]]}
    print(
        f"784 targets a row, n = 21: {784 / statistics.median(each['shared']):,.0f} targets a second on 2 threads, "
        f"{ratio(each, 'apart', 'shared')} times as many as with samples of their own\n"
    )


def growth(quick: bool) -> None:
    """Time against the number of instances, and threads."""
    largest = 20_000 if quick else 160_000
    samples, targets = instances(21, largest)
    rows = []
    for m in (largest // 16, largest // 4, largest):
        seconds = in_turn(
            {
                "1": lambda: subset_sum.solve(samples[:m], targets[:m], workers=1),  # noqa: B023
                "2": lambda: subset_sum.solve(samples[:m], targets[:m], workers=2),  # noqa: B023
            },
            repeats=5,
        )
        microseconds = [f"{statistics.median(seconds[k]) / m * 1e6:.2f}" for k in "12"]
        rows.append([f"{m:,}", *microseconds, ratio(seconds, "1", "2")])
    print(table(["weights (n = 21)", "us each, 1 thread", "us each, 2 threads", "2 threads over 1"], rows), end="\n\n")


def general_solvers() -> None:
    """The same instances through CP-SAT and HiGHS: how many a second, and how many of their optima are optima."""
    rows = []
    for n, m in ((16, 20), (21, 8)):
        samples, targets = instances(n, INSTANCES[n])
        samples, targets = samples[:m], targets[:m]
        optima = [closest_meet(list(map(float, x)), float(z))[0] for x, z in zip(samples, targets, strict=True)]
        mine = subset_sum.solve(samples, targets)
        rows.append(
            [str(n), "slth", "", f"{sum(int(a) == b for a, b in zip(mine.mask, optima, strict=True))} of {m}", ""]
        )
        for name, solve in peers.PEERS.items():
            started = time.perf_counter()
            answers = [solve(list(map(float, x)), float(z), 20.0) for x, z in zip(samples, targets, strict=True)]
            seconds = (time.perf_counter() - started) / m
            right = sum(mask == optimum for (mask, _), optimum in zip(answers, optima, strict=True))
            false = sum(claim and mask != optimum for (mask, claim), optimum in zip(answers, optima, strict=True))
            rows.append([str(n), name, f"{1 / seconds:.2g}", f"{right} of {m}", str(false)])
    print(table(["n", "solver", "a second, 1 thread", "optima found", "claimed optimal, but not"], rows), end="\n\n")


if __name__ == "__main__":
    main()
