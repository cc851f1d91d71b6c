"""`Table`: rows of values under named columns, readable in a terminal and in a notebook."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from numbers import Integral, Real
from typing import Any

import numpy as np


@dataclass(frozen=True, repr=False)
class Table:
    """Values by row and column.

    Attributes
    ----------
    columns : tuple of str
    rows : tuple of tuples
        One value a column: numbers, text, sequences, or None where there is none.
    notes : tuple of str
        Lines below the table.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> list[Any]:
        """The values of a column, from top to bottom."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def text(self, widest: int = 60) -> str:
        """Columns side by side, words wrapped at `widest` characters."""
        cells = [[textwrap.wrap(word(value), widest) or [""] for value in row] for row in self.rows]
        widths = [
            max([len(name), *(len(line) for row in cells for line in row[i])]) for i, name in enumerate(self.columns)
        ]
        numeric = [all(isinstance(row[i], Real) or row[i] is None for row in self.rows) for i in range(len(widths))]

        def line(words: Iterable[str]) -> str:
            return "  ".join(
                text.rjust(width) if right else text.ljust(width)
                for text, width, right in zip(words, widths, numeric, strict=True)
            ).rstrip()

        lines = [line(self.columns), line("-" * width for width in widths)]
        for row in cells:
            lines += [line(cell[i] if i < len(cell) else "" for cell in row) for i in range(max(map(len, row)))]
        lines += [textwrap.fill(note, 120, subsequent_indent="  ") for note in self.notes]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(word(value))}</td>" for value in row) + "</tr>" for row in self.rows
        )
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<table><tr>{head}</tr>{body}</table>{notes}"


def word(value: Any) -> str:
    """A value in a few characters: ``1,234``, ``0.00123``, ``2-40-3`` for widths, ``(-0.5, 0.5)``, ``-`` for none and for NaN."""
    if value is None:
        return "-"
    if isinstance(value, str | bool | np.bool_):
        return str(value)
    if isinstance(value, Integral):
        return f"{int(value):,}" if abs(int(value)) < 10**12 else f"{float(value):.4g}"
    if isinstance(value, Real):
        number = float(value)
        if np.isnan(number):
            return "-"
        return f"{int(number):,}" if number == np.floor(number) and abs(number) < 1e12 else f"{number:.6g}"
    if isinstance(value, np.ndarray | tuple | list):
        words = [word(item) for item in value]
        if all(isinstance(item, Real) and float(item).is_integer() and float(item) >= 0 for item in value):
            return "-".join(words).replace(",", "")
        return f"({', '.join(words)})"
    return str(value)
