"""What each neuron of the last hidden layer can add to the outputs: a group of entries, one for all local masks that add the same.

The parameters of a group are those that lead to its neuron, then those that lead on. A bias of an output is a group of its own, and
without a hidden layer so is every parameter. A mask of the network is one entry of each group (and a mask of the layers below).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slth.census.forward import Bools, Floats, Numbered, numbered
from slth.census.kernels import walk as kernel
from slth.census.question import Question
from slth.census.tally import Tally
from slth.census.windows import Windows
from slth.networks.activations import activation

Ints = NDArray[np.int64]

CODES = {
    "relu": kernel.RELU,
    "identity": kernel.IDENTITY,
    "leaky-relu": kernel.LEAKY,
    "tanh": kernel.TANH,
    "sigmoid": kernel.SIGMOID,
    "gelu": kernel.GELU,
    "gelu-tanh": kernel.GELU_TANH,
}


def code_of(name: str) -> tuple[int, float]:
    """What the kernels call an activation, and its slope below zero."""
    code = CODES[name.split("(")[0]]
    slope = -float(activation(name)(np.array([-1.0]))[0]) if code == kernel.LEAKY else 0.0
    return code, slope


@dataclass(frozen=True, eq=False)
class Group:
    """Entries of one neuron.

    Attributes
    ----------
    into, onto : (f,), (o,) int64
        Numbers of the parameters that lead to it, and of those that lead on.
    values : (entries, d_out * k) float64, or None where they depend on the layers below
    radii : (entries,) float64, or None
        Bounds of the rounding of `values`, and of their sum over the groups.
    masks : (local masks,) int64
        Bits of the parameters, those of one entry together, ascending.
    starts : (entries + 1,) int64
        Where those of an entry begin.
    """

    into: Ints
    onto: Ints
    values: Floats | None
    radii: Floats | None
    masks: Ints
    starts: Ints

    @property
    def entries(self) -> int:
        return self.starts.size - 1

    @cached_property
    def sizes(self) -> tuple[Ints, Ints]:
        """Of each local mask, how many parameters it keeps that lead to the neuron, and how many that lead on."""
        f = self.into.size
        bits = (self.masks[:, None] >> np.arange(f + self.onto.size)) & 1
        return bits[:, :f].sum(axis=1), bits[:, f:].sum(axis=1)

    def polynomials(self, stride: int, length: int) -> Ints:
        """(entries, length): how many local masks of an entry have size (to it) + stride * (onwards)."""
        into, onto = self.sizes
        entry = np.repeat(np.arange(self.entries), np.diff(self.starts))
        counts = np.bincount(entry * length + into + stride * onto, minlength=self.entries * length)
        return counts.reshape(self.entries, length).astype(np.int64)

    @cached_property
    def numbers(self) -> Ints:
        """Numbers of its parameters, in the order of the bits."""
        return np.concatenate([self.into, self.onto])


def local_masks(f: int, o: int, without_dead: bool) -> tuple[Ints, Ints]:
    """Local masks of a neuron, and the entry that `kernel.fill` has for each; those with dead ends left away if asked."""
    masks = np.arange(1 << (f + o), dtype=np.int64)
    into, onto = masks & ((1 << f) - 1), masks >> f
    entry = np.where(onto == 0, 0, 1 + into * ((1 << o) - 1) + onto - 1)
    if without_dead:
        kept = (into == 0) == (onto == 0)
        masks, entry = masks[kept], entry[kept]
    return masks, entry


def most_entries(question: Question) -> tuple[list[int], int]:
    """How many entries each group has at most, and how many parameters the layers below have."""
    layers = numbered(question.parameters)
    last = layers[-1]
    biases = [2] * int((last.bias >= 0).sum())
    if len(layers) == 1:
        return [2] * last.count, 0
    into = (layers[-2].weight >= 0).sum(axis=1) + (layers[-2].bias >= 0)
    onto = (last.weight >= 0).sum(axis=0)
    neurons = [1 + ((1 << f) * ((1 << o) - 1)) for f, o in zip(into.tolist(), onto.tolist(), strict=True)]
    return neurons + biases, sum(item.count for item in layers[:-2])


def _by_entry(entry: Ints, masks: Ints, entries: int) -> tuple[Ints, Ints]:
    order = np.argsort(entry, kind="stable")
    return masks[order], np.concatenate([[0], np.cumsum(np.bincount(entry, minlength=entries))]).astype(np.int64)


def merged(values: Floats, radii: Floats, whole: bool) -> tuple[Ints, Ints]:
    """(which, first): the entry that each of some vectors becomes, and the first vector of each; vectors are merged if surely equal.

    Equal floats are equal numbers only where they are not rounded.
    """
    same = np.flatnonzero(np.full(radii.size, whole) | (radii == 0))
    which = np.arange(radii.size)
    if same.size:
        rows = np.ascontiguousarray(values[same] + 0.0)  # -0 becomes 0
        _, first, inverse = np.unique(
            rows.view(f"V{rows.shape[1] * 8}").reshape(-1), return_index=True, return_inverse=True
        )
        which[same] = same[first][inverse.reshape(-1)]
    kept, renumbered = np.unique(which, return_inverse=True)
    return renumbered.reshape(-1).astype(np.int64), kept


def groups_of(windows: Windows, without_dead: bool, *, fixed: bool = True) -> list[Group]:
    """The groups of a network's last two layers (or its only one), the neurons first, then the biases of the outputs.

    With `fixed` the inputs are those of the question and equal vectors are merged; else only the masks are told.
    """
    layers = windows.layers
    last, k = layers[-1], windows.inputs.shape[1]
    d = last.layer.d_out * k
    hidden = last.layer.d_in if len(layers) > 1 else 0
    spread = 4.0 * (windows.question.parameters.count + 4)
    groups = []
    for i in range(hidden):
        groups.append(_neuron(windows, layers[-2], last, i, without_dead, spread, fixed))
    if not hidden:
        for r, j in np.argwhere(last.weight >= 0).tolist():
            value = np.zeros((2, d))
            value[1, r * k : (r + 1) * k] = last.layer.weight[r, j] * windows.inputs[j]
            off = (
                np.abs(last.layer.weight[r, j]) * windows.off[j].max()
                + (spread + 1) * windows.unit * np.abs(value).max()
            )
            some = windows.tiny if windows.inputs[j].any() or windows.off[j].any() else 0.0
            groups.append(_single(int(last.weight[r, j]), value, 2.0 * (float(off) + some), windows.margin))
    for r in np.flatnonzero(last.bias >= 0).tolist():
        value = np.zeros((2, d))
        value[1, r * k : (r + 1) * k] = last.biases[r]
        groups.append(
            _single(int(last.bias[r]), value, 2.0 * spread * windows.unit * abs(float(last.biases[r])), windows.margin)
        )
    return groups


def _single(number: int, values: Floats, radius: float, margin: float) -> Group:
    """One parameter that leads to the outputs."""
    radii = np.array([0.0, radius + margin if radius else 0.0])
    nothing = np.empty(0, np.int64)
    if not radius and not values.any():
        values, radii, starts = values[:1], radii[:1], np.array([0, 2])
    else:
        starts = np.array([0, 1, 2])
    return Group(nothing, np.array([number]), values, radii, np.arange(2, dtype=np.int64), starts)


def _neuron(
    windows: Windows, layer: Numbered, last: Numbered, i: int, without_dead: bool, spread: float, fixed: bool
) -> Group:
    columns, rows = np.flatnonzero(layer.weight[i] >= 0), np.flatnonzero(last.weight[:, i] >= 0)
    biased = int(layer.bias[i] >= 0)
    into = np.concatenate([layer.weight[i, columns], layer.bias[i : i + biased]])
    onto = last.weight[rows, i]
    f, o = into.size, onto.size
    masks, entry = local_masks(f, o, without_dead)
    entries = 1 + (1 << f) * ((1 << o) - 1)
    if not fixed:
        return Group(into, onto, None, None, *_by_entry(entry, masks, entries))
    k = windows.inputs.shape[1]
    ones = np.ones((biased, k))
    values, radii = np.empty((entries, last.layer.d_out * k)), np.empty(entries)
    weights = np.concatenate([layer.layer.weight[i, columns], layer.biases[i : i + biased]])
    code, slope = code_of(layer.layer.activation)
    kernel.fill(
        np.concatenate([windows.inputs[columns], ones]), np.concatenate([windows.off[columns], 0 * ones]), weights, layer.layer.scale,
        code, slope, np.ascontiguousarray(last.layer.weight[rows, i]), rows, spread, windows.unit, windows.tiny, values, radii,
    )  # fmt: skip
    radii = np.where(radii > 0, radii + windows.margin, 0.0)
    used = np.unique(entry)
    which, first = merged(values[used], radii[used], windows.unit == 0)
    place = np.zeros(entries, np.int64)
    place[used] = which
    return Group(into, onto, values[used][first], radii[used][first], *_by_entry(place[entry], masks, first.size))


@dataclass(frozen=True, eq=False)
class Tables:
    """Groups one after another, as kernels take them: group g has the entries starts[g] to starts[g + 1]."""

    groups: Sequence[Group]
    polys: Ints
    starts: Ints
    stride: int
    hidden: bool  # whether there is a hidden layer

    @classmethod
    def of(cls, groups: Sequence[Group], by_layer: bool, hidden: bool) -> Tables:
        """With an index for every size, or with `by_layer` for every pair of them in the two layers: (to neurons) + stride * (onwards)."""
        into, onto = (
            sum(numbers.size for numbers in (getattr(group, name) for group in groups)) for name in ("into", "onto")
        )
        stride, length = (into + 1, (into + 1) * (onto + 1)) if by_layer else (1, into + onto + 1)
        starts = np.cumsum([0, *(group.entries for group in groups)]).astype(np.int64)
        polys = (
            np.concatenate([group.polynomials(stride, length) for group in groups])
            if groups
            else np.zeros((0, length), np.int64)
        )
        return cls(groups, polys, starts, stride, hidden)

    def every(self) -> Ints:
        """(length,): how many combinations there are in all, by size index."""
        length = self.polys.shape[1]
        total = np.zeros(length, np.int64)
        total[0] = 1
        for begin, end in itertools.pairwise(self.starts.tolist()):
            total = np.convolve(total, self.polys[begin:end].sum(axis=0))[:length]
        return total

    def tally(self, sure: Ints, undecided: Ints, by_layer: bool, below: tuple[int, ...] = ()) -> Tally:
        """What numbers of masks by size index say: by the sizes in all layers, those of the layers below given; or by one size."""
        tally = Tally()
        for index in np.flatnonzero((sure > 0) | (undecided > 0)).tolist():
            sizes = (*below, *([index % self.stride] if self.hidden else []), index // self.stride)
            tally.add(sizes if by_layer else (sum(below) + index,), int(sure[index]), int(undecided[index]))
        return tally

    def product(self, entries: Ints) -> Ints:
        """(n, length): how many masks of each size index some combinations (n, groups) of entries stand for."""
        length = self.polys.shape[1]
        polys = np.zeros((len(entries), length), np.int64)
        polys[:, 0] = 1
        for g in range(len(self.groups)):
            more, grown = self.polys[self.starts[g] + entries[:, g]], np.zeros_like(polys)
            for b in np.flatnonzero(more.any(axis=0)).tolist():
                grown[:, b:] += polys[:, : length - b] * more[:, b : b + 1]
            polys = grown
        return polys

    def expanded(self, entries: Ints, m: int) -> tuple[Bools, Ints]:
        """All masks (count, m) of some combinations (n, groups) of entries, and which combination each belongs to."""
        members = [group.starts[entries[:, g] + 1] - group.starts[entries[:, g]] for g, group in enumerate(self.groups)]
        totals = (
            np.prod(np.array(members, np.int64).reshape(len(self.groups), -1), axis=0)
            if members
            else np.ones(len(entries), np.int64)
        )
        which = np.repeat(np.arange(len(entries)), totals)
        left = np.arange(which.size) - np.repeat(np.cumsum(totals) - totals, totals)
        masks = np.zeros((which.size, m), np.bool_)
        for g, group in enumerate(self.groups):
            count = members[g][which]
            self._put(masks, group, group.masks[group.starts[entries[which, g]] + left % count])
            left //= count
        return masks, which

    def representatives(self, entries: Ints, m: int) -> Bools:
        """The first mask (n, m) of each combination."""
        masks = np.zeros((len(entries), m), np.bool_)
        for g, group in enumerate(self.groups):
            self._put(masks, group, group.masks[np.minimum(group.starts[entries[:, g]], group.masks.size - 1)])
        return masks

    @staticmethod
    def _put(masks: Bools, group: Group, local: Ints) -> None:
        masks[:, group.numbers] = (local[:, None] >> np.arange(group.numbers.size)) & 1
