"""`collect`: the numbers of a plain loop, whatever runs the blocks, in whatever order, with whatever interruptions."""

from __future__ import annotations

import random
import signal
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import slth
from slth.sweeps import BlockError, HalfWidth, Stop, Store, Successes, Tally, Task, Trials, collect, iter_collect
from slth.sweeps.store import Entry
from slth.sweeps.stored import stored, task_from_json
from slth.sweeps.tasks import KINDS
from tests.sweeps.fake import Coins, Faulty
from tests.sweeps.twin import collected

TASKS = (Coins(), Coins(20, heads=(0.3, 0.7)), Coins(30))
RULES: tuple[Stop, ...] = (Trials(300), HalfWidth(0.1), Successes(40))


class Shuffled(Executor):
    """One thread that takes what waits in an order drawn by `rng`, after a while, so that there is a choice."""

    def __init__(self, rng: random.Random, workers: int) -> None:
        self._max_workers = workers  # what an executor of the standard library says
        self._rng, self._waiting = rng, []  # type: ignore[var-annotated]
        self._pool = ThreadPoolExecutor(1)

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.append((future, lambda: function(*arguments, **more)))
        self._pool.submit(self._one)
        return future

    def _one(self) -> None:
        time.sleep(1e-4)
        future, work = self._waiting.pop(self._rng.randrange(len(self._waiting)))
        if future.set_running_or_notify_cancel():
            future.set_result(work())


class TestTheNumbers:
    @pytest.mark.parametrize("stop", RULES, ids=str)
    @pytest.mark.parametrize("workers", [1, 2, 5])
    def test_are_those_of_a_plain_loop(self, stop: Stop, workers: int, tmp_path: Path) -> None:
        expected = tuple(collected(task, stop, 7) for task in TASKS)
        assert collect(TASKS, stop=stop, seed=7, workers=workers) == expected
        path = tmp_path / "store"
        assert collect(TASKS[1:], stop=stop, seed=7, workers=workers, store=path) == expected[1:]
        assert collect(TASKS[::-1], stop=stop, seed=7, workers=workers, store=path) == expected[::-1]
        assert collect(TASKS, stop=stop, seed=7, workers=workers, store=path) == expected

    @settings(derandomize=True, max_examples=8, deadline=None)
    @given(st.integers(0, 10**6), st.integers(1, 7), st.sampled_from(RULES), st.sampled_from(RULES))
    def test_do_not_depend_on_order_or_interruptions(self, draw: int, workers: int, first: Stop, then: Stop) -> None:
        """Blocks end in a random order; the loop is left at random moments and begun again, later with another rule."""
        rng = random.Random(draw)
        sizes = rng.sample(range(3, 20), len(TASKS))
        tasks = [replace(task, trials_a_block=size) for task, size in zip(TASKS, sizes, strict=True)]
        with TemporaryDirectory() as folder, Store(Path(folder) / "store", write=True) as store:
            for rule in (first, then):
                for _ in range(rng.randint(0, 3)):
                    snapshots = iter_collect(tasks, stop=rule, store=store, executor=Shuffled(rng, workers))
                    for _ in range(rng.randint(1, 4)):
                        next(snapshots, None)
                    snapshots.close()  # type: ignore[attr-defined]
                answers = collect(tasks, stop=rule, store=store, executor=Shuffled(rng, workers))
                assert answers == tuple(collected(task, rule) for task in tasks)

    def test_of_one_seed_are_not_those_of_another(self) -> None:
        a, b = (collect(TASKS[:1], stop=Trials(300), seed=seed)[0] for seed in (0, 1))
        assert a.tally != b.tally
        assert a.tally.trials == b.tally.trials == 300

    def test_do_not_depend_on_what_was_stored_before(self, tmp_path: Path) -> None:
        """Blocks beyond a gap, before it, beyond the end: taken from the store, the rest run."""
        task, rule = Coins(), Trials(300)
        expected = collected(task, rule)
        for blocks in ([0, 1, 2], [5], [0, 1, 7, 8, 29], range(1, 30), range(200, 220), range(3000)):
            with Store(tmp_path / "store", write=True) as store:
                with store.transaction():
                    entry = store.make_entry(task.id, 0, task.to_json())
                    store.add(entry, {i: task.block(0, i) for i in blocks})
                assert collect([task], store=store, stop=rule) == (expected,)
                assert store.count(entry) == len({*blocks, *range(30)})
            (tmp_path / "store").unlink()


@dataclass(frozen=True)
class Counted(Coins):
    """Keeps a list of the blocks that were run, by their first draws."""

    kind: ClassVar[str] = "test-counted-coins"
    seen: ClassVar[list[float]] = []

    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        self.seen.append(float(rng.random()))
        return super().measure(rng, trials)


@dataclass(frozen=True)
class Given(Coins):
    """Blocks that are known beforehand."""

    kind: ClassVar[str] = "test-given"

    def __init__(self, blocks: dict[int, Tally]) -> None:
        super().__init__(1)
        self.__dict__["blocks"] = blocks

    def block(self, seed: int, index: int) -> Tally:
        return self.__dict__["blocks"][index]  # type: ignore[no-any-return]


class TestTheStore:
    def test_saves_the_work(self, tmp_path: Path) -> None:
        task, path = Counted(), tmp_path / "store"
        Counted.seen.clear()
        collect([task], store=path, stop=Trials(300), workers=1)
        assert len(Counted.seen) == len(set(Counted.seen)) == 30
        collect([task], store=path, stop=Trials(200), workers=1)
        collect([task], store=path, stop=Trials(300), workers=1)
        assert len(Counted.seen) == 30
        collect([task], store=path, stop=Trials(500), workers=1)
        assert len(Counted.seen) == len(set(Counted.seen)) == 50

    def test_is_gone_on_from_without_reading_it_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        task, path, reads = Coins(1), tmp_path / "store", []
        whole = {i: Tally(1, {"heads": (i % 2,), "sum": i}) for i in range(6_000)}
        series_of = {rule: collected(Given(whole), rule) for rule in (Trials(5_000), Trials(5_500), Successes(2_900))}
        with Store(path, write=True) as store:
            with store.transaction():
                store.add(store.make_entry(task.id, 0, task.to_json()), whole)
            collect([task], store=store, stop=Trials(4_500))
        plain = Store.read

        def counted(self: Store, entry: Entry, first: int, end: int, most: int = -1) -> dict[int, Tally]:
            found = plain(self, entry, first, end, most)
            reads.append(len(found))
            return found

        monkeypatch.setattr(Store, "read", counted)
        for rule, most in (
            (Trials(4_500), 1),
            (Trials(5_000), 2049),
            (Trials(5_500), 2049),
            (Successes(2_900), 2049),
        ):
            reads.clear()
            (found,) = collect([task], store=path, stop=rule)
            assert sum(reads) <= most
            if rule in series_of:
                assert (found.blocks, found.tally, found.last) == (
                    series_of[rule].blocks,
                    series_of[rule].tally,
                    series_of[rule].last,
                )

    def test_tells_what_was_decided(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(KINDS, Coins.kind, Coins)
        path = tmp_path / "store"
        answers = collect(TASKS, store=path, stop=Successes(40), seed=3)
        with Store(path) as store:
            assert stored(store) == answers
            fewer = stored(store, Trials(60))
        assert fewer == tuple(collected(task, Trials(60), 3) for task in TASKS)
        collect(TASKS[:1], store=path, stop=Trials(3000), seed=3)
        with Store(path) as store:  # of several rules the one that went farthest
            assert [found.stop for found in stored(store)] == [Trials(3000), Successes(40), Successes(40)]
        monkeypatch.delitem(KINDS, Coins.kind)
        with (
            Store(path) as store,
            pytest.raises(ValueError, match=r"its kind 'test-coins' is none of .*use the slth that"),
        ):
            stored(store)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind":"test-coins","version":2}', '{"kind":["a"],"version":1}',
                                      '{"kind":"test-coins","version":1,"x":1}', '{"kind":"test-coins","version":1}'])  # fmt: skip
    def test_of_other_tasks_is_not_read(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(KINDS, Coins.kind, Coins)
        with pytest.raises(ValueError, match="not a task of this slth"):
            task_from_json(text)
        assert task_from_json(TASKS[1].to_json()) == TASKS[1]


class TestFailure:
    def test_stops_with_the_traceback_and_keeps_what_is_finished(self, tmp_path: Path) -> None:
        task = Faulty(faults=0.05)
        bad = [i for i in range(100) if fails(task, i)]
        assert len(bad) > 2  # else this tests nothing
        with pytest.raises(BlockError) as found:
            collect([task], store=tmp_path / "store", stop=Trials(1000), workers=1)
        error = found.value
        assert (error.task, error.seed, error.block) == (task, 0, bad[0])
        assert (
            f"block {bad[0]} of {task.to_json()} at seed 0 failed: ArithmeticError: the coin stands on its edge"
            in str(error)
        )
        assert "Traceback" in error.text
        assert "in measure" in error.text
        assert error.text in error.__notes__
        with Store(tmp_path / "store") as store:
            (entry,) = store.entries()
            there = store.read(entry, 0, 10**6)
        assert set(range(bad[0])) <= set(there)
        assert not set(bad) & set(there)

    def test_goes_on_without_the_block(self, tmp_path: Path) -> None:
        task = Faulty(faults=0.05)
        bad = [i for i in range(110) if fails(task, i)]
        assert 0 < len(bad) < 10
        good = [i for i in range(110) if i not in bad][:100]
        for workers in (1, 3):
            for _ in range(2):
                found, other = collect(
                    [task, TASKS[1]], stop=Trials(1000), workers=workers, on_error="go-on", store=tmp_path / "store"
                )
                assert other == collected(TASKS[1], Trials(1000))
                assert (found.finished, found.blocks, found.tally.trials) == (True, good[-1] + 1, 1000)
                assert found.tally == sum((task.block(0, i) for i in good), Tally())
                assert [block for block, _ in found.errors] == [i for i in bad if i < found.blocks]
                assert all("the coin stands on its edge" in text for _, text in found.errors)

    def test_of_ten_blocks_gives_the_task_up(self) -> None:
        task = Faulty(faults=0.5)
        bad = [i for i in range(100) if fails(task, i)]
        for workers in (1, 4):
            found, other = collect([task, TASKS[1]], stop=Trials(1000), workers=workers, on_error="go-on")
            assert not found.finished
            assert [block for block, _ in found.errors] == bad[:10]
            assert found.blocks == bad[9] + 1
            assert other == collected(TASKS[1], Trials(1000))

    def test_of_a_task_that_gives_no_tally_is_one(self) -> None:
        class Odd(Coins):
            def measure(self, rng: np.random.Generator, trials: int) -> Any:
                return 3

        with pytest.raises(BlockError, match=r"TypeError: Odd\.measure must give a Tally, got 3"):
            collect([Odd()])


def fails(task: Coins, block: int) -> bool:
    try:
        task.block(0, block)
    except ArithmeticError:
        return True
    return False


class TestInterrupts:
    def test_end_cleanly_with_what_is_stored(self, tmp_path: Path) -> None:
        """Control-C in mid-sweep; afterwards no thread is left, the store is whole, and the sweep goes on to the same numbers."""
        task, rule, path = Coins(seconds=0.005), Trials(2000), tmp_path / "store"
        threading.Timer(0.3, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            collect([task], store=path, stop=rule, workers=2)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("slth")]
        with Store(path) as store:
            (entry,) = store.entries()
            assert 1 < store.count(entry) < 200
            assert store.sound()
        assert collect([task], store=path, stop=rule, workers=2) == (collected(replace(task), rule),)

    def test_at_any_moment_leave_the_store_whole(self, tmp_path: Path) -> None:
        """At random moments in blocks that take no time, so that most fall into the writing of results."""
        tasks, path = (Coins(), Coins(20), Coins(30)), tmp_path / "store"
        rng, interrupted = random.Random(1), 0
        with Store(path, write=True):
            pass

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            for round_ in range(12):
                rule = Successes(
                    2_000 * (round_ + 1)
                )  # more each time, so that there is something to interrupt on fast machines
                try:
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.01, 0.1))
                    collect(tasks, store=path, stop=rule, workers=2)
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except KeyboardInterrupt:
                    interrupted += 1
                with Store(path) as store:
                    store.check()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert interrupted > 0
        assert collect(tasks, store=path, stop=rule) == tuple(collected(task, rule) for task in tasks)

    def test_of_the_loop_store_what_is_in_work(self, tmp_path: Path) -> None:
        task, path = Coins(seconds=0.01), tmp_path / "store"
        snapshots = iter_collect([TASKS[0], task], store=path, stop=Trials(10), workers=2)
        assert next(snapshots).task == TASKS[0]
        snapshots.close()  # type: ignore[attr-defined]
        with Store(path) as store:
            assert sum(store.count(entry) for entry in store.entries()) >= 1


def test_snapshots_grow_and_end_in_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slth.sweeps.running._EVERY", 0.0)
    snapshots = list(iter_collect(TASKS, stop=Trials(3000), workers=2))
    for task in TASKS:
        own = [found for found in snapshots if found.task == task]
        assert own[-1] == collected(task, Trials(3000))
        assert [found.blocks for found in own] == sorted({found.blocks for found in own})
        assert [found.finished for found in own] == [False] * (len(own) - 1) + [True]
        for found in own[:-1]:
            assert found.tally == sum((task.block(0, i) for i in range(found.blocks)), Tally())
    assert len(snapshots) > len(TASKS)


def test_memory_does_not_grow_with_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """While block 0 is slow, only so many others are run ahead of it."""
    begun: list[int] = []

    @dataclass(frozen=True)
    class SlowFirst(Coins):
        def block(self, seed: int, index: int) -> Tally:
            begun.append(index)
            if index == 0:
                time.sleep(0.5)
            return super().block(seed, index)

    monkeypatch.setattr("slth.sweeps.running._MOST", 8)
    snapshots = iter_collect([SlowFirst()], stop=Trials(10**6), workers=2)
    next(snapshots)
    snapshots.close()  # type: ignore[attr-defined]
    before = begun[: begun.index(max(begun))]
    assert 0 in before
    assert max(begun) < 20_000


class TestQuestions:
    def test_that_are_empty_have_empty_answers(self) -> None:
        assert collect([]) == ()

    def test_that_make_no_sense_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "store"
        for error, match, change in (
            (ValueError, "seed must be an integer >= 0, got -1", {"seed": -1}),
            (TypeError, "seed must be an integer >= 0, got 0.5", {"seed": 0.5}),
            (TypeError, "seed must be an integer >= 0, got True", {"seed": True}),
            (ValueError, "workers must be >= 1, got 0", {"workers": 0}),
            (ValueError, "workers must be >= 1, got -2", {"workers": -2}),
            (TypeError, "stop must be a stopping rule", {"stop": 100}),
            (ValueError, "unknown on_error 'ignore'; choose one of 'go-on', 'stop'", {"on_error": "ignore"}),
        ):
            with pytest.raises(error, match=match):
                collect(TASKS, store=path, **change)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"the task .* is there twice; leave one away"):
            collect([Coins(), Coins(20), Coins()], store=path)
        with pytest.raises(TypeError, match=r"tasks must be tasks such as those of slth\.sweeps\.tasks, got 'rss'"):
            collect(["rss"], store=path)  # type: ignore[list-item]
        with pytest.raises(TypeError, match=r"executor must have submit.*got 3"):
            collect(TASKS, executor=3)
        assert not path.exists()
        with Store(path, write=True):
            pass
        with Store(path) as store, pytest.raises(ValueError, match=r"was opened to read; open it with write=True"):
            collect(TASKS, store=store)

    def test_of_a_rule_that_contradicts_itself(self) -> None:
        class Never(Trials):
            def met(self, task: Task, prefix: Tally) -> bool:
                return False

        with pytest.raises(RuntimeError, match=r"is not met by the blocks that it wanted"):
            collect([Coins()], stop=Never(100))

    def test_of_kinds_without_successes_are_refused(self) -> None:
        class Pointless(Coins):
            points = ()  # type: ignore[assignment]

        with pytest.raises(ValueError, match="stop after a number of trials"):
            collect([Pointless()], stop=Successes(3))
        assert collect([Pointless()], stop=Trials(30))[0].finished


def test_the_bar_counts_blocks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    task = Coins(seconds=0.02)
    collect([task], stop=Trials(150), workers=2, progress=True, store=tmp_path / "store")
    shown = capsys.readouterr().err
    assert "/15.0 [" in shown
    assert "block/s]" in shown
    collect([task], stop=Trials(300), workers=2, progress=True, store=tmp_path / "store")
    assert "15.0/30.0 [" in capsys.readouterr().err


def test_it_is_a_public_name() -> None:
    assert slth.sweeps.collect is collect


def test_one_task_alone_is_told_to_go_into_a_list() -> None:
    for door in (collect, iter_collect):
        with pytest.raises(TypeError, match="put it into a list"):
            door(TASKS[0])  # type: ignore[arg-type]
