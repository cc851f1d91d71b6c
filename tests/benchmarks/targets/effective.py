"""The network that a ticket stands for, in the target's size."""

from __future__ import annotations

import numpy as np

import slth
from slth.networks import Layer


def effective_network(ticket: slth.Ticket) -> slth.Network:
    """The effective weights of a ticket in the places of the target's: ``ticket.network`` up to rounding, but small.

    ``y = P relu(x) + N relu(-x) + b`` is ``[P N] relu([I; -I] x) + b``; where N is 0 it is ``P x + b`` for the inputs that a ticket is
    certified for. The matrices of an attention head are products already: one of each pair is the identity.

    Raises
    ------
    ValueError
        If several neurons stand for one of the target (construction "one-extra-layer").
    """
    pieces = ticket.effective()
    forms = ticket.skeleton.forms
    if any(piece.copies > 1 or piece.gathers for piece in pieces):
        raise ValueError(f"construction {ticket.construction!r} has no network of the target's size")

    def layers(at: int) -> tuple[Layer, ...]:
        piece, form = pieces[at], forms[at]
        bias = piece.bias if form.bias else None
        one = np.eye(form.columns)
        if not form.rectified:
            return form.before(one, None), form.build(piece.positive, bias, piece.scale)
        both = form.widened(2 * form.columns).build(np.hstack([piece.positive, piece.negative]), bias, piece.scale)
        if np.any(piece.negative):
            return form.before(np.vstack([one, -one]), None), both
        return (form.widened(form.columns).build(piece.positive, bias, piece.scale),)

    return ticket.skeleton.with_linear(layers)
