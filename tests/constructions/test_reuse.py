"""Reuse of first-layer weights: counts against the slow twin, the predictor against every way to choose, groups against the plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import slth
from slth import constructions
from slth.constructions import Inserted, Masks
from slth.constructions.reuse import LayerReuse, Reuse, reuse
from slth.networks import Attention, Conv2d, Dense, Network, RandomSource
from tests.reference import reuse as reference

Bools = NDArray[np.bool_]
TARGET = Network.random([5, 4, 3], rng=0)
RNG = np.random.default_rng(0)
IMAGE = Network(
    (
        Conv2d(RNG.uniform(-1, 1, (2, 2, 3, 3)), RNG.uniform(-1, 1, 2), "relu", padding=(1, 1)),
        Conv2d(RNG.uniform(-1, 1, (4, 1, 2, 2)), None, "identity", groups=2),
    ),
    (2, 4, 4),
)
SEQUENCE = Network((Attention(*(RNG.uniform(-0.5, 0.5, (4, 4)) for _ in range(4)), heads=2),), (3, 4))
CASES: dict[str, tuple[Network, Any, str]] = {
    "two-layer": (TARGET, 20, "two-layer"),
    "fixed-size": (TARGET, 24, "fixed-size(3)"),
    "n-of-m": (TARGET, 24, "n-of-m(1, 3)"),
    "malach": (TARGET, 60, "malach"),
    "best-product": (TARGET, 60, "best-product"),
    "orseau": (TARGET, 60, "orseau"),
    "partly-frozen": (TARGET, 20, "partly-frozen(0.2)"),
    "perturbable": (TARGET, 20, "perturbable(0.05)"),
    "structured": (TARGET, 20, "structured"),
    "one-extra-layer": (TARGET, (20, 8), "one-extra-layer"),
    "tanh": (TARGET, (20, 8), "one-extra-layer(tanh)"),
    "sigmoid": (TARGET, (20, 8), "one-extra-layer(sigmoid)"),
    "leaky": (TARGET, (20, 8), "one-extra-layer(leaky-relu(0.1))"),
    "image": (IMAGE, 24, "fixed-size(2)"),
    "attention": (SEQUENCE, 16, "fixed-size(2)"),
}


def pieces(ticket: slth.Ticket) -> list[Inserted]:
    method = constructions.get(ticket.construction)
    return list(method.inserted(ticket.source, ticket.masks, ticket.skeleton, ticket.domain))


def members(groups: NDArray[np.int64]) -> list[list[int]]:
    return [np.flatnonzero(groups == g).tolist() for g in range(int(groups.max()) + 1)]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("edges", [None, 0.7], ids=["all edges", "some edges"])
def test_counts_are_those_of_the_slow_twin(name: str, edges: float | None) -> None:
    target, width, construction = CASES[name]
    rng = np.random.default_rng(1)
    shapes = slth.source_shapes(target, width, construction)
    some = None if edges is None else [rng.random(shape) < edges for shape in shapes]
    ticket = slth.approximate(target, width, construction=construction, edges=some, rng=1, workers=1)
    found = ticket.reuse()
    assert found.kept == ticket.kept
    assert found.construction == ticket.construction
    for row, piece in zip(found.layers, pieces(ticket), strict=True):
        first, second = ticket.weight_mask(piece.first), ticket.weight_mask(piece.first + 1)
        own = ticket.masks.biases[piece.first]
        constant = np.zeros(len(first), bool) if own is None else own
        counts = reference.uses(first.tolist(), second.tolist())
        groups = members(piece.groups())
        assert (row.first, row.second) == (len(counts), sum(counts))
        assert (row.constants, row.constant_uses) == (constant.sum(), second[:, constant].sum())
        assert row.kept == ticket.kept_by_layer[piece.first] + ticket.kept_by_layer[piece.first + 1]
        assert row.worst == reference.worst(second.tolist(), groups)
        assert row.candidates == sum(map(len, groups))
        assert row.uses[1:].tolist() == np.bincount(counts, minlength=row.outputs + 1)[1:].tolist()
        assert row.uses.sum() == row.candidates
        assert row.first <= row.worst <= row.second
        assert row.most_uses == max(counts)
        assert row.mean_uses == sum(counts) / len(counts)
        assert row.expected_uses.sum() == pytest.approx(row.candidates)
        assert row.expected_uses @ np.arange(row.outputs + 1) == pytest.approx(row.second)
        assert 0 < row.expected <= row.worst
    assert sum(row.kept for row in found.layers) == ticket.kept or construction.startswith("one-extra-layer")


@pytest.mark.parametrize("name", ["two-layer", "fixed-size", "image", "attention"])
def test_groups_are_those_of_the_plan(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the neurons that were given to the worst weights in later rounds."""
    target, width, construction = CASES[name]
    seen: dict[int, Any] = {}
    solved = slth.constructions.two_layer.plan.Piece.solved
    monkeypatch.setattr(
        "slth.constructions.two_layer.plan.Piece.solved", lambda self: seen.update({self.first: self}) or solved(self)
    )
    given_later = 0
    for seed in range(3):
        ticket = slth.approximate(target, width, construction=construction, rng=seed, workers=1)
        for piece in pieces(ticket):
            made = seen[piece.first]
            halves = made.neurons[: made.deal.inputs.size]
            kept = ticket.weight_mask(piece.first).any(axis=1)
            groups = piece.groups()
            serves = np.full(groups.size, -1)
            for g, neurons in enumerate(halves):
                serves[neurons[neurons >= 0]] = g
            # what was given later and is not used leaves no trace
            assert (groups == np.where(kept | np.isin(np.arange(groups.size), made.deal.neurons), serves, -1)).all()
            given_later += int((kept & ~np.isin(np.arange(groups.size), made.deal.neurons)).sum())
    assert given_later > 0 or name in ("fixed-size", "attention")


# --- by hand, and every way to choose -----------------------------------------------------------------------------------


def counted(first: Bools, second: Bools, groups: list[int], there: Bools | None = None) -> LayerReuse:
    hidden, d_in = first.shape
    outputs = len(second)
    edges = None if there is None else [None, there]
    source = RandomSource(0, "uniform", ((hidden, d_in), (outputs, hidden)), False, edges)
    masks = Masks((np.packbits(first, axis=1), np.packbits(second, axis=1)), (None, None))
    piece = Inserted(0, 0, outputs, lambda: np.array(groups))
    (layer,) = reuse("by hand", [piece], source, masks).layers
    return layer


def test_by_hand() -> None:
    """Two inputs, five neurons; the last serves nothing."""
    first = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 0]], bool)
    second = np.array([[1, 1, 0, 1, 0], [1, 0, 0, 0, 0], [1, 0, 1, 1, 0]], bool)
    row = counted(first, second, [0, 0, 0, 1, -1])
    assert (row.first, row.second, row.candidates) == (4, 7, 4)
    assert row.worst == 3 + 1  # 2 + 1 + 2 of three, 1 + 0 + 1 of one
    assert row.uses.tolist() == [0, 2, 1, 1]
    # three candidates, of which 2, 1, 2 are taken, and one that is taken for sure
    assert row.expected == pytest.approx(3 * (1 - (1 / 3) * (2 / 3) * (1 / 3)) + 1)
    assert row.ratio == 1
    assert (row.mean_uses, row.most_uses) == (7 / 4, 3)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_the_predictor_is_the_mean_of_every_way_to_choose(data: st.DataObject) -> None:
    """Exactly so: the number used of any subsets of any sizes, with and without missing edges."""
    n, outputs = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    bools = st.lists(st.booleans(), min_size=n, max_size=n)
    there = np.array([data.draw(bools) for _ in range(outputs)])
    second = np.array([data.draw(bools) for _ in range(outputs)]) & there
    there[0, 0] = True
    row = counted(np.ones((n, 1), bool), second, [0] * n, there)
    wanted = reference.used_at_random([np.flatnonzero(e).tolist() for e in there], second.sum(axis=1).tolist())
    assert row.expected == pytest.approx(float(sum(wanted.values())), abs=1e-12)
    assert row.expected_uses @ np.arange(outputs + 1) == pytest.approx(second.sum())


@pytest.mark.parametrize(("n", "k", "outputs"), [(4, 2, 3), (5, 1, 3), (3, 3, 2), (4, 3, 3), (5, 2, 2)])
def test_the_predicted_histogram_is_exact_where_all_subsets_have_one_size(n: int, k: int, outputs: int) -> None:
    second = np.zeros((outputs, n), bool)
    second[:, :k] = True
    row = counted(np.ones((n, 1), bool), second, [0] * n)
    wanted = reference.used_at_random([range(n)] * outputs, [k] * outputs)
    np.testing.assert_allclose(
        row.expected_uses[1:], [float(wanted[m]) for m in range(1, outputs + 1)], rtol=0, atol=1e-12
    )
    assert row.expected == pytest.approx(n * (1 - (1 - k / n) ** outputs))


def test_random_subsets_share_as_predicted() -> None:
    """200 groups of 12 neurons, 3 of each taken by 8 outputs at random: within 5 standard deviations of the mean (one in 10^6).

    Negative control: outputs that take equal subsets are far below.
    """
    rng = np.random.default_rng(7)
    groups, n, k, outputs = 200, 12, 3, 8
    order = rng.random((outputs, groups, n)).argsort(axis=2) < k
    first = np.ones((groups * n, 1), bool)
    numbers = np.repeat(np.arange(groups), n).tolist()
    row = counted(first, order.reshape(outputs, -1), numbers)
    used = n - row.uses[0] / groups
    # of one group at most n / 2 either way, so that the mean of 200 has a standard deviation of at most 6 / 14
    used_by_group = order.any(axis=0).sum(axis=1)
    assert abs(used - row.expected / groups) < 5 * used_by_group.std() / groups**0.5
    same = counted(first, np.tile(order[:1], (outputs, 1, 1)).reshape(outputs, -1), numbers)
    assert same.expected == pytest.approx(row.expected)
    assert same.candidates - same.uses[0] == groups * k


# --- what it says -------------------------------------------------------------------------------------------------------


def test_the_theorem_counts_k_for_each_weight_and_half_in_both_layers() -> None:
    ticket = slth.approximate(TARGET, 24, construction="fixed-size(3)", rng=1)
    found = ticket.reuse()
    assert [row.theorem for row in found.layers] == [4 * 5 * 4 * 3, 4 * 4 * 3 * 3]
    assert found.theorem == 4 * 3 * (20 + 12)
    first, second = found.layers
    assert (first.second, second.second) == (2 * 5 * 4 * 3, 4 * 3 * 3)  # behind ReLU one half is not needed
    for row in found.layers:
        assert row.theorem is not None
        assert row.first + row.second <= row.theorem
    image = slth.approximate(IMAGE, 24, construction="fixed-size(2)", rng=1).reuse()
    assert [row.theorem for row in image.layers] == [4 * 36 * 2, 4 * 16 * 2]
    attention = slth.approximate(SEQUENCE, 16, construction="fixed-size(2)", rng=1).reuse()
    assert [row.theorem for row in attention.layers] == [2 * 16 * 2] * 4
    assert slth.approximate(TARGET, 20, rng=1).reuse().theorem is None


def test_whole_filters_are_used_by_all() -> None:
    row = slth.approximate(TARGET, 20, construction="structured", rng=1).reuse().layers[0]
    assert row.uses.tolist() == [row.candidates - row.first, 0, 0, 0, row.first]
    assert row.mean_uses == row.most_uses == 4


def test_a_loaded_ticket_needs_no_target(tmp_path: Path) -> None:
    for target in (TARGET, SEQUENCE):
        ticket = slth.approximate(target, 20, rng=1)
        ticket.save(tmp_path / "t.npz")
        assert str(slth.load(tmp_path / "t.npz").reuse()) == str(ticket.reuse())


def test_masks_of_search_have_no_first_layer() -> None:
    source = RandomSource(0, "uniform", (5, 8, 3))
    with pytest.raises(ValueError, match="construction 'found' inserts no random layer"):
        reuse("found", constructions.get("found").inserted(source, None, None, None), source, None)  # type: ignore[arg-type]


def test_a_layer_without_candidates() -> None:
    """The one neuron with a bias that could serve the input is taken for a constant."""
    target = Network((Dense(np.array([[0.5]]), np.array([0.25]), "identity"),))
    found = slth.approximate(target, 2, domain=(np.zeros(1), np.ones(1)), rng=10).reuse()
    layer = found.layers[0]
    assert layer.candidates == layer.most_uses == layer.first == 0
    assert f"besides: {layer.constants} constants" in str(found)
    assert "nan" not in str(found) + repr(found)


@pytest.mark.parametrize("wrap", [str, repr, lambda found: found._repr_html_()])
def test_what_it_says(wrap: Callable[[Reuse], str]) -> None:
    ticket = slth.approximate(TARGET, 24, construction="fixed-size(3)", rng=1)
    found = ticket.reuse()
    text = wrap(found)
    assert f"{found.first:,}" in text
    assert f"{found.second:,}" in text
    if wrap is repr:
        return
    for part in (
        f"{found.theorem:,}",
        f"{found.expected:,.1f}",
        f"{found.ratio:.1%}",
        f"{ticket.kept:,} are kept in all",
    ):
        assert part in text
    assert len(str(found).splitlines()) == 1 + 1 + 2 + 1 + 1
    assert len({len(line) for line in str(found).splitlines()[1:-1]}) == 1


def test_totals() -> None:
    found = slth.approximate(TARGET, 24, construction="fixed-size(3)", rng=1).reuse()
    for name in ("first", "second", "worst", "expected"):
        assert getattr(found, name) == sum(getattr(row, name) for row in found.layers)
    assert found.ratio == found.first / found.worst
    assert found.mean_uses == found.second / found.first
    none = dataclasses.replace(found.layers[0], worst=0, first=0)
    assert np.isnan(none.ratio)
    assert np.isnan(none.mean_uses)


def test_the_summary_has_a_row() -> None:
    ticket = slth.approximate(TARGET, 24, construction="fixed-size(3)", rng=1)
    neurons = sum(row.first + row.constants for row in ticket.reuse().layers)
    uses = sum(row.second + row.constant_uses for row in ticket.reuse().layers)
    assert f"inserted neurons       {neurons:,} kept, used by {uses / neurons:.1f} outputs each" in ticket.summary()
