"""What a structured ticket keeps, filter by filter, and what of it is proven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.constructions.signs import halves
from slth.constructions.structured.choice import choose, proven
from slth.constructions.structured.piece import Piece
from slth.subset_sum import Status


@dataclass(frozen=True)
class Kept:
    """The filters of one half of an input channel, or the constants of a layer.

    Attributes
    ----------
    layer : int
        Linear layer of the target.
    input : int or None
        Its input channel; None for the constants, which stand for the biases.
    sign : int
        +1 or -1, the half.
    candidates, kept : int
        Hidden filters that could serve it, and those that do.
    dimension : int
        Numbers that they approximate at once: outputs times places of the kernel.
    error : float
        The largest error among these numbers, in the target's units.
    status : Status
        OPTIMAL: proven that no other subset of the candidates has a smaller error; HEURISTIC: not. A ticket made for a budget takes fewer
        filters than the closest subset.
    """

    layer: int
    input: int | None
    sign: int
    candidates: int
    kept: int
    dimension: int
    error: float
    status: Status


def report(ticket: Any, *, prove: bool = True) -> tuple[Kept, ...]:
    """The subsets of a structured ticket, recomputed from seed and masks.

    Parameters
    ----------
    ticket : Ticket
        With its target: fresh from `slth.approximate`, or after `Ticket.verify`.
    prove : bool
        Whether to search for closer subsets where that is exact, in the time that making the ticket took. Otherwise the status of all that
        are not exact is HEURISTIC.

    Raises
    ------
    ValueError
        If the ticket is of another construction, or its target is not at hand.
    """
    if ticket.construction != "structured":
        raise ValueError(f"report tells of structured tickets, got one of construction {ticket.construction!r}")
    if ticket.target is None:
        raise ValueError("the ticket was loaded without its target; use ticket.verify(target)")
    found: list[Kept] = []
    for i, (layer, (above, below)) in enumerate(
        zip(ticket.target.linear, halves(ticket.target, ticket.domain), strict=True)
    ):
        found += _layer(ticket, i, Piece(layer, ticket.source, 2 * i, above, below, ticket.scales[i]), prove)
    return tuple(found)


def _layer(ticket: Any, at: int, piece: Piece, prove: bool) -> Iterator[Kept]:
    d_in = ticket.source.shapes[2 * at][1]
    alive: NDArray[np.bool_] = np.asarray(np.unpackbits(ticket.masks.weights[2 * at], axis=1, count=d_in).any(axis=1))
    if piece.form.bias:
        alive |= ticket.masks.biases[2 * at]
    for problems in piece.problems():
        group = piece.groups[int(problems.groups[0])]
        n, d = group.neurons.size, problems.targets.size
        chosen: NDArray[np.bool_] = alive[group.neurons]
        shared = np.ascontiguousarray(problems.samples[:, :n].T)
        rest = problems.targets - chosen @ shared
        own = None
        if group.input is None:
            own = problems.samples[:, -1]
            rest = rest - np.where(ticket.masks.biases[2 * at + 1], own, 0.0)
        error = float(np.abs(rest).max())
        status = Status.OPTIMAL if error == 0 else Status.HEURISTIC
        if prove and error and n + (0 if own is None else d) <= proven(d):
            best = choose(shared, problems.targets, own)
            # sums are compared as they are computed: equal subsets have equal sums
            if best.status == Status.OPTIMAL and error <= best.errors.max() * (1 + 1e-12):
                status = Status.OPTIMAL
        yield Kept(at, group.input, group.sign, n, int(chosen.sum()), d, error * piece.scale, status)
