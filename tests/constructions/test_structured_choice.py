"""Which filters are chosen: the closest of all sets where that is proven, good ones beyond; and the scale of a layer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.constructions.protocol import Problems
from slth.constructions.structured import proven
from slth.constructions.structured.choice import choose, searched
from slth.constructions.structured.scale import Predicted, tried_scale
from slth.subset_sum import Status
from slth.subset_sum.kernels import vector_descent
from tests.reference import structured as twin

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=60)


@st.composite
def vector_problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, d = draw(st.integers(0, 6)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if draw(st.booleans()):
        x, t, own = rng.normal(size=(n, d)), rng.normal(size=d), rng.normal(size=d)
    else:  # ties, zeros
        x, t, own = (rng.integers(-2, 3, shape).astype(float) for shape in ((n, d), d, d))
    return x, t, own * draw(st.booleans())


@FIXED
@given(vector_problems())
def test_the_closest_by_enumeration(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    x, t, own = case
    found = choose(x, t, own)
    least, _ = twin.closest_filters(x.tolist(), t.tolist(), own.tolist())
    assert found.status == Status.OPTIMAL
    assert found.errors.max() == pytest.approx(float(least), rel=1e-12, abs=1e-14)
    rest = t - x[found.chosen].sum(axis=0) - np.where(found.own, own, 0)
    np.testing.assert_allclose(found.errors, np.abs(rest), atol=1e-14)
    # the local search alone: a set with the error that it says, never below the least
    if len(x):
        chosen, error = searched(x, t, own, 5)
        assert error == pytest.approx(
            float(twin.error_of(x.tolist(), t.tolist(), own.tolist(), np.flatnonzero(chosen))), abs=1e-14
        )
        assert error >= float(least) - 1e-14


@FIXED
@given(vector_problems(), st.sampled_from([0.05, 0.5, 1.0, 2.0]))
def test_the_fewest_within_a_tolerance(case: tuple[np.ndarray, np.ndarray, np.ndarray], tolerance: float) -> None:
    x, t, own = case
    found = choose(x, t, own, tolerance)
    fewest = twin.fewest_filters(x.tolist(), t.tolist(), own.tolist(), tolerance)
    if not t.any():
        assert not found.chosen.any()
    elif fewest is None:
        assert found.errors.max() == pytest.approx(choose(x, t, own).errors.max())
    else:
        assert found.errors.max() <= tolerance * (1 + 1e-12)
        assert found.chosen.sum() + found.own.sum() == fewest


def test_the_search_finds_what_enumeration_finds() -> None:
    """Of 40 problems of 18 filters the best of 300 searches is the closest of all in 36 or more, and never far from it."""
    hits = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        d = (3, 9, 40)[seed % 3]
        x = np.abs(rng.normal(size=(18, 1))) * rng.normal(size=(18, d))
        t = rng.normal(size=d) * 2
        exact = choose(x, t)
        assert exact.status == Status.OPTIMAL
        error = searched(x, t, np.zeros(d), 300)[1]
        assert error >= exact.errors.max() * (1 - 1e-12)
        assert error <= exact.errors.max() * 2
        hits += error <= exact.errors.max() * (1 + 1e-9)
    assert hits >= 36


def test_beyond_the_proof() -> None:
    """More candidates than are looked through: a heuristic answer, close to what the first moment expects for few numbers."""
    rng = np.random.default_rng(0)
    for d, n, tolerance in ((2, proven(2) + 8, 1e-3), (20, 60, 3.0)):
        x, t, own = rng.normal(size=(n, d)), 2 * rng.normal(size=d), rng.normal(size=d)
        free = choose(x, t)
        assert free.status == Status.HEURISTIC
        assert free.errors.max() < tolerance
        assert choose(x, t).chosen.tolist() == free.chosen.tolist(), "the same each time"
        few = choose(x, t, None, tolerance)
        assert few.errors.max() <= tolerance
        assert few.chosen.sum() <= free.chosen.sum()
        joint = choose(x, t, own)
        rest = t - x[joint.chosen].sum(axis=0)
        np.testing.assert_allclose(joint.errors, np.minimum(np.abs(rest), np.abs(rest - own)), atol=1e-12)
        assert choose(x, t, own, tolerance).errors.max() <= max(joint.errors.max(), tolerance) * (1 + 1e-12)


def test_no_flip_of_one_or_two_is_better() -> None:
    """What the descent ends in, by trying all of them; what was left over is kept up to rounding."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        n, d = 12, 5
        x, own = rng.normal(size=(n, d)), rng.normal(size=d) * (seed % 2)
        t = rng.normal(size=d)
        chosen = rng.random(n) < 0.5
        rest = t - x[chosen].sum(axis=0)
        error = vector_descent.descend(x, own, chosen, rest)
        np.testing.assert_allclose(rest, t - x[chosen].sum(axis=0), atol=1e-12)

        def off(
            flipped: tuple[int, ...],
            kept: np.ndarray = chosen,
            x: np.ndarray = x,
            t: np.ndarray = t,
            own: np.ndarray = own,
        ) -> float:
            other = kept.copy()
            for i in flipped:
                other[i] = not other[i]
            rest = t - x[other].sum(axis=0)
            return float(np.minimum(np.abs(rest), np.abs(rest - own)).max())

        assert off(()) == pytest.approx(error)
        assert all(off((i, j)) >= error - 1e-12 for i in range(n) for j in range(i))
        assert all(off((i,)) >= error - 1e-12 for i in range(n))
        wide = 1.5 * error
        vector_descent.thin(x, t, own, chosen, wide)
        assert off((), chosen) <= wide
        assert all(off((i,), chosen) > wide for i in np.flatnonzero(chosen).tolist())


def test_the_error_is_that_of_the_first_moment() -> None:
    """Closest sums are about T sqrt(pi e / 2) 2^(-n / d) off, T the root mean square of the target: median of 40,
    fixed seeds."""
    for d, n in ((1, 14), (2, 16), (2, 20)):
        seen = []
        for seed in range(40):
            rng = np.random.default_rng([d, n, seed])
            x = np.abs(rng.normal(size=(n, 1))) * rng.normal(size=(n, d))
            t = rng.normal(size=d)
            size = math.sqrt(float(t @ t) / d)
            scale = 1.2 * size / math.sqrt(float((x * x).sum()) / 4 / d)
            seen.append(scale * choose(x, t / scale).errors.max() / size)
        expected = math.sqrt(math.pi * math.e / 2) * 2 ** (-n / d)
        assert expected / 3 < np.median(seen) < 3 * expected


# --- scales ---------------------------------------------------------------------------------------------------------


def test_the_scale_is_near_the_best() -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x, t = rng.normal(size=(3, 16)), 100 * rng.normal(size=3)
        problem = Problems(0, 1.0, np.arange(3), np.zeros(3, np.int64), x, np.ones(x.shape), t)
        predicted = Predicted.of([problem])
        scale = tried_scale([problem], predicted.scale)
        assert predicted.worst(5) == [0]

        def error(s: float, x: np.ndarray = x, t: np.ndarray = t) -> float:
            return s * float(choose(np.ascontiguousarray(x.T), t / s).errors.max())

        grid = np.geomspace(scale / 10, scale * 10, 30)
        assert error(scale) <= 1.5 * float(np.median([error(s) for s in grid if 0.7 < s / scale < 1.5]))
        assert error(scale) < 0.6 * min(error(scale / 8), error(scale * 30))
