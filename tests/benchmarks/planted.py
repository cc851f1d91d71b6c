"""Do searches recover planted tickets of extreme sparsity? The finding of Fischer and Burkholz (ICLR 2022): no method does.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.planted [--width 100] [--steps 1000] [--seeds 3] [--workers 2]
    python -m tests.benchmarks.planted --show        (the table of the stored runs)
    python -m tests.benchmarks.planted --quick       (a narrow network, few steps; stores nothing)

Each method is asked for as many weights as the ticket has, of the whole network ("global"). Shown, means over the seeds: the share of the
ticket that it found; its loss; and how many of its weights lie on a path from an input to an output. A low loss with little recovered is
another ticket. The learning rate is the largest of 0.1, 0.01 and 0.001 with which the search stays finite, "overflow" where none is: a
ticket of one path through ten layers of weights of the usual size leaves a last weight of 1e5, and the whole network's outputs as large.

Runs are kept in notebooks/data/planted.json, each as it ends; only those that are missing are done.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from slth import search
from slth.search import BASELINES, METHODS
from slth.search.losses import loss_and_slope
from tests.benchmarks.cells import Row, fill, stored, values
from tests.benchmarks.timing import table

TASKS = {"relu": (2, 5, 10), "circle": (3, 5, 10), "helix": (2, 5, 10)}
ANNEALED = "edge-popup, annealed"  # as the authors ran it
RATES = (0.1, 0.01, 0.001)


def main() -> None:
    parser = argparse.ArgumentParser(description="Recovery of planted tickets.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--show", action="store_true", help="only show what is stored")
    parser.add_argument("--width", type=int, default=100)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="runs at a time")
    options = parser.parse_args()
    if options.quick:
        options.width, options.steps, options.seeds = 40, 200, 1
    tasks = [
        {"task": task, "depth": depth, "width": options.width, "steps": options.steps, "seed": seed, "method": method}
        for seed in range(options.seeds)
        for task, depths in TASKS.items()
        for depth in depths[:: 2 if options.quick else 1]
        for method in (*METHODS, ANNEALED, *BASELINES)
    ]
    if options.quick:
        rows = [task | run(**task) for task in tasks]
    else:
        rows = stored("planted") if options.show else fill("planted", tasks, run, options.workers)
    for width, steps in sorted({(row["width"], row["steps"]) for row in rows}):
        own = [row for row in rows if (row["width"], row["steps"]) == (width, steps)]
        print(f"hidden layers of {width}, {steps} steps, {len({row['seed'] for row in own})} seeds\n{summary(own)}\n")


def run(task: str, depth: int, width: int, steps: int, seed: int, method: str) -> Row:
    """One search for one planted ticket."""
    planted = search.plant(task, depth, width, rng=seed)
    known = {"size": planted.size, "of": planted.source.kept, "ticket_loss": planted.loss}
    started = time.process_time()
    try:
        found, rate = sought(planted, method, steps, seed)
    except search.SearchError:  # outputs, gradients or scores overflow
        return known
    return known | {
        "rate": rate,
        "recovered": planted.recovery(found),
        "loss": found.loss,
        "on_paths": found.network.anatomy().effective,
        "seconds": time.process_time() - started,
    }


def sought(planted: search.Planted, method: str, steps: int, seed: int) -> tuple[search.SearchResult, float]:
    """What a method finds, and its learning rate: 0 without one."""
    common: dict[str, Any] = {"density": planted.density, "budget": "global", "rng": seed}
    if method in BASELINES:
        return search.find(planted.source, planted.objective, method=method, **common), 0.0
    chosen = search.EdgePopup(anneal=0.5) if method == ANNEALED else METHODS[method]()
    for rate in RATES:
        try:
            found = search.find(
                planted.source, planted.objective, method=chosen, steps=steps, rate=rate, every=100, **common
            )
        except search.SearchError:
            if rate == RATES[-1]:
                raise
        else:
            return found, rate
    raise AssertionError


def summary(rows: list[Row]) -> str:
    """A line a method, a column a planted ticket: recovered, loss, weights on paths."""
    finite = [row for row in rows if "rate" in row]
    columns = list(dict.fromkeys((row["task"], row["depth"]) for row in rows))
    lines = []
    for method in dict.fromkeys(row["method"] for row in rows):
        cells = []
        for task, depth in columns:
            where = {"task": task, "depth": depth, "method": method}
            columns_of = (values(finite, name, **where) for name in ("recovered", "loss", "on_paths"))
            found, loss, alive = (np.mean(column) if column else np.nan for column in columns_of)
            cells.append("overflow" if np.isnan(found) else f"{found:.0%}, {loss:.2g}, {alive:.0f}")
        lines.append([method, *cells])
    known = []
    for task, depth in columns:
        size, of, loss = (np.mean(values(rows, name, task=task, depth=depth)) for name in ("size", "of", "ticket_loss"))
        known.append(f"{size:.0f} of {of:,.0f}, {loss:.2g}")
    empty = [f"{without_a_path(task):.2g}" for task, _ in columns]
    lines += [["the ticket: size, loss", *known], ["no path: loss", *empty]]
    return table(["recovered, loss, on paths", *(f"{task}, depth {depth}" for task, depth in columns)], lines)


def without_a_path(task: str) -> float:
    """Loss of outputs that are 0, what a network gives that has no path left from an input to an output."""
    objective = search.plant(task, TASKS[task][0], 40, rng=0).objective
    outputs = len(objective.wanted[0]) if objective.wanted.ndim > 1 else 4
    return loss_and_slope(np.zeros((len(objective.inputs), outputs), np.float32), objective.wanted, objective.loss)[0]


if __name__ == "__main__":
    main()
