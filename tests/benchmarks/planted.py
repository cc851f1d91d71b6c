"""Do searches recover planted tickets of extreme sparsity? The finding of Fischer and Burkholz (ICLR 2022): no method does.

    python -m tests.benchmarks.planted [--quick] [--width 100] [--steps 2000] [--seeds 3]

Each method is asked for as many weights as the ticket has, of the whole network ("global"). Shown: the share of the ticket that it found,
its loss (beside it the ticket's), and the seconds of a run; means over the seeds. A low loss with little recovered is another ticket.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from slth import search
from slth.search import BASELINES, METHODS
from tests.benchmarks.timing import table

TASKS = {"relu": (2, 5, 10), "circle": (3, 5, 10), "helix": (2, 5, 10)}


def methods() -> dict[str, object]:
    """All, and edge-popup with annealed density, as the authors ran it."""
    return {**METHODS, "edge-popup, annealed": lambda: search.EdgePopup(anneal=0.5), **dict.fromkeys(BASELINES)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Recovery of planted tickets.")
    parser.add_argument("--quick", action="store_true", help="few steps, one seed, a narrow network")
    parser.add_argument("--width", type=int, default=100)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.1)
    options = parser.parse_args()
    if options.quick:
        options.width, options.steps, options.seeds = 40, 200, 1
    rows = []
    for task, depths in TASKS.items():
        for depth in depths[:: 2 if options.quick else 1]:
            planted = [search.plant(task, depth, options.width, rng=seed) for seed in range(options.seeds)]
            for name, make in methods().items():
                rows.append([repr(planted[0]), *line(planted, name, make, options.steps, options.rate)])
                print(" | ".join(rows[-1]), flush=True)
    print(table(["planted", "method", "recovered", "loss", "the ticket's", "a run"], rows))


def line(planted: list[search.Planted], name: str, make, steps: int, rate: float) -> list[str]:  # type: ignore[no-untyped-def]
    recovered, losses, seconds = [], [], []
    for seed, one in enumerate(planted):
        started = time.perf_counter()
        how = {"method": name} if make is None else {"method": make(), "steps": steps, "rate": rate, "every": 100}
        try:
            found = search.find(one.source, one.objective, density=one.density, budget="global", rng=seed, **how)
        except search.SearchError:
            return [name, "-", "diverges", f"{one.loss:.2g}", "-"]
        seconds.append(time.perf_counter() - started)
        recovered.append(one.recovery(found))
        losses.append(found.loss)
    own = np.mean([one.loss for one in planted])
    return [name, f"{np.mean(recovered):.1%}", f"{np.mean(losses):.2g}", f"{own:.2g}", f"{np.mean(seconds):.1f} s"]


if __name__ == "__main__":
    main()
