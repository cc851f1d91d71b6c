"""Every bound as data: look up, evaluate on a grid, export to LaTeX and BibTeX."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import product
from typing import Any, Final

import numpy as np

from slth.bounds import references
from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.statement import DIRECTIONS, STATEMENTS, Bound
from slth.bounds.table import Table
from slth.validation import one_of


def catalogue(*, direction: str | None = None, cites: str | None = None, text: str | None = None) -> tuple[Bound, ...]:
    """Every bound of `slth.bounds`, or those that match.

    Parameters
    ----------
    direction : {"sufficient", "necessary", "predictor", "exact", "two-sided"}, optional
    cites : str, optional
        Key of `references.bib`, or the beginning of one.
    text : str, optional
        Words, each of which is found, in any case, in name, meaning or assumptions.

    Returns
    -------
    tuple of Bound
    """
    if direction is not None:
        one_of(direction, DIRECTIONS, "direction")
    for name, value in (("cites", cites), ("text", text)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be a string, got {value!r}")
    words = text.lower().split() if text else []
    return tuple(
        bound
        for bound in STATEMENTS.values()
        if direction in (None, bound.direction)
        and (cites is None or any(key.startswith(cites) for key in bound.cites))
        and all(word in _described(bound) for word in words)
    )


def _described(bound: Bound) -> str:
    return " ".join((bound.name, bound.meaning, *bound.assumptions)).lower()


def evaluate(bound: Bound, grid: Mapping[str, Sequence[Any]]) -> Table:
    """A bound at every combination of the given values of its parameters, the last parameter changing fastest.

    Parameters
    ----------
    bound : Bound
    grid : mapping of str to sequence
        For each parameter that is to be given, the values that it takes: numbers, or whatever else the function accepts there
        (names of laws, intervals, widths).

    Returns
    -------
    Table
        A column for each parameter, then the result (one column for each field if it has several; "result depth" for a field with the name
        of a parameter). Where a hypothesis fails the result is None, and the notes name the hypothesis.

    Raises
    ------
    TypeError
        If the bound has no such parameter, or one without a default is missing.
    """
    unknown = [name for name in grid if name not in bound.parameters]
    if unknown:
        raise TypeError(f"{bound.name} has no parameter {unknown[0]!r}; it takes {', '.join(bound.parameters)}")
    for name, parameter in inspect.signature(bound.function).parameters.items():
        if parameter.default is parameter.empty and name not in grid:
            raise TypeError(f"{bound.name} needs {name!r} too; it takes {', '.join(bound.parameters)}")
    for name, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise TypeError(
                f"{name} must be a sequence of the values that it takes, got {values!r}; write [{values!r}]"
            )
    points = list(product(*grid.values()))
    results: list[dict[str, Any]] = []
    notes: list[str] = []
    for point in points:
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always", HypothesisWarning)
                found = _columns(bound(**dict(zip(grid, point, strict=True))))
            notes += [str(warning.message) for warning in said]
            results.append({f"result {name}" if name in grid else name: value for name, value in found.items()})
        except (HypothesisError, OverflowError, MemoryError) as error:
            results.append({})
            notes.append(str(error))
    names = tuple(dict.fromkeys(name for result in results for name in result)) or ("result",)
    rows = tuple((*point, *(result.get(name) for name in names)) for point, result in zip(points, results, strict=True))
    return Table((*grid, *names), rows, tuple(dict.fromkeys(notes)))


def _columns(result: Any) -> dict[str, Any]:
    if is_dataclass(result) and not isinstance(result, type):
        return {field.name: _scalar(getattr(result, field.name)) for field in fields(result)}
    return {"result": _scalar(result)}


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def to_bibtex(bounds: Iterable[Bound]) -> str:
    """The BibTeX entries that these bounds cite, each once, in the order of `references.bib`."""
    cited = {key for bound in bounds for key in bound.cites}
    for key in sorted(cited):
        references.entry(key)  # so that a missing one is reported
    return "\n\n".join(entry for key, entry in references.entries().items() if key in cited) + "\n"


def to_latex(bounds: Iterable[Bound]) -> str:
    r"""A ``longtable`` of these bounds: name, statement, assumptions and open constants, direction, provenance, citation.

    Wants ``\usepackage{amsmath, amssymb, array, booktabs, longtable}``, and the entries of `to_bibtex`. Best in landscape: long statements
    do not break.
    """
    head = r"name & statement & assumptions and constants & direction & provenance & source \\"
    columns = "".join(rf">{{\raggedright\arraybackslash}}p{{{share}\linewidth}}" for share in _SHARES)
    lines = [
        r"% \usepackage{amsmath, amssymb, array, booktabs, longtable}",
        rf"{{\footnotesize \begin{{longtable}}{{@{{}}{columns}@{{}}}}",
        rf"\toprule {head} \midrule \endhead",
        r"\bottomrule \endfoot",
    ]
    for bound in bounds:
        constants = [f"{name}: {what}" for name, what in bound.constants.items()]
        lines += [
            rf"\texttt{{{_breakable(bound.name)}}}",
            rf"& {_mathematics(bound.tex)}",
            rf"& {_escape('; '.join((*bound.assumptions, *constants)))}",
            rf"& {bound.direction} & {_escape(bound.provenance)} & \cite{{{','.join(bound.cites)}}} \\",
        ]
    return "\n".join([*lines, r"\end{longtable}}"]) + "\n"


_SHARES: Final = (0.13, 0.27, 0.22, 0.07, 0.07, 0.07)  # of the line; the gaps take the rest

# In the order of a single pass: two characters before one
_TEX: Final[dict[str, str]] = {
    "<=": r"$\le$", ">=": r"$\ge$", "->": r"$\to$", "+-": r"$\pm$", "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$",
    "|": r"\textbar{}",
}  # fmt: skip
_SPECIAL: Final = re.compile("|".join(map(re.escape, _TEX)))


def _escape(words: str) -> str:
    """Plain text for LaTeX, with `names` in typewriter."""
    plain = _SPECIAL.sub(lambda found: _TEX[found[0]], words)
    return re.sub("`+([^`]*)`+", r"\\texttt{\1}", plain)


def _breakable(name: str) -> str:
    return name.replace("_", r"\_\allowbreak ")


def _mathematics(tex: str) -> str:
    """A statement as it stands in a paragraph: a formula, unless it brings its own dollars."""
    return tex if "$" in tex else f"${tex}$"
