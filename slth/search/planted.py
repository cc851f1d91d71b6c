"""Fischer, Burkholz, "Plant 'n' seek: can you find the winning ticket?" (ICLR 2022): searches held against a ticket that is known.

A small network that solves a task is planted in a random one: for each of its neurons the source neuron most like it is chosen, and its
weights from the neurons chosen before are overwritten. All else stays random. A search is then asked to find it again.

Tasks: *relu*, y = max(0, x), one weight a layer; *circle*, four classes of x1^2 + x2^2 with the boundaries 0.2, 0.5, 0.7, squares piecewise
linear with 10 knots; *helix*, x in [-1, 1] to (y cos y, y sin y, y) / (8 pi), y = 5 pi + 3 pi x, piecewise linear with 30 knots.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.networks import Dense, Network
from slth.networks.archive import arrays_of
from slth.search.losses import loss_and_slope
from slth.search.objective import Objective, classification, regression
from slth.search.result import SearchResult
from slth.search.sources import random_network
from slth.validation import one_of, positive_int

Floats = NDArray[np.float64]
_BOUNDARIES = (0.2, 0.5, 0.7)


@dataclass(frozen=True, eq=False, repr=False)
class Planted:
    """A random network with a ticket in it.

    Attributes
    ----------
    task : str
    source : Network
    ticket : Network
        The planted network, in the shape of the source: zero where it has no weight.
    small : Network
        The same before it was planted; it computes the same up to rounding.
    objective : Objective
        Inputs and what is wanted there; none held out.
    """

    task: str
    source: Network
    ticket: Network
    small: Network
    objective: Objective

    @cached_property
    def mask(self) -> dict[str, NDArray[np.bool_]]:
        """True where the ticket has a weight or bias."""
        return {name: array != 0 for name, array in arrays_of(self.ticket).items()}

    @property
    def size(self) -> int:
        """Weights and biases of the ticket."""
        return self.ticket.kept

    @property
    def density(self) -> float:
        """What a search is to be asked for, so that it could find just the ticket."""
        return self.size / self.source.kept

    @cached_property
    def loss(self) -> float:
        """Of the ticket, as `SearchResult.loss` of a search for `objective`."""
        outputs = self.ticket(self.objective.inputs).astype(np.float32)
        return loss_and_slope(outputs, self.objective.wanted, self.objective.loss)[0]

    def recovery(self, found: SearchResult) -> float:
        """Share of the ticket's weights and biases that a search has found.

        Another ticket may do as well: of the 100 paths of ``plant("relu", 2, 100)``, one weight and another, a second one may by chance
        have a gain next to 1, and is no worse an answer. So hold `SearchResult.loss` against `loss`, too.
        """
        common = sum(int((found.mask[name] & mask).sum()) for name, mask in self.mask.items())
        return common / self.size

    def __repr__(self) -> str:
        widths = "-".join(map(str, self.source.widths))
        return (
            f"Planted({self.task}, {self.size} weights of {self.source.kept:,} in {widths}, density {self.density:.3%})"
        )


def plant(
    task: str, depth: int = 3, width: int = 100, *, law: str = "kaiming-normal", count: int = 4096, rng: Any = None
) -> Planted:
    """A random network of `depth` layers with `width` neurons in each hidden one, with the ticket of a task planted.

    Parameters
    ----------
    task : {"relu", "circle", "helix"}
    depth : int
        Layers with weights; at least 2 (relu, helix) or 3 (circle).
    width : int
        At least as many as the ticket needs.
    law : str
        Of `random_network`, with biases that are not zero.
    count : int
        Inputs of the objective, uniform on [-1, 1]^d.
    rng : seed or numpy.random.Generator, optional

    Raises
    ------
    ValueError
        If depth or width is too small for the task; the message says how much it needs.
    """
    one_of(task, TASKS, "task")
    random = np.random.default_rng(rng)
    small = TASKS[task](positive_int(depth, "depth"))
    needed = max(small.widths[1:-1])
    if positive_int(width, "width") < needed:
        raise ValueError(
            f"the ticket of {task!r} has {needed} neurons in a layer, got width={width}; use width={needed} or more"
        )
    widths = [small.widths[0], *[width] * (depth - 1), small.widths[-1]]
    drawn = random_network(widths, law=law, biases="non-zero", rng=random)
    source, ticket = _planted(drawn, small)
    x = random.uniform(-1, 1, (positive_int(count, "count"), small.widths[0]))
    if task == "circle":
        objective = classification(x, np.searchsorted(_BOUNDARIES, (x**2).sum(axis=1)))
    else:
        objective = regression(x, _helix(x) if task == "helix" else np.maximum(x, 0))
    return Planted(task, source, ticket, small, objective)


def _planted(source: Network, small: Network) -> tuple[Network, Network]:
    """Overwrite, layer by layer, the rows most like the ticket's: same signs first, in the inputs chosen before.

    A planted row is c times the ticket's, c the ratio of the norms, so that it looks like the others; what it puts out is then c times as
    large, which the next layer makes up for. The last layer has to be exact: there c = 1 but for the factors of its inputs.
    """
    before = np.arange(small.widths[0])
    factor = np.ones(before.size)
    layers, tickets = [], []
    for i, (layer, aim) in enumerate(zip(source.layers, small.layers, strict=True)):
        weight, bias = layer.weight.copy(), layer.bias.copy()
        wanted = aim.weight / factor
        wanted_bias = np.zeros(len(wanted)) if aim.bias is None else aim.bias
        last = i == len(source.layers) - 1
        rows = np.arange(len(wanted)) if last else _alike(weight[:, before], bias, wanted, wanted_bias)
        own = np.column_stack([weight[np.ix_(rows, before)], bias[rows]])
        there = np.column_stack([wanted, wanted_bias])
        used = there != 0
        size = np.linalg.norm(np.where(used, own, 0.0), axis=1) / np.linalg.norm(there, axis=1).clip(1e-300)
        c = np.ones(rows.size) if last else np.where(size > 0, size, 1.0)
        kept, kept_bias = np.zeros_like(weight), np.zeros_like(bias)
        kept[np.ix_(rows, before)] = c[:, None] * wanted
        kept_bias[rows] = c * wanted_bias
        weight = np.where(kept != 0, kept, weight)
        bias = np.where(kept_bias != 0, kept_bias, bias)
        layers.append(Dense(weight, bias, layer.activation))
        tickets.append(Dense(kept, kept_bias, layer.activation))
        before, factor = rows, c
    return Network(tuple(layers)), Network(tuple(tickets))


def _alike(weight: Floats, bias: Floats, wanted: Floats, wanted_bias: Floats) -> NDArray[np.int64]:
    """For each wanted row the unused row with the largest correlation, the longest wanted row first."""
    rows = np.column_stack([weight, bias])
    aims = np.column_stack([wanted, wanted_bias])
    norms = np.linalg.norm(rows, axis=1)
    likeness = (aims / np.linalg.norm(aims, axis=1, keepdims=True)) @ (rows / np.where(norms, norms, 1.0)[:, None]).T
    found = np.full(len(aims), -1)
    for j in np.argsort(-np.linalg.norm(aims, axis=1), kind="stable"):
        best = int(np.argmax(likeness[j]))
        found[j] = best
        likeness[:, best] = -np.inf
    return found


def _through(steps: int, lift: Floats) -> list[Dense]:
    """`steps` layers that hand x + lift >= 0 on, coordinate by coordinate."""
    d = lift.size
    return [Dense(np.eye(d), lift if step == 0 else None, "relu") for step in range(steps)]


def _piecewise(knots: Floats, values: Floats) -> tuple[Floats, Floats]:
    """The broken line through values (knots, outputs): coefficients (outputs, knots - 1) of relu(x - knot), and constants."""
    slopes = np.asarray(np.diff(values, axis=0) / np.diff(knots)[:, None], np.float64)
    return np.vstack([slopes[:1], np.diff(slopes, axis=0)]).T, values[0]


def _relu_ticket(depth: int) -> Network:
    _deep_enough(depth, 2, "relu")
    return Network((*[Dense(np.ones((1, 1)), None, "relu")] * (depth - 1), Dense(np.ones((1, 1)), None, "identity")))


def _helix_ticket(depth: int) -> Network:
    _deep_enough(depth, 2, "helix")
    knots: Floats = np.linspace(-1.0, 1.0, 31)
    slopes, constant = _piecewise(knots, _helix(knots[:, None]))
    lifted = depth > 2
    before = _through(depth - 2, np.ones(1))
    middle = Dense(np.ones((30, 1)), -(knots[:-1] + lifted), "relu")
    return Network((*before, middle, Dense(slopes, constant, "identity")))


def _circle_ticket(depth: int) -> Network:
    _deep_enough(depth, 3, "circle")
    knots: Floats = np.linspace(-1.0, 1.0, 11)
    slopes, constant = _piecewise(knots, (knots**2)[:, None])
    lifted = depth > 3
    before = _through(depth - 3, np.ones(2))
    places = np.kron(np.eye(2), np.ones((10, 1))).astype(np.float64)
    squares = Dense(places, np.tile(-(knots[:-1] + lifted), 2), "relu")
    # logits of the classes: the upper envelope of lines in r = x1^2 + x2^2 that cross at the boundaries
    radius = Dense(np.tile(slopes, (1, 2)), np.asarray(2 * constant, np.float64), "relu")
    offsets: Floats = -10.0 * np.concatenate([[0.0], np.cumsum(_BOUNDARIES)])
    return Network((*before, squares, radius, Dense(np.arange(0.0, 40.0, 10.0)[:, None], offsets, "identity")))


def _helix(x: Floats) -> Floats:
    y = 5 * np.pi + 3 * np.pi * x[:, :1]
    return np.hstack([y * np.cos(y), y * np.sin(y), y]) / (8 * np.pi)


def _deep_enough(depth: int, least: int, task: str) -> None:
    if depth < least:
        raise ValueError(f"the ticket of {task!r} has at least {least} layers, got depth={depth}")


TASKS: Final[dict[str, Callable[[int], Network]]] = {
    "relu": _relu_ticket,
    "circle": _circle_ticket,
    "helix": _helix_ticket,
}
