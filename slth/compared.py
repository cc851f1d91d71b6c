"""Constructions side by side on one target: what each needs, keeps and guarantees."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.approximation import approximate
from slth.constructions import get, source_shapes
from slth.networks import Ball, Domain, Embedding, Network, read_domain, seed_from
from slth.validation import finite_array, positive_float, positive_int

_SEEN = 1000  # inputs drawn where none are given
_POSITIONS = 8  # of a sequence of any length


@dataclass(frozen=True)
class Compared:
    """One construction, applied to the target.

    Attributes
    ----------
    construction, law : str
    width : int or tuple of int
    error_bound : float
        Certified on the domain; NaN if there is no ticket.
    error_seen : float
        Largest error over the inputs, at most `error_bound`.
    weight_error : float
    kept, size : int
        Weights of the ticket and of the random network.
    seconds : float
        Wall-clock time of `approximate`, certificate included.
    why_not : str
        Why there is no ticket, if there is none.
    theorem : float
        `Ticket.theorem_bound` at delta = 0.01: infinite where nothing is promised, NaN where the theorem does not speak of the ticket.
    error_found : float
        Largest error that `Ticket.attack` finds over the domain, and the inputs' if that is larger; NaN if there is no ticket.
    """

    construction: str
    law: str
    width: Any
    error_bound: float
    error_seen: float
    weight_error: float
    kept: int
    size: int
    seconds: float
    why_not: str = ""
    theorem: float = float("nan")
    error_found: float = float("nan")

    @property
    def density(self) -> float:
        """kept / size."""
        return self.kept / self.size if self.size else float("nan")

    @property
    def ratio(self) -> float:
        """error_bound / error_found, at least 1: between them lies the largest error over the domain. Infinite where no error was found."""
        return self.error_bound / self.error_found if self.error_found else math.inf


@dataclass(frozen=True, repr=False)
class Comparison:
    """The rows, in the order asked for; ``str`` is a table, `slth.plots.constructions` the figure."""

    target: str
    domain: str
    rows: tuple[Compared, ...]

    def __repr__(self) -> str:
        head = (
            "construction", "width", "error bound", "theorem", "seen", "found", "ratio", "weight error", "kept", "of", "density",
            "seconds",
        )  # fmt: skip
        cells = [
            (r.construction, _width(r.width), f"{r.error_bound:.2g}", _theorem(r.theorem), f"{r.error_seen:.2g}",
             f"{r.error_found:.2g}", f"{r.ratio:.2g}", f"{r.weight_error:.2g}", f"{r.kept:,}", f"{r.size:,}", f"{r.density:.2%}",
             f"{r.seconds:.2f}")
            if not r.why_not else (r.construction, _width(r.width), r.why_not)
            for r in self.rows
        ]  # fmt: skip
        full = [row for row in (head, *cells) if len(row) == len(head)]
        widths = [max(len(row[i]) for row in full) for i in range(len(head))]
        lines = [f"{self.target} on {self.domain}"]
        for row in (head, *cells):
            if len(row) < len(head):
                lines.append(f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  no ticket: {row[2]}")
            else:
                lines.append(
                    f"{row[0]:<{widths[0]}}  "
                    + "  ".join(f"{cell:>{w}}" for cell, w in zip(row[1:], widths[1:], strict=True))
                )
        return "\n".join(lines)


def compare(
    target: Any,
    constructions: Mapping[str, Any] | Iterable[tuple[str, Any]],
    *,
    epsilon: float | None = None,
    domain: Domain | tuple[Any, Any] | None = None,
    inputs: ArrayLike | None = None,
    edges: Any = None,
    rng: Any = None,
    workers: int | None = None,
    attack_steps: int = 20,
) -> Comparison:
    """Approximate one target by several constructions, each with a width of its own.

    Parameters
    ----------
    target : Network, or anything `Network.read` takes
    constructions : mapping of str to width, or pairs
        As `slth.approximate` takes them: ``{"two-layer": 42, "malach": 1000}``; pairs where one comes twice.
    epsilon, domain, workers
        As in `slth.approximate`.
    inputs : (batch, ...) float, optional
        Where errors are looked at, within the domain; random points of it by default.
    edges : as in `slth.approximate`, or a function of shapes, optional
        Which weights the random networks have. Those of different constructions and widths have different shapes: a function is called
        with the shapes ((d_out, d_in), ...) of each (`slth.source_shapes`) and gives edges for it, such as
        ``lambda shapes: [rng.random(shape) < 0.5 for shape in shapes]``. Edges that are given as such serve where they fit.
    rng : None, int, SeedSequence or Generator
        One seed for all: the sources of constructions of equal shapes and law are the same network.
    attack_steps : int
        Steps of an adversarial search for the largest error (`Ticket.attack`, seeded, not part of the seconds); 0 for none.

    Returns
    -------
    Comparison
        A construction that finds no ticket (budget, shapes, edges) has a row that says why.

    Raises
    ------
    ValueError, TypeError
        For an unknown construction, or a target or domain that cannot be read.
    """
    network = Network.read(target)
    region = read_domain(network.usual if domain is None else domain, network.coordinates)
    seed = seed_from(rng)
    steps = positive_int(attack_steps, "attack_steps") if attack_steps != 0 else 0
    budget = None if epsilon is None else positive_float(epsilon, "epsilon")
    if not isinstance(constructions, Iterable):
        raise TypeError(f"constructions must name a width for each, such as {{'two-layer': 42}}, got {constructions!r}")
    pairs = list(constructions.items() if isinstance(constructions, Mapping) else constructions)
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise ValueError(
            f"constructions must name a width for each, such as {{'two-layer': 42}}, got {constructions!r}"
        )
    if not pairs:
        raise ValueError("constructions must name at least one, such as {'two-layer': 42}")
    pairs = [(get(name), tuple(width) if isinstance(width, Iterator) else width) for name, width in pairs]
    x = _inputs(network, region, inputs)
    rows = []
    for method, width in pairs:
        start = time.perf_counter()
        try:
            given = edges(source_shapes(network, width, method)) if callable(edges) else edges
            ticket = approximate(
                network,
                width,
                epsilon=budget,
                construction=method,
                domain=region,
                edges=given,
                rng=seed,
                workers=workers,
            )
        except ValueError as error:
            missing = float("nan")
            rows.append(
                Compared(
                    method.name, "", width, missing, missing, missing, 0, 0, time.perf_counter() - start, str(error)
                )
            )
            continue
        seconds = time.perf_counter() - start
        seen = ticket.error(x)
        found = ticket.attack(steps=steps, rng=0).error if steps else 0.0
        rows.append(
            Compared(
                ticket.construction, ticket.source.law, width, ticket.error_bound, seen, ticket.weight_error,
                ticket.kept, ticket.size, seconds, theorem=ticket.theorem_bound(), error_found=max(seen, found),
            )
        )  # fmt: skip
    return Comparison(repr(network), repr(region), tuple(rows))


def _inputs(network: Network, region: Domain, inputs: ArrayLike | None) -> NDArray[np.float64]:
    if inputs is not None:
        given = finite_array(inputs, "inputs")
        points = given.reshape(-1, region.d) if given.size % region.d == 0 else given
        if points.shape[1:] == (region.d,) and not _inside(points, region):
            raise ValueError(
                f"inputs must lie in the domain, {region!r}, where the errors are certified; give a larger domain"
            )
        return given
    shape = tuple(_POSITIONS if d is None else d for d in network.shapes[0])
    points = region.sample(np.random.default_rng(0), _SEEN * math.prod(shape) // region.d).reshape(_SEEN, *shape)
    return np.rint(points) if isinstance(network.layers[0], Embedding) else points


def _inside(points: NDArray[np.float64], region: Domain) -> bool:
    """Whether all points (m, d) lie in the domain, but for rounding."""
    wide = 1e-9 * np.maximum(np.abs(region.lower), np.abs(region.upper))
    inside = ((points >= region.lower - wide) & (points <= region.upper + wide)).all()
    if isinstance(region, Ball):
        inside &= (np.linalg.norm(points, axis=1) <= region.radius * (1 + 1e-9)).all()
    return bool(inside)


def _theorem(bound: float) -> str:
    return "-" if np.isnan(bound) else f"{bound:.2g}"


def _width(width: Any) -> str:
    return str(width) if np.isscalar(width) else "/".join(map(str, width))
