"""A figure of one set of axes, and writing figures to files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from slth.files import atomic_write, writable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg")


def single(draw: Callable[[Axes], object]) -> Figure:
    """A figure of one Axes, drawn on by `draw`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    draw(figure.subplots())
    return figure


def writable_figure(path: str | os.PathLike[str]) -> str:
    """The format of a figure by the suffix of its name ("png", "pdf", "svg"; none is PNG), if it may be written; for a check before
    long work, too.

    Raises
    ------
    ValueError
        If the suffix is another.
    OSError, ValueError
        As `slth.files.writable`.
    """
    suffix = Path(os.fsdecode(path)).suffix.lower() or ".png"
    if suffix not in FORMATS:
        raise ValueError(
            f"figures are written as {', '.join(FORMATS)}, got {os.fsdecode(path)!r}; change the end of its name"
        )
    writable(path)
    return suffix[1:]


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as PNG (150 dots an inch), PDF or SVG, by the suffix of the name, atomically; the same figure gives the same bytes.

    Raises
    ------
    OSError, ValueError
        As `writable_figure`.
    """
    from matplotlib import rc_context

    kind = writable_figure(path)
    # neither dates nor random identifiers in the file
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind, {})
    with rc_context({"svg.hashsalt": "slth"}), atomic_write(path) as file:
        figure.savefig(file, format=kind, dpi=150, metadata=undated)
