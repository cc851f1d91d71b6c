"""Burkholz, "Most activation functions can win the lottery without excessive depth" (NeurIPS 2022): depth L + 1 instead of 2 L.

Every hidden neuron of the target is made `width` times over. The first target layer is found by the two-layer construction, once for each
copy; from then on a target weight w_ji is, for every copy of neuron j, a subset sum over the random weights from the copies of neuron i,
which all carry (approximately) the same number. No layer is inserted but the first, and no weight needs two halves. The last layer has
one copy. Biases: each hidden layer has `width` further neurons that keep their bias alone and so are constants; their products with the
random weights, and the neuron's own random bias, are the candidates.

Since the copies of a neuron differ, an error is carried by the sum of the absolute kept weights, not by that of the target's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Construction, Effective, Masks, Problems, Weights
from slth.constructions.signs import halves
from slth.constructions.two_layer.deal import Deal, row_blocks
from slth.constructions.two_layer.effective import effective_layer
from slth.constructions.two_layer.plan import Piece
from slth.constructions.two_layer.rules import Answer, AnySubset, Rule
from slth.networks import Dense, Domain, Layer, Network, RandomSource
from slth.networks.activations import activation
from slth.networks.layers import DenseForm

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Copies:
    """A target layer after the first: subset sums over the copies of its inputs.

    Source layer `layer` has columns input * copies + copy, then `copies` constants if the layer has a bias; rows likewise for `made`
    copies of its outputs.
    """

    def __init__(
        self,
        target: Dense,
        source: RandomSource,
        layer: int,
        copies: int,
        made: int,
        before: tuple[str, float],
        rule: Rule,
    ) -> None:
        self.target, self.source, self.layer = target, source, layer
        self.copies, self.made, self.rule = copies, made, rule
        self.rows = target.d_out * made
        self.groups = target.d_in + (target.bias is not None)
        hidden = source.shapes[layer][1]
        self.kept = np.zeros((source.shapes[layer][0], -(-hidden // 8)), np.uint8)
        self.kept_bias = np.zeros(self.rows, np.bool_)
        self.errors = np.full((self.rows, self.groups), np.inf)
        self.constants = np.zeros(0)
        if target.bias is not None:
            self.constants = constants(source, layer - 1, target.d_in * copies, copies, *before)
        self.scale = rule.scale(self.problems(1.0), 0)

    def problems(self, scale: float | None = None) -> Iterator[Problems]:
        """Every row and group, in blocks solved in a fraction of a second."""
        step = max(1, min(int(1e8 / self.rule.cost(self.copies + 1)), -(-self.rows // 8) * self.groups))
        for block in row_blocks(self.rows, max(self.source.shapes[self.layer][1], 1)):
            count = (block.stop - block.start) * self.groups
            for start in range(0, count, step):
                row, group = np.divmod(np.arange(start, min(start + step, count)), self.groups)
                yield self._some(block.start + row, group, self.scale if scale is None else scale)

    def _some(self, rows: Ints, groups: Ints, scale: float) -> Problems:
        used, at = np.unique(rows, return_inverse=True)
        v = self.source.weight_rows(self.layer, int(used[0]), int(used[-1]) + 1)[used - used[0]]
        places = groups[:, None] * self.copies + np.arange(self.copies)
        samples = np.zeros((rows.size, self.copies + (self.target.bias is not None)))
        used_copies = min(self.copies, self.rule.most - 1)  # more would take the solver long
        samples[:, :used_copies] = v[at[:, None], places[:, :used_copies]]
        output = rows // self.made
        targets = np.empty(rows.size)
        weight = groups < self.target.d_in
        targets[weight] = self.target.weight[output[weight], groups[weight]]
        if self.target.bias is not None:
            own = self.source.bias_vector(self.layer)
            assert own is not None
            samples[~weight, : self.copies] *= self.constants
            samples[~weight, -1] = own[rows[~weight]]
            targets[~weight] = self.target.bias[output[~weight]]
        return Problems(
            self.layer - 1, scale, rows, groups, samples, np.zeros(samples.shape), targets * self.target.scale / scale
        )

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: Floats) -> None:
        rows, groups = problems.rows, problems.groups
        hidden = self.source.shapes[self.layer][1]
        used, at = np.unique(rows, return_inverse=True)
        bits = np.unpackbits(self.kept[used], axis=1, count=hidden)
        places = groups[:, None] * self.copies + np.arange(self.copies)
        bits[at[:, None], places] = chosen[:, : self.copies]
        self.kept[used] = np.packbits(bits, axis=1)
        bias = groups == self.target.d_in
        self.kept_bias[rows[bias]] = chosen[bias, -1] if self.target.bias is not None else False
        self.errors[rows, groups] = errors


def constants(source: RandomSource, layer: int, start: int, copies: int, name: str, scale: float) -> Floats:
    """What the constant neurons of a source layer put out: the activation of their biases."""
    biases = source.bias_vector(layer)
    assert biases is not None
    return np.asarray(activation(name)(scale * biases[start : start + copies]))


@dataclass(frozen=True)
class ExtraLayerPlan:
    """All layers; a `slth.constructions.Plan`."""

    source: RandomSource
    first: Piece
    others: tuple[Copies, ...]
    rule: Rule

    @property
    def scales(self) -> tuple[float, ...]:
        return self.first.scale, *(piece.scale for piece in self.others)

    @property
    def unsolved(self) -> int:
        errors = self.first.errors, *(piece.errors for piece in self.others)
        return sum(int(np.isinf(some).sum()) for some in errors)

    def rounds(self) -> Iterator[Iterator[Problems]]:
        def every() -> Iterator[Problems]:
            yield from self.first.problems(0)
            for piece in self.others:
                yield from piece.problems()

        yield every()
        for round_ in range(1, 1 + self.rule.rescues):
            yield self.first.problems(round_)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        return self.rule.choose(problems, tolerance)

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: Floats) -> None:
        piece = self.others[problems.layer - 1] if problems.layer else self.first
        piece.place(problems, chosen, errors)

    def masks(self) -> Masks:
        inner, inner_bias = self.first.first_masks()
        rows = self.source.shapes[1][0]
        outer = np.zeros((rows, self.first.kept.shape[1]), np.uint8)
        outer[: len(self.first.kept)] = self.first.kept
        weights = [inner, outer, *(piece.kept for piece in self.others)]
        biases: list[NDArray[np.bool_] | None] = [inner_bias]
        own = [self.first.kept_bias, *(piece.kept_bias for piece in self.others)]
        for layer, kept in enumerate(own, start=1):
            count = self.source.biases(layer)
            mask = np.zeros(count, np.bool_)
            mask[: kept.size] = kept[:count]
            if layer <= len(self.others):  # constants that the next layer uses
                above = np.bitwise_or.reduce(self.others[layer - 1].kept, axis=0)
                mask[kept.size :] = np.unpackbits(above, count=self.source.shapes[layer][0])[kept.size : count]
            biases.append(mask if count else None)
        return Masks(tuple(weights), tuple(biases))

    def worst(self, allowed: tuple[float, ...]) -> tuple[float, int, str]:
        over, missed, words = 0.0, 0, ""
        pieces: tuple[Piece | Copies, ...] = (self.first, *self.others)
        for layer, (piece, tolerance) in enumerate(zip(pieces, allowed, strict=True)):
            errors = piece.errors * piece.scale
            missed += int((errors > tolerance).sum())
            row, group = (int(i) for i in np.unravel_index(int(np.argmax(errors)), errors.shape))
            if errors[row, group] > over * tolerance:
                over = float(errors[row, group] / tolerance)
                words = f"layer {layer}, row {row}, is {errors[row, group]:.3g} off, its share of the budget is {tolerance:.3g}"
        return over, missed, words


@dataclass(frozen=True)
class ExtraLayer:
    """The construction; see the module."""

    rule: Rule = field(default_factory=AnySubset)
    law: str = "uniform"

    @property
    def name(self) -> str:
        return "one-extra-layer"

    def attempts(self, budget: bool) -> Iterator[Construction]:
        for rule in self.rule.attempts(budget):
            yield ExtraLayer(rule, self.law)

    def plan(self, target: Network, width: tuple[int, ...], domain: Domain, law: str, seed: int) -> ExtraLayerPlan:
        forms = _dense(target)
        shapes, biases, made = _layout(forms, width)
        source = RandomSource(seed, law, tuple(shapes), tuple(biases))
        (above, below), *_ = halves(target, domain)
        layers = target.linear
        first = layers[0]
        tiled = Dense(
            np.repeat(first.weight, made[0], axis=0),
            None if first.bias is None else np.repeat(first.bias, made[0]),
            first.activation,
            first.scale,
        )
        deal = Deal.of(source, 0, width[0], above, below, first.bias is not None, self.rule.most)
        piece = Piece(tiled, source, 0, deal, self.rule)
        others: list[Copies] = []
        scale = piece.scale
        for i, layer in enumerate(layers[1:]):
            before = layers[i].activation, scale
            others.append(Copies(layer, source, i + 2, made[i], made[i + 1], before, self.rule))
            scale = others[-1].scale
        return ExtraLayerPlan(source, piece, tuple(others), self.rule)

    def sufficient_width(
        self, target: Network, tolerances: tuple[float, ...], domain: Domain, law: str
    ) -> float | None:
        return None

    def check(self, source: RandomSource, skeleton: Network) -> None:
        forms = _dense(skeleton)
        if source.depth != len(forms) + 1:
            raise ValueError(f"a ticket with one extra layer has {len(forms) + 1} random layers, got {source.depth}")
        shapes, biases, _ = _layout(forms, _widths(source, forms))
        if tuple(shapes) != source.shapes or tuple(biases) != source.bias:
            raise ValueError(f"a source of shapes {source.shapes} does not stand for layers {forms}")

    def layers(
        self, source: RandomSource, weights: Weights, skeleton: Network, scales: tuple[float, ...], at: int
    ) -> tuple[Layer, ...]:
        form = skeleton.forms[at]
        outer, outer_bias = weights(at + 1)
        layer = Dense(outer, outer_bias, form.activation, scales[at])
        if at:
            return (layer,)
        inner, inner_bias = weights(0)
        return Dense(inner, inner_bias, "relu"), layer

    def effective(
        self, source: RandomSource, masks: Masks, skeleton: Network, scales: tuple[float, ...]
    ) -> list[Effective]:
        self.check(source, skeleton)
        forms = _dense(skeleton)
        made = _widths(source, forms)[1:]
        copies = (*made, 1)
        first = DenseForm(source.shapes[1][0], forms[0].d_in, source.biases(1) > 0, forms[0].activation)
        piece = effective_layer(source, masks, 0, scales[0], first)
        found = [_rows(piece, forms[0].d_out * copies[0], copies[0])]
        for i, form in enumerate(forms[1:], start=1):
            found.append(
                _effective(source, masks, i + 1, form, copies[i - 1], copies[i], scales[i - 1 : i + 1], forms[i - 1])
            )
        return found


def _dense(network: Network) -> tuple[DenseForm, ...]:
    if not (network.is_dense or network.is_dense_skeleton):
        raise ValueError(f"one-extra-layer takes networks of dense layers, got {network!r}; use 'two-layer'")
    return tuple(form for form in network.forms if isinstance(form, DenseForm))


def _layout(
    forms: tuple[DenseForm, ...], width: tuple[int, ...]
) -> tuple[list[tuple[int, int]], list[int], tuple[int, ...]]:
    """Shapes and numbers of biases of the source's layers, and the copies of each target layer's outputs."""
    made = (*width[1:], 1)
    columns = forms[0].d_in
    rows = width[0] * columns
    shapes, biases = [(rows, columns)], [rows * forms[0].bias]
    for i, form in enumerate(forms):
        columns = rows
        fixed = i + 1 < len(forms) and forms[i + 1].bias
        rows = made[i] * (form.d_out + fixed)
        shapes.append((rows, columns))
        biases.append(rows if form.bias or fixed else 0)
    return shapes, biases, made


def _widths(source: RandomSource, forms: tuple[DenseForm, ...]) -> tuple[int, ...]:
    """The widths that give a source of these shapes, if any do."""
    found = [source.shapes[0][0] // forms[0].d_in]
    for i, form in enumerate(forms[:-1]):
        found.append(max(source.shapes[i + 1][0] // (form.d_out + forms[i + 1].bias), 1))
    return tuple(found)


def _rows(piece: Effective, rows: int, copies: int) -> Effective:
    """The rows that stand for outputs of the target, without the constants."""
    return Effective(
        piece.positive[:rows], piece.negative[:rows], piece.bias[:rows], piece.positive_gain[:rows],
        piece.negative_gain[:rows], piece.bias_gain[:rows], piece.terms, piece.scale, piece.activation, copies,
    )  # fmt: skip


def _effective(
    source: RandomSource,
    masks: Masks,
    layer: int,
    form: DenseForm,
    copies: int,
    made: int,
    scales: tuple[float, ...],
    before: DenseForm,
) -> Effective:
    """Source layer `layer` as a layer of the target, once for every copy of its outputs."""
    rows, columns = form.d_out * made, form.d_in * copies
    total, gain = np.zeros((rows, form.d_in)), np.zeros((rows, form.d_in))
    bias, bias_gain = np.zeros(rows), np.zeros(rows)
    _check_constants(masks, layer - 1, columns)
    fixed = constants(source, layer - 1, columns, copies, before.activation, scales[0]) if form.bias else np.zeros(0)
    if form.bias:  # a constant whose own bias is pruned is what the activation makes of nothing
        alive = masks.biases[layer - 1]
        assert alive is not None
        fixed = np.where(alive[columns:], fixed, float(activation(before.activation)(np.zeros(1))[0]))
    terms = 0
    for block in row_blocks(rows, source.shapes[layer][1]):
        bits = np.unpackbits(masks.weights[layer][block], axis=1, count=source.shapes[layer][1])
        v = source.weight_rows(layer, block.start, block.stop)
        v *= bits[: len(v)]
        inputs = v[:, :columns].reshape(len(v), form.d_in, copies)
        total[block], gain[block] = inputs.sum(axis=2), np.abs(inputs).sum(axis=2)
        if form.bias:
            bias[block], bias_gain[block] = v[:, columns:] @ fixed, np.abs(v[:, columns:]) @ np.abs(fixed)
        terms = max(terms, int(np.count_nonzero(v, axis=1).max()))
    kept = masks.biases[layer]
    own = source.bias_vector(layer)
    if kept is not None and own is not None:
        mine = np.where(kept, own, 0.0)[:rows]
        bias, bias_gain = bias + mine, bias_gain + np.abs(mine)
    # 64: the activation that makes the constants is rounded too
    return Effective(
        total, -total, bias, gain, gain, bias_gain, terms + 65, scales[1], form.activation, made, copies > 1
    )


def _check_constants(masks: Masks, layer: int, start: int) -> None:
    if masks.weights[layer][start:].any():
        raise ValueError(f"not a ticket with one extra layer: a constant neuron of layer {layer} keeps a weight")
