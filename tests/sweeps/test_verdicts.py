"""A sufficient bound lies above what was measured, a necessary one below, and the interval decides."""

from __future__ import annotations

import math

import pytest

from slth.sweeps.findings.verdicts import Verdict, summary, table


@pytest.mark.parametrize(
    ("bound", "says", "near", "holds"),
    [
        ("rss_n_explicit", 70, 1, True), ("rss_n_explicit", 9.5, 1, True), ("rss_n_explicit", 8.5, 1, False),
        ("rss_n_counting", 3, 1, True), ("rss_n_counting", 10.5, 1, True), ("rss_n_counting", 11.5, 1, False),
        ("rfss_expected", 10.5, 1, True), ("rfss_expected", 11.5, 1, False), ("rfss_expected", 8.9, 1, False),
        ("rss_cover_prob", 21, 2, True), ("rss_cover_prob", 23, 2, False), ("rss_cover_prob", 4.4, 2, False),
    ],
)  # fmt: skip
def test_holds(bound: str, says: float, near: float, holds: bool) -> None:
    verdict = Verdict(bound, "samples", says, 10, 9, 11, near)
    assert verdict.holds == holds
    assert verdict.factor == says / 10


def test_nothing_measured_is_no_violation() -> None:
    assert Verdict("rss_failure_explicit", "failure", 1e-9, 0.0, 0.0, 1e-6).holds
    assert Verdict("rss_failure_explicit", "failure", 1e-9, 0.0, 0.0, 1e-6).factor == math.inf
    assert not Verdict("rss_failure_explicit", "failure", 1e-9, 1e-7, 1e-8, 1e-6).holds


def test_summary_counts_what_holds() -> None:
    some = [Verdict("rss_n_explicit", "n", says, 10, 9, 11) for says in (8, 20, 40)]
    found = summary([*some, Verdict("rss_n_counting", "n", 5, 10, 9, 11)])
    assert found.rows[0] == ("rss_n_explicit", "sufficient: above", 3, 2, 0.8, 2, 4)
    assert found.rows[1][:4] == ("rss_n_counting", "necessary: below", 1, 1)
    assert table(some).column("holds") == ["NO", "yes", "yes"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody", "n", 1, 1, 1, 1), "no bound 'nobody'"),
        (("sum_bounded_constants", "n", 1, 1, 1, 1), "is two-sided"),
        (("rss_n_explicit", "n", math.nan, 1, 1, 1), "leave out what is not known"),
        (("rss_n_explicit", "n", 1, 3, 1, 2), "an interval around the value"),
        (("rss_cover_prob", "n", 1, 1, 1, 1, 0.5), "factor of at least 1"),
    ],
)
def test_misuse(arguments: tuple[str, str, float, float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Verdict(*arguments)
