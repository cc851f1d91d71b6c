"""Stopping rules: where they stop, what they estimate, and that stopping does not spoil it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from slth.sweeps import Collected, HalfWidth, Stop, Successes, Tally, Trials
from slth.sweeps.estimates import unbiased_rates
from slth.sweeps.stopping import RULES, stop_from_json
from slth.sweeps.task import Point
from tests.reference import stopped
from tests.sweeps.fake import Coins
from tests.sweeps.twin import collected

RULES_IN_USE = [
    Trials(95),
    Trials(95, "jeffreys"),
    HalfWidth(0.1),
    HalfWidth(0.1, 0.8, most=50),
    Successes(7),
    Successes(7, most=40),
    Successes(30, of="failures"),
]


@dataclass(frozen=True)
class Uncounted(Coins):
    """Measures, and counts no successes."""

    kind: ClassVar[str] = "test-uncounted"

    @property
    def points(self) -> tuple[Point, ...]:
        return ()

    def successes(self, tally: Tally) -> tuple[int, ...]:
        return ()


@pytest.mark.parametrize("stop", RULES_IN_USE, ids=str)
def test_a_rule_stops_at_the_first_block_that_meets_it(stop: Stop) -> None:
    task = Coins(heads=(0.2, 0.6))
    found = collected(task, stop, seed=3)
    before = Tally()
    for block in range(found.blocks - 1):
        before = before + task.block(3, block)
        assert not stop.met(task, before)
    assert stop.met(task, found.tally)
    most = stop.wanted(task)
    assert most is None or found.blocks <= most


@pytest.mark.parametrize("stop", RULES_IN_USE, ids=str)
def test_a_rule_comes_back_from_its_text(stop: Stop) -> None:
    assert stop_from_json(stop.to_json()) == stop
    given = tomllib.loads(f"stop = {stop}")["stop"]
    assert RULES[next(name for name in RULES if name in given)](**given) == stop


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"stop":"never"}', '{"stop":"trials"}', '{"stop":"trials","trials":-1}']
)
def test_other_text_is_no_rule(text: str) -> None:
    with pytest.raises(ValueError, match="not a stopping rule"):
        stop_from_json(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Trials(-5), "trials must be >= 1, got -5"),
        (lambda: Trials(5, "wald"), "unknown interval 'wald'; choose one of 'clopper-pearson', 'jeffreys'"),
        (lambda: HalfWidth(0), "half_width must be > 0"),
        (lambda: HalfWidth(0.5), r"half_width must be in \(0, 1/2\), got 0.5"),
        (lambda: HalfWidth(0.1, 1), r"confidence must be in \(0, 1\)"),
        (lambda: HalfWidth(0.1, most=0), "most must be >= 1"),
        (lambda: Successes(1), "after the first success there is no unbiased estimate"),
        (lambda: Successes(10, of="heads"), "unknown of 'heads'"),
        (lambda: Successes(10, most=-1), "most must be >= 1"),
        (lambda: Successes(10).wanted(Uncounted()), "has none; stop after a number of trials"),
        (lambda: HalfWidth(0.1).wanted(Uncounted()), "has none"),
        (
            lambda: Trials(10).intervals(Coins(), Tally(), None, 95),
            r"confidence must be in \(0, 1\), such as 0.95, got 95",
        ),
    ],
)
def test_misuse(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


def test_trials_are_whole_blocks() -> None:
    assert Trials(95).wanted(Coins()) == 10
    (row,) = collected(Coins(), Trials(95)).rows()
    assert row.trials == 100
    assert row.rate == row.successes / 100
    assert row.method == "clopper-pearson"
    assert Trials(95).intervals(Uncounted(), Tally(10), None) == ()


def test_a_half_width_is_kept() -> None:
    for row in collected(Coins(heads=(0.02, 0.5)), HalfWidth(0.06, 0.9)).rows(0.9):
        assert row.upper - row.lower <= 0.12
        assert row.method == "any time"


def test_before_the_first_block_nothing_is_known() -> None:
    for stop in RULES_IN_USE:
        (row,) = Collected(Coins(), 0, stop).rows()
        assert np.isnan(row.rate)
        assert (row.lower, row.upper, row.trials) == (0, 1, 0)


def test_the_mean_over_the_place_of_the_last_success() -> None:
    for before, within in [(0, 4), (2, 1), (2, 5), (1, 2)]:
        found = unbiased_rates((before,), (within,), 12, 6, 3)
        assert found == pytest.approx((stopped.first_place_mean(before, within, 12, 6, 3),), abs=1e-14)


@pytest.mark.parametrize("limit", [3, 10])
def test_rates_are_unbiased_for_all_nested_points_and_plain_ones_are_not(limit: int) -> None:
    block, wanted, shares = 4, 3, (0.3, 0.25)  # the rare point, and what succeeds only at the other
    means, plain, total = np.zeros(2), np.zeros(2), 0.0
    for blocks, before, within, probability in stopped.outcomes(shares, block, wanted, limit):
        nested = [(counts[0], counts[0] + counts[1]) for counts in (before, within)]
        found = unbiased_rates(*nested, (blocks - 1) * block, block, wanted)
        assert found is not None
        means += probability * np.array(found)
        plain += probability * np.add(*nested) / (blocks * block)
        total += probability
    assert total == pytest.approx(1, abs=1e-9)
    assert means == pytest.approx([0.3, 0.55], abs=1e-9)
    assert plain[0] > 0.3 * 1.1  # the negative control
    assert plain[1] > 0.55 * 1.02


def test_points_that_are_not_nested_are_told() -> None:
    assert unbiased_rates((2, 3), (3, 0), 10, 5, 3) is None


def test_successes_and_failures_mirror_each_other() -> None:
    task = Coins(heads=(0.3,))
    total, last = Tally(30, {"heads": (9,)}), Tally(10, {"heads": (4,)})
    mirrored = Tally(30, {"heads": (21,)}), Tally(10, {"heads": (6,)})
    (one,) = Successes(7).intervals(task, total, last)
    (other,) = Successes(7, of="failures").intervals(task, *mirrored)
    assert (other.rate, other.lower, other.upper) == pytest.approx((1 - one.rate, 1 - one.upper, 1 - one.lower))
    assert (one.successes, other.successes) == (9, 21)
    assert one.rate < 9 / 30


@pytest.mark.parametrize("heads", [(0.1,), (0.05, 0.1, 0.5)])
def test_coverage_and_bias_of_sweeps(heads: tuple[float, ...]) -> None:
    # each interval misses with probability at most 0.1, so that more than 29 of 160 do with probability at most 6e-4 a point; the mean of
    # 160 unbiased rates of deviation sd is beyond 4 sd / sqrt(160) with probability 6e-5
    task = Coins(trials_a_block=10, heads=heads)
    rows = [collected(task, Successes(6), seed).rows(0.9) for seed in range(160)]
    for place, p in enumerate(heads):
        each = [row[place] for row in rows]
        assert sum(not e.lower <= p <= e.upper for e in each) <= 29
        rates = np.array([e.rate for e in each])
        assert abs(rates.mean() - p) <= 4 * rates.std() / 160**0.5
    naive = np.array([row[0].successes / row[0].trials for row in rows])
    assert naive.mean() - heads[0] > 2 * naive.std() / 160**0.5  # plain shares are found out


def test_an_answer_reads_well() -> None:
    found = collected(Coins(heads=(0.2, 0.6)), Trials(40))
    assert repr(found).startswith("Collected(test-coins ")
    assert repr(found).endswith("40 trials in 4 blocks, finished)")
    assert "stop { trials = 40" in str(found)
    assert found.table().column("heads") == [0.2, 0.6]
    assert "<table>" in found._repr_html_()
    failed = Collected(Coins(), 0, Trials(40), errors=((3, "Traceback ...\nArithmeticError: edge\n"),))
    assert "block 3 failed: ArithmeticError: edge" in str(failed)
    assert "not finished" in str(failed)
    (row,) = collected(Coins(), Trials(40)).rows()
    assert str(row).startswith("heads=0.5: ")
    assert row.complement.complement.upper == pytest.approx(row.upper)
    assert row.complement.successes == row.failures
