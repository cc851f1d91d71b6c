"""`Bound`: a theorem or predictor as data, and `statement`, which writes a function into the catalogue."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, get_args

Direction = Literal["sufficient", "necessary", "predictor", "exact", "two-sided"]
Mark = Literal["read", "recalled", "derived", "inferred"]
Confidence = Literal["", "low", "medium", "high"]

DIRECTIONS: Final[tuple[str, ...]] = get_args(Direction)

_MARKS: Final[dict[str, str]] = {
    "read": "taken from the source's text",
    "recalled": "from general knowledge of the source, not from its text",
    "derived": "derived here",
    "inferred": "reconstructed: the formula itself was not legible",
}

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Bound:
    """One theorem, inequality or predictor.

    Attributes
    ----------
    name : str
        Of the function in `slth.bounds`.
    meaning : str
        One line.
    tex : str
        The statement.
    cites : tuple of str
        Keys of `references.bib`, the source first.
    where : str
        Theorem, lemma, equation or section of the source.
    mark, confidence, checked
        How sure we are of form and constants: read in the source, recalled (with a confidence), derived here, or inferred; and whether
        numbers were checked independently.
    assumptions : tuple of str
    direction : str
        "sufficient" (this much is enough), "necessary" (less is not), "predictor" (an approximation, on no side), "exact" or "two-sided".
    constants : mapping of str to str
        What is known of each constant that the source leaves open; each is a parameter of the function.
    unchecked : str
        Why no step of its proof is checked by machine; empty if one is.
    function : callable
    """

    name: str
    meaning: str
    tex: str
    cites: tuple[str, ...]
    where: str
    mark: Mark
    confidence: Confidence
    checked: bool
    assumptions: tuple[str, ...]
    direction: Direction
    constants: Mapping[str, str]
    unchecked: str
    function: Callable[..., Any]

    @property
    def provenance(self) -> str:
        """``read``, ``recalled (medium)``, ``derived, checked``, ..."""
        return self.mark + (f" ({self.confidence})" if self.confidence else "") + (", checked" if self.checked else "")

    @property
    def parameters(self) -> tuple[str, ...]:
        """Of the function."""
        return tuple(inspect.signature(self.function).parameters)

    @property
    def bibtex(self) -> str:
        """The entries cited."""
        from slth.bounds.references import entry

        return "\n\n".join(entry(key) for key in self.cites)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{self.direction} {self.name}: {self.meaning} [{self.provenance}]>"


STATEMENTS: Final[dict[str, Bound]] = {}


def statement(
    meaning: str,
    *,
    tex: str,
    cites: tuple[str, ...],
    where: str,
    mark: Mark,
    confidence: Confidence = "",
    checked: bool = False,
    assumptions: tuple[str, ...],
    direction: Direction,
    constants: Mapping[str, str] | None = None,
    unchecked: str = "",
) -> Callable[[Function], Function]:
    """Enter a function into the catalogue, and append statement, assumptions, constants and source to its docstring."""

    def enter(function: Function) -> Function:
        name = function.__name__
        if name in STATEMENTS:
            raise RuntimeError(f"two bounds are called {name}")
        bound = Bound(
            name, meaning, tex, cites, where, mark, confidence, checked, assumptions, direction, dict(constants or {}),
            unchecked, function,
        )  # fmt: skip
        STATEMENTS[name] = bound
        function.__doc__ = f"{inspect.cleandoc(function.__doc__ or meaning)}\n\n{_notes(bound)}"
        return function

    return enter


def _notes(bound: Bound) -> str:
    lines = [f"Statement ({bound.direction})", f"    {bound.tex}"]
    lines += ["Assumptions", *(f"    * {assumption}" for assumption in bound.assumptions)]
    if bound.constants:
        lines += ["Constants left open by the source"]
        lines += [f"    {name}: {what}" for name, what in bound.constants.items()]
    lines += ["Source", f"    {', '.join(bound.cites)}: {bound.where}. {_MARKS[bound.mark].capitalize()}"]
    lines[-1] += f", confidence {bound.confidence}" if bound.confidence else ""
    lines[-1] += "; checked numerically." if bound.checked else "."
    wrapped = [textwrap.fill(line, 130, subsequent_indent=" " * (len(line) - len(line.lstrip()) + 2)) for line in lines]
    return "\n".join(wrapped)
