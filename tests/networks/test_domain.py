"""Boxes and balls: what they hold, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slth.networks import Ball, Box, read_domain


def test_the_default_is_the_unit_box() -> None:
    box = read_domain(None, 3)
    assert isinstance(box, Box)
    assert box.d == 3
    assert np.array_equal(box.lower, -np.ones(3))
    assert np.array_equal(box.upper, np.ones(3))


def test_pairs() -> None:
    for pair in ((0, 1), [0, 1], (np.float32(0), True), ([0, 0], 1), (0, np.ones(2)), ((0, 0), (1, 1))):
        box = read_domain(pair, 2)
        assert box.lower.tolist() == [0, 0]
        assert box.upper.tolist() == [1, 1]
        assert box.lower.dtype == box.upper.dtype == np.float64
    point = read_domain((0.5, 0.5), 2)
    assert np.array_equal(point.lower, point.upper)


def test_domains_are_returned_as_they_are() -> None:
    for domain in (Ball(2, 3.0), Box(np.zeros(2), np.ones(2))):
        assert read_domain(domain, 2) is domain


def test_a_box_owns_its_bounds() -> None:
    """A frozen box does not follow the arrays it was made from, and its own cannot be written."""
    low, high = np.zeros(2), np.ones(2)
    for box in (Box(low, high), read_domain((low, high), 2)):
        high[:] = 7
        assert box.upper.tolist() == [1, 1]
        high[:] = 1
        with pytest.raises(ValueError, match="read-only"):
            box.upper[0] = 9


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Box(np.ones(2), np.zeros(2)), ValueError, "lower <= upper"),
        (lambda: Box(np.zeros(2), np.ones(3)), ValueError, "length"),
        (lambda: Box(np.zeros(0), np.zeros(0)), ValueError, "domain"),
        (lambda: Box(np.zeros((1, 1)), np.ones((1, 1))), ValueError, "dimension"),
        (lambda: Box(np.array([np.nan]), np.ones(1)), ValueError, "finite"),
        (lambda: Box(np.array([0]), np.array([np.inf])), ValueError, "finite"),
        (lambda: Ball(0), ValueError, "dimension"),
        (lambda: Ball(2.5), TypeError, "dimension"),
        (lambda: Ball(True), TypeError, "dimension"),
        (lambda: Ball(2, 0), ValueError, "radius"),
        (lambda: Ball(2, -1), ValueError, "radius"),
        (lambda: Ball(2, np.inf), ValueError, "radius"),
        (lambda: Ball(2, "wide"), TypeError, "radius"),
        (lambda: read_domain((1, 0), 2), ValueError, "lower <= upper"),
        (lambda: read_domain(((0, 0, 0), 1), 2), ValueError, "length"),
        (lambda: read_domain(Ball(3), 2), ValueError, "dimension"),
        (lambda: read_domain((np.zeros((2, 2)), 1), 2), ValueError, "dimension"),
        (lambda: read_domain("01", 2), TypeError, "domain"),
        (lambda: read_domain(1.0, 2), TypeError, "domain"),
        (lambda: read_domain((0, 1, 2), 2), TypeError, "domain"),
        (lambda: read_domain((None, 1), 2), TypeError, "domain"),
        (lambda: read_domain({0: 1, 1: 2}, 2), TypeError, "domain"),
    ],
)
def test_refused(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_samples_lie_inside() -> None:
    rng = np.random.default_rng(0)
    box = Box(np.array([-1.0, 5.0]), np.array([2.0, 5.0]))
    x = box.sample(rng, 1000)
    assert x.shape == (1000, 2)
    assert ((x >= box.lower) & (x <= box.upper)).all()
    ball = Ball(3, 2.0)
    y = ball.sample(rng, 1000)
    assert y.shape == (1000, 3)
    assert (np.linalg.norm(y, axis=1) <= 2.0 * (1 + 1e-15)).all()
    assert np.array_equal(ball.lower, [-2, -2, -2])
    assert np.array_equal(ball.upper, [2, 2, 2])


def test_samples_are_uniform() -> None:
    """Share of points in the half-size box or ball: 2^-d of the volume, binomial with n = 4000; 6 sigma, false alarm 4e-9 in all."""
    rng = np.random.default_rng(1)
    for domain in (Box(np.zeros(2), np.ones(2)), Ball(2, 1.0)):
        x = domain.sample(rng, 4000)
        inside = np.linalg.norm(x, axis=1) <= 0.5 if isinstance(domain, Ball) else (x <= 0.5).all(axis=1)
        assert abs(inside.mean() - 0.25) < 6 * np.sqrt(0.25 * 0.75 / 4000)


def test_repr() -> None:
    assert repr(Box(-np.ones(64), np.ones(64))) == "Box([-1, 1]^64)"
    assert repr(Box(np.array([0.0, -1.0]), np.array([1.0, 3.0]))) == "Box(d=2, from -1 to 3)"
    assert repr(Ball(3, 2.5)) == "Ball(d=3, radius=2.5)"
