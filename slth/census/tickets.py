"""Several tickets of one shape: how many parameters two of them keep differently."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slth.networks.bits import ones
from slth.ticket import Ticket

_ROWS = 1 << 12


def ticket_distances(tickets: Sequence[Ticket]) -> NDArray[np.int64]:
    """Hamming distances between the masks of tickets, place by place.

    The tickets may be of one random network (found with other settings) or of several (other seeds): then places are compared, not weights.

    Parameters
    ----------
    tickets : sequence of R Ticket
        Their sources of one shape.

    Returns
    -------
    (R, R) int64
        Symmetric, 0 on the diagonal. Time O(R^2 size / 8).

    Raises
    ------
    TypeError, ValueError
        If there are none, they are no tickets, or of different shapes.
    """
    given = list(tickets)
    for ticket in given:
        if not isinstance(ticket, Ticket):
            raise TypeError(f"tickets must be Tickets, got {type(ticket).__name__}; slth.approximate finds them")
    if not given:
        raise ValueError("tickets must be at least one, got none")
    first = given[0].source
    for ticket in given[1:]:
        if (ticket.source.shapes, ticket.source.bias) != (first.shapes, first.bias):
            raise ValueError(
                f"tickets must have sources of one shape, got {first.shapes} and {ticket.source.shapes}; use one target, width and "
                "construction"
            )
    found = np.zeros((len(given), len(given)), np.int64)
    for i, one in enumerate(given):
        for j in range(i):
            found[i, j] = found[j, i] = _apart(one, given[j])
    return found


def _apart(one: Ticket, other: Ticket) -> int:
    count = 0
    for a, b in zip(one.masks.weights, other.masks.weights, strict=True):
        count += sum(ones(a[at : at + _ROWS] ^ b[at : at + _ROWS]) for at in range(0, len(a), _ROWS))
    for p, q in zip(one.masks.biases, other.masks.biases, strict=True):
        if p is not None and q is not None:
            count += int((p != q).sum())
    return count
