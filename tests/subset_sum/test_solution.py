"""What a solution shows of itself."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from slth.subset_sum import Solution, Status, solve


def solution(statuses: list[int]) -> Solution:
    m = len(statuses)
    return Solution(
        mask=np.arange(m, dtype=np.uint64),
        sum=np.linspace(0, 1, m),
        error=np.linspace(0, 0.2, m),
        size=np.arange(m, dtype=np.int64),
        status=np.array(statuses, np.uint8),
        n=7,
    )


def test_repr_of_one() -> None:
    assert repr(solve([0.5, -0.3, 0.9, 0.25], 0.44)) == "Solution(chosen=[0, 1, 3], sum=0.45, error=0.01, OPTIMAL)"
    assert repr(solve([1.0], -4.0)) == "Solution(chosen=[], sum=0.0, error=4, OPTIMAL)"
    missed = solve([1.0], 0.5, objective="smallest", epsilon=0.1)
    assert repr(missed) == "Solution(chosen=[], sum=0.0, error=0.5, NOT_FOUND)"


def test_repr_of_many_is_one_line_of_statistics() -> None:
    text = repr(solution([0] * 3 + [2] * 2))
    assert text == (
        "Solution(instances=5, samples=7, largest error=0.2, median error=0.1, mean size=2, "
        "status=OPTIMAL x3, NOT_FOUND x2)"
    )
    assert "OPTIMAL x1,234" in repr(solution([0] * 1234))


def test_repr_of_huge_errors_does_not_overflow() -> None:
    assert "median error=1.7e+308" in repr(solve([[1.0], [1.0]], [1.7e308, 1.7e308]))


def test_html_is_a_table_of_the_same() -> None:
    for shown in (solution([0, 3]), solve([1.0, 2.0], 2.5)):
        html = shown._repr_html_()
        assert html.startswith("<table>")
        assert html.endswith("</table>")
        assert re.findall("<th>(.*?)</th>", html) == [
            "instances",
            "samples",
            "largest error",
            "median error",
            "mean size",
            "status",
        ]
        assert len(re.findall("<td>[^<]+</td>", html)) == 6
    assert "<td>OPTIMAL x1, HEURISTIC x1</td>" in solution([0, 3])._repr_html_()


def test_chosen_unpacks_the_masks() -> None:
    assert solution([0] * 4).chosen.tolist() == [[bool(m >> i & 1) for i in range(7)] for m in range(4)]
    single = solve(np.ones(44) * 2.0 ** np.arange(44), 2.0**43 + 5)
    assert single.chosen.dtype == np.bool_
    assert np.flatnonzero(single.chosen).tolist() == [0, 2, 43]


def test_the_sum_is_that_of_the_chosen() -> None:
    rng = np.random.default_rng(0)
    samples, goals = rng.integers(-9, 9, (3, 1, 8)).astype(float), rng.integers(-9, 9, 5)
    found = solve(samples, goals)
    np.testing.assert_array_equal(found.sum, np.where(found.chosen, samples, 0).sum(axis=-1))
    np.testing.assert_array_equal(found.size, found.chosen.sum(axis=-1))
    np.testing.assert_array_equal(found.error, np.abs(found.sum - goals))


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        solve([1.0], 1.0).mask = np.uint64(0)  # type: ignore[misc, assignment]


@pytest.mark.parametrize("status", Status)
def test_every_status_says_what_it_means(status: Status) -> None:
    assert status.message == Status(int(status)).message
    assert len(status.message) > 20


def test_a_proof_is_claimed_only_where_there_is_one() -> None:
    assert {s for s in Status if s.message.startswith("proven")} == {Status.OPTIMAL, Status.NOT_FOUND}
    assert "nothing is proven" in Status.HEURISTIC.message
    assert "larger epsilon" in Status.NOT_FOUND.message  # the remedy
