"""The stored results are what the programs give, the tables and figures are drawn from them, and they say what the papers' theory says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from slth import plots, subset_sum
from tests.benchmarks.papers import attention, lenet5
from tests.benchmarks.papers.stored import load, rounded


@pytest.mark.slow
def test_lenet5_again_bit_for_bit() -> None:
    stored, again = load("lenet5"), lenet5.measured(quick=True)
    assert again["theirs"] == [row for row in stored["theirs"] if row["n"] <= 15 and row["seed"] < 2]
    assert again["ours"] == [row for row in stored["ours"] if row["width"] == 10 and row["seed"] < 1]
    assert "| 15 | 0.018 |" in lenet5.table(again)


def test_lenet5_beside_the_published_errors() -> None:
    """Within a factor of two of the range of the ten draws up to n = 25; at n = 30 theirs stop at the tolerance of the solver."""
    rows = load("lenet5")["theirs"]
    for n, (relative, mean) in lenet5.PUBLISHED.items():
        means = [row["mean"] for row in rows if row["n"] == n]
        largest = [row["largest_relative"] for row in rows if row["n"] == n]
        assert len(means) == 10
        if n < 30:
            assert 0.5 * min(means) < mean < 2 * max(means)
            assert 0.5 * min(largest) < relative < 2 * max(largest)
        else:
            assert max(means) < 0.2 * mean


def test_lenet5_errors_are_those_of_the_closest_subset() -> None:
    """Five candidates: brute force over the 32 subsets."""
    w = lenet5.weights("lenet5_target")["conv1_weight"].ravel()
    x = np.random.default_rng([0, 5]).uniform(-1, 1, (w.size, 5))
    every = x @ ((np.arange(32)[:, None] >> np.arange(5)) & 1).T
    wanted = np.abs(every - w[:, None]).min(axis=1)
    assert np.allclose(subset_sum.solve(x, w).error, wanted, rtol=0, atol=1e-15)
    row = lenet5.theirs(5, 0)
    assert row["relative"]["conv1_weight"] == pytest.approx(wanted.max() / np.abs(w).max())


def test_lenet5_certificates() -> None:
    for row in load("lenet5")["ours"]:
        assert 0 < row["error_found"] <= row["error_bound"]


def test_attention_again_bit_for_bit() -> None:
    stored, again = load("attention"), attention.measured(quick=True)
    for row, whole in zip(again["sources"], stored["sources"][:4], strict=True):
        assert row["n_k"] == whole["n_k"]
        assert (row["errors"], row["bounds"]) == (whole["errors"][:3], whole["bounds"][:3])
    assert again["length_bounds"] == stored["length_bounds"][:2]
    for row, whole in zip(again["lengths"], stored["lengths"], strict=False):
        assert (row["length"], row["errors"]) == (whole["length"], whole["errors"][:2])
    assert "counting allows" in attention.table(again)


def test_attention_falls_as_fast_as_counting_allows_and_knows_no_length() -> None:
    stored = load("attention")
    fit = attention.fitted(stored["sources"])
    assert rounded(fit)["B"] == pytest.approx(stored["fit"]["B"], rel=1e-4)  # of rounded errors
    low, high = fit["B_interval"]
    assert 0.32 < low < fit["B"] < high < np.log(2) / 2
    assert low > 3 * attention.PUBLISHED["B"]
    for row in stored["sources"]:
        assert len(row["errors"]) == 100
        assert (np.array(row["errors"]) <= row["bounds"]).all()
    shares = np.array([row["errors"] for row in stored["lengths"]]) / stored["length_bounds"]
    assert [row["length"] for row in stored["lengths"]] == list(attention.LENGTHS)
    assert shares.max() <= 1
    assert shares[-1].max() <= 1.1 * shares[-4].max(), "errors grow with the length"


def test_the_fit_finds_what_it_is_given() -> None:
    rng = np.random.default_rng(0)
    rows = [{"n_k": n_k, "errors": 2.0 * np.exp(-0.1 * n_k + 0.3 * rng.standard_normal(50))} for n_k in attention.N_KS]
    fit = attention.fitted(rows, draws=200)
    assert fit["B"] == pytest.approx(0.1, abs=0.005)
    assert fit["B_interval"][0] < 0.1 < fit["B_interval"][1]
    assert fit["A_interval"][0] < 2.0 < fit["A_interval"][1]


def test_long_sequences_in_blocks_are_the_attention() -> None:
    network = attention.target()
    x = attention.sequences(np.random.default_rng(0), 1, 700)
    assert np.allclose(attention.long_output(network, x[0]), network(x)[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["errors_against_samples", "attention_errors", "errors_against_length"])
def test_figures(name: str) -> None:
    ax = Figure().subplots()
    more: tuple[Any, ...] = (lenet5.PUBLISHED,) if name == "errors_against_samples" else ()
    getattr(plots, name)(load("lenet5" if more else "attention"), *more, ax=ax)
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert len(ax.collections) >= 1  # what is shaded
    assert ax.get_legend() is not None
