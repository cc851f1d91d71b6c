"""The scores of one attention head: how far those of target and ticket are apart, from their matrices some rows at a time.

With the notation of `slth.certificate.attention`, everything that is needed of A, A' and D is a sum over their rows, or belongs to a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from slth.certificate.linear import norms
from slth.certificate.state import TINY, UNIT, Array, State, gamma
from slth.constructions import Effective
from slth.networks import Linear
from slth.spool import slices

_BLOCK = 1 << 19  # entries looked at together


@dataclass(frozen=True)
class Scores:
    """What is known of the matrices of a head, over all inputs of a box or ball.

    Attributes
    ----------
    difference, slope : (d,) float64
        sup |[x_q, 1]^T D| and sup |[x'_q, 1]^T A'|, entry by entry.
    moving : (rows,) float64
        sup |A' (x_k - c)|.
    gain : float
        Of the absolute products behind a score of the ticket, its inputs included.
    row_norms : (rows,) float64 or None
        Of |D|, where the inputs lie in a ball.
    weight_error : float
        The largest entry of D, as computed.
    """

    difference: Array
    slope: Array
    moving: Array
    gain: float
    row_norms: Array | None
    weight_error: float


def scores(piece: Effective, merged: Linear, state: State) -> Scores:
    """All of it; memory for some million numbers besides the matrices."""
    rows, d = piece.positive.shape
    rounding = gamma(4 * d + 40)
    size = np.maximum(np.abs(state.low), np.abs(state.high))
    centre, half = 0.5 * (state.low + state.high), 0.5 * (state.high - state.low) + 4 * UNIT * size
    one, none = np.ones(rows - d), np.zeros(rows - d)  # behind the numbers of a query, if queries have a bias
    query, queries, wide = (np.append(x, one) for x in (centre, size, size + state.error))
    spread, error = np.append(half, none), np.append(state.error, none)

    def some(at: slice) -> dict[str, Any]:
        s, t = piece.scale, merged.scale
        a, a_ticket = t * merged.matrix[at], s * piece.positive[at]
        gain, gain_ticket = t * merged.gain[at], s * piece.positive_gain[at]
        off = np.abs(a_ticket - a) * (1 + 4 * UNIT)
        tiny = TINY * max(1.0, t, s)
        slack = gamma(piece.terms + 8) * gain_ticket + gamma(merged.roundings + 8) * gain + tiny
        known = off + slack  # every |D|
        steep = np.abs(a) + known + slack  # every |A'|, and every |A|
        found: dict[str, Any] = {
            "signed difference": query[at] @ (a_ticket - a),
            "difference": spread[at] @ off + queries[at] @ (slack + rounding * off),
            "signed slope": query[at] @ a,
            "slope": (spread + error)[at] @ np.abs(a) + wide[at] @ (known + rounding * steep),
            "gain": wide[at] @ gain_ticket,
            "moving": steep @ half,
            "weight error": float(off.max()),
        }
        if state.radius is not None:
            inner = max(d - at.start, 0)  # rows of the numbers of a query
            for name, x in (("known", known), ("steep", steep)):
                found |= {
                    f"{name} columns": norms(x[:inner].T) if inner else np.zeros(d),
                    f"{name} last": x[inner:].sum(axis=0),
                    f"{name} rows": norms(x),
                }
        return found

    parts = [some(at) for at in slices(rows, max(1, _BLOCK // d))]

    def summed(name: str) -> Array:
        return np.asarray(np.sum([part[name] for part in parts], axis=0))

    def stacked(name: str) -> Array:
        return np.concatenate([part[name] for part in parts])

    difference = np.abs(summed("signed difference")) + summed("difference")
    slope = np.abs(summed("signed slope")) + summed("slope")
    moving, row_norms = stacked("moving"), None
    if state.radius is not None:
        # in a ball |[x, 1]^T D|_j is at most |x| times the norm of the column, and so on
        r, further = state.radius, state.radius + float(np.linalg.norm(state.error)) * (1 + rounding)
        known, steep = (norms(np.stack([part[f"{x} columns"] for part in parts], axis=1)) for x in ("known", "steep"))
        difference = np.minimum(difference, (r * known + summed("known last")) * (1 + rounding))
        slope = np.minimum(slope, (further * steep + summed("steep last")) * (1 + rounding))
        moving = np.minimum(moving, r * stacked("steep rows") * (1 + rounding))
        row_norms = stacked("known rows") * (1 + rounding)
    ticket = float(summed("gain") @ (size + state.error))
    return Scores(difference, slope, moving, ticket, row_norms, max(part["weight error"] for part in parts))
