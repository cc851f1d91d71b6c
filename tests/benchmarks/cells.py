"""Tables of many runs, kept run by run in notebooks/data: a run that is there is not done again, so that a killed benchmark goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

import numpy as np
from scipy.stats import t as student

from tests.benchmarks.papers.stored import DATA, load, rounded, save

Row = dict[str, Any]


def stored(name: str) -> list[Row]:
    """The runs in ``notebooks/data/NAME.json``; none if there is no such file yet."""
    return list(load(name)["runs"]) if (DATA / f"{name}.json").exists() else []


def fill(name: str, tasks: Sequence[Row], run: Callable[..., Row], workers: int = 1) -> list[Row]:
    """Do the runs that are missing, several workers in a process with a core each (set OMP_NUM_THREADS=1), and store each as it ends.

    Parameters
    ----------
    name : str
        Of the file.
    tasks : sequence of dict
        Keywords of each run: numbers and text. A stored run is one whose row agrees with all of them.
    run : callable(**task) -> dict
        What is stored beside the keywords; a function of a module.
    workers : int

    Returns
    -------
    list of dict
        All that is stored, in the order of the tasks; those of earlier, other tasks last.
    """
    rows = stored(name)
    missing = [task for task in tasks if find(rows, task) is None]
    for number, (task, found) in enumerate(_each(missing, run, workers), 1):
        rows.append(rounded(task | found))
        save(name, {"runs": _ordered(rows, tasks)})
        print(f"{number} of {len(missing)}: {rows[-1]}", flush=True)
    return _ordered(rows, tasks)


def find(rows: Sequence[Row], task: Row) -> Row | None:
    """The row of a task."""
    return next((row for row in rows if all(row.get(key) == value for key, value in task.items())), None)


def values(rows: Sequence[Row], name: str, **where: Any) -> list[Any]:
    """One column of the rows that agree with `where`."""
    return [row[name] for row in rows if all(row.get(key) == value for key, value in where.items())]


def interval(numbers: Sequence[float], scale: float = 100, digits: int = 1) -> str:
    """Mean and its 95 % t interval, in percent by default."""
    if len(numbers) < 2:
        return f"{scale * numbers[0]:.{digits}f}"
    return f"{scale * np.mean(numbers):.{digits}f} +- {scale * half_width(numbers):.{digits}f}"


def half_width(numbers: Sequence[float]) -> float:
    """Of the 95 % t interval of a mean."""
    return float(student.ppf(0.975, len(numbers) - 1) * np.std(numbers, ddof=1) / np.sqrt(len(numbers)))


def _each(tasks: Sequence[Row], run: Callable[..., Row], workers: int) -> Iterator[tuple[Row, Row]]:
    """Tasks and what their runs give, in the order in which they end."""
    if workers == 1:
        for task in tasks:
            yield task, run(**task)
        return
    with ProcessPoolExecutor(workers) as pool:
        running = {pool.submit(run, **task): task for task in tasks}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _ordered(rows: Sequence[Row], tasks: Sequence[Row]) -> list[Row]:
    first = [row for task in tasks if (row := find(rows, task)) is not None]
    return first + [row for row in rows if row not in first]
