"""Runs of blocks on threads, processes, or whatever executor there is, and their results through one queue."""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import current_process, get_context
from queue import Empty, SimpleQueue
from typing import Any

from slth.sweeps.tally import Tally
from slth.sweeps.task import Task
from slth.validation import worker_count


@dataclass(frozen=True)
class Run:
    """What a run of blocks gave.

    Attributes
    ----------
    results : tuple
        Of each block its tally, or the text of its error, traceback included.
    seconds : float
        That they took.
    """

    results: tuple[Tally | str, ...]
    seconds: float


def run_blocks(task: Task, seed: int, first: int, count: int) -> Run:
    """Blocks of a task one after the other, wherever this is called; an error of one is its result."""
    results: list[Tally | str] = []
    started = time.perf_counter()
    for block in range(first, first + count):
        try:
            results.append(task.block(seed, block))
        except Exception:
            results.append(traceback.format_exc())
    return Run(tuple(results), time.perf_counter() - started)


@dataclass(frozen=True)
class Done:
    """A run of blocks that ended: with what it gave, or lost, with the reason (its worker died, say)."""

    key: Any
    blocks: range
    run: Run | None
    reason: BaseException | None = None


class Dispatcher:
    """Hands runs of blocks to an executor.

    Parameters
    ----------
    executor : concurrent.futures.Executor, distributed.Client or None
        Anything whose ``submit(function, *arguments)`` gives a `concurrent.futures.Future`. By default threads, and processes for tasks
        that hold the interpreter; these are ended at the end, and processes that died are replaced. An executor that is given stays
        as it is.
    workers : int, optional
        How many it has; by default what it says, or all cores.

    Attributes
    ----------
    limit : int
        Runs that may be handed out at a time: two a worker, so that none waits for this thread.
    """

    def __init__(self, executor: Any = None, workers: int | None = None) -> None:
        self._foreign = None if executor is None else _as_executor(executor)
        self._workers = _workers_of(executor) if workers is None and executor is not None else worker_count(workers)
        self.limit = 2 * self._workers
        self._own: dict[str, Executor] = {}
        self._begun: Any = None  # event of processes: one of them has begun to work
        self._ended: SimpleQueue[Future[Run]] = SimpleQueue()
        self._out: dict[Future[Run], tuple[Any, range, Executor]] = {}

    def __enter__(self) -> Dispatcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Runs handed out and not yet back."""
        return len(self._out)

    def submit(self, key: Any, task: Task, seed: int, blocks: range) -> None:
        """Hand out a run of blocks; it comes back from `results` as a `Done` with this key.

        Raises
        ------
        RuntimeError
            If an executor that was given takes no more work.
        """
        pool = self._pool(task)
        try:
            future = self._begin(pool, task, seed, blocks)
        except BrokenExecutor as error:
            if self._foreign is not None:
                raise RuntimeError(_closed(pool, error)) from error
            self._drop(pool)
            pool = self._pool(task)
            future = self._begin(pool, task, seed, blocks)
        except RuntimeError as error:
            raise RuntimeError(_closed(pool, error)) from error
        self._out[future] = (key, blocks, pool)
        future.add_done_callback(self._ended.put)

    def results(self) -> Iterator[Done]:
        """What has ended: waits for at least one run, then gives all that are there."""
        waited = False
        while self._out:
            try:
                future = self._ended.get(block=not waited)
            except Empty:
                return
            waited = True
            key, blocks, pool = self._out.pop(future)
            if future.cancelled():
                yield Done(key, blocks, None)
            elif (error := future.exception()) is None:
                yield Done(key, blocks, future.result())
            else:
                if isinstance(error, BrokenExecutor):
                    self._drop(pool)
                yield Done(key, blocks, None, error)

    def cancel(self, key: Any = None) -> None:
        """Take back the runs of a key (of all keys without one) that have not begun; they come back without a result."""
        for future, (of, _, _) in list(self._out.items()):
            if key is None or of is key:
                future.cancel()

    def drain(self) -> Iterator[Done]:
        """Take back what has not begun, wait for the rest, and give what it gave."""
        self.cancel()
        while self._out:
            future, (key, blocks, _) = self._out.popitem()
            try:
                run = future.result()
            except (Exception, CancelledError):
                continue
            yield Done(key, blocks, run)

    def close(self) -> None:
        """End the threads and processes that this started, after the runs in work."""
        for pool in self._own.values():
            pool.shutdown(wait=True, cancel_futures=True)
        self._own = {}

    def _begin(self, pool: Executor, task: Task, seed: int, blocks: range) -> Future[Run]:
        with nullcontext() if self._foreign is not None else _uninterrupted():
            return pool.submit(run_blocks, task, seed, blocks.start, len(blocks))

    def _pool(self, task: Task) -> Executor:
        if self._foreign is not None:
            return self._foreign
        kind = "processes" if task.holds_gil else "threads"
        if kind not in self._own:
            self._own[kind] = (
                self._processes() if task.holds_gil else ThreadPoolExecutor(self._workers, thread_name_prefix="slth")
            )
        return self._own[kind]

    def _processes(self) -> Executor:
        """New ones, unless those before them died before they began: then these would too."""
        if self._begun is not None and not self._begun.is_set():
            raise RuntimeError(
                "no worker process came to work: each imports the script first, which must be a file and sweep within `if __name__ == "
                '"__main__":` alone; do so, or pass executor=ThreadPoolExecutor() of concurrent.futures'
            )
        # spawned: a fork of a process with threads may inherit a lock that nobody will ever release
        context = get_context("spawn")
        self._begun = self._begun or context.Event()
        return ProcessPoolExecutor(
            self._workers, mp_context=context, initializer=_begin_process, initargs=(self._begun,)
        )

    def _drop(self, pool: Executor) -> None:
        for kind, own in list(self._own.items()):
            if own is pool:
                pool.shutdown(wait=False, cancel_futures=True)
                del self._own[kind]


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Control-C waits until after this; processes and threads that are begun inside never see it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_process(begun: Any) -> None:
    """Control-C goes to all processes of a terminal; here it is the first one that ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begun.set()


def end_if_imported() -> None:
    """End a worker process that, importing the script of its parent, comes to sweep itself; one line instead of a traceback.

    Raises
    ------
    SystemExit
    """
    if getattr(
        current_process(), "_inheriting", False
    ):  # what multiprocessing itself looks at before it starts a process
        raise SystemExit('slth: a worker process met the sweep itself; put that within `if __name__ == "__main__":`')


def _as_executor(executor: Any) -> Executor:
    if hasattr(executor, "get_executor"):  # a distributed.Client
        # not pure: two calls with equal arguments are two calls, each with a key of its own
        made: Executor = executor.get_executor(pure=False)
        return made
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(
            "executor must have submit(function, *arguments) as concurrent.futures.Executor has, or be a distributed.Client; "
            f"got {executor!r:.80}"
        )
    found: Executor = executor
    return found


def _workers_of(executor: Any) -> int:
    """As many as the executor says it has: threads of a cluster, `max_workers` of a pool, ranks of MPI."""
    if hasattr(executor, "get_executor"):
        return max(1, int(sum(executor.nthreads().values())))
    found = getattr(executor, "_max_workers", None) or getattr(executor, "num_workers", None)
    return worker_count(found if isinstance(found, int) else None)


def _closed(pool: Executor, error: Exception) -> str:
    return f"{type(pool).__name__} takes no more work ({error}); what is stored stays: start again with a new executor to go on"
