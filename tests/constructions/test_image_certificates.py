"""Certificates of convolutional and residual targets, and of sequences, under attack; budgets that keep to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slth
from slth.certificate import certify, tolerances
from slth.constructions import Effective
from slth.networks import Conv2d, Dense, Flatten, Layer, Network, Residual
from tests.attacked import attacked, domain_of
from tests.constructions.image_targets import TARGETS, dense
from tests.spoiled import spoiled

DOMAINS = ("unit", "positive", "negative", "away from 0", "below 0", "mixed", "point", "zero", "huge", "tiny", "ball")


@pytest.mark.parametrize("kind", DOMAINS)
def test_the_bound_is_never_undercut(kind: str) -> None:
    some = list(enumerate(TARGETS.values()))[
        DOMAINS.index(kind) % 4 :: 4
    ]  # each of them in two kinds of domain or three
    for i, target in some:
        rng = np.random.default_rng([i, DOMAINS.index(kind)])
        domain = domain_of(kind, target.widths[0], rng)
        ticket = slth.approximate(target, int(rng.choice([1, 3, 8])), domain=domain, rng=i, workers=1)
        attacked(ticket, target, rng)
        attacked(spoiled(ticket, target, rng, 0.1), target, rng)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_the_bound_is_never_undercut_at_length(name: str) -> None:
    target = TARGETS[name]
    for seed in range(30):
        rng = np.random.default_rng(seed)
        domain = domain_of(DOMAINS[seed % len(DOMAINS)], target.widths[0], rng)
        ticket = slth.approximate(target, int(rng.integers(1, 16)), domain=domain, rng=seed, workers=1)
        attacked(ticket, target, rng, effort=4)
        attacked(spoiled(ticket, target, rng, float(rng.uniform(0, 0.5))), target, rng, effort=4)


def random_target(rng: np.random.Generator) -> Network:
    """A convolution of any kind, perhaps pooled, perhaps followed by another one or a dense layer."""
    groups = int(rng.choice([1, 1, 2]))
    kernel = rng.integers(1, 4, 2)
    padding = [int(rng.integers(0, (k - 1) // 2 + 1)) for k in kernel]
    dilation = [int(v) for v in rng.integers(1, 3, 2)]
    weight = rng.uniform(-1, 1, (2 * groups, 2, *kernel)) * 10 ** rng.uniform(-1, 1)
    weight[rng.random(weight.shape) < 0.2] = 0
    names = ["relu", "identity", "gelu", "tanh", "leaky-relu(0.2)", "leaky-relu(-2)"]
    bias = rng.uniform(-1, 1, 2 * groups) if rng.random() < 0.6 else None
    first = Conv2d(
        weight, bias, str(rng.choice(names)), float(10 ** rng.uniform(-2, 2)), tuple(map(int, rng.integers(1, 3, 2))), tuple(padding),
        tuple(dilation), groups,
    )  # fmt: skip
    shape = (2 * groups, *(int(d * (k - 1) + 1 + rng.integers(0, 3)) for k, d in zip(kernel, dilation, strict=True)))
    layers: list[Any] = [first]
    out = Network((first,), shape).shapes[-1]
    if rng.random() < 0.5:
        layers.append(Conv2d(rng.uniform(-1, 1, (2, 2 * groups, 1, 1)), None, str(rng.choice(names))))
        out = (2, *out[1:])
    if rng.random() < 0.5:
        layers += [
            Flatten(),
            Dense(rng.uniform(-1, 1, (2, int(np.prod(np.array(out))))), rng.uniform(-1, 1, 2), "identity"),
        ]
    return Network(tuple(layers), shape)


def test_random_convolutions_keep_to_their_bounds() -> None:
    for seed in range(15):
        rng = np.random.default_rng(seed)
        target = random_target(rng)
        domain = domain_of(str(rng.choice(DOMAINS)), target.widths[0], rng)
        ticket = slth.approximate(target, int(rng.choice([1, 3, 8])), domain=domain, rng=seed, workers=1)
        attacked(ticket, target, rng)
        attacked(spoiled(ticket, target, rng, 0.2), target, rng)


def exact_sup(ticket: slth.Ticket, target: Network) -> float:
    """Of one linear layer: the difference is a sum of functions of one pixel each, largest or smallest at an end or at 0."""
    low, high = ticket.domain.lower, ticket.domain.upper
    d = low.size

    def gap(x: np.ndarray) -> np.ndarray:
        images = x.reshape(-1, *target.shapes[0])  # type: ignore[arg-type]
        return (ticket(images) - target(images)).reshape(len(x), -1)

    at_zero = gap(np.zeros((1, d)))
    parts = np.array([gap(np.diag(ends)) - at_zero for ends in (low, high, np.clip(0.0, low, high))])
    return float(max((at_zero + parts.max(axis=0).sum(axis=0)).max(), -(at_zero + parts.min(axis=0).sum(axis=0)).min()))


@pytest.mark.parametrize("kind", ["unit", "positive", "negative", "away from 0", "mixed"])
def test_tight_for_one_linear_convolution(kind: str) -> None:
    """The supremum is exact, pixel by pixel, where all pixels have one interval; else the bound is at most twice as large."""
    for name in ("one convolution", "a border", "one channel at a time"):
        target = TARGETS[name]
        rng = np.random.default_rng(0)
        ticket = slth.approximate(target, 6, domain=domain_of(kind, target.widths[0], rng), rng=4)
        sup = exact_sup(ticket, target)
        factor = 2.0 if kind == "mixed" else 1 + 1e-6
        assert sup * (1 - 1e-9) <= ticket.error_bound <= factor * sup
        assert attacked(ticket, target, rng) > 0.3


def test_bounds_of_one_pixel_each_are_no_wider() -> None:
    """A box that differs between pixels, inside a uniform one."""
    target = TARGETS["one convolution"]
    d = target.widths[0]
    ticket = slth.approximate(target, 6, rng=4)
    pieces = ticket.effective()
    for low, high in ((0.0, 1.0), (-1.0, 0.0), (-1.0, 1.0)):
        whole = certify(pieces, target, slth.Box(np.full(d, low), np.full(d, high))).error_bound
        ends = np.full(d, low), np.full(d, high)
        ends[1 if low == 0 else 0][3] *= 0.5  # one pixel
        part = certify(pieces, target, slth.Box(*ends)).error_bound
        assert part <= whole * (1 + 1e-9)


def test_a_convolution_of_the_whole_image_is_a_dense_layer() -> None:
    """The same effective weights, written as either, have the same certificate."""
    rng = np.random.default_rng(0)
    weight, bias = rng.uniform(-1, 1, (3, 2, 2, 3)), rng.uniform(-1, 1, 3)
    image = Network((Conv2d(weight, bias, "identity"),), (2, 2, 3))
    flat = Network((Dense(weight.reshape(3, -1), bias, "identity"),))
    ticket = slth.approximate(image, 6, rng=0)
    (piece,) = ticket.effective()

    def dense_rows(matrix: np.ndarray) -> np.ndarray:
        return np.asarray(matrix.reshape(3, 2, 3, 2).transpose(0, 3, 1, 2).reshape(3, 12))

    names = ("positive", "negative", "positive_gain", "negative_gain")
    other: Effective = replace(piece, **{name: dense_rows(getattr(piece, name)) for name in names})
    for kind in ("unit", "positive", "away from 0", "point"):
        domain = domain_of(kind, 12, rng)
        a, b = certify([piece], image, domain), certify([other], flat, domain)
        if kind == "point":  # every pixel has bounds of its own, and of one sign
            assert a.error_bound == pytest.approx(b.error_bound, rel=1e-6)
        else:
            assert a.error_bound == pytest.approx(b.error_bound, rel=1e-9)
        assert a.weight_error == b.weight_error


def test_errors_of_branches_add_up() -> None:
    """One branch that is exact: the bound of the other; the same branch twice: twice its bound; an empty shortcut adds nothing."""
    layer, zero, square = dense(2, 3, name="identity"), Dense(np.zeros((2, 3)), None, "identity"), dense(2, 2)

    def pieces(part: Dense) -> list[Effective]:
        return slth.approximate(Network((part,)), 4, rng=0, domain=(-1, 1)).effective()

    def bound(parts: list[Effective], *layers: Layer) -> float:
        d = 3 if layers[0] is not square else 2
        return certify(parts, Network(layers, (d,)), slth.Box(-np.ones(d), np.ones(d))).error_bound

    alone = bound(pieces(layer), layer)
    assert alone > 1e-3
    assert bound(pieces(layer) + pieces(zero), Residual((layer,), (zero,))) == pytest.approx(alone, rel=1e-9)
    assert bound(pieces(zero) + pieces(layer), Residual((zero,), (layer,))) == pytest.approx(alone, rel=1e-9)
    assert bound(pieces(layer) * 2, Residual((layer,), (layer,))) == pytest.approx(2 * alone, rel=1e-9)
    nothing = Dense(np.zeros((2, 2)), None, "identity")
    before = bound(pieces(square), square)
    assert bound(pieces(square) + pieces(nothing), square, Residual((nothing,))) == pytest.approx(before, rel=1e-9)


def test_positions_of_a_sequence_are_bounded_alike() -> None:
    """A dense layer on every position: the bound of one position, whatever their number."""
    layer = dense(3, 2, name="identity")
    one = Network((layer,))
    ticket = slth.approximate(one, 6, rng=0)
    alone = certify(ticket.effective(), one, slth.Box(-np.ones(2), np.ones(2)))
    for count in (1, 2, 3, 5):
        many = Network((layer,), (count, 2))
        box = slth.Box(-np.ones(2 * count), np.ones(2 * count))
        assert certify(ticket.effective(), many, box).error_bound == pytest.approx(alone.error_bound, rel=1e-12)
        assert slth.approximate(many, 6, rng=0).weight_error == ticket.weight_error


# --- budgets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TARGETS)
def test_tolerances_keep_the_budget(name: str) -> None:
    """Weights that are off by just their tolerance, all in one direction, certify within epsilon."""
    target = TARGETS[name]
    rng = np.random.default_rng(0)
    for kind, epsilon in (("unit", 0.3), ("positive", 1e-4), ("mixed", 10.0)):
        domain = domain_of(kind, target.widths[0], rng)
        allowed = tolerances(target, domain, epsilon)
        assert len(allowed) == len(target.linear)
        pieces = slth.approximate(target, 1, rng=0, domain=domain, workers=1).effective()
        off = []
        for piece, layer, t in zip(pieces, target.linear, allowed, strict=True):
            weight = layer.scale * layer.matrix
            bias = np.zeros(layer.form.outputs) if layer.bias is None else layer.scale * layer.bias
            every = t * (np.ones(weight.shape) if layer.form.structure is None else layer.form.structure)
            off.append(
                replace(
                    piece,
                    scale=1.0,
                    positive=weight + every,
                    negative=-weight + every,
                    bias=bias + t,
                    positive_gain=np.abs(weight) + every,
                    negative_gain=np.abs(weight) + every,
                    bias_gain=np.abs(bias) + t,
                )
            )
        assert certify(off, target, domain).error_bound <= epsilon + 1e-9


def wider(error: slth.EpsilonError, width: int) -> int:
    """The width that the message names."""
    assert f"width={width}" in str(error)
    assert "layer " in str(error)
    assert error.width is not None
    assert error.width > width
    return error.width


@pytest.mark.parametrize(
    ("name", "budgets"),
    [
        ("two convolutions", [1.0]), ("max pool", [5.0, 1.0]), ("residual with a shortcut", [5.0]), ("dense residual", [1.0]),
        ("groups", [1.0]), ("a sequence", [1.0]),
    ],
)  # fmt: skip
def test_a_budget_is_kept_or_refused_with_a_width(name: str, budgets: list[float]) -> None:
    target = TARGETS[name]
    for epsilon in budgets:
        width = 4
        for _ in range(6):
            try:
                ticket = slth.approximate(target, width, epsilon=epsilon, rng=1)
            except slth.EpsilonError as error:
                width = wider(error, width)
            else:
                assert ticket.error_bound <= epsilon
                attacked(ticket, target, np.random.default_rng(0))
                break
        else:
            pytest.fail("six widths were not enough")


@pytest.mark.parametrize(
    "construction", ["malach", "best-product", "orseau", "n-of-m(1, 2)", "fixed-size(2)", "partly-frozen(0.25)"]
)
def test_other_rules_on_images(construction: str, tmp_path: Path) -> None:
    for name in ("two convolutions", "residual", "groups"):
        target = TARGETS[name]
        ticket = slth.approximate(target, 16, construction=construction, rng=0)
        attacked(ticket, target, np.random.default_rng(0))
        ticket.save(tmp_path / "t.npz")
        assert slth.load(tmp_path / "t.npz").verify(target).certificate == ticket.certificate
