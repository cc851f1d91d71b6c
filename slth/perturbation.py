"""`perturb`: a ticket whose second-layer weights may be moved a little, towards the target. The result is no ticket, and its type says so.

Xiong, Liao, Kyrillidis, "Strong lottery ticket hypothesis with epsilon-perturbation" (AISTATS 2023): if the random weights may be moved by
at most c before pruning, a narrower network is enough.

What is moved by how much, and why it cannot be done better: `slth.constructions.two_layer.moved`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth import constructions
from slth.certificate import Certificate, certify
from slth.constructions import Effective, TwoLayer
from slth.constructions.two_layer.deal import row_blocks
from slth.constructions.two_layer.moved import MovedSource, Moves, best_moves
from slth.networks import Network, RandomSource
from slth.subset_sum.perturbed import movement
from slth.ticket import Ticket

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Perturbed:
    """A ticket with moved weights: neither a function of the seed nor untrained; made by `perturb`.

    Everything but the kept second-layer weights and biases is as in the ticket. The movements hold what the seed does not, one number for
    each target weight (two where it acts on numbers of both signs), so that it saves no memory over the target.

    Attributes
    ----------
    ticket : Ticket
        Whose weights were moved; its own promises are about itself alone.
    target : Network
        What they were moved towards.
    c : float
        No weight is moved by more.
    moves : tuple of Moves
        One for each linear map of the target.
    certificate : Certificate
        Of the moved network.
    largest_movement, mean_movement : float
        Of the kept second-layer weights and biases, as stored in float64.
    """

    ticket: Ticket
    target: Network
    c: float
    moves: tuple[Moves, ...]
    certificate: Certificate
    largest_movement: float
    mean_movement: float

    @property
    def network(self) -> Network:
        """The moved and pruned network."""
        return self._moved.network

    def __call__(self, x: ArrayLike) -> Floats:
        """Evaluate it: x (batch, d_in) -> (batch, d_out)."""
        return self.network(x)

    @property
    def error_bound(self) -> float:
        """Certified: no x in `ticket.domain` has |perturbed(x) - target(x)| above it, rounding included."""
        return self.certificate.error_bound

    @property
    def weight_error(self) -> float:
        """max |effective weight - target weight| over all target weights and biases."""
        return self.certificate.weight_error

    def error(self, x: ArrayLike) -> float:
        """sup over the batch of |perturbed(x) - target(x)|."""
        return float(np.abs(self(x) - self.target(x)).max())

    def effective(self) -> list[Effective]:
        """The linear layers that the moved network stands for, one for each of the target."""
        return list(self._moved.effective())

    @cached_property
    def _moved(self) -> Ticket:
        """The ticket over a source with moved weights: evaluates like one, but is none."""
        return _over(self.ticket, self.moves, self.c)

    def _summary(self) -> dict[str, str]:
        return {
            "ticket": repr(self.ticket),
            "moved by at most": f"{self.c:g}",
            "movement": f"largest {self.largest_movement:.3g}, mean {self.mean_movement:.3g}",
            "largest weight error": f"{self.ticket.weight_error:.3g} -> {self.weight_error:.3g}",
            "certified error bound": f"{self.ticket.error_bound:.3g} -> {self.error_bound:.3g} on {self.ticket.domain!r}",
        }

    def summary(self) -> str:
        """What was moved and what it brings, one line each."""
        rows = self._summary()
        return "\n".join(f"{label:<{max(map(len, rows))}}  {value}" for label, value in rows.items())

    def __repr__(self) -> str:
        return (
            f"Perturbed({self.ticket.kept:,} of {self.ticket.size:,} kept, moved by at most {self.c:g}: mean {self.mean_movement:.3g}, "
            f"weight_error={self.weight_error:.3g}, error_bound={self.error_bound:.3g} on {self.ticket.domain!r})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{key}</th><td>{escape(value)}</td></tr>" for key, value in self._summary().items())
        return f"<table>{rows}</table>"


def perturb(ticket: Ticket, c: float, target: Any = None) -> Perturbed:
    """Move the kept second-layer weights of a ticket by at most c each, so that every weight comes as close to the target as it can.

    The masks stay; of all movements within c these leave the least error for every weight, and where none is left the largest movement is
    the least (proven in `slth.constructions.two_layer.moved`). A weight for which nothing is kept stays as it is. Which subset is best to
    be moved is another question, that ``construction="perturbable(c)"`` asks:

    >>> import slth
    >>> from slth.perturbation import perturb
    >>> target = slth.Network.random([4, 3, 2], rng=0)
    >>> ticket = slth.approximate(target, 12, construction="perturbable(0.1)", rng=0)
    >>> perturb(ticket, 0.1).weight_error < ticket.weight_error
    True

    Parameters
    ----------
    ticket : Ticket
        Of a two-layer construction; its first-layer weights are not moved.
    c : float >= 0
        In units of the weights of the source, before the scale of a layer.
    target : Network, or anything `Network.read` takes, optional
        That of the ticket by default, which a loaded ticket does not hold. Another one of the same layers may be given.

    Returns
    -------
    Perturbed
        With a certificate of its own. It is no `Ticket`: a ticket's weights are those of the seed, bit for bit.

    Raises
    ------
    ValueError, TypeError
        If c is no number >= 0, the construction has no second layers, or no target of these layers is known.

    Notes
    -----
    Time of a certificate and one more pass over the source; memory of two targets.
    """
    if not isinstance(ticket, Ticket):
        raise TypeError(
            f"perturb moves weights of a Ticket, got {ticket!r}; make one with slth.approximate or slth.load"
        )
    limit = movement(c)
    method = constructions.get(ticket.construction)
    if not isinstance(method, TwoLayer):
        raise ValueError(
            f"a ticket of {ticket.construction!r} has no second layer for each weight; use a two-layer construction"
        )
    network = ticket.target if target is None else Network.read(target)
    if network is None:
        raise ValueError("a loaded ticket does not hold its target; use perturb(ticket, c, target)")
    for layer, (theirs, mine) in enumerate(zip_longest(network.forms, ticket.skeleton.forms)):
        if theirs != mine:
            raise ValueError(
                f"layer {layer} of the ticket stands for {mine or 'none'}, of the target it is {theirs or 'none'}; give a target of the "
                "same layers"
            )
    moves = tuple(
        best_moves(ticket.source, ticket.masks, 2 * i, piece, layer, limit)
        for i, (piece, layer) in enumerate(zip(ticket.effective(), network.linear, strict=True))
    )
    moved = _over(ticket, moves, limit)
    largest, total, count = 0.0, 0.0, 0
    for sizes in _movements(ticket, moved.source):
        largest = max(largest, float(sizes.max(initial=0.0)))
        total += float(sizes.sum())
        count += sizes.size
    proven = certify(list(moved.effective()), network, ticket.domain)
    return Perturbed(ticket, network, limit, moves, proven, largest, total / max(count, 1))


def _over(ticket: Ticket, moves: tuple[Moves, ...], c: float) -> Ticket:
    return replace(ticket, source=MovedSource(ticket.source, ticket.masks, moves, c))


def _movements(ticket: Ticket, moved: RandomSource) -> Iterator[Floats]:
    """Sizes of the movements of all kept second-layer weights and biases, in parts."""
    for layer in range(1, moved.depth, 2):
        d_out, d_in = moved.shapes[layer]
        for rows in row_blocks(d_out, d_in):
            mask = ticket.weight_mask(layer, rows.start, rows.stop)
            shift = moved.weight_rows(layer, rows.start, rows.stop)
            shift -= ticket.source.weight_rows(layer, rows.start, rows.stop)
            yield np.abs(shift[mask])
        kept = ticket.masks.biases[layer]
        own, other = moved.bias_vector(layer), ticket.source.bias_vector(layer)
        if kept is not None and own is not None and other is not None:
            yield np.abs(own - other)[kept]
