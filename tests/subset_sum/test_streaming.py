"""Streaming: every subset in a window exactly once, the closest subset of up to 64 samples, threads, deadlines.

The tests of the kernel alone also run interpreted (NUMBA_DISABLE_JIT=1) and with bounds checks (NUMBA_BOUNDSCHECK=1).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.subset_sum import exact, streaming
from slth.subset_sum.batch import Batch, FixedPoint
from slth.subset_sum.kernels import join, merge, streamed
from tests.reference import window as reference
from tests.reference.subset_sum_exact import closest_meet
from tests.subset_sum.instances import KINDS, targets

Row = Any


@pytest.fixture(autouse=True)
def _words_wrap() -> Iterator[None]:
    """Kernels let words wrap around on purpose; interpreted, NumPy warns of it."""
    with np.errstate(over="ignore"):
        yield


INTEGERS = {
    "uniform": lambda rng, n: rng.integers(-(2**55), 2**55, n),
    "positive": lambda rng, n: rng.integers(1, 2**55, n),
    "small": lambda rng, n: rng.integers(-5, 6, n),
    "all equal": lambda rng, n: np.full(n, rng.integers(1, 2**53)),
    "all zero": lambda rng, n: np.zeros(n, np.int64),
    "zeros": lambda rng, n: rng.integers(-(2**50), 2**50, n) * (rng.random(n) < 0.5),
    "one quantum": lambda rng, n: np.where(
        rng.random(n) < 0.5, rng.choice([-1, 1], n), rng.integers(-(2**54), 2**54, n)
    ),
    "powers of two": lambda rng, n: rng.choice([-1, 1], n) << rng.integers(0, 54, n),
    "multiples": lambda rng, n: rng.integers(-9, 10, n) * 2**48,
    "dominated": lambda rng, n: np.append(rng.integers(-9, 10, n - 1), 2**58),
}


def goals(rng: np.random.Generator, row: Row) -> list[int]:
    """Inside the reach, at its ends, beyond, exactly reachable, halfway, zero."""
    low, high = int(row[row < 0].sum()), int(row[row > 0].sum())
    some = int(row[rng.random(row.size) < 0.5].sum())
    return [
        0,
        int(rng.integers(low, high + 1)),
        some,
        some + 1,
        low,
        high,
        high + 3,
        2**61,
        -(2**61),
        (low + high) // 2,
    ]


def listed(found: Any) -> list[tuple[int, int, int]]:
    """(|error|, size, mask) of the masks of an answer."""
    return [
        (abs(e), mask.bit_count(), mask) for e, mask in zip(found.errors.tolist(), found.masks.tolist(), strict=True)
    ]


def kernel(
    values: Row, targets: Any, exact: bool = True, low: Any = 0, high: Any = 64, counts: Any = None
) -> tuple[list[int], list[int]]:
    """Masks and codes by the batch kernel: one row, many targets."""
    row = np.array([values], np.int64)
    m = len(targets)
    masks, codes = np.full(m, 77, np.uint64), np.full(m, 77, np.uint8)
    streamed.closest(
        row,
        np.array([row.shape[1]]),
        np.zeros(m, np.int64),
        np.array(targets, np.int64),
        np.full(m, exact),
        np.full(m, low),
        np.full(m, high),
        masks,
        codes,
    )
    return masks.tolist(), codes.tolist()


# ---- the batch kernel ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", INTEGERS)
def test_kernel_against_every_subset(kind: str) -> None:
    """Small rows: what the kernel calls FOUND is the canonical subset, whatever the row."""
    rng = np.random.default_rng([1, *kind.encode()])
    decided = 0
    for n in (1, 2, 3, 5, 9, 11):
        row = INTEGERS[kind](rng, n).astype(np.int64)
        for goal in goals(rng, row):
            low, high = sorted(rng.integers(0, n + 1, 2).tolist()) if rng.random() < 0.7 else (0, n)
            (mask,), (code,) = kernel(row, [goal], True, low, high)
            if code == streamed.FOUND:
                expected = reference.closest(row.tolist(), goal, low, high)
                assert expected is not None
                assert mask == expected[2], (row.tolist(), goal, low, high)
                decided += 1
    assert decided >= 6 * 10 // 2


@pytest.mark.parametrize(("n", "m"), [(17, 40), (20, 40), (25, 20), (28, 10), (30, 4)])
def test_kernel_against_join(n: int, m: int) -> None:
    rng = np.random.default_rng([2, n])
    values = rng.integers(-(2**54), 2**54, (m, n))
    goal = rng.integers(-(2**55), 2**55, m)
    counts, rows, exactly = np.full(m, n), np.arange(m), np.ones(m, np.bool_)
    lows, highs = np.zeros(m, int), np.full(m, 64)
    expected, code = np.empty(m, np.uint64), np.empty(m, np.uint8)
    join.closest(values, counts, rows, goal, exactly, lows, highs, expected, code)
    assert np.count_nonzero(code) <= 1
    masks, codes = np.empty(m, np.uint64), np.empty(m, np.uint8)
    streamed.closest(values, counts, rows, goal, exactly, lows, highs, masks, codes)
    assert not codes.any()
    np.testing.assert_array_equal(masks[code == 0], expected[code == 0])


def test_kernel_of_impossible_sizes() -> None:
    assert kernel([1, 2, 3], [3], True, 2, 1)[1] == [streamed.AMBIGUOUS]


def test_kernel_tells_when_rounding_hides_the_answer() -> None:
    row = np.array([2**50, 2**50 + 1, 2**51, 2**40, -(2**49)] + [2**30 + 3 * i for i in range(15)])
    goal = 2**50 + 2**30
    assert kernel(row, [goal], exact=True)[1] == [streamed.FOUND]
    assert kernel(row, [goal], exact=False)[1] == [streamed.AMBIGUOUS]


@pytest.mark.parametrize("size", [0, 1, 2, 5, 16, 29, 32])
def test_kernel_of_one_size(size: int) -> None:
    """n = 32: against all subsets of the size where they are few, else against the meeting of halves grouped by size."""
    rng = np.random.default_rng([3, size])
    row = rng.integers(-(2**53), 2**53, 32)
    goal = int(rng.integers(-(2**54), 2**54))
    (mask,), (code,) = kernel(row, [goal], True, size, size)
    assert code == streamed.FOUND
    assert mask == _closest_of_size(row.tolist(), goal, size)


def _closest_of_size(row: list[int], goal: int, size: int) -> int:
    """By halves: for each number of left elements, all left sums against the sorted right sums."""
    half = len(row) // 2
    sums = [np.zeros(1, np.int64), np.zeros(1, np.int64)]
    for side, part in enumerate((row[:half], row[half:])):
        for value in part:
            sums[side] = np.concatenate([sums[side], sums[side] + value])
    sizes = [np.array([i.bit_count() for i in range(s.size)]) for s in sums]
    best: tuple[int, int] | None = None
    for k in range(size + 1):
        left, right = np.flatnonzero(sizes[0] == k), np.flatnonzero(sizes[1] == size - k)
        if left.size == 0 or right.size == 0:
            continue
        right = right[np.argsort(sums[1][right], kind="stable")]
        at = np.searchsorted(sums[1][right], goal - sums[0][left])
        for near in (np.maximum(at - 1, 0), np.minimum(at, right.size - 1)):
            errors = np.abs(sums[0][left] + sums[1][right[near]] - goal)
            masks = left | right[near] << half
            candidate = min(zip(errors.tolist(), masks.tolist(), strict=True))
            best = candidate if best is None else min(best, candidate)
    assert best is not None
    return best[1]


# ---- within ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", INTEGERS)
def test_within_is_every_subset_once(kind: str) -> None:
    rng = np.random.default_rng([4, *kind.encode()])
    for n in (0, 1, 2, 4, 7, 10, 13):
        row = INTEGERS[kind](rng, n).astype(np.int64) if n else np.empty(0, np.int64)
        for goal in goals(rng, row)[:6]:
            errors = sorted({e for e, _, _ in reference.within(row.tolist(), goal, 0, 2**62)})
            for _ in range(2):
                first, last = sorted(int(rng.choice(errors)) for _ in range(2))
                last = min(last, int(rng.choice([first, first + 1, 2**62 - 1])) if rng.random() < 0.5 else last)
                low, high = sorted(rng.integers(0, n + 1, 2).tolist()) if rng.random() < 0.5 else (0, n)
                got = streaming.within(row, goal, first, last, low, high)
                assert got.complete
                assert listed(got) == reference.within(row.tolist(), goal, first, last, low, high)


@pytest.mark.parametrize(("n", "log2_count"), [(20, 3), (20, 10), (24, 6), (24, 14), (30, 8)])
@pytest.mark.parametrize("workers", [1, 2])
def test_within_of_longer_rows(n: int, log2_count: int, workers: int) -> None:
    """Streamed in slices: against the sorted lists of the halves."""
    rng = np.random.default_rng([5, n, log2_count])
    row = rng.integers(-(2**54), 2**54, n)
    goal = int(rng.integers(-(2**54), 2**54))
    window = int(2.0 ** (log2_count - 1 - streamed.log2_rate(row, np.int64(goal), -1)))
    for low_error in (0, window // 3, window - window // 64):
        got = streaming.within(row, goal, low_error, window, workers=workers)
        assert got.complete
        assert listed(got) == _by_halves(row, goal, low_error, window)
    sized = streaming.within(row, goal, 0, window, n // 2 - 1, n // 2, workers=workers)
    assert listed(sized) == [s for s in _by_halves(row, goal, 0, window) if n // 2 - 1 <= s[1] <= n // 2]


def _by_halves(row: Row, goal: int, low_error: int, high_error: int) -> list[tuple[int, int, int]]:
    half = row.size // 2
    left, right = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for value in row[:half]:
        left = np.concatenate([left, left + value])
    for value in row[half:]:
        right = np.concatenate([right, right + value])
    order = np.argsort(right)
    start = np.searchsorted(right[order], goal - high_error - left)
    end = np.searchsorted(right[order], goal + high_error - left, side="right")
    found = []
    for a in np.flatnonzero(end > start).tolist():
        for b in order[start[a] : end[a]].tolist():
            error = abs(int(left[a] + right[b]) - goal)
            if error >= low_error:
                mask = a | b << half
                found.append((error, mask.bit_count(), mask))
    return sorted(found)


def test_within_stops_at_its_limit() -> None:
    rng = np.random.default_rng(6)
    row = rng.integers(-(2**54), 2**54, 24)
    window = int(2.0 ** (11 - streamed.log2_rate(row, np.int64(0), -1)))
    whole = streaming.within(row, 0, 0, window)
    some = streaming.within(row, 0, 0, window, limit=100)
    assert whole.complete
    assert not some.complete
    assert some.masks.size <= 100
    assert set(some.masks.tolist()) <= set(whole.masks.tolist())
    assert streaming.within(row, 0, 0, window, limit=whole.masks.size).complete


# ---- closest_one -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", INTEGERS)
def test_closest_one_against_every_subset(kind: str) -> None:
    """Exact rows: the first contender is canonical. Rounded rows: the contenders are all within 2 n + 1 quanta of the best."""
    rng = np.random.default_rng([7, *kind.encode()])
    for n in (0, 1, 2, 3, 6, 12):
        row = INTEGERS[kind](rng, n).astype(np.int64) if n else np.empty(0, np.int64)
        for goal in goals(rng, row):
            low, high = sorted(rng.integers(0, n + 1, 2).tolist()) if rng.random() < 0.5 else (0, n)
            expected = reference.closest(row.tolist(), goal, low, high)
            assert expected is not None
            got = streaming.closest_one(row, goal, True, low, high)
            assert got.complete
            assert not got.tied
            assert listed(got)[0] == expected
            assert got.bound == expected[0]
            rounded = streaming.closest_one(row, goal, False, low, high)
            assert rounded.complete
            assert not rounded.tied
            assert listed(rounded) == reference.within(row.tolist(), goal, 0, expected[0] + 2 * n + 1, low, high)
            assert rounded.bound == max(expected[0] - n - 1, 0)


@given(
    st.lists(st.integers(-(2**40), 2**40) | st.integers(-3, 3), min_size=1, max_size=12),
    st.integers(-(2**41), 2**41),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_closest_one_of_any_integers(row: list[int], goal: int, data: st.DataObject) -> None:
    low = data.draw(st.integers(0, len(row)))
    high = data.draw(st.integers(low, len(row)))
    got = streaming.closest_one(np.array(row), goal, True, low, high)
    assert listed(got)[0] == reference.closest(row, goal, low, high)


@pytest.mark.parametrize("n", [20, 26, 32, 36])
def test_closest_one_against_merge(n: int) -> None:
    rng = np.random.default_rng([8, n])
    for _ in range(3):
        row, goal = rng.integers(-(2**54), 2**54, n), int(rng.integers(-(2**55), 2**55))
        contenders = np.empty(4096, np.uint64)
        merge.closest_of_row(row, np.int64(goal), True, contenders)
        got = streaming.closest_one(row, goal, True)
        assert got.complete
        assert got.masks.tolist() == [int(contenders[0])]
        count = merge.closest_of_row(row, np.int64(goal), False, contenders)
        rounded = streaming.closest_one(row, goal, False, workers=2)
        assert sorted(rounded.masks.tolist()) == sorted(contenders[:count].tolist())


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("n", [18, 27])
def test_closest_one_of_hard_integers(kind: str, n: int) -> None:
    """Gaps, crowds at their edges, dominated rows: always complete; canonical unless `tied`, and then as close."""
    rng = np.random.default_rng([16, n, *kind.encode()])
    row = INTEGERS[kind](rng, n).astype(np.int64)
    for goal in goals(rng, row):
        best = np.empty(1, np.uint64)
        merge.closest_of_row(row, np.int64(goal), True, best)
        expected = sum(int(x) for i, x in enumerate(row) if int(best[0]) >> i & 1) - goal
        got = streaming.closest_one(row, goal, True)
        assert got.complete
        assert abs(int(got.errors[0])) == got.bound == abs(expected)
        assert got.tied or got.masks[0] == best[0]


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"all zero"}))
def test_closest_one_of_real_rows(kind: str) -> None:
    """Floats through fixed point, n = 20: the canonical subset is among the contenders, as exact arithmetic has it."""
    rng = np.random.default_rng([9, *kind.encode()])
    row = KINDS[kind](rng, 20)
    batch = Batch.read(row[None, :], np.array(targets(rng, row)))
    fixed = FixedPoint.of(batch, np.arange(batch.targets.size))
    count = int(fixed.counts[0])
    for i, goal in enumerate(batch.targets.tolist()):
        got = streaming.closest_one(fixed.values[0, :count], int(fixed.targets[i]), bool(fixed.exact[i]))
        if not got.complete or got.tied:
            continue
        floats = fixed.floats(i)
        best = exact.closest_among(got.masks.tolist(), floats, goal)
        assert best == closest_meet(floats, goal).mask


@pytest.mark.parametrize(
    ("kind", "n"),
    [(kind, 40) for kind in ("small", "multiples", "all equal", "zeros and ones", "far out", "sizes")]
    + [("small", 48), ("multiples", 64), ("far out", 64)],
)
def test_closest_one_of_integer_rows(kind: str, n: int) -> None:
    """Massive ties, to n = 64, against a dynamic program: the first contender is canonical where it is not `tied`, else as close."""
    rng = np.random.default_rng([10, n, *kind.encode()])
    low, high = 0, n
    row = rng.integers(-30, 31, n)
    reach = int(np.abs(row).sum())
    goal = int(rng.integers(-reach // 4, reach // 4))
    if kind == "multiples":
        row, goal = 2 * row, 2 * goal + 1
    elif kind == "all equal":
        row[:], goal = 7, 7 * n // 2 + 2
    elif kind == "zeros and ones":
        row, goal = rng.integers(0, 2, n), n // 5
    elif kind == "far out":
        goal = int(row[row > 0].sum()) - 4
    elif kind == "sizes":
        low, high = n // 3, n // 3 + 1
    scale = 2**40
    expected = reference.closest_of_few_sums(row.tolist(), goal, low, high)
    assert expected is not None
    one, two = (streaming.closest_one(row * scale, goal * scale, True, low, high, workers=w) for w in (1, 2))
    assert one.complete
    assert abs(int(one.errors[0])) == expected[0] * scale == one.bound
    if not one.tied:
        assert int(one.masks[0]) == expected[2]
    np.testing.assert_array_equal(one.masks, two.masks)


@pytest.mark.parametrize("n", [48, 50])
def test_planted_perfect_hit(n: int) -> None:
    """A subset whose sum is the target, to the quantum, is found; bit for bit the same with two threads."""
    rng = np.random.default_rng([11, n])
    row = rng.integers(-(2**54), 2**54, n)
    chosen = rng.random(n) < 0.5
    mask = sum(1 << i for i in np.flatnonzero(chosen).tolist())
    one, two = (streaming.closest_one(row, int(row[chosen].sum()), True, workers=w) for w in (1, 2))
    assert one.complete
    assert mask in one.masks.tolist()
    assert one.errors.tolist() == [0] * one.masks.size
    np.testing.assert_array_equal(one.masks, two.masks)
    np.testing.assert_array_equal(one.errors, two.errors)


def test_planted_size() -> None:
    """n = 48, one size: filtered in a window, and tagged where such subsets are rare."""
    rng = np.random.default_rng(12)
    row = rng.integers(-(2**54), 2**54, 48)
    for size in (24, 7, 3):
        places = rng.choice(48, size, replace=False)
        mask = sum(1 << int(i) for i in places)
        got = streaming.closest_one(row, int(row[places].sum()), True, size, size, workers=2)
        assert got.complete
        assert mask in got.masks.tolist()
        assert {mask.bit_count() for mask in got.masks.tolist()} == {size}


def test_deadline() -> None:
    """n = 60 in no time: a guess, nothing proven, soon. 3 s are left for a machine that is busy."""
    rng = np.random.default_rng(13)
    row, goal = rng.integers(-(2**53), 2**53, 60), 12345
    streaming.closest_one(row[:40], goal, True)  # compiled
    start = time.monotonic()
    got = streaming.closest_one(row, goal, False, workers=2, deadline=start + 0.1)
    assert time.monotonic() - start < 3
    assert not got.complete
    assert got.bound == 0
    assert got.masks.size >= 1
    best = int(row[[bool(int(got.masks[0]) >> i & 1) for i in range(60)]].sum()) - goal
    assert best == got.errors[0]
    assert abs(best) < 2**53 >> 25


def test_interrupt_ends_the_search() -> None:
    """An exception in the reading thread (Ctrl-C) ends the search within a few chunks."""

    class Bar:
        calls = 0

        def reset(self, total: float) -> None: ...

        def update(self, n: float) -> None:
            self.calls += 1
            if self.calls == 3:
                raise KeyboardInterrupt

    rng = np.random.default_rng(14)
    row = rng.integers(-(2**53), 2**53, 60)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        streaming.closest_one(row, 0, False, workers=2, bar=Bar())
    assert time.monotonic() - start < 5


def test_too_many_samples() -> None:
    with pytest.raises(ValueError, match=r"n <= 64, got \(65,\)"):
        streaming.closest_one(np.ones(65, np.int64), 0, True)


@pytest.mark.slow
@pytest.mark.parametrize("n", [56, 64])
def test_planted_perfect_hit_of_many(n: int) -> None:
    rng = np.random.default_rng([15, n])
    row = rng.integers(-(2**53), 2**53, n)
    chosen = rng.random(n) < 0.5
    mask = sum(1 << i for i in np.flatnonzero(chosen).tolist())
    got = streaming.closest_one(row, int(row[chosen].sum()), True, workers=2)
    assert got.complete
    assert got.bound == 0
    assert got.tied or mask in got.masks.tolist()
