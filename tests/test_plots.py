"""Figures: they draw what they say, on the Axes they are given, and are written whole."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

import slth
from slth import data, plots, subset_sum
from slth.networks import Conv2d, Dense, Residual


@pytest.fixture(scope="module")
def ticket() -> slth.Ticket:
    return slth.approximate(data.digits_arrays(), 12, domain=(0, 1), rng=0)


def test_mask_shows_the_mask(ticket: slth.Ticket) -> None:
    ax = Figure().subplots()
    plots.mask(ticket, 1, 5, 7, ax=ax)
    shown = np.asarray(ax.images[0].get_array())
    assert (shown == (ticket.network.layers[1].weight[:5, :7] != 0)).all()


def test_random_weights_shows_the_source(ticket: slth.Ticket) -> None:
    ax = Figure().subplots()
    plots.random_weights(ticket, 1, 5, 7, ax=ax)
    assert (np.asarray(ax.images[0].get_array()) == ticket.source.weight(1)[:5, :7]).all()


def test_effective_weights_are_as_close_as_the_ticket_says(ticket: slth.Ticket) -> None:
    assert ticket.target is not None
    ax = Figure().subplots()
    plots.effective_weights(ticket, ticket.target, ax=ax)
    x, y = ax.lines[1].get_data()
    assert np.abs(np.asarray(x) - np.asarray(y)).max() == pytest.approx(ticket.weight_error)


def test_every_weight_is_in_the_histogram(ticket: slth.Ticket) -> None:
    assert ticket.target is not None
    ax = Figure().subplots()
    plots.weight_errors(ticket, ticket.target, ax=ax)
    assert sum(patch.get_height() for patch in ax.patches) == ticket.target.size


def test_reuse_starts_with_what_is_kept_and_ends_with_the_most_used(ticket: slth.Ticket) -> None:
    ax = Figure().subplots()
    plots.reuse(ticket, ax=ax)
    rows = ticket.reuse().layers
    for row, measured, predicted in zip(rows, ax.lines[::2], ax.lines[1::2], strict=False):
        x, y = (np.asarray(values) for values in measured.get_data())
        assert y[0] == pytest.approx(row.first / row.candidates)
        assert x[np.flatnonzero(y > 1e-12)[-1] + 1] * row.outputs == pytest.approx(row.most_uses)
        assert np.asarray(predicted.get_ydata())[0] == pytest.approx(row.expected / row.candidates, rel=0.01)
        assert (np.diff(y) <= 1e-12).all()
    assert len(ax.get_legend().get_texts()) == len(rows) + 1


def test_ticket_figure_with_and_without_target(ticket: slth.Ticket) -> None:
    assert len(ticket.plot().axes) == 4
    assert len(dataclasses.replace(ticket, target=None).plot().axes) == 2


def test_digits_demo_needs_the_target(ticket: slth.Ticket) -> None:
    with pytest.raises(ValueError, match="verify"):
        plots.digits_demo(dataclasses.replace(ticket, target=None), *data.digits_test())


def test_save_writes_a_png(ticket: slth.Ticket, tmp_path: Path) -> None:
    plots.save(plots.digits_demo(ticket, *data.digits_test()), str(tmp_path / "figure.png"))
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 1


def test_network_draws_every_kept_weight_by_its_sign() -> None:
    first = Dense(np.array([[1.0, 0], [-2.0, 0], [0, 0]]), np.array([0, 0, 0.5]))
    second = Dense(np.array([[-1.0, 0, 3.0]]), None, "identity")
    ax = Figure().subplots()
    plots.network(slth.Network((first, second)), ax=ax)
    lines, more = ax.collections
    assert isinstance(lines, LineCollection)
    assert isinstance(more, LineCollection)
    faint, blue, orange = (to_rgba(c) for c in ("#dddddd", "#2166ac", "#d6604d"))
    # the second neuron is a dead end, the third a constant
    assert [tuple(c) for c in lines.get_colors()] == [faint, blue]
    assert [tuple(c) for c in more.get_colors()] == [orange, blue]
    assert more.get_linewidths()[1] > more.get_linewidths()[0]
    labels = [text.get_text() for text in ax.texts]
    assert labels == ["input\n2, 1 dead", "dense\n3, 1 dead", "dense\n1"]
    assert len(ax.get_legend().get_texts()) == 5


def test_network_draws_channels_and_residual_blocks() -> None:
    kernel = np.zeros((2, 2, 1, 3))
    kernel[0, 1] = 1.0
    kernel[1, 0] = [[1.0, -1.0, 0.0]]
    network = slth.Network((Residual((Conv2d(kernel, padding=(0, 1)),)),), (2, 3, 3))
    ax = Figure().subplots()
    plots.network(network, ax=ax)
    kernels, ends, shortcut = ax.collections
    assert {tuple(c) for c in kernels.get_edgecolor()} == {to_rgba("#2166ac"), to_rgba("#222222")}
    assert (
        {tuple(c) for c in ends.get_edgecolor()} == {to_rgba("#999999")} == {tuple(c) for c in shortcut.get_edgecolor()}
    )
    assert isinstance(shortcut, LineCollection)
    assert all(len(segment) > 2 for segment in shortcut.get_segments())


def test_network_refuses_what_nobody_could_read(ticket: slth.Ticket) -> None:
    with pytest.raises(ValueError, match="at most 80 neurons"):
        plots.network(ticket.network, ax=Figure().subplots())


def test_counts_by_size_draws_the_counts() -> None:
    rng = np.random.default_rng(0)
    samples = rng.uniform(-1, 1, 90)
    for count in (subset_sum.count(samples[:12], 0.3, 0.1), subset_sum.count(samples, 0.3, 0.1)):
        ax = Figure().subplots()
        plots.counts_by_size(count, ax=ax)
        x, y = (np.asarray(values) for values in ax.lines[1].get_data())
        np.testing.assert_array_equal(y, count.log2_by_size[x])
        assert len(ax.collections) == (0 if count.exact else 1)


def test_coverage_draws_the_share_of_each_prefix() -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, 9)
    found = subset_sum.coverage(samples, 0.02)
    ax = Figure().subplots()
    plots.coverage(samples, found, ax=ax)
    x, y = (np.asarray(values) for values in ax.lines[0].get_data())
    assert x.tolist() == list(range(1, 10))
    assert y[-1] == found.lower
    assert np.all(np.diff(y) >= 0)
