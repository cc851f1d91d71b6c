"""The exact solvers in Python integers against the slow twins, and the reduction that decides dominating samples."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from slth.subset_sum import exact
from tests.reference.subset_sum_exact import closest, closest_meet, smallest_within
from tests.subset_sum.instances import KINDS, SUBNORMAL, canonical_of_integers, targets


@pytest.mark.parametrize("kind", KINDS)
def test_closest(kind: str) -> None:
    for n in (1, 2, 3, 4, 5, 7, 8):
        rng = np.random.default_rng([n, 5])
        for _ in range(2):
            samples = KINDS[kind](rng, n)
            for goal in targets(rng, samples):
                assert exact.closest(samples.tolist(), goal) == closest(samples.tolist(), goal).mask


@pytest.mark.parametrize("kind", KINDS)
def test_closest_of_more(kind: str) -> None:
    rng = np.random.default_rng(6)
    samples = KINDS[kind](rng, 17)
    for goal in targets(rng, samples):
        assert exact.closest(samples.tolist(), goal) == closest_meet(samples.tolist(), goal).mask


def test_closest_of_long_rows_of_integers() -> None:
    rng = np.random.default_rng(7)
    for n in (24, 33, 44):
        samples = rng.integers(-30, 31, n)
        for goal in (0.0, 17.0, 60.5, float(samples[samples > 0].sum() - 1)):
            expected = canonical_of_integers(samples.tolist(), goal)
            assert exact.closest(samples.astype(float).tolist(), goal) == expected


def test_no_samples() -> None:
    assert exact.closest([], 1.0) == 0
    assert exact.closest([0.0, 0.0], 1.0) == 0
    assert exact.smallest_within([], 1.0, 0.5) is None
    assert exact.smallest_within([], 1.0, 1.0) == 0


def test_one_row_from_the_smallest_to_the_largest_float() -> None:
    samples = [SUBNORMAL, -SUBNORMAL, 1e-300, 1.0, 2.0**-52, -1e300, 1e308, 3 * SUBNORMAL]
    for goal in (0.0, SUBNORMAL, 2 * SUBNORMAL, 1.0, 1e308, 1e308 - 1e300, 1e-300, -1e300, 5e299, 5e307):
        assert exact.closest(samples, goal) == closest(samples, goal).mask


def test_as_integers_scales_by_one_power_of_two() -> None:
    values, goal = exact.as_integers([0.5, -0.375, 0.0, 3.0, 1e300], 2.0**-5)
    assert (values, goal) == ([16, -12, 0, 96, 32 * int(1e300)], 1)
    values, goal = exact.as_integers([SUBNORMAL], 1.0)
    assert (values, goal) == ([1], 2**1074)


@pytest.mark.parametrize("kind", KINDS)
def test_closest_among_is_the_best_of_those_given(kind: str) -> None:
    rng = np.random.default_rng(8)
    samples = KINDS[kind](rng, 10)
    true = [Fraction(x) for x in samples.tolist()]
    for goal in targets(rng, samples):
        masks = rng.permutation(1024)[:60].tolist()

        def rank(mask: int, goal: float = goal) -> tuple[Fraction, int, int]:
            total = sum((x for i, x in enumerate(true) if mask >> i & 1), Fraction(0))
            return abs(total - Fraction(goal)), mask.bit_count(), mask

        assert exact.closest_among(iter(masks), samples.tolist(), goal) == min(masks, key=rank)


@pytest.mark.parametrize("kind", KINDS)
def test_smallest_within(kind: str) -> None:
    for n in (1, 3, 6, 8):
        rng = np.random.default_rng([n, 10])
        samples = KINDS[kind](rng, n)
        for goal in targets(rng, samples):
            nearest = float(closest(samples.tolist(), goal).error)
            for epsilon in (nearest, float(np.nextafter(nearest, 0)), 2 * nearest, np.abs(samples).sum() / 50, 1e300):
                expected = smallest_within(samples.tolist(), goal, epsilon)
                found = exact.smallest_within(samples.tolist(), goal, epsilon)
                assert found == (None if expected is None else expected.mask)


# --- samples that dominate all below -----------------------------------------------------------------------------


def test_powers_of_three_are_all_decided() -> None:
    """3^i exceeds twice the sum of all below, so each choice follows from what is left of the goal."""
    values = [3**i for i in range(20)]
    for chosen in (0, 1, 0b1010, 0xFFFFF, 0x5A5A5):
        goal = sum(v for i, v in enumerate(values) if chosen >> i & 1)
        assert exact._forced(values, goal) == ([], chosen, 0)


def test_a_tie_is_never_decided() -> None:
    assert exact._forced([2], 1) == ([0], 0, 1)  # the empty subset is as close
    assert exact._forced([-2], -1) == ([0], 0, -1)
    assert exact._forced([4, 2], 5) == ([1], 0b01, 1)  # 4 is in; with 2 and without it are as close
    assert exact._forced([0, 0], 3) == ([], 0, 3)


def test_beyond_the_reach_everything_is_decided() -> None:
    assert exact._forced([5, -3, 0, 2], 100) == ([], 0b1001, 93)
    assert exact._forced([5, -3, 0, 2], -100) == ([], 0b0010, -97)


def test_what_is_decided_is_so_in_every_closest_subset() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 8))
        values = (rng.choice([-1, 1], n) * 2 ** rng.integers(0, 12, n) * rng.integers(0, 4, n)).tolist()
        goal = int(rng.integers(-5000, 5000) >> rng.integers(0, 12))
        free, taken, rest = exact._forced(values, goal)
        assert all(not taken >> i & 1 and values[i] != 0 for i in free)
        assert rest == goal - sum(v for i, v in enumerate(values) if taken >> i & 1)
        sums = [0]
        for value in values:
            sums += [total + value for total in sums]
        errors = [abs(total - goal) for total in sums]
        decided = sum(1 << i for i, value in enumerate(values) if i not in free and value)
        for mask, error in enumerate(errors):
            if error == min(errors):
                assert mask & decided == taken & decided
