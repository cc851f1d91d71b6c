"""`solve(objective="closest")` against slow twins, on every kind of row, through every path."""

from __future__ import annotations

import numpy as np
import pytest

from slth.subset_sum import Status, solve
from tests.reference.subset_sum_exact import closest_meet
from tests.reference.textbook import closest_errors
from tests.subset_sum.instances import (
    KINDS,
    MAX,
    ULP,
    assert_canonical,
    assert_recomputed,
    assert_same,
    canonical_of_integers,
    targets,
)

LONG = (30, 32, 36, 40, 44)


def instance(kind: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One row (n,) and the hard targets for it."""
    rng = np.random.default_rng([seed, n])
    samples = KINDS[kind](rng, n)
    return samples, np.array(targets(rng, samples))


# --- small n: the canonical subset, bit for bit ------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_canonical_subset(kind: str) -> None:
    for n in (1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13):
        for seed in range(3):
            samples, goals = instance(kind, n, seed)
            rows = np.tile(samples, (len(goals), 1))
            assert_canonical(solve(rows, goals), samples, goals)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [16, 19, 22])
def test_canonical_subset_of_more(kind: str, n: int) -> None:
    samples, goals = instance(kind, n, 0)
    rows = np.tile(samples, (len(goals), 1))
    assert_canonical(solve(rows, goals), samples, goals)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [12, 20])
def test_a_shared_row_answers_as_single_rows(kind: str, n: int) -> None:
    samples, goals = instance(kind, n, 1)
    rng = np.random.default_rng(n)
    many = np.resize(goals, 200)
    if kind != "huge":
        many[len(goals) :] *= rng.uniform(-1.1, 1.1, 200 - len(goals))
    shared = solve(samples, many)
    assert_canonical(shared, samples, many[:8])
    assert_same(shared, solve(np.tile(samples, (200, 1)), many))


@pytest.mark.parametrize("n", [24, 27, 29])
def test_shared_and_single_rows_agree_for_long_rows(n: int) -> None:
    for kind in ("uniform", "decimals", "integers", "mostly zero", "two scales"):
        samples, goals = instance(kind, n, 2)
        many = np.resize(goals, 60)
        assert_same(solve(samples, many), solve(np.tile(samples, (60, 1)), many))


@pytest.mark.parametrize("n", [1, 3, 10, 20, 33, 44])
def test_zeros_only(n: int) -> None:
    goals = np.array([0.0, 1e-30, -1e-19, 1e-18, 0.3, 1e300])
    solution = solve(np.zeros(n), goals)
    np.testing.assert_array_equal(solution.mask, np.zeros(6, np.uint64))
    np.testing.assert_array_equal(solution.error, np.abs(goals))


# --- rules of ties -----------------------------------------------------------------------------------------------


def test_fewest_elements_then_smallest_mask() -> None:
    assert solve([1.0, 2.0, 3.0, 3.0], 3.0).mask == 0b0100
    assert solve([3.0, 3.0, 1.0, 2.0], 3.0).mask == 0b0001
    assert solve([1.0, -1.0], 0.0).mask == 0
    assert solve([1.0, 3.0], 2.0).mask == 0b01  # 1 and 3 are equally close
    assert solve([3.0, 1.0], 2.0).mask == 0b01
    assert solve([2.0, -1.0], 1.5).mask == 0b01
    assert solve([1.0, 2.0], 0.5).mask == 0  # equally close: the empty subset has fewer
    assert solve([0.5, 0.5, 0.5], 0.5).mask == 0b001


def test_ties_are_of_exact_sums_not_of_rounded_ones() -> None:
    assert solve([0.3, 0.1, 0.2], 0.1 + 0.2).mask == 0b110  # 0.1 + 0.2 rounds to the target, but 0.3 is farther from it
    assert solve([1.0, 2.0**-60], 1.0).mask == 0b01
    assert solve([1.0, 2.0**-60, 1.0], 1.0 + 2.0**-52).mask == 0b11
    assert solve([1e300, 1.0, -1e300], 1.0).mask == 0b010
    assert solve([1.0, 2.0**-1074], 1.0).mask == 0b01


# --- magnitudes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [-1073, -1022, -500, -60, 0, 60, 500, 1000])
def test_any_power_of_two(power: int) -> None:
    rng = np.random.default_rng(5)
    whole = rng.integers(-9, 10, (20, 9)).astype(float)
    goals = rng.integers(-20, 21, 20).astype(float)
    scaled = solve(np.ldexp(whole, power), np.ldexp(goals, power))
    plain = solve(whole, goals)
    np.testing.assert_array_equal(scaled.mask, plain.mask)
    np.testing.assert_array_equal(scaled.error, np.ldexp(plain.error, power))


def test_up_to_the_largest_float() -> None:
    samples = np.array([MAX / 4, MAX / 4, -MAX / 8])
    assert_canonical(solve(np.tile(samples, (3, 1)), goals := np.array([MAX / 3, -MAX / 4, 1.0])), samples, goals)


@pytest.mark.parametrize("n", [7, 9, 20, pytest.param(41, marks=pytest.mark.slow)])
def test_a_total_that_rounds_to_the_largest_float_or_beyond(n: int) -> None:
    """Adding the absolute values one by one overflows, adding them pairwise does not, and the exact total is finite."""
    samples = np.array([MAX - 30 * ULP] + [ULP / 2 * (1 + 2.0**-20)] * (n - 1))
    goals = np.array([ULP, 2 * ULP])
    expected = [closest_meet(samples[:8].tolist(), goal) for goal in goals.tolist()]  # equal samples: the first suffice
    solution = solve(samples, goals)
    np.testing.assert_array_equal(solution.size, [sum(subset.chosen) for subset in expected])
    np.testing.assert_array_equal(solution.mask, [subset.mask for subset in expected])


# --- n >= 30: the streamed path ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", LONG)
def test_long_uniform_rows_are_as_close_as_the_textbook_says(n: int) -> None:
    rng = np.random.default_rng(n)
    m = 6 if n < 40 else 2
    samples, goals = rng.uniform(-1, 1, (m, n)), rng.uniform(-2, 2, m)
    solution = solve(samples, goals)
    # 44 roundings of sums below 44
    np.testing.assert_allclose(solution.error, closest_errors(samples, goals, workers=2), rtol=0, atol=1e-12)
    assert_recomputed(solution, samples, goals)


@pytest.mark.parametrize("kind", ["uniform", "positive", "heavy tail", "dominated", "decimals", "integers", "repeated"])
def test_thirty_samples_at_the_edges_of_the_reach(kind: str) -> None:
    """Few subsets come near: the windows are wide, the sums wrap around, and the empty half is in the answer."""
    rng = np.random.default_rng(1)
    samples = KINDS[kind](rng, 30)
    low, high = samples[samples < 0].sum(), samples[samples > 0].sum()
    goals = np.concatenate(
        [low + (high - low) * np.array([0.001, 0.01, 0.05, 0.95, 0.999]), samples[[20, 25]], [-1e-19]]
    )
    rows = np.tile(samples, (len(goals), 1))
    solution = solve(rows, goals)
    np.testing.assert_allclose(solution.error, closest_errors(rows, goals), rtol=0, atol=1e-12 * (high - low))
    assert_recomputed(solution, rows, goals)


@pytest.mark.parametrize("seed", [7541, 14113])
def test_a_sum_at_the_seam_of_the_circle_of_words(seed: int) -> None:
    """The best left half is empty, and the right half reaches the target from above: words on both sides of zero meet."""
    samples = np.random.default_rng(seed).random(30) ** 0.5
    goal = samples[15 : 16 + seed % 4].sum() + 0.001
    assert int(solve(samples, goal).mask) == closest_meet(samples.tolist(), goal).mask


@pytest.mark.parametrize("n", [30, 44])
@pytest.mark.parametrize("held", [1, 2, 3, 5, 7, 8, 9, 12, 16, 18])
def test_long_rows_of_few_samples_that_are_not_zero(n: int, held: int) -> None:
    rng = np.random.default_rng([n, held])
    for kind in ("uniform", "decimals", "integers", "large integers", "wide"):
        short = KINDS[kind](rng, held)
        goals = np.array(targets(rng, short))
        places = np.sort(rng.permutation(n)[:held])
        samples = np.zeros(n)
        samples[places] = short
        solution = solve(np.tile(samples, (len(goals), 1)), goals)
        expected = solve(short, goals)
        if held <= 9:
            assert_canonical(expected, short, goals)
        spread = np.zeros((len(goals), n), bool)
        spread[:, places] = expected.chosen
        np.testing.assert_array_equal(solution.chosen, spread)
        np.testing.assert_array_equal(solution.error, expected.error)


@pytest.mark.parametrize("n", [30, 32, 36, 40])
def test_planted_subsets_of_huge_integers_are_found(n: int) -> None:
    """Multiples of 8 below 2^50: every sum is a float64, and no rounding can hide a miss."""
    rng = np.random.default_rng(n)
    samples = rng.integers(-(2**47), 2**47, (6, n)) * 8.0
    planted = rng.random((6, n)) < 0.5
    goals = np.where(planted, samples, 0).sum(axis=1)
    solution = solve(samples, goals)
    np.testing.assert_array_equal(solution.error, 0)
    np.testing.assert_array_equal(solution.sum, goals)
    assert_recomputed(solution, samples, goals)


@pytest.mark.parametrize("n", LONG)
def test_planted_subsets_of_dyadic_numbers_are_found(n: int) -> None:
    """Multiples of 2^-44: fewer than one other subset in 2^6 has the same sum, and all sums are exact."""
    rng = np.random.default_rng(n + 1)
    m = 5 if n < 40 else 2
    samples = rng.integers(-(2**44), 2**44, (m, n)) * 2.0**-44
    planted = rng.random((m, n)) < rng.random((m, 1))
    goals = np.where(planted, samples, 0).sum(axis=1)
    solution = solve(samples, goals)
    np.testing.assert_array_equal(solution.error, 0)
    assert np.all(solution.size <= planted.sum(axis=1))


@pytest.mark.parametrize("n", LONG)
@pytest.mark.parametrize("low", [1, -50])
def test_rows_rich_in_ties_follow_the_rule(n: int, low: int) -> None:
    """Integers up to 50: billions of subsets tie; a dynamic program over the sums knows the one to take."""
    rng = np.random.default_rng([n, low + 50])
    samples = rng.integers(low, 51, (8, n))
    below, above = np.minimum(samples, 0).sum(axis=1), np.maximum(samples, 0).sum(axis=1)
    goals = np.floor(below + rng.random(8) * (above - below)) + rng.choice([0, 0.5, 0.25], 8)
    goals[0], goals[1] = above[0] + 1, below[1] - 0.5
    solution = solve(samples, goals)
    expected = [canonical_of_integers(row, goal) for row, goal in zip(samples.tolist(), goals.tolist(), strict=True)]
    np.testing.assert_array_equal(solution.mask, np.array(expected, np.uint64))
    assert_recomputed(solution, samples.astype(float), goals)


@pytest.mark.parametrize("n", [30, 34])
def test_long_shared_rows_rich_in_ties_follow_the_rule(n: int) -> None:
    rng = np.random.default_rng(n)
    samples = rng.integers(-20, 21, n)
    goals = rng.integers(-150, 150, 120) / 2
    expected = [canonical_of_integers(samples.tolist(), goal) for goal in goals.tolist()]
    np.testing.assert_array_equal(solve(samples, goals).mask, np.array(expected, np.uint64))


def test_long_shared_rows_are_as_close_as_the_textbook_says() -> None:
    rng = np.random.default_rng(3)
    samples, goals = rng.uniform(-1, 1, 31), rng.uniform(-3, 3, 100)
    solution = solve(samples, goals)
    rows = np.tile(samples, (8, 1))
    np.testing.assert_allclose(solution.error[:8], closest_errors(rows, goals[:8], workers=2), rtol=0, atol=1e-12)
    assert_same(solve(rows, goals[:8]), solve(samples, goals[:8]))


@pytest.mark.parametrize(
    "kind", ["wide", "heavy tail", "powers of two", "below the last bit", "all equal", "two scales"]
)
def test_long_rows_of_wide_range(kind: str) -> None:
    samples, goals = instance(kind, 30, 4)
    few = np.concatenate([goals[1:3], goals[4:5], goals[10:11]])
    assert_canonical(solve(np.tile(samples, (len(few), 1)), few), samples, few)


# --- shapes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples_shape", "target_shape", "shape"),
    [
        ((5,), (), ()),
        ((5,), (1,), (1,)),
        ((5,), (4,), (4,)),
        ((4, 5), (), (4,)),
        ((4, 5), (4,), (4,)),
        ((3, 1, 5), (4,), (3, 4)),
        ((4, 5), (3, 1), (3, 4)),
        ((4, 5), (3, 4), (3, 4)),
        ((1, 1, 5), (2, 3, 2), (2, 3, 2)),
        ((2, 1, 2, 5), (3, 1), (2, 3, 2)),
        ((7, 1), (7,), (7,)),
    ],
)
def test_shapes_broadcast_like_a_gufunc(
    samples_shape: tuple[int, ...], target_shape: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(0)
    samples, target = rng.uniform(-1, 1, samples_shape), rng.uniform(-1, 1, target_shape)
    n = samples_shape[-1]
    solution = solve(samples, target)
    rows = np.broadcast_to(samples, (*shape, n)).reshape(-1, n)
    goals = np.broadcast_to(target, shape).reshape(-1)
    for name, kind in {"mask": np.uint64, "sum": np.float64, "error": np.float64, "size": np.int64}.items():
        array = getattr(solution, name)
        assert array.shape == shape
        assert array.dtype == kind
        one_by_one = [getattr(solve(row, goal), name) for row, goal in zip(rows, goals, strict=True)]
        np.testing.assert_array_equal(np.reshape(array, -1), one_by_one)
    assert solution.chosen.shape == (*shape, n)
    assert np.shape(solution.status) == shape


def test_a_single_instance_gives_scalars() -> None:
    solution = solve([0.5, -0.3, 0.9, 0.25], 0.44)
    assert isinstance(solution.mask, np.uint64)
    assert isinstance(solution.sum, np.float64)
    assert isinstance(solution.size, np.int64)
    assert (int(solution.mask), float(solution.sum), int(solution.size)) == (0b1011, 0.45, 3)
    assert solution.status == Status.OPTIMAL
    assert solution.error == pytest.approx(0.01, abs=1e-15)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.uint64, np.bool_])
def test_any_real_dtype_and_memory_layout(dtype: type) -> None:
    values = np.array([[1, 0, 3, 2], [2, 2, 0, 1], [1, 1, 1, 1]])
    samples = values.astype(dtype)
    whole = np.issubdtype(dtype, np.integer)
    expected = solve(samples.astype(int if whole else float), [1, 2, 3])
    assert (expected.sum.dtype, expected.error.dtype) == ((np.int64,) if whole else (np.float64,)) * 2
    for layout in (samples, np.asfortranarray(samples), samples[::1, ::-1][:, ::-1], samples.tolist()):
        before = np.array(layout)
        assert_same(solve(layout, np.array([1, 2, 3])), expected)
        np.testing.assert_array_equal(before, layout)  # the input is left alone
    frozen = samples.copy()
    frozen.flags.writeable = False
    assert_same(solve(frozen, [1, 2, 3]), expected)


def test_progress_draws_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    samples, goals = rng.uniform(-1, 1, (50, 12)), rng.uniform(-1, 1, 50)
    quiet = solve(samples, goals)
    assert capsys.readouterr().err == ""
    assert_same(solve(samples, goals, progress=True), quiet)
    assert "instance" in capsys.readouterr().err
