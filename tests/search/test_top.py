"""Thresholds that follow scores step by step against a sort."""

import numpy as np
import pytest

from slth.search.top import Threshold, largest, top


@pytest.mark.parametrize("keep", [1, 7, 500, 999, 1000])
def test_follows_scores_that_move(keep: int) -> None:
    random = np.random.default_rng(keep)
    scores = random.normal(size=1000).astype(np.float32)
    follower = Threshold(1000)
    for step in range(60):
        # mostly small moves, now and then a leap
        scores += random.normal(size=1000).astype(np.float32) * np.float32(0.3 if step % 20 == 19 else 0.001)
        assert follower.of(scores, keep) == np.sort(np.abs(scores))[1000 - keep]


def test_none_kept_has_an_infinite_threshold() -> None:
    assert Threshold(5).of(np.ones(5, np.float32), 0) == np.inf


def test_scores_all_zero() -> None:
    follower = Threshold(5)
    for _ in range(3):
        assert follower.of(np.zeros(5, np.float32), 2) == 0


def test_exactly_as_many_as_asked_for_the_first_of_ties() -> None:
    values = np.array([1, -2, 2, 1, -1, 2], np.float32)
    assert largest(values, 2).tolist() == [False, True, True, False, False, False]
    assert largest(values, 4).tolist() == [True, True, True, False, False, True]
    assert sorted(top(values, 3).tolist()) == [0, 2, 5]
    assert not largest(values, 0).any()
    assert largest(values, 6).all()
