"""What the theorem promises beside what is certified: scaled to the target, silent where it does not speak."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import slth
from slth import bounds
from slth.certificate.theorem import spectral_norm
from slth.networks import Ball, Dense

ONE = slth.Network.read([(np.array([[0.6], [0.8]]), None), (np.array([[1.0, 0.0]]), None)])
WIDTH = 1900


@pytest.fixture(scope="module")
def ticket() -> slth.Ticket:
    return slth.approximate(ONE, WIDTH, domain=Ball(1), rng=0)


def test_within_the_hypotheses_it_is_the_bound(ticket: slth.Ticket) -> None:
    for delta in (0.01, 0.5, 1e-6):
        promised = bounds.pensia_error_explicit([1, 2, 1], WIDTH, delta)
        assert ticket.theorem_bound(delta) == pytest.approx(promised, rel=1e-12)
        assert ticket.theorem_bound(delta) >= promised
    assert ticket.theorem_bound() == ticket.theorem_bound(0.01)
    # the closest of 2^44 subsets of the best candidates is closer than what is proven of any
    assert ticket.error_bound <= ticket.theorem_bound()


def test_scaled_by_norms_and_radius(ticket: slth.Ticket) -> None:
    """f of norms 3 and 2 on a ball of radius 5 is 30 f'(x / 5)."""
    larger = slth.Network.read([(3 * np.array([[0.6], [0.8]]), None), (2 * np.array([[1.0, 0.0]]), None)])
    found = slth.approximate(larger, WIDTH, domain=Ball(1, 5.0), rng=0)
    assert found.theorem_bound() == pytest.approx(30 * ticket.theorem_bound(), rel=1e-12)
    scaled = slth.Network(
        (Dense(ONE.layers[0].weight, None, "relu", 3.0), Dense(ONE.layers[1].weight, None, "identity", 2.0))
    )
    boxed = slth.approximate(scaled, WIDTH, domain=(-5, 2), rng=0)
    assert boxed.theorem_bound() == pytest.approx(30 * ticket.theorem_bound(), rel=1e-12)


def test_networks_too_narrow_are_promised_nothing() -> None:
    narrow = slth.approximate(ONE, 42, rng=0)
    assert narrow.theorem_bound() == math.inf
    mixed = slth.approximate(ONE, (WIDTH, 42), rng=0)
    assert mixed.theorem_bound() == math.inf


def test_the_theorem_does_not_speak_of_all_tickets() -> None:
    weights = [layer.weight for layer in ONE.layers]
    tickets = [
        slth.approximate(ONE, 60, construction="malach", rng=0),
        slth.approximate(ONE, 40, law="normal", rng=0),
        slth.approximate(ONE, 40, law="sparse(0.5)", rng=0),
        slth.approximate([(weights[0], [0.1, 0.2]), (weights[1], None)], 40, rng=0),
        slth.approximate(
            slth.Network((Dense(weights[0], None, "identity"), Dense(weights[1], None, "identity"))), 40, rng=0
        ),
        slth.approximate(slth.Network((Dense(weights[0], None, "relu"), Dense(weights[1], None, "relu"))), 40, rng=0),
    ]
    assert all(math.isnan(ticket.theorem_bound()) for ticket in tickets)


def test_misuse(ticket: slth.Ticket, tmp_path: Path) -> None:
    for delta in (0, 1, -0.1, math.nan):
        with pytest.raises(ValueError, match="delta must lie"):
            ticket.theorem_bound(delta)
    narrow = slth.approximate(ONE, 20, rng=0)
    narrow.save(tmp_path / "t.npz")
    loaded = slth.load(tmp_path / "t.npz")
    with pytest.raises(ValueError, match=r"ticket\.verify"):
        loaded.theorem_bound()
    assert loaded.verify(ONE).theorem_bound() == math.inf


def test_column_of_the_comparison() -> None:
    compared = slth.compare(
        ONE, [("two-layer", 42), ("two-layer", WIDTH), ("malach", 60), ("fixed-size(90)", 20)], rng=0
    )
    assert compared.rows[0].theorem == math.inf
    assert 0 < compared.rows[1].theorem < 1
    assert math.isnan(compared.rows[2].theorem)
    assert math.isnan(compared.rows[3].theorem)
    head, *rows = [line.split() for line in str(compared).splitlines()[1:4]]
    assert head[:5] == ["construction", "width", "error", "bound", "theorem"]
    assert rows[0][3] == "inf"


@settings(derandomize=True, database=None, deadline=None, max_examples=200)
@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-1e3, 1e3, width=32)))
def test_spectral_norm_is_above_and_close(matrix: np.ndarray) -> None:
    """Against the length of the image of the best unit vector known, and of the exact Gram matrix of integers."""
    found = spectral_norm(matrix)
    _, s, v = np.linalg.svd(matrix)
    assert np.linalg.norm(matrix @ v[0]) <= found
    assert found <= s[0] * (1 + 1e-12) + 1e-280


def test_spectral_norm_of_known_matrices() -> None:
    for d in (1, 3, 50, 300):
        assert d <= spectral_norm(np.ones((d, d))) <= d * (1 + 1e-9)
        assert 2 <= spectral_norm(2 * np.eye(d)) <= 2 * (1 + 1e-9)
    assert 0 <= spectral_norm(np.zeros((3, 2))) < 1e-280
