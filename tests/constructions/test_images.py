"""Convolutional and residual targets, and sequences: the pruned pairs of layers are what they should be."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import slth
from slth import plots
from slth.constructions import CONSTRUCTIONS
from slth.networks import Conv2d, Flatten, MaxPool2d, Network
from slth.networks.layers import Conv2dForm, Form
from tests.constructions.asked import planned
from tests.constructions.image_targets import TARGETS, conv
from tests.reference import layers as naive
from tests.reference.subset_sum_exact import closest
from tests.spoiled import spoiled

TWO_LAYER = CONSTRUCTIONS["two-layer"]()
# --- the form of a ticket -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["uniform", "normal"])
@pytest.mark.parametrize("name", TARGETS)
def test_weights_are_those_of_the_source_or_zero(name: str, law: str) -> None:
    """Bit for bit, each in its place: hidden layers act on every pixel by itself, the others as the target's do."""
    target = TARGETS[name]
    for width in (1, 4, 9) if law == "uniform" else (4,):
        ticket = slth.approximate(target, width, law=law, rng=width, domain=(-1, 1))
        assert ticket.network.shapes[0] == target.shapes[0]
        assert ticket.network.shapes[-1] == target.shapes[-1]
        layers = ticket.network.linear
        assert len(layers) == 2 * len(target.linear) == ticket.source.depth
        for i, layer in enumerate(layers):
            own: Form = target.forms[i // 2]
            rows, columns = (width * own.columns, own.columns) if i % 2 == 0 else (own.rows, width * own.columns)
            assert ticket.source.shapes[i] == (rows, columns)
            drawn = ticket.source.weight(i) * ticket.weight_mask(i)
            assert layer.matrix.tobytes() == drawn.tobytes()
            bias, kept = ticket.source.bias_vector(i), ticket.masks.biases[i]
            assert (bias is None) == (layer.bias is None) == (not own.bias)
            if bias is not None and kept is not None:
                assert layer.bias.tobytes() == (bias * kept).tobytes()
            if i % 2 == 0:
                assert (layer.activation, layer.scale) == ("relu", 1.0)
                assert layer.form.window == 1
                assert (ticket.weight_mask(i).sum(axis=1) + (0 if kept is None else kept)).max() <= 1
            else:
                assert (layer.activation, layer.scale) == (own.activation, ticket.scales[i // 2])
                same = {"stride", "padding", "dilation", "kernel"} & own.settings.keys()
                assert {key: layer.form.settings[key] for key in same} == {key: own.settings[key] for key in same}
        assert ticket.kept == ticket.network.kept == sum(ticket.kept_by_layer)
        assert ticket.size == ticket.network.size == ticket.source.size


def test_weights_of_another_group_are_never_kept() -> None:
    for name in ("groups", "one channel at a time"):
        target = TARGETS[name]
        ticket = slth.approximate(target, 8, rng=0)
        structure = target.forms[0].structure
        assert structure is not None
        (piece,) = ticket.effective()
        assert (piece.positive[~structure] == 0).all()
        assert (piece.negative[~structure] == 0).all()
        assert (piece.positive_gain[~structure] == 0).all()


def test_a_half_that_is_never_entered_is_absent() -> None:
    low = np.zeros((2, 4, 4))
    low[1] = -1
    high = np.ones((2, 4, 4))
    high[1] = 0
    ticket = slth.approximate(TARGETS["one convolution"], 10, domain=(low.ravel(), high.ravel()), rng=1)
    hidden = ticket.network.linear[0].matrix
    assert (hidden[:, 0] >= 0).all()
    assert (hidden[:, 1] <= 0).all()
    later = slth.approximate(TARGETS["residual with a shortcut"], 10, rng=1).network.linear
    assert all((later[i].matrix >= 0).all() for i in (2, 4, 6, 8)), (
        "after ReLU, and sums and means of it, nothing is negative"
    )
    low[0, 2, 3] = -0.5
    one_pixel = slth.approximate(TARGETS["one convolution"], 10, domain=(low.ravel(), high.ravel()), rng=1)
    assert (one_pixel.network.linear[0].matrix[:, 0] < 0).any(), "the channel needs both halves for one pixel's sake"


def test_workers_change_nothing() -> None:
    for name in ("residual with a shortcut", "groups"):
        tickets = [slth.approximate(TARGETS[name], 12, rng=3, workers=w) for w in (1, 2, 5)]
        assert len({tuple(m.tobytes() for m in t.masks.weights) for t in tickets}) == 1
        assert len({t.certificate for t in tickets}) == 1


@pytest.mark.parametrize(
    "name", ["one convolution", "groups", "steps", "two convolutions", "dense residual", "a sequence"]
)
def test_every_subset_is_the_closest_by_brute_force(name: str) -> None:
    """The plan is driven with the slow twin in the place of the solver: the same masks; every weight is asked for, and no gap."""
    target = TARGETS[name]
    factors = (8,) * len(target.linear)
    ticket = slth.approximate(target, 8, rng=5)
    plan = planned(TWO_LAYER, target, factors, ticket.domain, "uniform", 5)
    asked: set[tuple[int, int, int]] = set()
    for round_ in plan.rounds():
        for problems in round_:
            chosen, errors = np.zeros(problems.samples.shape, bool), np.zeros(len(problems.targets))
            for j, (samples, goal) in enumerate(zip(problems.samples, problems.targets, strict=True)):
                used = np.flatnonzero(samples)
                found = closest(samples[used].tolist(), float(goal))
                chosen[j, used], errors[j] = found.chosen, float(found.error)
            asked |= {
                (problems.layer, r, g) for r, g in zip(problems.rows.tolist(), problems.groups.tolist(), strict=True)
            }
            plan.place(problems, chosen, errors)
    assert [m.tobytes() for m in plan.masks().weights] == [m.tobytes() for m in ticket.masks.weights]
    negative = (0, 2, 3) if name == "dense residual" else (0,)  # layers whose inputs can be; the others follow a ReLU
    for i, layer in enumerate(target.linear):
        here = [a for a in asked if a[0] == i]
        biases = 0 if layer.bias is None else layer.bias.size
        entries = np.ones(layer.matrix.shape, bool) if layer.form.structure is None else layer.form.structure
        assert len(here) == biases + entries.sum() * (1 + (i in negative))


# --- effective weights ----------------------------------------------------------------------------------------------


def responses(first: Any, second: Any, form: Form) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a pair of layers makes of +1, -1 and 0 alone in one number, by loops: positive, negative (rows, columns), bias (outputs,)."""
    if isinstance(form, Conv2dForm):
        (kh, kw), (dh, dw) = form.kernel, form.dilation

        def run(image: np.ndarray) -> np.ndarray:
            inner = naive.convolution(image[None], first.weight, first.bias, "relu", first.scale)
            return naive.convolution(
                inner, second.weight, second.bias, "identity", second.scale, dilation=form.dilation
            )[0, :, 0, 0]

        shape = (form.columns, dh * (kh - 1) + 1, dw * (kw - 1) + 1)  # the kernel fits once
        places = [(p * dh, q * dw) for p, q in product(range(kh), range(kw))]
    else:

        def run(image: np.ndarray) -> np.ndarray:
            inner = naive.dense(image[:, 0, 0], first.weight, first.bias, "relu", first.scale)
            return naive.dense(inner, second.weight, second.bias, "identity", second.scale)

        shape, places = (form.columns, 1, 1), [(0, 0)]
    bias = run(np.zeros(shape))
    found = []
    for sign in (1.0, -1.0):
        answer = np.empty((form.outputs, len(places), form.columns))
        for i, (at, place) in product(range(form.columns), enumerate(places)):
            image = np.zeros(shape)
            image[(i, *place)] = sign
            answer[:, at, i] = run(image) - bias
        found.append(answer.reshape(form.rows, form.columns))
    return found[0], found[1], bias


@pytest.mark.parametrize("name", TARGETS)
def test_effective_weights_are_what_the_pair_does_to_unit_images(name: str) -> None:
    target = TARGETS[name]
    rng = np.random.default_rng(0)
    found = slth.approximate(target, 5, rng=2)
    for ticket in (found, spoiled(found, target, rng, 0.2)):
        layers = ticket.network.linear
        for i, (piece, form) in enumerate(zip(ticket.effective(), target.forms, strict=True)):
            positive, negative, bias = responses(layers[2 * i], layers[2 * i + 1], form)
            for mine, theirs, gain in (
                (piece.positive, positive, piece.positive_gain),
                (piece.negative, negative, piece.negative_gain),
                (piece.bias, bias, piece.bias_gain),
            ):
                room = 1e-14 * piece.scale * (1 + np.abs(piece.bias_gain).max() + gain)
                assert (np.abs(piece.scale * mine - theirs) <= room).all()


@pytest.mark.parametrize(
    "name", [name for name, target in TARGETS.items() if len(target.layers) == len(target.linear) == 1]
)
def test_effective_weights_act_everywhere_alike(name: str) -> None:
    """Also at the border and with steps: y = activation(s (P * relu(x) + N * relu(-x) + b)) on random images."""
    target = TARGETS[name]
    form = target.forms[0]
    for share in (0.0, 0.3):
        ticket = spoiled(slth.approximate(target, 6, rng=1), target, np.random.default_rng(1), share)
        (piece,) = ticket.effective()
        for x in np.random.default_rng(0).uniform(-1, 1, (5, *target.shapes[0])):  # type: ignore[arg-type]
            values = form.act(piece.positive, np.maximum(x, 0)) + form.act(piece.negative, np.maximum(-x, 0))
            total = piece.scale * (values + form.spread(piece.bias))
            expected = np.vectorize(naive.ACTIVATIONS[form.activation])(total)
            np.testing.assert_allclose(ticket(x), expected, rtol=1e-11, atol=1e-11 * (1 + piece.scale))


def test_weight_errors_by_definition() -> None:
    for name in ("one convolution", "groups", "spread out"):
        target = TARGETS[name]
        ticket = slth.approximate(target, 9, rng=3)
        (piece,), layer = ticket.effective(), target.linear[0]
        weight, bias = layer.scale * layer.matrix, layer.scale * layer.bias
        worst = max(
            np.abs(piece.scale * piece.positive - weight).max(),
            np.abs(piece.scale * piece.negative + weight).max(),
            np.abs(piece.scale * piece.bias - bias).max(),
        )
        assert ticket.weight_error == pytest.approx(worst, rel=1e-9)


def test_constants_at_the_border_are_refused() -> None:
    """Masks that take a constant through a row that meets the border do not act like a bias."""
    target = TARGETS["a border"]
    ticket = slth.approximate(target, 8, rng=0)
    constants = ticket.masks.biases[0]
    assert constants is not None
    assert constants.any()
    bits = ticket.weight_mask(1)
    bits[:, constants] = True
    masks = replace(ticket.masks, weights=(ticket.masks.weights[0], np.packbits(bits, axis=1)))
    with pytest.raises(ValueError, match="takes a constant where it meets the border"):
        slth.Ticket.certified(ticket.source, masks, ticket.scales, ticket.construction, ticket.domain, target)


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TARGETS)
def test_there_and_back(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    ticket = slth.approximate(target, 5, domain=(0, 1), rng=2**100)
    ticket.save(tmp_path / "t.npz")
    loaded = slth.load(tmp_path / "t.npz")
    assert (loaded.certificate, loaded.scales, loaded.source) == (ticket.certificate, ticket.scales, ticket.source)
    x = np.random.default_rng(0).random((4, *target.shapes[0]))  # type: ignore[arg-type]
    assert loaded(x).tobytes() == ticket(x).tobytes()
    verified = loaded.verify(target)
    assert verified.error(x) == ticket.error(x) <= ticket.error_bound
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "t.npz").read_bytes()
    assert repr(loaded) == repr(ticket)
    assert loaded._repr_html_().startswith("<table>")


@pytest.mark.parametrize("other", ["stride", "padding", "kernel", "pool", "activation", "shortcut", "weights"])
def test_another_target_does_not_survive_verify(other: str) -> None:
    rng = np.random.default_rng(0)
    weight = rng.uniform(-1, 1, (2, 1, 3, 3))

    def target(change: str) -> Network:
        kernel = weight[:, :, :2, :2] if change == "kernel" else weight * (1 + 1e-15 * (change == "weights"))
        layer = Conv2d(
            kernel,
            None,
            "tanh" if change == "activation" else "relu",
            1.0,
            2 if change == "stride" else 1,
            0 if change == "padding" else 1,
        )
        pool = MaxPool2d(3 if change == "pool" else 2)
        return Network((layer, pool), (1, 8, 8))

    ticket = slth.approximate(target(""), 4, rng=0)
    assert ticket.verify(target("")).certificate == ticket.certificate
    with pytest.raises(ValueError):
        ticket.verify(TARGETS["residual"] if other == "shortcut" else target(other))


def test_what_it_says_and_draws() -> None:
    for name in ("residual", "groups", "max pool", "a sequence"):
        target = TARGETS[name]
        ticket = slth.approximate(target, 8, rng=0)
        assert f"error_bound={ticket.error_bound:.3g}" in repr(ticket)
        words = " ".join(layer.kind for layer in target.layers)
        assert words in ticket.summary()
        assert "x".join(map(str, ticket.source.shapes[1])) in ticket.summary()
        assert len(ticket.plot().axes) == 4
        ax = Figure().subplots()
        plots.effective_weights(ticket, target, ax=ax)
        wanted, found = (np.asarray(values) for values in ax.lines[1].get_data())
        assert np.abs(wanted - found).max() == pytest.approx(ticket.weight_error)


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "error", "message"),
    [
        (slth.Ball(4), ValueError, "domain must have the input dimension of the network, 32"),
        (slth.Box(np.zeros(16), np.ones(16)), ValueError, "input dimension of the network, 32"),
        ((np.zeros(2), np.ones(2)), ValueError, "input dimension of the network, 32"),
        ((np.zeros((2, 4, 4)), np.ones((2, 4, 4))), ValueError, r"must have 1 dimension\(s\), got shape \(2, 4, 4\)"),
        ((0, np.ones(31)), ValueError, "of one length"),
        (np.zeros((2, 4, 4)), TypeError, "domain must be None, a pair"),
        ((1.0, -1.0), ValueError, "lower <= upper"),
    ],
)
def test_wrong_domains(domain: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        slth.approximate(TARGETS["one convolution"], 2, domain=domain, rng=0)


def test_wrong_widths_of_residual_targets() -> None:
    target = TARGETS["residual with a shortcut"]
    assert len(target.linear) == 5
    assert slth.approximate(target, [2, 3, 4, 5, 6], rng=0).source.shapes[2] == (6, 2)
    with pytest.raises(ValueError, match="one for each of the 5 target layers, got 4"):
        slth.approximate(target, [2] * 4, rng=0)


def test_targets_without_weights() -> None:
    with pytest.raises(ValueError, match="holds no layer with weights to approximate"):
        slth.approximate(Network((MaxPool2d(2), Flatten()), (1, 4, 4)), 4, rng=0)


def test_images_of_any_size_are_refused() -> None:
    target = Network((conv(2, 1, 3), MaxPool2d(2)), (1, None, None))
    for epsilon in (None, 1.0):
        with pytest.raises(ValueError, match="fix input_shape"):
            slth.approximate(target, 4, epsilon=epsilon, rng=0)
