"""What is known of the numbers between two layers of target and ticket."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.networks import Ball, Domain, Elementwise, Network

Array = NDArray[np.float64]
UNIT = 2.0**-53  # unit roundoff of float64
TINY = 1e-290  # more than any number of underflows adds up to


def gamma(k: int) -> float:
    """Bound on the relative error of k roundings in a row: k u / (1 - k u).

    Raises
    ------
    ValueError
        If there are so many that it says nothing, k u >= 1/2.
    """
    if k * UNIT >= 0.5:
        raise ValueError(f"no error can be certified after {k:.3g} roundings in a row; give a smaller network")
    return k * UNIT / (1 - k * UNIT)


@dataclass(frozen=True)
class State:
    """What is known of the numbers between two layers, arrays of their shape; a length that is not fixed is 1, for every position.

    Attributes
    ----------
    low, high
        Where the target's lie.
    floor
        Below which neither the target's nor the ticket's ever lie, whatever the error; -inf for nothing known.
    error
        How far the ticket's are from the target's.
    radius
        Of the l2 ball that the numbers fill, if that is what they do.
    norm
        A bound of the l2 norm of the target's numbers at each place (along the last axis), if one is known.
    """

    low: Array
    high: Array
    floor: Array
    error: Array
    radius: float | None = None
    norm: float | None = None

    @property
    def ball(self) -> float | None:
        """Radius of a ball around 0 that holds the target's numbers at every place, if one is known."""
        known = [r for r in (self.radius, self.norm) if r is not None]
        return min(known) if known else None

    @classmethod
    def start(cls, target: Network, domain: Domain) -> State:
        """The inputs of a network.

        Raises ValueError like `Network.ends`.
        """
        low, high = target.ends(domain)
        return cls(low, high, low, np.zeros(low.shape), domain.radius if isinstance(domain, Ball) else None)


def activated(name: str, state: State) -> State:
    """An activation, the same in ticket and target."""
    function = Elementwise(name)
    slack = function.rounded(state.low.shape) * UNIT
    low, high = function.interval(state.low, state.high)
    floor = function.interval(state.floor, np.full_like(state.floor, np.inf))[0]
    error = function.moved(state.error, state.low, state.high)
    return State(low - slack * (np.abs(low) + 1), high + slack * (np.abs(high) + 1), floor - slack, error)
