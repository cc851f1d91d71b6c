"""Exact counts by size: against all subsets, against dynamic programming, and the laws that counts obey.

Also runs with bounds checks (NUMBA_BOUNDSCHECK=1), and the tests of short rows interpreted (NUMBA_DISABLE_JIT=1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slth.subset_sum.batch import Batch, FixedPoint
from slth.subset_sum.counting import streamed
from slth.subset_sum.counting.exact import cost, count, count_batch, count_by_size
from slth.subset_sum.counting.window import windows, within
from slth.subset_sum.kernels import counting_streamed
from tests.reference.counts import counts_by_size, integer_counts_by_size
from tests.subset_sum.instances import KINDS, targets

# words past the end of a list wrap around, unused; NumPy reports that when the kernels run interpreted
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=60)
dyadic = st.integers(-(2**20), 2**20).map(lambda k: k * 2.0**-10)
tame = st.one_of(st.floats(-4, 4), st.sampled_from([0.1, 0.2, 0.3, -0.3, 0.0, 1.0, 2.0**-60]))


def fixed_point(rows: NDArray[np.float64], row_of: NDArray[np.int64], goals: NDArray[np.float64]) -> FixedPoint:
    """What `FixedPoint.of` makes of a batch, for rows of any length."""
    samples = np.atleast_2d(rows)
    batch = replace(Batch.read(samples, np.broadcast_to(0.0, len(samples))), row_of=row_of, targets=goals)
    return FixedPoint.of(batch, np.arange(goals.size))


def counts_of(
    samples: NDArray[np.float64] | list[float], target: object, epsilon: object, workers: int = 1
) -> NDArray[np.uint64]:
    """Counts (m, n + 1) of one row and targets and epsilons (m,), all of them proven."""
    goals, margins = np.broadcast_arrays(np.atleast_1d(np.asarray(target, float)), np.asarray(epsilon, float))
    fixed = fixed_point(np.asarray(samples, float), np.zeros(goals.size, np.int64), goals)
    lower, upper = count(fixed, goals, margins, workers=workers)
    np.testing.assert_array_equal(lower, upper)
    return lower


def streamed_counts(samples: NDArray[np.float64], target: float, epsilon: float) -> tuple[list[int], list[int]]:
    """The same for one instance, streamed however short the row."""
    fixed = fixed_point(samples, np.zeros(1, np.int64), np.array([target]))
    low, high = windows(np.array([target]), np.array([epsilon]), fixed.exponents)
    used = int(fixed.counts[0])
    lower, upper = count_by_size(
        fixed.values[0, :used],
        int(low[0]),
        int(high[0]),
        0 if fixed.row_exact[0] else used,
        decide=within(fixed.floats(0), target, epsilon),
    )
    return lower.tolist(), upper.tolist()


def margins_of(samples: NDArray[np.float64], goal: float) -> list[float]:
    """Nothing, a share of the reach, exactly as far as a subset is, everything."""
    total = math.fsum(np.abs(samples))
    some = abs(Fraction(goal) - Fraction(float(samples[0])))
    distance = float(some) if some < 2**1023 else 1.0
    margins = [0.0, 5e-324, total / 1000, total / 10, distance, float(np.nextafter(distance, 0)), 0.5, 1e300]
    return [m for m in margins if math.isfinite(m)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_every_subset_looked_at(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 31])
    samples = KINDS[kind](rng, n)
    cases = [(goal, margin) for goal in targets(rng, samples) for margin in margins_of(samples, goal)]
    found = counts_of(samples, *np.array(cases).T)
    for got, (goal, margin) in zip(found.tolist(), cases, strict=True):
        assert got == counts_by_size(samples.tolist(), goal, margin), f"{samples.tolist()}, {goal!r}, {margin!r}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_subset_looked_at_streamed(kind: str) -> None:
    rng = np.random.default_rng(32)
    samples = KINDS[kind](rng, 8)
    samples = samples[samples != 0]
    if not samples.size:
        return
    for goal in targets(rng, samples)[::2]:
        for margin in margins_of(samples, goal)[::2]:
            expect = counts_by_size(samples.tolist(), goal, margin)
            assert streamed_counts(samples, goal, margin) == (expect, expect), (
                f"{samples.tolist()}, {goal!r}, {margin!r}"
            )


@pytest.mark.parametrize("kind", KINDS)
def test_twelve_samples(kind: str) -> None:
    rng = np.random.default_rng(33)
    samples = KINDS[kind](rng, 12)
    goal = targets(rng, samples)[1]
    margin = math.fsum(np.abs(samples)) / 50
    assert counts_of(samples, goal, margin)[0].tolist() == counts_by_size(samples.tolist(), goal, margin)


def test_the_ends_of_the_window_are_inside() -> None:
    assert counts_of([0.1, 0.2, 0.3], 0.25, 0.25).tolist() == [counts_by_size([0.1, 0.2, 0.3], 0.25, 0.25)]
    assert counts_of([1.0, 2.0, 3.0], 3.0, 1.0).tolist() == [[0, 2, 2, 0]]
    assert counts_of([1.0, 2.0, 3.0], 3.0, 0.0).tolist() == [[0, 1, 1, 0]]
    # 0.1 + 0.2 as fractions lies above the float 0.3, by less than 2.8e-17
    assert counts_of([0.1, 0.2], 0.3, [2.77e-17, 2.78e-17]).tolist() == [[0, 0, 0], [0, 0, 1]]


def test_a_zero_doubles_the_total() -> None:
    without = counts_of([0.5, -0.25, 0.125], 0.25, 0.125)[0].tolist()
    with_two = counts_of([0.5, 0.0, -0.25, -0.0, 0.125], 0.25, 0.125)[0].tolist()
    assert with_two == np.convolve(without, [1, 2, 1]).tolist()


@pytest.mark.parametrize("n", [16, 21, 27, 30, 34, 40])
def test_integers_against_dynamic_programming(n: int) -> None:
    rng = np.random.default_rng(n)
    for reach in (3, 60 if n < 35 else 15):
        samples = rng.integers(-reach, reach + 1, n)
        goal, margin = int(samples.sum()) // 2, 2 * reach
        expect = integer_counts_by_size(samples.tolist(), goal - margin, goal + margin)
        assert counts_of(samples.astype(float), goal, margin + 0.5)[0].tolist() == expect
        # the upper half: a one-sided window
        expect = integer_counts_by_size(samples.tolist(), goal, 10**6)
        assert counts_of(samples.astype(float), goal + 1e5, 1e5)[0].tolist() == expect


@pytest.mark.slow
@pytest.mark.parametrize("n", [50, 56])
def test_long_integers_against_dynamic_programming(n: int) -> None:
    rng = np.random.default_rng(n)
    samples = rng.integers(-60, 61, n)
    expect = integer_counts_by_size(samples.tolist(), -5, 25)
    assert counts_of(samples.astype(float), 10, 15, workers=2)[0].tolist() == expect


def test_equal_samples() -> None:
    """Every sum of a size is one and the same: a slice holds too many of them, however narrow."""
    n = 40
    counts = counts_of(np.full(n, 3.0), 60.0, 7.0)[0].tolist()
    assert counts == [math.comb(n, k) if abs(3 * k - 60) <= 7 else 0 for k in range(n + 1)]


def test_samples_far_below_a_quantum() -> None:
    """Ten integers, and 24 samples that only decide on which side of an integer a sum lies."""
    rng = np.random.default_rng(5)
    integers, tiny = rng.integers(-5, 6, 10), rng.uniform(-1e-19, 1e-19, 24)
    integers[integers == 0] = 7
    samples = np.concatenate([integers, tiny])
    any_of_tiny = [math.comb(24, k) for k in range(25)]
    inside = np.convolve(integer_counts_by_size(integers.tolist(), 0, 4), any_of_tiny).tolist()
    assert counts_of(samples, 2.0, 2.5)[0].tolist() == inside
    # a window that ends on integers cannot be decided: bounds, that leave out and take in the ends
    goals = np.array([2.0])
    lower, upper = count(fixed_point(samples, np.zeros(1, np.int64), goals), goals, np.array([3.0]))
    assert lower[0].tolist() == inside
    assert upper[0].tolist() == np.convolve(integer_counts_by_size(integers.tolist(), -1, 5), any_of_tiny).tolist()


@pytest.mark.parametrize("n", [1, 3, 13, 22, 30, 31, 33, 36])
def test_every_subset_is_within_everything(n: int) -> None:
    rng = np.random.default_rng(n)
    samples = rng.uniform(-1, 1, n)
    binomials = [math.comb(n, k) for k in range(n + 1)]
    assert counts_of(samples, 0.3, 1e6)[0].tolist() == binomials
    assert counts_of(samples, 1e6, 1.0)[0].tolist() == [0] * (n + 1)
    # sums on both sides of a gap-free cut are all of them; here no shortcut is taken
    below, above = counts_of(samples, [0.3 - 64, 0.3 + 64], 64.0)
    assert (below + above).tolist() == binomials  # no sum of random samples is 0.3


def test_no_more_than_a_mask_holds() -> None:
    samples = np.ones(64)
    assert counts_of(samples, 0.0, 1e9)[0].tolist() == [math.comb(64, k) for k in range(65)]
    with pytest.raises(ValueError, match="at most 64 samples a row, got n = 65"):
        counts_of(np.ones(65), 0.0, 1.0)
    with pytest.raises(ValueError, match=r"epsilon must be >= 0, got -0\.5"):
        counts_of(np.ones(3), 0.0, [1.0, -0.5])


@pytest.mark.parametrize("n", [21, 30, 31, 32, 35, 38])
def test_leaving_one_sample_out(n: int) -> None:
    """The subsets without it and those with it: 31 samples are streamed, 30 are listed."""
    samples = np.random.default_rng([n, 3]).uniform(-1, 1, n)
    whole = counts_of(samples, 0.4, 0.01)[0]
    without = counts_of(samples[1:], 0.4, 0.01)[0]
    # exact in the few units in the last place of a window, where no sum of random samples lies
    taken = counts_of(samples[1:], 0.4 - samples[0], 0.01)[0]
    np.testing.assert_array_equal(whole[1:-1], without[1:] + taken[:-1])
    assert whole.sum() > 1000


@pytest.mark.parametrize("n", [62, 64])
def test_the_first_slices_of_the_longest_rows(n: int) -> None:
    """Left samples negative, right ones positive: the first slices hold the subsets that leave few out, of sizes up to n."""
    sizes = [int(x) for x in np.random.default_rng(n).integers(2**52, 2**54, n)]
    extent = 2**54 + 2**52

    def leaving_few_out(items: list[int], bound: int) -> list[tuple[int, int]]:
        """(sum left out, number taken) of all subsets that leave out less than `bound`."""
        found = [(0, len(items))]
        for item in items:
            found += [(out + item, taken - 1) for out, taken in found if out + item < bound]
        return found

    values = np.array(sizes)
    values[:31] *= -1
    left, _ = streamed._quarters(values[:31], 1)
    right, _ = streamed._quarters(values[31:], -1)
    least, most = int(values[:31].sum()), int(values[31:].sum())
    tops = np.array([least + most, least + most - 2**53])
    edges = np.linspace(least - 2**53 - 100, least + extent, 12).astype(np.int64)
    edges[-1] = least + extent
    counts, n_pairs = np.zeros((2, n + 1), np.uint64), np.zeros(2, np.int64)
    code = counting_streamed.count_chunk(left, right, tops, 0, edges, counts, np.empty((2, 1, 2), np.int64), n_pairs)
    assert code == counting_streamed.DONE
    lefts = leaving_few_out(sizes[:31], extent)
    for t, shift in enumerate((0, -(2**53))):
        expect = [0] * (n + 1)
        for right_out, right_taken in leaving_few_out(sizes[31:], extent + 2**53):
            bound = right_out + shift
            for left_out, left_taken in lefts if bound < extent else []:
                expect[left_taken + right_taken] += left_out <= bound
        assert counts[t].tolist() == expect
        assert sum(expect) > 10**4


@pytest.mark.parametrize("n", [20, 26, 29, 30])
def test_streamed_as_listed(n: int) -> None:
    samples = np.random.default_rng([n, 4]).uniform(-1, 1, n)
    for goal, margin in ((0.1, 0.01), (2.0, 1.0), (-3.0, 1e-4), (0.5, 0.0)):
        listed = counts_of(samples, goal, margin)[0].tolist()
        assert streamed_counts(samples, goal, margin) == (listed, listed)


@pytest.mark.parametrize("n", [24, 34])
def test_a_subset_at_the_very_end(n: int) -> None:
    """Epsilon is the distance of one subset, exactly, or a bit less: that one is counted, or not."""
    rng = np.random.default_rng([n, 6])
    for _ in range(3):
        # 52 bits above 2^-54: the distance is a float64; rounding to quanta still blurs it
        samples = rng.uniform(-1, 1, n)
        samples[0] = 2.0**-70
        chosen = rng.permutation(np.arange(n) > n // 2)
        goal = float(sum(Fraction(x) for x in samples[chosen].tolist()))
        distance = abs(sum(Fraction(x) for x in samples[chosen].tolist()) - Fraction(goal))
        margin = float(distance)
        within_it = counts_of(samples, goal, margin)[0]
        inside = counts_of(samples, goal, float(np.nextafter(margin, 0)) if margin else 0.0)[0]
        expect = np.zeros(n + 1, np.int64)
        if Fraction(margin) == distance > 0:
            expect[int(chosen.sum())] = 1
        np.testing.assert_array_equal(within_it.astype(np.int64) - inside.astype(np.int64), expect)


def test_without_an_exact_comparison_bounds_remain() -> None:
    samples = np.random.default_rng(7).uniform(-1, 1, 12)
    goal = math.fsum(samples[:3])
    fixed = fixed_point(samples, np.zeros(1, np.int64), np.array([goal]))
    low, high = windows(np.array([goal]), np.array([0.0]), fixed.exponents)
    lower, upper = count_batch(fixed.values, fixed.counts, np.zeros(1, np.int64), low, high, np.array([12]))
    assert lower[0].tolist() == [0] * 13
    assert upper[0, 3] == 1
    assert upper.sum() == 1


@pytest.mark.parametrize("n", [9, 20, 24])
def test_a_batch_is_its_instances(n: int) -> None:
    rng = np.random.default_rng([n, 8])
    rows = rng.uniform(-1, 1, (6, n))
    rows[2, 3:7] = 0
    rows[4] = 0
    row_of = rng.integers(0, 6, 25)
    goals, margins = rng.uniform(-1, 1, 25), 10.0 ** rng.uniform(-3, 0, 25)
    alone = [counts_of(rows[r], g, e)[0] for r, g, e in zip(row_of, goals.tolist(), margins.tolist(), strict=True)]
    for workers in (1, 3):
        fixed = fixed_point(rows, row_of, goals)
        told: list[float] = []
        lower, upper = count(fixed, goals, margins, workers=workers, advance=told.append)
        np.testing.assert_array_equal(lower, alone)
        np.testing.assert_array_equal(upper, alone)
        assert sum(told) == pytest.approx(25)


def test_threads_share_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the slices and the threads, the same counts; every step is told."""
    samples = np.random.default_rng(9).uniform(-1, 1, 36)
    expect = counts_of(samples, 0.2, 0.003)
    fixed = fixed_point(samples, np.zeros(1, np.int64), np.array([0.2]))
    for size, inner, workers in ((2**9, 16, 3), (2**11, 7, 1), (2**15, 11, 2)):
        monkeypatch.setattr(streamed, "_SLICE", size)
        monkeypatch.setattr(streamed, "_INNER", inner)
        told: list[float] = []
        lower, _ = count(fixed, np.array([0.2]), np.array([0.003]), workers=workers, advance=told.append)
        np.testing.assert_array_equal(lower, expect)
        assert sum(told) == pytest.approx(1)
        assert len(told) >= workers


def test_an_interrupt_gets_through() -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    samples = np.random.default_rng(10).uniform(-1, 1, 44)
    fixed = fixed_point(samples, np.zeros(1, np.int64), np.array([0.2]))
    with pytest.raises(KeyboardInterrupt):
        count(fixed, np.array([0.2]), np.array([0.003]), workers=2, advance=interrupted)


@FIXED
@given(st.lists(dyadic, min_size=1, max_size=16), dyadic, st.integers(0, 2**19).map(lambda k: k * 2.0**-10))
def test_the_complements(samples: list[float], target: float, epsilon: float) -> None:
    """A subset of k at z is the complement of one of n - k at the total minus z."""
    one, other = counts_of(samples, [target, sum(samples) - target], epsilon).tolist()
    assert one == other[::-1]


@FIXED
@given(st.lists(tame, min_size=1, max_size=10), tame, st.floats(0, 2), st.randoms(use_true_random=False))
def test_order_and_sign_do_not_matter(samples: list[float], target: float, epsilon: float, random: object) -> None:
    shuffled = samples.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    expect = counts_by_size(samples, target, epsilon)
    assert counts_of(samples, target, epsilon)[0].tolist() == expect
    assert counts_of(shuffled, target, epsilon)[0].tolist() == expect
    assert counts_of([-x for x in samples], -target, epsilon)[0].tolist() == expect


@FIXED
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=7), st.floats(-1e300, 1e300), st.floats(0, 1e300))
def test_any_floats(samples: list[float], target: float, epsilon: float) -> None:
    assert counts_of(samples, target, epsilon)[0].tolist() == counts_by_size(samples, target, epsilon)


@FIXED
@given(st.lists(tame, min_size=1, max_size=18), tame, st.floats(0, 2), st.floats(0, 2))
def test_a_wider_window_holds_no_less(samples: list[float], target: float, epsilon: float, more: float) -> None:
    narrow, wide = counts_of(samples, target, [epsilon, epsilon + more])
    assert (narrow <= wide).all()


@FIXED
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1e308), st.integers(-900, 1100))
def test_windows_are_exact(target: float, epsilon: float, exponent: int) -> None:
    low, high = windows(np.array([target]), np.array([epsilon]), np.array([exponent]))
    unit = Fraction(2) ** exponent
    expect = (
        math.ceil((Fraction(target) - Fraction(epsilon)) * unit),
        math.floor((Fraction(target) + Fraction(epsilon)) * unit),
    )
    for got, exact in zip((int(low[0]), int(high[0])), expect, strict=True):
        assert got == exact or (abs(exact) >= 2**61 and abs(got) >= 2**61 - 1 and (got > 0) == (exact > 0))


@FIXED
@given(
    st.lists(st.one_of(tame, st.floats(-1e300, 1e300)), min_size=1, max_size=6),
    st.one_of(tame, st.floats(-1e300, 1e300)),
    st.floats(0, 1e300),
)
def test_within_is_exact(samples: list[float], target: float, epsilon: float) -> None:
    masks = np.arange(1 << len(samples), dtype=np.uint64)
    sums = [sum((Fraction(x) for i, x in enumerate(samples) if mask >> i & 1), Fraction(0)) for mask in masks.tolist()]
    expect = [abs(s - Fraction(target)) <= Fraction(epsilon) for s in sums]
    assert within(samples, target, epsilon)(masks).tolist() == expect
    # at the distance of a subset, where a float64 is that distance
    for s in sums[:4]:
        distance = abs(s - Fraction(target))
        if distance < 2**1023 and Fraction(float(distance)) == distance:
            assert within(samples, target, float(distance))(masks).tolist() == [
                abs(t - Fraction(target)) <= distance for t in sums
            ]


def test_what_it_takes() -> None:
    needs: list[Callable[[int], float]] = [lambda n: cost(n)[0], lambda n: cost(n, 2)[1]]
    for need in needs:
        assert all(0 < need(n) <= need(n + 2) for n in (1, 10, 20, 28, 31, 50, 62))
