"""Closest and smallest subsets of prescribed sizes: kernels and exact solvers against brute force over all subsets.

The file also runs interpreted (NUMBA_DISABLE_JIT=1) and with bounds checks (NUMBA_BOUNDSCHECK=1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.subset_sum import Status, exact, smallest
from slth.subset_sum.allowed import Allowed
from slth.subset_sum.batch import Batch, FixedPoint
from slth.subset_sum.kernels import join, size_classes
from tests.reference.sizes import closest_by_size, closest_by_size_meet, every_error, smallest_within
from tests.subset_sum.instances import KINDS, targets

UNTOUCHED = np.uint64(0xDEAD)


@pytest.fixture(autouse=True)
def _words_wrap() -> Iterator[None]:
    """Kernels let words wrap around on purpose; interpreted, NumPy warns of it."""
    with np.errstate(over="ignore"):
        yield


def integers(kind: str, rng: np.random.Generator, n: int) -> list[int]:
    """Samples as kernels see them where sizes are restricted: absolute values below 2^60 in total, zeros allowed."""
    quarter = 2**60 // n - 1
    values = {
        "spread": lambda: rng.integers(-quarter, quarter, n),
        "positive": lambda: rng.integers(1, quarter, n),
        "tied": lambda: rng.integers(0, 9, n) * (quarter // 9),
        "repeated": lambda: rng.choice(rng.integers(-quarter, quarter, 3), n),
        "small": lambda: rng.integers(-20, 20, n),
        "ones": lambda: np.where(rng.random(n) < 0.5, rng.choice([-1, 0, 1], n), rng.integers(-quarter, quarter, n)),
        "dominated": lambda: np.concatenate([[2**59], rng.integers(-1000, 1000, n - 1)]),
        "with zeros": lambda: np.where(rng.random(n) < 0.4, 0, rng.integers(-quarter, quarter, n)),
        "heavy tail": lambda: np.clip(rng.standard_normal(n) ** 5 / 500, -1, 1) * quarter,
        "all equal": lambda: np.full(n, rng.integers(-quarter, quarter)),
        "all zero": lambda: np.zeros(n, np.int64),
    }[kind]()
    return [int(v) for v in values]


INTEGERS = (
    "spread",
    "positive",
    "tied",
    "repeated",
    "small",
    "ones",
    "dominated",
    "with zeros",
    "heavy tail",
    "all equal",
    "all zero",
)


def goals_of(values: list[int], rng: np.random.Generator) -> list[int]:
    """Anywhere, at both ends, at the ends of some sizes, reachable, one off, halfway between two sums, zero, clipped."""
    low, high = sum(v for v in values if v < 0), sum(v for v in values if v > 0)
    order, k = sorted(values), int(rng.integers(0, len(values) + 1))
    some, other = (sum(v for v in values if rng.random() < 0.5) for _ in range(2))
    ends = [sum(order[:k]), sum(order[len(order) - k :])]
    return [int(rng.integers(low, high + 1)), low, high, *ends, some, some + 1, (some + other) // 2, 0, 2**61, -(2**61)]


def ranges(n: int) -> list[tuple[int, int]]:
    return [(low, high) for low in range(n + 1) for high in range(low, n + 1)]


def joined(
    values: list[int], goal: int, sizes: list[tuple[int, int]], exact: bool = True
) -> tuple[list[int], list[int]]:
    """Masks and codes of the hash join for one row, one target and many ranges of sizes."""
    m, n = len(sizes), len(values)
    lows, highs = (np.array(bounds, np.int64) for bounds in zip(*sizes, strict=True))
    masks, codes = np.full(m, UNTOUCHED), np.full(m, 77, np.uint8)
    row, counts, rows = np.array([values], np.int64), np.array([n]), np.zeros(m, np.int64)
    goals = np.full(m, goal, np.int64)
    join.closest(row, counts, rows, goals, np.full(m, exact), lows, highs, masks, codes)
    return masks.tolist(), codes.tolist()


def by_classes(
    values: list[int], goal: int, low: int, high: int, exact: bool = True, room: int = 4096
) -> tuple[int, list[int]]:
    """How many, and the contenders, by `size_classes.closest_of_sizes`."""
    contenders = np.full(room, UNTOUCHED)
    row = np.array(values, np.int64)
    found = int(size_classes.closest_of_sizes(row, np.int64(goal), low, high, exact, contenders))
    return found, contenders[: max(found, 0)].tolist()


# --- brute force -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_every_range_of_sizes_by_brute_force(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 0])
    sizes = ranges(n)
    for _ in range(2):
        values = integers(kind, rng, n)
        for goal in goals_of(values, rng):
            best = closest_by_size(values, goal)
            expected = [min(best[low : high + 1]).mask for low, high in sizes]
            masks, codes = joined(values, goal, sizes)
            assert set(codes) <= {join.FOUND, join.AMBIGUOUS}
            for i, (low, high) in enumerate(sizes):
                assert codes[i] == join.AMBIGUOUS or masks[i] == expected[i], (values, goal, low, high)
                assert by_classes(values, goal, low, high) == (1, [expected[i]]), (values, goal, low, high)
                if i % 3 == 0:
                    assert exact.closest_of_integers(values, goal, low, high) == expected[i]


@pytest.mark.parametrize("kind", INTEGERS)
def test_twelve_samples_by_brute_force(kind: str) -> None:
    rng = np.random.default_rng(1)
    values, sizes = integers(kind, rng, 12), ranges(12)[::7]
    for goal in goals_of(values, rng)[:6]:
        best = closest_by_size_meet(values, goal)
        masks, codes = joined(values, goal, sizes)
        for mask, code, (low, high) in zip(masks, codes, sizes, strict=True):
            assert code == join.AMBIGUOUS or mask == min(best[low : high + 1]).mask, (values, goal, low, high)


@pytest.mark.parametrize("kind", ["spread", "small", "ones", "tied", "dominated"])
@pytest.mark.parametrize("n", [3, 5, 8])
def test_found_despite_rounding_means_alone_by_more_than_rounding(kind: str, n: int) -> None:
    """Or the target lies beyond the sums of all subsets of these sizes, by more than rounding, and one of them is surely the last."""
    rng = np.random.default_rng([n, 2])
    answered = 0
    for _ in range(3):
        values = integers(kind, rng, n)
        for goal in goals_of(values, rng):
            sums = [0]
            for value in values:
                sums += [total + value for total in sums]
            masks, codes = joined(values, goal, ranges(n), exact=False)
            for mask, code, (low, high) in zip(masks, codes, ranges(n), strict=True):
                if code != join.FOUND:
                    continue
                answered += 1
                others = [m for m in range(1 << n) if low <= m.bit_count() <= high and m != mask]
                alone = all(abs(sums[m] - goal) > abs(sums[mask] - goal) + 2 * n + 1 for m in others)
                side = 1 if goal > sums[mask] else -1
                beyond = all((goal - sums[m]) * side >= 2 * n + 1 for m in (mask, *others))
                # the last sum stays the last if each value moves by less than one, keeping its sign, and zeros stay
                last = all(sure(values, mask, m, side) for m in others)
                assert alone or (beyond and last), (values, goal, low, high, mask)
    assert answered > 0


def sure(values: list[int], mask: int, other: int, side: int) -> bool:
    """The sum of `mask` is surely larger (side 1) than that of `other`, or no smaller with fewer elements.

    Values matched in order of size lose less than one each; what has no match is an element whose sign is sure.
    """
    mine = sorted((values[i] * side for i in range(len(values)) if mask >> i & ~other >> i & 1), reverse=True)
    theirs = sorted((values[i] * side for i in range(len(values)) if other >> i & ~mask >> i & 1), reverse=True)
    matched = min(len(mine), len(theirs))
    for a, b in zip(mine[:matched], theirs[:matched], strict=True):
        if a - b < 2 and not a > 0 >= b and not a >= 0 > b:
            return False
    return all(a > 0 for a in mine[matched:]) and all(b <= 0 for b in theirs[matched:])


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("n", [1, 2, 5, 7])
def test_contenders_are_all_subsets_within_rounding(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 3])
    values = integers(kind, rng, n)
    for goal in goals_of(values, rng):
        errors = every_error(values, goal)
        for low, high in ranges(n)[:: 2 if n > 3 else 1]:
            allowed = [mask for mask in range(1 << n) if low <= mask.bit_count() <= high]
            least = min(errors[mask] for mask in allowed)
            within = [mask for mask in allowed if errors[mask] <= least + 2 * n + 1]
            found, contenders = by_classes(values, goal, low, high, exact=False)
            assert found == len(within)
            assert sorted(contenders) == within
            assert by_classes(values, goal, low, high, exact=False, room=len(within))[0] == len(within)
            if len(within) > 1:
                assert by_classes(values, goal, low, high, exact=False, room=len(within) - 1)[0] == -1


@pytest.mark.parametrize("kind", INTEGERS)
def test_the_slow_twins_agree(kind: str) -> None:
    rng = np.random.default_rng(11)
    for n in (1, 2, 7):
        values = integers(kind, rng, n)
        for goal in goals_of(values, rng):
            assert closest_by_size_meet(values, goal) == closest_by_size(values, goal)


# --- longer rows -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["spread", "positive", "with zeros", "ones", "heavy tail"])
@pytest.mark.parametrize("n", [13, 16])
def test_longer_rows_against_the_slow_twin(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 4])
    values = integers(kind, rng, n)
    sizes = [(0, 5), (2, 2), (n // 4, n // 2), (n // 2, n // 2), (n - 2, n), (3, 6), (n - 1, n - 1), (1, n - 1), (0, n)]
    for goal in goals_of(values, rng)[:8]:
        best = closest_by_size_meet(values, goal)
        masks, codes = joined(values, goal, sizes)
        for mask, code, (low, high) in zip(masks, codes, sizes, strict=True):
            expected = min(best[low : high + 1]).mask
            assert code == join.AMBIGUOUS or mask == expected, (values, goal, low, high)
            assert by_classes(values, goal, low, high) == (1, [expected])
    assert exact.closest_of_integers(values, values[3], 4, 6) == min(closest_by_size_meet(values, values[3])[4:7]).mask


@pytest.mark.parametrize("n", [18, 21, 24, 27, 30])
def test_the_hash_join_decides_ordinary_instances_in_each_of_its_ways(n: int) -> None:
    """Otherwise the sorting solver does all the work, and the join is only in its way."""
    rng = np.random.default_rng([n, 5])
    sizes = {
        join.FILTER: [(n // 4, n // 2), (1, n - 1), (n // 2, n)],
        join.TAG: [(n // 2, n // 2), (n // 2 - 1, n // 2 - 1)],
        join.CLASSES: [(2, 2), (n - 2, n - 2), (0, 5), (n - 4, n)],
    }
    for way, some in sizes.items():
        for low, high in some:
            values = integers("spread", rng, n)
            chosen = rng.permutation(n)[: (low + high) // 2]
            goal = sum(values[i] for i in chosen) + int(rng.integers(-(2**40), 2**40))
            # pairs of any size in a window that holds eight of these sizes
            share = sum(float(size_count(n, k)) for k in range(low, high + 1)) / 2.0**n
            assert join._way(n, low, high, 8.0 / share) == way
            masks, codes = joined(values, goal, [(low, high)])
            assert codes == [join.FOUND]
            assert masks == by_classes(values, goal, low, high)[1]


def size_count(n: int, k: int) -> Fraction:
    """C(n, k)."""
    count = Fraction(1)
    for i in range(k):
        count = count * (n - i) / (i + 1)
    return count


@pytest.mark.parametrize("n", [20, 28])
def test_where_too_many_meet_the_join_gives_up_in_good_order(n: int) -> None:
    """Heavy tails and integers: windows that hold thousands of pairs next to windows that hold none."""
    rng = np.random.default_rng([n, 12])
    for kind in ("heavy tail", "heavy tail", "small", "dominated"):
        values = integers(kind, rng, n)
        for low, high in ((n // 4 - 1, n // 4), (n // 2, n // 2), (0, 3), (2, n - 2)):
            goal = sum(sorted(values, key=abs)[-high:]) // 2 + 12345
            masks, codes = joined(values, goal, [(low, high)])
            assert codes == [join.AMBIGUOUS] or masks == by_classes(values, goal, low, high)[1]
    values = [
        609943533529,
        427937920317413,
        252099601176807,
        44362229161,
        -531021355033,
        -101038268968900,
        -3390517676971735,
    ]
    values += [
        -348199388325510,
        19157002554,
        369382097280713,
        50688246495,
        -136277117,
        49140,
        72339923678,
        1463780119370688,
    ]
    values += [-57750405187230, 9284832640, 1316217328869, 26542220494522, 1876206419724, 34727257, 9, -3607519780]
    values += [-2992355282360, -693433852, -284907329077, 2174120680, 24886452674979232]
    masks, codes = joined(values, 12658463927068004, [(6, 7)])
    assert codes == [join.AMBIGUOUS] or masks == by_classes(values, 12658463927068004, 6, 7)[1]


def test_rows_of_different_lengths_and_sizes_share_one_call() -> None:
    rng = np.random.default_rng(6)
    lengths = [12, 15, 9, 14]
    values, counts = np.zeros((4, 15), np.int64), np.array(lengths)
    for row, n in zip(values, lengths, strict=True):
        row[:n] = integers("spread", rng, n)
    rows = rng.integers(0, 4, 60)
    goals = np.array([int(values[r].sum()) // 2 + int(rng.integers(-(2**55), 2**55)) for r in rows])
    lows = np.array([int(rng.integers(0, lengths[r] + 1)) for r in rows])
    highs = np.array([int(rng.integers(low, lengths[r] + 1)) for r, low in zip(rows, lows, strict=True)])
    masks, codes = np.full(60, UNTOUCHED), np.full(60, 77, np.uint8)
    join.closest(values, counts, rows, goals, np.ones(60, np.bool_), lows, highs, masks, codes)
    assert codes.tolist() == [join.FOUND] * 60
    for mask, row, goal, low, high in zip(
        masks.tolist(), rows, goals.tolist(), lows.tolist(), highs.tolist(), strict=True
    ):
        assert [mask] == by_classes(values[row, : lengths[row]].tolist(), goal, low, high)[1]


def test_bounds_beyond_the_row_are_no_bounds() -> None:
    rng = np.random.default_rng(7)
    for n in (1, 4, 12):
        values = [v or 1 for v in integers("spread", rng, n)]
        for goal in goals_of(values, rng):
            wide, usual = joined(values, goal, [(-5, n + 9), (0, n)]), joined(values, goal, [(0, n), (0, n)])
            assert wide == usual


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 3, 6, 9])
def test_floats_of_every_kind_from_fixed_point_to_the_last_resort(kind: str, n: int) -> None:
    """The join; where it cannot tell, the classes; where rounding blurs those, exact integers: always the canonical subset."""
    rng = np.random.default_rng([n, 13])
    samples = KINDS[kind](rng, n)
    goals = targets(rng, samples)
    sizes = ranges(n)[:: 1 if n < 9 else 5]
    batch = Batch.read(samples, np.repeat(goals, len(sizes)))
    batch = batch.restrict(replace(batch.allowed, sized=True))
    fixed = FixedPoint.of(batch, np.arange(batch.targets.size))
    lows, highs = (np.array(bounds * len(goals), np.int64) for bounds in zip(*sizes, strict=True))
    masks, codes = np.full(lows.size, UNTOUCHED), np.full(lows.size, 77, np.uint8)
    join.closest(fixed.values, fixed.counts, fixed.row_of, fixed.targets, fixed.exact, lows, highs, masks, codes)
    best = {goal: closest_by_size(samples.tolist(), goal) for goal in goals}
    for i, (low, high) in enumerate(sizes * len(goals)):
        goal, mask = float(batch.targets[i]), int(masks[i])
        if codes[i] == join.AMBIGUOUS:
            whole = bool(fixed.exact[i])
            found, contenders = by_classes(fixed.values[0].tolist(), int(fixed.targets[i]), low, high, whole)
            if found > 0:
                mask = contenders[0] if whole else exact.closest_among(contenders, samples.tolist(), goal)
            else:
                mask = exact.closest(samples.tolist(), goal, low, high)
        assert mask == min(best[goal][low : high + 1]).mask, (samples.tolist(), goal, low, high, codes[i])


# --- laws --------------------------------------------------------------------------------------------------------

rows_of_integers = st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=9)


def error_of(values: list[int], goal: int, low: int, high: int) -> int:
    mask, code = (answer[0] for answer in joined(values, goal, [(low, high)]))
    if code == join.AMBIGUOUS:
        mask = by_classes(values, goal, low, high)[1][0]
    assert low <= mask.bit_count() <= high
    return abs(sum(v for i, v in enumerate(values) if mask >> i & 1) - goal)


@settings(max_examples=60, deadline=None)
@given(rows_of_integers, st.integers(-(2**43), 2**43), st.data())
def test_laws_of_sizes(values: list[int], goal: int, data: st.DataObject) -> None:
    n = len(values)
    low = data.draw(st.integers(0, n))
    high = data.draw(st.integers(low, n))
    error = error_of(values, goal, low, high)
    # what is left out of a subset has n - k elements and the rest of the sum
    assert error_of(values, sum(values) - goal, n - high, n - low) == error
    assert error_of([-v for v in values], -goal, low, high) == error
    assert error_of(values[::-1], goal, low, high) == error
    # a range is as good as the best of its sizes
    assert error == min(error_of(values, goal, k, k) for k in range(low, high + 1))
    # shifting every sample shifts the sums of one size alike
    assert error_of([v + 12345 for v in values], goal + 12345 * low, low, low) == error_of(values, goal, low, low)
    # a zero more widens the sizes by one
    assert error_of([*values, 0], goal, low, high) == error_of(values, goal, max(low - 1, 0), high)


# --- exact solvers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_exact_solvers_of_floats(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 8])
    samples = KINDS[kind](rng, n)
    row = samples.tolist()
    for goal in targets(rng, samples):
        best = closest_by_size(row, goal)
        for low, high in ranges(n)[:: 1 if n < 5 else 4]:
            assert exact.closest(row, goal, low, high) == min(best[low : high + 1]).mask
            if low == 0:
                assert exact.closest(row, goal, high=high) == min(best[: high + 1]).mask
            for found in (best[low], best[high]):
                epsilon = float(found.error)
                if Fraction(epsilon) >= found.error:
                    expected = smallest_within(row, goal, epsilon, low, high)
                    assert exact.smallest_within(row, goal, epsilon, low, high) == expected
            assert exact.closest(row, goal) == min(best).mask


def test_integers_beyond_64_bits() -> None:
    values, goal = [10**30, -(10**29), 7, 10**30 + 1, 0], 2 * 10**30
    best = closest_by_size(values, goal)
    for low, high in ranges(5):
        assert exact.closest_of_integers(values, goal, low, high) == min(best[low : high + 1]).mask
        for tolerance in (0, 7, 10**29):
            expected = smallest_within(values, goal, tolerance, low, high)
            assert exact.smallest_of_integers(values, goal, tolerance, low, high) == expected
    masks = [0b1001, 0b11001, 0b1101, 0b1]
    assert exact.closest_of_integers_among(masks, values, goal) == 0b1001


@pytest.mark.parametrize(("low", "high"), [(3, 2), (4, None), (4, 9), (0, -1)])
def test_sizes_that_allow_no_subset_are_refused(low: int, high: int | None) -> None:
    with pytest.raises(ValueError, match="sizes must allow some subset of 3 samples"):
        exact.closest_of_integers([1, 2, 3], 4, low, high)
    with pytest.raises(ValueError, match="widen"):
        exact.smallest_within([1.0, 2.0, 3.0], 4.0, 0.5, low, high)


# --- the smallest subset -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("n", [1, 3, 7])
def test_smallest_of_a_range_by_brute_force(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 9])
    values = integers(kind, rng, n)
    for goal in goals_of(values, rng):
        best = closest_by_size(values, goal)
        sizes = ranges(n)
        m = len(sizes)
        lows, highs = (np.array(bounds, np.int64) for bounds in zip(*sizes, strict=True))
        for tolerance in {0, int(best[n // 2].error), int(max(best[n // 3].error - 1, 0)), 2**55}:
            for whole in (True, False):
                masks, codes = np.full(m, UNTOUCHED), np.full(m, 77, np.uint8)
                row, counts, rows = np.array([values]), np.array([n]), np.zeros(m, np.int64)
                goals, tolerances = np.full(m, goal), np.full(m, tolerance)
                size_classes.smallest(
                    row, counts, rows, goals, tolerances, np.full(m, whole), lows, highs, masks, codes
                )
                for mask, code, (low, high) in zip(masks.tolist(), codes.tolist(), sizes, strict=True):
                    within = [found for found in best[low : high + 1] if found.error <= tolerance]
                    expected = min(within, key=lambda found: found.size).mask if within else None
                    if code == size_classes.FOUND:
                        assert mask == expected
                    elif code == size_classes.MISSED:
                        assert expected is None
                        assert mask == 0
                    else:
                        assert not whole


@pytest.mark.parametrize("kind", KINDS)
def test_smallest_of_floats_with_zeros_as_padding(kind: str) -> None:
    rng = np.random.default_rng(10)
    for n in (2, 5, 8):
        samples = KINDS[kind](rng, n)
        goals = np.array(targets(rng, samples))
        best = [closest_by_size(samples.tolist(), goal) for goal in goals.tolist()]
        lows = rng.integers(0, n + 1, goals.size)
        highs = np.array([rng.integers(low, n + 1) for low in lows])
        epsilon = np.array([float(found[n // 2].error) * 1.01 + 1e-320 for found in best])
        epsilon = np.minimum(epsilon, 1e308)
        batch = Batch.read(samples, goals)
        for i, goal in enumerate(goals.tolist()):
            low, high = int(lows[i]), int(highs[i])
            some = batch.restrict(Allowed.read(n, size=(low, high)))
            masks, statuses = smallest.by_size_classes(some, np.array([i]), epsilon)
            expected = smallest_within(samples.tolist(), goal, float(epsilon[i]), low, high)
            assert statuses[0] == (Status.NOT_FOUND if expected is None else Status.OPTIMAL)
            assert expected is None or int(masks[0]) == expected
