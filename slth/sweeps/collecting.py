"""The front door of sweeps: `collect` runs blocks of tasks until their stopping rules are met, `iter_collect` shows the way there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from numbers import Integral
from typing import Any

from slth.sweeps.answer import Collected
from slth.sweeps.dispatch import Dispatcher, end_if_imported
from slth.sweeps.running import ON_ERROR, Sweep
from slth.sweeps.series import Series
from slth.sweeps.stopping import Stop, Trials
from slth.sweeps.store import Store
from slth.sweeps.task import Task
from slth.threads import progress_bar
from slth.validation import one_of, worker_count

_USUAL = Trials(10_000)


def collect(
    tasks: Iterable[Task],
    *,
    store: str | os.PathLike[str] | Store | None = None,
    executor: Any = None,
    workers: int | None = None,
    seed: int = 0,
    stop: Stop = _USUAL,
    on_error: str = "stop",
    progress: bool = False,
) -> tuple[Collected, ...]:
    """Measure tasks: run their blocks until the stopping rule is met, and give what was found, in the order of the tasks.

    The numbers depend on tasks, seed and rule alone: on no worker, order, interruption, executor or earlier run.

    Parameters
    ----------
    tasks : iterable of Task
        All different.
    store : path or Store, optional
        File of results: blocks that are in it are not run again, those that are run are put into it, and starting again after a
        crash goes on. Without, results are kept in memory alone.
    executor : concurrent.futures.Executor or distributed.Client, optional
        Anything with ``submit(function, *arguments)`` that gives a `concurrent.futures.Future`: pools of threads and processes, loky's,
        `mpi4py.futures.MPIPoolExecutor`; a `distributed.Client` as it is. By default threads of this process, and processes for tasks that
        hold the interpreter (then a script needs its ``if __name__ == "__main__":``).
    workers : int, optional
        Threads or processes; by default one a core, or what the executor says it has.
    seed : int
        >= 0.
    stop : Stop
        `Trials`, `HalfWidth` or `Successes`; decided after each block in the order of the blocks, the same for each task.
    on_error : {"stop", "go-on"}
        What to do when a block fails. To stop: what is finished is stored, and a `BlockError` with the traceback raised. To go on: the
        traceback is in `Collected.errors`, and the trials of this block are missing; a task of which ten blocks failed is given up. Where
        failure depends on what was drawn the estimate is then of the trials that did not fail. Failed blocks are tried again by
        the next run.
    progress : bool
        Show a progress bar (tqdm).

    Returns
    -------
    tuple of Collected

    Raises
    ------
    BlockError
        If a block raises, or takes its worker with it again and again (with ``on_error="go-on"`` both are in the answer).
    StoreError, OSError
        If the store is none, damaged, written to by somebody else, or its disk is full.
    RuntimeError
        If `executor` takes no more work, or no process can begin because the script sweeps without its ``if __name__ == "__main__":``.
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Control-C, or any error, takes back the blocks that have not begun, waits for those in work, stores them and passes on. A kill loses at
    most the runs of blocks in work, of about 50 ms each, or of one block if that takes longer. In memory are the sums of the tasks,
    and of blocks a few for each worker.
    """
    given = _listed(tasks)
    snapshots = iter_collect(
        given,
        store=store,
        executor=executor,
        workers=workers,
        seed=seed,
        stop=stop,
        on_error=on_error,
        progress=progress,
    )
    last = {found.task.id: found for found in snapshots}
    return tuple(last[task.id] for task in given)


def iter_collect(
    tasks: Iterable[Task],
    *,
    store: str | os.PathLike[str] | Store | None = None,
    executor: Any = None,
    workers: int | None = None,
    seed: int = 0,
    stop: Stop = _USUAL,
    on_error: str = "stop",
    progress: bool = False,
) -> Iterator[Collected]:
    """As `collect`, but gives what is there of a task now and then while it grows; what comes last of each task is its answer.

    Leaving the loop early ends the sweep as Control-C does.
    """
    given = _checked(tasks)
    one_of(on_error, ON_ERROR, "on_error")
    if not isinstance(stop, Stop):
        raise TypeError(f"stop must be a stopping rule such as Trials(10_000), got {stop!r:.60}")
    worker_count(workers)
    if executor is None and any(task.holds_gil for task in given):
        end_if_imported()
    if isinstance(store, Store) and not store.writes:
        raise ValueError(f"{store.path} was opened to read; open it with write=True")
    return _steps(given, store, executor, workers, _checked_seed(seed), stop, on_error, progress)


def _steps(
    tasks: list[Task],
    store: str | os.PathLike[str] | Store | None,
    executor: Any,
    workers: int | None,
    seed: int,
    stop: Stop,
    on_error: str,
    progress: bool,
) -> Iterator[Collected]:
    with ExitStack() as stack:
        file = store if store is None or isinstance(store, Store) else stack.enter_context(Store(store, write=True))
        series = [Series(task, seed, stop, file) for task in tasks]
        dispatcher = stack.enter_context(Dispatcher(executor, workers))
        known = [one.most for one in series if one.most is not None]
        total = sum(known) if len(known) == len(series) else None
        bar = stack.enter_context(progress_bar(total, "block", progress, sum(one.blocks for one in series)))
        yield from Sweep(series, dispatcher, file, on_error, bar).steps()


def _checked_seed(seed: Any) -> int:
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"seed must be an integer >= 0, got {seed!r:.60}")
    if seed < 0:
        raise ValueError(f"seed must be an integer >= 0, got {int(seed)}")
    return int(seed)


def _checked(tasks: Iterable[Task]) -> list[Task]:
    """All different.

    Raises
    ------
    TypeError, ValueError
        If one is no task, or there twice.
    """
    found: dict[str, Task] = {}
    for task in _listed(tasks):
        if not isinstance(task, Task):
            raise TypeError(f"tasks must be tasks such as those of slth.sweeps.tasks, got {task!r:.60}")
        if task.id in found:
            raise ValueError(f"the task {task.to_json()} is there twice; leave one away")
        found[task.id] = task
    return list(found.values())


def _listed(tasks: Any) -> list[Any]:
    if isinstance(tasks, Task):
        raise TypeError(f"tasks must be several, got the task {tasks.kind!r} alone; put it into a list")
    return list(tasks)
