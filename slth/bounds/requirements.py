"""The answer of `for_network`: one row a theorem, readable in a terminal and in a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from slth.bounds.table import Table, word
from slth.bounds.target import Target


@dataclass(frozen=True)
class Requirement:
    """One theorem, applied to one target.

    Attributes
    ----------
    theorem : str
    bounds : tuple of str
        Functions of `slth.bounds` that it stands on.
    direction : {"sufficient", "necessary"}
        Enough parameters for a ticket with the probability asked for, or fewer than that are not enough.
    widths : tuple of int
        Of the source; empty where the theorem does not apply or speaks of parameters only.
    parameters : int or None
        Of the source; None where the theorem does not apply.
    density : float or None
        That the ticket certainly does not exceed; None where the theorem promises none.
    assumed : str
        Constants that the source leaves open, as they were chosen, and other things taken for granted.
    why : str
        Why it does not apply, and what to do; empty where it does.
    """

    theorem: str
    bounds: tuple[str, ...]
    direction: str
    widths: tuple[int, ...] = ()
    parameters: int | None = None
    density: float | None = None
    assumed: str = ""
    why: str = ""

    @property
    def applies(self) -> bool:
        return not self.why


@dataclass(frozen=True, repr=False)
class Requirements:
    """What the theorems ask of a source for one target; prints as a table.

    Attributes
    ----------
    target : Target
        As the theorems see it: after scaling, if that was asked for.
    epsilon, delta : float
        Error and failure probability that were asked for.
    shrunk : float
        Error of the scaled target that stands for `epsilon`; equal to it without scaling.
    rows : tuple of Requirement
    """

    target: Target
    epsilon: float
    delta: float
    shrunk: float
    rows: tuple[Requirement, ...]

    def __getitem__(self, bound: str) -> Requirement:
        """The first row that stands on a function of `slth.bounds`."""
        for row in self.rows:
            if bound in row.bounds:
                return row
        raise KeyError(
            f"no theorem here stands on {bound!r}; there are {', '.join(b for r in self.rows for b in r.bounds)}"
        )

    def table(self) -> Table:
        """A row a theorem."""
        above = ["", *(row.why for row in self.rows)]
        rows = tuple(
            (
                row.theorem,
                row.direction,
                "-".join(_short(width) for width in row.widths) if row.widths else None,
                row.parameters,
                None if row.parameters is None else f"{row.parameters / self.target.parameters:.4g}",
                None if row.density is None else f"{row.density:.3g}",
                "as above" if row.why and row.why == before else row.why or row.assumed,
            )
            for row, before in zip(self.rows, above, strict=False)
        )
        scaled = f" (scaled: {self.shrunk:.3g})" if self.shrunk != self.epsilon else ""
        about = (
            f"target {word(self.target.widths)}, {self.target.parameters:,} weights; error {self.epsilon:g}{scaled} in the Euclidean norm "
            f"for inputs in the unit ball, failure probability {self.delta:g}"
        )
        columns = ("theorem", "direction", "widths", "parameters", "over target", "density", "assumed, or why not")
        return Table(columns, rows, (about,))

    def __repr__(self) -> str:
        return self.table().text(44)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _short(width: int) -> str:
    return str(width) if width < 10**7 else f"{width:.3g}"
