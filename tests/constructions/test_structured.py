"""Whole filters are kept or removed, and each set of them is the closest, or said not to be proven so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
from slth import bounds, constructions
from slth.constructions import Masks
from slth.constructions.protocol import Problems
from slth.constructions.structured import Structured, compact, report
from slth.constructions.structured.scale import Predicted, tried_scale
from slth.networks import Attention, Conv2d, Dense, Network
from slth.subset_sum import Status
from tests.attacked import attacked, domain_of
from tests.constructions.asked import planned
from tests.constructions.image_targets import TARGETS
from tests.reference import layers as naive
from tests.reference import structured as twin


def bits_of(ticket: slth.Ticket, layer: int) -> np.ndarray:
    return np.unpackbits(ticket.masks.weights[layer], axis=1, count=ticket.source.shapes[layer][1]).astype(bool)


def plan_of(target: Network, width: int, seed: int = 0, domain: Any = None) -> Any:
    region = slth.networks.read_domain(target.usual if domain is None else domain, target.coordinates)
    return planned(Structured(), target, (width,) * len(target.linear), region, "normal", seed)


# --- the form of a ticket -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TARGETS)
def test_filters_are_whole(name: str) -> None:
    """A hidden filter reads its own input alone, or is a constant; all of what reads it is kept, or nothing."""
    target = TARGETS[name]
    for width in (1, 8, 15):
        ticket = slth.approximate(target, width, construction="structured", rng=width)
        assert (ticket.construction, ticket.source.law) == ("structured", "normal")
        for i, form in enumerate(target.forms):
            first, second = bits_of(ticket, 2 * i), bits_of(ticket, 2 * i + 1)
            constant = ticket.masks.biases[2 * i]
            constant = np.zeros(len(first), bool) if constant is None else constant
            filter_, column = np.nonzero(first)
            assert (filter_ // width == column).all()
            assert (first.sum(axis=1) + constant).max() <= 1
            for h in range(len(first)):
                expected = np.zeros(form.rows, bool)
                if constant[h]:
                    expected[:] = True
                elif first[h].any():
                    expected = np.ones(form.rows, bool) if form.structure is None else form.structure[:, h // width]
                np.testing.assert_array_equal(second[:, h], expected)
            for layer in (2 * i, 2 * i + 1):
                drawn = ticket.source.weight(layer) * bits_of(ticket, layer)
                assert ticket.network.linear[layer].matrix.tobytes() == drawn.tobytes()


def test_the_ticket_is_what_the_statement_says() -> None:
    """Border first, then a 1x1 convolution of the kept filters, ReLU, and the random convolution, all by loops."""
    rng = np.random.default_rng(1)
    target = Network(
        (Conv2d(rng.uniform(-1, 1, (2, 2, 2, 3)), rng.uniform(-1, 1, 2), "tanh", 1.5, 1, (1, 2)),), (2, 3, 3)
    )
    ticket = slth.approximate(target, 20, construction="structured", rng=2)
    inner, outer = ticket.source.weight(0) * bits_of(ticket, 0), ticket.source.weight(1)
    biases = ticket.source.bias_vector(0), ticket.source.bias_vector(1)
    assert biases[0] is not None
    assert biases[1] is not None
    constant = np.asarray(ticket.masks.biases[0])
    alive = inner.any(axis=1) | constant
    assert constant.any()
    assert alive.any()
    x = rng.uniform(-1, 1, (3, 2, 3, 3))
    hidden = naive.convolution(x, inner[:, :, None, None], biases[0] * constant, "relu", padding=(1, 2))
    weight = (outer * alive).reshape(2, 2, 3, -1).transpose(0, 3, 1, 2)
    out = naive.convolution(hidden, weight, biases[1] * np.asarray(ticket.masks.biases[1]), "tanh", ticket.scales[0])
    np.testing.assert_allclose(ticket(x), out, rtol=1e-12, atol=1e-12)
    (piece,) = ticket.effective()

    def halves(matrix: np.ndarray, values: np.ndarray) -> np.ndarray:
        return naive.convolution(values, matrix.reshape(2, 2, 3, 2).transpose(0, 3, 1, 2), padding=(1, 2))

    both = halves(piece.positive, np.maximum(x, 0)) + halves(piece.negative, np.maximum(-x, 0))
    np.testing.assert_allclose(
        out, np.tanh(ticket.scales[0] * (both + piece.bias[:, None, None])), rtol=1e-11, atol=1e-12
    )


@pytest.mark.parametrize("name", ["one convolution", "a border", "groups", "dense residual", "without bias"])
def test_every_set_is_the_closest_by_enumeration(name: str) -> None:
    """From the source's weights alone, over all sets of filters in exact arithmetic."""
    target, width = TARGETS[name], 7
    ticket = slth.approximate(target, width, construction="structured", rng=3)
    for i, layer in enumerate(target.linear):
        form, scale = layer.form, ticket.scales[i]
        inner, outer = (ticket.source.weight(at).tolist() for at in (2 * i, 2 * i + 1))
        first, kept_bias = bits_of(ticket, 2 * i), ticket.masks.biases[2 * i]
        plan = plan_of(target, width, 3).pieces[i]
        constants = [h for group in plan.groups if group.input is None for h in group.neurons.tolist()]
        signs = {(group.input, group.sign) for group in plan.groups}
        for column in range(form.columns):
            rows = range(form.rows) if form.structure is None else np.flatnonzero(form.structure[:, column]).tolist()
            for sign in (1, -1):
                if (column, sign) not in signs:
                    continue
                numbers, vectors = twin.candidates(inner, outer, width, column, sign, rows, constants)
                goal = (sign * layer.matrix[list(rows), column] * layer.scale / scale).tolist()
                zero = [0.0] * len(goal)
                least, _ = twin.closest_filters(vectors, goal, zero)
                kept = [j for j, h in enumerate(numbers) if first[h].any()]
                assert float(twin.error_of(vectors, goal, zero, kept)) == pytest.approx(float(least), rel=1e-12)
        if form.bias:
            assert kept_bias is not None
            own = ticket.source.bias_vector(2 * i + 1)
            values = ticket.source.bias_vector(2 * i)
            assert own is not None
            assert values is not None
            weight = np.array(outer).reshape(form.outputs, form.window, -1).sum(axis=1)
            vectors = [(values[h] * weight[:, h]).tolist() for h in constants]
            goal = (layer.bias * layer.scale / scale).tolist()
            least, _ = twin.closest_filters(vectors, goal, own.tolist())
            kept = [j for j, h in enumerate(constants) if kept_bias[h]]
            assert float(twin.error_of(vectors, goal, own.tolist(), kept)) == pytest.approx(
                float(least), rel=1e-9, abs=1e-12
            )
            mine = np.asarray(ticket.masks.biases[2 * i + 1])
            rest = np.array(goal) - np.array([vectors[j] for j in kept]).sum(axis=0) - own * mine
            assert np.abs(rest).max() == pytest.approx(float(least), rel=1e-9, abs=1e-12)


def test_halves_that_are_never_entered() -> None:
    plan = plan_of(TARGETS["one convolution"], 20, domain=(0, 1))
    groups = plan.pieces[0].groups
    assert [group.sign for group in groups[:-1]] == [1, 1]
    assert groups[-1].input is None
    home = plan.source.weight(0)
    for group in groups[:-1]:
        assert (home[group.neurons, group.input] == group.gains).all()
    # the constants are filters that would read nothing else, as far as there are any
    spare = np.flatnonzero((home[np.arange(40), np.arange(40) // 20] < 0) & (plan.source.bias_vector(0) > 0))
    assert set(spare) <= set(groups[-1].neurons)
    assert 0 < spare.size < groups[-1].neurons.size
    everyone = np.concatenate([group.neurons for group in groups])
    assert np.unique(everyone).size == everyone.size


def test_workers_change_nothing() -> None:
    for name in ("residual with a shortcut", "groups"):
        tickets = [slth.approximate(TARGETS[name], 12, construction="structured", rng=3, workers=w) for w in (1, 3)]
        assert len({tuple(m.tobytes() for m in t.masks.weights) for t in tickets}) == 1
        assert len({t.certificate for t in tickets}) == 1


def test_nothing_to_choose_or_to_meet() -> None:
    empty = Problems(0, 1.0, np.arange(2), np.zeros(2, np.int64), np.zeros((2, 0)), np.zeros((2, 0)), np.ones(2))
    assert Predicted.of([]).scale == Predicted.of([empty]).scale == 1.0
    assert tried_scale([], 2.0) == 2.0
    assert tried_scale([empty], 2.0) == 2.0
    target = Network((Dense(np.zeros((2, 3)), np.zeros(2), "identity"),))
    ticket = slth.approximate(target, 6, construction="structured", rng=0)
    assert (ticket.kept, ticket.weight_error, ticket.scales) == (0, 0.0, (1.0,))
    lone = Network((Dense(np.array([[0.5], [-2.0]])),))
    ticket = slth.approximate(lone, 1, construction="structured", rng=0)
    assert 0 < ticket.weight_error <= 2.0 + 1e-12


def test_the_size_of_the_weights_does_not_matter() -> None:
    """Nor whether it is their scale: powers of two leave every bit of the masks as it is."""
    weight, bias = np.array([[0.5, -0.25], [-1.0, 0.3]]), np.array([0.2, -0.7])
    plain = slth.approximate(Network((Dense(weight, bias),)), 30, construction="structured", rng=0)
    assert plain.weight_error < 0.1
    for power in (2.0**600, 2.0**-600):
        for layer in (Dense(power * weight, power * bias), Dense(weight, bias, "relu", power)):
            other = slth.approximate(Network((layer,)), 30, construction="structured", rng=0)
            assert [m.tobytes() for m in other.masks.weights] == [m.tobytes() for m in plain.masks.weights]
            assert other.scales == (power * plain.scales[0],)
            assert other.weight_error == pytest.approx(power * plain.weight_error)


# --- certificates, files --------------------------------------------------------------------------------------------


def other_filters(ticket: slth.Ticket, target: Network, rng: np.random.Generator) -> slth.Ticket:
    """The same source with other sets of whole filters."""
    weights, biases = [], []
    for i, form in enumerate(target.forms):
        hidden, d_in = ticket.source.shapes[2 * i]
        width = hidden // d_in
        alive, constant = rng.random(hidden) < 0.5, np.zeros(hidden, bool)
        if form.bias:
            constant = rng.random(hidden) < 0.2
        own = np.arange(hidden) // width
        first = np.zeros((hidden, d_in), bool)
        first[np.arange(hidden), own] = alive & ~constant
        second = np.zeros((form.rows, hidden), bool)
        second |= constant
        reads = np.ones((form.rows, d_in), bool) if form.structure is None else form.structure
        second |= first.any(axis=1) & reads[:, own]
        weights += [np.packbits(first, axis=1), np.packbits(second, axis=1)]
        biases += [constant, rng.random(form.outputs) < 0.5] if form.bias else [None, None]
    masks = Masks(tuple(weights), tuple(biases))
    return slth.Ticket.certified(ticket.source, masks, ticket.scales, "structured", ticket.domain, target)


@pytest.mark.parametrize(("turn", "kind"), list(enumerate(["unit", "positive", "mixed", "ball", "below 0"])))
def test_the_bound_is_never_undercut(turn: int, kind: str) -> None:
    for i, target in enumerate(TARGETS.values()):
        if (i + turn) % 3:
            continue  # each in one domain or two
        rng = np.random.default_rng([i, len(kind)])
        domain = domain_of(kind, target.widths[0], rng)
        width = int(rng.choice([1, 3, 8]))
        ticket = slth.approximate(target, width, construction="structured", domain=domain, rng=i, workers=1)
        attacked(ticket, target, rng)
        attacked(other_filters(ticket, target, rng), target, rng)


@pytest.mark.parametrize("name", ["steps", "groups", "residual with a shortcut", "a sequence", "max pool"])
def test_saved_loaded_verified_and_compact(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    ticket = slth.approximate(target, 16, construction="structured", rng=1)
    ticket.save(tmp_path / "t.npz")
    again = slth.load(tmp_path / "t.npz").verify(target)
    assert again.certificate == ticket.certificate
    x = ticket.domain.sample(np.random.default_rng(0), 20).reshape(-1, *target.shapes[0])  # type: ignore[arg-type]
    np.testing.assert_array_equal(again(x), ticket(x))
    small = compact(ticket.network)
    np.testing.assert_allclose(small(x), ticket(x), rtol=1e-10, atol=1e-10)
    alive = [
        int(bits_of(ticket, 2 * i).any(axis=1).sum() + np.count_nonzero(np.asarray(ticket.masks.biases[2 * i], bool)))
        for i in range(len(target.forms))
    ]
    hidden = [len(layer.weight) for layer in small.linear[::2]]
    assert all(h <= max(a, 1) for h, a in zip(hidden, alive, strict=True))
    assert small.size < ticket.network.size


def test_onnx_of_the_compact_network(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    ticket = slth.approximate(TARGETS["steps"], 16, construction="structured", rng=1)
    small = compact(ticket.network)
    small.save(tmp_path / "small.onnx")
    ticket.to_onnx(tmp_path / "t.onnx")
    x = np.random.default_rng(0).uniform(-1, 1, (4, 2, 5, 6))
    for name in ("small.onnx", "t.onnx"):
        session = runtime.InferenceSession(tmp_path / name, providers=["CPUExecutionProvider"])
        single = session.get_inputs()[0].type == "tensor(float)"
        (out,) = session.run(None, {session.get_inputs()[0].name: x.astype(np.float32 if single else np.float64)})
        np.testing.assert_allclose(out, ticket(x), rtol=1e-4 if single else 1e-9, atol=1e-5)


def test_compact_leaves_other_networks_what_they_are() -> None:
    """Channels that an activation revives, groups, layers with something between them; at least one channel stays."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=(4, 3))
    first[1] = 0
    second = rng.normal(size=(2, 4))
    second[:, 2] = 0
    for name, left in (("relu", 2), ("sigmoid", 3)):
        network = Network((Dense(first, None, name), Dense(second, np.ones(2), "identity")))
        small = compact(network)
        assert small.widths == (3, left, 2)
        x = rng.normal(size=(5, 3))
        np.testing.assert_allclose(small(x), network(x), rtol=1e-12)
    dead = compact(Network((Dense(np.zeros((4, 3)), np.zeros(4)), Dense(second, np.ones(2), "identity"))))
    assert dead.widths == (3, 1, 2)
    np.testing.assert_array_equal(dead(np.ones((1, 3))), np.ones((1, 2)))
    grouped = Network((Conv2d(np.zeros((4, 1, 1, 1)), None, groups=2), Conv2d(np.zeros((2, 4, 1, 1)), None)), (2, 2, 2))
    assert compact(grouped).size == grouped.size


@pytest.mark.parametrize("what", ["in part", "foreign input", "weight and bias", "dead but read", "one bias row"])
def test_other_masks_are_refused(what: str) -> None:
    target = TARGETS["one convolution"]
    ticket = slth.approximate(target, 16, construction="structured", rng=0)
    first, second = bits_of(ticket, 0), bits_of(ticket, 1)
    constant = np.array(ticket.masks.biases[0])
    alive = np.flatnonzero(first.any(axis=1))
    if what == "in part":
        second[0, alive[0]] = False
    elif what == "foreign input":
        first[alive[0]] = first[alive[0], ::-1]
    elif what == "weight and bias":
        constant[alive[0]] = True
    elif what == "dead but read":
        first[alive[0]] = False
    else:
        second[:, constant] = False
        second[0, constant] = True
        assert constant.any()
    masks = Masks((np.packbits(first, axis=1), np.packbits(second, axis=1)), (constant, ticket.masks.biases[1]))
    with pytest.raises(ValueError, match="not a structured ticket"):
        slth.Ticket.certified(ticket.source, masks, ticket.scales, "structured", ticket.domain, target)


def test_sources_of_other_shapes_are_refused() -> None:
    method = constructions.get("structured")
    assert constructions.get(method.name) == method
    target = TARGETS["groups"]
    ticket = slth.approximate(target, 4, construction="structured", rng=0)
    method.check(ticket.source, ticket.skeleton)
    with pytest.raises(ValueError, match="layer 0 has 3 filters, not equally many for each of 4 inputs"):
        method.check(slth.networks.RandomSource(0, "normal", ((3, 4), (16, 3)), (3, 4)), ticket.skeleton)


# --- budgets, reports -----------------------------------------------------------------------------------------------


def test_budgets_are_kept_with_few_filters() -> None:
    target = TARGETS["a sequence"]
    free = slth.approximate(target, 60, construction="structured", rng=0)
    loose, tight = (slth.approximate(target, 60, construction="structured", rng=0, epsilon=e) for e in (3.0, 0.5))
    assert loose.error_bound <= 3.0
    assert tight.error_bound <= 0.5
    assert loose.kept < tight.kept < free.kept
    attacked(tight, target, np.random.default_rng(0))


def test_a_width_is_predicted_where_the_first_moment_says() -> None:
    target = Network((Dense(np.array([[0.4, -0.7]]), None, "identity"),))
    with pytest.raises(slth.EpsilonError, match="filters for 1 numbers at once") as error:
        slth.approximate(target, 3, construction="structured", epsilon=0.01, rng=0)
    assert error.value.width is not None
    assert error.value.width < 100
    met = 0
    for seed in range(20):
        try:
            slth.approximate(target, error.value.width, construction="structured", epsilon=0.01, rng=seed)
            met += 1
        except slth.EpsilonError:
            pass
    assert met >= 18, "predicted for 99 of 100"
    # nothing is said where a proof would not be found
    wide = Network((Dense(np.random.default_rng(0).uniform(-1, 1, (30, 2)), None, "identity"),))
    with pytest.raises(slth.EpsilonError, match="is not predicted") as vague:
        slth.approximate(wide, 10, construction="structured", epsilon=0.01, rng=0)
    assert vague.value.width is None
    assert Structured().sufficient_width(target, (0.01,), slth.Box(-np.ones(2), np.ones(2)), "binary") is None


def test_the_report_says_what_is_proven() -> None:
    target = TARGETS["one convolution"]
    ticket = slth.approximate(target, 16, construction="structured", rng=0)
    found = report(ticket)
    assert [(kept.input, kept.sign) for kept in found] == [(0, 1), (0, -1), (1, 1), (1, -1), (None, 1)]
    assert {kept.status for kept in found} == {Status.OPTIMAL}
    assert max(kept.error for kept in found) == pytest.approx(ticket.weight_error, rel=1e-9)
    assert [kept.dimension for kept in found] == [18, 18, 18, 18, 2]
    assert {kept.status for kept in report(ticket, prove=False)} == {Status.HEURISTIC}
    # a set that is not the closest, and one that nobody could prove anything of
    other = other_filters(ticket, target, np.random.default_rng(0))
    assert Status.HEURISTIC in {kept.status for kept in report(other)}
    wide = slth.approximate(Network((Dense(np.eye(3), None),)), 200, construction="structured", rng=0)
    assert {kept.status for kept in report(wide)} == {Status.HEURISTIC}
    with pytest.raises(ValueError, match="two-layer"):
        report(slth.approximate(target, 4, rng=0))


def test_the_report_needs_the_target(tmp_path: Path) -> None:
    slth.approximate(TARGETS["a sequence"], 8, construction="structured", rng=0).save(tmp_path / "t.npz")
    loaded = slth.load(tmp_path / "t.npz")
    with pytest.raises(ValueError, match="verify"):
        report(loaded)
    assert report(loaded.verify(TARGETS["a sequence"]))


def test_attention_is_refused() -> None:
    rng = np.random.default_rng(0)
    square = [rng.normal(size=(2, 2)) for _ in range(4)]
    target = Network((Attention(*square),), (3, 2))
    with pytest.raises(ValueError, match="structured takes dense and convolutional layers, got attention"):
        slth.approximate(target, 4, construction="structured", rng=0)


def test_the_theorem_asks_for_more_than_is_feasible() -> None:
    """What the catalogue says of a small convolution: necessary hundreds, sufficient beyond any memory."""
    d = 16 * 9
    assert bounds.mrss_target_lower(d, 0.01, 0.99) > 900
    assert bounds.structured_cnn_width(3, 8, 16, 2, 0.01, 1.0) > 1e12
