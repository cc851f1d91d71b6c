"""Constructions side by side: every row is what `approximate` gives, failures say why, table and figure show them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
from slth import plots
from slth.compared import Comparison

TARGET = slth.Network.read(
    [(np.array([[0.4, -0.7, 0.2], [0.1, 0.9, -0.3]]), [0.1, -0.2]), (np.array([[0.5, -0.6]]), [0.3])]
)
ASKED = {"two-layer": 40, "fixed-size(4)": (40, 44), "malach": 500, "fixed-size(30)": 20}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return slth.compare(TARGET, ASKED, rng=0)


def test_rows_are_what_approximate_gives(comparison: Comparison) -> None:
    assert [row.construction for row in comparison.rows] == list(ASKED)
    for row, (name, width) in zip(comparison.rows[:3], ASKED.items(), strict=False):
        ticket = slth.approximate(TARGET, width, construction=name, rng=0)
        assert (row.error_bound, row.weight_error, row.kept, row.size) == (
            ticket.error_bound, ticket.weight_error, ticket.kept, ticket.size,
        )  # fmt: skip
        assert 0 < row.error_seen <= row.error_found <= row.error_bound
        assert row.error_found == max(row.error_seen, ticket.attack(steps=20, rng=0).error)
        assert row.ratio == row.error_bound / row.error_found
        assert row.density == ticket.density


def test_what_fails_says_why(comparison: Comparison) -> None:
    last = comparison.rows[-1]
    assert math.isnan(last.error_bound)
    assert math.isnan(last.density)
    assert math.isnan(last.ratio)
    assert "fewer than k = 30" in last.why_not


def test_table(comparison: Comparison) -> None:
    lines = str(comparison).splitlines()
    assert lines[0] == f"{TARGET!r} on Box([-1, 1]^3)"
    assert lines[1].split()[:2] == ["construction", "width"]
    assert lines[1].split()[4:8] == ["theorem", "seen", "found", "ratio"]
    assert "40/44" in lines[3]
    assert "no ticket: a weight has" in lines[-1]


def test_figure(comparison: Comparison, tmp_path: Path) -> None:
    figure = plots.single(lambda ax: plots.constructions(comparison, ax=ax))
    plots.save(figure, tmp_path / "c.png")
    (axes,) = figure.axes
    assert [text.get_text().split(",")[0] for text in axes.get_legend().get_texts()] == list(ASKED)[:3]
    with pytest.raises(ValueError, match="nothing to draw"):
        plots.single(lambda ax: plots.constructions(Comparison("t", "d", comparison.rows[-1:]), ax=ax))


def test_without_an_attack() -> None:
    (row,) = slth.compare(TARGET, {"two-layer": 20}, rng=0, attack_steps=0).rows
    assert row.error_found == row.error_seen


def test_inputs_of_ones_own() -> None:
    one = slth.compare(TARGET, [("two-layer", 30), ("two-layer", 40)], inputs=[[0.0, 0.0, 0.0]], rng=0)
    ticket = slth.approximate(TARGET, 30, rng=0)
    assert one.rows[0].error_seen == ticket.error([[0.0, 0.0, 0.0]])
    assert one.rows[0].width == 30


@pytest.mark.parametrize(
    ("constructions", "message"), [({}, "at least one"), ({"three-layer": 3}, "unknown construction 'three-layer'")]
)
def test_misuse(constructions: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        slth.compare(TARGET, constructions)


@pytest.mark.parametrize("constructions", ["two-layer", ["two-layer", "malach"], [("two-layer", 3, 4)], None, 5])
def test_constructions_without_widths(constructions: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"must name a width for each, such as \{'two-layer': 42\}, got"):
        slth.compare(TARGET, constructions)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": float("nan")}, "epsilon must be > 0"),
        ({"attack_steps": -1}, "attack_steps must be >= 1"),
        ({"attack_steps": None}, "attack_steps must be a positive integer"),
        ({"inputs": "x"}, "inputs must hold real numbers"),
        ({"inputs": [[0.0, np.nan, 0.0]]}, "inputs must be finite"),
    ],
)
def test_options_are_read_before_anything_is_done(
    options: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slth.compared.approximate", None)
    with pytest.raises((ValueError, TypeError), match=message):
        slth.compare(TARGET, {"two-layer": 12}, **options)


def test_inputs_outside_of_the_domain_would_seem_to_undercut_the_bound() -> None:
    for domain in (None, slth.Ball(3, 1.0)):
        with pytest.raises(ValueError, match=r"inputs must lie in the domain, .*; give a larger domain"):
            slth.compare(TARGET, {"two-layer": 12}, inputs=[[0.9, 0.9, 1.1]], domain=domain)
    corner = slth.compare(TARGET, {"two-layer": 12}, inputs=[[1.0, -1.0, 1.0]], rng=0).rows[0]
    assert corner.error_seen <= corner.error_bound


def test_sequences_of_any_length_and_tokens() -> None:
    rng = np.random.default_rng(0)
    dense = slth.networks.Dense(rng.uniform(-1, 1, (2, 4)), None, "identity")
    tokens = slth.networks.Embedding(rng.uniform(-1, 1, (5, 4)))
    for net in (slth.Network((dense,), (None, 4)), slth.Network((tokens, dense), (None,))):
        row = slth.compare(net, {"two-layer": 20}, rng=0).rows[0]
        assert 0 < row.error_seen <= row.error_bound


def test_given_edges() -> None:
    """As such, for those that they fit; or drawn for each, from its shapes."""
    shapes = slth.source_shapes(TARGET, 40)
    matrices = [np.random.default_rng(i).random(shape) < 0.7 for i, shape in enumerate(shapes)]
    fits, fits_too, other = slth.compare(
        TARGET, [("two-layer", 40), ("n-of-m(1, 4)", 40), ("two-layer", 30)], edges=matrices, rng=0, attack_steps=0
    ).rows
    ticket = slth.approximate(TARGET, 40, edges=matrices, rng=0)
    assert (fits.kept, fits.size, fits.error_bound) == (ticket.kept, ticket.size, ticket.error_bound)
    assert fits.size == fits_too.size < slth.approximate(TARGET, 40, rng=0).size
    assert "edges of layer 0 must have shape" in other.why_not
    asked = []

    def drawn(shapes: Any) -> Any:
        asked.append(shapes)
        return [np.random.default_rng(i).random(shape) < 0.7 for i, shape in enumerate(shapes)]

    rows = slth.compare(
        TARGET, {"two-layer": 40, "one-extra-layer": (30, 10), "structured": 30}, edges=drawn, rng=0, attack_steps=0
    ).rows
    assert asked == [slth.source_shapes(TARGET, row.width, row.construction) for row in rows]
    assert rows[0].error_bound == ticket.error_bound
    assert all(row.error_seen <= row.error_found <= row.error_bound for row in rows)
