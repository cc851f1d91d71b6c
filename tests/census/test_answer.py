"""What a census says of itself."""

from __future__ import annotations

import dataclasses
import doctest
import math

import numpy as np
import pytest

import slth
from slth.census import Scope, of_construction, ticket_distances
from slth.census.answer import exact_census
from slth.census.parameters import Parameters
from tests.census.exact_cases import network

FOUND = exact_census(np.array([0, 0, 3, 5, 1, 0], np.uint64), np.arange(6), 5, 0.25, "walk")
NONE = exact_census(np.zeros(6, np.uint64), np.arange(6), 5, 0.25, "walk")


def test_numbers() -> None:
    assert (FOUND.total, FOUND.mode, FOUND.smallest) == (9, 3, 2)
    assert FOUND.at_most(1) == -math.inf
    assert FOUND.at_most(3) == pytest.approx(3.0)
    assert FOUND.at_most(99) == FOUND.log2_total
    assert FOUND.log2_all == pytest.approx(np.log2([1, 5, 10, 10, 5, 1]))
    assert FOUND.log2_share[3] == pytest.approx(-1.0)


def test_none_at_all() -> None:
    assert (NONE.total, NONE.mode, NONE.smallest) == (0, None, None)
    assert NONE.at_most(5) == -math.inf
    assert repr(NONE) == "Census(none, epsilon=0.25, EXACT, method='walk')"
    assert NONE.standing(3).share == 0.0
    assert NONE.table().rows == ()


def test_repr_and_table() -> None:
    assert repr(FOUND) == "Census(9 of 2^5, sizes from 2, most at 3, epsilon=0.25, EXACT, method='walk')"
    table = FOUND.table()
    assert table.columns == ("size", "density", "log2 number", "log2 all", "log2 share")
    assert [row[0] for row in table.rows] == [2, 3, 4]
    assert table.rows[1] == (3, 0.6, 2.322, 3.322, -1.0)
    assert "<table" in FOUND._repr_html_()
    part = dataclasses.replace(FOUND, scope=Scope.CONSTRUCTION)
    assert "construction only" in repr(part)
    assert any("lower bound on all masks" in note for note in part.table().notes)


def test_a_long_table_keeps_its_ends_and_its_mode() -> None:
    numbers = np.array([math.comb(40, s) for s in range(41)], np.uint64)
    rows = exact_census(numbers, np.arange(41), 40, math.inf, "walk").table(5).rows
    assert [row[0] for row in rows] == [0, 10, 20, 30, 40]


def test_sampled_ones_show_bounds_and_warnings() -> None:
    source = network([2, 12, 1], 1)
    x = np.random.default_rng(0).uniform(-1, 1, (4, 2))
    found = slth.count_subnetworks(
        source,
        network([2, 1], 2),
        0.3,
        inputs=x,
        method="splitting",
        sizes=[4, 30],
        effort=0.1,
        rng=0,
        confidence=0.999,
    )
    assert "99.9% intervals" in repr(found)
    assert found.table().columns[3:5] == ("lower", "upper")
    assert set(map(str, found.diagnostics["warnings"])) <= set(found.table().notes)


def test_standing() -> None:
    here = FOUND.standing(3)
    assert (here.size, here.log2_number) == (3, pytest.approx(math.log2(5)))
    assert here.log2_at_most == pytest.approx(3.0)
    assert here.share == pytest.approx(8 / 9)
    assert FOUND.standing(0).share == 0.0
    assert FOUND.standing(np.int64(5)).share == 1.0
    for bad, error in (
        (6, ValueError),
        (-1, ValueError),
        (True, TypeError),
        ("x", TypeError),
        (None, TypeError),
        (2.0, TypeError),
    ):
        with pytest.raises(error, match="size"):
            FOUND.standing(bad)


def test_standing_of_a_pruned_network() -> None:
    source = network([1, 2, 1], 0)
    found = slth.count_subnetworks(source, network([1, 1], 1), math.inf, inputs=[[0.5]])
    mask = np.arange(Parameters(source).count) % 2 == 0
    assert found.standing(Parameters(source).pruned(mask)).size == mask.sum()


def test_masks_of_a_size() -> None:
    source = network([1, 2, 1], 3)
    found = slth.count_subnetworks(source, network([1, 1], 1), 0.5, inputs=[[0.5], [-1.0]], masks=True)
    assert found.masks is not None
    rows = [found.masks_of(size) for size in range(found.parameters + 1)]
    assert [len(row) for row in rows] == found.by_size.tolist()
    assert np.array_equal(np.concatenate(rows), found.masks)
    for size, row in enumerate(rows):
        assert (np.unpackbits(row, axis=1).sum(axis=1) == size).all()
    assert len(found.masks_of(99)) == 0
    with pytest.raises(ValueError, match="masks=True"):
        FOUND.masks_of(2)


def test_the_solvers_ticket_is_on_the_curve_of_its_construction() -> None:
    """With a certified error within epsilon by its worst weight, it is one of those counted."""
    target = slth.Network.read([([[0.5, -0.25], [0.3, 0.1]], None)])
    ticket = slth.approximate(target, 20, rng=1)
    found = of_construction(target, 20, 0.4, rng=1)
    here = found.standing(ticket)
    assert here.log2_number >= 0.0
    assert here.size == found.diagnostics["always_kept"] + ticket.kept_by_layer[1]
    assert found.standing(here.size) == here


def test_ticket_distances() -> None:
    target = slth.Network.read([([[0.5, -0.25]], None)])
    tickets = [slth.approximate(target, 12, rng=seed) for seed in (0, 1, 0)]
    found = ticket_distances(tickets)
    assert np.array_equal(found, found.T)
    assert found[0, 2] == 0
    apart = sum(int((tickets[0].weight_mask(i) != tickets[1].weight_mask(i)).sum()) for i in (0, 1))
    biases = zip(tickets[0].masks.biases, tickets[1].masks.biases, strict=True)
    assert found[0, 1] == apart + sum(int((a != b).sum()) for a, b in biases if a is not None and b is not None)
    with pytest.raises(ValueError, match="at least one"):
        ticket_distances([])
    with pytest.raises(ValueError, match="one shape"):
        ticket_distances([tickets[0], slth.approximate(target, 14, rng=0)])
    with pytest.raises(TypeError, match="Tickets"):
        ticket_distances([target])  # type: ignore[list-item]


def test_the_example_of_the_module() -> None:
    assert doctest.testmod(slth.census).failed == 0
