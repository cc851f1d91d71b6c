"""Experiments that are sweeps: from a specification to the stored answers. Stores stay in `build/experiments`, so that a run goes on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from slth.sweeps import Collected, Trials, collect
from slth.sweeps.answer_file import read, write
from slth.sweeps.spec import Spec, read_spec

ROOT = Path(__file__).parents[3]
SPECS, DATA, FIGURES = (ROOT / "notebooks" / name for name in ("experiments", "data", "figures"))
STORES = ROOT / "build" / "experiments"
_QUICK = 50  # trials of a quick task


def spec(name: str) -> Spec:
    """The specification of this name."""
    return read_spec(SPECS / f"{name}.toml")


def stored(name: str) -> tuple[Collected, ...]:
    """The shipped answers."""
    return read(DATA / f"{name}.json")


def measured(
    name: str, *, quick: bool = False, workers: int | None = None, trials: int = _QUICK, part: slice = slice(6)
) -> tuple[Collected, ...]:
    """Measure, and store unless it is quick: then tasks, or a part of them, are cut to `trials`, other ones than the stored ones."""
    wanted = spec(name)
    if quick:
        tasks = [replace(task, trials_a_block=min(trials, task.trials_a_block)) for task in wanted.tasks[part]]
        with ThreadPoolExecutor(workers) as threads:  # processes take seconds to start
            return collect(tasks, executor=threads, workers=workers, seed=wanted.seed, stop=Trials(trials))
    STORES.mkdir(parents=True, exist_ok=True)
    found = collect(
        wanted.tasks, store=STORES / f"{name}.store", workers=workers, seed=wanted.seed, stop=wanted.stop, progress=True
    )
    write(found, DATA / f"{name}.json")
    return found
