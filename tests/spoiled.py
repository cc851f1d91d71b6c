"""Tickets with other masks than those that were found: worse ones, on which a certificate has to hold as well."""

from __future__ import annotations

import numpy as np

import slth
from slth.constructions import Masks


def spoiled(ticket: slth.Ticket, target: slth.Network, rng: np.random.Generator, share: float) -> slth.Ticket:
    """The same source with other masks: any bit above flips, below, kept numbers are dropped and idle neurons wake.

    A constant stays where it acts like a bias.
    """
    weights, biases = [], []
    constant = np.zeros(0, bool)
    for layer, (packed, bias) in enumerate(zip(ticket.masks.weights, ticket.masks.biases, strict=True)):
        bits = np.unpackbits(packed, axis=1, count=ticket.source.shapes[layer][1]).astype(bool)
        flip = rng.random(bits.shape) < share
        if layer % 2:
            form = target.forms[layer // 2]
            if constant.any():
                elsewhere = np.ones(form.rows, bool)
                elsewhere[form.bias_rows] = False
                flip &= ~(elsewhere[:, None] & constant)
            bits ^= flip
            bias = None if bias is None else bias ^ (rng.random(bias.shape) < share)
        else:
            bits &= ~flip
            idle = np.flatnonzero(~bits.any(axis=1) & (True if bias is None else ~bias))
            idle = idle[rng.random(idle.size) < 0.5]
            # a neuron that is a constant for some output stays one
            bits[idle, rng.integers(0, bits.shape[1], idle.size)] = True
            constant = np.zeros(len(bits), bool) if bias is None else bias
        weights.append(np.packbits(bits, axis=1))
        biases.append(bias)
    masks = Masks(tuple(weights), tuple(biases))
    return slth.Ticket.certified(ticket.source, masks, ticket.scales, ticket.construction, ticket.domain, target)
