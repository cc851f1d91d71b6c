"""What the machinery of sweeps costs: overhead a block, a second worker, opening and going on from a store of a million blocks.

python -m tests.benchmarks.sweeps [--blocks 20000] [--stored 1000000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import ClassVar

import numpy as np

from slth.sweeps import HalfWidth, Stop, Store, Successes, Tally, Task, Trials, collect
from slth.sweeps.series import Series
from slth.sweeps.tasks import RSSTarget
from tests.benchmarks.timing import in_turn, ratio, table


@dataclass(frozen=True)
class Nothing(Task):
    """A block that takes no time, whose trial succeeds every other time."""

    kind: ClassVar[str] = "benchmark-nothing"

    trials_a_block: int = 1

    @property
    def points(self) -> tuple[dict[str, int], ...]:
        return ({"n": 1},)

    def successes(self, tally: Tally) -> tuple[int, ...]:
        return (tally["successes"],)

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        return Tally(trials, {"successes": 1, "sums": (1, 2, 3, 4)})


def main() -> None:
    parser = argparse.ArgumentParser(description="Overhead of sweeps.")
    parser.add_argument("--blocks", type=int, default=20_000)
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        overhead(Path(folder), options.blocks, options.repeats)
        workers(options.repeats)
        large_store(Path(folder) / "large.store", options.stored)


def overhead(folder: Path, blocks: int, repeats: int) -> None:
    """Blocks that do nothing, beside the same blocks in a plain loop."""

    def swept(executor: Executor | int, stored: bool) -> Callable[[], object]:
        def run() -> None:
            path = folder / f"{time.monotonic_ns()}.store" if stored else None
            workers, pool = (executor, None) if isinstance(executor, int) else (None, executor)
            collect([task], stop=Trials(blocks), workers=workers, executor=pool, store=path)
            if path is not None:
                path.unlink()

        return run

    task = Nothing()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:  # started by the warm-up
        contenders = {
            "plain loop": lambda: [task.block(0, i) for i in range(blocks)],
            "threads, 1 worker, in memory": swept(1, False),
            "threads, 1 worker, store": swept(1, True),
            "threads, 2 workers, store": swept(2, True),
            "processes, 2 workers, store": swept(pool, True),
        }
        seconds = in_turn(contenders, repeats)
    each = {name: np.median(times) / blocks * 1e6 for name, times in seconds.items()}
    rows = [
        [name, f"{micro:.0f} us", f"{1e6 / micro:,.0f}", f"{micro - each['plain loop']:.0f} us"]
        for name, micro in each.items()
    ]
    print(table([f"{blocks:,} blocks", "a block", "blocks a second", "overhead"], rows), end="\n\n")


def workers(repeats: int) -> None:
    """A task of compiled kernels that let the interpreter go."""
    task, blocks = RSSTarget(trials_a_block=20_000, ns=(20,), epsilons=(1e-5,)), 40
    stop = Trials(blocks * task.trials_a_block)
    seconds = in_turn({str(n): partial(collect, [task], stop=stop, workers=n) for n in (1, 2)}, repeats)
    each = np.median(seconds["1"]) / blocks * 1e3
    print(f"kernel task, {blocks} blocks of {each:.0f} ms: 2 workers {ratio(seconds, '1', '2')} times 1")
    print(f"(load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)\n")


def large_store(path: Path, blocks: int) -> None:
    """Written block by block as a sweep does; then opened, and gone on from."""
    task, tallies = Nothing(), (Tally(1, {"successes": i % 2, "sums": (i, 2, 3, 4)}) for i in range(blocks))
    started, block = time.perf_counter(), 0
    with Store(path, write=True) as store:
        series = Series(task, 0, Trials(10 * blocks), store)
        while some := dict(enumerate(islice(tallies, 512), block)):
            series.put(some)
            with store.transaction():
                series.save()
            block += len(some)
    print(f"{blocks:,} blocks written in {time.perf_counter() - started:.1f} s, {path.stat().st_size / 2**20:.0f} MiB")
    rows = []
    more: dict[str, tuple[Stop, int]] = {
        "the same rule": (Trials(10 * blocks), blocks),
        "fewer trials": (Trials(blocks // 2 + 1), blocks // 2 + 1),
        "more trials": (Trials(20 * blocks), blocks),
        "successes": (Successes(blocks // 3), 2 * (blocks // 3)),
        "a half width, decided after every block": (HalfWidth(0.003), 0),
    }
    for name, (rule, expected) in more.items():
        started = time.perf_counter()
        with Store(path, write=True) as store:
            opened = time.perf_counter() - started
            answer = Series(task, 0, rule, store).answer()
        assert answer.blocks == expected or not expected
        rows.append([name, f"{opened * 1e3:.0f} ms", f"{time.perf_counter() - started:.2f} s", f"{answer.blocks:,}"])
    started = time.perf_counter()
    with Store(path) as store:
        store.check()
    rows.append(["all of it checked", "", f"{time.perf_counter() - started:.1f} s", f"{blocks:,}"])
    print(table(["gone on from", "opened in", "ready in", "blocks of the prefix"], rows))


if __name__ == "__main__":
    main()
