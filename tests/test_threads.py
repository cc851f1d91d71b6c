"""Blocks in order, lazily, and nothing left running after an error, an interrupt or an early end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from slth.threads import in_order

WORKERS = (1, 2, 3, 7)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("slth")]


@pytest.mark.parametrize("workers", WORKERS)
def test_results_come_in_the_order_of_the_blocks(workers: int) -> None:
    def slow_at_first(block: int) -> int:
        time.sleep(0.02 if block % 5 == 0 else 0)
        return block * block

    assert list(in_order(slow_at_first, range(40), workers)) == [b * b for b in range(40)]
    assert list(in_order(slow_at_first, [], workers)) == []
    assert list(in_order(slow_at_first, iter([3]), workers)) == [9]
    assert threads() == []


@pytest.mark.parametrize("workers", WORKERS)
def test_blocks_are_drawn_lazily_and_by_the_caller(workers: int) -> None:
    drawn = []

    def blocks() -> Iterator[int]:
        for i in range(1000):
            assert threading.current_thread() is threading.main_thread()
            drawn.append(i)
            yield i

    results = in_order(lambda block: block, blocks(), workers)
    assert drawn == []
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(drawn) <= 5 + 2 * workers
    results.close()
    assert threads() == []
    assert len(drawn) <= 5 + 2 * workers


def test_work_is_done_by_several_threads_at_once() -> None:
    """Both blocks wait for each other: one thread alone would wait for ever (here, until the barrier breaks)."""
    barrier = threading.Barrier(2, timeout=20)
    assert sorted(in_order(lambda _: barrier.wait(), range(2), 2)) == [0, 1]


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_comes_in_its_turn_and_ends_everything(workers: int, error: type[BaseException]) -> None:
    done = []

    def work(block: int) -> int:
        if block == 4:
            raise error("block 4")
        done.append(block)
        time.sleep(0.002)
        return block

    results = in_order(work, range(1000), workers)
    assert [next(results) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(error, match="block 4"):
        next(results)
    assert threads() == []
    assert len(done) <= 5 + 3 * workers  # those not yet begun were dropped
    with pytest.raises(StopIteration):
        next(results)


@pytest.mark.parametrize("workers", WORKERS)
def test_an_error_of_the_source_of_blocks_comes_through(workers: int) -> None:
    def blocks() -> Iterator[int]:
        yield from range(10)
        raise RuntimeError("no more blocks")

    seen = []
    with pytest.raises(RuntimeError, match="no more blocks"):
        seen.extend(in_order(lambda block: block, blocks(), workers))
    assert threads() == []


@pytest.mark.parametrize("workers", [1, 3])
def test_an_interrupt_of_the_caller_ends_everything(workers: int) -> None:
    """Control-C while the caller waits for a block: the blocks in work are finished, the others dropped."""
    begun = []

    def work(block: int) -> int:
        begun.append(block)
        time.sleep(0.02)
        if block == 4:  # by now every thread has started
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            time.sleep(0.02)
        return block

    with pytest.raises(KeyboardInterrupt):
        list(in_order(work, range(1000), workers))
    assert threads() == []
    assert len(begun) <= 5 + 3 * workers
