"""Each kernel on its own, on integers, against brute force; and all kernels against each other.

The file also runs interpreted (NUMBA_DISABLE_JIT=1) and with bounds checks (NUMBA_BOUNDSCHECK=1).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from slth.subset_sum.kernels import directory, exact_sum, fixed_point, join, merge, size_classes, streamed
from tests.reference.subset_sum_exact import closest, closest_meet, smallest_within
from tests.subset_sum.instances import KINDS, MAX, SUBNORMAL, ULP, targets

Kernel = Callable[..., Any]
UNTOUCHED = np.uint64(0xDEAD)


def whole(values: Any, counts: Any, rows: Any, goals: Any, exact: Any, masks: Any, codes: Any) -> None:
    """`join.closest` of any size."""
    join.closest(values, counts, rows, goals, exact, np.zeros(len(rows), np.int64), counts[rows], masks, codes)


def slices(values: Any, counts: Any, rows: Any, goals: Any, exact: Any, masks: Any, codes: Any) -> None:
    """`streamed.closest` of any size."""
    streamed.closest(values, counts, rows, goals, exact, np.zeros(len(rows), np.int64), counts[rows], masks, codes)


JOINS = {"whole": whole, "streamed": slices}


@pytest.fixture(autouse=True)
def _words_wrap() -> Iterator[None]:
    """Kernels let words wrap around on purpose; interpreted, NumPy warns of it."""
    with np.errstate(over="ignore"):
        yield


def joined(kernel: Kernel, values: Any, goals: Any, exact: bool = True) -> tuple[list[int], list[int]]:
    """Masks and codes of one row of integers for many targets."""
    row, goals = np.array([values], np.int64), np.array(goals, np.int64)
    m = len(goals)
    masks, codes = np.full(m, UNTOUCHED), np.full(m, 77, np.uint8)
    counts, rows = np.array([row.shape[1]]), np.zeros(m, np.int64)
    kernel(row, counts, rows, goals, np.full(m, exact), masks, codes)
    return masks.tolist(), codes.tolist()


def listed(
    values: Any, goals: Any, exact: bool = True, row_exact: bool | None = None, samples: int | None = None
) -> tuple[list[int], list[int]]:
    """The same by `directory.closest_shared`."""
    row, goals = np.array(values, np.int64), np.array(goals, np.int64)
    masks, codes = np.full(len(goals), UNTOUCHED), np.full(len(goals), 77, np.uint8)
    samples = (len(row) + 1) // 2 if samples is None else samples
    row_exact = exact if row_exact is None else row_exact
    directory.closest_shared(row, row_exact, samples, goals, np.full(len(goals), exact), masks, codes)
    return masks.tolist(), codes.tolist()


def merged(values: Any, goal: int, exact: bool = True, room: int = 4096) -> tuple[int, list[int]]:
    """How many, and the contenders, by `merge.closest_of_row`."""
    contenders = np.full(room, UNTOUCHED)
    found = int(merge.closest_of_row(np.array(values, np.int64), np.int64(goal), exact, contenders))
    return found, contenders[: max(found, 0)].tolist()


def every_error(values: list[int], goal: int) -> list[int]:
    """|sum - goal| of every subset, in order of the mask."""
    sums = [-goal]
    for value in values:
        sums += [total + value for total in sums]
    return [abs(total) for total in sums]


def integers(kind: str, rng: np.random.Generator, n: int) -> list[int]:
    """Samples as kernels see them: not zero, absolute values below 2^60 in total."""
    quarter = 2**60 // n - 1
    values = {
        "spread": lambda: rng.integers(-quarter, quarter, n),
        "positive": lambda: rng.integers(1, quarter, n),
        "tied": lambda: rng.integers(1, 9, n) * (quarter // 9),
        "repeated": lambda: rng.choice(rng.integers(-quarter, quarter, 3), n),
        "small": lambda: rng.integers(-20, 20, n),
        "ones": lambda: np.where(rng.random(n) < 0.5, rng.choice([-1, 1], n), rng.integers(-quarter, quarter, n)),
        "dominated": lambda: np.concatenate([[2**59], rng.integers(-1000, 1000, n - 1)]),
    }[kind]()
    return [int(v) or 1 for v in values]


INTEGERS = ("spread", "positive", "tied", "repeated", "small", "ones", "dominated")


def goals_of(values: list[int], rng: np.random.Generator) -> list[int]:
    """Anywhere, at both ends, beyond, exactly reachable, one off, at zero, clipped."""
    low, high = sum(v for v in values if v < 0), sum(v for v in values if v > 0)
    some = sum(v for v in values if rng.random() < 0.5)
    other = sum(v for v in values if rng.random() < 0.5)
    between = (some + other) // 2
    return [int(rng.integers(low, high + 1)), low, high, high + 3, low - 3, some, some + 1, between, 0, 2**61, -(2**61)]


# --- exact_sum ---------------------------------------------------------------------------------------------------


def summed(samples: Any, goal: float = 0.0, mask: int | None = None) -> tuple[float, float, int]:
    row = np.array([samples], np.float64)
    mask = (1 << row.shape[1]) - 1 if mask is None else mask
    sums, errors, sizes = np.empty(1), np.empty(1), np.empty(1, np.int64)
    exact_sum.chosen_sums(
        row, np.zeros(1, np.int64), np.array([goal]), np.array([mask], np.uint64), sums, errors, sizes
    )
    return float(sums[0]), float(errors[0]), int(sizes[0])


def bits(x: float) -> bytes:
    return struct.pack("<d", x)


@pytest.mark.parametrize("kind", KINDS)
def test_sums_are_those_of_fsum_bit_for_bit(kind: str) -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 17, 44):
        samples = KINDS[kind](rng, n)
        samples[samples == 0] = 0.0  # zeros are never chosen; of their signs fsum keeps nothing
        for goal in targets(rng, samples):
            chosen = rng.random(n) < 0.6
            mask = sum(1 << int(i) for i in np.flatnonzero(chosen))
            total, error, size = summed(samples, goal, mask)
            assert bits(total) == bits(math.fsum(samples[chosen]))
            assert bits(error) == bits(abs(math.fsum([*samples[chosen], -goal])))
            assert size == chosen.sum()


@pytest.mark.parametrize(
    "samples",
    [
        [1.0, 2.0**-53],  # halfway: to even
        [1.0, 2.0**-53, 2.0**-106],  # a hair above
        [1.0, 2.0**-53, -(2.0**-106)],
        [-1.0, -(2.0**-53), -(2.0**-106)],
        [1.0 + 2.0**-52, 2.0**-53],
        [1.0 + 2.0**-52, 2.0**-53, -SUBNORMAL],
        [1e16, 1.0, 1e-16],
        [1e308, 1.0, -1e308, 1e-308, -1.0],
        [1e100, 1.0, -1e100, 1e-100, 1e50, -1.0, -1e50],
        [MAX / 2, MAX / 2, -MAX / 2, SUBNORMAL],
        [SUBNORMAL] * 7,
        [0.1] * 10,
        [2.0**i for i in range(-70, 70, 4)],
        [(-1.0) ** i * 2.0**i for i in range(-70, 70, 4)],
    ],
)
def test_cancellation_and_halfway_cases_are_those_of_fsum(samples: list[float]) -> None:
    for order in (samples, samples[::-1], sorted(samples, key=abs)):
        total, error, size = summed(order, 1.0)
        assert bits(total) == bits(math.fsum(order))
        assert bits(error) == bits(abs(math.fsum([*order, -1.0])))
        assert size == len(order)


def test_nothing_chosen() -> None:
    assert summed([1.0, 2.0], -0.5, mask=0) == (0.0, 0.5, 0)
    assert bits(summed([1.0], -0.0, mask=0)[1]) == bits(0.0)
    assert bits(summed([1.0, -1.0])[0]) == bits(0.0)


# --- fixed_point -------------------------------------------------------------------------------------------------


def quantized(samples: Any) -> tuple[list[int], list[int], int, bool]:
    """Values, places, exponent, exact of one row."""
    row = np.array([samples], np.float64)
    values, places = np.zeros(row.shape, np.int64), np.zeros(row.shape, np.uint8)
    counts, exponents, exact = np.empty(1, np.int64), np.empty(1, np.int64), np.empty(1, np.bool_)
    fixed_point.quantize_rows(row, row != 0, 0, values, places, counts, exponents, exact)
    held = int(counts[0])
    return values[0, :held].tolist(), places[0, :held].tolist(), int(exponents[0]), bool(exact[0])


def quantized_target(goal: float, exponent: int, row_exact: bool) -> tuple[int, bool]:
    values, exact = np.empty(1, np.int64), np.empty(1, np.bool_)
    fixed_point.quantize_targets(
        np.array([goal]),
        np.zeros(1, np.int64),
        np.array([exponent]),
        np.array([row_exact]),
        np.zeros(1, np.int64),
        np.zeros(1),
        values,
        exact,
    )
    return int(values[0]), bool(exact[0])


@pytest.mark.parametrize("kind", KINDS)
def test_fixed_point_keeps_what_its_module_promises(kind: str) -> None:
    rng = np.random.default_rng(1)
    for n in (1, 2, 9, 44):
        samples = KINDS[kind](rng, n)
        values, places, exponent, exact = quantized(samples)
        assert places == np.flatnonzero(samples).tolist()
        true = [Fraction(samples[i]) * Fraction(2) ** exponent for i in places]
        assert exact == all(v == t for v, t in zip(values, true, strict=True))
        for value, scaled in zip(values, true, strict=True):
            assert value * scaled > 0  # the sign stays
            assert abs(value - scaled) <= Fraction(1, 2) or (abs(value) == 1 and abs(value - scaled) < 1)
        total = sum(map(abs, values))
        assert total <= 2**60 + n
        if values:
            assert total > 2**59 - n
        for goal in targets(rng, samples):
            scaled_goal = Fraction(goal) * Fraction(2) ** exponent
            value, goal_exact = quantized_target(goal, exponent, exact)
            if abs(scaled_goal) >= 2**61:
                assert value == (2**61 if goal > 0 else -(2**61))
                assert goal_exact == exact
            else:
                assert abs(value - scaled_goal) <= Fraction(1, 2)
                assert goal_exact == (exact and value == scaled_goal)
            assert quantized_target(goal, exponent, False) == (value, False)


@pytest.mark.parametrize("n", [2, 30, 41])
def test_fixed_point_of_a_total_that_overflows_only_when_added_one_by_one(n: int) -> None:
    values, _, exponent, _ = quantized([MAX - 30 * ULP] + [ULP / 2 * (1 + 2.0**-20)] * (n - 1))
    assert 2**58 < values[0] < 2**60
    assert exponent in (60 - 1024, 60 - 1025)
    assert all(0 <= v < 2**10 for v in values[1:])


def test_masks_are_widened_over_zeros() -> None:
    rng = np.random.default_rng(2)
    samples = rng.uniform(-1, 1, (6, 44)) * (rng.random((6, 44)) < 0.5)
    places = np.zeros((6, 44), np.uint8)
    for row, held in zip(places, samples, strict=True):
        row[: np.count_nonzero(held)] = np.flatnonzero(held)
    rows = rng.integers(0, 6, 50)
    compact = [int(rng.integers(0, 1 << int(np.count_nonzero(samples[row])))) for row in rows]
    masks = np.array(compact, np.uint64)
    fixed_point.expand_masks(masks, rows, places)
    wide = [
        sum(1 << int(places[r, i]) for i in range(44) if mask >> i & 1) for r, mask in zip(rows, compact, strict=True)
    ]
    assert masks.tolist() == wide


# --- the closest subset ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 9])
def test_small_rows_by_brute_force(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 0])
    for _ in range(3):
        values = integers(kind, rng, n)
        goals = goals_of(values, rng)
        expected = [closest(values, goal).mask for goal in goals]
        masks, codes = joined(whole, values, goals)
        assert [m for m, c in zip(masks, codes, strict=True) if c == join.FOUND] == [
            e for e, c in zip(expected, codes, strict=True) if c == join.FOUND
        ]
        for samples in range((n + 1) // 2, n + 1):
            assert listed(values, goals, samples=samples) == (expected, [directory.FOUND] * len(goals))
        assert [merged(values, goal) for goal in goals] == [(1, [e]) for e in expected]


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("n", [16, 17, 20])
def test_all_kernels_agree_where_they_answer(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 1])
    values = integers(kind, rng, n)
    goals = goals_of(values, rng)
    expected = [closest_meet(values, goal).mask for goal in goals]
    assert [merged(values, goal) for goal in goals] == [(1, [e]) for e in expected]
    assert listed(values, goals, samples=n // 2 + 3) == (expected, [directory.FOUND] * len(goals))
    for kernel in JOINS.values():
        masks, codes = joined(kernel, values, goals)
        assert set(codes) <= {join.FOUND, join.AMBIGUOUS}
        for mask, code, right in zip(masks, codes, expected, strict=True):
            assert code == join.AMBIGUOUS or mask == right


@pytest.mark.parametrize(
    ("name", "n"), [("whole", 10), ("whole", 15), ("whole", 18), ("streamed", 16), ("streamed", 19)]
)
def test_the_hash_join_decides_ordinary_instances(name: str, n: int) -> None:
    """Otherwise the sorting solver does all the work, and the join is only in its way."""
    rng = np.random.default_rng(n)
    for _ in range(4):
        values = integers("spread", rng, n)
        spread = 2**60 / math.sqrt(n)
        goals = [int(g) for g in rng.normal(sum(values) / 2, spread / 8, 5)]
        for exact in (True, False):
            masks, codes = joined(JOINS[name], values, goals, exact)
            assert codes == [join.FOUND] * 5
            assert masks == [closest_meet(values, goal).mask for goal in goals]


@pytest.mark.parametrize("name", JOINS)
def test_near_the_empty_and_the_full_subset_the_joins_see_every_pair(name: str) -> None:
    """Small tables of wide windows: words just below zero must meet the words just above it."""
    n = 16
    for seed in range(12):
        rng = np.random.default_rng(seed)
        values = integers("spread" if seed % 2 else "positive", rng, n)
        low, high = sum(v for v in values if v < 0), sum(v for v in values if v > 0)
        few = [values[i] for i in rng.permutation(n)[:3]]
        goals = [0, 1, -1, few[0], few[1] + 10**9, few[2] - 10**9, low + 10**12, high - 10**12, values[-1], high // 50]
        masks, codes = joined(JOINS[name], values, goals)
        for mask, code, goal in zip(masks, codes, goals, strict=True):
            assert code == join.AMBIGUOUS or mask == closest_meet(values, goal).mask, (seed, goal)


@pytest.mark.parametrize("name", JOINS)
def test_rows_of_different_lengths_share_one_call(name: str) -> None:
    rng = np.random.default_rng(4)
    lengths = [16, 20, 17, 16]
    values, counts = np.zeros((4, 20), np.int64), np.array(lengths)
    for row, n in zip(values, lengths, strict=True):
        row[:n] = integers("spread", rng, n)
    rows = np.array([3, 0, 1, 1, 2, 0, 3, 2])
    goals = np.array([int(values[r].sum()) // 2 + int(rng.integers(-(2**50), 2**50)) for r in rows])
    masks, codes = np.full(8, UNTOUCHED), np.full(8, 77, np.uint8)
    JOINS[name](values, counts, rows, goals, np.ones(8, np.bool_), masks, codes)
    assert codes.tolist() == [join.FOUND] * 8
    for mask, row, goal in zip(masks.tolist(), rows, goals.tolist(), strict=True):
        assert mask == closest_meet(values[row, : lengths[row]].tolist(), goal).mask


def test_a_row_without_samples() -> None:
    for goal, exact in ((0, True), (5, True), (-5, True), (0, False), (1, False), (-1, False)):
        masks, codes = joined(whole, [], [goal], exact)
        assert codes[0] == join.AMBIGUOUS or masks[0] == 0
        assert listed([], [goal], exact) == ([0], [directory.FOUND])
        assert merged([], goal, exact) == (1, [0])


@pytest.mark.parametrize("kind", ["spread", "small", "ones", "tied"])
@pytest.mark.parametrize("n", [3, 5, 8])
def test_found_despite_rounding_means_alone_by_more_than_rounding(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 2])
    answered = 0
    for _ in range(4):
        values = integers(kind, rng, n)
        goals = goals_of(values, rng)
        answers = [joined(whole, values, goals, exact=False), listed(values, goals, exact=False)]
        answers.append(listed(values, goals, exact=False, samples=n))
        for masks, codes in answers:
            for mask, code, goal in zip(masks, codes, goals, strict=True):
                errors = every_error(values, goal)
                if code == join.FOUND:
                    answered += 1
                    best = errors[mask]
                    assert all(error > best + 2 * n + 1 for other, error in enumerate(errors) if other != mask) or (
                        # beyond the reach by more than rounding: nothing to compare
                        mask in (sum(1 << i for i, v in enumerate(values) if v * goal > 0),)
                    )
    assert answered > 0


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_contenders_are_all_subsets_within_rounding(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 3])
    values = integers(kind, rng, n)
    for goal in goals_of(values, rng):
        errors = every_error(values, goal)
        within = [mask for mask, error in enumerate(errors) if error <= min(errors) + 2 * n + 1]
        found, contenders = merged(values, goal, exact=False)
        assert sorted(contenders) == within
        assert merged(values, goal, exact=False, room=len(within))[0] == found == len(within)
        if len(within) > 1:
            assert merged(values, goal, exact=False, room=len(within) - 1)[0] == -1


def test_an_exact_row_with_a_rounded_target_is_listed_once_for_each_sum() -> None:
    values = [100, 100, 200, 300]
    masks, codes = listed(values, [200, 250, 70], exact=False, row_exact=True, samples=4)
    assert codes[1] == directory.AMBIGUOUS  # 200 and 300 are equally close
    assert (masks[0], codes[0]) == (0b0100, directory.FOUND)
    assert (masks[2], codes[2]) == (0b0001, directory.FOUND)


# --- the smallest subset -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("n", [1, 2, 3, 6, 9])
def test_smallest_by_brute_force(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 4])
    values = integers(kind, rng, n)
    for goal in goals_of(values, rng):
        errors = sorted(every_error(values, goal))
        tolerances = [0, errors[0], errors[0] - 1, errors[len(errors) // 8], 2 * errors[0] + 1, 2**55]
        tolerances = [t for t in tolerances if t >= 0]
        m = len(tolerances)
        for exact in (True, False):
            masks, codes = np.full(m, UNTOUCHED), np.full(m, 77, np.uint8)
            size_classes.smallest(
                np.array([values]),
                np.array([n]),
                np.zeros(m, np.int64),
                np.full(m, goal),
                np.array(tolerances),
                np.full(m, exact),
                np.zeros(m, np.int64),
                np.full(m, n),
                masks,
                codes,
            )
            for mask, code, tolerance in zip(masks.tolist(), codes.tolist(), tolerances, strict=True):
                expected = smallest_within(values, goal, tolerance)
                if code == size_classes.FOUND:
                    assert expected is not None
                    assert mask == expected.mask
                elif code == size_classes.MISSED:
                    assert expected is None
                    assert mask == 0
                else:
                    assert not exact
