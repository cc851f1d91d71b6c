"""What a solver can do, as data: shown to users, and what the tests run over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from slth.subset_sum.question import Question
from slth.subset_sum.solution import Solution


@dataclass(frozen=True)
class Capability:
    """What a solver can do.

    Attributes
    ----------
    solver : str
        Its name, for ``solve(..., solver=name)``.
    objectives : tuple of str
    proven : bool
        Whether its answers are proven, in exact arithmetic.
    sizes, coefficients, patterns, locked, integers, vectors : bool
        Whether it takes `size=`, coefficients beyond two that differ by a power of two, `pattern=`, `locked=`, int64, `norm=`.
    largest : int or None
        Most samples a row.
    time, memory : str
        How they grow, for one instance.
    source : str
        Where the algorithm is from.
    """

    solver: str
    objectives: tuple[str, ...]
    proven: bool
    sizes: bool
    coefficients: bool
    patterns: bool
    locked: bool
    integers: bool
    vectors: bool
    largest: int | None
    time: str
    memory: str
    source: str


@runtime_checkable
class Solver(Protocol):
    """A frozen object that answers questions within its capability."""

    @property
    def capability(self) -> Capability: ...

    def answer(self, question: Question) -> Solution: ...


class Capabilities(tuple[Capability, ...]):
    """The table of all solvers; prints as Markdown, shows as HTML in a notebook."""

    _HEAD = (
        "solver",
        "objectives",
        "proven",
        "size=",
        "coefficients",
        "pattern=",
        "locked=",
        "int64",
        "vectors",
        "n",
        "time",
        "memory",
    )

    def rows(self) -> list[list[str]]:
        """One row a solver, in words."""
        return [
            [
                c.solver,
                ", ".join(c.objectives),
                *(
                    "yes" if can else "-"
                    for can in (c.proven, c.sizes, c.coefficients, c.patterns, c.locked, c.integers, c.vectors)
                ),
                "any" if c.largest is None else f"<= {c.largest}",
                c.time,
                c.memory,
            ]
            for c in self
        ]

    def __repr__(self) -> str:
        lines = [list(self._HEAD), ["--"] * len(self._HEAD), *self.rows()]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in self._HEAD)
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in self.rows())
        return f"<table><tr>{head}</tr>{body}</table>"
