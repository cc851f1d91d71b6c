"""Each objective of the laboratory against the general solvers that can do the job at all: CP-SAT and HiGHS, one run, failures counted.

    python -m tests.benchmarks.objectives [--quick]

A subset fails if it is not what was asked for, recomputed in exact arithmetic; an answer that none exists fails if the other found one.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from slth import subset_sum
from tests.benchmarks import peers
from tests.benchmarks.timing import in_turn, table


@dataclass(frozen=True)
class Job:
    """Some instances of one question: for slth a batch, for the others one by one."""

    name: str
    n: int
    instances: int
    options: dict[str, Any]
    d: int = 1

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.n, self.instances, self.d])
        shape = (self.instances, self.n) if self.d == 1 else (self.instances, self.n, self.d)
        targets = rng.uniform(-1, 1, self.instances if self.d == 1 else (self.instances, self.d))
        return rng.uniform(-1, 1, shape), targets


JOBS = (
    Job("closest", 21, 20_000, {}),
    Job("closest, size n/2", 21, 20_000, {"size": 10}),
    Job("closest, size n/2", 28, 1_000, {"size": 14}),
    Job("smallest within 0.01", 21, 10_000, {"objective": "smallest", "epsilon": 0.01}),
    Job("any within 0.01", 21, 400_000, {"objective": "any", "epsilon": 0.01}),
    Job("any within 0.01", 48, 400_000, {"objective": "any", "epsilon": 0.01}),
    Job("any within 0.01, size n/2", 21, 200_000, {"objective": "any", "epsilon": 0.01, "size": 10}),
    Job("any within 0.01, size n/2", 48, 200_000, {"objective": "any", "epsilon": 0.01, "size": 24}),
    Job("vectors within 0.01, d = 3", 48, 4_000, {"objective": "any", "epsilon": 0.01, "norm": "max"}, d=3),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a tenth of the instances, fewer turns")
    quick = parser.parse_args().quick
    rows = [row for job in JOBS for row in compare(job, quick)]
    header = ["question", "n", "solver", "a second", "slth is faster by", "failures"]
    print(table(header, rows), end="\n\n")
    large(quick)
    counts(quick)
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB")


def large(quick: bool) -> None:
    """One closest subset, all threads, proven."""
    rows = []
    for n in (48, 52, 56) if quick else (48, 52, 56, 60, 64):
        rng = np.random.default_rng(n)
        samples, target = rng.uniform(-1, 1, n), float(rng.uniform(-1, 1))
        subset_sum.solve(samples[:40], target)
        started = time.perf_counter()
        found = subset_sum.solve(samples, target, workers=2)
        seconds = time.perf_counter() - started
        rows.append([str(n), f"{seconds:.2f}", f"{found.error:.2g}", subset_sum.Status(int(found.status)).name])
    print(table(["closest of one row, n", "seconds, 2 threads", "error", "status"], rows), end="\n\n")


def counts(quick: bool) -> None:
    """Exact counts by size within 0.01; at n = 20 to 28 many rows at once."""
    rows = []
    for n, m in (
        {20: 20_000, 24: 4_000, 28: 500, 40: 4, 50: 1}
        if quick
        else {20: 40_000, 24: 8_000, 28: 1_000, 40: 8, 50: 1, 56: 1}.items()
    ):
        rng = np.random.default_rng(n)
        samples, targets = rng.uniform(-1, 1, (m, n)), rng.uniform(-1, 1, m)
        subset_sum.count(samples[:1, : min(n, 40)], targets[:1], 0.01)
        started = time.perf_counter()
        found = subset_sum.count(samples, targets, 0.01, workers=2)
        seconds = (time.perf_counter() - started) / m
        rate = f"{1 / seconds:,.0f} a second" if seconds < 0.1 else f"{seconds:.2f} s"
        rows.append([str(n), rate, found.certainty.name])
    print(table(["counts by size, n", "2 threads", "certainty"], rows), end="\n\n")


def compare(job: Job, quick: bool) -> list[list[str]]:
    samples, targets = job.draw()
    if quick:
        samples, targets = samples[: len(samples) // 10], targets[: len(targets) // 10]
    run: Callable[[], Any] = lambda: subset_sum.solve(samples, targets, workers=2, **job.options)  # noqa: E731
    seconds = in_turn({"slth": run}, repeats=3 if quick else 5)["slth"]
    each = statistics.median(seconds) / len(samples)
    solution = run()
    some = [i for i in range(200) if solution.status[i] != subset_sum.Status.NOT_FOUND]
    wrong = sum(failed(job, samples[i], targets[i], int(solution.mask[i])) for i in some)
    rows = [[job.name, str(job.n), "slth, 2 threads", f"{1 / each:,.0f}", "", f"{wrong} of {len(some)}"]]
    options = {key: value for key, value in job.options.items() if key in ("epsilon", "size")}
    for name, solve in peers.PEERS.items():
        masks: list[int | None] = []
        started = time.perf_counter()
        while time.perf_counter() - started < (2 if quick else 8) and len(masks) < 50:
            i = len(masks)
            if job.options.get("objective") == "smallest":
                break  # neither adapter minimises the size
            masks.append(solve(samples[i], targets[i], 20.0, **options)[0])
        if masks:
            spent = (time.perf_counter() - started) / len(masks)
            wrong = sum(
                (mask is None) != (solution.status[i] == subset_sum.Status.NOT_FOUND)
                or (mask is not None and failed(job, samples[i], targets[i], mask, float(solution.error[i])))
                for i, mask in enumerate(masks)
            )
            rows.append(
                [
                    job.name,
                    str(job.n),
                    f"{name}, 1 thread",
                    f"{1 / spent:,.2g}",
                    f"{spent / each:,.2g}",
                    f"{wrong} of {len(masks)}",
                ]
            )
    return rows


def failed(job: Job, row: np.ndarray, target: np.ndarray, mask: int, smallest: float | None = None) -> bool:
    """Whether the subset is not what was asked for: within epsilon, of the size; or else as close as the closest known."""
    chosen = [i for i in range(job.n) if mask >> i & 1]
    columns = row.reshape(job.n, -1).T.tolist()
    goals = np.atleast_1d(target).tolist()
    error = max(abs(math.fsum([*(column[i] for i in chosen), -z])) for column, z in zip(columns, goals, strict=True))
    if "size" in job.options and len(chosen) != job.options["size"]:
        return True
    if "epsilon" in job.options:
        return error > job.options["epsilon"]
    return smallest is not None and error > smallest


if __name__ == "__main__":
    main()
