"""Laws of counts, coverage and answers together, on samples that hypothesis makes up; each is a statement about all subsets.

Numbers are dyadic (multiples of 2^-10 below 2^10), so that every sum, shift and scaling in the tests is exact in float64.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.subset_sum import Certainty, Covered, Status, count, coverage, solve
from tests.reference.counts import counts_by_size

pytestmark = pytest.mark.filterwarnings("ignore::slth.subset_sum.ResolutionWarning")  # epsilons are as fine as it gets

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)
dyadic = st.one_of(st.integers(-(2**20), 2**20), st.integers(-3000, 3000), st.integers(-4, 4)).map(
    lambda k: k * 2.0**-10
)
width = st.one_of(st.integers(0, 2**19), st.integers(0, 3000), st.just(0)).map(lambda k: k * 2.0**-10)
positive = st.one_of(st.integers(1, 2**19), st.integers(1, 3000)).map(lambda k: k * 2.0**-10)
whole = st.integers(-60, 60)


def rows(element: st.SearchStrategy[Any] = dyadic, longest: int = 11) -> st.SearchStrategy[list[Any]]:
    return st.lists(element, min_size=1, max_size=longest)


def exactly(samples: Any, target: float, epsilon: float) -> list[int]:
    """Counts by size, proven."""
    found = count(samples, target, epsilon)
    assert found.certainty is Certainty.EXACT
    assert found.total == sum(found.by_size.tolist())
    return [int(number) for number in found.by_size.tolist()]


@FIXED
@given(rows(), dyadic, width)
def test_counts_are_those_of_brute_force(samples: list[float], target: float, epsilon: float) -> None:
    expected = counts_by_size(samples, target, epsilon)
    assert exactly(samples, target, epsilon) == expected
    found = count(samples, target, epsilon)
    assert found.total == sum(expected)
    np.testing.assert_array_equal(found.lower, found.by_size)
    np.testing.assert_array_equal(found.upper, found.by_size)
    logs = [math.log2(number) if number else -math.inf for number in expected]
    np.testing.assert_allclose(found.log2_by_size, logs, rtol=1e-15)
    np.testing.assert_allclose(found.log2_total, math.log2(sum(expected)) if any(expected) else -math.inf, rtol=1e-14)


@FIXED
@given(rows(), dyadic, width, st.randoms(use_true_random=False))
def test_order_signs_and_scale_do_not_matter(samples: list[float], target: float, epsilon: float, random: Any) -> None:
    expected = exactly(samples, target, epsilon)
    shuffled = samples.copy()
    random.shuffle(shuffled)
    assert exactly(shuffled, target, epsilon) == expected
    assert exactly([-x for x in samples], -target, epsilon) == expected
    for power in (-300, -1, 7, 900):
        scaled = np.ldexp(samples, power)
        assert exactly(scaled, math.ldexp(target, power), math.ldexp(epsilon, power)) == expected


@FIXED
@given(rows(longest=9), dyadic, positive, st.randoms(use_true_random=False))
def test_order_and_scale_do_not_matter_to_coverage(
    samples: list[float], end: float, epsilon: float, random: Any
) -> None:
    interval = (end - 1.0, end + 1.0)
    found = coverage(samples, epsilon, interval, method="exact")
    shuffled = samples.copy()
    random.shuffle(shuffled)
    for other in (
        coverage(shuffled, epsilon, interval, method="exact"),
        coverage([-x for x in samples], epsilon, (-interval[1], -interval[0]), method="exact"),
        coverage(np.ldexp(samples, 9), 512 * epsilon, (512 * interval[0], 512 * interval[1]), method="exact"),
    ):
        assert other.status == found.status
        assert other.lower <= found.upper
        assert found.lower <= other.upper


@FIXED
@given(rows(), dyadic, width)
def test_the_complements_turn_the_sizes_round(samples: list[float], target: float, epsilon: float) -> None:
    assert exactly(samples, sum(samples) - target, epsilon) == exactly(samples, target, epsilon)[::-1]


@FIXED
@given(rows(), dyadic, width, st.data())
def test_turning_one_sign_moves_the_target(
    samples: list[float], target: float, epsilon: float, data: st.DataObject
) -> None:
    """Leaving out x is taking -x: the total is that of the turned row at the target less x."""
    place = data.draw(st.integers(0, len(samples) - 1))
    turned = samples.copy()
    turned[place] = -turned[place]
    assert count(samples, target, epsilon).total == count(turned, target - samples[place], epsilon).total


@FIXED
@given(rows(), dyadic, width, dyadic)
def test_one_more_sample_adds_the_counts_of_the_rest(
    samples: list[float], target: float, epsilon: float, more: float
) -> None:
    """With x or without: N_k(X + x, t) = N_k(X, t) + N_(k-1)(X, t - x). So counts, and what is covered, only grow."""
    without, with_it = exactly(samples, target, epsilon), exactly([*samples, more], target, epsilon)
    shifted = exactly(samples, target - more, epsilon)
    assert with_it == [a + b for a, b in zip([*without, 0], [0, *shifted], strict=True)]
    assert sum(with_it) >= sum(without)
    assert solve([*samples, more], target).error <= solve(samples, target).error


@FIXED
@given(rows(longest=9), positive, dyadic)
def test_one_more_sample_never_covers_less(samples: list[float], epsilon: float, more: float) -> None:
    one, other = (coverage(row, epsilon, (-1.0, 1.0), method="exact") for row in (samples, [*samples, more]))
    assert one.lower <= other.upper
    assert other.gap_lower <= one.gap_upper
    if one.status == Covered.YES:
        assert (other.status, other.first_n_lower) == (Covered.YES, one.first_n_lower)


@FIXED
@given(rows(), dyadic, st.data())
def test_a_locked_sample_shifts_the_target(samples: list[float], target: float, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(samples) - 1))
    locked = np.arange(len(samples)) == place
    forced = solve(samples, target, locked=locked)
    rest = [x for i, x in enumerate(samples) if i != place]
    assert forced.chosen[place]
    free = solve(rest, target - samples[place]) if rest else None
    assert forced.error == (abs(target - samples[place]) if free is None else free.error)
    assert forced.size == (1 if free is None else free.size + 1)
    assert forced.error >= solve(samples, target).error


@FIXED
@given(rows(longest=10), dyadic, positive)
def test_listing_all_is_counting(samples: list[float], target: float, epsilon: float) -> None:
    """Every size class of the count is the number of subsets listed, and the classes are the whole."""
    listed = list(solve(samples, target, objective="all", epsilon=epsilon))
    counts = exactly(samples, target, epsilon)
    assert len(listed) == len({s.mask for s in listed}) == sum(counts)
    assert np.bincount([s.size for s in listed], minlength=len(samples) + 1).tolist() == counts
    of_size = [len(list(solve(samples, target, objective="all", epsilon=epsilon, size=k))) for k in range(len(counts))]
    assert of_size == counts
    n = len(samples)
    assert len(list(solve(samples, target, objective="all", epsilon=epsilon, size=(n // 3, n // 2)))) == sum(
        counts[n // 3 : n // 2 + 1]
    )


@FIXED
@given(rows(), dyadic, positive)
def test_what_is_counted_is_found(samples: list[float], target: float, epsilon: float) -> None:
    """Some subset counts if and only if "any", "smallest" and "closest" find one; "smallest" has the first size that counts."""
    counts = exactly(samples, target, epsilon)
    some = sum(counts) > 0
    assert (solve(samples, target).error <= epsilon) == some
    assert (solve(samples, target, objective="any", epsilon=epsilon).status == Status.WITHIN_EPSILON) == some
    fewest = solve(samples, target, objective="smallest", epsilon=epsilon)
    assert (fewest.status == Status.OPTIMAL) == some
    if some:
        assert fewest.size == next(k for k, number in enumerate(counts) if number)
    for k, number in enumerate(counts):
        assert (solve(samples, target, size=k).error <= epsilon) == (number > 0)


@FIXED
@given(rows(), dyadic)
def test_nothing_is_within_less_than_the_least_error(samples: list[float], target: float) -> None:
    nearest = solve(samples, target)
    assert float(nearest.error) * 2**10 % 1 == 0  # dyadic
    counts = exactly(samples, target, float(nearest.error))
    assert counts[int(nearest.size)] > 0
    assert sum(counts[: int(nearest.size)]) == 0  # the fewest elements among the closest
    if nearest.error > 0:
        assert sum(exactly(samples, target, float(np.nextafter(nearest.error, 0)))) == 0


@FIXED
@given(rows(), dyadic, width, width)
def test_wider_windows_hold_no_less_and_pieces_add_up(
    samples: list[float], target: float, epsilon: float, more: float
) -> None:
    narrow, wide = exactly(samples, target, epsilon), exactly(samples, target, epsilon + more)
    assert all(a <= b for a, b in zip(narrow, wide, strict=True))
    # the window as two, that end half a last bit of the sums apart
    half, bit = epsilon, 2.0**-11
    left, right = exactly(samples, target - half - bit, half), exactly(samples, target + half + bit, half)
    both = exactly(samples, target, 2 * half + bit)
    middle = exactly(samples, target, 0)
    joined = [a + b for a, b in zip(left, right, strict=True)]
    assert all(j + m == b for j, m, b in zip(joined, middle, both, strict=True))
    everything = exactly(samples, target, sum(map(abs, samples)) + abs(target))
    assert everything == [math.comb(len(samples), k) for k in range(len(samples) + 1)]


@FIXED
@given(rows(whole, 14), whole, st.integers(0, 40))
def test_integers_as_by_dynamic_programming(samples: list[int], target: int, epsilon: int) -> None:
    expected = exactly(samples, target, epsilon)
    dynamic = count(samples, target, epsilon, method="dynamic-programming")
    assert dynamic.certainty is Certainty.EXACT
    assert [int(v) for v in dynamic.by_size.tolist()] == expected
    assert int(count(samples, target, epsilon, method="dynamic-programming", sizes=False).total) == sum(expected)
    assert exactly([float(x) for x in samples], float(target), float(epsilon)) == expected
    if any(samples):  # eighths are integers in disguise
        eighths = count([x / 8 for x in samples], target / 8, epsilon / 8, method="dynamic-programming")
        assert [int(v) for v in eighths.by_size.tolist()] == expected


@FIXED
@given(rows(longest=11), dyadic, width)
def test_the_sandwich_holds_the_truth(samples: list[float], target: float, epsilon: float) -> None:
    expected = exactly(samples, target, epsilon)
    for budget in (None, 2e4):
        for sizes in (True, False):
            options: dict[str, Any] = {} if budget is None else {"budget": budget}
            found = count(samples, target, epsilon, method="sandwich", sizes=sizes, **options)
            assert found.certainty is Certainty.CERTIFIED
            truth = np.array(expected if sizes else sum(expected), dtype=np.float64)
            assert (found.lower <= truth * (1 + 1e-12)).all()
            assert (truth <= found.upper * (1 + 1e-12)).all()
            assert (found.log2_lower <= found.log2_upper).all()


@FIXED
@given(rows(longest=10), positive, st.data())
def test_a_target_is_covered_where_the_closest_subset_is_within(
    samples: list[float], epsilon: float, data: st.DataObject
) -> None:
    """Of the smallest interval around a target, all or nothing is covered, but for the ends: compared where there is no doubt."""
    target = data.draw(dyadic)
    near = 2.0**-12
    error = float(solve(samples, target).error)
    found = coverage(samples, epsilon, (target - near, target + near), method="exact")
    # errors and epsilon are multiples of 2^-10: within by at least so much, or not, or at the very end
    if error < epsilon:
        assert found.status == Covered.YES
        assert found.lower == 1
    elif error > epsilon:
        assert found.status == Covered.NO
        assert found.upper == 0
    else:
        assert found.upper > 0
    points = np.linspace(-4, 4, 33)
    errors = solve(samples, points).error
    whole = coverage(samples, epsilon, (-4.0, 4.0), method="exact")
    if whole.status == Covered.YES:
        assert (errors <= epsilon).all()
    if (errors > epsilon).any():
        assert whole.status == Covered.NO
        assert whole.gap_upper >= float((errors - epsilon).max())
    assert whole.lower <= 1


@FIXED
@given(rows(longest=8), positive)
def test_coverage_by_size_is_consistent_with_the_closest_of_that_size(samples: list[float], epsilon: float) -> None:
    points = np.linspace(-2, 2, 17)
    for k in range(len(samples) + 1):
        errors = solve(samples, points, size=k).error
        found = coverage(samples, epsilon, (-2.0, 2.0), size=k, method="exact")
        if found.status == Covered.YES:
            assert (errors <= epsilon).all()
        if (errors <= epsilon).any():
            assert found.upper > 0
        assert found.upper <= coverage(samples, epsilon, (-2.0, 2.0), method="exact").upper + 1e-12


@FIXED
@given(rows(longest=10), dyadic, st.integers(1, 30))
def test_the_k_best_are_the_first_of_all(samples: list[float], target: float, k: int) -> None:
    best = solve(samples, target, k_best=k)
    reach = sum(map(abs, samples)) + abs(target) + 1.0
    first = [s for s, _ in zip(solve(samples, target, objective="all", epsilon=reach), range(k), strict=False)]
    assert [(s.mask, s.error) for s in first] == list(zip(best.mask.tolist(), best.error.tolist(), strict=True))
    assert len(first) == min(k, 2 ** len(samples))
    within = float(best.error[-1])
    assert count(samples, target, within).total >= len(first)
    if within > 0:
        assert count(samples, target, float(np.nextafter(within, 0))).total < len(first)


@FIXED
@given(rows(longest=10), dyadic, width)
def test_number_partitioning_counts_and_solves_alike(samples: list[float], target: float, epsilon: float) -> None:
    """Signs s and the subset where s = -1: sum s x = L - 2 sum x, so partitions within 2 epsilon are subsets within epsilon."""
    total = sum(samples)
    one, other = solve(samples, target), solve(samples, total - 2 * target, coefficients=(1, -1))
    assert (one.mask, 2 * one.error) == (other.mask, other.error)
    signed = sum(
        abs(Fraction(total) - 2 * Fraction(s) - Fraction(total - 2 * target)) <= 2 * Fraction(epsilon)
        for s in _sums(samples)
    )
    assert count(samples, target, epsilon).total == signed


def _sums(samples: list[float]) -> list[float]:
    sums = [0.0]
    for x in samples:
        sums += [s + x for s in sums]
    return sums
