"""Executors of all sorts by one contract, and what happens when a worker dies."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from slth.sweeps import BlockError, Store, Tally, Trials, collect
from slth.sweeps.dispatch import Dispatcher, run_blocks
from tests.sweeps.fake import Coins, Deadly, Slow
from tests.sweeps.twin import collected

RULE = Trials(300)


class Minimal:
    """No more than the contract: `submit`, whose future has a result later."""

    num_workers = 3  # as mpi4py's

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(3)
        self.most = self.now = 0

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        future = self.pool.submit(function, *arguments)
        self.now += 1
        self.most = max(self.most, self.now)
        future.add_done_callback(lambda _: setattr(self, "now", self.now - 1))
        return future


def test_a_run_gives_tallies_or_errors() -> None:
    task = Coins()
    run = run_blocks(task, 5, 3, 4)
    assert run.results == tuple(task.block(5, i) for i in range(3, 7))
    assert run.seconds > 0


def test_the_contract_is_submit() -> None:
    executor = Minimal()
    assert collect([Coins()], stop=RULE, executor=executor) == (collected(Coins(), RULE),)
    assert 1 < executor.most <= 6  # two for each of its workers
    assert executor.pool.submit(int).result() == 0  # it is not ours to end


def test_as_many_runs_as_twice_the_workers() -> None:
    for executor, limit in ((ThreadPoolExecutor(5), 10), (Minimal(), 6), (ProcessPoolExecutor(2), 4)):
        assert Dispatcher(executor).limit == limit
        assert Dispatcher(executor, 7).limit == 14
    assert Dispatcher(None, 3).limit == 6


def test_processes_where_the_work_holds_the_interpreter(tmp_path: Path) -> None:
    """Both kinds in one sweep; one process dies in the midst of it, and the numbers are those of a plain loop."""

    tasks = (Slow(), Where(), Deadly(faults=1.0, once=str(tmp_path / "dead")), Coins())
    found = collect(tasks, stop=RULE, workers=2, store=tmp_path / "store")
    assert (tmp_path / "dead").exists()
    assert found[0] == collected(tasks[0], RULE)
    assert found[1].tally["here"] == 0
    assert found[2] == collected(tasks[2], RULE)
    assert found[3] == collected(tasks[3], RULE)


@dataclass(frozen=True)
class Where(Slow):
    """Whether a block runs in the process `home`."""

    kind: ClassVar[str] = "test-where"
    home: int = os.getpid()

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        return super().measure(rng, trials) + Tally(0, {"here": int(os.getpid() == self.home)})


def deadly(task: Deadly, blocks: int) -> list[int]:
    """The blocks that would kill."""
    return [i for i in range(blocks) if run_blocks(Harmless(task), 0, i, 1).results[0] == Tally(1)]


class Harmless:
    """A task that says what another would do."""

    def __init__(self, task: Deadly) -> None:
        self.task = task

    def block(self, seed: int, index: int) -> Tally:
        words = [int(self.task.id[i : i + 8], 16) for i in range(0, 32, 8)]
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(*words, index)))
        return Tally(int(rng.random() < self.task.faults))


class TestABlockThatKillsItsWorker:
    @pytest.mark.slow
    def test_is_named_exactly(self, tmp_path: Path) -> None:
        task = Deadly(faults=0.06)
        bad = deadly(task, 40)
        assert 2 <= len(bad) <= 8
        with pytest.raises(BlockError, match="the worker was lost 2 times with this block alone on it") as found:
            collect([task], stop=RULE, workers=2, store=tmp_path / "store")
        assert found.value.block in bad
        with Store(tmp_path / "store") as store:
            (entry,) = store.entries()
            assert not set(store.read(entry, 0, 100)) & set(bad)

    @pytest.mark.slow
    def test_is_left_out_on_request(self) -> None:
        task = Deadly(faults=0.06)
        bad = deadly(task, 40)
        (found,) = collect([task], stop=RULE, workers=2, on_error="go-on")
        assert [block for block, _ in found.errors] == [i for i in bad if i < found.blocks]
        assert found.tally.trials == 300

    def test_is_told_from_those_beside_it(self) -> None:
        """The same with threads that only say that they died: every block of a run is lost with one of them."""
        bad = {3, 17, 18}
        pool = Dying(bad, always=True)
        (found,) = collect([Coins()], stop=RULE, executor=pool, on_error="go-on")
        assert {block for block, _ in found.errors} == bad
        assert found.tally == sum((Coins().block(0, i) for i in range(33) if i not in bad), Tally())
        with pytest.raises(BlockError, match=r"block 3 of .*lost 2 times .*\(ConnectionError: worker died\)"):
            collect([Coins()], stop=RULE, executor=Dying({3}, always=True))

    def test_that_died_once_is_run_again(self) -> None:
        assert collect([Coins()], stop=RULE, executor=Dying({0, 3, 17, 18, 29}, always=False)) == (
            collected(Coins(), RULE),
        )


class Dying(Executor):
    """Threads that lose runs with one of the `blocks` in them, always or once each."""

    def __init__(self, blocks: set[int], always: bool) -> None:
        self.blocks, self.always = set(blocks), always
        self.pool = ThreadPoolExecutor(3)
        self._max_workers = 3

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        return self.pool.submit(self.work, function, *arguments)

    def work(self, function: Any, task: Coins, seed: int, first: int, count: int) -> Any:
        if hit := self.blocks & set(range(first, first + count)):
            if not self.always:
                self.blocks -= hit
            raise ConnectionError("worker died")
        return function(task, seed, first, count)


class Broken(Executor):
    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        raise BrokenExecutor("it is broken")


def test_an_executor_that_takes_no_more_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"Broken takes no more work \(it is broken\); what is stored stays"):
        collect([Coins()], executor=Broken())
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match=r"ThreadPoolExecutor takes no more work .*start again with a new executor"):
        collect([Coins()], executor=pool)


@pytest.mark.slow
def test_a_task_that_cannot_travel_is_an_error() -> None:
    class Local(Slow):
        pass

    with pytest.raises(
        BlockError, match=r"the worker was lost 2 times .*Can't pickle|the worker was lost .*Can't get local"
    ):
        collect([Local()], workers=1)


UNGUARDED = """
from slth.sweeps import Trials, collect
from tests.sweeps.fake import Slow
collect([Slow()], store="a.store", workers=1, stop=Trials(20))
"""


@pytest.mark.slow
@pytest.mark.parametrize("piped", [False, True])
def test_a_script_that_worker_processes_cannot_import(tmp_path: Path, piped: bool) -> None:
    """They would sweep too, or find no file: one line each from them, and the remedy last, whatever block was waiting."""
    (tmp_path / "script.py").write_text(UNGUARDED)
    found = subprocess.run(
        [sys.executable, "-" if piped else "script.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        input=UNGUARDED if piped else None,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert found.returncode == 1
    assert found.stderr.splitlines()[-1].startswith("RuntimeError: no worker process came to work")
    assert found.stderr.count("Traceback") == (2 if piped else 1)


@pytest.mark.slow
def test_a_pool_of_processes() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert collect([Coins(), Slow()], stop=RULE, executor=pool) == (
            collected(Coins(), RULE),
            collected(Slow(), RULE),
        )


@pytest.mark.slow
def test_loky() -> None:
    loky = pytest.importorskip("loky")
    pool = loky.ProcessPoolExecutor(2)
    assert collect([Coins(), Slow()], stop=RULE, executor=pool) == (collected(Coins(), RULE), collected(Slow(), RULE))
    pool.shutdown()
