"""The same bits from any number of threads and any order of the batch; a failure leaves no thread behind."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import numpy as np
import pytest

from slth.subset_sum import Solution, answer, solve
from tests.subset_sum.instances import KINDS, assert_same

OBJECTIVE = importlib.import_module("slth.subset_sum.closest")
BLOCK_NS = 2e5


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred times shorter than usual, so that small batches give every thread some."""
    monkeypatch.setattr(answer, "BLOCK_NS", BLOCK_NS)


def mixed_batch(m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of every tame kind, m of them."""
    rng = np.random.default_rng([m, n])
    kinds = ("uniform", "integers", "decimals", "repeated", "mostly zero", "heavy tail", "two scales", "wide")
    samples = np.stack([KINDS[kinds[i % len(kinds)]](rng, n) for i in range(m)])
    return samples, rng.uniform(-1, 1, m)


def reordered(solution: Solution, order: np.ndarray) -> Solution:
    names = ("mask", "sum", "error", "size", "status")
    return Solution(**{name: getattr(solution, name)[order] for name in names}, n=solution.n)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("slth")]


@pytest.mark.parametrize(("m", "n"), [(400, 13), (200, 18), (24, 26), (8, 33)])
def test_same_bits_for_any_number_of_workers(m: int, n: int) -> None:
    samples, goals = mixed_batch(m, n)
    if n > 20:  # the exact search of wide rows takes its time
        samples, goals = samples[np.arange(m) % 8 < 5], goals[np.arange(m) % 8 < 5]
    one = solve(samples, goals, workers=1)
    for workers in (2, 7, None):
        assert_same(solve(samples, goals, workers=workers), one)
    assert threads() == []


def test_same_bits_in_any_order() -> None:
    samples, goals = mixed_batch(300, 14)
    rng = np.random.default_rng(0)
    straight = solve(samples, goals, workers=2)
    for _ in range(3):
        order = rng.permutation(300)
        assert_same(solve(samples[order], goals[order], workers=3), reordered(straight, order))


def test_same_bits_for_shared_rows_in_any_order_and_shape() -> None:
    samples, goals = mixed_batch(12, 15)[0], np.random.default_rng(1).uniform(-2, 2, 90)
    square = solve(samples[:, None], goals, workers=2)
    turned = solve(samples, goals[:, None], workers=3)
    np.testing.assert_array_equal(square.mask, turned.mask.T)
    np.testing.assert_array_equal(square.sum, turned.sum.T)
    np.testing.assert_array_equal(square.error, turned.error.T)
    order = np.random.default_rng(2).permutation(90)
    np.testing.assert_array_equal(square.mask[:, order], solve(samples[:, None], goals[order], workers=1).mask)


def test_calls_from_many_threads_do_not_disturb_each_other() -> None:
    samples, goals = mixed_batch(64, 14)
    expected = solve(samples, goals, workers=1)
    found: list[Solution] = []

    def call() -> None:
        found.append(solve(samples, goals, workers=2))

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(found) == 4
    for solution in found:
        assert_same(solution, expected)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_failing_block_ends_the_call(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException], workers: int
) -> None:
    real, begun = OBJECTIVE.by_join, []

    def failing(batch: Any, which: Any, *limits: Any) -> Any:
        begun.append(which)
        if len(begun) == 3:
            raise error("out of order")
        return real(batch, which, *limits)

    monkeypatch.setattr(OBJECTIVE, "by_join", failing)
    rng = np.random.default_rng(0)
    samples, goals = rng.uniform(-1, 1, (2400, 20)), rng.uniform(-1, 1, 2400)
    blocks = 2400 * OBJECTIVE.cost(20) / BLOCK_NS
    with pytest.raises(error, match="out of order"):
        solve(samples, goals, workers=workers)
    assert threads() == []
    # what was in work or waiting next to it; the rest was dropped
    assert 3 <= len(begun) <= 3 + 3 * workers < blocks / 2
    monkeypatch.setattr(OBJECTIVE, "by_join", real)
    assert_same(solve(samples, goals, workers=workers), solve(samples, goals, workers=1))
