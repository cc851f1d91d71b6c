"""Vectors: against all subsets in fractions, against a plain enumeration at medium n, and what no answer may ever claim."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slth import subset_sum
from slth.subset_sum import Status
from slth.subset_sum.vectors.solve import evaluate, read, solve_vectors
from tests.reference import vectors as twin
from tests.subset_sum.instances import KINDS

# words wrap around by design; interpreted, NumPy would warn of it
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")

Array = NDArray[np.float64]


def solve(samples: Any, target: Any, **options: Any) -> tuple[Any, Any, Any, Any]:
    given = read(samples, target)
    options.setdefault("workers", 1)
    if options.get("epsilon") is not None:
        options["epsilon"] = np.broadcast_to(np.asarray(options["epsilon"], float), given.row_of.shape)
    return solve_vectors(given.samples, given.row_of, given.targets, **options)


def rows(rng: np.random.Generator, kind: str, n: int, d: int) -> Array:
    samples = np.stack([KINDS[kind](rng, n) for _ in range(d)], axis=1)
    if kind == "huge":
        samples /= 100 * d
    if rng.random() < 0.3:
        samples[rng.random(n) < 0.3] = 0.0
    if rng.random() < 0.2:
        samples[:, 0] *= 1e-30
    return samples


def goals(rng: np.random.Generator, samples: Array) -> Array:
    """Reachable, beside, halfway, beyond in one coordinate, far beyond, rounded."""
    n, d = samples.shape
    near = (rng.random((6, n)) < 0.5) @ samples
    scale = float(np.abs(samples).max())
    near[1] += rng.normal(size=d) * 0.3 * scale
    near[2] /= 2
    near[3, rng.integers(d)] += 20 * scale
    near[4] *= 3
    near[5] = np.round(near[5], 1)
    return near


@pytest.mark.parametrize("norm", ["max", "l2"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_objective_against_all_subsets(kind: str, norm: str) -> None:
    rng = np.random.default_rng([len(kind), len(norm)])
    for d in (1, 2, 3, 4, 6):
        n = int(rng.integers(1, 8))
        samples = rows(rng, kind, n, d)
        targets = goals(rng, samples)
        low, high = (0, n) if rng.random() < 0.6 else sorted(int(k) for k in rng.integers(0, n + 1, 2))
        bounds = {"norm": norm, "low": low, "high": high}
        masks, _, errors, statuses = solve(samples, targets, **bounds)
        epsilon = errors * rng.choice([0, 1, 1, 0.999, 1.5, 3], len(targets))
        some, _, _, some_status = solve(samples, targets, objective="any", epsilon=epsilon, **bounds)
        small, _, _, small_status = solve(samples, targets, objective="smallest", epsilon=epsilon, **bounds)
        for i, goal in enumerate(targets.tolist()):
            row = samples.tolist()
            where = f"samples={row}, target={goal}, epsilon={epsilon[i]!r}, {bounds}"
            mask, distance = twin.closest(row, goal, norm, low, high)
            assert int(masks[i]) == mask, where
            assert statuses[i] == Status.OPTIMAL
            if norm == "max":
                assert errors[i] == float(distance), where
            else:
                assert errors[i] == pytest.approx(math.hypot(*_parts(row, goal, mask)), rel=1e-15)
            expected = twin.smallest_within(row, goal, float(epsilon[i]), norm, low, high)
            if expected is None:
                assert some_status[i] == small_status[i] == Status.NOT_FOUND, where
                assert some[i] == small[i] == 0
                continue
            assert some_status[i] == Status.WITHIN_EPSILON, where
            assert twin.distance(row, goal, int(some[i]), norm) <= Fraction(float(epsilon[i])) ** (
                1 + (norm == "l2")
            ), where
            assert small_status[i] == Status.OPTIMAL, where
            assert int(small[i]) == expected, where


def _parts(row: list[list[float]], goal: list[float], mask: int) -> list[float]:
    return [math.fsum([*(v[c] for i, v in enumerate(row) if mask >> i & 1), -goal[c]]) for c in range(len(goal))]


def plain(samples: NDArray[np.int64], target: NDArray[np.int64], norm: str) -> tuple[int, int]:
    """Distance (l2: squared) and mask of the closest of all subsets of small integer vectors, one half after the other."""
    half = len(samples) // 2
    sums = [np.zeros((1, samples.shape[1]), np.int64) for _ in range(2)]
    for i, vector in enumerate(samples):
        side = int(i >= half)
        sums[side] = np.concatenate([sums[side], sums[side] + vector])
    best = (2**62, -1)
    for high, total in enumerate(sums[1]):
        parts = sums[0] + (total - target)
        keys = np.abs(parts).max(axis=1) if norm == "max" else (parts * parts).sum(axis=1)
        at = int(np.argmin(keys))
        best = min(best, (int(keys[at]), high << half | at))
    return best


@pytest.mark.parametrize(
    ("n", "d", "norm"), [(22, 2, "max"), (22, 3, "l2"), (24, 3, "max"), (20, 5, "max"), (20, 8, "l2")]
)
def test_proofs_at_medium_n(n: int, d: int, norm: str) -> None:
    """Samples are multiples of 2^-24, so that the plain twin's integers are exact; ties are as good as impossible."""
    rng = np.random.default_rng([n, d])
    integers = rng.integers(-(2**24), 2**24, (n, d))
    target = rng.integers(-(2**24), 2**24, d)
    expected, mask = plain(integers, target, norm)
    masks, _, errors, statuses = solve(integers / 2**24, target / 2**24, norm=norm)
    assert statuses[0] == Status.OPTIMAL
    assert int(masks[0]) == mask
    assert errors[0] == pytest.approx((expected if norm == "max" else math.sqrt(expected)) / 2**24, rel=1e-15)
    # the same through epsilon: just above there is one, just below there is none
    for factor, some in ((1 + 1e-9, True), (1 - 1e-9, False)):
        epsilon = errors * factor
        found, _, reached, status = solve(integers / 2**24, target / 2**24, norm=norm, objective="any", epsilon=epsilon)
        assert status[0] == (Status.WITHIN_EPSILON if some else Status.NOT_FOUND)
        if some:
            assert int(found[0]) == mask
            assert reached[0] <= epsilon[0]


def test_one_dimension_is_the_scalar_solver() -> None:
    rng = np.random.default_rng(5)
    for kind in ("uniform", "decimals", "integers", "mostly zero", "wide"):
        samples = np.stack([KINDS[kind](rng, 14) for _ in range(3)])
        targets = rng.uniform(-1, 1, 3)
        expected = subset_sum.solve(samples, targets, workers=1)
        for norm in ("max", "l2"):
            masks, sums, errors, statuses = solve(samples[:, :, None], targets[:, None], norm=norm)
            np.testing.assert_array_equal(masks, expected.mask)
            np.testing.assert_array_equal(sums[:, 0], expected.sum)
            np.testing.assert_array_equal(errors, expected.error)
            np.testing.assert_array_equal(statuses, expected.status)


def test_very_many_ties_in_integers() -> None:
    """About 10^5 of 2^26 subsets reach the target: they collapse to the canonical one, by dynamic programming here."""
    rng = np.random.default_rng(6)
    samples = rng.integers(-2, 3, (26, 2))
    target = np.array([3, -2])
    best = {(0, 0): (0, 0)}
    for i, (x, y) in enumerate(samples.tolist()):
        for (a, b), (size, mask) in list(best.items()):
            candidate = (size + 1, mask | 1 << i)
            best[a + x, b + y] = min(best.get((a + x, b + y), candidate), candidate)
    masks, _, errors, statuses = solve(samples.astype(float), target.astype(float))
    assert statuses[0] == Status.OPTIMAL
    assert errors[0] == 0
    assert int(masks[0]) == best[3, -2][1]
    bounded, _, _, status = solve(samples.astype(float), target.astype(float), low=9, high=11)
    assert status[0] == Status.OPTIMAL
    assert int(bounded[0]).bit_count() == 9


def test_ties_that_rounding_blurs_are_settled_or_not_claimed() -> None:
    rng = np.random.default_rng(7)
    samples = np.round(rng.uniform(-1, 1, (18, 2)), 1)
    target = np.round(rng.uniform(-1, 1, 2), 1)
    masks, _, errors, statuses = solve(samples, target)
    sums = np.array([sum(Fraction(float(x)) for x in column) for column in samples.T])
    assert statuses[0] in (Status.OPTIMAL, Status.HEURISTIC)
    assert errors[0] < 1e-14
    assert sums.shape == (2,)
    if statuses[0] == Status.OPTIMAL:
        assert (
            int(masks[0])
            == min(
                (max(abs(x), abs(y)), mask.bit_count(), mask) for mask, (x, y) in enumerate(_all_sums(samples, target))
            )[2]
        )


def _all_sums(samples: Array, target: Array) -> list[tuple[int, int]]:
    """Exact, in units of 2^-60 (decimals of one digit fit)."""
    vectors = [tuple(int(Fraction(float(x)) * 2**60) for x in v) for v in (*samples, target)]
    sums = [(-vectors[-1][0], -vectors[-1][1])]
    for x, y in vectors[:-1]:
        sums += [(a + x, b + y) for a, b in sums]
    return sums


def test_any_in_a_long_row() -> None:
    rng = np.random.default_rng(8)
    samples, targets = rng.uniform(-1, 1, (40, 48, 3)), rng.uniform(-1, 1, (40, 3))
    targets[0] = 3.0  # far from what a random half reaches
    masks, sums, errors, statuses = solve(samples, targets, objective="any", epsilon=0.02)
    assert (statuses == Status.WITHIN_EPSILON).all()
    assert (errors <= 0.02).all()
    bits = masks[:, None] >> np.arange(48, dtype=np.uint64) & np.uint64(1)
    np.testing.assert_allclose(np.einsum("mn,mnd->md", bits, samples), sums, atol=1e-13)
    sized, _, reached, status = solve(samples[:5], targets[5:10], objective="any", epsilon=0.05, low=20, high=20)
    assert (status == Status.WITHIN_EPSILON).all()
    assert (reached <= 0.05).all()
    assert all(int(mask).bit_count() == 20 for mask in sized)


def test_smallest_in_a_long_row() -> None:
    """Proven smallest: no subset of one element less lies within epsilon, says the any-search with that bound."""
    rng = np.random.default_rng(9)
    samples, targets = rng.uniform(-1, 1, (3, 30, 2)), rng.uniform(-1, 1, (3, 2))
    masks, _, errors, statuses = solve(samples, targets, objective="smallest", epsilon=0.02)
    assert (statuses == Status.OPTIMAL).all()
    assert (errors <= 0.02).all()
    size = max(int(mask).bit_count() for mask in masks)
    for i, mask in enumerate(masks):
        below = int(mask).bit_count() - 1
        _, _, _, status = solve(samples[i], targets[i], objective="any", epsilon=0.02, high=below)
        assert status[0] == Status.NOT_FOUND
    assert size < 10


def test_beyond_reach() -> None:
    rng = np.random.default_rng(10)
    samples = rng.uniform(-1, 1, (30, 3))
    for norm in ("max", "l2"):
        masks, _, _, statuses = solve(samples, [1e9, 0.3, -0.2], norm=norm)
        assert statuses[0] == Status.OPTIMAL
        if norm == "max":
            assert int(masks[0]) == sum(1 << i for i in range(30) if samples[i, 0] > 0)
        _, _, _, none = solve(samples, [1e9, 0.3, -0.2], norm=norm, objective="any", epsilon=1e8)
        assert none[0] == Status.NOT_FOUND


def test_too_long_for_a_proof() -> None:
    """n = 64: a good subset, and no claim; with a deadline in the past the best of a descent."""
    rng = np.random.default_rng(11)
    samples, target = rng.uniform(-1, 1, (64, 2)), rng.uniform(-1, 1, 2)
    _, _, errors, statuses = solve(samples, target)
    assert statuses[0] == Status.HEURISTIC
    assert errors[0] < 1e-4
    _, _, late, status = solve(samples, target, deadline=time.monotonic() - 1)
    assert status[0] == Status.LIMIT
    assert late[0] < 1
    masks, _, _, status = solve(
        samples, target, deadline=time.monotonic() - 1, objective="any", epsilon=1e-9, low=5, high=7
    )
    assert status[0] == Status.LIMIT
    assert 5 <= int(masks[0]).bit_count() <= 7


def test_the_answer_does_not_depend_on_threads_or_batch() -> None:
    rng = np.random.default_rng(12)
    samples, targets = rng.uniform(-1, 1, (30, 20, 3)), rng.uniform(-1, 1, (30, 3))
    samples[3, 5] = 0.0
    for options in ({}, {"objective": "any", "epsilon": 0.05}):
        whole = solve(samples, targets, workers=1, **options)
        threads = solve(samples, targets, workers=3, **options)
        for one, other in zip(whole, threads, strict=True):
            np.testing.assert_array_equal(one, other)
        alone = solve(samples[7], targets[7], **options)
        for one, other in zip(whole, alone, strict=True):
            np.testing.assert_array_equal(one[7], other[0])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 4), st.sampled_from(["max", "l2"]))
def test_laws(seed: int, n: int, d: int, norm: str) -> None:
    """Permuting samples or coordinates, flipping signs and scaling by powers of two permute, keep and scale the answer."""
    rng = np.random.default_rng(seed)
    samples, target = rng.uniform(-1, 1, (n, d)), rng.uniform(-1, 1, d)
    masks, _, errors, _ = solve(samples, target, norm=norm)
    chosen = {i for i in range(n) if int(masks[0]) >> i & 1}
    order, axes, signs = rng.permutation(n), rng.permutation(d), rng.choice([-8.0, 8.0], d)
    moved, _, scaled, _ = solve((samples * signs)[order][:, axes], (target * signs)[axes], norm=norm)
    assert {int(order[i]) for i in range(n) if int(moved[0]) >> i & 1} == chosen
    assert scaled[0] == pytest.approx(8 * errors[0], rel=1e-15)
    # one more vector never hurts
    more, _, closer, _ = solve(np.concatenate([samples, rng.uniform(-1, 1, (1, d))]), target, norm=norm)
    assert closer[0] <= errors[0] * (1 + 1e-15)
    # the complement reaches the total minus the target
    total = samples.sum(axis=0)
    _, _, mirrored, _ = solve(samples, total - target, norm=norm)
    assert mirrored[0] == pytest.approx(errors[0], abs=1e-14)
    assert more.shape == (1,)


def test_evaluate_is_exact() -> None:
    samples = np.array([[[1e16, 1.0], [1.0, 1e-30], [-1e16, 2.0]]])
    sums, errors = evaluate(samples, np.zeros(1, np.int64), np.array([[0.25, 3.0]]), np.array([7], np.uint64), "max")
    np.testing.assert_array_equal(sums, [[1.0, 3.0]])
    assert errors[0] == 0.75


def test_shapes() -> None:
    given = read(np.ones((4, 1, 5, 3)), np.ones((2, 3)))
    assert given.shape == (4, 2)
    assert given.samples.shape == (4, 5, 3)
    np.testing.assert_array_equal(given.row_of, [0, 0, 1, 1, 2, 2, 3, 3])
    assert given.targets.shape == (8, 3)


@pytest.mark.parametrize(
    ("samples", "target", "message"),
    [
        ([1.0, 2.0], [1.0], r"shape \(..., n, d\)"),
        ([[1.0, 2.0]], 1.0, "wrap it in a list"),
        ([[1.0, 2.0]], [1.0], "dimension 2, but target .* has dimension 1"),
        (np.ones((65, 2)), [1.0, 1.0], "at most 64 vectors"),
        (np.ones((0, 2)), [1.0, 1.0], "must not be empty"),
        (np.ones((3, 4, 2)), np.ones((2, 2)), "do not broadcast"),
        (np.full((4, 2), 1e308), [0.0, 0.0], "overflow float64"),
        ([[np.nan, 1.0]], [0.0, 0.0], "samples must be finite"),
    ],
)
def test_input_errors(samples: Any, target: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(samples, target)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "l1"}, "unknown norm 'l1'"),
        ({"objective": "any"}, "epsilon is needed"),
        ({"epsilon": 0.1}, "epsilon is needed"),
        ({"objective": "any", "epsilon": -0.1}, "epsilon must be >= 0, got -0.1"),
        ({"low": 3, "high": 2}, "low = 3, high = 2"),
    ],
)
def test_option_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        solve(np.ones((4, 2)), [1.0, 1.0], **options)
